"""Somebody is erased at the moment at which something is written about them, in another process.

Whichever comes first, nothing of them is left and nothing waits to be sent to them. The one stands
still before each of its transactions, and within each; meanwhile the other does all it can.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connections, transaction

from approvals import proposing, services
from approvals.errors import Refused
from approvals.models import Approval
from channels import answering, receiving, simulate, stop
from channels.incoming import Incoming
from outreach import testing
from outreach.core import activity, consent, drafts, person_editing, suppression
from outreach.core.consent import ConsentRefused
from outreach.core.importing import applying, jobs
from outreach.core.importing.choices import Choices
from outreach.core.importing.read import read_file
from outreach.core.inbox import InboxRefused
from outreach.core.models import Draft, InboundMessage, Person
from outreach.core.people import PersonRefused
from outreach.edge.hooks import events
from outreach.edge.hooks import services as hooks
from outreach.edge.privacy.erasing import EraseRefused, erase
from outreach.edge.tests import api, marked
from outreach.testing import WORKDAY
from safety import override
from workflows import engine, replies, schedules
from workflows import services as flows
from workflows.options import BadOptions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

LATER = WORKDAY + timedelta(minutes=1)
HEAD_START, GLANCE = 0.12, 0.01
MOST_TURNS = 9
PUSHY = "Hi Zqxanna, act now before it is too late!!! Here are the minutes of Monday, as agreed."
CALM = "Hi Zqxanna, here are the minutes of Monday's meeting, as agreed."
CLEAR = (
    Refused, PersonRefused, InboxRefused, ConsentRefused, drafts.TextRefused, drafts.TextChanged,
    EraseRefused, BadOptions, applying.ImportClash, override.OverrideRefused,
)  # fmt: skip


class Meanwhile:
    """What another process does once it is told to: `begin`, then `end` gives what came of it."""

    def __init__(self, act: Callable[[], object]) -> None:
        connections.close_all()
        waits, self._go = os.pipe()
        self._told, tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            said = "it ended"
            try:
                os.read(waits, 1)
                said = outcome(act)
            finally:
                os.write(tell, said.encode()[:4000])
                os._exit(0)
        os.close(waits)
        os.close(tell)
        self.begun = False

    def begin(self) -> None:
        """And stand still until it is through, or waits for what we hold, or has had time."""
        self.begun = True
        os.write(self._go, b"x")
        until = time.monotonic() + HEAD_START
        while time.monotonic() < until:
            if select.select([self._told], [], [], GLANCE)[0] or testing.somebody_waits():
                return

    def end(self) -> str:
        if not self.begun:
            os.write(self._go, b"x")
        is_there = select.select([self._told], [], [], 60)[0]
        said = os.read(self._told, 4000).decode() if is_there else "it hangs"
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self._go)
        os.close(self._told)
        return said


def outcome(act: Callable[[], object]) -> str:
    """`done`, `no` for a clear refusal, else what broke."""
    try:
        act()
    except CLEAR as refusal:
        assert str(refusal)
        return "no"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "done"


# --- Where the first stands still ----------------------------------------------------------------


@contextlib.contextmanager
def before_transaction(turn: int, act: Callable[[], None]) -> Iterator[None]:
    """`act` just before the so-many-th outermost transaction of this process."""
    enter, seen = transaction.Atomic.__enter__, []

    def slow(self):
        if not transaction.get_connection().in_atomic_block:
            seen.append(self)
            if len(seen) == turn:
                act()
        return enter(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction.Atomic, "__enter__", slow)
        yield


@contextlib.contextmanager
def within_transaction(turn: int, act: Callable[[], None]) -> Iterator[None]:
    """`act` after the so-many-th transaction has written, before it is committed."""
    leave, seen = transaction.Atomic.__exit__, []

    def slow(self, *problem):
        if problem[0] is None and len(transaction.get_connection().savepoint_ids) == 0:
            seen.append(self)
            if len(seen) == turn:
                act()
        return leave(self, *problem)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction.Atomic, "__exit__", slow)
        yield


def at_once(first: Callable[[], object], second: Callable[[], object], where, turn: int):
    """What came of both, and whether the first came to that place at all."""
    other = Meanwhile(second)
    with where(turn, other.begin):
        mine = outcome(first)
    return mine, other.end(), other.begun


# --- Who writes ----------------------------------------------------------------------------------


def propose(who) -> None:
    body = {"person": str(who.person.uuid), "channel": "email", "subject": "Minutes",
            "text": CALM, "purpose": "work_update"}  # fmt: skip
    answered(who.bot.post("/api/drafts", body, Idempotency_Key=f"zqx {time.monotonic_ns()}"))


def propose_blocked(who) -> None:
    body = {"person": str(who.person.uuid), "channel": "email", "subject": "Zqx",
            "text": "Zqxanna, URGENT: act now or else, last chance!!!"}  # fmt: skip
    answered(who.bot.post("/api/drafts", body, Idempotency_Key=f"zqx {time.monotonic_ns()}"))


def answered(answer) -> None:
    assert answer.status_code in (200, 201, 400, 404, 409), answer.content
    if answer.status_code >= 400:
        raise Refused(answer.json()["errors"][0]["detail"])


def revise(who) -> None:
    path = f"/api/drafts/{who.draft.uuid}"
    words = {"subject": "Minutes", "text": f"{CALM} Zqxotto took part."}
    answered(who.bot.patch(path, words, If_Match=who.draft.current.digest))


def submit(who) -> None:
    """The rules reword it, which is a new text of theirs."""
    proposing.submit(
        who.draft, digest=who.draft.current.digest, requested="scheduled", by=who.author, at=LATER,
        notes="zqxnote",
    )  # fmt: skip


def submit_as_draft(who) -> None:
    """As it is routed in a workspace where agents only draft."""
    type(who.place).objects.filter(pk=who.place.pk).update(autonomy_mode="assisted")
    submit(who)


def edit(who) -> None:
    services.edit(
        who.item.pk, drafts.Text(subject="Minutes", text=f"{CALM} Zqxotto took part."),
        by=testing.alice(), at=LATER, digest=who.item.digest,
    )  # fmt: skip


def reject(who) -> None:
    services.reject(who.item.pk, by=testing.alice(), at=LATER, reason="zqxno")


def send_back(who) -> None:
    services.return_(who.item.pk, by=testing.alice(), at=LATER, feedback="zqxshorter")


def pretend(who) -> None:
    simulate.simulate_due(at=LATER)


def run_workflow(who) -> None:
    asked = {"template": "reconnect"}
    run = flows.start("email_drafts", who.place, asked, by=testing.dora(), at=LATER)
    engine.work(run.pk, clock=lambda: LATER)


def prepare_call(who) -> None:
    asked = {"person": str(who.person.uuid), "goal": "zqxgoal", "about": "We keep records."}
    run = flows.start("call_prep", who.place, asked, by=testing.dora(), at=LATER)
    engine.work(run.pk, clock=lambda: LATER)


def answer(who) -> None:
    replies.answer_waiting(at=LATER)


def answer_by_hand(who) -> None:
    words = drafts.Text(subject="Re: zqx", text=CALM)
    answering.draft_answer(who.heard.pk, words, by=testing.bob(), at=LATER)


def agree(who) -> None:
    consent.grant(who.person, "phone", "customer", source="zqxcontract", by=testing.bob(), at=LATER)


def change(who) -> None:
    person_editing.change(who.person, {"notes": "zqxnotes"}, by=testing.bob(), at=LATER,
                          addresses=[("email", "zqxother@zqxmail.example")])  # fmt: skip


def block(who) -> None:
    stop.stop_person(who.person, "blocked", reason="zqxrude", by=testing.alice(), at=LATER)


def hold(who) -> None:
    stop.set_automation(who.person, False, reason="zqxill", by=testing.alice(), at=LATER)


def declare(who) -> None:
    override.declare(
        who.calm, "medical", "zqxhospital called and needs an answer", by=testing.alice(), at=LATER
    )


def tell(who) -> None:
    events.put_down(at=LATER)


def plan_call(who) -> None:
    asked = {"person": str(who.person.uuid), "goal": "zqxgoal", "about": "We keep records."}
    schedules.save(
        who.place, "call_prep", asked, weekdays=[0], time_of_day=LATER.time(), by=testing.dora(),
        at=LATER,
    )  # fmt: skip


WRITERS = (
    propose, propose_blocked, revise, submit, submit_as_draft, edit, reject, send_back, pretend,
    run_workflow, prepare_call, plan_call, answer, answer_by_hand, agree, change, block, hold,
    declare, tell,
)  # fmt: skip


@pytest.fixture
def who(settings) -> SimpleNamespace:
    """She, with a message in each state, and all who act in this."""
    settings.WEBHOOK_SIGNING_KEY = ["k" * 40]
    place = testing.make_workspace(sender_name="Mira Keller", postal_address="1 Sample Street")
    agent = testing.make_agent(place, *api.EVERY_SCOPE)
    for each in (testing.alice, testing.bob, testing.dora):
        each(place)
    flows.drafting_agent(place, by=testing.dora(), at=WORKDAY)
    hooks.make(place, "https://agents.example.org/", ["decision"], by=testing.dora(), at=WORKDAY)
    return SimpleNamespace(place=place, author=agent, bot=api.Caller(api.key_of(agent, place)))


def furnish(who, writer) -> None:
    """Somebody new, for what this writer does."""
    who.person = testing.make_person(who.place, marked.NAME)
    who.address = who.person.addresses.get().normalised
    who.draft = who.calm = who.item = who.heard = None
    if writer in (revise, submit, submit_as_draft):
        who.draft = testing.make_draft(
            who.person, by=who.author, text=PUSHY, purpose="work_update", at=WORKDAY
        )
    if writer is declare:
        who.calm = testing.make_draft(who.person, text=CALM, purpose="transactional")
    if writer in (edit, reject, send_back, tell):
        who.item = testing.make_pending(who.person, text=CALM, at=WORKDAY)
    if writer is tell:
        reject(who)
    if writer is pretend:
        who.item = testing.make_approved(who.person, text=CALM)
    if writer is assign:
        who.heard = testing.make_inbound(
            who.person, status="needs_person", sender=f"new.{who.address}", text="Zqxtuesday."
        )
        InboundMessage.objects.update(person=None)
    if writer in (answer, answer_by_hand):
        who.heard = testing.make_inbound(who.person, text="Zqxtuesday suits me. Could you send it?")


def erased(who) -> None:
    erase(who.person, reason="By letter", by=testing.dora(), at=LATER)


def nothing_is_left(who, outcomes) -> None:
    """If it was refused, because something was under way, it is asked for again."""
    told = f"{outcomes}"
    assert set(outcomes) <= {"done", "no"}, told
    person = Person.objects.get(pk=who.person.pk)
    if person.erased_at is None:
        erased(who)
    assert marked.found_anywhere() == [], told
    assert not Approval.objects.filter(
        draft__person=person, status__in=["pending", "approved", "auto_approved"]
    ).exists(), told
    assert not Draft.objects.filter(person=person).exclude(status__in=["rejected", "sent"]), told
    assert activity.verify().bad is None


PLACES = (before_transaction, within_transaction)


# --- What brings words of its own: they may stay, but not with whom was erased -------------------


def import_again(who) -> None:
    """The file fills what is empty of her."""
    text = f"Name,Email,Notes\n{marked.NAME},{who.address},zqxnotes of hers\n"
    file = io.BytesIO(text.encode())
    table = read_file(file, name="people.csv", format="auto", encoding="", mapping=None)
    applying.apply(who.place, table, by=testing.dora(), at=LATER)


def import_by_web(who) -> None:
    text = f"Name,Email,Notes\n{marked.NAME},{who.address},zqxnotes of hers\n".encode()
    row = jobs.start(
        who.place, io.BytesIO(text), "people.csv", choices=Choices(), by=testing.dora(), at=LATER
    )
    jobs.work(clock=lambda: LATER)
    row.refresh_from_db()
    jobs.ask_apply(row, by=testing.dora(), at=LATER)
    jobs.work(clock=lambda: LATER)


def write_to_us(who) -> None:
    letter = Incoming(
        channel="email", sender=who.address, sender_name=marked.NAME, subject="Re: Minutes",
        message_id=f"<{time.monotonic_ns()}@zqx>", text="Zqxtuesday suits me.", at=LATER,
    )  # fmt: skip
    receiving.take_in(letter, at=LATER, workspace=who.place)


def assign(who) -> None:
    answering.assign(who.heard.pk, who.person, by=testing.bob(), at=LATER)


def only_new_words_are_left(who, outcomes) -> None:
    told = f"{outcomes}"
    assert set(outcomes) <= {"done", "no"}, told
    stub = Person.objects.get(pk=who.person.pk)
    if stub.erased_at is None:
        erased(who)
        stub.refresh_from_db()
    assert (stub.full_name, stub.notes) == (f"Erased person {stub.pk}", ""), told
    assert not stub.addresses.exists(), told
    theirs = InboundMessage.objects.filter(person=stub)
    assert not theirs.exclude(text="", sender="", subject=""), told
    assert suppression.is_suppressed(who.place, "email", who.address)
    assert activity.verify().bad is None


def each_turn(who, writer, judge) -> None:
    """Each of the two first, standing still at each place of its own."""
    stood = 0
    for is_eraser_first, where in ((True, within_transaction), *((False, each) for each in PLACES)):
        for turn in range(1, MOST_TURNS):
            furnish(who, writer)
            acts = [lambda: erased(who), lambda: writer(who)]
            first, second = acts if is_eraser_first else reversed(acts)
            mine, other, is_there = at_once(first, second, where, turn)
            judge(who, (mine, other))
            stood += is_there
            if not is_there:
                break
    assert stood > 2, "else nobody stood still"


def cases(*writers) -> list:
    """All of them by `make torture`; a few of each kind always."""
    usual = (propose, submit_as_draft, answer, import_again)
    return [
        pytest.param(
            each, id=each.__name__, marks=() if each in usual else (pytest.mark.torture,)
        )
        for each in writers
    ]  # fmt: skip


@pytest.mark.parametrize("writer", cases(*WRITERS))
def test_what_is_written_meanwhile_is_erased_or_refused(writer, who):
    each_turn(who, writer, nothing_is_left)


@pytest.mark.parametrize("writer", cases(import_again, import_by_web, write_to_us, assign))
def test_what_comes_anew_meanwhile_is_not_given_to_whom_was_erased(writer, who):
    each_turn(who, writer, only_new_words_are_left)
