//! Who holds which rows right now. DynamoDB refuses the later of two calls that meet on a row when one of them is a
//! transaction; the embedded engine serialises writes and therefore never does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::call::{Asked, RowKey};

#[derive(Debug)]
struct Holder {
    keys: Vec<RowKey>,
    transaction: bool,
    write: bool,
}

impl Holder {
    fn new(asked: &Asked) -> Self {
        Self {
            keys: asked.keys(),
            transaction: asked.is_transaction(),
            write: asked.is_write(),
        }
    }

    /// Two calls meet when one is a transaction and one of them writes; plain reads never do.
    fn excludes(&self, other: &Self) -> bool {
        (self.transaction || other.transaction) && (self.write || other.write)
    }
}

#[derive(Debug, Default)]
struct Board {
    next: u64,
    holders: BTreeMap<u64, Holder>,
}

/// The rows held by calls in flight.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<Board>>);

/// The rows of one call, held until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    number: u64,
    board: InFlight,
}

impl InFlight {
    /// Takes the call's rows, or says for each of its keys whether somebody else holds it.
    pub(crate) fn enter(&self, asked: &Asked) -> Result<Option<Held>, Vec<bool>> {
        if !asked.is_transaction() && !asked.is_write() {
            return Ok(None);
        }
        let holder = Holder::new(asked);
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = |key: &RowKey| {
            let rivals = board
                .holders
                .values()
                .filter(|rival| rival.excludes(&holder));
            rivals
                .flat_map(|rival| &rival.keys)
                .any(|other| other == key)
        };
        let conflicts: Vec<bool> = holder.keys.iter().map(taken).collect();
        if conflicts.contains(&true) {
            return Err(conflicts);
        }
        board.next += 1;
        let number = board.next;
        board.holders.insert(number, holder);
        Ok(Some(Held {
            number,
            board: self.clone(),
        }))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut board = self.board.0.lock().unwrap_or_else(PoisonError::into_inner);
        board.holders.remove(&self.number);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn key(sk: &str) -> Value {
        json!({ "PK": { "S": "p" }, "SK": { "S": sk } })
    }

    fn transaction(rows: &[&str]) -> Asked {
        let steps: Vec<_> = rows
            .iter()
            .map(|row| json!({ "Update": { "Key": key(row) } }))
            .collect();
        Asked::new(
            "X.TransactWriteItems",
            "",
            json!({ "TransactItems": steps }),
        )
    }

    fn single(action: &str, row: &str) -> Asked {
        Asked::new(&format!("X.{action}"), "", json!({ "Key": key(row) }))
    }

    #[test]
    fn the_later_of_two_transactions_on_one_row_is_refused_at_that_rows_position() {
        let rows = InFlight::default();
        let _first = rows.enter(&transaction(&["a", "b"])).unwrap();
        assert_eq!(
            rows.enter(&transaction(&["c", "b"])).unwrap_err(),
            [false, true]
        );
    }

    #[test]
    fn a_row_is_free_again_when_its_holder_has_ended() {
        let rows = InFlight::default();
        drop(rows.enter(&transaction(&["a"])).unwrap());
        assert!(rows.enter(&transaction(&["a"])).is_ok());
    }

    #[test]
    fn a_plain_write_and_a_transaction_exclude_each_other_in_both_orders() {
        let rows = InFlight::default();
        let plain = rows.enter(&single("UpdateItem", "a")).unwrap();
        assert!(rows.enter(&transaction(&["a"])).is_err());
        drop(plain);
        let _whole = rows.enter(&transaction(&["a"])).unwrap();
        assert!(rows.enter(&single("UpdateItem", "a")).is_err());
    }

    #[test]
    fn plain_writes_and_plain_reads_never_conflict() {
        let rows = InFlight::default();
        let _first = rows.enter(&single("UpdateItem", "a")).unwrap();
        assert!(rows.enter(&single("UpdateItem", "a")).is_ok());
        let _whole = rows.enter(&transaction(&["b"])).unwrap();
        assert!(rows.enter(&single("GetItem", "b")).is_ok());
    }

    #[test]
    fn transactions_on_different_rows_pass_together() {
        let rows = InFlight::default();
        let _first = rows.enter(&transaction(&["a", "b"])).unwrap();
        assert!(rows.enter(&transaction(&["c", "d"])).is_ok());
    }
}
