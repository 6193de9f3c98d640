//! The verdicts of `verify` about whole firewalls that are easily misread. Each verdict is what the kernel did with the
//! packets (Linux 6.x, in network namespaces).

use serde_json::Value;

use crate::common::{Ran, Tool};

const SIP_IN: &str = "--transport udp --plane signaling --direction in";

/// Verifies a firewall with more options.
fn verify(options: &str, text: &str) -> Ran {
    let options = format!("verify --quiet --edition current --report json {options} firewall");
    Tool::line(&options).file("firewall", text).run()
}

fn machine(options: &str, text: &str) -> Value {
    let ran = verify(options, text);
    let report: Value = serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{text}", ran.stderr));
    report["machines"][0].clone()
}

/// The verdict about new calls to UDP port 5060 of the PBX, including the packets after the first one.
fn verdict(text: &str) -> String {
    verdict_with("", text)
}

/// The same with more options.
fn verdict_with(options: &str, text: &str) -> String {
    let machine = machine(&format!("{SIP_IN} {options}"), text);
    machine["calls"][0]["verdict"].as_str().unwrap().to_owned()
}

/// The same for TCP port 5060.
fn tcp_verdict(text: &str) -> String {
    let machine = machine("--transport tcp --plane signaling --direction in", text);
    machine["calls"][0]["verdict"].as_str().unwrap().to_owned()
}

/// A table of nft with these chains, each with its properties and rules.
fn nft(chains: &[(&str, &[&str])]) -> String {
    let chains = chains.iter().enumerate().map(|(number, (base, rules))| {
        let rules = rules.iter().map(|rule| format!("\t\t{rule}\n"));
        let rules: Vec<String> = rules.collect();
        let rules = rules.concat();
        format!("\tchain c{number} {{\n\t\t{base}\n{rules}\t}}\n")
    });
    let chains: Vec<String> = chains.collect();
    format!("table ip t {{\n{}}}\n", chains.join("\n"))
}

/// A table of iptables with rules, whose built-in chains accept, except those in `denying`.
fn iptables(table: &str, denying: &[&str], rules: &[&str]) -> String {
    let chains = match table {
        "raw" => &["PREROUTING", "OUTPUT"][..],
        "nat" => &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
        _ => &["INPUT", "FORWARD", "OUTPUT"],
    };
    let policy = |chain| {
        if denying.contains(chain) {
            "DROP"
        } else {
            "ACCEPT"
        }
    };
    let chains = chains
        .iter()
        .map(|chain| format!(":{chain} {} [0:0]\n", policy(chain)));
    let chains: String = chains.collect();
    let rules: Vec<String> = rules.iter().map(|rule| format!("-A {rule}\n")).collect();
    format!("*{table}\n{chains}{}COMMIT\n", rules.concat())
}

const PREROUTING_NAT: &str = "type nat hook prerouting priority dstnat; policy accept;";
const INPUT: &str = "type filter hook input priority filter; policy accept;";
const RAW: &str = "type filter hook prerouting priority raw; policy accept;";

#[test]
fn the_newest_of_several_chains_with_the_same_priority_is_first() {
    let mark = "udp dport 5060 meta mark set 0x00000001";
    let drop = "udp dport 5060 meta mark 0x00000000 drop";
    assert_eq!(
        verdict(&nft(&[(INPUT, &[mark]), (INPUT, &[drop])])),
        "blocked"
    );
    assert_eq!(
        verdict(&nft(&[(INPUT, &[drop]), (INPUT, &[mark])])),
        "passes"
    );
    let to = |port| format!("udp dport 5060 redirect to :{port}");
    let (to_5061, to_5080) = (to(5061), to(5080));
    let nat = [
        (PREROUTING_NAT, &[&*to_5061][..]),
        (PREROUTING_NAT, &[&to_5080]),
    ];
    let to_open_port = "type filter hook input priority filter; policy drop;";
    for (port, expected) in [(5061, "blocked"), (5080, "passes")] {
        let accept = format!("udp dport {port} accept");
        let accept = [&*accept];
        let chains = [&nat[..], &[(to_open_port, &accept)]].concat();
        assert_eq!(verdict(&nft(&chains)), expected, "{port}");
    }
}

#[test]
fn chains_of_nat_are_between_other_chains_whatever_their_priorities_are() {
    let late = "type nat hook prerouting priority filter; policy accept;";
    let between = "type filter hook prerouting priority -50; policy accept;";
    let redirect = "udp dport 5060 redirect to :5061";
    for (port, expected) in [(5060, "passes"), (5061, "blocked")] {
        let drop = format!("udp dport {port} drop");
        let text = nft(&[(late, &[redirect]), (between, &[&drop])]);
        assert_eq!(verdict(&text), expected, "{port}");
    }
}

#[test]
fn packets_with_a_new_destination_pass_the_chains_that_change_sources() {
    let input = "type nat hook input priority srcnat; policy accept;";
    let redirect = "udp dport 5060 redirect to :5061";
    let text = nft(&[
        (PREROUTING_NAT, &[redirect]),
        (input, &["udp dport 5061 drop"]),
    ]);
    assert_eq!(verdict(&text), "blocked");
}

#[test]
fn answers_get_their_old_source_back_after_the_chains_that_change_sources() {
    let redirect = "udp dport 5060 redirect to :5061";
    for (priority, port, expected) in [
        (50, 5060, "passes"),
        (50, 5061, "blocked"),
        (200, 5060, "blocked"),
        (200, 5061, "passes"),
    ] {
        let post = format!("type filter hook postrouting priority {priority}; policy accept;");
        let drop = format!("udp sport {port} drop");
        let text = nft(&[(PREROUTING_NAT, &[redirect]), (&post, &[&drop])]);
        assert_eq!(verdict(&text), expected, "{priority} {port}");
    }
}

#[test]
fn packets_have_no_mark_of_a_connection_before_connection_tracking() {
    for rule in [
        "ct mark 0x00000000 accept",
        "ct mark != 0x00000001 accept",
        "meta mark set ct mark accept",
        "meta mark set ct mark or 0x1 accept",
    ] {
        let text = nft(&[(RAW, &[rule, "udp dport 5060 drop"])]);
        assert_eq!(verdict(&text), "blocked", "{rule}");
        let mangle = RAW.replace("raw", "mangle");
        let text = nft(&[(&mangle, &[rule, "udp dport 5060 drop"])]);
        assert_eq!(verdict(&text), "passes", "{rule}");
    }
    for accept in ["--mark 0x0", "! --mark 0x1"] {
        let accept = format!("PREROUTING -m connmark {accept} -j ACCEPT");
        let drop = "PREROUTING -p udp -m udp --dport 5060 -j DROP";
        assert_eq!(verdict(&iptables("raw", &[], &[&accept, drop])), "blocked");
    }
    let untracked = iptables("raw", &[], &["PREROUTING -j CT --notrack"]);
    let drop = "INPUT -p udp -m connmark ! --mark 0x1 -j DROP";
    assert_eq!(
        verdict(&(untracked + &iptables("filter", &[], &[drop]))),
        "passes"
    );
}

#[test]
fn an_unknown_condition_before_connection_tracking_counts() {
    let limit = "-m recent --update --seconds 60 --hitcount 9 --name sip --rsource";
    let drop = format!("PREROUTING -p udp {limit} -j DROP");
    assert_eq!(verdict(&iptables("raw", &[], &[&drop])), "depends");
    let untrack = format!("PREROUTING -p udp {limit} -j NOTRACK");
    let untracked = "INPUT -m conntrack --ctstate UNTRACKED -j DROP";
    let text = iptables("raw", &[], &[&untrack]) + &iptables("filter", &[], &[untracked]);
    assert_eq!(verdict(&text), "depends");
    for family in ["inet", "netdev"] {
        let text = format!(
            "table {family} t {{\n\tchain i {{\n\t\ttype filter hook ingress device \"eth0\" priority filter; policy drop;\n\t}}\n}}\n"
        );
        for (options, expected) in [
            ("", "depends"),
            ("--interface eth0", "blocked"),
            ("--interface eth1", "passes"),
        ] {
            assert_eq!(verdict_with(options, &text), expected, "{family} {options}");
        }
    }
}

#[test]
fn notrack_has_no_effect_on_tracked_packets() {
    let mangle = RAW.replace("raw", "mangle");
    let redirect = "udp dport 5060 redirect to :5061";
    let chains = |drop| {
        nft(&[
            (&mangle, &["notrack"]),
            (PREROUTING_NAT, &[redirect]),
            (INPUT, &[drop]),
        ])
    };
    assert_eq!(verdict(&chains("udp dport 5060 drop")), "passes");
    assert_eq!(verdict(&chains("udp dport 5061 drop")), "blocked");
}

#[test]
fn replies_to_untracked_packets_are_not_established() {
    let raw = iptables("raw", &[], &["PREROUTING -j NOTRACK"]);
    for (states, udp, tcp) in [
        ("RELATED,ESTABLISHED", "blocked", "blocked"),
        ("NEW", "passes", "blocked"),
        ("INVALID", "blocked", "passes"),
    ] {
        let accept = format!("OUTPUT -m state --state {states} -j ACCEPT");
        let text = raw.clone() + &iptables("filter", &["OUTPUT"], &[&accept]);
        assert_eq!(
            (&*verdict(&text), &*tcp_verdict(&text)),
            (udp, tcp),
            "{states}"
        );
    }
}

#[test]
fn packets_after_untracked_replies_are_not_established() {
    let raw = iptables("raw", &[], &["OUTPUT -j NOTRACK"]);
    let rules = [
        "INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT",
        "INPUT -m state --state NEW -m recent --rcheck --name once --rsource -j DROP",
        "INPUT -m state --state NEW -j ACCEPT",
    ];
    let text = raw.clone() + &iptables("filter", &["INPUT"], &rules);
    assert_eq!(
        (&*verdict(&text), &*tcp_verdict(&text)),
        ("depends", "blocked")
    );
    // Without NOTRACK, only the first packet is new.
    let text = iptables("filter", &["INPUT"], &[rules[0], rules[2]]);
    assert_eq!(
        (&*verdict(&text), &*tcp_verdict(&text)),
        ("passes", "passes")
    );
}

const ADDRESSES: &str = "\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536
    inet 127.0.0.1/8 scope host lo
2: eth0@if7: <BROADCAST,UP> mtu 1500
    inet 203.0.113.9/24 brd 203.0.113.255 scope global eth0
3: docker0: <BROADCAST,UP> mtu 1500
    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0
4: dummy0: <BROADCAST,UP> mtu 1500
    inet 198.51.100.7/32 scope global dummy0
";

const ROUTES: &str = "\
default via 203.0.113.1 dev eth0
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1
203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.9
";

#[test]
fn packets_have_no_private_address_of_another_interface() {
    for (address, expected) in [
        ("172.17.0.1", "blocked"),
        ("203.0.113.9", "passes"),
        // Packets to public addresses arrive by any interface.
        ("198.51.100.7", "passes"),
    ] {
        let accept = format!("INPUT -d {address}/32 -p udp -j ACCEPT");
        let text = iptables("filter", &["INPUT"], &[&accept]) + ADDRESSES + ROUTES;
        assert_eq!(verdict(&text), expected, "{address}");
    }
    let accept = "INPUT -d 172.17.0.1/32 -p udp -j ACCEPT";
    let text = iptables("filter", &["INPUT"], &[accept]) + ADDRESSES + ROUTES;
    assert_eq!(verdict_with("--interface docker0", &text), "passes");
    assert_eq!(verdict_with("--pbx 172.17.0.1", &text), "passes");
}

#[test]
fn packets_reach_a_private_pbx_only_if_the_router_changes_their_destination() {
    let options = "--at router --pbx 172.17.0.2";
    let dnat = "PREROUTING -p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2";
    let forward = "FORWARD -d 172.17.0.2/32 -j ACCEPT";
    let back = "FORWARD -s 172.17.0.2/32 -j ACCEPT";
    let filter = iptables("filter", &["FORWARD"], &[forward, back]) + ADDRESSES + ROUTES;
    assert_eq!(verdict_with(options, &filter), "blocked");
    let text = iptables("nat", &[], &[dnat]) + &filter;
    assert_eq!(verdict_with(options, &text), "passes");
    // A router with private addresses may be behind another one, which changes the destination.
    let inner = filter
        .replace("203.0.113.", "10.0.0.")
        .replace("198.51.100.", "10.0.1.");
    assert_eq!(verdict_with(options, &inner), "passes");
}

#[test]
fn the_kernel_may_drop_packets_whose_new_destination_is_loopback() {
    let dnat = "PREROUTING -p udp -m udp --dport 5060 -j DNAT --to-destination 127.0.0.1:5061";
    assert_eq!(verdict(&iptables("nat", &[], &[dnat])), "depends");
}

#[test]
fn rules_count_even_if_the_policy_of_their_chain_is_missing() {
    for (text, expected) in [
        ("*filter\n-A INPUT -j DROP\nCOMMIT\n", "blocked"),
        ("-A INPUT -j DROP\n", "blocked"),
        ("-A INPUT -p udp -j ACCEPT\n", "passes"),
        ("-A INPUT -p tcp -j ACCEPT\n", "depends"),
    ] {
        assert_eq!(verdict(text), expected, "{text}");
    }
}

#[test]
fn rejects_rules_for_ipv6() {
    let text = iptables(
        "filter",
        &[],
        &["INPUT -p udp -m udp --dport 5060 -j ACCEPT"],
    );
    for program in ["ip6tables-save", "ip6tables-nft-save"] {
        let text = format!("# Generated by {program} v1.8.9 on Mon Nov 30 20:32:40 2026\n{text}");
        let ran = verify("", &text);
        assert_eq!(ran.status, 2);
        assert!(
            ran.stderr.contains("this is the output of ip6tables-save"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn rejects_an_interface_that_cannot_lead_to_twilio() {
    let text = iptables("filter", &[], &[]) + ADDRESSES + ROUTES;
    for (name, problem) in [
        (
            "eth7",
            "the machine has no interface 'eth7'; it has lo, eth0, docker0, dummy0",
        ),
        ("lo", "lo leads only to the machine itself"),
    ] {
        let ran = verify(&format!("--interface {name}"), &text);
        assert_eq!(ran.status, 2, "{name}");
        assert!(ran.stderr.contains(problem), "{}", ran.stderr);
    }
    // Without the addresses, the interfaces are unknown.
    assert_eq!(
        verdict_with("--interface eth7", &iptables("filter", &[], &[])),
        "passes"
    );
}

/// A capture of a machine with rules of iptables-legacy.
fn capture(rules: &str, forwarding: &str) -> String {
    let sections = [
        ("host", "pbx1\n"),
        ("user", "0\n"),
        ("nft list ruleset", ""),
        ("iptables-nft-save", ""),
        ("iptables-legacy-save", rules),
        ("ipset save", ""),
        ("ip address", ADDRESSES),
        ("ip route", ROUTES),
        ("ip_forward", forwarding),
    ];
    let sections = sections.map(|(name, text)| {
        let lines = text.lines().count();
        format!("===== twilio-sip-allow 1: {name}: status 0, lines {lines} =====\n{text}")
    });
    sections.concat() + "===== twilio-sip-allow 1: end =====\n"
}

#[test]
fn no_packet_is_forwarded_if_forwarding_is_disabled() {
    let dnat = "PREROUTING -p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2";
    let rules = iptables("nat", &[], &[dnat]);
    assert_eq!(verdict(&capture(&rules, "1\n")), "passes");
    let blocked = machine(SIP_IN, &capture(&rules, "0\n"));
    assert_eq!(
        blocked["calls"][0]["groups"][0]["problem"]["cause"],
        "never_forwards"
    );
    assert_eq!(blocked["calls"][0]["verdict"], "blocked");
}

/// A filter table whose chains `c0` to `c59` each have these rules, in which `NEXT` is the next chain.
fn nested(rules: &[&str]) -> String {
    let names = (0..60).map(|number| format!(":c{number} - [0:0]\n"));
    let names: Vec<String> = names.collect();
    let rules = (0..59).flat_map(|number| {
        let next = format!("c{}", number + 1);
        let lines = rules.iter();
        lines.map(move |rule| format!("-A c{number} {}\n", rule.replace("NEXT", &next)))
    });
    let rules: Vec<String> = rules.collect();
    format!(
        "*filter\n:INPUT DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n{}-A INPUT -j c0\n{}-A c59 -p udp -j ACCEPT\nCOMMIT\n",
        names.concat(),
        rules.concat()
    )
}

#[test]
fn chains_with_several_jumps_to_the_next_chain_cost_no_more_than_their_rules() {
    assert_eq!(verdict(&nested(&["-j NEXT", "-j NEXT"])), "passes");
    let limited = "-m limit --limit 1/sec -j NEXT";
    assert_eq!(verdict(&nested(&[limited, limited])), "depends");
    let only_tcp = nested(&[limited, limited]).replace("-p udp", "-p tcp");
    assert_eq!(verdict(&only_tcp), "blocked");
}

#[test]
fn a_loop_of_jumps_depends() {
    let chains = "-A A -j B\n-A A -j B\n-A B -j A\n-A B -j A\n";
    let text = format!(
        "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n-A INPUT -j A\n{chains}COMMIT\n"
    );
    assert_eq!(verdict(&text), "depends");
}

#[test]
fn packets_may_pass_any_number_of_base_chains() {
    let base = |number| format!("type filter hook input priority {number}; policy accept;");
    let bases: Vec<String> = (0..50_000).map(base).collect();
    let chains: Vec<(&str, &[&str])> = bases.iter().map(|base| (&**base, &[][..])).collect();
    assert_eq!(verdict(&nft(&chains)), "passes");
}

#[test]
fn notes_name_rules_that_are_not_followed() {
    let bridge = "table bridge b {\n\tchain i {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n";
    let listed = "-P INPUT ACCEPT\n-A INPUT -p udp -j ACCEPT\n";
    for (text, note) in [
        (
            nft(&[]) + bridge,
            "tables of the family bridge are not followed",
        ),
        (
            listed.to_owned(),
            "the output of 'iptables -S' shows only the table 'filter'",
        ),
    ] {
        let notes = machine(SIP_IN, &text)["notes"].to_string();
        assert!(notes.contains(note), "{notes}");
    }
    for text in [nft(&[(INPUT, &[])]), iptables("filter", &[], &[])] {
        let notes = machine(SIP_IN, &text)["notes"].to_string();
        assert!(
            !notes.contains("are not followed") && !notes.contains("shows only"),
            "{notes}"
        );
    }
}
