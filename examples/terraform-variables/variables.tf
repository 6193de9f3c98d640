# The variables of `twilio-sip-allow --format tfvars`, and the rules that follow from them.

variable "security_group_id" {
  description = "The security group that gets the rules"
  type        = string
}

variable "twilio_sip_signaling_cidr_blocks" {
  type    = list(string)
  default = []
}

variable "twilio_sip_signaling_ports" {
  type    = list(object({ protocol = string, from_port = number, to_port = number }))
  default = []
}

variable "twilio_sip_media_cidr_blocks" {
  type    = list(string)
  default = []
}

variable "twilio_sip_media_ports" {
  type    = list(object({ protocol = string, from_port = number, to_port = number }))
  default = []
}

locals {
  # One rule for each network of a plane and each of its ports.
  twilio_sip_rules = {
    for pair in concat(
      setproduct(var.twilio_sip_signaling_cidr_blocks, var.twilio_sip_signaling_ports),
      setproduct(var.twilio_sip_media_cidr_blocks, var.twilio_sip_media_ports),
    ) :
    "${pair[1].protocol} ${pair[1].from_port}-${pair[1].to_port} ${pair[0]}" => {
      cidr_block = pair[0]
      protocol   = pair[1].protocol
      from_port  = pair[1].from_port
      to_port    = pair[1].to_port
    }
  }
}
