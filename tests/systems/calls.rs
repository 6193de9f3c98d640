//! Calls with sound. SIPp on a Twilio address calls a PBX behind the rules, and the PBX calls Twilio.
//! RTP packets are counted at the receiving end, in both directions.

mod exchange;
mod verified;

use self::exchange::{Call, ENOUGH, Exchange, Place, Way};
use crate::common::{render, tell};

fn calls_succeed(exchange: &Exchange, edition: &str, format: &str, ways: &[Way]) {
    exchange.load(&format!("--edition {edition} --region tokyo"), format);
    for &way in ways {
        for direction in ["in", "out"] {
            let what = format!("{edition} {format} {direction} {way:?}");
            match exchange.call(direction, way) {
                Call::Connected { to_pbx, from_pbx } => {
                    assert!(
                        to_pbx >= ENOUGH && from_pbx >= ENOUGH,
                        "{what}: {to_pbx} RTP packets to the PBX, {from_pbx} from the PBX"
                    );
                    tell(&format!(
                        "call: {what}: connected, RTP {to_pbx} to the PBX and {from_pbx} from it"
                    ));
                }
                Call::Failed => panic!("{what}: the call failed"),
            }
        }
    }
}

fn calls_fail_as_they_should(exchange: &Exchange, edition: &str) {
    for (format, ways) in [
        ("nftables", &[Way::Udp, Way::Tcp, Way::TlsPort][..]),
        ("iptables", &[Way::Udp]),
    ] {
        exchange.load(&format!("--edition {edition} --region sydney"), format);
        for &way in ways {
            for direction in ["in", "out"] {
                let call = exchange.call(direction, way);
                assert_eq!(
                    call,
                    Call::Failed,
                    "{edition} {format} {direction} {way:?}: another region's rules"
                );
            }
        }
    }
    exchange.load(
        &format!("--edition {edition} --region tokyo --plane media"),
        "nftables",
    );
    assert_eq!(
        exchange.call("in", Way::Udp),
        Call::Failed,
        "{edition}: no signaling"
    );
}

/// Without media rules, a call connects without sound in both directions.
fn calls_without_media_are_silent(exchange: &Exchange, edition: &str) {
    let silent = Call::Connected {
        to_pbx: 0,
        from_pbx: 0,
    };
    for format in ["nftables", "iptables"] {
        exchange.load(
            &format!("--edition {edition} --region tokyo --plane signaling"),
            format,
        );
        for direction in ["in", "out"] {
            assert_eq!(
                exchange.call(direction, Way::Udp),
                silent,
                "{edition} {format} {direction}"
            );
        }
    }
    // Only the media rule of one direction is missing. Both ends then receive no sound.
    let rules = render(&format!(
        "--edition {edition} --region tokyo --format nftables"
    ));
    for (direction, rule) in [
        ("in", "ip saddr @twilio_sip_media"),
        ("out", "ip daddr @twilio_sip_media"),
    ] {
        let lines = rules.lines().filter(|line| !line.contains(rule));
        let fewer = lines.collect::<Vec<_>>().join("\n") + "\n";
        assert_eq!(fewer.lines().count() + 1, rules.lines().count());
        exchange.load_rules(&fewer, "nftables");
        assert_eq!(
            exchange.call(direction, Way::Udp),
            silent,
            "{edition} {direction}"
        );
    }
}

fn call_test(test: &str, edition: &str) {
    let Some(exchange) = Exchange::new(test, edition, Place::OnHost) else {
        return;
    };
    calls_succeed(
        &exchange,
        edition,
        "nftables",
        &[Way::Udp, Way::Tcp, Way::TlsPort],
    );
    calls_succeed(&exchange, edition, "iptables", &[Way::Udp]);
    calls_fail_as_they_should(&exchange, edition);
    calls_without_media_are_silent(&exchange, edition);
}

#[test]
fn calls_pass_with_the_regional_edition() {
    call_test("calls_pass_with_the_regional_edition", "regional");
}

#[test]
fn calls_pass_with_the_global_edition() {
    call_test("calls_pass_with_the_global_edition", "global");
}
