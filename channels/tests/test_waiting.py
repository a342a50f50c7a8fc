"""Each approved message waits for one thing, and the job says for which."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from approvals.models import Approval
from channels import registry, sending, waiting
from channels.adapters.memory import MemoryAdapter
from channels.models import Delivery
from channels.tests.plenty import make_plenty
from outreach import testing
from outreach.core import consent
from outreach.core.models import Contact, Person
from outreach.core.people import add_address
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


EIGHT = datetime(2026, 3, 12, 12, tzinfo=UTC)  # in New York, the next day


@pytest.mark.parametrize("sent_before", [0, 3])
def test_what_the_law_only_delays_waits_and_is_not_asked_again(live, sent_before):
    """Nothing changed but the clock, or the number of messages of the last 24 hours."""
    two = WORKDAY + timedelta(hours=8)  # 14:00 in New York
    approval = testing.make_approved(
        someone_in_florida(two), channel="whatsapp", subject="", purpose="follow_up", at=two,
        text="Hi, here is the plan you asked about, as agreed on Monday.",
    )  # fmt: skip
    for n in range(sent_before):
        passed(approval.human, "out", two - timedelta(hours=20 - n))
    at = two + timedelta(hours=0 if sent_before else 7.5, minutes=1)
    with registry.override("whatsapp", MemoryAdapter("whatsapp")):
        assert sending.process(clock=lambda: at).sent == 0
        approval.refresh_from_db()
        assert (approval.status, approval.closed_reason) == ("approved", "")
        until = two + timedelta(hours=4) if sent_before else EIGHT
        assert approval.due_at == until
        assert sending.process(clock=lambda: until - timedelta(minutes=1)).sent == 0
        assert sending.process(clock=lambda: until + timedelta(minutes=1)).sent == 1


def someone_in_florida(at):
    """With a British number: no prefix rule of WhatsApp's stands in the way."""
    zone = "America/New_York"
    person = testing.make_person(country="US", time_zone=zone, facts={"state": "FL"})
    add_address(person.workspace, person, "whatsapp", "+442079400001")
    consent.grant(
        person, "whatsapp", "opt_in", source="form 12", text_shown="Yes", by=testing.bob(),
        at=at - timedelta(days=1),
    )  # fmt: skip
    passed(person, "in", at - timedelta(hours=1))
    return person


def passed(person, direction, at):
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="whatsapp", direction=direction, at=at,
        key=f"{direction} {at}", draft=testing.make_draft(person) if direction == "out" else None,
    )  # fmt: skip
