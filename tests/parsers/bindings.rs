//! Access lists and filters of routers that no interface uses.

use crate::common::judge::{BOTH, dialect, drift, everything, policy};
use twilio_sip_allow::format::{self, Unit};
use twilio_sip_allow::select::Selection;

/// The rules for Tokyo in both directions, as the program prints them for a format.
fn rendered(format: &str) -> String {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        directions: BOTH.to_vec(),
        ..everything()
    };
    let policy = policy(&["global"], &selection).unwrap();
    format::render(dialect(format), &policy, &Unit::default()).unwrap()
}

/// The lists that `check` reports as not hooked. Nothing else may differ.
fn unhooked(format: &str, text: &str) -> Vec<String> {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        directions: BOTH.to_vec(),
        ..everything()
    };
    let policy = policy(&["global"], &selection).unwrap();
    let drift = drift(format, &policy, text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    assert!(drift.missing.is_empty() && drift.extra.is_empty(), "{text}");
    assert!(drift.unmeasured.is_empty(), "{text}");
    let reasons = drift.unhooked.into_iter();
    reasons
        .map(|(_, unhooked)| {
            assert_eq!(unhooked.at, None, "{text}");
            let name = unhooked.reason.strip_prefix("no interface uses ");
            name.unwrap_or_else(|| panic!("{}", unhooked.reason))
                .to_owned()
        })
        .collect()
}

const IN: &str = "TWILIO-SIP-IN";
const OUT: &str = "TWILIO-SIP-OUT";

#[test]
fn an_interface_of_ios_must_use_the_access_list() {
    let rules = rendered("cisco");
    for (others, expected) in [
        ("", vec![]),
        ("hostname r1\n", vec![]),
        (
            "interface Gi0/0\n ip access-group TWILIO-SIP-IN in\n ip access-group TWILIO-SIP-OUT out\n",
            vec![],
        ),
        (
            "interface Gi0/0\n ip access-group TWILIO-SIP-IN in\ninterface Gi0/1\n ip access-group TWILIO-SIP-OUT in\n",
            vec![],
        ),
        (
            "interface Gi0/0\n ip address 192.0.2.1 255.255.255.0\n",
            vec![IN, OUT],
        ),
        (
            "interface Gi0/0\n ip access-group TWILIO-SIP-IN in\n",
            vec![OUT],
        ),
        (
            "interface Gi0/0\n description uses TWILIO-SIP-IN\n ip access-group TWILIO-SIP-OUT out\n",
            vec![IN],
        ),
        (
            "interface Gi0/0\n no ip access-group TWILIO-SIP-IN in\n ip access-group TWILIO-SIP-OUT out\n",
            vec![IN],
        ),
        (
            "interface Gi0/0\n ip access-group twilio-sip-in in\n ip access-group TWILIO-SIP-OUT out\n",
            vec![IN],
        ),
        (
            "interface Gi0/0\nip access-list extended OTHER\n remark TWILIO-SIP-IN\n permit ip any any\n",
            vec![IN, OUT],
        ),
        (
            "class-map match-any sip\n match access-group name TWILIO-SIP-IN\n match access-group name TWILIO-SIP-OUT\ninterface Gi0/0\n",
            vec![],
        ),
    ] {
        assert_eq!(
            unhooked("cisco", &format!("{others}{rules}")),
            expected,
            "{others}"
        );
        assert_eq!(
            unhooked("cisco", &format!("{rules}{others}")),
            expected,
            "{others}"
        );
    }
}

#[test]
fn an_interface_of_an_asa_must_use_the_access_list() {
    let rules = rendered("cisco-asa");
    for (others, expected) in [
        ("", vec![]),
        (
            "interface GigabitEthernet0/0\n nameif outside\n",
            vec![IN, OUT],
        ),
        (
            "interface GigabitEthernet0/0\n nameif outside\naccess-group TWILIO-SIP-IN in interface outside\naccess-group TWILIO-SIP-OUT in interface inside\n",
            vec![],
        ),
        (
            "interface GigabitEthernet0/0\n nameif outside\naccess-group TWILIO-SIP-IN global\n",
            vec![OUT],
        ),
        (
            "interface GigabitEthernet0/0\n nameif outside\nno access-group TWILIO-SIP-IN global\naccess-group TWILIO-SIP-OUT global\n",
            vec![IN],
        ),
        (
            "interface GigabitEthernet0/0\nclass-map C\n match access-list TWILIO-SIP-IN\ngroup-policy P attributes\n vpn-filter value TWILIO-SIP-OUT\n",
            vec![],
        ),
        (
            "interface GigabitEthernet0/0\n description TWILIO-SIP-IN\naccess-group TWILIO-SIP-OUT global\n",
            vec![IN],
        ),
    ] {
        assert_eq!(
            unhooked("cisco-asa", &format!("{rules}{others}")),
            expected,
            "{others}"
        );
    }
}

#[test]
fn an_interface_of_junos_must_use_the_filter() {
    let rules = rendered("junos");
    let (inward, outward) = ("twilio-sip-in", "twilio-sip-out");
    let used = "set interfaces ge-0/0/0 unit 0 family inet filter input twilio-sip-in\n\
                set interfaces ge-0/0/0 unit 0 family inet filter output twilio-sip-out\n";
    for (edits, expected) in [
        ("", vec![]),
        (
            "deactivate interfaces ge-0/0/0 unit 0 family inet filter\n",
            vec![inward, outward],
        ),
        (
            "deactivate interfaces ge-0/0/0 unit 0 family inet filter input\n",
            vec![inward],
        ),
        ("deactivate interfaces ge-0/0/0\n", vec![inward, outward]),
        ("deactivate interfaces\n", vec![inward, outward]),
        (
            "deactivate interfaces ge-0/0/0\nactivate interfaces ge-0/0/0\n",
            vec![],
        ),
        ("deactivate interfaces ge-0/0/1\n", vec![]),
        // A statement that is set again after a deletion is in force.
        (
            "delete interfaces ge-0/0/0\nset interfaces ge-0/0/0 unit 0 family inet filter output twilio-sip-out\n",
            vec![inward],
        ),
        (
            "deactivate interfaces ge-0/0/0 unit 0\ndelete interfaces ge-0/0/0\nset interfaces ge-0/0/0 unit 0 family inet filter input twilio-sip-in\n",
            vec![outward],
        ),
        (
            "delete interfaces ge-0/0/0 unit 0 family inet filter output\n",
            vec![outward],
        ),
    ] {
        assert_eq!(
            unhooked("junos", &format!("{rules}{used}{edits}")),
            expected,
            "{edits}"
        );
    }
    for (others, expected) in [
        ("", vec![]),
        (
            "set interfaces ge-0/0/0 unit 0 family inet address 192.0.2.1/24\n",
            vec![inward, outward],
        ),
        (
            "set interfaces ge-0/0/0 unit 0 family inet filter input twilio-sip-in\nset interfaces ge-0/0/0 unit 0 family inet filter output twilio-sip-out\n",
            vec![],
        ),
        (
            "set interfaces ge-0/0/0 unit 0 family inet filter input-list [ base twilio-sip-in ]\n",
            vec![outward],
        ),
        (
            "set interfaces ge-0/0/0 description twilio-sip-in\nset interfaces ge-0/0/0 unit 0 family inet filter output twilio-sip-out\n",
            vec![inward],
        ),
        (
            "set firewall family inet filter all term a filter twilio-sip-in\nset firewall family inet filter all term b filter twilio-sip-out\nset interfaces lo0 unit 0 family inet filter input all\n",
            vec![],
        ),
    ] {
        assert_eq!(
            unhooked("junos", &format!("{rules}{others}")),
            expected,
            "{others}"
        );
    }
}

#[test]
fn a_group_of_junos_that_cannot_change_the_filter_is_accepted() {
    let rules = rendered("junos");
    let used = "set interfaces ge-0/0/0 unit 0 family inet filter input twilio-sip-in\n\
                set interfaces ge-0/0/0 unit 0 family inet filter output twilio-sip-out\n";
    for groups in [
        "set groups g system host-name r1",
        "set groups g interfaces <*> unit <*> family inet mtu 1500",
        "set groups g policy-options policy-statement <*> term x then reject",
        "set groups g policy-options prefix-list other 0.0.0.0/0",
        "set groups g firewall filter other term x then accept",
        "set groups g firewall family inet filter other term x then accept",
        "set groups g firewall family inet6 filter <*> term x then accept",
        // Only groups that are applied have an effect.
        "set groups h firewall family inet filter <*> term x then accept\nset groups g system x",
        "set groups h policy-options prefix-list <*> 0.0.0.0/0\nset groups g system x",
    ] {
        let text = format!("{groups}\nset apply-groups g\n{rules}{used}");
        assert_eq!(unhooked("junos", &text), [""; 0], "{groups}");
    }
}

#[test]
fn a_group_of_junos_may_use_the_filter() {
    let rules = rendered("junos");
    let interface = "set interfaces ge-0/0/0 unit 0 family inet address 192.0.2.1/24\n";
    let both = vec!["twilio-sip-in", "twilio-sip-out"];
    for (groups, expected) in [
        ("set groups g system x\nset apply-groups g\n", both.clone()),
        (
            "set groups g interfaces <*> unit 0 family inet filter input twilio-sip-in\nset apply-groups g\n",
            vec!["twilio-sip-out"],
        ),
        (
            "set groups g interfaces <*> unit 0 family inet filter input twilio-sip-in\nset interfaces apply-groups g\n",
            vec!["twilio-sip-out"],
        ),
        (
            "set groups g interfaces <*> unit 0 family inet filter input-list [ twilio-sip-in twilio-sip-out ]\nset interfaces ge-0/0/0 apply-groups g\n",
            vec![],
        ),
        (
            "set groups g interfaces <*> unit 0 family inet filter input twilio-sip-in\ndeactivate groups g\n",
            both.clone(),
        ),
        ("set apply-groups junos-defaults\n", both.clone()),
        (
            "set groups node0 system x\nset apply-groups \"${node}\"\n",
            both.clone(),
        ),
        // The statements of a group that is not in the input are unknown.
        ("set interfaces ge-0/0/0 apply-groups edge\n", vec![]),
        (
            "set interfaces ge-0/0/0 unit 0 apply-groups [ g edge ]\nset groups g system x\n",
            vec![],
        ),
        ("set apply-groups re0\n", vec![]),
        ("set apply-groups \"${node}\"\n", vec![]),
    ] {
        let text = format!("{rules}{interface}{groups}");
        assert_eq!(unhooked("junos", &text), expected, "{groups}");
    }
}
