"""What a person writes to us: a stop takes effect at once, what is unclear waits for a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.models import Approval
from channels import inbound, quiet, sending
from channels.inbound import hear
from outreach import testing
from outreach.core import consent, suppression
from outreach.core.models import Activity, Consent, Contact, CoolingOff, Person
from outreach.core.people import add_address
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=5)


def test_a_request_to_stop_stops_everything_everywhere(live):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    consent.grant(
        person, "whatsapp", "opt_in", source="form 3", text_shown="Yes, write to me.",
        by=testing.bob(), at=WORKDAY,
    )  # fmt: skip
    waiting, given = testing.make_pending(person), testing.make_approved(person, subject="Two")
    heard = hear(person, "whatsapp", "STOP", at=LATER, key="wamid.1")
    person.refresh_from_db()
    assert (heard.kind, heard.is_new, person.status) == ("stop", True, "desist")
    assert quiet.wait(quiet.scope_of(humans=heard.wait_for), set_at=LATER).stopped
    for approval in (waiting, given):
        assert Approval.objects.get(pk=approval.pk).status == "rejected"
    for row in person.addresses.all():
        assert suppression.is_suppressed(person.workspace, row.channel, row.normalised)
    assert not Consent.objects.filter(withdrawn_at=None).exists()
    assert CoolingOff.objects.get().until == LATER + timedelta(hours=72)
    assert sending.process(clock=lambda: LATER).sent == 0


def test_an_unclear_reply_holds_the_queue_and_comes_to_the_top(live):
    person = testing.make_person()
    approval = testing.make_approved(person)
    assert hear(person, "email", "Not interested", at=LATER, key="m1").kind == "unclear"
    approval.refresh_from_db()
    person.refresh_from_db()
    assert approval.get_priority_display() == "critical"
    assert approval.priority_reasons[-1] == inbound.UNCLEAR
    assert (person.status, person.automation_enabled) == ("active", False)
    assert person.automation_disabled_reason == inbound.UNCLEAR
    assert sending.process(clock=lambda: LATER).sent == 0


def test_an_unclear_reply_keeps_the_reason_of_an_older_hold(monkeypatch):
    person = testing.make_person()
    monkeypatch.setattr(inbound, "detect_stop", lambda text: inbound.StopRequest("unclear"))
    Person.objects.filter(pk=person.pk).update(
        automation_enabled=False, automation_disabled_reason="lawsuit", automation_disabled_at=LATER
    )
    hear(person, "email", "hm", at=LATER, key="m1")
    person.refresh_from_db()
    assert person.automation_disabled_reason == f"{inbound.UNCLEAR}; off already: lawsuit"


def test_what_cannot_be_judged_is_held(monkeypatch, caplog):
    def fail(text):
        raise ZeroDivisionError

    monkeypatch.setattr(inbound, "detect_stop", fail)
    person = testing.make_person()
    assert hear(person, "email", "Hello", at=LATER, key="m1").kind == "unclear"
    person.refresh_from_db()
    assert not person.automation_enabled
    assert "could not be searched" in caplog.text


def test_an_ordinary_answer_is_a_contact_and_no_more():
    person = testing.make_person()
    heard = hear(person, "email", "Thank you, Tuesday suits me.", at=LATER, key="m1")
    row = Contact.objects.get()
    assert (heard.kind, row.direction, row.human_id) == ("none", "in", person.pk)
    assert Activity.objects.get(verb="channels.heard").codes["kind"] == "none"
    assert not Consent.objects.exists()


def test_an_ordinary_answer_on_whatsapp_lets_us_answer_for_a_day():
    person = testing.make_person()
    for minute in range(3):
        hear(
            person, "whatsapp", "Is it open?", at=LATER + timedelta(minutes=minute), key=f"{minute}"
        )
    row = Consent.objects.get()
    assert (row.basis, row.expires_at) == ("inquiry", LATER + timedelta(hours=24))


def test_a_question_told_late_is_no_consent_after_a_withdrawal():
    person = testing.make_person()
    consent.grant(person, "whatsapp", "customer", source="invoice 7", by=testing.bob(), at=WORKDAY)
    consent.withdraw(person, reason="asked by phone", by=testing.bob(), at=LATER)
    late = {"at": LATER + timedelta(minutes=9), "written_at": LATER - timedelta(minutes=1)}
    assert hear(person, "whatsapp", "Is it open?", key="w1", **late).kind == "none"
    assert Consent.objects.get().basis == "customer"
    hear(person, "whatsapp", "And on Sunday?", key="w2", at=LATER + timedelta(minutes=10))
    assert Consent.objects.get(withdrawn_at=None).basis == "inquiry"


def test_a_replay_has_one_effect():
    person = testing.make_person()
    first = hear(person, "email", "Unsubscribe", at=LATER, key="m1")
    again = hear(person, "email", "Unsubscribe", at=LATER + timedelta(hours=1), key="m1")
    assert (first.is_new, again.is_new) == (True, False)
    assert (again.kind, again.contact) == ("stop", first.contact)
    person.refresh_from_db()
    assert person.status_at == LATER
    assert Activity.objects.filter(verb="people.desist").count() == 1


def test_a_crash_after_the_stop_is_made_good_by_the_replay(monkeypatch):
    person = testing.make_person()
    with monkeypatch.context() as patch:
        patch.setattr(inbound, "forbid", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            hear(person, "email", "STOP", at=LATER, key="m1")
    person.refresh_from_db()
    assert person.status == "desist"  # the stop itself held
    assert not Contact.objects.exists()
    hear(person, "email", "STOP", at=LATER, key="m1")
    assert Contact.objects.count() == 1
    [address] = person.addresses.all()
    assert suppression.is_suppressed(person.workspace, "email", address.normalised)


def test_a_stop_by_a_duplicate_stops_the_human_being():
    original, copy = testing.make_person(), testing.make_person()
    copy.merged_into = original
    copy.save()
    heard = hear(copy, "email", "Please remove me from your list.", at=LATER, key="m1")
    original.refresh_from_db()
    assert original.status == "desist"
    assert set(heard.wait_for) == {original.pk, copy.pk}
    for person in (original, copy):
        [address] = person.addresses.all()
        assert suppression.is_suppressed(person.workspace, "email", address.normalised)


def test_a_long_key_is_taken_whole():
    person = testing.make_person()
    one = hear(person, "email", "Hello", at=LATER, key="x" * 300 + "1")
    other = hear(person, "email", "Hello", at=LATER, key="x" * 300 + "2")
    assert one.contact != other.contact
    assert other.is_new


def test_two_workers_with_one_message_write_one_contact(monkeypatch):
    person = testing.make_person()
    original = inbound.judge_text

    def detect_while_another_is_faster(text):
        with monkeypatch.context() as patch:
            patch.setattr(inbound, "judge_text", original)
            hear(person, "email", text, at=LATER, key="m1")
        return original(text)

    monkeypatch.setattr(inbound, "judge_text", detect_while_another_is_faster)
    monkeypatch.setattr(inbound, "_known", lambda name: None)
    heard = hear(person, "email", "Fine, thanks.", at=LATER, key="m1")
    assert heard.is_new is False
    assert Contact.objects.count() == 1
    assert Activity.objects.filter(verb="channels.heard").count() == 1


def test_their_own_time_counts_for_windows_and_history():
    person = testing.make_person()
    written = LATER - timedelta(hours=20)
    hear(person, "whatsapp", "Is it open?", at=LATER, key="m1", written_at=written)
    assert Contact.objects.get().at == written
    assert Consent.objects.get().expires_at == written + timedelta(hours=24)


@pytest.mark.parametrize("hours", [-2, 25])
def test_a_message_from_the_future_counts_as_now_and_an_old_one_opens_no_window(hours):
    person = testing.make_person()
    written = LATER - timedelta(hours=hours)
    hear(person, "whatsapp", "Is it open?", at=LATER, key="m1", written_at=written)
    assert Contact.objects.get().at == min(written, LATER)
    assert Consent.objects.exists() == (hours < 0)


def test_each_message_on_whatsapp_renews_the_day():
    person = testing.make_person()
    for hours in (0, 20):
        hear(person, "whatsapp", "Is it open?", at=LATER + timedelta(hours=hours), key=f"{hours}")
    assert Consent.objects.latest("expires_at").expires_at == LATER + timedelta(hours=44)
