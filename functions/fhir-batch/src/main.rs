//! `POST /fhir/R4`: carry out a batch or a transaction, each entry by the operation that there is for it.

use app::routes::FHIR_BATCH;
use app::{Answer, Ask, Error, Function};
use fhir::Requests;
use operations::batch::{self, MOST};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&FHIR_BATCH, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let bundle = ask.call.object();
    let (caller, claimant) = ask.admit(|_, claimant| async move { Ok(claimant) }).await?;
    let base_url = &ask.app.config.settings.base_url;
    let Requests {
        transaction,
        entries,
    } = Requests::of(&bundle?, base_url, MOST).map_err(app::domain::Fault::from)?;
    ask.count_entries(&caller, &entries)?;
    let who = (&caller, claimant);
    if transaction && batch::is_atomic(&caller) {
        let wish = ask.wish(Ok(entries))?;
        let done = batch::transaction(ask.means, who, wish, ask.time_left()).await;
        let done = done.map_err(|refused| ask.refused_entry(refused))?;
        let done = done.into_iter().map(Ok).collect();
        return Ok(ask.entries(&caller, (true, done)).await);
    }
    let done = batch::batch(ask.means, who, entries, ask.time_left()).await;
    Ok(ask.entries(&caller, (transaction, done)).await)
}
