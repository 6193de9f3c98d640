//! The Cisco ASA parser: the exact drift of access lists, or an error with a reason.
//!
//! No test runs on a real ASA. The samples have the form of public transcripts and of the Cisco ASA Series Command
//! Reference: `show running-config`, `show access-list`, `access-list extended`, `object` and `object-group`.

use crate::common;

use crate::common::judge::{BOTH, assert_in_sync, dialect, everything, policy, units};
use twilio_sip_allow::firewall::Drift;
use twilio_sip_allow::format::read::UnitQuery;
use twilio_sip_allow::format::{self, Unit};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::Dimension;
use twilio_sip_allow::policy::{Direction, Plane, Policy, Transport};
use twilio_sip_allow::select::Selection;

mod random;

const FORMAT: &str = "cisco-asa";

const CONFIGURED: &str = include_str!("../samples/cisco-asa/tokyo.configured");

const SHOWN: &str = include_str!("../samples/cisco-asa/tokyo.shown");

fn selection(region: &str, directions: &[Direction]) -> Selection {
    Selection {
        regions: vec![region.to_owned()],
        directions: directions.to_vec(),
        ..everything()
    }
}

fn tokyo(directions: &[Direction]) -> Policy {
    policy(&["regional"], &selection("tokyo", directions)).unwrap()
}

fn text(policy: &Policy) -> String {
    format::render(dialect(FORMAT), policy, &Unit::default()).unwrap()
}

/// The drift from the rules for Tokyo, or the errors, each with its line number, its problem and the text.
fn check_named(text: &str, directions: &[Direction], name: &str) -> Result<Drift, Vec<String>> {
    let units = units(FORMAT, text, name, directions)?;
    let policy = tokyo(directions);
    Ok(format::compare(dialect(FORMAT), &policy, &units, Limits::default(), || &[]).unwrap())
}

fn check(text: &str, directions: &[Direction]) -> Result<Drift, Vec<String>> {
    check_named(text, directions, "twilio-sip")
}

/// The differing sides, joined by `+`: `missing`, `extra`, and `beyond` for traffic that cannot be compared. Empty if
/// in sync.
fn differing_sides(drift: Result<Drift, Vec<String>>, text: &str) -> String {
    let drift = drift.unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
    let sides = [
        (!drift.missing.is_empty(), "missing"),
        (!drift.extra.is_empty(), "extra"),
        (!drift.unmeasured.is_empty(), "beyond"),
    ];
    let found: Vec<&str> = sides
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, s)| *s)
        .collect();
    found.join("+")
}

fn sides(text: &str) -> String {
    differing_sides(check(text, &[Direction::In]), text)
}

/// The inbound list for Tokyo, without the comments and the removal before it.
const LIST: &str = "\
access-list TWILIO-SIP-IN remark whatever is not permitted below is denied
access-list TWILIO-SIP-IN extended permit udp 54.65.63.192 255.255.255.252 any eq 5060
access-list TWILIO-SIP-IN extended permit tcp 54.65.63.192 255.255.255.252 any eq sip
access-list TWILIO-SIP-IN extended permit tcp 54.65.63.192 255.255.255.252 any eq 5061
access-list TWILIO-SIP-IN extended permit udp 54.65.63.192 255.255.255.192 any range 10000 20000
";

const FIRST: &str =
    "access-list TWILIO-SIP-IN extended permit udp 54.65.63.192 255.255.255.252 any eq 5060\n";

/// The rows of a table. `|` stands for a line break and `+` for the start of an entry.
fn rows(table: &str) -> impl Iterator<Item = String> {
    table.lines().filter(|row| !row.is_empty()).map(|row| {
        row.replace('|', "\n")
            .replace('+', "access-list TWILIO-SIP-IN extended ")
    })
}

/// [`LIST`] with other lines instead of its first entry.
fn instead(lines: &str) -> String {
    assert!(LIST.contains(FIRST));
    LIST.replace(FIRST, &format!("{lines}\n"))
}

const OBJECTS: &str = "\
name 54.65.63.192 first
name 54.65.63.193 second description of two
object network SIGNALING
 description Tokyo
 subnet 54.65.63.192 255.255.255.252
object network HALF
 range first second
object network ONE
 host 54.65.63.194
object network V6
 subnet 2001:db8::/32
object network V6-RANGE
 range 2001:db8::1 2001:db8::9
object service UDP-SIP
 service udp destination eq sip
object service TO-ANY
 service udp source gt 0 destination eq 5060
object service FROM-0
 service udp source eq 0 destination range sip 5060
object-group network NET
 description Tokyo
 group-object REST
 network-object object HALF
 network-object host 54.65.63.194
 network-object host 2001:db8::1
object-group network REST
 network-object host 54.65.63.195
 network-object 2001:db8::/32
object-group service SIP
 service-object object TO-ANY
 service-object udp source eq 0 destination eq sip
object-group service OLD
 service-object udp eq sip
object-group service ALL
 group-object SIP
 service-object tcp destination range sip 5061
object-group service PING
 service-object icmp echo 0
 service-object esp
object-group service PORTS tcp-udp
 description of SIP
 port-object eq sip
 group-object MORE
object-group service MORE tcp-udp
 port-object range 5060 5060
object-group service UDP-PORTS udp
 port-object eq 5060
object-group service ANY-PORT udp
 port-object range 0 65535
object-group service TCP-PORTS tcp
 port-object eq 5060
object-group protocol BOTH
 protocol-object udp
 protocol-object tcp
object-group protocol UDP
 protocol-object 17
object-group icmp-type MESSAGES
 icmp-object echo
 icmp-object 11
object-group user STAFF
 user LOCAL\\bob
 group-object OTHERS
";

/// Replacements of the first entry that do not change the meaning.
const SAME: &str = "
+permit udp host 54.65.63.192 any eq sip|+permit 17 host second any4 range sip 5060|+permit udp 54.65.63.194 255.255.255.254 any eq 5060
+permit udp object SIGNALING any eq 5060 log
+permit udp object SIGNALING any object-group UDP-PORTS log 4 interval 600
+permit udp object SIGNALING object-group ANY-PORT any object-group PORTS log disable
+permit udp object-group NET any4 eq 5060 log default
+permit udp object HALF any eq 5060|+permit udp object ONE any eq 5060|+permit udp object-group REST any4 eq 5060
+permit object UDP-SIP object SIGNALING any
+permit object TO-ANY object-group NET any4|+permit object FROM-0 object-group NET any4
+permit object-group SIP object SIGNALING any log informational interval 300
+permit object-group OLD object SIGNALING any
+permit object-group ALL object SIGNALING any
+permit object-group BOTH object SIGNALING any eq sip
+permit object-group BOTH object SIGNALING any object-group PORTS
+permit object-group UDP object SIGNALING any eq sip
+permit udp first 255.255.255.252 any eq 5060
+permit udp 54.65.63.192 255.255.255.192 any range 10000 20000|+deny udp object SIGNALING any neq 5060|+permit udp object SIGNALING any
+deny udp any any lt sip|+permit udp object SIGNALING any lt 5061|access-list TWILIO-SIP-IN extended permit ip any any inactive
+permit udp object SIGNALING any eq 5060|+deny icmp any any object-group MESSAGES inactive
+permit udp object SIGNALING any eq 5060|+deny icmp any any echo-reply|+deny icmp any any echo inactive|+deny icmp any any echo-reply log
+permit udp object SIGNALING any eq 5060|+permit ip any any time-range NIGHT inactive
+permit udp object SIGNALING any eq 5060|+permit ip any6 any4
+permit udp object SIGNALING any eq 5060|+permit ip 2001:db8::/32 any4
+permit udp object SIGNALING any eq 5060|access-list OTHER extended permit ip any any|access-list TWILIO-SIP-OUT extended permit ip any any
+deny ip any6 any6|+permit udp object SIGNALING any eq 5060|+permit ip any6 any6
";

/// Lines around the list that do not change its meaning.
const AROUND: &str = "
!|<list>!|access-group TWILIO-SIP-IN in interface outside|
clear configure access-list TWILIO-SIP-IN|<list>
access-list TWILIO-SIP-IN extended permit ip any any|clear configure access-list TWILIO-SIP-IN|<list>
edge# show running-config access-list|<list>edge#|
: Saved|:|ASA Version 9.8(2)|!|names|<list>Cryptochecksum:0|: end|edge# |
interface GigabitEthernet0/0| no nameif| description permit ip any any|<list>
access-list mode auto-commit|access-list deny-flow-max 4096|<list>
object network X| host 192.0.2.1| nat (inside,outside) static interface|no snmp-server location|<list>
access-list inside_in extended permit ip any any|access-list inside_in remark TWILIO-SIP-IN|access-list x webtype permit url any|<list>
object-group-search access-control|banner motd access-list|dynamic-access-policy-record TWILIO-SIP-IN|<list>
";

#[test]
fn rendered_output_is_in_sync() {
    let variants: [fn(&mut Selection); 9] = [
        |_| (),
        |s| s.directions = vec![Direction::In],
        |s| s.directions = vec![Direction::Out],
        |s| s.planes = vec![Plane::Media],
        |s| s.planes = vec![Plane::Signaling],
        |s| s.transports = Some(vec![Transport::Tls]),
        |s| s.local_sip_port = Some(5070),
        |s| s.local_rtp_ports = "30000-30999".parse().ok(),
        |s| {
            let networks = ["192.0.2.10/32", "198.51.100.0/24"];
            s.local_addresses = networks.map(|n| n.parse().unwrap()).into();
        },
    ];
    let mut count = 0;
    for editions in ["regional", "regional-expanded", "global", "regional,global"] {
        let editions: Vec<&str> = editions.split(',').collect();
        for region in ["all", "virginia", "tokyo", "europe"] {
            for variant in variants {
                let mut selection = selection(region, &BOTH);
                variant(&mut selection);
                let policy = policy(&editions, &selection).unwrap();
                assert_in_sync(&format!("{selection:?}"), FORMAT, &policy, &text(&policy));
                count += 1;
            }
        }
    }
    assert_eq!(count, 4 * 4 * 9);
}

#[test]
fn listings_of_an_asa_are_in_sync() {
    for sample in [CONFIGURED, SHOWN] {
        assert_eq!(
            differing_sides(check(sample, &BOTH), sample),
            "",
            "{sample}"
        );
    }
    // The output of the two commands in either order, and elements without indentation.
    let starts = |line: &&str| line.starts_with("access-list") && !line.contains("interval 600");
    let lists: Vec<&str> = CONFIGURED.split_inclusive('\n').filter(starts).collect();
    let lists = lists.concat();
    let from = CONFIGURED.find("object network tokyo").unwrap();
    let to = CONFIGURED.find("access-list").unwrap();
    let objects = &CONFIGURED[from..to];
    let flat = SHOWN.replace("  access-list", "access-list");
    for text in [
        format!("{objects}{lists}"),
        format!("{lists}{objects}"),
        format!("{objects}{SHOWN}"),
        flat,
    ] {
        assert_eq!(differing_sides(check(&text, &BOTH), &text), "", "{text}");
    }
}

/// Without any one of the lines that add a rule, a sample is not in sync.
#[test]
fn a_missing_line_is_never_in_sync() {
    for sample in [CONFIGURED, SHOWN] {
        let lines: Vec<&str> = sample.lines().collect();
        let matters = |line: &str| {
            let is_rule = line.contains("permit udp") || line.contains("permit tcp");
            // The elements contain everything that the entry says.
            let is_rule = is_rule && !(sample == SHOWN && line.contains("object"));
            is_rule
                || line.contains("54.65")
                || line.contains("-object ") && !line.contains("group")
        };
        let mut tried = 0;
        for at in (0..lines.len()).filter(|at| matters(lines[*at])) {
            let less = [&lines[..at], &lines[at + 1..]].concat().join("\n") + "\n";
            let drift = check(&less, &BOTH);
            assert!(
                drift.is_err() || drift.is_ok_and(|d| !d.is_none()),
                "{}",
                lines[at]
            );
            tried += 1;
        }
        assert!(tried >= 8, "{tried}");
    }
}

#[test]
fn equivalent_lists_are_in_sync() {
    let mut texts = vec![
        LIST.to_owned(),
        text(&tokyo(&BOTH)).replace('\n', "\r\n"),
        LIST.replace("any eq", "any4 eq"),
        LIST.replace(FIRST, "") + FIRST,
        // Two outputs of this program, one after the other.
        text(&tokyo(&[Direction::Out])) + &text(&tokyo(&[Direction::In])),
        text(&tokyo(&BOTH)).replace(" network-object", "network-object"),
    ];
    texts.extend(rows(AROUND).map(|row| row.replace("<list>", LIST)));
    for entry in rows(SAME) {
        texts.push(format!("{OBJECTS}{}", instead(&entry)));
        texts.push(format!("{}{OBJECTS}", instead(&entry)));
    }
    for text in texts {
        assert_eq!(sides(&text), "", "{text}");
    }
}

/// Replacements of the first entry and the resulting drift.
const DIFFERENT: &str = "
missing +deny ip any any|+permit udp object SIGNALING any eq 5060
missing +permit udp object SIGNALING any eq 5060 inactive
missing +permit udp object SIGNALING any eq 5060 time-range NIGHT
missing +permit udp object SIGNALING interface outside eq 5060
missing +permit udp user LOCAL\\bob object SIGNALING any eq 5060
missing +permit udp user-group EXAMPLE\\\\all object SIGNALING any eq 5060
missing +permit udp object-group-user STAFF object SIGNALING any eq 5060
missing +permit udp security-group name VOICE object SIGNALING any eq 5060
missing +permit udp object SIGNALING security-group tag 7 any eq 5060
missing +permit udp object SIGNALING object-group-security S any eq 5060
missing +permit udp object ONE any eq 5060
missing +permit udp object HALF any eq 5060|+permit udp object ONE any eq 5060
missing +permit udp object-group REST any4 eq 5060
beyond +permit udp object-group NET any eq 5060
missing +permit udp object SIGNALING any6 eq 5060
missing +permit object TO-ANY object SIGNALING any
missing +permit udp object SIGNALING any eq 5060|access-list TWILIO-SIP-IN remark x|clear configure access-list TWILIO-SIP-IN
extra +permit udp 54.65.63.192 255.255.255.248 any eq 5060
extra +permit udp object SIGNALING any range 5059 5060
extra +permit udp object SIGNALING any gt 5059
extra +permit udp object SIGNALING any lt 5061
extra +permit ip object SIGNALING any
extra +permit object-group BOTH object SIGNALING any
extra +permit udp object SIGNALING any eq 5060|+permit icmp any any4 echo
extra +permit udp object SIGNALING any eq 5060|+permit icmp any any4 object-group MESSAGES
extra +permit udp object SIGNALING any eq 5060|+permit icmp any any4 3 13
extra +permit udp object SIGNALING any eq 5060|+permit object-group PING any4 any
extra +permit udp object SIGNALING any eq 5060|+permit sctp any4 any eq 5060
extra +permit udp object SIGNALING any eq 5060|+permit ip host 54.65.63.1 any
both +permit tcp object SIGNALING any eq 5080
beyond +permit udp object SIGNALING any eq 5060|+permit ip any6 any6
beyond +permit udp object SIGNALING any eq 5060|+permit udp object-group NET object V6 eq 5060
beyond +permit udp object SIGNALING any eq 5060|+permit ip host 2001:db8::1 object V6-RANGE
beyond +deny tcp any6 any6|+permit udp object SIGNALING any eq 5060|+permit ip any6 any6
beyond +deny ip 2001:db8::/32 any6|+permit udp object SIGNALING any eq 5060|+permit ip any6 any6
beyond +deny ip any6 any6 time-range NIGHT|+permit udp object SIGNALING any eq 5060|+permit ip any6 any6
beyond +deny ip any6 any6 inactive|+permit udp object SIGNALING any eq 5060|+permit ip any6 any6
extra,beyond +permit udp object SIGNALING any eq 5060|+permit gre any any
";

#[test]
fn reports_each_difference_as_drift() {
    for row in rows(DIFFERENT) {
        let (side, entry) = row.split_once(' ').unwrap();
        let side = side.replace(',', "+").replace("both", "missing+extra");
        let text = format!("{OBJECTS}{}", instead(entry));
        assert_eq!(sides(&text), side, "{entry}");
    }
    for (side, text) in [
        ("missing", LIST.replace("TWILIO-SIP-IN", "OTHER")),
        ("missing", LIST.replace("TWILIO-SIP-IN", "twilio-sip-in")),
        ("missing", LIST.replace("permit tcp", "deny tcp")),
        (
            "extra",
            SHOWN.replace(" inactive (hitcnt=0) (inactive)", " (hitcnt=0)"),
        ),
    ] {
        assert!(sides(&text).starts_with(side), "{text}");
    }
}

/// The first and last ports of a range, and of the ports that `neq`, `gt` and `lt` select.
#[test]
fn ports_are_exact() {
    for (ports, wanted) in [
        ("eq 7", vec![(7, 7)]),
        ("neq 7", vec![(0, 6), (8, 65535)]),
        ("gt 7", vec![(8, 65535)]),
        ("lt 7", vec![(0, 6)]),
        ("range 7 9", vec![(7, 9)]),
        ("gt 65534", vec![(65535, 65535)]),
        ("lt 1", vec![(0, 0)]),
        ("object-group ONES", vec![(7, 7), (9, 11)]),
        ("", vec![(0, 65535)]),
    ] {
        let group = "object-group service ONES udp\n port-object range 9 11\n port-object eq 7\n";
        let text = format!(
            "{group}{LIST}access-list TWILIO-SIP-IN extended permit udp host 192.0.2.1 any4 {ports}\n"
        );
        assert_eq!(extra_ports(&text), wanted, "{ports}");
    }
}

fn extra_ports(text: &str) -> Vec<(u32, u32)> {
    let drift = check(text, &[Direction::In]).unwrap_or_else(|errors| panic!("{errors:?}"));
    let span = drift
        .extra
        .iter()
        .map(|part| part.packets.set(Dimension::LocalPort).hull());
    let mut spans: Vec<(u32, u32)> = span.map(|span| (span.first, span.last)).collect();
    spans.sort_unstable();
    spans
}

/// Cisco ASA Series General Operations CLI Configuration Guide, "Addresses, Protocols, and Ports":
/// "TCP and UDP Ports".
const PORTS: &str = "
aol 5190 bgp 179 biff 512 bootpc 68 bootps 67 chargen 19 cifs 3020 citrix-ica 1494 cmd 514 ctiqbe 2748
daytime 13 discard 9 dnsix 195 domain 53 echo 7 exec 512 finger 79 ftp 21 ftp-data 20 gopher 70
h323 1720 hostname 101 http 80 https 443 ident 113 imap4 143 irc 194 isakmp 500 kerberos 750 klogin 543
kshell 544 ldap 389 ldaps 636 login 513 lotusnotes 1352 lpd 515 mobile-ip 434 nameserver 42
netbios-dgm 138 netbios-ns 137 netbios-ssn 139 nfs 2049 nntp 119 ntp 123 pcanywhere-data 5631
pcanywhere-status 5632 pim-auto-rp 496 pop2 109 pop3 110 pptp 1723 radius 1645 radius-acct 1646 rip 520
rsh 514 rtsp 554 secureid-udp 5510 sip 5060 smtp 25 snmp 161 snmptrap 162 sqlnet 1521 ssh 22 sunrpc 111
syslog 514 tacacs 49 talk 517 telnet 23 tftp 69 time 37 uucp 540 vxlan 4789 who 513 whois 43 www 80
xdmcp 177
";

/// "Protocols and Applications" in the same guide.
const PROTOCOLS: &str = "
ah 51 eigrp 88 esp 50 gre 47 icmp 1 icmp6 58 igmp 2 igrp 9 ipinip 4 ipsec 50 nos 94 ospf 89 pcp 108 pim 103
pptp 47 sctp 132 snp 109 tcp 6 udp 17 99 99
";

#[test]
fn knows_the_port_and_protocol_names_of_an_asa() {
    let pairs = |table: &'static str| {
        let words: Vec<&str> = table.split_whitespace().collect();
        let pair = |pair: &[&'static str]| (pair[0], pair[1].parse::<u32>().unwrap());
        words.chunks(2).map(pair).collect::<Vec<_>>()
    };
    let entry = |words: &str| format!("{LIST}access-list TWILIO-SIP-IN extended permit {words}\n");
    for (name, port) in pairs(PORTS) {
        let text = entry(&format!("udp host 192.0.2.1 any4 eq {name}"));
        assert_eq!(extra_ports(&text), [(port, port)], "{name}");
    }
    for (name, number) in pairs(PROTOCOLS) {
        let drift = check(
            &entry(&format!("{name} host 192.0.2.1 any4")),
            &[Direction::In],
        )
        .unwrap();
        let [ref extra] = drift.extra[..] else {
            panic!("{name}: {:?}", drift.extra);
        };
        let numbers: Vec<u32> = extra
            .packets
            .header
            .protocols
            .numbers()
            .map(u32::from)
            .collect();
        assert_eq!(numbers, [number], "{name}");
    }
}

#[test]
fn an_entry_with_an_icmp_type_is_uncertain() {
    for (entry, sometimes) in [
        ("icmp any4 any", false),
        ("icmp any4 any echo", true),
        ("icmp any4 any unreachable 3 log", true),
        ("icmp6 any4 any 128", true),
        ("object-group PING-ONLY any4 any", true),
        ("object-group NO-PING any4 any", false),
        ("icmp any4 any time-range NIGHT", true),
    ] {
        let groups = "object-group service PING-ONLY\n service-object icmp echo\n\
                      object-group service NO-PING\n service-object icmp\n";
        let text = format!("{groups}{LIST}access-list TWILIO-SIP-IN extended permit {entry}\n");
        let drift = check(&text, &[Direction::In]).unwrap();
        let [ref extra] = drift.extra[..] else {
            panic!("{entry}: {:?}", drift.extra);
        };
        assert_eq!(!extra.condition.is_true(), sometimes, "{entry}");
    }
}

#[test]
fn finds_the_users_own_list_by_its_name() {
    let named = |name: &str| LIST.replace("TWILIO-SIP-IN", name);
    let inbound = &[Direction::In];
    for (name, side) in [("outside_in", ""), ("Outside_in", "missing")] {
        let text = named(name);
        assert_eq!(
            differing_sides(check_named(&text, inbound, "outside_in"), &text),
            side
        );
    }
    let both = named("outside_in") + &named("OUTSIDE-IN-IN").replace("eq 5061", "eq 5062");
    // The exact name takes precedence.
    assert_eq!(
        differing_sides(check_named(&both, inbound, "outside_in"), &both),
        ""
    );
    let both = named("outside_in").replace("eq 5061", "eq 5062") + &named("OUTSIDE-IN-IN");
    assert_ne!(
        differing_sides(check_named(&both, inbound, "outside_in"), &both),
        ""
    );
    // One list cannot belong to both directions.
    let text = named("outside_in");
    assert_eq!(
        differing_sides(check_named(&text, &BOTH, "outside_in"), &text),
        "missing"
    );
}

/// Replacements of the first entry and the resulting error.
const REFUSED: &str = "
+perm udp any any => expected permit or deny, not 'perm'
+ => expected permit or deny at the end of the line
+permit vrrp any any => unknown protocol 'vrrp'; expected a known name or a number from 1 to 255
+permit 0 any any => protocol 0 is ambiguous; write 'ip' for any protocol
+permit udp any => expected an address at the end of the line
+permit udp host pbx any => 'pbx' is not an IPv4 address
+permit udp 54.65.63.192 => expected a netmask at the end of the line
+permit udp 54.65.63.192 0.0.0.3 any => expected a netmask without gaps, such as 255.255.255.0, not '0.0.0.3'
+permit udp 54.65.63.192 255.0.255.0 any => expected a netmask without gaps
+permit udp 54.65.63.193 255.255.255.252 any => '54.65.63.193' is not the first address of a network with this netmask, and an ASA requires it to be
+permit udp 54.65.63.192/30 any => '54.65.63.192/30' is not an IPv4 address
+permit udp range 54.65.63.195 54.65.63.192 any => the range from '54.65.63.195' to '54.65.63.192' is reversed
+permit udp fqdn example.com (resolved) any => host names are not supported
+permit udp object NAMED any => unknown member 'fqdn' of a definition for networks
+permit udp interface => expected the name of an interface at the end of the line
+permit udp user => expected the name of a user or a group at the end of the line
+permit udp security-group VOICE any any => expected 'name' or 'tag' after 'security-group'
+permit ip any any eq 5060 => ports require a protocol with ports: tcp, udp or sctp
+permit udp any any eq sips => unknown port 'sips'; expected a name known to an ASA or a number from 0 to 65535
+permit udp any any eq 65536 => unknown port '65536
+permit udp any any gt 65535 => no port matches 'gt'
+permit udp any any lt 0 => no port matches 'lt'
+permit udp any any range 20000 10000 => the port range from 20000 to 10000 is reversed
+permit udp any any eq 1 2 => unknown option '2' of an extended access list entry
+permit udp any any established => unknown option 'established' of an extended access list entry
+permit tcp any any object-group UDP-PORTS => group 'UDP-PORTS' is for the ports of another protocol
+permit object-group BOTH any any object-group UDP-PORTS => group 'UDP-PORTS' is for the ports of another protocol
+permit object-group SIP any any eq sip => ports require a protocol with ports: tcp, udp or sctp
+permit udp any any object-group MESSAGES => unknown option 'object-group' of an extended access list entry
+permit icmp any any 300 => '300' is not an ICMP type from 0 to 255
+permit icmp any any 3 300 => '300' is not an ICMP code from 0 to 255
+permit udp any any log interval soon => 'soon' is not a number of seconds
+permit udp any any time-range => expected the name of a time range at the end of the line
+permit udp any any rule-id 268435456 => unknown option 'rule-id' of an extended access list entry
+permit udp any any (inactive) => unknown option '(inactive)' of an extended access list entry
+permit udp any any (hitcnt=0) 0x12345678 => the line has a number but no hit count, or a hit count but no number
access-list TWILIO-SIP-IN line 1 extended permit udp any any => the input has this access list twice
access-list TWILIO-SIP-IN permit udp any any => expected extended or remark, not 'permit'
access-list TWILIO-SIP-IN standard permit any => not an extended access list
access-list TWILIO-SIP-IN advanced permit udp any any => expected extended or remark, not 'advanced'
access-list TWILIO-SIP-IN remark => expected the text of a remark at the end of the line
access-list TWILIO-SIP-IN ext permit udp any any => expected a name and a kind of access list, such as extended, not 'ext permit udp any any'
access-list extended permit udp any any => expected a name and a kind of access list, such as extended, not
access-list => expected the name of an access list at the end of the line
no access-list TWILIO-SIP-IN extended permit udp any any eq 5060 => the line removes an entry
access-l TWILIO-SIP-IN extended permit udp any any => expected 'access-list' in full and in lower case, not 'access-l'
edge(config)# access-list TWILIO-SIP-IN extended permit udp any any => the line looks like an entry of an access list
TWILIO-SIP-IN access-list extended permit udp any any => the line looks like an entry of an access list
extended permit udp any any => the line looks like an entry of an access list
ipv6 access-list TWILIO-SIP-IN permit ip any any => the line looks like an entry of an access list
ip access-list extended TWILIO-SIP-IN => this is IOS syntax
Extended IP access list TWILIO-SIP-IN => this is IOS syntax
clear configure all => this command removes configuration that the input does not show
clear configure access-list => this command removes configuration that the input does not show
clear access-list TWILIO-SIP-IN counters => this command removes configuration that the input does not show
<--- More ---> => the input contains terminal messages
access-list TWILIO-SIP-IN remark a\u{8}b => the line contains a control character
 network-object host 192.0.2.1 => the line may be the broken end of the entry above
+permit ip any any|inactive => the line may be the broken end of the entry above; put each entry on one line
+permit ip any any|time-range NIGHT => the line may be the broken end of the entry above
+permit udp any any eq 506|0 => the line may be the broken end of the entry above
no network-object host 192.0.2.1 => the line is a member of an object group, but no group begins above it
+permit udp object-group ELSEWHERE any => object group 'ELSEWHERE' is not in the input
+permit udp object NET any => object 'NET' is not in the input
+permit udp object-group SIGNALING any => object group 'SIGNALING' is not in the input
+permit udp object-group SIP any => 'SIP' contains services, but networks are expected here
+permit object-group NET any any => 'NET' contains networks, but services are expected here
+permit udp object-group CIRCLE any => object group 'CIRCLE' contains itself
+permit udp object-group EMPTY any => the object group has no members
+permit udp object NOTHING any => the object has no value
+permit udp object TWO any => the object has two values
+permit udp object-group GAPS any => expected a netmask without gaps, such as 255.255.255.0, not '0.0.0.3'
+permit udp object-group TRAIL any => expected the end of the line, not 'more'
+permit udp object-group MINUS any => unknown member 'no' of a definition for networks
+permit udp object-group MIXED any => unknown member 'service-object' of a definition for networks
+permit object-group SOURCE any any => expected ports after 'source'
+permit object-group WRONG-NEST any any => 'MORE' contains ports of the same protocol, but services are expected here
+permit udp object-group BIG(298) any(65537) => the ASA uses object-group-search
object-group netw NET => unknown kind of object 'netw'; expected network or service, for example
object-group service X sctp => expected tcp, udp or tcp-udp, not 'sctp'
object-group network NET extra => expected the end of the line, not 'extra'
object-group network NET => 'NET' is defined twice; provide one listing at a time
object network NET => 'NET' is defined twice
no object-group network NET => 'NET' is defined or used above, and an ASA does not remove objects in use
no object-group => expected a kind of object at the end of the line
: Saved => the configuration does not end with ': end'
ASA Version 9.8(2) => the configuration does not end with ': end'
ASA Version 9.8(2)|: end|ASA Version 9.8(2)|: end => a second configuration begins here
";

const BAD_OBJECTS: &str = "\
object network NAMED
 fqdn v4 example.com
object network NOTHING
 description none
object network TWO
 host 192.0.2.1
 host 192.0.2.2
object-group network CIRCLE
 group-object ROUND
object-group network ROUND
 group-object CIRCLE
object-group network EMPTY
object-group network GAPS
 network-object 10.0.0.0 0.0.0.3
object-group network TRAIL
 network-object host 10.0.0.1 more
object-group network MINUS
 network-object host 10.0.0.1
 no network-object host 10.0.0.1
object-group network MIXED
 service-object tcp
object-group service SOURCE
 service-object udp source
object-group service WRONG-NEST
 group-object MORE
";

#[test]
fn rejects_unsupported_entries_with_a_reason() {
    for row in REFUSED.lines().filter(|row| !row.is_empty()) {
        let (entry, problem) = row.split_once(" => ").unwrap();
        let entry = rows(entry).collect::<String>().replace("\\u{8}", "\u{8}");
        let text = format!("{OBJECTS}{BAD_OBJECTS}{}", instead(&entry));
        match check(&text, &[Direction::In]) {
            Ok(drift) => panic!("{entry} is not refused: {drift:?}"),
            Err(errors) => assert!(
                errors.iter().any(|message| message.contains(problem)),
                "{entry}: {errors:?}"
            ),
        }
    }
}

/// Each case changes the output of `show access-list` and names the resulting error.
#[test]
fn rejects_a_listing_with_gaps() {
    let third = "access-list TWILIO-SIP-IN line 3 extended permit udp object";
    for (from, to, problem) in [
        ("IN; 5", "IN; 6", "the head announces 6 elements"),
        (
            "IN; 5 elements",
            "IN; many elements",
            "expected the number of elements",
        ),
        (
            third,
            "access-list TWILIO-SIP-IN line 4 extended permit udp object",
            "expected line 3 of the access list, not '4'",
        ),
        (
            " line 1 remark",
            " line 2 remark",
            "expected line 1 of the access list, not '2'",
        ),
        (
            " line 4 extended",
            " line 1 extended",
            "expected line 4 of the access list, not '1'",
        ),
        (
            "line 2 extended permit udp 54",
            "line 2 extended deny udp 54",
            "the entry and this element must both have 'permit', or neither",
        ),
        (
            "extended permit udp object tokyo-media any object-group RTP",
            "extended permit udp object tokyo-media any object-group RTP time-range NIGHT",
            "must both have 'time-range', or neither",
        ),
        (
            " (inactive) 0x00000005",
            " (inactive",
            "unknown option '(inactive' of an extended access list entry",
        ),
        (
            " inactive (hitcnt=0) (inactive)",
            " (hitcnt=0) (inactive)",
            "unknown option '(inactive)' of an extended access list entry",
        ),
        (
            "  access-list TWILIO-SIP-IN line 3 extended permit udp range 54.65.63.192 54.65.63.255",
            "  access-list TWILIO-SIP-IN line 3 extended permit udp range 54.65.63.192 54.65.63.255(2)",
            "'54.65.63.255(2)' is not an IPv4 address",
        ),
        (
            "(Last Hit=19:40:29 UTC Oct 25 2025) 0x00000003",
            "(Last Hit=19:40:29",
            "expected the end of a time at the end of the line",
        ),
        (
            "any4 eq sip (hitcnt=4) 0x00000001",
            "any4 eq sip",
            "the line has a number but no hit count, or a hit count but no number",
        ),
        (
            "line 4 extended",
            "line 3 remark x\naccess-list TWILIO-SIP-IN line 4 extended",
            "expected line 4 of the access list",
        ),
        (
            "access-list split;",
            "access-list TWILIO-SIP-IN; 1 elements\naccess-list split;",
            "the input has this access list twice",
        ),
    ] {
        assert!(SHOWN.contains(from), "{from}");
        let errors = check(&SHOWN.replacen(from, to, 1), &BOTH).unwrap_err();
        assert!(errors[0].contains(problem), "{from}: {errors:?}");
    }
}

/// The lines of a file are commands. An ASA rejects some of them in another order.
#[test]
fn rejects_commands_that_an_asa_would_reject() {
    let file = text(&tokyo(&[Direction::In]));
    assert_eq!(sides(&file), "");
    let group = "object-group network TWILIO-SIP-IN-MEDIA\n! tokyo\n network-object 54.65.63.192 255.255.255.192\n";
    assert!(file.contains(group));
    let below = file.replace(group, "") + group;
    let errors = check(&below, &[Direction::In]).unwrap_err();
    let problem =
        "object group 'TWILIO-SIP-IN-MEDIA' is defined only below, and an ASA refuses that";
    assert!(errors[0].contains(problem), "{errors:?}");
    // The same file twice: it clears the list, but the groups already have members.
    let errors = check(&file.repeat(2), &[Direction::In]).unwrap_err();
    let problem = "'TWILIO-SIP-IN-SIGNALING' is defined or used above, and an ASA does not remove objects in use";
    assert!(errors[0].contains(problem), "{errors:?}");
    let used = LIST.replace(
        FIRST,
        "access-list X extended permit ip object-group G any\n",
    );
    let errors = check(
        &format!("{used}no object-group network G\n"),
        &[Direction::In],
    )
    .unwrap_err();
    assert!(
        errors[0]
            .contains("'G' is defined or used above, and an ASA does not remove objects in use"),
        "{errors:?}"
    );
}

#[test]
fn reports_errors_with_their_lines_up_to_a_maximum() {
    let errors = check(
        &LIST.replace("255.252 any eq 506", "255.252 any eq x"),
        &[Direction::In],
    )
    .unwrap_err();
    let places: Vec<&str> = errors.iter().map(|error| &error[..2]).collect();
    assert_eq!(places, ["2:", "4:"]);
    let many = LIST.to_owned() + &"access-list TWILIO-SIP-IN what\n".repeat(1000);
    assert_eq!(check(&many, &[Direction::In]).unwrap_err().len(), 20);
    let many = LIST.to_owned() + &"access-list TWILIO-SIP-IN extended what\n".repeat(1000);
    assert_eq!(check(&many, &[Direction::In]).unwrap_err().len(), 20);
    // An error in a group is reported once, at the line of the group, even if many entries use it.
    let uses = "access-list TWILIO-SIP-IN extended permit udp object-group GAPS any\n".repeat(1000);
    let errors = check(&format!("{BAD_OBJECTS}{LIST}{uses}"), &[Direction::In]).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].starts_with("14: expected a netmask without gaps"),
        "{errors:?}"
    );
}

#[test]
fn rejects_the_text_of_another_system() {
    let asa = "the input has neither a configuration nor an extended access list; expected the output of 'show running-config' or 'show access-list' on an ASA";
    let rendered =
        |format: &str| format::render(dialect(format), &tokyo(&BOTH), &Unit::default()).unwrap();
    for (foreign, problem) in [
        ("Permission denied\n".to_owned(), asa),
        ("hostname r1\ninterface Gi0\n".to_owned(), asa),
        ("access-list 101 permit ip any any\n".to_owned(), asa),
        (
            "ERROR: % Invalid input detected at '^' marker.\n".to_owned(),
            asa,
        ),
        (rendered("iptables"), asa),
        (rendered("nftables"), asa),
        (rendered("junos"), asa),
        (
            rendered("cisco"),
            "this is IOS syntax; provide the output of an ASA, or use --format cisco",
        ),
    ] {
        let errors = check(&foreign, &BOTH).unwrap_err();
        assert!(errors[0].contains(problem), "{foreign}: {errors:?}");
    }
}

#[test]
fn truncated_input_is_never_in_sync() {
    let drifted = |text: &str| {
        let drift = check(text, &BOTH);
        drift.is_err() || drift.is_ok_and(|drift| !drift.is_none())
    };
    let rendered = text(&tokyo(&BOTH));
    for (text, whole_from) in [
        (rendered.as_str(), rendered.len()),
        (CONFIGURED, CONFIGURED.len() - ": end\n".len()),
        (SHOWN, SHOWN.len()),
    ] {
        assert!(!drifted(text));
        for end in (0..whole_from).filter(|end| text.is_char_boundary(*end)) {
            assert!(drifted(&text[..end]), "{end}: {}", &text[..end]);
        }
    }
}

#[test]
fn a_repair_replaces_the_whole_list_unless_it_is_the_users_own() {
    let directions = &[Direction::In];
    let policy = tokyo(directions);
    let repair = |text: &str, name: &str| {
        let unit = Unit {
            name: format::UnitName::deployed(name).unwrap(),
            table: None,
            ..Unit::default()
        };
        let wanted = format::read::UnitQuery {
            unit: &unit,
            directions,
            limits: Limits::default(),
        };
        let units = format::parse(dialect(FORMAT), text, wanted).unwrap();
        format::repair(dialect(FORMAT), &policy, text, wanted, &units)
    };
    let less = LIST.replace(FIRST, "");
    assert_eq!(repair(&less, "twilio-sip").unwrap(), text(&policy));
    let own = less.replace("TWILIO-SIP-IN", "outside");
    let refused = repair(&own, "outside").unwrap_err().to_string();
    assert!(
        refused.contains("cannot repair 'outside', because this program did not create it"),
        "{refused}"
    );
}

/// Each line of a banner is a separate command (Cisco ASA Series Command Reference, `banner`).
#[test]
fn a_banner_command_has_one_line() {
    let open = "access-list TWILIO-SIP-IN extended permit ip any4 any4";
    for line in [
        "banner motd ^C",
        "banner exec #",
        "banner login access-list TWILIO-SIP-IN extended permit ip any any",
        "group-policy X attributes\n banner value ^C TWILIO-SIP-IN extended",
        "interface outside\n description access-list TWILIO-SIP-IN extended",
    ] {
        assert_eq!(sides(&format!("{LIST}{line}\n")), "", "{line}");
        assert_eq!(sides(&format!("{LIST}{line}\n{open}\n")), "extra", "{line}");
    }
}

#[test]
fn a_certificate_hides_no_commands() {
    let open = "access-list TWILIO-SIP-IN extended permit ip any4 any4\n";
    let chain =
        "crypto ca certificate chain X\n certificate ca 01\n    30820275 308201de\n    a0030201\n";
    assert_eq!(sides(&format!("{LIST}{chain}  quit\n")), "");
    assert_eq!(sides(&format!("{LIST}{chain}  quit\n{open}")), "extra");
    for inside in [
        open,
        "clear configure access-list X\n",
        "access-l X extended permit ip any any\n",
        LIST,
    ] {
        let errors =
            check(&format!("{LIST}{chain}{inside}  quit\n"), &[Direction::In]).unwrap_err();
        assert!(
            errors[0].contains("expected the digits of a certificate, or 'quit'"),
            "{errors:?}"
        );
    }
}

#[test]
fn rejects_abbreviated_commands() {
    let object = "object network TOKYO\n subnet 54.65.63.192 255.255.255.252\n";
    let list = object.to_owned()
        + &instead("access-list TWILIO-SIP-IN extended permit udp object TOKYO any eq 5060");
    assert_eq!(sides(&list), "");
    for (line, command) in [
        ("obj network TOKYO\n subnet 0.0.0.0 0.0.0.0", "object-group"),
        ("ob network TOKYO\n subnet 0.0.0.0 0.0.0.0", "object-group"),
        (
            "OBJECT network TOKYO\n subnet 0.0.0.0 0.0.0.0",
            "object-group",
        ),
        (
            "object-g network TOKYO\n network-object host 192.0.2.1",
            "object-group",
        ),
        ("no obj network TOKYO", "object-group"),
        ("NO object network TOKYO", "object-group"),
        (
            "No access-list TWILIO-SIP-IN extended permit ip any any",
            "access-list",
        ),
        ("cl configure access-list TWILIO-SIP-IN", "clear"),
        ("clea conf access-list TWILIO-SIP-IN", "clear"),
        (
            "access-l TWILIO-SIP-IN extended permit ip any any",
            "access-list",
        ),
        (
            "ACCESS-LIST TWILIO-SIP-IN extended permit ip any any",
            "access-list",
        ),
        (
            "no access-l TWILIO-SIP-IN extended permit ip any any",
            "access-list",
        ),
        ("nam 192.0.2.1 pbx", "name"),
    ] {
        let errors = check(&format!("{list}{line}\n"), &[Direction::In]).unwrap_err();
        let problem = format!("expected '{command}' in full and in lower case");
        assert!(errors[0].contains(&problem), "{line}: {errors:?}");
    }
    for (line, problem) in [
        (
            "clear conf access-list TWILIO-SIP-IN",
            "this command removes configuration that the input does not show",
        ),
        (
            "clear configure access-list",
            "this command removes configuration that the input does not show",
        ),
        (
            "clear configure all",
            "this command removes configuration that the input does not show",
        ),
        (
            "clear access-list TWILIO-SIP-IN counters",
            "this command removes configuration that the input does not show",
        ),
        (
            "no access-list TWILIO-SIP-IN extended permit ip any any",
            "the line removes an entry",
        ),
        (
            "access-list TWILIO-SIP-IN line 1 extended permit ip any any",
            "the input has this access list twice",
        ),
        (
            "access-list OTHER rename TWILIO-SIP-IN",
            "expected a name and a kind of access list, such as extended, not",
        ),
        (
            "name 192.0.2.1 pbx\nname 192.0.2.2 pbx",
            "'pbx' already names another address",
        ),
        (
            "asa# copy tftp: running-config",
            "this command may change the configuration",
        ),
        (
            "asa# configure replace x",
            "this command may change the configuration",
        ),
        (
            "event manager applet X\n action 0 cli command \"no access-list TWILIO-SIP-IN line 1\"",
            "the line runs a command that may change the access list at any time, so its effect is unknown; remove the line",
        ),
    ] {
        let errors = check(&format!("{list}{line}\n"), &[Direction::In]).unwrap_err();
        assert!(errors[0].contains(problem), "{line}: {errors:?}");
    }
    let cleared = format!("{list}clear configure access-list TWILIO-SIP-IN\n");
    assert_eq!(sides(&cleared), "missing");
}

#[test]
fn contents_that_can_change_are_rejected_or_uncertain() {
    let first = |entry: &str| instead(&format!("access-list TWILIO-SIP-IN extended {entry}"));
    for (objects, entry, problem) in [
        (
            "object network N\n fqdn v4 example.com\n",
            "permit udp object N any eq 5060",
            "'fqdn'",
        ),
        (
            "object network N\n fqdn example.com\n",
            "permit udp object N any eq 5060",
            "'fqdn'",
        ),
        (
            "object network F\n fqdn example.com\nobject-group network N\n network-object object F\n",
            "permit udp object-group N any eq 5060",
            "'fqdn'",
        ),
        (
            "object-group network-service N\n domain example.com\n",
            "permit udp object-group N any eq 5060",
            "'N' contains objects of an unsupported kind",
        ),
        (
            "",
            "permit udp object-group N any eq 5060",
            "object group 'N' is not in the input",
        ),
    ] {
        let errors = check(&format!("{objects}{}", first(entry)), &[Direction::In]).unwrap_err();
        assert!(errors[0].contains(problem), "{entry}: {errors:?}");
    }
    let network = "object network N\n subnet 54.65.63.192 255.255.255.252\n";
    for (entry, side) in [
        ("permit udp object N any eq 5060", ""),
        (
            "permit udp object N any eq 5060 time-range NIGHT",
            "missing",
        ),
        ("permit udp object N any eq 5060 inactive", "missing"),
        (
            "permit udp user DOMAIN\\joe object N any eq 5060",
            "missing",
        ),
        (
            "permit udp object-group-user JOES object N any eq 5060",
            "missing",
        ),
        (
            "permit udp security-group name X object N any eq 5060",
            "missing",
        ),
    ] {
        let text = format!(
            "{network}object network N\n nat (inside,outside) static 192.0.2.1\n{}",
            first(entry)
        );
        assert_eq!(sides(&text), side, "{entry}");
    }
}

/// A name cannot start with a number (Cisco ASA Series Command Reference, `name`).
#[test]
fn an_address_is_not_a_name_of_another_address() {
    let list = instead(
        "access-list TWILIO-SIP-IN extended permit udp 10.0.0.0 255.255.255.252 any eq 5060",
    );
    for name in ["10.0.0.0", "54.65.63.193", "2001:db8::1", "::"] {
        let text = format!("names\nname 54.65.63.192 {name}\n{list}");
        let errors = check(&text, &[Direction::In]).unwrap_err();
        let problem = format!("'{name}' is an address");
        assert!(errors[0].contains(&problem), "{name}: {errors:?}");
    }
    let list = list.replace("10.0.0.0", "twilio");
    assert_eq!(sides(&format!("name 54.65.63.192 twilio\n{list}")), "");
    for blank in ["\u{a0}", "\u{b}", "\u{7f}"] {
        let text = list.replace("access-list TW", &format!("{blank}access-list TW"));
        let checked = check(&text, &[Direction::In]);
        assert!(checked.is_err(), "{blank:?}: {checked:?}");
    }
}

#[test]
fn accepts_a_keyword_as_a_name() {
    let groups = "object network any\n subnet 54.65.63.192 255.255.255.252\n\
                  object-group network host\n network-object object any\n\
                  object-group service range udp\n port-object eq 5060\n\
                  object-group service log\n service-object udp destination eq 5060\n";
    for (entry, side) in [
        ("permit udp object any any eq 5060", ""),
        ("permit udp object-group host any object-group range", ""),
        ("permit object-group log object-group host any log", ""),
        ("permit udp any4 object any eq 5060", "missing+extra"),
    ] {
        let text =
            groups.to_owned() + &instead(&format!("access-list TWILIO-SIP-IN extended {entry}"));
        assert_eq!(sides(&text), side, "{entry}");
    }
    for name in ["any", "host", "object", "inactive", "log", "in"] {
        let list = LIST.replace("TWILIO-SIP-IN", name);
        let of = |text: &str| differing_sides(check_named(text, &[Direction::In], name), text);
        assert_eq!(of(&list), "", "{name}");
        let cleared = format!("{list}clear configure access-list {name}\n");
        assert_eq!(of(&cleared), "missing", "{name}");
    }
}

/// `show running-config` prints the checksum directly before `: end`. People often omit that last line.
#[test]
fn a_configuration_ends_with_its_checksum_or_its_last_line() {
    let head = "ASA Version 9.8(2)\n!\nhostname asa\n";
    let checksum = "Cryptochecksum:0123456789abcdef0123456789abcdef\n";
    for text in [
        format!("{head}{LIST}{checksum}: end\n"),
        format!("{head}{LIST}{checksum}"),
        format!(": Saved\n:\n{head}{LIST}: end\n"),
        format!("Cryptochecksum:0123abcd 0123abcd\n: Saved\n{head}{LIST}{checksum}: end\n"),
    ] {
        assert_eq!(sides(&text), "", "{text}");
    }
    for text in [
        format!("{head}{LIST}"),
        format!("{head}{LIST}Cryptochecksum:0123\n"),
        format!("{checksum}{head}{LIST}"),
        format!("{head}{LIST}end\n"),
    ] {
        let errors = check(&text, &[Direction::In]).unwrap_err();
        assert!(
            errors[0].contains("the configuration does not end with ': end'")
                && errors[0].contains("or only the output of 'show running-config access-list'"),
            "{text}: {errors:?}"
        );
    }
}

#[test]
fn rejects_a_text_from_several_devices() {
    for (before, after) in [
        ("hostname a\n", "hostname b\n"),
        (": Saved\nhostname a\n", ": end\nhostname a\n"),
        (
            "asa1# show run access-list\n",
            "asa2# show run access-list\n",
        ),
        ("asa/ctx1# show run\n", "asa/ctx2# show run\n"),
        ("", ": end\n: end\n"),
    ] {
        let errors = check(&format!("{before}{LIST}{after}"), &[Direction::In]).unwrap_err();
        assert!(
            errors[0].contains("the input has listings of several devices"),
            "{before}{after}: {errors:?}"
        );
    }
    let one = format!("asa# show run access-list\n{LIST}asa# terminal pager 0\nasa#\n");
    assert_eq!(sides(&one), "");
}

/// With a quadratic algorithm, this test would take hours.
#[test]
fn reads_large_texts_in_linear_time() {
    let lines = 10_000;
    let repeated = |make: &dyn Fn(usize) -> String| (0..lines).map(make).collect::<String>();
    for text in [
        repeated(&|n| format!("access-list TWILIO-SIP-IN{n} extended permit ip any any\n")),
        repeated(&|n| format!("object-group network G{n}\n group-object G{}\n", n + 1)),
        repeated(&|n| format!("name 192.0.2.1 n{n}\n")),
        format!("access-list {} remark x\n", "x".repeat(2 << 20)),
        format!("banner motd {}\n", "TWILIO-SIP-IN ".repeat(100_000)),
    ] {
        assert_eq!(sides(&format!("{LIST}{text}")), "", "{}", &text[..40]);
    }
    // An entry of 200 kB with its elements.
    let prefix = "access-list TWILIO-SIP-IN line 1 extended permit ip object";
    let elements =
        format!("{prefix} host 192.0.2.1 any (hitcnt=0) 0x1\n").replace("ip object", "ip");
    let text = format!(
        "{prefix} X any {} (hitcnt=0) 0x1\n{}",
        "log ".repeat(50_000),
        elements.repeat(lines)
    );
    let text = format!("access-list TWILIO-SIP-IN; {lines} elements; name hash: 0x1\n{text}");
    assert_eq!(sides(&text), "missing+extra");
    // The parser keeps names in memory until it has read all lines.
    for line in [
        "object network N\n host 192.0.2.1\n",
        "object-group network N\n network-object host 192.0.2.1\n",
        "name 192.0.2.1 N\n",
        "access-list OTHER extended permit ip object N any\n",
    ] {
        let names = (0..502).map(|n| line.replace('N', &n.to_string()));
        let wanted = UnitQuery {
            unit: &Unit::default(),
            directions: &[Direction::In],
            limits: Limits::default().with(&["work=50000".parse().unwrap()]),
        };
        let text = names.collect::<String>();
        let errors = format::parse(dialect("cisco-asa"), &text, wanted).unwrap_err();
        let problem = &errors[0].problem();
        assert!(problem.contains("steps to evaluate"), "{line}: {problem}");
    }
}
