//! What a resource refers to, in whatever position, is of its own project.

use serde_json::{Value, json};

use super::{patch, path};
use crate::world::{create, reference, with, world};

/// A body that refers to `target` in each of the positions in which a resource can.
fn positions(target: &str) -> Vec<(&'static str, Value)> {
    let to = json!({ "reference": target });
    let extension = json!([{ "url": "https://example.com/e", "valueReference": to }]);
    vec![
        (
            "Patient.managingOrganization",
            json!({ "managingOrganization": to }),
        ),
        (
            "Patient.generalPractitioner[0]",
            json!({ "generalPractitioner": [to] }),
        ),
        (
            "Patient.extension[0].valueReference",
            json!({ "extension": extension }),
        ),
        (
            "Patient.contained[0].managingOrganization",
            json!({ "contained": [{ "resourceType": "Patient", "id": "c", "managingOrganization": to }] }),
        ),
        (
            "Patient.contact[0].organization",
            json!({ "contact": [{ "organization": to }] }),
        ),
    ]
}

#[tokio::test]
async fn a_foreign_reference_is_refused_in_every_position_by_every_verb() {
    let world = world().await;
    let (own, other) = (world.project("Own").await, world.project("Other").await);
    let foreign = create(
        &other.admin,
        json!({ "resourceType": "Organization", "name": "X" }),
    )
    .await;
    let near = create(
        &own.admin,
        json!({ "resourceType": "Organization", "name": "Y" }),
    )
    .await;
    let made = create(&own.admin, json!({ "resourceType": "Patient" })).await;
    for (expression, fields) in positions(&reference(&foreign)) {
        let body = with(json!({ "resourceType": "Patient" }), fields.clone());
        let refused = own.admin.post("/fhir/R4/Patient", &body).await.must(400);
        assert_eq!(
            (refused.expression(), refused.issue_text()),
            (expression, "Invalid reference (Not found)")
        );
        let refused = own
            .admin
            .put(&path(&made), &with(made.clone(), fields.clone()))
            .await
            .must(400);
        assert_eq!(refused.expression(), expression);
        let (name, value) = fields.as_object().unwrap().iter().next().unwrap();
        let operations = json!([{ "op": "add", "path": format!("/{name}"), "value": value }]);
        let refused = patch(&own.admin, &path(&made), &operations).await.must(400);
        assert_eq!(refused.expression(), expression);
        let request = json!({ "method": "POST", "url": "Patient" });
        let batch = json!({ "resourceType": "Bundle", "type": "batch", "entry": [{ "request": request, "resource": body }] });
        let answer = own.admin.post("/fhir/R4", &batch).await.must(200).body;
        assert_eq!(answer["entry"][0]["response"]["status"], "400");
    }
    for (_, fields) in positions(&reference(&near)) {
        own.admin
            .put(&path(&made), &with(made.clone(), fields))
            .await
            .must(200);
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_where_the_project_wants_that_and_only_when_it_is_new() {
    let world = world().await;
    let project = world.project("Checked").await;
    let admin = &project.admin;
    let nobody = json!({ "managingOrganization": { "reference": "Organization/00000000-0000-4000-8000-000000000000" } });
    let made = create(admin, json!({ "resourceType": "Patient" })).await;
    let loose = admin
        .put(&path(&made), &with(made.clone(), nobody.clone()))
        .await
        .must(200)
        .body;
    let place = format!("/fhir/R4/Project/{}", project.id);
    let read = admin.get(&place).await.must(200).body;
    admin
        .put(
            &place,
            &with(read, json!({ "checkReferencesOnWrite": true })),
        )
        .await
        .must(200);
    let other = create(admin, json!({ "resourceType": "Patient" })).await;
    let refused = admin
        .put(&path(&other), &with(other.clone(), nobody))
        .await
        .must(400);
    assert_eq!(refused.expression(), "Patient.managingOrganization");
    admin
        .put(&path(&made), &with(loose, json!({ "active": true })))
        .await
        .must(200);
    // A resource may refer to itself, and to a membership.
    let itself =
        json!({ "link": [{ "other": { "reference": reference(&other) }, "type": "seealso" }] });
    admin
        .put(&path(&other), &with(other.clone(), itself))
        .await
        .must(200);
    let member = project
        .membership(&format!("ClientApplication/{}", admin.id()))
        .await;
    let to_member = json!({ "extension": [{ "url": "https://example.com/m", "valueReference": { "reference": reference(&member) } }] });
    admin
        .put(&path(&other), &with(other.clone(), to_member))
        .await
        .must(200);
}

#[tokio::test]
async fn a_reference_that_is_a_search_becomes_what_it_finds() {
    let project = world().await.project("Searches").await;
    let admin = &project.admin;
    let clinic = |name: &str| {
        let identifier = json!([{ "value": name }]);
        json!({ "resourceType": "Organization", "name": name, "identifier": identifier })
    };
    let one = create(admin, clinic("one")).await;
    create(admin, clinic("two")).await;
    create(admin, clinic("two")).await;
    let of = |name: &str| {
        let to = json!({ "reference": format!("Organization?identifier={name}") });
        json!({ "resourceType": "Patient", "managingOrganization": to })
    };
    let made = create(admin, of("one")).await;
    assert_eq!(made["managingOrganization"]["reference"], reference(&one));
    for (name, words) in [
        (
            "none",
            "Conditional reference 'Organization?identifier=none' did not match any resources",
        ),
        (
            "two",
            "Conditional reference 'Organization?identifier=two' matched multiple resources",
        ),
    ] {
        let refused = admin.post("/fhir/R4/Patient", &of(name)).await.must(400);
        assert_eq!(
            (refused.issue_text(), refused.expression()),
            (words, "Patient.managingOrganization")
        );
        let body = with(of(name), json!({ "id": made["id"] }));
        assert_eq!(
            admin.put(&path(&made), &body).await.must(400).issue_text(),
            words
        );
        let to = &body["managingOrganization"];
        let operation = json!({ "op": "replace", "path": "/managingOrganization", "value": to });
        let patched = patch(admin, &path(&made), &json!([operation])).await;
        assert_eq!(patched.must(400).issue_text(), words);
    }
    let three = create(admin, clinic("three")).await;
    let to = json!("Organization?identifier=three");
    let bare = json!({ "op": "replace", "path": "/managingOrganization/reference", "value": to });
    let whole =
        json!({ "op": "add", "path": "/generalPractitioner", "value": [{ "reference": to }] });
    let patched = patch(admin, &path(&made), &json!([bare, whole])).await;
    let patched = patched.must(200).body;
    assert_eq!(
        patched["managingOrganization"]["reference"],
        reference(&three)
    );
    assert_eq!(
        patched["generalPractitioner"][0]["reference"],
        reference(&three)
    );
}
