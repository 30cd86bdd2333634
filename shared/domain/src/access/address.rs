use serde_json::Value;

/// From which addresses a member may sign in: `AccessPolicy.ipAccessRule`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRule {
    value: String,
    blocks: bool,
}

impl AddressRule {
    /// The rules of a policy, in its order. One that says neither what nor whom is none.
    pub(super) fn of_policy(policy: &fhir::Resource) -> Vec<Self> {
        let rules = policy.body.get("ipAccessRule").and_then(Value::as_array);
        let read = |rule: &Value| {
            Some(Self {
                value: rule.get("value")?.as_str()?.to_owned(),
                blocks: rule.get("action")?.as_str()? == "block",
            })
        };
        rules.into_iter().flatten().filter_map(read).collect()
    }

    /// `*`, the address itself, or its beginning.
    fn is_about(&self, address: &str) -> bool {
        self.value == "*" || (!self.value.is_empty() && address.starts_with(&self.value))
    }
}

/// Whether one may come in from an address: the first rule about it decides, and where there is none one may.
pub(super) fn is_welcome(rules: &[AddressRule], address: &str) -> bool {
    let mut about = rules.iter().filter(|rule| rule.is_about(address));
    about.next().is_none_or(|rule| !rule.blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_about_an_address_decides() {
        let rule = |value: &str, blocks| AddressRule {
            value: value.to_owned(),
            blocks,
        };
        let rules = [rule("10.0.0.1", true), rule("10.", false), rule("*", true)];
        for (address, welcome) in [
            ("10.0.0.1", false),
            ("10.0.0.2", true),
            ("192.0.2.1", false),
        ] {
            assert_eq!(is_welcome(&rules, address), welcome, "{address}");
        }
        assert!(is_welcome(&rules[..2], "192.0.2.1"));
        assert!(is_welcome(&[rule("", true)], "192.0.2.1"));
    }
}
