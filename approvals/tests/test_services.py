"""Deciding: who may, over which text, and what becomes of the loser."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest

from approvals import (
    bulk,
    expiry,
    holds,
    items,
    purposes,
    queue,
    rounds,
    services,
    submission,
    taking,
)
from approvals.errors import Lost, Refused, Stale
from approvals.models import Approval, Priority
from outreach import testing
from outreach.core import activity, drafts, people
from outreach.core.models import (
    Activity,
    Contact,
    CoolingOff,
    Draft,
    Revision,
    Role,
    User,
    Workspace,
)
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from safety.models import SafetyEvent, SystemControl

pytestmark = pytest.mark.django_db

LATER = WORKDAY + timedelta(minutes=5)


def approve(approval, by=None, **fields):
    return services.approve(
        approval.pk,
        by=by or testing.alice(approval.workspace),
        at=LATER,
        digest=fields.pop("digest", approval.digest),
        **fields,
    )


def test_submitting_opens_one_pending_round_bound_to_the_digest():
    approval = testing.make_pending()
    assert approval.status == "pending"
    assert approval.digest == approval.draft.current.digest
    assert approval.expires_at == WORKDAY + timedelta(hours=72)
    assert approval.routing["final_status"] == "pending_approval"
    assert Draft.objects.get().status == "pending_approval"


def test_submitting_twice_is_refused():
    approval = testing.make_pending()
    with pytest.raises(Refused, match="only a draft"):
        submission.submit(approval.draft_id, by=testing.bob(), at=LATER)


def test_submitting_for_a_blocked_person_keeps_the_draft_and_tells_why():
    person = testing.make_person(status="blocked", status_reason="rude", status_at=WORKDAY)
    draft = testing.make_draft(person)
    result = submission.submit(draft.pk, by=testing.bob(), at=LATER)
    assert result.approval is None
    draft.refresh_from_db()
    assert draft.status == "draft"
    assert "Person is blocked: rude" in draft.status_reason
    event = SafetyEvent.objects.get()
    assert (event.code, event.draft_id) == ("person_blocked", draft.pk)
    submission.submit(draft.pk, by=testing.bob(), at=LATER)
    assert SafetyEvent.objects.count() == 1  # one per message and reason


def test_an_agent_cannot_submit_in_an_emergency_but_a_person_can():
    SystemControl.objects.filter(control_key="EMERGENCY_STOP", workspace=None).update(enabled=True)
    agent = testing.make_agent()
    refused = submission.submit(testing.make_draft(by=agent).pk, by=agent, at=LATER)
    taken = submission.submit(testing.make_draft().pk, by=testing.bob(), at=LATER)
    assert refused.approval is None
    assert taken.approval is not None


def test_an_agent_cannot_submit_for_a_person_with_automation_off():
    person = testing.make_person(
        automation_enabled=False,
        automation_disabled_reason="sensitive",
        automation_disabled_at=LATER,
    )
    agent = testing.make_agent()
    result = submission.submit(testing.make_draft(person, by=agent).pk, by=agent, at=LATER)
    assert result.approval is None
    assert "Automation disabled: sensitive" in result.draft.status_reason


def test_assisted_autonomy_keeps_an_agents_message_a_draft():
    testing.make_workspace(autonomy_mode="assisted")
    agent = testing.make_agent()
    result = submission.submit(testing.make_draft(by=agent).pk, by=agent, at=LATER)
    assert (result.approval, result.draft.status) == (None, "draft")


@pytest.mark.parametrize(("autonomy", "requested", "rests"), [
    ("managed", "scheduled", 1), ("managed", "draft", 0), ("assisted", "scheduled", 0),
])  # fmt: skip
def test_what_only_becomes_a_draft_is_no_attempt_and_begins_no_rest(autonomy, requested, rests):
    testing.make_workspace(autonomy_mode=autonomy)
    person, agent = testing.make_person(), testing.make_agent()
    people.add_address(person.workspace, person, "linkedin", "https://www.linkedin.com/in/anna-x")
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="email", direction="out", at=WORKDAY,
        certain=True, draft=testing.make_draft(person), key="delivery:1", created_at=WORKDAY,
    )  # fmt: skip
    draft = testing.make_draft(person, by=agent, channel="linkedin", subject="", at=LATER)
    result = submission.submit(draft.pk, by=agent, at=LATER, requested=requested)
    assert "cross_platform" in {each.code for each in result.verdict.findings}
    assert CoolingOff.objects.count() == rests


def test_approving_binds_receipt_and_time():
    approval = approve(testing.make_pending(), undo_seconds=10)
    approval.refresh_from_db()
    assert approval.status == "approved"
    assert approval.due_at == LATER + timedelta(seconds=10)
    assert approval.send_before == LATER + timedelta(hours=72)
    assert approval.receipt["message"] == approval.digest
    assert approval.dry_run is True
    assert Draft.objects.get().status == "approved"


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_lesser_roles_cannot_approve(who):
    with pytest.raises(NotAllowed):
        approve(testing.make_pending(), by=getattr(testing, who)())


def test_no_agent_can_approve_whatever_its_scopes():
    from outreach.core.permissions import SCOPES

    agent = testing.make_agent(None, *SCOPES)
    with pytest.raises(NotAllowed, match="Only people decide"):
        approve(testing.make_pending(), by=agent)


def test_a_reviewer_of_another_workspace_cannot_approve():
    other = testing.make_workspace("other")
    stranger = testing.make_user("stranger", "admin", other)
    with pytest.raises(NotAllowed):
        approve(testing.make_pending(), by=Principal.of_user(stranger))


def test_whoever_has_very_long_names_decides_and_settles():
    user = testing.make_user("long", Role.REVIEWER, last_name="B" * 150)
    User.objects.filter(pk=user.pk).update(first_name="A" * 150)
    by = Principal.of_user(User.objects.get(pk=user.pk))
    first, second = testing.make_pending(), testing.make_pending()
    given = services.approve(first.pk, by=by, at=WORKDAY, digest=first.digest)
    assert given.decided_by_label == "A" * 150
    import_module("channels.manual").mark_sent(given.pk, by=by, at=WORKDAY)  # docs/decisions/0001
    assert services.reject(second.pk, by=by, at=WORKDAY, reason="No.").status == "rejected"


def test_four_eyes_keeps_the_author_from_approving_but_not_an_editing_reviewer():
    testing.make_workspace(four_eyes=True)
    own = testing.make_pending(by=testing.alice())
    with pytest.raises(Refused, match="four eyes"):
        approve(own)
    theirs = testing.make_pending()
    edited = services.edit_and_approve(
        theirs.pk,
        drafts.Text(subject="Minutes", text="Edited minutes."),
        by=testing.alice(),
        at=LATER,
        digest=theirs.digest,
    )
    assert edited.status == "approved"


def test_a_text_that_changed_since_it_was_opened_is_not_approved():
    approval = testing.make_pending()
    services.edit(
        approval.pk,
        drafts.Text(subject="Minutes", text="Quite another text."),
        by=testing.alice(),
        at=LATER,
        digest=approval.digest,
    )
    with pytest.raises(Stale, match="changed since you opened it"):
        approve(approval)


def test_an_edit_keeps_the_number_and_makes_a_new_revision():
    approval = testing.make_pending()
    edited = services.edit(
        approval.pk,
        drafts.Text(subject="Minutes", text="Better minutes."),
        by=testing.alice(),
        at=LATER,
        digest=approval.digest,
    )
    assert edited.pk == approval.pk
    assert Revision.objects.count() == 2
    assert edited.revision.text == "Better minutes."
    assert edited.edited
    assert edited.digest == edited.revision.digest != approval.digest


@pytest.mark.parametrize("same", [False, True])
def test_how_sure_the_author_was_says_nothing_of_a_reviewers_words_in_a_later_round(same):
    told = {"confidence": 95, "confidence_parts": ({"name": "Facts"},), "reasoning": "All known."}
    person, bob, alice = testing.make_person(), testing.bob(), testing.alice()
    words = drafts.Text(subject="Minutes", text="The minutes of Monday.", **told)
    draft = drafts.write(
        person.workspace, person, "email", words, by=bob, at=WORKDAY, purpose="informational"
    )
    first = submission.submit(draft.pk, by=bob, at=WORKDAY).approval
    text = first.revision.text if same else first.revision.text.replace("Monday", "Tuesday")
    edited = services.edit(
        first.pk, drafts.Text(subject="Minutes", text=text), by=alice, at=LATER, digest=first.digest
    )
    assert edited.confidence == 95
    story = queue.story_of(edited)
    assert (story.reasoning, len(story.confidence_parts)) == ("All known.", 1)
    services.return_(first.pk, by=alice, at=LATER, digest=edited.digest, feedback="Wait a day.")
    again = submission.submit(draft.pk, by=bob, at=LATER).approval
    assert again.confidence == again.revision.confidence == (95 if same else None)
    assert again.revision.reasoning == ("All known." if same else "")
    assert queue.story_of(again) == again.revision
    assert ("no confidence given" in again.priority_reasons) is not same


def test_a_second_approval_is_told_who_was_first():
    approval = testing.make_pending()
    approve(approval)
    with pytest.raises(Lost, match="approved already by Alice at 10:05:00 UTC"):
        approve(approval, by=testing.dora())


def test_who_comes_after_a_rejection_is_told_who_rejected():
    approval = testing.make_pending()
    services.reject(approval.pk, by=testing.alice(), at=LATER, reason="No.")
    with pytest.raises(Lost, match="rejected already by Alice at 10:05:00 UTC"):
        approve(approval, by=testing.dora())


def test_who_comes_after_a_stop_is_told_of_it_and_not_of_whoever_approved():
    approval = testing.make_approved()
    taking.end_for_human(
        [approval.human_id], sentence="This person asked us to stop by WhatsApp",
        by=Principal.system("stopper"), at=LATER,
    )  # fmt: skip
    told = "rejected already at 10:05:00 UTC: This person asked us to stop by WhatsApp."
    with pytest.raises(Lost, match=told):
        approve(approval)


def test_who_comes_to_an_item_that_was_taken_back_is_told_where_its_message_is():
    approval = approve(testing.make_pending())
    fresh = services.undo(approval.pk, by=testing.alice(), at=LATER)
    told = rf"#{approval.pk} is withdrawn already .*\. Its message goes on as #{fresh.pk}\.$"
    for act in (
        approve,
        lambda row: services.reject(row.pk, by=testing.alice(), at=LATER, reason="x"),
    ):
        with pytest.raises(Lost, match=told):
            act(approval)


def test_rejecting_needs_a_reason_and_ends_the_message():
    approval = testing.make_pending()
    with pytest.raises(Refused, match="Say why"):
        services.reject(approval.pk, by=testing.alice(), at=LATER, reason=" ")
    services.reject(approval.pk, by=testing.alice(), at=LATER, reason="Too pushy")
    draft = Draft.objects.get()
    assert (draft.status, draft.status_reason) == ("rejected", "Too pushy")


def test_requesting_changes_returns_the_message_with_feedback():
    approval = testing.make_pending()
    services.return_(approval.pk, by=testing.alice(), at=LATER, feedback="Shorter, please")
    draft = Draft.objects.get()
    assert (draft.status, draft.status_reason) == ("draft", "Shorter, please")
    again = submission.submit(draft.pk, by=testing.bob(), at=LATER).approval
    assert again.pk != approval.pk


def test_undo_opens_a_new_round():
    approval = approve(testing.make_pending())
    fresh = services.undo(approval.pk, by=testing.alice(), at=LATER)
    assert fresh.pk != approval.pk
    assert Approval.objects.get(pk=approval.pk).status == "withdrawn"
    assert Draft.objects.get().status == "pending_approval"


def test_what_is_being_sent_cannot_be_undone_rejected_or_expired():
    approval = approve(testing.make_pending())
    Approval.objects.filter(pk=approval.pk).update(taken_at=LATER)
    for act in (
        lambda: services.undo(approval.pk, by=testing.alice(), at=LATER),
        lambda: services.reject(approval.pk, by=testing.alice(), at=LATER, reason="no"),
        lambda: services.return_(approval.pk, by=testing.alice(), at=LATER, feedback="no"),
    ):
        with pytest.raises(Lost, match="being sent now"):
            act()
    assert expiry.expire_due(at=LATER + timedelta(days=30)) == 0


def test_pending_rounds_expire_unanswered_and_given_ones_unsent():
    waiting = testing.make_pending()
    given = approve(testing.make_pending())
    assert expiry.expire_due(at=WORKDAY + timedelta(hours=71)) == 0
    assert expiry.expire_due(at=WORKDAY + timedelta(hours=73)) == 2
    assert Approval.objects.get(pk=waiting.pk).closed_reason == "unanswered"
    assert Approval.objects.get(pk=given.pk).closed_reason == "unsent"
    assert set(Draft.objects.values_list("status", flat=True)) == {"draft"}


def test_a_passed_scheduled_time_needs_a_new_one():
    approval = testing.make_pending(scheduled_for=WORKDAY + timedelta(minutes=1))
    with pytest.raises(Refused, match="has passed"):
        approve(approval)
    given = approve(approval, scheduled_for=LATER + timedelta(hours=1))
    assert given.due_at == LATER + timedelta(hours=1)
    assert given.send_before == LATER + timedelta(hours=73)


@pytest.mark.parametrize("asked_for", [WORKDAY + timedelta(minutes=1), WORKDAY + timedelta(days=2)])
def test_a_scheduled_time_can_be_removed_also_one_that_has_passed(asked_for):
    approval = testing.make_pending(scheduled_for=asked_for)
    with pytest.raises(Refused, match="or remove the time, not both"):
        approve(approval, scheduled_for=LATER + timedelta(hours=1), no_time=True)
    given = approve(approval, no_time=True)
    given.refresh_from_db()
    assert given.scheduled_for is None and given.not_before is None
    assert given.due_at < LATER + timedelta(minutes=1)
    assert given.send_before == LATER + timedelta(hours=72)


def test_another_time_alone_is_told_in_the_log_and_never_set_after_a_decision(monkeypatch):
    approval = testing.make_pending()
    words = drafts.Text(subject=approval.revision.subject, text=approval.revision.text)
    how = {"by": testing.alice(), "at": LATER, "digest": approval.digest}
    services.edit(approval.pk, words, scheduled_for=LATER + timedelta(hours=1), **how)
    services.edit(approval.pk, words, scheduled_for=LATER + timedelta(hours=1), **how)
    told = Activity.objects.get(verb="approvals.retimed")
    assert told.codes == {"time": (LATER + timedelta(hours=1)).isoformat()}
    read = items.pending(approval.pk, how["by"], LATER)
    approve(approval)
    monkeypatch.setattr("approvals.items.pending", lambda *_: read)  # as whoever read it before
    with pytest.raises(Lost, match="approved already"):
        services.edit(approval.pk, words, no_time=True, **how)
    approval.refresh_from_db()
    assert approval.scheduled_for == LATER + timedelta(hours=1)


def test_what_the_list_tells_of_a_hold_follows_the_time_the_words_and_the_purpose():
    night, at = WORKDAY.replace(day=12, hour=3), WORKDAY.replace(hour=19)
    item = testing.make_pending(scheduled_for=night)
    how = {"by": testing.alice(), "at": at}

    def told():
        row = queue.readable(Approval.objects.filter(pk=item.pk)).get()
        assert row.decision["would_leave_at"] == max(at, row.not_before or at).isoformat()
        return holds.hold(row, at).removesuffix(" workspace time")

    def save(text, **time):
        digest = Approval.objects.get(pk=item.pk).digest
        return services.edit(
            item.pk, drafts.Text(subject="Minutes", text=text), digest=digest, **how, **time
        )

    assert told() == "Thu 12 Mar 08:00"
    save("Here are the minutes.", scheduled_for=at + timedelta(hours=1))
    assert told() == "Wed 11 Mar 20:00"
    save("Here are the minutes.", scheduled_for=night + timedelta(days=1))
    assert told() == "Fri 13 Mar 08:00"
    same = save("Here are the minutes of Monday.")
    assert told() == "Fri 13 Mar 08:00", "judged for the time that its round asks for"
    services.edit(
        item.pk, drafts.Text(subject="Minutes", text=same.revision.text), digest=same.digest,
        no_time=True, **how,
    )  # fmt: skip
    assert told() == ""
    purposes.advertise(item.pk, digest=same.digest, **how)
    assert told() == "Thu 12 Mar 09:00"


@pytest.mark.parametrize(("words", "why"), [
    ("Write to carla.miller@elsewhere.org.", "contains personal data"),
    ("You need to act now! The minutes are on our page.", "the rules rewrote the text"),
])  # fmt: skip
def test_an_edit_raises_the_priority_that_its_words_ask_for_and_lowers_none(words, why):
    item = testing.make_pending(testing.make_person(name="Anna Ames"), confidence=95)
    assert item.priority == Priority.NORMAL
    for text in (f"Here are the minutes. {words}", "Here are the minutes of Monday."):
        digest = Approval.objects.get(pk=item.pk).digest
        typed = drafts.Text(subject="Minutes", text=text)
        services.edit(item.pk, typed, by=testing.alice(), at=LATER, digest=digest)
        item.refresh_from_db()
        assert item.priority == Priority.HIGH
        assert item.priority_reasons.count(why) == 1


def test_an_edit_approved_without_the_time_leaves_as_soon_as_it_may():
    approval = testing.make_pending(scheduled_for=WORKDAY + timedelta(days=2))
    words = drafts.Text(subject="Minutes", text="Here are the minutes, Anna.")
    given = services.edit_and_approve(
        approval.pk, words, by=testing.alice(), at=LATER, digest=approval.digest, no_time=True
    )
    assert given.is_given and given.scheduled_for is None


@pytest.mark.parametrize("year", [2027, 2062, 9999])
def test_a_time_more_than_a_year_away_is_a_slip_of_the_pen(year):
    approval = testing.make_pending()
    far = LATER.replace(year=year) + timedelta(days=20)
    with pytest.raises(Refused, match="between now and a year from now"):
        approve(approval, scheduled_for=far)
    assert Approval.objects.get().status == "pending"
    assert approve(approval, scheduled_for=LATER + timedelta(days=366)).is_given


def test_a_blocked_person_is_not_approved():
    approval = testing.make_pending()
    person = approval.human
    person.status, person.status_reason, person.status_at = "desist", "asked", LATER
    person.save()
    with pytest.raises(Refused, match="They do not want to be written to"):
        approve(approval)


def test_every_decision_is_told_in_the_log():
    approval = testing.make_pending()
    approve(approval)
    verbs = list(activity.of(approval).values_list("verb", flat=True))
    assert verbs == ["approvals.requested", "approvals.approved"]
    assert activity.of(approval).last().digest == approval.digest


def test_only_one_open_round_per_message():
    from django.db import IntegrityError, transaction

    approval = testing.make_pending()
    copy = rounds._again(approval, reason="undone", at=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()


def test_what_was_asked_for_at_night_is_approved_with_others_by_day():
    """Agents write while reviewers sleep; the hour of asking is no finding about the text."""
    testing.make_workspace(time_zone="Europe/Zurich")
    night = WORKDAY.replace(hour=2)
    row = testing.make_pending(confidence=95, at=night)
    Approval.objects.filter(pk=row.pk).update(priority=Priority.LOW)
    listed = Approval.objects.get(pk=row.pk)
    assert "TIME_CHECK" in [
        f["check"] for f in listed.decision["findings"] if f["status"] == "warn"
    ]
    assert bulk.why_not(listed, at=night) == "it is held until Wed 11 Mar 08:00 workspace time"
    assert bulk.why_not(listed, at=WORKDAY) == ""
    with pytest.raises(Refused, match="Quiet hours violation"):
        services.approve(row.pk, by=testing.alice(), at=night, digest=row.digest, in_bulk=True)
    assert services.approve(row.pk, by=testing.alice(), at=WORKDAY, digest=row.digest, in_bulk=True)


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("widened", [False, True])
def test_low_goes_together_normal_where_an_admin_widened_it_and_no_higher_ever(priority, widened):
    row = testing.make_pending(confidence=95)
    Workspace.objects.update(bulk_approves_normal=widened)
    Approval.objects.filter(pk=row.pk).update(priority=priority, not_before=None)
    how = {"by": testing.alice(), "at": WORKDAY, "digest": row.digest, "in_bulk": True}
    if priority == Priority.LOW or (widened and priority == Priority.NORMAL):
        assert services.approve(row.pk, **how).status == "approved"
        return
    with pytest.raises(Refused, match=f"{priority.label}, not low{' or normal' * widened}[.]$"):
        services.approve(row.pk, **how)
    assert Approval.objects.get(pk=row.pk).status == "pending"


def test_what_was_widened_and_is_no_more_when_it_is_decided_needs_a_look_of_its_own():
    row = testing.make_pending(confidence=95)
    Workspace.objects.update(bulk_approves_normal=True)
    Approval.objects.filter(pk=row.pk).update(priority=Priority.NORMAL, not_before=None)
    assert bulk.why_not(Approval.objects.get(pk=row.pk), at=WORKDAY) == ""
    Workspace.objects.update(bulk_approves_normal=False)
    with pytest.raises(Refused, match="its priority is normal, not low"):
        services.approve(row.pk, by=testing.alice(), at=WORKDAY, digest=row.digest, in_bulk=True)


def test_what_rose_in_the_queue_meanwhile_is_not_approved_with_others():
    row = testing.make_pending(confidence=95)
    Approval.objects.filter(pk=row.pk).update(priority=Priority.LOW, not_before=None)
    listed = Approval.objects.get(pk=row.pk)
    assert bulk.why_not(listed, at=WORKDAY) == ""
    Approval.objects.filter(pk=row.pk).update(priority=Priority.CRITICAL)  # they complained
    how = {"by": testing.alice(), "at": WORKDAY, "digest": listed.digest}
    with pytest.raises(Refused, match="its priority is critical, not low"):
        services.approve(row.pk, in_bulk=True, **how)
    assert Approval.objects.get(pk=row.pk).status == "pending"
    assert services.approve(row.pk, **how).status == "approved"
