//! What is made of deployed lists of addresses: the exact drift, or a refusal that says why.

mod common;

use std::collections::BTreeSet;

use common::EDITIONS;
use common::judge::{BOTH, dialect, everything, policy};
use twilio_sip_allow::format::parse::{Lines, Wanted};
use twilio_sip_allow::format::{self, Unit, UnitName};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::drift::{Belongs, DeployedUnit, Drift, Part};
use twilio_sip_allow::policy::space::{Field, Span};
use twilio_sip_allow::policy::{Direction, Policy};
use twilio_sip_allow::select::Selection;

/// What is expected, and where to look for it.
struct Expected {
    format: &'static str,
    policy: Policy,
    unit: Unit,
    limits: Limits,
}

type Problems = Vec<(usize, String)>;

impl Expected {
    fn new(format: &'static str, editions: &[&str], selection: &Selection) -> Expected {
        Expected {
            format,
            policy: policy(editions, selection).unwrap(),
            unit: Unit::default(),
            limits: Limits::default(),
        }
    }

    /// Tokyo's addresses of the regional edition.
    fn tokyo(format: &'static str, directions: &[Direction]) -> Expected {
        let selection = Selection {
            regions: vec!["tokyo".to_owned()],
            directions: directions.to_vec(),
            ..everything()
        };
        Expected::new(format, &["regional"], &selection)
    }

    fn named(mut self, name: &str) -> Expected {
        self.unit.name = UnitName::deployed(name).unwrap();
        self
    }

    fn limited(mut self, bound: &str) -> Expected {
        self.limits = self.limits.with(&[bound.parse().unwrap()]);
        self
    }

    fn text(&self) -> String {
        format::render(dialect(self.format), &self.policy, &self.unit).unwrap()
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            unit: &self.unit,
            directions: &self.policy.scope.directions,
            limits: self.limits,
        }
    }

    /// The units, or the line and the problem of each error.
    fn units(&self, text: &str) -> Result<Vec<DeployedUnit>, Problems> {
        format::parse(dialect(self.format), text, self.wanted()).map_err(|errors| {
            let told = errors.into_iter();
            told.map(|e| (Lines::of(text).number(e.at), e.problem))
                .collect()
        })
    }

    fn check(&self, text: &str) -> Result<Drift, Problems> {
        let units = self.units(text)?;
        let format = dialect(self.format);
        Ok(format::compare(format, &self.policy, &units, self.limits, || &[]).unwrap())
    }

    /// What differs, part by part; nothing if nothing does.
    fn drift(&self, text: &str) -> Vec<String> {
        let drift = self.check(text);
        let drift = drift.unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        let parts = drift
            .parts()
            .map(|(side, part)| format!("{side} {}", told(part)));
        let beyond = drift
            .beyond
            .iter()
            .map(|(_, beyond)| format!("beyond {}", beyond.what));
        parts.chain(beyond).collect()
    }

    /// The errors in one text, each with its line's number.
    fn refusal(&self, text: &str) -> String {
        match self.check(text) {
            Ok(drift) => panic!("it is understood: {drift:?}\n{text}"),
            Err(errors) => {
                let lines = errors
                    .iter()
                    .map(|(line, problem)| format!("{line}: {problem}"));
                lines.collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// What `--print-repair` prints.
    fn repair(&self, text: &str) -> Result<String, String> {
        let format = dialect(self.format);
        let units = self.units(text).unwrap();
        format::repair(format, &self.policy, text, self.wanted(), &units)
            .map_err(|error| error.to_string())
    }
}

/// `in 192.0.2.0/24 signaling tokyo`; `sometimes` and ports where there are such.
fn told(part: &Part) -> String {
    let remote = part.packets.span(Field::Remote).networks();
    let remote: Vec<String> = remote.map(|network| network.to_string()).collect();
    let mut words = vec![part.direction.to_string(), remote.join("+")];
    let ports = part.packets.span(Field::RemotePort);
    if ports != Span::PORTS {
        words.push(format!("ports {}-{}", ports.first, ports.last));
    }
    if part.sometimes {
        words.push("sometimes".to_owned());
    }
    if let Belongs::Rule {
        subject, region, ..
    } = &part.belongs
    {
        words.push(format!("{subject} {region}"));
    }
    words.join(" ")
}

/// The lines of a table, `|` standing for a new line.
fn rows(table: &str) -> impl Iterator<Item = String> {
    table
        .lines()
        .filter(|row| !row.is_empty())
        .map(|row| row.replace('|', "\n"))
}

/// A table of texts, `=>`, and what is made of each.
fn pairs(table: &str) -> impl Iterator<Item = (String, String)> {
    rows(table).map(|row| {
        let (text, told) = row.split_once(" => ").unwrap_or_else(|| panic!("{row}"));
        (text.to_owned(), told.to_owned())
    })
}

/// Every cut of a text is refused or has drift, but for those that `whole` takes for a whole one.
fn assert_cuts_are_found(expected: &Expected, text: &str, whole: impl Fn(&str) -> bool) {
    assert_eq!(expected.drift(text), [""; 0]);
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let cut = &text[..end];
        let in_sync = expected.check(cut).is_ok_and(|drift| drift.is_none());
        assert!(!in_sync || whole(cut), "{cut}");
    }
}

/// As the real `ipset save` prints it (version 7.17).
const SAVED: &str = "\
create other list:set size 8
add other twilio-sip-media
create twilio-sip-signaling hash:net family inet hashsize 1024 maxelem 262144 comment bucketsize 12 initval 0xb46b40b9
add twilio-sip-signaling 54.65.63.192/30 comment \"tokyo\"
create twilio-sip-media hash:net family inet hashsize 1024 maxelem 262144 comment bucketsize 12 initval 0x9cb09abd
add twilio-sip-media 54.65.63.192/26 comment \"tokyo\"
create twilio-sip-media-2 hash:net family inet hashsize 1024 maxelem 262144 comment bucketsize 12 initval 0x1bfc75fd
";

/// As the real `ipset list` prints it (version 7.17).
const LISTED: &str = "\
Name: twilio-sip-signaling
Type: hash:net
Revision: 7
Header: family inet hashsize 1024 maxelem 262144 comment bucketsize 12 initval 0xb46b40b9
Size in memory: 524
References: 6
Number of entries: 1
Members:
54.65.63.192/30 comment \"tokyo\"

Name: twilio-sip-media
Type: hash:net
Revision: 7
Header: family inet hashsize 1024 maxelem 262144 comment bucketsize 12 initval 0x9cb09abd
Size in memory: 524
References: 2
Number of entries: 1
Members:
54.65.63.192/26 comment \"tokyo\"

Name: twilio-sip-media-2
Type: hash:net
Revision: 7
Header: family inet hashsize 1024 maxelem 262144 comment bucketsize 12 initval 0x1bfc75fd
Size in memory: 456
References: 0
Number of entries: 0
Members:

Name: other
Type: hash:net,port
Revision: 8
Header: family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xf21a8af9
Size in memory: 504
References: 0
Number of entries: 1
Members:
10.0.0.0/24,udp:5060
";

const CREATE: &str = "\
create twilio-sip-signaling hash:net family inet hashsize 1024 maxelem 262144 comment bucketsize 12 initval 0xb46b40b9
";
const ADD: &str = "add twilio-sip-signaling 54.65.63.192/30 comment \"tokyo\"\n";

/// What was saved with other lines in the place of the set for signaling, of which `S` is the name.
fn instead(lines: &str) -> String {
    let whole = format!("{CREATE}{ADD}");
    assert!(SAVED.contains(&whole));
    let lines = lines.replace(" S", " twilio-sip-signaling");
    SAVED.replace(&whole, &format!("{lines}\n"))
}

/// What may stand for the set for signaling.
const SAME_SETS: &str = "
create S hash:net|add S 54.65.63.192/30
create S hash:net|add S 54.65.63.195/30
create S hash:net|add S 54.65.63.194/31|add S 54.65.63.192/31
create S hash:net|add S 54.65.63.193|add S 54.65.63.192/30
create S hash:net|add S 54.65.63.193 nomatch|add S 54.65.63.192/30|add S 54.65.63.193 -exist
create S hash:net|add S 54.65.63.192/29|add S 54.65.63.196/30 nomatch
create S hash:net|add S 54.65.63.196/30 nomatch|add S 54.65.63.192/29
create S hash:net|add S 54.65.63.192/30|add S 54.65.63.0/24 nomatch|add S 10.0.0.0/8 nomatch
create S hash:net|add S 54.65.63.192/30|add S 54.65.63.192/31 nomatch|add S 54.65.63.193|add S 54.65.63.192
create S hash:net timeout 0|add S 54.65.63.192/30
create S hash:net timeout 60|add S 54.65.63.192/30 timeout 0
create S hash:net counters skbinfo forceadd|add S 54.65.63.192/30 packets 3 bytes 200 skbmark 0x1/0xff skbprio 1:2 skbqueue 3
create S hash:net comment|add S 54.65.63.192/30 comment tokyo
create S hash:net comment|add S 54.65.63.192/30 comment \"add S 0.0.0.0/1 # nomatch\"
create S hash:net|add S 10.0.0.0/8|del S 10.0.0.0/8|add S 54.65.63.192/30
create S hash:net|add S 54.65.63.192/30|del S 10.0.0.0/8 -exist
create S hash:net|add S 10.0.0.0/8|flush S|add S 54.65.63.192/30
create S hash:net -exist|flush S|add S 54.65.63.192/30
create S hash:net -!|add S 10.0.0.0/8|flush S|add S 54.65.63.192/30 -!
create S hash:net|create new hash:net|add S 10.0.0.0/8|add new 54.65.63.192/30|swap new S|destroy new
create S hash:net|add S 54.65.63.192/30|destroy S|create S hash:net|add S 54.65.63.192/30
create S hash:ip|add S 54.65.63.192|add S 54.65.63.193|add S 54.65.63.195|add S 54.65.63.194
create S hash:ip family inet netmask 30|add S 54.65.63.194
create S bitmap:ip range 54.65.63.0-54.65.63.255 netmask 30|add S 54.65.63.192
create S bitmap:ip range 54.65.63.0/24|add S 54.65.63.192|add S 54.65.63.193|add S 54.65.63.194|add S 54.65.63.195
# what it is for||  create S\thash:net maxelem 1 |add S  54.65.63.192/30
";

#[test]
fn ipset_what_means_the_same_is_in_sync() {
    let both = Expected::tokyo("ipset", &BOTH);
    let unused = "create twilio-sip-media-2 ";
    let without = &SAVED[..SAVED.find(unused).unwrap()];
    let rendered = both.text();
    for text in [
        SAVED,
        LISTED,
        without,
        &rendered,
        &rendered.replace('\n', "\r\n"),
    ] {
        for directions in [&BOTH[..], &BOTH[..1], &BOTH[1..]] {
            let expected = Expected::tokyo("ipset", directions);
            assert_eq!(expected.drift(text), [""; 0], "{text}");
        }
    }
    // As one listing of each set after the other.
    assert_eq!(both.drift(&LISTED.replace("\n\nName", "\nName")), [""; 0]);
    let old = LISTED.replace("Number of entries: 1\n", "");
    assert_eq!(both.drift(&old), [""; 0]);
    for row in rows(SAME_SETS) {
        let text = instead(&row);
        assert_eq!(
            Expected::tokyo("ipset", &BOTH[..1]).drift(&text),
            [""; 0],
            "{text}"
        );
    }
}

/// What differs when the set for signaling is something else.
const DIFFERENT_SETS: &str = "
create S hash:net => missing in 54.65.63.192/30 signaling tokyo
create S hash:net|add S 54.65.63.192/31 => missing in 54.65.63.194/31 signaling tokyo
create S hash:net|add S 54.65.63.192/29 => extra in 54.65.63.196/30
create S hash:net|add S 54.65.63.192/30|add S 54.65.63.193 nomatch => missing in 54.65.63.193/32 signaling tokyo
create S hash:net|add S 54.65.63.193|add S 54.65.63.192/30 nomatch => missing in 54.65.63.192/32 signaling tokyo|missing in 54.65.63.194/31 signaling tokyo
create S hash:net|add S 54.65.63.192/30|add S 54.65.63.192/30 nomatch -exist => missing in 54.65.63.192/30 signaling tokyo
create S hash:net|add S 54.65.63.192/30|add S 54.65.63.192/28 nomatch|add S 54.65.63.192/27 => extra in 54.65.63.208/28
create S hash:net timeout 60|add S 54.65.63.192/30 => missing in 54.65.63.192/30 sometimes signaling tokyo
create S hash:net timeout 0|add S 54.65.63.192/30 timeout 9 => missing in 54.65.63.192/30 sometimes signaling tokyo
create S hash:net timeout 0|add S 54.65.63.192/30|add S 54.65.63.194 timeout 9 nomatch => missing in 54.65.63.194/32 sometimes signaling tokyo
create S hash:net timeout 0|add S 54.65.63.192/30|add S 10.0.0.0/8 timeout 9 => extra in 10.0.0.0/8 sometimes
create S hash:net|add S 54.65.63.192/30|flush S => missing in 54.65.63.192/30 signaling tokyo
create S hash:net|add S 54.65.63.192/30|del S 54.65.63.194/30 => missing in 54.65.63.192/30 signaling tokyo
create S hash:net|add S 54.65.63.192/30|destroy S => missing in 54.65.63.192/30 signaling tokyo
create S hash:net|create x hash:net|add S 54.65.63.192/30|swap S x => missing in 54.65.63.192/30 signaling tokyo
create S hash:ip netmask 31|add S 54.65.63.193|add S 54.65.63.196 => missing in 54.65.63.194/31 signaling tokyo|extra in 54.65.63.196/31
create S bitmap:ip range 54.65.63.192-54.65.63.199 netmask 29|add S 54.65.63.192 => extra in 54.65.63.196/30
";

#[test]
fn ipset_what_differs_is_found() {
    let expected = Expected::tokyo("ipset", &BOTH[..1]);
    for (lines, told) in pairs(DIFFERENT_SETS) {
        assert_eq!(expected.drift(&instead(&lines)).join("\n"), told, "{lines}");
    }
    // Each direction that is selected uses the same sets.
    let both = Expected::tokyo("ipset", &BOTH);
    let lines = ["in 54.65.63.192/30", "out 54.65.63.192/30"];
    let lines = lines.map(|way| format!("missing {way} signaling tokyo"));
    assert_eq!(both.drift(&instead("create S hash:net")), lines);
    // What is for one list is extra in another; nobody asks the second of media for anything.
    let moved = SAVED.replace("sip-media-2 ", "sip-x ");
    let moved = moved.replace("sip-media ", "sip-media-2 ");
    let moved = moved.replace("sip-x ", "sip-media ").replace(ADD, "");
    let told = [
        "missing in 54.65.63.192/30 signaling tokyo",
        "missing in 54.65.63.192/26 media tokyo",
        "extra in 54.65.63.192/26",
    ];
    assert_eq!(expected.drift(&moved), told);
    let names = |text: &str| -> Vec<String> {
        let absent = expected.units(text).unwrap().into_iter();
        let absent = absent.filter(|unit| unit.absent.is_some());
        absent.map(|unit| unit.name).collect()
    };
    assert_eq!(names(SAVED), [""; 0]);
    assert_eq!(
        names(&SAVED.replace("sip-media-2", "sip-x")),
        ["set twilio-sip-media-2"]
    );
}

/// The sets of a union, whose media has two lists, each with its own.
#[test]
fn ipset_each_set_serves_the_rules_of_its_list() {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        directions: vec![Direction::Out],
        ..everything()
    };
    let expected = Expected::new("ipset", &["regional", "global"], &selection);
    let text = expected.text();
    assert_eq!(expected.drift(&text), [""; 0]);
    let without = |set: &str| expected.drift(&format!("{text}destroy twilio-sip-{set}\n"));
    let regional = "missing out 54.65.63.192/26 media tokyo";
    let global = "missing out 168.86.128.0/18 media all regions";
    assert_eq!(without("media"), [regional]);
    assert_eq!(without("media-2"), [global]);
    let swapped = format!(
        "{text}create x hash:net\nswap x twilio-sip-media\nswap x twilio-sip-media-2\n\
         swap x twilio-sip-media\n"
    );
    let told = [
        regional,
        global,
        "extra out 168.86.128.0/18",
        "extra out 54.65.63.192/26",
    ];
    let mut found = expected.drift(&swapped);
    found.sort_by_key(|part| told.iter().position(|told| told == part));
    assert_eq!(found, told);
}

/// Whatever editions are united, each of their rules is asked of some set.
#[test]
fn ipset_no_rule_is_without_its_set() {
    for chosen in 1..1 << EDITIONS.len() {
        let editions = EDITIONS.iter().enumerate();
        let editions: Vec<&str> = editions
            .filter(|(at, _)| chosen >> at & 1 == 1)
            .map(|(_, edition)| *edition)
            .collect();
        let expected = Expected::new("ipset", &editions, &everything());
        let drift = expected.check("create other hash:net\n").unwrap();
        let missing: BTreeSet<(Direction, String, Span)> = drift
            .missing
            .iter()
            .map(|part| {
                let Belongs::Rule { plane, .. } = part.belongs else {
                    panic!("{part:?}");
                };
                (
                    part.direction,
                    plane.to_string(),
                    part.packets.span(Field::Remote),
                )
            })
            .collect();
        for rule in &expected.policy.rules {
            for remote in rule.remote.networks.iter() {
                let key = (
                    rule.direction,
                    rule.plane.to_string(),
                    remote.network.into(),
                );
                assert!(
                    missing.contains(&key),
                    "{editions:?}: {key:?} of {missing:?}"
                );
            }
        }
    }
}

/// What stands for the set for signaling, and the line and the problem of what is refused.
const REFUSED_SETS: &str = "
create S hash:net|add S 54.65.63.192/30|add S 54.65.63.192/30 => 5: the set has this entry already
create S hash:net|add S 54.65.63.192/30|add S 54.65.63.193/30 nomatch => 5: the set has this entry already
create S hash:net|add S 54.65.63.192/33 => 4: '54.65.63.192/33' has no prefix length from 0 to 32
create S hash:net|add S 0.0.0.0/0 => 4: '0.0.0.0/0' is no entry that ipset takes
create S hash:net|add S 54.65.63.192-54.65.63.195 => 4: '54.65.63.192-54.65.63.195' is a range, which ipset splits
create S hash:net|add S 54.65.063.192/30 => 4: '54.65.063.192' is not an IPv4 address
create S hash:net|add S sip.example.com => 4: 'sip.example.com' is not an IPv4 address
create S hash:net|add S => 4: '' is not an IPv4 address
create S hash:net|add S 54.65.63.192/30 comment \"x\" => 4: 'comment' is not understood in an entry of this set
create S hash:net|add S 54.65.63.192/30 packets 3 => 4: 'packets' is not understood
create S hash:net|add S 54.65.63.192/30 skbmark 3 => 4: 'skbmark' is not understood
create S hash:net|add S 54.65.63.192/30 timeout 3 => 4: 'timeout' is not understood
create S hash:net|add S 54.65.63.192/30 match => 4: 'match' is not understood
create S hash:net timeout 0|add S 54.65.63.192/30 timeout x => 4: 'x' is not a number
create S hash:net timeout 0|add S 54.65.63.192/30 timeout => 4: '' is not a number
create S hash:net comment|add S 54.65.63.192/30 comment => 4: expected a comment of 1 to 255 bytes
create S hash:net comment|add S 54.65.63.192/30 comment \"\" => 4: expected a comment of 1 to 255 bytes
create S hash:net comment|add S 54.65.63.192/30 comment \"a\"b => 4: expected a comment of 1 to 255 bytes
create S hash:net comment|add S 54.65.63.192/30 comment a\"b\" => 4: expected a comment of 1 to 255 bytes
create S hash:net comment|add S 54.65.63.192/30 comment a b => 4: 'b' is not understood
create S hash:net comment|add S 54.65.63.192/30 comment \"a => 4: a comment goes on in the next line
create S hash:net comment|add other x comment \"a|add S 0.0.0.0/1\" => 4: a comment goes on in the next line; expected each on one line|5: a comment goes on in the next line
create S hash:net|del S 54.65.63.192/30 => 4: the set has no such entry before it
create S hash:net maxelem 1|add S 54.65.63.192/31|add S 54.65.63.194/31 => 5: the set takes 1 entries at most
create S hash:net family inet6|add S 2001:db8::/32 => 3: it is a set of IPv6 addresses; expected family inet
create S hash:net netmask 24 => 3: 'netmask' is not an option of hash:net that is understood
create S hash:net range 10.0.0.0/8 => 3: 'range' is not an option of hash:net
create S hash:ip bitmask 255.255.0.255 => 3: 'bitmask' is not an option of hash:ip
create S hash:ip netmask 33 => 3: expected a netmask from 1 to 32
create S hash:ip netmask 0 => 3: expected a netmask from 1 to 32
create S hash:ip|add S 54.65.63.192/30 => 4: '54.65.63.192/30' is not an IPv4 address
create S hash:ip|add S 54.65.63.192 nomatch => 4: 'nomatch' is not understood
create S bitmap:ip range 10.0.0.0-10.0.0.7|add S 10.0.0.8 => 4: '10.0.0.8' is not in the range of the set
create S bitmap:ip range 10.0.0.7-10.0.0.0 => 3: the range '10.0.0.7-10.0.0.0' is reversed
create S hash:net,port => 3: a set of type 'hash:net,port' tells more than IPv4 addresses
create S list:set size 8 => 3: a set of type 'list:set' tells more
create S nethash => 3: a set of type 'nethash' tells more
create S => 3: a set of type '' tells more
create => 3: expected the name of a set after create
create S hash:net maxelem => 3: '' is not a number
create S hash:net maxelem comment -exist|create new hash:net|add new 54.65.63.192/30|swap new S|destroy new => 3: 'comment' is not a number
create S hash:net -exist|add S 54.65.63.192/30 => 3: the set may have had other entries before
create S hash:net|create S hash:net => 4: a line before creates the set 'twilio-sip-signaling' too
create S hash:net|create S hash:net counters -exist => 4: a line before creates the set
create S hash:ip|create x hash:net|swap S x => 5: ipset swaps no hash:ip with a hash:net
create S hash:net|swap S x => 4: no line before creates the set 'x'
add S 54.65.63.192/30 => 3: no line before creates the set 'twilio-sip-signaling'
create S hash:net|flush S now => 4: expected the end of the line after the name, not 'now'
create S hash:net|flush => 4: expected the name of a set after flush
create S hash:net|rename S x => 4: 'rename' is not understood; expected create, add, del, flush, swap or destroy
create S hash:net|-A S 54.65.63.192/30 => 4: '-A' is not understood
create S hash:net|add x 54.65.63.192/30 => 4: no line before creates the set 'x'
";

#[test]
fn ipset_what_is_not_understood_is_refused() {
    let expected = Expected::tokyo("ipset", &BOTH[..1]);
    for (lines, told) in pairs(REFUSED_SETS) {
        let refused = expected.refusal(&instead(&lines));
        assert!(
            refused.starts_with(&told) && refused.lines().count() == told.lines().count(),
            "{lines}\n{refused}"
        );
    }
    let many =
        "create twilio-sip-media hash:net\n".to_owned() + &"add twilio-sip-media x\n".repeat(1000);
    assert_eq!(expected.check(&many).unwrap_err().len(), 20);
    let many = "nonesuch\n".repeat(1000);
    assert_eq!(expected.check(&many).unwrap_err().len(), 20);
    // What is wrong with a set of another name is not looked at.
    assert_eq!(
        expected.drift(&SAVED.replace("list:set size 8", "new:type x")),
        [""; 0]
    );
}

#[test]
fn ipset_a_listing_is_whole_or_refused() {
    let expected = Expected::tokyo("ipset", &BOTH[..1]);
    let terse = LISTED
        .lines()
        .filter(|line| line.contains(": ") || line.is_empty());
    let terse = terse.collect::<Vec<_>>().join("\n") + "\n";
    for (text, told) in [
        (
            terse,
            "1: its entries are not listed: the text was cut off, or it was asked for with -terse",
        ),
        (
            LISTED.replacen("entries: 1", "entries: 2", 1),
            "1: 1 entries are listed, and not 2 as it says: the text was cut off",
        ),
        (
            LISTED.repeat(2),
            "39: the set 'twilio-sip-signaling' stands in the text twice",
        ),
        (
            LISTED.replacen("Type", "Kind", 1),
            "2: 'Kind' is not understood; expected Type, Revision",
        ),
        (
            LISTED.replacen("hash:net", "hash:net,net", 1),
            "1: a set of type 'hash:net,net'",
        ),
        (
            LISTED.replacen("\"tokyo\"", "\"to\n\nName: x\"", 1),
            "9: a comment goes on in the next line",
        ),
        (
            LISTED.replacen("\nName", "\nx\nName", 1),
            "11: expected 'Name:' and the name of a set",
        ),
    ] {
        let refused = expected.refusal(&text);
        assert!(refused.starts_with(told), "{refused}\n{text}");
    }
}

#[test]
fn ipset_a_text_of_something_else_is_refused_with_a_hint() {
    let expected = Expected::tokyo("ipset", &BOTH);
    let iptables = "# Generated by iptables-save\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n";
    let xml = "<ipsets>\n<ipset name=\"twilio-sip-media\">\n</ipset>\n</ipsets>\n";
    let hint = "create, add, del, flush, swap or destroy, as in what ipset save prints, or what \
                ipset list prints, without -output xml";
    for text in [
        iptables,
        xml,
        "twilio-sip-signaling\ntwilio-sip-media\n",
        "{}\n",
        "table inet filter {\n}\n",
    ] {
        let refused = expected.refusal(text);
        assert!(refused.contains(hint), "{refused}");
    }
    let refused = expected.refusal("# nothing\n");
    assert_eq!(
        refused,
        "1: no set is left at its end; expected what ipset save or ipset list prints"
    );
}

#[test]
fn ipset_a_text_that_was_cut_off_is_never_in_sync() {
    let expected = Expected::tokyo("ipset", &BOTH);
    let last_entry = SAVED.find("create twilio-sip-media-2 ").unwrap();
    assert_cuts_are_found(&expected, SAVED, |cut| {
        cut.len() >= last_entry && cut.ends_with('\n')
    });
    let others = LISTED.find("\nName: twilio-sip-media-2").unwrap();
    let whole = |cut: &str| {
        let rest = LISTED[cut.len()..].trim_start_matches('\n');
        cut.len() >= others && cut.ends_with('\n') && rest.starts_with("Name: ")
    };
    assert_cuts_are_found(&expected, LISTED, whole);
    // The last lines put the temporary sets away.
    let rendered = expected.text();
    let swapped = rendered.find("destroy ").unwrap();
    assert_cuts_are_found(&expected, &rendered, |cut| {
        cut.len() >= swapped && cut.ends_with('\n')
    });
}

#[test]
fn ipset_a_users_own_set_is_found_by_its_name() {
    let own = "create voip hash:net\nadd voip 54.65.63.192/26\n";
    let expected = Expected::tokyo("ipset", &BOTH[..1]).named("voip");
    assert_eq!(expected.drift(own), [""; 0]);
    let extra = format!("{own}add voip 54.65.63.128/26\n");
    assert_eq!(expected.drift(&extra), ["extra in 54.65.63.128/26"]);
    let refused = expected.repair(&extra).unwrap_err();
    assert!(
        refused.starts_with("'voip' is a unit of your own naming"),
        "{refused}"
    );
    // It serves all that is selected, whatever it is called after.
    let named = Expected::tokyo("ipset", &BOTH[..1]).named("x-signaling");
    let text = own.replace("voip", "x-signaling");
    assert_eq!(named.drift(&text), [""; 0]);
    let text = "create x-signaling hash:net\nadd x-signaling 54.65.63.192/30\n";
    let rest = "54.65.63.196/30+54.65.63.200/29+54.65.63.208/28+54.65.63.224/27";
    assert_eq!(
        named.drift(text),
        [format!("missing in {rest} media tokyo")]
    );
    // Sets of this program's naming come first; a set cannot be asked for both directions.
    let ours = SAVED.replace("twilio-sip", "voip");
    assert_eq!(expected.drift(&(ours + &extra)), [""; 0]);
    let both = Expected::tokyo("ipset", &BOTH).named("voip");
    assert_eq!(both.drift(own).len(), 4);
}

#[test]
fn ipset_what_has_drifted_is_mended_as_a_whole() {
    let expected = Expected::tokyo("ipset", &BOTH[..1]);
    let repair = expected.repair(&SAVED.replace(ADD, "")).unwrap();
    assert_eq!(repair, expected.text());
    assert!(
        repair.contains("swap twilio-sip-signaling-new twilio-sip-signaling\n"),
        "{repair}"
    );
}

#[test]
fn ipset_more_entries_than_the_limit_are_refused() {
    let text = instead("create S hash:net\nadd S 54.65.63.192/31\nadd S 54.65.63.194/31");
    for (directions, most) in [(&BOTH[..1], 3), (&BOTH[..], 6)] {
        let limited =
            |most: u32| Expected::tokyo("ipset", directions).limited(&format!("rules={most}"));
        assert_eq!(limited(most).drift(&text), [""; 0]);
        let refused = limited(most - 1).refusal(&text);
        let told = format!("6: it comes to more than {} rules", most - 1);
        assert!(refused.starts_with(&told), "{refused}");
    }
}

/// As the real kamcmd prints it (Kamailio 5.6.3), given both commands on stdin.
const DUMPED: &str = "\
kamcmd 1.5
Copyright 2006 iptelorg GmbH
This is free software with ABSOLUTELY NO WARRANTY.
For details type `warranty'.
kamcmd> permissions.addressDump
{
\ttable: 23
\tgroup: 2
\titem: {
\t\tip: 10.0.0.1
\t\tport: 5060
\t\ttag: NULL
\t}
}
kamcmd> permissions.subnetDump
{
\tid: 0
\tgroup: 1
\titem: {
\t\tip: 54.65.63.192
\t\tmask: 30
\t\tport: 0
\t\ttag: twilio-sip
\t}
}
kamcmd> ";

/// Address files, by what the real one has in its tables (Kamailio 5.6.3) and answers requests by.
const SAME_FILES: &str = "
1 54.65.63.192 30 0 twilio-sip # tokyo
1 54.65.63.192 30
1 54.65.63.192 30 0
1 54.65.63.194 30 0 host bits
1\t54.65.63.192\t30\t0\tx
  01 54.65.63.192 030 00 x#y
1 54.65.63.192 31 0 a|1 54.65.63.194|1 54.65.63.195 0 0 b c d
1 54.65.63.192 32#c|1 54.65.63.193 32 0 # c|1 54.65.63.194#c|1 54.65.63.195 32 0 c
1 54.65.63.192 30 0 a|1 54.65.63.192 30 0 a|1 54.65.63.193 32 5060 a
#1 10.0.0.0 8|| \t|1 54.65.63.192 30 0 a|2 10.0.0.0 8 0 b|3 example.com|11 x y z|0 10.0.0.0 8
";

/// The same, and what differs.
const DIFFERENT_FILES: &str = "
2 54.65.63.192 30 0 twilio-sip => missing in 54.65.63.192/30 signaling tokyo
1 54.65.63.192 31 0 twilio-sip => missing in 54.65.63.194/31 signaling tokyo
1 54.65.63.192 29 0 twilio-sip => extra in 54.65.63.196/30
1 54.65.63.192 0 0 twilio-sip => missing in 54.65.63.193/32+54.65.63.194/31 signaling tokyo
1 54.65.63.192 30 0 a|1 10.0.0.0 8 5060 b => extra in 10.0.0.0/8 ports 5060-5060
1 54.65.63.192 30 5060 a => missing in 54.65.63.192/30 ports 0-5059 signaling tokyo|missing in 54.65.63.192/30 ports 5061-65535 signaling tokyo
1 54.65.63.192 30 0 a|1 2001:db8:: 32 0 b => beyond IPv6, 2001:db8:: with the mask 32
1 54.65.63.192 30 0 a|1 [2001:db8::1] => beyond IPv6, [2001:db8::1] with the mask 0
1 54.65.63.192 30 0 a|1 0.0.0.0 1 0 b|1 128.0.0.0 1 0 b => extra in 0.0.0.0/3+32.0.0.0/4+48.0.0.0/6+52.0.0.0/7+54.0.0.0/10+54.64.0.0/16+54.65.0.0/19+54.65.32.0/20+54.65.48.0/21+54.65.56.0/22+54.65.60.0/23+54.65.62.0/24+54.65.63.0/25+54.65.63.128/26|extra in 54.65.63.196/30+54.65.63.200/29+54.65.63.208/28+54.65.63.224/27+54.65.64.0/18+54.65.128.0/17+54.66.0.0/15+54.68.0.0/14+54.72.0.0/13+54.80.0.0/12+54.96.0.0/11+54.128.0.0/9+55.0.0.0/8+56.0.0.0/5+64.0.0.0/2+128.0.0.0/1
";

#[test]
fn kamailio_what_means_the_same_is_in_sync() {
    for directions in [&BOTH[..], &BOTH[..1]] {
        let expected = Expected::tokyo("kamailio", directions);
        let rendered = expected.text();
        // Where a shell writes the commands' names in front of what each prints.
        let echoed = DUMPED.replace("kamcmd> ", "");
        let echoed = &echoed[echoed.find("permissions.").unwrap()..];
        let two = "kamcmd> permissions.subnetDump\n";
        let (addresses, subnets) = DUMPED.split_at(DUMPED.find(two).unwrap());
        let [greeting, addresses] = [
            &addresses[..addresses.find("kamcmd> ").unwrap()],
            &addresses[addresses.find("kamcmd> ").unwrap()..],
        ];
        let swapped = [
            greeting,
            subnets.strip_suffix("kamcmd> ").unwrap(),
            addresses,
        ]
        .concat();
        for text in [
            &*rendered,
            &rendered.replace('\n', "\r\n"),
            DUMPED,
            echoed,
            &swapped,
        ] {
            assert_eq!(expected.drift(text), [""; 0], "{text}");
        }
        for row in rows(SAME_FILES) {
            assert_eq!(expected.drift(&format!("{row}\n")), [""; 0], "{row}");
        }
    }
}

#[test]
fn kamailio_what_differs_is_found() {
    let expected = Expected::tokyo("kamailio", &BOTH);
    for (lines, told) in pairs(DIFFERENT_FILES) {
        assert_eq!(
            expected.drift(&format!("{lines}\n")).join("\n"),
            told,
            "{lines}"
        );
    }
    for (from, to, told) in [
        (
            "group: 2",
            "group: 1",
            "extra in 10.0.0.1/32 ports 5060-5060",
        ),
        (
            "group: 1",
            "group: 11",
            "missing in 54.65.63.192/30 signaling tokyo",
        ),
        (
            "mask: 30",
            "mask: 31",
            "missing in 54.65.63.194/31 signaling tokyo",
        ),
    ] {
        assert_eq!(expected.drift(&DUMPED.replace(from, to)), [told], "{to}");
    }
    let units = expected.units("2 54.65.63.192 30\n").unwrap();
    assert_eq!(
        units[0].absent.as_deref(),
        Some("the text has no entry of it")
    );
    assert_eq!(units[0].name, "group 1");
    // Blamed is the line of the address.
    let drift = expected
        .check(&DUMPED.replace("group: 2", "group: 1"))
        .unwrap();
    assert_eq!(Lines::of(DUMPED).number(drift.extra[0].blame[0]), 10);
}

const REFUSED_FILES: &str = "
1 54.65.63.192 33 0 x => 1: '54.65.63.192/33' has no prefix length from 0 to 32
1 54.65.63.192/30 => 1: '54.65.63.192/30' is not an IPv4 address, so Kamailio takes it for a host name; a mask is a word of its own
1 54.65.63 30 => 1: '54.65.63' is not an IPv4 address
1 54.65.063.192 30 => 1: '54.65.063.192' is not an IPv4 address
1 256.65.63.192 30 => 1: '256.65.63.192' is not an IPv4 address
1 sip.example.com => 1: 'sip.example.com' is not an IPv4 address
1 \"54.65.63.192\" 30 => 1: '\"54.65.63.192\"' is not an IPv4 address
1 54.65.63.192 3x 0 t => 1: '3x' is not a mask that Kamailio takes as it stands
1 54.65.63.192 -1 => 1: '-1' is not a mask
1 54.65.63.192 30 tag => 1: 'tag' is not a port that Kamailio takes as it stands
1 54.65.63.192 30 65536 tag => 1: '65536' is not a port
1 54.65.63.192 30 -1 => 1: '-1' is not a port
1 2001:db8:: 129 => 1: '2001:db8::' with the mask 129 is not a network of IPv6
1 2001:db8::/32 => 1: '2001:db8::/32' with the mask 0 is not a network of IPv6
1 => 1: it ends where an address is expected
1 # 54.65.63.192 => 1: it ends where an address is expected
1x 54.65.63.192 30 => 1: '1x' is not the number of a group; expected lines of group, address, mask, port and tag
(1, 54.65.63.192, 30) => 1: '(1,' is not the number of a group
1, 54.65.63.192, 30 => 1: '1,' is not the number of a group
4294967297 54.65.63.192 30 => 1: '4294967297' is not a group that Kamailio takes as it stands
2 10.0.0.0 8|x => 2: 'x' is not the number of a group
# nothing => 1: there is no address in it; expected lines of group, address, mask, port and tag
*filter|:INPUT ACCEPT => 1: '*filter' is not the number of a group; expected lines|2: ':INPUT' is not
<permissions/> => 1: '<permissions/>' is not the number of a group; expected lines of group, address, mask, port and tag, as Kamailio's address_file has them, or what kamcmd prints of permissions.addressDump and .subnetDump
[twilio-sip]|type=identify => 1: '[twilio-sip]' is not the number of a group|2: 'type=identify' is not
";

#[test]
fn kamailio_what_is_not_understood_is_refused() {
    let expected = Expected::tokyo("kamailio", &BOTH);
    for (lines, told) in pairs(REFUSED_FILES) {
        let refused = expected.refusal(&format!("{lines}\n"));
        assert_eq!(refused.lines().count(), told.lines().count(), "{refused}");
        for (refused, told) in refused.lines().zip(told.lines()) {
            assert!(refused.starts_with(told), "{lines}\n{refused}");
        }
    }
    assert_eq!(expected.check(&"x\n".repeat(1000)).unwrap_err().len(), 20);
    // The real one adds 10.0.0.0/8 by this line.
    let long = format!("#{} 1 10.0.0.0 8\n1 54.65.63.192 30\n", "x".repeat(1021));
    let refused = expected.refusal(&long);
    assert!(
        refused.starts_with("1: the line has more than 1000 bytes"),
        "{refused}"
    );
}

#[test]
fn kamailio_a_dump_is_whole_or_refused() {
    let expected = Expected::tokyo("kamailio", &BOTH);
    let how = "give what this prints: printf 'permissions.addressDump\\npermissions.subnetDump\\n' | kamcmd";
    let subnets = &DUMPED[DUMPED.find("kamcmd> permissions.subnetDump").unwrap()..];
    let bare = &subnets[subnets.find('{').unwrap()..];
    let json = "{\n  \"jsonrpc\": \"2.0\",\n  \"result\": []\n}\n";
    let both = &subnets[..subnets.len() - "kamcmd> ".len()];
    for (text, told, hinted) in [
        (
            subnets.to_owned(),
            "1: permissions.addressDump is not in the text; ",
            true,
        ),
        (
            bare.to_owned(),
            "1: no line before says which table it is of; ",
            true,
        ),
        (
            json.to_owned(),
            "1: no line before says which table it is of; ",
            true,
        ),
        (
            "error: 500 - command not found\n".to_owned(),
            "1: no line before says",
            true,
        ),
        (
            both.repeat(2),
            "12: the table stands in the text twice",
            false,
        ),
        (
            DUMPED.replace("kamcmd> permissions.subnetDump\n", ""),
            "16: expected 'table:'",
            true,
        ),
        (
            DUMPED.replace("\t\tmask: 30\n", ""),
            "21: expected 'mask:'",
            true,
        ),
        (
            DUMPED.replace("mask: 30", "mask:"),
            "21: expected 'mask:'",
            true,
        ),
        (
            DUMPED.replace("port: 0", "port:"),
            "22: expected 'port:'",
            true,
        ),
        (
            DUMPED.replace("\t\tport: 0\n", ""),
            "22: expected 'port:'",
            true,
        ),
        (
            DUMPED.replace("item: {", "item: { x"),
            "9: expected 'item: {'",
            true,
        ),
        (
            DUMPED.replace("ip: 54", "domain_name: x54"),
            "20: expected 'ip:'",
            true,
        ),
        (
            DUMPED.replace("addressDump", "domainDump"),
            "5: no line before says",
            true,
        ),
        (
            DUMPED.replace("mask: 30", "mask: x"),
            "20: 'x' is not a mask",
            false,
        ),
        (
            DUMPED.replace("group: 1", "group: one"),
            "20: 'one' is not a group",
            false,
        ),
    ] {
        let refused = expected.refusal(&text);
        assert!(
            refused.starts_with(told) && refused.ends_with(how) == hinted,
            "{refused}\n{text}"
        );
    }
}

#[test]
fn kamailio_a_text_that_was_cut_off_is_never_in_sync() {
    let expected = Expected::tokyo("kamailio", &BOTH);
    let last = DUMPED.len() - "kamcmd> ".len();
    assert_cuts_are_found(&expected, DUMPED, |cut| cut.len() == last);
    assert_cuts_are_found(&expected, &expected.text(), |_| false);
    let dump = DUMPED.replace("kamcmd> ", "");
    assert_cuts_are_found(
        &expected,
        &dump[dump.find("permissions.").unwrap()..],
        |_| false,
    );
}

#[test]
fn kamailio_a_name_is_a_tag_or_the_number_of_a_users_own_group() {
    let file = "7 54.65.63.192 30 0 x\n1 10.0.0.0 8\n";
    let expected = Expected::tokyo("kamailio", &BOTH[..1]).named("7");
    assert_eq!(expected.drift(file), [""; 0]);
    let refused = expected.repair(&file.replace("30", "31")).unwrap_err();
    assert!(
        refused.starts_with("'7' is a unit of your own naming"),
        "{refused}"
    );
    let tagged = Expected::tokyo("kamailio", &BOTH[..1]).named("other");
    assert_eq!(tagged.drift("1 54.65.63.192 30 0 x\n"), [""; 0]);
    let repair = tagged.repair("1 54.65.63.192 31 0 x\n").unwrap();
    assert!(
        repair.contains("\n1 54.65.63.192 30 0 other # tokyo\n"),
        "{repair}"
    );
}

#[test]
fn kamailio_more_entries_than_the_limit_are_refused() {
    let text = "2 10.0.0.0 8\n1 54.65.63.192 31\n1 54.65.63.194 31\n";
    let limited = |bound| Expected::tokyo("kamailio", &BOTH).limited(bound);
    assert_eq!(limited("rules=2").drift(text), [""; 0]);
    let refused = limited("rules=1").refusal(text);
    assert!(
        refused.starts_with("3: it comes to more than 1 rules"),
        "{refused}"
    );
}

/// In the layout of a published listing of version 20 or later, and of `cli_print_body` of Asterisk's
/// `res_pjsip_endpoint_identifier_ip.c`; Asterisk itself is not to be had here.
const SHOWN: &str = "
 Identify:  <Identify/Endpoint...........................................................>
      Match:  <criteria...........................>
==========================================================================================

 Identify:  other/other
      Match: 10.0.0.0/8
      Header: X-Any: thing

 Identify:  twilio-sip/twilio-sip
      Match: 54.65.63.192/30

Objects found: 2

";

const SECTION: &str = "[twilio-sip]|type=identify|endpoint=twilio-sip|";

/// What may stand for the section, of which `S` are the first lines, in a `pjsip.conf`.
const SAME_SECTIONS: &str = "
Smatch=54.65.63.192/30
Smatch=54.65.63.192/30 ; tokyo
Smatch => 54.65.63.192/255.255.255.252
S  Match\t=54.65.63.192/31 , 54.65.63.194,54.65.63.195/32
Smatch=54.65.63.193/30|srv_lookups=no|match=54.65.63.192:5060/30
[any name] ; comment|endpoint = twilio-sip|match = 54.65.63.192/30|type = identify
[a]|type=identify|endpoint=twilio-sip|match=54.65.63.192/31|[b]|type=identify|endpoint=twilio-sip|match=54.65.63.194/31
[base](!)|type=identify|endpoint=twilio-sip|match=54.65.63.192/31|[own](base)|match=54.65.63.194/31
[t](!)|type=identify|[base](!,t)|match=54.65.63.192/30|[own](Base)|endpoint=twilio-sip
[base](!)|type=identify|endpoint=other|[own](base)|endpoint=twilio-sip|match=54.65.63.192/30
[own]|type=identify|endpoint=twilio-sip|match=54.65.63.192/31|[x]|type=aor|[OWN](+)|match=54.65.63.194/31
[twilio-sip]|type=endpoint|aors=a|[twilio-sip]|type=aor|contact=sip:a\\;--b|Smatch=54.65.63.192/30
Smatch=54.65.63.192/30|[x]|type=identify|endpoint=Twilio-SIP|match=10.0.0.0/8|[y]|type=identify|match=10.0.0.0/8
Smatch=54.65.63.192/30|;--|match=10.0.0.0/8| --;|;--- match=10.0.0.0/8|[z](!)|type=identify|endpoint=twilio-sip|match=10.0.0.0/8
Smatch=54.65.63.192/30 ;-- a --;|;-- [x] --;|;
;-- match|;|--;|Smatch=54.65.63.192/30
";

/// The same, and what differs.
const DIFFERENT_SECTIONS: &str = "
S => missing in 54.65.63.192/30 signaling tokyo
[twilio-sip]|type=endpoint|match=54.65.63.192/30 => missing in 54.65.63.192/30 signaling tokyo
Smatch=54.65.63.192/31 => missing in 54.65.63.194/31 signaling tokyo
Smatch=54.65.63.192/29 => extra in 54.65.63.196/30
Smatch=54.65.63.192/30,10.0.0.1 => extra in 10.0.0.1/32
Smatch=54.65.63.192/255.255.255.248 => extra in 54.65.63.196/30
Smatch=54.65.63.192:5060/30 => missing in 54.65.63.192/30 ports 0-5059 signaling tokyo|missing in 54.65.63.192/30 ports 5061-65535 signaling tokyo
Smatch=54.65.63.192/30|match=10.0.0.1:7 => extra in 10.0.0.1/32 ports 7-7
Smatch=54.65.63.192/30|[x]|type=identify|endpoint=twilio-sip|match=10.0.0.0/8 => extra in 10.0.0.0/8
Smatch=54.65.63.192/30|match=2001:db8::/32 => beyond IPv6, 2001:db8::/32
Smatch=54.65.63.192/30,[2001:db8::1]:5060 => beyond IPv6, [2001:db8::1]:5060
Smatch=54.65.63.192/30|match_header=X-A: b => beyond requests with the header X-A: b
Smatch=54.65.63.192/30|match_request_uri=/a/ => beyond requests to the URI /a/
;--|Smatch=10.0.0.0/8|--;|[x]|type=aor => missing in 54.65.63.192/30 signaling tokyo
[b](!)|type=identify|match=10.0.0.0/8|[x](b)|endpoint=twilio-sip|match=54.65.63.192/30 => extra in 10.0.0.0/8
S;match=54.65.63.192/30 => missing in 54.65.63.192/30 signaling tokyo
";

fn section(row: &str) -> String {
    // As the word SIP, no other S stands in these tables.
    row.replace("SIP", "\0")
        .replace('S', &SECTION.replace('|', "\n"))
        .replace('\0', "SIP")
        + "\n"
}

#[test]
fn asterisk_what_means_the_same_is_in_sync() {
    let old = SHOWN.replace("<criteria", "<ip/cidr").replace(
        "      Header: X-Any: thing\n",
        "      Match: X-Any: thing\n",
    );
    let console = format!("pbx*CLI> pjsip show identifies\n{SHOWN}");
    for directions in [&BOTH[..], &BOTH[..1]] {
        let expected = Expected::tokyo("asterisk", directions);
        let rendered = expected.text();
        for text in [
            SHOWN,
            &old,
            &console,
            &rendered,
            &rendered.replace('\n', "\r\n"),
        ] {
            assert_eq!(expected.drift(text), [""; 0], "{text}");
        }
        for row in rows(SAME_SECTIONS) {
            let text = section(&row);
            assert_eq!(expected.drift(&text), [""; 0], "{text}");
        }
    }
}

#[test]
fn asterisk_what_differs_is_found() {
    let expected = Expected::tokyo("asterisk", &BOTH);
    for (row, told) in pairs(DIFFERENT_SECTIONS) {
        let text = section(&row);
        assert_eq!(expected.drift(&text).join("\n"), told, "{text}");
    }
    let own = "      Match: 54.65.63.192/30\n";
    for (lines, told) in [
        ("", "missing in 54.65.63.192/30 signaling tokyo"),
        (
            "Match: 54.65.63.192/31\n",
            "missing in 54.65.63.194/31 signaling tokyo",
        ),
        (
            "Match: 54.65.63.192/30\nMatch: 10.0.0.0:7/8\n",
            "extra in 10.0.0.0/8 ports 7-7",
        ),
        (
            "Match: 54.65.63.192/30\nMatch: 2001:db8::/32\n",
            "beyond IPv6, 2001:db8::/32",
        ),
        (
            "Match: 54.65.63.192/30\nMatch: X-A: b\n",
            "beyond requests with the header X-A: b",
        ),
        (
            "Match: 54.65.63.192/30\nHeader: X-A: b\n",
            "beyond requests with the header X-A: b",
        ),
        (
            "Match: 54.65.63.192/30\nRequestURI: sip:a\n",
            "beyond requests to the URI sip:a",
        ),
    ] {
        assert_eq!(
            expected.drift(&SHOWN.replace(own, lines)),
            [told],
            "{lines}"
        );
    }
    let absent = |text: &str| expected.units(text).unwrap()[0].absent.clone();
    let told = "no identify section in the text is for the endpoint twilio-sip";
    for text in [
        "No objects found.\n\n",
        "[x]\ntype=aor\n",
        &SHOWN.replace("/twilio-sip", "/x"),
    ] {
        assert_eq!(absent(text).as_deref(), Some(told), "{text}");
    }
    assert_eq!(absent(SHOWN), None);
}

const REFUSED_SECTIONS: &str = "
Smatch=sip.example.com => 4: 'sip.example.com' is not an IPv4 address, and what a host name stands for is not in the text
Smatch=54.65.63.192/30, => 4: '' is not an IPv4 address
Smatch= => 4: '' is not an IPv4 address
Smatch=54.65.63.192/33 => 4: '54.65.63.192/33' has no prefix length from 0 to 32
Smatch=54.65.63.192/255.255.0.255 => 4: '255.255.0.255' is not a mask whose first bits alone are set
Smatch=54.65.63.192/0.0.0.3 => 4: '0.0.0.3' is not a mask
Smatch=54.65.63.192: => 4: '' is not a port from 1 to 65535
Smatch=54.65.63.192:0/30 => 4: '0' is not a port
Smatch=54.65.63.192:65536/30 => 4: '65536' is not a port
Smatch=54.65.63.192:+5/30 => 4: '+5' is not a port
Smatch=!54.65.63.192/30 => 4: '!54.65.63.192/30' takes addresses out, which is not understood
Smatch=2001:db8::x/32 => 4: '2001' is not an IPv4 address
Smatch+=54.65.63.192 => 4: '+=' is not understood
Stransport=udp => 4: 'transport' is not an option of identify that is understood
Smatch => 4: it has no '='; expected the sections of a pjsip.conf, or what asterisk -rx 'pjsip show identifies' prints
S#include twilio.conf => 4: what it brings in may identify the endpoint too, and is not in the text; give what asterisk -rx 'pjsip show identifies' prints
S#tryinclude x => 4: what it brings in may
S#exec x => 4: what it brings in may
Stype=endpoint => 1: the section has another type besides identify; expected one
[x]|type=Identify => 2: 'Identify' is no type; expected identify, in lower case
[x](no)|type=identify => 1: no section before it is called 'no'|2: there is no section before it
[a]|[a]|[x](a) => 3: several sections before it are called 'a', and it is not known which is meant
[a]|[a]|[a](+) => 3: several sections before it are called 'a'
[a](+) => 1: no section before it is called 'a'
[a](!)|[x](a)|[a](+) => 3: 'a' was a pattern for other sections before; expected it to be whole then
[a](+type=identify) => 1: no section before it is called '+type=identify'
[a](!) x => 1: expected (...) after the name, not '(!) x'
[a => 1: expected ']' after the name of the section
match=54.65.63.192/30 => 1: there is no section before it; expected the sections of a pjsip.conf
[a]|match=54.65.63.192/30 => 1: no section in it has a type; expected the sections of a pjsip.conf
S;--|match=54.65.63.192/30 => 4: the comment does not end, so the text was cut off
S;--|x ;-- y|--; => 5: a comment begins within a comment
S;-- x ;-- y --; => 4: a comment begins within a comment
S;--; => 4: it is not known whether the comment ends here
S;-- x --; match=54.65.63.192/30 => 4: expected the end of the line after '--;', not 'match=54.65.63.192/30'
S;--|--; match=54.65.63.192/30 => 5: expected the end of the line after '--;'
*filter => 1: there is no section before it; expected the sections of a pjsip.conf
";

#[test]
fn asterisk_what_is_not_understood_is_refused() {
    let expected = Expected::tokyo("asterisk", &BOTH);
    for (row, told) in pairs(REFUSED_SECTIONS) {
        let text = section(&row);
        let refused = expected.refusal(&text);
        for (refused, told) in refused.lines().zip(told.lines()) {
            assert!(refused.starts_with(told), "{text}\n{refused}");
        }
    }
    assert_eq!(expected.check(&"x\n".repeat(1000)).unwrap_err().len(), 20);
    // What is wrong with others is not looked at.
    let others = "Smatch=54.65.63.192/30
[x]
type=identify
endpoint=x
match=what
other=1";
    let others = section(others);
    assert_eq!(expected.drift(&others), [""; 0]);
}

#[test]
fn asterisk_a_listing_is_whole_or_refused() {
    let expected = Expected::tokyo("asterisk", &BOTH);
    let head = "      Match:  <criteria...........................>\n";
    for (text, told) in [
        (
            SHOWN.replace("found: 2", "found: 3"),
            "13: 2 sections are listed, and not 3, so the text was cut off",
        ),
        (
            SHOWN.replace(head, ""),
            "3: it does not list what is matched; expected what asterisk -rx",
        ),
        (
            SHOWN.replace("Objects found: 2\n", ""),
            "1: it does not end in how many objects were found",
        ),
        (SHOWN.repeat(2), "16: the list has ended before it"),
        (SHOWN.replace("Header: X", "Transport: x\n Header: X"), ""),
        (
            SHOWN.replace("/30", "/30\n  Transport: x"),
            "12: 'Transport' is not understood",
        ),
        (
            SHOWN.replace("/30", "/30\n  Contact: x"),
            "12: 'Contact' is not understood",
        ),
        (
            SHOWN.replace("54.65.63.192/30", "example.com"),
            "11: 'example.com' is not an IPv4 address",
        ),
        (
            SHOWN.replace(" Identify:  other/other\n", ""),
            "6: no section before it has this",
        ),
        (
            SHOWN.replace("twilio-sip/tw", "a/b/tw"),
            "10: it is not known where the name of the endpoint begins",
        ),
        (
            " Endpoint:  <Endpoint/CID...>\n".to_owned(),
            "1: it is not of the head of such a list",
        ),
        (
            "No objects found.\nx\n".to_owned(),
            "2: the list has ended before it",
        ),
    ] {
        if told.is_empty() {
            assert_eq!(expected.drift(&text), [""; 0], "{text}");
        } else {
            let refused = expected.refusal(&text);
            assert!(refused.starts_with(told), "{refused}\n{text}");
        }
    }
}

#[test]
fn asterisk_a_text_that_was_cut_off_is_never_in_sync() {
    let expected = Expected::tokyo("asterisk", &BOTH);
    let end = SHOWN.trim_end().len();
    assert_cuts_are_found(&expected, SHOWN, |cut| cut.len() > end);
    assert_cuts_are_found(&expected, &expected.text(), |_| false);
}

#[test]
fn asterisk_the_name_is_the_endpoints() {
    let expected = Expected::tokyo("asterisk", &BOTH[..1]).named("Trunk_1");
    let text = SHOWN.replace("twilio-sip/twilio-sip", "any/Trunk_1");
    assert_eq!(expected.drift(&text), [""; 0]);
    assert_eq!(expected.units(&text).unwrap()[0].name, "identify Trunk_1");
    assert_eq!(expected.drift(&text.replace("Trunk", "trunk")).len(), 1);
    let repair = expected.repair(&text.replace("/30", "/31")).unwrap();
    assert!(
        repair.contains("\nendpoint=Trunk_1\nmatch=54.65.63.192/30 ; tokyo\n"),
        "{repair}"
    );
}

#[test]
fn asterisk_what_costs_more_than_the_limits_is_refused() {
    let limited = |bound| Expected::tokyo("asterisk", &BOTH).limited(bound);
    let text = section("Smatch=54.65.63.192/31,54.65.63.194/31");
    assert_eq!(limited("rules=2").drift(&text), [""; 0]);
    let refused = limited("rules=1").refusal(&text);
    assert!(
        refused.starts_with("4: it comes to more than 1 rules"),
        "{refused}"
    );
    // Each begins twice with the one before it.
    let mut doubled = "[0](!)\ntype=identify\nendpoint=twilio-sip\n".to_owned();
    for n in 1..40 {
        doubled += &format!("[{n}](!,{0},{0})\n", n - 1);
    }
    doubled += "[last](39)\nmatch=54.65.63.192/30\n";
    let refused = limited("rules=200000").refusal(&doubled);
    assert!(
        refused.contains("it comes to more than 200000 rules"),
        "{refused}"
    );
    assert_eq!(refused.lines().count(), 1, "{refused}");
    let chain = doubled.replace(",0,0)", ",0)");
    let chain = (1..40).fold(chain, |text, n| {
        text.replace(&format!(",{n},{n})"), &format!(",{n})"))
    });
    assert_eq!(limited("depth=40").drift(&chain), [""; 0]);
    let refused = limited("depth=39").refusal(&chain);
    assert!(
        refused.contains("it is nested more than 39 deep"),
        "{refused}"
    );
}
