//! A request that each route takes, so that loops over the routes can send one: a new route needs a line here, and every loop
//! covers it.

use gateway::Route;
use harness::world::Request;
use serde_json::{Value, json};

/// An id that nobody has.
const NOBODY: &str = "00000000-0000-4000-8000-00000000000f";

/// What fills the parameters of a path.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) project: String,
    pub(crate) membership: String,
    /// The profile of that membership.
    pub(crate) profile: Value,
    pub(crate) kind: String,
    pub(crate) id: String,
}

impl Place {
    /// The path of a route here.
    pub(crate) fn path(&self, route: &Route) -> String {
        let part = |part: &str| match part {
            "{projectId}" => self.project.clone(),
            "{membershipId}" => self.membership.clone(),
            "{resourceType}" => self.kind.clone(),
            "{id}" => self.id.clone(),
            "{login}" | "{clientId}" | "{versionId}" => NOBODY.to_owned(),
            "{task}" => "valuesets".to_owned(),
            part if part.starts_with('{') => {
                panic!(
                    "samples.rs does not know what fills {part} of {}",
                    route.path
                )
            }
            part => part.to_owned(),
        };
        let parts: Vec<String> = route.path.split('/').map(part).collect();
        parts.join("/")
    }

    /// The path, with the words of a search where the route names a resource by them.
    pub(crate) fn address(&self, route: &Route) -> String {
        let path = self.path(route);
        match route.name.ends_with("_MATCH") {
            true => format!("{path}?_id={}", self.id),
            false => path,
        }
    }

    /// A request that the route takes here.
    pub(crate) fn request(&self, route: &Route) -> Request {
        let request = ready(route, Request::new(route.method, &self.address(route)));
        match self.body(route) {
            Sample::Nothing => request,
            Sample::Json(body) => request.json(&body),
            Sample::Form(form) => request.body(FORM, form.to_owned()),
        }
    }

    /// A body that the route takes here.
    pub(crate) fn body(&self, route: &Route) -> Sample {
        Sample::Json(match (route.method, route.path) {
            ("GET" | "DELETE", _) => return Sample::Nothing,
            ("POST", path)
                if path.ends_with("/resend")
                    || path.ends_with("/reset")
                    || path.ends_with("/$expunge") =>
            {
                return Sample::Nothing;
            }
            ("POST", "/admin/projects/{projectId}/secrets") => {
                json!([{ "name": "key", "valueString": "value" }])
            }
            ("POST", "/admin/projects/{projectId}/sites") => {
                json!([{ "name": "Site", "domain": ["example.com"] }])
            }
            ("POST", "/admin/projects/{projectId}/bot") => {
                json!({ "name": "Sample", "description": "A sample" })
            }
            ("POST", "/admin/projects/setpassword" | "/admin/super/setpassword") => {
                json!({ "email": "nobody@example.com", "password": "correct horse" })
            }
            ("POST", "/admin/super/purge") => {
                json!({ "resourceType": "AuditEvent", "before": "2020-01-01T00:00:00Z" })
            }
            ("POST", "/admin/super/{task}") => {
                json!({ "resourceType": "ProjectMembership", "botId": NOBODY })
            }
            ("POST", "/auth/method") => json!({ "email": "nobody@example.com" }),
            ("POST", "/auth/login") => json!({
                "email": "nobody@example.com", "password": "correct horse", "scope": "openid", "remember": false,
                "codeChallenge": "challenge", "codeChallengeMethod": "plain",
            }),
            ("POST", "/auth/google") => {
                json!({ "googleClientId": "nobody", "googleCredential": "x", "projectId": NOBODY })
            }
            ("POST", "/auth/exchange") => {
                json!({ "externalAccessToken": "x", "clientId": NOBODY, "scope": "openid" })
            }
            ("POST", "/auth/profile") => json!({ "login": NOBODY, "profile": NOBODY }),
            ("POST", "/auth/mfa/verify" | "/auth/mfa/login-enroll") => {
                json!({ "login": NOBODY, "token": "123456" })
            }
            ("POST", "/auth/mfa/enroll" | "/auth/mfa/disable") => json!({ "token": "123456" }),
            ("POST", "/auth/scope") => json!({ "login": NOBODY, "scope": "openid" }),
            ("POST", "/auth/revoke") => json!({ "loginId": NOBODY }),
            ("POST", "/oauth2/userinfo" | "/oauth2/logout") => return Sample::Nothing,
            ("POST", "/oauth2/introspect") => return Sample::Form("token=x"),
            ("POST", "/auth/newuser") => json!({
                "firstName": "Alice", "lastName": "Smith", "email": "admin@example.com", "password": "correct horse",
                "projectId": "new", "remember": true, "scope": "openid", "nonce": "n",
            }),
            ("POST", "/auth/newproject") => {
                json!({ "login": "00000000-0000-4000-8000-000000000001", "projectName": "Sample" })
            }
            ("POST", "/auth/newpatient") => {
                json!({ "login": "00000000-0000-4000-8000-000000000001", "projectId": self.project })
            }
            ("POST", "/auth/resetpassword") => {
                json!({ "email": "nobody@example.com", "projectId": self.project, "sendEmail": true,
                    "redirectUri": "https://example.com/" })
            }
            ("POST", "/auth/setpassword" | "/auth/verifyemail") => json!({
                "id": "00000000-0000-4000-8000-000000000001", "secret": "5ec7e7", "password": "correct horse",
            }),
            ("POST", "/auth/changepassword") => {
                json!({ "oldPassword": "correct horse", "newPassword": "battery staple" })
            }
            ("POST", "/fhir/R4/User/{id}/$update-email") => json!({
                "email": "nobody@example.com", "updateProfileTelecom": true, "skipEmailVerification": false,
            }),
            ("POST", "/oauth2/authorize") => {
                return Sample::Form(
                    "client_id=x&redirect_uri=https%3A%2F%2Fexample.com%2F&response_type=code&scope=openid",
                );
            }
            ("POST", "/oauth2/register") => json!({ "redirect_uris": ["http://localhost:9615"] }),
            ("POST", "/oauth2/token") => {
                return Sample::Form("grant_type=client_credentials&client_id=x&client_secret=y");
            }
            ("POST", "/fhir/R4/ProjectMembership/_search" | "/fhir/R4/{resourceType}/_search") => {
                return Sample::Form("_count=1");
            }
            ("POST", "/fhir/R4/Project") => json!({
                "resourceType": "Project", "name": "Sample", "description": "A sample", "strictMode": true,
                "features": ["bots"], "setting": [{ "name": "s", "valueString": "v" }],
            }),
            ("POST", "/fhir/R4/Project/$init") => json!({ "name": "Sample" }),
            ("POST", "/admin/projects/{projectId}/invite") => invite(),
            ("POST", "/admin/projects/{projectId}/invite/batch") => json!([invite()]),
            ("POST", "/admin/projects/{projectId}/members/{membershipId}") => self.membership(),
            ("POST", "/admin/projects/{projectId}/client") => json!({
                "name": "Sample", "description": "A sample", "redirectUri": "https://example.com/",
                "redirectUris": ["https://example.com/"], "accessTokenLifetime": "1h",
                "refreshTokenLifetime": "1d", "identityProvider": {
                    "authorizeUrl": "https://example.com/a", "tokenUrl": "https://example.com/t",
                    "userInfoUrl": "https://example.com/u", "clientId": "c", "clientSecret": "s",
                },
            }),
            ("POST", "/fhir/R4/ClientApplication/{id}/$rotate-secret") => json!({ "secret": "x" }),
            ("PUT", "/fhir/R4/User/{id}") => json!({
                "resourceType": "User", "id": self.id, "firstName": "Alice", "lastName": "Simpson",
            }),
            ("PATCH", "/fhir/R4/User/{id}") => {
                json!([{ "op": "replace", "path": "/lastName", "value": "Simpson" }])
            }
            ("PUT", "/fhir/R4/{resourceType}/{id}" | "/fhir/R4/{resourceType}") => json!({
                "resourceType": self.kind, "id": self.id, "active": true, "birthDate": "2000-01-01",
                "name": [{ "given": ["Alice"], "family": "Smith" }],
            }),
            ("PATCH", "/fhir/R4/{resourceType}/{id}" | "/fhir/R4/{resourceType}") => {
                json!([{ "op": "add", "path": "/active", "value": true }])
            }
            ("POST", "/fhir/R4") => json!({
                "resourceType": "Bundle", "type": "batch",
                "entry": [{
                    "request": { "method": "POST", "url": "Patient" },
                    "resource": { "resourceType": "Patient", "active": true },
                }],
            }),
            ("POST", "/fhir/R4/$graphql") => json!({
                "query": "query Q { PatientList(_count: 1) { id } }", "operationName": "Q", "variables": {},
            }),
            ("POST", path) if path.ends_with("/$expand") => json!({
                "url": "http://hl7.org/fhir/ValueSet/administrative-gender", "filter": "m", "count": 1, "offset": 0,
            }),
            ("POST", "/fhir/R4/{resourceType}/$validate") => json!({
                "resourceType": self.kind, "active": true,
            }),
            ("POST", "/fhir/R4/Project/{id}/$clone") => json!({
                "name": "Sample", "resourceTypes": ["Patient"], "includeIds": [NOBODY], "excludeIds": [NOBODY],
            }),
            ("POST", "/fhir/R4/{resourceType}") => json!({
                "resourceType": self.kind, "active": true, "birthDate": "2000-01-01",
                "name": [{ "given": ["Alice"], "family": "Smith" }],
                "identifier": [{ "system": "https://example.com/", "value": "1" }],
            }),
            ("POST", "/scim/v2/Users") => user("sample-3", "sample.three"),
            ("PUT", "/scim/v2/Users/{membershipId}") => json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": "sample.four", "externalId": "sample-4", "active": true,
            }),
            ("PATCH", "/scim/v2/Users/{membershipId}") => json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "path": "externalId", "value": "sample-5" }],
            }),
            (method, path) => panic!("{method} {path} has no sample body in samples.rs"),
        })
    }

    fn membership(&self) -> Value {
        json!({
            "resourceType": "ProjectMembership", "id": self.membership, "active": true, "admin": false,
            "externalId": "sample-1", "userName": "sample.one",
            "identifier": [{ "system": "https://example.com/", "value": "1" }],
            "project": { "reference": format!("Project/{}", self.project) },
            "user": { "reference": "User/00000000-0000-4000-8000-000000000001" },
            "profile": self.profile,
        })
    }
}

fn invite() -> Value {
    json!({
        "resourceType": "Practitioner", "firstName": "Alice", "lastName": "Smith", "externalId": "sample-2",
        "password": "correct horse", "scope": "project", "sendEmail": false, "upsert": false,
        "forceNewMembership": false, "mfaRequired": false,
        "membership": { "admin": false, "active": true, "userName": "sample.two" },
    })
}

fn user(external_id: &str, user_name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userType": "Practitioner", "userName": user_name, "externalId": external_id, "active": true,
        "name": { "givenName": "Alice", "familyName": "Smith" },
    })
}

/// The request with the headers without which the route does nothing.
pub(crate) fn ready(route: &Route, request: Request) -> Request {
    match route.path {
        "/admin/super/{task}" => request.header("prefer", "respond-async"),
        _ => request,
    }
}

/// The content type of forms.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The body of a sample request.
#[derive(Clone, Debug)]
pub(crate) enum Sample {
    Nothing,
    Json(Value),
    Form(&'static str),
}
