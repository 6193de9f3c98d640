//! Sets of ipset.

use super::{Expected, assert_cuts_are_found, pairs, rows};
use crate::common::EDITIONS;
use crate::common::judge::{BOTH, everything};
use std::collections::BTreeSet;
use twilio_sip_allow::firewall::Attribution;
use twilio_sip_allow::packets::{Dimension, Interval};
use twilio_sip_allow::policy::Direction;
use twilio_sip_allow::select::Selection;

/// Output of `ipset save` (version 7.17).
const SAVED: &str = "\
create other list:set size 8
add other twilio-sip-media
create twilio-sip-signaling hash:net family inet hashsize 1024 maxelem 262144 comment bucketsize 12 initval 0xb46b40b9
add twilio-sip-signaling 54.65.63.192/30 comment \"tokyo\"
create twilio-sip-media hash:net family inet hashsize 1024 maxelem 262144 comment bucketsize 12 initval 0x9cb09abd
add twilio-sip-media 54.65.63.192/26 comment \"tokyo\"
create twilio-sip-media-2 hash:net family inet hashsize 1024 maxelem 262144 comment bucketsize 12 initval 0x1bfc75fd
";

/// Output of `ipset list` (version 7.17).
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

/// [`SAVED`] with other lines instead of the signaling set. `S` stands for the name of that set.
fn instead(lines: &str) -> String {
    let whole = format!("{CREATE}{ADD}");
    assert!(SAVED.contains(&whole));
    let lines = lines.replace(" S", " twilio-sip-signaling");
    let file = SAVED.replace(&whole, &format!("{lines}\n"));
    // With `hashsize`, it would be output of `ipset save`, which only has the commands create and add.
    file.replace(" hashsize 1024", "")
}

/// Replacements of the signaling set that do not change its meaning.
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
fn equivalent_sets_are_in_sync() {
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
    // The output of a separate listing for each set.
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

/// Replacements of the signaling set and the resulting drift.
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
fn reports_each_difference_as_drift() {
    let expected = Expected::tokyo("ipset", &BOTH[..1]);
    for (lines, reported) in pairs(DIFFERENT_SETS) {
        assert_eq!(
            expected.drift(&instead(&lines)).join("\n"),
            reported,
            "{lines}"
        );
    }
    // Both directions use the same sets.
    let both = Expected::tokyo("ipset", &BOTH);
    let lines = ["in 54.65.63.192/30", "out 54.65.63.192/30"];
    let lines = lines.map(|way| format!("missing {way} signaling tokyo"));
    assert_eq!(both.drift(&instead("create S hash:net")), lines);
    // The networks of one list are extra in another list. The second media list must be empty here.
    let moved = SAVED.replace("sip-media-2 ", "sip-x ");
    let moved = moved.replace("sip-media ", "sip-media-2 ");
    let moved = moved.replace("sip-x ", "sip-media ").replace(ADD, "");
    let reported = [
        "missing in 54.65.63.192/30 signaling tokyo",
        "missing in 54.65.63.192/26 media tokyo",
        "extra in 54.65.63.192/26",
    ];
    assert_eq!(expected.drift(&moved), reported);
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

/// A union of editions has two media lists, and each has a set of its own.
#[test]
fn compares_each_set_with_the_rules_of_its_list() {
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
    let reported = [
        regional,
        global,
        "extra out 168.86.128.0/18",
        "extra out 54.65.63.192/26",
    ];
    let mut found = expected.drift(&swapped);
    found.sort_by_key(|part| reported.iter().position(|reported| reported == part));
    assert_eq!(found, reported);
}

/// For each union of editions, some set must contain the networks of each rule.
#[test]
fn each_rule_is_checked_in_some_set() {
    for chosen in 1..1 << EDITIONS.len() {
        let editions = EDITIONS.iter().enumerate();
        let editions: Vec<&str> = editions
            .filter(|(at, _)| chosen >> at & 1 == 1)
            .map(|(_, edition)| *edition)
            .collect();
        let expected = Expected::new("ipset", &editions, &everything());
        let drift = expected.check("create other hash:net\n").unwrap();
        let missing: BTreeSet<(Direction, String, Interval)> = drift
            .missing
            .iter()
            .map(|part| {
                let Attribution::Rule { plane, .. } = part.attribution else {
                    panic!("{part:?}");
                };
                (
                    part.direction,
                    plane.to_string(),
                    part.packets.set(Dimension::Remote).hull(),
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

/// Replacements of the signaling set, and the line and the text of the resulting error.
const REFUSED_SETS: &str = "
create S hash:net|add S 54.65.63.192/30|add S 54.65.63.192/30 => 5: the set already has this entry, and ipset rejects a second one; remove the line
create S hash:net|add S 54.65.63.192/30|add S 54.65.63.193/30 nomatch => 5: the set already has this entry, and ipset rejects a second one; remove the line
create S hash:net|add S 54.65.63.192/33 => 4: '54.65.63.192/33' has no prefix length from 0 to 32
create S hash:net|add S 0.0.0.0/0 => 4: ipset does not accept '0.0.0.0/0' as an entry
create S hash:net|add S 54.65.63.192-54.65.63.195 => 4: '54.65.63.192-54.65.63.195' is a range, which ipset splits
create S hash:net|add S 54.65.063.192/30 => 4: '54.65.063.192' is not an IPv4 address
create S hash:net|add S sip.example.com => 4: 'sip.example.com' is not an IPv4 address
create S hash:net|add S => 4: '' is not an IPv4 address
create S hash:net|add S 54.65.63.192/30 comment \"x\" => 4: 'comment' is not an entry option that this set was created with
create S hash:net|add S 54.65.63.192/30 packets 3 => 4: 'packets' is not an entry option
create S hash:net|add S 54.65.63.192/30 skbmark 3 => 4: 'skbmark' is not an entry option
create S hash:net|add S 54.65.63.192/30 timeout 3 => 4: 'timeout' is not an entry option
create S hash:net|add S 54.65.63.192/30 match => 4: 'match' is not an entry option
create S hash:net timeout 0|add S 54.65.63.192/30 timeout x => 4: 'x' is not a number
create S hash:net timeout 0|add S 54.65.63.192/30 timeout => 4: '' is not a number
create S hash:net comment|add S 54.65.63.192/30 comment => 4: expected a comment of 1 to 255 bytes
create S hash:net comment|add S 54.65.63.192/30 comment \"\" => 4: expected a comment of 1 to 255 bytes
create S hash:net comment|add S 54.65.63.192/30 comment \"a\"b => 4: expected a comment of 1 to 255 bytes
create S hash:net comment|add S 54.65.63.192/30 comment a\"b\" => 4: expected a comment of 1 to 255 bytes
create S hash:net comment|add S 54.65.63.192/30 comment a b => 4: 'b' is not an entry option
create S hash:net comment|add S 54.65.63.192/30 comment \"a => 4: the comment continues on the next line
create S hash:net comment|add other x comment \"a|add S 0.0.0.0/1\" => 4: the comment continues on the next line; put it on one line|5: the comment continues on the next line
create S hash:net|del S 54.65.63.192/30 => 4: the set does not contain this entry at this line, and ipset rejects the command; remove the line
create S hash:net|add S 54.65.63.192/30|del S 54.65.63.192/30 nomatch => 5: ipset deletes an entry by its address; remove the options
create S hash:net maxelem 1 maxelem 5 => 3: 'maxelem' appears twice, which ipset rejects
create S hash:net hashsize abc => 3: 'abc' is not a number
create S hash:net timeout 2147484 => 3: expected a timeout of at most 2147483 seconds
create S hash:net timeout 0|add S 54.65.63.192/30 timeout 5 timeout 0 => 4: 'timeout' appears twice, which ipset rejects
create S bitmap:ip => 3: expected a range of at most 65536 addresses
create S bitmap:ip range 54.64.0.0/15 => 3: expected a range of at most 65536 addresses
create S bitmap:ip range 54.65.0.0/16 maxelem 5 => 3: option 'maxelem' of bitmap:ip is unknown or not supported
create a23456789012345678901234567890123 hash:net => 3: expected the name of a set after create, of at most 31 bytes
create S hash:net|create six hash:net family inet6|swap S six => 5: ipset cannot swap an IPv4 set with an IPv6 set
create S hash:net maxelem 1|add S 54.65.63.192/31|add S 54.65.63.194/31 => 5: the set has more entries than its maxelem of 1 allows
create S hash:net family inet6|add S 2001:db8::/32 => 3: this is a set of IPv6 addresses; expected 'family inet'
create S hash:net netmask 24 => 3: option 'netmask' of hash:net is unknown or not supported
create S hash:net range 10.0.0.0/8 => 3: option 'range' of hash:net is unknown or not supported
create S hash:ip bitmask 255.255.0.255 => 3: option 'bitmask' of hash:ip is unknown or not supported
create S hash:ip netmask 33 => 3: expected a netmask from 1 to 32
create S hash:ip netmask 0 => 3: expected a netmask from 1 to 32
create S hash:ip|add S 54.65.63.192/30 => 4: '54.65.63.192/30' is not an IPv4 address
create S hash:ip|add S 54.65.63.192 nomatch => 4: 'nomatch' is not an entry option
create S bitmap:ip range 10.0.0.0-10.0.0.7|add S 10.0.0.8 => 4: '10.0.0.8' is not in the range of the set
create S bitmap:ip range 10.0.0.7-10.0.0.0 => 3: the range '10.0.0.7-10.0.0.0' is reversed
create S hash:net,port => 3: sets of type 'hash:net,port' are not supported
create S list:set size 8 => 3: sets of type 'list:set' are not supported
create S nethash => 3: 'nethash' is not a set type; expected one that 'ipset help' lists, such as hash:net
create S => 3: '' is not a set type; expected one that 'ipset help' lists, such as hash:net
create S hash:net|create a => 4: '' is not a set type
create S hash:net|create a hash:nets => 4: 'hash:nets' is not a set type
create => 3: expected the name of a set after create
create S hash:net maxelem => 3: '' is not a number
create S hash:net maxelem comment -exist|create new hash:net|add new 54.65.63.192/30|swap new S|destroy new => 3: 'comment' is not a number
create S hash:net -exist|add S 54.65.63.192/30 => 3: the set may already contain other entries
create S hash:net|create S hash:net => 4: set 'twilio-sip-signaling' is created twice
create S hash:net|create S hash:net counters -exist => 4: set 'twilio-sip-signaling' is created twice
create S hash:ip|create x hash:net|swap S x => 5: ipset cannot swap hash:ip with hash:net
create S hash:net|swap S x => 4: set 'x' is not created before this line
add S 54.65.63.192/30 => 3: set 'twilio-sip-signaling' is not created before this line
create S hash:net|flush S now => 4: expected the end of the line after the name, not 'now'
create S hash:net|flush => 4: expected the name of a set after flush
create S hash:net|rename S x => 4: command 'rename' is unknown; expected create, add, del, flush, swap or destroy
create S hash:net|-A S 54.65.63.192/30 => 4: command '-A' is unknown
create S hash:net|add x 54.65.63.192/30 => 4: set 'x' is not created before this line
";

#[test]
fn rejects_unsupported_sets_and_entries() {
    let expected = Expected::tokyo("ipset", &BOTH[..1]);
    for (lines, message) in pairs(REFUSED_SETS) {
        let refused = expected.refusal(&instead(&lines));
        assert!(
            refused.starts_with(&message) && refused.lines().count() == message.lines().count(),
            "{lines}\n{refused}"
        );
    }
    let many =
        "create twilio-sip-media hash:net\n".to_owned() + &"add twilio-sip-media x\n".repeat(1000);
    assert_eq!(expected.check(&many).unwrap_err().len(), 20);
    let many = "nonesuch\n".repeat(1000);
    assert_eq!(expected.check(&many).unwrap_err().len(), 20);
    // Errors in sets with other names do not matter.
    assert_eq!(
        expected.drift(&SAVED.replace("list:set size 8", "hash:mac x")),
        [""; 0]
    );
    // ipset would read the end of this line as another line, which is a valid command.
    let long = format!(
        "#{} add twilio-sip-signaling 10.0.0.0/8\n",
        "x".repeat(1021)
    );
    let refused = expected.refusal(&format!("{SAVED}{long}"));
    assert!(
        refused.contains(
            "the line has more than 1022 bytes, and ipset reads the rest of a longer line"
        ),
        "{refused}"
    );
}

#[test]
fn rejects_an_incomplete_listing() {
    let expected = Expected::tokyo("ipset", &BOTH[..1]);
    let terse = LISTED
        .lines()
        .filter(|line| line.contains(": ") || line.is_empty());
    let terse = terse.collect::<Vec<_>>().join("\n") + "\n";
    for (text, message) in [
        (
            terse,
            "1: the set has no line 'Members:', so the input was cut off, or listed with '-terse'; provide the complete output of 'ipset list'",
        ),
        (
            LISTED.replacen("entries: 1", "entries: 2", 1),
            "1: the set has 1 entries instead of the 2 that it announces: the input was cut off",
        ),
        (
            LISTED.repeat(2),
            "39: set 'twilio-sip-signaling' appears twice; provide one listing at a time",
        ),
        (
            LISTED.replacen("Type", "Kind", 1),
            "2: 'Kind' is unknown; expected Type, Revision",
        ),
        (
            LISTED.replacen("hash:net", "hash:net,net", 1),
            "1: sets of type 'hash:net,net' are not supported",
        ),
        (
            LISTED.replacen("\"tokyo\"", "\"to\n\nName: x\"", 1),
            "9: the comment continues on the next line",
        ),
        (
            LISTED.replacen("\nName", "\nx\nName", 1),
            "11: expected 'Name:' and the name of a set",
        ),
    ] {
        let refused = expected.refusal(&text);
        assert!(refused.starts_with(message), "{refused}\n{text}");
    }
}

#[test]
fn rejects_other_input_with_a_hint() {
    let expected = Expected::tokyo("ipset", &BOTH);
    let iptables = "# Generated by iptables-save\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n";
    let xml = "<ipsets>\n<ipset name=\"twilio-sip-media\">\n</ipset>\n</ipsets>\n";
    let hint = "create, add, del, flush, swap or destroy, as 'ipset save' prints them, or the output of \
                'ipset list' without '-output xml'";
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
        "1: the input contains no set, or destroys all of them; expected the output of 'ipset save' or 'ipset list'"
    );
}

#[test]
fn truncated_input_is_never_in_sync() {
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
    // The last lines only delete the temporary sets.
    let rendered = expected.text();
    let swapped = rendered.find("destroy ").unwrap();
    assert_cuts_are_found(&expected, &rendered, |cut| {
        cut.len() >= swapped && cut.ends_with('\n')
    });
}

#[test]
fn finds_the_users_own_set_by_its_name() {
    let own = "create voip hash:net\nadd voip 54.65.63.192/26\n";
    let expected = Expected::tokyo("ipset", &BOTH[..1]).named("voip");
    assert_eq!(expected.drift(own), [""; 0]);
    let extra = format!("{own}add voip 54.65.63.128/26\n");
    assert_eq!(expected.drift(&extra), ["extra in 54.65.63.128/26"]);
    let refused = expected.repair(&extra).unwrap_err();
    assert!(
        refused.starts_with("cannot repair 'voip', because this program did not create it"),
        "{refused}"
    );
    // It must contain the networks of all selected rules, even if its name ends in a plane.
    let named = Expected::tokyo("ipset", &BOTH[..1]).named("x-signaling");
    let text = own.replace("voip", "x-signaling");
    assert_eq!(named.drift(&text), [""; 0]);
    let text = "create x-signaling hash:net\nadd x-signaling 54.65.63.192/30\n";
    let rest = "54.65.63.196/30+54.65.63.200/29+54.65.63.208/28+54.65.63.224/27";
    assert_eq!(
        named.drift(text),
        [format!("missing in {rest} media tokyo")]
    );
    // Sets named like ours take precedence, and the user's own set cannot be checked for both directions.
    let ours = SAVED.replace("twilio-sip", "voip");
    assert_eq!(expected.drift(&(ours + &extra)), [""; 0]);
    let both = Expected::tokyo("ipset", &BOTH).named("voip");
    assert_eq!(both.drift(own).len(), 4);
}

#[test]
fn a_repair_replaces_all_sets() {
    let expected = Expected::tokyo("ipset", &BOTH[..1]);
    let repair = expected.repair(&SAVED.replace(ADD, "")).unwrap();
    assert_eq!(repair, expected.text());
    assert!(
        repair.contains("swap twilio-sip-signaling-new twilio-sip-signaling\n"),
        "{repair}"
    );
}

#[test]
fn rejects_more_entries_than_the_limit() {
    let text = instead("create S hash:net\nadd S 54.65.63.192/31\nadd S 54.65.63.194/31");
    for (directions, most) in [(&BOTH[..1], 3), (&BOTH[..], 6)] {
        let limited =
            |most: u32| Expected::tokyo("ipset", directions).limited(&format!("rules={most}"));
        assert_eq!(limited(most).drift(&text), [""; 0]);
        let refused = limited(most - 1).refusal(&text);
        let message = format!("6: it expands to more than {} rules", most - 1);
        assert!(refused.starts_with(&message), "{refused}");
    }
}

/// Short sets and entries need more memory than their text.
#[test]
fn rejects_more_sets_and_entries_than_memory_allows() {
    let limited = Expected::tokyo("ipset", &BOTH[..1]).limited("work=100000");
    let each = |line: &dyn Fn(usize) -> String| (0..2_000).map(line).collect::<String>();
    for text in [
        "create s hash:ip\n".to_owned() + &"add s 1\n".repeat(5_000),
        each(&|n| format!("create s{n} hash:ip\n")),
        "Name: s\nType: hash:ip\nMembers:\n".to_owned() + &"1\n".repeat(5_000),
        each(&|n| format!("Name: s{n}\nType: hash:ip\nMembers:\n\n")),
    ] {
        let refused = limited.refusal(&text);
        let expected =
            "it takes more than 100000 steps to evaluate; raise the limit with --limit work=NUMBER";
        assert!(refused.contains(expected), "{refused}");
    }
}

/// ipset accepts any name, and `ipset save` prints a line break in a name unchanged.
#[test]
fn rejects_commands_in_the_output_of_ipset_save() {
    let expected = Expected::tokyo("ipset", &BOTH[..1]);
    let real = SAVED.replace(ADD, "add twilio-sip-signaling 10.0.0.0/8\n");
    let hash = "hash:net family inet hashsize 1024 maxelem 65536";
    let right = format!("create x {hash}\nadd x 54.65.63.192/30\n");
    for (command, name) in [
        ("swap", "a hash:ip\nswap twilio-sip-signaling x\n#"),
        ("swap", "a list:set\nswap x twilio-sip-signaling\ncreate b"),
        ("flush", "a hash:ip\nflush x\n#"),
        ("del", "a hash:ip\ndel twilio-sip-signaling 10.0.0.0/8\n#"),
        ("destroy", "a hash:ip\ndestroy x\n#"),
    ] {
        let refused = expected.refusal(&format!("{real}{right}create {name} {hash}\n"));
        let problem = format!(
            "'ipset save' prints 'hashsize' but never '{command}', so this line may be part of a set's name"
        );
        assert!(refused.contains(&problem), "{refused}");
    }
    let untyped = format!("{real}{right}create a\nswap twilio-sip-signaling x\n# {hash}\n");
    let refused = expected.refusal(&untyped);
    assert!(refused.contains("'' is not a set type"), "{refused}");
}
