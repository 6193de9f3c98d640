//! The Cisco IOS parser: the exact drift of access lists, or an error with a reason.

use crate::common::judge::{BOTH, dialect, everything, policy};
use twilio_sip_allow::firewall::{Drift, Part};
use twilio_sip_allow::format::read::{Lines, UnitQuery};
use twilio_sip_allow::format::{self, Format, Unit, UnitName};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{Dimension, Flags};
use twilio_sip_allow::policy::{Direction, Plane, Policy, Transport};
use twilio_sip_allow::select::Selection;

fn cisco() -> &'static dyn Format {
    dialect("cisco")
}

/// The expected policy and the name of the lists to compare with it.
struct Expected {
    policy: Policy,
    unit: Unit,
}

impl Expected {
    /// Returns `None` if an edition lacks a region.
    fn new(selection: &Selection, editions: &str) -> Option<Expected> {
        let editions: Vec<&str> = editions.split(',').collect();
        Some(Expected {
            policy: policy(&editions, selection).ok()?,
            unit: Unit::default(),
        })
    }

    fn text(&self) -> String {
        format::render(cisco(), &self.policy, &self.unit).unwrap()
    }

    /// The drift of all directions, or the line and the problem of each error.
    fn check(&self, text: &str) -> Result<Drift, Vec<(usize, String)>> {
        let wanted = UnitQuery {
            unit: &self.unit,
            directions: &self.policy.scope.directions,
            limits: Limits::default(),
        };
        let units = format::parse(cisco(), text, wanted).map_err(|errors| {
            let errors = errors.into_iter();
            errors
                .map(|e| (Lines::of(text).number(e.at()), e.problem()))
                .collect::<Vec<_>>()
        })?;
        Ok(format::compare(cisco(), &self.policy, &units, Limits::default(), || &[]).unwrap())
    }

    /// The differing sides: `same`, `missing`, `extra` or `both`.
    fn sides(&self, text: &str) -> &'static str {
        let drift = self.check(text);
        let drift = drift.unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        match (drift.missing.is_empty(), drift.extra.is_empty()) {
            (true, true) => "same",
            (false, true) => "missing",
            (true, false) => "extra",
            (false, false) => "both",
        }
    }
}

fn selection(region: &str, directions: &[Direction]) -> Selection {
    Selection {
        regions: vec![region.to_owned()],
        directions: directions.to_vec(),
        ..everything()
    }
}

fn tokyo(directions: &[Direction]) -> Expected {
    Expected::new(&selection("tokyo", directions), "regional").unwrap()
}

/// The inbound list for Tokyo, without the comments and the removal before it.
const LIST: &str = "\
ip access-list extended TWILIO-SIP-IN
 remark everything that is not permitted below is denied (implicit deny)
 remark signaling udp: tokyo
 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060
 remark signaling tcp: tokyo
 20 permit tcp 54.65.63.192 0.0.0.3 any eq 5060
 remark signaling tls: tokyo
 30 permit tcp 54.65.63.192 0.0.0.3 any eq 5061
 remark media: tokyo
 40 permit udp 54.65.63.192 0.0.0.63 any range 10000 20000
 remark signaling tcp, return traffic: tokyo
 50 permit tcp 54.65.63.192 0.0.0.3 eq 5060 any established
 remark signaling tls, return traffic: tokyo
 60 permit tcp 54.65.63.192 0.0.0.3 eq 5061 any established
";

const HEAD: &str = "ip access-list extended TWILIO-SIP-IN\n";
const REMOVAL: &str = "no ip access-list extended TWILIO-SIP-IN\n";
const FIRST: &str = " 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060\n";

/// The rows of a table. `|` stands for a line break.
fn rows(table: &str) -> impl Iterator<Item = String> {
    table
        .lines()
        .filter(|row| !row.is_empty())
        .map(|row| row.replace('|', "\n"))
}

/// [`LIST`] with other lines instead of its first entry.
fn instead(lines: &str) -> String {
    assert!(LIST.contains(FIRST));
    LIST.replace(FIRST, &format!(" {lines}\n"))
}

#[test]
fn rendered_output_is_in_sync() {
    let variants: [fn(&mut Selection); 11] = [
        |_| (),
        |s| s.directions = vec![Direction::In],
        |s| s.directions = vec![Direction::Out],
        |s| s.planes = vec![Plane::Media],
        |s| s.planes = vec![Plane::Signaling],
        |s| s.transports = Some(vec![Transport::Tls]),
        |s| s.transports = Some(vec![Transport::Udp, Transport::Tcp]),
        |s| s.local_sip_port = Some(5070),
        |s| s.local_tls_port = Some(5062),
        |s| s.local_rtp_ports = "30000-30999".parse().ok(),
        |s| {
            let networks = ["192.0.2.10/32", "198.51.100.0/24"];
            s.local_addresses = networks.map(|n| n.parse().unwrap()).into();
        },
    ];
    let regions = "all virginia oregon ireland frankfurt tokyo singapore sydney sao-paulo europe";
    let mut count = 0;
    let editions = "regional regional-expanded global interconnect regional,global";
    for editions in editions.split(' ') {
        for region in regions.split(' ') {
            for variant in variants {
                let mut selection = selection(region, &BOTH);
                variant(&mut selection);
                let Some(expected) = Expected::new(&selection, editions) else {
                    continue;
                };
                assert_eq!(expected.sides(&expected.text()), "same", "{selection:?}");
                count += 1;
            }
        }
    }
    assert!(count > 500, "{count}");
}

/// Replacements of the first entry that do not change the meaning.
const SAME: &str = "
10 permit udp host 54.65.63.192 any eq 5060|11 permit 17 54.65.63.194 0.0.0.1 any range 5060 5060|permit udp host 54.65.63.193 any eq 5060
15 permit udp 54.65.63.192 0.0.0.2 any eq 5060 5060|permit udp 54.65.63.193 0.0.0.2 any eq 5060
10 permit udp 54.65.63.195 0.0.0.3 gt 0 any eq 5060|11 permit udp 54.65.63.192 0.0.0.3 eq 0 any eq 5060 log TAG (12 matches)
9 permit udp 54.65.63.192 0.0.0.63 any range 10000 20000|10 deny udp 54.65.63.192 0.0.0.3 any neq 5060|11 permit udp 54.65.63.192 0.0.0.3 any
5 deny udp any any lt 5060 (1 match)|6 permit udp 54.65.63.192 0.0.0.3 any lt 5061|39 permit ip any any|no 39
1 deny icmp any any host-unreachable log|2 deny 1 any any 8 0|3 deny object-group NONE object-group NET any log-input|4 permit object-group SIP object-group NET any
10 permit udp object-group SIGNALING any eq 5060
10 permit udp object-group SLASH any eq 5060
2147483647 permit udp 54.65.63.192 0.0.0.3 any eq 5060
10 permit udp 54.65.63.192 0.0.0.3 any eq 5060 5060 5060 5060 5060 5060 5060 5060 5060 5060
10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|11 permit icmp object-group NET any 8 0|no 11
10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|no 10|10 permit udp 54.65.63.192 0.0.0.3 any eq 5060
10 permit udp 54.65.63.192 0.0.0.3 any eq 5060 log (tag = established) (12 matches)
10 permit udp 54.65.63.192 0.0.0.3 any eq 5060 log (hash = 0x1d5a7cbe)
";

const GROUPS: &str = "\
object-group network SIGNALING
 description Tokyo
 host 54.65.63.192
 range 54.65.63.193 54.65.63.194
 group-object REST
object-group network REST
 54.65.63.195 /32
object-group network ALL
 any
object-group network SLASH
 54.65.63.192/30
Network object group NET
 54.65.63.194 255.255.255.252

Service object group SIP
 udp eq 5060
 tcp 5060
 tcp-udp source eq 7 eq 5060
 group-object TLS
object-group service TLS
 tcp range 5061 5061
object-group service NONE
icmp echo
esp
";

/// Lines around the list that do not change its meaning.
const AROUND: &str = "
<list>!|sip-ua| permit hostname dns:example.pstn.twilio.com| no permit hostname dns:example.com|!|
!|<list>!| deny ip any any (7 matches)|!|interface Gi0| ip access-group TWILIO-SIP-IN in|
<head> permit ip any any|no <head><list>ip access-list resequence TWILIO-SIP-IN 5 5|
<list>ip access-list extended OTHER| permit ip any any|<head> 70 permit udp 54.65.63.192 0.0.0.1 any eq 5060|
<list>ip access-list extended TWILIO-SIP-OUT| what|ipv6 access-list TWILIO-SIP-IN| permit ipv6 any any|
Router#show ip access-lists|Standard IP access list 7| 10 permit any|<shown>IPv6 access list X| permit ipv6 any any|Router#|
Building configuration...||Current configuration : 9 bytes|banner motd ^C|<head> permit ip any any|^C|<list>!|end||Router#|
alias exec a (config|alias exec b )#|*Mar 1 00:00:00.000: %SYS-5-CONFIG_I: Configured|<list>
vlan name|macro x|Building 7|Current 7|Extended IX access list TWILIO-SIP-IN|Network x|IP x|ipv4 address TWILIO-SIP-IN|<list>
ip ac ext TWILIO-SIP-IN|ac TWILIO-SIP-IN|ob network NET|object-group ne NET|ip access-list re TWILIO-SIP-IN|<list>
banner #one#|macro name X|<head> permit ip any any|@|access-list 101 permit ip any any|<list>
";

#[test]
fn equivalent_lists_are_in_sync() {
    assert!(tokyo(&BOTH).text().contains(LIST));
    let shown = LIST.replace(HEAD, "Extended IP access list TWILIO-SIP-IN\n");
    let unnumbered = (1..=6).fold(LIST.to_owned(), |list, n| {
        list.replace(&format!(" {n}0 p"), " p")
    });
    let mut texts = vec![
        tokyo(&BOTH).text().replace('\n', "\r\n"),
        LIST.replace("\n ", "\n"),
        LIST.replace(" established", " ack rst"),
        LIST.replace(" established", " match-any +ack +rst log-input (3 matches)"),
        LIST.replace(FIRST, "") + FIRST,
        LIST.replace("remark signaling udp", "10 remark permit ip any any"),
        unnumbered.replace(" permit ", " \tpermit  "),
    ];
    texts.extend(rows(AROUND).map(|row| {
        let row = row.replace("<head>", HEAD).replace("<list>", LIST);
        row.replace("<shown>", &shown)
    }));
    let again = "object-group network SIGNALING\n any\nno object-group network SIGNALING\n";
    let entry = instead("10 permit udp object-group SIGNALING any eq 5060");
    texts.push(format!("{again}{GROUPS}{entry}"));
    // A line without indentation either ends a group or belongs to it.
    let group = "object-group network TOKYO\nhost 54.65.63.192\nrange 54.65.63.193 54.65.63.195\n";
    let entry = instead("10 permit udp object-group TOKYO any eq 5060");
    texts.push(format!("{group}hostname R\n{entry}"));
    texts.push(format!("{group}no ip http server\n{entry}"));
    for entry in rows(SAME) {
        texts.push(format!("{GROUPS}{}", instead(&entry)));
        texts.push(format!("{}{GROUPS}", instead(&entry)));
    }
    for text in texts {
        assert_eq!(tokyo(&[Direction::In]).sides(&text), "same", "{text}");
    }
}

#[test]
fn finds_the_users_own_list_by_its_name() {
    let named = |name: &str| LIST.replace("TWILIO-SIP-IN", name);
    let mut expected = tokyo(&[Direction::In]);
    expected.unit.name = "OUTSIDE".parse().unwrap();
    assert_eq!(expected.sides(&named("OUTSIDE")), "same");
    assert_eq!(expected.sides(&named("Outside")), "missing");
    // The exact name takes precedence.
    let both = named("OUTSIDE") + &named("OUTSIDE-IN").replace(FIRST, "");
    assert_eq!(expected.sides(&both), "same");
    let both = named("OUTSIDE").replace(FIRST, "") + &named("OUTSIDE-IN");
    assert_eq!(expected.sides(&both), "missing");
    // One list cannot belong to both directions.
    expected.policy = tokyo(&BOTH).policy;
    assert_eq!(expected.sides(&named("OUTSIDE")), "missing");
}

#[test]
fn a_list_of_one_direction_is_repaired_unless_it_is_the_users_own() {
    let mut expected = tokyo(&[Direction::In]);
    let repair = |expected: &Expected, text: &str| {
        let directions = &[Direction::In];
        let unit = &expected.unit;
        let wanted = UnitQuery {
            unit,
            directions,
            limits: Limits::default(),
        };
        let units = format::parse(cisco(), text, wanted).unwrap();
        format::repair(cisco(), &expected.policy, text, wanted, &units)
    };
    assert_eq!(
        repair(&expected, &LIST.replace(FIRST, "")).unwrap(),
        expected.text()
    );
    expected.unit.name = "OUTSIDE".parse().unwrap();
    let own = LIST.replace("TWILIO-SIP-IN", "OUTSIDE");
    let refused = repair(&expected, &own).unwrap_err().to_string();
    assert!(refused.contains("OUTSIDE"), "{refused}");
}

/// Replacements of the first entry and the resulting drift.
const DIFFERENT: &str = "
missing 10 remark nothing
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060 time-range NIGHT (active)
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060 dscp ef log
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060 precedence critical tos 4 option any-options
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060 ttl range 3 9
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|1 deny ip any any fragments
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|1 deny udp 0.65.63.193 255.0.0.0 any
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|70 permit ip any any|no 70|no 10
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|9 deny object-group SIP any any
missing 10 permit udp object-group REST any eq 5060
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|1 deny tcp any any match-all -syn +ack
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|1 deny tcp any any match-any -urg
extra 10 permit udp 54.65.63.192 0.0.0.7 any eq 5060
extra 10 permit udp 54.65.63.192 0.0.0.3 any range 5059 5060
extra 10 permit ip 54.65.63.192 0.0.0.3 any
extra 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|11 permit icmp any any echo
extra 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|11 permit udp any any fragments
extra 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|11 permit tcp any any match-all +urg
extra 10 permit object-group SIP any any
extra 10 permit udp object-group ALL any eq 5060
extra 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|11 permit object-group NONE any any
extra 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|11 permit nos any any
missing 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|1 deny tcp any any psh ack
extra 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|11 permit tcp any any urg
extra 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060|11 permit udp 54.0.0.1 0.170.170.170 any
both 10 permit tcp 54.65.63.192 0.0.0.3 any eq 5080
";

#[test]
fn reports_each_difference_as_drift() {
    for row in rows(DIFFERENT) {
        let (side, entry) = row.split_once(' ').unwrap();
        let text = format!("{GROUPS}{}", instead(entry));
        assert_eq!(tokyo(&[Direction::In]).sides(&text), side, "{entry}");
    }
    let texts = [
        (
            "missing",
            LIST.replace(HEAD, "ip access-list extended OTHER\n"),
        ),
        ("missing", format!("{LIST}{REMOVAL}")),
        ("missing", LIST.replace(" 60", " exit\n!")),
        ("extra", format!("{LIST}!\npermit ip any any\n")),
        (
            "extra",
            format!("{LIST}interface Gi0\n {HEAD} permit ip any any\n"),
        ),
        ("extra", LIST.replace(" any established", " any")),
    ];
    for (side, text) in texts {
        assert_eq!(tokyo(&[Direction::In]).sides(&text), side, "{text}");
    }
}

#[test]
fn a_group_member_with_an_icmp_type_is_uncertain() {
    for (member, sometimes) in [("icmp echo", true), ("icmp 8", true), ("icmp", false)] {
        let text = format!(
            "object-group service PING\n {member}\n{HEAD} permit object-group PING any any\n"
        );
        let drift = tokyo(&[Direction::In]).check(&text).unwrap();
        let [ref extra] = drift.extra[..] else {
            panic!("{member}: {:?}", drift.extra);
        };
        assert_eq!(!extra.condition.is_true(), sometimes, "{member}");
    }
}

/// `match-all` requires each flag. `match-any` and flags without a keyword require one of them (Cisco IOS Security
/// Command Reference, `permit (IP)`).
#[test]
fn match_all_requires_every_flag_and_match_any_requires_one() {
    let opening = Flags::opening();
    for (entry, flags, sometimes) in [
        ("tcp any any established", Flags::established(), false),
        (
            "tcp any any match-any +ack +rst",
            Flags::established(),
            false,
        ),
        ("tcp any any ack rst", Flags::established(), false),
        ("tcp any any match-all +syn -ack", opening, false),
        ("tcp any any match-any -syn +ack", opening.not(), false),
        (
            "tcp any any match-all +fin",
            Flags::any_of(Flags::FIN),
            false,
        ),
        ("tcp any any fin", Flags::any_of(Flags::FIN), false),
        (
            "tcp any any match-all +urg -fin",
            Flags::masked(Flags::FIN, 0),
            true,
        ),
        ("tcp any any match-any +urg +fin", Flags::ALL, true),
        ("tcp any any urg fin", Flags::ALL, true),
        ("tcp any any psh", Flags::ALL, true),
        ("tcp any any fragments", Flags::ALL, true),
        ("tcp any any dscp ef", Flags::ALL, true),
        ("tcp any any log", Flags::ALL, false),
    ] {
        let text = format!("{HEAD} permit {entry}\n");
        let drift = tokyo(&[Direction::In]).check(&text).unwrap();
        // An address far from Twilio's networks, for which nothing is expected.
        let far = |part: &&Part| part.packets.set(Dimension::Remote).hull().last == u32::MAX;
        let part = drift.extra.iter().find(far).unwrap();
        let found = (part.packets.header.flags, !part.condition.is_true());
        assert_eq!(found, (flags, sometimes), "{entry}");
    }
}

/// Replacements of the first entry and the resulting error.
const REFUSED: &str = "
permit udp any any eq 5060 reflect CALLS => 'reflect' is not supported, because it opens the firewall for later packets
evaluate CALLS => 'evaluate' is not supported, because it depends on earlier packets
dynamic LOGIN permit ip any any => dynamic entries are not supported, because they depend on who logs in
perm udp any any => expected permit or deny, not 'perm'
permit vrrp any any => unknown protocol 'vrrp'; expected a known name or a number from 1 to 255
permit 0 any any => protocol 0 is ambiguous; write 'ip' for any protocol
permit udp any => expected an address at the end of the line
permit udp host pbx any => 'pbx' is not an IPv4 address
permit udp 54.65.63.192 => expected a wildcard mask at the end of the line
permit udp 54.65.63.192 any => 'any' is not an IPv4 address
permit udp interface any => expected any, host, object-group, or an address and a wildcard mask, not 'interface'
permit udp 0.0.0.1 255.170.170.0 any 0.0.0.0 85.85.85.85 => more than 4096 ranges
permit ip any any eq 5060 => ports require a protocol with ports: tcp, udp or sctp
permit udp any any eq sip => unknown port 'sip'; expected a name known to IOS or a number from 0 to 65535
permit udp any any gt 65535 => no port matches 'gt'
permit udp any any range 20000 10000 => the port range from 20000 to 10000 is reversed
permit udp any any eq 1 2 3 4 5 6 7 8 9 10 11 => expected at most 10 ports, not 11
permit udp any any established => flags require the protocol tcp
permit tcp any any established syn => the entry has two conditions on flags
permit tcp any any match-all => expected flags such as +ack or -syn after 'match-all'
permit tcp any any match-all +ack -ack => the flag of '-ack' is given twice
permit udp any any dscp log => 'dscp' has no value
permit icmp any any 300 => '300' is not an ICMP type from 0 to 255
permit udp any any log frag => unknown option 'frag' of an extended access list entry
permit udp any any (12 packets) => unknown option '(12' of an extended access list entry
permit udp any any ttl about 5 => expected eq, neq, gt, lt or range, not 'about'
permit udp any any ttl eq 256 => '256' is not a time to live from 0 to 255
permit udp any any ttl range 3 => expected a time to live at the end of the line
permit udp 0.0.0.1 240.255.15.0 any => more than 4096 ranges
permit udp 54.65.63.192 255.255.255.252 any => the wildcard mask looks like a netmask; the equivalent wildcard mask is 0.0.0.3
permit tcp any any match-all +frob => '+frob' is not a TCP flag
permit udp any any (active) => unknown option '(active)' of an extended access list entry
20 permit udp any any => an entry above already has the number 20
0 permit udp any any => '0' is not a number from 1 to 2147483647
2147483647 permit udp any any|permit tcp any any => no sequence number is left for this entry; resequence the list first
no permit udp any any => expected the number of an entry after 'no', not 'permit'
no => expected the number of an entry at the end of the line
no 70 => no entry above has the number 70
--More-- => expected permit or deny, not '--More--'
remark a\u{8}b => the line contains a control character
permit udp object-group SIP any => object group 'SIP' contains services, but networks are expected here
permit udp object-group ELSEWHERE any => provide the output of 'show running-config', or add that of 'show object-group
permit udp object-group CIRCLE any => object group 'CIRCLE' contains itself
permit udp object-group EMPTY any => the object group has no members
permit udp object-group GAPS any => expected a netmask without gaps, such as 255.255.255.0, not '0.0.0.3'
permit udp object-group NAMES any => expected any, host, range, group-object, description, or an address and a mask, not 'fqdn'
permit object-group SOURCE any any => expected ports after 'source'
permit object-group TRAIL any any => expected the end of the line, not '7'
| exit now => expected permit or deny, not 'exit'
| no exit => expected the number of an entry after 'no', not 'exit'
|default 10 => expected permit or deny, not 'default'
|de x => expected permit or deny, not 'de'
|hostname R| permit ip any any => the access list above has ended
|ip access-list extended| permit ip any any => the access list above has ended
|ip access-list frob X| permit ip any any => the access list above has ended
|no ip access-list extended X| permit ip any any => the access list above has ended
|no ip access-list extended TWILIO-SIP-IN| permit ip any any => the access list above has ended
|ip access-list resequence TWILIO-SIP-IN 5 5| permit ip any any => the access list above has ended
|ip access-l extended TWILIO-SIP-IN| permit ip any any => abbreviated command; write 'ip access-list' and the kind in full
|i access-list extended TWILIO-SIP-IN| permit ip any any => abbreviated command; write 'ip access-list' and the kind in full
|ip access-list ext TWILIO-SIP-IN| permit ip any any => abbreviated command; write 'ip access-list' and the kind in full
|exit| permit ip any any => the access list above has ended
|*Mar 1 00:00:00.000: %SYS-5-CONFIG_I: Configured| => the input contains terminal messages
|Router(config-ext-nacl)#permit ip any any| => this command may change the configuration
|ip access-l ext TWILIO-SIP-IN| permit ip any any => abbreviated command; write 'ip access-list' and the kind in full
|Extended IP access list TWILIO-SIP-IN| => the input has this access list twice
|ip access-list standard TWILIO-SIP-IN| => not an extended access list
|no object-group network SIGNALING extra| => expected the end of the line, not 'extra'
|no object-group network| => expected the name of an object group at the end of the line
|ip access-list extended TWILIO-SIP-IN x| => expected nothing after the name of the access list
|ip access-list resequence TWILIO-SIP-IN 1 1|ip access-list extended TWILIO-SIP-IN| => the list was resequenced above
|Current configuration : 9 bytes| => the configuration does not end with 'end'
|Current configuration : 9 bytes|end|Current configuration : 9 bytes|end| => a second configuration begins here
|banner motd ^C| => the text that begins here does not end with '^C'
|object-gr net NET| => abbreviated command; write 'object-group network' or 'object-group service' in full
|Network object group NET| => the input has object group 'NET' twice
";

const BAD_GROUPS: &str = "\
object-group network CIRCLE
 group-object ROUND
object-group network ROUND
 group-object CIRCLE
object-group network EMPTY
object-group network GAPS
 10.0.0.0 0.0.0.3
object-group network NAMES
 fqdn example.com
object-group service SOURCE
 udp source
object-group service TRAIL
 esp 7
";

#[test]
fn rejects_unsupported_entries_with_a_reason() {
    for row in rows(REFUSED) {
        let (entry, problem) = row.split_once(" => ").unwrap();
        let text = format!("{GROUPS}{BAD_GROUPS}{}", instead(entry));
        let text = text.replace("\\u{8}", "\u{8}");
        match tokyo(&[Direction::In]).check(&text) {
            Ok(drift) => panic!("{entry} is not refused: {drift:?}"),
            Err(errors) => assert!(
                errors.iter().any(|(_, message)| message.contains(problem)),
                "{entry}: {errors:?}"
            ),
        }
    }
}

#[test]
fn reports_errors_with_their_lines_up_to_a_maximum() {
    let expected = tokyo(&[Direction::In]);
    let text = LIST.replace("eq 5060\n", "eq x\n");
    let errors = expected.check(&text).unwrap_err();
    let lines: Vec<usize> = errors.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [4, 6]);
    let many = LIST.to_owned() + &" what\n".repeat(1000);
    assert_eq!(expected.check(&many).unwrap_err().len(), 20);
    for many in [" no\n", "exit\nobject-group net X\n"] {
        let many = LIST.to_owned() + &many.repeat(1000);
        assert_eq!(expected.check(&many).unwrap_err().len(), 20);
    }
    let standard = "Standard IP access list TWILIO-SIP-IN\n 10 permit any\n";
    let problem = &expected.check(standard).unwrap_err()[0];
    assert_eq!(problem.0, 1);
    assert!(
        problem
            .1
            .contains("not an extended access list, so it cannot match ports"),
        "{problem:?}"
    );
    let shown = LIST.replace(HEAD, "Extended IP access list TWILIO-SIP-IN\n");
    for twice in [shown.repeat(2), format!("{shown}!\n{LIST}")] {
        let errors = expected.check(&twice).unwrap_err();
        let problem = "the input has this access list twice";
        assert!(errors[0].1.contains(problem), "{errors:?}");
    }
    let group = "object-group network TOKYO\n host 54.65.63.192\nno host 54.65.63.192\n";
    let entry = instead("10 permit udp object-group TOKYO any eq 5060");
    let errors = expected.check(&format!("{group}{entry}")).unwrap_err();
    assert!(
        errors[0].1.contains("expected any, host, range"),
        "{errors:?}"
    );
    assert_eq!(errors[0].0, 3);
    // An error in a group is reported once, even if many entries use it.
    let uses = " permit udp object-group GAPS any\n".repeat(1000);
    let errors = expected
        .check(&format!("{BAD_GROUPS}{LIST}{uses}"))
        .unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
}

#[test]
fn truncated_input_is_never_in_sync() {
    let whole = |text: &str| ["Building configuration...\n", text, "!\nend\n"].concat();
    let rendered = tokyo(&BOTH).text();
    for text in [whole(&rendered), rendered] {
        assert_eq!(tokyo(&BOTH).sides(&text), "same");
        for end in 0..text.len() {
            let drift = tokyo(&BOTH).check(&text[..end]);
            assert!(drift.is_err() || drift.is_ok_and(|d| !d.is_none()), "{end}");
        }
    }
}

/// The inbound list for Tokyo of edition `global`, for the tests of banners and of `default`.
const GLOBAL: &str = "\
no ip access-list extended TWILIO-SIP-IN
ip access-list extended TWILIO-SIP-IN
 remark everything that is not permitted below is denied (implicit deny)
 remark signaling udp: tokyo
 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060
 remark signaling tcp: tokyo
 20 permit tcp 54.65.63.192 0.0.0.3 any eq 5060
 remark signaling tls: tokyo
 30 permit tcp 54.65.63.192 0.0.0.3 any eq 5061
 remark media: all regions
 40 permit udp 168.86.128.0 0.0.63.255 any range 10000 60000
 remark signaling tcp, return traffic: tokyo
 50 permit tcp 54.65.63.192 0.0.0.3 eq 5060 any established
 remark signaling tls, return traffic: tokyo
 60 permit tcp 54.65.63.192 0.0.0.3 eq 5061 any established
";

fn global() -> Expected {
    Expected::new(&selection("tokyo", &[Direction::In]), "global").unwrap()
}

/// Each case is the start and the end of a text that hides a list which permits everything.
#[test]
fn a_delimited_text_hides_commands_until_its_first_delimiter() {
    let open = format!("{HEAD} permit ip any any\n");
    let expected = global();
    assert_eq!(expected.sides(GLOBAL), "same");
    // Cisco IOS Configuration Fundamentals Command Reference: `banner`, `menu` and `macro name`.
    for (begins, ends) in [
        ("banner motd ^C", "^C"),
        ("banner motd ^C", "bye ^C end"),
        ("banner motd \u{3}", "\u{3}"),
        ("banner motd #", "foo # bar"),
        ("banner #", "#"),
        ("banner login $hello", "$"),
        ("banner exec ~", "~"),
        ("banner incoming %", "%%"),
        ("banner prompt-timeout z", "buzz"),
        ("banner slip-ppp \"", "\""),
        ("ban mo #", "#"),
        ("BANNER MOTD #", "#"),
        ("MACRO NAME X", "@"),
        ("AAA authen ban *", "*"),
        ("banner config-save ^C", "^C"),
        ("menu OnRamp title ^C", "^C"),
        ("menu OnRamp prompt #", "#"),
        ("aaa authentication banner *", "*"),
        ("aaa authentication fail-message *", "*"),
        ("line vty 0 4\n vacant-message %", "%"),
        ("line vty 0 4\n refuse-message %", "%"),
        ("busy-message router1 %", "%"),
        ("ip admission auth-proxy-banner http ^C", "^C"),
        (
            "crypto isakmp client configuration group X\n banner ^C",
            "^C",
        ),
        ("object-group network UNUSED\n banner motd ^C", "^C"),
        ("macro name X", "@"),
    ] {
        let hidden = format!("{GLOBAL}!\n{begins}\n{open}{ends}\n");
        assert_eq!(expected.sides(&hidden), "same", "{begins}");
        let after = format!("{GLOBAL}!\n{begins}\n{ends}\n{open}");
        assert_eq!(expected.sides(&after), "extra", "{begins}");
        let only = format!("{open}{begins}\n{GLOBAL}{ends}\n");
        assert!(expected.sides(&only) != "same", "{begins}");
        let unended = format!("{GLOBAL}{begins}\n{open}");
        let errors = expected.check(&unended).unwrap_err();
        assert!(
            errors[0]
                .1
                .contains("the text that begins here does not end with"),
            "{errors:?}"
        );
    }
}

#[test]
fn a_line_that_does_not_start_a_text_hides_nothing() {
    let open = format!("{HEAD} 70 permit ip any any\n");
    for line in [
        "interface Gi0\n description uplink ^C",
        "interface Gi0\n desc #1 ^C",
        "alias exec x show ^C",
        "no banner motd ^C",
        "default banner motd #",
        "ip access-list extended OTHER\n remark ^C",
        "banner motd #one line# and ^C",
        "banner motd ^Cone line^C ^C",
        "banner motd #\nfoo # bar",
    ] {
        let text = format!("{GLOBAL}{line}\n{open}alias exec y ^C\n");
        assert_eq!(global().sides(&text), "extra", "{line}");
    }
    // The cases of the description and of the alias in a running configuration.
    let text = format!(
        "version 15.7\nhostname r1\n!\ninterface GigabitEthernet0/0\n description uplink ^C\n \
         ip access-group TWILIO-SIP-IN in\n!\n{HEAD} permit ip any any\n!\nbanner motd ^C\n{}^C\n\
         alias exec x show ^C\n!\nend\n",
        GLOBAL.replace(REMOVAL, "")
    );
    assert_eq!(global().sides(&text), "extra");
    let text = format!("{GLOBAL}banner motd #\nfoo # bar\n{HEAD} 70 permit ip any any\nbaz #\n");
    assert_eq!(global().sides(&text), "extra");
}

/// If somebody typed `^C` as two characters, the delimiter is `^`. Published configurations with `^CC` show this.
#[test]
fn rejects_commands_that_may_be_part_of_a_text() {
    let open = format!("{HEAD} 70 permit ip any any\n");
    for (begins, ends) in [
        ("banner motd ^C\nfoo ^ bar", "^C"),
        ("banner motd ^Cfoo^ bar", "^C"),
        ("banner motd \u{3}\nfoo ^", "\u{3}"),
        ("banner motd ^C\n\u{3}", "^C"),
        ("snmp-server contact ^C", "^C"),
        ("snmp-server location \u{3}", "\u{3}"),
        ("banner text #", "#"),
        ("macro name X\n description a@b", "@"),
        ("macro auto execute X {", "}"),
        (
            "crypto pki certificate chain X\n certificate ca 01\n 3082",
            "quit",
        ),
        ("key-string", "quit"),
    ] {
        let text = format!("{GLOBAL}{begins}\n{open}{ends}\n");
        let errors = global().check(&text).unwrap_err();
        assert!(
            errors[0].1.contains(
                "the line may be a command, or part of a text that begins above, such as a banner"
            ),
            "{begins}: {errors:?}"
        );
        let harmless = format!("{GLOBAL}{begins}\n{ends}\n");
        assert_eq!(global().sides(&harmless), "same", "{begins}");
    }
    let nested = format!("{GLOBAL}banner motd ^C\nfoo ^\nbanner exec #\n^C\n#\n");
    let errors = global().check(&nested).unwrap_err();
    assert!(
        errors[0].1.contains(
            "the line may be a command, or part of a text that begins above, such as a banner"
        ),
        "{errors:?}"
    );
}

#[test]
fn default_removes_a_list_like_no() {
    let missing = [
        "default ip access-list extended TWILIO-SIP-IN",
        "def ip access-list extended TWILIO-SIP-IN",
        "  default ip access-list extended TWILIO-SIP-IN",
        "exit\ndefault ip access-list extended TWILIO-SIP-IN",
        "no ip access-list extended TWILIO-SIP-IN",
        "NO ip access-list extended TWILIO-SIP-IN",
        "Default ip access-list extended TWILIO-SIP-IN",
    ];
    for line in missing {
        assert_eq!(
            global().sides(&format!("{GLOBAL}{line}\n")),
            "missing",
            "{line}"
        );
    }
    for (line, problem) in [
        (
            "default ip access-list standard TWILIO-SIP-IN",
            "not an extended access list, so it cannot match ports",
        ),
        ("default ip access-l extended TWILIO-SIP-IN", "in full"),
        ("default ip access-list TWILIO-SIP-IN", "NX-OS"),
        ("default 10", "expected permit or deny, not 'default'"),
        (
            "default ip access-list extended TWILIO-SIP-IN 10",
            "expected nothing after the name of the access list",
        ),
    ] {
        let errors = global().check(&format!("{GLOBAL}{line}\n")).unwrap_err();
        assert!(errors[0].1.contains(problem), "{line}: {errors:?}");
    }
    let mut numbered = global();
    numbered.unit.name = UnitName::deployed("101").unwrap();
    let list = GLOBAL.replace("TWILIO-SIP-IN", "101");
    assert_eq!(numbered.sides(&list), "same");
    for line in [
        "default access-list 101",
        "default ip access-list extended 101",
        "no access-list 101",
    ] {
        assert_eq!(
            numbered.sides(&format!("{list}{line}\n")),
            "missing",
            "{line}"
        );
    }
}

#[test]
fn rejects_commands_that_change_a_list_indirectly() {
    for (lines, problem) in [
        (
            "do configure replace flash:x",
            "this command may change the configuration",
        ),
        (
            "do copy flash:x running-config",
            "this command may change the configuration",
        ),
        (
            "configure replace flash:x force",
            "this command may change the configuration",
        ),
        (
            "R1#configure replace flash:x",
            "this command may change the configuration",
        ),
        (
            "R1#copy tftp: running-config",
            "this command may change the configuration",
        ),
        (
            "R1#clear access-list counters",
            "this command may change the configuration",
        ),
        (
            "event manager applet X\n action 1.0 cli command \"ip access-list extended TWILIO-SIP-IN\"",
            "the line runs a command that may change the access list at any time, so its effect is unknown; remove the line",
        ),
        (
            "event manager environment acl TWILIO-SIP-IN",
            "the line runs a command that may change the access list at any time, so its effect is unknown; remove the line",
        ),
        (
            "event manager applet X\n action 1.0 set acl \"TWILIO-SIP-IN\"",
            "the line runs a command that may change the access list at any time, so its effect is unknown; remove the line",
        ),
        (
            "kron policy-list X\n cli no ip access-list extended TWILIO-SIP-IN",
            "the line runs a command that may change the access list at any time, so its effect is unknown; remove the line",
        ),
        (
            "ip access-list extended OTHER\n permit tcp any any reflect TWILIO-SIP-IN",
            "'reflect' adds entries to this list when packets pass, which no listing predicts; use a list of another name for it",
        ),
        (
            "end\nip access-list extended TWILIO-SIP-IN\n 70 permit ip any any",
            "the configuration ended above with 'end', so IOS does not load this command",
        ),
        (
            "end\nno ip access-list extended TWILIO-SIP-IN",
            "the configuration ended above with 'end', so IOS does not load this command",
        ),
        (
            "end\nobject-group network X\n any",
            "the configuration ended above with 'end', so IOS does not load this command",
        ),
    ] {
        let errors = global().check(&format!("{GLOBAL}{lines}\n")).unwrap_err();
        assert!(errors[0].1.contains(problem), "{lines}: {errors:?}");
    }
    for lines in [
        "do show clock",
        "configure terminal",
        "R1#sh run",
        "R1>enable\nR1>",
        "R1#wr t",
        "R1#write terminal",
        "event manager environment acl OTHER",
        "archive\n log config\n  hidekeys",
        "event manager applet X\n action 1.0 cli command \"show clock\"",
        "router rip\n version 2",
    ] {
        assert_eq!(
            global().sides(&format!("{GLOBAL}{lines}\n")),
            "same",
            "{lines}"
        );
    }
}

/// After `do` and unknown commands, IOS stays in the mode of the list, so these lines still change the list.
#[test]
fn rejects_lines_that_change_a_list_after_its_end() {
    for line in [
        "no 10",
        " no 10",
        "default 10",
        "no permit udp 54.65.63.192 0.0.0.3 any eq 5060",
        "no deny ip any any",
        "5 permit ip any any",
        "evaluate OTHER",
        "5 evaluate OTHER",
        "dynamic OTHER permit ip any any",
    ] {
        let text = format!("{GLOBAL}do show clock\n{line}\n");
        let errors = global().check(&text).unwrap_err();
        assert!(
            errors[0].1.contains(
                "the access list above has ended, so it is unclear which list this line changes"
            ),
            "{line}: {errors:?}"
        );
    }
    for line in [
        "no ip http server",
        "no service pad",
        "default interface Vlan1",
        "10 remark permit ip any any",
        "event manager applet X",
        "ip access-list extended OTHER\n no 10",
    ] {
        let text = format!("{GLOBAL}do show clock\n{line}\n");
        assert_eq!(global().sides(&text), "same", "{line}");
    }
}

/// A group that is in use cannot be deleted, so its members stay (Cisco IOS Security Configuration Guide, "Object
/// Groups for ACLs").
#[test]
fn a_group_that_is_in_use_is_not_removed() {
    let wide = "object-group network G\n 54.65.63.0 /24\n";
    let right = "object-group network G\n 54.65.63.192 /30\n";
    let removal = "no object-group network G\n";
    let list = GLOBAL.replace("udp 54.65.63.192 0.0.0.3", "udp object-group G");
    for text in [
        format!("{wide}{list}{removal}{right}"),
        format!("{wide}{list}exit\n{removal}{right}"),
        format!("{wide}access-list 100 permit ip object-group G any\n{removal}{right}{list}"),
        format!(
            "{wide}ip access-list extended OTHER\n permit ip any object-group G\n{removal}{right}{list}"
        ),
        format!("{wide}object-group network H\n group-object G\n{removal}{right}{list}"),
        format!("{wide}class-map X\n match access-group object-group G\n{removal}{right}{list}"),
    ] {
        let errors = global().check(&text).unwrap_err();
        assert!(
            errors[0]
                .1
                .contains("object group 'G' is used above, and IOS does not remove a group in use"),
            "{text}: {errors:?}"
        );
    }
    for text in [
        format!("{right}{list}"),
        format!("{removal}{right}{list}"),
        format!("{wide}{removal}{right}{list}"),
        format!("{wide}no object-group network H\n{removal}{right}{list}"),
    ] {
        assert_eq!(global().sides(&text), "same", "{text}");
    }
}

/// IOS treats blanks outside ASCII as letters, and a terminal interprets control characters.
#[test]
fn never_skips_blanks_that_ios_does_not_know() {
    for (from, to) in [
        (" 10 permit", "\u{a0}10 permit"),
        (" 10 permit", "\u{2003}10 permit"),
        (" 10 permit", "\u{b}10 permit"),
        (" 10 permit", "\u{c} 10 permit"),
        (" 10 permit", "\u{85}10 permit"),
        ("any eq 5060\n", "any eq 5060\u{a0}\n"),
        ("any eq 5060\n", "any eq 5060\u{3000}\n"),
        (" remark", " \u{15}remark"),
        (" remark", " \u{7f}remark"),
        (" remark", " remark \u{1b}[2K"),
    ] {
        let checked = global().check(&GLOBAL.replacen(from, to, 1));
        let is_refused = checked.as_ref().is_err();
        assert!(is_refused, "{from:?} => {to:?}: {checked:?}");
    }
    let banner = format!("{GLOBAL}banner motd \u{3}\n\u{1b}[2K\u{a0}\n\u{3}\n");
    assert_eq!(global().sides(&banner), "same");
}

#[test]
fn rejects_a_text_from_several_devices() {
    for (before, after) in [
        ("hostname r1\n", "hostname r2\n"),
        ("hostname r1\n", "hostname r1\n"),
        ("version 15.7\n", "version 17.3\n"),
        ("r1#show run\n", "r2#show run\n"),
        ("r1#show run\n", "r2>\n"),
        ("version 15.7\nhostname r1\n", "!\nend\nhostname r2\n"),
    ] {
        let errors = global()
            .check(&format!("{before}{GLOBAL}{after}"))
            .unwrap_err();
        assert!(
            errors[0]
                .1
                .contains("the input has listings of several devices"),
            "{before}{after}: {errors:?}"
        );
    }
    let one = format!("r1#show run\nversion 15.7\nhostname r1\n{GLOBAL}!\nend\nr1#\n");
    assert_eq!(global().sides(&one), "same");
}

#[test]
fn accepts_a_keyword_as_a_name() {
    let groups = "object-group network any\n host 54.65.63.192\n range 54.65.63.193 54.65.63.195\n\
                  object-group network host\n any\nobject-group service log\n udp eq 5060\n";
    let first = " 10 permit udp 54.65.63.192 0.0.0.3 any eq 5060\n";
    for (entry, side) in [
        ("10 permit udp object-group any any eq 5060", "same"),
        (
            "10 permit object-group log object-group any object-group host log host",
            "same",
        ),
        ("10 permit udp object-group host any eq 5060", "extra"),
        (
            "10 permit udp 54.65.63.192 0.0.0.3 any eq 5060 log remark",
            "same",
        ),
        (
            "10 permit udp 54.65.63.192 0.0.0.3 any eq 5060 time-range any",
            "missing",
        ),
    ] {
        let text = format!("{groups}{}", GLOBAL.replace(first, &format!(" {entry}\n")));
        assert_eq!(global().sides(&text), side, "{entry}");
    }
    for name in [
        "any",
        "host",
        "extended",
        "standard",
        "resequence",
        "permit",
        "remark",
        "log",
    ] {
        let mut expected = global();
        expected.unit.name = UnitName::deployed(name).unwrap();
        let list = GLOBAL.replace("TWILIO-SIP-IN", name);
        assert_eq!(expected.sides(&list), "same", "{name}");
        let removed = format!("{list}no ip access-list extended {name}\n");
        assert_eq!(expected.sides(&removed), "missing", "{name}");
        let other = format!("{list}ip access-list {name}\n 70 permit ip any any\n");
        assert!(expected.check(&other).is_err(), "{name}");
    }
}

/// With a quadratic algorithm, this test would take hours.
#[test]
fn reads_large_texts_in_linear_time() {
    let lines = 50_000;
    let repeated = |make: &dyn Fn(usize) -> String| (0..lines).map(make).collect::<String>();
    for text in [
        "hostname-x ^C\n".repeat(lines),
        "banner motd # x #\n".repeat(lines),
        "object-group network A\n group-object A\n".repeat(lines),
        repeated(&|n| format!("ip access-list extended TWILIO-SIP-IN{n}\n")),
        repeated(&|n| format!("object-group network G{n}\n group-object G{}\n", n + 1)),
        format!("ip access-list extended {}\n", "X".repeat(2 << 20)),
        format!("banner motd ^C{}\n^C\n", "^".repeat(2 << 20)),
        format!("alias exec {}\n", "a ".repeat(1 << 20)),
    ] {
        let checked = global().check(&format!("{GLOBAL}{text}"));
        assert!(checked.is_ok(), "{}: {checked:?}", &text[..40]);
    }
    let groups = (0..501).map(|n| format!("object-group network {n}\n"));
    let groups = groups.collect::<String>();
    let uses = (0..501).map(|n| format!("access-list 100 permit ip object-group {n} any\n"));
    for text in [groups, uses.collect::<String>()] {
        let wanted = UnitQuery {
            unit: &Unit::default(),
            directions: &[Direction::In],
            limits: Limits::default().with(&["work=50000".parse().unwrap()]),
        };
        let errors = format::parse(cisco(), &text, wanted).unwrap_err();
        assert!(
            errors[0].problem().contains("steps to evaluate"),
            "{errors:?}"
        );
    }
}
