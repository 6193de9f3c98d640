"""Parses access lists with the cisco-acl package and prints the result.

Usage: cisco_acl_lines.py FILE... For each file, this prints the name of the file, and then the name and the entries
of each list in the notation of the package, with port numbers. The package drops unknown lines with only a log
message. This script fails at such a message, and its caller must also count the entries.
"""

import logging
import sys

import cisco_acl


class Refuse(logging.Handler):
    def emit(self, record):
        raise SystemExit(f"message of cisco-acl: {record.getMessage()}")


logging.getLogger().addHandler(Refuse())
logging.getLogger().setLevel(logging.INFO)

for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        lists = cisco_acl.acls(config=file.read(), platform="ios", port_nr=True)
    print(name)
    for acl in lists:
        print(acl.line)
