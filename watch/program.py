"""Runs twilio-sip-allow, without a shell and without the environment of the job."""

import json
import subprocess


class Failed(Exception):
    """The program ended with another status than 0 and 1, or not in time. The text is its message."""


class Program:
    def __init__(self, path, seconds):
        self.path = path
        self.seconds = seconds

    def run(self, *arguments, stdin=""):
        """Returns the status, which is 0 or 1, and stdout."""
        try:
            done = subprocess.run(
                [self.path, *arguments],
                input=stdin.encode(),
                capture_output=True,
                timeout=self.seconds,
                env={},
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Failed(f"the program did not end within {self.seconds:g} seconds") from error
        if done.returncode not in (0, 1):
            message = done.stderr.decode(errors="replace").strip()
            raise Failed(message or f"the program ended with status {done.returncode}")
        return done.returncode, done.stdout.decode(errors="replace")

    def editions(self):
        return json.loads(self.run("list", "editions", "--no-config", "--json")[1])["editions"]

    def difference(self, edition, page):
        """The report on the file of a page, as in docs/diff.schema.json."""
        return json.loads(self.run("dataset", "diff", "--no-config", "--edition", edition, "--json", page)[1])

    def difference_as_text(self, edition, page):
        return self.run("dataset", "diff", "--no-config", "--edition", edition, page)[1]

    def import_page(self, page, connection, **about):
        """The page as a dataset in YAML. `about` contains the name, the title and the source."""
        options = [part for name, value in about.items() for part in (f"--{name}", value)]
        return self.run("dataset", "import", "--no-config", "--connection", connection, *options, page)[1]

    def explain(self, edition, networks):
        return self.run("explain", "--no-config", "--edition", edition, "-", stdin="\n".join(networks))[1]
