//! `import-passwords`: reads lines of JSON, gives each user the password of another system, and says which lines it could not. Users
//! are made before, by invites without a letter.

use std::io::BufRead;

use roster_app::domain::{Failure, Fault};
use roster_app::operations::import_password::{Import, import_password};
use roster_app::{App, Error};
use serde_json::{Map, Value};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = App::start().await?;
    let (mut done, mut wrong) = (0, 0);
    for (at, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        match bring(&app, &line).await {
            Ok(()) => done += 1,
            Err(Failure::Faulty(faults)) => {
                wrong += 1;
                say(&format!("line {}: {}", at + 1, words(&faults)));
            }
            Err(failure) => return Err(failure.into()),
        }
    }
    say(&format!("{done} passwords imported, {wrong} lines refused"));
    match wrong {
        0 => Ok(()),
        _ => Err("some lines were refused".into()),
    }
}

async fn bring(app: &App, line: &str) -> Result<(), Failure> {
    let fields: Map<String, Value> =
        serde_json::from_str(line).map_err(|_| Fault::general("not a JSON object"))?;
    let import = Import::parse(&fields).map_err(Failure::from)?;
    import_password(app.means(), &import).await
}

/// What is wrong, without what was sent: it is about a person.
fn words(faults: &[Fault]) -> String {
    let texts: Vec<&str> = faults.iter().map(|fault| fault.text.as_str()).collect();
    texts.join("; ")
}

#[expect(
    clippy::print_stdout,
    reason = "this is a command; what it says is its answer"
)]
fn say(text: &str) {
    println!("{text}");
}
