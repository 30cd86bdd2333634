//! The processes of one function and the events that wait for them. A process handles one event at a time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, oneshot, watch};

use super::Broken;
use crate::background::Task;

/// What came of an event.
pub(crate) type Outcome = Result<Value, Broken>;

/// One event on its way to a function.
pub(crate) struct Event {
    /// API Gateway's request id, which is also Lambda's here.
    pub(crate) request: String,
    /// The event as JSON text.
    pub(crate) payload: String,
    /// Who waits for the answer.
    pub(crate) reply: oneshot::Sender<Outcome>,
}

struct InHand {
    request: String,
    reply: oneshot::Sender<Outcome>,
    _deadline: Task,
}

/// One process.
pub(crate) struct Instance {
    pub(crate) number: u64,
    pub(crate) pool: Arc<Pool>,
    pub(crate) kill: Notify,
    ended: watch::Sender<bool>,
    has_asked: AtomicBool,
    in_hand: Mutex<Option<InHand>>,
}

/// All processes of one function.
pub(crate) struct Pool {
    pub(crate) function: String,
    pub(crate) deadline: Duration,
    limit: usize,
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Event>,
    /// Processes started and not yet ended.
    running: usize,
    /// Those of them with no event in hand, also while they start.
    free: usize,
}

impl Pool {
    /// No process yet, and never more than `limit` at once.
    pub(crate) fn new(function: &str, limit: usize, deadline: Duration) -> Self {
        let (state, arrived) = (Mutex::default(), Notify::new());
        Self {
            function: function.to_owned(),
            deadline,
            limit,
            state,
            arrived,
        }
    }

    /// Queues an event; true when a further process has to be started for it, which is then counted already.
    pub(crate) fn offer(&self, event: Event) -> bool {
        let mut state = self.state();
        state.waiting.push_back(event);
        self.arrived.notify_one();
        self.needs_one_more(&mut state)
    }

    /// Waits for an event and puts it into the hands of this process.
    pub(crate) async fn next(&self, instance: &Arc<Instance>) -> (String, String) {
        instance.has_asked.store(true, Ordering::Relaxed);
        loop {
            if let Some(event) = self.hand_over(instance) {
                return event;
            }
            self.arrived.notified().await;
        }
    }

    fn hand_over(&self, instance: &Arc<Instance>) -> Option<(String, String)> {
        let mut state = self.state();
        if instance.has_ended() {
            // Woken for an event that a living process must get.
            self.arrived.notify_one();
            return None;
        }
        let event = state.waiting.pop_front()?;
        state.free = state.free.saturating_sub(1);
        if !state.waiting.is_empty() {
            // Two arrivals nobody waited for leave one wake-up between them: pass it on.
            self.arrived.notify_one();
        }
        let Event {
            request,
            payload,
            reply,
        } = event;
        let (late, of, time) = (instance.clone(), request.clone(), self.deadline);
        let deadline = Task::start(async move {
            tokio::time::sleep(time).await;
            late.time_is_up(&of);
        });
        let in_hand = InHand {
            request: request.clone(),
            reply,
            _deadline: deadline,
        };
        *instance.in_hand() = Some(in_hand);
        Some((request, payload))
    }

    /// A process has ended, or never began; `reason` is told to whoever waited for it. True when another has to take its place, which is then counted already.
    pub(crate) fn ended(&self, instance: &Instance, reason: Broken) -> bool {
        let mut state = self.state();
        let in_hand = instance.in_hand().take();
        instance.ended.send_replace(true);
        state.running -= 1;
        let victim = match in_hand {
            Some(in_hand) => Some(in_hand.reply),
            None => {
                state.free = state.free.saturating_sub(1);
                // It never came up: without this the next one would be started, and fail, for ever.
                let failed = !instance.has_asked.load(Ordering::Relaxed);
                failed
                    .then(|| state.waiting.pop_front())
                    .flatten()
                    .map(|event| event.reply)
            }
        };
        if let Some(reply) = victim {
            let _gone = reply.send(Err(reason));
        }
        self.needs_one_more(&mut state)
    }

    fn needs_one_more(&self, state: &mut State) -> bool {
        let needed = state.waiting.len() > state.free && state.running < self.limit;
        if needed {
            state.running += 1;
            state.free += 1;
        }
        needed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Instance {
    /// A process of this pool, about to start.
    pub(crate) fn new(number: u64, pool: Arc<Pool>) -> Self {
        let ended = watch::Sender::new(false);
        let has_asked = AtomicBool::new(false);
        Self {
            number,
            pool,
            kill: Notify::new(),
            ended,
            has_asked,
            in_hand: Mutex::default(),
        }
    }

    /// Whether this process has the request in hand.
    pub(crate) fn serves(&self, request: &str) -> bool {
        self.in_hand()
            .as_ref()
            .is_some_and(|in_hand| in_hand.request == request)
    }

    /// The process answered. False when it no longer had that request in hand.
    pub(crate) fn answer(&self, request: &str, outcome: Outcome) -> bool {
        let answered = self.in_hand().take_if(|in_hand| in_hand.request == request);
        let Some(in_hand) = answered else {
            return false;
        };
        // Free first: whoever gets the answer may at once ask again, and needs no second process for it.
        self.pool.state().free += 1;
        let _gone = in_hand.reply.send(outcome);
        true
    }

    /// Answers in the function's place, then kills it; the process keeps the event in hand until it is dead.
    fn time_is_up(&self, request: &str) {
        let mut slot = self.in_hand();
        let Some(in_hand) = slot.as_mut().filter(|in_hand| in_hand.request == request) else {
            return;
        };
        let (nobody, _) = oneshot::channel();
        let reply = std::mem::replace(&mut in_hand.reply, nobody);
        let _gone = reply.send(Err(Broken::TimedOut(self.pool.function.clone())));
        self.kill.notify_one();
    }

    fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Ends when the process has.
    pub(crate) async fn until_ended(&self) {
        let mut ended = self.ended.subscribe();
        let _ended = ended.wait_for(|ended| *ended).await;
    }

    fn in_hand(&self) -> MutexGuard<'_, Option<InHand>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
