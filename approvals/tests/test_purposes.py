"""What an agent calls its message: told with what was not asked for it, and made stricter."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from approvals import purposes, review, services
from approvals.errors import Blocked, Lost, Stale
from approvals.models import Approval
from outreach import testing
from outreach.core.models import Activity
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY
from safety import controls


@pytest.mark.parametrize(
    ("kind", "purpose", "template", "judged_as", "says"),
    [
        ("agent", "work_update", "", "work_update",
         "The agent Bee calls this a work update, so the rules for advertising were not asked."),
        ("agent", "personal", "reconnect", "personal",
         "The agent Bee, by the template reconnect, calls this personal, so the rules for"),
        ("agent", "follow_up", "", "follow_up", "so what only advertising has to keep was not"),
        ("agent", "personal", "", "promotional", "but its words sell: it is judged as advert"),
        ("agent", "promotional", "", "promotional", ""),
        ("agent", "personal", "", "", ""),  # nobody could judge it
        ("user", "personal", "", "personal", ""),
    ],
)  # fmt: skip
def test_who_named_it_and_what_was_not_asked(kind, purpose, template, judged_as, says):
    draft = SimpleNamespace(by_kind=kind, by_label="Bee", purpose=purpose, template=template)
    told = purposes.told(SimpleNamespace(draft=draft), judged_as)
    assert says in told and bool(told) is bool(says)


@pytest.mark.django_db
def test_a_reviewer_has_it_judged_as_advertising():
    person = testing.make_person(country="DE")
    item = testing.make_pending(person, by=testing.make_agent(), purpose="work_update")
    page = review.page(item, at=WORKDAY, state=controls.read())
    assert "calls this a work update" in page["called"] and not page["outlook"].blocked
    alice = testing.alice()
    with pytest.raises(Stale):
        purposes.advertise(item.pk, by=alice, at=WORKDAY, digest="v1:other")
    with pytest.raises(NotAllowed):
        purposes.advertise(item.pk, by=testing.bob(), at=WORKDAY, digest=item.digest)
    purposes.advertise(item.pk, by=alice, at=WORKDAY, digest=item.digest)
    item = Approval.objects.select_related("draft").get(pk=item.pk)
    assert (item.purpose, item.draft.purpose) == ("promotional", "promotional")
    assert Activity.objects.get(verb="approvals.judged_as_advertising").codes["before"] == (
        "work_update"
    )
    with pytest.raises(Blocked, match="consent"):
        services.approve(item.pk, by=alice, at=WORKDAY, digest=item.digest)
    services.reject(item.pk, by=alice, at=WORKDAY, reason="Advertising.")
    with pytest.raises(Lost):
        purposes.advertise(item.pk, by=alice, at=WORKDAY, digest=item.digest)
