//! The output of `ufw show added`, and scripts of this program.

use super::{assert_refused, refused_by_limit, report_lines, rows, tokyo};
use crate::common::judge::{self, BOTH, assert_in_sync, dialect};
use crate::common::line_of;
use twilio_sip_allow::format::read::UnitQuery;
use twilio_sip_allow::format::{self, Unit, UnitName};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::Direction;

/// The output of `ufw show added` after loading the script for Tokyo, with a rule of a user.
const ADDED: &str = "\
Added user rules (see 'ufw status' for running firewall):
ufw allow out to 54.65.63.192/26 port 10000:20000 proto udp comment 'twilio-sip: tokyo media'
ufw allow out to 54.65.63.192/30 port 5061 proto tcp comment 'twilio-sip: tokyo signaling tls'
ufw allow out to 54.65.63.192/30 port 5060 proto tcp comment 'twilio-sip: tokyo signaling tcp'
ufw allow out to 54.65.63.192/30 port 5060 proto udp comment 'twilio-sip: tokyo signaling udp'
ufw allow from 54.65.63.192/26 to any port 10000:20000 proto udp comment 'twilio-sip: tokyo media'
ufw allow from 54.65.63.192/30 to any port 5061 proto tcp comment 'twilio-sip: tokyo signaling tls'
ufw allow from 54.65.63.192/30 to any port 5060 proto tcp comment 'twilio-sip: tokyo signaling tcp'
ufw allow from 54.65.63.192/30 to any port 5060 proto udp comment 'twilio-sip: tokyo signaling udp'
ufw deny 5060
";

/// Replacements of a part of [`ADDED`] that do not change its meaning, in forms that ufw 0.36.2 prints.
const UFW_SAME: &str = "
Added user rules (see 'ufw status' for running firewall):↵ =>
twilio-sip: tokyo media => twilio-sip: by hand, ü
'twilio-sip: tokyo media' => 'twilio-sip'
ufw allow out => ufw allow out log
ufw allow from => ufw allow log-all from
port 5060 proto tcp => port 5060
/26 to any port => /27 to any port 10000:20000 proto udp comment 'twilio-sip: a'↵ufw allow from 54.65.63.224/27 to any port
10000:20000 => 10000,10001,10002:19999,20000
out to => out from any to
↵ufw allow from =>   ↵↵   ufw   allow  from
ufw deny 5060 => ufw deny 5060 comment 'twilio-sip: the rest'
ufw deny 5060 => ufw deny out to any comment 'twilio-sip'↵ufw reject log to any comment 'twilio-sip'
ufw deny 5060 => ufw limit from 54.65.63.192/30 to any port 5060 comment 'twilio-sip'
ufw deny 5060 => ufw allow in on eth0 from 54.65.63.192/30 to any port 5060 comment 'twilio-sip'
ufw allow out to => ufw deny from 10.0.0.1 port 5060 to any port 80,443,8080:8090 proto tcp comment 'twilio-sip: x'↵ufw allow out to
ufw allow out to => ufw deny to any proto esp comment 'twilio-sip: x'↵ufw reject in on eth0 from 2001:db8::/32 comment 'twilio-sip'↵ufw allow out to
ufw allow out to => ufw deny out on eth0 to 54.65.63.192 port 22 comment 'twilio-sip: x'↵ufw allow out to
ufw allow out to => ufw deny 22/tcp comment 'twilio-sip: x'↵ufw deny out 53 comment 'twilio-sip'↵ufw allow out to
";

/// Rules that do not belong to the unit.
const UFW_OTHERS: &str = "
ufw deny to any
ufw limit 22/tcp comment 'lim'
ufw allow out 53/udp comment 'twilio-sip-b: of another unit'
ufw deny from 10.0.0.0/255.0.255.0
ufw allow OpenSSH
ufw allow log 'WWW Full' comment 'twilio: x'
ufw allow from 1.2.3.4 app OpenSSH to any app 'WWW Full'
ufw allow in on eth0
ufw allow out on eth0 to 1.2.3.4 port 5060
ufw deny in on eth0 log to any port 5060
ufw route allow in on eth1 out on eth2
ufw route deny in on eth1 out on eth2 from 1.2.3.4 to any port 80 proto tcp comment 'r'
ufw route allow out on eth2
ufw route allow 80
ufw allow to any proto esp
ufw allow 7000 comment 'see \"twilio-sip: x\" \\ $x'
ufw allow from 2001:db8::/32 to any port 5060 proto udp comment 'six'
";

fn with(from: &str, to: &str) -> String {
    assert!(ADDED.contains(from), "{from}");
    ADDED.replacen(from, to, 1)
}

#[test]
fn equivalent_rules_are_in_sync() {
    let policy = tokyo(&BOTH);
    assert_in_sync("ADDED", "ufw", &policy, ADDED);
    let table = UFW_SAME.replace(" =>\n", " => \n");
    for [from, to] in rows(&table) {
        assert_in_sync(&to, "ufw", &policy, &with(&from, &to));
    }
    for other in UFW_OTHERS.lines().filter(|line| !line.is_empty()) {
        let first = format!("running firewall):\n{other}\n");
        assert_in_sync(other, "ufw", &policy, &with("running firewall):\n", &first));
    }
    let script = format::render(dialect("ufw"), &policy, &Unit::default()).unwrap();
    let (_, reversed) = script.split_once("<<'END'\n").unwrap();
    let (reversed, _) = reversed.split_once("\nEND\n").unwrap();
    let reversed: Vec<&str> = reversed.lines().rev().collect();
    assert!(ADDED.contains(&reversed.join("\n")), "{reversed:?}");
    let bare: Vec<&str> = script
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_in_sync(
        "without comments",
        "ufw",
        &policy,
        &(bare.join("\n") + "\n"),
    );
}

/// Replacements of a part of [`ADDED`] and the resulting drift.
const UFW_DRIFT: &str = "
5061 proto tcp => 5062 proto tcp => missing out tcp from any to 54.65.63.192/30 port 5061 (signaling tls of tokyo, edition regional) | extra   out tcp from any to 54.65.63.192/30 port 5062
54.65.63.192/26 to any => 54.65.63.192/27 to any => missing in  udp from 54.65.63.224/27 to any port 10000-20000 (media of tokyo, edition regional)
from 54.65.63.192/26 to any => from 54.65.63.192/26 port 1:60000 to any => missing in  udp from 54.65.63.192/26 port 0 to any port 10000-20000 (media of tokyo, edition regional) | missing in  udp from 54.65.63.192/26 port 60001-65535 to any port 10000-20000 (media of tokyo, edition regional)
out to 54.65.63.192/26 port 10000:20000 => out to 54.65.63.192/26 port 10000,20000 => missing out udp from any to 54.65.63.192/26 port 10001-19999 (media of tokyo, edition regional)
proto udp comment 'twilio-sip: tokyo media' => comment 'twilio-sip: tokyo media' => extra   out tcp from any to 54.65.63.192/26 port 10000-20000
ufw allow from => ufw limit from => missing in  udp from 54.65.63.192/26 to any port 10000-20000 in state new, allowed only under some conditions (media of tokyo, edition regional)
ufw allow from => ufw deny from => missing in  udp from 54.65.63.192/26 to any port 10000-20000 (media of tokyo, edition regional)
ufw allow from => ufw reject from => missing in  udp from 54.65.63.192/26 to any port 10000-20000 (media of tokyo, edition regional)
ufw allow from => ufw allow in on eth0 from => missing in  udp from 54.65.63.192/26 to any port 10000-20000, allowed only under some conditions (media of tokyo, edition regional)
ufw allow from => ufw deny from 54.65.63.200 comment 'twilio-sip: x'↵ufw allow from => missing in  udp from 54.65.63.200 to any port 10000-20000 (media of tokyo, edition regional)
ufw allow out to => ufw deny out 5061/tcp comment 'twilio-sip: x'↵ufw allow out to => missing out tcp from any to 54.65.63.192/30 port 5061 (signaling tls of tokyo, edition regional)
ufw deny 5060 => ufw allow from 192.0.2.0/24 port 1,2 proto udp comment 'twilio-sip: x' => extra   in  udp from 192.0.2.0/24 port 1-2 to any
ufw deny 5060 => ufw allow out to 192.0.2.1 proto gre comment 'twilio-sip' => extra   out protocol 47 from any to 192.0.2.1
ufw deny 5060 => ufw allow from 192.0.2.1 comment 'twilio-sip' => extra   in  any protocol from 192.0.2.1 to any
ufw deny 5060 => ufw allow to 192.0.2.0/24 port 22 comment 'twilio-sip' => extra   in  tcp, udp from any to 192.0.2.0/24 port 22
ufw deny 5060 => ufw allow out on eth0 to 192.0.2.1 comment 'twilio-sip' => extra   out any protocol from any to 192.0.2.1, allowed only under some conditions
ufw deny 5060 => ufw allow from 2001:db8::1 comment 'twilio-sip' => extra   in  packets of IPv6
ufw deny 5060 => ufw limit out to 2001:db8::/32 port 5060 comment 'twilio-sip' => extra   out packets of IPv6
ufw allow from 54.65.63.192/26 to any port 10000:20000 proto udp comment 'twilio-sip => ufw allow from 54.65.63.192/26 to any port 10000:20000 proto udp comment 'twilio-si => missing in  udp from 54.65.63.192/26 to any port 10000-20000 (media of tokyo, edition regional)
";

#[test]
fn reports_the_exact_drift() {
    let policy = tokyo(&BOTH);
    for [from, to, parts] in rows(UFW_DRIFT) {
        let found = report_lines("ufw", &policy, &with(&from, &to)).unwrap();
        assert_eq!(found.join(" | "), parts, "{from} => {to}");
    }
}

/// Replacements of a part of [`ADDED`] and the resulting error.
const UFW_REFUSED: &str = "
ufw deny 5060 => ufw allow OpenSSH comment 'twilio-sip: x' => 10: the input does not contain the ports of the application profile 'OpenSSH'; use port numbers
ufw deny 5060 => ufw allow from 1.2.3.4 app 'WWW Full' to any port 5 comment 'twilio-sip' => 10: the input does not contain the ports of the application profile 'WWW Full'; use port numbers
ufw deny 5060 => ufw route allow 5060 comment 'twilio-sip: x' => 10: a 'route' rule applies only to forwarded packets; expected a rule without 'route'
ufw deny 5060 => ufw allow from 10.0.0.0/255.0.255.0 comment 'twilio-sip: x' => 10: '10.0.0.0/255.0.255.0' has no prefix length
54.65.63.192/26 port => 54.65.63.300/26 port => 2: '54.65.63.300' is not an IPv4 address
54.65.63.192/26 port => 54.65.63.193/26 port => 2: expected '54.65.63.192/26', as ufw prints it, not '54.65.63.193/26'
54.65.63.192/26 port => 54.65.63.192/32 port => 2: expected '54.65.63.192', as ufw prints it, not '54.65.63.192/32'
54.65.63.192/26 port => 54.65.63.192/33 port => 2: '54.65.63.192/33' has no prefix length from 0 to 32
54.65.63.192/26 port => 2001:db8::/129 port => 2: '2001:db8::/129' is not an address
from 54.65.63.192/26 to any => from 54.65.63.192/26 to 2001:db8::1 => 6: the rule mixes IPv4 and IPv6 addresses
10000:20000 => 20000:10000 => 2: the port range from '20000' to '10000' is reversed
10000:20000 => 0:20000 => 2: '0:20000' is neither a port from 1 to 65535 nor a range such as 10000:20000
10000:20000 => 10000: => 2: '10000:' is neither a port from 1 to 65535 nor a range such as 10000:20000
10000:20000 => rtp => 2: 'rtp' is neither a port from 1 to 65535 nor a range such as 10000:20000
10000:20000 => 10000:65536 => 2: unknown port '65536'
proto udp => proto esp => 2: protocol 'esp' has no ports; expected tcp or udp
proto udp => proto upd => 2: unknown protocol 'upd'; expected a known name or a number from 0 to 255
ufw allow out => ufw accept out => 2: expected allow, deny, limit or reject, not 'accept'
ufw allow out => ufw out => 2: expected allow, deny, limit or reject, not 'out'
ufw allow out to => ufw allow out on 'eth0' to => 2: expected an interface, not the quoted text 'eth0'
ufw allow out to => ufw allow out on eth0/1 to => 2: 'eth0/1' is not the name of an interface
ufw allow out to => ufw allow out on abcdefghijklmnop to => 2: 'abcdefghijklmnop' is not the name of an interface
ufw allow from => ufw allow in from => 6: expected 'on', not 'from'
ufw allow from => ufw allow in on eth0 out on eth1 from => 6: 'on' is not expected here
ufw allow out to => ufw allow to out => 2: '54.65.63.192/26' is not expected here
to 54.65.63.192/26 port => to 54.65.63.192/26 ports => 2: 'ports' is not expected here
proto udp comment => comment 'x' proto udp comment => 2: 'proto' is not expected here
comment 'twilio-sip: tokyo media' => 'twilio-sip: tokyo media' => 2: 'twilio-sip: tokyo media' is not expected here
'twilio-sip: tokyo media' => twilio-sip: tokyo media => 2: expected a quoted text after 'comment'
tokyo media' => tokyo media => 2: a quoted text is not closed on this line
tokyo media' => tokyo media'x => 2: a quotation mark is inside a word
comment 'twilio-sip: tokyo media' => 'comment' 'twilio-sip: tokyo media' => 2: 'comment' is not expected here
ufw deny 5060 => ufw deny => 10: expected a port, 'from', 'to', or 'in' or 'out' with an interface
ufw deny 5060 => ufw deny proto udp => 10: expected a port, 'from', 'to', or 'in' or 'out' with an interface
ufw deny 5060 => ufw => 10: expected allow, deny, limit or reject, not the end of the line
ufw deny 5060 => ufw deny -5 => 10: expected a port, 'from' or 'to', not '-5'
ufw deny 5060 => ufw deny from => 10: expected an address, not the end of the line
ufw deny 5060 => ufw deny to any app => 10: expected the name of a profile
ufw deny 5060 => # ufw deny 5060 => 10: expected 'ufw', not '#'
ufw deny 5060 => (None) => 10: expected 'ufw', not '(None)'
ufw deny 5060 => Added user rules (see 'ufw status' for running firewall): => 10: expected 'ufw', not 'Added'
";

#[test]
fn rejects_unsupported_rules_with_their_line() {
    let policy = tokyo(&BOTH);
    for [from, to, problem] in rows(UFW_REFUSED) {
        assert_refused(&to, "ufw", &policy, &with(&from, &to), &problem);
    }
    let many = "ufw deny\n".repeat(100);
    let refused = report_lines("ufw", &policy, &format!("{ADDED}{many}")).unwrap_err();
    assert_eq!(refused.len(), 20);
    let many = "ufw allow SIP comment 'twilio-sip'\n".repeat(100);
    let refused = report_lines("ufw", &policy, &format!("{ADDED}{many}")).unwrap_err();
    assert_eq!(refused.len(), 20);
}

/// Other output of ufw and of other programs, which does not show all of a rule.
#[test]
fn rejects_other_input() {
    let expected = "1: expected the output of 'LC_ALL=C ufw show added', because ufw's other listings are \
                    incomplete, or a script of this program, in: ";
    for text in [
        "Status: inactive\n",
        "Status: active\n\nTo                         Action      From\n--                         ------      ----\n\
         5060/udp                   ALLOW       54.65.63.192/30            # twilio-sip: tokyo signaling udp\n",
        "Status: active\n\n     To                         Action      From\n     --                         ------      ----\n\
         [ 1] 5060/udp                   ALLOW IN    54.65.63.192/30            # twilio-sip: tokyo\n",
        "*filter\n:ufw-user-input - [0:0]\n### RULES ###\n### END RULES ###\nCOMMIT\n",
        "(None)\n",
        "# Generated by iptables-save\n*filter\nCOMMIT\n",
        "table inet filter {\n}\n",
        "Hinzugefügte Benutzerregeln (lesen Sie »ufw status« für die laufende Firewall):\n(None)\n",
    ] {
        let first = format!("{expected}{}", text.lines().next().unwrap());
        assert_refused(text, "ufw", &tokyo(&BOTH), text, &first);
    }
}

#[test]
fn a_listing_without_rules_of_the_unit_accepts_nothing() {
    let title = "Added user rules (see 'ufw status' for running firewall):\n";
    for text in [
        &format!("{title}(None)\n"),
        "ufw allow 22/tcp\n",
        &format!("{title}ufw allow 5060 comment 'twilio'\n"),
    ] {
        let units = judge::units("ufw", text, "twilio-sip", &BOTH).unwrap();
        let absent: Vec<_> = units
            .iter()
            .map(|unit| unit.absent.as_deref().unwrap())
            .collect();
        let expected = [
            "no rule for incoming packets has a comment 'twilio-sip: ...'",
            "no rule for outgoing packets has a comment 'twilio-sip: ...'",
        ];
        assert_eq!(absent, expected, "{text}");
        assert!(
            units
                .iter()
                .all(|unit| unit.steps.is_empty() && unit.name == "twilio-sip")
        );
    }
    let cut = "1: expected rules or '(None)' after this line; if the input was cut off";
    assert_refused("cut", "ufw", &tokyo(&BOTH), title, cut);
    // The unit of one direction must not contain rules of the other.
    let units = judge::units("ufw", ADDED, "twilio-sip", &[Direction::In]).unwrap();
    let counts: Vec<_> = units.iter().map(|unit| unit.steps.len()).collect();
    assert_eq!(counts, [4, 4]);
}

#[test]
fn truncated_input_is_never_in_sync() {
    let policy = tokyo(&BOTH);
    let script = format::render(dialect("ufw"), &policy, &Unit::default()).unwrap();
    // The last rule of the listing belongs to the user.
    let (own, _) = ADDED.split_once("ufw deny 5060").unwrap();
    for text in [own, &script] {
        for end in 0..text.len() {
            let found = report_lines("ufw", &policy, &text[..end]);
            assert!(
                found.is_err() || found.is_ok_and(|parts| !parts.is_empty()),
                "{end}"
            );
        }
    }
}

/// A script is accepted only if all of it is as this program writes it.
#[test]
fn rejects_a_changed_script() {
    let policy = tokyo(&BOTH);
    let script = format::render(dialect("ufw"), &policy, &Unit::default()).unwrap();
    let known = "the script would not recognize this rule as its own; expected 'ufw allow' and a \
                 comment 'twilio-sip: ...'";
    // Lines are counted from the first one after the head.
    let start = line_of(&script, "set -eu");
    let place = "the script was changed; this program writes here: ";
    for (from, to, line, problem) in [
        ("ufw allow from", "ufw deny from", 4, known.to_owned()),
        (
            "'twilio-sip: tokyo sig",
            "'twilio: tokyo sig",
            4,
            known.to_owned(),
        ),
        (
            "ufw allow from",
            "ufw allow 22/tcp\nufw allow from",
            4,
            known.to_owned(),
        ),
        (
            "ufw allow from",
            "ufw allow in on ETH0 from",
            4,
            known.to_owned(),
        ),
        ("\nEND\n", "\n# END\nEND\n", 12, known.to_owned()),
        ("set -eu\n", "", 0, format!("{place}set -eu")),
        ("set -eu", "set -e", 0, format!("{place}set -eu")),
        (
            "\nEND\n",
            "\nEND\nufw allow 5060\n",
            13,
            format!("{place}missing() {{"),
        ),
        (
            "grep -vxFf",
            "grep -xFf",
            15,
            format!("{place}\tgrep -vxFf \"$folder/added\" \"$folder/rules\""),
        ),
        (
            "grep \"^ufw allow [a-z0-9./: ]* comment 'twilio-sip: [^']*'$\" \"",
            "grep \"^ufw\" \"",
            24,
            format!("{place}grep \"^ufw allow [a-z0-9./: ]* comment 'twilio-sip: [^']*'$\""),
        ),
        (
            "'twilio-sip: [^']*'$\" \"$folder",
            "'x\"; ufw reset; \": [^']*'$\" \"$folder",
            24,
            format!("{place}grep \"^ufw allow"),
        ),
        ("\nEND\n", "\n", 24, "the script is incomplete".to_owned()),
    ] {
        assert!(script.contains(from), "{from}");
        let text = script.replacen(from, to, 1);
        let line = start + line;
        assert_refused(to, "ufw", &policy, &text, &format!("{line}: {problem}"));
    }
    let more = format!("{script}ufw allow 22/tcp\n");
    let line = start + 26;
    let problem =
        format!("{line}: the script was changed; this program writes here: the end of the script");
    assert_refused("more", "ufw", &policy, &more, &problem);
    // A script of another unit has no rules of this one.
    let other = Unit {
        name: "other-sip".parse().unwrap(),
        table: None,
        ..Unit::default()
    };
    let script = format::render(dialect("ufw"), &policy, &other).unwrap();
    let units = judge::units("ufw", &script, "twilio-sip", &BOTH).unwrap();
    assert!(units.iter().all(|unit| unit.absent.is_some()));
    let units = judge::units("ufw", &script, "Other_SIP", &BOTH).unwrap();
    assert!(units.iter().all(|unit| unit.steps.len() == 4));
}

#[test]
fn finds_the_users_own_rules_by_their_comment() {
    let policy = tokyo(&[Direction::In]);
    for comment in ["Carrier (Twilio)", "Carrier (Twilio): tokyo"] {
        let text = ADDED.replace("twilio-sip: tokyo media", comment);
        let text = text.replace("twilio-sip: tokyo signaling", comment);
        let text = text
            .replace(" tcp'", "'")
            .replace(" tls'", "'")
            .replace(" udp'", "'");
        let units = judge::units("ufw", &text, "Carrier (Twilio)", &[Direction::In]).unwrap();
        let unit = Unit {
            name: UnitName::deployed("Carrier (Twilio)").unwrap(),
            table: None,
            ..Unit::default()
        };
        let (dialect, limits) = (dialect("ufw"), Limits::default());
        let drift = format::compare(dialect, &policy, &units, limits, || &[]).unwrap();
        assert!(drift.is_none() && units.len() == 1, "{drift:?}");
        let wanted = UnitQuery {
            unit: &unit,
            directions: &[Direction::In],
            limits,
        };
        let repair = format::repair(dialect, &policy, &text, wanted, &units);
        let refused = repair.unwrap_err().to_string();
        assert!(
            refused.contains(", because this program did not create it"),
            "{refused}"
        );
    }
}

#[test]
fn repair_names_a_rule_that_loading_does_not_delete() {
    let policy = tokyo(&BOTH);
    let unit = Unit::default();
    let repair = |text: &str| {
        let wanted = UnitQuery {
            unit: &unit,
            directions: &BOTH,
            limits: Limits::default(),
        };
        let units = format::parse(dialect("ufw"), text, wanted).unwrap();
        format::repair(dialect("ufw"), &policy, text, wanted, &units).map_err(|e| e.to_string())
    };
    let whole = Ok(format::render(dialect("ufw"), &policy, &unit).unwrap());
    for (from, to) in [
        ("allow out to", "deny out log to"),
        ("ufw deny 5060", "ufw deny 5060 comment 'twilio-sip: mine'"),
        ("ufw deny 5060", "ufw allow 5060 comment 'twilio-sip: mine'"),
        (
            "ufw deny 5060",
            "ufw deny 9 comment 'twilio-sip: mine'\nufw allow 9 comment 'twilio-sip: old'",
        ),
        (
            "ufw allow out to",
            "ufw deny 53 comment 'mine'\nufw allow out to",
        ),
    ] {
        assert_eq!(repair(&with(from, to)).err(), None, "{to}");
        assert_eq!(repair(&with(from, to)), whole, "{to}");
    }
    for rule in [
        "limit 5060",
        "allow 80,443/tcp",
        "deny 53",
        "reject in on eth0 to any port 53",
    ] {
        let line = format!("ufw {rule} comment 'twilio-sip: mine'");
        let text = with("ufw allow out to", &format!("{line}\nufw allow out to"));
        let expected = format!(
            "cannot repair the drift: no script of this program added a rule whose comment starts with \
             'twilio-sip', so loading keeps it; first run: ufw delete {rule} comment 'twilio-sip: mine'"
        );
        assert_eq!(repair(&text).unwrap_err(), expected);
    }
}

/// The output of ufw 0.36.2 for comments with line breaks. Its command line rejects quotation marks in
/// comments, so such a comment leaves a line with an unclosed quotation mark.
#[test]
fn rejects_a_line_break_in_a_comment() {
    let policy = tokyo(&BOTH);
    for (rules, problem) in [
        (
            "ufw allow 22/tcp comment 'a\nufw allow 23/tcp'\n",
            "2: a quoted text is not closed on this line",
        ),
        (
            "ufw allow 22/tcp comment 'a\n\n'\n",
            "2: a quoted text is not closed on this line",
        ),
        (
            "ufw allow 22/tcp comment '\nufw deny 1\n(None)'\n",
            "2: a quoted text is not closed on this line",
        ),
        (
            "ufw allow 22/tcp comment 'a\r\nufw allow 23/tcp\r'\n",
            "2: a quoted text is not closed on this line",
        ),
        (
            "ufw deny 5060 comment 'it'\nufw allow 23/tcp'\n",
            "3: a quotation mark is inside a word",
        ),
    ] {
        let text = format!("Added user rules (see 'ufw status' for running firewall):\n{rules}");
        assert_refused(rules, "ufw", &policy, &text, problem);
    }
    // Other control characters do not end a line, and other quotation marks do not close a text.
    let other = "ufw allow 24/tcp comment 'a\rb\tc\u{2028}d'\nufw allow 25/tcp comment 'a \" b'\n";
    let text = format!("Added user rules (see 'ufw status' for running firewall):\n{other}");
    assert_eq!(report_lines("ufw", &policy, &text).unwrap().len(), 8);
}

#[test]
fn limits_rules_and_boxes() {
    let many = |count: usize| "ufw deny 22/tcp\n".repeat(count);
    assert_eq!(refused_by_limit("ufw", &many(9), "rules=9"), None);
    let refused = refused_by_limit("ufw", &many(10), "rules=9").unwrap();
    assert!(
        refused.starts_with("it expands to more than 9 rules"),
        "{refused}"
    );
    assert_eq!(refused_by_limit("ufw", &many(9), "work=450"), None);
    let refused = refused_by_limit("ufw", &many(10), "work=450").unwrap();
    assert!(
        refused.starts_with("it takes more than 450 steps to evaluate"),
        "{refused}"
    );
    for (count, problem) in [
        (62, "'a' is not expected here"),
        (
            63,
            "the rule has more than 64 words, which ufw never prints",
        ),
        (
            1_000_000,
            "the rule has more than 64 words, which ufw never prints",
        ),
    ] {
        let words = format!("ufw allow{} 22\n", " a".repeat(count - 1));
        let refused = refused_by_limit("ufw", &words, "rules=9").unwrap();
        assert_eq!(refused, problem, "{count}");
    }
    let ports = "ufw allow from any port 1,3,5 to any port 7,9,11 proto udp comment 'twilio-sip'\n";
    assert_eq!(refused_by_limit("ufw", ports, "rules=9"), None);
    let refused = refused_by_limit("ufw", ports, "rules=8").unwrap();
    assert!(
        refused.starts_with("it expands to more than 8 rules"),
        "{refused}"
    );
    let refused = refused_by_limit("ufw", ports, "boxes=8").unwrap();
    assert!(
        refused.starts_with("it expands to more than 8 combinations"),
        "{refused}"
    );
}
