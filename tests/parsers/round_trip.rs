//! Each rendered output is read back as the same policy, in every format and for every kind of policy.

use crate::common;

use crate::common::judge::{assert_in_sync, chance, dialect, everything, pick, policy};
use crate::common::oracle::Random;
use crate::common::{CORE_FORMATS, EDITIONS, READ_BY_CHECK, facts, tell};
use ipnet::Ipv4Net;
use twilio_sip_allow::format::{self, Unit};
use twilio_sip_allow::policy::{Direction, Plane, Transport};
use twilio_sip_allow::select::{self, Selection};

fn random_editions(random: &mut Random) -> Vec<&'static str> {
    let mut editions = vec![*pick(random, &EDITIONS)];
    while chance(random, 4) {
        let other = *pick(random, &EDITIONS);
        if !editions.contains(&other) {
            editions.push(other);
        }
    }
    editions
}

fn random_network(random: &mut Random) -> Ipv4Net {
    let address = u32::try_from(random.between(0x0a00_0000, 0x0aff_ffff)).unwrap();
    let length = u8::try_from(random.between(8, 32)).unwrap();
    Ipv4Net::new(address.into(), length).unwrap().trunc()
}

fn random_selection(random: &mut Random) -> Selection {
    let regions = facts::region_ids();
    let mut selection = everything();
    for _ in 0..random.between(0, 3) {
        selection.regions.push(pick(random, &regions).clone());
    }
    match random.between(0, 2) {
        0 => selection.directions = vec![Direction::In],
        1 => selection.directions = vec![Direction::Out],
        _ => {}
    }
    match random.between(0, 3) {
        0 => selection.planes = vec![Plane::Signaling],
        1 => selection.planes = vec![Plane::Media],
        _ => {}
    }
    if chance(random, 3) {
        let mut transports = vec![Transport::Udp, Transport::Tcp, Transport::Tls];
        let keep = random.between(1, 7);
        let mut bit = 0;
        transports.retain(|_| {
            bit += 1;
            keep >> (bit - 1) & 1 == 1
        });
        selection.transports = Some(transports);
    }
    if chance(random, 3) {
        let networks: Vec<Ipv4Net> = (0..random.between(1, 4))
            .map(|_| random_network(random))
            .collect();
        selection.local_addresses = select::local_addresses(&networks);
    }
    let mut port = || chance(random, 4).then(|| u16::try_from(random.between(1, 65535)).unwrap());
    selection.local_sip_port = port();
    selection.local_tls_port = port();
    if let (Some(first), Some(last)) = (port(), port()) {
        let range = format!("{}-{}", first.min(last), first.max(last));
        selection.local_rtp_ports = Some(range.parse().unwrap());
    }
    selection
}

/// A format can express at least one of this many policies.
fn one_in(format: &str) -> usize {
    match format {
        // These formats reject both planes together, policies without inbound signaling, and all options for the
        // local side.
        "aws-prefix-list" | "asterisk" | "cisco-cube" | "freeswitch" | "kamailio" | "livekit" => 10,
        _ => 4,
    }
}

fn every_policy_is_read_back(formats: &[&str], policies: usize) {
    let mut random = Random::new(4);
    let mut compared = vec![0; formats.len()];
    for _ in 0..policies {
        let editions = random_editions(&mut random);
        let selection = random_selection(&mut random);
        // A contradictory selection, such as a port of a plane that is not selected.
        let Ok(policy) = policy(&editions, &selection) else {
            continue;
        };
        for (name, compared) in formats.iter().zip(&mut compared) {
            let Ok(text) = format::render(dialect(name), &policy, &Unit::default()) else {
                continue;
            };
            let what = format!("{editions:?} {selection:?}");
            assert_in_sync(&what, name, &policy, &text);
            *compared += 1;
        }
    }
    for (name, compared) in formats.iter().zip(compared) {
        tell(&format!(
            "round trip: {name}: {compared} policies came back"
        ));
        assert!(compared > policies / one_in(name), "{name}: {compared}");
    }
}

#[test]
fn every_policy_is_read_back_from_packet_filters() {
    every_policy_is_read_back(&CORE_FORMATS, 4_000);
}

#[test]
fn every_policy_is_read_back_from_the_other_formats() {
    let others = READ_BY_CHECK.iter().copied();
    let others: Vec<&str> = others.filter(|name| !CORE_FORMATS.contains(name)).collect();
    every_policy_is_read_back(&others, 1_200);
}

/// If one of two selections is wider, the difference is reported on the correct side.
#[test]
fn another_policy_is_reported_as_drift() {
    let mut random = Random::new(5);
    for _ in 0..100 {
        let region = pick(&mut random, &facts::region_ids()).clone();
        let narrow = Selection {
            regions: vec![region],
            ..everything()
        };
        let edition = [*pick(&mut random, &EDITIONS)];
        let (narrow, wide) = (
            policy(&edition, &narrow).unwrap(),
            policy(&edition, &everything()).unwrap(),
        );
        // A firewalld policy has one direction, and a prefix list has one plane.
        for name in READ_BY_CHECK
            .iter()
            .filter(|name| common::renderable(name).is_empty())
        {
            let unit = Unit::default();
            let render = |policy| format::render(dialect(name), policy, &unit).unwrap();
            let extra = common::judge::drift(name, &narrow, &render(&wide)).unwrap();
            assert!(
                extra.missing.is_empty() && !extra.extra.is_empty(),
                "{name}"
            );
            let missing = common::judge::drift(name, &wide, &render(&narrow)).unwrap();
            assert!(
                !missing.missing.is_empty() && missing.extra.is_empty(),
                "{name}"
            );
        }
    }
}
