"""Parses access lists with the cisco-acl package and prints what it understood.

Usage: cisco_acl_lines.py FILE... For each file, a line `FILE`, then each list's name and entries
as the package writes them, numbers for ports. The package drops lines that it does not know with
only a log message, so whoever calls must count; here a message is a failure besides.
"""

import logging
import sys

import cisco_acl


class Refuse(logging.Handler):
    def emit(self, record):
        raise SystemExit(f"cisco-acl says: {record.getMessage()}")


logging.getLogger().addHandler(Refuse())
logging.getLogger().setLevel(logging.INFO)

for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        lists = cisco_acl.acls(config=file.read(), platform="ios", port_nr=True)
    print(name)
    for acl in lists:
        print(acl.line)
