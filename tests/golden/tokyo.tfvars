{
  "//": [
    "twilio-sip-allow VERSION: rules for Twilio's SIP calls, in format tfvars",
    "edition: regional (superseded on 2024-02-21 by global)",
    "regions: tokyo",
    "direction: in, out",
    "planes: signaling (udp, tcp, tls), media",
    "load: terraform apply -var-file FILE (whose name ends in .tfvars.json)"
  ],
  "twilio_sip_signaling_cidr_blocks": [
    "54.65.63.192/30"
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
    "54.65.63.192/26"
  ],
  "twilio_sip_media_ports": [
    {
      "protocol": "udp",
      "from_port": 10000,
      "to_port": 20000
    }
  ]
}
