//! One request on its way through a function.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::{Allowance, Caller, Claimant, Failure, Fault, JobId, ProjectId, Refusal};
use fhir::Resource;
use fhir::search::Query;
use gateway::{Access, Call, Page, Problem, Reply, Route};
use lambda_http::http::HeaderName;
use lambda_http::http::header::CONTENT_LOCATION;
use operations::count_call::count_call;
use operations::search::{self, Listing};
use operations::sign_in::Device;
use operations::{Destination, Means, Once, Role, Sight, Wish};
use store::Tenant;
use tracing::error;

use crate::App;
use crate::quota;
use crate::serve::chain;
use crate::tally::Who;

/// How a question is made of the parameters of a search for resources of a type.
pub type ReadQuery = fn(&str, &[(String, String)]) -> Result<Query, Failure>;

/// The longest that a request takes up work: API Gateway gives up after thirty seconds.
const LONGEST: Duration = Duration::from_secs(25);
/// What is kept to end what was begun, and to answer.
const LAST_MOMENTS: Duration = Duration::from_secs(4);
/// Says where a total comes from that was not counted now.
const TOTAL_BY: HeaderName = HeaderName::from_static("roster-total-by");

/// A request that has found its route.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The function's parts.
    pub app: &'static App,
    /// What was asked.
    pub call: Call,
    /// The route it took.
    pub route: &'static Route,
    /// The moment: one for the whole request.
    pub means: Means<'static>,
    caller: Arc<OnceLock<Caller>>,
    allowance: Arc<OnceLock<Allowance>>,
    /// Set once the key has been read that makes the request happen at most once.
    keyed: Arc<OnceLock<()>>,
}

impl Ask {
    /// A request on `route`.
    pub fn new(app: &'static App, call: Call, route: &'static Route) -> Self {
        Self {
            app,
            call,
            route,
            means: app.means(),
            caller: Arc::default(),
            allowance: Arc::default(),
            keyed: Arc::default(),
        }
    }

    /// Lets the caller in where the path leads, and reads `look` beside it.
    ///
    /// # Errors
    /// 401, 403, 404 by the written rule, before anything that `look` finds wrong.
    pub async fn admit<T, L>(
        &self,
        look: impl FnOnce(Tenant<'static>, Claimant) -> L,
    ) -> Result<(Caller, T), Problem>
    where
        L: Future<Output = Result<T, Failure>>,
    {
        self.admit_to(self.destination(), look).await
    }

    /// Lets the caller in at `destination`, and reads `look` beside it.
    ///
    /// # Errors
    /// As [`Ask::admit`].
    pub async fn admit_to<T, L>(
        &self,
        destination: Destination,
        look: impl FnOnce(Tenant<'static>, Claimant) -> L,
    ) -> Result<(Caller, T), Problem>
    where
        L: Future<Output = Result<T, Failure>>,
    {
        let look = |tenant, claimant, _| look(tenant, claimant);
        self.admit_seeing(destination, look).await
    }

    /// The same for a `look` that waits to know what the caller may see.
    ///
    /// # Errors
    /// As [`Ask::admit`].
    pub async fn admit_seeing<T, L>(
        &self,
        destination: Destination,
        look: impl FnOnce(Tenant<'static>, Claimant, Sight) -> L,
    ) -> Result<(Caller, T), Problem>
    where
        L: Future<Output = Result<T, Failure>>,
    {
        let on_behalf_of = self.call.header("x-medplum-on-behalf-of");
        let request = operations::Request {
            destination,
            role: role(self.route.access),
            by_policy: self.route.is_by_policy(),
            on_behalf_of: on_behalf_of.map(str::to_owned),
        };
        match operations::admit(self.means, &self.call.credentials(), request, look).await {
            Ok((caller, found)) => {
                self.note(&caller)?;
                Ok((caller, found))
            }
            Err(turned) => {
                match (&turned.caller, &turned.failure) {
                    (Some(caller), _) => self.note(caller)?,
                    (None, Failure::Refused(Refusal::Unauthorized)) => self.count_stranger()?,
                    (None, _) => {}
                }
                Err(turned.failure.into())
            }
        }
    }

    /// Who is asking, if the request brings credentials that count; on open routes others count as none.
    ///
    /// # Errors
    /// 503 when nobody can tell.
    pub async fn somebody(&self) -> Result<Option<Caller>, Problem> {
        match self
            .admit_to(Destination::Home, |_, _| async { Ok(()) })
            .await
        {
            Ok((caller, ())) => Ok(Some(caller)),
            Err(problem) if problem.refusal() == Some(&Refusal::Unauthorized) => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// Counts a call on a route where nobody is asked who he is.
    ///
    /// # Errors
    /// 429; 503 when it cannot be counted.
    pub(crate) async fn count(&self) -> Result<(), Problem> {
        let (limits, address) = (self.app.config.limits, &self.call.address);
        if let (true, Some(limit)) = (self.route.is_counted(), limits.per_address) {
            let left = count_call(self.means, address, limit).await;
            return self.keep_within(left);
        }
        match self.route.access {
            Access::Open => self.count_stranger(),
            Access::Member | Access::Admin | Access::SuperAdmin => Ok(()),
        }
    }

    /// What is left to the caller, once it is known.
    pub(crate) fn allowance(&self) -> Option<Allowance> {
        self.allowance.get().copied()
    }

    /// Where the path leads: the project it names, or the caller's own.
    pub fn destination(&self) -> Destination {
        if !self.route.path.contains("{projectId}") {
            return Destination::Home;
        }
        let named = self.call.parameter("projectId").parse();
        named.map_or(Destination::Nowhere, Destination::Project)
    }

    /// Where a filter or a field leads super admins.
    pub fn asked(&self, project: Option<&str>) -> Destination {
        let id = project.map(|project| project.strip_prefix("Project/").unwrap_or(project));
        let id: Option<ProjectId> = id.and_then(|id| id.parse().ok());
        id.map_or(Destination::Home, Destination::Asked)
    }

    /// The parameters of a search: those of the address, and after them those of a form.
    ///
    /// # Errors
    /// A fault for a body that is no form.
    pub fn parameters(&self) -> Result<Vec<(String, String)>, Failure> {
        let query = self.call.query.iter().cloned();
        match self.call.method.as_str() {
            "POST" => Ok(query.chain(self.call.form()?).collect()),
            _ => Ok(query.collect()),
        }
    }

    /// What a search for resources of a type finds: `read` makes a question of the parameters, and `look` answers it beside the
    /// authorisation, in the project that the parameters name.
    ///
    /// # Errors
    /// As [`Ask::admit`]; the faults of the question.
    pub async fn search<L>(
        &self,
        (kind, read): (&str, ReadQuery),
        look: impl FnOnce(Tenant<'static>, Claimant, Result<Query, Failure>, Sight) -> L,
    ) -> Result<Listing, Problem>
    where
        L: Future<Output = Result<Listing, Failure>>,
    {
        let parameters = self.parameters();
        let named = parameters.as_deref().ok().and_then(search::project_named);
        let destination = self.asked(named);
        let query = parameters.and_then(|pairs| read(kind, &pairs));
        let look = |tenant, claimant, sight| look(tenant, claimant, query, sight);
        let (_, found) = self.admit_seeing(destination, look).await?;
        Ok(found)
    }

    /// A page of a search, with its links.
    pub fn page(&self, found: Listing) -> Reply {
        let base = &self.app.config.settings.base_url;
        let by_counters = found.by_counters;
        let reply = Reply::page(page_of(found), self.call.view(), base);
        match by_counters {
            true => reply.with(TOTAL_BY, "counters".into()),
            false => reply,
        }
    }

    /// The same as a table.
    pub fn table(&self, found: Listing) -> Reply {
        let base = &self.app.config.settings.base_url;
        page_of(found).table(self.call.view(), base)
    }

    /// A request as read, with the key that makes it happen at most once, if the sender gave one.
    ///
    /// # Errors
    /// What is wrong with the request; a fault for a key that is empty or longer than 255 characters.
    pub fn wish<T>(&self, request: Result<T, Failure>) -> Wish<T> {
        let once = self.once()?;
        Ok((request?, once))
    }

    fn once(&self) -> Result<Option<Once>, Failure> {
        let Some(key) = self.call.header("idempotency-key") else {
            return Ok(None);
        };
        if key.is_empty() || key.len() > 255 {
            return Err(Fault::invalid(
                "Idempotency-Key",
                "Idempotency-Key must have 1 to 255 characters",
            )
            .into());
        }
        let _ = self.keyed.set(());
        let operation = self.route.operation;
        Ok(Some(Once {
            key: format!("{} {key}", self.call.path),
            operation,
            body: self.call.body.clone(),
        }))
    }

    /// From where and with what the request was sent.
    pub fn device(&self) -> Device {
        let agent = self.call.header("user-agent").unwrap_or_default();
        Device {
            remote: self.call.address.clone(),
            agent: agent.chars().take(200).collect(),
            origin: self.call.header("origin").map(str::to_owned),
        }
    }

    /// For how long this request may still take up work: as long as the platform and the caller wait, less what it takes to end
    /// what was begun.
    pub fn time_left(&self) -> Duration {
        let now = self.means.now.as_millis();
        let left = self.call.deadline.map(|end| end.saturating_sub(now));
        // A host that says a moment long past says nothing.
        let left = left.filter(|left| *left > 0);
        let left = left.map(|left| Duration::from_millis(left.try_into().unwrap_or_default()));
        let left = left.unwrap_or(LONGEST).saturating_sub(LAST_MOMENTS);
        let wait = self.call.patience().unwrap_or(LONGEST);
        left.min(wait).min(LONGEST)
    }

    /// The answers to the rows of a batch. A row that failed by the server's fault is logged like a request.
    pub fn rows(&self, rows: Vec<Result<Option<Resource>, Failure>>) -> Reply {
        let problem = |(row, answer): (usize, Result<_, Failure>)| {
            let problem = |failure| Problem::from(failure).in_row(row);
            answer.map_err(problem).inspect_err(|problem| {
                if let Some(cause) = problem.cause() {
                    let (operation, request) = (self.route.operation, &self.call.request_id);
                    error!(
                        operation,
                        request,
                        row,
                        cause = chain(cause),
                        "a row failed"
                    );
                }
            })
        };
        let rows = rows.into_iter().enumerate().map(problem).collect();
        // As an invite does, each row shows the whole of `meta`.
        Reply::rows(rows, fhir::View::Extended)
    }

    /// The URL of this request, without its query.
    pub fn url(&self) -> String {
        let base = self.app.config.settings.base_url.trim_end_matches('/');
        format!("{base}{}", self.call.path)
    }

    /// Whether the sender wants to hear of the end later: `Prefer: respond-async` (RFC 7240).
    pub fn wants_a_job(&self) -> bool {
        let wishes = self.call.header("prefer").unwrap_or_default();
        wishes
            .split([',', ';'])
            .any(|wish| wish.trim() == "respond-async")
    }

    /// "Accepted": how it goes, `Content-Location` tells.
    pub fn accepted(&self, job: JobId) -> Reply {
        let base = &self.app.config.settings.base_url;
        let place = format!("{base}fhir/R4/job/{job}/status");
        let outcome = fhir::Outcome::accepted(&place);
        Reply::fhir(outcome.to_json(&self.call.request_id, &trace_id()))
            .status(202)
            .with(CONTENT_LOCATION, place)
    }

    /// The key that makes a request without a body happen at most once, if the sender gave one.
    ///
    /// # Errors
    /// As [`Ask::wish`].
    pub fn only_once(&self) -> Result<Option<Once>, Failure> {
        self.once()
    }

    /// "All OK", as an outcome of this request.
    pub fn all_ok(&self) -> Reply {
        Reply::fhir(fhir::Outcome::ok().to_json(&self.call.request_id, &trace_id()))
    }

    /// Whether what stood in the way may be this very request's own doing, sent a moment earlier with the same key: what it has done was
    /// read after its record was looked for. A second look finds the record first.
    pub(crate) fn is_worth_a_second_look(&self, problem: &Problem) -> bool {
        self.keyed.get().is_some() && matches!(problem.status, 400 | 404 | 409 | 410 | 412)
    }

    /// The caller, once he is known.
    pub(crate) fn caller(&self) -> Option<&Caller> {
        self.caller.get()
    }

    /// Remembers who calls, and counts him.
    fn note(&self, caller: &Caller) -> Result<(), Problem> {
        if self.caller.set(caller.clone()).is_err() {
            // A second look of the same request.
            return Ok(());
        }
        let (project, member) = (caller.project(), caller.membership().id());
        let limit = self.route.is_counted().then(|| project.auth_rate_limit());
        let signing_in = limit.flatten();
        let who = match signing_in {
            Some(_) => Who::SigningIn(member),
            None => Who::Member(member),
        };
        let limit = signing_in.or_else(|| project.rate_limit());
        self.tally(who, limit.or(self.app.config.limits.per_caller))?;
        match quota::points(self.route.method, self.route.path) {
            Some(points) => self.spend(caller, points),
            None => Ok(()),
        }
    }

    /// Counts the entries of a batch against the quotas of the caller's project: all of them, before any is carried out.
    ///
    /// # Errors
    /// 429.
    pub fn count_entries<E>(
        &self,
        caller: &Caller,
        entries: &[Result<fhir::Request, E>],
    ) -> Result<(), Problem> {
        let points = entries.iter().flatten().map(quota::points_of);
        self.spend(caller, points.sum())
    }

    fn spend(&self, caller: &Caller, points: u32) -> Result<(), Problem> {
        let [own, whole] = caller.project().fhir_quotas();
        let quotas = [
            (Who::Interactions(caller.membership().id()), own),
            (Who::AllInteractions(caller.project().id()), whole),
        ];
        for (who, limit) in quotas {
            let Some(limit) = limit else { continue };
            let left = (self.app.tally).spend((who, points), limit, self.means.now);
            if let Err(over) = left {
                return self.keep_within(Err(over.into()));
            }
        }
        Ok(())
    }

    fn count_stranger(&self) -> Result<(), Problem> {
        let who = Who::Stranger(self.call.address.clone());
        self.tally(who, self.app.config.limits.per_caller)
    }

    fn tally(&self, who: Who, limit: Option<u32>) -> Result<(), Problem> {
        let Some(limit) = limit else {
            return Ok(());
        };
        let left = self.app.tally.count(who, limit, self.means.now);
        self.keep_within(left.map_err(Failure::from))
    }

    /// The first count is the one that is told: on a route that is counted in the table, that of the table.
    fn keep_within(&self, left: Result<Allowance, Failure>) -> Result<(), Problem> {
        if let Err(Failure::Refused(Refusal::TooManyRequests { wait })) = left {
            let nothing = Allowance {
                remaining: 0,
                seconds: wait,
            };
            let _ = self.allowance.set(nothing);
        }
        let _ = self.allowance.set(left?);
        Ok(())
    }
}

/// A page of a search, for rendering.
pub(crate) fn page_of(found: Listing) -> Page {
    Page {
        query: found.query,
        matches: found.matches,
        included: found.included,
        next: found.next,
        total: found.total,
    }
}

fn role(access: Access) -> Role {
    match access {
        Access::Open | Access::Member => Role::Member,
        Access::Admin => Role::Admin,
        Access::SuperAdmin => Role::SuperAdmin,
    }
}

/// An id that ties what a caller sees to what is logged.
pub(crate) fn trace_id() -> String {
    crate::dice().id().to_string()
}
