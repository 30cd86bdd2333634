//! `_filter`: conditions that are joined by `and` and `or`, with brackets; `and` binds more closely.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::filter::Filter;
use super::param::{ParamKind, search_param};
use crate::Issue;

/// How deep brackets may stand in brackets, and how many conditions there may be.
const DEEPEST: usize = 16;
const MOST: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Word(String),
}

/// The conditions on resources of `kind` that an expression stands for: all must be met.
///
/// # Errors
/// An issue for what is no expression, and for a condition that is none.
pub(super) fn parse(kind: &str, expression: &str) -> Result<Vec<Filter>, Issue> {
    let tokens = tokens(expression).ok_or_else(|| invalid(expression))?;
    let mut reader = Reader {
        kind,
        expression,
        tokens: tokens.into_iter().peekable(),
        left: MOST,
    };
    let all = reader.either(0)?;
    match reader.tokens.next() {
        None => Ok(all),
        Some(_) => Err(invalid(expression)),
    }
}

fn invalid(expression: &str) -> Issue {
    Issue::error(
        "invalid",
        format!("Invalid _filter expression: {expression}"),
    )
}

/// Words, brackets and what joins conditions; a text in quotes is one word. `None` when a quote does not end.
fn tokens(expression: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' => quoted(rest)?,
            _ => word(rest),
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

/// The text in quotes at the beginning, and its length; a backslash keeps what follows it.
fn quoted(rest: &str) -> Option<(Token, usize)> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((Token::Word(text), at + 1)),
            '\\' => text.extend(letters.next().map(|(_, kept)| kept)),
            _ => text.push(letter),
        }
    }
    None
}

fn word(rest: &str) -> (Token, usize) {
    let ends = |letter: char| letter.is_whitespace() || matches!(letter, '(' | ')');
    let length = rest.find(ends).unwrap_or(rest.len());
    let token = match &rest[..length] {
        "and" => Token::And,
        "or" => Token::Or,
        word => Token::Word(word.to_owned()),
    };
    (token, length)
}

struct Reader<'a> {
    kind: &'a str,
    expression: &'a str,
    tokens: Peekable<IntoIter<Token>>,
    left: usize,
}

impl Reader<'_> {
    fn either(&mut self, depth: usize) -> Result<Vec<Filter>, Issue> {
        let first = self.all(depth)?;
        let mut others = Vec::new();
        while self.tokens.next_if_eq(&Token::Or).is_some() {
            others.push(self.all(depth)?);
        }
        if others.is_empty() {
            return Ok(first);
        }
        others.insert(0, first);
        Ok(vec![Filter::one_of(others)])
    }

    fn all(&mut self, depth: usize) -> Result<Vec<Filter>, Issue> {
        let mut all = self.one(depth)?;
        while self.tokens.next_if_eq(&Token::And).is_some() {
            all.extend(self.one(depth)?);
        }
        Ok(all)
    }

    fn one(&mut self, depth: usize) -> Result<Vec<Filter>, Issue> {
        if self.tokens.next_if_eq(&Token::Open).is_none() {
            return Ok(vec![self.condition()?]);
        }
        if depth == DEEPEST {
            return Err(invalid(self.expression));
        }
        let within = self.either(depth + 1)?;
        match self.tokens.next() {
            Some(Token::Close) => Ok(within),
            _ => Err(invalid(self.expression)),
        }
    }

    /// `code op value`; a value of several words needs no quotes.
    fn condition(&mut self) -> Result<Filter, Issue> {
        let is_word = |token: &Token| matches!(token, Token::Word(_));
        let mut words = Vec::new();
        while let Some(Token::Word(word)) = self.tokens.next_if(is_word) {
            words.push(word);
        }
        let [code, operator, value @ ..] = words.as_slice() else {
            return Err(invalid(self.expression));
        };
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| invalid(self.expression))?;
        let value = value.join(" ");
        let (name, value) = match operator.as_str() {
            // A text equals another as a whole, and not only in its beginning.
            "eq" if is_text(self.kind, code) => (format!("{code}:exact"), value),
            "eq" | "sw" => (code.clone(), value),
            "ne" => (format!("{code}:not"), value),
            "co" => (format!("{code}:contains"), value),
            "pr" => (format!("{code}:present"), value),
            "gt" | "lt" | "ge" | "le" | "sa" | "eb" | "ap" => {
                (code.clone(), format!("{operator}{value}"))
            }
            _ => return Err(invalid(self.expression)),
        };
        Filter::parse(self.kind, &name, &value)
    }
}

fn is_text(kind: &str, code: &str) -> bool {
    search_param(kind, code).is_some_and(|param| param.kind == ParamKind::String)
}
