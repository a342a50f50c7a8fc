"""A workspace's own words: found in addition to our rules, taken out, never instead of ours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.urls import reverse

from outreach import testing
from outreach.core.models import Workspace
from outreach.testing import WORKDAY
from safety import facts, words
from safety.question import Moment
from safety.verdict import Level

pytestmark = pytest.mark.django_db
TEXT = "Here is the plan. It brings Synergie\u0301 to all."


def known_of(draft, **how):
    return facts.gather([draft], at=WORKDAY, **how)[draft.pk]


def families(draft):
    verdict = words.check_words(known_of(draft), Moment.SUBMISSION, WORKDAY)
    return {finding.rule for finding in verdict.findings if finding.rule}


def test_words_of_a_workspace_are_found_and_taken_out_there_only():
    place, other = testing.make_workspace("a"), testing.make_workspace("b")
    Workspace.objects.filter(pk=place.pk).update(own_words="synergie\n\n  game changer \nSynergie")
    mine = testing.make_draft(testing.make_person(Workspace.objects.get(pk=place.pk)), text=TEXT)
    theirs = testing.make_draft(testing.make_person(other), text=TEXT)
    assert known_of(mine).own_words == ("synergie", "game changer", "Synergie")
    assert families(mine) == {"workspace.synergie"} and families(theirs) == set()
    proposal = words.propose(known_of(mine))
    assert proposal is not None and "Synergi" not in proposal.text


@pytest.mark.parametrize("name", ["rivalcorp_offer.pdf", "Rival-Corp price.docx", "RIVALCORP.pdf"])
def test_the_name_of_a_file_is_read_for_them_too(name):
    draft = testing.make_draft(
        testing.make_person(testing.make_workspace("a", own_words="rivalcorp\nrival-corp"))
    )
    facts_of = replace(known_of(draft), attachments=({"name": name},))
    verdict = words.check_personal_data(facts_of, Moment.SUBMISSION, WORKDAY)
    [finding] = verdict.findings
    assert verdict.level is Level.REVIEW
    assert (finding.status, finding.rule.startswith("workspace.rival")) == ("warn", True)
    assert "in the name of a file" in finding.message


def test_our_rules_still_hold_beside_them():
    place = testing.make_workspace("a", own_words="chance")
    text = "Act now, it is your last chance!"
    assert {"urgency.act_now", "workspace.chance"} <= families(
        testing.make_draft(testing.make_person(place), text=text)
    )


def test_what_was_approved_is_not_judged_again_by_them():
    draft = testing.make_draft(testing.make_person(testing.make_workspace("a", own_words="plan")))
    assert known_of(draft, settled={draft.pk: ""}).own_words == ()


def test_an_admin_writes_them_and_what_is_no_word_is_refused(client):
    boss = testing.dora()
    client.force_login(boss.user)
    place = testing.make_workspace()
    page = reverse("admin:core_workspace_change", args=[place.pk])
    kept = (
        "name",
        "time_zone",
        "autonomy_mode",
        "approval_expiry_hours",
        "daily_quota",
        "recheck_percent",
    )
    form = {name: getattr(place, name) for name in kept}
    answer = client.post(page, {**form, "own_words": "synergy\n\u200b"})
    assert "cannot be forbidden" in answer.content.decode()
    answer = client.post(page, {**form, "own_words": "synergy\n€"})
    assert "it is read as “e”" in answer.content.decode()
    client.post(page, {**form, "own_words": "synergy\ngame changer"})
    place.refresh_from_db()
    assert place.own_words.split() == ["synergy", "game", "changer"]
