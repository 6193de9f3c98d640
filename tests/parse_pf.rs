//! What the parser of pf makes of an anchor's text, judged by the drift that comes of it.

mod common;

use std::net::Ipv4Addr;

use common::judge::{BOTH, dialect, everything};
use twilio_sip_allow::format::parse::{Lines, Wanted};
use twilio_sip_allow::format::{self, Dialect, Unit};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::drift::{Belongs, DeployedUnit, compare};
use twilio_sip_allow::policy::space::{Field, Span};
use twilio_sip_allow::policy::{Direction, Plane, Policy, PortRange, Transport};
use twilio_sip_allow::select::{self, Selection};

const IN_SYNC: [&str; 0] = [];

fn pf() -> &'static dyn Dialect {
    dialect("pf")
}

/// Not every edition has every region.
fn policy(selection: &Selection, editions: &[&str]) -> Option<Policy> {
    common::judge::policy(editions, selection).ok()
}

fn tokyo() -> Policy {
    let regions = vec!["tokyo".to_owned()];
    let selection = Selection {
        regions,
        ..everything()
    };
    policy(&selection, &["regional"]).unwrap()
}

/// Both directions, or each problem with the number of its line.
fn parse(text: &str) -> Result<Vec<DeployedUnit>, Vec<String>> {
    let wanted = Wanted {
        unit: &Unit::default(),
        directions: &BOTH,
        limits: Limits::default(),
    };
    let units = format::parse(pf(), text, wanted).map_err(|errors| {
        let told = errors
            .iter()
            .map(|e| format!("{}: {}", Lines::of(text).number(e.at), e.problem));
        told.collect::<Vec<_>>()
    })?;
    assert_eq!(units.iter().map(|u| u.direction).collect::<Vec<_>>(), BOTH);
    assert!(units.iter().all(|u| u.name == "twilio-sip"));
    Ok(units)
}

fn refused(text: &str) -> Vec<String> {
    parse(text).map(|_| text).unwrap_err()
}

/// The drift of a text, a line for each part, such as `missing in signaling udp`, and
/// `extra in 192.0.2.1-192.0.2.9 to 5060-5060`.
fn drift(policy: &Policy, text: &str) -> Vec<String> {
    let units = parse(text).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
    let mut found = Vec::new();
    for unit in units {
        let direction = unit.direction;
        let rules: Vec<_> = policy.stateful(direction).collect();
        let drift = compare(&rules, pf().grain(), &unit, Limits::default(), || &[]).unwrap();
        let beyond = drift.beyond.iter();
        found.extend(beyond.map(|(direction, b)| format!("beyond {direction} {}", b.what)));
        found.extend(drift.missing.iter().map(|part| match &part.belongs {
            Belongs::Rule { subject, .. } => format!("missing {direction} {subject}"),
            other => panic!("{other:?}"),
        }));
        found.extend(drift.extra.iter().map(|part| {
            let Span { first, last } = part.packets.set(Field::Remote).hull();
            let [first, last] = [first, last].map(Ipv4Addr::from_bits);
            let ports = part
                .packets
                .set(match direction {
                    Direction::In => Field::LocalPort,
                    Direction::Out => Field::RemotePort,
                })
                .hull();
            format!(
                "extra {direction} {first}-{last} to {}-{}",
                ports.first, ports.last
            )
        }));
    }
    found.dedup();
    found
}

fn render(policy: &Policy) -> String {
    format::render(pf(), policy, &Unit::default()).unwrap()
}

fn selections() -> Vec<Selection> {
    let local = [
        "203.0.113.8/29".parse().unwrap(),
        "198.51.100.7/32".parse().unwrap(),
    ];
    let mut all = Vec::new();
    for region in ["all", "tokyo", "europe"] {
        for directions in [&BOTH[..], &BOTH[..1], &BOTH[1..]] {
            let base = Selection {
                regions: vec![region.to_owned()],
                directions: directions.to_vec(),
                ..everything()
            };
            for transport in [Transport::Udp, Transport::Tcp, Transport::Tls] {
                all.push(Selection {
                    planes: vec![Plane::Signaling],
                    transports: Some(vec![transport]),
                    ..base.clone()
                });
            }
            all.push(Selection {
                planes: vec![Plane::Media],
                ..base.clone()
            });
            all.push(Selection {
                local_addresses: select::local_addresses(&local),
                ..base.clone()
            });
            if directions.contains(&Direction::In) {
                all.push(Selection {
                    local_sip_port: Some(5070),
                    local_tls_port: Some(5060),
                    local_rtp_ports: Some("16384-32767".parse::<PortRange>().unwrap()),
                    ..base.clone()
                });
            }
            all.push(base);
        }
    }
    all
}

#[test]
fn what_is_rendered_is_in_sync() {
    let mut editions: Vec<Vec<&str>> = twilio_sip_allow::dataset::edition_names()
        .map(|name| vec![name])
        .collect();
    editions.push(vec!["regional", "global"]);
    for names in editions {
        for selection in selections() {
            if let Some(policy) = policy(&selection, &names) {
                assert_eq!(
                    drift(&policy, &render(&policy)),
                    IN_SYNC,
                    "{names:?} {selection:?}"
                );
            }
        }
    }
}

/// What `pfctl -sr` prints of the rules for Tokyo, and tables as a loop lists them.
const PRINTED: &str = "\
pass in quick inet proto udp from <twilio_sip_signaling> to any port = sip keep state label \"twilio-sip in signaling udp\"
pass in quick inet proto tcp from <twilio_sip_signaling> to any port = sip flags S/SA keep state
pass in quick inet proto tcp from <twilio_sip_signaling> to any port = sip-tls flags S/SA keep state
pass in quick inet proto udp from <twilio_sip_media> to any port 10000:20000 keep state
pass out quick inet proto udp from any to <twilio_sip_signaling> port = sip keep state
pass out quick inet proto tcp from any to <twilio_sip_signaling> port = sip flags S/SA keep state
pass out quick inet proto tcp from any to <twilio_sip_signaling> port = sip-tls flags S/SA keep state
pass out quick inet proto udp from any to <twilio_sip_media> port 10000:20000 keep state
table <twilio_sip_signaling> {
   54.65.63.192/30
}
table <twilio_sip_media> {
   54.65.63.192/26
}
";

/// The rows of a table of cases, each cut at `=>`; `↵` stands for the end of a line.
fn rows<const N: usize>(table: &str) -> impl Iterator<Item = [String; N]> {
    let lines = table
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with("# "));
    lines.map(|line| {
        let cells = line.split(" => ").map(|cell| cell.replace('↵', "\n"));
        let cells: Vec<String> = cells.collect();
        cells.try_into().unwrap_or_else(|_| panic!("{line}"))
    })
}

/// What may stand for a part of [`PRINTED`].
const EQUIVALENTS: &str = r#"
# Spellings of a rule.
keep state => modulate state
keep state => keep state (sloppy, no-sync, udp.multiple 120 if-bound)
keep state => allow-opts queue (a, b) tag x set (prio (3, 4), tos lowdelay) label 'y' ridentifier 7
keep state => scrub (no-df max-mss 1440 reassemble tcp) set prio 6
pass in quick => block drop in quick proto 99↵block return in quick proto 99↵pass in quick
pass in quick => pass in log (all, to pflog1) quick
pass in quick => @12 pass in quick log
pass in quick => @12(0) pass in quick
proto udp => proto 17
from any to => to
to any port = => to port =
from <twilio_sip_media> => from { !0/0, <twilio_sip_media> }
<twilio_sip_media> => 54.65.63.192 - 54.65.63.255
<twilio_sip_media> => { 54.65.63.192/27 { 54.65.63.224/28, 54.65.63.240/28 } }
proto udp from <twilio_sip_media> => proto udp \↵ from \↵ <twilio_sip_media>
# With -v and -vv.
↵table => ↵  [ Evaluations: 9  Packets: 0  Bytes: 0  States: 0 ]↵  [ Inserted: uid 0 pid 7 State Creations: 0 ]↵table
<twilio_sip_media> to => <twilio_sip_media:1> to
# Ports.
10000:20000 => 9999 >< 20001
10000:20000 => 9999><20001
10000:20000 => { 10000:15000, 15001:20000 }
10000:20000 => { 10000:15000↵15001:19999 ↵ = 20000 }
port = sip-tls => port "5061"
# Tables.
54.65.63.192/26 => 54.65.63.192/27, 54.65.63.224/27 # all
54.65.63.192/26 => 54.65.63/24 ! 54.65.63.0/25 !54.65.63.128/26
54.65.63.192/26 => 54.65.63.192/26 !54.65.63.200/29 54.65.63.200/30 54.65.63.204/30
54.65.63.192/26 => 54.65.63.192/26 2001:db8::/32 !fe80::1%em0
table <twilio_sip_media> { => table <twilio_sip_media> persist↵table <twilio_sip_media> const counters {
table <twilio_sip_media> { => table <other> persist↵table <twilio_sip_media> {
# What decides nothing.
pass in quick => scrub in on em0 all fragment reassemble↵no scrub all↵pass in quick
pass in quick => match in all scrub (no-df random-id) tag x↵pass in quick
pass in quick => set block-policy return↵set optimization aggressive↵pass in quick
pass in quick => block quick inet6 from 2001:db8::/32 to ! ::1↵block from fe80::1↵pass in quick
pass in quick => block return-icmp(host-unr, 3) all↵block return-rst (ttl 3) in↵pass in quick
↵table => ↵block drop log quick all↵pass quick inet all↵table
pass in quick => # block quick all↵ pass in quick
pass in quick => # a comment goes on \↵block quick all↵pass in quick
pass in quick => block quick from <nobody>↵table <nobody> { }↵pass in quick
# Macros.
<twilio_sip_media> to => $media to
proto tcp from <twilio_sip_signaling> to any port = sip => proto $p from $s to any port $ports
pass in quick => $start quick
"#;

/// Before the equivalents.
const MACROS: &str = r#"
media = "{ 54.65.63.192/27, \
54.65.63.224/27 }"
sip = 5060
p=tcp
s='<twilio_sip_signaling>'
ports = "{" $sip sip-tls "}"
start = "pass in"
"#;

#[test]
fn equivalents_are_in_sync() {
    for [from, to] in rows(EQUIVALENTS) {
        assert!(PRINTED.contains(&from), "{from}");
        let text = format!("{MACROS}{}", PRINTED.replacen(&from, &to, 1));
        assert_eq!(drift(&tokyo(), &text), IN_SYNC, "{from} => {to}");
    }
    for (from, to) in [
        (" inet ", " "),
        (" quick", ""),
        (" keep state", ""),
        (" flags S/SA", ""),
        ("\n", "\r\n"),
    ] {
        let text = PRINTED.replace(from, to);
        assert_eq!(drift(&tokyo(), &text), IN_SYNC, "{from} => {to}");
    }
}

#[test]
fn a_ruleset_has_one_meaning_however_it_is_printed() {
    let all = policy(&everything(), &["regional"]).unwrap();
    for name in ["tokyo", "many"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/pf");
        let [written, printed, optimized] = ["conf", "printed", "optimized"].map(|form| {
            let text = std::fs::read_to_string(format!("{folder}/{name}.{form}")).unwrap();
            [&all, &tokyo()].map(|policy| drift(policy, &text))
        });
        assert_eq!(written, printed, "{name}");
        assert_eq!(written, optimized, "{name}");
        assert_ne!(
            written[1], IN_SYNC,
            "{name}: signaling out over UDP is not in it"
        );
    }
}

/// What is put for a part of [`PRINTED`], and the drift that comes of it.
const DAMAGE: &str = r#"
# Rules and their order.
pass in quick inet proto udp from <twilio_sip_signaling> => # \↵pass in quick => missing in signaling udp
pass in quick inet proto udp from <twilio_sip_signaling> => block in quick from 54.65.63.194↵pass in quick proto udp from <twilio_sip_signaling> => missing in signaling udp; missing in signaling tcp; missing in signaling tls; missing in media
↵table => ↵block quick all↵table => in sync
↵table => ↵block quick inet all↵pass out quick all↵table => beyond out packets of IPv6
↵table => ↵pass in quick inet proto udp from 192.0.2.1 to any port 7↵table => extra in 192.0.2.1-192.0.2.1 to 7-7
quick inet proto udp from <twilio_sip_media> => proto udp from <twilio_sip_media> => in sync
↵table => ↵block out inet proto udp to <twilio_sip_media> port 10000↵table => in sync
pass out quick inet proto udp from any to <twilio_sip_media> => block out quick proto udp to <twilio_sip_media> no state↵pass out proto udp from any to <twilio_sip_media> => missing out media
# What narrows.
pass in quick inet proto udp from <twilio_sip_signaling> => pass in quick on em0 inet proto udp from <twilio_sip_signaling> => missing in signaling udp
pass in quick inet proto udp from <twilio_sip_signaling> => pass in quick on { ! em0, rdomain 1 } inet proto udp from <twilio_sip_signaling> => missing in signaling udp
keep state => no state => missing in signaling udp
keep state => keep state (max 5, source-track rule, max-src-conn-rate 5/3, overload <b> flush global) => missing in signaling udp
keep state => keep state probability 50% (max-src-nodes 3) => missing in signaling udp
keep state => user { root, 1 >< 5, != unknown } group = 0 => missing in signaling udp
keep state => tos 0x10 ! tagged x => missing in signaling udp
keep state => received-on em1 max-pkt-rate 100/10 once => missing in signaling udp
keep state => fragment => missing in signaling udp
keep state => dnpipe (1, 2) => missing in signaling udp
keep state => keep state (overload <b> flush, max 9) => missing in signaling udp
keep state => keep state (source-track global, max 9) => missing in signaling udp
sip-tls flags S/SA => sip-tls flags S/SAUEW => missing in signaling tls
sip-tls flags S/SA => sip-tls flags SP/SAP => missing in signaling tls
↵table => ↵pass in quick inet proto icmp icmp-type { echoreq, unreach code net-unr }↵table => extra in 0.0.0.0-255.255.255.255 to 0-65535
to any port = sip-tls => os { Linux, "Windows XP" } to any port = sip-tls => missing in signaling tls
sip-tls flags S/SA => sip-tls flags S/SAP => missing in signaling tls
# Flags.
sip-tls flags S/SA => sip-tls flags S/SAFR => missing in signaling tls
sip-tls flags S/SA => sip-tls flags any => extra in 54.65.63.192-54.65.63.195 to 5061-5061
sip-tls flags S/SA => sip-tls flags S/S => extra in 54.65.63.192-54.65.63.195 to 5061-5061
sip-tls flags S/SA => sip-tls flags /A => extra in 54.65.63.192-54.65.63.195 to 5061-5061
sip-tls flags S/SA keep state => sip-tls no state => missing in signaling tls; extra in 54.65.63.192-54.65.63.195 to 5061-5061
# Protocols and ports.
proto udp from <twilio_sip_media> => proto { udp, tcp } from <twilio_sip_media> => extra in 54.65.63.192-54.65.63.255 to 10000-20000
10000:20000 => 10000 >< 20000 => missing in media
10000:20000 => 7 >< 7 => missing in media
10000:20000 => 7 >< 8 => missing in media
10000:20000 => 65535 >< 65535 => missing in media
10000:20000 => 0 >< 0 => missing in media
10000:20000 => 10000:20001 => extra in 54.65.63.192-54.65.63.255 to 20001-20001
10000:20000 => > 10000 => missing in media; extra in 54.65.63.192-54.65.63.255 to 20001-65535
10000:20000 => { >= 10000, < 10 } => extra in 54.65.63.192-54.65.63.255 to 0-9; extra in 54.65.63.192-54.65.63.255 to 20001-65535
10000:20000 => { != 1, != 2 } => extra in 54.65.63.192-54.65.63.195 to 0-5059; extra in 54.65.63.192-54.65.63.195 to 5061-9999; extra in 54.65.63.192-54.65.63.255 to 20001-65535; extra in 54.65.63.196-54.65.63.255 to 0-9999
from <twilio_sip_media> to any port 10000:20000 => from <twilio_sip_media> port 10000:20000 to any => missing in media; extra in 54.65.63.192-54.65.63.195 to 0-5059; extra in 54.65.63.192-54.65.63.195 to 5061-9999; extra in 54.65.63.192-54.65.63.255 to 20001-65535; extra in 54.65.63.196-54.65.63.255 to 0-9999
port = sip-tls => port <= 5060 => missing in signaling tls; extra in 54.65.63.192-54.65.63.195 to 0-5059
10000:20000 => { 0 <> 20001, 7 >< 8 } => missing in media; extra in 54.65.63.192-54.65.63.255 to 20002-65535
# Addresses and tables.
54.65.63.192/26 => 54.65.63.192/27 => missing in media; missing out media
54.65.63.192/26 => 54.65.63.192/26 !54.65.63.200 => missing in media; missing out media
54.65.63.192/26 => 54.65.63.192/25 => extra in 54.65.63.128-54.65.63.191 to 10000-20000; extra out 54.65.63.128-54.65.63.191 to 10000-20000
54.65.63.192/26 => # none => missing in media; missing out media
<twilio_sip_media> to any => { <twilio_sip_media> ! 1/8 } to any => extra in 0.0.0.0-0.255.255.255 to 10000-20000; extra in 2.0.0.0-54.65.63.191 to 10000-20000; extra in 54.65.64.0-255.255.255.255 to 10000-20000
<twilio_sip_media> to any => ! <twilio_sip_media> to any => missing in media; extra in 0.0.0.0-54.65.63.191 to 10000-20000; extra in 54.65.64.0-255.255.255.255 to 10000-20000
<twilio_sip_media> to any => <twilio_sip_media> to 203.0.113.9 => missing in media
"#;

#[test]
fn damage_is_drift_on_its_side() {
    for [from, to, expected] in rows(DAMAGE) {
        assert!(PRINTED.contains(&from), "{from}");
        let found = drift(&tokyo(), &PRINTED.replacen(&from, &to, 1)).join("; ");
        let expected = expected.strip_prefix("in sync").unwrap_or(&expected);
        assert_eq!(found, expected, "{from} => {to}");
    }
}

/// Texts, and what is said of them after the number of the line.
const REFUSED: &str = include_str!("samples/pf/refused");

#[test]
fn what_is_not_understood_is_refused() {
    for [text, problem] in rows(REFUSED) {
        assert_eq!(refused(&format!("# one\n{text}\n")), [problem], "{text}");
    }
}

#[test]
fn every_mistake_is_told_and_many_are_cut_short() {
    let errors = refused("pass on\ntable <a> { x }\npass in foo\nfrob\n");
    assert_eq!(
        errors,
        ["2: expected an address, not 'x': what a name stands for is not in the text"]
    );
    let errors = refused("pass on\npass in foo\nfrob \\\n x\npass all\n");
    assert_eq!(errors.len(), 3, "{errors:#?}");
    let errors = refused(&"frob\n".repeat(1000));
    assert_eq!(errors.len(), 20);
    let errors = refused("# one \\\r\n# two \\x\ntable <a> { x }\n");
    assert_eq!(
        errors[0],
        "1: whether a comment goes on after it is not clear: expected '\\' at the very end of the line"
    );
    assert!(
        errors[1].starts_with("3: expected") && errors.len() == 2,
        "{errors:#?}"
    );
    let errors = refused("pass in all label \"a\\b\"\ntable <a> { x }\n");
    assert!(
        errors[1].starts_with("2: expected") && errors.len() == 2,
        "{errors:#?}"
    );
    let errors = refused("# one \\\n two \\\r\n");
    assert!(errors[0].starts_with("2: whether"), "{errors:?}");
    let longest = |name: &str| format!("{name} = \"{}\"\n", "1 ".repeat(8096));
    let macros = longest("x") + &longest("y") + PRINTED;
    assert_eq!(drift(&tokyo(), &macros), IN_SYNC);
    let many = format!("x = \"{}\"\n", "1 ".repeat(8097));
    assert_eq!(refused(&many), ["1: the value of macro 'x' is too long"]);
}

#[test]
fn a_text_that_was_cut_off_is_never_in_sync() {
    let policy = tokyo();
    for text in [PRINTED, &render(&policy)] {
        for end in 0..text.len() {
            let cut = &text[..end];
            if parse(cut).is_ok() {
                assert_ne!(drift(&policy, cut), IN_SYNC, "{cut}");
            }
        }
    }
    assert_eq!(
        refused("pass in all"),
        [
            "1: the last line does not end in a newline, so the text may have been cut off; give all of it"
        ]
    );
}
