//! Security groups: the exact drift, or an error with a reason, and repairs.

use crate::common;

use std::net::Ipv4Addr;

use crate::common::judge::{BOTH, dialect, everything};
use serde_json::{Value, json};
use twilio_sip_allow::firewall::{Drift, Part};
use twilio_sip_allow::format::read::{ReadError, UnitQuery, excerpt};
use twilio_sip_allow::format::{self, Format, Unit};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::Dimension;
use twilio_sip_allow::policy::{Direction, Origin, Plane, Policy, RemoteNetwork, Transport};
use twilio_sip_allow::select::Selection;

mod attachments;
mod repair;

const ID: &str = "sg-0a1b2c3d4e5f60718";

fn aws() -> &'static dyn Format {
    dialect("aws-sg")
}

fn selection(regions: &str, directions: &[Direction]) -> Selection {
    Selection {
        regions: regions.split_whitespace().map(str::to_owned).collect(),
        directions: directions.to_vec(),
        ..everything()
    }
}

fn policy(editions: &str, selection: &Selection) -> Policy {
    let editions: Vec<&str> = editions.split_whitespace().collect();
    common::judge::policy(&editions, selection).unwrap()
}

fn tokyo() -> Policy {
    policy("regional", &selection("tokyo", &BOTH))
}

fn unit(name: &str) -> Unit {
    Unit {
        name: name.parse().unwrap(),
        table: None,
        ..Unit::default()
    }
}

fn check(policy: &Policy, name: &str, text: &str) -> Result<Drift, Vec<ReadError>> {
    let (unit, directions) = (unit(name), &policy.scope.directions);
    let wanted = UnitQuery {
        unit: &unit,
        directions,
        limits: Limits::default(),
    };
    let units = format::parse(aws(), text, wanted)?;
    let found: Vec<_> = units.iter().map(|unit| unit.direction).collect();
    assert_eq!(found, *directions);
    Ok(format::compare(aws(), policy, &units, Limits::default(), || &[]).unwrap())
}

/// The differences, one line each.
fn differences(drift: &Drift) -> Vec<String> {
    let span = |part: &Part, field| {
        let span = part.packets.set(field).hull();
        (span.first, span.last)
    };
    let part = |side: &'static str| {
        move |part: &Part| {
            let (first, last) = span(part, Dimension::Remote);
            let (first, last) = (Ipv4Addr::from(first), Ipv4Addr::from(last));
            let (from, to) = span(
                part,
                match part.direction {
                    Direction::In => Dimension::LocalPort,
                    Direction::Out => Dimension::RemotePort,
                },
            );
            let protocols: Vec<_> = part.packets.header.protocols.numbers().collect();
            let protocols = match protocols[..] {
                [one] => one.to_string(),
                _ => "several".to_owned(),
            };
            let direction = part.direction;
            format!("{side} {direction} {protocols} {first}-{last} {from}-{to}")
        }
    };
    let missing = drift.missing.iter().map(part("missing"));
    let extra = drift.extra.iter().map(part("extra"));
    let unmeasured = drift.unmeasured.iter();
    let unmeasured =
        unmeasured.map(|(direction, found)| format!("beyond {direction} {}", found.what));
    missing.chain(extra).chain(unmeasured).collect()
}

fn render(policy: &Policy) -> Value {
    let text = format::render(aws(), policy, &Unit::default()).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A group as `describe-security-groups` prints it.
fn group(policy: &Policy) -> Value {
    let mut group = json!({
        "Description": "\"calls\" {[",
        "GroupName": "calls",
        "IpPermissions": [],
        "OwnerId": "123456789012",
        "GroupId": ID,
        "IpPermissionsEgress": [],
        "Tags": [{"Key": "Name", "Value": "calls"}],
        "VpcId": "vpc-0f1e2d3c",
        "SecurityGroupArn": format!("arn:aws:ec2:eu-west-1:123456789012:security-group/{ID}"),
    });
    for (key, list) in render(policy).as_object().unwrap() {
        group[key] = list.clone();
        for permission in group[key].as_array_mut().unwrap() {
            for list in ["UserIdGroupPairs", "Ipv6Ranges", "PrefixListIds"] {
                permission[list] = json!([]);
            }
        }
    }
    group
}

fn describe(group: &Value) -> String {
    let other = json!({"GroupId": "sg-1", "GroupName": "other", "IpPermissions": 7});
    format!("{:#}\n", json!({"SecurityGroups": [other, group]}))
}

#[test]
fn rendered_output_is_in_sync() {
    let mut count = 0;
    let planes = [
        vec![Plane::Signaling, Plane::Media],
        vec![Plane::Signaling],
        vec![Plane::Media],
    ];
    let transports = [None, Some(vec![Transport::Tls]), Some(vec![Transport::Udp])];
    let editions = "regional,regional-expanded,global,interconnect,regional global";
    for (edition, regions) in editions
        .split(',')
        .flat_map(|edition| ["", "tokyo", "frankfurt virginia"].map(|r| (edition, r)))
    {
        for directions in [&BOTH[..], &BOTH[..1], &BOTH[1..]] {
            for (planes, transports) in planes
                .iter()
                .flat_map(|p| transports.iter().map(move |t| (p, t)))
            {
                let mut selection = selection(regions, directions);
                selection.planes.clone_from(planes);
                if planes.contains(&Plane::Signaling) {
                    selection.transports.clone_from(transports);
                }
                if directions.contains(&Direction::In) && transports.is_none() {
                    let signaling = planes.contains(&Plane::Signaling);
                    selection.local_tls_port = signaling.then_some(5062);
                    let media = planes.contains(&Plane::Media);
                    selection.local_rtp_ports = media.then(|| "16384-32767".parse().unwrap());
                }
                let policy = policy(edition, &selection);
                let text = format::render(aws(), &policy, &Unit::default()).unwrap();
                let drift = check(&policy, "twilio-sip", &text).unwrap();
                assert!(drift.is_none(), "{edition} {selection:?}: {drift:?}");
                count += 1;
            }
        }
    }
    assert_eq!(count, 405);
}

#[test]
fn equivalent_groups_are_in_sync() {
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 9] = [
        ("as it is", |_| {}),
        ("order", |g| {
            g["IpPermissions"].as_array_mut().unwrap().reverse();
        }),
        ("ports one by one", |g| {
            let mut tls = g["IpPermissions"][2].clone();
            tls["FromPort"] = json!(5061);
            g["IpPermissions"][2]["ToPort"] = json!(5060);
            g["IpPermissions"].as_array_mut().unwrap().push(tls);
        }),
        ("networks in halves that overlap", |g| {
            g["IpPermissions"][1]["IpRanges"] = json!([
                {"CidrIp": "54.65.63.224/27"},
                {"CidrIp": "54.65.63.192/27", "Description": ""},
                {"CidrIp": "54.65.63.208/28"}
            ]);
        }),
        ("protocol numbers", |g| {
            g["IpPermissions"][0]["IpProtocol"] = json!("17");
            g["IpPermissionsEgress"][2]["IpProtocol"] = json!("6");
        }),
        ("only the lists that are needed", |g| {
            let permission = g["IpPermissions"][0].as_object_mut().unwrap();
            permission
                .retain(|key, list| list.is_string() || list.is_number() || key == "IpRanges");
        }),
        ("a permission of nothing", |g| {
            let nothing = json!({"IpProtocol": "-1", "IpRanges": []});
            g["IpPermissions"].as_array_mut().unwrap().push(nothing);
        }),
        ("another name", |g| g["GroupName"] = json!("Twilio-SIP")),
        ("no id", |g| {
            g.as_object_mut().unwrap().remove("GroupId");
            g["GroupName"] = json!("calls");
        }),
    ];
    let policy = tokyo();
    for (what, edit) in edits {
        let mut group = group(&policy);
        edit(&mut group);
        let name = if what == "another name" {
            "twilio-sip"
        } else {
            "CALLS"
        };
        let alone = group.to_string();
        let listed = describe(&group);
        let escaped = listed.replace("IpProtocol", "Ip\\u0050rotocol");
        for text in [alone, listed, escaped] {
            let drift = check(&policy, name, &text).unwrap();
            assert!(drift.is_none(), "{what}: {:?}", differences(&drift));
        }
    }
    let only = json!({"SecurityGroups": [group(&policy)]}).to_string();
    assert!(check(&policy, "twilio-sip", &only).unwrap().is_none());
    assert!(check(&policy, ID, &only).unwrap().is_none());
}

/// The rows of a table, split at `=>`.
fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| line.split_once("=>").unwrap())
}

/// The group for Tokyo with an edit of the form `PATH = JSON`.
fn edited(policy: &Policy, edit: &str) -> String {
    let (path, value) = edit.split_once('=').unwrap();
    let mut group = group(policy);
    let place = group.pointer_mut(path.trim());
    *place.unwrap_or_else(|| panic!("{edit}")) = serde_json::from_str(value).unwrap();
    describe(&group)
}

const DAMAGES: &str = r#"
/IpPermissions/0/IpRanges = [] => missing in 17 54.65.63.192-54.65.63.195 5060-5060
/IpPermissions/0/IpRanges = [{"CidrIp": "54.65.63.192/31"}] => missing in 17 54.65.63.194-54.65.63.195 5060-5060
/IpPermissions/0/IpRanges = [{"CidrIp": "54.65.63.192/29"}] => extra in 17 54.65.63.196-54.65.63.199 5060-5060
/IpPermissions/0/ToPort = 5061 => extra in 17 54.65.63.192-54.65.63.195 5061-5061
/IpPermissions/2/FromPort = 5061 => missing in 6 54.65.63.192-54.65.63.195 5060-5060
/IpPermissions/0/IpProtocol = "tcp" => missing in 17 54.65.63.192-54.65.63.195 5060-5060
/IpPermissionsEgress = [] => missing out 17 54.65.63.192-54.65.63.195 5060-5060, missing out 6 54.65.63.192-54.65.63.195 5060-5060, missing out 6 54.65.63.192-54.65.63.195 5061-5061, missing out 17 54.65.63.192-54.65.63.255 10000-20000
/IpPermissions/1 = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]} => missing in 17 54.65.63.192-54.65.63.255 10000-20000, extra in 1 0.0.0.0-255.255.255.255 0-65535
/IpPermissions/2/Ipv6Ranges = [{"CidrIpv6": "::/0", "Description": "all"}] => beyond in tcp 5060-5061 from IPv6 ::/0
/IpPermissions/0/PrefixListIds = [{"PrefixListId": "pl-63a5400a"}] => beyond in udp 5060 from prefix list pl-63a5400a
/IpPermissionsEgress/1/UserIdGroupPairs = [{"GroupId": "sg-1", "UserId": "123456789012", "PeeringStatus": "active"}] => beyond out udp 10000-20000 to security group sg-1
"#;

#[test]
fn reports_each_difference_as_drift() {
    let policy = tokyo();
    for (edit, expected) in rows(DAMAGES) {
        let drift = check(&policy, ID, &edited(&policy, edit)).unwrap();
        assert_eq!(differences(&drift).join(", "), expected.trim(), "{edit}");
    }
    for (protocol, expected) in [("-1", "several"), ("50", "50"), ("icmpv6", "58")] {
        let mut group = group(&policy);
        let more = json!({"IpProtocol": protocol, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]});
        group["IpPermissions"].as_array_mut().unwrap().push(more);
        let drift = check(&policy, ID, &describe(&group)).unwrap();
        let expected = format!("extra in {expected} 192.0.2.0-192.0.2.255 0-65535");
        assert_eq!(differences(&drift), [expected]);
    }
    for (protocol, ports, traffic) in [
        ("icmp", [8, -1], "icmp type 8"),
        ("icmp", [3, 4], "icmp type 3 code 4"),
        ("icmp", [-1, -1], "icmp"),
        ("tcp", [5060, 5060], "tcp 5060"),
        ("tcp", [5060, 5061], "tcp 5060-5061"),
        ("50", [-1, -1], "protocol 50"),
        ("-1", [-1, -1], "all protocols"),
    ] {
        let mut group = group(&policy);
        let more = json!({
            "IpProtocol": protocol, "FromPort": ports[0], "ToPort": ports[1],
            "PrefixListIds": [{"PrefixListId": "pl-63a5400a"}],
        });
        group["IpPermissions"].as_array_mut().unwrap().push(more);
        let drift = check(&policy, ID, &describe(&group)).unwrap();
        let expected = format!("beyond in {traffic} from prefix list pl-63a5400a");
        assert_eq!(differences(&drift), [expected]);
    }
}

#[test]
fn a_difference_points_to_the_range_of_the_rule() {
    let policy = tokyo();
    let mut group = group(&policy);
    let range = json!({"CidrIp": "192.0.2.7/32", "Description": "{\"é\"}"});
    let ranges = group.pointer_mut("/IpPermissions/1/IpRanges").unwrap();
    ranges.as_array_mut().unwrap().push(range.clone());
    let text = describe(&group);
    let drift = check(&policy, ID, &text).unwrap();
    let [extra] = &drift.extra[..] else {
        panic!("{:?}", differences(&drift));
    };
    assert_eq!(excerpt(&text, extra.source_lines[0]), range.to_string());
}

const REFUSED: &str = r#"
/IpPermissions = {} => IpPermissions: expected an array, not an object
/IpPermissions = null => IpPermissions: expected an array, not null
/IpPermissions/1 = [] => IpPermissions[1]: expected an object, not an array
/IpPermissions/1 = {"IpProtocol": "-1"} => IpPermissions[1]: expected one or more of IpRanges, Ipv6Ranges, PrefixListIds, UserIdGroupPairs
/IpPermissions/1 = {"IpRanges": []} => IpPermissions[1]: expected 'IpProtocol'
/IpPermissions/1 = {"IpProtocol": "-1", "IpRanges": [], "Action": "deny"} => IpPermissions[1]: unknown key 'Action'; expected IpProtocol, FromPort, ToPort, IpRanges,
/IpPermissions/1 = {"IpProtocol": "udp", "IpRanges": []} => IpPermissions[1]: expected FromPort and ToPort
/IpPermissions/1 = {"IpProtocol": "icmp", "IpRanges": []} => IpPermissions[1]: expected FromPort and ToPort
/IpPermissions/1 = {"IpProtocol": "udp", "FromPort": 1, "IpRanges": []} => IpPermissions[1]: expected both or neither of FromPort and ToPort
/IpPermissions/1 = {"IpProtocol": "icmp", "FromPort": -1, "ToPort": 0, "IpRanges": []} => IpPermissions[1]: expected an ICMP type and code from 0 to 255, or -1 for any, not -1 and 0
/IpPermissions/1/IpProtocol = 17 => IpPermissions[1].IpProtocol: expected a string, not 17
/IpPermissions/1/IpProtocol = "UDP" => IpPermissions[1].IpProtocol: unknown protocol 'UDP'; expected tcp, udp, icmp, icmpv6, a number from 0 to 255, or -1 for all
/IpPermissions/1/IpProtocol = "017" => unknown protocol '017'
/IpPermissions/1/IpProtocol = "256" => unknown protocol '256'
/IpPermissions/1/IpProtocol = "-1" => IpPermissions[1]: this protocol has no ports; remove 10000 and 20000
/IpPermissions/1/IpProtocol = "132" => this protocol has no ports
/IpPermissions/1/FromPort = "10000" => IpPermissions[1].FromPort: expected a whole number, not a string
/IpPermissions/1/FromPort = 1e4 => IpPermissions[1].FromPort: expected a whole number, not 10000.0
/IpPermissions/1/ToPort = null => IpPermissions[1].ToPort: expected a whole number, not null
/IpPermissions/1/ToPort = 65536 => IpPermissions[1]: expected ports from 0 to 65535, not 10000 and 65536
/IpPermissions/1/FromPort = -1 => expected ports from 0 to 65535, not -1 and 20000
/IpPermissions/1/FromPort = 20001 => IpPermissions[1]: the port range from 20001 to 20000 is reversed
/IpPermissions/0/IpRanges = "0.0.0.0/0" => IpPermissions[0].IpRanges: expected an array, not a string
/IpPermissions/0/IpRanges/0 = "0.0.0.0/0" => IpPermissions[0].IpRanges[0]: expected an object, not a string
/IpPermissions/0/IpRanges/0 = {} => IpPermissions[0].IpRanges[0]: expected 'CidrIp'
/IpPermissions/0/IpRanges/0 = {"CidrIp": "54.65.63.193/30"} => IpRanges[0].CidrIp: '54.65.63.193/30' has host bits set; the network is 54.65.63.192/30
/IpPermissions/0/IpRanges/0 = {"CidrIp": "54.65.63.193"} => '54.65.63.193' has no prefix length; write '54.65.63.193/32'
/IpPermissions/0/IpRanges/0 = {"CidrIp": "::/0"} => '::/0' is IPv6
/IpPermissions/0/IpRanges/0 = {"CidrIp": "1.2.3.0/33"} => '1.2.3.0/33' is not an IPv4 network
/IpPermissions/0/IpRanges/0 = {"CidrIp": "1.2.3.4/32", "Description": 5} => IpRanges[0].Description: expected a string, not 5
/IpPermissions/0/IpRanges/0 = {"CidrIp": "1.2.3.4/32", "cidrip": ""} => unknown key 'cidrip'; expected CidrIp, Description
/IpPermissions/0/Ipv6Ranges = [{"CidrIpv6": "1.2.3.4/32"}] => Ipv6Ranges[0].CidrIpv6: expected an IPv6 network
/IpPermissions/0/Ipv6Ranges = [{}] => Ipv6Ranges[0]: expected 'CidrIpv6'
/IpPermissions/0/PrefixListIds = [{"Description": ""}] => PrefixListIds[0]: expected 'PrefixListId'
/IpPermissions/0/PrefixListIds = [{"PrefixListId": "a\nb"}] => PrefixListIds[0].PrefixListId: unexpected control character in "a\nb"
/IpPermissions/0/UserIdGroupPairs = [{"UserId": "1"}] => UserIdGroupPairs[0]: expected 'GroupId' or 'GroupName'
/IpPermissionsEgress/0/UserIdGroupPairs = [[]] => IpPermissionsEgress[0].UserIdGroupPairs[0]: expected an object, not an array
/GroupId = 5 => SecurityGroups[1].GroupId: expected a string, not 5
"#;

#[test]
fn rejects_unsupported_permissions_with_a_reason() {
    let policy = tokyo();
    for (edit, message) in rows(REFUSED) {
        let text = edited(&policy, edit);
        let errors = check(&policy, ID, &text).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(
            errors[0].problem().contains(message.trim()),
            "{edit}: {errors:?}"
        );
        let near = &text[errors[0].at() as usize..];
        assert!(near.starts_with('{'), "{edit}: {near}");
    }
}

const NO_GROUP: &str = r#"
[] => expected an object, not an array
{} => expected 'SecurityGroups' as in the output of 'aws ec2 describe-security-groups', one group of it, or 'IpPermissions'
{"SecurityGroups": {}} => SecurityGroups: expected an array, not an object
{"SecurityGroups": [7]} => SecurityGroups[0]: expected an object, not 7
{"SecurityGroups": [{}]} => SecurityGroups[0]: expected a security group with 'GroupId' or 'GroupName'
{"SecurityGroups": []} => the input has no security group; expected one with the id or name 'calls'
{"SecurityGroups": [], "NextToken": "a"} => the list of groups is incomplete: 'NextToken' is set
{"SecurityGroups": [], "NextToken": null} => the input has no security group
{"SecurityGroups": [], "IpPermissions": []} => unknown key 'IpPermissions'; expected SecurityGroups
{"SecurityGroups": [], "SecurityGroups": []} => duplicate key 'SecurityGroups'
{"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "a"}, {"GroupName": "b"}]} => no security group has the id or name 'calls'; use --name with one of: sg-1 (a), b
{"GroupName": "web", "IpPermissions": [], "IpPermissionsEgress": []} => no security group has the id or name 'calls'; use --name with one of: web
{"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "Calls"}, {"GroupId": "CALLS"}]} => 2 security groups have the id or name 'calls'; use --name with one of these ids: sg-1 (Calls), CALLS
{"SecurityGroups": [{"GroupName": "calls"}, {"GroupName": "calls"}, {"GroupName": "CALLS"}]} => 2 security groups have the id or name 'calls
{"GroupId": "sg-1", "GroupName": "calls", "IpPermissions": []} => group sg-1 (calls) has no 'IpPermissionsEgress'; expected both lists of permissions
{"GroupName": "calls", "IpPermissionsEgress": []} => group calls has no 'IpPermissions'; expected both lists of permissions
{"GroupName": "calls", "IpPermissions": [], "IpPermissionsEgress": [], "ipPermissions": []} => group calls has the unknown key 'ipPermissions'
{"GroupName": "calls", "IpPermissions": [], "IpPermissionsEgress": [], "IpP\u0065rmissions": []} => duplicate key 'IpPermissions'
{"IpPermissions": []} => 'IpPermissions' without 'IpPermissionsEgress' may be either direction; say which with --direction in or --direction out
{"IpPermissionsEgress": []} => expected 'IpPermissions'
{"IpPermissions": [], "IpPermissionsEgress": [], "Tags": []} => unknown key 'Tags'; expected IpPermissions, IpPermissionsEgress
{"IpPermissions": [{"IpProtocol": "-1", "IpRanges": [], "IpR\u0061nges": []}], "IpPermissionsEgress": []} => IpPermissions[0]: duplicate key 'IpRanges'
{"IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "", "CidrIp": ""}]}], "IpPermissionsEgress": []} => IpPermissions[0].IpRanges[0]: duplicate key 'CidrIp'
{"IpPermissions": [{"IpProtocol": "\ud800", "IpRanges": []}], "IpPermissionsEgress": []} => IpPermissions[0].IpProtocol: unexpected end of hex escape
{"IpPermissions": []} {"IpPermissionsEgress": []} => expected one list of security groups, but here is another one
{"IpPermissions": []} x => not valid JSON: expected value at line 1 column 23
{"IpPermissions": [],} => not valid JSON: key must be a string at line 1 column 22
{"IpPermissions": [010]} => not valid JSON: invalid number at line 1 column 21
"#;

#[test]
fn rejects_input_that_is_not_one_group() {
    let policy = tokyo();
    for (text, message) in rows(NO_GROUP) {
        let errors = check(&policy, "calls", text).expect_err(message);
        assert!(
            errors[0].problem().contains(message.trim()),
            "{message}: {errors:?}"
        );
    }
}

#[test]
fn a_notice_reports_more_than_sixty_rules() {
    let notices = |count: u32| {
        let mut policy = policy("regional", &selection("tokyo", &[Direction::In]));
        let network = |n| RemoteNetwork {
            network: Ipv4Addr::from_bits(2 * n).into(),
            origins: vec![Origin {
                edition: "test".into(),
                region: None,
            }],
        };
        for rule in &mut policy.rules {
            rule.remote.networks = (0..count).map(network).collect();
        }
        aws().notices(&policy, &Unit::default())
    };
    // SIP over UDP, SIP and SIPS over TCP, and RTP.
    assert_eq!(notices(20), [""; 0]);
    let [only] = &notices(21)[..] else {
        panic!("expected one notice")
    };
    assert!(
        only.starts_with(
            "direction 'in' has 63 rules, more than the default quota of 60 in a security group"
        ),
        "{only}"
    );
}

#[test]
fn lists_at_most_ten_groups() {
    for (count, end) in [(10, "g8, g9"), (11, "g8, g9, ...")] {
        let groups: Vec<Value> = (0..count)
            .map(|n| json!({"GroupName": format!("g{n}")}))
            .collect();
        let text = json!({"SecurityGroups": groups}).to_string();
        let problem = &check(&tokyo(), "calls", &text).unwrap_err()[0].problem();
        assert!(problem.ends_with(end), "{problem}");
    }
}

#[test]
fn a_json_error_points_to_its_place_in_the_text() {
    let errors = check(&tokyo(), "calls", "{\n\"é\": é}\n").unwrap_err();
    assert_eq!(errors[0].at() as usize, "{\n\"é\": ".len());
}

#[test]
fn reports_errors_up_to_a_maximum() {
    let policy = tokyo();
    let mut group = group(&policy);
    for key in ["IpPermissions", "IpPermissionsEgress"] {
        let range = json!({"CidrIp": "1.2.3.4"});
        group[key][1]["IpRanges"] = json!(vec![range; 15]);
        group[key][0]["IpProtocol"] = json!("sctp");
    }
    let errors = check(&policy, "calls", &describe(&group)).unwrap_err();
    assert_eq!(errors.len(), 20);
    assert!(
        errors[17]
            .problem()
            .starts_with("IpPermissionsEgress[1].IpRanges[0].CidrIp: ")
    );
}

#[test]
fn rejects_truncated_input() {
    let policy = tokyo();
    let render = format::render(aws(), &policy, &Unit::default()).unwrap();
    for (name, text) in [("calls", describe(&group(&policy))), ("twilio-sip", render)] {
        for end in 0..text.trim_end().len() {
            let cut = text.get(..end).unwrap_or_default();
            assert!(check(&policy, name, cut).is_err(), "{cut}");
        }
    }
}
