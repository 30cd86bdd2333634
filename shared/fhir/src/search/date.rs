use jiff::Timestamp;
use jiff::civil::Date;

use crate::Issue;

/// A FHIR prefix of a date value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prefix {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
    Ap,
}

/// The instants a date text covers, from the first inclusive to the last exclusive, in nanoseconds since 1970: `2026` is a whole year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    from: i128,
    until: i128,
}

/// A date value of a query: a prefix and a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DateWanted {
    prefix: Prefix,
    span: Span,
}

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

impl DateWanted {
    /// Reads `ge2026-11-21`, `2026` …
    ///
    /// # Errors
    /// An issue in the upstream server's words: a wrong form, or a form without a meaning (February 30).
    pub(super) fn parse(text: &str) -> Result<Self, Issue> {
        let (prefix, date) = split_prefix(text);
        if !looks_like_a_date(date) {
            let words = format!("Invalid format for date search parameter: {text}");
            return Err(Issue::error("invalid", words));
        }
        let words = || Issue::error("invalid", format!("Invalid date value: {date}"));
        let span = Span::parse(date).ok_or_else(words)?;
        Ok(Self { prefix, span })
    }

    /// Whether a stored date fits (FHIR R4, search, 3.1.1.5.4).
    pub(super) fn fits(&self, stored: Span) -> bool {
        let wanted = self.span;
        match self.prefix {
            Prefix::Eq => wanted.from <= stored.from && stored.until <= wanted.until,
            Prefix::Ne => !(wanted.from <= stored.from && stored.until <= wanted.until),
            Prefix::Gt => stored.until > wanted.until,
            Prefix::Ge => stored.until > wanted.until || stored.from >= wanted.from,
            Prefix::Lt => stored.from < wanted.from,
            Prefix::Le => stored.from < wanted.from || stored.until <= wanted.until,
            Prefix::Sa => stored.from >= wanted.until,
            Prefix::Eb => stored.until <= wanted.from,
            Prefix::Ap => stored.from < wanted.until + DAY && stored.until > wanted.from - DAY,
        }
    }
}

impl DateWanted {
    /// The time in which a stored moment that fits can only begin, in milliseconds since 1970, both ends included; `None` is open.
    pub(super) fn hull(&self) -> (Option<i64>, Option<i64>) {
        let Span { from, until } = self.span;
        let (first, last) = match self.prefix {
            Prefix::Eq => (Some(from), Some(until)),
            Prefix::Ne => (None, None),
            Prefix::Ge => (Some(from), None),
            // A moment lasts a millisecond, and may begin with the last one of the span.
            Prefix::Gt => (Some(until - SECOND / 1000), None),
            Prefix::Sa => (Some(until), None),
            Prefix::Lt | Prefix::Eb => (None, Some(from)),
            Prefix::Le => (None, Some(until)),
            Prefix::Ap => (Some(from - DAY), Some(until + DAY)),
        };
        let millis = |nanos: i128| i64::try_from(nanos.div_euclid(SECOND / 1000)).ok();
        (first.and_then(millis), last.and_then(millis))
    }
}

fn split_prefix(text: &str) -> (Prefix, &str) {
    let prefix = match text.get(..2) {
        Some("eq") => Prefix::Eq,
        Some("ne") => Prefix::Ne,
        Some("gt") => Prefix::Gt,
        Some("lt") => Prefix::Lt,
        Some("ge") => Prefix::Ge,
        Some("le") => Prefix::Le,
        Some("sa") => Prefix::Sa,
        Some("eb") => Prefix::Eb,
        Some("ap") => Prefix::Ap,
        _ => return (Prefix::Eq, text),
    };
    (prefix, &text[2..])
}

/// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or the last with a time.
fn looks_like_a_date(text: &str) -> bool {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let digits =
        |piece: &str, count| piece.len() == count && piece.bytes().all(|b| b.is_ascii_digit());
    let pieces: Vec<&str> = date.split('-').collect();
    let form = match pieces[..] {
        [year] => digits(year, 4),
        [year, month] => digits(year, 4) && digits(month, 2),
        [year, month, day] => digits(year, 4) && digits(month, 2) && digits(day, 2),
        _ => false,
    };
    form && (!text.contains('T') || (pieces.len() == 3 && time.len() >= 5))
}

impl Span {
    /// Reads a FHIR `date`, `dateTime` or `instant`; a time without a zone is UTC. `None` when it means no date.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.len() {
            4 => Self::days(&format!("{text}-01-01"), Date::last_of_year),
            7 => Self::days(&format!("{text}-01"), Date::last_of_month),
            10 => Self::days(text, |day| day),
            _ => Self::moment(text),
        }
    }

    fn days(first: &str, last: fn(Date) -> Date) -> Option<Self> {
        let first: Date = first.parse().ok()?;
        let midnight = |day: Date| {
            let zoned = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(zoned.timestamp().as_nanosecond())
        };
        Some(Self {
            from: midnight(first)?,
            until: midnight(last(first))? + DAY,
        })
    }

    /// A time covers its last written unit: a minute, a second, a millisecond.
    fn moment(text: &str) -> Option<Self> {
        let (_, time) = text.split_once('T')?;
        let zone = time.find(['Z', '+', '-']);
        let clock = &time[..zone.unwrap_or(time.len())];
        let seconds = if clock.len() == 5 { ":00" } else { "" };
        let zone = zone.map_or("Z", |at| &time[at..]);
        let whole = format!("{}T{clock}{seconds}{zone}", text.split('T').next()?);
        let from = whole.parse::<Timestamp>().ok()?.as_nanosecond();
        let width = match clock.split_once('.') {
            Some((_, fraction)) => SECOND / 10_i128.pow(u32::try_from(fraction.len()).ok()?.min(9)),
            None if clock.len() == 5 => 60 * SECOND,
            None => SECOND,
        };
        Some(Self {
            from,
            until: from + width,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use super::*;

    fn fits(wanted: &str, stored: &str) -> bool {
        DateWanted::parse(wanted)
            .unwrap()
            .fits(Span::parse(stored).unwrap())
    }

    #[test]
    fn a_short_date_covers_all_its_days() {
        assert!(fits("2026", "2026-11-21T20:35:03.257Z"));
        assert!(fits("2026-11", "2026-11-30"));
        assert!(!fits("2026-11-21", "2026-11-22T00:00:00Z"));
        assert!(fits("2026-11-22", "2026-11-21T23:30:00-01:00"));
        assert!(fits("2026-11-21T20:35", "2026-11-21T20:35:59.999Z"));
    }

    #[test]
    fn prefixes_compare_as_fhir_says() {
        for (wanted, fit) in [
            ("gt2026-11-20", true),
            ("gt2026-11-21", false),
            ("ge2026-11-21", true),
            ("lt2026-11-21", false),
            ("le2026-11-21", true),
            ("ne2026-11-21", false),
            ("sa2026-11-20", true),
            ("eb2026-11-22", true),
            ("ap2026-11-22", true),
            ("ap2026-12-22", false),
        ] {
            assert_eq!(fits(wanted, "2026-11-21"), fit, "{wanted}");
        }
    }

    #[test]
    fn whatever_fits_lies_within_the_hull() {
        for prefix in ["", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"] {
            let wanted = DateWanted::parse(&format!("{prefix}2026-11-21")).unwrap();
            let (first, last) = wanted.hull();
            for stored in [
                "2026-11-20T23:59:59.999Z",
                "2026-11-21T00:00:00.000Z",
                "2026-11-21T23:59:59.999Z",
                "2026-11-22T00:00:00.000Z",
                "2026-11-22T12:00:00.000Z",
                "1999-01-01T00:00:00.000Z",
            ] {
                let at = stored.parse::<Timestamp>().unwrap().as_millisecond();
                let within =
                    first.is_none_or(|first| first <= at) && last.is_none_or(|last| at <= last);
                assert!(
                    within || !wanted.fits(Span::parse(stored).unwrap()),
                    "{prefix} {stored}"
                );
            }
        }
    }

    #[test]
    fn a_wrong_form_and_a_wrong_date_have_their_own_words() {
        let words = |text| DateWanted::parse(text).unwrap_err().text;
        assert_eq!(
            words("soon"),
            "Invalid format for date search parameter: soon"
        );
        assert_eq!(words("2026-02-30"), "Invalid date value: 2026-02-30");
        assert_eq!(
            words("gt2026-01-01T99:00"),
            "Invalid date value: 2026-01-01T99:00"
        );
        assert_eq!(
            words("é2026"),
            "Invalid format for date search parameter: é2026"
        );
    }
}
