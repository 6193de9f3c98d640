//! Words that say nothing about the owner of an address.

/// The minimum length of a name.
const SHORTEST: usize = 3;

/// Words that firewalls and other programs use, in ascending order. They name nobody.
const TECHNICAL: [&str; 137] = [
    "accept",
    "access",
    "acl",
    "add",
    "addr",
    "address",
    "addresses",
    "alias",
    "all",
    "allow",
    "allowed",
    "and",
    "any",
    "append",
    "array",
    "block",
    "body",
    "carrier",
    "chain",
    "chains",
    "cidr",
    "cidrblock",
    "cidrip",
    "cidripv4",
    "cidrs",
    "comment",
    "config",
    "count",
    "create",
    "cut",
    "default",
    "desc",
    "descr",
    "description",
    "dest",
    "destination",
    "direction",
    "dport",
    "dports",
    "edge",
    "edit",
    "enable",
    "enabled",
    "end",
    "entry",
    "false",
    "filter",
    "firewall",
    "for",
    "from",
    "gateway",
    "group",
    "grp",
    "host",
    "hosts",
    "identify",
    "inbound",
    "info",
    "ingress",
    "input",
    "insert",
    "int",
    "into",
    "invite",
    "ipaddr",
    "ipaddress",
    "ipset",
    "iptables",
    "ipv4",
    "item",
    "items",
    "jump",
    "line",
    "list",
    "location",
    "mask",
    "match",
    "member",
    "multiport",
    "name",
    "net",
    "netmask",
    "network",
    "networks",
    "new",
    "nft",
    "node",
    "null",
    "number",
    "object",
    "old",
    "option",
    "out",
    "outbound",
    "output",
    "param",
    "pass",
    "peer",
    "peers",
    "permit",
    "permitted",
    "pjsip",
    "policy",
    "port",
    "ports",
    "prefix",
    "primary",
    "proto",
    "protocol",
    "provider",
    "range",
    "ranges",
    "region",
    "remote",
    "rule",
    "rules",
    "secondary",
    "security",
    "set",
    "source",
    "src",
    "state",
    "static",
    "str",
    "string",
    "subnet",
    "subnets",
    "tcp",
    "tls",
    "true",
    "trusted",
    "type",
    "udp",
    "ufw",
    "value",
    "values",
    "voip",
];

/// Returns true if a text consists of technical words and numbers.
pub(super) fn is_technical(words: &str) -> bool {
    names(words).next().is_none()
}

/// Returns the words that may be names, without the numbers at their ends.
pub(super) fn names(words: &str) -> impl Iterator<Item = &str> {
    let words = words
        .split(' ')
        .map(|word| word.trim_matches(|c: char| c.is_ascii_digit()));
    words.filter(|word| {
        let has_digit = word.bytes().any(|b| b.is_ascii_digit());
        let is_short = word.chars().nth(SHORTEST - 1).is_none();
        !has_digit && !is_short && TECHNICAL.binary_search(word).is_err()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_technical_words_are_sorted() {
        assert!(TECHNICAL.is_sorted());
    }
}
