"""Parses Junos set commands with the junoscfg package and prints the configuration as JSON.

Usage: junos_json.py FILE... For each file, this prints one line. The package contains the statements of Juniper's
own schema, but accepts words that are not in it. This script therefore checks the result against the schema again,
and fails at a statement or keyword that Junos does not know.
"""

import importlib.resources
import json
import re
import sys

from junoscfg import Format, convert_config

DATA = importlib.resources.files("junoscfg") / "validate/data/junos-structure-tree.json"
TREE = json.loads(DATA.read_text(encoding="utf-8"))


def refuse(path, what):
    raise SystemExit(f"{' '.join(path)}: {what}")


def check_leaf(schema, value, path):
    if schema.get("p"):
        if value is not None:
            refuse(path, f"has the value {value!r}, but the schema allows none")
    elif "e" in schema:
        known = TREE["_enums"][schema["e"]]
        if value not in known and not re.fullmatch(r"[0-9]+(-[0-9]+)?", value):
            refuse(path, f"{value!r} is not one of {known}")
    elif not isinstance(value, str):
        refuse(path, f"{value!r} is not a word")


def check(schema, value, path):
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            check_leaf(schema, item, path)
            continue
        if schema.get("L") and not item.get("name"):
            refuse(path, "has no name")
        for word, below in item.items():
            if word == "name" and schema.get("L"):
                continue
            if word not in schema.get("c", {}):
                refuse([*path, word], "is not in Juniper's schema")
            check(schema["c"][word], below, [*path, word])


for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        lines = [line for line in file if line.startswith("set ")]
    text = convert_config("".join(lines), from_format=Format.SET, to_format=Format.JSON)
    config = json.loads(text)
    check(TREE, config["configuration"], [])
    print(json.dumps(config))
