//! Create a bot: its resource and the membership by which it acts. Bots are kept and administered, not executed.

use domain::{Caller, Failure, Fault, Form};
use fhir::{Reference, Resource};
use serde_json::{Map, Value, json};
use store::{Action, Transaction};

use crate::Means;
use crate::once::answer_again;
use crate::program::{NewProgram, Seen, program_member};
use crate::record::all_fields;

const BOT: &str = "Bot";

/// What a new bot says until its owner writes something else (base64 of TypeScript).
const SOURCE: &str = "ZXhwb3J0IGFzeW5jIGZ1bmN0aW9uIGhhbmRsZXIoKTogUHJvbWlzZTx2b2lkPiB7fQo=";

/// Reads the body of a request for a bot.
///
/// # Errors
/// One fault per badly formed field.
pub fn parse(sent: &Map<String, Value>) -> Result<NewProgram, Vec<Fault>> {
    let mut form = Form::new(sent);
    form.required("name", "Bot name is required");
    let policy = form.object("accessPolicy").cloned().map(Value::Object);
    let fields = ["name", "description", "runtimeVersion"];
    let mut body: Map<String, Value> = fields
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), form.value(field)?.clone())))
        .collect();
    body.entry("runtimeVersion")
        .or_insert_with(|| "awslambda".into());
    let source = json!({ "contentType": "text/typescript", "title": "index.ts", "data": SOURCE });
    body.insert("sourceCode".into(), source);
    let mut whole = body.clone();
    whole.insert("resourceType".into(), BOT.into());
    for fault in domain::faults(BOT, &Value::Object(whole)) {
        form.fault(fault);
    }
    form.finish(NewProgram {
        body,
        access_policy: policy.as_ref().and_then(Reference::from_json),
    })
}

/// Creates the bot.
///
/// # Errors
/// [`domain::Refusal::NotFound`] for a project that is not there, faults of references that do not resolve.
pub async fn create_bot(
    means: Means<'_>,
    caller: &Caller,
    seen: Seen,
) -> Result<Resource, Failure> {
    let tenant = means.store.of(caller);
    if let Some(earlier) = seen.turn.earlier() {
        return answer_again(tenant, earlier).await;
    }
    let project = seen.project(caller)?;
    let grant = seen.grant(tenant)?;
    let resource = Resource {
        kind: BOT.into(),
        id: means.dice.id(),
        meta: means.first_version(caller.profile(), Some(project.id().uuid())),
        body: seen.program.body,
    };
    let member = program_member(means, &project, &resource, grant)?;
    let event = (Action::Create, "create-bot");
    let written = Transaction::new()
        .step(tenant.create_resource(&resource, 1))
        .step(tenant.create_member(&member)?)
        .step(means.event(caller, event, &resource, all_fields(&resource.body)))
        .steps(seen.turn.remember(tenant, &resource, means.now))
        .commit(means.store, means.dice)
        .await;
    match seen.turn.settle(written, (tenant, means.now)).await? {
        None => Ok(resource),
        Some(earlier) => answer_again(tenant, &earlier).await,
    }
}
