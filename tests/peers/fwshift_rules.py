"""Reads rules with the fwshift package, as its converter between firewalls does, and prints them.

Usage: fwshift_rules.py FORMAT FILE... For each file, a line of JSON: by direction, the connections
that are let through. The hook that the head of an output names is what makes a unit count, so it is
taken from there. Whatever the package says it could not read or convert is a failure.
"""

import json
import re
import sys

from fwshift.model import Action
from fwshift.parsers import routeros
from fwshift.report import Report

# Findings on what is around our unit, not on it: the other direction's chain is one.
AROUND = {
    "FORWARD_POLICY_ACCEPT",
    "ROUTEROS_NO_IPV6_RULES",
    "ROUTEROS_UNUSED_CHAIN",
    "STATELESS_RULESET",
}


def routeros_export(text, hook):
    """Only what an export has: the package reads no removals."""
    lines = [line for line in text.splitlines() if not line.startswith("remove ")]
    hook = hook.replace(" place-before=RULE", "")
    return "\n".join([*lines, hook, "/ip firewall filter add chain=forward action=drop", ""])


# Package's parser, comment sign, what to add to an output so that it is a configuration.
FORMATS = {"mikrotik": (routeros, "#", routeros_export)}


def members(policy, names):
    for name in names:
        group = policy.address_groups.get(name)
        if group is None:
            yield name
        else:
            yield from members(policy, group.members)


def connections(policy):
    for rule in policy.rules:
        if rule.unsupported or not rule.enabled:
            raise SystemExit(f"{rule}")
        if rule.action is not Action.ALLOW:
            return
        for service in rule.services:
            for entry in policy.services[service].entries:
                yield {
                    "protocol": entry.protocol.value,
                    "source ports": entry.src_ports,
                    "destination ports": entry.dst_ports,
                    "sources": list(members(policy, rule.sources)),
                    "destinations": list(members(policy, rule.destinations)),
                }


def read(name, text):
    parser, sign, configuration = FORMATS[name]
    hooks = re.findall(rf"^{sign} hook: (.*)$", text, re.MULTILINE)
    found = {}
    for hook in hooks:
        report = Report()
        policy = parser.parse(configuration(text, hook).encode(), report)
        findings = [*report.notes, *(f for item in report.items.values() for f in item.findings)]
        for finding in findings:
            if finding.code not in AROUND:
                raise SystemExit(f"{finding.code}: {finding.message}")
        direction = re.search(r"-(in|out)\b", hook, re.IGNORECASE).group(1).lower()
        found[direction] = list(connections(policy))
    return found


for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        print(json.dumps(read(sys.argv[1], file.read())))
