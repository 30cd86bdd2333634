//! In which order entries of one verb are carried out.

use domain::PROJECT_MEMBERSHIP;
use fhir::{Place, Verb};

use super::Task;

/// The order of entries of one verb: as they stand, but for what has to come before something else.
pub(super) fn within(verb: Verb, mut tasks: Vec<(usize, Task)>) -> Vec<(usize, Task)> {
    match verb {
        // A profile goes after those who have it.
        Verb::Delete => {
            tasks.sort_by_key(|(_, task)| !is_of(task, PROJECT_MEMBERSHIP));
            tasks
        }
        Verb::Post => by_reference(tasks),
        Verb::Get | Verb::Put | Verb::Patch => tasks,
    }
}

fn is_of(task: &Task, kind: &str) -> bool {
    match &task.request.place {
        Place::Type(of) | Place::Resource(of, _) => of == kind,
        Place::History(..) | Place::Version(..) | Place::Expansion(_) | Place::Elsewhere => false,
    }
}

/// What others refer to comes before them, as far as they do not refer to each other in a ring; otherwise the order stays.
fn by_reference(tasks: Vec<(usize, Task)>) -> Vec<(usize, Task)> {
    let mut waiting: Vec<(String, (usize, Task))> = tasks
        .into_iter()
        .map(|(at, task)| {
            let sent = task.request.resource.as_ref();
            (
                sent.map(ToString::to_string).unwrap_or_default(),
                (at, task),
            )
        })
        .collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ids: Vec<(usize, String)> = waiting
            .iter()
            .filter_map(|(_, (at, task))| Some((*at, task.id?.to_string())))
            .collect();
        let waits = |sent: &str, own: usize| {
            let mut others = ids.iter().filter(|(at, _)| *at != own);
            others.any(|(_, id)| sent.contains(id))
        };
        let free = waiting.iter().position(|(sent, (at, _))| !waits(sent, *at));
        let (_, task) = waiting.remove(free.unwrap_or(0));
        ordered.push(task);
    }
    ordered
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use fhir::Requests;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    /// The order of entries that are known by these numbers and refer to those.
    fn order(entries: &[(u128, &[u128])]) -> Vec<usize> {
        let id = Uuid::from_u128;
        let entry = |refers: &[u128]| {
            let refers: Vec<String> = refers.iter().map(|of| id(*of).to_string()).collect();
            json!({ "request": { "method": "POST", "url": "Basic" }, "resource": { "refers": refers } })
        };
        let entries_json: Vec<Value> = entries.iter().map(|(_, refers)| entry(refers)).collect();
        let bundle =
            json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries_json });
        let read = Requests::of(bundle.as_object().unwrap(), "", 9).unwrap();
        let tasks = read.entries.into_iter().zip(entries).enumerate();
        let tasks = tasks.map(|(at, (request, (own, _)))| {
            let (request, id) = (request.unwrap(), Some(id(*own)));
            (at, Task { request, id })
        });
        let ordered = by_reference(tasks.collect()).into_iter();
        ordered.map(|(at, _)| at).collect()
    }

    #[test]
    fn what_is_referred_to_comes_first_and_a_ring_keeps_its_order() {
        assert_eq!(order(&[(1, &[]), (2, &[]), (3, &[])]), [0, 1, 2]);
        assert_eq!(order(&[(1, &[3]), (2, &[1]), (3, &[])]), [2, 0, 1]);
        assert_eq!(order(&[(1, &[2]), (2, &[1]), (3, &[3])]), [2, 0, 1]);
        assert_eq!(order(&[(1, &[2]), (2, &[3, 1]), (3, &[1])]), [0, 2, 1]);
    }
}
