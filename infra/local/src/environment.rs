use std::path::PathBuf;

/// The name of the table in the local cloud; in AWS the stack chooses one.
pub const TABLE_NAME: &str = "roster";

/// Where the parts of a running local cloud are.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The API's base URL without a trailing slash, `http://127.0.0.1:9000`.
    pub api: String,
    /// The URL that takes DynamoDB calls: the engine's, or that of a proxy before it.
    pub table: String,
    /// The URL that takes SES calls.
    pub mailbox: String,
    /// The file with the key that wraps the stored private keys.
    pub key_file: PathBuf,
}

/// What every function and the bootstrap command find in their environment, in a fixed order.
///
/// The first group is read by the AWS SDK and the Lambda runtime themselves, the second by the product's configuration.
pub fn environment(endpoints: &Endpoints) -> Vec<(String, String)> {
    let api = endpoints.api.trim_end_matches('/');
    let key_file = endpoints.key_file.display().to_string();
    [
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoints.table.as_str()),
        ("AWS_ENDPOINT_URL_SES", &endpoints.mailbox),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("RUST_LOG", "warn"),
        ("ROSTER_TABLE", TABLE_NAME),
        ("ROSTER_BASE_URL", &format!("{api}/")),
        ("ROSTER_APP_URL", "http://localhost:3000/"),
        (
            "ROSTER_ALLOWED_ORIGINS",
            "http://localhost:3000,http://127.0.0.1:3000",
        ),
        ("ROSTER_KEY_FILE", &key_file),
        ("ROSTER_MAIL_FROM", "support@example.com"),
        // Nothing that a person tries out here should meet a limit.
        ("ROSTER_RESETS_AN_HOUR", "1000000"),
        ("ROSTER_REGISTRATION", "on"),
        // Nothing here takes longer, and nobody wants to wait for the end of a project.
        ("ROSTER_LONGEST_REQUEST", "2"),
        // Whoever tries out keys or an identity provider of his own runs them here.
        ("ROSTER_ASKS_THIS_MACHINE", "on"),
        // Far above what anybody sends here; counted all the same, as in AWS.
        ("ROSTER_RATE_LIMIT", "1000000"),
        ("ROSTER_AUTH_RATE_LIMIT", "1000000"),
        ("ROSTER_SIGN_IN_TEXTS", "recorded"),
        ("ROSTER_SIGN_IN_FREE_FAILURES", "100000"),
        ("ROSTER_SIGN_IN_FREE_FAILURES_PER_ADDRESS", "100000"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_url_ends_with_one_slash_however_it_was_given() {
        for api in ["http://127.0.0.1:9000", "http://127.0.0.1:9000/"] {
            let endpoints = Endpoints {
                api: api.into(),
                table: "http://127.0.0.1:1".into(),
                mailbox: "http://127.0.0.1:2".into(),
                key_file: "master.key".into(),
            };
            let wanted = (
                "ROSTER_BASE_URL".to_owned(),
                "http://127.0.0.1:9000/".to_owned(),
            );
            assert!(environment(&endpoints).contains(&wanted));
        }
    }
}
