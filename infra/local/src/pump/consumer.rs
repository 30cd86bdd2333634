use std::path::Path;

use serde_json::{Map, Value};

use super::Pattern;
use crate::Advice;

/// A function that follows the table's stream, and how.
#[derive(Clone, Debug)]
pub struct StreamConsumer {
    /// The function's name, which is its binary's.
    pub function: String,
    /// Which records it gets: those that any pattern matches, and all when there is none.
    pub filters: Vec<Pattern>,
    /// The most records in one event, at least 1.
    pub batch_size: usize,
    /// How often a record that fails alone is tried again.
    pub retries: u32,
}

impl StreamConsumer {
    /// Every function of a SAM template that has an event of type `DynamoDB`. The logical id `DeliverMail` stands for the
    /// binary `deliver-mail`.
    ///
    /// # Errors
    /// The template cannot be read, or a filter is not a pattern this stand-in can evaluate.
    pub fn from_template(path: impl AsRef<Path>) -> Result<Vec<Self>, Advice> {
        let path = path.as_ref();
        let broken =
            |why: String| Advice::new(format!("Repair the template {}: {why}.", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
        let template: Value =
            serde_saphyr::from_str(&text).map_err(|error| broken(error.to_string()))?;
        let mut consumers = Vec::new();
        for (id, resource) in template["Resources"].as_object().into_iter().flatten() {
            let events = resource["Properties"]["Events"]
                .as_object()
                .into_iter()
                .flat_map(Map::values);
            for event in events.filter(|event| event["Type"] == "DynamoDB") {
                consumers.push(Self::described(id, &event["Properties"])?);
            }
        }
        Ok(consumers)
    }

    fn described(id: &str, event: &Value) -> Result<Self, Advice> {
        let filters = event["FilterCriteria"]["Filters"]
            .as_array()
            .into_iter()
            .flatten();
        let patterns =
            filters.map(|filter| Pattern::parse(filter["Pattern"].as_str().unwrap_or_default()));
        Ok(Self {
            function: kebab(id),
            filters: patterns.collect::<Result<_, _>>()?,
            // Lambda's own defaults are 100 records and retries for a day; nobody waits for a day at a desk.
            batch_size: number(&event["BatchSize"]).unwrap_or(100).max(1),
            retries: number(&event["MaximumRetryAttempts"])
                .map_or(3, |attempts: u32| attempts.min(10)),
        })
    }

    /// Whether the record is one of those the function gets.
    pub(super) fn wants(&self, record: &Value) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|pattern| pattern.matches(record))
    }
}

fn number<N: TryFrom<u64>>(value: &Value) -> Option<N> {
    N::try_from(value.as_u64()?).ok()
}

/// `DeliverMail` -> `deliver-mail`.
fn kebab(id: &str) -> String {
    let mut name = String::new();
    for letter in id.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"
Resources:
  Table: { Type: "AWS::DynamoDB::Table" }
  DeliverMail:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Stream:
          Type: DynamoDB
          Properties:
            BatchSize: 10
            MaximumRetryAttempts: 2
            FilterCriteria:
              Filters:
                - Pattern: '{"eventName": ["INSERT"]}'
"#;

    #[test]
    #[expect(clippy::unwrap_used, reason = "a test may stop here")]
    fn the_template_names_the_functions_that_follow_the_stream() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), TEMPLATE).unwrap();
        let consumers = StreamConsumer::from_template(file.path()).unwrap();
        let [mail] = &consumers[..] else {
            panic!("one consumer, not {consumers:?}")
        };
        assert_eq!(
            (mail.function.as_str(), mail.batch_size, mail.retries),
            ("deliver-mail", 10, 2)
        );
        assert!(mail.wants(&serde_json::json!({ "eventName": "INSERT" })));
        assert!(!mail.wants(&serde_json::json!({ "eventName": "REMOVE" })));
    }
}
