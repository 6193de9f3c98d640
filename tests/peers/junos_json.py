"""Parses Junos set commands with the junoscfg package and prints the configuration as JSON.

Usage: junos_json.py FILE... For each file, one line. The package carries the tree of statements of
Juniper's own schema, but lets through a word that is not in it, so the tree is walked once more here:
a statement or a keyword that Junos does not know is a failure.
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
            refuse(path, f"takes no value, but has {value!r}")
    elif "e" in schema:
        known = TREE["_enums"][schema["e"]]
        if value not in known and not re.fullmatch(r"[0-9]+(-[0-9]+)?", value):
            refuse(path, f"{value!r} is none of {known}")
    elif not isinstance(value, str):
        refuse(path, f"{value!r} is no word")


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
