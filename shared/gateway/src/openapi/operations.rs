//! One line per route: what it takes, and what it answers when all goes well.

use super::operation::{Kind, Operation, of, one_of, text};
use crate::routes::*;

/// The names are those of FHIR types and of the schemas in `schemas.json`.
pub(super) const OPERATIONS: &[Operation] = &[
    of(CREATE_PROJECT)
        .takes("Project")
        .once()
        .creates("Project"),
    of(INIT_PROJECT)
        .takes("InitProject")
        .once()
        .creates("Project")
        .or(&[403]),
    of(INVITE)
        .takes("Invite")
        .once()
        .gives_resource("ProjectMembership")
        .or(&[412]),
    of(INVITE_BATCH)
        .takes("Invites")
        .asks(&[DRY_RUN])
        .once()
        .gives_fhir("Bundle")
        .or(&[202]),
    of(LIST_MEMBERS).searches("ProjectMembership").or(&[404]),
    of(MEMBERS_CSV)
        .searches("ProjectMembership")
        .as_table()
        .or(&[404]),
    of(SEARCH_MEMBERS)
        .takes_form("SearchForm")
        .searches("ProjectMembership")
        .or(&[404]),
    of(GET_MEMBERSHIP).gives("ProjectMembership").or(&[410]),
    of(UPDATE_MEMBERSHIP)
        .takes("ProjectMembership")
        .once()
        .if_match()
        .gives("ProjectMembership")
        .or(&[410]),
    of(REMOVE_MEMBER).if_match().or(&[410]),
    of(LIST_INVITATIONS)
        .asks(&[STATUS, CURSOR])
        .gives("Invitations"),
    of(RESEND_INVITATION).once().gives("Invitation").or(&[410]),
    of(REVOKE_INVITATION).asks(&[FATE]).or(&[410]),
    of(EXPLAIN_ACCESS)
        .asks(&[RESOURCE, INTERACTION])
        .gives("AccessExplained")
        .or(&[410]),
    of(CREATE_CLIENT)
        .takes("NewClient")
        .once()
        .makes("ClientApplication"),
    of(ROTATE_SECRET)
        .takes("RotateSecret")
        .once()
        .gives_resource("ClientApplication")
        .or(&[410]),
    of(GET_PROJECT).gives("ProjectDetails"),
    of(SET_SECRETS)
        .takes("ProjectSettings")
        .once()
        .gives("Project"),
    of(SET_SITES).takes("ProjectSites").once().gives("Project"),
    of(CREATE_BOT).takes("NewBot").once().makes("Bot"),
    of(SCIM_LIST)
        .asks(&[FILTER, START_INDEX, COUNT])
        .gives_scim(Kind::Scim, "ScimList"),
    of(SCIM_CREATE)
        .takes_scim("ScimUser")
        .once()
        .gives_scim(Kind::ScimCreated, "ScimUser")
        .or(&[404, 412]),
    of(SCIM_READ).gives_scim(Kind::ScimVersion, "ScimUser"),
    of(SCIM_REPLACE)
        .takes_scim("ScimUser")
        .if_match()
        .gives_scim(Kind::ScimVersion, "ScimUser"),
    of(SCIM_PATCH)
        .takes_scim("ScimPatch")
        .if_match()
        .gives_scim(Kind::ScimVersion, "ScimUser"),
    of(SCIM_DELETE).if_match().gives_nothing(),
    of(SET_PASSWORD).takes("SetPassword").once(),
    of(SUPER_SET_PASSWORD).takes("SetPassword").once(),
    of(PURGE).takes("Purge").once().or(&[202]),
    of(MAINTAIN).takes("Maintenance").once().or(&[202]),
    of(RESET_SECOND_FACTOR).once().or(&[410]),
    of(LOGIN_METHOD)
        .takes("SignInMethodRequest")
        .gives("SignInMethod"),
    of(LOGIN)
        .takes("SignInRequest")
        .gives("SignInResult")
        .or(&[404, 429]),
    of(RETURN).asks(&[CODE, STATE]).sends_away(),
    of(GOOGLE)
        .takes("GoogleSignInRequest")
        .gives("GoogleSignInResult")
        .or(&[404]),
    of(EXCHANGE)
        .takes("ExchangeToken")
        .gives("TokenResponse")
        .or(&[429]),
    of(LOGIN_PROFILE)
        .takes("ChooseMembership")
        .gives("SignInResult")
        .or(&[404, 409]),
    of(LOGIN_SCOPE)
        .takes("ChooseScope")
        .gives("SignInResult")
        .or(&[404, 409]),
    of(LOGIN_STATUS).gives("SignInResult").or(&[400, 404, 409]),
    of(SECOND_STEP)
        .takes("SecondStep")
        .gives("SignInResult")
        .or(&[404, 409, 429]),
    of(FIRST_CODE_AT_LOGIN)
        .takes("SecondStep")
        .gives("SignInResult")
        .or(&[404, 409, 429]),
    of(SECOND_FACTOR).gives("SecondFactor").or(&[400]),
    of(FIRST_CODE).takes("SecondFactorCode").or(&[409, 429]),
    of(NO_SECOND_FACTOR)
        .takes("SecondFactorCode")
        .or(&[409, 429]),
    of(NEW_USER)
        .takes("NewAccount")
        .gives("NewLogin")
        .or(&[404]),
    of(NEW_PROJECT)
        .takes("NewProject")
        .gives("BoundLogin")
        .or(&[404]),
    of(NEW_PATIENT)
        .takes("NewPatient")
        .gives("BoundLogin")
        .or(&[404]),
    of(REDEEM_LINK).takes("RedeemLink").or(&[404]),
    of(RESET_PASSWORD).takes("ResetPassword"),
    of(CHANGE_PASSWORD).takes("ChangePassword"),
    of(VERIFY_EMAIL).takes("VerifyEmail").or(&[404]),
    of(UPDATE_EMAIL)
        .takes("UpdateEmail")
        .once()
        .gives_resource("User")
        .or(&[410]),
    of(ME).gives("Me"),
    of(REVOKE_SESSION).takes("RevokeSession").or(&[404]),
    of(CLIENT_INFO).gives("ClientInfo").or(&[404]),
    of(USER_INFO).gives("UserInfo"),
    of(USER_INFO_BY_FORM).gives("UserInfo"),
    of(INTROSPECT)
        .takes_form("Introspect")
        .gives("Introspection"),
    of(LOGOUT),
    of(LOGOUT_BY_LINK),
    of(AUTHORIZE)
        .asks(&[
            CLIENT_ID,
            REDIRECT_URI,
            RESPONSE_TYPE,
            SCOPE,
            STATE,
            PROMPT,
            CHALLENGE,
            METHOD,
        ])
        .sends_away(),
    of(AUTHORIZE_BY_FORM)
        .takes_form("AuthorizationRequest")
        .sends_away(),
    of(REGISTER_CLIENT)
        .takes("RegisterClient")
        .makes("RegisteredClient"),
    of(TOKEN).takes_form("TokenRequest").gives("TokenResponse"),
    of(FHIR_CREATE)
        .takes("Resource")
        .once()
        .creates("Resource")
        .or(&[412]),
    of(UPDATE_USER)
        .takes("User")
        .if_match()
        .gives_resource("User")
        .or(&[403]),
    of(PATCH_USER)
        .takes_patch("JsonPatch")
        .if_match()
        .gives_resource("User")
        .or(&[403]),
    of(FHIR_UPDATE)
        .takes("Resource")
        .if_match()
        .gives_resource("Resource")
        .may_create()
        .or(&[410]),
    of(FHIR_PATCH)
        .takes_patch("JsonPatch")
        .if_match()
        .gives_resource("Resource")
        .or(&[410]),
    of(FHIR_DELETE).if_match().or(&[400]),
    of(FHIR_UPDATE_MATCH)
        .takes("Resource")
        .gives_resource("Resource")
        .may_create()
        .or(&[412]),
    of(FHIR_PATCH_MATCH)
        .takes_patch("JsonPatch")
        .gives_resource("Resource")
        .or(&[412]),
    of(FHIR_DELETE_MATCH).or(&[400, 412]),
    of(FHIR_HISTORY)
        .asks(&[VERSIONS, NEWER])
        .gives_fhir("Bundle"),
    of(FHIR_VREAD).gives_resource("Resource").or(&[400, 410]),
    of(FHIR_VALIDATE).takes("Resource"),
    of(FHIR_BATCH)
        .takes("Bundle")
        .once_where("It counts for a transaction that is all or nothing: where the project has the feature `transaction-bundles`.")
        .gives_fhir("Bundle")
        .or(&[404, 410, 412]),
    of(FHIR_GRAPHQL)
        .takes("GraphQlQuestion")
        .gives("GraphQlAnswer"),
    of(FHIR_METADATA).gives_fhir("CapabilityStatement"),
    of(FHIR_VERSIONS).gives("FhirVersions"),
    of(CLONE_PROJECT)
        .takes("CloneProject")
        .once()
        .creates("Project")
        .or(&[202]),
    of(EXPUNGE).asks(&[EVERYTHING]).once().or(&[202, 410]),
    of(JOB_STATUS).gives_resource("AsyncJob").or(&[202]),
    of(CANCEL_JOB),
    of(FHIR_CREATE).takes("Resource").once().creates("Resource"),
    of(FHIR_SEARCH).searches("Resource"),
    of(FHIR_CSV).searches("Resource").as_table(),
    of(FHIR_SEARCH_FORM)
        .takes_form("SearchForm")
        .searches("Resource"),
    of(EXPAND)
        .asks(&[URL, CODES_WITH, COUNT_OF_CODES, OFFSET_OF_CODES])
        .gives_fhir("ValueSet"),
    of(EXPAND_POSTED)
        .takes("ExpandValueSet")
        .gives_fhir("ValueSet"),
    of(EXPAND_ONE)
        .asks(&[CODES_WITH, COUNT_OF_CODES, OFFSET_OF_CODES])
        .gives_fhir("ValueSet"),
    of(EXPAND_ONE_POSTED)
        .takes("ExpandValueSet")
        .gives_fhir("ValueSet"),
    of(FHIR_READ).gives_resource("Resource").or(&[410]),
    of(ROOT).says(),
    of(HEALTHCHECK).gives("Health"),
    of(ROBOTS).says(),
    of(OPENAPI).gives("Document"),
    of(JWKS).gives("KeySet"),
    of(OPENID).gives("OpenIdConfiguration"),
    of(OAUTH_SERVER).gives("OpenIdConfiguration"),
    of(PROTECTED_RESOURCE)
        .asks(&[PROTECTED])
        .gives("ProtectedResource"),
    of(SMART).gives("SmartConfiguration"),
    of(SMART_BELOW_FHIR).gives("SmartConfiguration"),
];

use super::operation::Parameter;

const CODE: Parameter = text("code", "A code of the identity provider.");
const CLIENT_ID: Parameter = text("client_id", "The application.");
const REDIRECT_URI: Parameter = text(
    "redirect_uri",
    "Where the answer goes: one of the addresses that the application has registered, letter by letter.",
);
const RESPONSE_TYPE: Parameter = text("response_type", "`code`.");
const SCOPE: Parameter = text("scope", "What is asked for.");
const STATE: Parameter = text("state", "Given back with the answer.");
const PROMPT: Parameter = text("prompt", "`none`, `login` or `consent`.");
const CHALLENGE: Parameter = text("code_challenge", "What the code is bound to (PKCE).");
const METHOD: Parameter = text("code_challenge_method", "`S256` or `plain`.");
const PROTECTED: Parameter = text("resource", "A URL below the server's own.");
const CURSOR: Parameter = text("_cursor", "Where the page before stopped: its `next`.");
const URL: Parameter = text(
    "url",
    "The address of the value set; a version may follow a `|`.",
);
const CODES_WITH: Parameter = text(
    "filter",
    "Only codes that contain this text, or are called by it, in any case.",
);
const COUNT_OF_CODES: Parameter = text("count", "How many codes: 10 unless said, at most 1000.");
const OFFSET_OF_CODES: Parameter = text("offset", "How many codes to skip.");
const STATUS: Parameter = one_of(
    "status",
    "Only invitations of this state.",
    &["pending", "accepted", "expired", "revoked"],
);
const DRY_RUN: Parameter = one_of(
    "dryRun",
    "Whether everything is weighed and nothing written.",
    &["true", "false"],
);
const EVERYTHING: Parameter = one_of(
    "everything",
    "Everything in its compartment, too: what is about a patient, or belongs to an account. A project goes with all it has, whether asked or not.",
    &["true", "false"],
);
const FATE: Parameter = one_of(
    "membership",
    "What becomes of the membership.",
    &["keep", "remove"],
);
const FILTER: Parameter = text(
    "filter",
    "`userName eq \"…\"`, `externalId eq \"…\"` or `emails eq \"…\"`.",
);
const START_INDEX: Parameter = text(
    "startIndex",
    "The place of the first user, from 1 to 10001.",
);
const COUNT: Parameter = text("count", "Users on the page, 0 to 1000; 100 unless asked.");
const VERSIONS: Parameter = text(
    "_count",
    "Versions on the page, 0 to 1000; 100 unless asked.",
);
const NEWER: Parameter = text(
    "_offset",
    "How many newer versions are left out, 0 to 10000.",
);
const RESOURCE: Parameter = text(
    "resource",
    "`Patient/{id}`, or `Patient` for the type; without it every rule is shown and none decides.",
);
const INTERACTION: Parameter = one_of(
    "interaction",
    "What is to be done with it: `read` for a resource and `search` for a type, unless said.",
    &[
        "read", "vread", "history", "search", "create", "update", "delete",
    ],
);
