//! One call to DynamoDB as the wire shows it: what was asked, of which rows, at what price.

use std::time::Instant;

use serde_json::{Map, Value};

/// The place of one row: its partition key and its sort key. A query names only its partition.
pub type RowKey = (String, String);

/// Capacity units one call consumed, told apart by axis and by table or index.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Consumed {
    /// Read units of the base table.
    pub base_read: f64,
    /// Write units of the base table.
    pub base_write: f64,
    /// Read units of all secondary indexes together.
    pub index_read: f64,
    /// Write units of all secondary indexes together.
    pub index_write: f64,
}

/// One call a function made, from the moment it reached the table's door to the moment its answer left.
#[derive(Clone, Debug)]
pub struct Call {
    /// When the call arrived.
    pub started: Instant,
    /// When its answer was ready to leave; for a lost call, when it was dropped.
    pub ended: Instant,
    /// The API action, such as `TransactWriteItems`.
    pub action: String,
    /// The function that called; empty when the caller was no Lambda function.
    pub function: String,
    /// The invocation that called: API Gateway's request id; empty when the caller was no function.
    pub request: String,
    /// Every row the call named, in the order of the request.
    pub keys: Vec<RowKey>,
    /// The secondary index it read, if any.
    pub index: Option<String>,
    /// HTTP status of the answer; 0 when the answer was lost.
    pub status: u16,
    /// What it consumed; zero for refused calls.
    pub consumed: Consumed,
}

/// What a request says before it is answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) action: String,
    pub(crate) function: String,
    pub(crate) request: String,
    pub(crate) body: Value,
}

impl Asked {
    /// `target` is `X-Amz-Target`, `trace` is `X-Amzn-Trace-Id` as the host handed it to the function.
    pub(crate) fn new(target: &str, trace: &str, body: Value) -> Self {
        let part = |name: &str| {
            let found = trace.split(';').find_map(|part| part.strip_prefix(name));
            found.unwrap_or_default().to_owned()
        };
        Self {
            action: target.rsplit('.').next().unwrap_or_default().to_owned(),
            function: part("Function="),
            request: part("Request="),
            body,
        }
    }

    /// Every row the request names, one per item of a transaction, in its order.
    pub(crate) fn keys(&self) -> Vec<RowKey> {
        match self.action.as_str() {
            "TransactWriteItems" | "TransactGetItems" => list(&self.body["TransactItems"])
                .filter_map(one_step)
                .collect(),
            "BatchGetItem" => tables(&self.body)
                .flat_map(|table| list(&table["Keys"]))
                .filter_map(row_key)
                .collect(),
            "BatchWriteItem" => tables(&self.body)
                .flat_map(list)
                .filter_map(one_step)
                .collect(),
            "Query" => partition(&self.body).into_iter().collect(),
            _ => row_key(&self.body["Key"])
                .or_else(|| row_key(&self.body["Item"]))
                .into_iter()
                .collect(),
        }
    }

    /// The secondary index named by a query.
    pub(crate) fn index(&self) -> Option<String> {
        self.body["IndexName"].as_str().map(str::to_owned)
    }

    /// Whether the action takes `ReturnConsumedCapacity`: everything about items does, nothing about tables.
    pub(crate) fn has_capacity(&self) -> bool {
        let about_items = ["Item", "Query", "Scan"]
            .iter()
            .any(|part| self.action.contains(part));
        about_items && self.body.is_object()
    }

    /// Whether the action is all-or-nothing over several rows.
    pub(crate) fn is_transaction(&self) -> bool {
        self.action.starts_with("Transact")
    }

    /// Whether the action can change a row.
    pub(crate) fn is_write(&self) -> bool {
        matches!(
            self.action.as_str(),
            "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems"
        )
    }

    /// Reads the answer's `ConsumedCapacity` (an object, or a list with one per table).
    pub(crate) fn consumed(&self, answer: &Value) -> Consumed {
        let reported = &answer["ConsumedCapacity"];
        let mut sum = Consumed::default();
        for table in list(reported).chain(reported.is_object().then_some(reported)) {
            let indexes = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"];
            let of_indexes: f64 = indexes
                .iter()
                .filter_map(|kind| table[kind].as_object())
                .flat_map(Map::values)
                .map(units)
                .sum();
            let of_table = units(&table["Table"]);
            if self.is_write() {
                sum.base_write += of_table;
                sum.index_write += of_indexes;
            } else {
                sum.base_read += of_table;
                sum.index_read += of_indexes;
            }
        }
        sum
    }
}

fn units(detail: &Value) -> f64 {
    detail["CapacityUnits"].as_f64().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn tables(body: &Value) -> impl Iterator<Item = &Value> {
    body["RequestItems"]
        .as_object()
        .into_iter()
        .flat_map(Map::values)
}

/// `{ "Put": { "Item": … } }`, `{ "Update": { "Key": … } }`, `{ "DeleteRequest": { "Key": … } }` and their like.
fn one_step(step: &Value) -> Option<RowKey> {
    let inner = step.as_object()?.values().next()?;
    row_key(&inner["Key"]).or_else(|| row_key(&inner["Item"]))
}

fn row_key(attributes: &Value) -> Option<RowKey> {
    let text = |name: &str| attributes[name]["S"].as_str().map(str::to_owned);
    Some((text("PK")?, text("SK")?))
}

/// The value a key condition compares the partition key with: that of its first `=`.
fn partition(body: &Value) -> Option<RowKey> {
    let condition = body["KeyConditionExpression"].as_str()?;
    let after = condition.split_once('=')?.1.trim_start();
    let end = after
        .find(|c: char| c.is_whitespace() || c == ')')
        .unwrap_or(after.len());
    let value = body["ExpressionAttributeValues"][&after[..end]]["S"].as_str()?;
    Some((value.to_owned(), String::new()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(action: &str, body: Value) -> Asked {
        Asked::new(&format!("DynamoDB_20120810.{action}"), "", body)
    }

    fn key(pk: &str, sk: &str) -> Value {
        json!({ "PK": { "S": pk }, "SK": { "S": sk } })
    }

    #[test]
    fn the_trace_header_names_function_and_request() {
        let asked = Asked::new(
            "X.GetItem",
            "Root=1-0-0;Function=invite;Request=r-7",
            json!({}),
        );
        assert_eq!(
            (asked.function.as_str(), asked.request.as_str()),
            ("invite", "r-7")
        );
        assert_eq!(asked.action, "GetItem");
    }

    #[test]
    fn every_action_says_which_rows_it_names() {
        let one = asked("GetItem", json!({ "Key": key("a", "1") }));
        let put = asked("PutItem", json!({ "Item": key("a", "2") }));
        let batch = json!({ "RequestItems": { "t": { "Keys": [key("a", "3"), key("b", "4")] } } });
        let writes =
            json!({ "RequestItems": { "t": [{ "PutRequest": { "Item": key("a", "5") } }] } });
        let steps = json!({ "TransactItems": [
            { "Put": { "Item": key("a", "6") } }, { "ConditionCheck": { "Key": key("b", "7") } }
        ] });
        let query = json!({
            "KeyConditionExpression": "#p = :p AND begins_with(SK, :s)",
            "ExpressionAttributeValues": { ":p": { "S": "part" }, ":s": { "S": "x" } },
        });
        let named = |asked: Asked| {
            let keys = asked.keys().into_iter();
            keys.map(|(pk, sk)| format!("{pk}/{sk}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(named(one), "a/1");
        assert_eq!(named(put), "a/2");
        assert_eq!(named(asked("BatchGetItem", batch)), "a/3 b/4");
        assert_eq!(named(asked("BatchWriteItem", writes)), "a/5");
        assert_eq!(named(asked("TransactWriteItems", steps)), "a/6 b/7");
        assert_eq!(named(asked("Query", query)), "part/");
    }

    #[test]
    fn index_units_are_counted_apart_from_the_tables() {
        let capacity = json!({ "ConsumedCapacity": [{
            "CapacityUnits": 9.0, "Table": { "CapacityUnits": 6.0 },
            "GlobalSecondaryIndexes": { "byId": { "CapacityUnits": 1.0 }, "byName": { "CapacityUnits": 2.0 } },
        }] });
        let written = asked("TransactWriteItems", json!({})).consumed(&capacity);
        assert_eq!(
            written,
            Consumed {
                base_write: 6.0,
                index_write: 3.0,
                ..Consumed::default()
            }
        );
        let first = capacity["ConsumedCapacity"].get(0).unwrap().clone();
        let read = asked("Query", json!({})).consumed(&json!({ "ConsumedCapacity": first }));
        assert_eq!(
            read,
            Consumed {
                base_read: 6.0,
                index_read: 3.0,
                ..Consumed::default()
            }
        );
    }
}
