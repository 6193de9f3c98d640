//! What is made of the listings of ufw and firewalld: the exact drift, or a refusal that says why.

mod common;

use common::judge::{self, BOTH, assert_in_sync, dialect, everything};
use twilio_sip_allow::format::parse::Wanted;
use twilio_sip_allow::format::{self, Unit, UnitName};
use twilio_sip_allow::limits::{Bound, Limits};
use twilio_sip_allow::policy::{Direction, Policy};
use twilio_sip_allow::select::Selection;

fn tokyo(directions: &[Direction]) -> Policy {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        directions: directions.to_vec(),
        ..everything()
    };
    judge::policy(&["regional"], &selection).unwrap()
}

/// The report's lines on a text without those that show it, or what is refused.
fn told(format: &str, policy: &Policy, text: &str) -> Result<Vec<String>, Vec<String>> {
    let drift = judge::drift(format, policy, text)?;
    let report = judge::told(&drift, text);
    let parts = report.lines().map(str::trim);
    let parts = parts.filter(|line| {
        ["missing ", "extra "]
            .iter()
            .any(|side| line.starts_with(side))
    });
    Ok(parts.map(str::to_owned).collect())
}

/// The rows of a table of cases, cut at `=>`; `↵` stands for the end of a line.
fn rows<const N: usize>(table: &str) -> impl Iterator<Item = [String; N]> {
    let lines = table.lines().filter(|line| !line.is_empty());
    lines.map(|line| {
        let cells = line.split(" => ").map(|cell| cell.replace('↵', "\n"));
        let cells: Vec<String> = cells.collect();
        cells.try_into().unwrap_or_else(|_| panic!("{line}"))
    })
}

fn limit(bound: &str) -> Limits {
    let bound: Bound = bound.parse().unwrap();
    Limits::default().with(&[bound])
}

/// What is refused of a text if a limit is set.
fn refused_by_limit(format: &str, text: &str, bound: &str) -> Option<String> {
    let wanted = Wanted {
        unit: &Unit::default(),
        directions: &[Direction::In],
        limits: limit(bound),
    };
    let errors = format::parse(dialect(format), text, wanted).err()?;
    Some(errors[0].problem.clone())
}

/// What `ufw show added` prints after the script for Tokyo was loaded, beside rules of a user's.
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

/// What may stand for a part of [`ADDED`] and means the same; the forms are those that ufw 0.36.2 prints.
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

/// Rules of others, whatever they do: they are not the unit's.
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
fn ufw_that_means_the_same_is_in_sync() {
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

/// What stands for a part of [`ADDED`], and the parts of the drift that comes of it.
const UFW_DRIFT: &str = "
5061 proto tcp => 5062 proto tcp => missing out tcp from any to 54.65.63.192/30 port 5061 (signaling tls of tokyo, edition regional) | extra   out tcp from any to 54.65.63.192/30 port 5062
54.65.63.192/26 to any => 54.65.63.192/27 to any => missing in  udp from 54.65.63.224/27 to any port 10000-20000 (media of tokyo, edition regional)
from 54.65.63.192/26 to any => from 54.65.63.192/26 port 1:60000 to any => missing in  udp from 54.65.63.192/26 port 0 to any port 10000-20000 (media of tokyo, edition regional) | missing in  udp from 54.65.63.192/26 port 60001-65535 to any port 10000-20000 (media of tokyo, edition regional)
out to 54.65.63.192/26 port 10000:20000 => out to 54.65.63.192/26 port 10000,20000 => missing out udp from any to 54.65.63.192/26 port 10001-19999 (media of tokyo, edition regional)
proto udp comment 'twilio-sip: tokyo media' => comment 'twilio-sip: tokyo media' => extra   out tcp from any to 54.65.63.192/26 port 10000-20000
ufw allow from => ufw limit from => missing in  udp from 54.65.63.192/26 to any port 10000-20000 in state new, but only in some circumstances (media of tokyo, edition regional)
ufw allow from => ufw deny from => missing in  udp from 54.65.63.192/26 to any port 10000-20000 (media of tokyo, edition regional)
ufw allow from => ufw reject from => missing in  udp from 54.65.63.192/26 to any port 10000-20000 (media of tokyo, edition regional)
ufw allow from => ufw allow in on eth0 from => missing in  udp from 54.65.63.192/26 to any port 10000-20000, but only in some circumstances (media of tokyo, edition regional)
ufw allow from => ufw deny from 54.65.63.200 comment 'twilio-sip: x'↵ufw allow from => missing in  udp from 54.65.63.200 to any port 10000-20000 (media of tokyo, edition regional)
ufw allow out to => ufw deny out 5061/tcp comment 'twilio-sip: x'↵ufw allow out to => missing out tcp from any to 54.65.63.192/30 port 5061 (signaling tls of tokyo, edition regional)
ufw deny 5060 => ufw allow from 192.0.2.0/24 port 1,2 proto udp comment 'twilio-sip: x' => extra   in  udp from 192.0.2.0/24 port 1-2 to any
ufw deny 5060 => ufw allow out to 192.0.2.1 proto gre comment 'twilio-sip' => extra   out protocol 47 from any to 192.0.2.1
ufw deny 5060 => ufw allow from 192.0.2.1 comment 'twilio-sip' => extra   in  any protocol from 192.0.2.1 to any
ufw deny 5060 => ufw allow to 192.0.2.0/24 port 22 comment 'twilio-sip' => extra   in  tcp, udp from any to 192.0.2.0/24 port 22
ufw deny 5060 => ufw allow out on eth0 to 192.0.2.1 comment 'twilio-sip' => extra   out any protocol from any to 192.0.2.1, but only in some circumstances
ufw deny 5060 => ufw allow from 2001:db8::1 comment 'twilio-sip' => extra   in  packets of IPv6
ufw deny 5060 => ufw limit out to 2001:db8::/32 port 5060 comment 'twilio-sip' => extra   out packets of IPv6
ufw allow from 54.65.63.192/26 to any port 10000:20000 proto udp comment 'twilio-sip => ufw allow from 54.65.63.192/26 to any port 10000:20000 proto udp comment 'twilio-si => missing in  udp from 54.65.63.192/26 to any port 10000-20000 (media of tokyo, edition regional)
";

#[test]
fn ufw_drift_is_told_exactly() {
    let policy = tokyo(&BOTH);
    for [from, to, parts] in rows(UFW_DRIFT) {
        let found = told("ufw", &policy, &with(&from, &to)).unwrap();
        assert_eq!(found.join(" | "), parts, "{from} => {to}");
    }
}

/// What stands for a part of [`ADDED`], and how it is refused.
const UFW_REFUSED: &str = "
ufw deny 5060 => ufw allow OpenSSH comment 'twilio-sip: x' => 10: the ports of the application 'OpenSSH' are not in the text; expected their numbers
ufw deny 5060 => ufw allow from 1.2.3.4 app 'WWW Full' to any port 5 comment 'twilio-sip' => 10: the ports of the application 'WWW Full' are not in the text; expected their numbers
ufw deny 5060 => ufw route allow 5060 comment 'twilio-sip: x' => 10: a route rule is for packets that go on to other hosts; expected one without 'route'
ufw deny 5060 => ufw allow from 10.0.0.0/255.0.255.0 comment 'twilio-sip: x' => 10: '10.0.0.0/255.0.255.0' has no prefix length
54.65.63.192/26 port => 54.65.63.300/26 port => 2: '54.65.63.300' is not an IPv4 address
54.65.63.192/26 port => 54.65.63.193/26 port => 2: ufw writes '54.65.63.193/26' as '54.65.63.192/26'; expected that
54.65.63.192/26 port => 54.65.63.192/32 port => 2: ufw writes '54.65.63.192/32' as '54.65.63.192'; expected that
54.65.63.192/26 port => 54.65.63.192/33 port => 2: '54.65.63.192/33' has no prefix length from 0 to 32
54.65.63.192/26 port => 2001:db8::/129 port => 2: '2001:db8::/129' is not an address
from 54.65.63.192/26 to any => from 54.65.63.192/26 to 2001:db8::1 => 6: its addresses are of IPv4 and of IPv6
10000:20000 => 20000:10000 => 2: the ports from '20000' to '10000' are reversed
10000:20000 => 0:20000 => 2: '0:20000' is not a port from 1 to 65535, nor two with ':' between
10000:20000 => 10000: => 2: '10000:' is not a port from 1 to 65535, nor two with ':' between
10000:20000 => rtp => 2: 'rtp' is not a port from 1 to 65535, nor two with ':' between
10000:20000 => 10000:65536 => 2: '65536' is not a port from 0 to 65535
proto udp => proto esp => 2: the protocol 'esp' has no ports; expected tcp or udp
proto udp => proto upd => 2: 'upd' is not a protocol from 0 to 255, nor one known here by name
ufw allow out => ufw accept out => 2: expected allow, deny, limit or reject, not 'accept'
ufw allow out => ufw out => 2: expected allow, deny, limit or reject, not 'out'
ufw allow out to => ufw allow out on 'eth0' to => 2: expected an interface, not a text in quotes: 'eth0'
ufw allow out to => ufw allow out on eth0/1 to => 2: 'eth0/1' is not the name of an interface
ufw allow out to => ufw allow out on abcdefghijklmnop to => 2: 'abcdefghijklmnop' is not the name of an interface
ufw allow from => ufw allow in from => 6: expected 'on', not 'from'
ufw allow from => ufw allow in on eth0 out on eth1 from => 6: 'on' is not in its place
ufw allow out to => ufw allow to out => 2: '54.65.63.192/26' is not in its place
to 54.65.63.192/26 port => to 54.65.63.192/26 ports => 2: 'ports' is not in its place
proto udp comment => comment 'x' proto udp comment => 2: 'proto' is not in its place
comment 'twilio-sip: tokyo media' => 'twilio-sip: tokyo media' => 2: 'twilio-sip: tokyo media' is not in its place
'twilio-sip: tokyo media' => twilio-sip: tokyo media => 2: expected a text in quotes after 'comment'
tokyo media' => tokyo media => 2: a text in quotes does not end in the line
tokyo media' => tokyo media'x => 2: a quote stands within a word
comment 'twilio-sip: tokyo media' => 'comment' 'twilio-sip: tokyo media' => 2: 'comment' is not in its place
ufw deny 5060 => ufw deny => 10: expected a port, from, to, or in or out on an interface
ufw deny 5060 => ufw deny proto udp => 10: expected a port, from, to, or in or out on an interface
ufw deny 5060 => ufw => 10: it ends where allow, deny, limit or reject is expected
ufw deny 5060 => ufw deny -5 => 10: expected a port, from or to, not '-5'
ufw deny 5060 => ufw deny from => 10: it ends where an address is expected
ufw deny 5060 => ufw deny to any app => 10: expected the name of a profile
ufw deny 5060 => # ufw deny 5060 => 10: expected 'ufw', not '#'
ufw deny 5060 => (None) => 10: expected 'ufw', not '(None)'
ufw deny 5060 => Added user rules (see 'ufw status' for running firewall): => 10: expected 'ufw', not 'Added'
";

/// Refused for the first thing that is wrong, in the words of a table, where the table says so.
fn assert_refused(what: &str, format: &str, policy: &Policy, text: &str, problem: &str) {
    let refused = told(format, policy, text).expect_err(what);
    assert!(refused[0].starts_with(problem), "{what}: {refused:#?}");
}

#[test]
fn ufw_that_is_not_understood_is_refused_with_its_line() {
    let policy = tokyo(&BOTH);
    for [from, to, problem] in rows(UFW_REFUSED) {
        assert_refused(&to, "ufw", &policy, &with(&from, &to), &problem);
    }
    let many = "ufw deny\n".repeat(100);
    let refused = told("ufw", &policy, &format!("{ADDED}{many}")).unwrap_err();
    assert_eq!(refused.len(), 20);
    let many = "ufw allow SIP comment 'twilio-sip'\n".repeat(100);
    let refused = told("ufw", &policy, &format!("{ADDED}{many}")).unwrap_err();
    assert_eq!(refused.len(), 20);
}

/// What else ufw and others print, of which no rule of a unit can be told.
#[test]
fn ufw_takes_no_text_of_another_kind() {
    let expected = "1: expected what 'LC_ALL=C ufw show added' prints, since no other listing of ufw's tells \
                    all of a rule, or a script of this program's, in: ";
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
fn ufw_without_rules_of_the_unit_lets_nothing_through() {
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
    let cut = "1: neither rules nor (None) follow, so the text may have been cut off";
    assert_refused("cut", "ufw", &tokyo(&BOTH), title, cut);
    // One direction is there, the other must be empty.
    let units = judge::units("ufw", ADDED, "twilio-sip", &[Direction::In]).unwrap();
    let counts: Vec<_> = units.iter().map(|unit| unit.steps.len()).collect();
    assert_eq!(counts, [4, 4]);
}

#[test]
fn ufw_text_that_was_cut_off_is_never_in_sync() {
    let policy = tokyo(&BOTH);
    let script = format::render(dialect("ufw"), &policy, &Unit::default()).unwrap();
    // The last rule of the listing is a user's.
    let (own, _) = ADDED.split_once("ufw deny 5060").unwrap();
    for text in [own, &script] {
        for end in 0..text.len() {
            let told = told("ufw", &policy, &text[..end]);
            assert!(
                told.is_err() || told.is_ok_and(|parts| !parts.is_empty()),
                "{end}"
            );
        }
    }
}

/// A script is taken if all of it is as this program writes it.
#[test]
fn ufw_script_that_was_changed_is_refused() {
    let policy = tokyo(&BOTH);
    let script = format::render(dialect("ufw"), &policy, &Unit::default()).unwrap();
    let known = "the script would not know it again as a rule of its own; expected 'ufw allow' and a \
                 comment 'twilio-sip: ...'";
    let place = "expected what this program writes in this place: ";
    for (from, to, line, problem) in [
        ("ufw allow from", "ufw deny from", 16, known.to_owned()),
        (
            "'twilio-sip: tokyo sig",
            "'twilio: tokyo sig",
            16,
            known.to_owned(),
        ),
        (
            "ufw allow from",
            "ufw allow 22/tcp\nufw allow from",
            16,
            known.to_owned(),
        ),
        (
            "ufw allow from",
            "ufw allow in on ETH0 from",
            16,
            known.to_owned(),
        ),
        ("\nEND\n", "\n# END\nEND\n", 24, known.to_owned()),
        ("set -eu\n", "", 12, format!("{place}set -eu")),
        ("set -eu", "set -e", 12, format!("{place}set -eu")),
        (
            "\nEND\n",
            "\nEND\nufw allow 5060\n",
            25,
            format!("{place}missing() {{"),
        ),
        (
            "grep -vxFf",
            "grep -xFf",
            27,
            format!("{place}\tgrep -vxFf \"$folder/added\" \"$folder/rules\""),
        ),
        (
            "grep \"^ufw allow [a-z0-9./: ]* comment 'twilio-sip: [^']*'$\" \"",
            "grep \"^ufw\" \"",
            36,
            format!("{place}grep \"^ufw allow [a-z0-9./: ]* comment 'twilio-sip: [^']*'$\""),
        ),
        (
            "'twilio-sip: [^']*'$\" \"$folder",
            "'x\"; ufw reset; \": [^']*'$\" \"$folder",
            36,
            format!("{place}grep \"^ufw allow"),
        ),
        (
            "\nEND\n",
            "\n",
            36,
            "the script ends before it is whole".to_owned(),
        ),
    ] {
        assert!(script.contains(from), "{from}");
        let text = script.replacen(from, to, 1);
        assert_refused(to, "ufw", &policy, &text, &format!("{line}: {problem}"));
    }
    let more = format!("{script}ufw allow 22/tcp\n");
    let problem = "38: expected what this program writes in this place: the end of the script";
    assert_refused("more", "ufw", &policy, &more, problem);
    // A script of another unit has none of this one.
    let other = Unit {
        name: "other-sip".parse().unwrap(),
        table: None,
    };
    let script = format::render(dialect("ufw"), &policy, &other).unwrap();
    let units = judge::units("ufw", &script, "twilio-sip", &BOTH).unwrap();
    assert!(units.iter().all(|unit| unit.absent.is_some()));
    let units = judge::units("ufw", &script, "Other_SIP", &BOTH).unwrap();
    assert!(units.iter().all(|unit| unit.steps.len() == 4));
}

#[test]
fn ufw_rules_of_the_users_own_are_found_by_their_comment() {
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
        };
        let (dialect, limits) = (dialect("ufw"), Limits::default());
        let drift = format::compare(dialect, &policy, &units, limits, || &[]).unwrap();
        assert!(drift.is_none() && units.len() == 1, "{drift:?}");
        let wanted = Wanted {
            unit: &unit,
            directions: &[Direction::In],
            limits,
        };
        let repair = format::repair(dialect, &policy, &text, wanted, &units);
        let refused = repair.unwrap_err().to_string();
        assert!(
            refused.contains("is a unit of your own naming"),
            "{refused}"
        );
    }
}

#[test]
fn ufw_repair_tells_what_no_load_deletes() {
    let policy = tokyo(&BOTH);
    let unit = Unit::default();
    let repair = |text: &str| {
        let wanted = Wanted {
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
            "the drift cannot be mended: a load leaves a rule as it is that has a comment of this unit, but \
             that no script of it adds; first run: ufw delete {rule} comment 'twilio-sip: mine'"
        );
        assert_eq!(repair(&text).unwrap_err(), expected);
    }
}

#[test]
fn ufw_counts_rules_and_boxes() {
    let many = |count: usize| "ufw deny 22/tcp\n".repeat(count);
    assert_eq!(refused_by_limit("ufw", &many(9), "rules=9"), None);
    let refused = refused_by_limit("ufw", &many(10), "rules=9").unwrap();
    assert!(
        refused.starts_with("it comes to more than 9 rules"),
        "{refused}"
    );
    let ports = "ufw allow from any port 1,3,5 to any port 7,9,11 proto udp comment 'twilio-sip'\n";
    assert_eq!(refused_by_limit("ufw", ports, "rules=9"), None);
    let refused = refused_by_limit("ufw", ports, "rules=8").unwrap();
    assert!(
        refused.starts_with("it comes to more than 8 rules"),
        "{refused}"
    );
    let refused = refused_by_limit("ufw", ports, "boxes=8").unwrap();
    assert!(
        refused.starts_with("it comes to more than 8 combinations"),
        "{refused}"
    );
}

/// Tokyo inwards, as firewalld 1.3.3 wrote the file after a change by `firewall-cmd --permanent`.
const WRITTEN: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<policy target="CONTINUE">
  <short>twilio-sip-in</short>
  <description>     twilio-sip-allow: what Twilio's SIP calls need     regions: tokyo   </description>
  <rule family="ipv4">
    <source address="54.65.63.192/30"/>
    <port port="5060" protocol="udp"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <source address="54.65.63.192/30"/>
    <port port="5060" protocol="tcp"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <source address="54.65.63.192/30"/>
    <port port="5061" protocol="tcp"/>
    <accept/>
  </rule>
  <rule family="ipv4">
    <source address="54.65.63.192/26"/>
    <port port="10000-20000" protocol="udp"/>
    <accept/>
  </rule>
  <ingress-zone name="ANY"/>
  <egress-zone name="HOST"/>
</policy>
"#;

fn written(from: &str, to: &str) -> String {
    assert!(WRITTEN.contains(from), "{from}");
    WRITTEN.replacen(from, to, 1)
}

/// What may stand for a part of [`WRITTEN`] and means the same.
const POLICY_SAME: &str = r#"
<policy target="CONTINUE"> => <policy target="DROP" version="1" priority="-5">
<policy target="CONTINUE"> => <policy>
<rule family="ipv4"> => <rule priority='-7' family='ipv4'>
<rule family="ipv4"> => <rule family="ipv4" priority="32767">
<accept/> => <accept></accept>
<accept/> => <!-- by hand --><log prefix="a &amp; b" level="info"><limit value="1/m"/></log><audit/><accept/>
<accept/> => <nflog group="3" prefix="x" queue-size="5"/><accept/>
port="5060" protocol="udp" => protocol="udp" port="sip"
port="5061" => port="sip-tls"
54.65.63.192/26 => 54.65.63.200/255.255.255.192
<source address="54.65.63.192/26"/> => <source address="54.65.63.192/26" invert="no"/><destination address="0.0.0.0/0"/>
54.65.63.192/26"/> => 54.65.63.192/27"/><port port="10000-20000" protocol="udp"/><accept/></rule><rule family="ipv4"><source address="54.65.63.224/27"/>
<ingress-zone name="ANY"/> => <ingress-zone name="ANY"/><ingress-zone name="ANY"/>
<ingress-zone => <rule family="ipv4" priority="1"><source address="54.65.63.192/26"/><drop/></rule><rule priority="2"><reject type="icmp-admin-prohibited"/></rule><ingress-zone
<ingress-zone => <rule family="ipv4"><source address="10.0.0.0/8" invert="False"/><drop/></rule><ingress-zone
<ingress-zone => <rule family="ipv4"><source address="54.0.0.0/8" invert="True"/><protocol value="gre"/><drop/></rule><ingress-zone
<ingress-zone => <rule family="ipv6"><source address="2001:db8::/32"/><drop/></rule><rule><icmp-block name="echo-request"/></rule><icmp-block name="redirect"/><ingress-zone
<ingress-zone => <rule><service name="ssh"/><log/></rule><rule priority="3"><log/></rule><ingress-zone
<ingress-zone => <rule priority="-3" family="ipv4"><source address="54.65.63.192/26"/><source-port port="7" protocol="sctp"/><drop><limit value="2/d"/></drop></rule><ingress-zone
<ingress-zone => <rule priority="5" family="ipv4"><source address="54.65.63.192/30"/><port port="5060-5061" protocol="tcp"/><accept><limit value="2/d"/></accept></rule><ingress-zone
"#;

#[test]
fn firewalld_that_means_the_same_is_in_sync() {
    let policy = tokyo(&[Direction::In]);
    assert_in_sync("WRITTEN", "firewalld", &policy, WRITTEN);
    for [from, to] in rows(POLICY_SAME) {
        assert_in_sync(&to, "firewalld", &policy, &written(&from, &to));
    }
    let units = judge::units("firewalld", WRITTEN, "twilio-sip", &BOTH).unwrap();
    let names: Vec<_> = units
        .iter()
        .map(|unit| (unit.direction, &*unit.name))
        .collect();
    assert_eq!(names, [(Direction::In, "twilio-sip-in")]);
}

/// What stands for a part of [`WRITTEN`], and the parts of the drift that comes of it.
const POLICY_DRIFT: &str = r#"
port="5061" => port="5062" => missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional) | extra   in  tcp from 54.65.63.192/30 to any port 5062
54.65.63.192/26 => 54.65.63.192/255.255.255.224 => missing in  udp from 54.65.63.224/27 to any port 10000-20000 (media of tokyo, edition regional)
<port port="10000-20000" => <source-port port="10000-20000" => missing in  udp from 54.65.63.192/26 port 0-9999 to any port 10000-20000 (media of tokyo, edition regional) | missing in  udp from 54.65.63.192/26 port 20001-65535 to any port 10000-20000 (media of tokyo, edition regional) | extra   in  udp from 54.65.63.192/30 port 10000-20000 to any port 0-5059 | extra   in  udp from 54.65.63.192/30 port 10000-20000 to any port 5061-9999 | extra   in  udp from 54.65.63.192/26 port 10000-20000 to any port 20001-65535 | extra   in  udp from 54.65.63.196-54.65.63.255 port 10000-20000 to any port 0-9999
<ingress-zone => <port port="22" protocol="tcp"/><ingress-zone => extra   in  tcp from any to any port 22 | extra   in  packets of IPv6
<ingress-zone => <source-port port="22" protocol="dccp"/><ingress-zone => extra   in  protocol 33 from any port 22 to any | extra   in  packets of IPv6
<ingress-zone => <protocol value="gre"/><ingress-zone => extra   in  protocol 47 from any to any | extra   in  packets of IPv6
<ingress-zone => <rule family="ipv4"><destination address="192.0.2.1"/><protocol value="gre"/><accept/></rule><ingress-zone => extra   in  protocol 47 from any to 192.0.2.1
<ingress-zone => <rule family="ipv6"><source address="2001:db8::1"/><accept/></rule><ingress-zone => extra   in  packets of IPv6
<ingress-zone => <rule priority="3"><port port="22" protocol="tcp"/><accept/></rule><ingress-zone => extra   in  tcp from any to any port 22 | extra   in  packets of IPv6
<ingress-zone => <rule family="ipv4"><icmp-type name="echo-request"/><accept/></rule><ingress-zone => extra   in  icmp from any to any, but only in some circumstances
<ingress-zone => <rule family="ipv4"><source mac="00:11:22:33:44:55"/><protocol value="50"/><accept/></rule><ingress-zone => extra   in  protocol 50 from any to any, but only in some circumstances
<ingress-zone => <rule family="ipv4"><source address="54.65.63.193"/><port port="5061" protocol="tcp"/><reject/></rule><ingress-zone => missing in  tcp from 54.65.63.193 to any port 5061 (signaling tls of tokyo, edition regional)
<ingress-zone => <rule priority="-1"><port port="5061" protocol="tcp"/><drop/></rule><ingress-zone => missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional)
<ingress-zone => <rule priority="-1"><port port="5061" protocol="tcp"/><drop><limit value="3/h"/></drop></rule><ingress-zone => missing in  tcp from 54.65.63.192/30 to any port 5061, but only in some circumstances (signaling tls of tokyo, edition regional)
<ingress-zone => <rule family="ipv4"><source address="54.65.63.192/28" invert="TRUE"/><port port="10000" protocol="udp"/><drop/></rule><ingress-zone => missing in  udp from 54.65.63.208-54.65.63.255 to any port 10000 (media of tokyo, edition regional)
54.65.63.192/26"/> => 54.65.63.192/26"/><destination address="192.0.2.0/25" invert="yes"/> => missing in  udp from 54.65.63.192/26 to 192.0.2.0/25 port 10000-20000 (media of tokyo, edition regional)
"10000-20000" protocol="udp"/>↵    <accept/> => "10000-20000" protocol="udp"/><accept><limit value="9/s"/></accept> => missing in  udp from 54.65.63.192/26 to any port 10000-20000, but only in some circumstances (media of tokyo, edition regional)
"10000-20000" protocol="udp"/>↵    <accept/> => "10000-20000" protocol="udp"/><log/> => missing in  udp from 54.65.63.192/26 to any port 10000-20000 (media of tokyo, edition regional)
"#;

#[test]
fn firewalld_drift_is_told_exactly() {
    let policy = tokyo(&[Direction::In]);
    for [from, to, parts] in rows(POLICY_DRIFT) {
        let found = told("firewalld", &policy, &written(&from, &to)).unwrap();
        assert_eq!(found.join(" | "), parts, "{from} => {to}");
    }
    // All that is let through depends on the zone.
    let sometimes = told("firewalld", &policy, &written("\"ANY\"", "\"work\"")).unwrap();
    assert_eq!(sometimes.len(), 4);
    assert!(
        sometimes
            .iter()
            .all(|part| part.contains(", but only in some circumstances"))
    );
    let all = told("firewalld", &policy, &written("CONTINUE", "ACCEPT")).unwrap();
    assert!(
        all.iter().all(|part| part.starts_with("extra   in ")),
        "{all:?}"
    );
    assert_eq!(all.last().unwrap(), "extra   in  packets of IPv6");
    // Of the other direction, the source is near.
    let out = WRITTEN.replace("<source ", "<destination ");
    let out = out
        .replace("ANY", "x")
        .replace("HOST", "ANY")
        .replace("\"x\"", "\"HOST\"");
    assert_in_sync("out", "firewalld", &tokyo(&[Direction::Out]), &out);
}

/// What stands for a part of [`WRITTEN`], and how it is refused.
const POLICY_REFUSED: &str = r#"
<ingress-zone => <service name="ssh"/><ingress-zone => 25: the ports of the service 'ssh' are not in the text; expected them as ports
<ingress-zone => <rule><service name="ssh"/><accept/></rule><ingress-zone => 25: the ports of the service 'ssh' are not in the text; expected them as ports
<ingress-zone => <masquerade/><ingress-zone => 25: 'masquerade' changes packets, so that what becomes of them cannot be judged
<ingress-zone => <forward-port port="5060" protocol="udp" to-port="5070"/><ingress-zone => 25: 'forward-port' changes packets
<ingress-zone => <rule><tcp-mss-clamp/></rule><ingress-zone => 25: 'tcp-mss-clamp' changes packets
<ingress-zone => <rule><protocol value="ah"/><mark set="5"/></rule><ingress-zone => 25: 'mark' is for other rules, which are not in the text
<ingress-zone => <rule><icmp-block name="x"/><drop/></rule><ingress-zone => 25: firewalld leaves out a rule with icmp-block and an action
<ingress-zone => <rule><accept/></rule><ingress-zone => 25: firewalld leaves out a rule with neither an element, an address nor a priority
<ingress-zone => <rule><source address="1.2.3.4"/><accept/></rule><ingress-zone => 25: firewalld leaves out a rule that has an address but no family
<ingress-zone => <rule family="ipv4"><source address="1.2.3.4" mac="00:11:22:33:44:55"/><accept/></rule><ingress-zone => 25: expected one address in 'source'
<ingress-zone => <rule family="ipv4"><destination mac="00:11:22:33:44:55"/><accept/></rule><ingress-zone => 25: expected one address in 'destination'
<ingress-zone => <rule family="ipv4"><destination/><accept/></rule><ingress-zone => 25: expected one address in 'destination'
<ingress-zone => <rule><source ipset="good"/><accept/></rule><ingress-zone => 25: the addresses of the ipset 'good' are not in the text; expected them as addresses
<ingress-zone => <rule><port port="5060" protocol="udp"/></rule><ingress-zone => 25: expected accept, reject, drop, log or audit in the rule
<ingress-zone => <rule><port port="5" protocol="udp"/><port port="6" protocol="udp"/><accept/></rule><ingress-zone => 25: firewalld leaves out a rule that has more than one element
<ingress-zone => <rule><port port="5" protocol="udp"/><drop/><accept/></rule><ingress-zone => 25: firewalld leaves out a rule that has more than one action
<ingress-zone => <rule priority="5"><port port="5" protocol="udp"/><accept/></rule><rule priority="5"><drop/></rule><ingress-zone => 25: rules of the priority 5 accept and deny, and firewalld does not say which comes first; expected different priorities
<ingress-zone => <rule priority="-5"><drop/></rule><rule priority="-5"><accept/></rule><ingress-zone => 25: rules of the priority -5 accept and deny
<rule family="ipv4"> => <rule family="ip"> => 5: expected the family ipv4 or ipv6, not 'ip'
<rule family="ipv4"> => <rule family="ipv6"> => 5: '54.65.63.192/30' is not an IPv6 address
<rule family="ipv4"> => <rule family="ipv4" priority="99999"> => 5: '99999' is not a priority from -32768 to 32767
<rule family="ipv4"> => <rule familiy="ipv4"> => 5: 'rule' has no attribute 'familiy' in firewalld
<rule family="ipv4"> => <rule xmlns:a="b" a:family="ipv4"> => 5: firewalld knows no namespaces, such as that of 'rule'
<rule family="ipv4"> => <rule xmlns="b" family="ipv4"> => 5: firewalld knows no namespaces, such as that of 'rule'
<rule family="ipv4"> => text<rule family="ipv4"> => 4: expected an element, not text
<rule family="ipv4"> => <rule family="ipv4">text => 5: expected an element, not text
<rule family="ipv4"> => <rule family="ipv4"><?php?> => 5: expected an element, not text
<rule family="ipv4"> => <frob/><rule family="ipv4"> => 5: 'frob' is no element of a policy of firewalld's
<rule family="ipv4"> => <rule family="ipv4"><frob/> => 5: 'frob' is no part of a rule of firewalld's
<rule family="ipv4"> => <rule family="ipv4"><rule/> => 5: 'rule' is no part of a rule of firewalld's
</short> => <port port="22" protocol="tcp"/></short> => 3: 'port' stands within 'short'
<port port="5060" => <port><drop/></port><port port="5060" => 5: 'drop' stands within 'port'
<accept/> => <accept><drop/></accept> => 5: expected one limit in 'accept', and nothing else
<accept/> => <accept><limit value="1/s"/><limit value="1/s"/></accept> => 5: expected one limit in 'accept', and nothing else
<accept/> => <accept><limit/></accept> => 5: 'limit' has no attribute 'value'
<accept/> => <accept type="x"/> => 5: 'accept' has no attribute 'type' in firewalld
port="5060" protocol="udp" => protocol="udp" => 5: 'port' has no attribute 'port'
port="5060" protocol="udp" => port="5060" => 5: 'port' has no attribute 'protocol'
port="5060" protocol="udp" => port="5060" protocol="icmp" => 5: expected the protocol tcp, udp, sctp or dccp, not 'icmp'
port="5060" => port="5060,5061" => 5: '5060,5061' is not a port from 0 to 65535
port="5060" => port="65536" => 5: '65536' is not a port from 0 to 65535
port="5060" => port="5061-5060" => 5: the ports from '5061' to '5060' are reversed
54.65.63.192/30 => 54.65.63.192/255.0.255.0 => 5: the mask of '54.65.63.192/255.0.255.0' has gaps
54.65.63.192/30 => 54.65.63.192/33 => 5: '54.65.63.192/33' has no prefix length from 0 to 32
54.65.63.192/30 => 54.65.63 => 5: '54.65.63' is not an IPv4 address
address="54.65.63.192/30" => address="54.65.63.192/30" invert="not" => 5: expected invert to be true or false, not 'not'
<policy target="CONTINUE"> => <policy target="continue"> => 2: expected the target CONTINUE, ACCEPT, REJECT or DROP, not 'continue'
<policy target="CONTINUE"> => <policy target="CONTINUE" priority="high"> => 2: 'high' is not a priority from -32768 to 32767
<policy target="CONTINUE"> => <policy name="x"> => 2: 'policy' has no attribute 'name' in firewalld
<egress-zone name="HOST"/> =>  => 2: it has no ingress zone or no egress zone, so firewalld applies it nowhere
<egress-zone name="HOST"/> => <egress-zone name="ANY"/> => 2: it is for packets that go on to other hosts
<egress-zone name="HOST"/> => <egress-zone name="HOST"/><egress-zone name="ANY"/> => 2: it is for packets that go on to other hosts
<ingress-zone name="ANY"/> => <ingress-zone name="ANY"/><ingress-zone name="work"/> => 2: firewalld takes ANY and HOST beside no other zone, and HOST at one end
<ingress-zone name="ANY"/> => <ingress-zone name="HOST"/> => 2: firewalld takes ANY and HOST beside no other zone, and HOST at one end
<policy target => <!DOCTYPE policy [<!ENTITY a "b">]><policy target => 1: it defines a type of document, as no file of firewalld's does
<accept/> => <accept>&a;</accept> => 8: it is not valid XML, or was cut off
<accept/> => <accept => 9: it is not valid XML, or was cut off
</policy> => </policy><policy/> => 27: it is not valid XML, or was cut off
"#;

#[test]
fn firewalld_that_is_not_understood_is_refused_with_its_line() {
    let policy = tokyo(&[Direction::In]);
    for [from, to, problem] in rows(POLICY_REFUSED) {
        assert_refused(&to, "firewalld", &policy, &written(&from, &to), &problem);
    }
    let many = "<frob/>\n".repeat(100);
    let many = written("<ingress-zone", &format!("{many}<ingress-zone"));
    assert_eq!(told("firewalld", &policy, &many).unwrap_err().len(), 20);
    let many = "<service name='x'/>\n".repeat(100);
    let many = written("<ingress-zone", &format!("{many}<ingress-zone"));
    assert_eq!(told("firewalld", &policy, &many).unwrap_err().len(), 20);
    let out = "2: the policy has the direction in, which is not selected; give that of the other direction";
    assert_refused("out", "firewalld", &tokyo(&[Direction::Out]), WRITTEN, out);
}

#[test]
fn firewalld_takes_no_text_of_another_kind_and_none_that_was_cut_off() {
    let policy = tokyo(&[Direction::In]);
    for text in [
        "<zone target=\"DROP\">\n  <service name=\"ssh\"/>\n</zone>\n",
        "<policy xmlns='x'/>\n",
        "public (active)\n  target: default\n",
        "table inet firewalld {\n}\n",
        "Error: INVALID_POLICY: twilio-sip-in\n",
    ] {
        let expected = "1: expected the file of a policy of firewalld's";
        assert_refused(text, "firewalld", &policy, text, expected);
    }
    // Without the newline, it is whole.
    for end in 0..WRITTEN.len() - 1 {
        assert!(
            told("firewalld", &policy, &WRITTEN[..end]).is_err(),
            "{end}"
        );
    }
}

#[test]
fn firewalld_counts_rules_and_boxes() {
    let inverted = "<rule family=\"ipv4\"><source address=\"10.0.0.1\" invert=\"yes\"/>\
                    <destination address=\"10.0.0.1\" invert=\"yes\"/><drop/></rule>";
    let zones = "<ingress-zone name=\"ANY\"/><egress-zone name=\"HOST\"/></policy>\n";
    let two = format!("<policy>{inverted}{inverted}{zones}");
    assert_eq!(refused_by_limit("firewalld", &two, "rules=8"), None);
    let refused = refused_by_limit("firewalld", &two, "rules=7").unwrap();
    assert!(
        refused.starts_with("it comes to more than 7 rules"),
        "{refused}"
    );
    assert_eq!(refused_by_limit("firewalld", &two, "boxes=4"), None);
    let refused = refused_by_limit("firewalld", &two, "boxes=3").unwrap();
    assert!(
        refused.starts_with("it comes to more than 3 combinations"),
        "{refused}"
    );
    // Before a tree is made of them.
    for mark in ["<", "<policy ="] {
        let marks = mark.repeat(20);
        let refused = refused_by_limit("firewalld", &marks, "rules=9").unwrap();
        assert!(
            refused.starts_with("it comes to more than 9 rules"),
            "{refused}"
        );
        let refused = refused_by_limit("firewalld", &marks, "rules=10").unwrap();
        assert!(refused.starts_with("it is not valid XML"), "{refused}");
    }
    let deep = format!(
        "<policy>{}{}</policy>\n",
        "<a>".repeat(50_000),
        "</a>".repeat(50_000)
    );
    let refused = refused_by_limit("firewalld", &deep, "depth=9").unwrap();
    assert_eq!(refused, "'a' is no element of a policy of firewalld's");
}

/// What firewalld 1.3.3 prints of all policies: Tokyo inwards, and one of a user's.
const LISTED: &str = r#"mine
  priority: 10
  target: DROP
  ingress-zones: 
  egress-zones: ANY
  services: http ssh
  ports: 
  protocols: 
  masquerade: yes
  forward-ports: 
	port=7:proto=tcp:toport=8:toaddr=
  source-ports: 
  icmp-blocks: 
  rich rules: 

twilio-sip-in (active)
  priority: -1
  target: CONTINUE
  ingress-zones: ANY
  egress-zones: HOST
  services: 
  ports: 
  protocols: 
  masquerade: no
  forward-ports: 
  source-ports: 
  icmp-blocks: 
  rich rules: 
	rule family="ipv4" source address="54.65.63.192/30" port port="5060" protocol="udp" accept
	rule family="ipv4" source address="54.65.63.192/30" port port="5060" protocol="tcp" accept
	rule family="ipv4" source address="54.65.63.192/30" port port="5061" protocol="tcp" accept
	rule family="ipv4" source address="54.65.63.192/26" port port="10000-20000" protocol="udp" accept
"#;

/// [`LISTED`] with a change in the policy that is ours.
fn listed(from: &str, to: &str) -> String {
    let (before, own) = LISTED.split_once("\ntwilio").unwrap();
    let own = format!("\ntwilio{own}");
    assert!(own.contains(from), "{from}");
    format!("{before}{}", own.replacen(from, to, 1))
}

/// What may stand for a part of [`LISTED`] and means the same: rules as firewalld prints them.
const LISTED_SAME: &str = r#"
 (active) =>
target: CONTINUE => target: REJECT
5060" protocol="udp" accept => 5060" protocol="udp" log prefix="a b" level="info" limit value="1/m" audit accept
rules: ↵ => rules: ↵	rule priority="-3" family="ipv4" source NOT address="54.0.0.0/8" protocol value="gre" reject type="icmp-admin-prohibited" limit value="2/d"↵
rules: ↵ => rules: ↵	rule family="ipv6" source address="2001:db8::/32" drop↵	rule priority="7" family="ipv4" drop↵	rule icmp-block name="echo-request"↵
icmp-blocks:  => icmp-blocks: echo-request redirect
rules: ↵ => rules: ↵	rule port port="5060" protocol="tcp" nflog group="3" prefix="x" queue-size="5" limit value="1/m"↵	rule priority="3" log↵
"#;

/// What stands for a part of [`LISTED`], and the parts of the drift that comes of it.
const LISTED_DRIFT: &str = r#"
ports:  => ports: 22/tcp => extra   in  tcp from any to any port 22 | extra   in  packets of IPv6
source-ports:  => source-ports: 1-2/sctp => extra   in  sctp from any port 1-2 to any | extra   in  packets of IPv6
protocols:  => protocols: ah gre => extra   in  protocol 47, protocol 51 from any to any | extra   in  packets of IPv6 | extra   in  packets of IPv6
5061" protocol="tcp" accept => 5061" protocol="tcp" log => missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional)
5061" protocol="tcp" accept => 5061" protocol="tcp" accept limit value="3/h" => missing in  tcp from 54.65.63.192/30 to any port 5061, but only in some circumstances (signaling tls of tokyo, edition regional)
rules: ↵ => rules: ↵	rule family="ipv4" source address="54.65.63.192/30" port port="5061" protocol="tcp" drop↵ => missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional)
rules: ↵ => rules: ↵	rule family="ipv4" destination NOT address="192.0.2.0/24" port port="5061" protocol="tcp" drop↵ => missing in  tcp from 54.65.63.192/30 to 0.0.0.0-192.0.1.255 port 5061 (signaling tls of tokyo, edition regional) | missing in  tcp from 54.65.63.192/30 to 192.0.3.0-255.255.255.255 port 5061 (signaling tls of tokyo, edition regional)
"#;

/// What stands for a part of [`LISTED`], and how it is refused.
const LISTED_REFUSED: &str = r#"
services:  => services: ssh => 21: the ports of the service 'ssh' are not in the text; expected them as ports
masquerade: no => masquerade: yes => 24: 'masquerade' changes packets
masquerade: no => masquerade: maybe => 24: expected yes or no
forward-ports:  => forward-ports: ↵	port=7:proto=tcp:toport=8:toaddr= => 26: 'forward-port' changes packets
ports:  => ports: 22 => 22: 'port' has no attribute 'protocol'
ports:  => ports: 22/icmp => 22: expected the protocol tcp, udp, sctp or dccp, not 'icmp'
priority: -1 => priority: first => 17: 'first' is not a priority from -32768 to 32767
target: CONTINUE => target: default => 18: expected the target CONTINUE, ACCEPT, REJECT or DROP, not 'default'
ingress-zones: ANY => ingress-zones:  => 18: it has no ingress zone or no egress zone
  target: CONTINUE↵ =>  => 18: expected the line 'target:' of what firewall-cmd prints of a policy; give all of it
  services: ↵ =>  => 21: expected the line 'services:' of what firewall-cmd prints of a policy
rules: ↵ => rules: ↵  more: ↵ => 29: expected a rich rule, or the end of the policy
	rule family => 	family => 29: expected 'rule' first
	rule family="ipv4" => 	family="ipv4" => 29: expected 'rule' first
rule family="ipv4" => rule family=ipv4 => 29: expected a value in quotes after 'family='
rule family="ipv4" => rule family="ipv4 => 29: expected a space after a value
rule family="ipv4" => rule family="ipv4"x => 29: expected a space after a value
rule family="ipv4" => rule family="ipv4" family="ipv6" => 29: 'rule' has 'family' twice
rule family="ipv4" => rule NOT family="ipv4" => 29: 'rule' has no attribute 'invert' in firewalld
rule family="ipv4" => rule limit value="1/s" family="ipv4" => 29: 'limit' has no attribute 'family' in firewalld
protocol="udp" accept => protocol="udp" limit value="1/s" accept => 29: 'port' has no limit in firewalld
protocol="udp" accept => protocol="udp" allow => 29: 'allow' is no part of a rule of firewalld's
"#;

#[test]
fn firewalld_listing_is_read_as_the_file_is() {
    let policy = tokyo(&[Direction::In]);
    assert_in_sync("LISTED", "firewalld", &policy, LISTED);
    for [from, to] in rows(&LISTED_SAME.replace(" =>\n", " => \n")) {
        assert_in_sync(&to, "firewalld", &policy, &listed(&from, &to));
    }
    for [from, to, parts] in rows(LISTED_DRIFT) {
        let found = told("firewalld", &policy, &listed(&from, &to)).unwrap();
        assert_eq!(found.join(" | "), parts, "{from} => {to}");
    }
    for [from, to, problem] in rows(LISTED_REFUSED) {
        assert_refused(&to, "firewalld", &policy, &listed(&from, &to), &problem);
    }
    let text = format!("{LISTED}{}", LISTED.split_once("\n\n").unwrap().1);
    let twice = "33: the policy stands in the text twice";
    assert_refused("twice", "firewalld", &policy, &text, twice);
    let start = "1: expected the name of a policy before it";
    assert_refused(
        "start",
        "firewalld",
        &policy,
        LISTED.split_once('\n').unwrap().1,
        start,
    );
    for end in 0..LISTED.len() {
        let told = told("firewalld", &policy, &LISTED[..end]);
        assert!(
            told.is_err() || told.is_ok_and(|parts| !parts.is_empty()),
            "{end}"
        );
    }
    let refused = refused_by_limit("firewalld", LISTED, "rules=9").unwrap();
    assert!(
        refused.starts_with("it comes to more than 9 rules"),
        "{refused}"
    );
}

#[test]
fn firewalld_policy_of_a_listing_is_found_by_its_name() {
    let find = |name, directions: &[Direction]| judge::units("firewalld", LISTED, name, directions);
    let absent = find("other-sip", &[Direction::In]).unwrap();
    assert_eq!(absent[0].name, "other-sip-in");
    assert_eq!(
        absent[0].absent.as_deref(),
        Some("there is no such policy in the text")
    );
    let both = find("Twilio_SIP", &BOTH).unwrap();
    let both: Vec<_> = both
        .iter()
        .map(|unit| (&*unit.name, unit.steps.len()))
        .collect();
    assert_eq!(both, [("twilio-sip-in", 4), ("twilio-sip-out", 0)]);
    let own = find("twilio-sip-in", &[Direction::In]).unwrap();
    assert_eq!((&*own[0].name, own[0].steps.len()), ("twilio-sip-in", 4));
    let out = find("twilio-sip-in", &[Direction::Out]).unwrap_err();
    assert!(
        out[0].contains("the policy has the direction in, which is not selected"),
        "{out:?}"
    );
    let mine = find("mine", &[Direction::In]).unwrap_err();
    assert!(mine[0].starts_with("3: it has no ingress zone"), "{mine:?}");
}
