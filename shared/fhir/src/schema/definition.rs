use std::collections::HashMap;
use std::sync::OnceLock;

use super::primitive;

/// One element of a type, as a line of `definitions.txt` says it (`infra/definitions/README.md` has the grammar).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// The property, or the beginning of the property of a choice.
    pub(super) name: &'static str,
    /// Whether the property's name goes on with the name of one of `types`.
    pub(super) choice: bool,
    /// Whether there may be several values.
    pub(super) array: bool,
    /// Whether there must be a value.
    pub(super) required: bool,
    /// What a value may be.
    pub(super) types: Vec<Type>,
    /// The invariants that every value must keep.
    pub(super) invariants: Vec<&'static str>,
    /// The address of the code list that values are taken from.
    pub(super) binding: Option<&'static str>,
}

/// One of the types an element may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    /// A primitive type, or the name of a section.
    pub(super) name: String,
    /// The property that holds the ids and extensions of a primitive: `_valueString`.
    pub(super) shadow: String,
    /// What a reference may point to; any type when empty.
    pub(super) targets: Vec<&'static str>,
}

/// A section of the text: what its elements begin with, its own lines, and what they say once they were read.
struct Section {
    base: &'static str,
    lines: &'static str,
    elements: OnceLock<Vec<Element>>,
}

/// The elements of the section `name`, those of its base first. `None` when nothing of that name is defined.
pub(super) fn elements(name: &str) -> Option<&'static [Element]> {
    let section = index().get(name)?;
    let read = || {
        let base = index().get(section.base).map_or("", |base| base.lines);
        let lines = base.lines().chain(section.lines.lines());
        lines.filter_map(|line| Element::read(name, line)).collect()
    };
    Some(section.elements.get_or_init(read))
}

/// The type whose elements those of the section `name` follow, if there is one.
pub(super) fn base_of(name: &str) -> Option<&'static str> {
    let section = index().get(name)?;
    Some(section.base).filter(|base| !base.is_empty())
}

/// The names of all types that are defined, without those of nested elements, in the order of the text.
pub fn types() -> impl Iterator<Item = &'static str> {
    let names = sections(include_str!("definitions.txt")).map(|(name, _)| name);
    names.filter(|name| !name.contains('.'))
}

fn index() -> &'static HashMap<&'static str, Section> {
    static INDEX: OnceLock<HashMap<&'static str, Section>> = OnceLock::new();
    INDEX.get_or_init(|| sections(include_str!("definitions.txt")).collect())
}

/// A section begins with a line that does not begin with a space.
fn sections(text: &'static str) -> impl Iterator<Item = (&'static str, Section)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (head, after) = rest.split_once('\n')?;
        let mut end = 0;
        while after[end..].starts_with(' ') {
            end += after[end..]
                .find('\n')
                .map_or(after.len() - end, |at| at + 1);
        }
        let (lines, others) = after.split_at(end);
        rest = others;
        let (name, base) = head.split_once(" : ").unwrap_or((head, ""));
        let elements = OnceLock::new();
        Some((
            name,
            Section {
                base,
                lines,
                elements,
            },
        ))
    })
}

impl Element {
    /// Reads ` value[x]*! string|Reference(Patient|Group) #key @list` in the section `section`.
    fn read(section: &str, line: &'static str) -> Option<Self> {
        let mut words = line.trim_start().split(' ');
        let head = words.next()?;
        let types = words.next()?;
        let name = head.trim_end_matches(['*', '!']);
        let flags = &head[name.len()..];
        let beginning = name.strip_suffix("[x]");
        let type_of = |(kind, targets): (&str, Vec<&'static str>)| Type {
            shadow: match beginning {
                Some(beginning) => format!("_{beginning}{}", capitalised(kind)),
                None => format!("_{name}"),
            },
            name: match (kind, kind.strip_prefix('#')) {
                (".", _) => format!("{section}.{name}"),
                (_, Some(path)) => path.to_owned(),
                (kind, None) => kind.to_owned(),
            },
            targets,
        };
        Some(Self {
            name: beginning.unwrap_or(name),
            choice: beginning.is_some(),
            array: flags.contains('*'),
            required: flags.contains('!'),
            types: alternatives(types).into_iter().map(type_of).collect(),
            binding: words.clone().find_map(|word| word.strip_prefix('@')),
            invariants: words.filter_map(|word| word.strip_prefix('#')).collect(),
        })
    }
}

impl Type {
    /// The property that holds a value of this type: `valueString`.
    pub(super) fn property(&self) -> &str {
        &self.shadow[1..]
    }

    /// Whether values are plain JSON texts, numbers or truths.
    pub(super) fn is_primitive(&self) -> bool {
        primitive::json_type(&self.name).is_some()
    }
}

/// Reads `string|Reference(Patient|Group)`: types with their targets.
fn alternatives(text: &'static str) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut list = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (kind, after) = rest.split_at(rest.find(['|', '(']).unwrap_or(rest.len()));
        let inner = after
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'));
        let (targets, after) = inner.map_or((Vec::new(), after), |(targets, after)| {
            (targets.split('|').collect(), after)
        });
        list.push((kind, targets));
        rest = after.strip_prefix('|').unwrap_or(after);
    }
    list
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use super::*;

    #[test]
    fn every_type_named_in_the_text_is_defined_or_primitive() {
        for (name, _) in sections(include_str!("definitions.txt")) {
            for kind in elements(name)
                .unwrap()
                .iter()
                .flat_map(|element| &element.types)
            {
                let defined = index().contains_key(kind.name.as_str())
                    || primitive::json_type(&kind.name).is_some();
                assert!(defined, "{} in {name}", kind.name);
            }
        }
    }

    #[test]
    fn every_resource_type_is_defined() {
        for name in include_str!("../resource-types.txt").lines() {
            let elements = elements(name).unwrap();
            assert_eq!(elements[1].name, "meta", "{name}");
        }
    }

    #[test]
    fn a_line_tells_everything_about_an_element() {
        let profile = Element::read(
            "X",
            " value[x]*! string|Reference(Patient|Bot) #axp-1 @list|1",
        )
        .unwrap();
        assert_eq!(
            (
                profile.name,
                profile.choice,
                profile.array,
                profile.required
            ),
            ("value", true, true, true)
        );
        assert_eq!(profile.types[1].targets, ["Patient", "Bot"]);
        assert_eq!(profile.types[1].property(), "valueReference");
        assert_eq!(profile.types[0].shadow, "_valueString");
        assert_eq!(profile.invariants, ["axp-1"]);
        assert_eq!(profile.binding, Some("list|1"));
        assert_eq!(Element::read("A.b", " c .").unwrap().types[0].name, "A.b.c");
    }
}
