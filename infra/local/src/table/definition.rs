use std::path::Path;

use dynoxide::{Database, DynoxideError};
use serde_json::{Map, Value, json};

use crate::Advice;

/// What of the template's table the engine understands. Recovery, deletion protection and encryption are AWS's own.
const PROPERTIES: [&str; 5] = [
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "StreamSpecification",
];

/// The table as the deployment template describes it: keys, indexes, stream and time to live.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The body of a `CreateTable` call without the table's name.
    properties: Map<String, Value>,
    /// `TimeToLiveSpecification` of the template, if it has one.
    time_to_live: Option<Value>,
}

impl Definition {
    /// Reads the one `AWS::DynamoDB::Table` of a CloudFormation or SAM template, whose intrinsic functions must be in
    /// their long form.
    ///
    /// # Errors
    /// The file cannot be read, is not YAML, or describes no table or several.
    pub fn from_template(path: impl AsRef<Path>) -> Result<Self, Advice> {
        let path = path.as_ref();
        let broken =
            |why: String| Advice::new(format!("Repair the template {}: {why}.", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
        let template: Value =
            serde_saphyr::from_str(&text).map_err(|error| broken(error.to_string()))?;
        let resources = template["Resources"].as_object();
        let mut tables = resources
            .into_iter()
            .flat_map(Map::values)
            .filter(|resource| resource["Type"] == "AWS::DynamoDB::Table");
        match (tables.next(), tables.next()) {
            (Some(table), None) => Ok(Self::from_properties(&table["Properties"])),
            _ => Err(broken(
                "it must describe exactly one AWS::DynamoDB::Table".into(),
            )),
        }
    }

    fn from_properties(described: &Value) -> Self {
        let mut properties: Map<String, Value> = PROPERTIES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), described.get(name)?.clone())))
            .collect();
        // CloudFormation switches a stream on by naming its view, the API by a flag.
        if let Some(Value::Object(stream)) = properties.get_mut("StreamSpecification") {
            stream.insert("StreamEnabled".into(), true.into());
        }
        let time_to_live = described.get("TimeToLiveSpecification").cloned();
        Self {
            properties,
            time_to_live,
        }
    }

    /// The body of a `CreateTable` call, for any engine.
    pub fn request(&self, table_name: &str) -> Value {
        let mut body = self.properties.clone();
        body.insert("TableName".into(), table_name.into());
        Value::Object(body)
    }

    /// Makes the table, or finds it there already, made from an equal definition.
    ///
    /// # Errors
    /// The engine refuses the definition, or holds a table of this name with other keys or indexes.
    pub fn create(&self, database: &Database, table_name: &str) -> Result<(), Advice> {
        let request =
            serde_json::from_value(self.request(table_name)).map_err(|error| refused(&error))?;
        match database.create_table(request) {
            Ok(_) => self.switch_time_to_live(database, table_name),
            Err(DynoxideError::ResourceInUseException(_)) => self.compare(database, table_name),
            Err(error) => Err(refused(&error)),
        }
    }

    fn switch_time_to_live(&self, database: &Database, table_name: &str) -> Result<(), Advice> {
        let Some(specification) = &self.time_to_live else {
            return Ok(());
        };
        let body = json!({ "TableName": table_name, "TimeToLiveSpecification": specification });
        let request = serde_json::from_value(body).map_err(|error| refused(&error))?;
        database
            .update_time_to_live(request)
            .map_err(|error| refused(&error))?;
        Ok(())
    }

    /// A table kept from an earlier run is only good if the template has not changed its shape since.
    fn compare(&self, database: &Database, table_name: &str) -> Result<(), Advice> {
        let request = serde_json::from_value(json!({ "TableName": table_name }))
            .map_err(|error| refused(&error))?;
        let found = database
            .describe_table(request)
            .map_err(|error| refused(&error))?;
        let found = serde_json::to_value(found).map_err(|error| refused(&error))?;
        if shape(&found["Table"]) == shape(&Value::Object(self.properties.clone())) {
            return Ok(());
        }
        Err(Advice::new(
            "The stored table has other keys or indexes than infra/template.yaml: remove the data folder, or name another with --data.",
        ))
    }
}

fn refused(error: &dyn std::fmt::Display) -> Advice {
    Advice::new(format!(
        "Repair the table in infra/template.yaml, which the engine refuses: {error}."
    ))
}

/// What must not differ between two tables that hold the same rows: the keys, and each index with its keys, in no order.
fn shape(table: &Value) -> Vec<String> {
    let indexes = table["GlobalSecondaryIndexes"]
        .as_array()
        .into_iter()
        .flatten();
    let mut shape: Vec<String> = indexes
        .map(|index| format!("{} {}", index["IndexName"], keys(index)))
        .collect();
    shape.push(format!("table {}", keys(table)));
    shape.sort();
    shape
}

/// `KeySchema` as text, partition key first whatever the order of fields in its elements.
fn keys(described: &Value) -> String {
    let elements = described["KeySchema"].as_array().into_iter().flatten();
    elements
        .map(|element| format!("{}:{} ", element["KeyType"], element["AttributeName"]))
        .collect()
}
