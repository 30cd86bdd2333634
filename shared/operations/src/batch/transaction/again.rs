//! A transaction that is sent again with its key: what became of each entry is looked up, not done again.

use domain::{Failure, PROJECT, Refusal};
use fhir::{Request, Verb};
use store::Answered;
use uuid::Uuid;

use super::{Done, Errand, Refused};
use crate::once::answer_again;
use crate::vault::Vaults;
use crate::write::Written;
use crate::{create_project, rights};

/// What is remembered of an entry that leaves nothing to show.
const NOTHING: &str = "-";

/// What is remembered of each entry: which version of what it wrote. Reads are made again.
pub(super) fn record(done: &[Done]) -> Vec<String> {
    let told = done.iter().map(|done| match done {
        Done::Written(written) => {
            let (resource, created) = (&written.resource, u8::from(written.created));
            let version = resource.meta.version;
            format!("{created} {} {} {version}", resource.kind, resource.id)
        }
        _ => NOTHING.to_owned(),
    });
    told.collect()
}

/// The answer to it.
pub(super) async fn answer(
    errand: Errand<'_>,
    (earlier, requests): (&Answered, Vec<Request>),
) -> Result<Vec<Done>, Refused> {
    let mut done = Vec::with_capacity(requests.len());
    for (at, request) in requests.into_iter().enumerate() {
        let told = earlier.entries.get(at).map_or(NOTHING, String::as_str);
        let entry = match request.verb {
            Verb::Get => Box::pin(errand.read(request.place, request.words)).await,
            _ => errand.shown_again(earlier, told).await,
        };
        done.push(entry.map_err(|failure| Refused {
            entry: Some(at),
            failure,
        })?);
    }
    Ok(done)
}

impl Errand<'_> {
    /// What an entry wrote, as it was; nothing when there is nothing left of it.
    async fn shown_again(self, earlier: &Answered, told: &str) -> Result<Done, Failure> {
        let Some((created, wrote)) = read(earlier, told) else {
            return Ok(Done::Nothing);
        };
        let found = match wrote.kind.as_str() {
            PROJECT if created => create_project::created_before(self.means, &wrote).await,
            _ => answer_again(self.tenant(), &wrote).await,
        };
        let resource = match found {
            Err(Failure::Refused(Refusal::Gone)) => return Ok(Done::Nothing),
            found => rights::shown(Vaults::none(self.means), self.caller, found?).await?,
        };
        Ok(Done::Written(Box::new(Written { resource, created })))
    }
}

fn read(earlier: &Answered, told: &str) -> Option<(bool, Answered)> {
    let mut words = told.split(' ');
    let created = words.next()? == "1";
    let kind = words.next()?.to_owned();
    let mut ids = words.map(|word| word.parse::<Uuid>().ok());
    let wrote = Answered {
        kind,
        resource: ids.next()??,
        version: ids.next()??,
        entries: Vec::new(),
        ..earlier.clone()
    };
    Some((created, wrote))
}
