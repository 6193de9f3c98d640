"""Creates prefix lists with the real AWS command line on a moto server.

Usage: prefix_list.py FOLDER. NAME.json is the input of create-managed-prefix-list. NAME.expected beside it contains
the CIDRs that the list must contain afterwards.
"""

import json
import sys
from pathlib import Path

from aws_sg import aws, start_server


def check(endpoint, file):
    printed = json.loads(file.read_text())
    made = aws(endpoint, "create-managed-prefix-list", "--cli-input-json", f"file://{file}")
    made = json.loads(made)["PrefixList"]
    for key in ("PrefixListName", "AddressFamily", "MaxEntries"):
        assert made[key] == printed[key], (file.name, made)
    shown = aws(endpoint, "get-managed-prefix-list-entries", "--prefix-list-id", made["PrefixListId"])
    shown = json.loads(shown)["Entries"]
    assert shown == printed["Entries"], (file.name, shown)
    expected = sorted(file.with_suffix(".expected").read_text().splitlines())
    found = sorted(entry["Cidr"] for entry in shown)
    assert found == expected != [], f"{file.name}: {found} != {expected}"


def main():
    files = sorted(Path(sys.argv[1]).glob("*.json"))
    server, endpoint = start_server()
    try:
        for file in files:
            check(endpoint, file)
    finally:
        server.kill()
        server.wait()
    print(f"created {len(files)}")


if __name__ == "__main__":
    main()
