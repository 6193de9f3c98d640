//! Inbound trunks of LiveKit. The listings follow `livekit_sip.proto` and JSON of Protocol Buffers. What an entry
//! matches follows `matchAddrMasks` in `sip/sip.go` of LiveKit's protocol, and Go's package `net/netip`.

use super::{Expected, assert_cuts_are_found, pairs, rows};
use crate::common::Tool;
use crate::common::judge::BOTH;

/// The output of `lk sip inbound list -j`.
const LISTED: &str = r#"{
  "items": [
    {
      "sipTrunkId": "ST_vMyYvBPZ2mnV",
      "name": "open",
      "numbers": ["+15105550100"]
    },
    {
      "sipTrunkId": "ST_cqYQ3UGPC5Kf",
      "name": "twilio-sip",
      "metadata": "a",
      "numbers": ["+15105550101"],
      "allowedAddresses": ["54.65.63.192/30"],
      "headers": {"X-A": "b"},
      "ringingTimeout": "10s",
      "krispEnabled": true,
      "createdAt": "2026-05-01T10:00:00Z"
    }
  ]
}
"#;

/// Lists of addresses, and the differences from `54.65.63.192/30`.
const LISTS: &str = r#"
["54.65.63.192/30"] => in sync
["54.65.63.194/31", "54.65.63.192/31"] => in sync
["54.65.63.195/30"] => in sync
["54.65.63.192/30", "54.65.63.193/32", "54.65.63.192/30"] => in sync
["54.65.63.192/30", "10.0.0.1 10.0.0.2"] => in sync
["54.65.63.192/30", "10.0.0.1\n", "10.0.0.2\r", "10.0.0.\t2"] => in sync
["54.65.63.192/30", "sip://10.0.0.1", "10.0.0.*", "(a)", "a+b", "a;b", "10.0.0.1,10.0.0.2"] => in sync
[] => missing nothing|extra in 0.0.0.0/2
["54.65.63.192/31"] => missing in 54.65.63.194/31 signaling tokyo
["54.65.63.192/29"] => extra in 54.65.63.196/30
["54.65.63.192/30", "10.0.0.1/32"] => extra in 10.0.0.1/32
["54.65.63.192/30", "10.0.0.1"] => extra in 10.0.0.1/32|beyond requests whose From header has the host 10.0.0.1
["54.65.63.192/30", "54.65.63.192"] => beyond requests whose From header has the host 54.65.63.192
["54.65.63.192/30", "sip.example.com"] => beyond requests whose From header has the host sip.example.com
["54.65.63.192/30", ""] => beyond requests whose From header has the host 
["54.65.63.192/30", "10.0.0.0/33"] => beyond requests whose From header has the host 10.0.0.0/33
["54.65.63.192/30", "10.0.0.0/08"] => beyond requests whose From header has the host 10.0.0.0/08
["54.65.63.192/30", "010.0.0.1"] => beyond requests whose From header has the host 010.0.0.1
["54.65.63.192/30", "10.0.0/24"] => beyond requests whose From header has the host 10.0.0/24
["54.65.63.192/30", "2001:db8::/32"] => beyond IPv6, 2001:db8::/32
["54.65.63.192/30", "::ffff:10.0.0.1"] => beyond IPv6, ::ffff:10.0.0.1
["54.65.63.192/30", "fe80::1%eth0"] => beyond IPv6, fe80::1%eth0
["54.65.63.192/30", "[2001:db8::1]"] => beyond requests whose From header has the host [2001:db8::1]
["sip.example.com"] => missing in 54.65.63.192/30 signaling tokyo|beyond requests whose From header has the host sip.example.com
"#;

/// The parts of everything but the network for Tokyo, in the notation of these tests.
const EVERYONE: [&str; 2] = [
    "extra in 0.0.0.0/3+32.0.0.0/4+48.0.0.0/6+52.0.0.0/7+54.0.0.0/10+54.64.0.0/16+54.65.0.0/19+54.65.32.0/20+54.65.48.0/21+54.65.56.0/22+54.65.60.0/23+54.65.62.0/24+54.65.63.0/25+54.65.63.128/26",
    "extra in 54.65.63.196/30+54.65.63.200/29+54.65.63.208/28+54.65.63.224/27+54.65.64.0/18+54.65.128.0/17+54.66.0.0/15+54.68.0.0/14+54.72.0.0/13+54.80.0.0/12+54.96.0.0/11+54.128.0.0/9+55.0.0.0/8+56.0.0.0/5+64.0.0.0/2+128.0.0.0/1",
];

fn listed(list: &str) -> String {
    LISTED.replace(r#"["54.65.63.192/30"]"#, list)
}

fn tokyo() -> Expected {
    Expected::tokyo("livekit", &BOTH)
}

#[test]
fn reads_every_form_of_a_trunk() {
    let list = r#"["54.65.63.192/30"]"#;
    let trunk = format!(r#"{{"name": "twilio-sip", "allowed_addresses": {list}}}"#);
    let named =
        format!(r#"{{"sipTrunkId": "ST_1", "name": "twilio-sip", "allowedAddresses": {list}}}"#);
    for directions in [&BOTH[..], &BOTH[..1]] {
        let expected = Expected::tokyo("livekit", directions);
        for text in [
            LISTED.to_owned(),
            LISTED.replace('\n', "\r\n"),
            LISTED.replace("sipTrunkId", "sip_trunk_id"),
            LISTED.replace("allowedAddresses", "allowed_addresses"),
            expected.text(),
            trunk.clone(),
            format!("[{trunk}]"),
            format!(r#"{{"trunk": {trunk}}}"#),
            format!(r#"{{"sip_trunk_id": "ST_1", "replace": {trunk}}}"#),
            format!(r#"{{"items": [{named}, {{"name": "Twilio-SIP", "numbers": ["1"]}}]}}"#),
            // The API sends an empty object for an id that does not exist.
            format!(r#"{{"items": [{{}}, {named}, {{ }}]}}"#),
            format!("[{trunk}, {{}}]"),
            // Default values.
            format!(
                r#"{{"sipTrunkId": "ST_1", "update": {{"allowedAddresses": {{"set": {list}, "add": null, "remove": [], "clear": false}}}}}}"#
            ),
            format!(
                r#"{{"sipTrunkId": "ST_1", "update": {{"allowedAddresses": {{"set": {list}, "add": [ ], "remove": null, "clear": null}}}}}}"#
            ),
            // The only trunk, whatever its name is.
            trunk.replace("twilio-sip", "office"),
            format!(
                r#"{{"items": [{{"name": null, "sipTrunkId": null, "allowed_addresses": {list}}}]}}"#
            ),
            format!(
                r#"{{"sipTrunkId": "ST_1", "update": {{"allowedAddresses": {{"set": {list}}}, "name": "a"}}}}"#
            ),
        ] {
            assert_eq!(expected.drift(&text), [""; 0], "{text}");
        }
    }
}

#[test]
fn reports_each_difference_as_drift() {
    for (list, reported) in pairs(LISTS) {
        let found = tokyo().drift(&listed(&list)).join("\n");
        match &*reported {
            "in sync" => assert_eq!(found, "", "{list}"),
            everyone if everyone.starts_with("missing nothing") => {
                assert_eq!(found, EVERYONE.join("\n"), "{list}");
            }
            _ => assert_eq!(found, reported, "{list}"),
        }
    }
}

#[test]
fn a_trunk_without_valid_entries_accepts_everyone() {
    for text in [
        listed("[]"),
        listed("null"),
        listed(r#"["10.0.0.1 ", "sip://a"]"#),
        LISTED.replace(r#""allowedAddresses": ["54.65.63.192/30"],"#, ""),
        r#"{"trunk": {"name": "twilio-sip", "auth_username": "a", "auth_password": "b"}}"#
            .to_owned(),
    ] {
        assert_eq!(tokyo().drift(&text), EVERYONE, "{text}");
    }
}

#[test]
fn a_name_selects_a_trunk_by_its_id_or_its_name() {
    let by = |name: &str| Expected::tokyo("livekit", &BOTH).named(name);
    let of = |expected: &Expected, text: &str| {
        let units = expected.units(text).unwrap();
        (units[0].name.clone(), units[0].absent.clone())
    };
    for name in ["twilio-sip", "ST_cqYQ3UGPC5Kf"] {
        assert_eq!(by(name).drift(LISTED), [""; 0], "{name}");
        let label = "trunk twilio-sip (ST_cqYQ3UGPC5Kf)".to_owned();
        assert_eq!(of(&by(name), LISTED), (label, None), "{name}");
    }
    for name in ["open", "ST_vMyYvBPZ2mnV"] {
        assert_eq!(by(name).drift(LISTED), EVERYONE, "{name}");
    }
    // An id takes precedence over a name.
    let swapped = LISTED.replace("\"open\"", "\"ST_cqYQ3UGPC5Kf\"");
    assert_eq!(by("ST_cqYQ3UGPC5Kf").drift(&swapped), [""; 0]);
    for (name, text, reason) in [
        (
            "other",
            LISTED,
            "; use --name with one of: open (ST_vMyYvBPZ2mnV), twilio-sip (ST_cqYQ3UGPC5Kf)",
        ),
        (
            "Twilio-SIP",
            LISTED,
            "; use --name with one of: open (ST_vMyYvBPZ2mnV), twilio-sip (ST_cqYQ3UGPC5Kf)",
        ),
        (
            "other",
            r#"[{"numbers": []}]"#,
            "; use --name with one of: without a name",
        ),
        ("twilio-sip", "{}", ""),
        ("twilio-sip", r#"{"items": []}"#, ""),
        ("twilio-sip", "[]", ""),
        ("twilio-sip", r#"{"items": [{}]}"#, ""),
    ] {
        let absent = format!("the input has no inbound trunk with the id or name '{name}'{reason}");
        assert_eq!(
            of(&by(name), text),
            (format!("trunk {name}"), Some(absent)),
            "{text}"
        );
        assert_eq!(
            by(name).drift(text),
            ["missing in 54.65.63.192/30 signaling tokyo"]
        );
    }
    let twelve: Vec<String> = (0..12)
        .map(|n| format!(r#"{{"name": "t{n}", "numbers": []}}"#))
        .collect();
    let (_, absent) = of(&by("x"), &format!("[{}]", twelve.join(", ")));
    assert!(
        absent
            .unwrap()
            .ends_with("t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, ...")
    );
}

const REFUSED: &str = r#"
"a" => 1: expected an object, not a string
{"a": 1} => 1: expected inbound trunks, as in the output of 'lk sip inbound list -j', or a request to create or update one
{"name": "twilio-sip"} => 1: expected inbound trunks
[{"trunk": {"numbers": []}}] => 1: [0]: expected inbound trunks
{"items": [{"id": 1}], "total": 1} => 1: items[0]: expected inbound trunks
{"items": {}} => 1: items: expected an array, not an object
{"items": [], "trunk": {}} => 1: expected only one of items, trunk, update, replace
{"items": [ => 1: the JSON ends too early, so the input may have been cut off
{"trunk": null} => 1: trunk: expected an object, not null
{"trunk": {"name": 1}} => 1: trunk.name: expected a string, not 1
{"trunk": {"name": "a", "name": "b"}} => 1: trunk: duplicate key 'name'
{"trunk": {"allowed_addresses": [], "allowedAddresses": []}} => 1: trunk: 'allowed_addresses' and 'allowedAddresses' are the same key; remove one of them
{"trunk": {"allowed_addresses": "10.0.0.0/8"}} => 1: allowed_addresses: expected an array, not a string
{"trunk": {"allowed_addresses": [1]}} => 1: allowed_addresses[0]: expected a string, not 1
{"trunk": {"allowedAddresses": ["a\u0007"]}} => 1: allowedAddresses[0]: unexpected control character in "a\u{7}"
{"trunk": {"name": "a", "address": "sip.example.com", "numbers": []}} => 1: trunk: the trunk has the key 'address', so it is an outbound trunk; expected an inbound trunk
{"items": [{"sip_trunk_id": "ST_1", "inbound_addresses": ["10.0.0.0/8"]}]} => 1: items[0]: a trunk of LiveKit's old API is not supported; expected the output of 'lk sip inbound list -j'
{"sip_trunk_id": "ST_1", "sipTrunkId": "ST_1", "numbers": []} => 1: 'sip_trunk_id' and 'sipTrunkId' are the same key; remove one of them
{"sip_trunk_id": 1, "numbers": []} => 1: sip_trunk_id: expected a string, not 1
{"items": [{"name": "twilio-sip", "numbers": [], "sipTrunkId": "ST_1"}, {"name": "twilio-sip", "numbers": [], "sipTrunkId": "ST_2"}]} => 1: 2 trunks have the id or name 'twilio-sip'; use --name with one of these ids: twilio-sip (ST_1), twilio-sip (ST_2)
{"sip_trunk_id": "ST_1", "update": {"name": "a"}} => 1: update: the update does not change 'allowed_addresses'
{"sip_trunk_id": "ST_1", "update": {"allowed_addresses": {"add": ["10.0.0.0/8"]}}} => 1: update.allowed_addresses: 'add' changes a list that is not in the input; expected only 'set'
{"sip_trunk_id": "ST_1", "update": {"allowed_addresses": {"set": ["10.0.0.0/8"], "remove": ["10.0.0.0/8"]}}} => 1: update.allowed_addresses: 'remove' changes a list
{"sip_trunk_id": "ST_1", "update": {"allowedAddresses": {"clear": true}}} => 1: update.allowedAddresses: 'clear' changes a list
{"sip_trunk_id": "ST_1", "update": {"allowed_addresses": {"set": [ ]}}} => 1: update.allowed_addresses: expected 'set' with at least one address
{"sip_trunk_id": "ST_1", "update": {"allowed_addresses": {"set": null}}} => 1: update.allowed_addresses: expected 'set' with at least one address
{"sip_trunk_id": "ST_1", "update": {"allowed_addresses": {"set": "a"}}} => 1: set: expected an array, not a string
{"sip_trunk_id": "ST_1", "update": {"allowed_addresses": {"set": ["10.0.0.0/8"], "add": "a"}}} => 1: update.allowed_addresses: 'add' changes a list
{"items": [null]} => 1: items[0]: expected an object, not null
{"sip_trunk_id": "ST_1", "update": {"allowed_addresses": ["10.0.0.0/8"]}} => 1: update.allowed_addresses: expected an object, not an array
{"sip_trunk_id": "ST_1", "update": {"allowed_addresses": {"sets": []}}} => 1: update.allowed_addresses: unknown key 'sets'; expected set, add, remove, clear
"#;

#[test]
fn rejects_what_it_cannot_interpret_with_place_and_reason() {
    for (text, problem) in pairs(REFUSED) {
        let found = tokyo().refusal(&text);
        assert!(found.starts_with(&problem), "{text}\n{found}");
    }
    assert_eq!(
        tokyo().refusal(&listed("[\n\"10.0.0.0/8\",\n7]")),
        "13: allowedAddresses[1]: expected a string, not 7"
    );
}

/// Texts with a password. `SECRET` stands for it.
const SECRETS: &str = r#"
{"items":[{},{"sipTrunkId":"ST_b","authPassword":"SECRET"}]}
{"items":[{},{"sipTrunkId":"ST_b","authPassword":"SECRET","numbers":1,"name":["a"]}]}
[null,{"authPassword":"SECRET"}]
[1,{"authPassword":"SECRET"}]
["a",{"authPassword":"SECRET"}]
[["SECRET"],{"authPassword":"SECRET"}]
{"items":[{"sipTrunkId":"ST_a","numbers":[]}]} {"items":[{"authPassword":"SECRET"}]}
{"items":[]}|{"items":[{"authPassword":"SECRET"}]}
{"items":[{"sipTrunkId":"ST_a" "authPassword":"SECRET"}]}
{"items":[{"sipTrunkId":"ST_a","authPassword" "SECRET"}]}
{"items":[{"sipTrunkId":"ST_a","authPassword":"SECRET"}
{"items":[{"sipTrunkId":"ST_a","authPassword":|"SECRET" 1}]}
{"items":[{"sipTrunkId":"ST_a","authPassword":'SECRET'}]}
{"items":[{"sipTrunkId":"ST_a","authPassword":SECRET}]}
{"items":[{"sipTrunkId":"ST_a","name":"a","name":"SECRET","authPassword":"SECRET"}]}
{"items":[{"sipTrunkId":"ST_a","allowedAddresses":[{"authPassword":"SECRET"}]}]}
{"items":[{"sipTrunkId":"ST_a","allowedAddresses":["10.0.0.0/8"],"authPassword":"SECRET"}]}
{"items":[{"sipTrunkId":"ST_a","allowedAddresses":["sip.example.com"],"authPassword":"SECRET"}]}
{"items":[{"authPassword":"SECRET","numbers":[]}]}
"SECRET"
x {"authPassword":"SECRET"}
authPassword: SECRET
"#;

#[test]
fn no_message_and_no_report_quotes_a_password() {
    for text in rows(SECRETS) {
        for report in ["", "--report json", "--report github"] {
            for options in ["", "--name ST_b", "--verbose"] {
                let line = format!(
                    "check -q --edition current --direction in --plane signaling --format livekit {report} {options} trunk"
                );
                let ran = Tool::line(&line).file("trunk", &text).run();
                assert!(ran.status == 1 || ran.status == 2, "{ran}");
                let printed = ran.stdout + &ran.stderr;
                assert!(!printed.contains("SECRET"), "{text}\n{printed}");
            }
        }
    }
}

#[test]
fn a_report_quotes_networks_and_ids_but_no_other_value() {
    let report = |text: &str| {
        let line = "check -q --edition current --direction in --plane signaling --format livekit trunk --verbose";
        let ran = Tool::line(line).file("trunk", text).run();
        assert_eq!(ran.status, 1, "{ran}");
        ran.stdout
    };
    let drifted = report(&listed(
        "[\n\"10.0.0.0/8\",\n\"2001:db8::/32\",\n\"a.example\"]",
    ));
    for line in [
        "      line 14: \"10.0.0.0/8\"\n",
        "      line 15: \"2001:db8::/32\"\n",
        "      line 16\n",
    ] {
        assert!(drifted.contains(line), "{drifted}");
    }
    // A trunk without a list.
    let open = LISTED.replace(r#""allowedAddresses": ["54.65.63.192/30"],"#, "");
    let open = report(&open);
    assert!(
        open.contains("      line 9: \"ST_cqYQ3UGPC5Kf\"\n"),
        "{open}"
    );
    let named = report("{\n\"trunk\": {\n\"numbers\": [],\n\"name\": \"twilio-sip\"}}");
    assert!(named.contains("      line 4\n"), "{named}");
}

#[test]
fn a_long_name_of_a_trunk_is_cut() {
    let long = "n".repeat(10_000);
    let text = format!(r#"[{{"name": "{long}", "numbers": []}}, {{"sipTrunkId": "{long}"}}]"#);
    let units = tokyo().units(&text).unwrap();
    let absent = units[0].absent.clone().unwrap();
    let cut = format!("{}...", "n".repeat(197));
    assert!(
        absent.ends_with(&format!("use --name with one of: {cut}, {cut}")),
        "{absent}"
    );
    let text = format!(r#"[{{"name": "{long}", "numbers": []}}]"#);
    assert_eq!(
        tokyo().units(&text).unwrap()[0].name,
        format!("trunk {cut}")
    );
}

#[test]
fn no_message_quotes_a_password() {
    let secret = r#""auth_password": "hunter2", "numbers": []"#;
    for text in [
        format!(r#"{{"trunk": {{"name": "twilio-sip", {secret}}}}}"#),
        format!(r#"{{"trunk": {{{secret}}}}}"#),
        format!(r#"[{{"name": "twilio-sip", {secret}}}]"#),
        format!(r#"[{{"name": "a", {secret}}}, {{"name": "b", {secret}}}]"#),
        format!(r#"{{"trunk": {{"address": "sip.example.com", {secret}}}}}"#),
        format!(r#"{{"trunk": {{"inbound_addresses": [], {secret}}}}}"#),
        format!(r#"{{"trunk": {{"name": "a", "name": "b", {secret}}}}}"#),
        format!(r#"{{"trunk": {{"name": 1, {secret}}}}}"#),
        format!(r#"{{"trunk": {{"allowed_addresses": 1, {secret}}}}}"#),
        format!(r#"{{"trunk": {{"allowed_addresses": [1], {secret}}}}}"#),
        format!(r#"{{"trunk": {{"allowed_addresses": ["10.0.0.0/8"], {secret}}}}}"#),
        format!(r#"{{"trunk": {{{secret}}}, "items": []}}"#),
        format!(r#"{{"update": {{"allowed_addresses": {{"add": []}}, {secret}}}}}"#),
        format!(
            r#"{{"items": [{{"name": "twilio-sip", {secret}}}, {{"name": "twilio-sip", {secret}}}]}}"#
        ),
        format!(r#"{{"user": {{{secret}}}}}"#),
    ] {
        let ran = Tool::line("check -q --edition current --format livekit trunk")
            .file("trunk", &text)
            .run();
        assert!(ran.status == 1 || ran.status == 2, "{ran}");
        let printed = ran.stdout + &ran.stderr;
        assert!(!printed.contains("hunter2"), "{text}\n{printed}");
    }
}

#[test]
fn the_repair_updates_a_trunk_with_an_id_and_creates_any_other() {
    let update = |id: &str| {
        format!(
            "{{\n  \"sip_trunk_id\": \"{id}\",\n  \"update\": {{\n    \"allowed_addresses\": {{\n      \"set\": [\n        \
             \"54.65.63.192/30\"\n      ]\n    }}\n  }}\n}}\n"
        )
    };
    let drifted = listed(r#"["10.0.0.0/8"]"#);
    let by = |name: &str| tokyo().named(name);
    assert_eq!(
        by("twilio-sip").repair(&drifted),
        Ok(update("ST_cqYQ3UGPC5Kf"))
    );
    assert_eq!(by("open").repair(&drifted), Ok(update("ST_vMyYvBPZ2mnV")));
    assert_eq!(by("ST_new").repair(&drifted), Ok(update("ST_new")));
    // Without an id, the repair is the request that creates a trunk.
    for text in ["{}", r#"{"trunk": {"name": "twilio-sip", "numbers": []}}"#] {
        assert_eq!(tokyo().repair(text), Ok(tokyo().text()));
    }
    assert!(
        by("my trunk")
            .repair("{}")
            .unwrap_err()
            .contains("'my trunk'")
    );
}

#[test]
fn truncated_texts_are_found() {
    assert_cuts_are_found(&tokyo(), LISTED, |cut| cut == LISTED.trim_end());
    let rendered = tokyo().text();
    assert_cuts_are_found(&tokyo(), &rendered, |cut| cut == rendered.trim_end());
}

#[test]
fn limits_bound_the_entries() {
    let limited = |bound| tokyo().limited(bound);
    let text = listed(r#"["54.65.63.192/31", "54.65.63.194/31"]"#);
    assert_eq!(limited("rules=2").drift(&text), [""; 0]);
    let refused = limited("rules=1").refusal(&text);
    assert_eq!(
        refused,
        "13: it expands to more than 1 rules; raise the limit with --limit rules=NUMBER"
    );
    let refused = limited("work=100").refusal(LISTED);
    assert!(
        refused.starts_with("1: it takes more than 100 steps"),
        "{refused}"
    );
}
