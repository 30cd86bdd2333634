//! From an errand of the table to a letter of the mail.

use domain::{Email, Failure, Secret};
use mail::{Letter, Sender};
use store::Errand;

/// The letter of an invitation or another request, with the secret in its link if it brings one.
///
/// # Errors
/// [`Failure::Corrupt`] when the stored address is none.
pub fn letter(sender: &Sender, errand: &Errand, secret: &Secret) -> Result<Letter, Failure> {
    let to = errand.email.as_deref().unwrap_or_default().parse::<Email>();
    let to = to.map_err(|cause| Failure::corrupt("a letter", cause))?;
    Ok(match errand.letter {
        store::Letter::Welcome => sender.welcome(&to, &errand.project_name, errand.id(), secret),
        store::Letter::Joined => sender.joined(&to, &errand.project_name),
        store::Letter::Reset => sender.reset(&to, errand.id(), secret),
        store::Letter::Verify => sender.verify(&to, errand.id(), secret),
        store::Letter::Moved => sender.moved(&to),
    })
}
