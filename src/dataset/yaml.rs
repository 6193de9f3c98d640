//! The only user of `serde_yaml`; the build script shares this file with the crate.

use serde::de::DeserializeOwned;

/// Reads one YAML document. The error names the path, the reason, the line and the column.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_yaml::from_str(text).map_err(|error| error.to_string())
}
