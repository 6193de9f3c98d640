//! A firewall between two hosts in network namespaces. A recorder behind the firewall notes which
//! packets pass.
//!
//! On the PBX, `far` is connected to `wall`, which is the PBX with its firewall. In front of a PBX,
//! `wall` forwards between `far` and `near`. No namespace is connected to the outside.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::facts::address;
use super::head_commands;
use super::namespace::Namespace;
use super::oracle::Site;
use super::readers::Packet;
use super::wire::{self, Shape};

/// The position of the firewall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the PBX, with the hooks `input` and `output`.
    OnPbx,
    /// In front of the PBX, with the hook `forward`.
    InFront,
}

/// The program that loads the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackEnd {
    Nftables,
    IptablesNft,
    IptablesLegacy,
}

impl BackEnd {
    pub const ALL: [BackEnd; 3] = [
        BackEnd::Nftables,
        BackEnd::IptablesNft,
        BackEnd::IptablesLegacy,
    ];

    pub fn format(self) -> &'static str {
        match self {
            BackEnd::Nftables => "nftables",
            BackEnd::IptablesNft | BackEnd::IptablesLegacy => "iptables",
        }
    }

    /// The first line of a script, so that the commands of this back end have their usual names.
    fn names(self, folder: &Path) -> String {
        match self {
            BackEnd::Nftables => String::new(),
            BackEnd::IptablesNft => iptables_names(folder, "nft"),
            BackEnd::IptablesLegacy => iptables_names(folder, "legacy"),
        }
    }
}

/// Provides the commands of one iptables back end under their usual names. Returns a line for a script
/// that puts them first in the search path.
pub fn iptables_names(folder: &Path, kind: &str) -> String {
    for command in ["iptables", "iptables-save", "iptables-restore"] {
        let target = format!("/usr/sbin/xtables-{kind}-multi");
        std::os::unix::fs::symlink(target, folder.join(command)).unwrap();
    }
    format!(
        "export PATH={}:$PATH XTABLES_LOCKFILE={0}/lock",
        folder.display()
    )
}

pub const TOOLS: [&str; 6] = [
    "nft",
    "xtables-nft-multi",
    "xtables-legacy-multi",
    "conntrack",
    "python3",
    "sysctl",
];

pub struct Lab {
    far: Namespace,
    wall: Namespace,
    near: Option<Namespace>,
    back_end: BackEnd,
    place: Place,
    pub site: Site,
    folder: tempfile::TempDir,
    names: String,
}

const WALL_MAC: &str = "02:00:00:00:00:02";

impl Lab {
    pub fn new(test: &str, back_end: BackEnd, place: Place) -> Option<Lab> {
        let far = Namespace::new(test, &TOOLS)?;
        let wall = Namespace::new(test, &TOOLS)?;
        let near = match place {
            Place::OnPbx => None,
            Place::InFront => Some(Namespace::new(test, &TOOLS)?),
        };
        let folder = tempfile::tempdir().unwrap();
        let names = back_end.names(folder.path());
        let hosts = match place {
            Place::OnPbx => ["192.0.2.10", "192.0.2.11"],
            Place::InFront => ["198.51.100.10", "198.51.100.11"],
        };
        let site = Site {
            hosts: hosts.map(address),
        };
        let lab = Lab {
            far,
            wall,
            near,
            back_end,
            place,
            site,
            folder,
            names,
        };
        lab.join();
        Some(lab)
    }

    fn join(&self) {
        let far = self.far.name();
        self.wall.script(&format!(
            "ip link add far0 address 02:00:00:00:00:01 netns {far} type veth peer name wall0 address {WALL_MAC}
ip -n {far} addr add 192.0.2.1/24 dev far0
ip -n {far} link set far0 up
ip addr add 192.0.2.10/24 dev wall0
ip addr add 192.0.2.11/24 dev wall0
ip link set lo up
ip link set wall0 up
ip route add default via 192.0.2.1
ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev wall0
ip -n {far} neigh add 192.0.2.10 lladdr {WALL_MAC} dev far0
ip netns exec {far} sysctl -qw net.ipv4.ip_forward=0
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wall0.rp_filter=0"
        ));
        if let Some(near) = &self.near {
            let near = near.name();
            self.wall.script(&format!(
                "ip link add near0 address 02:00:00:00:00:04 netns {near} type veth peer name wall1 address 02:00:00:00:00:03
ip -n {near} addr add 198.51.100.10/24 dev near0
ip -n {near} addr add 198.51.100.11/24 dev near0
ip -n {near} link set near0 up
ip -n {near} route add default via 198.51.100.1
ip netns exec {near} sysctl -qw net.ipv4.ip_forward=0
ip addr add 198.51.100.1/24 dev wall1
ip link set wall1 up
sysctl -qw net.ipv4.conf.wall1.rp_filter=0
for host in 10 11; do ip neigh add 198.51.100.$host lladdr 02:00:00:00:00:04 dev wall1; done
ip -n {near} neigh add 198.51.100.1 lladdr 02:00:00:00:00:03 dev near0"
            ));
        }
    }

    /// Loads a ruleset into a firewall that drops everything else, and runs the hook commands from its
    /// head. Adds the recorder behind the firewall.
    pub fn load(&self, rules: &str) {
        let path = self.folder.path().join("rules");
        std::fs::write(&path, rules).unwrap();
        let hooks = head_commands(rules, "hook", &path).join("\n");
        let hooks = match self.place {
            Place::OnPbx => hooks,
            Place::InFront => hooks
                .replace(" input ", " forward ")
                .replace(" output ", " forward ")
                .replace(" INPUT ", " FORWARD ")
                .replace(" OUTPUT ", " FORWARD "),
        };
        let firewall = match self.back_end {
            BackEnd::Nftables => NFT_FIREWALL,
            _ => IPTABLES_FIREWALL,
        };
        let load = head_commands(rules, "load", &path).join("\n");
        self.wall.script(&format!(
            "{}\nnft flush ruleset\n{firewall}\n{load}\n{hooks}\n{RECORDER}",
            self.names
        ));
    }

    /// Loads a whole firewall with a script and adds the recorder behind it. Then runs `show` and
    /// returns its output.
    pub fn load_firewall(&self, firewall: &str, show: &str) -> String {
        self.wall.script(&format!(
            "{}\nnft flush ruleset\n{firewall}\n{show}\n{RECORDER}",
            self.names
        ))
    }

    /// The names of the namespaces: in front of the firewall, of the firewall, and behind it.
    pub fn namespaces(&self) -> [&str; 3] {
        let near = self.near.as_ref().unwrap_or(&self.far);
        [&self.far, &self.wall, near].map(Namespace::name)
    }

    /// Runs a script on the machine with the firewall.
    pub fn on_wall(&self, script: &str) -> (bool, String) {
        self.wall.try_script(&format!("{}\n{script}", self.names))
    }

    /// Keeps the kernels of the hosts around the firewall from answering packets.
    pub fn silence_hosts(&self) {
        for host in std::iter::once(&self.far).chain(&self.near) {
            host.script(
                "nft 'table ip silent { chain output { type filter hook output priority 0; policy drop; }; }'",
            );
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sends the packets of one direction. Returns the indexes of the packets that passed.
    pub fn passed(&self, direction: &str, probes: &[(Packet, Shape)]) -> Vec<bool> {
        let mut bytes = Vec::new();
        let mut count = 0;
        for (number, (packet, shape)) in probes.iter().enumerate() {
            let id = u16::try_from(number + 1).expect("there should be fewer packets than ids");
            for packet in wire::packets(packet, *shape, id) {
                bytes.extend(u16::try_from(packet.len()).unwrap().to_be_bytes());
                bytes.extend(packet);
                count += 1;
            }
        }
        // Connections of an earlier batch must not let packets of this one pass.
        self.wall.script("conntrack -F 2>/dev/null");
        self.send(direction, &bytes);
        self.wait_for_arrival(direction, count);
        let passed = self.recorded(direction);
        (1..=probes.len()).map(|id| passed.contains(&id)).collect()
    }

    fn send(&self, direction: &str, bytes: &[u8]) {
        let (from, arguments): (&Namespace, &[&str]) = match (direction, &self.near) {
            ("in", _) => (&self.far, &["frames", "far0", WALL_MAC]),
            (_, Some(near)) => (near, &["frames", "near0", "02:00:00:00:00:03"]),
            (_, None) => (&self.wall, &["local"]),
        };
        let mut child = from
            .command("python3")
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/peers/send_packets.py"
            ))
            .args(arguments)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Fails if a packet did not reach the firewall, since no rule would be the cause of its loss.
    fn wait_for_arrival(&self, direction: &str, count: usize) {
        let counter = match (direction, self.place) {
            ("in", _) => "from_far",
            (_, Place::InFront) => "from_near",
            (_, Place::OnPbx) => "from_here",
        };
        let wanted = format!("packets {count} ");
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let shown = self
                .wall
                .script(&format!("nft list counter ip recorder {counter}"));
            if shown.contains(&wanted) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{counter}: wanted {wanted}, {shown}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Takes all ids out of the recorder's set and resets its counters.
    fn recorded(&self, direction: &str) -> std::collections::HashSet<usize> {
        let set = match (direction, self.place) {
            ("in", Place::OnPbx) => "came_in",
            ("in", Place::InFront) => "went_near",
            (_, Place::OnPbx) => "went_out",
            (_, Place::InFront) => "went_far",
        };
        let shown = self.wall.script(&format!(
            "nft -j list set ip recorder {set}
for set in came_in went_near went_out went_far; do nft flush set ip recorder $set; done
nft reset counters table ip recorder >/dev/null"
        ));
        let value: serde_json::Value = serde_json::from_str(&shown).expect(&shown);
        let set = &value["nftables"][1]["set"];
        let Some(elements) = set["elem"].as_array() else {
            assert!(set.is_object(), "{shown}");
            return std::collections::HashSet::new();
        };
        let id =
            |element: &serde_json::Value| usize::try_from(element.as_u64().expect(&shown)).unwrap();
        elements.iter().map(id).collect()
    }
}

/// A firewall of a user that drops everything except established connections.
pub const NFT_FIREWALL: &str = "nft -f - <<'EOF'
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
	}
	chain output {
		type filter hook output priority filter; policy drop;
		ct state established,related accept
	}
}
EOF";

/// The same for iptables.
pub const IPTABLES_FIREWALL: &str = "iptables-restore <<'EOF'
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
EOF";

/// Counts the packets that arrive before any filter, and records the id of each packet that passes the
/// filters, by direction.
const RECORDER: &str = "nft -f - <<'EOF'
table ip recorder {
	counter from_far { }
	counter from_near { }
	counter from_here { }
	set came_in {
		typeof ip id
		flags dynamic
		size 65535
	}
	set went_near {
		typeof ip id
		flags dynamic
		size 65535
	}
	set went_out {
		typeof ip id
		flags dynamic
		size 65535
	}
	set went_far {
		typeof ip id
		flags dynamic
		size 65535
	}
	chain early {
		type filter hook prerouting priority -450;
		iifname wall0 counter name from_far
		iifname wall1 counter name from_near
	}
	chain own {
		type filter hook output priority -450;
		counter name from_here
	}
	chain input {
		type filter hook input priority 300;
		add @came_in { ip id }
	}
	chain output {
		type filter hook output priority 300;
		add @went_out { ip id }
	}
	chain postrouting {
		type filter hook postrouting priority 300;
		iifname wall0 oifname wall1 add @went_near { ip id }
		iifname wall1 oifname wall0 add @went_far { ip id }
	}
}
EOF";
