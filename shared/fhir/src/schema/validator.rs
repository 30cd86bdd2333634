use serde_json::{Map, Value};

use super::definition::{Element, Type, elements};
use super::{invariant, primitive};
use crate::content::is_empty;
use crate::{Issue, Reference};

/// See [`super::validate`].
pub(super) fn validate(kind: &str, resource: &Value) -> Vec<Issue> {
    let mut validator = Validator { issues: Vec::new() };
    match resource {
        Value::Object(fields) if crate::known(kind) => validator.object(kind, fields, kind),
        Value::Object(_) => validator.say("", "Unknown resource type"),
        other => validator.wrong_json(kind, other),
    }
    validator.issues
}

/// No more issues than this are told: an answer about a hostile body stays small.
const MOST: usize = 100;

struct Validator {
    issues: Vec<Issue>,
}

impl Validator {
    fn say(&mut self, path: &str, words: impl Into<String>) {
        let issue = Issue::error("structure", words);
        self.tell(if path.is_empty() {
            issue
        } else {
            issue.at(path)
        });
    }

    fn tell(&mut self, issue: Issue) {
        if self.issues.len() < MOST {
            self.issues.push(issue);
        }
    }

    fn keep(&mut self, invariant: &str, value: &Value, path: &str) {
        if let Some(issue) = invariant::broken(invariant, value, path) {
            self.tell(issue);
        }
    }

    fn wrong_json(&mut self, path: &str, found: &Value) {
        let found = primitive::type_of(found);
        self.say(
            path,
            format!("Invalid JSON type: expected object, but got {found}"),
        );
    }

    /// The elements in the order of the definition, then what is not defined: the order of the upstream server.
    fn object(&mut self, section: &str, fields: &Map<String, Value>, path: &str) {
        let Some(elements) = elements(section) else {
            return;
        };
        let mut understood = vec!["resourceType"];
        for element in elements {
            self.element(element, fields, path, &mut understood);
        }
        for name in fields
            .keys()
            .filter(|name| !understood.contains(&name.as_str()))
        {
            self.say(
                &format!("{path}.{name}"),
                format!("Invalid additional property \"{name}\""),
            );
        }
    }

    /// One element under each name it may have; a choice may have several. An empty text, list or object is no value, as recorded:
    /// forms send them for what was left blank.
    fn element(
        &mut self,
        element: &'static Element,
        fields: &Map<String, Value>,
        path: &str,
        understood: &mut Vec<&'static str>,
    ) {
        let mut present = false;
        for kind in &element.types {
            let extras = fields.get(&kind.shadow).filter(|_| kind.is_primitive());
            if let Some(value) = fields.get(kind.property()) {
                understood.push(kind.property());
                if value.is_null() || !is_empty(value) {
                    let place = format!("{path}.{}", kind.property());
                    self.property(element, kind, (value, extras), &place);
                    present = true;
                }
            }
            if let Some(extras) = extras {
                self.extras(extras, &format!("{path}.{}", kind.shadow));
                understood.push(&kind.shadow);
                present = true;
            }
        }
        if element.required && !present {
            let choice = if element.choice { "[x]" } else { "" };
            let place = format!("{path}.{}{choice}", element.name);
            self.say(&place, "Missing required property");
        }
    }

    /// The value, or the values, of one property; `extras` stand beside the values of a primitive.
    fn property(
        &mut self,
        element: &Element,
        kind: &Type,
        (value, extras): (&Value, Option<&Value>),
        path: &str,
    ) {
        match value {
            Value::Null => self.say(path, "Invalid null value"),
            Value::Array(_) if !element.array => {
                self.say(path, "Expected single value for property");
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    let place = format!("{path}[{at}]");
                    let extra = extras
                        .and_then(|extras| extras.get(at))
                        .is_some_and(|extra| !extra.is_null());
                    match item {
                        Value::Null if extra => {}
                        Value::Null => self.say(&place, "Invalid null value"),
                        item => self.value(element, kind, item, &place),
                    }
                }
            }
            _ if element.array => self.say(path, "Expected array of values for property"),
            one => self.value(element, kind, one, path),
        }
    }

    fn value(&mut self, element: &Element, kind: &Type, value: &Value, path: &str) {
        for key in &element.invariants {
            self.keep(key, value, path);
        }
        if kind.is_primitive() {
            if let Some(words) = primitive::problem(&kind.name, value) {
                self.say(path, words);
            }
            return;
        }
        match value {
            Value::Object(fields) if fields.is_empty() => {
                self.say(path, "Invalid empty non-primitive value");
            }
            Value::Object(fields) => self.complex(kind, fields, value, path),
            other => self.wrong_json(path, other),
        }
    }

    fn complex(&mut self, kind: &Type, fields: &Map<String, Value>, value: &Value, path: &str) {
        match kind.name.as_str() {
            "Resource" => return self.resource(fields, path),
            "Extension" => self.keep("ext-1", value, path),
            "Reference" => self.target(kind, value, path),
            _ => {}
        }
        self.object(&kind.name, fields, path);
    }

    /// A resource inside another: of the type it names.
    fn resource(&mut self, fields: &Map<String, Value>, path: &str) {
        match fields.get("resourceType").and_then(Value::as_str) {
            None => self.say(&format!("{path}.resourceType"), "Missing required property"),
            Some(kind) if crate::known(kind) => self.object(kind, fields, path),
            Some(_) => self.say(path, "Unknown resource type"),
        }
    }

    /// Where the definition names targets, a literal reference points to one of them.
    fn target(&mut self, kind: &Type, value: &Value, path: &str) {
        let Some(reference) = Reference::from_json(value).filter(|_| !kind.targets.is_empty())
        else {
            return;
        };
        if reference.reference.starts_with('#') {
            return;
        }
        let found = reference
            .reference
            .split(['/', '?'])
            .next()
            .unwrap_or_default();
        if !kind.targets.contains(&found) {
            let expected = kind.targets.join("\", \"");
            self.say(
                path,
                format!("Invalid reference: got \"{found}\", expected \"{expected}\""),
            );
        }
    }

    /// The ids and extensions of a primitive's values.
    fn extras(&mut self, extras: &Value, path: &str) {
        match extras {
            Value::Object(fields) => self.object("Element", fields, path),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    match item {
                        Value::Null => {}
                        Value::Object(fields) => {
                            self.object("Element", fields, &format!("{path}[{at}]"));
                        }
                        other => self.wrong_json(&format!("{path}[{at}]"), other),
                    }
                }
            }
            other => self.wrong_json(path, other),
        }
    }
}
