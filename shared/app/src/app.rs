//! One function's parts, made once when it starts and kept for as long as it lives.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_lc_rs::rand;
use domain::{Dice, Failure, Timestamp};
use identity::{KeyRing, SystemKeys};
use mail::{Sender, Ses};
use operations::Means;
use outside::Outside;
use store::Store;

use crate::config::Config;
use crate::master;
use crate::sdk;
use crate::tally::Tally;

/// The longest pause between two looks at a table that does not answer: about three seconds in all.
const LONGEST_PAUSE: Duration = Duration::from_millis(1600);

/// Why a function does not start.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The parts.
#[derive(Debug)]
pub struct App {
    /// What it was told.
    pub config: Config,
    /// The table.
    pub store: Store,
    /// The system's keys, opened.
    pub keys: KeyRing,
    /// How often each caller has called.
    pub tally: Tally,
    outside: OnceLock<Outside>,
    sdk: SdkConfig,
}

impl App {
    /// Makes the parts. Reading the system's keys also opens the first connection, so that no request pays for it.
    ///
    /// # Errors
    /// What is wrong with the environment, or that the bootstrap command has not run yet.
    pub async fn start() -> Result<Self, Error> {
        let config = Config::from_env()?;
        let sdk = sdk::of_function();
        let store = store(&sdk, &config.table);
        let stored = patiently(&store).await?;
        let stored =
            stored.ok_or("there are no system keys yet: run the bootstrap command first")?;
        let master = master::open(&config.master, &sdk, stored.wrapped.as_deref()).await?;
        let keys: SystemKeys = serde_json::from_value(stored.keys)?;
        let keys = KeyRing::open(&keys, &master)?;
        Ok(Self {
            config,
            store,
            keys,
            tally: Tally::default(),
            outside: OnceLock::new(),
            sdk,
        })
    }

    /// What an operation works with, now.
    pub fn means(&self) -> Means<'_> {
        Means {
            store: &self.store,
            keys: &self.keys,
            settings: &self.config.settings,
            now: now(),
            dice: dice(),
        }
    }

    /// The way to other servers, made when it is first needed: hardly any request leads there.
    ///
    /// # Errors
    /// The machine's root certificates cannot be read.
    pub fn outside(&self) -> Result<&Outside, Failure> {
        if let Some(outside) = self.outside.get() {
            return Ok(outside);
        }
        let made = Outside::new(self.config.reach);
        let made = made.map_err(|cause| Failure::unavailable("the way to other servers", cause))?;
        Ok(self.outside.get_or_init(|| made))
    }

    /// The mail service. One attempt: what is unclear after it is never sent again by itself.
    pub fn ses(&self) -> Ses {
        let once = aws_sdk_ses::config::Builder::from(&self.sdk)
            .retry_config(RetryConfig::disabled())
            .timeout_config(sdk::mail_timeouts())
            .build();
        Ses::new(aws_sdk_ses::Client::from_conf(once))
    }

    /// Who writes letters, in the name of `product`.
    ///
    /// # Errors
    /// No sender is configured.
    pub fn sender(&self, product: &str) -> Result<Sender, Error> {
        let address = self
            .config
            .mail_from
            .clone()
            .ok_or("ROSTER_MAIL_FROM is missing")?;
        Ok(Sender::new(product, address, &self.config.app_url))
    }
}

/// Reads the system's keys, again and again while the table has no capacity: a function that does not start answers nobody.
async fn patiently(store: &Store) -> Result<Option<store::StoredKeys>, Error> {
    let mut pause = Duration::from_millis(100);
    loop {
        match store.system_keys().await {
            Ok(keys) => return Ok(keys),
            Err(failure) if pause > LONGEST_PAUSE => return Err(failure.into()),
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause *= 2;
    }
}

/// The table behind a configuration.
pub fn store(sdk: &SdkConfig, table: &str) -> Store {
    Store::new(aws_sdk_dynamodb::Client::new(sdk), table)
}

/// Chance, from the operating system.
pub fn dice() -> Dice {
    Dice::new(|buffer| {
        if rand::fill(buffer).is_err() {
            // Without chance there are no secrets: nothing may go on.
            std::process::abort();
        }
    })
}

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
