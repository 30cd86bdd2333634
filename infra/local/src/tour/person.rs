//! The person's side: open the mail, set a password, sign in, choose a project.

use serde_json::{Value, json};

use super::guide::{Guide, Speaker, Step};
use super::text;
use crate::Advice;

const EMAIL: &str = "alicesmith@example.com";
const PASSWORD: &str = "correct-horse-9";
/// What only Alice's browser knows: the code that it gets is worth nothing without it. Browsers send its hash (S256) instead.
const VERIFIER: &str = "a-verifier-that-only-her-browser-knows";

/// Alice arrives by the link of her letter, and is a member of two projects in the end.
pub(super) async fn arrive(guide: &mut Guide<'_>, letter: &str) -> Result<(), Advice> {
    let (id, secret) = link(letter)?;
    guide.speak_as(Speaker::Nobody);
    let password = json!({ "id": id, "secret": secret, "password": PASSWORD });
    ask(guide, "The link leads to a page of the application, which sets the password that Alice chooses. It works once.", "/auth/setpassword", password).await?;
    guide.speak_as(Speaker::Bootstrap);
    let second =
        json!({ "resourceType": "Project", "name": "Shelbyville Clinic", "strictMode": true });
    let says = "Another clinic wants her, too.";
    let second = guide
        .step(Step {
            says,
            method: "POST",
            path: "/fhir/R4/Project",
            body: Some(second),
            status: 201,
        })
        .await?;
    let invite = format!("/admin/projects/{}/invite", text(&second["id"]));
    let body = json!({
        "resourceType": "Practitioner", "firstName": "Alice", "lastName": "Smith", "email": EMAIL, "sendEmail": false,
    });
    ask(
        guide,
        "Her address is proven by now: the membership lives at once, and she keeps her password.",
        &invite,
        body,
    )
    .await?;
    guide.speak_as(Speaker::Nobody);
    sign_in(guide).await?;
    guide.speak_as(Speaker::Bootstrap);
    Ok(())
}

async fn sign_in(guide: &mut Guide<'_>) -> Result<(), Advice> {
    let wish = json!({
        "email": EMAIL, "password": PASSWORD, "scope": "openid", "codeChallenge": VERIFIER, "codeChallengeMethod": "plain",
    });
    let offer = ask(
        guide,
        "Now she signs in, and is asked for which of her projects.",
        "/auth/login",
        wish,
    )
    .await?;
    let all = offer["memberships"].as_array();
    let first = all
        .into_iter()
        .flatten()
        .find(|membership| membership["project"]["display"] == "Springfield Clinic");
    let first = first
        .ok_or_else(|| Advice::new("Springfield Clinic is not offered to Alice.".to_owned()))?;
    let choice = json!({ "login": offer["login"], "profile": first["id"] });
    let chosen = ask(
        guide,
        "She chooses, and her browser gets a code.",
        "/auth/profile",
        choice,
    )
    .await?;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", text(&chosen["code"])),
        ("code_verifier", VERIFIER),
    ];
    guide
        .become_holder(
            &form,
            "The code is good for one exchange, by the browser that began.",
        )
        .await?;
    guide
        .step(Step {
            says: "Who is she, and what may she do?",
            method: "GET",
            path: "/auth/me",
            body: None,
            status: 200,
        })
        .await?;
    Ok(())
}

async fn ask(guide: &mut Guide<'_>, says: &str, path: &str, body: Value) -> Result<Value, Advice> {
    let step = Step {
        says,
        method: "POST",
        path,
        body: Some(body),
        status: 200,
    };
    guide.step(step).await
}

/// The id and the secret in the link of a letter.
fn link(letter: &str) -> Result<(&str, &str), Advice> {
    let found = letter.split_once("setpassword/").and_then(|(_, rest)| {
        let link = rest.split_whitespace().next()?;
        link.split_once('/')
    });
    found.ok_or_else(|| Advice::new("The letter has no link to set a password.".to_owned()))
}
