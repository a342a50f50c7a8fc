"""Mail from files: mbox, Maildir, one .eml or a folder of them, taken in like any other message.

Every mail gets one outcome in the report; one that cannot be read is named with the reason and
stops nothing. Importing twice changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import OperationalError
from django.db.models import Max

from channels import receiving
from channels.incoming import Incoming
from channels.mail.reading import LARGEST, Unreadable, read
from outreach.core.models import InboundMessage, Workspace
from outreach.core.patience import impatient

KEPT = 100  # so many unreadable mails are named, the rest counted
# Before each mail of an mbox: who sent it, and when. A line of a mail that begins so has a mark.
_SEPARATOR = re.compile(rb"From \S.{0,200}\d\d:\d\d:\d\d")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
Progress = Callable[[int, int], None]


class BadMailbox(ValueError):
    """This path holds no mail we can read; the sentence says what was expected."""


class Outcome(StrEnum):
    NEW = "new"
    KNOWN = "known"  # imported or received before
    OURS = "ours"  # written by us, such as in a folder of sent mail
    UNREADABLE = "unreadable"


@dataclass(slots=True)
class Report:
    """What an import found: mails by outcome, new ones by what they were judged to be."""

    path: str
    kind: str
    counts: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    bad: list[tuple[str, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def as_dict(self) -> dict[str, object]:
        return {
            "path": self.path,
            "kind": self.kind,
            "mails": self.total,
            **{str(each): self.counts[each] for each in Outcome},
            "judged": dict(self.judged),
            "unreadable_mails": [{"mail": name, "reason": why} for name, why in self.bad],
        }


@dataclass(frozen=True, slots=True)
class Box:
    """Where mails lie: their names, and how to read each."""

    kind: str
    names: tuple[str, ...]
    read: Callable[[str], bytes]


def open_box(path: Path) -> Box:
    """Find out what lies there. Raises BadMailbox."""
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise BadMailbox(f"There is no file or folder {path}.")
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(b"From "):
        return _mbox(path)
    if path.suffix.lower() == ".mbox":
        if not start.strip():
            return Box("mbox", (), lambda name: b"")
        raise BadMailbox(f"{path} is called mbox, but no line in it begins with 'From '.")
    return Box("mail", (path.name,), lambda name: _bytes(path))


def take_in(
    box: Box, path: Path, workspace: Workspace, *, at: datetime, progress: Progress | None = None
) -> Report:
    """Take in every mail of the box, in its order. Stops with nothing lost: run it again."""
    report = Report(str(path), box.kind)
    for number, name in enumerate(box.names, start=1):
        try:
            with impatient():
                outcome, rows = _one(box.read(name), workspace, at=at)
        except (Unreadable, OSError, KeyError, LookupError, ValueError, OperationalError) as fault:
            outcome, rows = Outcome.UNREADABLE, []
            if len(report.bad) < KEPT:
                report.bad.append((name, str(fault) or type(fault).__name__))
        report.counts[outcome] += 1
        if outcome is Outcome.NEW:
            report.judged.update(_word(row) for row in rows)
        if progress is not None:
            progress(number, len(box.names))
    return report


def _one(raw: bytes, workspace: Workspace, *, at: datetime) -> tuple[Outcome, list[InboundMessage]]:
    incoming = Incoming.of_letter(read(raw))
    if incoming.sender.lower() in _our_addresses(workspace):
        return Outcome.OURS, []
    before = InboundMessage.objects.aggregate(no=Max("pk"))["no"] or 0
    rows = receiving.take_in(incoming, at=at, workspace=workspace)
    known = all(row.pk <= before for row in rows)
    return (Outcome.KNOWN if known else Outcome.NEW), rows


def _our_addresses(workspace: Workspace) -> set[str]:
    ours = (workspace.sender_address, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    return {each.lower() for each in ours if each}


def _word(row: InboundMessage) -> str:
    """What one message was judged to be, for the report."""
    if row.kind != InboundMessage.Kind.MESSAGE:
        return row.get_kind_display().lower()
    if row.verdict == "stop":
        return "asked us to stop"
    return "from nobody we know" if row.person_id is None else row.get_status_display().lower()


# --- Kinds of boxes ------------------------------------------------------------------------------


def _mbox(path: Path) -> Box:
    found = {f"mail {number}": span for number, span in enumerate(_spans(path), start=1)}
    return Box("mbox", tuple(found), lambda name: _QUOTED.sub(rb"\1", _bytes(path, *found[name])))


def _spans(path: Path) -> list[tuple[int, int]]:
    """Where each mail of an mbox begins and ends. A line that begins with "From " and tells no time
    is somebody's words, unless the first one tells none either."""
    begins: list[tuple[int, int]] = []  # where the mail before ends, and where this one begins
    at, blank, timed = 0, 0, False
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"From "):
                told = bool(_SEPARATOR.match(line))
                timed = timed if begins else told
                if told or not timed:
                    begins.append((at - blank, at + len(line)))
            blank, at = int(line == b"\n"), at + len(line)
    ends = [*(before for before, _ in begins[1:]), at - blank]
    return [(start, end) for (_, start), end in zip(begins, ends, strict=True)]


def _folder(path: Path) -> Box:
    if all((path / name).is_dir() for name in ("cur", "new")):
        files = sorted(_files(path / "new"), key=_age) + sorted(_files(path / "cur"), key=_age)
        kind = "Maildir"
    else:
        files = [each for each in sorted(path.rglob("*")) if each.suffix.lower() == ".eml"]
        kind = "folder"
    if kind == "folder" and not files:
        raise BadMailbox(f"{path} is no Maildir (cur, new) and holds no .eml files.")
    by_name = {str(each.relative_to(path)): each for each in files}
    return Box(kind, tuple(by_name), lambda name: _bytes(by_name[name]))


def _files(path: Path) -> Iterator[Path]:
    return (each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))


def _age(path: Path) -> tuple[int, str]:
    """Maildir names begin with the second they arrived in."""
    stamp = path.name.partition(".")[0]
    return (int(stamp) if stamp.isdecimal() else 0, path.name)


def _bytes(path: Path, start: int = 0, end: int = LARGEST + 1) -> bytes:
    """This piece of the file, read no further than the reader would take."""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(min(end - start, LARGEST + 1))
