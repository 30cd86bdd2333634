//! Passwords: Argon2id with the parameters that OWASP's Password Storage Cheat Sheet sets as the minimum (19 MiB, 2 passes,
//! 1 lane), stored as PHC text.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use domain::{Dice, Fault};

/// The hash of a password that nobody knows, with the parameters of [`hash`]: what an unknown user's password is compared with.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$pAV9DUYt4piQregNz8vKTA$2NpAAiyBH3B3cyMkkP47O9LMprX/KibUC+RKAsVOps4";

/// The longest password, in bytes.
const LONGEST: usize = 72;

/// A password that may be set: 8 to 72 bytes. It cannot be printed.
pub struct Password(String);

impl Password {
    /// Accepts a password of a permitted length. The upper limit is that of bcrypt, in bytes, as upstream has it; nothing is
    /// trimmed or cut off.
    ///
    /// # Errors
    ///
    /// A fault of the field `password`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if (8..=LONGEST).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Fault::invalid(
                "password",
                "Password must be between 8 and 72 characters",
            ))
        }
    }

    /// Whether it is one of those that everybody knows.
    pub fn is_breached(&self) -> bool {
        crate::breach::is_listed(&self.0)
    }
}

/// The PHC text to be stored for `password`, with a salt of 128 bits.
#[expect(
    clippy::expect_used,
    reason = "Argon2 refuses only lengths that neither a Password nor this salt can have"
)]
pub fn hash(password: &Password, dice: &Dice) -> String {
    Argon2::default()
        .hash_password_with_salt(password.0.as_bytes(), &dice.bytes::<16>())
        .expect("lengths that Argon2 accepts")
        .to_string()
}

/// Whether `candidate` is the password behind the stored text: PHC with the parameters named there, or bcrypt's if it was imported. Any
/// other text matches nothing.
pub fn verify(candidate: &str, phc: &str) -> bool {
    if is_imported(phc) {
        // bcrypt looks at so many bytes, and longer passwords would match by their beginning.
        return candidate.len() <= LONGEST && bcrypt::verify(candidate, phc).unwrap_or(false);
    }
    PasswordHash::new(phc).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(candidate.as_bytes(), &hash)
            .is_ok()
    })
}

/// Whether a stored text comes from another system: it is replaced when its password is next shown.
pub fn is_imported(stored: &str) -> bool {
    stored.starts_with("$2")
}

/// A hash of another system's, if we can verify it: bcrypt (`$2a$`, `$2b$`, `$2y$`) with a cost that nobody has to wait for.
pub fn import(hash: &str) -> Option<String> {
    let parts: bcrypt::HashParts = hash.parse().ok()?;
    let is_known = ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|kind| hash.starts_with(kind));
    (is_known && hash.len() == 60 && (4..=14).contains(&parts.get_cost())).then(|| hash.to_owned())
}

/// The PHC text for a password that was right, however long it is: what replaces an imported hash.
pub fn rehash(right: &str, dice: &Dice) -> String {
    hash(&Password(right.to_owned()), dice)
}

/// [`verify`] for a user who does not exist or has no password: it spends the same time, so that an answer's delay does not
/// tell, and no candidate is right.
pub fn verify_nobody(candidate: &str) -> bool {
    verify(candidate, NOBODY)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use super::*;
    use crate::sample::dice;

    fn parse(text: &str) -> Password {
        Password::parse(text).map_err(|fault| fault.text).unwrap()
    }

    #[test]
    fn a_password_verifies_against_its_own_hash_only() {
        let stored = hash(&parse("correct horse"), &dice());
        assert!(verify("correct horse", &stored));
        for other in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!verify(other, &stored), "{other:?}");
        }
    }

    #[test]
    fn a_hash_names_the_parameters_and_two_hashes_of_one_password_differ() {
        let dice = dice();
        let first = hash(&parse("correct horse"), &dice);
        assert!(
            first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{first}"
        );
        assert_ne!(first, hash(&parse("correct horse"), &dice));
    }

    #[test]
    fn a_hash_made_by_the_reference_implementation_verifies() {
        let reference = "$argon2id$v=19$m=19456,t=2,p=1$L9dlIU/5NsWczhOk/oHHng$E6xyb1lAuSJv+e50a9RaSpd1uUMCAsrVtPAhWcjeLgw";
        assert!(verify("correct horse battery staple", reference));
        assert!(!verify("correct horse battery stable", reference));
    }

    #[test]
    fn the_length_is_8_to_72_bytes_and_the_fault_names_the_field() {
        for good in ["12345678", &"x".repeat(72), &"é".repeat(36), " 12 345 "] {
            assert!(Password::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["", "1234567", &"x".repeat(73), &"é".repeat(37)] {
            let fault = Password::parse(bad).err();
            let expected =
                Fault::invalid("password", "Password must be between 8 and 72 characters");
            assert_eq!(fault, Some(expected), "{bad:?}");
        }
    }

    #[test]
    fn an_imported_hash_verifies_and_is_known_as_one() {
        // "correct horse", cost 4, by another implementation.
        let reference = "$2b$04$0n2wDfCj9UGFOE7S4Pnaju.uvdj1PFSLpToWYip7mk/TewAl/3vwe";
        for kind in ["$2a$", "$2b$", "$2y$"] {
            let hash = reference.replacen("$2b$", kind, 1);
            assert_eq!(import(&hash).as_deref(), Some(hash.as_str()));
            assert!(is_imported(&hash) && verify("correct horse", &hash));
            for other in ["", "correct hors", "correct horse "] {
                assert!(!verify(other, &hash), "{other:?}");
            }
        }
        assert!(!is_imported(&rehash("short", &dice())));
        assert!(verify("short", &rehash("short", &dice())));
    }

    #[test]
    fn what_is_no_bcrypt_hash_or_too_dear_is_not_imported() {
        let body = "ABCDEFGHIJKLMNOPQRSTUuABCDEFGHIJKLMNOPQRSTUVWXYZabcde";
        for hash in [
            String::new(),
            "password".to_owned(),
            format!("$2b$31${body}"),
            format!("$2b$03${body}"),
            format!("$1$10${body}"),
            "$2b$10$short".to_owned(),
            "$argon2id$v=19$m=19456,t=2,p=1$x$y".to_owned(),
        ] {
            assert_eq!(import(&hash), None, "{hash}");
        }
    }

    #[test]
    fn what_comes_after_the_bytes_that_bcrypt_sees_is_not_ignored() {
        let long = "x".repeat(72);
        let hash = bcrypt::hash_with_salt(&long, 4, *b"0123456789abcdef").unwrap();
        let hash = hash.format_for_version(bcrypt::Version::TwoB);
        assert!(verify(&long, &hash));
        assert!(!verify(&format!("{long}y"), &hash));
    }

    #[test]
    fn a_damaged_or_foreign_hash_matches_nothing() {
        for stored in [
            "",
            "x",
            "$2a$10$abc",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
        ] {
            assert!(!verify("", stored), "{stored}");
            assert!(!verify("correct horse", stored), "{stored}");
        }
    }

    #[test]
    fn an_unknown_user_costs_what_a_known_one_costs() {
        let real = hash(&parse("correct horse"), &dice());
        let real = PasswordHash::new(&real).unwrap();
        let nobody = PasswordHash::new(NOBODY).unwrap();
        assert_eq!(nobody.algorithm, real.algorithm);
        assert_eq!(nobody.version, real.version);
        assert_eq!(nobody.params, real.params);
        assert_eq!(
            nobody.hash.map(|hash| hash.len()),
            real.hash.map(|hash| hash.len())
        );
        assert!(!verify_nobody("correct horse"));
    }
}
