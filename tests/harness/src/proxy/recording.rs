//! What the calls of a window, or of one request, add up to.

use std::time::Instant;

use super::call::{Call, RowKey};

/// The calls that ended while a recorder was running, in the order in which they ended.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The calls themselves.
    pub calls: Vec<Call>,
}

impl Recording {
    /// Only the calls made for one request, named by API Gateway's request id.
    pub fn of(&self, request: &str) -> Self {
        let calls = self.calls.iter().filter(|call| call.request == request);
        Self {
            calls: calls.cloned().collect(),
        }
    }

    /// Only the calls made by one function.
    pub fn by(&self, function: &str) -> Self {
        let calls = self.calls.iter().filter(|call| call.function == function);
        Self {
            calls: calls.cloned().collect(),
        }
    }

    /// Sequential round trips: the longest chain of calls of which each began after the one before had ended.
    /// Calls in flight together count once.
    pub fn trips(&self) -> usize {
        longest_chain(self.calls.iter().map(|call| (call.started, call.ended)))
    }

    /// Write units of the base table.
    pub fn base_wru(&self) -> f64 {
        self.calls.iter().map(|call| call.consumed.base_write).sum()
    }

    /// Write units of all secondary indexes.
    pub fn index_wru(&self) -> f64 {
        self.calls
            .iter()
            .map(|call| call.consumed.index_write)
            .sum()
    }

    /// Read units of the table and its indexes together.
    pub fn rru(&self) -> f64 {
        self.calls
            .iter()
            .map(|call| call.consumed.base_read + call.consumed.index_read)
            .sum()
    }

    /// Every row that was named, in order of the calls, with repetitions.
    pub fn keys(&self) -> Vec<RowKey> {
        self.calls
            .iter()
            .flat_map(|call| call.keys.clone())
            .collect()
    }
}

/// Choosing always the interval that ends first among those not yet begun gives the longest chain.
fn longest_chain(intervals: impl Iterator<Item = (Instant, Instant)>) -> usize {
    let mut by_end: Vec<_> = intervals.collect();
    by_end.sort_by_key(|(_, end)| *end);
    let mut chain = 0;
    let mut free_from = None;
    for (start, end) in by_end {
        if free_from.is_none_or(|free| start >= free) {
            chain += 1;
            free_from = Some(end);
        }
    }
    chain
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn chain(spans: &[(u64, u64)]) -> usize {
        let zero = Instant::now();
        let at = |ms| zero + Duration::from_millis(ms);
        longest_chain(spans.iter().map(|(start, end)| (at(*start), at(*end))))
    }

    #[test]
    fn no_call_is_no_trip() {
        assert_eq!(chain(&[]), 0);
    }

    #[test]
    fn calls_one_after_the_other_are_counted_each() {
        assert_eq!(chain(&[(20, 30), (0, 10), (10, 20)]), 3);
    }

    #[test]
    fn calls_in_flight_together_count_once() {
        assert_eq!(chain(&[(0, 10), (1, 9), (2, 12)]), 1);
    }

    #[test]
    fn a_long_call_beside_two_short_ones_costs_two_trips() {
        assert_eq!(chain(&[(0, 100), (1, 10), (20, 30)]), 2);
    }
}
