//! The extent of listings that the collector did not print: they may be only a part of the rules of a machine.

use super::outputs::{Output, Outputs, Part};
use super::rules::mentions;
use crate::firewall::{BaseChain, ChainKind, Table};
use crate::read_error::ReadError;

/// Adds the rules to `notes` that listings do not show, although the machine may have them.
///
/// # Errors
///
/// If the listings show no base chain, unless they prove that the machine has none.
pub(super) fn check(
    outputs: &Outputs,
    tables: &[Table],
    notes: &mut Vec<String>,
) -> Result<(), ReadError> {
    if !shows_hooks(outputs, tables) {
        let problem = "the input has no base chain, so it is a part of a firewall, or the firewall lets everything \
                       pass; provide the output of the collector, which 'twilio-sip-allow verify --print-collector \
                       linux' prints";
        return Err(ReadError::new(0, problem));
    }
    let omissions = [
        lacks_filter_table(outputs).then_some(
            "the output of 'iptables-save' has no table 'filter', which may drop packets; if the machine has this table, \
             provide the output of 'iptables-save' without '-t'",
        ),
        lacks_filter_chain(outputs, tables).then_some(
            "the output of 'nft list ruleset' has no base chain of type 'filter', which may drop packets; if the \
             machine has one, provide the whole output",
        ),
    ];
    notes.extend(omissions.into_iter().flatten().map(str::to_owned));
    Ok(())
}

/// True if the input shows base chains, or is a listing of nft that shows that none decides about IPv4 packets.
fn shows_hooks(outputs: &Outputs, tables: &[Table]) -> bool {
    let has_base_chains = |table: &Table| !table.chains.base_chains().is_empty();
    // Only listings in JSON have this object.
    let of_nft = |part: Part| mentions(part, "\"metainfo\"") || has_any_base_chain(part);
    tables.iter().any(has_base_chains) || outputs.get(Output::Nftables).is_ok_and(of_nft)
}

/// True if a listing of nft as text has a base chain, even one for IPv6 packets.
fn has_any_base_chain(part: Part) -> bool {
    let is_declaration = |line: &str| line.starts_with("type ") && line.contains(" hook ");
    part.text.lines().map(str::trim_start).any(is_declaration)
}

/// True if a listing of iptables has tables, but none that filters packets. nft prints all tables of iptables-nft.
fn lacks_filter_table(outputs: &Outputs) -> bool {
    let lacks = |output| {
        outputs.get(output).is_ok_and(|part| {
            let lines = || part.text.lines().map(str::trim_end);
            lines().any(|line| line.starts_with('*')) && !lines().any(|line| line == "*filter")
        })
    };
    outputs.get(Output::Nftables).is_err() && lacks(Output::IptablesNft)
        || lacks(Output::IptablesLegacy)
}

/// True if a listing of nft has base chains, but none that filters packets.
fn lacks_filter_chain(outputs: &Outputs, tables: &[Table]) -> bool {
    let chains = || tables.iter().flat_map(|table| table.chains.base_chains());
    let is_filter = |chain: BaseChain| chain.kind == ChainKind::Filter;
    outputs.get(Output::Nftables).is_ok() && chains().next().is_some() && !chains().any(is_filter)
}
