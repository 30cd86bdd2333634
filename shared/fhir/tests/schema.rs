//! What the definitions refuse, in the recorded words, and what they accept.

use roster_fhir::schema::validate;
use serde_json::{Value, json};

/// The issues as `code path: words`.
fn faults(resource: &Value) -> Vec<String> {
    let kind = resource["resourceType"].as_str().unwrap_or_default();
    let line = |issue: &roster_fhir::Issue| {
        format!(
            "{} {}: {}",
            issue.code,
            issue.expression.join(","),
            issue.text
        )
    };
    validate(kind, resource).iter().map(line).collect()
}

fn member(more: &Value) -> Value {
    let mut member = json!({
        "resourceType": "ProjectMembership",
        "id": "7f045aa3-49b2-494a-9ea6-efc13411e5d9",
        "meta": {
            "versionId": "2ccae2c6-0897-4efb-b66b-8c45f7a64628",
            "lastUpdated": "2026-11-21T20:35:01.274Z",
            "author": {"reference": "system"},
            "project": "74549cdf-0174-46df-8412-f4772eee2732",
            "compartment": [{"reference": "Project/74549cdf-0174-46df-8412-f4772eee2732"}]
        },
        "project": {"reference": "Project/74549cdf-0174-46df-8412-f4772eee2732", "display": "Clinic"},
        "user": {"reference": "User/b255fff3-9f83-4300-8ed0-7d73258e0a0c", "display": "alice@example.com"},
        "profile": {"reference": "Practitioner/cc9cfb1e-3273-447a-8cb8-2ec80e52042b", "display": "Alice Smith"}
    });
    if let (Value::Object(member), Value::Object(more)) = (&mut member, more) {
        for (name, value) in more {
            match value {
                Value::Null => member.shift_remove(name),
                value => member.insert(name.clone(), value.clone()),
            };
        }
    }
    member
}

#[test]
fn recorded_resources_are_valid() {
    let access = json!([{
        "policy": {"reference": "AccessPolicy/215c2948-637f-4586-9618-74027575b2f7"},
        "parameter": [
            {"name": "organization", "valueReference": {"reference": "Organization/4d249c36-56d0-496d-a16e-d2e5e2100e6c"}},
            {"name": "code", "valueString": "1234-5"}
        ]
    }]);
    let policy = json!({
        "resourceType": "AccessPolicy",
        "meta": {"project": "74549cdf-0174-46df-8412-f4772eee2732"},
        "name": "Org policy",
        "resource": [
            {"resourceType": "Patient", "criteria": "Patient?organization=%organization"},
            {"resourceType": "Practitioner", "readonly": true, "writeConstraint": [{"language": "text/fhirpath", "expression": "true"}]}
        ]
    });
    let patient = json!({
        "resourceType": "Patient",
        "contained": [{"resourceType": "Organization", "id": "o", "name": "Plant"}],
        "name": [{"given": ["Homer", null], "_given": [null, {"extension": [{"url": "urn:x", "valueBoolean": true}]}], "family": "Simpson"}],
        "birthDate": "1956-05-12",
        "_gender": {"id": "g"},
        "deceasedBoolean": false,
        "multipleBirthInteger": 2,
        "managingOrganization": {"reference": "#o"},
        "contact": [{"name": {"family": "Bouvier"}}],
        "photo": [{"contentType": "image/png", "data": "aGk="}]
    });
    let observation = json!({
        "resourceType": "Observation", "status": "final", "code": {"text": "x"},
        "valueQuantity": {"value": 1.5, "unit": "kg"},
        "component": [{"code": {"text": "y"}, "referenceRange": [{"text": "z"}]}]
    });
    for resource in [
        member(&json!({"access": access, "admin": true})),
        policy,
        patient,
        observation,
    ] {
        assert_eq!(faults(&resource), Vec::<String>::new());
    }
}

#[test]
fn refusals_have_the_recorded_words_paths_and_order() {
    for (resource, expected) in [
        (
            json!({"resourceType": "Project", "name": "X", "bogus": 1}),
            vec!["structure Project.bogus: Invalid additional property \"bogus\""],
        ),
        (
            json!({"resourceType": "User", "firstName": 5, "lastName": "L"}),
            vec!["structure User.firstName: Invalid JSON type: expected string, but got number"],
        ),
        (
            json!({"resourceType": "User", "firstName": ["F"], "lastName": "L"}),
            vec!["structure User.firstName: Expected single value for property"],
        ),
        (
            member(&json!({"admin": "true"})),
            vec![
                "structure ProjectMembership.admin: Invalid JSON type: expected boolean, but got string",
            ],
        ),
        (
            member(&json!({"profile": null})),
            vec!["structure ProjectMembership.profile: Missing required property"],
        ),
        (
            member(&json!({"project": null, "user": null})),
            vec![
                "structure ProjectMembership.project: Missing required property",
                "structure ProjectMembership.user: Missing required property",
            ],
        ),
        (
            json!({"resourceType": "Project", "secret": [{"nme": "x"}]}),
            vec![
                "structure Project.secret[0].name: Missing required property",
                "structure Project.secret[0].value[x]: Missing required property",
                "structure Project.secret[0].nme: Invalid additional property \"nme\"",
            ],
        ),
        (
            json!({"resourceType": "Project", "site": [{"name": "x"}]}),
            vec!["structure Project.site[0].domain: Missing required property"],
        ),
        (
            json!({"resourceType": "RelatedPerson"}),
            vec!["structure RelatedPerson.patient: Missing required property"],
        ),
    ] {
        assert_eq!(faults(&resource), expected);
    }
}

#[test]
fn shapes_that_clients_get_wrong_are_named() {
    let patient = json!({
        "resourceType": "Patient",
        "name": {"family": "Simpson"},
        "telecom": [{"value": ""}, null, {}],
        "birthDate": "12 May",
        "gender": null,
        "deceasedString": "yes",
        "address": ["Evergreen Terrace"],
        "_name": {"id": "x"},
        "contact": [{"gender": "male"}],
        "contained": [{"id": "x"}, {"resourceType": "Bogus"}],
        "extension": [{"url": "urn:x"}]
    });
    let expected = [
        "structure Patient.contained[0].resourceType: Missing required property",
        "structure Patient.contained[1]: Unknown resource type",
        "invariant Patient.extension[0]: Constraint ext-1 not met: Must have either extensions or value[x], not both",
        "structure Patient.name: Expected array of values for property",
        "structure Patient.telecom[1]: Invalid null value",
        "structure Patient.telecom[2]: Invalid empty non-primitive value",
        "structure Patient.gender: Invalid null value",
        "structure Patient.birthDate: Invalid date format",
        "structure Patient.address[0]: Invalid JSON type: expected object, but got string",
        "invariant Patient.contact[0]: Constraint pat-1 not met: SHALL at least contain a contact's details or a reference to an organization",
        "structure Patient.deceasedString: Invalid additional property \"deceasedString\"",
        "structure Patient._name: Invalid additional property \"_name\"",
    ];
    assert_eq!(faults(&patient), expected);
}

#[test]
fn policies_and_clients_keep_their_invariants() {
    let policy = json!({
        "resourceType": "AccessPolicy",
        "resource": [
            {"resourceType": "Patient", "criteria": "Observation?code=1"},
            {"resourceType": "Patient", "writeConstraint": [{"language": "text/cql", "expression": "true"}]}
        ]
    });
    let criteria = "Criteria must be a valid FHIR search string on the correct resource type, e.g. Patient?identifier=123";
    let constraint = "Write constraint expressions must be literal text/fhirpath strings";
    assert_eq!(
        faults(&policy),
        [
            format!("invariant AccessPolicy.resource[0]: Constraint axp-3 not met: {criteria}"),
            format!(
                "invariant AccessPolicy.resource[1].writeConstraint[0]: Constraint axp-1 not met: {constraint}"
            ),
        ]
    );
    let client = json!({"resourceType": "ClientApplication", "accessTokenLifetime": "soon", "launchUri": "javascript:alert(1)"});
    let faults = faults(&client);
    assert!(
        faults[0].starts_with("invariant ClientApplication.launchUri: Constraint clapp-2 not met")
    );
    assert!(faults[1].starts_with(
        "invariant ClientApplication.accessTokenLifetime: Constraint clapp-1 not met"
    ));
}

#[test]
fn administrative_references_point_to_the_types_they_must() {
    let stranger = json!({"profile": {"reference": "Organization/1"}});
    let words = r#"Invalid reference: got "Organization", expected "Bot", "ClientApplication", "Patient", "Practitioner", "RelatedPerson""#;
    assert_eq!(
        faults(&member(&stranger)),
        [format!("structure ProjectMembership.profile: {words}")]
    );
    let clinical =
        json!({"resourceType": "Patient", "generalPractitioner": [{"reference": "Patient/1"}]});
    assert_eq!(
        faults(&clinical),
        Vec::<String>::new(),
        "elsewhere the upstream server warns and accepts"
    );
}

#[test]
fn an_empty_value_is_none() {
    let project = json!({"resourceType": "Project", "secret": {}, "name": "", "link": []});
    assert_eq!(faults(&project), Vec::<String>::new());
    let blank = json!({"user": {}});
    let missing = "structure ProjectMembership.user: Missing required property";
    assert_eq!(faults(&member(&blank)), [missing]);
}

#[test]
fn what_is_no_resource_is_refused() {
    assert_eq!(
        faults(&json!({"resourceType": "HumanName"})),
        ["structure : Unknown resource type"]
    );
    assert_eq!(validate("Patient", &json!([])).len(), 1);
}
