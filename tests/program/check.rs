//! `check` from the user's point of view: verdicts, reports, exit statuses and repairs.

use std::io::Write;
use std::process::Stdio;

use crate::common::{
    READ_BY_CHECK, Ran, Tool, line_of, render, renderable, valid_json, valid_sarif,
};
use serde_json::Value;

const TOKYO: &str = "--edition regional --region tokyo --format iptables --quiet";

/// The same, with all parts even if a diagnosis explains them.
const TOKYO_IN_FULL: &str = "--edition regional --region tokyo --format iptables --quiet --verbose";

/// A call of `check` on a file.
fn check(options: &str, content: &str) -> Ran {
    Tool::line(&format!("check {options} deployed"))
        .file("deployed", content)
        .run()
}

/// The output of a call that reports drift.
fn drifted(ran: Ran) -> String {
    assert_eq!(ran.status, 1, "{ran}");
    assert_eq!(ran.stderr, "", "{ran}");
    ran.stdout
}

fn tokyo() -> String {
    render("--region tokyo --format iptables")
}

fn with_frankfurt() -> String {
    render("--region tokyo,frankfurt --format iptables")
}

#[test]
fn rendered_rules_are_in_sync_in_every_format() {
    for format in READ_BY_CHECK {
        let renderable = renderable(format);
        let options = format!("{renderable} --edition current --format {format}");
        let ran = check(&format!("{options} --quiet"), &render(&options));
        let rest = match renderable {
            "--direction in" => "signaling and media in",
            "--plane signaling" => "signaling in and out",
            _ => "signaling and media in and out",
        };
        let (what, rest) = match *format {
            "asterisk" | "cisco-cube" | "freeswitch" | "kamailio" | "livekit" => {
                ("addresses", "signaling in")
            }
            "ipset" | "aws-prefix-list" => ("addresses", rest),
            _ => ("rules", rest),
        };
        let verdict = ran.ok();
        let (verdict, units) = verdict.split_once(" (").unwrap();
        assert_eq!(
            verdict,
            format!("in sync: exactly the {format} {what} for all regions, edition global, {rest}")
        );
        let unit = match *format {
            "kamailio" => "group 1",
            "cisco-cube" => "trusted list",
            _ => "twilio",
        };
        assert!(units.to_lowercase().contains(unit), "{format}: {units}");
    }
}

#[test]
fn check_reads_stdin_if_no_file_is_named() {
    for file in ["", "-"] {
        let mut tool = Tool::line(&format!("check {TOKYO} {file}"));
        let mut child = tool
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(tokyo().as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.stdout.starts_with(b"in sync: "), "{output:?}");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn the_report_names_region_and_plane_of_a_missing_rule() {
    let tls = "-IN -s 54.65.63.192/30 -p tcp -m tcp --dport 5061";
    let rendered = tokyo();
    let kept: Vec<&str> = rendered.lines().filter(|l| !l.contains(tls)).collect();
    let text = kept.join("\n") + "\n";
    assert_eq!(
        drifted(check(TOKYO, &text)),
        "drift: 1 missing, 0 extra, compared with the iptables rules for tokyo, edition regional (superseded on 2024-02-21 by global), signaling and media in and out (TWILIO-SIP-IN, TWILIO-SIP-OUT)

deployed
  missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo, edition regional)
"
    );
}

#[test]
fn a_narrowed_rule_is_partly_missing_and_its_line_is_shown() {
    let text = tokyo().replacen("--dport 5060", "-i eth0 --dport 5060", 1);
    let report = drifted(check(TOKYO, &text));
    let part = "  missing in  udp from 54.65.63.192/30 to any port 5060, allowed only under some conditions (signaling udp of tokyo, edition regional)
      line 19: -A TWILIO-SIP-IN -s 54.65.63.192/30 -p udp -m udp -i eth0 --dport 5060 ";
    assert!(report.contains(part), "{report}");
}

#[test]
fn a_deny_before_a_permit_is_drift() {
    let deny = "-A TWILIO-SIP-IN -s 54.65.63.194 -p udp -j DROP\n-A TWILIO-SIP-IN ";
    let text = tokyo().replacen("-A TWILIO-SIP-IN ", deny, 1);
    let report = drifted(check(TOKYO, &text));
    assert!(report.starts_with("drift: 2 missing, 0 extra"), "{report}");
    let parts = "  missing in  udp from 54.65.63.194 to any port 5060 (signaling udp of tokyo, edition regional)
  missing in  udp from 54.65.63.194 to any port 10000-20000 (media of tokyo, edition regional)
      line 19: -A TWILIO-SIP-IN -s 54.65.63.194 -p udp -j DROP
";
    assert!(report.contains(parts), "{report}");
}

/// The cause is the rule that always matches, and not an earlier one that matches only sometimes.
#[test]
fn the_report_blames_the_rule_that_decides() {
    let rules = "-A TWILIO-SIP-IN -i lo -p tcp -j ACCEPT\n-A TWILIO-SIP-IN -p tcp -m tcp --dport 22 -j ACCEPT\n-A ";
    let report = drifted(check(TOKYO, &tokyo().replacen("-A ", rules, 1)));
    let part = "extra   in  tcp from any to any port 22\n      line 20: -A TWILIO-SIP-IN -p tcp -m tcp --dport 22 -j ACCEPT\n";
    assert!(report.contains(part), "{report}");
    let rules = "-A TWILIO-SIP-IN -i lo -p tcp -j DROP\n-A TWILIO-SIP-IN -p tcp -m tcp --dport 5061 -j DROP\n-A ";
    let report = drifted(check(TOKYO, &tokyo().replacen("-A ", rules, 1)));
    let part = "(signaling tls of tokyo, edition regional)\n      line 20: -A TWILIO-SIP-IN -p tcp -m tcp --dport 5061 -j DROP\n";
    assert!(report.contains(part), "{report}");
}

#[test]
fn a_rule_that_accepts_ipv6_in_an_inet_table_is_extra() {
    let text = render("--region tokyo --format nftables");
    let last = "accept comment \"media\"\n\t}\n\tchain twilio_sip_out {";
    assert_eq!(text.matches(last).count(), 1, "{text}");
    let all = last.replace("\t}", "\t\tip saddr 0.0.0.0/0 return\n\t\taccept\n\t}");
    let options = "--region tokyo --format nftables --edition regional --quiet";
    let report = drifted(check(options, &text.replace(last, &all)));
    let part = "  extra   in  IPv6 packets\n      line ";
    assert!(report.starts_with("drift: 0 missing, 1 extra"), "{report}");
    assert!(report.contains(part), "{report}");
    // A table for IPv4 contains no IPv6 packets.
    let text = text.replace(last, &all).replace("inet filter", "ip filter");
    let ran = Tool::new([
        "check",
        "--table",
        "ip filter",
        "-q",
        "-f",
        "nft",
        "--region",
        "tokyo",
        "deployed",
    ])
    .file("deployed", text)
    .run();
    assert!(ran.ok().starts_with("in sync"));
}

#[test]
fn text_from_another_system_is_not_an_empty_cisco_list() {
    let expected = "the input has neither a configuration nor an access list; expected the output of 'show running-config' or 'show ip access-lists'";
    let error = check(
        "--format cisco --edition regional --quiet",
        "Who goes there?\n",
    )
    .refused();
    assert!(error.contains(expected), "{error}");
    for (head, system) in [
        ("IP access list TWILIO-SIP-IN", "NX-OS"),
        ("ip access-list TWILIO-SIP-IN", "NX-OS"),
        ("ipv4 access-list TWILIO-SIP-IN", "IOS XR"),
    ] {
        let text = format!("{head}\n 10 permit ip any any\n");
        let error = check("--format cisco --edition regional --quiet", &text).refused();
        let problem = format!(
            "deployed:1: this is {system} syntax, which is not supported; expected an IOS access list\n    in: {head}"
        );
        assert!(error.contains(&problem), "{error}");
    }
}

#[test]
fn a_list_with_only_entries_that_cannot_be_compared_is_not_empty() {
    let list = "<list name=\"twilio-sip\" default=\"deny\">\n<node type=\"allow\" domain=\"sip.example\"/>\n</list>\n";
    for report in ["", "--report github", "--report json"] {
        let options = format!(
            "--edition regional --region tokyo --format freeswitch --quiet --verbose {report}"
        );
        let output = drifted(check(&options, list));
        assert!(output.contains("sip.example"), "{output}");
        assert!(!output.contains("it is empty"), "{output}");
        assert!(!output.contains("no rules are deployed"), "{output}");
    }
}

#[test]
fn an_access_list_without_entries_permits_everything() {
    let everything = "extra   in  any packet, wherever the list is applied: IOS permits everything by an access list that does not exist or has no entries";
    for (text, why) in [
        (
            "hostname r1\n",
            Some("TWILIO-SIP-IN accepts nothing: the input has no such access list\n"),
        ),
        (
            "ip access-list extended TWILIO-SIP-IN\n remark none\n",
            None,
        ),
    ] {
        let report = drifted(check(
            "--region tokyo --direction in --format cisco --edition regional --quiet --verbose",
            text,
        ));
        assert!(report.contains(everything), "{report}");
        match why {
            Some(line) => assert!(report.contains(line), "{report}"),
            None => assert!(!report.contains("accepts nothing"), "{report}"),
        }
    }
}

/// The name can be the name of a unit or of a chain of the user.
#[test]
fn reports_that_no_chain_has_the_given_or_the_derived_name() {
    for (format, name, why) in [
        (
            "iptables",
            "tokyo",
            "TOKYO-IN accepts nothing: there is no such chain in table filter, and no chain 'tokyo'\n",
        ),
        (
            "iptables",
            "TWILIO-SIP-ON",
            "TWILIO-SIP-ON-IN accepts nothing: there is no such chain in table filter, and no chain 'TWILIO-SIP-ON' (did you mean TWILIO-SIP-IN or TWILIO-SIP-OUT?)\n",
        ),
        (
            "nftables",
            "input",
            "input_in accepts nothing: there is no such chain in table inet filter, and no chain 'input'\n",
        ),
        (
            "mikrotik",
            "twilio-sip-im",
            "twilio-sip-im-in accepts nothing: there is no such chain in /ip firewall filter, and no chain 'twilio-sip-im' (did you mean twilio-sip-in",
        ),
    ] {
        let options = format!("--region tokyo --direction in --format {format}");
        let report = drifted(check(
            &format!("{options} --name {name} --edition regional --quiet --verbose"),
            &render(&options),
        ));
        assert!(report.contains(why), "{report}");
    }
}

#[test]
fn suggests_the_right_name_for_a_wrong_one() {
    let report = drifted(check(
        &format!("{TOKYO_IN_FULL} --name twilio-spi"),
        &tokyo(),
    ));
    let line = "TWILIO-SPI-IN accepts nothing: there is no such chain in table filter (did you mean TWILIO-SIP-IN?)\n";
    assert!(report.contains(line), "{report}");
    let text = render("--region tokyo --format nftables");
    let report = drifted(check(
        "--region tokyo --format nftables --edition regional --quiet --verbose",
        &text.replace("inet filter", "inet mine"),
    ));
    let line =
        "twilio_sip_in accepts nothing: table inet filter is not in the input, or has no chains\n";
    assert!(report.contains(line), "{report}");
}

#[test]
fn accepts_every_security_group_name_that_aws_accepts() {
    let group = |name: &str, content: &str| {
        let mut group: Value = serde_json::from_str(content).unwrap();
        group["GroupName"] = name.into();
        group["GroupId"] = format!("sg-{}", name.len()).into();
        group
    };
    let right = render("--region tokyo --format aws-sg");
    let wrong = render("--region sydney --format aws-sg");
    let groups = serde_json::json!({"SecurityGroups": [group("other", &wrong), group("My SIP group (prod)", &right)]});
    let mut tool = Tool::new([
        "check",
        "-q",
        "-f",
        "aws",
        "--region",
        "tokyo",
        "--name",
        "My SIP group (prod)",
        "groups",
    ])
    .file("groups", groups.to_string());
    assert!(tool.run().ok().starts_with("in sync"));
}

#[test]
fn extra_packets_name_the_region_or_edition_that_they_belong_to() {
    let report = drifted(check(TOKYO_IN_FULL, &with_frankfurt()));
    let media = "  extra   in  udp from 35.156.191.128/25 to any port 10000-20000 (media of frankfurt, editions regional, regional-expanded)
      line 25: -A TWILIO-SIP-IN -s 35.156.191.128/25 ";
    assert!(report.contains(media), "{report}");
    let global = render("--region tokyo --edition global --format iptables");
    let report = drifted(check(TOKYO_IN_FULL, &global));
    let media = "extra   in  udp from 168.86.128.0/18 to any port 10000-60000 (media of all regions, editions global, interconnect)";
    assert!(report.contains(media), "{report}");
}

#[test]
fn reports_one_additional_address_and_nothing_else() {
    let text = tokyo().replacen("54.65.63.192/30", "54.65.63.192/29", 1);
    let report = drifted(check(TOKYO, &text));
    let part = "  extra   in  udp from 54.65.63.196/30 to any port 5060 (media addresses of tokyo, editions regional, regional-expanded, on other ports)
      line 19: -A TWILIO-SIP-IN -s 54.65.63.192/29 ";
    assert!(report.contains(part), "{report}");
    assert!(report.starts_with("drift: 0 missing, 1 extra"), "{report}");
}

#[test]
fn a_removed_unit_is_drift_and_not_an_error() {
    let text = "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n";
    let report = drifted(check(TOKYO_IN_FULL, text));
    assert!(report.starts_with("drift: 8 missing, 0 extra"), "{report}");
    let empty = "  TWILIO-SIP-IN accepts nothing: there is no such chain in table filter\n";
    assert!(report.contains(empty), "{report}");
}

/// A load replaces the whole unit, so the other direction must be empty.
#[test]
fn the_unselected_direction_must_be_empty_if_a_load_replaces_both() {
    let one_way = "--region tokyo --direction in --format iptables --edition regional --quiet";
    let report = drifted(check(one_way, &tokyo()));
    assert!(report.starts_with("drift: 0 missing, 3 extra"), "{report}");
    let diagnosis =
        "  diagnosis: there are rules for direction 'out', but --direction in leaves them out; ";
    assert!(report.contains(diagnosis), "{report}");
    // With other drift, there is no diagnosis.
    let line = "  direction 'out' is not selected: no rules are expected there, and loading the rules would remove the existing ones\n";
    assert!(!report.contains(line), "{report}");
    let report = drifted(check(one_way, &tokyo().replace("5061", "5062")));
    assert!(report.contains(line), "{report}");
    for format in ["aws-sg", "cisco"] {
        let both = render(&format!("--region tokyo --format {format}"));
        let ran = check(
            &format!("--region tokyo --direction in --format {format} --edition regional --quiet"),
            &both,
        );
        assert!(ran.ok().starts_with("in sync"), "{format}");
    }
}

#[test]
fn a_chain_with_a_name_of_the_user_can_be_checked_in_one_direction() {
    let text = tokyo().replace("TWILIO-SIP-IN", "FROM_TWILIO");
    let options = "--region tokyo --direction in --format iptables --name FROM_TWILIO --edition regional --quiet";
    let ran = check(options, &text);
    assert!(ran.ok().starts_with("in sync"));
    let repair = check(
        &format!("{options} --edition regional --print-repair"),
        &text.replace("5061", "5062"),
    );
    assert_eq!(
        repair.refused(),
        "twilio-sip-allow: error: deployed: cannot repair 'FROM_TWILIO', because this program did not create it; render rules with a --name of their own, and use these instead\n"
    );
}

/// Each of these texts contains the right rules, but the firewall can contain other rules.
#[test]
fn rejects_text_that_may_omit_rules() {
    let selection = "--edition current --region tokyo --direction in";
    let rendered = |format: &str| render(&format!("{selection} --format {format}"));
    let iptables = rendered("iptables");
    let two_readings = iptables
        .replace(
            "\nCOMMIT\n",
            "\n-A X -m comment --comment \"x\n-A TWILIO-SIP-IN -s 192.0.2.1/32 -j ACCEPT\n#\" -j RETURN\nCOMMIT\n",
        )
        .replace("*filter\n", "*filter\n:X - [0:0]\n");
    let nat = "*nat\n:X - [0:0]\n-A X -m comment --comment \"two\nlines\" -j RETURN\nCOMMIT\n";
    let anonymous = r#"{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "x", "json_schema_version": 1}},
        {"table": {"family": "inet", "name": "filter", "handle": 1}},
        {"set": {"family": "inet", "name": "sig", "table": "filter", "type": "ipv4_addr", "handle": 4, "elem": ["192.0.2.1"]}},
        {"chain": {"family": "inet", "table": "filter", "name": "input", "handle": 1}},
        {"chain": {"family": "inet", "table": "filter", "name": "twilio_sip_in", "handle": 2}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 5, "expr": ["jump {\n\t\t\tadd @sig { ip saddr }\n\t\t}"]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "twilio_sip_in", "handle": 6, "expr": [
            {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@sig"}}, {"accept": null}]}}]}"#;
    let [cisco, asa, mikrotik, junos] = ["cisco", "cisco-asa", "mikrotik", "junos"].map(rendered);
    let request = "ip sla 1\n http get raw http://192.0.2.1\n  http-raw-request\n   ip access-list extended TWILIO-SIP-IN\n    no 5\n  exit\n";
    let jump = "/ip firewall filter\nadd chain=twilio-sip-in action=jump jump-target=ppp\nadd chain=ppp action=return\n";
    let users = "/user-manager user group\nadd attributes=Mikrotik-Address-List:twilio-sip-signaling name=g\n";
    let of_part = "this command prints only a part of the configuration,";
    let prompts = [
        ("cisco", "r1#show startup-config"),
        ("cisco", "r1#show configuration"),
        (
            "cisco",
            "r1#sh arch config differences nvram:startup-config",
        ),
        ("cisco", "r1#show running-config interface Gi0/0"),
        ("cisco", "r1#show running-config brief"),
        ("cisco-asa", "fw# show startup-config"),
        ("junos", "u@r> show system configuration rescue"),
        ("junos", "u@r> show system rollback 1"),
        ("junos", "u@r> show ephemeral-configuration"),
        ("junos", "u@r> show configuration revision re0-1"),
    ];
    for (format, prompt) in prompts {
        let text = format!("{prompt}\n{}", rendered(format));
        let printed = check(&format!("{selection} --format {format} --quiet"), &text).refused();
        assert!(printed.contains(of_part), "{prompt}: {printed}");
    }
    let edited = "ip access-list extended TWILIO-SIP-IN\n 70 permit udp 54.65.63.192 0.0.0.3 any eq 5060\n no 10\n";
    let filters =
        |id: &str| format!("# 2026-11-30 10:00:00 by RouterOS 7.20\n# system id = {id}\n");
    let inactive = "access-list TWILIO-SIP-IN extended permit udp object-group TWILIO-SIP-IN-MEDIA any range 10000 60000 inactive\n";
    for (format, text, problem) in [
        ("iptables", iptables.replace("\nCOMMIT\n", "\nCOMMIT \n"), "iptables-restore accepts no space after COMMIT"),
        ("nftables", anonymous.to_owned(), "this rule changes the elements of set 'sig'"),
        (
            "cisco",
            format!("{cisco}{edited}"),
            "the list already has this entry",
        ),
        ("cisco", cisco.replace("any eq 5061", "any eq sip-tls"), "expected a name known to IOS"),
        (
            "cisco-asa",
            format!("{asa}{}", inactive.replace("inactive", "time-range NIGHT")),
            "an entry above differs only in 'inactive' or 'time-range', and an ASA changes that entry instead of adding this one",
        ),
        (
            "cisco-asa",
            format!("{asa}{inactive}"),
            "an entry above differs only in 'inactive' or 'time-range', and an ASA changes that entry instead of adding this one",
        ),
        (
            "mikrotik",
            format!("{}{}{}", filters("V/awnNcWnED"), filters("SJLXgegOzfP"), mikrotik),
            "the input has exports of several devices",
        ),
        ("cisco", format!("{cisco}{request}"), "the line may be a command, or part of a text that begins above, such as a banner"),
        ("cisco", format!("r1#show running-config | exclude deny\n{cisco}"), of_part),
        ("cisco", format!("r1#more flash:new.cfg\n{cisco}"), of_part),
        ("cisco-asa", format!("fw# more disk0:/new.cfg\n{asa}"), of_part),
        (
            "junos",
            format!("u@r> show configuration | display set | except discard\n{junos}"),
            of_part,
        ),
        (
            "junos",
            format!("u@r> show configuration rollback 1 | display set\n{junos}"),
            of_part,
        ),
        ("mikrotik", format!("{mikrotik}{jump}"), "RouterOS adds rules to chain 'ppp' that no export shows"),
        ("mikrotik", format!("{mikrotik}{users}"), "twilio-sip-signaling"),
        ("ipset", "Name:\nMembers:\nName:twilio-sip-media\n".to_owned(), "expected a space and a name after 'Name:'"),
        (
            "terraform",
            r#"{"resource": {"aws_vpc_security_group_rules_exclusive": {"x": {"security_group_id": "sg-1", "ingress_rule_ids": [], "egress_rule_ids": []}}}}"#.to_owned(),
            "the resource removes all rules of a group that it does not list, and check cannot compare its list",
        ),
    ] {
        let ran = check(&format!("{selection} --format {format} --quiet"), &text);
        let printed = ran.refused();
        assert!(printed.contains(problem), "{format}: {printed}");
    }
    // iptables-restore has already loaded the filter table when it rejects the other table.
    let report = drifted(check(
        &format!("{selection} --format iptables --quiet"),
        &format!("{two_readings}{nat}"),
    ));
    assert!(
        report.contains("extra   in  any protocol from 192.0.2.1 to any\n"),
        "{report}"
    );
}

/// `--name X` compares the chain X, even if the text contains the chain X-IN of this program too.
#[test]
fn an_exact_name_takes_precedence_over_a_derived_name() {
    let table = |in_x: &str, in_x_in: &str| {
        [
            (
                "iptables",
                "X",
                format!("*filter\n:X - [0:0]\n:X-IN - [0:0]\n{in_x}{in_x_in}COMMIT\n"),
            ),
            (
                "nftables",
                "x",
                format!(
                    "table inet filter {{\n\tchain x {{\n{in_x}\t}}\n\tchain x_in {{\n{in_x_in}\t}}\n}}\n"
                ),
            ),
            (
                "cisco",
                "X",
                format!("ip access-list extended X\n{in_x}ip access-list extended X-IN\n{in_x_in}"),
            ),
            ("cisco-asa", "X", format!("{in_x}{in_x_in}")),
            (
                "junos",
                "x",
                format!("firewall {{\n family inet {{\n{in_x}{in_x_in} }}\n}}\n"),
            ),
            (
                "mikrotik",
                "x",
                format!("/ip firewall filter\n{in_x}{in_x_in}"),
            ),
        ]
    };
    // X accepts everything, but X-IN accepts nothing.
    let rules = [
        ("-A X -j ACCEPT\n", ""),
        ("\t\taccept\n", ""),
        (" permit ip any any\n", " deny ip any any\n"),
        (
            "access-list X extended permit ip any any\n",
            "access-list X-IN extended deny ip any any\n",
        ),
        (
            "  filter x {\n   term a {\n    then accept;\n   }\n  }\n",
            "  filter x-in {\n   term a {\n    then discard;\n   }\n  }\n",
        ),
        (
            "add chain=x action=accept\n",
            "add chain=x-in action=drop\n",
        ),
    ];
    for (number, (in_x, in_x_in)) in rules.into_iter().enumerate() {
        let (format, name, text) = table(in_x, in_x_in)[number].clone();
        let options =
            format!("--region tokyo --direction in --format {format} --edition regional --quiet");
        let named = |name: &str| drifted(check(&format!("{options} --name {name}"), &text));
        let exact = named(name);
        assert!(exact.starts_with("drift: 0 missing, "), "{format}: {exact}");
        assert!(
            exact.contains(&format!(", signaling and media in ({name})\n")),
            "{format}: {exact}"
        );
        let separator = if format == "nftables" { "_in" } else { "-in" };
        let ours = if name == "X" {
            "X-IN".to_owned()
        } else {
            format!("x{separator}")
        };
        let other = named(&ours);
        assert!(other.contains(" 0 extra"), "{format}: {other}");
        assert!(other.contains(&format!("({ours})\n")), "{format}: {other}");
    }
}

/// Rules for sources, destinations and ports, after denied addresses. Disjoint boxes would number a
/// hundred thousand.
#[test]
fn reports_a_long_chain_of_overlapping_rules_rule_by_rule() {
    let test = "reports_a_long_chain_of_overlapping_rules_rule_by_rule";
    let mut text =
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n".to_owned();
    for number in 0..300 {
        text += &format!(
            "-A FORWARD -s 192.0.{}.{}/32 -j DROP\n",
            number / 100,
            number % 100 * 2
        );
    }
    for number in 0..300 {
        text += &format!(
            "-A FORWARD -s 10.1.{}.{}/32 -j ACCEPT\n",
            number / 100,
            number % 100 * 2
        );
        text += &format!(
            "-A FORWARD -d 10.2.{}.{}/32 -j ACCEPT\n",
            number / 100,
            number % 100 * 2
        );
    }
    text += "-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n";
    let options = "--region tokyo --direction in --plane signaling --transport udp --format iptables --edition regional --quiet --name FORWARD";
    let report = drifted(check(options, &text));
    let ssh = "
  extra   in  tcp from any but 192.0.0.0, 192.0.0.2, 192.0.0.4 and 297 more to any port 22
      line 905: -A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT
";
    assert!(report.contains(ssh), "{report}");
    let source = "
  extra   in  any protocol from 10.1.2.198 to any
      line 903: -A FORWARD -s 10.1.2.198/32 -j ACCEPT
";
    assert!(report.contains(source), "{report}");
    let ran = check(&format!("{options} --report json"), &text);
    let report = valid_json(test, "check", &ran);
    let extra = report["files"][0]["extra"].as_array().unwrap();
    // One part per source, three per destination (around the expected packets), and one for the port.
    assert_eq!(extra.len(), 300 + 3 * 300 + 1);
    let ssh = extra
        .iter()
        .find(|part| part["local"]["ports"]["only"][0] == "22");
    let ssh = ssh.unwrap();
    assert_eq!(
        ssh["remote"]["addresses"]["all_but"]
            .as_array()
            .unwrap()
            .len(),
        64
    );
    assert_eq!(ssh["remote"]["addresses"]["more"], 300 - 64);
    assert_eq!(
        ssh["deployed"],
        serde_json::json!({
            "lines": [{"line": 905, "text": "-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT"}],
            "more": 0,
        })
    );
}

/// Rules for adjacent ports, which are one difference with 40 lines.
#[test]
fn the_number_of_deployed_lines_per_difference_is_limited() {
    let rule = |n: u32| format!("-A TWILIO-SIP-IN -s 10.0.0.{n}/32 -p tcp --dport 22 -j ACCEPT\n");
    let rules: String = (0..40).map(rule).collect::<Vec<_>>().concat();
    let text = format!("*filter\n:TWILIO-SIP-IN - [0:0]\n{rules}COMMIT\n");
    let report = drifted(check(
        "--region tokyo --direction in --format iptables --edition regional --quiet",
        &text,
    ));
    let part = "
  extra   in  tcp from 10.0.0.0-10.0.0.39 to any port 22
      line 3: -A TWILIO-SIP-IN -s 10.0.0.0/32 -p tcp --dport 22 -j ACCEPT
      line 4: -A TWILIO-SIP-IN -s 10.0.0.1/32 -p tcp --dport 22 -j ACCEPT
      line 5: -A TWILIO-SIP-IN -s 10.0.0.2/32 -p tcp --dport 22 -j ACCEPT
      and 37 more lines
";
    assert!(report.contains(part), "{report}");
    let options =
        "--region tokyo --direction in --format iptables --edition regional --quiet --report json";
    let report: Value = serde_json::from_str(&drifted(check(options, &text))).unwrap();
    let deployed = &report["files"][0]["extra"][0]["deployed"];
    let lines: Vec<_> = deployed["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["line"])
        .collect();
    assert_eq!(lines, (3..19).collect::<Vec<_>>());
    assert_eq!(deployed["more"], 24);
}

/// A report with 40,000 parts, and one about 20,000 addresses that fail2ban has banned. The limit
/// applies to address space. The program itself, built without optimization, needs a third of that.
#[test]
fn a_long_report_needs_little_memory() {
    let rule = |n: u32| {
        format!(
            "-A TWILIO-SIP-IN -s 10.{}.{}.{}/32 -p tcp --dport {} -j ACCEPT\n",
            n >> 8,
            n & 255,
            n % 250,
            1000 + n % 977
        )
    };
    let rules: String = (0..40_000).map(rule).collect::<Vec<_>>().concat();
    let parts = format!("*filter\n:TWILIO-SIP-IN - [0:0]\n{rules}COMMIT\n");
    let ban = |n: u32| {
        format!(
            "-A f2b-sshd -s 198.{}.{}.7/32 -j REJECT --reject-with icmp-port-unreachable\n",
            n >> 8,
            n & 255
        )
    };
    let bans: String = (0..20_000).map(ban).collect::<Vec<_>>().concat();
    let bans = format!(
        "*filter\n:INPUT ACCEPT [0:0]\n:f2b-sshd - [0:0]\n-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd\n{bans}-A f2b-sshd -j RETURN\nCOMMIT\n"
    );
    // INPUT accepts UDP (two parts, around the expected packets), TCP to port 22 from addresses that
    // are not banned, TCP to other ports, and other protocols.
    for (name, text, extra) in [("twilio-sip", parts, 40_000), ("INPUT", bans, 5)] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("deployed"), &text).unwrap();
        let call = format!(
            "ulimit -v 98304; exec '{}' check -q --region tokyo --plane signaling --transport udp --direction in --format iptables --name {name} --report json deployed",
            env!("CARGO_BIN_EXE_twilio-sip-allow")
        );
        let output = std::process::Command::new("sh")
            .args(["-c", &call])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(1),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["summary"]["extra"], extra, "{name}");
    }
}

#[test]
fn the_json_report_matches_its_schema_and_is_complete() {
    let test = "the_json_report_matches_its_schema_and_is_complete";
    let json = |text: &str| {
        let ran = check(&format!("{TOKYO} --report json"), text);
        let status = ran.status;
        (valid_json(test, "check", &ran), status)
    };
    let (report, status) = json(&tokyo());
    assert_eq!((status, &report["verdict"]), (0, &Value::from("in sync")));
    assert_eq!(report["files"][0]["missing"], serde_json::json!([]));
    let units = serde_json::json!(["TWILIO-SIP-IN", "TWILIO-SIP-OUT"]);
    assert_eq!(report["files"][0]["units"], units);
    assert_eq!(
        report["expected"]["status"],
        serde_json::json!({"regional": "superseded on 2024-02-21 by global"})
    );
    let (report, status) = json(&with_frankfurt());
    assert_eq!((status, &report["verdict"]), (1, &Value::from("drift")));
    assert_eq!(
        report["files"][0]["extra"][2],
        serde_json::json!({
            "direction": "in",
            "protocols": {"only": ["udp"]},
            "remote": {
                "addresses": {"only": ["35.156.191.128/25"], "more": 0},
                "ports": {"all_but": [], "more": 0},
            },
            "local": {
                "addresses": {"all_but": [], "more": 0},
                "ports": {"only": ["10000-20000"], "more": 0},
            },
            "sometimes": false,
            "tcp_flags": null,
            "states": null,
            "attribution": [{
                "plane": "media",
                "region": "frankfurt",
                "editions": ["regional", "regional-expanded"],
                "own_ports": true,
            }],
            "deployed": {
                "lines": [{
                    "line": 25,
                    "text": "-A TWILIO-SIP-IN -s 35.156.191.128/25 -p udp -m udp --dport 10000:20000 -m comment --comment \"frankfurt media\" -j ACCEPT",
                }],
                "more": 0,
            },
        })
    );
    // Flags, states, narrowing, protocols, and no Twilio addresses.
    let rules = "-A TWILIO-SIP-IN -p tcp -m tcp --syn -j ACCEPT
-A TWILIO-SIP-IN -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A TWILIO-SIP-OUT ! -p udp -m limit --limit 1/s -j ACCEPT
COMMIT";
    let (report, _) = json(&tokyo().replace("COMMIT", rules));
    let extra = report["files"][0]["extra"].as_array().unwrap();
    let has = |key: &str, value: Value| extra.iter().any(|part| part[key] == value);
    assert!(has("tcp_flags", serde_json::json!(["syn"])), "{report}");
    assert!(
        has("states", serde_json::json!(["established"])),
        "{report}"
    );
    assert!(
        has("sometimes", true.into()) && has("sometimes", false.into()),
        "{report}"
    );
    assert!(
        has("protocols", serde_json::json!({"all_but": ["tcp", "udp"]})),
        "{report}"
    );
    let group = r#"{"IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [],
        "PrefixListIds": [{"PrefixListId": "pl-1"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]}"#;
    let options = "--direction in --format aws-sg --edition regional --quiet --report json";
    let report = valid_json(test, "check", &check(options, group));
    assert_eq!(
        report["files"][0]["unmeasured"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn github_annotations_include_rules_beyond_ipv4() {
    let group = r#"{"IpPermissions": [{"IpProtocol": "udp", "FromPort": 5060, "ToPort": 5060,
        "PrefixListIds": [{"PrefixListId": "pl-63a5400a"}]}]}"#;
    let options =
        "--region tokyo --direction in --name sg-0123456789abcdef0 -f aws-sg --edition regional -q";
    let report = drifted(
        Tool::line(&format!("check {options} --report github deployed"))
            .file("deployed", group)
            .run(),
    );
    let expected = "::error title=drift%3A extra,file=deployed,line=2::deployed: extra: in udp 5060 from prefix list pl-63a5400a";
    assert!(report.lines().any(|line| line == expected), "{report}");
}

#[test]
fn github_annotations_point_to_file_and_line() {
    let ran = check(
        &format!("{TOKYO_IN_FULL} --report github"),
        &with_frankfurt(),
    );
    let report = drifted(ran);
    let expected = "::error title=drift%3A extra,file=deployed,line=25::deployed: extra: in udp from 35.156.191.128/25 to any port 10000-20000 (media of frankfurt, editions regional, regional-expanded)";
    assert!(report.lines().any(|line| line == expected), "{report}");
    let mut tool = Tool::new([
        "check",
        "--edition",
        "regional",
        "--region",
        "tokyo",
        "-f",
        "iptables",
        "-q",
        "--verbose",
        "--report",
        "github",
        "a,b:%\n.rules",
    ])
    .file("a,b:%\n.rules", with_frankfurt());
    let report = drifted(tool.run());
    assert!(
        report.contains("file=a%2Cb%3A%25%0A.rules,line=19::a,b:%25\\n.rules: extra: "),
        "{report}"
    );
}

/// Files without drift have no results. The changed port has a diagnosis, which `--verbose` adds to its parts.
#[test]
fn sarif_matches_its_schema_and_has_a_result_for_each_part() {
    let test = "check::sarif_matches_its_schema_and_has_a_result_for_each_part";
    let good = render("--edition regional --region tokyo --format iptables");
    let line = "-A TWILIO-SIP-IN -s 9.9.9.9/32 -j ACCEPT";
    let extra = good.replacen("COMMIT", &format!("{line}\nCOMMIT"), 1);
    let missing = good.replacen("--dport 5061", "--dport 5062", 1);
    let ran = Tool::line(&format!(
        "check {TOKYO_IN_FULL} --report sarif good extra again missing"
    ))
    .file("good", &good)
    .file("extra", &extra)
    .file("again", &good)
    .file("missing", &missing)
    .run();
    let log = valid_sarif(test, &drifted(ran));
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let found = results.iter().map(|result| {
        let place = &result["locations"][0]["physicalLocation"];
        let rule = result["ruleId"].as_str().unwrap();
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], rule);
        assert_eq!(result["level"], "error");
        (
            rule,
            place["artifactLocation"]["uri"].as_str().unwrap(),
            place["region"]["startLine"].as_u64(),
        )
    });
    let at = |text: &str, start: &str| Some(line_of(text, start) as u64);
    let moved = missing
        .lines()
        .find(|line| line.contains("--dport 5062"))
        .unwrap();
    let wanted = [
        ("extra", "extra", at(&extra, line)),
        ("drift", "missing", None),
        ("missing", "missing", None),
        ("extra", "missing", at(&missing, moved)),
    ];
    assert_eq!(found.collect::<Vec<_>>(), wanted);

    let ran = check(&format!("{TOKYO} --report sarif"), &good);
    assert_eq!(
        valid_sarif(test, &ran.ok())["runs"][0]["results"],
        serde_json::json!([])
    );
}

/// A chain that accepts the given number of single addresses.
fn addresses(count: usize) -> String {
    let rules = (0..count).map(|n| {
        let (high, low) = (n * 2 / 256, n * 2 % 256);
        format!("-A TWILIO-SIP-IN -s 10.0.{high}.{low}/32 -j ACCEPT\n")
    });
    let rules: String = rules.collect();
    format!("*filter\n:TWILIO-SIP-IN - [0:0]\n:TWILIO-SIP-OUT - [0:0]\n{rules}COMMIT\n")
}

#[test]
fn github_gets_the_first_annotations_and_a_count_of_the_others() {
    let options = format!("{TOKYO} --direction in --report github");
    let report = drifted(check(&options, &addresses(1_500)));
    let errors = |report: &str| report.matches("\n::error title=drift%3A ").count();
    let counts = report.lines().next().unwrap();
    let missing: usize = counts["drift: ".len()..]
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(errors(&report), 1_000, "{counts}");
    let last = format!(
        "\n::notice title=drift,file=deployed::deployed: {} more not shown; use --report json to see all\n",
        missing + 500
    );
    assert!(report.ends_with(&last), "{report}");
    let report = drifted(check(&options, &addresses(1_000 - missing)));
    assert_eq!(errors(&report), 1_000);
    assert!(!report.contains("::notice"), "{report}");
}

/// More lines than a report keeps in memory to quote them again.
#[test]
fn json_lists_every_line_of_a_large_report() {
    let text = addresses(12_000);
    let options = format!("{TOKYO} --direction in --report json");
    let report: Value = serde_json::from_str(&drifted(check(&options, &text))).unwrap();
    let extra = report["files"][0]["extra"].as_array().unwrap();
    assert_eq!(extra.len(), 12_000);
    let lines: Vec<&str> = text.lines().collect();
    for (number, part) in extra.iter().enumerate() {
        let line = number + 4;
        assert_eq!(
            part["deployed"],
            serde_json::json!({"lines": [{"line": line, "text": lines[line - 1]}], "more": 0})
        );
    }
}

#[test]
fn annotations_of_stdin_name_no_file_and_a_byte_order_mark_is_ignored() {
    let bytes = format!("\u{feff}{}", with_frankfurt());
    let mut tool =
        Tool::line(&format!("check {TOKYO_IN_FULL} --report github -")).file("deployed", bytes);
    let deployed = std::fs::File::open(tool.folder().join("deployed")).unwrap();
    tool.command().stdin(deployed);
    let report = drifted(tool.run());
    let line = "::error title=drift%3A extra::stdin: extra: in udp from 35.156.191.128/30 to any port 5060";
    assert!(report.contains(line), "{report}");
}

#[test]
fn the_verdict_line_names_superseded_editions() {
    for (editions, said) in [
        (
            "regional",
            "regional (superseded on 2024-02-21 by global), signaling",
        ),
        (
            "regional,global",
            "regional (superseded on 2024-02-21 by global), global, signaling",
        ),
        ("current", "global, signaling"),
        ("interconnect", "interconnect, signaling"),
    ] {
        let options = format!("--format iptables --region tokyo --edition {editions}");
        let expected = format!("the iptables rules for tokyo, edition {said}");
        let rules = render(&options);
        let in_sync = check(&format!("{options} --quiet"), &rules).ok();
        assert!(
            in_sync.starts_with(&format!("in sync: exactly {expected}")),
            "{in_sync}"
        );
        let changed = rules.replacen("5060", "5070", 1);
        for report in ["text", "github"] {
            let options = format!("{options} --quiet --report {report}");
            let drift = drifted(check(&options, &changed));
            let verdict = drift.lines().next().unwrap();
            assert!(verdict.starts_with("drift: 1 missing, "), "{drift}");
            assert!(
                verdict.contains(&format!(" extra, compared with {expected}")),
                "{drift}"
            );
        }
    }
}

#[test]
fn checks_several_files_one_by_one_and_sums_them_up() {
    let mut tool = Tool::line(&format!("check {TOKYO} a b c d"))
        .file("a", tokyo())
        .file("b", with_frankfurt())
        .file("c", tokyo().replacen("-j ACCEPT", "-j DROP", 1))
        .file("d", tokyo());
    let report = drifted(tool.run());
    assert!(
        report.starts_with(
            "drift: 2 of 4 files, 1 missing, 6 extra, compared with the iptables rules for tokyo,"
        ),
        "{report}"
    );
    let (b, c) = (report.find("\nb\n").unwrap(), report.find("\nc\n").unwrap());
    assert!(b < c, "{report}");
    assert!(
        !report.contains("\na\n") && !report.contains("\nd\n"),
        "{report}"
    );
    let same = Tool::line(&format!("check {TOKYO} a b"))
        .file("a", tokyo())
        .file("b", tokyo())
        .run_once();
    assert!(
        same.starts_with("in sync: 2 files, each exactly the iptables rules"),
        "{same}"
    );
    let mut tool = Tool::line(&format!("check {TOKYO} --report json a b"))
        .file("a", tokyo())
        .file("b", with_frankfurt());
    let report = valid_json(
        "checks_several_files_one_by_one_and_sums_them_up",
        "check",
        &tool.run(),
    );
    assert_eq!(
        report["summary"],
        serde_json::json!({"files": 2, "drifted": 1, "missing": 0, "extra": 6, "not_hooked": 0})
    );
}

#[test]
fn prints_no_report_if_one_file_cannot_be_checked() {
    let mut tool = Tool::line(&format!("check {TOKYO} a b c nowhere"))
        .file("a", tokyo())
        .file("b", tokyo().replacen("-p udp", "-p udp --nonesuch", 1))
        .file("c", with_frankfurt());
    assert_eq!(
        tool.run().refused(),
        "twilio-sip-allow: error: b:19: '--nonesuch' is unknown or not supported; expected a match or a target of iptables-extensions(8)\n    in: -A TWILIO-SIP-IN -s 54.65.63.192/30 -p udp --nonesuch -m udp --dport 5060 -m comment --comment \"tokyo signaling udp\" -j ACCEPT
twilio-sip-allow: error: cannot read nowhere: No such file or directory; name an existing file, or '-' for standard input
twilio-sip-allow: error: 2 of 4 files could not be checked; 1 of the others has drifted
"
    );
}

#[test]
fn a_repair_brings_every_format_back_into_sync() {
    // These two formats are repaired step by step.
    let by_steps = ["aws-sg", "aws-prefix-list"];
    for format in READ_BY_CHECK.iter().filter(|name| !by_steps.contains(name)) {
        let options = format!("{} --region tokyo --format {format}", renderable(format));
        let ran = check(
            &format!("{options} --edition regional --print-repair"),
            &render(&options.replace("tokyo", "sydney")),
        );
        assert_eq!(ran.status, 1, "{ran}");
        assert!(
            ran.stderr.starts_with("drift: 8 missing") || *format != "iptables",
            "{ran}"
        );
        assert_eq!(ran.stdout, render(&options), "{format}");
    }
}

#[test]
fn prints_no_repair_if_the_rules_are_in_sync() {
    let ran = check(
        &format!("{TOKYO} --edition regional --print-repair"),
        &tokyo(),
    );
    assert!(ran.stderr.starts_with("in sync"), "{ran}");
    assert_eq!(ran.ok(), "");
}

#[test]
fn a_closed_pipe_does_not_change_the_exit_status_of_check() {
    for (content, status) in [(tokyo(), 0), (with_frankfurt(), 1)] {
        let mut tool = Tool::line(&format!("check {TOKYO} deployed")).file("deployed", content);
        let mut child = tool
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

#[test]
fn uses_color_on_terminals_or_on_request() {
    let report = drifted(check(&format!("{TOKYO} --color always"), &with_frankfurt()));
    assert!(
        report.starts_with("\u{1b}[1;31mdrift\u{1b}[0m: "),
        "{report:?}"
    );
    let report = drifted(check(TOKYO, &with_frankfurt()));
    assert!(!report.contains('\u{1b}'), "{report:?}");
}

#[test]
fn check_reads_options_from_the_environment() {
    let ran = Tool::line("check deployed")
        .file("deployed", tokyo())
        .env("TWILIO_SIP_ALLOW_REGION", "tokyo")
        .env("TWILIO_SIP_ALLOW_FORMAT", "iptables")
        .env("TWILIO_SIP_ALLOW_REPORT", "json")
        .run();
    assert!(ran.ok().starts_with("{\"version\":3,"));
    let ran = Tool::line("check --format iptables --edition regional deployed")
        .file("deployed", tokyo())
        .env("TWILIO_SIP_ALLOW_DATASET", "nowhere.yaml")
        .env("TWILIO_SIP_ALLOW_REGION", "tokyo")
        .run();
    assert!(ran.ok().starts_with("in sync"));
    let ran = Tool::line("check --format iptables deployed")
        .file("deployed", tokyo())
        .env("TWILIO_SIP_ALLOW_REGOIN", "tokyo")
        .run();
    let message = "unknown environment variable 'TWILIO_SIP_ALLOW_REGOIN' (did you mean REGION?)";
    assert!(ran.refused().contains(message));
}

/// Wrong command lines, with a part of the message for each.
#[test]
fn rejects_wrong_usage_of_check() {
    for (line, message) in [
        (
            "check deployed",
            "no format is selected; use --format, such as --format nftables ('twilio-sip-allow list formats' prints all), or list your checks in twilio-sip-allow.yaml",
        ),
        (
            "check --format iptabels deployed",
            "unknown format 'iptabels' (did you mean iptables?)",
        ),
        (
            "--region tokyo check --format iptables deployed",
            "--region must follow 'check'",
        ),
        (
            "--template x check --format iptables deployed",
            "--template is an option of 'render', not of 'check'",
        ),
        (
            "check --format iptables --output x deployed",
            "--output is an option of 'render', not of 'check'",
        ),
        (
            "check --format iptables nowhere",
            "cannot read nowhere: No such file or directory",
        ),
        ("check --format iptables .", "cannot read .: it is a folder"),
        (
            "check --format iptables - -",
            "stdin can be read only once; use '-' only once",
        ),
        (
            "check --format iptables --dataset -",
            "--dataset and the firewall's listing cannot both be read from stdin",
        ),
        (
            "check --format iptables --print-repair deployed",
            "--print-repair requires --edition or --dataset, because the default edition 'regional' is superseded",
        ),
        (
            "check --format iptables --edition current --print-repair a b",
            "--print-repair repairs one firewall at a time; name only one FILE",
        ),
        (
            "check --format iptables --report xml deployed",
            "--report: 'xml' is not one of text, json, github",
        ),
        (
            "check --format iptables --table x deployed",
            "--table has no effect with iptables; leave it out, or use --format nftables",
        ),
        (
            "check --format nftables --table filter deployed",
            "--table 'filter' does not name a family and a table",
        ),
        (
            "check --format iptables --name a|b deployed",
            "--name: 'a|b' is not a valid name; use 1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
        ),
        (
            "check --format aws-sg --local-address 10.0.0.1 deployed",
            "aws-sg cannot express --local-address",
        ),
        (
            "check --format iptables --region nowhere deployed",
            "unknown region 'nowhere'",
        ),
        (
            "check --format iptables --edition regional --dataset x deployed",
            "--dataset and --edition cannot be used together; remove one of them",
        ),
        (
            "check --format iptables empty",
            "empty is empty: 'iptables-save' failed, or no rules are loaded yet (--allow-empty accepts this); to load the rules, save the output of the same options without 'check' as FILE, then run: iptables-restore --noflush FILE",
        ),
        (
            "check --format iptables latin1",
            "latin1: line 1: byte 3 of the input is not UTF-8",
        ),
    ] {
        let mut tool = Tool::line(line)
            .file("deployed", tokyo())
            .file("empty", " \n")
            .file("latin1", b"a \xe4\n");
        let error = tool.run().refused();
        assert!(error.contains(message), "{line}\n{error}");
    }
}

/// `iptables -S CHAIN` and `nft list chain` list only one of the two chains.
#[test]
fn checks_only_the_chain_that_is_in_the_listing() {
    let rules = render("--region tokyo --direction in --format iptables");
    let rules: String = rules
        .split_inclusive('\n')
        .filter(|line| line.starts_with("-A"))
        .collect();
    let one = format!("-N TWILIO-SIP-IN\n{rules}");
    let open =
        "-P INPUT DROP\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n-N TWILIO-SIP-IN\n-N TWILIO-SIP-OUT\n";
    let all = format!("{open}{rules}-A TWILIO-SIP-OUT -j ACCEPT\n");
    let both = "(TWILIO-SIP-IN, TWILIO-SIP-OUT)";
    for (text, direction, status, printed) in [
        (
            &one,
            "in",
            0,
            "in sync: exactly the iptables rules for tokyo, edition regional (superseded on 2024-02-21 by global), signaling and media in (TWILIO-SIP-IN)",
        ),
        (&all, "in", 1, "drift: 1 not hooked, 0 missing, 1 extra"),
        // The text does not contain the chain of the selected direction.
        (&one, "out", 1, both),
    ] {
        let args =
            format!("check -q --region tokyo --direction {direction} --format iptables deployed");
        let ran = Tool::line(&args).file("deployed", text).run();
        assert_eq!(ran.status, status, "{text}{}", ran.stderr);
        assert!(ran.stdout.contains(printed), "{}", ran.stdout);
    }
    let table = "table inet filter {\n\tchain twilio_sip_in {\n\t\taccept\n\t}\n}\n";
    let args = "check -q --region tokyo --direction in --format nftables deployed";
    let ran = Tool::line(args).file("deployed", table).run();
    assert_eq!(ran.status, 1, "{ran}");
    assert!(ran.stdout.contains("media in (twilio_sip_in)\n"), "{ran}");
}

#[test]
fn the_error_about_empty_input_contains_the_commands_to_list_and_load_rules() {
    for format in READ_BY_CHECK {
        let options = format!("--edition current {} --format {format}", renderable(format));
        let rules = render(&format!("--region tokyo {options}"));
        let load = rules.lines().find_map(|line| line.split_once(" load: "));
        for empty in ["", " \n\n"] {
            let error = check(&format!("{options} --quiet"), empty).refused();
            assert_eq!(error.lines().count(), 1, "{error}");
            let start = "twilio-sip-allow: error: deployed is empty: '";
            assert!(error.starts_with(start), "{error}");
            let way_out = "' failed, or no rules are loaded yet (--allow-empty accepts this); to load \
                           the rules, save the output of the same options without 'check' as FILE, then run: ";
            let (_, command) = error.split_once(way_out).unwrap();
            if let Some((_, load)) = load {
                let command = command.trim_end().replace("DIRECTION", "in");
                assert_eq!(command, load.trim_end_matches(['"', ',']));
            }
        }
    }
}

#[test]
fn with_allow_empty_all_rules_are_missing_and_the_repair_contains_all() {
    for format in READ_BY_CHECK {
        let selection = format!("--region tokyo --edition current {}", renderable(format));
        let options = format!("{selection} --format {format} --allow-empty");
        let report = drifted(check(&format!("{options} --quiet --verbose"), ""));
        assert!(report.starts_with("drift: "), "{format}: {report}");
        // On IOS, a missing access list permits everything.
        let extra = if *format == "cisco" {
            ", 2 extra"
        } else {
            ", 0 extra"
        };
        assert!(report.contains(extra), "{format}: {report}");
        assert!(report.contains("  missing in  "), "{format}: {report}");
        // The option has no effect if there are rules.
        let rules = render(&format!("{selection} --format {format}"));
        let verdict = check(&format!("{options} --quiet"), &rules).ok();
        assert!(verdict.starts_with("in sync"), "{format}: {verdict}");
    }
    let options = "--region tokyo --edition current --format iptables";
    let repair = check(&format!("{options} --allow-empty --print-repair"), "");
    assert_eq!(repair.stdout, render(options));
    let variable = Tool::line(&format!("check {options} deployed"))
        .file("deployed", "")
        .env("TWILIO_SIP_ALLOW_ALLOW_EMPTY", "true")
        .run();
    assert_eq!(variable.status, 1, "{variable}");
}

#[test]
fn a_note_contains_the_command_that_loads_absent_rules() {
    let note = |options: &str, text: &str| {
        let ran = check(&format!("{options} --edition current"), text);
        assert_eq!(ran.status, 1, "{ran}");
        ran.stderr
    };
    let nftables = "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n";
    assert_eq!(
        note("--format nftables --name pbx", nftables),
        "twilio-sip-allow: note: unless the input has them under another name: to load the rules, save the output of the \
         same options without 'check' as FILE, then run: nft -f FILE\n"
    );
    let iptables = "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n";
    let line = "check --edition current --format iptables a b c";
    let mut tool = Tool::line(line)
        .file("a", iptables)
        .file("b", render("--edition current --format iptables"))
        .file("c", iptables);
    let stderr = tool.run().stderr;
    assert_eq!(
        stderr,
        "twilio-sip-allow: note: 2 of 3 files have no rules named 'twilio-sip'; unless the input has them under another name: to load the rules, \
         save the output of the same options without 'check' as FILE, then run: iptables-restore --noflush FILE\n"
    );
    // A router has one trusted list, which has no name.
    let router = "version 15.7\nhostname a\n";
    assert_eq!(
        note(
            "--direction in --plane signaling --format cisco-cube",
            router
        ),
        "twilio-sip-allow: note: to load the rules, save the output of the same options without 'check' as FILE, then \
         run: copy FILE running-config\n"
    );
    let line = "check --edition current --direction in --plane signaling --format cisco-cube a b";
    let stderr = Tool::line(line)
        .file("a", router)
        .file("b", router)
        .run()
        .stderr;
    assert_eq!(
        stderr,
        "twilio-sip-allow: note: 2 of 2 files have none of the expected rules; to load the rules, save the output of \
         the same options without 'check' as FILE, then run: copy FILE running-config\n"
    );
    // Rules with drift are loaded.
    assert_eq!(note("--format iptables", &with_frankfurt()), "");
    assert_eq!(
        drifted(check(TOKYO, iptables))
            .lines()
            .next()
            .map(|line| &line[..6]),
        Some("drift:")
    );
}

/// The collector prints the outputs of several commands, which only `verify` reads.
#[test]
fn refuses_the_output_of_the_collector() {
    let capture = "===== twilio-sip-allow 1: host: status 0, lines 1 =====\npbx\n";
    let ran = Tool::line("check --format iptables capture")
        .file("capture", capture)
        .run();
    assert_eq!(
        ran.refused(),
        "twilio-sip-allow: error: capture is the output of the collector; 'check' compares the output of \
         'iptables-save' alone, and 'verify' reads this file\n"
    );
}
