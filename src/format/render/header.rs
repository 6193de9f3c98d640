//! The comments at the start of each output.

use crate::format::interface::Format;
use crate::format::unit::Unit;
use crate::policy::{Plane, Policy};

/// The words in the first comment of each output before the name of its format.
pub const PURPOSE: &str = ": what Twilio's SIP calls need, for ";

/// The comments that every output starts with, a line each, without the format's comment sign.
pub fn head(format: &dyn Format, policy: &Policy, unit: &Unit, hooks: &[String]) -> Vec<String> {
    let scope = &policy.scope;
    let words = |list: Vec<String>| list.join(", ");
    let editions = scope
        .editions
        .iter()
        .map(|edition| format!("{} ({})", edition.name, edition.status));
    let regions = words(scope.regions.iter().map(ToString::to_string).collect());
    let signaling: Vec<_> = scope.transports.iter().map(ToString::to_string).collect();
    let planes = scope.planes.iter().map(|plane| match plane {
        Plane::Signaling => format!("signaling ({})", words(signaling.clone())),
        Plane::Media => "media".to_owned(),
    });
    let mut lines = vec![
        format!(
            "{} {}{PURPOSE}{}",
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
            format.info().name
        ),
        format!("edition: {}", words(editions.collect())),
        format!(
            "regions: {}{regions}",
            if scope.all_regions { "all: " } else { "" }
        ),
        format!(
            "direction: {}",
            words(scope.directions.iter().map(ToString::to_string).collect())
        ),
        format!("planes: {}", words(planes.collect())),
        format!("load: {}", format.load_command(unit)),
    ];
    lines.extend(hooks.iter().map(|hook| format!("hook: {hook}")));
    lines
}
