//! A wish for a channel that a process did not live to see answered.

use std::path::Path;

use till::id::{OpeningId, RequestHash};
use till::ledger::{Command, IdempotencyKey, OpeningOrder, Origin, WalletRef};
use till::money::{Msat, Sat};
use till::treasury::Opening;

use crate::node::OpenChannelRequest;
use crate::service::types::{ChannelOpening, NewChannel};
use crate::testing::{Books, start};

fn keyed() -> (IdempotencyKey, RequestHash) {
    let key = IdempotencyKey {
        origin: Origin::Pos,
        wallet: WalletRef::House,
        operation: "openchannel".into(),
        key: "k".into(),
    };
    (key, RequestHash::of(b"a channel"))
}

/// What is on disk after a kill between the wish and the node's answer.
fn die_after_the_wish(dir: &Path) -> OpeningId {
    let id = OpeningId::from_bytes([3; 16]);
    let mut books = Books::open(dir);
    books.run(Command::IntendOpening(Box::new(OpeningOrder {
        address: "127.0.0.1:9735".into(),
        announce: false,
        id,
        counterparty: "02ab".into(),
        capacity: Sat::new(50_000).unwrap(),
        push: Msat::ZERO,
        idempotency: Some(keyed()),
    })));
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_without_an_answer_is_never_put_to_the_node_again() {
    let dir = tempfile::tempdir().unwrap();
    let id = die_after_the_wish(dir.path());
    let (till, _node) = start(dir.path()).await.unwrap();
    let wanted = |keyed| NewChannel {
        request: OpenChannelRequest {
            node_id: "02ab".into(),
            address: "127.0.0.1:9735".into(),
            capacity: Sat::new(50_000).unwrap(),
            push: Msat::ZERO,
            announce: false,
        },
        idempotency: Some(keyed),
    };
    // This node refuses whatever it is asked, so it was not asked.
    for _ in 0..2 {
        let again = till.service().open_channel(wanted(keyed())).await;
        let pending = ChannelOpening::Pending {
            user_channel_id: None,
        };
        assert_eq!(again.unwrap(), pending);
    }
    let views = till.service().views().clone();
    assert_eq!(views.get::<Opening>(&id).unwrap().unwrap().outcome, None);
    let (key, _) = keyed();
    let other = till
        .service()
        .open_channel(wanted((key, RequestHash::of(b"another"))))
        .await;
    let conflict = "the idempotency key was used for another request";
    assert_eq!(other.unwrap_err().to_string(), conflict);
    assert_eq!(views.all::<Opening>().unwrap().len(), 1);
    till.stop().await;
}
