//! Managed prefix lists.
//!
//! The output of `get-managed-prefix-list-entries` follows the EC2 API Reference. `tests/systems/aws.rs` reads the
//! output of the real AWS command line with a moto server.

use super::{BOTH, Direction, Expected, Limits, UnitQuery, Value, dialect, format, json, rows};

const ENTRIES: &str = r#"{
    "Entries": [
        {
            "Cidr": "54.65.63.192/30",
            "Description": "Twilio signaling, tokyo (regional)"
        }
    ]
}
"#;

fn list(regions: &str, directions: &[Direction]) -> Expected {
    Expected::new("aws-prefix-list", regions, directions)
}

fn tokyo() -> Expected {
    list("tokyo", &[Direction::In])
}

fn entries(cidrs: &[&str]) -> String {
    let entries: Vec<_> = cidrs.iter().map(|cidr| json!({"Cidr": cidr})).collect();
    json!({ "Entries": entries }).to_string()
}

#[test]
fn equivalent_lists_are_in_sync() {
    let own = tokyo();
    let tagged = {
        let mut value = own.value();
        value["TagSpecifications"] =
            json!([{"ResourceType": "prefix-list", "Tags": [{"Key": "a", "Value": "b"}]}]);
        value["ClientToken"] = json!("a");
        value.to_string()
    };
    for text in [
        ENTRIES.to_owned(),
        ENTRIES.replace(
            "\n}",
            ",\n    \"NextToken\": null,\n \"ResponseMetadata\": {}}",
        ),
        own.text(),
        tagged,
        own.edited("/MaxEntries = 50"),
        own.edited("/PrefixListName = \"twilio-sip-media\""),
        entries(&["54.65.63.194/31", "54.65.63.192/31"]),
        entries(&["54.65.63.192/30", "54.65.63.193/32", "54.65.63.192/30"]),
    ] {
        assert_eq!(own.differences(&text), [""; 0], "{text}");
        assert_eq!(list("tokyo", &BOTH).differences(&text), [""; 0], "{text}");
    }
}

const DRIFT: &str = r#"
[] => missing in several 54.65.63.192-54.65.63.195 0-65535
["54.65.63.192/31"] => missing in several 54.65.63.194-54.65.63.195 0-65535
["54.65.63.192/29"] => extra in several 54.65.63.196-54.65.63.199 0-65535
["54.65.63.192/30", "0.0.0.0/32"] => extra in several 0.0.0.0-0.0.0.0 0-65535
["54.65.63.192/30", "2001:db8::/32"] => beyond in IPv6 2001:db8::/32
["54.65.63.196/30"] => missing in several 54.65.63.192-54.65.63.195 0-65535, extra in several 54.65.63.196-54.65.63.199 0-65535
"#;

#[test]
fn reports_each_missing_and_extra_address() {
    for (cidrs, expected) in rows(DRIFT) {
        let text = entries(&serde_json::from_str::<Vec<&str>>(cidrs).unwrap());
        assert_eq!(tokyo().differences(&text).join(", "), expected, "{cidrs}");
        // Both directions use the same list, so each of them reports the difference.
        let both = list("tokyo", &BOTH).differences(&text);
        let ways = |way: &str| both.iter().filter(|line| line.contains(way)).count();
        let count = expected.split(", ").count();
        assert_eq!((ways(" in "), ways(" out ")), (count, count), "{both:?}");
    }
}

#[test]
fn a_report_contains_the_plane_and_the_region_but_no_ports() {
    let own = list("tokyo", &[Direction::Out]);
    let text = entries(&["54.65.63.192/31", "192.0.2.0/24"]);
    let drift = own.check(&text).unwrap();
    let report = super::common::judge::report_text(&drift, &text);
    let lines: Vec<&str> = report.lines().map(str::trim).collect();
    assert_eq!(
        lines[2],
        "missing out any protocol from any to 54.65.63.194/31 (signaling of tokyo, edition regional)"
    );
    assert_eq!(
        lines[3],
        "extra   out any protocol from any to 192.0.2.0/24"
    );
    assert_eq!(lines[4], "line 1: {\"Cidr\":\"192.0.2.0/24\"}");
}

const REFUSED: &str = r#"
{} => 1: expected 'Entries', as in the output of 'aws ec2 get-managed-prefix-list-entries'
[] => 1: expected an object, not an array
{"Entries": {}} => 1: Entries: expected an array, not an object
{"Entries": null} => 1: Entries: expected an array, not null
{"Entries": ["192.0.2.0/24"]} => 1: Entries[0]: expected an object, not a string
{"Entries": [{}]} => 1: Entries[0]: expected 'Cidr'
{"Entries": [{"Cidr": "192.0.2.1"}]} => 1: Entries[0].Cidr: '192.0.2.1' has no prefix length; write '192.0.2.1/32'
{"Entries": [{"Cidr": "192.0.2.1/24"}]} => 1: Entries[0].Cidr: '192.0.2.1/24' has host bits set; the network is 192.0.2.0/24
{"Entries": [{"Cidr": "192.0.2.0/33"}]} => 1: Entries[0].Cidr: '192.0.2.0/33' is not an IPv4 network
{"Entries": [{"Cidr": "192.0.2.0/024"}]} => is not an IPv4 network
{"Entries": [{"Cidr": "::1/129"}]} => 1: Entries[0].Cidr: expected an IPv6 network, as in 2001:db8::/32
{"Entries": [{"Cidr": "192.0.2.0/24", "State": "x"}]} => 1: Entries[0]: unknown key 'State'; expected Cidr, Description
{"Entries": [{"Cidr": "192.0.2.0/24", "Cidr": "0.0.0.0/0"}]} => 1: Entries[0]: duplicate key 'Cidr'
{"Entries": [{"Cidr": "192.0.2.0/24", "Description": 7}]} => 1: Entries[0].Description: expected a string, not 7
{"Entries": [], "Entries": []} => 1: duplicate key 'Entries'
{"Entries": [], "Version": 3} => 1: unknown key 'Version'; expected Entries, NextToken
{"Entries": [], "NextToken": "eyJ"} => 1: the list is incomplete: 'NextToken' is set
{"PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "twilio-sip-signaling"}]} => 1: the input names prefix lists without their entries; provide the output of 'aws ec2 get-managed-prefix-list-entries --prefix-list-id LIST'
{"PrefixList": {"PrefixListId": "pl-1"}} => the input names prefix lists without their entries
{"SecurityGroups": []} => expected 'Entries', as in the output of 'aws ec2 get-managed-prefix-list-entries'
{"PrefixListName": "twilio-sip-signaling", "AddressFamily": "IPv4", "MaxEntries": 1} => expected 'Entries', as in the output of 'aws ec2 get-managed-prefix-list-entries'
{"Entries": [ => 1: the JSON ends too early, so the input may have been cut off; provide the complete input
{"Entries": []} {"Entries": []} => 1: not valid JSON: trailing characters
|ENTRIES|  PREFIXLISTENTRIES 54.65.63.192/30 => not valid JSON:
"#;

/// Edits of the rendered file and the resulting error.
const REFUSED_EDITS: &str = r#"
/PrefixListName = 5 => 1: PrefixListName: expected a string, not 5
/PrefixListName = "pbx-signaling" => PrefixListName: the input is the list 'pbx-signaling', not 'twilio-sip-signaling' or 'twilio-sip-media'; name it with --name
/PrefixListName = "Twilio-SIP-signaling" => PrefixListName: the input is the list 'Twilio-SIP-signaling', not
/AddressFamily = "IPv6" => 1: the IPv6 list has a network of the other address family
/AddressFamily = "ipv4" => 1: AddressFamily: 'ipv4' is neither IPv4 nor IPv6
/AddressFamily = null => AddressFamily: expected a string, not null
/MaxEntries = 0 => 1: the list has 1 entries, but 'MaxEntries' is 0
/MaxEntries = -1 => the list has 1 entries, but 'MaxEntries' is -1
/MaxEntries = "1" => MaxEntries: expected a whole number, not a string
/Entries/0/Cidr = "::/0" => 1: the IPv4 list has a network of the other address family
/Entries/0 = {"Cidr": "54.65.63.193/30"} => 6: Entries[0].Cidr: '54.65.63.193/30' has host bits set
"#;

#[test]
fn rejects_unsupported_input_with_line_and_reason() {
    let own = tokyo();
    for (text, message) in rows(REFUSED) {
        let refused = own.refused(text);
        assert!(refused.contains(message), "{text}\n{refused}");
    }
    for (edit, message) in rows(REFUSED_EDITS) {
        let refused = own.refused(&own.edited(edit));
        assert!(refused.contains(message), "{edit}\n{refused}");
    }
    for key in ["PrefixListName", "AddressFamily", "MaxEntries"] {
        let mut value = own.value();
        value.as_object_mut().unwrap().remove(key);
        let refused = own.refused(&value.to_string());
        let message = format!("1: expected '{key}'");
        assert!(refused.starts_with(&message), "{refused}");
        let mut value = own.value();
        value[format!("{key}s")] = json!("a");
        let message = format!("1: unknown key '{key}s'; expected PrefixListName,");
        let refused = own.refused(&value.to_string());
        assert!(refused.starts_with(&message), "{refused}");
    }
    for end in 1..ENTRIES.len() - 2 {
        assert!(own.refused(&ENTRIES[..end]).contains("JSON"), "{end}");
    }
}

#[test]
fn finds_the_list_of_a_file_by_its_name() {
    let mut own = tokyo();
    own.name = "PBX_a";
    assert!(own.text().contains("\"pbx-a-signaling\""));
    assert_eq!(own.differences(&own.text()), [""; 0]);
    // The output of the AWS command line does not contain the name of the list.
    assert_eq!(own.differences(ENTRIES), [""; 0]);
    let text = own.text();
    own.name = "pbx-a-signaling";
    assert_eq!(own.differences(&text), [""; 0]);
    own.name = "pbx-b";
    let message = "the input is the list 'pbx-a-signaling', not 'pbx-b-signaling' or 'pbx-b-media'";
    assert!(own.refused(&text).contains(message));
}

#[test]
fn limits_the_number_of_entries() {
    let own = tokyo();
    let unit = own.unit();
    let text = entries(&["192.0.2.0/24"; 7]);
    for (most, fits) in [(7, true), (6, false)] {
        let bound = format!("rules={most}").parse().unwrap();
        let wanted = UnitQuery {
            unit: &unit,
            directions: &BOTH,
            limits: Limits::default().with(&[bound]),
        };
        let parsed = format::parse(dialect("aws-prefix-list"), &text, wanted);
        assert_eq!(parsed.is_ok(), fits, "{most}: {parsed:?}");
    }
}

/// Applies a repair to a list like AWS. Panics if an added entry exists already or a removed entry does not exist.
fn modified(cidrs: &[String], repair: &str) -> Vec<String> {
    let repair: Value = serde_json::from_str(repair).unwrap();
    let mut cidrs = cidrs.to_vec();
    for key in repair.as_object().unwrap().keys() {
        assert!(
            ["AddEntries", "RemoveEntries"].contains(&key.as_str()),
            "{key}"
        );
    }
    let cidr = |entry: &Value| entry["Cidr"].as_str().unwrap().to_owned();
    let list = |key: &str| repair[key].as_array().cloned().unwrap_or_default();
    for entry in list("RemoveEntries") {
        assert_eq!(entry.as_object().unwrap().len(), 1);
        let at = cidrs.iter().position(|known| *known == cidr(&entry));
        cidrs.remove(at.unwrap_or_else(|| panic!("missing: {entry}")));
    }
    for entry in list("AddEntries") {
        assert!(
            entry["Description"]
                .as_str()
                .unwrap()
                .starts_with("Twilio signaling, ")
        );
        assert!(!cidrs.contains(&cidr(&entry)), "twice: {entry}");
        cidrs.push(cidr(&entry));
    }
    cidrs
}

#[test]
fn a_repair_modifies_only_the_wrong_entries() {
    let whole =
        json!({"Cidr": "54.65.63.192/30", "Description": "Twilio signaling, tokyo (regional)"});
    let cases = [
        (json!([]), json!({"AddEntries": [whole]})),
        // The existing half is removed, because the whole network contains it.
        (
            json!(["54.65.63.192/31"]),
            json!({"AddEntries": [whole], "RemoveEntries": [{"Cidr": "54.65.63.192/31"}]}),
        ),
        (
            json!([
                "54.65.63.192/31",
                "54.65.63.194/31",
                "10.0.0.0/8",
                "0.0.0.0/0"
            ]),
            json!({"RemoveEntries": [{"Cidr": "0.0.0.0/0"}, {"Cidr": "10.0.0.0/8"}]}),
        ),
        (
            json!(["54.65.63.192/29", "54.65.63.192/32"]),
            json!({
                "AddEntries": [whole],
                "RemoveEntries": [{"Cidr": "54.65.63.192/29"}, {"Cidr": "54.65.63.192/32"}],
            }),
        ),
    ];
    for (cidrs, expected) in cases {
        let cidrs: Vec<String> = serde_json::from_value(cidrs).unwrap();
        let words: Vec<&str> = cidrs.iter().map(String::as_str).collect();
        let repair = tokyo().repair(&entries(&words)).unwrap();
        assert_eq!(repair, format!("{expected:#}\n"), "{cidrs:?}");
    }
}

#[test]
fn a_repair_turns_any_other_list_into_the_expected_one() {
    let regions = ["tokyo", "tokyo sydney", "", "frankfurt ireland"];
    for (from, to) in regions.iter().flat_map(|from| regions.map(|to| (from, to))) {
        let (deployed, expected) = (list(from, &BOTH), list(to, &BOTH));
        let cidr = |entry: &Value| entry["Cidr"].as_str().unwrap().to_owned();
        let value = deployed.value();
        let mut cidrs: Vec<_> = value["Entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(cidr)
            .collect();
        // One half of an expected network, and a network that is not expected.
        let halved = cidrs
            .pop()
            .unwrap()
            .replace("/30", "/31")
            .replace("/29", "/30");
        cidrs.extend([halved, "192.0.2.0/24".to_owned()]);
        let words: Vec<&str> = cidrs.iter().map(String::as_str).collect();
        let repaired = modified(&cidrs, &expected.repair(&entries(&words)).unwrap());
        let words: Vec<&str> = repaired.iter().map(String::as_str).collect();
        assert_eq!(
            expected.differences(&entries(&words)),
            [""; 0],
            "{from} {to}"
        );
    }
}

#[test]
fn reports_a_drift_that_one_call_cannot_repair() {
    let many: Vec<String> = (0..101).map(|n| format!("10.0.{n}.0/24")).collect();
    let words: Vec<&str> = many.iter().map(String::as_str).collect();
    let refused = tokyo().repair(&entries(&words)).unwrap_err();
    let message =
        "cannot repair the drift: 101 entries must be removed, and one call removes at most 100";
    assert!(refused.starts_with(message), "{refused}");
    assert!(tokyo().repair(&entries(&words[1..])).is_ok());
    let refused = tokyo().repair(&entries(&["2001:db8::/32"])).unwrap_err();
    let message =
        "cannot repair the drift: the list is an IPv6 list, because it contains 2001:db8::/32";
    assert!(refused.starts_with(message), "{refused}");
}
