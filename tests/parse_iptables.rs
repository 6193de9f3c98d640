//! What is read of iptables listings, beyond the round trips: what is refused and with which words,
//! and what a listing that was cut off gives.

mod common;

use common::judge::{chance, drift, everything, policy, told};
use common::oracle::Random;
use common::render;
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::drift::{Belongs, Drift, Part};
use twilio_sip_allow::policy::space::differences;
use twilio_sip_allow::policy::{Direction, Policy};
use twilio_sip_allow::select::Selection;

fn tokyo() -> (Policy, String) {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        ..everything()
    };
    let policy = policy(&["regional"], &selection).unwrap();
    (policy, render("--region tokyo --format iptables"))
}

/// Each is put in front of the unit's first rule.
#[test]
fn what_cannot_be_judged_is_refused_with_its_line_and_a_reason() {
    let (policy, text) = tokyo();
    for (rule, problem) in [
        (
            "-s 10.0.0.1 -j NONESUCH",
            "chain NONESUCH is not in the text, so what it does is not known; give all of the table",
        ),
        (
            "-j TWILIO-SIP-IN",
            "it goes round in a circle: chain TWILIO-SIP-IN is jumped to from itself",
        ),
        (
            "-g NONESUCH",
            "chain NONESUCH is not in the text, so what it does is not known; give all of the table",
        ),
        (
            "-m set --match-set twilio src -j ACCEPT",
            "'-m set' cannot be judged: what it matches is not in the text",
        ),
        (
            "-m bpf --bytecode x -j ACCEPT",
            "'-m bpf' cannot be judged: what it matches is not in the text",
        ),
        (
            "-m geoip --src-cc JP -j ACCEPT",
            "'-m geoip' cannot be judged: what it matches is not in the text",
        ),
        (
            "--nonesuch -j ACCEPT",
            "'--nonesuch' is not understood; expected a match or a target of iptables-extensions(8) that can be judged",
        ),
        (
            "! --nonesuch 5 -j ACCEPT",
            "'--nonesuch' is not understood; expected a match or a target of iptables-extensions(8) that can be judged",
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
            "the netmask of '10.0.0.0/255.0.255.0' has gaps, which cannot be judged",
        ),
        (
            "-s sip.example.com -j ACCEPT",
            "'sip.example.com' is not an IPv4 address",
        ),
        ("-s -j ACCEPT", "'-j' is not an IPv4 address"),
        (
            "--dport 5060 -j ACCEPT",
            "--dport needs a protocol that has ports before it",
        ),
        (
            "-p icmp --dport 5060 -j ACCEPT",
            "--dport needs a protocol that has ports before it",
        ),
        (
            "-p udp --dport 65536 -j ACCEPT",
            "'65536' is not a port from 0 to 65535, nor a service known here",
        ),
        (
            "-p udp --dport 023420 -j DROP",
            "'023420' has a leading zero, which may mean octal; write it without",
        ),
        (
            "-p 017 -j ACCEPT",
            "'017' has a leading zero, which may mean octal; write it without",
        ),
        (
            "-s 10.0.0.0/08 -j ACCEPT",
            "'08' has a leading zero, which may mean octal; write it without",
        ),
        (
            "-p udp --dport nonesuch -j ACCEPT",
            "'nonesuch' is not a port from 0 to 65535, nor a service known here",
        ),
        (
            "-p udp --dport 20000:10000 -j ACCEPT",
            "the ports from '20000' to '10000' are reversed",
        ),
        ("-p udp --dport", "--dport has no value"),
        (
            "-p nonesuch -j ACCEPT",
            "'nonesuch' is not a protocol from 0 to 255, nor one known here by name",
        ),
        (
            "-p 256 -j ACCEPT",
            "'256' is not a protocol from 0 to 255, nor one known here by name",
        ),
        ("! -p all -j ACCEPT", "it holds for no protocol"),
        ("-p udp --syn -j ACCEPT", "flags need -p tcp before them"),
        (
            "-p tcp --tcp-flags SYN,XXX SYN -j ACCEPT",
            "'XXX' is not a flag of TCP",
        ),
        (
            "-m conntrack --ctstate NEW,DNAT -j ACCEPT",
            "state 'DNAT' cannot be judged",
        ),
        (
            "-m iprange --src-range 10.0.0.9-10.0.0.1 -j ACCEPT",
            "the range '10.0.0.9-10.0.0.1' is reversed",
        ),
        (
            "-j MARK --set-mark 1",
            "target MARK cannot be judged: it neither accepts nor denies",
        ),
        (
            "-j NFQUEUE",
            "target NFQUEUE cannot be judged: it neither accepts nor denies",
        ),
        (
            "! -j ACCEPT",
            "'-j' is not understood; expected a match or a target of iptables-extensions(8) that can be judged",
        ),
        ("-j ACCEPT -j DROP", "it has two targets"),
        ("-j", "-j has no value"),
        ("-s 10.0.0.1 !", "'!' has nothing after it"),
        (
            "-m comment --comment \"open -j ACCEPT",
            "a quotation mark has no partner",
        ),
        (
            "-m comment --comment \"a\"b -j ACCEPT",
            "expected a space after a quotation",
        ),
        (
            "-m comment --comment a\"b -j ACCEPT",
            "expected quotes around a whole word, not a\"b",
        ),
        (
            "-m comment --comment 'a b' -j ACCEPT",
            "'b'' is not understood; expected a match or a target of iptables-extensions(8) that can be judged",
        ),
        (
            "--reject-with icmp-port-unreachable -j REJECT",
            "'--reject-with' is not understood; expected a match or a target of iptables-extensions(8) that can be judged",
        ),
    ] {
        let line = format!("-A TWILIO-SIP-IN {rule}");
        let found = drift(
            "iptables",
            &policy,
            &text.replacen("-A ", &format!("{line}\n-A "), 1),
        );
        assert_eq!(found.unwrap_err(), [format!("14: {problem}, in: {line}")]);
    }
}

#[test]
fn a_listing_that_is_none_is_refused() {
    let (policy, text) = tokyo();
    for (what, problem) in [
        (
            "-I TWILIO-SIP-IN -j ACCEPT".to_owned(),
            "1: expected what iptables-save or iptables -S prints, in: -I TWILIO-SIP-IN -j ACCEPT",
        ),
        (
            "iptables -A TWILIO-SIP-IN -j ACCEPT".to_owned(),
            "1: expected what iptables-save or iptables -S prints, in: iptables -A TWILIO-SIP-IN -j ACCEPT",
        ),
        (
            "table inet filter {".to_owned(),
            "1: expected what iptables-save or iptables -S prints, in: table inet filter {",
        ),
        (
            "-A TWILIO-SIP-IN -j ACCEPT".to_owned(),
            "1: chain TWILIO-SIP-IN was not declared before, as it is in all of a listing, in: -A TWILIO-SIP-IN -j ACCEPT",
        ),
        (
            "*filter\n-P\nCOMMIT".to_owned(),
            "2: expected the name of a chain, in: -P",
        ),
        ("-N".to_owned(), "1: expected the name of a chain, in: -N"),
        (
            "[1:x] -A TWILIO-SIP-IN -j ACCEPT".to_owned(),
            "1: expected what iptables-save or iptables -S prints, in: [1:x] -A TWILIO-SIP-IN -j ACCEPT",
        ),
        (
            "Chain INPUT (policy DROP)".to_owned(),
            "1: this is what iptables -L prints, which leaves things out; expected what iptables-save prints, in: Chain INPUT (policy DROP)",
        ),
        (
            "COMMIT".to_owned(),
            "1: COMMIT without a table before it, in: COMMIT",
        ),
        (
            "*nat\n*filter\nCOMMIT".to_owned(),
            "2: table nat has no COMMIT at its end, in: *filter",
        ),
        (
            "*filter\n:TWILIO-SIP-IN QUEUE\nCOMMIT".to_owned(),
            "2: expected ACCEPT, DROP or -, not 'QUEUE', in: :TWILIO-SIP-IN QUEUE",
        ),
        (
            "*filter\n:TWILIO-SIP-IN - [0:0] x\nCOMMIT".to_owned(),
            "2: expected nothing but counters after a chain's policy, in: :TWILIO-SIP-IN - [0:0] x",
        ),
        (
            "*filter\n:TWILIO-SIP-IN - [0:0\nCOMMIT".to_owned(),
            "2: expected nothing but counters after a chain's policy, in: :TWILIO-SIP-IN - [0:0",
        ),
        (
            "-P INPUT DROP -c 12 x".to_owned(),
            "1: expected nothing but counters after a chain's policy, in: -P INPUT DROP -c 12 x",
        ),
        (
            "-N TWILIO-SIP-IN ACCEPT".to_owned(),
            "1: expected what iptables-save or iptables -S prints, in: -N TWILIO-SIP-IN ACCEPT",
        ),
        (
            ":TWILIO-SIP-IN - [0:0]".to_owned(),
            "1: it stands outside of a table; expected *filter before it, in: :TWILIO-SIP-IN - [0:0]",
        ),
        (
            "*filter\nCOMMIT\n-N TWILIO-SIP-IN".to_owned(),
            "3: it stands outside of a table, in a text that has tables, in: -N TWILIO-SIP-IN",
        ),
        (
            "-N TWILIO-SIP-IN\n*filter\nCOMMIT".to_owned(),
            "2: it stands outside of a table, in a text that has tables, in: *filter",
        ),
        (
            format!("{text}{text}"),
            "34: chain TWILIO-SIP-IN is declared twice; give one listing at a time, in: :TWILIO-SIP-IN - [0:0]",
        ),
    ] {
        let errors = drift("iptables", &policy, &format!("{what}\n")).unwrap_err();
        assert_eq!(errors[0], problem, "{what}");
    }
}

#[test]
fn a_listing_that_was_cut_off_is_never_in_sync() {
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

/// Each is the only rule of the unit, but for those after a semicolon, which are of chain INNER,
/// or of the unit again.
#[test]
fn what_a_rule_lets_through() {
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
            "tcp from any to any with other TCP flags than syn",
        ),
        (
            "-p tcp --tcp-flags SYN,ACK SYN -j ACCEPT",
            "tcp from any to any that open a connection",
        ),
        (
            "-p tcp --tcp-flags ALL FIN,SYN,RST,ACK -j ACCEPT",
            "tcp from any to any with TCP flags fin+syn+rst+ack, but only in some circumstances",
        ),
        (
            "-p tcp --tcp-flags SYN,PSH SYN,PSH -m tcp --tcp-flags FIN,RST,ACK NONE -j ACCEPT",
            "tcp from any to any with TCP flags syn, but only in some circumstances",
        ),
        (
            "-p tcp ! --tcp-flags SYN,PSH SYN,PSH -j ACCEPT",
            "tcp from any to any, but only in some circumstances",
        ),
        (
            "-p tcp ! --tcp-flags SYN SYN,PSH -j ACCEPT",
            "tcp from any to any",
        ),
        ("-p tcp --tcp-flags SYN SYN,PSH -j ACCEPT", ""),
        (
            "-p udp -m limit -j ACCEPT",
            "udp from any to any, but only in some circumstances",
        ),
        (
            "-m state --state NEW,RELATED -j ACCEPT",
            "any protocol from any to any in state new, related",
        ),
        (
            "-m conntrack ! --ctstate NEW,INVALID -j ACCEPT",
            "any protocol from any to any in state established, related, untracked",
        ),
        (
            "-f -p udp -j ACCEPT",
            "udp from any to any, but only in some circumstances",
        ),
        (
            "! -f -p udp -j ACCEPT",
            "udp from any to any, but only in some circumstances",
        ),
        (
            "! -i eth0 -p udp -j ACCEPT",
            "udp from any to any, but only in some circumstances",
        ),
        (
            "-p udp -m limit --limit 5/sec --limit-burst 9 -j ACCEPT",
            "udp from any to any, but only in some circumstances",
        ),
        (
            "-p udp -m time --timestart 08:00 --weekdays Mon --kerneltz -j ACCEPT",
            "udp from any to any, but only in some circumstances",
        ),
        (
            "-p udp -m addrtype --dst-type LOCAL -j ACCEPT",
            "udp from any to any, but only in some circumstances",
        ),
        (
            "-p udp -m owner --uid-owner 0 -j ACCEPT",
            "udp from any to any, but only in some circumstances",
        ),
        ("-p udp -c 12 345 -j ACCEPT", "udp from any to any"),
        (
            "-p tcp --tcp-flags URG URG -j ACCEPT",
            "tcp from any to any, but only in some circumstances",
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
            "udp from any to any, but only in some circumstances",
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
            sometimes: difference.sometimes,
            belongs: Belongs::Nothing,
            blame: Vec::new(),
        });
        let drift = Drift {
            extra: parts.collect(),
            ..Drift::default()
        };
        let told = told(&drift, &text);
        let told = told.trim_start_matches("\nstdin\n  extra   in  ");
        let told = told.trim_end().replace("\n  extra   in  ", "; ");
        assert_eq!(told, expected, "{rules}");
    }
}

#[test]
fn a_built_in_chain_can_be_the_unit_and_its_policy_counts() {
    let (policy, text) = tokyo();
    let mut one_way = policy.clone();
    one_way.rules.retain(|rule| rule.direction == Direction::In);
    one_way.scope.directions.truncate(1);
    for (chain_policy, extra) in [("DROP", 0), ("ACCEPT", 1)] {
        let text = text
            .replace(":TWILIO-SIP-IN -", &format!(":INPUT {chain_policy}"))
            .replace("TWILIO-SIP-IN", "INPUT");
        // As iptables-save and as iptables -S -v print it.
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
                told(&drift, &text)
            );
            assert!(drift.missing.is_empty() && drift.beyond.is_empty());
        }
    }
}

/// Noise of the alphabet of listings: whatever it is, it is judged or refused, and never in sync.
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
