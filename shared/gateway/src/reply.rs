//! What the caller sees when all went well.

use csv::{QuoteStyle, Terminator, WriterBuilder};
use domain::Timestamp;
use fhir::search::{Next, Query};
use fhir::{Entry, Mode, Resource, View};
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED, LINK, LOCATION, REFERRER_POLICY,
    SET_COOKIE,
};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde_json::{Value, json};

use crate::{Problem, limits};

/// FHIR's own media type.
const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";
/// SCIM's media type (RFC 7644, section 8.1).
const SCIM_JSON: &str = "application/scim+json; charset=utf-8";
const CSV: &str = "text/csv; charset=utf-8; header=present";
const JSON: &str = "application/json; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    kind: &'static str,
    body: Content,
    headers: Vec<(HeaderName, String)>,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Page {
    /// What was asked.
    pub query: Query,
    /// What matches.
    pub matches: Vec<Resource>,
    /// What was asked to come along.
    pub included: Vec<Resource>,
    /// How the search goes on.
    pub next: Next,
    /// How many there are in all, if that was asked and is known.
    pub total: Option<u64>,
}

impl Page {
    /// The page as a bundle.
    pub fn bundle(self, view: View, base_url: &str) -> Value {
        let query = self.query;
        let links = query.links(base_url, self.matches.len(), &self.next);
        let matches = self.matches.into_iter().map(|found| {
            let mut resource = found.into_json(view);
            query.narrow(&mut resource);
            Entry {
                mode: Mode::Match,
                resource,
            }
        });
        let included = self.included.into_iter();
        let included = included.map(|found| Entry {
            mode: Mode::Include,
            resource: found.into_json(view),
        });
        let entries = matches.chain(included).collect();
        fhir::searchset(base_url, entries, &links, self.total)
    }

    /// The matches as a table, with the fields as its header; and where it goes on.
    pub fn table(self, view: View, base_url: &str) -> Reply {
        let query = self.query;
        let links = query.links(base_url, self.matches.len(), &self.next);
        let found = self.matches.into_iter();
        let cells = found.map(|found| query.cells(&found.into_json(view)));
        let header = query.fields.clone().unwrap_or_default();
        let reply = Reply::csv(std::iter::once(header).chain(cells));
        match links.iter().find(|link| link.relation == "next") {
            Some(link) => {
                let search = format!("/{}?", query.kind);
                let next = link
                    .url
                    .replacen(&search, &format!("/{}/$csv?", query.kind), 1);
                reply.with(LINK, format!("<{next}>; rel=\"next\""))
            }
            None => reply,
        }
    }
}

#[derive(Clone, Debug)]
enum Content {
    Json(Value),
    Text(String),
    Nothing,
}

impl Reply {
    /// A FHIR resource, with its version and date in the headers.
    pub fn resource(resource: &Resource, view: View) -> Self {
        let reply = Self::fhir(resource.to_json(view));
        let tag = format!("W/\"{}\"", resource.meta.version);
        let reply = reply.with(ETAG, tag);
        match resource.meta.last_updated.parse::<Timestamp>() {
            Ok(time) => reply.with(LAST_MODIFIED, time.http_date()),
            Err(_) => reply,
        }
    }

    /// A FHIR resource that has just been made, with its address.
    pub fn created(resource: &Resource, view: View, base_url: &str) -> Self {
        let address = format!("{base_url}fhir/R4/{}/{}", resource.kind, resource.id);
        Self {
            status: 201,
            ..Self::resource(resource, view)
        }
        .with(LOCATION, address)
    }

    /// FHIR JSON: a bundle or an outcome.
    pub fn fhir(body: Value) -> Self {
        Self {
            status: 200,
            kind: FHIR_JSON,
            body: Content::Json(body),
            headers: Vec::new(),
        }
    }

    /// A page of a search, with its links.
    pub fn page(page: Page, view: View, base_url: &str) -> Self {
        Self::fhir(page.bundle(view, base_url))
    }

    /// The answers to the rows of a batch, in their order; a row that was only tried has no resource.
    pub fn rows(rows: Vec<Result<Option<Resource>, Problem>>, view: View) -> Self {
        let entry = |row: Result<Option<Resource>, Problem>| match row {
            Ok(Some(made)) => {
                let tag = format!("W/\"{}\"", made.meta.version);
                let mut entry = json!({ "response": { "status": "200", "etag": tag } });
                entry["resource"] = made.into_json(view);
                entry
            }
            Ok(None) => json!({ "response": { "status": "200" } }),
            Err(problem) => {
                let status = problem.status.to_string();
                json!({ "response": { "status": status, "outcome": problem.outcome.bare() } })
            }
        };
        Self::fhir(fhir::batch_response(rows.into_iter().map(entry).collect()))
    }

    /// Ordinary JSON.
    pub fn json(body: Value) -> Self {
        Self {
            kind: JSON,
            ..Self::fhir(body)
        }
    }

    /// SCIM's JSON.
    pub fn scim(body: Value) -> Self {
        Self {
            kind: SCIM_JSON,
            ..Self::fhir(body)
        }
    }

    /// Success, and nothing to say.
    pub fn nothing() -> Self {
        Self {
            status: 204,
            kind: TEXT,
            body: Content::Nothing,
            headers: Vec::new(),
        }
    }

    /// The browser is to go elsewhere; the page there is not told where it came from.
    pub fn found(location: String) -> Self {
        Self {
            status: 302,
            ..Self::nothing()
        }
        .with(LOCATION, location)
        .with(REFERRER_POLICY, "no-referrer".into())
    }

    /// Plain text.
    pub fn text(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            kind: TEXT,
            body: Content::Text(body.into()),
            headers: Vec::new(),
        }
    }

    /// A table (RFC 4180), every cell in quotation marks. A cell that a spreadsheet would take for a formula begins with an apostrophe.
    pub fn csv(rows: impl Iterator<Item = Vec<String>>) -> Self {
        let mut writer = WriterBuilder::new()
            .quote_style(QuoteStyle::Always)
            .terminator(Terminator::CRLF)
            .from_writer(Vec::new());
        for row in rows {
            // A row can only fail to be written where there is no room: nothing is written to but memory.
            let _ = writer.write_record(row.into_iter().map(harmless));
        }
        let text = writer.into_inner().unwrap_or_default();
        Self {
            kind: CSV,
            ..Self::text(String::from_utf8_lossy(&text))
        }
    }

    /// The same answer with another status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same answer with one more header. What cannot stand in a header is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same answer with a cookie, beside others.
    #[must_use]
    pub fn with_cookie(self, cookie: String) -> Self {
        self.with(SET_COOKIE, cookie)
    }

    /// The answer as Lambda takes it. `pretty` asks for indented JSON.
    pub fn into_response(self, pretty: Pretty) -> Response<Body> {
        let text = match (&self.body, pretty) {
            (Content::Nothing, _) => String::new(),
            (Content::Text(text), _) => text.clone(),
            (Content::Json(value), Pretty::Yes) => {
                let text = serde_json::to_string_pretty(value).unwrap_or_default();
                // What fits without indentation is not refused for its sake.
                match limits::is_too_long(&text) {
                    true => value.to_string(),
                    false => text,
                }
            }
            (Content::Json(value), Pretty::No) => value.to_string(),
        };
        let mut response = Response::new(Body::Text(text));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        let headers = response.headers_mut();
        if !matches!(self.body, Content::Nothing) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        }
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("no-store, no-cache, must-revalidate"),
        );
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                // Cookies are the one header of which an answer has several.
                match name == SET_COOKIE {
                    true => headers.append(name, value),
                    false => headers.insert(name, value).is_some(),
                };
            }
        }
        response
    }
}

fn harmless(mut cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        cell.insert(0, '\'');
    }
    cell
}

/// Whether JSON is indented (`_pretty=true`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pretty {
    /// For people.
    Yes,
    /// For programs.
    No,
}
