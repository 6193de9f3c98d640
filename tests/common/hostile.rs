//! Hostile inputs, such as decompression bombs, endless lines and binary data.
//! `tests/program/hostile_inputs.rs` checks the answer to each, and `benches/hostile.rs` measures the
//! time.

use std::fmt::Write as _;

/// An input, the call that reads it as `FILE`, and a part of the expected answer.
pub struct Hostile {
    pub name: &'static str,
    pub args: &'static str,
    pub make: fn() -> Vec<u8>,
    /// A part of the error message, or of stdout if the text begins with `stdout: `.
    pub answer: &'static str,
}

const MIB: usize = 1 << 20;

const IPTABLES: &str = "check -q --edition regional -f iptables FILE";
const NFTABLES: &str = "check -q --edition regional -f nftables FILE";
const PF: &str = "check -q --edition regional -f pf FILE";
const AWS: &str = "check -q --edition regional -f aws-sg FILE";
const CISCO: &str = "check -q --edition regional -f cisco FILE";
const ASA: &str = "check -q --edition regional -f cisco-asa FILE";
const MIKROTIK: &str = "check -q --edition regional -f mikrotik FILE";
const FREESWITCH: &str = "check -q --edition regional -f freeswitch FILE";
const CUBE: &str = "check -q --edition regional -f cisco-cube FILE";
const ASTERISK: &str = "check -q --edition regional -f asterisk FILE";
const LIVEKIT: &str = "check -q --edition regional -f livekit FILE";
const TFVARS: &str = "check -q --edition regional -f tfvars FILE";
const LOCALS: &str = "check -q --edition regional -f iptables $(for net in 0 1 2 3 4 5 6 7; do seq -f \"--local-address 10.1.$net.%g\" 1 2 253; done) FILE";
const LONG_NAME: &str =
    "check -q --edition regional -f iptables --name \"$(head -c 255 /dev/zero | tr '\\0' a)\" FILE";
const EMPTY_GROUP: &str = "check -q -f aws-sg --dataset FILE --direction in --print-repair $(echo '{\"IpPermissions\": []}' >GROUP && echo GROUP) 2>/dev/null";
/// Deny rules for different pairs of addresses, followed by a rule that denies everything. Each rule
/// stops a packet of five expected rules (signaling by UDP, TCP and TLS, and the TCP return traffic of both).
/// The last one stops the rest of them, which is 30,000 parts in combination with all other networks.
const DENIED_PAIRS: &str = "check -q -f cisco --dataset FILE --direction in $({ echo 'ip access-list extended TWILIO-SIP-IN'; for n in $(seq 0 38); do echo \" deny ip host 40.0.$n.0 host 10.0.0.$n\"; done; echo ' deny ip any any'; } >RULES && echo RULES)";
const UFW_OF_MANY: &str = "check -q -f ufw --dataset FILE --direction in --print-repair $(seq -f \"ufw allow from 10.0.0.1 port %.0f comment 'twilio-sip'\" 60000 -1 1 | sed 's/allow/deny/; $s/deny/allow/' >RULES && echo RULES)";
const DATASET: &str = "-q -f nftables --dataset FILE";
const TEMPLATE: &str = "-q --template FILE";
const PAGE: &str = "dataset diff FILE";
const SCAN: &str = "scan -q FILE";
const SCAN_BY: &str = "scan -q --dataset FILE FILE";

/// A scan of nested folders. The outer ones are named `b` and contain the patterns, the inner ones have
/// names of 250 letters, and the innermost contains the files.
macro_rules! scan_ignored {
    ($with_patterns:literal, $with_long_names:literal, $files:literal) => {
        concat!(
            "scan -q $(at=TREE; rm -rf $at; for n in $(seq ",
            $with_patterns,
            "); do at=$at/b; mkdir -p $at; cp FILE $at/.gitignore; done; for n in $(seq ",
            $with_long_names,
            "); do at=$at/$(printf 'ab%.0s' $(seq 125)); done; mkdir -p $at; for n in $(seq ",
            $files,
            "); do echo 'twilio 54.65.63.193' >$at/$n; done; echo TREE)"
        )
    };
}

const ENGINE: &str = "the template needs more than 192 MiB of memory or 1 second of CPU time, or is nested too deeply; build fewer and smaller values in it";
const OUTPUT: &str =
    "the output has more than 67108864 bytes; raise the limit with --limit output=NUMBER";
const NO_CHAIN: &str = "stdout: there is no such chain in ";
const RULES: &str =
    "it expands to more than 200000 rules; raise the limit with --limit rules=NUMBER";
const BOXES: &str = "it expands to more than 200000 combinations of addresses and ports; raise the limit with --limit boxes=NUMBER";
const WORK: &str =
    "it takes more than 50000000 steps to evaluate; raise the limit with --limit work=NUMBER";
const DEPTH: &str =
    "it is nested more than 64 levels deep; raise the limit with --limit depth=NUMBER";
const INPUT: &str = "it has more than 33554432 bytes; raise the limit with --limit input=NUMBER";
const LIST: &str = "it has more than 2097152 bytes; raise the limit with --limit list=NUMBER";
const ADDRESSES: &str =
    "it has more than 200000 addresses to check; raise the limit with --limit addresses=NUMBER";
const NESTED_YAML: &str = "it is nested more than 64 levels deep";
const NUL: &str = "line 3: the line has a NUL byte, so this is not text";
const UTF16: &str = "it is UTF-16; convert it first, for example with iconv -f UTF-16 -t UTF-8";

const fn input(
    name: &'static str,
    args: &'static str,
    make: fn() -> Vec<u8>,
    answer: &'static str,
) -> Hostile {
    Hostile {
        name,
        args,
        make,
        answer,
    }
}

#[rustfmt::skip]
pub const INPUTS: &[Hostile] = &[
    // Too much input.
    input("a line of 100 MB, iptables", IPTABLES, || rules(&"-s 192.0.2.1 ".repeat(8 * MIB)), INPUT),
    input("a line of 100 MB, nftables", NFTABLES, || "{ ".repeat(50 * MIB).into(), INPUT),
    input("a line of 100 MB, pf", PF, || "pass ".repeat(20 * MIB).into(), INPUT),
    input("a line of 100 MB, AWS", AWS, || " ".repeat(100 * MIB).into(), INPUT),
    input("a line of 100 MB, Cisco", CISCO, || "permit ".repeat(15 * MIB).into(), INPUT),
    input("a line of 100 MB, scan", SCAN, || "Twilio ".repeat(15 * MIB).into(), INPUT),
    input("a line of 100 MB, dataset", DATASET, || "a: ".repeat(34 * MIB).into(), LIST),
    input("a line of 100 MB, page", PAGE, || "<p>".repeat(34 * MIB).into(), LIST),
    input("a line of 100 MB, template", TEMPLATE, || "{{ ".repeat(34 * MIB).into(), LIST),
    input("a line of 100 MB, addresses", "explain - <FILE", || "192.0.2.1 ".repeat(10 * MIB).into(), INPUT),
    input("a line of 3 MB, iptables", IPTABLES, || rules(&"-s 192.0.2.1 ".repeat(MIB / 4)), "FILE:4: the line has more than 10238 bytes, and iptables-restore reads the rest of a longer line as another line"),
    input("201,000 rules", IPTABLES, || rules(&"-j ACCEPT\n-A TWILIO-SIP-IN ".repeat(201_000)), RULES),
    input("JSON of 201,000 rules", NFTABLES, || json_rules(201_000), RULES),
    input("a group of 201,000 networks", AWS, || group(201_000), RULES),
    input("a group of 201,000 networks of IPv6", AWS, || group_of("Ipv6Ranges", 201_000, |_| "{\"CidrIpv6\": \"::/0\"}".to_owned()), RULES),
    input("a group of 300,000 prefix lists", AWS, || group_of("PrefixListIds", 300_000, |n| format!("{{\"PrefixListId\": \"pl-{n}\"}}")), RULES),
    input("a group of 400,000 groups, to repair", "check -q -f aws-sg --edition current --print-repair FILE", || group_of("UserIdGroupPairs", 400_000, |n| format!("{{\"GroupId\": \"sg-{n}\"}}")), RULES),
    input("a group without rules for 10,000 networks, to repair", EMPTY_GROUP, || networks(5_000), "stdout: \"CidrIp\": \"40.0.39.14/32\",\n            \"Description\": \"twilio-sip: signaling udp in"),
    input("a group of 190,000 permissions, to repair", "check -q -f aws-sg --edition current --direction in --print-repair FILE 2>/dev/null", || permissions(190_000), "stdout: \"FromPort\": 60000,\n        \"ToPort\": 60000,\n        \"IpRanges\": [\n          {\n            \"CidrIp\": \"10.1.212.190/32\"\n"),
    input("39 denied pairs of addresses before all is denied, 10,000 networks", DENIED_PAIRS, || networks(5_000), "stdout: drift: 30195 missing, 0 extra, "),
    input("60,000 rules of a unit that no script adds, to repair", UFW_OF_MANY, || networks(5_000), "no script of this program added a rule whose comment starts with 'twilio-sip', so loading keeps it; first run: ufw delete allow from 10.0.0.1 port 1 comment 'twilio-sip'"),
    input("a group of 199,000 groups", AWS, || group_of("UserIdGroupPairs", 199_000, |n| format!("{{\"GroupId\": \"sg-{n}\"}}")), "stdout: \n  198000 more not shown; use --report json to see all\n"),
    input("a group of another with a name of 30 MB", AWS, || group_of("UserIdGroupPairs", 1, |_| format!("{{\"GroupName\": \"{}\"}}", "x".repeat(30 * MIB))), "stdout: udp 5060 from security group xxx"),
    input("201,000 addresses to scan", SCAN, || "Twilio 54.65.63.192/30\n".repeat(201_000).into(), ADDRESSES),
    input("a scanned line of 201,000 addresses", SCAN, || "54.65.63.192/30 ".repeat(201_000).into(), ADDRESSES),
    input("a million addresses of others", SCAN, || "10.1.2.3\n".repeat(1_000_000).into(), "stdout: no Twilio addresses found"),
    input("a row of 24 MB of numbers, scan", SCAN, || format!("twilio 54.65.63.193\n{}", "1.".repeat(12 * MIB)).into(), "stdout: 1 file with Twilio addresses: 1 current"),
    input("20 million lines, scan", SCAN, || format!("twilio 54.65.63.193\n{}", "\n".repeat(20 * MIB)).into(), "stdout: 1 file with Twilio addresses: 1 current"),
    input("a prefix of 24 MB, scan", SCAN, || format!("twilio 54.65.63.193\n54.65.63.1922/{}", "1".repeat(24 * MIB)).into(), "stdout: 1 file with Twilio addresses: 1 current"),
    input("125,000 addresses beside letters that fold to 18 each", SCAN, || format!("twilio\n{}", format!("{} 8.8.8.8 ", "\u{fdfa}".repeat(76)).repeat(125_000)).into(), WORK),
    input("195,000 addresses beside letters that fold to none", SCAN, || format!("# twilio tokyo\n{}", format!(" 9.8.7.6 {}", "\u{ddd}".repeat(50)).repeat(195_000)).into(), WORK),
    input("195,000 addresses beside comments of signs that are slow to classify", SCAN, || format!("# twilio tokyo\n{}", format!(" 9.8.7.6 # // ; -- /* <!-- {}", "\u{f0f}".repeat(40)).repeat(195_000)).into(), WORK),
    input("two files of 18 MB of lines", "check -q --edition regional -f iptables FILE $(cp FILE COPY && echo COPY)", || [vec![b'\n'; 18 * MIB], rules("-j RETURN")].concat(), "stdout: drift: 2 of 2 files, "),
    input("a folder of two files of 30 MB of lines, scan", "scan -q $(mkdir -p TWO && cp FILE TWO/a && cp FILE TWO/b && echo TWO)", || format!("twilio 54.65.63.193\n{}", "\n".repeat(30 * MIB)).into(), "stdout: 2 files with Twilio addresses: 2 current"),
    input("30 MB of tabs in a range, scan", "scan -q --report github FILE", || format!("twilio\n54.65.63.192{}- 54.65.63.255\n", "\t".repeat(30 * MIB)).into(), "stdout: ,line=2,col=31457295::54.65.63.255: "),
    input("199,000 addresses, each 42 lines from its mask, scan", SCAN, || format!("twilio\n{}", format!("54.65.63.192{}mask 24\n", "\n".repeat(42)).repeat(199_000)).into(), "stdout: 1 file with Twilio addresses: 199000 current"),
    input("a list of 5,000 networks, and 6,000 times a network around them, scan", SCAN_BY, || scanned_dataset(&addresses(5_000, 2, ", "), "198.51.100.0/24", &"twilio 20.0.0.0/8\n# ".repeat(6_000)), WORK),
    input("90,000 gaps between the addresses of a network, scan", SCAN_BY, || scanned_dataset("192.88.99.1", "20.0.0.0/8", &addresses(90_000, 168, "\n# ")), "stdout: 1 current, 90000 narrower, 1 missing"),
    input("20,000 addresses that are one slip from 80 published ones each", "scan -q --limit work=2M --dataset FILE FILE", || scanned_dataset(&slips_from("111.111.111.111"), "198.51.100.0/24", &"twilio 111.111.111.111\n# ".repeat(20_000)), "it takes more than 2097152 steps to evaluate; raise the limit with --limit work=NUMBER"),
    input("800 patterns of 120 question marks, scan", scan_ignored!(1, 2, 1), || question_marks(800, 120), "stdout: 1 file with Twilio addresses: 1 current"),
    input("48 patterns of 230 question marks for 200 files deep below, scan", scan_ignored!(1, 13, 200), || question_marks(48, 230), "stdout: 200 files with Twilio addresses: 200 current"),
    input("48 patterns of 230 question marks in each of 40 folders, scan", scan_ignored!(40, 13, 20), || question_marks(48, 230), "stdout: 20 files with Twilio addresses: 20 current"),
    input("2,000 patterns that almost match, scan", scan_ignored!(1, 13, 20), || format!("**/*{}?c?\n", "ab".repeat(60)).repeat(2_000).into(), "TREE: the patterns of .gitignore take too long to match; name the files to scan instead of the folder"),
    input("250,000 addresses to explain", "explain - <FILE", || "192.0.2.1\n".repeat(250_000).into(), ADDRESSES),
    input("200,000 things that are no addresses", "explain - <FILE", || "x\n".repeat(200_000).into(), "(also in lines 2, 3, 4, 5 and 199995 more)"),
    input("a million resources that are no rules", "check -q --verbose --edition regional -f cloudformation FILE", || format!("{{\"Resources\": {{{}}}}}", (0..1_000_000).map(|n| format!("\"a{n}\": {{\"Type\": \"x\"}}")).collect::<Vec<_>>().join(", ")).into(), "stdout: missing in"),
    input("300,000 resources in a chain of references, CloudFormation", "check -q --verbose --edition regional -f cloudformation FILE", || cloudformation(&(0..300_000).map(|n| format!("\"a{n}\": {{\"Type\": \"x\", \"a\": {{\"Ref\": \"a{}\"}}}}", n + 1)).collect::<Vec<_>>().join(", ")), "stdout: missing in"),
    input("30 MB of names in a text, CloudFormation", "check -q --verbose --edition regional -f cloudformation FILE", || cloudformation(&format!("\"a\": {{\"Type\": \"x\", \"Fn::Sub\": \"{}\"}}", "${a}".repeat(7 * MIB))), "stdout: missing in"),
    input("a million resources beside a custom one, CloudFormation", "check -q --edition regional -f cloudformation FILE", || cloudformation(&(0..1_000_000).map(|n| format!("\"a{n}\": {{\"Type\": \"x\"}}")).collect::<Vec<_>>().join(", ")), WORK),
    input("nested JSON, CloudFormation", "check -q --edition regional -f cloudformation FILE", || cloudformation(&format!("\"a\": {{\"Type\": \"x\", \"a\": {}{}}}", "[".repeat(5 * MIB), "]".repeat(5 * MIB))), DEPTH),
    input("nested JSON, Terraform", "check -q --edition regional -f terraform FILE", || format!("{{\"resource\": {{\"null_resource\": {{\"a\": {}{}}}}}}}", "[".repeat(5 * MIB), "]".repeat(5 * MIB)).into(), DEPTH),
    input("a group's id of 15 MB and 500,000 strings, CloudFormation", "check -q --verbose --edition regional -f cloudformation FILE", || cloudformation_of(&long_id(), &format!("\"a\": {{\"Type\": \"x\", \"a\": [{}\"a\"]}}", "\"a\", ".repeat(500_000))), "stdout: missing in"),
    input("a group's id of 15 MB and 500,000 strings, Terraform", "check -q --verbose --edition regional -f terraform FILE", || terraform(&long_id(), &format!("\"null_resource\": {{\"a\": {{\"triggers\": [{}\"a\"]}}}}", "\"a\", ".repeat(500_000))), "stdout: missing in"),
    // Combinatorial explosion of packet sets.
    input("10,000 nested denies", IPTABLES, || denies(|n| format!("-m iprange --src-range {}-{} -j DROP", dotted(n), dotted(0x8000_0000 + n))), WORK),
    input("10,000 denies across each other", IPTABLES, || denies(across), WORK),
    input("10,000 denies in a row", IPTABLES, || denies(|n| format!("-s {}/32 -j DROP", dotted(n * 0x1_0001))), "stdout: extra   in"),
    input("200,000 accepts apart from each other", IPTABLES, || rules(&apart(199_000)), BOXES),
    input("jumps that double", IPTABLES, || jumps(60), RULES),
    input("jumps 100 deep", IPTABLES, || jumps(100), DEPTH),
    input("ports times ports", IPTABLES, || rules(&PORTS.repeat(1_000)), RULES),
    input("a set looked up twice", NFTABLES, || nftables(&set("ipv4_addr", 100_000, |n| dotted(n * 2)), "ip saddr @s ip daddr @s accept"), BOXES),
    input("not in a set of pairs", NFTABLES, || nftables(&set("ipv4_addr . inet_service", 20_000, |n| format!("{} . {}", dotted(n), n % 60_000)), "ip saddr . udp dport != @s accept"), BOXES),
    input("a macro of 15 million words", PF, || format!("x = \"{}\"\n", "a ".repeat(15 * MIB)).into(), "the value of macro 'x' has more than 8096 words"),
    input("a table of 6 million addresses", PF, || format!("table <x> {{ {}}}\n", "1/8 ".repeat(6 * MIB)).into(), WORK),
    input("lists times lists", PF, || lists(600), BOXES),
    input("a macro of 8,000 words, 20,000 times", PF, || macros(8_000, 20_000), WORK),
    input("not in a set of pairs, in 5,000 rules", NFTABLES, || nftables(&set("ipv4_addr . inet_service", 300, |n| format!("{} . {n}", dotted(n * 2))), &"ip saddr 192.0.2.1 ip saddr 192.0.2.2 ip saddr . udp dport != @s drop\n".repeat(5_000)), WORK),
    input("30,000 denied pairs of ports, of many networks each", "check -q -f iptables --edition regional-expanded --direction in FILE", || rules(&denied_ports(30_000)), BOXES),
    input("2,000 ports on either side", IPTABLES, || rules(&format!("-p udp -m multiport --ports {} -j DROP", (0..2_000).map(|n| (n * 2 + 1).to_string()).collect::<Vec<_>>().join(","))), BOXES),
    input("wildcards with gaps", CISCO, || access_list("permit udp 192.0.2.1 85.85.85.0 192.0.2.2 85.85.85.0\n", ""), BOXES),
    input("a wrong word of 8 MB in a group, for 20,000 entries, Cisco", "check -q --edition regional --direction in -f cisco FILE", || format!("object-group network G\n {}\n!\nip access-list extended TWILIO-SIP-IN\n{}", "x".repeat(8 * MIB), " permit udp object-group G any\n".repeat(20_000)).into(), "FILE:2: expected any, host, range, group-object, description, or an address and a mask, not 'xxx"),
    input("a type of 28 MB with 25 errors, Terraform", "check -q --edition regional -f terraform FILE", || format!("{{\"resource\": {{\"aws_vpc_security_group_ingress_rule\": {{\"a\": {{\"security_group_id\": \"sg-1\", \"ip_protocol\": \"-1\", \"cidr_ipv4\": \"192.0.2.0/24\"}}}}, \"{}\": {{{}}}}}}}\n", "t".repeat(28 * MIB), (0..25).map(|n| format!("\"b{n}\": {{\"x\": \"sg-1\"}}")).collect::<Vec<_>>().join(", ")).into(), "the block gets the security group and may add rules that are not in the input"),
    input("3 million headers, Asterisk", ASTERISK, || format!("Identify:  <Identify/Endpoint.....>\nMatch:  <criteria...>\n{}\nIdentify:  a/twilio-sip\n{}", "=".repeat(80), "Header:\n".repeat(3 * MIB)).into(), RULES),
    input("32 MB of zones, firewalld", "check -q --edition regional --direction in -f firewalld FILE", || format!("twilio-sip-in (active)\n  priority: -1\n  target: CONTINUE\n  ingress-zones: {}\n", "a ".repeat(15 * MIB)).into(), RULES),
    input("10,000 lists of all rules of a group, Terraform", "check -q --edition regional -f terraform FILE", || exclusive_lists(10_000), "a second resource lists all rules of the same security group"),
    input("68 rules of 32,767 ports for no packet, nftables", NFTABLES, || format!("table inet filter {{\n\tset s {{\n\t\ttype inet_service\n\t\telements = {{ {} }}\n\t}}\n\tchain c {{\n{}\t}}\n\tchain twilio_sip_in {{\n\t\ttcp dport 1 jump c\n\t}}\n}}\n", (1..32_768).map(|n| (2 * n).to_string()).collect::<Vec<_>>().join(", "), "\t\ttcp dport @s accept\n".repeat(68)).into(), "stdout: drift: "),
    input("40 policies of 199,000 services, firewalld", "check -q --edition regional --direction in -f firewalld FILE", || (0..40).map(|n| firewalld_policy(n, &"a ".repeat(199_000), "")).collect::<String>().into(), RULES),
    input("100,000 rules of 60 words, firewalld", "check -q --edition regional --direction in -f firewalld FILE", || firewalld_policy(1, "", &format!("\trule{}\n", " a b=\"\"".repeat(30)).repeat(100_000)).into(), WORK),
    input("a template of 20 headers of 8 kB for 9,000 sections, Asterisk", "check -q --edition regional --direction in --plane signaling -f asterisk FILE", || format!("[b](!)\ntype=identify\nendpoint=twilio-sip\n{}{}", format!("match_header=X-A: {}\n", "b".repeat(8_000)).repeat(20), (0..9_000).map(|n| format!("[s{n}](b)\nendpoint=twilio-sip\n")).collect::<Vec<_>>().concat()).into(), WORK),
    input("110,000 attributes behind a comment, firewalld", "check -q --edition regional --direction in -f firewalld FILE", || format!("<!--> <a \" -->\n<policy {}/>\n", (0..110_000).map(|n| format!("a{n}=''")).collect::<Vec<_>>().join(" ")).into(), "FILE:2: an element has more than 64 attributes, which no element of firewalld has"),
    input("15,000 namespaces behind a comment, firewalld", "check -q --edition regional --direction in -f firewalld FILE", || format!("<!--> <a \" -->\n<policy {}>{}</policy>\n", (0..15_000).map(|n| format!("xmlns:a{n}='{n}'")).collect::<Vec<_>>().join(" "), "<b xmlns:q='1'/>".repeat(15_000)).into(), "FILE:2: firewalld does not support namespaces"),
    input("groups within groups", CISCO, || groups(100), DEPTH),
    input("groups that multiply", CISCO, || groups_of(30, 60), RULES),
    input("an inactive entry of a large group, again and again", ASA, || asa_entries("object-group G any4 inactive"), RULES),
    input("20,000 services to groups of IPv6", ASA, || asa_services(20_000, 500), RULES),
    input("entries of IPv6", ASA, || asa_entries("any6 any6"), RULES),
    input("rules of no packet, RouterOS", MIKROTIK, || mikrotik_rules(440, 2_000), WORK),
    input("a template of 6,000 settings, 60,000 times", ASTERISK, || asterisk_sections(6_000, 60_000), WORK),
    input("a template of 20 lines of commas, 20,000 times, Asterisk", ASTERISK, || format!("[t](!)\ntype=identify\nendpoint=twilio-sip\n{}{}", format!("match={}\n", ",".repeat(8_100)).repeat(20), (0..20_000).map(|n| format!("[s{n}](t)\n")).collect::<Vec<_>>().concat()).into(), WORK),
    input("a template of 20 headers of 110 four-byte letters for 9,000 sections, Asterisk", "check -q --edition regional --direction in --plane signaling -f asterisk FILE", || format!("[b](!)\ntype=identify\nendpoint=twilio-sip\n{}{}", format!("match_header=X-A: {}\n", "\u{1f600}".repeat(110)).repeat(20), (0..9_000).map(|n| format!("[s{n}](b)\nendpoint=twilio-sip\n")).collect::<Vec<_>>().concat()).into(), "stdout: requests with the header X-A: \u{1f600}"),
    input("16 million names of templates, Asterisk", ASTERISK, || format!("[t](!)\ntype=identify\n{}", format!("[a]({}t)\n", "t,".repeat(128)).repeat(120_000)).into(), RULES),
    input("960 jumps to a rule of 100,000 ports, RouterOS", MIKROTIK, || format!("/ip firewall filter\nadd action=return chain=c protocol=udp dst-port={}1\n{}", "1,".repeat(99_999), "add action=jump chain=twilio-sip-in jump-target=c\n".repeat(960)).into(), WORK),
    input("2 million swaps of sets with 500 options, ipset", "check -q --verbose --edition regional --direction in -f ipset FILE", || { let options = " a".repeat(498); format!("create x hash:ip{options}\ncreate y hash:ip{options}\n{}", "swap x y\n".repeat(2_000_000)).into() }, "stdout: missing in"),
    input("IPv6 rules with two lists of 220 ports, ufw", "check -q --edition regional -f ufw --direction in FILE", || { let ports = (0..220).map(|n| (2 * n + 1).to_string()).collect::<Vec<_>>().join(","); format!("ufw allow from 2001:db8::1 port {ports} to any port {ports} proto tcp comment 'twilio-sip'\n").repeat(18_000).into() }, WORK),
    input("194 jumps to 2,000 rules of 100 properties, RouterOS", MIKROTIK, || { let names = (0..100).map(|n| format!(" !a{n}")).collect::<Vec<_>>().concat(); format!("/ip firewall filter\n{}{}", format!("add chain=c action=return protocol=udp{names}\n").repeat(2_000), format!("add action=jump chain=twilio-sip-in jump-target=c\n{}", "add action=jump chain=twilio-sip-out jump-target=c\n").repeat(97)).into() }, WORK),
    input("1,016 local addresses, of which nothing is let through", LOCALS, || rules("-j DROP"), "stdout: missing in"),
    input("198,400 networks, 32 in each node, FreeSWITCH", FREESWITCH, || freeswitch(&full_nodes(6_200)), "stdout: drift: "),
    input("a million nodes, FreeSWITCH", FREESWITCH, || freeswitch(&"<node cidr='10.0.0.0/8'/>\n".repeat(1_000_000)), RULES),
    input("a line of 20 MB, FreeSWITCH", FREESWITCH, || freeswitch(&" ".repeat(20 * MIB)), "the line is longer than 1000000 bytes"),
    input("2 million directives, FreeSWITCH", FREESWITCH, || format!("<a>\n{}</a>\n", "<X-PRE-PROCESS\n".repeat(2_000_000)).into(), "FILE:1: found the element 'a'; expected a list of acl.conf.xml"),
    input("2 million variables, FreeSWITCH", FREESWITCH, || format!("<document><section name='x'>\n{}</section></document>\n", "$${a}\n".repeat(2_000_000)).into(), "stdout: drift: "),
    input("500,000 sections and includes, FreeSWITCH", FREESWITCH, || format!("<document>\n{}</document>\n", "<s>\n<X-PRE-PROCESS cmd=\"include\" data=\"a\"/>\n</s>\n".repeat(500_000)).into(), RULES),
    input("40,000 sections and includes, FreeSWITCH", FREESWITCH, || format!("<document>\n{}</document>\n", "<s>\n<X-PRE-PROCESS cmd=\"include\" data=\"a\"/>\n</s>\n".repeat(40_000)).into(), "stdout: drift: "),
    input("190,000 variables for domains, FreeSWITCH", FREESWITCH, || freeswitch(&"<node type='allow' domain='$${a}'/>\n".repeat(190_000)), "stdout: drift: "),
    input("2 million comments of several lines, FreeSWITCH", FREESWITCH, || freeswitch(&"<!--#a\n-->\n".repeat(2_000_000)), "stdout: drift: "),
    input("nested lists, FreeSWITCH", FREESWITCH, || "<list>\n".repeat(MIB).into(), RULES),
    input("a million entries, trusted list", CUBE, || trusted_list(|n| dotted(0x0a00_0000 + n * 2), 1_000_000), RULES),
    input("a million times the same entry, trusted list", CUBE, || trusted_list(|_| "10.0.0.1".to_owned(), 1_000_000), "stdout: drift: "),
    input("a line of 30 MB, trusted list", CUBE, || trusted_list(|_| "1 ".repeat(15 * MIB), 1), "is not an IPv4 address"),
    input("800,000 headings, trusted list", CUBE, || "IP Address Trusted Authentication\n".repeat(800_000).into(), "the input has listings of several devices"),
    input("201,000 addresses of a trunk", LIVEKIT, || trunk(201_000), RULES),
    input("1.2 million addresses of a trunk", LIVEKIT, || trunk(1_200_000), RULES),
    input("1.4 million addresses of a trunk", LIVEKIT, || trunk(1_400_000), WORK),
    input("100,000 trunks of the same name", LIVEKIT, || format!("[{}{{\"name\": \"twilio-sip\", \"numbers\": []}}]\n", "{\"name\": \"twilio-sip\", \"numbers\": []}, ".repeat(100_000)).into(), "100001 trunks have the id or name 'twilio-sip'; use --name with one of these ids: twilio-sip, twilio-sip"),
    input("a trunk with an address of 20 MB", LIVEKIT, || format!("{{\"trunk\": {{\"name\": \"twilio-sip\", \"allowed_addresses\": [\"{}\"]}}}}\n", "a".repeat(20 * MIB)).into(), "stdout: requests whose From header has the host aaa"),
    input("500 networks with 500 ports, tfvars", TFVARS, || variables(500, 500), RULES),
    input("1.2 million networks, tfvars", TFVARS, || variables(1_200_000, 1), RULES),
    input("an array of 2 million numbers, tfvars", TFVARS, || format!("{{\"a\": [{}1]}}\n", "1,".repeat(2_000_000)).into(), WORK),
    input("a variable with a name of 20 MB, tfvars", TFVARS, || format!("{{\"{}\": 1}}\n", "a".repeat(20 * MIB)).into(), "stdout: the input does not set the variable"),
    // Nesting.
    input("a trunk in 200,000 arrays, LiveKit", LIVEKIT, || format!("{{\"items\": {}{}}}\n", "[".repeat(200_000), "]".repeat(200_000)).into(), "FILE:1: items[0]: expected an object, not an array"),
    input("a value in 200,000 objects, tfvars", TFVARS, || format!("{}1{}\n", "{\"a\": ".repeat(200_000), "}".repeat(200_000)).into(), "stdout: the input does not set the variable"),
    input("nested sets", NFTABLES, || nftables("", &format!("ip saddr {}", "{".repeat(5 * MIB))), "this brace is not closed"),
    input("nested JSON, nftables", NFTABLES, || format!("{{\"nftables\": {}", "[".repeat(5 * MIB)).into(), "expected an object that 'nft -j list' prints"),
    input("nested JSON within a rule", NFTABLES, || format!("{{\"nftables\": [{{\"rule\": {}", "{\"expr\":".repeat(MIB)).into(), "the input may have been cut off"),
    input("nested JSON, AWS", AWS, || "[".repeat(20 * MIB).into(), "the JSON ends too early"),
    input("nested braces, pf", PF, || format!("pass in from {}\n", "{".repeat(5 * MIB)).into(), "a '{' is not closed"),
    input("nested YAML", DATASET, || "a: [".repeat(MIB / 4).into(), NESTED_YAML),
    input("nested YAML without brackets", DATASET, || "- ".repeat(MIB / 2).into(), NESTED_YAML),
    input("nested YAML keys", DATASET, || "? ".repeat(MIB / 2).into(), NESTED_YAML),
    input("YAML aliases that multiply", DATASET, laughs, "unknown key 'a'"),
    input("YAML aliases of 4,000 networks for 30,000 regions", DATASET, aliases, "signaling.networks.r0: more than 5000 networks in one plane, which is the maximum"),
    input("120,000 tag directives of YAML", DATASET, || (0..120_000).map(|n| format!("%TAG !a{n}! t\n")).collect::<Vec<_>>().concat().into(), "FILE:1:1: a %TAG directive is not accepted; delete the line"),
    input("white space of a megabyte before pieces of it, YAML", DATASET, || format!("edition: \"{}{}\"", " ".repeat(MIB), "x ".repeat(MIB / 2 - 8)).into(), "FILE:1:1: more than 4096 characters of white space in a row; delete some"),
    input("a million blank lines, YAML", DATASET, || format!("edition: x\n{}", "\n".repeat(MIB)).into(), "FILE:4098:1: more than 4096 characters of white space in a row; delete some"),
    input("a YAML text of 2 MB", DATASET, || format!("edition: {}", "x ".repeat(MIB - 16)).into(), "is not a name; use 1 to 32 lower-case letters"),
    input("700,000 keys in a row, YAML", DATASET, || format!("edition: [{}]", "?a,".repeat(695_000)).into(), "FILE:1:1: more than 500000 commas, colons, dashes, question marks, brackets and line ends; shorten the text"),
    input("250,000 keys in a row, YAML", DATASET, || format!("edition: [{}]", "?a,".repeat(249_990)).into(), "edition: expected a name, not a list"),
    input("a million entries in lines of others, YAML", DATASET, || format!("edition:\n{}", format!("{}a\n", "- ".repeat(63)).repeat(16_000)).into(), "FILE:7814:1: more than 500000 commas"),
    input("690,000 entries between line ends of Unicode, YAML", DATASET, || format!("edition:\n{}", "-\u{85}".repeat(690_000)).into(), "FILE:2:1: more than 500000 commas"),
    input("80,000 regions, dataset", DATASET, || dataset(&(0..80_000).map(|n| format!("r{n}: [192.0.2.0/24]")).collect::<Vec<_>>().join(", ")), "signaling.networks.r5000: more than 5000 networks in one plane, which is the maximum"),
    input("100,000 equal networks, dataset", DATASET, || dataset(&format!("all: [{}]", vec!["192.0.2.0/24"; 100_000].join(", "))), "signaling.networks.all: more than 5000 networks in one plane, which is the maximum"),
    input("40,000 networks, dataset", "-q -f cloudformation --dataset FILE", || dataset(&format!("all: [{}]", (0..40_000).map(|n| dotted(0x0a00_0000 + n * 2)).collect::<Vec<_>>().join(", "))), "signaling.networks.all: more than 5000 networks in one plane, which is the maximum"),
    input("nested HTML", PAGE, || "<div>".repeat(MIB / 10).into(), "no list of addresses found"),
    input("nested quotations, Markdown", PAGE, || ">".repeat(MIB / 2).into(), "no list of addresses found"),
    input("nested brackets, Markdown", PAGE, || "[".repeat(MIB / 2).into(), "no list of addresses found"),
    input("open emphases, Markdown", PAGE, || "*a_ ".repeat(MIB / 16).into(), "no list of addresses found"),
    input("a table of wide cells, HTML", PAGE, || format!("<table>{}", "<tr><td rowspan=65534 colspan=1000>54.65.63.192/30".repeat(4_000)).into(), "is not under a heading"),
    input("empty cells of 100 columns, HTML", PAGE, || format!("<table><tr>{}", "<td colspan=100>".repeat(130_000)).into(), "FILE:1: the cells of the table span too many columns or rows"),
    input("empty cells of 100 columns and rows, HTML", PAGE, || format!("<table>\n<tr>{}{}", "<td colspan=100 rowspan=100>".repeat(20_000), "<tr>".repeat(99)).into(), "FILE:2: the cells of the table span too many columns or rows"),
    input("250,000 pieces of white space, HTML", PAGE, || format!("<p>{}", "<b> </b>".repeat(250_000)).into(), "no list of addresses found"),
    input("300,000 pieces of white space, Markdown", PAGE, || format!("# x\n\n{}", "&nbsp;".repeat(300_000)).into(), "no list of addresses found"),
    input("lines that are almost labels", PAGE, || format!("z{}\n", "a".repeat(398)).repeat(5_200).into(), "no list of addresses found"),
    input("5,000 headings of letters that fold to 18 each", PAGE, || format!("|{} 1|\n|-|\n\n", "\u{fdfa}".repeat(130)).repeat(5_200).into(), "no list of addresses found"),
    input("a long heading above 120,000 addresses", PAGE, || format!("# x\n\n# {}\n\n{}", "z ".repeat(MIB / 2), "192.0.2.1\n".repeat(100_000)).into(), "FILE:5: 192.0.2.1 is below 'z z z "),
    input("a long note behind 60,000 ports", PAGE, || ports("Signaling", &format!("tokyo|192.0.2.1|UDP [#{}]", "a".repeat(600_000)), "|1|1", 60_000, 1), "' next to the addresses"),
    input("800 rows of 1,000 wrong ports", PAGE, || ports("Signaling", &format!("tokyo|192.0.2.1|{}", "protocol".repeat(49)), "|1|1", 1_000, 800), "FILE:5: cannot interpret the ports '1 protocol"),
    input("160 rows of 3,000 ports of 7 regions", PAGE, || ports("Media", "us1,ie1,de1,au1,sg1,jp1,br1|192.0.2.1|UDP", "|1-2|1-3", 3_000, 160), "FILE:5: the ports of media of virginia differ from those in line 5"),
    input("template loops in loops", TEMPLATE, || "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}".into(), "the template takes too many steps or produces too much text"),
    input("template of much text", TEMPLATE, || "{{ 'x' * 1000000000 }}".into(), "the template takes too many steps or produces too much text"),
    input("template that doubles a value", TEMPLATE, || doubling("{{ ns.x }}"), "the value is longer than 1 MiB as text"),
    input("template that doubles a value, as JSON", TEMPLATE, || doubling("{{ ns.x|tojson }}"), "the value is longer than 1 MiB as text"),
    input("template that doubles a value as a key", TEMPLATE, || doubling("{{ {ns.x: 1} }}"), "the value is longer than 1 MiB as text"),
    input("template that doubles a value, pretty", TEMPLATE, || doubling("{{ ns.x|pprint }}"), ENGINE),
    input("template that doubles a value, joined to a text", TEMPLATE, || doubling("{{ (ns.x ~ '')|length }}"), ENGINE),
    input("template that doubles a value, searched for", TEMPLATE, || doubling("{{ ns.x in 'abc' }}"), ENGINE),
    input("template that doubles a value, as a string", TEMPLATE, || doubling("{{ ns.x|string|length }}"), ENGINE),
    input("template that doubles a value, formatted", TEMPLATE, || doubling("{{ '%s'|format(ns.x) }}"), ENGINE),
    input("template that compares doubled values", TEMPLATE, || doubling("{% set other = namespace(x=[1]) %}{% for i in range(60) %}{% set other.x = [other.x,other.x] %}{% endfor %}{{ ns.x == other.x }}"), ENGINE),
    input("template with a wide indentation", TEMPLATE, || "{{ rules|tojson(indent=100000000) }}".into(), "the indentation of tojson must be at most 16 spaces"),
    input("template that repeats a list", TEMPLATE, || "{{ [rules] * 200000 }}".into(), "the value is longer than 1 MiB as text"),
    input("template with a long separator", TEMPLATE, || "{{ range(100000)|map('string')|join('x' * 100000) }}".into(), "the template takes too many steps or produces too much text"),
    input("template that calls itself", TEMPLATE, || "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}".into(), "recursion limit exceeded"),
    input("nested template", TEMPLATE, || "{% if 1 %}".repeat(6_000).into(), "template exceeds maximum recursion limits"),
    // Thousands of names, or a very long name, among the candidates for a suggestion.
    input("20,000 names, iptables", IPTABLES, || iptables_chains(20_000, ""), NO_CHAIN),
    input("100,000 names, iptables", IPTABLES, || iptables_chains(100_000, ""), NO_CHAIN),
    input("20,000 names, nftables", NFTABLES, || nftables_chains(20_000), NO_CHAIN),
    input("100,000 names, nftables", NFTABLES, || nftables_chains(100_000), NO_CHAIN),
    input("20,000 names, RouterOS", MIKROTIK, || mikrotik_chains(20_000), NO_CHAIN),
    input("50,000 names, RouterOS", MIKROTIK, || mikrotik_chains(50_000), NO_CHAIN),
    input("a name of 255 letters and 20,000 names", LONG_NAME, || iptables_chains(20_000, ""), NO_CHAIN),
    input("a name of 255 letters and 20,000 such names", LONG_NAME, || iptables_chains(20_000, &"a".repeat(240)), NO_CHAIN),
    input("a name of 30 MB, iptables", IPTABLES, || iptables_chains(1, &"A".repeat(30 * MIB)), "FILE:2: the line has more than 10238 bytes"),
    input("a name of 30 MB, nftables", NFTABLES, || format!("table inet filter {{\nchain {} {{\n}}\n}}\n", "a".repeat(30 * MIB)).into(), NO_CHAIN),
    // Reports that are longer than the input.
    input("100,000 times all addresses", "explain -q <FILE", || "0.0.0.0/0\n".repeat(100_000).into(), OUTPUT),
    input("100,000 times all addresses, JSON", "explain -q --json <FILE", || "0.0.0.0/0\n".repeat(100_000).into(), OUTPUT),
    input("20,000 findings, SARIF", "scan -q --report sarif --limit output=1M FILE", || "54.65.63.200 twilio\n".repeat(20_000).into(), "the output has more than 1048576 bytes; raise the limit with --limit output=NUMBER"),
    input("20,000 findings, JSON", "scan -q --report json --limit output=1M FILE", || "54.65.63.200 twilio\n".repeat(20_000).into(), "the output has more than 1048576 bytes; raise the limit with --limit output=NUMBER"),
    // Input that is not text.
    input("NUL bytes, iptables", IPTABLES, || b"*filter\n:A - [0:0]\n\0\n".into(), NUL),
    input("NUL bytes, nftables", NFTABLES, || b"table inet filter {\n}\n\0\n".into(), NUL),
    input("NUL bytes, pf", PF, || b"pass in\npass out\n\0\n".into(), NUL),
    input("NUL bytes, AWS", AWS, || b"{\n\n\0}\n".into(), NUL),
    input("NUL bytes, Cisco", CISCO, || b"!\n!\n\0\n".into(), NUL),
    input("NUL bytes, dataset", DATASET, || b"\n\nedition: \0\n".into(), NUL),
    input("NUL bytes, page", PAGE, || b"#\n\n\0\n".into(), NUL),
    input("NUL bytes, template", TEMPLATE, || b"\n\n\0".into(), NUL),
    input("NUL bytes, scan", SCAN, || b"twilio\0".into(), "is not a text file"),
    input("invalid UTF-8, iptables", IPTABLES, || b"*filter\n:A - [0:0]\n-A A \xff\n".into(), "line 3: byte 25 of the input is not UTF-8"),
    input("invalid UTF-8, page", PAGE, || b"\xc3\x28".into(), "line 1: byte 1 of the input is not UTF-8"),
    input("invalid UTF-8, scan", SCAN, || b"\xff Twilio 54.65.63.192/30\n".into(), "stdout: 1 current"),
    input("UTF-16, iptables", IPTABLES, || utf16(&rules("-j ACCEPT"), u16::to_le_bytes), UTF16),
    input("UTF-16, dataset", DATASET, || utf16(b"edition: x\n", u16::to_be_bytes), UTF16),
    input("UTF-16, page", PAGE, || utf16(b"# x\n", u16::to_le_bytes), UTF16),
    input("UTF-16, scan", SCAN, || utf16(b"Twilio 54.65.63.192/30\n", u16::to_be_bytes), "stdout: 1 current"),
];

/// Patterns for names with an `a`, the given number of arbitrary characters, and a number.
fn question_marks(patterns: usize, marks: usize) -> Vec<u8> {
    let pattern = |number| format!("*a{}{number}z\n", "?".repeat(marks));
    (0..patterns).map(pattern).collect::<String>().into()
}

/// A dataset with the given signaling networks.
fn dataset(signaling: &str) -> Vec<u8> {
    format!(
        "edition: own\ntitle: Own\nconnection: public\nsource: us\n\
         signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{{signaling}}}}}\n\
         media: {{ports: 10000-20000, networks: {{all: [198.51.100.0/24]}}}}\n"
    )
    .into()
}

/// A dataset with the given networks and a text in a comment. `scan` ignores the last line of the
/// dataset.
fn scanned_dataset(signaling: &str, media: &str, text: &str) -> Vec<u8> {
    let dataset = dataset(&format!("all: [{signaling}]"));
    let dataset = String::from_utf8(dataset).expect("a dataset should be text");
    let dataset = dataset.replace("198.51.100.0/24", media);
    format!(
        "{} # twilio-sip-allow: ignore\n# {text}\n",
        dataset.trim_end()
    )
    .into()
}

/// Addresses from 20.0.0.0 on, at a distance of `step`.
fn addresses(count: u32, step: u32, between: &str) -> String {
    let addresses = (0..count).map(|number| dotted(0x1400_0000 + number * step));
    addresses.collect::<Vec<_>>().join(between)
}

/// All addresses that differ from the given one by a wrong or missing digit.
fn slips_from(address: &str) -> String {
    let mut slips = std::collections::BTreeSet::new();
    for at in 0..address.len() {
        let (before, after) = (&address[..at], &address[at + 1..]);
        slips.insert(format!("{before}{after}"));
        slips.extend((0..10).map(|figure| format!("{before}{figure}{after}")));
    }
    slips.remove(address);
    let is_address = |slip: &String| slip.parse::<std::net::Ipv4Addr>().is_ok();
    slips
        .into_iter()
        .filter(is_address)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A Terraform state in which all rules have the same id, and each rule lists all rules of its group.
fn exclusive_lists(count: usize) -> Vec<u8> {
    let resource = |kind: &str, name: &str, values: &str| {
        format!(
            "{{\"mode\": \"managed\", \"type\": \"aws_vpc_security_group_{kind}\", \"name\": \"{name}\", \"values\": {{\"security_group_id\": \"sg-1\", {values}}}}}"
        )
    };
    let rule = |n: usize| {
        let values = "\"security_group_rule_id\": \"x\", \"ip_protocol\": \"-1\", \"cidr_ipv4\": \"192.0.2.0/24\"";
        resource("ingress_rule", &format!("twilio_sip_{n}"), values)
    };
    let list = |_| resource("rules_exclusive", "a", "\"ingress_rule_ids\": [\"x\"]");
    let resources: Vec<String> = (0..count).map(rule).chain((0..count).map(list)).collect();
    format!(
        "{{\"format_version\": \"1.0\", \"values\": {{\"root_module\": {{\"resources\": [{}]}}}}}}\n",
        resources.join(", ")
    )
    .into()
}

/// A policy in the form that `firewall-cmd --list-all-policies` prints.
fn firewalld_policy(number: u32, services: &str, rich_rules: &str) -> String {
    format!(
        "p{number} (active)\n  priority: -1\n  target: CONTINUE\n  ingress-zones: ANY\n  egress-zones: HOST\n  services: {services}\n  ports: \n  protocols: \n  masquerade: no\n  forward-ports: \n  source-ports: \n  icmp-blocks: \n  rich rules: \n{rich_rules}\n"
    )
}

/// A dataset with the given number of networks for each plane.
fn networks(count: u32) -> Vec<u8> {
    let all = |base: u32| {
        let networks = (0..count).map(|number| dotted(base + number * 2));
        networks.collect::<Vec<_>>().join(", ")
    };
    let text = String::from_utf8(dataset(&format!("all: [{}]", all(0x2800_0000))));
    let media = format!("all: [{}]", all(0x1400_0000));
    let text = text.unwrap_or_default();
    text.replace("all: [198.51.100.0/24]", &media).into()
}

/// A template that builds a value of 2^60 parts from 60 lists and then uses it.
fn doubling(usage: &str) -> Vec<u8> {
    let value = "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x,ns.x] %}{% endfor %}";
    format!("{value}{usage}").into()
}

/// Chains whose names differ from the one that `check` looks for.
fn iptables_chains(count: usize, start: &str) -> Vec<u8> {
    let chain = |number| format!(":{start}TWILIO-SIP-IN-{number} - [0:0]\n");
    let chains: String = (0..count).map(chain).collect();
    format!("*filter\n{chains}COMMIT\n").into()
}

fn nftables_chains(count: usize) -> Vec<u8> {
    let chain = |number| format!("chain twilio_sip_in_{number} {{\n}}\n");
    let chains: String = (0..count).map(chain).collect();
    format!("table inet filter {{\n{chains}}}\n").into()
}

fn mikrotik_chains(count: usize) -> Vec<u8> {
    let rule = |number| format!("add chain=twilio-sip-in-{number} action=accept\n");
    let rules: String = (0..count).map(rule).collect();
    format!("/ip firewall filter\n{rules}").into()
}

/// Rules for pairs of networks, in a chain that no expected packet reaches.
fn mikrotik_rules(networks: u32, rules: usize) -> Vec<u8> {
    let mut text = "/ip firewall address-list\n".to_owned();
    for list in ["L", "M"] {
        for number in 0..networks {
            let _ = writeln!(
                text,
                "add list={list} address={}",
                dotted(0x0a00_0000 + number * 2)
            );
        }
    }
    text += "/ip firewall filter\nadd chain=twilio-sip-in action=jump jump-target=c src-address=192.0.2.1\n";
    text += &"add chain=c action=drop src-address-list=L dst-address-list=M\n".repeat(rules);
    text.into()
}

fn freeswitch(nodes: &str) -> Vec<u8> {
    format!("<list name=\"twilio-sip\" default=\"deny\">\n{nodes}</list>\n").into()
}

/// Nodes with as many networks as FreeSWITCH reads in one node.
fn full_nodes(count: u32) -> String {
    let mut text = String::new();
    for number in 0..count {
        let hosts = (0..32).map(|host| dotted(0x0a00_0000 + number * 64 + host * 2) + "/32");
        let hosts: Vec<String> = hosts.collect();
        let _ = writeln!(text, "<node type='allow' cidr='{}'/>", hosts.join(","));
    }
    text
}

fn trusted_list(address: impl Fn(u32) -> String, count: u32) -> Vec<u8> {
    let mut text = "voice service voip\n ip address trusted list\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "  ipv4 {}", address(number));
    }
    text.into()
}

fn asterisk_sections(settings: usize, sections: usize) -> Vec<u8> {
    let mut text = "[t](!)\ntype=identify\nendpoint=twilio-sip\n".to_owned();
    text += &"srv_lookups=no\n".repeat(settings);
    for number in 0..sections {
        let _ = writeln!(text, "[s{number}](t)");
    }
    text.into()
}

/// Rules that each combine 15 source ports with 15 destination ports.
const PORTS: &str = "-p udp -m multiport --sports 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29 -m multiport --dports 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29 -j DROP\n-A TWILIO-SIP-IN ";

/// Output of iptables-save with the given rules in the inbound chain.
fn rules(rules: &str) -> Vec<u8> {
    format!("*filter\n:TWILIO-SIP-IN - [0:0]\n:TWILIO-SIP-OUT - [0:0]\n-A TWILIO-SIP-IN {rules}\nCOMMIT\n")
        .into()
}

/// Many entries in an access list of an ASA, and a group with many networks.
fn asa_entries(ends: &str) -> Vec<u8> {
    let mut text = "object-group network G\n".to_owned();
    for number in 0..50_000 {
        let _ = writeln!(text, " network-object host {}", dotted(number * 2));
    }
    let entry = format!("access-list TWILIO-SIP-IN extended permit ip {ends}\n");
    (text + &entry.repeat(250_000)).into()
}

/// Entries with a large service group and IPv6 hosts. One of them is inactive.
fn asa_services(services: u32, entries: u32) -> Vec<u8> {
    let mut text = "object-group service S\n".to_owned();
    for number in 0..services {
        let _ = writeln!(
            text,
            " service-object udp destination eq {}",
            number * 2 + 1
        );
    }
    for number in 0..entries {
        let _ = writeln!(
            text,
            "object-group network V{number}\n network-object host 2001:db8::{number:x}"
        );
    }
    for number in 0..entries {
        let _ = writeln!(
            text,
            "access-list TWILIO-SIP-IN extended deny object-group S object-group V{number} any"
        );
    }
    (text + "access-list TWILIO-SIP-IN extended deny tcp any any inactive\n").into()
}

/// Rules that each deny a source port and a destination port.
fn denied_ports(count: u32) -> String {
    let rule = |n| {
        format!(
            "-p udp -m udp --sport {} --dport {} -j DROP\n-A TWILIO-SIP-IN ",
            n + 1,
            10_000 + n
        )
    };
    let all: String = (0..count).map(rule).collect();
    all + "-j DROP"
}

fn denies(deny: fn(u32) -> String) -> Vec<u8> {
    let mut text = String::new();
    for number in 0..10_000 {
        let _ = write!(text, "{}\n-A TWILIO-SIP-IN ", deny(number));
    }
    rules(&(text + "-j ACCEPT"))
}

fn across(number: u32) -> String {
    let last = number + 50_000;
    match number % 3 {
        0 => format!(
            "-p udp -m iprange --src-range {}-{} -j DROP",
            dotted(number),
            dotted(last)
        ),
        1 => format!("-p udp --dport {number}:{last} -j DROP"),
        _ => format!("-p udp --sport {number}:{last} -j DROP"),
    }
}

fn apart(count: u32) -> String {
    let rule = |number: u32| format!("-s {}/32 -j ACCEPT\n-A TWILIO-SIP-IN ", dotted(number * 3));
    (0..count).map(rule).collect::<String>() + "-j RETURN"
}

fn jumps(chains: usize) -> Vec<u8> {
    let mut text = String::from("*filter\n:TWILIO-SIP-IN - [0:0]\n:TWILIO-SIP-OUT - [0:0]\n");
    for chain in 0..chains {
        let _ = writeln!(text, ":C{chain} - [0:0]");
    }
    text += "-A TWILIO-SIP-IN -j C0\n";
    for chain in 1..chains {
        let before = chain - 1;
        let _ = writeln!(
            text,
            "-A C{before} -s 10.0.0.0/8 -j C{chain}\n-A C{before} -j C{chain}"
        );
    }
    (text + "COMMIT\n").into()
}

fn nftables(sets: &str, rule: &str) -> Vec<u8> {
    format!(
        "table inet filter {{\n{sets}\n\tchain twilio_sip_in {{\n\t\t{rule}\n\t}}\n\tchain twilio_sip_out {{\n\t}}\n}}\n"
    )
    .into()
}

fn set(types: &str, count: u32, element: fn(u32) -> String) -> String {
    let elements: Vec<String> = (1..=count).map(element).collect();
    format!(
        "set s {{\ntype {types}\nelements = {{ {} }}\n}}",
        elements.join(", ")
    )
}

/// A template with a rule of a security group and other resources.
fn cloudformation(resources: &str) -> Vec<u8> {
    cloudformation_of("sg-1", resources)
}

fn cloudformation_of(group: &str, resources: &str) -> Vec<u8> {
    let rule = format!(
        "{{\"Type\": \"AWS::EC2::SecurityGroupIngress\", \"Properties\": {{\"GroupId\": \"{group}\", \"IpProtocol\": \"-1\", \"CidrIp\": \"192.0.2.0/24\"}}}}"
    );
    format!("{{\"Resources\": {{\"Rule\": {rule}, {resources}}}}}").into()
}

/// A file of Terraform with a rule of a security group and other resources.
fn terraform(group: &str, resources: &str) -> Vec<u8> {
    let rule = format!(
        "{{\"security_group_id\": \"{group}\", \"ip_protocol\": \"-1\", \"cidr_ipv4\": \"192.0.2.0/24\"}}"
    );
    format!(
        "{{\"resource\": {{\"aws_vpc_security_group_ingress_rule\": {{\"a\": {rule}}}, {resources}}}}}"
    )
    .into()
}

/// An id of a security group that is much longer than most texts that are searched for it.
fn long_id() -> String {
    format!("sg-{}", "1".repeat(15 * MIB))
}

/// A trunk with the given number of addresses.
fn trunk(count: u32) -> Vec<u8> {
    let network = |number| format!("\"{}/32\"", dotted(number * 2));
    let networks: Vec<String> = (0..count).map(network).collect();
    format!(
        "{{\"trunk\": {{\"name\": \"twilio-sip\", \"allowed_addresses\": [{}]}}}}\n",
        networks.join(", ")
    )
    .into()
}

/// Variables whose networks and ports multiply.
fn variables(networks: u32, ports: u32) -> Vec<u8> {
    let network = |number| format!("\"{}/32\"", dotted(number * 2));
    let port = |number| {
        format!("{{\"protocol\": \"udp\", \"from_port\": {number}, \"to_port\": {number}}}")
    };
    let networks: Vec<String> = (0..networks).map(network).collect();
    let ports: Vec<String> = (0..ports).map(|number| port(number * 2)).collect();
    format!(
        "{{\"twilio_sip_media_cidr_blocks\": [{}], \"twilio_sip_media_ports\": [{}]}}\n",
        networks.join(", "),
        ports.join(", ")
    )
    .into()
}

fn json_rules(count: usize) -> Vec<u8> {
    let place = "\"family\": \"inet\", \"table\": \"filter\"";
    let chain =
        |name: &str| format!("{{\"chain\": {{{place}, \"name\": \"twilio_sip_{name}\"}}}}, ");
    let rule = format!(
        "{{\"rule\": {{{place}, \"chain\": \"twilio_sip_in\", \"expr\": [{{\"accept\": null}}]}}}}"
    );
    let rules = vec![rule; count].join(", ");
    format!(
        "{{\"nftables\": [{}{}{rules}]}}\n",
        chain("in"),
        chain("out")
    )
    .into()
}

fn group(count: u32) -> Vec<u8> {
    group_of("IpRanges", count, |number| {
        format!("{{\"CidrIp\": \"{}/32\"}}", dotted(number * 2))
    })
}

/// A security group with the given list of UDP sources.
fn group_of(list: &str, count: u32, source: fn(u32) -> String) -> Vec<u8> {
    let sources: Vec<String> = (0..count).map(source).collect();
    format!(
        "{{\"SecurityGroups\": [{{\"GroupId\": \"sg-1\", \"GroupName\": \"twilio-sip\", \"IpPermissionsEgress\": [], \
         \"IpPermissions\": [{{\"IpProtocol\": \"udp\", \"FromPort\": 5060, \"ToPort\": 5060, \"{list}\": [{}]}}]}}]}}\n",
        sources.join(", ")
    )
    .into()
}

/// A security group in which each permission has one port and one network.
fn permissions(count: u32) -> Vec<u8> {
    let permission = |number: u32| {
        let port = 1 + number % 60_000;
        let network = dotted(0x0a00_0000 + number * 2);
        format!(
            "{{\"IpProtocol\": \"udp\", \"FromPort\": {port}, \"ToPort\": {port}, \"IpRanges\": [{{\"CidrIp\": \"{network}/32\"}}]}}"
        )
    };
    let permissions: Vec<String> = (0..count).map(permission).collect();
    format!("{{\"IpPermissions\": [{}]}}\n", permissions.join(", ")).into()
}

fn lists(count: u32) -> Vec<u8> {
    let list = |base: u32| {
        let networks = (0..count).map(|n| dotted(base + n * 2));
        networks.collect::<Vec<_>>().join(" ")
    };
    format!(
        "pass in from {{ {} }} to {{ {} }}\n",
        list(0),
        list(0x0a00_0000)
    )
    .into()
}

fn macros(words: usize, times: usize) -> Vec<u8> {
    let value = "192.0.2.1 ".repeat(words);
    let rules = "pass in from { $m } to any\n".repeat(times);
    format!("m = \"{value}\"\n{rules}").into()
}

fn access_list(entries: &str, groups: &str) -> Vec<u8> {
    format!(
        "version 15\n{groups}ip access-list extended TWILIO-SIP-IN\n {entries}ip access-list extended TWILIO-SIP-OUT\n permit ip any any\n"
    )
    .into()
}

/// Groups that each contain the previous one.
fn groups(count: usize) -> Vec<u8> {
    groups_of(count, 1)
}

/// Groups that each contain the previous one the given number of times, and one host.
fn groups_of(count: usize, times: usize) -> Vec<u8> {
    let mut text = String::from("object-group service G0\n udp 5060\n");
    for group in 1..count {
        let nested = format!(" group-object G{}\n", group - 1).repeat(times);
        let _ = write!(
            text,
            "object-group service G{group}\n udp {group}\n{nested}"
        );
    }
    let entry = format!("permit object-group G{} any any\n", count - 1);
    access_list(&entry, &text)
}

/// YAML anchors that each refer nine times to the previous one ("billion laughs").
fn laughs() -> Vec<u8> {
    let mut text = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (before, name) in ('a'..='t').zip('b'..) {
        let nine = vec![format!("*{before}"); 9].join(", ");
        let _ = writeln!(text, "{name}: &{name} [{nine}]");
    }
    text.into()
}

/// Many regions with the networks of one region, by YAML aliases.
fn aliases() -> Vec<u8> {
    let networks: Vec<String> = (0..4_000).map(|n| dotted(0x0a00_0000 + n * 2)).collect();
    let regions: Vec<String> = (0..30_000).map(|n| format!("r{n}: *a")).collect();
    dataset(&format!(
        "virginia: &a [{}], {}",
        networks.join(", "),
        regions.join(", ")
    ))
}

/// A Markdown table with many columns of ports, of which two have values.
fn ports(plane: &str, start: &str, two: &str, columns: usize, rows: usize) -> Vec<u8> {
    let head = "|port".repeat(columns);
    let line = "|-".repeat(columns + 3);
    let row = format!("|{start}{}\n", two.repeat(columns / 2));
    format!(
        "# {plane}\n\n|region|address|protocol{head}\n{line}\n{}",
        row.repeat(rows)
    )
    .into()
}

fn utf16(text: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let units = [0xfeff]
        .into_iter()
        .chain(text.iter().map(|byte| u16::from(*byte)));
    units.flat_map(bytes).collect()
}

fn dotted(address: u32) -> String {
    std::net::Ipv4Addr::from(address).to_string()
}
