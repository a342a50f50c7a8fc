"""Voices and agents in the admin: each save is a version, each agent says how it is doing."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from approvals import services
from outreach import testing
from outreach.core.models import VoiceProfile
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
ADD = reverse("admin:core_voiceprofile_add")
FORM = {
    "name": "House voice", "tone": "warm", "emoji": "none", "words_to_avoid": "synergy\nleverage",
    "sentence_words": "18", "reading_grade": "9", "sign_off": "Kind regards", "expected": "0",
}  # fmt: skip


def browser(principal):
    client = Client()
    client.force_login(principal.user)
    return client


def page(row):
    return reverse("admin:core_voiceprofile_change", args=[row.pk])


def test_each_save_is_a_new_version():
    client = browser(testing.dora())
    assert client.get(ADD).status_code == 200
    client.post(ADD, FORM)
    first = VoiceProfile.objects.get()
    assert first.words_to_avoid == ["synergy", "leverage"]
    client.post(page(first), {**FORM, "tone": "formal", "expected": "1", "note": "Calmer"})
    second = VoiceProfile.objects.get(version=2)
    assert (second.tone, second.note, second.by_label) == ("formal", "Calmer", "Dora")
    stale = client.post(page(first), {**FORM, "tone": "neutral", "expected": "1"})
    assert stale.status_code == 400
    assert "newer version meanwhile" in stale.content.decode()
    assert VoiceProfile.objects.count() == 2
    assert "An earlier version" in client.get(page(first)).content.decode()


@pytest.mark.parametrize(
    "bad", [{"tone": "loud"}, {"sentence_words": "x"}, {"reading_grade": "99"}]
)
def test_what_makes_no_sense_is_told(bad):
    response = browser(testing.dora()).post(ADD, {**FORM, **bad})
    assert response.status_code == 400
    assert not VoiceProfile.objects.exists()


def test_others_may_look():
    browser(testing.dora()).post(ADD, FORM)
    row = VoiceProfile.objects.get()
    client = browser(testing.alice())
    assert "needs the role admin" in client.get(page(row)).content.decode()
    assert client.post(page(row), {**FORM, "expected": "1", "tone": "formal"}).status_code == 403
    assert VoiceProfile.objects.count() == 1


def test_an_agents_page_says_how_it_is_doing():
    agent = testing.make_agent(None, "drafts:write", "people:read")
    for number in range(3):
        item = testing.make_pending(testing.make_person(), by=agent)
        if number:
            services.approve(
                item.pk, by=testing.alice(), at=WORKDAY, digest=item.digest, undo_seconds=0
            )
        else:
            services.reject(item.pk, by=testing.alice(), at=WORKDAY, reason="no")
    from outreach.edge import agent_standing

    told = agent_standing.approvals(agent.agent, at=WORKDAY)
    assert told.startswith("2 of 3 approved (66 %), 0 % of those after an edit; 1 rejected")
    assert agent_standing.history(agent.agent) == "3 drafts, 0 of them sent; 0 runs."
    client = browser(testing.dora())
    text = client.get(reverse("admin:core_agent_change", args=[agent.agent.pk])).content.decode()
    assert "3 drafts, 0 of them sent" in text
