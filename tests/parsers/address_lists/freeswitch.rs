//! Lists of FreeSWITCH's `acl.conf.xml`.
//!
//! The expected values follow `switch_xml.c`, `switch_core.c` and `switch_utils.c` of FreeSWITCH.

use super::{Expected, assert_cuts_are_found, pairs, rows};
use crate::common::judge::{BOTH, dialect};
use twilio_sip_allow::format;
use twilio_sip_allow::format::read::Lines;

/// Nodes of a list that denies by default, and that mean the same.
const SAME_NODES: &str = r#"
<node type="allow" cidr="54.65.63.192/30"/>
<node cidr='54.65.63.192/30' type='allow' description="Twilio"></node>
<node type="Allow" cidr="54.65.63.194/30"/>
<node type="true" cidr="54.65.63.192/31, 54.65.63.194/32 ,54.65.63.195/32"/>
<node type="1" cidr="::FFFF:54.65.63.192/30"/>
<node type="yes" host="54.65.63.193" mask="255.255.255.252"/> => beyond some IPv6, by host 54.65.63.193 with mask 255.255.255.252 instead of a cidr
<node type="on" host="54.65.63.192" mask="255.255.255.254"/><node type="t" cidr="54.65.63.194/32"/><node type="active" cidr="54.65.63.195/32"/> => beyond some IPv6, by host 54.65.63.192 with mask 255.255.255.254 instead of a cidr
<node type="deny" host="54.65.0.0" mask="255.255.0.0"/><node type="allow" cidr="54.65.63.192/30"/>
<node type="allow" cidr="54.65.63.192/30"/><node type="" cidr="10.0.0.0/8"/>
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
<node type="allow" cidr="$${peer}/32"/> => the value of '$${peer}' is not in the input; provide the output of fs_cli -x
<node type="allow" cidr="54.65.63.192/30" description="$${peer}"/> => the value of '$${peer}' is not in the input
<node type="allow" domain="a.$${domain}"/> => the value of '$${domain}' is not in the input
<node type="allow" domain="$${domain}$${b}"/> => the value of '$${domain}' is not in the input
<!-- $${c} --><node type="allow" cidr="54.65.63.192/30"/> => the value of '$${c}' is not in the input
<node type="allow" cidr="54.65.63.192/30"/>$${more} => the value of '$${more}' is not in the input
<!-- $${domain} --><node type="allow" cidr="0.0.0.0/0"/><?x ?> => FreeSWITCH may ignore the line, because it contains '<?' and a variable; provide the output of fs_cli -x
<!-- $${domain} --><node type="allow" cidr="0.0.0.0/0"/><!-- <include> --> => FreeSWITCH may ignore the line, because it contains '<include>' and a variable
<!--#set "a=$${b}" --> => the line contains '<!--#' and a variable, whose value is not in the input
<node type="allow" xml:cidr="54.65.63.192/30"/> => FreeSWITCH does not support namespaces; remove the prefix 'xml:'
<xml:node type="allow" cidr="54.65.63.192/30"/> => the input is not valid XML: an unknown namespace prefix 'xml' at 2:2; if
<X-PRE-PROCESS cmd="exec" data="/bin/list exec-set"/> => the included text may contain list 'twilio-sip'
<x-pre-process cmd = "Include" data="a.xml"/> => the included text may contain list 'twilio-sip'
<X-PRE-PROCESS cmd="load" data="a.xml"/> => unknown command 'load' of X-PRE-PROCESS; provide the output of fs_cli -x
<X-PRE-PROCESS cmd="$${c}" data="a.xml"/> => the directive depends on a variable, whose value is not in the input
<!-- $${c} <X-PRE-PROCESS cmd="set" data="a=b"/> --> => the directive depends on a variable
<node type="$${x}" cidr="10.0.0.0/8"/> => the value of '$${x}' is not in the input
<node type="-1" cidr="10.0.0.0/8"/> => '-1' is not a plain number; write 'allow' or 'deny'
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
            // The file that FreeSWITCH installs.
            file(&rendered).replace("<network-lists>\n", "<network-lists>\n    <!--\n\t nat.auto - RFC1918\n    -->\n"),
            format!("<include>\n{rendered}</include>\n"),
            format!("<include>\n{}</include>\n", file(&rendered)),
            format!("\u{feff}{rendered}"),
            // FreeSWITCH drops these lines everywhere.
            file(&format!("<include>\n{rendered}</include>\n")),
            format!("<include>\n{rendered}"),
            // An included file with several lists.
            format!("{rendered}<list name=\"b\" default=\"allow\"/>\n"),
            format!("<list name=\"b\"/>\n{rendered}"),
            rendered.replace("default=\"deny\"", "default=\"\""),
            // Text that cannot change the list.
            document(&file(&rendered)).replace(
                "<section name=\"dialplan\"/>",
                "<section name=\"dialplan\" description=\"$${a}\">\n<include/>\n<!-- $${a} -->\n\
                 <X-PRE-PROCESS cmd=\"include\" data=\"dialplan/*.xml\"/>\n</section>\n$${b}",
            ),
            document(&file(&rendered)).replace(
                "<configuration name=\"cdr.conf\"/>",
                "<configuration name=\"cdr.conf\">\n<param name=\"a\" value=\"$${a}\"/>\n\
                 <X-PRE-PROCESS cmd=\"include\" data=\"cdr/*.xml\"/>\n</configuration>",
            ),
            document(&format!(
                "{}<X-PRE-PROCESS cmd=\"include\" data=\"a/*.xml\"/>\n",
                file(&rendered)
            )),
            file(&rendered).replace(
                "<network-lists>\n",
                "<network-lists>\n<X-PRE-PROCESS cmd=\"set\" data=\"a=$${b}\"/>\n<!--#set \"a=b\" -->\n\
                 <X-PRE-PROCESS cmd=\"exec-set\" data=\"a=include\"/>\n",
            ),
            // FreeSWITCH removes these comments, line by line.
            rendered.replace(
                "</list>",
                "<!--#comment\n<X-PRE-PROCESS cmd=\"include\" data=\"a.xml\"/>\n$${a}\n<?x --> ?>\n -- \
                 <include> -->\n<node cidr='0.0.0.0/0' type='allow'/>\n-->\n</list>",
            ),
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
                "<network-lists>\n",
                "<network-lists>\n<X-PRE-PROCESS cmd=\"set\" data=\"a=b\"/>\n",
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
    let absent = "the input has no list 'twilio-sip'";
    let others = "; use --name with one of: lan, domains";
    for (text, others) in [
        (file(""), others),
        (document(&file("")), others),
        (document(""), ""),
        ("<network-lists/>\n".to_owned(), ""),
        (
            rendered.replace("<list name=\"twilio-sip\"", "<list name=\"Twilio-SIP\""),
            "; use --name with one of: Twilio-SIP",
        ),
        // A list within another element does not exist.
        (
            file(&format!("<include a=\"b\">\n{rendered}</include >\n")),
            others,
        ),
        // These lines are a comment of FreeSWITCH, whatever they contain.
        (file(&format!("<!--#\n{}-->\n", list(TOKYO))), others),
        // FreeSWITCH uses the first element of each kind.
        (
            file("").replace(
                "</configuration>",
                &format!(
                    "<network-lists>{}</network-lists></configuration>",
                    list(TOKYO)
                ),
            ),
            others,
        ),
    ] {
        let units = expected.units(&text).unwrap();
        assert_eq!(
            units[0].absent.as_deref(),
            Some(&*format!("{absent}{others}")),
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
        // FreeSWITCH uses the first element of each kind.
        (
            document(&format!("{root}{}", file(&list(TOKYO)))),
            "5: the included text may contain list",
        ),
        (
            document(&file(&list(TOKYO)))
                .replace("<section name=\"c", &format!("{root}<section name=\"c")),
            "3: the included text may contain list",
        ),
        (
            file(&list(TOKYO)).replace("  <network-lists>", &format!("{include}<network-lists>")),
            "2: the included text may contain list",
        ),
        (
            format!("<include>\n{root}{}</include>\n", file(&list(TOKYO))),
            "2: the included text may contain list",
        ),
        (
            list(TOKYO).replace("</list>", "<!--#include \"a.xml\"--></list>"),
            "3: the included text may contain list",
        ),
        (
            format!("{}{include}", list(TOKYO)),
            "4: the included text may contain list",
        ),
        (
            file(&format!("{}$${{more}}\n", list(TOKYO))),
            "9: the value of '$${more}' is not in the input",
        ),
        (
            format!("{}$${{more}}\n", list(TOKYO)),
            "4: found '$${more}', which is not XML",
        ),
        (
            file(&format!("<!-- $${{more}} -->\n{}", list(TOKYO))),
            "6: the value of '$${more}' is not in the input",
        ),
        (
            document(&format!("$${{more}}\n{}", file(&list(TOKYO)))),
            "5: the value of '$${more}' is not in the input",
        ),
        (
            document(&file(&list(TOKYO))).replace("cdr.conf", "$${name}"),
            "4: the value of '$${name}' is not in the input",
        ),
        (
            list(TOKYO).replace("default", "xml:default"),
            "1: FreeSWITCH does not support namespaces; remove the prefix 'xml:'",
        ),
        (
            "<list name==\"a\"/>\n".to_owned(),
            "1: the input is not valid XML: expected a quote not '='; if the input",
        ),
        (
            list(TOKYO).replace("name", "xml:name"),
            "1: FreeSWITCH does not support namespaces; remove the prefix 'xml:'",
        ),
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
            "2: found the element 'context'; expected a list of acl.conf.xml",
        ),
        (
            "<policy/>\n".to_owned(),
            "1: found the element 'policy'; expected a list of acl.conf.xml, this file, or the output of fs_cli",
        ),
        (
            format!("<include description=\"x\">\n{}</include >\n", list(TOKYO)),
            "1: FreeSWITCH ignores lists in this element; write <include> and </include> without blanks and attributes",
        ),
        (list("<!-- a -- b -->"), "2: the input is not valid XML"),
        // FreeSWITCH ignores the whole line.
        (
            format!("<?xml version=\"1.0\"?>{}", list(TOKYO)),
            "3: the input is not valid XML: the tag </list> closes no element",
        ),
        (
            format!("<include>{}", list(TOKYO)),
            "3: the input is not valid XML: the tag </list> closes no element",
        ),
        (
            list(TOKYO).replace("</list>\n", "\n\n"),
            "2: the input is not valid XML: the element 'list' is not closed",
        ),
        (
            list("<!--# a\n"),
            "2: this comment is not closed; if the input was cut off",
        ),
        (
            list("<!--# a\n$${b} -->"),
            "3: the line ends a comment and contains a variable",
        ),
        (
            list("\0<?"),
            "2: the line contains a null character; remove it",
        ),
        (
            list(&" ".repeat(1_000_001)),
            "2: the line is longer than 1000000 bytes, and FreeSWITCH may read its end",
        ),
        (
            "can't find anything\n".to_owned(),
            "1: found 'can't find anything', which is not XML; provide the output of fs_cli -x 'xml_locate \
             configuration configuration name acl.conf' without other text, or acl.conf.xml",
        ),
        (
            "-ERR no reply\n".to_owned(),
            "1: found '-ERR no reply', which is not XML; provide the output",
        ),
        (
            format!("{}\n+OK\n", file(&list(TOKYO))),
            "15: found '+OK', which is not XML; provide the output",
        ),
        (
            format!("{}{}", file(""), file("")),
            "11: found a second 'configuration'; provide the output",
        ),
        (
            format!("{}<network-lists/>\n", list(TOKYO)),
            "4: found 'network-lists' after 'list', which is not a whole file; provide the output",
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

#[test]
fn the_repair_of_a_configuration_says_to_replace_the_list() {
    let expected = Expected::tokyo("freeswitch", &BOTH[..1]);
    let replace = "  load: replace the element <list name=\"twilio-sip\"> in acl.conf.xml, or the file that it includes; \
         then fs_cli -x reloadacl\n";
    let empty = list("");
    let repair = expected.repair(&file(&empty)).unwrap();
    assert!(repair.contains(replace), "{repair}");
    assert!(!repair.contains("X-PRE-PROCESS"), "{repair}");
    assert_eq!(expected.drift(&file(&repair)), [""; 0]);
    for text in [empty, file("")] {
        assert_eq!(expected.repair(&text).unwrap(), expected.text());
    }
}

#[test]
fn rejects_names_for_which_freeswitch_drops_the_list() {
    for name in ["x-pre-process", "My-X-Pre-Process-2"] {
        let named = Expected::tokyo("freeswitch", &BOTH[..1]).named(name);
        let format = dialect("freeswitch");
        let refused = format::render(format, &named.policy, &named.unit).unwrap_err();
        let refused = refused.to_string();
        assert!(
            refused.contains(
                "a name with 'x-pre-process': it removes a line with this word; use another --name"
            ),
            "{refused}"
        );
    }
}
