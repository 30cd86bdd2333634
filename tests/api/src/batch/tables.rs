//! Tables and lines say the same as JSON, and nothing in them breaks the server.

use harness::world::{Answer, Project, Request};
use serde_json::{Value, json};

use super::{issue, persons, row, status, statuses};
use crate::world::world;

const CSV: &str = "text/csv; charset=utf-8";

async fn send(project: &Project, kind: &str, text: &str) -> Answer {
    let request = Request::new("POST", &project.path("invite/batch"));
    project
        .admin
        .send(request.body(kind, text.to_owned()))
        .await
}

/// What a membership says of itself, without ids and times.
fn said(answer: &Answer, at: usize) -> Value {
    let member = &row(answer, at)["resource"];
    json!([
        status(answer, at),
        member["profile"]["display"],
        member["profile"]["reference"]
            .as_str()
            .map(|text| text.split_once('/').unwrap().0),
        member["user"]["display"],
        member["admin"],
        member["externalId"],
        member["userName"],
    ])
}

#[tokio::test]
async fn the_same_people_as_json_as_lines_and_as_a_table_come_out_the_same() {
    let rows = [
        json!({ "resourceType": "Practitioner", "firstName": "Alice", "lastName": "Smith, \"MD\"", "externalId": "a-1",
                "sendEmail": false, "membership": { "admin": true, "userName": "alice" } }),
        json!({ "resourceType": "Patient", "firstName": "Homer", "lastName": "Simpson\nJr", "externalId": "h-1" }),
        json!({ "resourceType": "Practitioner", "lastName": "Nameless", "externalId": "n-1" }),
    ];
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    let table = "resourceType,firstName,lastName,externalId,sendEmail,membership.admin,membership.userName\r\n\
                 Practitioner,Alice,\"Smith, \"\"MD\"\"\",a-1,FALSE,true,alice\r\n\
                 Patient,Homer,\"Simpson\nJr\",h-1,,,\r\n\
                 Practitioner,,Nameless,n-1,,,\r\n";
    let bodies = [
        ("application/json", json!(rows).to_string()),
        ("application/x-ndjson", format!("{}\n\n", lines.join("\n"))),
        (CSV, table.to_owned()),
    ];
    let mut seen = Vec::new();
    for (kind, text) in bodies {
        let project = world().await.project("Formats").await;
        let answer = send(&project, kind, &text).await.must(200);
        assert_eq!(statuses(&answer), ["200", "200", "400"], "{kind}");
        let refused = issue(&answer, 2);
        assert_eq!(refused, ("First name is required", "row[2].firstName"));
        assert_eq!(persons(&project).await, 2, "{kind}");
        seen.push(json!([said(&answer, 0), said(&answer, 1)]));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[0][0][4], true);
}

#[tokio::test]
async fn a_misspelt_column_is_refused_by_its_name_before_anybody_is_invited() {
    let project = world().await.project("Columns").await;
    let table =
        "resourceType,firstName,lastName,email,sendemail\nPractitioner,A,B,a@example.com,false\n";
    let refused = send(&project, CSV, table).await.must(400);
    assert_eq!(refused.expression(), "sendemail");
    let twice = "firstName,firstName\nA,B\n";
    let refused = send(&project, CSV, twice).await.must(400);
    assert_eq!(refused.expression(), "firstName");
    assert_eq!(persons(&project).await, 0);
}

#[tokio::test]
async fn a_hostile_table_breaks_nothing_and_touches_no_good_row() {
    let project = world().await.project("Hostile").await;
    let header = "resourceType,firstName,lastName,externalId\n";
    let huge = "x".repeat(900_000);
    let formula = "=HYPERLINK(\"\"http://example.com\"\")";
    let tables = [
        format!("{header}Practitioner,{huge},B,e-1\nPractitioner,Good,One,g-1\n"),
        format!("{header}Practitioner,A\0,B,e-2\nPractitioner,Good,Two,g-2\n"),
        format!(
            "{header}Practitioner,Good,Three,g-3\nPractitioner,\"open,B,e-3\nPractitioner,A,B,e-4\n"
        ),
        format!("{header}Practitioner,A,B\nPractitioner,Good,Four,g-4\nPractitioner,A,B,C,D,E\n"),
        format!("{header}Practitioner,\"{formula}\",@SUM(1),g-5\n"),
        format!("{header}Practitioner,A,B,{huge}\n"),
        format!("\u{feff}{header}Practitioner,Good,Six,g-6\n"),
        format!("{huge}\nx\n"),
        format!("{}\nx\n", ",".repeat(100_000)),
        header.to_owned(),
        String::new(),
        "\n\n\n".to_owned(),
        "\"".to_owned(),
        "\0".to_owned(),
        ",\n".repeat(200_000),
    ];
    for table in &tables {
        for kind in [CSV, "application/x-ndjson", "application/json"] {
            let answer = send(&project, kind, table).await;
            let short: String = table.chars().take(80).collect();
            assert!(
                (200..500).contains(&answer.status),
                "{kind} {short}: {} {}",
                answer.status,
                answer.text
            );
            let rows = answer.body["entry"].as_array().into_iter().flatten();
            for row in rows {
                let status = row["response"]["status"].as_str().unwrap();
                assert!(!status.starts_with('5'), "{kind} {short}: {row}");
            }
        }
    }
    let found = project
        .admin
        .get("/fhir/R4/ProjectMembership?profile-type=Practitioner&_count=100")
        .await
        .must(200);
    for good in ["g-1", "g-2", "g-3", "g-4", "g-5", "g-6"] {
        assert!(found.text.contains(&format!("\"{good}\"")), "{good}");
    }
    assert!(found.text.contains("=HYPERLINK"));
}

#[tokio::test]
async fn a_line_that_is_no_json_is_bad_alone() {
    let project = world().await.project("Lines").await;
    let good = json!({ "resourceType": "Practitioner", "firstName": "A", "lastName": "B", "externalId": "l-1" });
    let text = format!("{{\n[1]\n{good}\n{{\"firstName\":\"a\\u0000\"}}\n");
    let answer = send(&project, "application/x-ndjson", &text)
        .await
        .must(200);
    assert_eq!(statuses(&answer), ["400", "400", "200", "400"]);
    assert_eq!(issue(&answer, 0), ("Content could not be parsed", "row[0]"));
    assert_eq!(issue(&answer, 3).1, "row[3].firstName");
}
