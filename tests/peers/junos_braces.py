"""Converts Junos set commands to the form with braces, with the junoscfg package.

Usage: junos_braces.py FILE... For each file, this prints one line: the text as a JSON string.
"""

import json
import sys

from junoscfg import Format, convert_config

for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        lines = [line for line in file if line.startswith("set ")]
    text = convert_config("".join(lines), from_format=Format.SET, to_format=Format.STRUCTURED)
    print(json.dumps(text))
