//! What the header `User-Agent` says about a program, as far as people want to know: they look for a session that is not theirs.

/// The browser's name; empty when the program is none that is known.
pub(crate) fn browser(agent: &str) -> &'static str {
    // Each pretends to be those after it.
    let known = [
        ("Edg/", "Microsoft Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    named(agent, &known).unwrap_or_default()
}

/// The operating system's name.
pub(crate) fn system(agent: &str) -> Option<&'static str> {
    let known = [
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    named(agent, &known)
}

fn named(agent: &str, known: &[(&str, &'static str)]) -> Option<&'static str> {
    let found = known.iter().find(|(mark, _)| agent.contains(mark));
    found.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_its_own_mark_and_not_by_those_it_wears() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0";
        assert_eq!((browser(chrome), system(chrome)), ("Chrome", Some("Linux")));
        assert_eq!(
            (browser(edge), system(edge)),
            ("Microsoft Edge", Some("Windows"))
        );
        assert_eq!((browser("curl/8.0"), system("curl/8.0")), ("", None));
    }
}
