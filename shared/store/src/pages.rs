//! Pages of members: every list the product shows is one range, or a few read one after the other.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Failure, ProfileType};

use crate::keys;
use crate::members::{Member, read_member};
use crate::read::Range;
use crate::row::{self, Item, PK, SK};
use crate::tenant::Tenant;

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
    /// At most `limit` members of `ranges`, in order, after `start`. One round trip for each megabyte and each range touched.
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
        while let Some(range) = ranges.get(at) {
            let wanted = limit - page.members.len();
            let read = self
                .store
                .page(&self.member_range(*range), wanted, after.take())
                .await?;
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
                page.more = after.is_some() || at + 1 < ranges.len();
                return Ok(page);
            }
            if after.is_none() {
                at += 1;
            }
        }
        Ok(page)
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
