"""The steps of `email_drafts` and `linkedin_message_drafts`: choose, look, write, submit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals import routing, submission
from approvals.errors import Refused
from outreach.core import erasure
from outreach.core.models import Channel, Draft, Workspace
from safety.contract import localtime
from workflows import audience, experiments, imported, recipients, writing
from workflows.drafting import engines, templates
from workflows.drafting import facts as known
from workflows.drafting.base import Brief, CannotCompose, Facts
from workflows.experiments import Variant
from workflows.options import BadOptions, Option
from workflows.recipients import Recipient
from workflows.shapes import Job, Output, StepRefused
from workflows.writing import Composed

ENGINE = Option("engine", "Who words it", "choice", "templates", choices=engines.choices)
ABOUT = Option(
    "about", "A sentence about your work", most=known.LONGEST_ABOUT,
    help="Said as it is, where the template speaks of us.",
)  # fmt: skip
SUBMIT = Option("submit", "Ask for review of each draft", "flag", False)
DAYS = Option(
    "days", "Leave out whom we met in these days", "whole", 90, least=0, most=3650,
)  # fmt: skip


@dataclass(slots=True)
class Thought:
    """What was found out about a batch before anything is written."""

    found: dict[int, Recipient]
    facts: dict[int, Facts]
    composed: Composed
    drawn: dict[int, Variant]


BY_HISTORY = "by_history"
KNOWN, STRANGER = "reconnect", "introduction"


@dataclass(frozen=True, slots=True)
class Drafting:
    """The same steps for one channel; `template` is the default one, or BY_HISTORY."""

    channel: str
    template: str

    @property
    def options(self) -> tuple[Option, ...]:
        return (
            Option("template", "Template", "choice", self.template, choices=self._templates),
            Option("limit", "At most so many people", "whole", 50, least=1, most=50_000),
            DAYS,
            imported.IMPORT,
            imported.PEOPLE,
            ABOUT,
            ENGINE,
            SUBMIT,
        )

    def _templates(self) -> list[tuple[str, str]]:
        told = f"{BY_HISTORY}: {KNOWN} where a message passed between us, else {STRANGER}."
        by_history = [(BY_HISTORY, told)] if self.template == BY_HISTORY else []
        return by_history + [
            (name, f"{name}: {templates.load(name, self.channel).about}")
            for name in templates.names(self.channel)
        ]

    def check(self, workspace: Workspace, asked: Mapping[str, Any]) -> None:
        check_words(workspace, self._used(asked), asked)

    def _used(self, asked: Mapping[str, Any]) -> list[templates.MessageTemplate]:
        """Every template that people of a run may get, experiments aside."""
        name = asked["template"]
        names = (STRANGER, KNOWN) if name == BY_HISTORY else (name,)
        return [templates.load(each, self.channel) for each in names]

    def _connected(self, job: Job) -> bool | None:
        return templates.AUDIENCES[self._used(job.options)[0].audience]

    def _open(
        self, job: Job, rows: Iterable[tuple[int, str]], limit: int
    ) -> Iterator[tuple[int, str]]:
        return recipients.without_suppressed(rows, job.workspace.pk, (self.channel,), limit)

    # --- select_people ----------------------------------------------------------------------------

    def select_people(self, job: Job, batch: Sequence[int]) -> Output:
        """Those who may be written to, up to the limit, and how many are left out for what."""
        rows = audience.judged(
            job.workspace,
            self.channel,
            at=job.at,
            quiet_days=job.options["days"],
            ids=imported.people_asked(job),
            connected=self._connected(job),
        )
        limit = job.options["limit"]
        people = rows.iterator(chunk_size=2000)
        return audience.choose(self._open(job, people, limit), limit)

    # --- gather_facts -----------------------------------------------------------------------------

    def gather_facts(self, job: Job, batch: Sequence[int]) -> Output:
        """For how many of the chosen each fact of the templates is known."""
        facts = frozenset().union(*(each.facts for each in self._used(job.options)))
        counts = dict.fromkeys(sorted(facts), 0)
        for recipient in recipients.load(batch, self.channel).values():
            for name in facts_of(job, recipient):
                if name in counts:
                    counts[name] += 1
        return {"known": counts}

    # --- write_drafts -----------------------------------------------------------------------------

    def compose(self, job: Job, batch: Sequence[int]) -> Thought:
        """The words for each of the batch; nothing is written yet."""
        found = recipients.load(batch, self.channel)
        facts = {pk: facts_of(job, recipient) for pk, recipient in found.items()}
        planned = {pk: template_for(job, recipient) for pk, recipient in found.items()}
        drawn = experiments.draw(job.workspace, self.channel, planned)
        briefs = {pk: Brief(self.channel, drawn[pk].template, facts[pk]) for pk in found}
        return Thought(found, facts, writing.compose(job, briefs), drawn)

    def write_drafts(self, job: Job, batch: Sequence[int]) -> Output:
        """A draft for each, unless it is there already or they may not be written to any more."""
        thought: Thought = job.thoughts
        audience.one_at_a_time(job.workspace.pk)
        erasure.hold(batch)
        there = audience.written_by(job.origin, batch)
        rows = audience.judged(
            job.workspace,
            self.channel,
            at=job.at,
            quiet_days=job.options["days"],
            ids=batch,
            origin=job.origin,
            connected=self._connected(job),
        )
        reasons = dict(self._open(job, rows, len(batch)))
        told: Counter[str] = Counter()
        made: list[tuple[int, int]] = []
        for pk in batch:
            why_not = reasons.get(pk, "gone") or _silence(thought, pk)
            if pk in there:
                why_not = "open_message"
            if why_not:
                told[why_not] += 1
                continue
            made.append((pk, self._write(job, thought, pk)))
        writing.keep(thought.composed)
        experiments.assign(thought.drawn, made, at=job.at)
        return {
            "written": len(made),
            **writing.fallen_back(thought.composed, [pk for pk, _ in made]),
            "skipped": dict(told),
        }

    def _write(self, job: Job, thought: Thought, pk: int) -> int:
        said = thought.composed.said[pk]
        if isinstance(said, CannotCompose):
            raise StepRefused(str(said))
        draft = writing.store(job, thought.found[pk], thought.facts[pk], said, self.channel)
        return draft.pk


def _silence(thought: Thought, pk: int) -> str:
    """Why there are no words for somebody; empty where there are."""
    said = thought.composed.said.get(pk)
    if said is None:
        return "gone"
    return said.code if isinstance(said, CannotCompose) else ""


def template_for(job: Job, recipient: Recipient) -> str:
    """The template asked for; by history nobody is greeted as known with whom nothing passed."""
    name: str = job.options["template"]
    if name != BY_HISTORY:
        return name
    return KNOWN if recipient.words else STRANGER


def facts_of(job: Job, recipient: Recipient) -> Facts:
    """What may be said of a person in this run."""
    return known.of_person(
        recipient.person,
        job.workspace,
        today=job.today,
        about=job.options.get("about", ""),
        past=past_of(recipient, job.workspace.time_zone),
    )


def past_of(recipient: Recipient, zone: str) -> known.Past:
    """What may be said of earlier messages: never that ours were not answered."""
    if not recipient.they_wrote:
        return known.Past()
    day = localtime.local(recipient.words[-1].at, zone).date()
    if recipient.they_wrote == len(recipient.words):
        return known.Past(theirs=day)
    return known.Past(both=day)


def check_words(
    workspace: Workspace, used: Sequence[templates.MessageTemplate], asked: Mapping[str, Any]
) -> None:
    """What these templates cannot do without is there. Raises BadOptions with what to give."""
    engines.chosen(asked.get("engine", "templates"))
    for template in used:
        if "sender_name" in template.needs and not known.sayable(workspace.sender_name):
            raise BadOptions(
                f"{workspace.name} has no sender's name, so nobody could sign. An admin sets it "
                "in the workspace."
            )
        if "about" in template.needs and not known.about_us(asked.get("about", "")):
            raise BadOptions(
                f"The template {template.name} needs a sentence about your work. Give it with "
                '--about, such as "We help …".'
            )


def selected(job: Job) -> list[int]:
    """The people chosen by the first step."""
    people: list[int] = job.outputs["select_people"]["people"]
    return people


# --- submit_drafts -------------------------------------------------------------------------------


def written(job: Job) -> list[int]:
    """The drafts of this run, in the order written."""
    rows = Draft.objects.filter(origin=job.origin).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def submit_drafts(job: Job, batch: Sequence[int]) -> Output:
    """Ask for review of each; what the rules refuse stays a draft with the reason."""
    told = {"queued": 0, "kept_as_draft": 0, "decided_meanwhile": 0}
    _hold_people(batch)
    for pk in batch:
        told[submit(job, pk)] += 1
    return told


def _hold_people(draft_ids: Sequence[int]) -> None:
    """All of them at once and in order: a merge that held two in another would meet us halfway."""
    rows = Draft.objects.filter(pk__in=draft_ids)
    people = rows.values_list("person_id", "person__merged_into_id")
    erasure.hold({pk for row in people for pk in row if pk})


def submit(job: Job, pk: int) -> str:
    """Ask for review of one draft, in the agent's name; what became of it."""
    try:
        answer = submission.submit(pk, by=job.agent, at=job.at)
    except routing.RoutingError as error:
        raise StepRefused(str(error)) from None
    except Refused:
        return "decided_meanwhile"
    return "queued" if answer.approval else "kept_as_draft"


EMAIL = Drafting(Channel.EMAIL, BY_HISTORY)
# LinkedIn messages go to connections only, and their wording says that we are connected.
LINKEDIN = Drafting(Channel.LINKEDIN, KNOWN)
