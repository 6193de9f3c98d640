//! Repairs of security groups, applied to a model of a group.

use serde_json::{Value, json};
use twilio_sip_allow::format::read::UnitQuery;
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::{Direction, Policy};

use super::{
    BOTH, ID, aws, check, describe, differences, group, policy, render, selection, tokyo, unit,
};

/// The lists of a permission.
const LISTS: [&str; 4] = [
    "IpRanges",
    "Ipv6Ranges",
    "PrefixListIds",
    "UserIdGroupPairs",
];

/// The rules, each with the values by which AWS identifies it: protocol, ports, list, and its keys in the list.
fn rules(permissions: &Value) -> Vec<(Value, Value)> {
    let mut rules = Vec::new();
    for permission in permissions.as_array().unwrap() {
        for list in LISTS {
            for range in permission[list].as_array().into_iter().flatten() {
                let mut identity = range.clone();
                let keys = identity.as_object_mut().unwrap();
                keys.retain(|key, _| key != "Description" && key != "PeeringStatus");
                let [protocol, from, to] =
                    ["IpProtocol", "FromPort", "ToPort"].map(|key| &permission[key]);
                rules.push((json!([protocol, from, to, list, identity]), range.clone()));
            }
        }
    }
    rules
}

/// Applies a repair to a group like AWS. Panics if an authorized rule exists already or a revoked rule does not
/// exist.
fn apply(group: &mut Value, one_way: Option<Direction>, repair: &str) {
    let commands: Value = serde_json::from_str(repair).unwrap();
    for (command, input) in commands.as_object().unwrap() {
        assert_eq!(input.get("GroupId"), group.get("GroupId"));
        let key = match command.rsplit('-').next() {
            Some("egress") if one_way.is_none() => "IpPermissionsEgress",
            _ => "IpPermissions",
        };
        let mut all = rules(&group[key]);
        for (rule, range) in rules(&input["IpPermissions"]) {
            let there = all.iter().any(|(known, _)| *known == rule);
            if command.starts_with("authorize-security-group-") {
                assert!(!there && range["Description"].is_string(), "{rule}");
                all.push((rule, range));
            } else {
                assert!(
                    command.starts_with("revoke-security-group-") && there,
                    "{rule}"
                );
                all.retain(|(known, _)| *known != rule);
            }
        }
        let permission = |(rule, range): &(Value, Value)| {
            let mut permission = json!({"IpProtocol": rule[0]});
            permission[rule[3].as_str().unwrap()] = json!([range]);
            for (key, port) in [("FromPort", &rule[1]), ("ToPort", &rule[2])] {
                if !port.is_null() {
                    permission[key] = port.clone();
                }
            }
            permission
        };
        group[key] = all.iter().map(permission).collect();
    }
}

pub fn repair(policy: &Policy, name: &str, text: &str) -> String {
    let (unit, directions) = (unit(name), &policy.scope.directions);
    let wanted = UnitQuery {
        unit: &unit,
        directions,
        limits: Limits::default(),
    };
    aws()
        .parser()
        .unwrap()
        .stepwise_repair(policy, text, wanted)
        .unwrap()
        .unwrap()
}

/// Pseudorandom numbers that are the same in every run, from the generator of Numerical Recipes.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap()
    }
}

/// Makes a random change in a list of permissions.
fn damage(permissions: &mut Vec<Value>, chance: &mut Chance) {
    let more = [
        json!({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}),
        json!({"IpProtocol": "icmp", "FromPort": 3, "ToPort": 4, "IpRanges": [{"CidrIp": "54.65.63.192/30"}]}),
        json!({"IpProtocol": "udp", "FromPort": 0, "ToPort": 65535, "IpRanges": [{"CidrIp": "54.65.63.128/25", "Description": "old"}]}),
        json!({"IpProtocol": "udp", "FromPort": 15000, "ToPort": 15001, "IpRanges": [{"CidrIp": "54.65.63.200/29"}]}),
        json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": "pl-1", "Description": "us"}]}),
        json!({"IpProtocol": "50", "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": "1", "PeeringStatus": "active"}]}),
    ];
    let at = chance.below(permissions.len().max(1));
    let Some(permission) = permissions.get_mut(at) else {
        permissions.push(more[chance.below(more.len())].clone());
        return;
    };
    let port = ["FromPort", "ToPort"][chance.below(2)];
    let step = if port == "ToPort" { 7 } else { -7 };
    let outward = permission[port]
        .as_i64()
        .filter(|port| (8..65_000).contains(port));
    match chance.below(6) {
        0 => _ = permissions.remove(at),
        1 => permission["IpRanges"] = json!([]),
        2 => permissions.push(more[chance.below(more.len())].clone()),
        3 => {
            if let Some(number) = outward {
                permission[port] = json!(number + step);
            }
        }
        4 => {
            let ranges = permission.get_mut("IpRanges").and_then(Value::as_array_mut);
            let ranges = ranges.filter(|ranges| !ranges.is_empty());
            _ = ranges.map(|ranges| ranges.remove(chance.below(ranges.len())));
        }
        _ => {
            let network = permission.pointer_mut("/IpRanges/0/CidrIp");
            if let Some(network) = network {
                let old: ipnet::Ipv4Net = network.as_str().unwrap().parse().unwrap();
                let length = [
                    old.prefix_len().saturating_sub(2),
                    (old.prefix_len() + 2).min(32),
                ];
                let new = ipnet::Ipv4Net::new(old.addr(), length[chance.below(2)]).unwrap();
                *network = json!(new.trunc());
            }
        }
    }
}

#[test]
fn a_repair_removes_every_drift() {
    let mut chance = Chance(7);
    let mut drifts = 0;
    let selections = [
        ("regional", "tokyo", &BOTH[..]),
        ("regional", "", &BOTH[..]),
        ("regional global", "frankfurt tokyo", &BOTH[..]),
        ("interconnect", "", &BOTH[1..]),
    ];
    for round in 0..400 {
        let (editions, regions, directions) = selections[round % selections.len()];
        let policy = policy(editions, &selection(regions, directions));
        let one_way = (directions.len() == 1).then(|| directions[0]);
        let (mut group, name) = match one_way {
            Some(_) => (render(&policy), "twilio-sip"),
            None => (group(&policy), "calls"),
        };
        for _ in 0..=chance.below(4) {
            for key in ["IpPermissions", "IpPermissionsEgress"] {
                if let Some(permissions) = group.get_mut(key) {
                    damage(permissions.as_array_mut().unwrap(), &mut chance);
                }
            }
        }
        drifts += usize::from(!check(&policy, name, &group.to_string()).unwrap().is_none());
        let repair = repair(&policy, name, &group.to_string());
        let damaged = group.to_string();
        apply(&mut group, one_way, &repair);
        let drift = check(&policy, name, &group.to_string()).unwrap();
        assert!(
            drift.is_none(),
            "{damaged}\n{repair}\n{:?}",
            differences(&drift)
        );
    }
    assert!(drifts > 300, "{drifts}");
}

#[test]
fn a_repair_contains_only_the_necessary_changes() {
    let policy = tokyo();
    let mut group = group(&policy);
    assert_eq!(repair(&policy, "calls", &describe(&group)), "{}\n");
    group["IpPermissions"][1]["IpRanges"][0]["CidrIp"] = json!("54.65.63.192/27");
    group["IpPermissions"][2]["IpProtocol"] = json!("-1");
    group["IpPermissions"][2]["FromPort"] = json!(-1);
    group["IpPermissions"][2]["ToPort"] = json!(-1);
    let of = |protocol: &str, from: i64, to: i64, ranges: Value| json!({"IpProtocol": protocol, "FromPort": from, "ToPort": to, "IpRanges": ranges});
    let rendered = render(&policy);
    let description = |at: usize| {
        rendered["IpPermissions"][at]["IpRanges"][0]["Description"]
            .as_str()
            .unwrap()
            .replace("twilio-sip:", "calls:")
    };
    let whole = json!([{"CidrIp": "54.65.63.192/30", "Description": description(2)}]);
    let half = json!([{"CidrIp": "54.65.63.224/27", "Description": description(1)}]);
    let expected = json!({
        "authorize-security-group-ingress": {
            "GroupId": ID,
            "IpPermissions": [of("tcp", 5060, 5061, whole), of("udp", 10_000, 20_000, half)],
        },
        "revoke-security-group-ingress": {
            "GroupId": ID,
            "IpPermissions": [of("-1", -1, -1, json!([{"CidrIp": "54.65.63.192/30"}]))],
        },
    });
    assert_eq!(
        repair(&policy, "calls", &describe(&group)),
        format!("{expected:#}\n")
    );
}
