"""What every drafting engine takes and gives: facts with their source in, words with reasons out.

A fact is data. No engine may let it change route, recipient or channel: a composition has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known of a person or of us, fit to be said in a sentence, and where it is from."""

    value: str
    source: str


Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Composition:
    """A message without its footer, and how it came about."""

    engine: str
    template: str
    purpose: str
    subject: str
    text: str
    said: tuple[str, ...]  # facts that stand in it
    missing: tuple[str, ...]  # facts for which something was left out or said otherwise
    left_out: int  # sentences left out without another in their place


class CannotCompose(Exception):
    """No message can be made of this; the sentence says what is missing and who can give it."""


class DraftingEngine(Protocol):
    """One way of putting facts into words."""

    name: str

    def compose(self, template: str, facts: Facts) -> Composition:
        """The words for these facts. Raises CannotCompose."""
        ...
