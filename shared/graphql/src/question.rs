//! What is asked: a query, the name of its operation, its variables.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Request, Variables};
use serde_json::{Map, Value};

use crate::{depth, weight};

/// A well-formed question.
#[derive(Debug)]
pub struct Question {
    query: String,
    operation: Option<String>,
    variables: Value,
    document: ExecutableDocument,
}

/// Why a question has no answer, in sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswerable(pub Vec<String>);

impl Question {
    /// Reads `query`, `operationName` and `variables`.
    ///
    /// # Errors
    /// There is no query, it is not GraphQL, or it would never come to an end.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Unanswerable> {
        let said = |words: &str| Unanswerable(vec![words.to_owned()]);
        let query = body.get("query").and_then(Value::as_str);
        let query = query.filter(|query| !query.trim().is_empty());
        let query = query.ok_or_else(|| said("Must provide query."))?;
        let document = parse_query(query).map_err(|_| said("GraphQL syntax error."))?;
        if !weight::is_bearable(&document) {
            return Err(said("The query is too large."));
        }
        let operation = body.get("operationName").and_then(Value::as_str);
        Ok(Self {
            query: query.to_owned(),
            operation: operation.map(str::to_owned),
            variables: body.get("variables").cloned().unwrap_or_default(),
            document,
        })
    }

    /// Whether the question is about the schema and not about what there is.
    pub fn is_introspective(&self) -> bool {
        let operations = self.document.operations.iter();
        let mut sets = operations
            .map(|(_, operation)| &operation.node.selection_set.node)
            .chain(
                self.document
                    .fragments
                    .values()
                    .map(|fragment| &fragment.node.selection_set.node),
            );
        sets.any(asks_for_schema)
    }

    /// How many levels of fields it has.
    pub fn levels(&self) -> usize {
        depth::levels(&self.document)
    }

    pub(crate) fn into_request(self) -> Request {
        let request = Request::new(self.query).variables(Variables::from_json(self.variables));
        match self.operation {
            Some(name) => request.operation_name(name),
            None => request,
        }
    }
}

fn asks_for_schema(set: &SelectionSet) -> bool {
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => ["__schema", "__type"].contains(&field.node.name.node.as_str()),
        Selection::InlineFragment(fragment) => asks_for_schema(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => false,
    })
}
