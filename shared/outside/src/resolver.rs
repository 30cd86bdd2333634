//! Names become addresses here, and nowhere else: what is connected to is what was held against the rule.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use crate::Reach;
use crate::address::is_within;

/// The system's resolver, for names whose every address may be asked.
pub(crate) struct Guarded(pub(crate) Reach);

#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that may not be asked")]
struct Private;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            // The port is that of the URL; reqwest puts it in.
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|found| !is_within(found.ip(), reach)) {
                return Err(Private.into());
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}
