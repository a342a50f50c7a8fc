"""What an agent calls its message: told with what was not asked for it, and made stricter."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import Client

from approvals import purposes, review, services, submission
from approvals.errors import Blocked, Lost, Stale
from approvals.models import Approval
from outreach import testing
from outreach.core.models import Activity
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY
from safety import controls, override

BEE = "The agent Bee"
UNASKED = "so the rules for advertising were not asked."


@pytest.mark.parametrize(
    ("kind", "purpose", "template", "judged_as", "says"),
    [
        ("agent", "work_update", "", "work_update", f"{BEE} calls this a work update, {UNASKED}"),
        ("agent", "informational", "", "informational",
         f"{BEE} calls this informational, {UNASKED}"),
        ("agent", "transactional", "", "transactional",
         f"{BEE} calls this transactional, {UNASKED}"),
        ("agent", "personal", "reconnect", "personal",
         f"{BEE}, by the template reconnect, calls this personal, {UNASKED}"),
        ("agent", "follow_up", "", "follow_up",
         f"{BEE} calls this a follow-up, so what only advertising has to keep was not asked."),
        ("agent", "personal", "", "promotional",
         f"{BEE} calls this personal, but its words sell: it is judged as advertising."),
        ("agent", "promotional", "", "promotional", ""),
        ("agent", "personal", "", "", ""),  # nobody could judge it
        ("user", "personal", "", "personal", ""),
    ],
)  # fmt: skip
def test_who_named_it_and_what_was_not_asked(kind, purpose, template, judged_as, says):
    draft = SimpleNamespace(by_kind=kind, by_label="Bee", purpose=purpose, template=template)
    assert purposes.told(SimpleNamespace(draft=draft), judged_as) == says


@pytest.mark.django_db
def test_a_reviewer_has_it_judged_as_advertising():
    person = testing.make_person(country="DE")
    other = testing.make_pending(by=testing.make_agent(), purpose="work_update")
    item = testing.make_pending(person, by=testing.make_agent(), purpose="work_update")
    page = review.page(item, at=WORKDAY, state=controls.read())
    assert "calls this a work update" in page["called"] and not page["outlook"].blocked
    alice = testing.alice()
    with pytest.raises(Stale):
        purposes.advertise(item.pk, by=alice, at=WORKDAY, digest="v1:other")
    with pytest.raises(NotAllowed):
        purposes.advertise(item.pk, by=testing.bob(), at=WORKDAY, digest=item.digest)
    given = purposes.advertise(item.pk, by=alice, at=WORKDAY, digest=item.digest)
    item = Approval.objects.select_related("draft").get(pk=item.pk)
    for each in (given, item):
        assert (each.purpose, each.draft.purpose) == ("promotional", "promotional")
    other = Approval.objects.select_related("draft").get(pk=other.pk)
    assert (other.purpose, other.draft.purpose) == ("work_update", "work_update")
    told = Activity.objects.get(verb="approvals.judged_as_advertising")
    assert (told.codes["before"], told.digest) == ("work_update", item.digest)
    with pytest.raises(Blocked, match="consent"):
        services.approve(item.pk, by=alice, at=WORKDAY, digest=item.digest)
    services.reject(item.pk, by=alice, at=WORKDAY, reason="Advertising.")
    with pytest.raises(Lost):
        purposes.advertise(item.pk, by=alice, at=WORKDAY, digest=item.digest)


@pytest.mark.django_db
def test_it_stands_as_high_in_the_queue_as_if_it_had_been_submitted_as_that():
    alice = testing.alice()
    testing.make_workspace(require_approval_for_first_message=False)  # of no country, at no address

    def submitted(purpose: str) -> Approval:
        draft = testing.make_draft(by=testing.make_agent(), purpose=purpose, confidence=95)
        return submission.submit(draft.pk, by=alice, at=WORKDAY).approval

    item, wanted = submitted("work_update"), submitted("promotional")
    assert item.priority < wanted.priority
    purposes.advertise(item.pk, by=alice, at=WORKDAY, digest=item.digest)
    item.refresh_from_db()
    assert (item.priority, item.priority_reasons) == (wanted.priority, wanted.priority_reasons)


@pytest.mark.django_db
@pytest.mark.parametrize(("purpose", "lifted"), [("work_update", True), ("promotional", False)])
def test_the_page_promises_what_an_emergency_lifts_as_the_rules_do(purpose, lifted):
    bot, alice, person = testing.make_agent(), testing.alice(), testing.make_person()
    draft = testing.make_draft(person, by=bot, purpose="work_update")
    why = "The building has to be left before noon."
    override.declare(draft, "safety_threat", why, by=alice, at=WORKDAY)
    item = submission.submit(draft.pk, by=alice, at=WORKDAY).approval
    if purpose == "promotional":
        purposes.advertise(item.pk, by=alice, at=WORKDAY, digest=item.digest)
    client = Client()
    client.force_login(alice.user)
    page = client.get(f"/admin/approvals/approval/{item.pk}/change/").content.decode()
    assert why in page and ("limits are lifted" in page) is lifted
