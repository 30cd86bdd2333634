mod accounts;

use fhir::{Reference, Resource};
use serde_json::{Value, json};

use super::address::{self, AddressRule};
use super::lens::constraints_hold;
use super::standing::{linked_projects, rules_of};
use super::{Asked, Decision, Interaction, Lens, Policy, Rule, Standpoint, fields};
use crate::{ProjectId, Refusal, Scopes};

/// Types that only administrators write, whatever a policy says.
const RAISING: [&str; 3] = ["AccessPolicy", "Bot", "ClientApplication"];

/// A policy that a membership names, and what was found there.
pub type Named = (Reference, Option<Policy>);

/// Everything that a member may do, and by which rule: his effective policy.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    rules: Vec<Rule>,
    based_on: Vec<Reference>,
    compartment: Option<Reference>,
    addresses: Vec<AddressRule>,
    missing: Option<Reference>,
    scopes: Option<String>,
    /// Whether secrets of applications are shown.
    administers: bool,
}

impl Rights {
    /// No right at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The rights of a member under the policies that he is named. One that is not there allows nothing; that is not the same as no
    /// policy.
    pub fn of(member: Standpoint, named: &[Named]) -> Self {
        let missing = named.iter().find(|(_, policy)| policy.is_none());
        let policies: Vec<Policy> = named.iter().filter_map(|(_, it)| it.clone()).collect();
        let compartment = policies.iter().rev().find_map(|policy| {
            let filled = policy.parameters.fill(policy.compartment.as_ref()?);
            Some(Reference::to(filled))
        });
        Self {
            rules: match missing {
                Some(_) => Vec::new(),
                None => rules_of(member, &policies),
            },
            based_on: policies.iter().map(|it| it.reference.clone()).collect(),
            compartment,
            addresses: policies
                .iter()
                .flat_map(|it| it.addresses.clone())
                .collect(),
            missing: missing.map(|(reference, _)| reference.clone()),
            scopes: None,
            administers: member.admin || member.super_admin,
        }
    }

    /// The same for an administrator of a project that is linked to others: he may see that they are there (contract: implicit rights
    /// of a project admin).
    #[must_use]
    pub fn beside(mut self, member: Standpoint, links: &[ProjectId]) -> Self {
        let sees = member.admin && !member.super_admin && self.missing.is_none();
        self.rules.extend(linked_projects(links).filter(|_| sees));
        self
    }

    /// The same, as far as SMART scopes of a session let it.
    #[must_use]
    pub fn within(self, scopes: &str) -> Self {
        let narrows = Scopes::new(scopes).are_about_resources();
        Self {
            scopes: narrows.then(|| scopes.to_owned()),
            ..self
        }
    }

    /// The rules, in the order in which they count.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The policy that is named and not there.
    pub fn missing(&self) -> Option<&Reference> {
        self.missing.as_ref()
    }

    /// Whether one may sign in from this address.
    pub fn welcome(&self, address: &str) -> bool {
        address::is_welcome(&self.addresses, address)
    }

    /// How the rules look on resources of a type with which something is done.
    pub fn lens(&self, kind: &str, interaction: Interaction) -> Lens<'_> {
        let scopes = self.scopes.as_deref().map(Scopes::new);
        let covered = scopes.is_none_or(|scopes| scopes.let_through(kind, interaction));
        // Whoever writes these gives himself every right.
        let raises = RAISING.contains(&kind) && !interaction.only_reads() && !self.administers;
        let covered = covered && !raises;
        Lens::of(if covered { &self.rules } else { &[] }, kind, interaction)
    }

    /// Decides one question.
    pub fn decide(&self, asked: Asked<'_>) -> Decision {
        self.lens(asked.kind, asked.interaction)
            .decide(asked.resource)
    }

    /// How the rules look, when they let it be done with some resource of the type.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`].
    pub fn must(&self, kind: &str, interaction: Interaction) -> Result<Lens<'_>, Refusal> {
        let lens = self.lens(kind, interaction);
        if lens.is_refused() {
            return Err(Refusal::Forbidden);
        }
        Ok(lens)
    }

    /// The resource as one who read it sees it; nothing when it is not for him.
    pub fn shown(&self, resource: Resource, interaction: Interaction) -> Option<Resource> {
        self.lens(&resource.kind.clone(), interaction)
            .shown(resource)
    }

    /// Whether secrets of applications are shown: never to members who are no administrators, whatever their policies.
    pub fn shows_secrets(&self) -> bool {
        self.administers
    }

    /// The new resource as it may be made: without the fields that are not the member's to set, in the compartment of his policy.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] when no rule allows the resource in the end, or a constraint does not hold.
    pub fn to_create(&self, sent: Resource) -> Result<Resource, Refusal> {
        self.to_create_among(sent, &[])
    }

    /// The same of a resource about patients who belong to these `accounts`: it belongs to them, too, unless an administrator says to
    /// which it belongs.
    ///
    /// # Errors
    /// As [`to_create`](Self::to_create).
    pub fn to_create_among(
        &self,
        sent: Resource,
        accounts: &[Reference],
    ) -> Result<Resource, Refusal> {
        let lens = self.must(&sent.kind.clone(), Interaction::Create)?;
        let mut resource = self.in_compartment(sent, None);
        if !self.administers || fhir::accounts_of(&resource).is_empty() {
            resource = accounts::joined(resource, accounts);
        }
        loop {
            let rule = lens.rule_for(&resource).ok_or(Refusal::Forbidden)?;
            let paths = [rule.readonly.as_slice(), &rule.hidden].concat();
            let blanked = fields::without(resource.clone(), &paths);
            if blanked == resource {
                return self.constrained(&[rule], None, resource);
            }
            resource = blanked;
        }
    }

    /// The changed resource as it may be stored: with the fields as they are that are not the member's to set.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] when the rules do not allow it for the stored resource, or not for the new one, or a constraint does not
    /// hold.
    pub fn to_update(&self, stored: &Resource, sent: Resource) -> Result<Resource, Refusal> {
        let lens = self.must(&stored.kind, Interaction::Update)?;
        let before = lens.rule_for(stored).ok_or(Refusal::Forbidden)?;
        let unseen = self.unseen(stored);
        let kept = |sent: Resource, rule: &Rule| {
            let paths = [rule.readonly.as_slice(), &rule.hidden, &unseen].concat();
            fields::restored(sent, stored, &paths)
        };
        let resource = kept(self.in_compartment(sent, Some(stored)), before);
        let after = lens.rule_for(&resource).ok_or(Refusal::Forbidden)?;
        let resource = kept(resource, after);
        let last = lens.rule_for(&resource).ok_or(Refusal::Forbidden)?;
        self.constrained(&[before, after, last], Some(stored), resource)
    }

    /// A resource without what is hidden in `stored` from one who reads or changes it.
    pub fn without_hidden(&self, resource: Resource, stored: &Resource) -> Resource {
        let rule = self
            .lens(&stored.kind, Interaction::Update)
            .rule_for(stored);
        let hidden = rule.map(|rule| rule.hidden.clone()).unwrap_or_default();
        fields::without(resource, &[hidden, self.unseen(stored)].concat())
    }

    /// What is hidden in a resource from one who reads it.
    fn unseen(&self, stored: &Resource) -> Vec<String> {
        let rule = self.lens(&stored.kind, Interaction::Read).rule_for(stored);
        rule.map(|rule| rule.hidden.clone()).unwrap_or_default()
    }

    /// Whether the stored resource may be deleted.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`].
    pub fn to_delete(&self, stored: &Resource) -> Result<(), Refusal> {
        let lens = self.must(&stored.kind, Interaction::Delete)?;
        lens.rule_for(stored).map(drop).ok_or(Refusal::Forbidden)
    }

    fn constrained(
        &self,
        rules: &[&Rule],
        before: Option<&Resource>,
        after: Resource,
    ) -> Result<Resource, Refusal> {
        let mut rules = rules.iter();
        match rules.all(|rule| constraints_hold(rule, before, &after)) {
            true => Ok(after),
            false => Err(Refusal::Forbidden),
        }
    }

    /// To which account a resource belongs is not for members to say: an existing account stays, a new resource gets that of the policy.
    fn in_compartment(&self, mut resource: Resource, stored: Option<&Resource>) -> Resource {
        if self.administers {
            return resource;
        }
        for name in ["account", "accounts"] {
            resource.meta.rest.shift_remove(name);
            let own = stored.and_then(|stored| stored.meta.rest.get(name));
            let own = own.map(|own| (name.to_owned(), own.clone()));
            resource.meta.rest.extend(own);
        }
        if let (None, Some(compartment)) = (stored, &self.compartment) {
            let account = compartment.to_json();
            resource.meta.rest.insert("account".into(), account);
        }
        resource
    }

    /// The effective policy as a member sees it.
    pub fn to_json(&self) -> Value {
        let based_on: Vec<Value> = self.based_on.iter().map(Reference::to_json).collect();
        let rules: Vec<Value> = self.rules.iter().map(Rule::to_json).collect();
        let mut policy =
            json!({ "resourceType": "AccessPolicy", "basedOn": based_on, "resource": rules });
        if let Some(compartment) = &self.compartment {
            policy["compartment"] = compartment.to_json();
        }
        policy
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
