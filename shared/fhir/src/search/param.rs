use super::tables;

/// One search parameter of a resource type.
#[derive(Debug, PartialEq, Eq)]
pub struct SearchParam {
    /// Its name in a query.
    pub code: &'static str,
    /// How values are compared.
    pub kind: ParamKind,
    /// Where the values are: dotted paths into the resource; arrays are walked through.
    pub paths: &'static [&'static str],
}

/// How the values of a parameter are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Codes, identifiers, codings: equality, with an optional system.
    Token,
    /// `true` or `false`; an absent value is neither.
    Boolean,
    /// `true` or `false`; an absent value is `true`.
    Standing,
    /// Columns of text: the beginning, in any case.
    String,
    /// Names of people: each word begins a word of the name, in any order and case.
    Name,
    /// E-mail addresses and telephone numbers, of one system or of any: equality in any case.
    Contact(Option<&'static str>),
    /// `Type/id`, exactly.
    Reference,
    /// The type a reference points to.
    ReferenceType,
    /// Dates and instants, with prefixes.
    Date,
    /// The resource's own id.
    Id,
    /// The owning project.
    Project,
    /// Any compartment the resource lies in.
    Compartment,
}

/// The parameter `code` of the type `kind`; those of every resource (`_id`, `_lastUpdated` …) belong to every type.
pub fn search_param(kind: &str, code: &str) -> Option<&'static SearchParam> {
    tables::of(kind)
        .iter()
        .chain(tables::EVERY)
        .find(|param| param.code == code)
}

/// The parameters that resources of the type `kind` have and others need not.
pub fn own_params(kind: &str) -> &'static [SearchParam] {
    tables::of(kind)
}

/// The names of the search parameters of the type `kind`, its own before those of every resource.
pub fn search_codes(kind: &str) -> impl Iterator<Item = &'static str> {
    tables::of(kind)
        .iter()
        .chain(tables::EVERY)
        .map(|param| param.code)
}
