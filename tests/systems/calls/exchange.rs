//! Twilio and a PBX in network namespaces, with a firewall between them. SIPp makes the calls.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::lab::{BackEnd, IPTABLES_FIREWALL, NFT_FIREWALL, iptables_names};
use crate::common::namespace::Namespace;
use crate::common::{Tool, facts, head_commands, render, skip};

/// The address that Twilio calls.
const PUBLIC: &str = "192.0.2.10";
const PBX_RTP: u16 = 12000;
const TWILIO_RTP: u16 = 14000;
/// The name in the scenario.
const SOUND: &str = "/usr/share/sip-tester/g711a.pcap";
const CALLER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls/caller.xml");

/// The number of packets in 1.5 seconds of G.711, with at most 30 ms per packet. The last packets may
/// be cut off.
pub const ENOUGH: u32 = 30;

/// The transport of SIP. Debian's SIPp does not support TLS, so plain TCP is used on its port. That
/// makes no difference to a packet filter.
#[derive(Clone, Copy, Debug)]
pub enum Way {
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

/// The position of the PBX.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// On the machine with the firewall.
    OnHost,
    /// The same, but the PBX listens on another port for SIP.
    OnHostAtPort(u16),
    /// In the network `10.0.0.0/24` behind a bridge of the machine with the firewall.
    Behind { bridge: &'static str },
}

const BEHIND: &str = "10.0.0.5";

pub struct Exchange {
    far: Namespace,
    /// The machine with the firewall, unless it is the PBX itself.
    wall: Option<Namespace>,
    pbx: Namespace,
    place: Place,
    /// An address in a signaling network of Tokyo, and one in a media network.
    twilio: [String; 2],
    folder: tempfile::TempDir,
}

/// One end of a call, with its addresses for signaling and for media.
struct End<'e> {
    namespace: &'e Namespace,
    own: [&'e str; 2],
    /// The addresses that the other end uses.
    public: [&'e str; 2],
    rtp: u16,
    /// The port for SIP, if it is not the usual one.
    port: Option<u16>,
}

/// The result of a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Call {
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
    pub fn new(test: &str, edition: &str, place: Place) -> Option<Exchange> {
        let tools = [
            "nft",
            "sipp",
            "ss",
            "conntrack",
            "xtables-nft-multi",
            "xtables-legacy-multi",
        ];
        if !std::path::Path::new(SOUND).exists() {
            skip(test, &format!("{SOUND} is missing"));
            return None;
        }
        let wall = match place {
            Place::Behind { .. } => Some(Namespace::new(test, &tools)?),
            Place::OnHost | Place::OnHostAtPort(_) => None,
        };
        let exchange = Exchange {
            far: Namespace::new(test, &tools)?,
            wall,
            pbx: Namespace::new(test, &tools)?,
            place,
            twilio: [
                address_in(edition, "signaling", 1),
                address_in(edition, "media", 9),
            ],
            folder: tempfile::tempdir().unwrap(),
        };
        exchange.join();
        Some(exchange)
    }

    fn join(&self) {
        let [signaling, media] = &self.twilio;
        self.wall().script(&format!(
            "ip link add far0 netns {far} type veth peer name eth0
ip -n {far} addr add 192.0.2.1/24 dev far0
ip -n {far} addr add {signaling}/32 dev far0
ip -n {far} addr add {media}/32 dev far0
ip -n {far} link set far0 up
ip addr add {PUBLIC}/24 dev eth0
ip link set lo up
ip link set eth0 up
ip route add default via 192.0.2.1",
            far = self.far.name()
        ));
        match self.place {
            Place::Behind { bridge } => self.join_behind(bridge),
            // Other private addresses of the PBX must not matter.
            Place::OnHost | Place::OnHostAtPort(_) => {
                self.pbx.script(
                    "ip link add docker0 type bridge
ip addr add 172.17.0.1/16 dev docker0
ip link set docker0 up",
                );
            }
        }
    }

    fn join_behind(&self, bridge: &str) {
        self.wall().script(&format!(
            "ip link add {bridge} type bridge
ip link add eth0 netns {pbx} type veth peer name port0
ip link set port0 master {bridge}
ip link set port0 up
ip addr add 10.0.0.1/24 dev {bridge}
ip link set {bridge} up
echo 1 >/proc/sys/net/ipv4/ip_forward
ip -n {pbx} addr add {BEHIND}/24 dev eth0
ip -n {pbx} link set lo up
ip -n {pbx} link set eth0 up
ip -n {pbx} route add default via 10.0.0.1",
            pbx = self.pbx.name()
        ));
    }

    /// Returns the machine with the firewall.
    fn wall(&self) -> &Namespace {
        self.wall.as_ref().unwrap_or(&self.pbx)
    }

    /// A firewall with hooked rules that drops everything else except established connections.
    pub fn load(&self, options: &str, format: &str) {
        self.load_rules(&render(&format!("{options} --format {format}")), format);
    }

    pub fn load_rules(&self, rules: &str, format: &str) {
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
        self.wall().script(&format!(
            "{names}
nft flush ruleset
{firewall}
{}
{}",
            commands("load"),
            commands("hook")
        ));
        self.count_sound();
    }

    /// Loads a whole firewall in a new exchange. Returns the output of the collector.
    pub fn load_firewall(&self, back_end: BackEnd, rules: &str) -> String {
        let write = |name: &str, text: &str| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let rules = write("rules", rules);
        let collector = Tool::line("verify --print-collector linux").run().ok();
        let collector = write("collect.sh", &collector);
        let names = |kind| iptables_names(self.folder.path(), kind);
        let load = match back_end {
            BackEnd::Nftables => format!("nft -f {rules}"),
            BackEnd::IptablesNft => format!("{}\niptables-restore {rules}", names("nft")),
            BackEnd::IptablesLegacy => format!("{}\niptables-restore {rules}", names("legacy")),
        };
        self.wall().script(&load);
        let capture = self.wall().script(&format!("sh {collector}"));
        self.count_sound();
        capture
    }

    /// Counts the RTP packets that arrive at each end.
    fn count_sound(&self) {
        for end in [&self.pbx, &self.far] {
            end.script(RTP_COUNTER);
        }
    }

    fn twilio_end(&self) -> End<'_> {
        let own = [self.twilio[0].as_str(), self.twilio[1].as_str()];
        End {
            namespace: &self.far,
            own,
            public: own,
            rtp: TWILIO_RTP,
            port: None,
        }
    }

    fn pbx_end(&self) -> End<'_> {
        let (own, port) = match self.place {
            Place::OnHost => (PUBLIC, None),
            Place::OnHostAtPort(port) => (PUBLIC, Some(port)),
            Place::Behind { .. } => (BEHIND, None),
        };
        End {
            namespace: &self.pbx,
            own: [own; 2],
            public: [PUBLIC; 2],
            rtp: PBX_RTP,
            port,
        }
    }

    pub fn call(&self, direction: &str, way: Way) -> Call {
        // Connections of earlier calls must not let packets of this one pass.
        self.wall().script("conntrack -F 2>/dev/null");
        for end in [&self.pbx, &self.far] {
            end.script("nft reset counters table ip rtp >/dev/null");
        }
        let (from, to) = if direction == "in" {
            (self.twilio_end(), self.pbx_end())
        } else {
            (self.pbx_end(), self.twilio_end())
        };
        let _answering = self.answer(&to, way);
        if !call_from(&from, &to, way).succeeds() {
            return Call::Failed;
        }
        // Each end only counts packets that have passed the firewall.
        Call::Connected {
            to_pbx: arrived(&self.pbx),
            from_pbx: arrived(&self.far),
        }
    }

    /// Starts the program that answers a call, and waits until it listens.
    fn answer(&self, end: &End, way: Way) -> Running {
        let scenario = self.folder.path().join("answering.xml");
        std::fs::write(&scenario, answering(end.public[1])).unwrap();
        let port = end.port.unwrap_or(way.port()).to_string();
        let rtp = end.rtp.to_string();
        let arguments = [
            "-sf",
            scenario.to_str().unwrap(),
            "-rtp_echo",
            "-i",
            end.own[0],
            "-p",
            &port,
            "-mi",
            end.own[1],
            "-mp",
            &rtp,
            "-t",
            way.sipp(),
        ];
        let running = Running::sipp(end.namespace, &arguments);
        wait_until_it_listens(end.namespace, &port);
        running
    }
}

/// Returns the built-in scenario of SIPp that answers a call, with an address for the sound that the
/// other end can reach.
fn answering(address: &str) -> String {
    let output = Command::new("sipp").args(["-sd", "uas"]).output().unwrap();
    let scenario = String::from_utf8(output.stdout).unwrap();
    assert!(scenario.contains(" [media_ip]\n"), "{scenario}");
    scenario.replace(" [media_ip]\n", &format!(" {address}\n"))
}

fn call_from(from: &End, to: &End, way: Way) -> Running {
    let remote = format!("{}:{}", to.public[0], way.port());
    let rtp = from.rtp.to_string();
    let arguments = [
        remote.as_str(),
        "-sf",
        CALLER,
        "-i",
        from.own[0],
        "-p",
        "5066",
        "-mi",
        from.own[1],
        "-mp",
        &rtp,
        "-t",
        way.sipp(),
        "-timeout_error",
    ];
    Running::sipp(from.namespace, &arguments)
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
}
delete table ip rtp
table ip rtp {
	counter arrived { }
	chain input {
		type filter hook input priority 300;
		udp sport { 12000, 14000 } udp dport { 12000, 14000 } counter name arrived
	}
}
EOF";
