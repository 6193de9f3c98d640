//! Recognizes the access lists of web servers, which filter HTTP and no calls.

use super::FileTopics;
use crate::scan::layout::{Element, Layout, List};

/// The maximum number of lines from the name of a list of a proxy to its first element.
const REACH: usize = 4;

/// Directives of Apache, which are followed by nothing but addresses.
const APACHE: [&str; 3] = ["Require ip ", "Require not ip ", "Allow from "];

/// Matchers of Caddy.
const CADDY: [&str; 3] = ["remote_ip", "client_ip", "not remote_ip"];

/// Settings of Traefik, and of the Ingress controller of nginx, in lower case.
const PROXIES: [&str; 3] = [
    "sourcerange",
    "whitelist-source-range",
    "allowlist-source-range",
];

/// Returns true if an element is in a list that a web server or a proxy for HTTP checks.
pub(super) fn filters_http(
    layout: &Layout,
    element: &Element,
    list: &List,
    topics: FileTopics,
) -> bool {
    let before = String::from_utf8_lossy(layout.lines.before(element.place.start));
    let before = before.trim_start();
    let after = layout.after(element);
    let is_nginx = topics.has_nginx_http && before == "allow " && after.starts_with(b";");
    let is_apache = APACHE.iter().any(|name| {
        let rest = before.strip_prefix(name);
        rest.is_some_and(is_addresses) && is_addresses(&code(after))
    });
    let is_caddy = CADDY.iter().any(|name| {
        let matcher = before
            .split_once(' ')
            .filter(|(name, _)| name.starts_with('@'));
        let rest = matcher.map_or(before, |(_, rest)| rest.trim_start());
        let rest = rest.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(' ') && is_addresses(rest))
    });
    is_nginx || is_apache || is_caddy || is_for_proxy(layout, element, list)
}

/// Returns true if a setting of a proxy for HTTP contains an element, on its line or above its list.
fn is_for_proxy(layout: &Layout, element: &Element, list: &List) -> bool {
    if PROXIES.contains(&&*layout.word_before(element)) {
        return true;
    }
    let first = list
        .members
        .first()
        .map_or(element.row, |at| layout.elements[*at].row);
    let mut above = (first.saturating_sub(REACH)..first).rev();
    let Some(row) = above.find(|row| !layout.lines.is_comment(*row)) else {
        return false;
    };
    let name = layout.lines.beginning_text(row).to_ascii_lowercase();
    let name = name.trim().trim_end_matches(['[', ' ', '=', ':', '"']);
    PROXIES.contains(&name.trim_start_matches(['-', ' ', '"']))
}

/// Returns a part of a line without the comment at its end.
fn code(part: &[u8]) -> String {
    let part = String::from_utf8_lossy(part);
    part.split('#').next().unwrap_or_default().to_owned()
}

fn is_addresses(part: &str) -> bool {
    part.chars()
        .all(|c| c.is_ascii_digit() || c.is_whitespace() || "./,".contains(c))
}
