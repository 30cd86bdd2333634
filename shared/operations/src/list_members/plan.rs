//! Which rows a list of members reads.

use domain::{Email, Fault, MembershipId, ProfileRef, ProfileType, ProjectId, UserId};
use fhir::search::{Filter, Modifier, Query};
use store::MemberRange;

/// The way to the rows that can match.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// None can.
    Nothing,
    /// Ranges of the project's memberships.
    Ranges(Vec<MemberRange>),
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
    /// Those of whoever has this address, in either scope.
    Address(Email),
}

impl Plan {
    /// The shortest way. Whatever is read is still held against every filter.
    pub(super) fn of(query: &Query, project: ProjectId) -> Self {
        if !asks_for(query, project) {
            return Self::Nothing;
        }
        let narrow = query.filters.iter().find_map(narrow);
        narrow.unwrap_or_else(|| ranges(query))
    }
}

/// Ids that one request may name.
const MOST_IDS: usize = 100;

/// Refuses what would otherwise be left out of the answer in silence, or read without bound.
pub(super) fn check(query: &Query) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    let mut refuse = |there: bool, field: &str, words: &str| {
        if there {
            faults.push(Fault::invalid(field, words));
        }
    };
    refuse(
        !query.chains.is_empty(),
        "chain",
        "Chained search is not supported for ProjectMembership",
    );
    refuse(
        !query.revinclude.is_empty(),
        "_revinclude",
        "_revinclude is not supported for ProjectMembership",
    );
    refuse(
        query.deleted.is_some(),
        "_deleted",
        "_deleted is not supported for ProjectMembership",
    );
    let ids = query
        .filters
        .iter()
        .filter(|filter| filter.param.code == "_id");
    let named = ids.map(|filter| filter.values.len()).sum::<usize>();
    refuse(
        named > MOST_IDS,
        "_id",
        "At most 100 ids can be searched at once",
    );
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

/// The project is seen to by the plan, under both of its spellings; the rows need not be held against it again.
pub(super) fn settle(query: &mut Query) {
    query
        .filters
        .retain(|filter| !matches!(filter.param.code, "project" | "_project"));
}

/// Whether the ranges alone answer the question: no filter is left to hold rows against.
pub(super) fn is_answered_by_ranges(query: &Query) -> bool {
    let mut codes = query.filters.iter().map(|filter| filter.param.code);
    query.chains.is_empty()
        && codes.all(|code| matches!(code, "project" | "_project" | "profile-type"))
}

/// Whether the question is about this project at all.
fn asks_for(query: &Query, project: ProjectId) -> bool {
    let named = [format!("Project/{project}"), project.to_string()];
    let of_project = query
        .filters
        .iter()
        .filter(|filter| matches!(filter.param.code, "project" | "_project"));
    of_project.into_iter().all(|filter| match filter.modifier {
        Modifier::Plain | Modifier::Exact => {
            filter.values.iter().any(|value| named.contains(value))
        }
        Modifier::Not => !filter.values.iter().any(|value| named.contains(value)),
        Modifier::Missing(missing) => !missing,
        _ => true,
    })
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

/// The profile types that can match, as the fewest ranges, in the order of the table.
fn ranges(query: &Query) -> Plan {
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
    let humans = ProfileType::ALL
        .into_iter()
        .filter(|kind| kind.is_person())
        .collect::<Vec<_>>();
    if kinds.is_empty() {
        Plan::Nothing
    } else if kinds == ProfileType::ALL {
        Plan::Ranges(vec![MemberRange::Everyone])
    } else if kinds.starts_with(&humans) {
        let rest = kinds.into_iter().skip(humans.len()).map(MemberRange::Kind);
        Plan::Ranges(std::iter::once(MemberRange::Humans).chain(rest).collect())
    } else {
        Plan::Ranges(kinds.into_iter().map(MemberRange::Kind).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unwrap_used, reason = "a test may stop here")]
    fn plan(pairs: &[(&str, &str)]) -> Plan {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Plan::of(
            &Query::parse("ProjectMembership", &pairs).unwrap(),
            ProjectId::new(uuid::Uuid::nil()),
        )
    }

    #[test]
    fn the_guides_four_questions_are_one_range_each() {
        assert_eq!(plan(&[]), Plan::Ranges(vec![MemberRange::Everyone]));
        let humans = plan(&[("profile-type:not", "ClientApplication,Bot")]);
        assert_eq!(humans, Plan::Ranges(vec![MemberRange::Humans]));
        let patients = plan(&[("profile-type", "Patient")]);
        assert_eq!(
            patients,
            Plan::Ranges(vec![MemberRange::Kind(ProfileType::Patient)])
        );
    }

    #[test]
    fn two_negations_are_one_range_too() {
        let humans = plan(&[
            ("profile-type:not", "ClientApplication"),
            ("profile-type:not", "Bot"),
        ]);
        assert_eq!(humans, Plan::Ranges(vec![MemberRange::Humans]));
        assert_eq!(plan(&[("profile-type", "Bogus")]), Plan::Nothing);
    }

    #[test]
    fn another_project_is_nothing() {
        assert_eq!(
            plan(&[("project", "Project/00000000-0000-0000-0000-000000000001")]),
            Plan::Nothing
        );
        let own = "Project/00000000-0000-0000-0000-000000000000";
        assert_eq!(
            plan(&[("project", own)]),
            Plan::Ranges(vec![MemberRange::Everyone])
        );
    }
}
