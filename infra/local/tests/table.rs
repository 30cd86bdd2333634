//! The table of the local cloud, made from the template and used through the real SDK.
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use roster_local::table::{Definition, Engine, Storage};
use tokio::net::TcpListener;

fn template() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
}

async fn engine(storage: Storage) -> Engine {
    Engine::start(storage, TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap()
}

fn client(engine: &Engine) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(engine.url())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .build();
    Client::from_conf(config)
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.into())
}

async fn put(client: &Client, attributes: &[(&str, &str)]) {
    let mut put = client.put_item().table_name("roster");
    for (name, value) in attributes {
        put = put.item(*name, text(value));
    }
    put.send().await.unwrap();
}

#[tokio::test]
async fn the_template_makes_a_table_with_four_indexes_a_stream_and_a_time_to_live() {
    let engine = engine(Storage::Memory).await;
    Definition::from_template(template())
        .unwrap()
        .create(engine.database(), "roster")
        .unwrap();
    let client = client(&engine);
    let described = client
        .describe_table()
        .table_name("roster")
        .send()
        .await
        .unwrap();
    let table = described.table().unwrap();
    let mut indexes: Vec<_> = table
        .global_secondary_indexes()
        .iter()
        .map(|index| index.index_name().unwrap())
        .collect();
    indexes.sort_unstable();
    assert_eq!(indexes, ["byId", "byName", "byProfile", "byUpdated"]);
    assert_eq!(
        table
            .stream_specification()
            .unwrap()
            .stream_view_type()
            .unwrap()
            .as_str(),
        "NEW_AND_OLD_IMAGES"
    );
    let ttl = client
        .describe_time_to_live()
        .table_name("roster")
        .send()
        .await
        .unwrap();
    assert_eq!(
        ttl.time_to_live_description().unwrap().attribute_name(),
        Some("ttl")
    );
}

#[tokio::test]
async fn an_index_gives_the_keys_of_a_row_and_nothing_else() {
    let engine = engine(Storage::Memory).await;
    Definition::from_template(template())
        .unwrap()
        .create(engine.database(), "roster")
        .unwrap();
    let client = client(&engine);
    put(
        &client,
        &[("PK", "P#1"), ("SK", "META"), ("id", "1"), ("name", "Acme")],
    )
    .await;
    let found = client
        .query()
        .table_name("roster")
        .index_name("byId")
        .key_condition_expression("id = :id")
        .expression_attribute_values(":id", text("1"))
        .send()
        .await
        .unwrap();
    let mut names: Vec<_> = found.items()[0].keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["PK", "SK", "id"]);
}

#[tokio::test]
async fn rows_in_a_folder_outlive_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let definition = Definition::from_template(template()).unwrap();
    let first = engine(Storage::Folder(folder.path().into())).await;
    definition.create(first.database(), "roster").unwrap();
    put(&client(&first), &[("PK", "P#1"), ("SK", "META")]).await;
    first.stop().await;

    let second = engine(Storage::Folder(folder.path().into())).await;
    definition.create(second.database(), "roster").unwrap();
    let get = client(&second)
        .get_item()
        .table_name("roster")
        .key("PK", text("P#1"))
        .key("SK", text("META"));
    assert!(get.send().await.unwrap().item.is_some());
}

#[tokio::test]
async fn a_stored_table_of_another_shape_is_not_taken_for_ours() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("template.yaml");
    let fewer = std::fs::read_to_string(template())
        .unwrap()
        .replace("byProfile", "byOther");
    std::fs::write(&other, fewer).unwrap();
    let engine = engine(Storage::Memory).await;
    Definition::from_template(other)
        .unwrap()
        .create(engine.database(), "roster")
        .unwrap();
    let advice = Definition::from_template(template())
        .unwrap()
        .create(engine.database(), "roster")
        .unwrap_err();
    assert!(
        advice.to_string().contains("remove the data folder"),
        "{advice}"
    );
}

#[tokio::test]
async fn a_damaged_data_folder_is_named_with_its_cure() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("table.sqlite"),
        "this is no database, however long it may be",
    )
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let advice = Engine::start(Storage::Folder(folder.path().into()), listener)
        .err()
        .unwrap();
    assert!(
        advice.to_string().contains("remove that folder"),
        "{advice}"
    );
}
