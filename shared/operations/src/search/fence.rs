//! What a query may ask for, and whether it is about this project at all.

use domain::{Fault, PROJECT_MEMBERSHIP, ProfileType, ProjectId, USER};
use fhir::search::{Chain, Modifier, Query};

/// Ids that one request may name.
const MOST_IDS: usize = 100;

/// Refuses what would otherwise be left out of the answer in silence, or read without bound.
///
/// # Errors
/// One fault for each.
pub(crate) fn check(query: &Query) -> Result<(), Vec<Fault>> {
    let kind = query.kind.as_str();
    let mut faults = Vec::new();
    let mut refuse = |there: bool, field: &str, words: String| {
        if there {
            faults.push(Fault::invalid(field, words));
        }
    };
    let is_profile = kind.parse::<ProfileType>().is_ok();
    let of_members = kind == PROJECT_MEMBERSHIP;
    let answered = |chain: &Chain| {
        is_profile && is_of_memberships(chain) || of_members && is_of_members(chain)
    };
    refuse(
        !query.chains.iter().all(answered),
        "chain",
        format!("Chained search is not supported for {kind}"),
    );
    let of_memberships =
        |source: &str, code: &str| source == PROJECT_MEMBERSHIP && code == "profile";
    let mut revinclude = query.revinclude.iter();
    refuse(
        !revinclude.all(|it| is_profile && of_memberships(&it.source, it.param.code)),
        "_revinclude",
        format!("_revinclude is not supported for {kind}"),
    );
    refuse(
        query.deleted.is_some(),
        "_deleted",
        format!("_deleted is not supported for {kind}"),
    );
    let ids = query
        .filters
        .iter()
        .filter(|filter| filter.param.code == "_id");
    let named = ids.map(|filter| filter.values.len()).sum::<usize>();
    refuse(
        named > MOST_IDS,
        "_id",
        format!("At most {MOST_IDS} ids can be searched at once"),
    );
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

/// `profile:Practitioner.name=…` and `user:User.email=…`: whom a member stands for is never far.
fn is_of_members(chain: &Chain) -> bool {
    match chain {
        Chain::Forward {
            reference, target, ..
        } => match reference.code {
            "profile" => target.parse::<ProfileType>().is_ok(),
            "user" => target == USER,
            _ => false,
        },
        Chain::Reverse { .. } => false,
    }
}

/// `_has:ProjectMembership:profile:…`: what a range of rows answers.
fn is_of_memberships(chain: &Chain) -> bool {
    match chain {
        Chain::Reverse {
            source, reference, ..
        } => source == PROJECT_MEMBERSHIP && reference.code == "profile",
        Chain::Forward { .. } => false,
    }
}

/// Whether the question is about this project at all. `codes` are the parameters that name it.
pub(crate) fn asks_for(query: &Query, project: ProjectId, codes: &[&str]) -> bool {
    let named = [format!("Project/{project}"), project.to_string()];
    let mut of_project = query
        .filters
        .iter()
        .filter(|filter| codes.contains(&filter.param.code));
    of_project.all(|filter| match filter.modifier {
        Modifier::Plain | Modifier::Exact => {
            filter.values.iter().any(|value| named.contains(value))
        }
        Modifier::Not => !filter.values.iter().any(|value| named.contains(value)),
        Modifier::Missing(missing) => !missing,
        _ => true,
    })
}

/// Drops the filters that name the project: they are answered by where is looked, under each of their spellings.
pub(crate) fn settle(query: &mut Query, codes: &[&str]) {
    query
        .filters
        .retain(|filter| !codes.contains(&filter.param.code));
}
