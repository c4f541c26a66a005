//! LNbits' lists, history and counts, parameter by parameter, in both dialects. What differs between
//! them stands side by side.

use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};
use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::lnbits::Wallet;
use tilld::lnbits::Dialect;

const DIALECTS: [Dialect; 2] = [Dialect::Documented, Dialect::V1];

/// A shop that was paid 700 and 300 sat, asks for 50 more, and has paid a friend 200.
struct Street {
    app: TestApp,
    shop: Wallet,
    friend: Wallet,
    dialect: Dialect,
}

async fn street(dialect: Dialect) -> Street {
    let app = TestApp::lnbits(dialect).await;
    let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
    for (sat, memo) in [(700, "Green tea"), (300, "cake")] {
        let (_, made) = ask(&shop, sat, memo).await;
        app.node
            .customer_pays(made["payment_request"].as_str().unwrap(), sat * 1_000);
        let path = format!("/payments/{}", made["checking_id"].as_str().unwrap());
        until(async || (shop.get(&path).await.1["paid"] == true).then_some(())).await;
    }
    ask(&shop, 50, "TEA again").await;
    let (_, asked) = ask(&friend, 200, "loan").await;
    let order = json!({"out": true, "bolt11": asked["payment_request"]});
    let (status, paid) = shop.post("/payments", order).await;
    assert_eq!(status, 201, "{paid}");
    Street {
        app,
        shop,
        friend,
        dialect,
    }
}

async fn ask(wallet: &Wallet, sat: u64, memo: &str) -> (u16, Value) {
    let wanted = json!({"out": false, "amount": sat, "memo": memo});
    wallet.post("/payments", wanted).await
}

/// A login of a wallet's holder, as the till signs it.
fn login(app: &TestApp, wallet: &Wallet) -> String {
    let exp = app.service.now().as_secs() + 60;
    let claims = json!({"sub": wallet.holder, "epoch": 0, "iat": 0, "exp": exp, "typ": "lnbits"});
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let signed = [header, claims].map(|part| base64_url(part.to_string().as_bytes()));
    let signed = signed.join(".");
    let mut mac = HmacEngine::<sha256::Hash>::new(&app.service.derive_key("lnbits/jwt"));
    mac.input(signed.as_bytes());
    let mac = Hmac::from_engine(mac);
    format!("{signed}.{}", base64_url(mac.as_byte_array()))
}

/// RFC 4648, section 5, without padding.
fn base64_url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            text.push(char::from(DIGITS[bits >> (18 - 6 * digit) & 63]));
        }
    }
    text
}

async fn get_as(app: &TestApp, token: &str, path: &str) -> (u16, Value) {
    let request = reqwest::Client::new().get(format!("{}/api/v1{path}", app.url));
    let answer = request.bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

impl Street {
    /// Satoshis, as amounts of the dialect.
    fn amount(&self, sat: i64) -> i64 {
        match self.dialect {
            Dialect::Documented => sat,
            Dialect::V1 => sat * 1_000,
        }
    }

    /// The amounts that a list has, in satoshis.
    async fn amounts(&self, query: &str) -> Vec<i64> {
        let (status, rows) = self.shop.get(&format!("/payments?{query}")).await;
        assert_eq!(status, 200, "{query}: {rows}");
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["amount"].as_i64().unwrap() / self.amount(1))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_page_sort_and_filter() {
    for dialect in DIALECTS {
        let street = street(dialect).await;
        let one = street.shop.get("/payments?limit=1&offset=2").await.1;
        let hash = one[0]["payment_hash"].as_str().unwrap().to_owned();
        let proof = one[0]["preimage"].as_str().unwrap().to_owned();
        let unit = |sat| street.amount(sat).to_string();
        let table: Vec<(String, &[i64])> = vec![
            ("".into(), &[-200, 50, 300, 700]),
            ("limit=2".into(), &[-200, 50]),
            ("limit=2&offset=1".into(), &[50, 300]),
            ("offset=9".into(), &[]),
            ("limit=0".into(), &[-200, 50, 300, 700]),
            ("limit=-1&offset=-1".into(), &[-200, 50, 300, 700]),
            ("limit=5000".into(), &[-200, 50, 300, 700]),
            ("sortby=time".into(), &[700, 300, 50, -200]),
            ("sortby=time&direction=desc&limit=1".into(), &[-200]),
            ("sortby=amount".into(), &[-200, 50, 300, 700]),
            (
                "sortby=amount&direction=desc&offset=1".into(),
                &[300, 50, -200],
            ),
            ("sortby=memo&limit=1".into(), &[700]),
            ("status=success".into(), &[-200, 300, 700]),
            ("status=pending".into(), &[50]),
            ("status=failed".into(), &[]),
            ("status=zzz".into(), &[]),
            ("status[ne]=success".into(), &[50]),
            ("status[in]=success,pending&limit=2".into(), &[-200, 50]),
            ("search=tea".into(), &[50, 700]),
            ("search=pending".into(), &[50]),
            ("memo[like]=EA".into(), &[50, 700]),
            ("memo=cake".into(), &[300]),
            (
                "memo[ne]=cake&status=success&limit=1&offset=1".into(),
                &[700],
            ),
            (format!("amount={}", unit(300)), &[300]),
            (format!("amount[gt]={}", unit(50)), &[300, 700]),
            (
                format!("amount[ge]={}&amount[lt]={}", unit(50), unit(700)),
                &[50, 300],
            ),
            ("amount[lt]=0".into(), &[-200]),
            (format!("amount[le]={}", unit(-200)), &[-200]),
            (format!("amount[in]={},{}", unit(50), unit(700)), &[50, 700]),
            (format!("amount[ne]={}", unit(50)), &[-200, 300, 700]),
            (
                format!("amount[ex]={},{}", unit(50), unit(700)),
                &[-200, 300],
            ),
            ("fee=0".into(), &[-200, 50, 300, 700]),
            ("fee[gt]=0".into(), &[]),
            (format!("payment_hash={hash}"), &[300]),
            (format!("checking_id={hash}"), &[300]),
            (format!("checking_id[in]=zz,{hash}"), &[300]),
            (format!("preimage={proof}"), &[300]),
            (format!("wallet_id={}&limit=1", street.shop.id), &[-200]),
            (format!("wallet_id={}", street.friend.id), &[]),
            ("time[gt]=2020-01-01T00:00:00&limit=1".into(), &[-200]),
            ("time[gt]=1600000000&limit=1".into(), &[-200]),
            ("time[lt]=1600000000".into(), &[]),
            (
                "amount[zz]=1&foo=1&recheck_pending=true&limit=1".into(),
                &[-200],
            ),
        ];
        for (query, wanted) in table {
            assert_eq!(street.amounts(&query).await, wanted, "{dialect:?} {query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_as_long_as_the_dialect_says_and_counted_ones_tell_how_many_there_are() {
    for (dialect, usual, most) in [(Dialect::Documented, 20, 100), (Dialect::V1, 10, 103)] {
        let app = TestApp::lnbits(dialect).await;
        let wallet = app.wallet("shop").await;
        for n in 0..103 {
            ask(&wallet, n + 1, "tea").await;
        }
        let rows = |value: &Value| value.as_array().unwrap().len();
        assert_eq!(rows(&wallet.get("/payments").await.1), usual);
        assert_eq!(rows(&wallet.get("/payments?limit=103").await.1), 103);
        let (_, page) = wallet.get("/payments/paginated").await;
        assert_eq!((rows(&page["data"]), &page["total"]), (usual, &json!(103)));
        let (_, page) = wallet
            .get("/payments/paginated?limit=200&status=pending")
            .await;
        assert_eq!((rows(&page["data"]), &page["total"]), (most, &json!(103)));
        let (_, page) = wallet
            .get("/payments/paginated?limit=2&status=success")
            .await;
        assert_eq!((rows(&page["data"]), &page["total"]), (0, &json!(0)));
        let (_, page) = wallet
            .get("/payments/paginated?offset=102&recheck_pending=true")
            .await;
        assert_eq!((rows(&page["data"]), &page["total"]), (1, &json!(103)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_told_as_lnbits_tells_it() {
    for (dialect, invalid, unknown) in [(Dialect::Documented, 422, 401), (Dialect::V1, 400, 404)] {
        let app = TestApp::lnbits(dialect).await;
        let shop = app.wallet("shop").await;
        let at = |name: &str, msg: &str, kind: &str| json!([{"loc": ["query", name], "msg": msg, "type": kind}]);
        let words = |name: &str, given: &str, words: &[&str]| {
            let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            let msg = format!("unexpected value; permitted: {}", quoted.join(", "));
            let ctx = json!({"given": given, "permitted": words});
            json!([{"loc": ["query", name], "msg": msg, "type": "value_error.const", "ctx": ctx}])
        };
        let number = "value is not a valid integer";
        let table = [
            (
                "/payments?limit=abc",
                at("limit", number, "type_error.integer"),
            ),
            (
                "/payments?offset=1.5",
                at("offset", number, "type_error.integer"),
            ),
            (
                "/payments?amount[gt]=x",
                at("amount", number, "type_error.integer"),
            ),
            (
                "/payments/paginated?time=x",
                at("time", "invalid datetime format", "value_error.datetime"),
            ),
            (
                "/payments?sortby=amount&direction=up",
                words("direction", "up", &["asc", "desc"]),
            ),
            (
                "/payments/history?group=week",
                words("group", "week", &["hour", "day", "month"]),
            ),
            (
                "/payments/stats/count?count_by=zzz",
                words(
                    "count_by",
                    "zzz",
                    &["status", "tag", "extension", "wallet_id"],
                ),
            ),
            (
                "/payments?sortby=bolt11",
                json!(
                    "1 validation error for Filters\n__root__\n  Invalid sort field (type=value_error)"
                ),
            ),
        ];
        for (path, detail) in table {
            let answer = shop.get(path).await;
            assert_eq!(answer, (invalid, json!({"detail": detail})), "{path}");
        }
        let routes = ["", "/paginated", "/history", "/stats/breakdown"];
        for path in routes.map(|route| format!("/payments{route}")) {
            let wrong = shop.call(Method::GET, &path, Some("0123"), None).await;
            assert_eq!(wrong.0, unknown, "{path}");
        }
        for route in ["", "/paginated", "/history"] {
            let (status, answer) = shop
                .call(Method::GET, &format!("/payments{route}"), None, None)
                .await;
            assert_eq!(
                (status, answer),
                (401, json!({"detail": "No Api Key provided."}))
            );
        }
        let nobody = json!({"detail": "Missing user ID or access token."});
        for route in ["all/paginated", "stats/wallets"] {
            assert_eq!(
                shop.get(&format!("/payments/{route}")).await,
                (401, nobody.clone())
            );
        }
        for route in ["stats/count", "stats/daily"] {
            let path = format!("/payments/{route}");
            assert_eq!(
                shop.call(Method::GET, &path, None, None).await,
                (401, nobody.clone())
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_counts_add_up() {
    for dialect in DIALECTS {
        let street = street(dialect).await;
        let unit = |sat| street.amount(sat);
        let now = street.shop.get("/payments?limit=1").await.1[0]["time"].clone();
        for group in [
            "",
            "?group=hour",
            "?group=day",
            "?group=month",
            "?status=success",
            "?limit=1",
        ] {
            let (_, points) = street.shop.get(&format!("/payments/history{group}")).await;
            let point = &points[0];
            let wanted = (json!(unit(1_000)), json!(unit(200)), json!(unit(800)));
            let found = (&point["income"], &point["spending"], &point["balance"]);
            assert_eq!(
                found,
                (&wanted.0, &wanted.1, &wanted.2),
                "{group}: {points}"
            );
            let date = point["date"].as_str().unwrap();
            match dialect {
                Dialect::Documented => assert!([7, 10, 16].contains(&date.len()), "{date}"),
                Dialect::V1 => {
                    assert_eq!(date.len(), "2026-11-20T23:00:00+00:00".len());
                    assert_eq!(date[..7], now.as_str().unwrap()[..7]);
                }
            }
        }
        // A filter that no sum knows adds up rows.
        let (_, points) = street.shop.get("/payments/history?memo=cake").await;
        assert_eq!(points[0]["income"], unit(300));
        let (_, days) = street.shop.get("/payments/stats/daily").await;
        let day = json!({
            "date": days[0]["date"], "count": 3, "total": 800, "balance": 800, "balance_in": 1_000,
            "balance_out": -200, "payments_count": 3, "count_in": 2, "count_out": 1, "fee": 0,
        });
        assert_eq!(days, json!([day]));
        let (_, counts) = street
            .shop
            .get("/payments/stats/count?count_by=status")
            .await;
        let wanted = json!([
            {"field": "pending", "total": 1, "count": 1}, {"field": "success", "total": 3, "count": 3},
        ]);
        assert_eq!(counts, wanted);
        let (_, counts) = street.shop.get("/payments/stats/count").await;
        assert_eq!(
            counts,
            json!([{"field": "", "total": 4, "tag": "", "count": 4}])
        );
        let (_, counts) = street
            .shop
            .get("/payments/stats/count?count_by=wallet_id&status=success")
            .await;
        assert_eq!(
            counts,
            json!([{"field": street.shop.id, "total": 3, "count": 3}])
        );
        let (_, parts) = street.shop.get("/payments/stats/breakdown").await;
        let part = json!({"tag": null, "is_fiat": false, "payments_count": 3, "total": unit(800)});
        assert_eq!(parts, json!([part]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_sees_all_wallets_of_its_holder_and_no_other() {
    for dialect in DIALECTS {
        let street = street(dialect).await;
        let token = login(&street.app, &street.shop);
        let get = async |path: &str| get_as(&street.app, &token, path).await;
        let (status, page) = get("/payments/all/paginated?limit=2").await;
        assert_eq!((status, &page["total"]), (200, &json!(4)), "{page}");
        let rows = page["data"].as_array().unwrap();
        assert!(
            rows.iter()
                .all(|row| row["wallet_id"] == street.shop.id.as_str())
        );
        let path = format!("/payments/all/paginated?wallet_id={}", street.friend.id);
        assert_eq!(get(&path).await.1["total"], 0);
        let (_, stats) = get("/payments/stats/wallets").await;
        let unit = |sat| street.amount(sat);
        let wanted = json!([{
            "wallet_id": street.shop.id, "wallet_name": "shop", "user_id": street.shop.holder,
            "total_income": unit(1_000), "total_spending": unit(200), "payment_count": 3,
            "payments_count": 3, "balance": unit(800),
        }]);
        assert_eq!(stats, wanted);
        assert_eq!(get("/payments/stats/daily").await.1[0]["balance"], 800);
        assert_eq!(get("/payments/stats/count").await.1[0]["total"], 4);
        for junk in ["", "a.b.c"] {
            let (status, answer) = get_as(&street.app, junk, "/payments/all/paginated").await;
            assert_eq!(status, 401, "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_index_knows_says_how_far_it_looked() {
    let street = street(Dialect::V1).await;
    for (query, window) in [
        ("search=tea", Some("10000")),
        ("sortby=fee", Some("10000")),
        ("memo=tea", Some("10000")),
        ("status=success&amount[gt]=0", None),
        ("sortby=time", None),
    ] {
        let path = format!("{}/api/v1/payments?{query}", street.app.url);
        let request = reqwest::Client::new().get(path);
        let answer = request
            .header("x-api-key", &street.shop.inkey)
            .send()
            .await
            .unwrap();
        let header = answer.headers().get("x-search-window");
        assert_eq!(
            header.map(|value| value.to_str().unwrap()),
            window,
            "{query}"
        );
    }
}
