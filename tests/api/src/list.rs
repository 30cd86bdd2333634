//! Listing and searching members (seed guide: Searching for Project Members; contract: search), with links as recorded.

mod order;
mod paging;

use std::collections::BTreeSet;

use harness::world::{Answer, Client, Project, Request};
use serde_json::{Value, json};

use crate::policies::{member, policy, to};
use crate::samples::FORM;
use crate::world::{address, alice, create, invited, reference, with, world};

const LIST: &str = "/fhir/R4/ProjectMembership";

/// A clinic: one practitioner, two patients, one relative, two applications.
struct Clinic {
    project: Project,
    alice: Value,
    bart: Value,
    lisa: Value,
    marge: Value,
}

impl Clinic {
    async fn open() -> Self {
        let project = world().await.project("Clinic").await;
        let person = |kind: &str, name: &str| {
            with(
                alice(&address(name, &project)),
                json!({ "resourceType": kind, "firstName": name }),
            )
        };
        let named = json!({ "externalId": "ext-1", "scope": "server", "membership": { "userName": "alice.smith" } });
        let alice = invited(&project, &with(person("Practitioner", "alice"), named)).await;
        let bart = invited(&project, &person("Patient", "bart")).await;
        let lisa = invited(&project, &person("Patient", "lisa")).await;
        let patient = json!({ "patient": { "reference": bart["profile"]["reference"] } });
        let marge = invited(&project, &with(person("RelatedPerson", "marge"), patient)).await;
        project.application("App").await;
        Self {
            project,
            alice,
            bart,
            lisa,
            marge,
        }
    }

    async fn find(&self, query: &str) -> Answer {
        self.project.admin.get(&format!("{LIST}?{query}")).await
    }

    /// The profiles' types and first names of the answer.
    async fn found(&self, query: &str) -> Vec<String> {
        let answer = self.find(query).await.must(200);
        entries(&answer)
            .iter()
            .map(|member| {
                member["profile"]["display"]
                    .as_str()
                    .unwrap()
                    .split(' ')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }
}

fn entries(answer: &Answer) -> Vec<Value> {
    let entries = answer.body["entry"].as_array().into_iter().flatten();
    entries.map(|entry| entry["resource"].clone()).collect()
}

fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap()
}

/// The links of a bundle as relation and what follows the path.
fn links(answer: &Answer) -> Vec<(String, String)> {
    let links = answer.body["link"].as_array().unwrap().iter();
    let shown = links.map(|link| {
        let url = link["url"].as_str().unwrap();
        let (base, query) = url.split_once("ProjectMembership?").unwrap();
        assert!(
            base.starts_with("http") && base.ends_with("/fhir/R4/"),
            "{url}"
        );
        (
            link["relation"].as_str().unwrap().to_owned(),
            query.to_owned(),
        )
    });
    shown.collect()
}

#[tokio::test]
async fn the_four_questions_of_the_guide_are_answered() {
    let clinic = Clinic::open().await;
    let everyone = ["bart", "lisa", "alice", "marge", "App", "Clinic"];
    assert_eq!(
        as_set(clinic.found("").await),
        everyone.map(str::to_owned).into()
    );
    let people = clinic.found("profile-type:not=ClientApplication,Bot").await;
    assert_eq!(
        as_set(people),
        ["bart", "lisa", "alice", "marge"].map(str::to_owned).into()
    );
    let two = clinic
        .found("profile-type:not=ClientApplication&profile-type:not=Bot")
        .await;
    assert_eq!(two.len(), 4);
    assert_eq!(
        as_set(clinic.found("profile-type=Patient").await),
        ["bart", "lisa"].map(str::to_owned).into()
    );
    assert_eq!(clinic.found("profile-type=Practitioner").await, ["alice"]);
}

fn as_set(names: Vec<String>) -> BTreeSet<String> {
    let count = names.len();
    let set: BTreeSet<String> = names.into_iter().collect();
    assert_eq!(set.len(), count, "somebody came twice");
    set
}

#[tokio::test]
async fn every_filter_finds_what_it_names() {
    let clinic = Clinic::open().await;
    let of = |member: &Value, field: &str| member[field]["reference"].as_str().unwrap().to_owned();
    let cases = [
        (format!("project=Project/{}", clinic.project.id), 6),
        (format!("_project={}", clinic.project.id), 6),
        (format!("user={}", of(&clinic.alice, "user")), 1),
        (format!("profile={}", of(&clinic.marge, "profile")), 1),
        (
            format!("user=ClientApplication/{}", clinic.project.admin.id()),
            1,
        ),
        (
            format!("profile=ClientApplication/{}", clinic.project.admin.id()),
            1,
        ),
        ("external-id=ext-1".to_owned(), 1),
        ("external-id:exact=ext-1".to_owned(), 1),
        ("user-name=alice.smith".to_owned(), 1),
        (format!("_id={}", id(&clinic.alice)), 1),
        (format!("_id={},{}", id(&clinic.bart), id(&clinic.lisa)), 2),
        (format!("_id=ProjectMembership/{}", id(&clinic.alice)), 1),
        (format!("_id={}&profile-type=Patient", id(&clinic.alice)), 0),
        (
            format!(
                "user={}&profile-type=Practitioner",
                of(&clinic.alice, "user")
            ),
            1,
        ),
        ("_id=nope".to_owned(), 0),
        (format!("email={}", address("bart", &clinic.project)), 1),
        (
            format!("email={}", address("bart", &clinic.project).to_uppercase()),
            1,
        ),
        (format!("email={}", address("nobody", &clinic.project)), 0),
        ("email:contains=BART".to_owned(), 1),
        ("name=bart".to_owned(), 1),
        ("name=smith".to_owned(), 4),
        ("name=SMITH%20li".to_owned(), 1),
        ("name=mith".to_owned(), 0),
        ("name:contains=mith".to_owned(), 4),
        ("name:exact=bart%20Smith".to_owned(), 1),
        ("name:exact=Bart%20Smith".to_owned(), 0),
        ("name:not=smith".to_owned(), 2),
        ("name=".to_owned(), 6),
        ("name=bart,lisa&profile-type=Patient".to_owned(), 2),
        ("name=smith&profile-type=Practitioner".to_owned(), 1),
        ("user-name:missing=false".to_owned(), 1),
        ("user-name:contains=SMITH".to_owned(), 1),
        ("external-id:missing=true".to_owned(), 5),
        ("admin=true".to_owned(), 1),
        ("admin:not=true".to_owned(), 5),
        ("active=false".to_owned(), 0),
        ("active=true".to_owned(), 6),
        ("active:missing=true".to_owned(), 6),
        ("profile:Patient.name=Bart".to_owned(), 1),
        ("profile:Patient.name=smith".to_owned(), 2),
        ("profile:Patient.name=smith&_sort=-name".to_owned(), 2),
        ("profile:Patient.name=smith&_total=accurate&_count=1".to_owned(), 1),
        ("profile:Practitioner.name=bart".to_owned(), 0),
        ("profile:Practitioner.name=smith&profile-type=Patient".to_owned(), 0),
        ("profile:Patient.name=smith&profile:Patient.name=lisa".to_owned(), 1),
        ("profile:ClientApplication.name=app".to_owned(), 1),
        ("profile:RelatedPerson.name=smith&external-id=ext-1".to_owned(), 0),
        (
            format!("user:User.email={}", address("bart", &clinic.project)),
            1,
        ),
        // Whose address is known to the server alone is nobody's of the project.
        (
            format!("user:User.email={}", address("alice", &clinic.project)),
            0,
        ),
        ("_filter=name%20co%20bart%20or%20name%20co%20lisa".to_owned(), 2),
        (
            "_filter=(name%20co%20bart%20or%20name%20co%20alice)%20and%20profile-type%20eq%20Patient"
                .to_owned(),
            1,
        ),
        ("identifier=urn:none%7Cx".to_owned(), 0),
        ("access-policy:missing=true".to_owned(), 6),
        ("_lastUpdated=ge2020-01-01".to_owned(), 6),
        ("_lastUpdated=lt2020-01-01".to_owned(), 0),
        ("_lastUpdated=gt2030&_lastUpdated=lt2020".to_owned(), 0),
        (
            "_lastUpdated=ge2020-01-01&profile-type=Patient&admin:missing=true".to_owned(),
            2,
        ),
        ("external-id=ext-2".to_owned(), 0),
        ("user-name=x".to_owned(), 0),
        ("profile=Patient/none".to_owned(), 0),
        ("profile-type=Bogus".to_owned(), 0),
        (
            "project=Project/00000000-0000-4000-8000-000000000001".to_owned(),
            0,
        ),
        ("user:missing=true".to_owned(), 0),
    ];
    for (query, count) in cases {
        let answer = clinic.find(&query).await.must(200);
        assert_eq!(entries(&answer).len(), count, "{query}");
        assert_eq!(answer.body.get("entry").is_some(), count > 0, "{query}");
    }
}

#[tokio::test]
async fn a_policy_finds_its_members() {
    let clinic = Clinic::open().await;
    let body =
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "Patient" }] });
    let policy = reference(&create(&clinic.project.admin, body).await);
    for fields in [
        json!({ "accessPolicy": { "reference": policy } }),
        json!({ "access": [{ "policy": { "reference": policy } }] }),
    ] {
        let member = if fields.get("access").is_some() {
            &clinic.bart
        } else {
            &clinic.lisa
        };
        clinic
            .project
            .update(&clinic.project.admin, &with(member.clone(), fields))
            .await
            .must(200);
    }
    let found = clinic.found(&format!("access-policy={policy}")).await;
    assert_eq!(as_set(found), ["bart", "lisa"].map(str::to_owned).into());
}

#[tokio::test]
async fn an_entry_has_its_url_its_mode_and_the_resource() {
    let clinic = Clinic::open().await;
    let request = Request::new("GET", &format!("{LIST}?_id={}", id(&clinic.alice)))
        .header("x-medplum", "extended");
    let answer = clinic.project.admin.send(request).await.must(200);
    let entry = &answer.body["entry"][0];
    let url = format!(
        "{}/fhir/R4/ProjectMembership/{}",
        world().await.api(),
        id(&clinic.alice)
    );
    assert_eq!(entry["fullUrl"], url);
    assert_eq!(entry["search"], json!({ "mode": "match" }));
    assert_eq!(entry["resource"], clinic.alice);
    assert_eq!(
        (
            answer.body["resourceType"].as_str(),
            answer.body["type"].as_str()
        ),
        (Some("Bundle"), Some("searchset"))
    );
    assert_eq!(answer.body.get("total"), None);
}

#[tokio::test]
async fn a_form_asks_the_same_questions() {
    let clinic = Clinic::open().await;
    let request = Request::new("POST", &format!("{LIST}/_search"))
        .body(FORM, "profile-type=Patient&_count=1".to_owned());
    let answer = clinic.project.admin.send(request).await.must(200);
    assert_eq!(entries(&answer).len(), 1);
    assert_eq!(links(&answer)[0].1, "_count=1&profile-type=Patient");
}

#[tokio::test]
async fn fields_and_elements_narrow_and_say_so() {
    let clinic = Clinic::open().await;
    for name in ["_fields", "_elements"] {
        let answer = clinic
            .find(&format!("_id={}&{name}=user,userName", id(&clinic.alice)))
            .await
            .must(200);
        let member = &entries(&answer)[0];
        assert_eq!(member["userName"], "alice.smith");
        assert_eq!(member.get("externalId"), None);
        let tag =
            json!({ "system": "http://hl7.org/fhir/v3/ObservationValue", "code": "SUBSETTED" });
        assert_eq!(member["meta"]["tag"][0], tag, "{name}");
        assert!(
            links(&answer)[0].1.contains("_fields=user,userName"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_summary_says_that_it_is_one() {
    let clinic = Clinic::open().await;
    let one = format!("_id={}", id(&clinic.alice));
    let fields = async |summary: &str| {
        let answer = clinic
            .find(&format!("{one}&_summary={summary}"))
            .await
            .must(200);
        let member = entries(&answer).remove(0);
        let whole = member["meta"].get("tag").is_none();
        let fields: Vec<String> = member.as_object().unwrap().keys().cloned().collect();
        (fields, whole)
    };
    assert_eq!(fields("true").await.0, ["resourceType", "id", "meta"]);
    let mandatory = ["resourceType", "id", "meta", "user", "profile", "project"];
    assert_eq!(
        as_set(fields("text").await.0),
        mandatory.map(str::to_owned).into()
    );
    let (data, whole) = fields("data").await;
    assert!(data.contains(&"userName".to_owned()) && !whole);
    assert!(fields("false").await.1);
}

#[tokio::test]
async fn included_users_are_those_of_the_project() {
    let clinic = Clinic::open().await;
    let path = format!(
        "_id={},{}&_include=ProjectMembership:user",
        id(&clinic.bart),
        id(&clinic.alice)
    );
    let answer = clinic.find(&path).await.must(200);
    let users: Vec<Value> = entries(&answer)
        .into_iter()
        .filter(|it| it["resourceType"] == "User")
        .collect();
    let references: Vec<String> = users.iter().map(reference).collect();
    // Alice is known to the whole server: she is nobody's to look at.
    assert_eq!(
        references,
        [clinic.bart["user"]["reference"].as_str().unwrap()]
    );
}

#[tokio::test]
async fn included_profiles_follow_the_matches() {
    let clinic = Clinic::open().await;
    let answer = clinic
        .find(&format!(
            "_id={}&_include=ProjectMembership:profile",
            id(&clinic.bart)
        ))
        .await
        .must(200);
    let modes: Vec<_> = answer.body["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["search"]["mode"].as_str().unwrap())
        .collect();
    assert_eq!(modes, ["match", "include"]);
    assert_eq!(entries(&answer)[1]["resourceType"], "Patient");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_in_the_recorded_words() {
    let clinic = Clinic::open().await;
    let cases = [
        ("bogus=1", "Unknown search parameter: bogus"),
        ("profile-name=Pat", "Unknown search parameter: profile-name"),
        ("_sort=bogus", "Unknown search parameter: bogus"),
        (
            "_count=2&_offset=20000",
            "Search offset exceeds maximum (got 20000, max 10000)",
        ),
        (
            "user-name=%00",
            "Search filter value cannot contain null bytes",
        ),
        ("_cursor=x&_offset=2", "Cannot use both offset and cursor"),
        ("_cursor=nonsense", "Invalid cursor"),
    ];
    for (query, text) in cases {
        let answer = clinic.find(query).await.must(400);
        assert_eq!(answer.issue_text(), text, "{query}");
    }
}

#[tokio::test]
async fn only_administrators_list_and_only_their_own_project() {
    let (clinic, other) = (Clinic::open().await, Clinic::open().await);
    let member = clinic.project.application("Member").await;
    let status = async |caller: &Client| caller.get(LIST).await.status;
    assert_eq!(status(&member).await, 403);
    assert_eq!(status(&world().await.anonymous()).await, 401);
    let question = format!("{LIST}?project=Project/{}", other.project.id);
    let foreign = clinic.project.admin.get(&question).await.must(200);
    assert_eq!(foreign.body.get("entry"), None);
    let by_id = clinic
        .find(&format!("_id={}", id(&other.alice)))
        .await
        .must(200);
    assert_eq!(by_id.body.get("entry"), None);
    let as_root = world().await.root().get(&question).await.must(200);
    assert_eq!(entries(&as_root).len(), 6);
}

#[tokio::test]
async fn a_server_administrator_finds_members_by_what_their_users_are_called() {
    let clinic = Clinic::open().await;
    let of = |query: String| format!("{LIST}?project=Project/{}&{query}", clinic.project.id);
    let email = address("alice", &clinic.project);
    let found = world()
        .await
        .root()
        .get(&of(format!("user:User.email={email}")))
        .await
        .must(200);
    assert_eq!(entries(&found).len(), 1);
    assert_eq!(id(&entries(&found)[0]), id(&clinic.alice));
}

#[tokio::test]
async fn other_chains_of_members_are_refused_and_never_dropped() {
    let clinic = Clinic::open().await;
    let cases = [
        (
            "user.email=x",
            "Unable to identify next resource type for search parameter: ProjectMembership?user",
        ),
        (
            "access-policy:AccessPolicy.name=x",
            "Chained search is not supported for ProjectMembership",
        ),
        (
            "profile:Organization.name=x",
            "Chained search is not supported for ProjectMembership",
        ),
        (
            "_has:Patient:link:name=x",
            "Chained search is not supported for ProjectMembership",
        ),
    ];
    for (query, words) in cases {
        assert_eq!(clinic.find(query).await.must(400).issue_text(), words);
    }
}

#[tokio::test]
async fn an_administrator_whose_policy_hides_people_finds_no_members_by_them() {
    let project = world().await.project("Unseen people").await;
    let hiding = json!([{ "resourceType": "Patient", "hiddenFields": ["birthDate"] }]);
    let policy = to(&policy(&project, hiding).await);
    let membership = json!({ "admin": true, "accessPolicy": policy });
    let (ruled, _) = member(&project, ("Practitioner", "ruled"), membership).await;
    ruled.get(LIST).await.must(200);
    for condition in ["Patient.birthdate=2001-01-01", "Practitioner.name=x"] {
        let query = format!("{LIST}?profile:{condition}");
        ruled.get(&query).await.must(403);
    }
}
