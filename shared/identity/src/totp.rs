//! Time-based one-time passwords (RFC 6238): six digits, thirty seconds, HMAC-SHA-1, as every authenticator app has them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use domain::{Dice, Secret, Timestamp};

/// How long one code is shown, in seconds.
const STEP: i64 = 30;
/// The alphabet of base32 (RFC 4648 §6).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new seed: 160 bits in base32, 32 characters.
pub fn seed(dice: &Dice) -> Secret {
    let bytes = dice.bytes::<20>();
    let mut text = String::with_capacity(32);
    for five in bytes.chunks(5) {
        let bits = five
            .iter()
            .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for at in (0..8).rev() {
            text.push(char::from(
                ALPHABET[usize::try_from(bits >> (5 * at) & 31).unwrap_or(0)],
            ));
        }
    }
    Secret::new(text)
}

/// The step at which `seed` shows `code`: the one of `now`, or the one before or after it, because clocks differ. Later steps than
/// `used` only, so that no code is good twice.
pub fn step_of(seed: &Secret, code: &str, now: Timestamp, used: i64) -> Option<i64> {
    let key = decode(seed.reveal())?;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let this = now.as_seconds().div_euclid(STEP);
    let shows = |step: &i64| {
        let shown = shown(&key, *step);
        verify_slices_are_equal(shown.as_bytes(), code.as_bytes()).is_ok()
    };
    // Every step is looked at, whatever the first says.
    let found: Vec<i64> = (this - 1..=this + 1).filter(shows).collect();
    found.into_iter().find(|step| *step > used)
}

/// The digits of a step (RFC 4226 §5.3).
fn shown(key: &hmac::Key, step: i64) -> String {
    let tag = hmac::sign(key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 15);
    let four: [u8; 4] = std::array::from_fn(|at| tag[offset + at]);
    format!(
        "{:06}",
        (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000
    )
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|own| *own == letter)?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
        bits &= (1 << count) - 1;
    }
    Some(bytes)
}

/// What an authenticator app reads from a picture. `product` is the issuer's name, `email` tells the accounts apart.
pub fn uri(product: &str, email: &str, seed: &Secret) -> String {
    let issuer = match product {
        "Medplum" => "medplum.com",
        other => other,
    };
    let issuer = escaped(issuer);
    let account = escaped(&format!("{product} - {email}"));
    let seed = seed.reveal();
    format!(
        "otpauth://totp/{issuer}:{account}?secret={seed}&period=30&digits=6&algorithm=SHA1&issuer={issuer}"
    )
}

/// Percent-encoding of everything but the unreserved characters (RFC 3986 §2.3).
fn escaped(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            whole.push_str(&format!("%{byte:02X}"));
        }
    }
    whole
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use super::*;
    use crate::sample::{at, dice};

    /// "12345678901234567890", the secret of the standard's test vectors.
    const STANDARD: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn the_codes_are_those_of_the_standard() {
        let seed = Secret::new(STANDARD);
        // RFC 6238, appendix B: the last six of eight digits.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(
                step_of(&seed, code, at(second), 0),
                Some(second / 30),
                "{second}"
            );
        }
    }

    #[test]
    fn a_code_is_good_for_a_step_more_on_either_side_and_once() {
        let seed = Secret::new(STANDARD);
        let step = 1_234_567_890 / 30;
        for (seconds, good) in [
            (-31, false),
            (-30, true),
            (0, true),
            (59, true),
            (60, false),
        ] {
            let found = step_of(&seed, "005924", at(1_234_567_890 + seconds), 0);
            assert_eq!(found, good.then_some(step), "{seconds}");
        }
        assert_eq!(step_of(&seed, "005924", at(1_234_567_890), step), None);
    }

    #[test]
    fn what_is_no_code_or_no_seed_matches_nothing() {
        for code in ["", "00592", "0059240", "abcdef", "005925"] {
            assert_eq!(
                step_of(&Secret::new(STANDARD), code, at(1_234_567_890), 0),
                None
            );
        }
        assert_eq!(
            step_of(&Secret::new("not base32!"), "005924", at(0), 0),
            None
        );
    }

    #[test]
    fn a_new_seed_is_20_bytes_and_never_the_same() {
        let dice = dice();
        let (one, two) = (seed(&dice), seed(&dice));
        assert_eq!(decode(one.reveal()).unwrap().len(), 20);
        assert_eq!(decode(STANDARD).unwrap(), b"12345678901234567890");
        assert!(one != two);
    }

    #[test]
    fn the_uri_is_as_recorded() {
        let uri = uri("Medplum", "a@example.com", &Secret::new("ABC"));
        assert_eq!(
            uri,
            "otpauth://totp/medplum.com:Medplum%20-%20a%40example.com?secret=ABC&period=30&digits=6&algorithm=SHA1&issuer=medplum.com"
        );
    }
}
