//! With whose eyes a search looks at rows.

use std::sync::Arc;

use domain::access::{ADMINISTRATIVE, Interaction, Lens};
use domain::{Caller, Claimant, Failure, PROJECT, ProfileType};
use fhir::Resource;
use fhir::search::Query;
use store::{Shelf, Tenant};
use uuid::Uuid;

use crate::vault::Vaults;
use crate::{Means, Sight};

/// Of so many subjects the index is walked along at once; of more, the table is.
const MOST_SUBJECTS: usize = 16;

/// Whether a search finds everything there is, or what the caller's rules let him see of it.
#[derive(Clone, Debug)]
pub(crate) enum Eyes {
    /// Every row counts as it is.
    All,
    /// Rows are held against the rules, without what they hide, as soon as these are known.
    Of(Box<Sight>),
}

/// What is read before it is known who the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    /// Everything, for one who probably is under no criteria.
    All,
    /// What may have to be held against rules.
    Part,
    /// Nothing: the rules will say where to look.
    Nothing,
}

impl Ahead {
    pub(super) fn of((claimant, all_seeing): (&Claimant, bool), kind: &str) -> Self {
        let hinted = claimant.hint().ids().next().is_some();
        match claimant.profile().kind {
            _ if kind == PROJECT && !all_seeing => Self::Part,
            _ if ADMINISTRATIVE.contains(&kind) => Self::All,
            _ if hinted => Self::Part,
            ProfileType::Patient | ProfileType::RelatedPerson => Self::Nothing,
            _ => Self::All,
        }
    }
}

/// How a caller's rules look on what a query finds.
pub(super) fn lens<'c>(caller: &'c Caller, kind: &str) -> Lens<'c> {
    caller.rights().lens(kind, Interaction::Search)
}

impl Eyes {
    /// Whether rows must be held against rules.
    pub(crate) fn are_of_somebody(&self) -> bool {
        matches!(self, Self::Of(_))
    }

    fn known(&self) -> Option<Arc<Caller>> {
        match self {
            Self::All => None,
            Self::Of(sight) => sight.known(),
        }
    }

    /// The only ids that the rules let the caller see, when they name ids and are known.
    pub(super) fn ids(&self, kind: &str) -> Option<Vec<Uuid>> {
        self.known().and_then(|caller| lens(&caller, kind).ids())
    }

    /// Where in the index of subjects everything stands that the caller may find, if the question or his rules, when they are known, name
    /// subjects.
    pub(super) fn shelves(&self, tenant: Tenant<'_>, query: &Query) -> Vec<Shelf> {
        let known = self.known();
        let lens = known.as_ref().map(|caller| lens(caller, &query.kind));
        // What is found by a hidden subject could be told by how long the list is.
        let asked = match lens.as_ref().is_some_and(|lens| lens.hides(query)) {
            true => None,
            false => query.subjects(),
        };
        let asked = asked.map(|all| all.into_iter().map(str::to_owned).collect());
        let mut subjects = asked.or_else(|| lens?.subjects()).unwrap_or_default();
        subjects.sort_unstable();
        subjects.dedup();
        if subjects.len() > MOST_SUBJECTS {
            return Vec::new();
        }
        let shelf = |subject: &String| tenant.shelf_about(&query.kind, subject);
        subjects.iter().map(shelf).collect()
    }

    /// Whether the order of an index, or what it finds, could tell what the rules hide.
    pub(super) fn must_not_follow(&self, query: &Query) -> bool {
        self.known()
            .is_some_and(|caller| lens(&caller, &query.kind).hides(query))
    }

    /// The rows that match, as the caller sees them. What is hidden from him matches nothing.
    ///
    /// # Errors
    /// [`domain::Refusal::Unauthorized`] when it turns out that there is no caller.
    pub(crate) async fn see<T>(
        &self,
        means: Means<'_>,
        query: &Query,
        rows: impl Iterator<Item = (Resource, T)>,
    ) -> Result<Vec<(Resource, T)>, Failure> {
        let Self::Of(sight) = self else {
            return Ok(rows.filter(|(it, _)| query.matches(it)).collect());
        };
        let caller = sight.clone().caller().await?;
        let lens = lens(&caller, &query.kind);
        let rows: Vec<_> = rows.collect();
        let (rights, mut vaults) = (caller.rights(), Vaults::none(means));
        vaults.learn(rights, rows.iter().map(|(it, _)| it)).await?;
        let mut seen = Vec::new();
        for (resource, place) in rows {
            let resource = vaults.revealed(rights, resource)?;
            let shown = lens.shown(resource).filter(|it| query.matches(it));
            seen.extend(shown.map(|it| (it, place)));
        }
        Ok(seen)
    }
}
