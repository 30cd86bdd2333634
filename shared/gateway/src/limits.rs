//! Limits on how often somebody may call, as HTTP says them.

use std::net::IpAddr;

use domain::Allowance;
use lambda_http::http::{HeaderName, HeaderValue};

/// `RateLimit` (draft-ietf-httpapi-ratelimit-headers): what is left, and for how long that counts.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The value of [`RATE_LIMIT`]: `"requests";r=59;t=60`.
pub fn rate_limit(allowance: Allowance) -> Option<HeaderValue> {
    let Allowance { remaining, seconds } = allowance;
    HeaderValue::from_str(&format!("\"requests\";r={remaining};t={seconds}")).ok()
}

/// The part of an address that one customer of a network has: the whole of an IPv4 address, the first half of an IPv6 address,
/// of whose other half everybody has as many as he likes.
pub(crate) fn network(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_the_standard_form() {
        let allowance = Allowance {
            remaining: 59,
            seconds: 60,
        };
        let header = rate_limit(allowance);
        assert_eq!(
            header.as_ref().and_then(|value| value.to_str().ok()),
            Some("\"requests\";r=59;t=60")
        );
    }

    #[test]
    fn an_address_counts_by_its_network() {
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::"), network("2001:db8:1:2:ffff::1"));
        assert_eq!(network("nonsense"), "");
    }
}
