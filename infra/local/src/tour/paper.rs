//! How requests, answers and letters look on the screen: short enough to be read, in the order in which things happen.

use reqwest::StatusCode;
use serde_json::{Map, Value};

use super::guide::Step;
use crate::mailbox::Letter;

/// The widest line.
const WIDTH: usize = 100;
/// What stands before every line of a body.
const MARGIN: &str = "   ";
/// The longest string that is shown whole; tokens are longer.
const LONGEST: usize = 110;
/// What a reader of the tour does not need of a resource, an outcome or a bundle.
const LEFT_OUT: [&str; 5] = ["meta", "link", "fullUrl", "search", "extension"];
/// What he needs of a member in a list.
const MEMBER: [&str; 3] = ["id", "profile", "admin"];
/// Stands for fields that are there and not shown.
const MORE: &str = "…";

pub(super) fn request(step: &Step) -> String {
    let body = step
        .body
        .as_ref()
        .map(|body| block(&brief(body)))
        .unwrap_or_default();
    format!(
        "\n{}\n\n{MARGIN}{} {}\n{body}",
        step.says,
        step.method,
        shortened(step.path)
    )
}

pub(super) fn answer(status: StatusCode, body: &Value) -> String {
    format!("{MARGIN}-> {status}\n{}", block(&brief(body)))
}

pub(super) fn letter(letter: &Letter) -> String {
    let text = letter.text.trim().lines().filter(|line| !line.is_empty());
    let text: String = text.map(|line| format!("{MARGIN}| {line}\n")).collect();
    format!(
        "\nThe mailbox has a letter.\n\n{MARGIN}| To: {}\n{MARGIN}| Subject: {}\n{MARGIN}|\n{text}",
        letter.to, letter.subject
    )
}

fn block(body: &Value) -> String {
    let text = match body {
        Value::String(text) => text.clone(),
        Value::Null => return String::new(),
        _ => pretty(body, MARGIN.len(), 0),
    };
    text.lines()
        .map(|line| format!("{MARGIN}{line}\n"))
        .collect()
}

/// Without what nobody reads here: `meta`, the frame of a bundle's entries, the middle of what is long.
fn brief(value: &Value) -> Value {
    match value {
        Value::Object(fields) => match fields.get("resource") {
            Some(Value::Object(member)) => in_list(member),
            _ => fields
                .iter()
                .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), brief(value)))
                .collect(),
        },
        Value::Array(items) => items.iter().map(brief).collect(),
        Value::String(text) => Value::String(shortened(text)),
        other => other.clone(),
    }
}

fn in_list(member: &Map<String, Value>) -> Value {
    let shown = MEMBER
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), brief(member.get(name)?))));
    shown.chain([(MORE.to_owned(), Value::Null)]).collect()
}

/// Ids by their first characters, tokens and secrets by theirs.
fn shortened(text: &str) -> String {
    let text = text.split_inclusive(|letter: char| !letter.is_ascii_hexdigit() && letter != '-');
    let text: String = text.map(word).collect();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(24).chain(['…']).collect()
}

/// A word of hexadecimal digits and dashes, with what ends it: an id becomes its first eight characters.
fn word(word: &str) -> String {
    let digits = word.trim_end_matches(|letter: char| !letter.is_ascii_hexdigit());
    match (digits.len(), digits.get(..8)) {
        (36 | 64, Some(start)) => format!("{start}…{}", &word[digits.len()..]),
        _ => word.to_owned(),
    }
}

/// JSON with everything on one line that fits there. `indent` stands before every line, `lead` only before the first.
fn pretty(value: &Value, indent: usize, lead: usize) -> String {
    let line = one_line(value);
    if indent + lead + line.chars().count() < WIDTH {
        return line;
    }
    let lines: Vec<String> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| field(name, &pretty(value, indent + 2, name.len() + 4)))
            .collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| pretty(item, indent + 2, 0))
            .collect(),
        _ => return line,
    };
    let lines = lines.join(",\n").replace('\n', "\n  ");
    let [open, close] = if value.is_object() {
        ['{', '}']
    } else {
        ['[', ']']
    };
    format!("{open}\n  {lines}\n{close}")
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| field(name, &one_line(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(one_line).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

fn field(name: &str, value: &str) -> String {
    match name {
        MORE => MORE.to_owned(),
        _ => format!("\"{name}\": {value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_fits_on_a_line_stands_on_one_and_what_does_not_is_broken() {
        let long = "x".repeat(90);
        let value = json!({ "name": "Alice", "rights": [{ "admin": true }, long] });
        let wanted = format!(
            "{{\n  \"name\": \"Alice\",\n  \"rights\": [\n    {{ \"admin\": true }},\n    \"{long}\"\n  ]\n}}"
        );
        assert_eq!(pretty(&value, 0, 0), wanted);
    }

    #[test]
    fn ids_and_secrets_are_cut_and_words_are_not() {
        let id = "1f0c7c1e-2f5c-4b52-9d3c-0a4a2f3b4c5d";
        assert_eq!(
            shortened(&format!("Patient/{id}/_history")),
            "Patient/1f0c7c1e…/_history"
        );
        assert_eq!(shortened(&"ab".repeat(32)), "abababab…");
        assert_eq!(
            shortened("/fhir/R4/ProjectMembership?profile-type=Patient"),
            "/fhir/R4/ProjectMembership?profile-type=Patient"
        );
        assert_eq!(shortened(&"token.".repeat(40)).chars().count(), 25);
    }

    #[test]
    fn of_a_list_only_who_is_in_it_is_shown() {
        let bundle = json!({ "total": 1, "link": [], "entry": [{ "fullUrl": "u", "search": {}, "resource": { "id": "1", "user": {} } }] });
        let shown = pretty(&brief(&bundle), 0, 0);
        assert_eq!(shown, r#"{ "total": 1, "entry": [{ "id": "1", … }] }"#);
    }
}
