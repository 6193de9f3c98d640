//! Lists of FreeSWITCH's `acl.conf.xml`.
//!
//! The expected values follow `switch_xml.c`, `switch_core.c` and `switch_utils.c` of FreeSWITCH.

use super::{Expected, assert_cuts_are_found, pairs, rows};
use crate::common::judge::BOTH;
use twilio_sip_allow::format::read::Lines;

/// Nodes of a list that denies by default, and that mean the same.
const SAME_NODES: &str = r#"
<node type="allow" cidr="54.65.63.192/30"/>
<node cidr='54.65.63.192/30' type='allow' description="Twilio"></node>
<node type="Allow" cidr="54.65.63.194/30"/>
<node type="true" cidr="54.65.63.192/31, 54.65.63.194/32 ,54.65.63.195/32"/>
<node type="1" cidr="::FFFF:54.65.63.192/30"/>
<node type="yes" host="54.65.63.193" mask="255.255.255.252"/>
<node type="on" host="54.65.63.192" mask="255.255.255.254"/><node type="t" host="54.65.63.194" mask="255.255.255.255"/><node type="active" cidr="54.65.63.195/32"/>
<node type="deny" cidr="54.65.63.0/24"/><node type="allow" cidr="54.65.63.192/30"/>
<node type="allow" cidr="54.65.63.192/30"/><node type="0" cidr="54.65.0.0/16"/><node type="deny" cidr="0.0.0.0/0"/>
<node type="allow" cidr="54.65.63.192/30"/><node type="enabled" cidr="54.65.63.192/30"/>
<node cidr="10.0.0.0/8"/><node type="no" cidr="2001:db8::/32"/><node type="allow" cidr="54.65.63.192/30"/>
<!-- <node type="allow" cidr="10.0.0.0/8"/> --><node type="allow" cidr="54.65.63.192/30"/>
<node type="allow" cidr="54.65.63.192/30" domain=""/><node type="allow" cidr="54.65.63.192/30"/> => beyond users of the domain  with a cidr
"#;

/// Nodes of a list that denies by default, and the drift.
const DIFFERENT_NODES: &str = r#"
<node type="allow" cidr="54.65.63.192/31"/> => missing in 54.65.63.194/31 signaling tokyo
<node type="allow" cidr="54.65.63.192/29"/> => extra in 54.65.63.196/30
<node type="alow" cidr="54.65.63.192/30"/> => missing in 54.65.63.192/30 signaling tokyo
<node type="allow" cidr="54.65.63.192/30"/><node type="deny" cidr="54.65.63.195/32"/> => missing in 54.65.63.195/32 signaling tokyo
<node type="deny" cidr="54.65.63.195/32"/><node type="allow" cidr="54.65.63.192/30"/> => missing in 54.65.63.195/32 signaling tokyo
<node type="allow" cidr="54.65.63.192/30"/><node type="allow" cidr="2001:db8::/32"/> => beyond IPv6, 2001:db8::/32
<node type="allow" cidr="54.65.63.192/30"/><node type="allow" domain="$${domain}"/> => beyond users of the domain $${domain} with a cidr
"#;

const REFUSED_NODES: &str = r#"
<node type="allow" cidr="54.65.63.192"/> => FreeSWITCH does not add '54.65.63.192', because it has no prefix length; write, for example, 192.0.2.1/32
<node type="allow" cidr="54.65.63.192/33"/> => '54.65.63.192/33' has no prefix length from 0 to 32
<node type="allow" cidr="54.65.63.192/"/> => '54.65.63.192/' has no prefix length from 0 to 32
<node type="allow" cidr=" 54.65.63.192/30"/> => ' 54.65.63.192' is not an IPv4 address
<node type="allow" cidr="sip.example.com/32"/> => 'sip.example.com' is not an IPv4 address
<node type="allow" cidr="54.65.63.192/30,"/> => FreeSWITCH does not add '', because it has no prefix length
<node type="allow" cidr="2001:db8::/129"/> => '2001:db8::/129' is not an IPv6 network
<node type="allow" cidr="10.0.0.1/0"/> => FreeSWITCH gives '10.0.0.1' with '0' another meaning; remove the node
<node type="allow" cidr="0.0.0.0/32"/> => FreeSWITCH gives '0.0.0.0' with '32' another meaning; remove the node
<node type="allow" host="10.0.0.1" mask="0.0.0.0"/> => FreeSWITCH gives '10.0.0.1' with '0.0.0.0' another meaning
<node type="allow" host="10.0.0.0" mask="255.0.255.0"/> => '255.0.255.0' is not a netmask, because it has gaps
<node type="allow" host="10.0.0.0"/> => FreeSWITCH ignores a node without 'cidr', 'domain', or 'host' and 'mask'
<node type="allow" cidr="$${peer}/32"/> => the value of '$${peer}/32' is not in the input; provide the output of fs_cli -x
<node type="$${x}" cidr="10.0.0.0/8"/> => the value of '$${x}' is not in the input
<node type="-1" cidr="10.0.0.0/8"/> => '-1' is not a plain number; write 'allow' or 'deny'
<node type="" cidr="10.0.0.0/8"/> => '' is not a plain number
<node type="allow" cidr="10.0.0.0/8" port="5060"/> => FreeSWITCH ignores 'port' unless the SIP profile sets use-port-for-acl-check
<node type="allow" cidr="10.0.0.0/8" port-max="5060"/> => FreeSWITCH ignores 'port-max' unless
<node type="deny" domain="example.com"/> => the node denies addresses of users, which are not in the input
<nodes type="allow" cidr="10.0.0.0/8"/> => FreeSWITCH ignores the element 'nodes' in a list; expected 'node'
<node type="allow" cidr="10.0.0.0/8"/><node type="deny" cidr="10.0.0.1/8"/> => another node allows or denies the same network
<!-- <X-PRE-PROCESS cmd="include" data="x.xml"/> --> => the included text may contain list 'twilio-sip', but is not in the input
<!--#include "x.xml"--> => the included text may contain list 'twilio-sip'
"#;

fn list(nodes: &str) -> String {
    format!("<list name=\"twilio-sip\" default=\"deny\">\n{nodes}\n</list>\n")
}

/// A whole `acl.conf.xml`, as FreeSWITCH's example.
fn file(lists: &str) -> String {
    format!(
        "<configuration name=\"acl.conf\" description=\"Network Lists\">\n  <network-lists>\n\
         <list name=\"lan\" default=\"allow\">\n<node type=\"deny\" cidr=\"192.168.42.0/24\"/>\n</list>\n{lists}\
         <list name=\"domains\" default=\"deny\">\n<node type=\"allow\" domain=\"$${{domain}}\"/>\n</list>\n\
         </network-lists>\n</configuration>\n"
    )
}

fn document(configuration: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<document type=\"freeswitch/xml\">\n<section name=\"configuration\">\n\
         <configuration name=\"cdr.conf\"/>\n{configuration}</section>\n<section name=\"dialplan\"/>\n</document>\n"
    )
}

const TOKYO: &str = "<node type=\"allow\" cidr=\"54.65.63.192/30\"/>";

#[test]
fn equivalent_lists_are_in_sync() {
    for directions in [&BOTH[..], &BOTH[..1]] {
        let expected = Expected::tokyo("freeswitch", directions);
        let rendered = expected.text();
        for text in [
            rendered.clone(),
            rendered.replace('\n', "\r\n"),
            rendered.trim_end().to_owned(),
            file(&rendered),
            document(&file(&rendered)),
            format!("<include>\n{rendered}</include>\n"),
            format!("<include>\n{}</include>\n", file(&rendered)),
            file(&rendered).replace("acl.conf", "ACL.conf"),
            // The last list of a name is in force.
            file(&format!(
                "{}{rendered}",
                list("<node type=\"allow\" cidr=\"10.0.0.0/8\"/>")
            )),
            // Earlier text cannot replace a later list.
            file(&format!(
                "<X-PRE-PROCESS cmd=\"include\" data=\"a.xml\"/>\n{rendered}"
            )),
            file(&rendered).replace(
                "<network-lists>",
                "<network-lists>\n<X-PRE-PROCESS cmd=\"set\" data=\"a=b\"/>",
            ),
        ] {
            assert_eq!(expected.drift(&text), [""; 0], "{text}");
        }
    }
    let expected = Expected::tokyo("freeswitch", &BOTH);
    for row in rows(SAME_NODES) {
        let (nodes, reported) = row.split_once(" => ").unwrap_or((&row, ""));
        assert_eq!(expected.drift(&list(nodes)).join("\n"), reported, "{nodes}");
    }
}

#[test]
fn reports_each_difference_as_drift() {
    let expected = Expected::tokyo("freeswitch", &BOTH);
    for (nodes, reported) in pairs(DIFFERENT_NODES) {
        assert_eq!(
            expected.drift(&list(&nodes)).join("\n"),
            reported,
            "{nodes}"
        );
    }
    let text = list("<!-- a -->\n<node type=\"allow\" cidr=\"54.65.63.192/29\"/>");
    let drift = expected.check(&text).unwrap();
    assert_eq!(Lines::of(&text).number(drift.extra[0].source_lines[0]), 3);
    // Without a default, a list allows everything else.
    for default in ["", " default=\"allow\"", " default=\"1\""] {
        let text = |nodes: &str| format!("<list name=\"twilio-sip\"{default}>{nodes}</list>\n");
        let found = expected.drift(&text(TOKYO));
        assert!(found[0].starts_with("extra in 0.0.0.0/3+"), "{found:?}");
        assert_eq!(
            found.last().unwrap(),
            "beyond IPv6, by the default of the list"
        );
        let closed = format!("{TOKYO}<node type=\"deny\" cidr=\"0.0.0.0/0\"/>");
        assert_eq!(
            expected.drift(&text(&closed)),
            ["beyond IPv6, by the default of the list"]
        );
        let closed = format!("{closed}<node type=\"deny\" cidr=\"::/0\"/>");
        assert_eq!(expected.drift(&text(&closed)), [""; 0]);
    }
}

#[test]
fn a_list_that_is_missing_allows_nothing() {
    let expected = Expected::tokyo("freeswitch", &BOTH);
    let rendered = expected.text();
    for text in [
        file(""),
        document(&file("")),
        document(""),
        "<network-lists/>\n".to_owned(),
        rendered.replace("<list name=\"twilio-sip\"", "<list name=\"Twilio-SIP\""),
        // FreeSWITCH uses the first element of each kind.
        file("").replace(
            "</configuration>",
            &format!(
                "<network-lists>{}</network-lists></configuration>",
                list(TOKYO)
            ),
        ),
    ] {
        let units = expected.units(&text).unwrap();
        assert_eq!(
            units[0].absent.as_deref(),
            Some("the input has no list 'twilio-sip'"),
            "{text}"
        );
        assert_eq!(
            expected.drift(&text),
            ["missing in 54.65.63.192/30 signaling tokyo"],
            "{text}"
        );
    }
    let named = Expected::tokyo("freeswitch", &BOTH[..1]).named("Carrier & Co.");
    let text = rendered.replace("name=\"twilio-sip\"", "name=\"Carrier &amp; Co.\"");
    assert_eq!(named.drift(&text), [""; 0]);
    assert_eq!(named.units(&text).unwrap()[0].name, "list Carrier & Co.");
}

#[test]
fn rejects_what_it_cannot_interpret() {
    let expected = Expected::tokyo("freeswitch", &BOTH);
    for (nodes, message) in pairs(REFUSED_NODES) {
        let refused = expected.refusal(&list(&nodes));
        assert!(
            refused.starts_with(&format!("2: {message}")),
            "{refused}\n{nodes}"
        );
    }
    let include = "<X-PRE-PROCESS cmd=\"include\" data=\"lists/*.xml\"/>\n";
    let exec = include.replace("include", "exec");
    let root = include.replace("lists", "autoload_configs");
    let many = format!(
        "<node type=\"allow\" cidr=\"{}10.0.0.0/8\"/>",
        "10.0.0.0/8,".repeat(32)
    );
    for (text, message) in [
        (
            file(include),
            "6: the included text may contain list 'twilio-sip', but is not in the input; provide the output of \
          fs_cli -x 'xml_locate configuration configuration name acl.conf', or only the file with the list",
        ),
        (file(&exec), "6: the included text may contain list"),
        (
            file(&format!("{}{include}", list(TOKYO))),
            "9: the included text may contain list",
        ),
        (document(&root), "5: the included text may contain list"),
        (
            file("<list name=\"$${peers}\"/>"),
            "6: the value of '$${peers}' is not in the input; provide the output",
        ),
        (
            list(TOKYO).replace("deny", "$${x}"),
            "1: the value of '$${x}' is not in the input",
        ),
        (list("text"), "1: expected an element, not text"),
        (
            list(&many),
            "2: FreeSWITCH reads at most 32 networks in one node; use several nodes",
        ),
        (
            "<configuration name=\"sofia.conf\"/>\n".to_owned(),
            "1: this configuration is not 'acl.conf'; expected a list",
        ),
        (
            "<section name=\"dialplan\"/>\n".to_owned(),
            "1: this section is not 'configuration'; expected a list",
        ),
        (
            "<include>\n<context/>\n</include>\n".to_owned(),
            "1: expected a list of acl.conf.xml",
        ),
        (
            file("<include>\n<list/>\n</include>\n"),
            "6: FreeSWITCH ignores the tags <include> and </include>",
        ),
        (
            "<policy/>\n".to_owned(),
            "1: expected a list of acl.conf.xml, this file, or the output of fs_cli",
        ),
        (list("<!-- a -- b -->"), "2: the input is not valid XML"),
        // FreeSWITCH ignores the whole line.
        (
            format!("<?xml version=\"1.0\"?>{}", list(TOKYO)),
            "3: the input is not valid XML",
        ),
        (
            format!("<include>{}", list(TOKYO)),
            "3: the input is not valid XML",
        ),
        (
            list(&" ".repeat(1_000_001)),
            "2: the line is longer than 1000000 bytes, and FreeSWITCH may read its end",
        ),
        (
            "can't find anything\n".to_owned(),
            "1: the input is not valid XML",
        ),
    ] {
        let refused = expected.refusal(&text);
        assert!(refused.starts_with(message), "{refused}\n{text:.300}");
    }
    assert_eq!(
        expected
            .check(&list(&"<a/>".repeat(100)))
            .unwrap_err()
            .len(),
        20
    );
}

#[test]
fn truncated_input_is_never_in_sync() {
    let expected = Expected::tokyo("freeswitch", &BOTH);
    let rendered = expected.text();
    let whole = |cut: &str| cut.ends_with("</list>");
    assert_cuts_are_found(&expected, &rendered, whole);
    assert_cuts_are_found(&expected, &file(&rendered), |cut| {
        cut.ends_with("</configuration>")
    });
}

#[test]
fn rejects_more_nodes_than_the_limit() {
    let text = list(&TOKYO.replace("/30", "/32,54.65.63.193/32,54.65.63.194/31"));
    let limited = |bound| Expected::tokyo("freeswitch", &BOTH).limited(bound);
    assert_eq!(limited("rules=3").drift(&text), [""; 0]);
    let refused = limited("rules=2").refusal(&text);
    assert!(
        refused.contains("it expands to more than 2 rules"),
        "{refused}"
    );
}
