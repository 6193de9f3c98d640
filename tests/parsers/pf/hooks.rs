//! Main rulesets that call the anchor. The expected values follow from the order of evaluation in pf.conf(5): rules
//! without `quick` never keep a packet from a later anchor, and rules with `quick` always do.

use twilio_sip_allow::firewall::compare;
use twilio_sip_allow::format::read::Lines;
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::Policy;

use super::common::judge;
use super::{IN_SYNC, PRINTED, drift, parse, parse_within, pf, refused, rows, tokyo};

/// The rules of [`PRINTED`] in braces, indented as pfctl indents them.
fn braces() -> String {
    let rules = PRINTED
        .lines()
        .take_while(|line| !line.starts_with("table"));
    let indented = |line| format!("  {line}\n");
    let rules: String = rules.map(indented).collect();
    format!("{{\n{rules}}}")
}

/// The tables of [`PRINTED`].
fn tables() -> &'static str {
    &PRINTED[PRINTED.find("table").unwrap()..]
}

/// A main ruleset. `RULES` stands for the rules of the anchor in braces, and `↵` for a line break.
pub(super) fn main_ruleset(text: &str) -> String {
    let text = text.replace('↵', "\n").replace("RULES", &braces());
    format!("{text}\n{}", tables())
}

/// The reason for each direction that packets do not get to, with the line that is responsible, such as `in: a reason
/// @3`. Nothing else may differ from the policy.
pub(super) fn unhooked(policy: &Policy, text: &str) -> String {
    let units = parse(text).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
    let lines = Lines::of(text);
    let mut found = Vec::new();
    for unit in units {
        let rules: Vec<_> = policy.stateful(unit.direction).collect();
        let granularity = pf().info().granularity;
        let drift = compare(&rules, granularity, &unit, 0, Limits::default(), || &[]).unwrap();
        assert!(drift.missing.is_empty(), "{text}");
        assert!(drift.extra.is_empty(), "{text}");
        assert!(drift.unmeasured.is_empty(), "{text}");
        for (_, unhooked) in drift.unhooked {
            let at = unhooked.at.map(|at| format!(" @{}", lines.number(at)));
            let at = at.unwrap_or_default();
            found.push(format!("{}: {}{at}", unit.direction, unhooked.reason));
        }
    }
    found.join("; ")
}

/// Main rulesets, and the directions that are not hooked.
const CASES: &str = r#"
# Calls of all packets.
anchor "twilio-sip" all RULES => hooked
anchor twilio-sip RULES => hooked
anchor "/twilio-sip" all RULES => hooked
@3 anchor "twilio-sip" all RULES => hooked
block drop all↵anchor "twilio-sip" all RULES => hooked
anchor "twilio-sip" all RULES↵block drop quick all => hooked
scrub in all fragment reassemble↵block drop all↵anchor "twilio-sip" all RULES↵pass out all flags S/SA keep state => hooked
# Only some of the rules before the call keep packets from it.
block drop quick all↵anchor "twilio-sip" all RULES => in: blocked @1; out: blocked @1
block drop in quick all↵anchor "twilio-sip" all RULES => in: blocked @1
block return out log quick inet from any to 54.65.63.0/24↵anchor "twilio-sip" all RULES => out: blocked @1
block drop quick inet from 54.65.63.192/27 to any↵anchor "twilio-sip" all RULES => hooked
block drop quick inet6 all↵anchor "twilio-sip" all RULES => hooked
block drop quick inet proto tcp all↵anchor "twilio-sip" all RULES => hooked
block drop quick inet proto { tcp udp } all↵anchor "twilio-sip" all RULES => in: blocked @1; out: blocked @1
block drop in quick proto tcp↵block drop in quick proto udp↵anchor "twilio-sip" all RULES => in: blocked @1
block drop in quick from ! <allowed>↵anchor "twilio-sip" all RULES↵table <allowed> { 10/8 } => in: blocked @1
block drop in quick from ! <allowed>↵anchor "twilio-sip" all RULES↵table <allowed> { 10/8 54.65.63.192 } => hooked
block drop in quick on em1 all↵anchor "twilio-sip" all RULES => hooked
block drop quick all user root↵anchor "twilio-sip" all RULES => hooked
block drop quick probability 50%↵anchor "twilio-sip" all RULES => hooked
pass in quick on em1 all↵block drop in quick all↵anchor "twilio-sip" all RULES => in: blocked @2
pass quick all↵anchor "twilio-sip" all RULES => hooked
block in quick on em1 all↵pass quick all↵anchor "twilio-sip" all RULES => hooked
pass quick all keep state (max 9)↵anchor "twilio-sip" all RULES => hooked
pass quick proto udp↵block drop in quick all↵anchor "twilio-sip" all RULES => in: blocked @2
match in all tag x↵set skip on lo0↵antispoof quick for em0↵anchor "twilio-sip" all RULES => hooked
# Conditions of the call.
anchor "twilio-sip" in on em0 proto udp RULES => out: other direction
anchor "twilio-sip" out all RULES => in: other direction
anchor "twilio-sip" on { em0 em1 } inet proto { tcp udp } from any to any RULES => hooked
anchor "twilio-sip" inet6 all RULES => in: not matched @1; out: not matched @1
anchor "twilio-sip" from 10.0.0.0/8 to any RULES => in: not matched @1
anchor "twilio-sip" in proto udp from any to any port 53 RULES => in: not matched @1; out: other direction
anchor "twilio-sip" in proto udp to port { 53 5060 } RULES => out: other direction
anchor "twilio-sip" from (em0:network) to any RULES => hooked
anchor "twilio-sip" from <unknown> to { self↵} RULES => hooked
anchor "twilio-sip" all tagged voip RULES => hooked
anchor "twilio-sip" quick all RULES => hooked
block drop in quick proto udp↵anchor "twilio-sip" in proto udp RULES↵anchor "twilio-sip" out RULES => in: blocked @1
# Several calls of the anchor.
anchor "twilio-sip" in on em0 all RULES↵anchor "twilio-sip" out on em0 all RULES => hooked
anchor "twilio-sip" in on em0 all↵anchor "twilio-sip" out on em0 all RULES => hooked
block quick inet proto 99↵anchor "twilio-sip" inet6 all RULES↵block drop quick all↵anchor "twilio-sip" all => in: blocked @12; out: blocked @12
# Other anchors.
anchor "a" all {↵}↵anchor "twilio-sip" all RULES => hooked
anchor "a" all {↵  block drop all↵}↵anchor "twilio-sip" all RULES => hooked
anchor "a" all {↵  block drop quick all↵}↵anchor "twilio-sip" all RULES => in: blocked @2; out: blocked @2
anchor "a" in all {↵  block drop quick all↵}↵anchor "twilio-sip" all RULES => in: blocked @2
anchor in proto udp {↵  block drop quick all↵}↵anchor "twilio-sip" all RULES => hooked
anchor in on em1 {↵  block drop quick all↵}↵anchor "twilio-sip" all RULES => hooked
anchor "a" in from (em0) {↵  block drop quick all↵}↵anchor "twilio-sip" all RULES => hooked
anchor in proto udp {↵  block drop quick all↵}↵anchor in proto tcp {↵anchor "b" all {↵block drop quick proto tcp to port 1:6000↵}↵}↵anchor "twilio-sip" all RULES => in: blocked @2
# After an anchor with `quick`, pf evaluates nothing for packets that any of its rules matches.
anchor "a" quick all {↵  block drop all↵}↵anchor "twilio-sip" all RULES => in: blocked @2; out: blocked @2
anchor "a" in quick all {↵  block drop all↵}↵anchor "twilio-sip" all RULES => in: blocked @2
anchor "a" quick all {↵  block drop all↵  pass out all↵}↵anchor "twilio-sip" all RULES => in: blocked @2
anchor "a" quick all {↵  block drop all↵  pass in quick all↵}↵anchor "twilio-sip" all RULES => out: blocked @2
anchor "a" quick all {↵  block drop proto tcp↵}↵anchor "twilio-sip" all RULES => hooked
anchor "a" quick all {↵  match all tag x↵}↵anchor "twilio-sip" all RULES => hooked
anchor "a" quick on em0 {↵  block drop all↵}↵anchor "twilio-sip" all RULES => hooked
anchor "a" quick all {↵  block drop all↵  anchor "b" all {↵  }↵}↵anchor "twilio-sip" all RULES => hooked
# Anchors below others.
anchor "a/*" all {↵  anchor "b" all {↵    block drop out quick all↵  }↵}↵anchor "twilio-sip" all RULES => out: blocked @3
anchor "a/*" all {↵  block drop quick all↵}↵anchor "twilio-sip" all RULES => hooked
anchor "a" all {↵  table <b> { 0/0 }↵  block drop quick from <b>↵}↵anchor "twilio-sip" all RULES => hooked
anchor "ftp-proxy/*"↵anchor "a"↵anchor "twilio-sip" all RULES => hooked
anchor "outer" in all {↵  anchor "/twilio-sip" all RULES↵} => out: other direction
anchor "outer" all {↵  block drop in quick all↵  anchor "/twilio-sip" all RULES↵} => in: blocked @2
anchor "outer" all {↵  anchor "twilio-sip" all {↵    block quick all↵  }↵}↵anchor "twilio-sip" all RULES => in: blocked @3; out: blocked @3
anchor "outer" all {↵  anchor "../twilio-sip" all RULES↵} => hooked
# pf evaluates only the anchors below, but OpenBSD prints the rules of the anchor.
anchor "twilio-sip/*" all RULES => in: not called; out: not called
anchor "twilio-sip/*" all RULES↵anchor "twilio-sip" out all RULES => in: other direction
# Rules that cannot be read decide nothing.
block drop quick from (em0:network)↵block drop quick from <unknown>↵block in quick frobnicate↵anchor "twilio-sip" all RULES => hooked
ext_if = "em0"↵block in quick on $ext_if all↵block quick from $missing↵anchor "twilio-sip" in on $ext_if RULES => out: other direction
table <bad> persist file "/etc/bad"↵block drop quick from <bad>↵anchor "twilio-sip" all RULES => hooked
table <bad> { 0/0 }↵table <bad> file "/etc/bad"↵block drop quick from <bad>↵anchor "twilio-sip" all RULES => hooked
table <bad> { 0/0 }↵pass in proto tcp keep state (max-src-conn 9, overload <bad>)↵block drop quick from <bad>↵anchor "twilio-sip" all RULES => hooked
nat on em0 from 10/8 to any -> (em0)↵rdr-anchor "x/*"↵load anchor "y" from "/etc/y"↵queue a { b, c }↵set reassemble yes↵set syncookies adaptive (start 25%, end 12%)↵load anchor "twilio" from "/etc/z"↵anchor "twilio-sip" RULES => hooked
"#;

/// The full text of a reason in [`CASES`].
fn reasons(short: &str) -> String {
    if short == "hooked" {
        return String::new();
    }
    let reasons = [
        (
            "blocked",
            "a rule before the jump to twilio-sip stops all expected packets",
        ),
        (
            "not matched",
            "no expected packet matches the rules that lead to twilio-sip",
        ),
        (
            "other direction",
            "the anchor twilio-sip is called only for packets of the other direction",
        ),
        (
            "not called",
            "nothing calls the anchor twilio-sip; 'anchor \"twilio-sip/*\"' evaluates only the anchors below it",
        ),
    ];
    let full = |text: String, (short, long): (&str, &str)| {
        text.replace(&format!(": {short}"), &format!(": {long}"))
    };
    reasons.into_iter().fold(short.to_owned(), full)
}

#[test]
fn a_main_ruleset_shows_whether_packets_get_to_the_anchor() {
    for [text, expected] in rows(CASES) {
        let text = main_ruleset(&text);
        assert_eq!(unhooked(&tokyo(), &text), reasons(&expected), "{text}");
    }
}

#[test]
fn a_reason_for_both_directions_is_reported_once() {
    let text = main_ruleset("block quick all↵anchor \"twilio-sip\" all RULES");
    let drift = judge::drift("pf", &tokyo(), &text).unwrap();
    assert_eq!(drift.unhooked.len(), 2);
    let reasons: Vec<_> = drift
        .unhooked_reasons()
        .into_iter()
        .map(|u| (&*u.reason, u.at))
        .collect();
    let blocked = "a rule before the jump to twilio-sip stops all expected packets";
    assert_eq!(reasons, [(blocked, Some(0))]);
}

#[test]
fn an_anchor_alone_does_not_show_whether_packets_get_to_it() {
    assert_eq!(unhooked(&tokyo(), PRINTED), "");
    let text = format!("# anchor \"twilio-sip\" all\n{PRINTED}");
    assert_eq!(unhooked(&tokyo(), &text), "");
}

#[test]
fn compares_only_the_rules_of_the_anchor() {
    let text = main_ruleset(
        "pass quick all↵anchor \"a\" {↵pass all↵}↵anchor \"twilio-sip\" RULES↵pass all",
    );
    assert_eq!(drift(&tokyo(), &text), IN_SYNC);
    let damaged = text.replacen("10000:20000", "10000:19999", 1);
    assert_eq!(drift(&tokyo(), &damaged), ["missing in media"]);
    let empty = "block all\nanchor \"twilio-sip\" all {\n}\n";
    let missing = drift(&tokyo(), empty);
    assert_eq!(missing.len(), 8, "{missing:?}");
    assert!(missing.iter().all(|part| part.starts_with("missing")));
}

#[test]
fn counters_may_follow_each_rule() {
    let counters = "  [ Evaluations: 9         Packets: 8         Bytes: 7           States: 0     ]\n  [ Inserted: uid 0 pid 1 State Creations: 0     ]\n";
    let plain = main_ruleset("@0 block drop in quick all↵@1 anchor \"twilio-sip\" all RULES");
    let (rules, tables) = plain.split_at(plain.find("table").unwrap());
    let with_counters = |line: &str| match line.trim() {
        "" | "}" => format!("{line}\n"),
        _ => format!("{line}\n{counters}"),
    };
    let text: String = rules.lines().map(with_counters).collect();
    let expected = reasons("in: blocked @1");
    assert_eq!(unhooked(&tokyo(), &(text + tables)), expected);
}

/// Main rulesets that are refused, and the errors.
const REFUSED: &str = r#"
anchor "twilio-sip" all => 1: the input calls the anchor 'twilio-sip', but does not contain its rules; provide the output of "pfctl -a '*' -sr" together with the tables of the anchor
block all↵anchor "twilio-sip"↵load anchor "twilio-sip" from "/etc/x" => 3: 'load' fills the anchor 'twilio-sip' from a file that is not in the input; provide the output of "pfctl -a '*' -sr" together with the tables of the anchor
anchor "twilio-sip/*" => 1: the input calls the anchor 'twilio-sip', but does not contain its rules; provide the output of "pfctl -a '*' -sr" together with the tables of the anchor
anchor "twilio-sip" {↵pass in all frobnicate↵} => 2: expected an option of a rule, not 'frobnicate'
anchor "twilio-sip" {↵anchor "a" {↵pass quick all↵}↵} => 2: the anchor 'twilio-sip' calls another anchor, which is not supported; replace the call with rules
anchor "twilio-sip" {↵anchor "a"↵} => 2: the anchor 'twilio-sip' calls another anchor, which is not supported; replace the call with rules
anchor "twilio-sip/*" {↵anchor "a" {↵pass quick all↵}↵} => 2: the anchor 'twilio-sip' calls another anchor, which is not supported; replace the call with rules
anchor "twilio-sip" {↵table <t> { 10/8 }↵} => 2: a table within the braces of an anchor is not supported; define it before the anchor
anchor "twilio-sip" {↵load anchor "a" from "/b"↵} => 2: 'load' adds rules that are not in the input; replace it with these rules
anchor "twilio-sip" {↵pass in from <t>↵}↵table <t> file "/b" => 2: the definition of table <t> cannot be read: the addresses of table <t> are in a file; instead of this line, add the output of: echo 'table <t> {'; pfctl -a twilio-sip -t t -T show; echo '}'
anchor "a" {↵table <t> { 10/8 }↵}↵anchor "twilio-sip" {↵pass in from <t>↵}↵table <t> { 10/8 } => 5: more than one anchor may have a table <t>; rename this table
anchor "twilio-sip" in {↵pass in all↵}↵anchor "twilio-sip" out {↵pass out all↵} => 6: the rules of anchor 'twilio-sip' appear twice, but differ; list the rules again
anchor "twilio-sip" { pass in all } => 1: expected the end of the line after the '{' of an anchor
anchor "twilio-sip" {↵pass in all => 1: a '{' is not closed; if the input was cut off, provide the complete input
anchor "twilio-sip" {↵}↵anchor "a" {↵block all => 3: a '{' is not closed; if the input was cut off, provide the complete input
anchor "twilio-sip" {↵}↵pass in proto { tcp => 3: the last statement is incomplete, so the input may have been cut off; provide the complete input
anchor "twilio-sip" {↵}↵pass in label "x => 3: the last statement is incomplete, so the input may have been cut off; provide the complete input
anchor "twilio-sip" {↵}↵block all \ => 3: the last statement is incomplete, so the input may have been cut off; provide the complete input
anchor "twilio-sip" {↵}↵frobnicate => 3: expected a rule (pass, block, match or scrub), a table or a macro, not 'frobnicate'
anchor "twilio-sip" {↵}↵x = <y> => 3: expected the value of a macro, not '<'
# Statements that change the rules of the anchor.
set state-defaults pflow↵anchor "twilio-sip" {↵} => 1: 'set state-defaults' adds options to later rules; write the options in each rule
x = 1↵include "/etc/x"↵anchor "twilio-sip" {↵} => 2: 'include' may change the macros and the tables that rules use; replace it with its file
anchor "twilio-sip" {↵}↵load anchor "twilio-sip" from "/etc/x" => 3: 'load' fills the anchor 'twilio-sip' from a file that is not in the input; provide the output of "pfctl -a '*' -sr" together with the tables of the anchor
anchor "twilio-sip" {↵}↵load anchor "/twilio-sip" from "/etc/x" => 3: 'load' fills the anchor 'twilio-sip' from a file that is not in the input; provide the output of "pfctl -a '*' -sr" together with the tables of the anchor
# Another anchor, or a relative name of one.
anchor "twilio-sip-old" {↵pass all↵} => 1: ANOTHER
anchor "outer" {↵anchor "twilio-sip" {↵pass all↵}↵} => 1: ANOTHER
anchor "outer/twilio-sip" {↵pass all↵} => 1: ANOTHER
anchor "twilio/*" {↵anchor "twilio-sip" {↵pass all↵}↵} => 1: ANOTHER
anchor "*" {↵anchor "twilio-sip" {↵pass all↵}↵} => 1: ANOTHER
anchor {↵anchor "twilio-sip" {↵pass all↵}↵} => 1: ANOTHER
"#;

#[test]
fn rejects_a_main_ruleset_without_the_exact_rules_of_the_anchor() {
    let another = "the input does not call the anchor 'twilio-sip', but another one; provide the rules of 'twilio-sip' \
                   alone, or a main ruleset that calls 'twilio-sip'";
    for [text, expected] in rows(REFUSED) {
        let expected = expected.replace("ANOTHER", another);
        assert_eq!(refused(&format!("{text}\n")), [expected], "{text}");
    }
}

#[test]
fn a_main_ruleset_that_is_cut_off_is_never_in_sync() {
    let text = main_ruleset(
        "block all↵anchor \"a\" in {↵block quick from 10/8↵}↵anchor \"twilio-sip\" in RULES↵anchor \"twilio-sip\" out RULES",
    );
    let policy = tokyo();
    assert_eq!(drift(&policy, &text), IN_SYNC);
    for end in 0..text.len() {
        if text.is_char_boundary(end) && parse(&text[..end]).is_ok() {
            assert_ne!(drift(&policy, &text[..end]), IN_SYNC, "{}", &text[..end]);
        }
    }
}

#[test]
fn limits_the_cost_of_a_main_ruleset() {
    let limits =
        ["work=200000", "boxes=2000", "rules=1000", "depth=8"].map(|bound| bound.parse().unwrap());
    let limits = Limits::default().with(&limits);
    let refused = |text: &str| parse_within(text, limits).map(|_| text.len()).unwrap_err();
    let nested = |depth: usize| {
        let open = "anchor all {\n".repeat(depth);
        let close = "}\n".repeat(depth);
        format!("{open}anchor \"/twilio-sip\" {{\npass out quick proto 99\n}}\n{close}")
    };
    assert!(parse_within(&nested(7), limits).is_ok());
    let errors = refused(&nested(8));
    assert_eq!(
        errors[0],
        "9: it is nested more than 8 levels deep; raise the limit with --limit depth=NUMBER"
    );
    let unit = "anchor \"twilio-sip\" {\n}\n";
    // With too many rules before the call, the input does not show whether packets get to it.
    let port = |port: u32| format!("{} ", 2 * port);
    let ports: String = (0..30).map(port).collect();
    let rule = format!("block quick proto udp from port {{ {ports}}} to port {{ {ports}}}\n");
    let policy = tokyo();
    let hooks = |text: &str| {
        let units = parse_within(text, limits).unwrap();
        let rules: Vec<_> = policy.stateful(units[0].direction).collect();
        let drift = compare(
            &rules,
            pf().info().granularity,
            &units[0],
            0,
            limits,
            || &[],
        )
        .unwrap();
        drift.unhooked.len()
    };
    assert_eq!(hooks(&format!("block quick all\n{unit}")), 1);
    assert_eq!(hooks(&format!("{rule}block quick all\n{unit}")), 1);
    assert_eq!(hooks(&format!("{rule}{rule}block quick all\n{unit}")), 0);
    let within = |rule: &str| format!("anchor proto udp from port {{ {ports}}} {{\n{rule}}}\n");
    let text = within(&within(&rule)) + &rule.repeat(400) + unit;
    let errors = refused(&text);
    assert!(
        errors[0].contains("it takes more than 200000 steps to evaluate"),
        "{errors:?}"
    );
    let table = |n: u32| format!("table <t{n}> file \"x\"\n");
    let call = "anchor from (em0) {\npass all\n}\n";
    let text = format!(
        "anchor proto udp from port {{ {ports}}} {{\n{}}}\n{unit}",
        call.repeat(7_000)
    );
    let errors = refused(&text);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].contains("it takes more than 200000 steps to evaluate"),
        "{errors:?}"
    );
    let tables: String = (0..1_001).map(table).collect();
    let errors = refused(&format!("{tables}{unit}"));
    assert!(
        errors[0].contains("it takes more than 200000 steps to evaluate"),
        "{errors:?}"
    );
}
