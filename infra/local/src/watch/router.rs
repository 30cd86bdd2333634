//! The routes as cargo-lambda's router wants them: a block in the workspace manifest, generated from the route table.
//!
//! What cargo-lambda 1.9.2 was seen doing with its router, and what is done about it here:
//!
//! * It picks the path first, literal segments before `{name}` from left to right and with backtracking, and the method
//!   afterwards. `GET /fhir/R4/ProjectMembership` therefore never falls back to `GET /fhir/R4/{type}` once the first path
//!   exists: every path lists each method that any route has for it, with the function of the most specific one.
//! * Two paths may overlap without one being narrower (`/a/{x}/c` and `/a/b/{y}`): their intersection gets its own entry.
//! * `$` is an ordinary character; `%24` is another one, since nothing is decoded: both spellings get an entry.
//! * A method that a path does not list, `OPTIONS` and `HEAD` included, reaches no function: alone, cargo-lambda answers
//!   404 itself, and where it only serves, as here, the request waits for a function named `_`. A `not-found` process
//!   stands in under that name, so that nothing has to be listed for what is refused. A list entry must name its method,
//!   but a path with one function for everything may be a bare string, and that takes any method.
//! * A listed path with a slash behind it is another path, and `/{*rest}` takes it: it needs an entry of its own. `/` alone
//!   is not taken by `/{*rest}` and needs one too.
//! * Parameters at one position may have different names in paths that go on differently. Two paths that differ in
//!   nothing but names end cargo-lambda at its start: the first spelling stands for both.

use std::collections::BTreeMap;
use std::path::Path;

use super::NOT_FOUND;
use crate::Advice;

/// The methods that routes have, in the order in which a path lists them.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const BEGIN: &str =
    "# Generated from the route table by `cargo local`: everything between these two lines.";
const END: &str = "# End of the generated routes.";

/// One route: method, path with `{name}` segments, function.
pub type Route<'a> = (&'a str, &'a str, &'a str);

/// The `[workspace.metadata.lambda.watch.router]` block for these routes, between its marker lines.
///
/// Each path also exists below `/api`, with a trailing slash and with `%24` for `$`. What no route wants goes to `not-found`.
pub fn router_block(routes: &[Route]) -> String {
    let mut entries: BTreeMap<String, String> = BTreeMap::new();
    for path in paths(routes) {
        let functions = functions(routes, &path);
        for spelled in spellings(&format!("/{}", path.join("/"))) {
            entries.insert(spelled, functions.clone());
        }
    }
    for rest in ["/", "/api", "/api/", "/{*rest}"] {
        entries
            .entry(rest.into())
            .or_insert_with(|| quote(NOT_FOUND));
    }
    let lines = entries
        .iter()
        .map(|(path, functions)| format!("{} = {functions}\n", quote(path)));
    format!(
        "{BEGIN}\n[workspace.metadata.lambda.watch.router]\n{}{END}\n",
        lines.collect::<String>()
    )
}

/// Puts the block into the manifest, in the place of the one before or at the end. An equal manifest is not touched.
///
/// # Errors
/// The manifest cannot be read or written, or has lost its end marker.
pub fn write_router(manifest: &Path, routes: &[Route]) -> Result<(), Advice> {
    let broken = |why: String| Advice::new(format!("Repair {}: {why}.", manifest.display()));
    let text = std::fs::read_to_string(manifest).map_err(|error| broken(error.to_string()))?;
    let block = router_block(routes);
    let written = match text.split_once(BEGIN) {
        None => format!("{}\n\n{block}", text.trim_end()),
        Some((before, old)) => {
            let lost = || broken(format!("the line \"{END}\" is missing"));
            let (_, after) = old.split_once(&format!("{END}\n")).ok_or_else(lost)?;
            format!("{before}{block}{after}")
        }
    };
    if written == text {
        return Ok(());
    }
    std::fs::write(manifest, written).map_err(|error| broken(error.to_string()))
}

/// The ways to write a path that mean the same to the functions.
fn spellings(path: &str) -> Vec<String> {
    let bare = path.trim_end_matches('/');
    let encoded = bare.replace('$', "%24");
    let below = [
        bare.to_owned(),
        encoded.clone(),
        format!("/api{bare}"),
        format!("/api{encoded}"),
    ];
    let mut all: Vec<String> = below
        .iter()
        .flat_map(|path| [path.clone(), format!("{path}/")])
        .collect();
    all.retain(|path| !path.is_empty());
    all
}

type Segments<'a> = Vec<&'a str>;

/// Every path of the table once, and the intersections of those that overlap.
fn paths<'a>(routes: &[Route<'a>]) -> Vec<Segments<'a>> {
    let mut paths: Vec<Segments> = Vec::new();
    for (_, path, _) in routes {
        add(&mut paths, path.trim_matches('/').split('/').collect());
    }
    let own = paths.clone();
    for (at, one) in own.iter().enumerate() {
        for other in own.iter().skip(at + 1) {
            if let Some(both) = intersection(one, other) {
                add(&mut paths, both);
            }
        }
    }
    paths
}

/// Adds a path unless one is there that differs in nothing but the names of its parameters.
fn add<'a>(paths: &mut Vec<Segments<'a>>, path: Segments<'a>) {
    if !paths
        .iter()
        .any(|known| covers(known, &path) && covers(&path, known))
    {
        paths.push(path);
    }
}

fn intersection<'a>(one: &[&'a str], other: &[&'a str]) -> Option<Segments<'a>> {
    let pairs = one.iter().zip(other);
    let both = pairs.map(
        |(one, other)| match (is_parameter(one), is_parameter(other)) {
            (true, _) => Some(*other),
            (false, true) => Some(*one),
            (false, false) => (one == other).then_some(*one),
        },
    );
    both.collect::<Option<Segments>>()
        .filter(|_| one.len() == other.len())
}

/// Whether every request for `path` also fits `wider`.
fn covers(wider: &[&str], path: &[&str]) -> bool {
    let fits = |(wider, segment): (&&str, &&str)| is_parameter(wider) || wider == segment;
    wider.len() == path.len() && wider.iter().zip(path).all(fits)
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

/// The value of a path's entry: the function of each method that some route has there.
fn functions(routes: &[Route], path: &[&str]) -> String {
    let entries: Vec<String> = METHODS
        .iter()
        .filter_map(|method| Some((method, function(routes, method, path)?)))
        .map(|(method, function)| {
            format!(
                "{{ method = {}, function = {} }}",
                quote(method),
                quote(function)
            )
        })
        .collect();
    format!("[{}]", entries.join(", "))
}

/// The function of the most specific route that fits: a literal before a parameter, from left to right.
fn function<'a>(routes: &[Route<'a>], method: &str, path: &[&str]) -> Option<&'a str> {
    let fitting = routes.iter().filter_map(|(verb, pattern, function)| {
        let segments: Segments = pattern.trim_matches('/').split('/').collect();
        (*verb == method && covers(&segments, path)).then_some((segments, *function))
    });
    fitting
        .min_by_key(|(segments, _)| {
            segments
                .iter()
                .map(|segment| is_parameter(segment))
                .collect::<Vec<_>>()
        })
        .map(|(_, function)| function)
}

fn quote(text: &str) -> String {
    format!("\"{text}\"")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use super::*;

    const ROUTES: &[Route] = &[
        ("GET", "/", "discovery"),
        ("POST", "/fhir/R4", "fhir-batch"),
        ("GET", "/fhir/R4/{type}", "fhir-search"),
        ("POST", "/fhir/R4/{type}", "fhir-write"),
        ("POST", "/fhir/R4/{type}/_search", "fhir-search"),
        ("GET", "/fhir/R4/{type}/{id}", "fhir-read"),
        ("GET", "/fhir/R4/ProjectMembership", "list-members"),
        ("POST", "/fhir/R4/Project/$init", "create-project"),
        ("PUT", "/fhir/R4/Project/{projectId}", "settings"),
    ];

    /// The function that a block names for a method and a path as written, if any.
    fn named<'a>(block: &'a str, method: &str, path: &str) -> Option<&'a str> {
        let line = block
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{} = ", quote(path))))
            .unwrap();
        let entry = line.split_once(&format!("method = {}, function = \"", quote(method)));
        entry.map(|(_, function)| function.split_once('"').unwrap().0)
    }

    #[test]
    fn every_method_of_a_path_has_the_function_of_the_most_specific_route() {
        let block = router_block(ROUTES);
        for (method, path, function) in [
            ("GET", "/fhir/R4/ProjectMembership", Some("list-members")),
            ("POST", "/fhir/R4/ProjectMembership", Some("fhir-write")),
            ("DELETE", "/fhir/R4/ProjectMembership", None),
            ("OPTIONS", "/fhir/R4/{type}", None),
            ("POST", "/fhir/R4/Project/$init", Some("create-project")),
            ("GET", "/fhir/R4/Project/$init", Some("fhir-read")),
            ("PUT", "/fhir/R4/Project/$init", Some("settings")),
            ("GET", "/", Some("discovery")),
            ("PATCH", "/", None),
        ] {
            assert_eq!(named(&block, method, path), function, "{method} {path}");
        }
    }

    #[test]
    fn overlapping_paths_have_an_entry_for_what_they_share() {
        let block = router_block(ROUTES);
        assert_eq!(
            named(&block, "POST", "/fhir/R4/Project/_search"),
            Some("fhir-search")
        );
        assert_eq!(
            named(&block, "PUT", "/fhir/R4/Project/_search"),
            Some("settings")
        );
    }

    #[test]
    fn a_path_is_also_reached_below_api_and_with_a_trailing_slash() {
        let block = router_block(ROUTES);
        for path in ["/api/fhir/R4", "/fhir/R4/", "/api/fhir/R4/"] {
            assert_eq!(named(&block, "POST", path), Some("fhir-batch"));
        }
        for path in ["/api", "/api/"] {
            assert_eq!(named(&block, "GET", path), Some("discovery"));
        }
        assert_eq!(
            named(&block, "POST", "/api/fhir/R4/Project/%24init"),
            Some("create-project")
        );
        assert!(block.contains("\"/{*rest}\" = \"not-found\"\n"));
    }

    #[test]
    fn paths_that_differ_in_names_only_are_one() {
        let block = router_block(&[("GET", "/x/{a}", "one"), ("POST", "/x/{b}", "two")]);
        assert_eq!(named(&block, "POST", "/x/{a}"), Some("two"));
        assert!(!block.contains("{b}"));
    }

    #[test]
    fn the_block_replaces_its_predecessor_and_nothing_else() {
        let manifest = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(manifest.path(), "[workspace]\nmembers = []\n").unwrap();
        write_router(manifest.path(), ROUTES).unwrap();
        let first = std::fs::read_to_string(manifest.path()).unwrap();
        assert!(first.starts_with("[workspace]\nmembers = []\n\n# Generated"));
        std::fs::write(manifest.path(), format!("{first}[profile.dev]\n")).unwrap();
        write_router(manifest.path(), &ROUTES[..1]).unwrap();
        let second = std::fs::read_to_string(manifest.path()).unwrap();
        assert!(second.ends_with(&format!("{}[profile.dev]\n", router_block(&ROUTES[..1]))));
        assert_eq!(
            second
                .matches("[workspace.metadata.lambda.watch.router]")
                .count(),
            1
        );
    }
}
