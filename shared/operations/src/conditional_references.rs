//! References that are searches: `Type?code=value` becomes the one resource that it finds, when it is written.

use std::collections::BTreeMap;

use domain::{Failure, Fault, Refusal};
use serde_json::{Map, Value, json};
use store::Tenant;

use crate::{Means, Sight, conditional};

/// Such references that one resource may make: each is a search before anything is written.
const MOST: usize = 20;

/// The body with every such reference resolved.
///
/// # Errors
/// One fault for each that finds nothing or several; the faults of its search; [`Failure::Unavailable`].
pub(crate) async fn resolved(
    means: Means<'_>,
    (tenant, sight): (Tenant<'_>, &Sight),
    kind: &str,
    body: Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    let mut body = Value::Object(body);
    let mut wanted = BTreeMap::new();
    walk(kind, &mut body, &mut |path, reference| {
        wanted.insert(reference.clone(), path.to_owned());
    });
    if wanted.len() > MOST {
        let words = format!("More than {MOST} conditional references cannot be resolved");
        return Err(Fault::structure(kind, words).into());
    }
    let (mut found, mut faults) = (BTreeMap::new(), Vec::new());
    for (reference, path) in wanted {
        match find(means, (tenant, sight), &reference).await? {
            Ok(target) => {
                found.insert(reference, target);
            }
            Err(words) => {
                let words = format!("Conditional reference '{reference}' {words}");
                faults.push(Fault::structure(path, words));
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    walk(kind, &mut body, &mut |_, reference| {
        if let Some(target) = found.get(reference.as_str()) {
            reference.clone_from(target);
        }
    });
    match body {
        Value::Object(body) => Ok(body),
        _ => Ok(Map::new()),
    }
}

/// The operations of a patch with every such reference in their values resolved, also where the value is the reference alone.
///
/// # Errors
/// As [`resolved`].
pub(crate) async fn resolved_in_patch(
    means: Means<'_>,
    reader: (Tenant<'_>, &Sight),
    kind: &str,
    operations: Vec<Value>,
) -> Result<Vec<Value>, Failure> {
    let bare = |operation: &Value| {
        let path = operation["path"].as_str().unwrap_or_default();
        path.ends_with("/reference") && operation["value"].is_string()
    };
    let bare: Vec<bool> = operations.iter().map(bare).collect();
    let mut operations = operations;
    for (operation, _) in operations.iter_mut().zip(&bare).filter(|(_, bare)| **bare) {
        operation["value"] = json!({ "reference": operation["value"] });
    }
    let body = Map::from_iter([("patch".to_owned(), Value::Array(operations))]);
    let mut body = resolved(means, reader, kind, body).await?;
    let Some(Value::Array(mut operations)) = body.shift_remove("patch") else {
        return Ok(Vec::new());
    };
    for (operation, _) in operations.iter_mut().zip(&bare).filter(|(_, bare)| **bare) {
        operation["value"] = operation["value"]["reference"].take();
    }
    Ok(operations)
}

/// What the search finds, or why it does not.
async fn find(
    means: Means<'_>,
    (tenant, sight): (Tenant<'_>, &Sight),
    reference: &str,
) -> Result<Result<String, &'static str>, Failure> {
    let Some((kind, words)) = reference.split_once('?') else {
        return Ok(Err("did not match any resources"));
    };
    let words = fhir::criteria(words);
    match Box::pin(conditional::find(means, tenant, sight, (kind, &words))).await {
        Ok(Some(id)) => Ok(Ok(format!("{kind}/{id}"))),
        Ok(None) => Ok(Err("did not match any resources")),
        Err(Failure::Refused(Refusal::MultipleMatches)) => Ok(Err("matched multiple resources")),
        Err(failure) => Err(failure),
    }
}

/// Shows every such reference, with its path.
fn walk(path: &str, value: &mut Value, show: &mut dyn FnMut(&str, &mut String)) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields.iter_mut().filter(|(name, _)| *name != "meta") {
                match inner {
                    Value::String(text) if name == "reference" && is_search(text) => {
                        show(path, text);
                    }
                    inner => walk(&format!("{path}.{name}"), inner, show),
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                walk(&format!("{path}[{at}]"), item, show);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_search(text: &str) -> bool {
    text.split_once('?')
        .is_some_and(|(kind, _)| fhir::known(kind))
}
