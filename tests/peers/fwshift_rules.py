"""Reads rules with the fwshift package, like its converter between firewalls, and prints them.

Usage: fwshift_rules.py FORMAT FILE... For each file, this prints a line of JSON with the accepted connections of each
direction. The package ignores a list or chain that is not hooked, so this script adds the hook from the comments at
the start of the output. It fails at anything that the package could not read or convert.
"""

import json
import re
import sys

from fwshift.model import Action
from fwshift.parsers import asa, routeros
from fwshift.report import Report

# Findings about the text around the unit, such as the chain of the other direction.
AROUND = {
    "FORWARD_POLICY_ACCEPT",
    "ICMP_STATELESS",
    "ROUTEROS_NO_IPV6_RULES",
    "ROUTEROS_UNUSED_CHAIN",
    "STATELESS_RULESET",
    "UNBOUND_ACL",
    "ZONE_NETWORKS",
}


def routeros_export(text, hook):
    """Returns the text in the form of an export, without the removals, which the package does not read."""
    lines = [line for line in text.splitlines() if not line.startswith("remove ")]
    hook = hook.replace(" place-before=RULE", "")
    return "\n".join([*lines, hook, "/ip firewall filter add chain=forward action=drop", ""])


# The list is applied to the interface that may send anywhere without a list, so nothing else is accepted.
ASA_INTERFACES = """interface GigabitEthernet0/0
 nameif applied
 security-level 100
 ip address 192.0.2.1 255.255.255.0
interface GigabitEthernet0/1
 nameif other
 security-level 0
 ip address 198.51.100.1 255.255.255.0"""


def asa_configuration(text, hook):
    """Returns the text in the form of a running configuration, with inbound hooks only.

    The package ignores outbound access lists.
    """
    gone = ("clear configure ", "no object-group ")
    lines = [line for line in text.splitlines() if not line.startswith(gone)]
    hook = hook.replace(" out interface", " in interface").replace("INTERFACE", "applied")
    return "\n".join(["ASA Version 9.16(4)", ASA_INTERFACES, *lines, hook, ""])


# For each format: the parser of the package, the comment sign, and the function that makes a configuration.
FORMATS = {
    "cisco-asa": (asa, "!", asa_configuration),
    "mikrotik": (routeros, "#", routeros_export),
}


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
