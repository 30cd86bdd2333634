//! A project's boundary: what a resource refers to, in whatever position, is of the same project (seed: "resources within one project
//! cannot reference resources in another"), or of one that the project is linked to and that exports it.

use domain::access::Interaction;
use domain::{Caller, Failure, Fault, MembershipId, PROJECT, PROJECT_MEMBERSHIP, Project, USER};
use fhir::Reference;
use serde_json::{Map, Value};
use store::{Found, Key, Tenant};
use uuid::Uuid;

use crate::{Means, linked};

/// References that must resolve whatever the project's setting.
const ALWAYS_RESOLVES: [&str; 1] = ["RelatedPerson.patient"];
/// References that a resource may make, and those of them that may lead outside what is known of the project: each costs a look.
const MOST_REFERENCES: usize = 2_000;
const MOST_UNRESOLVED: usize = 50;
/// Types that live above projects; references to them are not held against the project.
const ABOVE_PROJECTS: [&str; 2] = [PROJECT, USER];

/// The literal references of a resource, each with its path.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    kind: String,
    found: Vec<(String, Reference)>,
}

impl References {
    /// Those of a body, contained resources and extensions included. What the server writes into `meta` is none of them.
    ///
    /// # Errors
    /// A fault when there are too many.
    pub(crate) fn of(kind: &str, body: &Map<String, Value>) -> Result<Self, Failure> {
        let mut found = Vec::new();
        collect_fields(kind, body, &mut found);
        if found.len() > MOST_REFERENCES {
            return Err(too_many(kind, MOST_REFERENCES));
        }
        let kind = kind.to_owned();
        Ok(Self { kind, found })
    }

    /// Those that an earlier version did not make: what was held against the project once is not refused later, when its target is gone.
    #[must_use]
    pub(crate) fn beyond(mut self, earlier: &Self) -> Self {
        let known = |reference: &Reference| {
            let mut earlier = earlier.found.iter();
            earlier.any(|(_, known)| known.reference == reference.reference)
        };
        self.found.retain(|(_, reference)| !known(reference));
        self
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The rows that they lead to.
    pub(crate) fn keys(&self, tenant: Tenant<'_>) -> Vec<Key> {
        let keys = self.found.iter().flat_map(|(_, it)| places(tenant, it));
        keys.collect()
    }

    /// Refuses a reference that does not resolve in the project, if the project wants that or if its target exists in another project.
    /// `own` is the resource that refers, which may refer to itself.
    ///
    /// # Errors
    /// One fault for each, naming its path; a fault when there are too many to look for; [`Failure::Unavailable`].
    pub(crate) async fn check(
        &self,
        means: Means<'_>,
        caller: &Caller,
        (tenant, found): (Tenant<'_>, &Found),
        (project, own): (&Project, Option<Uuid>),
    ) -> Result<(), Failure> {
        let mut faults = Vec::new();
        let mut looked_up = 0;
        for (path, reference) in &self.found {
            let above = ABOVE_PROJECTS.contains(&reference.kind());
            let itself = own.is_some() && reference.id() == own && reference.kind() == self.kind;
            let here = ALWAYS_RESOLVES.contains(&path.as_str());
            let must = project.checks_references() || here;
            let places = places(tenant, reference);
            let there = places.iter().any(|key| tenant.has(found, key));
            let there = there && (!must || is_shown(caller, (tenant, found), reference, &places)?);
            if above || itself || there {
                continue;
            }
            looked_up += 1;
            if looked_up > MOST_UNRESOLVED {
                return Err(too_many(&self.kind, MOST_UNRESOLVED));
            }
            let beside = !here && linked::shows(means, caller, reference).await?;
            if beside {
                continue;
            }
            if must || is_foreign(means, tenant, reference).await? {
                faults.push(Fault::structure(path, "Invalid reference (Not found)"));
            }
        }
        match faults.is_empty() {
            true => Ok(()),
            false => Err(faults.into()),
        }
    }
}

/// Whether the caller may read what a reference leads to: what must resolve resolves for whoever writes it.
fn is_shown(
    caller: &Caller,
    (tenant, found): (Tenant<'_>, &Found),
    reference: &Reference,
    places: &[Key],
) -> Result<bool, Failure> {
    let lens = caller.rights().lens(reference.kind(), Interaction::Read);
    if lens.is_open() {
        return Ok(true);
    }
    for place in places {
        let stored = tenant.peek(found, place)?;
        if stored.is_some_and(|stored| lens.rule_for(&stored.resource).is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn is_foreign(
    means: Means<'_>,
    tenant: Tenant<'_>,
    reference: &Reference,
) -> Result<bool, Failure> {
    let Some(id) = reference.id() else {
        return Ok(true);
    };
    let home = means.store.home_of(id).await?;
    Ok(home.is_some_and(|project| project != tenant.project()))
}

/// Where the target of a reference can stand.
fn places(tenant: Tenant<'_>, reference: &Reference) -> Vec<Key> {
    match reference.id() {
        Some(id) if reference.kind() == PROJECT_MEMBERSHIP => {
            let mut places = tenant.places_of(MembershipId::new(id));
            // The last one is that of its tombstone.
            places.pop();
            places
        }
        _ => tenant.referenced_key(reference).into_iter().collect(),
    }
}

fn collect_fields(path: &str, fields: &Map<String, Value>, found: &mut Vec<(String, Reference)>) {
    for (name, inner) in fields.iter().filter(|(name, _)| *name != "meta") {
        collect(&format!("{path}.{name}"), inner, found);
    }
}

fn collect(path: &str, value: &Value, found: &mut Vec<(String, Reference)>) {
    match value {
        Value::Object(fields) => {
            let reference =
                Reference::from_json(value).filter(|reference| reference.id().is_some());
            found.extend(reference.map(|reference| (path.to_owned(), reference)));
            collect_fields(path, fields, found);
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(&format!("{path}[{at}]"), item, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn too_many(kind: &str, most: usize) -> Failure {
    Fault::structure(
        kind,
        format!("More than {most} references cannot be checked"),
    )
    .into()
}
