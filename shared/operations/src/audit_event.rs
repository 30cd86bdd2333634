//! An event as FHIR shows it (contract: AuditEvent).

use fhir::{Meta, Reference, Resource};
use serde_json::{Map, Value, json};
use store::{Event, Tenant};
use uuid::Uuid;

/// The type under which the record of what was done is read.
pub(crate) const AUDIT_EVENT: &str = "AuditEvent";

/// An event of this project as a resource.
pub(crate) fn audit_event(tenant: Tenant<'_>, id: Uuid, event: Event) -> Resource {
    let action = serde_json::to_value(event.action).unwrap_or_default();
    let detail = |(field, how): (&String, &String)| json!({ "type": field, "valueString": how });
    let details: Vec<Value> = event.fields.iter().map(detail).collect();
    let entity = event
        .what
        .as_ref()
        .map(|what| json!({ "what": what.to_json(), "detail": details }));
    let body = json!({
        "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest",
                  "display": "Restful Operation" },
        "subtype": [{ "system": "http://hl7.org/fhir/restful-interaction", "code": "operation",
                      "display": event.operation }],
        "action": action,
        "recorded": event.recorded,
        "outcome": event.outcome,
        "outcomeDesc": event.description,
        "agent": [{ "who": event.who.to_json(), "requestor": true }],
        "source": { "observer": { "identifier": { "value": "roster" } } },
        "entity": entity.into_iter().collect::<Vec<_>>(),
    });
    Resource {
        kind: AUDIT_EVENT.into(),
        id,
        meta: Meta {
            version: id,
            last_updated: event.recorded,
            author: Reference::system(),
            project: Some(tenant.project().uuid()),
            on_behalf_of: None,
            rest: Map::new(),
        },
        body: body.as_object().cloned().unwrap_or_default(),
    }
}
