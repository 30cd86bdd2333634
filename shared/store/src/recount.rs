//! Members counted anew: what the stream should have brought of them, in case it never did.

use std::collections::BTreeMap;

use domain::{Dice, Failure, MembershipId, ProfileType, Timestamp};

use crate::counters::{CounterRow, Mark, TURNS_AT_ONCE, Turn};
use crate::keys::{self, Key};
use crate::read::Range;
use crate::row::{self, SK};
use crate::tenant::Tenant;

/// How many members each of a project's counters has.
pub type Tally = BTreeMap<String, i64>;

impl Tenant<'_> {
    /// Counts members who are there and were not counted, from a place on, and adds all of them to `tally`. Answers where it goes on.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn count_present(
        &self,
        (after, tally): (Option<&str>, &mut Tally),
        moment: (Timestamp, Dice),
    ) -> Result<Option<String>, Failure> {
        let part = self.all_members(TURNS_AT_ONCE, after).await?;
        let mut turns = Vec::with_capacity(part.rows.len());
        for member in &part.rows {
            let membership = &member.membership;
            let kind = membership.profile_ref()?.kind;
            let version = membership.resource().meta.version;
            let turn = Turn::here((self.project, kind, membership.id()), version);
            *tally.entry(turn.counter_key().sk()).or_default() += 1;
            turns.push(turn);
        }
        self.store.count_turns(&turns, moment).await?;
        Ok(part.next)
    }

    /// What the project's counters say.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn counters(&self) -> Result<Tally, Failure> {
        let range = Range::partition(keys::counters(self.project));
        let page = self.store.page(&range, 1_000, None).await?;
        let mut tally = Tally::new();
        for item in page.items {
            let name = row::text(&item, SK).to_owned();
            let members = row::read::<CounterRow>("a counter", item)?.members;
            tally.extend((members != 0).then_some((name, members)));
        }
        Ok(tally)
    }

    /// Stops counting those of these memberships that are gone.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn count_gone(
        &self,
        ids: &[MembershipId],
        moment: (Timestamp, Dice),
    ) -> Result<(), Failure> {
        let every = |id: &MembershipId| ProfileType::ALL.map(|kind| (kind, *id));
        let places: Vec<_> = ids.iter().flat_map(every).collect();
        let marks = places.iter();
        let marks = marks.map(|(kind, id)| Key::Counted(self.project, *kind, *id));
        let mut marked = self.store.get(&marks.collect::<Vec<_>>()).await?;
        // Read after the marks: who comes again meanwhile comes under a later version.
        let rows = places.iter();
        let rows = rows.map(|(kind, id)| Key::Membership(self.project, *kind, *id));
        let rows = self.store.get(&rows.collect::<Vec<_>>()).await?;
        let mut turns = Vec::new();
        for (kind, id) in places {
            let item = marked.take(&Key::Counted(self.project, kind, id));
            let mark: Option<Mark> = item.map(|it| row::read("a mark", it)).transpose()?;
            let there = rows.has(&Key::Membership(self.project, kind, id));
            let gone = mark.filter(|_| !there);
            turns.extend(gone.and_then(|mark| Turn::gone((self.project, kind, id), &mark)));
        }
        for some in turns.chunks(TURNS_AT_ONCE) {
            self.store.count_turns(some, moment).await?;
        }
        Ok(())
    }
}
