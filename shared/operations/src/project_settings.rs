//! A project's secrets and sites: replaced as whole lists, shown to its administrators, and every reveal is written down.

use domain::{Caller, Claimant, Failure, Fault, PROJECT, Project, Secret};
use fhir::Resource;
use serde_json::{Map, Value, json};
use store::{
    Aborted, Action, Answered, Event, Key, LONGEST_GOOGLE_CLIENT, SealedSetting, Settings, Step,
    Tenant, Transaction,
};

pub use store::SettingKind;

use crate::once::{self, Turn, Wish};
use crate::read_resource::seen;
use crate::vault::Vault;
use crate::{Means, realm};

/// How many secrets and how many sites a project may have: they change together, in one transaction.
const MOST: usize = 40;
/// The longest name of a secret, in bytes: it is part of a key.
const LONGEST_NAME: usize = 512;

/// What a look at a project's settings finds.
pub struct Seen {
    settings: Settings,
    project: Option<Project>,
}

/// The project's settings, to be read beside the authorisation.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub async fn look(tenant: Tenant<'_>, claimant: Claimant) -> Result<Seen, Failure> {
    let away = realm::key(tenant, &claimant).is_some();
    let project = async {
        if away {
            tenant.read_project().await
        } else {
            Ok(None)
        }
    };
    let (settings, project) = tokio::join!(tenant.settings(), project);
    Ok(Seen {
        settings: settings?,
        project: project?,
    })
}

/// A list that is to be replaced, and what the request meets.
pub struct Replacement {
    kind: SettingKind,
    list: Vec<Value>,
    project: Option<Project>,
    turn: Turn,
}

/// What a change meets, to be read beside the authorisation: the project, and what was answered to its key before.
///
/// # Errors
/// The faults of the list, [`domain::Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub async fn look_for_change(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    (kind, wish): (SettingKind, Wish<Vec<Value>>),
) -> Result<Replacement, Failure> {
    let (list, once) = wish?;
    let slip = once.map(|once| once.slip(means, tenant, &claimant));
    let mut keys: Vec<Key> = realm::key(tenant, &claimant).into_iter().collect();
    keys.extend(slip.as_ref().map(|slip| slip.key().clone()));
    let mut found = tenant.read(&keys).await?;
    Ok(Replacement {
        kind,
        list,
        project: tenant.project_in(&mut found)?,
        turn: Turn::among(&mut found, slip, (tenant, means.now))?,
    })
}

/// What the administration pages show of a project: `{ id, name, secret, site }`.
///
/// # Errors
/// [`domain::Refusal::NotFound`], [`Failure::Unavailable`]: secrets are not shown if the reveal cannot be written down.
pub async fn show(means: Means<'_>, caller: &Caller, seen: Seen) -> Result<Value, Failure> {
    let project = realm::project(caller, seen.project.as_ref())?;
    let mut shown = Map::new();
    shown.insert("id".into(), project.id().to_string().into());
    shown.extend(
        project
            .name()
            .map(|name| ("name".to_owned(), Value::from(name))),
    );
    let lists = opened(means, &project, &seen.settings)?;
    if lists.contains_key("secret") {
        note_reveal(means, caller, &project).await?;
    }
    shown.extend(lists);
    Ok(json!({ "project": shown }))
}

async fn note_reveal(means: Means<'_>, caller: &Caller, project: &Project) -> Result<(), Failure> {
    let parties = (caller.profile(), project.reference());
    let event = Event::success(Action::Execute, "reveal-secrets", parties, means.now);
    let step = means.store.of(caller).record(&event, means.now, means.dice);
    match Transaction::new()
        .step(step)
        .commit(means.store, means.dice)
        .await
    {
        Ok(()) | Err(Aborted::Changed) => Ok(()),
        Err(Aborted::Failed(failure)) => Err(failure),
    }
}

/// The lists as FHIR has them; a list that is empty is not there.
fn opened(
    means: Means<'_>,
    project: &Project,
    settings: &Settings,
) -> Result<Map<String, Value>, Failure> {
    let vault = Vault::open(means, project.id(), settings.data_key.as_deref())?;
    let mut lists = Map::new();
    for setting in &settings.list {
        let value = unsealed(&vault, setting)?;
        let list = lists
            .entry(field(setting.kind))
            .or_insert_with(|| json!([]));
        list.as_array_mut()
            .into_iter()
            .for_each(|list| list.push(value.clone()));
    }
    Ok(lists)
}

/// The list's name in the project.
pub(crate) fn field(kind: SettingKind) -> &'static str {
    match kind {
        SettingKind::Secret => "secret",
        SettingKind::Site => "site",
    }
}

/// Reads a whole list as posted.
///
/// # Errors
/// One fault per setting that does not fit the definition; a list that is too long, a name that is too long or there twice.
pub fn parse(kind: SettingKind, list: Vec<Value>) -> Result<Vec<Value>, Vec<Fault>> {
    let name = field(kind);
    let whole = json!({ "resourceType": PROJECT, name: list });
    let mut faults = domain::faults(PROJECT, &whole);
    if list.len() > MOST {
        faults.push(Fault::structure(
            format!("{PROJECT}.{name}"),
            format!("At most {MOST} are possible"),
        ));
    }
    let names: Vec<&str> = list
        .iter()
        .filter_map(|setting| setting["name"].as_str())
        .collect();
    for (at, setting) in names
        .iter()
        .enumerate()
        .filter(|_| kind == SettingKind::Secret)
    {
        let path = format!("{PROJECT}.{name}[{at}].name");
        if setting.len() > LONGEST_NAME {
            faults.push(Fault::structure(path.clone(), "Name is too long"));
        }
        if names[..at].contains(setting) {
            faults.push(Fault::structure(path, "Name is used twice"));
        }
    }
    if faults.is_empty() {
        Ok(list)
    } else {
        Err(faults)
    }
}

/// A project's sites, for those who come by them.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn sites(
    means: Means<'_>,
    tenant: Tenant<'_>,
    project: &Project,
) -> Result<Vec<serde_json::Value>, Failure> {
    let settings = tenant.settings().await?;
    let settings = settings.only(|setting| setting.kind == SettingKind::Site);
    let mut lists = opened(means, project, &settings)?;
    match lists.shift_remove(field(SettingKind::Site)) {
        Some(serde_json::Value::Array(sites)) => Ok(sites),
        _ => Ok(Vec::new()),
    }
}

/// Replaces a whole list; the project gets a new version, and the answer shows both lists.
///
/// # Errors
/// [`domain::Refusal::NotFound`], [`domain::Refusal::Contended`] when others keep changing the project.
pub async fn replace(
    means: Means<'_>,
    caller: &Caller,
    wanted: Replacement,
) -> Result<Resource, Failure> {
    let Replacement {
        kind, list, turn, ..
    } = &wanted;
    let tenant = means.store.of(caller);
    let old = realm::project(caller, wanted.project.as_ref())?;
    if let Some(earlier) = turn.earlier() {
        return answer_again(means, caller, &wanted, earlier).await;
    }
    // Read after the project: whoever changes them changes the project's version, and this write then fails.
    let settings_before = tenant.settings().await?;
    let mut resource = old.resource().clone();
    resource.meta = means.next_version(caller.profile(), &resource.meta);
    let new = Project::from_resource(resource);
    let vault = Vault::open(means, new.id(), settings_before.data_key.as_deref())?.or_new()?;
    let settings = sealed(&vault, *kind, list);
    let key = vault.step(tenant);
    drop(vault);
    let former = settings_before.clone().only(|it| it.kind == *kind).list;
    let others = settings_before.only(|it| it.kind != *kind);
    let fields = [(field(*kind).to_owned(), "changed".to_owned())].into();
    let event = (Action::Update, "update-project-settings");
    let written = Transaction::new()
        .steps(turn.remember(tenant, new.resource(), means.now))
        .steps(tenant.replace_project(&old, &new))
        .steps(key)
        .steps(steps(tenant, &former, &settings))
        .step(means.event(caller, event, new.resource(), fields))
        .commit(means.store, means.dice)
        .await;
    match turn.settle(written, (tenant, means.now)).await? {
        None => answer(means, (caller, new), &wanted, &others),
        Some(earlier) => answer_again(means, caller, &wanted, &earlier).await,
    }
}

/// The project as the caller sees it, with the list as posted, and the other one.
fn answer(
    means: Means<'_>,
    (caller, project): (&Caller, Project),
    posted: &Replacement,
    others: &Settings,
) -> Result<Resource, Failure> {
    let lists = opened(means, &project, others)?;
    let mut answer = seen(caller.is_super_admin(), project.into_resource());
    if !posted.list.is_empty() {
        let list = posted.list.clone().into();
        answer.body.insert(field(posted.kind).into(), list);
    }
    answer.body.extend(lists);
    Ok(answer)
}

/// The answer to a request that comes again: the list is in the request, the project's version is kept, the other list is as it
/// stands now. Secrets that the request does not bring itself are a reveal.
async fn answer_again(
    means: Means<'_>,
    caller: &Caller,
    posted: &Replacement,
    earlier: &Answered,
) -> Result<Resource, Failure> {
    let tenant = means.store.of(caller);
    let project = Project::from_resource(once::answer_again(tenant, earlier).await?);
    let others = tenant.settings().await?;
    let others = others.only(|setting| setting.kind != posted.kind);
    let mut list = others.list.iter();
    if list.any(|other| other.kind == SettingKind::Secret) {
        note_reveal(means, caller, &project).await?;
    }
    answer(means, (caller, project), posted, &others)
}

/// The list as it is stored.
pub(crate) fn sealed(vault: &Vault<'_>, kind: SettingKind, list: &[Value]) -> Vec<SealedSetting> {
    let seal = |(at, value): (usize, &Value)| {
        let name = match kind {
            SettingKind::Secret => value["name"].as_str().unwrap_or_default().to_owned(),
            SettingKind::Site => format!("{at:04}"),
        };
        let sealed = vault.seal(&place(kind, &name), &Secret::new(value.to_string()));
        SealedSetting {
            kind,
            name,
            at,
            sealed: json!(sealed).as_str().unwrap_or_default().to_owned(),
            google_client: google_client(kind, value),
        }
    };
    list.iter().enumerate().map(seal).collect()
}

/// A value as it was given.
fn unsealed(vault: &Vault<'_>, setting: &SealedSetting) -> Result<Value, Failure> {
    let corrupt = |cause| Failure::corrupt("a project's setting", cause);
    let place = place(setting.kind, &setting.name);
    let open = vault.unseal(&place, setting.sealed.clone().into())?;
    let open = open.ok_or_else(|| Failure::corrupt("a project's setting", "its key is gone"))?;
    serde_json::from_str(open.reveal()).map_err(corrupt)
}

fn place(kind: SettingKind, name: &str) -> String {
    format!("{}/{name}", field(kind))
}

/// The application at Google by which strangers find a site. What is longer than Google's ids ever are could be no key.
fn google_client(kind: SettingKind, site: &Value) -> Option<String> {
    let id = site["googleClientId"].as_str()?;
    let is_one = kind == SettingKind::Site && (1..=LONGEST_GOOGLE_CLIENT).contains(&id.len());
    is_one.then(|| id.to_owned())
}

/// A row that stays is written over; one that goes is deleted: no row is touched twice in a transaction.
pub(crate) fn steps(
    tenant: Tenant<'_>,
    former: &[SealedSetting],
    settings: &[SealedSetting],
) -> Vec<Step> {
    let stays = |old: &&SealedSetting| settings.iter().any(|new| new.name == old.name);
    let gone = former
        .iter()
        .filter(|old| !stays(old))
        .map(|old| tenant.drop_setting(old));
    gone.chain(settings.iter().map(|new| tenant.put_setting(new)))
        .collect()
}
