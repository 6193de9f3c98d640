//! Finds the words that show the use of addresses.

use std::sync::LazyLock;

use super::words::{Finders, finders, has_any};
use crate::policy::Direction;

/// A Twilio service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Service {
    #[default]
    Calls,
    /// STUN, TURN or video.
    Turn,
    /// Webhooks, and others over HTTP.
    Webhooks,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Planes {
    pub signaling: bool,
    pub media: bool,
}

impl Planes {
    pub(super) const ALL: Planes = Planes {
        signaling: true,
        media: true,
    };

    pub(super) const SIGNALING: Planes = Planes {
        signaling: true,
        media: false,
    };

    pub(super) fn is_empty(self) -> bool {
        !self.signaling && !self.media
    }
}

/// The ports of SIP and RTP in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ports {
    #[default]
    None,
    Some,
    /// They include the superseded media ports, 10000-20000.
    Superseded,
}

/// The meaning of a text for the addresses in it or below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The planes that the text names.
    pub planes: Planes,
    pub ports: Ports,
    /// The direction of the packets.
    pub direction: Option<Direction>,
    /// The service that the text is about, if it is not SIP.
    pub service: Option<Service>,
    /// True if the text is about addresses that are not allowed.
    pub is_denied: bool,
    /// True if the text has a word that begins with "sip". It may be about media too.
    pub names_sip: bool,
}

/// A SIP trunk of LiveKit has `allowed_addresses`, and an access list of Asterisk is a section with `type=acl`. Both are
/// about signaling.
static SIGNALING: Finders = LazyLock::new(|| {
    finders(&[
        " 5060 ",
        " 5061 ",
        " sig ",
        "signal",
        " invite ",
        " invites ",
        " inbound trunk ",
        " allowed addresses ",
        " allowedaddresses ",
        " inbound addresses ",
        " match addresses ",
        " type acl ",
    ])
});

static MEDIA: Finders =
    LazyLock::new(|| finders(&["media", "rtp", " 10000 ", " 60000 ", " 60 000 "]));

static TURN: Finders = LazyLock::new(|| {
    finders(&[
        " stun ",
        " turn ",
        " coturn ",
        " turnserver ",
        "webrtc",
        " video ",
        " network traversal ",
    ])
});

static WEBHOOKS: Finders = LazyLock::new(|| finders(&["webhook", "callback"]));

/// Ports of HTTP, which count only without words and ports of SIP and RTP.
static WEB_PORTS: Finders = LazyLock::new(|| finders(&[" 443 ", " port 80 "]));

static DENIALS: Finders = LazyLock::new(|| {
    finders(&[
        " deny ",
        " denied ",
        " drop ",
        " reject ",
        " blocked ",
        " blacklist ",
        " blocklist ",
        " denylist ",
        " banned ",
        " banlist ",
        " ban ",
        " disallow",
        " not allowed ",
        " not twilio ",
        " wrong ",
        " quarantine",
        " prohibit",
        " forbid",
        " blackhole",
        " discard ",
        " do not use ",
        " csf d ",
        " except ",
        " exclud",
        "拒否",
        "除外",
        "禁止",
        "ブロック",
        " bloque",
    ])
});

/// Words before the name of a chain of rules.
const JUMPS: [&str; 4] = [" j ", " jump ", " g ", " goto "];

/// The maximum number of words in the name of a chain.
const WORDS_OF_CHAIN: usize = 3;

/// Parts of the names of chains that deny.
const DENYING_PARTS: [&str; 14] = [
    "deny",
    "denied",
    "drop",
    "reject",
    "block",
    "blacklist",
    "bad",
    "banned",
    "abuse",
    "attack",
    "tarpit",
    "evil",
    "f2b",
    "fail2ban",
];

static INCOMING: Finders = LazyLock::new(|| {
    finders(&[
        " s ",
        " source ",
        " src ",
        " saddr ",
        " ingress ",
        " inbound ",
        " input ",
    ])
});

static OUTGOING: Finders = LazyLock::new(|| {
    finders(&[
        " d ",
        " destination ",
        " dst ",
        " daddr ",
        " egress ",
        " outbound ",
        " output ",
        " out ",
    ])
});

impl Evidence {
    /// Reads words in the form of [`normalize_words`](super::words::normalize_words).
    pub(super) fn of(words: &str) -> Evidence {
        let ports = |first: &str, last: &str| words.contains(first) && words.contains(last);
        let old_ports = ports(" 10000 ", " 20000 ") || ports(" 10 000 ", " 20 000 ");
        let has_ports = || {
            let mut ports = [" 5060 ", " 5061 ", " 10000 "].iter();
            ports.any(|port| words.contains(port))
        };
        let ports = match old_ports {
            true => Ports::Superseded,
            false if has_ports() => Ports::Some,
            false => Ports::None,
        };
        let signaling = has_any(words, &SIGNALING);
        let media = old_ports || has_any(words, &MEDIA) && !words.contains("immedia");
        Evidence {
            planes: Planes { signaling, media },
            ports,
            direction: direction(words),
            service: service(words, signaling || media),
            is_denied: denies(words),
            names_sip: words.contains(" sip") || words.contains("twiliosip"),
        }
    }

    /// Returns the meaning of two texts together.
    pub(super) fn and(self, other: Evidence) -> Evidence {
        Evidence {
            planes: Planes {
                signaling: self.planes.signaling || other.planes.signaling,
                media: self.planes.media || other.planes.media,
            },
            ports: self.ports.max(other.ports),
            direction: self.direction.or(other.direction),
            service: self.service.or(other.service),
            is_denied: self.is_denied || other.is_denied,
            names_sip: self.names_sip || other.names_sip,
        }
    }

    /// True if the text names a plane or another service than SIP.
    pub(super) fn says_something(self) -> bool {
        self.is_of_a_plane() || self.service.is_some()
    }

    pub(super) fn is_of_a_plane(self) -> bool {
        !self.planes.is_empty()
    }

    /// True if the text names media, and not signaling.
    pub(super) fn is_of_media_alone(self) -> bool {
        self.planes.media && !self.planes.signaling
    }
}

fn service(words: &str, is_of_a_plane: bool) -> Option<Service> {
    if has_any(words, &TURN) || !is_of_a_plane && words.contains(" 3478 ") {
        return Some(Service::Turn);
    }
    let is_web = has_any(words, &WEBHOOKS) || !is_of_a_plane && has_any(words, &WEB_PORTS);
    is_web.then_some(Service::Webhooks)
}

fn direction(words: &str) -> Option<Direction> {
    if is_outgoing(words) {
        Some(Direction::Out)
    } else {
        has_any(words, &INCOMING).then_some(Direction::In)
    }
}

/// Returns true if a rule with these words is about packets to others.
pub(super) fn is_outgoing(words: &str) -> bool {
    has_any(words, &OUTGOING)
}

/// Returns true if a line with these words is about addresses that are not allowed.
pub(super) fn denies(words: &str) -> bool {
    let blocks = words.contains(" block ") && !words.contains("cidr block ");
    blocks || has_any(words, &DENIALS) || jumps_to_denial(words)
}

/// Returns true if a rule with these words jumps to a chain whose name says that it denies, such as `LOGDROP`.
fn jumps_to_denial(words: &str) -> bool {
    let chain = JUMPS
        .iter()
        .find_map(|jump| Some(words.split_once(jump)?.1));
    let mut chain = chain.unwrap_or_default().split(' ').take(WORDS_OF_CHAIN);
    chain.any(|word| DENYING_PARTS.iter().any(|part| word.contains(part)))
}
