//! Words of nft's language.

/// Words that nft rejects as the name of a table.
///
/// These are the keywords that the scanners of nft 1.0.6 to 1.1.6 recognize everywhere, except `last`,
/// which nft accepts as a name.
pub(super) const RESERVED: &str = "
    accept add ah all and arp auto-merge bridge cgroup chain comment comp constant continue
    counter cpu create ct day dccp define delete describe destroy device devices dnat drop dst
    dup dynamic ecn element elements eq esp ether exists expires export exthdr fib flags flow
    flowtable flush frag fwd gc-interval ge geneve get goto gre gretap gt handle hbh hook hour
    ibriport ibrname icmp icmpv6 igmp iif iifgroup iifname iiftype import include index inet
    insert interval ip ip6 ipsec jhash jump le limit list log lshift lt map mark masquerade meta
    meter mh missing monitor ne netdev nftrace not notrack numgen obriport obrname offload oif
    oifgroup oifname oiftype or osf pkttype policy position priority queue quota random redefine
    redirect reject rename replace reset return rshift rt rt0 rt2 rtclassid rule ruleset sctp
    secmark set size skgid skuid snat socket srh symhash synproxy table tcp th time timeout
    tproxy tunnel type typeof udp udplite undefine update vlan vmap vni vxlan xor xt
";

/// Statements that do more than accept or deny.
pub(super) const UNSUPPORTED: &str = "
    add update delete set map meter dnat snat masquerade redirect tproxy queue fwd
    synproxy flow offload xt tunnel
";

/// The message for a statement in [`UNSUPPORTED`].
pub(super) fn unsupported_statement(word: &str) -> String {
    format!("'{word}' is not supported: it does more than accept or deny packets")
}

/// True if a space-separated list contains a word.
pub(super) fn is_listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == word)
}

/// Hooks at which a chain can filter IPv4 packets of a host.
pub(super) const HOOKS: &[&str] = &["input", "output", "forward", "prerouting", "postrouting"];

pub(super) fn check_hook(kind: &str, hook: &str) -> Result<(), String> {
    if kind == "filter" && HOOKS.contains(&hook) {
        Ok(())
    } else {
        Err(format!(
            "a base chain of type '{kind}' at hook '{hook}' is not supported; expected type filter at {}",
            HOOKS.join(", ")
        ))
    }
}

/// The message for a table with an unsupported flag.
pub(super) fn table_flag(flag: &str) -> String {
    match flag {
        "dormant" => "the table is dormant, so none of its rules are in force".to_owned(),
        _ => format!("expected the table flag owner or persist, not '{flag}'"),
    }
}
