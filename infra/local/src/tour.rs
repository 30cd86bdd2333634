//! The main job once through, for somebody who sees Roster for the first time: every request, its answer, and the letters.
//!
//! The tour is the story below, told by a [`guide::Guide`] and printed as [`paper`] prints. It stops at the first answer
//! that is not the expected one.

mod guide;
mod life;
mod paper;
mod person;

use std::io::Write;

use serde_json::{Value, json};

use crate::Advice;
use crate::cloud::Cloud;
use guide::{Guide, Step};

/// Walks through a fresh local cloud and prints what happens.
///
/// # Errors
/// The first step that was not answered as expected, and with what.
pub async fn tour(cloud: &Cloud, out: &mut (dyn Write + Send)) -> Result<(), Advice> {
    let mut guide = Guide::new(cloud, out);
    guide.title("A project and its first administrator")?;
    let (project, letter) = found(&mut guide).await?;
    guide.title("She opens her letter and signs in")?;
    person::arrive(&mut guide, &letter).await?;
    guide.title("A program with rights of its own")?;
    let client = employ(&mut guide, &project).await?;
    guide.title("A patient who sees what a policy lets him see")?;
    let homer = admit(&mut guide, &project).await?;
    guide.title("Who is here?")?;
    let alice = list(&mut guide).await?;
    guide.title("Rights taken, a member removed, and a refusal")?;
    part(&mut guide, &project, [alice, homer, client]).await?;
    guide.title("A copy of the whole project, and its end")?;
    life::copy_and_end(&mut guide, &project).await?;
    guide.close("That was the main job, and every step was answered as expected. To try it yourself: cargo local")
}

/// Returns the path below which the new project is administered, and the letter to its administrator.
async fn found(guide: &mut Guide<'_>) -> Result<(String, String), Advice> {
    let project = guide
        .step(Step {
            says: "The bootstrap client is a super administrator: only those create bare projects.",
            method: "POST",
            path: "/fhir/R4/Project",
            body: Some(json!({ "resourceType": "Project", "name": "Springfield Clinic", "strictMode": true })),
            status: 201,
        })
        .await?;
    let project = format!("/admin/projects/{}", text(&project["id"]));
    guide
        .step(Step {
            says: "An invite makes the user, her profile and her membership, all or nothing. Alice administers the project.",
            method: "POST",
            path: &format!("{project}/invite"),
            body: Some(json!({
                "resourceType": "Practitioner", "firstName": "Alice", "lastName": "Smith",
                "email": "alicesmith@example.com", "admin": true,
            })),
            status: 200,
        })
        .await?;
    let letter = guide.letter("alicesmith@example.com").await?;
    Ok((project, letter))
}

/// Makes a client application an administrator and goes on as that. Returns its membership.
async fn employ(guide: &mut Guide<'_>, project: &str) -> Result<Value, Advice> {
    let client = guide
        .step(Step {
            says: "Programs are members too. The secret of a client application works at once.",
            method: "POST",
            path: &format!("{project}/client"),
            body: Some(json!({ "name": "Front desk" })),
            status: 201,
        })
        .await?;
    let id = project.rsplit('/').next().unwrap_or_default();
    let members = guide
        .step(Step {
            says: "Its membership is found like any other; a super administrator says in which project.",
            method: "GET",
            path: &format!("/fhir/R4/ProjectMembership?project=Project/{id}&profile-type=ClientApplication"),
            body: None,
            status: 200,
        })
        .await?;
    let membership = members["entry"][0]["resource"].clone();
    let promoted = guide
        .step(Step {
            says: "To promote a member, post the membership back with admin: true and everything else as it was.",
            method: "POST",
            path: &format!("{project}/members/{}", text(&membership["id"])),
            body: Some(with_admin(&membership, true)),
            status: 200,
        })
        .await?;
    guide
        .become_client(
            &client,
            "From here on the client application speaks, with a token for its secret.",
        )
        .await?;
    Ok(promoted)
}

/// Returns the membership of the patient.
async fn admit(guide: &mut Guide<'_>, project: &str) -> Result<Value, Advice> {
    let organization = guide
        .step(Step {
            says: "An organization, which the policy will be told about.",
            method: "POST",
            path: "/fhir/R4/Organization",
            body: Some(json!({ "resourceType": "Organization", "name": "Springfield General" })),
            status: 201,
        })
        .await?;
    let policy = guide
        .step(Step {
            says: "An access policy with a hole in it: each member fills %provider_organization with his own.",
            method: "POST",
            path: "/fhir/R4/AccessPolicy",
            body: Some(json!({
                "resourceType": "AccessPolicy", "name": "Patients of one organization",
                "resource": [{ "resourceType": "Patient", "criteria": "Patient?organization=%provider_organization" }],
            })),
            status: 201,
        })
        .await?;
    let access = json!([{
        "policy": { "reference": format!("AccessPolicy/{}", text(&policy["id"])) },
        "parameter": [{
            "name": "provider_organization",
            "valueReference": { "reference": format!("Organization/{}", text(&organization["id"])) },
        }],
    }]);
    let homer = guide
        .step(Step {
            says: "Homer is a patient: his user belongs to this project alone.",
            method: "POST",
            path: &format!("{project}/invite"),
            body: Some(json!({
                "resourceType": "Patient", "firstName": "Homer", "lastName": "Simpson",
                "email": "homer@example.com", "membership": { "access": access },
            })),
            status: 200,
        })
        .await?;
    guide.letter("homer@example.com").await?;
    Ok(homer)
}

/// Returns the membership of the practitioner.
async fn list(guide: &mut Guide<'_>) -> Result<Value, Advice> {
    let mut last = Value::Null;
    for (says, query, count) in [
        ("All members, programs included.", "", 3),
        ("People only.", "?profile-type:not=ClientApplication,Bot", 2),
        ("Patients.", "?profile-type=Patient", 1),
        ("Practitioners.", "?profile-type=Practitioner", 1),
    ] {
        last = guide
            .step(Step {
                says,
                method: "GET",
                path: &format!("/fhir/R4/ProjectMembership{query}"),
                body: None,
                status: 200,
            })
            .await?;
        let found = last["entry"].as_array().map_or(0, Vec::len);
        if found != count {
            return Err(Advice::new(format!(
                "The list should have {count} members and has {found}."
            )));
        }
    }
    Ok(last["entry"][0]["resource"].clone())
}

/// The order matters: when the client application wants to go, it is the last administrator.
async fn part(
    guide: &mut Guide<'_>,
    project: &str,
    [alice, homer, client]: [Value; 3],
) -> Result<(), Advice> {
    let path = |membership: &Value| format!("{project}/members/{}", text(&membership["id"]));
    guide
        .step(Step {
            says: "To demote a member, the same with admin: false. An administrator is left, so this is done.",
            method: "POST",
            path: &path(&alice),
            body: Some(with_admin(&alice, false)),
            status: 200,
        })
        .await?;
    guide
        .step(Step {
            says: "Removing a member ends his access with the next request; his record as a patient stays.",
            method: "DELETE",
            path: &path(&homer),
            body: None,
            status: 200,
        })
        .await?;
    guide
        .step(Step {
            says: "The client application wants to go as well. It is the last administrator: this is refused.",
            method: "DELETE",
            path: &path(&client),
            body: None,
            status: 409,
        })
        .await?;
    Ok(())
}

fn with_admin(membership: &Value, admin: bool) -> Value {
    let mut membership = membership.clone();
    membership["admin"] = json!(admin);
    membership
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
