//! Files of firewalld's policies, and what `firewall-cmd` prints of them.

use super::{assert_refused, refused_by_limit, rows, tokyo, told};
use crate::common::judge::{self, BOTH, assert_in_sync};
use twilio_sip_allow::policy::Direction;

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
fn that_means_the_same_is_in_sync() {
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
<ingress-zone => <rule family="ipv4"><icmp-type name="echo-request"/><accept/></rule><ingress-zone => extra   in  icmp from any to any, but only under some conditions
<ingress-zone => <rule family="ipv4"><source mac="00:11:22:33:44:55"/><protocol value="50"/><accept/></rule><ingress-zone => extra   in  protocol 50 from any to any, but only under some conditions
<ingress-zone => <rule family="ipv4"><source address="54.65.63.193"/><port port="5061" protocol="tcp"/><reject/></rule><ingress-zone => missing in  tcp from 54.65.63.193 to any port 5061 (signaling tls of tokyo, edition regional)
<ingress-zone => <rule priority="-1"><port port="5061" protocol="tcp"/><drop/></rule><ingress-zone => missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional)
<ingress-zone => <rule priority="-1"><port port="5061" protocol="tcp"/><drop><limit value="3/h"/></drop></rule><ingress-zone => missing in  tcp from 54.65.63.192/30 to any port 5061, but only under some conditions (signaling tls of tokyo, edition regional)
<ingress-zone => <rule family="ipv4"><source address="54.65.63.192/28" invert="TRUE"/><port port="10000" protocol="udp"/><drop/></rule><ingress-zone => missing in  udp from 54.65.63.208-54.65.63.255 to any port 10000 (media of tokyo, edition regional)
54.65.63.192/26"/> => 54.65.63.192/26"/><destination address="192.0.2.0/25" invert="yes"/> => missing in  udp from 54.65.63.192/26 to 192.0.2.0/25 port 10000-20000 (media of tokyo, edition regional)
"10000-20000" protocol="udp"/>↵    <accept/> => "10000-20000" protocol="udp"/><accept><limit value="9/s"/></accept> => missing in  udp from 54.65.63.192/26 to any port 10000-20000, but only under some conditions (media of tokyo, edition regional)
"10000-20000" protocol="udp"/>↵    <accept/> => "10000-20000" protocol="udp"/><log/> => missing in  udp from 54.65.63.192/26 to any port 10000-20000 (media of tokyo, edition regional)
"#;

#[test]
fn drift_is_told_exactly() {
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
            .all(|part| part.contains(", but only under some conditions"))
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
<rule family="ipv4"> => <rule xmlns:a="b" a:family="ipv4"> => 5: firewalld accepts no namespaces; expected the file of a policy of firewalld's
<rule family="ipv4"> => <rule xmlns="b" family="ipv4"> => 5: firewalld accepts no namespaces
<rule family="ipv4"> => <rule family="ipv4" xml:lang="de"> => 5: firewalld knows no namespaces, such as that of 'rule'
<rule family="ipv4"> => <!-- = " > --><?a b="?><rule family='ipv4' priority="'" xmlns="b"> => 5: firewalld accepts no namespaces
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
port="5060" => port="turn" => 5: not every Linux knows the name 'turn'; expected the number
<ingress-zone => <rule><protocol value="0"/><drop/></rule><ingress-zone => 25: firewalld takes protocol 0 for that one with nftables, and for any with iptables
<ingress-zone => <rule priority="-5"><protocol value="carp"/><drop/></rule><ingress-zone => 25: not every Linux knows the name 'carp'; expected the number
<accept/> => <log level="warn"/><accept/> => 5: 'warn' is no level of 'log', and firewalld leaves out a rule with such
<accept/> => <log prefix=""/><accept/> => 5: '' is no prefix of 'log', and firewalld leaves out a rule with such
<accept/> => <log prefix="a'b"/><accept/> => 5: 'a'b' is no prefix of 'log', and firewalld leaves out a rule with such
<accept/> => <log foo="x"/><accept/> => 5: 'log' has no attribute 'foo' in firewalld
<accept/> => <nflog group="99999999"/><accept/> => 5: '99999999' is no group of 'nflog', and firewalld leaves out a rule with such
<accept/> => <nflog queue-size="-1"/><accept/> => 5: '-1' is no queue-size of 'nflog', and firewalld leaves out a rule with such
<accept/> => <audit><limit value="1/d"/></audit><accept/> => 5: '1/d' is no rate that firewalld takes, such as 10/m
<accept/> => <log><limit value="5/w"/></log><accept/> => 5: '5/w' is no rate that firewalld takes, such as 10/m
<accept/> => <log><limit value="0/s"/></log><accept/> => 5: '0/s' is no rate that firewalld takes, such as 10/m
<ingress-zone => <rule><port port="22" protocol="tcp"/><reject type="tcp-reset"/></rule><ingress-zone => 25: firewalld leaves out a rule that has a type of reject but no family
<accept/> => <reject type="bogus"/> => 5: 'bogus' is no type of reject over IPv4 that is known here, and firewalld leaves out a rule with another
port="5060" => port="5061-5060" => 5: the ports from '5061' to '5060' are reversed
54.65.63.192/30 => 54.65.63.192/255.0.255.0 => 5: the mask of '54.65.63.192/255.0.255.0' has gaps
54.65.63.192/30 => 54.65.63.192/33 => 5: '54.65.63.192/33' has no prefix length from 0 to 32
54.65.63.192/30 => 54.65.63 => 5: '54.65.63' is not an IPv4 address
address="54.65.63.192/30" => address="54.65.63.192/30" invert="not" => 5: expected invert to be true or false, not 'not'
<policy target="CONTINUE"> => <policy target="continue"> => 2: expected the target CONTINUE, ACCEPT, REJECT or DROP, not 'continue'
<policy target="CONTINUE"> => <policy target="CONTINUE" priority="high"> => 2: 'high' is not a priority from -32768 to 32767
<policy target="CONTINUE"> => <policy target="CONTINUE" priority="0"> => 2: firewalld reserves the priority 0 of policies; expected another one
<policy target="CONTINUE"> => <policy name="x"> => 2: 'policy' has no attribute 'name' in firewalld
<policy target="CONTINUE"> => <policy> => 2: 'policy' has no attribute 'target'
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
fn that_is_not_understood_is_refused_with_its_line() {
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
fn takes_no_text_of_another_kind_and_none_that_was_cut_off() {
    let policy = tokyo(&[Direction::In]);
    for text in [
        "<zone target=\"DROP\">\n  <service name=\"ssh\"/>\n</zone>\n",
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

/// firewalld 1.3.3 refuses a file with this element, and later versions do not apply the policy.
#[test]
fn a_disabled_policy_lets_nothing_through() {
    let policy = tokyo(&[Direction::In]);
    for disable in [
        "<disable/>",
        "<disable></disable>",
        "<disable> <!-- off --> </disable>",
    ] {
        for place in ["<short>", "<rule family", "<ingress-zone", "</policy>"] {
            let text = written(place, &format!("{disable}{place}"));
            assert_eq!(
                told("firewalld", &policy, &text).unwrap().len(),
                4,
                "{text}"
            );
            let units = judge::units("firewalld", &text, "twilio-sip", &BOTH).unwrap();
            let absent = "the policy is disabled, so firewalld does not apply it";
            assert_eq!(units[0].absent.as_deref(), Some(absent));
        }
    }
    // Not an element of the policy, or not in force.
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
            "5: 'disable' is no part of a rule",
        ),
        (
            "<short>",
            "<disable x='y'/><short>",
            "3: 'disable' has no attribute 'x' in firewalld",
        ),
        (
            "<short>",
            "<disable><rule/></disable><short>",
            "3: 'rule' stands within 'disable'",
        ),
        (
            "</short>",
            "<disable/></short>",
            "3: 'disable' stands within 'short'",
        ),
        (
            "<short>",
            "<Disable/><short>",
            "3: 'Disable' is no element of a policy",
        ),
    ] {
        assert_refused(to, "firewalld", &policy, &written(from, to), problem);
    }
}

/// Where the number of attributes and namespaces is not bounded, the reader of XML takes quadratic
/// time: minutes for these texts.
#[test]
fn refuses_more_attributes_than_any_element_has() {
    let policy = tokyo(&[Direction::In]);
    let attributes = |from: usize, count: usize| {
        let names = (from..from + count).map(|n| format!(" a{n}=\"\""));
        names.collect::<String>()
    };
    let rule = |more: &str| written("<rule family", &format!("<rule{more} family"));
    let fits = rule(&attributes(0, 63));
    let unknown = "5: 'rule' has no attribute 'a0' in firewalld";
    assert_refused("64", "firewalld", &policy, &fits, unknown);
    let many = "an element has more than 64 attributes, and firewalld knows no such element";
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
    let problem = "5: firewalld accepts no namespaces";
    assert_refused("namespaces", "firewalld", &policy, &text, problem);
    // A mark that holds its own end starts a comment, and a quote in it hides nothing behind it.
    let hidden = format!("<!--> <a \" --><rule{} family", attributes(0, 50_000));
    let text = written("<rule family", &hidden);
    assert_refused("a comment", "firewalld", &policy, &text, at_5);
    let hidden = format!("<!--> <a \" -->{namespaces}<rule");
    let text = written("<rule", &hidden);
    assert_refused("a comment", "firewalld", &policy, &text, problem);
    // Behind what does not end, nothing can be checked.
    let no_end = "5: it is not valid XML, or was cut off: what starts here does not end";
    for start in ["<!--", "<![CDATA[", "<?", "<?>", "<a '", "<a \"", "<a"] {
        let rest = attributes(0, 50_000).replace(['"', '>'], "");
        let text = written("<rule family", &format!("{start} {rest}"));
        let (before, _) = text.split_once(&rest).unwrap();
        let cut = format!("{before}{rest}");
        assert_refused(start, "firewalld", &policy, &cut, no_end);
    }
    // Neither in a comment nor in a text.
    let comment = format!("<!-- {} -->", attributes(0, 1_000));
    assert_in_sync(
        "comment",
        "firewalld",
        &policy,
        &written("<short>", &format!("{comment}<short>")),
    );
    let short = format!("<short>{}", attributes(0, 1_000));
    assert_in_sync("text", "firewalld", &policy, &written("<short>", &short));
    // Zones are many, but each counts once.
    let zones = "<ingress-zone name=\"ANY\"/>".repeat(50_000);
    let text = written("<ingress-zone", &format!("{zones}<ingress-zone"));
    assert_in_sync("zones", "firewalld", &policy, &text);
    // Lines of a listing.
    let words = attributes(0, 50_000);
    for words in [words, " NOT".repeat(50_000)] {
        let text = listed("udp\" accept", &format!("udp\"{words} accept"));
        assert_refused("words", "firewalld", &policy, &text, &format!("29: {many}"));
    }
    let text = listed(
        "udp\" accept",
        &format!("udp\"{} accept", " log".repeat(50_000)),
    );
    let problem = "29: firewalld leaves out a rule that has more than one log";
    assert_refused("parts", "firewalld", &policy, &text, problem);
}

/// What firewall-offline-cmd 1.3.3 prints of a prefix with line ends, and what would make texts of
/// other policies look like a policy of ours.
#[test]
fn a_text_in_another_policy_is_no_policy() {
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
            "15: a value in quotes does not end in the line",
        ),
        (
            format!("\trule log prefix=\"a\n\n{own}\t\" accept\n"),
            "15: a value in quotes",
        ),
        (
            format!("{rule}\n{own}"),
            "15: a value in quotes does not end in the line",
        ),
        (
            format!("  frob: a\n{own}"),
            "15: expected a rich rule, or the end of the policy",
        ),
        (format!("\ttext\n{own}"), "15: expected 'rule' first"),
    ] {
        assert_refused(&text, "firewalld", &policy, &in_mine(&text), problem);
    }
    // As --verbose prints it.
    let verbose = LISTED.replacen(
        "mine\n",
        &format!("mine\n  summary: \n  description: {own}"),
        1,
    );
    let problem = "2: expected the line 'priority:'";
    assert_refused("verbose", "firewalld", &policy, &verbose, problem);
    // What the own policy does not accept is no matter in another one.
    let other = in_mine(&format!(
        "\trule service name=\"ssh\" log prefix=\"ssh: \" limit value=\"3/m\" burst=5 accept limit value=\"1/m\" burst=5\n\trule protocol value=\"icmp\" mark set=0x1/0x3 limit value=\"1/m\"\n\n{own}"
    ));
    assert_in_sync("other", "firewalld", &policy, &other);
}

#[test]
fn counts_rules_and_boxes() {
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
    // Before a tree is made of them.
    for mark in ["<", "<policy ="] {
        let marks = mark.repeat(20);
        let refused = refused_by_limit("firewalld", &marks, "rules=9").unwrap();
        assert!(
            refused.starts_with("it expands to more than 9 rules"),
            "{refused}"
        );
        let refused = refused_by_limit("firewalld", &marks, "rules=10").unwrap();
        assert!(refused.starts_with("it is not valid XML"), "{refused}");
    }
    let deep = format!(
        "<policy target='CONTINUE'>{}{}</policy>\n",
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
rules: ↵ => rules: ↵	rule family="ipv6" source address="2001:db8::/32" reject type="icmp6-adm-prohibited"↵	rule family="ipv6" source address="2001:db8::/32" drop↵	rule priority="7" family="ipv4" drop↵	rule icmp-block name="echo-request"↵
icmp-blocks:  => icmp-blocks: echo-request redirect
rules: ↵ => rules: ↵	rule port port="5060" protocol="tcp" nflog group="3" prefix="x" queue-size="5" limit value="1/m"↵	rule priority="3" log↵
"#;

/// What stands for a part of [`LISTED`], and the parts of the drift that comes of it.
const LISTED_DRIFT: &str = r#"
ports:  => ports: 22/tcp => extra   in  tcp from any to any port 22 | extra   in  packets of IPv6
source-ports:  => source-ports: 1-2/sctp => extra   in  sctp from any port 1-2 to any | extra   in  packets of IPv6
protocols:  => protocols: ah gre => extra   in  protocol 47, protocol 51 from any to any | extra   in  packets of IPv6 | extra   in  packets of IPv6
5061" protocol="tcp" accept => 5061" protocol="tcp" log => missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional)
5061" protocol="tcp" accept => 5061" protocol="tcp" accept limit value="3/h" => missing in  tcp from 54.65.63.192/30 to any port 5061, but only under some conditions (signaling tls of tokyo, edition regional)
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
fn listing_is_read_as_the_file_is() {
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
        refused.starts_with("it expands to more than 9 rules"),
        "{refused}"
    );
}

/// `print_zone_policy_info` of firewalld 2.4 and 2.5 prints `disable` before the priority, and says
/// `disabled` after the name in a listing of the runtime.
#[test]
fn a_policy_that_a_listing_disables_lets_nothing_through() {
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
        let found = told("firewalld", &policy, &text).unwrap();
        assert_eq!(found.len(), 4, "{state}: {found:?}");
        let units = judge::units("firewalld", &text, "twilio-sip", &[Direction::In]).unwrap();
        let absent = "the policy is disabled, so firewalld does not apply it";
        assert_eq!(units[0].absent.as_deref(), Some(absent), "{state}");
    }
    for (text, problem) in [
        (own("", "maybe"), "expected yes or no"),
        (own("", ""), "expected yes or no"),
        (
            own(" (disabled)", "no"),
            "the policy is disabled by its first line, but not by a line 'disable: yes'",
        ),
        (
            LISTED.replace("in (active)", "in (disabled)"),
            "the policy is disabled by its first line, but not by a line 'disable: yes'",
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
        let errors = told("firewalld", &policy, &text).unwrap_err();
        assert!(errors[0].contains(problem), "{text}: {errors:?}");
    }
}

#[test]
fn a_line_of_a_listing_has_a_limited_number_of_elements() {
    let policy = tokyo(&[Direction::In]);
    let ports = "1/udp ".repeat(200_001);
    for (from, to) in [
        ("  ports: ", format!("  ports: {ports}")),
        ("  source-ports: ", format!("  source-ports: {ports}")),
        ("  services: ", format!("  services: {ports}")),
    ] {
        for text in [listed(from, &to), LISTED.replacen(from, &to, 1)] {
            let errors = told("firewalld", &policy, &text).unwrap_err();
            assert!(
                errors[0].contains("it expands to more than 200000 rules"),
                "{from}: {}",
                errors[0]
            );
        }
    }
}

#[test]
fn policy_of_a_listing_is_found_by_its_name() {
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
    // The exact name wins, and the report names the policy that was checked.
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
    assert!(mine[0].starts_with("3: it has no ingress zone"), "{mine:?}");
}
