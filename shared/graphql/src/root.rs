//! The fields that ask the desk: one resource by its id, a list by the parameters of a search, the same list with its total, what a
//! reference leads to, and the resources that refer to the one at hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_graphql::dynamic::{
    Field, FieldFuture, FieldValue, InputValue, Object, ResolverContext, TypeRef,
};
use async_graphql::{Context, Error, Result, Value as Plain};
use fhir::search::search_codes;
use fhir::{Place, Request, Verb, known_types};
use serde_json::{Value, json};

use crate::referring::referring;
use crate::types::{ANY, CODE, connection_name};

/// The name of the type of queries.
pub(crate) const NAME: &str = "Query";

/// What a desk answers: the resources that were read or found, as the asker sees them; or why there are none.
pub type Answer = Pin<Box<dyn Future<Output = Result<Found, String>> + Send>>;

/// Resources, and how many there are in all, if that was asked for and is known.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Those that were read or found.
    pub resources: Vec<Value>,
    /// How many a search finds.
    pub total: Option<u64>,
}

/// Whoever answers FHIR requests in the name of the asker.
pub trait Desk: Send + Sync {
    /// Reads or searches.
    fn ask(&self, request: Request) -> Answer;
}

/// Words of a search that are no conditions.
const TEXTS: [&str; 4] = ["_filter", "_sort", "_cursor", "_total"];
const NUMBERS: [&str; 2] = [COUNT, OFFSET];
const COUNT: &str = "_count";
const OFFSET: &str = "_offset";
/// How many a page has unless it is said.
const PAGE: u64 = 20;
/// By which parameter others refer to the resource at hand.
const REFERENCE: &str = "_reference";

/// The type of queries.
pub(crate) fn query() -> Object {
    known_types().fold(Object::new(NAME), |query, kind| {
        let query = query.field(one(kind)).field(list(kind));
        query.field(connection(kind))
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
        let asked = Ok(search(kind, words(&context)));
        FieldFuture::new(every(found(context.ctx, asked)))
    });
    searched(field, kind)
}

/// A page of a list, with its place in the whole.
fn connection(kind: &'static str) -> Field {
    let name = connection_name(kind);
    let field = Field::new(name.clone(), TypeRef::named(name), move |context| {
        let mut words = words(&context);
        let number = |words: &[(String, String)], name: &str| {
            let word = words.iter().find(|(of, _)| of == name);
            word.and_then(|(_, value)| value.parse::<u64>().ok())
        };
        let offset = number(&words, OFFSET).unwrap_or(0);
        let size = number(&words, COUNT).unwrap_or(PAGE);
        let total = "_total".to_owned();
        if context.ctx.look_ahead().field("count").exists() {
            words.retain(|(of, _)| *of != total);
            words.push((total, "accurate".to_owned()));
        }
        let asked = Ok(search(kind, words));
        FieldFuture::new(page(found(context.ctx, asked), (offset, size)))
    });
    searched(field, kind)
}

/// The lists of resources that refer to one of the type `kind`.
pub(crate) fn back(kind: &'static str) -> impl Iterator<Item = Field> {
    referring(kind).map(|(other, codes)| {
        let of = TypeRef::named_list(other);
        let field = Field::new(format!("{other}List"), of, move |context| {
            let asked = referring_to_parent(&context, (other, &codes));
            FieldFuture::new(every(found(context.ctx, asked)))
        });
        let reference = InputValue::new(REFERENCE, TypeRef::named_nn(CODE));
        searched(field, other).argument(reference)
    })
}

fn referring_to_parent(
    context: &ResolverContext<'_>,
    (kind, codes): (&str, &[&str]),
) -> Result<Request> {
    let parent = context.parent_value.try_downcast_ref::<Value>()?;
    let text = |field: &str| parent.get(field).and_then(Value::as_str);
    let own = text("resourceType").zip(text("id"));
    let (own_kind, id) = own.ok_or_else(|| Error::new("Not found"))?;
    let by = match context.args.try_get(REFERENCE)?.as_value() {
        Plain::Enum(name) => name.as_str(),
        Plain::String(text) => text,
        _ => "",
    };
    let code = code(by);
    if !codes.contains(&code.as_str()) {
        let words = format!("{REFERENCE} must be one of {}", codes.join(", "));
        return Err(Error::new(words));
    }
    let mut words = words(context);
    words.push((code, format!("{own_kind}/{id}")));
    Ok(search(kind, words))
}

/// The same field with the parameters of a search of the type `kind`.
fn searched(field: Field, kind: &str) -> Field {
    let texts = search_codes(kind).chain(TEXTS);
    let field = texts.fold(field, |field, code| {
        let of = TypeRef::named(TypeRef::STRING);
        field.argument(InputValue::new(argument(code), of))
    });
    NUMBERS.into_iter().fold(field, |field, name| {
        field.argument(InputValue::new(name, TypeRef::named(TypeRef::INT)))
    })
}

/// The arguments of a field as the words of a search.
fn words(context: &ResolverContext<'_>) -> Vec<(String, String)> {
    let words = context.args.iter().filter_map(|(name, value)| {
        let value = match value.as_value() {
            Plain::String(text) => text.clone(),
            Plain::Number(number) => number.to_string(),
            _ => return None,
        };
        (name != REFERENCE).then(|| (code(name), value))
    });
    words.collect()
}

fn search(kind: &str, words: Vec<(String, String)>) -> Request {
    request(Place::Type(kind.to_owned()), Some(words))
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
async fn found(context: &Context<'_>, asked: Result<Request>) -> Option<Found> {
    match asked_of_desk(context, asked).await {
        Ok(found) => Some(found),
        Err(error) => {
            let error = error.into_server_error(context.item.pos);
            context.add_error(context.set_error_path(error));
            None
        }
    }
}

async fn asked_of_desk(context: &Context<'_>, asked: Result<Request>) -> Result<Found> {
    let desk = context.data::<Arc<dyn Desk>>()?;
    desk.ask(asked?).await.map_err(Error::new)
}

type Shown<'a> = Result<Option<FieldValue<'a>>>;

async fn first<'a>(found: impl Future<Output = Option<Found>> + Send) -> Shown<'a> {
    let found = found
        .await
        .and_then(|found| found.resources.into_iter().next());
    Ok(found.map(FieldValue::owned_any))
}

async fn every<'a>(found: impl Future<Output = Option<Found>> + Send) -> Shown<'a> {
    let found = found.await;
    Ok(found.map(|found| {
        let resources = found.resources.into_iter();
        FieldValue::list(resources.map(FieldValue::owned_any))
    }))
}

async fn page<'a>(
    found: impl Future<Output = Option<Found>> + Send,
    (offset, size): (u64, u64),
) -> Shown<'a> {
    let found = found.await;
    Ok(found.map(|found| {
        let edges = found.resources.into_iter();
        let edges = edges.map(|resource| json!({ "mode": "match", "resource": resource }));
        let edges: Vec<Value> = edges.collect();
        FieldValue::owned_any(json!({
            "count": found.total, "offset": offset, "pageSize": size, "edges": edges,
        }))
    }))
}

async fn typed<'a>(found: impl Future<Output = Option<Found>> + Send) -> Shown<'a> {
    let found = found
        .await
        .and_then(|found| found.resources.into_iter().next());
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
