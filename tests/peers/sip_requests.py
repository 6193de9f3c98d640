"""Sends a SIP request from each of many addresses, and prints the answers.

Usage: sip_requests.py TRANSPORT HOST PORT SOURCE... For each source, this prints a line with the source and the
status code. The sources must be addresses of this machine.
"""

import socket
import sys

KINDS = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}


def request(transport, host, port, source, number):
    lines = [
        f"OPTIONS sip:test@{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/{transport.upper()} {source}:5062;branch=z9hG4bK{number};rport",
        f"From: <sip:test@{source}>;tag={number}",
        f"To: <sip:test@{host}>",
        f"Call-ID: {number}@{source}",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 70",
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def ask(transport, host, port, source, number):
    with socket.socket(socket.AF_INET, KINDS[transport]) as own:
        own.settimeout(20)
        own.bind((source, 0))
        own.connect((host, port))
        own.send(request(transport, host, port, source, number))
        return own.recv(65536).split(b" ")[1].decode()


def main():
    transport, host, port, *sources = sys.argv[1:]
    for number, source in enumerate(sources):
        print(source, ask(transport, host, int(port), source, number), flush=True)


main()
