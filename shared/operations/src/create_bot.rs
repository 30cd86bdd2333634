//! Create a bot: its resource and the membership by which it acts. Bots are kept and administered, not executed.

use domain::{Caller, Claimant, Failure, Fault, Form, Project};
use fhir::{Reference, Resource};
use serde_json::{Map, Value, json};
use store::{Aborted, Action, Found, Key, Tenant, Transaction};

use crate::create_client::program_member;
use crate::once::{Slip, Wish, answer_again};
use crate::record::all_fields;
use crate::{Means, realm, references};

const BOT: &str = "Bot";

/// What a new bot says until its owner writes something else (base64 of TypeScript).
const SOURCE: &str = "ZXhwb3J0IGFzeW5jIGZ1bmN0aW9uIGhhbmRsZXIoKTogUHJvbWlzZTx2b2lkPiB7fQo=";

/// A well-formed request for a bot.
#[derive(Clone, Debug)]
pub struct NewBot {
    body: Map<String, Value>,
    access_policy: Option<Reference>,
}

impl NewBot {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(sent: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
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
        let source =
            json!({ "contentType": "text/typescript", "title": "index.ts", "data": SOURCE });
        body.insert("sourceCode".into(), source);
        let mut whole = body.clone();
        whole.insert("resourceType".into(), BOT.into());
        for fault in domain::faults(BOT, &Value::Object(whole)) {
            form.fault(fault);
        }
        form.finish(Self {
            body,
            access_policy: policy.as_ref().and_then(Reference::from_json),
        })
    }

    fn references(&self) -> Vec<(String, Reference)> {
        self.access_policy
            .clone()
            .map(|policy| ("accessPolicy".to_owned(), policy))
            .into_iter()
            .collect()
    }
}

/// What the request meets.
pub struct Seen {
    bot: NewBot,
    slip: Option<Slip>,
    project: Option<Project>,
    found: Found,
}

/// What the request meets, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    wish: Wish<NewBot>,
) -> Result<Seen, Failure> {
    let (bot, once) = wish?;
    let slip = once.map(|once| once.slip(means, tenant, &claimant));
    let mut keys: Vec<Key> = realm::key(tenant, &claimant).into_iter().collect();
    keys.extend(references::keys(tenant, &bot.references())?);
    keys.extend(slip.as_ref().map(|slip| slip.key().clone()));
    let mut found = tenant.read(&keys).await?;
    Ok(Seen {
        bot,
        slip,
        project: tenant.project_in(&mut found)?,
        found,
    })
}

/// Creates the bot.
///
/// # Errors
/// [`domain::Refusal::NotFound`] for a project that is not there, faults of references that do not resolve.
pub async fn create_bot(
    means: Means<'_>,
    caller: &Caller,
    mut seen: Seen,
) -> Result<Resource, Failure> {
    let tenant = means.store.of(caller);
    if let Some(slip) = &seen.slip
        && let Some(earlier) = slip.earlier(tenant, &mut seen.found, means.now)?
    {
        return answer_again(tenant, &earlier).await;
    }
    let project = realm::project(caller, seen.project.as_ref())?;
    references::check(tenant, &seen.found, &seen.bot.references())?;
    let resource = Resource {
        kind: BOT.into(),
        id: means.dice.id(),
        meta: means.first_version(caller.profile(), Some(project.id().uuid())),
        body: seen.bot.body,
    };
    let policy = seen.bot.access_policy.as_ref().map(Reference::to_json);
    let grant = policy
        .map(|policy| ("accessPolicy".to_owned(), policy))
        .into_iter()
        .collect();
    let member = program_member(means, &project, &resource, grant)?;
    let event = (Action::Create, "create-bot");
    let written = Transaction::new()
        .step(tenant.create_resource(&resource, 1))
        .step(tenant.create_member(&member)?)
        .step(means.event(caller, event, &resource, all_fields(&resource.body)))
        .steps(
            seen.slip
                .as_ref()
                .map(|slip| slip.remember(tenant, &resource, means.now)),
        )
        .commit(means.store, means.dice)
        .await;
    match written {
        Ok(()) => Ok(resource),
        Err(Aborted::Failed(failure)) => Err(failure),
        Err(Aborted::Changed) => {
            let earlier = Slip::answered_meanwhile(seen.slip.as_ref(), tenant, means.now).await?;
            answer_again(tenant, &earlier).await
        }
    }
}
