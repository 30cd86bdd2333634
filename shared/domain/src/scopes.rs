use std::collections::BTreeSet;

use crate::access::Interaction;

/// OAuth scopes, separated by spaces; SMART's `patient/Observation.rs` among them (SMART App Launch 2, "Scopes for requesting FHIR
/// Resources").
#[derive(Clone, Debug)]
pub struct Scopes<'a>(Vec<&'a str>);

/// The access that a SMART scope asks for.
struct Access<'a> {
    level: &'a str,
    kind: &'a str,
    verbs: BTreeSet<char>,
    rest: &'a str,
}

impl<'a> Scopes<'a> {
    /// Reads them.
    pub fn new(text: &'a str) -> Self {
        Self(text.split_whitespace().collect())
    }

    /// Whether one of them is `scope`, to the letter.
    pub fn has(&self, scope: &str) -> bool {
        self.0.contains(&scope)
    }

    /// Whether any of them speaks about resources.
    pub fn are_about_resources(&self) -> bool {
        self.0.iter().any(|scope| Access::read(scope).is_some())
    }

    /// Whether one of them asks for this interaction with this type.
    pub fn let_through(&self, kind: &str, interaction: Interaction) -> bool {
        let verb = match interaction {
            Interaction::Create => 'c',
            Interaction::Read | Interaction::Vread | Interaction::History => 'r',
            Interaction::Update => 'u',
            Interaction::Delete => 'd',
            Interaction::Search => 's',
        };
        let mut asked = self.0.iter().filter_map(|scope| Access::read(scope));
        // What a scope asks for by a query is more than can be said here: it lets nothing through.
        asked.any(|it| {
            it.rest.is_empty() && (it.kind == "*" || it.kind == kind) && it.verbs.contains(&verb)
        })
    }

    /// Whether each of `narrower` is one of these, or asks for a part of the access that one of these asks for.
    pub fn cover(&self, narrower: &Scopes<'_>) -> bool {
        narrower.0.iter().all(|scope| {
            let access = Access::read(scope);
            self.has(scope)
                || access.is_some_and(|access| {
                    let own = self.0.iter().filter_map(|scope| Access::read(scope));
                    own.into_iter().any(|own| own.covers(&access))
                })
        })
    }
}

impl<'a> Access<'a> {
    fn read(scope: &'a str) -> Option<Self> {
        let (level, rest) = scope.split_once('/')?;
        if !["patient", "user", "system"].contains(&level) {
            return None;
        }
        let (kind, verbs) = rest.split_once('.')?;
        let (verbs, rest) = verbs.split_once('?').unwrap_or((verbs, ""));
        let verbs = match verbs {
            "read" => "rs",
            "write" => "cud",
            "*" => "cruds",
            verbs if verbs.chars().all(|verb| "cruds".contains(verb)) => verbs,
            _ => return None,
        };
        Some(Self {
            level,
            kind,
            verbs: verbs.chars().collect(),
            rest,
        })
    }

    fn covers(&self, other: &Access<'_>) -> bool {
        self.level == other.level
            && (self.kind == "*" || self.kind == other.kind)
            && (self.rest.is_empty() || self.rest == other.rest)
            && other.verbs.is_subset(&self.verbs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(wide: &str, narrow: &str) -> bool {
        Scopes::new(wide).cover(&Scopes::new(narrow))
    }

    #[test]
    fn the_same_less_or_finer_is_covered() {
        let asked = "openid offline patient/*.rs user/Observation.cruds";
        for chosen in [
            asked,
            "openid",
            "",
            "patient/Observation.rs",
            "patient/*.r",
            "patient/Patient.read",
            "user/Observation.write openid",
            "patient/Observation.rs?category=x",
        ] {
            assert!(covers(asked, chosen), "{chosen}");
        }
    }

    #[test]
    fn more_or_something_else_is_not() {
        let asked = "openid patient/Observation.rs user/*.rs?x=y";
        for chosen in [
            "offline",
            "patient/*.rs",
            "patient/Observation.cruds",
            "user/Observation.rs",
            "system/Observation.rs",
            "patient/Patient.r",
            "patient/Observation.x",
            "openid profile",
        ] {
            assert!(!covers(asked, chosen), "{chosen}");
        }
    }
}
