use fhir::Reference;
use serde_json::{Map, Value, json};

use crate::form::Form;
use crate::membership::PROJECT_MEMBERSHIP;
use crate::{Email, Fault, ProfileRef, ProfileType, Project, Scope, Secret};

/// The longest name that an invitation takes, in bytes: far beyond any person's, far below what a row can hold.
const LONGEST_NAME: usize = 16 * 1024;

/// A well-formed request to invite a person (contract: invite; seed guide "Invite via API").
#[derive(Clone, Debug)]
pub struct Invitation {
    /// As what the person joins: Patient, Practitioner or RelatedPerson.
    pub kind: ProfileType,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Address, in normal form; without one nothing is mailed.
    pub email: Option<Email>,
    /// The scope that the request asks for, if it names one that exists.
    scope: Option<AskedScope>,
    /// Initial password; honoured for a new user only.
    pub password: Option<Secret>,
    /// Whether to mail the person.
    pub send_email: bool,
    /// The membership's own fields, without project, user and profile.
    pub template: Map<String, Value>,
    /// An existing profile to use.
    pub profile: Option<ProfileRef>,
    /// The patient of a RelatedPerson who has no profile yet.
    pub patient: Option<Reference>,
    /// What to do about a membership that exists.
    pub existing: Existing,
    /// Whether a new user must enrol a second factor.
    pub mfa_required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AskedScope {
    Project,
    Server,
}

/// What an invite does when the user already has a membership in the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse (409).
    Refuse,
    /// Overlay the stored fields (`upsert`).
    Update,
    /// Make a further membership (`forceNewMembership`).
    AddAnother,
}

/// A column of a table of invitations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The field, with dots where it is a field of a field.
    pub name: &'static str,
    /// Whether its cells say true or false.
    pub is_flag: bool,
}

impl Column {
    const fn text(name: &'static str) -> Self {
        let is_flag = false;
        Self { name, is_flag }
    }

    const fn flag(name: &'static str) -> Self {
        let is_flag = true;
        Self { name, is_flag }
    }
}

impl Invitation {
    /// The columns that a table of invitations may have. What needs lists (`access`, `identifier`) takes JSON.
    pub const COLUMNS: [Column; 21] = [
        Column::text("resourceType"),
        Column::text("firstName"),
        Column::text("lastName"),
        Column::text("email"),
        Column::text("externalId"),
        Column::text("scope"),
        Column::text("password"),
        Column::text("patient.reference"),
        Column::text("accessPolicy.reference"),
        Column::text("membership.externalId"),
        Column::text("membership.userName"),
        Column::text("membership.profile.reference"),
        Column::text("membership.accessPolicy.reference"),
        Column::text("membership.userConfiguration.reference"),
        Column::flag("sendEmail"),
        Column::flag("admin"),
        Column::flag("upsert"),
        Column::flag("forceNewMembership"),
        Column::flag("mfaRequired"),
        Column::flag("membership.admin"),
        Column::flag("membership.active"),
    ];

    /// Reads the body of an invite.
    ///
    /// # Errors
    /// One [`Fault`] per badly formed field, in the order and with the texts that clients know.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let kind = kind(&mut form);
        let first_name = name(&mut form, "firstName", "First name");
        let last_name = name(&mut form, "lastName", "Last name");
        let email = email(&mut form);
        let password = password(&mut form);
        let existing = existing(&mut form);
        let template = template(&mut form);
        let (profile, patient) = profile_and_patient(&mut form, kind);
        let invitation = Self {
            kind,
            first_name,
            last_name,
            email,
            scope: scope(&mut form),
            password,
            send_email: form.flag("sendEmail") != Some(false),
            template,
            profile,
            patient,
            existing,
            mfa_required: form.flag("mfaRequired") == Some(true),
        };
        form.finish(invitation)
    }

    /// Where the invited user's identity lives: patients and members known by an external id inside the project, others above
    /// all projects, unless the request says otherwise (contract: invite, step 2). A patient is server-scoped only where the
    /// project allows it, because the web app always sends a scope.
    pub fn scope_in(&self, project: &Project) -> Scope {
        let inside = Scope::Project(project.id());
        match (self.scope, self.kind) {
            (Some(AskedScope::Project), _) => inside,
            (Some(AskedScope::Server), ProfileType::Patient)
                if !project.allows_server_scoped_patients() =>
            {
                inside
            }
            (Some(AskedScope::Server), _) => Scope::Server,
            (None, ProfileType::Patient) => inside,
            (None, _) if self.external_id().is_some() => inside,
            (None, _) => Scope::Server,
        }
    }

    /// The membership's external id, if it gets one.
    pub fn external_id(&self) -> Option<&str> {
        self.template.get("externalId").and_then(Value::as_str)
    }

    /// Whether the request itself says which policies apply.
    pub fn names_policies(&self) -> bool {
        self.template.contains_key("accessPolicy") || self.template.contains_key("access")
    }
}

fn kind(form: &mut Form<'_>) -> ProfileType {
    let asked = form
        .value("resourceType")
        .and_then(Value::as_str)
        .and_then(|kind| kind.parse().ok());
    match asked.filter(|kind: &ProfileType| kind.is_person()) {
        Some(kind) => kind,
        None => {
            form.fault(Fault::invalid("resourceType", "Resource type is required"));
            ProfileType::Practitioner
        }
    }
}

fn name(form: &mut Form<'_>, field: &str, label: &str) -> String {
    let name = form.required(field, &format!("{label} is required"));
    if name.len() > LONGEST_NAME {
        form.fault(Fault::invalid(field, format!("{label} is too long")));
    }
    name.to_owned()
}

/// Either a valid address or an external id; an address that is there must be valid whatever else is.
fn email(form: &mut Form<'_>) -> Option<Email> {
    let external_id = form.value("externalId").or_else(|| {
        form.value("membership")
            .and_then(|membership| membership.get("externalId"))
            .filter(|id| *id != "")
    });
    let given = form.value("email");
    let email = given
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<Email>().ok());
    match (&email, given, external_id) {
        (Some(_), _, _) | (None, None, Some(_)) => {}
        (None, Some(_), Some(_)) => {
            form.fault(Fault::invalid("email", "Valid email address is required"));
        }
        (None, _, None) => form.fault(Fault::general("Either email or externalId is required")),
    }
    email
}

fn scope(form: &mut Form<'_>) -> Option<AskedScope> {
    match form.text("scope")? {
        "project" => Some(AskedScope::Project),
        "server" => Some(AskedScope::Server),
        _ => None,
    }
}

fn password(form: &mut Form<'_>) -> Option<Secret> {
    let password = form.text("password")?;
    if !(8..=72).contains(&password.len()) {
        form.fault(Fault::invalid(
            "password",
            "Password must be between 8 and 72 characters",
        ));
    }
    Some(Secret::new(password))
}

fn existing(form: &mut Form<'_>) -> Existing {
    let upsert = form.flag("upsert") == Some(true);
    match form.flag("forceNewMembership") {
        Some(true) => Existing::AddAnother,
        _ if upsert => Existing::Update,
        _ => Existing::Refuse,
    }
}

/// The membership's own fields: those of `membership`, then the deprecated shortcuts where it is silent. `false` and absent are
/// different things for `admin`, so the key is there only if the request has it.
fn template(form: &mut Form<'_>) -> Map<String, Value> {
    let mut template = form.object("membership").cloned().unwrap_or_default();
    for field in ["accessPolicy", "access", "admin", "externalId"] {
        if let (false, Some(value)) = (template.contains_key(field), form.value(field)) {
            template.insert(field.into(), value.clone());
        }
    }
    for field in ["resourceType", "id", "meta", "project", "user", "invitedBy"] {
        template.shift_remove(field);
    }
    template.retain(|_, value| !is_empty(value));
    check_template(form, &template);
    template.shift_remove("profile");
    template
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn check_template(form: &mut Form<'_>, template: &Map<String, Value>) {
    let stand_in = |kind: &str| json!({ "reference": format!("{kind}/{}", uuid::Uuid::nil()) });
    let mut whole = template.clone();
    whole.insert("resourceType".into(), PROJECT_MEMBERSHIP.into());
    whole.insert("project".into(), stand_in("Project"));
    whole.insert("user".into(), stand_in("User"));
    whole
        .entry("profile")
        .or_insert_with(|| stand_in("Practitioner"));
    for fault in crate::definition::faults(PROJECT_MEMBERSHIP, &Value::Object(whole)) {
        form.fault(fault);
    }
}

fn profile_and_patient(
    form: &mut Form<'_>,
    kind: ProfileType,
) -> (Option<ProfileRef>, Option<Reference>) {
    let template = form
        .value("membership")
        .and_then(|membership| membership.get("profile"));
    let profile = template.and_then(Reference::from_json);
    let patient = form
        .object("patient")
        .map(|object| Value::Object(object.clone()));
    let patient = patient.as_ref().and_then(Reference::from_json);
    if kind == ProfileType::RelatedPerson && profile.is_none() {
        match &patient {
            Some(patient) if patient.kind() == "Patient" => {}
            Some(_) => form.fault(Fault::invalid("patient", "Patient must refer to a Patient")),
            None => form.fault(Fault::invalid(
                "patient",
                "Patient is required for a RelatedPerson",
            )),
        }
    }
    (named_profile(form, profile.as_ref(), kind), patient)
}

/// A profile that is no UUID cannot exist; it is kept as the nil id, which no resource has, so that it is answered like any other
/// unknown one.
fn named_profile(
    form: &mut Form<'_>,
    profile: Option<&Reference>,
    kind: ProfileType,
) -> Option<ProfileRef> {
    let profile = profile?;
    if profile.kind() != kind.as_str() {
        form.fault(Fault::general(
            "Profile resourceType does not match request",
        ));
    }
    Some(ProfileRef {
        kind,
        id: profile.id().unwrap_or_default(),
    })
}
