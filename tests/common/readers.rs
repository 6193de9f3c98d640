//! Small strict readers of each format's output, sharing nothing with the program.
//!
//! They know the grammar of our own output and no more: whatever else stands in it is a failure.
//! They return what is allowed, and panic with the line where one is not understood.

use std::collections::BTreeMap;

use super::facts::{ANY_PORT, Allowed, Key, Range, address, network, normal};

/// What an output allows, in any format.
pub fn read(format: &str, text: &str) -> Allowed {
    normal(match format {
        "iptables" => iptables(text),
        "nftables" => nftables(text),
        "pf" => pf(text),
        "aws-sg" => aws_sg(text),
        "cisco" => cisco(text),
        _ => panic!("no reader for {format}"),
    })
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

/// Words, a text in double quotes being one.
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

fn iptables(text: &str) -> Allowed {
    let mut allowed = Allowed::new();
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
        let direction = direction(options["-A"]);
        let remote = if direction == "in" { "-s" } else { "-d" };
        assert_eq!(options.contains_key("-s"), remote == "-s", "{line}");
        assert!(options[remote].contains('/'), "{line}");
        let ports = port_range(options["--dport"], ':');
        allowed
            .entry(key(direction, options["-p"], ports))
            .or_default()
            .push(network(options[remote]));
    }
    assert_eq!(seen[0], "*filter");
    assert_eq!(seen[seen.len() - 1], "COMMIT");
    assert_eq!(seen.len(), 4, "{seen:?}");
    allowed
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

fn nftables(text: &str) -> Allowed {
    let mut allowed = Allowed::new();
    let mut sets: BTreeMap<String, Vec<Range>> = BTreeMap::new();
    let fill = text.rfind("\ntable ").expect("a table");
    let mut lines = text[fill + 1..].lines();
    let mut inside: Vec<String> = Vec::new();
    let mut elements: Option<String> = None;
    assert_eq!(lines.next(), Some("table inet filter {"));
    for line in lines {
        let line = line.trim();
        if let Some(collected) = &mut elements {
            if line == "}" {
                let name = inside[0].split(' ').nth(1).unwrap().to_owned();
                sets.insert(name, nft_elements(collected));
                elements = None;
            } else {
                collected.push_str(line);
            }
        } else if line == "elements = {" {
            elements = Some(String::new());
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
            let (key, ranges) = nft_rule(line, direction(&inside[0]), &sets);
            allowed.entry(key).or_default().extend(ranges);
        }
    }
    allowed
}

fn nft_rule(
    line: &str,
    direction: &'static str,
    sets: &BTreeMap<String, Vec<Range>>,
) -> (Key, Vec<Range>) {
    let field = if direction == "in" {
        "ip saddr "
    } else {
        "ip daddr "
    };
    let rest = line.strip_prefix(field).expect(line);
    let (ranges, rest) = if let Some(anonymous) = rest.strip_prefix("{ ") {
        let (inside, rest) = anonymous.split_once(" } ").expect(line);
        (nft_elements(inside), rest)
    } else {
        let (name, rest) = rest
            .strip_prefix('@')
            .expect(line)
            .split_once(' ')
            .expect(line);
        (sets[name].clone(), rest)
    };
    let words = words(rest);
    assert_eq!(words[1], "dport", "{line}");
    assert_eq!(words[3..5], ["accept", "comment"], "{line}");
    assert_eq!(words.len(), 6, "{line}");
    (
        key(direction, &words[0], port_range(&words[2], '-')),
        ranges,
    )
}

/// The grammar that FreeBSD, OpenBSD and macOS share, as far as our output goes.
fn pf(text: &str) -> Allowed {
    assert!(text.ends_with('\n'), "pf needs the last newline");
    let mut allowed = Allowed::new();
    let mut tables: BTreeMap<String, Vec<Range>> = BTreeMap::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(rest) = line.strip_prefix("table <") {
            let (name, rest) = rest.split_once("> const { ").expect(line);
            assert!(name.len() <= 31, "{line}");
            assert!(
                name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
                "{line}"
            );
            let members = rest.strip_suffix(" }").expect(line);
            let members = members.split(' ').map(network).collect();
            assert!(tables.insert(name.to_owned(), members).is_none(), "{line}");
            continue;
        }
        let (rule, label) = line.split_once(" label ").expect(line);
        let label = label
            .strip_prefix('"')
            .and_then(|l| l.strip_suffix('"'))
            .expect(line);
        assert!(
            label.len() <= 63 && !label.contains(['"', '$', '\\']),
            "{line}"
        );
        let words: Vec<&str> = rule.split(' ').collect();
        let [
            pass,
            way,
            quick,
            inet,
            proto,
            protocol,
            from,
            source,
            to,
            destination,
            port,
            ports,
            state @ ..,
        ] = &words[..]
        else {
            panic!("{line}")
        };
        assert_eq!(
            [*pass, *quick, *inet, *proto],
            ["pass", "quick", "inet", "proto"],
            "{line}"
        );
        assert_eq!([*from, *to, *port], ["from", "to", "port"], "{line}");
        let expected_state: &[&str] = match *protocol {
            "tcp" => &["flags", "S/SA", "keep", "state"],
            _ => &["keep", "state"],
        };
        assert_eq!(state, expected_state, "{line}");
        let (remote, local) = if *way == "in" {
            (source, destination)
        } else {
            (destination, source)
        };
        assert_eq!(*local, "any", "{line}");
        let table = remote
            .strip_prefix('<')
            .and_then(|t| t.strip_suffix('>'))
            .expect(line);
        allowed
            .entry(key(direction(way), protocol, port_range(ports, ':')))
            .or_default()
            .extend(&tables[table]);
    }
    allowed
}

fn aws_sg(text: &str) -> Allowed {
    let value: serde_json::Value = serde_json::from_str(text).expect(text);
    let mut allowed = Allowed::new();
    let object = value.as_object().expect("an object");
    for (name, permissions) in object {
        // One direction alone has the same key in and out: the description tells which it is.
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
                allowed
                    .entry(key(way, protocol, ports))
                    .or_default()
                    .push(network(range["CidrIp"].as_str().unwrap()));
                assert_eq!(range.as_object().unwrap().len(), 2, "{range}");
            }
            assert_eq!(permission.as_object().unwrap().len(), 4, "{permission}");
        }
    }
    allowed
}

fn cisco(text: &str) -> Allowed {
    let mut allowed = Allowed::new();
    let mut list: Option<&str> = None;
    let mut sequence = 0;
    let mut removed = None;
    for line in text.lines().filter(|line| !line.starts_with('!')) {
        if let Some(name) = line.strip_prefix("no ip access-list extended ") {
            removed = Some(name);
        } else if let Some(name) = line.strip_prefix("ip access-list extended ") {
            assert_eq!(removed, Some(name), "a list is removed before it is made");
            (list, sequence) = (Some(name), 0);
        } else if let Some(remark) = line.strip_prefix(" remark ") {
            assert!(remark.len() <= 100, "{line}");
        } else {
            let mut words = line.strip_prefix(' ').expect(line).split(' ');
            let number: u32 = words.next().unwrap().parse().expect(line);
            assert!(number > sequence, "{line}");
            sequence = number;
            assert_eq!(words.next(), Some("permit"), "{line}");
            let protocol = words.next().expect(line);
            let mut words = words.peekable();
            let (source, source_ports) = cisco_side(&mut words, line);
            let (destination, destination_ports) = cisco_side(&mut words, line);
            let established = words.next_if_eq(&"established").is_some();
            assert_eq!(words.next(), None, "{line}");
            let direction = direction(list.expect(line));
            let (remote, local) = if direction == "in" {
                (source, destination)
            } else {
                (destination, source)
            };
            assert_eq!(local, None, "{line}");
            let key = Key {
                direction,
                protocol: protocol.to_owned(),
                source_ports,
                destination_ports,
                established,
            };
            allowed.entry(key).or_default().push(remote.expect(line));
        }
    }
    allowed
}

/// An address, `None` for any, and its ports.
fn cisco_side<'a>(
    words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
    line: &str,
) -> (Option<Range>, (u16, u16)) {
    let range = match words.next().expect(line) {
        "any" => None,
        "host" => {
            let host = address(words.next().expect(line));
            Some((host, host))
        }
        first => {
            let wildcard = address(words.next().expect(line));
            assert!((u64::from(wildcard) + 1).is_power_of_two(), "{line}");
            assert_eq!(address(first) & wildcard, 0, "{line}");
            Some((address(first), address(first) | wildcard))
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
