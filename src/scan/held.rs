//! Finds out which addresses a text contains, and whether they form a list.

use ipnet::Ipv4Net;

use super::assess::Held;
use super::context::Context;
use super::evidence::Service;
use super::find::Found;
use super::neighbors::Neighbors;
use super::published::Published;
use super::purpose::Purposes;
use super::spans::{covers, is_wide};
use crate::packets::{Interval, normalized};

/// Returns the addresses in a text, without wide networks that do not refer to Twilio.
pub(super) fn held(
    published: &Published,
    found: &[Found],
    context: &Context,
    is_list: bool,
) -> Held {
    let meant =
        |one: &&Found| !is_wide(one.span) || context.is_meant(&one.place, is_wide(one.span));
    let spans: Vec<Interval> = found.iter().filter(meant).map(|one| one.span).collect();
    let in_force = spans.iter().copied();
    let in_force = in_force.filter(|span| covers(&published.in_force, *span));
    Held {
        in_force: normalized(in_force.collect()),
        all: normalized(spans),
        is_list,
    }
}

/// Returns true if a text has addresses of two published networks, or a firewall rule with one. Logs, traces, sentences
/// and targets of calls do not count.
pub(super) fn has_list(
    published: &Published,
    found: &[Found],
    neighbors: &Neighbors,
    context: &Context,
    purposes: &Purposes,
) -> bool {
    let mut first: Option<Option<Ipv4Net>> = None;
    let twilios = found.iter().zip(&neighbors.are_twilios);
    for (one, _) in twilios.filter(|(_, is_twilios)| **is_twilios) {
        let at = one.place.start;
        let is_observed = context.is_log(at) || context.is_trace(at) || context.is_sentence(at);
        if is_observed
            || context.only_mentions(&one.place)
            || context.is_target(at)
            || purposes.of(context, at).service == Service::Webhooks
        {
            continue;
        }
        let network = published.widest(one.span);
        if context.is_rule(at) || *first.get_or_insert(network) != network {
            return true;
        }
    }
    false
}
