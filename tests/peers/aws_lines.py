"""Runs the real AWS command line against a moto server on 127.0.0.1, line by line.

Each line of stdin is a JSON array of the words after `aws ec2`. Each line of stdout is the output of that
command as JSON. The script stops at the first command that fails.
"""

import json
import sys

from aws_sg import aws, start_server


def main():
    server, endpoint = start_server()
    try:
        for line in sys.stdin:
            printed = aws(endpoint, *json.loads(line))
            print(json.dumps(json.loads(printed or "null")), flush=True)
    finally:
        server.kill()
        server.wait()


main()
