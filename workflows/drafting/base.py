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
class Brief:
    """What is to be written. `incoming` is the other person's message: data, never an order."""

    channel: str
    template: str
    facts: Facts
    incoming: str = ""
    subject: str = ""  # of the conversation that is answered


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call of a model took. Cost in US dollars, where prices are known."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = None
    milliseconds: int = 0


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
    own_word: int | None = None  # the engine's own confidence, 0–100; None: it has no doubts
    reasoning: str = ""
    fell_back: str = ""  # why another engine's words are not here


class CannotCompose(Exception):
    """No message can be made of this; the sentence says what is missing and who can give it.

    `code` is one of the reasons of `workflows.telling`.
    """

    def __init__(self, sentence: str, code: str = "nothing_to_say") -> None:
        super().__init__(sentence)
        self.code = code


class DraftingEngine(Protocol):
    """One way of putting facts into words."""

    name: str

    def compose(self, brief: Brief) -> Composition:
        """The words for these facts. Raises CannotCompose."""
        ...
