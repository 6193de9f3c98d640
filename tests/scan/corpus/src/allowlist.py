"""Sources that may open a SIP dialog with us."""

from ipaddress import ip_address, ip_network

TWILIO_SIGNALING = [
    "54.172.60.0/30",
    "54.244.51.0/30",
    "54.171.127.192/30",
    "35.156.191.182/30",
    "54.65.63.192/30",
    "54.169.127.28/30",
    "54.252.254.64/30",
    "177.71.206.196/30",
]

TWILIO_MEDIA = ["168.86.128.0/18"]

OFFICE = ["198.20.5.7/32", "133.242.0.9/32"]


def allowed(source: str) -> bool:
    networks = TWILIO_SIGNALING + TWILIO_MEDIA + OFFICE
    return any(ip_address(source) in ip_network(n) for n in networks)


assert not allowed("127.0.0.1")
