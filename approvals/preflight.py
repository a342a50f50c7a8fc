"""What should be true before Safe Mode is switched off (seed B), computed as far as it can be.

What the program cannot know is ticked by name; what it cannot measure yet counts as unmet and
says why. An unmet item does not forbid: it asks for a written reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from approvals import figures, recheck_figures
from outreach.core import voice
from outreach.core.models import Agent, VoiceProfile, Workspace
from outreach.core.permissions import Verb
from outreach.core.queries import users_who_may

VOICE_VERSION, VOICE_SCORE, VOICE_TEXTS = 5, 80, 50
RATE_ABOVE_PERCENT, DECISIONS = 90, 100
TICKS = {
    "rollback_plan": "Somebody knows how to switch Safe Mode on again, and when to do it",
    "team_told": "The team has been told",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist. `by_hand`: a person ticks it, nothing computes it."""

    key: str
    label: str
    is_met: bool
    sentence: str
    by_hand: bool = False

    def as_dict(self) -> dict[str, object]:
        return {
            "key": self.key,
            "label": self.label,
            "met": self.is_met,
            "sentence": self.sentence,
            "by_hand": self.by_hand,
        }


def checklist(
    workspace: Workspace, *, at: datetime, ticks: Collection[str] = ()
) -> tuple[Item, ...]:
    """Every item in the order of the seed."""
    has_readers = users_who_may(Verb.DECIDE, workspace).exclude(email="").exists()
    voices = voice.in_use(workspace)
    return (
        _voice_version(voices),
        _voice_score(workspace, voices),
        _approval_rate(workspace),
        _quotas(workspace),
        _monitoring(has_readers),
        _weekly_review(workspace, has_readers),
        *_second_looks(workspace, at),
        *(_ticked(key, label, ticks) for key, label in TICKS.items()),
    )


def unmet(items: Collection[Item]) -> list[Item]:
    return [item for item in items if not item.is_met]


def _voice_version(voices: Mapping[str, VoiceProfile | None]) -> Item:
    """The lowest version among the voices that somebody writes in."""
    label = f"Voice profile version {VOICE_VERSION} or later"
    missing = [name for name, profile in voices.items() if profile is None]
    if missing:
        words = f"No voice profile exists, so there is no version to look at: {missing[0]}."
        return Item("voice_version", label, False, words)
    lowest = min((each for each in voices.values() if each), key=lambda each: each.version)
    words = f"The lowest in use is version {lowest.version} of {lowest.name}."
    return Item("voice_version", label, lowest.version >= VOICE_VERSION, words)


def _voice_score(workspace: Workspace, voices: Collection[str]) -> Item:
    """The lowest average among the voices in use, over the last words of each."""
    label = f"Voice score above {VOICE_SCORE} over the last {VOICE_TEXTS} texts"
    averages: dict[str, float] = {}
    latest = figures.last_voice_scores(workspace, most=VOICE_TEXTS)
    for name in voices:
        scores = latest.get(name, [])
        if len(scores) < VOICE_TEXTS:
            have = _only(len(scores), f"text in {name} has", f"texts in {name} have")
            words = f"{have} a score; {VOICE_TEXTS} are needed."
            return Item("voice_score", label, False, words)
        averages[name] = sum(scores) / len(scores)
    name, lowest = min(averages.items(), key=lambda pair: pair[1])
    words = f"The last {VOICE_TEXTS} texts in {name} score {lowest:.1f} on average."
    return Item("voice_score", label, lowest > VOICE_SCORE, words)


def _approval_rate(workspace: Workspace) -> Item:
    label = f"More than {RATE_ABOVE_PERCENT} % of the last {DECISIONS} decisions were approvals"
    last = figures.last_decisions(workspace, most=DECISIONS)
    if last.decided < DECISIONS:
        so_far = _only(last.decided, "decision", "decisions")
        words = f"{so_far} so far; {DECISIONS} are needed to judge."
        return Item("approval_rate", label, False, words)
    met = last.approved * 100 > RATE_ABOVE_PERCENT * last.decided
    words = f"{last.approved} of the last {last.decided} decisions were approvals."
    return Item("approval_rate", label, met, words)


def _only(count: int, one: str, more: str) -> str:
    return f"Only {count} {one if count == 1 else more}" if count else f"No {more}"


def _quotas(workspace: Workspace) -> Item:
    label = "Daily quotas for the workspace and every agent"
    free = list(
        Agent.objects.filter(workspace=workspace, is_active=True, daily_quota__isnull=True)
        .order_by("name")
        .values_list("name", flat=True)
    )
    if workspace.daily_quota is None:
        return Item("quotas", label, False, "The workspace has no daily quota; 20 is a good start.")
    if free:
        return Item("quotas", label, False, f"No daily quota for {', '.join(free[:5])}.")
    words = f"{workspace.daily_quota} a day for the workspace; every agent has its own."
    return Item("quotas", label, True, words)


def _monitoring(has_readers: bool) -> Item:
    label = "Chat alerts and the daily digest reach somebody"
    missing = []
    if not settings.NOTIFY_URLS:
        missing.append("NOTIFY_URLS is not set in the environment.")
    if not has_readers:
        missing.append("No reviewer has an e-mail address.")
    words = " ".join(missing) or "Both have somewhere to go."
    return Item("monitoring", label, not missing, words)


def _weekly_review(workspace: Workspace, has_readers: bool) -> Item:
    label = "A weekly review is scheduled"
    if workspace.weekly_review_day is None:
        words = "No day is set for the weekly report."
        return Item("weekly_review", label, False, words)
    if not has_readers:
        return Item("weekly_review", label, False, "No reviewer has an e-mail address.")
    words = f"The weekly report goes out on {workspace.get_weekly_review_day_display()}."
    return Item("weekly_review", label, True, words)


def _second_looks(workspace: Workspace, at: datetime) -> list[Item]:
    """Only where people would have decided otherwise too often; the seed does not ask for it."""
    found = recheck_figures.of_workspace(workspace.pk, at=at)
    label = "People agree with what was approved by rule"
    return [Item("second_looks", label, False, found.sentence)] if found.warns else []


def _ticked(key: str, label: str, ticks: Collection[str]) -> Item:
    met = key in ticks
    words = "Ticked by whoever switches it off." if met else "Not ticked."
    return Item(key, label, met, words, by_hand=True)
