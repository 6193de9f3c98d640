ufw allow from 54.172.60.0/30 to any port 5060 proto udp
ufw allow from 54.244.51.0/30 to any port 5060 proto udp
ufw allow from 0.0.0.0/0 to any port 5060 proto udp
ufw deny from 0.0.0.0/0 to any port 5061 proto tcp
ufw allow from 81.2.69.8 to any port 22
