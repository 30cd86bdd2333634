//! How long an application wants its tokens to live.

use std::time::Duration;

/// `accessTokenLifetime` and the like: digits and one of `s m h d w y`.
pub(crate) fn read(text: &str) -> Option<Duration> {
    let unit = match text.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        'w' => 7 * 24 * 60 * 60,
        'y' => 365 * 24 * 60 * 60,
        _ => return None,
    };
    let count: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    Some(Duration::from_secs(count.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_digits_and_a_unit() {
        assert_eq!(read("90s"), Some(Duration::from_secs(90)));
        assert_eq!(read("2w"), Some(Duration::from_secs(14 * 86_400)));
        for text in ["", "h", "1", "1x", "-1h", "18446744073709551615y"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
