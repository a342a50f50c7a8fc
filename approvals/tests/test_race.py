"""Two act on one item at once: whatever happens could have happened one after the other."""

from __future__ import annotations

import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from approvals import expiry, extending, services, taking
from approvals.errors import Refused
from approvals.models import Approval
from outreach import testing
from outreach.core.drafts import Text, TextChanged
from outreach.core.models import Draft, Workspace
from outreach.core.principal import Principal
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)

NOW = WORKDAY + timedelta(minutes=1)
MUCH_LATER = WORKDAY + timedelta(days=30)
SYSTEM = Principal.system("race")
WORDS = Text(subject="Minutes of Monday", text="Other words about Monday's meeting.")
CLEAR = (Refused, TextChanged)
# How long the first stands still before its write while the second acts; PostgreSQL is asked in
# between whether the second waits for the first, so that most need not stand for so long.
HEAD_START, GLANCE = 0.12, 0.015


def approve(item, who):
    services.approve(item.pk, by=who["alice"], at=NOW, digest=item.digest, undo_seconds=0)


def approve_too(item, who):
    services.approve(item.pk, by=who["dora"], at=NOW, digest=item.digest, undo_seconds=0)


def edit(item, who):
    services.edit(item.pk, WORDS, by=who["dora"], at=NOW, digest=item.digest)


def edit_approve(item, who):
    services.edit_and_approve(
        item.pk, WORDS, by=who["dora"], at=NOW, digest=item.digest, undo_seconds=0
    )


def extend(item, who):
    extending.extend(item.pk, by=who["dora"], at=NOW)


def reject(item, who):
    services.reject(item.pk, by=who["dora"], at=NOW, reason="no")


def return_(item, who):
    services.return_(item.pk, by=who["alice"], at=NOW, feedback="shorter")


def undo(item, who):
    services.undo(item.pk, by=who["alice"], at=NOW)


def expire(item, who):
    _won(expiry.expire_due(at=MUCH_LATER))


def stop(item, who):
    _won(taking.reopen_before_stop(workspace=None, decided_before=NOW, by=SYSTEM, at=NOW))


def block(item, who):
    left = True
    while left:
        with transaction.atomic():
            left = taking.end_for_human([item.human_id], sentence="Stop", by=SYSTEM, at=NOW)


def claim(item, who):
    """What a sender does first; the row decides between it and everybody else."""
    with transaction.atomic(durable=True):
        places = list(Workspace.objects.values_list("pk", flat=True))
        _won(taking.take_due(10, ["email"], workspaces=places, at=NOW))


def _won(anything) -> None:
    if not anything:
        raise Refused("nothing to do")


WAITING = (
    approve, approve_too, edit, edit_approve, reject, return_, extend, expire, block, claim, stop,
)  # fmt: skip
GIVEN = (claim, undo, reject, return_, expire, stop, block, approve, edit_approve, edit, extend)

JOBS = (claim, expire)  # pass over what somebody holds at this moment, and come again soon


def nothing(item, who):
    _won(None)


def story(item: Approval, results: tuple[str, str]) -> tuple:
    """All that can be told apart afterwards."""
    rounds = Approval.objects.filter(draft=item.draft_id).order_by("pk")
    states = [(row.status, row.taken_at is not None, row.closed_reason) for row in rounds]
    return results, states, Draft.objects.get(pk=item.draft_id).status


def attempt(act, item, who) -> str:
    try:
        act(item, who)
    except CLEAR as problem:
        assert str(problem)
        return "no"
    return "yes"


@pytest.fixture
def who(live):
    return {"alice": testing.alice(), "dora": testing.dora()}


def make(start: str) -> Approval:
    Approval.objects.filter(taken_at=None).exclude(status__in=["rejected", "withdrawn"]).update(
        status="withdrawn", closed_reason="earlier turn"
    )
    return testing.make_pending() if start == "waiting" else testing.make_approved()


def one_after_the_other(fresh, first, second, who) -> tuple:
    item = fresh()
    return story(item, (attempt(first, item, who), attempt(second, item, who)))


class Actor:
    """A thread with a connection of its own, kept from race to race: a new one for each would cost
    the server more than the race."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.starts = self._threads.submit

    def leave(self) -> None:
        self.starts(lambda: connection.close())
        self._threads.shutdown()


@pytest.fixture(scope="module")
def two():
    both = Actor("first"), Actor("second")
    yield both
    for each in both:
        each.leave()


def at_once(fresh, first, second, who, two) -> tuple:
    """The first stands still just before its first write to an approval; the second acts then."""
    item = fresh()
    ready, done = threading.Event(), threading.Event()
    update = QuerySet.update

    def slow(self, **fields):
        mine = threading.current_thread().name.startswith("first")
        if mine and self.model is Approval and not ready.is_set():
            ready.set()
            stand_still(done)
        return update(self, **fields)

    def run(name, act):
        try:
            if name == "second":
                ready.wait(5)
            return attempt(act, item, who)
        except BaseException as problem:
            return repr(problem)
        finally:
            (ready if name == "first" else done).set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuerySet, "update", slow)
        acts = (("first", first), ("second", second))
        ends = [actor.starts(run, *pair) for actor, pair in zip(two, acts, strict=True)]
        results = tuple(end.result(30) for end in ends)
    return story(item, results)


def stand_still(done: threading.Event) -> None:
    """Until the second is through, or waits for what we hold, or has had time enough."""
    for _ in range(round(HEAD_START / GLANCE)):
        if done.wait(GLANCE) or testing.somebody_waits():
            return


def possible(fresh, first, second, who):
    """What may come of it, one after the other. Asked for only as far as needed."""
    yield one_after_the_other(fresh, first, second, who)
    (a, b), states, draft = one_after_the_other(fresh, second, first, who)
    yield (b, a), states, draft
    if second in JOBS:
        yield one_after_the_other(fresh, first, nothing, who)


def assert_like_one_after_the_other(fresh, first, second, who, two) -> None:
    found = at_once(fresh, first, second, who, two)
    assert any(found == one for one in possible(fresh, first, second, who)), (
        f"{first.__name__} and {second.__name__} at once: {found}"
    )


CASES = [
    *(("waiting", number) for number in range(len(WAITING))),
    # The last four of GIVEN decide about what waits: too late here, whoever else acts.
    *(("given", number) for number in range(len(GIVEN) - 4)),
]
if connection.vendor == "sqlite":  # one writer at a time: one act against all others shows it
    CASES = [(start, number) for start, number in CASES if number == 0]


@pytest.mark.parametrize(("start", "number"), CASES)
def test_two_at_once_end_as_one_after_the_other(start, number, who, two):
    acts = WAITING if start == "waiting" else GIVEN
    fresh = functools.partial(make, start)
    for second in acts[number:]:
        assert_like_one_after_the_other(fresh, acts[number], second, who, two)


def test_a_lost_approval_is_never_sent_whatever_lost_it(who):
    for act in (undo, reject, return_, expire, stop, block):
        item = make("given")
        assert attempt(act, item, who) == "yes"
        assert attempt(claim, item, who) == "no", act.__name__


def test_once_claimed_nobody_takes_it_back(who):
    for act in (undo, reject, return_, expire, stop):
        item = make("given")
        claim(item, who)
        assert attempt(act, item, who) == "no", act.__name__
        item.refresh_from_db()
        assert (item.status, item.taken_at) == ("approved", NOW)
        item.deliveries.all().delete()


def test_the_loser_reads_what_became_of_the_item(who):
    item = make("given")
    claim(item, who)
    with pytest.raises(Refused, match="is being sent now or has left"):
        undo(item, who)
