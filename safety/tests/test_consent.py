"""Consent on file: who may record what, what withdrawing does, and what the gate makes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from outreach import testing
from outreach.core import consent, merging, person_editing
from outreach.core.consent import ConsentRefused
from outreach.core.models import Activity, Consent, Person
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY
from safety import facts, known
from safety.law import law
from safety.question import Moment
from safety.verdict import Level

pytestmark = pytest.mark.django_db
SHOWN = "Yes, write to me about new products."


def grant(person, channel="whatsapp", basis="opt_in", by=None, **fields):
    options = {"source": "form 12", "text_shown": SHOWN, "at": WORKDAY, **fields}
    return consent.grant(person, channel, basis, by=by or testing.bob(), **options)


def test_a_consent_keeps_what_proves_it_and_is_told_without_its_text():
    row = grant(testing.make_person(), given_at=WORKDAY - timedelta(days=3))
    assert (row.text_shown, row.source, row.by_label) == (SHOWN, "form 12", "Bob")
    assert row.at == WORKDAY - timedelta(days=3)
    told = Activity.objects.get(verb="people.consent_given")
    assert told.codes == {"channel": "whatsapp", "basis": "opt_in"}
    assert (told.object_type, told.object_id) == ("consent", str(row.pk))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"basis": "vibes"}, "is no basis. Known: opt_in"),
        ({"source": " "}, "where this consent can be looked up"),
        ({"text_shown": ""}, "needs the text"),
        ({"given_at": WORKDAY + timedelta(seconds=1)}, "in the future"),
        ({"expires_at": WORKDAY}, "end after it begins"),
    ],
)
def test_what_is_no_proof_is_refused(fields, words):
    with pytest.raises(ConsentRefused, match=words):
        grant(testing.make_person(), **fields)
    assert not Consent.objects.exists()


def test_an_agent_passes_on_a_claim_and_never_a_consent():
    person = testing.make_person()
    agent = testing.make_agent(None, "people:write")
    for basis in ("opt_in", "customer", "legitimate_interest", "inquiry"):
        with pytest.raises(NotAllowed, match="may record a claim"):
            grant(person, basis=basis, by=agent)
    assert grant(person, basis="imported_claim", by=agent).by_kind == "agent"
    with pytest.raises(NotAllowed):
        grant(person, basis="imported_claim", by=testing.make_agent(None, "drafts:write"))
    with pytest.raises(NotAllowed):
        grant(person, by=testing.carol())


def test_withdrawing_ends_all_on_the_channel_or_everywhere_and_says_so():
    person = testing.make_person()
    for channel in ("whatsapp", "email", "email"):
        grant(person, channel)
    later = WORKDAY + timedelta(days=1)
    ended = consent.withdraw(person, reason="asked", by=testing.bob(), at=later, channel="email")
    assert ended == 2
    assert consent.withdraw(person, reason="asked", by=testing.bob(), at=later) == 1
    assert consent.withdraw(person, reason="asked", by=testing.bob(), at=later) == 0
    assert Activity.objects.filter(verb="people.consent_withdrawn").count() == 3
    assert "withdrawn" in str(Consent.objects.first())


def test_consent_follows_the_human_being_through_duplicates():
    original, copy = testing.make_person(), testing.make_person()
    row = grant(copy)
    copy.merged_into = original
    copy.save()
    around = known.around_of([original], at=WORKDAY)
    assert [item.basis for item in around.consents[original.pk]] == [row.basis]
    assert consent.withdraw(original, reason="asked", by=testing.bob(), at=WORKDAY) == 1


def test_what_another_record_of_them_had_agreed_to_ends_with_a_withdrawal():
    """Whoever withdrew as one record withdrew as a human being, found to be one before or after."""
    original, copy = testing.make_person(), testing.make_person()
    day = timedelta(days=1)
    grant(original, "email", at=WORKDAY - 9 * day)
    grant(original, "whatsapp", at=WORKDAY - 9 * day)
    grant(copy, "email", at=WORKDAY - 5 * day)
    consent.withdraw(copy, reason="asked", by=testing.bob(), at=WORKDAY - 2 * day)
    copy.merged_into = original
    copy.save()
    stands = known.around_of([original], at=WORKDAY).consents[original.pk]
    assert [item.channel for item in stands] == ["whatsapp"], "they had withdrawn no other"
    assert known.around_of([copy], at=WORKDAY).consents[original.pk] == stands
    grant(original, "email", at=WORKDAY - day)  # they agreed again
    stands = known.around_of([original], at=WORKDAY).consents[original.pk]
    assert [item.channel for item in stands] == ["whatsapp", "email"]


def test_an_agreement_from_before_they_withdrew_is_refused():
    original, copy = testing.make_person(), testing.make_person()
    grant(copy, "email", at=WORKDAY - timedelta(days=3))
    consent.withdraw(copy, reason="asked", by=testing.bob(), at=WORKDAY)
    copy.merged_into = original
    copy.save()
    later = WORKDAY + timedelta(hours=1)
    with pytest.raises(ConsentRefused, match=r"withdrew their consent on 2026-.* UTC: what they"):
        grant(original, "email", at=later, given_at=WORKDAY)
    assert Consent.objects.count() == 1
    grant(original, "email", at=later, given_at=WORKDAY + timedelta(seconds=1))
    grant(original, "whatsapp", at=later, given_at=WORKDAY - timedelta(days=9))


def test_the_database_itself_refuses_a_consent_without_proof():
    person = testing.make_person()
    for fields in ({"source": ""}, {"source": "x", "basis": "opt_in", "text_shown": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Consent.objects.create(
                workspace=person.workspace, person=person, channel="email", at=WORKDAY,
                **{"basis": "customer", **fields},
            )  # fmt: skip


def test_the_facts_carry_country_state_company_and_postal_address():
    workspace = testing.make_workspace(postal_address="1 Sample Street")
    person = testing.make_person(workspace, country="us", facts={"state": "tx"})
    known = next(iter(facts.gather([testing.make_draft(person)], at=WORKDAY).values()))
    assert (known.country, known.state, known.company) == ("US", "TX", False)
    assert known.postal_address == "1 Sample Street"
    odd = testing.make_person(workspace, facts=["not", "a", "table"])
    assert next(iter(facts.gather([testing.make_draft(odd)], at=WORKDAY).values())).state == ""


def company_facts(person):
    found = facts.gather([testing.make_draft(Person.objects.get(pk=person.pk))], at=WORKDAY)
    return next((each.company, each.company_hearsay) for each in found.values())


def test_a_company_that_only_an_agent_told_is_no_company_until_a_colleague_saves_it():
    """It turned a missing consent from a refusal into a look."""
    agent, bob = testing.make_agent(None, "people:write"), testing.bob()
    person = testing.make_person()
    person_editing.change(person, {}, account="Acme", by=agent, at=WORKDAY)
    assert company_facts(person) == (False, True)
    same = {"account": "ACME", "at": WORKDAY}
    assert person_editing.change(person, {}, by=bob, **same) == ["account"]
    assert company_facts(person) == (True, False)
    assert person_editing.change(person, {}, by=agent, **same) == []
    assert company_facts(person) == (True, False), "an agent repeats it, and changes nothing"
    person_editing.change(person, {}, account="Other", by=agent, at=WORKDAY)
    assert company_facts(person) == (False, True)
    written = person_editing.create(
        person.workspace, {"full_name": "Eve Moss"}, account="Acme", by=agent, at=WORKDAY,
        addresses=[("email", "eve@example.net")],
    )  # fmt: skip
    assert company_facts(written) == (False, True)


def test_a_merge_makes_no_fact_of_what_an_agent_told():
    agent, dora = testing.make_agent(None, "people:write"), testing.dora()
    kept, other = testing.make_person(), testing.make_person()
    person_editing.change(other, {}, account="Acme", by=agent, at=WORKDAY)
    with transaction.atomic():
        row = merging.merge(kept, Person.objects.get(pk=other.pk), take=(), by=dora, at=WORKDAY)
    assert company_facts(kept) == (False, True)
    with transaction.atomic():
        merging.undo(row, by=dora, at=WORKDAY)
    kept.refresh_from_db()
    assert (kept.account, kept.account_hearsay) == (None, False)


def test_taking_records_apart_makes_no_fact_of_what_an_agent_told_since():
    agent, dora = testing.make_agent(None, "people:write"), testing.dora()
    kept, other = testing.make_person(), testing.make_person()
    person_editing.change(other, {}, account="Acme", by=agent, at=WORKDAY)
    with transaction.atomic():
        row = merging.merge(kept, Person.objects.get(pk=other.pk), take=(), by=dora, at=WORKDAY)
    person_editing.change(kept, {}, account="Other", by=agent, at=WORKDAY)
    row.refresh_from_db()
    with transaction.atomic():
        merging.undo(row, by=dora, at=WORKDAY)
    kept.refresh_from_db()
    assert (kept.account.name, kept.account_hearsay) == ("Other", True)


@pytest.mark.parametrize(("zone", "ours"), [("Asia/Kolkata", "Asia/Kolkata"), ("Mars/Base", "")])
def test_the_facts_carry_the_workspaces_clock_where_it_is_one(zone, ours):
    draft = testing.make_draft()
    draft.workspace.time_zone = zone
    assert facts.gather([draft], at=WORKDAY)[draft.pk].our_zone == ours


def test_a_law_that_refuses_without_a_company_refuses_on_an_agents_word():
    agent, person = testing.make_agent(None, "people:write"), testing.make_person(country="GB")
    person_editing.change(person, {}, account="Acme", by=agent, at=WORKDAY)
    draft = testing.make_draft(Person.objects.get(pk=person.pk), purpose="promotional")
    told = law.check_law(facts.gather([draft], at=WORKDAY)[draft.pk], Moment.SUBMISSION, WORKDAY)
    assert told.level is Level.BLOCK
    assert "Only an agent told which company" in told.blockers[0].message
    person_editing.change(person, {}, account="Acme", by=testing.bob(), at=WORKDAY)
    told = law.check_law(facts.gather([draft], at=WORKDAY)[draft.pk], Moment.SUBMISSION, WORKDAY)
    assert "consent_company" in {each.code for each in told.findings}
