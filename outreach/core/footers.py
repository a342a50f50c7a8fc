"""What every e-mail ends with: who writes, and how to make it stop. None of it is the author's."""

from __future__ import annotations

from difflib import SequenceMatcher

from django.utils.html import escape

from outreach.core import visible
from outreach.core.models import Channel, Workspace

SIGN = "\n\n-- \n"
OPT_OUT = "If you would rather not hear from us, reply “stop” and we will not write again."


def of(workspace: Workspace, channel: str) -> str:
    """What every e-mail of this workspace ends with: who writes, and how to make it stop."""
    if channel != Channel.EMAIL or not workspace.postal_address:
        return ""
    return (
        f"{SIGN}{workspace.sender_name or workspace.name} · {workspace.postal_address}\n{OPT_OUT}"
    )


def in_html(workspace: Workspace, channel: str) -> str:
    """The same footer for the HTML part, which many see in place of the text."""
    plain = of(workspace, channel).removeprefix(SIGN)
    return f"<p>--<br>{escape(plain).replace(chr(10), '<br>')}</p>" if plain else ""


def added(html: str, foot: str) -> str:
    """The footer at the end of the page, inside its body where it has one."""
    end = html.lower().rfind("</body>")
    return html + foot if end < 0 else html[:end] + foot + html[end:]


def lost(old: str, new: str) -> str:
    """The footer that `old` ends with, where `new` has not every line of it any more.

    Who writes, and how to make it stop, must stand in every e-mail. Blanks do not count.
    """
    before, _, last = old.rpartition(OPT_OUT)
    start = before.rfind(SIGN)
    if start < 0 or last.strip():
        return ""
    found = old[start:]
    return "" if _lines(found) - {"", "--"} <= _lines(new) else found


def put_back(old: str, new: str) -> str:
    """`new`, ending with the footer of `old` where it had lost it, once.

    What was written into a line of the footer stands above it; a line of it that was altered goes.
    """
    found = lost(old, new)
    if not found:
        return new
    known = _lines(found) - {"", "--"}
    own: list[str] = []
    beneath = False
    for line in new.splitlines():
        beneath = beneath or line.strip() == "--"
        own += _own(line, known, beneath=beneath)
    return "\n".join(own).rstrip() + found


def is_altered(old: str, new: str) -> bool:
    """Whether of the footer that `new` lost something still stands in it, in other words."""
    known = _lines(lost(old, new)) - {"", "--"}
    return any(_own(line, known, beneath=True) != [line] for line in new.splitlines())


def is_all(foot: str, text: str) -> bool:
    """Whether nothing that can be seen stands in `text` but lines of the footer `foot`."""
    known = _lines(foot) | {"--"}
    own = (line for line in text.splitlines() if _one_spaced(line) not in known)
    return not any(visible.signs(line) for line in own)


NEAR = 0.75  # alike enough to be a line of the footer with some of its words changed


def _own(line: str, known: set[str], *, beneath: bool) -> list[str]:
    """What of a line is its author's own, none of the footer's; `beneath` its sign, altered too."""
    plain = _one_spaced(line)
    inside = next((each for each in known if each in plain), "")
    if inside:
        rest = _one_spaced(plain.replace(inside, " "))
        return [rest] if rest else []
    if plain == "--":
        return []
    near = beneath and any(SequenceMatcher(None, each, plain).ratio() > NEAR for each in known)
    return [] if near else [line]


def _lines(text: str) -> set[str]:
    return {_one_spaced(line) for line in text.splitlines()}


def _one_spaced(line: str) -> str:
    return " ".join(line.split())
