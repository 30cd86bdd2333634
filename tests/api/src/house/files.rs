//! What a file may contain and how long it may be.

use std::path::{Path, PathBuf};

use crate::in_workspace;

const ROOMS: [&str; 4] = ["functions", "shared", "infra", "tests"];
/// Beyond this a file has more than one subject.
const LONGEST_FILE: usize = 500;
/// Beyond this a rule, a row or a mapping is in the wrong room.
const LONGEST_FUNCTION_MAIN: usize = 60;
/// The only file that writes key prefixes, and the one that declares them as patterns for IAM.
const KEYS: [&str; 5] = [
    "shared/store/src/keys.rs",
    "shared/store/src/patterns.rs",
    "shared/store/src/patterns/invitations.rs",
    "shared/store/src/patterns/jobs.rs",
    "shared/store/src/patterns/search.rs",
];
/// What only those files may contain: how every partition of a project, a user or an address begins.
const PREFIXES: [&str; 8] = [
    "\"P#",
    "\"U#",
    "\"UQ#",
    "\"LOGIN#",
    "\"RATE#",
    "\"REQUEST#",
    "\"CLIENT#",
    "\"JOB#",
];

#[test]
fn a_file_has_one_subject() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{path} has {lines} lines");
    }
}

#[test]
fn a_function_is_a_table_of_contents() {
    let mains = sources()
        .filter(|(path, _)| path.starts_with("functions/") && path.ends_with("/src/main.rs"));
    for (path, text) in mains {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FUNCTION_MAIN, "{path} has {lines} lines");
    }
}

#[test]
fn keys_are_written_in_one_room() {
    let product = sources().filter(|(path, _)| {
        (path.starts_with("shared/") || path.starts_with("functions/"))
            && !KEYS.contains(&path.as_str())
    });
    for (path, text) in product {
        let own = without_tests(&path, &text);
        for prefix in PREFIXES {
            assert!(
                !own.contains(prefix),
                "{path} writes the key prefix {prefix}"
            );
        }
        let is_row = path == "shared/store/src/row.rs";
        let names_attribute = own.contains("\"PK\"") || own.contains("\"SK\"");
        assert!(is_row || !names_attribute, "{path} names a key attribute");
    }
}

/// Every Rust file of ours with its path in the workspace.
fn sources() -> impl Iterator<Item = (String, String)> {
    let root = in_workspace("");
    let mut files = Vec::new();
    for room in ROOMS {
        collect(&root.join(room), &mut files);
    }
    files.into_iter().map(move |file| {
        let path = file.strip_prefix(&root).unwrap().display().to_string();
        (path, std::fs::read_to_string(&file).unwrap())
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
            collect(&path, files);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}

/// The part of a file that is shipped.
fn without_tests<'a>(path: &str, text: &'a str) -> &'a str {
    if path.contains("/tests/") || path.ends_with("/tests.rs") {
        return "";
    }
    text.split_once("#[cfg(test)]").map_or(text, |(own, _)| own)
}
