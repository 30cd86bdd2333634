//! GraphQL over FHIR resources, as Medplum's clients ask: `Patient(id: …)`, `PatientList(name: …)`, `PatientConnection(…)` with its total,
//! the `resource` behind a reference, and lists of what refers to a resource: `ObservationList(_reference: subject)`. The types are those of the FHIR definitions. What a query asks for is asked of a [`Desk`], one FHIR request for each
//! field, so that nobody gets by GraphQL what the same request would refuse him.

mod depth;
mod question;
mod referring;
mod root;
mod types;
mod weight;

use std::sync::Arc;

use async_graphql::dynamic::{Schema, SchemaError};
use async_graphql::{PathSegment, Response, ServerError};
use serde_json::{Map, Value, json};

pub use question::{Question, Unanswerable};
pub use root::{Answer, Desk, Found};

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
        schema = schema.register(types::code());
        for object in types::objects().into_iter().chain(types::connections()) {
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
            let patient = json!({ "resourceType": "Patient", "id": "p", "multipleBirthInteger": 2, "contained": [null, { "resourceType": "Bogus" }] });
            Box::pin(ready(match request.place {
                Place::Type(kind) if kind == "Patient" => Ok(Found {
                    resources: vec![patient],
                    total: request
                        .words
                        .and_then(|words| words.iter().any(|(of, _)| of == "_total").then_some(7)),
                }),
                Place::Type(kind) => Ok(Found {
                    resources: vec![json!({ "resourceType": kind, "asked": request.words })],
                    total: None,
                }),
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
    async fn a_page_has_its_place_in_the_whole() {
        let query = "{ PatientConnection(_offset: 3) { count offset pageSize edges { mode score resource { multipleBirthInteger } } } }";
        let page = answer(query).await.unwrap()["data"]["PatientConnection"].clone();
        let edge =
            json!({ "mode": "match", "score": null, "resource": { "multipleBirthInteger": 2 } });
        let expected = json!({ "count": 7, "offset": 3, "pageSize": 20, "edges": [edge] });
        assert_eq!(page, expected);
    }

    #[tokio::test]
    async fn lists_lead_back_by_parameters_that_refer() {
        let asked = "{ PatientList { ObservationList(_reference: subject, status: \"final\") { resourceType } } }";
        let found = answer(asked).await.unwrap()["data"]["PatientList"][0].clone();
        assert_eq!(found["ObservationList"][0]["resourceType"], "Observation");
        let wrong = "{ PatientList { ObservationList(_reference: based_on) { id } } }";
        let refused = answer(wrong).await.unwrap();
        let words = refused["errors"][0]["message"].as_str().unwrap();
        assert!(words.starts_with("_reference must be one of"), "{words}");
        let missing = "{ PatientList { ObservationList { id } } }";
        assert!(answer(missing).await.is_err());
    }

    #[tokio::test]
    async fn what_is_no_field_is_said() {
        let refused = answer("{ PatientList { bogus } }").await.unwrap_err();
        assert!(refused.0[0].contains("bogus"), "{refused:?}");
    }
}
