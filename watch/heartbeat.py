"""Notices that the watcher no longer runs: GitHub disables the schedules of repositories without activity."""

import datetime

WORKFLOW = "watch.yml"
MOST_DAYS = 3


def problem(repository, now):
    """The reason why nobody watches the pages, or None."""
    state = repository.workflow(WORKFLOW)["state"]
    if state != "active":
        return f"the workflow {WORKFLOW} does not run, its state is '{state}': enable it on the page Actions"
    last = repository.last_success(WORKFLOW)
    if last is None:
        return f"the workflow {WORKFLOW} has never succeeded: start it by hand on the page Actions"
    if now - last > datetime.timedelta(days=MOST_DAYS):
        return (
            f"the last successful run of {WORKFLOW} was on {last:%Y-%m-%d}, more than {MOST_DAYS} days ago: "
            "look at its later runs on the page Actions, or start it by hand"
        )
    return None
