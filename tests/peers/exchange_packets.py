"""Exchanges packets of connections through a firewall between three network namespaces: far, wall and near.

Usage: exchange_packets.py FAR WALL NEAR

Each line of the input is a JSON array of connections. Each connection is an object with the keys "direction" ("in",
from far, or "out", from "from": wall or near), "protocol", "source", "source_port", "destination" and
"destination_port". All connections of a line need different ports of the far side.

For each line, the output is a JSON array. Its element for a connection is an array of three places: where the packet
arrived that opens the connection, where its reply arrived, and where the packet after the reply arrived. A place is an
array: the name of the namespace, source, source port, destination, destination port. A place is null if the packet did
not arrive, or if it was not sent: a reply answers a packet that arrived, from the place where it arrived.
"""

import contextlib
import ctypes
import json
import os
import socket
import struct
import sys

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 0x0003
ETH_P_IP = 0x0800
# Reserved for experiments (IEEE 802). No firewall of the tests drops this protocol.
ETH_P_END = 0x88B5
# Linux skips the routing of a packet that it sends through a packet socket, so each frame names its receiver.
WALL_FROM_FAR = bytes.fromhex("020000000002")
WALL_FROM_NEAR = bytes.fromhex("020000000003")
FAR = bytes.fromhex("020000000001")
NEAR = bytes.fromhex("020000000004")
PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
SYN, ACK = 0x02, 0x10
# The stages of a connection: TCP flags, sequence number, and acknowledgment number.
FIRST = (SYN, 1000, 0)
REPLY = (SYN | ACK, 2000, 1001)
LATER = (ACK, 1001, 2001)


def enter(namespace):
    with open(f"/run/netns/{namespace}", encoding="ascii") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(identifier, protocol, ends, stage):
    """Returns an IPv4 packet. `ends` are its source, source port, destination and destination port."""
    source, source_port, destination, destination_port = ends
    number = PROTOCOLS[protocol]
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    if protocol == "udp":
        payload = struct.pack("!4H4s", source_port, destination_port, 12, 0, b"test")
    else:
        flags, sequence, acknowledged = stage
        ports = struct.pack("!2H2I", source_port, destination_port, sequence, acknowledged)
        rest = struct.pack("!2BH", 5 << 4, flags, 1024)
        pseudo = addresses + struct.pack("!2H", number, len(ports) + len(rest) + 4)
        payload = ports + rest + struct.pack("!2H", checksum(pseudo + ports + rest + bytes(4)), 0)
    start = struct.pack("!2B3H2B", 0x45, 0, 20 + len(payload), identifier, 0, 64, number)
    return start + struct.pack("!H", checksum(start + bytes(2) + addresses)) + addresses + payload


class Network:
    """The sockets in the namespaces."""

    def __init__(self, far, wall, near):
        enter(far)
        self.far = self.link("far0")
        enter(near)
        self.near = self.link("near0")
        enter(wall)
        self.from_far = self.link("wall0")
        self.from_near = self.link("wall1")
        self.local = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.received = [socket.socket(socket.AF_INET, socket.SOCK_RAW, one) for one in PROTOCOLS.values()]
        for one in [*self.received, self.far, self.near, self.from_far, self.from_near]:
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        # All packets of this process are queued on one processor, so they keep their order.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    @staticmethod
    def link(interface):
        link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        link.bind((interface, ETH_P_ALL))
        return link

    def send(self, place, data):
        with contextlib.suppress(PermissionError):
            if place == "far":
                self.far.sendto(data, ("far0", ETH_P_IP, 0, 0, WALL_FROM_FAR))
            elif place == "near":
                self.near.sendto(data, ("near0", ETH_P_IP, 0, 0, WALL_FROM_NEAR))
            else:
                self.local.sendto(data, (socket.inet_ntoa(data[16:20]), 0))

    def settle(self):
        """Waits until all packets have arrived. Returns those that came to an end, with the name of its namespace."""
        arrived = []
        self.far.sendto(b"end", ("far0", ETH_P_END, 0, 0, WALL_FROM_FAR))
        self.near.sendto(b"end", ("near0", ETH_P_END, 0, 0, WALL_FROM_NEAR))
        until_end(self.from_far)
        until_end(self.from_near)
        self.from_far.sendto(b"end", ("wall0", ETH_P_END, 0, 0, FAR))
        self.from_near.sendto(b"end", ("wall1", ETH_P_END, 0, 0, NEAR))
        for name, link in (("far", self.far), ("near", self.near)):
            arrived += [(name, data) for data in until_end(link)]
        for one in self.received:
            with contextlib.suppress(BlockingIOError):
                while True:
                    arrived.append(("wall", one.recv(65535)))
        return arrived


def until_end(link):
    """Returns the IPv4 packets that a link received before the end mark."""
    packets = []
    link.settimeout(10)
    while True:
        data, (_, protocol, kind, *_) = link.recvfrom(65535)
        if kind == socket.PACKET_OUTGOING:
            continue
        if protocol == ETH_P_END:
            return packets
        if protocol == ETH_P_IP:
            packets.append(data)


def places(arrived):
    """Returns the place of each packet by its identifier."""
    found = {}
    for name, data in arrived:
        length = (data[0] & 15) * 4
        identifier = int.from_bytes(data[4:6], "big")
        if data[9] in PROTOCOLS.values() and identifier:
            source_port, destination_port = struct.unpack("!2H", data[length : length + 4])
            addresses = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
            found[identifier] = (name, addresses[0], source_port, addresses[1], destination_port)
    return found


def exchange(network, connections):
    results = [[None, None, None] for _ in connections]

    def stage(number, tcp, start):
        """Sends a packet of each connection. `start` returns its place and its ends, or None."""
        for index, one in enumerate(connections):
            if sent := start(index, one):
                place, *ends = sent
                network.send(place, packet(index + 1, one["protocol"], ends, tcp))
        for identifier, place in places(network.settle()).items():
            if identifier <= len(connections):
                results[identifier - 1][number] = place

    def opening(_, one):
        place = "far" if one["direction"] == "in" else one["from"]
        return place, one["source"], one["source_port"], one["destination"], one["destination_port"]

    def reply(index, _):
        if found := results[index][0]:
            place, source, source_port, destination, destination_port = found
            return place, destination, destination_port, source, source_port
        return None

    def later(index, one):
        return opening(index, one) if results[index][1] else None

    stage(0, FIRST, opening)
    stage(1, REPLY, reply)
    stage(2, LATER, later)
    return results


def main():
    network = Network(*sys.argv[1:4])
    for line in sys.stdin:
        print(json.dumps(exchange(network, json.loads(line))), flush=True)


main()
