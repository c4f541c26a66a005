//! `GET /info`: everything that a client of this world has to know.

use axum::Json;
use axum::extract::State;

use super::wire::{Info, LnbitsInfo, NodeInfo, PosInfo, TillInfo};
use crate::peer::Peer;
use crate::world::World;

pub(super) async fn info(State(world): State<World>) -> Json<Info> {
    Json(gather(&world).await)
}

pub(super) async fn gather(world: &World) -> Info {
    let node = world.till_node();
    let credentials = world.credentials().clone();
    let wallets = world.lnbits_wallets().await.ok();
    let lnbits = wallets.map(|wallets| LnbitsInfo {
        username: credentials.name.clone(),
        password: credentials.password.clone(),
        wallets: wallets.to_vec(),
    });
    Info {
        tilld: TillInfo {
            url: world.client().url().to_owned(),
            node_id: node.node_id.to_string(),
            node_address: node.address.to_string(),
            pid: world.till().pid().await,
            data_dir: world
                .till()
                .setting("TILL_TILL_DATA_DIR")
                .unwrap_or_default()
                .to_owned(),
        },
        pos: PosInfo {
            name: credentials.name,
            pin: credentials.pin,
            password: credentials.password,
            wallet_password: credentials.wallet_password,
        },
        lnbits,
        lnbot: world.lnbot_account().await.ok().cloned(),
        customer: peer(world.customer()),
        lsp: peer(world.lsp()),
        esplora: world.esplora_url(),
        chain: world.chain_name(),
        height: world.chain().height(),
    }
}

fn peer(peer: &Peer) -> NodeInfo {
    NodeInfo {
        node_id: peer.node_id().to_string(),
        node_address: peer.address().to_string(),
    }
}
