//! Create, update, patch and delete the resources of FHIR, by id or by a search.

mod create;
mod delete;
mod update;

use app::routes::{
    FHIR_CREATE, FHIR_DELETE, FHIR_DELETE_MATCH, FHIR_PATCH, FHIR_PATCH_MATCH, FHIR_UPDATE,
    FHIR_UPDATE_MATCH, PATCH_USER, UPDATE_USER,
};
use app::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&FHIR_CREATE, create::answer)
        .on(&UPDATE_USER, update::whole)
        .on(&PATCH_USER, update::patch)
        .on(&FHIR_UPDATE, update::whole)
        .on(&FHIR_PATCH, update::patch)
        .on(&FHIR_DELETE, delete::answer)
        .on(&FHIR_UPDATE_MATCH, update::whole_match)
        .on(&FHIR_PATCH_MATCH, update::patch_match)
        .on(&FHIR_DELETE_MATCH, delete::answer_match)
        .serve()
        .await
}
