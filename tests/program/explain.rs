//! `explain`, compared with the published networks.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::Stdio;

use crate::common::{Ran, Tool, facts, valid_json};
use serde_json::Value;

/// The answers for addresses on stdin.
fn asked(options: &str, lines: &str) -> Ran {
    let mut tool = Tool::line(&format!("explain {options}")).file("lines", lines);
    let file = std::fs::File::open(tool.folder().join("lines")).unwrap();
    tool.command().stdin(Stdio::from(file));
    tool.run()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The first and last address of every network of every edition, and the addresses next to them.
fn edges() -> BTreeSet<u32> {
    let ranges = facts::listed().into_iter().map(|(.., range)| range);
    let edges = ranges.flat_map(|(first, last)| [first - 1, first, last, last + 1]);
    edges.chain([0, u32::MAX]).collect()
}

#[test]
fn explains_the_edges_of_every_published_network() {
    let lines: Vec<String> = edges()
        .iter()
        .map(|a| Ipv4Addr::from(*a).to_string())
        .collect();
    let json = asked("--json", &lines.join("\n")).ok();
    let report: Value = serde_json::from_str(&json).unwrap();
    let answers = report["addresses"].as_array().unwrap();
    assert_eq!(answers.len(), lines.len());
    let listed = facts::listed();
    for (answer, address) in answers.iter().zip(edges()) {
        let own = Ipv4Addr::from(address);
        assert_eq!(answer["address"], own.to_string());
        assert_eq!(answer["network"], format!("{own}/32"));
        let expected: BTreeSet<String> = listed
            .iter()
            .filter(|(.., (first, last))| (*first..=*last).contains(&address))
            .map(|(edition, plane, region, range)| {
                let ports = facts::ports(edition);
                let ports = match plane.as_str() {
                    "media" => format!("udp {}-{}", ports.media.0, ports.media.1),
                    _ => format!("udp {}, tcp {}, tls {}", ports.udp, ports.tcp, ports.tls),
                };
                format!(
                    "{edition} {plane} {region} {} {ports}",
                    facts::cidrs(&[*range])[0]
                )
            })
            .collect();
        let printed: BTreeSet<String> = answer["published"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|entry| {
                assert_eq!(entry["whole"], true);
                entry["editions"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(move |edition| {
                        format!(
                            "{} {} {} {} {}",
                            text(&edition["edition"]),
                            text(&entry["plane"]),
                            text(&entry["region"]),
                            text(&entry["network"]),
                            text(&entry["ports"])
                        )
                    })
            })
            .collect();
        assert_eq!(printed, expected, "{}", Ipv4Addr::from(address));
    }
}

#[test]
fn the_selection_allows_the_published_networks() {
    for (edition, region, plane, direction) in [
        ("global", "all", "both", "both"),
        ("regional", "tokyo", "media", "in"),
        ("regional-expanded", "europe", "both", "out"),
        ("interconnect", "sydney", "signaling", "both"),
    ] {
        let lines: Vec<String> = edges()
            .iter()
            .map(|a| Ipv4Addr::from(*a).to_string())
            .collect();
        let options = format!(
            "-q --json --edition {edition} --region {region} --plane {plane} --direction {direction}"
        );
        let report: Value = serde_json::from_str(&asked(&options, &lines.join("\n")).ok()).unwrap();
        for (answer, address) in report["addresses"].as_array().unwrap().iter().zip(edges()) {
            let mut expected: BTreeSet<String> = BTreeSet::new();
            for (name, rules) in [
                ("signaling", &["udp udp", "tcp tcp", "tls tcp"][..]),
                ("media", &["null udp"]),
            ] {
                let allowed = facts::published(edition, region, name);
                let inside = allowed
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&address));
                if inside && (plane == "both" || plane == name) {
                    for way in ["in", "out"] {
                        if direction == "both" || direction == way {
                            expected
                                .extend(rules.iter().map(|rule| format!("{way} {name} {rule}")));
                        }
                    }
                }
            }
            let printed: BTreeSet<String> = answer["rules"]
                .as_array()
                .unwrap()
                .iter()
                .map(|rule| {
                    let transport = rule["transport"].as_str().unwrap_or("null");
                    let (way, plane) = (text(&rule["direction"]), text(&rule["plane"]));
                    format!("{way} {plane} {transport} {}", text(&rule["protocol"]))
                })
                .collect();
            assert_eq!(printed, expected, "{options} {}", Ipv4Addr::from(address));
            let allowed = if expected.is_empty() { "no" } else { "yes" };
            assert_eq!(answer["allowed"], allowed);
        }
    }
}

#[test]
fn the_text_starts_with_the_verdict_followed_by_a_table() {
    let printed = Tool::line("explain 54.65.63.193:5061/tls 54.65.63.0/24:10000/udp 168.86.128.0/17 54.65.63.193 8.8.8.8")
        .run_once();
    assert_eq!(
        printed,
        "\
54.65.63.193:5061/tls: allowed by edition global (in and out): signaling tls of tokyo (54.65.63.192/30)
  global             in force since 2024-02-21           signaling  tokyo  54.65.63.192/30  udp 5060, tcp 5060, tls 5061
  regional           superseded on 2024-02-21 by global  signaling  tokyo  54.65.63.192/30  udp 5060, tcp 5060, tls 5061
  regional-expanded  superseded on 2024-02-21 by global  signaling  tokyo  54.65.63.192/30  udp 5060, tcp 5060, tls 5061
  regional           superseded on 2024-02-21 by global  media      tokyo  54.65.63.192/26  udp 10000-20000
  regional-expanded  superseded on 2024-02-21 by global  media      tokyo  54.65.63.192/26  udp 10000-20000
  stun-turn          in force                            not SIP    tokyo  54.65.63.192/26  tcp 443, udp and tcp 3478, tcp 5349, relay udp 10000-60000
54.65.63.0/24:10000/udp: not allowed by edition global
  global             in force since 2024-02-21           signaling  tokyo  54.65.63.192/30  udp 5060, tcp 5060, tls 5061
  regional           superseded on 2024-02-21 by global  signaling  tokyo  54.65.63.192/30  udp 5060, tcp 5060, tls 5061
  regional-expanded  superseded on 2024-02-21 by global  signaling  tokyo  54.65.63.192/30  udp 5060, tcp 5060, tls 5061
  regional           superseded on 2024-02-21 by global  media      tokyo  54.65.63.192/26  udp 10000-20000
  regional-expanded  superseded on 2024-02-21 by global  media      tokyo  54.65.63.192/26  udp 10000-20000
  stun-turn          in force                            not SIP    tokyo  54.65.63.192/26  tcp 443, udp and tcp 3478, tcp 5349, relay udp 10000-60000
168.86.128.0/17: partly allowed by edition global (in and out): media of all regions (168.86.128.0/18)
  global        in force since 2024-02-21  media  all regions  168.86.128.0/18  udp 10000-60000
  interconnect  in force                   media  all regions  168.86.128.0/18  udp 10000-60000
54.65.63.193: allowed by edition global (in and out): signaling udp, tcp and tls of tokyo (54.65.63.192/30)
  global             in force since 2024-02-21           signaling  tokyo  54.65.63.192/30  udp 5060, tcp 5060, tls 5061
  regional           superseded on 2024-02-21 by global  signaling  tokyo  54.65.63.192/30  udp 5060, tcp 5060, tls 5061
  regional-expanded  superseded on 2024-02-21 by global  signaling  tokyo  54.65.63.192/30  udp 5060, tcp 5060, tls 5061
  regional           superseded on 2024-02-21 by global  media      tokyo  54.65.63.192/26  udp 10000-20000
  regional-expanded  superseded on 2024-02-21 by global  media      tokyo  54.65.63.192/26  udp 10000-20000
  stun-turn          in force                            not SIP    tokyo  54.65.63.192/26  tcp 443, udp and tcp 3478, tcp 5349, relay udp 10000-60000
8.8.8.8: not allowed by edition global: not on any list that Twilio has published
"
    );
}

#[test]
fn verdicts_are_colored_on_request() {
    let printed = Tool::line(
        "explain --color always --edition global --plane media 168.86.128.0 168.0.0.0/7 8.8.8.8",
    )
    .run_once();
    for verdict in [
        "168.86.128.0: \u{1b}[1;32mallowed\u{1b}[0m by edition global (media; in and out): ",
        "168.0.0.0/7: \u{1b}[1;33mpartly allowed\u{1b}[0m by edition global (media; in and out): ",
        "8.8.8.8: \u{1b}[1;31mnot allowed\u{1b}[0m by edition global (media): ",
    ] {
        assert!(printed.contains(verdict), "{printed}");
    }
    let json = Tool::line("explain --color always --json 8.8.8.8").run_once();
    assert!(!json.contains('\u{1b}'), "{json}");
}

#[test]
fn ports_and_protocols_apply_to_the_destination() {
    for (options, question, allowed) in [
        (
            "",
            "54.65.63.193:5060/udp",
            "(in and out): signaling udp of tokyo (54.65.63.192/30)",
        ),
        (
            "",
            "54.65.63.193:5060",
            "(in and out): signaling udp and tcp of tokyo (54.65.63.192/30)",
        ),
        (
            "",
            "54.65.63.193:5061/tls",
            "(in and out): signaling tls of tokyo (54.65.63.192/30)",
        ),
        (
            "",
            "54.65.63.193:5061/tcp",
            "(in and out): signaling tls of tokyo (54.65.63.192/30)",
        ),
        ("", "54.65.63.193:5061/udp", ""),
        ("", "54.65.63.193:10000/udp", ""),
        ("", "168.86.128.0:9999/udp", ""),
        (
            "",
            "168.86.128.0:10000/udp",
            "(in and out): media of all regions (168.86.128.0/18)",
        ),
        (
            "",
            "168.86.191.255:60000/udp",
            "(in and out): media of all regions (168.86.128.0/18)",
        ),
        ("", "168.86.191.255:60001/udp", ""),
        ("", "168.86.128.0:10000/tcp", ""),
        (
            "--local-sip-port 5070",
            "54.65.63.193:5070/udp",
            "(in): signaling udp of tokyo (54.65.63.192/30)",
        ),
        (
            "--local-sip-port 5070",
            "54.65.63.193:5060/udp",
            "(out): signaling udp of tokyo (54.65.63.192/30)",
        ),
        (
            "--local-sip-port 5061 --local-tls-port 5060",
            "54.65.63.193:5060",
            "(in and out): in: signaling tls of tokyo (54.65.63.192/30); out: signaling udp and tcp of tokyo (54.65.63.192/30)",
        ),
        ("--region tokyo -q", "54.172.60.1:5060/udp", ""),
        (
            "--edition regional,global -q",
            "54.65.63.200:10000/udp",
            "(in and out): media of tokyo (54.65.63.192/26)",
        ),
        (
            "--transport udp",
            "54.64.0.0/15",
            "(udp; in and out): signaling udp of tokyo (54.65.63.192/30)",
        ),
        (
            "--plane signaling --transport tls",
            "54.168.0.0/13",
            "(signaling; tls; in and out): signaling tls of singapore (54.169.127.128/30), ireland (54.171.127.192/30), virginia (54.172.60.0/30)",
        ),
    ] {
        let printed = Tool::line(&format!("explain {options} {question}")).run_once();
        let verdict = printed.lines().next().unwrap();
        if allowed.is_empty() {
            assert!(
                verdict.starts_with(&format!("{question}: not allowed by edition ")),
                "{printed}"
            );
        } else {
            let allowed_by = verdict
                .strip_prefix(&format!("{question}: partly "))
                .or_else(|| verdict.strip_prefix(&format!("{question}: ")));
            assert!(
                allowed_by.unwrap().starts_with("allowed by edition "),
                "{printed}"
            );
            assert!(verdict.ends_with(&format!(" {allowed}")), "{printed}");
        }
    }
    let printed = Tool::line("explain 54.65.63.192/29").run_once();
    let verdict = "54.65.63.192/29: partly allowed by edition global (in and out): signaling udp, tcp and tls of tokyo (54.65.63.192/30)\n";
    assert!(printed.starts_with(verdict), "{printed}");
}

#[test]
fn a_dataset_of_the_user_is_explained_as_an_edition() {
    let own = "edition: own\ntitle: Own\nconnection: public\nsource: us\n\
        signaling: {ports: {udp: 5060, tcp: 5060, tls: 5061}, networks: {tokyo: [192.0.2.0/30]}}\n\
        media: {ports: 10000-20000, networks: {tokyo: [198.51.100.0/24]}}\n";
    let printed = Tool::line("explain -q --dataset own 192.0.2.1 54.65.63.193")
        .file("own", own)
        .run_once();
    let allowed = "192.0.2.1: allowed by edition own (tokyo; in and out): signaling udp, tcp and tls of tokyo (192.0.2.0/30)
  own  in force  signaling  tokyo  192.0.2.0/30  udp 5060, tcp 5060, tls 5061
54.65.63.193: not allowed by edition own (tokyo)
  global ";
    assert!(printed.starts_with(allowed), "{printed}");
}

#[test]
fn the_json_matches_its_schema() {
    let test = "explain::the_json_matches_its_schema";
    let questions =
        "0.0.0.0/0\n54.65.63.193\n54.65.63.193:5061/tls\n168.86.0.0/16:10000/udp\n208.78.112.67\n";
    let report = valid_json(test, "explain", &asked("--json", questions));
    assert_eq!(report["addresses"].as_array().unwrap().len(), 5);
    assert_eq!(report["addresses"][2]["address"], "54.65.63.193:5061/tls");
    assert_eq!(report["addresses"][3]["allowed"], "partly");
    let report = valid_json(test, "explain", &asked("--json", "# nothing\n\n"));
    assert_eq!(report["addresses"], serde_json::json!([]));
}

#[test]
fn answers_thousands_of_lines_in_order() {
    let mut lines = String::new();
    for number in 0..100_000_u32 {
        let address = if number % 2 == 0 {
            0xa856_8000 + number / 2 % 20_000
        } else {
            number.wrapping_mul(2_654_435_761)
        };
        writeln!(lines, "{}", Ipv4Addr::from(address)).unwrap();
    }
    let printed = asked("", &lines).ok();
    let mut verdicts = printed.lines().filter(|line| !line.starts_with(' '));
    for line in lines.lines() {
        let verdict = verdicts.next().unwrap();
        let (address, rest) = verdict.split_once(": ").unwrap();
        assert_eq!(address, line);
        let number = facts::address(line);
        let media = (0xa856_8000..=0xa856_bfff).contains(&number);
        let sip = facts::published("global", "all", "signaling")
            .iter()
            .any(|(a, b)| (*a..=*b).contains(&number));
        let word = if media || sip {
            "allowed"
        } else {
            "not allowed"
        };
        let start = format!("{word} by edition global");
        assert!(rest.starts_with(&start), "{verdict}");
    }
    assert_eq!(verdicts.next(), None);
}

#[test]
fn reports_all_lines_that_are_not_addresses_and_prints_no_answers() {
    let printed = asked(
        "",
        "192.0.2.1 # a PBX\n\nnonsense\n  192.0.2.0/24  \n192.0.2.1/24\n2001:db8::1\n",
    )
    .refused();
    assert_eq!(
        printed,
        "twilio-sip-allow: error: stdin:3: 'nonsense' is not an IPv4 network; write it as in 192.0.2.0/24 or 192.0.2.1\n\
         twilio-sip-allow: error: stdin:5: '192.0.2.1/24' has host bits set; the network is 192.0.2.0/24\n\
         twilio-sip-allow: error: stdin:6: '2001:db8::1' is IPv6; Twilio's SIP service has IPv4 addresses only\n"
    );
    let many = asked("", &"x\n".repeat(30)).refused();
    let once = "twilio-sip-allow: error: stdin:1: 'x' is not an IPv4 network; write it as in 192.0.2.0/24 or 192.0.2.1 (also in lines 2, 3, 4, 5 and 25 more)\n";
    assert_eq!(many, once);
    let different = asked("", "a\nb\nc\nd\ne\na\n").refused();
    let lines: Vec<&str> = different.lines().collect();
    assert_eq!(lines.len(), 4, "{different}");
    assert!(
        lines[0].ends_with("192.0.2.1 (also in line 6)"),
        "{different}"
    );
    assert_eq!(lines[3], "twilio-sip-allow: error: stdin: 2 more errors");
    let arguments = Tool::line("explain x x y").run().refused();
    let lines: Vec<&str> = arguments.lines().collect();
    assert!(
        lines[0].starts_with("twilio-sip-allow: error: 'x' is not an IPv4 network"),
        "{arguments}"
    );
    assert!(
        lines[0].ends_with(" (and 1 more such error)"),
        "{arguments}"
    );
    assert!(
        lines[1].starts_with("twilio-sip-allow: error: 'y' is not"),
        "{arguments}"
    );
    for (line, message) in [
        (
            "explain 192.0.2.1 -",
            "'-' reads all addresses from stdin; remove the other addresses",
        ),
        (
            "explain --dataset - -",
            "--dataset and the addresses cannot both be read from stdin",
        ),
        (
            "explain 192.0.2.1:sip",
            "'sip' is not a port with a protocol; write PORT or PORT/PROTOCOL after the colon",
        ),
        (
            "explain --region nowhere 192.0.2.1",
            "unknown region 'nowhere'",
        ),
    ] {
        let printed = Tool::line(line).run().refused();
        assert!(printed.contains(message), "{printed}");
    }
}

#[test]
fn the_verdict_names_the_selection() {
    for (options, verdict) in [
        ("", "not allowed by edition global"),
        (
            "--region sydney,tokyo",
            "not allowed by edition global (tokyo, sydney)",
        ),
        (
            "--plane media --direction in",
            "not allowed by edition global (media; in)",
        ),
        (
            "--transport tls --edition regional,global",
            "not allowed by edition regional and global (tls)",
        ),
    ] {
        let printed = Tool::line(&format!("explain -q {options} 8.8.8.8")).run_once();
        assert_eq!(
            printed,
            format!("8.8.8.8: {verdict}: not on any list that Twilio has published\n"),
            "{options}"
        );
    }
}

/// The published networks inside 0.0.0.0/0 are the networks of all editions.
#[test]
fn an_answer_lists_16_networks_and_counts_the_others() {
    let report = valid_json(
        "explain::an_answer_lists_16_networks_and_counts_the_others",
        "explain",
        &asked("--json", "0.0.0.0/0\n0.0.0.0/1\n54.65.63.0/24\n"),
    );
    assert_eq!(report["version"], 3);
    let answers = report["addresses"].as_array().unwrap();
    // An edition that publishes the same network with other ports has its own row.
    let rows = |width: u32| {
        let rows = facts::listed()
            .into_iter()
            .filter(move |(.., range)| width == 0 || u64::from(range.1) < 1 << (32 - width));
        let rows = rows.map(|(edition, plane, region, range)| {
            let ports = match (&plane[..], facts::ports(&edition)) {
                ("media", ports) => format!("{:?}", ports.media),
                (_, ports) => format!("{} {} {}", ports.udp, ports.tcp, ports.tls),
            };
            (plane, region, range, ports)
        });
        rows.collect::<BTreeSet<_>>().len()
    };
    for (answer, all) in answers.iter().zip([rows(0), rows(1)]) {
        assert_eq!(answer["published"].as_array().unwrap().len(), 16);
        assert_eq!(answer["more_published"], all - 16);
    }
    assert_eq!(answers[2]["published"].as_array().unwrap().len(), 2);
    assert_eq!(answers[2]["more_published"], 0);
    let text = asked("", "0.0.0.0/0\n").ok();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("0.0.0.0/0: partly allowed by edition global"),
        "{text}"
    );
    let services = facts::other_services().len();
    let more = format!(
        "  and {} more published networks",
        rows(0) - 16 + services - 16
    );
    assert_eq!(lines.last(), Some(&&*more), "{text}");
    let networks: BTreeSet<&str> = lines[1..lines.len() - 17]
        .iter()
        .map(|row| {
            row.split("  ")
                .filter(|cell| !cell.is_empty())
                .nth(4)
                .unwrap()
        })
        .collect();
    assert_eq!(networks.len(), 16, "{text}");
}

/// A list of 20 signaling networks, 192.0.2.0/30 and every second /30 after it.
#[test]
fn a_rule_lists_16_of_its_networks_and_counts_the_others() {
    let networks: Vec<String> = (0..20).map(|n| format!("192.0.2.{}/30", n * 8)).collect();
    let own = format!(
        "edition: own\ntitle: Own\nconnection: public\nsource: us\n\
         signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{all: [{}]}}}}\n\
         media: {{ports: 10000-20000, networks: {{all: [198.51.100.0/24]}}}}\n",
        networks.join(", ")
    );
    let call = |question: &str| {
        Tool::line(&format!(
            "explain -q --dataset own --transport udp {question}"
        ))
        .file("own", &own)
        .run_once()
    };
    let printed = call("192.0.2.0/24");
    let first = networks[..16].join(", ");
    assert!(
        printed.starts_with(&format!(
            "192.0.2.0/24: partly allowed by edition own (udp; in and out): signaling udp of all regions ({first}) and 4 more networks\n"
        )),
        "{printed}"
    );
    assert!(
        printed.ends_with("\n  and 4 more published networks\n"),
        "{printed}"
    );
    // Only the networks that overlap the question, at any position in the list.
    let printed = call("192.0.2.64/26");
    let touched = networks[8..16].join(", ");
    assert!(
        printed.contains(&format!(": signaling udp of all regions ({touched})\n")),
        "{printed}"
    );
    assert!(!printed.contains("more published"), "{printed}");
    assert_eq!(
        call("192.0.2.4/30"),
        "192.0.2.4/30: not allowed by edition own (udp): not on any list that Twilio has published\n"
    );
    assert!(call("192.0.2.9").starts_with(
        "192.0.2.9: allowed by edition own (udp; in and out): signaling udp of all regions (192.0.2.8/30)\n"
    ));
}

#[test]
fn equal_questions_get_equal_answers() {
    let lines: Vec<String> = (0..3_000)
        .map(|n| format!("54.65.63.192/26:{}\n", 1 + n % 1_500))
        .collect();
    let printed = asked("", &lines.concat()).ok();
    let (first, second) = printed.split_at(printed.len() / 2);
    assert_eq!(first, second);
    let allowed = "54.65.63.192/26:5060: partly allowed by edition global (in and out): signaling udp and tcp of tokyo (54.65.63.192/30)\n";
    let printed = asked("", &"54.65.63.192/26:5060\n".repeat(3)).ok();
    assert_eq!(printed.matches(allowed).count(), 3, "{printed}");
}

/// A CI job must not succeed if the program fails, or if only a part is allowed.
/// The networks of other services that overlap an address.
#[test]
fn explains_the_addresses_of_other_services() {
    let all = facts::other_services();
    let lines: Vec<&str> = all.iter().map(|row| row[2].as_str()).collect();
    let json = asked("--json", &lines.join("\n")).ok();
    let report: Value = serde_json::from_str(&json).unwrap();
    let answers = report["addresses"].as_array().unwrap();
    for (answer, row) in answers.iter().zip(&all) {
        let services = answer["services"].as_array().unwrap();
        let own = services.iter().find(|listed| listed["service"] == row[0]);
        let own = own.unwrap_or_else(|| panic!("{row:?}"));
        assert_eq!(
            (&own["place"], &own["network"]),
            (&row[1].clone().into(), &row[2].clone().into())
        );
        assert_eq!(own["whole"], true, "{row:?}");
        let standing = own["superseded"].as_str();
        let standing = standing.map_or("in force".to_owned(), |when| format!("superseded {when}"));
        assert_eq!(standing, row[4]);
    }
    assert_eq!(answers.len(), all.len());
    let text = asked("", "3.7.35.130\n107.21.222.153\n").ok();
    assert_eq!(
        text,
        "3.7.35.130: not allowed by edition global\n  \
         stun-turn  in force  not SIP  mumbai  3.7.35.128/25  tcp 443, udp and tcp 3478, tcp 5349, relay udp 10000-60000\n\
         107.21.222.153: not allowed by edition global\n  \
         sip-2013  superseded before 2015  signaling  virginia  107.21.222.153  udp and tcp 5060\n"
    );
}

#[test]
fn all_allowed_causes_status_1_unless_everything_is_allowed() {
    for (lines, status) in [
        ("54.65.63.193\n168.86.128.0/18\n", 0),
        ("54.65.63.193:5060/udp\n", 0),
        ("54.65.63.193\n168.86.0.0/16\n", 1),
        ("54.65.63.193\n54.65.63.196\n54.65.63.194\n", 1),
        ("54.65.63.193:5062/udp\n", 1),
        ("54.65.63.193\nbogus.host\n", 2),
        ("# none\n", 2),
    ] {
        for form in ["", "--json"] {
            assert_eq!(
                asked(&format!("--all-allowed {form}"), lines).status,
                status,
                "{lines}"
            );
        }
        assert_eq!(
            asked("", lines).status,
            if lines.contains("bogus") { 2 } else { 0 },
            "{lines}"
        );
    }
}

#[test]
fn a_closed_pipe_does_not_crash_the_program() {
    let mut tool = Tool::line("explain");
    let mut child = tool
        .command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all("192.0.2.1\n".repeat(100_000).as_bytes())
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(2), 0));
}

/// `explain` reads the notations of `scan`, and each of several addresses has its own answer.
#[test]
fn accepts_the_notations_that_scan_finds() {
    let lines = "54.172.60.0-54.172.61.255\n54.172.60.0/255.255.254.0\nsip:54.172.60.0:5060\n\
        54.172.60.0/30, 54.244.51.0\n54.172.60.1-3\n";
    let test = "explain::accepts_the_notations_that_scan_finds";
    let report = valid_json(test, "explain", &asked("--json", lines));
    let answers = report["addresses"].as_array().unwrap().iter();
    let answers = answers.map(|answer| {
        let networks = answer["networks"].as_array().unwrap().iter().map(text);
        let networks = networks.collect::<Vec<_>>().join(" ");
        format!(
            "{} | {} | {networks} | {}",
            text(&answer["address"]),
            answer["network"],
            answer["port"]
        )
    });
    assert_eq!(
        answers.collect::<Vec<_>>(),
        [
            "54.172.60.0-54.172.61.255 | \"54.172.60.0/23\" | 54.172.60.0/23 | null",
            "54.172.60.0/255.255.254.0 | \"54.172.60.0/23\" | 54.172.60.0/23 | null",
            "sip:54.172.60.0:5060 | \"54.172.60.0/32\" | 54.172.60.0/32 | 5060",
            "54.172.60.0/30 | \"54.172.60.0/30\" | 54.172.60.0/30 | null",
            "54.244.51.0 | \"54.244.51.0/32\" | 54.244.51.0/32 | null",
            "54.172.60.1-3 | null | 54.172.60.1/32 54.172.60.2/31 | null",
        ]
    );
    let many = vec!["192.0.2.1"; 30].join(",") + "\n";
    let refused = asked("--limit addresses=20", &many).refused();
    assert!(
        refused.contains("stdin: it has more than 20 addresses"),
        "{refused}"
    );
    let longer = vec!["192.0.2.1"; 1_001].join(",") + "\n";
    let refused = asked("", &longer).refused();
    assert!(
        refused.contains("an input can contain at most 1000 addresses"),
        "{refused}"
    );
}
