//! Where log lines go: to the standard output, as Lambda's logging controls say. The levels are the platform's words and nothing
//! finer, so that no function carries an engine for patterns.

use tracing::level_filters::LevelFilter;

use crate::config::variable;

/// Begins to log: `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`, else `INFO`; as JSON objects where `AWS_LAMBDA_LOG_FORMAT` is `JSON`.
pub(crate) fn start() {
    let level = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG"));
    let level = level.and_then(|level| level.parse().ok());
    let format = variable("AWS_LAMBDA_LOG_FORMAT").unwrap_or_default();
    let lines = tracing_subscriber::fmt()
        .with_target(false)
        .without_time()
        .with_ansi(false)
        .with_max_level(level.unwrap_or(LevelFilter::INFO));
    if format.eq_ignore_ascii_case("json") {
        lines.json().init();
    } else {
        lines.init();
    }
}
