//! Rulesets of any size that allow exactly the media of edition `global`, in every format that
//! `check` reads.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

/// A listing of a firewall: the value of `--format`, the printing program, and the generator.
pub type Listing = (&'static str, &'static str, fn(&Parts) -> String);

/// All listings that `check` reads.
pub const LISTINGS: [Listing; 6] = [
    ("iptables", "iptables-save", Parts::iptables),
    ("nftables", "nft list", Parts::nftables),
    ("nftables", "nft -j list", Parts::nftables_json),
    ("pf", "pfctl -sr", Parts::pf),
    ("aws-sg", "describe-security-groups", Parts::aws_sg),
    ("cisco", "show running-config", Parts::cisco),
];

/// The media network of edition `global` and its ports.
const NETWORK: (u32, u32) = (0xa856_8000, 18);
const PORTS: (u32, u32) = (10_000, 60_000);

/// Rules that allow exactly that media: each part of the network times each part of the ports.
pub struct Parts {
    prefix: u32,
    ports: u32,
}

impl Parts {
    /// About a million rules.
    pub const MILLION: Parts = Parts::new(32, 62);
    /// Few enough rules for counting the instructions.
    pub const THOUSANDS: Parts = Parts::new(26, 62);
    /// A typical number of rules for a firewall.
    pub const SIXTY: Parts = Parts::new(20, 15);

    const fn new(prefix: u32, ports: u32) -> Parts {
        Parts { prefix, ports }
    }

    /// Returns half as many rules, for networks of twice the size.
    pub const fn half(&self) -> Parts {
        Parts::new(self.prefix - 1, self.ports)
    }

    /// Returns the number of rules.
    pub fn count(&self) -> u32 {
        (1 << (self.prefix - NETWORK.1)) * self.ports
    }

    /// Returns the address, the first port and the last port of each rule.
    pub fn each(&self) -> impl Iterator<Item = (Ipv4Addr, u32, u32)> {
        let size = (PORTS.1 - PORTS.0 + 1).div_ceil(self.ports);
        let addresses = 0..1 << (self.prefix - NETWORK.1);
        let shift = 32 - self.prefix;
        let count = self.ports;
        addresses.flat_map(move |part| {
            (0..count).map(move |number| {
                let first = PORTS.0 + number * size;
                let last = (first + size - 1).min(PORTS.1);
                (Ipv4Addr::from(NETWORK.0 + (part << shift)), first, last)
            })
        })
    }

    fn iptables(&self) -> String {
        let mut text = "*filter\n:TWILIO-SIP-IN - [0:0]\n".to_owned();
        for (address, first, last) in self.each() {
            let _ = writeln!(
                text,
                "-A TWILIO-SIP-IN -s {address}/{} -p udp -m udp --dport {first}:{last} -m comment --comment \"all regions media\" -j ACCEPT",
                self.prefix
            );
        }
        text + "COMMIT\n"
    }

    fn nftables(&self) -> String {
        let mut text = "table inet filter {\n\tchain twilio_sip_in {\n".to_owned();
        for (address, first, last) in self.each() {
            let network = self.network(address);
            let _ = writeln!(
                text,
                "\t\tip saddr {network} udp dport {first}-{last} accept comment \"media\""
            );
        }
        text + "\t}\n\n\tchain twilio_sip_out {\n\t}\n}\n"
    }

    fn pf(&self) -> String {
        let mut text = String::new();
        for (address, first, last) in self.each() {
            let network = self.network(address);
            let _ = writeln!(
                text,
                "pass in quick inet proto udp from {network} to any port {first}:{last} keep state"
            );
        }
        text
    }

    /// Makes one permission for each part of the ports, as AWS groups the rules of a security
    /// group.
    fn aws_sg(&self) -> String {
        let mut permissions: Vec<String> = Vec::new();
        let mut rules: Vec<_> = self.each().collect();
        rules.sort_unstable_by_key(|(address, first, _)| (*first, *address));
        for same_ports in rules.chunk_by(|one, other| one.1 == other.1) {
            let (_, first, last) = same_ports[0];
            let range = |(address, ..): &(Ipv4Addr, u32, u32)| {
                format!(
                    r#"{{"Description": "media", "CidrIp": "{address}/{}"}}"#,
                    self.prefix
                )
            };
            let ranges: Vec<String> = same_ports.iter().map(range).collect();
            permissions.push(format!(
                r#"{{"IpProtocol": "udp", "FromPort": {first}, "ToPort": {last}, "UserIdGroupPairs": [], "IpRanges": [{}], "Ipv6Ranges": [], "PrefixListIds": []}}"#,
                ranges.join(", ")
            ));
        }
        format!(
            r#"{{"SecurityGroups": [{{"GroupId": "sg-0123456789abcdef0", "GroupName": "twilio-sip", "IpPermissions": [{}], "IpPermissionsEgress": []}}]}}"#,
            permissions.join(", ")
        ) + "\n"
    }

    fn nftables_json(&self) -> String {
        let mut text = r#"{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}, {"table": {"family": "inet", "name": "filter", "handle": 1}}, {"chain": {"family": "inet", "table": "filter", "name": "twilio_sip_in", "handle": 2}}"#.to_owned();
        for (handle, (address, first, last)) in (3..).zip(self.each()) {
            let address = if self.prefix == 32 {
                format!("\"{address}\"")
            } else {
                format!(
                    r#"{{"prefix": {{"addr": "{address}", "len": {}}}}}"#,
                    self.prefix
                )
            };
            let _ = write!(
                text,
                r#", {{"rule": {{"family": "inet", "table": "filter", "chain": "twilio_sip_in", "handle": {handle}, "comment": "media", "expr": [{{"match": {{"op": "==", "left": {{"payload": {{"protocol": "ip", "field": "saddr"}}}}, "right": {address}}}}}, {{"match": {{"op": "==", "left": {{"payload": {{"protocol": "udp", "field": "dport"}}}}, "right": {{"range": [{first}, {last}]}}}}}}, {{"accept": null}}]}}}}"#
            );
        }
        text + "]}\n"
    }

    fn cisco(&self) -> String {
        let mut text = "ip access-list extended TWILIO-SIP-IN\n".to_owned();
        let wildcard = Ipv4Addr::from((1u32 << (32 - self.prefix)) - 1);
        for (number, (address, first, last)) in (1..).zip(self.each()) {
            let _ = writeln!(
                text,
                " {} permit udp {address} {wildcard} any range {first} {last}",
                number * 10
            );
        }
        text
    }

    /// Formats a network as nft and pf do.
    fn network(&self, address: Ipv4Addr) -> String {
        if self.prefix == 32 {
            address.to_string()
        } else {
            format!("{address}/{}", self.prefix)
        }
    }
}
