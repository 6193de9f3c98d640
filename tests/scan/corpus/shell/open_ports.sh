#!/usr/bin/env bash
# opens the trunk's ports at boot
TWILIO="54.65.63.192/30 54.169.127.128/30 54.252.254.64/30"
MEDIA=(
  54.65.63.192/27
  54.169.127.128/26   # singapore
  54.252.254.64/26    # sydney
  198.20.5.7          # monitoring probe
  168.86.128.0/18
)

for net in $TWILIO; do
  iptables -A SIP -s "$net" -p udp --dport 5060 -j ACCEPT
done
for net in "${MEDIA[@]}"; do
  iptables -A RTP -s "$net" -p udp --dport 10000:60000 -j ACCEPT
done
curl -fsS http://169.254.169.254/latest/meta-data/instance-id
