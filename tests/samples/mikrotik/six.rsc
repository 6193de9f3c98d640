# nov/24/2025 21:14:05 by RouterOS 6.34.6
# software id = AB1C-D2EF
#
/interface ethernet
set [ find default-name=ether1 ] name=ether1-gateway
/ip firewall address-list
add address=54.65.63.192/30 list=twilio-sip-signaling
add address=54.65.63.192-54.65.63.223 list=twilio-sip-media
add address=54.65.63.224/27 comment="caf\E9 \D2\B0? \\ \$ \?" list=twilio-sip-media
/ip firewall filter
add action=passthrough chain=unused-hs-chain comment=\
    "place hotspot rules here" disabled=yes
add chain=input comment="defconf: accept ICMP" protocol=icmp
add action=jump chain=forward jump-target=twilio-sip-in
add action=jump chain=forward jump-target=twilio-sip-out
add chain=twilio-sip-in comment="calls over UDP and media, all that stands in th\
    e list of the plane" dst-port=5060 protocol=udp src-address-list=\
    twilio-sip-signaling
add chain=twilio-sip-in dst-port=5060-5061 protocol=tcp src-address-list=\
    twilio-sip-signaling
add chain=twilio-sip-in dst-port=10000-20000 log=yes log-prefix="rtp \
    in" protocol=udp src-address-list=twilio-sip-media
add chain=twilio-sip-out dst-address-list=twilio-sip-signaling dst-port=5060 \
    protocol=udp
add chain=twilio-sip-out dst-address-list=twilio-sip-signaling dst-port=\
    5060,5061 protocol=tcp
add chain=twilio-sip-out dst-address-list=twilio-sip-media dst-port=\
    10000-20000 protocol=udp
/system clock
set time-zone-name=Asia/Tokyo
