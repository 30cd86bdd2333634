//! What is about one patient, or of one organization, is found among many without reading them all.

use std::collections::BTreeSet;

use harness::world::{Client, Project, Request};
use serde_json::{Value, json};

use super::walking::walked;
use crate::budgets::Meter;
use crate::policies::{member, organization, policy, to};
use crate::world::{create, measured_world, reference, with, world};

/// More than a search reads of a list to see whether it is short.
const OTHERS: usize = 120;
const OWN: usize = 30;

async fn fill(project: &Project, count: usize, resource: &Value) -> BTreeSet<String> {
    let lanes = (0..8).map(|lane| {
        let (admin, resource) = (project.admin.clone(), resource.clone());
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for _ in (lane..count).step_by(8) {
                let made = create(&admin, resource.clone()).await;
                ids.push(made["id"].as_str().unwrap().to_owned());
            }
            ids
        })
    });
    let lanes: Vec<_> = lanes.collect();
    let mut ids = BTreeSet::new();
    for lane in lanes {
        ids.extend(lane.await.unwrap());
    }
    ids
}

fn of(organization: &Value, active: bool) -> Value {
    json!({ "resourceType": "Patient", "active": active,
            "managingOrganization": { "reference": reference(organization) } })
}

/// The patients on all pages of a search.
async fn all(caller: &Client, query: &str) -> BTreeSet<String> {
    let walked = walked(caller, "Patient", query).await;
    let ids: BTreeSet<String> = walked.iter().cloned().collect();
    assert_eq!(ids.len(), walked.len(), "{query}");
    ids
}

#[tokio::test]
async fn patients_of_an_organization_are_found_among_many_as_they_come_and_go() {
    let project = world().await.project("Many").await;
    let own = organization(&project, "Own").await;
    let (next, other) = (
        organization(&project, "Next").await,
        organization(&project, "Other").await,
    );
    let mut mine = fill(&project, OWN, &of(&own, true)).await;
    let resting = fill(&project, OWN / 2, &of(&next, false)).await;
    fill(&project, OTHERS, &of(&other, true)).await;
    let name = |it: &Value| json!({ "name": "provider_organization", "valueReference": to(it) });
    let policy = policy(
        &project,
        json!([
            { "resourceType": "Patient", "criteria": "Patient?organization=%provider_organization" }
        ]),
    )
    .await;
    let access: Vec<Value> = [&own, &next]
        .map(|it| json!({ "policy": to(&policy), "parameter": [name(it)] }))
        .into();
    let (alice, _) = member(
        &project,
        ("Practitioner", "alice"),
        json!({ "access": access }),
    )
    .await;
    let both: BTreeSet<String> = mine.union(&resting).cloned().collect();
    let about = |it: &Value| format!("organization={}", reference(it));
    for count in [7, 20] {
        let by_own = format!("{}&_count={count}", about(&own));
        assert_eq!(all(&project.admin, &by_own).await, mine);
        assert_eq!(all(&alice, &format!("_count={count}")).await, both);
        assert_eq!(all(&alice, &by_own).await, mine);
        let active = format!("active=false&_count={count}");
        assert_eq!(all(&alice, &active).await, resting);
        assert_eq!(
            all(&alice, &format!("{}&_count={count}", about(&other))).await,
            BTreeSet::new()
        );
    }
    let sorted = format!(
        "{},{}&_sort=-_lastUpdated&_count=20",
        about(&own),
        reference(&next)
    );
    assert_eq!(all(&project.admin, &sorted).await, both);

    // One moves, one belongs to nobody any more, one is deleted, and comes back.
    let [moved, left, gone] = [0, 1, 2].map(|at| mine.iter().nth(at).unwrap().clone());
    let address = |id: &str| format!("/fhir/R4/Patient/{id}");
    let with_id = |id: &str, resource: Value| with(resource, json!({ "id": id }));
    project
        .admin
        .put(&address(&moved), &with_id(&moved, of(&next, true)))
        .await
        .must(200);
    let nobodys = json!({ "resourceType": "Patient", "active": true });
    project
        .admin
        .put(&address(&left), &with_id(&left, nobodys))
        .await
        .must(200);
    project.admin.delete(&address(&gone)).await.must(200);
    let query = format!("{}&_count=20", about(&own));
    let lost = [&moved, &left, &gone];
    mine.retain(|id| !lost.contains(&id));
    assert_eq!(all(&project.admin, &query).await, mine);
    assert!(
        all(&project.admin, &format!("{}&_count=20", about(&next)))
            .await
            .contains(&moved)
    );
    project
        .admin
        .put(&address(&gone), &with_id(&gone, of(&own, true)))
        .await
        .must(200);
    mine.insert(gone);
    assert_eq!(all(&project.admin, &query).await, mine);
}

#[tokio::test]
async fn a_search_by_subject_costs_the_same_among_many_and_among_more() {
    let project = measured_world().await.project("Growing").await;
    let own = organization(&project, "Own").await;
    let other = organization(&project, "Other").await;
    fill(&project, OWN, &of(&own, true)).await;
    let admin = project.admin.token().await;
    let mut meter = Meter::of(measured_world().await);
    let path = format!(
        "/fhir/R4/Patient?organization={}&_count=20",
        reference(&own)
    );
    let mut units = Vec::new();
    for more in [3 * OTHERS, OTHERS] {
        fill(&project, more, &of(&other, true)).await;
        let cost = meter
            .run(
                "search by subject",
                &admin,
                Request::new("GET", &path),
                (3, 0.0),
            )
            .await;
        units.push(cost.rru);
    }
    meter.print();
    // Ids are drawn: the first rows of the list hold more or fewer of those that are looked for.
    assert!(units[1] < units[0] * 1.2, "{units:?}");
}
