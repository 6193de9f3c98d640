//! Calls with sound. SIPp on a Twilio address calls a PBX behind the rules, and the PBX calls Twilio.
//! RTP packets are counted at the receiving end, in both directions.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::lab::{IPTABLES_FIREWALL, NFT_FIREWALL, iptables_names};
use crate::common::namespace::Namespace;
use crate::common::{facts, head_commands, render, skip, tell};

const PBX: &str = "192.0.2.10";
const PBX_RTP: u16 = 12000;
const TWILIO_RTP: u16 = 14000;
/// The name in the scenario.
const SOUND: &str = "/usr/share/sip-tester/g711a.pcap";
const CALLER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls/caller.xml");

/// The transport of SIP. Debian's SIPp does not support TLS, so plain TCP is used on its port. That
/// makes no difference to a packet filter.
#[derive(Clone, Copy, Debug)]
enum Way {
    Udp,
    Tcp,
    TlsPort,
}

impl Way {
    fn port(self) -> u16 {
        match self {
            Way::Udp | Way::Tcp => 5060,
            Way::TlsPort => 5061,
        }
    }

    fn sipp(self) -> &'static str {
        match self {
            Way::Udp => "u1",
            Way::Tcp | Way::TlsPort => "t1",
        }
    }
}

struct Exchange {
    far: Namespace,
    pbx: Namespace,
    /// An address in a signaling network of Tokyo, and one in a media network.
    twilio: [String; 2],
}

/// The result of a call.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    /// The number of RTP packets that arrived at the PBX and at Twilio's side.
    Connected {
        to_pbx: u32,
        from_pbx: u32,
    },
    Failed,
}

fn address_in(edition: &str, plane: &str, offset: u32) -> String {
    let networks = facts::published(edition, "tokyo", plane);
    std::net::Ipv4Addr::from(networks[0].0 + offset).to_string()
}

impl Exchange {
    fn new(test: &str, edition: &str) -> Option<Exchange> {
        let tools = ["nft", "sipp", "ss", "conntrack", "xtables-nft-multi"];
        if !std::path::Path::new(SOUND).exists() {
            skip(test, &format!("{SOUND} is missing"));
            return None;
        }
        let far = Namespace::new(test, &tools)?;
        let pbx = Namespace::new(test, &tools)?;
        let twilio = [
            address_in(edition, "signaling", 1),
            address_in(edition, "media", 9),
        ];
        pbx.script(&format!(
            "ip link add far0 netns {far} type veth peer name pbx0
ip -n {far} addr add 192.0.2.1/24 dev far0
ip -n {far} addr add {}/32 dev far0
ip -n {far} addr add {}/32 dev far0
ip -n {far} link set far0 up
ip addr add {PBX}/24 dev pbx0
ip link set lo up
ip link set pbx0 up
ip route add default via 192.0.2.1",
            twilio[0],
            twilio[1],
            far = far.name()
        ));
        Some(Exchange { far, pbx, twilio })
    }

    /// A firewall with hooked rules that drops everything else except established connections.
    fn load(&self, options: &str, format: &str) {
        self.load_rules(&render(&format!("{options} --format {format}")), format);
    }

    fn load_rules(&self, rules: &str, format: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules");
        std::fs::write(&path, rules).unwrap();
        let commands = |kind: &str| head_commands(rules, kind, &path).join("\n");
        let firewall = if format == "nftables" {
            NFT_FIREWALL
        } else {
            IPTABLES_FIREWALL
        };
        let names = iptables_names(folder.path(), "nft");
        self.pbx.script(&format!(
            "{names}
nft flush ruleset
{firewall}
{}
{}
{RTP_COUNTER}",
            commands("load"),
            commands("hook")
        ));
        self.far.script(&format!(
            "nft flush ruleset
{RTP_COUNTER}"
        ));
    }

    fn call(&self, direction: &str, way: Way) -> Call {
        // Connections of earlier calls must not let packets of this one pass.
        self.pbx.script("conntrack -F 2>/dev/null");
        for end in [&self.pbx, &self.far] {
            end.script("nft reset counters table ip rtp >/dev/null");
        }
        let [signaling, media] = &self.twilio;
        let twilio = (&self.far, signaling.as_str(), media.as_str(), TWILIO_RTP);
        let pbx = (&self.pbx, PBX, PBX, PBX_RTP);
        let (from, to) = if direction == "in" {
            (twilio, pbx)
        } else {
            (pbx, twilio)
        };
        let port = way.port().to_string();
        let rtp = to.3.to_string();
        let answering = [
            "-sn",
            "uas",
            "-rtp_echo",
            "-i",
            to.1,
            "-p",
            &port,
            "-mi",
            to.2,
            "-mp",
            &rtp,
            "-t",
            way.sipp(),
        ];
        let _answering = Running::sipp(to.0, &answering);
        wait_until_it_listens(to.0, &port);
        let remote = format!("{}:{port}", to.1);
        let rtp = from.3.to_string();
        let calling = [
            remote.as_str(),
            "-sf",
            CALLER,
            "-i",
            from.1,
            "-p",
            "5066",
            "-mi",
            from.2,
            "-mp",
            &rtp,
            "-t",
            way.sipp(),
            "-timeout_error",
        ];
        if !Running::sipp(from.0, &calling).succeeds() {
            return Call::Failed;
        }
        // Each end only counts packets that have passed the firewall of the PBX.
        Call::Connected {
            to_pbx: arrived(&self.pbx),
            from_pbx: arrived(&self.far),
        }
    }
}

/// The number of RTP packets that an end has received since the start of the call.
fn arrived(end: &Namespace) -> u32 {
    let shown = end.script("nft list counter ip rtp arrived");
    let count = shown
        .split("packets ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    count.expect(&shown).parse().unwrap()
}

/// A program that is stopped when this value is dropped, even if a test fails.
struct Running(Child);

impl Running {
    fn sipp(namespace: &Namespace, arguments: &[&str]) -> Running {
        let child = namespace
            .command("sipp")
            .args(["-m", "1", "-nostdin", "-timeout", "5s"])
            .args(arguments)
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Running(child.unwrap())
    }

    fn succeeds(mut self) -> bool {
        self.0.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_until_it_listens(namespace: &Namespace, port: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !namespace.script("ss -lntuH").contains(&format!(":{port} ")) {
        assert!(Instant::now() < deadline, "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Counts the RTP packets that an end receives, behind its filter. Both ends use only these ports.
const RTP_COUNTER: &str = "nft -f - <<'EOF'
table ip rtp {
	counter arrived { }
	chain input {
		type filter hook input priority 300;
		udp sport { 12000, 14000 } udp dport { 12000, 14000 } counter name arrived
	}
}
EOF";

/// The number of packets in 1.5 seconds of G.711, with at most 30 ms per packet. The last packets may
/// be cut off.
const ENOUGH: u32 = 30;

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
    let Some(exchange) = Exchange::new(test, edition) else {
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
