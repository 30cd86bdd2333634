use serde_json::{Value, json};

/// The JSON type in which a primitive FHIR type is written; `None` for types that are not primitive.
pub(super) fn json_type(name: &str) -> Option<&'static str> {
    match name {
        "boolean" => Some("boolean"),
        "decimal" | "integer" | "positiveInt" | "unsignedInt" => Some("number"),
        "base64Binary" | "canonical" | "code" | "date" | "dateTime" | "id" | "instant"
        | "integer64" | "markdown" | "oid" | "string" | "time" | "uri" | "url" | "uuid"
        | "xhtml" => Some("string"),
        _ => None,
    }
}

/// A year, a month or a day, as a regular expression.
const DAY: &str = "[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?";

/// What a value of a primitive type looks like, as JSON Schema; `None` for types that are not primitive. Where a regular expression
/// would be long, the schema is a little wider than [`problem`].
pub(super) fn json_schema(name: &str) -> Option<Value> {
    let greatest = i32::MAX;
    let schema = match name {
        "integer" => json!({ "type": "integer", "minimum": i32::MIN, "maximum": greatest }),
        "positiveInt" => json!({ "type": "integer", "minimum": 1, "maximum": greatest }),
        "unsignedInt" => json!({ "type": "integer", "minimum": 0, "maximum": greatest }),
        "instant" => json!({ "type": "string", "format": "date-time" }),
        "base64Binary" => json!({ "type": "string", "contentEncoding": "base64" }),
        "date" => json!({ "type": "string", "pattern": format!("^{DAY}$") }),
        "dateTime" => json!({ "type": "string", "pattern": format!("^{DAY}(T.+)?$") }),
        "id" => json!({ "type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$" }),
        "canonical" | "uri" | "url" => json!({ "type": "string", "pattern": "^[^\\s]+$" }),
        "code" => json!({ "type": "string", "pattern": "^[^\\s]+( [^\\s]+)*$" }),
        _ => json!({ "type": json_type(name)? }),
    };
    Some(schema)
}

/// What JavaScript's `typeof` says, which is what clients know.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Null | Value::Array(_) | Value::Object(_) => "object",
    }
}

/// What is wrong with the value of a primitive type, in the upstream server's words.
pub(super) fn problem(kind: &str, value: &Value) -> Option<String> {
    let expected = json_type(kind)?;
    let found = type_of(value);
    if found != expected {
        return Some(format!(
            "Invalid JSON type: expected {expected}, but got {found}"
        ));
    }
    match value {
        Value::String(text) => problem_of_text(kind, text),
        Value::Number(number) => problem_of_number(kind, number),
        _ => None,
    }
}

const LONGEST: usize = 1024 * 1024;

fn problem_of_text(kind: &str, text: &str) -> Option<String> {
    if kind == "base64Binary" {
        return (!is_base64(text)).then(|| "Invalid base64Binary format".to_owned());
    }
    if text.trim().is_empty() {
        return Some("String must contain non-whitespace content".to_owned());
    }
    if text.len() > LONGEST {
        return Some("String cannot be larger than 1 MB".to_owned());
    }
    match kind {
        _ if !has_form(kind, text) => Some(format!("Invalid {kind} format")),
        "date" | "dateTime" | "instant" if !is_day_of_calendar(text) => {
            Some(format!("Invalid {kind} value"))
        }
        _ => None,
    }
}

fn problem_of_number(kind: &str, number: &serde_json::Number) -> Option<String> {
    let least = match kind {
        "integer" => i64::from(i32::MIN),
        "positiveInt" => 1,
        "unsignedInt" => 0,
        _ => return None,
    };
    let greatest = i64::from(i32::MAX);
    let words = format!("Expected number to be in the range {least}..{greatest}");
    let whole = number.as_i64().or_else(|| {
        number
            .as_f64()
            .filter(|n| n.fract() == 0.0)
            .map(|n| n as i64)
    });
    match whole {
        None => Some("Expected number to be an integer".to_owned()),
        Some(number) if number < least || number > greatest => Some(words),
        Some(_) => None,
    }
}

/// The regular expression of each type in FHIR R4, datatypes, 2.24.0.1.
fn has_form(kind: &str, text: &str) -> bool {
    match kind {
        "canonical" | "uri" | "url" => !text.contains(char::is_whitespace),
        "code" => text
            .split(' ')
            .all(|word| !word.is_empty() && !word.contains(char::is_whitespace)),
        "id" => {
            text.len() <= 64
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        }
        "markdown" | "string" => text.chars().all(|c| c >= ' ' || "\r\n\t".contains(c)),
        "oid" => is_oid(text),
        "uuid" => is_uuid(text),
        "date" => date(text).is_some_and(str::is_empty),
        "dateTime" => is_date_time(text),
        "instant" => is_instant(text),
        "time" => clock(text).is_some_and(str::is_empty),
        _ => true,
    }
}

/// Groups of four of the plain alphabet, the last one filled up with `=`.
fn is_base64(text: &str) -> bool {
    let data = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    text.len().is_multiple_of(4) && !data.is_empty() && data.bytes().all(letter)
}

fn is_oid(text: &str) -> bool {
    let Some(arcs) = text.strip_prefix("urn:oid:") else {
        return false;
    };
    let mut arcs = arcs.split('.');
    let root = matches!(arcs.next(), Some("0" | "1" | "2"));
    let mut count = 0;
    let numbers = arcs.all(|arc| {
        count += 1;
        arc == "0"
            || (!arc.is_empty() && !arc.starts_with('0') && arc.bytes().all(|b| b.is_ascii_digit()))
    });
    root && numbers && count > 0
}

fn is_uuid(text: &str) -> bool {
    let id = text.strip_prefix("urn:uuid:").unwrap_or_default();
    let lower = !id.bytes().any(|byte| byte.is_ascii_uppercase());
    lower && id.len() == uuid::fmt::Hyphenated::LENGTH && uuid::Uuid::try_parse(id).is_ok()
}

fn is_date_time(text: &str) -> bool {
    match text.split_once('T') {
        None => date(text).is_some_and(str::is_empty),
        Some((day, time)) => {
            let rest = clock(time);
            is_whole_day(day) && rest.is_some_and(|zone| zone.is_empty() || is_zone(zone))
        }
    }
}

fn is_instant(text: &str) -> bool {
    text.split_once('T')
        .is_some_and(|(day, time)| is_whole_day(day) && clock(time).is_some_and(is_zone))
}

fn is_whole_day(text: &str) -> bool {
    text.len() == 10 && date(text).is_some_and(str::is_empty)
}

/// What follows `YYYY`, `YYYY-MM` or `YYYY-MM-DD` at the beginning of the text.
fn date(text: &str) -> Option<&str> {
    let mut rest = number(text, 4, 1..=9999)?;
    for range in [1..=12, 1..=31] {
        match rest.strip_prefix('-') {
            Some(part) => rest = number(part, 2, range)?,
            None => break,
        }
    }
    Some(rest)
}

/// What follows `hh:mm:ss` and up to nine digits of a second.
fn clock(text: &str) -> Option<&str> {
    let minutes = number(text, 2, 0..=23)?.strip_prefix(':')?;
    let seconds = number(minutes, 2, 0..=59)?.strip_prefix(':')?;
    let rest = number(seconds, 2, 0..=60)?;
    let Some(fraction) = rest.strip_prefix('.') else {
        return Some(rest);
    };
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    (1..=9).contains(&digits).then(|| &fraction[digits..])
}

fn is_zone(text: &str) -> bool {
    let Some(offset) = text.strip_prefix(['+', '-']) else {
        return text == "Z";
    };
    let minutes = number(offset, 2, 0..=13).and_then(|rest| rest.strip_prefix(':'));
    let rest = minutes.and_then(|minutes| number(minutes, 2, 0..=59));
    offset == "14:00" || rest == Some("")
}

/// What follows a number of exactly `digits` digits within `range`.
fn number(text: &str, digits: usize, range: std::ops::RangeInclusive<u32>) -> Option<&str> {
    let (number, rest) = text.split_at_checked(digits)?;
    let plain = number.bytes().all(|byte| byte.is_ascii_digit());
    let value: u32 = number.parse().ok().filter(|_| plain)?;
    range.contains(&value).then_some(rest)
}

/// Whether the month has the day; shorter dates have none.
fn is_day_of_calendar(text: &str) -> bool {
    text.get(..10)
        .is_none_or(|day| day.parse::<jiff::civil::Date>().is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_keep_the_form_of_their_type() {
        for (kind, good, bad) in [
            ("id", "a-1.B", "a_1"),
            ("code", "a b", "a  b"),
            ("uri", "urn:x", "a b"),
            ("date", "2026-02", "2026-13"),
            ("date", "2026", "26"),
            ("dateTime", "2026-11-21T20:35:03.257Z", "2026-11-21T20:35Z"),
            ("dateTime", "2026-11-21T20:35:03", "2026-11T20:35:03"),
            (
                "instant",
                "2026-11-21T20:35:03+14:00",
                "2026-11-21T20:35:03",
            ),
            ("time", "23:59:60", "24:00:00"),
            ("oid", "urn:oid:1.2.0", "urn:oid:1.02"),
            (
                "uuid",
                "urn:uuid:00000000-0000-0000-0000-00000000000a",
                "00000000-0000-0000-0000-00000000000a",
            ),
            ("base64Binary", "aGk=", "aGk"),
            ("string", "a\n\tb", "a\u{1}b"),
        ] {
            assert_eq!(problem(kind, &json!(good)), None, "{kind} {good}");
            assert_eq!(
                problem(kind, &json!(bad)),
                Some(format!("Invalid {kind} format")),
                "{kind} {bad}"
            );
        }
        assert_eq!(
            problem("date", &json!("2026-02-30")).as_deref(),
            Some("Invalid date value")
        );
        assert_eq!(
            problem("string", &json!(" ")).as_deref(),
            Some("String must contain non-whitespace content")
        );
    }

    #[test]
    fn numbers_keep_the_range_of_their_type() {
        assert_eq!(problem("decimal", &json!(1.5)), None);
        assert_eq!(problem("positiveInt", &json!(1.0)), None);
        assert_eq!(
            problem("integer", &json!(1.5)).as_deref(),
            Some("Expected number to be an integer")
        );
        let range = "Expected number to be in the range 1..2147483647";
        assert_eq!(problem("positiveInt", &json!(0)).as_deref(), Some(range));
        assert_eq!(
            problem("positiveInt", &json!(1e300)).as_deref(),
            Some(range)
        );
        let words = "Invalid JSON type: expected boolean, but got string";
        assert_eq!(problem("boolean", &json!("true")).as_deref(), Some(words));
    }
}
