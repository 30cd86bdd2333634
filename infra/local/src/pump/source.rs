//! A place in the table's stream: what comes next, and how far a function has come.

use std::path::PathBuf;

use dynoxide::Database;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Stream;
use crate::Advice;

/// The most the engine gives at once.
const PAGE: usize = 1000;

/// The stream of one table as one function reads it.
pub(super) struct Source {
    database: Database,
    arn: String,
    /// The engine's mark for what comes next.
    iterator: String,
    /// The sequence number of the last record read.
    last: Option<String>,
    place: Option<PathBuf>,
}

impl Source {
    /// Continues where the function stopped, or starts at the oldest record.
    pub(super) fn open(stream: &Stream, function: &str) -> Result<Self, Advice> {
        let place = stream.places.as_ref().map(|folder| folder.join(function));
        let last = place
            .as_ref()
            .and_then(|place| std::fs::read_to_string(place).ok());
        let arn = arn(stream).map_err(|why| unreadable(&why))?;
        let iterator =
            iterator(&stream.database, &arn, last.as_deref()).map_err(|why| unreadable(&why))?;
        Ok(Self {
            database: stream.database.clone(),
            arn,
            iterator,
            last,
            place,
        })
    }

    /// The next records in order, none when the function has seen all; each as Lambda shows it to a function.
    pub(super) async fn next(&mut self) -> Vec<Value> {
        let (database, iterator) = (self.database.clone(), self.iterator.clone());
        // The engine answers at once but for its lock, which a sweep may hold.
        let read = tokio::task::spawn_blocking(move || {
            database
                .get_records(ask(json!({ "ShardIterator": iterator, "Limit": PAGE }))?)
                .map_err(|error| error.to_string())
        });
        // An error here is the engine shutting down; there is nothing more to read then.
        let Ok(Ok(page)) = read.await else {
            return Vec::new();
        };
        if let Some(next) = page.next_shard_iterator {
            self.iterator = next;
        }
        if let Some(last) = page.records.last() {
            self.last = Some(last.dynamodb.sequence_number.clone());
        }
        page.records
            .iter()
            .filter_map(|record| self.shown(serde_json::to_value(record).ok()?))
            .collect()
    }

    /// Keeps the function's place for the next start.
    pub(super) fn remember(&self) {
        let (Some(place), Some(last)) = (&self.place, &self.last) else {
            return;
        };
        if let Some(folder) = place.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        // A place that is not kept means records twice after a restart, which consumers bear.
        let _ = std::fs::write(place, last);
    }

    /// The fields that the service adds to a record on its way to a function.
    fn shown(&self, mut record: Value) -> Option<Value> {
        let fields = record.as_object_mut()?;
        fields.insert("awsRegion".into(), "us-east-1".into());
        fields.insert("eventSourceARN".into(), self.arn.clone().into());
        Some(record)
    }
}

fn arn(stream: &Stream) -> Result<String, String> {
    let listed = stream
        .database
        .list_streams(ask(json!({ "TableName": stream.table }))?);
    let streams = listed.map_err(|error| error.to_string())?.streams;
    streams
        .into_iter()
        .next()
        .map(|found| found.stream_arn)
        .ok_or_else(|| "the table has none".into())
}

fn iterator(database: &Database, arn: &str, after: Option<&str>) -> Result<String, String> {
    let described = database
        .describe_stream(ask(json!({ "StreamArn": arn }))?)
        .map_err(|error| error.to_string())?;
    let shard = described
        .stream_description
        .shards
        .into_iter()
        .next()
        .ok_or("it has no shard")?
        .shard_id;
    let mut request =
        json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
    if let Some(after) = after {
        request["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER".into();
        request["SequenceNumber"] = after.into();
    }
    let found = database
        .get_shard_iterator(ask(request)?)
        .map_err(|error| error.to_string())?;
    found
        .shard_iterator
        .ok_or_else(|| "it has no beginning".into())
}

fn ask<R: DeserializeOwned>(request: Value) -> Result<R, String> {
    serde_json::from_value(request).map_err(|error| error.to_string())
}

fn unreadable(why: &str) -> Advice {
    Advice::new(format!(
        "The table's stream cannot be followed ({why}): remove the data folder, or name another with --data."
    ))
}
