//! Loads every output into the real kernel, with nft and with both iptables back ends.
//!
//! Three loads must have the same effect as one, and must change nothing outside the unit. The commands
//! in the head of an output must work without changes. `check` must report the kernel's listing as in
//! sync. The tests need root.

use crate::common;

use std::collections::HashSet;

use crate::common::judge::{assert_in_sync, dialect, drift, policy_of_case};
use crate::common::lab::iptables_names;
use crate::common::namespace::Namespace;
use crate::common::{Case, Tool, facts, first_difference, head_commands, matrix, readers, render};
use twilio_sip_allow::format::{self, Unit, UnitName};

/// Other rules of a user, in the same table and in others.
const NFT_BEFORE: &str = "
table inet filter {
	set twilio_sip_signaling_old {
		type ipv4_addr
		elements = { 192.0.2.1 }
	}
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		tcp dport 22 accept
	}
	chain output {
		type filter hook output priority filter; policy drop;
		ct state established,related accept
	}
	chain twilio_sip {
		ip saddr 192.0.2.7 accept
	}
}
table ip mangle {
	chain twilio_sip_in {
		counter
	}
}
";

fn assert_same(case: &str, what: &str, expected: &str, found: &str) {
    if let Some(difference) = first_difference(expected, found) {
        panic!("{case}: {what}\n{difference}");
    }
}

/// Splits the output of a script at its `echo @@` lines.
fn sections(text: &str) -> Vec<&str> {
    text.split("@@\n").collect()
}

fn nft_case(namespace: &Namespace, folder: &std::path::Path, case: &Case) {
    let name = case.name();
    let text = render(&format!("{} --format nftables", case.options()));
    let file = folder.join("nft");
    std::fs::write(&file, &text).unwrap();
    let load = &head_commands(&text, "load", &file)[0];
    let hooks = head_commands(&text, "hook", &file).join(
        "
",
    );
    // The first command changes the file that is loaded at boot.
    let remove = &head_commands(&text, "remove", &file)[1];
    let printed = namespace.script(&format!(
        "nft flush ruleset
nft -f - <<'EOF'
{NFT_BEFORE}
EOF
nft list ruleset; echo @@
{load}; nft list ruleset; echo @@
{load}; {load}; nft list ruleset; echo @@
{hooks}
{hooks}
nft list ruleset; echo @@
nft list chain inet filter input; nft list chain inet filter output; echo @@
nft -j list ruleset; echo @@
nft -a list table inet filter; echo @@
{remove}
nft list ruleset"
    ));
    let [
        before,
        first,
        third,
        hooked,
        base_chains,
        json,
        handles,
        after,
    ] = sections(&printed)[..]
    else {
        panic!("{name}: {printed}");
    };
    assert_same(&name, "the third load differs from the first", first, third);
    assert_same(&name, "something outside the unit changed", before, after);
    for direction in ["in", "out"] {
        let jump = format!("\t\tjump twilio_sip_{direction}\n");
        let wanted = case.direction == "both" || case.direction == direction;
        assert_eq!(
            base_chains.matches(&jump).count(),
            usize::from(wanted),
            "{name}: {base_chains}"
        );
    }
    let held = readers::read("nftables", &readers::unit_blocks(third));
    let expected = facts::expected(case, false);
    assert_same(
        &name,
        "the kernel holds something else",
        &facts::lines(&expected),
        &facts::lines(&held),
    );
    let policy = policy_of_case(case);
    for listing in [hooked, json, handles] {
        assert_in_sync(&name, "nftables", &policy, listing);
    }
}

#[test]
fn nftables_accepts_every_selection_and_nothing_else_changes() {
    let test = "nftables_accepts_every_selection_and_nothing_else_changes";
    let Some(namespace) = Namespace::new(test, &["nft"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for case in matrix() {
        nft_case(&namespace, folder.path(), &case);
    }
}

/// A user's table with a different name, and with rules that only look like hooks.
const NFT_OWN_TABLE: &str = "
table ip own {
	chain pbx_in2 {
		counter
	}
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		jump pbx_in2
		tcp dport 22 accept comment \"jump pbx_in\"
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname \"wan0\" jump pbx_in2
	}
	chain output {
		type filter hook output priority filter; policy drop;
	}
}
";

/// Runs every command in a head as a user does. Runs the commands for the hooks and for the boot twice.
/// Returns the listing with the hooks.
fn nft_commands_are_undone(namespace: &Namespace, text: &str, host: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twilio.nft");
    std::fs::write(&file, text).unwrap();
    let boot_file = folder.path().join("nftables.conf").display().to_string();
    std::fs::write(&boot_file, host).unwrap();
    let own = |kind| {
        let commands = head_commands(text, kind, &file).join("\n");
        commands.replace("/etc/nftables.conf", &boot_file)
    };
    let (load, hook, boot) = (own("load"), own("hook"), own("boot"));
    let printed = namespace.script(&format!(
        "nft -f {boot_file}; nft list ruleset; echo @@
{load}
{hook}
{load}
{hook}
nft list ruleset; echo @@
{boot}
{boot}
nft -f {boot_file}
nft -f {boot_file}
nft list ruleset; echo @@
{}
nft list ruleset",
        own("remove")
    ));
    let [before, hooked, booted, removed] = sections(&printed)[..] else {
        panic!("{text}{printed}");
    };
    assert_same(text, "other rules after a boot", hooked, booted);
    assert_same(text, "removing leaves something", before, removed);
    let left = std::fs::read_to_string(&boot_file).unwrap();
    assert_eq!(left.trim_end(), host.trim_end(), "{text}");
    hooked.to_owned()
}

#[test]
fn the_commands_of_the_head_hook_persist_and_remove_nftables_rules() {
    let test = "the_commands_of_the_head_hook_persist_and_remove_nftables_rules";
    let Some(namespace) = Namespace::new(test, &["nft"]) else {
        return;
    };
    // The last line has no newline.
    let host = format!("flush ruleset\n{}", NFT_OWN_TABLE.trim());
    for (direction, jumps) in [
        ("in", &["chain input jump pbx_in"][..]),
        ("out", &["chain output jump pbx_out"]),
        (
            "both",
            &["chain input jump pbx_in", "chain output jump pbx_out"],
        ),
    ] {
        let text = Tool::new(["-q", "--format", "nftables", "--direction", direction])
            .env("TWILIO_SIP_ALLOW_NAME", "pbx")
            .env("TWILIO_SIP_ALLOW_TABLE", "ip own")
            .run_once();
        let hooked = nft_commands_are_undone(&namespace, &text, &host);
        assert_eq!(nft_jumps(&hooked, "pbx_in", "pbx_out"), jumps, "{hooked}");
    }
}

/// The commands of the default output work with the table in the README.
#[test]
fn nftables_rules_can_be_hooked_into_the_table_of_the_readme() {
    let test = "nftables_rules_can_be_hooked_into_the_table_of_the_readme";
    let Some(namespace) = Namespace::new(test, &["nft"]) else {
        return;
    };
    let readme = include_str!("../../README.md");
    let start = readme.split("```nft\n").nth(1).unwrap();
    let host = start.split("```").next().unwrap();
    let hooked = nft_commands_are_undone(&namespace, &render("--format nftables"), host);
    assert_eq!(
        nft_jumps(&hooked, "twilio_sip_in", "twilio_sip_out"),
        [
            "chain input jump twilio_sip_in",
            "chain output jump twilio_sip_out"
        ],
        "{hooked}"
    );
}

/// The commands of the README, line by line, with a copy of /etc.
#[test]
fn the_quick_starts_of_the_readme_load_hook_survive_a_boot_and_are_undone() {
    let test = "the_quick_starts_of_the_readme_load_hook_survive_a_boot_and_are_undone";
    let Some(namespace) = Namespace::new(test, &["nft", "iptables"]) else {
        return;
    };
    let readme = include_str!("../../README.md");
    let block = |language: &str, word: &str| {
        let fence = format!("```{language}\n");
        let blocks = readme.split(&fence).skip(1);
        let mut texts = blocks.map(|rest| rest.split("```").next().unwrap());
        texts.find(|text| text.contains(word)).unwrap()
    };
    let table = block("nft", "table inet filter");
    let use_nft = block("sh", "nft -f /etc/twilio.nft");
    let undo_nft = block("sh", "s/^# remove: //p' /etc/twilio.nft");
    let use_iptables = block("sh", "iptables-restore");
    let undo_iptables = block("sh", "s/^# remove: //p' /etc/twilio.rules");
    let folder = tempfile::tempdir().unwrap();
    let names = iptables_names(folder.path(), "nft");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_twilio-sip-allow"));
    let printed = namespace.script(&format!(
        "{names}
export PATH=$PATH:{bin}
cp -a /etc {folder}/etc
mount --bind {folder}/etc /etc
printf '#!/bin/sh\\nexec iptables-save\\n' >{folder}/netfilter-persistent
chmod +x {folder}/netfilter-persistent
cat >/etc/nftables.conf <<'END'
{table}END
nft -f /etc/nftables.conf; nft list ruleset; echo @@
{use_nft}
echo @@
nft list ruleset; echo @@
nft -f /etc/nftables.conf; nft list ruleset; echo @@
{undo_nft}
nft list ruleset; echo @@
cat /etc/nftables.conf; echo @@
nft flush ruleset
{use_iptables}
echo @@
iptables-save; echo @@
{undo_iptables}
echo @@
iptables-save",
        folder = folder.path().display(),
        bin = program.parent().unwrap().display(),
    ));
    let [
        before,
        checked,
        loaded,
        booted,
        undone,
        file,
        checked_iptables,
        loaded_iptables,
        _saved,
        undone_iptables,
    ] = sections(&printed)[..]
    else {
        panic!("{printed}");
    };
    assert!(checked.starts_with("in sync: "), "{printed}");
    assert_eq!(
        nft_jumps(loaded, "twilio_sip_in", "twilio_sip_out").len(),
        2,
        "{printed}"
    );
    assert_same(test, "other rules after a boot", loaded, booted);
    assert_same(test, "the undo leaves something", before, undone);
    assert_eq!(file.trim_end(), table.trim_end());
    assert!(checked_iptables.starts_with("in sync: "), "{printed}");
    for chain in ["INPUT", "OUTPUT"] {
        let way = chain.trim_end_matches("PUT");
        let jump = format!("-A {chain} -j TWILIO-SIP-{way}\n");
        assert!(loaded_iptables.contains(&jump), "{jump}{printed}");
    }
    assert!(!undone_iptables.contains("TWILIO"), "{printed}");
}

/// A user's own jump to a chain also is a hook, and is removed with the others.
#[test]
fn nftables_keeps_a_hook_of_the_user_and_removes_it_at_the_end() {
    let test = "nftables_keeps_a_hook_of_the_user_and_removes_it_at_the_end";
    let Some(namespace) = Namespace::new(test, &["nft"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twilio.nft");
    let text = render("--format nftables --region tokyo");
    std::fs::write(&file, &text).unwrap();
    let commands = |kind| head_commands(&text, kind, &file);
    let printed = namespace.script(&format!(
        r#"nft flush ruleset
nft -f - <<'EOF'
{NFT_BEFORE}
add chain inet filter forward
add rule inet filter input ip saddr 192.0.2.1 drop comment "keep before jump twilio_sip_in # handle this"
add rule inet filter output ip daddr 192.0.2.2 log prefix "jump twilio_sip_out " drop
EOF
nft list ruleset; echo @@
{}
nft add rule inet filter input ip daddr 192.0.2.9 counter goto twilio_sip_in comment '"the PBX"'
nft add rule inet filter forward ip saddr 192.0.2.9 jump twilio_sip_out
{}
nft list chain inet filter input; nft list chain inet filter output; echo @@
{}
nft list ruleset"#,
        commands("load")[0],
        commands("hook").join("\n"),
        commands("remove")[1],
    ));
    let [before, hooked, removed] = sections(&printed)[..] else {
        panic!("{printed}");
    };
    // Words in a comment or in a prefix of the log are no jump.
    assert_eq!(hooked.matches("goto twilio_sip_in").count(), 1, "{hooked}");
    assert!(!hooked.contains("\tjump twilio_sip_in"), "{hooked}");
    assert!(hooked.contains("\tjump twilio_sip_out\n"), "{hooked}");
    assert_same("user's hooks", "removing leaves something", before, removed);
}

/// The rules that jump to one of the two chains, each preceded by the name of its chain.
fn nft_jumps(listing: &str, one: &str, other: &str) -> Vec<String> {
    let mut chain = "";
    let mut jumps = Vec::new();
    for line in listing.lines().map(str::trim) {
        if let Some(name) = line.strip_suffix(" {") {
            chain = name;
        } else if [one, other]
            .map(|to| format!("jump {to}"))
            .iter()
            .any(|jump| jump == line)
        {
            jumps.push(format!("{chain} {line}"));
        }
    }
    jumps
}

/// The output of `iptables-save` without dates and counters.
fn without_counters(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let bare = lines.map(|line| line.split(" [").next().unwrap_or(line));
    bare.collect::<Vec<_>>().join("\n")
}

fn other_lines(text: &str) -> String {
    let unit = readers::unit_lines(text);
    let unit: Vec<&str> = unit.lines().collect();
    let text = text.lines().filter(|line| !unit.contains(line));
    without_counters(&text.collect::<Vec<_>>().join("\n"))
}

/// The part of the `iptables-save` output for one table.
fn table_of<'a>(text: &'a str, table: &str) -> &'a str {
    let start = text.find(&format!("*{table}\n")).expect(text);
    text[start..].split("COMMIT").next().unwrap()
}

fn iptables_case(namespace: &Namespace, names: &str, folder: &std::path::Path, case: &Case) {
    let name = case.name();
    let text = render(&format!("{} --format iptables", case.options()));
    let file = folder.join("rules");
    std::fs::write(&file, &text).unwrap();
    let load = &head_commands(&text, "load", &file)[0];
    let hooks = head_commands(&text, "hook", &file).join(
        "
",
    );
    let remove = head_commands(&text, "remove", &file).join("\n");
    // It would save the rules of the namespace as those of this machine.
    let remove = remove.replace("netfilter-persistent", "not-installed");
    let printed = namespace.script(&format!(
        "{names}
iptables-restore <<'EOF'
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:TWILIO-SIP - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A TWILIO-SIP -s 192.0.2.7/32 -j ACCEPT
COMMIT
*mangle
:TWILIO-SIP-IN - [0:0]
-A TWILIO-SIP-IN -j RETURN
COMMIT
EOF
iptables-save; echo @@
{load}; iptables-save -t filter; echo @@
{load}; {load}; iptables-save -t filter; echo @@
iptables-save; echo @@
{hooks}
{hooks}
iptables-save -t filter; echo @@
iptables -S; echo @@
iptables-save -c; echo @@
{remove}
iptables-save"
    ));
    let [before, first, third, all, hooked, listed, counted, removed] = sections(&printed)[..]
    else {
        panic!("{name}: {printed}");
    };
    assert_same(
        &name,
        "removing leaves something",
        &without_counters(before),
        &without_counters(removed),
    );
    assert_same(
        &name,
        "the third load differs from the first",
        &readers::unit_lines(first),
        &readers::unit_lines(third),
    );
    assert_same(
        &name,
        "a line is spelled otherwise",
        &readers::unit_lines(&text),
        &readers::unit_lines(third),
    );
    // The table mangle has a chain with the same name, which must not change.
    for table in ["mangle", "filter"] {
        let others = |text: &str| match table {
            "filter" => other_lines(table_of(text, table)),
            _ => without_counters(table_of(text, table)),
        };
        assert_same(
            &name,
            "something outside the unit changed",
            &others(before),
            &others(all),
        );
    }
    for (direction, built_in) in [("in", "INPUT"), ("out", "OUTPUT")] {
        let jump = format!("-A {built_in} -j TWILIO-SIP-{}\n", direction.to_uppercase());
        let wanted = case.direction == "both" || case.direction == direction;
        assert_eq!(
            hooked.matches(&jump).count(),
            usize::from(wanted),
            "{name}: {hooked}"
        );
    }
    let policy = policy_of_case(case);
    for listing in [listed, counted] {
        assert_in_sync(&name, "iptables", &policy, listing);
    }
    // Before the hook commands, the rules are complete, but packets do not get to them.
    let drift = drift("iptables", &policy, all).unwrap();
    assert!(drift.missing.is_empty() && drift.extra.is_empty(), "{name}");
    let reasons = drift.unhooked.iter().map(|(_, unhooked)| &*unhooked.reason);
    let chains = ["in", "out"].map(|way| {
        (
            way,
            format!("nothing jumps to TWILIO-SIP-{}", way.to_uppercase()),
        )
    });
    let selected = chains
        .iter()
        .filter(|(way, _)| case.direction == "both" || case.direction == *way);
    assert!(reasons.eq(selected.map(|(_, reason)| reason)), "{name}");
}

fn iptables_test(test: &str, back_end: &str) {
    let tool = format!("xtables-{back_end}-multi");
    let Some(namespace) = Namespace::new(test, &[&tool]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let names = iptables_names(folder.path(), back_end);
    for case in matrix() {
        iptables_case(&namespace, &names, folder.path(), &case);
    }
}

#[test]
fn iptables_nft_accepts_and_lists_every_selection() {
    iptables_test("iptables_nft_accepts_and_lists_every_selection", "nft");
}

#[test]
fn iptables_legacy_accepts_and_lists_every_selection() {
    iptables_test(
        "iptables_legacy_accepts_and_lists_every_selection",
        "legacy",
    );
}

/// Loading a smaller selection removes the other rules of a larger one from the same unit.
#[test]
fn a_load_replaces_the_previous_rules() {
    let test = "a_load_replaces_the_previous_rules";
    let Some(namespace) = Namespace::new(test, &["nft", "xtables-nft-multi"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let names = iptables_names(folder.path(), "nft");
    let wide = "--edition regional,global";
    for narrow in [
        "--region tokyo",
        "--region tokyo --plane media",
        "--direction out",
        "--direction in --transport tls",
    ] {
        let write = |file: &str, options: &str, format: &str| {
            std::fs::write(
                folder.path().join(file),
                render(&format!("{options} --format {format}")),
            )
            .unwrap();
        };
        write("wide.nft", wide, "nftables");
        write("narrow.nft", narrow, "nftables");
        write("wide.ipt", wide, "iptables");
        write("narrow.ipt", narrow, "iptables");
        let printed = namespace.script(&format!(
            "{names}
cd {}
nft flush ruleset; nft -f narrow.nft; nft list ruleset; echo @@
nft flush ruleset; nft -f wide.nft; nft -f narrow.nft; nft list ruleset; echo @@
nft flush ruleset; iptables-restore --noflush narrow.ipt; iptables-save; echo @@
nft flush ruleset; iptables-restore --noflush wide.ipt; iptables-restore --noflush narrow.ipt; iptables-save",
            folder.path().display()
        ));
        let [nft_fresh, nft_after, ipt_fresh, ipt_after] = sections(&printed)[..] else {
            panic!("{printed}");
        };
        assert_same(
            narrow,
            "nftables keeps something of the wide load",
            nft_fresh,
            nft_after,
        );
        assert_same(
            narrow,
            "iptables keeps something of the wide load",
            &readers::unit_lines(ipt_fresh),
            &readers::unit_lines(ipt_after),
        );
    }
}

#[test]
fn rules_with_local_options_names_and_tables_load() {
    let test = "rules_with_local_options_names_and_tables_load";
    let Some(namespace) =
        Namespace::new(test, &["nft", "xtables-legacy-multi", "xtables-nft-multi"])
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let local = "--local-address 192.0.2.10,198.51.100.0/24 --local-sip-port 5070 --local-tls-port 5071 --local-rtp-ports 30000-30999";
    let cases = [
        (local.to_owned(), "inet filter", "twilio_sip"),
        (
            "--local-address 192.0.2.10".to_owned(),
            "inet filter",
            "twilio_sip",
        ),
        ("--name PBX-a_1".to_owned(), "inet filter", "pbx_a_1"),
        ("--name drop".to_owned(), "inet filter", "drop"),
        (
            format!("--name {}", "a".repeat(24)),
            "inet filter",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
        ),
    ];
    for (options, table, base) in &cases {
        std::fs::write(&path, render(&format!("{options} --format nftables"))).unwrap();
        let listed = namespace.script(&format!(
            "nft flush ruleset; nft -f {0}; nft list table {table}; echo @@\nnft -f {0}; nft list table {table}",
            path.display()
        ));
        let listed = sections(&listed);
        assert!(
            listed[0].contains(&format!("chain {base}_in {{")),
            "{}",
            listed[0]
        );
        assert_same(options, "the second load differs", listed[0], listed[1]);
        let text = render(&format!("{options} --format iptables"));
        std::fs::write(&path, &text).unwrap();
        for back_end in ["nft", "legacy"] {
            let saved = namespace.script(&format!(
                "nft flush ruleset; xtables-{back_end}-multi iptables-restore --noflush {}; xtables-{back_end}-multi iptables-save -t filter 2>/dev/null",
                path.display()
            ));
            let rules = |text: &str| {
                let chain = base.to_uppercase().replace('_', "-");
                let lines = text
                    .lines()
                    .filter(|line| line.starts_with(&format!("-A {chain}-")));
                lines.collect::<Vec<_>>().join("\n")
            };
            assert!(rules(&text).lines().count() > 20);
            assert_same(
                options,
                "a line is spelled otherwise",
                &rules(&text),
                &rules(&saved),
            );
        }
    }
    // nft accepts every table name that the program accepts.
    for table in [
        "ip filter",
        "inet my-table.1",
        "inet a--b",
        "inet firewalld",
        "ip last",
    ] {
        let mut tool = common::Tool::new(["--quiet", "--format", "nftables", "--table", table]);
        std::fs::write(&path, tool.run().ok()).unwrap();
        let listed = namespace.script(&format!(
            "nft flush ruleset; nft -f {}; nft list ruleset",
            path.display()
        ));
        assert!(listed.contains(&format!("table {table} {{")), "{listed}");
    }
}

/// Names of chains that iptables-nft accepts. nft prints them, but could not load most of them.
const NAMES_OF_CHAINS: [&str; 16] = [
    "~log0", "%1", "a+b", "x:y", "a,b", "p(1)", "1a", "5.6", "10:20", "=x", "<x>", "ab`c", "@v",
    "*", "handle", "日本",
];

/// Names that nft prints in a text with several meanings.
const AMBIGUOUS_NAMES: [&str; 6] = ["q{z", "q}z", "s;z", "h#z", "q\"z", "b\\"];

#[test]
fn check_reads_the_names_that_nft_prints_for_chains_of_iptables() {
    let test = "check_reads_the_names_that_nft_prints_for_chains_of_iptables";
    let Some(namespace) = Namespace::new(test, &["nft", "iptables-nft"]) else {
        return;
    };
    let options = "--edition global --region tokyo --direction in";
    let rules = render(&format!("{options} --format iptables"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules");
    std::fs::write(&path, rules.replace("TWILIO-SIP-IN", "called")).unwrap();
    let load = |name: &str| {
        format!(
            "nft flush ruleset
iptables-nft-restore --noflush {}
iptables-nft -E called '{name}'
iptables-nft -N TWILIO-SIP-IN
iptables-nft -A TWILIO-SIP-IN -j '{name}'
iptables-nft -A INPUT -j TWILIO-SIP-IN
nft list ruleset",
            path.display()
        )
    };
    let check = format!(
        "check {options} --format nftables --table ip_filter --name TWILIO-SIP-IN --quiet listing"
    );
    let status = |listing: &str| {
        let words = check
            .split(' ')
            .map(|word| word.replace("ip_filter", "ip filter"));
        let ran = Tool::new(words).file("listing", listing).run();
        assert!(!ran.stdout.contains("not hooked"), "{listing}\n{ran}");
        ran.status
    };
    for name in NAMES_OF_CHAINS {
        let listing = namespace.script(&load(name));
        assert!(
            listing.contains(&format!("\tchain {name} {{\n")),
            "{listing}"
        );
        assert_eq!(status(&listing), 0, "{listing}");
        let dropped = namespace.script(&format!(
            "iptables-nft -I '{name}' -p udp --dport 5060 -j DROP\nnft -a list ruleset"
        ));
        assert_eq!(status(&dropped), 1, "{dropped}");
    }
    for name in AMBIGUOUS_NAMES {
        let listing = namespace.script(&load(name));
        assert!(
            listing.contains(&format!("\tchain {name} {{\n")),
            "{listing}"
        );
        assert_eq!(status(&listing), 2, "{listing}");
    }
}

/// The program rejects each keyword of nft as a table name, unless nft accepts it.
#[test]
fn rejects_every_keyword_that_nft_rejects_as_a_name() {
    let test = "rejects_every_keyword_that_nft_rejects_as_a_name";
    let Some(namespace) = Namespace::new(test, &["nft", "strings"]) else {
        return;
    };
    // The words in nft's library and, if installed, in its manual page, and some words that the library
    // does not contain as such.
    let words = namespace.script(
        "library=$(ldd $(command -v nft) | awk '/libnftables/ { print $3 }')
{
strings -n 2 $library
zcat /usr/share/man/man8/nft.8.gz 2>/dev/null | grep -oE '[a-z0-9_.-]+' || true
printf '%s\\n' ip ip6 set map chain table meta ct tcp udp log limit counter accept reject
} | grep -xE '[a-z][a-z0-9_.-]{1,15}' | sort -u",
    );
    let words: Vec<&str> = words.lines().collect();
    assert!(
        words.len() > 500,
        "found only {} words, so this may not be nft's library",
        words.len()
    );
    let folder = tempfile::tempdir().unwrap();
    let (mut taken, mut refused) = (String::new(), 0);
    for word in words {
        let table = format!("inet {word}");
        let ran = common::Tool::new([
            "--quiet", "--region", "tokyo", "--format", "nftables", "--table", &table,
        ])
        .run();
        if ran.status == 0 {
            taken += &ran.stdout;
        } else {
            assert!(
                ran.stderr.contains("a reserved word of nft"),
                "{word}: {}",
                ran.stderr
            );
            refused += 1;
        }
    }
    assert!(refused >= 50, "{refused}");
    let file = folder.path().join("all");
    std::fs::write(&file, taken).unwrap();
    namespace.script(&format!("nft -c -f {}", file.display()));
}

/// All keywords of the scanners in nft 1.0.6 and 1.1.6.
const NFT_WORDS: &str = "
    a-rwnd abort accept ackseq add addr ah alert all and arp asconf asconf-ack audit auto-merge
    avgpkt bridge broute burst bypass bytes cfi cgroup cgroupv2 chain chains check checksum
    chunk class classid code comment comp constant continue cookie-ack cookie-echo count counter
    counters cpi cpu create crit csumcov ct cum-tsn-ack cwr daddr data day dccp debug define dei
    delete describe destroy device devices direction dnat doff dport drop dscp dst dup dynamic
    echo ecn ecne egress element elements emerg eol eq err error erspan esp ether event exists
    expectation expiration expires export exthdr fanout fastopen fib filter flags flow flowlabel
    flowtable flowtables flush forward-tsn frag frag-off fully-random fwd gateway gbp
    gc-interval ge geneve get goto gre gretap group gt handle hbh hdrlength heartbeat
    heartbeat-ack helper helpers hlen hook hooks hoplimit hour htype ibrhwaddr ibriport ibrname
    ibrpvid ibrvproto icmp icmpv6 icmpx id igmp iif iifgroup iifkind iifname iiftype import in
    inc include index inet info ingress init init-ack init-tag initial-tsn insert interval ip
    ip6 ipsec jhash json jump kbytes l3proto l4proto label last last-entry le left length level
    limit limits list ll log loose lowest-tsn lshift lsrr lt map maps mark masquerade max-delay
    maxseg mbytes md5sig memory meta meter meters mh minute missing mod monitor more-fragments
    mptcp mrt mss mtu name nat ne netdev never new new-cum-tsn nexthdr nexthop nfproto nftrace
    nh noop nop not notice notrack num num-dup-tsns num-gap-ack-blocks num-inbound-streams
    num-outbound-streams numgen obriport obrname offload offset oif oifgroup oifkind oifname
    oiftype operation opt-type option options or original osf out over packets param-problem
    path pcp performance persistent pkttype plen policy port position ppid prefix priority
    proto-dst proto-src protocol ptr ptype queue queue-threshold quota quotas ra random rate
    redefine redirect reject rename replace reply reqid reserved reserved2 reset return right
    route rr rshift rt rt0 rt2 rtclassid rule rules ruleset sack sack-perm sack-permitted sack0
    sack1 sack2 sack3 saddr sctp sdif sdifname secmark secmarks second secpath seed seg-left
    seqno sequence set sets shutdown shutdown-ack shutdown-complete sid size skgid skip skuid
    snaplen snat socket spi spnum sport srh ssn ssrr state status stream subtype symhash
    synproxy synproxys table tables taddr tag tcp th time timeout timestamp to tos tproxy trace
    transparent tsecr tsn tsval ttl tunnel tunnels type typeof udp udplite undefine until update
    urgptr used value version vlan vm vmap vni vtag vxlan warn week wildcard window with wscale
    xml xor xt zone
";

/// Keywords of nft versions after 1.0.6.
const LATER_KEYWORDS: &str = "destroy geneve gre gretap tunnel vni vxlan";

#[test]
fn nft_accepts_every_accepted_table_and_chain_name() {
    let Some(namespace) = Namespace::new("names of nft", &["nft"]) else {
        return;
    };
    let words = || NFT_WORDS.split_ascii_whitespace();
    let mut script = String::new();
    for word in words() {
        script += &format!(
            "nft -f - 2>/dev/null <<'EOF' && echo {word} || true
table inet {word} {{
	chain x {{
	}}
}}
insert rule inet {word} x counter
flush ruleset
EOF
"
        );
    }
    let printed = namespace.script(&script);
    let loaded: HashSet<&str> = printed.lines().collect();
    assert!(loaded.len() > 200 && loaded.len() < words().count() - 100);
    let later: HashSet<&str> = LATER_KEYWORDS.split(' ').collect();
    let policy = policy_of_case(&matrix()[0]);
    let text = |name: &str, table: &str| {
        let unit = Unit {
            name: name.parse().unwrap(),
            table: Some(format!("inet {table}")),
            ..Unit::default()
        };
        format::render(dialect("nftables"), &policy, &unit)
    };
    for word in words() {
        let expected = loaded.contains(word) && !later.contains(word);
        assert_eq!(text("twilio-sip", word).is_ok(), expected, "{word}");
    }
    for word in ["eq", "lshift", "tunnel"] {
        let problem = text("twilio-sip", word).unwrap_err().to_string();
        assert!(problem.contains("a reserved word of nft"), "{problem}");
    }
    // The names of chains and sets contain '_', unlike all keywords of nft.
    let named: String = words()
        .filter(|word| word.parse::<UnitName>().is_ok())
        .map(|word| text(word, "filter").unwrap())
        .collect();
    namespace.script(&format!("nft -f - <<'EOF'\n{named}\nEOF"));
}
