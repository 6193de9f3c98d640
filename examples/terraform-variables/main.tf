# Rules of a security group for Twilio's SIP calls. Write the values of the variables with:
#
#   twilio-sip-allow --edition current --format tfvars --output twilio-sip.auto.tfvars.json

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 4.56"
    }
  }
}

resource "aws_vpc_security_group_ingress_rule" "twilio_sip" {
  for_each = local.twilio_sip_rules

  security_group_id = var.security_group_id
  cidr_ipv4         = each.value.cidr_block
  ip_protocol       = each.value.protocol
  from_port         = each.value.from_port
  to_port           = each.value.to_port
}

resource "aws_vpc_security_group_egress_rule" "twilio_sip" {
  for_each = local.twilio_sip_rules

  security_group_id = var.security_group_id
  cidr_ipv4         = each.value.cidr_block
  ip_protocol       = each.value.protocol
  from_port         = each.value.from_port
  to_port           = each.value.to_port
}
