//! Small strict readers for the output of each format, independent of the program.
//!
//! They know only the grammar of the program's own output, and the deny rules that some tests add to
//! it. Any other text is a failure that names the line. A reader can be asked about a packet, by the
//! rules of each firewall: the first match decides in iptables, nftables and a Cisco access list, the
//! last one in pf unless it is `quick`, and any match in an AWS security group. A packet without a
//! match does not pass.
//!
//! Sources: iptables(8) and iptables-extensions(8); nft(8), "Rules" and "Sets"; pf.conf(5), "PACKET
//! FILTERING", "TABLES" and "GRAMMAR"; Amazon VPC User Guide, "Security group rules", and the EC2 API
//! reference, `IpPermission`; Cisco IOS Security Command Reference, `permit (IP)`, `deny (IP)` and `ip
//! access-list`.

use std::collections::BTreeMap;

use super::facts::{ANY_PORT, Allowed, Key, Range, address, network, with_single_ports};

/// A packet as a firewall sees it. In inbound packets, `source` is the remote side.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    pub direction: &'static str,
    pub protocol: &'static str,
    pub source: u32,
    pub source_port: u16,
    pub destination: u32,
    pub destination_port: u16,
    /// For TCP, true in packets of an established connection and false in packets that open one.
    pub ack: bool,
    /// For TCP, the flags in addition to ACK in a packet of an established connection.
    pub flag: Flag,
}

/// The kind of a TCP packet with ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    None,
    Syn,
    Fin,
    Rst,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Clause {
    pub permit: bool,
    /// True if a match ends the search. Only pf has other rules.
    pub quick: bool,
    pub key: Key,
    pub source: Vec<Range>,
    pub destination: Vec<Range>,
    /// For TCP, true if only packets that open a connection match, as with `flags S/SA` in pf.
    pub opening: bool,
    pub line: String,
}

pub const ANYWHERE: Range = (0, u32::MAX);

impl Clause {
    fn matches(&self, packet: &Packet) -> bool {
        let within = |ranges: &[Range], address: u32| {
            ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&address))
        };
        let port = |(first, last): (u16, u16), port: u16| (first..=last).contains(&port);
        let key = &self.key;
        key.direction == packet.direction
            && key.protocol == packet.protocol
            && within(&self.source, packet.source)
            && within(&self.destination, packet.destination)
            && port(key.source_ports, packet.source_port)
            && port(key.destination_ports, packet.destination_port)
            && (!key.established || packet.ack)
            && !(self.opening && packet.ack)
    }
}

/// Returns true if the ruleset passes the packet, and the line that decides.
pub fn passes<'a>(clauses: &'a [Clause], packet: &Packet) -> (bool, &'a str) {
    let mut verdict = (false, "(no line matches)");
    for clause in clauses.iter().filter(|clause| clause.matches(packet)) {
        verdict = (clause.permit, clause.line.as_str());
        if clause.quick {
            break;
        }
    }
    verdict
}

/// The rules of an output in any format.
pub fn clauses(format: &str, text: &str) -> Vec<Clause> {
    match format {
        "iptables" => iptables(text),
        "nftables" => nftables(text),
        "pf" => pf(text),
        "aws-sg" => aws_sg(text),
        "cisco" => cisco(text),
        _ => panic!("no reader for {format}"),
    }
}

/// The sets and chains of the unit in a listing, as one table.
pub fn unit_blocks(listing: &str) -> String {
    let table = listing
        .split("table inet filter {\n")
        .nth(1)
        .expect(listing);
    let table = table.split("\n}\n").next().unwrap();
    let ours = [
        "set twilio_sip_signaling {",
        "set twilio_sip_media {",
        "chain twilio_sip_in {",
        "chain twilio_sip_out {",
    ];
    let blocks = table
        .split("\n\n")
        .filter(|block| ours.iter().any(|head| block.trim_start().starts_with(head)));
    let blocks: Vec<&str> = blocks.collect();
    assert_eq!(blocks.len(), ours.len(), "{listing}");
    format!("\ntable inet filter {{\n{}\n}}\n", blocks.join("\n"))
}

/// The lines of the unit in the output of `iptables-save`.
pub fn unit_lines(text: &str) -> String {
    let lines = text.lines().filter(|line| {
        line.starts_with(":TWILIO-SIP-IN ")
            || line.starts_with(":TWILIO-SIP-OUT ")
            || line.starts_with("-A TWILIO-SIP-IN ")
            || line.starts_with("-A TWILIO-SIP-OUT ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The packets that an output allows from and to any local address. Networks are not merged.
pub fn read(format: &str, text: &str) -> Allowed {
    allowed(clauses(format, text))
}

/// The packets that clauses allow from and to any local address. Networks are not merged.
pub fn allowed(clauses: Vec<Clause>) -> Allowed {
    let mut allowed = Allowed::new();
    for clause in clauses {
        assert!(clause.permit && clause.quick, "{}", clause.line);
        let (remote, local) = match clause.key.direction {
            "in" => (clause.source, clause.destination),
            _ => (clause.destination, clause.source),
        };
        assert_eq!(local, [ANYWHERE], "{}", clause.line);
        assert_ne!(remote, [ANYWHERE], "{}", clause.line);
        allowed.entry(clause.key).or_default().extend(remote);
    }
    with_single_ports(allowed)
}

fn permit(key: Key, source: Vec<Range>, destination: Vec<Range>, line: &str) -> Clause {
    Clause {
        permit: true,
        quick: true,
        key,
        source,
        destination,
        opening: false,
        line: line.trim().to_owned(),
    }
}

fn port_range(text: &str, separator: char) -> (u16, u16) {
    let (first, last) = text.split_once(separator).unwrap_or((text, text));
    (first.parse().expect(text), last.parse().expect(text))
}

fn key(direction: &'static str, protocol: &str, destination_ports: (u16, u16)) -> Key {
    Key {
        direction,
        protocol: protocol.to_owned(),
        source_ports: ANY_PORT,
        destination_ports,
        established: false,
    }
}

fn direction(name: &str) -> &'static str {
    if name.ends_with("in") || name.ends_with("IN") {
        "in"
    } else {
        assert!(name.ends_with("out") || name.ends_with("OUT"), "{name}");
        "out"
    }
}

/// Splits a line into words. Text in double quotes is one word.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = if let Some(quoted) = rest.strip_prefix('"') {
            quoted.find('"').expect(line) + 2
        } else {
            rest.find(' ').unwrap_or(rest.len())
        };
        words.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    words
}

fn iptables(text: &str) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut seen = Vec::new();
    for line in text.lines() {
        if line.starts_with('#') {
            continue;
        }
        if line == "*filter" || line == "COMMIT" || line.ends_with(" - [0:0]") {
            seen.push(line);
            continue;
        }
        let words = words(line);
        let mut options = BTreeMap::new();
        let mut at = 0;
        while at < words.len() {
            let (option, value) = (words[at].as_str(), words[at + 1].as_str());
            match option {
                "-A" | "-s" | "-d" | "-p" | "--sport" | "--dport" | "--comment" | "-j" => {
                    assert!(options.insert(option, value).is_none(), "{line}");
                }
                "-m" => assert!(value == "comment" || value == options["-p"], "{line}"),
                _ => panic!("{option} in {line}"),
            }
            at += 2;
        }
        assert_eq!(options["-j"], "ACCEPT", "{line}");
        let side = |option: &str| {
            let text = options.get(option);
            text.map_or(vec![ANYWHERE], |text| {
                assert!(text.contains('/'), "{line}");
                vec![network(text)]
            })
        };
        let ports = port_range(options["--dport"], ':');
        let key = key(direction(options["-A"]), options["-p"], ports);
        clauses.push(permit(key, side("-s"), side("-d"), line));
    }
    assert_eq!(seen[0], "*filter");
    assert_eq!(seen[seen.len() - 1], "COMMIT");
    assert_eq!(seen.len(), 4, "{seen:?}");
    clauses
}

/// `{ a comment "x", b comment "y" }` without the braces.
fn nft_elements(text: &str) -> Vec<Range> {
    let elements = text.trim().trim_end_matches(',').split("\",");
    elements
        .map(|element| {
            let words = words(&format!("{}\"", element.trim().trim_end_matches('"')));
            assert_eq!(words[1], "comment", "{element}");
            assert_eq!(words.len(), 3, "{element}");
            network(&words[0])
        })
        .collect()
}

fn nftables(text: &str) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut sets: BTreeMap<String, Vec<Range>> = BTreeMap::new();
    let fill = text.rfind("\ntable ").expect("a table");
    let mut lines = text[fill + 1..].lines();
    let mut inside: Vec<String> = Vec::new();
    let mut elements: Option<String> = None;
    assert_eq!(lines.next(), Some("table inet filter {"));
    for line in lines {
        let mut line = line.trim();
        // The program's own output has one element per line. A listing can break the lines anywhere.
        if let Some(rest) = line.strip_prefix("elements = {") {
            elements = Some(String::new());
            line = rest;
        }
        if let Some(collected) = &mut elements {
            collected.push_str(line.trim_end_matches('}').trim());
            collected.push(' ');
            if line.ends_with('}') {
                let name = inside[0].split(' ').nth(1).unwrap().to_owned();
                sets.insert(name, nft_elements(collected));
                elements = None;
            }
        } else if let Some(head) = line.strip_suffix(" {") {
            assert!(inside.is_empty(), "{line}");
            inside.push(head.to_owned());
        } else if line == "}" {
            inside.pop();
        } else if inside[0].starts_with("set ") {
            assert!(
                line == "type ipv4_addr" || line == "flags interval",
                "{line}"
            );
        } else {
            clauses.push(nft_rule(line, direction(&inside[0]), &sets));
        }
    }
    clauses
}

fn nft_rule(line: &str, direction: &'static str, sets: &BTreeMap<String, Vec<Range>>) -> Clause {
    let (mut source, mut destination) = (vec![ANYWHERE], vec![ANYWHERE]);
    let mut rest = line;
    while let Some(matched) = rest.strip_prefix("ip ") {
        let (field, after) = matched.split_once(' ').expect(line);
        let ranges;
        (ranges, rest) = if let Some(anonymous) = after.strip_prefix("{ ") {
            let (inside, after) = anonymous.split_once(" } ").expect(line);
            let plain = || inside.split(", ").map(network).collect();
            let commented = inside.contains("comment");
            (
                if commented {
                    nft_elements(inside)
                } else {
                    plain()
                },
                after,
            )
        } else {
            let (name, after) = after.split_once(' ').expect(line);
            let named = name.strip_prefix('@').map(|set| sets[set].clone());
            (named.unwrap_or_else(|| vec![network(name)]), after)
        };
        match field {
            "saddr" => source = ranges,
            "daddr" => destination = ranges,
            _ => panic!("{field} in {line}"),
        }
    }
    let words = words(rest);
    assert_eq!(words[1], "dport", "{line}");
    assert_eq!(words[3..5], ["accept", "comment"], "{line}");
    assert_eq!(words.len(), 6, "{line}");
    let key = key(direction, &words[0], port_range(&words[2], '-'));
    permit(key, source, destination, line)
}

/// The part of the grammar of FreeBSD, OpenBSD and macOS that the program's output uses.
fn pf(text: &str) -> Vec<Clause> {
    assert!(text.ends_with('\n'), "pf requires a newline at the end");
    let lines = || {
        text.lines()
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
    };
    let mut tables: BTreeMap<String, Vec<Range>> = BTreeMap::new();
    // A table also applies to rules before it.
    for line in lines().filter(|line| line.starts_with("table ")) {
        let (name, members) = pf_table(line);
        assert!(tables.insert(name.to_owned(), members).is_none(), "{line}");
    }
    let rules = lines().filter(|line| !line.starts_with("table "));
    rules.map(|line| pf_rule(line, &tables)).collect()
}

fn pf_table(line: &str) -> (&str, Vec<Range>) {
    let rest = line.strip_prefix("table <").expect(line);
    let (name, rest) = rest.split_once('>').expect(line);
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    assert!(name.len() <= 31 && plain, "{line}");
    let members = rest.strip_prefix(" const { ").or(rest.strip_prefix(" { "));
    let members = members.expect(line).strip_suffix(" }").expect(line);
    (name, members.split(' ').map(masked).collect())
}

fn pf_rule(line: &str, tables: &BTreeMap<String, Vec<Range>>) -> Clause {
    let (rule, label) = line.split_once(" label ").unwrap_or((line, "\"\""));
    let label = label
        .strip_prefix('"')
        .and_then(|l| l.strip_suffix('"'))
        .expect(line);
    assert!(label.len() <= 63 && !label.contains(['"', '\\']), "{line}");
    let mut words = rule.split(' ').peekable();
    let permit = match words.next() {
        Some("pass") => true,
        Some("block") => false,
        _ => panic!("{line}"),
    };
    let way = words.next().expect(line);
    let quick = words.next_if_eq(&"quick").is_some();
    // IPv4 addresses make it a rule for IPv4.
    words.next_if_eq(&"inet");
    assert_eq!(words.next(), Some("proto"), "{line}");
    let protocol = words.next().expect(line);
    assert_eq!(words.next(), Some("from"), "{line}");
    let (source, source_ports) = pf_side(&mut words, tables, line);
    assert_eq!(words.next(), Some("to"), "{line}");
    let (destination, destination_ports) = pf_side(&mut words, tables, line);
    let state: Vec<&str> = words.collect();
    let stateful: &[&[&str]] = match (permit, protocol) {
        (true, "tcp") => &[
            &["flags", "S/SA", "keep", "state"],
            &["keep", "state"],
            &["flags", "S/SA"],
            &[],
        ],
        (true, _) => &[&["keep", "state"], &[]],
        (false, _) => &[&[]],
    };
    assert!(stateful.contains(&&state[..]), "{line}");
    let key = Key {
        direction: direction(way),
        protocol: protocol.to_owned(),
        source_ports,
        destination_ports,
        established: false,
    };
    Clause {
        permit,
        quick,
        opening: permit && protocol == "tcp",
        ..self::permit(key, source, destination, line)
    }
}

/// Optional addresses, and ports.
fn pf_side<'a>(
    words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
    tables: &BTreeMap<String, Vec<Range>>,
    line: &str,
) -> (Vec<Range>, (u16, u16)) {
    let host = words.next_if(|word| !matches!(*word, "port" | "to" | "flags" | "keep"));
    let ranges = match host.unwrap_or("any") {
        "any" => vec![ANYWHERE],
        host => match host.strip_prefix('<').and_then(|h| h.strip_suffix('>')) {
            Some(table) => tables[table].clone(),
            None => vec![masked(host)],
        },
    };
    let ports = words
        .next_if_eq(&"port")
        .map(|_| port_range(words.next().expect(line), ':'));
    (ranges, ports.unwrap_or(ANY_PORT))
}

/// A network whose host bits are ignored, as firewalls do.
fn masked(text: &str) -> Range {
    let (base, length) = text.split_once('/').unwrap_or((text, "32"));
    let length: u32 = length.parse().expect(text);
    let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
    let base = address(base) & !hosts;
    (base, base | hosts)
}

fn aws_sg(text: &str) -> Vec<Clause> {
    let value: serde_json::Value = serde_json::from_str(text).expect(text);
    let mut clauses = Vec::new();
    let object = value.as_object().expect("the value should be an object");
    for (name, permissions) in object {
        // With only one direction, the key is the same for in and out. The description contains the
        // direction.
        let both = object.len() == 2;
        for permission in permissions.as_array().expect("a list") {
            for range in permission["IpRanges"].as_array().expect("ranges") {
                let description = range["Description"].as_str().expect("a description");
                let way = if description.contains(" in, ") {
                    "in"
                } else {
                    "out"
                };
                assert!(description.contains(&format!(" {way}, ")), "{description}");
                let egress = name == "IpPermissionsEgress";
                assert!(egress || name == "IpPermissions", "{name}");
                assert!(!both || egress == (way == "out"), "{name}: {description}");
                let port = |name: &str| u16::try_from(permission[name].as_u64().unwrap()).unwrap();
                let ports = (port("FromPort"), port("ToPort"));
                let protocol = permission["IpProtocol"].as_str().unwrap();
                let remote = vec![network(range["CidrIp"].as_str().unwrap())];
                let (source, destination) = match way {
                    "in" => (remote, vec![ANYWHERE]),
                    _ => (vec![ANYWHERE], remote),
                };
                clauses.push(permit(
                    key(way, protocol, ports),
                    source,
                    destination,
                    description,
                ));
                assert_eq!(range.as_object().unwrap().len(), 2, "{range}");
            }
            assert_eq!(permission.as_object().unwrap().len(), 4, "{permission}");
        }
    }
    clauses
}

/// The variables of each plane that a file of `--format tfvars` sets, in each of the directions (Terraform
/// language, "Variable Definitions Files"). `//` is a comment.
pub fn tfvars(text: &str, directions: &[&'static str]) -> Vec<Clause> {
    let value: serde_json::Value = serde_json::from_str(text).expect(text);
    let variables = value.as_object().expect(text);
    let mut clauses = Vec::new();
    let mut known = vec!["//".to_owned()];
    for plane in ["signaling", "media"] {
        let own = ["cidr_blocks", "ports"].map(|end| format!("twilio_sip_{plane}_{end}"));
        let [networks, ports] = own.each_ref().map(|name| variables.get(name));
        known.extend(own);
        let (Some(networks), Some(ports)) = (networks, ports) else {
            assert!(networks.is_none() && ports.is_none(), "{text}");
            continue;
        };
        for ports in ports.as_array().expect(text) {
            assert_eq!(ports.as_object().expect(text).len(), 3, "{ports}");
            let port = |name: &str| u16::try_from(ports[name].as_u64().expect(text)).expect(text);
            let range = (port("from_port"), port("to_port"));
            let protocol = ports["protocol"].as_str().expect(text);
            for cidr in networks.as_array().expect(text) {
                let cidr = cidr.as_str().expect(text);
                assert!(cidr.contains('/'), "{cidr}");
                for &direction in directions {
                    let remote = vec![network(cidr)];
                    let (source, destination) = match direction {
                        "in" => (remote, vec![ANYWHERE]),
                        _ => (vec![ANYWHERE], remote),
                    };
                    let key = key(direction, protocol, range);
                    clauses.push(permit(key, source, destination, cidr));
                }
            }
        }
    }
    let unknown = variables.keys().find(|name| !known.contains(name));
    assert_eq!(unknown, None, "{text}");
    clauses
}

/// Entries apply in the order of their numbers. An entry without a number gets the last number plus 10.
fn cisco(text: &str) -> Vec<Clause> {
    let mut lists: BTreeMap<&str, BTreeMap<u32, Clause>> = BTreeMap::new();
    let mut list: Option<&str> = None;
    for line in text.lines().filter(|line| !line.starts_with('!')) {
        if let Some(name) = line.strip_prefix("no ip access-list extended ") {
            lists.remove(name);
            list = None;
        } else if let Some(name) = line.strip_prefix("ip access-list extended ") {
            lists.entry(name).or_default();
            list = Some(name);
        } else if let Some(remark) = line.trim_start().strip_prefix("remark ") {
            assert!(list.is_some() && remark.len() <= 100, "{line}");
        } else if let Some(name) = list.filter(|_| line.starts_with(' ') || is_entry(line)) {
            let entries = lists.get_mut(name).expect(line);
            let entry = line.trim_start();
            let digits = entry.bytes().take_while(u8::is_ascii_digit).count();
            let number = match &entry[..digits] {
                "" => entries.last_key_value().map_or(0, |(last, _)| *last) + 10,
                number => number.parse().expect(line),
            };
            let clause = cisco_entry(direction(name), entry[digits..].trim_start(), line);
            assert!(
                number > 0 && entries.insert(number, clause).is_none(),
                "{line}"
            );
        }
    }
    lists
        .into_values()
        .flat_map(BTreeMap::into_values)
        .collect()
}

fn is_entry(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_digit())
        || line.starts_with("permit ")
        || line.starts_with("deny ")
}

fn cisco_entry(direction: &'static str, entry: &str, line: &str) -> Clause {
    let mut words = entry.split(' ').filter(|word| !word.is_empty()).peekable();
    let permitted = match words.next() {
        Some("permit") => true,
        Some("deny") => false,
        _ => panic!("{line}"),
    };
    let protocol = words.next().expect(line);
    let (source, source_ports) = cisco_side(&mut words, line);
    let (destination, destination_ports) = cisco_side(&mut words, line);
    let established = words.next_if_eq(&"established").is_some();
    assert_eq!(words.next(), None, "{line}");
    let key = Key {
        direction,
        protocol: protocol.to_owned(),
        source_ports,
        destination_ports,
        established,
    };
    Clause {
        permit: permitted,
        ..permit(key, vec![source], vec![destination], line)
    }
}

/// Addresses and ports.
fn cisco_side<'a>(
    words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
    line: &str,
) -> (Range, (u16, u16)) {
    let range = match words.next().expect(line) {
        "any" => ANYWHERE,
        "host" => {
            let host = address(words.next().expect(line));
            (host, host)
        }
        first => {
            let wildcard = address(words.next().expect(line));
            assert!((u64::from(wildcard) + 1).is_power_of_two(), "{line}");
            let first = address(first) & !wildcard;
            (first, first | wildcard)
        }
    };
    let number = |word: Option<&str>| word.expect(line).parse::<u16>().expect(line);
    let ports = if words.next_if_eq(&"eq").is_some() {
        let port = number(words.next());
        (port, port)
    } else if words.next_if_eq(&"range").is_some() {
        (number(words.next()), number(words.next()))
    } else {
        ANY_PORT
    };
    (range, ports)
}
