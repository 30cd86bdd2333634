//! A patient who registers himself, in a project that says which policy such patients get (contract: `newpatient`).

use domain::{
    Email, Failure, Fault, Form, LoginId, Membership, PROJECT_MEMBERSHIP, ProfileType, Project,
    ProjectId, Refusal, Scope, User, person_body,
};
use fhir::{Reference, Resource};
use serde_json::{Map, Value, json};
use store::{Action, Member, Transaction};

use super::{Arrival, settled};
use crate::Means;
use crate::sign_in;

/// A well-formed request.
pub struct NewPatient {
    login: Option<LoginId>,
    project: Option<ProjectId>,
}

impl NewPatient {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per field that is missing.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let login = form.required("login", "Missing login").parse().ok();
        let project = form.required("projectId", "Project ID is required");
        let project = project.parse().ok();
        form.finish(Self { login, project })
    }
}

/// Makes the patient and his membership: `{ login, code }`.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown login; faults for one that has a membership or was ended, for a user who does not belong to
/// the project, and for a project that is not open; [`Refusal::AlreadyMember`], [`Refusal::Contended`], [`Failure::Unavailable`].
pub async fn new_patient(means: Means<'_>, wish: &NewPatient) -> Result<Value, Failure> {
    let id = wish.login.ok_or(Refusal::NotFound)?;
    let login = Arrival::login(means, id).await?;
    let user = login.row.user().ok_or(Refusal::NotFound)?;
    let arrival = Arrival::of(login, means.store.user(user).await?)?;
    let own = arrival.user.scope();
    let project_id = wish
        .project
        .filter(|project| own == Scope::Project(*project));
    let project_id =
        project_id.ok_or_else(|| Fault::general("User must be scoped to the project"))?;
    let tenant = means.store.founding(project_id);
    let closed = || Fault::general("Project does not allow open registration");
    let project = tenant.read_project().await?.ok_or_else(closed)?;
    let policy = project.default_patient_policy().ok_or_else(closed)?;
    let (profile, member) = parts(means, &project, (&arrival.user, &policy))?;
    let (bound, code) = sign_in::bind(means, &arrival.login, (&member.membership, &project))?;
    let fields = &["accessPolicy", "profile", "project", "user"];
    let event = (Action::Create, "register-patient", fields.as_slice());
    let written = Transaction::new()
        .steps(bound)
        .steps(arrival.still_himself(means))
        .step(tenant.first_edge(arrival.user.id(), &member.membership)?)
        // Nobody is led to this profile by its address, which is unproven: an invite of the same address makes one of its own.
        .step(tenant.create_resource(&profile, 1))
        .step(tenant.create_member(&member)?)
        .step(means.own_event(&arrival.user, Some(project_id), event))
        .commit(means.store, means.dice)
        .await;
    settled(means, id, written).await?;
    Ok(json!({ "login": id.to_string(), "code": code }))
}

/// The patient, and the membership with the project's policy for such patients.
fn parts(
    means: Means<'_>,
    project: &Project,
    (user, policy): (&User, &Reference),
) -> Result<(Resource, Member), Failure> {
    let (first, last) = user.names();
    let email = user.email().and_then(|email| email.parse::<Email>().ok());
    let meta = || means.first_version(Reference::system(), Some(project.id().uuid()));
    let profile = Resource {
        kind: ProfileType::Patient.as_str().into(),
        id: means.dice.id(),
        meta: meta(),
        body: person_body(first, last, email.as_ref()),
    };
    let fields = json!({
        "project": project.reference().to_json(),
        "user": user.reference().to_json(),
        "profile": profile.reference().to_json(),
        "accessPolicy": policy.to_json(),
    });
    let membership = Membership::from_resource(Resource {
        kind: PROJECT_MEMBERSHIP.into(),
        id: means.dice.id(),
        meta: meta(),
        body: fields.as_object().cloned().unwrap_or_default(),
    })?;
    let member = Member {
        membership,
        owner: false,
        needs_proof: None,
        invited: false,
    };
    Ok((profile, member))
}
