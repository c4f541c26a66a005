//! The page of the first hour, run as it stands: bitcoind, two tills and a sale, with nothing of ours around them.
//! Where this machine has no bitcoind it says so.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use till_regtest::bitcoind;

use crate::guide::{LIMIT, script, shell};

const PAGE: &str = include_str!("../../docs/first-hour.md");
const PORTS: [&str; 5] = ["RPC", "SHOP", "SHOP_PEERS", "FRIEND", "FRIEND_PEERS"];

/// Makes this very program the `tilld` of a folder, one that ends with the bash that has started it.
fn install(folder: &Path) {
    let program = std::env::current_exe().unwrap();
    let text = format!(
        "#!/bin/bash\nexport REGTEST_PARENT_PID=$PPID REGTEST_TILLD_ARGS=\"$(IFS=$'\\x1f'; echo \"$*\")\"\n\
         exec '{}' the_till --exact --nocapture --test-threads=1\n",
        program.display()
    );
    let file = folder.join("tilld");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_gets_from_init_to_a_sale() {
    let Some(program) = bitcoind::find() else {
        eprintln!("there is no bitcoind on this machine: not tried");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    install(dir.path());
    let path = format!(
        "{}:{}:{}",
        dir.path().display(),
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let file = dir.path().join("page.sh");
    // A daemon outlives a page that fails.
    let end =
        "trap 'kill $(cat chain/regtest/bitcoind.pid 2>/dev/null) 2>/dev/null || true' EXIT\n";
    std::fs::write(&file, format!("{end}{}", script(PAGE))).unwrap();

    let mut bash = shell(dir.path(), &file);
    bash.env("PATH", path);
    // Held until all are known, so that they differ.
    let free = PORTS.map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    for (name, listener) in PORTS.iter().zip(&free) {
        bash.env(name, listener.local_addr().unwrap().port().to_string());
    }
    drop(free);
    let ended = tokio::time::timeout(LIMIT, bash.output()).await;
    let output = ended.expect("the page comes to its end").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let traced = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{traced}");
    for what in [
        "990000 can be received",
        "\"receivedSat\":50000",
        "everything agrees",
        "Everything in it is as it was written",
    ] {
        assert!(said.contains(what), "{what} was not said: {said}");
    }
}
