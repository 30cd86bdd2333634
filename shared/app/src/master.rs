//! The key that opens the system's keys: from a file, or wrapped by KMS beside what it opens.

use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::MasterKey;

use crate::config::MasterSource;
use crate::{Error, dice};

/// What the wrapped key is bound to: KMS unwraps it for no other purpose.
const CONTEXT: (&str, &str) = ("purpose", "roster-master-key");

/// The master key of an installation that is there.
///
/// # Errors
/// The file cannot be read or is no key; KMS does not unwrap.
pub async fn open(
    source: &MasterSource,
    sdk: &SdkConfig,
    wrapped: Option<&str>,
) -> Result<MasterKey, Error> {
    let key_id = match source {
        MasterSource::File(path) => return from_file(path),
        MasterSource::Kms(key_id) => key_id,
    };
    let wrapped = wrapped.ok_or("the master key was not wrapped by KMS: use ROSTER_KEY_FILE")?;
    let unwrapped = Client::new(sdk)
        .decrypt()
        .key_id(key_id)
        .ciphertext_blob(Blob::new(STANDARD.decode(wrapped)?))
        .encryption_context(CONTEXT.0, CONTEXT.1)
        .send()
        .await?;
    let bytes = unwrapped
        .plaintext
        .map(Blob::into_inner)
        .unwrap_or_default();
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| "KMS did not unwrap a master key")?;
    Ok(MasterKey::new(bytes))
}

/// The master key of an installation that is being founded, and its wrapped form if KMS keeps it.
///
/// # Errors
/// The file cannot be read or is no key; KMS does not wrap.
pub async fn found_master(
    source: &MasterSource,
    sdk: &SdkConfig,
) -> Result<(MasterKey, Option<String>), Error> {
    let key_id = match source {
        MasterSource::File(path) => return Ok((from_file(path)?, None)),
        MasterSource::Kms(key_id) => key_id,
    };
    let bytes = dice().bytes::<32>();
    let wrapped = Client::new(sdk)
        .encrypt()
        .key_id(key_id)
        .plaintext(Blob::new(bytes))
        .encryption_context(CONTEXT.0, CONTEXT.1)
        .send()
        .await?;
    let wrapped = wrapped
        .ciphertext_blob
        .ok_or("KMS did not wrap the master key")?;
    Ok((
        MasterKey::new(bytes),
        Some(STANDARD.encode(wrapped.into_inner())),
    ))
}

fn from_file(path: &str) -> Result<MasterKey, Error> {
    let text = std::fs::read_to_string(path).map_err(|cause| format!("{path}: {cause}"))?;
    Ok(MasterKey::from_file_text(&text)?)
}
