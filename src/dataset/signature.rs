//! The signatures of bundles, in the format of minisign.

use minisign_verify::{Error, PublicKey, Signature};
use thiserror::Error as ThisError;

/// A public key that may sign bundles.
#[derive(Debug)]
pub struct BundleKey {
    /// The name of the file with the key.
    pub file: String,
    /// The key as minisign prints it: one line in Base64.
    pub text: String,
    key: PublicKey,
}

/// The reason why a bundle, its signature or a key is not accepted.
#[derive(Debug, ThisError)]
pub enum SignatureError {
    #[error(
        "{file}: this is not a public key of minisign; a key is a file of two lines, such as 'minisign -G' \
         writes to minisign.pub"
    )]
    NoKey { file: String },
    #[error(
        "this is not a signature of minisign; sign the bundle with 'minisign -S', or download the signature \
         again"
    )]
    NoSignature,
    #[error("the signature has an old form; sign the bundle with minisign 0.10 or newer")]
    OldForm,
    #[error(
        "another key signed the bundle; the accepted keys are {accepted}, and --data-key names another one"
    )]
    OtherKey { accepted: String },
    #[error(
        "the signature does not match the bundle, so one of the two files was changed or is incomplete; \
         download both again"
    )]
    Mismatch,
}

/// Returns the keys in `data/keys` when the program was built.
pub fn embedded_keys() -> Result<Vec<BundleKey>, SignatureError> {
    let files: Vec<(String, String)> =
        serde_json::from_str(embedded!("keys")).map_err(|_| SignatureError::NoKey {
            file: "embedded keys".to_owned(),
        })?;
    let keys = files.iter().map(|(file, text)| parse_key(file, text));
    keys.collect()
}

/// Parses the file of a public key.
pub fn parse_key(file: &str, text: &str) -> Result<BundleKey, SignatureError> {
    let no_key = || SignatureError::NoKey {
        file: file.to_owned(),
    };
    let line = text.lines().nth(1).ok_or_else(no_key)?.trim_end();
    Ok(BundleKey {
        file: file.to_owned(),
        text: line.to_owned(),
        key: PublicKey::from_base64(line).map_err(|_| no_key())?,
    })
}

/// Verifies the bytes of a bundle. Returns the index of the key that signed them, and the trusted comment of
/// the signature, which is signed too.
pub fn verify(
    bytes: &[u8],
    signature: &str,
    keys: &[BundleKey],
) -> Result<(usize, String), SignatureError> {
    let signature = Signature::decode(signature).map_err(|_| SignatureError::NoSignature)?;
    for (at, key) in keys.iter().enumerate() {
        match key.key.verify(bytes, &signature, false) {
            Ok(()) => return Ok((at, signature.trusted_comment().to_owned())),
            Err(Error::UnexpectedKeyId) => {}
            Err(Error::UnexpectedAlgorithm) => return Err(SignatureError::OldForm),
            Err(_) => return Err(SignatureError::Mismatch),
        }
    }
    let accepted: Vec<&str> = keys.iter().map(|key| key.file.as_str()).collect();
    Err(SignatureError::OtherKey {
        accepted: accepted.join(", "),
    })
}
