//! Measures requests and keeps what they cost.

use harness::proxy::{Call, Recording};
use harness::world::{Client, Request, World};

/// How often a request that only reads is measured before it is believed to cost too much.
const TRIES: usize = 3;

/// The cost of one request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(super) trips: usize,
    pub(super) base_wru: f64,
    pub(super) index_wru: f64,
    pub(crate) rru: f64,
}

impl From<&Recording> for Cost {
    fn from(recording: &Recording) -> Self {
        Self {
            trips: recording.trips(),
            base_wru: recording.base_wru(),
            index_wru: recording.index_wru(),
            rru: recording.rru(),
        }
    }
}

struct Line {
    name: String,
    cost: Cost,
    limit: (usize, f64),
}

/// Whether a call of the table counts the calls of an address.
pub(super) fn counts_calls(call: &Call) -> bool {
    call.keys.iter().any(|(pk, _)| pk.starts_with("RATE#"))
}

/// A world's meter.
pub(crate) struct Meter {
    pub(super) world: &'static World,
    lines: Vec<Line>,
}

impl Meter {
    pub(crate) fn of(world: &'static World) -> Self {
        Self {
            world,
            lines: Vec::new(),
        }
    }

    /// Sends a request that must succeed, and returns its cost. A cost beyond `limit` (trips, base write units) is told by
    /// [`Meter::print`], so that one run tells all of them.
    pub(crate) async fn run(
        &mut self,
        name: &str,
        caller: &Client,
        request: Request,
        limit: (usize, f64),
    ) -> Cost {
        self.measure((name, 0), caller, request, limit).await
    }

    /// As [`Meter::run`], for a request that the table refuses this many times before it takes it: refused calls cost nothing
    /// that can be planned, and are counted apart.
    pub(crate) async fn measure(
        &mut self,
        (name, refused): (&str, usize),
        caller: &Client,
        request: Request,
        limit: (usize, f64),
    ) -> Cost {
        let mut cost = self.once((name, refused), caller, request.clone()).await;
        // A machine that stood still made a call come late, or twice. What only reads costs the same every time it is asked.
        for _ in 1..TRIES {
            if cost.trips > limit.0 && request.only_reads() {
                cost = self.once((name, refused), caller, request.clone()).await;
            }
        }
        self.lines.push(Line {
            name: name.to_owned(),
            cost: cost.clone(),
            limit,
        });
        cost
    }

    async fn once(
        &self,
        (name, refused): (&str, usize),
        caller: &Client,
        request: Request,
    ) -> Cost {
        let recorder = self.world.proxy().record();
        let answer = caller.send(request).await;
        let mut recording = recorder.finish().of(answer.request_id());
        // Counting the calls of an address comes before the operation and is no part of it.
        recording.calls.retain(|call| !counts_calls(call));
        let calls = recording.calls.len();
        recording.calls.retain(|call| call.status == 200);
        assert_eq!(
            calls - recording.calls.len(),
            refused,
            "{name}: refused calls"
        );
        assert!(
            matches!(answer.status, 200 | 201 | 204 | 302),
            "{name}: {}",
            answer.text
        );
        assert!(!recording.calls.is_empty(), "{name}: nothing was recorded");
        Cost::from(&recording)
    }

    /// Prints what was measured, and stops the test when something cost more than it may.
    #[expect(
        clippy::print_stdout,
        reason = "the table is what the test is read for"
    )]
    pub(crate) fn print(&self) {
        println!(
            "| Operation | Trips | limit | WRU | limit | index WRU | RRU |\n|---|---|---|---|---|---|---|"
        );
        let mut broken = Vec::new();
        for Line { name, cost, limit } in &self.lines {
            let Cost {
                trips,
                base_wru,
                index_wru,
                rru,
            } = cost;
            let (most_trips, most_units) = limit;
            println!(
                "| {name} | {trips} | {most_trips} | {base_wru} | {most_units} | {index_wru} | {rru} |"
            );
            if trips > most_trips || base_wru > most_units {
                broken.push(name);
            }
        }
        assert!(broken.is_empty(), "over budget: {broken:?}");
    }
}
