use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{Link, Outcome};

/// One resource of a search result.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Why it is there.
    pub mode: Mode,
    /// The resource as the caller may see it.
    pub resource: Value,
}

/// Why a resource stands in a search result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It matches.
    Match,
    /// A match refers to it, or it refers to a match.
    Include,
}

/// One line of a resource's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The version's id.
    pub id: Uuid,
    /// The resource as it was; `None` for a deletion.
    pub resource: Option<Value>,
}

/// A search result. `base` is the server's URL with its trailing slash; `total` only when it was asked for.
///
/// An empty result has no `entry` at all, as recorded.
pub fn searchset(base: &str, entries: Vec<Entry>, links: &[Link], total: Option<u64>) -> Value {
    let entries = entries
        .into_iter()
        .map(|entry| {
            let mode = match entry.mode {
                Mode::Match => "match",
                Mode::Include => "include",
            };
            let full_url = full_url(base, &entry.resource);
            let mut line = json!({ "fullUrl": full_url, "search": {"mode": mode} });
            // Moved: the macro would make it anew.
            line["resource"] = entry.resource;
            line
        })
        .collect();
    let mut bundle = bundle("searchset", entries, total);
    let links = links
        .iter()
        .map(|link| json!({"relation": link.relation, "url": link.url}));
    bundle.insert("link".into(), links.collect());
    Value::Object(bundle)
}

/// The versions of `address` (`Type/id`), newest first as given; a deletion has status 410 and no resource.
pub fn history(base: &str, address: &str, versions: Vec<Version>, total: u64) -> Value {
    let entries = versions
        .into_iter()
        .map(|version| {
            let (status, outcome) = match version.resource {
                Some(_) => ("200", Outcome::ok()),
                None => ("410", Outcome::gone()),
            };
            let mut entry = json!({
                "fullUrl": format!("{base}fhir/R4/{address}"),
                "request": {"method": "GET", "url": format!("{address}/_history/{}", version.id)},
                "response": {"status": status, "outcome": outcome.bare()}
            });
            if let Some(resource) = version.resource {
                entry["resource"] = resource;
            }
            entry
        })
        .collect();
    Value::Object(bundle("history", entries, Some(total)))
}

/// The answers to the entries of a batch, in their order; each is a whole entry (`response`, perhaps `resource`).
pub fn batch_response(entries: Vec<Value>) -> Value {
    Value::Object(bundle("batch-response", entries, None))
}

/// The same for a transaction.
pub fn transaction_response(entries: Vec<Value>) -> Value {
    Value::Object(bundle("transaction-response", entries, None))
}

fn bundle(kind: &str, entries: Vec<Value>, total: Option<u64>) -> Map<String, Value> {
    let mut bundle = Map::new();
    bundle.insert("resourceType".into(), "Bundle".into());
    bundle.insert("type".into(), kind.into());
    if !entries.is_empty() {
        bundle.insert("entry".into(), Value::Array(entries));
    }
    if let Some(total) = total {
        bundle.insert("total".into(), total.into());
    }
    bundle
}

fn full_url(base: &str, resource: &Value) -> String {
    let part = |name: &str| {
        resource
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    format!("{base}fhir/R4/{}/{}", part("resourceType"), part("id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://127.0.0.1:8103/";

    #[test]
    fn an_empty_result_has_neither_entry_nor_total() {
        let link = Link {
            relation: "self",
            url: "http://127.0.0.1:8103/fhir/R4/Patient?_count=20".into(),
        };
        let recorded = concat!(
            r#"{"resourceType":"Bundle","type":"searchset","link":"#,
            r#"[{"relation":"self","url":"http://127.0.0.1:8103/fhir/R4/Patient?_count=20"}]}"#
        );
        assert_eq!(searchset(BASE, vec![], &[link], None).to_string(), recorded);
    }

    #[test]
    fn an_entry_has_its_full_url_mode_and_resource() {
        let entry = Entry {
            mode: Mode::Include,
            resource: json!({"resourceType": "Patient", "id": "1"}),
        };
        let recorded = concat!(
            r#"{"resourceType":"Bundle","type":"searchset","entry":"#,
            r#"[{"fullUrl":"http://127.0.0.1:8103/fhir/R4/Patient/1","search":{"mode":"include"},"#,
            r#""resource":{"resourceType":"Patient","id":"1"}}],"total":3,"link":[]}"#
        );
        assert_eq!(
            searchset(BASE, vec![entry], &[], Some(3)).to_string(),
            recorded
        );
    }

    #[test]
    fn a_deletion_in_a_history_is_gone_and_has_no_resource() {
        let deletion = Version {
            id: Uuid::nil(),
            resource: None,
        };
        let entry = &history(BASE, "Patient/1", vec![deletion], 1)["entry"][0];
        assert_eq!(entry["fullUrl"], "http://127.0.0.1:8103/fhir/R4/Patient/1");
        assert_eq!(
            entry["request"]["url"],
            "Patient/1/_history/00000000-0000-0000-0000-000000000000"
        );
        assert_eq!(entry["response"]["status"], "410");
        assert_eq!(entry.get("resource"), None);
    }
}
