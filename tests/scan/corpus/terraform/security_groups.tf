# SIP trunk, voice VPC
resource "aws_security_group" "sbc" {
  name        = "sbc-public"
  description = "SIP and RTP from Twilio"
  vpc_id      = var.vpc_id

  ingress {
    description = "Twilio signaling, Tokyo"
    from_port   = 5060
    to_port     = 5061
    protocol    = "udp"
    cidr_blocks = ["54.65.63.192/30"]
  }

  ingress {
    description = "Twilio media, Tokyo"
    from_port   = 10000
    to_port     = 20000
    protocol    = "udp"
    cidr_blocks = ["54.65.63.192/26", "3.112.80.0/24"]
  }

  ingress {
    description = "HTTPS from the office"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["198.20.5.7/32"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
