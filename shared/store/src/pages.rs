//! Pages of rows as they stand in the table: every list of members that the product shows is one range, or a few read one after the
//! other; the resources of any other type are one.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Failure, ProfileType};
use fhir::Resource;

use crate::index::{Bounds, Hit, Hits, Order, Shelf, Walk};
use crate::keys::{self, Key};
use crate::members::read_member;
use crate::read::{Page, Range};
use crate::resources::stored;
use crate::row::{self, Item, PK, SK};
use crate::tenant::Tenant;
use crate::together::together;

/// A page of a hundred and the row after it: up to here all ranges of a list are read at once, because what that reads in vain
/// costs less than another round trip.
const WORTH_READING_AHEAD: usize = 101;

/// Which rows a list reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowRange {
    /// All members.
    Everyone,
    /// The persons among the members.
    Humans,
    /// The members with one type of profile.
    Kind(ProfileType),
    /// The resources of one type. Memberships are none of them.
    Type(String),
}

/// Where a page ended: the range and the sort key of the last row read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Which of the list's ranges.
    pub range: usize,
    /// The last sort key, within the range's partition.
    pub after: String,
}

/// Rows in ranges, and where to go on.
#[derive(Debug, Default)]
pub struct RowPage {
    /// The resources, in the order of the table.
    pub resources: Vec<Resource>,
    /// Where each of them stands: the cut after it.
    pub cuts: Vec<Cut>,
    /// Whether there are more.
    pub more: bool,
}

impl Tenant<'_> {
    /// At most `limit` rows of `ranges`, in order, after `start`. One round trip for a page of up to a hundred; beyond, one for each
    /// megabyte and each range touched.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn page_of_rows(
        &self,
        ranges: &[RowRange],
        limit: usize,
        start: Option<Cut>,
    ) -> Result<RowPage, Failure> {
        let mut page = RowPage::default();
        let (mut at, mut after) = match start {
            Some(cut) => (cut.range, self.after(ranges.get(cut.range), &cut.after)),
            None => (0, None),
        };
        let mut ahead = Vec::new();
        if limit <= WORTH_READING_AHEAD {
            let ranges = ranges.get(at..).unwrap_or_default();
            ahead = self.read_ahead(ranges, limit, after.clone()).await?;
        }
        while let Some(range) = ranges.get(at) {
            let wanted = limit - page.resources.len();
            let mut read = match ahead.pop() {
                Some(read) => read,
                None => {
                    let range = self.row_range(range);
                    self.store.page(&range, wanted, after.take()).await?
                }
            };
            let beyond = read.items.len() > wanted;
            read.items.truncate(wanted);
            for item in read.items {
                page.cuts.push(Cut {
                    range: at,
                    after: row::text(&item, SK).to_owned(),
                });
                page.resources.push(self.row(range, item)?);
            }
            after = read.next;
            let full = page.resources.len() >= limit;
            if full {
                page.more = beyond || after.is_some() || at + 1 < ranges.len();
                return Ok(page);
            }
            match &after {
                // What was read ahead begins after this range, which is not at its end.
                Some(_) => ahead.clear(),
                None => at += 1,
            }
        }
        Ok(page)
    }

    /// At most `limit` rows of one type that are about subjects, in the order in which they stand in the type's range, after `start`. What was
    /// written a moment ago may be missing: an index follows the table.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn page_about(
        &self,
        shelves: &[Shelf],
        limit: usize,
        start: Option<Cut>,
    ) -> Result<RowPage, Failure> {
        let walk = Walk {
            order: Order::Place,
            descending: false,
            bounds: Bounds::All,
        };
        let pk = keys::resources(self.project);
        let mut after = start.map(|cut| cut.after);
        loop {
            let place = |sk: &String, at| Hit::read([sk.clone(), pk.clone(), sk.clone()], at);
            let all = 0..shelves.len();
            let start: Vec<Hit> = all
                .filter_map(|at| Some(place(after.as_ref()?, at)))
                .collect();
            let hits = self.store.walk(shelves, &walk, limit, &start).await?;
            after = hits.hits.last().map(|hit| hit.sort.clone());
            let page = self.rows_behind(hits).await?;
            // What the index still names and the table has no more is no end.
            if !(page.more && page.cuts.is_empty()) {
                return Ok(page);
            }
        }
    }

    async fn rows_behind(&self, hits: Hits) -> Result<RowPage, Failure> {
        let keys: Vec<Key> = hits.hits.iter().filter_map(Hit::key).collect();
        let mut found = self.read(&keys).await?;
        let mut page = RowPage {
            more: hits.more,
            ..RowPage::default()
        };
        for (key, hit) in keys.iter().zip(hits.hits) {
            if let Some(resource) = self.store.resource_at(&mut found, key)? {
                page.resources.push(resource);
                page.cuts.push(Cut {
                    range: 0,
                    after: hit.sort,
                });
            }
        }
        Ok(page)
    }

    /// The first page of every range, all read at once; the last range's page comes first.
    async fn read_ahead(
        &self,
        ranges: &[RowRange],
        limit: usize,
        after: Option<Item>,
    ) -> Result<Vec<Page>, Failure> {
        let Some((first, rest)) = ranges.split_first() else {
            return Ok(Vec::new());
        };
        let range = self.row_range(first);
        let (page, rest) = tokio::join!(
            self.store.page(&range, limit, after),
            Box::pin(self.read_ahead(rest, limit, None))
        );
        let mut pages = rest?;
        pages.push(page?);
        Ok(pages)
    }

    /// How many rows the ranges have, counted row by row; `None` when one of them has more than `pages` megabytes.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn count_rows(
        &self,
        ranges: &[RowRange],
        pages: usize,
    ) -> Result<Option<u64>, Failure> {
        let counts = ranges.iter().map(|range| async move {
            let range = self.row_range(range);
            self.store.count_within(&range, pages).await
        });
        let mut total = Some(0);
        for count in together(counts.collect()).await {
            total = total.zip(count?).map(|(total, count)| total + count);
        }
        Ok(total)
    }

    fn row_range(&self, range: &RowRange) -> Range {
        let members = || keys::members(self.project);
        match range {
            RowRange::Everyone => Range::partition(members()),
            RowRange::Humans => Range::prefix(members(), keys::HUMANS),
            RowRange::Kind(kind) => Range::prefix(members(), keys::member_range(*kind)),
            RowRange::Type(kind) => {
                Range::prefix(keys::resources(self.project), keys::resource_range(kind))
            }
        }
    }

    fn row(&self, range: &RowRange, item: Item) -> Result<Resource, Failure> {
        let RowRange::Type(kind) = range else {
            return Ok(read_member(self.project, item)?.membership.into_resource());
        };
        let id = row::text(&item, SK)
            .split_once('#')
            .and_then(|(_, id)| id.parse().ok());
        let id = id.ok_or_else(|| Failure::corrupt("a resource", "its key has no id"))?;
        Ok(stored(kind, id, self.project, item)?.resource)
    }

    fn after(&self, range: Option<&RowRange>, sk: &str) -> Option<Item> {
        let (_, partition) = self.row_range(range?).partition;
        Some(Item::from([
            (PK.to_owned(), AttributeValue::S(partition)),
            (SK.to_owned(), AttributeValue::S(sk.to_owned())),
        ]))
    }
}
