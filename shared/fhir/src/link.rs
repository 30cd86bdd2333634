use std::fmt::Write;

/// One link of a search result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// `self`, `first`, `next` or `previous`.
    pub relation: &'static str,
    /// An absolute URL.
    pub url: String,
}

/// The canonical address of a search: `{base}fhir/R4/{kind}?…`, parameters sorted as whole texts.
///
/// `base` ends with a slash. Names stand as they are (`user:missing`), values are escaped as `encodeURIComponent` does, except in
/// `_fields`, `_sort`, `_include`, `_revinclude` and `_type`, whose commas and colons are part of the grammar: as recorded.
pub fn search_url(base: &str, kind: &str, params: &[(String, String)]) -> String {
    let mut pieces: Vec<String> = params
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name, ":"), escape(value, kept(name))))
        .collect();
    pieces.sort_unstable();
    let query = pieces.join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{base}fhir/R4/{kind}{mark}{query}")
}

/// The grammar characters that stay readable in the value of `name`.
fn kept(name: &str) -> &'static str {
    match name.split(':').next() {
        Some("_fields" | "_sort" | "_include" | "_revinclude" | "_type") => ",:",
        _ => "",
    }
}

/// `encodeURIComponent`, sparing `kept`.
fn escape(text: &str, kept: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric()
            || b"-_.!~*'()".contains(&byte)
            || kept.as_bytes().contains(&byte)
        {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(params: &[(&str, &str)]) -> String {
        let params: Vec<_> = params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        search_url("http://x/", "ProjectMembership", &params)
    }

    #[test]
    fn links_are_written_as_recorded() {
        assert_eq!(url(&[]), "http://x/fhir/R4/ProjectMembership");
        assert_eq!(
            url(&[("profile", "Practitioner/1"), ("_count", "20")]),
            "http://x/fhir/R4/ProjectMembership?_count=20&profile=Practitioner%2F1"
        );
        assert_eq!(
            url(&[
                ("profile-type:not", "ClientApplication"),
                ("profile-type:not", "Bot"),
                ("_count", "5")
            ]),
            "http://x/fhir/R4/ProjectMembership?_count=5&profile-type:not=Bot&profile-type:not=ClientApplication"
        );
        assert_eq!(
            url(&[
                ("_include", "ProjectMembership:profile"),
                ("user:missing", "true"),
                ("_fields", "user,admin")
            ]),
            "http://x/fhir/R4/ProjectMembership?_fields=user,admin&_include=ProjectMembership:profile&user:missing=true"
        );
        assert_eq!(
            url(&[
                ("profile-type:not", "ClientApplication,Bot"),
                ("user:User.email", "a@b.c é")
            ]),
            "http://x/fhir/R4/ProjectMembership?profile-type:not=ClientApplication%2CBot&user:User.email=a%40b.c%20%C3%A9"
        );
    }
}
