//! The wallet library that nodes use, against the server.

use bdk_esplora::EsploraAsyncExt as _;
use bdk_wallet::bitcoin::Network;
use bdk_wallet::{KeychainKind, Wallet};
use bitcoin::Amount;
use esplora_client::{AsyncClient, Builder};
use till_regtest::chain::{Chain, EsploraServer};

const DESCRIPTOR: &str = "wpkh(tprv8ZgxMBicQKsPdy6LMhUtFHAgpocR8GC6QmwMSFpZs7h6Eziw3SpThFfczTDh5rW2krkqffa11UpX3XkeTTB2FvzZKWXqPY54Y6Rq4AQ5R8L/84'/1'/0'/0/*)";
const CHANGE: &str = "wpkh(tprv8ZgxMBicQKsPdy6LMhUtFHAgpocR8GC6QmwMSFpZs7h6Eziw3SpThFfczTDh5rW2krkqffa11UpX3XkeTTB2FvzZKWXqPY54Y6Rq4AQ5R8L/84'/1'/0'/1/*)";
const STOP_GAP: usize = 5;
const PARALLEL_REQUESTS: usize = 4;

fn wallet() -> Wallet {
    Wallet::create(DESCRIPTOR, CHANGE)
        .network(Network::Regtest)
        .create_wallet_no_persist()
        .expect("valid descriptors")
}

async fn full_scan(wallet: &mut Wallet, client: &AsyncClient) {
    let request = wallet.start_full_scan();
    let update = client
        .full_scan(request, STOP_GAP, PARALLEL_REQUESTS)
        .await
        .expect("scans");
    wallet.apply_update(update).expect("fits");
}

async fn sync(wallet: &mut Wallet, client: &AsyncClient) {
    let request = wallet.start_sync_with_revealed_spks();
    let update = client
        .sync(request, PARALLEL_REQUESTS)
        .await
        .expect("syncs");
    wallet.apply_update(update).expect("fits");
}

#[tokio::test]
async fn a_wallet_scans_spends_and_survives_a_reorg() {
    let chain = Chain::new();
    let server = EsploraServer::start(chain.clone(), ([127, 0, 0, 1], 0).into())
        .await
        .expect("a free port");
    let client: AsyncClient = Builder::new(&server.url()).build_async().expect("a client");
    let mut wallet = wallet();

    // More than one page of history on one address.
    let address = wallet.reveal_next_address(KeychainKind::External).address;
    for _ in 0..30 {
        chain
            .fund(address.clone(), Amount::from_sat(20_000))
            .expect("funded");
    }
    chain.mine(1);
    chain
        .fund(address, Amount::from_sat(5_000))
        .expect("funded");
    full_scan(&mut wallet, &client).await;
    assert_eq!(wallet.balance().confirmed, Amount::from_sat(600_000));
    assert_eq!(wallet.balance().untrusted_pending, Amount::from_sat(5_000));
    assert_eq!(wallet.latest_checkpoint().height(), chain.height());

    let mut builder = wallet.build_tx();
    builder.add_recipient(
        chain.miner_address().script_pubkey(),
        Amount::from_sat(400_000),
    );
    let mut psbt = builder.finish().expect("enough money");
    assert!(wallet.sign(&mut psbt, Default::default()).expect("signs"));
    let tx = psbt.extract_tx().expect("complete");
    client.broadcast(&tx).await.expect("accepted");
    chain.mine(1);
    sync(&mut wallet, &client).await;
    let spent = wallet.balance().total();
    assert!(spent < Amount::from_sat(205_000));

    chain
        .reorg_without(1, &[tx.compute_txid()])
        .expect("deep enough");
    sync(&mut wallet, &client).await;
    assert_eq!(wallet.latest_checkpoint().hash(), chain.tip().hash);
    assert_eq!(wallet.balance().confirmed, Amount::from_sat(605_000));
    server.stop().await;
}
