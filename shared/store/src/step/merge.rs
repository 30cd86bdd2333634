//! Two steps that are about one row become one, where that says exactly the same.

use super::apply::add;
use super::{Count, Otherwise, Step, Write};

/// How a deletion names the number of those who must have left before.
pub(crate) const NOBODY: &str = ":nobody";

impl Step {
    /// This step and a `later` one as a single step; `None` when there is none that says exactly the same.
    pub(crate) fn merged(&self, later: &Self) -> Option<Self> {
        if self == later && self.only_checks() {
            return Some(self.clone());
        }
        match (self.only_counts(), later.only_counts()) {
            (Some(before), Some(count)) => Some(Self {
                count: Some(before.and(count)?),
                otherwise: self.sterner(later),
                ..self.clone()
            }),
            (None, Some(count)) => self.counting(count),
            (Some(count), None) => match later.write {
                Write::Update(..) => later.counting(count),
                Write::Delete(_) => later.leaving_out(count),
                Write::Put(_) | Write::Check(_) => None,
            },
            (None, None) => None,
        }
    }

    /// This step with something counted in its row.
    fn counting(&self, count: &Count) -> Option<Self> {
        let mut both = self.clone();
        match (&mut both.write, &self.count) {
            (Write::Put(row), _) if count.least.is_none() => add(row, count.attribute, count.by),
            (Write::Update(..), None) => both.count = Some(count.clone()),
            (Write::Update(..), Some(before)) => both.count = Some(before.and(count)?),
            _ => return None,
        }
        Some(both)
    }

    /// This deletion of a row in which nothing more is counted than `:nobody`, after what was counted before it.
    fn leaving_out(&self, count: &Count) -> Option<Self> {
        let most = self.values.get(NOBODY)?.as_n().ok()?;
        let most: i64 = most.parse().ok().filter(|_| count.least.is_none())?;
        Some(self.clone().number(NOBODY, most - count.by))
    }

    fn only_counts(&self) -> Option<&Count> {
        let plain = matches!(self.write, Write::Update(_, "")) && self.condition.is_none();
        self.count.as_ref().filter(|_| plain)
    }

    /// What it means when one of the two does not hold: a refusal comes before another look.
    fn sterner(&self, later: &Self) -> Otherwise {
        match &self.otherwise {
            Otherwise::Reread => later.otherwise.clone(),
            stern => stern.clone(),
        }
    }
}

impl Count {
    fn and(&self, later: &Self) -> Option<Self> {
        (self.attribute == later.attribute).then(|| Self {
            attribute: self.attribute,
            by: self.by + later.by,
            least: self.least.max(later.least),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use domain::{ProjectId, Refusal};
    use uuid::Uuid;

    use super::*;
    use crate::keys::Key;
    use crate::row;

    fn admins() -> Key {
        Key::Admins(ProjectId::new(Uuid::nil()))
    }

    #[test]
    fn what_is_counted_twice_is_counted_once_by_the_sum() {
        let less = Step::count(&admins(), "admins", -1)
            .leaving(1)
            .or(Refusal::LastAdmin);
        let both = less.merged(&less).unwrap();
        let values = both.whole_values().unwrap();
        assert_eq!(values[":more"].as_n().unwrap(), "-2");
        assert_eq!(
            values[":least"].as_n().unwrap(),
            "3",
            "one remains of three"
        );
        let more = Step::count(&admins(), "admins", 1);
        let handed_over = more.merged(&less).unwrap();
        let values = handed_over.whole_values().unwrap();
        assert_eq!(values[":more"].as_n().unwrap(), "0");
        assert_eq!(values[":least"].as_n().unwrap(), "1");
        assert_eq!(
            *handed_over.otherwise(),
            Otherwise::Refuse(Refusal::LastAdmin)
        );
    }

    #[test]
    fn a_count_goes_with_what_else_is_written_into_its_row() {
        let more = Step::count(&admins(), "members", 1);
        let update = Step::update(&admins(), "SET body = :body").when("ver = :read");
        for both in [more.merged(&update), update.merged(&more)] {
            let both = both.unwrap();
            assert_eq!(
                both.whole_update("SET body = :body"),
                "SET body = :body ADD members :more"
            );
            let condition = both.whole_condition().unwrap();
            assert_eq!(condition, "(ver = :read) AND attribute_exists(PK)");
        }
        let made = Step::create(row::place(&admins()));
        let both = made.merged(&more).unwrap();
        assert_eq!(both.row().unwrap()["members"].as_n().unwrap(), "1");
        assert_eq!(more.merged(&made), None);
        assert_eq!(made.merged(&made), None);
        assert_eq!(update.merged(&update), None);
        assert_eq!(more.merged(&Step::delete(&admins())), None);
        let less = Step::count(&admins(), "members", -1);
        let gone = Step::delete(&admins()).when("members <= :nobody");
        let both = less.merged(&gone.number(NOBODY, 0)).unwrap();
        assert_eq!(both.whole_values().unwrap()[NOBODY].as_n().unwrap(), "1");
    }
}
