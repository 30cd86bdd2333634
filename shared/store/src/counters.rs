//! How many members a project has, by type of profile: counted from the table's stream, never in a transaction that makes a member.
//!
//! Every membership has a mark that says which turn of it was seen last, and whether it is counted. A mark and its counter change in
//! one transaction; so a turn that comes again, or after a later one, counts nothing.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Dice, Failure, MembershipId, ProfileType, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::Store;
use crate::keys::{self, Key};
use crate::projects::is_going;
use crate::read::{Found, Range};
use crate::row::{self, PK, SK};
use crate::step::Step;
use crate::tenant::Tenant;
use crate::transaction::{Aborted, Transaction};

/// How many turns are counted in one transaction, which has room for a hundred writes: a mark and at most one counter for each.
pub const TURNS_AT_ONCE: usize = 50;
/// How often marks that change under our hands are read again.
const LOOKS: u32 = 6;
/// The mark of a membership that is gone outlives everything that the stream can still bring of it.
const LIFE_OF_A_MARK: i64 = 7 * 86_400;
/// Counters are spread, because the stream may bring the members of one project from several of its shards at once.
const SHARDS: u8 = 4;

/// A membership's row came or went.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    project: ProjectId,
    kind: ProfileType,
    id: MembershipId,
    /// The version, and after it whether the row is gone: texts of later turns are greater.
    at: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Mark {
    turn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

/// What is added to which counters.
type Sums = BTreeMap<(ProjectId, ProfileType, u8), i64>;

const HERE: &str = " 0";
const GONE: &str = " 1";

impl Turn {
    /// Reads a record of the stream; `None` when it is not about a membership.
    pub fn read(record: &Value) -> Option<Self> {
        let change = &record["dynamodb"];
        let (image, end) = match record["eventName"].as_str()? {
            "REMOVE" => (&change["OldImage"], GONE),
            _ => (&change["NewImage"], HERE),
        };
        let project = keys::project_of(change["Keys"][PK]["S"].as_str()?)?;
        let key = keys::membership_of(project, change["Keys"][SK]["S"].as_str()?)?;
        let Key::Membership(_, kind, id) = key else {
            return None;
        };
        let version = image["ver"]["S"].as_str()?;
        Some(Self {
            project,
            kind,
            id,
            at: format!("{version}{end}"),
        })
    }

    /// A membership that is there in this version.
    pub(crate) fn here(
        (project, kind, id): (ProjectId, ProfileType, MembershipId),
        version: Uuid,
    ) -> Self {
        Self {
            project,
            kind,
            id,
            at: format!("{version}{HERE}"),
        }
    }

    /// A membership that is gone, although it counts as being there.
    pub(crate) fn gone(
        (project, kind, id): (ProjectId, ProfileType, MembershipId),
        mark: &Mark,
    ) -> Option<Self> {
        let version = mark.turn.strip_suffix(HERE)?;
        Some(Self {
            project,
            kind,
            id,
            at: format!("{version}{GONE}"),
        })
    }

    /// Where it is counted.
    pub(crate) fn counter_key(&self) -> Key {
        let (project, kind, shard) = self.counter();
        Key::Counter(project, kind, shard)
    }

    fn mark(&self) -> Key {
        Key::Counted(self.project, self.kind, self.id)
    }

    fn counter(&self) -> (ProjectId, ProfileType, u8) {
        let shard = self.id.uuid().as_bytes()[15] % SHARDS;
        (self.project, self.kind, shard)
    }

    /// The new mark, unless this turn is no news; and what it adds to the count.
    fn step(&self, seen: Option<&Mark>, now: Timestamp) -> Option<(Step, i64)> {
        if seen.is_some_and(|seen| seen.turn >= self.at) {
            return None;
        }
        let here = self.at.ends_with(HERE);
        let mark = Mark {
            turn: self.at.clone(),
            ttl: (!here).then(|| now.as_seconds() + LIFE_OF_A_MARK),
        };
        let item = row::item(&self.mark(), &mark);
        let step = match seen {
            None => Step::create(item),
            Some(seen) => Step::append(item)
                .when("turn = :seen")
                .text(":seen", &seen.turn),
        };
        let was_here = seen.is_some_and(|seen| seen.turn.ends_with(HERE));
        Some((step, i64::from(here) - i64::from(was_here)))
    }
}

impl Store {
    /// Counts turns of memberships, at most [`TURNS_AT_ONCE`], in any order and however often they come.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`]: nothing was counted.
    pub async fn count_turns(
        &self,
        turns: &[Turn],
        (now, dice): (Timestamp, Dice),
    ) -> Result<(), Failure> {
        let latest = self.worth_counting(latest(turns)).await?;
        let marks: Vec<Key> = latest.iter().map(Turn::mark).collect();
        for _ in 0..LOOKS {
            let found = self.get(&marks).await?;
            let steps = steps(&latest, found, now)?;
            if steps.is_empty() {
                return Ok(());
            }
            let counted = Transaction::new().steps(steps);
            match counted.commit_or_look_again(self, dice).await {
                Ok(()) => return Ok(()),
                Err(Aborted::Changed) => {}
                Err(Aborted::Failed(failure)) => return Err(failure),
            }
        }
        let cause = "marks kept changing";
        Err(Failure::unavailable("the count of members", cause))
    }
}

impl Store {
    /// The turns in projects that stay. Of one that is being expunged nothing is counted: what would be written would stay behind.
    async fn worth_counting(&self, turns: Vec<Turn>) -> Result<Vec<Turn>, Failure> {
        let projects: BTreeSet<ProjectId> = turns.iter().map(|turn| turn.project).collect();
        let keys: Vec<Key> = projects.iter().copied().map(Key::Project).collect();
        let mut found = self.get(&keys).await?;
        let stays = |id: &ProjectId| {
            found
                .take(&Key::Project(*id))
                .is_some_and(|it| !is_going(&it))
        };
        let staying: BTreeSet<ProjectId> = projects.into_iter().filter(stays).collect();
        let counts = |turn: &Turn| staying.contains(&turn.project);
        Ok(turns.into_iter().filter(counts).collect())
    }
}

/// The last turn of each membership.
fn latest(turns: &[Turn]) -> Vec<Turn> {
    let mut latest: Vec<Turn> = turns.to_vec();
    latest.sort();
    latest.reverse();
    latest.dedup_by_key(|turn| (turn.project, turn.kind, turn.id));
    latest
}

fn steps(turns: &[Turn], mut found: Found, now: Timestamp) -> Result<Vec<Step>, Failure> {
    let mut steps = Vec::new();
    let mut sums = Sums::new();
    for turn in turns {
        let seen = found.take(&turn.mark());
        let seen: Option<Mark> = seen.map(|item| row::read("a mark", item)).transpose()?;
        if let Some((step, by)) = turn.step(seen.as_ref(), now) {
            steps.push(step);
            *sums.entry(turn.counter()).or_default() += by;
        }
    }
    let counters = sums.into_iter().filter(|(_, by)| *by != 0);
    steps.extend(counters.map(|((project, kind, shard), by)| {
        let counter = Key::Counter(project, kind, shard);
        Step::update(&counter, "ADD members :by").number(":by", by)
    }));
    Ok(steps)
}

#[derive(Deserialize)]
pub(crate) struct CounterRow {
    pub(crate) members: i64,
}

impl Tenant<'_> {
    /// How many members with these types of profile have been counted so far. One round trip, whatever their number.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn counted(&self, kinds: &[ProfileType]) -> Result<u64, Failure> {
        let counters = Range::partition(keys::counters(self.project));
        let most = ProfileType::ALL.len() * usize::from(SHARDS);
        let page = self.store.page(&counters, most, None).await?;
        let mut sum = 0;
        for item in page.items {
            let named = |kind: &&ProfileType| {
                row::text(&item, SK).starts_with(&keys::counter_range(**kind))
            };
            if kinds.iter().find(named).is_some() {
                sum += row::read::<CounterRow>("a counter", item)?.members;
            }
        }
        Ok(u64::try_from(sum).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn turn(name: &str, version: &str) -> Option<Turn> {
        let id = Uuid::from_u128(7);
        let key = Key::Membership(
            ProjectId::new(id),
            ProfileType::Patient,
            MembershipId::new(id),
        );
        let image = json!({ "ver": { "S": version } });
        Turn::read(&json!({ "eventName": name, "dynamodb": {
            "Keys": { PK: { "S": key.pk() }, SK: { "S": key.sk() } }, "NewImage": image, "OldImage": image,
        }}))
    }

    #[test]
    fn what_goes_comes_after_what_was_there_and_before_what_comes_next() {
        let turns = [
            turn("INSERT", "1"),
            turn("REMOVE", "1"),
            turn("INSERT", "2"),
            turn("REMOVE", "2"),
        ];
        assert!(turns.iter().all(Option::is_some) && turns.is_sorted());
    }

    #[test]
    fn of_several_turns_of_one_membership_the_last_counts() {
        let turns: Vec<Turn> = [turn("REMOVE", "1"), turn("INSERT", "1")]
            .into_iter()
            .flatten()
            .collect();
        let last = latest(&turns);
        assert_eq!((last.len(), last.first()), (1, turns.first()));
    }
}
