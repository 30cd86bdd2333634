//! Who may come in at all, on every route.

use std::collections::BTreeSet;

use gateway::routes::{captures, matching};
use gateway::{Access, ROUTES, Route};
use harness::world::{Answer, Request};

use super::{Tenant, without_accidents};
use crate::samples::Place;
use crate::world::world;

fn closed() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.access != Access::Open)
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

fn must_be_unauthorized(answer: &Answer, route: &Route, header: &str) {
    let what = format!("{} {header}", name(route));
    assert_eq!(answer.status, 401, "{what}: {}", answer.text);
    assert!(answer.is_refusal_at(route.path), "{what}: {}", answer.text);
    assert_eq!(answer.issue_text(), "Unauthorized", "{what}");
    if answer.body["resourceType"] == "OperationOutcome" {
        assert_eq!(answer.body["id"], "unauthorized", "{what}");
        assert_eq!(answer.body["issue"][0]["code"], "login", "{what}");
    }
}

#[tokio::test]
async fn nobody_enters_a_closed_route_without_credentials_that_count() {
    let own = Tenant::make(world().await, "Doors").await;
    let place = own.place();
    let token = bearer_of(&own).await;
    let (head, tail) = token.split_at(token.len() - 8);
    let forged = format!("Bearer {head}{}", tail.chars().rev().collect::<String>());
    let other_payload = {
        let mut parts: Vec<&str> = token.split('.').collect();
        parts[1] = "e30";
        format!("Bearer {}", parts.join("."))
    };
    let headers = [
        "",
        "Bearer",
        "Bearer garbage",
        "Bearer a.b.c",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Basic",
        "Basic !!!",
        "Basic Og==",
        "Basic bm9ib2R5Om5vdGhpbmc=",
        "Basic MTExMTExMTEtMjIyMi00MzMzLTg0NDQtNTU1NTU1NTU1NTU1OnNlY3JldA==",
        "Digest username=x",
        &forged,
        &other_payload,
    ];
    let wrong = world()
        .await
        .anonymous()
        .basic(own.project.admin.id(), "not the secret");
    for route in closed() {
        let mut first = None;
        for header in headers {
            let request = place.request(route).header("authorization", header);
            let answer = world().await.anonymous().send(request).await;
            must_be_unauthorized(&answer, route, header);
            assert_eq!(answer.header("www-authenticate"), "", "{}", name(route));
            let text = without_accidents(&answer, &[]);
            assert_eq!(
                first.get_or_insert(text.clone()),
                &text,
                "{} {header}",
                name(route)
            );
        }
        let answer = wrong.send(place.request(route)).await;
        must_be_unauthorized(&answer, route, "");
        let answer = world().await.anonymous().send(place.request(route)).await;
        must_be_unauthorized(&answer, route, "");
    }
}

/// A bearer token that counts.
async fn bearer_of(tenant: &Tenant) -> String {
    let form = "grant_type=client_credentials".to_owned();
    let request = Request::new("POST", "/oauth2/token").body(crate::samples::FORM, form);
    let answer = tenant.project.admin.send(request).await.must(200);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_is_asked_for_a_password_only_when_the_page_wants_that() {
    let own = Tenant::make(world().await, "Prompt").await;
    for route in closed() {
        let path = format!("{}?_medplum-prompt-basic-auth", own.place().path(route));
        let answer = world()
            .await
            .anonymous()
            .send(Request::new(route.method, &path))
            .await;
        must_be_unauthorized(&answer, route, "");
        let realm = format!("Basic realm=\"{}/\"", world().await.api());
        assert_eq!(answer.header("www-authenticate"), realm, "{}", name(route));
    }
}

#[tokio::test]
async fn a_member_who_is_no_administrator_is_refused_before_anything_he_sends_is_read() {
    let own = Tenant::make(world().await, "Roles").await;
    for route in closed() {
        let member = own.project.application("Plain").await.token().await;
        let admin = own.project.administrator("Admin").await.token().await;
        let (refused, who) = match route.access {
            Access::Open | Access::Member => (Vec::new(), [&member, &admin].to_vec()),
            Access::Admin => ([&member].to_vec(), [&admin].to_vec()),
            Access::SuperAdmin => ([&member, &admin].to_vec(), Vec::new()),
        };
        for caller in refused {
            let broken = Request::new(route.method, &own.place().path(route))
                .body("application/json", "{".to_owned());
            for request in [own.place().request(route), broken] {
                let answer = caller.send(request).await;
                assert_eq!(answer.status, 403, "{}: {}", name(route), answer.text);
                assert!(answer.is_refusal_at(route.path), "{}", answer.text);
                assert_eq!(answer.issue_text(), "Forbidden", "{}", name(route));
            }
        }
        for caller in who {
            let place = Place {
                membership: super::UNKNOWN.to_owned(),
                ..own.place()
            };
            let answer = caller.send(place.request(route)).await;
            assert!(
                ![401, 403].contains(&answer.status),
                "{}: {}",
                name(route),
                answer.text
            );
        }
    }
}

/// Whether some route takes it; `_search` and `$init` are ids, and unknown ones, for a route that reads by id.
fn has(method: &str, path: &str) -> bool {
    ROUTES
        .iter()
        .any(|route| route.method == method && captures(route.path, path).is_some())
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_405_and_the_answer_names_those_it_has() {
    let own = Tenant::make(world().await, "Methods").await;
    for route in ROUTES {
        let path = own.place().path(route);
        let allowed: BTreeSet<&str> = matching(&path).iter().map(|route| route.method).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if has(method, &path) {
                continue;
            }
            let answer = own.project.admin.send(Request::new(method, &path)).await;
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
            assert!(answer.is_refusal_at(&path), "{method} {path}");
            let listed: BTreeSet<&str> = answer.header("allow").split(", ").collect();
            assert!(
                listed.is_superset(&allowed) && !listed.contains(method),
                "{method} {path}: {listed:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_path_that_nobody_has_is_404_and_401_where_one_must_say_who_one_is() {
    let own = Tenant::make(world().await, "Nowhere").await;
    for path in [
        "/nope",
        "/admin/nope",
        "/fhir/R4/Patient/x/nope/nope",
        "/scim/nope",
        "/scim/v2/Users/x/nope",
        "/auth/nope",
        "/.well-known/nope",
    ] {
        let answer = own.project.admin.get(path).await.must(404);
        assert_eq!(answer.issue_text(), "Not found", "{path}");
        let stranger = world().await.anonymous().get(path).await;
        let closed = ["/admin", "/fhir", "/scim"]
            .iter()
            .any(|part| path.starts_with(part));
        assert_eq!(stranger.status, if closed { 401 } else { 404 }, "{path}");
        assert!(stranger.is_refusal_at(path), "{path}: {}", stranger.text);
    }
}
