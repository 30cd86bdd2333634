//! Strong reads by key, in one round trip, and pages of ranges.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Select};
use domain::Failure;

use crate::keys::Key;
use crate::row::{self, Item, PK, SK};
use crate::together::together;
use crate::{Gathering, Store};

/// A BatchGet takes at most this many keys.
const BATCH: usize = 100;
/// How many rows are read at once to be counted, where a count by the table would miss what is gathered.
const COUNTED_AT_ONCE: usize = 1_000;
/// How often keys that the table left unprocessed are asked for again.
const ATTEMPTS: u32 = 6;

/// Rows found by key.
#[derive(Debug, Default)]
pub struct Found(HashMap<(String, String), Item>);

impl Found {
    /// A row that was found.
    pub(crate) fn put(&mut self, item: Item) {
        let text = |name| row::text(&item, name).to_owned();
        self.0.insert((text(PK), text(SK)), item);
    }

    /// Takes the row at `key`, if it was there.
    pub(crate) fn take(&mut self, key: &Key) -> Option<Item> {
        self.take_at(&key.place())
    }

    /// The same, by partition key and sort key.
    pub(crate) fn take_at(&mut self, place: &(String, String)) -> Option<Item> {
        self.0.remove(place)
    }

    /// The row at `key`, if it was there.
    pub(crate) fn at(&self, key: &Key) -> Option<&Item> {
        self.0.get(&(key.pk(), key.sk()))
    }

    /// Whether the row at `key` was there.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.0.contains_key(&(key.pk(), key.sk()))
    }
}

/// A range of one partition, of the table or of an index.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) index: Option<&'static str>,
    pub(crate) partition: (&'static str, String),
    pub(crate) sort: Option<(&'static str, Bound)>,
    pub(crate) backwards: bool,
}

/// Where in a partition a range lies.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Prefix(String),
    /// Before this, exclusive.
    Below(String),
    /// From this to that, both inclusive.
    Between(String, String),
}

impl Range {
    /// All rows of a partition.
    pub(crate) fn partition(pk: String) -> Self {
        Self {
            index: None,
            partition: (PK, pk),
            sort: None,
            backwards: false,
        }
    }

    /// The rows of a partition whose sort key begins with `prefix`.
    pub(crate) fn prefix(pk: String, prefix: impl Into<String>) -> Self {
        Self {
            sort: Some((SK, Bound::Prefix(prefix.into()))),
            ..Self::partition(pk)
        }
    }

    /// The rows of a partition from one sort key to another, both included.
    pub(crate) fn between(pk: String, (first, last): (&str, &str)) -> Self {
        let bound = Bound::Between(first.to_owned(), last.to_owned());
        Self {
            sort: Some((SK, bound)),
            ..Self::partition(pk)
        }
    }

    /// The rows of a partition whose sort key is less than `below`; all of them when there is no such bound.
    pub(crate) fn below(pk: String, below: Option<String>) -> Self {
        Self {
            sort: below.map(|below| (SK, Bound::Below(below))),
            ..Self::partition(pk)
        }
    }

    /// The same range, from its end.
    #[must_use]
    pub(crate) fn backwards(self) -> Self {
        Self {
            backwards: true,
            ..self
        }
    }

    /// A partition of an index.
    pub(crate) fn index(index: &'static str, attribute: &'static str, partition: String) -> Self {
        Self {
            index: Some(index),
            partition: (attribute, partition),
            sort: None,
            backwards: false,
        }
    }
}

/// One page of a range.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    pub(crate) next: Option<Item>,
}

impl Store {
    /// Reads rows by key, strongly: a hundred in one call, all calls at once. Repeated keys are read once.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the table leaves keys unread after several attempts: absence is never guessed.
    pub(crate) async fn get(&self, keys: &[Key]) -> Result<Found, Failure> {
        let mut wanted: Vec<Item> = Vec::with_capacity(keys.len());
        let mut seen = HashSet::with_capacity(keys.len());
        let mut asked: Vec<&Key> = Vec::with_capacity(keys.len());
        for key in keys {
            if !seen.insert(key) {
                continue;
            }
            asked.push(key);
            let is_known = |it: &Gathering| it.knows(&key.place());
            if !self.gathered().is_some_and(is_known) {
                wanted.push(row::place(key));
            }
        }
        let calls = wanted
            .chunks(BATCH)
            .map(|chunk| self.get_batch(chunk.to_vec()));
        let mut found = Found::default();
        for batch in together(calls.collect()).await {
            found.0.extend(batch?.0);
        }
        if let Some(gathering) = self.gathered() {
            for key in asked {
                let row = gathering.after(&key.place(), found.take(key));
                row.into_iter().for_each(|row| found.put(row));
            }
        }
        Ok(found)
    }

    /// Reads at most a hundred rows by the attributes of their keys, whatever is gathered.
    pub(crate) async fn get_batch(&self, mut keys: Vec<Item>) -> Result<Found, Failure> {
        let mut found = Found::default();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(10 << attempt)).await;
            }
            let request = KeysAndAttributes::builder()
                .set_keys(Some(std::mem::take(&mut keys)))
                .consistent_read(true)
                .build()
                .map_err(|cause| Failure::unavailable("the table", cause))?;
            let answer = self
                .client()
                .batch_get_item()
                .request_items(self.table(), request)
                .send();
            let answer = answer
                .await
                .map_err(|cause| Failure::unavailable("the table", cause))?;
            for item in answer
                .responses
                .unwrap_or_default()
                .remove(self.table())
                .unwrap_or_default()
            {
                found.put(item);
            }
            let left = answer
                .unprocessed_keys
                .unwrap_or_default()
                .remove(self.table());
            match left {
                Some(left) if !left.keys.is_empty() => keys = left.keys,
                _ => return Ok(found),
            }
        }
        Err(Failure::unavailable(
            "the table",
            "keys were left unprocessed",
        ))
    }

    /// One page of a range: at most `limit` rows, after `start`.
    pub(crate) async fn page(
        &self,
        range: &Range,
        limit: usize,
        start: Option<Item>,
    ) -> Result<Page, Failure> {
        match self.gathered() {
            Some(gathering) => Box::pin(self.page_with(gathering, range, limit, start)).await,
            None => self.page_as_stored(range, limit, start).await,
        }
    }

    /// The same, whatever is gathered.
    pub(crate) async fn page_as_stored(
        &self,
        range: &Range,
        limit: usize,
        start: Option<Item>,
    ) -> Result<Page, Failure> {
        let request = self
            .range(range)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start);
        let answer = request
            .send()
            .await
            .map_err(|cause| Failure::unavailable("the table", cause))?;
        Ok(Page {
            items: answer.items.unwrap_or_default(),
            next: answer.last_evaluated_key,
        })
    }

    /// How many rows a range has, one round trip for each megabyte; `None` when it has more than `pages` of them.
    pub(crate) async fn count_within(
        &self,
        range: &Range,
        pages: usize,
    ) -> Result<Option<u64>, Failure> {
        let (mut total, mut start) = (0, None);
        for _ in 0..pages {
            let (count, next) = self.count_page(range, start).await?;
            total += count;
            start = next;
            if start.is_none() {
                return Ok(Some(total));
            }
        }
        Ok(None)
    }

    /// How many rows a range has, or a number of at least `most`, if there are so many.
    pub(crate) async fn count_to(&self, range: &Range, most: u64) -> Result<u64, Failure> {
        let (mut total, mut start) = (0, None);
        loop {
            let (count, next) = self.count_page(range, start).await?;
            total += count;
            start = next;
            if start.is_none() || total >= most {
                return Ok(total);
            }
        }
    }

    /// How many rows a megabyte of a range has, after `start`, and where it goes on. What is gathered counts.
    async fn count_page(
        &self,
        range: &Range,
        start: Option<Item>,
    ) -> Result<(u64, Option<Item>), Failure> {
        if self.gathered().is_some() {
            let page = Box::pin(self.page(range, COUNTED_AT_ONCE, start)).await?;
            return Ok((page.items.len() as u64, page.next));
        }
        let request = self
            .range(range)
            .select(Select::Count)
            .set_exclusive_start_key(start);
        let answer = request
            .send()
            .await
            .map_err(|cause| Failure::unavailable("the table", cause))?;
        let count = u64::try_from(answer.count).unwrap_or(0);
        Ok((count, answer.last_evaluated_key))
    }

    fn range(
        &self,
        range: &Range,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let (attribute, partition) = &range.partition;
        let query = self
            .client()
            .query()
            .table_name(self.table())
            .set_index_name(range.index.map(str::to_owned))
            .consistent_read(range.index.is_none())
            .scan_index_forward(!range.backwards)
            .expression_attribute_names("#p", *attribute)
            .expression_attribute_values(":p", AttributeValue::S(partition.clone()));
        let Some((attribute, bound)) = &range.sort else {
            return query.key_condition_expression("#p = :p");
        };
        let query = query.expression_attribute_names("#s", *attribute);
        let text = |text: &String| AttributeValue::S(text.clone());
        match bound {
            Bound::Prefix(prefix) => query
                .key_condition_expression("#p = :p AND begins_with(#s, :s)")
                .expression_attribute_values(":s", text(prefix)),
            Bound::Below(below) => query
                .key_condition_expression("#p = :p AND #s < :s")
                .expression_attribute_values(":s", text(below)),
            Bound::Between(from, to) => query
                .key_condition_expression("#p = :p AND #s BETWEEN :s AND :t")
                .expression_attribute_values(":s", text(from))
                .expression_attribute_values(":t", text(to)),
        }
    }
}
