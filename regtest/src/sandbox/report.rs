//! What the terminal says: short, aligned, ready to paste.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde_json::{Value, json};

use super::sale::Sale;
use crate::control::Info;
use crate::world::World;

/// The row that only a till of our own has.
const LOG: &str = "till's log";

/// All that is said once the world is up.
pub(super) struct Report<'a> {
    pub(super) world: &'a World,
    pub(super) info: &'a Info,
    pub(super) control_url: &'a str,
    pub(super) sale: &'a Sale,
    pub(super) ready_after: Duration,
}

impl Report<'_> {
    /// One line for programs: what `GET /info` says, and the sale.
    pub(super) fn to_json(&self) -> Value {
        let mut line = json!(self.info);
        line["control"] = json!(self.control_url);
        line["dataDir"] = json!(self.world.dir());
        line["readyAfterMs"] = json!(self.ready_after.as_millis());
        line["sale"] = json!(self.sale);
        line["sale"]["timeline"] = self
            .sale
            .timeline
            .iter()
            .map(|row| json!({ "atMs": row.at_ms, "what": row.what }))
            .collect();
        line
    }

    fn write_sale(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sale = self.sale;
        writeln!(f, "\nFirst sale: {} sat", grouped(sale.amount_sat))?;
        let start = sale.timeline.first().map_or(0, |row| row.at_ms);
        for row in &sale.timeline {
            writeln!(
                f,
                "  {:>5} ms  {}",
                row.at_ms.saturating_sub(start),
                row.what
            )?;
        }
        let (before, after) = (sale.balance_before_sat, sale.balance_after_sat);
        writeln!(
            f,
            "  Seen on the WebSocket and in the ledger: balance {} -> {} sat.",
            grouped(before),
            grouped(after)
        )?;
        match sale.reserved_sat() {
            0 => Ok(()),
            kept => writeln!(
                f,
                "  {} sat of it are the reserve that its channel keeps, and cannot be spent yet.",
                grouped(kept)
            ),
        }
    }

    fn write_places(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (world, who) = (self.world, self.world.credentials());
        let node = |id: String, address: String| format!("{id}@{address}");
        let till = world.till_node();
        let (customer, lsp) = (world.customer(), world.lsp());
        let places = [
            ("till", world.client().url().to_owned()),
            ("control", self.control_url.to_owned()),
            ("esplora", world.esplora_url()),
            (
                "till node",
                node(till.node_id.to_string(), till.address.to_string()),
            ),
            (
                "customer",
                node(
                    customer.node_id().to_string(),
                    customer.address().to_string(),
                ),
            ),
            (
                "provider",
                node(lsp.node_id().to_string(), lsp.address().to_string()),
            ),
            (LOG, world.till().log().display().to_string()),
            (
                "keys (POS)",
                format!(
                    "name {}, PIN {}, password {}, wallet password {}",
                    who.name, who.pin, who.password, who.wallet_password
                ),
            ),
        ];
        writeln!(f)?;
        for (name, place) in places {
            if name == LOG && !world.till().is_ours() {
                continue;
            }
            writeln!(f, "  {name:<11} {place}")?;
        }
        Ok(())
    }

    /// The second wallet pays the first once it has money; here the customer pays.
    fn lnbits_commands(&self) -> String {
        let (till, control) = (self.world.client().url(), self.control_url);
        let Some([first, ..]) = self.info.lnbits_wallets() else {
            return format!("# no wallets yet: curl -sS {control}/info");
        };
        let (admin, see) = (&first.adminkey, &first.inkey);
        format!(
            "INVOICE=$(curl -sS {till}/api/v1/payments -H 'X-Api-Key: {admin}' \
             -d '{{\"out\":false,\"amount\":1000,\"memo\":\"Tea\"}}' \
             | sed 's/.*\"payment_request\":\"\\([^\"]*\\)\".*/\\1/')\n\
             post {control}/pay '{{\"invoice\":\"'$INVOICE'\"}}'\n\
             curl -sS {till}/api/v1/wallet -H 'X-Api-Key: {see}'"
        )
    }

    /// A program's wallet: an invoice, the customer pays it, and the stream tells.
    fn lnbot_commands(&self) -> String {
        let (till, control) = (self.world.client().url(), self.control_url);
        let Some(account) = self.info.lnbot_account() else {
            return format!("# no account yet: curl -sS {control}/info");
        };
        let wallet = format!("{till}/v1/wallets/current");
        let key = &account.wallet_key;
        format!(
            "INVOICE=$(curl -sS {wallet}/invoices -H 'Authorization: Bearer {key}' \
             -H 'content-type: application/json' -d '{{\"amount\":700,\"memo\":\"Answer\"}}' \
             | sed 's/.*\"bolt11\":\"\\([^\"]*\\)\".*/\\1/')\n\
             post {control}/pay '{{\"invoice\":\"'$INVOICE'\"}}'\n\
             curl -sS {wallet}/transactions -H 'Authorization: Bearer {key}'"
        )
    }

    fn write_commands(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.world.credentials();
        let till = self.world.client().url();
        let control = self.control_url;
        let jar = self.world.dir().join("cookies.txt");
        let jar = jar.display();
        let socket = till.replacen("http", "ws", 1);
        let commands = [
            (
                "Log in, and open the wallet",
                format!(
                    "JAR='{jar}'\n\
                     post() {{ curl -sS -b \"$JAR\" -c \"$JAR\" -H 'content-type: application/json' \
                     \"$1\" -d \"$2\"; echo; }}\n\
                     post {till}/auth/login '{{\"name\":\"{}\",\"pin\":\"{}\"}}'\n\
                     post {till}/wallet/auth '{{\"password\":\"{}\"}}'",
                    who.name, who.pin, who.wallet_password
                ),
            ),
            (
                "Make an invoice, and have the customer pay it",
                format!(
                    "INVOICE=$(post {till}/wallet/invoice \
                     '{{\"amountSat\":50000,\"description\":\"Coffee\",\"externalId\":\"order-1\"}}' \
                     | sed 's/.*\"serialized\":\"\\([^\"]*\\)\".*/\\1/')\n\
                     post {control}/pay '{{\"invoice\":\"'$INVOICE'\"}}'"
                ),
            ),
            (
                "Pay an invoice of the customer's",
                format!(
                    "INVOICE=$(post {control}/invoice '{{\"amountSat\":10000}}' \
                     | sed 's/.*\"invoice\":\"\\([^\"]*\\)\".*/\\1/')\n\
                     post {till}/wallet/payinvoice '{{\"invoice\":\"'$INVOICE'\"}}'"
                ),
            ),
            (
                "List sales, and ask for the balance",
                format!(
                    "curl -sS -b \"$JAR\" '{till}/wallet/payments/incoming?limit=10'\n\
                     curl -sS -b \"$JAR\" {till}/wallet/getbalance"
                ),
            ),
            (
                "Watch sales as they come (with websocat)",
                format!(
                    "websocat -H \"Cookie: accessToken=$(awk '$6==\"accessToken\"{{print $7}}' \"$JAR\")\" \
                     {socket}/ws/payments"
                ),
            ),
            (
                "LNbits: make an invoice in one wallet, pay it from the customer's node",
                self.lnbits_commands(),
            ),
            (
                "ln.bot: a program's wallet takes money",
                self.lnbot_commands(),
            ),
            (
                "Mine, fund, pull plugs: the control API has it all",
                format!(
                    "post {control}/mine '{{\"blocks\":1}}'\n\
                     curl -sS {control}/info"
                ),
            ),
        ];
        for (what, lines) in commands {
            writeln!(f, "\n# {what}\n{lines}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.ready_after.as_secs_f64();
        writeln!(f, "\nReady after {after:.1} s, the first sale included.")?;
        self.write_sale(f)?;
        self.write_places(f)?;
        if self.world.till().is_ours() {
            self.write_commands(f)
        } else {
            // The till's name and the passwords are those inside of somebody else's network.
            writeln!(f, "\nThe commands to paste are in docker/README.md.")
        }
    }
}

/// A number with its thousands set apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        // A String takes everything.
        let _ = out.write_char(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (25_000_000, "25,000,000"),
        ];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
    }
}
