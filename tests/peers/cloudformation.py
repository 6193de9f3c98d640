"""Holds templates against cfn-lint, then deploys them by the AWS command line to a moto server.

Usage: cloudformation.py FOLDER. NAME.json is a template; NAME.expected beside it has the rules that the
security group shall have afterwards, a line each: direction, protocol, first port, last port, CIDR.
A second deployment must find nothing to do. The server knows no rules out in a template, so none are
expected of it. What the command line prints of the stack and of the group is left beside it, as
NAME.template and NAME.group, and as NAME.changed once the first rule of the group was revoked by hand.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from aws_sg import DEFAULT_EGRESS, DRIVER, aws, start_server
from cfnlint.api import lint

# Bytes of a template without a bucket; more are refused, as the program's notice says.
BODY_LIMIT = 51_200

PERMISSIONS = {"in": "IpPermissions", "out": "IpPermissionsEgress"}


def cloudformation(endpoint, *arguments):
    """Runs the command line in this process: its status, and what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        status = DRIVER.main(["cloudformation", *arguments, "--endpoint-url", endpoint])
    return status, out.getvalue()


def describe(endpoint, group):
    return aws(endpoint, "describe-security-groups", "--group-ids", group)


def rules(shown):
    (shown,) = json.loads(shown)["SecurityGroups"]
    found = []
    for direction, key in PERMISSIONS.items():
        for permission in shown[key]:
            ports = f"{permission['IpProtocol']} {permission['FromPort']} {permission['ToPort']}"
            found += [f"{direction} {ports} {r['CidrIp']}" for r in permission["IpRanges"]]
    return sorted(found)


def check(endpoint, vpc, file):
    assert not (faults := lint(file.read_text())), (file.name, faults)
    made = aws(endpoint, "create-security-group", "--group-name", file.stem, "--description", "test",
               "--vpc-id", vpc)
    group = json.loads(made)["GroupId"]
    aws(endpoint, "revoke-security-group-egress", "--group-id", group, "--ip-permissions", DEFAULT_EGRESS)
    expected = sorted(file.with_suffix(".expected").read_text().splitlines())
    deploy = ["deploy", "--no-fail-on-empty-changeset", "--stack-name", file.stem,
              "--template-file", str(file), "--parameter-overrides", f"SecurityGroupId={group}"]
    status, told = cloudformation(endpoint, *deploy)
    if file.stat().st_size > BODY_LIMIT:
        assert "Please add the --s3-bucket parameter" in told, (file.name, status, told)
        return
    assert status == 0, (file.name, told)
    shown = describe(endpoint, group)
    found = rules(shown)
    assert found == expected, f"{file.name}: {found} != {expected}"
    file.with_suffix(".group").write_text(shown)
    # AWS would say so by an empty change set, which the command line takes for success.
    status, told = cloudformation(endpoint, *deploy)
    assert "No updates are to be performed" in told, (file.name, status, told)
    change_by_hand(endpoint, group, file)
    status, told = cloudformation(endpoint, "get-template", "--stack-name", file.stem, "--output", "json")
    assert status == 0, (file.name, told)
    file.with_suffix(".template").write_text(told)


def change_by_hand(endpoint, group, file):
    (shown,) = json.loads(describe(endpoint, group))["SecurityGroups"]
    for permission in shown["IpPermissions"][:1]:
        aws(endpoint, "revoke-security-group-ingress", "--group-id", group, "--ip-permissions",
            json.dumps([permission]))
    file.with_suffix(".changed").write_text(describe(endpoint, group))


def main():
    files = sorted(Path(sys.argv[1]).glob("*.json"))
    server, endpoint = start_server()
    try:
        made = aws(endpoint, "create-vpc", "--cidr-block", "10.0.0.0/16")
        vpc = json.loads(made)["Vpc"]["VpcId"]
        for file in files:
            check(endpoint, vpc, file)
    finally:
        server.kill()
        server.wait()
    print(f"deployed {len(files)}")


if __name__ == "__main__":
    main()
