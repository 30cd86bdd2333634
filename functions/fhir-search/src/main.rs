//! `GET /fhir/R4/{resourceType}`, `POST …/_search` and, as a table, `GET …/$csv`, and what is found by a search of code lists:
//! `ValueSet/$expand`.

mod expand;
mod search;

use app::routes::{
    EXPAND, EXPAND_ONE, EXPAND_ONE_POSTED, EXPAND_POSTED, FHIR_CSV, FHIR_SEARCH, FHIR_SEARCH_FORM,
};
use app::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&FHIR_SEARCH, search::answer)
        .on(&FHIR_SEARCH_FORM, search::answer)
        .on(&FHIR_CSV, search::table)
        .on(&EXPAND, expand::answer)
        .on(&EXPAND_POSTED, expand::answer)
        .on(&EXPAND_ONE, expand::answer)
        .on(&EXPAND_ONE_POSTED, expand::answer)
        .serve()
        .await
}
