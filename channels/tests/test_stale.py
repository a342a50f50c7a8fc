"""What was approved is what is sent: anything that changed since then does not leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from approvals import receipt
from approvals.models import Approval
from channels import registry, sending
from channels.adapters.memory import MemoryAdapter
from channels.models import Delivery
from outreach import testing
from outreach.core.models import Contact, Draft, Person, Workspace
from outreach.testing import WORKDAY
from safety.models import SystemControl

pytestmark = pytest.mark.django_db(transaction=True)


def clock():
    return WORKDAY + timedelta(minutes=1)


@pytest.fixture
def memory(live):
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        yield MemoryAdapter
    MemoryAdapter.reset()


def by_sql(statement: str, *values) -> None:
    """As an administrator of the database would, past every service and trigger."""
    testing.unguard()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    testing.guard()


def back_in_the_queue(memory, approval) -> Approval:
    report = sending.process(clock=clock)
    assert (report.sent, memory.outbox) == (0, [])
    approval.refresh_from_db()
    assert approval.status == "withdrawn"
    assert Draft.objects.get(pk=approval.draft_id).status == "pending_approval"
    return Approval.objects.get(draft=approval.draft_id, status="pending")


@pytest.mark.parametrize("column", ["text", "subject", "html", "address"])
def test_words_changed_by_sql_after_the_approval_do_not_leave(column, memory):
    approval = testing.make_approved()
    by_sql(
        f"UPDATE message_revisions SET {column} = %s WHERE id = %s",
        "other@example.com",
        approval.revision_id,
    )
    back_in_the_queue(memory, approval)


def test_another_revision_put_under_the_approval_does_not_leave(memory):
    approval = testing.make_approved()
    other = testing.make_draft(text="Quite another text.").current
    Approval.objects.filter(pk=approval.pk).update(revision=other)
    back_in_the_queue(memory, approval)


@pytest.mark.parametrize(
    "change", [{"policy": "none"}, {"message": "v1:0"}, {"approval": 0}, {"seal": ""}]
)
def test_a_receipt_that_was_tampered_with_holds_nothing(change, memory):
    approval = testing.make_approved()
    Approval.objects.filter(pk=approval.pk).update(receipt={**approval.receipt, **change})
    back_in_the_queue(memory, approval)


def test_an_approval_in_the_name_of_another_is_none(memory):
    approval = testing.make_approved()
    Approval.objects.filter(pk=approval.pk).update(decided_by=testing.dora().user)
    back_in_the_queue(memory, approval)


def test_an_approval_for_one_channel_opens_no_other(memory):
    approval = testing.make_approved()
    Draft.objects.filter(pk=approval.draft_id).update(channel="whatsapp")
    back_in_the_queue(memory, approval)


@pytest.mark.parametrize("name", ["sender_name", "sender_address"])
@pytest.mark.parametrize("by_rule", [False, True])
def test_what_was_approved_to_come_from_one_does_not_come_from_another(name, by_rule, memory):
    approval = testing.make_approved()
    if by_rule:
        Approval.objects.filter(pk=approval.pk).update(status="auto_approved")
    Workspace.objects.update(**{name: "someone.else@example.net"})
    assert "comes from was changed" in back_in_the_queue(memory, approval).priority_reasons[-1]
    assert Approval.objects.get(pk=approval.pk).closed_reason == "sender_changed"


def test_a_deployment_that_comes_from_another_sends_nothing_approved_before(memory, settings):
    approval = testing.make_approved()
    settings.DEFAULT_FROM_EMAIL = "Somebody Else <else@example.net>"
    assert "comes from was changed" in back_in_the_queue(memory, approval).priority_reasons[-1]


def test_it_matters_to_no_workspace_that_names_its_own(memory, settings):
    testing.make_workspace(sender_name="Mira Keller", sender_address="mira@example.org")
    testing.make_approved()
    settings.DEFAULT_FROM_EMAIL = "Somebody Else <else@example.net>"
    assert sending.process(clock=clock).sent == 1


def test_an_approval_from_before_receipts_named_the_servers_own_is_read_as_then(memory, settings):
    for becomes, name in ((1, ""), (0, "Somebody Else")):
        approval = testing.make_approved()
        old = {key: value for key, value in approval.receipt.items() if key not in ("seal", "from")}
        old["sender"] = "<>"
        Approval.objects.filter(pk=approval.pk).update(receipt={**old, "seal": receipt.seal(old)})
        settings.DEFAULT_FROM_EMAIL = "Somebody Else <else@example.net>"
        Workspace.objects.update(sender_name=name)
        assert sending.process(clock=clock).sent == becomes


def test_an_approval_from_before_receipts_named_the_sender_holds(memory):
    approval = testing.make_approved()
    old = {key: value for key, value in approval.receipt.items() if key not in ("seal", "from")}
    Approval.objects.filter(pk=approval.pk).update(receipt={**old, "seal": receipt.seal(old)})
    Workspace.objects.update(sender_name="Somebody Else")
    assert sending.process(clock=clock).sent == 1


@pytest.mark.parametrize("loss", ["role", "membership", "active"])
def test_an_approver_who_may_not_any_more_voids_the_approval(loss, memory):
    approval = testing.make_approved()
    user = approval.decided_by
    match loss:
        case "role":
            user.memberships.update(role="creator")
        case "membership":
            user.memberships.all().delete()
        case "active":
            type(user).objects.filter(pk=user.pk).update(is_active=False)
    again = back_in_the_queue(memory, approval)
    assert again.priority_reasons[-1].startswith("The approver")


@pytest.mark.parametrize("key", ["EMERGENCY_STOP", "MESSAGING_ENABLED", "DRY_RUN"])
@pytest.mark.parametrize("where", ["system", "workspace"])
def test_a_control_row_that_is_missing_stops(key, where, memory):
    approval = testing.make_approved()
    place = None if where == "system" else approval.workspace
    SystemControl.objects.filter(workspace=place, control_key=key).delete()
    assert sending.process(clock=clock).sent == 0
    assert memory.outbox == []


def test_a_control_row_that_goes_after_the_claim_stops_the_look(memory, monkeypatch):
    testing.make_approved()
    claim = sending._claim

    def and_then(*args):
        rows = claim(*args)
        if rows:
            SystemControl.objects.filter(workspace=None, control_key="EMERGENCY_STOP").delete()
        return rows

    monkeypatch.setattr(sending, "_claim", and_then)
    assert sending.process(clock=clock).released == 1
    assert memory.outbox == []


def test_a_duplicate_found_while_due_brings_its_stop_with_it(memory):
    approval = testing.make_approved()
    original = testing.make_person()
    Person.objects.filter(pk=original.pk).update(
        status="desist", status_reason="asked", status_at=WORKDAY
    )
    Person.objects.filter(pk=approval.human_id).update(merged_into=original)
    sending.process(clock=clock)
    assert memory.outbox == []
    approval.refresh_from_db()
    assert approval.status == "rejected"


def test_a_duplicate_found_while_due_counts_as_the_one_human(memory):
    """The in-flight index and the contacts must name the human being, not the duplicate."""
    approval = testing.make_approved()
    original = testing.make_person()
    Person.objects.filter(pk=approval.human_id).update(merged_into=original)
    sending.process(clock=clock)
    sending.process(clock=lambda: clock() + timedelta(minutes=1))
    assert len(memory.outbox) == 1
    assert Contact.objects.get().human_id == original.pk
    assert Delivery.objects.get(status="sent").human_id == original.pk


def test_a_message_marked_as_sent_by_hand_is_not_sent_by_the_program_too(memory):
    from approvals import services
    from channels import manual, stop

    approval = testing.make_approved()
    stop.emergency_stop(workspace=None, reason="test", by=testing.olaf(), clock=clock)
    stop.enable_all(workspace=None, reason="over", by=testing.olaf(), at=clock())
    again = Approval.objects.get(status="pending")
    services.approve(again.pk, by=testing.alice(), at=clock(), digest=again.digest, undo_seconds=0)
    manual.mark_sent(approval.pk, by=testing.alice(), at=clock())
    assert sending.process(clock=clock).sent == 0
    assert memory.outbox == []
