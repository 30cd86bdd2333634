//! Which addresses may be asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::Reach;

/// The URL, if it may be asked: over TLS, without a name and password in it, and not at an address that only this server reaches.
pub(crate) fn may_be_asked(text: &str, reach: Reach) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    let is_permitted = match url.host()? {
        // What it resolves to is asked when it is resolved.
        Host::Domain(_) => true,
        Host::Ipv4(ip) => is_within(IpAddr::V4(ip), reach),
        Host::Ipv6(ip) => is_within(IpAddr::V6(ip), reach),
    };
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => reach == Reach::AlsoThisMachine && is_here,
        _ => false,
    };
    (is_plain && is_permitted && is_safe).then_some(url)
}

/// Whether a machine at this address may be asked.
pub(crate) fn is_within(ip: IpAddr, reach: Reach) -> bool {
    if reach == Reach::AlsoThisMachine && ip.is_loopback() {
        return true;
    }
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// What the IANA registry of special addresses (RFC 6890) leaves.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !is_special
}

/// The part of the address space that is handed out to machines, without what leads into other spaces (Teredo, 6to4) and what stands in
/// documents.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    let is_special = matches!(
        segments,
        [0x2001, 0x0000..=0x01ff | 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0x0000..=0x0fff, ..]
    );
    matches!(segments, [0x2000..=0x3fff, ..]) && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: [&str; 25] = [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://172.31.255.255/",
        "https://192.168.0.1/",
        "https://192.0.0.170/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:1::]/",
        "https://[ff02::1]/",
    ];

    #[test]
    fn addresses_that_only_this_server_reaches_are_never_asked() {
        for url in PRIVATE {
            assert_eq!(may_be_asked(url, Reach::Public), None, "{url}");
        }
        for url in &PRIVATE[5..15] {
            assert_eq!(may_be_asked(url, Reach::AlsoThisMachine), None, "{url}");
        }
    }

    #[test]
    fn public_addresses_are_asked_over_tls_alone() {
        for url in [
            "https://login.example.com/keys",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]:8443/",
        ] {
            assert!(may_be_asked(url, Reach::Public).is_some(), "{url}");
        }
        for url in [
            "http://login.example.com/",
            "ftp://login.example.com/",
            "file:///etc/passwd",
            "data:application/json,{}",
            "https://user:secret@login.example.com/",
            "https://user@login.example.com/",
            "login.example.com",
            "",
        ] {
            assert_eq!(may_be_asked(url, Reach::Public), None, "{url}");
            assert_eq!(may_be_asked(url, Reach::AlsoThisMachine), None, "{url}");
        }
    }

    #[test]
    fn this_machine_is_asked_where_that_is_configured() {
        for url in [
            "http://127.0.0.1:9/",
            "http://localhost:9/",
            "http://[::1]/",
        ] {
            assert!(may_be_asked(url, Reach::AlsoThisMachine).is_some(), "{url}");
            assert_eq!(may_be_asked(url, Reach::Public), None, "{url}");
        }
    }
}
