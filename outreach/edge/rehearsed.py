"""A rehearsal in words, the same for command and page: its span, its figures, its limits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from approvals import quota
from channels import rehearsal
from channels.rehearsal import BY_HAND, Fate, Span, Totals
from outreach.core.models import Workspace
from outreach.core.models.workspace import Weekday
from outreach.edge import acting
from safety import controls
from safety.gate import GATE_VERSION

LONGEST = timedelta(days=366)
FORMS = "Write a day (2026-03-09), a time (2026-03-09T14:00), a weekday (monday) or a span (7d)."
STAMP = "%a %d %b %Y %H:%M"

TITLES = {
    Fate.SENT: "would have left",
    Fate.HELD: "would still have waited",
    Fate.BLOCKED: "would have been blocked",
    Fate.WAITING: "wait, and count as nothing",
    Fate.ENDED: "ended before that",
    Fate.LEFT: "really left",
}
WORDS = {
    "undecided": "not decided yet",
    "not_judged": "approved, not simulated yet",
    "by_hand": "a person sends it by hand",
    BY_HAND: "a person sent it by hand",
    "scheduled_by_author": "its author asked for this time",
    "scheduled_by_reviewer": "its reviewer chose this time",
    "not_recorded": "the rule was not recorded",
    "unanswered": "expired, nobody decided",
    "unsent": "its permission ran out",
    "changes_requested": "changes requested",
    "approved": "approved as it was",
    "edited": "approved after an edit",
    "returned": "sent back",
    "by_rule": "approved by rule",
    "stopped": "ended by a stop",
}


class BadSpan(ValueError):
    """This is no span of time; the sentence says what to write."""


def span(place: Workspace, since: str, until: str, *, now: datetime) -> Span:
    """The span that was asked for, in the workspace's zone: from Monday until now unless said.

    A naive time is the workspace's. Raises BadSpan.
    """
    last = min(_moment(place, until, now=now), now) if until else now
    first = _moment(place, since or "monday", now=now)
    if first >= now:
        raise BadSpan(f"{since!r} is not in the past: nothing has happened since. {FORMS}")
    if last <= first:
        raise BadSpan(f"The end, {stamp(place, last)}, is not after the start. {FORMS}")
    if last - first > LONGEST:
        raise BadSpan(f"That is longer than a year. Look at most {LONGEST.days} days at once.")
    return Span(first, last)


def _moment(place: Workspace, text: str, *, now: datetime) -> datetime:
    zone, word = quota.zone_of(place), text.strip().lower()
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days = {day.label.lower(): day.value for day in Weekday}
    if word in days:
        return today - timedelta(days=(today.weekday() - days[word]) % 7)
    if word == "today":
        return today
    if word[-1:] in acting.UNITS and word[:1].isdigit():
        try:
            return now - acting.parse_duration(word)
        except acting.BadDuration as error:
            raise BadSpan(str(error)) from None
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        raise BadSpan(f"{text!r} is no time that can be read. {FORMS}") from None


def stamp(place: Workspace, at: datetime) -> str:
    """A moment by the clock of the workspace."""
    return f"{at.astimezone(quota.zone_of(place)):{STAMP}}"


def headline(place: Workspace, asked: Span, totals: Totals) -> str:
    """The answer in one sentence."""
    sent, held, blocked = (totals.fates[fate] for fate in (Fate.SENT, Fate.HELD, Fate.BLOCKED))
    return (
        f"Had {place.name} been live from {stamp(place, asked.since)} to "
        f"{stamp(place, asked.until)} ({place.time_zone}): {sent} sent, {held} held, "
        f"{blocked} blocked."
    )


def as_json(place: Workspace, asked: Span) -> Iterator[str]:
    """One JSON object, written as it is read, so that any number fits; figures come last."""
    totals = Totals()
    yield '{"items": ['
    for number, item in enumerate(rehearsal.items(place, asked)):
        totals.add(item)
        yield f"{',' if number else ''}\n{json.dumps(item.as_dict())}"
    rest = {
        "workspace": place.slug,
        "since": asked.since.isoformat(),
        "until": asked.until.isoformat(),
        "totals": totals.as_dict(),
        "unknown": limits(place, totals),
    }
    yield "\n], " + json.dumps(rest, ensure_ascii=False)[1:] + "\n"


def by_rule(rules: Counter[str]) -> list[tuple[str, int]]:
    """Rules in words with their counts, the most frequent first."""
    return [(word(code), count) for code, count in rules.most_common()]


def word(code: str) -> str:
    return WORDS.get(code, code.replace("_", " "))


def safe_mode(place: Workspace, totals: Totals) -> list[str]:
    """What the rules alone would have done with Safe Mode off, beside what people did."""
    lines = []
    if totals.would:
        people = ", ".join(f"{count} {word(key)}" for key, count in totals.would.most_common())
        lines.append(
            f"With Safe Mode off, rules would have approved {totals.would.total()} of these. "
            f"What people made of them: {people}."
        )
    else:
        lines.append("With Safe Mode off, rules would have approved none of these.")
    if totals.unseen:
        why = ", ".join(f"{count} {key}" for key, count in totals.would_not.most_common())
        lines.append(f"{totals.unseen} would have gone to a person all the same: {why}.")
    if totals.unshadowed:
        were = "was" if totals.unshadowed == 1 else "were"
        lines.append(f"{totals.unshadowed} {were} submitted before this verdict was kept.")
    return lines


def limits(place: Workspace, totals: Totals) -> list[str]:
    """What these figures do not know, plainly."""
    lines = [
        "What nobody decided counts as waiting, never as sent; what was not simulated, too.",
        _when_judged(place, totals),
        "Quotas are played as they stand today; limits of a person count only what really left"
        + (
            f": {totals.close} of those sent go to somebody who would have got another within a "
            "day, and some of them would have waited."
            if totals.close
            else "."
        ),
        "Nobody answered, bounced or complained, because nothing left; that would have stopped or "
        "changed what came after.",
    ]
    by_hand = totals.rules[Fate.LEFT][BY_HAND]
    if totals.fates[Fate.LEFT] > by_hand:
        lines.append("Part of this time was live: what really left is counted apart.")
    if by_hand:
        lines.append(f"{by_hand} left by the hand of a person, as dry run allows: counted apart.")
    badge = controls.badge(place.pk)
    if badge.text == "STOPPED":
        lines.append(f"Nothing is simulated at present: {badge.sentence}")
    return lines


def _when_judged(place: Workspace, totals: Totals) -> str:
    if totals.judged_from is None or totals.judged_to is None:
        return (
            "No send was simulated in this time: only what is approved is. What rules would have "
            "approved they judged when it was submitted."
        )
    text = (
        f"Judged as it came, from {stamp(place, totals.judged_from)} to "
        f"{stamp(place, totals.judged_to)}; nothing is judged anew"
    )
    if not totals.outdated:
        return f"{text}. All under the rules in force ({GATE_VERSION})."
    return (
        f"{text}. {totals.outdated} of {totals.policies.total()} under other rules than those in "
        f"force ({GATE_VERSION}), which may say something else."
    )
