//! Letters and their way to SES.
//!
//! A [`Sender`] writes: its letters are pure values, rendered as text and as HTML that say the same. [`Ses`] sends what was
//! written and says exactly one of three things: accepted, refused, or unknown. It alone knows SES, and it never sees a name
//! that could break out of a header: names are made harmless when a letter is written.
//!
//! Nothing here decides *whether* to write, and nothing here tries twice.

mod body;
mod letter;
mod line;
mod ses;

pub use letter::{Letter, Sender};
pub use ses::{MessageId, SendError, Ses};
