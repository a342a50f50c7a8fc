"""The steps of `email_drafts`: choose people, look at what is known, write, ask for review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from approvals import routing, submission
from approvals.errors import Refused
from outreach.core import drafts
from outreach.core.models import Channel, Draft, Workspace
from workflows import audience, confidence, recipients
from workflows.drafting import facts as known
from workflows.drafting import templates
from workflows.drafting.base import CannotCompose, Composition, Facts
from workflows.recipients import Recipient
from workflows.shapes import BadOptions, Job, Output, StepRefused

CHANNEL = Channel.EMAIL
TEMPLATE = "reconnect"
LIMIT, MOST = 50, 50_000
QUIET_DAYS, LONGEST_QUIET = 90, 3650


def prepare(workspace: Workspace, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a run, complete and judged. Raises BadOptions with what to give instead."""
    template = templates.load(given.get("template") or TEMPLATE)
    limit = _whole(given, "limit", LIMIT, least=1, most=MOST)
    days = _whole(given, "days", QUIET_DAYS, least=0, most=LONGEST_QUIET)
    about = str(given.get("about") or "").strip()
    if len(about) > known.LONGEST_ABOUT:
        raise BadOptions(f"--about has {len(about)} characters; at most {known.LONGEST_ABOUT}.")
    if "sender_name" in template.needs and not known.sayable(workspace.sender_name):
        raise BadOptions(
            f"{workspace.name} has no sender's name, so nobody could sign. An admin sets it in "
            "the workspace."
        )
    if "about" in template.needs and not known.about_us(about):
        raise BadOptions(
            f"The template {template.name} needs a sentence about your work. Give it with "
            '--about "We help …".'
        )
    return {
        "template": template.name,
        "limit": limit,
        "days": days,
        "about": about,
        "submit": bool(given.get("submit")),
    }


def _whole(given: Mapping[str, Any], name: str, default: int, *, least: int, most: int) -> int:
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadOptions(f"{name} must be a whole number from {least} to {most}, not {value!r}.")
    return value


# --- select_people -------------------------------------------------------------------------------


def select_people(job: Job, batch: Sequence[int]) -> Output:
    """Those who may be written to, up to the limit, and how many are left out for what reason."""
    chosen: list[int] = []
    excluded: Counter[str] = Counter()
    rows = audience.judged(
        job.workspace, CHANNEL, at=job.at, quiet_days=job.options["days"]
    ).iterator(chunk_size=2000)
    for pk, reason in rows:
        if not reason and len(chosen) >= job.options["limit"]:
            reason = "beyond_limit"
        if reason:
            excluded[reason] += 1
        else:
            chosen.append(pk)
    return {"people": chosen, "selected": len(chosen), "excluded": dict(excluded)}


def selected(job: Job) -> list[int]:
    """The people chosen by the first step."""
    people: list[int] = job.outputs["select_people"]["people"]
    return people


# --- gather_facts --------------------------------------------------------------------------------


def gather_facts(job: Job, batch: Sequence[int]) -> Output:
    """For how many of the chosen each fact of the template is known."""
    template = templates.load(job.options["template"])
    counts = dict.fromkeys(sorted(template.facts), 0)
    for recipient in recipients.load(batch, CHANNEL).values():
        for name in _facts(job, recipient):
            if name in counts:
                counts[name] += 1
    return {"known": counts}


def _facts(job: Job, recipient: Recipient) -> Facts:
    return known.of_person(recipient.person, job.workspace, about=job.options["about"])


# --- write_drafts --------------------------------------------------------------------------------


def write_drafts(job: Job, batch: Sequence[int]) -> Output:
    """A draft for each, unless it is there already or they may not be written to any more."""
    there = set(
        Draft.objects.filter(origin=job.origin, person__in=batch).values_list(
            "person_id", flat=True
        )
    )
    reasons = dict(
        audience.judged(
            job.workspace,
            CHANNEL,
            at=job.at,
            quiet_days=job.options["days"],
            ids=batch,
            origin=job.origin,
        )
    )
    found = recipients.load(batch, CHANNEL)
    told: Counter[str] = Counter()
    for pk in batch:
        if pk not in there:
            told[reasons.get(pk, "gone") or _write(job, found[pk])] += 1
    written = told.pop("written", 0)
    return {"written": written, "skipped": dict(told)}


def _write(job: Job, recipient: Recipient) -> str:
    """Write one draft; "written", or why there is nothing to write."""
    person = recipient.person
    facts = _facts(job, recipient)
    try:
        said = templates.TemplateEngine().compose(job.options["template"], facts)
    except CannotCompose:
        return "nothing_to_say"
    drafts.write(
        job.workspace,
        person,
        CHANNEL,
        _words(job, recipient, facts, said),
        by=job.agent,
        at=job.at,
        purpose=said.purpose,
        address=recipient.address,
        template=said.template,
        origin=job.origin,
    )
    return "written"


def _words(job: Job, recipient: Recipient, facts: Facts, said: Composition) -> drafts.Text:
    template = templates.load(said.template)
    person = recipient.person
    trust = confidence.judge(
        confidence.Basis(
            is_greeted_by_name="greeting_name" in said.said,
            wanted=sorted({*said.said, *said.missing} - {*template.needs, "greeting_name"}),
            said=said.said,
            personal=[name for name in known.PERSONAL if name in said.said],
            address=recipient.address,
            names=[person.first_name, person.last_name],
            have_answered=recipient.have_answered,
            unanswered=recipient.unanswered,
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
            "left_out": said.left_out,
        },
    )


def _how(said: Composition, facts: Facts) -> str:
    """Where the words are from, in a sentence for the reviewer."""
    names = [_readable(name) for name in said.said if facts[name].source != "workspace"]
    text = f"Written from the template {said.template} with {', '.join(names) or 'no facts'}."
    if said.missing:
        text += f" Not known: {', '.join(_readable(name) for name in said.missing)}."
    return text


def _readable(name: str) -> str:
    return {"connected_month": "month of connection", "about": "our work"}.get(
        name, name.replace("_", " ")
    )


# --- submit_drafts -------------------------------------------------------------------------------


def written(job: Job) -> list[int]:
    """The drafts of this run, in the order written."""
    rows = Draft.objects.filter(origin=job.origin).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def submit_drafts(job: Job, batch: Sequence[int]) -> Output:
    """Ask for review of each; what the rules refuse stays a draft with the reason on it."""
    told = {"queued": 0, "kept_as_draft": 0, "decided_meanwhile": 0}
    for pk in batch:
        told[_submit(job, pk)] += 1
    return told


def _submit(job: Job, pk: int) -> str:
    try:
        answer = submission.submit(pk, by=job.agent, at=job.at)
    except routing.RoutingError as error:
        raise StepRefused(str(error)) from None
    except Refused:
        return "decided_meanwhile"
    return "queued" if answer.approval else "kept_as_draft"
