//! Thousands of bodies that nobody thought of. The seed is printed: the same seed sends the same bodies.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::{JSON, Target, must_be_an_answer, writing};
use crate::world::world;

/// How many bodies each route gets; `ROSTER_FUZZ_BODIES` says otherwise, and is 2,000 where nobody waits for the answer.
const BODIES: u64 = 200;
/// How many are under way at once.
const LANES: u64 = 8;

#[tokio::test]
async fn no_body_whatever_breaks_a_route() {
    let (seed, bodies) = (
        variable("ROSTER_FUZZ_SEED", 20_261_121),
        variable("ROSTER_FUZZ_BODIES", BODIES),
    );
    say(seed, bodies);
    let target = Arc::new(Target::make(world().await, "Fuzz").await);
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let target = Arc::clone(&target);
        lanes.spawn(async move {
            for (at, (route, mut sample)) in (0u64..).zip(writing(&target.place)) {
                // A password takes long to hash, and adds nothing here.
                if let Some(fields) = sample.as_object_mut() {
                    fields.remove("password");
                }
                for n in (lane..bodies).step_by(LANES as usize) {
                    let text =
                        Chance(seed ^ (at << 40) ^ n.wrapping_mul(0x9e37_79b9)).body(&sample);
                    let answer = target.send(route, JSON, &text).await;
                    let what = format!(
                        "seed {seed}, {} {}, body {n}: {text}",
                        route.method, route.path
                    );
                    must_be_an_answer(&answer, &what);
                }
            }
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane.unwrap();
    }
}

fn variable(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[expect(clippy::print_stdout, reason = "whoever sees this fail needs the seed")]
fn say(seed: u64, bodies: u64) {
    println!("ROSTER_FUZZ_SEED={seed} ROSTER_FUZZ_BODIES={bodies}");
}

/// A source of numbers that depend on nothing but where it began.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// A good body gone wrong in one of three ways.
    fn body(&mut self, good: &Value) -> String {
        match self.below(8) {
            0 => self.value(0).to_string(),
            1 | 2 => self.torn(&good.to_string()),
            _ => {
                let mut body = good.clone();
                for _ in 0..=self.below(3) {
                    self.change(&mut body);
                }
                body.to_string()
            }
        }
    }

    /// Replaces, adds or removes one field somewhere.
    fn change(&mut self, body: &mut Value) {
        let Some(fields) = body.as_object_mut() else {
            *body = self.value(0);
            return;
        };
        let names: Vec<String> = fields.keys().cloned().collect();
        let name = match names.get(self.below(names.len() + 1)) {
            Some(name) => name.clone(),
            None => self.word(),
        };
        match self.below(5) {
            0 => drop(fields.remove(&name)),
            1 => self.change(fields.entry(name).or_insert(Value::Null)),
            _ => drop(fields.insert(name, self.value(0))),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth > 4 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.next() as i64),
            3 => json!(f64::from_bits(self.next())),
            4 | 5 => Value::String(self.word()),
            6 => (0..self.below(4)).map(|_| self.value(depth + 1)).collect(),
            7 => json!({ "reference": format!("{}/{}", self.word(), self.word()) }),
            _ => {
                let fields: Map<String, Value> = (0..self.below(4))
                    .map(|_| (self.word(), self.value(depth + 1)))
                    .collect();
                Value::Object(fields)
            }
        }
    }

    fn word(&mut self) -> String {
        const WORDS: [&str; 22] = [
            "",
            "a",
            "resourceType",
            "id",
            "meta",
            "admin",
            "active",
            "profile",
            "reference",
            "Patient",
            "Practitioner",
            "AccessPolicy",
            "ProjectMembership",
            "valueReference",
            "00000000-0000-4000-8000-000000000000",
            "%patient",
            "#x",
            "\u{0}",
            "\r\n",
            "\u{202e}",
            "\u{1f600}",
            "alice@example.com",
        ];
        match self.below(6) {
            0 => (0..self.below(12))
                .filter_map(|_| char::from_u32(self.below(0x11_0000) as u32))
                .collect(),
            1 => "x".repeat(self.below(3_000)),
            _ => WORDS[self.below(WORDS.len())].to_owned(),
        }
    }

    /// The text with a piece cut out, doubled or overwritten.
    fn torn(&mut self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let (a, b) = (self.below(chars.len()), self.below(chars.len()));
        let (from, to) = (a.min(b), a.max(b));
        let middle = match self.below(3) {
            0 => String::new(),
            1 => chars[from..to].iter().chain(&chars[from..to]).collect(),
            _ => self.word(),
        };
        chars[..from]
            .iter()
            .copied()
            .chain(middle.chars())
            .chain(chars[to..].iter().copied())
            .collect()
    }
}
