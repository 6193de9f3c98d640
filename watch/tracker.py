"""Issues and pull requests of which only one is open at a time."""


class Issue:
    """The only open issue with a label."""

    def __init__(self, repository, label):
        self.repository = repository
        self.label = label

    def report(self, title, body):
        """Opens the issue, or updates it. Returns its address."""
        issue = self.repository.open_issue(self.label)
        if issue is None:
            return self.repository.create_issue(self.label, title, body)["html_url"]
        self.repository.update_issue(issue["number"], title=title, body=body)
        return issue["html_url"]

    def close(self, reason):
        """Closes the issue with a comment, if it is open."""
        issue = self.repository.open_issue(self.label)
        if issue is not None:
            self.repository.comment(issue["number"], reason)
            self.repository.update_issue(issue["number"], state="closed")


class Proposal:
    """The only open pull request of a branch. The branch also remembers that a person has declined a proposal."""

    def __init__(self, repository, branch):
        self.repository = repository
        self.branch = branch

    def make(self, proposed):
        """Opens the pull request, or updates it if the difference has changed. Returns its address."""
        pull = self.repository.newest_pull_request(self.branch)
        if pull is None or pull["state"] != "open":
            if pull is not None and self.was_declined(pull, proposed["marker"]):
                return pull["html_url"]
            return self.open_new(proposed)
        if proposed["marker"] not in (pull["body"] or ""):
            self.commit(proposed)
            body = f"{proposed['body']}\n\n{proposed['marker']}"
            self.repository.update_pull_request(pull["number"], title=proposed["title"], body=body)
            self.repository.comment(pull["number"], "The page has changed again. A new commit contains its list.")
        return pull["html_url"]

    def was_declined(self, pull, marker):
        """Returns true if a person closed the pull request for the same difference, and kept its branch."""
        is_same = marker in (pull["body"] or "")
        return is_same and pull["merged_at"] is None and self.repository.head(self.branch) is not None

    def open_new(self, proposed):
        self.repository.delete_branch(self.branch)
        base = self.repository.default_branch()
        self.repository.create_branch(self.branch, base)
        self.commit(proposed)
        body = f"{proposed['body']}\n\n{proposed['marker']}"
        return self.repository.create_pull_request(self.branch, base, proposed["title"], body)["html_url"]

    def commit(self, proposed):
        self.repository.commit_file(self.branch, proposed["path"], proposed["text"], proposed["title"])

    def close(self, reason):
        """Closes the pull request with a comment, if it is open, and deletes the branch."""
        pull = self.repository.newest_pull_request(self.branch)
        if pull is None:
            return
        if pull["state"] == "open":
            self.repository.comment(pull["number"], reason)
            self.repository.update_pull_request(pull["number"], state="closed")
        self.repository.delete_branch(self.branch)


class NoProposal:
    """Repositories without editions get no pull requests."""

    def close(self, reason):
        pass
