use uuid::{Builder, Uuid};

use crate::Timestamp;

/// Chance, as an argument: every random id and secret is drawn from the dice that the caller hands in.
///
/// The source is filled in by `app` (the operating system's generator); rules and tests may hand in another.
#[derive(Clone, Copy)]
pub struct Dice(fn(&mut [u8]));

impl Dice {
    /// Dice that roll with `fill`, which must overwrite the whole buffer with unpredictable bytes.
    pub fn new(fill: fn(&mut [u8])) -> Self {
        Self(fill)
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// A random id (UUID version 4). Ids are never sequential: sort keys must not pin all writers to one partition.
    pub fn id(&self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// A version id (UUID version 7) that is greater than `previous`, so that versions of one resource sort by age even when the
    /// clock stands still or runs backwards.
    pub fn version(&self, now: Timestamp, previous: Option<Uuid>) -> Uuid {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let drawn = Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid();
        match previous {
            Some(previous) if drawn <= previous => Uuid::from_u128(previous.as_u128() + 1),
            _ => drawn,
        }
    }
}

impl std::fmt::Debug for Dice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dice")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_always_greater_than_its_predecessor() {
        let dice = Dice::new(|buffer| buffer.fill(7));
        let noon = Timestamp::from_millis(1_795_262_400_000);
        let first = dice.version(noon, None);
        let second = dice.version(noon, Some(first));
        let third = dice.version(Timestamp::from_millis(0), Some(second));
        assert!(first < second && second < third);
    }
}
