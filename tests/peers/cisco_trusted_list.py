"""Parses commands of IOS with the ciscoconfparse2 package, and prints the parents and the children of the trusted list as
JSON.

Usage: cisco_trusted_list.py FILE...
"""

import json
import sys

from ciscoconfparse2 import CiscoConfParse

for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        lines = file.read().splitlines()
    parsed = CiscoConfParse(lines, syntax="ios", factory=False)
    found = parsed.find_objects(r"^ ip address trusted list$")
    print(
        json.dumps(
            [
                {
                    "parents": [parent.text for parent in command.all_parents],
                    "children": [child.text.strip() for child in command.children],
                }
                for command in found
            ]
        )
    )
