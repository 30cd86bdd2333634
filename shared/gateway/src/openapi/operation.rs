use serde_json::{Map, Value, json};

use super::responses::{self, Protocol};
use crate::routes::{Access, Route};

/// What one route takes and answers, beyond what the route itself says.
///
/// From access, method and path follow: the name, the parameters of the path, who may call, and the refusals that go with
/// these. The methods below say the rest, in the words of a sentence: `of(INVITE).takes("Invitation").once().gives_resource("ProjectMembership")`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    /// The route.
    pub(super) route: Route,
    pub(super) body: Option<Body>,
    pub(super) answer: Answer,
    pub(super) query: &'static [Parameter],
    /// The type that is searched for, if any: its search parameters are parameters of the query or fields of the form.
    pub(super) searched: Option<&'static str>,
    others: &'static [u16],
    once: bool,
    /// Where its key counts, if not everywhere.
    once_where: &'static str,
    if_match: bool,
    may_create: bool,
}

/// A body, by its media type and the name of its schema.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    Json(&'static str),
    Form(&'static str),
    Scim(&'static str),
    Patch(&'static str),
}

/// What comes back when all goes well.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: Kind,
    pub(super) schema: &'static str,
}

/// How an answer is written, and which headers go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Fhir,
    /// With `ETag` and `Last-Modified`.
    Version,
    /// With these and `Location`.
    Created,
    Text,
    /// A table.
    Csv,
    /// SCIM's JSON.
    Scim,
    /// With `Location`, and no body.
    Elsewhere,
    /// With `ETag`.
    ScimVersion,
    /// With `ETag` and `Location`.
    ScimCreated,
    Nothing,
}

/// A parameter of the query. An empty list of values means any text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    name: &'static str,
    about: &'static str,
    values: &'static [&'static str],
}

/// A parameter of the query that takes any text.
pub(super) const fn text(name: &'static str, about: &'static str) -> Parameter {
    Parameter {
        name,
        about,
        values: &[],
    }
}

/// A parameter of the query that takes one of these words.
pub(super) const fn one_of(
    name: &'static str,
    about: &'static str,
    values: &'static [&'static str],
) -> Parameter {
    Parameter {
        name,
        about,
        values,
    }
}

/// A route, answered with "All OK" until more is said.
pub(super) const fn of(route: Route) -> Operation {
    Operation {
        route,
        body: None,
        answer: Answer {
            status: 200,
            kind: Kind::Fhir,
            schema: "OperationOutcome",
        },
        query: &[],
        searched: None,
        others: &[],
        once: false,
        once_where: "",
        if_match: false,
        may_create: false,
    }
}

impl Operation {
    /// It takes JSON.
    pub(super) const fn takes(self, schema: &'static str) -> Self {
        Self {
            body: Some(Body::Json(schema)),
            ..self
        }
    }

    /// It takes a JSON Patch.
    pub(super) const fn takes_patch(self, schema: &'static str) -> Self {
        Self {
            body: Some(Body::Patch(schema)),
            ..self
        }
    }

    /// It answers 201, with the address, where it has made the resource.
    pub(super) const fn may_create(self) -> Self {
        Self {
            may_create: true,
            ..self
        }
    }

    /// It takes a form.
    pub(super) const fn takes_form(self, schema: &'static str) -> Self {
        Self {
            body: Some(Body::Form(schema)),
            ..self
        }
    }

    /// It takes these parameters in the query.
    pub(super) const fn asks(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    /// It searches for resources of a type, and answers with a page of them.
    pub(super) const fn searches(self, kind: &'static str) -> Self {
        Self {
            searched: Some(kind),
            ..self.answers(200, Kind::Fhir, "Bundle")
        }
    }

    /// It takes `Idempotency-Key`.
    pub(super) const fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// It takes `Idempotency-Key` in the case that a sentence tells.
    pub(super) const fn once_where(self, once_where: &'static str) -> Self {
        Self {
            once: true,
            once_where,
            ..self
        }
    }

    /// It takes `If-Match`.
    pub(super) const fn if_match(self) -> Self {
        Self {
            if_match: true,
            ..self
        }
    }

    /// It answers with ordinary JSON.
    pub(super) const fn gives(self, schema: &'static str) -> Self {
        self.answers(200, Kind::Json, schema)
    }

    /// It answers with a resource, its version and date in the headers.
    pub(super) const fn gives_resource(self, schema: &'static str) -> Self {
        self.answers(200, Kind::Version, schema)
    }

    /// It answers 201 with ordinary JSON.
    pub(super) const fn makes(self, schema: &'static str) -> Self {
        self.answers(201, Kind::Json, schema)
    }

    /// It answers 201 with a resource, its version, date and address in the headers.
    pub(super) const fn creates(self, schema: &'static str) -> Self {
        self.answers(201, Kind::Created, schema)
    }

    /// It takes SCIM's JSON.
    pub(super) const fn takes_scim(self, schema: &'static str) -> Self {
        Self {
            body: Some(Body::Scim(schema)),
            ..self
        }
    }

    /// It answers in SCIM's JSON, with the headers that `kind` says.
    pub(super) const fn gives_scim(self, kind: Kind, schema: &'static str) -> Self {
        let status = if matches!(kind, Kind::ScimCreated) {
            201
        } else {
            200
        };
        self.answers(status, kind, schema)
    }

    /// It answers 204, and nothing.
    pub(super) const fn gives_nothing(self) -> Self {
        self.answers(204, Kind::Nothing, "Text")
    }

    /// It answers 302: the browser is to go elsewhere.
    pub(super) const fn sends_away(self) -> Self {
        self.answers(302, Kind::Elsewhere, "Text")
    }

    /// It answers with plain text.
    pub(super) const fn says(self) -> Self {
        self.answers(200, Kind::Text, "Text")
    }

    /// It answers with a table of what it finds.
    pub(super) const fn as_table(self) -> Self {
        self.answers(200, Kind::Csv, "Text")
    }

    /// It may also refuse with these, beyond what follows from the route and from what it takes.
    pub(super) const fn or(self, others: &'static [u16]) -> Self {
        Self { others, ..self }
    }

    /// It answers with FHIR that has no version.
    pub(super) const fn gives_fhir(self, schema: &'static str) -> Self {
        self.answers(200, Kind::Fhir, schema)
    }

    const fn answers(self, status: u16, kind: Kind, schema: &'static str) -> Self {
        Self {
            answer: Answer {
                status,
                kind,
                schema,
            },
            ..self
        }
    }

    /// The operation as OpenAPI has it.
    pub(super) fn to_json(self) -> Value {
        let mut said = json!({
            "operationId": self.id(),
            "tags": [super::tag(self.route.path)],
            "summary": summary(self.route.operation),
            "security": super::security(self.route.access),
        });
        let parameters = self.parameters();
        if !parameters.is_empty() {
            said["parameters"] = parameters.into();
        }
        if let Some(body) = self.body {
            said["requestBody"] = body.to_json();
        }
        said["responses"] = self.responses();
        said
    }

    /// `GET_MEMBERSHIP` -> `getMembership`.
    fn id(self) -> String {
        let mut words = self.route.name.split('_');
        let first = words.next().unwrap_or_default().to_lowercase();
        let others = words.map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase()));
        std::iter::once(first).chain(others).collect()
    }

    fn parameters(self) -> Vec<Value> {
        let mut all: Vec<Value> = path_parameters(self.route.path).collect();
        all.extend(self.query.iter().map(|parameter| parameter.to_json()));
        if let Some(kind) = self.searched.filter(|_| self.body.is_none()) {
            all.extend(
                super::schemas::search_parameters(kind)
                    .map(|(name, schema)| json!({ "name": name, "in": "query", "schema": schema })),
            );
        }
        let header = |name: &str, about: &str| {
            let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
            json!({ "name": name, "in": "header", "description": about, "schema": schema })
        };
        if self.once {
            let words = "The same key and body again within 24 hours has no further effect and the same answer.";
            let words = format!("{words} {}", self.once_where);
            all.push(header("Idempotency-Key", words.trim_end()));
        }
        if self.if_match {
            all.push(header(
                "If-Match",
                "The `ETag` of the version that is to be changed; another one is refused with 412.",
            ));
        }
        all
    }

    fn responses(self) -> Value {
        let mut all = Map::new();
        all.insert(
            self.answer.status.to_string(),
            responses::success(self.answer),
        );
        if self.may_create {
            let created = Answer {
                status: 201,
                kind: Kind::Created,
                ..self.answer
            };
            all.insert("201".to_owned(), responses::success(created));
        }
        let protocol = Protocol::of(self.route.path);
        for status in self.refusals() {
            let reference = format!("#/components/responses/{}", protocol.response(status));
            all.insert(status.to_string(), json!({ "$ref": reference }));
        }
        all.into()
    }

    /// Every status that a refusal may have, in order.
    fn refusals(self) -> Vec<u16> {
        let Route {
            path,
            access,
            method,
            ..
        } = self.route;
        let closed = access != Access::Open;
        let takes = self.body.is_some() || self.once || self.if_match;
        let rules = [
            (
                400,
                takes || self.searched.is_some() || !self.query.is_empty(),
            ),
            (401, closed),
            (
                403,
                matches!(access, Access::Admin | Access::SuperAdmin) || path.starts_with("/fhir/"),
            ),
            (404, path.contains('{')),
            (409, closed && method != "GET" && self.searched.is_none()),
            (412, self.if_match),
            (413, self.body.is_some()),
            (422, self.once),
            (429, true),
            (503, true),
        ];
        let mut all: Vec<u16> = rules
            .iter()
            .filter(|(_, applies)| *applies)
            .map(|(status, _)| *status)
            .collect();
        all.extend(self.others);
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Body {
    /// The name of its schema.
    pub(super) fn schema(self) -> &'static str {
        match self {
            Self::Json(schema) | Self::Form(schema) | Self::Scim(schema) | Self::Patch(schema) => {
                schema
            }
        }
    }

    fn to_json(self) -> Value {
        let kinds: &[&str] = match self {
            Self::Json(_) => &["application/json", "application/fhir+json"],
            Self::Form(_) => &["application/x-www-form-urlencoded"],
            Self::Scim(_) => &[responses::SCIM_JSON, "application/json"],
            Self::Patch(_) => &["application/json-patch+json", "application/json"],
        };
        let schema = responses::reference(self.schema());
        let content: Map<String, Value> = kinds
            .iter()
            .map(|kind| ((*kind).to_owned(), json!({ "schema": schema })))
            .collect();
        json!({ "required": true, "content": content })
    }
}

impl Parameter {
    fn to_json(self) -> Value {
        let mut schema = json!({ "type": "string" });
        if !self.values.is_empty() {
            schema["enum"] = json!(self.values);
        }
        json!({ "name": self.name, "in": "query", "description": self.about, "schema": schema })
    }
}

/// `read a membership` -> `Read a membership`.
fn summary(operation: &str) -> String {
    let (first, rest) = operation.split_at(operation.len().min(1));
    first.to_uppercase() + rest
}

fn path_parameters(path: &'static str) -> impl Iterator<Item = Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        // Ids are not checked for their form: a malformed one is answered like one that nobody has.
        let example = if name == "resourceType" { "Patient" } else { "00000000-0000-4000-8000-000000000001" };
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1, "examples": [example] } })
    })
}
