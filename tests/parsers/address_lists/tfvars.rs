//! Variables of Terraform and OpenTofu in JSON. The types of the values follow the conversions of Terraform's type
//! constraints: a number may be written as a string, and a string as a number.

use std::collections::BTreeSet;

use super::{Expected, Lines, Part, Selection, everything, pairs};
use crate::common::judge::BOTH;
use twilio_sip_allow::policy::{Direction, Plane};

/// A file for Tokyo in edition `regional`.
const FILE: &str = r#"{
  "//": "a comment",
  "region": "ap-northeast-1",
  "twilio_sip_signaling_cidr_blocks": ["54.65.63.192/30"],
  "twilio_sip_signaling_ports": [
    {"protocol": "udp", "from_port": 5060, "to_port": 5060},
    {"protocol": "tcp", "from_port": 5060, "to_port": 5061}
  ],
  "twilio_sip_media_cidr_blocks": ["54.65.63.192/26"],
  "twilio_sip_media_ports": [{"protocol": "udp", "from_port": 10000, "to_port": 20000}]
}
"#;

const MEDIA: &str = r#"["54.65.63.192/26"]"#;
const RTP: &str = r#"[{"protocol": "udp", "from_port": 10000, "to_port": 20000}]"#;

fn expected(directions: &[Direction], planes: &[Plane]) -> Expected {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        directions: directions.to_vec(),
        planes: planes.to_vec(),
        ..everything()
    };
    Expected::new("tfvars", &["regional"], &selection)
}

fn tokyo() -> Expected {
    expected(&BOTH, &Plane::ALL)
}

/// Incoming media alone.
fn media() -> Expected {
    expected(&BOTH[..1], &[Plane::Media])
}

/// Values of the media networks that do not change the meaning.
const SAME_NETWORKS: &str = r#"
["54.65.63.192/26"]
["54.65.63.224/27", "54.65.63.192/27"]
["54.65.63.192/26", "54.65.63.192/28"]
"#;

/// Values of the media ports that do not change the meaning.
const SAME_PORTS: &str = r#"
[{"to_port": 20000, "from_port": 10000, "protocol": "udp"}]
[{"protocol": "17", "from_port": "10000", "to_port": "20000"}]
[{"protocol": 17, "from_port": 10000, "to_port": 20000, "description": "RTP"}]
[{"protocol": "udp", "from_port": 10000, "to_port": 15000}, {"protocol": "udp", "from_port": 15001, "to_port": 20000}]
[{"protocol": "udp", "from_port": 10000, "to_port": 20000}, {"protocol": "udp", "from_port": 10000, "to_port": 20000}]
"#;

#[test]
fn equivalent_files_are_in_sync() {
    for text in [FILE.to_owned(), FILE.replace('\n', "\r\n"), tokyo().text()] {
        for directions in [&BOTH[..], &BOTH[..1], &BOTH[1..]] {
            for planes in [&Plane::ALL[..], &[Plane::Media], &[Plane::Signaling]] {
                let found = expected(directions, planes).drift(&text);
                assert_eq!(found, [""; 0], "{directions:?} {planes:?} {text}");
            }
        }
    }
    for networks in SAME_NETWORKS.lines().filter(|line| !line.is_empty()) {
        assert_eq!(
            tokyo().drift(&FILE.replace(MEDIA, networks)),
            [""; 0],
            "{networks}"
        );
    }
    for ports in SAME_PORTS.lines().filter(|line| !line.is_empty()) {
        assert_eq!(tokyo().drift(&FILE.replace(RTP, ports)), [""; 0], "{ports}");
    }
    let named = tokyo().named("PBX-a");
    assert_eq!(named.drift(&FILE.replace("twilio_sip", "pbx_a")), [""; 0]);
}

/// Values of the media networks, and the drift of incoming media.
const NETWORKS: &str = r#"
[] => missing in 54.65.63.192/26 media tokyo
["54.65.63.192/27"] => missing in 54.65.63.224/27 media tokyo
["54.65.63.192/26", "10.0.0.0/8"] => extra in 10.0.0.0/8
["54.65.63.192/26", "2001:db8::/32"] => beyond IPv6 2001:db8::/32
"#;

/// Values of the media ports, and the local ports of the drift.
const PORTS: &str = r#"
[] => missing 10000-20000
[{"protocol": "udp", "from_port": 10000, "to_port": 19999}] => missing 20000-20000
[{"protocol": "udp", "from_port": 10000, "to_port": 20001}] => extra 20001-20001
[{"protocol": "udp", "from_port": 10000, "to_port": 20000}, {"protocol": "6", "from_port": 22, "to_port": 22}] => extra 22-22
[{"protocol": "tcp", "from_port": 10000, "to_port": 20000}] => missing 10000-20000|extra 10000-20000
[{"protocol": "-1", "from_port": 0, "to_port": 0}] => extra 0-65535
[{"protocol": "all", "from_port": 0, "to_port": 65535}] => extra 0-65535
[{"protocol": -1, "from_port": -1, "to_port": -1}] => extra 0-65535
"#;

#[test]
fn reports_each_difference_as_drift() {
    for (networks, reported) in pairs(NETWORKS) {
        let found = media().drift(&FILE.replace(MEDIA, &networks));
        assert_eq!(found.join("\n"), reported, "{networks}");
    }
    for (direction, field) in [
        (Direction::In, super::Dimension::LocalPort),
        (Direction::Out, super::Dimension::RemotePort),
    ] {
        for (ports, reported) in pairs(PORTS) {
            let text = FILE.replace(RTP, &ports);
            let drift = expected(&[direction], &[Plane::Media])
                .check(&text)
                .unwrap();
            let parts = drift.parts().map(|(side, part)| {
                assert_eq!(part.direction, direction);
                let ports = part.packets.set(field).hull();
                format!("{side} {}-{}", ports.first, ports.last)
            });
            let parts: Vec<String> = parts.collect();
            if reported == "extra 0-65535" {
                // Several parts around the expected packets.
                assert!(drift.missing.is_empty() && !parts.is_empty(), "{ports}");
            } else {
                assert_eq!(parts.join("\n"), reported, "{ports}");
            }
        }
    }
    // Each direction has its own difference.
    let text = FILE.replace(MEDIA, "[]");
    let both = expected(&BOTH, &[Plane::Media]).drift(&text);
    assert_eq!(
        both,
        [
            "missing in 54.65.63.192/26 media tokyo",
            "missing out 54.65.63.192/26 ports 10000-20000 media tokyo"
        ]
    );
}

/// Values of the media networks and ports on several lines, and the lines of the extra parts. The networks begin in line 10,
/// and the ports in line 21.
const PLACES: &str = r#"
["54.65.63.192/27",|"54.65.63.224/27"] => [UDP] => none
["54.65.63.192/27",|"54.65.63.224/27"] => [UDP,|{"protocol": "tcp", "from_port": 22, "to_port": 22}] => 22
["54.65.63.192/27",|"54.65.63.224/27"] => [UDP,|{"protocol": "udp", "from_port": 10000, "to_port": 20001}] => 22
["54.65.63.192/27",|"54.65.63.224/27"] => [UDP,|{"protocol": "tcp", "from_port": 22, "to_port": 23},|{"protocol": "tcp", "from_port": 23, "to_port": 23}] => 22+23
["54.65.63.192/26",|"10.0.0.0/8"] => [UDP,|UDP] => 11
["54.65.63.192/26",|"10.0.0.0/8"] => [UDP,|{"protocol": "tcp", "from_port": 22, "to_port": 22}] => 11|22
"#;

#[test]
fn an_extra_port_has_the_place_of_the_ports_and_an_extra_network_that_of_the_network() {
    for (networks, rest) in pairs(PLACES) {
        let (ports, places) = rest.split_once(" => ").unwrap();
        let udp = r#"{"protocol": "udp", "from_port": 10000, "to_port": 20000}"#;
        let networks = format!("\n{networks}{}", "\n".repeat(8));
        let text = FILE.replace(RTP, &format!("\n{}", ports.replace("UDP", udp)));
        let text = text.replace(MEDIA, &networks);
        let lines = Lines::of(&text);
        for direction in BOTH {
            let drift = expected(&[direction], &[Plane::Media])
                .check(&text)
                .unwrap();
            assert!(drift.missing.is_empty());
            let places_of = |part: &Part| -> Vec<String> {
                let places = part.source_lines.iter();
                places.map(|at| lines.number(*at).to_string()).collect()
            };
            let found: BTreeSet<String> =
                drift.extra.iter().map(|p| places_of(p).join("+")).collect();
            let found: Vec<String> = found.into_iter().collect();
            assert_eq!(found.join("\n"), places.replace("none", ""), "{text}");
        }
    }
}

#[test]
fn a_missing_variable_is_an_absent_unit() {
    let absent = |text: &str| -> Vec<(String, Option<String>)> {
        let units = expected(&BOTH[..1], &Plane::ALL).units(text).unwrap();
        units
            .into_iter()
            .map(|unit| (unit.name, unit.absent))
            .collect()
    };
    let reason = |name: &str| Some(format!("the input does not set the variable '{name}'"));
    let [signaling, media] = ["twilio_sip_signaling_*", "twilio_sip_media_*"].map(str::to_owned);
    assert_eq!(
        absent(FILE),
        [(signaling.clone(), None), (media.clone(), None)]
    );
    assert_eq!(
        absent("{}"),
        [
            (
                signaling.clone(),
                reason("twilio_sip_signaling_cidr_blocks")
            ),
            (media.clone(), reason("twilio_sip_media_cidr_blocks"))
        ]
    );
    let without_ports = FILE.replace("twilio_sip_media_ports", "other");
    assert_eq!(
        absent(&without_ports),
        [(signaling, None), (media, reason("twilio_sip_media_ports"))]
    );
    let drift = expected(&BOTH[..1], &Plane::ALL).drift(&without_ports);
    assert_eq!(drift, ["missing in 54.65.63.192/26 media tokyo"]);
}

/// Files, and their errors.
const REFUSED: &str = r#"
[] => 1: expected a JSON object with the variables, not an array, as in a file whose name ends in .tfvars.json
twilio_sip_media_ports: [] => 1: expected JSON, as in a file whose name ends in .tfvars.json; check does not read the other syntax of variables files (.tfvars)
twilio_sip_media_ports = [] => 1: expected JSON, as in a file whose name ends in .tfvars.json
{ => 1: the JSON ends too early, so the input may have been cut off
{"twilio_sip_media_ports": [], "twilio_sip_media_ports": []} => 1: duplicate key 'twilio_sip_media_ports'
{"twilio_sip_media_ports": null, "twilio_sip_media_cidr_blocks": []} => 1: twilio_sip_media_ports: expected an array, not null
{"twilio_sip_media_ports": [], "twilio_sip_media_cidr_blocks": "10.0.0.0/8"} => 1: twilio_sip_media_cidr_blocks: expected an array, not a string
"#;

const REFUSED_NETWORKS: &str = r#"
[1] => expected a string, not 1
["10.0.0.1"] => '10.0.0.1' has no prefix length; write '10.0.0.1/32'
["10.0.0.1/8"] => '10.0.0.1/8' has host bits set; the network is 10.0.0.0/8
["10.0.0.0/33"] => '10.0.0.0/33' is not an IPv4 network: '33' is out of range 0 to 32
["2001:db8::1"] => '2001:db8::1' is IPv6; Twilio's SIP service has IPv4 addresses only
["${var.a}"] => '${var.a}' is not an IPv4 network; write it as in 192.0.2.0/24 or 192.0.2.1
["10.0.0.0/8\n"] => unexpected control character in
"#;

const REFUSED_PORTS: &str = r#"
[1] => twilio_sip_media_ports[0]: expected an object, not 1
[{}] => twilio_sip_media_ports[0]: expected protocol, from_port, to_port
[{"protocol": "udp", "from_port": 1}] => twilio_sip_media_ports[0]: expected protocol, from_port, to_port
[{"protocol": "udp", "from_port": 1, "to_port": 2, "port": 3}] => twilio_sip_media_ports[0]: unknown key 'port'; expected protocol, from_port, to_port
[{"protocol": "udp", "protocol": "udp", "from_port": 1, "to_port": 2}] => twilio_sip_media_ports[0]: duplicate key 'protocol'
[{"protocol": "UDP", "from_port": 1, "to_port": 2}] => twilio_sip_media_ports[0].protocol: unknown protocol 'UDP'; expected udp, tcp, 6, 17, or -1 for all
[{"protocol": "icmp", "from_port": 8, "to_port": -1}] => twilio_sip_media_ports[0].protocol: unknown protocol 'icmp'
[{"protocol": 1, "from_port": 8, "to_port": -1}] => twilio_sip_media_ports[0].protocol: unknown protocol '1'
[{"protocol": "udp", "from_port": 2, "to_port": 1}] => twilio_sip_media_ports[0]: the port range from 2 to 1 is reversed
[{"protocol": "udp", "from_port": 1, "to_port": 65536}] => twilio_sip_media_ports[0]: expected ports from 0 to 65535, not 1 and 65536
[{"protocol": "udp", "from_port": -1, "to_port": 1}] => twilio_sip_media_ports[0]: expected ports from 0 to 65535, not -1 and 1
[{"protocol": "udp", "from_port": 1.5, "to_port": 2}] => twilio_sip_media_ports[0].from_port: expected a whole number, not 1.5
[{"protocol": "udp", "from_port": "x", "to_port": 2}] => twilio_sip_media_ports[0].from_port: expected a whole number, not 'x'
[{"protocol": "-1", "from_port": 5060, "to_port": 5060}] => twilio_sip_media_ports[0]: not every protocol has ports; expected from_port 0 and to_port 65535, not 5060 and 5060
"#;

#[test]
fn rejects_what_it_cannot_interpret_with_place_and_reason() {
    for (text, problem) in pairs(REFUSED) {
        let found = media().refusal(&text);
        assert!(found.starts_with(&problem), "{text}\n{found}");
    }
    for (networks, problem) in pairs(REFUSED_NETWORKS) {
        let found = media().refusal(&FILE.replace(MEDIA, &networks));
        let start = format!("9: twilio_sip_media_cidr_blocks[0]: {problem}");
        assert!(found.starts_with(&start), "{networks}\n{found}");
    }
    for (ports, problem) in pairs(REFUSED_PORTS) {
        let found = media().refusal(&FILE.replace(RTP, &ports));
        let start = format!("10: {problem}");
        assert!(found.starts_with(&start), "{ports}\n{found}");
    }
}

#[test]
fn a_cut_off_file_is_refused() {
    for end in 1..FILE.trim_end().len() {
        assert!(tokyo().check(&FILE[..end]).is_err(), "{}", &FILE[..end]);
    }
}

#[test]
fn the_repair_is_the_whole_output() {
    let text = FILE.replace(MEDIA, "[]");
    assert_eq!(tokyo().repair(&text), Ok(tokyo().text()));
    let named = tokyo().named("pbx");
    assert_eq!(named.repair(&text), Ok(named.text()));
    let foreign = tokyo().named("my variables");
    assert!(
        foreign
            .repair(&text)
            .unwrap_err()
            .contains("'my variables'")
    );
}

/// Each network is combined with each of the ports, for each direction.
#[test]
fn limits_bound_the_combinations() {
    let limited = |bound| tokyo().limited(bound);
    assert_eq!(limited("rules=6").drift(FILE), [""; 0]);
    assert_eq!(
        limited("rules=5").refusal(FILE),
        "1: it expands to more than 5 rules; raise the limit with --limit rules=NUMBER"
    );
}
