"""Which options of `manage.py review` say nothing without another, or nothing at all."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from approvals import bulk, items
from approvals.errors import Refused, Unseen
from approvals.models import Priority
from outreach.core.models import Workspace
from outreach.edge import acting, heeded

DIGEST = re.compile(r"v\d+:[0-9a-f]{64}")

SEEN = ("seen_hidden", "seen_private", "seen_sender")

# With which acts each option says something.
HEEDING = {
    **dict.fromkeys(("edit", "at"), ("approve", "save")),
    **dict.fromkeys(("heard", *SEEN, "seen_time"), ("approve",)),
    "digest": ("approve", "save", "reject", "request_changes"),
    "reason": ("reject", "request_changes"),
    **dict.fromkeys(("priority", "max"), ("bulk_approve",)),
}
REMEDIES = {
    "time_passed": "Here: add --at TIME, or --at now to remove it.",
    "no_reason": "Add --reason TEXT.",
}


def add_details(parser: CommandParser) -> None:
    """What goes with an act: other words, what was read, why, and how many."""
    parser.add_argument(
        "--edit", metavar="TEXT", help="With --approve or --save: this text instead."
    )
    parser.add_argument(
        "--at", metavar="TIME", type=acting.named,
        help='With --approve or --save: when it may leave, by the recipient\'s clock, such as '
        '"2026-12-01 10:00"; now removes the time asked for.',
    )  # fmt: skip
    parser.add_argument("--subject", metavar="TEXT", help="With --edit: the new subject.")
    parser.add_argument("--html", metavar="TEXT", help='With --edit: its HTML part; "": none.')
    parser.add_argument(
        "--digest", help="With what decides about item N: only if the text is still this one."
    )
    _add_seen(parser)
    parser.add_argument(
        "--reason",
        type=acting.words,
        help="With --reject: what was wrong. With --request-changes: what should change.",
    )
    parser.add_argument(
        "--priority", choices=[p.label for p in Priority],
        help="With --bulk-approve: only these; low, or normal where the workspace lets it.",
    )  # fmt: skip
    parser.add_argument("--max", type=int, help="With --bulk-approve: at most so many.")


def _add_seen(parser: CommandParser) -> None:
    """What somebody read, as they say it with a yes."""
    parser.add_argument(
        "--heard", type=int, metavar="M",
        help="With --approve: the newest message of theirs that you read, as --show tells it.",
    )  # fmt: skip
    parser.add_argument(
        "--seen-hidden", action="store_true",
        help="With --approve: you have seen the hidden characters of the text.",
    )  # fmt: skip
    parser.add_argument(
        "--seen-private", action="store_true",
        help="With --approve: you have read the personal data in the text.",
    )  # fmt: skip
    parser.add_argument(
        "--seen-sender", metavar="FROM",
        help="With --approve: only if it still comes from this one, as --show tells it.",
    )  # fmt: skip
    parser.add_argument(
        "--seen-time", metavar="TIME", type=_seen_time,
        help="With --approve: only if the time asked for is still this one, as `scheduled_for` of "
        "--show N --json tells it; none for no time.",
    )  # fmt: skip


def seen(options: dict[str, Any]) -> dict[str, Any]:
    """What somebody says they saw, as a yes takes it."""
    said = {name: options[name] for name in SEEN}
    time = options["seen_time"]
    return said if time is None else {**said, "seen_time": time}


def _seen_time(text: str) -> int:
    """As `items.time_seen` says a time."""
    if text.strip().lower() == "none":
        return 0
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ArgumentTypeError(
            f"{text[:40]!r} is no time with an offset, such as 2026-03-11T10:00:00+01:00, nor none."
        )
    return items.in_seconds(moment)


def how_to_say(no: Refused) -> str:
    """With which option this command does what was refused without it."""
    if isinstance(no, Unseen):
        return f"{no} Read it (--show), then add --{no.field.replace('_', '-')}."
    return f"{no} {REMEDIES.get(no.code, '')}".rstrip()


def fit(options: dict[str, Any]) -> None:
    """Refuse options that say nothing without another."""
    for name, acts in HEEDING.items():
        given = options[name] is not None and options[name] is not False
        if given and not any(_asked(options, act) for act in acts):
            raise CommandError(f"{heeded.flag(name)} goes with {' or '.join(map(_typed, acts))}.")
    if options["digest"] is not None and not DIGEST.fullmatch(options["digest"]):
        raise CommandError(
            f"{options['digest'][:80]!r} is no digest (v1: and 64 characters). Copy it from "
            "--show N --json."
        )
    for name in ("subject", "html"):
        if options[name] is not None and options["edit"] is None:
            raise CommandError(f"--{name} goes with --edit TEXT.")
    if options["save"] is not None and options["edit"] is options["at"] is None:
        raise CommandError("--save N needs --edit TEXT, --at TIME or both.")
    if options["max"] is not None and options["max"] < 1:
        raise CommandError("--max is at least 1.")


def _asked(options: dict[str, Any], act: str) -> bool:
    return options[act] is not None and options[act] is not False


def _typed(act: str) -> str:
    return heeded.flag(act) if act == "bulk_approve" else f"{heeded.flag(act)} N"


def bulk_priorities(place: Workspace, asked: str | None) -> Sequence[Priority]:
    """Which go together here, or only what was asked for. CommandError where that never does."""
    fit = bulk.together(place)
    if asked is None:
        return fit
    if asked in (each.label for each in fit):
        return [each for each in fit if each.label == asked]
    known = " or ".join(each.label for each in fit)
    widen = " An admin can let normal ones be so too, under Workspaces."
    raise CommandError(
        f"Only {known} priority is approved in bulk; look at the others one by one."
        f"{widen if asked == Priority.NORMAL.label else ''}"
    )
