"""Law, consent, suppression and emergencies all the way: from submission to the one door."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from approvals import services, submission
from approvals.errors import Refused
from approvals.models import Approval
from channels import merging, registry, sending
from channels.adapters.memory import MemoryAdapter
from outreach import testing
from outreach.core import consent, drafts, opt_outs, suppression
from outreach.core.models import Activity, Contact, Draft, Person
from outreach.core.people import add_address
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from safety import facts, gate
from safety.law.law import check_law
from safety.models import EmergencyOverride, SafetyEvent
from safety.override import OverrideRefused, declare

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Principal.system("webhook")
NIGHT = WORKDAY.replace(hour=2)
WHY = "The venue is on fire and she is on her way there."


def grant(person, channel="whatsapp"):
    consent.grant(
        person, channel, "opt_in", source="form 12", text_shown="Yes", by=testing.bob(), at=WORKDAY
    )


def put(address):
    place = testing.make_workspace()
    suppression.suppress(place, "email", address, reason="unsubscribe", by=SYSTEM, at=WORKDAY)


def chat_person(**fields):
    person = testing.make_person(country="GB", **fields)
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    return person


def test_without_an_opt_in_nothing_enters_the_queue_for_whatsapp():
    draft = testing.make_draft(chat_person(), channel="whatsapp", subject="")
    result = submission.submit(draft.pk, by=testing.bob(), at=WORKDAY)
    assert result.approval is None
    draft.refresh_from_db()
    assert "asks for an opt-in" in draft.status_reason
    assert "record what there is" in draft.status_reason
    assert SafetyEvent.objects.filter(draft=draft, code="consent_missing").exists()
    grant(draft.person)
    assert submission.submit(draft.pk, by=testing.bob(), at=WORKDAY).approval is not None


def test_a_consent_withdrawn_while_it_waits_refuses_the_approval():
    person = chat_person()
    grant(person)
    approval = testing.make_pending(person, channel="whatsapp", subject="")
    consent.withdraw(person, reason="asked", by=testing.bob(), at=WORKDAY)
    with pytest.raises(Refused, match="opt-in"):
        services.approve(approval.pk, by=testing.alice(), at=WORKDAY, digest=approval.digest)


def test_a_first_advertisement_to_canada_names_what_is_missing():
    person = testing.make_person(country="CA")
    draft = testing.make_draft(person, purpose="promotional")
    submission.submit(draft.pk, by=testing.bob(), at=WORKDAY)
    draft.refresh_from_db()
    assert "Canada (CASL) asks for consent" in draft.status_reason


def test_a_connection_without_a_country_enters_the_queue_with_a_finding():
    person = testing.make_person()
    add_address(person.workspace, person, "linkedin", "linkedin.com/in/ann")
    approval = testing.make_pending(person, channel="linkedin", purpose="promotional")
    assert "country_unknown" in {f["code"] for f in approval.decision["findings"]}


def test_it_survives_the_person_and_meets_whoever_comes_by_import():
    person = testing.make_person()
    [address] = person.addresses.all()
    opt_outs.suppress_human(person, reason="stop_request", by=SYSTEM, at=WORKDAY)
    person.delete()
    again = testing.make_person()
    add_address(again.workspace, again, "email", address.raw)
    again.addresses.exclude(normalised=address.normalised).delete()
    draft = testing.make_draft(again)
    result = submission.submit(draft.pk, by=testing.bob(), at=WORKDAY)
    assert result.approval is None
    assert "suppression list since 2026-03-11 UTC (asked us to stop)" in result.draft.status_reason
    assert SafetyEvent.objects.filter(draft=draft, code="suppressed").exists()


def test_what_is_suppressed_while_it_waits_is_not_approved():
    approval = testing.make_pending()
    put(approval.revision.address)
    with pytest.raises(Refused, match="suppression list"):
        services.approve(approval.pk, by=testing.alice(), at=WORKDAY, digest=approval.digest)


def test_what_is_suppressed_after_the_approval_does_not_leave(live):
    approval = testing.make_approved()
    put(approval.revision.address)
    report = sending.process(clock=lambda: WORKDAY + timedelta(minutes=1))
    approval.draft.refresh_from_db()
    assert (report.sent, report.released, approval.draft.status) == (0, 1, "draft")


def test_only_once_and_only_before_it_is_submitted():
    draft = testing.make_draft()
    declare(draft, "medical", WHY, by=testing.alice(), at=NIGHT)
    with pytest.raises(OverrideRefused, match="declared an emergency before"):
        declare(draft, "medical", WHY, by=testing.alice(), at=NIGHT)
    submission.submit(draft.pk, by=testing.bob(), at=WORKDAY)
    with pytest.raises(OverrideRefused, match="is pending approval"):
        declare(draft, "medical", WHY, by=testing.alice(), at=NIGHT)


def test_a_text_whose_mark_was_cut_off_is_no_emergency():
    approval = _submitted()
    words = drafts.Text(subject="Fire", text="Do not come.")
    edited = services.edit(approval.pk, words, by=testing.alice(), at=NIGHT, digest=approval.digest)
    assert edited.decision["would_leave_at"] > NIGHT.isoformat()


def _submitted(at=NIGHT, **fields):
    draft = testing.make_draft(at=at, **fields)
    declare(draft, "safety_threat", WHY, by=testing.alice(), at=at)
    return submission.submit(draft.pk, by=testing.bob(), at=at).approval


def test_it_leaves_at_night_once_approved_and_is_spent(live):
    approval = _submitted()
    assert approval.decision["level"] == "REVIEW"
    services.approve(
        approval.pk, by=testing.alice(), at=NIGHT, digest=approval.digest, undo_seconds=0
    )
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        assert sending.process(clock=lambda: NIGHT).sent == 1
    assert MemoryAdapter.outbox[0].subject.startswith("EMERGENCY: ")
    MemoryAdapter.reset()
    row = EmergencyOverride.objects.get()
    assert row.used_at == NIGHT
    assert "used" in str(row)
    assert Activity.objects.filter(verb="safety.emergency_used").count() == 1
    draft = Draft.objects.get()
    assert facts.gather([draft], at=NIGHT)[draft.pk].override == ""


def test_writing_the_mark_without_declaring_lifts_nothing():
    draft = testing.make_draft(subject="EMERGENCY: x", text="EMERGENCY: come now", at=NIGHT)
    assert facts.gather([draft], at=NIGHT)[draft.pk].override == ""
    result = submission.submit(draft.pk, by=testing.bob(), at=NIGHT)
    assert result.verdict.not_before is not None


def test_consent_is_still_asked_for_an_emergency_by_whatsapp():
    person = testing.make_person(country="GB")
    person.addresses.all().delete()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    draft = testing.make_draft(person, channel="whatsapp", subject="", at=NIGHT)
    declare(draft, "medical", WHY, by=testing.alice(), at=NIGHT)
    assert submission.submit(draft.pk, by=testing.bob(), at=NIGHT).approval is None
    consent.grant(
        person, "whatsapp", "opt_in", source="form", text_shown="Yes", by=testing.bob(), at=NIGHT
    )
    result = submission.submit(draft.pk, by=testing.bob(), at=NIGHT)
    assert result.approval is not None
    assert result.verdict.not_before is None


def test_with_another_key_what_is_approved_waits_and_leaves_when_the_right_one_is_back(
    live, monkeypatch
):
    MemoryAdapter.reset()
    put("gone@example.org")
    rows = [testing.make_approved(testing.make_person(name=f"P{number}")) for number in range(3)]
    live.SEND_CONNECTIONS = 1
    at = WORKDAY + timedelta(minutes=1)
    with registry.override("email", MemoryAdapter("email")):
        with monkeypatch.context() as patch:
            patch.setenv("SUPPRESSION_KEY", "another key " + "z" * 40)
            report = sending.process(clock=lambda: at)
        assert (report.sent, report.released, report.waiting) == (0, 1, 3), "one look is enough"
        for row in rows:
            row.refresh_from_db()
            assert (row.status, row.draft.status) == ("approved", "approved")
        told = SafetyEvent.objects.get(code="messaging_stopped")
        assert "written with another key" in told.reason and "Put the old" in told.reason
        report = sending.process(clock=lambda: at + timedelta(minutes=10))
    assert (report.sent, report.waiting, len(MemoryAdapter.outbox)) == (3, 0, 3)
    MemoryAdapter.reset()


@pytest.mark.parametrize("keeps_number", [True, False])
def test_hours_are_those_of_the_number_whichever_record_of_the_human_being_has_it(
    live, keeps_number
):
    number, draft = testing.make_person(), testing.make_person()
    add_address(number.workspace, number, "phone", "+81312345678")
    kept, merged = (number, draft) if keeps_number else (draft, number)
    merging.merge(kept, merged, by=testing.bob(), at=WORKDAY)
    night = WORKDAY.replace(hour=14, minute=30)  # 23:30 in Tokyo
    testing.make_approved(Person.objects.get(pk=draft.pk), at=night)
    with registry.override("email", MemoryAdapter("email")):
        assert sending.process(clock=lambda: night + timedelta(minutes=1)).sent == 0
        morning = night + timedelta(hours=11)  # 10:30 there
        assert sending.process(clock=lambda: morning).sent == 1


@pytest.mark.parametrize("keeps_number", [True, False])
def test_the_law_is_that_of_the_number_whichever_record_of_the_human_being_has_it(keeps_number):
    """Germany, by the number: advertising needs consent there."""
    number, draft = testing.make_person(), testing.make_person()
    add_address(number.workspace, number, "phone", "+493012345678")
    kept, merged = (number, draft) if keeps_number else (draft, number)
    merging.merge(kept, merged, by=testing.bob(), at=WORKDAY)
    offer = testing.make_draft(Person.objects.get(pk=draft.pk), purpose="promotional")
    assert facts.gather([offer], at=WORKDAY)[offer.pk].country == "DE"
    assert submission.submit(offer.pk, by=testing.bob(), at=WORKDAY).approval is None


def test_the_numbers_of_all_records_count_for_messages_to_either():
    one, other = testing.make_person(), testing.make_person()
    add_address(one.workspace, other, "phone", "+493012345678")
    add_address(one.workspace, one, "phone", "+81312345678")
    merging.merge(one, other, by=testing.bob(), at=WORKDAY)
    both = [testing.make_draft(each) for each in Person.objects.filter(pk__in=[one.pk, other.pk])]
    found = facts.gather(both, at=WORKDAY)
    assert {(each.country, *each.also) for each in found.values()} == {("DE", "JP")}
    assert {each.zones.zones for each in found.values()} == {("Europe/Berlin", "Asia/Tokyo")}


@pytest.mark.parametrize("stored", ["one", "other"])
def test_a_stored_country_silences_no_number_and_no_other_record(stored):
    """A merge fills it from the other record, which says nothing of this one's number."""
    one, other = testing.make_person(), testing.make_person()
    add_address(one.workspace, one, "phone", "+12124567890")
    add_address(one.workspace, other, "phone", "+4915112345678")
    Person.objects.filter(pk={"one": one, "other": other}[stored].pk).update(country="FR")
    for each in (one, other):
        each.refresh_from_db()
    merging.merge(one, other, by=testing.bob(), at=WORKDAY)
    both = [testing.make_draft(each) for each in Person.objects.filter(pk__in=[one.pk, other.pk])]
    for found in facts.gather(both, at=WORKDAY).values():
        assert (found.country, found.also) == ("FR", frozenset({"US", "DE"}))
        assert found.zones.zones == ("America/New_York", "Europe/Berlin")


def test_every_records_own_country_and_zone_count_for_messages_to_any_of_them():
    people = [
        testing.make_person(country=country, time_zone=zone)
        for country, zone in [
            ("DE", "Europe/Berlin"), ("US", "America/New_York"), ("JP", "Asia/Tokyo"),
        ]
    ]  # fmt: skip
    add_address(people[0].workspace, people[0], "phone", "+393331234567")
    for other in people[1:]:
        merging.merge(people[0], other, by=testing.bob(), at=WORKDAY)
    drafts_ = [testing.make_draft(each) for each in Person.objects.order_by("pk")]
    for found in facts.gather(drafts_, at=WORKDAY).values():
        assert {found.country, *found.also} == {"DE", "US", "JP", "IT"}
        assert set(found.zones.zones) == {"Europe/Berlin", "America/New_York", "Asia/Tokyo"}
    Person.objects.filter(pk=people[1].pk).update(time_zone="Mars/Base")
    for found in facts.gather(drafts_, at=WORKDAY).values():
        assert found.zone_fault == "Mars/Base"


def test_a_law_that_only_a_second_number_tells_refuses_beside_a_stored_country():
    def codes(person):
        offer = testing.make_draft(person, purpose="promotional")
        return submission.submit(offer.pk, by=testing.bob(), at=WORKDAY).verdict.codes

    alone, with_number = testing.make_person(country="US"), testing.make_person(country="US")
    add_address(alone.workspace, with_number, "phone", "+4915112345678")
    assert "consent_missing" not in codes(alone)
    assert "consent_missing" in codes(with_number)


@pytest.mark.parametrize("first", ["+12124567890", "+4915112345678"])
def test_an_older_number_abroad_moves_neither_the_night_nor_the_law(first):
    person = testing.make_person()
    for number in dict.fromkeys([first, "+12124567890", "+4915112345678"]):
        add_address(person.workspace, person, "whatsapp", number)
    draft = testing.make_draft(person, channel="whatsapp", subject="", address="+4915112345678")
    at = WORKDAY.replace(hour=22, minute=30)  # 23:30 in Berlin, 18:30 in New York
    found = facts.gather([draft], at=at)[draft.pk]
    assert (found.country, found.also) == ("DE", frozenset({"US"}))
    assert gate.check_hours(found, gate.Moment.SENDING, at).codes == ("quiet_hours",)
    offer = replace(found, purpose="promotional", channel="email")
    both = check_law(offer, gate.Moment.SENDING, at)
    for country in ("DE", "US"):
        alone = check_law(
            replace(offer, country=country, also=frozenset()), gate.Moment.SENDING, at
        )
        assert alone.level <= both.level
        assert {item.rule for item in alone.blockers} <= {item.rule for item in both.blockers}


def passed(person, direction, at):
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="email", direction=direction, at=at,
        key=f"{direction} {person.pk} {at}",
        draft=testing.make_draft(person) if direction == "out" else None,
    )  # fmt: skip


def drain(minutes):
    with registry.override("email", MemoryAdapter("email")):
        return sending.process(clock=lambda: WORKDAY + timedelta(minutes=minutes)).sent


def test_what_was_an_answer_is_none_any_more_once_another_has_left(live):
    """Two offers in answer to one question; in Germany only the first may leave unasked."""
    person = testing.make_person(country="DE")
    passed(person, "in", WORKDAY - timedelta(hours=1))
    text = "Our new offer: 20 % off all licences. Buy now in our shop."
    for n in "12":
        testing.make_approved(person, purpose="promotional", subject=f"Offer {n}", text=text + n)
    assert drain(1) + drain(10) == 1
    assert Approval.objects.get(status="withdrawn").closed_reason == "found_more"
    again = Approval.objects.get(status="pending")
    assert "consent" in again.priority_reasons[-1]
    at = WORKDAY + timedelta(minutes=11)
    services.approve(again.pk, by=testing.alice(), at=at, digest=again.digest, undo_seconds=0)
    assert drain(12) == 1, "a person has read what the law asks now"


def test_two_plain_answers_to_one_question_both_leave(live):
    person = testing.make_person(country="DE")
    passed(person, "in", WORKDAY - timedelta(hours=1))
    for n in "12":
        testing.make_approved(person, subject=f"Re: Minutes {n}", purpose="work_update")
    assert drain(1) + drain(10) == 2


IN, OUT = "in", "out"


@pytest.mark.parametrize(
    ("history", "stored", "judged"),
    [
        ([], "initial", "initial"),
        ([OUT], "initial", "initial"),  # the stricter: of it no law takes an answer for granted
        ([IN], "initial", "initial"),
        ([IN], "reply", "reply"),
        ([OUT, IN], "reply", "reply"),
        ([IN, OUT], "reply", "follow_up"),
        ([IN, OUT, IN], "reply", "reply"),
        ([OUT], "follow_up", "follow_up"),
        ([OUT, IN], "follow_up", "follow_up"),
        ([], "follow_up", "follow_up"),  # the last one was longer ago than rules look back
        ([], "reply", "reply"),
    ],
)
def test_a_message_is_judged_by_the_stricter_of_what_it_was_and_what_it_is(history, stored, judged):
    person = testing.make_person()
    for hours, direction in enumerate(reversed(history), start=1):
        passed(person, direction, WORKDAY - timedelta(hours=hours))
    draft = testing.make_draft(person)
    draft.touch = stored
    assert facts.gather([draft], at=WORKDAY)[draft.pk].touch == judged
