//! Pages of members: every list the product shows is one range, or a few read one after the other.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Failure, ProfileType};

use crate::keys;
use crate::members::{Member, read_member};
use crate::read::{Page, Range};
use crate::row::{self, Item, PK, SK};
use crate::tenant::Tenant;

/// A page of a hundred and the row after it: up to here all ranges of a list are read at once, because what that reads in vain
/// costs less than another round trip.
const WORTH_READING_AHEAD: usize = 101;

/// Which members a list reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberRange {
    /// All of them.
    Everyone,
    /// The persons.
    Humans,
    /// Those with one type of profile.
    Kind(ProfileType),
}

/// Where a page ended: the range and the sort key of the last row read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Which of the list's ranges.
    pub range: usize,
    /// The last sort key, within the memberships of the project.
    pub after: String,
}

/// Rows in ranges, and where to go on.
#[derive(Debug, Default)]
pub struct MemberPage {
    /// The members, in the order of the table.
    pub members: Vec<Member>,
    /// Where each of them stands: the cut after it.
    pub cuts: Vec<Cut>,
    /// Whether there are more.
    pub more: bool,
}

impl Tenant<'_> {
    /// At most `limit` members of `ranges`, in order, after `start`. One round trip for a page of up to a hundred; beyond, one for each
    /// megabyte and each range touched.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn page_of_members(
        &self,
        ranges: &[MemberRange],
        limit: usize,
        start: Option<Cut>,
    ) -> Result<MemberPage, Failure> {
        let mut page = MemberPage::default();
        let (mut at, mut after) = match start {
            Some(cut) => (cut.range, Some(self.after(&cut.after))),
            None => (0, None),
        };
        let mut ahead = Vec::new();
        if limit <= WORTH_READING_AHEAD {
            let ranges = ranges.get(at..).unwrap_or_default();
            ahead = self.read_ahead(ranges, limit, after.clone()).await?;
        }
        while let Some(range) = ranges.get(at) {
            let wanted = limit - page.members.len();
            let mut read = match ahead.pop() {
                Some(read) => read,
                None => {
                    let range = self.member_range(*range);
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
                page.members.push(read_member(self.project, item)?);
            }
            after = read.next;
            let full = page.members.len() >= limit;
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
        ranges: &[MemberRange],
        limit: usize,
        after: Option<Item>,
    ) -> Result<Vec<Page>, Failure> {
        let Some((first, rest)) = ranges.split_first() else {
            return Ok(Vec::new());
        };
        let range = self.member_range(*first);
        let (page, rest) = tokio::join!(
            self.store.page(&range, limit, after),
            Box::pin(self.read_ahead(rest, limit, None))
        );
        let mut pages = rest?;
        pages.push(page?);
        Ok(pages)
    }

    /// How many members the ranges have, counted row by row.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn count_members_in(&self, ranges: &[MemberRange]) -> Result<usize, Failure> {
        let mut total = 0;
        for range in ranges {
            total += self.store.count(&self.member_range(*range)).await?;
        }
        Ok(total)
    }

    fn member_range(&self, range: MemberRange) -> Range {
        let partition = keys::members(self.project);
        match range {
            MemberRange::Everyone => Range::partition(partition),
            MemberRange::Humans => Range::prefix(partition, keys::HUMANS),
            MemberRange::Kind(kind) => Range::prefix(partition, keys::member_range(kind)),
        }
    }

    fn after(&self, sk: &str) -> Item {
        Item::from([
            (
                PK.to_owned(),
                AttributeValue::S(keys::members(self.project)),
            ),
            (SK.to_owned(), AttributeValue::S(sk.to_owned())),
        ])
    }
}
