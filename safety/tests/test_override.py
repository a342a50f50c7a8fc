"""The emergency override: a person's word, one message, once; it lifts holds and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import testing
from outreach.core import drafts, suppression
from outreach.core.models import Activity, Draft
from outreach.core.people import add_address
from outreach.core.permissions import SCOPES, NotAllowed
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from safety import facts, gate
from safety.contract.frequency import Contact
from safety.emergency import check_override, is_marked
from safety.gate import Moment
from safety.models import EmergencyOverride, SafetyEvent
from safety.override import OverrideRefused, declare, spend, unspent
from safety.tests.test_gate import GOOD, NOON, STOPPED
from safety.verdict import Level

NIGHT = WORKDAY.replace(hour=2)
WHY = "The venue is on fire and she is on her way there."
SELLING = "Special offer: 50 % discount on every plan, only until Sunday. Buy now!"
URGENT = replace(GOOD, override="medical", text="EMERGENCY: do not come.")


def past(count, hours=1, platform="email"):
    return tuple(
        Contact(platform=platform, at=NOON - timedelta(hours=hours, minutes=n), direction="out")
        for n in range(count)
    )


# --- What it lifts (pure) ------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["email", "whatsapp", "linkedin"])
def test_it_lifts_the_night_and_says_so(channel):
    night = NOON.replace(hour=2)
    facts_ = replace(URGENT, channel=channel)
    assert gate.check_hours(replace(facts_, override=""), Moment.APPROVAL, night).not_before
    verdict = gate.check_hours(facts_, Moment.APPROVAL, night)
    assert verdict.not_before is None
    assert "lifted by the declared emergency" in verdict.findings[0].message


@pytest.mark.parametrize("hours", [2, 20])
def test_it_lifts_nothing_for_words_that_sell_whatever_they_are_called(hours):
    selling = replace(URGENT, purpose="promotional")
    when = NOON.replace(hour=hours)
    assert gate.check_hours(selling, Moment.SENDING, when).not_before is not None
    assert gate.check_frequency(replace(selling, contacts=past(3)), Moment.SENDING, NOON).not_before
    said = gate.check_override(selling, Moment.APPROVAL, NOON).findings[0].message
    assert "these words sell" in said


def test_it_never_lifts_the_night_of_instagram():
    facts_ = replace(URGENT, channel="instagram")
    assert gate.check_hours(facts_, Moment.SENDING, NOON.replace(hour=2)).not_before is not None


def test_it_lifts_limits_and_silence_but_not_the_rest_after_a_request_to_stop():
    many = (*past(3), *past(1, hours=2, platform="linkedin"), *(
        Contact(platform="email", at=NOON - timedelta(days=n), direction="out")
        for n in range(2, 7)
    ))  # fmt: skip
    plain = gate.check_frequency(replace(URGENT, override="", contacts=many), Moment.SENDING, NOON)
    assert plain.level is Level.BLOCK
    assert plain.not_before is not None
    lifted = gate.check_frequency(replace(URGENT, contacts=many), Moment.SENDING, NOON)
    assert (lifted.level, lifted.not_before, lifted.blockers) == (Level.ALLOW, None, ())
    stop = Contact(
        platform="", at=NOON, direction="cooling_off", until=NOON + timedelta(hours=72),
        cause="stop_request",
    )  # fmt: skip
    held = gate.check_frequency(replace(URGENT, contacts=(*many, stop)), Moment.SENDING, NOON)
    assert held.not_before == NOON + timedelta(hours=72)


def test_the_message_counts_and_begins_the_rest_it_would_begin_anyway():
    verdict = gate.check_frequency(replace(URGENT, contacts=past(2)), Moment.SENDING, NOON)
    assert [rest.cause for rest in verdict.cooling_off] == ["daily_limit"]


@pytest.mark.parametrize("name", [*STOPPED, "suppressed"])
@pytest.mark.parametrize("moment", list(Moment))
def test_it_lifts_no_stop_no_dry_run_and_no_suppression(name, moment):
    stop = STOPPED.get(name, {"suppressed": "On the list"})
    urgent = gate.judge_message(replace(URGENT, **stop), moment, NOON)
    plain = gate.judge_message(replace(URGENT, override="", **stop), moment, NOON)
    assert urgent.level >= plain.level


def test_it_lifts_no_consent():
    facts_ = replace(URGENT, channel="whatsapp", address="+442079460123", country="GB")
    assert "consent_missing" in gate.judge_message(facts_, Moment.SENDING, NOON).codes


@given(st.integers(0, 23), st.integers(0, 5))
def test_an_emergency_is_always_for_a_person(hour, count):
    facts_ = replace(URGENT, contacts=past(count))
    verdict = gate.judge_message(facts_, Moment.SUBMISSION, NOON.replace(hour=hour))
    assert verdict.level is Level.REVIEW
    assert check_override(GOOD, Moment.SUBMISSION, NOON).level is Level.ALLOW


def test_only_words_that_say_so_are_marked():
    assert is_marked("", "EMERGENCY: x")
    assert is_marked("EMERGENCY: s", "EMERGENCY: x")
    assert not is_marked("s", "EMERGENCY: x")
    assert not is_marked("EMERGENCY: s", "x")


# --- Declaring it --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_declaring_marks_a_new_revision_and_is_told():
    draft = testing.make_draft()
    old = draft.current
    row = declare(draft, "medical", WHY, by=testing.alice(), at=NIGHT)
    draft = Draft.objects.get()
    assert draft.current.no == old.no + 1
    assert draft.current.subject == f"EMERGENCY: {old.subject}"
    assert draft.current.text == f"EMERGENCY: {old.text}"
    assert draft.current.digest != old.digest
    assert (row.by_label, row.category, row.used_at) == ("Alice", "medical", None)
    assert "Medical emergency" in str(row)
    event = SafetyEvent.objects.get(code="emergency_declared")
    assert event.metadata["draft"] == draft.pk
    told = Activity.objects.get(verb="safety.emergency_declared")
    assert (told.digest, told.codes["category"]) == (draft.current.digest, "medical")
    assert WHY not in str(list(Activity.objects.values()))
    assert facts.gather([draft], at=NIGHT)[draft.pk].override == "medical"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("html", "marked"),
    [
        (
            "<body class='x'>Hi</body>",
            "<body class='x'><p><strong>EMERGENCY:</strong></p>Hi</body>",
        ),
        ("<p>Hi</p>", "<p><strong>EMERGENCY:</strong></p><p>Hi</p>"),
    ],
)
def test_the_html_part_is_marked_as_well(html, marked):
    person = testing.make_person()
    words = drafts.Text(subject="S", text="Hi", html=html)
    draft = drafts.write(
        person.workspace, person, "email", words, by=testing.bob(), at=WORKDAY, purpose="personal"
    )
    declare(draft, "medical", WHY, by=testing.alice(), at=NIGHT)
    assert Draft.objects.get().current.html == marked


@pytest.mark.django_db
def test_agents_the_system_and_creators_may_not():
    draft = testing.make_draft()
    scopes = testing.make_agent(None, *SCOPES)
    for who in (scopes, Principal.system("x"), testing.bob(), testing.carol()):
        with pytest.raises(NotAllowed):
            declare(draft, "medical", WHY, by=who, at=NIGHT)
    assert not EmergencyOverride.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("category", "why", "fields", "words"),
    [
        ("urgent", WHY, {}, "is no emergency. Known: medical"),
        ("medical", "hurry up", {}, "what has happened"),
        ("medical", WHY, {"purpose": "promotional"}, "Promotion is never"),
        ("medical", WHY, {"text": SELLING}, "Promotion is never"),
    ],
)
def test_what_is_no_emergency_is_refused(category, why, fields, words):
    draft = testing.make_draft(**fields)
    with pytest.raises(OverrideRefused, match=words):
        declare(draft, category, why, by=testing.alice(), at=NIGHT)


@pytest.mark.django_db
def test_only_on_the_least_intrusive_channel_that_is_open():
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    draft = testing.make_draft(person, channel="whatsapp", subject="")
    with pytest.raises(OverrideRefused, match="reached by email"):
        declare(draft, "medical", WHY, by=testing.alice(), at=NIGHT)
    mail = person.addresses.get(channel="email")
    suppression.suppress(
        person.workspace, "email", mail.normalised, reason="bounce", by=testing.alice(), at=NIGHT
    )
    assert declare(draft, "medical", WHY, by=testing.alice(), at=NIGHT).pk


@pytest.mark.django_db
def test_what_has_no_text_cannot_be_declared():
    person = testing.make_person()
    empty = Draft.objects.create(
        workspace=person.workspace, person=person, channel="email", purpose="personal",
        **testing.bob().fields(),
    )  # fmt: skip
    with pytest.raises(OverrideRefused, match="no text yet"):
        declare(empty, "medical", WHY, by=testing.alice(), at=NIGHT)
    assert not EmergencyOverride.objects.exists()


@pytest.mark.django_db
def test_spending_asks_the_database_for_marked_texts_only(django_assert_num_queries):
    plain = testing.make_draft().current
    with django_assert_num_queries(0):
        spend([plain], by=Principal.system("sender"), at=NIGHT)
        assert unspent([plain]) == {}
