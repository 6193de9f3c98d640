//! The verdicts of `verify` about whole firewalls that are easily misread. Each verdict is what the kernel did with the
//! packets (Linux 6.x, in network namespaces).

use serde_json::Value;

use crate::common::{Ran, Tool};

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
    let machine = machine("--transport udp --plane signaling --direction in", text);
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
