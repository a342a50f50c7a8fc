"""A script for one call that a person makes: opening, questions, objections, what not to say."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from outreach.core.models import Channel, Person, Workspace
from outreach.core.plurals import plural
from safety.contract.localtime import local
from workflows import roles, windows
from workflows.drafting import facts as known
from workflows.drafting.base import Facts
from workflows.drafting.sentences import Filler, sentence
from workflows.recipients import Recipient
from workflows.roles import Role, classify

UNSURE_AFTER = timedelta(days=365)
PHONES = (Channel.PHONE, Channel.WHATSAPP)


@lru_cache(maxsize=4)
def _file(name: str) -> Mapping[str, Any]:
    place = Path(settings.BASE_DIR) / "templates" / "calls" / f"{name}.toml"
    found: Mapping[str, Any] = tomllib.loads(place.read_text("utf-8"))
    return found


@lru_cache(maxsize=64)
def _line(text: str) -> Any:
    return sentence("A line of templates/calls/script.toml", text)


def of(
    recipient: Recipient, workspace: Workspace, facts: Facts, *, goal: str, at: datetime
) -> dict[str, Any]:
    """The whole script as data; every line can be said, and what is not known is named."""
    person = recipient.person
    role = classify(known.title_on_file(person))
    phone = recipient.phone
    window = windows.next_window(
        at,
        zone=person.time_zone,
        phone=phone,
        also=recipient.numbers,
        our_zone=workspace.time_zone,
    )
    sections, said = _sections(facts)
    return {
        "phone": phone,
        "when": {
            "day": _day(window.begins, workspace),
            "words": window.sentence(workspace.time_zone),
        },
        "goal": goal,
        "about_them": _about(recipient, role, facts, workspace.time_zone),
        "for_you_only": _private(person),
        "sections": sections,
        "questions": _questions(role),
        "objections": _objections(person, workspace.time_zone),
        "not_to_say": _not_to_say(recipient, at, workspace.time_zone),
        "afterwards": [
            "Write down what was said, and what you promised.",
            "They want no more calls or messages: mark them as having asked us to stop, at once.",
            "They asked for something in writing: write the message and submit it for review.",
        ],
        "gaps": _gaps(recipient, phone, facts),
        "said": said,
    }


def _day(begins: datetime, workspace: Workspace) -> str:
    return f"{local(begins, workspace.time_zone):%A, %Y-%m-%d}"


def _sections(facts: Facts) -> tuple[list[dict[str, Any]], list[str]]:
    filler, found = Filler(facts), []
    for section in _file("script")["section"]:
        lines, was_said = [], True
        for text in section["lines"]:
            line = _line(text)
            if line.is_other and was_said:
                continue
            words = filler.say(line)
            was_said = bool(words)
            lines += [words] if words else []
        found.append({"title": section["title"], "lines": lines})
    return found, sorted(filler.said)


def _about(recipient: Recipient, role: Role, facts: Facts, zone: str) -> list[str]:
    """What somebody should know before they dial, each with where it is from."""
    noted = {**known.on_file(recipient.person), **facts}
    told = [
        f"{label}: {noted[name].value} ({noted[name].source})"
        for name, label in (("position", "Position"), ("company", "Company"))
        if name in noted
    ]
    if role.level:
        told.append(f"Role: {roles.told(role)}")
    if recipient.words:
        last = recipient.words[-1]
        ours = len(recipient.words) - recipient.they_wrote
        told.append(
            f"So far: {plural(ours, 'message')} from us, {recipient.they_wrote} from them; the "
            f"last on {local(last.at, zone):%Y-%m-%d} by {Channel(last.channel).label}"
        )
        if recipient.they_wrote:
            told.append("Read what they wrote before you call: it stands on their page")
    else:
        told.append("So far: nothing has passed between us")
    return told


def _private(person: Person) -> list[str]:
    return [line for line in person.notes.split("\n") if line.strip()][:10]


def _questions(role: Role) -> list[str]:
    file = _file("questions")
    own: Sequence[str] = file["fields"].get(role.field, file["fields"]["other"])
    return [*own, *file["levels"].get(role.level, file["levels"]["staff"])]


def _objections(person: Person, zone: str) -> list[dict[str, str]]:
    source = f"; it came with the list “{person.source}”" if person.source else ""
    since = known.month(local(person.created_at, zone).date())
    origin = (
        f"It has been in our address book since {since}{source}. If you would "
        "rather not have it stored, I will see to it at once."
    )
    return [
        {"said": each["said"], "answer": each["answer"].replace("{{ origin }}", origin)}
        for each in _file("questions")["objection"]
    ]


def _not_to_say(recipient: Recipient, at: datetime, zone: str) -> list[str]:
    file, person = _file("questions")["not_to_say"], recipient.person
    told: list[str] = list(file["always"])
    if recipient.unanswered:
        told.insert(0, file["unanswered"])
    if person.desisted_at is not None:
        told.insert(0, file["desisted"])
    if at - person.updated_at > UNSURE_AFTER:
        newest = f"{local(person.updated_at, zone):%Y-%m-%d}"
        told.append(file["unsure"].replace("{{ newest }}", newest))
    return told


def _gaps(recipient: Recipient, phone: str, facts: Facts) -> list[str]:
    gaps = []
    if recipient.closed and not phone:
        gaps.append("Their number is on the suppression list: do not call them.")
    elif not phone:
        gaps.append("No phone number: ask for one by e-mail or LinkedIn first.")
    if "greeting_name" not in facts:
        gaps.append("How to address them is not certain: greet without a name.")
    if not known.title_on_file(recipient.person):
        gaps.append("What they do is not known: ask.")
    if not recipient.person.time_zone:
        gaps.append("Their time zone is not known: ask whether the moment suits them.")
    if "about" not in facts:
        gaps.append("No sentence about our work was given: say in your own words why you call.")
    return gaps
