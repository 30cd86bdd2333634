//! A page of several projects: one's own, and after it those that it is linked to. An order that is asked for goes through all of them.

use domain::{Failure, Fault, PROJECT};
use fhir::Resource;
use fhir::search::{Next, Query};
use serde::{Deserialize, Serialize};
use store::{Tenant, together};

use super::page::{self, LAST_OFFSET, Matches};
use super::{Eyes, Reader};
use crate::linked::Neighbour;

/// Where the next page begins.
#[derive(Serialize, Deserialize)]
struct Place {
    /// In which of the projects.
    project: usize,
    /// After how many matches of it, or where a reader of it stopped.
    #[serde(default)]
    offset: usize,
    #[serde(default)]
    cursor: Option<String>,
}

/// A page of what the reader's project has, and its neighbours export.
///
/// # Errors
/// A fault naming `_sort` when there is too much to sort; a fault of the cursor; [`Failure::Unavailable`].
pub(super) async fn page(
    reader: Reader<'_>,
    neighbours: &[Neighbour<'_>],
    (query, eyes): (&Query, &Eyes),
) -> Result<(Query, Matches), Failure> {
    let kind = query.kind.as_str();
    let exporting = neighbours.iter();
    let exporting = exporting.filter(|it| kind == PROJECT || it.project.exports(kind));
    let tenants = std::iter::once(reader.tenant).chain(exporting.map(|it| it.tenant));
    let tenants: Vec<Tenant<'_>> = tenants.collect();
    if tenants.len() == 1 {
        return reader.page(query, eyes).await;
    }
    let around = Around {
        reader,
        tenants,
        eyes,
    };
    let matches = match query.sort.is_empty() {
        true => around.in_turn(query).await?,
        false => around.merged(query).await?,
    };
    Ok((query.clone(), matches))
}

struct Around<'a> {
    reader: Reader<'a>,
    tenants: Vec<Tenant<'a>>,
    eyes: &'a Eyes,
}

impl Around<'_> {
    async fn of(&self, at: usize, query: &Query) -> Result<(Query, Matches), Failure> {
        let tenant = self.tenants.get(at).copied();
        let reader = Reader {
            tenant: tenant.unwrap_or(self.reader.tenant),
            at_home: at == 0,
            ..self.reader
        };
        reader.page(query, self.eyes).await
    }

    async fn of_all(&self, query: &Query) -> Result<Vec<Matches>, Failure> {
        let reads = (0..self.tenants.len()).map(|at| self.of(at, query));
        let read = together(reads.collect()).await.into_iter();
        read.map(|page| Ok(page?.1)).collect()
    }

    /// Every project gives its first ones, as many as the page goes: the page is cut out of all of them.
    async fn merged(&self, query: &Query) -> Result<Matches, Failure> {
        if query.cursor.is_some() {
            return Err(Fault::invalid("_cursor", "Invalid cursor").into());
        }
        let wanted = page::wanted(query);
        let mut first = query.clone();
        (first.offset, first.count) = (0, wanted + 1);
        let parts = self.of_all(&first).await?;
        let short = |part: &Matches| part.next != Next::None && part.resources.len() <= wanted;
        if parts.iter().any(short) {
            return Err(page::too_many_to_sort(&format!(
                "resources of type {}",
                query.kind
            )));
        }
        let total = sum(&parts);
        let mut all: Vec<Resource> = parts.into_iter().flat_map(|it| it.resources).collect();
        all.sort_by(|one, other| query.compare(one, other));
        let more = query.count > 0 && all.len() > wanted && wanted <= LAST_OFFSET;
        Ok(Matches {
            resources: page::on_page(query, all).collect(),
            next: if more { Next::Offset } else { Next::None },
            total: total.filter(|_| query.wants_total()),
            by_counters: false,
        })
    }

    /// One project after the other.
    async fn in_turn(&self, query: &Query) -> Result<Matches, Failure> {
        let (means, tenant) = (self.reader.means, self.reader.tenant);
        let start = page::start(means, tenant, query, |text| serde_json::from_str(text).ok())?;
        // What is skipped is read, too.
        let wanted = match (&start, query.count) {
            (_, 0) => 0,
            (Some(_), count) => count,
            (None, _) => page::wanted(query),
        };
        let mut place = start.unwrap_or(Place::begin(0));
        let mut found = Vec::new();
        while found.len() < wanted && place.project < self.tenants.len() {
            let asked = place.on(query, wanted - found.len());
            let (answered, read) = self.of(place.project, &asked).await?;
            found.extend(read.resources);
            let bounded = matches!(read.next, Next::Cursor(_)) || answered.count < asked.count;
            place = place.after(&answered, read.next);
            if bounded {
                break;
            }
        }
        let next = match query.count > 0 && self.goes_on(query, &mut place).await? {
            true => {
                let place = serde_json::to_string(&place).unwrap_or_default();
                page::cursor(means, tenant, query, &place)
            }
            false => Next::None,
        };
        let resources = match query.cursor {
            Some(_) => found,
            None => page::on_page(query, found).collect(),
        };
        Ok(Matches {
            resources,
            next,
            total: self.total(query).await?,
            by_counters: false,
        })
    }

    /// Whether there is anything from a place on; moves it to where that is.
    async fn goes_on(&self, query: &Query, place: &mut Place) -> Result<bool, Failure> {
        while place.project < self.tenants.len() {
            if place.offset > 0 || place.cursor.is_some() {
                return Ok(true);
            }
            let (_, read) = self.of(place.project, &place.on(query, 1)).await?;
            if !read.resources.is_empty() || read.next != Next::None {
                return Ok(true);
            }
            *place = Place::begin(place.project + 1);
        }
        Ok(false)
    }

    async fn total(&self, query: &Query) -> Result<Option<u64>, Failure> {
        if !query.wants_total() || query.cursor.is_some() {
            return Ok(None);
        }
        let mut counting = query.clone();
        (counting.offset, counting.count) = (0, 0);
        Ok(sum(&self.of_all(&counting).await?))
    }
}

impl Place {
    fn begin(project: usize) -> Self {
        Self {
            project,
            offset: 0,
            cursor: None,
        }
    }

    /// The question about this project from this place on.
    fn on(&self, query: &Query, count: usize) -> Query {
        let mut here = query.clone();
        (here.offset, here.count) = (self.offset, count);
        here.cursor.clone_from(&self.cursor);
        here.total = None;
        here
    }

    fn after(&self, asked: &Query, next: Next) -> Self {
        let here = Self::begin(self.project);
        match next {
            Next::None => Self::begin(self.project + 1),
            Next::Offset => Self {
                offset: asked.offset + asked.count,
                ..here
            },
            Next::Cursor(cursor) => Self {
                cursor: Some(cursor),
                ..here
            },
        }
    }
}

fn sum(parts: &[Matches]) -> Option<u64> {
    parts.iter().map(|part| part.total).sum()
}
