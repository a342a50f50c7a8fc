"""A conversation by WhatsApp, then one by Instagram, with a server that speaks Meta's formats.

Real HTTP both ways: what we send goes to the sink, what Meta tells us comes to a server of ours.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from approvals import services, submission
from approvals.errors import Lost
from approvals.models import Approval
from channels import sending, webhooks
from channels.models import Delivery, PlatformTemplate
from channels.tests import payloads
from channels.tests.http_sink import HttpSink
from outreach import testing
from outreach.core import consent
from outreach.core.models import Channel, Draft, InboundMessage, Person
from outreach.core.people import add_address
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "442079460123"
TEMPLATE = "Hello {{1}}, the minutes of Monday are ready. Shall we send them here?"
FIRST = TEMPLATE.replace("{{1}}", "Ann")


class Talk:
    """The two sides, and the clock both go by."""

    def __init__(self, client, address: str, monkeypatch) -> None:
        self.client, self.address, self.now = client, f"{address}/webhooks/meta", WORKDAY
        clock = SimpleNamespace(now=lambda: self.now)
        monkeypatch.setattr(webhooks, "timezone", clock)

    def later(self, **span: int) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def told(self, **value) -> None:
        """WhatsApp tells us something."""
        self.posts(payloads.whatsapp(**value))

    def posts(self, body: dict[str, Any]) -> None:
        """Meta tells us something, twice, as it does; before that, somebody else does."""
        raw = json.dumps(body).encode()
        assert self._post(raw, "not-our-secret") == 401
        assert [self._post(raw, payloads.SECRET) for _ in range(2)] == [200, 200]

    def _post(self, raw: bytes, secret: str) -> int:
        head = {"Content-Type": "application/json"}
        head["X-Hub-Signature-256"] = payloads.signed(raw, secret)
        asked = urllib.request.Request(self.address, raw, head)
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code

    def answers(self, said: InboundMessage, text: str) -> Approval:
        """A colleague answers in the inbox, another approves."""
        self.client.force_login(testing.bob().user)
        form = {"action": "answer", "text": text}
        address = f"/admin/core/inboundmessage/{said.pk}/change/"
        assert self.client.post(address, form).status_code == 302
        return approve(Draft.objects.get(answers=said), self.later(minutes=1))

    def ends_here(self, person: Person, channel: str, waiting: Approval) -> None:
        """What waited is rejected, and nothing more can be proposed, approved or sent."""
        person.refresh_from_db()
        waiting.refresh_from_db()
        assert (person.status, waiting.status) == ("desist", "rejected")
        with pytest.raises(Lost, match="asked us to stop by"):
            services.approve(
                waiting.pk, by=testing.alice(), at=self.now, digest=waiting.digest, undo_seconds=0
            )
        late = testing.make_draft(person, channel=channel, subject="", text="One more thing.")
        assert submission.submit(late.pk, by=testing.bob(), at=self.later(days=9)).approval is None
        assert self.send() == 0

    def writes(self, text: str, mid: str, **more) -> InboundMessage:
        stamp = int(self.later(minutes=5).timestamp())
        message = payloads.message(text, mid=mid, sender=PHONE, at=stamp, **more)
        self.told(messages=[message])
        return InboundMessage.objects.latest("pk")

    def send(self) -> int:
        return sending.process(clock=lambda: self.now).sent


@pytest.fixture
def talk(client, live_server, monkeypatch, live):
    live.META_APP_SECRET = payloads.SECRET
    live.WHATSAPP_TOKEN, live.WHATSAPP_PHONE_NUMBER_ID = "t", payloads.NUMBER
    live.INSTAGRAM_TOKEN, live.INSTAGRAM_ACCOUNT_ID = "t", payloads.ACCOUNT
    return Talk(client, live_server.url, monkeypatch)


@pytest.fixture
def ann():
    person = testing.make_person(name="Ann Lee")
    add_address(person.workspace, person, Channel.WHATSAPP, f"+{PHONE}")
    consent.grant(
        person, "whatsapp", "opt_in", source="form 3", text_shown="WhatsApp from us",
        by=testing.alice(), at=WORKDAY - timedelta(days=2),
    )  # fmt: skip
    PlatformTemplate.objects.create(workspace=person.workspace, name="minutes", body=TEMPLATE)
    return person


def approve(draft: Draft, at: datetime) -> Approval:
    asked = submission.submit(draft.pk, by=testing.bob(), at=at).approval
    return services.approve(
        asked.pk, by=testing.alice(), at=at, digest=asked.digest, undo_seconds=0
    )


def test_template_receipts_reply_answer_and_stop(talk, ann, settings):
    with HttpSink() as meta:
        settings.WHATSAPP_API_URL = meta.url

        # A template opens the conversation.
        first = testing.make_approved(ann, channel="whatsapp", subject="", text=FIRST)
        assert talk.send() == 1
        assert meta.arrivals[0].json["template"]["name"] == "minutes"
        delivery = Delivery.objects.get(approval=first)

        # Delivered and read.
        for word in ("delivered", "read"):
            talk.told(statuses=[payloads.status(delivery.provider_id, word)])
        kinds = delivery.events.order_by("pk").values_list("kind", flat=True)
        assert list(kinds) == ["delivered", "read"]

        # They reply, quoting it; it wants an answer.
        said = talk.writes("Yes please!", "wamid.A", context={"id": delivery.provider_id})
        assert (said.person, said.in_reply_to, said.status) == (ann, first.draft, "wants_reply")

        # A colleague drafts the answer in the inbox; it is approved and sent as free text.
        answer = talk.answers(said, "Here they are, as agreed on Monday.")
        assert (answer.touch, talk.send()) == ("reply", 1)
        assert meta.arrivals[1].json["text"]["body"] == "Here they are, as agreed on Monday."

        # One more is approved when they ask us to stop: nothing more can be sent.
        waiting = testing.make_approved(
            ann, channel="whatsapp", subject="", text="Next Monday is set.",
            at=talk.later(minutes=1),
        )  # fmt: skip
        heard = talk.writes("STOP", "wamid.B")
        assert (heard.verdict, heard.status) == ("stop", "handled")
        talk.ends_here(ann, "whatsapp", waiting)
        assert len(meta.arrivals) == 2


def test_instagram_first_word_answer_read_and_stop(talk, settings):
    with HttpSink() as meta:
        settings.INSTAGRAM_API_URL = meta.url
        ben = testing.make_person(name="Ben Okoro")
        add_address(ben.workspace, ben, Channel.INSTAGRAM, "900000000000001")

        # Only they can open the conversation.
        first = testing.make_draft(ben, channel="instagram", subject="", text="Hello Ben.")
        assert submission.submit(first.pk, by=testing.bob(), at=talk.now).approval is None
        talk.posts(direct(talk, "Do you have the list of speakers?", "mid.A"))
        said = InboundMessage.objects.get()
        assert (said.person, said.status) == (ben, "wants_reply")

        # The answer goes to the id their message had, as a response.
        talk.answers(said, "It is on the page of the event.")
        assert talk.send() == 1
        assert meta.arrivals[0].json["recipient"] == {"id": "900000000000001"}
        assert meta.arrivals[0].json["messaging_type"] == "RESPONSE"

        # Read; then they ask us to stop while the next one is approved.
        number = Delivery.objects.get().provider_id
        talk.posts(payloads.instagram({**direct_head(talk), "read": {"mid": number}}))
        assert [event.kind for event in Delivery.objects.get().events.all()] == ["read"]
        waiting = testing.make_approved(
            ben, channel="instagram", subject="", text="Day two is there.", at=talk.later(minutes=1)
        )
        talk.posts(direct(talk, "please stop messaging me", "mid.B"))
        talk.ends_here(ben, "instagram", waiting)
        assert len(meta.arrivals) == 1


def direct_head(talk: Talk) -> dict[str, Any]:
    sent = {"sender": {"id": "900000000000001"}, "recipient": {"id": payloads.ACCOUNT}}
    return {**sent, "timestamp": int(talk.now.timestamp() * 1000)}


def direct(talk: Talk, text: str, mid: str) -> dict[str, Any]:
    talk.later(minutes=5)
    return payloads.instagram({**direct_head(talk), "message": {"mid": mid, "text": text}})
