//! `verify` from the user's point of view: verdicts, reports, remedies and exit statuses.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::common::{self, Ran, Tool, has, line_of, python, render, valid_json, valid_sarif};

/// The rules for Twilio's packets in the chain `TWILIO-SIP-IN`.
fn twilio() -> String {
    let rules = render("--edition current --direction in --format iptables");
    let rules = rules.split_inclusive('\n');
    rules.filter(|line| line.starts_with("-A ")).collect()
}

/// A filter table of a host that drops what it does not accept, with these rules in the chain `INPUT`.
fn filter(input: &str) -> String {
    format!(
        "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:TWILIO-SIP-IN - [0:0]\n\
         {input}{}COMMIT\n",
        twilio()
    )
}

const ESTABLISHED: &str = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n";
const JUMP: &str = "-A INPUT -j TWILIO-SIP-IN\n";

/// The filter table of a host that accepts Twilio's calls, and nothing else that is new.
fn good() -> String {
    filter(&format!("{ESTABLISHED}{JUMP}"))
}

/// A host whose port 5060 is published by a container, as Docker 20 writes the rules.
fn docker(user: &str) -> String {
    let nat = "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n\
        :DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n\
        -A DOCKER -p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2:5060\nCOMMIT\n";
    let rules = format!(
        "{ESTABLISHED}{JUMP}-A FORWARD -j DOCKER-USER\n\
         -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -j DOCKER\n{user}"
    );
    let chains = ":DOCKER - [0:0]\n:DOCKER-USER - [0:0]\n:TWILIO-SIP-IN";
    nat.to_owned() + &filter(&rules).replace(":TWILIO-SIP-IN", chains)
}

/// A router with these rules in the chain `PREROUTING` of `nat`. It forwards what the PBX sends, and SIP over UDP to it.
fn router(prerouting: &str) -> String {
    format!(
        "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n{prerouting}COMMIT\n\
         *filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n\
         -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -s 10.0.0.5 -j ACCEPT\n\
         -A FORWARD -d 10.0.0.5 -p udp -m udp --dport 5060 -j ACCEPT\nCOMMIT\n"
    )
}

/// A call of `verify` on a file.
fn verify(options: &str, content: &str) -> Ran {
    Tool::line(&format!("verify {options} pbx"))
        .file("pbx", content)
        .run()
}

/// The report, without the notes about listings that the input does not contain.
fn report(ran: &Ran) -> String {
    let lines = ran.stdout.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("note: ")).collect()
}

/// Only the selected packets, to keep expectations short.
const UDP_IN: &str = "--direction in --plane signaling --transport udp";

#[test]
fn a_firewall_that_lets_only_calls_through_gives_status_0() {
    let ran = verify("", &good());
    assert_eq!(ran.stderr, "", "{ran}");
    assert_eq!(
        report(&ran),
        "pbx: calls get through; no one else reaches SIP
  signaling in   udp 5060         passes   8 of 8 regions
  signaling in   tcp 5060         passes   8 of 8 regions
  signaling in   tls 5061         passes   8 of 8 regions
  media in       udp 10000-60000  passes   all regions
  signaling out  udp 5060         passes   8 of 8 regions
  signaling out  tcp 5060         passes   8 of 8 regions
  signaling out  tls 5061         passes   8 of 8 regions
  media out      udp 10000-60000  passes   all regions
"
    );
    // The input is one listing, and the report says what else the collector would show.
    assert!(
        ran.stdout
            .contains("\nnote: the output of 'nft list ruleset' is not in the input"),
        "{ran}"
    );
    assert_eq!(ran.status, 0);
}

/// Verifies a firewall for SIP over UDP from Twilio, and expects this report.
fn assert_report(status: i32, options: &str, content: &str, expected: &str) {
    let ran = verify(&format!("{UDP_IN} {options}"), content);
    assert_eq!(report(&ran), expected, "{ran}");
    assert_eq!((ran.status, &*ran.stderr), (status, ""), "{ran}");
}

#[test]
fn a_chain_that_nothing_jumps_to_gets_the_command_that_adds_the_jump() {
    assert_report(
        1,
        "",
        &filter(ESTABLISHED),
        "pbx: calls do NOT get through: 1 blocked; no one else reaches SIP
  signaling in   udp 5060  BLOCKED  8 of 8 regions
      example  udp 54.172.60.0:1024 -> PBX:5060, new connection
      stopped  no rule accepts it, and the policy denies it: filter INPUT, line 2: :INPUT DROP [0:0]
      remedy   nothing jumps to TWILIO-SIP-IN: iptables -I INPUT -j TWILIO-SIP-IN
",
    );
}

#[test]
fn a_chain_of_nftables_that_nothing_jumps_to_gets_the_command_of_nft() {
    let listing = "table inet fw {
	chain in_base {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
	}

	chain twilio_sip_in {
		ip saddr 54.172.60.0/23 udp dport 5060 accept
	}
}
";
    assert_report(
        1,
        "",
        listing,
        "pbx: calls do NOT get through: 1 blocked; no one else reaches SIP
  signaling in   udp 5060  BLOCKED  8 of 8 regions
      example  udp 54.172.60.0:1024 -> PBX:5060, new connection
      stopped  no rule accepts it, and the policy denies it: inet fw in_base, line 3: policy drop;
      remedy   nothing jumps to twilio_sip_in: nft insert rule inet fw in_base jump twilio_sip_in
",
    );
}

/// The output of `iptables-nft-save` and of `iptables-legacy-save`, one after the other.
fn both_back_ends(nft: &str, legacy: &str) -> String {
    let saved = |back_end: &str, rules: &str| {
        format!(
            "# Generated by iptables-save v1.8.9{back_end} on Tue Dec  1 03:00:00 2026\n{rules}"
        )
    };
    saved(" (nf_tables)", nft) + &saved("", legacy)
}

#[test]
fn commands_for_tables_of_iptables_legacy_name_it_if_both_back_ends_are_in_use() {
    let open = "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
    let closed = open.replace("INPUT ACCEPT", "INPUT DROP");
    let load = "load the rules for Twilio and jump to them; the comments at the start of the rules contain the commands: \
                twilio-sip-allow --edition current --format iptables";
    for (nft, legacy, remedy) in [
        (
            open,
            &filter(ESTABLISHED),
            "nothing jumps to TWILIO-SIP-IN: iptables-legacy -I INPUT -j TWILIO-SIP-IN",
        ),
        (
            &filter(ESTABLISHED),
            &open.to_owned(),
            "nothing jumps to TWILIO-SIP-IN: iptables -I INPUT -j TWILIO-SIP-IN",
        ),
        (
            &closed,
            &good(),
            "exclude Twilio's packets from this rule, or load the rules for Twilio into table filter; an accept in table \
             filter of iptables-legacy does not override it",
        ),
        (
            open,
            &closed,
            &format!("{load}, with iptables-legacy instead of iptables"),
        ),
        (&closed, &open.to_owned(), load),
    ] {
        let ran = verify(UDP_IN, &both_back_ends(nft, legacy));
        let remedy = format!("      remedy   {remedy}\n");
        assert!(report(&ran).ends_with(&remedy), "{remedy}{ran}");
    }
    // Without the other back end, `iptables` changes these tables.
    let ran = verify(UDP_IN, &both_back_ends("", &filter(ESTABLISHED)));
    let remedy = "nothing jumps to TWILIO-SIP-IN: iptables -I INPUT -j TWILIO-SIP-IN\n";
    assert!(report(&ran).ends_with(remedy), "{ran}");
}

#[test]
fn a_jump_from_another_hook_is_no_jump() {
    let ran = verify(
        UDP_IN,
        &filter(&format!("{ESTABLISHED}-A FORWARD -j TWILIO-SIP-IN\n")),
    );
    let remedy =
        "      remedy   INPUT does not jump to TWILIO-SIP-IN: iptables -I INPUT -j TWILIO-SIP-IN\n";
    assert!(report(&ran).ends_with(remedy), "{ran}");
}

#[test]
fn an_accept_in_one_table_does_not_help_against_a_drop_in_another() {
    let listing = "table inet filter {
	chain input {
		type filter hook input priority filter; policy accept;
		jump twilio_sip_in
	}

	chain twilio_sip_in {
		ip saddr 54.172.60.0/23 udp dport 5060 accept
	}
}
table inet guard {
	chain input {
		type filter hook input priority 10; policy accept;
		udp dport 5060 drop
	}
}
";
    let ran = verify(&format!("{UDP_IN} --ignore exposure"), listing);
    let stopped = "      stopped  inet guard input, line 14: udp dport 5060 drop
      remedy   exclude Twilio's packets from this rule, or load the rules for Twilio into table inet guard; an accept in table inet filter does not override it
";
    assert!(report(&ran).ends_with(stopped), "{ran}");
    assert_eq!(ran.status, 1);
}

#[test]
fn packets_to_twilio_must_not_be_sent_elsewhere() {
    let nat = "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n\
               -A OUTPUT -p udp -m udp --dport 5060 -j DNAT --to-destination 10.0.0.7\nCOMMIT\n";
    let options = "--direction out --plane signaling --transport udp";
    let ran = verify(options, &(nat.to_owned() + &good()));
    let stopped = "      stopped  sent to another destination: nat OUTPUT, line 4: -A OUTPUT -p udp -m udp --dport 5060 -j \
                   DNAT --to-destination 10.0.0.7\n      remedy   exclude packets to Twilio from this rule\n";
    assert!(report(&ran).ends_with(stopped), "{ran}");
}

#[test]
fn a_rule_before_the_jump_is_named_with_the_line_of_the_jump() {
    let drop = "-A INPUT -p udp -m udp --dport 5060 -j DROP\n";
    assert_report(
        1,
        "",
        &filter(&format!("{ESTABLISHED}{drop}{JUMP}")),
        "pbx: calls do NOT get through: 1 blocked; no one else reaches SIP
  signaling in   udp 5060  BLOCKED  8 of 8 regions
      example  udp 54.172.60.0:1024 -> PBX:5060, new connection
      stopped  filter INPUT, line 7: -A INPUT -p udp -m udp --dport 5060 -j DROP
      remedy   move the jump to TWILIO-SIP-IN, line 8, before this rule
",
    );
}

#[test]
fn a_firewall_without_the_rules_gets_the_call_that_prints_them() {
    let listing = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
    let ran = verify(UDP_IN, listing);
    let remedy = "      remedy   load the rules for Twilio and jump to them; the comments at the start of the rules contain \
                  the commands: twilio-sip-allow --edition current --format iptables\n";
    assert!(report(&ran).ends_with(remedy), "{ran}");
    let listing = "table inet fw {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n";
    let ran = verify(UDP_IN, listing);
    let remedy =
        "commands: twilio-sip-allow --edition current --format nftables --table 'inet fw'\n";
    assert!(report(&ran).ends_with(remedy), "{ran}");
}

#[test]
fn the_line_that_decides_belongs_to_the_example() {
    // The list has neighbors of the same form, which the program may evaluate together.
    let drops: String = ["35.156.191.128/30", "54.171.127.192/30", "54.172.60.0/23"]
        .map(|network| format!("-A INPUT -s {network} -p udp -m udp --dport 5060 -j DROP\n"))
        .concat();
    let listing = filter(&format!("{ESTABLISHED}{drops}{JUMP}"));
    let ran = verify(&format!("{UDP_IN} --json"), &listing);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let groups = report["machines"][0]["calls"][0]["groups"].clone();
    let mut blocked = Vec::new();
    for group in groups.as_array().unwrap() {
        let problem = &group["problem"];
        if problem.is_null() {
            let example = group["passage"]["example"]["source"].as_str().unwrap();
            let line = group["passage"]["path"][0]["text"].as_str().unwrap();
            let network = line.split(' ').nth(3).unwrap().to_owned();
            let network: ipnet::Ipv4Net = network.parse().unwrap();
            assert!(
                network.contains(&example.parse::<std::net::Ipv4Addr>().unwrap()),
                "{group}"
            );
            continue;
        }
        let line = problem["decided_by"]["text"].as_str().unwrap();
        let network: ipnet::Ipv4Net = line.split(' ').nth(3).unwrap().parse().unwrap();
        let source: std::net::Ipv4Addr = problem["example"]["source"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(network.contains(&source), "{group}");
        blocked.push(group["regions"].clone());
    }
    // The networks of these regions (facts/regions.csv, edition global).
    let expected = [
        json!(["virginia"]),
        json!(["ireland"]),
        json!(["frankfurt"]),
    ];
    assert_eq!(blocked, expected);
}

#[test]
fn replies_that_are_blocked_get_the_command_for_established_connections() {
    let listing = good().replace(":OUTPUT ACCEPT", ":OUTPUT DROP");
    assert_report(
        1,
        "",
        &listing,
        "pbx: calls do NOT get through: 1 blocked; no one else reaches SIP
  signaling in   udp 5060  BLOCKED  8 of 8 regions
      example  udp PBX:5060 -> 54.172.60.0:1024, reply of an established connection
      stopped  no rule accepts it, and the policy denies it: filter OUTPUT, line 4: :OUTPUT DROP [0:0]
      remedy   accept established connections at the start of the chain: iptables -I OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
",
    );
}

#[test]
fn replies_that_are_exempt_from_connection_tracking_need_a_rule_of_their_own() {
    let raw = "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING -p udp -m udp --dport 5060 -j NOTRACK\n\
               -A OUTPUT -p udp -m udp --sport 5060 -j NOTRACK\nCOMMIT\n";
    let out = "-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n";
    let listing = filter(&format!("{ESTABLISHED}{JUMP}{out}"));
    let listing = raw.to_owned() + &listing.replace(":OUTPUT ACCEPT", ":OUTPUT DROP");
    let ran = verify(UDP_IN, &listing);
    let report = report(&ran);
    assert!(
        report.contains("udp PBX:5060 -> 54.172.60.0:1024, reply"),
        "{ran}"
    );
    let exempt =
        "      exempt   raw OUTPUT, line 5: -A OUTPUT -p udp -m udp --sport 5060 -j NOTRACK\n";
    let remedy = "      remedy   the connection is exempt from connection tracking (NOTRACK), so rules for established \
                  connections do not match: accept the packets by address and port, or remove the exemption in both \
                  directions\n";
    assert!(report.contains(exempt) && report.ends_with(remedy), "{ran}");
    // The reply belongs to no connection either if only the first packet is exempt.
    let half = listing.replace("-A OUTPUT -p udp -m udp --sport 5060 -j NOTRACK\n", "");
    let ran = verify(UDP_IN, &half);
    let exempt = "      exempt   raw PREROUTING, line 4: -A PREROUTING -p udp -m udp --dport 5060 -j NOTRACK\n";
    assert!(
        ran.stdout.contains(exempt) && ran.stdout.contains(remedy),
        "{ran}"
    );
}

#[test]
fn a_rule_in_an_early_chain_cannot_be_repaired_in_a_later_one() {
    let raw = "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -m udp --dport 5060 -j DROP\nCOMMIT\n";
    let ran = verify(UDP_IN, &(raw.to_owned() + &good()));
    let stopped = "      stopped  raw PREROUTING, line 3: -A PREROUTING -p udp -m udp --dport 5060 -j DROP\n      remedy   \
                   exclude Twilio's packets from this rule; later chains cannot accept packets that are already dropped\n";
    assert!(report(&ran).ends_with(stopped), "{ran}");
}

#[test]
fn ports_that_no_call_comes_from_do_not_matter() {
    let rules = "-A INPUT -p udp -m udp --sport 53 -j DROP\n-A INPUT -p tcp -m tcp --sport 0 -j DROP\n\
                 -A INPUT -p tcp -m tcp --dport 22 -j DROP\n";
    let ran = verify("", &filter(&format!("{rules}{ESTABLISHED}{JUMP}")));
    assert_eq!(ran.status, 0, "{}", report(&ran));
    let rules = "-A INPUT -p udp -m udp --sport 1024 -j DROP\n";
    let ran = verify("", &filter(&format!("{rules}{ESTABLISHED}{JUMP}")));
    assert!(report(&ran).contains("BLOCKED"), "{}", report(&ran));
    // Others may choose any port.
    let rules = "-A INPUT -p udp -m udp --sport 53 -j ACCEPT\n";
    let ran = verify("", &filter(&format!("{rules}{ESTABLISHED}{JUMP}")));
    assert!(report(&ran).contains("-> udp 5060\n"), "{}", report(&ran));
}

/// Verifies outgoing calls of a host that drops UDP packets to this local port, such as replies.
fn without_port(options: &str, port: &str) -> Ran {
    let rule = format!("-A INPUT -p udp -m udp --dport {port} -j DROP\n");
    let firewall = filter(&format!("{rule}{ESTABLISHED}{JUMP}"));
    verify(&format!("--direction out {options}"), &firewall)
}

#[test]
fn others_who_reach_sip_by_another_port_are_exposed() {
    let redirects = "-A PREROUTING -p udp -m udp --dport 5080 -j REDIRECT --to-ports 5060\n\
                     -A PREROUTING -p tcp -m multiport --dports 8443,9443 -j SIP\n\
                     -A PREROUTING -p udp -m udp --dport 53 -j REDIRECT --to-ports 5353\n\
                     -A SIP -p tcp -j DNAT --to-destination 203.0.113.9:5061\n";
    let nat = format!(
        "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:SIP - [0:0]\n{redirects}COMMIT\n"
    );
    let rules = "-A INPUT -p udp -m udp --dport 5060 -m conntrack --ctstate DNAT -j ACCEPT\n\
                 -A INPUT -s 8.8.8.0/24 -p tcp -m conntrack --ctstate DNAT -j ACCEPT\n";
    let address = r#"[{"ifname":"eth0","addr_info":[{"family":"inet","local":"203.0.113.9","prefixlen":24}]}]"#;
    let firewall = nat + &filter(&format!("{ESTABLISHED}{JUMP}{rules}")) + address + "\n";
    let ran = verify("--direction in --plane signaling", &firewall);
    assert_eq!(
        report(&ran),
        "pbx: calls get through; others reach SIP
  signaling in   udp 5060  passes   8 of 8 regions
  signaling in   tcp 5060  passes   8 of 8 regions
  signaling in   tls 5061  passes   8 of 8 regions
others who reach SIP:
  any public address -> udp 5080
      changed  nat PREROUTING, line 5: -A PREROUTING -p udp -m udp --dport 5080 -j REDIRECT --to-ports 5060
      accepted filter INPUT, line 17: -A INPUT -p udp -m udp --dport 5060 -m conntrack --ctstate DNAT -j ACCEPT
      remedy   accept only Twilio's addresses in this rule, or remove it; name those who may reach it with --peer
  8.8.8.0/24 -> tcp 8443, tcp 9443
      changed  nat SIP, line 8: -A SIP -p tcp -j DNAT --to-destination 203.0.113.9:5061
      accepted filter INPUT, line 18: -A INPUT -s 8.8.8.0/24 -p tcp -m conntrack --ctstate DNAT -j ACCEPT
      remedy   accept only Twilio's addresses in this rule, or remove it; if they may reach it: --peer 8.8.8.0/24
",
        "{ran}"
    );
    assert_eq!(ran.status, 1);
}

#[test]
fn a_rule_whose_new_port_is_unknown_exposes_no_other_port() {
    let firewall = "table ip nat {\n\tmap ports {\n\t\ttype inet_service : ipv4_addr . inet_service\n\t\tflags dynamic\n\t}\n\
                    \tchain pre {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\
                    \t\tudp dport 7000 redirect to udp dport map @unknown\n\t}\n\
                    \tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\
                    \t\tudp dport 5060 accept\n\t}\n}\n";
    let ran = verify(UDP_IN, firewall);
    assert!(ran.stdout.contains("-> udp 5060\n"), "{ran}");
    assert!(!ran.stdout.contains("7000"), "{ran}");
    let known = firewall.replace("udp dport map @unknown", ":5060");
    let ran = verify(UDP_IN, &known);
    assert!(ran.stdout.contains("-> udp 7000\n"), "{ran}");
}

/// The note about IPv6 for a table of family `inet` with this policy and these rules.
fn note_about_ipv6(options: &str, policy: &str, rules: &str) -> Option<String> {
    let firewall = format!(
        "table inet filter {{\n\tset some {{\n\t\ttype ipv6_addr\n\t}}\n\tchain sip {{\n\t\tudp dport 5060 accept\n\t}}\n\
         \tchain input {{\n\t\ttype filter hook input priority filter; policy {policy};\n\
         \t\tct state established,related accept\n\t\tiif \"lo\" accept\n\t\tmeta l4proto ipv6-icmp accept\n\
         \t\tip6 saddr @some accept\n{rules}\t}}\n}}\n"
    );
    let ran = verify(options, &firewall);
    assert!(ran.status < 2, "{ran}");
    let note = ran.stdout.lines().find(|line| line.contains("IPv6"));
    note.map(str::to_owned)
}

#[test]
fn a_table_that_lets_sip_over_ipv6_in_gets_a_note() {
    let lets_in = |line: u32| {
        Some(format!(
            "note: the verdicts are about IPv4; table inet filter also lets SIP over IPv6 in, from any address (line \
             {line}), unless rules for IPv6 alone drop it"
        ))
    };
    let may_let_in = Some(
        "note: the verdicts are about IPv4; table inet filter also applies to IPv6, and it may let SIP over IPv6 in"
            .to_owned(),
    );
    for (options, policy, rules, expected) in [
        ("", "drop", "\t\tjump sip\n", lets_in(6)),
        (
            "",
            "drop",
            "\t\tudp dport { 5060, 5061 } accept\n",
            lets_in(14),
        ),
        (
            "",
            "drop",
            "\t\tip saddr 54.172.60.0/30 udp dport 5060 accept\n",
            None,
        ),
        (
            "",
            "drop",
            "\t\tip6 saddr 2001:db8::/32 udp dport 5060 accept\n",
            None,
        ),
        ("", "drop", "", None),
        ("", "accept", "\t\tudp dport 5060 drop\n", None),
        ("", "accept", "\t\tmeta nfproto ipv6 drop\n", None),
        (
            "",
            "accept",
            "\t\tip saddr 54.172.60.0/30 udp dport 5060 drop\n",
            lets_in(9),
        ),
        (
            "--local-sip-port 5070",
            "drop",
            "\t\tudp dport 5070 accept\n",
            lets_in(14),
        ),
        (
            "--interface eth0",
            "drop",
            "\t\tiifname \"eth0\" udp dport 5060 accept\n",
            lets_in(14),
        ),
        (
            "--interface eth1",
            "drop",
            "\t\tiifname \"eth0\" udp dport 5060 accept\n",
            None,
        ),
        // These rules decide about some packets only.
        (
            "",
            "drop",
            "\t\tiifname \"eth0\" udp dport 5060 accept\n",
            may_let_in.clone(),
        ),
        (
            "",
            "accept",
            "\t\tip6 saddr @some drop\n",
            may_let_in.clone(),
        ),
        (
            "",
            "accept",
            "\t\tudp dport 5060 limit rate over 5/second drop\n",
            may_let_in.clone(),
        ),
        // Packets for a PBX behind the machine pass another hook.
        ("--at router", "drop", "\t\tjump sip\n", None),
        ("--direction out", "accept", "", None),
    ] {
        let found = note_about_ipv6(options, policy, rules);
        assert_eq!(found, expected, "{options} {policy} {rules}");
    }
}

#[test]
fn calls_come_from_the_ports_of_the_pbx() {
    // The ports of DNS and VXLAN (4789, RFC 7348), and those around the ports that Linux chooses (32768 to 60999,
    // ip-sysctl.rst of Linux).
    for port in ["53", "4789", "32767", "61000"] {
        let ran = without_port("--plane signaling", port);
        assert_eq!(ran.status, 0, "{port}: {}", report(&ran));
    }
    for port in ["4789", "9999", "60001"] {
        let ran = without_port("--plane media", port);
        assert_eq!(ran.status, 0, "{port}: {}", report(&ran));
    }
    for (options, port) in [
        ("--plane signaling", "5060"),
        ("--plane signaling", "32768"),
        ("--plane signaling", "60999"),
        ("--plane media", "10000"),
        ("--plane media", "60000"),
    ] {
        let ran = without_port(options, port);
        let example = format!(" -> PBX:{port}, reply of an established connection\n");
        assert!(report(&ran).contains(&example), "{}", report(&ran));
    }
}

#[test]
fn the_local_ports_of_the_user_are_those_of_outgoing_calls_too() {
    let drops = |port: &str| {
        let output = format!("-A OUTPUT -p udp -m udp --sport {port} -j DROP\n");
        filter(&format!("{ESTABLISHED}{JUMP}{output}"))
            .replace("--dport 5060 ", "--dport 5070 ")
            .replace("--dport 10000:60000 ", "--dport 16384:32768 ")
    };
    let options = "--local-sip-port 5070 --local-rtp-ports 16384-32768";
    for port in ["5060", "10000"] {
        let ran = verify(options, &drops(port));
        assert_eq!(ran.status, 0, "{port}: {}", report(&ran));
    }
    for (port, row) in [
        ("5070", "signaling out  udp 5060         BLOCKED"),
        ("16384", "media out      udp 10000-60000  BLOCKED"),
    ] {
        let ran = verify(options, &drops(port));
        assert!(ran.stdout.contains(row), "{port}: {}", report(&ran));
    }
}

#[test]
fn a_rate_makes_calls_depend_on_it() {
    let recent = "-A INPUT -p udp -m udp --dport 5060 -m recent --update --seconds 60 --name SIP --rsource -j DROP\n";
    assert_report(
        1,
        "",
        &filter(&format!("{ESTABLISHED}{recent}{JUMP}")),
        "pbx: calls may get through: 1 depends; no one else reaches SIP
  signaling in   udp 5060  DEPENDS  8 of 8 regions
      example  udp 54.172.60.0:1024 -> PBX:5060, new connection
      depends  on a rate: filter INPUT, line 7: -A INPUT -p udp -m udp --dport 5060 -m recent --update --seconds 60 --name SIP --rsource -j DROP
      remedy   accept Twilio's packets before this rule, so that they do not depend on a rate (move the jump to TWILIO-SIP-IN, line 8, before this rule)
",
    );
    let limited = JUMP.replace("-j", "-m limit --limit 5/sec -j");
    let ran = verify(UDP_IN, &filter(&format!("{ESTABLISHED}{limited}")));
    let otherwise = "-j TWILIO-SIP-IN\n      or else  no rule accepts it, and the policy denies it: filter INPUT, line 2: ";
    assert!(report(&ran).contains(otherwise), "{ran}");
}

#[test]
fn the_command_that_adds_a_jump_is_of_the_program_that_made_the_table() {
    let listing = |family: &str, chain: &str| {
        format!(
            "table {family} filter {{\nchain TWILIO-SIP-IN {{\naccept\n}}\nchain {chain} {{\n\
             type filter hook input priority 0; policy drop;\nct state established accept\n}}\n}}\n"
        )
    };
    for (family, chain, command) in [
        (
            "inet",
            "input",
            "nft insert rule inet filter input jump TWILIO-SIP-IN",
        ),
        (
            "ip",
            "input",
            "nft insert rule ip filter input jump TWILIO-SIP-IN",
        ),
        ("ip", "INPUT", "iptables -I INPUT -j TWILIO-SIP-IN"),
    ] {
        let ran = verify(UDP_IN, &listing(family, chain));
        let expected = format!("nothing jumps to TWILIO-SIP-IN: {command}\n");
        assert!(report(&ran).contains(&expected), "{family} {chain}: {ran}");
    }
}

#[test]
fn an_interface_makes_calls_depend_unless_it_is_named() {
    let listing = filter(&format!("{ESTABLISHED}-A INPUT -i eth0 -j TWILIO-SIP-IN\n"));
    let ran = verify(UDP_IN, &listing);
    assert_eq!(ran.status, 1, "{ran}");
    let depends =
        "      depends  on an interface: filter INPUT, line 7: -A INPUT -i eth0 -j TWILIO-SIP-IN\n";
    let remedy = "      remedy   name the interface that leads to Twilio with --interface, or verify the output of the \
                  collector, which shows it\n";
    assert!(report(&ran).contains(depends), "{ran}");
    assert!(report(&ran).ends_with(remedy), "{ran}");
    assert_eq!(
        verify(&format!("{UDP_IN} --interface eth0"), &listing).status,
        0
    );
    let ran = verify(&format!("{UDP_IN} --interface eth1"), &listing);
    assert!(report(&ran).contains("BLOCKED"), "{ran}");
}

#[test]
fn a_set_whose_contents_are_unknown_makes_calls_and_exposures_depend() {
    let rule = "-A INPUT -m set --match-set voip src -j ACCEPT\n";
    let ran = verify(UDP_IN, &filter(&format!("{ESTABLISHED}{rule}")));
    assert_eq!(
        report(&ran),
        "pbx: calls may get through: 1 depends; others may reach SIP
  signaling in   udp 5060  DEPENDS  8 of 8 regions
      example  udp 54.172.60.0:1024 -> PBX:5060, new connection
      depends  on the contents of a set: filter INPUT, line 7: -A INPUT -m set --match-set voip src -j ACCEPT
      or else  no rule accepts it, and the policy denies it: filter INPUT, line 2: :INPUT DROP [0:0]
      remedy   verify the output of the collector, which shows the contents of sets; if rules fill the set, accept Twilio's packets before this rule
others who reach SIP:
  any public address may reach udp 5060
      depends  on the contents of a set: filter INPUT, line 7: -A INPUT -m set --match-set voip src -j ACCEPT
      remedy   accept only Twilio's addresses in this rule, or remove it; name those who may reach it with --peer
"
    );
    let ignoring = verify(
        &format!("{UDP_IN} --ignore depends"),
        &filter(&format!("{ESTABLISHED}{rule}")),
    );
    assert_eq!(ignoring.status, 0, "{ignoring}");
    assert_eq!(ignoring.stdout, ran.stdout);
}

#[test]
fn a_published_port_of_docker_bypasses_the_chain_input() {
    let accept = "-A DOCKER -d 172.17.0.2/32 -p udp -m udp --dport 5060 -j ACCEPT\n";
    assert_report(
        1,
        "--interface eth0",
        &docker(accept),
        "pbx: calls get through; others reach SIP
  signaling in   udp 5060  passes   8 of 8 regions
others who reach SIP:
  any public address -> udp 5060
      changed  nat DOCKER, line 8: -A DOCKER -p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2:5060
      accepted filter DOCKER, line 22: -A DOCKER -d 172.17.0.2/32 -p udp -m udp --dport 5060 -j ACCEPT
      remedy   INPUT never gets these packets, because Docker changes their destination: drop them in DOCKER-USER, after the rules for Twilio: iptables -I DOCKER-USER -i eth0 -p udp -m conntrack --ctstate NEW --ctorigdstport 5060 -j DROP && iptables -I DOCKER-USER -j TWILIO-SIP-IN; name those who may reach it with --peer
",
    );
    // The commands of the remedy, as iptables-save prints them.
    let user = "-A DOCKER-USER -j TWILIO-SIP-IN\n\
                -A DOCKER-USER -i eth0 -p udp -m conntrack --ctstate NEW --ctorigdstport 5060 -j DROP\n";
    let repaired = verify(
        &format!("{UDP_IN} --interface eth0"),
        &docker(&format!("{user}{accept}")),
    );
    assert_eq!(repaired.status, 0, "{repaired}");
    // Without the interface, there is no complete command.
    let ran = verify(UDP_IN, &docker(accept));
    let remedy = "Docker changes their destination: in DOCKER-USER, accept Twilio's packets and drop the others; name";
    assert!(ran.stdout.contains(remedy), "{ran}");
    let note = "\nnote: line 8 sends packets of calls to another address, but other packets of calls stay on this machine; \
                if the PBX is there, such as in a container, use --at router --pbx 172.17.0.2\n";
    let ran = verify("--interface eth0 --direction in", &docker(accept));
    assert!(ran.stdout.contains(note), "{ran}");
    let note = "\nnote: line 8 sends packets of calls to another address; if the PBX is there";
    let ran = verify(&format!("{UDP_IN} --interface eth0"), &docker(accept));
    assert!(ran.stdout.contains(note), "{ran}");
    let router = verify("--at router --pbx 172.17.0.2", &docker(accept));
    assert!(!router.stdout.contains("to another address"), "{router}");
    let deny = "-A DOCKER-USER -p udp -m udp --dport 5060 -j DROP\n";
    let ran = verify(UDP_IN, &docker(&format!("{deny}{accept}")));
    let remedy = "      remedy   line 8 changes the destination, so the packets are forwarded and never get to INPUT: jump to \
                  the rules for Twilio from DOCKER-USER: iptables -I DOCKER-USER -j TWILIO-SIP-IN\n";
    assert!(report(&ran).ends_with(remedy), "{ran}");
    assert!(
        report(&ran)
            .starts_with("pbx: calls do NOT get through: 1 blocked; no one else reaches SIP\n"),
        "{ran}"
    );
}

#[test]
fn a_router_must_forward_the_packets_to_the_pbx() {
    let options = "--at router --pbx 10.0.0.5";
    let dnat = "-A PREROUTING -p udp -m udp --dport 5060 -j DNAT --to-destination 10.0.0.5\n";
    let ran = verify(
        &format!("{UDP_IN} {options} --ignore exposure"),
        &router(dnat),
    );
    assert!(report(&ran).contains("passes   8 of 8 regions"), "{ran}");
    assert_eq!(ran.status, 0, "{ran}");
    let wrong = dnat.replace("10.0.0.5", "10.0.0.6");
    assert_report(
        1,
        options,
        &router(&wrong),
        "pbx: calls do NOT get through: 1 blocked; no one else reaches SIP
  signaling in   udp 5060  BLOCKED  8 of 8 regions
      example  udp 54.172.60.0:1024 -> PBX:5060, new connection
      stopped  sent to another destination: nat PREROUTING, line 4: -A PREROUTING -p udp -m udp --dport 5060 -j DNAT --to-destination 10.0.0.6
      remedy   exclude Twilio's packets from this rule; if its new destination is the PBX, name it with --pbx
",
    );
    let tls = "--direction in --plane signaling --transport tls";
    let ran = verify(&format!("{tls} {options}"), &router(""));
    let stopped = "      stopped  addressed to the router itself, and no rule forwards it to the PBX\n      remedy   forward \
                   the packets to the PBX with a rule that changes their destination (DNAT); if the router already does, \
                   name the address of the PBX with --pbx\n";
    assert!(report(&ran).ends_with(stopped), "{ran}");
}

#[test]
fn others_who_reach_sip_fail_and_others_who_reach_rtp_do_not() {
    let open = common::OPEN_LISTING;
    let ran = verify("--direction in", open);
    assert_eq!(
        report(&ran),
        "pbx: calls get through; others reach SIP
  signaling in   udp 5060         passes   8 of 8 regions
  signaling in   tcp 5060         passes   8 of 8 regions
  signaling in   tls 5061         passes   8 of 8 regions
  media in       udp 10000-60000  passes   all regions
others who reach SIP:
  any public address -> udp 5060, tcp 5060, tcp 5061
      accepted no rule denies them: filter INPUT, line 2: :INPUT ACCEPT [0:0]
      remedy   drop all other packets at the end of this chain; name those who may reach it with --peer
others who reach RTP (this does not change the exit status):
  any public address -> udp 10000-60000
      accepted no rule denies them: filter INPUT, line 2: :INPUT ACCEPT [0:0]
      remedy   drop all other packets at the end of this chain; name those who may reach it with --peer
"
    );
    assert_eq!(ran.status, 1);
    assert_eq!(verify("--ignore exposure", open).status, 0);
    assert_eq!(verify("--plane media", open).status, 0);
}

#[test]
fn peers_are_no_exposure() {
    let peer = "-A INPUT -s 8.8.8.0/24 -p udp -m udp --dport 5060 -j ACCEPT\n";
    let documentation = "-A INPUT -s 198.51.100.0/24 -p udp -m udp --dport 5060 -j ACCEPT\n";
    let listing = filter(&format!("{ESTABLISHED}{peer}{documentation}{JUMP}"));
    let ran = verify(UDP_IN, &listing);
    let others = "others who reach SIP:
  8.8.8.0/24 -> udp 5060
      accepted filter INPUT, line 7: -A INPUT -s 8.8.8.0/24 -p udp -m udp --dport 5060 -j ACCEPT
      remedy   accept only Twilio's addresses in this rule, or remove it; if they may reach it: --peer 8.8.8.0/24
";
    // Addresses for documentation (RFC 5737) are not public.
    assert!(report(&ran).ends_with(others), "{ran}");
    assert_eq!(ran.status, 1);
    assert_eq!(
        verify(&format!("{UDP_IN} --peer 8.8.8.0/24"), &listing).status,
        0
    );
}

#[test]
fn others_who_always_get_in_are_not_mixed_with_those_who_sometimes_do() {
    let limited =
        "-A INPUT -s 9.9.9.0/24 -p udp -m udp --dport 5060 -m limit --limit 5/sec -j DROP\n";
    let accepted = "-A INPUT -s 8.0.0.0/7 -p udp -m udp --dport 5060 -j ACCEPT\n";
    let listing = filter(&format!("{ESTABLISHED}{limited}{accepted}{JUMP}"));
    let ran = verify(&format!("{UDP_IN} --report json"), &listing);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let exposures = report["machines"][0]["exposures"].as_array().unwrap();
    let found: Vec<_> = exposures
        .iter()
        .map(|exposure| {
            let conditions = exposure["conditions"].as_array().unwrap().len();
            (
                exposure["sources"]["only"].to_string(),
                &exposure["sometimes"],
                conditions,
            )
        })
        .collect();
    let always = r#"["8.0.0.0-9.9.8.255","9.9.10.0-9.255.255.255"]"#;
    let sometimes = r#"["9.9.9.0/24"]"#;
    assert_eq!(
        found,
        [
            (always.to_owned(), &Value::Bool(false), 0),
            (sometimes.to_owned(), &Value::Bool(true), 1),
        ],
        "{ran}"
    );
}

#[test]
fn other_regions_of_twilio_are_no_exposure() {
    for options in [
        "--region tokyo",
        "--plane signaling --transport tls",
        "--edition regional",
    ] {
        let ran = verify(&format!("--quiet --direction in {options}"), &good());
        assert!(!ran.stdout.contains("others who reach"), "{ran}");
    }
}

#[test]
fn regions_with_different_verdicts_have_rows_of_their_own() {
    let listing = good().replace(
        "-s 54.171.127.192/30 -p tcp -m tcp --dport 5061",
        "-s 54.171.127.192/30 -p tcp -m tcp --dport 5071",
    );
    let ran = verify("--direction in --transport tls --plane signaling", &listing);
    assert_eq!(
        report(&ran),
        "pbx: calls do NOT get through: 1 blocked; no one else reaches SIP
  signaling in   tls 5061  passes   virginia, oregon, frankfurt, tokyo, singapore, sydney, sao-paulo
  signaling in   tls 5061  BLOCKED  ireland
      example  tcp 54.171.127.192:1024 -> PBX:5061, new connection
      stopped  no rule accepts it, and the policy denies it: filter INPUT, line 2: :INPUT DROP [0:0]
      remedy   TWILIO-SIP-IN does not accept these packets, or does not get them: load the rules of the edition in force again; to see the differences: iptables-save | twilio-sip-allow check --edition current --format iptables
"
    );
}

#[test]
fn the_work_for_rules_with_sources_and_ports_of_their_own_is_linear() {
    let rules = (0..5_000).map(|number| {
        let source = format!("9.{}.{}.7", number / 250, number % 250);
        let port = 10_000 + number * 10;
        let target = ["ACCEPT", "DROP"][number % 2];
        format!("-A INPUT -s {source}/32 -p udp -m udp --dport {port} -j {target}\n")
    });
    let rules: Vec<String> = rules.collect();
    let rules = rules.concat();
    let listing = filter(&format!("{ESTABLISHED}{rules}{JUMP}"));
    // About 100 steps for each rule. If each rule divided the rest of all rules before it, there would be 3 million steps.
    let ran = verify("--direction in --limit work=600000", &listing);
    assert!(
        report(&ran).starts_with("pbx: calls get through; no one else reaches SIP\n"),
        "{ran}"
    );
    assert!(ran.stdout.contains("others who reach RTP"), "{ran}");
    assert!(
        ran.stdout
            .contains("\n  2480 more not shown; use --report json to see all\n"),
        "{ran}"
    );
}

#[test]
fn a_row_names_the_addresses_of_its_regions_that_do_not_get_through() {
    let banned = "-A INPUT -s 54.171.127.193/32 -j DROP\n\
        -A INPUT -p udp -m iprange --src-range 168.86.130.0-168.86.130.7 -j DROP\n";
    let listing = filter(&format!("{ESTABLISHED}{banned}{JUMP}"));
    let options = "--direction in --transport udp";
    let ran = verify(options, &listing);
    assert_eq!(
        report(&ran),
        "pbx: calls do NOT get through: 2 blocked; no one else reaches SIP
  signaling in   udp 5060         passes   virginia, oregon, frankfurt, tokyo, singapore, sydney, sao-paulo
  signaling in   udp 5060         BLOCKED  ireland: only 54.171.127.193
      example  udp 54.171.127.193:1024 -> PBX:5060, new connection
      stopped  filter INPUT, line 7: -A INPUT -s 54.171.127.193/32 -j DROP
      remedy   move the jump to TWILIO-SIP-IN, line 9, before this rule
  media in       udp 10000-60000  BLOCKED  all regions: only 168.86.130.0/29
      example  udp 168.86.130.0:1024 -> PBX:10000, new connection
      stopped  filter INPUT, line 8: -A INPUT -p udp -m iprange --src-range 168.86.130.0-168.86.130.7 -j DROP
      remedy   move the jump to TWILIO-SIP-IN, line 9, before this rule
"
    );
    let ran = verify(&format!("{options} --report json"), &listing);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let calls = report["machines"][0]["calls"].as_array().unwrap();
    let addresses = |call: &Value| {
        let groups = call["groups"].as_array().unwrap().iter();
        groups.map(|group| group["addresses"].clone()).collect()
    };
    let addresses: Vec<Vec<Value>> = calls.iter().map(addresses).collect();
    let only = |network: &str| json!({"only": [network], "more": 0});
    assert_eq!(
        addresses,
        [
            vec![Value::Null, only("54.171.127.193")],
            vec![only("168.86.130.0/29")]
        ]
    );
}

#[test]
fn a_row_names_the_addresses_of_several_regions_that_depend_on_a_condition() {
    let limited = "-A INPUT -s 54.171.127.192/31 -m limit --limit 5/sec -j DROP\n\
        -A INPUT -s 35.156.191.130/32 -m limit --limit 5/sec -j DROP\n";
    let listing = filter(&format!("{ESTABLISHED}{limited}{JUMP}"));
    let ran = verify("--direction in --transport udp --plane signaling", &listing);
    let report = report(&ran);
    for row in [
        "  signaling in   udp 5060  DEPENDS  ireland: only 54.171.127.192/31\n",
        "  signaling in   udp 5060  DEPENDS  frankfurt: only 35.156.191.130\n",
    ] {
        assert!(report.contains(row), "{row}{ran}");
    }
}

#[test]
fn a_problem_of_several_rows_is_explained_once() {
    let ran = verify("--direction in", &filter(ESTABLISHED));
    let report = report(&ran);
    assert_eq!(report.matches("BLOCKED").count(), 4, "{ran}");
    assert_eq!(report.matches("remedy").count(), 1, "{ran}");
    assert!(
        report.starts_with("pbx: calls do NOT get through: 4 blocked;"),
        "{ran}"
    );
}

#[test]
fn trace_shows_the_decision_of_each_base_chain() {
    let ran = verify(
        &format!("{UDP_IN} --trace"),
        &docker("-A DOCKER -j ACCEPT\n"),
    );
    let path = "      example  udp 54.172.60.0:1024 -> PBX:5060, new connection
      path     prerouting: nat DOCKER, line 8: -A DOCKER -p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2:5060
      path     forward: filter DOCKER, line 22: -A DOCKER -j ACCEPT
";
    assert!(report(&ran).contains(path), "{ran}");
}

#[test]
fn several_machines_have_a_summary_and_keep_their_order() {
    let names = ["a", "b", "c", "d"];
    let ran = Tool::line(&format!("verify {UDP_IN} a b c d"))
        .file("a", good())
        .file("b", filter(ESTABLISHED))
        .file(
            "c",
            filter(&format!("{ESTABLISHED}-A INPUT -i eth0 -j TWILIO-SIP-IN\n")),
        )
        .file("d", filter("-A INPUT -j ACCEPT\n"))
        .run();
    assert_eq!(ran.status, 1, "{ran}");
    let report = report(&ran);
    assert!(
        report.starts_with(
            "4 machines: calls get through on 2, may get through on 1, do NOT get through on 1; others reach SIP on 1 \
             (edition global, all regions)\n\na: calls get through"
        ),
        "{ran}"
    );
    let places = names.map(|name| report.find(&format!("\n{name}: ")).unwrap());
    assert!(places.is_sorted(), "{ran}");
}

#[test]
fn an_input_that_cannot_be_read_gives_status_2_and_no_report() {
    let refused = Tool::line("verify good cut good")
        .file("good", good())
        .file("cut", "*filter\n:INPUT DROP [0:0]\n-A INPUT -j AC")
        .run()
        .refused();
    assert!(
        refused
            .starts_with("twilio-sip-allow: error: cut:3: the last line does not end in a newline"),
        "{refused}"
    );
    assert!(
        refused.ends_with("twilio-sip-allow: error: 1 of 3 files could not be verified\n"),
        "{refused}"
    );
    let refused = verify("", "hello\n").refused();
    assert!(
        refused.starts_with("twilio-sip-allow: error: pbx"),
        "{refused}"
    );
    let refused = Tool::line("verify - -").run().refused();
    assert!(refused.contains("stdin can be read only once"), "{refused}");
    let refused = Tool::line("verify tokyo").run().refused();
    assert!(
        refused.contains("to select the region, use --region tokyo"),
        "{refused}"
    );
}

#[test]
fn reads_stdin_if_no_file_is_named() {
    for file in ["", "-"] {
        let mut tool = Tool::line(&format!("verify {UDP_IN} {file}")).file("pbx", good());
        let input = fs::File::open(tool.folder().join("pbx")).unwrap();
        tool.command().stdin(Stdio::from(input));
        let ran = tool.run();
        assert!(
            ran.stdout.starts_with("stdin: calls get through; "),
            "{ran}"
        );
        assert_eq!(ran.status, 0);
    }
}

#[test]
fn the_selection_comes_from_the_options_or_the_configuration_file() {
    let ran = Tool::line("verify pbx")
        .file("pbx", good())
        .file(
            "twilio-sip-allow.yaml",
            "selection: {edition: current, region: tokyo, direction: in, transport: udp, plane: signaling}\n",
        )
        .run();
    assert_eq!(
        report(&ran),
        "pbx: calls get through; no one else reaches SIP\n  signaling in   udp 5060  passes   tokyo\n"
    );
    assert_eq!(ran.status, 0);
}

#[test]
fn the_words_of_the_result_are_colored_on_request() {
    let ran = verify("--color always --direction in", &filter(ESTABLISHED));
    for wanted in [
        "pbx: \u{1b}[1;31mcalls do NOT get through: 4 blocked\u{1b}[0m; \u{1b}[1;32mno one else reaches SIP\u{1b}[0m\n",
        "  \u{1b}[1;31mBLOCKED\u{1b}[0m  8 of 8 regions\n",
    ] {
        assert!(ran.stdout.contains(wanted), "{ran}");
    }
    let plain = verify("--direction in", &filter(ESTABLISHED));
    assert!(!plain.stdout.contains('\u{1b}'), "{plain}");
}

/// A firewall with a problem, a condition, and exposures of SIP and RTP.
fn mixed() -> String {
    filter(&format!(
        "{ESTABLISHED}-A INPUT -p tcp -m tcp --dport 5061 -j DROP\n\
         -A INPUT -p tcp -m tcp --dport 5060 -m recent --update --seconds 9 -j DROP\n\
         -A INPUT -p tcp -m tcp --dport 5060 -m limit --limit 1/sec -j ACCEPT\n\
         -A INPUT -s 8.8.8.0/24 -p udp -m udp --dport 5060 -j ACCEPT\n{JUMP}-A INPUT -p udp -m udp --dport 10000:60000 -j ACCEPT\n"
    ))
}

#[test]
fn the_json_report_follows_its_schema_and_has_complete_packets() {
    let test = "verify::the_json_report_follows_its_schema_and_has_complete_packets";
    for (options, content) in [
        ("", good()),
        ("", mixed()),
        ("--ignore exposure,depends", mixed()),
        ("--trace", docker("-A DOCKER -j ACCEPT\n")),
        ("--at router --pbx 10.0.0.5", router("")),
        (
            "--at router --interface wan0",
            router("-A PREROUTING -p tcp -j REDIRECT --to-ports 5060\n"),
        ),
        ("--pbx 203.0.113.9", filter(ESTABLISHED)),
        (
            "",
            filter("-A INPUT -m set --match-set voip src -j ACCEPT\n"),
        ),
    ] {
        let ran = verify(&format!("{options} --report json"), &content);
        let report = valid_json(test, "verify", &ran);
        assert_eq!(report["fails"], json!(ran.status == 1), "{ran}");
        assert_eq!(report["machines"][0]["fails"], report["fails"]);
    }
}

#[test]
fn the_json_report_names_the_deciding_lines() {
    let test = "verify::the_json_report_names_the_deciding_lines";
    let content = mixed();
    let ran = verify("--pbx 203.0.113.9 --json", &content);
    let report = valid_json(test, "verify", &ran);
    assert_eq!(
        report["summary"],
        json!({"machines": 1, "failing": 1, "blocked": 1, "depending": 0, "exposed": 1})
    );
    let machine = &report["machines"][0];
    let input = json!({"table": "filter", "chain": "INPUT", "hook": "input", "priority": 0});
    assert!(
        machine["chains"].as_array().unwrap().contains(&input),
        "{ran}"
    );
    let calls = machine["calls"].as_array().unwrap();
    let verdicts = calls.iter().map(|call| call["verdict"].as_str().unwrap());
    assert_eq!(
        verdicts.collect::<Vec<_>>(),
        [
            "passes", "depends", "blocked", "passes", "passes", "passes", "passes", "passes"
        ]
    );
    let drop = "-A INPUT -p tcp -m tcp --dport 5061 -j DROP";
    let problem = &calls[2]["groups"][0]["problem"];
    assert_eq!(
        problem["example"],
        json!({
            "direction": "in", "protocol": "tcp", "source": "54.172.60.0", "source_port": 1024,
            "destination": "203.0.113.9", "destination_port": 5061, "tcp_flags": "syn",
        })
    );
    assert_eq!(
        problem["decided_by"],
        json!({"line": line_of(&content, drop), "text": drop, "table": "filter", "chain": "INPUT"})
    );
    assert_eq!(problem["cause"], "rule");
    let passage = &calls[0]["groups"][0]["passage"];
    assert_eq!(passage["path"][0]["chain"], "TWILIO-SIP-IN");
    assert_eq!(passage["path"][0]["base_chain"], "INPUT");
    assert_eq!(passage["path"][0]["policy"], false);
    let exposures = machine["exposures"].as_array().unwrap();
    let rows: Vec<Value> = exposures
        .iter()
        .map(|row| {
            json!([
                row["plane"],
                row["protocol"],
                row["ports"],
                row["sources"],
                row["sometimes"],
                row["fails"]
            ])
        })
        .collect();
    assert_eq!(
        rows,
        [
            json!(["signaling", "udp", "5060", {"only": ["8.8.8.0/24"], "more": 0}, false, true]),
            json!(["signaling", "tcp", "5060", {"any": true}, true, true]),
            json!(["media", "udp", "10000-60000", {"any": true}, false, false]),
        ]
    );
    assert_eq!(exposures[1]["conditions"][0]["condition"], "rate");
}

#[test]
fn the_address_of_the_pbx_is_in_the_examples() {
    for options in ["--pbx 203.0.113.9", "--local-address 203.0.113.9"] {
        let ran = verify(&format!("{UDP_IN} {options}"), &filter(ESTABLISHED));
        let example = "      example  udp 54.172.60.0:1024 -> 203.0.113.9:5060, new connection\n";
        assert!(ran.stdout.contains(example), "{ran}");
    }
}

#[test]
fn github_gets_one_annotation_for_each_problem_and_exposure() {
    let content = mixed();
    let ran = verify("--direction in --report github", &content);
    assert_eq!(ran.status, 1);
    let lines: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect();
    let line = |start: &str| line_of(&content, start);
    let starts = [
        format!(
            "::warning title=verify%3A depends,file=pbx,line={}::pbx: signaling in tcp 5060 (8 of 8 regions) depends: tcp ",
            line("-A INPUT -p tcp -m tcp --dport 5060 -m recent")
        ),
        format!(
            "::error title=verify%3A blocked,file=pbx,line={}::pbx: signaling in tls 5061 (8 of 8 regions) blocked: tcp ",
            line("-A INPUT -p tcp -m tcp --dport 5061")
        ),
        format!(
            "::error title=verify%3A exposed,file=pbx,line={}::pbx: 8.8.8.0/24 reaches SIP (udp 5060): ",
            line("-A INPUT -s 8.8.8.0/24")
        ),
        format!(
            "::warning title=verify%3A exposed,file=pbx,line={}::pbx: any public address may reach SIP (tcp 5060): ",
            line("-A INPUT -p tcp -m tcp --dport 5060 -m limit")
        ),
        format!(
            "::notice title=verify%3A exposed,file=pbx,line={}::pbx: any public address reaches RTP (udp 10000-60000): ",
            line("-A INPUT -p udp -m udp --dport 10000:60000")
        ),
    ];
    assert_eq!(lines.len(), starts.len(), "{ran}");
    for (line, start) in lines.iter().zip(&starts) {
        assert!(line.starts_with(start), "{start}\n{ran}");
        assert!(line.contains("; remedy: "), "{line}");
    }
    // An ignored exposure is no error.
    let ran = verify("--direction in --ignore exposure --report github", &content);
    assert!(
        !ran.stdout.contains("::error title=verify%3A exposed"),
        "{ran}"
    );
    // The lines of stdin have no file.
    let mut tool = Tool::line("verify --direction in --report github").file("pbx", &content);
    let input = fs::File::open(tool.folder().join("pbx")).unwrap();
    tool.command().stdin(Stdio::from(input));
    let ran = tool.run();
    assert!(
        ran.stdout
            .contains("::error title=verify%3A blocked::stdin: signaling in tls"),
        "{ran}"
    );
    // No problem, no annotation.
    let ran = verify("--report github", &good());
    assert_eq!(
        ran.stdout,
        "pbx: calls get through; no one else reaches SIP\n"
    );
}

#[test]
fn sarif_matches_its_schema_and_has_a_result_for_each_problem_and_exposure() {
    let test = "verify::sarif_matches_its_schema_and_has_a_result_for_each_problem_and_exposure";
    let content = mixed();
    let ran = Tool::line("verify --direction in --report sarif good pbx good again")
        .file("good", good())
        .file("pbx", &content)
        .file("again", &content)
        .run();
    assert_eq!(ran.status, 1);
    let log = valid_sarif(test, &ran.stdout);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<&str> = rules
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["blocked", "depends", "exposed"]);
    let results = run["results"].as_array().unwrap();
    let found = results.iter().map(|result| {
        let place = &result["locations"][0]["physicalLocation"];
        json!([
            result["ruleId"],
            result["level"],
            place["artifactLocation"]["uri"],
            place["region"]["startLine"],
        ])
    });
    let line = |start: &str| line_of(&content, start);
    let mut expected = Vec::new();
    for file in ["pbx", "again"] {
        expected.extend([
            json!([
                "depends",
                "warning",
                file,
                line("-A INPUT -p tcp -m tcp --dport 5060 -m recent")
            ]),
            json!([
                "blocked",
                "error",
                file,
                line("-A INPUT -p tcp -m tcp --dport 5061")
            ]),
            json!(["exposed", "error", file, line("-A INPUT -s 8.8.8.0/24")]),
            json!([
                "exposed",
                "warning",
                file,
                line("-A INPUT -p tcp -m tcp --dport 5060 -m limit")
            ]),
            json!([
                "exposed",
                "note",
                file,
                line("-A INPUT -p udp -m udp --dport 10000:60000")
            ]),
        ]);
    }
    assert_eq!(found.collect::<Vec<_>>(), expected);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let empty = verify("--report sarif", &good()).ok();
    assert_eq!(valid_sarif(test, &empty)["runs"][0]["results"], json!([]));
}

/// Reads a page with html5lib, which reports every error of syntax, and prints its elements and texts as JSON.
const READ_PAGE: &str = "
import html5lib, json, sys
page = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True).parse(sys.stdin.read())
text = lambda element: ' '.join(' '.join(element.itertext()).split())
tables = [[[text(cell) for cell in row.iter() if cell.tag in ('th', 'td')] for row in table.iter('tr')] for table in page.iter('table')]
print(json.dumps({
    'tags': sorted({element.tag for element in page.iter() if isinstance(element.tag, str)}),
    'attributes': sorted({name for element in page.iter() for name in element.attrib}),
    'ids': [element.attrib['id'] for element in page.iter() if 'id' in element.attrib],
    'links': [element.attrib['href'] for element in page.iter('a')],
    'headings': [[element.tag, text(element)] for element in page.iter() if element.tag in ('h1', 'h2', 'h3', 'h4')],
    'scopes': [len(list(table.iter('th'))) == sum('scope' in cell.attrib for cell in table.iter('th')) for table in page.iter('table')],
    'tables': tables,
}))
";

fn read_page(test: &str, page: &str) -> Option<Value> {
    let python = python(test)?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    fs::write(&file, page).unwrap();
    let output = Command::new(python)
        .args(["-c", READ_PAGE])
        .stdin(fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{page}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The elements of the page. It has no scripts and nothing that a browser loads.
const TAGS: [&str; 37] = [
    "a",
    "article",
    "body",
    "br",
    "caption",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "head",
    "header",
    "html",
    "li",
    "main",
    "meta",
    "p",
    "section",
    "small",
    "span",
    "strong",
    "style",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
];

#[test]
fn the_page_marks_the_chain_that_stops_a_call() {
    let test = "verify::the_page_marks_the_chain_that_stops_a_call";
    let ran = Tool::line("verify --direction in --report html pbx good")
        .file("pbx", mixed())
        .file("good", good())
        .run();
    assert_eq!(ran.status, 1);
    let Some(page) = read_page(test, &ran.stdout) else {
        return;
    };
    let content = mixed();
    let line = |start: &str| line_of(&content, start);
    let tables = page["tables"].as_array().unwrap();
    // The rule that accepts the first packet of the row in the table below: the example of the first region.
    let udp = line("-A TWILIO-SIP-IN -s 54.172.60.0/30 -p udp -m udp --dport 5060");
    let media = line("-A TWILIO-SIP-IN -s 168.86.128.0/18");
    let drop = line("-A INPUT -p tcp -m tcp --dport 5061");
    let recent = line("-A INPUT -p tcp -m tcp --dport 5060 -m recent");
    assert_eq!(
        tables[0],
        json!([
            [
                "Twilio",
                "udp 5060",
                "tcp 5060",
                "tls 5061",
                "media 10000-60000"
            ],
            ["input", "", "", "", ""],
            [
                "filter INPUT 0",
                format!("{udp} pass by line {udp}"),
                format!("? {recent} may be stopped by line {recent}"),
                format!("✕ {drop} stopped by line {drop}"),
                format!("{media} pass by line {media}"),
            ],
            [
                "PBX",
                "✓ arrive",
                "? may arrive",
                "✕ do not arrive",
                "✓ arrive"
            ],
        ])
    );
    assert_eq!(
        tables[1][2],
        json!([
            "signaling from Twilio, tcp 5060",
            "depends (1)",
            "8 of 8 regions"
        ])
    );
    assert_eq!(
        tables[1][3],
        json!([
            "signaling from Twilio, tls 5061",
            "blocked (2)",
            "8 of 8 regions"
        ])
    );
    assert_eq!(
        page["headings"],
        json!([
            ["h1", "Do Twilio's calls get through?"],
            ["h2", "pbx"],
            ["h3", "The way of the packets"],
            ["h3", "All packets of calls"],
            ["h3", "Problems and remedies"],
            ["h4", "1. depends"],
            ["h4", "2. blocked"],
            ["h3", "Others who reach the PBX"],
            ["h4", "8.8.8.0/24 reaches SIP: udp 5060"],
            ["h4", "any public address may reach SIP: tcp 5060"],
            ["h4", "any public address reaches RTP: udp 10000-60000"],
            ["h3", "Notes"],
            ["h2", "good"],
            ["h3", "The way of the packets"],
            ["h3", "All packets of calls"],
            ["h3", "Notes"],
            ["h2", "How to read this page"],
        ])
    );
    // Each link leads to an element of the page, and no two elements have the same id.
    let ids: Vec<&str> = page["ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    let unique: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for link in page["links"].as_array().unwrap() {
        let target = link.as_str().unwrap().strip_prefix('#').unwrap();
        assert!(ids.contains(&target), "{target}");
    }
    // A screen reader knows which header belongs to a cell.
    assert_eq!(page["scopes"], json!([true, true, true, true]));
}

/// Names and comments that would change a page, a log or a terminal if they were not escaped.
fn hostile() -> String {
    let long = "A".repeat(10_000);
    format!(
        "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:{long} - [0:0]\n:</script><img/src=x> - [0:0]\n\
         :\u{202e}evil\u{2066} - [0:0]\n-A INPUT -j {long}\n\
         -A {long} -p tcp -m comment --comment \"</script><script>alert(1)</script> ' <b>&amp; ]]> ##[stop]\" -j </script><img/src=x>\n\
         -A </script><img/src=x> -p tcp -m tcp --dport 5060 -m comment --comment \"\u{202e}\u{2028}\u{7}\u{1b}[31m\" -j DROP\n\
         -A INPUT -p udp -m recent --name \"{}\" --update --seconds 3 -j \u{202e}evil\u{2066}\n\
         -A \u{202e}evil\u{2066} -p udp -m udp --dport 5060 -j ACCEPT\nCOMMIT\n",
        "x".repeat(9_000)
    )
}

#[test]
fn hostile_names_and_comments_do_no_harm_in_any_report() {
    let test = "verify::hostile_names_and_comments_do_no_harm_in_any_report";
    let name = "\u{202e}<script>alert(1)&\".txt";
    for form in ["text", "json", "github", "sarif", "html"] {
        let mut tool = Tool::line(&format!("verify --trace --report {form}"));
        tool = tool.file(name, hostile());
        tool.command().arg(name);
        let ran = tool.run();
        assert_eq!(ran.status, 1, "{form}: {}", ran.stderr);
        let hidden =
            |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2066}\u{2028}".contains(c));
        assert!(!ran.stdout.contains(hidden), "{form}");
        assert!(!ran.stdout.contains("##["), "{form}");
        match form {
            "text" => {
                let longest = ran.stdout.lines().map(|line| line.chars().count()).max();
                assert!(longest < Some(400), "{longest:?}");
            }
            "json" => {
                valid_json(test, "verify", &ran);
            }
            "html" => {
                assert!(ran.stdout.len() < 100_000, "{}", ran.stdout.len());
                let Some(page) = read_page(test, &ran.stdout) else {
                    return;
                };
                let tags = page["tags"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|tag| tag.as_str().unwrap());
                for tag in tags {
                    assert!(TAGS.contains(&tag) || tag == "ul", "{tag}");
                }
                for attribute in page["attributes"].as_array().unwrap() {
                    let attribute = attribute.as_str().unwrap();
                    assert!(
                        !attribute.starts_with("on") && attribute != "src",
                        "{attribute}"
                    );
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_page_loads_nothing_and_follows_the_theme() {
    let page = verify("--report html", &good()).ok();
    for wanted in [
        "<html lang=\"en\">",
        "content=\"default-src 'none'; style-src 'unsafe-inline'\"",
        "<meta name=\"color-scheme\" content=\"light dark\">",
        "@media (prefers-color-scheme: dark)",
        "@media print",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    for loads in [
        "http:", "https:", "url(", "@import", "<script", "<link", "<img",
    ] {
        assert!(!page.contains(loads), "{loads}");
    }
}

#[test]
fn a_closed_pipe_does_not_change_the_exit_status_of_verify() {
    for (content, status) in [(good(), 0), (mixed(), 1)] {
        for form in ["text", "json", "html"] {
            let mut tool = Tool::line(&format!("verify --report {form} pbx")).file("pbx", &content);
            let child = tool
                .command()
                .stdout(common::a_pipe_without_reader())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(status), "{form}");
            assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{form}");
        }
    }
}

#[test]
fn the_collector_is_a_script_that_needs_no_input() {
    let script = Tool::line("verify --print-collector linux").run_once();
    assert!(script.starts_with("#!/bin/sh\n"), "{script}");
    if !has("sh", "the_collector_is_a_script_that_needs_no_input") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("collect.sh");
    fs::write(&file, &script).unwrap();
    let checked = Command::new("sh").arg("-n").arg(&file).status().unwrap();
    assert!(checked.success());
    let mistake = Tool::line("verify --print-collector pf").run().refused();
    assert!(mistake.contains("'pf' is not one of linux"), "{mistake}");
}
