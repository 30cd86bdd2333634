//! Files that are written from tables of the code. A stale one is written anew, and the test fails once to say so.

use std::path::Path;

use gateway::{Access, ROUTES, Route};
use local::watch::router::write_router;
use store::{ACCESS_PATTERNS, DynamoAction, Pattern};

use crate::in_workspace;

const BEGIN: &str = "<!-- routes -->\n";
const END: &str = "<!-- end of routes -->";

#[test]
fn the_access_patterns_page_shows_the_access_patterns() {
    let mut page = String::from(
        "# Access patterns\n\nGenerated from `shared/store/src/patterns.rs`; a test keeps it up to date. \
         `IAM` sees the keys as patterns of the partition key.\n\n\
         | What | Functions | Actions | Keys | Index |\n|---|---|---|---|---|\n",
    );
    page.extend(ACCESS_PATTERNS.iter().map(pattern_line));
    ensure(&in_workspace("infra/access-patterns.md"), &page);
}

#[test]
fn the_readme_shows_the_routes() {
    let readme = in_workspace("README.md");
    let text = std::fs::read_to_string(&readme).unwrap();
    let (before, rest) = text
        .split_once(BEGIN)
        .expect("README.md has the line <!-- routes -->");
    let (_, after) = rest
        .split_once(END)
        .expect("README.md has the line <!-- end of routes -->");
    let head = "| Method | Path | Function | Who | What |\n|---|---|---|---|---|\n";
    let lines: String = ROUTES.iter().map(route_line).collect();
    ensure(
        &readme,
        &format!("{before}{BEGIN}{head}{lines}{END}{after}"),
    );
}

#[test]
fn the_local_router_knows_the_routes() {
    let manifest = in_workspace("Cargo.toml");
    let before = std::fs::read_to_string(&manifest).unwrap();
    let routes: Vec<_> = ROUTES
        .iter()
        .map(|route| (route.method, route.path, route.function))
        .collect();
    write_router(&manifest, &routes).unwrap();
    let after = std::fs::read_to_string(&manifest).unwrap();
    assert!(
        before == after,
        "Cargo.toml: the generated routes were stale and have been written anew"
    );
}

#[test]
fn every_route_is_described_and_openapi_json_is_their_description() {
    if let Some(route) = gateway::openapi::undescribed().first() {
        panic!(
            "shared/gateway/src/openapi/operations.rs: no line describes {} {}",
            route.method, route.path
        );
    }
    let document = serde_json::to_string_pretty(&gateway::openapi::document()).unwrap();
    ensure(&in_workspace("infra/openapi.json"), &(document + "\n"));
}

/// Holds a file against what it should contain, and repairs it.
pub(crate) fn ensure(file: &Path, wanted: &str) {
    let found = std::fs::read_to_string(file).unwrap_or_default();
    if found != wanted {
        std::fs::write(file, wanted).unwrap();
        panic!(
            "{} was stale and has been written anew",
            file.file_name().unwrap().display()
        );
    }
}

fn pattern_line(pattern: &Pattern) -> String {
    let actions: Vec<&str> = pattern
        .actions
        .iter()
        .copied()
        .map(DynamoAction::iam)
        .collect();
    let actions = actions.join(", ").replace("dynamodb:", "");
    let keys: Vec<String> = pattern.keys.iter().map(|key| format!("`{key}`")).collect();
    format!(
        "| {} | {} | {actions} | {} | {} |\n",
        pattern.name,
        pattern.functions.join(", "),
        keys.join(" "),
        pattern.index.unwrap_or("")
    )
}

fn route_line(route: &Route) -> String {
    let who = match route.access {
        Access::Open => "everybody",
        Access::Member => "members",
        Access::Admin => "project admins",
        Access::SuperAdmin => "super admins",
    };
    format!(
        "| {} | `{}` | `{}` | {who} | {} |\n",
        route.method, route.path, route.function, route.operation
    )
}
