"""A sender killed anywhere: all else arrives once, at most K wait for a person, none twice."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta

import pytest

from approvals.models import Approval
from channels import sending
from channels.models import Delivery
from channels.tests.counting import count
from channels.tests.plenty import make_plenty
from channels.tests.processes import POINTS
from channels.tests.sink import SmtpSink
from outreach.core import activity
from outreach.core.models import Contact
from outreach.testing import WORKDAY

pytest_plugins = ["channels.tests.senders"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

K, MESSAGES = 4, 14


def clock():
    return WORKDAY + timedelta(minutes=2)


def rows(status: str) -> set[int]:
    return set(Delivery.objects.filter(status=status).values_list("approval_id", flat=True))


def arrived(sink: SmtpSink) -> Counter[int]:
    """How often each approval's message was taken, by what the sink read in the Message-ID."""
    return Counter(int(item.message_id.split("@")[0].split(".")[1]) for item in sink.arrivals)


def everything_is_accounted_for(sink: SmtpSink, *, most_unknown: int) -> set[int]:
    """Each approval is sent or unknown; what is not unknown arrived once; nothing came twice."""
    found, sent, unknown = arrived(sink), rows("sent"), rows("unknown")
    everything = set(Approval.objects.values_list("pk", flat=True))
    count(
        faults=1, messages=len(everything), sent=len(sent), unknown=len(unknown),
        twice=sum(found.values()) - len(found), lost=len(everything - unknown - set(found)),
    )  # fmt: skip
    assert max(found.values()) == 1, "a message arrived twice"
    assert sent | unknown == everything
    assert sent <= set(found), "a message is called sent that nobody got"
    assert everything - unknown <= set(found)
    assert len(unknown) <= most_unknown
    assert not rows("sending")
    assert Contact.objects.count() == len(everything)
    assert activity.verify().bad is None
    return unknown


# Where the kill strikes, and what of that wave had left for good by then.
UNKNOWN = {
    ("claim", 1): 0, ("claimed", 1): K, ("looked", 1): K, ("body", 1): K, ("dot", 1): K,
    ("answered", 1): K, ("recorded", 1): K,
    ("claim", 2): K, ("claimed", 2): K, ("looked", 2): K, ("body", 6): K, ("dot", 6): K,
    ("answered", 2): K, ("recorded", 2): K,
}  # fmt: skip


@pytest.mark.parametrize(("point", "turn"), [(point, 1) for point in POINTS] + [("claim", 2)])
def test_a_sender_killed_at_any_point_loses_and_doubles_nothing(point, turn, start, mail):
    make_plenty(MESSAGES)
    with SmtpSink() as sink:
        sender = start(sink, connections=K, freeze=point, turn=turn).frozen()
        sender.kill()
        mail(sink, K)
        report = sending.process(clock=clock)
        unknown = everything_is_accounted_for(sink, most_unknown=K)
        assert len(unknown) == UNKNOWN[point, turn]
        assert report.waiting == 0
        assert sending.process(clock=clock).sent == 0


def test_a_sender_killed_while_the_server_holds_its_answer(start, mail):
    make_plenty(MESSAGES)
    with SmtpSink({"dot": "hang"}) as sink:
        sender = start(sink, connections=K)
        sink.wait_for(K)
        sender.kill()
        sink.script = None
        mail(sink, K)
        sending.process(clock=clock)
        unknown = everything_is_accounted_for(sink, most_unknown=K)
        assert unknown <= set(arrived(sink)), "they did arrive; a person will say so"


def test_a_frozen_sender_is_not_dead_and_nobody_sends_its_messages(start, mail):
    make_plenty(MESSAGES)
    with SmtpSink() as sink:
        sender = start(sink, connections=K, freeze="looked").frozen()
        mail(sink, K)
        assert sending.process(clock=clock).sent == MESSAGES - K
        assert len(rows("sending")) == K
        sender.resume()
        assert sender.done()["sent"] == K
        everything_is_accounted_for(sink, most_unknown=0)


@pytest.mark.torture
@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("point", POINTS)
def test_a_sender_killed_at_every_point_of_every_wave(point, turn, start, mail):
    make_plenty(4 * MESSAGES)
    with SmtpSink() as sink:
        start(sink, connections=K, freeze=point, turn=turn).frozen().kill()
        mail(sink, K)
        sending.process(clock=clock)
        everything_is_accounted_for(sink, most_unknown=K)


@pytest.mark.torture
@pytest.mark.parametrize("number", range(100))
def test_two_senders_killed_at_a_random_moment(number, start, mail):
    import random

    rng = random.Random(number)
    make_plenty(60)
    with SmtpSink(delay=0.001) as sink:
        senders = [start(sink, connections=K) for _ in range(2)]
        sink.wait_for(rng.randrange(1, 50))
        for sender in senders:
            sender.kill()
        mail(sink, K)
        # PostgreSQL may not have noticed yet that a sender died within its claim: what it had
        # locked is taken at the next turn.
        for _ in range(100):
            if not sending.process(clock=clock).waiting:
                break
            time.sleep(0.05)
        everything_is_accounted_for(sink, most_unknown=2 * K)
