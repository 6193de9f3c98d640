//! `scan` finds Twilio addresses in files of every kind.
//!
//! The author of `tests/scan/expected` wrote it by hand from `docs/scan.md` without knowing the
//! program.

use crate::common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::judge::{chance, pick};
use crate::common::oracle::Random;
use crate::common::{Ran, Tool, facts, has, valid_json, valid_sarif};
use serde_json::Value;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scan/corpus")
}

fn scan(options: &str) -> Ran {
    let mut tool = Tool::line(&format!("scan {options}"));
    tool.command().current_dir(corpus());
    tool.run()
}

fn findings(ran: &Ran) -> Vec<String> {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e} {ran}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let printed = match text(&finding["verdict"]).as_str() {
                "missing" => format!(
                    "{}: {}",
                    text(&finding["explanation"]),
                    text(&finding["text"])
                ),
                _ => text(&finding["text"]),
            };
            let place = format!(
                "{}:{}:{}",
                text(&finding["file"]),
                finding["line"],
                finding["column"]
            );
            format!("{place}: {}: {printed}", text(&finding["verdict"]))
        })
        .collect()
}

fn expected() -> Vec<String> {
    let path = corpus().with_file_name("expected");
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_corpus_has_exactly_the_findings_that_are_listed_by_hand() {
    let expected = expected();
    assert!(expected.len() > 900, "{}", expected.len());
    let found = findings(&scan("--report json ."));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

/// A file has the same findings alone, in its folder, and on stdin.
#[test]
fn a_file_has_the_same_findings_alone_in_a_folder_and_from_stdin() {
    let mut files: Vec<String> = expected()
        .iter()
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect();
    files.dedup();
    assert!(files.len() >= 70, "{}", files.len());
    for file in files {
        let wanted: Vec<String> = expected()
            .into_iter()
            .filter(|line| line.starts_with(&format!("{file}:")))
            .collect();
        assert_eq!(findings(&scan(&format!("--report json {file}"))), wanted);
        let mut tool = Tool::line("scan --report json -");
        tool.command()
            .stdin(Stdio::from(fs::File::open(corpus().join(&file)).unwrap()));
        let from_stdin: Vec<String> = findings(&tool.run())
            .iter()
            .map(|line| line.replacen('-', &file, 1))
            .collect();
        assert_eq!(from_stdin, wanted);
    }
}

/// The output of every format contains exactly the networks of its edition.
#[test]
fn rendered_rules_are_current_and_complete() {
    for format in common::CORE_FORMATS {
        let rules = common::render(&format!("--edition current -f {format}"));
        let ran = Tool::line("scan rules").file("rules", &rules).run();
        assert_eq!(ran.status, 0, "{format} {ran}");
        assert!(
            ran.stdout.starts_with("1 file with Twilio addresses: "),
            "{ran}"
        );
        assert!(ran.stdout.trim_end().ends_with(" current"), "{ran}");
        let old = common::render(&format!("--edition regional -f {format}"));
        let ran = Tool::line("scan --fail-on superseded --report json rules")
            .file("rules", &old)
            .run();
        assert_eq!(ran.status, 1, "{format}");
        let printed = findings(&ran);
        let media: Vec<&String> = printed
            .iter()
            .filter(|line| line.contains(": superseded: "))
            .collect();
        assert!(media.len() >= 10, "{format} {printed:?}");
        assert!(
            printed
                .last()
                .unwrap()
                .ends_with(": missing: media of all regions: 168.86.128.0/18"),
            "{printed:?}"
        );
    }
}

#[test]
fn the_text_has_a_paragraph_for_each_file_and_a_total() {
    let text = "# Twilio\n54.65.63.192/30\n54.65.63.192/26\n54.65.36.192/30\n168.86.128.0/19\n168.86.0.0/16\n";
    let ran = Tool::line("scan --region tokyo list")
        .file("list", text)
        .run();
    assert_eq!(
        ran.stdout,
        "list\n  \
         3:1: superseded: 54.65.63.192/26: media of tokyo, superseded on 2024-02-21 by global (now STUN/TURN of tokyo); \
         it still covers signaling 54.65.63.192/30; remove it, because its list needs only 54.65.63.192/30, 168.86.128.0/18 instead\n  \
         4:1: unpublished: 54.65.36.192/30: not on any list that Twilio has published; did you mean 54.65.63.192/30, signaling of tokyo?\n  \
         6:1: wider: 168.86.0.0/16: 49152 more addresses than Twilio has published: media of all regions is 168.86.128.0/18\n\n\
         1 file with Twilio addresses: 2 current, 1 superseded, 1 wider, 1 unpublished\n"
    );
    let ran = Tool::line("scan --list-current --region tokyo list")
        .file("list", text)
        .run();
    assert!(
        ran.stdout
            .starts_with("list\n  2:1: current: 54.65.63.192/30: signaling of tokyo\n"),
        "{ran}"
    );
    let narrower = text.replace("168.86.0.0/16\n", "");
    let ran = Tool::line("scan --region tokyo list")
        .file("list", narrower)
        .run();
    assert!(
        ran.stdout.contains(
            "  5:1: narrower: 168.86.128.0/19: media of all regions is 168.86.128.0/18\n"
        ),
        "{ran}"
    );
    assert!(
        ran.stdout
            .contains("  2:1: missing: media of all regions: 168.86.128.0/18\n"),
        "{ran}"
    );
    let ran = Tool::line("scan list")
        .file("list", "nothing of his: 133.242.0.9\n")
        .run();
    assert_eq!(ran.ok(), "no Twilio addresses found\n");
}

#[test]
fn fail_on_selects_the_findings_that_cause_status_1() {
    let stale = "54.65.63.192/26\n168.86.128.0/18\n";
    for (options, status) in [
        ("", 1),
        ("--fail-on any", 1),
        ("--fail-on none", 0),
        ("--fail-on superseded", 1),
        ("--fail-on wider,narrower,unpublished --fail-on missing", 1),
        (
            "--fail-on wider,narrower,unpublished --fail-on missing --region tokyo",
            0,
        ),
        ("--fail-on missing --plane media", 0),
        ("--fail-on missing --region tokyo --plane signaling", 0),
        ("--fail-on missing --region sydney --plane signaling", 1),
        ("--fail-on missing --edition regional --plane media", 1),
        (
            "--fail-on missing --edition regional --plane media --region tokyo",
            0,
        ),
        ("--fail-on other-service", 0),
    ] {
        let ran = Tool::line(&format!("scan {options} list"))
            .file("list", stale)
            .run();
        assert_eq!(ran.status, status, "{options} {ran}");
    }
    for (options, status) in [("", 0), ("--fail-on other-service", 1)] {
        let ran = Tool::line(&format!("scan {options} list"))
            .file("list", "turnserver 54.172.60.0/23\n")
            .run();
        assert_eq!(ran.status, status, "{options} {ran}");
    }
}

#[test]
fn addresses_of_others_are_not_findings() {
    for text in [
        "twilio==6.5.1.2\n",
        "pip install twilio>=9.2.1.4\nversion 12.0.3.1 of twilio\n",
        "Twilio 8.10.2 of 21.02.2024\nOID 1.3.6.1.4.1.2021.4.6.0\n",
        "# Twilio reaches our PBX at\nexternip = 192.168.1.7\nlocalnet = 10.0.0.0/8\n",
        "# twilio\nport 5060\n\nallow 133.242.0.9\n",
        "allow 0.0.0.0/0\nallow 54.0.0.0/6\nallow 54.172.0.0/15\n",
        "twilio-sip-allow: ignore 54.65.63.200\n",
        "user agent twilio-java/9.2.1.4 of twilio\n",
        "TWILIO_AUTH_TOKEN=abc\nDB_HOST=34.120.5.6\nREDIS_HOST=35.1.2.3\n",
        "3.80.20.10 - - [21/Feb/2024:10:00:00 +0000] \"POST /twilio/voice HTTP/1.1\"\n",
        "\"version\": \"3.1.77.0\"\n",
        "[twilio]\ndeny = 0.0.0.0/0\n",
        "# Never allow 0.0.0.0/0 for Twilio\n",
        "[twilio]\nexternip = 81.2.3.4\n",
        "# Twilio\nroute 0.0.0.0/0 via 10.0.0.1\n",
        "52.192.0.0/11\n3.112.0.0/14\n52.215.0.0/16\n",
    ] {
        let ran = Tool::line("scan --report json list")
            .file("list", text)
            .run();
        assert_eq!((findings(&ran), ran.status), (vec![], 0), "{text}");
    }
}

/// The local side of a rule, a deny rule, a log, and somebody else's list.
#[test]
fn reports_other_addresses_among_twilio_addresses_only_if_mistyped() {
    let text = "# Twilio\n\
        permit udp 54.65.63.192 0.0.0.3 host 81.2.69.142\n\
        permit udp 54.65.36.192 0.0.0.3 host 81.2.69.142\n\
        10:00:00 call from 54.65.63.193 rejected by 81.2.69.142\n";
    let ran = Tool::line("scan --report json --region tokyo --plane signaling list")
        .file("list", text)
        .run();
    let printed: Vec<String> = findings(&ran)
        .into_iter()
        .filter(|line| !line.contains(": current: "))
        .collect();
    assert_eq!(
        printed,
        [
            "list:3:12: unpublished: 54.65.36.192 0.0.0.3",
            "list:3:38: unpublished: 81.2.69.142",
        ]
    );
    for format in ["iptables", "nftables", "pf", "cisco"] {
        let rules = common::render(&format!(
            "--edition current --local-address 81.2.69.142 -f {format}"
        ));
        let ran = Tool::line("scan --report json rules")
            .file("rules", rules)
            .run();
        let printed: Vec<String> = findings(&ran)
            .into_iter()
            .filter(|line| !line.contains(": current: "))
            .collect();
        assert!(
            printed.len() <= usize::from(format == "nftables") * 8,
            "{format} {printed:?}"
        );
    }
}

#[test]
fn broken_addresses_and_prefixes_are_typing_errors() {
    let text = "# Twilio\n54.65.63.192/33\n54.65.63.1922\n54.065.63.192/30\n168.86.128.0/18\n35.156.191.182/30\n";
    let ran = Tool::line("scan --report lines --region tokyo --fail-on unpublished list")
        .file("list", text)
        .run();
    assert_eq!(
        ran.stdout,
        "list:2:1: unpublished: 54.65.63.192/33: not a valid prefix length; did you mean 54.65.63.192/30, signaling of tokyo?\n\
         list:3:1: unpublished: 54.65.63.1922: not a valid address; did you mean 54.65.63.192, signaling of tokyo?\n\
         list:4:1: unpublished: 54.065.63.192/30: not a valid address; did you mean 54.65.63.192/30, signaling of tokyo?\n\
         list:6:1: superseded: 35.156.191.182/30: media of frankfurt, superseded on 2024-02-21 by global; \
         did you mean 35.156.191.128/30, signaling of frankfurt?\n\
         list:5:1: missing: signaling of tokyo: 54.65.63.193, 54.65.63.194/31\n\
         1 file with Twilio addresses: 1 current, 1 superseded, 3 unpublished, 1 missing (selected, but not in the file)\n"
    );
}

/// A typing error in a range, and one in a line that `scan` must ignore.
#[test]
fn reports_typing_errors_at_any_position() {
    let text = "# Twilio\nstart 54.65.63.192 or 54.65.63.1922, start-ip=54.65.63.192 (54.65.63.1933) end-ip=54.65.63.195\n\
        54.65.63.1944 # twilio-sip-allow: ignore\n";
    let ran = Tool::line("scan --report json --region tokyo --plane signaling list")
        .file("list", text)
        .run();
    assert_eq!(
        findings(&ran),
        [
            "list:2:7: current: 54.65.63.192",
            "list:2:23: unpublished: 54.65.63.1922",
            "list:2:47: current: 54.65.63.192-54.65.63.195",
            "list:2:61: unpublished: 54.65.63.1933",
        ]
    );
}

#[test]
fn reports_a_network_of_all_addresses_that_is_meant_for_twilio() {
    for (text, verdict) in [
        (
            "description = \"Twilio media\"\ncidr_blocks = [\"0.0.0.0/0\"]\n",
            "list:2:17: wider: 0.0.0.0/0",
        ),
        (
            "# Twilio, all of it\n0.0.0.0/0\n",
            "list:2:1: wider: 0.0.0.0/0",
        ),
        ("allow 0.0.0.0/0 # twilio\n", "list:1:7: wider: 0.0.0.0/0"),
        (
            "allow twilio 0.0.0.0/0 # raindrops, drop later\n",
            "list:1:14: wider: 0.0.0.0/0",
        ),
    ] {
        let ran = Tool::line("scan --report json list")
            .file("list", text)
            .run();
        assert_eq!(findings(&ran), [verdict], "{text}");
    }
}

/// During a change, the old and the new list both apply, and selected networks are not findings.
#[test]
fn selected_editions_are_current() {
    let text = "54.65.63.192/30\n54.65.63.192/26\n168.86.128.0/18\n";
    let scan = |options: &str| {
        Tool::line(&format!("scan --region tokyo {options} list"))
            .file("list", text)
            .run()
    };
    assert_eq!(scan("--edition regional,global").status, 0);
    // A signaling network is inside an old media network.
    for options in [
        "--edition regional --plane signaling",
        "--edition regional,global --plane signaling",
    ] {
        let ran = Tool::line(&format!("scan --region tokyo {options} list"))
            .file("list", "54.65.63.192/30\n")
            .run();
        assert_eq!(
            ran.ok(),
            "1 file with Twilio addresses: 1 current\n",
            "{options}"
        );
    }
    let apart = Tool::line("scan --report json --fail-on none list")
        .file("list", "From: 54.172.60.0\nTo: 54.244.51.0\n")
        .run();
    assert_eq!(
        findings(&apart)[..2],
        [
            "list:1:7: current: 54.172.60.0",
            "list:2:5: current: 54.244.51.0"
        ]
    );
    assert_eq!(scan("--edition global").status, 1);
    let own = "edition: own\ntitle: Own\nconnection: public\nsource: us\n\
        signaling: {ports: {udp: 5060, tcp: 5060, tls: 5061}, networks: {tokyo: [133.242.0.0/30]}}\n\
        media: {ports: 10000-60000, networks: {tokyo: [133.242.1.0/24]}}\n";
    // A dataset of the user replaces the editions for the same connection.
    let ran = Tool::line("scan --report lines --dataset own --list-current list")
        .file("own", own)
        .file(
            "list",
            "54.65.63.192/30\n133.242.0.0/30\n133.242.1.0/24\n208.78.112.64\n",
        )
        .run();
    assert_eq!(
        ran.stdout,
        "list:1:1: superseded: 54.65.63.192/30: signaling of tokyo, media of tokyo, replaced by own (now STUN/TURN of tokyo); \
         remove it, because its list needs only 133.242.0.0/30, 133.242.1.0/24 instead\n\
         list:2:1: current: 133.242.0.0/30: signaling of tokyo\n\
         list:3:1: current: 133.242.1.0/24: media of tokyo\n\
         list:4:1: current: 208.78.112.64: signaling of virginia\n\
         1 file with Twilio addresses: 3 current, 1 superseded\n"
    );
    let ran = Tool::line("scan --dataset own --fail-on superseded list")
        .file("own", own)
        .file("list", "54.65.63.192/30\n54.172.60.0/30\n")
        .run();
    assert_eq!(ran.status, 1, "{ran}");
}

#[test]
fn the_text_lists_missing_networks_of_several_regions_on_one_line() {
    let ran = Tool::line("scan --region europe,tokyo --plane signaling list")
        .file("list", "allow 54.65.63.192\n")
        .run();
    assert_eq!(
        ran.stdout,
        "list\n  1:7: missing: signaling of ireland, frankfurt, tokyo: 54.171.127.192/30, 35.156.191.128/30, 54.65.63.193, 54.65.63.194/31\n\n\
         1 file with Twilio addresses: 1 current, 1 missing (selected, but not in the file)\n"
    );
}

#[test]
fn reports_a_file_that_is_named_twice_once_and_in_order() {
    let mut tool = Tool::line("scan --report lines --fail-on none b a . ./a")
        .file("a", "54.65.63.200\n")
        .file("b", "54.65.63.200\n");
    let first = tool.run().ok();
    assert_eq!(first.matches(": superseded: ").count(), 2, "{first}");
    assert!(first.starts_with("a:1:1: superseded"), "{first}");
    for _ in 0..10 {
        assert_eq!(tool.run().ok(), first);
    }
}

#[test]
fn a_closed_pipe_does_not_change_the_exit_status_of_scan() {
    for (text, status) in [("54.65.63.200\n", 1), ("168.86.128.0/18\n", 0)] {
        let mut tool = Tool::line("scan --plane media list").file("list", text);
        let mut child = tool
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), output.stderr.len()),
            (Some(status), 0)
        );
    }
}

#[test]
fn a_dataset_of_the_user_counts_as_in_force() {
    let own = "edition: own\ntitle: Own\nconnection: public\nsource: us\n\
        signaling: {ports: {udp: 5060, tcp: 5060, tls: 5061}, networks: {tokyo: [133.242.0.0/30]}}\n\
        media: {ports: 10000-20000, networks: {tokyo: [133.242.1.0/24]}}\n";
    let ran = Tool::line("scan --dataset own --report json list")
        .file("own", own)
        .file("list", "133.242.0.0/30\n133.242.1.0/25\n")
        .run();
    assert_eq!(
        findings(&ran),
        [
            "list:1:1: current: 133.242.0.0/30",
            "list:2:1: narrower: 133.242.1.0/25",
            "list:1:1: missing: media of tokyo: 133.242.1.0/24"
        ]
    );
}

#[test]
fn the_json_matches_its_schema_and_counts_its_findings() {
    let test = "scan::the_json_matches_its_schema_and_counts_its_findings";
    let report = valid_json(
        test,
        "scan",
        &scan("--report json --edition regional,interconnect --fail-on wider ."),
    );
    assert_eq!(
        report["expected"]["editions"],
        serde_json::json!(["regional", "interconnect"])
    );
    let findings = report["findings"].as_array().unwrap();
    for (verdict, count) in report["summary"]["findings"].as_object().unwrap() {
        let printed = findings
            .iter()
            .filter(|finding| finding["verdict"] == verdict.as_str());
        assert_eq!(printed.count() as u64, count.as_u64().unwrap(), "{verdict}");
    }
    assert!(
        findings
            .iter()
            .all(|finding| finding["fails"] == (finding["verdict"] == "wider"))
    );
}

/// The networks of a finding contain exactly its addresses, in every notation.
#[test]
fn the_networks_of_a_finding_contain_exactly_its_addresses() {
    let ran = Tool::line("scan --report json list")
        .file(
            "list",
            "# Twilio\n54.172.60.0 0.0.1.255\n208.78.112.64-208.78.112.66\n54.65.63.0/24\n",
        )
        .run();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let networks = |at: usize| report["findings"][at]["networks"].clone();
    assert_eq!(networks(0), serde_json::json!(["54.172.60.0/23"]));
    assert_eq!(
        networks(1),
        serde_json::json!(["208.78.112.64/31", "208.78.112.66/32"])
    );
    assert_eq!(networks(2), serde_json::json!(["54.65.63.0/24"]));
}

#[test]
fn sarif_matches_its_schema_and_lists_all_addresses_that_are_not_current() {
    let test = "scan::sarif_matches_its_schema_and_lists_all_addresses_that_are_not_current";
    let ran = scan("--report sarif --fail-on superseded .");
    assert_eq!(ran.status, 1);
    let log: Value = valid_sarif(test, &ran.stdout);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let expected: Vec<String> = expected()
        .into_iter()
        .filter(|line| !line.contains(": current: ") && !line.contains(": other-service: "))
        .collect();
    assert_eq!(results.len(), expected.len());
    for (result, expected) in results.iter().zip(&expected) {
        let place = &result["locations"][0]["physicalLocation"];
        let region = &place["region"];
        let (rule, uri) = (
            result["ruleId"].as_str().unwrap(),
            place["artifactLocation"]["uri"].as_str().unwrap(),
        );
        let start = format!(
            "{uri}:{}:{}: {rule}: ",
            region["startLine"], region["startColumn"]
        );
        assert!(expected.starts_with(&start), "{result} {expected}");
        let level = match rule {
            "superseded" => "error",
            "hint" => "note",
            _ => "warning",
        };
        assert_eq!(result["level"], level);
        let rules = &log["runs"][0]["tool"]["driver"]["rules"];
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], rule);
    }
    let empty = Tool::line("scan --report sarif list")
        .file("list", "")
        .run();
    valid_sarif(test, &empty.ok());
    let odd = Tool::new(["scan", "--report", "sarif", "--list-current", "a b%ü.txt"])
        .file("a b%ü.txt", "twilio 54.65.63.193 and 54.65.63.200\n")
        .run();
    valid_sarif(test, &odd.stdout);
    assert!(
        odd.stdout.contains("\"uri\": \"a%20b%25%C3%BC.txt\""),
        "{odd}"
    );
    assert!(odd.stdout.contains("\"kind\": \"pass\""), "{odd}");
}

#[test]
fn annotations_contain_file_line_and_column() {
    let ran = Tool::new([
        "scan",
        "--report",
        "github",
        "--region",
        "tokyo",
        "--fail-on",
        "superseded",
        "a,b.txt",
    ])
    .file(
        "a,b.txt",
        "# Twilio 100%\n  54.65.63.192/26\n168.86.128.0/17\n",
    )
    .run();
    assert_eq!(
        ran.stdout,
        "::error title=Twilio%3A superseded,file=a%2Cb.txt,line=2,col=3::54.65.63.192/26: media of tokyo, superseded on 2024-02-21 by global (now STUN/TURN of tokyo); \
         it still covers signaling 54.65.63.192/30, and nothing else in the file does; replace it by 54.65.63.192/30, and for media by 168.86.128.0/18\n\
         ::warning title=Twilio%3A wider,file=a%2Cb.txt,line=3,col=1::168.86.128.0/17: 16384 more addresses than Twilio has published: media of all regions is 168.86.128.0/18\n"
    );
    assert_eq!(ran.status, 1);
}

#[test]
fn skips_ignored_files_and_the_git_folder() {
    let mut tool = Tool::line("scan --report json --fail-on none here");
    let folder = tool.folder().join("here");
    for (file, text) in [
        (".gitignore", "out/\n*.log\n!kept.log\n"),
        ("a/.gitignore", "local\n"),
        ("a/local", "54.65.63.200"),
        ("a/seen", "54.65.63.200"),
        ("out/x", "54.65.63.200"),
        ("x.log", "54.65.63.200"),
        ("kept.log", "54.65.63.200"),
        (".hidden/x", "54.65.63.200"),
        (".git/config", "54.65.63.200"),
        ("binary", "54.65.63.200\0"),
    ] {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    std::os::unix::fs::symlink("a/seen", folder.join("link")).unwrap();
    let ran = tool.run();
    let files: Vec<String> = findings(&ran)
        .iter()
        .filter(|line| line.contains(": superseded: "))
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(files, ["here/.hidden/x", "here/a/seen", "here/kept.log"]);
    assert_eq!(
        ran.stderr,
        "twilio-sip-allow: note: skipped 1 file that is not text\n"
    );
}

/// Scans the folder `here` with a limit of 256 MB of memory and one minute.
fn scan_within_limits(folder: &Path) -> (Option<i32>, String, String) {
    let program = env!("CARGO_BIN_EXE_twilio-sip-allow");
    let call = format!("ulimit -v 262144; exec timeout 60 '{program}' scan -q --report lines here");
    let output = Command::new("sh")
        .args(["-c", &call])
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn ignores_a_gitignore_that_is_not_a_regular_file() {
    for (command, ignored) in [
        ("ln -s /dev/zero here/.gitignore", false),
        ("ln -s ../patterns here/.gitignore", false),
        ("ln -s nowhere here/.gitignore", false),
        ("ln -s .gitignore here/.gitignore", false),
        ("mkfifo here/.gitignore", false),
        ("mkfifo pipe; ln -s ../pipe here/.gitignore", false),
        ("mkdir here/.gitignore", false),
        ("mkfifo here/.git", false),
        ("ln -s /dev/zero here/.git", false),
        ("echo 'gitdir: /dev' > here/.git", false),
        (
            "mkdir -p here/.git/info; mkfifo here/.git/info/exclude",
            false,
        ),
        (
            "mkdir -p here/.git/info; ln -s /dev/zero here/.git/info/exclude",
            false,
        ),
        ("mkdir here/below; mkfifo here/below/.gitignore", false),
        (
            "mkfifo here/found; ln -s /dev/zero here/device; ln -s . here/loop",
            false,
        ),
        ("cp patterns here/.gitignore", true),
        (
            "mkdir -p here/.git/info; cp patterns here/.git/info/exclude",
            true,
        ),
        (
            "mkdir -p main/info; cp patterns main/info; mv main/info/patterns main/info/exclude; mkdir -p main/worktrees/w; echo ../.. > main/worktrees/w/commondir; echo 'gitdir: ../main/worktrees/w' > here/.git",
            true,
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("here")).unwrap();
        fs::write(folder.path().join("here/list"), "54.65.63.200\n").unwrap();
        fs::write(folder.path().join("patterns"), "list\n").unwrap();
        let made = Command::new("sh")
            .args(["-c", command])
            .current_dir(folder.path())
            .status();
        assert!(made.unwrap().success(), "{command}");
        let (status, stdout, stderr) = scan_within_limits(folder.path());
        let wanted = if ignored { Some(0) } else { Some(1) };
        assert_eq!(status, wanted, "{command}: {stdout}{stderr}");
        assert_eq!(
            stdout.contains("here/list:1:1: superseded"),
            !ignored,
            "{command}: {stdout}"
        );
        assert_eq!(stderr, "", "{command}");
    }
}

#[test]
fn the_total_size_of_findings_is_limited() {
    let list = "54.65.63.200\n";
    let scan = |line: &str| Tool::line(line).file("a", list).file("b", list).run();
    let each = findings(&scan(
        "scan --report json --region tokyo --plane signaling a",
    ))
    .len();
    let both = |most: usize| {
        scan(&format!(
            "scan --region tokyo --plane signaling --limit addresses={most} a b"
        ))
    };
    assert_eq!(both(2 * each).status, 1);
    let refused = both(2 * each - 1).refused();
    assert!(
        refused.contains("b: it has more than") && refused.contains("--limit addresses=NUMBER"),
        "{refused}"
    );
}

/// The program writes findings one by one. It needs 34 MB of address space with one finding; 30,000 findings would need
/// 20 MB more, and the report has 18 MB.
#[test]
fn a_report_of_30_000_findings_needs_48_mb_of_address_space() {
    let folder = tempfile::tempdir().unwrap();
    let list = "54.65.63.200 twilio\n".repeat(30_000);
    fs::write(folder.path().join("list"), list).unwrap();
    for (report, ends) in [
        ("sarif", "}\n      ]\n    }\n  ]\n}\n"),
        ("lines", "1 file with Twilio addresses: 30000 superseded\n"),
    ] {
        let program = env!("CARGO_BIN_EXE_twilio-sip-allow");
        let call =
            format!("ulimit -v 49152; exec '{program}' scan -q --report {report} list > out");
        let output = Command::new("sh")
            .args(["-c", &call])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{report}: {stderr}");
        let written = fs::read_to_string(folder.path().join("out")).unwrap();
        assert_eq!(
            written.matches("superseded on 2024-02-21").count(),
            30_000,
            "{report}"
        );
        assert!(written.ends_with(ends), "{report}");
    }
}

#[test]
fn reports_at_most_four_problems_and_counts_the_others() {
    let names: Vec<String> = (10..40).map(|n| format!("missing-{n}")).collect();
    let refused = Tool::line(&format!("scan {}", names.join(" ")))
        .run()
        .refused();
    let lines: Vec<&str> = refused.lines().collect();
    assert_eq!(lines.len(), 5, "{refused}");
    for (line, name) in lines.iter().zip(&names[..4]) {
        assert!(
            line.contains(&format!("cannot read {name}: No such file")),
            "{line}"
        );
    }
    assert!(lines[4].ends_with("error: 26 more errors"), "{refused}");
}

/// A named pipe, as in `scan <(ssh pbx iptables-save)`, is read to its end.
#[test]
fn reads_a_named_pipe_to_its_end() {
    let mut tool = Tool::line("scan --report lines --region tokyo --plane signaling pipe");
    let pipe = tool.folder().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let writer = std::thread::spawn(move || fs::write(pipe, "54.65.63.200\n").unwrap());
    let ran = tool.run();
    writer.join().unwrap();
    assert_eq!(ran.status, 1, "{ran}");
    assert!(ran.stdout.contains("pipe:1:1: superseded"), "{ran}");
}

/// The parts of a report are sorted when all files are scanned.
#[test]
fn reports_the_files_of_a_folder_in_order() {
    let mut tool = Tool::line("scan --region tokyo --plane signaling --report json here");
    let folder = tool.folder().join("here");
    fs::create_dir(&folder).unwrap();
    for number in 0..200 {
        // The first files take the most time.
        let others = "192.0.2.1\n".repeat((200 - number) * 20);
        let name = folder.join(format!("{number:03}"));
        fs::write(name, format!("{others}54.65.63.200\nallow 54.65.63.193\n")).unwrap();
    }
    let ran = tool.run();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let files = report["findings"].as_array().unwrap().iter();
    let files: Vec<&str> = files.map(|f| f["file"].as_str().unwrap()).collect();
    assert!(files.is_sorted());
    assert_eq!(files.len(), 600);
    assert_eq!(report["summary"]["files"], 200);
    assert_eq!(report["summary"]["findings"]["superseded"], 200);
    assert_eq!(report["summary"]["findings"]["missing"], 200);
}

/// Writes a file with findings and creates its folders. Returns false if a folder has that name, or if
/// a file has the name of one of the folders.
fn found_file(path: &Path) -> bool {
    let folders = path.parent().map(fs::create_dir_all);
    folders.unwrap().is_ok() && fs::write(path, "54.65.63.200\n").is_ok()
}

/// The files in a folder that have findings.
fn scanned(folder: &Path) -> BTreeSet<String> {
    let mut tool =
        Tool::line("scan --fail-on none --report json --region tokyo --plane signaling .");
    tool.command().current_dir(folder);
    let ran = tool.run();
    assert_eq!(ran.status, 0, "{ran}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["file"].as_str().unwrap().to_owned())
        .collect()
}

/// Creates a Git repository in a folder. Returns the files that Git does not ignore.
fn kept_by_git(folder: &Path) -> BTreeSet<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .args(args)
            .current_dir(folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("XDG_CONFIG_HOME", folder)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    let files = git(&["ls-files", "-z", "--others", "--exclude-standard"]);
    let files = files.split_terminator('\0');
    let files = files.filter(|file| !file.ends_with(".gitignore"));
    files.map(str::to_owned).collect()
}

/// The text of a `.gitignore`, ignored files, and files that are not ignored.
const IGNORED: &[(&str, &[&str], &[&str])] = &[
    ("", &[], &["a"]),
    ("a", &["a", "x/a"], &["A", "ab", "ba"]),
    ("a", &["a/b", "x/a/b"], &["b"]),
    ("/a", &["a"], &["x/a"]),
    ("a/", &["a/b", "x/a/b"], &["x/y/a", "b"]),
    ("/a/", &["a/b"], &["x/a/b"]),
    ("x/a", &["x/a"], &["y/x/a", "a"]),
    ("x/a", &["x/a/b"], &["a"]),
    ("*.log", &["a.log", "x/.log"], &["a.logs", "log"]),
    ("*", &["a", "x/a", ".a"], &[]),
    ("*a*b*c", &["abc", "xa-b-c"], &["acb", "abcd"]),
    ("a?c", &["abc", "x/axc"], &["ac", "a/c", "aéc"]),
    ("a??c", &["aéc"], &["abc"]),
    ("x/*/b", &["x/y/b"], &["x/b", "x/y/z/b"]),
    ("x*b/c", &["xb/c", "xyb/c"], &["x/b/c"]),
    // Consecutive asterisks.
    ("**/a", &["a", "x/a", "x/y/a"], &["ab", "x/ba"]),
    ("x/**", &["x/a", "x/y/a"], &["y/x/a"]),
    ("x/**/b", &["x/b", "x/y/b", "x/y/z/b"], &["xb", "y/x/b"]),
    (
        "x/**/y/**/b",
        &["x/y/b", "x/1/y/2/3/b", "x/y/y/b"],
        &["x/b", "x/1/b"],
    ),
    ("**", &["a", "x/a"], &[]),
    ("**/", &["x/a"], &["a"]),
    ("a**b", &["ab", "axb"], &["a/b"]),
    (
        "x/a**/b",
        &["x/ab", "x/acd/b", "x/a/b", "x/a/c/b"],
        &["x/acb", "x/b"],
    ),
    ("x/a?**/b", &["x/acd/b"], &["x/acb", "x/ac/d/b"]),
    (r"**\/b", &["x/b", "x/y/b"], &["b"]),
    ("***/b", &["b", "x/y/b"], &["xb"]),
    ("x/*?/b", &["x/y/b"], &["x/y/z/b"]),
    // The last match decides. A file in an ignored folder cannot be included again.
    ("*.log\n!a.log", &["b.log"], &["a.log"]),
    ("!a.log\n*.log", &["a.log", "b.log"], &[]),
    ("x/\n!x/a", &["x/a"], &["a"]),
    ("x/*\n!x/a", &["x/b"], &["x/a"]),
    ("a\n!a/", &["x/a"], &["a/b"]),
    ("!!a", &[], &["a", "!a"]),
    // Blanks, line ends and comments.
    ("a  ", &["a"], &["a  "]),
    (r"a\ ", &["a "], &["a"]),
    (r"a \ b  ", &["a  b"], &["a"]),
    (r"a\\ ", &[r"a\"], &[r"a\ "]),
    ("a\t", &["a\t"], &["a"]),
    (" a", &[" a"], &["a"]),
    ("a\r\n", &["a"], &["a\r"]),
    ("a\r\r\nb\r", &["a\r", "b"], &["a", "b\r"]),
    ("a\0b\n", &["a"], &["ab"]),
    (
        "#a\n##\n\n  \n\r\n/\n!\n!/\n//",
        &[],
        &["#a", "##", "a", "x/a"],
    ),
    (r"\#a", &["#a"], &["a"]),
    (r"\!a", &["!a"], &["a"]),
    (" #a", &[" #a"], &["#a"]),
    ("\u{feff}a\n\u{feff}b", &["a", "\u{feff}b"], &["b"]),
    // Backslashes.
    (r"\a\*", &["a*"], &["ab", r"\a*"]),
    (r"a\", &[], &["a", r"a\"]),
    (r"a\/", &[], &["a/b", r"a\/b"]),
    (r"*\", &[], &["a", r"a\"]),
    // Brackets.
    ("[a-c]", &["a", "b", "c"], &["d", "-", "ab"]),
    ("[!a-c]", &["d", "-"], &["a", "b", "é"]),
    ("[^a]", &["b", "^"], &["a"]),
    ("[a^!]", &["^", "!", "a"], &["b"]),
    ("[]a]", &["]", "a"], &["b"]),
    ("[!]a]", &["b"], &["]", "a"]),
    ("[]-a]", &["]", "^", "a"], &["-", "b"]),
    ("[-a]", &["-", "a"], &["b"]),
    ("[a-]", &["-", "a"], &["b"]),
    ("[a-c-e]", &["a", "c", "-", "e"], &["d"]),
    ("[c-a]", &["c"], &["a", "b", "-"]),
    (r"[\]]", &["]"], &["\\"]),
    (r"[a-\d]", &["a", "c", "d"], &["-", "\\"]),
    (r"[\\-a]", &["\\", "^", "a"], &["b"]),
    ("[[:digit:]x]", &["1", "x"], &["y", ":", "[x]"]),
    ("[![:digit:]]", &["x"], &["1"]),
    ("[[:digit:]-z]", &["1", "-", "z"], &["x"]),
    ("[[:digit]", &[":", "d", "["], &["1"]),
    ("[[:no:]a]", &[], &["a", ":", "n"]),
    ("[[:]", &["[", ":"], &["a"]),
    ("[[::]]", &[], &["[", ":", ":]"]),
    ("[[:digit:]", &[], &["1", ":", "d"]),
    ("[a", &[], &["a", "[a"]),
    ("[", &[], &["["]),
    ("[]", &[], &["[]", "]"]),
    ("[!]", &[], &["[!]", "!"]),
    (r"[a\", &[], &["a", r"[a\"]),
    ("x[/]b", &[], &["x/b", "x[/]b"]),
    ("x[!a]b/c", &["x-b/c"], &["x/b/c"]),
    ("{a,b}", &["{a,b}"], &["a", "b"]),
];

#[test]
fn gitignore_patterns_match_as_in_git() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept = BTreeSet::new();
    for (number, (patterns, ignored, others)) in IGNORED.iter().enumerate() {
        let at = folder.path().join(number.to_string());
        for file in ignored.iter().chain(*others) {
            assert!(found_file(&at.join(file)), "{patterns:?}: {file:?}");
        }
        fs::write(at.join(".gitignore"), patterns).unwrap();
        kept.extend(others.iter().map(|file| format!("{number}/{file}")));
    }
    let assert_are_kept = |found: BTreeSet<String>, by: &str| {
        if let Some(file) = found.symmetric_difference(&kept).next() {
            let (number, file) = file.split_once('/').unwrap();
            let (patterns, ..) = IGNORED[number.parse::<usize>().unwrap()];
            panic!("{by} has the wrong result for {file:?} with {patterns:?}");
        }
    };
    assert_are_kept(scanned(folder.path()), "scan");
    if has("git", "gitignore_patterns_match_as_in_git") {
        assert_are_kept(kept_by_git(folder.path()), "git");
    }
}

/// The parts of random patterns.
const PARTS: [&str; 44] = [
    "a",
    "a",
    "a",
    "b",
    "b",
    "b",
    "c",
    ".",
    "-",
    "A",
    "é",
    "*",
    "*",
    "*",
    "**",
    "**/",
    "/**",
    "/**/",
    "?",
    "?",
    "/",
    "/",
    "/",
    "[ab]",
    "[!a]",
    "[^b]",
    "[a-c]",
    "[[:alpha:]]",
    "[![:punct:]b]",
    "[",
    "]",
    "[[:",
    ":]",
    "\\",
    "\\a",
    "\\*",
    r"\/",
    " ",
    r"\ ",
    "!",
    "#",
    "***",
    "\r",
    "[]-]",
];

/// The parts of random names. There are few, so that many patterns match.
const LETTERS: [&str; 16] = [
    "a", "a", "a", "a", "b", "b", "b", "b", "c", ".", "-", "A", "é", "*", "[", " ",
];

fn random_path(random: &mut Random) -> String {
    let depth = random.between(1, 3);
    let mut name = |_| {
        let length = random.between(1, 3);
        let letters = (0..length).map(|_| *pick(random, &LETTERS));
        let name: String = letters.collect();
        if name.chars().all(|letter| letter == '.') {
            "a".to_owned()
        } else {
            name
        }
    };
    (0..depth).map(&mut name).collect::<Vec<_>>().join("/")
}

/// A pattern of random parts, or a path with wildcards in place of some letters.
fn random_pattern(random: &mut Random, paths: &[String]) -> String {
    let mut pattern = String::new();
    if chance(random, 6) {
        pattern.push('!');
    }
    if chance(random, 2) {
        let length = random.between(1, 7);
        pattern.extend((0..length).map(|_| *pick(random, &PARTS)));
        return pattern;
    }
    let path = pick(random, paths);
    let start = if chance(random, 2) {
        0
    } else {
        path.rfind('/').map_or(0, |slash| slash + 1)
    };
    for letter in path[start..].chars() {
        match random.between(1, 6) {
            1 => pattern += pick::<&str>(random, &PARTS),
            2 => pattern += pick::<&str>(random, &["*", "**", "?", "**/", "*", "/**/"]),
            _ => pattern.push(letter),
        }
    }
    pattern
}

/// Creates 120 folders, each with a few random patterns, and files with random names. Returns the
/// number of files.
fn random_folders(random: &mut Random, folder: &Path) -> usize {
    let mut files = 0;
    for number in 0..120 {
        let at = folder.join(number.to_string());
        let paths: Vec<String> = (0..30).map(|_| random_path(random)).collect();
        let names: BTreeSet<&String> = paths.iter().collect();
        // Another path may need a folder with that name.
        let made = names.into_iter().filter(|path| found_file(&at.join(path)));
        files += made.count();
        let count = random.between(1, 3);
        let lines = (0..count).map(|_| random_pattern(random, &paths) + "\n");
        fs::write(at.join(".gitignore"), lines.collect::<String>()).unwrap();
    }
    files
}

#[test]
fn random_gitignore_patterns_match_as_in_git() {
    if !has("git", "random_gitignore_patterns_match_as_in_git") {
        return;
    }
    let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let files = random_folders(&mut random, folder.path());
    let kept = kept_by_git(folder.path());
    let scanned = scanned(folder.path());
    let ignored = files - kept.len();
    assert!(
        ignored > 200 && kept.len() > 200,
        "{ignored} {}",
        kept.len()
    );
    if let Some(file) = scanned.symmetric_difference(&kept).next() {
        let at = folder.path().join(file.split('/').next().unwrap());
        let patterns = fs::read_to_string(at.join(".gitignore")).unwrap();
        let by_git = kept.contains(file);
        panic!("seed {seed}: {patterns:?} {file:?}: kept by git: {by_git}");
    }
}

/// Every ASCII byte that a name can contain, and every character class.
#[test]
fn character_classes_in_gitignore_match_as_in_git() {
    const CLASSES: [&str; 13] = [
        "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
        "upper", "xdigit", "word",
    ];
    if !has("git", "character_classes_in_gitignore_match_as_in_git") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for class in CLASSES {
        let at = folder.path().join(class);
        for byte in (1..=127)
            .map(char::from)
            .filter(|byte| !"./".contains(*byte))
        {
            assert!(found_file(&at.join(byte.to_string())));
        }
        assert!(found_file(&at.join("é")));
        fs::write(
            at.join(".gitignore"),
            format!("[[:{class}:]]\n[[:{class}:]][[:{class}:]]\n"),
        )
        .unwrap();
    }
    assert_eq!(scanned(folder.path()), kept_by_git(folder.path()));
}

#[test]
fn the_depth_of_folders_with_patterns_is_limited() {
    for (levels, refusal) in [
        (50, None),
        (
            51,
            Some("here/.gitignore: 50 parent folders already have patterns, which is the maximum"),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut deepest = folder.path().to_owned();
        for level in 0..levels {
            deepest.push("here");
            fs::create_dir(&deepest).unwrap();
            fs::write(deepest.join(".gitignore"), format!("*.{level}\n")).unwrap();
        }
        // Excluded by the patterns of the first and the last folder.
        fs::write(deepest.join("list.0"), "54.65.63.200\n").unwrap();
        fs::write(deepest.join("list.49"), "54.65.63.200\n").unwrap();
        fs::write(deepest.join("list"), "54.65.63.200\n").unwrap();
        let (status, stdout, stderr) = scan_within_limits(folder.path());
        if let Some(refusal) = refusal {
            assert_eq!((status, &*stdout), (Some(2), ""), "{stderr}");
            assert!(stderr.contains(refusal), "{stderr}");
        } else {
            assert_eq!(status, Some(1), "{stderr}");
            assert!(stdout.contains("here/list:1:1: "), "{stdout}");
            assert!(!stdout.contains("list."), "{stdout}");
        }
    }
}

#[test]
fn gitignore_patterns_are_limited() {
    let pattern = |n: usize| format!("*a{n}*b[c-x]{n}*/**/d\n");
    let many = |count: usize| (0..count).map(pattern).collect::<Vec<_>>().concat();
    for (patterns, refusal) in [
        (many(2_000), None),
        (
            many(2_001),
            Some(
                "here/.gitignore: a scan can have at most 2000 patterns of at most 512 bytes each; name the files to scan instead of the folder",
            ),
        ),
        (many(20_000), Some("patterns")),
        (
            "*".repeat(513),
            Some("here/.gitignore: a scan can have at most 2000 patterns of at most 512 bytes"),
        ),
        ("*".repeat(512), None),
        ("{a,b}".repeat(100), None),
        (format!("{}\n", "[a-z]*?".repeat(73)).repeat(500), None),
        (
            "\n".repeat(300_000),
            Some(
                "here/.gitignore: it has more than 262144 bytes of patterns; name the files to scan instead of the folder",
            ),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("here")).unwrap();
        fs::write(folder.path().join("here/list"), "54.65.63.200\n").unwrap();
        fs::write(folder.path().join("here/.gitignore"), &patterns).unwrap();
        let (status, stdout, stderr) = scan_within_limits(folder.path());
        let start = &patterns[..patterns.len().min(40)];
        match refusal {
            Some(refusal) => {
                assert_eq!(status, Some(2), "{start}: {stderr}");
                assert!(stderr.contains(refusal), "{start}: {stderr}");
                assert_eq!(stdout, "", "{start}");
            }
            // A pattern of only asterisks ignores everything.
            None => assert_eq!(
                status,
                Some(i32::from(!patterns.starts_with("**"))),
                "{start}: {stderr}"
            ),
        }
    }
}

#[test]
fn scans_the_current_folder_without_arguments_and_not_stdin() {
    let mut tool = Tool::line("scan --report lines").file("list", "54.65.63.192/26\n");
    let printed = tool.run();
    let named = Tool::line("scan --report lines .")
        .file("list", "54.65.63.192/26\n")
        .run();
    assert_eq!(printed.status, 1);
    assert!(
        printed.stdout.contains("list:1:1: superseded: "),
        "{printed}"
    );
    assert_eq!(
        (printed.stdout, printed.stderr),
        (named.stdout, named.stderr)
    );
    let page = fs::File::open(tool.folder().join("list")).unwrap();
    tool.command().stdin(page);
    let printed = tool.run();
    assert!(printed.stdout.starts_with("list:1:1: "), "{printed}");
    assert_eq!(
        printed.stderr,
        "twilio-sip-allow: note: scanning the current folder; to scan standard input, use '-'\n"
    );
}

#[test]
fn reports_unreadable_input_and_prints_no_findings() {
    for (line, message) in [
        ("scan nowhere", "cannot read nowhere: No such file"),
        ("scan binary", "binary is not a text file"),
        ("scan - -", "stdin can be read only once"),
        ("scan --dataset - -", "stdin can be read only once"),
        (
            "scan --fail-on never list",
            "--fail-on: 'never' is not one of any, none, superseded, wider, narrower, unpublished, other-service, missing",
        ),
        (
            "scan --fail-on none,wider list",
            "--fail-on accepts 'any' and 'none' only alone; remove the other values",
        ),
        (
            "scan --report yaml list",
            "--report: 'yaml' is not one of text, lines, json, sarif, github",
        ),
        ("scan --region nowhere list", "unknown region 'nowhere'"),
        ("scan --edition never list", "unknown edition 'never'"),
        (
            "scan --direction in list",
            "--direction is an option of 'render', 'check', 'verify' and 'explain', not of 'scan'",
        ),
    ] {
        let ran = Tool::line(line)
            .file("list", "54.65.63.200\n")
            .file("binary", "54.65.63.200\0")
            .run();
        let printed = ran.refused();
        assert!(printed.contains(message), "{line}: {printed}");
    }
}

/// Columns count characters, not bytes.
#[test]
fn the_position_is_that_of_the_first_digit() {
    for (before, column) in [
        ("", 1),
        ("\t", 2),
        ("東京 ", 4),
        ("📞", 2),
        ("e\u{301} ", 4),
    ] {
        let ran =
            Tool::line("scan --report json --list-current --region tokyo --plane signaling list")
                .file("list", format!("\n{before}54.65.63.192/30\n"))
                .run();
        assert_eq!(
            findings(&ran),
            [format!("list:2:{column}: current: 54.65.63.192/30")]
        );
    }
}

/// The classification of every published network and of its neighbors.
#[test]
fn classifies_every_published_network_and_its_neighbors() {
    for (edition, plane, region, (first, last)) in facts::listed() {
        let cidr = &facts::cidrs(&[(first, last)])[0];
        let ran = Tool::line("scan --report json list")
            .file("list", format!("{cidr}\n"))
            .run();
        let verdict = &findings(&ran)[0];
        let in_force = ["global", "interconnect"].iter().any(|e| {
            ["signaling", "media"].iter().any(|p| {
                facts::published(e, "all", p)
                    .iter()
                    .any(|(a, b)| *a <= first && last <= *b)
            })
        });
        let wanted = if in_force { "current" } else { "superseded" };
        assert!(
            verdict.starts_with(&format!(
                "list:1:1: {wanted}: {}",
                cidr.trim_end_matches("/32")
            )),
            "{edition} {plane} {region} {verdict}"
        );
        let size = last - first + 1;
        let wide = facts::cidrs(&[(
            first - first % (2 * size),
            first - first % (2 * size) + 2 * size - 1,
        )]);
        let ran = Tool::line("scan --report json list")
            .file("list", format!("{}\n", wide[0]))
            .run();
        let all: Vec<facts::Range> = facts::listed()
            .into_iter()
            .map(|(.., range)| range)
            .collect();
        let (a, b) = facts::network(&wide[0]);
        let holds = |(x, y): &facts::Range| *x <= a && b <= *y;
        let is_route =
            |row: &Vec<String>| row[0] == "interconnect-routes" && holds(&facts::network(&row[2]));
        // Twice a signaling network is not a published network, even inside a superseded media network.
        let is_current = |name| {
            let listed = facts::published(name, "all", "signaling");
            facts::united(listed).iter().any(holds)
        };
        let wanted = if ["global", "interconnect"].into_iter().any(is_current) {
            "current"
        } else if facts::other_services().iter().any(is_route) {
            "other-service"
        } else if plane == "signaling" || !facts::united(all).iter().any(holds) {
            "wider"
        } else {
            "superseded"
        };
        let verdict = &findings(&ran)[0];
        assert!(verdict.contains(&format!(": {wanted}: ")), "{verdict}");
    }
}

#[test]
fn the_help_explains_other_services_and_the_ignore_comment() {
    let help = Tool::line("scan --help").run();
    let words: Vec<&str> = help.stdout.split_whitespace().collect();
    let help = words.join(" ");
    for sentence in [
        "other-service: Addresses of another Twilio service, such as STUN/TURN",
        "a line that contains \"twilio-sip-allow: ignore\" is skipped",
    ] {
        assert!(help.contains(sentence), "{help}");
    }
}

/// The words around addresses, and spellings, count as steps. This limits the time for
/// every text.
#[test]
fn scanning_counts_its_work_in_steps() {
    let words = "x y ".repeat(38);
    let commented = format!("54.65.63.192/30\n8.8.8.8 # {words}\n").repeat(100);
    let denied = format!("twilio {}\n", format!("0.0.0.0/0 {words}").repeat(100));
    let odd = format!("54.65.63.192/30\n{}", "999.9.9.9\n".repeat(500));
    for text in [commented, denied, odd] {
        let call = |limit: &str| {
            let line = format!("scan --report json {limit} list");
            Tool::line(&line).file("list", &text).run()
        };
        let refused = call("--limit work=4000").refused();
        let printed = "list: it takes more than 4000 steps to evaluate; raise the limit with --limit work=NUMBER";
        assert!(refused.contains(printed), "{text}: {refused}");
        let raised = call("--limit work=1M");
        assert_eq!(
            (raised.status, raised.stdout),
            (call("").status, call("").stdout),
            "{text}"
        );
    }
}

/// Each address is in a comment of 512 bytes, and four bytes count as one step.
#[test]
fn reads_only_the_start_of_a_comment_and_only_once() {
    let text = format!("99.9.9.9 {}", "note://".repeat(20)).repeat(1_000);
    let text = format!("twilio 54.65.63.193\n{text}");
    let ran = Tool::line("scan --report json --region tokyo --plane signaling --fail-on wider --limit work=200000 list")
        .file("list", &text)
        .run();
    assert_eq!(ran.status, 0, "{ran}");
    assert_eq!(findings(&ran)[0], "list:1:8: current: 54.65.63.193");
}

/// The network of a VPC may contain published addresses by chance. It is no rule for Twilio, so nothing is missing.
#[test]
fn the_network_of_a_vpc_is_no_list() {
    let text = "module \"vpc\" {\n  vpc_cidr = \"54.172.60.0/23\"\n  subnet_cidr = \"54.172.60.0/27\"\n}\n";
    let ran = Tool::line("scan --report lines list")
        .file("list", text)
        .run();
    assert!(!ran.stdout.contains("missing"), "{ran}");
    let rule = text.replace("vpc_cidr", "sip_cidr");
    let ran = Tool::line("scan --report lines list")
        .file("list", &rule)
        .run();
    assert!(
        ran.stdout.contains(": missing: signaling of oregon"),
        "{ran}"
    );
}

/// Texts without Twilio addresses for SIP that do not mention Twilio may have addresses near those of other services.
#[test]
fn addresses_of_other_services_alone_are_no_findings() {
    let text = "3.7.35.128/25\n13.115.245.228/23\n34.203.254.7\n";
    let ran = Tool::line("scan list").file("list", text).run();
    assert_eq!(ran.stdout, "no Twilio addresses found\n", "{ran}");
}

/// A superseded or too wide network that contains signaling in force, the networks of other services, and the lists
/// before the first edition. Each line has its verdict and the networks that replace it.
#[test]
fn says_what_to_write_instead() {
    let cases = [
        (
            "54.172.60.0/23",
            "superseded",
            "54.172.60.0/30",
            "168.86.128.0/18",
        ),
        // A list for signaling needs no media.
        ("match=54.172.60.0/23", "superseded", "54.172.60.0/30", ""),
        ("match=34.203.250.0/23", "superseded", "54.172.60.0/30", ""),
        ("match=54.65.63.192/29", "wider", "54.65.63.192/30", ""),
        ("34.203.250.0/23", "superseded", "", "168.86.128.0/18"),
        ("107.21.222.153", "superseded", "54.172.60.0/30", ""),
        ("54.249.244.28", "superseded", "54.65.63.192/30", ""),
        ("208.78.112.64/26", "other-service", "", ""),
        (
            "185.187.133.0/24 # Twilio london-ix",
            "other-service",
            "",
            "",
        ),
        ("3.7.35.128/25", "other-service", "", ""),
        ("turnserver 54.172.60.0/23", "other-service", "", ""),
        ("168.86.128.0/17", "wider", "", "168.86.128.0/18"),
        ("168.86.128.0/19", "narrower", "", "168.86.128.0/18"),
        ("54.65.36.192/30", "unpublished", "54.65.63.192/30", ""),
    ];
    for (line, verdict, signaling, media) in cases {
        let text = format!("# Twilio\n{line}\n");
        let ran = Tool::line("scan --report json list")
            .file("list", &text)
            .run();
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let finding = &report["findings"][0];
        assert_eq!(finding["verdict"], verdict, "{line}");
        let written = |plane: &str| {
            let networks = finding["replacement"][plane].as_array().unwrap();
            let networks = networks.iter().map(|network| network.as_str().unwrap());
            networks.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            (&*written("signaling"), &*written("media")),
            (signaling, media),
            "{line}"
        );
    }
    let old = "54.172.60.0/23: media of virginia, superseded on 2024-02-21 by global (now STUN/TURN of virginia); \
               it still covers signaling 54.172.60.0/30, and nothing else in the file does; replace it by 54.172.60.0/30\n";
    let ran = Tool::line("scan list")
        .file("list", "match=54.172.60.0/23\n")
        .run();
    assert!(ran.stdout.contains(old), "{ran}");
}

#[test]
fn a_finding_on_several_lines_is_reported_once_with_its_lines() {
    let text = "54.65.63.200\n# Twilio\n54.65.63.200\n133.242.0.9 # office\n".repeat(3);
    let ran = Tool::line("scan list").file("list", &text).run();
    assert_eq!(
        ran.stdout,
        "list\n  1:1: superseded: 54.65.63.200: media of tokyo, superseded on 2024-02-21 by global (now STUN/TURN of tokyo); \
         replace it by 168.86.128.0/18 (also in lines 3, 5, 7, 9 and 1 more)\n\n\
         1 file with Twilio addresses: 6 superseded\n"
    );
    // More different findings than are in memory at a time.
    let text: String = (0..2_600).fold(String::new(), |text, n| {
        text + &format!("34.203.{}.{}\n", 250 + n % 500 / 250, n % 250)
    });
    let ran = Tool::line("scan list").file("list", &text).run();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 503, "{ran}");
    assert!(
        lines[1].ends_with("(also in lines 501, 1001, 1501, 2001 and 1 more)"),
        "{ran}"
    );
    assert_eq!(lines[502], "1 file with Twilio addresses: 2600 superseded");
    let text: String = (0..1_500).fold(String::new(), |text, n| {
        text + &format!(
            "3.112.80.{} 54.172.{}.{}\n",
            n % 256,
            60 + n / 1_024,
            n % 256
        )
    });
    let ran = Tool::line("scan --report text list")
        .file("list", &text)
        .run();
    assert_eq!(ran.stdout.matches("list\n").count(), 1, "{ran}");
}

#[test]
fn the_total_distinguishes_files_without_twilio_addresses() {
    let scan = |a: &str, b: &str| {
        let ran = Tool::line("scan --report lines --plane media a b")
            .file("a", a)
            .file("b", b)
            .run();
        ran.stdout.lines().last().unwrap().to_owned()
    };
    let stray = "# Twilio\n54.65.36.192/30\n";
    for (a, b, total) in [
        ("", "", "no Twilio addresses found"),
        (
            stray,
            "",
            "no Twilio addresses found, but 1 unpublished in 1 file",
        ),
        (
            stray,
            stray,
            "no Twilio addresses found, but 2 unpublished in 2 files",
        ),
        (
            stray,
            "54.65.63.200",
            "1 file with Twilio addresses, and 1 file without: 1 superseded, 1 unpublished",
        ),
        (
            "54.65.63.200",
            "54.65.63.200",
            "2 files with Twilio addresses: 2 superseded",
        ),
        (
            "host=54.65.63.192\nhost=54.65.63.193",
            "",
            "1 file with Twilio addresses: 2 current, 2 hints",
        ),
    ] {
        assert_eq!(scan(a, b), total);
    }
}

/// A hint never changes the exit status.
#[test]
fn hints_are_notes() {
    let text = "contact=sip:54.65.63.192:5060\n";
    let scan = |options: &str| {
        Tool::line(&format!("scan {options} list"))
            .file("list", text)
            .run()
    };
    let ran = scan("");
    assert_eq!(ran.status, 0, "{ran}");
    let hint = "hint: 54.65.63.192: calls are sent to this address, but Twilio can change it; \
                send them to the name of your SIP domain or trunk, such as example.pstn.twilio.com";
    assert!(ran.stdout.contains(&format!("  1:13: {hint}\n")), "{ran}");
    let notice = scan("--report github").ok();
    assert!(
        notice.starts_with("::notice title=Twilio%3A hint,file=list,line=1,col=13::"),
        "{notice}"
    );
    let log: Value = serde_json::from_str(&scan("--report sarif").ok()).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["level"], "note");
    let report: Value = serde_json::from_str(&scan("--json").ok()).unwrap();
    assert_eq!(report["summary"]["findings"]["hint"], 1);
    assert_eq!(report["findings"][1]["fails"], false);
    scan("--fail-on hint").refused();
}

/// The findings in a text, without current ones and without missing networks.
fn odd_findings(text: &str) -> Vec<String> {
    let ran = Tool::line("scan --report json --fail-on none list")
        .file("list", text)
        .run();
    let is_odd = |line: &String| {
        let quiet = [": current: ", ": missing: ", ": other-service: "];
        !quiet.iter().any(|verdict| line.contains(verdict))
    };
    let odd = findings(&ran).into_iter().filter(is_odd);
    odd.map(|line| line.split_once(": ").unwrap().1.to_owned())
        .collect()
}

#[test]
fn addresses_of_others_beside_twilio_addresses_are_not_findings() {
    let twilio = "54.172.60.0/30 # Twilio\n54.244.51.0/30 # Twilio\n";
    for line in [
        "HTTP proxy 81.2.69.8",
        "OTHERTEL=\"81.2.69.8\"",
        "81.2.69.8 (admin IP)",
        "set address Office ip-netmask 81.2.69.8/32",
        "3;GRP;81.2.69.8;32;0;name:Othertel NW",
        "-A INPUT -s 81.2.69.8/32 -p tcp --dport 22 -j ACCEPT",
        "permit tcp host 81.2.69.8 any eq 443",
        "81.2.69.8 tcp/3389",
        "externip=81.2.69.8",
        "Your server listens at 81.2.69.8, and Twilio sends its calls to it.",
        "# Dublin office\n81.2.69.8",
        "# Tokyo datacenter\n81.2.69.8",
        "\n\n\n# Twilio has to reach us\nexternal_media_address=81.2.69.8",
        "\n\n\n\nTwilio sends INVITE to your server at 81.2.69.8.",
        "\n\n\n\nhttps://81.2.69.8/twilio/voice",
        "\n\n\n\nufw allow from 81.2.69.8 to any port 443 comment 'Twilio status'",
    ] {
        assert_eq!(
            odd_findings(&format!("{twilio}{line}\n")),
            [""; 0],
            "{line}"
        );
    }
    for text in [
        "Twilio sends INVITE to your server at 81.2.69.8.\n",
        "<!-- Advertise public IP to Twilio -->\n<param name=\"ext-sip-ip\" value=\"81.2.69.8\"/>\n",
        "allow 81.2.69.8 # Twilio\n",
        "# twilio\n{ \"us-east-1\", {\n    \"81.2.69.0/25\" } }\n",
        "# Tokyo\n81.2.69.8\n81.2.69.9\n",
    ] {
        assert_eq!(odd_findings(text), [""; 0], "{text}");
    }
}

#[test]
fn addresses_that_are_presented_as_twilios_are_findings() {
    let twilio = "54.172.60.0/30\n54.244.51.0/30\n";
    for line in [
        "81.2.69.0/30",
        "81.2.69.0/30 # Twilio",
        "allow 81.2.69.0/30",
        "81.2.69.0/30 # Frankfurt",
        "frankfurt 81.2.69.0/30",
        "permit udp 81.2.69.0/30 eq 5060",
        "-A INPUT -s 81.2.69.0/30 -p udp --dport 10000:20000 -j ACCEPT",
    ] {
        let found = odd_findings(&format!("{twilio}{line}\n"));
        assert_eq!(found, ["unpublished: 81.2.69.0/30"], "{line}");
    }
    for text in [
        "\"54.172.60.0/30\" \"54.244.51.0/30\" \"81.2.69.0/30\"\n",
        "--source-ranges=54.172.60.0/30,54.244.51.0/30,81.2.69.0/30\n",
        "[\"54.172.60.0/30\",\"54.244.51.0/30\",\"81.2.69.0/30\"]\n",
        "twilio = [\"54.172.60.0/30\", \"81.2.69.0/30\"]\n",
        "allowed { 54.172.60.0/30 54.244.51.0/30 81.2.69.0/30 }\n",
        "# Twilio\n133.242.0.0/30\n81.2.69.0/30\n",
    ] {
        let found = odd_findings(text);
        let last = found.last().map(String::as_str);
        assert_eq!(last, Some("unpublished: 81.2.69.0/30"), "{text}");
    }
}

#[test]
fn networks_are_missing_only_from_lists_and_rules() {
    let missing = |text: &str| {
        let ran = Tool::line("scan --report json --region tokyo,oregon list")
            .file("list", text)
            .run();
        let missing = findings(&ran)
            .into_iter()
            .filter(|line| line.contains(": missing: "));
        let missing = missing.map(|line| line.split_once(": missing: ").unwrap().1.to_owned());
        missing.collect::<Vec<_>>().join("; ")
    };
    let oregon = "signaling of oregon: 54.244.51.0/30";
    let media = "media of all regions: 168.86.128.0/18";
    for (text, expected) in [
        ("allow 54.65.63.192/30\n", oregon),
        ("match=54.65.63.192/30\n", oregon),
        ("source_ranges:\n  - 54.65.63.192/30\n", oregon),
        ("- 54.65.63.192/30\n- 35.156.191.128/30\n", oregon),
        ("- 54.65.63.192/30\n", ""),
        (
            "10:11:12 INVITE from 54.65.63.192\n10:11:12 INVITE from 35.156.191.128\n",
            "",
        ),
        (
            "Via: SIP/2.0/UDP 54.65.63.192\nVia: SIP/2.0/UDP 35.156.191.128\n",
            "",
        ),
        ("c=IN IP4 168.86.138.121\n", ""),
        ("allow 168.86.138.121\n", media),
        (
            "allow 54.65.63.192/30\nallow 168.86.128.0/19\n",
            "signaling of oregon: 54.244.51.0/30; media of all regions: 168.86.128.0/18",
        ),
        (
            "The call comes from 54.65.63.192 or from 35.156.191.128.\n",
            "",
        ),
        ("def test_allow():\n    allow(\"54.65.63.192\")\n", ""),
        ("allow 54.65.63.192 # webhook\n", ""),
        (
            "ufw allow from 54.65.63.192/30 to any port 10000:20000 proto udp\n",
            "signaling of oregon: 54.244.51.0/30; media of all regions: 168.86.128.0/18",
        ),
        ("contact=sip:54.65.63.192\nhost=35.156.191.128\n", ""),
        // Old media networks in a list for signaling do not make it a list of media.
        (
            "# Twilio signaling\n- 54.65.63.192/30\n- 52.215.127.0/24\n",
            oregon,
        ),
        ("match=54.65.63.192/30\nmatch=3.112.80.0/24\n", oregon),
        (
            "# Twilio\n- 54.65.63.192/30\n- 3.112.80.0/24\n",
            "signaling of oregon: 54.244.51.0/30; media of all regions: 168.86.128.0/18",
        ),
        // Lines that configure nothing.
        (
            "- ✅ Allowed 54.65.63.192/30\n- ✅ Allowed 168.86.128.0/18\n",
            "",
        ),
        ("echo \"allow 54.65.63.192/30\"\n", ""),
        ("echo \"allow 54.65.63.192/30\" >> rules\n", oregon),
        ("print(\"match=54.65.63.192/30\")\n", ""),
        ("ok = \"match=54.65.63.192/30\" in text\n", ""),
        ("grep -q 'match=54.65.63.192/30' pjsip.conf\n", ""),
        ("if (text.includes('match=54.65.63.192/30'))\n", ""),
        (
            "IPS=(\n  # \"54.65.63.192/30\"\n  # \"35.156.191.128/30\"\n)\n",
            "",
        ),
        (
            "# allowed=[\"54.65.63.192/30\", \"35.156.191.128/30\"],\n",
            "",
        ),
        (
            "IPS=(\n  \"54.65.63.192/30\"\n  \"35.156.191.128/30\"\n)\n",
            oregon,
        ),
        ("# 54.65.63.192/30\n# 35.156.191.128/30\n", oregon),
        (
            "/// Such as 54.65.63.192/30.\n//! \"35.156.191.128/30\".to_string(),\n",
            "",
        ),
    ] {
        assert_eq!(missing(text), expected, "{text}");
    }
}

/// The comment names another provider, whatever else it says.
#[test]
fn addresses_below_the_name_of_another_provider_are_not_unpublished() {
    let list = "# Twilio\n54.65.63.192/30\n# Telnyx SIP signaling and media\n192.76.120.10\n64.16.250.10\n";
    let ran = Tool::line("scan --region tokyo --plane signaling --report lines list.txt")
        .file("list.txt", list)
        .run();
    assert!(!ran.stdout.contains("unpublished"), "{ran}");
    let unknown = list.replace("Telnyx ", "");
    let ran = Tool::line("scan --region tokyo --plane signaling --report lines list.txt")
        .file("list.txt", unknown)
        .run();
    assert_eq!(ran.stdout.matches(": unpublished: ").count(), 2, "{ran}");
}

/// Such files are about HTTP, even if they name the provider sipgate.
#[test]
fn files_about_http_filter_webhooks() {
    for (about, verdict) in [
        ("HTTP_X_FORWARDED_FOR", "other-service"),
        ("middleware, as for sipgate", "other-service"),
        ("aws_wafv2_ip_set", "other-service"),
        ("middleware for sip", "superseded"),
        ("nothing", "superseded"),
    ] {
        let text = format!("# {about}\n\n\nTWILIO = [\n  \"54.65.63.192/26\",\n]\n");
        let ran = Tool::line("scan --region tokyo --list-current --report lines list.py")
            .file("list.py", text)
            .run();
        let found = format!("list.py:5:4: {verdict}: 54.65.63.192/26: ");
        assert!(ran.stdout.contains(&found), "{about}: {ran}");
    }
}

#[test]
fn nothing_is_missing_from_a_file_with_the_name_of_a_test() {
    for (name, is_test) in [
        ("pjsip.test.mjs", true),
        ("acl_test.go", true),
        ("test_acl.py", true),
        ("acl.spec.ts", true),
        ("AclTest.java", true),
        ("LoadTest.conf", false),
        ("acl.py", false),
        ("latest.py", false),
        ("test", false),
    ] {
        let ran = Tool::line(&format!("scan --region oregon {name}"))
            .file(name, "allow 54.65.63.192/30\n")
            .run();
        let reports = ran
            .stdout
            .contains(": missing: signaling of oregon: 54.244.51.0/30");
        assert_eq!(reports, !is_test, "{name}: {ran}");
    }
}

#[test]
fn gives_hints_about_targets_webhooks_and_open_lists() {
    let hints = |text: &str| {
        let found = odd_findings(text).into_iter();
        found.filter(|line| line.starts_with("hint: ")).count()
    };
    let list = "54.172.60.0/30\n54.244.51.0/30\n";
    for (text, expected) in [
        ("host=54.172.60.0\n", 1),
        ("contact=sip:54.172.60.0:5060\n", 1),
        ("same => n,Dial(SIP/${EXTEN}@54.172.60.0)\n", 1),
        ("match=54.172.60.0\n", 0),
        ("host=54.172.60.0/30\n", 0),
        ("# webhooks\n54.172.60.0/30\n54.244.51.0/30\n", 1),
        ("allow 54.172.60.0/30; # Twilio webhook\n", 1),
        ("ufw allow from 54.172.60.0/30 to any port 443\n", 1),
        ("# webhooks\n54.172.60.0/23\n54.244.51.0/24\n", 1),
        ("# callbacks\n54.172.60.0/30\n54.244.51.0/30\n", 1),
        ("# calls\n54.172.60.0/30\n", 0),
        // Access lists of web servers.
        (
            "location /sip {\n  allow 54.172.60.0/30;\n  allow 54.244.51.0/30;\n  deny all;\n}\n",
            1,
        ),
        (
            "stream {\n  server {\n    allow 54.172.60.0/30;\n    # location \n  }\n}\n",
            0,
        ),
        ("allow 54.172.60.0/30;\n", 0),
        (
            "<Location /sip>\n  Require ip 54.172.60.0/30 54.244.51.0/30 # Twilio\n</Location>\n",
            1,
        ),
        ("Allow from 54.172.60.0/30\n", 1),
        ("Allow from 54.172.60.0/30 to UDP 5060\n", 0),
        ("@twilio remote_ip 54.172.60.0/30 54.244.51.0/30\n", 1),
        ("remote_ip=54.172.60.0/30\n", 0),
        (
            "ipAllowList:\n  sourceRange:\n    - 54.172.60.0/30\n    - 54.244.51.0/30\n",
            1,
        ),
        (
            "sourceRange = [\"54.172.60.0/30\", \"54.244.51.0/30\"]\n",
            1,
        ),
        (
            "loadBalancerSourceRanges:\n  - 54.172.60.0/30\n  - 54.244.51.0/30\n",
            0,
        ),
        (&format!("{list}0.0.0.0/0\n"), 1),
        (
            &format!("{list}\n\n\nufw allow from 0.0.0.0/0 to any port 5060\n"),
            1,
        ),
        (&format!("{list}deny 0.0.0.0/0\n"), 0),
        (
            &format!("{list}\n\n\nufw allow from 0.0.0.0/0 to any port 22\n"),
            0,
        ),
        (&format!("{list}route 0.0.0.0/0 via 10.0.0.1\n"), 0),
        ("ACCEPT udp -- 54.172.60.0/30 0.0.0.0/0 udp dpt:5060\n", 0),
        ("0.0.0.0/0\n", 0),
    ] {
        assert_eq!(hints(text), expected, "{text}");
    }
}
