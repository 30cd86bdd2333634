use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A point in time with the precision of the wire: milliseconds, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970-01-01T00:00:00Z.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, the unit of JWT claims and of the table's TTL attribute.
    pub fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment moved into the future.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The value of a `Last-Modified` header: `Sat, 21 Nov 2026 20:35:00 GMT`.
    pub fn http_date(self) -> String {
        self.civil()
            .strftime("%a, %d %b %Y %H:%M:%S GMT")
            .to_string()
    }

    /// The UTC day, `yyyymmdd`: the partition of an audit row.
    pub fn day(self) -> String {
        self.civil().strftime("%Y%m%d").to_string()
    }

    fn civil(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.civil())
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>()
            .map(|time| Self(time.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_has_milliseconds_and_reads_back() {
        let time = Timestamp::from_millis(1_795_293_300_915);
        assert_eq!(time.to_string(), "2026-11-21T20:35:00.915Z");
        assert_eq!(time.to_string().parse::<Timestamp>().ok(), Some(time));
        assert_eq!(
            Timestamp::from_millis(1_795_293_300_000).to_string(),
            "2026-11-21T20:35:00.000Z"
        );
    }

    #[test]
    fn http_date_and_day_are_utc() {
        let time = Timestamp::from_millis(1_795_293_300_915);
        assert_eq!(time.http_date(), "Sat, 21 Nov 2026 20:35:00 GMT");
        assert_eq!(time.day(), "20261121");
    }
}
