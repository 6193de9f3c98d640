//! Verdicts of `verify` about small firewalls. `systems/verify_packets.rs` compares random firewalls with packets; these
//! are the cases in which connection tracking, the order of base chains or translations decide.

use serde_json::Value;

use crate::common::Tool;

/// A firewall, and the verdicts about the calls that do not pass.
struct Case {
    name: &'static str,
    options: &'static str,
    /// The output of `nft list ruleset` or of `iptables-save`.
    rules: &'static str,
    /// Each line is a direction, a plane or transport, the verdict, and the stage of the example.
    problems: &'static str,
}

/// The verdicts that are not `passes`, in the form of [`Case::problems`].
fn problems(case: &Case) -> String {
    let line = format!(
        "verify --quiet --json --edition regional --region tokyo {} listing",
        case.options
    );
    let ran = Tool::line(&line).file("listing", case.rules).run();
    assert!(ran.status < 2, "{}: {ran}", case.name);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut lines = Vec::new();
    for call in report["machines"][0]["calls"].as_array().unwrap() {
        let what = call["transport"].as_str().unwrap_or("media");
        for group in call["groups"].as_array().unwrap() {
            if group["verdict"] != "passes" {
                let verdict = group["verdict"].as_str().unwrap();
                let stage = group["problem"]["stage"].as_str().unwrap();
                let direction = call["direction"].as_str().unwrap();
                lines.push(format!("{direction} {what} {verdict} {stage}"));
            }
        }
    }
    lines.join("\n")
}

fn assert_problems(cases: &[Case]) {
    for case in cases {
        assert_eq!(problems(case), case.problems, "{}", case.name);
    }
}

const OWN_AND_ROUTES: &str = r#"
[{"ifname":"eth0","addr_info":[{"family":"inet","local":"192.0.2.10","prefixlen":24}]}]
[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]},{"dst":"198.51.100.0/24","dev":"eth1","flags":[]}]
"#;

#[test]
fn knows_the_state_of_replies_to_untracked_packets() {
    assert_problems(&[
        Case {
            name: "a reply to an untracked packet is new, but an answer to an untracked opening is invalid",
            options: "--direction in",
            rules: "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CT --notrack\nCOMMIT\n\
                    *filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT\nCOMMIT\n",
            problems: "in tcp blocked reply\nin tls blocked reply",
        },
        Case {
            name: "a packet after an untracked reply is new, but it is invalid for TCP",
            options: "--direction in",
            rules: "*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j CT --notrack\nCOMMIT\n\
                    *filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT\nCOMMIT\n",
            problems: "in tcp blocked later\nin tls blocked later",
        },
        Case {
            name: "rules after 'notrack' see an untracked packet",
            options: "--direction in --plane media",
            rules: "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CT --notrack\n\
                    -A PREROUTING -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n",
            problems: "",
        },
        Case {
            name: "untracked in both directions",
            options: "--direction in",
            rules: "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING -j CT --notrack\n\
                    -A OUTPUT -j CT --notrack\nCOMMIT\n\
                    *filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -m conntrack --ctstate UNTRACKED -j ACCEPT\nCOMMIT\n",
            problems: "",
        },
    ]);
}

#[test]
fn no_match_on_the_mark_of_a_connection_matches_without_a_connection() {
    assert_problems(&[
        Case {
            name: "untracked",
            options: "--direction in",
            rules: "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CT --notrack\nCOMMIT\n\
                    *filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m connmark ! --mark 0x1 -j DROP\nCOMMIT\n",
            problems: "",
        },
        Case {
            name: "tracked",
            options: "--direction in --plane media",
            rules: "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m connmark ! --mark 0x1 -j DROP\nCOMMIT\n",
            problems: "in media blocked new",
        },
    ]);
}

#[test]
fn an_unknown_condition_before_connection_tracking_makes_the_verdict_depend() {
    assert_problems(&[Case {
        name: "a rate in the table raw",
        options: "--direction out --plane media",
        rules: "*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m limit --limit 5/sec -j DROP\nCOMMIT\n",
        problems: "out media depends new",
    }]);
}

#[test]
fn a_chain_with_the_priority_of_connection_tracking_makes_the_verdict_depend() {
    // If both tables exist before the first rule that needs connection tracking, Linux lets the packets pass. If the
    // second table is created after that rule, Linux drops them.
    let firewall = |priority: &str| -> &'static str {
        format!(
            "table ip a {{\nchain input {{\ntype filter hook input priority 0; policy accept;\n\
             ct state untracked drop\n}}\n}}\n\
             table ip b {{\nchain prerouting {{\ntype filter hook prerouting priority {priority}; policy accept;\n\
             notrack\n}}\n}}\n"
        )
        .leak()
    };
    let case = |name, priority, problems| Case {
        name,
        options: "--direction in --plane media",
        rules: firewall(priority),
        problems,
    };
    assert_problems(&[
        case("the same priority", "-200", "in media depends new"),
        case("before", "-201", "in media blocked new"),
        case("after", "-199", ""),
    ]);
}

#[test]
fn base_chains_are_in_the_order_of_the_kernel() {
    const MARKS: &str = "chain marks {\ntype filter hook prerouting priority -150; policy accept;\nmeta mark set 0x1\n}\n";
    const DROPS: &str = "chain drops {\ntype filter hook prerouting priority -150; policy accept;\nmeta mark 0x1 drop\n}\n";
    const REDIRECTS: &str = "chain nat {\ntype nat hook prerouting priority -100; policy accept;\nmeta l4proto udp redirect to :9\n}\n";
    const DROPS_NEW_PORT: &str = "chain drops {\ntype filter hook prerouting priority -100; policy accept;\nudp dport 9 drop\n}\n";
    let table = |chains: &[&str]| -> &'static str {
        format!("table inet t {{\n{}}}\n", chains.concat()).leak()
    };
    assert_problems(&[
        Case {
            name: "of two chains with the same priority, the last one is first",
            options: "--direction in --plane media",
            rules: table(&[MARKS, DROPS]),
            problems: "",
        },
        Case {
            name: "of two chains with the same priority, the last one is first: reversed",
            options: "--direction in --plane media",
            rules: table(&[DROPS, MARKS]),
            problems: "in media blocked new",
        },
        Case {
            name: "translation comes at its own priority, whatever the priority of its chain",
            options: "--direction in --plane media",
            rules: table(&[
                "chain nat {\ntype nat hook prerouting priority 50; policy accept;\nmeta mark 0x0 redirect to :9\n}\n",
                "chain marks {\ntype filter hook prerouting priority -50; policy accept;\nmeta mark set 0x1\n}\n",
                "chain input {\ntype filter hook input priority 0; policy accept;\nudp dport 9 drop\n}\n",
            ]),
            problems: "in media blocked new",
        },
        Case {
            name: "a later chain with the priority of translation comes before it",
            options: "--direction in --plane media",
            rules: table(&[REDIRECTS, DROPS_NEW_PORT]),
            problems: "",
        },
        Case {
            name: "an earlier chain with the priority of translation comes after it",
            options: "--direction in --plane media",
            rules: table(&[DROPS_NEW_PORT, REDIRECTS]),
            problems: "in media blocked new",
        },
        Case {
            name: "translation is as early as the first chain of any hook that translates",
            options: "--direction in --plane media",
            rules: table(&[
                "chain source {\ntype nat hook postrouting priority 100; policy accept;\n}\n",
                DROPS_NEW_PORT,
                REDIRECTS,
            ]),
            problems: "",
        },
        Case {
            name: "a later chain sees the source of a reply before it is translated back",
            options: "--direction in --plane media",
            rules: table(&[
                REDIRECTS,
                "chain post {\ntype filter hook postrouting priority 100; policy accept;\nudp sport 9 drop\n}\n",
            ]),
            problems: "in media blocked reply",
        },
        Case {
            name: "an earlier chain sees the source of a reply after it is translated back",
            options: "--direction in --plane media",
            rules: table(&[
                "chain post {\ntype filter hook postrouting priority 100; policy accept;\nudp sport 9 drop\n}\n",
                REDIRECTS,
            ]),
            problems: "",
        },
    ]);
}

#[test]
fn a_connection_that_may_go_two_ways_depends_unless_both_are_blocked() {
    let firewall = |more: &str| -> &'static str {
        format!(
            "table ip t {{\nchain nat {{\ntype nat hook prerouting priority -100; policy accept;\n\
             numgen inc mod 2 0 dnat to 198.51.100.10\n}}\n\
             chain input {{\ntype filter hook input priority 0; policy accept;\nct state established drop\n}}\n\
             {more}}}\n{OWN_AND_ROUTES}"
        )
        .leak()
    };
    assert_problems(&[
        Case {
            name: "every second connection is forwarded, which works",
            options: "--direction in --plane media",
            rules: firewall(""),
            problems: "in media depends later",
        },
        Case {
            name: "both ways are blocked",
            options: "--direction in --plane media",
            rules: firewall(
                "chain forward {\ntype filter hook forward priority 0; policy accept;\nct state established drop\n}\n",
            ),
            problems: "in media blocked reply",
        },
    ]);
}

#[test]
fn a_reply_that_may_change_the_connection_makes_later_packets_depend() {
    // Linux lets later packets pass if the replies are shorter, and stops them otherwise.
    let firewall = |more: &str| -> &'static str {
        format!(
            "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -m connmark --mark 0x1 -j DROP\n{more}\
             -A OUTPUT -m length --length 1000:65535 -j CONNMARK --set-xmark 0x1/0xffffffff\nCOMMIT\n"
        )
        .leak()
    };
    assert_problems(&[
        Case {
            name: "long replies mark the connection",
            options: "--direction in",
            rules: firewall(""),
            problems: "in udp depends later\nin tcp depends later\nin tls depends later\nin media depends later",
        },
        Case {
            name: "other later packets are blocked too",
            options: "--direction in --plane media",
            rules: firewall("-A INPUT -m conntrack --ctstate ESTABLISHED -j DROP\n"),
            problems: "in media blocked later",
        },
    ]);
}

#[test]
fn a_map_looks_up_the_marks_that_rules_set() {
    // Linux drops packets for UDP 5060 only.
    let firewall = |map: &str, lookups: &str| -> &'static str {
        format!(
            "table ip f {{\n{map}chain prerouting {{\ntype filter hook prerouting priority mangle; policy accept;\n\
             udp dport 5060 meta mark set 0x00000021\nudp dport 10000-20000 meta mark set 0x00000012\n\
             tcp dport 5060-5061 ct mark set 0x00000003\n}}\n\
             chain input {{\ntype filter hook input priority filter; policy drop;\n\
             ct state established accept\n{lookups}}}\n}}\n"
        )
        .leak()
    };
    let case = |name, rules| Case {
        name,
        options: "--direction in",
        rules,
        problems: "in udp blocked new",
    };
    let map = "map decisions {\ntype mark : verdict\nelements = { 0x00000001 : accept, 0x00000012 : accept }\n}\n";
    assert_problems(&[
        case(
            "maps within rules",
            firewall(
                "",
                "meta mark vmap { 0x00000012 : accept, 0x00000021 : drop }\n\
                 ct mark & 0x0000000f vmap { 0x00000003 : accept }\n",
            ),
        ),
        case(
            "a map with a name",
            firewall(
                map,
                "meta mark vmap @decisions\nct mark vmap { 0x00000003 : accept, 0x00000021 : drop }\n",
            ),
        ),
    ]);
}

#[test]
fn follows_ports_of_any_protocol() {
    assert_problems(&[Case {
        name: "th without a protocol",
        options: "--direction in --plane signaling",
        rules: "table inet t {\nchain input {\ntype filter hook input priority 0; policy drop;\n\
                ct state established accept\nth dport 5060 accept\n}\n}\n",
        problems: "in tls blocked new",
    }]);
}

#[test]
fn a_translation_that_changes_nothing_diverts_nothing() {
    assert_problems(&[Case {
        name: "the new port is the old one",
        options: "--direction out --plane signaling",
        rules: "*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j DNAT --to-destination :5060\nCOMMIT\n",
        problems: "out tls blocked new",
    }]);
}

#[test]
fn a_router_asks_about_packets_from_the_pbx() {
    assert_problems(&[Case {
        name: "only other sources get out",
        options: "--direction out --plane media --at router --pbx 198.51.100.10",
        rules: "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n\
                -A FORWARD -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n",
        problems: "out media blocked new",
    }]);
}

#[test]
fn replies_to_a_new_source_are_for_the_machine_until_their_destination_is_restored() {
    let rules = |raw: &str| -> &'static str {
        format!(
            "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING {raw}\nCOMMIT\n\
             *nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n{}",
            OWN_AND_ROUTES.trim_start()
        )
        .leak()
    };
    assert_problems(&[
        Case {
            name: "dropped by the address of the machine",
            options: "--direction out --plane media --at router --pbx 198.51.100.10",
            rules: rules("-i eth0 -d 192.0.2.10/32 -j DROP"),
            problems: "out media blocked reply",
        },
        Case {
            name: "not dropped by the address of the PBX",
            options: "--direction out --plane media --at router --pbx 198.51.100.10",
            rules: rules("-i eth0 -d 198.51.100.10/32 -j DROP"),
            problems: "",
        },
        Case {
            name: "untracked, so that nothing restores the destination",
            options: "--direction out --plane media --at router --pbx 198.51.100.10",
            rules: rules("-m addrtype --dst-type LOCAL -j CT --notrack"),
            problems: "out media blocked reply",
        },
    ]);
}

#[test]
fn a_match_on_the_first_destination_sees_it_before_any_change() {
    let case = |name, options, forward: &str, problems| {
        Case {
        name,
        options,
        rules: format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n\
             -A PREROUTING -d 192.0.2.10/32 -p udp -m udp --dport 5060 -j DNAT --to-destination 198.51.100.10:5080\n\
             -A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n\
             *raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m conntrack ! --ctorigdstport 5059 -j DROP\nCOMMIT\n\
             *filter\n:FORWARD DROP [0:0]\n-A FORWARD -p udp -m conntrack {forward} -j ACCEPT\nCOMMIT\n{}",
            OWN_AND_ROUTES.trim_start()
        )
        .leak(),
        problems,
    }
    };
    let incoming =
        "--direction in --plane signaling --transport udp --at router --pbx 198.51.100.10";
    let outgoing =
        "--direction out --plane signaling --transport udp --at router --pbx 198.51.100.10";
    assert_problems(&[
        case(
            "the destination before DNAT, for packets in both directions",
            incoming,
            "--ctorigdst 192.0.2.10 --ctorigdstport 5060",
            "",
        ),
        case("any but another", incoming, "! --ctorigdst 192.0.2.11", ""),
        case(
            "the port after DNAT",
            incoming,
            "--ctorigdstport 5080",
            "in udp blocked new",
        ),
        case("the port of Twilio", outgoing, "--ctorigdstport 5060", ""),
        case(
            "the address of the PBX",
            outgoing,
            "--ctorigdst 198.51.100.10",
            "out udp blocked new",
        ),
    ]);
}

#[test]
fn replies_are_blocked_if_they_are_so_for_one_first_destination() {
    // Twilio may send to any address, and the rule for the destination leads all packets to the PBX.
    let case = |name, forward: &str, problems| {
        Case {
        name,
        options: "--direction in --plane signaling --transport udp --at router --pbx 198.51.100.10",
        rules: format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i eth0 -j DNAT --to-destination 198.51.100.10\nCOMMIT\n\
             *filter\n:FORWARD ACCEPT [0:0]\n{forward}COMMIT\n{}",
            OWN_AND_ROUTES.trim_start()
        )
        .leak(),
        problems,
    }
    };
    assert_problems(&[
        case(
            "an address of the router",
            "-A FORWARD -i eth1 -m conntrack --ctorigdst 192.0.2.10 -j DROP\n",
            "in udp blocked reply",
        ),
        case(
            "other addresses",
            "-A FORWARD -i eth1 -m conntrack --ctorigdst 203.0.113.0/24 -j DROP\n",
            "in udp blocked reply",
        ),
        case(
            "a port of no packet",
            "-A FORWARD -i eth1 -m conntrack --ctorigdst 203.0.113.0/24 --ctorigdstport 5061 -j DROP\n",
            "",
        ),
        case(
            "replies for some of these addresses only under a condition",
            "-A FORWARD -i eth1 -m conntrack --ctorigdst 203.0.113.0/24 -m limit --limit 5/sec -j DROP\n",
            "in udp depends reply",
        ),
    ]);
}

#[test]
fn a_match_on_the_state_ends_the_comparison_of_packets_without_a_connection() {
    // Linux drops all packets of the first two firewalls, and none of the others, with both back ends of iptables.
    let untracked = |matches: &str| -> &'static str {
        format!(
            "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CT --notrack\nCOMMIT\n\
             *filter\n:INPUT ACCEPT [0:0]\n-A INPUT {matches} -j DROP\nCOMMIT\n"
        )
        .leak()
    };
    let case = |name, rules, problems| Case {
        name,
        options: "--direction in --plane media",
        rules,
        problems,
    };
    assert_problems(&[
        case(
            "untracked",
            untracked("-m conntrack --ctstate UNTRACKED --ctorigdst 203.0.113.9"),
            "in media blocked new",
        ),
        case(
            "before connection tracking",
            "*raw\n:PREROUTING ACCEPT [0:0]\n\
             -A PREROUTING -m conntrack --ctstate INVALID --ctorigdstport 1 -j DROP\nCOMMIT\n",
            "in media blocked new",
        ),
        case(
            "another state",
            untracked("-m conntrack --ctstate NEW --ctorigdst 203.0.113.9"),
            "",
        ),
        case(
            "two matches, of which the second one needs a connection",
            untracked("-m conntrack --ctstate UNTRACKED -m conntrack --ctorigdst 203.0.113.9"),
            "",
        ),
        case(
            "two matches on the destination, of which one needs a connection",
            untracked(
                "-m conntrack --ctstate UNTRACKED --ctorigdst 203.0.113.9 -m conntrack --ctorigdst 203.0.113.9",
            ),
            "",
        ),
    ]);
}

#[test]
fn a_match_on_the_route_back_compares_the_routes() {
    let case = |name, options, routes: &str, problems| {
        Case {
        name,
        options,
        rules: format!(
            "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m rpfilter --invert -j DROP\nCOMMIT\n{routes}"
        )
        .leak(),
        problems,
    }
    };
    let by_eth0 = r#"[{"dst":"default","dev":"eth0","flags":[]},{"dst":"10.0.0.0/8","dev":"eth1","flags":[]}]"#;
    let tokyo_by_eth0 = r#"[{"dst":"default","dev":"eth1","flags":[]},{"dst":"54.65.0.0/16","dev":"eth0","flags":[]}]"#;
    let signaling = "--direction in --plane signaling --transport udp --interface eth0";
    assert_problems(&[
        case("unknown routes", signaling, "", ""),
        case("the default route", signaling, by_eth0, ""),
        case("the route to the region", signaling, tokyo_by_eth0, ""),
        case(
            "the default route elsewhere",
            "--direction in --plane signaling --transport udp --interface eth1",
            by_eth0,
            "in udp depends new",
        ),
        case(
            "no route through the interface",
            "--direction in --plane signaling --transport udp --interface eth2",
            by_eth0,
            "in udp depends new",
        ),
        case(
            "the route to the region elsewhere",
            "--direction in --plane signaling --transport udp --interface eth1",
            tokyo_by_eth0,
            "in udp depends new",
        ),
    ]);
}

#[test]
fn only_packets_from_the_machine_have_a_local_source() {
    let rules = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n\
                 -A INPUT -m addrtype --src-type UNICAST -j ACCEPT\n\
                 -A FORWARD -m addrtype ! --src-type LOCAL -j ACCEPT\n\
                 -A OUTPUT -m addrtype --src-type LOCAL -j ACCEPT\nCOMMIT\n";
    assert_problems(&[
        Case {
            name: "on the machine of the PBX",
            options: "",
            rules,
            problems: "",
        },
        Case {
            name: "through a router",
            options: "--direction out --at router --pbx 198.51.100.10",
            rules,
            problems: "",
        },
    ]);
}

#[test]
fn notrack_applies_to_the_packets_in_a_state_that_its_rule_names() {
    let firewall = |rule: &str| -> &'static str {
        format!(
            "table ip f {{\nchain prerouting {{\ntype filter hook prerouting priority raw; policy accept;\n{rule}\n}}\n\
             chain input {{\ntype filter hook input priority filter; policy drop;\nct state untracked accept\n}}\n}}\n"
        )
        .leak()
    };
    let case = |name, rule, problems| Case {
        name,
        options: "--direction in --plane signaling --transport udp",
        rules: firewall(rule),
        problems,
    };
    assert_problems(&[
        case(
            "Linux lets the packets pass, which have the state invalid before connection tracking",
            "ct state invalid udp dport 5060 notrack",
            "",
        ),
        case(
            "no packet is new before connection tracking",
            "ct state new udp dport 5060 notrack",
            "in udp blocked new",
        ),
        // Linux drops the packets, but `verify` does not follow a state that changes within a rule.
        case(
            "a match on the new state",
            "ct state invalid notrack ct state untracked drop",
            "in udp depends new",
        ),
        case(
            "other matches after the change of the state",
            "ct state invalid notrack udp dport 5060 drop",
            "in udp depends new",
        ),
    ]);
}

#[test]
fn later_packets_keep_their_source_if_they_are_exempt_from_connection_tracking() {
    // Linux sends the first packets with the new source, and later ones with the old source.
    let case = |name, raw: &str, problems| {
        Case {
        name,
        options: "--direction out",
        rules: format!(
            "*raw\n:OUTPUT ACCEPT [0:0]\n{raw}COMMIT\n\
             *nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j SNAT --to-source 192.0.2.11\nCOMMIT\n{OWN_AND_ROUTES}"
        )
        .leak(),
        problems,
    }
    };
    assert_problems(&[
        case("all packets are tracked", "", ""),
        case(
            "only the first one is tracked",
            "-A OUTPUT -p tcp -m tcp ! --tcp-flags SYN SYN -j CT --notrack\n",
            "out tcp depends later\nout tls depends later",
        ),
    ]);
}

#[test]
fn the_example_of_a_verdict_that_depends_may_pass() {
    // Packets to the router itself never get to the PBX. The first rule matches only one source port.
    let rules = format!(
        "*raw\n:PREROUTING ACCEPT [0:0]\n\
         -A PREROUTING -p udp -m udp --sport 60000 -m limit --limit 5/sec -j CT --notrack\nCOMMIT\n\
         *filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m limit --limit 5/sec -j DROP\nCOMMIT\n{}",
        OWN_AND_ROUTES.trim_start()
    );
    let line = "verify --quiet --json --direction in --transport udp --plane signaling --at router \
                --pbx 198.51.100.10 listing";
    let ran = Tool::line(line).file("listing", rules).run();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let group = &report["machines"][0]["calls"][0]["groups"][0];
    assert_eq!(group["verdict"], "depends", "{ran}");
    let problem = &group["problem"];
    assert_eq!(problem["example"]["destination"], "198.51.100.10", "{ran}");
    let conditions = problem["conditions"].as_array().unwrap();
    let texts = conditions.iter().map(|condition| &condition["text"]);
    let texts: Vec<&Value> = texts.collect();
    assert_eq!(
        texts,
        ["-A FORWARD -m limit --limit 5/sec -j DROP"],
        "{ran}"
    );
}

#[test]
fn the_example_of_an_exposure_has_an_address_that_packets_can_have() {
    let rules = format!(
        "*nat\n:PREROUTING ACCEPT [0:0]\n\
         -A PREROUTING ! -d 192.0.2.10/32 -p udp -m udp --dport 5060 -j DNAT --to-destination 198.51.100.10\nCOMMIT\n\
         *filter\n:FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT\nCOMMIT\n{}",
        OWN_AND_ROUTES.trim_start()
    );
    let line = "verify --quiet --json --direction in --transport udp --plane signaling --at router \
                --pbx 198.51.100.10 listing";
    let ran = Tool::line(line).file("listing", rules).run();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let exposure = &report["machines"][0]["exposures"][0];
    // 0.0.0.0/8 is not for destinations (RFC 6890).
    assert_eq!(exposure["example"]["destination"], "1.0.0.0", "{ran}");
}
