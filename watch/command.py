"""Runs a command that checks the files of a repository, and opens, updates or closes the issue about its result."""

from text import block
from tracker import Issue


def watch(program, repository, arguments, today):
    """Handles the result of a command such as `scan .`, and returns a line about it. Status 1 needs a person."""
    name = arguments[0]
    issue = Issue(repository, f"watch-{name}")
    status, report = program.run(*arguments)
    if status == 0:
        issue.close(f"On {today}, `{name}` found nothing.")
        return f"{name} found nothing"
    body = f"""\
On {today}, `{name}` reported:

{block(report, most=50_000)}

A later run updates this issue, and closes it when `{name}` finds nothing."""
    return f"{name} found something: {issue.report(f'twilio-sip-allow {name}: look at the report', body)}"
