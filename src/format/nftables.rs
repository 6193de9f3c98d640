//! nftables: sets and two regular chains inside an existing table of the user.
//!
//! A separate table would not work. An `accept` ends the evaluation of one base chain only, so a base
//! chain of the user could still drop the packet later (nft(8), "Verdict statements"). The user's base
//! chains must therefore jump to our chains, and a jump cannot leave its table.

use minijinja::Value;
use serde::Serialize;

use crate::firewall::Firewall;
use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::header::{Commands, append_line, head};
use crate::format::render::networks::{NetworkLists, Spelled};
use crate::format::unit::Unit;
use crate::limits::Limits;
use crate::policy::{Direction, Granularity, Plane, Policy, PortRange, Rule, address_or_cidr};
use crate::read_error::ReadError;
use crate::template;

mod base_chain;
mod extension;
mod families;
mod json;
mod key;
mod mark;
mod rule;
mod ruleset;
mod set;
mod table;
mod tables;
mod text;
mod token;
mod translation;
mod value;
mod words;

pub(in crate::format) use ruleset::tables;
use words::{RESERVED, is_listed};

pub struct Nftables;

/// The usual table on Debian and in the nftables wiki.
const DEFAULT_TABLE: &str = "inet filter";

/// The file that Debian's nftables service loads at boot.
const BOOT_FILE: &str = "/etc/nftables.conf";

/// `NFTNL_UDATA_COMMENT_MAXLEN` of libnftnl.
const COMMENT_LIMIT: usize = 128;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    table: String,
    /// The user's base chains that the hooks refer to.
    base_chains: String,
    sets: Vec<Set>,
    chains: Vec<Chain>,
}

#[derive(Serialize)]
struct Set {
    name: String,
    elements: Vec<String>,
}

#[derive(Serialize)]
struct Chain {
    name: String,
    rules: Vec<String>,
}

static INFO: FormatInfo = FormatInfo {
    name: "nftables",
    aliases: &["nft", "nftable"],
    summary: "Linux nftables: sets and chains in your own table",
    documentation: "Loading replaces the two sets and the two chains in one transaction, and does not change the rest \
         of the table. Loading again changes nothing. Comments at the start of the output contain the commands that \
         hook the chains into `input` and `output` of your table, load the rules at boot, and remove everything. \
         Running the hook commands again adds no second jump.",
    template: ("nftables.j2", include_str!("../../templates/nftables.j2")),
    is_stateless: false,
    options: &[OutputOption::Name, OutputOption::Table],
    granularity: Granularity::Packet,
};

impl Format for Nftables {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "nft -f FILE".to_owned()
    }

    fn supported_part(&self, _policy: &Policy, unit: &Unit) -> Result<Option<Policy>, FormatError> {
        unit.table.as_deref().map(split_table).transpose()?;
        Ok(None)
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let table = unit.table.as_deref().unwrap_or(DEFAULT_TABLE);
        let base = unit.name.lower_with_underscores();
        let lists = NetworkLists::new(policy, COMMENT_LIMIT, address_or_cidr);
        let chain = |direction| Chain {
            name: format!("{base}_{direction}"),
            rules: policy
                .stateful(direction)
                .map(|rule| statement(&lists, rule, &base))
                .collect(),
        };
        Ok(template::value(&View {
            head: head(self, policy, unit, &commands(policy, table, &base)),
            table: table.to_owned(),
            base_chains: base_chains(policy),
            sets: Plane::ALL
                .map(|plane| named_set(&lists, plane, &base))
                .into(),
            chains: [Direction::In, Direction::Out].map(chain).into(),
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        starts_with_any(
            line,
            &[
                "table inet ",
                "table ip ",
                "table ip6 ",
                "table arp ",
                "table bridge ",
                "table netdev ",
                "type filter hook ",
                "type nat hook ",
                "type ipv4_addr",
                "flush ruleset",
                "flush table ",
                "flush chain ",
                "add table ",
                "add chain ",
                "add rule ",
                "add set ",
                "add element ",
                "elements = {",
                "ct state ",
                "ip saddr ",
                "ip daddr ",
                "tcp dport ",
                "udp dport ",
                "iif ",
                "iifname ",
                "oifname ",
            ],
        ) || starts_with_any(line, &["chain ", "set ", "map "])
            && line
                .strip_suffix(" {")
                .is_some_and(|block| block.split(' ').count() == 2)
    }

    fn typical_keys(&self) -> &'static [&'static str] {
        &["nftables"]
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Nftables {
    fn listing(&self) -> Listing {
        Listing {
            command: "nft list ruleset",
            without_rules: "{\"nftables\": []}\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        let table = wanted.unit.table.as_deref().unwrap_or(DEFAULT_TABLE);
        let table = split_table(table).map_err(|error| vec![ReadError::new(0, error)])?;
        ruleset::parse(text, table, wanted)
    }
}

/// Returns the tables in the output of `nft list ruleset`, as text or JSON, that decide about IPv4 packets.
///
/// # Errors
///
/// If the text is not such an output, or if it is cut off.
pub fn nftables_firewall(text: &str, limits: Limits) -> Result<Firewall<'_>, Vec<ReadError>> {
    tables(text, limits).map(|tables| Firewall { tables })
}

/// The usual name of the base chain for a direction.
fn base_chain(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "input",
        Direction::Out => "output",
    }
}

fn base_chains(policy: &Policy) -> String {
    let directions = policy.scope.directions.iter();
    let names: Vec<&str> = directions.map(|way| base_chain(*way)).collect();
    let noun = if names.len() == 1 { "chain" } else { "chains" };
    format!("base {noun} {}", names.join(" and "))
}

/// The commands at the start of the output. Any jump to a chain counts as its hook, even one with a condition.
/// The commands remove quoted texts, such as comments, before they search for a jump.
fn commands(policy: &Policy, table: &str, base: &str) -> Commands {
    let mut hook = Vec::new();
    let mut boot_lines = vec!["include \"FILE\"".to_owned()];
    for &direction in &policy.scope.directions {
        let base_chain = format!("{table} {}", base_chain(direction));
        let chain = format!("{base}_{direction}");
        let insert = format!("insert rule {base_chain} jump {chain}");
        hook.push(format!(
            "nft list chain {base_chain} | sed 's/\"[^\"]*\"//g' | grep -qE '(jump|goto) {chain}( |,|$)' || nft {insert}"
        ));
        boot_lines.push(insert);
    }
    let append = |line: &String| append_line(line, BOOT_FILE);
    let mut boot: Vec<String> = boot_lines.iter().map(append).collect();
    boot.push(format!("nft -c -f {BOOT_FILE}"));
    let forget = boot_lines.iter().map(|line| format!("-e '\\|^{line}$|d'"));
    let forget = forget.collect::<Vec<_>>().join(" ");
    Commands {
        hook,
        boot,
        remove: vec![
            format!("sed -i {forget} {BOOT_FILE}"),
            remove_from_table(table, base),
        ],
    }
}

/// A command that deletes the chains, the sets, and all jumps to the chains in one transaction.
fn remove_from_table(table: &str, base: &str) -> String {
    let chains = [Direction::In, Direction::Out].map(|way| format!("chain {table} {base}_{way}"));
    let sets = Plane::ALL.map(|plane| format!("set {table} {base}_{plane}"));
    let owned = chains.iter().chain(&sets);
    let delete: Vec<String> = owned.map(|owned| format!("delete {owned}")).collect();
    format!(
        "nft -a list table {table} | sed 's/\"[^\"]*\"//g' | awk '$1 == \"chain\" {{ chain = $2 }} \
         /(jump|goto) {base}_(in|out)( comment )? # handle [0-9]+$/ \
         {{ print \"delete rule {table}\", chain, \"handle\", $NF }} \
         END {{ print \"{}\" }}' | nft -f -",
        delete.join("; ")
    )
}

/// The set of a plane.
///
/// It is rendered even if it is empty, so that loading removes the elements of an earlier load.
fn named_set(lists: &NetworkLists, plane: Plane, base: &str) -> Set {
    Set {
        name: format!("{base}_{plane}"),
        elements: elements(lists.first_of(plane)),
    }
}

fn elements(networks: &[Spelled]) -> Vec<String> {
    let element = |n: &Spelled| format!("{} comment \"{}\"", n.address, n.label);
    networks.iter().map(element).collect()
}

fn statement(lists: &NetworkLists, rule: &Rule, base: &str) -> String {
    let (remote, local) = rule.in_packet_order("saddr", "daddr");
    // Each plane has one named set. A union of editions with different ports needs more lists. These
    // are anonymous sets, so that no set of an earlier load can be left behind.
    let set = match lists.of_rule(rule) {
        (0, _) => format!("@{base}_{}", rule.plane),
        (_, networks) => format!("{{ {} }}", elements(networks).join(", ")),
    };
    let mut words = vec![format!("ip {remote} {set}")];
    let locals: Vec<String> = rule
        .local
        .networks
        .iter()
        .map(|n| address_or_cidr(*n))
        .collect();
    match &locals[..] {
        [] => {}
        [one] => words.push(format!("ip {local} {one}")),
        several => words.push(format!("ip {local} {{ {} }}", several.join(", "))),
    }
    for (field, ports) in [
        ("sport", rule.source_ports()),
        ("dport", rule.destination_ports()),
    ] {
        if !PortRange::is_any(ports) {
            words.push(format!(
                "{} {field} {}",
                rule.protocol,
                ports.with_separator("-")
            ));
        }
    }
    format!("{} accept comment \"{}\"", words.join(" "), rule.subject())
}

/// Splits the value of `--table` into family and name.
fn split_table(text: &str) -> Result<(&str, &str), FormatError> {
    let refuse = |reason: &str| {
        Err(FormatError::Table {
            text: text.to_owned(),
            reason: reason.to_owned(),
        })
    };
    let Some((family, name)) = text.split_once(' ') else {
        return refuse("does not name a family and a table");
    };
    if !matches!(family, "inet" | "ip") {
        return refuse("does not have family inet or ip, which filter IPv4 packets");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return refuse("must have a name of 1 to 64 letters, digits, '_', '-' or '.'");
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return refuse("must have a name that starts with a letter");
    }
    if is_listed(RESERVED, name) {
        return refuse("has a name that is a reserved word of nft");
    }
    Ok((family, name))
}
