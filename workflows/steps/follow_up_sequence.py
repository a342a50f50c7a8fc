"""The steps of `follow_up_sequence`: whom, on which days and channels, and the drafts of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from outreach.core import erasure
from outreach.core.models import Channel, Draft, Workspace
from workflows import audience, experiments, recipients, timetable, writing
from workflows.drafting import templates
from workflows.drafting.base import Brief, CannotCompose, Composition, Facts
from workflows.experiments import Variant
from workflows.models import Artifact
from workflows.models.artifacts import ArtifactKind
from workflows.options import Option
from workflows.recipients import Recipient
from workflows.shapes import Job, Output
from workflows.steps.drafting import ABOUT, DAYS, ENGINE, check_words, facts_of, submit_drafts
from workflows.writing import Composed

TEMPLATES = ("introduction", "follow_up_2", "follow_up_3")
CHANNELS = (
    ("mixed", "E-mail and LinkedIn in turn, where both are known"),
    ("email", "E-mail only"),
    ("linkedin", "LinkedIn only; a person sends it"),
)
OPTIONS = (
    ABOUT,
    Option("limit", "At most so many people", "whole", 25, least=1, most=5000),
    Option("touches", "Messages to each", "whole", 3, least=2, most=len(TEMPLATES)),
    Option(
        "gap", "Days to the second", "whole", 5, least=2, most=30,
        help="Each further gap is three days longer; only business days count as days to write.",
    ),
    Option("channels", "Channels", "choice", "mixed", choices=lambda: CHANNELS),
    Option(
        "per_day", "At most so many a day", "whole", 0, most=1000,
        help="0: the workspace's daily quota, or 20.",
    ),
    DAYS,
    ENGINE,
    Option("submit", "Ask for review of each message on its day", "flag", False),
)  # fmt: skip


@dataclass(slots=True)
class Thought:
    found: dict[int, Recipient]
    facts: dict[int, Facts]
    composed: Composed
    drawn: dict[int, Variant]  # for the first message of each


def check(workspace: Workspace, asked: Mapping[str, Any]) -> None:
    used = [templates.load(name, Channel.EMAIL) for name in TEMPLATES[: asked["touches"]]]
    check_words(workspace, used, asked)


def select_people(job: Job, batch: Sequence[int]) -> Output:
    """Those who may be written to, up to the limit."""
    rows = audience.judged(job.workspace, at=job.at, quiet_days=job.options["days"])
    limit = job.options["limit"]
    people = recipients.without_suppressed(
        rows.iterator(chunk_size=2000), job.workspace.pk, _asked(job), limit
    )
    return audience.choose(people, limit)


def _asked(job: Job) -> tuple[str, ...]:
    asked: str = job.options["channels"]
    return (Channel.EMAIL, Channel.LINKEDIN) if asked == "mixed" else (asked,)


def plan_touches(job: Job, batch: Sequence[int]) -> Output:
    """A day and a channel for each touch of each person, with no day above its limit."""
    people = job.outputs["select_people"]["people"]
    gaps = [job.options["gap"] + 3 * n for n in range(job.options["touches"] - 1)]
    days = timetable.Days(job.workspace, at=job.at, limit=job.options["per_day"])
    plans: list[list[Any]] = []
    without = 0
    for start in range(0, len(people), 500):
        found = recipients.load(people[start : start + 500])
        shut = recipients.closed_ways(
            job.workspace.pk, {pk: each.ways for pk, each in found.items()}
        )
        for pk, recipient in found.items():
            usable = [each for each in _asked(job) if each not in shut[pk]]
            channels = _channels(recipient, usable, len(gaps) + 1)
            if channels:
                times = [each.isoformat() for each in days.take(recipient, gaps)]
                plans.append([pk, [list(pair) for pair in zip(times, channels, strict=True)]])
            else:
                without += 1
    excluded = {"no_way": without} if without else {}
    return {"plans": plans, "planned": len(plans), "excluded": excluded, "days": days.span}


def _channels(recipient: Recipient, usable: Collection[str], count: int) -> list[str]:
    """One for each touch; LinkedIn messages reach only people we are connected with."""
    mail = Channel.EMAIL in recipient.ways and Channel.EMAIL in usable
    link = (
        Channel.LINKEDIN in recipient.ways
        and recipient.person.connected_on is not None
        and Channel.LINKEDIN in usable
    )
    if mail and link:
        return [(Channel.EMAIL, Channel.LINKEDIN)[n % 2].value for n in range(count)]
    only = Channel.EMAIL if mail else Channel.LINKEDIN if link else ""
    return [str(only)] * count if only else []


def planned(job: Job) -> list[int]:
    return [pk for pk, _ in job.outputs["plan_touches"]["plans"]]


def _touches(job: Job) -> dict[int, list[list[str]]]:
    return dict(job.outputs["plan_touches"]["plans"])


def compose(job: Job, batch: Sequence[int]) -> Thought:
    """Every message of each sequence; nothing is written yet."""
    found = recipients.load(batch)
    facts = {pk: facts_of(job, recipient) for pk, recipient in found.items()}
    touches = _touches(job)
    drawn: dict[int, Variant] = {}
    for channel in (Channel.EMAIL, Channel.LINKEDIN):
        first = {pk: TEMPLATES[0] for pk in found if touches[pk][0][1] == channel}
        drawn |= experiments.draw(job.workspace, channel, first)
    briefs = {
        (pk, no): Brief(channel, TEMPLATES[no] if no else drawn[pk].template, facts[pk])
        for pk in found
        for no, (_, channel) in enumerate(touches[pk])
    }
    return Thought(found, facts, writing.compose(job, briefs), drawn)


def write_touches(job: Job, batch: Sequence[int]) -> Output:
    """A draft for each touch, and the sequence that holds them together."""
    thought: Thought = job.thoughts
    audience.one_at_a_time(job.workspace.pk)
    erasure.hold(batch)
    there = audience.written_by(job.origin, batch)
    reasons = dict(
        audience.judged(
            job.workspace, at=job.at, quiet_days=job.options["days"], ids=batch, origin=job.origin
        )
    )
    ways = {pk: each.ways for pk, each in thought.found.items()}
    shut = recipients.closed_ways(job.workspace.pk, ways)
    told: Counter[str] = Counter()
    made: list[tuple[int, int]] = []
    for pk in batch:
        words = [thought.composed.said.get((pk, no)) for no in range(job.options["touches"])]
        said = [each for each in words if isinstance(each, Composition)]
        why_not = reasons.get(pk, "gone") or _silence(words)
        if not why_not and shut[pk] & {channel for _, channel in _touches(job)[pk]}:
            why_not = "suppressed"
        if pk in there:
            why_not = "open_message"
        if why_not:
            told[why_not] += 1
            continue
        made.append((pk, _write(job, thought.found[pk], thought.facts[pk], said)))
    writing.keep(thought.composed)
    experiments.assign(thought.drawn, made, at=job.at)
    count = len(made)
    return {"sequences": count, "written": count * job.options["touches"], "skipped": dict(told)}


def _silence(words: Sequence[Any]) -> str:
    broken = next((each for each in words if not isinstance(each, Composition)), None)
    return broken.code if isinstance(broken, CannotCompose) else ""


def _write(job: Job, recipient: Recipient, facts: Facts, said: Sequence[Composition]) -> int:
    """The whole sequence; its first draft."""
    pk = recipient.person.pk
    touches: list[dict[str, Any]] = []
    before: datetime | None = None
    for no, (words, (when, channel)) in enumerate(zip(said, _touches(job)[pk], strict=True)):
        at = datetime.fromisoformat(when)
        # From an afternoon to a morning, and over a clock change: four days and a bit are five.
        gap = round((at - before) / timedelta(days=1)) if before else 0
        draft = writing.store(
            job, recipient, facts, words, channel,
            scheduled_for=at if no else None,
            context={"touch": no + 1, "of": len(said), "after_days": gap},
        )  # fmt: skip
        touches.append(
            {"no": no + 1, "draft": draft.pk, "channel": channel, "at": when, "gap_days": gap}
        )
        before = at
    Artifact.objects.create(
        workspace=job.workspace, run_id=job.run_id, kind=ArtifactKind.SEQUENCE, person_id=pk,
        title=f"Sequence of {len(touches)} messages, {job.today}",
        data={"touches": touches}, created_at=job.at,
    )  # fmt: skip
    first: int = touches[0]["draft"]
    return first


def first_drafts(job: Job) -> list[int]:
    """The first message of each sequence of this run: the same ones whenever it goes on, also
    where a colleague has given one a time since."""
    rows = Draft.objects.filter(origin=job.origin).order_by("-pk")
    return sorted(dict(rows.values_list("person", "pk")).values())


def submit_first(job: Job, batch: Sequence[int]) -> Output:
    """Ask for review of the first messages; each later one is asked for on its day."""
    return submit_drafts(job, batch)
