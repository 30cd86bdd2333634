//! The answers DynamoDB gives when it refuses, in the shapes its SDKs parse.

use serde_json::{Value, json};

use super::call::Asked;

/// A refusal: HTTP status and JSON body.
pub(crate) type Refused = (u16, Value);

/// Too many calls for the table's capacity.
pub(crate) fn throttled() -> Refused {
    refused(
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider increasing your \
         provisioning level with the UpdateTable API.",
    )
}

/// DynamoDB's own failure.
pub(crate) fn server_error() -> Refused {
    let (_, body) = refused(
        "com.amazonaws.dynamodb.v20120810#InternalServerError",
        "The request processing has failed because of an unknown error, exception or failure.",
    );
    (500, body)
}

/// What the later of two calls in conflict is told; `taken` says which of its rows were held.
pub(crate) fn conflict(asked: &Asked, taken: &[bool]) -> Refused {
    match asked.action.as_str() {
        "BatchWriteItem" => (
            200,
            json!({ "UnprocessedItems": asked.body["RequestItems"] }),
        ),
        "PutItem" | "UpdateItem" | "DeleteItem" => write_conflict(),
        _ => transaction_cancelled(taken),
    }
}

/// A plain write met a transaction in flight.
fn write_conflict() -> Refused {
    refused(
        "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
        "Transaction is ongoing for the item",
    )
}

/// A transaction met another call in flight; `conflicts` says for each of its steps whether it was there.
fn transaction_cancelled(conflicts: &[bool]) -> Refused {
    let code = |conflict: &bool| {
        if *conflict {
            "TransactionConflict"
        } else {
            "None"
        }
    };
    let codes: Vec<_> = conflicts.iter().map(code).collect();
    let reasons: Vec<_> = conflicts.iter().map(|conflict| reason(*conflict)).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    (
        400,
        json!({ "__type": kind, "Message": message, "CancellationReasons": reasons }),
    )
}

fn reason(conflict: bool) -> Value {
    if conflict {
        json!({ "Code": "TransactionConflict", "Message": "Transaction is ongoing for the item" })
    } else {
        json!({ "Code": "None" })
    }
}

fn refused(kind: &str, message: &str) -> Refused {
    (400, json!({ "__type": kind, "message": message }))
}

/// Splits a `BatchGetItem` body: what is still asked of the table, and what is handed back as `UnprocessedKeys`.
/// Of n keys of a table the first n/2 (rounded down) are asked; a table left without keys is not asked at all.
pub(crate) fn halve(body: &Value) -> (Value, Value) {
    let mut asked = body.clone();
    let mut left = json!({});
    let tables = body["RequestItems"].as_object().into_iter().flatten();
    for (table, request) in tables {
        let keys = request["Keys"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let (first, rest) = keys.split_at(keys.len() / 2);
        left[table] = request.clone();
        left[table]["Keys"] = json!(rest);
        asked["RequestItems"][table]["Keys"] = json!(first);
        if first.is_empty()
            && let Some(tables) = asked["RequestItems"].as_object_mut()
        {
            tables.remove(table);
        }
    }
    (asked, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_batch_stays_unprocessed_with_its_options() {
        let body =
            json!({ "RequestItems": { "t": { "ConsistentRead": true, "Keys": [1, 2, 3] } } });
        let (asked, left) = halve(&body);
        assert_eq!(asked["RequestItems"]["t"]["Keys"], json!([1]));
        assert_eq!(
            left,
            json!({ "t": { "ConsistentRead": true, "Keys": [2, 3] } })
        );
    }

    #[test]
    fn every_action_is_told_of_a_conflict_in_its_own_way() {
        let told = |action: &str| {
            let body = json!({ "RequestItems": { "t": [1] } });
            conflict(
                &Asked::new(&format!("X.{action}"), "", body),
                &[false, true],
            )
            .1
        };
        let cancelled = told("TransactWriteItems");
        assert_eq!(
            cancelled["CancellationReasons"][1]["Code"],
            "TransactionConflict"
        );
        assert!(
            cancelled["Message"]
                .as_str()
                .is_some_and(|text| text.ends_with("[None, TransactionConflict]"))
        );
        assert!(
            told("UpdateItem")["__type"]
                .as_str()
                .is_some_and(|kind| kind.ends_with("#TransactionConflictException"))
        );
        assert_eq!(
            told("BatchWriteItem")["UnprocessedItems"],
            json!({ "t": [1] })
        );
    }

    #[test]
    fn a_batch_of_one_key_asks_nothing() {
        let (asked, left) = halve(&json!({ "RequestItems": { "t": { "Keys": [1] } } }));
        assert_eq!(asked["RequestItems"], json!({}));
        assert_eq!(left, json!({ "t": { "Keys": [1] } }));
    }
}
