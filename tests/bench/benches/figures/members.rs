//! A project with many members, written past the API: copies of a real row under new ids.

use harness::world::{Project, World};
use serde_json::{Value, json};

/// A BatchWrite takes so many rows.
const BATCH: usize = 25;

/// Adds members until the project has `size` of them besides what it had at first.
pub(crate) fn fill(world: &World, project: &Project, size: usize) {
    let partition = format!("P#{}#M", project.id);
    let database = world.engine().database();
    let query = |limit: usize| {
        let request = json!({ "TableName": local_table(), "KeyConditionExpression": "PK = :pk", "Limit": limit,
            "ExpressionAttributeValues": { ":pk": { "S": partition } } });
        database
            .query(serde_json::from_value(request).unwrap())
            .unwrap()
    };
    let sample = serde_json::to_value(query(1000).items.unwrap()).unwrap();
    let rows = sample.as_array().unwrap();
    let model = rows
        .iter()
        .find(|row| row["SK"]["S"].as_str().unwrap().starts_with("H#Patient#"))
        .unwrap();
    let there = rows
        .iter()
        .filter(|row| row["SK"]["S"].as_str().unwrap().contains("-f111-"))
        .count();
    let missing: Vec<Value> = (there..size).map(|n| copy(model, n)).collect();
    for chunk in missing.chunks(BATCH) {
        let puts: Vec<Value> = chunk
            .iter()
            .map(|row| json!({ "PutRequest": { "Item": row } }))
            .collect();
        let request = json!({ "RequestItems": { local_table(): puts } });
        database
            .batch_write_item(serde_json::from_value(request).unwrap())
            .unwrap();
    }
}

fn copy(model: &Value, n: usize) -> Value {
    let id = format!(
        "{:08x}-f111-4000-8000-{n:012x}",
        n.wrapping_mul(2_654_435_761) & 0xffff_ffff
    );
    let mut row = model.clone();
    row["SK"]["S"] = format!("H#Patient#{id}").into();
    row["id"]["S"] = id.into();
    row
}

fn local_table() -> &'static str {
    "roster"
}
