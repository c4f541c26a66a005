//! The terminal, behind a trait so that conversations can be tested.
//!
//! Owns asking and printing. Knows nothing of what is asked.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use zeroize::Zeroizing;

/// Whom the command line talks to.
pub(super) trait Console {
    /// Whether there is a person to ask.
    fn is_interactive(&self) -> bool;
    /// Asks for a line; white space around it does not count.
    fn ask(&mut self, question: &str) -> io::Result<String>;
    /// Asks for a line that is not shown while it is typed.
    fn ask_secret(&mut self, question: &str) -> io::Result<Zeroizing<String>>;
    /// Prints a result, to stdout.
    fn say(&mut self, text: &str);
    /// Prints an error or a remark, to stderr.
    fn complain(&mut self, text: &str);
}

/// The terminal of this process.
pub(super) struct Terminal;

impl Console for Terminal {
    fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        self.complain(question);
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim().to_owned())
    }

    fn ask_secret(&mut self, question: &str) -> io::Result<Zeroizing<String>> {
        rpassword::prompt_password(question).map(Zeroizing::new)
    }

    fn say(&mut self, text: &str) {
        // Nobody listens any more where stdout is closed, and there is nobody to tell.
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    fn complain(&mut self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}
