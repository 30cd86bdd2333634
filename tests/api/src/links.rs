//! Projects that are linked to others: what these export is read there under the same rules, and never written.

mod explained;
mod lists;

use harness::world::{Answer, Client, Project, Request};
use serde_json::{Value, json};

use crate::world::{address, alice, create, invited, measured_world, reference, with, world};

const UNKNOWN: &str = "00000000-0000-4000-8000-00000000000f";

fn place(project: &Project) -> String {
    format!("/fhir/R4/Project/{}", project.id)
}

fn path(resource: &Value) -> String {
    format!("/fhir/R4/{}", reference(resource))
}

/// Links a project to others, instead of those that it was linked to.
async fn link(project: &Project, others: &[&Project]) {
    let links: Vec<Value> = others
        .iter()
        .map(|other| json!({ "project": { "reference": format!("Project/{}", other.id) } }))
        .collect();
    let root = world().await.root();
    let read = root.get(&place(project)).await.must(200).body;
    let linked = with(read, json!({ "link": links }));
    root.put(&place(project), &linked).await.must(200);
}

async fn export(project: &Project, kinds: Value) {
    let read = project.admin.get(&place(project)).await.must(200).body;
    let exporting = with(read, json!({ "exportedResourceType": kinds }));
    project
        .admin
        .put(&place(project), &exporting)
        .await
        .must(200);
}

/// A project that is linked to a library, which exports patients and organizations, and what the library has.
struct Scene {
    own: Project,
    library: Project,
    organization: Value,
    patient: Value,
    observation: Value,
}

impl Scene {
    async fn set() -> Self {
        let world = world().await;
        let (own, library) = (
            world.project("Linking").await,
            world.project("Library").await,
        );
        let admin = &library.admin;
        let organization = create(
            admin,
            json!({ "resourceType": "Organization", "name": "Clinic" }),
        )
        .await;
        let patient = json!({ "resourceType": "Patient", "name": [{ "family": "Simpson" }],
            "managingOrganization": { "reference": reference(&organization) } });
        let patient = create(admin, patient).await;
        let observation = json!({ "resourceType": "Observation", "status": "final",
            "code": { "text": "weight" }, "subject": { "reference": reference(&patient) } });
        let observation = create(admin, observation).await;
        export(
            &library,
            json!([
                "Patient",
                "Organization",
                "User",
                "AuditEvent",
                "ClientApplication"
            ]),
        )
        .await;
        link(&own, &[&library]).await;
        Self {
            own,
            library,
            organization,
            patient,
            observation,
        }
    }
}

fn ids(bundle: &Answer) -> Vec<String> {
    let entries = bundle.body["entry"].as_array().cloned().unwrap_or_default();
    let id = |entry: &Value| entry["resource"]["id"].as_str().unwrap().to_owned();
    entries.iter().map(id).collect()
}

fn id(resource: &Value) -> String {
    resource["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_a_linked_project_exports_is_read_in_every_way() {
    let scene = Scene::set().await;
    let admin = &scene.own.admin;
    let read = admin.get(&path(&scene.patient)).await.must(200);
    assert_eq!(
        read.body,
        scene.library.admin.get(&path(&scene.patient)).await.body
    );
    let history = admin
        .get(&format!("{}/_history", path(&scene.patient)))
        .await
        .must(200);
    assert_eq!(ids(&history), [id(&scene.patient)]);
    let version = scene.patient["meta"]["versionId"].as_str().unwrap();
    admin
        .get(&format!("{}/_history/{version}", path(&scene.patient)))
        .await
        .must(200);
    let own = create(admin, json!({ "resourceType": "Patient" })).await;
    let found = admin
        .get("/fhir/R4/Patient?_total=accurate")
        .await
        .must(200);
    assert_eq!(ids(&found), [id(&own), id(&scene.patient)]);
    assert_eq!(found.body["total"], 2);
    let named = admin.get("/fhir/R4/Patient?name=simpson").await.must(200);
    assert_eq!(ids(&named), [id(&scene.patient)]);
    let only = format!("/fhir/R4/Patient?_project={}", scene.library.id);
    assert_eq!(ids(&admin.get(&only).await.must(200)), [id(&scene.patient)]);
    let with_organization = "/fhir/R4/Patient?name=simpson&_include=Patient:organization";
    let included = admin.get(with_organization).await.must(200);
    assert_eq!(
        ids(&included),
        [id(&scene.patient), id(&scene.organization)]
    );
    let get = |url: String| json!({ "request": { "method": "GET", "url": url } });
    let batch = json!({ "resourceType": "Bundle", "type": "batch", "entry": [
        get(reference(&scene.patient)), get(reference(&scene.observation)), get("Organization?name=clinic".into()),
    ] });
    let answer = admin.post("/fhir/R4", &batch).await.must(200).body;
    assert_eq!(answer["entry"][0]["resource"]["id"], scene.patient["id"]);
    assert_eq!(answer["entry"][1]["response"]["status"], "404");
    assert_eq!(
        answer["entry"][2]["resource"]["entry"][0]["resource"]["id"],
        scene.organization["id"]
    );
}

#[tokio::test]
async fn it_is_never_written_from_there() {
    let scene = Scene::set().await;
    let (admin, before) = (&scene.own.admin, &scene.patient);
    let changed = with(before.clone(), json!({ "active": true }));
    let operations = json!([{ "op": "add", "path": "/active", "value": true }]);
    let patch = |url: &str| {
        let kind = "application/json-patch+json";
        Request::new("PATCH", url).body(kind, operations.to_string())
    };
    for answer in [
        admin.put(&path(before), &changed).await,
        admin.send(patch(&path(before))).await,
        admin.delete(&path(before)).await,
    ] {
        assert_eq!((answer.status, answer.issue_text()), (403, "Forbidden"));
    }
    // What is not exported is not there.
    let hidden = path(&scene.observation);
    admin.put(&hidden, &scene.observation).await.must(404);
    admin.send(patch(&hidden)).await.must(404);
    admin.delete(&hidden).await.must(404);
    let expunged = Request::new("POST", &format!("{}/$expunge", path(before)));
    admin.send(expunged).await.must(404);
    // A condition finds one's own alone: there is nothing to delete.
    admin
        .delete("/fhir/R4/Patient?name=simpson")
        .await
        .must(200);
    let own = json!({ "resourceType": "Patient", "name": [{ "family": "Simpson" }] });
    let request = Request::new("POST", "/fhir/R4/Patient").json(&own);
    let made = admin
        .send(request.header("if-none-exist", "name=simpson"))
        .await;
    assert_ne!(made.must(201).body["id"], before["id"]);
    let after = scene.library.admin.get(&path(before)).await.must(200).body;
    assert_eq!(&after, before);
}

#[tokio::test]
async fn nothing_leaks_but_what_is_exported_and_only_as_long_as_the_link_is_there() {
    let scene = Scene::set().await;
    let (admin, library) = (&scene.own.admin, &scene.library);
    let body = alice(&address("alice", library));
    let member = invited(library, &with(body, json!({ "scope": "project" }))).await;
    let policy = json!({ "resourceType": "AccessPolicy", "name": "Theirs" });
    let policy = create(&library.admin, policy).await;
    let application = format!("ClientApplication/{}", library.admin.id());
    let profile = member["profile"]["reference"].as_str().unwrap();
    let user = member["user"]["reference"].as_str().unwrap();
    for closed in [
        &reference(&scene.observation),
        &reference(&member),
        &reference(&policy),
        &application,
        profile,
        user,
    ] {
        for below in ["", "/_history"] {
            admin
                .get(&format!("/fhir/R4/{closed}{below}"))
                .await
                .must(404);
        }
        let (kind, id) = closed.split_once('/').unwrap();
        let found = admin
            .get(&format!("/fhir/R4/{kind}?_id={id}"))
            .await
            .must(200);
        assert_eq!(ids(&found).len(), 0, "{closed}");
    }
    let events = admin.get("/fhir/R4/AuditEvent").await.must(200);
    assert!(!events.text.contains(&library.id));
    let members = admin.get("/fhir/R4/ProjectMembership").await.must(200);
    assert!(!members.text.contains(&library.id));
    admin
        .get(&format!("/admin/projects/{}", library.id))
        .await
        .must(403);
    library
        .admin
        .get(&path(
            &create(admin, json!({ "resourceType": "Patient" })).await,
        ))
        .await
        .must(404);
    link(&scene.own, &[]).await;
    for gone in [
        path(&scene.patient),
        format!("/fhir/R4/Patient/{UNKNOWN}"),
        place(library),
    ] {
        admin.get(&gone).await.must(404);
    }
    assert_eq!(
        ids(&admin.get("/fhir/R4/Patient?name=simpson").await.must(200)).len(),
        0
    );
}

#[tokio::test]
async fn administrators_see_that_the_linked_project_is_there_and_nothing_of_how_it_is_run() {
    let scene = Scene::set().await;
    let (own, library) = (&scene.own, &scene.library);
    let read = library.admin.get(&place(library)).await.must(200).body;
    let setting = json!({ "setting": [{ "name": "canary", "valueString": "canary" }] });
    library
        .admin
        .put(&place(library), &with(read, setting))
        .await
        .must(200);
    let seen = own.admin.get(&place(library)).await.must(200);
    assert_eq!(seen.body["name"], "Library");
    assert!(!seen.text.contains("canary"), "{}", seen.text);
    let mut found = ids(&own.admin.get("/fhir/R4/Project").await.must(200));
    let mut both = [own.id.clone(), library.id.clone()];
    found.sort();
    both.sort();
    assert_eq!(found, both);
    own.admin.put(&place(library), &seen.body).await.must(403);
    let member = own.application("Plain").await;
    member.get(&place(library)).await.must(403);
    member.get(&path(&scene.patient)).await.must(200);
}

#[tokio::test]
async fn the_rules_of_a_member_hold_in_a_linked_project_too() {
    let scene = Scene::set().await;
    let own = &scene.own;
    let under = async |rules: Value| -> Client {
        let policy = json!({ "resourceType": "AccessPolicy", "name": "Some", "resource": rules });
        let policy = create(&own.admin, policy).await;
        let body = json!({ "name": "Robot", "accessPolicy": { "reference": reference(&policy) } });
        let made = own.admin.post(&own.path("client"), &body).await.must(201);
        let secret = made.body["secret"].as_str().unwrap().to_owned();
        world().await.anonymous().basic(made.id(), &secret)
    };
    let organizations = under(json!([{ "resourceType": "Organization" }])).await;
    organizations.get(&path(&scene.patient)).await.must(403);
    organizations
        .get(&path(&scene.organization))
        .await
        .must(200);
    let rules = json!([{ "resourceType": "Patient", "criteria": "Patient?name=flanders", "hiddenFields": ["birthDate"] }]);
    let flanders = under(rules).await;
    flanders.get(&path(&scene.patient)).await.must(404);
    let ned = json!({ "resourceType": "Patient", "name": [{ "family": "Flanders" }], "birthDate": "1960-01-01" });
    let ned = create(&scene.library.admin, ned).await;
    let found = flanders.get("/fhir/R4/Patient").await.must(200);
    assert_eq!(ids(&found), [id(&ned)]);
    let seen = flanders.get(&path(&ned)).await.must(200);
    assert!(!found.text.contains("birthDate") && !seen.text.contains("birthDate"));
}

#[tokio::test]
async fn only_the_servers_administrators_link_and_only_to_a_project_that_is_there() {
    let world = world().await;
    let (own, other) = (world.project("Own").await, world.project("Other").await);
    let links = |id: &str| json!([{ "project": { "reference": format!("Project/{id}") } }]);
    let read = own.admin.get(&place(&own)).await.must(200).body;
    let wish = with(read, json!({ "link": links(&other.id) }));
    let ignored = own.admin.put(&place(&own), &wish).await.must(200);
    assert_eq!(ignored.body.get("link"), None);
    let root = world.root();
    let read = root.get(&place(&own)).await.must(200).body;
    let me = root.get("/auth/me").await.must(200).body;
    for astray in [UNKNOWN, me["project"]["id"].as_str().unwrap()] {
        let refused = root
            .put(
                &place(&own),
                &with(read.clone(), json!({ "link": links(astray) })),
            )
            .await;
        assert_eq!(refused.must(400).expression(), "Project.link[0].project");
    }
    let many = json!({ "link": vec![links(&other.id)[0].clone(); 21] });
    let refused = root
        .put(&place(&own), &with(read.clone(), many))
        .await
        .must(400);
    assert_eq!(refused.expression(), "Project.link");
    let made = json!({ "resourceType": "Project", "name": "New", "link": links(UNKNOWN) });
    let refused = root.post("/fhir/R4/Project", &made).await.must(400);
    assert_eq!(refused.expression(), "Project.link[0].project");
}

#[tokio::test]
async fn pages_go_on_from_one_project_to_the_next_and_an_order_goes_through_all() {
    let world = world().await;
    let own = world.project("Own").await;
    let libraries = [world.project("First").await, world.project("Second").await];
    let mut names = Vec::new();
    for n in 0..9 {
        let project = [&own, &libraries[0], &libraries[1]][n % 3];
        let name = format!("Clinic {n}");
        create(
            &project.admin,
            json!({ "resourceType": "Organization", "name": name }),
        )
        .await;
        names.push(name);
    }
    link(&own, &[&libraries[0], &libraries[1]]).await;
    for query in [
        "_count=2",
        "_count=2&_sort=name",
        "_count=3&_sort=-name",
        "_count=4",
        "_count=2&name=clinic",
    ] {
        let mut seen = Vec::new();
        let mut url = format!("/fhir/R4/Organization?{query}&_total=accurate");
        let mut pages = 0;
        loop {
            let page = own.admin.get(&url).await.must(200);
            let total = page.body["total"].as_u64();
            assert!(total.is_none_or(|total| total == 9), "{url}: {}", page.text);
            assert!(pages > 0 || total.is_some(), "{url}: {}", page.text);
            let entries = page.body["entry"].as_array().unwrap().clone();
            seen.extend(
                entries
                    .iter()
                    .map(|it| it["resource"]["name"].as_str().unwrap().to_owned()),
            );
            let links = page.body["link"].as_array().unwrap().clone();
            let Some(next) = links.iter().find(|link| link["relation"] == "next") else {
                break;
            };
            let (_, rest) = next["url"].as_str().unwrap().split_once("/fhir/").unwrap();
            url = format!("/fhir/{rest}");
            pages += 1;
            assert!(pages < 10, "{query} never ends");
        }
        if query.contains("_sort=name") {
            assert_eq!(seen, names, "{query}");
        }
        seen.sort();
        assert_eq!(seen, names, "{query}");
    }
    let skipped = own
        .admin
        .get("/fhir/R4/Organization?_offset=8")
        .await
        .must(200);
    assert_eq!(ids(&skipped).len(), 1);
    let nothing = own
        .admin
        .get("/fhir/R4/Organization?_count=0&_total=accurate")
        .await;
    assert_eq!(nothing.must(200).body["total"], 9);
}

#[tokio::test]
async fn a_resource_refers_to_what_a_linked_project_exports_but_not_by_administrative_fields() {
    let scene = Scene::set().await;
    let admin = &scene.own.admin;
    let observed = |subject: &Value| {
        json!({ "resourceType": "Observation", "status": "final",
        "code": { "text": "weight" }, "subject": { "reference": reference(subject) } })
    };
    let basis = |target: &Value| {
        json!({ "resourceType": "Observation", "status": "final",
        "code": { "text": "weight" }, "hasMember": [{ "reference": reference(target) }] })
    };
    for checks in [false, true] {
        let read = admin.get(&place(&scene.own)).await.must(200).body;
        let read = with(read, json!({ "checkReferencesOnWrite": checks }));
        admin.put(&place(&scene.own), &read).await.must(200);
        create(admin, observed(&scene.patient)).await;
        let refused = admin
            .post("/fhir/R4/Observation", &basis(&scene.observation))
            .await;
        assert_eq!(refused.must(400).expression(), "Observation.hasMember[0]");
        let relative = json!({ "resourceType": "RelatedPerson", "patient": { "reference": reference(&scene.patient) } });
        let refused = admin
            .post("/fhir/R4/RelatedPerson", &relative)
            .await
            .must(400);
        assert_eq!(refused.expression(), "RelatedPerson.patient");
    }
    let body = json!({ "resourceType": "Patient", "firstName": "Homer", "lastName": "Simpson",
        "email": address("homer", &scene.own), "sendEmail": false,
        "membership": { "profile": { "reference": reference(&scene.patient) } } });
    scene.own.invite(admin, &body).await.must(404);
}

#[tokio::test]
async fn links_cost_a_trip_to_those_who_have_them_and_nothing_to_others() {
    let world = measured_world().await;
    let (plain, other) = (world.project("Plain").await, world.project("Other").await);
    let body = json!({ "resourceType": "Project", "name": "Linking",
        "link": [{ "project": { "reference": format!("Project/{}", other.id) } }] });
    let linking = world
        .root()
        .post("/fhir/R4/Project", &body)
        .await
        .must(201)
        .body;
    let client = format!("/admin/projects/{}/client", linking["id"].as_str().unwrap());
    let made = world
        .root()
        .post(&client, &json!({ "name": "Robot" }))
        .await
        .must(201);
    let robot = world
        .anonymous()
        .basic(made.id(), made.body["secret"].as_str().unwrap());
    let patient = create(&other.admin, json!({ "resourceType": "Patient" })).await;
    let (plain, robot) = (plain.admin.token().await, robot.token().await);
    let trips = async |caller: &Client, path: &str, status: u16| {
        let recorder = world.proxy().record();
        let answer = caller.get(path).await.must(status);
        recorder.finish().of(answer.request_id()).trips()
    };
    let unknown = format!("/fhir/R4/Patient/{UNKNOWN}");
    assert_eq!(trips(&plain, &unknown, 404).await, 1);
    assert_eq!(trips(&plain, "/fhir/R4/Patient", 200).await, 1);
    assert_eq!(trips(&robot, &unknown, 404).await, 2);
    assert_eq!(trips(&robot, &path(&patient), 200).await, 2);
    assert!(trips(&robot, "/fhir/R4/Patient", 200).await <= 5);
}
