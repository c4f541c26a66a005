//! The ln.bot surface by its official SDKs, unchanged but for the base URL, in a world with real nodes:
//! every resource, payments in and out over Lightning included.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt as _;
use lnbot::{
    CreateAddressRequest, CreateInvoiceForAddressRequest, CreateInvoiceForWalletRequest,
    CreateInvoiceRequest, CreateL402ChallengeRequest, CreatePaymentRequest, CreateWebhookRequest,
    InvoiceEventType, InvoiceStatus, ListParams, LnBot, LnBotError, PayL402Request,
    PaymentEventType, PaymentStatus, RecoveryRestoreRequest, RegisterResponse, TransactionType,
    TransferAddressRequest, UpdateWalletRequest, VerifyL402Request, Wallet,
};
use till_regtest::control::Control;
use tokio::process::Command;

use crate::shop::{PATIENCE, Shop, until};

/// The folder in which `.ci/run` has installed clients.
const INSTALLED: &str = "CLIENTS_DIR";
/// The Python story takes well under a minute where nobody else needs the machine.
const LIMIT: Duration = Duration::from_secs(300);

const SETTINGS: [(&str, &str); 2] = [
    ("TILL_LNBOT_PUBLIC_CALLS_PER_MINUTE", "1000"),
    ("TILL_OUTBOUND_ALLOW_LOOPBACK", "true"),
];

fn client(shop: &Shop, key: &str) -> LnBot {
    let client = match key {
        "" => LnBot::unauthenticated(),
        key => LnBot::new(key),
    };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    client
        .with_base_url(shop.world.client().url())
        .with_http_client(http)
}

async fn registered(shop: &Shop) -> (LnBot, RegisterResponse) {
    let account = client(shop, "").register().await.unwrap();
    (client(shop, &account.primary_key), account)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_drives_the_whole_surface() {
    let shop = Shop::open_with(&SETTINGS).await;
    let (user, account) = registered(&shop).await;
    let first = user.wallets().create().await.unwrap();
    let second = user.wallets().create().await.unwrap();
    assert_eq!(user.wallets().list().await.unwrap().len(), 2);
    let me = user.me().await.unwrap();
    assert_eq!(me.user_id, account.user_id);

    let key = keys_of_a_wallet(&shop, &user, &first.wallet_id).await;
    let program = client(&shop, &key);
    let wallet = program.wallet("current");
    let renamed = UpdateWalletRequest::new("agent");
    assert_eq!(wallet.update(&renamed).await.unwrap().name, "agent");

    money_comes(&shop, &program, &wallet).await;
    strangers_ask(&shop, &wallet, &first.wallet_id, &first.address).await;
    money_goes(&shop, &wallet, &second.address).await;
    addresses(&user, &first.wallet_id, &second.wallet_id).await;
    paywall(&user, &wallet, &second.wallet_id).await;
    webhooks(&wallet).await;
    books_add_up(&wallet).await;
    ways_back(&shop, &user, &account).await;

    let anybody = client(&shop, "");
    anybody.status().await.unwrap();
    let history = anybody.status_history("24h").await.unwrap();
    assert!((288..=289).contains(&history.buckets.len()));
    let odd = anybody.status_history("1h").await;
    assert!(matches!(odd, Err(LnBotError::BadRequest { .. })));
    shop.close().await;
}

async fn keys_of_a_wallet(shop: &Shop, user: &LnBot, id: &str) -> String {
    let wallet = user.wallet(id);
    let made = wallet.key().create().await.unwrap();
    let again = wallet.key().create().await;
    assert!(matches!(again, Err(LnBotError::Conflict { .. })));
    let rotated = wallet.key().rotate().await.unwrap();
    let old = client(shop, &made.key);
    let refused = old.wallet("current").get().await;
    assert!(matches!(refused, Err(LnBotError::Unauthorized { .. })));
    assert!(wallet.key().get().await.unwrap().hint.starts_with("wk_"));
    rotated.key
}

/// Two streams are open while a customer pays: the wallet's, and the invoice's own.
async fn money_comes(shop: &Shop, program: &LnBot, wallet: &Wallet<'_>) {
    let stream_of = program.wallet("current");
    let events = stream_of.events();
    let mut events = events.stream();
    let heard = async {
        let mut names = Vec::new();
        while let Some(event) = events.next().await {
            names.push(event.unwrap().event);
            if names.last().is_some_and(|name| name == "invoice.settled") {
                break;
            }
        }
        names
    };
    let sale = async {
        let wanted = CreateInvoiceRequest::new(5_000)
            .memo("task")
            .reference("task-1");
        let made = wallet.invoices().create(&wanted).await.unwrap();
        assert_eq!((made.number, made.status), (1, InvoiceStatus::Pending));
        assert_eq!(made.preimage, None);
        shop.customer_pays(&made.bolt11).await.unwrap();
        let invoices = wallet.invoices();
        let mut watch = invoices.watch(1, Some(60));
        let told = watch.next().await.unwrap().unwrap();
        assert_eq!(told.event, InvoiceEventType::Settled);
        assert!(told.data.preimage.is_some());
    };
    let both = async { tokio::join!(heard, sale) };
    let (names, ()) = tokio::time::timeout(PATIENCE, both).await.unwrap();
    // Whether the stream was open before the invoice was made is not certain.
    assert_eq!(names.last().map(String::as_str), Some("invoice.settled"));

    let listed = wallet
        .invoices()
        .list(&ListParams::default().limit(5))
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].tx_number, Some(1));
    assert_eq!(wallet.get().await.unwrap().balance, 5_000);
    let expired = wallet.invoices().watch(9, Some(1)).next().await.unwrap();
    assert!(matches!(expired, Err(LnBotError::NotFound { .. })));
}

async fn strangers_ask(shop: &Shop, wallet: &Wallet<'_>, id: &str, address: &str) {
    let nobody = client(shop, "");
    let for_wallet = CreateInvoiceForWalletRequest::new(id, 100).comment("thanks");
    let made = nobody
        .invoices()
        .create_for_wallet(&for_wallet)
        .await
        .unwrap();
    let for_address = CreateInvoiceForAddressRequest::new(address, 200);
    nobody
        .invoices()
        .create_for_address(&for_address)
        .await
        .unwrap();
    let params = ListParams::default();
    assert_eq!(wallet.invoices().list(&params).await.unwrap().len(), 1);
    shop.customer_pays(&made.bolt11).await.unwrap();
    until("the stranger's invoice in the list", async || {
        let listed = wallet
            .invoices()
            .list(&ListParams::default())
            .await
            .unwrap();
        (listed.len() == 2 && listed[0].number == 2).then_some(())
    })
    .await;
    let odd = CreateInvoiceForWalletRequest::new("wal_nobody", 100);
    let refused = nobody.invoices().create_for_wallet(&odd).await;
    assert!(matches!(refused, Err(LnBotError::BadRequest { .. })));
}

async fn money_goes(shop: &Shop, wallet: &Wallet<'_>, friend: &str) {
    let priced = wallet
        .payments()
        .resolve_with_amount(friend, 300)
        .await
        .unwrap();
    assert!(priced.internal);
    assert_eq!(priced.total, Some(300));
    let gift = CreatePaymentRequest::new(friend)
        .amount(300)
        .idempotency_key("gift-1");
    let paid = wallet.payments().create(&gift).await.unwrap();
    assert_eq!((paid.number, paid.status), (1, PaymentStatus::Settled));
    assert_eq!(paid.actual_fee, Some(0));
    let again = wallet.payments().create(&gift).await.unwrap();
    assert_eq!(again.number, 1);
    let other = CreatePaymentRequest::new(friend)
        .amount(301)
        .idempotency_key("gift-1");
    let refused = wallet.payments().create(&other).await;
    assert!(matches!(refused, Err(LnBotError::Conflict { .. })));

    let asked = shop.customer_asks(Some(1_000), false).await;
    let books = CreatePaymentRequest::new(&asked.bolt11).reference("books");
    let sent = wallet.payments().create(&books).await.unwrap();
    let payments = wallet.payments();
    let mut watch = payments.watch(sent.number, Some(60));
    let told = watch.next().await.unwrap().unwrap();
    assert_eq!(told.event, PaymentEventType::Settled);
    assert!(told.data.preimage.is_some());
    assert_eq!(told.data.reference.as_deref(), Some("books"));
    let twice = wallet
        .payments()
        .create(&CreatePaymentRequest::new(&asked.bolt11))
        .await;
    assert!(matches!(twice, Err(LnBotError::Conflict { .. })));
    let params = ListParams::default().after(2);
    assert_eq!(wallet.payments().list(&params).await.unwrap().len(), 1);
    let poor = CreatePaymentRequest::new(friend).amount(1_000_000);
    let refused = wallet.payments().create(&poor).await;
    assert!(matches!(refused, Err(LnBotError::BadRequest { .. })));
}

async fn addresses(user: &LnBot, first: &str, second: &str) {
    let (first, second) = (user.wallet(first), user.wallet(second));
    let random = CreateAddressRequest::default();
    let made = first.addresses().create(&random).await.unwrap();
    assert!(made.generated);
    let vanity = CreateAddressRequest {
        address: Some("sdk-agent".to_owned()),
    };
    let bought = first.addresses().create(&vanity).await.unwrap();
    assert!(bought.cost > 0 && !bought.generated);
    let taken = second.addresses().create(&vanity).await;
    assert!(taken.is_err());
    let key = second.key().create().await.unwrap().key;
    let transfer = TransferAddressRequest::new(key);
    let given = first
        .addresses()
        .transfer(&bought.address, &transfer)
        .await
        .unwrap();
    assert_eq!(given.address, bought.address);
    first.addresses().delete(&made.address).await.unwrap();
    assert_eq!(first.addresses().list().await.unwrap().len(), 1);
    assert_eq!(second.addresses().list().await.unwrap().len(), 2);
}

async fn paywall(user: &LnBot, payer: &Wallet<'_>, seller: &str) {
    let seller = user.wallet(seller);
    let wanted = CreateL402ChallengeRequest {
        amount: 10,
        description: Some("API access".to_owned()),
        expiry_seconds: Some(3_600),
        caveats: Some(vec!["path=/answers".to_owned()]),
    };
    let challenge = seller.l402().create_challenge(&wanted).await.unwrap();
    let pay = PayL402Request {
        www_authenticate: challenge.www_authenticate,
        max_fee: None,
        reference: None,
        wait: None,
        timeout: None,
    };
    let paid = payer.l402().pay(&pay).await.unwrap();
    assert_eq!(paid.status, "settled");
    let authorization = paid.authorization.unwrap();
    let verify = VerifyL402Request { authorization };
    let verdict = seller.l402().verify(&verify).await.unwrap();
    assert!(verdict.valid, "{:?}", verdict.error);
    assert_eq!(
        verdict.payment_hash.as_deref(),
        Some(paid.payment_hash.as_str())
    );
    let foreign = payer.l402().verify(&verify).await.unwrap();
    assert!(!foreign.valid);
}

async fn webhooks(wallet: &Wallet<'_>) {
    let wanted = CreateWebhookRequest::new("https://example.com/hooks/till");
    let made = wallet.webhooks().create(&wanted).await.unwrap();
    assert!(made.secret.starts_with("whsec_"));
    let again = wallet.webhooks().create(&wanted).await;
    assert!(matches!(again, Err(LnBotError::Conflict { .. })));
    assert!(wallet.webhooks().list().await.unwrap()[0].active);
    wallet.webhooks().delete(&made.id).await.unwrap();
    assert!(wallet.webhooks().list().await.unwrap().is_empty());
}

/// Every row follows from the one before it, and the last is the balance.
async fn books_add_up(wallet: &Wallet<'_>) {
    let params = ListParams::default().limit(100);
    let rows = wallet.transactions().list(&params).await.unwrap();
    let mut balance = 0;
    for row in rows.iter().rev() {
        if row.tx_type == TransactionType::Credit {
            balance += row.amount;
        } else {
            assert_eq!(row.tx_type, TransactionType::Debit);
            balance -= row.amount;
        }
        assert_eq!(row.balance_after, balance, "{row:?}");
    }
    assert_eq!(wallet.get().await.unwrap().balance, balance);
}

async fn ways_back(shop: &Shop, user: &LnBot, account: &RegisterResponse) {
    let rotated = user.keys().rotate(1).await.unwrap();
    assert_eq!(rotated.name, "secondary");
    let words = user.backup().recovery().await.unwrap().passphrase;
    let nobody = client(shop, "");
    let old = RecoveryRestoreRequest::new(&account.recovery_passphrase);
    let refused = nobody.restore().recovery(&old).await;
    assert!(matches!(refused, Err(LnBotError::BadRequest { .. })));
    let restored = nobody
        .restore()
        .recovery(&RecoveryRestoreRequest::new(words))
        .await
        .unwrap();
    let ended = user.me().await;
    assert!(matches!(ended, Err(LnBotError::Unauthorized { .. })));
    let back = client(shop, &restored.primary_key);
    assert_eq!(back.wallets().list().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_drives_the_whole_surface() {
    let Some(folder) = std::env::var_os(INSTALLED) else {
        println!("not run: {INSTALLED} names no folder with clients, see .ci/run");
        return;
    };
    let shop = Shop::open_with(&SETTINGS).await;
    let loopback = ([127, 0, 0, 1], 0).into();
    let control = Control::start(shop.world.clone(), loopback).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/python/lnbot_account.py");
    let ran = Command::new(Path::new(&folder).join("python/bin/python"))
        .arg(script)
        .env("LNBOT_URL", shop.world.client().url())
        .env("CONTROL", control.url())
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(LIMIT, ran).await;
    let output = output.expect("the client comes to its end").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    control.stop().await;
    shop.close().await;
}
