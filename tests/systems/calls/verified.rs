//! `verify` predicts calls. Whole firewalls are loaded, and the collector prints them. A call must have
//! sound exactly if the report says that its signaling and its sound pass.

mod firewalls;

use serde_json::Value;

use self::firewalls::FIREWALLS;
use super::exchange::{Call, ENOUGH, Exchange, Place, Way};
use crate::common::lab::BackEnd;
use crate::common::{Tool, tell};

/// A whole firewall, and the calls through it.
struct Firewall {
    name: &'static str,
    back_end: BackEnd,
    place: Place,
    /// The input of `nft -f` or `iptables-restore`.
    rules: &'static str,
    call_in: Outcome,
    call_out: Outcome,
    /// The text of the rule or the policy that stops packets first, or the cause.
    stopped_by: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Sound,
    /// The call connects, but no sound arrives at one end or at both.
    NoSound,
    NoCall,
}

impl From<Call> for Outcome {
    fn from(call: Call) -> Outcome {
        match call {
            Call::Connected { to_pbx, from_pbx } if to_pbx.min(from_pbx) >= ENOUGH => {
                Outcome::Sound
            }
            Call::Connected { to_pbx, from_pbx } => {
                assert_eq!(to_pbx.min(from_pbx), 0, "{to_pbx} and {from_pbx} packets");
                Outcome::NoSound
            }
            Call::Failed => Outcome::NoCall,
        }
    }
}

impl Firewall {
    /// Compares `verify` and calls with the expected outcomes. Returns the differences.
    fn differences(&self, test: &str) -> Option<Vec<String>> {
        let exchange = Exchange::new(test, "regional", self.place)?;
        let capture = exchange.load_firewall(self.back_end, self.rules);
        let report = self.verify(&capture);
        let mut wrong = Vec::new();
        for (direction, expected) in [("in", self.call_in), ("out", self.call_out)] {
            let predicted = predicted(&report, direction);
            let call = exchange.call(direction, Way::Udp);
            tell(&format!(
                "verify and calls: {}: {direction}: {predicted:?} predicted, {call:?}",
                self.name
            ));
            let outcome = Outcome::from(call);
            if (predicted, outcome) != (expected, expected) {
                wrong.push(format!(
                    "{}: {direction}: {predicted:?} predicted, {outcome:?} happened, {expected:?} expected\n{capture}",
                    self.name
                ));
            }
        }
        let stopped_by = stopped_by(&report);
        if stopped_by.as_deref() != self.stopped_by {
            wrong.push(format!("{}: stopped by {stopped_by:?}", self.name));
        }
        Some(wrong)
    }

    fn verify(&self, capture: &str) -> Value {
        let position = match self.place {
            Place::OnHost | Place::OnHostAtPort(_) => "--at host",
            Place::Behind { .. } => "--at router --pbx 10.0.0.5",
        };
        let options = "--edition regional --region tokyo --transport udp --ignore exposure";
        let mut tool = Tool::line(&format!(
            "verify {options} {position} --quiet --json capture"
        ))
        .file("capture", capture);
        let ran = tool.run();
        let passes = (self.call_in, self.call_out) == (Outcome::Sound, Outcome::Sound);
        assert_eq!(
            ran.status,
            i32::from(!passes),
            "{}: {ran}\n{capture}",
            self.name
        );
        serde_json::from_str(&ran.stdout).unwrap()
    }
}

fn calls(report: &Value) -> &Vec<Value> {
    report["machines"][0]["calls"].as_array().unwrap()
}

/// Returns the outcome of a call that a report predicts.
fn predicted(report: &Value, direction: &str) -> Outcome {
    let passes = |plane: &str| {
        let is_this = |call: &&Value| call["direction"] == direction && call["plane"] == plane;
        let found: Vec<_> = calls(report).iter().filter(is_this).collect();
        assert_eq!(found.len(), 1, "{report}");
        match found[0]["verdict"].as_str() {
            Some("passes") => true,
            Some("blocked") => false,
            other => panic!("{other:?}: {report}"),
        }
    };
    match (passes("signaling"), passes("media")) {
        (false, _) => Outcome::NoCall,
        (true, false) => Outcome::NoSound,
        (true, true) => Outcome::Sound,
    }
}

/// Returns the line that stops the packets of the first problem, or the cause if no line does.
fn stopped_by(report: &Value) -> Option<String> {
    let blocked = |call: &&Value| call["verdict"] == "blocked";
    let problem = &calls(report).iter().find(blocked)?["groups"][0]["problem"];
    let text = problem["decided_by"]["text"].as_str();
    let text = text.or(problem["cause"].as_str())?;
    // The counters of a policy are left out, because the kernel sends packets too.
    Some(text.split(" [").next().unwrap_or(text).to_owned())
}

#[test]
fn calls_have_sound_where_verify_says_so() {
    let test = "calls_have_sound_where_verify_says_so";
    let results: Vec<_> = std::thread::scope(|scope| {
        let check = |firewall: &'static Firewall| scope.spawn(|| firewall.differences(test));
        let threads: Vec<_> = FIREWALLS.iter().map(check).collect();
        let results = threads.into_iter().map(|thread| thread.join().unwrap());
        results.collect()
    });
    let wrong: Vec<String> = results.into_iter().flatten().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
