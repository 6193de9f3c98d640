//! Commands that decide whether IOS is still in `voice service voip` or its trusted list.
//!
//! IOS ignores indentation. It rejects a line that is no command, and stays in its mode. It leaves the mode for a
//! command of a mode above.

use crate::format::cisco::words::{is_removal, means};
use crate::format::read::words::Words;

/// Commands of the global mode, which IOS accepts in any mode. Afterwards, IOS is in the global mode or in a mode
/// below it. None of them is also a command of `voice service voip`.
const GLOBAL: &[&str] = &[
    "aaa",
    "access-list",
    "alias",
    "application",
    "archive",
    "arp",
    "banner",
    "bba-group",
    "boot",
    "boot-start-marker",
    "bridge",
    "busy-message",
    "call",
    "call-manager-fallback",
    "card",
    "ccm-manager",
    "cdp",
    "class-map",
    "clock",
    "control-plane",
    "controller",
    "crypto",
    "cts",
    "device-sensor",
    "dial-peer",
    "dialer",
    "dialer-list",
    "dspfarm",
    "enable",
    "end",
    "ephone",
    "ephone-dn",
    "event",
    "flow",
    "frame-relay",
    "gatekeeper",
    "gateway",
    "hostname",
    "interface",
    "isdn",
    "key",
    "kron",
    "license",
    "line",
    "lldp",
    "logging",
    "login",
    "login-string",
    "macro",
    "map-class",
    "memory",
    "menu",
    "mgcp",
    "monitor",
    "mpls",
    "netconf-yang",
    "network-clock",
    "ntp",
    "object-group",
    "parameter-map",
    "parser",
    "platform",
    "policy-map",
    "privilege",
    "process",
    "radius",
    "radius-server",
    "resource",
    "restconf",
    "rmon",
    "route-map",
    "router",
    "rtr",
    "scheduler",
    "sccp",
    "security",
    "service",
    "sip-ua",
    "snmp-server",
    "spanning-tree",
    "standby",
    "stcapp",
    "subscriber",
    "tacacs",
    "tacacs-server",
    "telephony-service",
    "template",
    "track",
    "translation-rule",
    "trunk",
    "username",
    "version",
    "vlan",
    "voice",
    "voice-card",
    "voice-port",
    "vpdn",
    "vpdn-group",
    "vrf",
    "vtp",
    "webvpn",
    "zone",
    "zone-pair",
];

/// Commands of `voice service voip` that begin a mode.
const SUBMODES: [&str; 3] = ["h323", "sip", "stun"];

/// The mode after a command that is not about the trusted list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The global mode, or a mode below it.
    Leaves,
    /// Possibly the same as after `Leaves`.
    MayLeave,
    /// A mode below `voice service voip`.
    Submode,
    /// The same mode, or `voice service voip`.
    Stays,
}

impl Effect {
    /// Returns the effect of a command in `voice service voip` or in a mode below it.
    pub fn of(first: &str, is_removal: bool) -> Effect {
        let is = |known: &str| first.eq_ignore_ascii_case(known);
        if SUBMODES.iter().any(|known| is(known)) {
            return Effect::Submode;
        }
        if !is_removal && GLOBAL.iter().any(|known| is(known)) {
            return Effect::Leaves;
        }
        if first.len() > 1 && GLOBAL.iter().any(|known| means(first, known)) {
            return Effect::MayLeave;
        }
        Effect::Stays
    }
}

/// True if a word negates a command or resets it, possibly abbreviated.
pub(super) fn is_negation(word: &str) -> bool {
    is_removal(word) || means(word, "default")
}

/// True if two words begin `voice service`, possibly abbreviated.
pub(super) fn is_service(first: &str, second: &str) -> bool {
    first.len() > 1 && means(first, "voice") && means(second, "service")
}

/// True if three words begin `ip address trusted`, possibly abbreviated.
pub(super) fn is_trusted([first, second, third]: [&str; 3]) -> bool {
    means(first, "ip") && means(second, "address") && means(third, "trusted")
}

/// True if a line could change the list if IOS read it, or a command within it, as a command.
pub(super) fn may_matter(line: &str) -> bool {
    if line.trim_ascii().eq_ignore_ascii_case("end") {
        return true;
    }
    let mut last = ["", ""];
    let words = line.split(|c: char| c.is_ascii_whitespace() || "\";,".contains(c));
    for word in words.filter(|word| !word.is_empty()) {
        let is_word = word.len() > 3 && means(word, "trusted");
        if is_word || is_service(last[1], word) || is_trusted([last[0], last[1], word]) {
            return true;
        }
        last = [last[1], word];
    }
    false
}

/// True for a line that runs commands, possibly later: an applet of the event manager, or a policy of `kron`.
pub(super) fn runs_commands(first: &str) -> bool {
    let known = ["action", "cli", "event"];
    first.len() > 1 && known.iter().any(|known| means(first, known))
}

/// True if a line is an entry of the list, or removes one.
pub(super) fn is_entry(body: &str) -> bool {
    let mut words = Words::new(body);
    words.next_if(is_negation);
    let first = words.next().unwrap_or_default();
    ["ipv4", "ipv6"]
        .iter()
        .any(|known| first.eq_ignore_ascii_case(known))
}
