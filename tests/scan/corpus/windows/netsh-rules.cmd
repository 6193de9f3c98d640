@echo off
rem Twilio, Singapore and Sydney
netsh advfirewall firewall add rule name="Twilio SIP sg1" dir=in action=allow protocol=UDP localport=5060 remoteip=54.169.127.128/30
netsh advfirewall firewall add rule name="Twilio SIP au1" dir=in action=allow protocol=UDP localport=5060 remoteip=54.252.254.64-54.252.254.67
netsh advfirewall firewall add rule name="Twilio RTP" dir=in action=allow protocol=UDP localport=10000-60000 remoteip=54.169.127.128/26,186.86.128.0/18
netsh advfirewall firewall add rule name="RDP" dir=in action=allow protocol=TCP localport=3389 remoteip=192.168.40.0/24
exit /b 0
