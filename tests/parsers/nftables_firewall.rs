//! The whole firewall in a listing of nftables: its tables, base chains, and the effects of its rules.

use std::net::Ipv4Addr;

use twilio_sip_allow::firewall::{
    Chains, Change, Criteria, Firewall, Interfaces, MarkChange, MarkMatch, Names, RuleAction,
    RuleBranch, RuleText, Translation,
};
use twilio_sip_allow::format::nftables_firewall;
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{
    Condition, Dimension, Flags, HeaderBox, Interval, Protocols, States,
};
use twilio_sip_allow::policy::Direction;

fn firewall(text: &str) -> Firewall<'_> {
    let found = nftables_firewall(text, Limits::default());
    found.unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// The effects of a rule, such as `udp, dport 5060, in lo: accept`, joined by `; `.
fn effects<'a>(chains: &dyn Chains<'a>, rule: RuleText<'a>) -> String {
    let mut found = Vec::new();
    // An error only means that `check` cannot compare the rule.
    let _ = chains.read(rule, Limits::default(), &mut found);
    if found.is_empty() {
        return "nothing".to_owned();
    }
    let shown: Vec<String> = found.iter().map(branch).collect();
    shown.join("; ")
}

fn branch(branch: &RuleBranch) -> String {
    let mut parts = packets(&branch.packets);
    parts.extend(criteria(&branch.criteria));
    match branch.condition {
        Condition::True => {}
        Condition::Unknown => parts.push("perhaps".to_owned()),
        Condition::False => parts.push("never".to_owned()),
    }
    if !branch.ipv4 {
        parts.push("ipv6".to_owned());
    }
    if parts.is_empty() {
        parts.push("all".to_owned());
    }
    format!("{}: {}", parts.join(", "), action(branch.action))
}

fn packets(packets: &HeaderBox) -> Vec<String> {
    let header = packets.header();
    let mut parts = Vec::new();
    for (protocols, name) in [
        (Protocols::TCP, "tcp"),
        (Protocols::UDP, "udp"),
        (Protocols::TCP.or(Protocols::UDP), "tcp or udp"),
    ] {
        if header.protocols == protocols {
            parts.push(name.to_owned());
        }
    }
    if parts.is_empty() && header.protocols != Protocols::ALL {
        let numbers: Vec<String> = header.protocols.numbers().map(|n| n.to_string()).collect();
        parts.push(format!("protocol {}", numbers.join(" ")));
    }
    if header.flags != Flags::ALL {
        parts.push("flags".to_owned());
    }
    if header.states != States::ALL {
        let names: Vec<&str> = header.states.names().collect();
        parts.push(names.join(" or "));
    }
    let incoming = packets.to_remote_local(Direction::In);
    for (dimension, name, whole) in [
        (Dimension::Remote, "from", Interval::ADDRESSES),
        (Dimension::RemotePort, "sport", Interval::PORTS),
        (Dimension::Local, "to", Interval::ADDRESSES),
        (Dimension::LocalPort, "dport", Interval::PORTS),
    ] {
        let interval = incoming.interval(dimension);
        if interval != whole {
            parts.push(format!("{name} {}", span(interval, whole)));
        }
    }
    parts
}

/// `any`, `5060` or `192.0.2.1-192.0.2.9`
fn span(interval: Interval, whole: Interval) -> String {
    let shown = |value: u32| match whole {
        Interval::ADDRESSES => Ipv4Addr::from_bits(value).to_string(),
        _ => value.to_string(),
    };
    match interval {
        _ if interval == whole => "any".to_owned(),
        Interval { first, last } if first == last => shown(first),
        Interval { first, last } => format!("{}-{}", shown(first), shown(last)),
    }
}

fn criteria(criteria: &Criteria) -> Vec<String> {
    let input = criteria
        .input
        .as_ref()
        .map(|own| format!("in {}", interfaces(own)));
    let output = criteria
        .output
        .as_ref()
        .map(|own| format!("out {}", interfaces(own)));
    let mark = criteria.mark.map(|own| format!("mark {}", mark_match(own)));
    let connection_mark = criteria.connection_mark;
    let connection_mark = connection_mark.map(|own| format!("ct mark {}", mark_match(own)));
    let tracked = criteria.needs_connection.then(|| "tracked".to_owned());
    let local = criteria.destination_is_local;
    let local = local.map(|local| if local { "to itself" } else { "to others" }.to_owned());
    let special = criteria.is_irregular;
    let special = special.map(|special| if special { "irregular" } else { "regular" }.to_owned());
    let is = |name: &str, wanted: Option<bool>| {
        let negation = |wanted| if wanted { "" } else { "not " };
        wanted.map(|wanted| format!("{}{name}", negation(wanted)))
    };
    let all = [
        input,
        output,
        mark,
        connection_mark,
        tracked,
        local,
        is("from itself", criteria.source_is_local),
        special,
        is("route back", criteria.has_route_back),
        is("redirected", criteria.is_redirected),
    ];
    all.into_iter().flatten().collect()
}

fn interfaces(interfaces: &Interfaces) -> String {
    let patterns = match &interfaces.names {
        Names::One(pattern) => std::slice::from_ref(pattern),
        Names::Any(patterns) => patterns,
        Names::Unknown => return "unknown".to_owned(),
    };
    let star = |is_prefix| if is_prefix { "*" } else { "" };
    let names: Vec<String> = patterns
        .iter()
        .map(|pattern| format!("{}{}", pattern.name, star(pattern.is_prefix)))
        .collect();
    let not = if interfaces.is_negated { "!" } else { "" };
    format!("{not}{}", names.join("/"))
}

fn mark_match(mark: MarkMatch) -> String {
    let not = if mark.is_negated { "!" } else { "" };
    match mark.mask {
        u32::MAX => format!("{not}{:#x}", mark.value),
        mask => format!("{not}{:#x}/{mask:#x}", mark.value),
    }
}

fn action(action: RuleAction) -> String {
    match action {
        RuleAction::Accept => "accept".to_owned(),
        RuleAction::Deny => "deny".to_owned(),
        RuleAction::Return => "return".to_owned(),
        RuleAction::Jump(chain) => format!("jump {chain}"),
        RuleAction::Goto(chain) => format!("goto {chain}"),
        RuleAction::Change(change) => self::change(change),
        RuleAction::Translate(translation) => self::translation(translation),
        RuleAction::Undecided => "undecided".to_owned(),
    }
}

fn change(change: Change) -> String {
    let value = |change: MarkChange| format!("& {:#x} ^ {:#x}", !change.cleared, change.flipped);
    match change {
        Change::Mark(change) => format!("mark {}", value(change)),
        Change::ConnectionMark(change) => format!("ct mark {}", value(change)),
        Change::SaveMark { cleared, taken } => {
            format!("ct mark & {:#x} ^ mark & {taken:#x}", !cleared)
        }
        Change::RestoreMark { cleared, taken } => {
            format!("mark & {:#x} ^ ct mark & {taken:#x}", !cleared)
        }
        Change::UnknownMark => "mark unknown".to_owned(),
        Change::UnknownConnectionMark => "ct mark unknown".to_owned(),
        Change::Untrack => "untrack".to_owned(),
    }
}

fn translation(translation: Translation) -> String {
    let shown = |interval: Option<Interval>, whole| match interval {
        Some(interval) => span(interval, whole),
        None => "same".to_owned(),
    };
    match translation {
        Translation::Destination { addresses, ports } => format!(
            "dnat {}:{}",
            shown(addresses, Interval::ADDRESSES),
            shown(ports, Interval::PORTS)
        ),
        Translation::Redirect { ports } => format!("redirect {}", shown(ports, Interval::PORTS)),
        Translation::Source => "snat".to_owned(),
    }
}

/// Output of `nft list ruleset` and `nft -j list ruleset` of nft 1.0.6, and the effects of its rules. A third column is
/// for JSON, if it shows more or less than the text.
const LISTED: &str = include_str!("../samples/nftables/firewall.listed");
const JSON: &str = include_str!("../samples/nftables/firewall.json");
const EFFECTS: &str = include_str!("../samples/nftables/firewall");

/// The same for matches on the kinds of packets and addresses, and for sets whose elements expire.
const FACTS_LISTED: &str = include_str!("../samples/nftables/facts.listed");
const FACTS_JSON: &str = include_str!("../samples/nftables/facts.json");
const FACTS_EFFECTS: &str = include_str!("../samples/nftables/facts");

/// The same after commands of iptables-nft 1.8.9.
const IPTABLES_LISTED: &str = include_str!("../samples/nftables/iptables-nft.listed");
const IPTABLES_JSON: &str = include_str!("../samples/nftables/iptables-nft.json");
const IPTABLES_EFFECTS: &str = include_str!("../samples/nftables/iptables-nft");

/// The rules of all tables: family, table and chain of each, its text, and its effects.
fn rules(text: &str) -> Vec<(String, String, String)> {
    let firewall = firewall(text);
    let mut all = Vec::new();
    for table in &firewall.tables {
        let place = table.chains.place();
        let mut chains: Vec<&str> = table.chains.names().collect();
        chains.sort_unstable();
        for chain in chains {
            for rule in table.chains.rules(chain).unwrap_or_default() {
                let place = format!("{} {chain}", place.trim_start_matches("table "));
                let effects = effects(&*table.chains, *rule);
                all.push((place, rule.text.to_owned(), effects));
            }
        }
    }
    all
}

fn assert_effects(listed: &str, json: &str, expected: &str) {
    let (listed, json) = (rules(listed), rules(json));
    let expected: Vec<Vec<&str>> = expected
        .lines()
        .map(|l| l.split(" => ").collect())
        .collect();
    assert_eq!(listed.len(), expected.len());
    assert_eq!(json.len(), expected.len());
    for ((listed, json), expected) in listed.iter().zip(json).zip(expected) {
        let (place, text, effects) = listed;
        assert_eq!(format!("{place}: {text}"), expected[0]);
        assert_eq!(effects, expected[1], "{text}");
        assert_eq!(json.0, *place);
        assert_eq!(json.2, *expected.last().unwrap(), "{}", json.1);
    }
}

#[test]
fn shows_every_effect_of_rules_in_a_listing() {
    assert_effects(LISTED, JSON, EFFECTS);
}

#[test]
fn shows_kinds_of_packets_and_elements_that_expire() {
    assert_effects(FACTS_LISTED, FACTS_JSON, FACTS_EFFECTS);
}

#[test]
fn shows_every_effect_of_rules_that_iptables_made() {
    assert_effects(IPTABLES_LISTED, IPTABLES_JSON, IPTABLES_EFFECTS);
}

/// The base chains: table, name, hook, priority, kind, devices, and `true` if the policy is accept.
fn base_chains(text: &str) -> Vec<String> {
    let firewall = firewall(text);
    let mut all = Vec::new();
    for table in &firewall.tables {
        for base in table.chains.base_chains() {
            let devices = base.devices.as_ref().map_or(String::new(), interfaces);
            let (accepts, at) = table.chains.policy(base.name).unwrap().unwrap();
            assert!(at > 0);
            all.push(format!(
                "{} {} {} {} {:?} [{devices}] {accepts}",
                table.chains.place(),
                base.name,
                base.hook,
                base.priority,
                base.kind
            ));
        }
    }
    all
}

#[test]
fn reads_the_base_chains_of_all_tables_in_force_that_ipv4_packets_pass() {
    let expected = |devices: &str| {
        [
            "table inet f raw prerouting -305 Filter [] true".to_owned(),
            "table inet f nat prerouting -100 Nat [] true".to_owned(),
            "table inet f postrouting postrouting 100 Nat [] true".to_owned(),
            "table inet f input input 5 Filter [] false".to_owned(),
            format!("table netdev early ingress ingress -500 Filter [{devices}] false"),
            "table ip mangle output output -150 Filter [] true".to_owned(),
            "table ip mangle conntrack prerouting -200 Filter [] true".to_owned(),
            "table ip mangle local input 100 Nat [] true".to_owned(),
        ]
    };
    assert_eq!(base_chains(LISTED), expected("lo"));
    // The JSON of nft 1.0.6 omits the device.
    assert_eq!(base_chains(JSON), expected("unknown"));
    let with_devices = JSON.replace(
        "\"hook\": \"ingress\",",
        "\"hook\": \"ingress\", \"dev\": [\"eth0\", \"wan*\"],",
    );
    assert_eq!(base_chains(&with_devices), expected("eth0/wan*"));
}

#[test]
fn leaves_out_tables_that_are_dormant() {
    let text = LISTED.replace(
        "table ip mangle {\n",
        "table ip mangle {\n\tflags dormant\n\n",
    );
    let json = JSON.replace(
        "\"family\": \"ip\", \"name\": \"mangle\",",
        "\"family\": \"ip\", \"name\": \"mangle\", \"flags\": [\"owner\", \"dormant\"],",
    );
    for text in [text, json] {
        let firewall = firewall(&text);
        let places: Vec<String> = firewall.tables.iter().map(|t| t.chains.place()).collect();
        assert_eq!(places, ["table inet f", "table netdev early"]);
    }
}

#[test]
fn reads_priorities_and_devices() {
    for (properties, expected) in [
        (
            "type filter hook prerouting priority -5",
            "prerouting -5 Filter []",
        ),
        (
            "type filter hook prerouting priority raw",
            "prerouting -300 Filter []",
        ),
        (
            "type filter hook prerouting priority raw + 5",
            "prerouting -295 Filter []",
        ),
        (
            "type filter hook output priority mangle - 5",
            "output -155 Filter []",
        ),
        (
            "type nat hook prerouting priority dstnat",
            "prerouting -100 Nat []",
        ),
        (
            "type nat hook postrouting priority srcnat + 1",
            "postrouting 101 Nat []",
        ),
        (
            "type filter hook input priority security",
            "input 50 Filter []",
        ),
        ("type route hook output priority 10", "output 10 Filter []"),
        (
            "type filter hook ingress device \"eth0\" priority filter",
            "ingress 0 Filter [eth0]",
        ),
        (
            "type filter hook egress devices = { eth0, \"eth1\" } priority filter - 1",
            "egress -1 Filter [eth0/eth1]",
        ),
        (
            "type filter hook ingress priority 0",
            "ingress 0 Filter [unknown]",
        ),
    ] {
        let text =
            format!("table inet f {{\n\tchain c {{\n\t\t{properties}; policy accept;\n\t}}\n}}\n");
        let expected = format!("table inet f c {expected} true");
        assert_eq!(base_chains(&text), [expected], "{properties}");
    }
}

/// A table whose only chain has these rules.
fn listing(rules: &str) -> String {
    format!(
        "table inet f {{\n\tset some {{\n\t\ttype ipv4_addr\n\t\telements = {{ 192.0.2.1 }}\n\t}}\n\n\tchain c {{\n\t\t{rules}\n\t}}\n}}\n"
    )
}

fn json_listing(expr: &str) -> String {
    let metainfo = r#"{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}"#;
    let chain = r#"{"chain": {"family": "inet", "table": "f", "name": "c", "handle": 1}}"#;
    format!(
        r#"{{"nftables": [{metainfo}, {chain}, {{"rule": {{"family": "inet", "table": "f", "chain": "c", "handle": 2, "expr": {expr}}}}}]}}"#
    )
}

/// The effects of each rule.
fn effects_of(text: &str) -> Vec<String> {
    rules(text)
        .into_iter()
        .map(|(_, _, effects)| effects)
        .collect()
}

/// Statements that the kernel of a test machine may lack, in both syntaxes (nft(8), libnftables-json(5)).
#[test]
fn understands_statements_that_do_more_than_accept_or_deny() {
    const SIP: &str = r#"{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 5060}}"#;
    for (text, json, expected) in [
        ("queue", r#"{"queue": null}"#, "undecided"),
        (
            "queue flags bypass to 0-3",
            r#"{"queue": {"num": {"range": [0, 3]}, "flags": "bypass"}}"#,
            "undecided",
        ),
        (
            "tproxy ip to :50080",
            r#"{"tproxy": {"family": "ip", "port": 50080}}"#,
            "undecided",
        ),
        (
            "tproxy ip to 127.0.0.1:50080 meta mark set 0x1 accept",
            r#"{"tproxy": {"addr": "127.0.0.1", "port": 50080}}, {"mangle": {"key": {"meta": {"key": "mark"}}, "value": 1}}, {"accept": null}"#,
            "undecided",
        ),
        (
            "flow add @ft",
            r#"{"flow": {"op": "add", "flowtable": "@ft"}}"#,
            "nothing",
        ),
        (
            "flow add @ft accept",
            r#"{"flow": {"op": "add", "flowtable": "@ft"}}, {"accept": null}"#,
            "perhaps accept",
        ),
        (
            "xt target \"NFQUEUE\"",
            r#"{"xt": {"type": "target", "name": "NFQUEUE"}}"#,
            "undecided",
        ),
        (
            "xt target \"LOG\"",
            r#"{"xt": {"type": "target", "name": "LOG"}}"#,
            "nothing",
        ),
        (
            "xt target \"CT\"",
            r#"{"xt": {"type": "target", "name": "CT"}}"#,
            "perhaps untrack",
        ),
        (
            "xt match \"recent\" drop",
            r#"{"xt": {"type": "match", "name": "recent"}}, {"drop": null}"#,
            "perhaps deny",
        ),
        (
            "xt match \"comment\" goto away",
            r#"{"xt": null}, {"goto": {"target": "away"}}"#,
            "perhaps goto away => undecided",
        ),
        (
            "update @ft { ip saddr limit rate 1/second } jump away",
            r#"{"set": {"op": "update", "elem": "1.2.3.4", "set": "@ft"}}, {"jump": {"target": "away"}}"#,
            "perhaps jump away",
        ),
        (
            "dnat ip to 192.0.2.1 . 5061",
            r#"{"dnat": {"family": "ip", "addr": {"concat": ["192.0.2.1", 5061]}}}"#,
            "perhaps dnat any:any",
        ),
        (
            "dnat ip prefix to 192.0.2.0/24",
            r#"{"dnat": {"addr": {"map": {"key": "x", "data": "@y"}}}}"#,
            "perhaps dnat any:any",
        ),
        (
            "dnat ip to 192.0.2.0/30",
            r#"{"dnat": {"addr": {"prefix": {"addr": "192.0.2.0", "len": 30}}}}"#,
            "dnat 192.0.2.0-192.0.2.3:same",
        ),
        (
            "meta mark set (meta mark & 0xff) << 8",
            r#"{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"<<": [{"&": [{"meta": {"key": "mark"}}, 255]}, 8]}}}"#,
            "mark unknown",
        ),
        (
            "meta mark set meta mark | 0x1 & 0x3",
            r#"{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"|": [{"meta": {"key": "mark"}}, {"jhash": {"mod": 4, "expr": {"meta": {"key": "mark"}}}}]}}}"#,
            "mark unknown",
        ),
        (
            "meta mark set meta mark & 0xf0 ^ 0x1 | 0x2",
            r#"{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"|": [{"^": [{"&": [{"meta": {"key": "mark"}}, 240]}, 1]}, 2]}}}"#,
            "mark & 0xf0 ^ 0x3",
        ),
        (
            "unheard of accept",
            r#"{"unheard": null}, {"accept": null}"#,
            "perhaps accept => undecided",
        ),
        (
            "meta unheard 5 accept",
            r#"{"match": {"op": "==", "left": {"meta": {"key": "unheard"}}, "right": 5}}, {"accept": null}"#,
            "perhaps accept",
        ),
    ] {
        let (expected, in_json) = expected.split_once(" => ").unwrap_or((expected, expected));
        let shown = |effect: &str| match (effect, effect.strip_prefix("perhaps ")) {
            ("nothing", _) => effect.to_owned(),
            (_, Some(effect)) => format!("udp, dport 5060, perhaps: {effect}"),
            _ => format!("udp, dport 5060: {effect}"),
        };
        assert_eq!(
            effects_of(&listing(&format!("udp dport 5060 {text}"))),
            [shown(expected)],
            "{text}"
        );
        let json = json_listing(&format!("[{SIP}, {json}]"));
        assert_eq!(effects_of(&json), [shown(in_json)], "{json}");
    }
}

#[test]
fn understands_kinds_of_addresses_and_changed_destinations() {
    for (rule, expected) in [
        ("fib daddr type local accept", "to itself: accept"),
        ("fib daddr type broadcast drop", "irregular: deny"),
        (
            "fib daddr type { broadcast, anycast, multicast } drop",
            "irregular: deny",
        ),
        (
            "fib saddr type != { broadcast, multicast } accept",
            "regular: accept",
        ),
        ("fib saddr type multicast drop", "irregular: deny"),
        (
            "fib daddr type { local, broadcast } accept",
            "to itself: accept",
        ),
        ("fib daddr type unicast accept", "to others: accept"),
        ("fib daddr type blackhole drop", "perhaps: deny"),
        ("fib saddr type local accept", "from itself: accept"),
        ("fib saddr . iif type broadcast accept", "perhaps: accept"),
        (
            "meta pkttype { broadcast, multicast } drop",
            "irregular: deny",
        ),
        ("meta pkttype host accept", "regular: accept"),
        ("meta pkttype != unicast drop", "irregular: deny"),
        ("meta pkttype other drop", "perhaps: deny"),
        ("fib saddr . iif oif missing drop", "not route back: deny"),
        ("fib saddr . mark . iif oif 0 drop", "not route back: deny"),
        ("fib saddr . iif oif exists accept", "route back: accept"),
        ("fib daddr . iif oif missing drop", "perhaps: deny"),
        ("ip frag-off & 0x1fff != 0 drop", "irregular: deny"),
        ("ip frag-off & 8191 0 accept", "regular: accept"),
        ("ip frag-off & 0x3fff != 0 drop", "perhaps: deny"),
        (
            "tcp flags & (psh | ack) == psh drop",
            "tcp, flags, irregular: deny",
        ),
        (
            "tcp flags & (urg | syn) == urg drop",
            "tcp, flags, perhaps: deny",
        ),
        ("ct status dnat accept", "tracked, redirected: accept"),
        ("ct status ! dnat drop", "tracked, not redirected: deny"),
        ("ct status == dnat accept", "perhaps: accept"),
        ("ct status dnat,snat accept", "tracked, perhaps: accept"),
        (
            "ct status & (dnat | snat) == dnat accept",
            "perhaps: accept",
        ),
        ("ct status snat accept", "tracked, perhaps: accept"),
    ] {
        assert_eq!(effects_of(&listing(rule)), [expected], "{rule}");
    }
    let fib = |kinds: &str| {
        json_listing(&format!(
            r#"[{{"match": {{"op": "==", "left": {{"fib": {{"result": "type", "flags": ["saddr"]}}}}, "right": {kinds}}}}}, {{"drop": null}}]"#
        ))
    };
    assert_eq!(effects_of(&fib(r#""broadcast""#)), ["irregular: deny"]);
    assert_eq!(
        effects_of(&fib(r#"{"set": ["broadcast", "anycast"]}"#)),
        ["irregular: deny"]
    );
    let status = json_listing(
        r#"[{"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}, {"accept": null}]"#,
    );
    assert_eq!(effects_of(&status), ["tracked, redirected: accept"]);
}

#[test]
fn a_rule_that_is_only_partly_understood_keeps_its_visible_verdict() {
    for (rule, expected) in [
        ("unheard accept", "perhaps: accept"),
        (
            "udp dport 5060 unheard drop",
            "udp, dport 5060, perhaps: deny",
        ),
        (
            "udp dport 5060 unheard reject with tcp reset",
            "udp, dport 5060, perhaps: deny",
        ),
        (
            "unheard jump away comment \"to the other chain\"",
            "perhaps: jump away",
        ),
        ("unheard goto away", "perhaps: goto away"),
        ("unheard return", "perhaps: return"),
        ("unheard", "perhaps: undecided"),
        ("unheard drop unheard", "perhaps: undecided"),
        ("unheard { accept }", "perhaps: undecided"),
        (
            "udp dport 5060 drop unheard",
            "udp, dport 5060, perhaps: deny",
        ),
        ("ip saddr @missing drop", "perhaps: deny"),
        (
            "ip saddr @missing udp dport 5060 drop",
            "udp, dport 5060, perhaps: deny",
        ),
        ("ip saddr @some drop", "from 192.0.2.1: deny"),
        ("udp dport @some drop", "udp, perhaps: deny"),
        ("udp dport vmap @missing", "udp, perhaps: undecided"),
        (
            "ip saddr != 192.0.2.1 ip daddr != 192.0.2.2 drop",
            "perhaps: deny",
        ),
        (
            "ip saddr 192.0.2.1 ip saddr != 192.0.2.0/24 drop",
            "perhaps: deny",
        ),
        // The comment of the match may contain the rest of the rule.
        (
            "udp dport 5060 log prefix \"a\" tcp dport 5061 log prefix \"b\" accept",
            "udp, dport 5060, perhaps: accept",
        ),
        (
            "iifname \"eth0\" log prefix \"a\" drop comment \"b\"",
            "in eth0, perhaps: deny",
        ),
        // nft up to 1.0.5 prints '#' before matches that it cannot express.
        (
            "# recent: UPDATE name: SIP counter packets 0 bytes 0 drop",
            "perhaps: deny",
        ),
        (
            "# STRING match  \"invite\" ALGO name bm counter accept",
            "perhaps: accept",
        ),
        ("# match-set x src", "perhaps: undecided"),
    ] {
        assert_eq!(effects_of(&listing(rule)), [expected], "{rule}");
    }
}

#[test]
fn a_state_after_notrack_is_an_error_for_check_only() {
    let text = listing("udp dport 5060 notrack\n\t\tct state established,untracked accept");
    let firewall = firewall(&text);
    let chains = &firewall.tables[0].chains;
    let [untrack, state] = chains.rules("c").unwrap() else {
        panic!("expected two rules");
    };
    assert_eq!(effects(&**chains, *untrack), "udp, dport 5060: untrack");
    let mut found = Vec::new();
    let error = chains.read(*state, Limits::default(), &mut found);
    let problem = error.unwrap_err().problem();
    assert!(
        problem.starts_with("'notrack' in an earlier rule may change the state"),
        "{problem}"
    );
    assert_eq!(
        effects(&**chains, *state),
        "established or untracked: accept"
    );
}

#[test]
fn a_set_without_elements_is_empty_only_if_the_listing_shows_elements() {
    let rules = "ip saddr @empty drop\n\t\tip saddr != @empty udp dport 5060 accept";
    let set = "\tset empty {\n\t\ttype ipv4_addr\n\t}\n";
    let full = listing(rules).replace("table inet f {\n", &format!("table inet f {{\n{set}"));
    assert_eq!(effects_of(&full), ["nothing", "udp, dport 5060: accept"]);
    let terse = full.replace("\t\telements = { 192.0.2.1 }\n", "");
    let perhaps = ["perhaps: deny", "udp, dport 5060, perhaps: accept"];
    assert_eq!(effects_of(&terse), perhaps);
}

#[test]
fn unknown_objects_and_tables_of_other_families_do_not_matter() {
    let text = "# Warning: table ip filter is managed by iptables-nft, do not touch!\n\
                table bridge b {\n\tchain c {\n\t\tunheard accept\n\t}\n}\n\
                table ip t {\n\tflags owner\n\tunheard x {\n\t\tsome thing\n\t}\n\n\
                \tchain c {\n\t\taccept\n\t}\n}\n";
    assert_eq!(
        rules(text),
        [(
            "ip t c".to_owned(),
            "accept".to_owned(),
            "all: accept".to_owned()
        )]
    );
    let json = json_listing("[{\"accept\": null}]").replace(
        r#"{"rule":"#,
        r#"{"unheard": {"family": "inet"}}, {"table": {"family": "inet", "name": "g", "flags": ["dormant"]}}, {"rule":"#,
    );
    assert_eq!(effects_of(&json), ["all: accept"]);
}

#[test]
fn rejects_text_that_is_not_a_complete_listing() {
    let half = LISTED.find("\tchain postrouting").unwrap();
    let truncated = &LISTED[..half];
    for (text, expected) in [
        (
            truncated,
            "this brace is not closed, so the input may have been cut off",
        ),
        (&JSON[..JSON.len() / 2], "the JSON ends too early"),
        ("-A INPUT -j ACCEPT\n", "expected a command of nft, not '-'"),
        (
            "{\"tables\": []}",
            "expected the key 'nftables', not 'tables'",
        ),
        (
            "table ip t {\n\tflags unheard\n}\n",
            "expected the table flag owner or persist, not 'unheard'",
        ),
        (
            "table ip t {\n\tchain c {\n\t}\n\n\tchain c {\n\t}\n}\n",
            "chain 'c' appears twice",
        ),
    ] {
        let Err(errors) = nftables_firewall(text, Limits::default()) else {
            panic!("{text} has no error");
        };
        let problem = errors[0].problem();
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn rejects_more_tables_than_the_limit_allows() {
    let tables: Vec<String> = (0..1000)
        .map(|n| format!("table ip t{n} {{\n}}\n"))
        .collect();
    let tables = tables.concat();
    let limits = Limits::default().with(&["work=1000000".parse().unwrap()]);
    let Err(errors) = nftables_firewall(&tables, limits) else {
        panic!("expected an error");
    };
    let problem = errors[0].problem();
    assert!(
        problem.starts_with("it takes more than 1000000 steps"),
        "{problem}"
    );
    assert_eq!(firewall(&tables).tables.len(), 1000);
}

#[test]
fn changes_of_many_packets_stay_within_the_limit() {
    let addresses: Vec<String> = (0..60).map(|n| format!("192.0.2.{}", 4 * n)).collect();
    let changes = "meta mark set 0x1 ".repeat(5);
    let text = listing(&format!(
        "ip saddr {{ {} }} {changes}",
        addresses.join(", ")
    ));
    let limits = Limits::default().with(&["boxes=150".parse().unwrap()]);
    let firewall = nftables_firewall(&text, limits).unwrap_or_default();
    let chains = &firewall.tables[0].chains;
    let mut found = Vec::new();
    let rule = chains.rules("c").unwrap()[0];
    chains.read(rule, limits, &mut found).unwrap();
    // Two changes for each address, and three for any packet.
    assert_eq!(found.len(), 2 * 60 + 3);
    assert_eq!(branch(&found[0]), "from 192.0.2.0: mark & 0x0 ^ 0x1");
    assert_eq!(branch(&found[120]), "perhaps: mark & 0x0 ^ 0x1");
}

#[test]
fn reads_edited_listings_without_a_panic() {
    let mut read = 0;
    for text in [LISTED, JSON, IPTABLES_LISTED, IPTABLES_JSON] {
        for (at, next) in text.char_indices().step_by(389) {
            for inserted in [
                "", "\"", "{", "}", " ", "*", "-", "0", "\n", "accept ", "# ",
            ] {
                let edited = [&text[..at], inserted, &text[at + next.len_utf8()..]].concat();
                if nftables_firewall(&edited, Limits::default()).is_ok() {
                    base_chains_and_rules(&edited);
                    read += 1;
                }
            }
        }
    }
    assert!(read > 300, "{read}");
}

fn base_chains_and_rules(text: &str) {
    base_chains(text);
    rules(text);
}
