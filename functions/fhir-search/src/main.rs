//! `GET /fhir/R4/{resourceType}` and `POST …/_search`, and what is found by a search of code lists: `ValueSet/$expand`.

mod expand;
mod search;

use app::routes::{
    EXPAND, EXPAND_ONE, EXPAND_ONE_POSTED, EXPAND_POSTED, FHIR_SEARCH, FHIR_SEARCH_FORM,
};
use app::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&FHIR_SEARCH, search::answer)
        .on(&FHIR_SEARCH_FORM, search::answer)
        .on(&EXPAND, expand::answer)
        .on(&EXPAND_POSTED, expand::answer)
        .on(&EXPAND_ONE, expand::answer)
        .on(&EXPAND_ONE_POSTED, expand::answer)
        .serve()
        .await
}
