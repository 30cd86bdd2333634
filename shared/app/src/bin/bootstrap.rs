//! `bootstrap`: founds an installation, once. Prints what it did and never a secret.

use roster_app as app;
use roster_app::domain::{ClientId, Email, Secret};
use roster_app::operations::bootstrap::{Founded, Founding, bootstrap};
use roster_app::{Config, Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let sdk = app::sdk_config().await;
    let (master, wrapped) = app::found_master(&config.master, &sdk).await?;
    let store = app::store(&sdk, &config.table);
    let founding = founding()?;
    let moment = (founding, app::now(), app::dice());
    let said = match bootstrap(&store, &config.settings, (&master, wrapped), moment).await? {
        Founded::Now => "founded: keys, super administrator and administration client",
        Founded::Before => "nothing to do: the installation has its keys",
    };
    #[expect(
        clippy::print_stdout,
        reason = "this is a command; what it says is its answer"
    )]
    {
        println!("{said}");
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command reads what no function is told"
)]
fn founding() -> Result<Founding, Error> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is missing"));
    Ok(Founding {
        email: variable("ROSTER_BOOTSTRAP_EMAIL")?.parse::<Email>()?,
        password: Secret::new(variable("ROSTER_BOOTSTRAP_PASSWORD")?),
        client: variable("ROSTER_BOOTSTRAP_CLIENT_ID")?.parse::<ClientId>()?,
        client_secret: Secret::new(variable("ROSTER_BOOTSTRAP_CLIENT_SECRET")?),
    })
}
