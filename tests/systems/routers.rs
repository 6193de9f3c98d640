//! The formats of routers and firewalls that are not available for tests. A strict reader, written from
//! the vendor's grammar, and an independent program read each output.
//!
//! Sources: Juniper's Routing Policies, Firewall Filters, and Traffic Policers User Guide, "Firewall
//! Filter Match Conditions for IPv4 Traffic", and CLI User Guide, "Loading a Configuration File";
//! MikroTik's RouterOS documentation, "Scripting", "Filter" and "Address-lists"; Cisco ASA Series
//! Command Reference, `access-list extended`, `access-list remark` and `object-group`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::common::facts::{self, ANY_PORT, Allowed, Key, Range};
use crate::common::judge::{assert_in_sync, drift, policy_of_case};
use crate::common::mutate;
use crate::common::oracle::{Selected, Tcp};
use crate::common::readers::{self, ANYWHERE, Clause};
use crate::common::{
    Case, GOLDEN, assert_golden, assert_refuses_names, matrix, python, render, render_steadily,
};
use serde_json::Value;

const ROUTERS: [&str; 3] = ["junos", "mikrotik", "cisco-asa"];

const LOCAL: &str = "--region tokyo --local-address 192.0.2.10,198.51.100.0/24 --local-sip-port 5070 \
                     --local-tls-port 5071 --local-rtp-ports 30000-30999";

const UNION: &str = "--edition regional,global --region tokyo,virginia";

/// Filters of routers are stateless.
fn is_stateless(format: &str) -> bool {
    format == "junos"
}

/// The packets that an output allows from and to any local address.
fn read(format: &str, text: &str) -> Allowed {
    match format {
        "junos" => JunosConfig::default().load(text).allowed(),
        "mikrotik" => RouterOs::default().import(text).allowed(),
        "cisco-asa" => Asa::default().enter(text).allowed(),
        _ => panic!("no reader for {format}"),
    }
}

fn assert_exact(case: &Case, format: &str, found: &Allowed) {
    let command = format!("{} --format {format}", case.options());
    facts::assert_exact(
        &command,
        &facts::expected(case, is_stateless(format)),
        found,
    );
}

#[test]
fn every_selection_allows_exactly_the_published_networks() {
    let cases = matrix();
    assert_eq!(cases.len(), 4 * 11 * 9 + 2 * 2 * 9);
    for case in &cases {
        for format in ROUTERS {
            let text = render(&format!("{} --format {format}", case.options()));
            assert_exact(case, format, &read(format, &text));
        }
    }
}

/// The readers above must notice if a line of a rule is missing.
#[test]
fn the_strict_readers_notice_a_removed_line() {
    let case = Case {
        edition: "regional,global".to_owned(),
        region: "tokyo".to_owned(),
        direction: "both",
        plane: "both",
    };
    for format in ROUTERS {
        let text = render(&format!("{} --format {format}", case.options()));
        let lines: Vec<&str> = text.lines().collect();
        let matters = |line: &str| {
            let idle = ["#", "!", "delete ", "remove ", "no ", "clear "];
            !idle.iter().any(|start| line.starts_with(start)) && !line.contains(" remark ")
        };
        let expected = facts::lines(&facts::expected(&case, is_stateless(format)));
        let mut tried = 0;
        for at in (0..lines.len()).filter(|at| matters(lines[*at])) {
            let less = [&lines[..at], &lines[at + 1..]].concat().join("\n");
            let found = std::panic::catch_unwind(|| facts::lines(&read(format, &less)));
            assert_ne!(
                found.ok(),
                Some(expected.clone()),
                "{format}: {}",
                lines[at]
            );
            tried += 1;
        }
        assert!(tried >= 15, "{format}: {tried}");
    }
}

#[test]
fn heads_describe_the_output_and_how_to_load_it() {
    for (format, sign, lines) in [
        (
            "junos",
            "# ",
            [
                "load: load set FILE (in configuration mode, at the top; then commit)",
                "hook: set interfaces INTERFACE unit UNIT family inet filter input twilio-sip-in",
                "hook: set interfaces INTERFACE unit UNIT family inet filter output twilio-sip-out",
            ],
        ),
        (
            "mikrotik",
            "# ",
            [
                "load: /import file-name=FILE (the name of FILE must end in .rsc)",
                "hook: /ip firewall filter add chain=forward action=jump jump-target=twilio-sip-in place-before=RULE",
                "hook: /ip firewall filter add chain=forward action=jump jump-target=twilio-sip-out place-before=RULE",
            ],
        ),
        (
            "cisco-asa",
            "! ",
            [
                "load: copy FILE running-config",
                "hook: access-group TWILIO-SIP-IN in interface INTERFACE",
                "hook: access-group TWILIO-SIP-OUT out interface INTERFACE",
            ],
        ),
    ] {
        let text = render(&format!("--region tokyo,sydney --format {format}"));
        let head: Vec<&str> = text
            .lines()
            .map_while(|line| line.strip_prefix(sign))
            .collect();
        let about = [
            "edition: regional (superseded on 2024-02-21 by global)",
            "regions: tokyo, sydney",
            "direction: in, out",
            "planes: signaling (udp, tcp, tls), media",
        ];
        for wanted in about.into_iter().chain(lines) {
            assert!(head.contains(&wanted), "{format}: {wanted}\n{text}");
        }
    }
}

#[test]
fn the_same_call_prints_the_same_plain_text() {
    for format in ROUTERS {
        let text = render_steadily(&format!("{UNION} --format {format}"));
        let plain = |c: char| c == '\n' || matches!(c, ' '..='~');
        assert!(text.chars().all(plain), "{format}");
    }
}

#[test]
fn a_name_cannot_inject_anything() {
    let nasty = [
        "", "a b", "a\"b", "a'b", "a;b", "a\nb", "a\rb", "a$b", "a?b", "a\\b", "a[b", "a}b", "a#b",
        "a!b", "a/b", "-a", "a-", "1a", "é",
    ];
    for format in ROUTERS {
        assert_refuses_names(format, &nasty);
    }
}

/// Golden files prove that an output is unchanged. The other tests prove that it is right.
#[test]
fn golden_files_are_unchanged() {
    for format in ROUTERS {
        assert_golden(GOLDEN.map(|(name, options)| (name, options, format)));
    }
}

/// The direction at the end of a unit's name.
fn direction(name: &str) -> &'static str {
    let ends = |end: &str| name.to_ascii_lowercase().ends_with(end);
    if ends("-in") {
        "in"
    } else {
        assert!(ends("-out"), "{name}");
        "out"
    }
}

fn ports(text: &str, separator: char) -> (u16, u16) {
    let (first, last) = text.split_once(separator).unwrap_or((text, text));
    let ports = (first.parse().expect(text), last.parse().expect(text));
    assert!(ports.0 <= ports.1, "{text}");
    ports
}

/// The outputs of the matrix in files, for another program.
struct Rendered {
    folder: tempfile::TempDir,
    cases: Vec<Case>,
}

impl Rendered {
    fn new(format: &str) -> Rendered {
        let folder = tempfile::tempdir().unwrap();
        let cases = matrix();
        for (number, case) in cases.iter().enumerate() {
            let text = render(&format!("{} --format {format}", case.options()));
            std::fs::write(folder.path().join(number.to_string()), text).unwrap();
        }
        Rendered { folder, cases }
    }

    /// The output of a script in `tests/peers`, one line of JSON per file.
    fn read_by(&self, python: &Path, script: &str, args: &[&str]) -> Vec<(&Case, Value)> {
        let numbers = (0..self.cases.len()).map(|number| number.to_string());
        let output = Command::new(python)
            .arg(format!(
                "{}/tests/peers/{script}",
                env!("CARGO_MANIFEST_DIR")
            ))
            .args(args)
            .args(numbers)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let values: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(values.len(), self.cases.len());
        self.cases.iter().zip(values).collect()
    }
}

/// A candidate configuration after `load set`.
#[derive(Debug, Default, PartialEq)]
struct JunosConfig {
    filters: BTreeMap<String, Vec<JunosTerm>>,
    prefix_lists: BTreeMap<String, Vec<Range>>,
}

#[derive(Debug, PartialEq)]
struct JunosTerm {
    name: String,
    /// The values of a condition are alternatives. All conditions must match.
    from: BTreeMap<String, Vec<String>>,
    accepts: bool,
}

impl JunosConfig {
    fn load(mut self, text: &str) -> JunosConfig {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["delete", "firewall", "family", "inet", "filter", name] => {
                    self.filters.remove(junos_name(name));
                }
                ["delete", "policy-options", "prefix-list", name] => {
                    self.prefix_lists.remove(junos_name(name));
                }
                ["set", "policy-options", "prefix-list", name, prefix] => {
                    let list = self.prefix_lists.entry(junos_name(name).to_owned());
                    assert!(prefix.contains('/'), "{line}");
                    list.or_default().push(facts::network(prefix));
                }
                [
                    "set",
                    "firewall",
                    "family",
                    "inet",
                    "filter",
                    filter,
                    "term",
                    term,
                    ref rest @ ..,
                ] => {
                    self.term(junos_name(filter), junos_name(term))
                        .add(rest, line);
                }
                _ => panic!("{line}"),
            }
        }
        self
    }

    fn term(&mut self, filter: &str, name: &str) -> &mut JunosTerm {
        let terms = self.filters.entry(filter.to_owned()).or_default();
        let at = terms.iter().position(|term| term.name == name);
        let at = at.unwrap_or_else(|| {
            terms.push(JunosTerm {
                name: name.to_owned(),
                from: BTreeMap::new(),
                accepts: false,
            });
            terms.len() - 1
        });
        &mut terms[at]
    }

    /// The configuration in the JSON of `show configuration | display json`.
    fn from_json(value: &Value) -> JunosConfig {
        let mut config = JunosConfig::default();
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
        let configuration = &value["configuration"];
        for prefix_list in list(&configuration["policy-options"]["prefix-list"]) {
            let prefixes = list(&prefix_list["prefix-list-item"]);
            let ranges = prefixes.iter().map(|item| facts::network(&name(item)));
            config
                .prefix_lists
                .insert(name(&prefix_list), ranges.collect());
        }
        for filter in list(&configuration["firewall"]["family"]["inet"]["filter"]) {
            for term in list(&filter["term"]) {
                let made = config.term(&name(&filter), &name(&term));
                made.accepts = term["then"] == serde_json::json!({"accept": [null]});
                for (condition, values) in term["from"].as_object().unwrap() {
                    let value = |value: &Value| match value {
                        Value::Null => String::new(),
                        Value::String(text) => text.clone(),
                        object => name(object),
                    };
                    let values = list(values).iter().map(value).collect();
                    made.from.insert(condition.clone(), values);
                }
            }
        }
        config
    }

    fn allowed(&self) -> Allowed {
        let mut allowed = Allowed::new();
        let mut used = Vec::new();
        for (filter, terms) in &self.filters {
            for term in terms {
                let (remote, local) = match direction(filter) {
                    "in" => ("source", "destination"),
                    _ => ("destination", "source"),
                };
                assert_eq!(self.addresses(term, local, &mut used), None, "{term:?}");
                let networks = self.addresses(term, remote, &mut used).expect(filter);
                let key = term.key(direction(filter));
                allowed.entry(key).or_default().extend(networks);
            }
        }
        let defined: Vec<&String> = self.prefix_lists.keys().collect();
        used.sort_unstable();
        used.dedup();
        assert_eq!(
            used, defined,
            "lists that no term uses, or that are missing"
        );
        allowed
    }

    /// The addresses of one side. `None` means any.
    fn addresses<'a>(
        &self,
        term: &'a JunosTerm,
        side: &str,
        used: &mut Vec<&'a String>,
    ) -> Option<Vec<Range>> {
        let lists = term.from.get(&format!("{side}-prefix-list"));
        let single = term.from.get(&format!("{side}-address"));
        if lists.is_none() && single.is_none() {
            return None;
        }
        let mut ranges = Vec::new();
        for name in lists.into_iter().flatten() {
            ranges.extend(self.prefix_lists.get(name).expect(name));
            used.push(name);
        }
        ranges.extend(
            single
                .into_iter()
                .flatten()
                .map(|text| facts::network(text)),
        );
        Some(ranges)
    }
}

/// At most 64 letters, digits and hyphens.
fn junos_name(name: &str) -> &str {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(!name.is_empty() && name.len() <= 64, "{name}");
    assert!(name.chars().all(plain), "{name}");
    name
}

impl JunosTerm {
    fn add(&mut self, words: &[&str], line: &str) {
        match words {
            ["then", "accept"] => self.accepts = true,
            ["from", "tcp-established"] => {
                let before = self
                    .from
                    .insert("tcp-established".to_owned(), vec![String::new()]);
                assert_eq!(before, None, "{line}");
            }
            [
                "from",
                condition @ ("source-prefix-list"
                | "destination-prefix-list"
                | "source-address"
                | "destination-address"
                | "protocol"
                | "source-port"
                | "destination-port"),
                value,
            ] => {
                let values = self.from.entry((*condition).to_owned()).or_default();
                assert!(!values.contains(&(*value).to_owned()), "{line}");
                values.push((*value).to_owned());
            }
            _ => panic!("{line}"),
        }
    }

    fn key(&self, direction: &'static str) -> Key {
        assert!(self.accepts, "{self:?}");
        let one = |name: &str| match self.from.get(name).map(Vec::as_slice) {
            None => None,
            Some([one]) => Some(one.as_str()),
            Some(several) => panic!("{name}: {several:?}"),
        };
        let port = |name| one(name).map_or(ANY_PORT, |text| ports(text, '-'));
        let protocol = one("protocol").expect("a port requires a protocol");
        let established = self.from.contains_key("tcp-established");
        assert!(matches!(protocol, "tcp" | "udp") && (!established || protocol == "tcp"));
        Key {
            direction,
            protocol: protocol.to_owned(),
            source_ports: port("source-port"),
            destination_ports: port("destination-port"),
            established,
        }
    }
}

#[test]
fn a_junos_load_replaces_the_previous_rules() {
    let old = render(&format!("{UNION} --local-address 192.0.2.1 --format junos"));
    for new in ["--region tokyo", "--plane media", UNION, LOCAL] {
        let new = render(&format!("{new} --format junos"));
        let alone = JunosConfig::default().load(&new);
        let both = JunosConfig::default().load(&old).load(&new).load(&new);
        assert_eq!(both, alone, "{new}");
    }
    // Loading one direction does not change the other.
    let one = render("--region tokyo --direction in --format junos");
    let before = JunosConfig::default().load(&old);
    let mut after = JunosConfig::default().load(&old).load(&one);
    assert_eq!(
        after.filters.remove("twilio-sip-out").as_ref(),
        before.filters.get("twilio-sip-out")
    );
    let of_out = |config: &JunosConfig| {
        let lists = config.prefix_lists.clone().into_iter();
        lists
            .filter(|(name, _)| name.starts_with("twilio-sip-out-"))
            .collect::<Vec<_>>()
    };
    assert_eq!(of_out(&after), of_out(&before));
    assert_eq!(of_out(&after).len(), 3);
}

#[test]
fn junos_terms_contain_the_local_side() {
    let config =
        JunosConfig::default().load(&render(&format!("{LOCAL} --name PBX_a --format junos")));
    let local = [
        facts::network("192.0.2.10"),
        facts::network("198.51.100.0/24"),
    ];
    assert_eq!(config.prefix_lists["pbx-a-in-local"], local);
    assert_eq!(config.prefix_lists["pbx-a-out-local"], local);
    let term = |filter: &str, name: &str| {
        let mut terms = config.filters[filter].iter();
        let from = &terms.find(|term| term.name == name).unwrap().from;
        let words = from
            .iter()
            .map(|(name, values)| format!("{name} {}", values.join(" ")));
        words.collect::<Vec<_>>()
    };
    assert_eq!(
        term("pbx-a-in", "media"),
        [
            "destination-port 30000-30999",
            "destination-prefix-list pbx-a-in-local",
            "protocol udp",
            "source-prefix-list pbx-a-in-media",
        ]
    );
    assert_eq!(
        term("pbx-a-out", "signaling-tls-way-back"),
        [
            "destination-prefix-list pbx-a-out-signaling",
            "protocol tcp",
            "source-port 5071",
            "source-prefix-list pbx-a-out-local",
            "tcp-established ",
        ]
    );
}

#[test]
fn another_junos_parser_reads_the_same_filter() {
    let Some(python) = python("another_junos_parser_reads_the_same_filter") else {
        return;
    };
    for (case, value) in Rendered::new("junos").read_by(&python, "junos_json.py", &[]) {
        assert_exact(case, "junos", &JunosConfig::from_json(&value).allowed());
    }
}

impl JunosConfig {
    /// The terms in order. Each one accepts.
    fn clauses(&self) -> Vec<Clause> {
        let mut clauses = Vec::new();
        for (filter, terms) in &self.filters {
            for term in terms {
                let key = term.key(direction(filter));
                let side = |side| self.addresses(term, side, &mut Vec::new());
                clauses.push(Clause {
                    permit: true,
                    quick: true,
                    source: side("source").unwrap_or(vec![readers::ANYWHERE]),
                    destination: side("destination").unwrap_or(vec![readers::ANYWHERE]),
                    opening: false,
                    line: term.name.clone(),
                    key,
                });
            }
        }
        clauses
    }
}

/// The relevant lines of a mutant. Lines of other filters, duplicate lines and removals of absent parts
/// are left out, and host bits are removed from prefixes.
fn junos_lines(mutant: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for line in mutant.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        let matters = match words[..] {
            ["delete", ..] => {
                let set = line.replacen("delete", "set", 1);
                kept.iter().any(|earlier| earlier.starts_with(&set))
            }
            ["set", "firewall", "family", "inet", "filter", name, ..] => {
                ["twilio-sip-in", "twilio-sip-out"].contains(&name)
            }
            _ => true,
        };
        let masked = match words[..] {
            ["set", "policy-options", "prefix-list", _, prefix] => {
                line.replace(prefix, &without_host_bits(prefix))
            }
            _ => line.to_owned(),
        };
        if matters && !kept.contains(&masked) {
            kept.push(masked);
        }
    }
    kept.join("\n")
}

fn without_host_bits(prefix: &str) -> String {
    let (address, length) = prefix.split_once('/').unwrap_or((prefix, "32"));
    let size = 1u64 << (32 - length.parse::<u32>().unwrap());
    let start = u64::from(facts::address(address)) / size * size;
    let bytes = u32::try_from(start).unwrap().to_be_bytes();
    format!("{}/{length}", bytes.map(|b| b.to_string()).join("."))
}

/// True if every packet of the packet tests gets the verdict that follows from the published networks.
fn junos_means_the_same(mutant: &str, selected: &Selected) -> Result<(), String> {
    let clauses = mutate::read(|| {
        let mut config = JunosConfig::default().load(&junos_lines(mutant));
        for term in config.filters.values_mut().flatten() {
            term.accepts = true;
        }
        config.clauses()
    })?;
    mutate::pass_as_published(&clauses, selected, Tcp::WayBack)
}

#[test]
fn check_finds_every_mutant_of_a_junos_filter() {
    mutate::assert_none_is_missed("junos", 2_000, |_| (), junos_means_the_same);
}

/// The form with braces, as an independent program writes it.
#[test]
fn a_junos_filter_with_braces_is_equivalent() {
    let Some(python) = python("a_junos_filter_with_braces_is_equivalent") else {
        return;
    };
    for (case, value) in Rendered::new("junos").read_by(&python, "junos_braces.py", &[]) {
        let policy = policy_of_case(case);
        let text = value.as_str().unwrap();
        assert!(text.contains("    family inet {\n"), "{text}");
        assert_in_sync(&case.options(), "junos", &policy, text);
        for (old, new, is_same) in [
            ("protocol udp;", "protocol tcp;", false),
            ("        term ", "        inactive: term ", false),
            ("        term ", "        protect: term ", true),
        ] {
            let other = text.replacen(old, new, 1);
            let found = drift("junos", &policy, &other);
            assert_eq!(found.is_ok_and(|drift| drift.is_none()), is_same, "{other}");
        }
    }
}

/// The filter and the address lists of a router after a script.
#[derive(Debug, Default, PartialEq)]
struct RouterOs {
    /// The properties of each rule, in order.
    rules: Vec<BTreeMap<String, String>>,
    /// The comment by list and address.
    entries: BTreeMap<(String, Range), String>,
}

impl RouterOs {
    fn import(mut self, script: &str) -> RouterOs {
        let mut menu = "";
        for line in script.lines().filter(|line| !line.starts_with('#')) {
            let words = routeros_words(line);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match (menu, &words[..]) {
                (_, ["/ip", "firewall", below @ ("filter" | "address-list")]) => {
                    menu = if *below == "filter" { "filter" } else { "list" };
                }
                ("filter", ["remove", "[find", "where", what] | ["remove", "[find", what]) => {
                    let chain = what
                        .strip_prefix("chain=")
                        .and_then(|n| n.strip_suffix(']'));
                    self.rules
                        .retain(|rule| rule["chain"] != chain.expect(line));
                }
                ("list", ["remove", "[find", "where", what] | ["remove", "[find", what]) => {
                    let list = what.strip_prefix("list=").and_then(|n| n.strip_suffix(']'));
                    self.entries.retain(|(of, _), _| of != list.expect(line));
                }
                ("filter", ["add", properties @ ..]) => {
                    self.rules.push(routeros_properties(properties, line));
                }
                ("list", ["add", properties @ ..]) => self.enter(properties, line),
                _ => panic!("{line}"),
            }
        }
        self
    }

    /// RouterOS rejects an address that is already in the list.
    fn enter(&mut self, properties: &[&str], line: &str) {
        let mut entry = routeros_properties(properties, line);
        let mut take = |name: &str| entry.remove(name);
        let list = take("list").expect(line);
        let address = facts::network(&take("address").expect(line));
        let comment = take("comment").unwrap_or_default();
        assert!(entry.is_empty(), "{line}");
        let before = self.entries.insert((list, address), comment);
        assert_eq!(before, None, "failure: already have such entry: {line}");
    }

    /// The rules of both chains. The first match decides.
    fn clauses(&self) -> Vec<Clause> {
        let ours = |rule: &&BTreeMap<String, String>| {
            ["twilio-sip-in", "twilio-sip-out"].contains(&rule["chain"].as_str())
        };
        let clause = |rule: &BTreeMap<String, String>| {
            let mut rule = rule.clone();
            rule.remove("comment");
            let mut take = |name: &str| rule.remove(name);
            let direction = direction(&take("chain").unwrap());
            let permit = match take("action").as_deref() {
                None | Some("accept") => true,
                Some("drop") => false,
                other => panic!("{other:?}"),
            };
            let mut side = |side: &str| match (
                take(&format!("{side}-address-list")),
                take(&format!("{side}-address")),
            ) {
                (None, None) => vec![ANYWHERE],
                (None, Some(address)) => vec![facts::network(&address)],
                (Some(list), None) => {
                    let entries = self.entries.keys().filter(|(of, _)| *of == list);
                    entries.map(|(_, address)| *address).collect()
                }
                both => panic!("{both:?}"),
            };
            let (source, destination) = (side("src"), side("dst"));
            let mut port = |name| take(name).map_or(ANY_PORT, |text| ports(&text, '-'));
            let (source_ports, destination_ports) = (port("src-port"), port("dst-port"));
            let protocol = rule.remove("protocol").expect("a protocol");
            assert!(rule.is_empty(), "{rule:?}");
            Clause {
                permit,
                quick: true,
                key: Key {
                    direction,
                    protocol,
                    source_ports,
                    destination_ports,
                    established: false,
                },
                source,
                destination,
                opening: false,
                line: String::new(),
            }
        };
        self.rules.iter().filter(ours).map(clause).collect()
    }

    fn allowed(&self) -> Allowed {
        let mut allowed = Allowed::new();
        let mut used = Vec::new();
        for rule in &self.rules {
            let mut rule = rule.clone();
            rule.remove("comment").expect("a comment");
            let mut take = |name: &str| rule.remove(name);
            let direction = direction(&take("chain").expect("a chain"));
            assert_eq!(take("action").as_deref(), Some("accept"));
            let side = if direction == "in" { "src" } else { "dst" };
            let list = take(&format!("{side}-address-list"));
            let single = take(&format!("{side}-address"));
            let networks = match (list, single) {
                (Some(list), None) => {
                    used.push(list.clone());
                    let entries = self.entries.keys().filter(|(of, _)| *of == list);
                    entries.map(|(_, address)| *address).collect::<Vec<_>>()
                }
                (None, Some(address)) => vec![facts::network(&address)],
                both => panic!("{both:?}"),
            };
            assert!(!networks.is_empty(), "an empty list");
            let mut port = |name| take(name).map_or(ANY_PORT, |text| ports(&text, '-'));
            let (source_ports, destination_ports) = (port("src-port"), port("dst-port"));
            let key = Key {
                direction,
                protocol: rule.remove("protocol").expect("a protocol"),
                source_ports,
                destination_ports,
                established: false,
            };
            assert!(rule.is_empty(), "{rule:?}");
            allowed.entry(key).or_default().extend(networks);
        }
        let unused = |(list, _): &&(String, Range)| !used.contains(list);
        assert_eq!(self.entries.keys().find(unused), None);
        allowed
    }
}

/// The words of a line, with strings without quotes. Fails at a character that a string must not
/// contain.
fn routeros_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = line.chars();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        let word = words.last_mut().unwrap();
        match c {
            '"' => in_string = !in_string,
            '\\' if in_string => {
                let escaped = chars.next().expect(line);
                assert!("\"\\$?".contains(escaped), "{line}");
                word.push(escaped);
            }
            '$' | '?' => panic!("the string contains a variable or '?': {line}"),
            ' ' if !in_string => words.push(String::new()),
            _ => {
                let plain = c.is_ascii_alphanumeric() || "/-.=[]".contains(c);
                assert!(in_string || plain, "{c:?}: {line}");
                word.push(c);
            }
        }
    }
    assert!(
        !in_string && words.iter().all(|word| !word.is_empty()),
        "{line}"
    );
    words
}

fn routeros_properties(words: &[&str], line: &str) -> BTreeMap<String, String> {
    let pairs = words.iter().map(|word| word.split_once('=').expect(line));
    let pairs: BTreeMap<_, _> = pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    assert_eq!(pairs.len(), words.len(), "{line}");
    pairs
}

#[test]
fn a_mikrotik_script_replaces_the_previous_rules() {
    let old = render(&format!(
        "{UNION} --local-address 192.0.2.1 --format mikrotik"
    ));
    let others = "/ip firewall filter\nadd chain=input action=accept protocol=icmp comment=\"ping\"\n\
                  add chain=twilio-sip-in-2 action=accept protocol=icmp comment=\"ping\"\n\
                  /ip firewall address-list\nadd list=twilio-sip address=192.0.2.9\n";
    for new in [
        "--region tokyo",
        "--plane media",
        "--direction in",
        UNION,
        LOCAL,
    ] {
        let new = render(&format!("{new} --format mikrotik"));
        let alone = RouterOs::default().import(others).import(&new);
        let both = RouterOs::default().import(others).import(&old).import(&new);
        assert_eq!(both.import(&new), alone, "{new}");
    }
}

#[test]
fn mikrotik_rules_contain_the_local_side_and_the_origin_of_networks() {
    let router = RouterOs::default().import(&render(&format!(
        "{LOCAL} --edition regional,global --name PBX_a --format mikrotik"
    )));
    let entry = |list: &str, address: &str| {
        let key = (list.to_owned(), facts::network(address));
        router.entries.get(&key).map(String::as_str)
    };
    assert_eq!(entry("pbx-a-local", "192.0.2.10"), Some(""));
    assert_eq!(entry("pbx-a-local", "198.51.100.0/24"), Some(""));
    let label = Some("tokyo (regional, global)");
    assert_eq!(entry("pbx-a-signaling", "54.65.63.192/30"), label);
    let rules = |chain: &str| {
        let rules = router.rules.iter().filter(|rule| rule["chain"] == chain);
        let words = |rule: &BTreeMap<String, String>| {
            let words = rule.iter().map(|(name, value)| format!("{name}={value}"));
            words.collect::<Vec<_>>().join(" ")
        };
        rules.map(words).collect::<Vec<_>>()
    };
    assert_eq!(
        rules("pbx-a-in")[2..],
        [
            "action=accept chain=pbx-a-in comment=signaling tls dst-address-list=pbx-a-local \
             dst-port=5071 protocol=tcp src-address-list=pbx-a-signaling",
            "action=accept chain=pbx-a-in comment=media dst-address-list=pbx-a-local \
             dst-port=30000-30999 protocol=udp src-address-list=pbx-a-media",
            "action=accept chain=pbx-a-in comment=media: all regions (global) \
             dst-address-list=pbx-a-local dst-port=30000-30999 protocol=udp \
             src-address=168.86.128.0/18",
        ]
    );
}

/// True if every packet of the packet tests gets the verdict that follows from the published networks.
#[test]
fn check_finds_every_mutant_of_a_mikrotik_script() {
    let means_the_same = |text: &str, selected: &Selected| {
        let clauses = mutate::read(|| RouterOs::default().import(text).clauses())?;
        mutate::pass_as_published(&clauses, selected, Tcp::Any)
    };
    mutate::assert_none_is_missed("mikrotik", 2_000, |_| (), means_the_same);
}

/// The rules that fwshift reads in an output, as `tests/peers/fwshift_rules.py` prints them.
fn fwshift_allowed(value: &Value) -> Allowed {
    let mut allowed = Allowed::new();
    for (direction_of, connections) in value.as_object().unwrap() {
        let direction = if direction_of == "in" { "in" } else { "out" };
        for connection in connections.as_array().unwrap() {
            let text = |name: &str| connection[name].as_str().unwrap();
            let list = |name: &str| -> Vec<String> {
                let list = connection[name].as_array().unwrap();
                list.iter()
                    .map(|item| item.as_str().unwrap().to_owned())
                    .collect()
            };
            let port = |name: &str| match text(name) {
                "" => ANY_PORT,
                range => ports(range, '-'),
            };
            let (remote, local) = match direction {
                "in" => ("sources", "destinations"),
                _ => ("destinations", "sources"),
            };
            let local = list(local);
            assert!(local == ["any"] || local == ["0.0.0.0/0"], "{connection}");
            let key = Key {
                direction,
                protocol: text("protocol").to_owned(),
                source_ports: port("source ports"),
                destination_ports: port("destination ports"),
                established: false,
            };
            let networks = list(remote);
            let networks = networks.iter().map(|text| facts::network(text));
            allowed.entry(key).or_default().extend(networks);
        }
    }
    allowed
}

#[test]
fn another_firewall_converter_reads_the_same_rules() {
    let Some(python) = python("another_firewall_converter_reads_the_same_rules") else {
        return;
    };
    for format in ["mikrotik", "cisco-asa"] {
        let rendered = Rendered::new(format);
        for (case, value) in rendered.read_by(&python, "fwshift_rules.py", &[format]) {
            assert_exact(case, format, &fwshift_allowed(&value));
        }
    }
}

/// The object groups and access lists of an ASA after some commands.
#[derive(Debug, Default, PartialEq)]
struct Asa {
    groups: BTreeMap<String, Vec<Range>>,
    /// The lines, without the name of the list.
    lists: BTreeMap<String, Vec<String>>,
}

impl Asa {
    fn enter(mut self, text: &str) -> Asa {
        let mut open = None;
        for line in text.lines().filter(|line| !line.starts_with('!')) {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["", "network-object", ref address @ ..] => {
                    let (range, rest) = asa_address(address, line);
                    assert!(rest.is_empty(), "{line}");
                    let members = self.groups.get_mut(open.expect(line)).unwrap();
                    assert!(!members.contains(&range), "{line}");
                    members.push(range);
                    continue;
                }
                ["object-group", "network", name] => {
                    self.groups.entry(asa_name(name).to_owned()).or_default();
                    open = Some(name);
                    continue;
                }
                ["no", "object-group", "network", name] => {
                    let word = format!("object-group {}", asa_name(name));
                    let is_used = |line: &String| format!("{line} ").contains(&format!("{word} "));
                    let used = self.lists.values().flatten().any(is_used);
                    assert!(!used, "the group is in use: {line}");
                    self.groups.remove(name);
                }
                ["clear", "configure", "access-list", name] => {
                    self.lists.remove(asa_name(name));
                }
                ["access-list", name, ref rest @ ..] => {
                    let lines = self.lists.entry(asa_name(name).to_owned()).or_default();
                    lines.push(rest.join(" "));
                }
                _ => panic!("{line}"),
            }
            open = None;
        }
        self
    }

    fn allowed(&self) -> Allowed {
        let mut allowed = Allowed::new();
        let mut used = Vec::new();
        for (list, lines) in &self.lists {
            for line in lines {
                if let Some(remark) = line.strip_prefix("remark ") {
                    assert!((1..=100).contains(&remark.len()), "{line}");
                    continue;
                }
                let words: Vec<&str> = line.split(' ').collect();
                let [
                    "extended",
                    "permit",
                    protocol @ ("tcp" | "udp"),
                    ref rest @ ..,
                ] = words[..]
                else {
                    panic!("{line}");
                };
                let (source, source_ports, rest) = self.side(rest, line, &mut used);
                let (destination, destination_ports, rest) = self.side(rest, line, &mut used);
                assert!(rest.is_empty(), "{line}");
                let direction = direction(list);
                let (remote, local) = match direction {
                    "in" => (source, destination),
                    _ => (destination, source),
                };
                assert_eq!(local, None, "{line}");
                let key = Key {
                    direction,
                    protocol: protocol.to_owned(),
                    source_ports,
                    destination_ports,
                    established: false,
                };
                allowed.entry(key).or_default().extend(remote.expect(line));
            }
        }
        let defined: Vec<&str> = self.groups.keys().map(String::as_str).collect();
        used.sort_unstable();
        used.dedup();
        assert_eq!(
            used, defined,
            "groups that no entry uses, or that are missing"
        );
        allowed
    }

    /// The addresses (`None` means any), the ports, and the remaining words.
    fn side<'w, 't>(
        &self,
        words: &'w [&'t str],
        line: &str,
        used: &mut Vec<&'t str>,
    ) -> (Option<Vec<Range>>, (u16, u16), &'w [&'t str]) {
        let (networks, rest) = match words {
            ["any", rest @ ..] => (None, rest),
            ["object-group", name, rest @ ..] => {
                used.push(name);
                let members = self.groups.get(*name).expect(line).clone();
                assert!(!members.is_empty(), "an empty group: {line}");
                (Some(members), rest)
            }
            _ => {
                let (range, rest) = asa_address(words, line);
                (Some(vec![range]), rest)
            }
        };
        match rest {
            ["eq", port, rest @ ..] => (networks, ports(port, ' '), rest),
            ["range", first, last, rest @ ..] => {
                (networks, ports(&format!("{first} {last}"), ' '), rest)
            }
            _ => (networks, ANY_PORT, rest),
        }
    }
}

/// Reads `host ADDRESS`, or an address and a subnet mask. Also returns the remaining words.
fn asa_address<'w, 't>(words: &'w [&'t str], line: &str) -> (Range, &'w [&'t str]) {
    match words {
        ["host", address, rest @ ..] => (facts::network(address), rest),
        [address, mask, rest @ ..] => {
            let (first, mask) = (facts::address(address), facts::address(mask));
            assert!((u64::from(!mask) + 1).is_power_of_two(), "{line}");
            assert!(mask != u32::MAX && first & !mask == 0, "{line}");
            ((first, first | !mask), rest)
        }
        _ => panic!("{line}"),
    }
}

/// At most 64 letters, digits and hyphens.
fn asa_name(name: &str) -> &str {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    assert!(!name.is_empty() && name.len() <= 64, "{name}");
    assert!(name.chars().all(plain), "{name}");
    name
}

#[test]
fn an_asa_load_replaces_the_previous_rules() {
    let old = render(&format!(
        "{UNION} --local-address 192.0.2.1 --format cisco-asa"
    ));
    for new in ["--region tokyo", "--plane media", UNION, LOCAL] {
        let new = render(&format!("{new} --format cisco-asa"));
        let both = Asa::default().enter(&old).enter(&new).enter(&new);
        assert_eq!(both, Asa::default().enter(&new), "{new}");
    }
    // Loading one direction does not change the other.
    let one = Asa::default()
        .enter(&old)
        .enter(&render("--region tokyo --direction in --format cisco-asa"));
    let before = Asa::default().enter(&old);
    let list = "TWILIO-SIP-OUT";
    assert_eq!(one.lists[list], before.lists[list]);
    for group in ["SIGNALING", "MEDIA", "LOCAL"] {
        let group = format!("{list}-{group}");
        assert_eq!(one.groups[&group], before.groups[&group]);
    }
}

/// The lines with commands about access lists and groups, in the form that the reader above requires.
/// An ASA rejects other lines. A duplicate member of a group, the removal of an unknown name, and an
/// empty group have no effect.
fn asa_commands(text: &str) -> String {
    let is_odd = |name: &str| name.contains(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let remarks_another = |name: &str| !["TWILIO-SIP-IN", "TWILIO-SIP-OUT"].contains(&name);
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let line = match words[..] {
            ["network-object", ..] => format!(" {}", words.join(" ")),
            ["access-list", name, "remark", _, ..] if remarks_another(name) => continue,
            ["no", "object-group", _, name] | ["clear", _, "access-list", name] if is_odd(name) => {
                continue;
            }
            ["object-group", "network", name] if name.ends_with("-LOCAL") => continue,
            ["no", "object-group", ..] | ["access-list" | "object-group" | "clear", ..] => {
                words.join(" ")
            }
            _ => continue,
        };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

#[test]
fn check_finds_every_mutant_of_an_asa_access_list() {
    let make_renderable = |selected: &mut Selected| selected.rtp_ports = None;
    mutate::assert_none_is_missed("cisco-asa", 2000, make_renderable, |text, selected| {
        let found = mutate::read(|| Asa::default().enter(&asa_commands(text)).allowed())?;
        let case = Case {
            edition: selected.editions.join(","),
            region: selected.region.clone(),
            direction: selected.direction,
            plane: selected.plane,
        };
        let of_direction = |key: &Key| ["both", key.direction].contains(&selected.direction);
        let found = found.into_iter().filter(|(key, _)| of_direction(key));
        let expected = facts::lines(&facts::expected(&case, false));
        if facts::lines(&found.collect()) == expected {
            Ok(())
        } else {
            Err("it allows something else".to_owned())
        }
    });
}

#[test]
fn asa_entries_contain_the_local_side() {
    let asa = Asa::default().enter(&render(&format!("{LOCAL} --name PBX_a --format cisco-asa")));
    let local = [
        facts::network("192.0.2.10"),
        facts::network("198.51.100.0/24"),
    ];
    assert_eq!(asa.groups["PBX-A-IN-LOCAL"], local);
    assert_eq!(asa.groups["PBX-A-OUT-LOCAL"], local);
    let last = |list: &str| asa.lists[list].last().cloned();
    assert_eq!(
        last("PBX-A-IN").as_deref(),
        Some(
            "extended permit udp object-group PBX-A-IN-MEDIA object-group PBX-A-IN-LOCAL \
             range 30000 30999"
        )
    );
    assert_eq!(
        last("PBX-A-OUT").as_deref(),
        Some(
            "extended permit udp object-group PBX-A-OUT-LOCAL object-group PBX-A-OUT-MEDIA \
             range 10000 20000"
        )
    );
}
