"""Text of others in Markdown and in logs, where it must stay text."""

import re
import unicodedata

# Control characters, invisible characters, and characters without a meaning.
UNPRINTABLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


def printable(text):
    """Replaces characters that a reader cannot see, except line feeds and tabs."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if c not in "\n\t" and unicodedata.category(c) in UNPRINTABLE else c for c in text
    )


def one_line(text, most=500):
    """The text on one line that is no command for GitHub's runner, wherever it is in a line."""
    line = " ".join(printable(text[: 4 * most]).split())
    if len(line) > most:
        line = line[:most] + " ..."
    return line.replace("##[", "## [")


def block(text, most=20_000):
    """A Markdown code block that the text cannot end. In it, nothing is a mention, a link or a command."""
    text = text.strip("\n")
    omitted = len(text) - most
    text = printable(text[:most])
    if omitted > 0:
        text += f"\n... ({omitted} more characters)"
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
