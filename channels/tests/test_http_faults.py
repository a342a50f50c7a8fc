"""The fault matrix over HTTP, through the whole job: the sink counts, our own table does not."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from approvals.models import Approval
from channels import sending
from channels.models import Delivery
from channels.tests.http_sink import HttpSink, refusal
from channels.tests.plenty import make_plenty
from outreach import testing
from outreach.core import consent
from outreach.core.models import Contact, Person
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 4


@pytest.fixture
def sink(live):
    live.WHATSAPP_TOKEN, live.WHATSAPP_PHONE_NUMBER_ID = "t", "42"
    live.SEND_CONNECTIONS, live.SEND_DEADLINE_SECONDS, live.HTTP_TIMEOUT = COUNT, 1, 5
    with HttpSink() as sink:
        live.WHATSAPP_API_URL = sink.url
        make_plenty(COUNT, channel="whatsapp")
        for person in Person.objects.all():
            consent.grant(
                person, "whatsapp", "opt_in", source="form", text_shown="WhatsApp from Us",
                by=testing.alice(), at=WORKDAY - timedelta(days=2),
            )  # fmt: skip
        Contact.objects.bulk_create(
            Contact(
                workspace=person.workspace, human=person, channel="whatsapp", direction="in",
                at=WORKDAY - timedelta(hours=1), key=f"in:{person.pk}",
            )
            for person in Person.objects.all()
        )  # fmt: skip
        yield sink


def statuses() -> Counter[str]:
    return Counter(Delivery.objects.values_list("status", flat=True))


def at(minutes: int):
    return lambda: WORKDAY + timedelta(minutes=minutes)


def nothing_came_twice(sink) -> None:
    texts = Counter(posted.json["text"]["body"] for posted in sink.arrivals)
    assert not texts or max(texts.values()) == 1


# script → what becomes of the wave, how many the sink took
UNCLEAR = {
    "drops after the body": {"post": "drop"},
    "resets after the body": {"post": "reset"},
    "never answers": {"post": "hang"},
    "drips past the deadline": {"post": "drip 0.2"},
    "answers 500 though it took it": {"post": "500 oops"},
    "answers nonsense": {"post": b"\xff\x00\r\n\r\n"},
}


@pytest.mark.parametrize("script", UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_unclear_is_unknown_and_never_sent_again(sink, script):
    sink.script = script
    sending.process(clock=at(1))
    assert statuses() == {"unknown": COUNT}
    sink.script = None
    sending.process(clock=at(30))
    assert statuses() == {"unknown": COUNT}
    nothing_came_twice(sink)


def test_what_is_refused_for_now_arrives_once_later(sink):
    sink.script = {"post": refusal(400, 131056, "pair rate limit")}
    sending.process(clock=at(1))
    assert statuses() == {"failed": COUNT}
    assert sink.arrivals == []
    sink.script = None
    sending.process(clock=at(10))
    assert statuses() == {"failed": COUNT, "sent": COUNT}
    assert len(sink.arrivals) == COUNT
    nothing_came_twice(sink)


@pytest.mark.parametrize("code", [190, 368])
def test_our_own_fault_pauses_the_channel_and_loses_nothing(sink, code):
    sink.script = {"post": refusal(401, code, "no")}
    sending.process(clock=at(1))
    sink.script = None
    sending.process(clock=at(30))
    assert statuses() == {"failed": COUNT}
    assert Approval.objects.filter(status="approved", taken_at=None).count() == COUNT
    assert sink.arrivals == []


def test_a_rate_limit_rests_the_channel(sink):
    sink.script = {"post": refusal(429, 130429, "slower")}
    sending.process(clock=at(1))
    sink.script = None
    assert sending.process(clock=lambda: WORKDAY + timedelta(minutes=1, seconds=30)).sent == 0
    assert sending.process(clock=at(10)).sent == COUNT
    nothing_came_twice(sink)
