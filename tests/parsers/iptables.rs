//! The iptables parser beyond the round trips: errors and their messages, truncated listings, and the
//! meaning of rules.

use crate::common;

use std::sync::LazyLock;

use crate::common::judge::{chance, drift, everything, policy, report_text};
use crate::common::oracle::Random;
use crate::common::{line_of, render};
use twilio_sip_allow::firewall::{Attribution, Drift, Part};
use twilio_sip_allow::format::read::UnitQuery;
use twilio_sip_allow::format::{self, Unit};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::differences;
use twilio_sip_allow::policy::{Direction, Policy};
use twilio_sip_allow::select::Selection;

static TEXT: LazyLock<String> = LazyLock::new(|| render("--region tokyo --format iptables"));

fn tokyo() -> (Policy, String) {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        ..everything()
    };
    let policy = policy(&["regional"], &selection).unwrap();
    (policy, TEXT.clone())
}

/// Each rule is inserted before the first rule of the unit.
#[test]
fn rejects_unsupported_rules_with_line_and_reason() {
    let (policy, text) = tokyo();
    for (rule, problem) in [
        (
            "-p udp -m udp ! --dport 0:65535 -j ACCEPT",
            "'! --dport' with all ports matches any port in iptables-nft and none in iptables-legacy; remove the rule or the option",
        ),
        (
            "-p udp -m udp ! --sport : -j ACCEPT",
            "'! --sport' with all ports matches any port in iptables-nft and none in iptables-legacy; remove the rule or the option",
        ),
        (
            "-p tcp -m tcp ! --dport 0: -j DROP",
            "'! --dport' with all ports matches any port in iptables-nft and none in iptables-legacy; remove the rule or the option",
        ),
        (
            "-p udp -m udp ! --sport 1 ! --dport 5060 -j DROP",
            "two ports with '!' exclude only that pair of ports in iptables-nft, but each of them in iptables-legacy; write a rule for each port",
        ),
        (
            "-p tcp -m tcp ! --dport 22 -m tcp ! --sport 5060:5060 -j ACCEPT",
            "two ports with '!' exclude only that pair of ports in iptables-nft, but each of them in iptables-legacy; write a rule for each port",
        ),
        (
            "-p tcp -m tcp ! --destination-port 0 ! --source-port 1 -j ACCEPT",
            "two ports with '!' exclude only that pair of ports in iptables-nft, but each of them in iptables-legacy; write a rule for each port",
        ),
        (
            "-p tcp -m tcp --tcp-flags NONE SYN -j ACCEPT",
            "'--tcp-flags' with an empty mask matches any TCP packet in iptables-nft and none in iptables-legacy; remove the rule or the option",
        ),
        (
            "-p tcp -m tcp --tcp-flags NONE PSH -j DROP",
            "'--tcp-flags' with an empty mask matches any TCP packet in iptables-nft and none in iptables-legacy; remove the rule or the option",
        ),
        (
            "-p tcp -m tcp ! --tcp-flags NONE NONE -j ACCEPT",
            "'--tcp-flags' with an empty mask matches any TCP packet in iptables-nft and none in iptables-legacy; remove the rule or the option",
        ),
        (
            "-s 10.0.0.1 -j NONESUCH",
            "chain 'NONESUCH' is not in the input, so its effect is unknown; provide the complete table",
        ),
        ("-j TWILIO-SIP-IN", "chain 'TWILIO-SIP-IN' jumps to itself"),
        (
            "-g NONESUCH",
            "chain 'NONESUCH' is not in the input, so its effect is unknown; provide the complete table",
        ),
        (
            "-m set --match-set twilio src -j ACCEPT",
            "'-m set' is not supported: the listing does not show which packets it matches",
        ),
        (
            "-m bpf --bytecode x -j ACCEPT",
            "'-m bpf' is not supported: the listing does not show which packets it matches",
        ),
        (
            "-m geoip --src-cc JP -j ACCEPT",
            "'-m geoip' is not supported: the listing does not show which packets it matches",
        ),
        (
            "--nonesuch -j ACCEPT",
            "'--nonesuch' is unknown or not supported; expected a match or a target of iptables-extensions(8)",
        ),
        (
            "! --nonesuch 5 -j ACCEPT",
            "'--nonesuch' is unknown or not supported; expected a match or a target of iptables-extensions(8)",
        ),
        (
            "-s 10.0.0.256 -j ACCEPT",
            "'10.0.0.256' is not an IPv4 address",
        ),
        (
            "-s 10.0.0.0/33 -j ACCEPT",
            "'10.0.0.0/33' has no prefix length from 0 to 32",
        ),
        (
            "-s 10.0.0.0/+8 -j ACCEPT",
            "'10.0.0.0/+8' has no prefix length from 0 to 32",
        ),
        (
            "-s 10.0.0.0/255.0.255.0 -j ACCEPT",
            "the netmask of '10.0.0.0/255.0.255.0' has gaps, which is not supported",
        ),
        (
            "-s sip.example.com -j ACCEPT",
            "'sip.example.com' is not an IPv4 address",
        ),
        ("-s -j ACCEPT", "'-j' is not an IPv4 address"),
        (
            "--dport 5060 -j ACCEPT",
            "'--dport' needs a protocol with ports before it, such as '-p udp'",
        ),
        (
            "-p icmp --dport 5060 -j ACCEPT",
            "'--dport' needs a protocol with ports before it, such as '-p udp'",
        ),
        (
            "-p udp --dport 65536 -j ACCEPT",
            "unknown port '65536'; expected a known service or a number from 0 to 65535",
        ),
        (
            "-p udp --dport 023420 -j DROP",
            "'023420' has a leading zero, which may mean octal; remove the zero",
        ),
        (
            "-p 017 -j ACCEPT",
            "'017' has a leading zero, which may mean octal; remove the zero",
        ),
        (
            "-s 10.0.0.0/08 -j ACCEPT",
            "'08' has a leading zero, which may mean octal; remove the zero",
        ),
        (
            "-p udp --dport nonesuch -j ACCEPT",
            "unknown port 'nonesuch'; expected a known service or a number from 0 to 65535",
        ),
        ("-p udp --dport", "'--dport' has no value"),
        (
            "-p nonesuch -j ACCEPT",
            "unknown protocol 'nonesuch'; expected a known name or a number from 0 to 255",
        ),
        (
            "-p 256 -j ACCEPT",
            "unknown protocol '256'; expected a known name or a number from 0 to 255",
        ),
        (
            "! -p all -j ACCEPT",
            "'! -p all' matches no protocol; remove the rule",
        ),
        (
            "-p udp --syn -j ACCEPT",
            "TCP flags need '-p tcp' before them",
        ),
        (
            "-p tcp --tcp-flags SYN,XXX SYN -j ACCEPT",
            "'XXX' is not a TCP flag",
        ),
        (
            "-m conntrack --ctstate NEW,DNAT -j ACCEPT",
            "state 'DNAT' is not supported",
        ),
        ("! -s ! 10.0.0.1 -j ACCEPT", "'-s' is negated twice"),
        ("-s ! -j ACCEPT", "'-j' is not an IPv4 address"),
        ("-s !", "'-s' has no value"),
        ("-i", "'-i' has no value"),
        (
            "-i \"\" -j ACCEPT",
            "expected the name of an interface after '-i'",
        ),
        (
            "-g ACCEPT",
            "chain 'ACCEPT' is not in the input, so its effect is unknown; provide the complete table",
        ),
        (
            "-j accept",
            "chain 'accept' is not in the input, so its effect is unknown; provide the complete table",
        ),
        (
            "-j INPUT",
            "a rule cannot jump to the built-in chain 'INPUT'; expected a user-defined chain or a target",
        ),
        (
            "-j \"ACC\\EPT\"",
            "the quoted name of a chain contains a backslash; write it without quotes",
        ),
        (
            "-m recent --name \"a b\" -j ACCEPT",
            "a quoted text with spaces cannot follow '--name': iptables prints none there",
        ),
        (
            "-j DNAT --to-destination 192.0.2.1",
            "target 'DNAT' is not supported: it does more than accept or deny packets",
        ),
        (
            "-j SYNPROXY --mss 1460",
            "target 'SYNPROXY' is not supported: it does more than accept or deny packets",
        ),
        (
            "-j CT --notrack",
            "'--notrack' is unknown or not supported; expected a match or a target of iptables-extensions(8)",
        ),
        (
            "-j MARK --set-dscp 1",
            "'--set-dscp' is unknown or not supported; expected a match or a target of iptables-extensions(8)",
        ),
        (
            "-g MARK --set-mark 1",
            "'--set-mark' is unknown or not supported; expected a match or a target of iptables-extensions(8)",
        ),
        ("-j MARK --set-mark", "'--set-mark' has no value"),
        (
            "-m set --match-set s src -j MARK --set-mark 1",
            "'-m set' is not supported: the listing does not show which packets it matches",
        ),
        (
            "-j NFQUEUE",
            "target 'NFQUEUE' is not supported: it does more than accept or deny packets",
        ),
        (
            "! -j ACCEPT",
            "'-j' is unknown or not supported; expected a match or a target of iptables-extensions(8)",
        ),
        ("-j ACCEPT -j DROP", "the rule has two targets"),
        ("-j", "'-j' has no value"),
        ("-s 10.0.0.1 !", "expected a match after '!'"),
        (
            "-m comment --comment \"open -j ACCEPT",
            "a quotation mark is not closed",
        ),
        (
            "-m comment --comment \"a\"b -j ACCEPT",
            "expected a space after a quoted text",
        ),
        (
            "-m comment --comment a\"b -j ACCEPT",
            "expected quotes around a whole word, not 'a\"b'",
        ),
        (
            "-m comment --comment 'a b' -j ACCEPT",
            "'b'' is unknown or not supported; expected a match or a target of iptables-extensions(8)",
        ),
        (
            "--reject-with icmp-port-unreachable -j REJECT",
            "'--reject-with' is unknown or not supported; expected a match or a target of iptables-extensions(8)",
        ),
    ] {
        let line = format!("-A TWILIO-SIP-IN {rule}");
        let found = drift(
            "iptables",
            &policy,
            &text.replacen("-A ", &format!("{line}\n-A "), 1),
        );
        let at = line_of(&text, "-A ");
        assert_eq!(found.unwrap_err(), [format!("{at}: {problem}, in: {line}")]);
    }
}

#[test]
fn rejects_input_that_is_not_a_listing() {
    let (policy, text) = tokyo();
    let second = text.lines().count() + line_of(&text, "*filter");
    let twice = format!(
        "{second}: table 'filter' appears twice; provide one listing at a time, in: *filter"
    );
    for (what, problem) in [
        (
            "-I TWILIO-SIP-IN -j ACCEPT".to_owned(),
            "1: expected the output of 'iptables-save' or 'iptables -S', in: -I TWILIO-SIP-IN -j ACCEPT",
        ),
        (
            "iptables -A TWILIO-SIP-IN -j ACCEPT".to_owned(),
            "1: expected the output of 'iptables-save' or 'iptables -S', in: iptables -A TWILIO-SIP-IN -j ACCEPT",
        ),
        (
            "table inet filter {".to_owned(),
            "1: expected the output of 'iptables-save' or 'iptables -S', in: table inet filter {",
        ),
        (
            "-A TWILIO-SIP-IN -j ACCEPT".to_owned(),
            "1: chain 'TWILIO-SIP-IN' is not declared before this rule; provide the complete listing, in: -A TWILIO-SIP-IN -j ACCEPT",
        ),
        (
            "*filter\n-P\nCOMMIT".to_owned(),
            "2: expected the name of a chain, in: -P",
        ),
        ("-N".to_owned(), "1: expected the name of a chain, in: -N"),
        (
            "[1:x] -A TWILIO-SIP-IN -j ACCEPT".to_owned(),
            "1: expected the output of 'iptables-save' or 'iptables -S', in: [1:x] -A TWILIO-SIP-IN -j ACCEPT",
        ),
        (
            "Chain INPUT (policy DROP)".to_owned(),
            "1: the output of 'iptables -L' is incomplete; provide the output of 'iptables-save', in: Chain INPUT (policy DROP)",
        ),
        (
            "COMMIT".to_owned(),
            "1: there is no table before this COMMIT; expected '*filter' before it, in: COMMIT",
        ),
        (
            "*nat\n*filter\nCOMMIT".to_owned(),
            "2: table 'nat' has no COMMIT at its end, in: *filter",
        ),
        (
            "*filter\n:TWILIO-SIP-IN QUEUE\nCOMMIT".to_owned(),
            "2: expected ACCEPT, DROP or '-', not 'QUEUE', in: :TWILIO-SIP-IN QUEUE",
        ),
        (
            "*filter\n:TWILIO-SIP-IN - [0:0] x\nCOMMIT".to_owned(),
            "2: expected only counters after a chain's policy, in: :TWILIO-SIP-IN - [0:0] x",
        ),
        (
            "*filter\n:TWILIO-SIP-IN - [0:0\nCOMMIT".to_owned(),
            "2: expected only counters after a chain's policy, in: :TWILIO-SIP-IN - [0:0",
        ),
        (
            "-P INPUT DROP -c 12 x".to_owned(),
            "1: expected only counters after a chain's policy, in: -P INPUT DROP -c 12 x",
        ),
        (
            "-N TWILIO-SIP-IN ACCEPT".to_owned(),
            "1: expected the output of 'iptables-save' or 'iptables -S', in: -N TWILIO-SIP-IN ACCEPT",
        ),
        (
            ":TWILIO-SIP-IN - [0:0]".to_owned(),
            "1: this line is outside of a table; expected '*filter' before it, in: :TWILIO-SIP-IN - [0:0]",
        ),
        (
            "*filter\nCOMMIT\n-N TWILIO-SIP-IN".to_owned(),
            "3: this line is outside of a table, but the input has tables; provide one listing at a time, in: -N TWILIO-SIP-IN",
        ),
        (
            "-N TWILIO-SIP-IN\n*filter\nCOMMIT".to_owned(),
            "2: this line is outside of a table, but the input has tables; provide one listing at a time, in: *filter",
        ),
        (format!("{text}{text}"), &twice),
    ] {
        let errors = drift("iptables", &policy, &format!("{what}\n")).unwrap_err();
        assert_eq!(errors[0], problem, "{what}");
    }
}

#[test]
fn a_truncated_listing_is_never_in_sync() {
    let (policy, text) = tokyo();
    let saved =
        text.replace("- [0:0]", "- [12:345]")
            .replacen("*filter", "*nat\nCOMMIT\n*filter", 1);
    let listed: String = text
        .lines()
        .filter(|line| line.starts_with("-A") || line.starts_with(':'))
        .map(|line| {
            line.replace(':', "-N ")
                .replace(" - [0-N 0]", "")
                .replace("10000-N ", "10000:")
                + "\n"
        })
        .collect();
    for sample in [text, saved, listed] {
        assert!(
            drift("iptables", &policy, &sample).unwrap().is_none(),
            "{sample}"
        );
        for end in 0..sample.len() {
            let found = drift("iptables", &policy, &sample[..end]);
            assert!(
                !found.is_ok_and(|drift| drift.is_none()),
                "{:?}",
                &sample[..end]
            );
        }
    }
}

/// Each case is one rule of the unit. Further rules after a semicolon are in chain INNER or in the unit.
#[test]
fn finds_the_packets_that_a_rule_accepts() {
    for (rules, expected) in [
        ("-j ACCEPT", "any protocol from any to any"),
        ("-p udp -j ACCEPT", "udp from any to any"),
        ("! -p udp -j ACCEPT", "any protocol but udp from any to any"),
        ("-p all -j ACCEPT", "any protocol from any to any"),
        ("-p 0 -j ACCEPT", "any protocol from any to any"),
        ("-p 47 -j ACCEPT", "protocol 47 from any to any"),
        (
            "-s 10.0.0.0/24,10.0.1.0/24 -j ACCEPT",
            "any protocol from 10.0.0.0/23 to any",
        ),
        (
            "! -s 128.0.0.0/1,64.0.0.0/2 -j ACCEPT",
            "any protocol from 0.0.0.0/2 to any",
        ),
        (
            "! -d 128.0.0.0/1 -j ACCEPT",
            "any protocol from any to 0.0.0.0/1",
        ),
        (
            "-m iprange ! --src-range 64.0.0.0-255.255.255.255 -j ACCEPT",
            "any protocol from 0.0.0.0/2 to any",
        ),
        (
            "-p udp --sport 5060: -j ACCEPT",
            "udp from any port 5060-65535 to any",
        ),
        (
            "-p udp ! --dport :5059 -j ACCEPT",
            "udp from any to any port 5060-65535",
        ),
        (
            "-p udp -m multiport --ports 5060,7 -j ACCEPT",
            "udp from any port 7 to any port 0-6; udp from any port 5060 to any port 0-6; \
             udp from any to any port 7; \
             udp from any port 7 to any port 8-5059; udp from any port 5060 to any port 8-5059; \
             udp from any to any port 5060; \
             udp from any port 7 to any port 5061-65535; udp from any port 5060 to any port 5061-65535",
        ),
        (
            "-p udp -m multiport ! --ports 1:65535 -j ACCEPT",
            "udp from any port 0 to any port 0",
        ),
        (
            "-p tcp --syn -j ACCEPT",
            "tcp from any to any with TCP flags syn",
        ),
        (
            "-p tcp ! --syn -j ACCEPT",
            "tcp from any to any with TCP flags other than syn",
        ),
        (
            "-p tcp --tcp-flags SYN,ACK SYN -j ACCEPT",
            "tcp from any to any that open a connection",
        ),
        (
            "-p tcp --tcp-flags ALL FIN,SYN,RST,ACK -j ACCEPT",
            "tcp from any to any with TCP flags fin+syn+rst+ack, allowed only under some conditions",
        ),
        (
            "-p tcp --tcp-flags SYN,PSH SYN,PSH -m tcp --tcp-flags FIN,RST,ACK NONE -j ACCEPT",
            "tcp from any to any with TCP flags syn, allowed only under some conditions",
        ),
        (
            "-p tcp ! --tcp-flags SYN,PSH SYN,PSH -j ACCEPT",
            "tcp from any to any, allowed only under some conditions",
        ),
        (
            "-p tcp ! --tcp-flags SYN SYN,PSH -j ACCEPT",
            "tcp from any to any",
        ),
        ("-p tcp --tcp-flags SYN SYN,PSH -j ACCEPT", ""),
        (
            "-p udp -m limit -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        (
            "-m state --state NEW,RELATED -j ACCEPT",
            "any protocol from any to any in state new, related",
        ),
        (
            "-m conntrack ! --ctstate NEW,INVALID -j ACCEPT",
            "any protocol from any to any in state established, related, untracked",
        ),
        // For the kernel, a reversed range is empty. Tests with packets confirm this for both back ends.
        ("-p udp --dport 60000:29 -j ACCEPT", ""),
        ("-p udp --sport 5:4 -j ACCEPT", ""),
        ("-p udp -m udp --destination-port 65535:0 -j ACCEPT", ""),
        // iptables refuses such a list of ports, but the kernel would compare it in the same way (xt_multiport.c).
        ("-p udp -m multiport --dports 20000:10000 -j ACCEPT", ""),
        ("-p tcp -m multiport --ports 60000:29 -j ACCEPT", ""),
        (
            "-p udp -m multiport --dports 7,20000:10000 -j ACCEPT",
            "udp from any to any port 7",
        ),
        (
            "-p udp -m multiport ! --sports 60000:29 -j ACCEPT",
            "udp from any to any",
        ),
        ("-m iprange --src-range 10.0.0.9-10.0.0.1 -j ACCEPT", ""),
        ("-m iprange --dst-range 10.0.0.9-10.0.0.1 -j ACCEPT", ""),
        ("-p udp ! --dport 60000:29 -j ACCEPT", "udp from any to any"),
        ("-p tcp ! --sport 60000:29 -j ACCEPT", "tcp from any to any"),
        (
            "-m iprange ! --src-range 10.0.0.9-10.0.0.1 -j ACCEPT",
            "any protocol from any to any",
        ),
        // `+` means every interface; iptables does not print it.
        ("-i + -p udp -j ACCEPT", "udp from any to any"),
        ("-o + -p udp -j ACCEPT", "udp from any to any"),
        (
            "--in-interface + --out-interface + -j ACCEPT",
            "any protocol from any to any",
        ),
        ("! -i + -p udp -j ACCEPT", ""),
        ("! -o + -p udp -j ACCEPT", ""),
        (
            "-i eth+ -p udp -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        (
            "-o ! eth0 -p udp -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        // Negation as iptables up to 1.4.2 printed it.
        (
            "-s ! 128.0.0.0/1 -j ACCEPT",
            "any protocol from 0.0.0.0/1 to any",
        ),
        (
            "-d ! 128.0.0.0/1 -j ACCEPT",
            "any protocol from any to 0.0.0.0/1",
        ),
        ("-p ! udp -j ACCEPT", "any protocol but udp from any to any"),
        (
            "-p udp -m udp --dport ! 0:5059 -j ACCEPT",
            "udp from any to any port 5060-65535",
        ),
        (
            "-p udp -m udp --sport ! 5060 -j ACCEPT",
            "udp from any port 0-5059 to any; udp from any port 5061-65535 to any",
        ),
        (
            "-p tcp -m tcp --tcp-flags ! FIN,SYN,RST,ACK SYN -j ACCEPT",
            "tcp from any to any with TCP flags other than syn",
        ),
        (
            "-m state --state ! NEW,INVALID -j ACCEPT",
            "any protocol from any to any in state established, related, untracked",
        ),
        (
            "-p udp -m mac --mac-source ! 00:00:5e:00:53:01 -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        (
            "-p tcp -m tcpmss --mss 536:1460 -j ACCEPT",
            "tcp from any to any, allowed only under some conditions",
        ),
        ("-j ULOG --ulog-prefix \"a b\" --ulog-nlgroup 1", ""),
        (
            "-f -p udp -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        (
            "! -f -p udp -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        (
            "! -i eth0 -p udp -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        (
            "-p udp -m limit --limit 5/sec --limit-burst 9 -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        (
            "-p udp -m time --timestart 08:00 --weekdays Mon --kerneltz -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        (
            "-p udp -m addrtype --dst-type LOCAL -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        (
            "-p udp -m owner --uid-owner 0 -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        ("-p udp -c 12 345 -j ACCEPT", "udp from any to any"),
        (
            "-p tcp --tcp-flags URG URG -j ACCEPT",
            "tcp from any to any, allowed only under some conditions",
        ),
        (
            "-g INNER; -p tcp -j ACCEPT; back: -p udp -j ACCEPT",
            "tcp from any to any",
        ),
        (
            "-j INNER; -p tcp -j RETURN; -p icmp -j ACCEPT; back: -p tcp -j ACCEPT",
            "icmp, tcp from any to any",
        ),
        (
            "-i eth0 -j INNER; -p udp -j ACCEPT",
            "udp from any to any, allowed only under some conditions",
        ),
        ("-i eth0 -j INNER; -p udp -j RETURN; -j DROP", ""),
        ("-j LOG --log-prefix x --log-uid", ""),
        ("-j NFLOG --nflog-group 5", ""),
        ("-j AUDIT --type accept", ""),
        ("-j TRACE", ""),
        ("-s 10.0.0.1", ""),
        ("-j REJECT --reject-with icmp-port-unreachable", ""),
    ] {
        let mut text = "-N TWILIO-SIP-IN\n-N INNER\n".to_owned();
        for (number, rule) in rules.split("; ").enumerate() {
            let back = rule.strip_prefix("back: ");
            let chain = if number == 0 || back.is_some() {
                "TWILIO-SIP-IN"
            } else {
                "INNER"
            };
            text += &format!("-A {chain} {}\n", back.unwrap_or(rule));
        }
        let units = common::judge::units("iptables", &text, "twilio-sip", &common::judge::BOTH);
        let found = differences(&[], &units.unwrap()[0].steps, Limits::default()).unwrap();
        let parts = found.into_iter().map(|difference| Part {
            direction: Direction::In,
            packets: difference.packets,
            condition: difference.condition,
            attribution: Attribution::Nothing,
            source_lines: Vec::new(),
        });
        let drift = Drift {
            extra: parts.collect(),
            ..Drift::default()
        };
        let report = report_text(&drift, &text);
        let report = report.trim_start_matches("\nstdin\n  extra   in  ");
        let report = report.trim_end().replace("\n  extra   in  ", "; ");
        assert_eq!(report, expected, "{rules}");
    }
}

#[test]
fn checks_a_built_in_chain_with_its_policy() {
    let (policy, text) = tokyo();
    let mut one_way = policy.clone();
    one_way.rules.retain(|rule| rule.direction == Direction::In);
    one_way.scope.directions.truncate(1);
    for (chain_policy, extra) in [("DROP", 0), ("ACCEPT", 1)] {
        let text = text
            .replace(":TWILIO-SIP-IN -", &format!(":INPUT {chain_policy}"))
            .replace("TWILIO-SIP-IN", "INPUT");
        // The output of iptables-save and of iptables -S -v.
        let listed = text
            .lines()
            .filter_map(|line| {
                let declared = line.strip_prefix(":INPUT ");
                let shown = declared.map(|_| format!("-P INPUT {chain_policy} -c 12 345\n"));
                shown.or_else(|| line.starts_with("-A INPUT").then(|| format!("{line}\n")))
            })
            .collect();
        for text in [text, listed] {
            let units = common::judge::units("iptables", &text, "INPUT", &one_way.scope.directions)
                .unwrap();
            let format = common::judge::dialect("iptables");
            let drift = twilio_sip_allow::format::compare(
                format,
                &one_way,
                &units,
                Limits::default(),
                || &[],
            )
            .unwrap();
            assert_eq!(
                usize::from(!drift.extra.is_empty()),
                extra,
                "{}",
                report_text(&drift, &text)
            );
            assert!(drift.missing.is_empty() && drift.unmeasured.is_empty());
        }
    }
}

/// Random text in the alphabet of listings is never in sync.
#[test]
fn noise_is_never_in_sync() {
    let (policy, text) = tokyo();
    let mut random = Random::new(9);
    let words: Vec<&str> = text.split_inclusive([' ', '\n', ':', '/', '.']).collect();
    for _ in 0..3_000 {
        let mut noise = String::from(if chance(&mut random, 2) {
            "*filter\n"
        } else {
            ""
        });
        for _ in 0..random.between(1, 60) {
            noise += *common::judge::pick(&mut random, &words);
        }
        noise += "\nCOMMIT\n";
        let found = drift("iptables", &policy, &noise);
        assert!(!found.is_ok_and(|drift| drift.is_none()), "{noise}");
    }
}

/// The listing of Tokyo's rules with the built-in chains and their jumps, more declarations, and more rules before
/// `COMMIT`.
fn listing(declared: &str, rules: &str) -> String {
    let (_, text) = tokyo();
    let built_in = ":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";
    let jumps = "-A INPUT -j TWILIO-SIP-IN\n-A OUTPUT -j TWILIO-SIP-OUT\n";
    text.replacen("*filter\n", &format!("*filter\n{built_in}{declared}"), 1)
        .replacen("\n-A ", &format!("\n{jumps}-A "), 1)
        .replacen("\nCOMMIT\n", &format!("\n{rules}COMMIT\n"), 1)
}

/// The same rules as `iptables -S` prints them.
fn listed(declared: &str, rules: &str) -> String {
    let lines = listing(declared, rules);
    let lines = lines
        .lines()
        .filter(|line| *line != "*filter" && *line != "COMMIT");
    let lines = lines.skip_while(|line| line.starts_with("# "));
    let lines = lines.map(|line| {
        let declared = line.strip_prefix(':').and_then(|rest| rest.split_once(' '));
        match declared {
            None => line.to_owned(),
            Some((name, rest)) if rest.starts_with('-') => format!("-N {name}"),
            Some((name, rest)) => format!("-P {name} {}", rest.split(' ').next().unwrap()),
        }
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// The message of the only error.
fn refusal(text: &str) -> String {
    let (policy, _) = tokyo();
    let errors = drift("iptables", &policy, text).expect_err(text);
    assert_eq!(errors.len(), 1, "{errors:?}");
    let (_, problem) = errors[0].split_once(": ").unwrap();
    problem.rsplit_once(", in: ").unwrap().0.to_owned()
}

fn is_in_sync(text: &str) -> bool {
    let (policy, _) = tokyo();
    let drift = drift("iptables", &policy, text);
    drift
        .unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
        .is_none()
}

/// Rules whose target does not decide, as iptables-save prints them.
const PASSING_ON: &str = include_str!("../samples/iptables/passing_on");

#[test]
fn a_target_that_does_not_decide_passes_packets_on() {
    let text = listing("", "");
    let first = text.lines().find(|line| line.starts_with("-A TWILIO"));
    let first = first.unwrap();
    for rule in PASSING_ON.lines() {
        let own = format!("-A TWILIO-SIP-IN {rule}\n");
        assert!(
            is_in_sync(&text.replacen(first, &format!("{own}{first}"), 1)),
            "{rule}"
        );
        assert!(is_in_sync(&listed("", &own)), "{rule}");
        // It does not accept the packets of the rule that it replaces, nor those of a rule after it.
        assert!(
            !is_in_sync(&text.replacen(first, own.trim_end(), 1)),
            "{rule}"
        );
        let accepts = format!("{own}-A TWILIO-SIP-IN -s 192.0.2.1/32 -j ACCEPT\n");
        assert!(!is_in_sync(&listing("", &accepts)), "{rule}");
    }
    // A later match on the changed field is a condition.
    let accepts = first.replace(" -p ", " -m mark --mark 0x1 -p ");
    let marked = format!("-A TWILIO-SIP-IN -j MARK --set-xmark 0x1/0xffffffff\n{accepts}");
    assert!(!is_in_sync(&text.replacen(first, &marked, 1)));
}

/// Names of targets that a chain can also have.
///
/// Both back ends of version 1.8.9 load a chain with each of these names, except DROP, QUEUE and RETURN. With
/// `iptables-nft -E`, a chain can be renamed to any of them, even to ACCEPT.
const TARGETS: &str = "
    DROP REJECT RETURN QUEUE LOG NFLOG ULOG AUDIT TRACE CLASSIFY CONNMARK CONTINUE CT DNAT DSCP
    MARK MASQUERADE NFQUEUE NOTRACK REDIRECT SET SNAT TCPMSS TEE TOS TTL
";

#[test]
fn rejects_a_jump_to_a_chain_with_the_name_of_a_target() {
    assert!(is_in_sync(&listing("", "")));
    assert!(is_in_sync(&listed("", "")));
    let (policy, _) = tokyo();
    let errors = drift("iptables", &policy, &listing(":ACCEPT - [0:0]\n", "")).unwrap_err();
    assert!(errors[0].contains("'-j ACCEPT' can mean the target 'ACCEPT' or the chain 'ACCEPT'"));
    for name in TARGETS.split_ascii_whitespace() {
        let declared = format!(":{name} - [0:0]\n");
        let problem = format!(
            "'-j {name}' can mean the target '{name}' or the chain '{name}' of this table; \
             rename the chain"
        );
        for options in ["", " -s 192.0.2.1", " -m comment --comment \"x\""] {
            let rules = format!("-A {name} -j DROP\n-A TWILIO-SIP-IN{options} -j {name}\n");
            for text in [listing(&declared, &rules), listed(&declared, &rules)] {
                assert_eq!(refusal(&text), problem);
            }
        }
        // The chain does not matter if no rule of the unit jumps to it. Names are case-sensitive.
        let rules = format!("-A {name} -j ULOG\n-A INPUT -j {name}\n");
        let lower = name.to_lowercase();
        let other = format!("{declared}:{lower} - [0:0]\n");
        assert!(is_in_sync(&listing(&declared, &rules)), "{name}");
        let jump = format!("-A TWILIO-SIP-IN -j {lower}\n");
        assert!(is_in_sync(&listing(&other, &jump)), "{name}");
        let accepts = format!("{jump}-A {lower} -s 192.0.2.1 -j ACCEPT\n");
        assert!(!is_in_sync(&listing(&other, &accepts)), "{name}");
    }
}

/// A goto always leads to a chain: iptables rejects a goto to a target.
#[test]
fn follows_a_goto_to_a_chain_with_the_name_of_a_target() {
    for name in ["LOG", "NFLOG", "REJECT", "DROP", "RETURN", "QUEUE", "MARK"] {
        let declared = format!(":{name} - [0:0]\n");
        let jump = format!("-A TWILIO-SIP-IN -g {name}\n");
        for (rules, expected) in [
            ("", true),
            ("-s 192.0.2.1", true),
            ("-p udp -j SOME", false),
        ] {
            let declared = format!("{declared}:SOME - [0:0]\n");
            let rules = format!("{jump}-A {name} {rules}\n-A SOME -s 192.0.2.1 -j SOME-2\n");
            let declared = format!("{declared}:SOME-2 - [0:0]\n");
            let rules = format!("{rules}-A SOME-2 -d 192.0.2.2/31 -j ACCEPT\n");
            assert_eq!(is_in_sync(&listing(&declared, &rules)), expected, "{rules}");
        }
    }
}

/// iptables prints line breaks in comments unchanged.
#[test]
fn a_line_in_a_comment_is_not_a_rule() {
    let real = listing("", "");
    let is_own = |line: &&str| line.starts_with("-A TWILIO-SIP-IN");
    let own: Vec<&str> = real.lines().filter(is_own).collect();
    let bare = |line: &&str| line.split(" -m comment").next().unwrap().to_owned() + " -j ACCEPT\n";
    let hidden: String = own.iter().map(bare).collect();
    let own = own.join("\n") + "\n";
    let is_wrong = |text: &str| {
        let (policy, _) = tokyo();
        let found = drift("iptables", &policy, text);
        assert!(!found.is_ok_and(|drift| drift.is_none()), "{text}");
    };
    for (before, after) in [
        ("-A AAA -m comment --comment \"x\n", "#\" -j RETURN\n"),
        ("-A AAA -m comment --comment \"x\n", "#\"\n"),
        (
            "-A AAA -m comment --comment \"\n",
            "# \\\" \\\\\" -j RETURN\n",
        ),
        (
            "-A AAA -s 192.0.2.1/32 -m comment --comment \"\\\"\n",
            "\n#\" -j LOG\n",
        ),
        (
            "-A TWILIO-SIP-IN -s 192.0.2.1/32 -m comment --comment \"x\n",
            "#\" -j DROP\n",
        ),
        ("[1:2] -A AAA -m comment --comment \"x\n", "#\" -j RETURN\n"),
    ] {
        let comment = format!("{before}{hidden}{after}");
        let denies =
            format!("{before}-A TWILIO-SIP-IN -j DROP\n{after}-A TWILIO-SIP-IN -j ACCEPT\n");
        for print in [listing, listed] {
            is_wrong(&print(":AAA - [0:0]\n", "").replacen(&own, &comment, 1));
            is_wrong(&print(":AAA - [0:0]\n", &denies));
        }
        // The comment hides the end of table nat.
        let nat = format!("*nat\n:AAA - [0:0]\n{before}COMMIT\n*filter\n");
        let text = real.replacen("*filter\n", &nat, 1);
        is_wrong(&text.replacen("\nCOMMIT\n*", "\n", 1).replacen(
            "\nCOMMIT\n",
            &format!("\n{after}COMMIT\n"),
            1,
        ));
        is_wrong(&text.replacen(
            "\n:TWILIO",
            &format!("\n{after}COMMIT\n*filter\n:TWILIO"),
            1,
        ));
    }
}

#[test]
fn reads_a_comment_with_line_breaks_that_iptables_restore_would_reject() {
    for comment in ["first\nsecond", "\n\n", "a\n\"b", "\\\\\nx \\\" y", " \n "] {
        let rule = format!(
            "-A AAA -m comment --comment \"{}\" -j ACCEPT\n",
            comment.replace("\n\"", "\n\\\"")
        );
        let own = rule
            .replace("-A AAA", "-A TWILIO-SIP-IN -s 192.0.2.1")
            .replace("ACCEPT", "LOG");
        for rule in [rule, own] {
            for text in [
                listing(":AAA - [0:0]\n", &rule),
                listed(":AAA - [0:0]\n", &rule),
            ] {
                assert!(is_in_sync(&text), "{text}");
            }
        }
    }
}

/// iptables-restore would read the lines of these comments as rules.
#[test]
fn an_ambiguous_listing_is_in_sync_only_if_both_readings_are() {
    let text = listing(
        ":AAA - [0:0]\n",
        "-A AAA -m comment --comment \"x\n-A TWILIO-SIP-IN -j ACCEPT\n#\" -j RETURN\n",
    );
    assert!(!is_in_sync(&text));
    let both = listing(
        ":AAA - [0:0]\n",
        "-A AAA -m comment --comment \"x\n-A AAA -j ACCEPT\n#\" -j RETURN\n",
    );
    assert!(is_in_sync(&both));
    let unknown = listing(
        ":AAA - [0:0]\n",
        "-A AAA -m comment --comment \"x\n-I TWILIO-SIP-IN -j ACCEPT\n#\" -j RETURN\n",
    );
    assert_eq!(
        refusal(&unknown),
        "this comment contains a line break, and iptables-restore would read each of its lines as a rule; \
         remove the line break"
    );
}

/// iptables prints the names of interfaces, lists and chains without escapes.
#[test]
fn rejects_quotation_marks_that_iptables_does_not_print() {
    for (rule, problem) in [
        (
            "-A AAA -i a\"b -j ACCEPT\n-A AAA -i \"",
            "expected quotes around a whole word, not 'a\"b'",
        ),
        (
            "-A AAA -m recent --set --name \"r --rsource\n-A TWILIO-SIP-IN -j ACCEPT\n-A AAA -m recent --set --name \"",
            "a quoted text with spaces cannot follow '--name': iptables prints none there",
        ),
        (
            "-A AAA -m recent --set --name \"x -m comment --comment \" y",
            "a quoted text with spaces cannot follow '--name': iptables prints none there",
        ),
        (
            "-A AAA -m comment --comment x\" y\"",
            "expected quotes around a whole word, not 'x\"'",
        ),
        (
            "-A AAA --log-prefix=\"x y\" -j LOG",
            "expected quotes around a whole word, not '--log-prefix=\"x'",
        ),
        (
            "-A AAA -j LOG --log-prefix \"x\n-A TWILIO-SIP-IN -j ACCEPT\n\"",
            "a quotation mark is not closed",
        ),
        (
            "-A AAA -m comment --comment \"x",
            "a quotation mark is not closed",
        ),
    ] {
        let rule = format!("{rule}\n");
        for text in [
            listing(":AAA - [0:0]\n", &rule),
            listed(":AAA - [0:0]\n", &rule),
        ] {
            assert_eq!(refusal(&text), problem, "{text}");
        }
        let nat = format!("*nat\n{rule}COMMIT\n*filter\n");
        let text = listing("", "").replacen("*filter\n", &nat, 1);
        let expected = problem.contains("not closed") || refusal(&text) == problem;
        assert!(expected, "{text}");
        let (policy, _) = tokyo();
        assert!(drift("iptables", &policy, &text).is_err());
    }
    for declared in [":a\"b - [0:0]\n", ":\"q\" - [0:0]\n"] {
        assert_eq!(
            refusal(&listing(declared, "")),
            "the name of a chain or a table contains a quotation mark, so the listing has several possible meanings; rename it"
        );
        let nat = format!("*nat\n{declared}COMMIT\n*filter\n");
        refusal(&listing("", "").replacen("*filter\n", &nat, 1));
    }
    // All other names that iptables allows for a chain are accepted.
    for name in [
        "-x", "!x", "it's", "a\\b", "#x", ":x", "*x", "COMMIT", "[1:2]", "a,b", "é",
    ] {
        let declared = format!(":{name} - [0:0]\n");
        let rules = format!("-A {name} -s 192.0.2.1/32 -j ACCEPT\n");
        assert!(is_in_sync(&listing(&declared, &rules)), "{name}");
        let jump = format!("{rules}-A TWILIO-SIP-IN -j {name}\n");
        assert!(!is_in_sync(&listing(&declared, &jump)), "{name}");
    }
}

/// Each line is inserted before `COMMIT`. iptables-restore of both back ends rejects most of them.
#[test]
fn reads_lines_like_iptables_restore() {
    const SPACE: &str =
        "iptables-restore accepts this only at the start of a line; remove the space before it";
    const OTHER: &str = "expected the output of 'iptables-save' or 'iptables -S'";
    for (line, problem) in [
        (" :X - [0:0]", SPACE),
        ("\t*nat", SPACE),
        (" # x", SPACE),
        (" COMMIT", SPACE),
        ("COMMIT x", OTHER),
        ("*nat", "table 'filter' has no COMMIT at its end"),
        (":X", "expected a policy or '-' after the name of a chain"),
        (
            ":X ACCEPT [0:0]",
            "chain 'X' is not built in, so it has no policy; expected '-' after its name",
        ),
        (
            "-P X DROP",
            "chain 'X' is not built in, so it has no policy; expected '-' after its name",
        ),
        (
            ":TWILIO-SIP-IN - [0:0]",
            "chain 'TWILIO-SIP-IN' is declared twice; provide one listing at a time",
        ),
        (
            "-P INPUT DROP",
            "chain 'INPUT' is declared twice; provide one listing at a time",
        ),
        ("-I TWILIO-SIP-IN -j ACCEPT", OTHER),
        ("-I TWILIO-SIP-IN 1 -j ACCEPT", OTHER),
        ("-R TWILIO-SIP-IN 1 -j ACCEPT", OTHER),
        ("-D TWILIO-SIP-IN 1", OTHER),
        ("-F TWILIO-SIP-IN", OTHER),
        ("-F", OTHER),
        ("-X AAA", OTHER),
        ("-E AAA TWILIO-SIP-IN", OTHER),
        ("-t filter -A TWILIO-SIP-IN -j ACCEPT", OTHER),
        ("-j ACCEPT -A TWILIO-SIP-IN", OTHER),
        ("--app TWILIO-SIP-IN -j ACCEPT", OTHER),
        ("-ATWILIO-SIP-IN -j ACCEPT", OTHER),
        ("--append=TWILIO-SIP-IN -j ACCEPT", OTHER),
        ("-6 -A TWILIO-SIP-IN -j ACCEPT", OTHER),
        ("A TWILIO-SIP-IN -j ACCEPT", OTHER),
    ] {
        let (policy, _) = tokyo();
        let errors = drift("iptables", &policy, &listing("", &format!("{line}\n"))).unwrap_err();
        assert!(
            errors[0].contains(&format!(": {problem}, in: ")),
            "{errors:?}"
        );
    }
    for (line, accepts) in [
        ("-A TWILIO-SIP-IN -j ACCEPT", true),
        (" \t-A TWILIO-SIP-IN -j ACCEPT", true),
        ("-A\tTWILIO-SIP-IN\t-j\tACCEPT \t", true),
        ("-A \"TWILIO-SIP-IN\" \"-j\" \"ACCEPT\"", true),
        ("--append TWILIO-SIP-IN --jump ACCEPT", true),
        ("[1:2] -A TWILIO-SIP-IN -j ACCEPT", true),
        ("#-A TWILIO-SIP-IN -j ACCEPT", false),
        ("-A INPUT -t nat -j ACCEPT", false),
    ] {
        let text = listing("", &format!("{line}\n"));
        assert_eq!(is_in_sync(&text), !accepts, "{line}");
    }
    for (table, problem) in [
        (
            "*filter x",
            "expected the end of the line after the table name 'filter', not 'x'",
        ),
        (
            "*filter # mine",
            "expected the end of the line after the table name 'filter', not '# mine'",
        ),
        (
            "*\tfilter\tx",
            "expected the end of the line after the table name 'filter', not 'x'",
        ),
    ] {
        let text = listing("", "").replacen("*filter", table, 1);
        let (policy, _) = tokyo();
        let errors = drift("iptables", &policy, &text).unwrap_err();
        assert!(errors[0].contains(problem), "{errors:?}");
    }
    for table in ["* filter", "*\tfilter", "* \t filter "] {
        let again = format!("{table}\n-A TWILIO-SIP-IN -j ACCEPT\nCOMMIT\n");
        assert!(is_in_sync(&listing("", "").replacen("*filter", table, 1)));
        assert_eq!(
            refusal(&(listing("", "") + &again)),
            "table 'filter' appears twice; provide one listing at a time"
        );
    }
    let long = format!("#{}-A TWILIO-SIP-IN -j ACCEPT\n", "x".repeat(10_238));
    assert_eq!(
        refusal(&listing("", &long)),
        "the line has more than 10238 bytes, and iptables-restore reads the rest of a longer line as another line"
    );
}

#[test]
fn rejects_a_missing_built_in_chain() {
    let of = |name: &str, text: &str, directions: &[Direction]| {
        let units = common::judge::units("iptables", text, name, directions);
        units.map(|units| units.into_iter().map(|unit| unit.name).collect::<Vec<_>>())
    };
    let way = [Direction::In];
    let (_, text) = tokyo();
    for name in ["INPUT", "FORWARD", "OUTPUT"] {
        let absent = of(name, &text, &way).unwrap_err();
        let problem = format!(
            "1: the built-in chain '{name}' is not in the input; provide the complete filter table, in: "
        );
        assert!(absent[0].starts_with(&problem), "{absent:?}");
        for line in [
            format!(":{name} - [0:0]"),
            format!("-A {name} -s 192.0.2.1 -j ACCEPT"),
        ] {
            let errors = of(name, &format!("*filter\n{line}\nCOMMIT\n"), &way).unwrap_err();
            let problem = format!(
                "1: the policy of the built-in chain '{name}' is not in the input; expected a line such as \
                 ':{name} DROP [0:0]' or '-P {name} DROP', in: *filter"
            );
            assert_eq!(errors, [problem]);
        }
        let whole = listing("", "");
        assert_eq!(of(name, &whole, &way).unwrap(), [name]);
        let errors = of(name, &whole, &common::judge::BOTH).unwrap_err();
        let problem = format!(
            "1: the built-in chain '{name}' has only one direction; select it with --direction, in: "
        );
        assert!(errors[0].starts_with(&problem), "{errors:?}");
        // A unit of this program with this name.
        let own = format!("*filter\n:{name}-IN - [0:0]\nCOMMIT\n");
        assert_eq!(of(name, &own, &way).unwrap()[0], format!("{name}-IN"));
    }
}

/// The work is limited even if jumps and lists multiply the rules, or if the rules match nothing.
#[test]
fn rejects_rules_that_take_too_much_work() {
    let unit = Unit::default();
    let list = (0..50).map(|n| format!("10.0.{n}.0/25"));
    let list = list.collect::<Vec<_>>().join(",");
    let costly = format!("-s {list} -d {list} -p udp ! -p udp");
    for (rules, most) in [
        (format!("-A TWILIO-SIP-IN {costly}\n").repeat(4), 40_000),
        (
            format!(
                "-A TWILIO-SIP-IN -s {list} -d {list}{} -j DROP\n",
                " -p udp".repeat(10)
            ),
            30_000,
        ),
        (
            format!("-A AAA {costly}\n{}", "-A TWILIO-SIP-IN -j AAA\n".repeat(4)),
            40_000,
        ),
        (
            "-A AAA -s 192.0.2.1\n".repeat(100) + &"-A TWILIO-SIP-IN -j AAA\n".repeat(10),
            15_000,
        ),
    ] {
        let limited = |most: u32| {
            let limits = Limits::default().with(&[format!("work={most}").parse().unwrap()]);
            let wanted = UnitQuery {
                unit: &unit,
                directions: &common::judge::BOTH,
                limits,
            };
            let text = listing(":AAA - [0:0]\n", &rules);
            format::parse(common::judge::dialect("iptables"), &text, wanted)
        };
        assert!(limited(most).is_ok(), "{:?}", limited(most));
        let problem = &limited(most / 2).unwrap_err()[0].problem();
        let message = format!("it takes more than {} steps to evaluate", most / 2);
        assert!(problem.starts_with(&message), "{problem}");
    }
}

/// Short chains need more memory than their text.
#[test]
fn rejects_more_chains_than_memory_allows() {
    let unit = Unit::default();
    let wanted = UnitQuery {
        unit: &unit,
        directions: &common::judge::BOTH,
        limits: Limits::default().with(&["work=64000".parse().unwrap()]),
    };
    let parse = |count: usize| {
        let chains: Vec<String> = (0..count).map(|n| format!(":c{n} -\n")).collect();
        let text = listing(&chains.concat(), "");
        format::parse(common::judge::dialect("iptables"), &text, wanted)
    };
    assert!(parse(990).is_ok());
    let problem = &parse(1_001).unwrap_err()[0].problem();
    assert!(
        problem.starts_with("it takes more than 64000 steps to evaluate"),
        "{problem}"
    );
}
