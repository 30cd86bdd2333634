//! What a project gives to those who say nothing themselves: newcomers their policies, resources their profiles.

use fhir::{Reference, Resource};
use serde_json::Value;

use super::{PROJECT, Project};
use crate::ProfileType;

impl Project {
    /// The policy of patients who get no other, invited or registered (seed guide: "applied to all Patient Users invited").
    pub fn default_patient_policy(&self) -> Option<Reference> {
        self.default_policy((ProfileType::Patient, false))
    }

    /// The policy of newcomers with one type of profile who get no other. Practitioners who administer the project have one of their own.
    pub fn default_policy(&self, (kind, admin): (ProfileType, bool)) -> Option<Reference> {
        match kind {
            ProfileType::Practitioner if admin => self.default_for("Admin"),
            ProfileType::Practitioner | ProfileType::RelatedPerson => {
                self.default_for(kind.as_str())
            }
            ProfileType::Patient => self.default_for(kind.as_str()).or_else(|| {
                let single = self.0.body.get("defaultPatientAccessPolicy");
                single.and_then(Reference::from_json)
            }),
            ProfileType::ClientApplication | ProfileType::Bot => None,
        }
    }

    /// The policy of a practitioner who becomes an administrator, or is one no longer, if he had the default of what he was: nobody's
    /// own policy is touched.
    pub fn swapped_policy(&self, had: &Reference, admin: bool) -> Option<Reference> {
        let default = |admin| self.default_policy((ProfileType::Practitioner, admin));
        let before = default(!admin)?;
        default(admin).filter(|_| before.reference == had.reference)
    }

    fn default_for(&self, kind: &str) -> Option<Reference> {
        let entries = self.0.body.get("defaultAccessPolicies");
        let mut entries = entries.and_then(Value::as_array)?.iter();
        let entry = entries.find(|entry| entry["profileType"] == kind)?;
        entry.get("accessPolicy").and_then(Reference::from_json)
    }

    /// The resource with the profiles that the project wants resources of its type to claim (`defaultProfile`), if it claims none itself.
    #[must_use]
    pub fn with_default_profile(&self, mut resource: Resource) -> Resource {
        let entries = self.0.body.get("defaultProfile").and_then(Value::as_array);
        let mut entries = entries.into_iter().flatten();
        let entry = entries.find(|entry| entry["resourceType"] == resource.kind.as_str());
        let profiles = entry.and_then(|entry| entry.get("profile"));
        if let Some(profiles) = profiles.filter(|_| !resource.meta.rest.contains_key("profile")) {
            let rest = &mut resource.meta.rest;
            rest.insert("profile".into(), profiles.clone());
        }
        resource
    }

    /// The policies that newcomers get unless they are given others, each with the path of its field.
    pub fn default_policies(&self) -> Vec<(String, Reference)> {
        let policy = |path: String, value: Option<&Value>| {
            Some((path, value.and_then(Reference::from_json)?))
        };
        let single = "defaultPatientAccessPolicy";
        let first = policy(format!("{PROJECT}.{single}"), self.0.body.get(single));
        let several = self.0.body.get("defaultAccessPolicies");
        let several = several.and_then(Value::as_array).into_iter().flatten();
        let others = several.enumerate().filter_map(|(at, entry)| {
            let path = format!("{PROJECT}.defaultAccessPolicies[{at}].accessPolicy");
            policy(path, entry.get("accessPolicy"))
        });
        first.into_iter().chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use fhir::Resource;
    use serde_json::json;

    use super::*;

    fn project() -> Project {
        let entry = |kind: &str| json!({ "profileType": kind, "accessPolicy": { "reference": format!("AccessPolicy/{kind}") } });
        let resource = json!({
            "resourceType": "Project", "id": "2c90fffb-a1ee-46cf-a372-1eff3f9fd913",
            "meta": { "versionId": "2c90fffb-a1ee-46cf-a372-1eff3f9fd913", "lastUpdated": "2026-11-21T20:35:03.257Z", "author": { "reference": "system" } },
            "defaultPatientAccessPolicy": { "reference": "AccessPolicy/single" },
            "defaultAccessPolicies": [entry("Admin"), entry("Practitioner")],
        });
        Project::from_resource(Resource::from_json(resource).unwrap())
    }

    #[test]
    fn a_newcomer_gets_the_policy_of_his_kind() {
        let policy = |of| project().default_policy(of).map(|it| it.reference);
        assert_eq!(
            policy((ProfileType::Practitioner, false)).unwrap(),
            "AccessPolicy/Practitioner"
        );
        assert_eq!(
            policy((ProfileType::Practitioner, true)).unwrap(),
            "AccessPolicy/Admin"
        );
        assert_eq!(
            policy((ProfileType::Patient, true)).unwrap(),
            "AccessPolicy/single"
        );
        assert_eq!(policy((ProfileType::RelatedPerson, false)), None);
        assert_eq!(policy((ProfileType::Bot, true)), None);
    }

    #[test]
    fn only_a_default_is_swapped_for_the_other() {
        let swapped = |had: &str, admin| project().swapped_policy(&Reference::to(had), admin);
        assert_eq!(
            swapped("AccessPolicy/Practitioner", true)
                .unwrap()
                .reference,
            "AccessPolicy/Admin"
        );
        assert_eq!(
            swapped("AccessPolicy/Admin", false).unwrap().reference,
            "AccessPolicy/Practitioner"
        );
        assert_eq!(swapped("AccessPolicy/Admin", true), None);
        assert_eq!(swapped("AccessPolicy/own", true), None);
    }
}
