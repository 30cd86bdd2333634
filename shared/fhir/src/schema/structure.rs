//! The definitions as FHIR's own StructureDefinition resources, made from the compact text when somebody asks for one.

use serde_json::{Map, Value, json};

use super::definition::{Element, Type, base_of, elements};
use super::primitive;
use crate::known::known;

/// Where FHIR's own types are defined.
const FHIR: &str = "http://hl7.org/fhir/StructureDefinition";
/// Where the administrative types are defined that Medplum adds to them.
const MEDPLUM: &str = "https://medplum.com/fhir/StructureDefinition";
/// Where FHIR's own code lists are defined.
const LISTS: &str = "http://hl7.org/fhir/ValueSet/";
/// The types that are defined there.
const ADDED: [&str; 16] = [
    "AccessPolicy",
    "Agent",
    "AsyncJob",
    "Bot",
    "BulkDataExport",
    "ClientApplication",
    "DomainConfiguration",
    "JsonWebKey",
    "Login",
    "PasswordChangeRequest",
    "Project",
    "ProjectMembership",
    "SmartAppLaunch",
    "User",
    "UserConfiguration",
    "UserSecurityRequest",
];
/// Types of which there are only more special ones.
const ABSTRACT: [&str; 4] = ["BackboneElement", "DomainResource", "Element", "Resource"];

/// The address that names the definition of a type.
pub fn canonical(name: &str) -> String {
    let place = if ADDED.contains(&name) { MEDPLUM } else { FHIR };
    format!("{place}/{name}")
}

/// What a StructureDefinition says of the type `name` without its elements; `None` when nothing of that name is defined.
pub fn outline(name: &str) -> Option<Map<String, Value>> {
    elements(name)?;
    let kind = if known(name) || name.ends_with("Resource") {
        "resource"
    } else {
        "complex-type"
    };
    let Value::Object(mut outline) = json!({
        "url": canonical(name),
        "name": name,
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": kind,
        "abstract": ABSTRACT.contains(&name),
        "type": name,
    }) else {
        return None;
    };
    if let Some(base) = base_of(name) {
        outline.insert("baseDefinition".into(), canonical(base).into());
        outline.insert("derivation".into(), "specialization".into());
    }
    Some(outline)
}

/// The `snapshot` of the type `name`: every element, those of nested elements after the element they belong to.
pub fn snapshot(name: &str) -> Value {
    let itself = json!({ "path": name, "min": 0, "max": "*" });
    let mut list = vec![json!({
        "id": name, "path": name, "min": 0, "max": "*", "base": itself,
    })];
    describe(name, &mut list);
    json!({ "element": list })
}

/// Describes the elements of a section, whose name is their path.
fn describe(section: &str, list: &mut Vec<Value>) {
    let base = base_of(section);
    let inherited = base.and_then(elements).map_or(0, <[Element]>::len);
    let all = elements(section).unwrap_or_default();
    for (at, element) in all.iter().enumerate() {
        if at < inherited && all[inherited..].iter().any(|own| own.name == element.name) {
            continue;
        }
        let choice = if element.choice { "[x]" } else { "" };
        let place = base.filter(|_| at < inherited).unwrap_or(section);
        let path = format!("{section}.{}{choice}", element.name);
        let (min, max) = (
            u8::from(element.required),
            if element.array { "*" } else { "1" },
        );
        let mut described = json!({
            "id": path, "path": path, "min": min, "max": max,
            "base": { "path": format!("{place}.{}{choice}", element.name), "min": min, "max": max },
        });
        let nested = format!("{section}.{}", element.name);
        match element.types.first() {
            Some(only) if only.name == nested => {
                described["type"] = json!([{ "code": base_of(&nested).unwrap_or("Element") }]);
                list.push(described);
                describe(&nested, list);
            }
            Some(only) if only.name.contains('.') => {
                described["contentReference"] = format!("#{}", only.name).into();
                list.push(described);
            }
            _ => {
                described["type"] = element.types.iter().map(type_of).collect();
                if let Some(list) = element.binding {
                    let place = if list.contains(':') { "" } else { LISTS };
                    let list = format!("{place}{list}");
                    described["binding"] = json!({ "strength": "required", "valueSet": list });
                }
                list.push(described);
            }
        }
    }
}

fn type_of(kind: &Type) -> Value {
    let mut described = json!({ "code": kind.name });
    if !kind.targets.is_empty() {
        described["targetProfile"] = kind.targets.iter().map(|name| canonical(name)).collect();
    }
    described
}

/// How an element is found in an expression, its property in JSON given: `deceasedDateTime` is `deceased`. With the types it may refer to.
pub fn element_of(kind: &str, property: &str) -> (String, Vec<&'static str>) {
    let of = |element: &&Element| element.types.iter().any(|kind| kind.property() == property);
    let found = elements(kind).into_iter().flatten().find(of);
    let name = found.map_or(property, |element| element.name);
    let types = found.into_iter().flat_map(|element| &element.types);
    let targets = types.flat_map(|kind| kind.targets.iter().copied());
    (name.to_owned(), targets.collect())
}

/// A type that is made of elements, or the kind of plain value that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// It has elements of its own; a resource of any type, where the type is `Resource`.
    Elements,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Whole,
    /// Any number.
    Number,
    /// A text.
    Text,
}

/// One property of a type, as JSON has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Its name; a choice of types is one property for each.
    pub name: String,
    /// The name of its type, as [`properties`] knows it.
    pub kind: String,
    /// What values of the type are.
    pub shape: Shape,
    /// Whether there may be several values.
    pub array: bool,
}

/// The properties of a type, a data type or a nested element (`Patient.contact`); empty when nothing of that name is defined.
pub fn properties(name: &str) -> Vec<Property> {
    let all = elements(name).into_iter().flatten();
    let all = all.flat_map(|element| element.types.iter().map(move |kind| (element, kind)));
    let mut properties: Vec<Property> = Vec::new();
    for (element, kind) in all {
        let property = Property {
            name: kind.property().to_owned(),
            shape: shape(&kind.name),
            kind: kind.name.clone(),
            array: element.array,
        };
        // Some types say again what those before them have said.
        match properties.iter_mut().find(|it| it.name == property.name) {
            Some(said) => *said = property,
            None => properties.push(property),
        }
    }
    properties
}

fn shape(name: &str) -> Shape {
    match (name, primitive::json_type(name)) {
        (_, None) => Shape::Elements,
        ("decimal", _) => Shape::Number,
        (_, Some("boolean")) => Shape::Boolean,
        (_, Some("number")) => Shape::Whole,
        _ => Shape::Text,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use super::*;

    fn element(kind: &str, path: &str) -> Value {
        let snapshot = snapshot(kind);
        let list = snapshot["element"].as_array().unwrap();
        let found = list.iter().find(|element| element["path"] == path);
        found.cloned().unwrap_or_default()
    }

    #[test]
    fn nested_elements_references_and_choices_are_described() {
        let parameter = "ProjectMembership.access.parameter";
        assert_eq!(element("ProjectMembership", parameter)["max"], "*");
        let value = element("ProjectMembership", &format!("{parameter}.value[x]"));
        assert_eq!(
            (&value["min"], &value["type"][0]["code"]),
            (&json!(1), &json!("string"))
        );
        let project = element("ProjectMembership", "ProjectMembership.project");
        let target = &project["type"][0]["targetProfile"][0];
        assert_eq!(
            target,
            "https://medplum.com/fhir/StructureDefinition/Project"
        );
        let id = element("Patient", "Patient.id");
        assert_eq!(id["base"]["path"], "DomainResource.id");
    }

    #[test]
    fn an_element_is_bound_to_its_code_list() {
        let gender = element("Patient", "Patient.gender");
        let list = "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1";
        let binding = json!({ "strength": "required", "valueSet": list });
        assert_eq!(gender["binding"], binding);
        let status = element("ClientApplication", "ClientApplication.status");
        let list = "https://medplum.com/fhir/ValueSet/client-application-status";
        assert_eq!(status["binding"]["valueSet"], list);
    }

    #[test]
    fn an_element_like_another_refers_to_it() {
        let item = element("Questionnaire", "Questionnaire.item.item");
        assert_eq!(item["contentReference"], "#Questionnaire.item");
        assert_eq!(item["type"], Value::Null);
    }

    #[test]
    fn every_type_of_resource_and_of_data_has_an_outline() {
        assert_eq!(outline("Patient").unwrap()["kind"], "resource");
        assert_eq!(outline("HumanName").unwrap()["kind"], "complex-type");
        assert!(outline("string").is_none());
        assert!(crate::known_types().all(|kind| outline(kind).is_some()));
    }

    #[test]
    fn the_properties_of_a_choice_are_one_for_each_type() {
        let names: Vec<String> = properties("ProjectMembership.access.parameter")
            .into_iter()
            .map(|property| property.name)
            .collect();
        assert!(names.contains(&"valueReference".to_owned()));
        assert_eq!(element_of("Patient", "deceasedDateTime").0, "deceased");
    }
}
