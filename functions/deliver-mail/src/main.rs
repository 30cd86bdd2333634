//! The table's stream, filtered to queued letters: deliver each once.

use std::time::Duration;

use app::{App, Change, Error, follow};
use domain::RequestId;
use mail::{Letter, SendError};
use operations::deliver::{self, Sending, Task};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    follow(deliver).await
}

async fn deliver(app: &'static App, change: Change) -> Result<(), Error> {
    let id: RequestId = change.text("request").unwrap_or_default().parse()?;
    let letter = (id, change.number("sendSeq").unwrap_or_default());
    let life = Duration::from_secs(change.number("life").unwrap_or_default());
    match deliver::begin(app.means(), letter, life).await? {
        Task::Done => Ok(()),
        Task::Lost => Err("the letter is lost: nobody knows whether it went out".into()),
        Task::Send(errand, secret) => {
            let letter = app::letter(&app.sender(&errand.product)?, &errand, &secret)?;
            let sending = send(app, &letter).await;
            let settled = deliver::end(app.means(), &errand, sending).await?;
            if settled {
                Ok(())
            } else {
                Err("the letter did not go out".into())
            }
        }
    }
}

async fn send(app: &App, letter: &Letter) -> Sending {
    match app.ses().send(letter).await {
        Ok(_) => Sending::Accepted,
        Err(SendError::Refused { reason }) => Sending::Refused(reason),
        Err(SendError::Unknown { cause }) => Sending::Unknown(cause.to_string()),
    }
}
