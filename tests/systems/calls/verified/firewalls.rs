//! Firewalls in the style of administrators and programs. Twilio's networks are those of Tokyo in the
//! edition `regional`.

use super::{Firewall, Outcome, Place};
use crate::common::lab::BackEnd;

const ROUTER: Place = Place::Behind { bridge: "br-lan" };
const DOCKER: Place = Place::Behind { bridge: "docker0" };

pub(super) const FIREWALLS: &[Firewall] = &[
    Firewall {
        name: "sets and concatenations of nft",
        back_end: BackEnd::Nftables,
        place: Place::OnHost,
        rules: "table inet filter {
	set twilio {
		type ipv4_addr . inet_service
		flags interval
		elements = { 54.65.63.192/30 . 5060, 54.65.63.192/26 . 10000-20000 }
	}
	chain twilio {
		ip saddr . udp dport @twilio accept
		drop
	}
	chain input {
		type filter hook input priority filter; policy drop;
		ct state vmap { established : accept, related : accept, invalid : drop }
		iifname vmap { lo : accept, eth0 : jump twilio }
	}
	chain output {
		type filter hook output priority filter; policy drop;
		ct state established,related accept
		ip daddr . udp dport @twilio accept
	}
}",
        call_in: Outcome::Sound,
        call_out: Outcome::Sound,
        stopped_by: None,
    },
    Firewall {
        name: "marks of iptables-nft, as of FreePBX",
        back_end: BackEnd::IptablesNft,
        place: Place::OnHost,
        rules: "*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:fpbxfirewall - [0:0]
:fpbx-known - [0:0]
:fpbx-marks - [0:0]
-A INPUT -j fpbxfirewall
-A fpbxfirewall -i lo -j ACCEPT
-A fpbxfirewall -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A fpbxfirewall -j fpbx-known
-A fpbxfirewall -p udp -m udp --dport 5060 -j fpbx-marks
-A fpbxfirewall -p udp -m udp --dport 10000:20000 -j fpbx-marks
-A fpbxfirewall -m mark --mark 0x6/0x6 -j ACCEPT
-A fpbxfirewall -j REJECT --reject-with icmp-port-unreachable
-A fpbx-known -s 54.65.63.192/26 -j MARK --set-xmark 0x2/0x2
-A fpbx-marks -j MARK --set-xmark 0x4/0x4
COMMIT
",
        call_in: Outcome::Sound,
        call_out: Outcome::Sound,
        stopped_by: None,
    },
    Firewall {
        name: "sound without connection tracking in iptables-legacy",
        back_end: BackEnd::IptablesLegacy,
        place: Place::OnHost,
        rules: "*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 10000:20000 -j NOTRACK
-A OUTPUT -p udp -m udp --sport 10000:20000 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 54.65.63.192/30 -p udp -m udp --dport 5060 -j ACCEPT
-A INPUT -s 54.65.63.192/26 -p udp -m udp --dport 10000:20000 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -d 54.65.63.192/30 -p udp -m udp --dport 5060 -j ACCEPT
-A OUTPUT -d 54.65.63.192/26 -p udp -m udp --sport 10000:20000 -j ACCEPT
-A OUTPUT -d 54.65.63.192/26 -p udp -m udp --dport 10000:20000 -j ACCEPT
COMMIT
",
        call_in: Outcome::Sound,
        call_out: Outcome::Sound,
        stopped_by: None,
    },
    Firewall {
        name: "no rule for sound without connection tracking in iptables-legacy",
        back_end: BackEnd::IptablesLegacy,
        place: Place::OnHost,
        rules: "*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 10000:20000 -j NOTRACK
-A OUTPUT -p udp -m udp --sport 10000:20000 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 54.65.63.192/30 -p udp -m udp --dport 5060 -j ACCEPT
-A INPUT -s 54.65.63.192/26 -p udp -m udp --dport 10000:20000 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -d 54.65.63.192/30 -p udp -m udp --dport 5060 -j ACCEPT
COMMIT
",
        call_in: Outcome::NoSound,
        call_out: Outcome::NoSound,
        stopped_by: Some(":OUTPUT DROP"),
    },
    Firewall {
        name: "rules of nft without a jump to them",
        back_end: BackEnd::Nftables,
        place: Place::OnHost,
        rules: "table inet filter {
	chain twilio {
		ip saddr 54.65.63.192/30 udp dport 5060 accept
		ip saddr 54.65.63.192/26 udp dport 10000-20000 accept
	}
	chain input {
		type filter hook input priority filter; policy accept;
		iifname lo accept
		ct state established,related accept
		meta l4proto { icmp, ipv6-icmp } accept
		reject with icmpx admin-prohibited
	}
}",
        call_in: Outcome::NoCall,
        call_out: Outcome::Sound,
        stopped_by: Some("reject with icmpx admin-prohibited"),
    },
    Firewall {
        name: "signaling alone in iptables-nft",
        back_end: BackEnd::IptablesNft,
        place: Place::OnHost,
        rules: "*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 54.65.63.192/30 -p udp -m udp --dport 5060 -j ACCEPT
-A OUTPUT -d 54.65.63.192/30 -p udp -m udp --dport 5060 -j ACCEPT
-A OUTPUT -p udp -m conntrack --ctstate NEW -j DROP
COMMIT
",
        call_in: Outcome::NoSound,
        call_out: Outcome::NoSound,
        stopped_by: Some(":INPUT DROP"),
    },
    Firewall {
        name: "no replies in iptables-legacy",
        back_end: BackEnd::IptablesLegacy,
        place: Place::OnHost,
        rules: "*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 54.65.63.192/30 -p udp -m udp --dport 5060 -j ACCEPT
-A INPUT -s 54.65.63.192/26 -p udp -m udp --dport 10000:20000 -j ACCEPT
-A OUTPUT -d 54.65.63.192/30 -p udp -m udp --dport 5060 -j ACCEPT
-A OUTPUT -d 54.65.63.192/26 -p udp -m udp --dport 10000:20000 -j ACCEPT
COMMIT
",
        call_in: Outcome::NoCall,
        call_out: Outcome::Sound,
        stopped_by: Some(":OUTPUT DROP"),
    },
    Firewall {
        name: "a list of countries in front of the rules of nft",
        back_end: BackEnd::Nftables,
        place: Place::OnHost,
        rules: "table ip countries {
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 5.0.0.0/8, 54.0.0.0/8, 91.0.0.0/8 }
	}
	chain early {
		type filter hook prerouting priority raw; policy accept;
		ip saddr @blocked counter drop
	}
}
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		ip saddr 54.65.63.192/30 udp dport 5060 accept
		ip saddr 54.65.63.192/26 udp dport 10000-20000 accept
	}
}",
        call_in: Outcome::NoCall,
        call_out: Outcome::NoCall,
        stopped_by: Some("ip saddr @blocked counter packets 0 bytes 0 drop"),
    },
    Firewall {
        name: "another interface in nft",
        back_end: BackEnd::Nftables,
        place: Place::OnHost,
        rules: "table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		iifname \"ens3\" ip saddr 54.65.63.192/30 udp dport 5060 accept
		iifname \"ens3\" ip saddr 54.65.63.192/26 udp dport 10000-20000 accept
		ct state established,related accept
	}
}",
        call_in: Outcome::NoCall,
        call_out: Outcome::Sound,
        stopped_by: Some("policy drop;"),
    },
    Firewall {
        name: "rules for the address of another interface in nft",
        back_end: BackEnd::Nftables,
        place: Place::OnHost,
        rules: "table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		ip daddr 172.17.0.1 udp dport { 5060, 10000-20000 } accept
	}
}",
        call_in: Outcome::NoCall,
        call_out: Outcome::Sound,
        stopped_by: Some("policy drop;"),
    },
    Firewall {
        name: "rules of nft with other ports in a table of iptables-nft",
        back_end: BackEnd::Nftables,
        place: Place::OnHost,
        rules: "table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy drop;
		udp dport { 5070, 5072 } accept
	}
}",
        call_in: Outcome::NoCall,
        call_out: Outcome::NoCall,
        stopped_by: Some("policy drop;"),
    },
    Firewall {
        name: "a router with nft",
        back_end: BackEnd::Nftables,
        place: ROUTER,
        rules: "table ip nat {
	chain prerouting {
		type nat hook prerouting priority dstnat;
		iifname \"eth0\" udp dport { 5060, 10000-20000 } dnat to 10.0.0.5
	}
	chain postrouting {
		type nat hook postrouting priority srcnat;
		ip saddr 10.0.0.0/24 oifname \"eth0\" masquerade
	}
}
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname \"br-lan\" oifname \"eth0\" accept
		ip saddr 54.65.63.192/30 ip daddr 10.0.0.5 udp dport 5060 accept
		ip saddr 54.65.63.192/26 ip daddr 10.0.0.5 udp dport 10000-20000 accept
	}
}",
        call_in: Outcome::Sound,
        call_out: Outcome::Sound,
        stopped_by: None,
    },
    Firewall {
        name: "a router whose filter names the address before DNAT in nft",
        back_end: BackEnd::Nftables,
        place: ROUTER,
        rules: "table ip nat {
	chain prerouting {
		type nat hook prerouting priority dstnat;
		iifname \"eth0\" udp dport { 5060, 10000-20000 } dnat to 10.0.0.5
	}
	chain postrouting {
		type nat hook postrouting priority srcnat;
		ip saddr 10.0.0.0/24 oifname \"eth0\" masquerade
	}
}
table inet filter {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname \"br-lan\" oifname \"eth0\" accept
		ip saddr 54.65.63.192/26 ip daddr 192.0.2.10 udp dport { 5060, 10000-20000 } accept
	}
}",
        call_in: Outcome::NoCall,
        call_out: Outcome::Sound,
        stopped_by: Some("policy drop;"),
    },
    Firewall {
        name: "a router with DNAT to another host in iptables-nft",
        back_end: BackEnd::IptablesNft,
        place: ROUTER,
        rules: "*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.10/32 -i eth0 -p udp -m udp --dport 5060 -j DNAT --to-destination 10.0.0.6
-A PREROUTING -d 192.0.2.10/32 -i eth0 -p udp -m udp --dport 10000:20000 -j DNAT --to-destination 10.0.0.5
-A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br-lan -o eth0 -j ACCEPT
-A FORWARD -s 54.65.63.192/26 -d 10.0.0.5/32 -p udp -m udp --dport 5060 -j ACCEPT
-A FORWARD -s 54.65.63.192/26 -d 10.0.0.5/32 -p udp -m udp --dport 10000:20000 -j ACCEPT
COMMIT
",
        call_in: Outcome::NoCall,
        call_out: Outcome::Sound,
        stopped_by: Some(
            "-A PREROUTING -d 192.0.2.10/32 -i eth0 -p udp -m udp --dport 5060 -j DNAT --to-destination 10.0.0.6",
        ),
    },
    Firewall {
        name: "ports that Docker publishes with iptables-nft",
        back_end: BackEnd::IptablesNft,
        place: DOCKER,
        rules: "*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 10.0.0.0/24 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p udp -m udp --dport 5060 -j DNAT --to-destination 10.0.0.5:5060
-A DOCKER ! -i docker0 -p udp -m udp --dport 10000:20000 -j DNAT --to-destination 10.0.0.5
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i lo -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 10.0.0.5/32 ! -i docker0 -o docker0 -p udp -m udp --dport 5060 -j ACCEPT
-A DOCKER -d 10.0.0.5/32 ! -i docker0 -o docker0 -p udp -m udp --dport 10000:20000 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
",
        call_in: Outcome::Sound,
        call_out: Outcome::Sound,
        stopped_by: None,
    },
    Firewall {
        name: "Docker without ports for sound in iptables-legacy",
        back_end: BackEnd::IptablesLegacy,
        place: DOCKER,
        rules: "*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 10.0.0.0/24 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p udp -m udp --dport 5060 -j DNAT --to-destination 10.0.0.5:5060
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 10.0.0.5/32 ! -i docker0 -o docker0 -p udp -m udp --dport 5060 -j ACCEPT
COMMIT
",
        call_in: Outcome::NoSound,
        call_out: Outcome::Sound,
        stopped_by: Some("not_forwarded"),
    },
    Firewall {
        name: "REDIRECT in iptables-legacy",
        back_end: BackEnd::IptablesLegacy,
        place: Place::OnHostAtPort(5070),
        rules: "*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 5060 -j REDIRECT --to-ports 5070
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 54.65.63.192/30 -p udp -m udp --dport 5070 -j ACCEPT
-A INPUT -s 54.65.63.192/26 -p udp -m udp --dport 10000:20000 -j ACCEPT
COMMIT
",
        call_in: Outcome::Sound,
        call_out: Outcome::Sound,
        stopped_by: None,
    },
    Firewall {
        name: "REDIRECT with a rule for the port before it in iptables-nft",
        back_end: BackEnd::IptablesNft,
        place: Place::OnHostAtPort(5070),
        rules: "*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 5060 -j REDIRECT --to-ports 5070
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 54.65.63.192/30 -p udp -m udp --dport 5060 -j ACCEPT
-A INPUT -s 54.65.63.192/26 -p udp -m udp --dport 10000:20000 -j ACCEPT
COMMIT
",
        call_in: Outcome::NoCall,
        call_out: Outcome::Sound,
        stopped_by: Some(":INPUT DROP"),
    },
];
