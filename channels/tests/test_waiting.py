"""Each approved message waits for one thing, and the job says for which."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from approvals.models import Approval
from channels import registry, sending, waiting
from channels.adapters.memory import MemoryAdapter
from channels.models import Delivery
from channels.tests.plenty import make_plenty
from outreach.core.models import Person
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def memory():
    with registry.override("email", MemoryAdapter("email")):
        yield


def test_a_message_waits_for_the_first_reason_that_is_true(live, django_assert_num_queries):
    rows = make_plenty(10)
    hour = timedelta(hours=1)

    def change(row, **fields):
        Approval.objects.filter(pk=row.pk).update(**fields)

    change(rows[0], channel="linkedin", due_at=WORKDAY + hour)
    Person.objects.filter(pk=rows[1].human_id).update(
        automation_enabled=False, automation_disabled_at=WORKDAY, automation_disabled_reason="x"
    )
    change(rows[2], send_before=WORKDAY)
    change(rows[3], dry_run=True)
    change(rows[4], due_at=WORKDAY + hour)
    change(rows[5], due_at=WORKDAY + hour, quota_until=WORKDAY + hour)
    change(rows[6], taken_at=WORKDAY)
    change(rows[7], due_at=WORKDAY)
    change(rows[8], due_at=WORKDAY)
    change(rows[9], due_at=WORKDAY, dry_run=True)
    for row in (rows[8], rows[9]):
        simulate(row)
    with django_assert_num_queries(1):
        found = waiting.waiting(at=WORKDAY)
    assert found == dict.fromkeys(waiting.REASONS, 1)
    assert list(found) == list(waiting.REASONS)
    assert waiting.told(found).startswith("waiting 8 (1 for a person to send by hand; 1 held: ")


def simulate(row):
    Delivery.objects.create(
        workspace=row.workspace, approval=row, human_id=row.human_id, channel=row.channel,
        status="simulated", since=WORKDAY, ended_at=WORKDAY,
    )  # fmt: skip


def test_what_was_approved_before_a_dry_run_and_simulated_in_it_still_waits(live):
    """The whole way: live, the brake, simulated, the brake is lifted, and it leaves."""
    [row] = make_plenty(1)
    Approval.objects.filter(pk=row.pk).update(due_at=WORKDAY)
    live.ENVIRONMENT_BRAKES = {**live.ENVIRONMENT_BRAKES, "DRY_RUN": True}
    report = sending.process(clock=lambda: WORKDAY)
    assert (report.simulated, report.waiting_for) == (1, {"simulated": 1})
    assert sending.process(clock=lambda: WORKDAY).waiting == 1
    live.ENVIRONMENT_BRAKES = {**live.ENVIRONMENT_BRAKES, "DRY_RUN": False}
    assert waiting.waiting(at=WORKDAY) == {"simulated": 1}
    report = sending.process(clock=lambda: WORKDAY)
    assert (report.sent, report.waiting) == (1, 0)


def test_nothing_waits():
    assert waiting.waiting(at=WORKDAY) == {}
    assert waiting.told({}) == "waiting 0"


def test_the_job_says_for_what(live, capsys):
    rows = make_plenty(2)
    Approval.objects.filter(pk__in=[row.pk for row in rows]).update(
        due_at=WORKDAY.replace(year=2099), send_before=WORKDAY.replace(year=2100)
    )
    call_command("process_approved_messages")
    assert "waiting 2 (2 for their time)" in capsys.readouterr().out
