//! New ids for old ones, wherever they stand. No map is kept: an id is a keyed hash of the old one, so that any worker at any time
//! gives the same one.

use std::collections::HashSet;

use domain::{JobId, PROJECT, ProjectId, USER};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Order, purpose};
use crate::Means;

/// The length of an id as text.
const ID: usize = 36;

/// Leads references of one project's resources to their copies.
pub(super) struct Rewriter<'a> {
    means: Means<'a>,
    purpose: String,
    order: &'a Order,
    source: ProjectId,
    target: ProjectId,
    /// The users of the source who exist within it only. Others are the same ones for the copy.
    pub(super) own_users: HashSet<Uuid>,
    /// How many references lost their target, because it is not copied.
    pub(super) cut: u64,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(
        means: Means<'a>,
        job: JobId,
        order: &'a Order,
        (source, target): (ProjectId, ProjectId),
    ) -> Self {
        Self {
            means,
            purpose: purpose(job),
            order,
            source,
            target,
            own_users: HashSet::new(),
            cut: 0,
        }
    }

    /// The id of the copy.
    pub(super) fn new_id(&self, old: Uuid) -> Uuid {
        match old == self.source.uuid() {
            true => self.target.uuid(),
            false => self.means.keys.derive_id(&self.purpose, old),
        }
    }

    /// Whether what a reference names is copied; what is above projects, or another project, is not: it is shared.
    fn fate(&self, kind: &str, id: Uuid) -> Fate {
        match kind {
            PROJECT if id == self.source.uuid() => Fate::Copied,
            PROJECT => Fate::Shared,
            USER if !self.own_users.contains(&id) => Fate::Shared,
            _ if self.order.copies(kind, id) => Fate::Copied,
            _ => Fate::LeftOut,
        }
    }

    /// Every reference and every mention of a copied resource in a body, or in `meta`.
    pub(super) fn rewrite(&mut self, fields: &mut Map<String, Value>) {
        for value in fields.values_mut() {
            self.rewrite_value(value);
        }
    }

    fn rewrite_value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(new) = self.rewritten(text) {
                    *text = new;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite_value(item)),
            Value::Object(fields) => {
                self.cut_off(fields);
                self.rewrite(fields);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A reference to what is not copied keeps its words and loses its target: it must not lead into the other project.
    fn cut_off(&mut self, fields: &mut Map<String, Value>) {
        let Some(text) = fields.get("reference").and_then(Value::as_str) else {
            return;
        };
        let mentioned = mentions(text, &self.means.settings.base_url);
        let left_out = mentioned
            .iter()
            .find(|it| self.fate(it.kind, it.id) == Fate::LeftOut);
        let Some(kind) = left_out.map(|mention| mention.kind.to_owned()) else {
            return;
        };
        fields.shift_remove("reference");
        fields.entry("display").or_insert(Value::String(kind));
        self.cut += 1;
    }

    /// A text with the ids of the copies; `None` when it mentions nothing that is copied.
    fn rewritten(&self, text: &str) -> Option<String> {
        let mentions = mentions(text, &self.means.settings.base_url);
        let mut new = String::new();
        let mut done = 0;
        for mention in mentions {
            if self.fate(mention.kind, mention.id) == Fate::Shared {
                continue;
            }
            new.push_str(text.get(done..mention.at)?);
            new.push_str(&self.new_id(mention.id).to_string());
            done = mention.at + ID;
        }
        if done == 0 {
            return None;
        }
        new.push_str(text.get(done..)?);
        Some(new)
    }

    /// The fields of a project: what names a policy that is not copied goes, so that nobody gets rights by default that were never
    /// thought of.
    pub(super) fn rewrite_policies_of(&mut self, project: &mut Map<String, Value>) {
        project.shift_remove("superAdmin");
        let lost = |this: &Self, value: &Value| {
            let text = value.get("reference").and_then(Value::as_str);
            let mentioned = mentions(text.unwrap_or_default(), &this.means.settings.base_url);
            mentioned
                .iter()
                .any(|it| this.fate(it.kind, it.id) == Fate::LeftOut)
        };
        if project
            .get("defaultPatientAccessPolicy")
            .is_some_and(|policy| lost(self, policy))
        {
            project.shift_remove("defaultPatientAccessPolicy");
        }
        if let Some(Value::Array(policies)) = project.get_mut("defaultAccessPolicies") {
            policies.retain(|entry| !lost(self, &entry["accessPolicy"]));
        }
        self.rewrite(project);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The reference leads to the copy.
    Copied,
    /// It leads where it has led.
    Shared,
    /// It leads nowhere.
    LeftOut,
}

/// `Type/id` in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mention<'t> {
    pub(super) kind: &'t str,
    pub(super) id: Uuid,
    /// Where the id begins.
    at: usize,
}

/// Every `Type/id` of this server in a text; not what stands in the address of another one.
pub(super) fn mentions<'t>(text: &'t str, base_url: &str) -> Vec<Mention<'t>> {
    let own = format!("{base_url}fhir/R4/");
    let slashes = text.match_indices('/').map(|(at, _)| at);
    let read = |slash: usize| {
        let at = slash + 1;
        let id = text.get(at..at + ID)?.parse().ok()?;
        let goes_on = text.as_bytes().get(at + ID);
        if goes_on.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-') {
            return None;
        }
        let before = text.get(..slash)?;
        let start = before
            .rfind(|c: char| !c.is_ascii_alphabetic())
            .map_or(0, |last| last + 1);
        let (prefix, kind) = (before.get(..start)?, before.get(start..)?);
        let is_ours = !prefix.ends_with('/') || prefix.ends_with(&own);
        (is_ours && fhir::known(kind)).then_some(Mention { kind, id, at })
    };
    slashes.filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID_TEXT: &str = "2c90fffb-a1ee-46cf-a372-1eff3f9fd913";

    fn kinds(text: &str) -> Vec<&str> {
        let found = mentions(text, "http://127.0.0.1:9000/");
        found.into_iter().map(|mention| mention.kind).collect()
    }

    #[test]
    fn what_this_server_holds_is_found_wherever_it_stands() {
        assert_eq!(kinds(&format!("Patient/{ID_TEXT}")), ["Patient"]);
        assert_eq!(
            kinds(&format!("Patient/{ID_TEXT}/_history/{ID_TEXT}")),
            ["Patient"]
        );
        assert_eq!(
            kinds(&format!("http://127.0.0.1:9000/fhir/R4/Binary/{ID_TEXT}")),
            ["Binary"]
        );
        let criteria =
            format!("Patient?organization=Organization/{ID_TEXT},Organization/{ID_TEXT}");
        assert_eq!(kinds(&criteria), ["Organization", "Organization"]);
    }

    #[test]
    fn what_another_server_holds_and_what_is_no_id_is_left_alone() {
        assert!(kinds(&format!("https://example.com/fhir/Patient/{ID_TEXT}")).is_empty());
        assert!(kinds(&format!("Nonsense/{ID_TEXT}")).is_empty());
        assert!(kinds(&format!("Patient/{ID_TEXT}0")).is_empty());
        assert!(kinds("Patient/é90fffb-a1ee-46cf-a372-1eff3f9fd913").is_empty());
        assert!(kinds("#contained").is_empty());
    }
}
