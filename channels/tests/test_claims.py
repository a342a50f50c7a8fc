"""One colleague at a time copies an approved message: no person gets it twice by two hands."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta

import pytest
from django.db import connection

from approvals import services
from approvals.models import Approval
from channels import claims, manual, registry, stop, tasks
from channels.adapters.memory import MemoryAdapter
from channels.models import Claim
from outreach import testing
from outreach.core import people
from outreach.core.models import Activity, Channel, Person
from outreach.core.people import add_address
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from safety.models import ControlKey

pytestmark = pytest.mark.django_db
NOW = WORKDAY + timedelta(minutes=5)


def make(**more):
    person = testing.make_person(name="Ana Bell")
    add_address(person.workspace, person, Channel.LINKEDIN, "https://www.linkedin.com/in/ana-bell")
    return testing.make_approved(person, channel=Channel.LINKEDIN, subject="", **more)


def sees(item, who: Principal, *, at=NOW) -> tuple[bool, str]:
    """Whether the text is there to copy, and what is said of a claim."""
    claim = claims.held([item.draft_id], by=who, at=at).get(item.draft_id)
    offer, told = claims.offer(item, claim, at=at)
    return bool(offer.text), told.sentence if told else ""


BY_ITSELF = (
    "Hidden: the program sends this by itself, and it would reach them twice. To write it "
    "yourself, switch automation off for the person first. If you did write, you can still record "
    "it."
)
SAID = "{} copied this {} and {} not said yet whether it was sent."


@pytest.mark.parametrize(
    ("who", "minutes", "text", "told"),
    [
        (testing.alice, 0, True, SAID.format("You", "just now", "have")),
        (testing.alice, 2, True, SAID.format("You", "2 min ago", "have")),
        (testing.dora, 2, False, SAID.format("Alice", "2 min ago", "has")),
        (testing.carol, 29, False, SAID.format("Alice", "29 min ago", "has")),
        (testing.dora, 30, True, ""),
        (testing.alice, 30, True, ""),
    ],
)
@pytest.mark.once  # what is seen is settled on both by the thread test below
def test_who_sees_what_after_one_copied_it(who, minutes, text, told):
    item, other = make(), testing.make_approved()
    claims.take(other.pk, by=testing.dora(), at=NOW)
    given = claims.take(item.pk, by=testing.alice(), at=NOW)
    assert given == f"#{item.pk} is yours for 30 minutes: copy it, send it, then mark it as sent."
    assert set(claims.held([other.draft_id], by=who(), at=NOW)) == {other.draft_id}
    at = NOW + timedelta(minutes=minutes)
    assert sees(item, who(), at=at) == (text, told)
    if not text:
        claim = claims.held([item.draft_id], by=who(), at=at)[item.draft_id]
        assert claims.offer(item, claim, at=at) == (manual.HandOff("", "", ""), claim)


def test_another_copies_nothing_while_it_is_fresh_and_all_of_it_after():
    item, dora = make(), testing.dora()
    claims.take(item.pk, by=testing.alice(), at=NOW)
    with pytest.raises(manual.HandOffRefused, match=r"^Nothing was copied\. Alice copied this"):
        claims.take(item.pk, by=dora, at=NOW + timedelta(minutes=29))
    claims.take(item.pk, by=dora, at=NOW + timedelta(minutes=30))
    assert Claim.objects.get().user == dora.user


def test_whoever_takes_it_over_is_in_the_log_and_no_third_one_loses_it_unseen():
    item, alice, dora = make(), testing.alice(), testing.dora()
    third = Principal.of_user(testing.make_user("rita", "reviewer", item.workspace))
    claims.take(item.pk, by=alice, at=NOW)
    claims.take(item.pk, by=dora, at=NOW, over=alice.user.pk)
    told = Activity.objects.get(verb="channels.claim_taken_over")
    assert (told.by_id, told.digest) == (dora.id, item.digest)
    assert told.codes == {"from_user": alice.user.pk}
    with pytest.raises(manual.HandOffRefused, match="Dora copied this"):
        claims.take(item.pk, by=third, at=NOW, over=alice.user.pk)
    assert Claim.objects.get().user == dora.user


@pytest.mark.once  # rights and offers know no database
def test_a_claim_needs_the_right_a_person_and_a_text_that_may_be_copied():
    item = make()
    with pytest.raises(NotAllowed):
        claims.take(item.pk, by=testing.carol(), at=NOW)
    with pytest.raises(manual.HandOffRefused, match=r"^Only a person sends a message by hand\.$"):
        claims.take(item.pk, by=Principal.system("job"), at=NOW)
    with pytest.raises(manual.HandOffRefused, match="There is no approval #0"):
        claims.take(0, by=testing.alice(), at=NOW)
    services.reject(item.pk, by=testing.alice(), at=NOW, reason="Wrong week.")
    with pytest.raises(manual.HandOffRefused, match="No longer approved"):
        claims.take(item.pk, by=testing.alice(), at=NOW)
    assert not Claim.objects.exists()


def test_a_round_approved_anew_is_the_same_letter():
    item, alice, dora = make(), testing.alice(), testing.dora()
    claims.take(item.pk, by=alice, at=NOW)
    fresh = services.undo(item.pk, by=dora, at=NOW)
    services.approve(fresh.pk, by=dora, at=NOW, digest=fresh.digest, undo_seconds=0)
    with pytest.raises(manual.HandOffRefused, match="Alice copied this"):
        claims.take(fresh.pk, by=dora, at=NOW)
    claims.take(fresh.pk, by=dora, at=NOW, over=alice.user.pk)
    assert Claim.objects.get().approval_id == fresh.pk


@pytest.mark.parametrize("who", [testing.alice, testing.dora])
def test_either_may_say_that_it_was_sent_and_that_ends_the_claim(who):
    item = make()
    claims.take(item.pk, by=testing.alice(), at=NOW)
    assert manual.mark_sent(item.pk, by=who(), at=NOW) == ""
    assert not Claim.objects.exists()


def test_the_job_forgets_who_copied_what_after_a_day(time_machine):
    item = make()
    claims.take(item.pk, by=testing.alice(), at=NOW)
    for after, left in ((timedelta(hours=23), 1), (timedelta(hours=24), 0)):
        time_machine.move_to(NOW + after)
        tasks.return_by_hand()
        assert Claim.objects.count() == left
    claims.take(item.pk, by=testing.alice(), at=NOW)
    assert [claims.forget(at=NOW + timedelta(days=1)) for _ in range(2)] == [1, 0]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_copy_at_once_one_wins(monkeypatch):
    item, results = make(), []
    both, keep = threading.Barrier(2), claims._keep

    def keep_together(*args):
        """Whoever found it free waits a moment for the other to find the same."""
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.3)
        keep(*args)

    def copy(by: Principal) -> None:
        try:
            claims.take(item.pk, by=by, at=NOW)
            results.append(by.user.pk)
        except manual.HandOffRefused as no:
            results.append(str(no))
        finally:
            connection.close()

    monkeypatch.setattr(claims, "_keep", keep_together)
    who = [testing.alice(), testing.dora()]
    threads = [threading.Thread(target=copy, args=[by]) for by in who]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = Claim.objects.get().user_id
    assert winner in results
    assert sum("copied this just now" in str(result) for result in results) == 1


@pytest.mark.parametrize(
    ("change", "offered"),
    [
        (None, False),
        ("automation", True),
        ("dry_run", True),  # it was given in a dry run, and goes back to the queue
        ("brake", True),
        ("linkedin", True),
    ],
)
@pytest.mark.once  # what is offered knows no database
def test_what_the_program_sends_as_well_is_not_offered_to_copy(live, change, offered):
    testing.make_person(name="Somebody Else")
    item, alice = make() if change == "linkedin" else testing.make_approved(), testing.alice()
    Approval.objects.update(dry_run=change == "dry_run")
    if change == "automation":
        human = Person.objects.get(pk=item.draft.person_id)
        people.set_automation(human, False, reason="by hand", by=alice, at=NOW)
    if change == "brake":
        key = ControlKey.DRY_RUN
        stop.set_brake(key, workspace=item.workspace, reason="careful", by=testing.olaf(), at=NOW)
    item = Approval.objects.get()
    with registry.override("email", MemoryAdapter("email")):
        offer = claims.offer(item, None, at=NOW)[0]
        if offered:
            assert offer.text
            claims.take(item.pk, by=alice, at=NOW)
        else:
            assert offer == manual.HandOff("", "", BY_ITSELF)
            with pytest.raises(manual.HandOffRefused, match="switch automation off"):
                claims.take(item.pk, by=alice, at=NOW)
        manual.mark_sent(item.pk, by=alice, at=NOW)  # who did write may say so
