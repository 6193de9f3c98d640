//! Bad input causes a clear message and status 2. Stdout is then empty, and no file is changed.

use crate::common::Tool;

/// A call, and a part of its expected message.
struct Bad {
    args: &'static str,
    env: Option<(&'static str, &'static str)>,
    message: &'static str,
}

const fn bad(args: &'static str, message: &'static str) -> Bad {
    Bad {
        args,
        env: None,
        message,
    }
}

const fn env(name: &'static str, value: &'static str, message: &'static str) -> Bad {
    Bad {
        args: "--format nftables",
        env: Some((name, value)),
        message,
    }
}

const REGIONS: &str = "virginia, oregon, ireland, frankfurt, tokyo, singapore, sydney, sao-paulo";

#[rustfmt::skip]
const CASES: &[Bad] = &[
    // Names.
    bad("-f nft --region tokio", "error: unknown region 'tokio' (did you mean tokyo?); use one of virginia, oregon, ireland,"),
    bad("-f nft --region us3", "unknown region 'us3' (did you mean US or us1 or us2?)"),
    bad("-f nft --region 大阪", "unknown region '大阪'; use one of virginia"),
    bad("-f nft --region tokyo,nowhere", "unknown region 'nowhere'; use one of"),
    bad("-f nft --region nowhere", "a continent, a country, or all ('twilio-sip-allow list regions --long' prints every name)"),
    bad("-f nft --region germani", "unknown region 'germani' (did you mean germany?)"),
    bad("-f nft --region lodnon", "unknown region 'lodnon' (did you mean london?)"),
    bad("-f nft --region tokyo,", "a region name is empty; omit --region to select all regions"),
    bad("-f nft --region=", "a region name is empty"),
    bad("-f nft --region=-", "a region name is empty"),
    bad("-f nft --region all,nowhere", "unknown region 'nowhere'"),
    bad("-f nft --region asia", "unknown region 'asia' (did you mean asia-pacific"),
    bad("-f nft --edition curent", "unknown edition 'curent' (did you mean current?)"),
    bad("-f nft --edition regionl", "unknown edition 'regionl' (did you mean regional?); use one of regional, regional-expanded, global, interconnect, current or upcoming"),
    bad("-f nft --edition=", "unknown edition ''; use one of regional"),
    bad("-f nft --edition regional,2024", "unknown edition '2024'"),
    bad("-f nfts", "unknown format 'nfts' (did you mean nft?); use one of nftables, iptables, ipset, ufw, firewalld"),
    bad("-f pfsense", "unknown format 'pfsense' (it takes a list of networks, so use cidr; docs/feeds.md shows how); use one of nftables"),
    bad("-f Palo-Alto", "unknown format 'Palo-Alto' (it takes a list of networks, so use cidr; docs/feeds.md shows how)"),
    bad("-f nsx", "unknown format 'nsx'; use one of nftables"),
    bad("-f=", "unknown format ''; use one of nftables"),
    bad("--region tokyo", "no format is selected; use --format, such as --format nftables ('twilio-sip-allow list formats' prints all), or use --template"),
    bad("", "no format is selected; use --format, such as --format nftables ('twilio-sip-allow list formats' prints all), or use --template"),
    bad("tokyo", "'tokyo' is a region, not a command\ntry: twilio-sip-allow --region tokyo"),
    bad("-f nft --regin tokyo", "unknown option '--regin' (did you mean --region?)"),
    bad("-f nft extra", "unknown command 'extra'; use one of "),
    // Choices.
    bad("-f nft --direction inn", "--direction: 'inn' is not one of in, out, both (did you mean in?)"),
    bad("-f nft --direction in,out", "--direction: 'in,out' is not one of in, out, both"),
    bad("-f nft --plane voice", "--plane: 'voice' is not one of signaling, media, both"),
    bad("-f nft --transport sctp", "--transport: 'sctp' is not one of udp, tcp, tls"),
    bad("-f nft --transport=", "--transport requires a value; use one of udp, tcp, tls"),
    bad("-f nft --color blue", "--color: 'blue' is not one of auto, always, never"),
    // Local addresses and ports.
    bad("-f nft --local-address 192.0.2.1/24", "'192.0.2.1/24' has host bits set; the network is 192.0.2.0/24"),
    bad("-f nft --local-address 192.0.2.0/33", "--local-address: '192.0.2.0/33' is not an IPv4 network: '33' is out of range 0 to 32"),
    bad("-f nft --local-address 192.0.2.256", "'192.0.2.256' is not an IPv4 network: '256' is out of range 0 to 255"),
    bad("-f nft --local-address 2001:db8::1", "'2001:db8::1' is IPv6; Twilio's SIP service has IPv4 addresses only"),
    bad("-f nft --local-address pbx.example", "'pbx.example' is not an IPv4 network"),
    bad("-f nft --local-address=", "'' is not an IPv4 network; write it as in 192.0.2.0/24"),
    bad("-f aws --local-address 192.0.2.1", "aws-sg cannot express --local-address: a security group applies to all addresses of its network interfaces"),
    bad("-f nft --local-sip-port 0", "error: --local-sip-port: port '0' is out of range; ports go from 1 to 65535"),
    bad("-f nft --local-sip-port 65536", "--local-sip-port: port '65536' is out of range"),
    bad("-f nft --local-sip-port -5", "--local-sip-port: '-5' is not a port; use a number from 1 to 65535"),
    bad("-f nft --local-tls-port sip-tls", "--local-tls-port: 'sip-tls' is not a port; use a number from 1 to 65535"),
    bad("-f nft --local-rtp-ports 20000-10000", "--local-rtp-ports: '20000-10000' is reversed; write the lower port first: 10000-20000"),
    bad("-f nft --local-rtp-ports 0-100", "--local-rtp-ports: port '0' is out of range; ports go from 1 to 65535"),
    bad("-f nft --local-rtp-ports 10000-70000", "port '70000' is out of range; ports go from 1 to 65535"),
    bad("-f nft --local-rtp-ports 10000..20000", "'10000..20000' is not a range of ports; write FIRST-LAST, with ports from 1 to 65535, as in 10000-20000"),
    bad("-f nft --local-rtp-ports -5", "'-5' is not a range of ports"),
    bad("-f nft --local-address 0.0.0.0", "'0.0.0.0' is not the address of a host; to allow any address on your side, remove the option"),
    // Repeated options, options that exclude each other, and options without effect.
    bad("-f nft -f pf", "--format is repeated; use it only once"),
    bad("-f nft --direction in --direction in", "--direction is repeated"),
    bad("-f nft -o a -o b", "--output is repeated"),
    bad("-f nft --template own.j2", "--template and --format cannot be used together; remove one of them"),
    bad("--template own.j2 --table x", "--template and --table cannot be used together; remove one of them"),
    bad("-f nft --dataset own.yaml --edition global", "--dataset and --edition cannot be used together; remove one of them"),
    bad("-f nft --plane media --transport tls", "--transport is for signaling and has no effect with --plane media; remove one of them"),
    bad("-f nft --plane media --local-sip-port 5070", "--local-sip-port is for signaling and has no effect with --plane media"),
    bad("-f nft --plane media --local-tls-port 5071", "--local-tls-port is for signaling and has no effect with --plane media"),
    bad("-f nft --plane signaling --local-rtp-ports 1-2", "--local-rtp-ports is for media and has no effect with --plane signaling"),
    bad("-f nft --transport udp --local-tls-port 5071", "--local-tls-port has no effect without SIP over TLS; change --transport, or remove --local-tls-port"),
    bad("-f nft --transport tls --local-sip-port 5071", "--local-sip-port has no effect without SIP over UDP or TCP; change --transport, or remove --local-sip-port"),
    bad("-f nft --direction out --local-rtp-ports 1-2", "--local-rtp-ports has no effect: no selected rule has a local port for RTP; remove --local-rtp-ports, or change the selection"),
    bad("-f nft --direction out --local-sip-port 5070", "--local-sip-port has no effect: no selected rule has a local port for SIP over UDP or TCP"),
    bad("-f aws --direction out --local-tls-port 5071", "--local-tls-port has no effect: no selected rule has a local port for SIP over TLS"),
    bad("-f cisco --direction out --transport udp --local-sip-port 5070", "--local-sip-port has no effect: no selected rule has a local port for SIP over UDP or TCP"),
    bad("--template own.j2 --direction out --local-rtp-ports 1-2", "--local-rtp-ports has no effect: no selected rule has a local port for RTP"),
    bad("-f nft --local-sip-port 5061", "SIP over TCP and over TLS would both use local port 5061"),
    bad("-f nft --local-tls-port 5060", "SIP over TCP and over TLS would both use local port 5060"),
    bad("-f nft --separator ,", "--separator has no effect with nftables; leave it out, or use --format cidr"),
    bad("-f csv --no-header", "--no-header has no effect with csv; leave it out, or use --format cidr"),
    bad("-f json --quote", "--quote has no effect with json; leave it out, or use --format cidr"),
    bad("-f cidr --separator=", "--separator: '' cannot separate networks; use 1 to 16 characters, such as ', ', without digits, dots, slashes and double quotes (\\n is a line feed, \\t is a tab)"),
    bad("-f cidr --separator .", "--separator: '.' cannot separate networks"),
    bad("-f cidr --separator 1", "--separator: '1' cannot separate networks"),
    bad("-f cidr --separator \"", "--separator: '\\\"' cannot separate networks"),
    bad("-f cidr --separator \\x", "--separator: '\\\\x' cannot separate networks"),
    bad("-f cidr --separator \u{1b}[m", "--separator: '\\u{1b}[m' cannot separate networks"),
    bad("-f cidr --separator \\n#", "--separator: '\\\\n#' begins a comment, so other programs would ignore the network after it; use a separator such as ', ', or end it with \\n"),
    bad("-f cidr --separator ,#", "--separator: ',#' begins a comment"),
    bad("-f cidr --separator #\\n\\t#", "--separator: '#\\\\n\\\\t#' begins a comment"),
    bad("-f cidr --separator \\n\\t;", "--separator: '\\\\n\\\\t;' begins a comment"),
    bad("-f cidr --separator ,,,,,,,,,,,,,,,,,", "--separator: ',,,,,,,,,,,,,,,,,' cannot separate networks"),
    bad("-f iptables --table x", "--table has no effect with iptables; leave it out, or use --format nftables"),
    bad("-f cisco --table x", "--table has no effect with cisco; leave it out, or use --format nftables"),
    bad("--region tokyo list regions", "--region is an option of 'render', 'check', 'verify', 'dataset diff', 'dataset import', 'explain' and 'scan', not of 'list'"),
    // Names of units and tables.
    bad("-f nft --name 1st", "'1st' is not a name that every firewall accepts"),
    bad("-f nft --name aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "is not a name that every firewall accepts; use 1 to 32"),
    bad("-f iptables --name aaaaaaaaaaaaaaaaaaaaaaaaa", "--name 'aaaaaaaaaaaaaaaaaaaaaaaaa' is too long for iptables: 'AAAAAAAAAAAAAAAAAAAAAAAAA-OUT' has 29 characters, but at most 28 are allowed"),
    bad("-f pf --name aaaaaaaaaaaaaaaaaaaaaa", "is too long for pf: 'aaaaaaaaaaaaaaaaaaaaaa_signaling' has 32 characters, but at most 31 are allowed"),
    bad("-f nft --table filter", "--table 'filter' does not name a family and a table; write a family and a name, as in 'inet filter'"),
    // Files.
    bad("-f nft --dataset missing.yaml", "cannot read missing.yaml: No such file or directory"),
    bad("-f nft --dataset .", "cannot read .: it is a folder"),
    bad("-f nft --dataset binary.yaml", "binary.yaml: line 2: byte 5 of the input is not UTF-8"),
    bad("--template - --dataset -", "--dataset and --template cannot both be read from stdin; use a file for one of them"),
    bad("--template -", "cannot read stdin: it is closed, or a device such as /dev/null; pipe something into it"),
    bad("--template empty.j2", "empty.j2:1: the template produces no text"),
    bad("--template huge.j2", "huge.j2:1: the template takes too many steps or produces too much text"),
    bad("--template endless.j2", "endless.j2:1: the template takes too many steps or produces too much text"),
    bad("--template doubled.j2", "doubled.j2:1: the template takes too many steps or produces too much text"),
    bad("--template missing.j2", "cannot read missing.j2: No such file or directory"),
    bad("--template binary.yaml", "binary.yaml: line 2: byte 5 of the input is not UTF-8"),
    bad("--template own.j2", "own.j2:2: 'nmae' is undefined (did you mean name?) in '{{ nmae }}'"),
    bad("-f nft --output folder", "cannot write folder: it is a folder"),
    bad("-f nft --output missing/file", "cannot write missing/file: folder 'missing' does not exist; create it first"),
    bad("-f nft --output=", "--output requires a value"),
    // The environment.
    env("TWILIO_SIP_ALLOW_REGION", "tokio", "unknown region 'tokio' (did you mean tokyo?)"),
    env("TWILIO_SIP_ALLOW_REGION", "", "a region name is empty"),
    env("TWILIO_SIP_ALLOW_EDITION", "none", "unknown edition 'none'"),
    env("TWILIO_SIP_ALLOW_DIRECTION", "inn", "note: set in the environment: TWILIO_SIP_ALLOW_DIRECTION"),
    env("TWILIO_SIP_ALLOW_PLANE", "voice", "note: set in the environment: TWILIO_SIP_ALLOW_PLANE"),
    env("TWILIO_SIP_ALLOW_TRANSPORT", "udp,sctp", "note: set in the environment: TWILIO_SIP_ALLOW_TRANSPORT"),
    env("TWILIO_SIP_ALLOW_LOCAL_ADDRESS", "10.0.0.1/8", "note: set in the environment: TWILIO_SIP_ALLOW_LOCAL_ADDRESS"),
    env("TWILIO_SIP_ALLOW_LOCAL_SIP_PORT", "0", "note: set in the environment: TWILIO_SIP_ALLOW_LOCAL_SIP_PORT"),
    env("TWILIO_SIP_ALLOW_LOCAL_RTP_PORTS", "2-1", "note: set in the environment: TWILIO_SIP_ALLOW_LOCAL_RTP_PORTS"),
    env("TWILIO_SIP_ALLOW_NAME", "a;b", "note: set in the environment: TWILIO_SIP_ALLOW_NAME"),
    env("TWILIO_SIP_ALLOW_REGION", "nowhere", "note: set in the environment: TWILIO_SIP_ALLOW_REGION"),
    env("TWILIO_SIP_ALLOW_REGIONS", "tokyo", "unknown environment variable 'TWILIO_SIP_ALLOW_REGIONS' (did you mean REGION?)"),
    env("TWILIO_SIP_ALLOW_QUIET", "maybe", "note: set in the environment: TWILIO_SIP_ALLOW_QUIET"),
    env("TWILIO_SIP_ALLOW_COLOR", "blue", "note: set in the environment: TWILIO_SIP_ALLOW_COLOR"),
    env("TWILIO_SIP_ALLOW_REGIN", "tokyo", "unknown environment variable 'TWILIO_SIP_ALLOW_REGIN' (did you mean REGION?)"),
    env("TWILIO_SIP_ALLOW_TABLE", "x", "--table 'x' does not name a family and a table"),
    env("TWILIO_SIP_ALLOW_OUTPUT", "missing/file", "cannot write missing/file"),
    // Other verbs.
    bad("list", "'list' requires one of regions, formats, editions"),
    bad("list rules", "'rules' is not one of regions, formats, editions"),
    bad("list regions --format nft", "--format is an option of 'render' and 'check', not of 'list'"),
    bad("completions", "'completions' requires one of bash, elvish, fish, powershell, zsh"),
    bad("completions tcsh", "'tcsh' is not one of bash, elvish, fish, powershell, zsh"),
    bad("man page", "'man' accepts no arguments; remove 'page'"),
];

#[test]
fn rejects_bad_input_with_a_helpful_message() {
    assert!(CASES.len() >= 60);
    let mut failures = Vec::new();
    for case in CASES {
        let mut tool = Tool::line(case.args)
            .file("binary.yaml", b"abc\n\xff\xfe")
            .file("own.j2", "first\n{{ nmae }}\n")
            .file("empty.j2", "")
            .file("huge.j2", "{{ 'a' | indent(99999999999999) }}")
            .file(
                "doubled.j2",
                "{% set text = namespace(x='x' * 1200000) %}\
                 {% for i in range(7) %}{% set text.x = text.x ~ text.x %}{% endfor %}{{ text.x | length }}",
            )
            .file(
                "endless.j2",
                "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            )
            .file("own.yaml", "");
        std::fs::create_dir(tool.folder().join("folder")).unwrap();
        if let Some((name, value)) = case.env {
            tool = tool.env(name, value);
        }
        let ran = tool.run();
        let right = ran.status == 2
            && ran.stdout.is_empty()
            && ran.stderr.starts_with("twilio-sip-allow: error: ")
            && ran.stderr.contains(case.message);
        if !right {
            failures.push(format!("wanted {:?}\n{ran}", case.message));
        }
        let mut left: Vec<_> = std::fs::read_dir(tool.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(
            left,
            [
                "binary.yaml",
                "doubled.j2",
                "empty.j2",
                "endless.j2",
                "folder",
                "huge.j2",
                "own.j2",
                "own.yaml"
            ],
            "{ran}"
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_misspelled_variable_does_not_affect_help_and_other_verbs() {
    for line in ["--help", "--version", "list regions"] {
        Tool::line(line)
            .env("TWILIO_SIP_ALLOW_REGIN", "tokyo")
            .run()
            .ok();
    }
    let stderr = Tool::line("list regions")
        .env("TWILIO_SIP_ALLOW_JSON", "maybe")
        .run()
        .refused();
    assert!(
        stderr.contains("note: set in the environment: TWILIO_SIP_ALLOW_JSON"),
        "{stderr}"
    );
}

#[test]
fn a_note_names_a_variable_only_if_it_causes_the_error() {
    let ran = Tool::line("-f bogus")
        .env("TWILIO_SIP_ALLOW_FORMAT", "nft")
        .run();
    assert!(!ran.refused().contains("note:"));
    let tool = Tool::line("").env("TWILIO_SIP_ALLOW_FORMAT", "nft");
    let stderr = tool
        .env("TWILIO_SIP_ALLOW_TEMPLATE", "own.j2")
        .run()
        .refused();
    assert!(
        stderr.contains("--template and --format cannot be used together; remove one of them"),
        "{stderr}"
    );
    assert!(
        stderr.contains(
            "note: set in the environment: TWILIO_SIP_ALLOW_FORMAT, TWILIO_SIP_ALLOW_TEMPLATE"
        ),
        "{stderr}"
    );
}

#[test]
fn renders_a_template_of_any_depth_and_rejects_a_long_one() {
    let deep = format!("{{{{ {}1 }}}}", "1+".repeat(30_000));
    let text = Tool::line("-q --template own.j2")
        .file("own.j2", deep)
        .run_once();
    assert_eq!(text, "30001");
    let long = "x".repeat(64 * 1024 + 1);
    let stderr = Tool::line("-q --template own.j2")
        .file("own.j2", long)
        .run()
        .refused();
    assert!(
        stderr.contains("own.j2:1: the template has 65537 bytes; the maximum is 65536"),
        "{stderr}"
    );
}

#[test]
fn rejects_an_argument_that_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let option = std::ffi::OsStr::from_bytes(b"--region=\xff");
    let ran = Tool::new([std::ffi::OsStr::new("--format=nft"), option]).run();
    assert!(
        ran.refused()
            .contains("an argument or environment variable is not valid UTF-8")
    );
}

#[test]
fn the_message_about_an_unknown_region_lists_all_regions() {
    let stderr = Tool::line("-f nft --region nowhere").run().refused();
    assert!(stderr.contains(REGIONS), "{stderr}");
}

const GOOD: &str = "\
edition: own
title: A list
connection: public
source: our own
in_force_since: 2024-01-01
superseded:
  date: 2025-01-01
  by: next
signaling:
  ports: {udp: 5060, tcp: 5060, tls: 5061}
  networks:
    tokyo: [192.0.2.0/30]
    all: [192.0.2.64/30]
media:
  ports: 10000-20000
  networks:
    tokyo: [198.51.100.0/24, 203.0.113.0/26]
";

#[rustfmt::skip]
const DATASETS: &[(&str, &str, &str)] = &[
    // The text to replace in the valid dataset, the replacement, and the message.
    ("edition: own\n", "", "the key 'edition' is missing"),
    ("edition: own", "edition: Own List", "own.yaml:1:10: edition: 'Own List' is not a name; use 1 to 32 lower-case letters and digits, with single hyphens between them"),
    ("edition: own", "edition: own\nedition: own", "the key 'edition' is repeated; use it only once"),
    ("title: A list", "title: ''", "own.yaml:2:8: title: the text is empty"),
    ("title: A list", "title: [a]", "own.yaml:2:8: title: expected one line of text, not a list"),
    ("title: A list", "titel: A list", "unknown key 'titel'; use one of edition, "),
    ("connection: public", "connection: dial-up", "connection: unknown value 'dial-up'; use one of public, interconnect"),
    ("connection: public", "connection: [public]", "connection: expected a name, not a list"),
    ("{udp: 5060, tcp: 5060, tls: 5061}", "5060", "signaling.ports: expected the keys 'udp', 'tcp' and 'tls', not '5060'"),
    ("in_force_since: 2024-01-01", "in_force_since: 2023-02-29", "own.yaml:5:17: in_force_since: '2023-02-29' is not a date; write YEAR-MONTH-DAY, as in 2024-02-21"),
    ("in_force_since: 2024-01-01", "in_force_since: 2026-01-01", "superseded.date: 2025-01-01 is before in_force_since, 2026-01-01"),
    ("  by: next", "  by: own", "own.yaml: superseded.by: 'own' cannot supersede itself"),
    ("superseded:\n  date: 2025-01-01\n  by: next\n", "superseded: 2025-01-01\n", "expected the keys 'date' and 'by'"),
    ("  by: next", "  by: next\n  why: so", "superseded: unknown key 'why'; use one of date, by"),
    ("tls: 5061}", "tls: 5061, sctp: 5060}", "signaling.ports: unknown key 'sctp'; use one of udp, tcp, tls"),
    ("udp: 5060", "udp: 0", "signaling.ports.udp: expected a port from 1 to 65535, not '0'"),
    ("udp: 5060", "udp: 65536", "expected a port from 1 to 65535"),
    ("udp: 5060", "udp: sip", "expected a port from 1 to 65535"),
    ("tls: 5061}", "tls: 5060}", "signaling.ports: tcp and tls are both 5060; they need different ports"),
    ("10000-20000", "20000-10000", "media.ports: '20000-10000' is reversed; write the lower port first: 10000-20000"),
    ("10000-20000", "10000", "media.ports: '10000' is not a range of ports; write FIRST-LAST, with ports from 1 to 65535, as in 10000-20000"),
    ("192.0.2.0/30", "192.0.2.1/30", "own.yaml:12:13: signaling.networks.tokyo[0]: '192.0.2.1/30' has host bits set; the network is 192.0.2.0/30"),
    ("192.0.2.0/30", "192.0.2.0/3O", "'192.0.2.0/3O' is not an IPv4 network"),
    ("192.0.2.0/30", "'2001:db8::/64'", "'2001:db8::/64' is IPv6"),
    ("192.0.2.0/30", "0.0.0.0/0", "'0.0.0.0/0' is too wide; use a prefix length of 8 or more"),
    ("203.0.113.0/26", "198.51.100.128/25", "media.networks.tokyo: 198.51.100.0/24 and 198.51.100.128/25 overlap"),
    ("203.0.113.0/26", "198.51.100.0/24", "media.networks.tokyo: 198.51.100.0/24 is listed twice"),
    ("all: [192.0.2.64/30]", "all: [192.0.2.2]", "signaling.networks.tokyo: 192.0.2.0/30 and 192.0.2.2/32 overlap"),
    ("    all: [192.0.2.64/30]\n", "    tokyo: [192.0.2.64/30]\n", "signaling.networks: 'tokyo' is listed twice"),
    ("    all: [192.0.2.64/30]\n", "    tokio: [192.0.2.64/30]\n", "signaling.networks.tokio: unknown region; use all or one of virginia, oregon"),
    ("all: [192.0.2.64/30]", "all: []", "signaling.networks: 'all' has no network"),
    ("    all: [192.0.2.64/30]\n", "    oregon: [192.0.2.64/30]\n", "media.networks: no network for region 'oregon', although the other plane has one"),
    ("    tokyo: [198.51.100.0/24, 203.0.113.0/26]\n", "    {}\n", "media.networks: no network is listed"),
    ("media:\n", "media: 5\nother:\n", "media: expected the keys 'ports' and 'networks', not '5'"),
    ("source: our own", "source: \"a\\u202eb\"", "source: 'a\\u{202e}b' contains the invisible character \\u{202e}"),
    ("title: A list", "title: \"A\\nlist\"", "title: 'A\\nlist' contains the invisible character \\u{a}"),
    ("title: A list", "title: \"A\\u3164list\"", "contains the invisible character \\u{3164}"),
    ("title: A list", "title: \"A\\u115Flist\"", "contains the invisible character \\u{115f}"),
    ("title: A list", "title: \"A\\uFFA0list\"", "contains the invisible character \\u{ffa0}"),
    ("title: A list", "title: \"A\\u180Elist\"", "contains the invisible character \\u{180e}"),
    ("title: A list", "title: \"A\\u034Flist\"", "contains the invisible character \\u{34f}"),
    ("title: A list", "title: \"A\\u2800list\"", "contains the invisible character \\u{2800}"),
    ("title: A list", "title: \"A\\uFE0Flist\"", "contains the invisible character \\u{fe0f}"),
    ("title: A list", "title: \"A\\u17B4list\"", "contains the invisible character \\u{17b4}"),
    ("title: A list", "title: \"A\\uFFF9list\"", "contains the invisible character \\u{fff9}"),
    ("title: A list", "title: \"A\\u009Blist\"", "contains the invisible character \\u{9b}"),
    ("title: A list", "title: \"A\\u2028list\"", "contains the invisible character \\u{2028}"),
    ("source: our own", "source: \"a\\U000E0041\"", "contains the invisible character \\u{e0041}"),
    ("title: A list", "title: \"A list", "found unexpected end of stream"),
    ("title: A list", "title: *nothing", "unknown anchor"),
    ("title: A list", "title: A list\n%TAG !a! t", "own.yaml:3:1: a %TAG directive is not accepted; delete the line"),
    ("title: A list", "title: A list\r%TAG !a! t", "a %TAG directive"),
    ("title: A list", "title: A list\u{2028}%TAG !a! t", "a %TAG directive"),
];

#[test]
fn rejects_a_wrong_dataset_with_file_place_and_reason() {
    for good in [
        GOOD,
        &format!("%YAML 1.2\n# %TAG{}---\n{GOOD}", "\n".repeat(4_096)),
    ] {
        Tool::line("-f nft --dataset own.yaml")
            .file("own.yaml", good)
            .run()
            .ok();
    }
    let mut failures = Vec::new();
    for (what, by, message) in DATASETS {
        assert_eq!(GOOD.matches(what).count(), 1, "{what}");
        let text = GOOD.replace(what, by);
        let ran = Tool::line("-f nft --dataset own.yaml")
            .file("own.yaml", &text)
            .run();
        let right = ran.status == 2
            && ran.stdout.is_empty()
            && ran.stderr.starts_with("twilio-sip-allow: error: own.yaml:")
            && ran.stderr.contains(message);
        if !right {
            failures.push(format!("{by:?}: wanted {message:?}\n{ran}"));
        }
    }
    let two = format!("{GOOD}---\n{GOOD}");
    let stderr = Tool::line("-f nft --dataset own.yaml")
        .file("own.yaml", two)
        .run()
        .refused();
    assert!(
        stderr.contains("own.yaml:") && stderr.contains("more than one document"),
        "{stderr}"
    );
    for text in ["", "null", "[]", "5", "\0"] {
        let stderr = Tool::line("-f nft --dataset own.yaml")
            .file("own.yaml", text)
            .run()
            .refused();
        assert!(
            stderr.starts_with("twilio-sip-allow: error: own.yaml:"),
            "{stderr}"
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn accepts_a_dataset_with_5000_networks_in_a_plane() {
    let own = |count: u32| {
        let network = |n: u32| std::net::Ipv4Addr::from(0x0a00_0000 + n * 2).to_string();
        let networks: Vec<String> = (0..count).map(network).collect();
        format!(
            "edition: own\ntitle: Own\nconnection: public\nsource: us\n\
             signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{tokyo: [{}]}}}}\n\
             media: {{ports: 10000-20000, networks: {{tokyo: [198.51.100.0/24]}}}}\n",
            networks.join(", ")
        )
    };
    let call = |line: &str, count| Tool::line(line).file("own", own(count)).run();
    let line =
        "-q --format iptables --plane signaling --direction in --transport udp --dataset own";
    let rules = call(line, 5_000).ok();
    assert_eq!(rules.matches(" -p udp ").count(), 5_000);
    let refused = call(line, 5_001).refused();
    assert!(
        refused.contains(
            "signaling.networks.tokyo: more than 5000 networks in one plane, which is the maximum"
        ),
        "{refused}"
    );
    // Each pair of a remote and a local network can become a rule.
    let local = |count| {
        let networks: Vec<String> = (0..count).map(|n| format!("192.0.2.{}", n * 2)).collect();
        format!("{line} --local-address {}", networks.join(","))
    };
    assert_eq!(
        call(&local(40), 5_000).ok().matches(" -p udp ").count(),
        200_000
    );
    let refused = call(&local(41), 5_000).refused();
    assert!(
        refused.contains("the selection: it expands to more than 200000 rules"),
        "{refused}"
    );
}

#[test]
fn rejects_a_region_that_the_dataset_does_not_have() {
    let text = GOOD.replace("    all: [192.0.2.64/30]\n", "");
    let stderr = Tool::line("-f nft --dataset own.yaml --region tokyo,sydney")
        .file("own.yaml", text)
        .run()
        .refused();
    assert!(
        stderr.contains("edition 'own' has no region 'sydney'; use one of tokyo"),
        "{stderr}"
    );
}
