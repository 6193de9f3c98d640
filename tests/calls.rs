//! Calls with sound: SIPp on an address of Twilio's calls a PBX behind our rules, and the PBX
//! calls out. RTP is counted on the far side, both ways.

mod common;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::lab::{IPTABLES_FIREWALL, NFT_FIREWALL};
use common::namespace::Namespace;
use common::{facts, head_commands, render, tell};

const PBX: &str = "192.0.2.10";
const PBX_RTP: u16 = 12000;
const TWILIO_RTP: u16 = 14000;
const CALLER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls/caller.xml");

/// How SIP travels. SIPp of Debian speaks no TLS, so its port is tried with plain TCP: to a
/// packet filter that is the same.
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
    /// An address of Tokyo's signaling networks, and one of its media networks.
    twilio: [String; 2],
}

/// What a call came to.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    /// RTP packets that Twilio's side sent or received: to the PBX, and from it.
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

    /// A firewall that drops all but what is established, with our rules hooked. Earlier calls are
    /// forgotten, or what they established would carry later ones.
    fn load(&self, options: &str, format: &str) {
        let rules = render(&format!("{options} --format {format}"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules");
        std::fs::write(&path, &rules).unwrap();
        let commands = |kind: &str| head_commands(&rules, kind, &path).join("\n");
        let firewall = if format == "nftables" {
            NFT_FIREWALL
        } else {
            IPTABLES_FIREWALL
        };
        self.pbx.script(&format!(
            "nft flush ruleset\n{firewall}\n{}\n{}\nconntrack -F 2>/dev/null",
            commands("load"),
            commands("hook")
        ));
        self.far.script(RTP_COUNTERS);
    }

    fn call(&self, direction: &str, way: Way) -> Call {
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
        let mut answering = sipp(to.0, &answering);
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
            "-timeout",
            "5s",
            "-timeout_error",
        ];
        let status = sipp(from.0, &calling).wait().unwrap();
        let _ = answering.kill();
        answering.wait().unwrap();
        if !status.success() {
            return Call::Failed;
        }
        let shown = self.far.script("nft list counters table ip rtp");
        let count = |name: &str| {
            let counter = shown
                .split(name)
                .nth(1)
                .and_then(|rest| rest.split("packets ").nth(1));
            counter
                .and_then(|rest| rest.split(' ').next())
                .unwrap()
                .parse()
                .unwrap()
        };
        Call::Connected {
            to_pbx: count("to_pbx"),
            from_pbx: count("from_pbx"),
        }
    }
}

fn sipp(namespace: &Namespace, arguments: &[&str]) -> Child {
    Command::new("ip")
        .args([
            "netns",
            "exec",
            namespace.name(),
            "sipp",
            "-m",
            "1",
            "-nostdin",
        ])
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn wait_until_it_listens(namespace: &Namespace, port: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !namespace.script("ss -lntuH").contains(&format!(":{port} ")) {
        assert!(Instant::now() < deadline, "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// On Twilio's side: what arrives there has passed the PBX's firewall. What is sent to the PBX is
/// counted when the PBX's echo could come, by `from_pbx`.
const RTP_COUNTERS: &str = "nft -f - <<'EOF'
flush ruleset
table ip rtp {
	counter to_pbx { }
	counter from_pbx { }
	chain output {
		type filter hook output priority 0;
		udp dport 12000 counter name to_pbx
	}
	chain input {
		type filter hook input priority 0;
		udp sport 12000 counter name from_pbx
	}
}
EOF";

/// G.711 for a second and a half, in packets of 30 ms or less, less what the end cuts off.
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
                        "{what}: {to_pbx} to the PBX, {from_pbx} from it"
                    );
                    tell(&format!(
                        "call: {what}: connected, RTP {to_pbx} to the PBX and {from_pbx} from it"
                    ));
                }
                Call::Failed => panic!("{what}: the call failed"),
            }
            // Counters start anew with each call.
            exchange.far.script(RTP_COUNTERS);
        }
    }
}

fn calls_fail_as_they_should(exchange: &Exchange, edition: &str, format: &str) {
    exchange.load(&format!("--edition {edition} --region sydney"), format);
    for direction in ["in", "out"] {
        assert_eq!(
            exchange.call(direction, Way::Udp),
            Call::Failed,
            "{edition} {direction}: another region's rules"
        );
    }
    exchange.load(
        &format!("--edition {edition} --region tokyo --plane media"),
        format,
    );
    assert_eq!(
        exchange.call("in", Way::Udp),
        Call::Failed,
        "{edition}: no signaling"
    );
    // Without the media plane a call connects, and no sound gets through either way.
    exchange.load(
        &format!("--edition {edition} --region tokyo --plane signaling"),
        format,
    );
    match exchange.call("in", Way::Udp) {
        Call::Connected { to_pbx, from_pbx } => {
            assert!(to_pbx >= ENOUGH, "{edition}: Twilio's side sent {to_pbx}");
            assert_eq!(from_pbx, 0, "{edition}: the PBX heard what it should not");
        }
        Call::Failed => panic!("{edition}: the call needs signaling alone"),
    }
    exchange.far.script(RTP_COUNTERS);
    match exchange.call("out", Way::Udp) {
        Call::Connected { to_pbx, from_pbx } => assert_eq!((to_pbx, from_pbx), (0, 0), "{edition}"),
        Call::Failed => panic!("{edition}: the call needs signaling alone"),
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
    calls_fail_as_they_should(&exchange, edition, "nftables");
}

#[test]
fn calls_of_the_regional_edition() {
    call_test("calls_of_the_regional_edition", "regional");
}

#[test]
fn calls_of_the_global_edition() {
    call_test("calls_of_the_global_edition", "global");
}
