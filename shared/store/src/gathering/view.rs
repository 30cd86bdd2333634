//! The table as it would be if what is gathered had been written.

use std::cmp::Ordering;

use domain::Failure;

use super::{Gathering, Place, place};
use crate::Store;
use crate::read::{Bound, Page, Range};
use crate::row::{self, Item, PK, SK};

impl Gathering {
    /// Whether what stands at a place is known without the table.
    pub(crate) fn knows(&self, place: &Place) -> bool {
        let gathered = self.gathered();
        match gathered.at.get(place) {
            Some(at) => !gathered.steps[*at].1.depends_on_row(),
            None => gathered.promised.contains_key(place),
        }
    }

    /// What stands at a place, of what the table has there.
    pub(crate) fn after(&self, place: &Place, row: Option<Item>) -> Option<Item> {
        let gathered = self.gathered();
        match gathered.at.get(place) {
            Some(at) => gathered.steps[*at].1.apply(row),
            None => row.or_else(|| gathered.promised.get(place).cloned()),
        }
    }

    /// The places that are written, with the rows that are written as a whole.
    fn written(&self) -> Vec<(Place, Written)> {
        let gathered = self.gathered();
        let steps = gathered.steps.iter().filter(|(_, it)| !it.only_checks());
        let written = steps.map(|(_, step)| {
            let how = match step.depends_on_row() {
                true => Written::Changed,
                false => Written::Whole(step.apply(None)),
            };
            (place(step.place()), how)
        });
        written.collect()
    }
}

enum Written {
    /// It is this from now on, or nothing.
    Whole(Option<Item>),
    /// It follows from what it was.
    Changed,
}

impl Store {
    /// One page of a range, with what is gathered.
    pub(crate) async fn page_with(
        &self,
        gathering: &Gathering,
        range: &Range,
        limit: usize,
        start: Option<Item>,
    ) -> Result<Page, Failure> {
        let mut page = self.page_as_stored(range, limit, start.clone()).await?;
        let written = self.written_within(gathering, range).await?;
        page.items
            .retain(|item| !written.iter().any(|(at, _)| *at == place(item)));
        let within = |item: &Item| {
            let after = |other: &Option<Item>| {
                let other = other.as_ref();
                other.is_none_or(|other| range.order(other, item) == Ordering::Less)
            };
            let ends = page.next.as_ref();
            let before_end = ends.is_none_or(|end| range.order(item, end) != Ordering::Greater);
            range.holds(item) && after(&start) && before_end
        };
        let new: Vec<Item> = written
            .into_iter()
            .filter_map(|(_, row)| row.filter(within))
            .collect();
        for item in new {
            let later = |other: &Item| range.order(&item, other) == Ordering::Less;
            let at = page.items.iter().position(later);
            page.items.insert(at.unwrap_or(page.items.len()), item);
        }
        if page.items.len() > limit {
            page.items.truncate(limit);
            page.next = page.items.last().map(|last| range.place_of(last));
        }
        Ok(page)
    }

    /// The written rows that may lie in a range, as they are from now on.
    async fn written_within(
        &self,
        gathering: &Gathering,
        range: &Range,
    ) -> Result<Vec<(Place, Option<Item>)>, Failure> {
        let (mut rows, mut changed) = (Vec::new(), Vec::new());
        for (place, written) in gathering.written() {
            match written {
                Written::Whole(row) => rows.push((place, row)),
                // Rows of other partitions may stand in the same partition of an index.
                Written::Changed if range.index.is_some() || place.0 == range.partition.1 => {
                    changed.push(place);
                }
                Written::Changed => {}
            }
        }
        if changed.is_empty() {
            return Ok(rows);
        }
        let keys = changed.iter().map(row::at).collect();
        let mut found = self.get_batch(keys).await?;
        for place in changed {
            let row = gathering.after(&place, found.take_at(&place));
            rows.push((place, row));
        }
        Ok(rows)
    }
}

impl Range {
    /// Whether a row lies within it.
    fn holds(&self, item: &Item) -> bool {
        let (attribute, partition) = &self.partition;
        let inside = match &self.sort {
            None => true,
            Some((sort, bound)) => {
                let sort = row::text(item, sort);
                match bound {
                    Bound::Prefix(prefix) => sort.starts_with(prefix),
                    Bound::Below(below) => sort < below.as_str(),
                    Bound::Between(from, to) => (from.as_str()..=to.as_str()).contains(&sort),
                }
            }
        };
        row::text(item, attribute) == partition && inside
    }

    /// Which of two rows comes first.
    fn order(&self, one: &Item, two: &Item) -> Ordering {
        let attribute = self.sorted_by();
        let key = |item| [attribute, PK, SK].map(|name| row::text(item, name).to_owned());
        match self.backwards {
            true => key(two).cmp(&key(one)),
            false => key(one).cmp(&key(two)),
        }
    }

    /// The attributes by which a query goes on after a row.
    fn place_of(&self, item: &Item) -> Item {
        let names = [PK, SK, self.partition.0, self.sorted_by()];
        let attributes = item
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        let attributes = attributes.map(|(name, value)| (name.clone(), value.clone()));
        attributes.collect()
    }

    fn sorted_by(&self) -> &'static str {
        match self.index {
            Some("byName") => "nameS",
            Some("byUpdated") => "upd",
            _ => SK,
        }
    }
}
