//! Stories of a seed file: made, read back, protected, damaged.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;

const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("seed");
    (folder, path)
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn words() -> Mnemonic {
    Mnemonic::parse(WORDS).unwrap()
}

#[test]
fn new_seeds_have_the_number_of_words_asked_for_and_differ() {
    for (count, expected) in [(WordCount::Twelve, 12), (WordCount::TwentyFour, 24)] {
        let one = Mnemonic::generate(count).unwrap();
        assert_eq!(one.words().count(), expected);
        assert_eq!(Mnemonic::parse(&one.phrase()).unwrap(), one);
        assert_ne!(Mnemonic::generate(count).unwrap(), one);
    }
}

#[test]
fn a_plain_seed_comes_back() {
    let (_folder, path) = folder();
    create(&path, &words(), None).unwrap();
    assert!(!is_encrypted(&path).unwrap());
    assert_eq!(open(&path, None).unwrap(), words());
    // A passphrase that is not needed does no harm.
    assert_eq!(open(&path, Some(&passphrase("x"))).unwrap(), words());
    insta::assert_snapshot!(fs::read_to_string(&path).unwrap(), @"
    tilld-seed 1 plain
    abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about
    sha256 b0ace3f6dbd60c33390292dba9db751d122e34f3722e6a786fae93413a3ba59d
    ");
}

#[test]
fn an_encrypted_seed_comes_back_with_its_passphrase_only() {
    let (_folder, path) = folder();
    let seed = Mnemonic::generate(WordCount::TwentyFour).unwrap();
    create(&path, &seed, Some(&passphrase("Grüße"))).unwrap();
    assert!(is_encrypted(&path).unwrap());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("tilld-seed 1 argon2id m=65536 t=3 p=4 xchacha20poly1305\n"));
    assert!(!text.contains(&*seed.phrase()));

    assert_eq!(open(&path, Some(&passphrase("Grüße"))).unwrap(), seed);
    // The same passphrase from a keyboard that sends letter and accent apart.
    assert_eq!(
        open(&path, Some(&passphrase("Gru\u{308}ße"))).unwrap(),
        seed
    );
    for wrong in [Some(passphrase("grüße")), None] {
        let error = open(&path, wrong.as_ref()).unwrap_err();
        assert!(matches!(error, SeedError::WrongPassphrase(_)), "{error}");
        assert!(
            error
                .to_string()
                .starts_with("wrong passphrase for the seed file ")
        );
    }
}

#[test]
fn a_file_of_the_first_release_can_be_read_forever() {
    let (_folder, path) = folder();
    fs::create_dir(path.parent().unwrap()).unwrap();
    let text = concat!(
        "tilld-seed 1 argon2id m=65536 t=3 p=4 xchacha20poly1305\n",
        "3znAbpIM7I2zZ0sqzdOmwTrn6BN/5+LmYQqFpEY6ETwwLbU4wbVFbefH4d24it7UWaT6zFDBQqUh",
        "hDIuZlBvSCaVsY0fFjEmknPODqc/jQbVtIeKlkBKwy4G5s76l/iwOxC2fzXc31FoctQ5Ug61e83t",
        "y4R1nNfkn9llndHEljib1M7CkLuyTYgpCEaUnlqQXXlvKrE=\n",
        "sha256 c335c239d218dcba2bb278f14bda9d0555576dc5bcda4c8056ade26ccfb976a6\n",
    );
    fs::write(&path, text).unwrap();
    assert_eq!(
        open(&path, Some(&passphrase("correct horse"))).unwrap(),
        words()
    );
}

#[test]
fn every_flipped_bit_and_every_cut_is_damage_and_never_a_wrong_passphrase() {
    let (_folder, path) = folder();
    for secret in [None, Some(passphrase("p"))] {
        let _ = fs::remove_file(&path);
        create(&path, &words(), secret.as_ref()).unwrap();
        let good = fs::read(&path).unwrap();
        let damaged = |bytes: &[u8], what: &str| {
            fs::write(&path, bytes).unwrap();
            let error = open(&path, secret.as_ref()).unwrap_err();
            // The digit of the version can only turn into other digits, that is, other versions.
            let version = matches!(error, SeedError::UnknownVersion { .. });
            assert!(
                version || matches!(error, SeedError::Damaged { .. }),
                "{what}: {error}"
            );
        };
        for position in 0..good.len() {
            for bit in 0..8 {
                let mut bytes = good.clone();
                bytes[position] ^= 1 << bit;
                damaged(&bytes, &format!("bit {bit} of byte {position}"));
            }
            damaged(&good[..position], &format!("cut at {position}"));
        }
        damaged(&[&good[..], b"x"].concat(), "a byte too many");
        fs::write(&path, &good).unwrap();
        assert_eq!(open(&path, secret.as_ref()).unwrap(), words());
    }
}

#[test]
fn a_header_that_asks_for_the_whole_machine_is_refused() {
    for header in [
        "m=4294967295 t=3 p=4",
        "m=65536 t=999999 p=4",
        "m=8 t=1 p=4",
        "m=64 t=0 p=1",
    ] {
        let body = format!("tilld-seed 1 argon2id {header} xchacha20poly1305\nAAAA\n");
        let sum = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&body));
        let (_folder, path) = folder();
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("{body}sha256 {sum}\n")).unwrap();
        let error = open(&path, Some(&passphrase("p"))).unwrap_err();
        assert!(
            error.to_string().contains("its first line is not valid"),
            "{error}"
        );
    }
}

#[test]
fn a_later_format_is_named() {
    let (_folder, path) = folder();
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "tilld-seed 2 whatever\n").unwrap();
    let error = open(&path, None).unwrap_err();
    assert!(
        matches!(&error, SeedError::UnknownVersion { version, .. } if version == "2"),
        "{error}"
    );
}

#[test]
fn a_missing_seed_is_told_from_a_damaged_one() {
    let (_folder, path) = folder();
    assert!(matches!(open(&path, None), Err(SeedError::Missing(_))));
    assert!(matches!(is_encrypted(&path), Err(SeedError::Missing(_))));
}

#[test]
fn only_the_owner_can_read_what_is_made() {
    let (_folder, path) = folder();
    create(&path, &words(), None).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}

#[test]
fn a_seed_is_never_overwritten_and_no_draft_stays_behind() {
    let (_folder, path) = folder();
    create(&path, &words(), None).unwrap();
    let before = fs::read(&path).unwrap();
    let other = Mnemonic::generate(WordCount::Twelve).unwrap();
    let error = create(&path, &other, Some(&passphrase("p"))).unwrap_err();
    assert!(matches!(error, SeedError::Exists(_)), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn nothing_secret_is_in_debug() {
    assert_eq!(format!("{:?}", words()), "Mnemonic(redacted)");
    assert_eq!(
        format!("{:?}", passphrase("hunter2")),
        "Passphrase(redacted)"
    );
}

mod passphrase_sources {
    use super::*;

    fn typed(text: &str) -> impl FnOnce() -> io::Result<Option<Zeroizing<String>>> {
        let text = text.to_owned();
        move || Ok(Some(Zeroizing::new(text)))
    }

    #[test]
    fn file_then_credential_then_person() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        fs::write(&file, "from file\r\n").unwrap();
        fs::write(folder.path().join("seed-passphrase"), "from systemd\n").unwrap();
        let credentials_dir = Some(folder.path().to_owned());

        let all = PassphraseSources {
            file: Some(file),
            credentials_dir: credentials_dir.clone(),
        };
        assert_eq!(
            all.resolve(typed("typed")).unwrap(),
            passphrase("from file")
        );
        let no_file = PassphraseSources {
            file: None,
            credentials_dir,
        };
        assert_eq!(
            no_file.resolve(typed("typed")).unwrap(),
            passphrase("from systemd")
        );
        let nothing = PassphraseSources::default();
        assert_eq!(
            nothing.resolve(typed("typed")).unwrap(),
            passphrase("typed")
        );
    }

    #[test]
    fn without_any_the_error_names_all_three() {
        for nobody in [None, Some(Zeroizing::new(String::new()))] {
            let error = PassphraseSources::default()
                .resolve(|| Ok(nobody))
                .unwrap_err();
            let text = error.to_string();
            for place in ["seed.passphrase_file", "seed-passphrase", "terminal"] {
                assert!(text.contains(place), "{text}");
            }
        }
    }

    #[test]
    fn a_file_that_is_named_must_be_good() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        let sources = PassphraseSources {
            file: Some(file.clone()),
            credentials_dir: None,
        };
        let error = sources.resolve(typed("typed")).unwrap_err();
        assert!(
            matches!(error, PassphraseError::Unreadable { .. }),
            "{error}"
        );
        fs::write(&file, "\n").unwrap();
        let error = sources.resolve(typed("typed")).unwrap_err();
        assert!(matches!(error, PassphraseError::Empty(_)), "{error}");
    }
}
