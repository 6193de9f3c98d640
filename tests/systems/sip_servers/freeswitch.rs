//! FreeSWITCH's lists. The reader follows `switch_xml.c`, `switch_core.c` and `switch_utils.c` of FreeSWITCH.

use std::net::Ipv4Addr;

use super::{published_signaling, signaling_in_alone};
use crate::common::facts::{self, Range};
use crate::common::mutate::{self, assert_none_is_missed};

struct Tag<'t> {
    name: &'t str,
    attributes: Vec<(&'t str, &'t str)>,
}

impl Tag<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }
}

struct Node {
    bits: u32,
    network: u32,
    mask: u32,
    is_allowed: bool,
}

/// The addresses that a list accepts.
pub fn list(text: &str, name: &str) -> Result<Vec<Range>, String> {
    // FreeSWITCH drops these lines.
    let is_kept = |line: &&str| {
        let lower = line.to_ascii_lowercase();
        !line.contains("<include>")
            && !line.contains("</include>")
            && !line.contains("<?")
            && !lower.contains("x-pre-process")
    };
    let text: String = text.split_inclusive('\n').filter(is_kept).collect();
    let (mut found, mut depth) = (None, 0_u32);
    let mut default = true;
    for tag in tags(&text)? {
        match (tag.name, depth) {
            ("/list", 1) => depth = 0,
            ("list", 0) => {
                depth = 1;
                default = tag.get("default").is_none_or(is_true);
                if tag.get("name") == Some(name) {
                    found = Some((default, Vec::new()));
                }
            }
            ("node", 1) => {
                let (_, nodes) = found.as_mut().ok_or("another list")?;
                let is_allowed = tag.get("type").map_or(default, is_true);
                for cidr in tag.get("cidr").ok_or("no network")?.split(',') {
                    nodes.push(node(cidr, is_allowed)?);
                }
            }
            _ => return Err(format!("'{}' at depth {depth}", tag.name)),
        }
    }
    let (default, nodes) = found.ok_or("no list")?;
    (depth == 0)
        .then(|| accepted(default, &nodes))
        .ok_or_else(|| "not closed".to_owned())
}

/// All tags in order. An empty element has no end tag here.
fn tags(text: &str) -> Result<Vec<Tag<'_>>, String> {
    let mut tags = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            let end = comment.find("--").ok_or("a comment has no end")?;
            rest = comment[end..]
                .strip_prefix("-->")
                .ok_or("'--' in a comment")?;
            continue;
        }
        let end = rest
            .find([' ', '\t', '\n', '/', '>'])
            .ok_or("no end of a tag")?;
        let end = if end == 0 {
            rest.find('>').ok_or("no '>'")?
        } else {
            end
        };
        let mut tag = Tag {
            name: rest[..end].trim(),
            attributes: Vec::new(),
        };
        rest = rest[end..].trim_start();
        while !rest.starts_with(['/', '>']) {
            let (name, after) = rest.split_once('=').ok_or("no '='")?;
            let after = after.trim_start();
            let quote = after
                .chars()
                .next()
                .filter(|c| "'\"".contains(*c))
                .ok_or("no quote")?;
            let (value, after) = after[1..].split_once(quote).ok_or("no end of a value")?;
            tag.attributes.push((name.trim(), value));
            rest = after.trim_start();
        }
        if tag.name == "list" && rest.starts_with('/') {
            return Err("an empty list".to_owned());
        }
        rest = rest
            .trim_start_matches('/')
            .strip_prefix('>')
            .ok_or("no '>' after '/'")?;
        tags.push(tag);
    }
    Ok(tags)
}

fn is_true(word: &str) -> bool {
    let words = ["yes", "on", "true", "t", "enabled", "active", "allow"];
    let is_number = word.parse().is_ok_and(|number: u32| number > 0);
    words.iter().any(|known| known.eq_ignore_ascii_case(word)) || is_number
}

fn node(cidr: &str, is_allowed: bool) -> Result<Node, String> {
    let (address, bits) = cidr.split_once('/').ok_or_else(|| cidr.to_owned())?;
    let network: Ipv4Addr = address.parse().map_err(|_| cidr.to_owned())?;
    let bits: u32 = bits.parse().map_err(|_| cidr.to_owned())?;
    if bits > 32 {
        return Err(cidr.to_owned());
    }
    Ok(Node {
        bits,
        network: network.into(),
        // The shift by 32 is a shift by 0 on this processor.
        mask: !(u32::MAX >> (bits % 32)),
        is_allowed,
    })
}

/// `switch_network_list_validate_ip_port_token`, for each address at which the result may change.
fn accepted(default: bool, nodes: &[Node]) -> Vec<Range> {
    let matches = |node: &Node, address: u32| match (node.mask, node.network) {
        (0, 0) => true,
        (0, network) => network == address,
        (mask, network) => network & mask == address & mask,
    };
    let is_accepted = |address: u32| {
        let (mut is_accepted, mut bits) = (default, 0);
        // A new node is the first of the list.
        for node in nodes.iter().rev() {
            if node.bits >= bits && matches(node, address) {
                is_accepted = node.is_allowed;
                bits = node.bits;
            }
        }
        is_accepted
    };
    let ends = nodes.iter().flat_map(|node| {
        let mask = if node.bits == 32 { u32::MAX } else { node.mask };
        [
            Some(node.network & mask),
            (node.network | !mask).checked_add(1),
        ]
    });
    let mut starts: Vec<u32> = ends.flatten().chain([0]).collect();
    starts.sort_unstable();
    starts.dedup();
    let lasts = starts.iter().skip(1).map(|next| next - 1).chain([u32::MAX]);
    let ranges = starts.iter().copied().zip(lasts);
    facts::united(ranges.filter(|(first, _)| is_accepted(*first)).collect())
}

#[test]
fn check_finds_every_mutant_of_a_list() {
    assert_none_is_missed(
        "freeswitch",
        2000,
        signaling_in_alone,
        |mutant, selected| {
            let found = mutate::read(|| list(mutant, "twilio-sip"))??;
            if found == published_signaling(selected) {
                Ok(())
            } else {
                Err(format!("{found:?}\n{mutant}"))
            }
        },
    );
}
