"""The page of a delivery: what rows tell, in the order in which it happened."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from channels import http, registry, sending, settle, smtp, stop, timeline
from channels.adapters.memory import MemoryAdapter
from channels.base import Outcome, Receipt
from channels.models import Delivery, ProviderEvent
from outreach import testing
from outreach.core.models import Activity
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
SENT = WORKDAY + timedelta(minutes=1)


def deliver(outcome: Outcome | Receipt = Outcome.SENT):
    MemoryAdapter.reset()
    MemoryAdapter.answers.append(outcome)
    approval = testing.make_approved()
    with registry.override("email", MemoryAdapter("email")):
        sending.process(clock=lambda: SENT)
    MemoryAdapter.reset()
    return Delivery.objects.get(approval=approval)


def told(row, kind, after, **more):
    return ProviderEvent.objects.create(
        workspace=row.workspace, provider="postmark", event_id=f"{kind}-{after}", kind=kind,
        at=SENT + timedelta(seconds=after), delivery=row, **more,
    )  # fmt: skip


def words(row):
    return [step.what for step in timeline.of(row)]


def test_the_whole_way_of_a_message_that_arrived_and_was_answered(live):
    row = deliver()
    told(row, "read", 90)
    told(row, "delivered", 5)  # told later, happened before
    reply = testing.make_inbound(
        row.human, in_reply_to=row.approval.draft, received_at=SENT + timedelta(minutes=5)
    )
    steps = timeline.of(row)
    assert [step.what for step in steps] == [
        "Approved",
        "Claimed: the intent to send it was committed",
        "Cleared by the last look, handed over and accepted",
        "Delivered",
        "Read",
        "They answered",
    ]
    assert steps[0].who == "Alice"
    assert "attempt 1" in steps[1].more
    assert "provider's id: memory-1" in steps[2].more
    assert steps[3].who == "postmark"
    assert "reached us" in steps[3].more
    assert steps[5].inbound == reply.pk


def test_what_nobody_knew_before_it_was_decided_anew_does_not_look_failed(live, client):
    row = deliver(Outcome.UNKNOWN)
    settle.settle(row.pk, "send_again", by=testing.alice(), at=SENT + timedelta(minutes=3))
    row.refresh_from_db()
    assert (row.status, row.outcome) == ("failed", "Unknown, decided anew")
    assert words(row)[0] == "Approved" and timeline.of(row)[0].who == "Alice"
    client.force_login(testing.alice().user)
    page = client.get(f"/admin/channels/delivery/{row.pk}/change/").content.decode()
    listed = client.get("/admin/channels/delivery/").content.decode()
    decided = client.get(f"/admin/approvals/approval/{row.approval_id}/change/").content.decode()
    for each in (page, listed, decided):
        assert "Unknown, decided anew" in each
        assert ">Failed<" not in re.sub(r"(?s)<aside.*?</aside>|<option.*?</option>", "", each)
    assert "oc-badge--unknown" in page and "oc-badge--unknown" in decided


def test_send_again_to_somebody_who_asked_us_to_stop_is_told_as_what_it_came_to(live):
    row = deliver(Outcome.UNKNOWN)
    stop.stop_person(row.human, "desist", reason="no more", by=testing.alice(), at=SENT)
    settle.settle(row.pk, "send_again", by=testing.alice(), at=SENT + timedelta(minutes=3))
    assert "Settled: not sent again, they may not be written to any more" in words(row)
    assert not any("a reviewer decides" in word for word in words(row))


def test_one_that_did_not_arrive_has_failed_and_was_approved(live):
    row = deliver(Outcome.UNKNOWN)
    settle.settle(row.pk, "not_arrived", by=testing.alice(), at=SENT + timedelta(minutes=3))
    row.refresh_from_db()
    assert row.outcome == "Failed" and words(row)[0] == "Approved"


@pytest.mark.parametrize(
    ("stage", "told"),
    [("dot", "dot: Handed over, no clear answer"), ("", "not recorded: its sender ended")],
)
def test_who_settles_an_unknown_is_shown_how_far_it_got_and_its_message_id(
    live, client, stage, told
):
    row = deliver(Receipt(Outcome.UNKNOWN, stage or "dot", "went silent"))
    if not stage:
        Delivery.objects.filter(pk=row.pk).update(evidence={})
    client.force_login(testing.alice().user)
    page = html.unescape(client.get(f"/admin/channels/delivery/{row.pk}/change/").content.decode())
    card = page[page.index('id="settle"') : page.index("</section>", page.index('id="settle"'))]
    approval = row.approval
    assert f"<{approval.draft.uuid}.{approval.pk}@" in card
    assert told in card


SAID = [
    ("try_later", "compose", "It could not be composed: nothing was handed over"),
    ("try_later", "connect", "No usable connection: nothing of it was handed over"),
    ("try_later", "ehlo", "No usable connection: nothing of it was handed over"),
    ("try_later", "tls", "No usable connection: nothing of it was handed over"),
    ("try_later", "auth", "No usable connection: nothing of it was handed over"),
    ("refused", "mail", "Ended before its text was handed over: it certainly did not leave"),
    ("refused", "rcpt", "Ended before its text was handed over: it certainly did not leave"),
    ("try_later", "data", "Ended before its text was handed over: it certainly did not leave"),
    ("try_later", "headers", "Ended before its text was handed over: it certainly did not leave"),
    ("refused", "dot", "Handed over and certainly refused"),
    ("refused", "answer", "Handed over and certainly refused"),
    ("refused", "backend", "Failed for certain: it did not leave, or was refused"),
    ("unknown", "body", "Broken off while its text was handed over: the outcome is unknown"),
    ("unknown", "dot", "Handed over, no clear answer: the outcome is unknown"),
    ("unknown", "backend", "Perhaps handed over, no clear answer: the outcome is unknown"),
    ("sent", "dot", "Cleared by the last look, handed over and accepted"),
]


@pytest.mark.first  # a sentence for each outcome of the same rows
@pytest.mark.parametrize(("outcome", "stage", "sentence"), SAID)
def test_each_stage_is_told_as_what_it_is(live, outcome, stage, sentence):
    row = deliver(Receipt(Outcome(outcome), stage, "they said this"))
    last = timeline.of(row)[-1]
    assert (last.what, f"stage: {stage}" in last.more) == (sentence, True)


@pytest.mark.parametrize("client", [smtp, http], ids=["smtp", "http"])
def test_no_stage_of_a_client_is_without_words(client):
    source = Path(client.__file__).read_text()
    stages = re.findall(r'_stage = "(\w+)"|started": "(\w+)"|"(mail|rcpt|data)": ', source)
    named = {name for found in stages for name in found if name} | set(client.BEGUN)
    assert len(named) >= 5 and named <= set(timeline.FAILED)
    assert set(client.BEGUN) <= set(timeline.UNKNOWN)


def test_what_a_dead_sender_left_is_not_told_as_handed_over(live):
    row = deliver(Outcome.UNKNOWN)
    Delivery.objects.filter(pk=row.pk).update(status="sending", evidence={})
    testing.unguard()
    Activity.objects.filter(verb="channels.unknown").delete()
    testing.guard()
    row.refresh_from_db()
    settle.park([row], reason="its sender died", by=settle.SWEEPER, at=SENT)
    row.refresh_from_db()
    assert words(row)[-1] == "No outcome was recorded: nobody knows whether it left"


def test_a_receipt_of_the_same_second_stands_after_the_hand_over(live):
    """Meta cuts the fraction off: by its clock it was read before we had sent it."""
    row = deliver()
    exact = SENT + timedelta(seconds=1, milliseconds=600)
    testing.unguard()
    Activity.objects.filter(object_type="delivery").update(at=exact)
    testing.guard()
    told(row, "read", 1)
    assert words(row)[-2:] == ["Cleared by the last look, handed over and accepted", "Read"]


def test_who_settled_what_nobody_knew(live):
    row = deliver(Outcome.UNKNOWN)
    assert words(row)[-1] == "Perhaps handed over, no clear answer: the outcome is unknown"
    settle.settle(row.pk, "arrived", by=testing.alice(), at=SENT, note="She said so.")
    row.refresh_from_db()
    last = timeline.of(row)[-1]
    assert (last.what, last.who) == ("Settled: it arrived", "Alice")
    assert "She said so." in last.more


def test_an_event_may_settle_it_and_a_bounce_is_told_as_one(live):
    row = deliver(Outcome.UNKNOWN)
    told(row, "bounced", 3, bounced="hard", result="bounced for good: the address is suppressed")
    settle.arrived_by_event(row.pk, event="bounced", at=SENT + timedelta(seconds=4))
    bounce, settled = timeline.of(row)[-2:]
    assert (bounce.what, bounce.tone) == ("Bounced (hard)", "danger")
    assert "suppressed" in bounce.more
    assert "provider" in settled.what
    assert settled.who == "an event of the provider"


def test_what_was_refused_by_the_last_look_says_why(live):
    approval = testing.make_approved()
    approval.workspace.memberships.all().delete()
    with registry.override("email", MemoryAdapter("email")):
        sending.process(clock=lambda: SENT)
    last = timeline.of(Delivery.objects.get())[-1]
    assert last.what.startswith("Refused by the last look")
    assert "approver may no longer approve" in last.more


def test_what_left_no_step_is_not_invented(live):
    row = deliver(Outcome.UNKNOWN)
    testing.unguard()
    Activity.objects.filter(object_type="delivery").delete()
    testing.guard()
    assert words(row) == ["Approved"]


def test_the_page_shows_it_and_asks_the_same_for_many_events(live, django_assert_max_num_queries):
    row = deliver()
    for number in range(30):
        told(row, "read", number)
    client = Client()
    client.force_login(testing.carol().user)
    with django_assert_max_num_queries(16):
        page = client.get(f"/admin/channels/delivery/{row.pk}/change/").content.decode()
    assert page.count("<strong>Read</strong>") == 30
    assert "Cleared by the last look" in page
