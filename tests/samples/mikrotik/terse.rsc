# 2025-11-24 21:14:05 by RouterOS 7.16.2
# software id = AB1C-D2EF
#
/ip firewall address-list add address=54.65.63.192/30 list=twilio-sip-signaling
/ip firewall address-list add address=54.65.63.192/26 comment="tokyo (regional)" list=twilio-sip-media
/ip firewall filter
# no interface
add action=accept chain=forward in-interface=*7
/ip firewall filter add action=jump chain=forward jump-target=twilio-sip-in
/ip firewall filter add action=jump chain=forward jump-target=twilio-sip-out
/ip firewall filter add action=accept chain=twilio-sip-in dst-port=5060 protocol=udp src-address-list=twilio-sip-signaling
/ip firewall filter add action=accept chain=twilio-sip-in dst-port=5060,5061 protocol=tcp src-address-list=twilio-sip-signaling
/ip firewall filter add action=accept chain=twilio-sip-in comment=media dst-port=10000-20000 protocol=udp src-address-list=twilio-sip-media
/ip firewall filter add action=accept chain=twilio-sip-out dst-address-list=twilio-sip-signaling dst-port=5060 protocol=udp
/ip firewall filter add action=accept chain=twilio-sip-out dst-address-list=twilio-sip-signaling dst-port=5060,5061 protocol=tcp
/ip firewall filter add action=accept chain=twilio-sip-out comment=media dst-address-list=twilio-sip-media dst-port=10000-20000 protocol=udp
/ip firewall nat add action=masquerade chain=srcnat out-interface-list=WAN
