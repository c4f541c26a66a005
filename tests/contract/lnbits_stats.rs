//! LNbits' lists, history and statistics: every documented parameter on every route, tags, moments, and
//! whose wallets a login sees.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::lnbits::{Login, Wallet};
use till::ledger::Origin;
use till_actors::service::NewHolder;
use tilld::lnbits::Dialect;

const DIALECTS: [Dialect; 2] = [Dialect::Documented, Dialect::V1];
/// Every route that lists or adds up.
const ROUTES: [&str; 8] = [
    "",
    "/paginated",
    "/all/paginated",
    "/history",
    "/stats/count",
    "/stats/wallets",
    "/stats/daily",
    "/stats/breakdown",
];
/// Those that a wallet's key opens; the others want a login.
const BY_KEY: [&str; 4] = ["", "/paginated", "/history", "/stats/breakdown"];

/// Fields, and what each is.
type Kinds = [(&'static str, fn(&Value) -> bool)];

/// Ana's shop: paid 700 sat for tea (tag `tpos`) and 300 for cake, asks for 50 (tag `lnurlp`).
struct Shop {
    app: TestApp,
    ana: Login,
    wallet: Wallet,
}

async fn ask(wallet: &Wallet, sat: u64, memo: &str, tag: Option<&str>) -> Value {
    let extra = tag.map(|tag| json!({"tag": tag, "table": 4}));
    let wanted = json!({"out": false, "amount": sat, "memo": memo, "extra": extra});
    let (status, made) = wallet.post("/payments", wanted).await;
    assert_eq!(status, 201, "{made}");
    made
}

async fn shop(dialect: Dialect) -> Shop {
    let app = TestApp::lnbits(dialect).await;
    let ana = app.holder("ana").await;
    let named = json!({"name": "shop"});
    assert_eq!(ana.call(Method::POST, "/wallet", &named).await.0, 200);
    let wallet = ana.wallet_named("shop").await;
    for (sat, memo, tag) in [(700, "tea", Some("tpos")), (300, "cake", None)] {
        let made = ask(&wallet, sat, memo, tag).await;
        let bolt11 = made["payment_request"].as_str().unwrap();
        app.node.customer_pays(bolt11, sat * 1_000);
        let path = format!("/payments/{}", made["checking_id"].as_str().unwrap());
        until(async || (wallet.get(&path).await.1["paid"] == true).then_some(())).await;
    }
    ask(&wallet, 50, "more", Some("lnurlp")).await;
    Shop { app, ana, wallet }
}

impl Shop {
    /// Asks a route by whatever it wants.
    async fn get(&self, route: &str, query: &str) -> Value {
        let path = format!("/payments{route}?{query}");
        let (status, answer) = match BY_KEY.contains(&route) {
            true => self.wallet.get(&path).await,
            false => self.ana.get(&path).await,
        };
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// How many payments an answer tells of; where periods tell only sums, how many have any.
    async fn told(&self, route: &str, query: &str) -> u64 {
        let answer = self.get(route, query).await;
        let sum = |field: &str| {
            let rows = answer.as_array().unwrap().iter();
            rows.map(|row| row[field].as_u64().unwrap()).sum()
        };
        match route {
            "" | "/history" => u64::try_from(answer.as_array().unwrap().len()).unwrap(),
            "/paginated" | "/all/paginated" => answer["total"].as_u64().unwrap(),
            "/stats/count" => sum("total"),
            _ => sum("payments_count"),
        }
    }

    async fn window(&self, path: &str) -> Option<String> {
        let request = reqwest::Client::new().get(format!("{}/api/v1/payments{path}", self.app.url));
        let request = request.header("x-api-key", &self.wallet.inkey);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let header = answer.headers().get("x-search-window");
        header.map(|value| value.to_str().unwrap().to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_works_on_every_route() {
    for dialect in DIALECTS {
        let shop = shop(dialect).await;
        let rows = shop.get("", "memo=tea").await;
        let tea = &rows[0];
        let text = |field: &str| tea[field].as_str().unwrap().to_owned();
        let filters = [
            ("status", "success".to_owned(), "failed"),
            ("tag", text("tag"), "other"),
            ("checking_id", text("checking_id"), "00"),
            ("amount", tea["amount"].to_string(), "1"),
            ("fee", "0".to_owned(), "1"),
            ("memo", "tea".to_owned(), "Tea"),
            ("time[ge]", "2020-01-01".to_owned(), "2100-01-01"),
            ("preimage", text("preimage"), "00"),
            ("payment_hash", text("payment_hash"), "00"),
            ("wallet_id", shop.wallet.id.clone(), "00"),
            ("search", "tea".to_owned(), "coffee"),
        ];
        for route in ROUTES {
            for (name, found, not_found) in &filters {
                let only_tea = format!("memo=tea&{name}={found}");
                let told = shop.told(route, &only_tea).await;
                assert_eq!(told, 1, "{dialect:?} {route} {only_tea}");
                let nothing = format!("{name}={not_found}");
                let told = shop.told(route, &nothing).await;
                assert_eq!(told, 0, "{dialect:?} {route} {nothing}");
            }
            // Order and pages are heard everywhere, and what nobody knows is ignored.
            let query =
                "memo=tea&sortby=amount&direction=desc&limit=5&offset=0&recheck_pending=true&usr=x";
            assert_eq!(shop.told(route, query).await, 1, "{dialect:?} {route}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_come_from_extra_and_are_counted() {
    for dialect in DIALECTS {
        let shop = shop(dialect).await;
        let memos = async |query: &str| {
            let rows = shop.get("", query).await;
            let memos = rows.as_array().unwrap().iter();
            memos
                .map(|row| row["memo"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(memos("tag=tpos").await, ["tea"]);
        assert_eq!(memos("tag[in]=tpos,lnurlp").await, ["more", "tea"]);
        assert_eq!(memos("tag=tpos&tag=lnurlp").await, ["more", "tea"]);
        assert_eq!(memos("tag[ne]=tpos").await, ["more", "cake"]);
        assert_eq!(memos("search=TPOS").await, ["tea"]);
        let tea = shop.get("", "tag=tpos").await;
        assert_eq!(
            (&tea[0]["tag"], &tea[0]["extra"]["table"]),
            (&json!("tpos"), &json!(4))
        );
        let wallet = shop.wallet.id.as_str();
        let tables: [(&str, &[(&str, u64)]); 9] = [
            ("count_by=tag", &[("", 1), ("lnurlp", 1), ("tpos", 1)]),
            ("count_by=extension", &[("", 3)]),
            ("count_by=status", &[("pending", 1), ("success", 2)]),
            ("count_by=wallet_id", &[(wallet, 3)]),
            ("count_by=tag&status=success", &[("", 1), ("tpos", 1)]),
            ("count_by=status&status[ne]=pending", &[("success", 2)]),
            (
                "count_by=status&tag=lnurlp&time[gt]=2020-01-01",
                &[("pending", 1)],
            ),
            ("count_by=wallet_id&tag=tpos", &[(wallet, 1)]),
            ("count_by=tag&limit=1&offset=1", &[("lnurlp", 1)]),
        ];
        for (query, wanted) in tables {
            let by_tag = query.starts_with("count_by=tag");
            let rows = wanted.iter().map(|(field, count)| {
                let mut row = json!({"field": field, "total": count, "count": count});
                if by_tag {
                    row["tag"] = json!(field);
                }
                row
            });
            // By default a login sees all its wallets; a key, its own.
            let path = format!("/payments/stats/count?{query}");
            let wanted = Value::Array(rows.collect());
            assert_eq!(shop.wallet.get(&path).await.1, wanted, "{query}");
            let path = format!("{path}&wallet_id={wallet}");
            assert_eq!(shop.ana.get(&path).await.1, wanted, "{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_between_two_moments_look_at_no_window() {
    let shop = shop(Dialect::V1).await;
    let exact = [
        "/history?time[gt]=2020-01-01",
        "/history?group=hour&time[ge]=2020-01-01&time[lt]=2100-01-01",
        "/history?tag=tpos",
        "/stats/daily?time[gt]=1600000000&status=success",
        "/stats/count?count_by=status&status=success&time[gt]=1600000000",
        "/stats/count?count_by=tag&amount[gt]=0",
        "/stats/breakdown?time[gt]=1600000000",
    ];
    for path in exact {
        assert_eq!(shop.window(path).await, None, "{path}");
    }
    let looked_at = [
        "/history?search=tea",
        "/stats/daily?memo=tea",
        "/stats/count?memo=tea",
        "/stats/count?count_by=wallet_id&search=tea",
        "/stats/breakdown?fee=0",
    ];
    for path in looked_at {
        assert_eq!(shop.window(path).await.as_deref(), Some("10000"), "{path}");
    }
    // All of it before some moment is nothing, and what the wallet had then is nothing too.
    assert_eq!(shop.get("/history", "time[lt]=2020-01-01").await, json!([]));
    let whole = shop.get("/history", "").await;
    let bounds = "time[gt]=2020-01-01&time[lt]=2100-01-01";
    assert_eq!(shop.get("/history", bounds).await, whole);
    // The balance is what the wallet had when the time asked for ended.
    let rows = shop.get("", "sortby=time").await;
    let (first, second) = (
        rows[0]["time"].as_str().unwrap(),
        rows[1]["time"].as_str().unwrap(),
    );
    assert_ne!(first, second);
    let until_first = format!("time[le]={}", first.replace('+', "%2B"));
    let points = shop.get("/history", &until_first).await;
    let wanted = (&json!(700_000), &json!(700_000));
    assert_eq!((&points[0]["income"], &points[0]["balance"]), wanted);
    let from_second = format!("time[ge]={}", second.replace('+', "%2B"));
    let points = shop.get("/history", &from_second).await;
    let wanted = (&json!(300_000), &json!(1_000_000));
    assert_eq!((&points[0]["income"], &points[0]["balance"]), wanted);
}

/// Shares the shop with somebody, who accepts.
async fn share(shop: &Shop, with: &Login, permissions: &[&str]) -> String {
    let invite = json!({"user_id": with.id, "permissions": permissions});
    let key = Some(shop.wallet.adminkey.as_str());
    let path = "/wallet/share/invite";
    let (status, invited) = shop
        .wallet
        .call(Method::PUT, path, key, Some(&invite))
        .await;
    assert_eq!(status, 200, "{invited}");
    invited["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_sees_what_is_shared_with_it_while_it_is() {
    for dialect in DIALECTS {
        let shop = shop(dialect).await;
        let ben = shop.app.holder("ben").await;
        let sees = async |login: &Login| {
            let mut told = Vec::new();
            let (_, page) = login.get("/payments/all/paginated").await;
            told.push(page["total"].as_u64().unwrap());
            for (path, field) in [
                ("/payments/stats/count", "total"),
                ("/payments/stats/wallets", "payments_count"),
                ("/payments/stats/daily", "payments_count"),
            ] {
                let (_, rows) = login.get(path).await;
                let rows = rows.as_array().unwrap().iter();
                told.push(rows.map(|row| row[field].as_u64().unwrap()).sum());
            }
            told
        };
        assert_eq!(sees(&ben).await, [0; 4]);
        let id = share(&shop, &ben, &["VIEW_PAYMENTS"]).await;
        assert_eq!(sees(&ben).await, [0; 4], "only invited");
        let accept = json!({"share_request_id": id});
        assert_eq!(ben.call(Method::PUT, "/wallet/share", &accept).await.0, 200);
        assert_eq!(sees(&ben).await, [3, 3, 2, 2]);
        let path = format!("/payments/stats/wallets?wallet_id={}", shop.wallet.id);
        let (_, stats) = ben.get(&path).await;
        assert_eq!(stats[0]["user_id"], ben.id.as_str());
        let path = format!("/wallet/share/{id}");
        let key = Some(shop.wallet.adminkey.as_str());
        assert_eq!(
            shop.wallet.call(Method::DELETE, &path, key, None).await.0,
            200
        );
        assert_eq!(sees(&ben).await, [0; 4], "revoked");
        let carl = shop.app.holder("carl").await;
        let id = share(&shop, &carl, &["RECEIVE_PAYMENTS"]).await;
        let accept = json!({"share_request_id": id});
        assert_eq!(
            carl.call(Method::PUT, "/wallet/share", &accept).await.0,
            200
        );
        assert_eq!(sees(&carl).await, [0; 4], "may not look");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_filter_shows_another_wallet() {
    for dialect in DIALECTS {
        let shop = shop(dialect).await;
        let stranger = shop.app.holder("stranger").await;
        let wallet = shop.app.wallet("theirs").await;
        let hash = shop.get("", "tag=tpos").await[0]["payment_hash"].clone();
        let hash = hash.as_str().unwrap();
        let (shop_id, user) = (&shop.wallet.id, &shop.ana.id);
        for query in [
            format!("wallet_id={shop_id}"),
            format!("wallet_id[in]={shop_id},{}", wallet.id),
            "wallet_id[ne]=00".into(),
            "wallet_id[like]=".into(),
            format!("usr={user}"),
            format!("checking_id={hash}"),
            format!("payment_hash={hash}&wallet_id={shop_id}"),
            "search=tea".into(),
        ] {
            for route in ROUTES {
                let path = format!("/payments{route}?{query}");
                let (_, by_key) = wallet.get(&path).await;
                let (_, by_login) = stranger.get(&path).await;
                for answer in [by_key, by_login] {
                    let text = answer.to_string();
                    assert!(!text.contains(shop_id.as_str()), "{path}: {text}");
                    assert!(
                        !text.contains("tea") && !text.contains("tpos"),
                        "{path}: {text}"
                    );
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_every_documented_field() {
    let shop = shop(Dialect::Documented).await;
    let kinds = |row: &Value, fields: &Kinds| {
        for (field, is_kind) in fields {
            assert!(is_kind(&row[field]), "{field} of {row}");
        }
    };
    let payment: &Kinds = &[
        ("checking_id", Value::is_string),
        ("amount", Value::is_i64),
        ("fee", Value::is_i64),
        ("memo", Value::is_string),
        ("status", Value::is_string),
        ("time", Value::is_u64),
        ("bolt11", Value::is_string),
        ("extra", Value::is_object),
    ];
    kinds(&shop.get("", "").await[0], payment);
    let page = shop.get("/paginated", "").await;
    kinds(&page["data"][0], payment);
    kinds(
        &page,
        &[("total", Value::is_u64), ("data", Value::is_array)],
    );
    let sums: &Kinds = &[
        ("date", Value::is_string),
        ("income", Value::is_i64),
        ("spending", Value::is_i64),
        ("balance", Value::is_i64),
    ];
    kinds(&shop.get("/history", "").await[0], sums);
    let counts: &Kinds = &[
        ("tag", Value::is_string),
        ("count", Value::is_u64),
        ("field", Value::is_string),
        ("total", Value::is_u64),
    ];
    kinds(&shop.get("/stats/count", "").await[0], counts);
    let path = format!("wallet_id={}", shop.wallet.id);
    let wallets = shop.get("/stats/wallets", &path).await;
    let wanted = json!([{
        "wallet_id": shop.wallet.id, "wallet_name": "shop", "user_id": shop.ana.id,
        "total_income": 1_000, "total_spending": 0, "payment_count": 2, "payments_count": 2,
        "balance": 1_000,
    }]);
    assert_eq!(wallets, wanted);
    let days: &Kinds = &[
        ("date", Value::is_string),
        ("count", Value::is_u64),
        ("total", Value::is_i64),
        ("balance", Value::is_i64),
        ("balance_in", Value::is_i64),
        ("balance_out", Value::is_i64),
        ("payments_count", Value::is_u64),
        ("count_in", Value::is_u64),
        ("count_out", Value::is_u64),
        ("fee", Value::is_i64),
    ];
    kinds(&shop.get("/stats/daily", "").await[0], days);
    // Nobody is whom `usr` names; the cookie of a login is a login.
    let path = format!("{}/api/v1/payments/all/paginated", shop.app.url);
    let http = reqwest::Client::new();
    let named = format!("{path}?usr={}", shop.ana.id);
    assert_eq!(http.get(&named).send().await.unwrap().status(), 401);
    let cookie = format!("cookie_access_token={}", shop.ana.token);
    let answer = http
        .get(&path)
        .header("cookie", cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["total"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_searched_is_what_is_shown() {
    let shop = shop(Dialect::V1).await;
    let friend = shop.app.wallet("friend").await;
    let asked = ask(&friend, 200, "loan", None).await;
    let order = json!({"out": true, "bolt11": asked["payment_request"], "memo": "mine"});
    let (status, paid) = shop.wallet.post("/payments", order).await;
    assert_eq!(status, 201, "{paid}");
    let shown = shop.get("", "limit=1").await[0]["memo"].clone();
    assert_eq!(shown, "loan");
    assert_eq!(shop.told("", "search=loan").await, 1);
    assert_eq!(shop.told("", "memo=loan").await, 1);
    assert_eq!(shop.told("", "search=mine").await, 0);
}

/// A login of an administrator of the surface.
async fn administrator(shop: &Shop) -> Login {
    // Whoever registers is none, and a password's digest is made by registering.
    let boss = shop.app.holder("boss").await;
    let like = boss.id.parse().unwrap();
    let like = shop.app.service.holder(like).await.unwrap().unwrap();
    let wanted = NewHolder {
        name: Some("root".to_owned()),
        password: like.password,
        is_admin: true,
        wallet_name: Some("root's".to_owned()),
    };
    let made = shop.app.service.add_holder(Origin::Lnbits, wanted).await;
    made.unwrap();
    shop.app.holder("root").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_looks_at_a_user_s_wallets_and_nobody_else_does() {
    for dialect in DIALECTS {
        let shop = shop(dialect).await;
        let (root, ben) = (administrator(&shop).await, shop.app.holder("ben").await);
        let user = shop.wallet.holder.as_str();
        let nobody = "00".repeat(16);
        let sees = async |login: &Login, usr: &str| {
            let mut told = Vec::new();
            let path = format!("/payments/all/paginated?usr={usr}");
            let (status, page) = login.get(&path).await;
            assert_eq!(status, 200, "{page}");
            told.push(page["total"].as_u64().unwrap());
            for path in ["stats/count", "stats/daily", "stats/breakdown"] {
                let (status, rows) = login.get(&format!("/payments/{path}?usr={usr}")).await;
                assert_eq!(status, 200, "{rows}");
                let count = |row: &Value| row["payments_count"].as_u64().or(row["total"].as_u64());
                let rows = rows.as_array().unwrap().iter();
                told.push(rows.map(|row| count(row).unwrap()).sum());
            }
            told
        };
        assert_eq!(sees(&root, user).await, [3, 3, 2, 2]);
        for usr in ["", nobody.as_str(), "nobody", ben.id.as_str()] {
            assert_eq!(sees(&root, usr).await, [0; 4], "{usr}");
        }
        let wallets = async |login: &Login, usr: &str| {
            let (_, rows) = login
                .get(&format!("/payments/stats/wallets?usr={usr}"))
                .await;
            let rows = rows.as_array().unwrap().iter();
            let ids = rows.map(|row| (row["wallet_id"].clone(), row["user_id"].clone()));
            ids.collect::<Vec<_>>()
        };
        let theirs = wallets(&root, user).await;
        assert_eq!(theirs, wallets(&shop.ana, "").await);
        assert!(theirs.contains(&(json!(shop.wallet.id), json!(user))));
        assert_eq!(wallets(&root, &nobody).await, []);
        // For whoever is no administrator it is as if nothing had been said.
        let own = wallets(&ben, "").await;
        assert_eq!(own.len(), 1);
        for usr in [user, nobody.as_str(), root.id.as_str()] {
            assert_eq!(sees(&ben, usr).await, [0; 4], "{usr}");
            assert_eq!(wallets(&ben, usr).await, own);
        }
        let stranger = shop.app.caller("stranger");
        let path = format!("/payments/all/paginated?usr={}", root.id);
        assert_eq!(stranger.get(&path).await.0, 401, "it proves nothing");
    }
}
