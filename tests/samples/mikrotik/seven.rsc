# 2025-11-24 21:14:05 by RouterOS 7.16.2
# software id = AB1C-D2EF
#
# model = RB5009UG+S+
# serial number = HF20A1B2C3D
/interface bridge
add admin-mac=02:00:00:00:00:01 auto-mac=no comment=defconf name=bridge
/interface ethernet
set [ find default-name=ether1 ] comment="uplink; see \"rack 4\""
/interface list
add comment=defconf name=WAN
add comment=defconf name=LAN
/ip pool
add name=default-dhcp ranges=192.168.88.10-192.168.88.254
/port
set 0 name=serial0
/ip address
add address=192.168.88.1/24 comment=defconf interface=bridge network=\
    192.168.88.0
/ip firewall address-list
add address=10.0.0.0/8 list=private
add address=pbx.example.com list=by-name
add address=54.65.63.192/30 comment="tokyo (regional)" list=\
    twilio-sip-signaling
add address=54.65.63.192/26 comment="tokyo (regional)" list=twilio-sip-media
add address=192.0.2.7 disabled=yes list=twilio-sip-media
/ip firewall filter
add action=accept chain=input comment=\
    "defconf: accept established,related,untracked" connection-state=\
    established,related,untracked
add action=drop chain=input comment="defconf: drop invalid" connection-state=\
    invalid
add action=accept chain=input comment="defconf: accept ICMP" protocol=icmp
add action=add-src-to-address-list address-list=knocked address-list-timeout=\
    1h chain=input dst-port=7000 protocol=tcp
add action=drop chain=input comment="defconf: drop all not coming from LAN" \
    in-interface-list=!LAN
add action=fasttrack-connection chain=forward comment="defconf: fasttrack" \
    connection-state=established,related hw-offload=yes
add action=accept chain=forward comment=\
    "defconf: accept established,related, untracked" connection-state=\
    established,related,untracked
add action=jump chain=forward comment="calls" in-interface-list=WAN \
    jump-target=twilio-sip-in
add action=jump chain=forward jump-target=twilio-sip-out out-interface-list=\
    WAN
# in/out-interface matcher not possible when interface (ether2) is slave - use master instead (bridge)
add action=drop chain=forward in-interface=ether2
add action=drop chain=forward comment=\
    "defconf: drop all from WAN not DSTNATed" connection-nat-state=!dstnat \
    connection-state=new in-interface-list=WAN
add action=accept chain=twilio-sip-in comment="signaling udp" dst-port=5060 \
    protocol=udp src-address-list=twilio-sip-signaling
add action=accept chain=twilio-sip-in comment="signaling tcp" dst-port=5060 \
    protocol=tcp src-address-list=twilio-sip-signaling
add action=accept chain=twilio-sip-in comment="signaling tls" dst-port=5061 \
    protocol=tcp src-address-list=twilio-sip-signaling
add action=accept chain=twilio-sip-in comment=media dst-port=10000-20000 \
    protocol=udp src-address-list=twilio-sip-media
add action=accept chain=twilio-sip-out comment="signaling udp" \
    dst-address-list=twilio-sip-signaling dst-port=5060 protocol=udp
add action=accept chain=twilio-sip-out comment="signaling tcp" \
    dst-address-list=twilio-sip-signaling dst-port=5060 protocol=tcp
add action=accept chain=twilio-sip-out comment="signaling tls" \
    dst-address-list=twilio-sip-signaling dst-port=5061 protocol=tcp
add action=accept chain=twilio-sip-out comment=media dst-address-list=\
    twilio-sip-media dst-port=10000-20000 protocol=udp
/ip firewall nat
add action=masquerade chain=srcnat comment="defconf: masquerade" \
    ipsec-policy=out,none out-interface-list=WAN
/ip firewall service-port
set sip disabled=yes
/ipv6 firewall filter
add action=drop chain=twilio-sip-in
/system identity
set name=pbx-router
/system script
add dont-require-permissions=no name=open owner=admin policy=read,write \
    source="/ip firewall filter\r\
    \nadd action=accept chain=twilio-sip-in place-before=0\r\
    \n:log info \"open { \\\"all\\\" }; for \$who\""
#error exporting "/system/routerboard/mode-button"
/tool mac-server
set allowed-interface-list=LAN
