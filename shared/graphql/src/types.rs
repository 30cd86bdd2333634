//! The types of the graph: one object for each type of the definitions and for each nested element, under a name without dots.

use std::collections::BTreeSet;

use async_graphql::Value as Plain;
use async_graphql::dynamic::{Field, FieldFuture, FieldValue, Object, Scalar, TypeRef, Union};
use fhir::schema::{Property, Shape, properties};
use fhir::{known, known_types};
use serde_json::Value;

use crate::root;

/// The name of the type that a resource of any type has.
pub(crate) const ANY: &str = "ResourceList";
/// The name of a search parameter, as a word or as a text.
pub(crate) const CODE: &str = "SearchParameterCode";
/// A resource of any type, in the definitions.
const RESOURCE: &str = "Resource";

/// A resource of any type.
pub(crate) fn any() -> Union {
    known_types().fold(Union::new(ANY), Union::possible_type)
}

/// The name of a search parameter.
pub(crate) fn code() -> Scalar {
    Scalar::new(CODE).validator(|value| matches!(value, Plain::Enum(_) | Plain::String(_)))
}

/// The type of pages of a list.
pub(crate) fn connection_name(kind: &str) -> String {
    format!("{kind}Connection")
}

/// The types of pages, and of what is on them.
pub(crate) fn connections() -> impl Iterator<Item = Object> {
    known_types().flat_map(|kind| {
        let (page, edge) = (connection_name(kind), format!("{kind}ConnectionEdge"));
        let property = |name: &str, kind: &str, shape, array| {
            let (name, kind) = (name.to_owned(), kind.to_owned());
            field(Property {
                name,
                kind,
                shape,
                array,
            })
        };
        let numbers = ["count", "offset", "pageSize"];
        let numbers = numbers.map(|name| property(name, "", Shape::Whole, false));
        let page = numbers.into_iter().fold(Object::new(page), Object::field);
        let page = page.field(property("edges", &edge, Shape::Elements, true));
        let edge = Object::new(edge)
            .field(property("mode", "", Shape::Text, false))
            .field(property("score", "", Shape::Number, false))
            .field(property("resource", kind, Shape::Elements, false));
        [page, edge]
    })
}

/// Every type that a resource can be made of.
pub(crate) fn objects() -> Vec<Object> {
    let mut seen: BTreeSet<String> = known_types().map(str::to_owned).collect();
    let mut waiting: Vec<String> = seen.iter().cloned().collect();
    let mut objects = Vec::new();
    while let Some(name) = waiting.pop() {
        let properties = properties(&name);
        for property in &properties {
            let made_of = property.shape == Shape::Elements && property.kind != RESOURCE;
            if made_of && seen.insert(property.kind.clone()) {
                waiting.push(property.kind.clone());
            }
        }
        objects.push(object(&name, properties));
    }
    objects
}

fn object(name: &str, properties: Vec<Property>) -> Object {
    let fields = properties.into_iter().map(field);
    let object = fields.fold(Object::new(graph_name(name)), Object::field);
    if known(name) {
        let kind = Plain::from(name);
        let of = TypeRef::named_nn(TypeRef::STRING);
        let object = object.field(Field::new("resourceType", of, move |_| {
            FieldFuture::Value(Some(FieldValue::value(kind.clone())))
        }));
        let name = known_types().find(|known| *known == name);
        return name
            .into_iter()
            .flat_map(root::back)
            .fold(object, Object::field);
    }
    match name {
        "Reference" => object.field(root::resource()),
        _ => object,
    }
}

/// `Patient.contact` is `PatientContact`.
fn graph_name(name: &str) -> String {
    let capitalised = |piece: &str| {
        let mut letters = piece.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('.').map(capitalised).collect()
}

fn field(property: Property) -> Field {
    let kind = match property.shape {
        Shape::Elements if property.kind == RESOURCE => ANY.to_owned(),
        Shape::Elements => graph_name(&property.kind),
        Shape::Boolean => TypeRef::BOOLEAN.to_owned(),
        Shape::Whole => TypeRef::INT.to_owned(),
        Shape::Number => TypeRef::FLOAT.to_owned(),
        Shape::Text => TypeRef::STRING.to_owned(),
    };
    let of = match property.array {
        true => TypeRef::named_list(kind),
        false => TypeRef::named(kind),
    };
    Field::new(property.name.clone(), of, move |context| {
        let parent = context.parent_value.try_downcast_ref::<Value>().ok();
        let value = parent.and_then(|parent| parent.get(&property.name));
        FieldFuture::Value(value.and_then(|value| shown(value, &property)))
    })
}

fn shown<'a>(value: &'a Value, property: &Property) -> Option<FieldValue<'a>> {
    if !property.array {
        return one(value, property);
    }
    let values = match value {
        Value::Array(values) => values.iter(),
        other => std::slice::from_ref(other).iter(),
    };
    let values = values.filter_map(|value| one(value, property));
    Some(FieldValue::list(values))
}

fn one<'a>(value: &'a Value, property: &Property) -> Option<FieldValue<'a>> {
    match property.shape {
        _ if value.is_null() => None,
        Shape::Elements if property.kind == RESOURCE => {
            let kind = value
                .get("resourceType")?
                .as_str()
                .filter(|kind| known(kind))?;
            Some(FieldValue::borrowed_any(value).with_type(kind.to_owned()))
        }
        Shape::Elements => Some(FieldValue::borrowed_any(value)),
        Shape::Boolean | Shape::Whole | Shape::Number | Shape::Text => {
            Some(FieldValue::value(Plain::from_json(value.clone()).ok()?))
        }
    }
}
