"""Variants of a message: who gets which, for ever, and what came of each, with honest intervals.

Nothing is claimed before the planned number was sent of each variant: looking early and stopping
at a lucky moment finds differences that are not there.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from outreach.core import activity
from outreach.core.models import Channel, Contact, Workspace
from outreach.core.models.contacts import Direction
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal
from outreach.core.rates import Rate, interval, wilson
from safety import controls
from safety.models import ControlKey
from workflows.drafting import templates
from workflows.models import Assignment, Experiment
from workflows.options import BadOptions

REPLY_WITHIN = timedelta(days=14)
LEAST_PLANNED, MOST_PLANNED = 20, 100_000
CHANNELS = (Channel.EMAIL, Channel.LINKEDIN)
HUMAN = Coalesce("human__merged_into", "human")  # whose record it is by now
STOPPED_AT = Case(
    When(human__merged_into=None, then=F("human__desisted_at")),
    default=F("human__merged_into__desisted_at"),
)


class Variant(NamedTuple):
    """The template somebody gets, and the experiment it is part of."""

    template: str
    experiment: Experiment | None = None


class ExperimentRefused(ValueError):
    """The experiment cannot be begun or ended; the sentence says why."""


# --- Who gets which ------------------------------------------------------------------------------


def running(workspace: Workspace, channel: str, template: str) -> Experiment | None:
    """The experiment over this template, unless experiments are switched off."""
    if controls.read().sentence(ControlKey.EXPERIMENT_ENABLED, workspace.pk):
        return None
    return Experiment.objects.filter(
        workspace=workspace, channel=channel, control=template, ended_at__isnull=True
    ).first()


def variant_for(experiment: Experiment, human_id: int) -> str:
    """The variant of somebody new: drawn by a hash, so the same whenever it is asked."""
    drawn = hashlib.sha256(f"experiment:{experiment.pk}:{human_id}".encode()).digest()
    variants: Sequence[str] = experiment.variants
    return variants[int.from_bytes(drawn[:8], "big") % len(variants)]


def variants_of(experiment: Experiment, human_ids: Collection[int]) -> dict[int, str]:
    """The variant of each of these human beings: the first they got, on whichever record of theirs,
    else the one drawn for them."""
    theirs = Q(human__in=human_ids) | Q(human__merged_into__in=human_ids)
    rows = Assignment.objects.filter(theirs, experiment=experiment).order_by("-pk")
    known = dict(rows.values_list(HUMAN, "variant"))
    return {pk: known.get(pk) or variant_for(experiment, pk) for pk in human_ids}


def draw(workspace: Workspace, channel: str, planned: Mapping[int, str]) -> dict[int, Variant]:
    """What each human being gets: the template planned, or their variant where one is compared."""
    drawn = {pk: Variant(name) for pk, name in planned.items()}
    for name in sorted({*planned.values()}):
        experiment = running(workspace, channel, name)
        if experiment is not None:
            theirs = variants_of(experiment, [pk for pk in planned if planned[pk] == name])
            drawn |= {pk: Variant(each, experiment) for pk, each in theirs.items()}
    return drawn


def assign(
    drawn: Mapping[int, Variant], written: Iterable[tuple[int, int]], *, at: datetime
) -> None:
    """Keep the variants of what was written, (human, draft) each. Needs a transaction."""
    Assignment.objects.bulk_create(
        Assignment(
            experiment=variant.experiment, human_id=human, draft_id=draft,
            variant=variant.template, at=at,
        )
        for human, draft in written
        if (variant := drawn[human]).experiment is not None
    )  # fmt: skip


# --- Beginning and ending ------------------------------------------------------------------------


def begin(
    workspace: Workspace,
    name: str,
    channel: str,
    variants: Sequence[str],
    planned: int,
    *,
    by: Principal,
    at: datetime,
) -> Experiment:
    """Compare these templates, the first being the one everybody gets otherwise."""
    require(by, Verb.CONFIGURE, workspace)
    chosen = list(dict.fromkeys(variants))
    _check(name, channel, chosen, planned)
    try:
        with transaction.atomic():
            made = Experiment.objects.create(
                workspace=workspace, name=name.strip(), channel=channel, variants=chosen,
                control=chosen[0], planned=planned, started_at=at, **by.fields(),
            )  # fmt: skip
            activity.record(activity.entry("workflows.experiment_begun", made), by=by, at=at)
    except IntegrityError:
        raise ExperimentRefused(
            f"An experiment over {chosen[0]} is running already. End it first."
        ) from None
    return made


def _check(name: str, channel: str, chosen: Sequence[str], planned: int) -> None:
    if not name.strip() or len(name) > 120:
        raise ExperimentRefused("Give the experiment a name of 1 to 120 characters.")
    if channel not in CHANNELS:
        raise ExperimentRefused("Experiments are for e-mail and LinkedIn messages.")
    if not 2 <= len(chosen) <= 5:
        raise ExperimentRefused("Choose two to five different templates.")
    if not LEAST_PLANNED <= planned <= MOST_PLANNED:
        raise ExperimentRefused(
            f"Plan {LEAST_PLANNED} to {MOST_PLANNED} messages of each variant; fewer show nothing."
        )
    try:
        found = [templates.load(each, channel) for each in chosen]
    except BadOptions as error:
        raise ExperimentRefused(str(error)) from None
    if len({(each.purpose, each.use, each.audience) for each in found}) > 1:
        raise ExperimentRefused(
            "Variants must have the same purpose, use and audience; else they cannot be compared."
        )
    lacking = set().union(*(each.needs for each in found)) - set(found[0].needs)
    if lacking:
        raise ExperimentRefused(
            f"{chosen[0]} does without {', '.join(sorted(lacking))}, which another variant needs."
        )


def end(experiment: Experiment, *, by: Principal, at: datetime) -> None:
    """From now on everybody gets the first variant again. What was counted stays."""
    require(by, Verb.CONFIGURE, experiment.workspace)
    with transaction.atomic():
        rows = Experiment.objects.filter(pk=experiment.pk, ended_at__isnull=True)
        if not rows.update(ended_at=at):
            raise ExperimentRefused("This experiment has ended already.")
        activity.record(activity.entry("workflows.experiment_ended", experiment), by=by, at=at)


# --- What came of it -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One variant: messages written, sent, answered within 14 days, and people who said stop.

    Whoever said stop in that time has not answered.
    """

    variant: str
    written: int
    sent: int
    replied: Rate
    stopped: Rate


@dataclass(frozen=True, slots=True)
class Report:
    lines: tuple[Line, ...]
    is_complete: bool
    verdict: str


def report(experiment: Experiment, *, at: datetime) -> Report:
    """The counts, and a verdict only where the plan is fulfilled and answers had their time."""
    counts = _counts(experiment, at)
    lines = tuple(
        Line(
            variant,
            counts[variant]["written"],
            counts[variant]["sent"],
            wilson(counts[variant]["replied"], counts[variant]["ripe"]),
            wilson(counts[variant]["stopped"], counts[variant]["sent"]),
        )
        for variant in experiment.variants
    )
    short = [line for line in lines if line.replied.of < experiment.planned]
    if short:
        least = min(line.replied.of for line in short)
        verdict = (
            f"No claim yet: {experiment.planned} messages of each variant were planned, the least "
            f"has {least} that were sent {REPLY_WITHIN.days} days ago or earlier. The intervals "
            "show how much is still open."
        )
        return Report(lines, False, verdict)
    judged = {
        variant: wilson(counts[variant]["judged"], experiment.planned)
        for variant in experiment.variants
    }
    return Report(lines, True, f"{_verdict(judged)} Judged by the first {experiment.planned} each.")


def _verdict(judged: Mapping[str, Rate]) -> str:
    """A variant is called better only against the first, corrected for how many are compared.

    `judged` are the rates of the planned number and no further: whoever looked again with every
    message after it would find a difference some day.
    """
    (control, first), *others = judged.items()
    told = []
    for variant, rate in others:
        low, high = difference(rate, first, comparisons=len(others))
        if low > 0 or high < 0:
            word = "more" if low > 0 else "fewer"
            told.append(
                f"{variant} gets {word} replies than {control} ({low:+.1f} to {high:+.1f} points)."
            )
    return " ".join(told) or "The planned number was reached, and no difference in replies shows."


def difference(one: Rate, other: Rate, *, comparisons: int = 1) -> tuple[float, float]:
    """Interval of one rate less the other in points (Newcombe 1998, Bonferroni-corrected)."""
    z = NormalDist().inv_cdf(1 - 0.025 / comparisons)
    first, second = interval(one.count, one.of, z), interval(other.count, other.of, z)
    gap = one.percent - other.percent
    low = gap - math.hypot(one.percent - first[0], second[1] - other.percent)
    high = gap + math.hypot(first[1] - one.percent, other.percent - second[0])
    return low, high


def _counts(experiment: Experiment, at: datetime) -> dict[str, dict[str, int]]:
    zero = {"written": 0, "sent": 0, "ripe": 0, "replied": 0, "stopped": 0, "judged": 0}
    found = {variant: dict(zero) for variant in experiment.variants}
    for row in _outcomes(experiment):
        line = found.setdefault(row["variant"], dict(zero))
        line["written"] += 1
        if row["sent_at"] is None:
            continue
        line["sent"] += 1
        stop = row["stopped_at"]
        stopped = bool(stop and row["sent_at"] < stop <= row["sent_at"] + REPLY_WITHIN)
        line["stopped"] += stopped
        if row["sent_at"] <= at - REPLY_WITHIN:
            has_answered = bool(row["replied"]) and not stopped  # "stop" is no answer to be glad of
            line["ripe"] += 1
            line["replied"] += has_answered
            line["judged"] += has_answered and line["ripe"] <= experiment.planned
    return found


def _outcomes(experiment: Experiment) -> QuerySet[Assignment, Mapping[str, Any]]:
    """When each message left, in order, and whether its reader wrote in time. One statement."""
    sent = Contact.objects.filter(
        draft=OuterRef("draft"), direction=Direction.OUT, certain=True, voided_at__isnull=True
    )
    replied = Contact.objects.filter(
        human=OuterRef("who"), direction=Direction.IN, voided_at__isnull=True,
        at__gt=OuterRef("sent_at"), at__lte=OuterRef("sent_at") + REPLY_WITHIN,
    )  # fmt: skip
    rows = Assignment.objects.filter(experiment=experiment).annotate(
        sent_at=Subquery(sent.values("at")[:1]), who=HUMAN, stopped_at=STOPPED_AT
    )
    rows = rows.annotate(replied=Exists(replied))
    rows = rows.order_by("sent_at", "pk")
    return rows.values("variant", "sent_at", "replied", "stopped_at")
