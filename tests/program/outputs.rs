//! The output of each format contains exactly the published networks, is stable, and resists injection.

use crate::common;

use std::os::unix::fs::PermissionsExt;

use crate::common::facts;
use crate::common::{
    CORE_FORMATS, Case, READ_BY_CHECK, Tool, assert_golden, head_commands, matrix, readers, render,
    renderable,
};

/// IOS access lists are stateless.
fn is_stateless(format: &str) -> bool {
    format == "cisco"
}

fn assert_exact(case: &Case, format: &str) {
    let command = format!("{} --format {format}", case.options());
    let expected = facts::expected(case, is_stateless(format));
    facts::assert_exact(
        &command,
        &expected,
        &readers::read(format, &render(&command)),
    );
}

#[test]
fn every_selection_allows_exactly_the_published_networks() {
    let cases = matrix();
    assert_eq!(cases.len(), 4 * 11 * 9 + 2 * 2 * 9);
    for case in &cases {
        for format in CORE_FORMATS {
            assert_exact(case, format);
        }
    }
}

#[test]
fn networks_are_merged_into_the_fewest_exact_cidrs() {
    // The three addresses of each exchange form a /31 and a /32, and four consecutive addresses form a
    // /30.
    let text = render(
        "--edition interconnect --region tokyo --plane signaling --direction in --transport udp --format cisco",
    );
    let permits: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("permit udp"))
        .collect();
    assert_eq!(
        permits,
        [
            " 10 permit udp 103.144.142.68 0.0.0.1 any eq 5060",
            " 20 permit udp host 103.144.142.70 any eq 5060",
        ]
    );
    let text =
        render("--region tokyo --plane signaling --direction in --transport udp --format iptables");
    assert_eq!(text.matches("54.65.63.192/30").count(), 1, "{text}");
    assert_eq!(text.matches("-A ").count(), 1, "{text}");
}

#[test]
fn the_same_call_prints_the_same_bytes() {
    for format in CORE_FORMATS {
        let command = format!("--edition regional,global --format {format}");
        assert_eq!(render(&command), render(&command), "{format}");
    }
}

#[test]
fn every_output_ends_with_one_newline() {
    for format in CORE_FORMATS {
        let text = render(&format!("--format {format}"));
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{format}");
        assert!(!text.contains('\r') && !text.contains(" \n"), "{format}");
    }
}

#[test]
fn heads_describe_the_output_and_how_to_load_it() {
    let common = [
        concat!("twilio-sip-allow ", env!("CARGO_PKG_VERSION"), ":"),
        "edition: regional (superseded on 2024-02-21 by global)",
        "regions: tokyo, sydney",
        "direction: in, out",
        "planes: signaling (udp, tcp, tls), media",
    ];
    let commands = [
        ("iptables", "load: iptables-restore --noflush FILE"),
        (
            "iptables",
            "hook: iptables -C INPUT -j TWILIO-SIP-IN 2>/dev/null || iptables -I INPUT -j TWILIO-SIP-IN",
        ),
        (
            "iptables",
            "hook: iptables -C OUTPUT -j TWILIO-SIP-OUT 2>/dev/null || iptables -I OUTPUT -j TWILIO-SIP-OUT",
        ),
        ("nftables", "load: nft -f FILE"),
        (
            "nftables",
            "hook: nft list chain inet filter input | sed 's/\"[^\"]*\"//g' | grep -qE '(jump|goto) twilio_sip_in( |,|$)' || nft insert rule inet filter input jump twilio_sip_in",
        ),
        (
            "nftables",
            "hook: nft list chain inet filter output | sed 's/\"[^\"]*\"//g' | grep -qE '(jump|goto) twilio_sip_out( |,|$)' || nft insert rule inet filter output jump twilio_sip_out",
        ),
        (
            "nftables",
            "The hooks need the base chains input and output in your table inet filter.",
        ),
        ("pf", "load: pfctl -a twilio-sip -f FILE"),
        (
            "pf",
            "hook: grep -qxF 'anchor \"twilio-sip\"' /etc/pf.conf || printf '\\n%s\\n' 'anchor \"twilio-sip\"' >> /etc/pf.conf && pfctl -f /etc/pf.conf",
        ),
        ("pf", "remove: pfctl -a twilio-sip -F all"),
        ("iptables", "boot: netfilter-persistent save"),
        (
            "iptables",
            "remove: iptables -D INPUT -j TWILIO-SIP-IN; iptables -F TWILIO-SIP-IN && iptables -X TWILIO-SIP-IN",
        ),
        (
            "iptables",
            "remove: if command -v netfilter-persistent >/dev/null; then netfilter-persistent save; fi",
        ),
        ("cisco", "load: copy FILE running-config"),
        ("cisco", "hook: interface INTERFACE"),
        ("cisco", "hook: ip access-group TWILIO-SIP-OUT out"),
        ("cisco", "boot: copy running-config startup-config"),
        ("cisco", "remove: no ip access-group TWILIO-SIP-OUT out"),
    ];
    for format in ["iptables", "nftables", "pf", "cisco"] {
        let text = render(&format!("--region tokyo,sydney --format {format}"));
        let sign = if format == "cisco" { "! " } else { "# " };
        let head: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix(sign))
            .collect();
        let commands = commands
            .iter()
            .filter(|(of, _)| *of == format)
            .map(|(_, line)| *line);
        for wanted in common.into_iter().chain(commands) {
            assert!(
                head.iter().any(|line| line.starts_with(wanted)),
                "{format}: {wanted}\n{text}"
            );
        }
    }
}

#[test]
fn an_aws_description_names_the_origin_of_the_range() {
    let text = render("--region tokyo --direction in --plane media --format aws-sg");
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        value["IpPermissions"][0]["IpRanges"][0]["Description"],
        concat!(
            "twilio-sip: media in, tokyo; edition regional (superseded on 2024-02-21 by global); \
             twilio-sip-allow ",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[test]
fn aws_permissions_have_the_required_structure_and_characters() {
    let unions = "regional,regional-expanded,global,interconnect";
    for edition in common::EDITIONS.into_iter().chain([unions]) {
        for (direction, keys) in [
            ("in", &["IpPermissions"][..]),
            ("out", &["IpPermissions"]),
            ("both", &["IpPermissions", "IpPermissionsEgress"]),
        ] {
            let text = render(&format!(
                "--edition {edition} --direction {direction} --format aws-sg"
            ));
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            let object = value.as_object().unwrap();
            assert_eq!(object.keys().map(String::as_str).collect::<Vec<_>>(), keys);
            for permissions in object.values() {
                check_permissions(permissions);
            }
        }
    }
}

fn check_permissions(permissions: &serde_json::Value) {
    let mut order = Vec::new();
    for permission in permissions.as_array().unwrap() {
        let mut ranges = Vec::new();
        for range in permission["IpRanges"].as_array().unwrap() {
            let description = range["Description"].as_str().unwrap();
            let allowed =
                |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
            assert!(description.chars().all(allowed), "{description}");
            assert!((1..=255).contains(&description.len()), "{description}");
            ranges.push(facts::network(range["CidrIp"].as_str().unwrap()));
        }
        assert!(
            ranges.windows(2).all(|pair| pair[0] < pair[1]),
            "{ranges:?}"
        );
        let text = |name: &str| permission[name].as_str().unwrap().to_owned();
        let number = |name: &str| permission[name].as_u64().unwrap();
        order.push((
            std::cmp::Reverse(text("IpProtocol")),
            number("FromPort"),
            number("ToPort"),
        ));
    }
    assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "{order:?}");
}

#[test]
fn aws_merges_tcp_5060_and_5061_only_if_they_are_adjacent() {
    let ports = |options: &str| {
        let text = render(&format!(
            "{options} --region tokyo --direction in --plane signaling --format aws-sg"
        ));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let permissions = value["IpPermissions"].as_array().unwrap().clone();
        let words = permissions.iter().map(|p| {
            format!(
                "{} {}-{}",
                p["IpProtocol"].as_str().unwrap(),
                p["FromPort"],
                p["ToPort"]
            )
        });
        words.collect::<Vec<_>>()
    };
    assert_eq!(ports(""), ["udp 5060-5060", "tcp 5060-5061"]);
    assert_eq!(
        ports("--local-sip-port 5070"),
        ["udp 5070-5070", "tcp 5061-5061", "tcp 5070-5070"]
    );
    assert_eq!(ports("--transport tls"), ["tcp 5061-5061"]);
}

#[test]
fn local_options_narrow_only_the_local_side() {
    let options = "--region tokyo --local-address 192.0.2.10,198.51.100.0/24 --local-sip-port 5070 \
                   --local-tls-port 5071 --local-rtp-ports 30000-30999";
    let lines = |format: &str, with: &str| -> Vec<String> {
        let text = render(&format!("{options} --format {format}"));
        let lines = text.lines().filter(|line| line.contains(with));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(
        lines("iptables", "-A TWILIO-SIP-IN")[..3],
        [
            "-A TWILIO-SIP-IN -s 54.65.63.192/30 -d 192.0.2.10/32 -p udp -m udp --dport 5070 -m comment --comment \"tokyo signaling udp\" -j ACCEPT",
            "-A TWILIO-SIP-IN -s 54.65.63.192/30 -d 198.51.100.0/24 -p udp -m udp --dport 5070 -m comment --comment \"tokyo signaling udp\" -j ACCEPT",
            "-A TWILIO-SIP-IN -s 54.65.63.192/30 -d 192.0.2.10/32 -p tcp -m tcp --dport 5070 -m comment --comment \"tokyo signaling tcp\" -j ACCEPT",
        ]
    );
    assert_eq!(
        lines("nftables", "comment \"media\"")[..],
        [
            "ip saddr @twilio_sip_media ip daddr { 192.0.2.10, 198.51.100.0/24 } udp dport 30000-30999 accept comment \"media\"",
            "ip daddr @twilio_sip_media ip saddr { 192.0.2.10, 198.51.100.0/24 } udp dport 10000-20000 accept comment \"media\"",
        ]
    );
    assert_eq!(
        lines("pf", "tls\"")[..],
        [
            "pass in quick inet proto tcp from <twilio_sip_signaling> to <twilio_sip_local> port 5071 flags S/SA keep state label \"twilio-sip in signaling tls\"",
            "pass out quick inet proto tcp from <twilio_sip_local> to <twilio_sip_signaling> port 5061 flags S/SA keep state label \"twilio-sip out signaling tls\"",
        ]
    );
    assert_eq!(
        lines("cisco", "established")[..2],
        [
            "90 permit tcp 54.65.63.192 0.0.0.3 eq 5060 host 192.0.2.10 established",
            "100 permit tcp 54.65.63.192 0.0.0.3 eq 5060 198.51.100.0 0.0.0.255 established",
        ]
    );
    assert_eq!(
        lines("cisco", "eq 5070 54.65.63.192")[..],
        [
            "90 permit tcp host 192.0.2.10 eq 5070 54.65.63.192 0.0.0.3 established",
            "100 permit tcp 198.51.100.0 0.0.0.255 eq 5070 54.65.63.192 0.0.0.3 established",
        ]
    );
}

#[test]
fn the_whole_address_space_as_local_address_means_any() {
    let any = render("--region tokyo --format iptables");
    assert_eq!(
        render("--region tokyo --format iptables --local-address 0.0.0.0/0"),
        any
    );
    let halves = "--region tokyo --format iptables --local-address 0.0.0.0/1,128.0.0.0/1";
    assert_eq!(render(halves), any);
}

/// Golden files prove that an output is unchanged. The tests above and the tests that load the output
/// prove that it is right.
#[test]
fn golden_files_are_unchanged() {
    let cases = [
        ("tokyo", "--region tokyo"),
        ("all", ""),
        ("current", "--edition current"),
        ("three-regions", "--region tokyo,virginia,sydney"),
        (
            "interconnect-frankfurt",
            "--edition interconnect --region frankfurt",
        ),
        ("union", "--edition regional,global --region tokyo,virginia"),
        ("in", "--region europe --direction in"),
        ("out", "--region europe --direction out"),
        (
            "signaling-tls",
            "--region sydney --plane signaling --transport tls",
        ),
        (
            "local-ports",
            "--region tokyo --local-sip-port 5070 --local-tls-port 5071 --local-rtp-ports 30000-30999",
        ),
        (
            "local-addresses",
            "--region tokyo --local-address 192.0.2.10,198.51.100.0/24 --name pbx-a",
        ),
    ];
    // A security group cannot express local addresses.
    let outputs = cases.iter().flat_map(|(name, options)| {
        let formats = CORE_FORMATS.into_iter();
        let formats = formats.filter(|f| (*name, *f) != ("local-addresses", "aws-sg"));
        formats.map(move |format| (*name, *options, format))
    });
    assert_golden(outputs);
}

/// Texts with a special meaning for a shell, a firewall's parser, JSON, a terminal or a person.
const NASTY: [&str; 28] = [
    "a b",
    "a\"b",
    "a'b",
    "a;b",
    "a}b",
    "a{b",
    "a!b",
    "a#b",
    "a\\b",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\0b",
    "a$(id)b",
    "a`id`b",
    "a--b",
    "--",
    "-a",
    "a-",
    "a|b",
    "a>b",
    "a*b",
    "a/b",
    "../a",
    "\u{202e}ab",
    "a\u{200b}b",
    "\u{1b}[31ma",
    "東京",
];

#[test]
fn a_name_cannot_inject_anything() {
    for format in CORE_FORMATS {
        for nasty in NASTY.into_iter().chain([""]) {
            // No argument can contain a NUL byte.
            if nasty.contains('\0') {
                continue;
            }
            let name = format!("--name={nasty}");
            let stderr = Tool::new(["--format", format, &name]).run().refused();
            assert!(
                stderr.contains("is not a name that every firewall accepts"),
                "{nasty:?}: {stderr}"
            );
            assert!(
                !stderr.contains(['\u{202e}', '\u{1b}', '\u{200b}', '\0']),
                "{nasty:?}: {stderr:?}"
            );
        }
    }
}

#[test]
fn a_table_cannot_inject_anything() {
    for nasty in NASTY.into_iter().filter(|nasty| !nasty.contains('\0')) {
        for table in [
            nasty.to_owned(),
            format!("inet {nasty}"),
            format!("{nasty} filter"),
            format!("inet filter {nasty}"),
        ] {
            let option = format!("--table={table}");
            // Names in nft can contain a hyphen.
            if matches!(table.as_str(), "inet a--b" | "inet a-") {
                Tool::new(["--format", "nftables", &option]).run().ok();
                continue;
            }
            let stderr = Tool::new(["--format", "nftables", &option]).run().refused();
            assert!(
                stderr.contains("write a family and a name, as in 'inet filter'"),
                "{table:?}: {stderr}"
            );
            assert!(
                !stderr.contains(['\u{202e}', '\u{1b}', '\u{200b}']),
                "{table:?}: {stderr:?}"
            );
        }
    }
}

#[test]
fn a_dataset_cannot_inject_anything() {
    let dataset = |edition: &str, title: &str, source: &str| {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        format!(
            "edition: {}\ntitle: {}\nconnection: public\nsource: {}\n\
             signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{all: [192.0.2.0/30]}}}}\n\
             media: {{ports: 10000-20000, networks: {{all: [198.51.100.0/24]}}}}\n",
            quoted(edition),
            quoted(title),
            quoted(source)
        )
    };
    let run = |format: &str, text: &str| {
        Tool::new(["--dataset", "own.yaml", "--quiet", "--format", format])
            .file("own.yaml", text)
            .run()
    };
    for format in CORE_FORMATS {
        let plain = run(format, &dataset("own", "A title", "A source")).ok();
        for nasty in NASTY {
            {
                let stderr = run(format, &dataset(nasty, "A title", "A source")).refused();
                assert!(
                    stderr.contains("own.yaml:1:10: edition: ") && stderr.contains("is not a name"),
                    "{nasty:?}: {stderr}"
                );
            }
            // No output contains the title and the source.
            let hidden = nasty
                .chars()
                .any(|c| c.is_control() || "\u{202e}\u{200b}".contains(c));
            let ran = run(format, &dataset("own", nasty, nasty));
            if hidden {
                let stderr = ran.refused();
                assert!(
                    stderr.contains("own.yaml:2:8: title: ")
                        && stderr.contains("invisible character"),
                    "{nasty:?}: {stderr}"
                );
            } else {
                assert_eq!(ran.ok(), plain, "{nasty:?}");
            }
        }
    }
}

/// The formats for people and other programs.
const FOR_PEOPLE_AND_PROGRAMS: [&str; 6] = ["cidr", "csv", "json", "yaml", "markdown", "html"];

fn all_formats() -> impl Iterator<Item = &'static str> {
    let readable = READ_BY_CHECK.iter().copied();
    readable.chain(FOR_PEOPLE_AND_PROGRAMS)
}

#[test]
fn every_format_rejects_a_name_or_table_without_effect() {
    let mut without_name = Vec::new();
    for format in all_formats() {
        let options = format!("--region tokyo {} --format {format}", renderable(format));
        let named = Tool::line(&format!("{options} --name pbx")).run();
        if named.status == 2 {
            assert_eq!(
                named.refused(),
                format!(
                    "twilio-sip-allow: error: --name has no effect with {format}; leave it out\n"
                )
            );
            without_name.push(format);
        } else {
            assert_ne!(named.ok(), render(&options), "{format}");
        }
        // Naming the default is allowed.
        let default = render(&format!("{options} --name twilio-sip"));
        assert_eq!(default, render(&options), "{format}");
        let table = Tool::line(&format!("{options} --table filter")).run();
        let refused = table.refused();
        if format != "nftables" {
            assert_eq!(
                refused,
                format!(
                    "twilio-sip-allow: error: --table has no effect with {format}; leave it out, \
                     or use --format nftables\n"
                )
            );
        }
    }
    assert_eq!(without_name, ["cisco-cube", "cidr", "csv"]);
    let variable = Tool::line("--format csv")
        .env("TWILIO_SIP_ALLOW_NAME", "pbx")
        .run();
    let refused = variable.refused();
    assert!(
        refused.contains("--name has no effect with csv"),
        "{refused}"
    );
    assert!(refused.contains("TWILIO_SIP_ALLOW_NAME"), "{refused}");
}

#[test]
fn a_format_that_narrows_a_selection_prints_a_note() {
    let notes = |command: &str, rules: &str| {
        let ran = Tool::line(command).file("deployed", rules).run();
        assert_eq!(ran.status, 0, "{ran}");
        let about = ran
            .stderr
            .lines()
            .filter(|line| line.contains("cannot express"));
        about.map(str::to_owned).collect::<Vec<_>>()
    };
    for format in all_formats() {
        for (selection, left_out) in [
            ("", "media or direction out"),
            ("--direction in", "media"),
            ("--plane signaling", "direction out"),
            ("--plane signaling --direction in", ""),
        ] {
            let is_refused = match format {
                "firewalld" => !selection.contains("--direction"),
                "aws-prefix-list" => !selection.contains("--plane"),
                _ => false,
            };
            if is_refused {
                continue;
            }
            let options = format!("{selection} --edition current --format {format}");
            let sip = [
                "asterisk",
                "cisco-cube",
                "freeswitch",
                "kamailio",
                "livekit",
            ];
            let narrows = sip.contains(&format) && !left_out.is_empty();
            let expected = format!(
                "{format} cannot express {left_out}: it covers only signaling, direction in"
            );
            let mut commands = vec![options.clone()];
            if READ_BY_CHECK.contains(&format) {
                commands.push(format!("check {options} deployed"));
            }
            for command in commands {
                let notes = notes(&command, &render(&options));
                assert_eq!(notes.len(), usize::from(narrows), "{command}: {notes:?}");
                assert!(
                    notes.iter().all(|note| note.ends_with(&expected)),
                    "{notes:?}"
                );
            }
        }
    }
}

/// Runs the commands in the head of pf with a fake `pfctl` that only records its calls.
#[test]
fn the_commands_for_pf_add_each_line_to_the_main_file_once_and_remove_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let main_file = path("pf.conf");
    // The last line has no newline.
    let host = "set skip on lo\nanchor \"twilio-sip-old\"\nblock";
    std::fs::write(&main_file, host).unwrap();
    std::fs::write(path("pfctl"), "#!/bin/sh\necho \"$@\" >>\"$0.log\"\n").unwrap();
    std::fs::set_permissions(path("pfctl"), PermissionsExt::from_mode(0o755)).unwrap();
    let rules = path("twilio.pf");
    let text = render("--region tokyo --format pf");
    let run = |kind: &str| {
        for command in head_commands(&text, kind, &rules) {
            let command = command.replace("/etc/pf.conf", &main_file.display().to_string());
            let output = std::process::Command::new("sh")
                .args([
                    "-c",
                    &format!("PATH={}:$PATH; {command}", folder.path().display()),
                ])
                .output()
                .unwrap();
            assert!(output.status.success(), "{command}: {output:?}");
        }
        let main = std::fs::read_to_string(&main_file).unwrap();
        let log = std::fs::read_to_string(path("pfctl.log")).unwrap();
        std::fs::write(path("pfctl.log"), "").unwrap();
        let main: Vec<&str> = main.lines().filter(|line| !line.is_empty()).collect();
        (main.join("\n"), log)
    };
    let reload = format!("-f {}\n", main_file.display());
    let hooked = format!("{host}\nanchor \"twilio-sip\"");
    let booted = format!(
        "{hooked}\nload anchor \"twilio-sip\" from \"{}\"",
        rules.display()
    );
    for main in [&hooked, &hooked] {
        assert_eq!(run("hook"), (main.clone(), reload.clone()));
    }
    for main in [&booted, &booted] {
        assert_eq!(run("boot"), (main.clone(), String::new()));
    }
    assert_eq!(
        run("remove"),
        (host.to_owned(), format!("{reload}-a twilio-sip -F all\n"))
    );
}
