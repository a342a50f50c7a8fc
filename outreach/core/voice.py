"""Voice profiles: which one judges whose words, and how a new version is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from outreach.core import activity
from outreach.core.models import Agent, VoiceProfile, Workspace
from outreach.core.models.voice import HOUSE
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal
from outreach.core.voice_score import Score, Voice, judge

MOST_WORDS, LONGEST_WORD = 100, 60


class VoiceRefused(ValueError):
    """The profile cannot be saved; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a revision keeps of its score; empty where no profile exists."""

    profile: VoiceProfile | None = None
    score: Score | None = None

    def fields(self) -> dict[str, Any]:
        if self.score is None:
            return {}
        reasons = [each.as_dict() for each in self.score.reasons]
        return {"voice": self.profile, "voice_score": self.score.total, "voice_reasons": reasons}


def name_for(by: Principal) -> str:
    """The voice this principal writes in: an agent's own, else the house's."""
    return (by.agent.voice if by.agent else "") or HOUSE


def current(workspace_id: int, name: str = HOUSE) -> VoiceProfile | None:
    """The version in use, or None while there is none of that name."""
    return (
        VoiceProfile.objects.filter(workspace=workspace_id, name=name).order_by("-version").first()
    )


def in_use(workspace: Workspace) -> dict[str, VoiceProfile | None]:
    """Every voice somebody writes in, by name; None where a named one does not exist."""
    named = Agent.objects.filter(workspace=workspace, is_active=True).exclude(voice="")
    names = sorted({HOUSE, *named.values_list("voice", flat=True)})
    latest: dict[str, VoiceProfile] = {}
    for row in VoiceProfile.objects.filter(workspace=workspace, name__in=names).order_by("version"):
        latest[row.name] = row
    return {name: latest.get(name) for name in names}


def score(text: str, profile: VoiceProfile, *, is_letter: bool) -> Score:
    return judge(text, as_voice(profile), is_letter=is_letter)


def judged(text: str, workspace_id: int, by: Principal, *, is_letter: bool) -> Judged:
    """The score of this text in the voice of its author, or nothing where there is no voice."""
    profile = current(workspace_id, name_for(by))
    if profile is None:
        return Judged()
    return Judged(profile, score(text, profile, is_letter=is_letter))


def as_voice(profile: VoiceProfile) -> Voice:
    return Voice(
        tone=profile.tone,
        words_to_use=tuple(profile.words_to_use),
        words_to_avoid=tuple(profile.words_to_avoid),
        sentence_words=profile.sentence_words,
        reading_grade=profile.reading_grade,
        emoji=profile.emoji,
        sign_off=profile.sign_off,
    )


def save(
    workspace: Workspace,
    name: str,
    fields: Mapping[str, Any],
    *,
    by: Principal,
    at: datetime,
    expected: int | None = None,
) -> VoiceProfile:
    """A new version with these fields; a change of nothing makes none.

    `expected` is the version the author had before them (0: none). Raises VoiceRefused.
    """
    require(by, Verb.CONFIGURE, workspace)
    name = name.strip()
    if not name or len(name) > 60:
        raise VoiceRefused("Give the voice a name of 1 to 60 characters.")
    wanted = _checked(fields)
    last = current(workspace.pk, name)
    if expected is not None and expected != (last.version if last else 0):
        raise VoiceRefused("Somebody made a newer version meanwhile. Open it and change that one.")
    if last is not None and asdict(as_voice(last)) == asdict(wanted):
        return last
    try:
        with transaction.atomic():
            values = {key: _listed(value) for key, value in asdict(wanted).items()}
            made = VoiceProfile.objects.create(
                workspace=workspace, name=name, version=last.version + 1 if last else 1,
                note=str(fields.get("note") or "")[:300], **values, **by.fields(),
            )  # fmt: skip
            told = activity.entry("workspaces.voice_set", made, version=made.version)
            activity.record(told, by=by, at=at)
    except IntegrityError:
        raise VoiceRefused("Somebody made a newer version meanwhile. Open it first.") from None
    return made


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _checked(fields: Mapping[str, Any]) -> Voice:
    tone, emoji = fields.get("tone", "neutral"), fields.get("emoji", "none")
    if tone not in VoiceProfile.Tone.values or emoji not in VoiceProfile.Emoji.values:
        raise VoiceRefused("Choose tone and emoji from the list.")
    return Voice(
        tone=str(tone),
        words_to_use=_words(fields.get("words_to_use", ())),
        words_to_avoid=_words(fields.get("words_to_avoid", ())),
        sentence_words=_whole(fields.get("sentence_words", 20), "Words a sentence", 5, 60),
        reading_grade=_whole(fields.get("reading_grade", 10), "The reading grade", 3, 20),
        emoji=str(emoji),
        sign_off=str(fields.get("sign_off") or "").strip()[:80],
    )


def _words(given: Any) -> tuple[str, ...]:
    words = [str(word).strip() for word in given if str(word).strip()]
    if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        raise VoiceRefused(f"At most {MOST_WORDS} words or phrases of {LONGEST_WORD} characters.")
    return tuple(dict.fromkeys(words))


def _whole(value: Any, what: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise VoiceRefused(f"{what} must be a whole number from {least} to {most}.")
    return value
