"""LinkedIn and phone in the admin: what may be copied, who may say "sent", and nothing else."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from approvals import services
from approvals.models import Approval
from channels.models import Delivery
from channels.tasks import return_by_hand
from outreach import testing
from outreach.core import people
from outreach.core.models import (
    Activity,
    Channel,
    Contact,
    Membership,
    Person,
    Suppression,
    User,
    Workspace,
)
from outreach.core.people import add_address
from outreach.core.principal import Principal
from outreach.core.suppression import suppress
from outreach.testing import WORKDAY
from safety.models import SystemControl

# What the page shows and to whom; what is sent by hand is settled on both.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
PAGE = "/admin/by-hand/linkedin/"
TEXT = "Hello Ana, we met at the fair in Bern. Shall we stay in touch?"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=True):
        yield


def enter(who: Principal) -> Client:
    client = Client()
    client.force_login(who.user)
    return client


def make(name="Ana Bell", channel=Channel.LINKEDIN, text=TEXT, **more) -> Approval:
    person = testing.make_person(name=name)
    raw = "https://www.linkedin.com/in/ana-bell" if channel == "linkedin" else "+41446681800"
    add_address(person.workspace, person, channel, raw)
    return testing.make_approved(person, channel=channel, subject="", text=text, **more)


def see(who=None, page=PAGE) -> str:
    return enter(who or testing.alice()).get(page).content.decode()


def test_the_page_shows_badge_text_link_and_that_it_fits_a_note():
    item = make()
    text = see()
    assert "DRY RUN" in text
    assert TEXT in text
    assert 'href="https://www.linkedin.com/in/ana-bell"' in text
    assert 'rel="noopener noreferrer"' in text
    assert f"{len(TEXT)} of 300 characters: fits a connection note" in text
    assert f'data-copy="text-{item.pk}"' in text


def test_what_is_longer_than_a_note_is_said_to_be():
    make(text="We spoke about the new line. " * 12)
    assert "too long for a connection note (300)" in see()


def test_only_approved_messages_of_that_channel_are_there():
    testing.make_pending(testing.make_person(name="Pending Paul"))
    make("Phoned Fred", Channel.PHONE)
    assert "No approved message waits" in see()
    phone = see(page="/admin/by-hand/phone/")
    assert "Phoned Fred" in phone and 'href="tel:+41446681800"' in phone
    assert enter(testing.alice()).get("/admin/by-hand/email/").status_code == 404


@pytest.mark.parametrize("automation", [True, False])
@pytest.mark.parametrize("status", ["desist", "blocked", "paused"])
def test_the_text_is_hidden_from_a_person_stop_on(status, automation):
    make()
    Person.objects.update(status=status, status_reason="asked", status_at=WORKDAY)
    if not automation:
        Person.objects.update(
            automation_enabled=False, automation_disabled_reason="x", automation_disabled_at=WORKDAY
        )
    text = see()
    assert TEXT not in text and "linkedin.com/in/ana-bell" not in text
    assert "Hidden:" in text


def test_the_text_is_hidden_while_stopped():
    make()
    SystemControl.objects.filter(control_key="EMERGENCY_STOP", workspace=None).update(
        enabled=True, reason="odd"
    )
    text = see()
    assert TEXT not in text and "STOPPED" in text


def approver_gone(item: Approval) -> None:
    Membership.objects.filter(user=item.decided_by).delete()


def approver_off(item: Approval) -> None:
    User.objects.filter(pk=item.decided_by_id).update(is_active=False)


def address_suppressed(item: Approval) -> None:
    suppress(
        item.workspace, item.channel, item.revision.address, reason="complaint",
        by=Principal.system("test"), at=WORKDAY,
    )  # fmt: skip


def list_unreadable(item: Approval) -> None:
    """Somebody else's address, written with another key."""
    address_suppressed(item)
    Suppression.objects.update(key_id="another", digest="f" * 64)


def receipt_forged(item: Approval) -> None:
    Approval.objects.filter(pk=item.pk).update(receipt={**item.receipt, "approved_by": 0})


def words_forbidden(item: Approval) -> None:
    Workspace.objects.update(own_words="the fair in Bern")


def limit_reached(item: Approval) -> None:
    people.rest(item.human, "daily_limit", at=WORKDAY, until=WORKDAY + timedelta(hours=24))


def where_it_is_night(item: Approval) -> None:
    Person.objects.update(time_zone="Pacific/Auckland")


def told_otherwise(item: Approval) -> None:
    """Another of their messages left by mail an hour ago, and they have not answered."""
    Contact.objects.create(
        workspace=item.workspace, human=item.human, channel="email", direction="out",
        at=WORKDAY - timedelta(hours=1), draft=item.draft, key="mail",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (words_forbidden, "The rules changed and find more in it now"),
        (limit_reached, "the rules hold it until Thu 12 Mar 10:00 workspace time. "),
        (where_it_is_night, "the rules hold it until Thu 12 Mar 08:00 their time. "),
        (told_otherwise, "the rules hold it until Fri 13 Mar 10:05 workspace time. "),
        (approver_gone, "who approved it may not approve any more"),
        (approver_off, "who approved it may not approve any more"),
        (address_suppressed, "This address is on the suppression list since"),
        (list_unreadable, "The suppression list was written with another key"),
        (receipt_forged, "the approval does not match this text"),
    ],
)
def test_the_text_is_hidden_where_no_program_would_send_it(happened, why):
    item = make()
    looker = testing.dora()
    happened(item)
    text = see(looker)
    assert TEXT not in text and "linkedin.com/in/ana-bell" not in text
    assert f"Hidden: {why}" in text
    one = see(looker, f"/admin/channels/delivery/hand/{item.pk}/")
    assert TEXT not in one and f"Hidden: {why}" in one


def test_who_wrote_before_the_approval_ended_finds_where_to_record_it():
    ended = make()
    never = testing.make_pending()
    for item in (ended, never):
        services.reject(item.pk, by=testing.alice(), at=WORKDAY, reason="Wrong week.")
    hand = f"/admin/channels/delivery/hand/{ended.pk}/"
    assert hand in see(page=f"/admin/approvals/approval/{ended.pk}/change/")
    assert "No longer approved: there is nothing to copy." in see(page=hand)
    assert "/delivery/hand/" not in see(page=f"/admin/approvals/approval/{never.pk}/change/")
    enter(testing.alice()).post(hand)
    assert Delivery.objects.get().status == "manual"
    assert "/delivery/hand/" not in see(page=f"/admin/approvals/approval/{ended.pk}/change/")


@pytest.mark.parametrize("status", ["", "sent", "unknown", "manual", "sending", "failed"])
def test_only_what_may_still_be_sent_by_hand_is_offered_so(status):
    """What left, or may have, is offered no text and no "I have sent it": that would be refused."""
    item = testing.make_approved()
    page, hand = f"/admin/approvals/approval/{item.pk}/change/", "/admin/channels/delivery/hand/"
    if status:
        taken = None if status == "failed" else WORKDAY
        Approval.objects.filter(pk=item.pk).update(taken_at=taken)
        owner = {"sender": uuid4(), "place": "here", "boot_id": "1"}
        Delivery.objects.create(
            workspace=item.workspace, approval=item, human=item.human, channel="email",
            status=status, since=WORKDAY, **owner,
        )  # fmt: skip
    offered = status in ("", "failed")
    assert (f"{hand}{item.pk}/" in see(page=page)) is offered
    assert ("mark as sent</button>" in see(page=f"{hand}{item.pk}/")) is offered


def test_what_nobody_entitled_approves_waits_for_a_decision_again():
    """No sender looks at what is sent by hand, so a job does; the rest is left alone."""
    lost, kept = make(), make("Phoned Fred", Channel.PHONE)
    Approval.objects.filter(pk=lost.pk).update(decided_by=testing.bob().user.pk)
    assert return_by_hand() == 1
    assert return_by_hand() == 0
    fresh = Approval.objects.get(status="pending")
    assert (fresh.draft_id, fresh.draft.status) == (lost.draft_id, "pending_approval")
    assert "may no longer approve" in fresh.priority_reasons[-1]
    kept.refresh_from_db()
    assert kept.is_given


@pytest.mark.both
def test_what_rules_that_changed_since_find_more_in_waits_for_a_decision_again():
    item, kept = make(), make("Phoned Fred", Channel.PHONE, text="Shall we talk on Friday?")
    Workspace.objects.update(own_words="the fair in Bern")
    assert return_by_hand() == 1
    assert return_by_hand() == 0
    item.refresh_from_db()
    assert (item.status, item.closed_reason) == ("withdrawn", "policy_changed")
    fresh = Approval.objects.get(status="pending")
    assert fresh.draft_id == item.draft_id
    assert fresh.priority_reasons[-1].startswith("The rules changed")
    kept.refresh_from_db()
    assert kept.is_given


@pytest.mark.both
def test_what_would_go_to_a_suppressed_address_goes_back_to_its_author():
    item, kept = make(), make("Phoned Fred", Channel.PHONE)
    address_suppressed(item)
    assert return_by_hand() == 1
    item.refresh_from_db()
    assert (item.status, item.closed_reason) == ("withdrawn", "suppressed")
    assert item.draft.status == "draft"
    assert "on the suppression list" in item.draft.status_reason
    kept.refresh_from_db()
    assert kept.is_given
    assert Activity.objects.filter(verb="approvals.withdrawn").count() == 1


def test_automation_off_does_not_bind_a_person():
    make()
    Person.objects.update(
        automation_enabled=False, automation_disabled_reason="x", automation_disabled_at=WORKDAY
    )
    assert TEXT in see()


@pytest.mark.both
def test_sent_and_not_sent():
    item = make()
    client = enter(testing.alice())
    assert client.get(PAGE, {"act": "sent", "number": item.pk}).status_code == 200
    assert not Delivery.objects.exists(), "looking records nothing"
    client.post(PAGE, {"act": "sent", "number": item.pk})
    row = Delivery.objects.get()
    assert (row.status, row.settled_by_label) == ("manual", "Alice")
    after = client.get(PAGE).content.decode()
    assert TEXT not in after and "Mark as not sent" in after
    client.post(PAGE, {"act": "not_sent", "number": row.pk})
    row.refresh_from_db()
    assert row.status == "released"
    assert Approval.objects.filter(draft=item.draft, status="pending").count() == 1


def test_one_clock_goes_over_the_page_and_is_named():
    """Theirs where it is known, else the workspace's; what a colleague did is told by ours."""
    testing.make_workspace(time_zone="Europe/Zurich")
    sent, waits = make("Ana Sent"), make("Phoned Fred", Channel.PHONE)
    Approval.objects.filter(pk=waits.pk).update(due_at=WORKDAY + timedelta(hours=30))
    client = enter(testing.alice())
    client.post(PAGE, {"act": "sent", "number": sent.pk})
    marked = client.get(PAGE).content.decode()
    assert "Ana Sent, Wed 11 Mar 11:05 workspace time, by Alice" in marked
    phone = see(page="/admin/by-hand/phone/")
    assert "not before Thu 12 Mar 17:00 their time" in phone, "the number is Swiss"
    assert "UTC" not in marked + phone


@pytest.mark.parametrize(
    "form",
    [{}, {"act": "sent"}, {"act": "sent", "number": "x"}, {"act": "sent", "number": "9" * 30},
     {"act": "sent", "number": "0"}, {"act": "fly", "number": "1"}],
)  # fmt: skip
def test_a_form_that_says_nothing_does_nothing(form):
    make()
    response = enter(testing.alice()).post(PAGE, form, follow=True)
    assert response.status_code == 200
    assert not Delivery.objects.exists()


def test_who_may_only_look_sees_no_button_and_is_refused():
    item = make()
    assert "Mark as sent" not in see(testing.carol())
    enter(testing.carol()).post(PAGE, {"act": "sent", "number": item.pk})
    assert not Delivery.objects.exists()


def test_other_workspaces_stay_apart():
    item = make("Secret Other")
    other = testing.make_workspace("other")
    stranger = Principal.of_user(testing.make_user("oscar", "reviewer", other))
    assert "Secret Other" not in see(stranger)
    enter(stranger).post(PAGE, {"act": "sent", "number": item.pk})
    assert not Delivery.objects.exists()
    assert enter(testing.olaf()).get(PAGE).content.decode().count("Secret Other") == 0
