"""Messages from templates: deterministic, without network, and never with a hole.

A template is `name.toml` and `name.body.txt` in `templates/messages/<channel>/`, for e-mail also
`name.subject.txt`, of which the first line counts for which every fact is there. How lines are
read stands in `sentences`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from outreach.core.models import Channel, Purpose
from workflows.drafting.base import Brief, CannotCompose, Composition, Facts
from workflows.drafting.facts import KNOWN
from workflows.drafting.sentences import BadTemplate, Filler, Paragraph, Sentence, paragraphs
from workflows.options import BadOptions

__all__ = ["BadTemplate", "MessageTemplate", "TemplateEngine", "fill", "load", "names", "parse"]
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
USES = ("first", "follow_up", "reply")
AUDIENCES = {"": None, "connected": True, "not_connected": False}


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A template as its files say. `longest` is in characters, 0 for no limit of its own.

    `use` says where it may be chosen, `audience` whom on LinkedIn it is for.
    """

    name: str
    about: str
    purpose: str
    needs: tuple[str, ...]
    subjects: tuple[Sentence, ...]
    body: tuple[Paragraph, ...]
    channel: str = "email"
    longest: int = 0
    use: str = "first"
    audience: str = ""

    @property
    def facts(self) -> frozenset[str]:
        """Every fact it can say."""
        lines = [*self.subjects, *(line for paragraph in self.body for line in paragraph)]
        return frozenset().union(*(line.facts for line in lines))

    @property
    def spare(self) -> list[Sentence]:
        """What may go where the whole gets too long, the last first."""
        lines = [line for paragraph in self.body for line in paragraph if line.is_spare]
        return lines[::-1]

    def needed(self, facts: Facts) -> list[str]:
        """The facts without which there is no message, and that are not there."""
        return [name for name in self.needs if name not in facts]


class TemplateEngine:
    """The default engine: fills a template of the channel's folder."""

    name = "templates"

    def compose(self, brief: Brief) -> Composition:
        return fill(load(brief.template, brief.channel), brief.facts)


def folder(channel: str) -> Path:
    """Where a channel's templates are; short messages to a phone share one folder."""
    name = "chat" if channel in (Channel.WHATSAPP, Channel.INSTAGRAM) else channel
    return Path(settings.BASE_DIR) / "templates" / "messages" / name


@lru_cache(maxsize=32)
def names(channel: str = "email", use: str = "first") -> list[str]:
    """The templates that are there for this use."""
    found = sorted(path.stem for path in folder(channel).glob("*.toml"))
    return [name for name in found if load(name, channel).use == use]


@lru_cache(maxsize=64)
def load(name: str, channel: str = "email") -> MessageTemplate:
    """The template of that name, parsed once in a process."""
    place = folder(channel)
    known = sorted(path.stem for path in place.glob("*.toml"))
    if not NAME.fullmatch(name) or name not in known:
        raise BadOptions(f"There is no template {name!r}. There are: {', '.join(known)}.")
    try:
        about = tomllib.loads((place / f"{name}.toml").read_text("utf-8"))
        body = (place / f"{name}.body.txt").read_text("utf-8")
        has_subject = channel == Channel.EMAIL
        subject = (place / f"{name}.subject.txt").read_text("utf-8") if has_subject else ""
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadTemplate(f"The template {name} cannot be read: {error}.") from None
    return parse(name, about, subject, body, channel=channel)


def parse(
    name: str, about: Mapping[str, object], subject: str, body: str, *, channel: str = "email"
) -> MessageTemplate:
    """A template from the words of its files. Raises BadTemplate."""
    purpose = str(about.get("purpose", ""))
    needs = about.get("needs", [])
    longest = about.get("longest", 0)
    use, audience = str(about.get("use", "first")), str(about.get("audience", ""))
    if purpose not in Purpose.values:
        raise BadTemplate(f"{name}.toml: purpose must be one of {', '.join(Purpose.values)}.")
    if not isinstance(needs, list) or not set(needs) <= KNOWN:
        raise BadTemplate(f"{name}.toml: needs must list known facts: {', '.join(sorted(KNOWN))}.")
    if not isinstance(longest, int) or use not in USES or audience not in AUDIENCES:
        raise BadTemplate(f"{name}.toml: longest is a number, use one of {', '.join(USES)}.")
    subjects = paragraphs(f"{name}.subject.txt", subject)
    lines = paragraphs(f"{name}.body.txt", body)
    if not lines or (channel == Channel.EMAIL and not subjects):
        raise BadTemplate(f"The template {name} needs a subject and a body.")
    return MessageTemplate(
        name,
        str(about.get("about", "")),
        purpose,
        tuple(needs),
        tuple(line for paragraph in subjects for line in paragraph),
        lines,
        channel,
        longest,
        use,
        audience,
    )


def fill(template: MessageTemplate, facts: Facts) -> Composition:
    """The message these facts give. Raises CannotCompose where a needed fact is not there."""
    if lacking := template.needed(facts):
        raise CannotCompose(
            f"The template {template.name} cannot do without: {', '.join(lacking)}."
        )
    subject, text, filler = _said(template, facts)
    if not text or (template.subjects and not subject):
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


def _said(template: MessageTemplate, facts: Facts) -> tuple[str, str, Filler]:
    """Subject and text, with as few sentences spared as the length allows."""
    spare = template.spare
    seed = template.name + "".join(sorted(fact.value for fact in facts.values()))
    for count in range(len(spare) + 1):
        filler = Filler(facts, spare[:count], seed)
        subject = filler.first(template.subjects)
        text = filler.whole(template.body)
        if not template.longest or len(text) <= template.longest:
            return subject, text, filler
    raise CannotCompose(
        f"The template {template.name} gives more than {template.longest} characters with these "
        "facts, even without what can be spared.",
        "too_long",
    )


@lru_cache(maxsize=64)
def version(name: str, channel: str = "email") -> str:
    """The template's name with a digest of its files: what was said can be traced to its words."""
    found = hashlib.sha256()
    for path in sorted(folder(channel).glob(f"{name}.*")):
        found.update(path.read_bytes())
    return f"{name}@{found.hexdigest()[:8]}"
