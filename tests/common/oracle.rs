//! Computes test packets and their expected verdicts from the published networks alone.

use super::facts::{Range, address, ports, published};
use super::readers::{Flag, Packet};
use super::wire::Shape;

/// A selection as options and with their meaning.
#[derive(Clone, Debug)]
pub struct Selected {
    pub editions: Vec<&'static str>,
    pub region: String,
    pub direction: &'static str,
    pub plane: &'static str,
    pub transports: Vec<&'static str>,
    /// True if only the first of the two hosts of [`Site`] is selected.
    pub first_host_only: bool,
    pub sip_port: Option<u16>,
    pub tls_port: Option<u16>,
    pub rtp_ports: Option<(u16, u16)>,
}

impl Selected {
    pub fn new(edition: &'static str, region: &str) -> Selected {
        Selected {
            editions: vec![edition],
            region: region.to_owned(),
            direction: "both",
            plane: "both",
            transports: vec!["udp", "tcp", "tls"],
            first_host_only: false,
            sip_port: None,
            tls_port: None,
            rtp_ports: None,
        }
    }

    /// Converts the selection to a case of the matrix, which has neither transports nor local options.
    pub fn case(&self) -> super::Case {
        super::Case {
            edition: self.editions.join(","),
            region: self.region.clone(),
            direction: self.direction,
            plane: self.plane,
        }
    }

    /// The options for the program.
    pub fn options(&self, site: Site) -> String {
        let mut options = format!(
            "--edition {} --region {} --direction {} --plane {}",
            self.editions.join(","),
            self.region,
            self.direction,
            self.plane
        );
        let mut add = |option: &str, value: String| options += &format!(" --{option} {value}");
        if self.transports.len() < 3 {
            add("transport", self.transports.join(","));
        }
        if self.first_host_only {
            add("local-address", dotted(site.hosts[0]));
        }
        if let Some(port) = self.sip_port {
            add("local-sip-port", port.to_string());
        }
        if let Some(port) = self.tls_port {
            add("local-tls-port", port.to_string());
        }
        if let Some((first, last)) = self.rtp_ports {
            add("local-rtp-ports", format!("{first}-{last}"));
        }
        options
    }
}

/// The two hosts on the user's side.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    pub hosts: [u32; 2],
}

pub fn dotted(address: u32) -> String {
    std::net::Ipv4Addr::from(address).to_string()
}

/// The way that a firewall handles TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tcp {
    /// A rule matches every packet of a connection.
    Any,
    /// A rule matches the packet that opens a connection (`flags S/SA` in pf).
    Opening,
    /// Stateless. A rule matches every packet, and there are rules for the replies.
    WayBack,
}

struct Allowance {
    what: String,
    direction: &'static str,
    protocol: &'static str,
    remote: Vec<Range>,
    remote_ports: (u16, u16),
    local_ports: (u16, u16),
    established: bool,
}

/// The table of allowed packets for a selection.
pub struct Oracle {
    allowances: Vec<Allowance>,
    local: Vec<u32>,
    tcp: Tcp,
}

const ANY: (u16, u16) = (0, 65535);

impl Oracle {
    pub fn new(selected: &Selected, site: Site, tcp: Tcp) -> Oracle {
        let mut oracle = Oracle {
            allowances: Vec::new(),
            local: if selected.first_host_only {
                vec![site.hosts[0]]
            } else {
                Vec::new()
            },
            tcp,
        };
        for &edition in &selected.editions {
            oracle.add_edition(selected, edition);
        }
        oracle
    }

    fn add_edition(&mut self, selected: &Selected, edition: &str) {
        let figures = ports(edition);
        let one = |port: u16| (port, port);
        let sip = |published: u16| one(selected.sip_port.unwrap_or(published));
        let signaling = [
            ("udp", "udp", one(figures.udp), sip(figures.udp)),
            ("tcp", "tcp", one(figures.tcp), sip(figures.tcp)),
            (
                "tls",
                "tcp",
                one(figures.tls),
                one(selected.tls_port.unwrap_or(figures.tls)),
            ),
        ];
        let directions: &[&'static str] = match selected.direction {
            "both" => &["in", "out"],
            "in" => &["in"],
            _ => &["out"],
        };
        for &direction in directions {
            let mut add = |plane: &str, what: &str, protocol, far, near, established| {
                // Packets to a service go from any port to its port. Replies go the other way.
                let to_near = (direction == "in") != established;
                self.allowances.push(Allowance {
                    what: format!("{edition} {direction} {plane} {what}"),
                    direction,
                    protocol,
                    remote: published(edition, &selected.region, plane),
                    remote_ports: if to_near { ANY } else { far },
                    local_ports: if to_near { near } else { ANY },
                    established,
                });
            };
            if selected.plane != "media" {
                for (transport, protocol, far, near) in signaling {
                    if selected.transports.contains(&transport) {
                        add("signaling", transport, protocol, far, near, false);
                        if protocol == "tcp" && self.tcp == Tcp::WayBack {
                            add("signaling", transport, protocol, far, near, true);
                        }
                    }
                }
            }
            if selected.plane != "signaling" {
                let near = selected.rtp_ports.unwrap_or(figures.media);
                add("media", "rtp", "udp", figures.media, near, false);
            }
        }
    }

    /// The row of the table that allows the packet, if there is one.
    pub fn allows(&self, packet: &Packet) -> Option<&str> {
        let (remote, remote_port, local, local_port) = match packet.direction {
            "in" => (
                packet.source,
                packet.source_port,
                packet.destination,
                packet.destination_port,
            ),
            _ => (
                packet.destination,
                packet.destination_port,
                packet.source,
                packet.source_port,
            ),
        };
        if !self.local.is_empty() && !self.local.contains(&local) {
            return None;
        }
        if packet.protocol == "tcp" && packet.ack && self.tcp == Tcp::Opening {
            return None;
        }
        let within = |(first, last): (u16, u16), port: u16| first <= port && port <= last;
        let row = self.allowances.iter().find(|row| {
            row.direction == packet.direction
                && row.protocol == packet.protocol
                && row
                    .remote
                    .iter()
                    .any(|(first, last)| *first <= remote && remote <= *last)
                && within(row.remote_ports, remote_port)
                && within(row.local_ports, local_port)
                && (!row.established || packet.ack)
        });
        row.map(|row| row.what.as_str())
    }
}

/// Random numbers by xorshift64*, so that the seed determines the whole run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.max(1))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.next() % (last - first + 1)
    }
}

/// Every network of every edition.
fn networks() -> Vec<Range> {
    let mut all = Vec::new();
    for edition in super::EDITIONS {
        for region in super::facts::region_ids() {
            for plane in ["signaling", "media"] {
                all.extend(published(edition, &region, plane));
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Creates packets, each with its own free port, in an order that the seed determines.
struct Probes {
    site: Site,
    direction: &'static str,
    free_ports: Vec<u16>,
    made: Vec<(Packet, Shape)>,
}

impl Probes {
    /// A packet to the service port of the receiver, from or to a host of the user.
    fn with_host(
        &mut self,
        host: usize,
        remote: u32,
        protocol: &'static str,
        port: u16,
    ) -> &mut Packet {
        let local = self.site.hosts[host];
        let (source, destination) = match self.direction {
            "in" => (remote, local),
            _ => (local, remote),
        };
        self.made.push((
            Packet {
                direction: self.direction,
                protocol,
                source,
                source_port: self.free_ports[self.made.len()],
                destination,
                destination_port: port,
                ack: false,
                flag: Flag::None,
            },
            Shape::Whole,
        ));
        &mut self.made.last_mut().unwrap().0
    }

    fn to(&mut self, remote: u32, protocol: &'static str, port: u16) -> &mut Packet {
        self.with_host(0, remote, protocol, port)
    }
}

/// Every port except 0, in random order.
fn shuffled_ports(random: &mut Random) -> Vec<u16> {
    let mut ports: Vec<u16> = (1..=u16::MAX).collect();
    for last in (1..ports.len()).rev() {
        let other = usize::try_from(random.between(0, last as u64)).unwrap();
        ports.swap(last, other);
    }
    ports
}

/// Ports at and next to every boundary, with the wrong protocols too.
fn services(selected: &Selected) -> Vec<(&'static str, u16)> {
    let mut services = Vec::new();
    for port in [5059, 5060, 5061, 5062] {
        services.extend([("udp", port), ("tcp", port)]);
    }
    for port in [9999, 10000, 20000, 20001, 60000, 60001] {
        services.push(("udp", port));
    }
    services.extend([
        ("tcp", 10000),
        ("tcp", 20000),
        ("udp", 1),
        ("udp", 65535),
        ("tcp", 22),
    ]);
    for port in [selected.sip_port, selected.tls_port].into_iter().flatten() {
        for port in [port - 1, port, port + 1] {
            services.extend([("udp", port), ("tcp", port)]);
        }
    }
    if let Some((first, last)) = selected.rtp_ports {
        let edges = [first - 1, first, last, last + 1];
        services.extend(edges.map(|port| ("udp", port)));
        services.extend([("tcp", first), ("tcp", last)]);
    }
    services
}

/// The packets of one direction to test a selection with.
pub fn probes(
    selected: &Selected,
    site: Site,
    direction: &'static str,
    random: &mut Random,
) -> Vec<(Packet, Shape)> {
    let free_ports = shuffled_ports(random);
    let mut probes = Probes {
        site,
        direction,
        free_ports,
        made: Vec::new(),
    };
    let networks = networks();
    edge_probes(&mut probes, selected, &networks);
    for &(first, last) in &networks {
        odd_probes(&mut probes, selected, first, last);
    }
    inner_probes(&mut probes, selected, random);
    random_probes(&mut probes, selected, &networks, random);
    probes.made
}

/// Addresses at and next to the boundaries of every network, each with every service.
fn edge_probes(probes: &mut Probes, selected: &Selected, networks: &[Range]) {
    let mut remotes: Vec<u32> = Vec::new();
    for (first, last) in networks {
        let middle = first + (last - first) / 2;
        remotes.extend([*first, *last, first - 1, last + 1, middle]);
    }
    remotes.sort_unstable();
    remotes.dedup();
    let foreign = [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "8.8.8.8",
        "203.0.113.7",
    ];
    remotes.extend(foreign.map(address));
    // The kernel drops these before any rule applies.
    if probes.direction == "in" {
        remotes.extend(["255.255.255.255", "224.0.0.1", "127.0.0.1", "0.0.0.0"].map(address));
    }
    for &remote in &remotes {
        for (protocol, port) in services(selected) {
            probes.to(remote, protocol, port);
        }
    }
}

/// For one network: the other host, boundary values of the free port, other protocols and flags,
/// swapped ports, and fragments.
fn odd_probes(probes: &mut Probes, selected: &Selected, first: u32, last: u32) {
    let sip = selected.sip_port.unwrap_or(5060);
    let tls = selected.tls_port.unwrap_or(5061);
    let rtp = selected.rtp_ports.map_or(10000, |(first, _)| first);
    for (protocol, port) in services(selected) {
        probes.with_host(1, first, protocol, port);
    }
    for (protocol, port) in [
        ("udp", sip),
        ("tcp", sip),
        ("tcp", tls),
        ("udp", rtp),
        ("udp", 5060),
        ("tcp", 5061),
        ("udp", 10000),
    ] {
        probes.with_host(1, address("203.0.113.7"), protocol, port);
        for free_port in [
            1, 1023, 1024, 9999, 10000, 32767, 32768, 49151, 49152, 65535,
        ] {
            probes.to(last, protocol, port).source_port = free_port;
        }
        probes.to(first, "sctp", port);
    }
    probes.to(first, "icmp", 0);
    for port in [5060, 5061, sip, tls] {
        for flag in [Flag::None, Flag::Syn, Flag::Fin, Flag::Rst] {
            for host in [0, 1] {
                let packet = probes.with_host(host, first, "tcp", port);
                (packet.ack, packet.flag) = (true, flag);
                let packet = probes.with_host(host, first, "tcp", port);
                (packet.ack, packet.flag) = (true, flag);
                swap_ports(packet);
            }
        }
        swap_ports(probes.to(first, "tcp", port));
    }
    for port in [5060, 10000] {
        swap_ports(probes.to(last, "udp", port));
    }
    for port in [
        sip,
        10000,
        9999,
        selected.rtp_ports.map_or(20000, |(_, last)| last),
    ] {
        probes.to(last, "udp", port);
        probes.made.last_mut().unwrap().1 = Shape::Fragments;
    }
}

fn swap_ports(packet: &mut Packet) {
    std::mem::swap(&mut packet.source_port, &mut packet.destination_port);
}

/// Every address is tested in networks up to this size.
const SMALL: u32 = 256;

/// Addresses inside the selected networks, and ports inside the ranges.
fn inner_probes(probes: &mut Probes, selected: &Selected, random: &mut Random) {
    let sip = selected.sip_port.unwrap_or(5060);
    let tls = selected.tls_port.unwrap_or(5061);
    let (first_rtp, last_rtp) = selected.rtp_ports.unwrap_or((10000, 20000));
    for edition in &selected.editions {
        for plane in ["signaling", "media"] {
            for (first, last) in published(edition, &selected.region, plane) {
                let inside = |random: &mut Random| {
                    u32::try_from(random.between(u64::from(first), u64::from(last))).unwrap()
                };
                let addresses: Vec<u32> = if last - first < SMALL {
                    (first..=last).collect()
                } else {
                    (0..64).map(|_| inside(random)).collect()
                };
                for remote in addresses {
                    let rtp =
                        u16::try_from(random.between(u64::from(first_rtp), u64::from(last_rtp)))
                            .unwrap();
                    let services = [
                        ("udp", sip),
                        ("tcp", sip),
                        ("tcp", tls),
                        ("udp", rtp),
                        ("tcp", rtp),
                    ];
                    let at = usize::try_from(random.between(0, 4)).unwrap();
                    probes.to(remote, "udp", rtp);
                    probes.to(remote, services[at].0, services[at].1);
                }
                for port in [
                    10001,
                    10002,
                    10003,
                    15000,
                    19999,
                    first_rtp + 1,
                    last_rtp - 1,
                ] {
                    probes.to(inside(random), "udp", port);
                }
                for _ in 0..30 {
                    let port = u16::try_from(random.between(1, 65535)).unwrap();
                    probes.to(inside(random), "udp", port);
                    probes.to(inside(random), "tcp", port);
                }
            }
        }
    }
}

fn random_probes(
    probes: &mut Probes,
    selected: &Selected,
    networks: &[Range],
    random: &mut Random,
) {
    let services = services(selected);
    for _ in 0..500 {
        let (first, last) =
            networks[usize::try_from(random.between(0, networks.len() as u64 - 1)).unwrap()];
        let remote = if random.between(0, 3) > 0 {
            random.between(u64::from(first), u64::from(last))
        } else {
            // Unicast addresses, without loopback.
            random.between(0x0100_0000, 0x7eff_ffff)
        };
        let (protocol, port) =
            services[usize::try_from(random.between(0, services.len() as u64 - 1)).unwrap()];
        let port = match random.between(0, 2) {
            0 => port,
            1 => u16::try_from(random.between(10000, 20000)).unwrap(),
            _ => u16::try_from(random.between(1, 65535)).unwrap(),
        };
        probes.to(u32::try_from(remote).unwrap(), protocol, port);
    }
}
