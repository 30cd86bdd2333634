//! The entries of a batch, as they are asked: what a Bundle says about each, without carrying anything out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::Issue;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Read or search.
    Get,
    /// Create.
    Post,
    /// Update.
    Put,
    /// Patch.
    Patch,
    /// Delete.
    Delete,
}

/// To what it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A type, or what a search finds of it.
    Type(String),
    /// A resource, by type and id.
    Resource(String, String),
    /// Its history.
    History(String, String),
    /// One version of it.
    Version(String, String, String),
    /// What a value set stands for: the one with this id, or that which the words name.
    Expansion(Option<String>),
    /// Something that a batch does not reach.
    Elsewhere,
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What is done.
    pub verb: Verb,
    /// To what.
    pub place: Place,
    /// The words of a search, if there are any.
    pub words: Option<Vec<(String, String)>>,
    /// The resource that was sent.
    pub resource: Option<Value>,
    /// The name by which other entries refer to what this one makes: `urn:uuid:…`.
    pub name: Option<String>,
    /// The version that the sender has seen.
    pub if_match: Option<String>,
    /// The words of a search that must find nothing.
    pub if_none_exist: Option<String>,
}

/// What a Bundle asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Requests {
    /// Whether it is a transaction.
    pub transaction: bool,
    /// The entries in their order; or what is wrong with one.
    pub entries: Vec<Result<Request, Issue>>,
}

/// The beginning of a name that an entry gives to what it makes.
const URN: &str = "urn:uuid:";
/// The same, as it stands in an encoded address.
const ENCODED_URN: &str = "urn%3Auuid%3A";
/// What follows it.
const UUID_LENGTH: usize = 36;
/// The operation that expands a value set. Forms ask for many sets at once, in one batch.
const EXPAND: &str = "$expand";

impl Requests {
    /// Reads a Bundle. `base` is the server's URL: addresses may begin with it.
    ///
    /// # Errors
    /// An issue for what is no batch and no transaction, and for one without entries or with more than `most`.
    pub fn of(bundle: &Map<String, Value>, base: &str, most: usize) -> Result<Self, Issue> {
        let kind = bundle
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if bundle.get("resourceType") != Some(&"Bundle".into()) {
            return Err(Issue::error("invalid", "Not a bundle").at("Bundle.resourceType"));
        }
        if !["batch", "transaction"].contains(&kind) {
            let words = format!("Unrecognized bundle type: {kind}");
            return Err(Issue::error("invalid", words).at("Bundle.type"));
        }
        let entries = bundle.get("entry").and_then(Value::as_array);
        let entries = entries.filter(|entries| !entries.is_empty());
        let entries = entries
            .ok_or_else(|| Issue::error("invalid", "Missing bundle entries").at("Bundle.entry"))?;
        if entries.len() > most {
            let words = format!("A bundle may have at most {most} entries");
            return Err(Issue::error("invalid", words).at("Bundle.entry"));
        }
        Ok(Self {
            transaction: kind == "transaction",
            entries: entries.iter().map(|entry| request(entry, base)).collect(),
        })
    }
}

fn request(entry: &Value, base: &str) -> Result<Request, Issue> {
    let asked = entry.get("request");
    let text = |field: &str| asked?.get(field)?.as_str();
    let missing = |words: &str| Issue::error("invalid", words);
    let verb = match text("method").ok_or_else(|| missing("Missing Bundle entry request method"))? {
        "GET" => Verb::Get,
        "POST" => Verb::Post,
        "PUT" => Verb::Put,
        "PATCH" => Verb::Patch,
        "DELETE" => Verb::Delete,
        other => return Err(missing(&format!("Unrecognized request method: {other}"))),
    };
    let url = text("url").ok_or_else(|| missing("Missing Bundle entry request URL"))?;
    let name = entry.get("fullUrl").and_then(Value::as_str);
    let (path, words) = url
        .split_once('?')
        .map_or((url, None), |(path, it)| (path, Some(it)));
    Ok(Request {
        verb,
        place: place(path, base),
        words: words.map(criteria),
        resource: entry.get("resource").cloned(),
        name: name.filter(|name| name.starts_with(URN)).map(str::to_owned),
        if_match: text("ifMatch").map(str::to_owned),
        if_none_exist: text("ifNoneExist").map(str::to_owned),
    })
}

/// The words of a search, decoded: `code=value&…`.
pub fn criteria(words: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(words.as_bytes())
        .into_owned()
        .collect()
}

fn place(path: &str, base: &str) -> Place {
    let path = path
        .strip_prefix(base)
        .unwrap_or(path)
        .trim_start_matches('/');
    let path = path.strip_prefix("fhir/R4/").unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    let text = |part: &str| part.to_owned();
    match parts[..] {
        ["ValueSet", EXPAND] => Place::Expansion(None),
        ["ValueSet", id, EXPAND] => Place::Expansion(Some(text(id))),
        [kind] if !kind.is_empty() && !kind.starts_with(['_', '$']) => Place::Type(text(kind)),
        [kind, id] if !id.starts_with(['_', '$']) => Place::Resource(text(kind), text(id)),
        [kind, id, "_history"] => Place::History(text(kind), text(id)),
        [kind, id, "_history", version] => Place::Version(text(kind), text(id), text(version)),
        _ => Place::Elsewhere,
    }
}

impl Request {
    /// The words of the search that must find nothing.
    pub fn must_not_find(&self) -> Option<Vec<(String, String)>> {
        let words = self.if_none_exist.as_deref()?;
        let words = words.split_once('?').map_or(words, |(_, words)| words);
        Some(criteria(words))
    }

    /// The resource as an object.
    ///
    /// # Errors
    /// An issue when there is none.
    pub fn body(&self) -> Result<Map<String, Value>, Issue> {
        let body = self.resource.as_ref().and_then(Value::as_object).cloned();
        body.ok_or_else(|| Issue::error("invalid", "Missing Bundle entry resource"))
    }

    /// The operations of a patch: JSON in a `Binary`, or `Parameters`.
    ///
    /// # Errors
    /// An issue for anything else.
    pub fn operations(&self) -> Result<Vec<Value>, Issue> {
        let resource = self.resource.as_ref();
        let resource =
            resource.ok_or_else(|| Issue::error("invalid", "Missing Bundle entry resource"))?;
        let found = match resource["resourceType"].as_str() {
            Some("Binary") => in_binary(resource),
            Some("Parameters") => Some(in_parameters(resource)),
            _ => {
                return Err(Issue::error(
                    "invalid",
                    "Patch entry must include a Binary or Parameters resource",
                ));
            }
        };
        found.ok_or_else(|| Issue::error("invalid", "Decoded PATCH body must be an array"))
    }

    /// Replaces names of entries by what was made of them, wherever they stand; `made` knows the reference for a name.
    pub fn resolve(&mut self, made: &dyn Fn(&str) -> Option<String>) {
        if let Some(resource) = &mut self.resource {
            resolve_in(resource, made);
        }
        for (_, word) in self.words.iter_mut().flatten() {
            resolve_text(word, made);
        }
        if let Some(words) = &mut self.if_none_exist {
            resolve_text(words, made);
        }
    }
}

fn in_binary(binary: &Value) -> Option<Vec<Value>> {
    let data = STANDARD.decode(binary["data"].as_str()?).ok()?;
    match crate::parse_json(&data).ok()? {
        Value::Array(operations) => Some(operations),
        _ => None,
    }
}

fn in_parameters(parameters: &Value) -> Vec<Value> {
    let operations = parameters["parameter"].as_array().into_iter().flatten();
    operations.map(operation).collect()
}

fn operation(parameter: &Value) -> Value {
    let mut operation = json!({});
    for part in parameter["part"].as_array().into_iter().flatten() {
        let name = part["name"].as_str().unwrap_or_default();
        let fields = part.as_object().into_iter().flatten();
        let mut values = fields.filter(|(field, _)| field.starts_with("value"));
        let Some((_, value)) = values.next() else {
            continue;
        };
        let key = if name == "type" { "op" } else { name };
        operation[key] = match (key, value) {
            // A value is JSON in a text, or a value of its own type.
            ("value", Value::String(text)) => {
                crate::parse_json(text.as_bytes()).unwrap_or_else(|_| value.clone())
            }
            _ => value.clone(),
        };
    }
    operation
}

fn resolve_in(value: &mut Value, made: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => resolve_text(text, made),
        Value::Array(items) => items.iter_mut().for_each(|item| resolve_in(item, made)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| resolve_in(field, made)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn resolve_text(text: &mut String, made: &dyn Fn(&str) -> Option<String>) {
    for (mark, slash) in [(URN, "/"), (ENCODED_URN, "%2F")] {
        if !text.contains(mark) {
            continue;
        }
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find(mark) {
            let after = &rest[at + mark.len()..];
            let id = after.get(..UUID_LENGTH);
            let reference = id.and_then(|id| made(&format!("{URN}{id}")));
            resolved.push_str(&rest[..at]);
            match reference {
                Some(reference) => {
                    resolved.push_str(&reference.replace('/', slash));
                    rest = &after[UUID_LENGTH..];
                }
                None => {
                    resolved.push_str(mark);
                    rest = after;
                }
            }
        }
        resolved.push_str(rest);
        *text = resolved;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use super::*;

    const BASE: &str = "http://127.0.0.1:8103/";
    const NAME: &str = "urn:uuid:00000000-0000-4000-8000-000000000001";

    fn read(bundle: &Value) -> Result<Requests, Issue> {
        Requests::of(bundle.as_object().unwrap(), BASE, 2)
    }

    fn batch(entry: &Value) -> Request {
        let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": [entry] });
        read(&bundle).unwrap().entries.remove(0).unwrap()
    }

    #[test]
    fn addresses_are_read_with_and_without_the_servers_url() {
        let place = |url: &str| batch(&json!({ "request": { "method": "GET", "url": url } })).place;
        let patient = Place::Resource("Patient".into(), "1".into());
        for url in [
            "Patient/1",
            "/Patient/1",
            "fhir/R4/Patient/1",
            "http://127.0.0.1:8103/fhir/R4/Patient/1",
        ] {
            assert_eq!(place(url), patient, "{url}");
        }
        assert_eq!(place("/Patient?name=x"), Place::Type("Patient".into()));
        assert_eq!(
            place("Patient/1/_history"),
            Place::History("Patient".into(), "1".into())
        );
        assert_eq!(place("Patient/1/$expunge"), Place::Elsewhere);
        assert_eq!(place(""), Place::Elsewhere);
    }

    #[test]
    fn what_is_no_batch_is_refused() {
        let words = |bundle: Value| read(&bundle).unwrap_err().text;
        let bundle = |kind: &str, entries: Value| json!({ "resourceType": "Bundle", "type": kind, "entry": entries });
        assert_eq!(
            words(bundle("searchset", json!([{}]))),
            "Unrecognized bundle type: searchset"
        );
        assert_eq!(words(bundle("batch", json!([]))), "Missing bundle entries");
        assert!(words(bundle("batch", json!([{}, {}, {}]))).contains("at most 2"));
        let entries = read(&bundle("batch", json!([{}, 7]))).unwrap().entries;
        assert!(entries.iter().all(Result::is_err));
    }

    #[test]
    fn names_are_replaced_wherever_they_stand() {
        let mut request = batch(&json!({
            "request": { "method": "POST", "url": format!("Observation?subject={NAME}") },
            "resource": { "subject": { "reference": NAME }, "note": format!("a {NAME} b"), "other": "urn:uuid:x" }
        }));
        request.resolve(&|name| (name == NAME).then(|| "Patient/7".to_owned()));
        let resource = request.resource.unwrap();
        assert_eq!(resource["subject"]["reference"], "Patient/7");
        assert_eq!(resource["note"], "a Patient/7 b");
        assert_eq!(resource["other"], "urn:uuid:x");
        assert_eq!(request.words.unwrap()[0].1, "Patient/7");
    }

    #[test]
    fn a_patch_comes_in_a_binary_or_in_parameters() {
        let patch = |resource: Value| {
            batch(&json!({ "request": { "method": "PATCH", "url": "Patient/1" }, "resource": resource })).operations()
        };
        let wanted = vec![json!({ "op": "add", "path": "/active", "value": true })];
        let data = STANDARD.encode(Value::from(wanted.clone()).to_string());
        assert_eq!(
            patch(json!({ "resourceType": "Binary", "data": data })),
            Ok(wanted.clone())
        );
        let parts = json!([{ "name": "op", "valueCode": "add" }, { "name": "path", "valueString": "/active" },
                           { "name": "value", "valueString": "true" }]);
        let parameters = json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": parts }] });
        assert_eq!(patch(parameters), Ok(wanted));
        assert!(patch(json!({ "resourceType": "Patient" })).is_err());
        assert!(patch(json!({ "resourceType": "Binary", "data": "e30=" })).is_err());
    }
}
