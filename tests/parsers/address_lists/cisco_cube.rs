//! The trusted list of a Cisco Unified Border Element.
//!
//! The texts follow the Cisco Unified CME Command Reference and Administrator Guide ("Toll Fraud Prevention").

use super::{Expected, assert_cuts_are_found, pairs, rows};
use crate::common::judge::BOTH;
use twilio_sip_allow::format::read::Lines;

/// Entries that mean the same.
const SAME_ENTRIES: &str = "
  ipv4 54.65.63.192 255.255.255.252
  ipv4 54.65.63.194 255.255.255.252
  ipv4 54.65.63.192 /30
  ipv4 54.65.63.192 255.255.255.254|  ipv4 54.65.63.194|  ipv4 54.65.63.195 255.255.255.255
  ipv4 54.65.63.192 255.255.255.252|  ipv4 54.65.63.192 255.255.255.252
";

const DIFFERENT_ENTRIES: &str = "
  ipv4 54.65.63.192 255.255.255.254 => missing in 54.65.63.194/31 signaling tokyo
  ipv4 54.65.63.192 255.255.255.248 => extra in 54.65.63.196/30
  ipv4 54.65.63.192 => missing in 54.65.63.193/32+54.65.63.194/31 signaling tokyo
  ipv4 54.65.63.192 255.255.255.252|  ipv4 192.0.2.10 => extra in 192.0.2.10/32
  ipv4 54.65.63.192 255.255.255.252|  ipv6 2001:DB8::/48 => beyond IPv6, 2001:DB8::/48
";

const REFUSED_ENTRIES: &str = "
  ipv4 54.65.63.192 0.0.0.3 => expected a netmask without gaps, such as 255.255.255.0, not '0.0.0.3'
  ipv4 54.65.63.192 /33 => '/33' is not a prefix length from 0 to 32
  ipv4 54.65.63.192/30 => '54.65.63.192/30' is not an IPv4 address
  ipv4 sip.example.com => 'sip.example.com' is not an IPv4 address
  ipv4 => expected an address at the end of the line
  ipv4 192.0.2.1 !Private => '!Private' is not an IPv4 address
  IPv4 192.0.2.1 => expected 'ipv4' or 'ipv6' in lower case, not 'IPv4 192.0.2.1'
  ipv6 2001:db8::/129 => '2001:db8::/129' is not an IPv6 network
  no ipv4 192.0.2.1 => an entry cannot be removed by itself; provide the output of 'show running-config'
";

fn service(entries: &str) -> String {
    format!(
        "voice service voip\n ip address trusted list\n{entries}\n allow-connections sip to h323\n sip\n  bind all\n!\n"
    )
}

fn configuration(section: &str) -> String {
    format!(
        "Building configuration...\n\nCurrent configuration : 9000 bytes\n!\nversion 15.7\nhostname cube\n!\n\
         banner motd ^C\nvoice calls\n^C\n!\n{section}voice class codec 1\n codec preference 1 g711ulaw\n!\n\
         interface GigabitEthernet0/0\n ip address 192.0.2.1 255.255.255.0\n!\ndial-peer voice 1 voip\n \
         session target ipv4:198.51.100.1\n!\nend\n"
    )
}

/// The form in the Administrator Guide. Older versions have another heading, and no dynamic list.
const SHOWN: &str = "\
Router#show ip address trusted list
IP Address Trusted Authentication
 Administration State: UP
 Operation State:      UP

IP Address Trusted Call Block Cause: call-reject (21)

VoIP Dial-peer IPv4 and IPv6 Session Targets:
Peer Tag        Oper State      Session Target
--------        ----------      --------------
4               UP              ipv4:10.65.125.155

Configured IP Address Trusted List:
 ipv4 54.65.63.192 255.255.255.252

Dynamic IP Address Trusted List:
IP Address                          Subnet Mask      Count   Reason
---------------------------------   ------------     -----   ----------------
ipv4:8.55.22.36                                      1       Phone Registered
ipv6:2001:420:54FF:13::312:0 119                     1       Phone Registered

Router#
";

const TOKYO: &str = "  ipv4 54.65.63.192 255.255.255.252";

#[test]
fn equivalent_lists_are_in_sync() {
    for directions in [&BOTH[..], &BOTH[..1]] {
        let expected = Expected::tokyo("cisco-cube", directions);
        let rendered = expected.text();
        let section = service(TOKYO);
        let flat: Vec<&str> = section.lines().map(str::trim).collect();
        let flat = flat.join("\n") + "\n";
        let whole = configuration(&section);
        let prompt = "cube#show running-config | section voice service voip\n";
        for text in [
            rendered.clone(),
            rendered.repeat(2),
            rendered.replace('\n', "\r\n"),
            section.clone(),
            flat,
            [prompt, &section, "cube#\n"].concat(),
            configuration(&section),
            configuration(&section).replace("ipv4 54", "ipv4  54"),
            section.replace(" sip\n", " ip address trusted call-block cause call-reject\n sip\n"),
            section.replace(" sip\n", " ip address trusted authenticate\n sip\n"),
            section.replace(" ip a", " no ip address trusted authenticate\n default ip address trusted authenticate\n ip a"),
            section.replace(TOKYO, &format!("  ipv4 10.0.0.1\n no ip address trusted list\n ip address trusted list\n{TOKYO}")),
            section.replace(TOKYO, &format!("{TOKYO}\n  exit")),
            SHOWN.to_owned(),
            SHOWN.replace("Configured IP", "IP"),
            SHOWN.replace("ipv4:8.55", "ipv4 8.55"),
            // A banner with the heading of another command.
            whole.replace("voice calls", "IP Address Trusted Authentication"),
            // Regular expressions of SIP profiles and of voice translation rules.
            whole.replace("voice class codec 1", "voice class sip-profiles 1\n rule 1 request ANY sip-header Contact modify \"^Contact: (.*)\" \"X\"\n request ANY sip-header Contact modify \"^Contact\" \"X\"\nvoice class codec 1"),
            whole.replace("voice class codec 1", "voice translation-rule 1\n rule 1 /^C/ //\nparameter-map type regex a\n pattern ^Cisco\nvoice class codec 1"),
            // Entries of another mode.
            whole.replace("voice class codec 1", "voice class server-group 1\n ipv4 192.0.2.1 preference 1\n!\nvoice class codec 1"),
            [&*section, "voice class server-group 1\n ipv4 192.0.2.1\n"].concat(),
            // IOS executes a global command in any mode.
            section.replace(" sip\n", " sip\n  bind all\n!\nbanner motd ^C\n ipv4 192.0.2.1\n^C\n"),
            SHOWN[SHOWN.find("IP Address").unwrap()..SHOWN.find("\nDynamic").unwrap()].to_owned(),
        ] {
            assert_eq!(expected.drift(&text), [""; 0], "{text}");
        }
        for row in rows(SAME_ENTRIES) {
            assert_eq!(expected.drift(&service(&row)), [""; 0], "{row}");
        }
    }
}

#[test]
fn reports_each_difference_as_drift() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    for (entries, reported) in pairs(DIFFERENT_ENTRIES) {
        assert_eq!(
            expected.drift(&service(&entries)).join("\n"),
            reported,
            "{entries}"
        );
        let shown = SHOWN.replace(TOKYO.trim_start_matches(' '), entries.trim_start());
        assert_eq!(expected.drift(&shown).join("\n"), reported, "{shown}");
    }
    let text = service("  ipv4 54.65.63.192 255.255.255.248");
    let drift = expected.check(&text).unwrap();
    assert_eq!(Lines::of(&text).number(drift.extra[0].source_lines[0]), 3);
}

#[test]
fn a_list_that_is_off_accepts_everything() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    let off = " no ip address trusted authenticate\n sip\n";
    for text in [
        service(TOKYO).replace(" sip\n", off),
        configuration(&service(TOKYO).replace(" sip\n", off)),
        format!("voice service voip\n{off}"),
        SHOWN.replace("Administration State: UP", "Administration State: DOWN"),
        SHOWN.replace("Operation State:      UP", "Operation State:      DOWN"),
    ] {
        let found = expected.drift(&text);
        assert!(
            found[0].starts_with("extra in 0.0.0.0/3+"),
            "{found:?}\n{text}"
        );
        assert_eq!(
            found.last().unwrap(),
            "beyond IPv6, because the trusted list is off"
        );
        assert!(
            found.iter().all(|part| !part.starts_with("missing")),
            "{found:?}"
        );
    }
}

#[test]
fn a_list_that_is_missing_accepts_nothing() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    for text in [
        configuration(""),
        configuration("voice service voip\n allow-connections sip to sip\n!\n"),
        service(TOKYO).replace(" sip\n", " no ip address trusted list\n sip\n"),
        SHOWN.replace(
            &format!("Configured IP Address Trusted List:\n{}\n", &TOKYO[1..]),
            "",
        ),
    ] {
        let units = expected.units(&text).unwrap();
        assert_eq!(
            units[0].absent.as_deref(),
            Some("the input has no trusted list"),
            "{text}"
        );
        assert_eq!(
            expected.drift(&text),
            ["missing in 54.65.63.192/30 signaling tokyo"],
            "{text}"
        );
    }
    // These lines belong to another command.
    let others = "voice service voip\n ip address trusted list\n voice class server-group 1\n  ipv4 54.65.63.192 255.255.255.252\n";
    assert_eq!(
        expected.drift(others),
        ["missing in 54.65.63.192/30 signaling tokyo"]
    );
}

#[test]
fn rejects_what_it_cannot_interpret() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    for (entries, message) in pairs(REFUSED_ENTRIES) {
        let refused = expected.refusal(&service(&entries));
        assert!(
            refused.starts_with(&format!("3: {message}")),
            "{refused}\n{entries}"
        );
    }
    let section = service(TOKYO);
    let whole = configuration(&section);
    for (text, message) in [
        (
            service(&format!("{TOKYO}\n  ipv4 54.65.63.192")),
            "4: '54.65.63.192' is in the list already with another mask",
        ),
        (
            section.replace(" ip address trusted", " ip addr trusted"),
            "2: abbreviated command; write 'ip address trusted list' in full",
        ),
        (
            section.replace("trusted list", "trust li"),
            "2: abbreviated command",
        ),
        (
            section.replace("voice service", "voi serv"),
            "1: abbreviated command; write 'voice service voip' in full",
        ),
        (
            section.replace("voice service voip\n", ""),
            "1: this command belongs to 'voice service voip', which does not begin above; \
          provide the output of 'show running-config'",
        ),
        (
            section.replace("voice service voip", "voice service pots"),
            "2: this command belongs to",
        ),
        (
            section.replace("trusted list\n", "trusted list ipv4 192.0.2.1\n"),
            "2: expected the end of the line, not 'ipv4'",
        ),
        (
            format!("{section}no voice service voip\n"),
            "8: this command removes the list and all other settings for VoIP",
        ),
        (
            format!("voice service voip\nsip\n{}", &section[19..]),
            "3: a line above is not indented, so it is unclear",
        ),
        (
            format!("{whole}{section}"),
            "30: the configuration ended above with 'end'",
        ),
        (
            format!("{whole}{whole}"),
            "29: a second configuration begins here",
        ),
        (
            whole.replace("end\n", ""),
            "3: the configuration does not end with 'end', so the input may have been cut off",
        ),
        (
            whole.replace("!\nend", "hostname other\nend"),
            "27: the input has listings of several devices",
        ),
        (
            whole.replace(
                "!\nend",
                "event manager applet a\n action 1 cli command \"ip address trusted list\"\nend",
            ),
            "28: the line runs a command that may change the list at any time",
        ),
        (
            format!("cube#show startup-config\n{section}"),
            "1: this command prints only a part",
        ),
        (
            format!("cube#show running-config | include ip\n{section}"),
            "1: this command prints only a part",
        ),
        (
            format!("cube(config)#voice service voip\n{section}"),
            "1: this command may change the configuration",
        ),
        (
            section.replace(" sip\n", " sip\u{7}\n"),
            "5: the line contains a control character",
        ),
        (
            "access-list 1 permit any\n".to_owned(),
            "1: the input has neither a configuration nor a trusted list; expected the output of \
          'show running-config' or 'show ip address trusted list'",
        ),
        (
            SHOWN.repeat(2),
            "24: the input has listings of several devices",
        ),
        (
            SHOWN.replace(" Operation State:      UP\n", ""),
            "1: a state is missing; expected the complete output",
        ),
        (
            SHOWN.replace("State: UP", "State: FLAPPING"),
            "3: unknown state 'FLAPPING'; expected UP or DOWN",
        ),
        (
            SHOWN.replace("Dynamic IP Address Trusted", "Other"),
            "16: unknown heading 'Other List:'; expected the complete output",
        ),
        (
            SHOWN.replace("4               UP", "ipv4 192.0.2.1  UP"),
            "11: unexpected line; expected the complete output",
        ),
        (
            SHOWN.replace("Router#show", "Router#configure"),
            "1: this command may change the configuration",
        ),
        (
            SHOWN.replace("Router#\n", "Other#\n"),
            "22: the input has listings of several devices",
        ),
        (
            format!(
                "{section}voice service voip\n ip address trusted list\n sip\n  ipv4 192.0.2.1\n"
            ),
            "11: a line above may have ended the trusted list, so it is unclear whether this entry",
        ),
    ] {
        let refused = expected.refusal(&text);
        assert!(refused.starts_with(message), "{refused}\n{text}");
    }
}

/// Lines after the list, up to an entry that IOS adds to the list. IOS ignores indentation, rejects a line that is no
/// command, and then stays in the mode of the list.
const STILL_IN_THE_LIST: &str = r#"
ipv4 0.0.0.0 0.0.0.0
ipv6 ::/0
!|ipv4 0.0.0.0 0.0.0.0
# own| ipv4 0.0.0.0 0.0.0.0
foo| ipv4 0.0.0.0 0.0.0.0
foo|ipv4 0.0.0.0 0.0.0.0
--------| ipv4 0.0.0.0 0.0.0.0
"own"| ipv4 0.0.0.0 0.0.0.0
// own| ipv4 0.0.0.0 0.0.0.0
% Invalid input| ipv4 0.0.0.0 0.0.0.0
foo|!| IPV4 0.0.0.0 0.0.0.0
foo|bar| default ipv4 0.0.0.0 0.0.0.0
  # own|  ipv4 0.0.0.0 0.0.0.0
  foo|  ipv4 0.0.0.0 0.0.0.0
  int|  ipv4 0.0.0.0 0.0.0.0
"#;

#[test]
fn rejects_an_entry_that_ios_may_add_to_the_list() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    for lines in rows(STILL_IN_THE_LIST) {
        let number = 3 + lines.lines().count();
        let after = format!("voice service voip\n ip address trusted list\n{TOKYO}\n{lines}\n");
        for text in [after.clone(), format!("{after} sip\n!\n")] {
            let refused = expected.refusal(&text);
            let message = format!("{number}: a line above may have ended the trusted list");
            assert!(refused.starts_with(&message), "{refused}\n{text}");
        }
    }
}

/// Commands that IOS accepts in abbreviated form.
const ABBREVIATED: &str = "
 no ip ad tr au
 no ip a t a
 no ip a t l
 NO IP A T A
 no i a t a
 de ip a t a
 defa ip address trusted li
 ip a t a
 ip addr trust li
";

#[test]
fn rejects_each_abbreviation_of_a_command_for_the_list() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    for line in rows(ABBREVIATED) {
        let text = service(&format!("{TOKYO}\n{line}"));
        let refused = expected.refusal(&text);
        assert!(
            refused.starts_with("4: abbreviated command; write 'ip address trusted "),
            "{refused}\n{text}"
        );
    }
    for line in ["no vo s v", "VOICE SERVICE VOIP", "voi s voip"] {
        let refused = expected.refusal(&format!("{}{line}\n", service(TOKYO)));
        assert!(refused.starts_with("8: "), "{refused}\n{line}");
    }
}

/// Lines that may begin a text in another mode, with the start of the message. `LIST` stands for the list.
const TEXTS: &str = r"
LIST  key-string|  ipv4 0.0.0.0 0.0.0.0|  quit => 4: the line may begin a text
LIST  certificate x|  ipv4 0.0.0.0 0.0.0.0|  quit => 4: the line may begin a text
LIST  http-raw-request|  ipv4 0.0.0.0 0.0.0.0|  exit => 4: the line may begin a text
LIST  foo ^C|  ipv4 0.0.0.0 0.0.0.0|^C => 4: the line may begin a text
LIST# foo ^C| ipv4 0.0.0.0 0.0.0.0|^C => 4: the line may begin a text
LIST  refuse-message ^C|  ipv4 0.0.0.0 0.0.0.0|^C => 4: the line may begin a text
foo ^C|Voice  Service Voip| NO IP A T A|^C|LIST => 2: the line may be a command, or part of a text
foo ^C|vo s voip|^C|LIST => 2: the line may be a command, or part of a text
refuse-message ^C| no ip a t a|^C|LIST => 2: the line may be a command, or part of a text
foo ^C| END|^C|LIST => 2: the line may be a command, or part of a text
LIST!|interface a| foo ^C => 6: a text may begin here, but does not end with '^C'
LIST!|interface a| key-string => 6: a text may begin here, but does not end with 'quit'
";

#[test]
fn rejects_a_line_that_may_hide_commands_for_the_list() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    let list = format!("voice service voip\n ip address trusted list\n{TOKYO}\n");
    for (text, message) in pairs(TEXTS) {
        let text = text.replace("LIST", &list) + "\n";
        let refused = expected.refusal(&text);
        assert!(refused.starts_with(&message), "{refused}\n{text}");
    }
}

/// Lines between `voice service voip` and its commands, and the start of the message.
const BETWEEN: &str = r"
 end => 3: the configuration ended above with 'end'
END => 3: the configuration ended above with 'end'
router bgp 1 => 3: this command belongs to 'voice service voip', which does not begin above
 router bgp 1 => 3: this command belongs to 'voice service voip', which does not begin above
 rou bgp 1 => 3: this command belongs to 'voice service voip', which does not begin above
line vty 0 4 => 3: this command belongs to 'voice service voip', which does not begin above
 no router bgp 1 => 3: this command belongs to 'voice service voip', which does not begin above
 exit => 3: this command belongs to 'voice service voip', which does not begin above
 sip => 3: a line above begins another mode below 'voice service voip'
 sip|  bind all => 4: a line above begins another mode below 'voice service voip'
 h323| allow-connections sip to sip => 4: a line above begins another mode below 'voice service voip'
";

#[test]
fn rejects_a_list_that_may_belong_to_another_mode() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    for (lines, message) in pairs(BETWEEN) {
        let text = format!("voice service voip\n{lines}\n ip address trusted list\n{TOKYO}\n");
        let refused = expected.refusal(&text);
        assert!(refused.starts_with(&message), "{refused}\n{text}");
    }
    // A command of the same mode, and the end of a mode.
    for lines in [
        " rtcp keepalive",
        " allow-connections sip to sip",
        " sip\n  bind all\n  exit",
    ] {
        let text = format!("voice service voip\n{lines}\n ip address trusted list\n{TOKYO}\n");
        assert_eq!(expected.drift(&text), [""; 0], "{text}");
    }
}

const RUN_COMMANDS: &str = r#"
kron policy-list a| cli conf t ; no ip addr trus auth
kron policy-list a| CLI voi s voip
event manager applet a| action 1 cli command "ip a t l"
event manager applet a| Action 1 cli command "Voice Service VoIP"
event manager environment command no ip a t a
"#;

#[test]
fn rejects_a_line_that_runs_a_command_for_the_list() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    for lines in rows(RUN_COMMANDS) {
        let text = format!("{}{lines}\n", service(TOKYO));
        let number = 7 + lines.lines().count();
        let refused = expected.refusal(&text);
        let message = format!("{number}: the line runs a command that may change the list");
        assert!(refused.starts_with(&message), "{refused}\n{text}");
    }
    let harmless =
        "event manager applet a\n action 1 cli command \"ip address 192.0.2.1 255.255.255.0\"\n";
    let text = [&service(TOKYO), harmless].concat();
    assert_eq!(expected.drift(&text), [""; 0]);
}

#[test]
fn rejects_a_configuration_together_with_the_output_of_show() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    let whole = configuration(&service(TOKYO));
    for (text, line) in [
        (format!("{whole}{SHOWN}"), 30),
        (format!("{SHOWN}{whole}"), 23),
    ] {
        let refused = expected.refusal(&text);
        let message = format!(
            "{line}: the input has more than the output of 'show ip address trusted list'; provide only"
        );
        assert!(refused.starts_with(&message), "{refused}\n{text}");
    }
}

#[test]
fn truncated_input_is_never_in_sync() {
    let expected = Expected::tokyo("cisco-cube", &BOTH);
    let whole = |cut: &str| cut.contains(&format!("{TOKYO}\n"));
    let section = service(TOKYO);
    assert_cuts_are_found(&expected, &section, whole);
    assert_cuts_are_found(&expected, &expected.text(), whole);
    assert_cuts_are_found(&expected, &configuration(&section), |_| false);
    assert_cuts_are_found(&expected, SHOWN, |cut| {
        cut.contains(&format!("{}\n", &TOKYO[1..]))
    });
}

#[test]
fn rejects_more_entries_than_the_limit() {
    let text = service("  ipv4 54.65.63.192 /31\n  ipv4 54.65.63.194 /31");
    let limited = |bound| Expected::tokyo("cisco-cube", &BOTH).limited(bound);
    assert_eq!(limited("rules=2").drift(&text), [""; 0]);
    let refused = limited("rules=1").refusal(&text);
    assert!(
        refused.starts_with("4: it expands to more than 1 rules"),
        "{refused}"
    );
    let refused = limited("work=100").refusal(&text);
    assert!(
        refused.starts_with("1: it takes more than 100 steps"),
        "{refused}"
    );
}
