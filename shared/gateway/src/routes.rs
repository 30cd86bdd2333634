//! The only list of routes. The template's API, the local router, the README's table and the security loops are generated from it
//! or held against it.

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Every member of a project.
    Member,
    /// Administrators of the project in which the call acts.
    Admin,
    /// The server's administrators.
    SuperAdmin,
}

/// One route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The name of its constant: `GET_MEMBERSHIP`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path: literal segments and `{parameters}`, without the prefix `/api`.
    pub path: &'static str,
    /// The function that answers.
    pub function: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The operation, in words.
    pub operation: &'static str,
}

impl Route {
    /// Whether the caller's policies decide what he may do there: with resources, and where he asks what that is.
    pub fn is_by_policy(&self) -> bool {
        self.path.starts_with("/fhir/") || self.path == "/auth/me"
    }

    /// Whether its calls are counted in the table, by address: who he is says nobody before the dear part, hashing a password, signing a token,
    /// sending a letter. As recorded, everything of signing in but asking who one is.
    pub fn is_counted(&self) -> bool {
        let signs_in = self.path.starts_with("/auth/") && self.path != "/auth/me";
        signs_in || self.path.starts_with("/oauth2/")
    }
}

macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident = $method:literal $path:literal => $function:literal, $access:ident, $operation:literal;)*) => {
        $($(#[$doc])* pub const $name: Route = Route {
            name: stringify!($name),
            method: $method,
            path: $path,
            function: $function,
            access: Access::$access,
            operation: $operation,
        };)*

        /// Every route of the product.
        pub const ROUTES: &[Route] = &[$($name),*];
    };
}

routes! {
    /// `POST /fhir/R4/Project`.
    CREATE_PROJECT = "POST" "/fhir/R4/Project" => "create-project", SuperAdmin, "create a bare project";
    /// `POST /fhir/R4/Project/$init`.
    INIT_PROJECT = "POST" "/fhir/R4/Project/$init" => "create-project", Member, "create a project with owner and default client";
    /// `POST /admin/projects/{projectId}/invite`.
    INVITE = "POST" "/admin/projects/{projectId}/invite" => "invite", Admin, "invite a person";
    /// `POST /admin/projects/{projectId}/invite/batch`.
    INVITE_BATCH = "POST" "/admin/projects/{projectId}/invite/batch" => "invite-batch", Admin, "invite many people";
    /// `GET /fhir/R4/ProjectMembership`.
    LIST_MEMBERS = "GET" "/fhir/R4/ProjectMembership" => "list-members", Admin, "list or search members";
    /// `POST /fhir/R4/ProjectMembership/_search`.
    SEARCH_MEMBERS = "POST" "/fhir/R4/ProjectMembership/_search" => "list-members", Admin, "search members by form";
    /// `GET /fhir/R4/ProjectMembership/$csv`.
    MEMBERS_CSV = "GET" "/fhir/R4/ProjectMembership/$csv" => "list-members", Admin, "list members as a table";
    /// `GET /admin/projects/{projectId}/members/{membershipId}`.
    GET_MEMBERSHIP = "GET" "/admin/projects/{projectId}/members/{membershipId}" => "get-membership", Admin, "read a membership";
    /// `POST /admin/projects/{projectId}/members/{membershipId}`.
    UPDATE_MEMBERSHIP = "POST" "/admin/projects/{projectId}/members/{membershipId}" => "update-membership", Admin, "update a membership";
    /// `DELETE /admin/projects/{projectId}/members/{membershipId}`.
    REMOVE_MEMBER = "DELETE" "/admin/projects/{projectId}/members/{membershipId}" => "remove-member", Admin, "remove a member";
    /// `GET /admin/projects/{projectId}/invitations`.
    LIST_INVITATIONS = "GET" "/admin/projects/{projectId}/invitations" => "list-invitations", Admin, "list invitations by status";
    /// `POST /admin/projects/{projectId}/members/{membershipId}/invitation/resend`.
    RESEND_INVITATION = "POST" "/admin/projects/{projectId}/members/{membershipId}/invitation/resend" => "resend-invitation", Admin, "send an invitation again";
    /// `DELETE /admin/projects/{projectId}/members/{membershipId}/invitation`.
    REVOKE_INVITATION = "DELETE" "/admin/projects/{projectId}/members/{membershipId}/invitation" => "revoke-invitation", Admin, "take an invitation back";
    /// `GET /admin/projects/{projectId}/members/{membershipId}/access`.
    EXPLAIN_ACCESS = "GET" "/admin/projects/{projectId}/members/{membershipId}/access" => "explain-access", Admin, "explain what a member may do";
    /// `POST /admin/projects/{projectId}/client`.
    CREATE_CLIENT = "POST" "/admin/projects/{projectId}/client" => "create-client", Admin, "create an application";
    /// `POST /fhir/R4/ClientApplication/{id}/$rotate-secret`.
    ROTATE_SECRET = "POST" "/fhir/R4/ClientApplication/{id}/$rotate-secret" => "rotate-client-secret", Admin, "rotate an application's secret";
    /// `GET /admin/projects/{projectId}`.
    GET_PROJECT = "GET" "/admin/projects/{projectId}" => "get-project", Admin, "read a project with its secrets and sites";
    /// `POST /admin/projects/{projectId}/secrets`.
    SET_SECRETS = "POST" "/admin/projects/{projectId}/secrets" => "update-project-settings", Admin, "replace a project's secrets";
    /// `POST /admin/projects/{projectId}/sites`.
    SET_SITES = "POST" "/admin/projects/{projectId}/sites" => "update-project-settings", Admin, "replace a project's sites";
    /// `POST /admin/projects/{projectId}/bot`.
    CREATE_BOT = "POST" "/admin/projects/{projectId}/bot" => "create-bot", Admin, "create a bot";
    /// `POST /admin/projects/setpassword`.
    SET_PASSWORD = "POST" "/admin/projects/setpassword" => "set-member-password", Admin, "set a project-scoped user's password";
    /// `POST /admin/super/setpassword`.
    SUPER_SET_PASSWORD = "POST" "/admin/super/setpassword" => "set-member-password", SuperAdmin, "set anybody's password";
    /// `POST /admin/super/purge`.
    PURGE = "POST" "/admin/super/purge" => "maintain", SuperAdmin, "delete old events or sessions";
    /// `POST /admin/super/{task}`.
    MAINTAIN = "POST" "/admin/super/{task}" => "maintain", SuperAdmin, "begin a task of maintenance";
    /// `POST …/members/{membershipId}/mfa/reset`.
    RESET_SECOND_FACTOR = "POST" "/admin/projects/{projectId}/members/{membershipId}/mfa/reset" => "reset-second-factor", Admin, "take a member's second factor away";
    /// `POST /auth/method`.
    LOGIN_METHOD = "POST" "/auth/method" => "login", Open, "ask how an address signs in";
    /// `POST /auth/login`.
    LOGIN = "POST" "/auth/login" => "login", Open, "sign in with a password";
    /// `GET /auth/external`.
    RETURN = "GET" "/auth/external" => "external-login", Open, "come back from an identity provider";
    /// `POST /auth/google`.
    GOOGLE = "POST" "/auth/google" => "external-login", Open, "sign in with a Google account";
    /// `POST /auth/exchange`.
    EXCHANGE = "POST" "/auth/exchange" => "token", Open, "exchange an identity provider's token for tokens";
    /// `POST /auth/profile`.
    LOGIN_PROFILE = "POST" "/auth/profile" => "login", Open, "choose a membership to sign in with";
    /// `POST /auth/scope`.
    LOGIN_SCOPE = "POST" "/auth/scope" => "login", Open, "choose a scope to sign in with";
    /// `GET /auth/login/{login}`.
    LOGIN_STATUS = "GET" "/auth/login/{login}" => "login", Open, "ask where a sign-in stands";
    /// `POST /auth/newuser`.
    NEW_USER = "POST" "/auth/newuser" => "register", Open, "register as a new user";
    /// `POST /auth/newproject`.
    NEW_PROJECT = "POST" "/auth/newproject" => "register", Open, "begin a project of one's own";
    /// `POST /auth/newpatient`.
    NEW_PATIENT = "POST" "/auth/newpatient" => "register", Open, "join an open project as a patient";
    /// `POST /auth/setpassword`.
    REDEEM_LINK = "POST" "/auth/setpassword" => "recover-account", Open, "set one's password by the link of a letter";
    /// `POST /auth/resetpassword`.
    RESET_PASSWORD = "POST" "/auth/resetpassword" => "recover-account", Open, "ask for a link to set a new password";
    /// `POST /auth/changepassword`.
    CHANGE_PASSWORD = "POST" "/auth/changepassword" => "recover-account", Member, "change one's password";
    /// `POST /auth/verifyemail`.
    VERIFY_EMAIL = "POST" "/auth/verifyemail" => "recover-account", Open, "verify an e-mail address by the link of a letter";
    /// `GET /scim/v2/Users`.
    SCIM_LIST = "GET" "/scim/v2/Users" => "scim", Admin, "list people for provisioning";
    /// `POST /scim/v2/Users`.
    SCIM_CREATE = "POST" "/scim/v2/Users" => "scim", Admin, "provision a person";
    /// `GET /scim/v2/Users/{membershipId}`.
    SCIM_READ = "GET" "/scim/v2/Users/{membershipId}" => "scim", Admin, "read a provisioned person";
    /// `PUT /scim/v2/Users/{membershipId}`.
    SCIM_REPLACE = "PUT" "/scim/v2/Users/{membershipId}" => "scim", Admin, "replace a provisioned person";
    /// `PATCH /scim/v2/Users/{membershipId}`.
    SCIM_PATCH = "PATCH" "/scim/v2/Users/{membershipId}" => "scim", Admin, "change a provisioned person";
    /// `DELETE /scim/v2/Users/{membershipId}`.
    SCIM_DELETE = "DELETE" "/scim/v2/Users/{membershipId}" => "scim", Admin, "end a provisioned membership";
    /// `POST /auth/mfa/verify`.
    SECOND_STEP = "POST" "/auth/mfa/verify" => "login", Open, "show a second factor to sign in";
    /// `POST /auth/mfa/login-enroll`.
    FIRST_CODE_AT_LOGIN = "POST" "/auth/mfa/login-enroll" => "login", Open, "enrol a second factor to sign in";
    /// `GET /auth/mfa/status`.
    SECOND_FACTOR = "GET" "/auth/mfa/status" => "login", Member, "ask for one's second factor";
    /// `POST /auth/mfa/enroll`.
    FIRST_CODE = "POST" "/auth/mfa/enroll" => "login", Member, "enrol a second factor";
    /// `POST /auth/mfa/disable`.
    NO_SECOND_FACTOR = "POST" "/auth/mfa/disable" => "login", Member, "give a second factor up";
    /// `GET /auth/me`.
    ME = "GET" "/auth/me" => "me", Member, "who am I";
    /// `POST /auth/revoke`.
    REVOKE_SESSION = "POST" "/auth/revoke" => "me", Member, "end a session";
    /// `GET /auth/clientinfo/{clientId}`.
    CLIENT_INFO = "GET" "/auth/clientinfo/{clientId}" => "token-info", Open, "ask what an application shows at sign-in";
    /// `GET /oauth2/userinfo`.
    USER_INFO = "GET" "/oauth2/userinfo" => "token-info", Member, "claims about the caller";
    /// `POST /oauth2/userinfo`.
    USER_INFO_BY_FORM = "POST" "/oauth2/userinfo" => "token-info", Member, "claims about the caller";
    /// `POST /oauth2/introspect`.
    INTROSPECT = "POST" "/oauth2/introspect" => "token-info", Open, "ask what a token is worth";
    /// `POST /oauth2/logout`.
    LOGOUT = "POST" "/oauth2/logout" => "token-info", Member, "sign out";
    /// `GET /oauth2/logout`.
    LOGOUT_BY_LINK = "GET" "/oauth2/logout" => "token-info", Member, "sign out";
    /// `GET /oauth2/authorize`.
    AUTHORIZE = "GET" "/oauth2/authorize" => "authorize", Open, "send a person to sign in for an application";
    /// `POST /oauth2/authorize`.
    AUTHORIZE_BY_FORM = "POST" "/oauth2/authorize" => "authorize", Open, "send a person to sign in for an application";
    /// `POST /oauth2/register`.
    REGISTER_CLIENT = "POST" "/oauth2/register" => "authorize", Open, "ask for the id of a built-in application";
    /// `POST /oauth2/token`.
    TOKEN = "POST" "/oauth2/token" => "token", Open, "exchange credentials for tokens";
    /// `POST /fhir/R4/User/{id}/$update-email`.
    UPDATE_EMAIL = "POST" "/fhir/R4/User/{id}/$update-email" => "update-user-email", Admin, "change a user's e-mail address";
    /// `POST /fhir/R4/Project/{id}/$clone`.
    CLONE_PROJECT = "POST" "/fhir/R4/Project/{id}/$clone" => "clone-project", SuperAdmin, "copy a project";
    /// `POST /fhir/R4/{resourceType}/{id}/$expunge`.
    EXPUNGE = "POST" "/fhir/R4/{resourceType}/{id}/$expunge" => "expunge", Admin, "delete a resource or a project for good";
    /// `GET /fhir/R4/job/{id}/status`.
    JOB_STATUS = "GET" "/fhir/R4/job/{id}/status" => "job-status", Admin, "ask how a job goes";
    /// `DELETE /fhir/R4/job/{id}/status`.
    CANCEL_JOB = "DELETE" "/fhir/R4/job/{id}/status" => "job-status", Admin, "cancel a job";
    /// `POST /fhir/R4/{resourceType}`.
    FHIR_CREATE = "POST" "/fhir/R4/{resourceType}" => "fhir-write", Member, "create a resource";
    /// `GET /fhir/R4/{resourceType}`.
    FHIR_SEARCH = "GET" "/fhir/R4/{resourceType}" => "fhir-search", Member, "search resources";
    /// `POST /fhir/R4/{resourceType}/_search`.
    FHIR_SEARCH_FORM = "POST" "/fhir/R4/{resourceType}/_search" => "fhir-search", Member, "search resources by form";
    /// `GET /fhir/R4/{resourceType}/$csv`.
    FHIR_CSV = "GET" "/fhir/R4/{resourceType}/$csv" => "fhir-search", Member, "search resources for a table";
    /// `GET /fhir/R4/ValueSet/$expand`.
    EXPAND = "GET" "/fhir/R4/ValueSet/$expand" => "fhir-search", Member, "expand a value set";
    /// `POST /fhir/R4/ValueSet/$expand`.
    EXPAND_POSTED = "POST" "/fhir/R4/ValueSet/$expand" => "fhir-search", Member, "expand a value set";
    /// `GET /fhir/R4/ValueSet/{id}/$expand`.
    EXPAND_ONE = "GET" "/fhir/R4/ValueSet/{id}/$expand" => "fhir-search", Member, "expand a value set by its id";
    /// `POST /fhir/R4/ValueSet/{id}/$expand`.
    EXPAND_ONE_POSTED = "POST" "/fhir/R4/ValueSet/{id}/$expand" => "fhir-search", Member, "expand a value set by its id";
    /// `GET /fhir/R4/{resourceType}/{id}`.
    FHIR_READ = "GET" "/fhir/R4/{resourceType}/{id}" => "fhir-read", Member, "read a resource";
    /// `GET /fhir/R4/{resourceType}/{id}/_history`.
    FHIR_HISTORY = "GET" "/fhir/R4/{resourceType}/{id}/_history" => "fhir-read", Member, "read a resource's history";
    /// `GET /fhir/R4/{resourceType}/{id}/_history/{versionId}`.
    FHIR_VREAD = "GET" "/fhir/R4/{resourceType}/{id}/_history/{versionId}" => "fhir-read", Member, "read a version of a resource";
    /// `PUT /fhir/R4/User/{id}`: users update themselves.
    UPDATE_USER = "PUT" "/fhir/R4/User/{id}" => "fhir-write", Member, "update a user";
    /// `PATCH /fhir/R4/User/{id}`.
    PATCH_USER = "PATCH" "/fhir/R4/User/{id}" => "fhir-write", Member, "patch a user";
    /// `PUT /fhir/R4/{resourceType}/{id}`.
    FHIR_UPDATE = "PUT" "/fhir/R4/{resourceType}/{id}" => "fhir-write", Member, "update a resource";
    /// `PATCH /fhir/R4/{resourceType}/{id}`.
    FHIR_PATCH = "PATCH" "/fhir/R4/{resourceType}/{id}" => "fhir-write", Member, "patch a resource";
    /// `DELETE /fhir/R4/{resourceType}/{id}`.
    FHIR_DELETE = "DELETE" "/fhir/R4/{resourceType}/{id}" => "fhir-write", Member, "delete a resource";
    /// `PUT /fhir/R4/{resourceType}?…`.
    FHIR_UPDATE_MATCH = "PUT" "/fhir/R4/{resourceType}" => "fhir-write", Member, "update the resource that a search finds";
    /// `PATCH /fhir/R4/{resourceType}?…`.
    FHIR_PATCH_MATCH = "PATCH" "/fhir/R4/{resourceType}" => "fhir-write", Member, "patch the resource that a search finds";
    /// `DELETE /fhir/R4/{resourceType}?…`.
    FHIR_DELETE_MATCH = "DELETE" "/fhir/R4/{resourceType}" => "fhir-write", Member, "delete the resource that a search finds";
    /// `POST /fhir/R4/{resourceType}/$validate`.
    FHIR_VALIDATE = "POST" "/fhir/R4/{resourceType}/$validate" => "fhir-metadata", Member, "validate a resource";
    /// `POST /fhir/R4`.
    FHIR_BATCH = "POST" "/fhir/R4" => "fhir-batch", Member, "carry out a batch or a transaction";
    /// `POST /fhir/R4/$graphql`.
    FHIR_GRAPHQL = "POST" "/fhir/R4/$graphql" => "fhir-graphql", Member, "select from resources by GraphQL";
    /// `GET /fhir/R4/metadata`.
    FHIR_METADATA = "GET" "/fhir/R4/metadata" => "fhir-metadata", Open, "state what the server can do";
    /// `GET /fhir/R4/$versions`.
    FHIR_VERSIONS = "GET" "/fhir/R4/$versions" => "fhir-metadata", Open, "name the versions of FHIR";
    /// `GET /`.
    ROOT = "GET" "/" => "discovery", Open, "say OK";
    /// `GET /healthcheck`.
    HEALTHCHECK = "GET" "/healthcheck" => "discovery", Open, "report health";
    /// `GET /robots.txt`.
    ROBOTS = "GET" "/robots.txt" => "discovery", Open, "keep crawlers away";
    /// `GET /openapi.json`.
    OPENAPI = "GET" "/openapi.json" => "discovery", Open, "describe the API";
    /// `GET /.well-known/jwks.json`.
    JWKS = "GET" "/.well-known/jwks.json" => "discovery", Open, "publish the signing keys";
    /// `GET /.well-known/openid-configuration`.
    OPENID = "GET" "/.well-known/openid-configuration" => "discovery", Open, "publish the OpenID configuration";
    /// `GET /.well-known/oauth-authorization-server`.
    OAUTH_SERVER = "GET" "/.well-known/oauth-authorization-server" => "discovery", Open, "publish the OAuth configuration";
    /// `GET /.well-known/oauth-protected-resource`.
    PROTECTED_RESOURCE = "GET" "/.well-known/oauth-protected-resource" => "discovery", Open, "publish who guards the API";
    /// `GET /.well-known/smart-configuration`.
    SMART = "GET" "/.well-known/smart-configuration" => "discovery", Open, "publish the SMART configuration";
    /// `GET /fhir/R4/.well-known/smart-configuration`.
    SMART_BELOW_FHIR = "GET" "/fhir/R4/.well-known/smart-configuration" => "discovery", Open, "publish the SMART configuration";
}

/// The function that answers what no route names.
pub const NOT_FOUND: &str = "not-found";

/// The routes that match a path, most specific first: literal segments before parameters.
pub fn matching(path: &str) -> Vec<&'static Route> {
    let mut found: Vec<&Route> = ROUTES
        .iter()
        .filter(|route| captures(route.path, path).is_some())
        .collect();
    found.sort_by_key(|route| route.path.matches('{').count());
    found
}

/// The parameters of `path` under `pattern`; `None` when it does not match.
pub fn captures(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut captured = Vec::new();
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(captured),
            (Some(name), Some(value)) if name.starts_with('{') => {
                let (name, value) = (name.trim_matches(['{', '}']), crate::percent::decode(value));
                // An operation is no type: what its route does not say is not asked of one.
                if value.is_empty() || (name == "resourceType" && value.starts_with('$')) {
                    return None;
                }
                captured.push((name, value));
            }
            (Some(literal), Some(value))
                if literal == value || literal == crate::percent::decode(value) => {}
            _ => return None,
        }
    }
}

/// The path without the prefix `/api` and without a slash at its end: what is matched.
pub fn canonical(path: &str) -> &str {
    let path = path
        .strip_prefix("/api")
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .unwrap_or(path);
    match path.strip_suffix('/').unwrap_or(path) {
        "" => "/",
        rest => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_and_a_slash_at_the_end_change_nothing() {
        for path in ["/api/auth/me", "/auth/me/", "/api/auth/me/", "/auth/me"] {
            assert_eq!(canonical(path), "/auth/me");
        }
        for path in ["/", "/api", "/api/", ""] {
            assert_eq!(canonical(path), "/");
        }
        assert_eq!(canonical("/apiary"), "/apiary");
    }

    #[test]
    fn literal_segments_win_over_parameters() {
        let names = |path| {
            matching(path)
                .iter()
                .map(|route| route.function)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names("/fhir/R4/Project")[..3],
            ["create-project", "fhir-write", "fhir-search"]
        );
        assert_eq!(
            names("/fhir/R4/ProjectMembership")[..3],
            ["list-members", "fhir-write", "fhir-search"]
        );
        assert_eq!(
            names("/fhir/R4/Patient")[..2],
            ["fhir-write", "fhir-search"]
        );
        assert_eq!(names("/fhir/R4/metadata")[0], "fhir-metadata");
        assert_eq!(
            names("/fhir/R4/ProjectMembership/_search")[..2],
            ["list-members", "fhir-search"]
        );
        assert_eq!(
            names("/fhir/R4/Project/%24init")[..2],
            ["create-project", "fhir-read"]
        );
        assert!(names("/nope").is_empty());
    }
}
