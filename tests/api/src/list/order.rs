//! Members in the order of a name or of the last change.

use super::{Clinic, entries};
use serde_json::json;

use crate::world::with;

const EVERYBODY: [&str; 6] = ["alice", "App", "bart", "Clinic", "lisa", "marge"];

#[tokio::test]
async fn members_are_listed_by_name_up_and_down_in_every_form() {
    let clinic = Clinic::open().await;
    let mut down = EVERYBODY;
    down.reverse();
    let cases: [(&str, &[&str]); 8] = [
        ("_sort=name", &EVERYBODY),
        ("_sort=-name", &down),
        ("_sort=name&_count=2", &["alice", "App"]),
        ("_sort=name&_count=2&_offset=3", &["Clinic", "lisa"]),
        ("_sort=-name&profile-type=Patient", &["lisa", "bart"]),
        (
            "_sort=name&profile-type:not=ClientApplication,Bot",
            &["alice", "bart", "lisa", "marge"],
        ),
        ("_sort=-name&name=smith&_count=1", &["marge"]),
        (
            "_sort=name&external-id:missing=true&_count=2",
            &["App", "bart"],
        ),
    ];
    for (query, expected) in cases {
        assert_eq!(clinic.found(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn whoever_was_changed_last_stands_last_or_first() {
    let clinic = Clinic::open().await;
    let changed = with(clinic.alice.clone(), json!({ "active": true }));
    clinic
        .project
        .update(&clinic.project.admin, &changed)
        .await
        .must(200);
    let up = clinic.found("_sort=_lastUpdated").await;
    assert_eq!(up.last().unwrap(), "alice");
    let mut down = clinic.found("_sort=-_lastUpdated").await;
    down.reverse();
    assert_eq!((up.len(), &up), (6, &down));
    let people = clinic
        .found("_sort=-_lastUpdated&profile-type=Practitioner,Patient")
        .await;
    assert_eq!(people, ["alice", "lisa", "bart"]);
}

#[tokio::test]
async fn a_total_is_told_with_every_order() {
    let clinic = Clinic::open().await;
    for (query, total) in [
        ("_sort=name&_count=2", 6),
        ("_sort=-_lastUpdated&_count=1&profile-type=Patient", 2),
        ("name=smith&_count=1", 4),
        ("_lastUpdated=ge2020&_count=1", 6),
        ("_sort=profile&_count=1", 6),
    ] {
        let answer = clinic
            .find(&format!("{query}&_total=accurate"))
            .await
            .must(200);
        assert_eq!(answer.body["total"], total, "{query}");
        assert!(entries(&answer).len() <= 2, "{query}");
    }
}
