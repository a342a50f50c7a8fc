"""Messages from templates: deterministic, without network, and never with a hole.

A body has one sentence a line and an empty line between paragraphs. A sentence that needs a fact
we lack is left out. A line that begins with `/ ` is said only where the line above it was left
out; one that begins with `| ` keeps its line break. `{# … #}` is a remark. A subject is the first
of its lines for which every fact is there. Facts are put in as they are: what looks like a
template in a cell of a file is never read as one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

from django.conf import settings
from django.template import Context, Engine, Template, TemplateSyntaxError
from django.template.base import VariableNode

from outreach.core.models import Purpose
from workflows.drafting.base import CannotCompose, Composition, Facts
from workflows.drafting.facts import KNOWN
from workflows.shapes import BadOptions

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
SPACES = re.compile(r"[ \t]{2,}")
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


Paragraph = tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A template as its three files say: name.toml, name.subject.txt, name.body.txt."""

    name: str
    about: str
    purpose: str
    needs: tuple[str, ...]
    subjects: tuple[Sentence, ...]
    body: tuple[Paragraph, ...]

    @property
    def facts(self) -> frozenset[str]:
        """Every fact it can say."""
        lines = [*self.subjects, *(line for paragraph in self.body for line in paragraph)]
        return frozenset().union(*(line.facts for line in lines))

    def needed(self, facts: Facts) -> list[str]:
        """The facts without which there is no message, and that are not there."""
        return [name for name in self.needs if name not in facts]


class TemplateEngine:
    """The default engine: fills a template of the folder `templates/messages/email`."""

    name = "templates"

    def compose(self, template: str, facts: Facts) -> Composition:
        return fill(load(template), facts)


def folder() -> Path:
    return Path(settings.BASE_DIR) / "templates" / "messages" / "email"


def names() -> list[str]:
    """The templates that are there."""
    return sorted(path.stem for path in folder().glob("*.toml"))


@lru_cache(maxsize=64)
def load(name: str) -> MessageTemplate:
    """The template of that name, parsed once in a process."""
    if not NAME.fullmatch(name) or name not in names():
        raise BadOptions(f"There is no template {name!r}. There are: {', '.join(names())}.")
    place = folder()
    try:
        about = tomllib.loads((place / f"{name}.toml").read_text("utf-8"))
        subject = (place / f"{name}.subject.txt").read_text("utf-8")
        body = (place / f"{name}.body.txt").read_text("utf-8")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadTemplate(f"The template {name} cannot be read: {error}.") from None
    return parse(name, about, subject, body)


def parse(name: str, about: Mapping[str, object], subject: str, body: str) -> MessageTemplate:
    """A template from the words of its files. Raises BadTemplate."""
    purpose = str(about.get("purpose", ""))
    needs = about.get("needs", [])
    if purpose not in Purpose.values:
        raise BadTemplate(f"{name}.toml: purpose must be one of {', '.join(Purpose.values)}.")
    if not isinstance(needs, list) or not set(needs) <= KNOWN:
        raise BadTemplate(f"{name}.toml: needs must list known facts: {', '.join(sorted(KNOWN))}.")
    subjects = _paragraphs(f"{name}.subject.txt", subject)
    paragraphs = _paragraphs(f"{name}.body.txt", body)
    if not subjects or not paragraphs:
        raise BadTemplate(f"The template {name} needs a subject and a body.")
    lines = tuple(line for paragraph in subjects for line in paragraph)
    return MessageTemplate(
        name, str(about.get("about", "")), purpose, tuple(needs), lines, paragraphs
    )


def _paragraphs(file: str, words: str) -> tuple[Paragraph, ...]:
    found: list[list[Sentence]] = [[]]
    for number, raw in enumerate(words.splitlines(), start=1):
        line = re.sub(r"\{#.*?#\}", "", raw).strip()
        if line:
            found[-1].append(_sentence(f"Line {number} of {file}", line))
        elif not raw.strip() and found[-1]:
            found.append([])
    return tuple(tuple(paragraph) for paragraph in found if paragraph)


def _sentence(where: str, line: str) -> Sentence:
    is_other, begins_line = line.startswith("/ "), line.startswith("| ")
    text = line[2:].strip() if is_other or begins_line else line
    try:
        words = SANDBOX.from_string(text)
    except TemplateSyntaxError as error:
        raise BadTemplate(f"{where} cannot be read: {error}.") from None
    facts = set()
    for node in cast(list[VariableNode], words.nodelist.get_nodes_by_type(VariableNode)):
        name = str(getattr(node.filter_expression.var, "var", node.filter_expression.var))
        if name not in KNOWN:
            raise BadTemplate(f"{where} names {name!r}, which is no fact: {_known()}.")
        facts.add(name)
    return Sentence(words, frozenset(facts), is_other, begins_line)


def _known() -> str:
    return ", ".join(sorted(KNOWN))


def fill(template: MessageTemplate, facts: Facts) -> Composition:
    """The message these facts give. Raises CannotCompose where a needed fact is not there."""
    if lacking := template.needed(facts):
        raise CannotCompose(
            f"The template {template.name} cannot do without: {', '.join(lacking)}."
        )
    context = Context({name: fact.value for name, fact in facts.items()}, autoescape=False)
    filler = _Filler(context)
    subject = filler.first(template.subjects)
    paragraphs = [filler.paragraph(lines) for lines in template.body]
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    if not subject or not text:
        raise CannotCompose(
            f"Nothing of the template {template.name} can be said with what is known."
        )
    return Composition(
        engine=TemplateEngine.name,
        template=template.name,
        purpose=template.purpose,
        subject=subject,
        text=text,
        said=tuple(sorted(filler.said)),
        missing=tuple(sorted(filler.missing)),
        left_out=filler.left_out,
    )


class _Filler:
    """Says line after line and remembers what was said, missed and left out."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.said: set[str] = set()
        self.missing: set[str] = set()
        self.left_out = 0

    def say(self, line: Sentence) -> str:
        """The sentence, or nothing where a fact is missing."""
        words = line.words.render(self.context)
        if lacking := MISSING.findall(words):
            self.missing.update(lacking)
            return ""
        self.said.update(line.facts)
        return SPACES.sub(" ", words).strip()

    def first(self, lines: tuple[Sentence, ...]) -> str:
        return next((words for line in lines if (words := self.say(line))), "")

    def paragraph(self, lines: Paragraph) -> str:
        text = ""
        is_said = True  # whether the line above, or one in its place, was said
        for line in lines:
            if line.is_other and is_said:
                continue
            words = self.say(line)
            self.left_out += _change(line, words, is_said)
            is_said = bool(words)
            if words:
                gap = "\n" if line.begins_line else " "
                text = f"{text}{gap}{words}" if text else words
        return text


def _change(line: Sentence, words: str, was_said: bool) -> int:
    """How the count of sentences left out changes: one more, or one found another way."""
    if line.is_other:
        return -1 if words and not was_said else 0
    return 0 if words else 1
