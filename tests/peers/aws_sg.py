"""Authorizes permissions with the real AWS command line against a moto server on 127.0.0.1.

Usage: aws_sg.py FOLDER. A file NAME.in.json or NAME.out.json is the output of twilio-sip-allow for one direction.
The file NAME.in.expected or NAME.out.expected beside it contains the expected permissions, one per line: protocol,
first port, last port, CIDR. Afterwards, describe-security-groups must show exactly these permissions.
"""

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

# The maximum number of rules in one direction of a group. AWS rejects more, and a notice of the program warns.
DEFAULT_QUOTA = 60

DEFAULT_EGRESS = json.dumps([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])

os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="ap-northeast-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)

from awscli.clidriver import create_clidriver  # noqa: E402 (reads the environment)

DRIVER = create_clidriver()


def run_aws(endpoint, *arguments):
    """Runs the command line in this process, and returns its status, stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = DRIVER.main(
            ["ec2", *arguments, "--endpoint-url", endpoint, "--output", "json"]
        )
    return status, out.getvalue(), err.getvalue()


def aws(endpoint, *arguments):
    status, out, err = run_aws(endpoint, *arguments)
    if status != 0:
        raise SystemExit(f"aws ec2 {' '.join(arguments)}: status {status}\n{out}{err}")
    return out


def start_server():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return server, f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    server.kill()
    raise SystemExit("the moto server did not start")


def lines(permissions):
    """Returns the permissions in the form of the expected lines. Fails at anything but IPv4 ranges."""
    found = []
    for permission in permissions:
        for others in ("Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"):
            assert not permission.get(others), permission
        ports = f"{permission['IpProtocol']} {permission['FromPort']} {permission['ToPort']}"
        found += [f"{ports} {r['CidrIp']}" for r in permission["IpRanges"]]
    return sorted(found)


def descriptions(permissions):
    return sorted(r["Description"] for p in permissions for r in p["IpRanges"])


def check(endpoint, vpc, number, file):
    way = file.name.split(".")[-2]
    verb = {"in": "ingress", "out": "egress"}[way]
    made = aws(endpoint, "create-security-group", "--group-name", f"g{number}",
               "--description", "test", "--vpc-id", vpc)
    group = ["--group-id", json.loads(made)["GroupId"]]
    if way == "out":
        aws(endpoint, "revoke-security-group-egress", *group, "--ip-permissions", DEFAULT_EGRESS)
    expected = sorted(file.with_suffix(".expected").read_text().splitlines())
    assert expected, file
    authorize = [f"authorize-security-group-{verb}", *group, "--cli-input-json", f"file://{file}"]
    if len(expected) > DEFAULT_QUOTA:
        status, _, err = run_aws(endpoint, *authorize)
        assert status != 0 and "RulesPerSecurityGroupLimitExceeded" in err, (file.name, err)
        return
    aws(endpoint, *authorize)
    shown = aws(endpoint, "describe-security-groups", "--group-ids", group[1])
    (shown,) = json.loads(shown)["SecurityGroups"]
    key = {"in": "IpPermissions", "out": "IpPermissionsEgress"}[way]
    assert lines(shown[key]) == expected, f"{file.name}: {lines(shown[key])} != {expected}"
    printed = json.loads(file.read_text())["IpPermissions"]
    assert descriptions(shown[key]) == descriptions(printed), file.name


def main():
    files = sorted(Path(sys.argv[1]).glob("*.json"))
    server, endpoint = start_server()
    try:
        made = aws(endpoint, "create-vpc", "--cidr-block", "10.0.0.0/16")
        vpc = json.loads(made)["Vpc"]["VpcId"]
        for number, file in enumerate(files):
            check(endpoint, vpc, number, file)
    finally:
        server.kill()
        server.wait()
    print(f"authorized {len(files)}")


if __name__ == "__main__":
    main()
