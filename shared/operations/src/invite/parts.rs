//! What an invite makes: the rules that turn what was met into rows.

use domain::{
    Caller, Failure, Invitation, Membership, PROJECT_MEMBERSHIP, ProfileRef, ProfileType, Project,
    Refusal, RequestId, Scope, Standing, USER, User, person_body, user_reference,
};
use fhir::{Reference, Resource};
use identity::password::{self, Password};
use serde_json::{Map, Value, json};
use store::{Contents, Delivery, Holder, InvitationRow, Key, Letter, Member, NewUser, Parties};

use super::Seen;
use crate::Means;

/// Everything that the transaction of an invite writes.
pub(super) struct Parts {
    pub(super) identity: Identity,
    pub(super) profile: Profile,
    pub(super) member: Member,
    pub(super) invitation: InvitationRow,
}

/// The user: there already, or new.
pub(super) enum Identity {
    Known(Key, Holder),
    New(Box<NewUser>),
}

/// The profile: there already, or new.
pub(super) enum Profile {
    Known(ProfileRef),
    New(Box<Resource>),
}

impl Parts {
    /// Decides by what was met.
    pub(super) fn decide(
        means: Means<'_>,
        caller: &Caller,
        seen: &Seen,
        project: &Project,
    ) -> Result<Self, Failure> {
        let request = &seen.invitation;
        let scope = request.scope_in(project);
        let identity = identity(means, seen, project, scope)?;
        let (profile, profile_reference) = profile(means, seen, project)?;
        let (user, standing) = match &identity {
            Identity::Known(_, holder) => (holder.user, holder.standing),
            Identity::New(new) => (new.user.id(), new.user.standing),
        };
        let user_reference =
            user_reference(user, request.email.as_ref().map(domain::Email::as_str));
        let patient = match &profile {
            Profile::New(new) => Some(new.as_ref()),
            Profile::Known(_) => seen.named.as_ref().map(|stored| &stored.resource),
        };
        let patient = patient.and_then(|relative| relative.body.get("patient"));
        let mut body = membership_body(
            request,
            project,
            caller,
            (&user_reference, &profile_reference),
        );
        body.extend(default_policy(request, project, patient));
        let resource = Resource {
            kind: PROJECT_MEMBERSHIP.into(),
            id: means.dice.id(),
            meta: means.first_version(Reference::system(), Some(project.id().uuid())),
            body,
        };
        let membership = Membership::from_resource(resource)?;
        let parties = Parties {
            id: RequestId::new(membership.id().uuid()),
            user,
            project: project.id(),
            membership: membership.id(),
        };
        Ok(Self {
            invitation: invitation_row(means, request, project, (parties, standing)),
            member: Member {
                membership,
                owner: false,
                needs_proof: standing.proof_needed(project.id()),
                invited: true,
            },
            identity,
            profile,
        })
    }
}

fn identity(
    means: Means<'_>,
    seen: &Seen,
    project: &Project,
    scope: Scope,
) -> Result<Identity, Failure> {
    if let Some((guard, Some(holder))) = seen.holder(scope) {
        return Ok(Identity::Known(guard.clone(), holder));
    }
    let request = &seen.invitation;
    let password = request
        .password
        .as_ref()
        .map(|secret| Password::parse(secret.reveal()))
        .transpose()?;
    let born_in = password.is_some().then(|| project.id());
    let user = User {
        resource: user_resource(means, request, scope, project),
        standing: Standing::newborn(born_in),
    };
    let password = password.map(|password| password::hash(&password, &means.dice));
    Ok(Identity::New(Box::new(NewUser {
        user,
        email: seen.email.clone(),
        password,
    })))
}

fn user_resource(
    means: Means<'_>,
    request: &Invitation,
    scope: Scope,
    project: &Project,
) -> Resource {
    let mut body = Map::new();
    body.insert("firstName".into(), request.first_name.clone().into());
    body.insert("lastName".into(), request.last_name.clone().into());
    if let Some(email) = &request.email {
        body.insert("email".into(), email.as_str().into());
    }
    if scope.project().is_some() {
        body.insert("project".into(), project.reference().to_json());
    }
    if request.mfa_required {
        body.insert("mfaRequired".into(), true.into());
    }
    let within = scope.project().map(domain::ProjectId::uuid);
    let meta = means.first_version(Reference::system(), within);
    Resource {
        kind: USER.into(),
        id: means.dice.id(),
        meta,
        body,
    }
}

/// The profile that the request names, the one that has the address, or a new one.
fn profile(
    means: Means<'_>,
    seen: &Seen,
    project: &Project,
) -> Result<(Profile, Reference), Failure> {
    let request = &seen.invitation;
    if let Some(named) = request.profile {
        let stored = seen.named.as_ref().ok_or(Refusal::NotFound)?;
        return Ok((Profile::Known(named), stored.resource.reference()));
    }
    match seen.with_email.as_slice() {
        [] => {}
        [(profile, display)] => {
            return Ok((
                Profile::Known(*profile),
                profile.with_display(display.clone()),
            ));
        }
        _ => return Err(Refusal::MultipleMatches.into()),
    }
    let mut body = person_body(
        &request.first_name,
        &request.last_name,
        request.email.as_ref(),
    );
    if let (ProfileType::RelatedPerson, Some(patient)) = (request.kind, &request.patient) {
        body.insert("patient".into(), patient.to_json());
    }
    let resource = Resource {
        kind: request.kind.as_str().into(),
        id: means.dice.id(),
        meta: means.first_version(Reference::system(), Some(project.id().uuid())),
        body,
    };
    let reference = resource.reference();
    Ok((Profile::New(Box::new(resource)), reference))
}

fn membership_body(
    request: &Invitation,
    project: &Project,
    caller: &Caller,
    (user, profile): (&Reference, &Reference),
) -> Map<String, Value> {
    let mut body = request.template.clone();
    body.insert("project".into(), project.reference().to_json());
    body.insert("invitedBy".into(), caller.membership().user().to_json());
    body.insert("user".into(), user.to_json());
    body.insert("profile".into(), profile.to_json());
    body
}

/// The project's default policy for such a newcomer, who is given no other; that of relatives is about their patient.
fn default_policy(
    request: &Invitation,
    project: &Project,
    patient: Option<&Value>,
) -> Option<(String, Value)> {
    if request.names_policies() {
        return None;
    }
    let admin = request.template.get("admin") == Some(&Value::Bool(true));
    let policy = project.default_policy((request.kind, admin))?.to_json();
    Some(match patient {
        Some(patient) if request.kind == ProfileType::RelatedPerson => {
            let parameter = json!([{ "name": "patient", "valueReference": patient }]);
            let access = json!([{ "policy": policy, "parameter": parameter }]);
            ("access".into(), access)
        }
        _ => ("accessPolicy".into(), policy),
    })
}

/// A user who has proven his address is told to sign in; everybody else gets a link to set a password, which is the proof.
fn invitation_row(
    means: Means<'_>,
    request: &Invitation,
    project: &Project,
    (parties, standing): (Parties, Standing),
) -> InvitationRow {
    let contents = Contents {
        letter: if standing.is_proven() {
            Letter::Joined
        } else {
            Letter::Welcome
        },
        email: request
            .email
            .as_ref()
            .map(|email| email.as_str().to_owned()),
        product: project
            .app_name()
            .unwrap_or(&means.settings.product)
            .to_owned(),
        project_name: project.name().unwrap_or_default().to_owned(),
        life: project.invitation_life().as_secs(),
    };
    let wanted = request.send_email && request.email.is_some();
    let delivery = if wanted {
        Delivery::Queued
    } else {
        Delivery::None
    };
    InvitationRow::new(
        parties,
        contents,
        (standing.epoch, delivery),
        means.now.to_string(),
    )
}
