//! The diagnosis of `check`: one explanation for a whole drift, and no explanation that is wrong.

use crate::common::{Ran, Tool, render, valid_json};
use serde_json::{Value, json};

/// A call of `check` on a file.
fn check(format: &str, options: &str, deployed: &str) -> Ran {
    Tool::line(&format!(
        "check --format {format} {options} --quiet deployed"
    ))
    .file("deployed", deployed)
    .run()
}

/// The rules of a selection.
fn rules(format: &str, options: &str) -> String {
    render(&format!("--format {format} {options}"))
}

/// The diagnosis in the text report; `None` if there is none. Fails unless the report says drift.
fn diagnosis(format: &str, options: &str, deployed: &str) -> Option<String> {
    let ran = check(format, options, deployed);
    assert_eq!((ran.status, &*ran.stderr), (1, ""), "{ran}");
    let mut lines = ran.stdout.lines();
    assert!(lines.next().unwrap().starts_with("drift: "), "{ran}");
    let ["", "deployed", first] = [0; 3].map(|_| lines.next().unwrap()) else {
        panic!("{ran}");
    };
    let diagnosis = first.strip_prefix("  diagnosis: ").map(str::to_owned);
    if diagnosis.is_some() {
        let counts = lines.next().unwrap();
        assert!(counts.ends_with(" extra; --verbose lists them"), "{ran}");
    } else {
        assert!(!ran.stdout.contains("diagnosis"), "{ran}");
        let is_part = |line: &str| line.starts_with("  missing ") || line.starts_with("  extra ");
        assert!(ran.stdout.lines().any(is_part), "{ran}");
    }
    diagnosis
}

const REGIONAL: &str = "edition 'regional', superseded on 2024-02-21 by 'global'";
const GLOBAL: &str = "edition 'global', in force since 2024-02-21; use --edition global";
const INTERCONNECT: &str = "edition 'interconnect', for Twilio Interconnect; use --edition interconnect, or load the rules";
const OTHERS: &str = "; use these options, or load the rules";

/// A format, the options of the deployed rules, the options of the check, and the diagnosis after
/// `the rules are those of `.
#[rustfmt::skip]
const OTHER_OPTIONS: &[(&str, &str, &str, &str)] = &[
    // Another edition.
    ("iptables", "-e regional", "-e current", "{REGIONAL}; load the rules"),
    ("nftables", "-e regional -r tokyo", "-e global -r tokyo", "{REGIONAL}; load the rules"),
    ("pf", "-e regional", "-e global", "{REGIONAL}; load the rules"),
    ("ipset", "-e regional", "-e global", "{REGIONAL}; load the rules"),
    ("terraform", "-e regional", "-e global", "{REGIONAL}; load the rules"),
    ("firewalld", "-e regional -d in", "-e global -d in", "{REGIONAL}; load the rules"),
    ("mikrotik", "-e regional-expanded", "-e current", "edition 'regional-expanded', superseded on 2024-02-21 by 'global'; load the rules"),
    ("aws-sg", "-e global", "-e regional", "{GLOBAL}"),
    ("iptables", "-e global -r tokyo -d in", "-e regional -r tokyo -d in", "{GLOBAL}"),
    ("ufw", "-e regional-expanded", "-e regional", "edition 'regional-expanded', superseded on 2024-02-21 by 'global'; use --edition regional-expanded, or load the rules"),
    // The other connection.
    ("cisco", "-e interconnect", "-e current", "{INTERCONNECT}"),
    ("kamailio", "-e interconnect", "-e current", "{INTERCONNECT}"),
    ("asterisk", "-e interconnect -r tokyo", "-e current -r tokyo", "{INTERCONNECT}"),
    ("aws-prefix-list", "-e interconnect --plane signaling", "-e current --plane signaling", "{INTERCONNECT}"),
    ("cisco-asa", "-e global", "-e interconnect", "edition 'global', for the public internet; use --edition global, or load the rules"),
    // Three editions have the same signaling networks. The one in force is named.
    ("nftables", "-e regional --plane signaling", "-e interconnect --plane signaling", "edition 'global', for the public internet; use --edition global, or load the rules"),
    // Pairs of editions.
    ("iptables", "-e regional,global", "-e global", "--edition regional,global (edition 'regional' was superseded on 2024-02-21 by 'global'){OTHERS}"),
    ("pf", "-e global,interconnect", "-e global", "--edition global,interconnect{OTHERS}"),
    ("junos", "-e global,regional", "-e regional", "--edition regional,global (edition 'regional' was superseded on 2024-02-21 by 'global'){OTHERS}"),
    ("nftables", "-e global", "-e regional,global", "edition 'global', in force since 2024-02-21; use --edition global, or load the rules"),
    // Other regions.
    ("nftables", "-e global -r tokyo,singapore", "-e global", "--region tokyo,singapore{OTHERS}"),
    ("iptables", "-e global -r singapore,tokyo", "-e global -r tokyo", "--region tokyo,singapore{OTHERS}"),
    ("cloudformation", "-e global", "-e global -r europe", "--region all{OTHERS}"),
    ("aws-sg", "-e regional -r usa", "-e regional -r tokyo", "--region virginia,oregon{OTHERS}"),
    ("kamailio", "-e global -r sydney", "-e global -r tokyo", "--region sydney{OTHERS}"),
    ("cisco", "-e global -r sao-paulo", "-e global", "--region sao-paulo{OTHERS}"),
    // Other regions of another edition.
    ("ufw", "-e regional -r tokyo", "-e current", "--region tokyo --edition regional (edition 'regional' was superseded on 2024-02-21 by 'global'){OTHERS}"),
    ("mikrotik", "-e global -r tokyo,sydney", "-e regional", "--region tokyo,sydney --edition global{OTHERS}"),
    ("asterisk", "-e interconnect -r oregon", "-e global", "--region oregon --edition interconnect{OTHERS}"),
    ("junos", "-e global -r ireland", "-e regional -r all", "--region ireland --edition global{OTHERS}"),
    // Other local ports.
    ("iptables", "-e global --local-sip-port 5080", "-e global", "--local-sip-port 5080{OTHERS}"),
    ("nftables", "-e global --local-tls-port 5443", "-e global", "--local-tls-port 5443{OTHERS}"),
    ("pf", "-e global --local-rtp-ports 20000-29999", "-e global", "--local-rtp-ports 20000-29999{OTHERS}"),
    ("cisco", "-e global", "-e global --local-sip-port 5080", "the same options without --local-sip-port{OTHERS}"),
    ("terraform", "-e global --local-sip-port 5080 --local-tls-port 5081", "-e global", "--local-sip-port 5080 --local-tls-port 5081{OTHERS}"),
    ("cisco-asa", "-e global -r tokyo --local-sip-port 5080", "-e global -r tokyo --local-sip-port 5090", "--local-sip-port 5080{OTHERS}"),
    ("iptables", "-e global -r tokyo", "-e global --local-rtp-ports 7000-7999", "--region tokyo, without --local-rtp-ports{OTHERS}"),
    // Another direction, plane or transport.
    ("iptables", "-e global -d out", "-e global -d in", "--direction out{OTHERS}"),
    ("nftables", "-e global --plane media", "-e global --plane signaling", "--plane media{OTHERS}"),
    ("pf", "-e global -d in --plane signaling", "-e global", "--plane signaling --direction in{OTHERS}"),
    ("mikrotik", "-e global", "-e global --transport tls", "the same options without --transport{OTHERS}"),
];

#[test]
fn names_the_options_that_the_rules_come_from() {
    for (format, deployed, options, expected) in OTHER_OPTIONS {
        let expected = expected
            .replace("{REGIONAL}", REGIONAL)
            .replace("{GLOBAL}", GLOBAL)
            .replace("{INTERCONNECT}", INTERCONNECT)
            .replace("{OTHERS}", OTHERS);
        assert_eq!(
            diagnosis(format, options, &rules(format, deployed)),
            Some(format!("the rules are those of {expected}")),
            "{format}: {deployed}; check {options}"
        );
    }
}

#[rustfmt::skip]
const ONE_OF_TWO: &[(&str, &str, &str, &str)] = &[
    ("iptables", "-e global -d in", "-e global", "the rules for direction 'out' are missing; use --direction in, or load the rules"),
    ("pf", "-e global -d out", "-e global", "the rules for direction 'in' are missing; use --direction out, or load the rules"),
    ("nftables", "-e global", "-e global -d in", "there are rules for direction 'out', but --direction in leaves them out; use --direction both, or load the rules"),
    ("mikrotik", "-e global", "-e global -d out", "there are rules for direction 'in', but --direction out leaves them out; use --direction both, or load the rules"),
    ("cisco", "-e global --plane signaling", "-e global", "the rules for plane 'media' are missing; use --plane signaling, or load the rules"),
    ("aws-sg", "-e global", "-e global --plane media", "there are rules for plane 'signaling', but --plane media leaves them out; use --plane both, or load the rules"),
    ("ipset", "-e regional", "-e regional --plane signaling", "there are rules for plane 'media', but --plane signaling leaves them out; use --plane both, or load the rules"),
];

#[test]
fn names_a_direction_or_a_plane_that_is_missing_or_was_not_selected() {
    for (format, deployed, options, expected) in ONE_OF_TWO {
        assert_eq!(
            diagnosis(format, options, &rules(format, deployed)).as_deref(),
            Some(*expected),
            "{format}: {deployed}; check {options}"
        );
    }
}

const OTHER_NAME: &str = "; load the rules, or use --name if they have another name";

#[test]
fn says_that_no_rules_are_deployed_and_suggests_similar_names() {
    let renamed = |format: &str, old: &str, new: &str| rules(format, "-e global").replace(old, new);
    for (format, deployed, expected) in [
        (
            "iptables",
            "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n".to_owned(),
            "in 'TWILIO-SIP-IN' or 'TWILIO-SIP-OUT': there is no such chain in table filter{OTHER_NAME}",
        ),
        (
            "iptables",
            renamed("iptables", "TWILIO-SIP-", "TWILLIO-SIP-"),
            "in 'TWILIO-SIP-IN': there is no such chain in table filter (did you mean TWILLIO-SIP-IN?); \
             in 'TWILIO-SIP-OUT': there is no such chain in table filter (did you mean TWILLIO-SIP-OUT or TWILLIO-SIP-IN?){OTHER_NAME}",
        ),
        (
            "iptables",
            "*filter\n:TWILIO-SIP-IN - [0:0]\n:TWILIO-SIP-OUT - [0:0]\nCOMMIT\n".to_owned(),
            "in 'TWILIO-SIP-IN' or 'TWILIO-SIP-OUT': it is empty; load the rules",
        ),
        (
            "nftables",
            "table inet filter {\n\tchain input {\n\t}\n}\n".to_owned(),
            "in 'twilio_sip_in' or 'twilio_sip_out': there is no such chain in table inet filter{OTHER_NAME}",
        ),
        (
            "cisco",
            "hostname edge\n!\nip access-list extended LAN\n permit ip any any\n!\nend\n"
                .to_owned(),
            "in 'TWILIO-SIP-IN' or 'TWILIO-SIP-OUT': the input has no such access list{OTHER_NAME}",
        ),
        (
            "mikrotik",
            renamed("mikrotik", "twilio-sip", "twilio-voip"),
            "in 'twilio-sip-in': there is no such chain in /ip firewall filter (did you mean twilio-voip-in?); \
             in 'twilio-sip-out': there is no such chain in /ip firewall filter (did you mean \
             twilio-voip-out?){OTHER_NAME}",
        ),
    ] {
        assert_eq!(
            diagnosis(format, "-e global", &deployed),
            Some(format!(
                "no rules are deployed {}",
                expected.replace("{OTHER_NAME}", OTHER_NAME)
            )),
            "{format}"
        );
    }
}

#[test]
fn says_why_one_direction_is_missing() {
    let deployed = rules("iptables", "-e global").replace("TWILIO-SIP-OUT", "TWILIO-SIP-OUTT");
    assert_eq!(
        diagnosis("iptables", "-e global", &deployed).unwrap(),
        "the rules for direction 'out' are missing in 'TWILIO-SIP-OUT': there is no such chain in table filter \
         (did you mean TWILIO-SIP-OUTT or TWILIO-SIP-IN?); use --direction in, or load the rules"
    );
}

/// The lines of a text, without those that contain a word.
fn without(text: &str, word: &str) -> String {
    assert!(text.contains(word), "{word}: {text}");
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains(word)).collect();
    kept.join("\n") + "\n"
}

/// A text with the first occurrence of a word replaced.
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}: {text}");
    text.replacen(old, new, 1)
}

/// The rules of one chain of iptables from one selection, and those of the other chain from another.
fn mixed(incoming: &str, outgoing: &str) -> String {
    let [incoming, outgoing] = [incoming, outgoing].map(|options| rules("iptables", options));
    let incoming = without(&without(&incoming, "-A TWILIO-SIP-OUT"), "COMMIT");
    let outgoing = outgoing
        .lines()
        .filter(|line| line.starts_with("-A TWILIO-SIP-OUT"));
    format!(
        "{incoming}{}\nCOMMIT\n",
        outgoing.collect::<Vec<_>>().join("\n")
    )
}

/// The name of a drift, its format, the options of the check, and the deployed rules.
type Drift = (&'static str, &'static str, &'static str, String);

/// Drifts of single rules, which no options explain.
fn damaged() -> Vec<Drift> {
    const TOKYO: &str = "-e global -r tokyo";
    let iptables = rules("iptables", TOKYO);
    let nftables = rules("nftables", TOKYO);
    let first = "-A TWILIO-SIP-IN";
    let before = |rule: &str| with(&iptables, first, &format!("{first} {rule}\n{first}"));
    vec![
        (
            "a deleted rule",
            "iptables",
            TOKYO,
            without(&iptables, "-A TWILIO-SIP-IN -s 54.65.63.192/30 -p udp"),
        ),
        (
            "a deleted rule of a set",
            "nftables",
            TOKYO,
            without(&nftables, "udp dport 5060 accept"),
        ),
        (
            "a mistyped address",
            "iptables",
            TOKYO,
            with(&iptables, "54.65.63.192/30", "54.65.36.192/30"),
        ),
        (
            "a mistyped address in a set",
            "nftables",
            TOKYO,
            nftables.replace("54.65.63.192/30", "54.56.63.192/30"),
        ),
        (
            "a wider prefix",
            "iptables",
            TOKYO,
            with(&iptables, "54.65.63.192/30", "54.65.63.192/29"),
        ),
        (
            "a narrower prefix",
            "nftables",
            TOKYO,
            nftables.replace("168.86.128.0/18", "168.86.128.0/19"),
        ),
        (
            "a wrong remote port",
            "iptables",
            TOKYO,
            iptables.replace(
                "-A TWILIO-SIP-OUT -d 54.65.63.192/30 -p udp -m udp --dport 5060",
                "-A TWILIO-SIP-OUT -d 54.65.63.192/30 -p udp -m udp --dport 5070",
            ),
        ),
        (
            "a wrong port of one protocol",
            "iptables",
            TOKYO,
            with(&iptables, "--dport 5060", "--dport 5070"),
        ),
        (
            "a wider range of remote ports",
            "iptables",
            "-e global -d out",
            rules("iptables", "-e global -d out").replace("10000:60000", "10000:65000"),
        ),
        (
            "an extra port",
            "iptables",
            TOKYO,
            before("-p tcp -m tcp --dport 22 -j ACCEPT"),
        ),
        (
            "an extra address",
            "iptables",
            TOKYO,
            before("-s 192.0.2.1 -p udp -m udp --dport 5060 -j ACCEPT"),
        ),
        (
            "everything accepted",
            "iptables",
            TOKYO,
            before("-j ACCEPT"),
        ),
        (
            "a deny before a permit",
            "iptables",
            TOKYO,
            before("-s 54.65.63.194 -j DROP"),
        ),
        (
            "an interface",
            "iptables",
            TOKYO,
            with(&iptables, "--dport 5060", "-i eth0 --dport 5060"),
        ),
        (
            "a permit of everything",
            "cisco",
            TOKYO,
            with(
                &rules("cisco", TOKYO),
                " 20 permit",
                " 15 permit ip any any
 20 permit",
            ),
        ),
        (
            "an entry with another mask",
            "kamailio",
            "-e global",
            with(&rules("kamailio", "-e global"), "30", "29"),
        ),
        (
            "local addresses",
            "nftables",
            TOKYO,
            rules("nftables", "-e global -r tokyo --local-address 192.0.2.1"),
        ),
        (
            "one transport",
            "iptables",
            TOKYO,
            rules("iptables", "-e global -r tokyo --transport udp"),
        ),
    ]
}

/// Drifts that other options explain only in part.
fn mixtures() -> Vec<Drift> {
    let regional = rules("iptables", "-e regional");
    let first = "-A TWILIO-SIP-IN";
    let foreign = format!("{first} -s 192.0.2.1 -p udp -j ACCEPT\n{first}");
    let prefix_list = rules("aws-prefix-list", "-e interconnect --plane signaling");
    let sets = rules("ipset", "-e regional -r tokyo,sydney");
    let other_media = without(&sets, "54.252.254.64/30");
    vec![
        (
            "one edition in, another one out",
            "iptables",
            "-e current",
            mixed("-e regional -r tokyo", "-e global -r tokyo"),
        ),
        (
            "one region in, another one out",
            "iptables",
            "-e global",
            mixed("-e global -r tokyo", "-e global -r sydney"),
        ),
        (
            "one port in each direction",
            "iptables",
            "-e interconnect",
            mixed("-e global --local-sip-port 5080", "-e regional"),
        ),
        (
            "an old edition without one rule",
            "iptables",
            "-e current",
            without(&regional, "-A TWILIO-SIP-OUT -d 3"),
        ),
        (
            "an old edition with an extra rule",
            "iptables",
            "-e current",
            with(&regional, first, &foreign),
        ),
        (
            "another edition with a mistyped address",
            "aws-prefix-list",
            "-e current --plane signaling",
            with(&prefix_list, "103.144.142.70", "103.144.124.70"),
        ),
        (
            "two regions of media and one of signaling",
            "ipset",
            "-e regional",
            other_media,
        ),
        (
            "two regions of different editions",
            "nftables",
            "-e global --plane media",
            with(
                &rules("nftables", "-e regional -r tokyo,sydney --plane media"),
                "54.252.254.64/26",
                "3.104.90.0/24",
            ),
        ),
    ]
}

#[test]
fn gives_no_diagnosis_that_is_not_exact() {
    let drifts = [damaged(), mixtures()].concat();
    assert!(drifts.len() >= 20);
    for (name, format, options, deployed) in drifts {
        assert_eq!(diagnosis(format, options, &deployed), None, "{name}");
    }
}

/// The search is limited to 4,000 steps in all units.
#[test]
fn searches_no_options_for_larger_units() {
    let regional = rules("iptables", "-e regional -r tokyo");
    let rule = regional
        .lines()
        .find(|line| line.starts_with("-A TWILIO-SIP-IN"))
        .unwrap();
    let repeated = |times: usize| with(&regional, rule, &format!("{rule}\n").repeat(times));
    let options = "-e global -r tokyo";
    let own = regional
        .lines()
        .filter(|line| line.starts_with("-A "))
        .count();
    let expected = format!("the rules are those of {REGIONAL}; load the rules");
    assert_eq!(
        diagnosis("iptables", options, &repeated(4_001 - own)),
        Some(expected)
    );
    assert_eq!(diagnosis("iptables", options, &repeated(4_002 - own)), None);
}

#[test]
fn verbose_lists_the_parts_after_the_diagnosis() {
    let deployed = rules("iptables", "-e global -r tokyo,sydney -d in");
    let options = "-e global -r tokyo -d in";
    let head = "drift: 0 missing, 2 extra, compared with the iptables rules for tokyo, edition global, \
                signaling and media in (TWILIO-SIP-IN, TWILIO-SIP-OUT)\n\ndeployed\n  diagnosis: the rules \
                are those of --region tokyo,sydney; use these options, or load the rules\n";
    let folded = "  0 missing, 2 extra; --verbose lists them\n";
    assert_eq!(
        check("iptables", options, &deployed).stdout,
        format!("{head}{folded}")
    );
    let verbose = check("iptables", &format!("{options} --verbose"), &deployed);
    let parts = verbose.stdout.strip_prefix(head).expect(head);
    assert!(!parts.contains("--verbose"), "{verbose}");
    assert_eq!(parts.matches("\n  extra   in ").count() + 1, 2, "{verbose}");
    assert!(
        parts.starts_with(
            "  extra   in  udp from 54.252.254.64/30 to any port 5060 (signaling of sydney, "
        ),
        "{verbose}"
    );
    assert_eq!(verbose.status, 1);
    let by_variable = Tool::line(&format!("check -f iptables -q {options} deployed"))
        .file("deployed", &deployed)
        .env("TWILIO_SIP_ALLOW_VERBOSE", "true")
        .run();
    assert_eq!(by_variable.stdout, verbose.stdout);
}

#[test]
fn json_has_the_diagnosis_and_every_part() {
    let test = "json_has_the_diagnosis_and_every_part";
    let report = |options: &str, deployed: &str| -> Value {
        let ran = check("nftables", &format!("{options} --json"), deployed);
        valid_json(test, "check", &ran)["files"][0].clone()
    };
    let deployed = rules("nftables", "-e regional -r tokyo --local-sip-port 5080");
    let options = "-e regional --local-tls-port 5062";
    let file = report(options, &deployed);
    assert_eq!(
        file["diagnosis"],
        json!({
            "kind": "other_options",
            "text": "the rules are those of --region tokyo --local-sip-port 5080, without --local-tls-port; \
                     use these options, or load the rules",
            "options": {"region": "tokyo", "local-sip-port": "5080", "local-tls-port": null},
        })
    );
    assert!(file["missing"].as_array().unwrap().len() > 20, "{file}");
    let file = report("-e global", &rules("nftables", "-e regional"));
    assert_eq!(file["diagnosis"]["kind"], "other_edition");
    assert_eq!(file["diagnosis"]["options"], json!({"edition": "regional"}));
    let file = report("-e global", "table inet filter {\n}\n");
    assert_eq!(file["diagnosis"]["kind"], "not_deployed");
    assert_eq!(file["diagnosis"]["options"], json!({}));
    assert_eq!(
        file["empty_units"],
        json!(["twilio_sip_in", "twilio_sip_out"])
    );
    let file = report("-e global", &rules("nftables", "-e global"));
    assert_eq!(
        (&file["verdict"], &file["diagnosis"]),
        (&json!("in sync"), &Value::Null)
    );
}

#[test]
fn github_gets_one_annotation_for_a_diagnosis() {
    let deployed = rules("iptables", "-e global -r tokyo,sydney -d in");
    let options = "-e global -r tokyo -d in --report github";
    let report = |options: &str| check("iptables", options, &deployed).stdout;
    let annotations = |report: &str| -> Vec<String> {
        let annotations = report.lines().filter(|line| line.starts_with("::"));
        annotations.map(str::to_owned).collect()
    };
    let expected = "::error title=drift,file=deployed::deployed: the rules are those of --region tokyo,sydney; use \
                    these options, or load the rules (0 missing, 2 extra)";
    assert_eq!(annotations(&report(options)), [expected]);
    let all = annotations(&report(&format!("{options} --verbose")));
    assert_eq!((all.len(), &*all[0]), (3, expected));
}

/// The options of a diagnosis bring `check` into sync.
#[test]
fn the_named_options_find_no_drift() {
    for (format, deployed, options, _) in OTHER_OPTIONS.iter().chain(ONE_OF_TWO) {
        let deployed = rules(format, deployed);
        let ran = check(format, &format!("{options} --json"), &deployed);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let changed = report["files"][0]["diagnosis"]["options"]
            .as_object()
            .unwrap();
        let mut words: Vec<&str> = options.split(' ').collect();
        for (name, value) in changed {
            let long = format!("--{name}");
            let short = format!("-{}", &name[..1]);
            let given = |word: &&str| *word == long || *word == short;
            if let Some(at) = words.iter().position(given) {
                words.drain(at..at + 2);
            }
            if let Some(value) = value.as_str() {
                words.extend([&*format!("--{name}").leak(), value]);
            }
        }
        let again = check(format, &words.join(" "), &deployed);
        assert_eq!(again.status, 0, "{format} {options}: {again}");
    }
}
