"""A conversation by WhatsApp against a server that speaks Meta's formats, by the real doors."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from approvals import services, submission
from approvals.models import Approval
from channels import sending, webhooks
from channels.models import Delivery, PlatformTemplate
from channels.tests import payloads
from channels.tests.http_sink import HttpSink
from outreach import testing
from outreach.core import consent
from outreach.core.models import Channel, Draft, InboundMessage
from outreach.core.people import add_address
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "442079460123"
TEMPLATE = "Hello {{1}}, the minutes of Monday are ready. Shall we send them here?"
FIRST = TEMPLATE.replace("{{1}}", "Ann")


class Talk:
    """The two sides, and the clock both go by."""

    def __init__(self, client, monkeypatch) -> None:
        self.client, self.now = client, WORKDAY
        clock = SimpleNamespace(now=lambda: self.now)
        monkeypatch.setattr(webhooks, "timezone", clock)

    def later(self, **span: int) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def told(self, **value) -> None:
        """Meta tells us something, twice, as it does."""
        for _ in range(2):
            response = payloads.call(self.client, payloads.whatsapp(**value))
            assert response.status_code == 200

    def writes(self, text: str, mid: str, **more) -> InboundMessage:
        stamp = int(self.later(minutes=5).timestamp())
        message = payloads.message(text, mid=mid, sender=PHONE, at=stamp, **more)
        self.told(messages=[message])
        return InboundMessage.objects.latest("pk")

    def send(self) -> int:
        return sending.process(clock=lambda: self.now).sent


@pytest.fixture
def talk(client, monkeypatch, live):
    live.META_APP_SECRET = payloads.SECRET
    live.WHATSAPP_TOKEN, live.WHATSAPP_PHONE_NUMBER_ID = "t", payloads.NUMBER
    return Talk(client, monkeypatch)


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
        talk.client.force_login(testing.bob().user)
        address = f"/admin/core/inboundmessage/{said.pk}/change/"
        form = {"action": "answer", "text": "Here they are, as agreed on Monday."}
        assert talk.client.post(address, form).status_code == 302
        answer = Draft.objects.get(answers=said)
        assert approve(answer, talk.later(minutes=1)).touch == "reply"
        assert talk.send() == 1
        assert meta.arrivals[1].json["text"]["body"] == form["text"]

        # One more is approved when they ask us to stop: nothing more can be sent.
        waiting = testing.make_approved(
            ann, channel="whatsapp", subject="", text="Next Monday is set.",
            at=talk.later(minutes=1),
        )  # fmt: skip
        heard = talk.writes("STOP", "wamid.B")
        assert (heard.verdict, heard.status) == ("stop", "handled")
        ann.refresh_from_db()
        waiting.refresh_from_db()
        assert (ann.status, waiting.status) == ("desist", "rejected")
        assert (talk.send(), len(meta.arrivals)) == (0, 2)
        late = testing.make_draft(ann, channel="whatsapp", subject="", text="One more thing.")
        refused = submission.submit(late.pk, by=testing.bob(), at=talk.later(days=9))
        assert refused.approval is None
        assert (talk.send(), len(meta.arrivals)) == (0, 2)
