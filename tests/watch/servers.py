"""Servers on loopback that stand for Twilio's site and for GitHub's API."""

import base64
import http.server
import json
import re
import threading
import time
import urllib.parse

REPOSITORY = "/repos/owner/project"


class Server:
    """A server on 127.0.0.1, whose requests `answer` handles."""

    def __init__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self):
                size = int(self.headers["Content-Length"] or 0)
                outer.answer(self, self.rfile.read(size))

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def send(handler, status, body, headers=()):
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


class Site(Server):
    """Serves `pages`, by path. A page is bytes, or a function that gets the handler."""

    def __init__(self):
        super().__init__()
        self.pages = {}
        self.requests = []

    def answer(self, handler, _body):
        self.requests.append((handler.path, dict(handler.headers)))
        page = self.pages.get(handler.path)
        if callable(page):
            page(handler)
        elif page is None:
            send(handler, 404, b"not found")
        else:
            send(handler, 200, page)


def drip(handler):
    """Sends a byte now and then, much longer than the watcher's time."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.2)
    except OSError:
        pass
    handler.close_connection = True


def flood(handler):
    """Sends 100 MB, unless the client hangs up. Notes how much it sent in `flood.sent`."""
    flood.sent = 0
    handler.send_response(200)
    handler.send_header("Content-Length", str(100_000_000))
    handler.end_headers()
    try:
        for _ in range(100):
            handler.wfile.write(b"x" * 1_000_000)
            flood.sent += 1_000_000
    except OSError:
        pass
    handler.close_connection = True


def status(code, headers=()):
    return lambda handler: send(handler, code, b"@everyone", headers)


class GitHub(Server):
    """A repository, as far as the watcher uses GitHub's API."""

    def __init__(self):
        super().__init__()
        # "METHOD path" and the body of each request.
        self.requests = []
        self.tokens = set()
        # Answers that replace the usual ones, by "METHOD path". A function gets the handler.
        self.faults = {}
        self.issues = []
        self.pulls = []
        self.comments = []
        self.branches = {"main": {}}
        self.workflow = {"state": "active"}
        self.runs = []
        self.ignores_labels = False

    def answer(self, handler, body):
        path = handler.path.removeprefix(REPOSITORY)
        self.requests.append((f"{handler.command} {path}", json.loads(body) if body else None))
        self.tokens.add(handler.headers["Authorization"])
        fault = self.faults.get(f"{handler.command} {path}")
        if fault is not None:
            return fault(handler)
        for method, pattern, answer in self.routes():
            match = re.fullmatch(pattern, path)
            if match and method == handler.command:
                arguments = [urllib.parse.unquote_plus(group) for group in match.groups()]
                code, result = answer(*arguments, *([json.loads(body)] if body else []))
                return send(handler, code, b"" if result is None else json.dumps(result).encode())
        return send(handler, 500, b'{"message": "the fake server does not know this request"}')

    def routes(self):
        return [
            ("GET", r"", lambda: (200, {"default_branch": "main"})),
            ("GET", r"/issues\?labels=([^&]+)&state=open", self.open_issues),
            ("POST", r"/issues", self.create_issue),
            ("PATCH", r"/issues/(\d+)", lambda n, fields: self.change(self.issues, n, fields)),
            ("POST", r"/issues/(\d+)/comments", self.comment),
            ("GET", r"/pulls\?head=owner%3A([^&]+)&state=all&per_page=1", self.newest_pull),
            ("POST", r"/pulls", self.create_pull),
            ("PATCH", r"/pulls/(\d+)", lambda n, fields: self.change(self.pulls, n, fields)),
            ("GET", r"/git/ref/heads/(.+)", self.branch),
            ("POST", r"/git/refs", self.create_branch),
            ("DELETE", r"/git/refs/heads/(.+)", self.delete_branch),
            ("GET", r"/contents/([^?]+)\?ref=(.+)", self.file),
            ("PUT", r"/contents/([^?]+)", self.put_file),
            ("GET", r"/actions/workflows/watch.yml", lambda: (200, self.workflow)),
            (
                "GET",
                r"/actions/workflows/watch.yml/runs\?status=success&per_page=1",
                lambda: (200, {"workflow_runs": self.runs}),
            ),
        ]

    # Issues and pull requests share their numbers.

    def add(self, to, kind, fields):
        number = len(self.issues) + len(self.pulls) + 1
        link = f"https://github.example/owner/project/{kind}/{number}"
        to.append({"number": number, "html_url": link, "state": "open", **fields})
        return 201, to[-1]

    def change(self, among, number, fields):
        found = next(item for item in among if item["number"] == int(number))
        found.update(fields)
        return 200, found

    def open_issues(self, label):
        return 200, [i for i in self.issues if i["state"] == "open" and {"name": label} in i["labels"]]

    def create_issue(self, fields):
        labels = [] if self.ignores_labels else [{"name": name} for name in fields["labels"]]
        return self.add(self.issues, "issues", {**fields, "labels": labels})

    def comment(self, number, fields):
        self.comments.append((int(number), fields["body"]))
        return 201, {}

    def newest_pull(self, branch):
        return 200, [pull for pull in reversed(self.pulls) if pull["head"] == branch][:1]

    def create_pull(self, fields):
        if fields["head"] not in self.branches or fields["base"] not in self.branches:
            return 422, {"message": "Validation Failed"}
        return self.add(self.pulls, "pull", {**fields, "merged_at": None})

    # Branches are files by path. The commit of a branch is its name.

    def branch(self, name):
        if name not in self.branches:
            return 404, {"message": "Not Found"}
        return 200, {"object": {"sha": f"head-of-{name}"}}

    def create_branch(self, fields):
        name = fields["ref"].removeprefix("refs/heads/")
        if name in self.branches:
            return 422, {"message": "Reference already exists"}
        self.branches[name] = dict(self.branches[fields["sha"].removeprefix("head-of-")])
        return 201, {}

    def delete_branch(self, name):
        del self.branches[name]
        return 204, None

    def file(self, path, branch):
        if path not in self.branches[branch]:
            return 404, {"message": "Not Found"}
        return 200, {"sha": f"blob-{len(self.branches[branch][path])}"}

    def put_file(self, path, fields):
        files = self.branches[fields["branch"]]
        expected = f"blob-{len(files[path])}" if path in files else None
        if fields.get("sha") != expected:
            return 409, {"message": "the sha does not match"}
        files[path] = base64.b64decode(fields["content"]).decode()
        return 201, {}
