mod defaults;

use std::time::Duration;

use fhir::{Reference, Resource};
use serde_json::{Map, Value};

use crate::access::{ADMINISTRATIVE, PROTECTED};
use crate::{Fault, ProjectId, UserId};

/// The FHIR type name.
pub const PROJECT: &str = "Project";

/// What no client writes: which project administers the server is settled when it is founded, and the server keeps no secrets of its own
/// in projects.
const SETTLED: [&str; 2] = ["superAdmin", "systemSecret"];
/// What a project's own administrators do not write (contract: access control, implicit rights of a project admin); it is put back
/// silently.
const KEPT_FROM_ADMINS: [&str; 4] = ["features", "link", "systemSetting", "strictMode"];
/// The features that a project can have.
pub const FEATURES: [&str; 11] = [
    "ai",
    "aws-comprehend",
    "aws-textract",
    "bots",
    "cron",
    "email",
    "google-auth-required",
    "graphql-introspection",
    "websocket-subscriptions",
    "transaction-bundles",
    "validate-terminology",
];

/// What is exported to linked projects on no account: whoever reads these learns how a project is run, and who runs it. Definitions are
/// there for every project, and a project's own are about its own.
const NEVER_EXPORTED: [&str; 5] = [
    "AccessPolicy",
    "AuditEvent",
    "ClientApplication",
    "SearchParameter",
    "StructureDefinition",
];
/// What is exported only when it is named.
const EXPORTED_BY_NAME: [&str; 1] = ["Bot"];
/// To how many projects one can be linked: each is read where somebody looks for something.
const MOST_LINKS: usize = 20;

/// One fault for a list of links that is too long, or for each link that names no project.
pub fn link_faults(body: &Map<String, Value>) -> Vec<Fault> {
    let links = body.get("link").and_then(Value::as_array);
    let links = links.map(Vec::as_slice).unwrap_or_default();
    if links.len() > MOST_LINKS {
        let words = format!("At most {MOST_LINKS} are possible");
        return vec![Fault::structure(format!("{PROJECT}.link"), words)];
    }
    let nowhere = links
        .iter()
        .enumerate()
        .filter(|(_, link)| linked(link).is_none());
    nowhere
        .map(|(at, _)| {
            let path = format!("{PROJECT}.link[{at}].project");
            Fault::structure(path, "Invalid reference (Not found)")
        })
        .collect()
}

fn linked(link: &Value) -> Option<ProjectId> {
    let project = link.get("project").and_then(Reference::from_json)?;
    let id = project.id().filter(|_| project.kind() == PROJECT)?;
    Some(ProjectId::new(id))
}

/// One fault per feature that does not exist.
pub fn feature_faults(body: &Map<String, Value>) -> Vec<Fault> {
    let features = body.get("features").and_then(Value::as_array);
    let features = features.into_iter().flatten().enumerate();
    let unknown = features.filter(|(_, it)| it.as_str().is_some_and(|it| !FEATURES.contains(&it)));
    unknown
        .map(|(at, _)| Fault::structure(format!("{PROJECT}.features[{at}]"), "Unknown feature"))
        .collect()
}

/// A tenant's own settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Project(Resource);

impl Project {
    /// Reads a resource as a project. Nothing in a project is required.
    pub fn from_resource(resource: Resource) -> Self {
        Self(resource)
    }

    /// The resource as stored and sent.
    pub fn resource(&self) -> &Resource {
        &self.0
    }

    /// The resource, taken out.
    pub fn into_resource(self) -> Resource {
        self.0
    }

    /// The project's id.
    pub fn id(&self) -> ProjectId {
        ProjectId::new(self.0.id)
    }

    /// The name people know it by; a project need not have one.
    pub fn name(&self) -> Option<&str> {
        self.0.body.get("name").and_then(Value::as_str)
    }

    /// The project as others refer to it.
    pub fn reference(&self) -> Reference {
        Reference {
            reference: format!("{PROJECT}/{}", self.0.id),
            display: self.name().map(str::to_owned),
        }
    }

    /// Whether this is the server administrators' project.
    pub fn is_super_admin(&self) -> bool {
        self.flag("superAdmin")
    }

    /// Whether writes are held against the definitions: unless the project says otherwise.
    pub fn is_strict(&self) -> bool {
        self.0.body.get("strictMode") != Some(&Value::Bool(false))
    }

    /// Whether the project has this feature.
    pub fn has_feature(&self, feature: &str) -> bool {
        let features = self.0.body.get("features").and_then(Value::as_array);
        features.is_some_and(|features| features.iter().any(|own| own == feature))
    }

    /// The other projects whose resources its members may read, as far as these export them.
    pub fn links(&self) -> Vec<ProjectId> {
        let links = self.0.body.get("link").and_then(Value::as_array);
        let links = links.into_iter().flatten().filter_map(linked);
        let mut others: Vec<_> = links.filter(|id| *id != self.id()).collect();
        others.sort();
        others.dedup();
        others
    }

    /// Whether members of projects that are linked to it may read its resources of this type: the types that it names, or all where it
    /// names none. What projects are administered by is no resource in this sense.
    pub fn exports(&self, kind: &str) -> bool {
        let closed = ADMINISTRATIVE
            .iter()
            .chain(&PROTECTED)
            .chain(&NEVER_EXPORTED);
        if self.is_super_admin() || closed.into_iter().any(|closed| *closed == kind) {
            return false;
        }
        let named = self
            .0
            .body
            .get("exportedResourceType")
            .and_then(Value::as_array);
        match named.filter(|named| !named.is_empty()) {
            Some(named) => named.iter().any(|name| name == kind),
            None => !EXPORTED_BY_NAME.contains(&kind),
        }
    }

    /// Whether every reference in a written resource must resolve.
    pub fn checks_references(&self) -> bool {
        self.flag("checkReferencesOnWrite")
    }

    /// The server-scoped user who owns the project.
    pub fn owner(&self) -> Option<UserId> {
        let owner = self.0.body.get("owner").and_then(Reference::from_json)?;
        (owner.kind() == "User")
            .then(|| owner.id().map(UserId::new))
            .flatten()
    }

    /// The project after somebody sent `sent`: everything as sent, but what is not his to write stays, and so does an owner who is not
    /// named. Only the server's administrators write `all` that can be written.
    pub fn overwritten_by(&self, mut sent: Map<String, Value>, all: bool) -> Map<String, Value> {
        let kept = KEPT_FROM_ADMINS.iter().filter(|_| !all);
        let kept = SETTLED.iter().chain(kept).copied();
        let owner = (!sent.contains_key("owner")).then_some("owner");
        for field in kept.chain(owner) {
            sent.shift_remove(field);
            if let Some(stored) = self.0.body.get(field) {
                sent.insert(field.to_owned(), stored.clone());
            }
        }
        sent
    }

    /// The product name that the project's letters carry instead of the configured one (setting `appName`).
    pub fn app_name(&self) -> Option<&str> {
        self.setting("appName")?
            .get("valueString")?
            .as_str()
            .filter(|name| !name.trim().is_empty())
    }

    /// How many requests a minute a member of this project may send to one instance, instead of the configured number (system setting
    /// `rateLimit`, which only server administrators change).
    pub fn rate_limit(&self) -> Option<u32> {
        self.system_number("rateLimit")?.try_into().ok()
    }

    /// How many of these requests may be to the routes of signing in, where that is said (system setting `authRateLimit`).
    pub fn auth_rate_limit(&self) -> Option<u32> {
        self.system_number("authRateLimit")?.try_into().ok()
    }

    /// How often one GraphQL query may read or search, instead of the usual number (system setting `graphqlMaxSearches`).
    pub fn most_searches_by_graphql(&self) -> Option<usize> {
        self.system_number("graphqlMaxSearches")?.try_into().ok()
    }

    /// How many levels one GraphQL query may have, where that is fewer than usual (system setting `graphqlMaxDepth`).
    pub fn most_levels_of_graphql(&self) -> Option<usize> {
        self.system_number("graphqlMaxDepth")?.try_into().ok()
    }

    /// How many resources there may be before nothing more is created (system settings `resourceCap`, where `enableResourceCap` is
    /// true).
    pub fn resource_cap(&self) -> Option<u64> {
        let is_on = self.system_setting("enableResourceCap")?["valueBoolean"] == true;
        is_on.then(|| self.system_number("resourceCap")).flatten()
    }

    /// How many points of FHIR interactions each member, and all members together, have a minute on one instance (system settings
    /// `userFhirQuota` and `totalFhirQuota`, unless `enableFhirQuota` is false).
    pub fn fhir_quotas(&self) -> [Option<u32>; 2] {
        let switch = self.system_setting("enableFhirQuota");
        if switch.is_some_and(|switch| switch["valueBoolean"] == false) {
            return [None; 2];
        }
        ["userFhirQuota", "totalFhirQuota"].map(|name| {
            let points = self.system_number(name)?;
            Some(points.try_into().unwrap_or(u32::MAX))
        })
    }

    /// For how many days it can come back when it is deleted, at most a year, instead of the configured number (system setting
    /// `deletionGraceDays`).
    pub fn days_of_grace(&self) -> Option<u64> {
        self.system_number("deletionGraceDays")
            .map(|days| days.min(365))
    }

    fn system_number(&self, name: &str) -> Option<u64> {
        self.system_setting(name)?["valueInteger"].as_u64()
    }

    fn system_setting(&self, name: &str) -> Option<&Value> {
        let settings = self.0.body.get("systemSetting").and_then(Value::as_array);
        settings?.iter().find(|it| it["name"] == name)
    }

    /// Whether an invite may make a server-scoped user for a patient (setting `serverScopedPatients`); by default the scope in
    /// a patient's invite is ignored, as recorded.
    pub fn allows_server_scoped_patients(&self) -> bool {
        self.setting("serverScopedPatients")
            .is_some_and(|s| s["valueBoolean"] == true)
    }

    /// Whether a member without a policy has every type, as recorded, instead of the clinical ones alone (setting
    /// `fullAccessWithoutPolicy`).
    pub fn opens_everything_without_policy(&self) -> bool {
        self.setting("fullAccessWithoutPolicy")
            .is_some_and(|s| s["valueBoolean"] == true)
    }

    /// Whether only those tokens of an identity provider are exchanged of which it is known that they were issued to us, and not, as
    /// recorded, others of which nobody says to whom (setting `exchangeOwnTokensOnly`).
    pub fn exchanges_own_tokens_only(&self) -> bool {
        self.setting("exchangeOwnTokensOnly")
            .is_some_and(|s| s["valueBoolean"] == true)
    }

    /// Whether a member's profile gets his picture when he signs in with a Google account and has none (setting
    /// `googleAuthProfilePictures`).
    pub fn copies_google_pictures(&self) -> bool {
        self.setting("googleAuthProfilePictures")
            .is_some_and(|s| s["valueBoolean"] == true)
    }

    /// How long an invitation's link lives: 7 days, or 1 to 30 by the setting `invitationDays`.
    pub fn invitation_life(&self) -> Duration {
        let days = self
            .setting("invitationDays")
            .and_then(|s| s["valueInteger"].as_u64());
        Duration::from_secs(days.unwrap_or(7).clamp(1, 30) * 24 * 60 * 60)
    }

    fn flag(&self, field: &str) -> bool {
        self.0.body.get(field) == Some(&Value::Bool(true))
    }

    fn setting(&self, name: &str) -> Option<&Value> {
        let settings = self.0.body.get("setting").and_then(Value::as_array)?;
        settings.iter().find(|setting| setting["name"] == name)
    }
}

#[cfg(test)]
mod tests {
    use fhir::Meta;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn project(body: &Value) -> Project {
        let meta = Meta {
            version: Uuid::nil(),
            last_updated: String::new(),
            author: Reference::to("system"),
            project: None,
            on_behalf_of: None,
            rest: Map::new(),
        };
        Project::from_resource(Resource {
            kind: PROJECT.into(),
            id: Uuid::nil(),
            meta,
            body: body.as_object().cloned().unwrap_or_default(),
        })
    }

    #[test]
    fn what_a_project_is_run_by_is_never_exported_and_bots_only_by_name() {
        let all = project(&json!({}));
        let named = json!(["Bot", "Patient", "AuditEvent", "User", "ClientApplication"]);
        let some = project(&json!({ "exportedResourceType": named }));
        for (kind, by_default, by_name) in [
            ("Patient", true, true),
            ("Observation", true, false),
            ("Bot", false, true),
            ("AuditEvent", false, false),
            ("ClientApplication", false, false),
            ("AccessPolicy", false, false),
            ("User", false, false),
            ("ProjectMembership", false, false),
            ("Login", false, false),
        ] {
            assert_eq!(
                (all.exports(kind), some.exports(kind)),
                (by_default, by_name),
                "{kind}"
            );
        }
        assert!(!project(&json!({ "superAdmin": true })).exports("Patient"));
    }

    #[test]
    fn a_link_leads_to_another_project_once() {
        let to = |id: u128| json!({ "project": { "reference": format!("Project/{}", Uuid::from_u128(id)) } });
        let linked = project(&json!({ "link": [to(2), to(1), to(2), to(0)] }));
        let others = [1, 2].map(|id| ProjectId::new(Uuid::from_u128(id)));
        assert_eq!(linked.links(), others);
        let astray = json!({ "link": [to(1), { "project": { "reference": "Patient/x" } }] });
        let astray = astray.as_object().cloned().unwrap_or_default();
        assert_eq!(link_faults(&astray).len(), 1);
    }
}
