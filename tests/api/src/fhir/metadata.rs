//! What the server says about what it can do.

use serde_json::json;

use crate::world::world;

#[tokio::test]
async fn everybody_may_read_what_the_server_can_do() {
    let anonymous = world().await.anonymous();
    let statement = anonymous.get("/fhir/R4/metadata").await.must(200);
    assert_eq!(
        statement.header("content-type"),
        "application/fhir+json; charset=utf-8"
    );
    let statement = statement.body;
    assert_eq!(statement["resourceType"], "CapabilityStatement");
    assert_eq!(
        (&statement["fhirVersion"], &statement["kind"]),
        (&json!("4.0.1"), &json!("instance"))
    );
    assert_eq!(
        statement["patchFormat"],
        json!(["application/json-patch+json"])
    );
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    let of = |kind: &str| resources.iter().find(|resource| resource["type"] == kind);
    let membership = of("ProjectMembership").unwrap();
    let codes: Vec<&str> = membership["interaction"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        [
            "read",
            "vread",
            "history-instance",
            "create",
            "update",
            "patch",
            "delete",
            "search-type"
        ]
    );
    let params = membership["searchParam"].as_array().unwrap();
    assert!(params.iter().any(|param| param["name"] == "profile-type"));
    assert!(of("Patient").is_some() && of("Login").is_none());
    let versions = anonymous.get("/fhir/R4/$versions").await.must(200).body;
    assert_eq!(versions, json!({ "versions": ["4.0"], "default": "4.0" }));
}

#[tokio::test]
async fn the_statement_is_what_its_own_definition_wants() {
    let world = world().await;
    let project = world.project("Valid").await;
    let statement = world
        .anonymous()
        .get("/fhir/R4/metadata")
        .await
        .must(200)
        .body;
    let path = "/fhir/R4/CapabilityStatement/$validate";
    project.admin.post(path, &statement).await.must(200);
}

#[tokio::test]
async fn a_resource_is_validated_and_nothing_is_stored() {
    let project = world().await.project("Validated").await;
    let validate = async |body| {
        project
            .admin
            .post("/fhir/R4/Patient/$validate", &body)
            .await
    };
    let good = validate(json!({ "resourceType": "Patient", "birthDate": "2000-01-01" }))
        .await
        .must(200);
    assert_eq!(good.body["id"], "ok");
    let bad = validate(json!({ "resourceType": "Patient", "bogus": 1 }))
        .await
        .must(400);
    assert_eq!(bad.expression(), "Patient.bogus");
    validate(json!({ "resourceType": "Practitioner" }))
        .await
        .must(400);
    project
        .admin
        .post("/fhir/R4/Bogus/$validate", &json!({}))
        .await
        .must(400);
    let found = project.admin.get("/fhir/R4/Patient").await.must(200).body;
    assert_eq!(found.get("entry"), None);
}
