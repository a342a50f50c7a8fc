"""The pages of messages by hand: the server is asked before a text is copied."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from approvals.models import Approval
from channels.models import Claim, Delivery
from outreach import testing
from outreach.core.models import Channel
from outreach.core.principal import Principal
from outreach.edge.tests.test_by_hand import PAGE, TEXT, enter, make, see
from outreach.testing import WORKDAY

# What the pages show and refuse; that one wins is settled on both in channels.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
LINK = "linkedin.com/in/ana-bell"
SCRIPT = {"headers": {"Accept": "application/json"}}


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=False):
        yield


def hand(item: Approval) -> str:
    return f"/admin/channels/delivery/hand/{item.pk}/"


@pytest.fixture(params=["list", "one"])
def page(request):
    """Both pages on which a text may be copied."""
    return (lambda item: PAGE) if request.param == "list" else hand


def test_while_one_has_it_the_other_is_offered_no_text_and_may_take_it_over(page):
    item = make()
    alice, dora = enter(testing.alice()), enter(testing.dora())
    first = {"act": "copy", "number": item.pk}
    assert alice.post(page(item), first, **SCRIPT).status_code == 204
    assert alice.post(page(item), first, **SCRIPT).status_code == 204, "once more is no harm"
    assert TEXT in alice.get(page(item)).content.decode()
    other = dora.get(page(item)).content.decode()
    assert TEXT not in other and LINK not in other and "data-copy" not in other
    assert "Alice copied this just now and has not said yet whether it was sent." in other
    assert "I take it over" in other and "ark as sent</button>" in other
    assert dora.post(page(item), first, **SCRIPT).status_code == 409
    holder = Claim.objects.get().user_id
    took = {"act": "take_over", "number": item.pk, "holder": holder}
    after = dora.post(page(item), took, follow=True).content.decode()
    assert "Nothing was copied. Alice copied this" in after, "what was refused before is told"
    assert TEXT in after and "is yours for 30 minutes" in after
    assert TEXT not in alice.get(page(item)).content.decode()


def test_without_a_script_the_page_comes_again_with_the_text(page):
    item = make()
    client = enter(testing.alice())
    after = client.post(page(item), {"act": "copy", "number": item.pk}, follow=True)
    assert TEXT in after.content.decode()
    assert "is yours for 30 minutes" in after.content.decode()
    refused = enter(testing.dora()).post(
        page(item), {"act": "copy", "number": item.pk}, follow=True
    )
    assert TEXT not in refused.content.decode()
    assert "Nothing was copied. Alice copied this just now" in refused.content.decode()


def test_who_may_only_look_is_offered_no_copy_and_claims_nothing(page):
    item, carol = make(), testing.carol()
    assert "data-copy" not in see(carol, page(item))
    enter(carol).post(page(item), {"act": "copy", "number": item.pk})
    assert not Claim.objects.exists()


@pytest.mark.parametrize("form", [{}, {"holder": "x"}, {"holder": "9" * 30}, {"holder": "0"}])
def test_taking_over_names_whom_from(form):
    item = make()
    enter(testing.alice()).post(PAGE, {"act": "copy", "number": item.pk})
    enter(testing.dora()).post(PAGE, {"act": "take_over", "number": item.pk, **form})
    assert Claim.objects.get().user == testing.alice().user


def test_a_stranger_claims_nothing():
    item = make()
    other = testing.make_workspace("other")
    oscar = enter(Principal.of_user(testing.make_user("oscar", "reviewer", other)))
    oscar.post(PAGE, {"act": "copy", "number": item.pk})
    oscar.post(hand(item), {"act": "copy", "number": item.pk})
    assert not Claim.objects.exists()


@pytest.mark.parametrize("act", ["sent", "copy", "take_over"])
@pytest.mark.parametrize(
    ("channel", "told"), [("email", "goes by E-mail"), ("phone", "goes by Phone")]
)
def test_the_page_acts_on_its_own_channel_only(act, channel, told):
    item = make("Fred", Channel.PHONE) if channel == "phone" else testing.make_approved()
    form = {"act": act, "number": item.pk}
    after = enter(testing.alice()).post(PAGE, form, follow=True).content.decode()
    assert told in after and "this page is about LinkedIn" in after
    assert not Delivery.objects.exists() and not Claim.objects.exists()
