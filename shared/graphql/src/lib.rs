//! GraphQL over FHIR resources, as Medplum's clients ask: `Patient(id: …)`, `PatientList(name: …)`, and the `resource` behind a
//! reference. The types are those of the FHIR definitions. What a query asks for is asked of a [`Desk`], one FHIR request for each
//! field, so that nobody gets by GraphQL what the same request would refuse him.

mod depth;
mod question;
mod root;
mod types;
mod weight;

use std::sync::Arc;

use async_graphql::dynamic::{Schema, SchemaError};
use async_graphql::{PathSegment, Response, ServerError};
use serde_json::{Map, Value, json};

pub use question::{Question, Unanswerable};
pub use root::{Answer, Desk};

/// How many levels a query may have: enough for the usual query for the schema itself.
const MOST_LEVELS: usize = 16;

/// All that can be asked. Made once: it takes some milliseconds.
#[derive(Clone)]
pub struct Graph {
    schema: Schema,
}

impl Graph {
    /// The graph of all FHIR resources.
    ///
    /// # Errors
    /// The definitions do not fit together, which a test rules out.
    pub fn of_fhir() -> Result<Self, SchemaError> {
        let schema = Schema::build(root::NAME, None, None).limit_depth(MOST_LEVELS);
        let mut schema = schema.register(root::query()).register(types::any());
        for object in types::objects() {
            schema = schema.register(object);
        }
        Ok(Self {
            schema: schema.finish()?,
        })
    }

    /// What the desk has on a question: `data`, and `errors` for every field that could not be answered.
    ///
    /// # Errors
    /// What is wrong with the question itself.
    pub async fn answer(
        &self,
        question: Question,
        desk: Arc<dyn Desk>,
    ) -> Result<Value, Unanswerable> {
        let request = question.into_request().data(desk);
        let Response { data, errors, .. } = self.schema.execute(request).await;
        if errors.iter().any(|error| error.path.is_empty()) {
            let said = errors.into_iter().map(|error| error.message);
            return Err(Unanswerable(said.collect()));
        }
        let mut answer = Map::new();
        if !errors.is_empty() {
            answer.insert("errors".into(), errors.iter().map(shown).collect());
        }
        answer.insert("data".into(), data.into_json().unwrap_or_default());
        Ok(Value::Object(answer))
    }
}

/// An error as clients know it.
fn shown(error: &ServerError) -> Value {
    let path: Vec<Value> = error
        .path
        .iter()
        .map(|segment| match segment {
            PathSegment::Field(name) => json!(name),
            PathSegment::Index(at) => json!(at),
        })
        .collect();
    let places = error.locations.iter();
    let places: Vec<Value> = places
        .map(|at| json!({ "line": at.line, "column": at.column }))
        .collect();
    json!({ "message": error.message, "path": path, "locations": places, "extensions": {} })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use std::future::ready;

    use fhir::{Place, Request};
    use serde_json::json;

    use super::*;

    /// A desk that has one patient.
    struct OnePatient;

    impl Desk for OnePatient {
        fn ask(&self, request: Request) -> Answer {
            let patient = json!({ "resourceType": "Patient", "multipleBirthInteger": 2, "contained": [null, { "resourceType": "Bogus" }] });
            Box::pin(ready(match request.place {
                Place::Type(_) => Ok(vec![patient]),
                _ => Err("Not found".to_owned()),
            }))
        }
    }

    async fn answer(query: &str) -> Result<Value, Unanswerable> {
        let body = json!({ "query": query });
        let question = Question::read(body.as_object().unwrap())?;
        let graph = Graph::of_fhir().unwrap();
        graph.answer(question, Arc::new(OnePatient)).await
    }

    #[tokio::test]
    async fn the_definitions_fit_together_and_answers_have_the_shape_of_the_question() {
        let query = "{ PatientList { multipleBirthInteger active contained { __typename } } Patient(id: \"1\") { id } }";
        let answer = answer(query).await.unwrap();
        let patient = json!({ "multipleBirthInteger": 2, "active": null, "contained": [] });
        assert_eq!(
            answer["data"],
            json!({ "PatientList": [patient], "Patient": null })
        );
        assert_eq!(answer["errors"][0]["path"], json!(["Patient"]));
    }

    #[tokio::test]
    async fn what_is_no_field_is_said() {
        let refused = answer("{ PatientList { bogus } }").await.unwrap_err();
        assert!(refused.0[0].contains("bogus"), "{refused:?}");
    }
}
