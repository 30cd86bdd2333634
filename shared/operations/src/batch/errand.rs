//! What becomes of one entry: the operation that there is for it, called as its own route calls it.

use domain::access::Interaction;
use domain::{Caller, Claimant, Failure, Fault, PROJECT, ProjectId, Refusal};
use fhir::{Place, Request, Verb};
use serde_json::{Map, Value};
use store::Tenant;
use tokio::time::Instant;
use uuid::Uuid;

use super::Done;
use crate::expand::{self, Question};
use crate::history::{self, Page};
use crate::search;
use crate::write::{self, Change, Written};
use crate::{Means, Sight, conditional, create_project, create_resource, read_resource, rights};

/// An entry under way.
pub(super) struct Task {
    pub(super) request: Request,
    /// The id of what it makes, where others refer to it.
    pub(super) id: Option<Uuid>,
}

/// Who asks, and until when it is worth beginning.
#[derive(Clone, Copy)]
pub(super) struct Errand<'a> {
    pub(super) means: Means<'a>,
    pub(super) caller: &'a Caller,
    pub(super) claimant: Claimant,
    pub(super) until: Instant,
}

impl Errand<'_> {
    /// Carries one entry out.
    pub(super) async fn one(self, task: Task) -> Result<Done, Failure> {
        if Instant::now() >= self.until {
            return Err(Failure::unavailable("the batch", "there is no time left"));
        }
        let Task { request, id } = task;
        match (request.verb, request.place.clone()) {
            (Verb::Get, place) => self.read(place, request.words).await,
            (Verb::Post, Place::Type(kind)) if kind == PROJECT => self.found(&request).await,
            (Verb::Post, Place::Type(kind)) => self.create(kind, &request, id).await,
            (Verb::Put, place) => {
                let body = request.body().map_err(Fault::from)?;
                self.change(place, &request, Change::Whole(body)).await
            }
            (Verb::Patch, place) => {
                let operations = request.operations().map_err(Fault::from)?;
                self.change(place, &request, Change::Patch(operations))
                    .await
            }
            (Verb::Delete, place) => self.delete(place, &request).await,
            (Verb::Post, _) => Err(Refusal::NotFound.into()),
        }
    }

    pub(super) async fn read(
        self,
        place: Place,
        words: Option<Vec<(String, String)>>,
    ) -> Result<Done, Failure> {
        let (means, claimant, tenant) = (self.means, self.claimant, self.tenant());
        let sight = self.sight();
        match &place {
            Place::Type(kind) => {
                rights::to(self.caller, Interaction::Search, kind)?;
                let query = search::read(kind, &words.unwrap_or_default());
                let listing =
                    search::look(means, (tenant, claimant), (kind.as_str(), query), sight).await?;
                Ok(Done::Page(Box::new(listing)))
            }
            Place::Resource(kind, id) => {
                rights::to(self.caller, Interaction::Read, kind)?;
                let address = (kind.as_str(), id.as_str());
                let resource =
                    read_resource::look(means, (tenant, claimant), address, sight).await?;
                Ok(Done::Read(Box::new(resource)))
            }
            Place::History(kind, id) => {
                rights::to(self.caller, Interaction::History, kind)?;
                let wanted = ((kind.as_str(), id.as_str()), page(words));
                let history = history::look(means, tenant, claimant, wanted, sight).await?;
                Ok(Done::History(history))
            }
            Place::Version(kind, id, version) => {
                rights::to(self.caller, Interaction::Vread, kind)?;
                let wanted = ((kind.as_str(), id.as_str()), version.as_str());
                let resource = history::look_at(means, tenant, claimant, wanted, sight).await?;
                Ok(Done::Read(Box::new(resource)))
            }
            Place::Expansion(id) => {
                let question = Question::of(id.as_deref(), &words.unwrap_or_default());
                let set = expand::look(means, (tenant, claimant), question, sight).await?;
                Ok(Done::Read(Box::new(set)))
            }
            Place::Elsewhere => Err(Refusal::NotFound.into()),
        }
    }

    /// A bare project, by a super admin.
    async fn found(self, request: &Request) -> Result<Done, Failure> {
        if !self.caller.is_super_admin() {
            return Err(Refusal::Forbidden.into());
        }
        let fields = create_project::parse(&request.body().map_err(Fault::from)?)?;
        let wish = Ok((fields, None));
        let (tenant, claimant) = (self.tenant(), self.claimant);
        let seen = create_project::look(self.means, tenant, claimant, wish).await?;
        let project = create_project::create_project(self.means, self.caller, seen).await?;
        Ok(made(project))
    }

    async fn create(
        self,
        kind: String,
        request: &Request,
        id: Option<Uuid>,
    ) -> Result<Done, Failure> {
        rights::to(self.caller, Interaction::Create, &kind)?;
        let body = request.body().map_err(Fault::from)?;
        let (caller, claimant) = self.heading_for(&body)?;
        let tenant = self.means.store.of(&caller);
        let sight = Sight::of(&caller, claimant);
        let wish = Ok((create_resource::Posted { kind, body, id }, None));
        if let Some(words) = request.must_not_find() {
            let wish = (Ok(words), wish);
            let creation = conditional::look_for_creation(self.means, tenant, sight, wish).await?;
            let written = conditional::create(self.means, &caller, creation).await?;
            return Ok(Done::Written(Box::new(written)));
        }
        let seen = create_resource::look(self.means, tenant, sight, wish).await?;
        let resource = create_resource::create_resource(self.means, &caller, seen).await?;
        Ok(made(resource))
    }

    async fn change(
        self,
        place: Place,
        request: &Request,
        change: Change,
    ) -> Result<Done, Failure> {
        let (caller, claimant) = match &change {
            Change::Whole(body) => self.heading_for(body)?,
            Change::Patch(_) => (self.caller.clone(), self.claimant),
        };
        let tenant = self.means.store.of(&caller);
        let sight = Sight::of(&caller, claimant);
        let written = match place {
            Place::Resource(kind, id) => {
                let posted = write::Posted {
                    id: id_of(&id),
                    kind: kind.clone(),
                    change,
                    seen: version(request)?,
                };
                let seen = write::look(self.means, tenant, sight, Ok(posted)).await;
                write::update(self.means, &caller, (&kind, seen)).await?
            }
            Place::Type(kind) => {
                rights::to(&caller, Interaction::Update, &kind)?;
                let words = Ok(request.words.clone().unwrap_or_default());
                let found = conditional::look(self.means, tenant, sight, (&kind, words)).await?;
                conditional::update(self.means, &caller, (found, Ok(change))).await?
            }
            Place::History(..) | Place::Version(..) | Place::Expansion(_) | Place::Elsewhere => {
                return Err(Refusal::NotFound.into());
            }
        };
        Ok(Done::Written(Box::new(written)))
    }

    async fn delete(self, place: Place, request: &Request) -> Result<Done, Failure> {
        let (means, caller, claimant, tenant) =
            (self.means, self.caller, self.claimant, self.tenant());
        match place {
            Place::Resource(kind, id) => {
                let wish = ((kind.as_str(), id_of(&id)), version(request));
                let doomed = write::look_for_deletion(means, tenant, claimant, wish).await;
                write::delete(means, caller, (&kind, doomed)).await?;
            }
            Place::Type(kind) => {
                rights::to(caller, Interaction::Delete, &kind)?;
                let words = Ok(request.words.clone().unwrap_or_default());
                let found = conditional::look(means, tenant, self.sight(), (&kind, words)).await?;
                conditional::delete(means, caller, found).await?;
            }
            Place::History(..) | Place::Version(..) | Place::Expansion(_) | Place::Elsewhere => {
                return Err(Refusal::NotFound.into());
            }
        }
        Ok(Done::Nothing)
    }

    /// The caller's rights, known already.
    pub(super) fn sight(&self) -> Sight {
        Sight::of(self.caller, self.claimant)
    }

    pub(super) fn tenant(&self) -> Tenant<'_> {
        self.means.store.of(self.caller)
    }

    /// Super admins act in the project that a resource says it belongs to.
    pub(super) fn heading_for(
        self,
        body: &Map<String, Value>,
    ) -> Result<(Caller, Claimant), Failure> {
        let named = body
            .get("meta")
            .and_then(|meta| meta.get("project")?.as_str());
        let named: Option<ProjectId> = named.and_then(|project| project.parse().ok());
        match named.filter(|_| self.caller.is_super_admin()) {
            Some(project) => Ok((
                self.caller.clone().acting_in(project)?,
                self.claimant.heading_for(project),
            )),
            None => Ok((self.caller.clone(), self.claimant)),
        }
    }
}

fn made(resource: fhir::Resource) -> Done {
    let created = true;
    Done::Written(Box::new(Written { resource, created }))
}

/// The id in an address; `None` when it is none.
fn id_of(text: &str) -> Option<Uuid> {
    fhir::Reference::to(format!("Type/{text}")).id()
}

/// The version that the sender has seen.
fn version(request: &Request) -> Result<Option<Uuid>, Failure> {
    let Some(tag) = request.if_match.as_deref().filter(|tag| *tag != "*") else {
        return Ok(None);
    };
    let version = tag.trim().trim_start_matches("W/").trim_matches('"');
    version.parse().map(Some).map_err(|_| Refusal::Stale.into())
}

fn page(words: Option<Vec<(String, String)>>) -> Page {
    let words = words.unwrap_or_default();
    let number = |name: &str| {
        let word = words.iter().find(|(of, _)| of == name);
        word.and_then(|(_, value)| value.parse().ok())
    };
    Page::asked(number("_count"), number("_offset"))
}
