//! Says what to do about a finding.

use ipnet::Ipv4Net;

use super::change::Fix;
use super::replacement::Replacement;
use crate::policy::address_or_cidr;

/// The kind of advice about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// Write the replacement.
    Replace,
    /// The explanation says what to write. Addresses that the list does not need are to be removed.
    Explained,
}

impl Advice {
    /// Returns the advice in words, if there is any. It describes the fix of the finding. Without a fix, it recommends the
    /// replacement.
    pub(super) fn text(self, replacement: &Replacement, fix: Option<&Fix>) -> Option<String> {
        let Replacement { signaling, media } = replacement;
        match (self, fix) {
            (
                _,
                Some(Fix {
                    written, wanted, ..
                }),
            ) if written.is_empty() => Some(removal(wanted)),
            (Advice::Explained, _) => None,
            (Advice::Replace, Some(fix)) => {
                let written = |networks: &[Ipv4Net]| {
                    let networks = networks.iter().copied();
                    networks
                        .filter(|network| fix.written.contains(network))
                        .collect::<Vec<_>>()
                };
                replace(&written(signaling), &written(media))
            }
            (Advice::Replace, None) => replace(signaling, media),
        }
    }
}

/// Returns the advice to remove addresses from a list that needs the wanted networks instead.
fn removal(wanted: &[Ipv4Net]) -> String {
    match wanted {
        [] => "remove it, because its list is for signaling only".to_owned(),
        wanted => format!(
            "remove it, because its list needs only {} instead",
            list(wanted)
        ),
    }
}

fn replace(signaling: &[Ipv4Net], media: &[Ipv4Net]) -> Option<String> {
    match (signaling, media) {
        ([], []) => None,
        ([], all) | (all, []) => Some(format!("replace it by {}", list(all))),
        (signaling, media) => Some(format!(
            "replace it by {}, and for media by {}",
            list(signaling),
            list(media)
        )),
    }
}

/// Returns networks in words, such as `192.0.2.0/30, 198.51.100.1`.
pub(super) fn list(networks: &[Ipv4Net]) -> String {
    let written: Vec<String> = networks.iter().copied().map(address_or_cidr).collect();
    written.join(", ")
}
