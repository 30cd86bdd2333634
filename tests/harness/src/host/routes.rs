//! Which function answers a request: the most specific pattern that fits, else `not-found`.

use std::cmp::Reverse;

/// A route as its owner writes it: method, path pattern with `{name}` segments, function.
pub type Route = (&'static str, &'static str, &'static str);

/// The function for everything no pattern fits.
const NOT_FOUND: &str = "not-found";

/// Where a request goes.
#[derive(Debug, PartialEq)]
pub(crate) struct Match {
    pub(crate) function: &'static str,
    /// `POST /a/{b}` as API Gateway names it, or `$default`.
    pub(crate) route_key: String,
    /// Values of the `{name}` segments, percent-decoded.
    pub(crate) parameters: Vec<(&'static str, String)>,
}

/// The routes, most specific first.
#[derive(Debug)]
pub(crate) struct Routes(Vec<Route>);

impl Routes {
    /// Literal segments go before `{name}` ones, position by position.
    pub(crate) fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_key(|(_, pattern, _)| {
            Reverse(
                segments(pattern)
                    .map(|part| name_of(part).is_none())
                    .collect::<Vec<_>>(),
            )
        });
        Self(routes)
    }

    /// Looks a request up by its path as it came, still encoded. A mapping prefix `/api` and a last slash make no
    /// difference to the choice.
    pub(crate) fn find(&self, method: &str, path: &str) -> Match {
        let path = path
            .strip_prefix("/api")
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(path);
        let parts: Vec<_> = segments(path).map(decode).collect();
        let found = self.0.iter().find_map(|(verb, pattern, function)| {
            let parameters = (*verb == method).then(|| fit(pattern, &parts)).flatten()?;
            Some(Match {
                function,
                route_key: format!("{verb} {pattern}"),
                parameters,
            })
        });
        found.unwrap_or_else(|| Match {
            function: NOT_FOUND,
            route_key: "$default".to_owned(),
            parameters: Vec::new(),
        })
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_suffix('/').unwrap_or(path).split('/')
}

fn name_of(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn fit(pattern: &'static str, parts: &[String]) -> Option<Vec<(&'static str, String)>> {
    let mut parameters = Vec::new();
    let mut rest = parts.iter();
    for segment in segments(pattern) {
        let part = rest.next()?;
        match name_of(segment) {
            Some(name) if !part.is_empty() => parameters.push((name, part.clone())),
            None if segment == part => {}
            _ => return None,
        }
    }
    rest.next().is_none().then_some(parameters)
}

/// Percent-decodes a path; what is no UTF-8 afterwards is replaced, as no parameter may hold it.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = hex
            .and_then(|two| u8::from_str_radix(two, 16).ok())
            .filter(|_| first == b'%');
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &[Route] = &[
        ("GET", "/fhir/R4/{type}/{id}", "fhir-read"),
        ("GET", "/fhir/R4/{type}", "fhir-search"),
        ("POST", "/fhir/R4/{type}/{id}/$expunge", "expunge"),
        ("GET", "/fhir/R4/ProjectMembership", "list-members"),
        ("GET", "/fhir/R4/job/{id}", "job-status"),
        ("GET", "/", "discovery"),
    ];

    fn function(method: &str, path: &str) -> &'static str {
        Routes::new(ROUTES.to_vec()).find(method, path).function
    }

    #[test]
    fn the_most_specific_pattern_wins_in_whatever_order_it_was_written() {
        assert_eq!(
            function("GET", "/fhir/R4/ProjectMembership"),
            "list-members"
        );
        assert_eq!(function("GET", "/fhir/R4/Patient"), "fhir-search");
        assert_eq!(function("GET", "/fhir/R4/job/7"), "job-status");
        assert_eq!(function("GET", "/fhir/R4/Patient/7"), "fhir-read");
        assert_eq!(function("GET", "/"), "discovery");
    }

    #[test]
    fn what_no_pattern_fits_goes_to_not_found() {
        assert_eq!(function("DELETE", "/fhir/R4/Patient"), "not-found");
        assert_eq!(function("GET", "/nope"), "not-found");
        assert_eq!(function("GET", "/fhir/R4/Patient//"), "not-found");
        assert_eq!(
            Routes::new(ROUTES.to_vec()).find("GET", "/nope").route_key,
            "$default"
        );
    }

    #[test]
    fn the_mapping_prefix_and_a_last_slash_make_no_difference() {
        assert_eq!(
            function("GET", "/api/fhir/R4/ProjectMembership/"),
            "list-members"
        );
        assert_eq!(
            function("GET", "/apifhir/R4/ProjectMembership"),
            "not-found"
        );
    }

    #[test]
    fn parameters_are_decoded_and_a_coded_slash_stays_inside_its_segment() {
        let found =
            Routes::new(ROUTES.to_vec()).find("POST", "/fhir/R4/Pati%65nt/a%2Fb/%24expunge");
        assert_eq!(found.function, "expunge");
        assert_eq!(
            found.parameters,
            [("type", "Patient".to_owned()), ("id", "a/b".to_owned())]
        );
        assert_eq!(decode("100%"), "100%");
    }
}
