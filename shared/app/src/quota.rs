//! What FHIR interactions are worth: a minute has so many points for a member, and for a project, where its system settings say so.

use fhir::{Place, Verb};

const READ: u32 = 1;
const HISTORY: u32 = 10;
const SEARCH: u32 = 20;
const WRITE: u32 = 100;

/// What ends the paths of searches, whatever the method.
const SEARCHES: [&str; 4] = ["_search", "$csv", "$expand", "$graphql"];

/// The points of a request for `path` below `/fhir/R4/`, as a route writes it; the entries of a batch are counted one by one.
pub(crate) fn points(method: &str, path: &str) -> Option<u32> {
    let below = path.strip_prefix("/fhir/R4/")?;
    let last = below.rsplit('/').next().unwrap_or_default();
    Some(match method {
        _ if SEARCHES.contains(&last) => SEARCH,
        "GET" if last == "_history" => HISTORY,
        "GET" if last == below => SEARCH,
        "GET" => READ,
        _ => WRITE,
    })
}

/// The points of an entry of a batch.
pub(crate) fn points_of(entry: &fhir::Request) -> u32 {
    match (entry.verb, &entry.place) {
        (Verb::Get, Place::Type(_) | Place::Expansion(_)) => SEARCH,
        (Verb::Get, Place::History(..)) => HISTORY,
        (Verb::Get, _) => READ,
        _ => WRITE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_more_is_dearer_and_what_writes_is_dearest() {
        let kind = "/fhir/R4/{resourceType}";
        assert_eq!(points("GET", kind), Some(SEARCH));
        assert_eq!(points("POST", &format!("{kind}/_search")), Some(SEARCH));
        assert_eq!(points("GET", &format!("{kind}/{{id}}")), Some(READ));
        assert_eq!(
            points("GET", &format!("{kind}/{{id}}/_history")),
            Some(HISTORY)
        );
        assert_eq!(points("POST", kind), Some(WRITE));
        assert_eq!(points("POST", "/fhir/R4/$graphql"), Some(SEARCH));
        assert_eq!(points("GET", &format!("{kind}/$csv")), Some(SEARCH));
        assert_eq!(points("POST", "/fhir/R4/ValueSet/$expand"), Some(SEARCH));
        assert_eq!(
            points("GET", "/fhir/R4/ValueSet/{id}/$expand"),
            Some(SEARCH)
        );
        for elsewhere in ["/fhir/R4", "/auth/me"] {
            assert_eq!(points("POST", elsewhere), None);
        }
    }
}
