//! Argon2id: how passwords and PINs are hashed and compared. Owns the parameters; when it may be
//! tried, and how often, is the [gate](super::gate)'s.

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use till::access::PasswordHash;

use super::Secret;

/// OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A hash with our parameters that belongs to nobody: an unknown name costs as much time as a
/// known one, so that names cannot be told apart by the clock.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The library could not hash: no randomness, or no memory.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub(crate) struct HashError(argon2::password_hash::Error);

fn argon2() -> Argon2<'static> {
    // The constants above are within the library's bounds; a test makes a hash with them.
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a secret that somebody chose. Takes tens of milliseconds: never on an async thread.
pub(crate) fn hash(secret: &Secret) -> Result<PasswordHash, HashError> {
    let hash: phc::PasswordHash = argon2()
        .hash_password(secret.reveal().as_bytes())
        .map_err(HashError)?;
    Ok(PasswordHash::new(hash.to_string()))
}

/// Whether `secret` is what `stored` was made from; never for nobody's, but in the same time.
/// Takes tens of milliseconds: never on an async thread.
pub(crate) fn verify(secret: &Secret, stored: Option<&PasswordHash>) -> bool {
    let text = stored.map_or(NOBODY, PasswordHash::phc);
    let Ok(hash) = phc::PasswordHash::new(text) else {
        tracing::error!("a stored password hash cannot be read");
        return false;
    };
    let right = argon2().verify_password(secret.reveal().as_bytes(), &hash);
    stored.is_some() && right.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_opens_its_hash() {
        let secret = Secret::new("S3cur3P4ssw0rd!!".into());
        let stored = hash(&secret).expect("hashing works");
        assert!(stored.phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&secret, Some(&stored)));
        assert!(!verify(&Secret::new("else".into()), Some(&stored)));
        assert!(!verify(&secret, None));
        assert!(!verify(&secret, Some(&PasswordHash::new("junk".into()))));
    }

    #[test]
    fn nobody_s_hash_costs_what_a_real_one_does() {
        let nobody = phc::PasswordHash::new(NOBODY).expect("well formed");
        let real = hash(&Secret::new("1234".into())).expect("hashing works");
        let real = phc::PasswordHash::new(real.phc()).expect("well formed");
        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.algorithm, real.algorithm);
        assert_eq!(
            nobody.hash.map(|h| h.as_bytes().len()),
            real.hash.map(|h| h.as_bytes().len())
        );
    }
}
