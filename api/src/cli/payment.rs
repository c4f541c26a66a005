//! `tilld payment`: how an outgoing payment stands, and what one that is pending waits for.

use super::args::{PaymentArgs, Settings};
use super::ask::{self, AskError};
use super::console::Console;
use super::error::CliError;
use super::files;
use crate::serve::control::wire::{PaymentWire, ResolveWire};
use crate::serve::control::{PAYMENT_PATH, RESOLVE_PATH};

pub(super) fn run(
    settings: &Settings,
    args: &PaymentArgs,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<(), CliError> {
    let (loaded, _) = files::load(settings, env)?;
    let dir = &loaded.config.till.data_dir;
    let payment: PaymentWire = if args.was_paid || args.was_not_paid {
        let question = ResolveWire {
            payment: args.payment.clone(),
            paid: args.was_paid,
        };
        let question = serde_json::to_string(&question).map_err(AskError::from)?;
        ask::ask(dir, RESOLVE_PATH, question)?
    } else {
        ask::ask(dir, PAYMENT_PATH, args.payment.clone())?
    };
    let printed = if args.json {
        serde_json::to_string_pretty(&payment).map_err(AskError::from)? + "\n"
    } else {
        text(&payment)
    };
    console.say(&printed);
    Ok(())
}

fn text(payment: &PaymentWire) -> String {
    let hash = payment.hash.as_deref().unwrap_or("not known yet");
    let mut text = format!(
        "payment {}\n  {}, attempt {}, {} msat\n  payment hash: {hash}\n",
        payment.id, payment.status, payment.attempt, payment.amount_msat
    );
    for (what, sentence) in [("failure", &payment.failure), ("waits", &payment.waits_for)] {
        if let Some(sentence) = sentence {
            text.push_str(&format!("  {what}: {sentence}\n"));
        }
    }
    text
}
