"""Putting words to people in batches: what every workflow that drafts shares.

Composing comes first and outside the transaction, because a model may take its time; storing
comes after, and asks again who may still be written to.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outreach.core import drafts
from outreach.core.models import Draft
from safety.contract import content
from workflows import confidence
from workflows.drafting import engines, templates
from workflows.drafting import facts as known
from workflows.drafting.base import Brief, CannotCompose, Composition, Facts
from workflows.drafting.calls import Call
from workflows.models import AgentRun
from workflows.models.agent_runs import Outcome
from workflows.recipients import Recipient
from workflows.shapes import Job, StepRefused


@dataclass(slots=True)
class Composed:
    """What was found for each person: words, or why there are none. `runs` are yet to be kept."""

    said: dict[Hashable, Composition | CannotCompose] = field(default_factory=dict)
    runs: list[AgentRun] = field(default_factory=list)


def fallen_back(composed: Composed, written: Collection[Hashable]) -> dict[str, int]:
    """How many of those written got the template's words in place of a model's, where any did."""
    said = [composed.said.get(key) for key in written]
    count = sum(isinstance(each, Composition) and bool(each.fell_back) for each in said)
    return {"worded_by_the_template_instead": count} if count else {}


def compose(job: Job, briefs: Mapping[Any, Brief]) -> Composed:
    """Words for each of these. Raises StepRefused where the model fails and may not fall back."""
    engine = engines.chosen(str(job.options.get("engine", "templates")))
    found, begun = Composed(), time.monotonic()
    calls: list[Call] = getattr(engine, "calls", [])
    for pk, brief in briefs.items():
        if engine.name != templates.TemplateEngine.name:
            job.alive()
        try:
            found.said[pk] = engine.compose(brief)
        except CannotCompose as error:
            if error.code == "model_refused":
                raise StepRefused(str(error)) from None
            found.said[pk] = error
    if engine.name == templates.TemplateEngine.name and briefs:
        calls = [_by_template(found, briefs, begun)]
    found.runs = [_kept(job, call) for call in calls]
    return found


def _by_template(found: Composed, briefs: Mapping[Any, Brief], begun: float) -> Call:
    """One line for the whole batch: a template has no tokens and no price."""
    used = sorted({templates.version(brief.template, brief.channel) for brief in briefs.values()})
    return Call(
        engine=templates.TemplateEngine.name,
        prompt_version=", ".join(used)[:80],
        outcome=Outcome.DONE,
        texts=sum(isinstance(each, Composition) for each in found.said.values()),
        milliseconds=round(1000 * (time.monotonic() - begun)),
    )


def _kept(job: Job, call: Call) -> AgentRun:
    return AgentRun(
        workspace=job.workspace,
        agent=job.agent.agent,
        run_id=job.run_id or None,
        created_at=job.at,
        **call.fields(),
    )


def keep(composed: Composed) -> None:
    """Store how the words came about, in the caller's transaction."""
    AgentRun.objects.bulk_create(composed.runs)


def store(
    job: Job,
    recipient: Recipient,
    facts: Facts,
    said: Composition,
    channel: str,
    *,
    origin: str = "",
    scheduled_for: datetime | None = None,
    context: Mapping[str, Any] | None = None,
) -> Draft:
    """One draft with its reasons, by the agent of this run."""
    return drafts.write(
        job.workspace,
        recipient.person,
        channel,
        _words(job, recipient, facts, said, channel, context or {}),
        by=job.agent,
        at=job.at,
        purpose=said.purpose,
        address=recipient.ways.get(channel, ""),
        scheduled_for=scheduled_for,
        template=said.template,
        origin=origin or job.origin,
    )


def _words(
    job: Job,
    recipient: Recipient,
    facts: Facts,
    said: Composition,
    channel: str,
    context: Mapping[str, Any],
) -> drafts.Text:
    template = templates.load(said.template, channel)
    person = recipient.person
    hits = content.find(channel=channel, subject=said.subject, text=said.text)
    trust = confidence.judge(
        confidence.Basis(
            is_greeted_by_name="greeting_name" in said.said,
            wanted=sorted({*said.said, *said.missing} - {*template.needs, "greeting_name"}),
            said=said.said,
            personal=_personal(said),
            address=recipient.ways.get(channel, ""),
            names=[person.first_name, person.last_name],
            have_answered=recipient.have_answered,
            unanswered=recipient.unanswered,
            findings=[content.NAMES.get(hit.family, hit.family) for hit in hits],
            own_word=said.own_word,
        )
    )
    return drafts.Text(
        subject=said.subject,
        text=said.text,
        confidence=trust.total,
        confidence_parts=tuple(part.as_dict() for part in trust.parts),
        reasoning=f"{_how(said, facts)} {trust.sentence}",
        context={
            "run": job.run_id,
            "engine": said.engine,
            "template": said.template,
            "facts": {
                name: {"value": facts[name].value, "source": facts[name].source}
                for name in said.said
            },
            "missing": list(said.missing),
            "sentences_left_out": said.left_out,
            **context,
        },
    )


def _personal(said: Composition) -> list[str]:
    """What it says of the person; role and position are one thing, said in two ways."""
    told = [name for name in known.PERSONAL if name in said.said]
    return [name for name in told if name != "position" or "role" not in told]


def _how(said: Composition, facts: Facts) -> str:
    """Where the words are from, in a sentence or two for the reviewer."""
    names = [confidence.readable(name) for name in said.said if facts[name].source != "workspace"]
    told = ", ".join(dict.fromkeys(names)) or "no facts"  # a role is the position as it is said
    if said.engine == templates.TemplateEngine.name:
        text = f"Written from the template {said.template} with {told}."
    else:
        text = f"Written by the language model after the template {said.template} with {told}."
    if said.missing:
        text += f" Not known: {', '.join(confidence.readable(name) for name in said.missing)}."
    if said.reasoning:
        text += f" The model: {said.reasoning.rstrip('.')}."
    if said.fell_back:
        text += f" The model's words were not used: {said.fell_back.rstrip('.')}."
    return text
