"""Which options of `manage.py review` say nothing without another, or nothing at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError, CommandParser

from approvals import bulk
from approvals.errors import Unseen
from approvals.models import Approval, Priority
from outreach.core import senders
from outreach.core.models import Workspace
from outreach.edge import acting, heeded

DIGEST = re.compile(r"v\d+:[0-9a-f]{64}")

SEEN = ("seen_hidden", "seen_private", "seen_sender")


def add_details(parser: CommandParser) -> None:
    """What goes with an act: other words, what was read, why, and how many."""
    parser.add_argument("--edit", metavar="TEXT", help="With --approve: this text instead.")
    parser.add_argument("--subject", metavar="TEXT", help="With --edit: the new subject.")
    parser.add_argument("--html", metavar="TEXT", help='With --edit: its HTML part; "": none.')
    parser.add_argument(
        "--digest", help="With --approve or --reject: only if the text is still this one."
    )
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
        "--reason", default="", type=acting.words, help="With --reject: what was wrong."
    )
    parser.add_argument(
        "--priority", choices=[p.label for p in Priority],
        help="With --bulk-approve: only these; low, or normal where the workspace lets it.",
    )  # fmt: skip
    parser.add_argument("--max", type=int, help="With --bulk-approve: at most so many.")


def shown(item: Approval) -> dict[str, Any]:
    """What of this item, as it was read, a yes is about."""
    sender = senders.shown(item.workspace, item.channel)
    return {"digest": item.digest, "seen_sender": sender}


def how_to_say(no: Unseen) -> str:
    """What makes a yes of one that was refused for what nobody sees at a glance."""
    return f"Read it (--show), then add --{no.field.replace('_', '-')}."


def fit(options: dict[str, Any]) -> None:
    """Refuse options that say nothing without another."""
    for name in ("edit", "heard", *SEEN):
        given = options[name] is not None and options[name] is not False
        if given and options["approve"] is None:
            raise CommandError(f"{heeded.flag(name)} goes with --approve N.")
    if options["digest"] is not None and options["approve"] is options["reject"] is None:
        raise CommandError("--digest goes with --approve N or --reject N.")
    if options["digest"] is not None and not DIGEST.fullmatch(options["digest"]):
        raise CommandError(
            f"{options['digest'][:80]!r} is no digest (v1: and 64 characters). Copy it from "
            "--show N --json."
        )
    if options["reason"] and options["reject"] is None:
        raise CommandError("--reason goes with --reject N.")
    for name in ("subject", "html"):
        if options[name] is not None and options["edit"] is None:
            raise CommandError(f"--{name} goes with --approve N --edit TEXT.")
    _fit_bulk(options)


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


def _fit_bulk(options: dict[str, Any]) -> None:
    """What says which, and how many, are approved together says nothing of one item or of all."""
    for name in ("priority", "max"):
        if options[name] is not None and not options["bulk_approve"]:
            raise CommandError(f"--{name} goes with --bulk-approve.")
    if options["max"] is not None and options["max"] < 1:
        raise CommandError("--max is at least 1.")
