//! Everything that no route names: preflights, wrong methods, unknown paths.

use app::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().serve().await
}
