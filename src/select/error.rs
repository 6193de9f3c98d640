//! Errors of selections.

use std::sync::Arc;

use thiserror::Error;

use super::names::CURRENT;
use crate::dataset::DatasetError;
use crate::policy::Plane;

/// An error that leaves a selection without a policy.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum SelectError {
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("a region's name is empty; leave out --region for every region, or name one: {known}")]
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
    #[error("unknown edition '{name}'{suggestion}; use one of {known}, or {CURRENT}")]
    UnknownEdition {
        name: String,
        suggestion: String,
        known: String,
    },
    #[error("edition {edition} has no region {region}; it has {known}")]
    RegionNotInEdition {
        edition: Arc<str>,
        region: Arc<str>,
        known: String,
    },
    #[error("{option} is about {plane}, which --plane {other} leaves out; drop one of them")]
    OtherPlane {
        option: &'static str,
        plane: Plane,
        other: Plane,
    },
    #[error("{option} is about a transport that --transport leaves out; drop one of them")]
    OtherTransport { option: &'static str },
    #[error(
        "SIP over TCP and over TLS would both use local port {0}; give --local-sip-port and \
         --local-tls-port two ports, or leave one out of --transport"
    )]
    SamePort(u16),
    #[error("the selection leaves nothing to allow; name at least one transport or plane")]
    Nothing,
}
