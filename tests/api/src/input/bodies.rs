//! Whole bodies that are none.

use gateway::{ROUTES, Route};
use harness::world::{Answer, Request};

use super::{JSON, Target, must_be_an_answer, writing_objects};
use crate::samples::{FORM, Sample};
use crate::world::world;

#[tokio::test]
async fn what_is_no_json_is_refused_and_writes_nothing() {
    let target = Target::make(world().await, "Bodies").await;
    for (route, body) in writing_objects(&target.place) {
        let whole = body.to_string();
        let half = &whole[..whole.len() / 2];
        let before = target.rows().await;
        for text in [
            "{",
            "}",
            "nope",
            "{\"a\":}",
            "\u{feff}{",
            "{'a': 1}",
            "{} {}",
            half,
            "1",
            "\"text\"",
            "null",
        ] {
            let answer = target.send(route, JSON, text).await;
            let what = format!("{} {}: {text}", route.method, route.path);
            must_be_an_answer(&answer, &what);
            assert_eq!(answer.status, 400, "{what}");
            let said = answer.issue_text();
            assert!(said.starts_with("Content could not be parsed"), "{what}");
        }
        assert_eq!(before, target.rows().await, "{}", route.path);
    }
}

#[tokio::test]
async fn a_body_that_is_empty_or_of_another_type_counts_as_none() {
    let target = Target::make(world().await, "Nothing").await;
    // Every option of a copy, of a task and of an expansion may be left out, so nothing is a wish, too.
    let nothing_is_a_wish = [
        "/fhir/R4/Project/{id}/$clone",
        "/fhir/R4/ValueSet/{id}/$expand",
        "/admin/super/{task}",
    ];
    let has_to_say = |(route, _): &(&Route, _)| !nothing_is_a_wish.contains(&route.path);
    for (route, body) in writing_objects(&target.place)
        .into_iter()
        .filter(has_to_say)
    {
        let before = target.rows().await;
        for (kind, text) in [
            (JSON, String::new()),
            (JSON, "[]".to_owned()),
            (JSON, "{}".to_owned()),
            ("text/plain", body.to_string()),
        ] {
            let answer = target.send(route, kind, &text).await;
            let what = format!("{} {}: {kind} {text}", route.method, route.path);
            must_be_an_answer(&answer, &what);
            assert!(
                [400, 403].contains(&answer.status),
                "{what}: {} {}",
                answer.status,
                answer.text
            );
        }
        let bare = Request::new(route.method, &target.place.path(route));
        let answer = target.caller(route).send(bare).await;
        must_be_an_answer(&answer, route.path);
        assert!(
            [400, 403].contains(&answer.status),
            "{}: {}",
            route.path,
            answer.text
        );
        assert_eq!(before, target.rows().await, "{}", route.path);
    }
}

#[tokio::test]
async fn a_body_over_a_megabyte_is_413_on_every_route_that_takes_one() {
    let target = Target::make(world().await, "Large").await;
    let before = target.rows().await;
    for route in ROUTES {
        let kind = match target.place.body(route) {
            Sample::Nothing => continue,
            Sample::Json(_) => JSON,
            Sample::Form(_) => FORM,
        };
        for size in [1_000_001, 2_000_000] {
            let filler = "x".repeat(size);
            let text = if kind == FORM {
                format!("grant_type={filler}")
            } else {
                format!("{{\"name\":\"{filler}\"}}")
            };
            let answer = target.send(route, kind, &text).await;
            assert_eq!(answer.header("x-broken"), "", "{}", route.path);
            assert_eq!(answer.status, 413, "{}: {}", route.path, answer.text);
            assert!(
                answer.text.contains("File too large"),
                "{}: {}",
                route.path,
                answer.text
            );
        }
    }
    assert_eq!(before, target.rows().await);
}

#[tokio::test]
async fn ten_thousand_levels_of_nesting_break_nothing() {
    let target = Target::make(world().await, "Deep").await;
    let before = target.rows().await;
    for (route, body) in writing_objects(&target.place) {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let bomb = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
            let inside = body
                .to_string()
                .replacen('{', &format!("{{\"deep\":{bomb},"), 1);
            for text in [&bomb, &inside] {
                let answer: Answer = target.send(route, JSON, text).await;
                must_be_an_answer(&answer, route.path);
                assert_eq!(answer.status, 400, "{}: {}", route.path, answer.text);
            }
        }
    }
    assert_eq!(before, target.rows().await);
}

#[tokio::test]
async fn a_key_that_comes_twice_is_refused() {
    let target = Target::make(world().await, "Twice").await;
    let before = target.rows().await;
    for (route, body) in writing_objects(&target.place) {
        let (name, value) = body.as_object().unwrap().iter().next_back().unwrap();
        let twice = body
            .to_string()
            .replacen('{', &format!("{{\"{name}\":{value},"), 1);
        let answer = target.send(route, JSON, &twice).await;
        let what = format!("{} {}: {name} twice", route.method, route.path);
        must_be_an_answer(&answer, &what);
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
    }
    assert_eq!(before, target.rows().await);
}

#[tokio::test]
async fn a_form_is_read_where_json_is() {
    let target = Target::make(world().await, "Forms").await;
    let named = |part: &str| -> &'static Route {
        ROUTES
            .iter()
            .find(|route| route.path.ends_with(part))
            .unwrap()
    };
    let made = target
        .send(named("/client"), FORM, "name=By+form&description=x")
        .await
        .must(201);
    assert_eq!(made.body["name"], "By form");
    let text = "resourceType=Practitioner&firstName=A&lastName=B&externalId=form-1&sendEmail=false";
    let member = target.send(named("/invite"), FORM, text).await.must(200);
    assert_eq!(member.body["externalId"], "form-1");
    let refused = target
        .send(named("/invite"), FORM, "firstName=%00&lastName=x")
        .await
        .must(400);
    assert_eq!(refused.expression(), "firstName");
}
