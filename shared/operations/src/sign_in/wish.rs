//! What somebody sends who wants to sign in.

use domain::{Email, Fault, Form, ProfileType, ProjectId, Secret};
use identity::pkce::Method;
use serde_json::{Map, Value};
use store::Launch;

/// More than any client sends, in bytes; the session's row keeps what it is about.
pub(super) const LONGEST: usize = 1_000;

/// On which terms a session begins.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The scope that is asked for.
    pub scope: String,
    /// What the client wants to find in the id token.
    pub nonce: Option<String>,
    /// How the client will show that the code is its own.
    pub proof: Option<Proof>,
    /// Whether the person wants to stay signed in.
    pub remember: bool,
    /// The only project of which memberships count.
    pub only: Option<ProjectId>,
    /// Whether a project is about to be registered: no membership is offered.
    pub registers: bool,
    /// The record beside which the application was launched.
    pub launch: Option<Launch>,
}

/// A PKCE challenge.
#[derive(Clone, Debug)]
pub struct Proof {
    method: Method,
    challenge: String,
}

/// What is wrong with a challenge that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoProof {
    /// A method without a challenge.
    Challenge,
    /// A challenge without a method, or with one that nobody knows.
    Method,
}

/// A request to sign in with a password, as far as its form is right.
pub struct PasswordWish {
    pub(super) email: Email,
    pub(super) password: Secret,
    pub(super) wish: Wish,
}

/// What every page that signs people in sends, however they show who they are.
pub(super) struct Wish {
    pub(super) terms: Terms,
    pub(super) proof: Result<Option<Proof>, NoProof>,
    pub(super) project: Wanted,
    pub(super) kind: Option<ProfileType>,
    pub(super) client: Option<String>,
    pub(super) launch: Option<String>,
}

/// The project that a request to sign in names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// None: every one counts.
    Any,
    /// One that does not exist yet.
    New,
    /// This one.
    This(ProjectId),
    /// Something that is no project.
    Nowhere,
}

impl Wanted {
    /// The project, if one is named.
    pub(super) fn project(self) -> Option<ProjectId> {
        match self {
            Self::This(project) => Some(project),
            Self::Any | Self::New | Self::Nowhere => None,
        }
    }
}

impl Terms {
    /// Whether the session may be prolonged without a password.
    pub fn is_refreshable(&self) -> bool {
        let asked = |scope: &str| matches!(scope, "offline" | "offline_access");
        self.remember || self.scope.split(' ').any(asked)
    }

    /// Reads what every way to begin a session has in common: `scope`, `nonce`, `remember`, `codeChallenge`, `codeChallengeMethod`.
    pub fn read(form: &mut Form<'_>) -> (Self, Result<Option<Proof>, NoProof>) {
        let scope = limited(form, "scope").unwrap_or_else(|| "openid".to_owned());
        let nonce = limited(form, "nonce");
        let challenge = limited(form, "codeChallenge");
        let method = limited(form, "codeChallengeMethod");
        let proof = Proof::read(challenge, method.as_deref());
        let terms = Self {
            scope,
            nonce,
            proof: proof.clone().ok().flatten(),
            remember: form.flag("remember") == Some(true),
            ..Self::default()
        };
        (terms, proof)
    }
}

impl Proof {
    /// Reads a challenge and its method.
    pub(super) fn read(
        challenge: Option<String>,
        method: Option<&str>,
    ) -> Result<Option<Self>, NoProof> {
        match (challenge, method.map(Method::parse)) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(NoProof::Challenge),
            (Some(challenge), Some(Some(method))) => Ok(Some(Self { method, challenge })),
            (Some(_), _) => Err(NoProof::Method),
        }
    }

    /// As a session's row keeps it.
    pub(crate) fn stored(&self) -> (String, String) {
        (self.method.as_str().to_owned(), self.challenge.clone())
    }
}

impl From<NoProof> for Fault {
    fn from(fault: NoProof) -> Self {
        match fault {
            NoProof::Challenge => Self::invalid("code_challenge", "Invalid code challenge"),
            NoProof::Method => {
                Self::invalid("code_challenge_method", "Invalid code challenge method")
            }
        }
    }
}

impl PasswordWish {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let email = form.value("email").and_then(Value::as_str);
        let email = email.and_then(|email| email.parse().ok());
        if email.is_none() {
            form.fault(Fault::invalid("email", "Valid email address is required"));
        }
        let password = form.value("password").and_then(Value::as_str);
        let password = password.filter(|password| password.chars().count() >= 5);
        if password.is_none() {
            let text = "Invalid password, must be at least 5 characters";
            form.fault(Fault::invalid("password", text));
        }
        let wish = Wish::read(&mut form);
        form.finish(())?;
        // Both are there, else there was a fault.
        let (email, password) = email.zip(password).ok_or_else(Vec::new)?;
        Ok(Self {
            email,
            password: Secret::new(password),
            wish,
        })
    }
}

impl Wish {
    /// Reads, besides what [`Terms::read`] does, `projectId`, `resourceType`, `clientId` and `launch`.
    pub(super) fn read(form: &mut Form<'_>) -> Self {
        let (mut terms, proof) = Terms::read(form);
        let project = match form.text("projectId") {
            None => Wanted::Any,
            Some("new") => Wanted::New,
            Some(id) => id.parse().map_or(Wanted::Nowhere, Wanted::This),
        };
        terms.registers = project == Wanted::New;
        let kind = form.text("resourceType").map(str::parse);
        if matches!(kind, Some(Err(_))) {
            form.fault(Fault::invalid("resourceType", "Invalid resourceType"));
        }
        Self {
            terms,
            proof,
            project,
            kind: kind.and_then(Result::ok),
            client: form.text("clientId").map(str::to_owned),
            launch: form.text("launch").map(str::to_owned),
        }
    }
}

fn limited(form: &mut Form<'_>, field: &str) -> Option<String> {
    let text = form.text(field)?;
    if text.len() > LONGEST {
        form.fault(Fault::invalid(field, format!("Invalid {field}")));
    }
    Some(text.to_owned())
}
