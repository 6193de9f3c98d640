resource "aws_security_group_rule" "rtp" {
  type              = "ingress"
  from_port         = 10000
  to_port           = 60000
  protocol          = "udp"
  cidr_blocks       = ["0.0.0.0/0"] # Twilio media, until the list is settled
  security_group_id = aws_security_group.sbc.id
}
