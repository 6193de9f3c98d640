//! The command line: names, lists, notices and destinations of output.

use crate::common;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Stdio;

use crate::common::{CORE_FORMATS, OPEN_LISTING, READ_BY_CHECK, Tool, facts, render};

// Selection.

#[test]
fn every_published_name_selects_its_region() {
    for row in facts::regions() {
        let wanted = render(&format!("--region {} --format iptables", row[0]));
        // Place, edges, legacy id, AWS region, English and Japanese name.
        for name in &row[..7] {
            let spellings = [
                name.clone(),
                name.to_uppercase(),
                name.to_lowercase(),
                name.replace('-', "_"),
                name.replace(['-', ' '], ""),
                name.replace('-', " "),
                format!(" {name} "),
            ];
            for spelling in spellings {
                let args = ["--format", "iptables", "--quiet", "--region", &spelling];
                assert_eq!(Tool::new(args).run().ok(), wanted, "{spelling}");
            }
        }
    }
}

#[test]
fn accepts_accents_japanese_names_and_continents() {
    for (spelling, region) in [
        ("São Paulo", "sao-paulo"),
        ("sao_paulo", "sao-paulo"),
        ("SÃO-PAULO", "sao-paulo"),
        ("東京", "tokyo"),
        ("サンパウロ", "sao-paulo"),
        ("ﾄｳｷｮｳ東京", ""),
        ("ヴァージニア", "virginia"),
        ("Europe", "ireland,frankfurt"),
        ("欧州", "ireland,frankfurt"),
        ("asia_pacific", "tokyo,singapore,sydney"),
        ("North America", "virginia,oregon"),
        ("南米", "sao-paulo"),
        ("all", "all"),
        ("ALL", "all"),
    ] {
        let ran = Tool::new(["-q", "-f", "nft", "--region", spelling]).run();
        if region.is_empty() {
            ran.refused();
        } else {
            assert_eq!(
                ran.ok(),
                render(&format!("-f nft --region {region}")),
                "{spelling}"
            );
        }
    }
}

/// Names on Twilio's pages, in spellings that people use. The name of an Interconnect exchange causes a
/// notice.
#[test]
fn names_on_pages_of_twilio_select_their_regions() {
    let long = Tool::line("list regions --long").run_once().to_lowercase();
    for row in facts::region_names() {
        let [name, regions, connection] = &row[..] else {
            panic!("{row:?}");
        };
        let wanted = render(&format!("-f nft --region {}", regions.replace(' ', ",")));
        for spelling in [
            name.clone(),
            name.to_lowercase(),
            name.replace(['(', ')'], ""),
            name.replace(' ', "-"),
        ] {
            let ran = Tool::new(["-f", "nft", "--edition=regional", "--region", &spelling]).run();
            let note = format!(
                "note: '{spelling}' is an Interconnect edge location, but the edition is for the public internet; use --edition interconnect for its addresses\n"
            );
            assert_eq!(
                ran.stderr.contains(&note),
                connection == "interconnect",
                "{spelling}: {ran}"
            );
            assert_eq!(ran.ok(), wanted, "{spelling}");
        }
        let spelled = [name.to_lowercase(), name.to_lowercase().replace(' ', "-")];
        assert!(spelled.iter().any(|name| long.contains(name)), "{name}");
    }
}

#[test]
fn regions_can_be_repeated_mixed_and_named_twice() {
    let wanted = render("-f nft --region tokyo,virginia");
    for args in [
        "-f nft --region virginia --region tokyo",
        "-f nft --region jp1,us1,tokyo,ashburn-ix",
    ] {
        assert_eq!(render(args), wanted);
    }
    assert_eq!(render("-f nft --region tokyo,all"), render("-f nft"));
}

#[test]
fn current_is_the_public_edition_in_force() {
    assert_eq!(
        render("-f nft --edition current"),
        render("-f nft --edition global")
    );
    assert_eq!(
        render("-f nft --edition Current,global"),
        render("-f nft --edition GLOBAL")
    );
    assert_eq!(render("-f nft"), render("-f nft --edition regional"));
}

#[test]
fn formats_have_aliases_that_people_try() {
    for (name, format) in [
        ("nft", "nftables"),
        ("NFTables", "nftables"),
        ("ipt", "iptables"),
        ("iptables-restore", "iptables"),
        ("pfctl", "pf"),
        ("aws", "aws-sg"),
        ("aws_sg", "aws-sg"),
        ("security-group", "aws-sg"),
        ("cisco-acl", "cisco"),
        ("cisco_ios", "cisco"),
        ("ios", "cisco"),
    ] {
        assert_eq!(
            render(&format!("-f {name}")),
            render(&format!("-f {format}")),
            "{name}"
        );
    }
}

#[test]
fn accepts_values_in_any_case_and_under_names_that_people_try() {
    for (tried, value) in [
        ("--direction IN", "--direction in"),
        ("--direction inbound", "--direction in"),
        ("--direction Ingress", "--direction in"),
        ("--direction outbound", "--direction out"),
        ("--direction EGRESS", "--direction out"),
        ("--direction Both", ""),
        ("--transport TCP,Udp", "--transport tcp,udp"),
        ("--plane SIGNALING", "--plane signaling"),
        ("--plane rtp", "--plane media"),
        ("--edition GLOBAL", "--edition global"),
        ("--region TOKYO", "--region tokyo"),
        ("--color NEVER", ""),
        ("--limit RULES=1000", ""),
        (
            "--local-rtp-ports 20000:30000",
            "--local-rtp-ports 20000-30000",
        ),
        ("--local-rtp-ports 20000", "--local-rtp-ports 20000-20000"),
    ] {
        assert_eq!(
            render(&format!("-f nft {tried}")),
            render(&format!("-f nft {value}")),
            "{tried}"
        );
    }
    for line in [
        "list REGIONS",
        "completions BASH",
        "dataset show --edition Global",
    ] {
        assert_eq!(
            Tool::line(line).run_once(),
            Tool::line(&line.to_lowercase()).run_once(),
            "{line}"
        );
    }
    let rules = render("-f nft");
    for line in [
        "check -q -f NFT --report JSON rules",
        "scan --report JSON --fail-on NONE rules",
        "verify --report JSON --at HOST --ignore EXPOSURE listing",
        "dataset import --connection PUBLIC page",
    ] {
        let tool = |line: &str| {
            let page = include_str!("../pages/whole/global.official-en.md");
            let tool = Tool::line(line).file("rules", &rules);
            tool.file("page", page)
                .file("listing", OPEN_LISTING)
                .run_once()
        };
        assert_eq!(tool(line), tool(&line.to_lowercase()), "{line}");
    }
}

#[test]
fn short_options_equal_long_ones_in_every_verb() {
    let wanted = render("--region tokyo --edition global --direction in --format nftables");
    assert_eq!(render("-r tokyo -e global -d in -f nftables"), wanted);
    assert_eq!(
        render("-rtokyo -eglobal -din -fnftables -o /dev/stdout"),
        wanted
    );
    let page = include_str!("../pages/whole/global.official-en.md");
    for (short, long) in [
        (
            "check -r tokyo -e global -d in -f nft rules",
            "check --region tokyo --edition global --direction in --format nft rules",
        ),
        (
            "explain -r tokyo -e regional -d out 54.65.63.193",
            "explain --region tokyo --edition regional --direction out 54.65.63.193",
        ),
        (
            "verify -r tokyo -e global -d in --ignore exposure listing",
            "verify --region tokyo --edition global --direction in --ignore exposure listing",
        ),
        (
            "scan -r tokyo -e regional --fail-on none rules",
            "scan --region tokyo --edition regional --fail-on none rules",
        ),
        ("dataset show -e global", "dataset show --edition global"),
        (
            "dataset diff -e global -r tokyo page",
            "dataset diff --edition global --region tokyo page",
        ),
        (
            "dataset import -r tokyo page",
            "dataset import --region tokyo page",
        ),
    ] {
        let run = |line: &str| {
            let tool = Tool::line(line).file("rules", &wanted).file("page", page);
            tool.file("listing", OPEN_LISTING).run_once()
        };
        assert_eq!(run(short), run(long), "{short}");
    }
}

#[test]
fn every_option_has_a_variable_that_the_command_line_overrides() {
    let wanted = render(
        "-f iptables --region tokyo --edition global --direction in --plane signaling --transport tls,udp --local-address 192.0.2.1,192.0.2.7 --local-sip-port 5070 --local-tls-port 5071 --name pbx",
    );
    let tool = || {
        Tool::line("")
            .env("TWILIO_SIP_ALLOW_FORMAT", "iptables")
            .env("TWILIO_SIP_ALLOW_REGION", "tokyo")
            .env("TWILIO_SIP_ALLOW_EDITION", "global")
            .env("TWILIO_SIP_ALLOW_DIRECTION", "in")
            .env("TWILIO_SIP_ALLOW_PLANE", "signaling")
            .env("TWILIO_SIP_ALLOW_TRANSPORT", "tls,udp")
            .env("TWILIO_SIP_ALLOW_LOCAL_ADDRESS", "192.0.2.1,192.0.2.7")
            .env("TWILIO_SIP_ALLOW_LOCAL_SIP_PORT", "5070")
            .env("TWILIO_SIP_ALLOW_LOCAL_TLS_PORT", "5071")
            .env("TWILIO_SIP_ALLOW_NAME", "pbx")
            .env("TWILIO_SIP_ALLOW_QUIET", "yes")
    };
    let ran = tool().run();
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.ok(), wanted);
    let mut other = tool();
    other.command().args(["--region", "sydney"]);
    let text = other.run().ok();
    assert!(
        text.contains("54.252.254.64/30") && !text.contains("54.65.63.192"),
        "{text}"
    );
    let rtp = Tool::line("-q -f nft").env("TWILIO_SIP_ALLOW_LOCAL_RTP_PORTS", "30000-30999");
    let rtp = rtp.env("TWILIO_SIP_ALLOW_TABLE", "ip mine").run_once();
    assert!(
        rtp.contains("table ip mine {") && rtp.contains("udp dport 30000-30999"),
        "{rtp}"
    );
}

#[test]
fn variables_for_render_do_not_affect_other_verbs() {
    let text = Tool::line("list formats")
        .env("TWILIO_SIP_ALLOW_REGION", "tokyo")
        .env("TWILIO_SIP_ALLOW_FORMAT", "nft")
        .run_once();
    assert!(text.starts_with("FORMAT "), "{text}");
    for line in [
        "list regions",
        "man",
        "completions bash",
        "-q list editions",
    ] {
        let tool = Tool::line(line).env("TWILIO_SIP_ALLOW_FORMAT", "bogus");
        let tool = tool
            .env("TWILIO_SIP_ALLOW_TEMPLATE", "x")
            .env("TWILIO_SIP_ALLOW_LOCAL_SIP_PORT", "0");
        assert!(tool.run_once().len() > 100, "{line}");
    }
    // The value of an option can have the name of a verb.
    let text = Tool::line("-q --name list")
        .env("TWILIO_SIP_ALLOW_FORMAT", "pf")
        .run_once();
    assert!(text.contains("<list_media>"), "{text}");
}

#[test]
fn an_option_overrides_the_variable_of_an_option_that_it_excludes() {
    let tool = Tool::line("-q --template own.j2").file("own.j2", "{{ name }}\n");
    let tool = tool
        .env("TWILIO_SIP_ALLOW_FORMAT", "nft")
        .env("TWILIO_SIP_ALLOW_TABLE", "inet filter");
    assert_eq!(tool.run_once(), "twilio-sip\n");
    let tool = Tool::line("-q -f nft").env("TWILIO_SIP_ALLOW_TEMPLATE", "missing.j2");
    assert_eq!(tool.run_once(), render("-f nft"));
    let tool =
        Tool::line("-q -f nft --edition global").env("TWILIO_SIP_ALLOW_DATASET", "missing.yaml");
    assert_eq!(tool.run_once(), render("-f nft --edition global"));
}

#[test]
fn render_is_the_default_verb() {
    for options in [
        "-f nft",
        "-f pf -r tokyo -e global -d in",
        "--format csv --plane media",
    ] {
        assert_eq!(render(&format!("render {options}")), render(options));
    }
    let tool = Tool::line("render -q").env("TWILIO_SIP_ALLOW_FORMAT", "nft");
    assert_eq!(tool.run_once(), render("-f nft"));
    let tool = Tool::line("render -q -f nft").env("TWILIO_SIP_ALLOW_TEMPLATE", "missing.j2");
    assert_eq!(tool.run_once(), render("-f nft"));
    let own = Tool::line("render --quiet --template own.j2 --output own");
    let mut own = own.file("own.j2", "{{ name }}\n");
    own.run().ok();
    let written = fs::read_to_string(own.folder().join("own"));
    assert_eq!(written.unwrap(), "twilio-sip\n");
    let stderr = Tool::line("render").run().refused();
    assert!(
        stderr.contains("no format is selected; use --format"),
        "{stderr}"
    );
}

#[test]
fn every_verb_that_reports_or_lists_has_a_json_flag() {
    let rules = render("-f nft");
    let page = include_str!("../pages/whole/regional.page-en.html");
    let run = |line: &str, variables: &[(&str, &str)]| {
        let tool = Tool::line(line).file("rules", &rules).file("page", page);
        let mut tool = tool.file("listing", OPEN_LISTING);
        for (name, value) in variables {
            tool = tool.env(&format!("TWILIO_SIP_ALLOW_{name}"), value);
        }
        tool.run()
    };
    for line in [
        "check -q -f nft --json rules",
        "scan --fail-on none --json rules",
        "verify --ignore exposure --json listing",
        "explain --json 54.65.63.193",
        "list regions --json",
        "list formats --json",
        "list editions --json",
        "dataset show --json",
        "dataset diff --edition regional --json page",
    ] {
        let text = run(line, &[]).ok();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(json.is_object(), "{line}: {text}");
    }
    for verb in [
        "check -q -f nft rules",
        "scan --fail-on none rules",
        "verify --ignore exposure listing",
    ] {
        let json = run(&format!("{verb} --report json"), &[]).ok();
        let github = run(&format!("{verb} --report github"), &[]).ok();
        assert_ne!(json, github);
        for (options, variables) in [
            ("--json", &[][..]),
            ("--json --report JSON", &[]),
            ("--json", &[("REPORT", "github")]),
            ("", &[("JSON", "yes")]),
            ("--report json", &[("JSON", "no")]),
        ] {
            let ran = run(&format!("{verb} {options}"), variables);
            assert_eq!(ran.ok(), json, "{verb} {options} {variables:?}");
        }
        for variables in [("JSON", "yes"), ("JSON", "no")] {
            let ran = run(&format!("{verb} --report github"), &[variables]);
            assert_eq!(ran.ok(), github, "{verb} {variables:?}");
        }
        let stderr = run(&format!("{verb} --report github --json"), &[]).refused();
        let message = "error: --json and --report cannot be used together; remove one of them\n";
        assert!(stderr.contains(message), "{stderr}");
    }
}

// Notices.

#[test]
fn warns_about_the_default_edition_unless_it_is_named() {
    let rules = render("-f iptables");
    let stderr = |line: &str| {
        let tool = Tool::line(line).file("own", &rules);
        tool.file("listing", OPEN_LISTING).run().stderr
    };
    let warning = "twilio-sip-allow: warning: the default edition, 'regional', was superseded on 2024-02-21 by 'global'; use --edition current, or --edition regional if you need this one\n";
    for line in ["-f nft", "-q -f nft", "check -q -f iptables own"] {
        assert_eq!(stderr(line), warning, "{line}");
    }
    for line in [
        "-f nft --edition regional",
        "check -f iptables --edition regional own",
    ] {
        assert!(!stderr(line).contains("warning"), "{line}");
        assert_eq!(stderr(&format!("{line} -q")), "", "{line}");
    }
    // The default of these verbs is the current edition.
    for line in ["explain 54.65.63.193", "scan own", "verify listing"] {
        assert_eq!(stderr(line), "", "{line}");
    }
}

#[test]
fn prints_each_note_on_one_line_of_stderr_unless_quiet() {
    let superseded = "twilio-sip-allow: note: edition 'regional' was superseded on 2024-02-21 by 'global'; --edition global selects the list in force\n";
    let fewer = "twilio-sip-allow: note: 2 of 8 regions selected, but Twilio asks you to allow all of them, because other regions may serve your numbers";
    let stderr = |line: &str| {
        let ran = Tool::line(line).run();
        let stderr = ran.stderr.clone();
        ran.ok();
        stderr
    };
    assert_eq!(stderr("-f nft --edition regional"), superseded);
    assert_eq!(stderr("-f nft --edition global"), "");
    assert_eq!(stderr("-f nft --edition interconnect"), "");
    assert_eq!(
        stderr("-f nft --edition regional --region tokyo,sydney"),
        format!("{superseded}{fewer}\n")
    );
    assert_eq!(
        stderr("-f nft --edition global --region virginia,sydney"),
        format!("{fewer}; virginia fails over to oregon, which is not selected\n")
    );
    assert_eq!(
        stderr("-f nft --edition global --region virginia,oregon"),
        format!("{fewer}\n")
    );
    assert_eq!(
        stderr("-f aws --direction in --edition interconnect,global,regional-expanded")
            .lines()
            .last()
            .unwrap(),
        // UDP and TCP for 8 + 16 signaling networks, and 10 + 5 + 1 media networks.
        "twilio-sip-allow: note: direction 'in' has 64 rules, more than the default quota of 60 in a security group; raise the quota, or use several groups, one for each region or edition"
    );
    assert_eq!(
        stderr("-f nft --edition regional,global"),
        "twilio-sip-allow: note: edition 'regional' was superseded on 2024-02-21 by 'global'; omit it if you need only 'global'\n"
    );
    let interconnect = "twilio-sip-allow: note: 'Tokyo-IX' is an Interconnect edge location, but the edition is for the public internet; use --edition interconnect for its addresses\n";
    assert!(stderr("-f nft --edition global --region Tokyo-IX").starts_with(interconnect));
    assert!(!stderr("-f nft --edition interconnect --region tokyo-ix").contains("exchange"));
    assert_eq!(
        stderr("-f aws --edition global"),
        "twilio-sip-allow: note: the output for both directions has the form of 'describe-security-groups'; to authorize the rules, render --direction in and --direction out separately\n"
    );
    assert_eq!(stderr("-f aws --edition global --direction in"), "");
    assert_eq!(stderr("-q -f nft --edition global --region virginia"), "");
}

/// Without the note, a user who names no file would wait for the program, while the program waits for
/// input.
#[test]
fn a_command_that_reads_a_terminal_prints_a_note() {
    if !common::has("script", "a_command_that_reads_a_terminal_prints_a_note") {
        return;
    }
    for (call, typed, what) in [
        ("explain", "54.65.63.193", "addresses, one per line,"),
        (
            "check -e global -f nft",
            "table inet filter {}",
            "the listing",
        ),
        ("verify", "*filter", "the firewall"),
        ("scan -", "no address", "the text"),
        ("dataset diff", "no address", "the page"),
    ] {
        let printed = on_a_terminal(call, typed);
        let note =
            format!(" reading {what} from standard input; press Ctrl-D to end the input\r\n");
        assert!(printed.contains(&note), "{call}: {printed}");
    }
    let printed = on_a_terminal("explain -q", "54.65.63.193");
    assert!(!printed.contains("reading"), "{printed}");
    assert!(
        printed.contains("signaling udp, tcp and tls of tokyo"),
        "{printed}"
    );
}

/// The terminal output of a call after a user types one line and Ctrl-D.
fn on_a_terminal(call: &str, typed: &str) -> String {
    let program = env!("CARGO_BIN_EXE_twilio-sip-allow");
    let mut script = std::process::Command::new("timeout")
        .args(["60", "script", "-qec"])
        .args([&format!("'{program}' {call}"), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = script.stdin.take().unwrap();
    write!(keys, "{typed}\n\u{4}").unwrap();
    drop(keys);
    let output = script.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn uses_color_in_messages_on_terminals_or_on_request() {
    let stderr = |line: &str| Tool::line(line).run().stderr;
    assert!(stderr("-f nft --color always").contains("\u{1b}[1;33mwarning\u{1b}[0m: "));
    assert!(!stderr("-f nft").contains('\u{1b}'));
    assert!(!stderr("-f nft --color never").contains('\u{1b}'));
    assert!(stderr("-f nft --color always --region x").contains("\u{1b}[1;31merror\u{1b}[0m: "));
}

// Lists, help, completions and the manual page.

#[test]
fn list_regions_prints_every_name_and_fact() {
    let json: serde_json::Value =
        serde_json::from_str(&Tool::line("list regions --json").run_once()).unwrap();
    let rows = facts::regions();
    assert_eq!(json["regions"].as_array().unwrap().len(), rows.len());
    let countries: Vec<&str> = json["regions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|region| region["country"].as_str().unwrap())
        .collect();
    assert_eq!(
        countries,
        [
            "usa",
            "usa",
            "ireland",
            "germany",
            "japan",
            "singapore",
            "australia",
            "brazil"
        ]
    );
    assert_eq!(json["countries"][0]["names"][0], "USA");
    let table = Tool::line("list regions").run_once();
    for (row, region) in rows.iter().zip(json["regions"].as_array().unwrap()) {
        let keys = [
            "id",
            "edge",
            "interconnect_edge",
            "legacy_id",
            "aws_region",
            "name",
            "name_ja",
            "continent",
        ];
        let found: Vec<&str> = keys
            .iter()
            .map(|key| region[key].as_str().unwrap())
            .collect();
        assert_eq!(found, row[..8]);
        assert_eq!(region["failover"].as_str().unwrap_or_default(), row[8]);
        assert_eq!(
            region["domains"]["sip"],
            format!("{{example}}.sip.{}.twilio.com", row[1])
        );
        assert_eq!(
            region["domains"]["interconnect"],
            format!("{{example}}.sip.{}.twilio.com", row[2])
        );
        assert_eq!(
            region["domains"]["legacy"],
            format!("{{example}}.sip.{}.twilio.com", row[3])
        );
        assert_eq!(
            region["domains"]["trunking"],
            format!("{{example}}.pstn.{}.twilio.com", row[1])
        );
        let line = table
            .lines()
            .find(|line| line.starts_with(&row[0]))
            .unwrap();
        assert!(row.iter().all(|cell| line.contains(cell)), "{line}");
    }
    let long = Tool::line("list regions --long").run_once();
    let suites = ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"];
    assert_eq!(json["sip"]["srtp_to_twilio"], serde_json::json!(suites));
    assert_eq!(
        json["sip"]["srtp_from_twilio"],
        serde_json::json!(suites[..1])
    );
    for fact in [
        "  audio codec          G.711 mu-law (PCMU)\n",
        "  DTMF                 RFC 2833 (now RFC 4733)\n",
        "  SRTP to Twilio       AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32\n",
        "  SRTP from Twilio     AES_CM_128_HMAC_SHA1_80\n",
        "  certificate          *.sip.twilio.com\n",
        "  default TLS port     5061\n",
        "  sip domain           {example}.sip.tokyo.twilio.com\n",
        "  other names     東京, jp1-ix\n",
        "  usa        USA, US, United States, United States of America, アメリカ, アメリカ合衆国, 米国\n",
    ] {
        let found = long.lines().any(|line| squeeze(line) == squeeze(fact));
        assert!(found, "{fact}\n{long}");
    }
}

fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn list_editions_prints_dates_sources_and_networks() {
    let table = Tool::line("list editions").run_once();
    let lines: Vec<String> = table.lines().map(squeeze).collect();
    assert_eq!(
        lines[1..],
        [
            "regional public internet 8 5060/5060/5061 10000-20000 superseded on 2024-02-21 by global",
            "regional-expanded public internet 8 5060/5060/5061 10000-20000 superseded on 2024-02-21 by global",
            "global public internet 8 5060/5060/5061 10000-60000 in force since 2024-02-21",
            "interconnect Twilio Interconnect 8 5060/5060/5061 10000-60000 in force",
        ]
    );
    let json: serde_json::Value =
        serde_json::from_str(&Tool::line("list editions --json").run_once()).unwrap();
    let global = &json["editions"][2];
    assert_eq!(global["announced"], "2023-04-05");
    assert_eq!(global["in_force_since"], "2024-02-21");
    assert_eq!(
        global["media"]["networks"],
        serde_json::json!({"all": ["168.86.128.0/18"]})
    );
    assert_eq!(
        json["editions"][0]["superseded"],
        serde_json::json!({"date": "2024-02-21", "by": "global"})
    );
    let long = Tool::line("list editions --long").run_once();
    for line in [
        "\n  source  Twilio's page https://www.twilio.com/docs/sip-trunking/configure-with-interconnect\n",
        " Twilio's pages https://www.twilio.com/docs/sip-trunking/ip-addresses, https://www.twilio.com/docs/voice/api/",
        "\n  source  The lists that guides for PBXs and SBCs carried before the change, seen in public ",
    ] {
        assert!(format!("{long}\n").contains(line), "{long}");
    }
}

#[test]
fn list_formats_prints_the_table_of_formats() {
    let json: serde_json::Value =
        serde_json::from_str(&Tool::line("list formats --json").run_once()).unwrap();
    let formats = json["formats"].as_array().unwrap();
    let names = formats
        .iter()
        .map(|format| format["name"].as_str().unwrap());
    let names: Vec<&str> = names.collect();
    let listed = formats.iter().map(|format| {
        let text = |key: &str| format[key].as_str().unwrap();
        (text("family"), text("name"))
    });
    let families = [
        ("Linux", "nftables iptables ipset ufw firewalld"),
        ("BSD and macOS", "pf"),
        ("AWS", "aws-sg aws-prefix-list terraform cloudformation"),
        (
            "Network devices",
            "cisco cisco-asa cisco-cube junos mikrotik",
        ),
        ("SIP servers", "asterisk freeswitch kamailio livekit"),
        ("Lists and data", "cidr csv json yaml tfvars"),
        ("Change requests", "markdown html"),
    ];
    let expected = families
        .iter()
        .flat_map(|(family, names)| names.split(' ').map(|name| (*family, name)));
    assert!(listed.eq(expected));
    let text = Tool::line("list formats").run_once();
    for help in [text, Tool::line("--help").run_once()] {
        let mut lines = help.lines().map(str::trim);
        for (family, names) in families {
            let mut heading = lines
                .by_ref()
                .skip_while(|line| line.trim_end_matches(':') != family);
            assert!(heading.next().is_some(), "{family}: {help}");
            for name in names.split(' ') {
                let row = lines.next().unwrap();
                assert!(row.starts_with(&format!("{name} ")), "{name}: {row}");
            }
        }
    }
    let read = formats
        .iter()
        .map(|format| format["read_by_check"].as_bool().unwrap());
    assert!(read.eq(names.iter().map(|name| READ_BY_CHECK.contains(name))));
    let table = Tool::line("list formats --long").run_once();
    for wanted in [
        "nft -f FILE",
        "iptables-restore --noflush FILE",
        "aws ec2 authorize-security-group-ingress (for --direction in) or -egress (for out)",
        "cisco-acl, cisco-ios",
    ] {
        assert!(table.contains(wanted), "{table}");
    }
}

#[test]
fn help_shows_exit_statuses_and_working_examples() {
    for flag in ["-h", "--help"] {
        let help = Tool::line(flag).run_once();
        assert!(
            help.contains(
                "Exit status:\n  0  success, with no result that causes status 1\n  1  \"check\" or \"dataset diff\" \
                 found a difference, \"verify\" found a problem, \"scan\" has\n     a finding that matches --fail-on, or \
                 \"explain --all-allowed\" found an address that is\n     not allowed\n  2  wrong usage"
            ),
            "{help}"
        );
        let examples = help
            .lines()
            .filter(|line| line.starts_with("  twilio-sip-allow --"));
        let mut count = 0;
        for example in examples {
            let line = example.trim().trim_start_matches("twilio-sip-allow ");
            Tool::line(line.split(['|', '>']).next().unwrap())
                .run()
                .ok();
            count += 1;
        }
        assert_eq!(count, 3, "{help}");
    }
    assert_eq!(
        Tool::line("--version").run_once(),
        concat!(
            "twilio-sip-allow ",
            env!("CARGO_PKG_VERSION"),
            "\ndata: edition 'global', in force since 2024-02-21\n"
        )
    );
}

/// All verbs and the verbs below them.
const VERBS: [&str; 14] = [
    "render",
    "check",
    "verify",
    "dataset",
    "dataset show",
    "dataset diff",
    "dataset import",
    "dataset verify",
    "dataset bundle",
    "explain",
    "scan",
    "list",
    "completions",
    "man",
];

#[test]
fn short_and_long_help_list_the_same_options_with_global_options_last() {
    for verb in [&[""], &VERBS[..]].concat() {
        let [short, long] = ["-h", "--help"].map(|flag| Tool::line(&format!("{verb} {flag}")));
        let [short, long] = [short, long].map(Tool::run_once);
        assert_eq!(options_of(&short), options_of(&long), "{verb}");
        for help in [short, long] {
            let (_, end) = help.split_once("\n\nGlobal options:\n").unwrap();
            let version = if verb.is_empty() {
                &["-V, --version"][..]
            } else {
                &[]
            };
            let global = [
                "-q, --quiet",
                "--color",
                "--limit",
                "--config",
                "--no-config",
                "--data",
                "--data-key",
                "--data-allow-older",
                "--data-max-age",
                "-h, --help",
            ];
            assert_eq!(options_of(end), [&global[..], version].concat(), "{help}");
        }
    }
}

/// The options in a help text, in order.
fn options_of(help: &str) -> Vec<&str> {
    let (options, _) = help.split_once("\n\nExit status:").unwrap_or((help, ""));
    let lines = options.lines().map(str::trim_start);
    let options = lines.filter(|line| line.starts_with('-') && !line.starts_with("- "));
    let names = options.map(|line| line.split("  ").next().unwrap_or_default());
    names
        .map(|name| name.split(" <").next().unwrap_or_default())
        .collect()
}

#[test]
fn the_help_of_each_verb_describes_its_exit_statuses() {
    for verb in VERBS {
        let help = Tool::line(&format!("{verb} -h")).run_once();
        let (_, statuses) = help.split_once("\nExit status:\n").unwrap();
        let statuses = statuses.split("\n\n").next().unwrap();
        let found: Vec<&str> = statuses
            .lines()
            .filter_map(|line| line.strip_prefix("  "))
            .map(|line| &line[..1])
            .filter(|status| *status != " ")
            .collect();
        let has_findings = [
            "check",
            "verify",
            "dataset",
            "dataset diff",
            "explain",
            "scan",
        ];
        if has_findings.contains(&verb) {
            assert_eq!(found, ["0", "1", "2"], "{verb}");
        } else {
            assert_eq!(found, ["0", "2"], "{verb}");
        }
    }
    let check = Tool::line("check -h").run_once();
    assert!(
        check.contains("  0  the rules are in sync\n  1  the rules have drifted\n  2  wrong usage, invalid input or a failure: "),
        "{check}"
    );
}

#[test]
fn completions_and_the_manual_page_contain_every_option() {
    let help = Tool::line("--help").run_once();
    let options: Vec<&str> = help
        .split_whitespace()
        .filter(|word| {
            word.starts_with("--")
                && word.len() > 2
                && word
                    .bytes()
                    .skip(2)
                    .all(|b| b.is_ascii_lowercase() || b == b'-')
        })
        .collect();
    assert!(options.len() > 15, "{options:?}");
    let man = Tool::line("man").run_once();
    assert!(man.contains(".TH twilio-sip-allow 1"), "{man}");
    for (shell, prefix) in [
        ("bash", "--"),
        ("zsh", "--"),
        ("fish", "-l "),
        ("elvish", "--"),
        ("powershell", "--"),
    ] {
        let script = Tool::line(&format!("completions {shell}")).run_once();
        for option in &options {
            let wanted = option.replacen("--", prefix, 1);
            assert!(script.contains(&wanted), "{shell}: {wanted}");
            assert!(man.contains(&option.replace('-', "\\-")), "man: {option}");
        }
        for format in CORE_FORMATS {
            let listed = script.contains(format);
            assert!(
                listed || shell == "elvish" || shell == "powershell",
                "{shell}: {format}"
            );
        }
    }
}

/// The log of a CI job can contain the program's output. Input and file names must not become commands
/// there: GitHub's runner executes `::name` at the start of a line, and `##[name]` anywhere.
#[test]
fn input_and_file_names_never_become_commands_in_a_ci_log() {
    let page = include_str!("../pages/whole/global.official-en.md");
    let rules = "*filter\n:TWILIO-SIP-IN - [0:0]\n:TWILIO-SIP-OUT - [0:0]\n\
                 -A TWILIO-SIP-IN -m comment --comment \"##[stop-commands]pwn\" -j ACCEPT\nCOMMIT\n";
    let group = r###"{"SecurityGroups": [{"GroupName": "twilio-sip ##[stop-commands]pwn", "IpPermissionsEgress": [],
        "IpPermissions": [{"IpProtocol": "udp", "FromPort": 1, "ToPort": 1,
        "UserIdGroupPairs": [{"GroupName": "##[stop-commands]pwn"}]}]}]}"###;
    let refused = rules.replace("-j ACCEPT", "-j ##[stop-commands]pwn");
    let listing = OPEN_LISTING.replace(
        "COMMIT",
        ":##[stop-commands]pwn - [0:0]\n-A INPUT -j ##[stop-commands]pwn\n\
         -A ##[stop-commands]pwn -m comment --comment \"##[stop-commands]pwn\" -j DROP\nCOMMIT",
    );
    for (line, text) in [
        ("check -q -f iptables", rules),
        ("check -q -f iptables --report json", rules),
        ("check -q -f iptables --report github", rules),
        ("check -q -f iptables --report sarif", rules),
        ("check -q -f iptables", &refused),
        ("check -q -f aws-sg", group),
        ("check -q -f aws-sg --report json", group),
        ("check -q -f aws-sg --report github", group),
        ("verify", rules),
        ("verify", &listing),
        ("verify --report json", &listing),
        ("verify --report github", &listing),
        ("verify --report sarif", &listing),
        ("verify --report html", &listing),
        ("scan", rules),
        ("scan", "Twilio 54.65.63.200"),
        ("scan --report json", "Twilio 54.65.63.200"),
        ("scan --report sarif", "Twilio 54.65.63.200"),
        ("scan --report github", "Twilio 54.65.63.200"),
        ("dataset diff", page),
        ("dataset diff --json", page),
        (
            "dataset diff",
            "## ##[stop-commands]pwn\n\n54.65.63.200/33\n",
        ),
        ("-q -f nftables --dataset", "##[stop-commands]pwn: 1\n"),
        ("-q --template", "{{ '##[stop-commands]pwn' + 1 }}"),
        ("check -q -f", rules),
    ] {
        for name in [
            "::stop-commands::pwn",
            " ::stop-commands::##[pwn]",
            "-\n::stop-commands::pwn",
        ] {
            let mut tool = Tool::line(line).file(name, text);
            tool.command().arg(name);
            let ran = tool.run();
            assert!(
                !ran.stdout.contains("##[") && !ran.stderr.contains("##["),
                "{ran}"
            );
            let ours = ["::error title=", "::warning title=", "::notice title="];
            for line in ran.stdout.lines().chain(ran.stderr.lines()) {
                let is_command = line.trim_start().starts_with("::");
                let is_ours = ours.iter().any(|ours| line.starts_with(ours));
                assert!(!is_command || is_ours && ran.stdout.contains(line), "{ran}");
            }
        }
    }
}

/// JSON parsers do not need the raw characters, and terminals execute some of them.
#[test]
fn the_json_of_every_verb_escapes_invisible_characters() {
    let nasty = "a\u{9b}\u{202e}\u{2028}\u{3164}\u{e0041}b";
    let escaped = r"a\u009b\u202e\u2028\u3164\udb40\udc41b";
    let rules = common::render("-f iptables");
    for args in [
        &["check", "-q", "-f", "iptables", "--report", "json"][..],
        // The rules are those of another edition. Without drift, the report names no file.
        &[
            "check", "-q", "-f", "iptables", "-e", "current", "--report", "sarif",
        ],
        &["scan", "-q", "--fail-on", "none", "--report", "json"],
        &["scan", "-q", "--fail-on", "none", "--report", "sarif"],
        &["dataset", "diff", "--json"],
        &["verify", "-q", "--report", "json"],
        &["verify", "-q", "--report", "sarif"],
    ] {
        let text = match args[0] {
            "dataset" => include_str!("../pages/whole/global.official-en.md"),
            "verify" => OPEN_LISTING,
            _ => &rules,
        };
        let mut tool = Tool::new(args.iter().copied()).file(nasty, text);
        tool.command().arg(nasty);
        let ran = tool.run();
        assert!(ran.status < 2, "{args:?} {ran}");
        let hidden = |c: char| c != '\n' && nasty[1..nasty.len() - 1].contains(c);
        assert!(!ran.stdout.contains(hidden), "{args:?}: {ran}");
        // SARIF contains the file as a URI.
        let wanted = if args.contains(&"sarif") {
            "%E2%80%AE"
        } else {
            escaped
        };
        assert!(ran.stdout.contains(wanted), "{args:?}: {ran}");
        serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap();
    }
    for line in [
        "explain --json 54.172.60.0",
        "list regions --json",
        "list editions --json",
        "list formats --json",
        "dataset show --json",
        "-q -f json",
        "-q -f yaml",
    ] {
        let printed = Tool::line(line).run().ok();
        let raw = |c: char| {
            c != '\n' && (c.is_control() || "\u{200b}\u{202e}\u{2028}\u{feff}".contains(c))
        };
        assert!(!printed.contains(raw), "{line}");
    }
}

/// The completions that bash offers for the last word.
fn offered(words: &[&str]) -> Vec<String> {
    let script = Tool::line("completions bash").run_once();
    let program = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={}; _twilio__sip__allow twilio-sip-allow '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &program])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_completes_options_values_and_verbs() {
    assert_eq!(
        offered(&["twilio-sip-allow", "--format", "n"]),
        ["nftables"]
    );
    assert_eq!(
        offered(&["twilio-sip-allow", "--region", "s"]),
        ["singapore", "sydney", "sao-paulo", "south-america"]
    );
    assert_eq!(offered(&["twilio-sip-allow", "--region", "u"]), ["usa"]);
    assert_eq!(offered(&["twilio-sip-allow", "li"]), ["list"]);
    assert_eq!(offered(&["twilio-sip-allow", "list", "r"]), ["regions"]);
    assert_eq!(offered(&["twilio-sip-allow", "list", "--lo"]), ["--long"]);
    assert_eq!(
        offered(&["twilio-sip-allow", "--local-s"]),
        ["--local-sip-port"]
    );
}

#[test]
fn the_manual_page_preserves_line_breaks() {
    let man = Tool::line("man").run_once();
    for wanted in [
        ".SH \"TWILIO-SIP-ALLOW LIST\"\n",
        ".SH \"TWILIO-SIP-ALLOW DATASET DIFF\"\n",
        ".SH \"EXIT STATUS\"\n.nf\n\\&  0  success, with no result that causes status 1\n",
        ".SH \"EXAMPLES\"\n.nf\n\\&  twilio\\-sip\\-allow \\-\\-edition current",
    ] {
        assert!(man.contains(wanted), "{wanted}\n{man}");
    }
    assert!(!man.contains("twilio\\-sip\\-allow\\-list(1)"));
}

// Destinations of output.

#[test]
fn replacing_a_file_keeps_its_mode_and_symlink() {
    let mut tool = Tool::line("-q -f nft --region tokyo --output link");
    let folder = tool.folder().to_owned();
    fs::create_dir(folder.join("real")).unwrap();
    let real = folder.join("real/rules.nft");
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/rules.nft", folder.join("link")).unwrap();
    let before = fs::metadata(&real).unwrap();
    let ran = tool.run();
    assert_eq!(ran.stdout, "");
    ran.ok();
    assert_eq!(
        fs::read_to_string(&real).unwrap(),
        render("-f nft --region tokyo")
    );
    let after = fs::metadata(&real).unwrap();
    assert_eq!(after.permissions().mode() & 0o7777, 0o640);
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino(), "the file was written in place");
    assert!(
        fs::symlink_metadata(folder.join("link"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(
        fs::read_dir(folder.join("real")).unwrap().count(),
        1,
        "a temporary file remains"
    );
}

#[test]
fn a_new_file_respects_the_umask() {
    let mut tool = Tool::new(["-q"]);
    let folder = tool.folder().to_owned();
    let program = env!("CARGO_BIN_EXE_twilio-sip-allow");
    let script = format!(
        "umask 027; '{program}' -q -f pf -o new.conf; umask 022; '{program}' -q -f pf -o {}/other.conf",
        folder.display()
    );
    *tool.command() = std::process::Command::new("sh");
    tool.command().args(["-c", &script]).current_dir(&folder);
    tool.run().ok();
    let mode = |name: &str| {
        fs::metadata(folder.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode("new.conf"), mode("other.conf")), (0o640, 0o644));
    assert_eq!(
        fs::read_to_string(folder.join("new.conf")).unwrap(),
        render("-f pf")
    );
}

#[test]
fn writes_through_a_dangling_symlink() {
    let mut tool = Tool::line("-q -f pf -o link");
    symlink("target.conf", tool.folder().join("link")).unwrap();
    tool.run().ok();
    assert_eq!(
        fs::read_to_string(tool.folder().join("target.conf")).unwrap(),
        render("-f pf")
    );
    assert!(
        fs::symlink_metadata(tool.folder().join("link"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn a_failed_call_keeps_the_old_file() {
    let mut tool = Tool::line("-f aws --local-address 192.0.2.1 -o rules").file("rules", "old");
    tool.run().refused();
    assert_eq!(
        fs::read_to_string(tool.folder().join("rules")).unwrap(),
        "old"
    );
    assert_eq!(fs::read_dir(tool.folder()).unwrap().count(), 1);
}

#[test]
fn a_reader_never_sees_an_incomplete_file() {
    let mut tool = Tool::line("-q -f iptables -o rules").file("rules", "");
    let path = tool.folder().join("rules");
    let wanted = render("-f iptables");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let text = fs::read_to_string(&path).unwrap();
                assert!(text.is_empty() || text == wanted, "{} bytes", text.len());
                reads += 1;
            }
            reads
        });
        for _ in 0..100 {
            tool.run().ok();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(reader.join().unwrap() > 100);
    });
}

#[test]
fn reports_a_folder_or_file_that_is_not_writable() {
    // Root can write everywhere, so another user must try.
    if !is_root() {
        let mut tool = Tool::line("-f nft -o closed/rules");
        let closed = tool.folder().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
        let stderr = tool.run().refused();
        assert!(
            stderr.contains("cannot write closed/rules: Permission denied"),
            "{stderr}"
        );
        return;
    }
    let tool = Tool::line("");
    let folder = tool.folder().to_owned();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir(folder.join("closed")).unwrap();
    fs::write(folder.join("rules"), "old").unwrap();
    fs::set_permissions(folder.join("rules"), fs::Permissions::from_mode(0o444)).unwrap();
    // Other users may be unable to read the build folder.
    let program = folder.join("program");
    // Another process copies it. Otherwise the file could still be open for writing when another thread
    // forks.
    let copied = std::process::Command::new("cp")
        .args([
            env!("CARGO_BIN_EXE_twilio-sip-allow").as_ref(),
            program.as_os_str(),
        ])
        .status();
    assert!(copied.unwrap().success());
    for (file, message) in [
        (
            "closed/rules",
            "cannot write closed/rules: Permission denied",
        ),
        ("rules", "cannot write rules: Permission denied"),
    ] {
        let output = std::process::Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&program)
            .args(["-f", "nft", "-o", file])
            .current_dir(&folder)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
    assert_eq!(fs::read_to_string(folder.join("rules")).unwrap(), "old");
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn a_full_device_is_an_error() {
    for line in [
        "-f nft",
        "list regions",
        "--help",
        "man",
        "completions bash",
    ] {
        let mut tool = Tool::line(line);
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        tool.command().stdout(Stdio::from(full));
        let output = tool
            .command()
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}: {stderr}");
        assert!(
            stderr.contains("cannot write to stdout: No space left on device"),
            "{line}: {stderr}"
        );
    }
    let stderr = Tool::line("-q -f nft --output /dev/full").run().refused();
    assert!(
        stderr.contains("cannot write /dev/full: No space left on device"),
        "{stderr}"
    );
}

#[test]
fn a_closed_pipe_does_not_crash_the_program() {
    for line in [
        "-f nft --edition global",
        "list regions --json",
        "--help",
        "completions bash",
    ] {
        let mut tool = Tool::line(line);
        let writer = common::a_pipe_without_reader();
        let child = tool
            .command()
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        // An incomplete ruleset is not a success, but it needs no message.
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{line}");
    }
}

#[test]
fn writes_output_to_a_pipe_or_device() {
    let mut tool = Tool::line("-q -f nft -o fifo");
    let fifo = tool.folder().join("fifo");
    let made = std::process::Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .unwrap();
    assert!(made.success());
    let mut child = tool.command().stdout(Stdio::null()).spawn().unwrap();
    let mut text = String::new();
    fs::File::open(&fifo)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(text, render("-f nft"));
    assert_eq!(Tool::line("-q -f nft --output -").run_once(), text);
    assert_eq!(
        Tool::line("-q -f nft --output /dev/stdout").run_once(),
        text
    );
}
