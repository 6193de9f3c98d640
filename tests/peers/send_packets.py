"""Sends raw IPv4 packets without changes from this network namespace.

Usage: send_packets.py frames INTERFACE MAC < packets    through an interface, to a link address
       send_packets.py local < packets                   as packets of this host, through its output hook

The input contains, for each packet, a 2-byte length (big-endian) and its bytes. It is not an error if the firewall
blocks a packet. Another program records the packets that pass.
"""

import contextlib
import socket
import sys

data = sys.stdin.buffer.read()
if sys.argv[1] == "frames":
    link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    to = (sys.argv[2], 0x0800, 0, 0, bytes.fromhex(sys.argv[3].replace(":", "")))
else:
    link = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    to = None

at = 0
while at < len(data):
    length = int.from_bytes(data[at : at + 2], "big")
    packet = data[at + 2 : at + 2 + length]
    at += 2 + length
    with contextlib.suppress(PermissionError):
        link.sendto(packet, to or (socket.inet_ntoa(packet[16:20]), 0))
