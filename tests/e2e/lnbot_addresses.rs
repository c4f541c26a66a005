//! Lightning addresses over real channels: a customer's wallet asks as any wallet in the world does, and
//! pays; what it does not pay leaves no trace.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, text, until};

/// Anybody gets an account, and addresses end in a name of our own.
const OPEN: [(&str, &str); 2] = [
    ("TILL_LNBOT_OPEN_REGISTRATION", "true"),
    ("TILL_LNBOT_PUBLIC_URL", "http://pay.example"),
];

async fn call(shop: &Shop, method: Method, path: &str, key: &str, body: Option<Value>) -> Answer {
    let bearer = format!("Bearer {key}");
    let headers: &[(&str, &str)] = match key {
        "" => &[],
        _ => &[("authorization", &bearer)],
    };
    let answer = shop.try_call(method, path, body, headers).await.unwrap();
    assert!(answer.0 < 300, "{path}: {answer:?}");
    answer
}

/// What a payer's wallet does with `name@pay.example`: it calls the host, at whatever address.
async fn lnurl(shop: &Shop, url: &str) -> Value {
    let path = url.strip_prefix("http://pay.example").unwrap();
    call(shop, Method::GET, path, "", None).await.1
}

async fn invoices(shop: &Shop, wallet: &str, key: &str) -> Vec<Value> {
    let path = format!("/v1/wallets/{wallet}/invoices");
    let (_, list) = call(shop, Method::GET, &path, key, None).await;
    list.as_array().cloned().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_paid_from_outside_and_survives_a_restart() {
    let shop = Shop::open_with(&OPEN).await;
    let (_, account) = call(&shop, Method::POST, "/v1/register", "", None).await;
    let key = text(&account, "primaryKey");
    let (_, made) = call(&shop, Method::POST, "/v1/wallets", &key, None).await;
    let (wallet, address) = (text(&made, "walletId"), text(&made, "address"));
    let name = address.strip_suffix("@pay.example").unwrap();

    let document = format!("http://pay.example/.well-known/lnurlp/{name}");
    let told = lnurl(&shop, &document).await;
    let callback = text(&told, "callback");
    let ask = async |amount_msat: u64, comment: &str| {
        let url = format!("{callback}?amount={amount_msat}&comment={comment}");
        lnurl(&shop, &url).await
    };
    let left = ask(7_000_000, "never").await;
    let made = ask(12_345_678, "lunch").await;
    assert_eq!(invoices(&shop, &wallet, &key).await.len(), 0);

    let paid = shop.customer_pays(&text(&made, "pr")).await.unwrap();
    let row = until("the invoice to be listed", async || {
        invoices(&shop, &wallet, &key).await.pop()
    })
    .await;
    assert_eq!(
        (&row["number"], &row["amount"]),
        (&json!(1), &json!(12_345))
    );
    assert_eq!(
        (&row["memo"], &row["status"]),
        (&json!("lunch"), &json!("settled"))
    );
    assert_eq!(text(&row, "preimage"), paid.preimage);
    let verified = lnurl(&shop, &text(&made, "verify")).await;
    assert_eq!(verified["preimage"], row["preimage"]);
    let open = lnurl(&shop, &text(&left, "verify")).await;
    assert_eq!(
        (&open["settled"], &open["preimage"]),
        (&json!(false), &Value::Null)
    );

    shop.world.till().stop().await.unwrap();
    shop.world.start_till().await.unwrap();
    assert_eq!(invoices(&shop, &wallet, &key).await, [row]);
    let path = format!("/v1/wallets/{wallet}");
    let (_, money) = call(&shop, Method::GET, &path, &key, None).await;
    assert_eq!(money["balance"], 12_345);
    until("the customer to find the way", async || {
        shop.customer_pays(&text(&left, "pr")).await.ok()
    })
    .await;
    let numbers = until("the second to be listed", async || {
        let rows = invoices(&shop, &wallet, &key).await;
        let numbers = rows.iter().map(|row| row["number"].clone()).collect();
        Some::<Vec<_>>(numbers).filter(|numbers| numbers.len() == 2)
    })
    .await;
    assert_eq!(numbers, [json!(2), json!(1)]);
    shop.close().await;
}
