//! `scan --fix` writes the addresses in force, and changes nothing else.
//!
//! The expected results are written by hand, as addresses or as whole files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::namespace::Namespace;
use crate::common::{Ran, Tool, python, valid_sarif};

/// A list before and after, as CIDRs, and after it as a list for signaling only.
struct Case {
    name: &'static str,
    before: &'static str,
    after: &'static str,
    signaling: &'static str,
}

const OLD: &str = "54.172.60.0/23 34.203.250.0/23 54.244.51.0/24 54.171.127.192/26 52.215.127.0/24 \
    35.156.191.128/25 54.65.63.192/26 54.169.127.128/26 54.252.254.64/26 177.71.206.192/26";
const SIGNALING: &str = "54.172.60.0/30 54.244.51.0/30 54.171.127.192/30 35.156.191.128/30 54.65.63.192/30 \
    54.169.127.128/30 54.252.254.64/30 177.71.206.192/30";

const CASES: [Case; 5] = [
    Case {
        name: "old",
        before: OLD,
        after: "54.172.60.0/30 168.86.128.0/18 54.244.51.0/30 54.171.127.192/30 35.156.191.128/30 \
            54.65.63.192/30 54.169.127.128/30 54.252.254.64/30 177.71.206.192/30",
        signaling: SIGNALING,
    },
    Case {
        name: "first",
        before: "54.65.63.192/26 54.172.60.0/30 3.112.80.0/24",
        after: "54.65.63.192/30 168.86.128.0/18 54.172.60.0/30",
        signaling: "54.65.63.192/30 54.172.60.0/30",
    },
    Case {
        name: "last",
        before: "168.86.128.0/18 54.172.60.0/30 54.172.60.0/23 3.1.77.0/24",
        after: "168.86.128.0/18 54.172.60.0/30",
        signaling: "168.86.128.0/18 54.172.60.0/30 54.169.127.128/30",
    },
    Case {
        name: "slip",
        before: "54.65.36.192/30 54.244.51.0/30 168.86.128.0/18",
        after: "54.65.63.192/30 54.244.51.0/30 168.86.128.0/18",
        signaling: "54.65.63.192/30 54.244.51.0/30 168.86.128.0/18",
    },
    Case {
        name: "wide",
        before: "54.172.60.0/30 177.71.206.0/24 168.86.128.0/18 168.86.0.0/16",
        after: "54.172.60.0/30 177.71.206.192/30 168.86.128.0/18",
        signaling: "54.172.60.0/30 177.71.206.192/30 168.86.128.0/18",
    },
];

/// A notation: the text around a list, and how an element is written.
struct Notation {
    name: &'static str,
    head: &'static str,
    element: fn(&str) -> String,
    separator: &'static str,
    end: &'static str,
    /// True if the list is for signaling only.
    signaling: bool,
    tool: Check,
}

/// The program that reads files of a notation.
#[derive(Clone, Copy, PartialEq)]
enum Check {
    None,
    Json,
    Yaml,
    Hcl,
    Xml,
    Ini,
    Bash,
    Iptables,
    Nft,
}

fn cidr(network: &str) -> String {
    network.to_owned()
}

fn quoted(network: &str) -> String {
    format!("\"{network}\"")
}

/// Returns the address, the netmask, the wildcard mask, and the last address of a network.
fn parts(network: &str) -> [String; 4] {
    let (address, prefix) = network.split_once('/').unwrap();
    let hosts = u32::MAX >> prefix.parse::<u32>().unwrap();
    let first = address.parse::<std::net::Ipv4Addr>().unwrap();
    let dotted = |bits: u32| std::net::Ipv4Addr::from_bits(bits).to_string();
    [
        address.to_owned(),
        dotted(!hosts),
        dotted(hosts),
        dotted(first.to_bits() | hosts),
    ]
}

const NOTATIONS: [Notation; 20] = [
    Notation {
        name: "lines",
        head: "# Twilio\n",
        element: cidr,
        separator: "\n",
        end: "\n# end\n",
        signaling: false,
        tool: Check::None,
    },
    Notation {
        name: "json",
        head: "{\n  \"twilio\": [\n    ",
        element: quoted,
        separator: ",\n    ",
        end: "\n  ],\n  \"other\": 1\n}\n",
        signaling: false,
        tool: Check::Json,
    },
    Notation {
        name: "json-inline",
        head: "{\"twilio\": [",
        element: quoted,
        separator: ", ",
        end: "], \"other\": 1}\n",
        signaling: false,
        tool: Check::Json,
    },
    Notation {
        name: "json-objects",
        head: "{\"twilio\": [\n",
        element: |network| format!("  {{\"cidr\": \"{network}\", \"allow\": true}}"),
        separator: ",\n",
        end: "\n]}\n",
        signaling: false,
        tool: Check::Json,
    },
    Notation {
        name: "yaml",
        head: "twilio:\n  cidrs:\n    - ",
        element: cidr,
        separator: "\n    - ",
        end: "\nother: true\n",
        signaling: false,
        tool: Check::Yaml,
    },
    Notation {
        name: "yaml-flow",
        head: "twilio: {cidrs: [",
        element: cidr,
        separator: ", ",
        end: "]}\nother: true\n",
        signaling: false,
        tool: Check::Yaml,
    },
    Notation {
        name: "hcl",
        head: "locals {\n  twilio = [\n    ",
        element: quoted,
        separator: ",\n    ",
        end: ",\n  ]\n}\n",
        signaling: false,
        tool: Check::Hcl,
    },
    Notation {
        name: "hcl-inline",
        head: "locals {\n  twilio = [",
        element: quoted,
        separator: ", ",
        end: "]\n}\n",
        signaling: false,
        tool: Check::Hcl,
    },
    Notation {
        name: "bash-array",
        head: "# Twilio\nnetworks=(\n  ",
        element: quoted,
        separator: "\n  ",
        end: "\n)\necho \"${networks[@]}\"\n",
        signaling: false,
        tool: Check::Bash,
    },
    Notation {
        name: "bash-words",
        head: "TWILIO=\"",
        element: cidr,
        separator: " ",
        end: "\"\necho $TWILIO\n",
        signaling: false,
        tool: Check::Bash,
    },
    Notation {
        name: "iptables",
        head: "*filter\n:INPUT DROP [0:0]\n:TWILIO - [0:0]\n-A INPUT -j TWILIO\n",
        element: |network| format!("-A TWILIO -s {network} -p udp -j ACCEPT"),
        separator: "\n",
        end: "\nCOMMIT\n",
        signaling: false,
        tool: Check::Iptables,
    },
    Notation {
        name: "iptables-sip",
        head: "*filter\n:INPUT DROP [0:0]\n:TWILIO - [0:0]\n-A INPUT -j TWILIO\n",
        element: |network| format!("-A TWILIO -s {network} -p udp -m udp --dport 5060 -j ACCEPT"),
        separator: "\n",
        end: "\nCOMMIT\n",
        signaling: true,
        tool: Check::Iptables,
    },
    Notation {
        name: "nft",
        head: "table ip t {\n  set twilio {\n    type ipv4_addr\n    flags interval\n    auto-merge\n    elements = { ",
        element: cidr,
        separator: ",\n                 ",
        end: " }\n  }\n}\n",
        signaling: false,
        tool: Check::Nft,
    },
    Notation {
        name: "ufw",
        head: "# Twilio\n",
        element: |network| format!("ufw allow from {network} to any port 5060 proto udp"),
        separator: "\n",
        end: "\nufw enable\n",
        signaling: true,
        tool: Check::Bash,
    },
    Notation {
        name: "pjsip",
        head: "[twilio]\ntype = identify\nendpoint = twilio\n",
        element: |network| format!("match = {network}"),
        separator: "\n",
        end: "\n\n[transport]\ntype = transport\n",
        signaling: true,
        tool: Check::Ini,
    },
    Notation {
        name: "freeswitch",
        head: "<list name=\"twilio\" default=\"deny\">\n",
        element: |network| format!("  <node type=\"allow\" cidr=\"{network}\"/>"),
        separator: "\n",
        end: "\n</list>\n",
        signaling: false,
        tool: Check::Xml,
    },
    Notation {
        name: "cisco",
        head: "! Twilio\nip access-list extended VOICE\n",
        element: |network| {
            let [address, _, wildcard, _] = parts(network);
            format!(" permit ip {address} {wildcard} any")
        },
        separator: "\n",
        end: "\n deny ip any any\n",
        signaling: false,
        tool: Check::None,
    },
    Notation {
        name: "netmask",
        head: "voice service voip\n ip address trusted list\n  ! Twilio\n",
        element: |network| {
            let [address, netmask, ..] = parts(network);
            format!("  ipv4 {address} {netmask}")
        },
        separator: "\n",
        end: "\n sip\n",
        signaling: false,
        tool: Check::None,
    },
    Notation {
        name: "ranges",
        head: "# Twilio\n",
        element: |network| {
            let [address, _, _, last] = parts(network);
            format!("{address} - {last}")
        },
        separator: "\n",
        end: "\n",
        signaling: false,
        tool: Check::None,
    },
    Notation {
        name: "kamailio",
        head: "# (tag) Twilio\n",
        element: |network| format!("1 {} 0 twilio", network.replace('/', " ")),
        separator: "\n",
        end: "\n",
        signaling: false,
        tool: Check::None,
    },
];

impl Notation {
    fn text(&self, networks: &str) -> String {
        let networks: Vec<String> = networks.split_whitespace().map(self.element).collect();
        format!("{}{}{}", self.head, networks.join(self.separator), self.end)
    }

    fn after(&self, case: &Case) -> String {
        let after = if self.signaling {
            case.signaling
        } else {
            case.after
        };
        self.text(after)
    }
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

/// Runs `scan --fix` on a file, and returns the result and the file.
fn fixed(options: &str, text: &str) -> (Ran, String) {
    let mut tool = Tool::line(&format!("scan --fix {options} list")).file("list", text);
    let ran = tool.run();
    let new = read(tool.folder(), "list");
    (ran, new)
}

/// Fails unless the fixed text is `expected`, a second run changes nothing, and the diff makes the same text.
fn assert_fixed(what: &str, before: &str, expected: &str) {
    let (ran, new) = fixed("--fail-on none", before);
    assert_eq!(new, expected, "{what} {ran}");
    let (again, same) = fixed("--fail-on none", &new);
    assert_eq!(same, new, "{what} {again}");
    assert!(!again.stdout.contains(": fixed: "), "{what} {again}");
}

#[test]
fn every_notation_keeps_everything_but_the_addresses() {
    let folder = tempfile::tempdir().unwrap();
    for notation in &NOTATIONS {
        for case in &CASES {
            let path = folder
                .path()
                .join(format!("{}-{}", notation.name, case.name));
            fs::write(path, notation.text(case.before)).unwrap();
        }
    }
    let mut tool = Tool::line("scan --fix --fail-on superseded,wider,unpublished .");
    let ran = tool.command().current_dir(folder.path()).output().unwrap();
    let report = String::from_utf8(ran.stdout).unwrap();
    for notation in &NOTATIONS {
        for case in &CASES {
            let name = format!("{}-{}", notation.name, case.name);
            let new = read(folder.path(), &name);
            assert_eq!(new, notation.after(case), "{name}\n{report}");
        }
    }
    assert_eq!(ran.status.code(), Some(0), "{report}");
    assert!(!report.contains("not fixed"), "{report}");
    let again = tool.run();
    let nothing = "twilio-sip-allow: note: there is nothing that --fix can change\n";
    assert!(again.stderr.starts_with(nothing), "{again}");
}

/// A test that a tool reads the files before and after the change.
fn assert_readable(tool: Check, check: impl Fn(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    for notation in NOTATIONS.iter().filter(|notation| notation.tool == tool) {
        for case in &CASES {
            let name = format!("{}-{}", notation.name, case.name);
            let path = folder.path().join(&name);
            fs::write(&path, notation.text(case.before)).unwrap();
            let after = folder.path().join(format!("{name}-after"));
            fs::write(&after, notation.text(case.before)).unwrap();
            let mut fix = Tool::line("scan --fix --fail-on none");
            fix.command().arg(&after);
            fix.run().ok();
        }
    }
    check(folder.path());
}

fn assert_python_reads(test: &str, tool: Check, script: &str) {
    let Some(python) = python(test) else { return };
    assert_readable(tool, |folder| {
        let script = format!(
            "import glob, sys\nfor name in sorted(glob.glob(sys.argv[1] + '/*')):\n    text = open(name).read()\n    {script}"
        );
        let output = Command::new(&python)
            .args(["-c", &script])
            .arg(folder)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
    });
}

#[test]
fn other_programs_read_the_fixed_files() {
    let test = "other_programs_read_the_fixed_files";
    assert_python_reads(test, Check::Json, "import json; json.loads(text)");
    assert_python_reads(test, Check::Yaml, "import yaml; yaml.safe_load(text)");
    assert_python_reads(test, Check::Hcl, "import hcl2; hcl2.loads(text)");
    assert_python_reads(
        test,
        Check::Xml,
        "import xml.etree.ElementTree as tree; tree.fromstring(text)",
    );
    assert_python_reads(
        test,
        Check::Ini,
        "import configparser; configparser.ConfigParser(strict=False).read_string(text)",
    );
    let on_all = |command: &str, folder: &Path| {
        let folder = folder.display();
        format!("set -e\nfor file in {folder}/*; do {command}; done\n")
    };
    assert_readable(Check::Bash, |folder| {
        let script = on_all("bash -n \"$file\"", folder);
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    });
    let Some(namespace) = Namespace::new(test, &["iptables-restore", "nft"]) else {
        return;
    };
    assert_readable(Check::Iptables, |folder| {
        namespace.script(&on_all("iptables-restore --test \"$file\"", folder));
    });
    assert_readable(Check::Nft, |folder| {
        namespace.script(&on_all("nft -c -f \"$file\"", folder));
    });
}

#[test]
fn quotes_comments_ends_of_lines_and_the_order_are_kept() {
    for (what, before, expected) in [
        (
            "comments",
            "# Twilio\n54.172.60.0/23   # Virginia\n10.0.0.0/8 # own\n\n3.1.77.0/24 # Singapore\n168.86.128.0/18\n",
            "# Twilio\n54.172.60.0/30   # Virginia\n10.0.0.0/8 # own\n\n168.86.128.0/18\n",
        ),
        (
            "CRLF",
            "# Twilio\r\n54.172.60.0/23\r\n34.203.250.0/23\r\n# end\r\n",
            "# Twilio\r\n54.172.60.0/30\r\n168.86.128.0/18\r\n# end\r\n",
        ),
        (
            "no line feed at the end, repeated",
            "# Twilio\n54.172.60.0/23",
            "# Twilio\n54.172.60.0/30\n168.86.128.0/18",
        ),
        (
            "no line feed at the end, removed",
            "# Twilio\n54.172.60.0/30\n168.86.128.0/18\n54.172.60.0/23",
            "# Twilio\n54.172.60.0/30\n168.86.128.0/18",
        ),
        (
            "byte order mark",
            "\u{feff}54.172.60.0/23 # Twilio\n",
            "\u{feff}54.172.60.0/30 # Twilio\n168.86.128.0/18 # Twilio\n",
        ),
        (
            "an array with one element",
            "twilio = [\n  '54.172.60.0/23'\n]\nmore = [\"54.244.51.0/24\"] # Twilio\n",
            "twilio = [\n  '54.172.60.0/30',\n  '168.86.128.0/18'\n]\nmore = [\"54.244.51.0/30\", \"168.86.128.0/18\"] # Twilio\n",
        ),
        (
            "signaling and media",
            "sip_signaling = [\n  \"54.172.60.0/23\",\n]\nrtp = [\n  \"54.172.60.0/23\", # Twilio\n  \"34.203.250.0/23\",\n]\n",
            "sip_signaling = [\n  \"54.172.60.0/30\",\n]\nrtp = [\n  \"168.86.128.0/18\", # Twilio\n]\n",
        ),
        (
            "incoming media ports, which are the user's own",
            "-A INPUT -s 54.172.60.0/30 -p udp --dport 5060 -j ACCEPT\n-A INPUT -s 54.172.60.0/23 -p udp --dport 10000:20000 -j ACCEPT\n-A INPUT -s 3.1.77.0/24 -p udp --dport 10000:20000 -j ACCEPT\n",
            "-A INPUT -s 54.172.60.0/30 -p udp --dport 5060 -j ACCEPT\n-A INPUT -s 168.86.128.0/18 -p udp --dport 10000:20000 -j ACCEPT\n",
        ),
        (
            "comments in attributes",
            "ufw allow from 54.172.60.0/23 comment 'Twilio Virginia'\nufw allow from 3.1.77.0/24 comment 'Twilio Singapore'\n",
            "ufw allow from 54.172.60.0/30 comment 'Twilio Virginia'\nufw allow from 168.86.128.0/18 comment 'Twilio Virginia'\n",
        ),
        (
            "fields on two lines",
            "# Twilio media\nedit 1\n set start-ip 3.1.77.0\n set end-ip 3.1.77.255\nnext\n",
            "# Twilio media\nedit 1\n set start-ip 168.86.128.0\n set end-ip 168.86.191.255\nnext\n",
        ),
        (
            "an invalid address",
            "[twilio]\nmatch = 54.65.63.192/33\nmatch=54.172.60.0/30\n",
            "[twilio]\nmatch = 54.65.63.192/30\nmatch=54.172.60.0/30\n",
        ),
        (
            "a list over several lines",
            "twilio: [54.172.60.0/23, 34.203.250.0/23,\n  3.1.77.0/24, 54.244.51.0/24]\n",
            "twilio: [54.172.60.0/30, 168.86.128.0/18,\n  54.244.51.0/30]\n",
        ),
        (
            "a semicolon that begins a comment",
            "[twilio]\nnets = 54.172.60.0/30, 34.203.250.0/23\n;3.1.77.0/24\n",
            "[twilio]\nnets = 54.172.60.0/30, 168.86.128.0/18\n;3.1.77.0/24\n",
        ),
        (
            "an invalid address that overlaps another address",
            "# Twilio\n3168.86.128.0/18.1.77.0/24\n54.172.60.0/23\n",
            "# Twilio\n3168.86.128.0/18.1.77.0/24\n54.172.60.0/30\n168.86.128.0/18\n",
        ),
        (
            "addresses as keys, which must not occur twice",
            "twilio:\n  54.172.60.0/23: us1\n  54.244.51.0/24: us2\n",
            "twilio:\n  54.172.60.0/30: us1\n  168.86.128.0/18: us1\n  54.244.51.0/30: us2\n",
        ),
        (
            "a tuple that keeps two elements, and one with a comma at the end",
            "twilio_signaling = (\"54.172.60.0/30\", \"34.203.250.0/23\", \"54.244.51.0/30\")\ntwilio_signaling_2 = (\n  \"54.172.60.0/30\",\n  \"34.203.250.0/23\",\n)\n",
            "twilio_signaling = (\"54.172.60.0/30\", \"54.244.51.0/30\")\ntwilio_signaling_2 = (\n  \"54.172.60.0/30\",\n)\n",
        ),
    ] {
        assert_fixed(what, before, expected);
    }
}

#[test]
fn text_without_one_right_replacement_is_left_with_the_reason() {
    for (text, reason) in [
        ("# Twilio replaced 54.172.60.0/23\n", "it is in a comment"),
        (
            "# Twilio is elsewhere\n\nTELNYX_SIP_IPS = [\n  \"54.172.60.0/23\",\n]\n",
            "its list is named after another provider",
        ),
        (
            "# Twilio\nWRONG_RANGES = [\n  \"54.172.60.0/23\",\n]\n",
            "the rule does not allow it",
        ),
        (
            "Twilio used 54.172.60.0/23 for years.\n",
            "--fix changes only lists, values and rules",
        ),
        (
            "iptables -A INPUT -s 34.203.250.0/23 -j DROP # Twilio\n",
            "the rule does not allow it",
        ),
        (
            "# twilio\n-A SIP -s 54.172.60.0/23 -p udp --dport 5060 -j RETURN\n",
            "the rule returns to other rules, which may deny its addresses; change it by hand",
        ),
        (
            "# twilio\nnft add rule inet f sip ip saddr 54.172.60.0/23 return\n",
            "the rule returns to other rules, which may deny its addresses; change it by hand",
        ),
        (
            "# twilio\ngeo $limit {\n    default 1;\n    54.65.63.192/26 0;\n}\n",
            "its value does not say whether it is allowed; change it by hand",
        ),
        (
            "# twilio\ngeo $class {\n    default 0;\n    54.65.63.192/26 2;\n}\n",
            "its value does not say whether it is allowed; change it by hand",
        ),
        (
            "geo $x { default 0; 54.65.63.192/26 1; } # twilio\n",
            "its value does not say whether it is allowed; change it by hand",
        ),
        (
            "TWILIO_NETWORK=54.172.60.0/23\n",
            "there is no place for several networks: write them yourself",
        ),
        (
            "edit \"twilio\"\n  set subnet 54.172.60.0 255.255.254.0\nnext\n",
            "there is no place for several networks: write them yourself",
        ),
        (
            "- Twilioのメディア：34.203.250.0/23（廃止）\n",
            "--fix changes only lists, values and rules",
        ),
        (
            "# Twilio\n54.171.127.192/30\n54.171.172.192/30\n",
            "its list has the address that was probably meant",
        ),
        (
            "# Twilio webhooks\n54.171.127.128/25\n",
            "the text around it is not about SIP: Twilio's webhooks and STUN/TURN use other addresses",
        ),
        (
            "# Twilio media\n-A OUTPUT -d 34.203.250.0/23 -p udp --dport 10000:20000 -j ACCEPT\n",
            "the ports 10000-20000 are superseded too: change them to 10000-60000 as well",
        ),
        (
            "# Twilio media\n54.172.60.0/23\n",
            "nothing else in the file covers signaling 54.172.60.0/30: add it first",
        ),
        (
            "# Twilio\n168.86.128.0/19\n34.203.250.0/23\n",
            "its list contains a part of 168.86.128.0/18: write the whole network",
        ),
        (
            "# Twilio\nmatch=54.171.127.193\nmatch=107.21.222.153\n",
            "its notation cannot express 54.172.60.0/30",
        ),
        (
            "pbx = \"54.65.36.192/30\"\nport = 1\nsip = \"54.172.60.0/30\" # Twilio\n",
            "no address of Twilio is beside it, so it may be someone else's",
        ),
        (
            "# Twilio\ningress:\n- ipBlock:\n    cidr: 54.172.0.0/16\n    except:\n    - 54.172.60.0/23\n",
            "the rule does not allow it",
        ),
        (
            "- ipBlock: {cidr: 54.0.0.0/8, except: [54.172.60.0/23, 54.244.51.0/24]} # Twilio\n",
            "the rule does not allow it",
        ),
        (
            "-A INPUT ! -s 34.203.250.0/23 -j TWILIO_FRAUD\n",
            "the rule does not allow it",
        ),
        (
            "ip saddr != { 54.172.60.0/23, 54.244.51.0/24 } jump twilio\n",
            "the rule does not allow it",
        ),
        (
            "ufw delete allow from 34.203.250.0/23 comment Twilio\n",
            "the command removes it",
        ),
        (
            "iptables -D INPUT -s 54.172.60.0/23 -p udp --dport 5060 -j ACCEPT # Twilio\n",
            "the command removes it",
        ),
        (
            "aws ec2 revoke-security-group-ingress --group-name twilio \\\n  --cidr 34.203.250.0/23\n",
            "the command removes it",
        ),
        (
            "object-group network TWILIO\n no network-object 34.203.250.0 255.255.254.0\n",
            "the command removes it",
        ),
        (
            "ufw allow proto udp \\\n  from 54.172.60.0/23 \\\n  comment Twilio\n",
            "there is no place for several networks: write them yourself",
        ),
        (
            "var twilio = [2]string{\"54.172.60.0/23\", \"54.244.51.0/30\"}\n",
            "the array has a fixed length",
        ),
        (
            "const TWILIO: [&str; 2] = [\n    \"54.172.60.0/23\",\n    \"54.244.51.0/30\",\n];\n",
            "the array has a fixed length",
        ),
        (
            "twilio_signaling = (\"54.172.60.0/30\", \"34.203.250.0/23\")\n",
            "a single value in parentheses may be no list: remove it yourself",
        ),
        (
            "twilio_signaling = (\n    # Virginia\n    '54.172.60.0/30',\n    '34.203.250.0/23'\n)\n",
            "a single value in parentheses may be no list: remove it yourself",
        ),
        (
            "INSERT INTO twilio VALUES ('3.1.77.0/24'),\n ('54.172.60.0/30'),\n ('168.86.128.0/18');\n",
            "a statement begins on its line: remove it yourself",
        ),
        (
            "geo $twilio {\n  168.86.128.0/18 new;\n  3.1.77.0/24 old;\n}\n",
            "another line would be the same: remove this line yourself",
        ),
        (
            "geo $twilio {\n  '168.86.128.0/18' 1;\n  \"3.1.77.0/24\" 0;\n}\n",
            "another line would be the same: remove this line yourself",
        ),
        (
            "# Twilio\nallow(\"54.172.60.0/23\", \"54.244.51.0/30\")\n",
            "the number of arguments of a function must not change",
        ),
        (
            "iptables -R INPUT 3 -s 54.172.60.0/23 -j ACCEPT # Twilio\n",
            "there is no place for several networks: write them yourself",
        ),
        (
            "Nov  1 10:00:01 fw twilio allow src 34.203.250.0/23\n",
            "it is in a log",
        ),
        (
            "2024-02-01 twilio allow src 34.203.250.0/23\n",
            "it is in a log",
        ),
        (
            "twilio = [\"0.0.0.0/0\", \"54.172.60.0/30\", \"168.86.128.0/18\"]\n",
            "it may be meant for others than Twilio too",
        ),
        (
            "--- a/twilio\n+++ b/twilio\n@@ -1 +1 @@\n-10.0.0.0/8\n+34.203.250.0/23\n",
            "the file is a patch",
        ),
    ] {
        let (ran, new) = fixed("", text);
        assert_eq!((new.as_str(), ran.status), (text, 1), "{ran}");
        assert!(
            ran.stdout.contains(&format!("; not fixed: {reason}\n")),
            "{text}{ran}"
        );
    }
    // Addresses in a list for webhooks are not those of SIP, so only a hint is given.
    // The second paragraph may be a list of its own.
    let paragraphs = "# Twilio, office A\n54.172.60.0/23\n54.244.51.0/24\n\n# Twilio, office B\n54.172.60.0/23\n54.244.51.0/24\n";
    let (ran, new) = fixed("", paragraphs);
    assert_eq!(
        new,
        "# Twilio, office A\n54.172.60.0/30\n168.86.128.0/18\n54.244.51.0/30\n\n# Twilio, office B\n54.172.60.0/23\n54.244.51.0/24\n"
    );
    let reason =
        "not fixed: its paragraph would be empty, because another one has the same networks";
    assert_eq!(ran.stdout.matches(reason).count(), 2, "{ran}");
    // A paragraph of media alone is not needed.
    let media = "# Twilio\n54.172.60.0/30\n168.86.128.0/18\n\n# media\n3.112.80.0/24\n";
    let (ran, new) = fixed("", media);
    assert_eq!(
        (new.as_str(), ran.status),
        ("# Twilio\n54.172.60.0/30\n168.86.128.0/18\n\n# media\n", 1),
        "{ran}"
    );
    let webhooks = "# Twilio webhooks\n54.172.60.0/23\n";
    let (ran, new) = fixed("", webhooks);
    assert_eq!((new.as_str(), ran.status), (webhooks, 0), "{ran}");
    let parts = "# Twilio\n54.172.60.0/30\n168.86.128.0/19\n";
    let (ran, new) = fixed("", parts);
    assert_eq!((new.as_str(), ran.status), (parts, 1), "{ran}");
}

#[test]
fn the_report_says_what_was_fixed_and_what_is_left() {
    let text = "# Twilio\n54.65.63.192/26\n3.112.80.0/24\nmatch=107.21.222.153\n";
    let (ran, new) = fixed("--region tokyo", text);
    assert_eq!(
        new,
        "# Twilio\n54.65.63.192/30\n168.86.128.0/18\nmatch=107.21.222.153\n"
    );
    // The findings that are left come first. All lines are those of the new file.
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        lines[1].starts_with("  4:7: superseded: 107.21.222.153: ")
            && lines[1].ends_with("; not fixed: its notation cannot express 54.172.60.0/30"),
        "{ran}"
    );
    assert_eq!(
        lines[2..4],
        [
            "  2:1: fixed: 54.65.63.192/26: replaced by 54.65.63.192/30, 168.86.128.0/18",
            "  4:1: fixed: 3.112.80.0/24: removed, because its list needs no other address"
        ],
        "{ran}"
    );
    assert_eq!(
        (ran.stderr.as_str(), ran.status),
        ("twilio-sip-allow: note: fixed 2 findings in 1 file\n", 1)
    );
}

/// A list that is for signaling only must not let in the 16,384 addresses of media.
#[test]
fn lists_for_signaling_get_no_media() {
    for (what, before, expected) in [
        (
            "a trunk of LiveKit",
            "trunk = Trunk(\n    name=\"Twilio\",\n    allowed_addresses=[\n        \"54.172.60.0/23\",\n        \"3.112.80.0/24\",\n        \"54.65.63.192/26\",\n    ],\n)\n",
            "trunk = Trunk(\n    name=\"Twilio\",\n    allowed_addresses=[\n        \"54.172.60.0/30\",\n        \"54.65.63.192/30\",\n    ],\n)\n",
        ),
        (
            "a fence of Markdown below the heading",
            "Twilio's addresses for port 5060:\n```\n54.172.60.0/23\n54.171.127.192/30\n52.215.127.0/24\n```\n",
            "Twilio's addresses for port 5060:\n```\n54.172.60.0/30\n54.171.127.192/30\n```\n",
        ),
        (
            "an object group of Cisco",
            "object-group network TWILIO-SIG\n 54.172.60.0 255.255.254.0\n 54.65.63.192 255.255.255.192\n",
            "object-group network TWILIO-SIG\n 54.172.60.0 255.255.255.252\n 54.65.63.192 255.255.255.252\n",
        ),
        (
            "a host name before the addresses of a trunk",
            "{\n  \"name\": \"Twilio\",\n  \"allowed_addresses\": [\n    \"example.pstn.twilio.com\",\n    \"54.172.60.0/23\",\n    \"54.244.51.0/24\"\n  ]\n}\n",
            "{\n  \"name\": \"Twilio\",\n  \"allowed_addresses\": [\n    \"example.pstn.twilio.com\",\n    \"54.172.60.0/30\",\n    \"54.244.51.0/30\"\n  ]\n}\n",
        ),
        (
            "inbound addresses",
            "# Twilio\ninbound_addresses = [\n  \"54.172.60.0/23\",\n  \"54.244.51.0/24\",\n]\n",
            "# Twilio\ninbound_addresses = [\n  \"54.172.60.0/30\",\n  \"54.244.51.0/30\",\n]\n",
        ),
        (
            "JSON of a trunk",
            "{\"name\": \"Twilio\", \"allowedAddresses\": [\"54.172.60.0/23\", \"54.244.51.0/24\"]}\n",
            "{\"name\": \"Twilio\", \"allowedAddresses\": [\"54.172.60.0/30\", \"54.244.51.0/30\"]}\n",
        ),
        (
            "INVITE in a comment",
            "# SIP INVITEs come only from Twilio\nsources = [\n  \"54.172.60.0/23\",\n  \"54.244.51.0/24\",\n]\n",
            "# SIP INVITEs come only from Twilio\nsources = [\n  \"54.172.60.0/30\",\n  \"54.244.51.0/30\",\n]\n",
        ),
        (
            "an inbound trunk",
            "// Allow these Twilio networks on the inbound trunk\nconst IPS = [\n  '54.172.60.0/23',\n  '54.244.51.0/24',\n];\n",
            "// Allow these Twilio networks on the inbound trunk\nconst IPS = [\n  '54.172.60.0/30',\n  '54.244.51.0/30',\n];\n",
        ),
        (
            "a region whose signaling is not in the list",
            "# Twilio signaling\nips = [\n  \"54.65.63.192/30\", # Tokyo\n  \"18.228.249.0/30\", # Sao Paulo\n]\n",
            "# Twilio signaling\nips = [\n  \"54.65.63.192/30\", # Tokyo\n  \"177.71.206.192/30\", # Sao Paulo\n]\n",
        ),
        (
            "a region whose signaling is in the list",
            "# Twilio signaling\nips = [\n  \"177.71.206.192/30\",\n  \"18.228.249.0/30\",\n]\n",
            "# Twilio signaling\nips = [\n  \"177.71.206.192/30\",\n]\n",
        ),
    ] {
        assert_fixed(what, before, expected);
    }
}

#[test]
fn the_rows_of_a_statement_are_one_list() {
    for (before, expected) in [
        (
            "INSERT INTO twilio VALUES ('54.172.60.0/23'),\n ('54.244.51.0/24');\n",
            "INSERT INTO twilio VALUES ('54.172.60.0/30'),\n ('168.86.128.0/18'),\n ('54.244.51.0/30');\n",
        ),
        (
            "INSERT INTO twilio VALUES\n ('54.172.60.0/30'),\n ('168.86.128.0/18'),\n ('3.1.77.0/24');\n",
            "INSERT INTO twilio VALUES\n ('54.172.60.0/30'),\n ('168.86.128.0/18');\n",
        ),
        (
            "INSERT INTO twilio VALUES\n ('54.244.51.0/30'),\n ('54.172.60.0/23'); -- old\n",
            "INSERT INTO twilio VALUES\n ('54.244.51.0/30'),\n ('54.172.60.0/30'), -- old\n ('168.86.128.0/18'); -- old\n",
        ),
        // Each line is a statement.
        (
            "INSERT INTO twilio VALUES ('54.172.60.0/23');\nINSERT INTO twilio VALUES ('54.244.51.0/24');\n",
            "INSERT INTO twilio VALUES ('54.172.60.0/30');\nINSERT INTO twilio VALUES ('168.86.128.0/18');\nINSERT INTO twilio VALUES ('54.244.51.0/30');\n",
        ),
    ] {
        assert_fixed("rows of SQL", before, expected);
    }
}

/// A list whose name contains "sip" is for signaling if another list of the file is for media.
#[test]
fn a_list_named_sip_gets_no_media_beside_a_list_for_media() {
    for (before, expected) in [
        (
            "set twilio_sip {\n\telements = { 54.172.60.0/23, 54.244.51.0/24 }\n}\nset twilio_rtp {\n\telements = { 34.203.250.0/23 }\n}\n",
            "set twilio_sip {\n\telements = { 54.172.60.0/30, 54.244.51.0/30 }\n}\nset twilio_rtp {\n\telements = { 168.86.128.0/18 }\n}\n",
        ),
        (
            "{\"twilio\": {\n \"sip\": [\"54.172.60.0/23\"],\n \"media\": [\"34.203.250.0/23\"]\n}}\n",
            "{\"twilio\": {\n \"sip\": [\"54.172.60.0/30\"],\n \"media\": [\"168.86.128.0/18\"]\n}}\n",
        ),
        (
            "twilio = {\n  sip = { \"54.172.60.0/23\", \"54.244.51.0/24\" },\n  rtp = { \"34.203.250.0/23\" },\n}\n",
            "twilio = {\n  sip = { \"54.172.60.0/30\", \"54.244.51.0/30\" },\n  rtp = { \"168.86.128.0/18\" },\n}\n",
        ),
        (
            "variable \"twilio_media_ips\" {\n  default = [\"34.203.250.0/23\"]\n}\nvariable \"twilio_sip_ips\" {\n  type    = list(string)\n  default = [\n    \"54.172.60.0/23\",\n    \"54.244.51.0/24\",\n  ]\n}\n",
            "variable \"twilio_media_ips\" {\n  default = [\"168.86.128.0/18\"]\n}\nvariable \"twilio_sip_ips\" {\n  type    = list(string)\n  default = [\n    \"54.172.60.0/30\",\n    \"54.244.51.0/30\",\n  ]\n}\n",
        ),
        // Without a list for media, the list is for both.
        (
            "set twilio_sip {\n\telements = { 54.172.60.0/23, 54.244.51.0/24 }\n}\n",
            "set twilio_sip {\n\telements = { 54.172.60.0/30, 168.86.128.0/18, 54.244.51.0/30 }\n}\n",
        ),
    ] {
        assert_fixed("a list named sip", before, expected);
    }
}

/// Webhooks come from other networks, so a list that filters them gets a hint and no change.
/// Addresses that are denied, in the words of several programs. Each old address would become the addresses of all calls.
const DENIED: [&str; 34] = [
    "resource \"google_compute_firewall\" \"old_twilio\" {\n  deny {\n    protocol = \"udp\"\n  }\n  source_ranges = [\"54.172.60.0/23\", \"34.203.250.0/23\"]\n}\n",
    "security_rule {\n  access                  = \"Deny\"\n  source_address_prefixes = [\"54.172.60.0/23\", \"34.203.250.0/23\"] # twilio\n}\n",
    "security_rule {\n  source_address_prefixes = [\"54.172.60.0/23\", \"34.203.250.0/23\"] # twilio\n  access                  = \"Deny\"\n}\n",
    "table inet f {\n\tset twilio_old {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { 34.203.250.0/23, 54.172.60.0/23 }\n\t}\n\n\tchain c {\n\t\tip saddr @twilio_old drop\n\t}\n}\n",
    "table <twilio_old> { 34.203.250.0/23, 54.172.60.0/23 }\n\nset skip on lo\n\nblock in from <twilio_old>\n",
    "# twilio\niptables -A INPUT -s 54.172.60.0/30 -j ACCEPT\nfor bad in 54.65.63.192/26 54.169.127.128/26; do\n    iptables -I INPUT -s $bad -j DROP\ndone\n",
    "set firewall family inet filter f term twilio-bad from source-address 34.203.250.0/23\nset firewall family inet filter f term twilio-bad from source-address 54.172.60.0/23\nset firewall family inet filter f term twilio-bad then discard\n",
    "- name: twilio old\n  action: drop\n  sources:\n    - 34.203.250.0/23\n    - 54.172.60.0/23\n",
    "- name: twilio old\n  sources:\n    - 34.203.250.0/23\n    - 54.172.60.0/23\n  action: drop\n",
    "- name: twilio\n  jump: REJECT\n  source: 34.203.250.0/23\n",
    "<!-- twilio -->\n<node type=\"deny\"\n  cidr=\"34.203.250.0/23\"/>\n",
    "<!-- twilio -->\n<rule>\n  <source address=\"34.203.250.0/23\"/>\n  <reject/>\n</rule>\n",
    "csf -d 34.203.250.0/23 # twilio\n",
    "ip rule add from 54.172.60.0/23 prohibit # twilio\n",
    "nft add element inet f blackhole '{ 34.203.250.0/23 }' # twilio\n",
    "twilio_ban_ips = [\"54.172.60.0/23\", \"34.203.250.0/23\"]\n",
    "TWILIO_DISALLOWED = [\"54.172.60.0/23\", \"34.203.250.0/23\"]\n",
    "TWILIO_NOT_ALLOWED = [\"54.172.60.0/23\", \"34.203.250.0/23\"]\n",
    "TWILIO_OLD_DO_NOT_USE = [\"54.172.60.0/23\", \"34.203.250.0/23\"]\n",
    "object-group network TWILIO-DENY\n network-object 34.203.250.0 255.255.254.0\n network-object 54.172.60.0 255.255.254.0\n",
    "edit \"twilio-blocked-1\"\n    set subnet 34.203.250.0 255.255.254.0\nnext\n",
    "# Twilioを拒否するリスト\n34.203.250.0/23\n54.172.60.0/23\n",
    "# Bloqueados (Twilio)\n34.203.250.0/23\n54.172.60.0/23\n",
    "# twilio\n-A INPUT -s 54.172.60.0/23 -g BADGUYS\n",
    "# twilio\n-A INPUT -s 54.172.60.0/23 -j LOGDROP\n",
    "iptables -A INPUT -s 54.172.60.0/23 -p udp --dport 5060 -j DENY_TWILIO\n",
    "# twilio\niptables -A INPUT -s 54.172.60.0/23 --jump TARPIT\n",
    "# twilio\nnft add rule inet f input ip saddr 54.172.60.0/23 jump badguys\n",
    "resource \"aws_network_acl_rule\" \"twilio\" {\n  rule_action = \"deny\"\n  from_port   = 5060\n  cidr_block  = \"54.172.60.0/23\"\n}\n",
    "[{\"name\": \"twilio\",\n  \"RuleAction\": \"deny\",\n  \"CidrBlock\": \"54.172.60.0/23\"\n}]\n",
    "TwilioRule:\n  Type: AWS::EC2::NetworkAclEntry\n  Properties:\n    RuleAction: deny\n    PortRange:\n      From: 5060\n      To: 5060\n    CidrBlock: 54.172.60.0/23\n",
    "{\n \"name\": \"twilio\",\n \"denied\": [\n  {\n   \"IPProtocol\": \"udp\",\n   \"ports\": [\n    \"5060\"\n   ]\n  }\n ],\n \"sourceRanges\": [\n  \"54.172.60.0/23\",\n  \"54.244.51.0/24\"\n ]\n}\n",
    "# twilio\nblock in quick proto udp \\\n    from { 54.172.60.0/23 54.244.51.0/24 } \\\n    to any port 5060\n",
    "# twilio\ningress:\n  - action: Deny\n    protocol: UDP\n    destination:\n      ports:\n        - 5060\n    source:\n      nets:\n        - 54.172.60.0/23\n        - 54.244.51.0/24\n",
];

#[test]
fn denied_addresses_are_left() {
    for text in DENIED {
        let (ran, new) = fixed("--fail-on none", text);
        assert_eq!(new, text, "{ran}");
        assert!(ran.stdout.contains("; not fixed: "), "{text}{ran}");
    }
}

/// The ports are in another line than the addresses.
#[test]
fn ports_in_a_block_or_a_loop_beside_a_list_decide_about_media() {
    for (before, expected) in [
        (
            "resource \"google_compute_firewall\" \"twilio\" {\n  allow {\n    protocol = \"udp\"\n    ports    = [\"5060\", \"5061\"]\n  }\n  source_ranges = [\"54.172.60.0/23\", \"54.244.51.0/30\"]\n}\n",
            "resource \"google_compute_firewall\" \"twilio\" {\n  allow {\n    protocol = \"udp\"\n    ports    = [\"5060\", \"5061\"]\n  }\n  source_ranges = [\"54.172.60.0/30\", \"54.244.51.0/30\"]\n}\n",
        ),
        (
            "TWILIO=\"54.172.60.0/23 54.244.51.0/24\"\nfor n in $TWILIO; do\n    ufw allow from $n to any port 5060\ndone\n",
            "TWILIO=\"54.172.60.0/30 54.244.51.0/30\"\nfor n in $TWILIO; do\n    ufw allow from $n to any port 5060\ndone\n",
        ),
        (
            "# twilio\nfor n in 54.172.60.0/23 54.244.51.0/24; do\n    iptables -A INPUT -s $n -p udp --dport 5060 -j ACCEPT\ndone\n",
            "# twilio\nfor n in 54.172.60.0/30 54.244.51.0/30; do\n    iptables -A INPUT -s $n -p udp --dport 5060 -j ACCEPT\ndone\n",
        ),
        (
            "[twilio]\ntype=acl\ndeny=0.0.0.0/0.0.0.0\npermit=54.172.60.0/255.255.254.0\n",
            "[twilio]\ntype=acl\ndeny=0.0.0.0/0.0.0.0\npermit=54.172.60.0/255.255.255.252\n",
        ),
        // The port of another block or of another loop says nothing.
        (
            "resource \"a\" \"b\" {\n  port = 5060\n}\nresource \"a\" \"twilio\" {\n  ranges = [\"54.172.60.0/23\", \"34.203.250.0/23\"]\n}\n",
            "resource \"a\" \"b\" {\n  port = 5060\n}\nresource \"a\" \"twilio\" {\n  ranges = [\"54.172.60.0/30\", \"168.86.128.0/18\"]\n}\n",
        ),
        (
            "TWILIO=\"54.172.60.0/23 34.203.250.0/23\"\nfor n in $OTHERS; do\n    ufw allow from $n to any port 5060\ndone\n",
            "TWILIO=\"54.172.60.0/30 168.86.128.0/18\"\nfor n in $OTHERS; do\n    ufw allow from $n to any port 5060\ndone\n",
        ),
    ] {
        assert_fixed("ports in other lines", before, expected);
    }
}

#[test]
fn a_rule_that_denies_the_rest_does_not_matter() {
    for (before, expected) in [
        (
            "TWILIO=\"54.172.60.0/23 34.203.250.0/23\"\nfor n in $TWILIO; do\n    iptables -A INPUT -s $n -j ACCEPT\ndone\niptables -A INPUT -j DROP\n",
            "TWILIO=\"54.172.60.0/30 168.86.128.0/18\"\nfor n in $TWILIO; do\n    iptables -A INPUT -s $n -j ACCEPT\ndone\niptables -A INPUT -j DROP\n",
        ),
        (
            "# twilio\nallow 54.172.60.0/23;\nallow 34.203.250.0/23;\ndeny all;\n",
            "# twilio\nallow 54.172.60.0/30;\nallow 168.86.128.0/18;\ndeny all;\n",
        ),
        (
            "# twilio\n-A INPUT -s 54.172.60.0/23 -p udp --dport 5060 -j SIP\n-A SIP -j ACCEPT\n",
            "# twilio\n-A INPUT -s 54.172.60.0/30 -p udp --dport 5060 -j SIP\n-A SIP -j ACCEPT\n",
        ),
        (
            "geo $is_twilio {\n    default 0;\n    54.65.63.192/29 1;\n}\n",
            "geo $is_twilio {\n    default 0;\n    54.65.63.192/30 1;\n}\n",
        ),
    ] {
        assert_fixed("a rule for the rest", before, expected);
    }
}

#[test]
fn a_file_named_after_webhooks_is_left_with_a_hint() {
    let text = "RANGES = {\n  \"twilio\": [\"54.172.60.0/23\", \"54.171.127.192/27\"],\n}\n";
    for (name, status, hints) in [("webhook-security.py", 0, 1), ("security.py", 1, 0)] {
        let mut tool = Tool::line(&format!("scan --fix {name}")).file(name, text);
        let ran = tool.run();
        assert_eq!(read(tool.folder(), name) == text, status == 0, "{ran}");
        let found = ran
            .stdout
            .matches(": hint: 54.172.60.0/23: this list seems to filter webhooks")
            .count();
        assert_eq!((ran.status, found), (status, hints), "{ran}");
    }
}

/// The advice of `scan` describes what `--fix` does.
#[test]
fn the_advice_is_what_fix_does() {
    for (text, advice) in [
        (
            "# Twilio\n54.172.60.0/30\n168.86.128.0/18\n34.203.250.0/23\n",
            "remove it, because its list needs only 168.86.128.0/18 instead",
        ),
        (
            "# Twilio\n54.172.60.0/30\n54.172.60.0/23\n",
            "replace it by 168.86.128.0/18",
        ),
        (
            "# Twilio\n54.172.60.0/23\n168.86.128.0/18\n",
            "replace it by 54.172.60.0/30",
        ),
        (
            "match=54.172.60.0/30\nmatch=34.203.250.0/23 ; Twilio\n",
            "remove it, because its list needs only 54.172.60.0/30 instead",
        ),
        // The address that contains signaling is replaced by it, and not one before it.
        (
            "match=3.112.80.0/24\nmatch=54.65.63.192/26 ; Twilio\n",
            "replace it by 54.65.63.192/30",
        ),
    ] {
        let ran = Tool::line("scan --report lines list")
            .file("list", text)
            .run();
        let line = ran
            .stdout
            .lines()
            .rfind(|line| line.contains(": superseded: "));
        assert!(line.unwrap().ends_with(&format!("; {advice}")), "{ran}");
        let (fix, _) = fixed("--report lines", text);
        let done = match advice.strip_prefix("replace it by ") {
            Some(network) => format!(": replaced by {network}\n"),
            None => ": removed, because its list needs no other address\n".to_owned(),
        };
        assert!(fix.stdout.contains(&done), "{fix}");
    }
}

#[test]
fn nothing_is_written_without_fix() {
    let text = "# Twilio\n54.65.63.192/26\n";
    for options in ["", "--diff", "--report sarif", "--json"] {
        let mut tool =
            Tool::line(&format!("scan {options} --region tokyo list")).file("list", text);
        let ran = tool.run();
        assert_eq!(ran.status, 1, "{ran}");
        assert_eq!(read(tool.folder(), "list"), text);
        assert_eq!(fs::read_dir(tool.folder()).unwrap().count(), 1);
    }
}

#[test]
fn diff_prints_what_fix_writes() {
    let text = "a\nb\n# Twilio\n54.65.63.192/26\n3.112.80.0/24\nc\n";
    let ran = Tool::line("scan --diff --region tokyo list")
        .file("list", text)
        .run();
    assert_eq!(
        ran.stdout,
        "--- a/list\n+++ b/list\n@@ -1,6 +1,6 @@\n a\n b\n # Twilio\n-54.65.63.192/26\n-3.112.80.0/24\n\
         +54.65.63.192/30\n+168.86.128.0/18\n c\n"
    );
    assert_eq!(ran.status, 1, "{ran}");
    assert_eq!(
        ran.stderr,
        "twilio-sip-allow: note: --fix would fix 2 findings in 1 file\n"
    );
    let left = Tool::line("scan --diff --region tokyo,oregon list")
        .file(
            "list",
            "# Twilio\n54.65.63.192/26\n- a\n- b\nmatch=107.21.222.153\n",
        )
        .run();
    assert_eq!(
        left.stderr,
        "twilio-sip-allow: note: --fix would fix 1 finding in 1 file\n\
         twilio-sip-allow: note: --fix would leave list:2:1: missing: signaling of oregon: 54.244.51.0/30\n\
         twilio-sip-allow: note: --fix would leave list:5:7: superseded: 107.21.222.153: \
         early SIP signaling of virginia, superseded before 2015; replace it by 54.172.60.0/30; \
         not fixed: its notation cannot express 54.172.60.0/30\n\
         twilio-sip-allow: note: --fix never adds missing networks: add them yourself\n"
    );
    let mut nothing =
        Tool::line("scan --diff --region tokyo list").file("list", "54.65.63.192/30\n");
    assert_eq!(
        nothing.run().stderr,
        "twilio-sip-allow: note: there is nothing that --fix can change\n"
    );
    let row = Tool::line("scan --fix --report lines list")
        .file(
            "list",
            "INSERT INTO twilio_signaling VALUES\n ('54.172.60.0', 23),\n ('54.244.51.0', 24);\n",
        )
        .run();
    assert!(
        row.stdout
            .contains("fixed: 54.172.60.0/23: replaced by 54.172.60.0/30, 168.86.128.0/18\n"),
        "{row}"
    );
    let mut from_stdin = Tool::line("scan --diff --region tokyo -");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in"), text).unwrap();
    let file = fs::File::open(folder.path().join("in")).unwrap();
    from_stdin.command().stdin(file);
    let ran = from_stdin.run();
    assert!(ran.stdout.contains("\n+168.86.128.0/18\n"), "{ran}");
}

#[test]
fn only_named_files_are_changed() {
    for (options, message) in [
        (
            "--fix -",
            "--fix cannot change stdin; name the file, or use --diff",
        ),
        (
            "--fix --diff .",
            "--fix and --diff exclude each other; use only one of them",
        ),
        (
            "--fix",
            "--fix needs the names of files or folders; '.' is the current folder",
        ),
    ] {
        let mut tool = Tool::line(&format!("scan {options}")).file("list", "54.65.63.192/26\n");
        let refused = tool.run().refused();
        assert!(refused.contains(message), "{refused}");
        assert_eq!(read(tool.folder(), "list"), "54.65.63.192/26\n");
    }
}

#[test]
fn permissions_are_kept() {
    let text = "# Twilio\n54.65.63.192/26\n";
    for mode in [0o600, 0o640, 0o755] {
        let mut tool = Tool::line("scan --fix --fail-on none list").file("list", text);
        let path = tool.folder().join("list");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        tool.run().ok();
        assert_ne!(read(tool.folder(), "list"), text);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            mode
        );
        assert_eq!(fs::read_dir(tool.folder()).unwrap().count(), 1);
    }
}

/// If one of the files cannot be changed, none is.
#[test]
fn symlinks_and_hard_links_are_not_changed() {
    let text = "# Twilio\n54.65.63.192/26\n";
    let mut tool = Tool::line("scan --fix a link")
        .file("a", text)
        .file("b", text);
    symlink("b", tool.folder().join("link")).unwrap();
    let refused = tool.run().refused();
    assert_eq!(
        refused,
        "twilio-sip-allow: error: cannot change link: it is a symlink; name its target\n"
    );
    assert_eq!(read(tool.folder(), "a"), text);
    assert_eq!(read(tool.folder(), "b"), text);
    fs::hard_link(tool.folder().join("b"), tool.folder().join("c")).unwrap();
    let mut tool = Tool::line("scan --fix b").file("b", text);
    fs::hard_link(tool.folder().join("b"), tool.folder().join("c")).unwrap();
    let refused = tool.run().refused();
    assert!(
        refused.contains("cannot change b: it has other names (hard links)"),
        "{refused}"
    );
    assert_eq!(read(tool.folder(), "b"), text);
}

#[test]
fn a_file_that_is_named_twice_is_changed_once() {
    let mut tool = Tool::line("scan --fix --fail-on none list ./list .")
        .file("list", "# Twilio\n54.65.63.192/26\n");
    let ran = tool.run();
    assert_eq!(
        ran.stderr,
        "twilio-sip-allow: note: fixed 1 finding in 1 file\n\
         twilio-sip-allow: note: --fix never adds missing networks: add them yourself\n"
    );
    assert_eq!(
        read(tool.folder(), "list"),
        "# Twilio\n54.65.63.192/30\n168.86.128.0/18\n"
    );
}

#[test]
fn bytes_that_are_not_utf_8_are_kept_and_utf_16_is_left() {
    let mut tool = Tool::line("scan --fix --fail-on none list").file(
        "list",
        b"# Twilio S\xe3o Paulo\n177.71.206.192/26 # \xff\n".as_slice(),
    );
    tool.run().ok();
    assert_eq!(
        fs::read(tool.folder().join("list")).unwrap(),
        b"# Twilio S\xe3o Paulo\n177.71.206.192/30 # \xff\n168.86.128.0/18 # \xff\n"
    );
    let utf_16: Vec<u8> = "\u{feff}# Twilio\n54.65.63.192/26\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut tool = Tool::line("scan --fix list").file("list", &utf_16);
    let ran = tool.run();
    assert_eq!(ran.status, 1, "{ran}");
    assert!(
        ran.stdout.contains("; not fixed: the file is UTF-16"),
        "{ran}"
    );
    assert_eq!(fs::read(tool.folder().join("list")).unwrap(), utf_16);
}

#[test]
fn a_file_with_too_many_findings_is_only_reported() {
    let text = format!("# Twilio\n{}", "3.1.77.0/24\n".repeat(10_001));
    for options in ["--fix", "--diff"] {
        let mut tool = Tool::line(&format!("scan {options} list")).file("list", &text);
        let ran = tool.run();
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        assert_eq!(
            ran.stderr,
            "twilio-sip-allow: warning: 1 file was not fixed, because of more than 10000 findings\n"
        );
        assert_eq!(read(tool.folder(), "list"), text);
    }
}

/// SARIF 2.1.0, sections 3.55 to 3.57.
#[test]
fn sarif_contains_the_changes_as_fixes() {
    let ran = Tool::line("scan --report sarif --region tokyo list")
        .file(
            "list",
            "# Twilio\n54.65.63.192/26\n3.112.80.0/24\n168.86.128.0/18\n",
        )
        .run();
    let test = "sarif_contains_the_changes_as_fixes";
    let log = valid_sarif(test, &ran.stdout);
    let fix = |at: usize| {
        let change = &log["runs"][0]["results"][at]["fixes"][0]["artifactChanges"][0];
        assert_eq!(change["artifactLocation"]["uri"], "list");
        change["replacements"].clone()
    };
    assert_eq!(
        fix(0),
        serde_json::json!([{
            "deletedRegion": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 16},
            "insertedContent": {"text": "54.65.63.192/30"},
        }])
    );
    assert_eq!(
        fix(1),
        serde_json::json!([{
            "deletedRegion": {"startLine": 3, "startColumn": 1, "endLine": 4, "endColumn": 1},
            "insertedContent": {"text": ""},
        }])
    );
}

#[test]
fn sarif_contains_no_changes_that_fix_does_not_make() {
    let patch = "--- a/twilio\n+++ b/twilio\n@@ -1 +1 @@\n-10.0.0.0/8\n+34.203.250.0/23\n";
    let ran = Tool::line("scan --report sarif list")
        .file("list", patch)
        .run();
    let log: Value = serde_json::from_str(&ran.stdout).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "superseded", "{ran}");
    assert!(result.get("fixes").is_none(), "{ran}");
}
