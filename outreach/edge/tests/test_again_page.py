"""Look again, in the admin: who reads it, what an answer does, and where it is shown."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from approvals import rechecking
from approvals.models import Approval, Recheck
from outreach import testing
from outreach.core.models import Activity
from outreach.edge import again_page
from outreach.edge.tests import api

# What the page says and to whom; answers are kept on both by test_rechecking.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


def put(place=None, **fields):
    row = testing.make_approved(testing.make_person(place), at=timezone.now(), **fields)
    Approval.objects.filter(pk=row.pk).update(
        status="auto_approved", decided_by_label="SYSTEM for Dora"
    )
    return Recheck.objects.create(workspace=row.workspace, approval=row, drawn_at=timezone.now())


def enter(who) -> Client:
    client = Client()
    client.force_login(who.user)
    return client


def see(who, address="look_again", *given) -> str:
    answer = enter(who).get(reverse(address, args=given))
    assert answer.status_code == 200
    return answer.content.decode()


def post(who, row, **form):
    return enter(who).post(reverse("look_again"), {"number": row.pk, **form}, follow=True)


@pytest.mark.both
def test_the_list_shows_the_words_and_whose_they_are_oldest_first():
    agent = testing.make_agent()
    html = '<p>First <a href="//else.io/x">words</a> of it.</p>'
    first = put(by=agent, text="First words of it.", html=html)
    second = put(text="<b>Second</b> words.")
    text = see(testing.alice())
    assert text.index("First words of it.") < text.index("&lt;b&gt;Second&lt;/b&gt; words.")
    assert "//else.io/x" in text
    assert agent.label in text and "approved " in text and "by SYSTEM for Dora" in text
    assert f"#{first.approval_id}" in text and f"#{second.approval_id}" in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"taken_at": None, "dry_run": False}, "It has not left: its page can take"),
        ({"dry_run": True}, "Dry run: nothing was sent."),
        ({"taken_at": timezone.now(), "dry_run": False}, "nobody knows whether it arrived"),
    ],
)
def test_it_says_what_became_of_the_message(changes, sentence):
    row = put()
    Approval.objects.filter(pk=row.approval_id).update(**changes)
    assert sentence in see(testing.alice())


def test_a_sent_one_says_so(live):
    row = put()
    row.approval.draft.__class__.objects.filter(pk=row.approval.draft_id).update(status="sent")
    assert "It was sent." in see(testing.alice())


@pytest.mark.both
def test_yes_is_kept_and_the_item_leaves_the_list():
    row = put()
    answer = post(testing.alice(), row, answer="yes")
    text = answer.content.decode()
    assert "you would have approved it. Nothing else has changed." in text
    assert "Nothing to look at again." in text
    row.refresh_from_db()
    assert row.would_approve is True
    [told] = Activity.objects.filter(verb="approvals.rechecked")
    assert told.codes == {"would_approve": True, "door": "admin"}


def test_no_without_words_is_refused_and_with_words_stands_below_and_on_the_items_page():
    row, other = put(), put()
    refused = post(testing.alice(), row, answer="no", reason=" ")
    assert refused.status_code == 409 and "Say why you would not" in refused.content.decode()
    post(testing.alice(), row, answer="no", reason="Too bold for her")
    assert "Too bold for her" in see(testing.alice())
    page = see(testing.carol(), "admin:approvals_approval_change", row.approval_id)
    assert "Looked at again by Alice" in page and "Too bold for her" in page
    lost = post(testing.dora(), row, answer="yes")
    assert lost.status_code == 409 and "Alice has looked at" in lost.content.decode()
    assert f"#{other.approval_id}" in lost.content.decode()


def test_typed_words_come_back_to_the_item_they_belong_to():
    first, second = put(), put()
    text = post(testing.alice(), second, answer="maybe", reason="Kept words").content.decode()
    assert text.count("Kept words") == 1
    assert text.index(f'value="{first.pk}"') < text.index("Kept words")


def test_another_workspaces_and_lesser_roles_see_and_answer_nothing():
    other = testing.make_workspace("other")
    row = put(other, text="Of another place.")
    assert "Of another place." not in see(testing.dora())
    said = post(testing.dora(), row, answer="yes")
    assert "no such second look in your workspaces" in said.content.decode()
    mine = put()
    for who in (testing.carol(), testing.bob()):
        assert enter(who).get(reverse("look_again")).status_code == 403
        assert post(who, mine, answer="yes").status_code == 403
        assert "Look again" not in see(who, "admin:index").partition("<main")[0]
    assert not Recheck.objects.filter(answered_at__isnull=False).exists()


def test_an_agent_is_told_nothing_of_it():
    """Neither that it was drawn nor what was said, whatever its key may read of approvals."""
    row = put()
    rechecking.answer(
        row.pk, would_approve=False, reason="Too bold", by=testing.alice(), at=timezone.now()
    )
    key = api.agent(None, "reviews:read", "drafts:write", "people:read")
    for path in (f"/api/approvals/{row.approval_id}", "/api/approvals"):
        said = key.get(path).content.decode()
        assert "Too bold" not in said and "recheck" not in said and "again" not in said
    assert key.get("/api/activity").status_code == 403
    assert key.get("/admin/look-again/").status_code == 302


def test_the_menu_counts_what_waits_and_a_long_list_is_cut(monkeypatch):
    monkeypatch.setattr(again_page, "SHOWN", 2)
    for _ in range(3):
        put()
    text = see(testing.alice())
    assert "3 wait; these are the 2 oldest." in text
    assert "3 to look at again" in see(testing.alice(), "admin:index")


def test_disagreement_is_a_warning_on_the_overview_and_where_safe_mode_is_switched():
    agent = testing.make_agent()
    for count in (1, 2):
        post(testing.alice(), put(by=agent), answer="no", reason="No")
        place = testing.make_workspace()
        told = "People would decide otherwise", "people would decide otherwise"
        here, there = see(testing.dora(), "safe_mode"), see(testing.carol(), "admin:index")
        assert (told[0] in here) is (told[1] in there) is (count == 2)
        assert ("People agree with what was approved by rule" in here) is (count == 2)
    assert f"<strong>{agent.label}:</strong> 2 of 2 (100 %)" in there
    assert "Looked again at 2 approved by rule, 2 of which" in see(testing.alice(), "admin:index")
    agents = see(testing.dora(), "admin:core_agent_change", agent.agent.pk)
    assert "2 of 2 messages approved by rule that were looked at again" in agents
    place.refresh_from_db()
    assert place.safe_mode


def test_the_share_is_a_setting_of_the_workspace():
    place = testing.make_workspace(recheck_percent=20)
    assert "20 % of what rules approve" in see(testing.dora(), "safe_mode")
    assert 'name="recheck_percent" value="20"' in see(
        testing.dora(), "admin:core_workspace_change", place.pk
    ).replace("\n", "")
