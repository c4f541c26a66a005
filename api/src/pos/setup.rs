//! The first set-up: what it takes, whoever asks, a route or the command line. Owns its rules and
//! the hashing of its secrets; that it happens once only is the ledger's.

use till_actors::service::InitialSetup;

use super::field::{self, Invalid};
use crate::guard::{HashError, Secret, hash};

/// The first administrator, and the shop.
#[derive(Clone, Debug)]
pub struct SetupWish {
    /// The administrator's name.
    pub name: String,
    /// Their password, 8 to 128 bytes.
    pub password: Secret,
    /// Their PIN, 4 to 12 digits.
    pub pin: Secret,
    /// The wallet password; the administrator's where there is none.
    pub wallet_password: Option<Secret>,
    /// What the shop calls itself.
    pub business_name: Option<String>,
    /// The currency it counts in, an ISO 4217 code.
    pub business_currency: Option<String>,
}

/// Why a wish cannot be granted.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A field breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The secrets could not be hashed.
    #[error("{0}")]
    Hash(String),
}

/// A wish whose fields keep all rules.
pub(crate) struct CheckedWish(SetupWish);

impl SetupWish {
    /// Checks the wish and hashes its secrets, which takes a tenth of a second: not for an async
    /// thread.
    ///
    /// # Errors
    /// [`SetupError`] if a field breaks a rule, or there is no randomness or memory to hash with.
    pub fn prepare(self) -> Result<InitialSetup, SetupError> {
        let wish = self.check()?;
        wish.hash().map_err(|e| SetupError::Hash(e.to_string()))
    }

    /// Checks every field.
    pub(crate) fn check(self) -> Result<CheckedWish, Invalid> {
        let name = field::name("userName", &self.name)?;
        field::password("userPassword", self.password.reveal())?;
        field::pin("userPin", self.pin.reveal())?;
        if let Some(password) = &self.wallet_password {
            field::password("walletPassword", password.reveal())?;
        }
        let business_name = self.business_name.as_deref();
        let business_name = business_name.map(|text| field::name("businessName", text));
        let currency = self.business_currency.as_deref();
        let currency = currency.map(|text| field::currency("businessCurrency", text));
        Ok(CheckedWish(Self {
            name,
            business_name: business_name.transpose()?,
            business_currency: currency.transpose()?,
            ..self
        }))
    }
}

impl CheckedWish {
    /// Hashes the secrets.
    pub(crate) fn hash(self) -> Result<InitialSetup, HashError> {
        let wish = self.0;
        let wallet_password = wish.wallet_password.as_ref().unwrap_or(&wish.password);
        Ok(InitialSetup {
            wallet_password: hash(wallet_password)?,
            password: hash(&wish.password)?,
            pin: hash(&wish.pin)?,
            name: wish.name,
            business_name: wish.business_name,
            business_currency: wish.business_currency,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> SetupWish {
        SetupWish {
            name: "ana".into(),
            password: Secret::new("S3cur3P4ssw0rd!!".into()),
            pin: Secret::new("1234".into()),
            wallet_password: None,
            business_name: Some("Café".into()),
            business_currency: Some("brl".into()),
        }
    }

    #[test]
    fn a_good_wish_is_hashed() {
        let setup = wish().prepare().expect("good");
        assert_eq!(setup.business_currency.as_deref(), Some("BRL"));
        assert_ne!(setup.password, setup.wallet_password, "salts differ");
    }

    #[test]
    fn a_bad_wish_names_its_field() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let table = [
            (
                SetupWish {
                    name: String::new(),
                    ..wish()
                },
                "userName",
            ),
            (
                SetupWish {
                    password: secret("short"),
                    ..wish()
                },
                "userPassword",
            ),
            (
                SetupWish {
                    pin: secret("12ab"),
                    ..wish()
                },
                "userPin",
            ),
            (
                SetupWish {
                    wallet_password: Some(secret("")),
                    ..wish()
                },
                "walletPassword",
            ),
            (
                SetupWish {
                    business_name: Some(String::new()),
                    ..wish()
                },
                "businessName",
            ),
            (
                SetupWish {
                    business_currency: Some("euro".into()),
                    ..wish()
                },
                "businessCurrency",
            ),
        ];
        for (wish, field) in table {
            let refused = wish.prepare().expect_err(field).to_string();
            assert!(refused.starts_with(field), "{refused}");
        }
    }
}
