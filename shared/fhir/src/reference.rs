use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A FHIR `Reference`: what it points to, and the words shown for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// `Type/id` for a resource of this server; `system` for the server itself.
    pub reference: String,
    /// What a person reads instead of the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

impl Reference {
    /// A reference to the resource `kind/id`, without words.
    pub fn new(kind: &str, id: Uuid) -> Self {
        Self::to(format!("{kind}/{id}"))
    }

    /// A reference with this text as it stands: `Type/id`, a URL or `system`.
    pub fn to(reference: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            display: None,
        }
    }

    /// The server itself, as author of what nobody in particular wrote.
    pub fn system() -> Self {
        Self::to("system")
    }

    /// The same reference with `display`; empty words are none.
    pub fn with_display(self, display: impl Into<String>) -> Self {
        Self {
            display: Some(display.into()).filter(|words| !words.is_empty()),
            ..self
        }
    }

    /// The resource type, when the reference is relative (`Type/…`); `""` otherwise.
    pub fn kind(&self) -> &str {
        match self.reference.split_once('/') {
            Some((kind, _)) if is_type_name(kind) => kind,
            _ => "",
        }
    }

    /// The id, when the reference is exactly `Type/uuid`. URLs, contained (`#…`) and conditional (`Type?…`) references have none.
    ///
    /// Ids are compared as the wire writes them: dashed; any letter case names the same id.
    pub fn id(&self) -> Option<Uuid> {
        let (kind, id) = self.reference.split_once('/')?;
        let literal = is_type_name(kind) && id.len() == uuid::fmt::Hyphenated::LENGTH;
        literal.then(|| Uuid::try_parse(id).ok()).flatten()
    }

    /// Reads `{ "reference": …, "display"?: … }`. `None` when there is no `reference` text (a logical reference by identifier).
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(Self {
            reference: text("reference").filter(|text| !text.is_empty())?,
            display: text("display"),
        })
    }

    /// The JSON form; `display` only when there is one.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("reference".into(), self.reference.clone().into());
        if let Some(display) = &self.display {
            map.insert("display".into(), display.clone().into());
        }
        Value::Object(map)
    }
}

/// FHIR type names are letters, beginning with a capital.
fn is_type_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_literal_local_reference_has_an_id() {
        let id = Uuid::from_u128(7);
        let local = Reference::new("Patient", id);
        assert_eq!((local.kind(), local.id()), ("Patient", Some(id)));
        for other in [
            "system",
            "#x",
            "Patient?identifier=1",
            "Patient/1",
            "https://x.example/Patient/00000000-0000-0000-0000-000000000007",
            "Patient/00000000-0000-0000-0000-000000000007/_history/1",
            "Patient/00000000000000000000000000000007",
        ] {
            assert_eq!(Reference::to(other).id(), None, "{other}");
        }
    }

    #[test]
    fn json_keeps_the_words_and_nothing_empty() {
        let named = Reference::to("User/1").with_display("alice@example.com");
        let value = json!({"reference": "User/1", "display": "alice@example.com"});
        assert_eq!(named.to_json(), value);
        assert_eq!(Reference::from_json(&value), Some(named));
        let silent = Reference::to("User/1").with_display("");
        assert_eq!(silent.to_json(), json!({"reference": "User/1"}));
        assert_eq!(Reference::from_json(&json!({"identifier": {}})), None);
    }
}
