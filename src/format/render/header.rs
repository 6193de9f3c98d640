//! The comments at the start of outputs.

use crate::format::interface::Format;
use crate::format::unit::Unit;
use crate::policy::{Plane, Policy};

/// The words before the name of the format, in the first comment of an output.
pub const PURPOSE: &str = ": rules for Twilio's SIP calls, in format ";

/// The commands in the head of an output, besides the load command.
#[derive(Default)]
pub struct Commands {
    /// Send packets to the rules. Running the shell commands again changes nothing.
    pub hook: Vec<String>,
    /// Keep the rules across a reboot.
    pub boot: Vec<String>,
    /// Undo the boot commands, the hook and the load, in this order.
    pub remove: Vec<String>,
}

/// A shell command that appends a line to a file that lacks it.
///
/// An empty line goes before it, because the last line of the file may lack its newline.
pub fn append_line(line: &str, file: &str) -> String {
    format!("grep -qxF '{line}' {file} || printf '\\n%s\\n' '{line}' >> {file}")
}

/// Returns the comments at the start of an output, without comment signs.
pub fn head(format: &dyn Format, policy: &Policy, unit: &Unit, commands: &Commands) -> Vec<String> {
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
    for (word, commands) in [
        ("hook", &commands.hook),
        ("boot", &commands.boot),
        ("remove", &commands.remove),
    ] {
        lines.extend(commands.iter().map(|command| format!("{word}: {command}")));
    }
    lines
}
