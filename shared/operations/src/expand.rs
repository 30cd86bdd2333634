//! Expand a value set: tell the codes that it stands for, of the server's own code lists and of those that are in reach.

mod question;

use std::collections::{HashMap, HashSet};

use domain::access::Interaction;
use domain::{Claimant, Failure, Fault, Refusal};
use fhir::terminology::{Coding, codes_of, codes_of_expansion, named_codes};
use fhir::{Resource, library};
use serde_json::{Value, json};
use store::Tenant;

use crate::{Means, Sight, search};

pub use question::Question;
use question::Whom;

const SET: &str = "ValueSet";
const SYSTEM: &str = "CodeSystem";
/// How many lists one expansion reads, and how deep sets are made of sets.
const MOST_LISTS: usize = 50;
const DEEPEST: usize = 5;

/// The set with its expansion, read beside the authorisation.
///
/// # Errors
/// The faults of the question; a fault for a set that nobody knows here or that cannot be told; [`Refusal::NotFound`] for an id;
/// [`Refusal::Forbidden`] for one who may read no sets, unless it is one of the server's own.
pub async fn look(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    question: Result<Question, Failure>,
    mut sight: Sight,
) -> Result<Resource, Failure> {
    sight.caller().await?;
    let question = question?;
    let mut shelf = Shelf {
        means,
        reader: (tenant, claimant),
        sight,
        systems: HashMap::new(),
        read: 0,
    };
    let set = match &question.whom {
        Whom::At(url) => shelf.at(SET, url).await?,
        Whom::Id(id) => Some(shelf.with_id(id).await?),
    };
    let set = set.ok_or_else(|| Fault::invalid("url", "ValueSet not found"))?;
    let codes = shelf.codes(&set, 0).await?;
    Ok(expansion(means, (set, codes), &question))
}

fn expansion(
    means: Means<'_>,
    (mut set, mut codes): (Resource, Vec<Coding>),
    question: &Question,
) -> Resource {
    if let Some(filter) = &question.filter {
        codes.retain(|code| code.contains(filter));
    }
    let total = codes.len();
    let page = codes.iter().skip(question.offset).take(question.count);
    let contains: Vec<Value> = page.map(Coding::to_json).collect();
    set.body.shift_remove("compose");
    set.body.shift_remove("text");
    let expansion = json!({
        "timestamp": means.now.to_string(),
        "total": total,
        "offset": question.offset,
        "contains": contains,
    });
    set.body.insert("expansion".into(), expansion);
    set
}

/// The lists in reach.
struct Shelf<'a> {
    means: Means<'a>,
    reader: (Tenant<'a>, Claimant),
    sight: Sight,
    /// What was read already.
    systems: HashMap<String, Vec<Coding>>,
    read: usize,
}

impl Shelf<'_> {
    /// The list at an address; one that somebody made comes before the server's own.
    async fn at(&mut self, kind: &str, canonical: &str) -> Result<Option<Resource>, Failure> {
        let (url, _) = canonical.split_once('|').unwrap_or((canonical, ""));
        let own = self.search(kind, ("url", url)).await?;
        let mut fitting = own.iter().flatten();
        let made = fitting.find(|it| it.meta.project.is_some() && library::is_at(it, canonical));
        let found = made.cloned().or_else(|| library::at(kind, canonical));
        match (found, own) {
            (None, None) => Err(Refusal::Forbidden.into()),
            (found, _) => Ok(found),
        }
    }

    async fn with_id(&mut self, id: &str) -> Result<Resource, Failure> {
        let shared = id.parse().ok().and_then(|id| library::find(SET, id));
        if let Some(shared) = shared {
            return Ok(shared);
        }
        let found = self.search(SET, ("_id", id)).await?;
        let found = found.ok_or(Refusal::Forbidden)?.into_iter().next();
        found.ok_or_else(|| Refusal::NotFound.into())
    }

    /// What a search finds; `None` for one who may not search.
    async fn search(
        &mut self,
        kind: &str,
        (name, value): (&str, &str),
    ) -> Result<Option<Vec<Resource>>, Failure> {
        self.read += 1;
        if self.read > MOST_LISTS {
            let words = format!("A value set of more than {MOST_LISTS} lists cannot be expanded");
            return Err(Fault::general(words).into());
        }
        let caller = self.sight.caller().await?;
        if caller.rights().must(kind, Interaction::Search).is_err() {
            return Ok(None);
        }
        // A comma means several values.
        let value = value.replace(',', "\\,");
        let query = search::read(kind, &[(name.to_owned(), value)]);
        let look = search::look(self.means, self.reader, (kind, query), self.sight.clone());
        Ok(Some(Box::pin(look).await?.matches))
    }

    /// The codes that a set stands for, each once.
    async fn codes(&mut self, set: &Resource, depth: usize) -> Result<Vec<Coding>, Failure> {
        let parts = |name: &str| {
            let parts = set
                .body
                .get("compose")
                .and_then(|compose| compose.get(name));
            let parts = parts.and_then(Value::as_array).cloned();
            parts.unwrap_or_default()
        };
        let (include, exclude) = (parts("include"), parts("exclude"));
        if include.is_empty() {
            return Ok(codes_of_expansion(&set.body));
        }
        let mut codes = Vec::new();
        for part in include {
            codes.extend(self.part(&part, depth).await?);
        }
        let mut known = HashSet::new();
        for part in exclude {
            let without = self.part(&part, depth).await?;
            known.extend(without.into_iter().map(name_of));
        }
        codes.retain(|code| known.insert(name_of(code.clone())));
        Ok(codes)
    }

    /// The codes of a part of a set: those that are in all that it names.
    async fn part(&mut self, part: &Value, depth: usize) -> Result<Vec<Coding>, Failure> {
        let is_there = |name: &str| part.get(name).is_some_and(|it| *it != json!([]));
        if is_there("filter") {
            let words = "A value set that chooses codes by their properties cannot be expanded";
            return Err(Fault::structure("ValueSet.compose.include.filter", words).into());
        }
        let mut codes = match part.get("system").and_then(Value::as_str) {
            Some(system) if is_there("concept") => Some(self.named(system, part).await?),
            Some(system) => Some(self.system(system).await?.ok_or_else(|| missing(system))?),
            None => None,
        };
        let sets = part.get("valueSet").and_then(Value::as_array).cloned();
        for set in sets.unwrap_or_default() {
            let others = Box::pin(self.other(&set, depth)).await?;
            codes = Some(match codes {
                None => others,
                Some(mut codes) => {
                    let others: HashSet<_> = others.into_iter().map(name_of).collect();
                    codes.retain(|code| others.contains(&name_of(code.clone())));
                    codes
                }
            });
        }
        Ok(codes.unwrap_or_default())
    }

    async fn other(&mut self, set: &Value, depth: usize) -> Result<Vec<Coding>, Failure> {
        let url = set.as_str().unwrap_or_default();
        if depth == DEEPEST {
            let words = "A value set that is made of itself cannot be expanded";
            return Err(Fault::structure("ValueSet.compose.include.valueSet", words).into());
        }
        let found = self.at(SET, url).await?.ok_or_else(|| missing(url))?;
        self.codes(&found, depth + 1).await
    }

    /// The codes that a part names, called as the part says, else as their system does.
    async fn named(&mut self, system: &str, part: &Value) -> Result<Vec<Coding>, Failure> {
        let mut codes = named_codes(part);
        if codes.iter().any(|code| code.display.is_none()) {
            let all = self.system(system).await?.unwrap_or_default();
            let called = all.into_iter().map(|it| (it.code, it.display));
            let called: HashMap<String, Option<String>> = called.collect();
            for code in codes.iter_mut().filter(|code| code.display.is_none()) {
                code.display = called.get(&code.code).cloned().flatten();
            }
        }
        Ok(codes)
    }

    /// All codes of a system that is in reach.
    async fn system(&mut self, url: &str) -> Result<Option<Vec<Coding>>, Failure> {
        if let Some(read) = self.systems.get(url) {
            return Ok(Some(read.clone()));
        }
        let found = match library::at(SYSTEM, url) {
            // Nobody has other codes of it.
            Some(shared) => Some(shared),
            None => match self.at(SYSTEM, url).await {
                Err(Failure::Refused(Refusal::Forbidden)) => None,
                found => found?,
            },
        };
        let codes = found.map(|system| codes_of(&system.body));
        let read = codes.clone().map(|codes| (url.to_owned(), codes));
        self.systems.extend(read);
        Ok(codes)
    }
}

fn name_of(code: Coding) -> (String, String) {
    (code.system, code.code)
}

fn missing(url: &str) -> Failure {
    Fault::general(format!("{url} not found")).into()
}
