//! Sections of `pjsip.conf`, and the output of `pjsip show identifies`.

use super::{Expected, assert_cuts_are_found, pairs, rows};
use crate::common::judge::BOTH;

/// A listing written by hand, because no test runs Asterisk. The layout follows a published listing of version 20 or
/// later, and `cli_print_body` in Asterisk's `res_pjsip_endpoint_identifier_ip.c`.
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

/// Replacements of the section in a `pjsip.conf` that do not change its meaning. `S` stands for its first lines.
const SAME_SECTIONS: &str = "
Smatch=,54.65.63.192/30,|match=
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
# of the provider|Smatch=54.65.63.192/30|#match=10.0.0.0/8
S#|match=54.65.63.192/30|# include other.conf|#includes other.conf
S##include other.conf|  # x = y|match=54.65.63.192/30|#[x]|#;x
Smatch=54.65.63.192/30|[x]|type=identify|#endpoint=twilio-sip|endpoint=x|match=10.0.0.0/8
S#!/bin/sh|#reload|#exec-later x|match=54.65.63.192/30
S\u{1}match\u{1}=\u{b}54.65.63.192/30\u{1},\u{1b}54.65.63.192/32\u{2}
";

/// Replacements of the section and the resulting drift.
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
    // `S` occurs in these tables only as this placeholder and in the word SIP.
    row.replace("SIP", "\0")
        .replace('S', &SECTION.replace('|', "\n"))
        .replace('\0', "SIP")
        + "\n"
}

#[test]
fn equivalent_sections_are_in_sync() {
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
fn reports_each_difference_as_drift() {
    let expected = Expected::tokyo("asterisk", &BOTH);
    for (row, reported) in pairs(DIFFERENT_SECTIONS) {
        let text = section(&row);
        assert_eq!(expected.drift(&text).join("\n"), reported, "{text}");
    }
    let own = "      Match: 54.65.63.192/30\n";
    for (lines, reported) in [
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
            [reported],
            "{lines}"
        );
    }
    let absent = |text: &str| expected.units(text).unwrap()[0].absent.clone();
    let reason = "the input has no identify section for endpoint 'twilio-sip'";
    for text in [
        "No objects found.\n\n",
        "[x]\ntype=aor\n",
        &SHOWN.replace("/twilio-sip", "/x"),
    ] {
        assert_eq!(absent(text).as_deref(), Some(reason), "{text}");
    }
    assert_eq!(absent(SHOWN), None);
}

const REFUSED_SECTIONS: &str = "
Smatch=sip.example.com => 4: 'sip.example.com' is not an IPv4 address; a host name is not supported, because its addresses are not in the input
Smatch=54.65.63.192/33 => 4: '54.65.63.192/33' has no prefix length from 0 to 32
Smatch=54.65.63.192/255.255.0.255 => 4: '255.255.0.255' is not a netmask, because it has gaps
Smatch=54.65.63.192/0.0.0.3 => 4: '0.0.0.3' is not a netmask
Smatch=54.65.63.192: => 4: '' is not a port from 1 to 65535
Smatch=54.65.63.192:0/30 => 4: '0' is not a port from 1
Smatch=54.65.63.192:65536/30 => 4: '65536' is not a port from 1
Smatch=54.65.63.192:+5/30 => 4: '+5' is not a port from 1
Smatch=!54.65.63.192/30 => 4: '!54.65.63.192/30' excludes addresses
Smatch=2001:db8::x/32 => 4: '2001' is not an IPv4 address
Smatch+=54.65.63.192 => 4: '+=' is not supported
Stransport=udp => 4: unknown option 'transport' of an identify section
Smatch => 4: the line has no '='; expected the sections of a pjsip.conf, or the output of asterisk -rx 'pjsip show identifies'
S#include twilio.conf => 4: the included text may identify the endpoint too, but is not in the input; provide the output of asterisk -rx 'pjsip show identifies', or only the file with the section
S#tryinclude x => 4: the included text may identify the endpoint too
S#exec x => 4: the included text may identify the endpoint too
S#INCLUDE twilio.conf => 4: the included text may identify the endpoint too
S  #Include \"a=b.conf\" => 4: the included text may identify the endpoint too
S#include\t<a.conf> ; x => 4: the included text may identify the endpoint too
S#exec\u{a0}x => 4: the included text may identify the endpoint too
[x]|type=aor|\u{1}#include \"a=b.conf\"|Smatch=54.65.63.192/30 => 3: the included text may identify the endpoint too
[x]|type=aor|\u{b}[y](a=b => 3: expected '(...)' after the name of the section, not '(a=b'
#TryInclude x|Smatch=54.65.63.192/30 => 1: the included text may identify the endpoint too
[twilio-sip]|type=wizard|remote_hosts=10.0.0.1|Smatch=54.65.63.192/30 => 2: a wizard creates identify sections that are not in the input; provide the output of asterisk -rx 'pjsip show identifies'
Stype=endpoint => 1: the section has two types; keep only one of them
[x]|type=Identify => 2: unknown type 'Identify'; write 'identify' in lower case
[x](no)|type=identify => 1: no section above is called 'no'|2: the line is not in a section
[a]|[a]|[x](a) => 3: several sections above are called 'a', so the reference is ambiguous
[a]|[a]|[a](+) => 3: several sections above are called 'a'
[a](+) => 1: no section above is called 'a'
[a]|[x](a)|[a](+) => 3: a section above already inherits from 'a' and does not get the settings below; put all settings in one section
[a](+type=identify) => 1: no section above is called '+type=identify'
[a](!) x => 1: expected '(...)' after the name of the section, not '(!) x', which Asterisk ignores
[a] (!) => 1: expected '(...)' after the name of the section, not ' (!)', which Asterisk ignores
[b](!)|[a](!)|[x](a, b) => 3: remove the space within '(...)': Asterisk treats it as part of a name
[a](!)|[a](+) => 2: 'a' is a template, and Asterisk cannot add settings to a template
Smatch=54.65.63.192/31|Smatch=54.65.63.194/31 => 5: another identify section is also called 'twilio-sip', so Asterisk loads none of them; give each section its own name
[x]|type=identify|endpoint=x|match=10.0.0.1|[x]|type=identify|endpoint=x|match=10.0.0.2|Smatch=54.65.63.192/30 => 5: another identify section is also called 'x'
[x]|type=endpoint|callerid=x --; y|Smatch=54.65.63.192/30 => 3: '--;' is not in a block comment, and makes Asterisk ignore what follows
[x]|\\type=identify => 2: unexpected backslash in the name of an option
Smatch=54.65.63.192/30,\u{a0}10.0.0.1 => 4: '\u{a0}10.0.0.1' is not an IPv4 address
[a => 1: expected ']' after the name of the section
match=54.65.63.192/30 => 1: the line is not in a section; expected the sections of a pjsip.conf
[a]|match=54.65.63.192/30 => 1: no section has a type; expected the sections of a pjsip.conf
S;--|match=54.65.63.192/30 => 4: the comment does not end, so the input may have been cut off; provide the complete input
S;--|x ;-- y|--; => 5: block comments cannot be nested
S;-- x ;-- y --; => 4: block comments cannot be nested
S;--; => 4: ';--;' is ambiguous: it may or may not end the comment; write ';' or ';--'
S;-- x --; match=54.65.63.192/30 => 4: expected the end of the line after '--;', not 'match=54.65.63.192/30'
S;--|--; match=54.65.63.192/30 => 5: expected the end of the line after '--;'
*filter => 1: the line is not in a section; expected the sections of a pjsip.conf
";

#[test]
fn rejects_unsupported_sections_with_line_and_reason() {
    let expected = Expected::tokyo("asterisk", &BOTH);
    for (row, message) in pairs(REFUSED_SECTIONS) {
        let text = section(&row);
        let refused = expected.refusal(&text);
        for (refused, message) in refused.lines().zip(message.lines()) {
            assert!(refused.starts_with(message), "{text}\n{refused}");
        }
    }
    assert_eq!(expected.check(&"x\n".repeat(1000)).unwrap_err().len(), 20);
    // Errors in other sections do not matter.
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
fn rejects_an_incomplete_listing() {
    let expected = Expected::tokyo("asterisk", &BOTH);
    let head = "      Match:  <criteria...........................>\n";
    for (text, message) in [
        (
            SHOWN.replace("found: 2", "found: 3"),
            "13: the listing has 2 sections instead of 3, so the input may have been cut off; provide the complete input",
        ),
        (
            SHOWN.replace(head, ""),
            "3: the listing has no criteria; expected the complete output of asterisk -rx",
        ),
        (
            SHOWN.replace("Objects found: 2\n", ""),
            "1: the number of objects at the end is missing",
        ),
        (
            SHOWN.repeat(2),
            "16: unexpected line after the end of the listing",
        ),
        (SHOWN.replace("Header: X", "Transport: x\n Header: X"), ""),
        (
            SHOWN.replace("/30", "/30\n  Transport: x"),
            "12: unknown field 'Transport",
        ),
        (
            SHOWN.replace("/30", "/30\n  Contact: x"),
            "12: unknown field 'Contact",
        ),
        (
            SHOWN.replace("54.65.63.192/30", "example.com"),
            "11: 'example.com' is not an IPv4 address",
        ),
        (
            SHOWN.replace(" Identify:  other/other\n", ""),
            "6: the line is not in a section",
        ),
        (
            SHOWN.replace("twilio-sip/tw", "a/b/tw"),
            "10: 'a/b/twilio-sip' has several slashes",
        ),
        (
            " Endpoint:  <Endpoint/CID...>\n".to_owned(),
            "1: the line does not belong to the head of this listing",
        ),
        (
            "No objects found.\nx\n".to_owned(),
            "2: unexpected line after the end of the listing",
        ),
    ] {
        if message.is_empty() {
            assert_eq!(expected.drift(&text), [""; 0], "{text}");
        } else {
            let refused = expected.refusal(&text);
            assert!(refused.starts_with(message), "{refused}\n{text}");
        }
    }
}

#[test]
fn truncated_input_is_never_in_sync() {
    let expected = Expected::tokyo("asterisk", &BOTH);
    let end = SHOWN.trim_end().len();
    assert_cuts_are_found(&expected, SHOWN, |cut| cut.len() > end);
    assert_cuts_are_found(&expected, &expected.text(), |_| false);
}

#[test]
fn finds_the_section_by_the_name_of_its_endpoint() {
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
fn rejects_input_above_the_limits() {
    let limited = |bound| Expected::tokyo("asterisk", &BOTH).limited(bound);
    let text = section("Smatch=54.65.63.192/31,54.65.63.194/31");
    assert_eq!(limited("rules=2").drift(&text), [""; 0]);
    let refused = limited("rules=1").refusal(&text);
    assert!(
        refused.starts_with("4: it expands to more than 1 rules"),
        "{refused}"
    );
    let sections = format!("{text}[a]\n[b]\n");
    assert_eq!(limited("rules=3").drift(&sections), [""; 0]);
    let refused = limited("rules=2").refusal(&sections);
    assert!(
        refused.starts_with("6: it expands to more than 2 rules"),
        "{refused}"
    );
    // The parser keeps lines in memory until it has read all of them.
    assert_eq!(limited("work=250").drift(&text), [""; 0]);
    let refused = limited("work=150").refusal(&text);
    assert_eq!(
        refused,
        "1: it takes more than 150 steps to evaluate; raise the limit with --limit work=NUMBER"
    );
    // Each template inherits twice from the previous one.
    let mut doubled = "[0](!)\ntype=identify\nendpoint=twilio-sip\n".to_owned();
    for n in 1..40 {
        doubled += &format!("[{n}](!,{0},{0})\n", n - 1);
    }
    doubled += "[last](39)\nmatch=54.65.63.192/30\n";
    let refused = limited("rules=200000").refusal(&doubled);
    assert!(
        refused.contains("it expands to more than 200000 rules"),
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
        refused.contains("it is nested more than 39 levels deep"),
        "{refused}"
    );
}
