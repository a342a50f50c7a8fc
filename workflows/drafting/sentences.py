"""Lines of a template file as sentences, and saying them: what is not known is not said.

One sentence a line, an empty line between paragraphs. A line that begins with `/ ` is said only
where the line above it was left out; one that begins with `* ` says the line above in other words,
and the facts decide which is taken, so that not everybody reads the same; one that begins with `| `
keeps its line break; one that begins with `~ ` may be spared where the whole gets too long.
`{# … #}` is a remark. Facts are put in as they are: what looks like a template in a cell of a file
is never read as one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import cast

from django.template import Context, Engine, Template, TemplateSyntaxError
from django.template.base import VariableNode

from workflows.drafting.base import Facts
from workflows.drafting.facts import KNOWN, RARE

SPACES = re.compile(r"[ \t]{2,}")
# "at Acme Co..", "at Yahoo!.": where a fact ends with a sign
DOTS = re.compile(r"(?<![.!?])([.!?])\.(?!\.)")
# Private-use signs, which no fact may hold (`facts.sayable`), mark what could not be said.
MARK, END = "\ue000", "\ue001"
MISSING = re.compile(f"{MARK}([^{END}]*){END}")


class BadTemplate(Exception):
    """A template file cannot be used; the sentence names file and line."""


class _Sandbox(Engine):
    """Django's template language without its tags: no load, no include, no extends, no url."""

    default_builtins = ["workflows.drafting.filters"]


SANDBOX = _Sandbox(dirs=[], loaders=[], autoescape=False, string_if_invalid=f"{MARK}%s{END}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line: what to say, and how it stands to the line above."""

    words: Template
    facts: frozenset[str]
    is_other: bool = False
    begins_line: bool = False
    is_spare: bool = False
    ways: tuple[Template, ...] = ()  # the same in other words

    def worded(self, seed: str) -> Template:
        """One of its wordings, always the same for this seed."""
        if not self.ways:
            return self.words
        found = hashlib.blake2s(f"{seed}\0{self.words.source}".encode(), digest_size=4).digest()
        choices = (self.words, *self.ways)
        return choices[int.from_bytes(found) % len(choices)]


Paragraph = tuple[Sentence, ...]


def paragraphs(file: str, words: str) -> tuple[Paragraph, ...]:
    """The file's words as paragraphs of sentences. Raises BadTemplate."""
    found: list[list[Sentence]] = [[]]
    for number, raw in enumerate(words.splitlines(), start=1):
        line = re.sub(r"\{#.*?#\}", "", raw).strip()
        where = f"Line {number} of {file}"
        if line.startswith("* "):
            _add_way(found[-1], where, line[2:])
        elif line:
            found[-1].append(sentence(where, line))
        elif not raw.strip() and found[-1]:
            found.append([])
    return tuple(tuple(paragraph) for paragraph in found if paragraph)


def _add_way(lines: list[Sentence], where: str, line: str) -> None:
    way = sentence(where, line)
    if not lines or way.facts != lines[-1].facts:
        raise BadTemplate(f"{where} must name the same facts as the sentence above it.")
    lines[-1] = replace(lines[-1], ways=(*lines[-1].ways, way.words))


def sentence(where: str, line: str) -> Sentence:
    sign = line[:2] if line[:2] in ("/ ", "| ", "~ ") else ""
    text = line[len(sign) :].strip()
    try:
        words = SANDBOX.from_string(text)
    except TemplateSyntaxError as error:
        raise BadTemplate(f"{where} cannot be read: {error}.") from None
    facts = set()
    for node in cast(list[VariableNode], words.nodelist.get_nodes_by_type(VariableNode)):
        name = str(getattr(node.filter_expression.var, "var", node.filter_expression.var))
        if name not in KNOWN:
            known = ", ".join(sorted(KNOWN))
            raise BadTemplate(f"{where} names {name!r}, which is no fact: {known}.")
        facts.add(name)
    return Sentence(words, frozenset(facts), sign == "/ ", sign == "| ", sign == "~ ")


class Filler:
    """Says line after line and remembers what was said, missed and left out."""

    def __init__(self, facts: Facts, spared: Collection[Sentence] = (), seed: str = "") -> None:
        self.seed = seed
        values = {name: fact.value for name, fact in facts.items()}
        self.context = Context(values, autoescape=False)
        self.spared = spared
        self.said: set[str] = set()
        self.missing: set[str] = set()
        self.left_out = 0

    def say(self, line: Sentence) -> str:
        """The sentence, or nothing where a fact is missing."""
        words = line.worded(self.seed).render(self.context)
        if lacking := MISSING.findall(words):
            self.missing.update(set(lacking) - RARE)
            return ""
        self.said.update(line.facts)
        return DOTS.sub(r"\1", SPACES.sub(" ", words)).strip()

    def first(self, lines: Sequence[Sentence]) -> str:
        return next((words for line in lines if (words := self.say(line))), "")

    def paragraph(self, lines: Paragraph) -> str:
        text = ""
        is_said = True  # whether the line above, or one in its place, was said
        for line in lines:
            if (line.is_other and is_said) or line in self.spared:
                continue
            words = self.say(line)
            self.left_out += _change(line, words, is_said)
            is_said = bool(words)
            if words:
                gap = "\n" if line.begins_line else " "
                text = f"{text}{gap}{words}" if text else words
        return text

    def whole(self, body: Sequence[Paragraph]) -> str:
        said = [self.paragraph(lines) for lines in body]
        return "\n\n".join(words for words in said if words)


def _change(line: Sentence, words: str, was_said: bool) -> int:
    """How the count of sentences left out changes: one more, or one found another way."""
    if line.is_other:
        return -1 if words and not was_said else 0
    return 0 if words else 1
