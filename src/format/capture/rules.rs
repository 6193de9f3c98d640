//! The tables of a firewall, from all listings of its rules.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use memchr::memmem;

use super::outputs::{Gap, Output, Outputs, Part};
use crate::firewall::{BaseChain, Table};
use crate::format::read::lines::place;
use crate::format::read::named_sets::NamedSets;
use crate::format::{ipset, iptables, nftables};
use crate::limits::Limits;
use crate::read_error::ReadError;

/// The table of the output of `iptables -S`, which does not name it.
const LISTED: &str = "filter";

/// Reads all tables, and adds to `notes` the rules and sets that are unknown.
pub(super) fn read<'a>(
    outputs: &Outputs<'a>,
    limits: Limits,
    notes: &mut Vec<String>,
) -> Result<Vec<Table<'a>>, Vec<ReadError>> {
    check_rules(outputs)?;
    let sets = sets(outputs, limits, notes)?;
    let back_end = |output| match outputs.get(output) {
        Ok(part) => moved(part, |text| {
            iptables::tables(text, LISTED, sets.clone(), limits)
        }),
        Err(_) => Ok(Vec::new()),
    };
    let of_iptables_nft = back_end(Output::IptablesNft)?;
    let mut tables = match outputs.get(Output::Nftables) {
        Ok(part) => moved(part, |text| nftables::tables(text, limits))?,
        Err(_) => Vec::new(),
    };
    note_gaps(outputs, notes);
    note_omissions(outputs, notes);
    merge(&mut tables, of_iptables_nft);
    let mut of_legacy = back_end(Output::IptablesLegacy)?;
    for table in &mut of_legacy {
        table.needs_legacy = outputs.get(Output::IptablesNft).is_ok();
    }
    tables.extend(of_legacy);
    Ok(tables)
}

/// Replaces tables of nft by those of iptables-nft. Both commands print them, but nft does not print all parts of the
/// rules that iptables added.
fn merge<'a>(tables: &mut Vec<Table<'a>>, mut of_iptables_nft: Vec<Table<'a>>) {
    let of_nft = tables.iter().map(|table| (table.chains.place(), table));
    let of_nft: HashMap<String, &Table> = of_nft.collect();
    of_iptables_nft.retain(|table| {
        let of_nft = of_nft.get(&name_of_nft(table));
        of_nft.is_none_or(|of_nft| shows_all(table, of_nft))
    });
    for table in &mut of_iptables_nft {
        // nft prints tables in the order in which they were created.
        let same = of_nft.get(&name_of_nft(table));
        table.created = same.and_then(|same| first_place(same));
    }
    let replaced: HashSet<String> = of_iptables_nft.iter().map(name_of_nft).collect();
    tables.retain(|table| !replaced.contains(&table.chains.place()));
    tables.extend(of_iptables_nft);
}

/// True if `iptables-nft-save` shows a table of nft correctly. It omits base chains that iptables does not use, and
/// parts of rules that iptables did not add. All rules that iptables adds have a counter.
fn shows_all(of_iptables: &Table, of_nft: &Table) -> bool {
    let chains = &of_nft.chains;
    let mut rules = chains
        .names()
        .filter_map(|name| chains.rules(name))
        .flatten();
    hooks(of_iptables).is_superset(&hooks(of_nft))
        && rules.all(|rule| rule.text.contains("counter"))
}

/// Returns the place of the first base chain of a table in the whole input.
fn first_place(table: &Table) -> Option<u32> {
    let chains = table.chains.base_chains().into_iter();
    let places = chains.filter_map(|chain| Some(table.chains.policy(chain.name).ok()??.1));
    Some(table.offset.saturating_add(places.min()?))
}

/// Returns the place of a table of iptables-nft in the listing of nft.
fn name_of_nft(table: &Table) -> String {
    let place = table.chains.place();
    format!("table ip {}", place.trim_start_matches("table "))
}

/// Returns the names of the base chains, with their hooks and priorities.
fn hooks<'a>(table: &Table<'a>) -> HashSet<(&'a str, &'a str, i32)> {
    let chains = table.chains.base_chains().into_iter();
    let is_security = table.chains.place().ends_with(" security");
    let priority = |priority| match priority {
        SECURITY_OF_IPTABLES_NFT if is_security => SECURITY,
        other => other,
    };
    let key = |chain: BaseChain<'a>| (chain.name, chain.hook, priority(chain.priority));
    chains.map(key).collect()
}

/// The priority of the table `security` in the kernel (`NF_IP_PRI_SECURITY`), and the one that iptables-nft gives it.
const SECURITY: i32 = 50;
const SECURITY_OF_IPTABLES_NFT: i32 = 150;

/// Reads an output. The places of the tables and of errors become places in the whole input.
fn moved<'a>(
    part: Part<'a>,
    read: impl FnOnce(&'a str) -> Result<Vec<Table<'a>>, Vec<ReadError>>,
) -> Result<Vec<Table<'a>>, Vec<ReadError>> {
    let mut tables = read(part.text).map_err(|errors| all_moved(part, errors))?;
    for table in &mut tables {
        table.offset = table.offset.saturating_add(place(part.at));
    }
    Ok(tables)
}

fn all_moved(part: Part, errors: Vec<ReadError>) -> Vec<ReadError> {
    let errors = errors.into_iter().map(|error| part.moved(error));
    errors.collect()
}

/// Returns an error if no output shows any rules.
fn check_rules(outputs: &Outputs) -> Result<(), ReadError> {
    let gaps = Output::RULES.map(|output| outputs.get(output).err().map(|gap| (output, gap)));
    if gaps.contains(&None) {
        return Ok(());
    }
    let mut gaps = gaps.into_iter().flatten();
    let failed = gaps.find(|(_, gap)| matches!(gap, Gap::Failed { .. }) && !gap.is_empty());
    let problem = match failed {
        Some((output, gap)) => format!(
            "{}, so the capture does not show the rules; {}",
            gap.reason(output),
            advice(outputs)
        ),
        None => "the machine has neither nft nor iptables-save, so the capture does not show its rules; install one \
                 of them and run the collector again"
            .to_owned(),
    };
    Err(ReadError::new(0, problem))
}

/// Returns the solution for a failed command.
fn advice(outputs: &Outputs) -> &'static str {
    match outputs.get(Output::User) {
        Ok(user) if user.text.trim() != "0" => "run the collector as root",
        _ => "find out why, and run the collector again",
    }
}

fn sets<'a>(
    outputs: &Outputs<'a>,
    limits: Limits,
    notes: &mut Vec<String>,
) -> Result<Option<Rc<dyn NamedSets + 'a>>, Vec<ReadError>> {
    let gap = match outputs.get(Output::Sets) {
        Ok(part) => {
            let sets = ipset::named_sets(part.text, limits);
            return sets.map(Some).map_err(|errors| all_moved(part, errors));
        }
        Err(gap) => gap,
    };
    let listings = [Output::IptablesNft, Output::IptablesLegacy].map(|output| outputs.get(output));
    if listings
        .into_iter()
        .flatten()
        .any(|part| mentions(part, "--match-set "))
    {
        notes.push(format!(
            "{}, so the contents of the sets in rules of iptables are unknown",
            gap.reason(Output::Sets)
        ));
    }
    Ok(None)
}

/// True if an output contains a text, in whatever place.
pub(super) fn mentions(part: Part, word: &str) -> bool {
    memmem::find(part.text.as_bytes(), word.as_bytes()).is_some()
}

/// Adds the rules to `notes` that may drop packets, but that are not followed or not listed.
fn note_omissions(outputs: &Outputs, notes: &mut Vec<String>) {
    let tables_of_bridges = [
        "table bridge ",
        "\"family\": \"bridge\"",
        "\"family\":\"bridge\"",
    ];
    let has_bridges = |part: Part| {
        tables_of_bridges.iter().any(|word| mentions(part, word)) && mentions(part, "hook")
    };
    if outputs.get(Output::Nftables).is_ok_and(has_bridges) {
        notes.push(
            "tables of the family bridge are not followed, so their rules may drop packets that pass a bridge".to_owned(),
        );
    }
    // Only 'iptables -S' prints rules without the name of their table.
    let is_single = |part: Part| part.text.lines().all(|line| !line.starts_with('*'));
    if outputs
        .get(Output::IptablesNft)
        .is_ok_and(|part| !part.text.trim().is_empty() && is_single(part))
    {
        notes.push(
            "the output of 'iptables -S' shows only the table 'filter', so the rules of the other tables are unknown; \
             provide the output of 'iptables-save'"
                .to_owned(),
        );
    }
}

/// Adds the listings of rules that are missing to `notes`.
fn note_gaps(outputs: &Outputs, notes: &mut Vec<String>) {
    let nft = outputs.get(Output::Nftables);
    for output in Output::RULES {
        let unknown = match output {
            Output::Nftables => "the rules of nftables are unknown",
            Output::IptablesNft if !nft.is_ok_and(has_opaque_parts) => continue,
            Output::IptablesNft => "some parts of the rules of iptables-nft are unknown",
            _ => "the rules of iptables-legacy are unknown",
        };
        let gap = outputs.get(output).err();
        let gap = gap.filter(|gap| !gap.is_empty());
        notes.extend(gap.map(|gap| format!("{}, so {unknown}", gap.reason(output))));
    }
}

/// True if a listing of nft contains extensions of iptables-nft, whose contents nft does not print.
fn has_opaque_parts(listing: Part) -> bool {
    let words = ["xt match ", "xt target ", "\"xt\":", "# xt_"];
    words.iter().any(|word| mentions(listing, word))
}
