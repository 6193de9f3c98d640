//! Terraform files and states.
//!
//! No test runs Terraform. `tests/samples/terraform/show.json` was written by hand. It follows Terraform's "JSON
//! Output Format" and the attributes that the AWS provider documents for security group rules.

use super::{
    BOTH, Direction, Expected, Limits, UnitQuery, Value, dialect, format, json, rows, set,
};

const SAMPLE: &str = include_str!("../../samples/terraform/show.json");

fn tokyo(directions: &[Direction]) -> Expected {
    Expected::new("terraform", "tokyo", directions)
}

const INGRESS: &str = "/resource/aws_vpc_security_group_ingress_rule";
const MEDIA: &str = "twilio_sip_udp_10000_20000_54_65_63_192_26";
const SIP: &str = "twilio_sip_udp_5060_54_65_63_192_30";

/// The rendered file with an edit. In the path, `@` is the inbound rule for media, and `~` the one for SIP over UDP.
fn edited(edit: &str) -> String {
    let path = match edit.split_at(1) {
        ("@", rest) => format!("{INGRESS}/{MEDIA}{rest}"),
        ("~", rest) => format!("{INGRESS}/{SIP}{rest}"),
        _ => edit.to_owned(),
    };
    tokyo(&BOTH).edited(&path)
}

/// The sample with an edit. In the path, `@` is the inbound resource for media, and `#` the resources of the root
/// module.
fn state(edit: &str) -> String {
    let module = "/values/root_module/child_modules/0/resources";
    let edit = edit.replacen('@', &format!("{module}/4"), 1);
    let mut value: Value = serde_json::from_str(SAMPLE).unwrap();
    set(
        &mut value,
        &edit.replacen('#', "/values/root_module/resources", 1),
    );
    format!("{value}\n")
}

/// A resource of a state.
fn resource(kind: &str, name: &str, values: &Value) -> Value {
    let mut resource = json!({
        "address": "a", "mode": "managed", "type": format!("aws_vpc_security_group_{kind}_rule"),
        "name": name, "values": {"security_group_id": "sg-0a1b2c3d4e5f60718"},
    });
    for (key, value) in values.as_object().unwrap() {
        resource["values"][key] = value.clone();
    }
    resource
}

const SAME: &str = r#"
/~1~1 = "nothing" =>
/variable/twilio_sip_security_group_id = {"type": "string", "default": "sg-1"} =>
@/from_port = "10000" =>
@/ip_protocol = "17" =>
@/ip_protocol = 17 =>
@/description = "for ${var.site}" =>
~ = {"//": "a", "security_group_id": "${var.twilio_sip_security_group_id}", "ip_protocol": "udp", "from_port": 5060, "to_port": 5060, "cidr_ipv4": "54.65.63.192/30", "cidr_ipv6": null, "tags": {"a": "b"}, "provider": "aws.tokyo", "region": "ap-northeast-1", "depends_on": ["aws_vpc.a"]} =>
"#;

const SAME_STATE: &str = r#"
/format_version = "1.2" =>
/format_version = "0.1" =>
/terraform_version = "1.0.0" =>
/values/outputs = {} =>
@/index = "a" =>
@/tainted = true =>
@/values/tags = {"a": "b"} =>
@/values/region = "ap-northeast-1" =>
@/values/ip_protocol = "17" =>
@/name = "twilio_sip_media" =>
#/2/values = 7 =>
#/3/values/ip_protocol = 7 =>
#/0/type = "aws_vpc_security_group_ingress_rule" =>
"#;

#[test]
fn equivalent_files_and_states_are_in_sync() {
    let own = tokyo(&BOTH);
    let mut texts: Vec<String> = rows(SAME).map(|(edit, _)| edited(edit)).collect();
    texts.extend(rows(SAME_STATE).map(|(edit, _)| state(edit)));
    let reference = "${var.twilio_sip_security_group_id}";
    assert!(own.text().contains(reference));
    texts.push(own.text().replace(reference, "sg-1"));
    texts.push(SAMPLE.to_owned());
    // Resources that do not belong to the unit, and one rule split into two with other names.
    let mut value = own.value();
    value["data"] = json!({"aws_vpc": {"main": {}}});
    value["resource"]["aws_security_group"] =
        json!({"web": {"ingress": [{"protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]}]}});
    let rules = &mut value["resource"]["aws_vpc_security_group_ingress_rule"];
    let media = rules.as_object_mut().unwrap().remove(MEDIA).unwrap();
    for (name, cidr) in [("a-1", "54.65.63.224/27"), ("_b", "54.65.63.192/27")] {
        rules[name] = media.clone();
        rules[name]["cidr_ipv4"] = cidr.into();
    }
    texts.push(value.to_string());
    for text in texts {
        assert_eq!(own.differences(&text), [""; 0], "{text}");
    }
}

const DRIFT: &str = r#"
@/cidr_ipv4 = "54.65.63.192/27" => missing in 17 54.65.63.224-54.65.63.255 10000-20000
@/cidr_ipv4 = "54.65.63.128/25" => extra in 17 54.65.63.128-54.65.63.191 10000-20000
@/from_port = "9999" => extra in 17 54.65.63.192-54.65.63.255 9999-9999
@/to_port = 20001 => extra in 17 54.65.63.192-54.65.63.255 20001-20001
@/ip_protocol = "tcp" => missing in 17 54.65.63.192-54.65.63.255 10000-20000, extra in 6 54.65.63.192-54.65.63.255 10000-20000
"#;

/// Additional rules and the resulting drift.
const MORE: &str = r#"
{"ip_protocol": "-1", "cidr_ipv4": "192.0.2.0/24"} => extra in several 192.0.2.0-192.0.2.255 0-65535
{"ip_protocol": "-1", "from_port": null, "to_port": null, "cidr_ipv4": "192.0.2.0/24", "cidr_ipv6": null} => extra in several 192.0.2.0-192.0.2.255 0-65535
{"ip_protocol": "icmp", "from_port": 8, "to_port": -1, "cidr_ipv4": "192.0.2.0/24"} => extra in 1 192.0.2.0-192.0.2.255 0-65535 sometimes
{"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv6": "2001:db8::/32"} => beyond in tcp 22 from IPv6 2001:db8::/32
{"ip_protocol": "tcp", "from_port": 22, "to_port": 23, "prefix_list_id": "pl-1"} => beyond in tcp 22-23 from prefix list pl-1
{"ip_protocol": "-1", "referenced_security_group_id": "123456789012/sg-2"} => beyond in all protocols from security group 123456789012/sg-2
"#;

#[test]
fn reports_each_difference_of_a_file_and_of_a_state() {
    let own = tokyo(&BOTH);
    for (edit, expected) in rows(DRIFT) {
        let reported = own.differences(&edited(edit)).join(", ");
        assert_eq!(reported, expected, "{edit}");
        let reported = own
            .differences(&state(&edit.replace("@/", "@/values/")))
            .join(", ");
        assert_eq!(reported, expected, "{edit}");
    }
    for (values, expected) in rows(MORE) {
        let values: Value = serde_json::from_str(values).unwrap();
        let mut file = own.value();
        let mut arguments = values.clone();
        arguments["security_group_id"] = json!("${var.twilio_sip_security_group_id}");
        file["resource"]["aws_vpc_security_group_ingress_rule"]["more"] = arguments;
        assert_eq!(own.differences(&file.to_string()).join(", "), expected);
        let more = resource("ingress", "twilio_sip_more", &values);
        let text = state(&format!("#/2 = {more}"));
        assert_eq!(own.differences(&text).join(", "), expected);
    }
    let values =
        json!({"ip_protocol": "udp", "from_port": 53, "to_port": 53, "cidr_ipv4": "192.0.2.1/32"});
    let more = resource("egress", "twilio_sip_udp_53_192_0_2_1_32", &values);
    let reported = own.differences(&state(&format!("#/2 = {more}")));
    assert_eq!(reported, ["extra out 17 192.0.2.1-192.0.2.1 53-53"]);
    // Terraform replaces both directions.
    let one_way = tokyo(&[Direction::Out]);
    assert_eq!(one_way.differences(SAMPLE).len(), 3);
    assert_eq!(own.differences(&one_way.text()).len(), 4);
}

const MISSING: &str = "missing in 17 54.65.63.192-54.65.63.255 10000-20000";

#[test]
fn finds_the_rules_of_a_state_by_the_name_of_the_unit() {
    let own = tokyo(&BOTH);
    for (name, is_own) in [
        ("twilio_sip_udp_10000_20000_54_65_63_192_26", true),
        ("twilio_sip_tcp_1", true),
        ("twilio_sip_anything", true),
        ("twilio_sip_udp_", true),
        ("twilio_sip_x_udp_y", true),
        ("twilio_sip", false),
        ("twilio_sipudp_1", false),
        ("Twilio_sip_udp_1", false),
        ("my_twilio_sip_udp_1", false),
        // These may belong to a unit with a longer name, but they are in the same group.
        ("twilio_sip_b_udp_5060_1_2_3_0_24", true),
        ("twilio_sip_b_tcp_5060_5061_1_2_3_0_24", true),
        ("twilio_sip_udp_udp_5060", true),
        ("twilio_sip_udp_5_tcp_5060", true),
        ("twilio_sip_media_udp_10000_20000", true),
    ] {
        let reported = own.differences(&state(&format!("@/name = {name:?}")));
        let expected: &[&str] = if is_own { &[] } else { &[MISSING] };
        assert_eq!(reported, expected, "{name}");
    }
    assert_eq!(own.differences(&state("@/mode = \"data\"")), [MISSING]);
    // With another name, `check` finds the rules of that unit.
    let mut lab = tokyo(&BOTH);
    lab.name = "Twilio-SIP-lab";
    let reported = lab.differences(SAMPLE);
    let extra = "extra in 17 198.51.100.0-198.51.100.255 5060-5060";
    assert_eq!(
        (reported.len(), reported.last().map(String::as_str)),
        (9, Some(extra))
    );
}

/// Resources with names that start like the name of the unit, and the resulting drift or error.
const OTHER_UNITS: &str = r#"
twilio_sip_my_udp_5060_5061_0_0_0_0_0 ingress sg-0a1b2c3d4e5f60718 {"ip_protocol": "udp", "from_port": 5060, "to_port": 5061, "cidr_ipv4": "0.0.0.0/0"} => extra in 17 0.0.0.0-54.65.63.191 5060-5061, extra in 17 54.65.63.192-54.65.63.195 5061-5061, extra in 17 54.65.63.196-255.255.255.255 5060-5061
twilio_sip_lab_tcp_22_192_0_2_0_24 ingress sg-0a1b2c3d4e5f60718 {"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "192.0.2.0/24"} => extra in 6 192.0.2.0-192.0.2.255 22-22
twilio_sip_b_udp_53_192_0_2_1_32 egress sg-0a1b2c3d4e5f60718 {"ip_protocol": "udp", "from_port": 53, "to_port": 53, "cidr_ipv4": "192.0.2.1/32"} => extra out 17 192.0.2.1-192.0.2.1 53-53
twilio_sip_b_udp_53_192_0_2_1_32 ingress sg-0a1b2c3d4e5f60718 {"ip_protocol": "-1", "cidr_ipv6": "::/0"} => beyond in all protocols from IPv6 ::/0
twilio_sip_b_udp_53_192_0_2_1_32 ingress sg-0a1b2c3d4e5f60718 {"ip_protocol": "-1", "referenced_security_group_id": "sg-0a1b2c3d4e5f60718"} => beyond in all protocols from security group sg-0a1b2c3d4e5f60718
twilio_sip_b_udp_53_192_0_2_1_32 ingress sg-0a1b2c3d4e5f60718 {"ip_protocol": "-1", "prefix_list_id": "pl-1"} => beyond in all protocols from prefix list pl-1
twilio_sip_b_udp_53_192_0_2_1_32 ingress sg-0fffffffffffffff0 {"ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"} =>
twilio_sip_b_udp_53_192_0_2_1_32 ingress sg-0fffffffffffffff0 {"ip_protocol": "what"} =>
web_udp_53_192_0_2_1_32 ingress sg-0a1b2c3d4e5f60718 {"ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"} =>
twilio_sip_x_udp_53_192_0_2_1_32 ingress sg-0a1b2c3d4e5f60718 {"ip_protocol": "-1", "cidr_ipv4": "192.0.2.0/33"} => refused values.cidr_ipv4: '192.0.2.0/33'
twilio_sip_x_udp_53_192_0_2_1_32 ingress null {"ip_protocol": "-1", "cidr_ipv4": "192.0.2.0/24"} => refused values: expected 'security_group_id'
twilio_sip_all old sg-0a1b2c3d4e5f60718 {"type": "ingress", "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]} => refused resources[2]: 'twilio_sip_all' has the type aws_security_group_rule, which check does not support, and belongs to the same security group; provide the output of 'aws ec2 describe-security-groups' with --format aws-sg
twilio_sip_udp_53_192_0_2_1_32 old null {"type": "ingress", "protocol": "-1"} => refused resources[2]: 'twilio_sip_udp_53_192_0_2_1_32' has the type aws_security_group_rule
twilio_sip_all old sg-0fffffffffffffff0 {"type": "ingress", "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]} =>
web old sg-0a1b2c3d4e5f60718 {"type": "ingress", "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]} =>
twilio_sip_all awscc_ingress sg-0a1b2c3d4e5f60718 {"ip_protocol": "-1", "cidr_ip": "0.0.0.0/0"} => refused resources[2]: 'twilio_sip_all' has the type awscc_ec2_security_group_ingress, which check does not support, and belongs to the same security group; provide the output of 'aws ec2 describe-security-groups' with --format aws-sg
twilio_sip_all awscc_egress sg-0a1b2c3d4e5f60718 {"ip_protocol": "-1", "cidr_ip": "0.0.0.0/0"} => refused resources[2]: 'twilio_sip_all' has the type awscc_ec2_security_group_egress
twilio_sip_all awscc_egress null {"ip_protocol": "-1", "group_name": "calls"} => refused resources[2]: 'twilio_sip_all' has the type awscc_ec2_security_group_egress
twilio_sip_all awscc_ingress sg-0fffffffffffffff0 {"ip_protocol": "-1", "cidr_ip": "0.0.0.0/0"} =>
web awscc_ingress sg-0a1b2c3d4e5f60718 {"ip_protocol": "-1", "cidr_ip": "0.0.0.0/0"} =>
"#;

#[test]
fn includes_rules_of_the_same_group_that_may_belong_to_a_longer_unit_name() {
    let own = tokyo(&BOTH);
    for (row, expected) in rows(OTHER_UNITS) {
        let words: Vec<_> = row.splitn(4, ' ').collect();
        let [name, kind, group, values] = words[..] else {
            panic!("{row}");
        };
        let values: Value = serde_json::from_str(values).unwrap();
        let mut more = resource(kind, name, &values);
        let mut key = "security_group_id";
        if kind == "old" {
            more["type"] = "aws_security_group_rule".into();
        } else if let Some(direction) = kind.strip_prefix("awscc_") {
            more["type"] = format!("awscc_ec2_security_group_{direction}").into();
            more["values"] = values;
            key = "group_id";
        }
        more["values"][key] = match group {
            "null" => Value::Null,
            id => id.into(),
        };
        let of_root = state(&format!("#/2 = {more}"));
        let mut value: Value = serde_json::from_str(SAMPLE).unwrap();
        let modules = &mut value["values"]["root_module"]["child_modules"];
        let module = json!({"resources": [{"type": "a"}, {"type": "b"}, more]});
        modules.as_array_mut().unwrap().push(module);
        for text in [of_root, value.to_string()] {
            match expected.strip_prefix("refused ") {
                None => assert_eq!(own.differences(&text).join(", "), expected, "{row}"),
                Some(problem) => {
                    let refused = own.refused(&text);
                    assert!(refused.contains(problem), "{row}\n{refused}");
                }
            }
        }
    }
}

/// The next `terraform apply` removes the rules that are not in such a list.
#[test]
fn a_list_of_all_rules_of_the_group_must_contain_the_rules_of_the_unit() {
    let own = tokyo(&BOTH);
    let mut value: Value = serde_json::from_str(SAMPLE).unwrap();
    let module = &mut value["values"]["root_module"]["child_modules"][0];
    let mut ids = [Vec::new(), Vec::new()];
    for (number, rule) in module["resources"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .enumerate()
    {
        let id = format!("sgr-{number}");
        rule["values"]["security_group_rule_id"] = id.clone().into();
        let kind = rule["type"].as_str().unwrap();
        ids[usize::from(kind.contains("egress"))].push(id);
    }
    let list = |group: &str, ingress: &[String]| {
        let mut list = resource(
            "s_exclusive",
            "only",
            &json!({
                "ingress_rule_ids": ingress, "egress_rule_ids": ids[1], "security_group_id": group,
            }),
        );
        list["type"] = "aws_vpc_security_group_rules_exclusive".into();
        let mut text = value.clone();
        text["values"]["root_module"]["resources"] = json!([list]);
        text.to_string()
    };
    let group = "sg-0a1b2c3d4e5f60718";
    assert_eq!(own.differences(&list(group, &ids[0])), [""; 0]);
    assert_eq!(own.differences(&list("sg-0fffffffffffffff0", &[])), [""; 0]);
    let refused = own.refused(&list(group, &ids[0][1..]));
    let problem = "resources[0]: the next apply removes the rules of the security group that this resource does not list, such as 'twilio_sip_";
    assert!(refused.contains(problem), "{refused}");
    // Each of two lists removes the rules that the other one keeps.
    let mut twice: Value = serde_json::from_str(&list(group, &ids[0])).unwrap();
    let resources = &mut twice["values"]["root_module"]["resources"];
    let first = resources[0].clone();
    resources.as_array_mut().unwrap().push(first);
    let refused = own.refused(&twice.to_string());
    let problem = "resources[1]: a second resource lists all rules of the same security group";
    assert!(refused.contains(problem), "{refused}");
}

#[test]
fn a_state_without_the_unit_accepts_nothing() {
    let own = tokyo(&BOTH);
    let unit = own.unit();
    let wanted = UnitQuery {
        unit: &unit,
        directions: &BOTH,
        limits: Limits::default(),
    };
    for text in [
        r#"{"format_version":"1.0"}"#,
        r#"{"format_version":"1.0","terraform_version":"1.9.8","values":{"outputs":{},"root_module":{}}}"#,
        &SAMPLE.replace("twilio_sip", "other"),
    ] {
        assert_eq!(own.differences(text).len(), 8, "{text}");
        let units = format::parse(dialect("terraform"), text, wanted).unwrap();
        let absent = units[0].absent.as_deref();
        let why = "no rule in the state has a name that starts with 'twilio_sip_'";
        assert_eq!(absent, Some(why));
    }
    let file = r#"{"resource": {"aws_vpc": {"main": {}}}}"#;
    let units = format::parse(dialect("terraform"), file, wanted).unwrap();
    let why = "the file has no rules of a security group";
    assert_eq!(units[1].absent.as_deref(), Some(why));
}

#[test]
fn a_difference_points_to_the_values_of_the_rule() {
    let own = tokyo(&BOTH);
    let text = state("@/values/to_port = 20001");
    let drift = own.check(&text).unwrap();
    let at = drift.extra[0].source_lines[0] as usize;
    assert!(text[..at].ends_with("\"values\":"), "{}", &text[at..]);
}

const REFUSED: &str = r#"
/resource = [] => resource: expected an object, not an array
/resource/aws_vpc_security_group_ingress_rule = [] => resource.aws_vpc_security_group_ingress_rule: expected an object, not an array
/variable = {} => 1: expected the variable 'twilio_sip_security_group_id' in 'variable'
/variable = 7 => variable: expected an object, not 7
@ = [{}] => resource.aws_vpc_security_group_ingress_rule.twilio_sip_udp_10000_20000_54_65_63_192_26: expected an object, not an array
@/security_group_id = "${aws_security_group.a.id}" => security_group_id: expected '${var.twilio_sip_security_group_id}' or a security group's id; --name sets the name in the variable
@/security_group_id = "${var.pbx_security_group_id}" => security_group_id: expected '${var.twilio_sip_security_group_id}' or a security group's id
@/security_group_id = "sg-1" => 1: the rules belong to several security groups; render the rules of each group with its own --name
@/security_group_id = null => expected 'security_group_id'
@/cidr_ipv4 = "${each.value}" => cidr_ipv4: expressions are not supported here; write the value itself
@/from_port = "%{ if true }1%{ endif }" => from_port: expressions are not supported here
@/cidr_ipv4 = "54.65.63.193/26" => cidr_ipv4: '54.65.63.193/26' has host bits set
@/cidr_ipv4 = null => expected exactly one of cidr_ipv4, cidr_ipv6, prefix_list_id, referenced_security_group_id
@/ip_protocol = "all" => ip_protocol: unknown protocol 'all'
@/ip_protocol = null => expected 'ip_protocol'
@/from_port = null => expected both or neither of from_port and to_port
@/from_port = "1e4" => from_port: expected a whole number, not '1e4'
@/from_port = 1e4 => from_port: expected a whole number, not 10000.0
~ = {"security_group_id": "sg-1", "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0", "count": 0} => unknown key 'count'; expected security_group_id, ip_protocol,
~ = {"security_group_id": "sg-1", "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0", "for_each": "a"} => unknown key 'for_each'
~ = {"security_group_id": "sg-1", "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0", "lifecycle": {}} => unknown key 'lifecycle'
~ = {"security_group_id": "sg-1", "ip_protocol": "udp", "cidr_ipv4": "0.0.0.0/0"} => expected from_port and to_port
/resource/aws_security_group_rule = {"all": {"type": "ingress", "security_group_id": "${var.twilio_sip_security_group_id}"}} => resource.aws_security_group_rule: check does not support rules of this type; use aws_vpc_security_group_ingress_rule or aws_vpc_security_group_egress_rule
/resource/aws_security_group_rule = [{"all": [{"type": "ingress"}]}] => resource.aws_security_group_rule: check does not support rules of this type
/resource/awscc_ec2_security_group_ingress = {"all": {"group_id": "sg-2", "ip_protocol": "-1"}} => resource.awscc_ec2_security_group_ingress: check does not support rules of this type
/resource/awscc_ec2_security_group_egress = [{"all": [{"group_id": "sg-2"}]}] => resource.awscc_ec2_security_group_egress: check does not support rules of this type
/module = {"more": {"source": "./more", "group": "${var.twilio_sip_security_group_id}"}} => module: the resources of modules are not in the input; provide the output of 'terraform show -json'
/module = [{"more": {"source": "./more"}}] => module: the resources of modules are not in the input
"#;

const REFUSED_STATE: &str = r#"
/format_version = "2.0" => format_version: unknown format version '2.0'; expected version 0 or 1
/format_version = 1 => format_version: expected a string, not 1
/values = 7 => values: expected an object, not 7
/values/root_module = [] => values.root_module: expected an object, not an array
/values/root_module/resources = {} => values.root_module.resources: expected an array, not an object
/values/root_module/child_modules = {} => values.root_module.child_modules: expected an array, not an object
#/0 = 7 => values.root_module.resources[0]: expected an object, not 7
#/0 = {} => values.root_module.resources[0]: expected 'type'
#/3/values = 7 => values.root_module.resources[3].values: expected an object, not 7
@/mode = null => values.root_module.child_modules[0].resources[4].mode: expected a string, not null
@/name = 7 => values.root_module.child_modules[0].resources[4].name: expected a string, not 7
@ = {"mode": "managed", "type": "aws_vpc_security_group_ingress_rule", "name": "twilio_sip_a"} => resources[4]: expected 'values'
@ = {"type": "aws_vpc_security_group_ingress_rule", "name": "twilio_sip_a"} => resources[4]: expected 'mode'
@/values/security_group_id = "sg-1" => 1: the rules belong to several security groups; render the rules of each group with its own --name
@/values/security_group_id = 7 => resources[4].values.security_group_id: expected a string, not 7
@/values/cidr_ipv4 = "54.65.63.193/26" => resources[4].values.cidr_ipv4: '54.65.63.193/26' has host bits set
@/values/cidr_ipv6 = "::/0" => resources[4].values: expected exactly one of cidr_ipv4, cidr_ipv6
@/values/to_port = 9999 => resources[4].values: the port range from 10000 to 9999 is reversed
@/values = {"security_group_id": "sg-1", "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0", "action": "deny"} => resources[4].values: unknown key 'action'; expected security_group_id,
"#;

const NO_UNIT: &str = r#"
{} => 1: expected a .tf.json file with 'resource', or the output of 'terraform show -json'
[] => 1: expected a .tf.json file with 'resource', or the output of 'terraform show -json'
resource "aws_vpc_security_group_ingress_rule" "a" { => expected a .tf.json file with 'resource'
# aws_vpc_security_group_ingress_rule.a: => expected a .tf.json file with 'resource'
{"Resources": {}} => expected a .tf.json file with 'resource'
{"format_version": "1.2", "planned_values": {"root_module": {}}, "prior_state": {}} => 1: the input is a plan, which is not deployed yet; provide the state, the output of 'terraform show -json' without a file
{"version": 4, "terraform_version": "1.9.8", "serial": 3, "lineage": "a", "resources": []} => 1: the input is a raw state file; provide the output of 'terraform show -json'
{"format_version": "1.0", "resource": {"values": {}}} => 1: the input is a single resource; provide the output of 'terraform show -json'
{"resource": {}, "resources": {}} => 1: unknown key 'resources'; expected resource, variable
{"resource": {}, "resource": {}} => 1: duplicate key 'resource'
{"resource": {"aws_vpc": {}, "aws_vpc": {}}} => resource: duplicate key 'aws_vpc'
{"resource": {"aws_vpc_security_group_egress_rule": {"a": {}, "a": {}}}} => resource.aws_vpc_security_group_egress_rule: duplicate key 'a'
{"resource": {"aws_vpc_security_group_egress_rule": {"1a": {}}}} => expected a resource name of letters, digits, '_' and '-' only
{"resource": {"aws_vpc_security_group_egress_rule": {"a b": {}}}} => expected a resource name of letters, digits, '_' and '-' only
{"resource": => the JSON ends too early, so the input may have been cut off; provide the complete input
"#;

#[test]
fn rejects_unsupported_input_with_a_reason() {
    let own = tokyo(&BOTH);
    let files = rows(REFUSED).map(|(edit, message)| (edited(edit), message));
    let states = rows(REFUSED_STATE).map(|(edit, message)| (state(edit), message));
    let others = rows(NO_UNIT).map(|(text, message)| (text.to_owned(), message));
    for (text, message) in files.chain(states).chain(others) {
        let refused = own.refused(&text);
        assert!(refused.contains(message), "{message}\n{refused}");
    }
    for end in (1..SAMPLE.len() - 2).step_by(7) {
        assert!(
            own.refused(&SAMPLE[..end]).contains("JSON") || end < 2,
            "{end}"
        );
    }
}

/// Each row is a section, a type and its resources. The result is the form in which one of them gets the group:
/// the variable, `sg-1` or none.
const GETS: &str = r#"
resource null_resource {"a": {"provisioner": {"local-exec": {"command": "open ${var.twilio_sip_security_group_id}"}}}} => variable
resource null_resource {"a": {"triggers": {"${ var . twilio_sip_security_group_id }": "a"}}} => variable
resource null_resource [{"a": [{"triggers": {"a": "${var.\u0074wilio_sip_security_group_id}"}}]}] => variable
resource shell_script {"a": {"lifecycle_commands": ["open sg-1"]}} => sg-1
resource aws_cloudcontrolapi_resource {"a": {"desired_state": "${jsonencode({GroupId = var.twilio_sip_security_group_id})}"}} => variable
resource aws_cloudformation_stack {"a": {"parameters": {"Group": "sg-1"}}} => sg-1
resource aws_lambda_invocation {"a": {"input": "{\"group\": \"sg-1\"}"}} => sg-1
resource aws_ssm_association {"a": {"parameters": {"Group": "${var.twilio_sip_security_group_id}"}}} => variable
resource aws_instance {"a": {"vpc_security_group_ids": ["sg-1"], "provisioner": [{"local-exec": {"command": "open"}}]}} => sg-1
data external {"a": {"query": {"group": "${var.twilio_sip_security_group_id}"}}} => variable
data aws_lambda_invocation {"a": {"input": "${var.twilio_sip_security_group_id}"}} => variable
resource aws_instance {"a": {"vpc_security_group_ids": ["sg-1", "${var.twilio_sip_security_group_id}"], "tags": {"provisioner": "a"}}} => none
resource aws_lambda_function {"a": {"environment": {"variables": {"GROUP": "sg-1"}}}} => none
resource null_resource {"a": {"triggers": {"a": "${var.my_twilio_sip_security_group_id} sg-12"}}} => none
resource null_resource {"a": {"triggers": {"twilio_sip_security_group_id": "twilio_sip_security_group_id"}}} => none
resource aws_cloudformation_stack {"a": {"parameters": {"Group": "${var.other}"}}} => none
data aws_security_group {"a": {"id": "${var.twilio_sip_security_group_id}"}} => none
resource aws_instance {"b": {"vpc_security_group_ids": ["sg-1", "${var.twilio_sip_security_group_id}"]}, "a": {"provisioner": {"local-exec": {"command": "open"}}}} => none
resource aws_instance [{"b": [{"vpc_security_group_ids": ["sg-1", "${var.twilio_sip_security_group_id}"]}]}, {"a": [{"provisioner": {"local-exec": {"command": "open"}}}]}] => none
resource aws_instance {"b": {"ami": "b"}, "a": [{"vpc_security_group_ids": ["sg-1"], "provisioner": {"remote-exec": {"inline": ["open"]}}}]} => sg-1
"#;

#[test]
fn rejects_a_resource_that_gets_the_group_and_can_change_it() {
    let own = tokyo(&BOTH);
    let reference = "${var.twilio_sip_security_group_id}";
    let by_id = own.text().replace(reference, "sg-1");
    let mut with_default = own.value();
    with_default["variable"]["twilio_sip_security_group_id"]["default"] = "sg-1".into();
    for (text, groups) in [
        (own.text(), &["variable"][..]),
        (by_id, &["variable", "sg-1"]),
        (with_default.to_string(), &["variable", "sg-1"]),
    ] {
        for (row, expected) in rows(GETS) {
            let words: Vec<_> = row.splitn(3, ' ').collect();
            let [section, kind, resources] = words[..] else {
                panic!("{row}");
            };
            let mut value: Value = serde_json::from_str(&text).unwrap();
            value[section][kind] = "PLACE".into();
            let text = value.to_string().replace("\"PLACE\"", resources);
            if groups.contains(&expected) {
                let refused = own.refused(&text);
                let block = if resources.starts_with('[') {
                    format!("{kind}[0].a")
                } else {
                    format!("{kind}.a")
                };
                let problem = format!(
                    "{section}.{block}: the block gets the security group and may add rules that are not in the \
                     input; provide the output of 'aws ec2 describe-security-groups' with --format aws-sg"
                );
                assert!(refused.contains(&problem), "{row}\n{refused}");
            } else {
                assert_eq!(own.differences(&text), [""; 0], "{row}");
            }
        }
    }
    let mut value = own.value();
    value["data"] =
        json!([{"aws_vpc": {"a": {}}}, {"external": {"a": {"query": {"a": reference}}}}]);
    let refused = own.refused(&value.to_string());
    assert!(
        refused.contains("data[1].external.a: the block gets the security group and may add rules that are not in the input"),
        "{refused}"
    );
}

/// `check` blocks with the resulting error, such as a data source that gets the group.
const CHECKS: &str = r#"
{"open": {"data": {"external": {"a": {"program": ["open", "${var.twilio_sip_security_group_id}"]}}}, "assert": {"condition": "${true}"}}} => check.open.data.external.a: the block gets the security group and may add rules that are not in the input
{"open": {"data": {"aws_lambda_invocation": {"a": {"input": "${var.twilio_sip_security_group_id}"}}}, "assert": [{"condition": "${true}"}]}} => check.open.data.aws_lambda_invocation.a: the block gets the security group and may add rules that are not in the input
[{"open": [{"data": [{"external": [{"a": [{"program": ["open", "${var.twilio_sip_security_group_id}"]}]}]}]}]}] => check[0].open[0].data[0].external[0].a: the block gets the security group and may add rules that are not in the input
{"a": {}, "open": [{}, {"data": {"http": {"b": {}, "a": {"url": "${var.twilio_sip_security_group_id}"}}}}]} => check.open[1].data.http.a: the block gets the security group and may add rules that are not in the input
{"open": {"data": {"external": {"a": {"program": ["open", "${var.other}"]}}, "aws_security_group": {"a": {"id": "${var.twilio_sip_security_group_id}"}}}}} => none
{"open": {"assert": {"condition": "${var.twilio_sip_security_group_id != null}"}}, "none": null} => none
{"open": {"data": 7}} => check.open.data: expected an object, not 7
{"open": {"data": [[]]}} => check.open.data[0]: expected an object, not an array
{"open": [7]} => check.open[0]: expected an object, not 7
{"open": {"data": {}, "data": {}}} => check.open: duplicate key 'data'
"#;

#[test]
fn rejects_a_data_source_in_a_check_block_that_gets_the_group() {
    let own = tokyo(&BOTH);
    for (checks, expected) in rows(CHECKS) {
        let mut value = own.value();
        value["check"] = "PLACE".into();
        let text = value.to_string().replace("\"PLACE\"", checks);
        if expected == "none" {
            assert_eq!(own.differences(&text), [""; 0], "{checks}");
        } else {
            let refused = own.refused(&text);
            assert!(refused.contains(expected), "{checks}\n{refused}");
        }
    }
}

#[test]
fn finds_the_unit_by_the_name_of_its_variable() {
    let mut own = tokyo(&BOTH);
    own.name = "PBX_a";
    let text = own.text();
    assert!(text.contains("${var.pbx_a_security_group_id}"));
    assert_eq!(own.differences(&text), [""; 0]);
    let refused = tokyo(&BOTH).refused(&text);
    assert_eq!(refused.lines().count(), 6, "{refused}");
}

#[test]
fn limits_the_depth_of_modules() {
    let module = |depth: usize| {
        let inner = "{\"child_modules\":[".repeat(depth - 1);
        let end = "]}".repeat(depth - 1);
        format!("{{\"format_version\":\"1.0\",\"values\":{{\"root_module\":{inner}{{}}{end}}}}}")
    };
    let own = tokyo(&BOTH);
    assert_eq!(own.differences(&module(64)).len(), 8);
    let refused = own.refused(&module(65));
    assert!(
        refused.contains("it is nested more than 64 levels deep"),
        "{refused}"
    );
    assert!(
        own.refused(&module(5_000))
            .contains("more than 64 levels deep")
    );
}

/// Each module is part of all modules around it, so the innermost module is read once for each level.
#[test]
fn limits_the_work_for_nested_modules() {
    let unit = tokyo(&BOTH).unit();
    let inner = format!("{{\"resources\":[],\"a\":\"{}\"}}", "x".repeat(10_000));
    let nested = (0..40).fold(inner, |inner, _| format!("{{\"child_modules\":[{inner}]}}"));
    let text = format!("{{\"format_version\":\"1.0\",\"values\":{{\"root_module\":{nested}}}}}");
    // 41 modules of 10 to 11 kB.
    for (bound, fits) in [("work=110000", true), ("work=100000", false)] {
        let wanted = UnitQuery {
            unit: &unit,
            directions: &BOTH,
            limits: Limits::default().with(&[bound.parse().unwrap()]),
        };
        let parsed = format::parse(dialect("terraform"), &text, wanted);
        assert_eq!(parsed.is_ok(), fits, "{bound}: {parsed:?}");
        if let Err(errors) = parsed {
            let problem = "values.root_module.child_modules[0].child_modules[0]";
            assert!(errors[0].problem().starts_with(problem), "{errors:?}");
            let problem = "it takes more than 100000 steps to evaluate; raise the limit with --limit work=NUMBER";
            assert!(errors[0].problem().ends_with(problem), "{errors:?}");
        }
    }
}

#[test]
fn limits_the_number_of_rules() {
    let unit = tokyo(&BOTH).unit();
    for (most, fits) in [("rules=6", true), ("rules=5", false)] {
        let wanted = UnitQuery {
            unit: &unit,
            directions: &BOTH,
            limits: Limits::default().with(&[most.parse().unwrap()]),
        };
        for text in [SAMPLE.to_owned(), tokyo(&BOTH).text()] {
            let parsed = format::parse(dialect("terraform"), &text, wanted);
            assert_eq!(parsed.is_ok(), fits, "{most}: {parsed:?}");
        }
    }
}

#[test]
fn a_repair_replaces_the_whole_file() {
    let own = tokyo(&BOTH);
    assert_eq!(own.repair(&edited("@/to_port = 20001")), Ok(own.text()));
    assert_eq!(
        own.repair(&state("@/values/to_port = 20001")),
        Ok(own.text())
    );
    let one_way = tokyo(&[Direction::In]);
    assert_eq!(one_way.repair(SAMPLE), Ok(one_way.text()));
}
