//! `GET /fhir/R4/{resourceType}/{id}`, its history, and each version of it.

mod history;
mod read;
mod version;

use app::routes::{FHIR_HISTORY, FHIR_READ, FHIR_VREAD};
use app::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&FHIR_READ, read::answer)
        .on(&FHIR_HISTORY, history::answer)
        .on(&FHIR_VREAD, version::answer)
        .serve()
        .await
}
