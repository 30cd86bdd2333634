//! Which rows a list of members reads.

use domain::{Email, MembershipId, ProfileRef, ProfileType, ProjectId, UserId};
use fhir::search::{Filter, Modifier, Query};
use store::RowRange;

use crate::search::asks_for;

/// The way to the rows that can match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// None can.
    Nothing,
    /// Those with these types of profile.
    Kinds(Vec<ProfileType>),
    /// These memberships.
    Ids(Vec<MembershipId>),
    /// Those of this user.
    User(UserId),
    /// Those that point to this profile.
    Profile(ProfileRef),
    /// The one with this external id.
    ExternalId(String),
    /// The one with this user name.
    UserName(String),
    /// Those of the users with this address.
    Address(Email),
}

impl Plan {
    /// The shortest way. Whatever is read is still held against every filter.
    pub(super) fn of(query: &Query, project: ProjectId) -> Self {
        if !asks_for(query, project, &OF_PROJECT) {
            return Self::Nothing;
        }
        let narrow = query.filters.iter().find_map(narrow);
        narrow.unwrap_or_else(|| kinds(query))
    }
}

/// Both spellings of the parameter that names the project.
pub(super) const OF_PROJECT: [&str; 2] = ["project", "_project"];

/// Whether the choice of ranges or shelves has answered a filter.
pub(super) fn is_settled(filter: &Filter) -> bool {
    filter.param.code == "profile-type"
}

fn narrow(filter: &Filter) -> Option<Plan> {
    if !matches!(filter.modifier, Modifier::Plain | Modifier::Exact) {
        return None;
    }
    let [only] = filter.values.as_slice() else {
        return (filter.param.code == "_id").then(|| ids(filter));
    };
    match filter.param.code {
        "_id" => Some(ids(filter)),
        "user" => Some(user(only)),
        "profile" => Some(only.parse().map_or(Plan::Nothing, Plan::Profile)),
        "external-id" => Some(Plan::ExternalId(only.clone())),
        "user-name" => Some(Plan::UserName(only.clone())),
        "email" => only.parse().ok().map(Plan::Address),
        _ => None,
    }
}

fn ids(filter: &Filter) -> Plan {
    let ids = filter
        .values
        .iter()
        .filter_map(|value| value.rsplit('/').next()?.parse().ok());
    Plan::Ids(ids.collect())
}

/// An application is its own profile.
fn user(reference: &str) -> Plan {
    match reference.split_once('/') {
        Some((domain::USER, id)) => id.parse().map_or(Plan::Nothing, Plan::User),
        _ => reference.parse().map_or(Plan::Nothing, Plan::Profile),
    }
}

/// The profile types that can match, in the order of the table.
fn kinds(query: &Query) -> Plan {
    let kinds = types(query);
    match kinds.is_empty() {
        true => Plan::Nothing,
        false => Plan::Kinds(kinds),
    }
}

/// The same as a list, which may be empty.
pub(super) fn types(query: &Query) -> Vec<ProfileType> {
    let types = query
        .filters
        .iter()
        .filter(|filter| filter.param.code == "profile-type");
    let mut kinds: Vec<ProfileType> = ProfileType::ALL.into();
    for filter in types {
        let named = |kind: &ProfileType| filter.values.iter().any(|value| value == kind.as_str());
        match filter.modifier {
            Modifier::Plain | Modifier::Exact => kinds.retain(named),
            Modifier::Not => kinds.retain(|kind| !named(kind)),
            Modifier::Missing(true) => kinds.clear(),
            _ => {}
        }
    }
    kinds
}

/// The fewest ranges that hold the members with these types of profile, in the order of the table.
pub(super) fn ranges(kinds: &[ProfileType]) -> Vec<RowRange> {
    let everyone = ProfileType::ALL;
    let humans = everyone.iter().filter(|kind| kind.is_person()).count();
    if kinds == everyone {
        vec![RowRange::Everyone]
    } else if kinds.starts_with(&everyone[..humans]) {
        let rest = kinds[humans..].iter().map(|kind| RowRange::Kind(*kind));
        std::iter::once(RowRange::Humans).chain(rest).collect()
    } else {
        kinds.iter().map(|kind| RowRange::Kind(*kind)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unwrap_used, reason = "a test may stop here")]
    fn of(pairs: &[(&str, &str)]) -> Plan {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Plan::of(
            &Query::parse("ProjectMembership", &pairs).unwrap(),
            ProjectId::new(uuid::Uuid::nil()),
        )
    }

    fn plan(pairs: &[(&str, &str)]) -> Vec<RowRange> {
        match of(pairs) {
            Plan::Kinds(kinds) => ranges(&kinds),
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_guides_four_questions_are_one_range_each() {
        assert_eq!(plan(&[]), vec![RowRange::Everyone]);
        let humans = plan(&[("profile-type:not", "ClientApplication,Bot")]);
        assert_eq!(humans, vec![RowRange::Humans]);
        let patients = plan(&[("profile-type", "Patient")]);
        assert_eq!(patients, vec![RowRange::Kind(ProfileType::Patient)]);
    }

    #[test]
    fn two_negations_are_one_range_too() {
        let humans = plan(&[
            ("profile-type:not", "ClientApplication"),
            ("profile-type:not", "Bot"),
        ]);
        assert_eq!(humans, vec![RowRange::Humans]);
        assert_eq!(of(&[("profile-type", "Bogus")]), Plan::Nothing);
    }

    #[test]
    fn another_project_is_nothing() {
        assert_eq!(
            of(&[("project", "Project/00000000-0000-0000-0000-000000000001")]),
            Plan::Nothing
        );
        let own = "Project/00000000-0000-0000-0000-000000000000";
        assert_eq!(plan(&[("project", own)]), vec![RowRange::Everyone]);
    }
}
