"""The requests to GitHub's API that the watcher needs. They follow no redirects, so that the token stays there."""

import base64
import datetime
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request

from limits import time_limit
from text import one_line

# More than any answer to these requests.
MOST_BYTES = 8 * 1024 * 1024


class ApiError(Exception):
    """A request that failed. The text names the request and the reason."""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Repository:
    def __init__(self, api, name, token, seconds):
        if not re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", name):
            raise ApiError(f"GITHUB_REPOSITORY must be OWNER/NAME, not '{one_line(name)}'")
        self.owner = name.split("/")[0]
        self.address = f"{api.rstrip('/')}/repos/{name}"
        self.token = token
        self.seconds = seconds

    # Issues, and comments on issues and pull requests.

    def open_issue(self, label):
        """The open issue with this label, or None."""
        issues = self.request("GET", f"/issues?{query(labels=label, state='open')}")
        return next((issue for issue in issues if "pull_request" not in issue), None)

    def create_issue(self, label, title, body):
        issue = self.request("POST", "/issues", {"title": title, "body": body, "labels": [label]})
        if label not in [given["name"] for given in issue["labels"]]:
            # Without the label, the next run would open another issue.
            raise ApiError(f"GitHub did not add the label {label} to issue {issue['number']}: add it by hand")
        return issue

    def update_issue(self, number, **fields):
        return self.request("PATCH", f"/issues/{number}", fields)

    def comment(self, number, body):
        self.request("POST", f"/issues/{number}/comments", {"body": body})

    # Pull requests.

    def newest_pull_request(self, branch):
        """The newest pull request of this branch, open or closed, or None."""
        pulls = self.request("GET", f"/pulls?{query(head=f'{self.owner}:{branch}', state='all', per_page=1)}")
        return pulls[0] if pulls else None

    def create_pull_request(self, branch, base, title, body):
        fields = {"title": title, "body": body, "head": branch, "base": base}
        return self.request("POST", "/pulls", fields)

    def update_pull_request(self, number, **fields):
        return self.request("PATCH", f"/pulls/{number}", fields)

    # Branches and files.

    def default_branch(self):
        return self.request("GET", "")["default_branch"]

    def head(self, branch):
        """The commit of a branch, or None if the branch does not exist."""
        reference = self.request("GET", f"/git/ref/heads/{branch}", absent=True)
        return reference and reference["object"]["sha"]

    def create_branch(self, branch, base):
        """Creates a branch at the head of the branch `base`."""
        fields = {"ref": f"refs/heads/{branch}", "sha": self.head(base)}
        self.request("POST", "/git/refs", fields)

    def delete_branch(self, branch):
        if self.head(branch) is not None:
            self.request("DELETE", f"/git/refs/heads/{branch}")

    def commit_file(self, branch, path, text, message):
        """Adds a commit to a branch, which creates the file or replaces it."""
        fields = {"message": message, "content": base64.b64encode(text.encode()).decode(), "branch": branch}
        old = self.request("GET", f"/contents/{path}?{query(ref=branch)}", absent=True)
        if old is not None:
            fields["sha"] = old["sha"]
        self.request("PUT", f"/contents/{path}", fields)

    # Workflows.

    def workflow(self, file):
        return self.request("GET", f"/actions/workflows/{file}")

    def last_success(self, file):
        """The time of the last successful run of a workflow, or None."""
        runs = self.request("GET", f"/actions/workflows/{file}/runs?{query(status='success', per_page=1)}")
        if not runs["workflow_runs"]:
            return None
        return datetime.datetime.fromisoformat(runs["workflow_runs"][0]["updated_at"])

    def request(self, method, path, body=None, absent=False):
        """Sends a request, and returns its answer. If `absent`, the status 404 gives None."""
        name = f"{method} {path or '/'}"
        try:
            with time_limit(self.seconds):
                return self.send(method, path, body)
        except urllib.error.HTTPError as error:
            with error:
                if absent and error.code == 404:
                    return None
                raise ApiError(f"{name}: {refusal(error, self.seconds)}") from error
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(f"{name}: no answer of GitHub: {error or type(error).__name__}") from error
        except ValueError as error:
            raise ApiError(f"{name}: GitHub's answer is not JSON") from error

    def send(self, method, path, body):
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "User-Agent": "twilio-sip-allow-watch",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        with urllib.request.build_opener(NoRedirects).open(request) as answer:
            text = answer.read(MOST_BYTES)
        return json.loads(text) if text else None


def query(**parameters):
    return urllib.parse.urlencode(parameters)


def refusal(error, seconds):
    """The reason in an answer with an error status."""
    if error.code == 429 or error.headers["x-ratelimit-remaining"] == "0" or error.headers["retry-after"]:
        return f"GitHub's rate limit is exhausted (status {error.code}); start the workflow again later"
    try:
        with time_limit(seconds):
            message = json.loads(error.read(100_000))["message"]
    except (OSError, http.client.HTTPException, ValueError, TypeError, KeyError):
        message = "no message"
    return f"GitHub answered with status {error.code}: {one_line(str(message))}"
