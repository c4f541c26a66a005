//! A till whose files were damaged while it was stopped: what the audit says, and what a start does.

use serde_json::json;

use crate::audit::{Books, flip};
use crate::shop::Shop;

/// A shop that made a sale and closed.
async fn closed_shop() -> (Shop, Books) {
    let shop = Shop::open().await;
    let (sold, hash) = shop.invoice(json!({"amountSat": 9_000})).await;
    shop.customer_pays(&sold).await.unwrap();
    shop.incoming_becomes(&hash, "RECEIVED").await;
    shop.world.till().stop().await.unwrap();
    let books = Books::of(&shop);
    (shop, books)
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_views_are_a_difference_and_a_start_rebuilds_them() {
    let (shop, books) = closed_shop().await;
    for (file, at) in [("views/conf", 12), ("views/db", 3)] {
        flip(&books.file(file), at);
        let audited = books.audit(&[]).await;
        assert_eq!(audited.code(), 1, "{file}: {}", audited.said());
        let said = audited.said();
        assert!(said.contains("NOT in agreement"), "{said}");
        assert!(said.contains("differs: the views"), "{said}");
        assert!(said.contains("the next start rebuilds them"), "{said}");

        shop.world.start_till().await.unwrap();
        let rows = shop.get("/wallet/payments/incoming").await;
        assert_eq!(rows[0]["receivedSat"], 9_000, "{rows}");
        let log = std::fs::read_to_string(shop.world.till().log()).unwrap();
        assert!(log.contains("rebuilt from the journal"), "{log}");
        let again = books.audit(&[]).await;
        assert_eq!(again.code(), 0, "{}", again.said());
        shop.world.till().stop().await.unwrap();
    }
    shop.world.start_till().await.unwrap();
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_is_refused_by_the_audit_and_by_a_start() {
    let (shop, books) = closed_shop().await;
    let journal = books.file("journal.sqlite");
    let kept = std::fs::read(&journal).unwrap();
    // A text of the invoice's record, wherever it stands: SQLite leaves copies behind in its pages.
    let places = find(&kept, b"lnbcrt");
    assert!(!places.is_empty());
    for at in places {
        flip(&journal, at);
    }

    let audited = books.audit(&["--json"]).await;
    assert_eq!(audited.code(), 2, "{}", audited.said());
    assert!(
        audited.said().contains("journal record "),
        "{}",
        audited.said()
    );
    let refused = shop.world.till().start().await.unwrap_err().to_string();
    assert!(
        refused.contains("is damaged (its hash does not match)"),
        "{refused}"
    );
    assert!(
        refused.contains("restore the journal from a backup"),
        "{refused}"
    );

    // What was refused was not touched: with its bytes back the till goes on.
    std::fs::write(&journal, kept).unwrap();
    shop.world.start_till().await.unwrap();
    shop.close().await;
}

fn find(bytes: &[u8], text: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(text.len()).enumerate();
    let found = windows.filter(|(_, window)| *window == text);
    found.map(|(at, _)| at).collect()
}
