//! Bad queries on every route that has one, and bad forms on those that take one.

use gateway::ROUTES;
use harness::world::Request;

use super::{Target, must_be_an_answer};
use crate::samples::{FORM, Sample};
use crate::world::world;

const NAMES: [&str; 22] = [
    "_count",
    "_offset",
    "_cursor",
    "_sort",
    "_total",
    "_summary",
    "_elements",
    "_fields",
    "_include",
    "_revinclude",
    "_lastUpdated",
    "_id",
    "_project",
    "project",
    "user",
    "profile",
    "profile-type",
    "external-id",
    "user-name:not",
    "access-policy:missing",
    "identifier",
    "_has:Patient:x:y",
];

const VALUES: [&str; 14] = [
    "",
    "-1",
    "99999999999999999999",
    "x",
    "%00",
    "%0d%0aX-Evil:1",
    "%F0%9F%98%80",
    "%ff",
    "%",
    ",",
    "%5C,%7C%7C",
    "Project/..%2F..",
    "gt2020-99-99",
    "*",
];

#[tokio::test]
async fn a_bad_query_is_refused_or_matches_nothing_but_breaks_nothing() {
    let target = Target::make(world().await, "Queries").await;
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        let path = target.place.path(route);
        let names = match route.path {
            "/fhir/R4/ProjectMembership" => &NAMES[..],
            "/scim/v2/Users" => &["filter", "startIndex", "count"],
            _ => &NAMES[..1],
        };
        for name in names {
            for value in VALUES {
                let request = Request::new("GET", &format!("{path}?{name}={value}"));
                let answer = target.caller(route).send(request).await;
                must_be_an_answer(&answer, &format!("GET {path}?{name}={value}"));
                assert_eq!(answer.header("x-evil"), "");
            }
        }
    }
}

#[tokio::test]
async fn a_bad_form_is_refused_in_the_words_of_its_route() {
    let target = Target::make(world().await, "Forms").await;
    for route in ROUTES {
        let Sample::Form(good) = target.place.body(route) else {
            continue;
        };
        let mut forms: Vec<String> = ["%", "=", "&&&", "%00=%00", "a=%00", "%ff%fe=1"]
            .map(str::to_owned)
            .into();
        for pair in good.split('&') {
            let (name, _) = pair.split_once('=').unwrap();
            forms.extend(VALUES.map(|value| format!("{good}&{name}={value}")));
            forms.extend(VALUES.map(|value| format!("{name}={value}")));
        }
        for form in forms {
            let answer = target.send(route, FORM, &form).await;
            let what = format!("{} {form}", route.path);
            assert_eq!(answer.header("x-broken"), "", "{what}");
            assert!(
                (200..500).contains(&answer.status),
                "{what}: {}",
                answer.text
            );
            let is_text = answer.header("content-type").starts_with("text/plain");
            let is_oauth = route.path.starts_with("/oauth2/") && !is_text;
            if is_oauth && answer.status >= 400 && answer.body["resourceType"] != "OperationOutcome"
            {
                assert!(answer.body["error"].is_string(), "{what}: {}", answer.text);
                assert!(
                    answer.body["error_description"].is_string(),
                    "{what}: {}",
                    answer.text
                );
            } else {
                must_be_an_answer(&answer, &what);
            }
        }
    }
}
