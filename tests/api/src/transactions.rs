//! Transactions of projects that have the feature for them: all or nothing.

mod administered;
mod limits;
mod refused;
mod repeated;

use harness::world::{Answer, Client, Project};
use serde_json::{Value, json};

use crate::world::{create, reference, with, world};

/// A project whose transactions are all or nothing.
async fn project(name: &str) -> Project {
    let project = world().await.project(name).await;
    atomic(world().await.root(), &project, json!({})).await;
    project
}

/// Gives a project the feature, and other fields.
pub(crate) async fn atomic(root: &Client, project: &Project, fields: Value) {
    let place = format!("/fhir/R4/Project/{}", project.id);
    let read = root.get(&place).await.must(200).body;
    let feature = json!({ "features": ["transaction-bundles"] });
    let wish = with(with(read, feature), fields);
    root.put(&place, &wish).await.must(200);
}

pub(crate) fn bundle(entries: &[Value]) -> Value {
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries })
}

pub(crate) async fn send(caller: &Client, entries: &[Value]) -> Answer {
    caller.post("/fhir/R4", &bundle(entries)).await
}

fn ask(method: &str, url: &str) -> Value {
    json!({ "request": { "method": method, "url": url } })
}

pub(crate) fn post(resource: &Value) -> Value {
    let request = json!({ "method": "POST", "url": resource["resourceType"] });
    json!({ "request": request, "resource": resource })
}

/// A resource that others refer to by `urn:uuid:` and this number.
pub(crate) fn named(number: u64, entry: Value) -> Value {
    with(entry, json!({ "fullUrl": urn(number) }))
}

pub(crate) fn urn(number: u64) -> String {
    format!("urn:uuid:00000000-0000-4000-8000-{number:012}")
}

pub(crate) fn put(resource: &Value, fields: Value) -> Value {
    let request = json!({ "method": "PUT", "url": reference(resource) });
    json!({ "request": request, "resource": with(resource.clone(), fields) })
}

fn patient(value: &str) -> Value {
    json!({ "resourceType": "Patient", "identifier": [{ "value": value }] })
}

fn organization(name: &str) -> Value {
    json!({ "resourceType": "Organization", "name": name })
}

fn statuses(answer: &Answer) -> Vec<&str> {
    let entries = answer.body["entry"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["response"]["status"].as_str().unwrap())
        .collect()
}

fn shown(answer: &Answer, at: usize) -> &Value {
    &answer.body["entry"][at]["resource"]
}

#[tokio::test]
async fn everything_becomes_true_together_and_reads_see_what_will_be() {
    let project = project("Together").await;
    let admin = &project.admin;
    let renamed = create(admin, organization("Before")).await;
    let removed = create(admin, organization("Removed")).await;
    let patched = create(admin, patient("p")).await;
    let parts = json!([{ "name": "op", "valueCode": "add" }, { "name": "path", "valueString": "/gender" },
                       { "name": "value", "valueString": "\"female\"" }]);
    let parameters = json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": parts }] });
    let entries = [
        ask("GET", &reference(&renamed)),
        ask("GET", "Organization?_sort=name"),
        ask("GET", &format!("{}/_history", reference(&renamed))),
        ask("GET", "Patient?identifier=new"),
        ask("GET", "Organization?_count=1&_total=accurate"),
        put(&renamed, json!({ "name": "After" })),
        post(&patient("new")),
        post(&organization("Made")),
        ask("DELETE", &reference(&removed)),
        json!({ "request": { "method": "PATCH", "url": reference(&patched) }, "resource": parameters }),
    ];
    let answer = send(admin, &entries).await.must(200);
    assert_eq!(answer.body["type"], "transaction-response");
    let wanted = [
        "200", "200", "200", "200", "200", "200", "201", "201", "200", "200",
    ];
    assert_eq!(statuses(&answer), wanted);
    assert_eq!(shown(&answer, 0)["name"], "After");
    let names = |bundle: &Value| -> Vec<String> {
        let entries = bundle["entry"].as_array().unwrap().iter();
        let names = entries.map(|entry| entry["resource"]["name"].as_str().unwrap().to_owned());
        names.collect()
    };
    assert_eq!(names(shown(&answer, 1)), ["After", "Made"]);
    assert_eq!(shown(&answer, 2)["total"], 2);
    let found = &shown(&answer, 3)["entry"][0]["resource"];
    assert_eq!(found, shown(&answer, 6));
    assert_eq!(shown(&answer, 4)["total"], 2);
    assert_eq!(shown(&answer, 4)["entry"].as_array().unwrap().len(), 1);
    assert_eq!(shown(&answer, 9)["gender"], "female");
    // And so it is.
    let there = |at: usize| format!("/fhir/R4/{}", reference(shown(&answer, at)));
    for at in [5, 6, 7, 9] {
        let read = admin.get(&there(at)).await.must(200);
        assert_eq!(&read.body, shown(&answer, at));
    }
    let gone = format!("/fhir/R4/{}", reference(&removed));
    admin.get(&gone).await.must(410);
    let listed = admin
        .get("/fhir/R4/Organization?_sort=name")
        .await
        .must(200);
    assert_eq!(names(&listed.body), ["After", "Made"]);
}

#[tokio::test]
async fn entries_refer_to_each_other_in_whatever_order_and_in_rings() {
    let project = project("Rings").await;
    let root = world().await.root();
    atomic(root, &project, json!({ "checkReferencesOnWrite": true })).await;
    let to = |number: u64| json!({ "reference": urn(number) });
    let linked = |other| json!({ "link": [{ "other": to(other), "type": "seealso" }] });
    let observation = json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" }, "subject": to(2) });
    let entries = [
        named(1, post(&observation)),
        named(2, post(&with(patient("two"), linked(3)))),
        named(3, post(&with(patient("three"), linked(2)))),
        ask("GET", &format!("Observation?subject={}", urn(2))),
    ];
    let answer = send(&project.admin, &entries).await.must(200);
    assert_eq!(statuses(&answer), ["201", "201", "201", "200"]);
    let (two, three) = (reference(shown(&answer, 1)), reference(shown(&answer, 2)));
    assert_eq!(shown(&answer, 0)["subject"]["reference"], two);
    assert_eq!(shown(&answer, 1)["link"][0]["other"]["reference"], three);
    assert_eq!(shown(&answer, 2)["link"][0]["other"]["reference"], two);
    let found = &shown(&answer, 3)["entry"][0]["resource"];
    assert_eq!(found, shown(&answer, 0));
    // A name that nobody has leads nowhere.
    let nobody = [named(1, post(&observation))];
    send(&project.admin, &nobody).await.must(200);
    let broken =
        json!({ "subject": { "reference": "Patient/00000000-0000-4000-8000-000000000009" } });
    let refused = send(&project.admin, &[post(&with(observation, broken))]).await;
    assert_eq!(
        refused.must(400).issue_text(),
        "Invalid reference (Not found)"
    );
}

#[tokio::test]
async fn what_is_made_unless_it_is_there_is_made_once() {
    let project = project("Unless").await;
    let admin = &project.admin;
    let unless = |number| {
        let request =
            json!({ "method": "POST", "url": "Patient", "ifNoneExist": "identifier=once" });
        named(
            number,
            json!({ "request": request, "resource": patient("once") }),
        )
    };
    let about = json!({ "resourceType": "Basic", "code": { "text": "x" }, "subject": { "reference": urn(1) } });
    let entries = [post(&about), unless(1), unless(2)];
    let answer = send(admin, &entries).await.must(200);
    let mut statuses_made = statuses(&answer);
    statuses_made.sort_unstable();
    assert_eq!(statuses_made, ["200", "201", "201"]);
    assert_eq!(shown(&answer, 1), shown(&answer, 2));
    assert_eq!(
        shown(&answer, 0)["subject"]["reference"],
        reference(shown(&answer, 1))
    );
    let again = send(admin, &entries).await.must(200);
    assert_eq!(statuses(&again), ["201", "200", "200"]);
    let found = admin
        .get("/fhir/R4/Patient?identifier=once")
        .await
        .must(200);
    assert_eq!(found.body["entry"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn without_the_feature_each_entry_stands_for_itself() {
    let project = world().await.project("Plain").await;
    let entries = [
        post(&patient("made")),
        ask("GET", "Patient/1"),
        post(&patient("too")),
    ];
    let answer = send(&project.admin, &entries).await.must(200);
    assert_eq!(statuses(&answer), ["201", "404", "201"]);
    assert_eq!(answer.body["type"], "transaction-response");
    let batch = with(bundle(&entries), json!({ "type": "batch" }));
    atomic(world().await.root(), &project, json!({})).await;
    let answer = project.admin.post("/fhir/R4", &batch).await.must(200);
    assert_eq!(statuses(&answer), ["201", "404", "201"]);
    send(&project.admin, &entries).await.must(404);
}
