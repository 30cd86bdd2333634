//! What a letter says, rendered twice.

/// A part of a paragraph.
pub(crate) enum Piece<'a> {
    /// Plain words.
    Words(&'a str),
    /// An address to follow, shown as it is: its text cannot promise another place than it leads to.
    Link(&'a str),
    /// A new line inside the paragraph.
    Break,
}

/// The paragraphs of a letter.
pub(crate) type Body<'a> = [&'a [Piece<'a>]];

/// Paragraphs with an empty line between them.
pub(crate) fn text(body: &Body) -> String {
    let paragraphs = body.iter().map(|pieces| {
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Words(words) => words,
                Piece::Link(url) => url,
                Piece::Break => "\n",
            })
            .collect::<String>()
    });
    paragraphs.collect::<Vec<_>>().join("\n\n") + "\n"
}

/// The same as a complete HTML document.
pub(crate) fn html(title: &str, body: &Body) -> String {
    let paragraphs: String = body
        .iter()
        .map(|pieces| format!("<p>{}</p>\n", pieces.iter().map(piece).collect::<String>()))
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{paragraphs}</body>\n</html>\n",
        escape(title)
    )
}

fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Words(words) => escape(words),
        Piece::Link(url) => {
            let url = escape(url);
            format!("<a href=\"{url}\">{url}</a>")
        }
        Piece::Break => "<br>".to_owned(),
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
