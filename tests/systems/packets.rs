//! Real packets pass the real kernel. For formats without a kernel on this machine, readers decide
//! about the same packets. The expected result is computed from the published networks.

use crate::common::lab::{BackEnd, Lab, Place};
use crate::common::oracle::{Oracle, Random, Selected, Site, Tcp, dotted, probes};
use crate::common::readers::{self, Packet};
use crate::common::wire::Shape;
use crate::common::{EDITIONS, facts, render, tell};

/// Every edition, each plane, direction and transport alone, local options, and a union of editions.
fn selections() -> Vec<Selected> {
    let tokyo = || Selected::new("regional", "tokyo");
    let mut all = Vec::new();
    for (number, edition) in EDITIONS.into_iter().enumerate() {
        all.push(Selected::new(edition, "all"));
        let regions = facts::region_ids();
        for region in [&regions[number], &regions[number + 4]] {
            all.push(Selected::new(edition, region));
        }
    }
    for region in ["europe", "tokyo,virginia,sydney"] {
        all.push(Selected::new("regional", region));
    }
    for direction in ["in", "out"] {
        all.push(Selected {
            direction,
            ..tokyo()
        });
    }
    for plane in ["signaling", "media"] {
        all.push(Selected { plane, ..tokyo() });
    }
    for transport in ["udp", "tcp", "tls"] {
        all.push(Selected {
            transports: vec![transport],
            ..tokyo()
        });
    }
    let local = Selected {
        sip_port: Some(5070),
        tls_port: Some(5075),
        rtp_ports: Some((30000, 30999)),
        ..tokyo()
    };
    all.push(Selected {
        first_host_only: true,
        ..local.clone()
    });
    all.push(local);
    all.push(Selected {
        editions: vec!["regional", "global"],
        ..Selected::new("regional", "virginia")
    });
    all
}

/// Some of [`selections`], for slower tests.
fn few_selections() -> Vec<Selected> {
    vec![
        Selected::new("regional", "all"),
        Selected {
            first_host_only: true,
            rtp_ports: Some((30000, 30999)),
            ..Selected::new("regional", "tokyo")
        },
        Selected::new("global", "frankfurt"),
        Selected::new("interconnect", "sydney"),
        Selected::new("regional-expanded", "singapore"),
        Selected {
            direction: "in",
            plane: "signaling",
            transports: vec!["tcp", "tls"],
            ..Selected::new("regional", "virginia")
        },
    ]
}

fn seeded() -> (Random, u64) {
    let seed = match std::env::var("PACKET_SEED") {
        Ok(seed) => seed.parse().expect("PACKET_SEED is a number"),
        Err(_) => std::time::UNIX_EPOCH.elapsed().unwrap().as_secs(),
    };
    (Random::new(seed), seed)
}

fn show(packet: &Packet, shape: Shape) -> String {
    format!(
        "{} {}{} {}:{} > {}:{}{}",
        packet.direction,
        packet.protocol,
        if packet.ack { " (ACK)" } else { "" },
        dotted(packet.source),
        packet.source_port,
        dotted(packet.destination),
        packet.destination_port,
        if shape == Shape::Fragments {
            ", in fragments"
        } else {
            ""
        },
    )
}

/// Describes the packets whose verdict differs from the published networks. `spoke` returns the line that decided about
/// a packet, for the description.
fn wrong(
    oracle: &Oracle,
    probes: &[(Packet, Shape)],
    passed: &[bool],
    spoke: impl Fn(&Packet) -> String,
) -> Vec<String> {
    let word = |passes: bool| if passes { "pass" } else { "be dropped" };
    let pairs = probes.iter().zip(passed);
    let differing =
        pairs.filter(|((packet, _), passed)| oracle.allows(packet).is_some() != **passed);
    differing
        .map(|((packet, shape), passed)| {
            let row = oracle.allows(packet);
            format!(
                "{}: expected to {} by {}, seen to {}{}",
                show(packet, *shape),
                word(row.is_some()),
                row.unwrap_or("no row of the table"),
                word(*passed),
                spoke(packet)
            )
        })
        .collect()
}

fn assert_right(what: &str, seed: u64, wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{what}: {} wrong verdicts (PACKET_SEED={seed}), the first:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
}

/// Sends all probes of a selection through a loaded ruleset. Returns the numbers of sent packets and of
/// packets that passed.
fn try_selection(
    lab: &Lab,
    selected: &Selected,
    what: &str,
    random: &mut Random,
    seed: u64,
) -> (usize, usize) {
    let oracle = Oracle::new(selected, lab.site, Tcp::Any);
    let (mut sent, mut allowed) = (0, 0);
    for direction in ["in", "out"] {
        let probes = probes(selected, lab.site, direction, random);
        let passed = lab.passed(direction, &probes);
        assert_right(
            what,
            seed,
            &wrong(&oracle, &probes, &passed, |_| String::new()),
        );
        sent += probes.len();
        allowed += passed.iter().filter(|passed| **passed).count();
    }
    (sent, allowed)
}

fn kernel_test(test: &str, place: Place, selections: &[Selected]) {
    let (mut random, seed) = seeded();
    for back_end in BackEnd::ALL {
        let Some(lab) = Lab::new(test, back_end, place) else {
            return;
        };
        let mut counts = Counts::default();
        for selected in selections {
            let options = selected.options(lab.site);
            lab.load(&render(&format!(
                "{options} --format {}",
                back_end.format()
            )));
            let what = format!("{back_end:?} {place:?} {options}");
            let (sent, allowed) = try_selection(&lab, selected, &what, &mut random, seed);
            assert!(
                allowed > 10,
                "{what}: only {allowed} of {sent} packets pass"
            );
            counts.add(selected, sent, allowed);
        }
        counts.tell(&format!("{back_end:?} {place:?}"), seed);
    }
}

/// The numbers of sent and passed packets, by edition.
#[derive(Default)]
struct Counts(std::collections::BTreeMap<String, (usize, usize)>);

impl Counts {
    fn add(&mut self, selected: &Selected, sent: usize, passed: usize) {
        let count = self.0.entry(selected.editions.join("+")).or_default();
        *count = (count.0 + sent, count.1 + passed);
    }

    fn tell(&self, what: &str, seed: u64) {
        for (edition, (sent, passed)) in &self.0 {
            tell(&format!(
                "packets: {what} {edition}: {sent} tried, {passed} passed, 0 wrong (seed {seed})"
            ));
        }
    }
}

#[test]
fn exactly_the_published_packets_pass_on_a_pbx() {
    kernel_test(
        "exactly_the_published_packets_pass_on_a_pbx",
        Place::OnPbx,
        &selections(),
    );
}

#[test]
fn exactly_the_published_packets_pass_in_front_of_a_pbx() {
    kernel_test(
        "exactly_the_published_packets_pass_in_front_of_a_pbx",
        Place::InFront,
        &few_selections(),
    );
}

/// The TCP handling of the formats without a kernel.
const WITHOUT_KERNEL: [(&str, Tcp); 3] = [
    ("pf", Tcp::Opening),
    ("aws-sg", Tcp::Any),
    ("cisco", Tcp::WayBack),
];

fn verdicts(clauses: &[readers::Clause], probes: &[(Packet, Shape)]) -> Vec<bool> {
    probes
        .iter()
        .map(|(packet, _)| readers::passes(clauses, packet).0)
        .collect()
}

#[test]
fn exactly_the_published_packets_pass_formats_without_a_kernel() {
    let (mut random, seed) = seeded();
    let site = Site {
        hosts: ["192.0.2.10", "192.0.2.11"].map(facts::address),
    };
    for (format, tcp) in WITHOUT_KERNEL {
        let mut counts = Counts::default();
        for selected in selections() {
            if format == "aws-sg" && selected.first_host_only {
                continue;
            }
            let options = selected.options(site);
            let clauses =
                readers::clauses(format, &render(&format!("{options} --format {format}")));
            let oracle = Oracle::new(&selected, site, tcp);
            for direction in ["in", "out"] {
                let mut probes = probes(&selected, site, direction, &mut random);
                // Readers see packets without their fragments.
                probes.retain(|(_, shape)| *shape == Shape::Whole);
                let passed = verdicts(&clauses, &probes);
                assert_right(
                    &format!("{format} {options}"),
                    seed,
                    &wrong(&oracle, &probes, &passed, |packet| {
                        format!(" by '{}'", readers::passes(&clauses, packet).1)
                    }),
                );
                let allowed = passed.iter().filter(|passed| **passed).count();
                assert_eq!(
                    allowed > 10,
                    selected.direction == "both" || selected.direction == direction
                );
                counts.add(&selected, probes.len(), allowed);
            }
        }
        counts.tell(format, seed);
    }
}
