//! What the server can do with resources, and whether one is as its definition wants it.

use app::routes::{FHIR_METADATA, FHIR_VALIDATE, FHIR_VERSIONS};
use app::{Answer, Ask, Error, Function, Reply};
use gateway::capability;
use operations::validate;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&FHIR_METADATA, metadata)
        .on(&FHIR_VERSIONS, versions)
        .on(&FHIR_VALIDATE, validated)
        .serve()
        .await
}

async fn metadata(ask: Ask) -> Answer {
    let base_url = &ask.app.config.settings.base_url;
    Ok(Reply::fhir(capability::statement(base_url)))
}

async fn versions(_: Ask) -> Answer {
    Ok(Reply::json(capability::versions()))
}

async fn validated(ask: Ask) -> Answer {
    let body = ask.call.object();
    ask.admit(|_, _| async { Ok(()) }).await?;
    validate::validate(ask.call.parameter("resourceType"), &body?)?;
    Ok(ask.all_ok())
}
