//! How the AWS SDK is configured. A function is given region, credentials and, locally, endpoints by its environment and has nothing
//! else to look at: the SDK's own search through profiles, web identities and metadata services would be code that is loaded at every
//! cold start and never run. The commands that an operator runs do search.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::config::variable;

/// The configuration of a function: region and credentials from the environment, patience bounded well below a function's own time.
pub(crate) fn of_function() -> SdkConfig {
    let credentials = EnvironmentVariableCredentialsProvider::new();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(variable("AWS_REGION").map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .service_config(Endpoints)
        .timeout_config(timeouts())
        .retry_config(retries())
        .build()
}

/// The configuration of a command: region and credentials wherever the SDK finds those of whoever runs it.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts())
        .retry_config(retries())
        .load()
        .await
}

/// The endpoints that the SDK's own environment variables name: of one service, or else of all.
#[derive(Debug)]
struct Endpoints;

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        let own = variable(&format!("{}_{service}", key.env()));
        own.or_else(|| variable(key.env()))
    }
}

/// The patience of the mail service's client.
pub(crate) fn mail_timeouts() -> TimeoutConfig {
    bounded(Duration::from_secs(4))
}

fn timeouts() -> TimeoutConfig {
    bounded(Duration::from_millis(1500))
}

fn bounded(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(attempt)
        .operation_timeout(Duration::from_secs(5))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(25))
}
