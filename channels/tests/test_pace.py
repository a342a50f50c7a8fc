"""The rate of a channel: exact in any minute, over all workers, and free where there is none."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone

from approvals.models import Approval
from channels import drill, drill_message, pace, registry, sending
from channels.adapters.memory import MemoryAdapter
from channels.base import Outcome
from channels.models import Delivery
from channels.tests.plenty import make_plenty
from outreach import environment, testing
from outreach.testing import WORKDAY

pytest_plugins = ["channels.tests.senders"]
pytestmark = pytest.mark.django_db(transaction=True)
AT = WORKDAY + timedelta(minutes=1)


@pytest.fixture
def rate(live):
    """Sets the limit of e-mail, and lets this process send into memory."""
    MemoryAdapter.reset()

    def at_most(number):
        live.SEND_PER_MINUTE = {"email": number}

    with registry.override("email", MemoryAdapter("email")):
        yield at_most
    MemoryAdapter.reset()


def after(seconds):
    return sending.process(clock=lambda: AT + timedelta(seconds=seconds))


def test_no_minute_has_more_and_the_rest_waits_in_its_order(rate):
    rate(3)
    first, *_ = rows = make_plenty(8)
    report = after(0)
    assert (report.sent, report.notes) == (3, ["email: 3 left in a minute; the rest waits."])
    assert Delivery.objects.filter(approval=first).exists()
    assert (after(30).sent, after(59).sent, after(60).sent) == (0, 0, 3)
    assert (after(119).sent, after(120).sent, after(600).sent) == (0, 2, 0)
    waiting = Approval.objects.filter(pk__in=[row.pk for row in rows], due_at__gt=AT)
    assert not waiting.exists(), "waiting for the rate moves nothing"


def test_the_minute_slides_and_does_not_begin_anew_on_the_clock(rate):
    rate(4)
    make_plenty(2)
    assert after(50).sent == 2
    make_plenty(9)
    assert after(65).sent == 2, "two of the last minute's four are used"
    assert after(109).sent == 0
    assert after(110).sent == 2
    assert after(125).sent == 2


def test_a_wave_is_cut_to_what_is_left(rate, live):
    live.SEND_CONNECTIONS = 4
    rate(6)
    make_plenty(10)
    assert after(0).sent == 6


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.TRY_LATER, Outcome.REFUSED])
def test_what_failed_or_is_unknown_knocked_at_their_door_as_well(rate, outcome):
    rate(1)
    make_plenty(2)
    MemoryAdapter.answers.append(outcome)
    assert after(0).count == 1
    assert after(59).count == 0


def test_what_was_released_used_nothing(rate):
    rate(2)
    rows = make_plenty(2)
    rows[0].workspace.memberships.all().delete()
    assert after(0).released == 2
    make_plenty(2)
    assert after(1).sent == 2


def test_another_channel_has_its_own_and_a_channel_without_one_has_none(rate, live):
    live.SEND_PER_MINUTE = {"whatsapp": 1}
    make_plenty(5)
    assert after(0).sent == 5
    assert (pace.of("email"), pace.of("whatsapp")) == (None, pace.Pace("whatsapp", 1))


def test_a_drill_uses_no_room_and_needs_none(rate):
    rate(1)
    make_plenty(2)
    assert after(0).sent == 1
    now = timezone.now()
    found = drill.run(by=testing.olaf(), clock=lambda: now)
    assert found.passed and found.comes_through
    assert drill_message.ADDRESS not in {each.recipient for each in MemoryAdapter.carried}
    assert pace.Pace("email", 1).used(now) == 0


def test_every_limit_is_told_with_what_is_used_of_it(rate):
    rate(3)
    make_plenty(2)
    after(0)
    assert pace.told(AT + timedelta(seconds=5)) == [
        "email: at most 3 messages in any minute; 2 in the last one."
    ]
    assert pace.told(AT + timedelta(seconds=60))[0].endswith("; 0 in the last one.")


@pytest.mark.processes
def test_two_processes_keep_it_together(live, start, tmp_path):
    """Their clock stands still, so everything happens within one minute."""
    make_plenty(60)
    out = tmp_path / "letters"
    spec = {"channel": "email", "out": str(out), "job": "loop", "delay": 0.002, "rate": 25}
    senders = [start(**spec) for _ in range(2)]
    for sender in senders:
        sender.expect_anew("idle")
    got = Counter(json.loads(line)["to"] for line in out.read_text().splitlines())
    assert sum(got.values()) == 25
    assert set(got.values()) == {1}


def test_without_a_limit_no_statement_asks_for_one(rate, live):
    make_plenty(3)
    asked = []

    def watching(execute, sql, *args):
        asked.append(sql)
        return execute(sql, *args)

    with connection.execute_wrapper(watching):
        assert after(0).sent == 3
    assert not [sql for sql in asked if "INSERT INTO" in sql and "channel_health" in sql]
    assert not [sql for sql in asked if "COUNT(" in sql and '"since" >' in sql]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("", {}),
        ("email=60, whatsapp=20", {"email": 60, "whatsapp": 20}),
        ("email=0", {}),
        (" instagram = 5 ,", {"instagram": 5}),
    ],
)
def test_the_setting_is_read(raw, found):
    assert environment.per_minute(raw) == found


@pytest.mark.parametrize(
    "raw", ["60", "email", "email=", "email=-1", "email=6.5", "linkedin=5", "Email=5", "email=²",
            "email=5;whatsapp=6", "email=5,email=6", "email=100001"],
)  # fmt: skip
def test_a_limit_that_cannot_be_read_stops_the_start(raw):
    with pytest.raises(ImproperlyConfigured, match="SEND_PER_MINUTE"):
        environment.per_minute(raw)
