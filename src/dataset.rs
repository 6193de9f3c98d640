//! Twilio's data: the editions of its lists, the regions, and the addresses of other Twilio services.
//!
//! [`Data`] is the data in use. The functions without it return the embedded data.

/// Embeds a file of `data/`, which the build script converted to JSON.
macro_rules! embedded {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json"))
    };
}

mod bundle;
mod data;
mod editions;
mod services;
mod signature;
mod sip;

pub use bundle::{Bundle, parse_bundle};
pub use data::Data;

pub use editions::{
    Connection, DatasetError, Date, Edition, Media, Networks, ReferenceData, Region, RegionGroup,
    SHORTEST_PREFIX, Signaling, SignalingPorts, Superseded, edition, edition_names, editions,
    embedded_date, is_dataset, name, parse_edition, reference_data, to_yaml, visible_line,
};
pub use services::{Service, services};
pub use signature::{BundleKey, SignatureError, embedded_keys, parse_key, verify};
pub use sip::SipFacts;
