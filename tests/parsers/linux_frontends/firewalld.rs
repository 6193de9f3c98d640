//! Files of firewalld policies and the output of `firewall-cmd`.

use super::{assert_refused, refused_by_limit, report_lines, rows, tokyo};
use crate::common::judge::{self, BOTH, assert_in_sync};
use twilio_sip_allow::policy::Direction;

/// The inbound policy for Tokyo, as firewalld 1.3.3 wrote it after a change by `firewall-cmd --permanent`.
const WRITTEN: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<policy target="CONTINUE">
  <short>twilio-sip-in</short>
  <description>     twilio-sip-allow: rules for Twilio's SIP calls     regions: tokyo   </description>
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

/// Replacements of a part of [`WRITTEN`] that do not change its meaning.
const POLICY_SAME: &str = r#"
<policy target="CONTINUE"> => <policy target="DROP" version="1" priority="-5">
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
<ingress-zone => <rule family="ipv4" priority="1"><source address="54.65.63.192/26"/><drop/></rule><rule family="ipv4" priority="2"><reject type="icmp-admin-prohibited"/></rule><ingress-zone
<ingress-zone => <rule family="ipv4"><source address="10.0.0.0/8" invert="False"/><drop/></rule><ingress-zone
<ingress-zone => <rule family="ipv4" priority="-5"><source address="54.65.63.200/29"/><reject type="tcp-reset"/></rule><ingress-zone
<ingress-zone => <rule family="ipv4"><source address="54.0.0.0/8" invert="True"/><protocol value="gre"/><drop/></rule><ingress-zone
<ingress-zone => <rule family="ipv6"><source address="2001:db8::/32"/><reject type="icmp6-adm-prohibited"/></rule><ingress-zone
<ingress-zone => <rule family="ipv6" priority="3"><reject type="icmp6-port-unreachable"/></rule><ingress-zone
<ingress-zone => <rule family="ipv6"><source address="2001:db8::/32"/><drop/></rule><rule><icmp-block name="echo-request"/></rule><icmp-block name="redirect"/><ingress-zone
<ingress-zone => <rule><service name="ssh"/><log/></rule><rule priority="3"><log/></rule><ingress-zone
<ingress-zone => <rule priority="-3" family="ipv4"><source address="54.65.63.192/26"/><source-port port="7" protocol="sctp"/><drop><limit value="2/d"/></drop></rule><ingress-zone
<ingress-zone => <rule priority="5" family="ipv4"><source address="54.65.63.192/30"/><port port="5060-5061" protocol="tcp"/><accept><limit value="2/d"/></accept></rule><ingress-zone
"#;

#[test]
fn equivalent_policies_are_in_sync() {
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

/// Replacements of a part of [`WRITTEN`] and the resulting drift.
const POLICY_DRIFT: &str = r#"
<ingress-zone => <rule family="ipv4" priority="-5"><source address="10.0.0.1"/><reject type="tcp-reset"/></rule><rule family="ipv4" priority="5"><source address="10.0.0.1"/><accept/></rule><ingress-zone => extra   in  any protocol but tcp from 10.0.0.1 to any
port="5061" => port="5062" => missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional) | extra   in  tcp from 54.65.63.192/30 to any port 5062
54.65.63.192/26 => 54.65.63.192/255.255.255.224 => missing in  udp from 54.65.63.224/27 to any port 10000-20000 (media of tokyo, edition regional)
<port port="10000-20000" => <source-port port="10000-20000" => missing in  udp from 54.65.63.192/26 port 0-9999 to any port 10000-20000 (media of tokyo, edition regional) | missing in  udp from 54.65.63.192/26 port 20001-65535 to any port 10000-20000 (media of tokyo, edition regional) | extra   in  udp from 54.65.63.192/30 port 10000-20000 to any port 0-5059 | extra   in  udp from 54.65.63.192/30 port 10000-20000 to any port 5061-9999 | extra   in  udp from 54.65.63.192/26 port 10000-20000 to any port 20001-65535 | extra   in  udp from 54.65.63.196-54.65.63.255 port 10000-20000 to any port 0-9999
<ingress-zone => <port port="22" protocol="tcp"/><ingress-zone => extra   in  tcp from any to any port 22 | extra   in  packets of IPv6
<ingress-zone => <source-port port="22" protocol="dccp"/><ingress-zone => extra   in  protocol 33 from any port 22 to any | extra   in  packets of IPv6
<ingress-zone => <protocol value="gre"/><ingress-zone => extra   in  protocol 47 from any to any | extra   in  packets of IPv6
<ingress-zone => <rule family="ipv4"><destination address="192.0.2.1"/><protocol value="gre"/><accept/></rule><ingress-zone => extra   in  protocol 47 from any to 192.0.2.1
<ingress-zone => <rule family="ipv6"><source address="2001:db8::1"/><accept/></rule><ingress-zone => extra   in  packets of IPv6
<ingress-zone => <rule priority="3"><port port="22" protocol="tcp"/><accept/></rule><ingress-zone => extra   in  tcp from any to any port 22 | extra   in  packets of IPv6
<ingress-zone => <rule family="ipv4"><icmp-type name="echo-request"/><accept/></rule><ingress-zone => extra   in  icmp from any to any, allowed only under some conditions
<ingress-zone => <rule family="ipv4"><source mac="00:11:22:33:44:55"/><protocol value="50"/><accept/></rule><ingress-zone => extra   in  protocol 50 from any to any, allowed only under some conditions
<ingress-zone => <rule family="ipv4"><source address="54.65.63.193"/><port port="5061" protocol="tcp"/><reject/></rule><ingress-zone => missing in  tcp from 54.65.63.193 to any port 5061 (signaling tls of tokyo, edition regional)
<ingress-zone => <rule priority="-1"><port port="5061" protocol="tcp"/><drop/></rule><ingress-zone => missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional)
<ingress-zone => <rule priority="-1"><port port="5061" protocol="tcp"/><drop><limit value="3/h"/></drop></rule><ingress-zone => missing in  tcp from 54.65.63.192/30 to any port 5061, allowed only under some conditions (signaling tls of tokyo, edition regional)
<ingress-zone => <rule family="ipv4"><source address="54.65.63.192/28" invert="TRUE"/><port port="10000" protocol="udp"/><drop/></rule><ingress-zone => missing in  udp from 54.65.63.208-54.65.63.255 to any port 10000 (media of tokyo, edition regional)
54.65.63.192/26"/> => 54.65.63.192/26"/><destination address="192.0.2.0/25" invert="yes"/> => missing in  udp from 54.65.63.192/26 to 192.0.2.0/25 port 10000-20000 (media of tokyo, edition regional)
"10000-20000" protocol="udp"/>↵    <accept/> => "10000-20000" protocol="udp"/><accept><limit value="9/s"/></accept> => missing in  udp from 54.65.63.192/26 to any port 10000-20000, allowed only under some conditions (media of tokyo, edition regional)
"10000-20000" protocol="udp"/>↵    <accept/> => "10000-20000" protocol="udp"/><log/> => missing in  udp from 54.65.63.192/26 to any port 10000-20000 (media of tokyo, edition regional)
"#;

#[test]
fn reports_the_exact_drift() {
    let policy = tokyo(&[Direction::In]);
    for [from, to, parts] in rows(POLICY_DRIFT) {
        let found = report_lines("firewalld", &policy, &written(&from, &to)).unwrap();
        assert_eq!(found.join(" | "), parts, "{from} => {to}");
    }
    // All accepted packets depend on the zone.
    let sometimes = report_lines("firewalld", &policy, &written("\"ANY\"", "\"work\"")).unwrap();
    assert_eq!(sometimes.len(), 4);
    assert!(
        sometimes
            .iter()
            .all(|part| part.contains(", allowed only under some conditions"))
    );
    let all = report_lines("firewalld", &policy, &written("CONTINUE", "ACCEPT")).unwrap();
    assert!(
        all.iter().all(|part| part.starts_with("extra   in ")),
        "{all:?}"
    );
    assert_eq!(all.last().unwrap(), "extra   in  packets of IPv6");
    // In the other direction, the source is the local side.
    let out = WRITTEN.replace("<source ", "<destination ");
    let out = out
        .replace("ANY", "x")
        .replace("HOST", "ANY")
        .replace("\"x\"", "\"HOST\"");
    assert_in_sync("out", "firewalld", &tokyo(&[Direction::Out]), &out);
}

/// Replacements of a part of [`WRITTEN`] and the resulting error.
const POLICY_REFUSED: &str = r#"
<ingress-zone => <service name="ssh"/><ingress-zone => 25: the input does not contain the ports of the service 'ssh'; use ports in the rule
<ingress-zone => <rule><service name="ssh"/><accept/></rule><ingress-zone => 25: the input does not contain the ports of the service 'ssh'; use ports in the rule
<ingress-zone => <masquerade/><ingress-zone => 25: 'masquerade' changes packets, which is not supported
<ingress-zone => <forward-port port="5060" protocol="udp" to-port="5070"/><ingress-zone => 25: 'forward-port' changes packets
<ingress-zone => <rule><tcp-mss-clamp/></rule><ingress-zone => 25: 'tcp-mss-clamp' changes packets
<ingress-zone => <rule><protocol value="ah"/><mark set="5"/></rule><ingress-zone => 25: 'mark' is not supported: it only affects rules outside of the input
<ingress-zone => <rule><icmp-block name="x"/><drop/></rule><ingress-zone => 25: firewalld ignores a rule that has both icmp-block and an action
<ingress-zone => <rule><accept/></rule><ingress-zone => 25: firewalld ignores a rule that has no element, no address and no priority
<ingress-zone => <rule><source address="1.2.3.4"/><accept/></rule><ingress-zone => 25: firewalld ignores a rule that has an address but no family
<ingress-zone => <rule family="ipv4"><source address="1.2.3.4" mac="00:11:22:33:44:55"/><accept/></rule><ingress-zone => 25: expected one address in 'source'
<ingress-zone => <rule family="ipv4"><destination mac="00:11:22:33:44:55"/><accept/></rule><ingress-zone => 25: expected one address in 'destination'
<ingress-zone => <rule family="ipv4"><destination/><accept/></rule><ingress-zone => 25: expected one address in 'destination'
<ingress-zone => <rule><source ipset="good"/><accept/></rule><ingress-zone => 25: the input does not contain the addresses of the ipset 'good'; use addresses in the rule
<ingress-zone => <rule><port port="5060" protocol="udp"/></rule><ingress-zone => 25: expected accept, reject, drop, log or audit in the rule
<ingress-zone => <rule><port port="5" protocol="udp"/><port port="6" protocol="udp"/><accept/></rule><ingress-zone => 25: firewalld ignores a rule that has more than one element
<ingress-zone => <rule><port port="5" protocol="udp"/><drop/><accept/></rule><ingress-zone => 25: firewalld ignores a rule that has more than one action
<ingress-zone => <rule priority="5"><port port="5" protocol="udp"/><accept/></rule><rule priority="5"><drop/></rule><ingress-zone => 25: rules of priority 5 both accept and deny, and their order in firewalld is undefined; use different priorities
<ingress-zone => <rule priority="-5"><drop/></rule><rule priority="-5"><accept/></rule><ingress-zone => 25: rules of priority -5 both accept and deny
<rule family="ipv4"> => <rule family="ip"> => 5: expected the family ipv4 or ipv6, not 'ip'
<rule family="ipv4"> => <rule family="ipv6"> => 5: '54.65.63.192/30' is not an IPv6 address
<rule family="ipv4"> => <rule family="ipv4" priority="99999"> => 5: '99999' is not a priority from -32768 to 32767
<rule family="ipv4"> => <rule familiy="ipv4"> => 5: in firewalld, 'rule' has no attribute 'familiy'
<rule family="ipv4"> => <rule xmlns:a="b" a:family="ipv4"> => 5: firewalld does not support namespaces; expected the file of a firewalld policy
<rule family="ipv4"> => <rule xmlns="b" family="ipv4"> => 5: firewalld does not support namespaces
<rule family="ipv4"> => <rule family="ipv4" xml:lang="de"> => 5: firewalld does not support namespaces, such as that of 'rule'
<rule family="ipv4"> => <!-- = " > --><?a b="?><rule family='ipv4' priority="'" xmlns="b"> => 5: firewalld does not support namespaces
<rule family="ipv4"> => text<rule family="ipv4"> => 4: expected an element, not text
<rule family="ipv4"> => <rule family="ipv4">text => 5: expected an element, not text
<rule family="ipv4"> => <rule family="ipv4"><?php?> => 5: expected an element, not text
<rule family="ipv4"> => <frob/><rule family="ipv4"> => 5: 'frob' is not an element of a firewalld policy
<rule family="ipv4"> => <rule family="ipv4"><frob/> => 5: 'frob' is not a part of a firewalld rule
<rule family="ipv4"> => <rule family="ipv4"><rule/> => 5: 'rule' is not a part of a firewalld rule
</short> => <port port="22" protocol="tcp"/></short> => 3: 'port' is not allowed inside 'short'
<port port="5060" => <port><drop/></port><port port="5060" => 5: 'drop' is not allowed inside 'port'
<accept/> => <accept><drop/></accept> => 5: expected at most one 'limit' inside 'accept', and nothing else
<accept/> => <accept><limit value="1/s"/><limit value="1/s"/></accept> => 5: expected at most one 'limit' inside 'accept', and nothing else
<accept/> => <accept><limit/></accept> => 5: 'limit' lacks the attribute 'value'
<accept/> => <accept type="x"/> => 5: in firewalld, 'accept' has no attribute 'type'
port="5060" protocol="udp" => protocol="udp" => 5: 'port' lacks the attribute 'port'
port="5060" protocol="udp" => port="5060" => 5: 'port' lacks the attribute 'protocol'
port="5060" protocol="udp" => port="5060" protocol="icmp" => 5: expected protocol tcp, udp, sctp or dccp, not 'icmp'
port="5060" => port="5060,5061" => 5: unknown port '5060,5061'
port="5060" => port="65536" => 5: unknown port '65536'
port="5060" => port="turn" => 5: not every Linux system knows the name 'turn'; use the number
<ingress-zone => <rule><protocol value="0"/><drop/></rule><ingress-zone => 25: protocol 0 means only itself with the nftables back end, but any protocol with iptables; remove the rule or the element
<ingress-zone => <rule priority="-5"><protocol value="carp"/><drop/></rule><ingress-zone => 25: not every Linux system knows the name 'carp'; use the number
<accept/> => <log level="warn"/><accept/> => 5: 'warn' is not a valid level for 'log', and firewalld ignores such a rule
<accept/> => <log prefix=""/><accept/> => 5: '' is not a valid prefix for 'log', and firewalld ignores such a rule
<accept/> => <log prefix="a'b"/><accept/> => 5: 'a'b' is not a valid prefix for 'log', and firewalld ignores such a rule
<accept/> => <log foo="x"/><accept/> => 5: in firewalld, 'log' has no attribute 'foo'
<accept/> => <nflog group="99999999"/><accept/> => 5: '99999999' is not a valid group for 'nflog', and firewalld ignores such a rule
<accept/> => <nflog queue-size="-1"/><accept/> => 5: '-1' is not a valid queue-size for 'nflog', and firewalld ignores such a rule
<accept/> => <audit><limit value="1/d"/></audit><accept/> => 5: '1/d' is not a rate that firewalld accepts, such as 10/m
<accept/> => <log><limit value="5/w"/></log><accept/> => 5: '5/w' is not a rate that firewalld accepts, such as 10/m
<accept/> => <log><limit value="0/s"/></log><accept/> => 5: '0/s' is not a rate that firewalld accepts, such as 10/m
<ingress-zone => <rule><port port="22" protocol="tcp"/><reject type="tcp-reset"/></rule><ingress-zone => 25: firewalld ignores a rule that has a reject type but no family
<accept/> => <reject type="bogus"/> => 5: 'bogus' is not a known reject type for IPv4, and firewalld ignores a rule with an unknown type
port="5060" => port="5061-5060" => 5: the port range from '5061' to '5060' is reversed
54.65.63.192/30 => 54.65.63.192/255.0.255.0 => 5: the netmask of '54.65.63.192/255.0.255.0' has gaps, which is not supported
54.65.63.192/30 => 54.65.63.192/33 => 5: '54.65.63.192/33' has no prefix length from 0 to 32
54.65.63.192/30 => 54.65.63 => 5: '54.65.63' is not an IPv4 address
address="54.65.63.192/30" => address="54.65.63.192/30" invert="not" => 5: expected invert to be true or false, not 'not'
<policy target="CONTINUE"> => <policy target="continue"> => 2: expected target CONTINUE, ACCEPT, REJECT or DROP, not 'continue'
<policy target="CONTINUE"> => <policy target="CONTINUE" priority="high"> => 2: 'high' is not a priority from -32768 to 32767
<policy target="CONTINUE"> => <policy target="CONTINUE" priority="0"> => 2: firewalld does not allow priority 0 for a policy; use another priority
<policy target="CONTINUE"> => <policy name="x"> => 2: in firewalld, 'policy' has no attribute 'name'
<policy target="CONTINUE"> => <policy> => 2: 'policy' lacks the attribute 'target'
<egress-zone name="HOST"/> =>  => 2: the policy has no ingress zone or no egress zone, so firewalld does not apply it
<egress-zone name="HOST"/> => <egress-zone name="ANY"/> => 2: the policy applies only to forwarded packets
<egress-zone name="HOST"/> => <egress-zone name="HOST"/><egress-zone name="ANY"/> => 2: the policy applies only to forwarded packets
<ingress-zone name="ANY"/> => <ingress-zone name="ANY"/><ingress-zone name="work"/> => 2: firewalld accepts ANY or HOST only as the only zone of its end, and HOST only at one end
<ingress-zone name="ANY"/> => <ingress-zone name="HOST"/> => 2: firewalld accepts ANY or HOST only as the only zone of its end, and HOST only at one end
<policy target => <!DOCTYPE policy [<!ENTITY a "b">]><policy target => 1: the document type definition is not allowed in a firewalld policy; remove it
<accept/> => <accept>&a;</accept> => 8: the input is not valid XML
<accept/> => <accept => 9: the input is not valid XML
</policy> => </policy><policy/> => 27: the input is not valid XML
"#;

#[test]
fn rejects_unsupported_elements_with_their_line() {
    let policy = tokyo(&[Direction::In]);
    for [from, to, problem] in rows(POLICY_REFUSED) {
        assert_refused(&to, "firewalld", &policy, &written(&from, &to), &problem);
    }
    let many = "<frob/>\n".repeat(100);
    let many = written("<ingress-zone", &format!("{many}<ingress-zone"));
    assert_eq!(
        report_lines("firewalld", &policy, &many).unwrap_err().len(),
        20
    );
    let many = "<service name='x'/>\n".repeat(100);
    let many = written("<ingress-zone", &format!("{many}<ingress-zone"));
    assert_eq!(
        report_lines("firewalld", &policy, &many).unwrap_err().len(),
        20
    );
    let out = "2: this policy has direction 'in', which is not selected; provide the policy of the other direction";
    assert_refused("out", "firewalld", &tokyo(&[Direction::Out]), WRITTEN, out);
}

#[test]
fn rejects_other_and_truncated_input() {
    let policy = tokyo(&[Direction::In]);
    for text in [
        "<zone target=\"DROP\">\n  <service name=\"ssh\"/>\n</zone>\n",
        "public (active)\n  target: default\n",
        "table inet firewalld {\n}\n",
        "Error: INVALID_POLICY: twilio-sip-in\n",
    ] {
        let expected = "1: expected the file of a firewalld policy";
        assert_refused(text, "firewalld", &policy, text, expected);
    }
    // Only the last newline may be missing.
    for end in 0..WRITTEN.len() - 1 {
        assert!(
            report_lines("firewalld", &policy, &WRITTEN[..end]).is_err(),
            "{end}"
        );
    }
}

/// firewalld 1.3.3 rejects a file with this element. Later versions do not apply the policy.
#[test]
fn a_disabled_policy_accepts_nothing() {
    let policy = tokyo(&[Direction::In]);
    for disable in [
        "<disable/>",
        "<disable></disable>",
        "<disable> <!-- off --> </disable>",
    ] {
        for place in ["<short>", "<rule family", "<ingress-zone", "</policy>"] {
            let text = written(place, &format!("{disable}{place}"));
            assert_eq!(
                report_lines("firewalld", &policy, &text).unwrap().len(),
                4,
                "{text}"
            );
            let units = judge::units("firewalld", &text, "twilio-sip", &BOTH).unwrap();
            let absent = "the policy is disabled, so firewalld does not apply it";
            assert_eq!(units[0].absent.as_deref(), Some(absent));
        }
    }
    // Here the element is not in the policy or is not valid.
    assert_in_sync(
        "comment",
        "firewalld",
        &policy,
        &written("<short>", "<!-- <disable/> --><short>"),
    );
    for (from, to, problem) in [
        (
            "<accept/>",
            "<disable/><accept/>",
            "5: 'disable' is not a part of a firewalld rule",
        ),
        (
            "<short>",
            "<disable x='y'/><short>",
            "3: in firewalld, 'disable' has no attribute 'x'",
        ),
        (
            "<short>",
            "<disable><rule/></disable><short>",
            "3: 'rule' is not allowed inside 'disable'",
        ),
        (
            "</short>",
            "<disable/></short>",
            "3: 'disable' is not allowed inside 'short'",
        ),
        (
            "<short>",
            "<Disable/><short>",
            "3: 'Disable' is not an element of a firewalld policy",
        ),
    ] {
        assert_refused(to, "firewalld", &policy, &written(from, to), problem);
    }
}

/// Without a limit on attributes and namespaces, the XML parser would need quadratic time, which is
/// minutes for these inputs.
#[test]
fn rejects_too_many_attributes() {
    let policy = tokyo(&[Direction::In]);
    let attributes = |from: usize, count: usize| {
        let names = (from..from + count).map(|n| format!(" a{n}=\"\""));
        names.collect::<String>()
    };
    let rule = |more: &str| written("<rule family", &format!("<rule{more} family"));
    let fits = rule(&attributes(0, 63));
    let unknown = "5: in firewalld, 'rule' has no attribute 'a0'";
    assert_refused("64", "firewalld", &policy, &fits, unknown);
    let many = "an element has more than 64 attributes, which no element of firewalld has";
    let at_5 = &format!("5: {many}");
    for count in [64, 50_000] {
        assert_refused(
            "many",
            "firewalld",
            &policy,
            &rule(&attributes(0, count)),
            at_5,
        );
    }
    let single = attributes(0, 50_000).replace('"', "'").replace(' ', "\n");
    assert_refused("lines", "firewalld", &policy, &rule(&single), at_5);
    let spaced = attributes(0, 50_000).replace('=', " = ");
    assert_refused("spaces", "firewalld", &policy, &rule(&spaced), at_5);
    let namespaces = "<a xmlns:b='c'>".repeat(50_000);
    let text = written("<rule", &format!("{namespaces}<rule"));
    let problem = "5: firewalld does not support namespaces";
    assert_refused("namespaces", "firewalld", &policy, &text, problem);
    // `<!-->` starts a comment and does not end it. A quote inside the comment hides nothing after it.
    let hidden = format!("<!--> <a \" --><rule{} family", attributes(0, 50_000));
    let text = written("<rule family", &hidden);
    assert_refused("a comment", "firewalld", &policy, &text, at_5);
    let hidden = format!("<!--> <a \" -->{namespaces}<rule");
    let text = written("<rule", &hidden);
    assert_refused("a comment", "firewalld", &policy, &text, problem);
    // After unclosed markup, nothing can be checked.
    let no_end = "5: the input is not valid XML: this tag or comment is not closed; if the input was cut off, provide the complete input";
    for start in ["<!--", "<![CDATA[", "<?", "<?>", "<a '", "<a \"", "<a"] {
        let rest = attributes(0, 50_000).replace(['"', '>'], "");
        let text = written("<rule family", &format!("{start} {rest}"));
        let (before, _) = text.split_once(&rest).unwrap();
        let cut = format!("{before}{rest}");
        assert_refused(start, "firewalld", &policy, &cut, no_end);
    }
    // Comments and texts have no attributes.
    let comment = format!("<!-- {} -->", attributes(0, 1_000));
    assert_in_sync(
        "comment",
        "firewalld",
        &policy,
        &written("<short>", &format!("{comment}<short>")),
    );
    let short = format!("<short>{}", attributes(0, 1_000));
    assert_in_sync("text", "firewalld", &policy, &written("<short>", &short));
    // Many elements with one attribute each are fine.
    let zones = "<ingress-zone name=\"ANY\"/>".repeat(50_000);
    let text = written("<ingress-zone", &format!("{zones}<ingress-zone"));
    assert_in_sync("zones", "firewalld", &policy, &text);
    // Lines of a listing have the same limit.
    let words = attributes(0, 50_000);
    for words in [words, " NOT".repeat(50_000)] {
        let text = listed("udp\" accept", &format!("udp\"{words} accept"));
        assert_refused("words", "firewalld", &policy, &text, &format!("29: {many}"));
    }
    let text = listed(
        "udp\" accept",
        &format!("udp\"{} accept", " log".repeat(50_000)),
    );
    let problem = "29: firewalld ignores a rule that has more than one log";
    assert_refused("parts", "firewalld", &policy, &text, problem);
}

/// Output of firewall-offline-cmd 1.3.3 for a prefix with line breaks, and other texts in a policy that look
/// like our policy.
#[test]
fn a_text_in_another_policy_is_not_a_policy() {
    let policy = tokyo(&[Direction::In]);
    let (_, own) = LISTED.split_once("\n\n").unwrap();
    let rule = "\trule family=\"ipv4\" source address=\"10.0.0.0/8\" log prefix=\"a\n";
    let in_mine = |text: &str| {
        let (mine, _) = LISTED.split_once("\n\n").unwrap();
        format!("{mine}\n{text}")
    };
    for (text, problem) in [
        (
            format!("{rule}{own}\" accept\n"),
            "15: a quoted value is not closed on this line",
        ),
        (
            format!("\trule log prefix=\"a\n\n{own}\t\" accept\n"),
            "15: a quoted value",
        ),
        (
            format!("{rule}\n{own}"),
            "15: a quoted value is not closed on this line",
        ),
        (
            format!("  frob: a\n{own}"),
            "15: expected a rich rule or the end of the policy",
        ),
        (format!("\ttext\n{own}"), "15: expected 'rule' at the start"),
    ] {
        assert_refused(&text, "firewalld", &policy, &in_mine(&text), problem);
    }
    // The output with `--verbose`.
    let verbose = LISTED.replacen(
        "mine\n",
        &format!("mine\n  summary: \n  description: {own}"),
        1,
    );
    let problem = "2: expected the line 'priority:'";
    assert_refused("verbose", "firewalld", &policy, &verbose, problem);
    // Rules that are not supported do not matter in another policy.
    let other = in_mine(&format!(
        "\trule service name=\"ssh\" log prefix=\"ssh: \" limit value=\"3/m\" burst=5 accept limit value=\"1/m\" burst=5\n\trule protocol value=\"icmp\" mark set=0x1/0x3 limit value=\"1/m\"\n\n{own}"
    ));
    assert_in_sync("other", "firewalld", &policy, &other);
}

#[test]
fn limits_rules_and_boxes() {
    let inverted = "<rule family=\"ipv4\"><source address=\"10.0.0.1\" invert=\"yes\"/>\
                    <destination address=\"10.0.0.1\" invert=\"yes\"/><drop/></rule>";
    let zones = "<ingress-zone name=\"ANY\"/><egress-zone name=\"HOST\"/></policy>\n";
    let two = format!("<policy target=\"CONTINUE\">{inverted}{inverted}{zones}");
    assert_eq!(refused_by_limit("firewalld", &two, "rules=8"), None);
    let refused = refused_by_limit("firewalld", &two, "rules=7").unwrap();
    assert!(
        refused.starts_with("it expands to more than 7 rules"),
        "{refused}"
    );
    assert_eq!(refused_by_limit("firewalld", &two, "boxes=4"), None);
    let refused = refused_by_limit("firewalld", &two, "boxes=3").unwrap();
    assert!(
        refused.starts_with("it expands to more than 3 combinations"),
        "{refused}"
    );
    // The limit applies before the tree is built.
    for mark in ["<", "<policy ="] {
        let marks = mark.repeat(20);
        let refused = refused_by_limit("firewalld", &marks, "rules=9").unwrap();
        assert!(
            refused.starts_with("it expands to more than 9 rules"),
            "{refused}"
        );
        let refused = refused_by_limit("firewalld", &marks, "rules=10").unwrap();
        assert!(
            refused.starts_with("the input is not valid XML"),
            "{refused}"
        );
    }
    let deep = format!(
        "<policy target='CONTINUE'>{}{}</policy>\n",
        "<a>".repeat(50_000),
        "</a>".repeat(50_000)
    );
    let refused = refused_by_limit("firewalld", &deep, "depth=9").unwrap();
    assert_eq!(refused, "'a' is not an element of a firewalld policy");
}

/// The output of firewalld 1.3.3 for all policies: the inbound one for Tokyo and one of a user.
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

/// [`LISTED`] with a change in our policy.
fn listed(from: &str, to: &str) -> String {
    let (before, own) = LISTED.split_once("\ntwilio").unwrap();
    let own = format!("\ntwilio{own}");
    assert!(own.contains(from), "{from}");
    format!("{before}{}", own.replacen(from, to, 1))
}

/// Replacements of a part of [`LISTED`] that do not change its meaning, as firewalld prints rules.
const LISTED_SAME: &str = r#"
 (active) =>
target: CONTINUE => target: REJECT
5060" protocol="udp" accept => 5060" protocol="udp" log prefix="a b" level="info" limit value="1/m" audit accept
rules: ↵ => rules: ↵	rule priority="-3" family="ipv4" source NOT address="54.0.0.0/8" protocol value="gre" reject type="icmp-admin-prohibited" limit value="2/d"↵
rules: ↵ => rules: ↵	rule family="ipv6" source address="2001:db8::/32" reject type="icmp6-adm-prohibited"↵	rule family="ipv6" source address="2001:db8::/32" drop↵	rule priority="7" family="ipv4" drop↵	rule icmp-block name="echo-request"↵
icmp-blocks:  => icmp-blocks: echo-request redirect
rules: ↵ => rules: ↵	rule port port="5060" protocol="tcp" nflog group="3" prefix="x" queue-size="5" limit value="1/m"↵	rule priority="3" log↵
"#;

/// Replacements of a part of [`LISTED`] and the resulting drift.
const LISTED_DRIFT: &str = r#"
ports:  => ports: 22/tcp => extra   in  tcp from any to any port 22 | extra   in  packets of IPv6
source-ports:  => source-ports: 1-2/sctp => extra   in  sctp from any port 1-2 to any | extra   in  packets of IPv6
protocols:  => protocols: ah gre => extra   in  protocol 47, protocol 51 from any to any | extra   in  packets of IPv6 | extra   in  packets of IPv6
5061" protocol="tcp" accept => 5061" protocol="tcp" log => missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional)
5061" protocol="tcp" accept => 5061" protocol="tcp" accept limit value="3/h" => missing in  tcp from 54.65.63.192/30 to any port 5061, allowed only under some conditions (signaling tls of tokyo, edition regional)
rules: ↵ => rules: ↵	rule family="ipv4" source address="54.65.63.192/30" port port="5061" protocol="tcp" drop↵ => missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional)
rules: ↵ => rules: ↵	rule family="ipv4" destination NOT address="192.0.2.0/24" port port="5061" protocol="tcp" drop↵ => missing in  tcp from 54.65.63.192/30 to 0.0.0.0-192.0.1.255 port 5061 (signaling tls of tokyo, edition regional) | missing in  tcp from 54.65.63.192/30 to 192.0.3.0-255.255.255.255 port 5061 (signaling tls of tokyo, edition regional)
"#;

/// Replacements of a part of [`LISTED`] and the resulting error.
const LISTED_REFUSED: &str = r#"
services:  => services: ssh => 21: the input does not contain the ports of the service 'ssh'; use ports in the rule
masquerade: no => masquerade: yes => 24: 'masquerade' changes packets
masquerade: no => masquerade: maybe => 24: expected 'yes' or 'no'
forward-ports:  => forward-ports: ↵	port=7:proto=tcp:toport=8:toaddr= => 26: 'forward-port' changes packets
ports:  => ports: 22 => 22: 'port' lacks the attribute 'protocol'
ports:  => ports: 22/icmp => 22: expected protocol tcp, udp, sctp or dccp, not 'icmp'
priority: -1 => priority: first => 17: 'first' is not a priority from -32768 to 32767
target: CONTINUE => target: default => 18: expected target CONTINUE, ACCEPT, REJECT or DROP, not 'default'
ingress-zones: ANY => ingress-zones:  => 18: the policy has no ingress zone or no egress zone
  target: CONTINUE↵ =>  => 18: expected the line 'target:', as 'firewall-cmd' prints it; provide the complete listing
  services: ↵ =>  => 21: expected the line 'services:', as 'firewall-cmd' prints it
rules: ↵ => rules: ↵  more: ↵ => 29: expected a rich rule or the end of the policy
	rule family => 	family => 29: expected 'rule' at the start
	rule family="ipv4" => 	family="ipv4" => 29: expected 'rule' at the start
rule family="ipv4" => rule family=ipv4 => 29: expected a quoted value after 'family='
rule family="ipv4" => rule family="ipv4 => 29: expected a space after a value
rule family="ipv4" => rule family="ipv4"x => 29: expected a space after a value
rule family="ipv4" => rule family="ipv4" family="ipv6" => 29: 'rule' has the attribute 'family' twice
rule family="ipv4" => rule NOT family="ipv4" => 29: in firewalld, 'rule' has no attribute 'invert'
rule family="ipv4" => rule limit value="1/s" family="ipv4" => 29: in firewalld, 'limit' has no attribute 'family'
protocol="udp" accept => protocol="udp" limit value="1/s" accept => 29: in firewalld, 'port' has no limit
protocol="udp" accept => protocol="udp" allow => 29: 'allow' is not a part of a firewalld rule
"#;

#[test]
fn reads_a_listing_like_a_file() {
    let policy = tokyo(&[Direction::In]);
    assert_in_sync("LISTED", "firewalld", &policy, LISTED);
    for [from, to] in rows(&LISTED_SAME.replace(" =>\n", " => \n")) {
        assert_in_sync(&to, "firewalld", &policy, &listed(&from, &to));
    }
    for [from, to, parts] in rows(LISTED_DRIFT) {
        let found = report_lines("firewalld", &policy, &listed(&from, &to)).unwrap();
        assert_eq!(found.join(" | "), parts, "{from} => {to}");
    }
    for [from, to, problem] in rows(LISTED_REFUSED) {
        assert_refused(&to, "firewalld", &policy, &listed(&from, &to), &problem);
    }
    let text = format!("{LISTED}{}", LISTED.split_once("\n\n").unwrap().1);
    let twice = "33: the policy appears twice; provide one listing at a time";
    assert_refused("twice", "firewalld", &policy, &text, twice);
    let start = "1: expected the name of a policy before this line";
    assert_refused(
        "start",
        "firewalld",
        &policy,
        LISTED.split_once('\n').unwrap().1,
        start,
    );
    for end in 0..LISTED.len() {
        let found = report_lines("firewalld", &policy, &LISTED[..end]);
        assert!(
            found.is_err() || found.is_ok_and(|parts| !parts.is_empty()),
            "{end}"
        );
    }
    let refused = refused_by_limit("firewalld", LISTED, "rules=9").unwrap();
    assert!(
        refused.starts_with("it expands to more than 9 rules"),
        "{refused}"
    );
}

/// `print_zone_policy_info` of firewalld 2.4 and 2.5 prints `disable` before the priority, and, in a listing of
/// the runtime state, `disabled` after the name.
#[test]
fn a_disabled_policy_in_a_listing_accepts_nothing() {
    let policy = tokyo(&[Direction::In]);
    let own = |state: &str, disable: &str| {
        let text = LISTED.replace("  priority", &format!("  disable: {disable}\n  priority"));
        text.replace("in (active)", &format!("in{state}"))
    };
    for state in ["", " (active)"] {
        assert_in_sync(state, "firewalld", &policy, &own(state, "no"));
    }
    for state in ["", " (disabled)", " (active, disabled)"] {
        let text = own(state, "yes");
        let found = report_lines("firewalld", &policy, &text).unwrap();
        assert_eq!(found.len(), 4, "{state}: {found:?}");
        let units = judge::units("firewalld", &text, "twilio-sip", &[Direction::In]).unwrap();
        let absent = "the policy is disabled, so firewalld does not apply it";
        assert_eq!(units[0].absent.as_deref(), Some(absent), "{state}");
    }
    for (text, problem) in [
        (own("", "maybe"), "expected 'yes' or 'no'"),
        (own("", ""), "expected 'yes' or 'no'"),
        (
            own(" (disabled)", "no"),
            "the first line shows the policy as disabled, but there is no line 'disable: yes'",
        ),
        (
            LISTED.replace("in (active)", "in (disabled)"),
            "the first line shows the policy as disabled, but there is no line 'disable: yes'",
        ),
        (
            listed("  target", "  disable: yes\n  target"),
            "expected the line 'target:'",
        ),
        (
            own("", "no\n  disable: yes"),
            "expected the line 'priority:'",
        ),
    ] {
        let errors = report_lines("firewalld", &policy, &text).unwrap_err();
        assert!(errors[0].contains(problem), "{text}: {errors:?}");
    }
}

/// The policy of [`LISTED`] for the zone `work`, and another policy, as firewalld 2.0.2, 2.1.0 and 2.5.0 list them while
/// no interface uses `work`. The kernel then has no rules for `twilio-sip-in`.
const INACTIVE: &str = "\
any-in (active)
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

twilio-sip-in
  priority: -1
  target: CONTINUE
  ingress-zones: work
  egress-zones: HOST
  services: 
  ports: 
  protocols: 
  masquerade: no
  forward-ports: 
  source-ports: 
  icmp-blocks: 
  rich rules: 
\trule family=\"ipv4\" source address=\"54.65.63.192/30\" port port=\"5060\" protocol=\"udp\" accept
";

#[test]
fn a_policy_that_is_not_active_is_not_hooked() {
    let policy = tokyo(&[Direction::In]);
    let unhooked = |text: &str| {
        let drift = judge::drift("firewalld", &policy, text).unwrap();
        let reasons = drift.unhooked.into_iter();
        let reasons =
            reasons.map(|(direction, unhooked)| (direction, unhooked.reason, unhooked.at));
        reasons.collect::<Vec<_>>()
    };
    let reason =
        "the policy twilio-sip-in is not active, because no interface or source uses its zones";
    let expected = [(Direction::In, reason.to_owned(), None)];
    assert_eq!(unhooked(INACTIVE), expected);
    let (other, own) = INACTIVE.split_once("\n\n").unwrap();
    assert_eq!(unhooked(&format!("{own}\n{other}\n")), expected);
    let disable = |state| format!("  disable: {state}\n  priority");
    let newer = INACTIVE.replace("  priority", &disable("no"));
    assert_eq!(unhooked(&newer), expected);
    for is_shown_as_hooked in [
        // An interface uses the zone, or firewalld is older than 2.0.1.
        INACTIVE.replace("sip-in\n", "sip-in (active)\n"),
        // The permanent configuration, which shows no state.
        INACTIVE.replace(" (active)", ""),
        // `--info-policy` shows the same for an inactive policy as for the permanent one.
        own.to_owned(),
        LISTED.to_owned(),
        WRITTEN.replace("ANY", "work"),
        // A disabled policy is reported as missing.
        newer.replace("sip-in\n  disable: no", "sip-in (disabled)\n  disable: yes"),
    ] {
        assert_eq!(unhooked(&is_shown_as_hooked), [], "{is_shown_as_hooked}");
    }
}

#[test]
fn limits_the_elements_on_a_line() {
    let policy = tokyo(&[Direction::In]);
    let ports = "1/udp ".repeat(200_001);
    for (from, to) in [
        ("  ports: ", format!("  ports: {ports}")),
        ("  source-ports: ", format!("  source-ports: {ports}")),
        ("  services: ", format!("  services: {ports}")),
    ] {
        for text in [listed(from, &to), LISTED.replacen(from, &to, 1)] {
            let errors = report_lines("firewalld", &policy, &text).unwrap_err();
            assert!(
                errors[0].contains("it expands to more than 200000 rules"),
                "{from}: {}",
                errors[0]
            );
        }
    }
}

#[test]
fn finds_a_policy_of_a_listing_by_its_name() {
    let find = |name, directions: &[Direction]| judge::units("firewalld", LISTED, name, directions);
    let absent = find("other-sip", &[Direction::In]).unwrap();
    assert_eq!(absent[0].name, "other-sip-in");
    assert_eq!(
        absent[0].absent.as_deref(),
        Some("the input has no such policy")
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
        out[0].contains("this policy has direction 'in', which is not selected"),
        "{out:?}"
    );
    // The exact name takes precedence, and the report shows the name of the checked policy.
    let two = LISTED
        .replace("mine\n", "twilio-sip\n")
        .replace("zones: \n", "zones: ANY\n");
    let two = two.replace(
        "egress-zones: ANY\n  services: http ssh",
        "egress-zones: HOST\n  services: ",
    );
    let two = two
        .replace("masquerade: yes", "masquerade: no")
        .replace("\tport=7:proto=tcp:toport=8:toaddr=\n", "");
    let find = |directions| judge::units("firewalld", &two, "twilio-sip", directions).unwrap();
    let exact = find(&BOTH[..1]);
    assert_eq!((&*exact[0].name, exact[0].steps.len()), ("twilio-sip", 0));
    let both = find(&BOTH);
    assert_eq!((&*both[0].name, both[0].steps.len()), ("twilio-sip-in", 4));
    let find = |name, directions: &[Direction]| judge::units("firewalld", LISTED, name, directions);
    let mine = find("mine", &[Direction::In]).unwrap_err();
    assert!(
        mine[0].starts_with("3: the policy has no ingress zone"),
        "{mine:?}"
    );
}
