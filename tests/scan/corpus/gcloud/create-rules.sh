#!/bin/sh
gcloud compute firewall-rules create sip-in --allow=udp:5060 --source-ranges=54.172.60.0/30,54.244.51.0/30,81.2.69.0/30
gcloud compute firewall-rules create rtp-in --allow=udp:10000-60000 --source-ranges=168.86.128.0/18
gcloud compute firewall-rules create web-in --allow=tcp:443 --source-ranges=81.2.69.16/28
gcloud compute instances describe pbx --format='value(networkInterfaces[0].accessConfigs[0].natIP)' # 81.2.69.9
