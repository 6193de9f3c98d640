{
  "//": [
    "twilio-sip-allow VERSION: rules for Twilio's SIP calls, in format tfvars",
    "edition: regional (superseded on 2024-02-21 by global)",
    "regions: all: virginia, oregon, ireland, frankfurt, tokyo, singapore, sydney, sao-paulo",
    "direction: in, out",
    "planes: signaling (udp, tcp, tls), media",
    "load: terraform apply -var-file FILE (whose name ends in .tfvars.json)"
  ],
  "twilio_sip_signaling_cidr_blocks": [
    "54.172.60.0/30",
    "54.244.51.0/30",
    "54.171.127.192/30",
    "35.156.191.128/30",
    "54.65.63.192/30",
    "54.169.127.128/30",
    "54.252.254.64/30",
    "177.71.206.192/30"
  ],
  "twilio_sip_signaling_ports": [
    {
      "protocol": "udp",
      "from_port": 5060,
      "to_port": 5060
    },
    {
      "protocol": "tcp",
      "from_port": 5060,
      "to_port": 5060
    },
    {
      "protocol": "tcp",
      "from_port": 5061,
      "to_port": 5061
    }
  ],
  "twilio_sip_media_cidr_blocks": [
    "54.172.60.0/23",
    "34.203.250.0/23",
    "54.244.51.0/24",
    "54.171.127.192/26",
    "52.215.127.0/24",
    "35.156.191.128/25",
    "54.65.63.192/26",
    "54.169.127.128/26",
    "54.252.254.64/26",
    "177.71.206.192/26"
  ],
  "twilio_sip_media_ports": [
    {
      "protocol": "udp",
      "from_port": 10000,
      "to_port": 20000
    }
  ]
}
