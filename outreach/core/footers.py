"""What every e-mail ends with: who writes, and how to make it stop. None of it is the author's."""

from __future__ import annotations

from django.utils.html import escape

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
    """`new`, ending with the footer of `old` where it had lost it."""
    found = lost(old, new)
    if not found:
        return new
    known = _lines(found) - {""}
    own = [line for line in new.splitlines() if _one_spaced(line) not in known]
    return "\n".join(own).rstrip() + found


def is_all(foot: str, text: str) -> bool:
    """Whether nothing that can be seen stands in `text` but lines of the footer `foot`."""
    known = _lines(foot) | {"--"}
    own = (line for line in text.splitlines() if _one_spaced(line) not in known)
    return not any(char.isprintable() and not char.isspace() for line in own for char in line)


def _lines(text: str) -> set[str]:
    return {_one_spaced(line) for line in text.splitlines()}


def _one_spaced(line: str) -> str:
    return " ".join(line.split())
