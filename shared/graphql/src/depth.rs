//! How many levels a query has when its fragments are written out.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

/// The levels of fields of the deepest operation.
pub(crate) fn levels(document: &ExecutableDocument) -> usize {
    let mut plumb = Plumb {
        document,
        found: HashMap::new(),
    };
    let operations = document.operations.iter();
    let sets: Vec<&SelectionSet> = operations
        .map(|(_, operation)| &operation.node.selection_set.node)
        .collect();
    let levels = sets.into_iter().map(|set| plumb.levels(set));
    levels.max().unwrap_or_default()
}

struct Plumb<'d> {
    document: &'d ExecutableDocument,
    found: HashMap<&'d Name, usize>,
}

impl<'d> Plumb<'d> {
    fn levels(&mut self, set: &'d SelectionSet) -> usize {
        let levels = set.items.iter().map(|item| match &item.node {
            Selection::Field(field) => self.levels(&field.node.selection_set.node) + 1,
            Selection::InlineFragment(fragment) => self.levels(&fragment.node.selection_set.node),
            Selection::FragmentSpread(spread) => self.of_fragment(&spread.node.fragment_name.node),
        });
        levels.max().unwrap_or_default()
    }

    fn of_fragment(&mut self, name: &'d Name) -> usize {
        if let Some(levels) = self.found.get(name) {
            return *levels;
        }
        // A fragment that is made of itself has no end; the validation refuses it.
        self.found.insert(name, 0);
        let fragment = self.document.fragments.get(name);
        let levels = fragment.map_or(0, |it| self.levels(&it.node.selection_set.node));
        self.found.insert(name, levels);
        levels
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use async_graphql::parser::parse_query;

    use super::*;

    fn deep(query: &str) -> usize {
        levels(&parse_query(query).unwrap())
    }

    #[test]
    fn levels_are_those_of_fields_and_fragments_hide_none() {
        assert_eq!(deep("{ a }"), 1);
        assert_eq!(deep("{ a { ... on B { c } } d }"), 2);
        assert_eq!(
            deep("{ a { ...F } } fragment F on A { b { ...G } } fragment G on B { c }"),
            3
        );
        assert_eq!(deep("{ ...F } fragment F on A { b { ...F } }"), 1);
    }
}
