//! SES, played by a mailbox: it accepts what the SES v1 API accepts, sends nothing, and shows what it was given.
//!
//! Letters are read at `/` by people and at `/messages` by programs. A recipient whose local part contains `mailfail` is
//! refused as SES refuses an address, and [`Mailbox::next_answers`] plans the failures that SES has of its own accord.

mod letter;
mod mime;
mod page;
mod server;
mod ses;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Advice;

pub use letter::Letter;

/// A failure of SES itself, planned by a test for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 400 `Throttling`: the letter was certainly not taken.
    Throttled,
    /// 500 `InternalFailure`: nobody can tell; here the letter was not taken.
    ServerError,
    /// No answer for as long as the caller waits; the letter was not taken.
    Hang,
    /// The letter is taken and the connection closed without an answer.
    DropAfterAccept,
}

/// A running SES stand-in. It stops when it is dropped.
pub struct Mailbox {
    url: String,
    state: Arc<State>,
    server: JoinHandle<()>,
}

/// What the connections share.
#[derive(Default)]
struct State {
    letters: Mutex<Vec<Letter>>,
    faults: Mutex<VecDeque<Fault>>,
}

impl Mailbox {
    /// Serves the SES API and the mailbox pages on `listener`. Needs a Tokio runtime around it.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn start(listener: TcpListener) -> Result<Self, Advice> {
        let address = listener
            .local_addr()
            .map_err(|error| Advice::new(format!("The mailbox has no address: {error}.")))?;
        let state = Arc::new(State::default());
        let server = tokio::spawn(server::serve(listener, Arc::clone(&state)));
        Ok(Self {
            url: format!("http://{address}"),
            state,
            server,
        })
    }

    /// The address for `AWS_ENDPOINT_URL_SES` and for a browser, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every letter taken so far, newest last.
    pub fn messages(&self) -> Vec<Letter> {
        self.state.letters().clone()
    }

    /// Plans the answers to the next sends, one fault each, behind those already planned. Sends after them succeed.
    pub fn next_answers(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults().extend(faults);
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl State {
    fn letters(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a letter in and gives it the id that SES would.
    fn take(&self, mut letter: Letter) -> String {
        let mut letters = self.letters();
        let id = format!("{:016x}-local", letters.len() + 1);
        letter
            .headers
            .insert("Message-ID".into(), format!("<{id}@email.amazonses.com>"));
        letters.push(letter);
        id
    }
}
