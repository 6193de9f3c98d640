//! Groups that no network interface uses, and groups behind a network ACL.
//!
//! The documents have the form of `aws ec2 describe-network-interfaces`, `describe-instances` and
//! `describe-network-acls`, as in the EC2 API reference.

use serde_json::{Value, json};
use twilio_sip_allow::format::read::excerpt;
use twilio_sip_allow::format::{self, Unit};
use twilio_sip_allow::policy::Direction;

use super::{ID, aws, check, policy, selection};
use crate::common::judge::BOTH;

/// The output of `describe-security-groups` for a group in sync, and for another group.
fn groups() -> Value {
    let selection = selection("tokyo", &BOTH);
    let rendered = format::render(aws(), &policy("global", &selection), &Unit::default()).unwrap();
    let mut group: Value = serde_json::from_str(&rendered).unwrap();
    group["GroupId"] = json!(ID);
    group["GroupName"] = json!("calls");
    let other = json!({
        "GroupId": "sg-1", "GroupName": "web", "IpPermissions": [], "IpPermissionsEgress": [],
    });
    json!({ "SecurityGroups": [other, group] })
}

/// The reason for each direction that is not hooked, and the rule that is responsible. Nothing else differs.
fn unhooked(documents: &[Value]) -> Vec<(Direction, String, Value)> {
    let texts = documents.iter().map(|document| format!("{document:#}\n"));
    let text: String = texts.collect();
    let policy = policy("global", &selection("tokyo", &BOTH));
    let drift = check(&policy, "calls", &text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    assert!(drift.missing.is_empty() && drift.extra.is_empty(), "{text}");
    assert!(drift.unmeasured.is_empty(), "{text}");
    let rule = |at| serde_json::from_str(&excerpt(&text, at)).unwrap();
    let unhooked = drift.unhooked.into_iter();
    unhooked
        .map(|(direction, found)| {
            let rule = found.at.map_or(Value::Null, rule);
            (direction, found.reason, rule)
        })
        .collect()
}

/// The only reason, which is the same for both directions and names no rule.
fn reason(documents: &[Value]) -> Option<String> {
    let found = unhooked(documents);
    let (_, first, _) = found.first()?;
    let expected = BOTH.map(|direction| (direction, first.clone(), Value::Null));
    assert_eq!(found, expected);
    Some(first.clone())
}

fn interface(id: &str, groups: &[&str], status: &str) -> Value {
    let group = |id: &&str| json!({"GroupId": id, "GroupName": "any"});
    json!({
        "NetworkInterfaceId": id,
        "Groups": groups.iter().map(group).collect::<Vec<_>>(),
        "Status": status,
        "SubnetId": "subnet-1",
        "VpcId": "vpc-1",
    })
}

fn interfaces(interfaces: &[Value]) -> Value {
    json!({ "NetworkInterfaces": interfaces })
}

fn instances(instances: &[Value]) -> Value {
    json!({"Reservations": [{"ReservationId": "r-1", "Groups": [], "Instances": instances}]})
}

#[test]
fn a_network_interface_must_use_the_group() {
    let used = || interface("eni-1", &["sg-1", ID], "in-use");
    let other = || interface("eni-2", &["sg-1"], "in-use");
    let unattached = || interface("eni-3", &[ID], "available");
    let none = || Some(format!("no network interface uses {ID} (calls)"));
    let available = Some(format!(
        "only unattached network interfaces use {ID} (calls), such as eni-3"
    ));
    for (documents, expected) in [
        (vec![], None),
        (vec![interfaces(&[])], none()),
        (vec![interfaces(&[other()])], none()),
        (vec![interfaces(&[used()])], None),
        (vec![interfaces(&[other(), used(), unattached()])], None),
        (vec![interfaces(&[other(), unattached()])], available),
        (
            vec![interfaces(&[interface("eni-1", &[ID], "attaching")])],
            None,
        ),
        // A longer id is another group.
        (
            vec![interfaces(&[interface(
                "eni-1",
                &[&format!("{ID}a")],
                "in-use",
            )])],
            none(),
        ),
        // Several lists of one account.
        (vec![interfaces(&[other()]), interfaces(&[used()])], None),
    ] {
        let after = [&[groups()], &documents[..]].concat();
        assert_eq!(reason(&after), expected, "{documents:?}");
        let before = [&documents[..], &[groups()]].concat();
        assert_eq!(reason(&before), expected, "{documents:?}");
    }
}

#[test]
fn an_instance_must_use_the_group() {
    let group = |id: &str| json!([{"GroupId": id, "GroupName": "any"}]);
    let none = || Some(format!("no instance uses {ID} (calls)"));
    let second = json!({
        "SecurityGroups": group("sg-1"),
        "NetworkInterfaces": [interface("eni-1", &["sg-1"], "in-use"), interface("eni-2", &[ID], "in-use")],
    });
    let terminated = json!({"SecurityGroups": [], "NetworkInterfaces": []});
    for (document, expected) in [
        (json!({"Reservations": []}), none()),
        (instances(&[]), none()),
        (instances(std::slice::from_ref(&terminated)), none()),
        (
            instances(&[json!({"SecurityGroups": group("sg-1")})]),
            none(),
        ),
        (instances(&[json!({"SecurityGroups": group(ID)})]), None),
        (instances(&[terminated, second]), None),
    ] {
        assert_eq!(
            reason(&[groups(), document.clone()]),
            expected,
            "{document}"
        );
    }
    // An interface of a load balancer or a container is no interface of an instance.
    let used = interfaces(&[interface("eni-1", &[ID], "in-use")]);
    assert_eq!(reason(&[groups(), instances(&[]), used]), None);
    let unused = interfaces(&[]);
    let expected = Some(format!("no network interface uses {ID} (calls)"));
    assert_eq!(reason(&[groups(), instances(&[]), unused]), expected);
}

#[test]
fn one_object_may_contain_all_lists() {
    let mut merged = groups();
    merged["NetworkInterfaces"] = json!([]);
    let expected = Some(format!("no network interface uses {ID} (calls)"));
    assert_eq!(reason(std::slice::from_ref(&merged)), expected);
    merged["NetworkInterfaces"] = json!([interface("eni-1", &[ID], "in-use")]);
    assert_eq!(reason(&[merged]), None);
    // A single group, and a group without an id.
    let mut group = groups()["SecurityGroups"][1].clone();
    assert_eq!(reason(&[group.clone(), interfaces(&[])]), expected);
    group.as_object_mut().unwrap().remove("GroupId");
    assert_eq!(reason(&[group, interfaces(&[])]), None);
}

/// An entry of a network ACL. `packets` is the protocol and, for TCP and UDP, the first and the last port.
fn entry(number: i64, egress: bool, packets: (&str, u16, u16), action: &str, cidr: &str) -> Value {
    let (protocol, from, to) = packets;
    let mut entry = json!({
        "RuleNumber": number, "Egress": egress, "Protocol": protocol, "RuleAction": action, "CidrBlock": cidr,
    });
    if ["6", "17"].contains(&protocol) {
        entry["PortRange"] = json!({"From": from, "To": to});
    }
    entry
}

const ALL: (&str, u16, u16) = ("-1", 0, 0);
const ANY: &str = "0.0.0.0/0";

/// The last entries of every network ACL.
fn last(egress: bool) -> Value {
    entry(32_767, egress, ALL, "deny", ANY)
}

fn acl(subnets: &[&str], mut entries: Vec<Value>) -> Value {
    entries.extend([last(true), last(false)]);
    let association =
        |subnet: &&str| json!({"NetworkAclAssociationId": "aclassoc-1", "SubnetId": subnet});
    json!({
        "NetworkAclId": "acl-1",
        "Associations": subnets.iter().map(association).collect::<Vec<_>>(),
        "Entries": entries,
        "IsDefault": false,
    })
}

/// The directions that the entries of a network ACL stop, each with the rule that the report shows.
fn stopped(entries: Vec<Value>) -> Vec<(Direction, Value)> {
    let acls = json!({ "NetworkAcls": [acl(&["subnet-1"], entries)] });
    let used = interfaces(&[interface("eni-1", &[ID], "in-use")]);
    let found = unhooked(&[groups(), used, acls]).into_iter();
    found
        .map(|(direction, reason, rule)| {
            assert_eq!(reason, "the network ACL acl-1 denies all expected packets");
            (direction, rule)
        })
        .collect()
}

#[test]
fn the_network_acl_of_the_subnet_must_allow_an_expected_packet() {
    let inward = |packets, action, cidr| entry(100, false, packets, action, cidr);
    let outward = || entry(100, true, ALL, "allow", ANY);
    let sip = ("17", 5060, 5060);
    let twilio = "54.65.63.192/30";
    let default = || vec![(Direction::In, last(false))];
    for (entries, expected) in [
        (vec![outward(), inward(ALL, "allow", ANY)], vec![]),
        (vec![outward()], default()),
        (
            vec![inward(ALL, "allow", ANY)],
            vec![(Direction::Out, last(true))],
        ),
        (
            vec![],
            vec![(Direction::In, last(false)), (Direction::Out, last(true))],
        ),
        // One expected packet is enough.
        (vec![outward(), inward(sip, "allow", twilio)], vec![]),
        (
            vec![outward(), inward(sip, "allow", "192.0.2.0/24")],
            default(),
        ),
        (
            vec![outward(), inward(("17", 53, 53), "allow", ANY)],
            default(),
        ),
        (
            vec![outward(), inward(("6", 22, 22), "allow", ANY)],
            default(),
        ),
        (
            vec![outward(), inward(("1", 0, 0), "allow", ANY)],
            default(),
        ),
        (
            vec![outward(), inward(("47", 0, 0), "allow", ANY)],
            default(),
        ),
        // The entry with the lower number decides, whatever the order of the input.
        (
            vec![
                outward(),
                inward(ALL, "allow", ANY),
                entry(90, false, ALL, "deny", ANY),
            ],
            vec![(Direction::In, entry(90, false, ALL, "deny", ANY))],
        ),
        (
            vec![
                outward(),
                entry(110, false, ALL, "deny", ANY),
                inward(ALL, "allow", ANY),
            ],
            vec![],
        ),
        (
            vec![
                outward(),
                inward(ALL, "allow", ANY),
                entry(90, false, sip, "deny", ANY),
            ],
            vec![],
        ),
    ] {
        assert_eq!(stopped(entries.clone()), expected, "{entries:?}");
    }
    let mut v6 = inward(ALL, "allow", ANY);
    let removed = v6.as_object_mut().unwrap().remove("CidrBlock");
    v6["Ipv6CidrBlock"] = json!("::/0");
    assert_eq!(removed, Some(json!(ANY)));
    assert_eq!(stopped(vec![outward(), v6]), default());
}

#[test]
fn the_network_acl_of_every_subnet_must_be_in_the_input() {
    let closed = |subnets: &[&str]| acl(subnets, Vec::new());
    let open = |subnets: &[&str]| {
        let allow = |egress| entry(100, egress, ALL, "allow", ANY);
        acl(subnets, vec![allow(true), allow(false)])
    };
    let second = || {
        let mut second = interface("eni-2", &[ID], "in-use");
        second["SubnetId"] = json!("subnet-2");
        second
    };
    let first = || interface("eni-1", &[ID], "in-use");
    let unattached = || {
        let mut unattached = second();
        unattached["Status"] = json!("available");
        unattached
    };
    for (used, acls, is_hooked) in [
        (vec![first()], vec![], true),
        (vec![first()], vec![closed(&["subnet-2"])], true),
        (
            vec![first()],
            vec![closed(&["subnet-2", "subnet-1"])],
            false,
        ),
        (vec![first(), second()], vec![closed(&["subnet-1"])], true),
        (
            vec![first(), second()],
            vec![closed(&["subnet-1"]), closed(&["subnet-2"])],
            false,
        ),
        (
            vec![first(), second()],
            vec![closed(&["subnet-1"]), open(&["subnet-2"])],
            true,
        ),
        (
            vec![first(), unattached()],
            vec![closed(&["subnet-1"]), open(&["subnet-2"])],
            false,
        ),
    ] {
        let documents = [groups(), interfaces(&used), json!({ "NetworkAcls": acls })];
        assert_eq!(
            unhooked(&documents).is_empty(),
            is_hooked,
            "{used:?} {acls:?}"
        );
    }
    // `check` follows packets through at most 100 network ACLs.
    for (count, is_hooked) in [(100, false), (101, true)] {
        let subnets: Vec<String> = (0..count)
            .map(|number| format!("subnet-{number}"))
            .collect();
        let used = subnets.iter().map(|subnet| {
            let mut used = first();
            used["SubnetId"] = json!(subnet);
            used
        });
        let used = interfaces(&used.collect::<Vec<_>>());
        let acls: Vec<_> = subnets.iter().map(|subnet| closed(&[subnet])).collect();
        let found = unhooked(&[groups(), used, json!({ "NetworkAcls": acls })]);
        assert_eq!(found.is_empty(), is_hooked, "{count}");
    }
    // Without interfaces, the input does not show which network ACL is responsible.
    let acls = json!({ "NetworkAcls": [closed(&["subnet-1"])] });
    assert!(unhooked(&[groups(), acls.clone()]).is_empty());
    // Instances have subnets too.
    let own = json!({"SecurityGroups": [{"GroupId": ID}], "SubnetId": "subnet-1"});
    assert_eq!(unhooked(&[groups(), instances(&[own]), acls]).len(), 2);
}

#[test]
fn rejects_lists_that_are_incomplete_or_unknown() {
    let policy = policy("global", &selection("tokyo", &BOTH));
    let all = interfaces(&[interface("eni-1", &[ID], "in-use")]);
    let with_acl = |entry: Value| {
        let acl = json!({"NetworkAclId": "acl-1", "Associations": [{"SubnetId": "subnet-1"}], "Entries": [entry]});
        vec![groups(), all.clone(), json!({ "NetworkAcls": [acl] })]
    };
    let with = |key: &str, value: Value| {
        let mut entry = entry(100, false, ("17", 1, 2), "allow", ANY);
        entry[key] = value;
        with_acl(entry)
    };
    for (documents, message) in [
        (
            vec![groups(), json!({"NetworkInterfaces": [], "NextToken": "a"})],
            "the list is incomplete: 'NextToken' is set; provide the whole list",
        ),
        (
            vec![groups(), json!({"Reservations": [], "NextToken": "a"})],
            "the list is incomplete: 'NextToken' is set; provide the whole list",
        ),
        (
            vec![groups(), json!({"NetworkAcls": [], "NextToken": "a"})],
            "the list is incomplete: 'NextToken' is set; provide the whole list",
        ),
        (
            vec![groups(), json!({"NetworkInterfaces": [], "Vpcs": []})],
            "unknown key 'Vpcs'; expected SecurityGroups, NetworkInterfaces, Reservations, NetworkAcls",
        ),
        (
            vec![groups(), groups()],
            "expected one list of security groups, but here is another one",
        ),
        (
            vec![groups(), json!({"Subnets": []})],
            "expected one list of security groups, but here is another one",
        ),
        (
            vec![all.clone()],
            "the input has no 'SecurityGroups'; add the output of 'aws ec2 describe-security-groups'",
        ),
        (
            vec![groups(), json!([])],
            "expected an object, not an array",
        ),
        (
            vec![
                groups(),
                json!({"NetworkInterfaces": [{"Status": "in-use"}]}),
            ],
            "NetworkInterfaces[0]: expected 'Groups'",
        ),
        (
            vec![
                groups(),
                json!({"NetworkInterfaces": [{"Groups": [{"GroupName": "calls"}]}]}),
            ],
            "NetworkInterfaces[0].Groups[0]: expected 'GroupId'",
        ),
        (
            vec![
                groups(),
                json!({"Reservations": [{"Instances": [{"InstanceId": "i-1"}]}]}),
            ],
            "Reservations[0].Instances[0]: expected 'NetworkInterfaces' or 'SecurityGroups'",
        ),
        (
            with("Egress", json!("no")),
            "expected true or false, not a string",
        ),
        (
            with("RuleAction", json!("log")),
            "expected allow or deny, not 'log'",
        ),
        (with("Protocol", json!("any")), "unknown protocol 'any'"),
        (
            with("PortRange", json!({"From": 2})),
            "expected both or neither of From and To",
        ),
        (
            with("CidrBlock", json!("0.0.0.0")),
            "'0.0.0.0' has no prefix length",
        ),
        (with("Vlan", json!(1)), "unknown key 'Vlan'"),
        (
            with_acl(
                json!({"RuleNumber": 1, "Egress": false, "RuleAction": "deny", "Protocol": "-1"}),
            ),
            "expected 'CidrBlock' or 'Ipv6CidrBlock'",
        ),
    ] {
        let texts: String = documents.iter().map(ToString::to_string).collect();
        let errors = check(&policy, "calls", &texts).expect_err(message);
        let problem = errors[0].problem();
        assert!(problem.contains(message), "{message}: {problem}");
    }
    let many = format!("{}{}", groups(), "{\"NetworkAcls\": []}".repeat(100));
    let errors = check(&policy, "calls", &many).unwrap_err();
    assert_eq!(
        errors[0].problem(),
        "the input has more than 100 JSON documents"
    );
    let cut_off = format!("{}{{\"NetworkInterfaces\": [", groups());
    let errors = check(&policy, "calls", &cut_off).unwrap_err();
    assert!(
        errors[0].problem().starts_with("the JSON ends too early"),
        "{errors:?}"
    );
}

#[test]
fn the_repair_ignores_the_other_lists() {
    let policy = policy("global", &selection("tokyo", &BOTH));
    let mut wrong = groups();
    wrong["SecurityGroups"][1]["IpPermissions"] = json!([]);
    let repair = |text: &str| super::repair::repair(&policy, "calls", text);
    let alone = repair(&wrong.to_string());
    assert_eq!(repair(&format!("{wrong}{}", interfaces(&[]))), alone);
    assert!(
        alone.contains("authorize-security-group-ingress"),
        "{alone}"
    );
}
