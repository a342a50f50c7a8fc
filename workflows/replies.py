"""Answers to people who wrote: a draft beside their message, for a person to read, mend and send.

Only while AUTO_REPLY_ENABLED; only to messages the inbox says want an answer; each once. Of several
messages of one human being the last is answered, and none while an answer to them is open: nobody
gets two. The earlier ones stay in the inbox for a person to close.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import Error, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from outreach.core import drafts, inbox
from outreach.core.models import Draft, InboundMessage, Workspace
from outreach.core.models.inbound import InboundKind
from outreach.core.models.people import PersonStatus
from outreach.core.names import clean
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal
from safety import controls
from safety.models import ControlKey
from workflows import audience, intents, outputs, queries, recipients, writing
from workflows.drafting.base import Brief, CannotCompose, Composition, Fact, Facts
from workflows.recipients import Recipient
from workflows.shapes import Job, StepRefused
from workflows.steps import drafting

logger = logging.getLogger(__name__)
BATCH = 25
CHANNELS = ("email", "whatsapp", "instagram")
LONGEST_SUBJECT = 150


def answer_waiting(*, at: datetime) -> int:
    """Draft an answer to each message that waits for one, `BATCH` at most; how many were drafted.

    Those that cannot be answered now are passed over, so that they keep nobody else waiting.
    """
    made = 0
    for message in list(_answerable()):
        if made == BATCH:
            break
        try:
            made += answer(message, at=at)
        except (NotAllowed, StepRefused, inbox.InboxRefused, drafts.TextRefused) as error:
            logger.warning("Message %s waits: %s", message.pk, type(error).__name__)
        except Error:
            raise
        except Exception:
            logger.exception("Message %s cannot be answered; it waits.", message.pk)
    return made


def _answerable() -> QuerySet[InboundMessage]:
    """The last message of each human being, where they may be written to and no answer is open."""
    able = {"status": PersonStatus.ACTIVE, "automation_enabled": True}
    itself = Q(person__merged_into=None, **{f"person__{key}": value for key, value in able.items()})
    other = Q(**{f"person__merged_into__{key}": value for key, value in able.items()})
    theirs = Q(person=OuterRef("human")) | Q(person__merged_into=OuterRef("human"))
    # WhatsApp tells seconds: of two in the same one the second that came is the later.
    after = Q(received_at__gt=OuterRef("received_at"))
    after |= Q(received_at=OuterRef("received_at"), pk__gt=OuterRef("pk"))
    later = InboundMessage.objects.filter(theirs, after, kind=InboundKind.MESSAGE)
    begun = Draft.objects.filter(theirs, origin__startswith="inbound:", status__in=audience.OPEN)
    rows = inbox.waiting_for_answer().annotate(human=Coalesce("person__merged_into", "person"))
    rows = rows.filter(itself | other, channel__in=CHANNELS)
    return rows.exclude(Exists(later)).exclude(Exists(begun))


def answer(message: InboundMessage, *, at: datetime) -> bool:
    """Draft an answer to this message; False where none may or can be drafted."""
    place = message.workspace
    agent = queries.drafting_agent(place)
    person = message.person and (message.person.merged_into or message.person)
    if agent is None or not agent.is_active or person is None or _stopped(place):
        return False
    if person.status != PersonStatus.ACTIVE or not person.automation_enabled:
        return False
    by = Principal.of_agent(agent, door="workflow")
    require(by, Verb.WRITE_DRAFTS, place)
    recipient = recipients.load([person.pk], message.channel)[person.pk]
    engine = "model" if settings.LLM_MODEL else "templates"
    job = Job(0, place, by, {"engine": engine}, at)
    facts = _facts(job, recipient, message)
    brief = Brief(
        message.channel, f"reply_{intents.intent_of(message.text)}", facts, incoming=message.text
    )
    composed = writing.compose(job, {message.pk: brief})
    said = composed.said[message.pk]
    if isinstance(said, CannotCompose) or not recipient.ways.get(message.channel):
        return False
    return _store(job, message, recipient, facts, said, composed)


def _stopped(place: Workspace) -> bool:
    state = controls.read()
    return any(
        state.sentence(key, place.pk)
        for key in (ControlKey.EMERGENCY_STOP, ControlKey.AUTO_REPLY_ENABLED)
    )


def _facts(job: Job, recipient: Recipient, message: InboundMessage) -> Facts:
    found: dict[str, Any] = dict(drafting.facts_of(job, recipient))
    subject = clean(message.subject)[:LONGEST_SUBJECT]
    while subject[:3].casefold() == "re:":
        subject = subject[3:].strip()
    if subject and "{" not in subject:
        found["reply_subject"] = Fact(f"Re: {subject}", "their message")
    return found


def _store(
    job: Job,
    message: InboundMessage,
    recipient: Recipient,
    facts: Facts,
    said: Composition,
    composed: writing.Composed,
) -> bool:
    """The answer, and the request for its review, in one: a worker killed in between would leave a
    draft that nobody is asked about. False where a model took its time and it is no longer wanted.
    """
    with transaction.atomic():
        audience.one_at_a_time(job.workspace.pk)
        if _stopped(job.workspace) or not _answerable().filter(pk=message.pk).exists():
            return False
        with outputs.only(("generate_draft",)):
            draft = writing.store(
                job, recipient, facts, said, message.channel,
                origin=f"inbound:{message.pk}", context={"answers": message.pk},
            )  # fmt: skip
            writing.keep(composed)
        inbox.answered(message, draft, by=job.agent, at=job.at)
        if job.workspace.safe_mode:
            _ask(job, draft.pk)
    return True


def _ask(job: Job, draft_id: int) -> None:
    """Ask for its review. With Safe Mode off the rules might let it leave unread: it stays a draft,
    and so does one that may not be asked for."""
    try:
        with outputs.only(("generate_draft",)), transaction.atomic():
            drafting.submit(job, draft_id)
    except (NotAllowed, StepRefused) as error:
        logger.warning("Answer %s stays a draft: %s", draft_id, type(error).__name__)
