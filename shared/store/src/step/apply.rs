//! What a step makes of a row, worked out without the table.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Step, Write};
use crate::row::Item;

impl Step {
    /// The place of the row, as the table takes it.
    pub(crate) fn place(&self) -> &Item {
        match &self.write {
            Write::Put(item)
            | Write::Update(item, _)
            | Write::Delete(item)
            | Write::Check(item) => item,
        }
    }

    /// Whether the row is only looked at.
    pub(crate) fn only_checks(&self) -> bool {
        matches!(self.write, Write::Check(_))
    }

    /// Whether what becomes of the row depends on what it was.
    pub(crate) fn depends_on_row(&self) -> bool {
        matches!(self.write, Write::Update(..) | Write::Check(_))
    }

    /// The row afterwards, of what it is now.
    pub(crate) fn apply(&self, row: Option<Item>) -> Option<Item> {
        let expression = match &self.write {
            Write::Put(item) => return Some(item.clone()),
            Write::Delete(_) => return None,
            Write::Check(_) => return row,
            Write::Update(_, expression) => *expression,
        };
        let mut row = row.unwrap_or_else(|| self.place().clone());
        for (word, clause) in clauses(expression) {
            for part in clause.split(',') {
                self.carry_out(word, part.trim(), &mut row);
            }
        }
        if let Some(count) = &self.count {
            add(&mut row, count.attribute, count.by);
        }
        Some(row)
    }

    fn carry_out(&self, word: &str, part: &str, row: &mut Item) {
        let mut words = part.split_whitespace();
        let attribute = words.next().unwrap_or_default().trim_start_matches('#');
        let operands: Vec<&str> = words.filter(|word| *word != "=").collect();
        let value = |name: &str| self.values.get(name);
        match (word, operands[..].first(), operands.get(2)) {
            ("REMOVE", ..) => {
                row.remove(attribute);
            }
            ("SET", Some(_), Some(by)) => add(row, attribute, number(value(by))),
            ("SET", Some(to), None) => {
                row.extend(value(to).map(|value| (attribute.to_owned(), value.clone())));
            }
            ("ADD", Some(more), _) => match value(more) {
                Some(AttributeValue::Ss(more)) => change_set(row, attribute, (more, &[])),
                more => add(row, attribute, number(more)),
            },
            ("DELETE", Some(less), _) => {
                if let Some(AttributeValue::Ss(less)) = value(less) {
                    change_set(row, attribute, (&[], less));
                }
            }
            _ => {}
        }
    }
}

/// The clauses of an update, each with the word that it begins with.
fn clauses(expression: &'static str) -> Vec<(&'static str, String)> {
    let mut clauses: Vec<(&'static str, String)> = Vec::new();
    for word in expression.split_whitespace() {
        match (word, clauses.last_mut()) {
            ("SET" | "ADD" | "REMOVE" | "DELETE", _) => clauses.push((word, String::new())),
            (word, Some((_, clause))) => {
                clause.push_str(word);
                clause.push(' ');
            }
            (_, None) => {}
        }
    }
    clauses
}

fn number(value: Option<&AttributeValue>) -> i64 {
    let number = value.and_then(|value| value.as_n().ok());
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}

pub(super) fn add(row: &mut Item, attribute: &str, by: i64) {
    let sum = number(row.get(attribute)) + by;
    row.insert(attribute.to_owned(), AttributeValue::N(sum.to_string()));
}

fn change_set(row: &mut Item, attribute: &str, (more, less): (&[String], &[String])) {
    let before = row.remove(attribute);
    let mut set: Vec<String> = match before {
        Some(AttributeValue::Ss(set)) => set,
        _ => Vec::new(),
    };
    set.retain(|one| !less.contains(one) && !more.contains(one));
    set.extend(more.iter().cloned());
    if !set.is_empty() {
        row.insert(attribute.to_owned(), AttributeValue::Ss(set));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use domain::UserId;
    use uuid::Uuid;

    use super::*;
    use crate::keys::Key;

    fn text(text: &str) -> AttributeValue {
        AttributeValue::S(text.into())
    }

    #[test]
    fn every_form_of_update_makes_of_a_row_what_the_table_would() {
        let key = Key::User(UserId::new(Uuid::nil()));
        let expression =
            "SET #body = :body, epoch = epoch + :one REMOVE used, old ADD members :place";
        let update = Step::update(&key, expression)
            .text(":body", "new")
            .number(":one", 1)
            .value(":place", AttributeValue::Ss(vec!["b".into()]));
        let set = |of: &[&str]| AttributeValue::Ss(of.iter().map(|&one| one.to_owned()).collect());
        let mut row = update.place().clone();
        row.extend([
            ("body".to_owned(), text("old")),
            ("epoch".to_owned(), AttributeValue::N("4".into())),
            ("used".to_owned(), text("yes")),
            ("members".to_owned(), set(&["a"])),
        ]);
        let after = update.apply(Some(row)).unwrap();
        assert_eq!(after["body"], text("new"));
        assert_eq!(after["epoch"], AttributeValue::N("5".into()));
        assert_eq!(after["members"], set(&["a", "b"]));
        assert!(!after.contains_key("used"));
        let less = Step::update(&key, "DELETE members :this").value(":this", set(&["a", "b"]));
        assert!(!less.apply(Some(after)).unwrap().contains_key("members"));
        let counted = Step::count(&key, "admins", 2).apply(None).unwrap();
        assert_eq!(counted["admins"], AttributeValue::N("2".into()));
        assert_eq!(Step::delete(&key).apply(Some(counted)), None);
    }
}
