//! Twilio's data: the editions of its lists, the regions, and the addresses of other Twilio services.

/// Embeds a file of `data/`, which the build script converted to JSON.
macro_rules! embedded {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json"))
    };
}

mod editions;
mod services;

pub use editions::{
    Connection, DatasetError, Date, Edition, Media, Networks, ReferenceData, Region, RegionGroup,
    SHORTEST_PREFIX, Signaling, SignalingPorts, SipFacts, Superseded, edition, edition_in_force,
    edition_names, editions, is_dataset, name, parse_edition, reference_data, to_yaml,
    visible_line,
};
pub use services::{Service, services};
