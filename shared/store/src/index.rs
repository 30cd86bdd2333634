//! Walks along the indexes `byName` and `byUpdated`: keys in order, of one partition or of several merged into one.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Blind, Failure, ProfileType, Scope};
use fhir::Resource;

use crate::Store;
use crate::keys::{self, Key};
use crate::members::read_member;
use crate::projects::read_project;
use crate::read::{Bound, Found, Page, Range};
use crate::resources::sorted_as;
use crate::row::{self, Item, PK, SK};
use crate::tenant::Tenant;
use crate::together::together;
use crate::users::read_user;

/// One partition of an index: what belongs together in lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf(String);

/// All names are between these; what stands for a missing name is not.
const FIRST_NAME: &str = " \u{1}";
const LAST_NAME: &str = "\u{10FFFF}";

/// What is counted reads at most this many pages of each shelf.
const MOST_PAGES: usize = 10;

/// What an index keeps in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Names, in lower case.
    Name,
    /// The last change, ISO 8601.
    Updated,
    /// Where they stand in the table; for what is about one subject.
    Place,
}

/// Which part of the shelves is walked along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// All of it.
    All,
    /// All that have a name.
    Named,
    /// Names that begin so, in any case.
    Prefix(String),
    /// From one value to another, both included.
    Between(String, String),
}

/// A way along shelves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// By what.
    pub order: Order,
    /// From the greatest to the least.
    pub descending: bool,
    /// From where to where.
    pub bounds: Bounds,
}

/// One key met on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What it is sorted by.
    pub sort: String,
    /// Which of the shelves it stands on.
    pub shelf: usize,
    pk: String,
    sk: String,
}

/// Keys in order, and whether there are more.
#[derive(Debug, Default)]
pub struct Hits {
    /// The keys.
    pub hits: Vec<Hit>,
    /// Whether the walk goes on.
    pub more: bool,
}

impl Hit {
    /// The row behind it.
    pub fn key(&self) -> Option<Key> {
        keys::row_at(&self.pk, &self.sk)
    }

    /// The place after it, as text that [`Hit::read`] takes.
    pub fn position(&self) -> [&str; 3] {
        [&self.sort, &self.pk, &self.sk]
    }

    /// The hit at a position on a shelf.
    pub fn read([sort, pk, sk]: [String; 3], shelf: usize) -> Self {
        Self {
            sort,
            shelf,
            pk,
            sk,
        }
    }

    fn of(order: Order, shelf: usize, item: &Item) -> Self {
        let (_, sort) = order.attributes();
        let text = |name| row::text(item, name).to_owned();
        Self::read([text(sort), text(PK), text(SK)], shelf)
    }

    /// The same as the table wants it, to go on after it.
    fn start(&self, order: Order, shelf: &Shelf) -> Item {
        let (partition, sort) = order.attributes();
        let pairs = [
            (PK, &self.pk),
            (SK, &self.sk),
            (partition, &shelf.0),
            (sort, &self.sort),
        ];
        let text =
            |(name, text): (&str, &String)| (name.to_owned(), AttributeValue::S(text.clone()));
        pairs.into_iter().map(text).collect()
    }
}

impl Order {
    fn index(self) -> &'static str {
        match self {
            Self::Name => "byName",
            Self::Updated => "byUpdated",
            Self::Place => "byProfile",
        }
    }

    fn attributes(self) -> (&'static str, &'static str) {
        match self {
            Self::Name => ("nameP", "nameS"),
            Self::Updated => ("updP", "upd"),
            Self::Place => ("profP", SK),
        }
    }
}

impl Walk {
    fn range(&self, shelf: &Shelf) -> Range {
        let (partition, sort) = self.order.attributes();
        let bound = match &self.bounds {
            Bounds::All => None,
            Bounds::Named => Some(Bound::Between(FIRST_NAME.into(), LAST_NAME.into())),
            Bounds::Prefix(prefix) => Some(Bound::Prefix(sorted_as(Some(prefix)))),
            Bounds::Between(from, to) => Some(Bound::Between(from.clone(), to.clone())),
        };
        Range {
            sort: bound.map(|bound| (sort, bound)),
            backwards: self.descending,
            ..Range::index(self.order.index(), partition, shelf.0.clone())
        }
    }
}

impl Tenant<'_> {
    /// Where the project's resources of one type stand in order.
    pub fn shelf(&self, kind: &str) -> Shelf {
        Shelf(keys::of_type(self.project, kind))
    }

    /// Where the resources of one type stand that are about one subject.
    pub fn shelf_about(&self, kind: &str, subject: &str) -> Shelf {
        Shelf(keys::of_subject(self.project, kind, subject))
    }

    /// Where the members with one type of profile stand in order.
    pub fn member_shelf(&self, kind: ProfileType) -> Shelf {
        Shelf(keys::members_of_type(self.project, kind))
    }

    /// Where the users stand in order who exist within the project only.
    pub fn user_shelf(&self) -> Shelf {
        Shelf(keys::users_in(Scope::Project(self.project)))
    }
}

impl Store {
    /// Where all projects stand in order. For super admins.
    pub fn project_shelf(&self) -> Shelf {
        Shelf(keys::ALL_PROJECTS.to_owned())
    }

    /// Where the users stand in order who exist above projects. For super admins.
    pub fn server_user_shelf(&self) -> Shelf {
        Shelf(keys::users_in(Scope::Server))
    }

    /// Where the users with one address stand, of every scope; by name only. For super admins.
    pub fn address_shelf(&self, email: &Blind) -> Shelf {
        Shelf(keys::users_by_email(email))
    }

    /// At most `limit` keys of the shelves, merged into one order, after the hits in `start` (one for each shelf that has been walked
    /// along already). One round trip for each megabyte, which is about six thousand keys.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn walk(
        &self,
        shelves: &[Shelf],
        walk: &Walk,
        limit: usize,
        start: &[Hit],
    ) -> Result<Hits, Failure> {
        let reads = shelves.iter().enumerate().map(|(at, shelf)| {
            let start = start.iter().find(|hit| hit.shelf == at);
            let start = start.map(|hit| hit.start(walk.order, shelf));
            self.stretch(walk.range(shelf), limit, start)
        });
        let mut pages = Vec::with_capacity(shelves.len());
        for (at, page) in together(reads.collect()).await.into_iter().enumerate() {
            let page = page?;
            let hits = page.items.iter().map(|item| Hit::of(walk.order, at, item));
            pages.push((
                hits.collect::<Vec<_>>().into_iter().peekable(),
                page.next.is_some(),
            ));
        }
        Ok(merge(pages, walk.descending, limit))
    }

    /// How many keys there are on a walk; `None` when that takes more than ten megabytes of one shelf to say.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn tally(&self, shelves: &[Shelf], walk: &Walk) -> Result<Option<u64>, Failure> {
        let counts = shelves.iter().map(|shelf| async move {
            let range = walk.range(shelf);
            self.count_within(&range, MOST_PAGES).await
        });
        let mut total = Some(0);
        for count in together(counts.collect()).await {
            total = total.zip(count?).map(|(total, count)| total + count);
        }
        Ok(total)
    }

    /// A range up to `limit` rows, however many pages that takes.
    async fn stretch(
        &self,
        range: Range,
        limit: usize,
        start: Option<Item>,
    ) -> Result<Page, Failure> {
        let mut whole = self.page(&range, limit, start).await?;
        while whole.items.len() < limit && whole.next.is_some() {
            let left = limit - whole.items.len();
            let page = self.page(&range, left, whole.next.take()).await?;
            whole.items.extend(page.items);
            whole.next = page.next;
        }
        Ok(whole)
    }

    /// The resource whose current row was read at `key`, of any of the families that stand in indexes.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn resource_at(&self, found: &mut Found, key: &Key) -> Result<Option<Resource>, Failure> {
        if let Key::Resource(project, ..) = key {
            let stored = self.founding(*project).stored(found, key)?;
            return Ok(stored.map(|stored| stored.resource));
        }
        let Some(item) = found.take(key) else {
            return Ok(None);
        };
        Ok(match key {
            Key::Membership(project, ..) => {
                Some(read_member(*project, item)?.membership.into_resource())
            }
            Key::Project(project) => {
                read_project(*project, item)?.map(domain::Project::into_resource)
            }
            Key::User(user) => Some(read_user(*user, item)?.resource),
            _ => None,
        })
    }
}

/// Merges what was read of each shelf. Where one that goes on has been used up, nobody knows what comes next: there the page ends.
fn merge<I: Iterator<Item = Hit>>(
    mut pages: Vec<(std::iter::Peekable<I>, bool)>,
    descending: bool,
    limit: usize,
) -> Hits {
    let mut merged = Hits::default();
    while merged.hits.len() < limit {
        let used_up = pages
            .iter_mut()
            .any(|(page, goes_on)| page.peek().is_none() && *goes_on);
        let mut next: Option<(usize, String)> = None;
        for (at, (page, _)) in pages.iter_mut().enumerate() {
            let Some(hit) = page.peek() else { continue };
            let is_first = next.as_ref().is_none_or(|(_, least)| match descending {
                true => hit.sort > *least,
                false => hit.sort < *least,
            });
            if is_first {
                next = Some((at, hit.sort.clone()));
            }
        }
        match next.and_then(|(at, _)| pages[at].0.next()) {
            Some(hit) if !used_up => merged.hits.push(hit),
            _ => {
                merged.more = used_up;
                return merged;
            }
        }
    }
    merged.more = pages
        .iter_mut()
        .any(|(page, goes_on)| page.peek().is_some() || *goes_on);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(shelf: usize, sorts: &[&str]) -> std::iter::Peekable<std::vec::IntoIter<Hit>> {
        let hit =
            |sort: &&str| Hit::read([(*sort).to_owned(), String::new(), String::new()], shelf);
        sorts
            .iter()
            .map(hit)
            .collect::<Vec<_>>()
            .into_iter()
            .peekable()
    }

    fn sorts(merged: &Hits) -> Vec<&str> {
        merged.hits.iter().map(|hit| hit.sort.as_str()).collect()
    }

    #[test]
    fn shelves_are_merged_in_order() {
        let pages = || vec![(hits(0, &["a", "c"]), false), (hits(1, &["b", "d"]), false)];
        let merged = merge(pages(), false, 9);
        assert_eq!(
            (sorts(&merged), merged.more),
            (vec!["a", "b", "c", "d"], false)
        );
        let merged = merge(pages(), false, 3);
        assert_eq!((sorts(&merged), merged.more), (vec!["a", "b", "c"], true));
        let down = vec![(hits(0, &["c", "a"]), false), (hits(1, &["d", "b"]), false)];
        assert_eq!(sorts(&merge(down, true, 9)), ["d", "c", "b", "a"]);
    }

    #[test]
    fn a_shelf_that_goes_on_stops_the_page_where_it_was_used_up() {
        let pages = vec![(hits(0, &["a"]), true), (hits(1, &["b"]), false)];
        let merged = merge(pages, false, 9);
        assert_eq!((sorts(&merged), merged.more), (vec!["a"], true));
        let merged = merge(vec![(hits(0, &["a"]), false)], false, 1);
        assert_eq!((sorts(&merged), merged.more), (vec!["a"], false));
    }
}
