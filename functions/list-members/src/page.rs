//! A page of members as a searchset Bundle.

use app::Ask;
use fhir::{Entry, Mode};
use operations::list_members::Listing;

/// The page with its links and whatever the query includes.
pub(crate) fn bundle(ask: &Ask, listing: &Listing) -> serde_json::Value {
    let base = &ask.app.config.settings.base_url;
    let view = ask.call.view();
    let links = listing
        .query
        .links(base, listing.members.len(), &listing.next);
    let matches = listing.members.iter().map(|member| {
        let mut resource = member.to_json(view);
        listing.query.narrow(&mut resource);
        Entry {
            mode: Mode::Match,
            resource,
        }
    });
    let included = listing.included.iter().map(|found| Entry {
        mode: Mode::Include,
        resource: found.to_json(view),
    });
    fhir::searchset(
        base,
        matches.chain(included).collect(),
        &links,
        listing.total,
    )
}
