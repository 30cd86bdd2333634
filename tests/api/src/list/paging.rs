//! Pages: their links as recorded, and that every member is on exactly one.

use std::collections::BTreeSet;

use harness::world::Answer;
use serde_json::Value;

use super::{Clinic, LIST, entries, id, links};

fn shown(answer: &Answer) -> Vec<String> {
    links(answer)
        .into_iter()
        .map(|(relation, query)| format!("{relation} {query}"))
        .collect()
}

#[tokio::test]
async fn links_are_as_recorded() {
    let clinic = Clinic::open().await;
    let not = "profile-type:not=ClientApplication%2CBot";
    let cases = [
        (
            "profile-type=Patient",
            vec![
                "self _count=20&profile-type=Patient".to_owned(),
                "first _count=20&profile-type=Patient".into(),
            ],
        ),
        (
            "profile-type:not=ClientApplication,Bot&_count=2",
            vec![
                format!("self _count=2&{not}"),
                format!("first _count=2&{not}"),
                format!("next _count=2&_offset=2&{not}"),
            ],
        ),
        (
            "_count=2&_offset=2",
            [
                "self _count=2&_offset=2",
                "first _count=2",
                "next _count=2&_offset=4",
                "previous _count=2",
            ]
            .map(str::to_owned)
            .into(),
        ),
        (
            "_count=6",
            vec!["self _count=6".to_owned(), "first _count=6".into()],
        ),
        ("_count=0", vec!["self _count=0".to_owned()]),
        (
            "profile-type=Bogus",
            vec!["self _count=20&profile-type=Bogus".to_owned()],
        ),
        (
            "_summary=count",
            vec!["self _count=0&_total=accurate".to_owned()],
        ),
        (
            "_count=1&_total=accurate",
            [
                "self _count=1&_total=accurate",
                "first _count=1&_total=accurate",
                "next _count=1&_offset=1&_total=accurate",
            ]
            .map(str::to_owned)
            .into(),
        ),
        (
            "_sort=-_lastUpdated&_count=5",
            [
                "self _count=5&_sort=-_lastUpdated",
                "first _count=5&_sort=-_lastUpdated",
                "next _count=5&_offset=5&_sort=-_lastUpdated",
            ]
            .map(str::to_owned)
            .into(),
        ),
    ];
    for (query, expected) in cases {
        let answer = clinic.find(query).await.must(200);
        assert_eq!(shown(&answer), expected, "{query}");
    }
}

#[tokio::test]
async fn a_total_is_told_when_it_is_asked_for() {
    let clinic = Clinic::open().await;
    let cases = [
        ("_total=accurate&_count=1", Some(6)),
        ("_total=estimate&_count=1", Some(6)),
        ("_total=none", None),
        ("_total=accurate&profile-type=Patient", Some(2)),
        ("_summary=count", Some(6)),
        ("_total=accurate&profile-type=Bogus", Some(0)),
        ("_total=accurate&external-id=ext-1", Some(1)),
    ];
    for (query, total) in cases {
        let answer = clinic.find(query).await.must(200);
        assert_eq!(
            answer.body.get("total").and_then(Value::as_u64),
            total,
            "{query}"
        );
    }
}

#[tokio::test]
async fn walking_by_next_meets_every_member_once() {
    let clinic = Clinic::open().await;
    for query in [
        "_count=1",
        "_count=2",
        "_count=4&profile-type=Patient,RelatedPerson",
        "_count=2&_sort=-_lastUpdated",
        "_count=2&_sort=profile",
        "_count=1&_sort=name",
        "_count=2&_sort=-name&profile-type=Patient,ClientApplication",
        "_count=1&_sort=_lastUpdated",
        "_count=1&name=smith",
        "_count=1&name:contains=i&admin:missing=true",
        "_count=1&profile-type:not=ClientApplication,Bot",
        "_count=1&admin:missing=true&profile-type=Patient",
    ] {
        let whole = clinic
            .find(
                &query
                    .replace("_count", "_count=1000&_x")
                    .replace("_x=", "_="),
            )
            .await
            .must(200);
        let all: BTreeSet<String> = entries(&whole)
            .iter()
            .map(|member| id(member).to_owned())
            .collect();
        let mut seen = BTreeSet::new();
        let mut path = format!("{LIST}?{query}");
        loop {
            let page = clinic.project.admin.get(&path).await.must(200);
            for member in entries(&page) {
                assert!(
                    seen.insert(id(&member).to_owned()),
                    "{query}: {} came twice",
                    id(&member)
                );
            }
            let next = links(&page)
                .into_iter()
                .find(|(relation, _)| relation == "next");
            let Some((_, query)) = next else { break };
            path = format!("{LIST}?{query}");
        }
        assert!(!all.is_empty(), "{query}");
        assert_eq!(seen, all, "{query}");
    }
}

#[tokio::test]
async fn a_cursor_opens_only_for_the_project_and_the_question_it_was_made_for() {
    let (clinic, other) = (Clinic::open().await, Clinic::open().await);
    let query = "_count=1&access-policy:missing=true";
    let page = clinic.find(query).await.must(200);
    let next = links(&page)
        .into_iter()
        .find(|(relation, _)| relation == "next")
        .unwrap()
        .1;
    let cursor = next
        .split('&')
        .find(|pair| pair.starts_with("_cursor="))
        .unwrap()
        .to_owned();
    clinic.find(&next).await.must(200);
    let wrong = [
        other.find(&next).await,
        clinic
            .find(&format!("_count=2&access-policy:missing=true&{cursor}"))
            .await,
        clinic.find(&format!("_count=1&{cursor}")).await,
        clinic
            .find(&format!("{query}&{}", &cursor[..cursor.len() - 1]))
            .await,
    ];
    for answer in wrong {
        let answer = answer.must(400);
        assert_eq!(
            (answer.expression(), answer.issue_text()),
            ("_cursor", "Invalid cursor")
        );
    }
}
