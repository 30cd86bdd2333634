use tokio::net::TcpListener;

use super::Options;
use crate::Advice;

/// The three addresses, taken before anything is built: a taken port is known at once.
pub(super) struct Ports {
    /// Only looked at: nobody shall come before everything answers.
    pub(super) api: u16,
    /// Only looked at, too: cargo-lambda binds it itself.
    pub(super) host: u16,
    pub(super) mailbox: TcpListener,
    pub(super) table: TcpListener,
}

impl Ports {
    pub(super) async fn take(options: &Options) -> Result<Self, Advice> {
        let api = bind(options.api_port, "--api-port").await?;
        let mailbox = bind(options.mailbox_port, "--mailbox-port").await?;
        let table = bind(options.table_port, "--table-port").await?;
        let host = bind(0, "--api-port").await?;
        let port = |listener: &TcpListener| match listener.local_addr() {
            Ok(address) => Ok(address.port()),
            Err(error) => Err(Advice::new(format!("The API has no address: {error}."))),
        };
        Ok(Self {
            api: port(&api)?,
            host: port(&host)?,
            mailbox,
            table,
        })
    }
}

/// Takes a port of 127.0.0.1.
pub(super) async fn bind(port: u16, option: &str) -> Result<TcpListener, Advice> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        Advice::new(format!("Port {port} is not to be had ({error}): stop the program that uses it, or choose another with {option}."))
    })
}
