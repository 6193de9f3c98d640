# router of the branch
/ip address
add address=10.20.0.1/16 interface=bridge
/ip firewall address-list
add address=54.65.63.192-54.65.63.195 list=twilio comment="Tokyo"
add address=54.65.63.192/26 list=twilio comment="Tokyo media"
add address=54.169.127.128/30 list=twilio comment="Singapore"
add address=54.169.137.128/26 list=twilio comment="Singapore media"
add address=133.242.0.9 list=voice comment="head office"
add address=168.86.128.0-168.86.192.0 list=twilio comment="media"
/ip firewall filter
add action=accept chain=input dst-port=5060 protocol=udp src-address-list=twilio
add action=drop chain=input
