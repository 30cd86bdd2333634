use serde_json::{Map, Value, json};

/// One thing to say about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// A code of the FHIR value set `issue-type`: `invalid`, `structure`, `not-found` …
    pub code: &'static str,
    /// What a person reads (`details.text`).
    pub text: String,
    /// The paths of the fields meant; usually one or none.
    pub expression: Vec<String>,
    /// More for machines or operators: a status URL, a cause.
    pub diagnostics: Option<String>,
}

/// The FHIR value set `issue-severity`, without `fatal`, which the server never says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The request was refused.
    Error,
    /// It was carried out, but look here.
    Warning,
    /// All is well.
    Information,
}

/// A FHIR `OperationOutcome`. The well-known ones have an `id`, by which clients and the edge tell them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `ok`, `forbidden`, `not-found` …; a UUID for refused request bodies; absent for other bad requests.
    pub id: Option<String>,
    /// At least one.
    pub issues: Vec<Issue>,
}

impl Issue {
    /// An error without a field.
    pub fn error(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            text: text.into(),
            expression: Vec::new(),
            diagnostics: None,
        }
    }

    /// The same issue about the field at `path`.
    pub fn at(self, path: impl Into<String>) -> Self {
        Self {
            expression: vec![path.into()],
            ..self
        }
    }

    fn to_json(&self) -> Value {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information => "information",
        };
        let mut issue = Map::new();
        issue.insert("severity".into(), severity.into());
        issue.insert("code".into(), self.code.into());
        issue.insert("details".into(), json!({"text": self.text}));
        if let Some(diagnostics) = &self.diagnostics {
            issue.insert("diagnostics".into(), diagnostics.clone().into());
        }
        if !self.expression.is_empty() {
            issue.insert("expression".into(), self.expression.clone().into());
        }
        Value::Object(issue)
    }
}

impl Outcome {
    /// A well-known outcome: an id and one error.
    fn known(id: &str, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            issues: vec![Issue::error(code, text)],
        }
    }

    fn well(id: &str, text: &str) -> Self {
        let mut outcome = Self::known(id, "informational", text);
        outcome.issues[0].severity = Severity::Information;
        outcome
    }

    /// `ok`: "All OK".
    pub fn ok() -> Self {
        Self::well("ok", "All OK")
    }

    /// `created`: "Created".
    pub fn created() -> Self {
        Self::well("created", "Created")
    }

    /// `accepted`: "Accepted", with the URL at which the job tells its status.
    pub fn accepted(status_url: impl Into<String>) -> Self {
        let mut outcome = Self::well("accepted", "Accepted");
        outcome.issues[0].diagnostics = Some(status_url.into());
        outcome
    }

    /// `unauthorized`: "Unauthorized".
    pub fn unauthorized() -> Self {
        Self::known("unauthorized", "login", "Unauthorized")
    }

    /// `forbidden`: "Forbidden".
    pub fn forbidden() -> Self {
        Self::known("forbidden", "forbidden", "Forbidden")
    }

    /// `not-found`: "Not found".
    pub fn not_found() -> Self {
        Self::known("not-found", "not-found", "Not found")
    }

    /// `gone`: "Gone"; the resource was deleted.
    pub fn gone() -> Self {
        Self::known("gone", "deleted", "Gone")
    }

    /// `too-many-requests`: "Too Many Requests", with the seconds to wait for programs.
    pub fn too_many_requests(seconds: u32) -> Self {
        let mut outcome = Self::known("too-many-requests", "throttled", "Too Many Requests");
        let wait = json!({ "remainingPoints": 0, "msBeforeNext": u64::from(seconds) * 1000 });
        outcome.issues[0].diagnostics = Some(wait.to_string());
        outcome
    }

    /// `conflict`: what stands in the way.
    pub fn conflict(text: impl Into<String>) -> Self {
        Self::known("conflict", "conflict", text)
    }

    /// `precondition-failed`: the version in `If-Match` is stale.
    pub fn precondition_failed() -> Self {
        Self::known("precondition-failed", "processing", "Precondition Failed")
    }

    /// `multiple-matches`: a conditional request met more than one resource.
    pub fn multiple_matches() -> Self {
        let text = "Multiple resources found matching condition";
        Self::known("multiple-matches", "multiple-matches", text)
    }

    /// `business-rule`: well formed, but the rules say no.
    pub fn business_rule(text: impl Into<String>) -> Self {
        Self::known("business-rule", "business-rule", text)
    }

    /// A bad request without an id: code `invalid`.
    pub fn bad_request(text: impl Into<String>) -> Self {
        Self::from(Issue::error("invalid", text))
    }

    /// The JSON form, with the tracing ids that every answered outcome carries.
    pub fn to_json(&self, request_id: &str, trace_id: &str) -> Value {
        let mut outcome = self.bare();
        outcome["extension"] = json!([{
            "url": "https://medplum.com/fhir/StructureDefinition/tracing",
            "extension": [
                {"url": "requestId", "valueId": request_id},
                {"url": "traceId", "valueId": trace_id}
            ]
        }]);
        outcome
    }

    /// The JSON form inside a bundle, whose answer is traced as a whole.
    pub fn bare(&self) -> Value {
        let mut outcome = json!({"resourceType": "OperationOutcome"});
        if let Some(id) = &self.id {
            outcome["id"] = id.clone().into();
        }
        outcome["issue"] = self.issues.iter().map(Issue::to_json).collect();
        outcome
    }
}

impl From<Issue> for Outcome {
    fn from(issue: Issue) -> Self {
        Self {
            id: None,
            issues: vec![issue],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_field_looks_as_recorded() {
        let issue = Issue::error("structure", "Missing required property");
        let outcome = Outcome::from(issue.at("ProjectMembership.profile"));
        let recorded = concat!(
            r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"structure","#,
            r#""details":{"text":"Missing required property"},"expression":["ProjectMembership.profile"]}],"#,
            r#""extension":[{"url":"https://medplum.com/fhir/StructureDefinition/tracing","extension":["#,
            r#"{"url":"requestId","valueId":"r"},{"url":"traceId","valueId":"t"}]}]}"#
        );
        assert_eq!(outcome.to_json("r", "t").to_string(), recorded);
    }

    #[test]
    fn a_well_known_outcome_has_its_id_before_its_issue() {
        let recorded = concat!(
            r#"{"resourceType":"OperationOutcome","id":"ok","issue":[{"severity":"information","#,
            r#""code":"informational","details":{"text":"All OK"}}]}"#
        );
        assert_eq!(Outcome::ok().bare().to_string(), recorded);
    }
}
