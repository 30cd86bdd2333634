use serde_json::Value;

use super::{Function, Node, NotUnderstood, Operator};

/// Longer expressions and deeper nesting are nobody's.
const MOST_BYTES: usize = 4_000;
const DEEPEST: usize = 40;

type Parsed = Result<Node, NotUnderstood>;

pub(super) fn parse(text: &str) -> Parsed {
    if text.len() > MOST_BYTES {
        return Err(NotUnderstood(MOST_BYTES));
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    let node = parser.binary(0)?;
    match parser.rest() {
        "" => Ok(node),
        _ => Err(NotUnderstood(parser.at)),
    }
}

/// Operators by how loosely they bind.
const LEVELS: [&[(&str, Operator)]; 6] = [
    &[("implies", Operator::Implies)],
    &[("or", Operator::Or), ("xor", Operator::Xor)],
    &[("and", Operator::And)],
    &[("in", Operator::In), ("contains", Operator::Contains)],
    &[("=", Operator::Equal), ("!=", Operator::Unequal)],
    &[
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
];

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

impl<'a> Parser<'a> {
    /// What is left, without the space before it.
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn lost<T>(&self) -> Result<T, NotUnderstood> {
        Err(NotUnderstood(self.at))
    }

    fn takes(&mut self, symbol: &str) -> bool {
        let is_name = symbol.starts_with(is_word);
        let follows = self.rest().strip_prefix(symbol);
        let there = follows.is_some_and(|rest| !(is_name && rest.starts_with(is_word)));
        self.at += if there { symbol.len() } else { 0 };
        there
    }

    fn deeper(&mut self) -> Result<(), NotUnderstood> {
        self.depth += 1;
        match self.depth > DEEPEST * LEVELS.len() {
            true => self.lost(),
            false => Ok(()),
        }
    }

    fn binary(&mut self, level: usize) -> Parsed {
        let Some(operators) = LEVELS.get(level) else {
            return self.postfix();
        };
        self.deeper()?;
        let mut left = self.binary(level + 1)?;
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.takes(symbol)) {
            let right = self.binary(level + 1)?;
            left = Node::Binary(Box::new(left), *operator, Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn postfix(&mut self) -> Parsed {
        let mut node = self.primary()?;
        for _ in 0..=DEEPEST {
            if self.takes(".") {
                let name = self.name()?;
                node = self.member(node, name)?;
            } else if self.takes("[") {
                let digits = self.while_(|c| c.is_ascii_digit());
                let index = digits.parse().or_else(|_| self.lost())?;
                self.must("]")?;
                node = Node::Index(Box::new(node), index);
            } else {
                return Ok(node);
            }
        }
        self.lost()
    }

    fn primary(&mut self) -> Parsed {
        let first = self.rest().chars().next();
        match first {
            Some('(') => {
                self.must("(")?;
                let node = self.binary(0)?;
                self.must(")")?;
                Ok(node)
            }
            Some('{') => {
                self.must("{")?;
                self.must("}")?;
                Ok(Node::Nothing)
            }
            Some('\'') => self.text().map(|text| Node::Literal(text.into())),
            Some('%') => {
                self.must("%")?;
                self.name().map(|name| Node::Variable(name.to_owned()))
            }
            Some('$') => {
                self.must("$this")?;
                Ok(Node::This)
            }
            Some('0'..='9') => self.number(),
            Some(_) => match self.name()? {
                "true" => Ok(Node::Literal(true.into())),
                "false" => Ok(Node::Literal(false.into())),
                name => self.member(Node::This, name),
            },
            None => self.lost(),
        }
    }

    fn must(&mut self, symbol: &str) -> Result<(), NotUnderstood> {
        match self.takes(symbol) {
            true => Ok(()),
            false => self.lost(),
        }
    }

    fn while_(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn name(&mut self) -> Result<&'a str, NotUnderstood> {
        let name = self.while_(is_word);
        match name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            true => Ok(name),
            false => self.lost(),
        }
    }

    fn number(&mut self) -> Parsed {
        let digits = self.while_(|c| c.is_ascii_digit() || c == '.');
        let number: Option<Value> = serde_json::from_str(digits).ok();
        number.map_or_else(|| self.lost(), |number| Ok(Node::Literal(number)))
    }

    /// A text in quotes; a backslash takes the next character as it is.
    fn text(&mut self) -> Result<String, NotUnderstood> {
        self.must("'")?;
        let mut text = String::new();
        let mut characters = self.text[self.at..].char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\'' => {
                    self.at += at + 1;
                    return Ok(text);
                }
                '\\' => text.extend(characters.next().map(|(_, next)| next)),
                other => text.push(other),
            }
        }
        self.lost()
    }

    /// A field, or a function when arguments follow.
    fn member(&mut self, of: Node, name: &str) -> Parsed {
        if !self.takes("(") {
            return Ok(Node::Member(Box::new(of), name.to_owned()));
        }
        let Some((function, wants)) = function(name) else {
            return self.lost();
        };
        let argument = match self.takes(")") {
            true => None,
            false => {
                let argument = self.binary(0)?;
                self.must(")")?;
                Some(Box::new(argument))
            }
        };
        let fits = match wants {
            Wants::Nothing => argument.is_none(),
            Wants::One => argument.is_some(),
            Wants::Perhaps => true,
        };
        match fits {
            true => Ok(Node::Call(Box::new(of), function, argument)),
            false => self.lost(),
        }
    }
}

enum Wants {
    Nothing,
    One,
    Perhaps,
}

fn function(name: &str) -> Option<(Function, Wants)> {
    Some(match name {
        "exists" => (Function::Exists, Wants::Perhaps),
        "empty" => (Function::Empty, Wants::Nothing),
        "not" => (Function::Not, Wants::Nothing),
        "where" => (Function::Where, Wants::One),
        "all" => (Function::All, Wants::One),
        "count" => (Function::Count, Wants::Nothing),
        "first" => (Function::First, Wants::Nothing),
        "last" => (Function::Last, Wants::Nothing),
        "hasValue" => (Function::HasValue, Wants::Nothing),
        "startsWith" => (Function::StartsWith, Wants::One),
        "endsWith" => (Function::EndsWith, Wants::One),
        "contains" => (Function::Contains, Wants::One),
        "length" => (Function::Length, Wants::Nothing),
        "lower" => (Function::Lower, Wants::Nothing),
        "upper" => (Function::Upper, Wants::Nothing),
        _ => return None,
    })
}
