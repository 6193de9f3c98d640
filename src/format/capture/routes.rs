//! The IPv4 routes of a machine, from `ip route` as JSON or text.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::Deserialize;

use super::objects::{self, word_after};
use super::outputs::Part;
use crate::firewall::Routes;
use crate::limits::Limits;
use crate::packets::{Interval, IntervalSet};
use crate::read_error::ReadError;

/// Reads the routes to other machines.
pub(super) fn read(part: Part, limits: Limits) -> Result<Routes, ReadError> {
    let routes = if objects::is_json(part) {
        let routes: Vec<JsonRoute> = objects::list(part, limits)?;
        routes.into_iter().filter_map(Route::of_json).collect()
    } else {
        from_text(part.text)
    };
    Ok(in_force(routes))
}

/// A route to another machine.
struct Route {
    network: Interval,
    table: String,
    metric: u32,
    /// `None` if there are several next hops, if the route depends on more than the destination, or if it leads nowhere.
    interface: Option<String>,
}

const MAIN: &str = "main";

/// Returns the routes of the main table.
///
/// Policy rules, which the input does not show, may lead packets to other tables. So the interface is unknown for each
/// network in another table.
fn in_force(routes: Vec<Route>) -> Routes {
    let (mut main, other): (Vec<_>, Vec<_>) =
        routes.into_iter().partition(|route| route.table == MAIN);
    let unknown = IntervalSet::of(other.iter().map(|route| route.network).collect());
    if let Some(unknown) = &unknown {
        main.retain(|route| !unknown.holds_set(&route.network.into()));
    }
    main.sort_by_key(|route| route.metric);
    let unknown = other.into_iter().map(|route| (route.network, None));
    let main = main
        .into_iter()
        .map(|route| (route.network, route.interface));
    Routes::new(unknown.chain(main).collect())
}

/// True for types of routes that lead to the machine itself or to groups.
fn is_own(kind: &str) -> bool {
    matches!(kind, "local" | "broadcast" | "anycast" | "multicast")
}

fn network(text: &str) -> Option<Interval> {
    match text {
        "default" => Some(Interval::ADDRESSES),
        _ if text.contains('/') => text.parse::<Ipv4Net>().ok().map(Interval::from),
        _ => text
            .parse::<Ipv4Addr>()
            .ok()
            .map(|host| Interval::single(host.to_bits())),
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a route")]
struct JsonRoute {
    r#type: Option<String>,
    dst: Option<String>,
    dev: Option<String>,
    table: Option<String>,
    metric: Option<u32>,
    tos: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    flags: Vec<String>,
}

impl Route {
    /// Returns a route to another machine that is in use.
    fn of_json(route: JsonRoute) -> Option<Route> {
        let kind = route.r#type.unwrap_or_else(|| UNICAST.to_owned());
        if is_own(&kind) || route.flags.iter().any(|flag| flag == "dead") {
            return None;
        }
        let is_plain = kind == UNICAST && route.tos.is_none();
        Some(Route {
            network: network(&route.dst?)?,
            table: route.table.unwrap_or_else(|| MAIN.to_owned()),
            metric: route.metric.unwrap_or(0),
            interface: route.dev.filter(|_| is_plain),
        })
    }

    /// Reads a line such as `default via 192.0.2.1 dev eth0 proto dhcp metric 100`.
    fn of_line(line: &str) -> Option<Route> {
        let (kind, destination) = match line.split_once(' ').unwrap_or((line, "")) {
            (first, _) if network(first).is_some() => (UNICAST, line),
            (kind, rest) => (kind, rest),
        };
        let words = || destination.split_ascii_whitespace();
        if is_own(kind) || words().any(|word| word == "dead") {
            return None;
        }
        let is_plain = kind == UNICAST && !words().any(|word| word == "tos");
        let metric = word_after(destination, "metric").and_then(|metric| metric.parse().ok());
        Some(Route {
            network: network(words().next()?)?,
            table: word_after(destination, "table").unwrap_or(MAIN).to_owned(),
            metric: metric.unwrap_or(0),
            interface: word_after(destination, "dev")
                .filter(|_| is_plain)
                .map(str::to_owned),
        })
    }
}

const UNICAST: &str = "unicast";

/// Reads a line for each route. The lines of several next hops start with a space, and their route names no interface.
fn from_text(text: &str) -> Vec<Route> {
    let routes = text.lines().filter(|line| !line.starts_with([' ', '\t']));
    routes.filter_map(Route::of_line).collect()
}
