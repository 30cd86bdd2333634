//! The deployment template, read for what the contract is about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::in_workspace;

/// `infra/template.yaml`.
pub(super) struct Template(Value);

/// A permission on the table: an action, a family of keys, and the index if it is not the table itself.
pub(super) type Grant = (String, String, Option<String>);

impl Template {
    pub(super) fn read() -> Self {
        let text = std::fs::read_to_string(in_workspace("infra/template.yaml")).unwrap();
        Self(serde_saphyr::from_str(&text).unwrap())
    }

    /// Every function, by the binary it is built from.
    pub(super) fn functions(&self) -> BTreeMap<&str, &Value> {
        let functions = self
            .resources()
            .filter(|(_, it)| it["Type"] == "AWS::Serverless::Function");
        functions
            .map(|(id, function)| {
                let binary = function["Metadata"]["BuildProperties"]["Binary"].as_str();
                let binary =
                    binary.unwrap_or_else(|| panic!("{id} in infra/template.yaml names no Binary"));
                assert_eq!(
                    pascal(binary),
                    *id,
                    "the logical id of {binary} in infra/template.yaml"
                );
                (binary, &function["Properties"])
            })
            .collect()
    }

    /// The indexes of the table.
    pub(super) fn indexes(&self) -> BTreeSet<&str> {
        let indexes = &self.0["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"];
        elements(indexes)
            .map(|index| index["IndexName"].as_str().unwrap())
            .collect()
    }

    /// Every statement that counts for a function: those of the shared policies it refers to, and its own.
    pub(super) fn statements<'a>(&'a self, function: &'a Value) -> Vec<&'a Value> {
        elements(&function["Policies"])
            .map(|policy| match policy["Ref"].as_str() {
                Some(name) => &self.0["Resources"][name]["Properties"]["PolicyDocument"],
                None => policy,
            })
            .flat_map(|document| elements(&document["Statement"]))
            .collect()
    }

    fn resources(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0["Resources"].as_object().unwrap().iter()
    }
}

/// The routes of a function, as method and path; `$default` has the method `ANY`.
pub(super) fn routes_of(function: &Value) -> BTreeSet<(String, String)> {
    let events = function["Events"].as_object().unwrap();
    let routes = events.values().filter(|event| event["Type"] == "HttpApi");
    routes
        .map(|event| {
            let of = |name: &str| event["Properties"][name].as_str().unwrap().to_owned();
            assert_eq!(
                event["Properties"]["ApiId"]["Ref"], "Api",
                "{event} belongs to another API"
            );
            (of("Method"), of("Path"))
        })
        .collect()
}

/// Whether the function follows the table's stream.
pub(super) fn follows_stream(function: &Value) -> bool {
    let events = function["Events"].as_object().unwrap();
    events.values().any(|event| event["Type"] == "DynamoDB")
}

/// What one statement grants on the table; none when it is about something else.
pub(super) fn grants(statement: &Value) -> Vec<Grant> {
    let actions: Vec<&str> = texts(&statement["Action"]);
    if statement["Effect"] != "Allow"
        || !actions.iter().any(|action| action.starts_with("dynamodb:"))
    {
        return Vec::new();
    }
    let condition = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
    let keys = match condition {
        Value::Null => vec!["*"],
        some => texts(some),
    };
    let index = place(&statement["Resource"]);
    let pairs = actions
        .iter()
        .flat_map(|action| keys.iter().map(move |key| (action, key)));
    pairs
        .map(|(action, key)| ((*action).to_owned(), (*key).to_owned(), index.clone()))
        .collect()
}

/// One text or a list of texts.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        many => elements(many).filter_map(Value::as_str).collect(),
    }
}

/// The table, or the index of it that a `Resource` names. Anything wider is refused here.
fn place(resource: &Value) -> Option<String> {
    if resource["Fn::GetAtt"] == serde_json::json!(["Table", "Arn"]) {
        return None;
    }
    let index = resource["Fn::Sub"]
        .as_str()
        .and_then(|text| text.strip_prefix("${Table.Arn}/index/"));
    let index = index.filter(|name| !name.contains('*'));
    Some(
        index
            .unwrap_or_else(|| panic!("{resource} is neither the table nor one of its indexes"))
            .to_owned(),
    )
}

fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// `list-members` -> `ListMembers`: what the local cloud, too, takes for the function's logical id.
fn pascal(name: &str) -> String {
    name.split('-')
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}
