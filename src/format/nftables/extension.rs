//! Targets of iptables, of which nft shows only the names.

use super::families::Families;
use super::rule::Statement;
use super::translation::ANYWHERE;
use crate::firewall::{Change, RuleAction, Translation};
use crate::packets::Interval;

/// The effect of a target (iptables-extensions(8)) with unknown options.
pub(super) fn effect_of_target<'a>(name: &str) -> Statement<'a> {
    let translate = |translation| Statement::Translate(Families::BOTH, Some(translation));
    match name {
        "LOG" | "NFLOG" | "TCPMSS" => Statement::NoEffect,
        "REJECT" => Statement::Verdict(Some(RuleAction::Deny)),
        "MARK" => Statement::MayChange(&[Change::UnknownMark]),
        "CONNMARK" => Statement::MayChange(&[Change::UnknownMark, Change::UnknownConnectionMark]),
        "CT" => Statement::MayChange(&[Change::Untrack]),
        "DNAT" => translate(ANYWHERE),
        "REDIRECT" => translate(Translation::Redirect {
            ports: Some(Interval::PORTS),
        }),
        "SNAT" | "MASQUERADE" => translate(Translation::Source),
        _ => Statement::UNDECIDED,
    }
}
