#!/bin/sh
set -eu
ufw default deny incoming
ufw allow from 192.168.40.0/24 to any port 22 proto tcp
ufw allow from 54.172.60.0/30 to any port 5060 proto udp comment 'Twilio Virginia'
ufw allow from 54.244.51.0/30 to any port 5060 proto udp comment 'Twilio Oregon'
ufw allow from 177.71.206.192/30 to any port 5060 proto udp comment 'Twilio sao-paulo'
ufw allow from 54.172.60.0/24 to any port 10000:20000 proto udp comment 'Twilio Virginia'
ufw allow from 34.203.205.0/23 to any port 10000:20000 proto udp comment 'Twilio Virginia'
ufw allow from 168.86.182.0/18 to any port 10000:60000 proto udp comment 'Twilio media'
ufw --force enable
