//! Whatever a stranger sends is refused or understood: it panics nowhere and its answer stays small.

use roster_fhir::search::Query;
use roster_fhir::{Resource, View, parse_json, schema, without_empties};
use serde_json::{Map, Value, json};

/// A small generator with a fixed seed: every run reads the same texts.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }

    fn one_of<'a>(&mut self, pieces: &[&'a str]) -> &'a str {
        pieces[self.below(pieces.len())]
    }

    /// Up to six pieces in a row.
    fn text(&mut self, pieces: &[&str]) -> String {
        (0..self.below(7)).map(|_| self.one_of(pieces)).collect()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.below(3) == 0),
            2 => json!(self.below(5000)),
            3 => json!(-1.5e300),
            4 => json!(self.text(VALUES)),
            5 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => Value::Object(self.object(depth - 1)),
        }
    }

    fn object(&mut self, depth: usize) -> Map<String, Value> {
        (0..self.below(6))
            .map(|_| (self.one_of(FIELDS).to_owned(), self.value(depth)))
            .collect()
    }
}

const NAMES: &[&str] = &[
    "name",
    "_id",
    "_lastUpdated",
    "birthdate",
    "profile",
    "identifier",
    "admin",
    "_has:",
    "_filter",
    "_include",
    "_sort",
    "_count",
    "_offset",
    "_cursor",
    ":not",
    ":missing",
    ":exact",
    ":Patient",
    ":",
    ".",
    "é",
    "\0",
    "patient",
    "email",
    "_compartment",
    "_type",
];
const VALUES: &[&str] = &[
    "2026",
    "-11",
    "-31",
    "T",
    "20:35",
    ":03",
    ".2",
    "Z",
    "+14:00",
    "gt",
    "ap",
    ",",
    "\\",
    "|",
    "é",
    "😀",
    "\0",
    " ",
    "Patient/",
    "00000000-0000-0000-0000-000000000007",
    "true",
    "-",
    "9999999999999999999999",
    "%",
    "urn:oid:1.",
    "=",
    "and eq",
    "\"",
];
const FIELDS: &[&str] = &[
    "name",
    "_name",
    "given",
    "_given",
    "family",
    "telecom",
    "value",
    "system",
    "extension",
    "url",
    "valueString",
    "valueReference",
    "reference",
    "birthDate",
    "_birthDate",
    "contained",
    "resourceType",
    "meta",
    "tag",
    "contact",
    "period",
    "start",
    "coding",
    "é",
    "subject",
    "patient",
    "project",
    "accounts",
    "photo",
    "data",
    "text",
    "div",
    "access",
    "policy",
    "link",
    "other",
];
const KINDS: &[&str] = &[
    "Patient",
    "ProjectMembership",
    "AccessPolicy",
    "Bundle",
    "Observation",
    "AuditEvent",
    "Bogus",
];

#[test]
fn no_query_panics() {
    let mut seeded = Seeded(1);
    let mut understood = 0;
    for _ in 0..5_000 {
        let kind = seeded.one_of(KINDS).to_owned();
        let pairs: Vec<_> = (0..seeded.below(4))
            .map(|_| (seeded.text(NAMES), seeded.text(VALUES)))
            .collect();
        let Ok(query) = Query::parse(&kind, &pairs) else {
            continue;
        };
        understood += 1;
        let stored = resource(&kind, seeded.object(3));
        let other = resource(&kind, seeded.object(3));
        let _ = (query.matches(&stored), query.compare(&stored, &other));
        let links = query.links("http://x/", 1, &roster_fhir::search::Next::Offset);
        assert!(
            links.iter().all(|link| link.url.is_ascii()),
            "{links:?} of {pairs:?}"
        );
    }
    assert!(
        understood > 500,
        "the generator hardly makes a query that is understood: {understood}"
    );
}

#[test]
fn no_resource_panics() {
    let mut seeded = Seeded(2);
    for _ in 0..5_000 {
        let kind = seeded.one_of(KINDS);
        let body = seeded.object(5);
        let stored = resource(kind, body.clone());
        let shown = stored.to_json(View::Extended);
        assert_eq!(
            without_empties(shown.clone()),
            shown,
            "what is shown has nothing empty left"
        );
        assert!(schema::validate(kind, &Value::Object(body)).len() <= 100);
    }
}

#[test]
fn no_bytes_panic_and_what_is_read_is_what_was_written() {
    let mut seeded = Seeded(3);
    for _ in 0..5_000 {
        let value = seeded.value(6);
        let mut bytes = value.to_string().into_bytes();
        match parse_json(&bytes) {
            Ok(read) => assert_eq!(read, value),
            Err(problem) => assert!(
                String::from_utf8_lossy(&bytes).contains("\\u0000"),
                "{problem:?}"
            ),
        }
        let at = seeded.below(bytes.len());
        bytes[at] = u8::try_from(seeded.below(256)).unwrap_or(0);
        let _ = parse_json(&bytes);
    }
}

#[test]
fn a_body_full_of_faults_gets_a_short_answer() {
    let names: Map<String, Value> = (0..50_000).map(|n| (format!("x{n}"), json!(n))).collect();
    assert_eq!(
        schema::validate("Patient", &Value::Object(names)).len(),
        100
    );
    let pairs: Vec<_> = (0..50_000)
        .map(|n| (format!("x{n}"), "1".to_owned()))
        .collect();
    assert_eq!(
        Query::parse("Patient", &pairs).map_err(|issues| issues.len()),
        Err(100)
    );
}

fn resource(kind: &str, body: Map<String, Value>) -> Resource {
    let meta = json!({
        "versionId": "2ccae2c6-0897-4efb-b66b-8c45f7a64628",
        "lastUpdated": "2026-11-21T20:35:01.274Z",
        "author": {"reference": "system"},
        "tag": body.get("tag").cloned().unwrap_or_default(),
        "accounts": body.get("accounts").cloned().unwrap_or_default()
    });
    Resource {
        kind: kind.to_owned(),
        id: "7f045aa3-49b2-494a-9ea6-efc13411e5d9"
            .parse()
            .unwrap_or_default(),
        meta: roster_fhir::Meta::from_json(&meta).unwrap_or_else(|| unreachable!("a whole meta")),
        body,
    }
}
