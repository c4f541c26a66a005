//! The first administrator, named by `tilld init`: asked for, or taken from flags. Owns the questions and
//! where the answers go: into the new till's books, by the same rules as the route of the first set-up,
//! which is closed from the first start on.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use till::ledger::InceptionCommand;
use till_actors::till::StoppedTill;
use zeroize::Zeroizing;

use super::{MAX_ATTEMPTS, io_error};
use crate::cli::console::Console;
use crate::cli::error::CliError;
use crate::config::Config;
use crate::pos::field::{self, Invalid};
use crate::pos::{Secret, SetupWish};
use crate::seed::Mnemonic;

/// Who may administer the till.
#[derive(Debug, Args)]
#[command(next_help_heading = "First administrator")]
pub(crate) struct AdminArgs {
    /// The first administrator's name [default: named later, by the route of the first set-up]
    #[arg(long, value_name = "NAME")]
    admin: Option<String>,
    /// File with their password, 8 to 128 bytes
    #[arg(long, value_name = "FILE", requires = "admin")]
    admin_password_file: Option<PathBuf>,
    /// File with their PIN, 4 to 12 digits
    #[arg(long, value_name = "FILE", requires = "admin")]
    pin_file: Option<PathBuf>,
    /// File with the wallet password, which opens the money [default: the administrator's]
    #[arg(long, value_name = "FILE", requires = "admin")]
    wallet_password_file: Option<PathBuf>,
}

/// A name and secrets that keep all rules.
#[derive(Debug)]
pub(super) struct Admin(SetupWish);

/// A secret: its rule, what it is called, and the flag that names its file.
struct Kind {
    rule: fn(&'static str, &str) -> Result<(), Invalid>,
    name: &'static str,
    question: &'static str,
    flag: &'static str,
}

const PASSWORD: Kind = Kind {
    rule: field::password,
    name: "the password",
    question: "Their password, 8 to 128 bytes (Enter: name nobody now): ",
    flag: "--admin-password-file",
};
const PIN: Kind = Kind {
    rule: field::pin,
    name: "the PIN",
    question: "Their PIN, 4 to 12 digits (Enter: name nobody now): ",
    flag: "--pin-file",
};
const WALLET_PASSWORD: Kind = Kind {
    rule: field::password,
    name: "the wallet password",
    question: "The wallet password, which opens the money (Enter: the same as theirs): ",
    flag: "--wallet-password-file",
};

/// From flags, and from answers where these are silent; `None` if nobody is to be named now.
pub(super) fn gather(
    args: &AdminArgs,
    interactive: bool,
    console: &mut impl Console,
) -> Result<Option<Admin>, CliError> {
    let Some(name) = name(args, interactive, console)? else {
        return Ok(None);
    };
    let mut secret = |kind: &Kind, file: &Option<PathBuf>| match (file, interactive) {
        (Some(file), _) => from_file(kind, file).map(Some),
        (None, true) => ask(kind, console),
        (None, false) => Ok(None),
    };
    let missing = |kind: &Kind| {
        let say = format!("{} is needed: {} FILE", kind.name, kind.flag);
        if interactive {
            Ok(None)
        } else {
            Err(CliError::Usage(say))
        }
    };
    let Some(password) = secret(&PASSWORD, &args.admin_password_file)? else {
        return missing(&PASSWORD);
    };
    let Some(pin) = secret(&PIN, &args.pin_file)? else {
        return missing(&PIN);
    };
    let wallet_password = secret(&WALLET_PASSWORD, &args.wallet_password_file)?;
    Ok(Some(Admin(SetupWish {
        name,
        password,
        pin,
        wallet_password,
        business_name: None,
        business_currency: None,
    })))
}

fn name(
    args: &AdminArgs,
    interactive: bool,
    console: &mut impl Console,
) -> Result<Option<String>, CliError> {
    let good = |text: &str| field::name("the name", text);
    if let Some(name) = &args.admin {
        return good(name).map(Some).map_err(usage);
    }
    if !interactive {
        return Ok(None);
    }
    let question = "First administrator's name (Enter: name nobody now): ";
    for _ in 0..MAX_ATTEMPTS {
        let answer = console.ask(question).map_err(CliError::Prompt)?;
        if answer.is_empty() {
            return Ok(None);
        }
        match good(&answer) {
            Ok(name) => return Ok(Some(name)),
            Err(error) => console.complain(&format!("{error}\n")),
        }
    }
    Err(CliError::Usage("no administrator was named".to_owned()))
}

fn from_file(kind: &Kind, file: &Path) -> Result<Secret, CliError> {
    let text = fs::read_to_string(file).map_err(io_error("read", file))?;
    let text = Zeroizing::new(text);
    let secret = text.trim_end_matches(['\r', '\n']);
    (kind.rule)(kind.name, secret).map_err(usage)?;
    Ok(Secret::new(secret.to_owned()))
}

/// Asks twice, as nobody sees what is typed; `None` for an empty answer.
fn ask(kind: &Kind, console: &mut impl Console) -> Result<Option<Secret>, CliError> {
    for _ in 0..MAX_ATTEMPTS {
        let first = console
            .ask_secret(kind.question)
            .map_err(CliError::Prompt)?;
        if first.is_empty() {
            return Ok(None);
        }
        if let Err(error) = (kind.rule)(kind.name, &first) {
            console.complain(&format!("{error}\n"));
            continue;
        }
        let second = console.ask_secret("The same again: ");
        if first == second.map_err(CliError::Prompt)? {
            return Ok(Some(Secret::new(first.to_string())));
        }
        console.complain("The two are not the same.\n");
    }
    let unchosen = format!("{} was not chosen", kind.name);
    Err(CliError::Usage(unchosen))
}

impl Admin {
    pub(super) fn name(&self) -> String {
        self.0.name.clone()
    }
}

/// Makes the till's books, if there is something to be written in them: that they begin with a recovery,
/// and who administers the till.
pub(super) fn write(
    admin: Option<Admin>,
    is_recovery: bool,
    config: &Config,
    mnemonic: &Mnemonic,
) -> Result<(), CliError> {
    if admin.is_none() && !is_recovery {
        return Ok(());
    }
    let setup = admin.map(|admin| admin.0.prepare()).transpose();
    let setup = setup.map_err(|error| CliError::Usage(error.to_string()))?;
    let network = config.till.network.into();
    let mut till = StoppedTill::open_or_make(&config.till.data_dir, network)?;
    if is_recovery {
        till.execute(InceptionCommand::Begin)?;
    }
    if let Some(setup) = setup {
        let seed = Zeroizing::new(mnemonic.as_bip39().to_seed(""));
        till.initialize(&seed, setup)?;
    }
    Ok(())
}

/// Takes away the books that an attempt has made. There were none before it.
pub(super) fn unmake(data_dir: &Path) {
    for name in [
        "journal.sqlite",
        "journal.sqlite-wal",
        "journal.sqlite-shm",
        "lock",
    ] {
        let _ = fs::remove_file(data_dir.join(name));
    }
    let _ = fs::remove_dir_all(data_dir.join("views"));
}

fn usage(error: Invalid) -> CliError {
    CliError::Usage(error.to_string())
}
