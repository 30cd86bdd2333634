//! A user who is to be provisioned, as an invitation without a letter.

use domain::{Fault, Invitation};
use serde_json::{Map, Value, json};

use super::attribute::{Attribute, said};
use super::{USER, field};

/// Reads a POST.
///
/// # Errors
/// Faults that name the attributes as SCIM does.
pub fn invitation(body: &Map<String, Value>) -> Result<Invitation, Vec<Fault>> {
    check_schemas(body)?;
    let said = said(body)?;
    let value = |attribute| said.get(&attribute).cloned().flatten();
    let mut membership = Map::new();
    for attribute in [
        Attribute::UserName,
        Attribute::ExternalId,
        Attribute::Active,
    ] {
        if let Some(value) = value(attribute) {
            membership.insert(attribute.name().into(), value);
        }
    }
    let kind = value(Attribute::UserType).unwrap_or_else(|| "Practitioner".into());
    let invitation = json!({
        "resourceType": kind,
        "firstName": value(Attribute::GivenName),
        "lastName": value(Attribute::FamilyName),
        "email": value(Attribute::Email),
        "patient": field(body, "patient"),
        "sendEmail": false,
        "membership": membership,
    });
    let invitation = invitation.as_object().cloned().unwrap_or_default();
    Invitation::parse(&invitation).map_err(|faults| faults.into_iter().map(in_scim).collect())
}

/// A fault of the invitation, at the attribute from which it comes.
fn in_scim(fault: Fault) -> Fault {
    let (at, text) = match fault.expression.as_deref() {
        Some("resourceType") => (
            "userType",
            "userType must be Practitioner, Patient or RelatedPerson",
        ),
        Some("firstName") => ("name.givenName", fault.text.as_str()),
        Some("lastName") => ("name.familyName", fault.text.as_str()),
        Some("email") | None => ("emails", fault.text.as_str()),
        Some(_) => return fault,
    };
    Fault {
        expression: Some(at.to_owned()),
        text: text.to_owned(),
        ..fault
    }
}

/// Whether a body that says what it is says that it is a user.
///
/// # Errors
/// A fault that names `schemas`.
pub(super) fn check_schemas(body: &Map<String, Value>) -> Result<(), Vec<Fault>> {
    let fits = match field(body, "schemas") {
        None | Some(Value::Null) => true,
        Some(Value::Array(schemas)) => schemas.iter().any(|schema| schema == USER),
        Some(_) => false,
    };
    if fits {
        return Ok(());
    }
    Err(vec![Fault::invalid(
        "schemas",
        format!("schemas must name {USER}"),
    )])
}
