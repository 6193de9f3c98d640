locals {
  twilio_signaling = [
    "54.172.60.0/30",    # virginia
    "54.244.51.0/30",    # oregon
    "54.171.127.192/30", # ireland
    "35.156.191.128/30", # frankfurt
    "54.65.63.192/30",   # tokyo
    "54.169.127.128/30", # singapore
    "54.252.254.64/30",  # sydney
    "177.71.206.192/30", # sao-paulo
  ]

  twilio_media = ["168.86.128.0/18"]
}

resource "aws_ec2_managed_prefix_list" "twilio" {
  name           = "twilio-sip"
  address_family = "IPv4"
  max_entries    = 10

  dynamic "entry" {
    for_each = toset(concat(local.twilio_signaling, local.twilio_media))
    content {
      cidr = entry.value
    }
  }
}
