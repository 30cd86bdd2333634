//! Which users a list asks for (RFC 7644, section 3.4.2).

use domain::{Email, Failure, Fault, PROJECT_MEMBERSHIP, UserId};
use fhir::search::Query;

use super::attribute::{Attribute, without_schema};

/// Users on a page unless asked otherwise.
const USUAL: usize = 100;
/// Users on the largest page.
const MOST: usize = 1_000;
/// The last place at which a page may begin.
const LAST_START: usize = 10_001;

/// A question to the list of members.
#[derive(Clone, Debug)]
pub struct Search {
    /// The questions that answer it; the first one that finds somebody counts.
    pub queries: Vec<Query>,
    /// The place of the first user on the page, from 1.
    pub start: usize,
}

impl Search {
    /// Reads the decoded query of a list.
    ///
    /// # Errors
    /// Faults that name `filter`, `startIndex` or `count`.
    pub fn read(pairs: &[(String, String)]) -> Result<Self, Failure> {
        let value = |name: &str| {
            pairs
                .iter()
                .find(|(of, _)| of.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
        };
        let start = number("startIndex", value("startIndex"))?.map_or(1, |start| start.max(1));
        if start > LAST_START {
            let words = format!("startIndex must be at most {LAST_START}");
            return Err(Fault::invalid("startIndex", words).into());
        }
        let count = number("count", value("count"))?.map_or(USUAL, |count| count.min(MOST));
        let filter = value("filter")
            .map(str::trim)
            .filter(|filter| !filter.is_empty());
        let conditions = filter.map_or_else(|| Ok(vec![Vec::new()]), conditions)?;
        let queries = conditions
            .into_iter()
            .map(|condition| query(condition, (start, count)));
        Ok(Self {
            queries: queries.collect::<Result<_, _>>()?,
            start,
        })
    }
}

/// A whole number; what is below zero counts as zero (RFC 7644, section 3.4.2.4).
fn number(name: &str, text: Option<&str>) -> Result<Option<usize>, Fault> {
    let Some(text) = text.map(str::trim) else {
        return Ok(None);
    };
    let fault = |_| Fault::invalid(name, format!("{name} must be a whole number"));
    let number: i64 = text.parse().map_err(fault)?;
    Ok(Some(usize::try_from(number).unwrap_or(0)))
}

type Condition = Vec<(&'static str, String)>;

/// Persons only, each with his profile, and how many there are.
fn query(condition: Condition, (start, count): (usize, usize)) -> Result<Query, Failure> {
    let mut pairs = vec![
        ("profile-type:not", "ClientApplication,Bot".to_owned()),
        ("_include", "ProjectMembership:profile".to_owned()),
        ("_total", "accurate".to_owned()),
        ("_count", count.to_string()),
        ("_offset", (start - 1).to_string()),
    ];
    pairs.extend(condition);
    let pairs: Vec<(String, String)> = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let named = |fault: Fault| Fault {
        expression: Some("filter".into()),
        ..fault
    };
    let faulty = |faults: Vec<Fault>| faults.into_iter().map(named).collect::<Vec<_>>();
    Ok(domain::search(PROJECT_MEMBERSHIP, &pairs).map_err(faulty)?)
}

/// The filters that a guard answers: one attribute, one value.
fn conditions(filter: &str) -> Result<Vec<Condition>, Fault> {
    let unanswered = || {
        let words =
            "Only userName eq \"…\", externalId eq \"…\" and emails eq \"…\" can be answered";
        Fault::invalid("filter", words)
    };
    let (attribute, value) = equation(filter).ok_or_else(unanswered)?;
    let plain = escaped(&value);
    match attribute {
        Attribute::UserName => {
            let mut either = vec![vec![("user-name", plain)]];
            // A member without a user name is shown with his user's id, and is found by it.
            if let Ok(user) = value.parse::<UserId>() {
                let user = ("user", format!("User/{user}"));
                either.push(vec![user, ("user-name:missing", "true".to_owned())]);
            }
            Ok(either)
        }
        Attribute::ExternalId => Ok(vec![vec![("external-id:exact", plain)]]),
        // What is no address belongs to nobody.
        Attribute::Email => {
            let email = value.parse::<Email>().ok();
            Ok(email
                .map(|email| vec![("email", escaped(email.as_str()))])
                .into_iter()
                .collect())
        }
        _ => Err(unanswered()),
    }
}

/// `attribute eq "value"`.
fn equation(filter: &str) -> Option<(Attribute, String)> {
    let (attribute, rest) = filter.split_once(' ')?;
    let (operator, value) = rest.trim_start().split_once(' ')?;
    let whole = !without_schema(attribute).contains('[') && operator.eq_ignore_ascii_case("eq");
    let value = serde_json::from_str(value.trim()).ok()?;
    whole.then_some((Attribute::at(attribute)?, value))
}

/// A value in which nothing separates.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '\\' | ',' | '|' | '$') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Search, Failure> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Search::read(&pairs)
    }

    #[test]
    fn a_filter_asks_for_one_value_whatever_is_in_it() {
        for filter in [
            r#"userName eq "a,b|c\\d""#,
            r#"USERNAME  EQ  "x""#,
            r#"externalId eq "x""#,
            r#"emails eq "alice@example.com""#,
            r#"emails.value eq "alice@example.com""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "x""#,
        ] {
            let found = read(&[("filter", filter)]).map(|search| search.queries.len());
            assert_eq!(found.ok(), Some(1), "{filter}");
        }
        let values = read(&[("filter", r#"userName eq "a,b|c\\d""#)])
            .ok()
            .and_then(|mut search| {
                search
                    .queries
                    .pop()?
                    .filter("user-name")
                    .map(|filter| filter.values.clone())
            });
        assert_eq!(values, Some(vec![r"a,b|c\d".to_owned()]));
    }

    #[test]
    fn what_no_guard_answers_is_refused_by_name() {
        for filter in [
            "userName",
            "userName pr",
            "userName eq x",
            r#"userName co "x""#,
            r#"active eq true"#,
            r#"userName eq "x" and active eq true"#,
            r#"name.familyName eq "Smith""#,
            r#"emails[type eq "work"].value eq "x""#,
        ] {
            assert!(read(&[("filter", filter)]).is_err(), "{filter}");
        }
    }

    #[test]
    fn pages_begin_at_one_and_end_somewhere() {
        let page = |start: &str, count: &str| {
            let search = read(&[("startIndex", start), ("count", count)]).ok()?;
            let query = search.queries.first()?;
            Some((search.start, query.offset, query.count))
        };
        assert_eq!(page("3", "2"), Some((3, 2, 2)));
        assert_eq!(page("-1", "-1"), Some((1, 0, 0)));
        assert_eq!(page("0", "5000"), Some((1, 0, 1_000)));
        assert_eq!(page("x", "1"), None);
        assert_eq!(page("1", ""), None);
        assert_eq!(page("10002", "1"), None);
    }
}
