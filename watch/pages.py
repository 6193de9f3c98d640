"""Compares each page with its edition, and opens, updates or closes the issues and the pull request about it."""

import hashlib
import tempfile

from download import Unreadable, fetch
from editions import digest, doubt, networks
from program import Failed
from text import block
from tracker import Issue, NoProposal, Proposal

# Explaining more networks would make the text too long for GitHub.
MOST_EXPLAINED = 100


class NeedsPerson(Exception):
    """The page must not be proposed as an edition. The text is the reason, in Markdown."""


class Watcher:
    def __init__(self, program, repository, today, may_propose, seconds, pause):
        self.program = program
        self.repository = repository
        self.today = today
        self.may_propose = may_propose
        self.seconds = seconds
        self.pause = pause

    def watch(self, edition):
        """Handles the page of one edition, and returns a line about the result."""
        issue = Issue(self.repository, f"watch-{edition.connection}-unreadable")
        with tempfile.NamedTemporaryFile(suffix=".md") as file:
            try:
                page = fetch(edition.page, self.seconds, self.pause)
                file.write(page)
                file.flush()
                difference = self.program.difference(edition.name, file.name)
            except (Unreadable, Failed) as error:
                body = unreadable_body(edition, str(error).replace(file.name, "page.md"), self.today)
                link = issue.report(f"Twilio's page for {edition.place} cannot be read", body)
                return f"{edition.page} cannot be read: {link}"
            issue.close(f"The page was read on {self.today}.")
            result = self.handle(edition, Page(file.name, page, difference))
        return f"{edition.page} {result}"

    def handle(self, edition, page):
        """Handles a page that was read."""
        issue = Issue(self.repository, f"watch-{edition.connection}-changed")
        proposal = Proposal(self.repository, f"watch/{edition.connection}") if self.may_propose else NoProposal()
        expected = set(page.difference["equal_editions"]) & set(edition.upcoming)
        if page.difference["verdict"] == "same" or expected:
            name = min(expected, default=edition.name)
            reason = f"On {self.today}, the page equals edition {name}."
            issue.close(reason)
            proposal.close(reason)
            return f"equals edition {name}"
        try:
            imported = self.imported(edition, page)
        except NeedsPerson as need:
            body = changed_body(edition, str(need), self.report(edition, page), self.today)
            link = issue.report(f"Twilio's list for {edition.place} has changed: compare it by hand", body)
            proposal.close(f"The page has changed again: see {link}.")
            return f"differs from edition {edition.name}, and a person must look: {link}"
        link = proposal.make(self.proposed(edition, page, imported))
        issue.close(f"The page has changed again: see {link}.")
        return f"differs from edition {edition.name}: {link}"

    def imported(self, edition, page):
        """The page as an edition in YAML. Raises `NeedsPerson` if the page must not be proposed as one."""
        if not self.may_propose:
            raise NeedsPerson("a later release of twilio-sip-allow may contain the new list")
        reason = doubt(edition, page.difference)
        if reason is not None:
            raise NeedsPerson(reason)
        try:
            imported = self.program.import_page(
                page.file,
                edition.connection,
                name=f"imported-{edition.connection}",
                title=f"Twilio's page of {self.today}",
                source=edition.page,
                retrieved=self.today,
            )
        except Failed as error:
            message = block(str(error).replace(page.file, "page.md"))
            raise NeedsPerson(f"`dataset import` refuses the page\n\n{message}") from error
        retrieved = f"\nretrieved: {self.today}\n"
        return imported.replace(retrieved, f"{retrieved}page_sha256: {page.hash}\n", 1)

    def report(self, edition, page):
        """The difference, and the uses of the changed networks."""
        difference = self.program.difference_as_text(edition.name, page.file)
        changed = networks(page.difference)
        parts = ["## Difference", block(difference.replace(page.file, "page.md"))]
        if changed:
            explained = self.program.explain(edition.name, changed[:MOST_EXPLAINED])
            parts += ["## Changed networks", block(explained)]
        if len(changed) > MOST_EXPLAINED:
            parts += [f"{len(changed) - MOST_EXPLAINED} more networks have changed."]
        parts += [f"The page was retrieved on {self.today}. Its SHA-256 sum is `{page.hash}`."]
        return "\n\n".join(parts)

    def proposed(self, edition, page, imported):
        path = f"data/editions/imported-{edition.connection}.yaml"
        return {
            "title": f"Import Twilio's new list for {edition.place}",
            "body": proposal_body(edition, path, self.report(edition, page)),
            "marker": f"<!-- watch: {digest(page.difference)} -->",
            "path": path,
            "text": imported,
        }


class Page:
    """A page that the program has read."""

    def __init__(self, file, content, difference):
        self.file = file
        self.hash = hashlib.sha256(content).hexdigest()
        self.difference = difference


def unreadable_body(edition, reason, today):
    return f"""\
On {today}, the page could not be compared with edition {edition.name}: {edition.page}

{block(reason)}

Nobody notices a change of the list until the page can be read. If the page has moved, `source` in the file of the
edition must name it. If the page has a new layout, `dataset diff` must learn to read it.

A later run updates this issue, and closes it when the page can be read."""


def changed_body(edition, reason, report, today):
    return f"""\
On {today}, the page differs from edition {edition.name}: {edition.page}

Compare the page by hand: {reason}

{report}

A later run updates this issue, and closes it when the page equals the edition."""


def proposal_body(edition, path, report):
    return f"""\
The page differs from edition {edition.name}, which is in force for {edition.place}: {edition.page}

{report}

## Before you merge

- [ ] Open the page, and compare it with `{path}`.
- [ ] Give the file and its edition a name, a title and dates. Set `superseded` in the file of edition {edition.name}.
- [ ] Follow the other steps of "Adding an edition" in CONTRIBUTING.md. The tests fail until then.

If the page changes again, a later run adds a commit and replaces this text. If the page equals an edition again, it
closes this pull request. If you close it and keep its branch, the same difference is not proposed again."""
