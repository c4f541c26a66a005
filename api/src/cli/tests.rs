//! Whole command lines, from arguments to exit code, in a folder of their own.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{cell::RefCell, fs, io, os::unix::fs::PermissionsExt as _, process::ExitCode};

use tempfile::TempDir;
use zeroize::Zeroizing;

use super::{console::Console, dispatch};
use crate::{
    config::{Config, Network},
    seed::{self, Mnemonic},
};

/// A terminal with the answers written down in advance.
#[derive(Default)]
pub(super) struct Script {
    interactive: bool,
    answers: Vec<&'static str>,
    pub(super) asked: Vec<String>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Script {
    fn next(&mut self, question: &str) -> io::Result<String> {
        self.asked.push(question.to_owned());
        if self.answers.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(self.answers.remove(0).to_owned())
    }
}

impl Console for Script {
    fn is_interactive(&self) -> bool {
        self.interactive
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        self.next(question)
    }

    fn ask_secret(&mut self, question: &str) -> io::Result<Zeroizing<String>> {
        self.next(question).map(Zeroizing::new)
    }

    fn say(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn complain(&mut self, text: &str) {
        self.err.push_str(text);
    }
}

/// A machine: a home folder, an environment, and what the last command was given and said.
pub(super) struct Machine {
    home: TempDir,
    env: Vec<(String, String)>,
    pub(super) console: Script,
    served: RefCell<Option<(Config, Mnemonic)>>,
}

impl Machine {
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let env = vec![("HOME".to_owned(), home.path().to_str().unwrap().to_owned())];
        Self {
            home,
            env,
            console: Script::default(),
            served: RefCell::new(None),
        }
    }

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    pub(super) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs a command; `~` stands for the home folder. Answers are for a person at the terminal.
    pub(super) fn run_with(&mut self, command: &str, answers: Option<&[&'static str]>) -> ExitCode {
        self.console = Script {
            interactive: answers.is_some(),
            answers: answers.unwrap_or_default().to_vec(),
            ..Script::default()
        };
        let home = self.home.path().to_str().unwrap();
        let args = command
            .split_whitespace()
            .map(|arg| arg.replace('~', home).into());
        dispatch(args, &self.env, &mut self.console, |config, mnemonic| {
            *self.served.borrow_mut() = Some((config, mnemonic));
            ExitCode::from(42)
        })
    }

    pub(super) fn run(&mut self, command: &str) -> ExitCode {
        self.run_with(command, None)
    }

    pub(super) fn succeeds(&mut self, command: &str) {
        assert_eq!(
            self.run(command),
            ExitCode::SUCCESS,
            "{command}: {}",
            self.console.err
        );
        assert_eq!(self.console.err, "");
    }

    pub(super) fn fails(&mut self, command: &str, code: u8, message: &str) {
        assert_eq!(
            self.run(command),
            code.into(),
            "{command}: {}",
            self.console.err
        );
        assert!(
            self.console.err.contains(message),
            "{command}: {}",
            self.console.err
        );
        assert_eq!(self.console.out, "");
    }

    /// The words that were shown, joined again.
    fn words_shown(&self) -> String {
        let tokens: Vec<_> = self.console.out.split_whitespace().collect();
        let numbered = tokens.windows(2).filter(|pair| {
            pair[0]
                .strip_suffix('.')
                .is_some_and(|number| number.parse::<usize>().is_ok())
        });
        numbered.map(|pair| pair[1]).collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn init_makes_a_file_and_a_seed_that_serve_takes() {
    let mut machine = Machine::new();
    machine.succeeds("tilld init --network regtest --no-passphrase");
    let words = machine.words_shown();
    assert_eq!(words.split(' ').count(), 24);
    assert!(
        machine
            .console
            .out
            .contains("\nStart the till with: tilld serve\n")
    );
    let seed_file = machine.path(".tilld/seed");
    assert_eq!(*seed::open(&seed_file, None).unwrap().phrase(), words);
    let mode = fs::metadata(machine.path(".tilld/tilld.toml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    assert_eq!(
        machine.run("tilld serve"),
        ExitCode::from(42),
        "{}",
        machine.console.err
    );
    let (config, mnemonic) = machine.served.take().unwrap();
    assert_eq!(config.till.network, Network::Regtest);
    assert_eq!(config.till.data_dir, machine.path(".tilld"));
    assert_eq!(*mnemonic.phrase(), words);
}

#[test]
fn the_file_of_init_loads_back_to_what_init_was_told() {
    let mut machine = Machine::new();
    machine
        .env
        .push(("TILL_NODE_ALIAS".to_owned(), "corner shop".to_owned()));
    let command = "--network signet --data-dir ~/shop --esplora-url http://127.0.0.1:3003 --listen \
                   127.0.0.1:1234 --set node.listen=127.0.0.1:9735,127.0.0.1:9736";
    machine.succeeds(&format!(
        "tilld init {command} --words 12 --no-passphrase --non-interactive"
    ));
    assert_eq!(machine.words_shown().split(' ').count(), 12);
    let told = format!(
        "tilld --config '{}' serve",
        machine.path("shop/tilld.toml").display()
    );
    assert!(
        machine.console.out.contains(&told),
        "{}",
        machine.console.out
    );

    // Without flags and environment: everything is in the file.
    machine.env.truncate(1);
    let text = (
        machine.path("shop/tilld.toml"),
        machine.text("shop/tilld.toml"),
    );
    let config = Config::load(Some(text), machine.env.iter().cloned(), Default::default()).unwrap();
    assert_eq!(config.till.network, Network::Signet);
    assert_eq!(config.till.data_dir, machine.path("shop"));
    assert_eq!(config.seed.mnemonic_file, machine.path("shop/seed"));
    assert_eq!(config.chain.esplora_url.as_str(), "http://127.0.0.1:3003");
    assert_eq!(config.http.listen, "127.0.0.1:1234".parse().unwrap());
    assert_eq!(config.node.listen.len(), 2);
    assert_eq!(config.node.alias, "corner shop");
}

#[test]
fn init_asks_a_person_what_flags_do_not_say() {
    let mut machine = Machine::new();
    let provider =
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798@lsp.example:9735";
    let answers = [
        "testnt4",
        "testnet4",
        "",
        "",
        "127.0.0.1",
        "127.0.0.1:9200",
        "lsp.example",
        provider,
        "open",
        "opne",
        "open",
        "open",
        "",
    ];
    let code = machine.run_with("tilld init", Some(&answers));
    assert_eq!(code, ExitCode::SUCCESS, "{}", machine.console.err);
    assert!(
        machine
            .console
            .err
            .contains("must be mainnet, signet, testnet4 or regtest")
    );
    assert!(machine.console.err.contains("The two are not the same."));
    assert_eq!(machine.console.asked.len(), answers.len());
    assert_eq!(
        machine.console.asked[2],
        "Chain source: esplora, electrum or bitcoind [esplora]: "
    );
    assert_eq!(
        machine.console.asked[3],
        "Esplora server [https://mempool.space/testnet4/api]: "
    );
    assert!(
        machine
            .text(".tilld/tilld.toml")
            .contains("\nnetwork = \"testnet4\"\n")
    );
    let config = machine.text(".tilld/tilld.toml");
    assert!(
        config.contains("\nlisten = \"127.0.0.1:9200\"\n"),
        "{config}"
    );
    assert!(
        config.contains("\naddress = \"lsp.example:9735\"\n"),
        "{config}"
    );
    let said = &machine.console.out;
    assert!(said.contains(provider), "{said}");
    assert!(
        said.contains("curl http://127.0.0.1:9200/initial-setup"),
        "{said}"
    );

    machine.fails(
        "tilld serve",
        1,
        "the seed is encrypted and there is no passphrase",
    );
    assert_eq!(
        machine.run_with("tilld serve", Some(&["shut"])),
        ExitCode::FAILURE
    );
    assert!(
        machine
            .console
            .err
            .starts_with("tilld: wrong passphrase for the seed file ")
    );
}

#[test]
fn init_does_not_ask_what_it_knows() {
    let mut machine = Machine::new();
    machine.env.push((
        "TILL_CHAIN_ESPLORA_URL".to_owned(),
        "http://127.0.0.1:1".to_owned(),
    ));
    let known = "--network regtest --listen 127.0.0.1:9154 --lsp none@none";
    let refused = machine.run_with(&format!("tilld init {known}"), Some(&["", ""]));
    assert_eq!(refused, ExitCode::from(2), "a bad flag is not asked about");
    let provider = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798@a:1";
    let known = known.replace("none@none", provider);
    let code = machine.run_with(&format!("tilld init {known}"), Some(&["", "", ""]));
    assert_eq!(code, ExitCode::SUCCESS, "{}", machine.console.err);
    assert_eq!(
        machine.console.asked.len(),
        3,
        "only the passphrase, twice, and the administrator: {:?}",
        machine.console.asked
    );
    assert!(!seed::is_encrypted(&machine.path(".tilld/seed")).unwrap());
}

#[test]
fn a_passphrase_file_goes_into_the_configuration() {
    let mut machine = Machine::new();
    fs::write(machine.path("pass"), "open sesame\n").unwrap();
    machine.succeeds("tilld init --passphrase-file ~/pass");
    assert!(seed::is_encrypted(&machine.path(".tilld/seed")).unwrap());
    assert_eq!(
        machine
            .console
            .out
            .matches("encrypted with the passphrase")
            .count(),
        1,
        "{}",
        machine.console.out
    );
    let words = machine.words_shown();
    let config = machine.text(".tilld/tilld.toml");
    let pass = machine.path("pass");
    assert!(
        config.contains(&format!("\npassphrase_file = \"{}\"\n", pass.display())),
        "{config}"
    );
    fs::remove_file(&pass).unwrap();
    machine.fails("tilld serve", 1, "cannot read the passphrase file");
    fs::write(&pass, "open sesame").unwrap();
    let seed = seed::Passphrase::read(&pass).unwrap();
    let seed = seed::open(&machine.path(".tilld/seed"), Some(&seed)).unwrap();
    assert_eq!(*seed.phrase(), words);
}

#[test]
fn without_a_person_init_wants_to_be_told_about_the_passphrase() {
    let mut machine = Machine::new();
    machine.fails(
        "tilld init",
        2,
        "--passphrase-file FILE, or --no-passphrase",
    );
    assert_eq!(
        machine.run_with("tilld init --non-interactive", Some(&[])),
        ExitCode::from(2)
    );
    machine.fails(
        "tilld init --passphrase-file ~/none",
        1,
        "cannot read the passphrase file",
    );
    machine.fails(
        "tilld init --no-passphrase --passphrase-file ~/p",
        2,
        "cannot be used with",
    );
    assert!(
        !machine.path(".tilld").exists(),
        "a refused init leaves nothing behind"
    );
}

#[test]
fn init_refuses_to_touch_what_is_there_and_names_it() {
    let mut machine = Machine::new();
    machine.succeeds("tilld init --no-passphrase");
    let (config, seed) = (
        machine.text(".tilld/tilld.toml"),
        machine.text(".tilld/seed"),
    );
    machine.fails("tilld init --no-passphrase", 1, "nothing was made");
    for name in [".tilld/tilld.toml", ".tilld/seed"] {
        let line = format!("\n  {}\n", machine.path(name).display());
        assert!(
            machine.console.err.contains(&line),
            "{}",
            machine.console.err
        );
    }
    assert_eq!(
        (config, seed),
        (
            machine.text(".tilld/tilld.toml"),
            machine.text(".tilld/seed")
        )
    );

    // A new seed beside the ledger of an old one would be worse than none.
    fs::create_dir(machine.path("old")).unwrap();
    fs::write(machine.path("old/journal.sqlite"), "").unwrap();
    machine.fails(
        "tilld init --no-passphrase --data-dir ~/old",
        1,
        "old/journal.sqlite\n",
    );
    assert!(!machine.path("old/seed").exists());

    // Nor is a configuration file elsewhere overwritten.
    fs::write(machine.path("mine.toml"), "# mine").unwrap();
    machine.fails(
        "tilld init --no-passphrase --data-dir ~/a --config ~/mine.toml",
        1,
        "mine.toml",
    );
    assert_eq!(machine.text("mine.toml"), "# mine");
    assert!(!machine.path("a").exists());
}

#[test]
fn words_can_be_kept_out_of_a_log() {
    let mut machine = Machine::new();
    machine.succeeds("tilld init --no-passphrase --hide-words");
    assert_eq!(machine.words_shown(), "");
    let seed = seed::open(&machine.path(".tilld/seed"), None).unwrap();
    assert!(!machine.console.out.contains(&*seed.phrase()));
}

#[test]
fn the_file_is_found_by_flag_then_variable_then_data_folder() {
    let mut machine = Machine::new();
    fs::create_dir(machine.path(".tilld")).unwrap();
    let shown = |machine: &mut Machine, command: &str| {
        machine.succeeds(command);
        machine
            .console
            .out
            .lines()
            .find(|line| line.starts_with("alias"))
            .unwrap()
            .to_owned()
    };
    for (name, alias) in [(".tilld/tilld.toml", "c"), ("b.toml", "b"), ("a.toml", "a")] {
        fs::write(machine.path(name), format!("[node]\nalias = \"{alias}\"")).unwrap();
    }
    assert!(shown(&mut machine, "tilld config check").starts_with("alias = \"c\" # "));
    let variable = machine.path("b.toml").to_str().unwrap().to_owned();
    machine.env.push(("TILL_CONFIG".to_owned(), variable));
    assert!(shown(&mut machine, "tilld config check").starts_with("alias = \"b\" # "));
    assert!(
        shown(&mut machine, "tilld config check --config ~/a.toml").starts_with("alias = \"a\"")
    );
    machine.fails(
        "tilld config check --config ~/none.toml",
        2,
        "cannot read the configuration",
    );

    machine.env.pop();
    assert_eq!(
        shown(&mut machine, "tilld config check --data-dir ~/x"),
        "alias = \"tilld\" # default"
    );
    assert!(
        machine
            .console
            .out
            .starts_with("# No configuration file.\n")
    );
}

#[test]
fn config_check_shows_everything_but_secrets() {
    let mut machine = Machine::new();
    let node_id = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let text = format!("[lsp]\nnode_id = \"{node_id}\"\naddress = \"a:1\"\ntoken = \"hunter2\"");
    fs::write(machine.path("x.toml"), text).unwrap();
    machine.succeeds("tilld config check --config ~/x.toml");
    assert!(!machine.console.out.contains("hunter2"));
    assert!(
        machine.console.out.contains("\ntoken = \"(redacted)\" # "),
        "{}",
        machine.console.out
    );
}

#[test]
fn exit_codes_tell_usage_from_failure() {
    let mut machine = Machine::new();
    machine.succeeds("tilld version");
    assert_eq!(
        machine.console.out,
        concat!("tilld ", env!("CARGO_PKG_VERSION"), "\n")
    );
    machine.succeeds("tilld --version");
    machine.succeeds("tilld --help");
    assert!(machine.console.out.contains("config"));
    machine.fails("tilld", 2, "Usage");
    machine.fails("tilld surf", 2, "surf");
    machine.fails("tilld init --words 13", 2, "12 or 24");
    machine.fails("tilld serve --set nonsense", 2, "section.key=value");
    machine.fails(
        "tilld serve --network testnet",
        2,
        "command line --network (till.network): must be",
    );
    machine.fails(
        "tilld serve --set htp.listen=1",
        2,
        "the nearest one is http.listen",
    );
    machine.fails("tilld serve", 1, "there is no seed at");
    assert!(machine.served.take().is_none());
}

#[test]
fn an_audit_of_nothing_could_not_be_done_and_makes_nothing() {
    let mut machine = Machine::new();
    let command = "tilld --network regtest --data-dir ~/till audit";
    machine.fails(command, 2, "there is no journal in");
    machine.fails(&format!("{command} --jsn"), 2, "--json");
    assert!(!machine.path("till").exists());
}
