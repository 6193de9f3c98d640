"""Runs watch/run against servers on loopback, and compares every request that GitHub's API gets.

Needs the Python packages markdown-it-py and PyYAML, the path of twilio-sip-allow in the variable PROGRAM, and the
folder watch in PYTHONPATH.
"""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

import markdown_it
import yaml
from servers import GitHub, Site, drip, flood, send, status
from text import block, one_line

ROOT = pathlib.Path(__file__).resolve().parents[2]

PROGRAM = os.environ["PROGRAM"]
TODAY = datetime.datetime.now(datetime.UTC).date().isoformat()

PUBLIC = "/docs/sip-trunking/ip-addresses.md"
INTERCONNECT = "/docs/sip-trunking/configure-with-interconnect.md"
PAGES = ROOT / "tests/pages/whole"
# The lists of the editions in force, and one that was superseded.
GLOBAL = (PAGES / "global.official-en.md").read_bytes()
PRIVATE = (PAGES / "interconnect.official-en.md").read_bytes()
REGIONAL = (PAGES / "regional.headings-en.md").read_bytes()

UNREADABLE, CHANGED, BRANCH = "watch-public-unreadable", "watch-public-changed", "watch/public"
FILE = "data/editions/imported-public.yaml"
HEAD = "head=owner%3Awatch%2Fpublic&state=all&per_page=1"

# The requests about a page that equals its edition, if nothing is open.
READ_PUBLIC = [f"GET /issues?labels={UNREADABLE}&state=open"]
QUIET_PUBLIC = [*READ_PUBLIC, f"GET /issues?labels={CHANGED}&state=open", f"GET /pulls?{HEAD}"]
QUIET_INTERCONNECT = [request.replace("public", "interconnect") for request in QUIET_PUBLIC]

HOSTILE = "`````` @everyone ::set-output name=x::$(touch hit) ##[error]hit <img src=x> fixes #1"


def moved(network):
    """Twilio's page after Tokyo's signaling has moved to the /30 with this first address."""
    first = int(network.rsplit(".", 1)[1])
    page = GLOBAL.decode().replace("54.65.63.192/30", f"{network}/30")
    for number in range(4):
        page = page.replace(f"54.65.63.{192 + number}\n", f"{network.rsplit('.', 1)[0]}.{first + number}\n")
    return page.encode()


def code_blocks(body):
    """The code blocks of a Markdown text, and the rest of the text."""
    tokens = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).parse(body)
    fences = [token.content for token in tokens if token.type == "fence"]
    return fences, "\n".join(token.content for token in tokens if token.type != "fence")


class Watching(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.site, self.github = Site(), GitHub()
        self.addCleanup(self.site.close)
        self.addCleanup(self.github.close)
        self.site.pages = {PUBLIC: GLOBAL, INTERCONNECT: PRIVATE}
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.summary = self.folder / "summary.md"

    def run_watch(self, *arguments, status=0, seconds=20, program=PROGRAM, **environment):
        """Runs watch/run and returns stdout. Forgets earlier requests."""
        self.github.requests.clear()
        variables = {
            "PATH": os.environ["PATH"],
            "GITHUB_API_URL": self.github.address,
            "GITHUB_REPOSITORY": "owner/project",
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_TOKEN": "secret",
            **environment,
        }
        options = ["--program", program, "--site", self.site.address, "--seconds", str(seconds), "--pause", "0"]
        ran = subprocess.run(
            [sys.executable, "-B", ROOT / "watch/run", *options, *(arguments or ["pages"])],
            env={name: value for name, value in variables.items() if value is not None},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        self.assertEqual(ran.stderr, "")
        self.assertEqual(ran.returncode, status, ran.stdout)
        self.assertNotIn("secret", ran.stdout)
        return ran.stdout

    def received(self):
        return [request for request, _ in self.github.requests]

    def bodies(self):
        """The requests that change something, without their parts in Markdown."""
        changes = [(request, dict(body or {})) for request, body in self.github.requests if request[:4] != "GET "]
        for _, body in changes:
            body.pop("body", None)
            body.pop("content", None)
        return changes

    def sent(self, request):
        """The body of the only such request."""
        [body] = [body for name, body in self.github.requests if name == request]
        return body


class PageEqualsItsEdition(Watching):
    def test_nothing_is_opened(self):
        printed = self.run_watch()
        self.assertEqual(self.received(), QUIET_PUBLIC + QUIET_INTERCONNECT)
        line = f"{self.site.address}{PUBLIC} equals edition global\n"
        self.assertIn(line, printed)
        self.assertIn(f"- {line}", self.summary.read_text())
        self.assertEqual([path for path, _ in self.site.requests], [PUBLIC, INTERCONNECT])

    def test_only_the_api_gets_the_token(self):
        dump = self.folder / "program"
        dump.write_text(f'#!/bin/sh\n/usr/bin/env >> {self.folder}/environment\nexec {PROGRAM} "$@"\n')
        dump.chmod(0o755)
        self.run_watch(program=str(dump), TWILIO_SIP_ALLOW_EDITION="regional")
        self.assertEqual(self.github.tokens, {"Bearer secret"})
        self.assertNotIn("Authorization", str(self.site.requests))
        environment = (self.folder / "environment").read_text()
        self.assertIn("PWD=", environment)
        self.assertNotRegex(environment, "secret|TWILIO|GITHUB")

    def test_a_configuration_file_changes_nothing(self):
        (self.folder / "twilio-sip-allow.yaml").write_text("selection: {region: [tokyo], plane: media}\n")
        self.site.pages[PUBLIC] = moved("54.65.63.64")
        self.run_watch()
        self.assertEqual(len(self.github.pulls), 1)


class PageDiffers(Watching):
    OPENED = (
        *READ_PUBLIC,
        f"GET /pulls?{HEAD}",
        f"GET /git/ref/heads/{BRANCH}",
        "GET ",
        "GET /git/ref/heads/main",
        "POST /git/refs",
        f"GET /contents/{FILE}?ref=watch%2Fpublic",
        f"PUT /contents/{FILE}",
        "POST /pulls",
        f"GET /issues?labels={CHANGED}&state=open",
    )
    TITLE = "Import Twilio's new list for the public internet"

    def setUp(self):
        super().setUp()
        self.site.pages[PUBLIC] = moved("54.65.63.64")

    def test_a_pull_request_with_the_imported_edition_is_opened(self):
        printed = self.run_watch()
        self.assertEqual(self.received(), [*self.OPENED, *QUIET_INTERCONNECT])
        self.assertEqual(
            self.bodies(),
            [
                ("POST /git/refs", {"ref": "refs/heads/watch/public", "sha": "head-of-main"}),
                (f"PUT /contents/{FILE}", {"message": self.TITLE, "branch": BRANCH}),
                ("POST /pulls", {"title": self.TITLE, "head": BRANCH, "base": "main"}),
            ],
        )
        self.assertIn("differs from edition global: https://github.example/owner/project/pull/1\n", printed)

    def test_the_file_is_the_list_of_the_page(self):
        self.run_watch()
        text = base64.b64decode(self.sent(f"PUT /contents/{FILE}")["content"]).decode()
        edition = yaml.safe_load(text)
        self.assertEqual(edition["edition"], "imported-public")
        self.assertEqual(edition["connection"], "public")
        self.assertEqual(edition["source"], f"{self.site.address}{PUBLIC}")
        self.assertEqual(edition["retrieved"].isoformat(), TODAY)
        digest = hashlib.sha256(moved("54.65.63.64")).hexdigest()
        self.assertEqual(edition["page_sha256"], digest)
        self.assertEqual(edition["signaling"]["networks"]["tokyo"], ["54.65.63.64/30"])
        self.assertEqual(edition["signaling"]["networks"]["sydney"], ["54.252.254.64/30"])
        self.assertEqual(edition["media"], {"ports": "10000-60000", "networks": {"all": ["168.86.128.0/18"]}})

    def test_the_text_shows_the_difference_and_explains_each_network(self):
        self.run_watch()
        [difference, explained], rest = code_blocks(self.sent("POST /pulls")["body"])
        in_force = "edition global (in force since 2024-02-21)"
        line = moved("54.65.63.64").decode().split("\n").index("    54.65.63.64/30 which translates to:") + 1
        self.assertEqual(
            difference.splitlines(),
            [
                f"different: page.md compared with {in_force}: 1 added, 1 removed, 0 changed",
                f"  added    signaling of tokyo: 54.65.63.64/30 (line {line})",
                "  removed  signaling of tokyo: 54.65.63.192/30",
            ],
        )
        traffic = "signaling udp, tcp and tls of tokyo (54.65.63.192/30)"
        answers = [line for line in explained.splitlines() if not line.startswith(" ")]
        self.assertEqual(
            answers,
            [
                "54.65.63.64/30: not allowed by edition global: not on any list that Twilio has published",
                f"54.65.63.192/30: allowed by edition global (in and out): {traffic}",
            ],
        )
        self.assertIn(f"- [ ] Open the page, and compare it with `{FILE}`.", self.sent("POST /pulls")["body"])
        self.assertIn(f"The page was retrieved on {TODAY}.", rest)

    def test_the_same_difference_changes_nothing_even_on_another_line(self):
        self.run_watch()
        for page in (moved("54.65.63.64"), b"\n\n" + moved("54.65.63.64")):
            self.site.pages[PUBLIC] = page
            self.run_watch()
            quiet = [*READ_PUBLIC, f"GET /pulls?{HEAD}", f"GET /issues?labels={CHANGED}&state=open"]
            self.assertEqual(self.received(), quiet + QUIET_INTERCONNECT)

    def test_another_difference_updates_the_same_pull_request(self):
        self.run_watch()
        # A person has worked on the branch in the meantime.
        self.github.branches[BRANCH]["src/dataset.rs"] = "their work"
        old = len(self.github.branches[BRANCH][FILE])
        self.site.pages[PUBLIC] = moved("54.65.63.80")
        self.run_watch()
        self.assertEqual(
            self.received(),
            [
                *READ_PUBLIC,
                f"GET /pulls?{HEAD}",
                f"GET /contents/{FILE}?ref=watch%2Fpublic",
                f"PUT /contents/{FILE}",
                "PATCH /pulls/1",
                "POST /issues/1/comments",
                f"GET /issues?labels={CHANGED}&state=open",
                *QUIET_INTERCONNECT,
            ],
        )
        self.assertEqual(
            self.bodies(),
            [
                (f"PUT /contents/{FILE}", {"message": self.TITLE, "branch": BRANCH, "sha": f"blob-{old}"}),
                ("PATCH /pulls/1", {"title": self.TITLE}),
                ("POST /issues/1/comments", {}),
            ],
        )
        self.assertIn("added    signaling of tokyo: 54.65.63.80/30", self.github.pulls[0]["body"])
        self.assertIn("- 54.65.63.80/30\n", self.github.branches[BRANCH][FILE])
        self.assertEqual(self.github.branches[BRANCH]["src/dataset.rs"], "their work")
        self.assertEqual(self.github.comments, [(1, "The page has changed again. A new commit contains its list.")])

    def test_the_pull_request_is_closed_when_the_page_is_right_again(self):
        self.run_watch()
        self.site.pages[PUBLIC] = GLOBAL
        self.run_watch()
        self.assertEqual(
            self.received(),
            [
                *QUIET_PUBLIC,
                "POST /issues/1/comments",
                "PATCH /pulls/1",
                f"GET /git/ref/heads/{BRANCH}",
                f"DELETE /git/refs/heads/{BRANCH}",
                *QUIET_INTERCONNECT,
            ],
        )
        self.assertEqual(self.sent("PATCH /pulls/1"), {"state": "closed"})
        self.assertEqual(self.github.comments, [(1, f"On {TODAY}, the page equals edition global.")])
        # The same difference later opens another pull request.
        self.site.pages[PUBLIC] = moved("54.65.63.64")
        self.run_watch()
        self.assertEqual([pull["state"] for pull in self.github.pulls], ["closed", "open"])

    def test_a_difference_that_a_person_declined_is_not_proposed_again(self):
        self.run_watch()
        self.github.pulls[0]["state"] = "closed"
        self.run_watch()
        self.assertEqual(self.bodies(), [])
        self.site.pages[PUBLIC] = moved("54.65.63.80")
        self.run_watch()
        self.assertEqual(self.bodies()[0], (f"DELETE /git/refs/heads/{BRANCH}", {}))
        self.assertEqual([pull["state"] for pull in self.github.pulls], ["closed", "open"])

    def test_a_difference_that_remains_after_the_merge_is_proposed_again(self):
        self.run_watch()
        self.github.pulls[0].update(state="closed", merged_at=f"{TODAY}T00:00:00Z")
        self.run_watch()
        self.assertEqual([pull["state"] for pull in self.github.pulls], ["closed", "open"])

    def test_a_run_that_failed_halfway_is_repaired_by_the_next(self):
        self.github.faults["POST /pulls"] = status(502)
        self.run_watch(status=1)
        self.assertIn(BRANCH, self.github.branches)
        self.github.faults.clear()
        self.run_watch()
        self.assertEqual(len(self.github.pulls), 1)

    def test_each_page_has_its_own_pull_request(self):
        self.site.pages[INTERCONNECT] = PRIVATE.replace(b"208.78.112.64", b"208.78.112.68")
        self.run_watch()
        self.assertEqual([pull["head"] for pull in self.github.pulls], ["watch/public", "watch/interconnect"])
        edition = yaml.safe_load(self.github.branches["watch/interconnect"]["data/editions/imported-interconnect.yaml"])
        self.assertEqual(edition["connection"], "interconnect")


class PageNeedsAPerson(Watching):
    TITLE = "Twilio's list for the public internet has changed: compare it by hand"

    def expect_an_issue(self, page, reason):
        self.site.pages[PUBLIC] = page
        self.run_watch()
        self.assertEqual(
            self.received(),
            [*READ_PUBLIC, f"GET /issues?labels={CHANGED}&state=open", "POST /issues", f"GET /pulls?{HEAD}"]
            + QUIET_INTERCONNECT,
        )
        self.assertEqual(self.bodies(), [("POST /issues", {"title": self.TITLE, "labels": [CHANGED]})])
        self.assertIn(reason, self.github.issues[0]["body"])

    def test_many_removed_addresses(self):
        # A quarter of the media network: 4,096 of 16,384 addresses.
        page = GLOBAL.replace(b"168.86.128.0/18", b"168.86.128.0/20")
        self.expect_an_issue(page, "by hand: the page lacks more than half of the media addresses of edition global")

    def test_half_of_the_addresses_is_not_much(self):
        self.site.pages[PUBLIC] = GLOBAL.replace(b"168.86.128.0/18", b"168.86.128.0/19")
        self.run_watch()
        self.assertEqual((len(self.github.issues), len(self.github.pulls)), (0, 1))

    def test_many_added_addresses(self):
        # 7 of 8 regions keep their 4 addresses, and Tokyo gets a network of 64: 60 more than 32.
        page = re.sub(
            rb"    54\.65\.63\.192/30 which translates to:\n(    54\.65\.63\.19.\n)+", b"    54.65.63.192/26\n", GLOBAL
        )
        self.expect_an_issue(page, "by hand: the page adds more signaling addresses than edition global has")

    def test_a_change_of_very_many_networks_is_cut(self):
        # Every second address, so that no two of them are one network.
        lines = "".join(f"    20.1.{n // 100}.{2 * (n % 100)}\n" for n in range(1000))
        self.expect_an_issue(
            re.sub(rb"    54\.65\.63\.192/30 which translates to:\n(    54\.65\.63\.19.\n)+", lines.encode(), GLOBAL),
            "\n\n901 more networks have changed.\n\n",
        )
        body = self.github.issues[0]["body"]
        self.assertLess(len(body), 65_536)
        [difference, explained], _ = code_blocks(body)
        self.assertRegex(difference, r"\n\.\.\. \(\d+ more characters\)\n$")
        self.assertLess(len(difference), 20_100)
        self.assertEqual(explained.count("not allowed by edition global"), 100)

    def test_a_superseded_list(self):
        self.expect_an_issue(REGIONAL, "by hand: the page equals edition regional, which is not in force")

    def test_a_page_that_cannot_be_imported(self):
        page = GLOBAL.replace(b"5061 (TLS)", b"5062 (TLS)", 1)
        self.expect_an_issue(
            page, "by hand: `dataset import` refuses the page\n\n```text\ntwilio-sip-allow: error: page.md:"
        )

    def test_the_issue_replaces_a_pull_request_and_the_other_way_round(self):
        self.site.pages[PUBLIC] = moved("54.65.63.64")
        self.run_watch()
        self.site.pages[PUBLIC] = REGIONAL
        self.run_watch()
        self.assertEqual((self.github.pulls[0]["state"], self.github.issues[0]["state"]), ("closed", "open"))
        link = "https://github.example/owner/project/issues/2"
        self.assertEqual(self.github.comments, [(1, f"The page has changed again: see {link}.")])
        self.site.pages[PUBLIC] = moved("54.65.63.64")
        self.run_watch()
        self.assertEqual(self.github.issues[0]["state"], "closed")
        self.assertEqual([pull["state"] for pull in self.github.pulls], ["closed", "open"])

    def test_the_issue_is_updated_and_closed(self):
        self.site.pages[PUBLIC] = REGIONAL
        self.run_watch()
        self.run_watch()
        self.assertEqual(self.bodies(), [("PATCH /issues/1", {"title": self.TITLE})])
        self.site.pages[PUBLIC] = GLOBAL
        self.run_watch()
        self.assertEqual(self.bodies(), [("POST /issues/1/comments", {}), ("PATCH /issues/1", {"state": "closed"})])
        self.assertEqual(self.github.comments, [(1, f"On {TODAY}, the page equals edition global.")])

    def test_a_repository_without_editions_gets_issues_only(self):
        self.site.pages[PUBLIC] = moved("54.65.63.64")
        self.run_watch("pages", "--only-issues")
        self.assertEqual(self.bodies(), [("POST /issues", {"title": self.TITLE, "labels": [CHANGED]})])
        self.assertNotIn("/pulls", str(self.github.requests))
        reason = "by hand: a later release of twilio-sip-allow may contain the new list"
        self.assertIn(reason, self.github.issues[0]["body"])


class PageCannotBeRead(Watching):
    TITLE = "Twilio's page for the public internet cannot be read"

    def expect_an_issue(self, page, reason, attempts=1, seconds=20):
        """The issue is opened, updated, and closed when the page can be read again."""
        self.site.pages[PUBLIC] = page
        printed = self.run_watch(seconds=seconds)
        self.assertEqual(self.received(), [*READ_PUBLIC, "POST /issues", *QUIET_INTERCONNECT])
        self.assertEqual(self.bodies(), [("POST /issues", {"title": self.TITLE, "labels": [UNREADABLE]})])
        [shown], rest = code_blocks(self.github.issues[0]["body"])
        self.assertIn(reason, shown)
        self.assertIn(f"On {TODAY}, the page could not be compared with edition global", rest)
        self.assertEqual([path for path, _ in self.site.requests], [PUBLIC] * attempts + [INTERCONNECT])
        self.assertIn("cannot be read: https://github.example/owner/project/issues/1\n", printed)
        return shown, rest, printed

    def test_a_pull_request_with_the_label_is_no_issue(self):
        self.github.issues.append(
            {"number": 7, "state": "open", "labels": [{"name": UNREADABLE}], "pull_request": {}, "title": "theirs"}
        )
        self.site.pages[PUBLIC] = b""
        self.run_watch()
        self.assertEqual(self.bodies(), [("POST /issues", {"title": self.TITLE, "labels": [UNREADABLE]})])

    def test_an_error_of_the_server(self):
        self.expect_an_issue(status(503), "the server answered with HTTP status 503\n", attempts=3)

    def test_a_missing_page(self):
        self.expect_an_issue(None, "the server answered with HTTP status 404\n", attempts=3)

    def test_a_redirect_to_another_site(self):
        page = status(302, [("Location", f"{self.github.address}/login")])
        self.expect_an_issue(page, "HTTP status 302 (a redirect to another site)", attempts=3)

    def test_a_large_page(self):
        self.expect_an_issue(flood, "the page is larger than 2097152 bytes", attempts=3)
        self.assertLess(flood.sent, 20_000_000)

    def test_a_slow_page(self):
        self.expect_an_issue(drip, "the download failed: ", attempts=3, seconds=3)
        self.assertIn("no complete answer within 3 seconds", self.github.issues[0]["body"])

    def test_an_incomplete_page(self):
        def cut(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(GLOBAL) + 7))
            handler.end_headers()
            handler.wfile.write(GLOBAL)
            handler.close_connection = True

        self.expect_an_issue(cut, "the download ended 7 bytes before the end of the page", attempts=3)

    def test_a_page_without_a_list(self):
        self.expect_an_issue(b"# Log in\n", "page.md: no list of addresses found")

    def test_a_list_without_a_plane(self):
        page = (ROOT / "tests/pages/refused/media-only.md").read_bytes()
        self.expect_an_issue(page, "page.md: signaling of ")

    def test_text_that_is_no_text(self):
        self.expect_an_issue(b"\xff\xfe\x00" * 1000, "page.md")

    def test_a_temporary_failure_is_none(self):
        answers = [status(503), lambda handler: send(handler, 200, GLOBAL)]
        self.site.pages[PUBLIC] = lambda handler: answers.pop(0)(handler)
        self.run_watch()
        self.assertEqual(self.received(), QUIET_PUBLIC + QUIET_INTERCONNECT)

    def test_a_redirect_within_the_site_is_followed(self):
        self.site.pages[PUBLIC] = status(301, [("Location", "/docs/moved.md")])
        self.site.pages["/docs/moved.md"] = GLOBAL
        self.run_watch()
        self.assertEqual(self.received(), QUIET_PUBLIC + QUIET_INTERCONNECT)

    def test_the_issue_is_updated_and_closed_and_a_pull_request_stays(self):
        self.site.pages[PUBLIC] = moved("54.65.63.64")
        self.run_watch()
        self.site.pages[PUBLIC] = b"# Log in\n"
        self.run_watch()
        self.site.pages[PUBLIC] = status(500)
        self.run_watch()
        self.assertEqual(self.received(), [*READ_PUBLIC, "PATCH /issues/2", *QUIET_INTERCONNECT])
        self.assertEqual(self.bodies(), [("PATCH /issues/2", {"title": self.TITLE})])
        self.assertIn("HTTP status 500", self.github.issues[0]["body"])
        self.assertEqual(self.github.pulls[0]["state"], "open")
        self.site.pages[PUBLIC] = moved("54.65.63.64")
        self.run_watch()
        self.assertEqual(self.bodies(), [("POST /issues/2/comments", {}), ("PATCH /issues/2", {"state": "closed"})])
        self.assertEqual(self.github.comments, [(2, f"The page was read on {TODAY}.")])

    def test_text_of_the_page_stays_in_a_code_block(self):
        page = GLOBAL.replace(b"    54.65.63.192\n", f"    54.65.63.192 {HOSTILE}\u202e\r\n".encode())
        shown, rest, printed = self.expect_an_issue(page, "page.md:79: cannot interpret '`````` @everyone")
        self.assertIn("$(touch hit)", shown)
        for text in (rest, printed, self.summary.read_text(), self.github.issues[0]["title"]):
            self.assertNotRegex(text, "everyone|set-output|touch|img|hit|fixes")
        self.assertNotIn("\u202e", self.github.issues[0]["body"])
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["summary.md"])

    def test_a_long_message_is_cut(self):
        lines = "".join(f"    54.65.{n // 250}.{n % 250} `` x{n}\n" for n in range(5000))
        page = GLOBAL.replace(b"    54.65.63.192\n", lines.encode())
        self.expect_an_issue(page, "page.md:")
        self.assertLess(len(self.github.issues[0]["body"]), 65_536)


class TextOfOthers(unittest.TestCase):
    def test_no_text_leaves_its_code_block(self):
        words = [
            "`",
            "```",
            "``````",
            "~~~",
            "\n",
            "    ",
            "> ",
            "- ",
            "<!--",
            "-->",
            "</code>",
            "@everyone",
            "text",
            "\t",
        ]
        chance = random.Random(1)
        for _ in range(3000):
            text = "a" + "".join(chance.choices(words, k=chance.randrange(12))) + "b"
            [shown], rest = code_blocks(f"before\n\n{block(text)}\n\nafter\n")
            self.assertEqual(shown, text + "\n")
            self.assertEqual(rest.split(), ["before", "after"])

    def test_invisible_characters_are_replaced(self):
        shown = block("a\u202eb\u200bc\x1b[31md\re\x85f\u2028g\ue000h\ud800é東\n")
        self.assertEqual(shown, "```text\na\ufffdb\ufffdc\ufffd[31md\ufffde\ufffdf\ufffdg\ufffdh\ufffdé東\n```")

    def test_a_line_of_the_log_is_no_command(self):
        self.assertEqual(
            one_line("a ##[error]b\r\n::set-output name=c::d\n"), "a ## [error]b\ufffd ::set-output name=c::d"
        )
        self.assertEqual(one_line("x" * 1000, most=10), "x" * 10 + " ...")


class GitHubFails(Watching):
    def expect_a_failure(self, message, **options):
        printed = self.run_watch(status=1, **options)
        self.assertRegex(printed, f"(?m)^::error title=watch::.*{message}")
        return printed

    def test_an_error_names_the_request_and_the_other_page_is_still_watched(self):
        message = b'{"message": "GitHub Actions is not permitted to create pull requests.\\n::set-output name=x::%0Ay"}'
        self.github.faults["POST /pulls"] = lambda handler: send(handler, 403, message)
        self.site.pages[PUBLIC] = moved("54.65.63.64")
        printed = self.expect_a_failure(
            "ip-addresses.md: POST /pulls: GitHub answered with status 403: "
            "GitHub Actions is not permitted to create pull requests. ::set-output name=x::%250Ay$"
        )
        self.assertEqual(self.received()[-3:], QUIET_INTERCONNECT)
        self.assertNotRegex(printed, "(?m)^::set-output")

    def test_an_exhausted_rate_limit(self):
        for headers in ([("x-ratelimit-remaining", "0")], [("retry-after", "60")]):
            self.github.faults[READ_PUBLIC[0]] = status(403, headers)
            self.expect_a_failure(r"GitHub's rate limit is exhausted \(status 403\); start the workflow again later")

    def test_an_answer_that_is_not_json(self):
        self.github.faults[READ_PUBLIC[0]] = lambda handler: send(handler, 200, b"<html>")
        self.expect_a_failure("GitHub's answer is not JSON")

    def test_a_slow_answer(self):
        self.github.faults[READ_PUBLIC[0]] = drip
        self.expect_a_failure("no answer of GitHub: .*no complete answer within 3 seconds", seconds=3)

    def test_no_server(self):
        self.expect_a_failure("no answer of GitHub: .*refused", GITHUB_API_URL="http://127.0.0.1:1")

    def test_a_redirect_is_not_followed(self):
        self.github.faults[READ_PUBLIC[0]] = status(307, [("Location", f"{self.site.address}/steal")])
        self.expect_a_failure("GitHub answered with status 307")
        self.assertNotIn("/steal", str(self.site.requests))

    def test_a_label_that_was_not_added(self):
        self.github.ignores_labels = True
        self.site.pages[PUBLIC] = b""
        self.expect_a_failure(f"GitHub did not add the label {UNREADABLE} to issue 1: add it by hand")

    def test_missing_variables_and_programs(self):
        self.expect_a_failure("the variable GITHUB_TOKEN is missing", GITHUB_TOKEN=None)
        self.expect_a_failure("GITHUB_REPOSITORY must be OWNER/NAME, not 'a/../b'", GITHUB_REPOSITORY="a/../b")
        self.expect_a_failure("No such file or directory: '/none'", program="/none")


class EditionsOfTheProgram(Watching):
    def with_editions(self, change):
        """A program whose list of editions was changed."""
        editions = json.loads(subprocess.check_output([PROGRAM, "list", "editions", "--json"]))
        change({edition["edition"]: edition for edition in editions["editions"]})
        changed = self.folder / "editions.json"
        changed.write_text(json.dumps(editions))
        program = self.folder / "program"
        program.write_text(f'#!/bin/sh\n[ "$1" = list ] && exec /bin/cat {changed}\nexec {PROGRAM} "$@"\n')
        program.chmod(0o755)
        return str(program)

    def test_a_page_may_already_show_an_edition_that_comes_into_force_later(self):
        upcoming = {"superseded": None, "in_force_since": "2999-01-01"}
        program = self.with_editions(lambda editions: editions["regional"].update(upcoming))
        self.site.pages[PUBLIC] = REGIONAL
        printed = self.run_watch(program=program)
        self.assertEqual(self.received(), QUIET_PUBLIC + QUIET_INTERCONNECT)
        self.assertIn(f"{PUBLIC} equals edition regional\n", printed)

    def test_an_edition_in_force_must_name_its_page(self):
        program = self.with_editions(lambda editions: editions["global"].update(source="a letter"))
        printed = self.run_watch(program=program, status=1)
        self.assertEqual(printed, "::error title=watch::the source of edition global names no page (docs/...)\n")


class Workflows(Watching):
    """The steps of the workflows, as a runner runs them."""

    def steps(self, file):
        [job] = yaml.safe_load((ROOT / file).read_text())["jobs"].values()
        return job["steps"]

    def run_step(self, step, **environment):
        script = step["run"].replace("watch/run ", f"watch/run --site {self.site.address} --pause 0 ")
        ran = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONDONTWRITEBYTECODE": "1",
                "GITHUB_API_URL": self.github.address,
                "GITHUB_REPOSITORY": "owner/project",
                "GITHUB_TOKEN": "secret",
                **environment,
            },
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return ran.returncode, ran.stdout + ran.stderr

    def test_the_steps_of_the_watcher_and_its_heartbeat(self):
        (self.folder / "watch").symlink_to(ROOT / "watch")
        (self.folder / "target/release").mkdir(parents=True)
        (self.folder / "target/release/twilio-sip-allow").symlink_to(PROGRAM)
        [_, build, compare] = self.steps(".github/workflows/watch.yml")
        self.assertEqual(build["run"], "cargo build --locked --release")
        self.assertEqual(self.run_step(compare)[0], 0)
        self.assertEqual(self.received(), QUIET_PUBLIC + QUIET_INTERCONNECT)
        [_, look] = self.steps(".github/workflows/heartbeat.yml")
        status, printed = self.run_step(look)
        self.assertEqual((status, "watch.yml has never succeeded" in printed), (1, True))

    def test_the_steps_of_the_example(self):
        [_, checkout, download, compare, scan] = self.steps("examples/github/watch.yml")
        version = checkout["with"]["ref"].removeprefix("v")
        self.assertEqual(download["env"]["NAME"], f"twilio-sip-allow-{version}-x86_64-linux")
        self.assertTrue(download["env"]["RELEASE"].endswith(f"/releases/download/v{version}"))
        watcher = self.folder / ".twilio-sip-allow"
        watcher.mkdir()
        (watcher / "watch").symlink_to(ROOT / "watch")
        release = download["env"]["RELEASE"].replace("https://github.com", self.site.address)
        name = download["env"]["NAME"]
        content = self.archive(name)
        self.site.pages[f"{release}/{name}.tar.gz".removeprefix(self.site.address)] = content
        sums = f"{hashlib.sha256(content).hexdigest()}  {name}.tar.gz\n{'0' * 64}  other.zip\n"
        for text, expected in ((sums.replace(sums[0], "x", 1), 1), ("", 1), (sums, 0)):
            self.site.pages[f"{release}/SHA256SUMS".removeprefix(self.site.address)] = text.encode()
            status, printed = self.run_step(download, RELEASE=release, NAME=name)
            self.assertEqual(status, expected, printed)
            self.assertEqual((watcher / "twilio-sip-allow").exists(), expected == 0)
        self.assertEqual(self.run_step(compare)[0], 0)
        (self.folder / "firewall").mkdir()
        (self.folder / "firewall/rules").write_text("# Twilio\n54.65.63.192/26\n")
        self.assertEqual(self.run_step(scan)[0], 0)
        self.assertEqual(self.bodies()[0][1]["labels"], ["watch-scan"])

    def archive(self, name):
        """An archive as in a release, which contains the program under test."""
        (self.folder / name).mkdir()
        (self.folder / name / "twilio-sip-allow").symlink_to(PROGRAM)
        (self.folder / name / "README.md").write_text("read me")
        return subprocess.check_output(["tar", "-C", self.folder, "-czhf", "-", name])


class Heartbeat(Watching):
    def succeeded(self, **ago):
        time = datetime.datetime.now(datetime.UTC) - datetime.timedelta(**ago)
        self.github.runs = [{"updated_at": time.strftime("%Y-%m-%dT%H:%M:%SZ")}]
        return time.strftime("%Y-%m-%d")

    def test_a_recent_success(self):
        self.succeeded(days=2, hours=23)
        self.assertEqual(self.run_watch("heartbeat"), "watch.yml has succeeded within 3 days\n")
        self.assertEqual(
            self.received(),
            [
                "GET /actions/workflows/watch.yml",
                "GET /actions/workflows/watch.yml/runs?status=success&per_page=1",
            ],
        )

    def test_an_old_success(self):
        day = self.succeeded(days=3, minutes=1)
        printed = self.run_watch("heartbeat", status=1)
        self.assertIn(f"::error title=watch::the last successful run of watch.yml was on {day}, more than 3", printed)

    def test_no_success(self):
        printed = self.run_watch("heartbeat", status=1)
        self.assertIn("::error title=watch::the workflow watch.yml has never succeeded: start it by hand", printed)

    def test_a_disabled_schedule(self):
        self.succeeded(hours=1)
        self.github.workflow = {"state": "disabled_inactivity"}
        printed = self.run_watch("heartbeat", status=1)
        self.assertIn("watch.yml does not run, its state is 'disabled_inactivity': enable it", printed)


class OwnFiles(Watching):
    SCAN = ("command", "scan", "--fail-on", "superseded", "firewall.tf")

    def test_the_issue_is_opened_updated_and_closed(self):
        file = self.folder / "firewall.tf"
        file.write_text("# Twilio @everyone\n54.65.63.192/26\n")
        self.run_watch(*self.SCAN)
        title = "twilio-sip-allow scan: look at the report"
        lookup = "GET /issues?labels=watch-scan&state=open"
        self.assertEqual(self.received(), [lookup, "POST /issues"])
        self.assertEqual(self.bodies(), [("POST /issues", {"title": title, "labels": ["watch-scan"]})])
        [report], _ = code_blocks(self.github.issues[0]["body"])
        self.assertIn("firewall.tf\n  2:1: superseded: 54.65.63.192/26: media of tokyo", report)
        self.run_watch(*self.SCAN)
        self.assertEqual(self.received(), [lookup, "PATCH /issues/1"])
        file.write_text("# Twilio\n54.65.63.192/30\n")
        self.run_watch(*self.SCAN)
        self.assertEqual(self.received(), [lookup, "POST /issues/1/comments", "PATCH /issues/1"])
        self.assertEqual(self.github.comments, [(1, f"On {TODAY}, `scan` found nothing.")])
        self.assertEqual(self.github.issues[0]["state"], "closed")

    def test_a_wrong_command_fails(self):
        printed = self.run_watch("command", "scan", "missing.tf", status=1)
        self.assertRegex(printed, "^::error title=watch::.*missing.tf: No such file")
        self.assertEqual(self.received(), [])


if __name__ == "__main__":
    unittest.main()
