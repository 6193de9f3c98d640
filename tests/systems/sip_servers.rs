//! The formats for SIP servers, which match the source of requests: Asterisk, FreeSWITCH, Kamailio, LiveKit and
//! the Cisco Unified Border Element. Independent readers, written from the documentation, determine what each
//! output allows. A real Kamailio answers requests, and LiveKit's own definitions of its requests parse the
//! outputs for LiveKit.

use crate::common;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::facts::{self, Allowed, Range};
use crate::common::judge::{assert_in_sync, dialect, drift, policy_of_case};
use crate::common::mutate::{self, assert_none_is_missed};
use crate::common::namespace::Namespace;
use crate::common::oracle::Selected;
use crate::common::{
    Case, GOLDEN, Tool, assert_golden, assert_refuses_names, first_difference, head_commands,
    matrix, python, render, render_steadily, tell,
};
use serde_json::{Value, json};
use twilio_sip_allow::format::read::UnitQuery;
use twilio_sip_allow::format::{self, Unit, UnitName};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::Policy;

#[path = "sip_servers/cisco_cube.rs"]
mod cisco_cube;
#[path = "sip_servers/freeswitch.rs"]
mod freeswitch;

const CORE_FORMATS: [&str; 5] = [
    "asterisk",
    "freeswitch",
    "kamailio",
    "livekit",
    "cisco-cube",
];

fn read(format: &str, text: &str) -> Vec<Range> {
    match format {
        "asterisk" => asterisk(text, "twilio-sip"),
        "cisco-cube" => cisco_cube::list(text).unwrap(),
        "freeswitch" => freeswitch::list(text, "twilio-sip").unwrap(),
        "livekit" => livekit(text, "twilio-sip"),
        _ => kamailio(text, "twilio-sip"),
    }
}

/// One `identify` section and its networks. `;` starts a comment, and `;--` would start a multi-line
/// comment.
fn asterisk(text: &str, name: &str) -> Vec<Range> {
    assert!(!text.contains(";--") && !text.contains('\\'), "{text}");
    let lines = text.lines().filter_map(|line| {
        let line = line
            .split_once(';')
            .map_or(line, |(before, _)| before)
            .trim();
        (!line.is_empty()).then_some(line)
    });
    let lines: Vec<&str> = lines.collect();
    let section = format!("[{name}]");
    let endpoint = format!("endpoint={name}");
    assert_eq!(lines[..3], [&section, "type=identify", &endpoint], "{text}");
    let matches = lines[3..].iter().map(|line| {
        let network = line
            .strip_prefix("match=")
            .unwrap_or_else(|| panic!("{line}"));
        assert!(network.contains('/'), "{line}");
        facts::network(network)
    });
    matches.collect()
}

/// Records of group, address, mask, port and tag. `#` starts a comment.
fn kamailio(text: &str, tag: &str) -> Vec<Range> {
    let mut ranges = Vec::new();
    for line in text.lines() {
        let record = line.split_once('#').map_or(line, |(before, _)| before);
        let words: Vec<&str> = record.split_whitespace().collect();
        match words[..] {
            [] => {}
            ["1", address, mask, "0", own] if own == tag => {
                ranges.push(facts::network(&format!("{address}/{mask}")));
            }
            _ => panic!("{line}"),
        }
    }
    ranges
}

/// A request to create a trunk with three keys. Each network has a prefix length.
fn livekit(text: &str, name: &str) -> Vec<Range> {
    let request: Value = serde_json::from_str(text).unwrap();
    let trunk = request["trunk"].as_object().expect(text);
    let keys: Vec<&str> = trunk.keys().map(String::as_str).collect();
    assert_eq!(keys, ["name", "allowed_addresses"], "{text}");
    assert_eq!(request.as_object().unwrap().len(), 1, "{text}");
    assert_eq!(trunk["name"], name);
    networks_with_prefix(&trunk["allowed_addresses"])
}

fn networks_with_prefix(list: &Value) -> Vec<Range> {
    let list = list.as_array().unwrap().iter();
    let networks = list.map(|network| network.as_str().unwrap());
    let networks = networks.inspect(|network| assert!(network.contains('/'), "{network}"));
    networks.map(facts::network).collect()
}

fn is_refused(case: &Case) -> bool {
    case.plane == "media" || case.direction == "out"
}

/// The expected inbound signaling, by kind of packet.
fn signaling_in(case: &Case) -> Allowed {
    let mut expected = facts::expected(case, false);
    expected.retain(|key, _| key.direction == "in" && key.destination_ports.1 < 10_000);
    assert_eq!(expected.len(), 3, "udp, tcp, tls");
    expected
}

#[test]
fn every_selection_matches_exactly_the_published_networks() {
    let mut count = 0;
    for case in matrix() {
        for format in CORE_FORMATS {
            let command = format!("{} --format {format}", case.options());
            if is_refused(&case) {
                let stderr = Tool::line(&command).run().refused();
                assert!(
                    stderr.contains(&format!("{format} cannot express ")),
                    "{stderr}"
                );
                continue;
            }
            let found = read(format, &render(&command));
            for (key, ranges) in signaling_in(&case) {
                let united = facts::united(ranges);
                let own = |ranges: &[Range]| Allowed::from([(key.clone(), ranges.to_vec())]);
                let (wanted, found) = (facts::lines(&own(&united)), facts::lines(&own(&found)));
                if let Some(difference) = first_difference(&wanted, &found) {
                    panic!("{command}\n{difference}");
                }
                assert_eq!(
                    found.lines().count(),
                    facts::cidrs(&united).len(),
                    "{command}"
                );
            }
            count += 1;
        }
    }
    assert_eq!(count, CORE_FORMATS.len() * (4 * 11 + 2 * 2) * 2 * 2);
}

#[test]
fn rejects_inexpressible_selections_with_advice() {
    for format in CORE_FORMATS {
        for (options, message) in [
            (
                "--plane media",
                "media without signaling: it matches only SIP requests; use --plane signaling",
            ),
            (
                "--direction out",
                "--direction out: it matches only incoming requests; use --direction in",
            ),
            (
                "--transport udp,tls",
                "--transport: it matches addresses only, whatever the transport",
            ),
            (
                "--local-address 192.0.2.1",
                "--local-address and --local-...-port: it lists only Twilio's addresses",
            ),
            ("--local-sip-port 5070", "leave the options out"),
            (
                "--plane both --local-rtp-ports 30000-30999",
                "leave the options out",
            ),
            ("--table mine", "; leave it out, or use --format nftables"),
        ] {
            let stderr = Tool::line(&format!("{options} -f {format}"))
                .run()
                .refused();
            assert!(
                stderr.contains(message) && stderr.contains(format),
                "{options}\n{stderr}"
            );
        }
    }
}

#[test]
fn heads_describe_the_output_and_how_to_load_it() {
    let version = concat!(
        "twilio-sip-allow ",
        env!("CARGO_PKG_VERSION"),
        ": rules for Twilio's SIP calls, in format "
    );
    let common = [
        version,
        "edition: regional (superseded on 2024-02-21 by global)",
        "regions: tokyo, sydney",
        "direction: in",
        "planes: signaling (udp, tcp, tls)",
    ];
    let own = [
        (
            "asterisk",
            "; ",
            &["load: asterisk -rx 'pjsip reload' (once '#include FILE' is in pjsip.conf)"][..],
        ),
        (
            "kamailio",
            "# ",
            &[
                "load: kamcmd permissions.addressReload (once address_file is set to FILE)",
                "hook: modparam(\"permissions\", \"address_file\", \"FILE\")",
                "hook: if (!allow_source_address(\"1\")) { sl_send_reply(\"403\", \"Forbidden\"); exit; }",
            ],
        ),
        (
            "freeswitch",
            "  ",
            &[
                "load: fs_cli -x reloadacl (once acl.conf.xml includes FILE)",
                "hook: in <network-lists> of acl.conf.xml, a line with the element X-PRE-PROCESS cmd=\"include\" data=\"FILE\"",
                "hook: in <settings> of the SIP profile, <param name=\"apply-inbound-acl\" value=\"twilio-sip\"/>",
                "hook: fs_cli -x 'sofia profile PROFILE rescan'",
            ],
        ),
        (
            "cisco-cube",
            "! ",
            &[
                "load: copy FILE running-config",
                "hook: voice service voip",
                "hook: ip address trusted authenticate",
                "boot: copy running-config startup-config",
                "remove: voice service voip",
                "remove: no ip address trusted list",
            ],
        ),
    ];
    for (format, sign, own) in own {
        // The selection contains media and outbound traffic, but the output does not. The head says so.
        let text = render(&format!("--region tokyo,sydney --format {format}"));
        let head: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix(sign))
            .collect();
        for wanted in common.iter().chain(own) {
            let says =
                |line: &&str| line == wanted || *wanted == version && line.starts_with(version);
            assert!(head.iter().any(says), "{wanted}\n{text}");
        }
        assert!(text.contains("matches neither RTP"), "{text}");
        let removal = ["To remove everything, delete ", "! remove: "];
        assert!(removal.iter().any(|words| text.contains(words)), "{text}");
    }
}

#[test]
fn the_name_is_used_for_the_endpoint_the_tag_or_the_trunk() {
    let text = render("--region tokyo --name Twilio_Tokyo --format asterisk");
    assert_eq!(asterisk(&text, "Twilio_Tokyo").len(), 1);
    let text = render("--region tokyo --name Twilio_Tokyo --format kamailio");
    assert_eq!(kamailio(&text, "twilio-tokyo").len(), 1);
    let text = render("--region tokyo --name Twilio_Tokyo --format livekit");
    assert_eq!(livekit(&text, "Twilio_Tokyo").len(), 1);
    let text = render("--region tokyo --name Twilio_Tokyo --format freeswitch");
    assert_eq!(freeswitch::list(&text, "Twilio_Tokyo").unwrap().len(), 1);
    assert!(
        text.contains("name=\"apply-inbound-acl\" value=\"Twilio_Tokyo\""),
        "{text}"
    );
    for (options, message) in [
        (
            "--name None -f freeswitch",
            "freeswitch cannot express the name 'none': a SIP profile that applies it accepts all calls",
        ),
        (
            "--name own -f cisco-cube",
            "--name has no effect with cisco-cube; leave it out",
        ),
    ] {
        let stderr = Tool::line(options).run().refused();
        assert!(stderr.contains(message), "{options}\n{stderr}");
    }
}

/// Parsers that others wrote find the same networks in the same structure.
#[test]
fn other_parsers_read_the_same_networks() {
    let Some(python) = python("other_parsers_read_the_same_networks") else {
        return;
    };
    let cases: Vec<Case> = matrix()
        .into_iter()
        .filter(|case| !is_refused(case))
        .collect();
    for (format, script) in [
        ("freeswitch", "freeswitch_lists.py"),
        ("cisco-cube", "cisco_trusted_list.py"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (number, case) in cases.iter().enumerate() {
            let text = render(&format!("{} --format {format}", case.options()));
            std::fs::write(folder.path().join(number.to_string()), text).unwrap();
        }
        let output = std::process::Command::new(&python)
            .arg(format!(
                "{}/tests/peers/{script}",
                env!("CARGO_MANIFEST_DIR")
            ))
            .args((0..cases.len()).map(|number| number.to_string()))
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(printed.lines().count(), cases.len());
        for (case, line) in cases.iter().zip(printed.lines()) {
            let value: Value = serde_json::from_str(line).unwrap();
            let mut found = parsed_networks(format, &value);
            found.sort();
            let expected = signaling_in(case).into_values().next().unwrap();
            assert_eq!(
                found,
                {
                    let mut expected = facts::cidrs(&facts::united(expected));
                    expected.sort();
                    expected
                },
                "{}",
                case.options()
            );
        }
        tell(&format!("other parsers: {format}: {} outputs", cases.len()));
    }
}

/// The networks in the output of a script, which are in the expected structure.
fn parsed_networks(format: &str, value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    if format == "freeswitch" {
        assert_eq!(
            (&value["name"], &value["default"]),
            (&"twilio-sip".into(), &"deny".into())
        );
        let nodes = value["nodes"].as_array().unwrap().iter();
        return nodes
            .map(|node| {
                assert_eq!(
                    (node["type"].as_str(), node.as_object().unwrap().len()),
                    (Some("allow"), 2)
                );
                text(&node["cidr"])
            })
            .collect();
    }
    let [list] = &value.as_array().unwrap()[..] else {
        panic!("{value}")
    };
    assert_eq!(list["parents"], serde_json::json!(["voice service voip"]));
    let children = list["children"].as_array().unwrap().iter();
    children
        .map(|child| {
            let child = text(child);
            let words: Vec<&str> = child.split(' ').collect();
            match words[..] {
                ["ipv4", address, mask] => {
                    format!("{address}/{}", facts::address(mask).leading_ones())
                }
                ["ipv4", address] => format!("{address}/32"),
                _ => panic!("{child}"),
            }
        })
        .collect()
}

/// IOS accepts 100 addresses.
#[test]
fn a_trusted_list_has_at_most_100_networks() {
    let ran = |count: usize| {
        let networks: Vec<String> = (0..count).map(|n| format!("10.0.{n}.0/25")).collect();
        let dataset = format!(
            "edition: own\ntitle: A title\nconnection: public\nsource: A source\n\
             signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{all: [{}]}}}}\n\
             media: {{ports: 10000-20000, networks: {{all: [198.51.100.0/24]}}}}\n",
            networks.join(", ")
        );
        Tool::line("--dataset own.yaml -f cisco-cube")
            .file("own.yaml", dataset)
            .run()
    };
    assert_eq!(ran(100).status, 0);
    let stderr = ran(101).refused();
    let message = "cisco-cube cannot express more than 100 networks, the limit of IOS; select fewer regions or editions";
    assert!(stderr.contains(message), "{stderr}");
}

#[test]
fn a_name_cannot_inject_anything() {
    let nasty = [
        "a]b", "a b", "a;b", "a#b", "a\nb", "a(+)", "a,b", "[a", "a=b", "",
    ];
    for format in CORE_FORMATS {
        assert_refuses_names(format, &nasty);
    }
}

#[test]
fn notes_a_list_that_is_too_long_for_the_default_settings_of_kamailio() {
    let stderr = |count: usize| {
        let networks: Vec<String> = (0..count)
            .map(|n| format!("10.{}.{}.0/25", n / 256, n % 256))
            .collect();
        let dataset = format!(
            "edition: own\ntitle: A title\nconnection: public\nsource: A source\n\
             signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{all: [{}]}}}}\n\
             media: {{ports: 10000-20000, networks: {{all: [198.51.100.0/24]}}}}\n",
            networks.join(", ")
        );
        let ran = Tool::line("--dataset own.yaml -f kamailio")
            .file("own.yaml", dataset)
            .run();
        assert_eq!(ran.status, 0, "{ran}");
        ran.stderr
    };
    let printed =
        "513 networks are more than the module's default of 512; raise its parameter max_subnets";
    assert!(stderr(513).contains(printed));
    assert!(!stderr(512).contains("max_subnets"));
}

#[test]
fn the_same_call_prints_the_same_bytes_with_one_final_newline() {
    for format in CORE_FORMATS {
        let text = render_steadily(&format!("--edition regional,global --format {format}"));
        assert!(!text.contains('\r'), "{format}");
    }
}

#[test]
fn formats_have_aliases_that_people_try() {
    for (alias, format) in [
        ("pjsip", "asterisk"),
        ("PJSIP.conf", "asterisk"),
        ("kamailio_permissions", "kamailio"),
        ("address-file", "kamailio"),
        ("fs", "freeswitch"),
        ("acl.conf", "freeswitch"),
        ("acl.conf.xml", "freeswitch"),
        ("cube", "cisco-cube"),
        ("trusted_list", "cisco-cube"),
        ("livekit-sip", "livekit"),
        ("LK", "livekit"),
    ] {
        assert_eq!(
            render(&format!("-f {alias}")),
            render(&format!("-f {format}")),
            "{alias}"
        );
    }
}

#[test]
fn golden_files_are_unchanged() {
    for format in CORE_FORMATS {
        assert_golden(GOLDEN.map(|(name, options)| (name, options, format)));
    }
}

const SERVER: &str = "192.0.2.10";

/// A Kamailio in its own namespace. It answers 200, or 403 according to the configuration lines in the
/// head of an output.
struct Kamailio {
    namespace: Namespace,
    folder: tempfile::TempDir,
    child: Child,
}

impl Kamailio {
    fn start(test: &str) -> Option<Kamailio> {
        let namespace = Namespace::new(test, &["kamailio", "kamcmd", "python3"])?;
        namespace.script(&format!(
            "ip link set lo up\nip addr add {SERVER}/32 dev lo"
        ));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let rules = render("--region tokyo --format kamailio");
        let file = folder.path().join("address");
        std::fs::write(&file, &rules).unwrap();
        let [modparam, condition] = &head_commands(&rules, "hook", &file)[..] else {
            panic!("{rules}");
        };
        // The test reloads more often than a server in production.
        let configuration = format!(
            "#!KAMAILIO
log_stderror=yes
children=1
listen=udp:{SERVER}:5060
listen=tcp:{SERVER}:5060
loadmodule \"sl.so\"
loadmodule \"permissions.so\"
loadmodule \"ctl.so\"
modparam(\"ctl\", \"binrpc\", \"unix:{path}/ctl\")
modparam(\"permissions\", \"reload_delta\", 0)
{modparam}
request_route {{
{condition}
sl_send_reply(\"200\", \"OK\");
}}
"
        );
        std::fs::write(folder.path().join("kamailio.cfg"), configuration).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = namespace
            .command("kamailio")
            .args(["-DD", "-E", "-m", "32", "-M", "4", "-Y", &path])
            .args(["-f", &format!("{path}/kamailio.cfg")])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let kamailio = Kamailio {
            namespace,
            folder,
            child,
        };
        kamailio.wait();
        Some(kamailio)
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.control("core.version").0 {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(Instant::now() < deadline, "Kamailio does not start\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn control(&self, command: &str) -> (bool, String) {
        let socket = self.folder.path().join("ctl");
        self.namespace
            .try_script(&format!("kamcmd -s unix:{} {command}", socket.display()))
    }

    /// Replaces the file and loads it with the command in its head.
    fn load(&self, rules: &str) {
        let file = self.folder.path().join("address");
        std::fs::write(&file, rules).unwrap();
        let [load] = &head_commands(rules, "load", &file)[..] else {
            panic!("{rules}");
        };
        let (command, condition) = load.split_once(" (once address_file is set to ").unwrap();
        assert!(condition.starts_with(file.to_str().unwrap()), "{load}");
        let (ok, printed) = self.control(command.strip_prefix("kamcmd ").unwrap());
        assert!(ok && printed.contains("Reload OK"), "{printed}");
    }

    /// The output of `kamcmd` for the commands in `docs/check.md`.
    fn listed(&self) -> String {
        let socket = self.folder.path().join("ctl");
        self.namespace.script(&format!(
            "printf 'permissions.addressDump\\npermissions.subnetDump\\n' | kamcmd -s unix:{}",
            socket.display()
        ))
    }

    /// Loads a file. Returns an error if Kamailio rejects the file, and otherwise the loaded networks
    /// of group 1 for any port.
    fn networks_of(&self, file: &str) -> Result<Vec<Range>, String> {
        std::fs::write(self.folder.path().join("address"), file).unwrap();
        let (_, printed) = self.control("permissions.addressReload");
        if !printed.contains("Reload OK") {
            return Err(printed);
        }
        let listed = self.listed();
        let mut networks = Vec::new();
        for entry in listed.split("\tgroup: ").skip(1) {
            let value = |name: &str| {
                let mut lines = entry.lines().map(str::trim);
                lines
                    .find_map(|line| line.strip_prefix(name))
                    .map(str::to_owned)
            };
            if !entry.starts_with("1\n") {
                continue;
            }
            if value("port: ").as_deref() != Some("0") {
                return Err(listed);
            }
            let mask: u32 = value("mask: ").map_or(32, |mask| mask.parse().unwrap());
            let size = 1u32.checked_shl(32 - mask).unwrap_or(0);
            let first = facts::address(&value("ip: ").unwrap()) / size * size;
            networks.push((first, first + (size - 1)));
        }
        Ok(facts::united(networks))
    }

    /// The networks in the memory of Kamailio.
    fn dumped(&self) -> Vec<Range> {
        let mut networks = Vec::new();
        for table in ["subnet", "address"] {
            let (ok, dump) = self.control(&format!("permissions.{table}Dump"));
            assert!(ok, "{dump}");
            let values = |name: &str| -> Vec<String> {
                let lines = dump
                    .lines()
                    .filter_map(|line| line.trim().strip_prefix(name));
                lines.map(|value| value.trim().to_owned()).collect()
            };
            let addresses = values("ip:");
            for tell in ["group: 1", "port: 0", "tag: twilio-sip"] {
                let found = dump.lines().filter(|line| line.trim() == tell).count();
                assert_eq!(found, addresses.len(), "{tell}\n{dump}");
            }
            let masks = match table {
                "subnet" => values("mask:"),
                _ => vec!["32".to_owned(); addresses.len()],
            };
            assert_eq!(masks.len(), addresses.len(), "{dump}");
            let pairs = addresses.iter().zip(&masks);
            networks
                .extend(pairs.map(|(address, mask)| facts::network(&format!("{address}/{mask}"))));
        }
        networks
    }

    /// The response status for requests from each address.
    fn answers(&self, transport: &str, sources: &BTreeSet<Ipv4Addr>) -> BTreeMap<Ipv4Addr, String> {
        let sources = sources
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/sip_requests.py");
        let printed = self.namespace.script(&format!(
            "for source in {sources}; do ip addr replace $source/32 dev lo; done
python3 {} {transport} {SERVER} 5060 {sources}",
            script.display()
        ));
        let answers = printed
            .lines()
            .map(|line| line.split_once(' ').expect(&printed));
        answers
            .map(|(source, status)| (source.parse().unwrap(), status.to_owned()))
            .collect()
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Its child processes only end with it after a normal signal.
        let pid = self.child.id().to_string();
        let _ = std::process::Command::new("kill").arg(pid).status();
        let _ = self.child.wait();
    }
}

/// Each address of every published signaling network, and the addresses next to it.
fn sources() -> BTreeSet<Ipv4Addr> {
    let mut sources = BTreeSet::new();
    for edition in common::EDITIONS {
        for (first, last) in facts::published(edition, "all", "signaling") {
            assert!(
                last - first < 8,
                "too many addresses to send a request from each"
            );
            sources.extend((first - 1..=last + 1).map(Ipv4Addr::from));
        }
    }
    sources.extend(
        ["192.0.2.1", "54.65.63.255", "10.0.0.1"].map(|text| text.parse::<Ipv4Addr>().unwrap()),
    );
    sources
}

#[test]
fn kamailio_answers_calls_only_from_the_selected_networks() {
    let Some(kamailio) = Kamailio::start("kamailio_answers_calls_only_from_the_selected_networks")
    else {
        return;
    };
    let sources = sources();
    let (mut accepted, mut refused) = (0, 0);
    // Kamailio was started with the first one.
    for (edition, region) in [
        ("regional", "tokyo"),
        ("interconnect", "europe"),
        ("global", "all"),
    ] {
        if region != "tokyo" {
            kamailio.load(&render(&format!(
                "--edition {edition} --region {region} --format kamailio"
            )));
        }
        let allowed = facts::published(edition, region, "signaling");
        for transport in ["udp", "tcp"] {
            let answers = kamailio.answers(transport, &sources);
            assert_eq!(answers.len(), sources.len());
            for (source, status) in answers {
                let within = |(first, last): &Range| (*first..=*last).contains(&u32::from(source));
                let is_allowed = allowed.iter().any(within);
                let wanted = if is_allowed { "200" } else { "403" };
                assert_eq!(
                    status, wanted,
                    "{edition} {region}: {source} over {transport}"
                );
                accepted += usize::from(is_allowed);
                refused += usize::from(!is_allowed);
            }
        }
    }
    tell(&format!(
        "kamailio: {accepted} requests accepted, {refused} refused"
    ));
}

#[test]
fn kamailio_loads_exactly_the_networks_of_every_output() {
    let Some(kamailio) = Kamailio::start("kamailio_loads_exactly_the_networks_of_every_output")
    else {
        return;
    };
    for case in matrix()
        .into_iter()
        .filter(|case| case.direction == "in" && case.plane == "both")
    {
        let rules = render(&format!("{} --format kamailio", case.options()));
        let expected = signaling_in(&case).into_values().next().unwrap();
        for _ in 0..2 {
            kamailio.load(&rules);
            let found = facts::united(kamailio.dumped());
            assert_eq!(found, facts::united(expected.clone()), "{}", case.options());
        }
        assert_check_finds_what_changes(&kamailio, &case, &rules);
    }
}

/// The loaded networks are in sync. After one line is removed or added, they are not, and a repair
/// fixes that.
fn assert_check_finds_what_changes(kamailio: &Kamailio, case: &Case, rules: &str) {
    let policy = policy_of_case(case);
    assert_in_sync(&case.options(), "kamailio", &policy, &kamailio.listed());
    let (kept, _) = rules.trim_end().rsplit_once('\n').unwrap();
    for (changed, missing, extra) in [
        (format!("{kept}\n2 192.0.2.0 24 0 mine\n"), true, false),
        (format!("{rules}1 192.0.2.0 24 0 mine\n"), false, true),
        (format!("{rules}2 192.0.2.0 24 0 mine\n"), false, false),
    ] {
        kamailio.networks_of(&changed).unwrap();
        let listed = kamailio.listed();
        for text in [&changed, &listed] {
            let found = drift("kamailio", &policy, text).unwrap();
            let found = (!found.missing.is_empty(), !found.extra.is_empty());
            assert_eq!(found, (missing, extra), "{}: {text}", case.options());
        }
        if missing || extra {
            let options = format!("{} --format kamailio", case.options());
            let ran = Tool::line(&format!("check {options} --print-repair listed"))
                .file("listed", listed)
                .run();
            assert_eq!(ran.status, 1, "{ran}");
            kamailio.load(&ran.stdout);
            assert_in_sync(&options, "kamailio", &policy, &kamailio.listed());
        }
    }
}

/// The part of a selection that these formats can express.
fn signaling_in_alone(selected: &mut Selected) {
    selected.direction = "in";
    selected.rtp_ports = None;
}

fn published_signaling(selected: &Selected) -> Vec<Range> {
    facts::published(selected.editions[0], &selected.region, "signaling")
}

/// Kamailio itself interprets each mutant.
#[test]
fn kamailio_check_finds_every_mutant() {
    let Some(kamailio) = Kamailio::start("kamailio_check_finds_every_mutant") else {
        return;
    };
    assert_none_is_missed("kamailio", 2000, signaling_in_alone, |mutant, selected| {
        let held = kamailio.networks_of(mutant)?;
        if held == published_signaling(selected) {
            Ok(())
        } else {
            Err(format!("{held:?}\n{mutant}"))
        }
    });
}

/// The networks that the sections with one name and endpoint match, in any order of lines. [`asterisk`]
/// requires the exact layout instead.
fn identified(text: &str) -> Result<Vec<Range>, String> {
    let mut ranges = Vec::new();
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let code = line.split(';').next().unwrap().trim();
        match code
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()))
        {
            None if code.is_empty() => {}
            None if code.starts_with('[') && code.ends_with(']') => {
                // Each section must contain everything again.
                if seen.len() == 1 {
                    return Err(text.to_owned());
                }
                seen.clear();
            }
            Some(("type", "identify")) => drop(seen.insert("type")),
            Some(("endpoint", "twilio-sip")) => drop(seen.insert("endpoint")),
            Some(("match", network)) => {
                let (address, bits) = network.split_once('/').unwrap_or((network, "32"));
                let size = 1u64 << (32 - bits.parse::<u64>().unwrap());
                let first = u64::from(facts::address(address)) / size * size;
                let last = first + size - 1;
                ranges.push((first.try_into().unwrap(), last.try_into().unwrap()));
            }
            _ => return Err(line.to_owned()),
        }
    }
    if seen.len() == 2 {
        Ok(facts::united(ranges))
    } else {
        Err(text.to_owned())
    }
}

#[test]
fn asterisk_check_finds_every_mutant() {
    assert_none_is_missed("asterisk", 2000, signaling_in_alone, |mutant, selected| {
        let found = mutate::read(|| identified(mutant))??;
        if found == published_signaling(selected) {
            Ok(())
        } else {
            Err(mutant.to_owned())
        }
    });
}

/// Returns the messages of LiveKit's own parser for files with the given texts.
fn livekit_messages(test: &str, texts: &[String]) -> Option<Vec<Value>> {
    let python = python(test)?;
    let folder = tempfile::tempdir().unwrap();
    let files = texts.iter().enumerate().map(|(number, text)| {
        let file = folder.path().join(number.to_string());
        std::fs::write(&file, text).unwrap();
        file
    });
    let output = std::process::Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/livekit_requests.py"))
        .args(files)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let messages = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let messages: Vec<Value> = messages.collect();
    assert_eq!(messages.len(), texts.len());
    Some(messages)
}

const TRUNK: &str = "ST_cqYQ3UGPC5Kf";

/// Requests to create and to update a trunk, and answers of the API with this trunk and another one.
#[test]
fn livekit_understands_every_output_and_check_reads_every_answer() {
    let test = "livekit_understands_every_output_and_check_reads_every_answer";
    let cases: Vec<Case> = matrix()
        .into_iter()
        .filter(|case| !is_refused(case))
        .collect();
    let requests = cases.iter().flat_map(|case| {
        let options = format!("{} --format livekit", case.options());
        [
            render(&options),
            render(&format!("{options} --name {TRUNK}")),
        ]
    });
    let requests: Vec<String> = requests.collect();
    let Some(messages) = livekit_messages(test, &requests) else {
        return;
    };
    let mut listings = 0;
    for (case, pair) in cases.iter().zip(messages.chunks(2)) {
        let expected = signaling_in(case).into_values().next().unwrap();
        let policy = policy_of_case(case);
        for (message, name, id) in [(&pair[0], "twilio-sip", ""), (&pair[1], "", TRUNK)] {
            assert_eq!(
                (&message["name"], &message["id"]),
                (&json!(name), &json!(id))
            );
            let found = networks_with_prefix(&message["addresses"]);
            assert_eq!(facts::united(found), facts::united(expected.clone()));
            for listing in message["listings"].as_array().unwrap() {
                let listing = listing.as_str().unwrap();
                for name in [name, TRUNK].into_iter().filter(|name| !name.is_empty()) {
                    assert_livekit_drift(&policy, listing, name, true);
                    let other = listing.replacen("/3", "/2", 1);
                    assert_livekit_drift(&policy, &other, name, false);
                }
                listings += 1;
            }
        }
    }
    tell(&format!(
        "livekit: {} requests, {listings} answers",
        requests.len()
    ));
}

/// Fails unless the trunk is in sync or not, as stated, and the repair is an update of this trunk.
fn assert_livekit_drift(policy: &Policy, listing: &str, name: &str, is_in_sync: bool) {
    let unit = Unit {
        name: UnitName::deployed(name).unwrap(),
        table: None,
        ..Unit::default()
    };
    let wanted = UnitQuery {
        unit: &unit,
        directions: &policy.scope.directions,
        limits: Limits::default(),
    };
    let livekit = dialect("livekit");
    let part = livekit.supported_part(policy, &unit).unwrap().unwrap();
    let units = format::parse(livekit, listing, wanted).unwrap();
    let drift = format::compare(livekit, &part, &units, Limits::default(), || &[]).unwrap();
    assert_eq!(drift.is_none(), is_in_sync, "{name}: {listing}");
    let repair = format::repair(livekit, &part, listing, wanted, &units).unwrap();
    let update: Value = serde_json::from_str(&repair).unwrap();
    assert_eq!(update["sip_trunk_id"], TRUNK, "{repair}");
    let own = Unit {
        name: TRUNK.parse().unwrap(),
        table: None,
        ..Unit::default()
    };
    assert_eq!(repair, format::render(livekit, policy, &own).unwrap());
}

/// The networks of the only trunk in a request, without those that LiveKit ignores.
fn accepted_by_livekit(text: &str) -> Result<Vec<Range>, String> {
    let request: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let list = request["trunk"]["allowed_addresses"]
        .as_array()
        .ok_or(text)?;
    let entries = list.iter().map(|entry| entry.as_str().ok_or(text));
    let entries: Vec<&str> = entries.collect::<Result<_, _>>()?;
    let is_valid = |entry: &&str| {
        !entry.contains("://") && !entry.contains(['(', ')', '+', '*', ';', ',', ' ', '\t'])
    };
    let ranges = entries.into_iter().filter(is_valid).map(|entry| {
        let (address, bits) = entry.split_once('/').ok_or(entry)?;
        let bits: u32 = bits.parse().map_err(|_| entry)?;
        let size = 1u64 << 32u32.checked_sub(bits).ok_or(entry)?;
        let first = u64::from(facts::address(address)) / size * size;
        Ok((
            first.try_into().unwrap(),
            (first + size - 1).try_into().unwrap(),
        ))
    });
    let ranges = ranges.collect::<Result<Vec<Range>, &str>>()?;
    Ok(facts::united(ranges))
}

#[test]
fn livekit_check_finds_every_mutant() {
    assert_none_is_missed("livekit", 2000, signaling_in_alone, |mutant, selected| {
        let found = mutate::read(|| accepted_by_livekit(mutant))??;
        if found == published_signaling(selected) {
            Ok(())
        } else {
            Err(mutant.to_owned())
        }
    });
}
