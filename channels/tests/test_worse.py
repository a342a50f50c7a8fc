"""A yes answers the questions of its moment: what the rules ask since then it has not answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from approvals import attaching, queue, receipt, services, submission
from approvals.models import Approval
from channels import manual, registry, sending
from channels.adapters.memory import MemoryAdapter
from outreach import testing
from outreach.core import consent, drafts
from outreach.core.models import Account, Channel, Consent, Contact, Person, Workspace
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
SOON, LATER = WORKDAY + timedelta(minutes=5), WORKDAY + timedelta(minutes=10)


@pytest.fixture
def place(live):
    """A workspace whose advertising may leave, as far as the law about senders goes."""
    Workspace.objects.update(postal_address="1 Sample Street, Bern")
    return Workspace.objects.get(slug="default")


@pytest.fixture
def anna(place):
    firm = Account.objects.create(workspace=place, name="Firm", key="firm")
    return testing.make_person(place, "Anna Test", country="FR", account=firm)


def agreed(person, basis):
    consent.grant(
        person, Channel.EMAIL, basis, source="form 7", text_shown="Yes, write to me.",
        by=testing.alice(person.workspace), at=WORKDAY - timedelta(days=1),
    )  # fmt: skip


def left() -> int:
    with registry.override("email", MemoryAdapter("email")):
        return sending.process(clock=lambda: LATER).sent


def asked_anew(approval) -> str:
    """What the reviewer reads of it, now that it waits for a decision again."""
    approval.refresh_from_db()
    assert (approval.status, approval.closed_reason) == ("withdrawn", "found_more")
    return Approval.objects.get(draft=approval.draft_id, status="pending").priority_reasons[-1]


def withdraw(person):
    consent.withdraw(person, reason="on the phone", by=testing.alice(), at=SOON)


def test_advertising_leaves_with_the_consent_that_was_seen(anna):
    agreed(anna, "opt_in")
    testing.make_approved(anna, purpose="promotional")
    assert left() == 1


@pytest.mark.parametrize("basis", ["opt_in", "customer"])  # a good one, and one asked about
def test_a_consent_withdrawn_since_the_approval_is_no_consent_that_was_seen(anna, basis):
    """The reviewer read that it is on file; to a company the law leaves it to a person. Another
    question of the same rule was not answered."""
    agreed(anna, basis)
    approval = testing.make_approved(anna, purpose="promotional")
    withdraw(anna)
    assert left() == 0
    assert "They work for a company" in asked_anew(approval)


def test_a_doubtful_consent_in_place_of_the_good_one_is_asked_about(anna):
    agreed(anna, "opt_in")
    approval = testing.make_approved(anna, purpose="promotional")
    Consent.objects.update(expires_at=SOON)
    agreed(anna, "customer")
    assert left() == 0
    assert "On file is only: customer" in asked_anew(approval)


def test_a_question_that_was_answered_is_not_asked_twice(anna):
    agreed(anna, "customer")
    testing.make_approved(anna, purpose="promotional")
    assert left() == 1


def test_a_country_that_nobody_knows_any_more_is_asked_about(anna):
    agreed(anna, "soft_opt_in")
    approval = testing.make_approved(anna, purpose="promotional")
    Person.objects.filter(pk=anna.pk).update(country="")
    Consent.objects.update(expires_at=SOON)
    assert left() == 0
    assert "The country is unknown" in asked_anew(approval)


def by_older_rules(approval):
    """As approved before there was a rule that says a person must look at this."""
    decision = {**approval.decision, "gate": "gate-1"}
    decision["findings"] = [each for each in decision["findings"] if each["status"] != "warn"]
    by = approval.decided_by_id
    approval.receipt = receipt.make(
        approval, decided_by_id=by, decided_at=str(approval.decided_at), decision=decision
    )
    approval.decision = decision
    approval.save(update_fields=["decision", "receipt"])


@pytest.mark.parametrize("older", [False, True])
def test_a_picture_that_no_older_rule_asked_about_is_asked_about(older, place):
    text = "Here are the minutes of Monday's meeting, as agreed."
    html = f'<p>{text}</p><img src="https://example.org/a.png">'
    approval = testing.make_approved(testing.make_person(place), text=text, html=html)
    assert "html_draws" in {each["code"] for each in approval.decision["findings"]}
    if not older:
        assert left() == 1
        return
    by_older_rules(approval)
    assert left() == 0
    assert Approval.objects.get(pk=approval.pk).closed_reason == "policy_changed"


def test_a_file_that_no_older_rule_asked_about_is_asked_about(place):
    author = testing.bob(place)
    draft = testing.make_draft(testing.make_person(place), by=author)
    with transaction.atomic():
        words = attaching.put(
            drafts.in_place_of(draft.current, drafts.Text("Minutes", draft.current.text)),
            place, "email", [attaching.Upload("a.png", b"\x89PNG\r\n\x1a\n" + b"0" * 90)],
            by=author, at=WORKDAY,
        )  # fmt: skip
        drafts.revise(draft, words, by=author, at=WORKDAY)
    item = submission.submit(draft.pk, by=author, at=WORKDAY).approval
    approval = services.approve(
        item.pk, by=testing.alice(place), at=WORKDAY, digest=item.digest, undo_seconds=0
    )
    assert "attachment_media" in {each["code"] for each in approval.decision["findings"]}
    by_older_rules(approval)
    assert left() == 0
    assert Approval.objects.get(pk=approval.pk).closed_reason == "policy_changed"


def met(person, *, before: timedelta) -> None:
    """Something of ours that they have not answered, so long before now."""
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="email", direction="out",
        at=LATER - before, draft=testing.make_draft(person), key=str(before),
    )  # fmt: skip


@pytest.mark.parametrize("seen", [False, True])
def test_a_follow_up_approved_before_another_left_is_asked_about_once(seen, place):
    """The rule asks a person where two stay unanswered; whoever said yes knew of one."""
    person = testing.make_person(place)
    met(person, before=timedelta(days=9))
    if seen:
        met(person, before=timedelta(days=4))
    approval = testing.make_approved(person)
    if not seen:
        met(person, before=timedelta(days=4))
        assert left() == 0
        assert "Multiple follow-ups" in asked_anew(approval)
        item = Approval.objects.get(status="pending")
        services.approve(
            item.pk, by=testing.alice(place), at=LATER, digest=item.digest, undo_seconds=0
        )
    assert left() == 1, "who has seen it said yes to it"


def test_what_goes_by_hand_is_not_hidden_without_being_asked_about(place):
    """No sender looks at it: the sweep sends it back."""
    person = testing.make_person(place)
    met(person, before=timedelta(days=9))
    approval = testing.make_approved(person, channel="linkedin", address="ann")
    met(person, before=timedelta(days=4))
    assert manual.offer(queue.readable(Approval.objects.all()).get(), at=LATER).text == ""
    assert manual.return_unfit(at=LATER) == 1
    assert "Multiple follow-ups" in asked_anew(approval)


def test_so_is_one_that_comes_ever_sooner(place):
    person = testing.make_person(place)
    for days in (20, 10):
        met(person, before=timedelta(days=days))
    approval = testing.make_approved(person)
    assert "rising_frequency" not in {each["code"] for each in approval.decision["findings"]}
    met(person, before=timedelta(days=4))
    assert left() == 0
    assert "Increasing contact frequency" in asked_anew(approval)
