"""Who asked us to stop after a backup was taken is stopped again once it is restored."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as installed

from channels import kept_stops, merging, registry, rewound, sending, stop
from channels.adapters.memory import MemoryAdapter
from channels.tests.plenty import make_approvals, make_people
from outreach import testing
from outreach.core import activity, suppression
from outreach.core.models import Activity, Merge, Person, Suppression
from outreach.core.models.people import PersonStatus
from outreach.core.opt_outs import suppress_human
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from safety import controls
from safety.models import ControlKey

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Principal.system("test")
LATER = WORKDAY + timedelta(days=4)
ACTIVE = {
    "status": "active", "status_reason": "", "status_at": None, "desisted_at": None,
    "desist_beneath": False, "block_beneath": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _machine(live, tmp_path):
    live.DATA_DIR = tmp_path


def tick() -> bool:
    activity.seal()
    return rewound.check(clock=lambda: LATER)


def kept_in() -> Path:
    return kept_stops._file_of(rewound._name())


def kept() -> list[dict[str, object]]:
    return [json.loads(line) for line in kept_in().read_text().splitlines() if line]


def go_back(**of_people: object) -> None:
    """As a backup of before any stop leaves it; this machine has seen more of the log."""
    Suppression.objects.all().delete()
    Person.objects.update(**{**ACTIVE, **of_people})
    rewound._head_of(rewound._name()).write_text(f"{activity.head()[0] + 9} {'f' * 64}\n")


def stopped(status: str = "desist", name: str = "Zebulon Quist") -> Person:
    person = testing.make_person(name=name)
    suppress_human(person, reason="stop_request", by=SYSTEM, at=WORKDAY)
    stop.stop_person(person, status, reason="Quist wrote so.", by=SYSTEM, at=WORKDAY)
    return person


def said() -> str:
    return controls.read().sentence(ControlKey.EMERGENCY_STOP)


def test_who_asked_since_the_backup_is_stopped_again_and_told_once():
    asked, blocked = stopped(), stopped("blocked")
    assert not tick()
    go_back()
    assert tick()
    assert "2 addresses and 2 people who asked us to stop since were put back" in said()
    for person, status in ((asked, "desist"), (blocked, "blocked")):
        person.refresh_from_db()
        assert person.status == status
        address = person.addresses.get()
        row = suppression.find(person.workspace, "email", address.normalised)
        assert (row.reason, row.at, row.by_label) == ("stop_request", WORKDAY, "SYSTEM")
        assert len(list(activity.of(row))) == 1
    rows = list(Suppression.objects.values())
    rewound._head_of(rewound._name()).write_text(f"999 {'f' * 64}\n")
    assert tick()
    assert "put back" not in said()
    assert list(Suppression.objects.values()) == rows


def test_what_is_approved_for_them_after_the_stop_was_lifted_does_not_leave():
    at = WORKDAY + timedelta(minutes=1)
    asked, blocked, other = people = make_people(3, testing.make_workspace())
    testing.make_draft(other)  # the log begins
    tick()
    suppress_human(asked, reason="unsubscribe", by=SYSTEM, at=WORKDAY)
    stop.stop_person(blocked, "blocked", reason="Quist wrote so.", by=SYSTEM, at=WORKDAY)
    tick()
    go_back()
    with registry.override("email", MemoryAdapter("email")):
        MemoryAdapter.reset()
        assert sending.process(clock=lambda: at).sent == 0
        stop.enable_all(workspace=None, reason="compared", by=testing.olaf(), at=at)
        make_approvals(people, at=at)
        sending.process(clock=lambda: at + timedelta(minutes=1))
        assert [each.recipient for each in MemoryAdapter.outbox] == [other.address]
        MemoryAdapter.reset()


def test_what_was_let_go_stays_so_and_what_was_lifted_before_holds_again():
    person = stopped()
    row = Suppression.objects.get()
    tick()
    alice = testing.alice()
    suppression.lift(row, reason="She asked for it.", by=alice, at=LATER)
    stop.lift_person(person, reason="She asked for it.", by=alice, at=LATER)
    tick()
    go_back()
    assert tick()
    person.refresh_from_db()
    assert person.status == PersonStatus.ACTIVE
    assert not Suppression.objects.exists()

    address = person.addresses.get().normalised
    for reason in ("bounce", "unsubscribe"):
        suppression.suppress(person.workspace, "email", address, reason=reason, by=SYSTEM, at=LATER)
    tick()
    row = Suppression.objects.get()
    again = {"lifted_at": WORKDAY, "lifted_reason": "before the backup", "reason": "bounce"}
    go_back()
    row.pk = None
    row.save()
    Suppression.objects.update(**again)
    assert tick()
    row = Suppression.objects.get()
    assert (row.reason, row.lifted_at, row.lifted_reason) == ("unsubscribe", None, "")


def stop_as(status, at=WORKDAY):
    return lambda who: stop.stop_person(who, status, reason="He wrote so.", by=SYSTEM, at=at)


def let_go(who):
    who.refresh_from_db()
    stop.lift_person(who, reason="He asked for it.", by=testing.alice(), at=LATER)


@pytest.mark.parametrize(
    ("acts", "stands"),
    [
        ([stop_as("desist")], ["desist"]),
        ([stop_as("blocked")], ["blocked"]),
        ([stop_as("desist"), let_go], []),
        ([stop_as("blocked"), let_go], []),
        ([stop_as("desist"), stop_as("blocked"), let_go], ["desist"]),
        ([stop_as("blocked"), stop_as("desist"), let_go], ["blocked"]),
    ],
)
def test_each_act_is_kept_that_changes_who_is_stopped(acts, stands):
    person = testing.make_person()
    testing.make_draft(person)  # the log begins
    for act in acts:
        tick()
        act(person)
    tick()
    assert kept()[-1]["stands"] == stands


def apart(*people: Person) -> None:
    """As a backup of before they were one leaves them."""
    Person.objects.filter(pk__in=[each.pk for each in people]).update(merged_into=None)


@pytest.mark.parametrize("status", ["desist", "blocked"])
@pytest.mark.parametrize("first", ["merge", "stop"])
@pytest.mark.parametrize("begun", [True, False])
def test_every_record_of_one_who_was_stopped_is_stopped_again(status, first, begun):
    """A backup of before the merge has two records of that human being, and may write to both."""
    one, two, other = people = [testing.make_person() for _ in range(3)]
    acts = {
        "stop": lambda: stop_as(status)(one),
        "merge": lambda: merging.merge(one, two, by=testing.alice(), at=WORKDAY),
    }
    testing.make_draft(other)  # the log begins
    if begun:
        tick()
    acts.pop(first)()
    if begun:
        tick()
    acts.popitem()[1]()
    tick()
    apart(*people)
    go_back()
    assert tick()
    assert [Person.objects.get(pk=each.pk).status for each in people] == [status, status, "active"]


def test_who_is_one_human_being_still_is_stopped_once():
    one, two = testing.make_person(), testing.make_person()
    merging.merge(one, two, by=testing.alice(), at=WORKDAY)
    stop_as("desist")(one)
    tick()
    go_back()
    assert tick()
    assert "0 addresses and 1 person" in said()
    assert Activity.objects.filter(verb="people.desist").count() == 2  # then, and now again


def test_records_that_were_taken_apart_again_are_kept_each_by_itself():
    one, two = testing.make_person(), testing.make_person()
    stop_as("desist")(two)
    row = merging.merge(one, two, by=testing.alice(), at=WORKDAY)
    tick()
    merging.undo(Merge.objects.get(pk=row.pk), by=testing.alice(), at=WORKDAY)
    tick()
    go_back()
    assert tick()
    assert [Person.objects.get(pk=each.pk).status for each in (one, two)] == ["active", "desist"]


def test_nothing_is_ever_loosened():
    asked, blocked = stopped(), stopped("blocked")
    tick()
    go_back()
    reason = {"status_reason": "now", "status_at": LATER}
    Person.objects.filter(pk=asked.pk).update(status="blocked", **reason)
    Person.objects.filter(pk=blocked.pk).update(status="desist", desisted_at=LATER, **reason)
    address = asked.addresses.get().normalised
    suppression.suppress(asked.workspace, "email", address, reason="complaint", by=SYSTEM, at=LATER)
    assert tick()
    asked.refresh_from_db()
    blocked.refresh_from_db()
    assert (asked.status, asked.block_beneath) == ("desist", "now")
    assert (blocked.status, blocked.desist_beneath) == ("blocked", True)
    assert suppression.find(asked.workspace, "email", address).reason == "complaint"


def torn(lines):
    return "\n".join([*(json.dumps(line) for line in lines), '{"digest": "ab', "[]", "7"])


def foreign(lines):
    return torn({**line, "key": "another"} if "key" in line else line for line in lines)


def elsewhere(lines):
    return torn({**line, "workspace": 987654} for line in lines)


@pytest.mark.parametrize(
    "change, back, sentence",
    [(torn, (1, 1), "1 address and 1 person who asked us to stop since were put back."),
     (foreign, (0, 1), "1 address kept with another SUPPRESSION_KEY could not be."),
     (elsewhere, (0, 0), "")],
)  # fmt: skip
def test_what_cannot_be_put_back_is_left_out(change, back, sentence):
    person = stopped()
    tick()
    kept_in().write_text(change(kept()))
    go_back()
    assert tick()
    assert sentence in said()
    person.refresh_from_db()
    assert (Suppression.objects.count(), int(person.status == "desist")) == back


def test_whoever_was_erased_here_or_is_not_here_is_left_out():
    _, other = stopped(), stopped()
    tick()
    go_back(erased_at=LATER)
    Person.objects.filter(pk=other.pk).update(uuid="0" * 32)
    assert tick()
    assert "2 addresses and 0 people" in said()
    assert not Person.objects.exclude(status="active").exists()


def test_all_that_could_not_be_put_back_is_counted_and_what_comes_after_it_is(caplog):
    good, erased, foreign_place = [testing.make_person() for _ in range(3)]
    Person.objects.filter(pk=erased.pk).update(erased_at=LATER)
    address = {
        "digest": "ab", "workspace": good.workspace_id, "channel": "email", "reason": "bounce",
        "key": suppression.key_id(), "at": WORKDAY.isoformat(), "complained": None, "stands": True,
    }  # fmt: skip
    person = {
        "person": str(good.uuid), "workspace": good.workspace_id, "at": WORKDAY.isoformat(),
        "stands": ["blocked", "desist"],
    }  # fmt: skip
    lines = [
        {**address, "key": "another"},
        {**address, "workspace": 987654},
        {**person, "person": "0" * 32},
        {**person, "person": str(foreign_place.uuid), "workspace": 987654},
        {**person, "person": str(erased.uuid)},
        {**address, "digest": "cd"},
        person,
    ]
    path = kept_stops._file_of("log")
    path.parent.mkdir()
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    kept_stops._upto_of("log").write_text("7\n")
    for done in ((1, 1), (0, 0)):
        told = kept_stops.PutBack(*done, other_key=1, gone=4)
        assert kept_stops.put_back("log", at=LATER) == told
        assert not kept_stops._upto_of("log").exists(), "its numbers are of the lost past"
    name, _, message = caplog.record_tuples[0]
    assert name == "channels.kept_stops"
    assert message == (
        "Who was stopped since: 1 address put back, 1 person put back, 1 kept with another key, "
        "4 of a workspace or person that is not there"
    )
    good.refresh_from_db()
    why = "{} on 2026-03-11 UTC; put back after the database had gone back in time"
    assert good.status_reason == why.format("asked us to stop")
    assert (good.status, good.block_beneath) == ("desist", why.format("was blocked"))
    assert Suppression.objects.get().by_id == "kept stops"


def test_a_file_that_is_not_there_puts_nobody_back(caplog):
    assert kept_stops.put_back("log", at=LATER) == kept_stops.PutBack(0, 0, 0, 0)
    path = kept_stops._file_of("log")
    assert [each.getMessage() for each in caplog.records] == [
        "Who asked us to stop since could not be read: "
        f"[Errno 2] No such file or directory: '{path}'"
    ]


def test_what_changes_nobodys_standing_adds_no_line():
    person = testing.make_person()
    testing.make_draft(person)
    tick()
    stop.set_automation(person, False, reason="by hand", by=testing.alice(), at=WORKDAY)
    tick()
    assert kept() == []


def test_the_file_tells_of_nobody_and_is_its_owners_alone():
    stopped()
    tick()
    path = kept_in()
    text = path.read_text()
    assert "Quist" not in text and "example.com" not in text
    assert path.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in path.parent.iterdir()} == {path.name, f"{path.name}.upto"}
    assert {len(kept()), len(text.split('"digest"'))} == {2}


def test_an_installation_with_a_past_begins_with_all_that_stands(monkeypatch):
    monkeypatch.setattr(kept_stops, "AT_ONCE", 2)
    people = [stopped() for _ in range(5)]
    suppression.lift(Suppression.objects.first(), reason="She asked.", by=testing.alice(), at=LATER)
    tick()
    assert len(kept()) == 4 + 5
    go_back()
    assert tick()
    assert Suppression.objects.count() == 4
    assert Person.objects.filter(status="desist").count() == len(people)


def test_a_look_costs_the_same_however_much_stands(django_assert_num_queries):
    for _ in range(3):
        stopped()
        tick()
        seq = activity.head()[0]
        with django_assert_num_queries(0):
            kept_stops.keep(rewound._log, seq)
        stopped()
        stopped()
        activity.seal()
        seq = activity.head()[0]
        with django_assert_num_queries(3):
            kept_stops.keep(rewound._log, seq)
    assert len(kept()) == Suppression.objects.count() + Person.objects.count()


def test_a_file_that_cannot_be_written_is_said_and_caught_up_with(caplog):
    stopped()
    tick()
    folder = installed.DATA_DIR / "stops"
    folder.rename(installed.DATA_DIR / "aside")
    folder.write_text("a file stands in its place")
    stopped()
    assert not tick()
    assert caplog.records[0].getMessage() == (
        f"Who asked us to stop could not be kept in {kept_in()}: [Errno 17] File exists: '{folder}'"
    )
    folder.unlink()
    (installed.DATA_DIR / "aside").rename(folder)
    tick()
    assert len(kept()) == 4
