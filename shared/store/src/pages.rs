//! Pages of rows as they stand in the table: every list of members that the product shows is one range, or a few read one after the
//! other; the resources of any other type are one.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Failure, ProfileType};
use fhir::Resource;

use crate::keys;
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
