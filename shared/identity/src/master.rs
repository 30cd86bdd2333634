use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::{Dice, Secret};

use crate::cipher::Cipher;
use crate::{KeyError, Sealed};

/// The key above all others: it wraps the private parts of [`SystemKeys`](crate::SystemKeys) and nothing else, and is never
/// stored beside them. Either the 32 bytes a key service decrypted, or the content of a local key file.
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Wraps the 32 bytes that a key service has decrypted.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new master key.
    pub fn generate(dice: &Dice) -> Self {
        Self(dice.bytes())
    }

    /// Reads the content of a key file: standard base64, with or without white space around it.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotAMasterKey`] unless it is the base64 of exactly 32 bytes.
    pub fn from_file_text(text: &str) -> Result<Self, KeyError> {
        let bytes = BASE64_STANDARD
            .decode(text.trim())
            .map_err(|_| KeyError::NotAMasterKey)?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| KeyError::NotAMasterKey)
    }

    /// The content of a key file, one line. Whoever writes it makes the file readable for its owner only.
    pub fn file_text(&self) -> Secret {
        Secret::new(format!("{}\n", BASE64_STANDARD.encode(self.0)))
    }

    pub(crate) fn seal(&self, place: &str, key: &[u8], dice: &Dice) -> Result<Sealed, KeyError> {
        Ok(Sealed(Cipher::for_values(&self.0)?.seal(place, key, dice)))
    }

    pub(crate) fn open(&self, place: &str, sealed: &Sealed) -> Result<Vec<u8>, KeyError> {
        Cipher::for_values(&self.0)?
            .open(place, &sealed.0)
            .ok_or(KeyError::DoesNotOpen)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::dice;

    #[test]
    fn a_key_file_reads_back_what_was_written() {
        let key = MasterKey::generate(&dice());
        let read = MasterKey::from_file_text(key.file_text().reveal());
        assert_eq!(read.map(|key| key.0), Ok(key.0));
    }

    #[test]
    fn a_key_file_of_any_other_length_is_refused() {
        for bytes in [&[][..], &[7; 16], &[7; 31], &[7; 33], &[7; 64]] {
            let read = MasterKey::from_file_text(&BASE64_STANDARD.encode(bytes));
            assert_eq!(
                read.map(|key| key.0),
                Err(KeyError::NotAMasterKey),
                "{}",
                bytes.len()
            );
        }
        assert!(MasterKey::from_file_text("not base64!").is_err());
    }

    #[test]
    fn a_master_key_is_not_printed() {
        assert_eq!(format!("{:?}", MasterKey([7; 32])), "MasterKey(..)");
    }
}
