//! How much a query is when its fragments are written out. Fragments that are made of fragments double with every line; they are
//! weighed before anything follows them.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

/// More fields than this are in no query that somebody wrote.
const MOST: usize = 10_000;

/// Whether the query, written out, has a number of fields that can be looked at.
pub(crate) fn is_bearable(document: &ExecutableDocument) -> bool {
    let mut scales = Scales {
        document,
        weighed: HashMap::new(),
    };
    let operations = document.operations.iter();
    let sets: Vec<&SelectionSet> = operations
        .map(|(_, operation)| &operation.node.selection_set.node)
        .collect();
    let total = sets
        .into_iter()
        .fold(0, |sum: usize, set| sum.saturating_add(scales.weight(set)));
    total <= MOST
}

struct Scales<'d> {
    document: &'d ExecutableDocument,
    weighed: HashMap<&'d Name, usize>,
}

impl<'d> Scales<'d> {
    fn weight(&mut self, set: &'d SelectionSet) -> usize {
        set.items.iter().fold(0, |sum: usize, item| {
            let weight = match &item.node {
                Selection::Field(field) => self
                    .weight(&field.node.selection_set.node)
                    .saturating_add(1),
                Selection::InlineFragment(fragment) => self
                    .weight(&fragment.node.selection_set.node)
                    .saturating_add(1),
                Selection::FragmentSpread(spread) => {
                    self.of_fragment(&spread.node.fragment_name.node)
                }
            };
            sum.saturating_add(weight)
        })
    }

    fn of_fragment(&mut self, name: &'d Name) -> usize {
        if let Some(weight) = self.weighed.get(name) {
            return *weight;
        }
        // A fragment that is made of itself has no weight; the validation refuses it.
        self.weighed.insert(name, usize::MAX);
        let fragment = self.document.fragments.get(name);
        let weight = fragment.map_or(0, |it| self.weight(&it.node.selection_set.node));
        self.weighed.insert(name, weight);
        weight.saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn fragments_of_fragments_are_weighed_without_being_written_out() {
        let mut query = "{ ...f0 }".to_owned();
        for at in 0..60 {
            let next = at + 1;
            query += &format!(" fragment f{at} on Query {{ ...f{next} ...f{next} }}");
        }
        query += " fragment f60 on Query { __typename }";
        assert!(!is_bearable(&parse_query(query).unwrap()));
    }

    #[test]
    fn a_fragment_of_itself_is_too_much() {
        let query = "{ ...f } fragment f on Query { a ...f }";
        assert!(!is_bearable(&parse_query(query).unwrap()));
    }

    #[test]
    fn a_query_that_somebody_wrote_is_bearable() {
        let query = "{ PatientList { ...f } } fragment f on Patient { id name { given } }";
        assert!(is_bearable(&parse_query(query).unwrap()));
    }
}
