//! A function for the harness's own tests: says back what it was asked, and does what the query tells it to.
//!
//! `?exit` ends the process, `?sleep=<ms>` takes its time, `?get=<n>` reads n rows one after the other,
//! `?together=<n>` reads n rows at once, `?write=<row>` writes one row by a transaction.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use aws_sdk_dynamodb::{Client, Error as TableError};
use lambda_http::{Body, Error, Request, RequestExt, Response, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let table = Client::new(&config);
    lambda_http::run(service_fn(|request| answer(&table, request))).await
}

async fn answer(table: &Client, request: Request) -> Result<Response<Body>, Error> {
    eprintln!("asked for {}", request.raw_http_path());
    let query = request.query_string_parameters();
    let number = |name| {
        query
            .first(name)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0)
    };
    if query.first("exit").is_some() {
        std::process::exit(3);
    }
    if query.first("fail").is_some() {
        return Err("as it was told".into());
    }
    tokio::time::sleep(Duration::from_millis(number("sleep"))).await;
    for row in 0..number("get") {
        get(table, row.to_string()).await?;
    }
    let mut together = tokio::task::JoinSet::new();
    for row in 0..number("together") {
        let table = table.clone();
        together.spawn(async move { get(&table, row.to_string()).await });
    }
    for read in together.join_all().await {
        read?;
    }
    if let Some(row) = query.first("write") {
        write(table, row).await?;
    }
    let text = format!(
        "{} {} by {}",
        request.method(),
        request.raw_http_path(),
        std::process::id()
    );
    let response = Response::builder()
        .status(200)
        .header("content-type", "text/plain");
    Ok(response.body(Body::from(text))?)
}

async fn get(table: &Client, row: String) -> Result<(), TableError> {
    let get = table
        .get_item()
        .table_name("rows")
        .key("PK", AttributeValue::S("p".into()));
    get.key("SK", AttributeValue::S(row)).send().await?;
    Ok(())
}

async fn write(table: &Client, row: &str) -> Result<(), Error> {
    let put = Put::builder()
        .table_name("rows")
        .item("PK", AttributeValue::S("p".into()));
    let put = put.item("SK", AttributeValue::S(row.to_owned())).build()?;
    let step = TransactWriteItem::builder().put(put).build();
    table
        .transact_write_items()
        .transact_items(step)
        .send()
        .await?;
    Ok(())
}
