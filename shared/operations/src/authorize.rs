//! Who is it, and may they? One strong read of at most four rows, beside which an operation reads its own.

mod stand_in;

use std::future::Future;

use domain::{
    Caller, Claimant, ClientId, Credentials, Failure, PolicyHint, ProfileRef, ProjectId, Refusal,
    Subject, UserId,
};
use identity::secret::SecretHash;
use identity::{Claims, Use};
use store::Tenant;

use crate::Means;
use crate::rights::{Eye, Sight, bestow};

/// The project that a request names.
#[derive(Clone, Copy, Debug)]
pub enum Destination {
    /// None: the caller's own.
    Home,
    /// This one.
    Project(ProjectId),
    /// This one, as a filter of the request: it leads super admins there, and nobody else anywhere.
    Asked(ProjectId),
    /// Something that is no id of a project.
    Nowhere,
}

/// Who may do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everybody who is a member.
    Member,
    /// Administrators of the project in which the call acts.
    Admin,
    /// Members of the server administrators' project.
    SuperAdmin,
}

/// What is asked for: where, and as whom.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where.
    pub destination: Destination,
    /// As whom.
    pub role: Role,
    /// Whether the caller's policies decide.
    pub by_policy: bool,
    /// In whose place: a reference to a membership, as it was sent.
    pub on_behalf_of: Option<String>,
}

/// Why somebody is not let in, and who it was, if that is known: a refusal is written down.
#[derive(Debug)]
pub struct Turned {
    /// Why.
    pub failure: Failure,
    /// Who.
    pub caller: Option<Box<Caller>>,
}

impl<E: Into<Failure>> From<E> for Turned {
    fn from(failure: E) -> Self {
        Self {
            failure: failure.into(),
            caller: None,
        }
    }
}

/// Lets a caller in. `look` is what the operation reads first; it runs beside the authorisation, and what it found or found
/// wrong is only released when the caller may.
///
/// # Errors
/// [`Refusal::Unauthorized`] first, then [`Refusal::Forbidden`], then [`Refusal::NotFound`] for a super admin on his way to
/// nowhere, then whatever `look` says.
pub async fn admit<'a, T, L>(
    means: Means<'a>,
    credentials: &Credentials,
    request: Request,
    look: impl FnOnce(Tenant<'a>, Claimant, Sight) -> L,
) -> Result<(Caller, T), Turned>
where
    L: Future<Output = Result<T, Failure>>,
{
    let claimant = identify(means, credentials).await?;
    let Some(realm) = realm(means, &claimant, request.destination) else {
        let caller = Caller::admit(means.store.evidence(&claimant).await?)?;
        let lost = caller.is_super_admin();
        return Err(turned(
            caller,
            if lost {
                Refusal::NotFound
            } else {
                Refusal::Forbidden
            },
        ));
    };
    let claimant = match request.by_policy {
        true => claimant.heading_for(realm),
        false => claimant
            .heading_for(realm)
            .hinting_at(PolicyHint::default()),
    };
    let tenant = means.store.ahead_of(&claimant);
    let (eye, sight) = Sight::new(claimant);
    let (caller, found) = tokio::join!(
        weigh(means, (tenant, claimant), &request, eye),
        look(tenant, claimant, sight)
    );
    let caller = caller?;
    match found {
        Ok(found) => Ok((caller, found)),
        Err(failure) => Err(Turned {
            failure,
            caller: Some(Box::new(caller)),
        }),
    }
}

/// Whether the claimant may, and with which rights.
async fn weigh(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    request: &Request,
    eye: Eye,
) -> Result<Caller, Turned> {
    let target = request.on_behalf_of.as_deref();
    let (evidence, target) = tokio::join!(
        means.store.evidence(&claimant),
        stand_in::target(tenant, target)
    );
    let mut evidence = evidence?;
    let policies = std::mem::take(&mut evidence.policies);
    let caller = Caller::admit(evidence)?.acting_in(tenant.project())?;
    let (caller, hinted) = match target {
        None => (caller, (claimant.hint(), policies)),
        Some(target) => (stand_in::stand_in(caller, target)?, Default::default()),
    };
    if !holds(&caller, request.role) {
        return Err(turned(caller, Refusal::Forbidden));
    }
    if !request.by_policy {
        return Ok(caller);
    }
    let caller = bestow(means, caller, hinted).await?;
    eye.open(&caller);
    Ok(caller)
}

fn turned(caller: Caller, refusal: Refusal) -> Turned {
    Turned {
        failure: refusal.into(),
        caller: Some(Box::new(caller)),
    }
}

/// The project in which the call would act; `None` when it is not worth a look.
fn realm(means: Means<'_>, claimant: &Claimant, destination: Destination) -> Option<ProjectId> {
    let all_seeing = claimant.project() == means.keys.super_project();
    let realm = match destination {
        Destination::Home => claimant.project(),
        Destination::Asked(project) if all_seeing => project,
        Destination::Asked(_) => claimant.project(),
        Destination::Project(project) => project,
        Destination::Nowhere => return None,
    };
    may_head_for(means, claimant, realm).then_some(realm)
}

/// Whether it is worth reading ahead: in one's own project, or as a super admin, which the rows will confirm or deny.
fn may_head_for(means: Means<'_>, claimant: &Claimant, realm: ProjectId) -> bool {
    claimant.project() == realm || claimant.project() == means.keys.super_project()
}

fn holds(caller: &Caller, role: Role) -> bool {
    match role {
        Role::Member => true,
        Role::Admin => caller.is_admin(),
        Role::SuperAdmin => caller.is_super_admin(),
    }
}

async fn identify(means: Means<'_>, credentials: &Credentials) -> Result<Claimant, Failure> {
    match credentials {
        Credentials::None => Err(Refusal::Unauthorized.into()),
        Credentials::Bearer(token) => {
            let issuer = &means.settings.base_url;
            let claims = means
                .keys
                .verify(token.reveal(), Use::Access, issuer, means.now);
            claims
                .ok()
                .and_then(|claims| claimant(&claims))
                .ok_or_else(|| Refusal::Unauthorized.into())
        }
        Credentials::Basic(id, secret) => {
            let row = means.store.client_by_id(*id).await?;
            let row = row.filter(|row| SecretHash::stored(&row.secret).matches(secret.reveal()));
            let row = row.ok_or(Refusal::Unauthorized)?;
            Ok(Claimant::by_secret(
                *id,
                row.standing(),
                (row.project(), row.membership()),
            ))
        }
    }
}

/// Whom genuine claims name.
pub(crate) fn claimant(claims: &Claims) -> Option<Claimant> {
    let profile: ProfileRef = claims.profile.parse().ok()?;
    let subject = if profile.kind.is_person() {
        Subject::User(claims.sub.parse::<UserId>().ok()?)
    } else {
        Subject::Client(claims.sub.parse::<ClientId>().ok()?)
    };
    let claimant = Claimant::by_token(
        subject,
        claims.login_id,
        (claims.project, claims.membership),
        profile,
    );
    let hinted = claims.policies.iter().filter_map(|id| id.parse().ok());
    Some(claimant.hinting_at(PolicyHint::new(hinted)))
}
