//! Hints about uses of Twilio's addresses that work, but that Twilio advises against.

use std::sync::LazyLock;

use super::words::{Finders, finders};

/// A use of addresses that Twilio advises against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Calls are sent to the address.
    Target,
    /// The list decides who may send webhooks.
    Webhooks,
    /// Any address is allowed beside Twilio's.
    AnyAddress,
}

impl Hint {
    /// Explains the hint and says what to do.
    pub(super) fn explanation(self) -> &'static str {
        match self {
            Hint::Target => {
                "calls are sent to this address, but Twilio can change it; send them to the name of your SIP domain or \
                 trunk, such as example.pstn.twilio.com"
            }
            Hint::Webhooks => {
                "this list seems to filter webhooks, but webhooks do not come from the networks of SIP; check their \
                 X-Twilio-Signature header instead"
            }
            Hint::AnyAddress => {
                "allows any address beside Twilio's; for calls, Twilio's networks are enough"
            }
        }
    }
}

/// Names of settings whose value is the target of calls.
const TARGETS: [&[u8]; 8] = [
    b"contact",
    b"host",
    b"proxy",
    b"outbound_proxy",
    b"outboundproxy",
    b"outbound-proxy",
    b"server_uri",
    b"register-proxy",
];

/// Returns true if the text before an address on its line shows that calls are sent to it.
pub(super) fn is_target(before: &[u8]) -> bool {
    static SIGNS: Finders = LazyLock::new(|| {
        finders(&[
            "name=\"proxy\"",
            "name=\"outbound-proxy\"",
            "name=\"register-proxy\"",
            "session target ipv4:",
            "sip-server ipv4:",
            "rewritehostport(",
            "t_relay_to",
        ])
    });
    static CALLS: Finders = LazyLock::new(|| {
        finders(&[
            "Dial(",
            "bridge",
            "originate",
            "register",
            "sofia/",
            "external/",
        ])
    });
    let has = |signs: &Finders| signs.iter().any(|sign| sign.find(before).is_some());
    let is_assigned = ["$du", "$ru", "$rd"].iter().any(|name| {
        let at = memchr::memmem::find(before, name.as_bytes());
        at.is_some_and(|at| {
            before[at + name.len()..]
                .trim_ascii_start()
                .starts_with(b"=")
        }) && memchr::memmem::find(before, b"==").is_none()
    });
    has(&SIGNS)
        || is_assigned
        || before.ends_with(b"@") && has(&CALLS)
        || is_setting_of_target(before)
}

/// Returns true if a text ends with `contact=sip:`, `host=` or the like.
fn is_setting_of_target(before: &[u8]) -> bool {
    let Some(sign) = before.iter().position(|b| *b == b'=') else {
        return false;
    };
    let (name, value) = (
        before[..sign].trim_ascii(),
        before[sign + 1..].trim_ascii_start(),
    );
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let value = value
        .strip_prefix(b"sip:")
        .or_else(|| value.strip_prefix(b"sips:"))
        .unwrap_or(value);
    let is_name = TARGETS
        .iter()
        .any(|target| name.eq_ignore_ascii_case(target));
    is_name && (value.is_empty() || value.ends_with(b"@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_targets_of_calls() {
        for (before, expected) in [
            ("contact=sip:", true),
            ("contact = sip:user@", true),
            ("host=", true),
            ("  outbound_proxy=sip:", true),
            ("same => n,Dial(SIP/${EXTEN}@", true),
            ("<param name=\"proxy\" value=\"", true),
            ("$du = \"sip:", true),
            ("  session target ipv4:", true),
            ("register => user:secret@", true),
            ("bridge sofia/external/+1555@", true),
            ("match=", false),
            ("permit=", false),
            ("hostname=", false),
            ("localhost=", false),
            ("if ($si == \"", false),
            ("if ($du == \"sip:", false),
            ("1 sip:", false),
            ("allow ", false),
        ] {
            assert_eq!(is_target(before.as_bytes()), expected, "{before}");
        }
    }
}
