//! Reads everything that is known about one machine: the capture that the collector prints, or the listings of single
//! commands.

mod addresses;
mod extent;
mod listings;
mod objects;
mod outputs;
mod routes;
mod rules;
mod sections;

use crate::firewall::{Firewall, Routes};
use crate::limits::Limits;
use crate::packets::IntervalSet;
use crate::read_error::ReadError;

pub use addresses::Link;
use outputs::{Output, Outputs};

/// A machine with its firewall.
pub struct Machine<'a> {
    /// The host name.
    pub name: Option<&'a str>,
    pub firewall: Firewall<'a>,
    /// The interfaces; empty if they are unknown.
    pub links: Vec<Link>,
    /// The IPv4 addresses of all interfaces, except loopback.
    pub own: Option<IntervalSet>,
    pub routes: Routes,
    /// True if the machine forwards IPv4 packets; `None` if this is unknown.
    pub forwards: Option<bool>,
    /// The facts that the input does not show, with the reasons.
    pub notes: Vec<String>,
}

/// Returns the shell script that prints a capture.
pub fn collector() -> &'static str {
    include_str!("../../templates/collect-linux.sh")
}

/// True if a text is the output of the collector.
pub fn is_capture(text: &str) -> bool {
    sections::start(text).is_some()
}

/// Reads a capture, or one listing, or several listings one after the other.
///
/// # Errors
///
/// If the input does not show the whole firewall of one machine, or only rules that no packet gets to. A rule that cannot
/// be read is no error.
pub fn read(text: &str, limits: Limits) -> Result<Machine<'_>, Vec<ReadError>> {
    let capture = sections::read(text)?;
    let is_capture = capture.is_some();
    let outputs = capture.map_or_else(|| listings::read(text), Ok)?;
    let mut notes = Vec::new();
    let firewall = Firewall {
        tables: rules::read(&outputs, limits, &mut notes)?,
    };
    if !is_capture {
        extent::check(&outputs, &firewall.tables, &mut notes)?;
    }
    let links = links(&outputs, limits, &mut notes)?;
    let own = links.iter().flat_map(|link| link.addresses.iter().copied());
    let routes = known_routes(&outputs, limits, &mut notes)?;
    Ok(Machine {
        name: word(&outputs, Output::Host),
        firewall,
        own: IntervalSet::of(own.collect()),
        links,
        routes,
        forwards: word(&outputs, Output::Forwarding).map(|word| word != "0"),
        notes,
    })
}

/// Returns an output that is one word.
fn word<'a>(outputs: &Outputs<'a>, output: Output) -> Option<&'a str> {
    let word = outputs.get(output).ok()?.text.trim();
    (!word.is_empty()).then_some(word)
}

fn links(
    outputs: &Outputs,
    limits: Limits,
    notes: &mut Vec<String>,
) -> Result<Vec<Link>, ReadError> {
    match outputs.get(Output::Addresses) {
        Ok(part) => addresses::read(part, limits),
        Err(gap) => {
            let reason = gap.reason(Output::Addresses);
            notes.push(format!(
                "{reason}, so the addresses of the machine are unknown"
            ));
            Ok(Vec::new())
        }
    }
}

fn known_routes(
    outputs: &Outputs,
    limits: Limits,
    notes: &mut Vec<String>,
) -> Result<Routes, ReadError> {
    let (routes, reason) = match outputs.get(Output::Routes) {
        Ok(part) => {
            let routes = routes::read(part, limits)?;
            let reason =
                "the main table has no default route with one interface, or other tables have one";
            (routes, reason.to_owned())
        }
        Err(gap) => (Routes::default(), gap.reason(Output::Routes)),
    };
    if routes.default_interface().is_none() {
        notes.push(format!(
            "{reason}, so the interface that leads to Twilio is unknown"
        ));
    }
    Ok(routes)
}
