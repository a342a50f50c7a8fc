"""What the rules make of words: blocked ones stay with their author, softened ones are seen."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils.html import escape

from approvals import services, submission
from approvals.errors import Refused
from approvals.models import Approval, Priority
from outreach import testing
from outreach.core import drafts
from outreach.core.models import Draft, Revision
from outreach.testing import WORKDAY
from safety.contract.rulebook import shipped
from safety.models import SafetyEvent

pytestmark = pytest.mark.django_db
LATER = WORKDAY + timedelta(minutes=5)
PUSHY = "Here are the minutes. You need to act now or you will miss out. They are final."


def test_pressing_words_are_taken_out_and_the_reviewer_sees_both():
    approval = testing.make_pending(subject="Minutes of Monday", text=PUSHY)
    first, second = Revision.objects.order_by("no")
    assert first.text == PUSHY
    assert "act now" not in second.text
    assert "Here are the minutes." in second.text
    assert (second.by_kind, approval.revision_id) == ("system", second.pk)
    assert approval.digest == second.digest
    assert approval.get_priority_display() == "high"
    assert approval.decision["rewrite"]["was"] == 1
    assert SafetyEvent.objects.filter(code="rewritten").count() == 1


def test_blocked_words_stay_a_draft_with_their_author():
    draft = testing.make_draft(
        text="You're the only person who really gets me. I really need someone like you."
    )
    result = submission.submit(draft.pk, by=testing.bob(), at=LATER)
    assert result.approval is None
    draft.refresh_from_db()
    assert (draft.status, draft.current.no) == ("draft", 1)
    assert draft.status_reason
    assert SafetyEvent.objects.filter(draft=draft).exists()


def test_an_edit_that_the_rules_rewrite_is_saved_and_not_approved():
    approval = testing.make_pending()
    with pytest.raises(Refused, match="saved, not approved") as refused:
        services.edit_and_approve(
            approval.pk,
            drafts.Text(subject="Minutes", text=PUSHY),
            by=testing.alice(),
            at=LATER,
            digest=approval.digest,
        )
    assert refused.value.code == "rewritten"
    row = Approval.objects.get()
    assert row.status == "pending"
    assert "act now" not in row.revision.text
    assert Revision.objects.filter(text=PUSHY, by_kind="user").exists()
    assert Draft.objects.get().current_id == row.revision_id


def test_the_reviewer_is_told_why_words_went(client):
    """No new look at the text finds what is no longer in it: the page tells what was stored."""
    approval = testing.make_pending(text=PUSHY)
    (told,) = [one for one in approval.decision["findings"] if one["code"] == "rewritten"]
    assert "compare with the text before. Why: " in told["message"]
    (why,) = {rule.explanation for rule in shipped() if rule.id == "urgency.act_now"}
    assert why.rstrip(".") in told["message"]
    client.force_login(testing.alice().user)
    page = client.get(reverse("admin:approvals_approval_change", args=[approval.pk]))
    assert f"Why: {escape(why.rstrip('.'))}" in page.content.decode()


def test_an_edit_into_blocked_words_is_refused_and_changes_nothing():
    approval = testing.make_pending()
    with pytest.raises(Refused):
        services.edit_and_approve(
            approval.pk,
            drafts.Text(
                subject="Minutes",
                text="You're the only person who really gets me. I need you in my life.",
            ),
            by=testing.alice(),
            at=LATER,
            digest=approval.digest,
        )
    row = Approval.objects.get()
    assert (row.status, row.digest, row.edited) == ("pending", approval.digest, False)
    assert SafetyEvent.objects.filter(event_type="edit").exists()
    assert Revision.objects.count() == 1


def test_a_rewritten_text_is_never_approved_in_bulk():
    from approvals import bulk

    approval = testing.make_pending(text=PUSHY)
    approval.priority = Priority.LOW  # whatever else would speak against it
    assert "took words out" in bulk.why_not(approval, at=LATER)


def test_selling_words_are_judged_as_promotion_whatever_the_label():
    evening = WORKDAY.replace(hour=19)
    sale = "Our spring sale: 30% off all plans until Friday. Use the code SPRING at checkout."
    approval = testing.make_pending(at=evening, purpose="informational", text=sale)
    assert approval.not_before == (WORKDAY + timedelta(days=1)).replace(hour=9)


def test_personal_data_of_others_makes_it_high_and_a_card_number_stays_with_the_author():
    other = testing.make_pending(text="Please write to jane.roe@elsewhere.example about it.")
    assert other.get_priority_display() == "high"
    assert "contains personal data" in other.priority_reasons
    card = testing.make_draft(text="The card is 4111 1111 1111 1111, please book it.")
    result = submission.submit(card.pk, by=testing.bob(), at=LATER)
    assert result.approval is None
    assert "card" in result.draft.status_reason


def test_an_edit_of_which_nothing_would_be_left_is_refused_not_replaced():
    approval = testing.make_pending()
    with pytest.raises(Refused, match="leave nothing of this text"):
        services.edit_and_approve(
            approval.pk,
            drafts.Text(subject="Minutes", text="Act now or you will miss out!"),
            by=testing.alice(),
            at=LATER,
            digest=approval.digest,
        )
    assert Approval.objects.get().digest == approval.digest


def test_paragraphs_stay_apart_when_a_sentence_between_them_goes():
    text = "Here are the minutes.\n\nAct now, last chance!!!\n\nBest regards,\nJonas"
    approval = testing.make_pending(text=text)
    assert "minutes.\n\nBest regards,\nJonas" in approval.revision.text


def test_what_claims_that_they_asked_is_said_beside_the_text_and_at_the_terminal(client):
    """SPEC 4: "claims a request: check". Once somebody has written other words, no more."""
    approval = testing.make_pending(subject="Minutes", text="Act now or you will miss out!")
    assert "you asked about" in approval.revision.text
    client.force_login(testing.alice().user)
    page, out = reverse("admin:approvals_approval_change", args=[approval.pk]), StringIO()
    shown = client.get(page).content.decode()
    assert shown.index('id="to"') < shown.index('id="claims"') < shown.index('id="message"')
    command = ("review", "--as", "alice", "--show", str(approval.pk))
    call_command(*command, stdout=out)
    assert "nothing on file says so" in " ".join(out.getvalue().replace("│", " ").split())
    services.edit(
        approval.pk, drafts.Text(subject="Minutes", text="Here are the minutes of Monday."),
        by=testing.alice(), at=LATER, digest=approval.digest,
    )  # fmt: skip
    assert 'id="claims"' not in client.get(page).content.decode()


def test_words_taken_out_of_a_longer_text_claim_nothing(client):
    approval = testing.make_pending(subject="Minutes of Monday", text=PUSHY)
    client.force_login(testing.alice().user)
    page = reverse("admin:approvals_approval_change", args=[approval.pk])
    assert 'id="claims"' not in client.get(page).content.decode()
