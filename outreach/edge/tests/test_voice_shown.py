"""The voice score stands with its reasons beside the text, for its author and its reviewer."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from outreach import testing
from outreach.core import voice
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db


def test_author_and_reviewer_read_why_a_text_does_not_fit():
    place = testing.make_workspace()
    asked = {"words_to_avoid": ["minutes"]}
    voice.save(place, "House voice", asked, by=testing.dora(), at=WORKDAY)
    item = testing.make_pending()
    client = Client()
    client.force_login(testing.alice().user)
    for address, number in (("approvals_approval", item.pk), ("core_draft", item.draft_id)):
        page = client.get(reverse(f"admin:{address}_change", args=[number]))
        text = " ".join(page.content.decode().split())
        assert "Voice 80 of 100" in text
        assert 'says “minutes” <span class="oc-soft">(−20)</span>' in text
