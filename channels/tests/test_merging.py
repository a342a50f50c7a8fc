"""Two records become one human being and come apart again; nothing is lost, no stop is loosened."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from approvals.models import Approval
from channels import inbound, manual, merging, receiving, registry, sending, stop
from channels.adapters.memory import MemoryAdapter
from channels.incoming import Incoming
from channels.models import Delivery, DeliveryStatus
from outreach import testing
from outreach.core import consent, history, inbox, suppression
from outreach.core.merging import MergeRefused, compare, tell_apart
from outreach.core.models import Activity, Contact, CoolingOff, Duplicate, Merge, Person, Role
from outreach.core.people import PersonRefused, add_address, rest
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from safety import known

pytestmark = pytest.mark.django_db
AT = testing.WORKDAY
LATER = AT + timedelta(hours=1)


@pytest.fixture
def pair():
    kept = testing.make_person(name="Anna Meier", position="CFO", country="CH")
    other = testing.make_person(name="A. Meier", position="Head of Finance", notes="likes tea")
    return kept, other


def fields(person):
    row = Person.objects.filter(pk=person.pk).values().get()
    return {name: value for name, value in row.items() if name != "updated_at"}


def test_fields_are_shown_side_by_side(pair):
    found = {row.name: (row.kept, row.merged, row.differs, row.fills) for row in compare(*pair)}
    assert found == {
        "full_name": ("Anna Meier", "A. Meier", True, False),
        "position": ("CFO", "Head of Finance", True, False),
        "country": ("CH", "", False, False),
        "notes": ("", "likes tea", False, True),
    }


def test_what_is_empty_is_filled_and_what_differs_stays_unless_chosen(pair):
    kept, other = pair
    merging.merge(kept, other, take=["position"], by=testing.bob(), at=AT)
    kept.refresh_from_db()
    other.refresh_from_db()
    assert (kept.full_name, kept.position, kept.notes) == (
        "Anna Meier", "Head of Finance", "likes tea",
    )  # fmt: skip
    assert (other.merged_into_id, other.position) == (kept.pk, "Head of Finance")
    assert Activity.objects.get(verb="people.merged").codes["fields"] == ["position", "notes"]


def test_undoing_gives_both_records_back_as_they_were(pair):
    kept, other = pair
    before = fields(kept), fields(other)
    row = merging.merge(kept, other, take=["position", "full_name"], by=testing.bob(), at=AT)
    merging.undo(row, by=testing.bob(), at=LATER)
    assert (fields(kept), fields(other)) == before
    with pytest.raises(MergeRefused, match="undone already"):
        merging.undo(row, by=testing.bob(), at=LATER)


def test_what_was_changed_by_hand_since_stays(pair):
    kept, other = pair
    row = merging.merge(kept, other, take=["position"], by=testing.bob(), at=AT)
    Person.objects.filter(pk=kept.pk).update(position="CEO")
    merging.undo(row, by=testing.bob(), at=LATER)
    kept.refresh_from_db()
    assert (kept.position, kept.notes) == ("CEO", "")


def test_contacts_and_rests_follow_the_human_being_and_come_back(pair):
    kept, other = pair
    draft = testing.make_draft(other)
    Contact.objects.create(
        workspace=kept.workspace, human=other, channel="email", direction="out", at=AT,
        draft=draft, key="one",
    )  # fmt: skip
    rest(other, CoolingOff.Cause.DAILY_LIMIT, at=AT, until=LATER)
    row = merging.merge(kept, other, by=testing.bob(), at=AT)
    assert Contact.objects.get().human == CoolingOff.objects.get().human == kept
    second = testing.make_draft(other)
    Contact.objects.create(
        workspace=kept.workspace, human=kept, channel="email", direction="out", at=AT,
        draft=second, key="two",
    )  # fmt: skip
    merging.undo(row, by=testing.bob(), at=LATER)
    assert {contact.human for contact in Contact.objects.all()} == {other}
    assert CoolingOff.objects.get().human == other


def test_a_rest_that_began_while_they_were_one_holds_for_both(live, pair):
    kept, other = pair
    add_address(other.workspace, other, "linkedin", "linkedin.com/in/anna")
    merge = merging.merge(kept, other, by=testing.bob(), at=AT)
    for number in range(2):
        text = f"Here are the minutes of meeting {number}, as agreed."
        given = testing.make_approved(other, channel="linkedin", subject="", text=text)
        manual.mark_sent(given.pk, by=testing.alice(), at=LATER)
    merge.refresh_from_db()
    merging.undo(merge, by=testing.bob(), at=LATER + timedelta(hours=1))
    until = LATER + timedelta(hours=24)
    assert sorted(CoolingOff.objects.values_list("human", "until")) == sorted(
        [(kept.pk, until), (other.pk, until)]
    )


def test_what_was_sent_by_hand_before_a_merge_counts_for_the_human_being(live, pair):
    """A stop closed its round before the two records became one: such a round follows nobody."""
    kept, other = pair
    approval = testing.make_approved(other)
    stop.emergency_stop(workspace=None, reason="wrong list", by=testing.olaf(), clock=lambda: AT)
    merging.merge(kept, other, by=testing.bob(), at=LATER)
    assert history.touch_for(kept.pk) == "initial"
    manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    assert Delivery.objects.get().human == Contact.objects.get().human == kept
    assert history.touch_for(kept.pk) == "follow_up"


def test_a_chain_of_duplicates_points_at_one_record_and_comes_apart(pair):
    kept, other = pair
    third = testing.make_person(name="Anna M.")
    merging.merge(other, third, by=testing.bob(), at=AT)
    row = merging.merge(kept, Person.objects.get(pk=other.pk), by=testing.bob(), at=LATER)
    third.refresh_from_db()
    assert third.merged_into_id == kept.pk
    merging.undo(row, by=testing.bob(), at=LATER)
    third.refresh_from_db()
    assert third.merged_into_id == other.pk


@pytest.mark.parametrize("status", ["desist", "blocked"])
@pytest.mark.parametrize("stopped", [0, 1])
def test_the_stricter_standing_counts_and_what_waits_is_rejected(pair, status, stopped):
    pending = [testing.make_pending(person) for person in pair]
    Person.objects.filter(pk=pair[stopped].pk).update(
        status=status, status_reason="asked", status_at=AT
    )
    row = merging.merge(*pair, by=testing.bob(), at=AT)
    assert Person.objects.get(pk=pair[0].pk).status == status
    assert set(Approval.objects.values_list("status", flat=True)) == {"rejected"}
    assert len(pending) == 2
    if stopped == 1:
        with pytest.raises(NotAllowed):  # taking a stop back is a reviewer's
            merging.undo(row, by=testing.bob(), at=LATER)
    merging.undo(row, by=testing.alice(), at=LATER)
    assert [Person.objects.get(pk=p.pk).status for p in pair] == [
        status if index == stopped else "active" for index in (0, 1)
    ]


@pytest.mark.parametrize(("kept", "merged"), [(0, 1), (1, 0)])
def test_the_newer_of_two_requests_to_stop_counts_before_one_is_lifted(pair, kept, merged):
    """Whichever record is kept, 72 h pass from the last time the human being asked."""
    how = {"reason": "asked", "by": testing.alice()}
    stop.stop_person(pair[0], "desist", at=AT - timedelta(days=10), **how)
    stop.stop_person(pair[1], "desist", at=AT - timedelta(hours=1), **how)
    records = [Person.objects.get(pk=person.pk) for person in pair]
    merging.merge(records[kept], records[merged], by=testing.alice(), at=AT)
    how["reason"] = "agreed"
    last = AT + timedelta(hours=71)
    human = Person.objects.get(pk=pair[kept].pk)
    with pytest.raises(PersonRefused, match="lifted from"):
        stop.lift_person(human, at=last - timedelta(seconds=1), **how)
    stop.lift_person(human, at=last, **how)


def test_a_stop_asked_for_while_they_were_one_holds_for_both(pair):
    row = merging.merge(*pair, by=testing.bob(), at=AT)
    stop.set_automation(pair[1], False, reason="asked", by=testing.alice(), at=AT)
    merging.undo(row, by=testing.bob(), at=LATER)
    assert not any(Person.objects.values_list("automation_enabled", flat=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("through", [0, 1])
def test_automation_switched_on_again_is_on_for_every_record(live, pair, through):
    kept, other = pair
    testing.make_approved(other, at=AT)
    stop.set_automation(other, False, reason="on holiday", by=testing.alice(), at=AT)
    row = merging.merge(kept, Person.objects.get(pk=other.pk), by=testing.alice(), at=AT)
    whom = Person.objects.get(pk=pair[through].pk)
    stop.set_automation(whom, True, reason="back", by=testing.alice(), at=LATER)
    with registry.override("email", MemoryAdapter("email")):
        assert sending.process(clock=lambda: LATER).sent == 1
    MemoryAdapter.reset()
    stop.set_automation(whom, False, reason="away again", by=testing.alice(), at=LATER)
    merging.undo(row, by=testing.alice(), at=LATER)
    assert not Person.objects.filter(automation_enabled=True).exists(), "asked for meanwhile"


def test_automation_switched_on_leaves_another_human_being_alone(pair):
    for person in pair:
        stop.set_automation(person, False, reason="away", by=testing.alice(), at=AT)
    stop.set_automation(pair[0], True, reason="back", by=testing.alice(), at=LATER)
    assert list(Person.objects.filter(automation_enabled=False)) == [pair[1]]


def test_open_approvals_count_for_the_human_being_and_go_back(pair):
    kept, other = pair
    approval = testing.make_pending(other)
    row = merging.merge(kept, other, by=testing.bob(), at=AT)
    approval.refresh_from_db()
    assert approval.human_id == kept.pk
    merging.undo(row, by=testing.bob(), at=LATER)
    approval.refresh_from_db()
    assert approval.human_id == other.pk


def test_what_holds_the_human_being_since_a_merge_holds_both_after_its_undoing(pair):
    """The other record was held already, so that the new reason was written nowhere."""
    kept, other = pair
    stop.set_automation(other, False, reason="on leave", by=testing.alice(), at=AT)
    row = merging.merge(kept, other, by=testing.bob(), at=AT)
    kept.refresh_from_db()
    inbound.hold(kept, inbound.UNCLEAR, at=LATER)
    merging.undo(row, by=testing.alice(), at=LATER)
    for person in pair:
        person.refresh_from_db()
        assert not person.automation_enabled
        assert person.automation_disabled_reason == f"{inbound.UNCLEAR}; off already: on leave"


def test_what_one_agreed_to_while_they_were_merged_is_theirs_alone_after_the_undoing(pair):
    """They were two people after all, and the other never agreed to anything."""
    kept, other = pair
    row = merging.merge(kept, other, by=testing.bob(), at=AT)
    other.refresh_from_db()
    consent.grant(
        other, "email", "opt_in", source="form 12", text_shown="Yes.", by=testing.bob(), at=AT
    )
    assert known.around_of([kept], at=AT).consents[kept.pk]
    merging.undo(row, by=testing.bob(), at=LATER)
    other.refresh_from_db()
    kept.refresh_from_db()
    stands = known.around_of([kept, other], at=LATER).consents
    assert [pk for pk, found in stands.items() if found] == [other.pk]


@pytest.mark.parametrize("flying", [0, 1])
def test_no_merge_and_no_undo_while_a_message_is_being_sent(pair, flying):
    approval = testing.make_approved(pair[flying])
    fields = {"workspace": pair[0].workspace, "approval": approval, "human": pair[flying],
              "channel": "email", "status": DeliveryStatus.SENDING, "since": AT,
              "sender": uuid4(), "place": "here", "boot_id": "b"}  # fmt: skip
    Delivery.objects.create(**fields)
    with pytest.raises(MergeRefused, match="is being sent now"):
        merging.merge(*pair, by=testing.bob(), at=AT)
    assert not Merge.objects.exists()
    Delivery.objects.all().delete()
    row = merging.merge(*pair, by=testing.bob(), at=AT)
    Delivery.objects.create(**{**fields, "human": pair[0]})
    with pytest.raises(MergeRefused, match="is being sent now"):
        merging.undo(row, by=testing.bob(), at=AT)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("blocked", [True, False])
def test_what_was_approved_to_the_others_address_does_not_leave_once_they_are_two(
    live, memory, blocked
):
    kept = testing.make_person(name="Anna Meier")
    other = Person.objects.create(
        workspace=kept.workspace, full_name="A. Meier", first_name="A.", greeting_name="A."
    )
    row = merging.merge(kept, other, by=testing.bob(), at=AT)
    approval = testing.make_approved(Person.objects.get(pk=other.pk))
    assert approval.revision.address == kept.addresses.get().normalised
    merging.undo(row, by=testing.alice(), at=AT)
    kept.refresh_from_db()
    if blocked:
        stop.stop_person(kept, "blocked", reason="a competitor", by=testing.alice(), at=AT)
    sending.process(clock=lambda: AT + timedelta(minutes=1))
    assert memory.outbox == []
    approval.draft.refresh_from_db()
    assert approval.draft.status == "draft"
    assert "belongs to another person by now" in approval.draft.status_reason


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sender", ["theirs", "unknown"])
def test_who_wrote_while_two_were_one_has_written_when_they_are_two(live, memory, pair, sender):
    kept, other = pair
    first = testing.make_approved(other)
    assert sending.process(clock=lambda: AT + timedelta(minutes=1)).sent == 1
    testing.make_approved(
        other, at=AT + timedelta(minutes=2), text="The list of Monday, as agreed."
    )
    row = merging.merge(kept, other, by=testing.bob(), at=AT + timedelta(minutes=3))
    number = f"<{first.draft.uuid}.{first.pk}@example.org>"
    own = other.addresses.get().normalised
    mail = Incoming("email", own if sender == "theirs" else "eve@example.net", "<m1@x>", None,
                    subject="Hello", text="We chose another firm, I am afraid.",
                    answers=() if sender == "theirs" else (number,))  # fmt: skip
    receiving.take_in(mail, at=AT + timedelta(minutes=4))
    merging.undo(row, by=testing.alice(), at=AT + timedelta(minutes=5))
    assert sending.process(clock=lambda: AT + timedelta(minutes=6)).sent == 0
    [told] = inbox.of_human(Person.objects.get(pk=other.pk))
    assert Contact.objects.get(direction="in").human_id == told.person_id == other.pk


@pytest.mark.django_db(transaction=True)
def test_what_the_kept_one_wrote_stays_theirs(pair):
    kept, other = pair
    row = merging.merge(kept, other, by=testing.bob(), at=AT)
    own = kept.addresses.get().normalised
    receiving.take_in(Incoming("email", own, "<m1@x>", None, text="Tuesday suits me."), at=AT)
    merging.undo(row, by=testing.alice(), at=LATER)
    assert Contact.objects.get(direction="in").human_id == kept.pk
    assert inbox.of_human(kept).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_message_to_a_merged_record_goes_to_the_address_of_the_human_being(live, memory):
    kept = testing.make_person(name="Anna Meier")
    other = Person.objects.create(
        workspace=kept.workspace, full_name="A. Meier", first_name="A.", greeting_name="A."
    )
    merging.merge(kept, other, by=testing.bob(), at=AT)
    testing.make_approved(Person.objects.get(pk=other.pk))
    assert sending.process(clock=lambda: AT + timedelta(minutes=1)).sent == 1


def test_a_page_that_shows_old_values_merges_nothing(pair):
    seen = merging.digest(*pair)
    pair[1].notes = "hates tea"
    pair[1].save()
    with pytest.raises(MergeRefused, match="changed meanwhile"):
        merging.merge(*pair, by=testing.bob(), at=AT, seen=seen)


def test_what_cannot_be_merged_is_refused(pair):
    kept, other = pair
    bob = testing.bob()
    elsewhere = testing.make_person(testing.make_workspace("other"))
    for one, two, take, words in [
        (kept, kept, [], "one human being already"),
        (kept, elsewhere, [], "different workspaces"),
        (kept, other, ["status"], "no such field"),
    ]:
        with pytest.raises(MergeRefused, match=words):
            merging.merge(one, two, take=take, by=bob, at=AT)
    with pytest.raises(NotAllowed):
        merging.merge(kept, other, by=testing.carol(), at=AT)


def test_a_suggestion_is_decided_by_merging_undoing_or_telling_apart(pair):
    one, other = pair
    found = Duplicate.objects.create(
        workspace=one.workspace, one=one, other=other, reason="name_company", created_at=AT
    )
    row = merging.merge(other, one, by=testing.bob(), at=AT)
    found.refresh_from_db()
    assert found.decision == "merged"
    merging.undo(row, by=testing.bob(), at=LATER)
    found.refresh_from_db()
    assert found.decision == "different"
    Duplicate.objects.update(decision="open")
    tell_apart(found, by=testing.bob(), at=LATER)
    found.refresh_from_db()
    assert found.decision == "different"


def test_the_command_shows_merges_and_takes_back(pair, settings):
    settings.OUTREACH_USER = ""
    testing.make_user("bob", Role.CREATOR)

    def run(*words):
        out = io.StringIO()
        call_command("merge_people", *(str(person.uuid) for person in pair), *words, stdout=out)
        return out.getvalue()

    assert "position: 'Head of Finance' counts, 'CFO' does not" in run(
        "--take", "position", "--dry-run"
    )
    assert not Merge.objects.exists()
    assert "notes: filled with 'likes tea'" in run()
    with pytest.raises(CommandError, match="one human being already"):
        run()
    for words in (("--dry-run",), ("--take", "position")):
        with pytest.raises(CommandError, match="--undo takes neither --dry-run nor --take"):
            run("--undo", *words)
    assert Merge.objects.get().undone_at is None
    assert "two people again" in run("--undo")
    with pytest.raises(CommandError, match="is not merged into"):
        run("--undo")


def test_an_opt_out_of_one_record_holds_the_addresses_of_the_other(pair):
    kept, other = pair
    mine, theirs = kept.addresses.get(), other.addresses.get()
    by = Principal.system("test")
    suppression.suppress(
        kept.workspace, "email", theirs.normalised, reason="unsubscribe", by=by, at=AT
    )
    merging.merge(kept, other, by=testing.bob(), at=LATER)
    assert suppression.is_suppressed(kept.workspace, "email", mine.normalised)
