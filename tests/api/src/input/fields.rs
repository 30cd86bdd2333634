//! Each field of each body, replaced by everything it should not be.

use gateway::Route;
use harness::world::Answer;
use serde_json::{Map, Value};

use super::{JSON, Target, must_be_an_answer, writing_objects};
use crate::world::world;

/// Stands in a body for the raw JSON that replaces a field.
const HERE: &str = "@here@";

/// What no field, or hardly one, takes: raw JSON, because some of it is no JSON.
fn intruders() -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = [
        ("a number", "7"),
        ("a text", "\"text\""),
        ("yes", "true"),
        ("null", "null"),
        ("an empty text", "\"\""),
        ("an array", "[1,\"x\"]"),
        ("an object", "{\"strange\":1}"),
        ("a nested object", "{\"reference\":{\"reference\":[{}]}}"),
        ("a NUL", "\"a\\u0000b\""),
        ("line breaks", "\"a\\r\\nb: c\""),
        ("half a character", "\"\\ud800\""),
        ("emoji", "\"\u{1f600}\u{1f468}\u{200d}\u{1f469}\""),
        ("a huge number", "1e400"),
    ]
    .map(|(name, raw)| (name, raw.to_owned()))
    .into();
    all.push(("10 kB", format!("\"{}\"", "x".repeat(10_240))));
    all
}

/// Fields that a good body need not have, and that are tried all the same.
fn absent(path: &str) -> &'static [&'static str] {
    if path.ends_with("/invite") {
        &[
            "email",
            "patient",
            "accessPolicy",
            "access",
            "admin",
            "membership.profile",
            "membership.access",
            "membership.accessPolicy",
            "membership.identifier",
            "membership.userConfiguration",
            "membership.strange",
        ]
    } else if path.ends_with("{membershipId}") {
        &["access", "accessPolicy", "userConfiguration", "strange"]
    } else if path.starts_with("/scim/") {
        &["emails", "displayName"]
    } else if path.ends_with("$init") {
        &["owner", "ownerEmail"]
    } else {
        &["accessPolicy", "meta"]
    }
}

#[tokio::test]
async fn a_wrong_value_in_any_field_is_refused_by_its_name_and_writes_nothing() {
    let target = Target::make(world().await, "Fields").await;
    for (route, body) in writing_objects(&target.place) {
        let mut fields = paths(&body, "");
        fields.extend(absent(route.path).iter().map(|field| (*field).to_owned()));
        let mut refused = Vec::new();
        for field in &fields {
            for (name, raw) in intruders() {
                let mut changed = body.clone();
                put(&mut changed, field);
                let text = changed.to_string().replace(&format!("\"{HERE}\""), &raw);
                let answer = target.send(route, JSON, &text).await;
                let what = format!("{} {}: {field} = {name}", route.method, route.path);
                must_be_an_answer(&answer, &what);
                if answer.status == 400 {
                    let unreadable = ["half a character", "a huge number"].contains(&name);
                    // Every field may be well formed and yet name nobody.
                    let well_formed = [
                        "User not found",
                        "Existing password not set",
                        "Email already registered",
                        "Invalid client",
                        "Invalid googleClientId",
                        "Invalid redirect URI",
                        "Redirect URI is required",
                    ]
                    .contains(&answer.issue_text());
                    let named = names(&answer, field) || unreadable || well_formed;
                    assert!(named, "{what}: {}", answer.text);
                }
                if answer.status >= 400 {
                    refused.push(text);
                }
            }
        }
        assert!(!refused.is_empty(), "{} refuses nothing", route.path);
        must_write_nothing(&target, route, &refused).await;
    }
}

/// Sends again what was refused: it is refused again, and every row is as it was.
async fn must_write_nothing(target: &Target, route: &Route, refused: &[String]) {
    let before = target.rows().await;
    for text in refused {
        let answer = target.send(route, JSON, text).await;
        assert!(answer.status >= 400, "{}: {text}", route.path);
    }
    assert_eq!(before, target.rows().await, "{}", route.path);
}

/// The fields of an object and of the objects inside, as dotted paths.
fn paths(body: &Value, above: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        let path = format!("{above}{name}");
        all.extend(paths(value, &format!("{path}.")));
        all.push(path);
    }
    all
}

/// Puts the placeholder at a dotted path.
fn put(body: &mut Value, path: &str) {
    let mut place = body;
    for name in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name];
    }
    *place = HERE.into();
}

/// Whether some issue names the field, or one inside or around it, by its path or in its words.
fn names(answer: &Answer, field: &str) -> bool {
    let said = |text: &Value| text.to_string().replace(' ', "").to_lowercase();
    let issues = answer.body["issue"].as_array().into_iter().flatten();
    let said: String = issues
        .map(|issue| said(&issue["expression"]) + &said(&issue["details"]["text"]))
        .chain([said(&answer.body["detail"])])
        .collect();
    field
        .split('.')
        .any(|name| said.contains(&name.to_lowercase()))
}
