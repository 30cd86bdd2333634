//! Route table, template and functions' folders name the same functions and the same routes.

use std::collections::BTreeSet;

use gateway::{NOT_FOUND, ROUTES};

use super::template::{Template, follows_stream, routes_of};
use crate::in_workspace;

#[test]
fn every_route_is_an_event_of_its_function_and_every_event_is_a_route() {
    let template = Template::read();
    for (name, function) in template.functions() {
        let wanted = routes(name);
        let found = routes_of(function);
        if let Some((method, path)) = wanted.difference(&found).next() {
            panic!("infra/template.yaml: {name} lacks an HttpApi event for {method} {path}");
        }
        if let Some((method, path)) = found.difference(&wanted).next() {
            panic!("shared/gateway/src/routes.rs: no row sends {method} {path} to {name}");
        }
    }
}

#[test]
fn every_function_has_a_folder_a_block_in_the_template_and_somebody_who_calls_it() {
    let template = Template::read();
    let blocks = template.functions();
    let mut called: BTreeSet<&str> = ROUTES.iter().map(|route| route.function).collect();
    called.insert(NOT_FOUND);
    called.extend(
        blocks
            .iter()
            .filter(|(_, it)| follows_stream(it))
            .map(|(name, _)| *name),
    );
    let folders = folders();
    for name in &called {
        assert!(
            folders.contains(*name),
            "functions/{name}: the folder is missing"
        );
        assert!(
            blocks.contains_key(name),
            "infra/template.yaml: the block of {name} is missing"
        );
    }
    for name in &folders {
        assert!(
            called.contains(name.as_str()),
            "functions/{name}: no route and no stream leads there"
        );
    }
    for name in blocks.keys() {
        assert!(
            called.contains(name),
            "infra/template.yaml: nobody calls {name}"
        );
    }
}

#[test]
fn no_two_routes_have_one_method_and_path() {
    let mut seen = BTreeSet::new();
    for route in ROUTES {
        let shape: Vec<&str> = route.path.split('/').map(nameless).collect();
        assert!(
            seen.insert((route.method, shape)),
            "{} {} is there twice",
            route.method,
            route.path
        );
    }
}

/// The routes that the route table gives to a function.
fn routes(function: &str) -> BTreeSet<(String, String)> {
    let own = ROUTES.iter().filter(|route| route.function == function);
    let mut routes: BTreeSet<_> = own
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    if function == NOT_FOUND {
        routes.insert(("ANY".to_owned(), "$default".to_owned()));
    }
    routes
}

fn folders() -> BTreeSet<String> {
    let entries = std::fs::read_dir(in_workspace("functions")).unwrap();
    entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// A parameter's name makes no difference to a route.
fn nameless(segment: &str) -> &str {
    if segment.starts_with('{') {
        "{}"
    } else {
        segment
    }
}
