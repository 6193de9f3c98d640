//! The conditions that the input does not decide, by the text of the rule.

use serde::Serialize;

/// The reason why a rule may or may not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    Rate,
    Set,
    Interface,
    Owner,
    Time,
    Country,
    Content,
    Program,
    Mark,
    Other,
}

/// The words of rules for each condition. The first condition with a word in the rule is the reason.
const WORDS: [(Unknown, &[&str]); 9] = [
    (
        Unknown::Rate,
        &[
            "limit",
            "hashlimit",
            "recent",
            "connlimit",
            "quota",
            "connbytes",
            "statistic",
            "numgen",
            "meter",
        ],
    ),
    (Unknown::Country, &["geoip", "asn"]),
    (
        Unknown::Time,
        &["time", "hour", "day", "--timestart", "--timestop"],
    ),
    (
        Unknown::Content,
        &["string", "u32", "bpf", "@th", "@nh", "@ih", "@ll"],
    ),
    (
        Unknown::Owner,
        &["owner", "skuid", "skgid", "cgroup", "cgroupv2", "socket"],
    ),
    (Unknown::Program, &["NFQUEUE", "queue"]),
    (Unknown::Set, &["set", "--match-set"]),
    (
        Unknown::Interface,
        &[
            "-i",
            "-o",
            "--in-interface",
            "--out-interface",
            "iif",
            "oif",
            "iifname",
            "oifname",
            "physdev",
            "ibrname",
            "obrname",
        ],
    ),
    (Unknown::Mark, &["mark", "connmark", "MARK", "CONNMARK"]),
];

impl Unknown {
    /// Returns the condition of a rule. Text in quotes, such as a comment, does not count.
    pub fn of(rule: &str) -> Unknown {
        let outside = rule.split('"').step_by(2);
        let words: Vec<&str> = outside
            .flat_map(|part| part.split([' ', '\t', ',', '{', '}']))
            .collect();
        let has =
            |(_, listed): &&(Unknown, &[&str])| words.iter().any(|word| listed.contains(word));
        let known = WORDS.iter().find(has).map(|(unknown, _)| *unknown);
        let is_set = words
            .iter()
            .any(|word| word.len() > 1 && word.starts_with('@'));
        known.unwrap_or(if is_set { Unknown::Set } else { Unknown::Other })
    }

    /// Returns the condition in words, as in `it depends on a rate`.
    pub fn name(self) -> &'static str {
        match self {
            Unknown::Rate => "a rate",
            Unknown::Set => "the contents of a set",
            Unknown::Interface => "an interface",
            Unknown::Owner => "the owner of a socket",
            Unknown::Time => "the time",
            Unknown::Country => "the country of an address",
            Unknown::Content => "the content of the packet",
            Unknown::Program => "another program",
            Unknown::Mark => "a mark",
            Unknown::Other => "a condition that the input does not decide",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_rule_outside_of_quotes_give_its_condition() {
        for (rule, expected) in [
            (
                "-A INPUT -p udp -m recent --update --seconds 60 -j DROP",
                Unknown::Rate,
            ),
            ("udp dport 5060 limit rate 10/second accept", Unknown::Rate),
            (
                "-A INPUT -i eth0 -m comment --comment \"limit set\" -j ACCEPT",
                Unknown::Interface,
            ),
            (
                "-A INPUT -m set --match-set voip src -j ACCEPT",
                Unknown::Set,
            ),
            ("ip saddr @voip accept", Unknown::Set),
            ("@th,0,16 5060 accept", Unknown::Content),
            ("meta skuid 1000 accept", Unknown::Owner),
            ("-A INPUT -m geoip --src-cc JP -j ACCEPT", Unknown::Country),
            ("meta hour \"08:00\"-\"17:00\" accept", Unknown::Time),
            ("-A INPUT -j NFQUEUE --queue-num 1", Unknown::Program),
            ("-A INPUT -m mark --mark 0x1 -j ACCEPT", Unknown::Mark),
            ("-A INPUT -m wonder -j ACCEPT", Unknown::Other),
        ] {
            assert_eq!(Unknown::of(rule), expected, "{rule}");
        }
    }
}
