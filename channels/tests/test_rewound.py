"""A restored backup sends nothing twice: the past is noticed, stopped, and decided anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as installed
from django.db import DatabaseError, OperationalError, transaction

from approvals.models import Approval
from channels import registry, rewound, sending, stop
from channels.adapters.memory import MemoryAdapter
from channels.models import Delivery
from channels.tests.plenty import make_plenty
from outreach import testing
from outreach.core import activity
from outreach.core.models import Activity, Contact, Draft, Seal
from outreach.testing import WORKDAY
from safety import controls
from safety.models import ControlKey

pytestmark = pytest.mark.django_db(transaction=True)
NOW = WORKDAY + timedelta(minutes=1)


@pytest.fixture
def memory(live, tmp_path):
    live.DATA_DIR = tmp_path
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        yield MemoryAdapter
    MemoryAdapter.reset()


def heads() -> list[str]:
    return [path.read_text() for path in (installed.DATA_DIR / "heads").glob("*")]


def remember(seq: int, found: str) -> None:
    """As if this machine had seen another head: the rows of the log cannot be taken away here."""
    (path,) = (installed.DATA_DIR / "heads").glob("*")
    path.write_text(f"{seq} {found}\n")


def is_stopped() -> bool:
    return controls.read().is_braking(ControlKey.EMERGENCY_STOP)


def sealed() -> tuple[int, str]:
    activity.seal()
    assert not rewound.check(clock=lambda: NOW)
    return activity.head()


def test_the_head_is_kept_and_a_log_that_grows_is_no_fault(memory):
    make_plenty(3)
    sending.process(clock=lambda: NOW)
    seq, found = sealed()
    assert heads() == [f"{seq} {found}\n"]
    make_plenty(2)
    assert sending.process(clock=lambda: NOW).sent == 2
    assert sealed()[0] > seq
    assert not is_stopped()


@pytest.mark.parametrize(
    "fault, sentence",
    [(lambda seq, found: (seq + 9, found), "is not there"),
     (lambda seq, found: (seq, "f" * 64), "is another now")],
)  # fmt: skip
def test_a_log_that_went_back_stops_everything_until_a_person_lifts_it(memory, fault, sentence):
    make_plenty(2)
    sending.process(clock=lambda: NOW)
    remember(*fault(*sealed()))
    make_plenty(4)
    again = sending.process(clock=lambda: NOW)
    assert again.sent == 0 and len(memory.outbox) == 2
    assert sentence in controls.read().sentence(ControlKey.EMERGENCY_STOP)
    assert sending.process(clock=lambda: NOW).sent == 0, "nobody has lifted it"

    lifted = stop.enable_all(
        workspace=None, reason="compared with the server", by=testing.olaf(), at=NOW
    )
    assert lifted.reopened == 4
    assert sending.process(clock=lambda: NOW).sent == 0, "each is decided anew"
    assert Approval.objects.filter(status="pending").count() == 4
    assert not is_stopped()
    assert Activity.objects.filter(verb__startswith="safety.").exists()


def go_back() -> None:
    """As a standby that takes over leaves it: of the last sending the database knows nothing."""
    testing.unguard()
    try:
        sent = Activity.objects.filter(verb__in=("channels.sending", "channels.sent"))
        Seal.objects.filter(activity__in=sent).delete()
        sent.delete()
    finally:
        testing.guard()
    Delivery.objects.all().delete()
    Contact.objects.all().delete()
    Approval.objects.update(taken_at=None)
    Draft.objects.filter(status="sent").update(status="approved")


@pytest.mark.parametrize("number_is_anothers", [False, True])
def test_what_left_since_the_kept_head_is_missed_as_well(memory, number_is_anothers):
    make_plenty(2)
    testing.make_draft()  # the log begins
    kept = sealed()
    assert sending.process(clock=lambda: NOW).sent == 2
    last = Delivery.objects.latest("pk")
    go_back()
    assert activity.head() == kept, "the log itself shows no gap"
    if number_is_anothers:
        other = activity.Entry("channels.sending", "delivery", str(last.pk), last.workspace_id)
        with transaction.atomic():
            activity.record(other, by=sending.SENDER, at=NOW + timedelta(minutes=1))

    assert sending.process(clock=lambda: NOW).sent == 0
    assert len(memory.outbox) == 2, "nobody has it twice"
    said = controls.read().sentence(ControlKey.EMERGENCY_STOP)
    assert f"delivery {last.pk}, which this machine began at {NOW:%Y-%m-%d %H:%M:%S} UTC" in said
    stop.enable_all(workspace=None, reason="compared", by=testing.olaf(), at=NOW)
    assert sending.process(clock=lambda: NOW).sent == 0, "each is decided anew"
    assert not is_stopped(), "told once"


def test_an_intent_that_came_to_nothing_is_no_past(memory, monkeypatch):
    make_plenty(1)
    testing.make_draft()
    sealed()

    def fails(*_args, **_more):
        raise OperationalError("the link is gone")

    with monkeypatch.context() as broken:
        broken.setattr(sending.activity, "record", fails)
        broken.setattr(sending, "DATABASE_TRIES", 0)
        with pytest.raises(DatabaseError):
            sending.process(clock=lambda: NOW)
    assert not (installed.DATA_DIR / "intents").exists()
    assert sending.process(clock=lambda: NOW).sent == 1
    assert not is_stopped()


@pytest.mark.parametrize("text", ["", "7", "7 noon", "\0"])
def test_an_intent_that_cannot_be_read_is_begun_anew(memory, text):
    make_plenty(2)
    testing.make_draft()
    sealed()
    sending.process(clock=lambda: NOW)
    (path,) = (installed.DATA_DIR / "intents").glob("*")
    path.write_text(text)
    assert not rewound.check(clock=lambda: NOW)


@pytest.mark.parametrize("text", ["", "twelve ffff", "\0"])
def test_a_head_that_cannot_be_read_is_begun_anew(memory, text):
    make_plenty(1)
    sending.process(clock=lambda: NOW)
    sealed()
    (path,) = (installed.DATA_DIR / "heads").glob("*")
    path.write_text(text)
    assert not rewound.check(clock=lambda: NOW)
    assert heads() == ["{} {}\n".format(*activity.head())]


def test_a_folder_that_cannot_be_written_is_said_and_sending_goes_on(memory, caplog):
    make_plenty(1)
    (installed.DATA_DIR / "heads").write_text("a file stands in its place")
    sending.process(clock=lambda: NOW)
    activity.seal()
    assert not rewound.check(clock=lambda: NOW)
    assert "could not be kept" in caplog.text
    (installed.DATA_DIR / "heads").unlink()
    (installed.DATA_DIR / "heads" / rewound._name()).mkdir(parents=True)
    assert not rewound.check(clock=lambda: NOW)
    assert len(list((installed.DATA_DIR / "heads").iterdir())) == 1, "no file for each try"
