"""A second look at what rules approved: drawn by chance, at least one a day, changing nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.deletion import ProtectedError

from approvals import digest, preflight, recheck_figures, rechecking, services
from approvals.errors import Lost, Refused
from approvals.models import Approval, Recheck
from outreach import testing
from outreach.core.models import Activity, Revision, Workspace
from outreach.core.permissions import SCOPES, NotAllowed
from outreach.core.principal import Principal
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def by_rule(at=WORKDAY, *, by=None, place=None):
    """Approved as the rules approve; how they come to it is asked in `test_auto`."""
    row = testing.make_pending(testing.make_person(place), by=by)
    admin = testing.dora().user
    Approval.objects.filter(pk=row.pk).update(
        status="auto_approved", decided_by=admin, decided_by_label="SYSTEM for Dora",
        decided_at=at, due_at=at, send_before=at + 3 * DAY,
    )  # fmt: skip
    return row


def drawn():
    return set(Recheck.objects.values_list("approval", flat=True))


def put(at=WORKDAY, **fields):
    """Drawn, whatever its score."""
    row = by_rule(at, **fields)
    return Recheck.objects.create(workspace=row.workspace, approval=row, drawn_at=at)


def say(recheck, *, yes=True, by=None, at=WORKDAY, reason=""):
    who = by or testing.alice()
    return rechecking.answer(recheck.pk, would_approve=yes, by=who, at=at, reason=reason)


def share(percent):
    testing.make_workspace(recheck_percent=percent)


# --- The draw ------------------------------------------------------------------------------------


def test_a_share_is_drawn_by_a_digest_and_again_the_same(monkeypatch):
    share(25)
    rows = [by_rule() for _ in range(8)]
    scores = {row.pk: number * rechecking.WHOLE // 8 for number, row in enumerate(rows)}
    monkeypatch.setattr(rechecking, "score", lambda pk, digest: scores[pk])
    assert rechecking.draw_due(at=WORKDAY) == 2
    assert drawn() == {rows[0].pk, rows[1].pk}
    assert rechecking.draw_due(at=WORKDAY + timedelta(minutes=10)) == 0


def test_the_whole_share_draws_everything_and_only_what_rules_approved():
    share(100)
    row = by_rule()
    testing.make_pending()
    testing.make_approved()
    rechecking.draw_due(at=WORKDAY)
    assert drawn() == {row.pk}


def test_the_score_needs_the_secret_and_is_spread_evenly(settings):
    before = [rechecking.score(pk, "v1:same") for pk in range(2000)]
    assert before == [rechecking.score(pk, "v1:same") for pk in range(2000)]
    low = sum(number * 100 < 5 * rechecking.WHOLE for number in before)
    assert 60 < low < 140  # of 2000, 100 are expected
    settings.SECRET_KEY = "another"
    assert before[0] != rechecking.score(0, "v1:same")


def test_a_day_that_is_over_has_at_least_one_and_its_lowest(monkeypatch):
    rows = [by_rule() for _ in range(3)]
    scores = dict(zip([row.pk for row in rows], (7, 3, 9), strict=True))
    monkeypatch.setattr(rechecking, "score", lambda pk, digest: rechecking.WHOLE - scores[pk])
    assert rechecking.draw_due(at=WORKDAY + timedelta(hours=3)) == 0
    assert rechecking.draw_due(at=WORKDAY + DAY) == 1
    assert drawn() == {rows[2].pk}
    assert rechecking.draw_due(at=WORKDAY + 2 * DAY) == 0


def test_a_day_is_the_workspaces_own(monkeypatch):
    monkeypatch.setattr(rechecking, "score", lambda pk, digest: rechecking.WHOLE - 1)
    testing.make_workspace(time_zone="Pacific/Auckland")  # 13 hours ahead: their day ends at 11:00
    row = by_rule()
    assert rechecking.draw_due(at=WORKDAY + timedelta(minutes=59)) == 0
    assert rechecking.draw_due(at=WORKDAY + timedelta(hours=1)) == 1
    assert drawn() == {row.pk}


def test_a_scheduler_that_slept_for_days_draws_every_day_it_missed(monkeypatch):
    monkeypatch.setattr(rechecking, "score", lambda pk, digest: rechecking.WHOLE - 1)
    for days in range(5):
        by_rule(WORKDAY + days * DAY)
    assert rechecking.draw_due(at=WORKDAY + 5 * DAY) == 5


def test_what_was_taken_back_is_not_drawn_and_needs_no_answer():
    share(100)
    gone = by_rule()
    Approval.objects.update(status="withdrawn")
    assert rechecking.draw_due(at=WORKDAY) == 0
    row = Recheck.objects.create(workspace=gone.workspace, approval=gone, drawn_at=WORKDAY)
    assert not rechecking.waiting().exists()
    with pytest.raises(Lost, match="needs no second look"):
        say(row)


def test_what_was_erased_cannot_be_read_and_does_not_wait():
    row = put()
    assert rechecking.waiting().get() == row
    testing.unguard()  # rolled back with the test
    Revision.objects.update(erased_at=WORKDAY)
    assert not rechecking.waiting().exists()


# --- The answer ----------------------------------------------------------------------------------


def test_an_answer_is_kept_told_and_changes_no_message():
    row = put()
    before = Approval.objects.values().get()
    say(row, yes=False, reason=" Too bold ")
    row.refresh_from_db()
    assert (row.would_approve, row.reason, row.answered_by_label) == (False, "Too bold", "Alice")
    assert Approval.objects.values().get() == before
    told = Activity.objects.get(verb="approvals.rechecked")
    assert told.codes == {"would_approve": False} and told.object_id == str(row.approval_id)
    assert "Too bold" not in str(told.codes)


def test_a_no_needs_a_reason_and_a_second_answer_is_told_of_the_first():
    row = put()
    with pytest.raises(Refused, match="Say why"):
        say(row, yes=False, reason="  ")
    say(row)
    with pytest.raises(Lost, match=r"Alice has looked at #\d+ already .* would have approved it"):
        say(row, yes=False, by=testing.dora(), reason="No")
    assert Activity.objects.filter(verb="approvals.rechecked").count() == 1


def test_an_answer_that_came_between_is_not_overwritten(monkeypatch):
    row = put()
    real = rechecking.require

    def meanwhile(*given):
        real(*given)
        monkeypatch.setattr(rechecking, "require", real)
        say(row, by=testing.dora())

    testing.alice(), testing.dora()
    monkeypatch.setattr(rechecking, "require", meanwhile)
    with pytest.raises(Lost, match="Dora has looked"):
        say(row, yes=False, reason="No")
    row.refresh_from_db()
    assert row.would_approve is True


def test_neither_agents_nor_the_system_nor_lesser_roles_nor_strangers_answer():
    row, other = put(), testing.make_workspace("other")
    stranger = Principal.of_user(testing.make_user("oscar", "admin", other))
    lesser = (testing.bob(), testing.carol(), stranger, testing.olaf())
    for who in (*lesser, testing.make_agent(None, *SCOPES), Principal.system("job")):
        with pytest.raises(NotAllowed):
            say(row, by=who)
    assert not Recheck.objects.filter(answered_at__isnull=False).exists()
    with pytest.raises(Refused, match="There is no second look"):
        rechecking.answer(row.pk + 1, would_approve=True, by=testing.alice(), at=WORKDAY)


@pytest.mark.parametrize(
    "fields",
    [
        {"would_approve": True},
        {"answered_at": WORKDAY},
        {"would_approve": False, "answered_at": WORKDAY, "answered_by": True},
    ],
)
def test_the_database_refuses_an_answer_by_nobody_or_a_no_without_words(fields):
    row = put()
    if "answered_by" in fields:
        fields = {**fields, "answered_by": testing.alice().user}
    with pytest.raises(IntegrityError), transaction.atomic():
        Recheck.objects.filter(pk=row.pk).update(**fields)


def test_a_looked_at_approval_cannot_be_deleted():
    row = put()
    with pytest.raises(ProtectedError):
        row.approval.delete()


# --- What it tells -------------------------------------------------------------------------------


def answered(yes, no, **fields):
    for number in range(yes + no):
        say(put(**fields), yes=number < yes, reason="No")


@pytest.mark.parametrize(
    ("yes", "no", "warns"),
    [(0, 0, False), (0, 1, False), (0, 2, True), (18, 2, True), (19, 2, False)],
)
def test_a_warning_needs_two_and_a_tenth(yes, no, warns):
    found = recheck_figures.Overrides(yes + no, no)
    assert found.warns is warns


def test_rates_by_workspace_by_agent_and_by_reader_over_thirty_days():
    one, two = testing.make_agent(), testing.make_agent()
    answered(3, 1, by=one)
    answered(1, 0, by=two)
    answered(1, 0)  # a colleague's: of no agent
    other = testing.make_workspace("other")
    say(put(place=other), by=testing.alice(other))
    here = testing.make_workspace()
    found = recheck_figures.of_workspaces([here.pk], at=WORKDAY + DAY)
    assert found.by_place[here.pk].sentence == (
        "1 of 6 messages approved by rule that were looked at again would not have been approved "
        "by a person (16 %), in 30 days."
    )
    rates = [(name, each.against, each.looked) for name, each in recheck_figures.by_name(found)]
    assert rates == sorted([(one.label, 1, 4), (two.label, 0, 1)])
    assert found.by_reader[testing.alice().user.pk].looked == 6
    later = recheck_figures.of_workspace(here.pk, at=WORKDAY + 31 * DAY)
    assert "Nobody has looked again" in later.sentence


def test_the_checklist_names_it_only_where_people_disagree():
    place = testing.make_workspace()
    answered(0, 1)
    keys = {item.key for item in preflight.checklist(place, at=WORKDAY)}
    assert "second_looks" not in keys
    answered(0, 1)
    [item] = [each for each in preflight.checklist(place, at=WORKDAY) if each.key == "second_looks"]
    assert not item.is_met and "2 of 2" in item.sentence


def test_reviewers_are_told_by_the_digest():
    place = testing.make_workspace()
    assert digest.daily(place, at=WORKDAY) == []
    put()
    assert "1 approved by rule wait for a second look (Look again)." in digest.daily(
        place, at=WORKDAY
    )
    assert any("Nobody has looked again" in line for line in digest.weekly(place, at=WORKDAY))


@pytest.mark.parametrize("percent", [0, 101])
def test_the_share_is_one_to_a_hundred(percent):
    place = Workspace.objects.get(slug="default")
    place.recheck_percent = percent
    with pytest.raises(ValidationError):
        place.full_clean()


def test_real_approvals_by_rule_are_drawn(live):
    """From an agent's request to the list, by the ways that real ones take."""
    from approvals.tests.test_auto import propose

    testing.make_workspace(
        safe_mode=False, auto_approve_by=testing.dora().user, recheck_percent=100
    )
    row = propose()
    assert rechecking.draw_due(at=datetime(2026, 3, 11, 10, 10, tzinfo=UTC)) == 1
    look = Recheck.objects.get()
    assert look.approval_id == row.pk
    services.undo(row.pk, by=testing.alice(), at=WORKDAY)
    assert not rechecking.waiting().exists()
