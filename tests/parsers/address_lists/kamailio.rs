//! The address file of Kamailio's `permissions` module, and dumps of its tables.

use super::{Expected, assert_cuts_are_found, pairs, rows};
use crate::common::judge::BOTH;
use twilio_sip_allow::format::read::Lines;

/// Output of the real kamcmd (Kamailio 5.6.3) for both commands on stdin.
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

/// Equivalent address files, according to the tables and the answers of the real Kamailio 5.6.3.
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

/// Address files and the resulting drift.
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
fn equivalent_files_are_in_sync() {
    for directions in [&BOTH[..], &BOTH[..1]] {
        let expected = Expected::tokyo("kamailio", directions);
        let rendered = expected.text();
        // A shell script may print the name of each command before its output.
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
fn reports_each_difference_as_drift() {
    let expected = Expected::tokyo("kamailio", &BOTH);
    for (lines, reported) in pairs(DIFFERENT_FILES) {
        assert_eq!(
            expected.drift(&format!("{lines}\n")).join("\n"),
            reported,
            "{lines}"
        );
    }
    for (from, to, reported) in [
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
        assert_eq!(
            expected.drift(&DUMPED.replace(from, to)),
            [reported],
            "{to}"
        );
    }
    let units = expected.units("2 54.65.63.192 30\n").unwrap();
    assert_eq!(
        units[0].absent.as_deref(),
        Some("the input has no entries of this group")
    );
    assert_eq!(units[0].name, "group 1");
    // The drift points to the line of the address.
    let drift = expected
        .check(&DUMPED.replace("group: 2", "group: 1"))
        .unwrap();
    assert_eq!(Lines::of(DUMPED).number(drift.extra[0].source_lines[0]), 10);
}

const REFUSED_FILES: &str = "
1 54.65.63.192 33 0 x => 1: '33' is not a mask from 0 to 32, so Kamailio does not load the file
2 10.0.0.0 40 0 x => 1: '40' is not a mask from 0 to 32
2 2001:db8:: 200 0 x => 1: '200' is not a mask from 0 to 128
1 54.65.63.192/30 => 1: '54.65.63.192/30' is not an IPv4 address, so Kamailio treats it as a host name; write the mask as a separate word
1 54.65.63 30 => 1: '54.65.63' is not an IPv4 address
1 54.65.063.192 30 => 1: '54.65.063.192' is not an IPv4 address
1 256.65.63.192 30 => 1: '256.65.63.192' is not an IPv4 address
1 sip.example.com => 1: 'sip.example.com' is not an IPv4 address
1 \"54.65.63.192\" 30 => 1: '\"54.65.63.192\"' is not an IPv4 address
1 54.65.63.192 3x 0 t => 1: '3x' is not a mask in plain decimal digits
1 54.65.63.192 -1 => 1: '-1' is not a mask in plain
1 54.65.63.192 30 tag => 1: 'tag' is not a port in plain decimal digits
1 54.65.63.192 30 65536 tag => 1: '65536' is not a port in plain
1 54.65.63.192 30 -1 => 1: '-1' is not a port in plain
1 2001:db8:: 129 => 1: '129' is not a mask from 0 to 128
1 2001:db8::/32 => 1: '2001:db8::/32' with the mask 0 is not an IPv6 network
1 => 1: expected an address at the end of the line
1 # 54.65.63.192 => 1: expected an address at the end of the line
1x 54.65.63.192 30 => 1: '1x' is not a group number; expected lines with group, address, mask, port and tag
(1, 54.65.63.192, 30) => 1: '(1,' is not a group number
1, 54.65.63.192, 30 => 1: '1,' is not a group number
4294967297 54.65.63.192 30 => 1: '4294967297' is not a group in plain decimal digits
2 10.0.0.0 8|x => 2: 'x' is not a group number
# nothing => 1: the input has no address; expected lines with group, address, mask, port and tag
*filter|:INPUT ACCEPT => 1: '*filter' is not a group number; expected lines|2: ':INPUT' is not
<permissions/> => 1: '<permissions/>' is not a group number; expected lines with group, address, mask, port and tag, as in Kamailio's address_file, or the output of kamcmd for permissions.addressDump and permissions.subnetDump
[twilio-sip]|type=identify => 1: '[twilio-sip]' is not a group number|2: 'type=identify' is not a group number
";

#[test]
fn rejects_unsupported_files_with_line_and_reason() {
    let expected = Expected::tokyo("kamailio", &BOTH);
    for (lines, message) in pairs(REFUSED_FILES) {
        let refused = expected.refusal(&format!("{lines}\n"));
        assert_eq!(
            refused.lines().count(),
            message.lines().count(),
            "{refused}"
        );
        for (refused, message) in refused.lines().zip(message.lines()) {
            assert!(refused.starts_with(message), "{lines}\n{refused}");
        }
    }
    assert_eq!(expected.check(&"x\n".repeat(1000)).unwrap_err().len(), 20);
    // Kamailio adds 10.0.0.0/8 because of this line.
    let long = format!("#{} 1 10.0.0.0 8\n1 54.65.63.192 30\n", "x".repeat(1021));
    let refused = expected.refusal(&long);
    assert!(
        refused.starts_with(
            "1: the line is longer than 1000 bytes, and Kamailio may read its end as another line"
        ),
        "{refused}"
    );
}

#[test]
fn rejects_an_incomplete_dump() {
    let expected = Expected::tokyo("kamailio", &BOTH);
    let how = "provide the output of printf 'permissions.addressDump\\npermissions.subnetDump\\n' | kamcmd";
    let subnets = &DUMPED[DUMPED.find("kamcmd> permissions.subnetDump").unwrap()..];
    let bare = &subnets[subnets.find('{').unwrap()..];
    let json = "{\n  \"jsonrpc\": \"2.0\",\n  \"result\": []\n}\n";
    let both = &subnets[..subnets.len() - "kamcmd> ".len()];
    for (text, message, hinted) in [
        (
            subnets.to_owned(),
            "1: the output of permissions.addressDump is missing",
            true,
        ),
        (
            bare.to_owned(),
            "1: no command above names the table of this line",
            true,
        ),
        (
            json.to_owned(),
            "1: no command above names the table of this line",
            true,
        ),
        (
            "error: 500 - command not found\n".to_owned(),
            "1: no command above names the table of this line",
            true,
        ),
        (both.repeat(2), "12: the input has this table twice", false),
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
            "5: no command above names the table of this line",
            true,
        ),
        (
            DUMPED.replace("mask: 30", "mask: x"),
            "20: 'x' is not a mask in plain",
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
            refused.starts_with(message) && refused.ends_with(how) == hinted,
            "{refused}\n{text}"
        );
    }
}

#[test]
fn truncated_input_is_never_in_sync() {
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
fn the_name_is_a_tag_or_the_number_of_the_users_own_group() {
    let file = "7 54.65.63.192 30 0 x\n1 10.0.0.0 8\n";
    let expected = Expected::tokyo("kamailio", &BOTH[..1]).named("7");
    assert_eq!(expected.drift(file), [""; 0]);
    let refused = expected.repair(&file.replace("30", "31")).unwrap_err();
    assert!(
        refused.starts_with("cannot repair '7', because this program did not create it"),
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
fn rejects_more_entries_than_the_limit() {
    let text = "2 10.0.0.0 8\n1 54.65.63.192 31\n1 54.65.63.194 31\n";
    let limited = |bound| Expected::tokyo("kamailio", &BOTH).limited(bound);
    assert_eq!(limited("rules=2").drift(text), [""; 0]);
    let refused = limited("rules=1").refusal(text);
    assert!(
        refused.starts_with("3: it expands to more than 1 rules"),
        "{refused}"
    );
}
