//! The first and last addresses, prefixes and ports, in all code that calculates with them.
//!
//! A 32-bit build passes the same tests: addresses and ports are always `u32` and `u16`. Only positions in texts and
//! lists are `usize`.

use crate::common::{CORE_FORMATS, Tool, facts, render};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{
    Action, Condition, Dimension, Interval, PacketBox, Side, Step, complement, differences,
    normalized,
};
use twilio_sip_allow::policy::notation;

const LAST: u32 = u32::MAX;

fn span(first: u32, last: u32) -> Interval {
    Interval::new(first, last).unwrap()
}

fn networks(first: u32, last: u32) -> Vec<String> {
    let networks = span(first, last).networks();
    networks.map(|network| network.to_string()).collect()
}

#[test]
fn spans_at_the_ends_become_the_fewest_networks() {
    assert_eq!(networks(0, LAST), ["0.0.0.0/0"]);
    assert_eq!(networks(0, 0), ["0.0.0.0/32"]);
    assert_eq!(networks(LAST, LAST), ["255.255.255.255/32"]);
    assert_eq!(networks(0, LAST / 2), ["0.0.0.0/1"]);
    assert_eq!(networks(LAST / 2 + 1, LAST), ["128.0.0.0/1"]);
    assert_eq!(
        networks(LAST - 2, LAST),
        ["255.255.255.253/32", "255.255.255.254/31"]
    );
    // A network of each prefix length except /0: from /32 to /1, from /1 to /32, or both.
    assert_eq!(networks(1, LAST).len(), 32);
    assert_eq!(networks(0, LAST - 1).len(), 32);
    let both = networks(1, LAST - 1);
    assert_eq!(both.len(), 62);
    let mut next = 1;
    for network in &both {
        let (first, last) = facts::network(network);
        assert_eq!(first, next, "{network}");
        next = last + 1;
    }
    assert_eq!(next, LAST);
}

#[test]
fn spans_at_the_ends_are_written_exactly() {
    for (first, last, text) in [
        (0, LAST, "0.0.0.0/0"),
        (0, 0, "0.0.0.0"),
        (LAST, LAST, "255.255.255.255"),
        (1, LAST, "0.0.0.1-255.255.255.255"),
        (0, LAST - 1, "0.0.0.0-255.255.255.254"),
    ] {
        assert_eq!(notation(span(first, last)), text);
    }
}

#[test]
fn spans_that_touch_the_ends_are_neither_lost_nor_joined_around_them() {
    let ends = vec![Interval::single(LAST), Interval::single(0)];
    assert_eq!(
        normalized(ends),
        [Interval::single(0), Interval::single(LAST)]
    );
    let joined = vec![span(LAST - 1, LAST), span(0, 1), span(2, LAST - 2)];
    assert_eq!(normalized(joined), [Interval::ADDRESSES]);
    let ends = [Interval::single(0), Interval::single(LAST)];
    assert_eq!(complement(&ends, Interval::ADDRESSES), [span(1, LAST - 1)]);
    assert_eq!(complement(&[span(1, LAST - 1)], Interval::ADDRESSES), ends);
    let ports = [Interval::single(0), Interval::single(65535)];
    assert_eq!(complement(&ports, Interval::PORTS), [span(1, 65534)]);
    assert_eq!(complement(&[span(1, 65534)], Interval::PORTS), ports);
    assert_eq!(Interval::single(0).and(Interval::single(LAST)), None);
    assert_eq!(Interval::new(LAST, 0), None);
}

#[test]
fn differences_at_the_ends_are_exact() {
    let remote = |span: Interval| PacketBox::ALL.with(Dimension::Remote, span);
    let step = |span: Interval, action| Step {
        packets: remote(span),
        condition: Condition::True,
        action,
        at: 0,
    };
    let sides = |expected: Interval, steps: &[Step]| {
        let found = differences(&[remote(expected)], steps, Limits::default()).unwrap();
        let mut found_sides: Vec<(Side, Interval)> = found
            .iter()
            .map(|d| (d.side, d.packets.set(Dimension::Remote).hull()))
            .collect();
        found_sides.sort_by_key(|(_, span)| *span);
        found_sides
    };
    let all = [step(Interval::ADDRESSES, Action::Accept)];
    let (first, last) = (Interval::single(0), Interval::single(LAST));
    let inner = span(1, LAST - 1);
    assert_eq!(sides(Interval::ADDRESSES, &all), []);
    assert_eq!(
        sides(inner, &all),
        [(Side::Extra, first), (Side::Extra, last)]
    );
    let without_ends = [
        step(last, Action::Deny),
        step(first, Action::Deny),
        step(Interval::ADDRESSES, Action::Accept),
    ];
    assert_eq!(
        sides(Interval::ADDRESSES, &without_ends),
        [(Side::Missing, first), (Side::Missing, last)]
    );
    assert_eq!(sides(inner, &without_ends), []);
    assert_eq!(
        sides(first, &[step(last, Action::Accept)]),
        [(Side::Missing, first), (Side::Extra, last)]
    );
}

/// A rule in the syntax of a format, and the extra traffic that it accepts.
#[rustfmt::skip]
const RULES: &[(&str, &str, &[&str])] = &[
    ("iptables", "-s 0.0.0.0/0 -p udp -m udp --dport 53", &["any to any port 53"]),
    ("iptables", "-s 0.0.0.0/32 -p udp -m udp --dport 53", &["0.0.0.0 to any port 53"]),
    ("iptables", "-s 255.255.255.255/32 -p udp -m udp --dport 53", &["255.255.255.255 to any port 53"]),
    ("iptables", "! -s 0.0.0.0/32 -p udp -m udp --dport 53", &["0.0.0.1-255.255.255.255 to any port 53"]),
    ("iptables", "! -s 255.255.255.255/32 -p udp -m udp --dport 53", &["0.0.0.0-255.255.255.254 to any port 53"]),
    ("iptables", "-p udp -m iprange --src-range 0.0.0.0-255.255.255.255 -m udp --dport 53", &["any to any port 53"]),
    ("iptables", "-p udp -m iprange --src-range 255.255.255.254-255.255.255.255 -m udp --dport 53", &["255.255.255.254/31 to any port 53"]),
    ("iptables", "-s 128.0.0.0/1 -p udp -m udp --dport 53", &["128.0.0.0/1 to any port 53"]),
    ("iptables", "-s 10.0.0.1/32 -p udp -m udp --dport 0", &["10.0.0.1 to any port 0"]),
    ("iptables", "-s 10.0.0.1/32 -p udp -m udp --dport 65535", &["10.0.0.1 to any port 65535"]),
    ("iptables", "-s 10.0.0.1/32 -p udp -m udp --dport 0:65535", &["10.0.0.1 to any"]),
    ("iptables", "-s 10.0.0.1/32 -p udp -m udp ! --dport 65535", &["10.0.0.1 to any port 0-65534"]),
    ("nftables", "ip saddr 0.0.0.0/0 udp dport 53", &["any to any port 53"]),
    ("nftables", "ip saddr 0.0.0.0-255.255.255.255 udp dport 53", &["any to any port 53"]),
    ("nftables", "ip saddr { 0.0.0.0, 255.255.255.255 } udp dport 53", &["0.0.0.0 to any port 53", "255.255.255.255 to any port 53"]),
    ("nftables", "ip saddr != 255.255.255.255 udp dport 53", &["0.0.0.0-255.255.255.254 to any port 53"]),
    ("nftables", "ip saddr >= 255.255.255.255 udp dport 53", &["255.255.255.255 to any port 53"]),
    ("nftables", "ip saddr < 0.0.0.1 udp dport 53", &["0.0.0.0 to any port 53"]),
    ("nftables", "ip saddr 10.0.0.1 udp dport 0-65535", &["10.0.0.1 to any"]),
    ("nftables", "ip saddr 10.0.0.1 udp dport != 0", &["10.0.0.1 to any port 1-65535"]),
    ("nftables", "ip saddr 10.0.0.1 udp dport > 65534", &["10.0.0.1 to any port 65535"]),
    ("pf", "from 0.0.0.0/0 to any port 53", &["any to any port 53"]),
    ("pf", "from 0.0.0.0 - 255.255.255.255 to any port 53", &["any to any port 53"]),
    ("pf", "from 0.0.0.0 to any port 53", &["0.0.0.0 to any port 53"]),
    ("pf", "from ! 255.255.255.255 to any port 53", &["0.0.0.0-255.255.255.254 to any port 53"]),
    ("pf", "from 10.0.0.1 to any port 0:65535", &["10.0.0.1 to any"]),
    ("pf", "from 10.0.0.1 to any port 0><65535", &["10.0.0.1 to any port 1-65534"]),
    ("pf", "from 10.0.0.1 to any port 1<>65534", &["10.0.0.1 to any port 0", "10.0.0.1 to any port 65535"]),
    ("cisco", "any any eq 53", &["any to any port 53"]),
    ("cisco", "0.0.0.0 255.255.255.255 any eq 53", &["any to any port 53"]),
    ("cisco", "host 0.0.0.0 any eq 53", &["0.0.0.0 to any port 53"]),
    ("cisco", "255.255.255.255 0.0.0.0 any eq 53", &["255.255.255.255 to any port 53"]),
    ("cisco", "128.0.0.0 127.255.255.255 any eq 53", &["128.0.0.0/1 to any port 53"]),
    ("cisco", "host 10.0.0.1 any range 0 65535", &["10.0.0.1 to any"]),
    ("cisco", "host 10.0.0.1 any neq 0", &["10.0.0.1 to any port 1-65535"]),
    ("cisco", "host 10.0.0.1 any gt 65534", &["10.0.0.1 to any port 65535"]),
    ("cisco", "host 10.0.0.1 any lt 1", &["10.0.0.1 to any port 0"]),
    ("aws-sg", "0.0.0.0/0 53 53", &["any to any port 53"]),
    ("aws-sg", "0.0.0.0/32 53 53", &["0.0.0.0 to any port 53"]),
    ("aws-sg", "255.255.255.255/32 53 53", &["255.255.255.255 to any port 53"]),
    ("aws-sg", "128.0.0.0/1 53 53", &["128.0.0.0/1 to any port 53"]),
    ("aws-sg", "10.0.0.1/32 0 65535", &["10.0.0.1 to any"]),
    ("aws-sg", "10.0.0.1/32 65535 65535", &["10.0.0.1 to any port 65535"]),
];

/// The unit with an additional rule.
fn with_rule(format: &str, rule: &str) -> String {
    let unit = render(&format!("--region tokyo --direction in --format {format}"));
    let last = |mark: &str| unit.rfind(mark).unwrap();
    let (at, rule) = match format {
        "iptables" => (
            last("COMMIT"),
            format!("-A TWILIO-SIP-IN {rule} -j ACCEPT\n"),
        ),
        "nftables" => (
            last("\n\tchain twilio_sip_out") - "\n\t}".len() + 1,
            format!("\t\t{rule} accept\n"),
        ),
        "pf" => (unit.len(), format!("pass in quick inet proto udp {rule}\n")),
        "cisco" => (unit.len(), format!(" permit udp {rule}\n")),
        _ => {
            let [cidr, first, last_port] = rule.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{rule}")
            };
            let permission = format!(
                r#"{{"IpProtocol": "udp", "FromPort": {first}, "ToPort": {last_port}, "IpRanges": [{{"CidrIp": "{cidr}"}}]}},"#
            );
            (unit.find('[').unwrap() + 1, permission)
        }
    };
    format!("{}{rule}{}", &unit[..at], &unit[at..])
}

#[test]
fn reports_a_deployed_rule_at_the_ends_exactly() {
    for (format, rule, wanted) in RULES {
        let options = format!("check -q --region tokyo --direction in --format {format} deployed");
        let mut tool = Tool::line(&options).file("deployed", with_rule(format, rule));
        let ran = tool.run();
        assert_eq!(ran.status, 1, "{format} {rule}: {ran}");
        let found: Vec<&str> = ran
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("  extra   in  udp from "))
            .collect();
        assert_eq!(found, *wanted, "{format} {rule}: {ran}");
        let head = format!("drift: 0 missing, {} extra, ", wanted.len());
        assert!(ran.stdout.starts_with(&head), "{format} {rule}: {ran}");
    }
}

#[test]
fn lists_and_ports_at_the_ends_are_rendered_and_read_back() {
    let list = "edition: ends\ntitle: Ends\nconnection: public\nsource: nowhere\n\
        signaling:\n  ports: {udp: 1, tcp: 1, tls: 65535}\n  networks: {tokyo: [0.0.0.0, 255.255.255.255]}\n\
        media:\n  ports: 1-65535\n  networks: {tokyo: [0.0.0.0/8, 255.0.0.0/9, 255.128.0.0/9]}\n";
    for format in CORE_FORMATS {
        let options = format!("-q --format {format} --dataset list --direction in");
        let rules = Tool::line(&options).file("list", list).run_once();
        let spelled = match format {
            "cisco" => [
                "host 0.0.0.0",
                "host 255.255.255.255",
                "255.0.0.0 0.255.255.255",
            ],
            _ => ["0.0.0.0", "255.255.255.255", "255.0.0.0/8"],
        };
        for network in spelled {
            assert!(rules.contains(network), "{network}: {rules}");
        }
        let checked = Tool::line(&format!("check {options} rules"))
            .file("list", list)
            .file("rules", rules)
            .run_once();
        assert!(checked.starts_with("in sync: "), "{checked}");
    }
    let rules = render(
        "-f iptables --local-rtp-ports 1-65535 --local-sip-port 65535 --local-tls-port 1 --local-address 255.255.255.255",
    );
    for wanted in [
        "--dport 1:65535",
        "--dport 65535 ",
        "--dport 1 ",
        "-d 255.255.255.255/32",
    ] {
        assert!(rules.contains(wanted), "{wanted}: {rules}");
    }
}

#[test]
fn scan_reports_the_whole_address_space() {
    let text = "twilio 0.0.0.0\ntwilio 255.255.255.255\ntwilio 0.0.0.0/0\ntwilio 168.86.128.0 255.255.192.0\n";
    let ran = Tool::line("scan --report lines --list-current text")
        .file("text", text)
        .run();
    assert_eq!(ran.status, 1, "{ran}");
    let wider = "text:3:8: wider: 0.0.0.0/0: far more addresses than Twilio has published\n";
    assert!(ran.stdout.starts_with(wider), "{ran}");
    let rest: Vec<&str> = ran.stdout.lines().skip(1).collect();
    assert_eq!(
        rest[0],
        "text:4:8: current: 168.86.128.0 255.255.192.0: media of all regions"
    );
}

#[test]
fn explain_accepts_the_first_and_last_addresses_and_ports() {
    for end in [
        "0.0.0.0",
        "255.255.255.255",
        "0.0.0.0/32",
        "255.255.255.255/32",
        "255.255.255.255:65535/udp",
        "0.0.0.0:1/tcp",
    ] {
        let printed = Tool::new(["explain", end]).run_once();
        let wanted = format!(
            "{end}: not allowed by edition global: not on any list that Twilio has published\n"
        );
        assert_eq!(printed, wanted);
    }
    let printed =
        Tool::line("explain 168.0.0.0/7 0.0.0.0/0 --edition global --plane media").run_once();
    for network in ["168.0.0.0/7", "0.0.0.0/0"] {
        let allowed = format!(
            "{network}: partly allowed by edition global (media; in and out): media of all regions (168.86.128.0/18)\n"
        );
        assert!(printed.contains(&allowed), "{printed}");
    }
    for (wrong, message) in [
        (
            "0.0.0.0:0",
            "port '0' is out of range; ports go from 1 to 65535",
        ),
        (
            "0.0.0.0:65536",
            "port '65536' is out of range; ports go from 1 to 65535",
        ),
        ("0.0.0.0/33", "'0.0.0.0/33' is not an IPv4 network"),
        ("255.255.255.256", "'255.255.255.256' is not"),
        (
            "255.255.255.255/31",
            "'255.255.255.255/31' has host bits set; the network is 255.255.255.254/31",
        ),
    ] {
        let stderr = Tool::new(["explain", wrong]).run().refused();
        assert!(stderr.contains(message), "{stderr}");
    }
}
