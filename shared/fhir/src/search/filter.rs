use super::param::{ParamKind, SearchParam, search_param};
use super::value::{Wanted, boolean, split, unescape};
use crate::Issue;

/// One condition of a query: a resource must meet all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The parameter it is about.
    pub param: &'static SearchParam,
    /// How the values are compared.
    pub modifier: Modifier,
    /// The OR-ed values as texts, without escapes.
    pub values: Vec<String>,
    pub(super) wanted: Vec<Wanted>,
    /// Where it is a choice: the conditions of each alternative, all of which must be met.
    pub(super) either: Vec<Vec<Filter>>,
}

/// What a choice is of: no parameter by itself.
static CHOICE: SearchParam = SearchParam {
    code: "_filter",
    kind: ParamKind::Token,
    paths: &[],
};

/// What stands behind the colon of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// Nothing: the comparison that the kind of the parameter says.
    Plain,
    /// `:exact`: the whole text, letter for letter.
    Exact,
    /// `:contains`: anywhere in the text, in any case.
    Contains,
    /// `:text`: anywhere in what a person reads of a token.
    Text,
    /// `:not`: none of the values; a resource without any value fits.
    Not,
    /// `:missing=true` (no value) or `:missing=false` (some value).
    Missing(bool),
    /// `:identifier`: the identifier of a logical reference.
    Identifier,
    /// `:Practitioner`: a reference to this type; the value may be a bare id.
    Type(String),
}

impl Filter {
    /// Reads `code:modifier=value` for resources of `kind`.
    ///
    /// # Errors
    /// An issue for an unknown parameter, a modifier that is unknown or means nothing here, or a value that is none.
    pub(super) fn parse(kind: &str, name: &str, value: &str) -> Result<Self, Issue> {
        let invalid = |words: String| Issue::error("invalid", words);
        if value.contains('\0') || name.contains('\0') {
            return Err(invalid(
                "Search filter value cannot contain null bytes".into(),
            ));
        }
        let (code, suffix) = match name.split_once(':') {
            Some((code, suffix)) => (code, Some(suffix)),
            None => (name, None),
        };
        let unknown = || invalid(format!("Unknown search parameter: {code}"));
        let param = search_param(kind, code).ok_or_else(unknown)?;
        let modifier = Modifier::parse(suffix, param, value)?;
        let pieces = split(value, ',');
        let wanted = pieces.iter().map(|raw| modifier.wanted(param, raw));
        Ok(Self {
            param,
            values: pieces.iter().map(|raw| unescape(raw)).collect(),
            wanted: wanted.collect::<Result<_, _>>()?,
            modifier,
            either: Vec::new(),
        })
    }

    /// A choice: the conditions of one alternative must be met.
    pub(super) fn one_of(either: Vec<Vec<Self>>) -> Self {
        Self {
            param: &CHOICE,
            modifier: Modifier::Plain,
            values: Vec::new(),
            wanted: Vec::new(),
            either,
        }
    }

    /// The parameters that it looks at.
    pub fn params(&self) -> Vec<&'static SearchParam> {
        let within = self.either.iter().flatten().flat_map(Self::params);
        std::iter::once(self.param).chain(within).collect()
    }
}

impl Filter {
    /// The time around all of the OR-ed dates; see `Query::moments`.
    pub(super) fn moments(&self) -> (Option<i64>, Option<i64>) {
        let hulls = self.wanted.iter().map(|wanted| match wanted {
            Wanted::Date(date) => date.hull(),
            _ => (None, None),
        });
        let around = hulls.reduce(|(first, last), (from, until)| {
            let first = first.zip(from).map(|(one, other)| one.min(other));
            let last = last.zip(until).map(|(one, other)| one.max(other));
            (first, last)
        });
        around.unwrap_or_default()
    }
}

impl Modifier {
    fn parse(suffix: Option<&str>, param: &SearchParam, value: &str) -> Result<Self, Issue> {
        let modifier = match suffix {
            None => Self::Plain,
            Some("exact") => Self::Exact,
            Some("contains") => Self::Contains,
            Some("text") => Self::Text,
            Some("not") => Self::Not,
            Some("missing") => Self::Missing(boolean(value)?),
            Some("present") => Self::Missing(!boolean(value)?),
            Some("identifier") => Self::Identifier,
            Some(other) => Self::Type(other.to_owned()),
        };
        if modifier.suits(param.kind) {
            return Ok(modifier);
        }
        let suffix = suffix.unwrap_or_default();
        let words = match (param.kind, suffix) {
            (ParamKind::String, "not") => "Unsupported string search operator: not".to_owned(),
            _ => format!("Invalid modifier :{suffix} for {}", param.code),
        };
        Err(Issue::error("invalid", words))
    }

    /// Whether the modifier has a meaning for parameters of this kind. A filter that cannot be kept is refused, never dropped.
    fn suits(&self, kind: ParamKind) -> bool {
        use ParamKind::{Contact, Name, Reference, String, Token};
        match self {
            Self::Plain | Self::Missing(_) => true,
            Self::Exact => matches!(kind, String | Name | Token | Contact(_)),
            Self::Contains => matches!(kind, String | Name | Contact(_)),
            Self::Text => matches!(kind, Token | Contact(_)),
            Self::Not => !matches!(kind, String | ParamKind::Date),
            Self::Identifier => kind == Reference,
            Self::Type(name) => {
                let capital = name.starts_with(|first: char| first.is_ascii_uppercase());
                kind == Reference && capital
            }
        }
    }

    fn wanted(&self, param: &SearchParam, raw: &str) -> Result<Wanted, Issue> {
        match self {
            Self::Missing(missing) => Ok(Wanted::Boolean(*missing)),
            Self::Identifier => Ok(Wanted::token(raw)),
            Self::Text | Self::Contains => Ok(Wanted::Text(unescape(raw))),
            Self::Type(kind) => {
                let id = unescape(raw);
                let bare = !id.contains('/');
                Ok(Wanted::Text(if bare { format!("{kind}/{id}") } else { id }))
            }
            Self::Plain | Self::Exact | Self::Not => Wanted::parse(param, raw),
        }
    }
}
