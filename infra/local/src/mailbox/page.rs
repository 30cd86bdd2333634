//! The mailbox as people see it: one page, newest letter first, nothing in it runs.

use super::Letter;

/// What the page may do: show styles, data images and the letters' own frames. No script, no remote content, no forms.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'";

const HEAD: &str = r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mailbox</title>
<meta name="viewport" content="width=device-width"><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#222;background:#f6f6f4}
article{background:#fff;border:1px solid #ddd;border-radius:8px;padding:1rem 1.5rem;margin:1rem 0}
h2{margin:.2rem 0;font-size:1.2rem}p.way{color:#666;margin:0}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}
iframe{width:100%;height:18rem;border:1px solid #eee}summary{cursor:pointer;color:#666}
@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#ddd}article{background:#262626;border-color:#444}iframe{background:#fff}}
</style></head><body><h1>Mailbox</h1>
"#;

/// The whole page.
pub(super) fn render(letters: &[Letter]) -> String {
    let mut page = HEAD.to_owned();
    if letters.is_empty() {
        page.push_str("<meta http-equiv=\"refresh\" content=\"3\"><p>No letters yet. This page looks again every three seconds.</p>");
    }
    for letter in letters.iter().rev() {
        page.push_str(&article(letter));
    }
    page + "</body></html>"
}

fn article(letter: &Letter) -> String {
    let from = letter.headers.get("From").map_or("", String::as_str);
    let way = format!("{} &rarr; {}", escape(from), escape(&letter.to));
    let text = linked(&letter.text);
    let html = if letter.html.is_empty() {
        String::new()
    } else {
        frame(&letter.html)
    };
    let subject = escape(&letter.subject);
    format!(
        "<article><p class=\"way\">{way}</p><h2>{subject}</h2><pre>{text}</pre>{html}</article>\n"
    )
}

/// The HTML part in a frame without rights: its links open in a new tab, its scripts and forms do nothing.
fn frame(html: &str) -> String {
    let document = escape(&format!("<base target=\"_blank\">{html}"));
    format!(
        "<details><summary>HTML part</summary><iframe sandbox=\"allow-popups allow-popups-to-escape-sandbox\" \
         srcdoc=\"{document}\"></iframe></details>"
    )
}

/// Plain text with its web addresses made clickable.
fn linked(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .map(|piece| {
            let word = piece.trim_end();
            let (word, space) = piece.split_at(word.len());
            match word.find("http://").or_else(|| word.find("https://")) {
                Some(at) => link(word, at) + space,
                None => escape(word) + space,
            }
        })
        .collect()
}

/// A word with an address from `at` on, less the punctuation of the sentence around it.
fn link(word: &str, at: usize) -> String {
    let (before, rest) = word.split_at(at);
    let address = rest.trim_end_matches(['.', ',', ';', ':', '!', ')', '>', '"', '\'']);
    let after = escape(rest.get(address.len()..).unwrap_or_default());
    let address = escape(address);
    format!(
        "{}<a href=\"{address}\" target=\"_blank\" rel=\"noreferrer\">{address}</a>{after}",
        escape(before)
    )
}

/// Text made safe for HTML and XML, inside and outside of attributes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_the_text_is_a_link_without_the_full_stop() {
        let shown = linked("Go to (https://example.com/a?b=1&c=2).\nBye <b>");
        let link = "<a href=\"https://example.com/a?b=1&amp;c=2\" target=\"_blank\" rel=\"noreferrer\">https://example.com/a?b=1&amp;c=2</a>";
        assert_eq!(shown, format!("Go to ({link}).\nBye &lt;b&gt;"));
    }

    #[test]
    fn nothing_of_a_letter_becomes_markup_of_the_page() {
        let evil = "</iframe>\"><script>alert(1)</script>".to_owned();
        let letter = Letter {
            subject: evil.clone(),
            text: evil.clone(),
            to: evil.clone(),
            html: evil,
            ..Letter::default()
        };
        let page = render(&[letter]);
        assert!(!page.contains("<script>"));
        assert_eq!(
            page.matches("<iframe ").count(),
            page.matches("</iframe>").count()
        );
    }
}
