//! The MikroTik parser: the exact drift of RouterOS exports, or an error with a reason.
//!
//! No test runs on a real router. The samples have the form of the RouterOS documentation ("Configuration
//! Management") and of published exports: 7.16; 6.34, which omits `action=accept`; `terse`, with the remarks that
//! break its lines; and `verbose`.

use crate::common::judge::{self, BOTH, everything, policy};
use twilio_sip_allow::firewall::Drift;
use twilio_sip_allow::format::read::{Lines, UnitQuery};
use twilio_sip_allow::format::{self, Unit, UnitName};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{Dimension, Interval, Protocols, States};
use twilio_sip_allow::policy::{Direction, Policy};
use twilio_sip_allow::select::Selection;

fn tokyo(directions: &[Direction]) -> Policy {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        directions: directions.to_vec(),
        ..everything()
    };
    policy(&["regional"], &selection).unwrap()
}

fn rendered(policy: &Policy) -> String {
    format::render(judge::dialect("mikrotik"), policy, &Unit::default()).unwrap()
}

/// The drift of the unit with this name, or the line and the problem of each error.
fn check_named(policy: &Policy, name: &str, text: &str) -> Result<Drift, Vec<(usize, String)>> {
    check_within(policy, name, text, Limits::default())
}

fn check_within(
    policy: &Policy,
    name: &str,
    text: &str,
    limits: Limits,
) -> Result<Drift, Vec<(usize, String)>> {
    let unit = Unit {
        name: UnitName::deployed(name).unwrap(),
        table: None,
        ..Unit::default()
    };
    let wanted = UnitQuery {
        unit: &unit,
        directions: &policy.scope.directions,
        limits,
    };
    let mikrotik = judge::dialect("mikrotik");
    let units = format::parse(mikrotik, text, wanted).map_err(|errors| {
        let lines = Lines::of(text);
        let errors = errors.into_iter();
        errors
            .map(|e| (lines.number(e.at()), e.problem()))
            .collect::<Vec<_>>()
    })?;
    Ok(format::compare(mikrotik, policy, &units, limits, || &[]).unwrap())
}

fn check(text: &str) -> Result<Drift, Vec<(usize, String)>> {
    check_named(&tokyo(&BOTH), "twilio-sip", text)
}

fn side(drift: &Drift) -> &'static str {
    match (drift.missing.is_empty(), drift.extra.is_empty()) {
        (true, true) => "same",
        (false, true) => "missing",
        (true, false) => "extra",
        (false, false) => "both",
    }
}

/// The differing sides: `same`, `missing`, `extra` or `both`.
fn sides(text: &str) -> &'static str {
    side(&check(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}")))
}

/// An export of the unit. The lists are first, because RouterOS sorts menus by name.
const EXPORT: &str = "\
# 2025-11-24 21:14:05 by RouterOS 7.16.2
/ip firewall address-list
add address=54.65.63.192/30 list=twilio-sip-signaling
add address=54.65.63.192/26 list=twilio-sip-media
/ip firewall filter
add chain=twilio-sip-in dst-port=5060 protocol=udp src-address-list=twilio-sip-signaling
add chain=twilio-sip-in dst-port=5060,5061 protocol=tcp src-address-list=twilio-sip-signaling
add chain=twilio-sip-in dst-port=10000-20000 protocol=udp src-address-list=twilio-sip-media
add chain=twilio-sip-out dst-address-list=twilio-sip-signaling dst-port=5060 protocol=udp
add chain=twilio-sip-out dst-address-list=twilio-sip-signaling dst-port=5060,5061 protocol=tcp
add chain=twilio-sip-out dst-address-list=twilio-sip-media dst-port=10000-20000 protocol=udp
";

const LISTS: &str = "/ip firewall address-list\n";
const FILTER: &str = "/ip firewall filter\n";

/// [`EXPORT`] with other lines instead of its first rule. `|` stands for a line break.
fn instead(rules: &str) -> String {
    let first = "add chain=twilio-sip-in dst-port=5060 protocol=udp \
                 src-address-list=twilio-sip-signaling\n";
    assert!(EXPORT.contains(first));
    EXPORT.replace(first, &format!("{rules}|").replace('|', "\n"))
}

fn rows(table: &str) -> impl Iterator<Item = &str> {
    table.lines().filter(|row| !row.is_empty())
}

#[test]
fn exports_of_routeros_are_in_sync() {
    for name in ["seven", "six", "terse", "verbose"] {
        let path = format!(
            "{}/tests/samples/mikrotik/{name}.rsc",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(path).unwrap();
        for text in [text.replace('\n', "\r\n"), text] {
            judge::assert_in_sync(name, "mikrotik", &tokyo(&BOTH), &text);
        }
    }
    assert_eq!(sides(EXPORT), "same");
}

/// Replacements of the first rule that do not change the meaning.
const SAME: &str = include_str!("../samples/mikrotik/same");

/// Lines after the export that do not belong to the unit.
const OUTSIDE: &str = include_str!("../samples/mikrotik/outside");

#[test]
fn equivalent_rules_are_in_sync() {
    for rules in rows(SAME) {
        assert_eq!(sides(&instead(rules)), "same", "{rules}");
    }
    for lines in rows(OUTSIDE) {
        let text = format!("{EXPORT}{lines}|").replace('|', "\n");
        assert_eq!(sides(&text), "same", "{lines}");
    }
    let (lists, filter) = EXPORT.split_once(FILTER).unwrap();
    let texts = [
        rendered(&tokyo(&BOTH)).replace('\n', "\r\n"),
        rendered(&tokyo(&BOTH)).repeat(2),
        format!("{FILTER}{filter}{lists}"),
        EXPORT.replace("/ip firewall ", "/ip/firewall/"),
        EXPORT.replace("/ip firewall ", "/ip firewall\n"),
        EXPORT
            .replace(FILTER, "")
            .replace("add chain", "/ip firewall filter add chain"),
        format!(
            "{FILTER}add chain=twilio-sip-in\n{FILTER}remove [ find chain=twilio-sip-in ]\n{EXPORT}"
        ),
        format!(
            "{LISTS}add address=0.0.0.0/0 list=twilio-sip-media\nremove [find where list=\"twilio-sip-media\"]\n{EXPORT}"
        ),
    ];
    for text in texts {
        assert_eq!(sides(&text), "same", "{text}");
    }
}

/// Replacements of the first rule and the resulting drift. `ok` stands for the original rule.
const DIFFERENT: &str = include_str!("../samples/mikrotik/drift");

const OK: &str =
    "add chain=twilio-sip-in dst-port=5060 protocol=udp src-address-list=twilio-sip-signaling";

#[test]
fn reports_each_difference_as_drift() {
    for row in rows(DIFFERENT) {
        let (side, rules) = row.split_once(' ').unwrap();
        assert_eq!(sides(&instead(&rules.replace("ok", OK))), side, "{rules}");
    }
    let media = "add address=54.65.63.192/26 list=twilio-sip-media\n";
    assert!(EXPORT.contains(media));
    for (side, entries) in [
        ("missing", ""),
        (
            "missing",
            "add address=54.65.63.192/27 list=twilio-sip-media\n",
        ),
        (
            "missing",
            "add address=54.65.63.192/26 disabled=yes list=twilio-sip-media\n",
        ),
        (
            "missing",
            "add address=54.65.63.192-54.65.63.254 list=twilio-sip-media\n",
        ),
        (
            "extra",
            "add address=54.65.63.128/25 list=twilio-sip-media\n",
        ),
        (
            "extra",
            "add address=54.65.63.192/26 list=twilio-sip-media\nadd address=192.0.2.1 list=twilio-sip-media\n",
        ),
        ("both", "add address=54.65.64.0/26 list=twilio-sip-media\n"),
    ] {
        assert_eq!(sides(&EXPORT.replace(media, entries)), side, "{entries}");
    }
    // Exports without the unit.
    for text in [
        "# nov/24/2025 21:14:05 by RouterOS 6.48.6\n# software id = \n#\n",
        FILTER,
    ] {
        assert_eq!(sides(text), "missing", "{text}");
    }
}

/// Each case is a rule and the packets that it accepts from an address far from Twilio's, for which nothing is
/// expected.
#[test]
fn matches_follow_the_documentation() {
    let ipsec = Protocols::of(50).or(Protocols::of(51));
    let states = |names: &str| {
        let each = names.split(' ').map(|name| States::named(name).unwrap());
        each.reduce(States::or).unwrap()
    };
    for (rules, protocols, state, sometimes) in [
        (
            "add chain=c protocol=ipsec-esp|add chain=c protocol=ipsec-ah",
            ipsec,
            States::ALL,
            false,
        ),
        (
            "add chain=c protocol=!tcp",
            Protocols::TCP.not(),
            States::ALL,
            false,
        ),
        (
            "add chain=c protocol=udp connection-state=established,related",
            Protocols::UDP,
            states("established related"),
            false,
        ),
        (
            "add chain=c protocol=udp connection-state=!invalid,untracked",
            Protocols::UDP,
            states("new established related"),
            false,
        ),
        (
            "add chain=c protocol=112",
            Protocols::of(112),
            States::ALL,
            false,
        ),
        (
            "add chain=c protocol=udp-lite random=50",
            Protocols::of(136),
            States::ALL,
            true,
        ),
        (
            "add chain=c action=fasttrack-connection protocol=tcp",
            Protocols::TCP,
            States::ALL,
            true,
        ),
        (
            "add chain=c action=jump jump-target=d protocol=l2tp psd=21,3s,3,1|add chain=d",
            Protocols::of(115),
            States::ALL,
            true,
        ),
    ] {
        let text = format!("{FILTER}{}\n", rules.replace('|', "\n"));
        let drift = check_named(&tokyo(&[Direction::In]), "c", &text).unwrap();
        let far = drift
            .extra
            .iter()
            .filter(|part| part.packets.set(Dimension::Remote).hull().first == 0);
        let mut all = Protocols::NONE;
        for part in far {
            all = all.or(part.packets.header.protocols);
            assert_eq!(
                (part.packets.header.states, !part.condition.is_true()),
                (state, sometimes),
                "{rules}"
            );
        }
        assert_eq!(all, protocols, "{rules}");
    }
}

#[test]
fn a_port_of_either_side_is_a_union() {
    let text = format!("{FILTER}add chain=c protocol=udp port=7,9-10\n");
    let drift = check_named(&tokyo(&[Direction::In]), "c", &text).unwrap();
    let passes = |source: u32, destination: u32| {
        drift.extra.iter().any(|part| {
            let holds = |field, port| part.packets.set(field).hull().holds(Interval::single(port));
            holds(Dimension::Remote, 0)
                && holds(Dimension::RemotePort, source)
                && holds(Dimension::LocalPort, destination)
        })
    };
    let passed: Vec<(u32, u32)> = (6..=11)
        .flat_map(|source| (6..=11).map(move |destination| (source, destination)))
        .filter(|(source, destination)| passes(*source, *destination))
        .collect();
    let either = |(s, d): &(u32, u32)| [7, 9, 10].contains(s) || [7, 9, 10].contains(d);
    let expected: Vec<(u32, u32)> = (6..=11)
        .flat_map(|source| (6..=11).map(move |destination| (source, destination)))
        .filter(either)
        .collect();
    assert_eq!(passed, expected);
}

#[test]
fn finds_the_users_own_chain_by_its_name() {
    let policy = tokyo(&[Direction::In]);
    let own = EXPORT
        .replace("chain=twilio-sip-in", "chain=\"Calls in\"")
        .replace("chain=twilio-sip-out", "chain=calls");
    let of = |text: &str, name: &str| side(&check_named(&policy, name, text).unwrap());
    assert_eq!(of(&own, "Calls in"), "same");
    assert_eq!(of(&own, "calls in"), "missing");
    assert_eq!(of(&own, "calls"), "both");
    let out = tokyo(&[Direction::Out]);
    assert_eq!(side(&check_named(&out, "calls", &own).unwrap()), "same");
    // One chain cannot belong to both directions.
    assert_eq!(
        side(&check_named(&tokyo(&BOTH), "calls", &own).unwrap()),
        "missing"
    );
    // Loading replaces both chains, so the chain of the other direction must be empty.
    assert_eq!(of(EXPORT, "twilio-sip"), "extra");
    let one = rendered(&policy);
    assert!(one.contains("remove [find where chain=\"twilio-sip-out\"]"));
    assert_eq!(of(&one, "twilio-sip"), "same");
    // A built-in chain accepts packets that no rule matches.
    let input = EXPORT.replace("chain=twilio-sip-in", "chain=input");
    assert_eq!(of(&input, "input"), "extra");
    let closed = input.clone() + "add action=drop chain=input\n";
    assert_eq!(of(&closed, "input"), "same");
    let jumps = format!(
        "{EXPORT}add action=jump chain=forward jump-target=twilio-sip-in\nadd action=drop chain=forward\n"
    );
    assert_eq!(of(&jumps, "forward"), "same");
    let returns =
        EXPORT.replace("chain=twilio-sip-in", "chain=input") + "add action=return chain=input\n";
    let errors = check_named(&policy, "input", &returns).unwrap_err();
    assert_eq!(
        errors,
        [(12, "cannot return from a built-in chain".to_owned())]
    );
}

/// Replacements of the first rule, and the line and the reason of the resulting error.
const REFUSED: &str = include_str!("../samples/mikrotik/refused");

#[test]
fn rejects_unsupported_rules_with_line_and_reason() {
    let mut wrong = Vec::new();
    for row in rows(REFUSED) {
        let (lines, problem) = row.split_once(" => ").unwrap();
        let (line, rules) = lines.split_once(' ').unwrap();
        let rules = match rules.strip_prefix("ok") {
            Some(rest) => format!("{OK}{rest}"),
            None => rules.to_owned(),
        };
        let line: usize = line.parse().unwrap();
        let found = check(&instead(&rules));
        let is_reported = |errors: &[(usize, String)]| {
            let mut errors = errors.iter();
            errors.any(|(at, message)| *at == line && message.contains(problem))
        };
        if !found.as_ref().is_err_and(|errors| is_reported(errors)) {
            wrong.push(format!("{row}\n  {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Entries of an address list that a rule refers to, and the line and the reason of the resulting error.
const REFUSED_LISTS: &str = include_str!("../samples/mikrotik/refused-lists");

#[test]
fn rejects_an_unsupported_list_if_a_rule_refers_to_it() {
    for row in rows(REFUSED_LISTS) {
        let (lines, problem) = row.split_once(" => ").unwrap();
        let (line, entries) = lines.split_once(' ').unwrap();
        let entries = entries.replace('|', "\n");
        let text = |rule: &str| {
            format!("{LISTS}add address=192.0.2.7 list=k\n{entries}\n{FILTER}{rule}\n")
        };
        let errors = check(&text("add chain=twilio-sip-in src-address-list=l")).unwrap_err();
        assert_eq!(errors.len(), 1, "{row}: {errors:?}");
        assert!(errors[0].1.contains(problem), "{row}: {errors:?}");
        assert_eq!(errors[0].0.to_string(), line, "{row}: {errors:?}");
        if !entries.contains("list=l") {
            continue;
        }
        let other = check(&text("add chain=other src-address-list=l"));
        assert_eq!(other.is_err(), entries.starts_with("set"), "{row}");
    }
    // A partial export has no lists, so the lists of the router are unknown.
    let (_, filter) = EXPORT.split_once(FILTER).unwrap();
    let errors = check(&format!("{FILTER}{filter}")).unwrap_err();
    assert_eq!(errors.len(), 6, "{errors:?}");
    let problem = "address list 'twilio-sip-signaling' is not in the input; provide the output of '/ip firewall export', \
                   and if that has no address lists, load the rules again";
    assert_eq!(errors[0], (2, problem.to_owned()));
    assert_eq!(sides(&format!("{LISTS}{FILTER}{filter}")), "missing");
}

#[test]
fn rejects_the_text_of_another_system() {
    let expected = "expected the output of '/export' or '/ip firewall export' on RouterOS";
    for text in [
        "*filter\n:TWILIO-SIP-IN - [0:0]\nCOMMIT\n",
        "table inet filter {\n}\n",
        "ip access-list extended TWILIO-SIP-IN\n permit ip any any\n",
        "{\"IpPermissions\": []}\n",
        "set firewall family inet filter twilio-sip-in term t then accept\n",
        "# nothing but a comment\n",
        "/* a comment of another language */\n",
        "/etc/hosts\nadd x=y\n",
        "chain=twilio-sip-in action=accept\n",
    ] {
        let errors = check(text).unwrap_err();
        assert_eq!(errors, [(1, expected.to_owned())], "{text}");
    }
    let shown = "Flags: X - disabled, I - invalid, D - dynamic \n \
                 0    ;;; media\n      chain=twilio-sip-in action=accept protocol=udp\n";
    let (line, problem) = check(shown).unwrap_err().remove(0);
    assert_eq!(line, 1);
    assert!(
        problem.contains("expected the output of '/export' or '/ip firewall export'"),
        "{problem}"
    );
}

#[test]
fn truncated_input_is_never_in_sync() {
    for text in [rendered(&tokyo(&BOTH)), EXPORT.to_owned()] {
        assert_eq!(sides(&text), "same");
        for end in 0..text.len() {
            let drift = check(&text[..end]);
            assert!(drift.is_err() || drift.is_ok_and(|d| !d.is_none()), "{end}");
        }
    }
    for (cut, problem) in [
        ("add chain=x \\\n", "the last line ends in a backslash"),
        (
            "add chain=x comment=\"a \\\n",
            "the last line ends in a backslash",
        ),
        (
            "add chain=x comment=\"a \\\\\n",
            "the closing quotation mark is missing",
        ),
        (
            "/system script\nadd source=\"/ip\n",
            "the closing quotation mark is missing",
        ),
        ("add chain=x", "the last line does not end in a newline"),
    ] {
        let errors = check(&format!("{EXPORT}{cut}")).unwrap_err();
        assert!(errors[0].1.contains(problem), "{cut}: {errors:?}");
    }
    // A backslash does not continue a comment.
    assert_eq!(sides(&instead(&format!("# about \\|{OK}"))), "same");
}

#[test]
fn limits_errors_and_work() {
    let many = format!(
        "{EXPORT}{}",
        "add chain=twilio-sip-in frob=x\n".repeat(1000)
    );
    assert_eq!(check(&many).unwrap_err().len(), 20);
    let many = format!("{EXPORT}{}", "frobnicate 7\n".repeat(1000));
    assert_eq!(check(&many).unwrap_err().len(), 20);
    // An error in a list is reported once, even if many rules refer to it.
    let uses = "add chain=twilio-sip-in src-address-list=l\n".repeat(5);
    let text = format!("{LISTS}add address=pbx list=l\n{FILTER}{uses}");
    let errors = check(&text).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].0, 2);

    let within = |limit: &str, text: &str| {
        let limits = Limits::default().with(&[limit.parse().unwrap()]);
        check_within(&tokyo(&BOTH), "twilio-sip", text, limits)
            .map_err(|errors| errors[0].1.clone())
    };
    let chain = |n: usize| format!("add action=jump chain=c{n} jump-target=c{}\n", n + 1);
    let chains: String = (0..5).map(chain).collect();
    let deep = format!(
        "{EXPORT}{chains}add chain=c5 disabled=yes\nadd action=jump chain=twilio-sip-in jump-target=c0\n"
    );
    assert_eq!(side(&within("depth=7", &deep).unwrap()), "same");
    let message = within("depth=6", &deep).unwrap_err();
    assert!(
        message.contains("it is nested more than 6 levels deep"),
        "{message}"
    );
    let message = within("rules=2", EXPORT).unwrap_err();
    assert!(
        message.contains("it expands to more than 2 rules"),
        "{message}"
    );
    let entry = |n: usize| format!("add address=10.0.{n}.0/24 list=ten\n");
    let entries: String = (0..10).map(|n| entry(2 * n)).collect();
    let rule = "add action=drop chain=twilio-sip-in dst-address-list=ten src-address-list=ten\n";
    let lists = format!("{LISTS}{entries}{EXPORT}{rule}");
    assert_eq!(side(&within("boxes=100", &lists).unwrap()), "same");
    let message = within("boxes=99", &lists).unwrap_err();
    assert!(message.contains("more than 99 combinations"), "{message}");
    let lists = format!("{LISTS}{entries}{EXPORT}{}", rule.repeat(50));
    let message = within("work=900", &lists).unwrap_err();
    assert!(
        message.contains("it takes more than 900 steps"),
        "{message}"
    );
    let properties: String = (0..200).fold(String::new(), |all, n| format!("{all} p{n}=x"));
    let errors = check(&instead(&format!("{OK}{properties}"))).unwrap_err();
    assert_eq!(
        errors[0],
        (6, "the command has more than 128 properties".to_owned())
    );
    let menu = "a ".repeat(20);
    let errors = check(&format!("{EXPORT}/{menu}\n")).unwrap_err();
    assert!(errors[0].1.contains("is not part of a menu"), "{errors:?}");
}

#[test]
fn reports_a_missing_chain() {
    let absent = |text: &str| {
        let units = judge::units("mikrotik", text, "twilio-sip", &BOTH).unwrap();
        units[0].absent.clone().unwrap()
    };
    let near = EXPORT.replace("chain=twilio-sip-in", "chain=twilio-sip-im");
    assert_eq!(
        absent(&near),
        "there is no such chain in /ip firewall filter (did you mean twilio-sip-im or twilio-sip-out?)"
    );
    assert_eq!(
        absent("# nov/24/2025 21:14:05 by RouterOS 6.48.6\n"),
        "/ip firewall filter is not in the input, or has no chains"
    );
}

#[test]
fn a_repair_replaces_the_whole_unit() {
    let policy = tokyo(&BOTH);
    let repair = |name: &str, directions: &[Direction], text: &str| {
        let unit = Unit {
            name: name.parse().unwrap(),
            table: None,
            ..Unit::default()
        };
        let limits = Limits::default();
        let wanted = UnitQuery {
            unit: &unit,
            directions,
            limits,
        };
        let mikrotik = judge::dialect("mikrotik");
        let units = format::parse(mikrotik, text, wanted).unwrap();
        format::repair(mikrotik, &policy, text, wanted, &units)
    };
    let drifted = instead("# nothing");
    assert_eq!(
        repair("twilio-sip", &BOTH, &drifted).unwrap(),
        rendered(&policy)
    );
    let own = drifted.replace("chain=twilio-sip-in", "chain=calls");
    let refused = repair("calls", &[Direction::In], &own).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("cannot repair 'calls', because this program did not create it")
    );
}

/// `import`, `run` and similar commands also accept their argument without the name of a property, and words can
/// be abbreviated (RouterOS documentation, "Scripting" and "Command Line Interface").
#[test]
fn rejects_commands_that_run_other_commands() {
    for policy in [
        tokyo(&[Direction::In]),
        policy(&["global"], &everything()).unwrap(),
    ] {
        let script = rendered(&policy);
        let drift = check_named(&policy, "twilio-sip", &script).unwrap();
        assert_eq!(side(&drift), "same");
        for line in [
            "/import other.rsc",
            "/import other",
            "/imp other.rsc",
            "/import file-name=other.rsc",
            "/system script run x",
            "/system script ru x",
            "/system/script/run x",
            "/system script\nrun x",
            "/ip firewall nat\nimport other.rsc",
            "/ip firewall nat\n/import other.rsc",
            ":execute x",
            "/:execute x",
            "/execute x",
            "/execute \"/import x\"",
            ":global x 5",
            ":put [/import x.rsc]",
            "/put x",
            "/undo",
            "/redo",
            "/system reset-configuration",
            "/system reset-configuration no-defaults=yes",
            "/system backup load name=x",
            "/system backup load x",
            "/system reboot",
            "/system note\nset note=[/import x.rsc]",
            "/system note set note=\"$[/import x.rsc]\"",
            "/system note set note=$x",
            "/system note set note=\"a\\\\$[/import x.rsc]\"",
            "/interface ethernet set [ find name=[/import x] ] mtu=1500",
            "/interface ethernet set [/import x] mtu=1500",
            "/interface ethernet set [ /import x ] mtu=1500",
            "/interface ethernet set [find]; /import x",
            "/file remove x",
            "/ip firewall filter move 1 0",
            "/ip firewall filter disable 0",
            "/ip firewall filter enable 0",
            "/ip firewall filter set [find chain=twilio-sip-in] disabled=yes",
            "/ip firewall filter unset 0 protocol",
            "/ip firewall filter reset-counters-all",
            "/ip firewall address-list set 0 address=0.0.0.0/0",
            "{ /import x }",
            ":if (true) do={/import x.rsc}",
            "[admin@r1] > /import export",
            "[admin@r1] > /system script run export",
        ] {
            let checked = check_named(&policy, "twilio-sip", &format!("{script}{line}\n"));
            let errors = checked.expect_err(line);
            assert!(errors[0].1.contains("expected "), "{line}: {errors:?}");
        }
    }
}

/// In the first case, a string in another menu looks like the filter menu.
#[test]
fn a_string_in_another_menu_does_not_open_a_menu() {
    let open = "/ip firewall filter\\r\\\n    \\nadd chain=twilio-sip-in\\r\\\n    \\n";
    for line in [
        format!("/system note\nset note=\"{open}\""),
        format!("/system script\nadd name=x source=\"{open}\""),
        "/interface ethernet\nset [ find default-name=ether1 ] comment=\"a\\\"; /import x\""
            .to_owned(),
        "/interface list\nadd comment=\"[/import x]\" name=x".to_owned(),
        "/user\nadd name=x comment=\"\\$[/import x]\"".to_owned(),
    ] {
        assert_eq!(sides(&format!("{EXPORT}{line}\n")), "same", "{line}");
    }
    for line in [
        "/system note\nset note=\"a\n/ip firewall filter\nadd chain=twilio-sip-in\n\"",
        "/system note\nset note=\"a",
        "/system note\nset note=a;/import",
    ] {
        assert!(check(&format!("{EXPORT}{line}\n")).is_err(), "{line}");
    }
    // A backslash does not continue a comment.
    let comment = format!("{EXPORT}# note \\\nadd chain=twilio-sip-in\n");
    assert_eq!(sides(&comment), "extra");
}

#[test]
fn rejects_lists_that_something_else_fills() {
    let rule = "add action=add-src-to-address-list address-list=twilio-sip-media chain=x";
    for (lines, problem) in [
        (format!("/ip firewall filter\n{rule}"), FILLS),
        (format!("/ip firewall raw\n{rule} address-list-timeout=1d"), FILLS),
        (format!("/ip firewall mangle\n{rule}"), FILLS),
        (format!("/ip firewall nat\n{}", rule.replace("src", "dst")), FILLS),
        ("/ip hotspot user profile\nset [ find disabled=yes ] address-list=twilio-sip-media".to_owned(), FILLS),
        ("/ip dhcp-server lease\nadd address=192.0.2.1 address-lists=a,twilio-sip-media".to_owned(), FILLS),
        ("/ppp profile\nadd address-list=twilio-sip-media name=x".to_owned(), FILLS),
        ("/ip dns static\nadd address-list=twilio-sip-media name=example.com type=FWD".to_owned(), FILLS),
        (format!("/ip firewall raw\n{rule} disabled=yes\nenable 0"), FILLS),
        (format!("/ip firewall raw\n{rule} disabled=yes\nset [ find ] disabled=no"), FILLS),
        (
            "/system script\nadd name=x source=\"/ip firewall address-list add list=twilio-sip-media address=\\$a\"".to_owned(),
            "a script in another menu mentions address list 'twilio-sip-media', and may add addresses that no export shows",
        ),
        (
            "/system scheduler\nadd on-event=\":local l twilio-sip-media;\\r\\\n    \\n/ip/firewall/address-list/add list=\\$l\"".to_owned(),
            "a script in another menu mentions address list 'twilio-sip-media', and may add addresses that no export shows",
        ),
        // RouterOS accepts abbreviated properties and menus.
        ("/ppp profile\nadd address-l=twilio-sip-media name=x".to_owned(), FILLS),
        ("/ppp profile\nadd addr=twilio-sip-media name=x".to_owned(), FILLS),
        ("/ip dhcp-server lease\nadd address=192.0.2.1 address-li=a,twilio-sip-media".to_owned(), FILLS),
        (
            "/system scheduler\nadd on-event=\"/ip fi ad add li=twilio-sip-media address=192.0.2.1 timeout=1d\"".to_owned(),
            "a script in another menu mentions address list 'twilio-sip-media', and may add addresses that no export shows",
        ),
        (
            "/tool netwatch\nadd up-script=\"/ip/firewall/addr/add\\_list=twilio-sip-media address=\\$a\"".to_owned(),
            "a script in another menu mentions address list 'twilio-sip-media', and may add addresses that no export shows",
        ),
        // A comment within a command ends it.
        (format!("/ip firewall raw\n{rule} # disabled=yes"), COMMENT),
        (format!("/ip firewall raw\n{rule} #disabled=yes"), COMMENT),
        ("/ip address\nadd address=192.0.2.1/24 interface=x # x".to_owned(), COMMENT),
        (
            "/ip firewall nat\nadd chain=dstnat action=accept # \\\n/ip firewall filter\nadd chain=twilio-sip-in".to_owned(),
            CONTINUED,
        ),
        (
            "/ip firewall nat\nadd chain=dstnat to-ports=1#\\\n/ip firewall filter\nadd chain=twilio-sip-in".to_owned(),
            CONTINUED,
        ),
        (
            "/ip firewall nat\nadd chain=dstnat comment=\"a \\\n    b\" #\\\n/ip firewall filter\nadd chain=twilio-sip-in".to_owned(),
            CONTINUED,
        ),
        (
            "/ip firewall address-list\nadd address=192.0.2.1 list=twilio-sip-media timeout=1d".to_owned(),
            "), so the addresses of the list may change",
        ),
        (
            "/ip firewall address-list\nadd address=192.0.2.1 dynamic=yes list=twilio-sip-media".to_owned(),
            "), so the addresses of the list may change",
        ),
        (
            "/ip firewall address-list\nadd address=example.com list=twilio-sip-media".to_owned(),
            "host names are not supported, because their addresses are not in the input",
        ),
    ] {
        let errors = check(&format!("{EXPORT}{lines}\n")).expect_err(&lines);
        assert!(errors[0].1.contains(problem), "{lines}: {errors:?}");
    }
    for lines in [
        format!("/ip firewall raw\n{rule} disabled=yes\n/ip firewall nat\nset 0 disabled=no"),
        format!("/ip firewall raw\n{rule} disabled=yes"),
        format!("/ip firewall raw\n{}", rule.replace("-media", "-others")),
        "/system script\nadd name=twilio-sip-media source=\"/log info x\"".to_owned(),
        "/ip firewall nat\nadd chain=dstnat log-prefix=\"twilio-sip-media in\"".to_owned(),
        "/ip firewall nat\nadd chain=dstnat src-address-list=twilio-sip-media".to_owned(),
        "/ip firewall nat\nadd chain=dstnat comment=\"list=twilio-sip-media #1 \\\n    #2\""
            .to_owned(),
        "/user\nadd name=x password=a#1".to_owned(),
    ] {
        assert_eq!(sides(&format!("{EXPORT}{lines}\n")), "same", "{lines}");
    }
    // The name of a list can contain a comma.
    let named = EXPORT.replace("=twilio-sip-media", "=\"a,b\"");
    assert_eq!(sides(&named), "same");
    let filled = format!(
        "{named}/ip firewall raw\nadd action=add-src-to-address-list address-list=\"a,b\" chain=x\n"
    );
    assert!(check(&filled).unwrap_err()[0].1.contains(FILLS));
}

const FILLS: &str = "rules or other menus also add addresses to address list";

const COMMENT: &str = "'#' begins a comment within a command";

const CONTINUED: &str = "a backslash cannot continue the comment that '#' begins";

/// A built-in chain accepts packets that no rule matches (RouterOS documentation, "Filter").
#[test]
fn a_built_in_chain_without_rules_accepts_everything() {
    let none = "# 2025-11-24 21:14:05 by RouterOS 7.16.2\n";
    for (chain, direction) in [
        ("input", Direction::In),
        ("forward", Direction::In),
        ("output", Direction::Out),
    ] {
        let policy = tokyo(&[direction]);
        let removed = format!("{EXPORT}remove [find where chain={chain}]\n");
        for text in [EXPORT, none, &removed] {
            let units = judge::units("mikrotik", text, chain, &[direction]).unwrap();
            assert_eq!(units[0].name, chain);
            assert_eq!(units[0].absent, None, "{chain}");
            let drift = check_named(&policy, chain, text).unwrap();
            assert_eq!(side(&drift), "extra", "{chain}");
            let far = |part: &&twilio_sip_allow::firewall::Part| {
                part.packets.set(Dimension::Remote).hull().last == u32::MAX
                    && part.condition.is_true()
            };
            assert!(drift.extra.iter().any(|part| far(&part)), "{chain}");
        }
    }
    // Any other chain without rules is missing.
    let units = judge::units("mikrotik", EXPORT, "calls", &[Direction::In]).unwrap();
    assert!(units[0].absent.is_some());
}

#[test]
fn accepts_a_keyword_as_a_name() {
    for name in [
        "accept",
        "drop",
        "return",
        "jump",
        "log",
        "passthrough",
        "find",
        "chain",
        "add",
        "any",
    ] {
        let named = EXPORT.replace("chain=twilio-sip-in", &format!("chain={name}"));
        let policy = tokyo(&[Direction::In]);
        let of = |text: &str| side(&check_named(&policy, name, text).unwrap());
        assert_eq!(of(&named), "same", "{name}");
        let jumps = format!(
            "{EXPORT}add action=jump chain={name} jump-target=twilio-sip-in\n\
             add action=jump chain=twilio-sip-in jump-target=twilio-{name}\nadd chain=twilio-{name}\n"
        );
        assert_eq!(of(&jumps), "extra", "{name}");
        let list = EXPORT.replace("=twilio-sip-media", &format!("={name}"));
        assert_eq!(sides(&list), "same", "{name}");
    }
}

#[test]
fn rejects_exports_from_several_devices() {
    let head = |version: &str, fact: &str| {
        format!("# 2025-11-24 21:14:05 by RouterOS {version}\n# software id = A-B\n#\n# {fact}\n")
    };
    let first = head("7.16.2", "serial number = 1") + &EXPORT[EXPORT.find('\n').unwrap() + 1..];
    assert_eq!(sides(&first), "same");
    for second in [
        head("7.16.1", "serial number = 1"),
        head("7.16.2", "serial number = 2"),
        head("7.16.2", "model = x") + "# model = y\n",
        "# software id = C-D\n".to_owned(),
        "/system identity\nset name=a\nset name=b\n".to_owned(),
        "[admin@a] > export\n[admin@b] > export\n".to_owned(),
    ] {
        let errors = check(&format!("{first}{second}")).unwrap_err();
        assert!(
            errors[0]
                .1
                .contains("the input has exports of several devices"),
            "{second}: {errors:?}"
        );
    }
    // Two exports of one device have different menus.
    let again = first.clone() + &head("7.16.2", "serial number = 1");
    assert_eq!(sides(&again), "same");
    let twice = format!("{again}{FILTER}add action=passthrough chain=twilio-sip-in\n");
    let errors = check(&twice).unwrap_err();
    assert!(
        errors[0]
            .1
            .contains("two exports in the input contain this menu"),
        "{errors:?}"
    );
}

/// With a quadratic algorithm, this test would take hours.
#[test]
fn reads_large_texts_in_linear_time() {
    let lines = 10_000;
    let repeated = |make: &dyn Fn(usize) -> String| (0..lines).map(make).collect::<String>();
    for text in [
        format!("/interface list\n{}", "add name=x\n".repeat(lines)),
        repeated(&|n| format!("add chain=twilio-sip-in{n}\n")),
        format!(
            "{LISTS}{}",
            repeated(&|n| format!("add address=192.0.2.1 list=twilio-sip-media{n}\n"))
        ),
        format!("add chain={}\n", "x".repeat(2 << 20)),
        format!("/interface list\nadd name=x {}\n", "\\\n    ".repeat(lines)),
        format!("/interface list\nadd {}\n", "a=b ".repeat(lines)),
        format!(
            "/ip firewall raw\n{}",
            "add address-list=x disabled=yes\nset 0 disabled=no\n".repeat(lines)
        ),
    ] {
        assert_eq!(sides(&format!("{EXPORT}{text}")), "same", "{}", &text[..40]);
    }
    let ports: Vec<String> = (0..32_000).map(|n| (2 * n).to_string()).collect();
    let rule = format!(
        "add chain=twilio-sip-in port={} protocol=udp",
        ports.join(",")
    );
    let errors = check(&instead(&rule)).unwrap_err();
    assert!(
        errors[0].1.contains("more than 200000 combinations"),
        "{errors:?}"
    );
    let limits = || Limits::default().with(&["work=100000".parse().unwrap()]);
    let within = |text: &str| {
        let text = format!("{EXPORT}{text}");
        check_within(&tokyo(&BOTH), "twilio-sip", &text, limits())
    };
    assert_eq!(side(&within("").unwrap()), "same");
    let many = |make: &dyn Fn(usize) -> String| (0..1_000).map(make).collect::<String>();
    let values = "ad=\"a\" ".repeat(4_001);
    for text in [
        many(&|n| format!("add chain=c{n}\n")),
        format!(
            "/ip firewall address-list\n{}",
            many(&|n| format!("add address=192.0.2.1 list=l{n}\n"))
        ),
        format!("/ppp profile\nadd {values}\n"),
        format!("/ppp profile\nadd disabled=yes {values}\n"),
        "/system script\nadd source=\"a b\"\n".repeat(4_001),
    ] {
        let errors = within(&text).expect_err(&text[..40]);
        assert!(errors[0].1.contains("steps to evaluate"), "{errors:?}");
    }
    let commas = format!("/ppp profile\nadd address-list={}\n", "a,".repeat(1 << 20));
    assert_eq!(sides(&format!("{EXPORT}{commas}")), "same");
    let comment = "x".repeat(1 << 18);
    let long = format!(
        "{EXPORT}add action=passthrough chain=long comment={comment}\n{}",
        "add action=jump chain=twilio-sip-in jump-target=long\n".repeat(10_000)
    );
    let errors = check(&long).unwrap_err();
    assert!(errors[0].1.contains("steps to evaluate"), "{errors:?}");
}

/// RouterOS evaluates `input` and `forward` for incoming packets, and `output` and `forward` for outgoing ones.
#[test]
fn packets_must_get_to_the_chains_if_the_export_shows_other_chains() {
    let policy = tokyo(&[Direction::In]);
    let rendered = rendered(&policy);
    let reason = |rules: &str| {
        let text = format!("{rendered}/ip firewall filter\n{rules}");
        let drift = check_named(&policy, "twilio-sip", &text).unwrap();
        assert!(
            drift.missing.is_empty() && drift.extra.is_empty(),
            "{rules}"
        );
        let unhooked = drift.unhooked.into_iter().map(|(_, unhooked)| {
            let line = unhooked.at.map(|at| Lines::of(&text).number(at));
            let after = line.map(|line| line - rendered.lines().count() - 1);
            (unhooked.reason, after)
        });
        unhooked.collect::<Vec<_>>()
    };
    let not_hooked = |reason: &str, line| vec![(reason.to_owned(), line)];
    for (rules, expected) in [
        ("", vec![]),
        (
            "add chain=input action=jump jump-target=twilio-sip-in\n",
            vec![],
        ),
        (
            "add chain=forward action=jump jump-target=twilio-sip-in in-interface=ether1\n",
            vec![],
        ),
        (
            "add chain=forward action=drop connection-state=invalid\nadd chain=forward action=jump jump-target=twilio-sip-in\n",
            vec![],
        ),
        (
            "add chain=forward action=jump jump-target=sip\nadd chain=sip action=jump jump-target=twilio-sip-in\n",
            vec![],
        ),
        (
            "add chain=forward action=accept protocol=icmp\n",
            not_hooked("nothing jumps to twilio-sip-in", None),
        ),
        (
            "add chain=sip action=jump jump-target=twilio-sip-in\nadd chain=input action=drop\n",
            not_hooked("nothing jumps to twilio-sip-in", None),
        ),
        (
            "add chain=output action=jump jump-target=twilio-sip-in\n",
            not_hooked(
                "only the chain 'output' leads to twilio-sip-in, but it has packets of the other direction",
                None,
            ),
        ),
        (
            "add chain=forward action=drop\nadd chain=forward action=jump jump-target=twilio-sip-in\n",
            not_hooked(
                "a rule before the jump to twilio-sip-in stops all expected packets",
                Some(1),
            ),
        ),
        (
            "add chain=forward action=jump jump-target=twilio-sip-in src-address=10.0.0.0/8\n",
            not_hooked(
                "no expected packet matches the rules that lead to twilio-sip-in",
                Some(1),
            ),
        ),
    ] {
        assert_eq!(reason(rules), expected, "{rules}");
    }
}
