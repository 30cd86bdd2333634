//! Queries, links and matches as the upstream server was recorded answering them, and where ours is stricter.
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use roster_fhir::Resource;
use roster_fhir::search::{Chain, Modifier, Next, Query};
use serde_json::{Value, json};

const BASE: &str = "http://127.0.0.1:8103/";
const PROJECT: &str = "74549cdf-0174-46df-8412-f4772eee2732";
const ALICE: &str = "Practitioner/cc9cfb1e-3273-447a-8cb8-2ec80e52042b";

fn pairs(query: &str) -> Vec<(String, String)> {
    let split = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(split)
        .collect()
}

fn query(kind: &str, text: &str) -> Query {
    Query::parse(kind, &pairs(text)).unwrap()
}

/// The words of all issues.
fn refusal(kind: &str, text: &str) -> Vec<String> {
    let issues = Query::parse(kind, &pairs(text)).unwrap_err();
    issues.into_iter().map(|issue| issue.text).collect()
}

/// The links as `relation ?query`.
fn links(text: &str, entries: usize, next: &Next) -> Vec<String> {
    let links = query("ProjectMembership", text).links(BASE, entries, next);
    let start = format!("{BASE}fhir/R4/ProjectMembership");
    links
        .iter()
        .map(|link| {
            format!(
                "{} {}",
                link.relation,
                link.url.strip_prefix(&start).unwrap()
            )
        })
        .collect()
}

fn resource(kind: &str, body: &Value) -> Resource {
    let mut whole = json!({
        "resourceType": kind,
        "id": "7f045aa3-49b2-494a-9ea6-efc13411e5d9",
        "meta": {
            "versionId": "2ccae2c6-0897-4efb-b66b-8c45f7a64628",
            "lastUpdated": "2026-11-21T20:35:01.274Z",
            "author": {"reference": "system"},
            "project": PROJECT,
            "tag": [{"system": "s", "code": "vip"}]
        }
    });
    whole
        .as_object_mut()
        .unwrap()
        .extend(body.as_object().unwrap().clone());
    Resource::from_json(whole).unwrap()
}

fn alice() -> Resource {
    let body = json!({
        "admin": true,
        "project": {"reference": format!("Project/{PROJECT}"), "display": "Clinic"},
        "user": {"reference": "User/b255fff3-9f83-4300-8ed0-7d73258e0a0c", "display": "alice@example.com"},
        "profile": {"reference": ALICE, "display": "Alice Smith"},
        "externalId": "Ext-1",
        "access": [{"policy": {"reference": "AccessPolicy/215c2948-637f-4586-9618-74027575b2f7"}}]
    });
    resource("ProjectMembership", &body)
}

fn homer() -> Resource {
    let body = json!({
        "active": false,
        "name": [{"given": ["Homer", "Jay"], "family": "Simpson"}],
        "identifier": [{"system": "urn:mrn", "value": "Ab1"}, {"value": "loose"}],
        "telecom": [{"system": "email", "value": "Homer@example.com"}, {"system": "phone", "value": "555"}],
        "birthDate": "1956-05-12",
        "gender": "male",
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en", "display": "English"}]}}],
        "managingOrganization": {"identifier": {"system": "urn:org", "value": "7"}}
    });
    resource("Patient", &body)
}

#[test]
fn links_are_the_recorded_ones() {
    let first_page = [
        "self ?_count=20",
        "first ?_count=20",
        "next ?_count=20&_offset=20",
    ];
    assert_eq!(links("", 20, &Next::Offset), first_page);
    let middle = [
        "self ?_count=2&_offset=2",
        "first ?_count=2",
        "next ?_count=2&_offset=4",
        "previous ?_count=2",
    ];
    assert_eq!(links("_count=2&_offset=2", 2, &Next::Offset), middle);
    for (text, own) in [
        ("_count=0", "self ?_count=0"),
        ("_count=-1", "self ?_count=-1"),
        ("_count=abc", "self ?_count=NaN"),
        ("_summary=count", "self ?_count=0&_total=accurate"),
        ("profile-type=Bogus", "self ?_count=20&profile-type=Bogus"),
        ("user:missing=true", "self ?_count=20&user:missing=true"),
        (
            "_count=5000&_=1&_format=json&_pretty=true",
            "self ?_count=1000",
        ),
    ] {
        assert_eq!(links(text, 0, &Next::None), [own], "{text}");
    }
    for (text, own) in [
        (
            "profile-type:not=ClientApplication&profile-type:not=Bot&_count=5",
            "?_count=5&profile-type:not=Bot&profile-type:not=ClientApplication",
        ),
        (
            "profile-type:not=ClientApplication,Bot&_count=5",
            "?_count=5&profile-type:not=ClientApplication%2CBot",
        ),
        (
            "_elements=user,profile&_count=2",
            "?_count=2&_fields=user,profile",
        ),
        ("_summary=true&_count=1", "?_count=1"),
        ("_count=1&_total=zzz", "?_count=1&_total=zzz"),
        (
            "_sort=-_lastUpdated&_count=2",
            "?_count=2&_sort=-_lastUpdated",
        ),
        (
            "_count=1&_include=ProjectMembership:profile",
            "?_count=1&_include=ProjectMembership:profile",
        ),
        (
            "user:User.email=vic@example.test",
            "?_count=20&user:User.email=vic%40example.test",
        ),
        ("_project=1&_id=2", "?_count=20&_id=2&_project=1"),
    ] {
        assert_eq!(
            links(text, 1, &Next::None),
            [format!("self {own}"), format!("first {own}")],
            "{text}"
        );
    }
}

#[test]
fn a_cursor_stands_in_links_instead_of_an_offset() {
    let expected = [
        "self ?_count=2&_cursor=a",
        "first ?_count=2",
        "next ?_count=2&_cursor=b",
    ];
    assert_eq!(
        links("_count=2&_cursor=a", 2, &Next::Cursor("b".into())),
        expected
    );
}

#[test]
fn what_is_not_understood_is_refused_in_the_recorded_words() {
    let members = |text| refusal("ProjectMembership", text);
    assert_eq!(members("bogus=1"), ["Unknown search parameter: bogus"]);
    assert_eq!(members("_sort=bogus"), ["Unknown search parameter: bogus"]);
    assert_eq!(
        members("_offset=20000"),
        ["Search offset exceeds maximum (got 20000, max 10000)"]
    );
    assert_eq!(members("_offset=99999999999999999999999").len(), 1);
    assert_eq!(
        members("_offset=1&_cursor=x"),
        ["Cannot use both offset and cursor"]
    );
    assert_eq!(
        members("profile-type=a\0b"),
        ["Search filter value cannot contain null bytes"]
    );
    assert_eq!(
        members("admin=yes"),
        ["Boolean search value must be 'true' or 'false'"]
    );
    assert_eq!(
        members("profile-type:zap=Bot"),
        ["Invalid modifier :zap for profile-type"]
    );
    assert_eq!(
        members("user-name:not=x"),
        ["Unsupported string search operator: not"]
    );
    assert_eq!(members("_id:in=x"), ["Invalid modifier :in for _id"]);
    let open = "Unable to identify next resource type for search parameter: ProjectMembership?user";
    assert_eq!(members("user.email=x"), [open]);
    let star = "'*' is not supported as a value for search inclusion parameters";
    assert_eq!(members("_include=*"), [star]);
    assert_eq!(
        members("_include=ProjectMembership:bogus"),
        ["Invalid include parameter: ProjectMembership:bogus"]
    );
    assert_eq!(
        members("_lastUpdated=soon"),
        ["Invalid format for date search parameter: soon"]
    );
    assert_eq!(
        members("bogus=1&admin=yes").len(),
        2,
        "all faults are told at once"
    );
}

#[test]
fn members_are_found_by_what_they_are() {
    for (text, fits) in [
        ("profile-type=Practitioner", true),
        ("profile-type=Patient,Practitioner", true),
        ("profile-type:not=ClientApplication,Bot", true),
        ("profile-type:not=Patient,Practitioner", false),
        ("project=Project/74549cdf-0174-46df-8412-f4772eee2732", true),
        ("project=74549cdf-0174-46df-8412-f4772eee2732", false),
        (
            "profile=Practitioner/cc9cfb1e-3273-447a-8cb8-2ec80e52042b",
            true,
        ),
        (
            "profile:Practitioner=cc9cfb1e-3273-447a-8cb8-2ec80e52042b",
            true,
        ),
        ("profile=Vic", false),
        (
            "access-policy=AccessPolicy/215c2948-637f-4586-9618-74027575b2f7",
            true,
        ),
        ("external-id=ext", true),
        ("external-id:exact=ext-1", false),
        ("external-id:exact=Ext-1", true),
        ("external-id:contains=T-1", true),
        ("user-name:missing=true", true),
        ("admin=true", true),
        ("admin:not=true", false),
        ("active=true", true),
        ("active=false", false),
        ("active:not=true", false),
        ("active:not=false", true),
        ("active:missing=true", true),
        ("active:missing=false", false),
        ("name=smi ali", true),
        ("name=lice", false),
        ("email=ALICE@example.com", true),
        ("email=alice", false),
        ("email:contains=LICE@", true),
        (
            "_id=x,ProjectMembership/7f045aa3-49b2-494a-9ea6-efc13411e5d9",
            true,
        ),
        ("_id:not=7f045aa3-49b2-494a-9ea6-efc13411e5d9", false),
        ("_id=7f045aa3", false),
        (
            "_project=Project/74549cdf-0174-46df-8412-f4772eee2732",
            true,
        ),
        ("_project:missing=true", false),
        (
            "_compartment=Project/74549cdf-0174-46df-8412-f4772eee2732",
            true,
        ),
        ("_compartment=74549cdf-0174-46df-8412-f4772eee2732", true),
        (
            "_compartment=Patient/74549cdf-0174-46df-8412-f4772eee2732",
            false,
        ),
        ("_lastUpdated=2026-11-21", true),
        ("_lastUpdated=gt2026-11-21T20:35:01.274Z", false),
        ("_tag=s|vip", true),
        ("_tag=vip&admin=false", false),
    ] {
        assert_eq!(
            query("ProjectMembership", text).matches(&alice()),
            fits,
            "{text}"
        );
    }
}

#[test]
fn people_are_found_by_names_contacts_and_identifiers() {
    for (text, fits) in [
        ("name=simp hom", true),
        ("name=homer bart", false),
        ("name:exact=Homer Jay Simpson", true),
        ("name:exact=Homer", false),
        ("name:contains=mer jay", true),
        ("name:not=Homer", false),
        ("given=jay", true),
        ("family=jay", false),
        ("email=homer@EXAMPLE.com", true),
        ("phone=homer@example.com", false),
        ("telecom=555", true),
        ("email:not=other@example.com", true),
        ("identifier=Ab1", true),
        ("identifier=ab1", false),
        ("identifier=urn:mrn|Ab1", true),
        ("identifier=urn:mrn|", true),
        ("identifier=|Ab1", false),
        ("identifier=|loose", true),
        ("identifier=urn:other|Ab1,urn:mrn|Ab1", true),
        ("identifier:not=nobody", true),
        ("birthdate=1956", true),
        ("birthdate=lt1956-05", false),
        ("birthdate:missing=false", true),
        ("death-date:missing=true", true),
        ("language=en", true),
        ("language:text=engl", true),
        ("organization:identifier=urn:org|7", true),
        ("active=false", true),
        ("_filter=name co simps and active eq false", true),
        ("_filter=gender ne male", false),
        ("_filter=gender eq female or active eq false", true),
        ("_filter=gender eq female or active eq true", false),
        (
            "_filter=gender eq female or name co simps and active eq false",
            true,
        ),
        (
            "_filter=(gender eq female or name co simps) and active eq true",
            false,
        ),
        (
            "_filter=((gender eq female) or (name co \"simps\" and active eq false))",
            true,
        ),
    ] {
        assert_eq!(query("Patient", text).matches(&homer()), fits, "{text}");
    }
}

#[test]
fn a_type_fits_only_its_own_resources() {
    assert!(!query("Practitioner", "").matches(&homer()));
}

#[test]
fn chains_are_parsed_for_whoever_holds_the_neighbours() {
    let forward = query("ProjectMembership", "profile:Practitioner.name=Smith");
    let [
        Chain::Forward {
            reference,
            target,
            filter,
        },
    ] = &forward.chains[..]
    else {
        unreachable!("one forward chain")
    };
    assert_eq!(
        (reference.code, target.as_str(), filter.param.code),
        ("profile", "Practitioner", "name")
    );
    let reverse = query(
        "Patient",
        "_has:ProjectMembership:profile:project=Project/1",
    );
    let [
        Chain::Reverse {
            source,
            reference,
            filter,
        },
    ] = &reverse.chains[..]
    else {
        unreachable!("one reverse chain")
    };
    assert_eq!(
        (source.as_str(), reference.code, filter.values[0].as_str()),
        ("ProjectMembership", "profile", "Project/1")
    );
}

#[test]
fn a_planner_reads_the_filters_and_the_page() {
    let page = query(
        "ProjectMembership",
        r"profile-type:not=Bot,Client\,X&_count=7&_offset=14&_total=estimate&_sort=-name",
    );
    let filter = page.filter("profile-type").unwrap();
    assert_eq!(
        (&filter.modifier, &filter.values[..]),
        (
            &Modifier::Not,
            &["Bot".to_owned(), "Client,X".to_owned()][..]
        )
    );
    assert_eq!((page.count, page.offset, page.wants_total()), (7, 14, true));
    assert_eq!(
        (page.sort[0].param.code, page.sort[0].descending),
        ("name", true)
    );
}

#[test]
fn sorting_is_total_and_pages_never_repeat() {
    let mut bart = homer();
    bart.body.insert(
        "name".into(),
        json!([{"given": ["Bart"], "family": "Allen"}]),
    );
    let by = |text| query("Patient", text).compare(&bart, &homer());
    assert!(by("_sort=name").is_lt());
    assert!(by("_sort=-name").is_gt());
    assert!(by("_sort=gender").is_eq());
    bart.meta.last_updated = "2027-01-01T00:00:00.000Z".into();
    assert!(
        query("Patient", "_sort=gender")
            .compare(&bart, &homer())
            .is_gt()
    );
}

#[test]
fn inclusions_name_the_references_of_a_match() {
    let wanted = query(
        "ProjectMembership",
        "_include=ProjectMembership:profile&_include=ProjectMembership:user:Bot",
    );
    let found: Vec<_> = wanted
        .include
        .iter()
        .flat_map(|include| include.references(&alice()))
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].reference, ALICE);
}

#[test]
fn a_summary_of_a_membership_is_its_envelope() {
    let mut value = alice().to_json(roster_fhir::View::Plain);
    query("ProjectMembership", "_summary=true").narrow(&mut value);
    let names: Vec<_> = value.as_object().unwrap().keys().collect();
    assert_eq!(names, ["resourceType", "id", "meta"]);
    assert_eq!(value["meta"]["tag"][1]["code"], "SUBSETTED");
}
