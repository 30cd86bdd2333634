use super::chain::Chain;
use super::expression;
use super::filter::Filter;
use super::include::Include;
use super::result::Sort;
use super::value::boolean;
use crate::{Issue, Resource};

/// A search request, understood whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The type that is searched.
    pub kind: String,
    /// Conditions on the resource itself; all must be met.
    pub filters: Vec<Filter>,
    /// Conditions on its neighbours; all must be met.
    pub chains: Vec<Chain>,
    /// Matches on a page, 0 to 1,000; 20 unless asked. A count that is no number shows nothing, as recorded.
    pub count: usize,
    /// Matches to skip, 0 to 10,000.
    pub offset: usize,
    /// Where an earlier page stopped: this server's own text, opaque to everybody else.
    pub cursor: Option<String>,
    /// The wanted order; none is any stable order.
    pub sort: Vec<Sort>,
    /// `_total` as sent; see [`Query::wants_total`].
    pub total: Option<String>,
    /// `_summary` as sent: `true`, `text`, `data`, `false`.
    pub summary: Option<String>,
    /// `_fields` or `_elements`: what is to be shown.
    pub fields: Option<Vec<String>>,
    /// Resources that matches refer to and that are wanted too.
    pub include: Vec<Include>,
    /// Resources that refer to matches and that are wanted too.
    pub revinclude: Vec<Include>,
    /// `_deleted`: only deleted resources, or only living ones.
    pub deleted: Option<bool>,
    /// `_type`: the types of a search over several.
    pub types: Vec<String>,
    /// The canonical parameters without the position of the page, for links.
    pub(super) shown: Vec<(String, String)>,
}

const DEFAULT_COUNT: usize = 20;
const MAXIMAL_COUNT: usize = 1_000;
const MAXIMAL_OFFSET: usize = 10_000;

/// No more are told: an answer about a hostile query stays small.
const MOST_ISSUES: usize = 100;

impl Query {
    /// Reads the decoded parameters of a search for resources of `kind`.
    ///
    /// # Errors
    /// One issue for every parameter that is wrong, in the upstream server's words where it has any.
    pub fn parse(kind: &str, pairs: &[(String, String)]) -> Result<Self, Vec<Issue>> {
        let mut query = Self {
            kind: kind.to_owned(),
            count: DEFAULT_COUNT,
            ..Self::default()
        };
        let mut count = None;
        let mut issues = Vec::new();
        for (name, value) in pairs {
            match name.as_str() {
                "_count" => count = Some(value.as_str()),
                _ if issues.len() >= MOST_ISSUES => break,
                _ => issues.extend(query.take(name, value).err()),
            }
        }
        query.show_results(count);
        issues.extend(query.position_problem());
        if issues.is_empty() {
            Ok(query)
        } else {
            Err(issues)
        }
    }

    /// Whether the resource is of the searched type and meets every condition on itself. Chains are for whoever holds the neighbours.
    pub fn matches(&self, resource: &Resource) -> bool {
        resource.kind == self.kind && self.filters.iter().all(|filter| filter.matches(resource))
    }

    /// Whether the number of all matches was asked for; `estimate` is answered exactly.
    pub fn wants_total(&self) -> bool {
        matches!(self.total.as_deref(), Some("accurate" | "estimate"))
    }

    /// The first condition on the parameter `code`.
    pub fn filter(&self, code: &str) -> Option<&Filter> {
        self.filters.iter().find(|filter| filter.param.code == code)
    }

    /// The time, in milliseconds since 1970 and both ends included, outside of which the conditions on the date parameter `code` cannot
    /// be met by a resource with one moment there; `None` is open.
    pub fn moments(&self, code: &str) -> (Option<i64>, Option<i64>) {
        let of_code = self
            .filters
            .iter()
            .filter(|filter| filter.param.code == code);
        of_code.fold((None, None), |(first, last), filter| {
            let (from, until) = filter.moments();
            let earlier = match (last, until) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            // No bound is less than any.
            (first.max(from), earlier)
        })
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Issue> {
        match name {
            "_" | "_format" | "_pretty" => {}
            "_offset" => self.offset = read_offset(value.trim()),
            "_cursor" => self.cursor = Some(value.to_owned()).filter(|text| !text.is_empty()),
            "_sort" => self.take_sort(value)?,
            "_total" => self.total = Some(value.to_owned()),
            "_summary" => self.summary = Some(value.to_owned()),
            "_fields" | "_elements" => {
                let fields = value.split(',').filter(|field| !field.is_empty());
                self.fields = Some(fields.map(str::to_owned).collect());
            }
            "_include" | "_include:iterate" => self.include.push(Include::parse(name, value)?),
            "_revinclude" | "_revinclude:iterate" => {
                self.revinclude.push(Include::parse(name, value)?);
            }
            "_deleted" => {
                self.deleted = Some(boolean(value)?);
                self.shown.push((name.to_owned(), value.to_owned()));
            }
            "_type" => self.types.extend(value.split(',').map(str::to_owned)),
            "_filter" => self.take_expression(value)?,
            _ => self.take_condition(name, value)?,
        }
        Ok(())
    }

    fn take_sort(&mut self, value: &str) -> Result<(), Issue> {
        let sort = Sort::parse(&self.kind, value)?;
        if !sort.is_empty() {
            self.shown.push(("_sort".to_owned(), value.to_owned()));
        }
        self.sort.extend(sort);
        Ok(())
    }

    fn take_condition(&mut self, name: &str, value: &str) -> Result<(), Issue> {
        if Chain::is_named_by(name) {
            self.chains.push(Chain::parse(&self.kind, name, value)?);
        } else {
            self.filters.push(Filter::parse(&self.kind, name, value)?);
        }
        self.shown.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    fn take_expression(&mut self, text: &str) -> Result<(), Issue> {
        self.filters.extend(expression::parse(&self.kind, text)?);
        self.shown.push(("_filter".to_owned(), text.to_owned()));
        Ok(())
    }

    /// Settles the count and writes the result parameters in their canonical form: `_elements` becomes `_fields`, `_summary=count` a
    /// count of zero with a total, other summaries vanish.
    fn show_results(&mut self, count: Option<&str>) {
        let mut count = count.map_or((DEFAULT_COUNT, DEFAULT_COUNT.to_string()), read_count);
        if self.summary.as_deref() == Some("count") {
            count = (0, "0".to_owned());
            self.total = Some("accurate".to_owned());
        }
        self.count = count.0;
        let mut show = |name: &str, value: String| self.shown.push((name.to_owned(), value));
        show("_count", count.1);
        if let Some(fields) = &self.fields {
            show("_fields", fields.join(","));
        }
        if let Some(total) = &self.total {
            show("_total", total.clone());
        }
        if !self.types.is_empty() {
            show("_type", self.types.join(","));
        }
        let inclusions = self.include.iter().chain(&self.revinclude);
        self.shown
            .extend(inclusions.map(|include| include.shown.clone()));
    }

    fn position_problem(&self) -> Option<Issue> {
        let words = if self.offset > MAXIMAL_OFFSET {
            let got = self.offset;
            format!("Search offset exceeds maximum (got {got}, max {MAXIMAL_OFFSET})")
        } else if self.offset > 0 && self.cursor.is_some() {
            "Cannot use both offset and cursor".to_owned()
        } else {
            return None;
        };
        Some(Issue::error("invalid", words))
    }
}

/// The count and the way a link writes it: the leading digits count; without any it is `NaN`, and nothing is shown.
fn read_count(text: &str) -> (usize, String) {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let digits = digits[..end].trim_start_matches('0');
    match (sign, end, digits) {
        (_, 0, _) => (0, "NaN".to_owned()),
        (_, _, "") => (0, "0".to_owned()),
        ("-", _, digits) => (0, format!("-{digits}")),
        (_, _, digits) => {
            let count = digits.parse().unwrap_or(MAXIMAL_COUNT).min(MAXIMAL_COUNT);
            (count, count.to_string())
        }
    }
}

/// What is no number skips nothing; a number beyond all numbers is refused with the others that are too great.
fn read_offset(text: &str) -> usize {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().unwrap_or(if digits { usize::MAX } else { 0 })
}
