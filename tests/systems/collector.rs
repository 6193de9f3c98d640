//! The collector prints the whole firewall of a machine, in several shells and with various tools.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use twilio_sip_allow::format::capture::{Machine, collector, read};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{Interval, IntervalSet};

use crate::common::namespace::Namespace;
use crate::common::skip;

const TOOLS: [&str; 8] = [
    "nft",
    "xtables-nft-multi",
    "xtables-legacy-multi",
    "ipset",
    "dash",
    "bash",
    "busybox",
    "setpriv",
];

/// Adds addresses, routes, and rules of all back ends.
const MACHINE: &str = r#"
ip link set lo up
ip link add eth0 type veth peer name far0
ip link set far0 up
ip addr add 203.0.113.9/24 dev eth0
ip link set eth0 up
ip route add default via 203.0.113.1
nft -f - <<'RULES'
table inet own {
	set carriers { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 comment "a $%& b" } }
	chain input {
		type filter hook input priority -5; policy drop;
		iifname "lo" accept
		ip saddr @carriers udp dport 5060 log prefix "sip: " accept comment "SIP, 'all'"
	}
}
RULES
/usr/sbin/xtables-nft-multi iptables -A INPUT -p tcp --dport 22 -m comment --comment 'a "quoted" text' -j ACCEPT
/usr/sbin/xtables-nft-multi iptables -A INPUT -m string --string hello --algo bm -j DROP
ipset create carriers hash:net
ipset add carriers 192.0.2.0/24
/usr/sbin/xtables-legacy-multi iptables -A INPUT -m set --match-set carriers src -j ACCEPT
"#;

/// Returns a namespace with rules, or `None` if a tool is missing.
fn namespace(test: &str) -> Option<Namespace> {
    let namespace = Namespace::new(test, &TOOLS)?;
    namespace.script(MACHINE);
    Some(namespace)
}

/// Runs a script with a shell, through stdin as ssh does.
fn run(namespace: &Namespace, shell: &[&str], script: &str) -> Output {
    let mut child = namespace
        .command(shell[0])
        .args(&shell[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Returns the capture of a successful run without messages.
fn text(output: Output) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn machine(text: &str) -> Machine<'_> {
    read(text, Limits::default()).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

/// Returns the only problem of a capture.
fn problem(output: Output) -> String {
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = read(&text, Limits::default()).err().unwrap();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors[0].problem()
}

fn places(machine: &Machine) -> Vec<String> {
    let tables = machine.firewall.tables.iter();
    tables.map(|table| table.chains.place()).collect()
}

/// The commands of busybox that the collector uses, as on Alpine Linux.
const BUSYBOX: [(&str, &str); 6] = [
    ("ip", "/bin/busybox"),
    ("cat", "/bin/busybox"),
    ("grep", "/bin/busybox"),
    ("id", "/bin/busybox"),
    ("uname", "/bin/busybox"),
    ("wc", "/bin/busybox"),
];

/// Returns the collector with another search path: a folder with only these commands.
fn with_tools(folder: &Path, tools: &[(&str, &str)]) -> String {
    for (name, target) in tools {
        symlink(target, folder.join(name)).unwrap();
    }
    let usual = "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";
    assert!(collector().contains(usual));
    collector().replace(usual, &format!("PATH={}", folder.display()))
}

#[test]
fn each_shell_prints_the_whole_machine() {
    let Some(namespace) = namespace("each_shell_prints_the_whole_machine") else {
        return;
    };
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for shell in [
        &["sh"][..],
        &["dash"],
        &["bash", "--posix"],
        &["busybox", "sh"],
    ] {
        let text = text(run(&namespace, shell, collector()));
        let machine = machine(&text);
        assert_eq!(machine.name, Some(host.trim()), "{shell:?}");
        assert_eq!(machine.notes, [""; 0], "{shell:?}");
        assert_eq!(machine.routes.default_interface(), Some("eth0"));
        assert!(machine.forwards.is_some(), "{shell:?}");
        let own = Interval::single(u32::from_be_bytes([203, 0, 113, 9]));
        assert_eq!(machine.own, Some(IntervalSet::from(own)), "{shell:?}");
        let expected = ["table inet own", "table filter", "table filter"];
        assert_eq!(places(&machine), expected, "{shell:?}");
        let rules = |table: usize, chain: &str| {
            let rules = machine.firewall.tables[table].chains.rules(chain);
            rules.unwrap().len()
        };
        let counts = [rules(0, "input"), rules(1, "INPUT"), rules(2, "INPUT")];
        assert_eq!(counts, [2, 2, 1], "{shell:?}");
        // The quotation marks in comments of iptables do not appear in the output of nft.
        assert!(text.contains("\n\t\tiifname \"lo\" accept\n"), "{text}");
    }
}

#[test]
fn the_collector_creates_no_tables() {
    let Some(namespace) = Namespace::new("the_collector_creates_no_tables", &TOOLS) else {
        return;
    };
    let text = text(run(&namespace, &["sh"], collector()));
    assert_eq!(machine(&text).firewall.tables.len(), 0);
    assert!(
        text.contains(": iptables-legacy-save: no tables, lines 0 ="),
        "{text}"
    );
    let tables = namespace.script("cat /proc/net/ip_tables_names; nft list tables; ipset save");
    assert_eq!(tables, "");
}

#[test]
fn rules_of_nft_with_several_meanings_are_printed_as_json() {
    let test = "rules_of_nft_with_several_meanings_are_printed_as_json";
    let Some(namespace) = Namespace::new(test, &TOOLS) else {
        return;
    };
    for (rule, is_json) in [
        (r#"accept comment "a # b""#, true),
        (r#"accept comment "a \ b""#, true),
        (r#"log prefix "a" meta iifname "b" accept"#, true),
        (r#"iifname "a" log prefix "b" accept comment "c""#, false),
    ] {
        namespace.script(&format!(
            "nft flush ruleset\nnft add table ip own\nnft add chain ip own c\nnft add rule ip own c '{rule}'"
        ));
        let text = text(run(&namespace, &["sh"], collector()));
        assert_eq!(
            text.contains("\n{\"nftables\": "),
            is_json,
            "{rule}\n{text}"
        );
        assert_eq!(places(&machine(&text)), ["table ip own"]);
    }
}

#[test]
fn shellcheck_finds_no_fault_in_the_script() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/collect-linux.sh");
    match Command::new("shellcheck")
        .args(["--shell=sh", script])
        .output()
    {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        ),
        Err(_) => skip(
            "shellcheck_finds_no_fault_in_the_script",
            "shellcheck is missing",
        ),
    }
}

#[test]
fn without_root_the_collector_asks_for_it() {
    let Some(namespace) = namespace("without_root_the_collector_asks_for_it") else {
        return;
    };
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "sh",
    ];
    let output = run(&namespace, &nobody, collector());
    assert_eq!(output.status.code(), Some(1));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(
        messages.starts_with("nft list ruleset: exit status 1: "),
        "{messages}"
    );
    assert!(
        messages.ends_with("\nrun this script as root\n"),
        "{messages}"
    );
    let problem = problem(output);
    assert!(
        problem.starts_with("'nft list ruleset' failed with status 1: "),
        "{problem}"
    );
    assert!(
        problem.ends_with("; run the collector as root"),
        "{problem}"
    );
}

#[test]
fn a_machine_without_tools_shows_no_rules() {
    let Some(namespace) = namespace("a_machine_without_tools_shows_no_rules") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let script = with_tools(folder.path(), &BUSYBOX[1..]);
    let output = run(&namespace, &["sh"], &script);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "the rules of the firewall are unknown: no command printed them\n"
    );
    assert_eq!(
        problem(output),
        "the machine has neither nft nor iptables-save, so the capture does not show its rules; install one of them \
         and run the collector again"
    );
}

#[test]
fn busybox_and_the_legacy_iptables_are_enough() {
    let Some(namespace) = namespace("busybox_and_the_legacy_iptables_are_enough") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let legacy = [
        ("iptables", "/usr/sbin/xtables-legacy-multi"),
        ("iptables-save", "/usr/sbin/xtables-legacy-multi"),
    ];
    let script = with_tools(folder.path(), &[&BUSYBOX[..], &legacy].concat());
    let text = text(run(&namespace, &["busybox", "sh"], &script));
    let machine = machine(&text);
    assert_eq!(places(&machine), ["table filter"]);
    assert_eq!(machine.routes.default_interface(), Some("eth0"));
    assert!(machine.own.is_some());
    assert_eq!(
        machine.notes,
        [
            "'ipset save' is not installed on the machine, so the contents of the sets in rules of iptables are unknown",
            "'nft list ruleset' is not installed on the machine, so the rules of nftables are unknown",
        ]
    );
}

/// Red Hat Enterprise Linux has no commands of iptables with the name of a back end.
#[test]
fn plain_iptables_save_of_the_nft_back_end_is_recognized() {
    let Some(namespace) = namespace("plain_iptables_save_of_the_nft_back_end_is_recognized") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let nft = [
        ("iptables", "/usr/sbin/xtables-nft-multi"),
        ("iptables-save", "/usr/sbin/xtables-nft-multi"),
        ("ipset", "/usr/sbin/ipset"),
        ("nft", "/usr/sbin/nft"),
    ];
    let script = with_tools(folder.path(), &[&BUSYBOX[..], &nft].concat());
    let text = text(run(&namespace, &["sh"], &script));
    let machine = machine(&text);
    assert_eq!(places(&machine), ["table inet own", "table filter"]);
    assert_eq!(
        machine.notes,
        [
            "'iptables-legacy-save' is not installed on the machine, so the rules of iptables-legacy are unknown"
        ]
    );
}
