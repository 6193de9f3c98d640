//! CloudFormation templates.
//!
//! The properties and the output of `get-template` follow the AWS CloudFormation Template Reference and API
//! Reference. `tests/systems/aws.rs` reads the output of the real AWS command line.

use super::{BOTH, Direction, Expected, Limits, UnitQuery, Value, dialect, format, json, rows};

fn tokyo(directions: &[Direction]) -> Expected {
    Expected::new("cloudformation", "tokyo", directions)
}

const MEDIA: &str = "/Resources/InUDP10000To20000Net54x65x63x192x26";
const SIP: &str = "/Resources/InUDP5060Net54x65x63x192x30";

/// The rendered template with an edit. In the path, `@` is the inbound resource for media, and `~` the one for SIP
/// over UDP.
fn edited(edit: &str) -> String {
    let path = match edit.split_at(1) {
        ("@", rest) => format!("{MEDIA}{rest}"),
        ("~", rest) => format!("{SIP}{rest}"),
        _ => edit.to_owned(),
    };
    tokyo(&BOTH).edited(&path)
}

/// The output of `get-template` for a template.
fn printed(template: &Value) -> String {
    let printed = json!({"TemplateBody": template, "StagesAvailable": ["Original", "Processed"]});
    format!("{printed:#}\n")
}

const SAME: &str = r#"
/Description = "another" =>
/Metadata = {} =>
/Parameters/SecurityGroupId/Type = "String" =>
@/Properties/FromPort = "10000" =>
@/Properties/IpProtocol = "17" =>
@/Properties/IpProtocol = 17 =>
@/Properties/Description = {"Fn::Sub": "${AWS::StackName}"} =>
@/Type = "AWS::EC2::SecurityGroupIngress" =>
~ = {"Type": "AWS::EC2::SecurityGroupIngress", "DependsOn": "A", "DeletionPolicy": "Retain", "Metadata": {"a": 1}, "Properties": {"GroupId": {"Ref": "SecurityGroupId"}, "IpProtocol": "udp", "FromPort": 5060, "ToPort": 5060, "CidrIp": "54.65.63.192/30"}} =>
"#;

#[test]
fn equivalent_templates_are_in_sync() {
    let own = tokyo(&BOTH);
    let mut texts: Vec<String> = rows(SAME).map(|(edit, _)| edited(edit)).collect();
    texts.push(own.text());
    let mut value = own.value();
    texts.push(printed(&value));
    texts.push(printed(&own.text().into()));
    // Resources that do not belong to the unit, and one rule split into two with other names.
    let resources = value["Resources"].as_object_mut().unwrap();
    let media = resources
        .remove("InUDP10000To20000Net54x65x63x192x26")
        .unwrap();
    for (id, cidr) in [("a", "54.65.63.224/27"), ("b", "54.65.63.192/27")] {
        let mut half = media.clone();
        half["Properties"]["CidrIp"] = cidr.into();
        resources.insert(id.to_owned(), half);
    }
    let group = json!({
        "Type": "AWS::EC2::SecurityGroup", "What": 1,
        "Properties": {"SecurityGroupIngress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]},
    });
    resources.insert("Web".to_owned(), group);
    let stack = json!({
        "Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": {"Group": "sg-2"}},
    });
    resources.insert("Nested".to_owned(), stack);
    let custom =
        json!({"Type": "Custom::Rules", "Properties": {"ServiceToken": "arn", "Group": "sg-2"}});
    resources.insert("Own".to_owned(), custom);
    let instance = json!({
        "Type": "AWS::EC2::Instance", "Properties": {"SecurityGroupIds": [{"Ref": "SecurityGroupId"}]},
    });
    resources.insert("Pbx".to_owned(), instance);
    value["Conditions"] = json!({"Prod": {"Fn::Equals": ["a", "b"]}});
    value["Outputs"] = json!({});
    texts.push(value.to_string());
    // The group by its id instead of the parameter.
    let by_id = own.text().replace(
        "{\n          \"Ref\": \"SecurityGroupId\"\n        }",
        "\"sg-1\"",
    );
    assert!(!by_id.contains("Ref"));
    texts.push(by_id);
    for text in texts {
        assert_eq!(own.differences(&text), [""; 0], "{text}");
    }
}

/// Edits and the resulting drift. For `@` and `~`, see [`edited`].
const DRIFT: &str = r#"
@/Type = "AWS::EC2::SecurityGroupEgress" => missing in 17 54.65.63.192-54.65.63.255 10000-20000
@/Type = "AWS::SNS::Topic" => missing in 17 54.65.63.192-54.65.63.255 10000-20000
@/Properties/CidrIp = "54.65.63.192/27" => missing in 17 54.65.63.224-54.65.63.255 10000-20000
@/Properties/CidrIp = "54.65.63.128/25" => extra in 17 54.65.63.128-54.65.63.191 10000-20000
@/Properties/FromPort = "9999" => extra in 17 54.65.63.192-54.65.63.255 9999-9999
@/Properties/ToPort = 20001 => extra in 17 54.65.63.192-54.65.63.255 20001-20001
~/Properties/IpProtocol = "tcp" => missing in 17 54.65.63.192-54.65.63.195 5060-5060
~/Properties/IpProtocol = "132" => missing in 17 54.65.63.192-54.65.63.195 5060-5060, extra in 132 54.65.63.192-54.65.63.195 0-65535
@ = {"Type": "AWS::EC2::SecurityGroupIngress", "Condition": "Prod", "Properties": {"GroupId": {"Ref": "SecurityGroupId"}, "IpProtocol": "udp", "FromPort": 10000, "ToPort": 20000, "CidrIp": "54.65.63.192/26"}} => missing in 17 54.65.63.192-54.65.63.255 10000-20000 sometimes
@/Properties = {"GroupId": {"Ref": "SecurityGroupId"}, "IpProtocol": "icmp", "FromPort": 8, "ToPort": "-1", "CidrIp": "0.0.0.0/0"} => missing in 17 54.65.63.192-54.65.63.255 10000-20000, extra in 1 0.0.0.0-255.255.255.255 0-65535 sometimes
"#;

/// Additional rules and the resulting drift.
const MORE: &str = r#"
{"IpProtocol": "-1", "CidrIp": "192.0.2.0/24"} => extra in several 192.0.2.0-192.0.2.255 0-65535
{"IpProtocol": -1, "FromPort": 443, "ToPort": 443, "CidrIp": "192.0.2.0/24"} => extra in several 192.0.2.0-192.0.2.255 0-65535
{"IpProtocol": 6, "FromPort": 22, "ToPort": 22, "CidrIpv6": "::/0"} => beyond in protocol 6 22 from IPv6 ::/0
{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 23, "SourcePrefixListId": "pl-1"} => beyond in tcp 22-23 from prefix list pl-1
{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "SourceSecurityGroupId": "sg-2", "SourceSecurityGroupOwnerId": "1"} => beyond in tcp 22 from security group sg-2
{"IpProtocol": "icmpv6", "CidrIpv6": "::/0"} => beyond in icmpv6 from IPv6 ::/0
"#;

#[test]
fn reports_each_difference_as_drift() {
    let own = tokyo(&BOTH);
    let out = "extra out 17 54.65.63.192-54.65.63.255 10000-20000";
    for (edit, expected) in rows(DRIFT) {
        let reported = own.differences(&edited(edit)).join(", ");
        assert_eq!(reported, expected, "{edit}");
        let of_string = own.differences(&printed(&edited(edit).into())).join(", ");
        assert_eq!(of_string, expected, "{edit}");
    }
    for (properties, expected) in rows(MORE) {
        let mut value = own.value();
        let mut properties: Value = serde_json::from_str(properties).unwrap();
        properties["GroupId"] = json!({"Ref": "SecurityGroupId"});
        value["Resources"]["More"] =
            json!({"Type": "AWS::EC2::SecurityGroupIngress", "Properties": properties});
        assert_eq!(own.differences(&value.to_string()).join(", "), expected);
    }
    // A deployment replaces both directions.
    let one_way = tokyo(&[Direction::In]);
    assert!(one_way.differences(&own.text()).contains(&out.to_owned()));
    assert_eq!(own.differences(&one_way.text()).len(), 4);
}

#[test]
fn reads_the_keys_of_outbound_rules() {
    let own = tokyo(&BOTH);
    let more = |properties: Value| {
        let mut value = own.value();
        value["Resources"]["More"] =
            json!({"Type": "AWS::EC2::SecurityGroupEgress", "Properties": properties});
        value["Resources"]["More"]["Properties"]["GroupId"] = json!({"Ref": "SecurityGroupId"});
        value.to_string()
    };
    let to = |key: &str, value: &str| more(json!({"IpProtocol": "-1", key: value}));
    assert_eq!(
        own.differences(&to("DestinationPrefixListId", "pl-1")),
        ["beyond out all protocols to prefix list pl-1"]
    );
    assert_eq!(
        own.differences(&to("DestinationSecurityGroupId", "sg-2")),
        ["beyond out all protocols to security group sg-2"]
    );
    assert_eq!(
        own.differences(&to("CidrIp", "192.0.2.0/24")),
        ["extra out several 192.0.2.0-192.0.2.255 0-65535"]
    );
    let refused = own.refused(&to("SourcePrefixListId", "pl-1"));
    assert!(
        refused.contains("unknown key 'SourcePrefixListId'"),
        "{refused}"
    );
}

#[test]
fn a_difference_points_to_the_properties_of_the_rule() {
    let own = tokyo(&BOTH);
    let text = edited("@/Properties/ToPort = 20001");
    let drift = own.check(&text).unwrap();
    let at = drift.extra[0].source_lines[0] as usize;
    assert!(text[..at].ends_with("\"Properties\": "), "{}", &text[at..]);
    // If the template is a string, the difference points to the string.
    let text = printed(&text.into());
    let drift = own.check(&text).unwrap();
    let at = drift.extra[0].source_lines[0] as usize;
    assert!(
        text[..at].ends_with("\"TemplateBody\": "),
        "{}",
        &text[at..]
    );
}

const REFUSED: &str = r#"
/AWSTemplateFormatVersion = "2010-09-08" => 1: AWSTemplateFormatVersion: unknown template version '2010-09-08'; expected 2010-09-09
/Parameters = {} => 1: expected a parameter 'SecurityGroupId'
/Parameters = {"SecurityGroupId": 5} => Parameters: expected an object, not 5
/Parameters/SecurityGroupId/Type = "List<AWS::EC2::SecurityGroup::Id>" => 15: expected the parameter 'SecurityGroupId' to have the type AWS::EC2::SecurityGroup::Id
/Resources = [] => Resources: expected an object, not an array
@ = 7 => Resources.InUDP10000To20000Net54x65x63x192x26: expected an object, not 7
@ = {} => Resources.InUDP10000To20000Net54x65x63x192x26: expected 'Type'
@/Type = 7 => Type: expected a string, not 7
@/Type = "Mine::Rules::MODULE" => the resources of this module are not in the input
@/Properties = 7 => Properties: expected an object, not 7
@/Properties/GroupId = {"Fn::GetAtt": ["Group", "GroupId"]} => Properties.GroupId: expected {"Ref": "SecurityGroupId"} or a security group's id
@/Properties/GroupId = {"Ref": "Other"} => Properties.GroupId: expected {"Ref": "SecurityGroupId"} or a security group's id
@/Properties/GroupId = {"Ref": "SecurityGroupId", "Ref": "Other"} => Properties.GroupId: expected {"Ref": "SecurityGroupId"} or a security group's id
@/Properties/GroupId = null => Properties.GroupId: expected a string, not null
@/Properties/GroupId = "sg-1" => 1: the rules belong to several security groups
@/Properties/CidrIp = {"Ref": "Network"} => 36: Resources.InUDP10000To20000Net54x65x63x192x26.Properties.CidrIp: functions are not supported here; write the value itself
@/Properties/FromPort = {"Fn::If": ["A", 1, 2]} => Properties.FromPort: functions are not supported here
@/Properties/CidrIp = "54.65.63.193/26" => Properties.CidrIp: '54.65.63.193/26' has host bits set; the network is 54.65.63.192/26
@/Properties/CidrIp = "54.65.63.192" => Properties.CidrIp: '54.65.63.192' has no prefix length
@/Properties/CidrIp = null => Properties.CidrIp: expected a string, not null
@/Properties/FromPort = "010000" => Properties.FromPort: expected a whole number, not '010000'
@/Properties/FromPort = 20001 => Properties: the port range from 20001 to 20000 is reversed
@/Properties/ToPort = 65536 => Properties: expected ports from 0 to 65535, not 10000 and 65536
@/Properties/IpProtocol = "UDP" => Properties.IpProtocol: unknown protocol 'UDP'
@/Properties/IpProtocol = "017" => Properties.IpProtocol: unknown protocol '017'
@/Properties = {"GroupId": "sg-1"} => Properties: expected 'IpProtocol'
@/Properties = {"GroupId": "sg-1", "IpProtocol": "udp", "CidrIp": "192.0.2.0/24"} => Properties: expected FromPort and ToPort
@/Properties = {"GroupId": "sg-1", "IpProtocol": "udp", "FromPort": 1, "CidrIp": "192.0.2.0/24"} => Properties: expected both or neither of FromPort and ToPort
@/Properties = {"GroupId": "sg-1", "IpProtocol": "-1"} => Properties: expected exactly one of CidrIp, CidrIpv6, SourcePrefixListId, SourceSecurityGroupId
@/Properties = {"GroupId": "sg-1", "IpProtocol": "-1", "CidrIp": "192.0.2.0/24", "CidrIpv6": "::/0"} => Properties: expected exactly one of CidrIp, CidrIpv6
@/Properties = {"IpProtocol": "-1", "CidrIp": "192.0.2.0/24"} => Properties: expected 'GroupId'
@/Properties = {"GroupName": "calls", "IpProtocol": "-1", "CidrIp": "192.0.2.0/24"} => Properties: unknown key 'GroupName'; expected GroupId, IpProtocol, FromPort, ToPort, CidrIp,
@/Properties = {"GroupId": "sg-1", "IpProtocol": "-1", "CidrIpv6": "192.0.2.0/24"} => Properties.CidrIpv6: expected an IPv6 network
@ = {"Type": "AWS::EC2::SecurityGroupIngress", "Propertys": {}} => unknown key 'Propertys'; expected Type, Properties, Condition
@ = {"Type": "AWS::EC2::SecurityGroupIngress"} => expected 'Properties'
@/Fn::Transform = {"Name": "AWS::Include"} => Resources.InUDP10000To20000Net54x65x63x192x26: a transform changes this resource, and the result is not in the input
/Resources/Web = {"Type": "AWS::SNS::Topic", "Fn::Transform": [{"Name": "AWS::Include"}]} => Resources.Web: a transform changes this resource, and the result is not in the input
/Resources/Nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": {"Group": {"Ref": "SecurityGroupId"}}}} => Resources.Nested: the nested stack gets the security group 'SecurityGroupId' and may add rules that are not in the input; provide the output of 'aws ec2 describe-security-groups' with --format aws-sg
/Resources/Nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": {"Group": {"Fn::Sub": "${SecurityGroupId}"}}}} => Resources.Nested: the nested stack gets the security group
/Resources/Product = {"Type": "AWS::ServiceCatalog::CloudFormationProvisionedProduct", "Properties": {"ProvisioningParameters": [{"Key": "Group", "Value": {"Ref": "SecurityGroupId"}}]}} => Resources.Product: the product
/Resources/Set = {"Type": "AWS::CloudFormation::StackSet", "Properties": {"Parameters": [{"ParameterKey": "Group", "ParameterValue": {"Ref": "SecurityGroupId"}}]}} => Resources.Set: the stack set gets the security group 'SecurityGroupId' and may add rules that are not in the input
/Resources/Own = {"Type": "Custom::Rules", "Properties": {"ServiceToken": "arn:aws:lambda:x", "Group": {"Ref": "SecurityGroupId"}}} => Resources.Own: the custom resource gets the security group 'SecurityGroupId' and may add rules that are not in the input
/Resources/Own = {"Type": "Example::Network::SecurityGroupRules", "Properties": {"GroupId": {"Ref": "SecurityGroupId"}, "CidrIp": "0.0.0.0/0"}} => Resources.Own: the third-party resource gets the security group 'SecurityGroupId' and may add rules that are not in the input
/Resources/Own = {"Type": "AWS::CloudFormation::CustomResource", "Properties": {"ServiceToken": "arn:aws:lambda:x", "Groups": [{"Ref": "SecurityGroupId"}]}} => Resources.Own: the custom resource gets the security group
/Resources/Own = {"Type": "AWS::SSM::Association", "Properties": {"Name": "a", "Parameters": {"G": [{"Ref": "SecurityGroupId"}]}}} => Resources.Own: the Systems Manager association gets the security group 'SecurityGroupId' and may add rules that are not in the input
/Resources/Own = {"Type": "Custom::Rules", "Properties": {"A": {"Fn::Transform": {"Name": "AWS::Include"}}}} => Resources.Own: a transform changes this resource, and the result is not in the input
"#;

const NO_TEMPLATE: &str = r#"
{} => 1: expected a template with 'Resources', or the output of 'aws cloudformation get-template'
{"StackResources": []} => expected a template with 'Resources', or the output of 'aws cloudformation get-template'
[] => 1: expected a template in JSON; for a template in YAML, check the security group itself: provide the output of 'aws ec2 describe-security-groups' with --format aws-sg
AWSTemplateFormatVersion: 2010-09-09 => 1: expected a template in JSON
{"TemplateBody": "Resources:\n  A: 1\n", "StagesAvailable": []} => 1: TemplateBody: expected a template in JSON
{"TemplateBody": 7} => TemplateBody: expected an object, not 7
{"TemplateBody": {"Resources": {"A": 7}}, "Resources": {}} => unknown key 'Resources'; expected TemplateBody
{"TemplateBody": {"Resources": {"A": 7}}} => 1: TemplateBody.Resources.A: expected an object, not 7
{"TemplateBody": "{\"Resources\": {\"A\": 7}}"} => 1: TemplateBody.Resources.A: expected an object, not 7
{"TemplateBody": "{\"Resources\": "} => TemplateBody: the JSON ends too early, so the input may have been cut off; provide the complete input
{"Resources": {}, "Resources": {}} => 1: duplicate key 'Resources'
{"Resources": {}, "Resource": {}} => 1: unknown key 'Resource'; expected AWSTemplateFormatVersion, Transform, Parameters, Resources
{"Resources": {}, "Transform": "AWS::Serverless-2016-10-31"} => 1: the template has a transform, so its resources are not all in the input; provide the output of 'aws cloudformation get-template --template-stage Processed'
{"Resources": {"Fn::ForEach::Rules": ["A", [], {}]}} => Resources.Fn::ForEach::Rules: a function creates resources that are not in the input
{"Resources": {"SecurityGroupId": {"Type": "AWS::EC2::SecurityGroup"}}} => the resource SecurityGroupId creates the security group, with rules of its own
{"Resources": {"A": {"Type": "AWS::S3::Bucket"}, "A": {"Type": "AWS::S3::Bucket"}}} => 1: Resources: duplicate key 'A'
{"Resources": {"A_b": {"Type": "AWS::EC2::SecurityGroupIngress"}}} => Resources.A_b: expected a resource id of letters and digits only
"#;

#[test]
fn rejects_unsupported_templates_with_a_reason() {
    let own = tokyo(&BOTH);
    for (edit, message) in rows(REFUSED) {
        let refused = own.refused(&edited(edit));
        assert!(refused.contains(message), "{edit}\n{refused}");
    }
    for (text, message) in rows(NO_TEMPLATE) {
        let refused = own.refused(text);
        assert!(refused.contains(message), "{text}\n{refused}");
    }
    let text = own.text();
    for end in (1..text.len() - 2).step_by(7) {
        assert!(own.refused(&text[..end]).contains("JSON"), "{end}");
    }
}

/// More parameters, mappings and resources. Some of them get the group, as the parameter or as `sg-1`.
const BESIDE: &str = r#"{
    "Parameters": {
        "Known": {"Type": "String", "Default": "sg-1"}, "Other": {"Type": "String"},
        "MySecurityGroupId2": {"Type": "String"}
    },
    "Mappings": {"Groups": {"a": {"b": "sg-1"}}, "Others": {"a": {"b": "sg-2"}}},
    "Resources": {
        "Stored": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "SecurityGroupId"}}},
        "Copy": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::GetAtt": "Stored.Value"}}},
        "ByName": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Fn::FindInMap": [{"Ref": "Other"}, "a", "b"]}}},
        "Opener": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"GROUP": {"Ref": "SecurityGroupId"}}}}},
        "Idle": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"SecurityGroupId": "sg-12"}}}},
        "Circle": {"Type": "AWS::SSM::Parameter", "DependsOn": "Stored", "Properties": {"Value": {"Ref": "Circle"}}}
    }
}"#;

/// Properties of a custom resource. The result is the form in which the resource gets the group.
const GETS: &str = r#"
{"A": {"Ref": "SecurityGroupId"}} => parameter
{"A": {"\u0052ef": "\u0053ecurityGroupId"}} => parameter
{"A": {"Fn::Sub": "a ${Other} ${ SecurityGroupId } b"}} => parameter
{"A": {"Fn::Sub": ["${a}", {"a": {"Ref": "SecurityGroupId"}}]}} => parameter
{"A": {"Fn::Sub": ["${SecurityGroupId}", {"a": "b"}]}} => parameter
{"A": {"Fn::If": ["Prod", {"Ref": "Other"}, {"Fn::Join": ["", ["a", {"Ref": "SecurityGroupId"}]]}]}} => parameter
{"A": {"Ref": "Stored"}} => parameter
{"A": {"Fn::GetAtt": ["Stored", "Value"]}} => parameter
{"A": {"Fn::GetAtt": "Stored.Value"}} => parameter
{"A": {"Fn::Sub": "${Stored.Value}"}} => parameter
{"A": {"Fn::GetAtt": ["Copy", "Value"]}} => parameter
{"ServiceToken": {"Fn::GetAtt": ["Opener", "Arn"]}} => parameter
{"A": {"Ref": "InUDP5060Net54x65x63x192x30"}} => parameter sg-1
{"A": "sg-1"} => sg-1
{"A": "aws ec2 authorize-security-group-ingress --group-id sg-1 --protocol -1"} => sg-1
{"sg-1": "0.0.0.0/0"} => sg-1
{"A": {"Ref": "Known"}} => sg-1
{"A": {"Fn::FindInMap": ["Groups", "a", "b"]}} => sg-1
{"A": {"Fn::FindInMap": ["Others", "a", "b"]}} => none
{"A": {"Fn::FindInMap": [{"Ref": "Other"}, "a", "b"]}} => sg-1
{"A": {"Fn::FindInMap": [{"Fn::FindInMap": ["Others", "a", "b"]}, "a", "b"]}} => sg-1
{"A": {"Fn::FindInMap": [{"Fn::Sub": "Gr${Other}"}, {"Ref": "Other"}, "b"]}} => sg-1
{"A": {"Ref": "ByName"}} => sg-1
{"A": {"Fn::FindInMap": ["Others", {"Fn::FindInMap": ["Others", "a", "b"]}, {"Ref": "Other"}]}} => none
{"A": "sg-12"} => none
{"A": "sg-2 and sg-"} => none
{"SecurityGroupIds": [{"Ref": "Other"}]} => none
{"SecurityGroupId": {"Ref": "Other"}} => none
{"A": {"Ref": "MySecurityGroupId2"}} => none
{"A": "SecurityGroupId"} => none
{"A": {"Fn::Sub": "${!SecurityGroupId} SecurityGroupId"}} => none
{"ServiceToken": {"Fn::GetAtt": ["Idle", "Arn"]}} => none
{"A": {"Ref": "Circle"}} => none
{"A": {"Ref": "AWS::StackName"}} => none
"#;

#[test]
fn follows_any_chain_of_references_to_the_group() {
    let own = tokyo(&BOTH);
    for (group, is_parameter) in [("parameter", true), ("sg-1", false)] {
        for (properties, ways) in rows(GETS) {
            let mut value = own.value();
            let beside: Value = serde_json::from_str(BESIDE).unwrap();
            for (section, members) in beside.as_object().unwrap() {
                for (name, member) in members.as_object().unwrap() {
                    value[section][name] = member.clone();
                }
            }
            if !is_parameter {
                for (_, resource) in value["Resources"].as_object_mut().unwrap() {
                    if resource["Properties"].get("GroupId").is_some() {
                        resource["Properties"]["GroupId"] = "sg-1".into();
                    }
                }
            }
            value["Resources"]["Own"] = json!({"Type": "Custom::Rules", "Properties": "PLACE"});
            let text = value.to_string().replace("\"PLACE\"", properties);
            if ways.split(' ').any(|way| way == group) {
                let refused = own.refused(&text);
                let name = if is_parameter {
                    "SecurityGroupId"
                } else {
                    group
                };
                let problem = format!(
                    "Resources.Own: the custom resource gets the security group '{name}' and may add rules that are not in the input"
                );
                assert!(refused.contains(&problem), "{properties}\n{refused}");
            } else {
                assert_eq!(own.differences(&text), [""; 0], "{group}: {properties}");
            }
        }
    }
}

#[test]
fn the_group_is_also_the_default_of_its_parameter() {
    let own = tokyo(&BOTH);
    let text = |group: &str| {
        let mut value = own.value();
        value["Parameters"]["SecurityGroupId"]["Default"] = "sg-1".into();
        value["Resources"]["Own"] = json!({"Type": "Custom::Rules", "Properties": {"A": group}});
        value.to_string()
    };
    assert_eq!(own.differences(&text("sg-2")), [""; 0]);
    assert!(
        own.refused(&text("sg-1"))
            .contains("Resources.Own: the custom resource gets the security group")
    );
}

#[test]
fn limits_the_work_for_references() {
    let own = tokyo(&BOTH);
    let unit = own.unit();
    // A chain of 100 resources from the group to the stack.
    let mut value = own.value();
    let mut last = "SecurityGroupId".to_owned();
    for number in 0..100 {
        let name = format!("Link{number}");
        value["Resources"][&name] =
            json!({"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Ref": last}}});
        last = name;
    }
    value["Resources"]["Own"] =
        json!({"Type": "AWS::CloudFormation::Stack", "Properties": {"A": {"Ref": last}}});
    let text = value.to_string();
    // There are 108 names, and each resource has a reference.
    for (bound, problem) in [
        ("work=13760", "gets the security group"),
        ("work=13759", "raise the limit with --limit work=NUMBER"),
        ("depth=3", "gets the security group"),
        ("depth=2", "it is nested more than 2 levels deep"),
    ] {
        let wanted = UnitQuery {
            unit: &unit,
            directions: &BOTH,
            limits: Limits::default().with(&[bound.parse().unwrap()]),
        };
        let errors = format::parse(dialect("cloudformation"), &text, wanted).unwrap_err();
        assert!(errors[0].problem().contains(problem), "{bound}: {errors:?}");
    }
}

#[test]
fn reports_all_errors_at_once() {
    let text = tokyo(&BOTH).text().replace("/30", "/33");
    assert_eq!(tokyo(&BOTH).refused(&text).lines().count(), 4);
}

#[test]
fn a_template_without_rules_accepts_nothing() {
    let own = tokyo(&BOTH);
    let text = r#"{"Resources": {"Web": {"Type": "AWS::EC2::SecurityGroup"}}}"#;
    assert_eq!(own.differences(text).len(), 8);
    let unit = own.unit();
    let wanted = UnitQuery {
        unit: &unit,
        directions: &BOTH,
        limits: Limits::default().with(&["rules=5".parse().unwrap()]),
    };
    let parse = |text: &str| format::parse(dialect("cloudformation"), text, wanted);
    let units = parse(text).unwrap();
    let absent = units[0].absent.as_deref();
    assert_eq!(
        absent,
        Some("the template has no rules of a security group")
    );
    // Six rules are more than five.
    let errors = parse(&own.text()).unwrap_err();
    assert!(
        errors[0].problem().contains("--limit rules=NUMBER"),
        "{errors:?}"
    );
}

#[test]
fn a_repair_replaces_the_whole_template() {
    let own = tokyo(&BOTH);
    let broken = edited("@/Properties/ToPort = 20001");
    assert_eq!(own.repair(&broken), Ok(own.text()));
    let one_way = tokyo(&[Direction::Out]);
    assert_eq!(one_way.repair(&broken), Ok(one_way.text()));
}
