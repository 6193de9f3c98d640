"""Parses access lists of FreeSWITCH with Python's XML parser, and prints their names, defaults and nodes as JSON.

Usage: freeswitch_lists.py FILE...

Each file is also parsed within the acl.conf.xml that includes it, line by line as FreeSWITCH pastes it.
"""

import json
import sys
import xml.etree.ElementTree as xml

INCLUDING = '<configuration name="acl.conf"><network-lists>\n{}</network-lists></configuration>'


def described(element):
    nodes = [dict(node.attrib) for node in element]
    if any(node.tag != "node" for node in element):
        sys.exit("an element that is not a node")
    return {"name": element.get("name"), "default": element.get("default"), "nodes": nodes}


for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        text = file.read()
    alone = described(xml.fromstring(text))
    kept = [line for line in text.splitlines(True) if "x-pre-process" not in line.lower()]
    lists = xml.fromstring(INCLUDING.format("".join(kept))).find("network-lists")
    if [described(element) for element in lists] != [alone]:
        sys.exit(f"{name}: FreeSWITCH reads another list than an XML parser")
    print(json.dumps(alone))
