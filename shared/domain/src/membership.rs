use fhir::{Reference, Resource};
use serde_json::{Map, Value};

use crate::{Fault, MembershipId, ProfileRef, ProjectId};

/// The FHIR type name.
pub const PROJECT_MEMBERSHIP: &str = "ProjectMembership";

/// The fields of a membership that only the server decides; what a client sends for them is put back silently
/// (contract: access control, implicit rights of a project admin).
const SERVER_DECIDES: [&str; 3] = ["project", "user", "invitedBy"];

/// The grant of a project to a user: who (`user`), as whom (`profile`), with which rights.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership(Resource);

impl Membership {
    /// Reads a resource as a membership.
    ///
    /// # Errors
    /// The [`Fault`] names the field without which a membership is none.
    pub fn from_resource(mut resource: Resource) -> Result<Self, Fault> {
        // One order of fields, wherever the membership comes from: the same answer twice is the same to the letter.
        if let Some(project) = resource.body.shift_remove("project") {
            resource.body.insert("project".into(), project);
        }
        let membership = Self(resource);
        for field in ["project", "user", "profile"] {
            if membership.reference(field).is_none() {
                return Err(Fault::structure(
                    format!("{PROJECT_MEMBERSHIP}.{field}"),
                    "Missing required property",
                ));
            }
        }
        if membership.0.body["profile"]["reference"]
            .as_str()
            .is_none_or(|p| p.parse::<ProfileRef>().is_err())
        {
            return Err(Fault::structure(
                format!("{PROJECT_MEMBERSHIP}.profile"),
                "Invalid reference (not a profile)",
            ));
        }
        Ok(membership)
    }

    /// The resource as stored and sent.
    pub fn resource(&self) -> &Resource {
        &self.0
    }

    /// The resource, taken out.
    pub fn into_resource(self) -> Resource {
        self.0
    }

    /// The membership's id.
    pub fn id(&self) -> MembershipId {
        MembershipId::new(self.0.id)
    }

    /// The project it grants.
    pub fn project(&self) -> Option<ProjectId> {
        self.reference("project")
            .and_then(|r| r.id())
            .map(ProjectId::new)
    }

    /// The user, client or bot it is granted to.
    pub fn user(&self) -> Reference {
        self.reference("user").unwrap_or_else(Reference::system)
    }

    /// The profile the member acts as.
    pub fn profile(&self) -> Reference {
        self.reference("profile").unwrap_or_else(Reference::system)
    }

    /// The profile as type and id.
    ///
    /// # Errors
    /// A [`Fault`] when the stored reference is no profile reference, which [`Membership::from_resource`] excludes.
    pub fn profile_ref(&self) -> Result<ProfileRef, Fault> {
        self.profile().reference.parse().map_err(|_| {
            Fault::structure(
                format!("{PROJECT_MEMBERSHIP}.profile"),
                "Invalid reference (not a profile)",
            )
        })
    }

    /// Whether the member administers the project. An absent flag and `false` mean the same, but are stored as they came.
    pub fn is_admin(&self) -> bool {
        self.flag("admin") == Some(true)
    }

    /// Whether the member may act at all: absent means active.
    pub fn is_active(&self) -> bool {
        self.flag("active") != Some(false)
    }

    /// Whether the membership counts as an active administrator of its project.
    pub fn counts_as_admin(&self) -> bool {
        self.is_admin() && self.is_active()
    }

    /// The identity provider's name for the member, unique within the project.
    pub fn external_id(&self) -> Option<&str> {
        self.text("externalId")
    }

    /// The provisioning name of the member, unique within the project.
    pub fn user_name(&self) -> Option<&str> {
        self.text("userName")
    }

    /// The administrative references that must resolve inside the project, each with the path of its field: policies, policy
    /// parameters, user configuration.
    pub fn administrative_references(&self) -> Vec<(String, Reference)> {
        administrative_references(&self.0.body)
    }

    /// The policies it names in the order in which they count, each with the parameters given to it: `accessPolicy`, which has
    /// none, then `access` (contract: building the effective policy).
    pub fn policies(&self) -> Vec<(Reference, Vec<Value>)> {
        let single = self.reference("accessPolicy");
        let several = array(self.0.body.get("access"))
            .iter()
            .filter_map(|access| {
                let policy = access.get("policy").and_then(Reference::from_json)?;
                Some((policy, array(access.get("parameter")).to_vec()))
            });
        let single = single.map(|policy| (policy, Vec::new()));
        single.into_iter().chain(several).collect()
    }

    /// The membership after an administrator posted `sent`: everything as sent, but what only the server decides stays.
    pub fn overwritten_by(&self, sent: &Map<String, Value>) -> Map<String, Value> {
        let mut body = sent.clone();
        for field in SERVER_DECIDES {
            body.shift_remove(field);
            if let Some(stored) = self.0.body.get(field) {
                body.insert(field.into(), stored.clone());
            }
        }
        body
    }

    /// The membership after an upsert: stored fields overlaid by those of the template that are present.
    pub fn overlaid_by(&self, template: &Map<String, Value>) -> Map<String, Value> {
        let mut body = self.0.body.clone();
        for (field, value) in template {
            let keeps = SERVER_DECIDES.contains(&field.as_str()) || field == "profile";
            if !keeps {
                body.insert(field.clone(), value.clone());
            }
        }
        body
    }

    fn reference(&self, field: &str) -> Option<Reference> {
        self.0.body.get(field).and_then(Reference::from_json)
    }

    fn flag(&self, field: &str) -> Option<bool> {
        self.0.body.get(field).and_then(Value::as_bool)
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0
            .body
            .get(field)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }
}

/// The administrative references in a membership's fields, stored or still a template.
pub fn administrative_references(body: &Map<String, Value>) -> Vec<(String, Reference)> {
    let mut found = Vec::new();
    let mut note = |path: String, value: Option<&Value>| {
        if let Some(reference) = value.and_then(Reference::from_json) {
            found.push((format!("{PROJECT_MEMBERSHIP}.{path}"), reference));
        }
    };
    note("accessPolicy".into(), body.get("accessPolicy"));
    note("userConfiguration".into(), body.get("userConfiguration"));
    for (at, access) in array(body.get("access")).iter().enumerate() {
        note(format!("access[{at}].policy"), access.get("policy"));
        for (n, parameter) in array(access.get("parameter")).iter().enumerate() {
            let path = format!("access[{at}].parameter[{n}].valueReference");
            note(path, parameter.get("valueReference"));
        }
    }
    found
}

fn array(value: Option<&Value>) -> &[Value] {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}
