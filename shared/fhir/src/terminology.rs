//! The code lists that elements are bound to, and what is in a code list, as CodeSystem and ValueSet resources say it.
//!
//! The text is linked only into functions that read the definitions.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

/// A code with its system and what people call it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coding {
    /// The address of the system.
    pub system: String,
    /// The code.
    pub code: String,
    /// What it is called.
    pub display: Option<String>,
}

/// One list of the text: a code system (`=`) with its codes, or a value set (`@`) with what it takes from systems.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    pub(crate) url: &'static str,
    name: &'static str,
    version: Option<&'static str>,
    lines: &'static str,
}

/// The mark of code systems.
const SYSTEM: char = '=';
/// The mark of value sets.
const SET: char = '@';

/// The code systems.
pub(crate) fn systems() -> impl Iterator<Item = List> {
    lists(SYSTEM)
}

/// The value sets.
pub(crate) fn sets() -> impl Iterator<Item = List> {
    lists(SET)
}

fn lists(mark: char) -> impl Iterator<Item = List> {
    let of_mark = move |(its, _): &&(char, List)| *its == mark;
    index().iter().filter(of_mark).map(|(_, list)| *list)
}

/// All lists, read once. A list begins with a line that does not begin with a space.
fn index() -> &'static [(char, List)] {
    static INDEX: OnceLock<Vec<(char, List)>> = OnceLock::new();
    INDEX.get_or_init(|| {
        let text = include_str!("terminology/codes.txt");
        let (mut lists, mut begin, mut head) = (Vec::new(), 0, "");
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if !line.starts_with(' ') {
                lists.extend(List::read(head, &text[begin..at]));
                (head, begin) = (line, at + line.len());
            }
            at += line.len();
        }
        lists.extend(List::read(head, &text[begin..]));
        lists
    })
}

impl List {
    fn read(head: &'static str, lines: &'static str) -> Option<(char, Self)> {
        let mut words = head.split_whitespace();
        let mark = words.next()?.chars().next()?;
        let list = Self {
            url: words.next()?,
            name: words.next()?,
            version: words.next().filter(|version| *version != "-"),
            lines,
        };
        Some((mark, list))
    }

    /// What both resources say of a list without what is in it.
    pub(crate) fn outline(&self) -> Map<String, Value> {
        let mut outline = Map::new();
        outline.insert("url".into(), self.url.into());
        if let Some(version) = self.version {
            outline.insert("version".into(), version.into());
        }
        outline.insert("name".into(), self.name.into());
        outline.insert("status".into(), "active".into());
        outline
    }

    /// The `concept` of a CodeSystem.
    pub(crate) fn concept(&self) -> Value {
        let codes = self.lines.lines().map(|line| {
            let line = line.trim_start();
            match line.split_once(' ') {
                Some((code, display)) => json!({ "code": code, "display": display }),
                None => json!({ "code": line }),
            }
        });
        codes.collect()
    }

    /// The `compose` of a ValueSet.
    pub(crate) fn compose(&self) -> Value {
        let include = self.lines.lines().map(|line| {
            let mut words = line.split_whitespace();
            let mut part = json!({ "system": words.next() });
            let codes: Vec<Value> = words.map(|code| json!({ "code": code })).collect();
            if !codes.is_empty() {
                part["concept"] = codes.into();
            }
            part
        });
        json!({ "include": include.collect::<Vec<_>>() })
    }
}

/// The codes of a CodeSystem resource, those of nested concepts after the one they belong to.
pub fn codes_of(system: &Map<String, Value>) -> Vec<Coding> {
    let url = system.get("url").and_then(Value::as_str);
    let mut codes = Vec::new();
    gather(
        url.unwrap_or_default(),
        system.get("concept"),
        "concept",
        &mut codes,
    );
    codes
}

/// The codes of an expansion that a ValueSet resource brings along.
pub fn codes_of_expansion(set: &Map<String, Value>) -> Vec<Coding> {
    let contains = set.get("expansion").and_then(|it| it.get("contains"));
    let mut codes = Vec::new();
    gather("", contains, "contains", &mut codes);
    codes
}

/// The codes that a part of a `compose` names.
pub fn named_codes(part: &Value) -> Vec<Coding> {
    let system = part["system"].as_str().unwrap_or_default();
    let mut codes = Vec::new();
    gather(system, part.get("concept"), "concept", &mut codes);
    codes
}

fn gather(system: &str, list: Option<&Value>, nested: &str, codes: &mut Vec<Coding>) {
    for one in list.and_then(Value::as_array).into_iter().flatten() {
        let text = |field: &str| one.get(field).and_then(Value::as_str);
        let is_choice = one.get("abstract") != Some(&Value::Bool(true));
        if let Some(code) = text("code").filter(|_| is_choice) {
            codes.push(Coding {
                system: text("system").unwrap_or(system).to_owned(),
                code: code.to_owned(),
                display: text("display").map(str::to_owned),
            });
        }
        gather(system, one.get(nested), nested, codes);
    }
}

impl Coding {
    /// Whether its code or what it is called contains a text, which is in lower case.
    pub fn contains(&self, text: &str) -> bool {
        let display = self.display.as_deref().unwrap_or_default();
        self.code.to_lowercase().contains(text) || display.to_lowercase().contains(text)
    }

    /// As it stands in an expansion.
    pub fn to_json(&self) -> Value {
        let mut coding = json!({ "system": self.system, "code": self.code });
        if let Some(display) = &self.display {
            coding["display"] = display.clone().into();
        }
        coding
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use super::*;

    #[test]
    fn every_set_takes_from_systems_that_are_there() {
        let systems: Vec<List> = systems().collect();
        assert!(systems.len() > 200);
        for set in sets() {
            let compose = set.compose();
            let parts = compose["include"].as_array().unwrap();
            assert!(!parts.is_empty(), "{}", set.url);
            for part in parts {
                let system = systems.iter().find(|it| part["system"] == it.url);
                let codes = system.unwrap().concept();
                let codes = codes.as_array().unwrap();
                for named in named_codes(part) {
                    assert!(codes.iter().any(|it| it["code"] == named.code), "{named:?}");
                }
            }
        }
    }

    #[test]
    fn a_list_is_told_whole() {
        let url = "http://hl7.org/fhir/administrative-gender";
        let gender = systems().find(|it| it.url == url).unwrap();
        let mut body = gender.outline();
        body.insert("concept".into(), gender.concept());
        let codes = codes_of(&body);
        let told: Vec<&str> = codes.iter().map(|it| it.code.as_str()).collect();
        assert_eq!(told, ["male", "female", "other", "unknown"]);
        assert_eq!(codes[0].display.as_deref(), Some("Male"));
        assert!(codes[1].contains("mal") && !codes[2].contains("mal"));
    }

    #[test]
    fn nested_codes_are_codes_and_headings_are_none() {
        let nested =
            json!({ "url": "s", "concept": [{ "code": "a", "concept": [{ "code": "b" }] }] });
        let codes = codes_of(nested.as_object().unwrap());
        assert_eq!(codes.len(), 2);
        assert_eq!(
            (codes[1].system.as_str(), codes[1].code.as_str()),
            ("s", "b")
        );
        let contains = json!([{ "abstract": true, "display": "H", "contains": [{ "system": "s", "code": "c" }] }]);
        let set = json!({ "expansion": { "contains": contains } });
        assert_eq!(codes_of_expansion(set.as_object().unwrap()).len(), 1);
    }
}
