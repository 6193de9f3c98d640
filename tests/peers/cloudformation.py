"""Checks templates with cfn-lint, then deploys them with the AWS command line to a moto server.

Usage: cloudformation.py FOLDER. NAME.json is a template. NAME.expected beside it contains the rules that the
security group must have afterwards, one per line: direction, protocol, first port, last port, CIDR. A second
deployment must change nothing. The moto server ignores outbound rules in a template, so NAME.expected has none.

The script writes the output of the AWS command line for the stack and for the group to NAME.template and NAME.group.
Then it revokes the first rule of the group by hand, and writes the new output for the group to NAME.changed.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from aws_sg import DEFAULT_EGRESS, DRIVER, aws, start_server
from cfnlint.api import lint

# The maximum size of a template without a bucket, in bytes. The AWS command line rejects more, and a notice warns.
BODY_LIMIT = 51_200

PERMISSIONS = {"in": "IpPermissions", "out": "IpPermissionsEgress"}


def cloudformation(endpoint, *arguments):
    """Runs the command line in this process, and returns its status and its output."""
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
    status, printed = cloudformation(endpoint, *deploy)
    if file.stat().st_size > BODY_LIMIT:
        assert "Please add the --s3-bucket parameter" in printed, (file.name, status, printed)
        return
    assert status == 0, (file.name, printed)
    shown = describe(endpoint, group)
    found = rules(shown)
    assert found == expected, f"{file.name}: {found} != {expected}"
    file.with_suffix(".group").write_text(shown)
    # AWS itself would return an empty change set, which the command line treats as success.
    status, printed = cloudformation(endpoint, *deploy)
    assert "No updates are to be performed" in printed, (file.name, status, printed)
    change_by_hand(endpoint, group, file)
    status, printed = cloudformation(endpoint, "get-template", "--stack-name", file.stem, "--output", "json")
    assert status == 0, (file.name, printed)
    file.with_suffix(".template").write_text(printed)


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
