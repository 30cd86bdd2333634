//! The fields of the query itself: one resource by its id, and a list by the parameters of a search.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_graphql::dynamic::{
    Field, FieldFuture, FieldValue, InputValue, Object, ResolverContext, TypeRef,
};
use async_graphql::{Context, Error, Result, Value as Plain};
use fhir::search::search_codes;
use fhir::{Place, Request, Verb, known_types};
use serde_json::Value;

use crate::types::ANY;

/// The name of the type of queries.
pub(crate) const NAME: &str = "Query";

/// What a desk answers: the resources that were read or found, as the asker sees them; or why there are none.
pub type Answer = Pin<Box<dyn Future<Output = Result<Vec<Value>, String>> + Send>>;

/// Whoever answers FHIR requests in the name of the asker.
pub trait Desk: Send + Sync {
    /// Reads or searches.
    fn ask(&self, request: Request) -> Answer;
}

/// Words of a search that are no conditions.
const TEXTS: [&str; 4] = ["_filter", "_sort", "_cursor", "_total"];
const NUMBERS: [&str; 2] = ["_count", "_offset"];

/// The type of queries.
pub(crate) fn query() -> Object {
    known_types().fold(Object::new(NAME), |query, kind| {
        query.field(one(kind)).field(list(kind))
    })
}

fn one(kind: &'static str) -> Field {
    Field::new(kind, TypeRef::named(kind), move |context| {
        let asked = by_id(&context, kind);
        FieldFuture::new(first(found(context.ctx, asked)))
    })
    .argument(InputValue::new("id", TypeRef::named_nn(TypeRef::ID)))
}

fn by_id(context: &ResolverContext<'_>, kind: &str) -> Result<Request> {
    let id = context.args.try_get("id")?.string()?.to_owned();
    Ok(request(Place::Resource(kind.to_owned(), id), None))
}

fn list(kind: &'static str) -> Field {
    let of = TypeRef::named_list(kind);
    let field = Field::new(format!("{kind}List"), of, move |context| {
        let asked = Ok(search(&context, kind));
        FieldFuture::new(every(found(context.ctx, asked)))
    });
    let texts = search_codes(kind).chain(TEXTS);
    let field = texts.fold(field, |field, code| {
        let of = TypeRef::named(TypeRef::STRING);
        field.argument(InputValue::new(argument(code), of))
    });
    NUMBERS.into_iter().fold(field, |field, name| {
        field.argument(InputValue::new(name, TypeRef::named(TypeRef::INT)))
    })
}

fn search(context: &ResolverContext<'_>, kind: &str) -> Request {
    let words = context.args.iter().filter_map(|(name, value)| {
        let value = match value.as_value() {
            Plain::String(text) => text.clone(),
            Plain::Number(number) => number.to_string(),
            _ => return None,
        };
        Some((code(name), value))
    });
    request(Place::Type(kind.to_owned()), Some(words.collect()))
}

/// What lies behind a reference.
pub(crate) fn resource() -> Field {
    Field::new("resource", TypeRef::named(ANY), |context| {
        let asked = referred(&context);
        FieldFuture::new(typed(found(context.ctx, asked)))
    })
}

fn referred(context: &ResolverContext<'_>) -> Result<Request> {
    let parent = context.parent_value.try_downcast_ref::<Value>()?;
    let reference = parent.get("reference").and_then(Value::as_str);
    let place = reference.and_then(|text| text.split_once('/'));
    let place = place.map(|(kind, id)| Place::Resource(kind.to_owned(), id.to_owned()));
    Ok(request(place.unwrap_or(Place::Elsewhere), None))
}

/// What the desk has that came with the question. Why it has nothing is told beside the answer, and the field is null.
async fn found(context: &Context<'_>, asked: Result<Request>) -> Option<Vec<Value>> {
    match asked_of_desk(context, asked).await {
        Ok(found) => Some(found),
        Err(error) => {
            let error = error.into_server_error(context.item.pos);
            context.add_error(context.set_error_path(error));
            None
        }
    }
}

async fn asked_of_desk(context: &Context<'_>, asked: Result<Request>) -> Result<Vec<Value>> {
    let desk = context.data::<Arc<dyn Desk>>()?;
    desk.ask(asked?).await.map_err(Error::new)
}

type Shown<'a> = Result<Option<FieldValue<'a>>>;

async fn first<'a>(found: impl Future<Output = Option<Vec<Value>>> + Send) -> Shown<'a> {
    let found = found.await.and_then(|found| found.into_iter().next());
    Ok(found.map(FieldValue::owned_any))
}

async fn every<'a>(found: impl Future<Output = Option<Vec<Value>>> + Send) -> Shown<'a> {
    let found = found.await;
    Ok(found.map(|found| FieldValue::list(found.into_iter().map(FieldValue::owned_any))))
}

async fn typed<'a>(found: impl Future<Output = Option<Vec<Value>>> + Send) -> Shown<'a> {
    let found = found.await.and_then(|found| found.into_iter().next());
    Ok(found.and_then(|resource| {
        let kind = resource.get("resourceType")?.as_str()?.to_owned();
        Some(FieldValue::owned_any(resource).with_type(kind))
    }))
}

/// How GraphQL writes a search parameter: without hyphens.
fn argument(code: &str) -> String {
    code.replace('-', "_")
}

/// The search parameter that an argument stands for.
fn code(argument: &str) -> String {
    match argument.strip_prefix('_') {
        Some(rest) => format!("_{rest}"),
        None => argument.replace('_', "-"),
    }
}

fn request(place: Place, words: Option<Vec<(String, String)>>) -> Request {
    Request {
        verb: Verb::Get,
        place,
        words,
        resource: None,
        name: None,
        if_match: None,
        if_none_exist: None,
    }
}
