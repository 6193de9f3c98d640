"""Reads the outputs of examples/templates and prints their networks, one line of JSON per file.

Usage: template_outputs.py FILE... The extension of a file selects its reader: Python's XML parser for FreeSWITCH, and
python-hcl2 for Terraform.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree

import hcl2


def freeswitch(text):
    acl = ElementTree.fromstring(text)
    assert (acl.tag, acl.attrib) == ("list", {"name": "twilio-sip", "default": "deny"}), acl.attrib
    assert all((node.tag, node.get("type")) == ("node", "allow") for node in acl)
    return {"signaling": [node.get("cidr") for node in acl]}


def terraform(text):
    variables = hcl2.loads(text)
    lists = {name: value for name, value in variables.items() if name.startswith("twilio_")}
    # The reader keeps the quotation marks of strings.
    return {
        name.removeprefix("twilio_").removesuffix("_cidrs"): [json.loads(cidr) for cidr in value]
        for name, value in lists.items()
    }


READERS = {".xml": freeswitch, ".tfvars": terraform}

for path in sys.argv[1:]:
    [read] = [read for end, read in READERS.items() if path.endswith(end)]
    with open(path, encoding="utf-8") as file:
        print(json.dumps(read(file.read())))
