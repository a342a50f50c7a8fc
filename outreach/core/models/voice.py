"""How a workspace wants to sound. A profile is a row per version: changing it adds a version."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from outreach.core.models.base import Authored
from outreach.core.models.workspace import Workspace

HOUSE = "House voice"


class Tone(models.TextChoices):
    FORMAL = "formal", "Formal: no contractions, no exclamation marks"
    NEUTRAL = "neutral", "Neutral"
    WARM = "warm", "Warm: plain words, nothing stiff"


class Emoji(models.TextChoices):
    NONE = "none", "None"
    SPARING = "sparing", "At most one"
    FREE = "free", "As many as fit"


class VoiceProfile(Authored):
    """One version of one voice: insert-only; the highest version of a name is in use."""

    Tone = Tone
    Emoji = Emoji

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="voices", db_index=False)
    name = models.CharField(max_length=60, default=HOUSE)
    version = models.PositiveIntegerField(editable=False)
    tone = models.CharField(max_length=7, choices=Tone.choices, default=Tone.NEUTRAL)
    words_to_use: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    words_to_avoid: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    sentence_words = models.PositiveSmallIntegerField(
        default=20, help_text="Most words in a sentence, on average."
    )
    reading_grade = models.PositiveSmallIntegerField(
        default=10, help_text="Highest school grade needed to read it (Flesch-Kincaid, English)."
    )
    emoji = models.CharField(max_length=7, choices=Emoji.choices, default=Emoji.NONE)
    sign_off = models.CharField(
        max_length=80, blank=True, help_text="How letters end, such as: Best regards"
    )
    note = models.CharField(max_length=300, blank=True, help_text="Why this version was made.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "voice_profiles"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name", "version"], name="voice_version_once"
            ),
            models.CheckConstraint(
                name="voice_limits_make_sense",
                condition=Q(
                    version__gte=1,
                    sentence_words__gte=5,
                    sentence_words__lte=60,
                    reading_grade__gte=3,
                    reading_grade__lte=20,
                ),
                violation_error_message=(
                    "A sentence has 5 to 60 words on average, a reading grade is 3 to 20."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"
