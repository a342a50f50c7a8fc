"""What a model's words must not hold, whoever talked it into them. Pure.

The answer is text and nothing else: it has no field for a recipient, a channel, a route or a
verdict. So what is left to look at is the text: other addresses, foreign links, code, holes,
hidden signs, claims of approval, and a greeting of somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.drafting.base import Brief

LINK = re.compile(r"(?:https?://|www\.)([\w.-]+)|\b([\w-]+(?:\.[\w-]+)+)/\S", re.IGNORECASE)
ADDRESS = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
MARKUP = re.compile(r"<\s*/?\s*[a-z!][^>]*>|\{\{|\}\}|\{%|%\}|```", re.IGNORECASE)
HOLE = re.compile(
    r"\[[^\]\n]{2,40}\]|<[^>\n]{2,40}>|\b(?:INSERT|PLACEHOLDER|X{3,}|TBD|Lorem ipsum)\b"
)
HIDDEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ue000-\uf8ff\x00-\x08\x0b-\x1f]"
)
CLAIM = re.compile(
    r"\b(?:(?:already|pre-?)\s*(?:been\s+)?approved|skip (?:the )?(?:review|approval)|"
    r"no review (?:is )?needed|auto-?approve|as an ai\b|language model|system prompt|"
    r"ignore (?:all |the )?previous|"
    r"i (?:cannot|can't|am unable to) (?:help|assist|comply|write))",
    re.IGNORECASE,
)
GREETING = re.compile(r"^(?:hello|hi|dear|good (?:morning|day))\b[ ,]*([^,\n!.]*)", re.IGNORECASE)
NUMBER = re.compile(r"\+?\d[\d ()./-]{7,}\d")
LONGEST = {"email": 2500, "linkedin": 700, "whatsapp": 700, "instagram": 700}
LONGEST_SUBJECT = 120


def objections(subject: str, text: str, brief: Brief, *, longest: int = 0) -> list[str]:
    """Why these words cannot be used, each in a few words; none when they can.

    What is too long is not read: its author must begin anew, and a hundred thousand letters take
    some of the patterns minutes.
    """
    shape = list(_shape(subject, text, brief, longest))
    if len(text) > _most(brief, longest) or len(subject) > LONGEST_SUBJECT:
        return shape
    return [*shape, *_content(f"{subject}\n{text}", text, brief)]


def _most(brief: Brief, longest: int) -> int:
    return longest or LONGEST.get(brief.channel, 2500)


def _shape(subject: str, text: str, brief: Brief, longest: int) -> Iterator[str]:
    most = _most(brief, longest)
    if len(text.strip()) < 40:
        yield "the text is empty or hardly begun"
    if len(text) > most:
        yield f"the text has {len(text)} characters, {most} at most are allowed"
    if brief.channel == "email" and not subject.strip():
        yield "there is no subject"
    if len(subject) > LONGEST_SUBJECT or "\n" in subject:
        yield "the subject is too long or has a line break"


def _content(whole: str, text: str, brief: Brief) -> Iterator[str]:
    if MARKUP.search(whole):
        yield "it holds markup or template signs"
    elif HOLE.search(whole):
        yield "it holds a gap to be filled"
    if HIDDEN.search(whole):
        yield "it holds invisible signs"
    if CLAIM.search(whole):
        yield "it speaks of approval, of instructions, or of itself"
    known = _known(brief)
    if any(found.casefold() not in known for found in _domains(whole)):
        yield "it names a link or an address that is not among the facts"
    if any(_digits(found[0]) not in _digits(known) for found in NUMBER.finditer(whole)):
        yield "it names a number that is not among the facts"
    greeted = GREETING.match(text.strip())
    name = brief.facts["greeting_name"].value if "greeting_name" in brief.facts else ""
    if greeted and greeted[1].strip() and greeted[1].strip().casefold() != name.casefold():
        yield "it greets somebody else"


def _domains(whole: str) -> Iterator[str]:
    for found in LINK.finditer(whole):
        yield found[1] or found[2]
    for found in ADDRESS.finditer(whole):
        yield found[1]


def _known(brief: Brief) -> str:
    """What may be named: our own words, never the other person's message."""
    return " ".join(fact.value for fact in brief.facts.values()).casefold()


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())
