use std::sync::Arc;

use thiserror::Error;

use super::names::{CURRENT, UPCOMING};
use crate::dataset::DatasetError;
use crate::policy::Plane;

/// The reason why no policy can be made from a selection.
#[derive(Debug, Error)]
pub enum SelectError {
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("a region name is empty; omit --region to select all regions, or use one of {known}")]
    EmptyRegion { known: String },
    #[error(
        "unknown region '{name}'{suggestion}; use one of {known}, a continent, a country, or all \
         ('{program} list regions --long' prints every name)", program = env!("CARGO_PKG_NAME")
    )]
    UnknownRegion {
        name: String,
        suggestion: String,
        known: String,
    },
    #[error("'{name}' names different regions: {regions}; use one of them")]
    DifferentRegions { name: String, regions: String },
    #[error("unknown edition '{name}'{suggestion}; use one of {known}, {CURRENT} or {UPCOMING}")]
    UnknownEdition {
        name: String,
        suggestion: String,
        known: String,
    },
    #[error(
        "no edition is upcoming; use --edition {CURRENT},{UPCOMING} to select the list in force and upcoming \
         lists, if there are any"
    )]
    NothingUpcoming,
    #[error("edition '{edition}' has no region '{region}'; use one of {known}")]
    RegionNotInEdition {
        edition: Arc<str>,
        region: Arc<str>,
        known: String,
    },
    #[error("{option} is for {plane} and has no effect with --plane {other}; remove one of them")]
    OtherPlane {
        option: &'static str,
        plane: Plane,
        other: Plane,
    },
    #[error("{option} has no effect without {transports}; change --transport, or remove {option}")]
    OtherTransport {
        option: &'static str,
        transports: &'static str,
    },
    #[error(
        "SIP over TCP and over TLS would both use local port {0}; choose different ports with \
        --local-sip-port and --local-tls-port, or remove one of the two from --transport"
    )]
    SamePort(u16),
    #[error("the selection allows nothing; select at least one plane and transport")]
    Nothing,
}
