"""The editions that have pages, and how much a page differs from one of them."""

import dataclasses
import hashlib
import ipaddress
import json
import re

PLACES = {"public": "the public internet", "interconnect": "Twilio Interconnect"}


@dataclasses.dataclass
class Watched:
    """An edition in force, the list of one kind of connection."""

    name: str
    connection: str
    place: str
    page: str
    edition: dict
    # Other editions that a page may show: they are announced, but not in force yet.
    upcoming: list


class NoPage(Exception):
    """An edition in force does not name its page."""


def watched(editions, site, today):
    """The edition in force for each connection, with its page on the site."""
    found = []
    for connection, place in PLACES.items():
        valid = [e for e in editions if e["connection"] == connection and e["superseded"] is None]
        in_force = [e for e in valid if (e["in_force_since"] or "") <= today]
        if not in_force:
            raise NoPage(f"no edition is in force for {place}")
        edition = in_force[-1]
        path = re.search(r"\bdocs/[a-z0-9/-]+", edition["source"])
        if path is None:
            raise NoPage(f"the source of edition {edition['edition']} names no page (docs/...)")
        upcoming = [e["edition"] for e in valid if e not in in_force]
        page = f"{site.rstrip('/')}/{path[0]}.md"
        found.append(Watched(edition["edition"], connection, place, page, edition, upcoming))
    return found


def networks(difference):
    """The networks that the page adds or removes, each once, in ascending order."""
    found = {change["network"] for change in difference["changes"] if "network" in change}
    return sorted(found, key=ipaddress.IPv4Network)


def digest(difference):
    """Equal for equal differences, wherever they are on the page."""
    changes = [{key: change[key] for key in change if key != "line"} for change in difference["changes"]]
    text = json.dumps([difference["edition"], changes])
    return hashlib.sha256(text.encode()).hexdigest()


def doubt(watched_edition, difference):
    """The reason why a person must look at a difference before anything is imported, or None."""
    old = difference["equal_editions"]
    if old:
        return f"the page equals edition {old[0]}, which is not in force for {watched_edition.place}"
    for plane in ("signaling", "media"):
        before = addresses_of_edition(watched_edition.edition, plane)
        if 2 * addresses_of_changes(difference, plane, "removed") > before:
            return f"the page lacks more than half of the {plane} addresses of edition {watched_edition.name}"
        if addresses_of_changes(difference, plane, "added") > before:
            return f"the page adds more {plane} addresses than edition {watched_edition.name} has"
    return None


def addresses_of_edition(edition, plane):
    """The number of addresses, counted for each region. Those of "all" count for every region."""
    return sum(
        (len(edition["regions"]) if region == "all" else 1) * addresses(listed)
        for region, listed in edition[plane]["networks"].items()
    )


def addresses_of_changes(difference, plane, kind):
    changes = [c for c in difference["changes"] if c["change"] == kind and c["plane"] == plane]
    return addresses(change["network"] for change in changes)


def addresses(listed):
    return sum(ipaddress.IPv4Network(network).num_addresses for network in listed)
