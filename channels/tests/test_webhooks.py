"""The doors for providers: who is let in, and what an event does once (RELIABILITY §4, W1–W15)."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import random

import pytest
from anymail.signals import AnymailTrackingEvent
from django.test import Client

from channels import events, provider_mail, stop
from channels.models import Delivery, ProviderEvent
from channels.tests import payloads
from channels.tests.payloads import (
    SECRET,
    call,
    direct,
    instagram,
    message,
    signed,
    status,
    whatsapp,
)
from outreach import testing
from outreach.core import suppression
from outreach.core.models import Contact, InboundMessage, Suppression
from outreach.core.people import add_address

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def ours(settings):
    settings.META_APP_SECRET = SECRET
    settings.META_VERIFY_TOKEN = "verify me"
    settings.WHATSAPP_PHONE_NUMBER_ID = payloads.NUMBER
    settings.INSTAGRAM_ACCOUNT_ID = payloads.ACCOUNT
    settings.ANYMAIL = {"WEBHOOK_SECRET": ["user:password"]}


def stored() -> tuple[int, int, int]:
    return ProviderEvent.objects.count(), InboundMessage.objects.count(), Contact.objects.count()


BODY = json.dumps(whatsapp(messages=[message("STOP")])).encode()
SHA1 = "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()
REFUSED = [
    ("W1 no signature", BODY, {"X-Hub-Signature-256": ""}, 401),
    ("W2 wrong signature", BODY, {"X-Hub-Signature-256": signed(BODY, "other")}, 401),
    ("W3 other bytes", json.dumps(json.loads(BODY), indent=1).encode(),
     {"X-Hub-Signature-256": signed(BODY)}, 401),
    ("W4 sha1 only", BODY, {"X-Hub-Signature-256": "", "X-Hub-Signature": SHA1}, 401),
    ("W4 sha1 in its place", BODY, {"X-Hub-Signature-256": SHA1}, 401),
    ("W5 no prefix", BODY, {"X-Hub-Signature-256": signed(BODY)[7:]}, 401),
    ("W5 odd hex", BODY, {"X-Hub-Signature-256": signed(BODY)[:-1]}, 401),
    ("W5 no hex", BODY, {"X-Hub-Signature-256": "sha256=" + "g" * 64}, 401),
    ("W5 not ASCII", BODY, {"X-Hub-Signature-256": "sha256=" + "é" * 64}, 401),
    ("W11 too long", b" " * (3 * 1024 * 1024 + 1), {}, 413),
    ("W11 compressed", BODY, {"Content-Encoding": "gzip"}, 415),
    ("not JSON", b"{", {}, 400),
    ("no object", b"[]", {}, 400),
    ("another object", b'{"object": "page", "entry": []}', {}, 400),
    ("deep JSON", b"[" * 100_000, {}, 400),
]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "headers", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_body_that_is_not_metas_changes_nothing(client, raw, headers, code):
    before = stored()
    response = call(client, raw, **headers)
    assert response.status_code == code
    assert response.content.decode().strip()
    assert stored() == before


@pytest.mark.parametrize("secret", ["", "  "])
def test_w6_without_a_secret_the_door_is_shut(client, settings, secret):
    settings.META_APP_SECRET = secret
    assert call(client, BODY, **{"X-Hub-Signature-256": signed(BODY, secret)}).status_code == 503
    assert stored() == (0, 0, 0)


def test_w8_a_repeated_event_has_no_effect(client):
    for _ in range(3):
        assert call(client, BODY).status_code == 200
    assert stored() == (1, 1, 0)


def test_w10_while_the_secret_changes_either_signs(client, settings):
    settings.META_APP_SECRET = f"new-secret {SECRET}"
    assert call(client, BODY).status_code == 200
    again = {"X-Hub-Signature-256": signed(BODY, "new-secret")}
    assert call(client, BODY, **again).status_code == 200
    third = {"X-Hub-Signature-256": signed(BODY, "third")}
    assert call(client, BODY, **third).status_code == 401


def test_w11_a_chunked_body_is_not_read_past_the_limit():
    class Endless(io.BytesIO):
        taken = 0

        def read(self, size=-1):
            assert 0 <= size <= 4 * 1024 * 1024, "read without end"
            self.taken += size
            return b"x" * size

    body = Endless()
    response = Client().post(
        "/webhooks/meta",
        content_type="application/json",
        **{"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert response.status_code == 413
    assert body.taken <= 3 * 1024 * 1024 + 1


def test_w12_an_event_about_no_message_of_ours_is_kept_as_an_orphan(client):
    assert call(client, whatsapp(statuses=[status("wamid.X", "read")])).status_code == 200
    row = ProviderEvent.objects.get()
    assert (row.delivery, row.result) == (None, events.ORPHAN)


NOT_STORABLE = [
    whatsapp(messages=[message("hi", mid="wamid.\0A")]),
    whatsapp(messages=[message("hi", sender="49151\x001234567")]),
    whatsapp(messages=[message("hi \ud800", mid="wamid.\ud800A")]),
    whatsapp(messages=[message("hi", context={"id": "\0\ud800"})]),
    whatsapp(statuses=[status("wamid.\0A", "read", recipient="\0")]),
    whatsapp(statuses=[status("wamid.1", "read", biz_opaque_callback_data="\0")]),
    instagram(payloads.direct("hi", mid="mid.\0A", sender="9\x001")),
    whatsapp(field="\0", event="\ud800"),
]


@pytest.mark.parametrize("body", NOT_STORABLE, ids=range(len(NOT_STORABLE)))
def test_what_no_database_can_hold_does_not_hold_up_a_stop_beside_it(client, body):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    add_address(person.workspace, person, "instagram", "@900000000000001")
    stop = whatsapp(messages=[message("STOP", mid="wamid.STOP")])
    if body["object"] == "instagram":
        stop = instagram(payloads.direct("STOP", mid="mid.STOP"))
    whole = {**body, "entry": [*body["entry"], *stop["entry"]]}
    assert call(client, whole).content.endswith(b"new of 2\n")
    person.refresh_from_db()
    assert person.status == "desist"


HANDSHAKES = [
    ({"hub.mode": "subscribe", "hub.verify_token": "verify me"}, 200),
    ({"hub.mode": "subscribe", "hub.verify_token": "verify you"}, 403),
    ({"hub.mode": "subscribe", "hub.verify_token": "vérifie"}, 403),
    ({"hub.mode": "subscribe"}, 403),
    ({"hub.verify_token": "verify me"}, 403),
]


@pytest.mark.parametrize(("asked", "code"), HANDSHAKES, ids=range(5))
def test_w13_the_challenge_is_answered_only_with_our_token(client, asked, code):
    response = client.get("/webhooks/meta", {**asked, "hub.challenge": "1158201444"})
    assert response.status_code == code
    assert (response.content == b"1158201444") == (code == 200)


def test_w13_without_a_token_nobody_subscribes(client, settings):
    settings.META_VERIFY_TOKEN = ""
    asked = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    assert client.get("/webhooks/meta", asked).status_code == 503


@pytest.mark.parametrize(
    "body",
    [
        whatsapp(field="template_category_update", event="x"),
        whatsapp(statuses=[status("wamid.X", "warning")]),
        whatsapp(messages=[{"id": "no sender", "from": ""}]),
        instagram({"sender": {"id": "9"}, "optin": {}}),
        {"object": "instagram", "entry": [{"id": payloads.ACCOUNT, "changes": [{"field": "x"}]}]},
    ],
    ids=["field", "status", "message", "messaging", "entry"],
)
def test_w14_an_unknown_event_is_answered_and_counted_once(client, body):
    assert call(client, body).status_code == 200
    assert call(client, body).status_code == 200
    assert ProviderEvent.objects.get().kind == "other"
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        whatsapp(number="999", messages=[message("STOP")]),
        instagram(payloads.direct("STOP"), account="999"),
    ],
    ids=["whatsapp", "instagram"],
)
def test_w15_an_event_of_another_account_is_never_applied(client, body):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    add_address(person.workspace, person, "instagram", "@900000000000001")
    assert call(client, body).status_code == 200
    assert ProviderEvent.objects.get().kind == "other"
    person.refresh_from_db()
    assert (person.status, InboundMessage.objects.count()) == ("active", 0)


@pytest.mark.parametrize("account", [("whatsapp", ""), ("instagram", "")])
def test_w15_without_an_account_of_ours_nothing_is_ours(client, settings, account):
    settings.WHATSAPP_PHONE_NUMBER_ID = settings.INSTAGRAM_ACCOUNT_ID = ""
    assert call(client, whatsapp(number="", messages=[message("hi")])).status_code == 200
    assert call(client, instagram(payloads.direct("hi"), account="")).status_code == 200
    assert not InboundMessage.objects.exists()


HIDDEN = "GB.13491208655302741918"  # of somebody with a username, whose number WhatsApp keeps


def hidden(text: str, **more):
    """A message as it comes without their number."""
    told = {name: value for name, value in message(text, **more).items() if name != "from"}
    return {**told, "from_user_id": HIDDEN}


def test_an_answer_of_somebody_who_hides_their_number_is_heard_by_what_it_answers(client):
    delivery = sent()
    body = whatsapp(messages=[hidden("STOP", context={"id": "wamid.1"})])
    assert call(client, body).status_code == 200
    row = InboundMessage.objects.get()
    assert (row.verdict, row.sender, row.sender_name) == ("stop", HIDDEN, "Ann")
    assert row.person is not None
    assert (row.person.status, row.person_id) == ("desist", delivery.human_id)


def test_what_comes_of_nobody_we_know_who_hides_their_number_is_for_a_person(client):
    told = {"user_id": HIDDEN, "category": "marketing_messages", "value": "stop",
            "timestamp": 1_773_223_500}  # fmt: skip
    call(client, whatsapp(messages=[hidden("STOP")]))
    call(client, whatsapp(field="user_preferences", user_preferences=[told]))
    first, second = InboundMessage.objects.order_by("pk")
    assert (first.status, first.verdict, first.sender) == ("needs_person", "stop", HIDDEN)
    assert (second.status, second.verdict, second.sender) == ("needs_person", "unclear", HIDDEN)
    assert "marketing" in second.details["media"]


def test_what_somebody_writes_into_an_older_message_of_theirs_is_heard(client):
    person = testing.make_person()
    add_address(person.workspace, person, "instagram", "@900000000000001")
    first = payloads.direct("Hello")
    edits = [
        {**first, "message": {}, "message_edit": {"mid": "mid.1", "text": text, "num_edit": number}}
        for number, text in enumerate(("Hello there", "Please stop writing to me."), 1)
    ]
    call(client, instagram(first, *edits))
    person.refresh_from_db()
    assert (person.status, InboundMessage.objects.count()) == ("desist", 3)


def moved(**more):
    """WhatsApp tells that somebody has another number now; they wrote nothing."""
    body = "User Ann changed from 442079460123 to 442079460999"
    said = {"type": "user_changed_number", "body": body, "wa_id": "442079460999", **more}
    return whatsapp(messages=[{**message("", mid="wamid.M"), "type": "system", "system": said}])


def test_a_new_number_is_told_to_a_person_and_is_no_message_of_theirs(client):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    call(client, moved())
    row = InboundMessage.objects.get()
    assert (row.person, row.kind, row.status) == (person, "auto_reply", "needs_person")
    assert "+442079460999" in row.reason
    assert not Contact.objects.exists()
    assert not person.consents.exists()
    assert not suppression.is_suppressed(person.workspace, "whatsapp", "+442079460999")


@pytest.mark.parametrize("how", ["wrote", "wrote, and is not known", "told a reviewer"])
def test_who_asked_us_to_stop_is_left_alone_at_their_new_number(client, how):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    if how == "told a reviewer":  # by telephone, say: their status alone tells it
        for status in ("desist", "blocked"):
            how_ = {"reason": "they rang", "by": testing.alice(), "at": testing.WORKDAY}
            stop.stop_person(person, status, **how_)
    else:
        call(client, whatsapp(messages=[message("STOP")]))
    if how == "wrote, and is not known":
        person.addresses.filter(channel="whatsapp").delete()
    for _ in range(2):
        call(client, moved())
    for channel in ("whatsapp", "phone"):
        found = suppression.find(person.workspace, channel, "+442079460999")
        assert found is not None
        assert found.reason == "stop_request"


@pytest.mark.parametrize("stamp", ["1e400", "1" * 400, f'"{"9" * 4_000}"', "NaN"], ids=len)
def test_no_time_that_is_none_loses_the_request_to_stop_beside_it(client, stamp):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    body = whatsapp(messages=[{**message("hi"), "id": "wamid.odd", "timestamp": "odd"},
                              message("STOP")])  # fmt: skip
    raw = json.dumps(body).replace('"odd"', stamp).encode()
    assert call(client, raw).status_code == 200
    person.refresh_from_db()
    assert person.status == "desist"


# --- What events do ------------------------------------------------------------------------------


def sent(person=None, *, state: str = "sent", number: str = "wamid.1", channel: str = "whatsapp"):
    """A delivery of ours, as the sender leaves it."""
    approval = testing.make_approved(person)
    return Delivery.objects.create(
        workspace=approval.workspace,
        approval=approval,
        human=approval.human,
        channel=channel,
        status=state,
        since=testing.WORKDAY,
        provider_id=number,
    )


WORDS = ("sent", "delivered", "read")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)], ids=str)
def test_receipts_in_any_order_and_repeated_settle_what_was_unknown(client, order):
    delivery = sent(state="unknown", number="")
    token = str(delivery.token)
    for _ in range(2):
        for index in order:
            word = WORDS[index]
            told = [status("wamid.9", word, biz_opaque_callback_data=token)]
            assert call(client, whatsapp(statuses=told)).status_code == 200
    delivery.refresh_from_db()
    assert (delivery.status, delivery.provider_id) == ("sent", "wamid.9")
    assert sorted(delivery.events.values_list("kind", flat=True)) == sorted(WORDS)
    assert delivery.approval.draft.__class__.objects.get().status == "sent"


def test_a_failure_settles_nothing_by_itself(client):
    delivery = sent(state="unknown")
    told = status("wamid.1", "failed", errors=[{"code": 131026, "title": "Undeliverable"}])
    call(client, whatsapp(statuses=[told]))
    delivery.refresh_from_db()
    assert delivery.status == "unknown"
    assert delivery.events.get().payload["codes"] == [131026]


def test_who_stopped_marketing_in_the_app_is_suppressed(client):
    delivery = sent()
    told = status("wamid.1", "failed", errors=[{"code": 131050, "title": "User stopped"}])
    call(client, whatsapp(statuses=[told]))
    address = delivery.approval.revision.address
    assert suppression.is_suppressed(delivery.workspace, "whatsapp", address)


def test_a_preference_to_stop_is_heard_in_every_workspace_that_knows_them(client):
    people = [testing.make_person(), testing.make_person(testing.make_workspace("other"))]
    for person in people:
        add_address(person.workspace, person, "whatsapp", "+442079460123")
    told = {"wa_id": "442079460123", "category": "marketing_messages", "value": "stop",
            "timestamp": 1_773_223_500}  # fmt: skip
    call(client, whatsapp(field="user_preferences", user_preferences=[told]))
    for person in people:
        assert suppression.is_suppressed(person.workspace, "whatsapp", "+442079460123")


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("+5511987654321", "551187654321"),
        ("+525512345678", "5215512345678"),
        ("+5491123456789", "541123456789"),
    ],
)
def test_a_preference_to_stop_is_heard_with_and_without_the_mobile_digit(client, number, told):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", number)
    preference = {"wa_id": told, "category": "marketing_messages", "value": "stop",
                  "timestamp": 1_773_223_500}  # fmt: skip
    call(client, whatsapp(field="user_preferences", user_preferences=[preference]))
    for each in (number, f"+{told}"):
        assert suppression.is_suppressed(person.workspace, "whatsapp", each)


UNSUBSCRIBED = {
    "RecordType": "SubscriptionChange", "MessageID": "883953f4-6105-42a2-a16a-77a8eac79400",
    "SuppressSending": True, "SuppressionReason": "ManualSuppression", "Metadata": {},
    "ChangedAt": "2026-03-11T10:05:00Z",
}  # fmt: skip


def test_who_told_the_provider_to_send_no_more_is_stopped_here():
    """The provider refuses to send, for they unsubscribed there; that proves no other sending."""
    delivery = sent(state="unknown", number="msg-1", channel="email")
    tracked = AnymailTrackingEvent(
        event_type="rejected", message_id="msg-1", reject_reason="unsubscribed",
        recipient=delivery.approval.revision.address, timestamp=None, event_id="e1",
    )  # fmt: skip
    provider_mail.track(tracked, "SendGrid")
    delivery.refresh_from_db()
    delivery.human.refresh_from_db()
    assert (delivery.status, delivery.human.status) == ("unknown", "desist")


@pytest.mark.parametrize("address", ["ann+shop@bücher.example", "Ann+Shop@xn--bcher-kva.example"])
@pytest.mark.parametrize("told", ["ann@bücher.example", "ANN@xn--bcher-kva.example"])
def test_an_unsubscription_names_the_same_mailbox_in_another_form(client, address, told):
    person = testing.make_person()
    add_address(person.workspace, person, "email", address)
    assert postmark(client, "tracking", {**UNSUBSCRIBED, "Recipient": told}).status_code == 200
    assert ProviderEvent.objects.get().kind == "unsubscribed"
    person.refresh_from_db()
    assert person.status == "desist"
    assert suppression.is_suppressed(person.workspace, "email", address)


def test_a_complaint_of_the_same_mailbox_in_another_form_counts(client):
    person = testing.make_person()
    add_address(person.workspace, person, "email", "ann+shop@example.com")
    told = {**BOUNCE, "RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 512}
    assert postmark(client, "tracking", told).status_code == 200
    row = suppression.find(person.workspace, "email", "ann+shop@example.com")
    assert row.reason == "complaint"


def test_who_unsubscribes_with_a_tag_of_theirs_stops_no_other_tag_of_the_mailbox(client):
    alice, bob = testing.make_person(), testing.make_person()
    for person, tag in ((alice, "alice"), (bob, "bob")):
        add_address(person.workspace, person, "email", f"team+{tag}@example.com")
    told = {**UNSUBSCRIBED, "Recipient": "team+bob@example.com"}
    assert postmark(client, "tracking", told).status_code == 200
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.status, bob.status) == ("active", "desist")


def test_who_unsubscribes_the_mailbox_itself_stops_everybody_there(client):
    people = [testing.make_person(), testing.make_person()]
    for person, tag in zip(people, ("alice", "bob"), strict=True):
        add_address(person.workspace, person, "email", f"team+{tag}@example.com")
    told = {**UNSUBSCRIBED, "Recipient": "team@example.com"}
    assert postmark(client, "tracking", told).status_code == 200
    for person in people:
        person.refresh_from_db()
        assert person.status == "desist"


def test_a_complaint_counts_only_where_the_address_is_known(client):
    person, there = testing.make_person(), testing.make_workspace("other")
    add_address(person.workspace, person, "email", BOUNCE["Email"])
    told = {**BOUNCE, "RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 512}
    assert postmark(client, "tracking", told).status_code == 200
    assert suppression.find(person.workspace, "email", BOUNCE["Email"]).complained_at
    assert suppression.find(there, "email", BOUNCE["Email"]) is None


def test_an_opt_out_of_somebody_nobody_knows_holds_everywhere_and_a_bounce_nowhere(client):
    places = [testing.make_workspace(), testing.make_workspace("other")]
    assert postmark(client, "tracking", BOUNCE).status_code == 200
    assert not any(suppression.is_suppressed(p, "email", BOUNCE["Email"]) for p in places)
    complaint = {**BOUNCE, "RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 512,
                 "Email": "zoe@example.com"}  # fmt: skip
    for told in ({**UNSUBSCRIBED, "Recipient": BOUNCE["Email"]}, complaint):
        assert postmark(client, "tracking", told).status_code == 200
    for place in places:
        assert suppression.find(place, "email", BOUNCE["Email"]).reason == "unsubscribe"
        assert suppression.find(place, "email", "zoe@example.com").reason == "unsubscribe"
    # Nobody there wrote to them, so it slows down nobody there.
    assert not Suppression.objects.exclude(complained_at=None).exists()


def test_a_receipt_that_is_faster_than_our_own_record_is_taken_up_later(client):
    delivery = sent(number="")
    call(client, whatsapp(statuses=[status("wamid.1", "delivered")]))
    row = ProviderEvent.objects.get()
    assert (row.judged_at, row.delivery) == (None, None)
    Delivery.objects.filter(pk=delivery.pk).update(provider_id="wamid.1")
    events.sweep(at=row.created_at + events.TRIED_FOR / 2)
    row.refresh_from_db()
    assert (row.delivery, row.result) == (delivery, "delivered")


def test_what_instagram_cannot_show_may_be_words_of_theirs(client):
    person = testing.make_person()
    add_address(person.workspace, person, "instagram", "@900000000000001")
    told = direct("", is_unsupported=True)
    del told["message"]["text"]
    assert call(client, instagram(told)).status_code == 200
    person.refresh_from_db()
    assert (InboundMessage.objects.get().verdict, person.automation_enabled) == ("unclear", False)


def test_the_words_of_an_order_are_read(client):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    told = {**message(""), "type": "order", "order": {"text": "Please stop writing to me."}}
    assert call(client, whatsapp(messages=[told])).status_code == 200
    person.refresh_from_db()
    assert person.status == "desist"


def test_an_orphan_is_given_up_in_the_end(client):
    call(client, whatsapp(statuses=[status("wamid.1", "delivered")]))
    row = ProviderEvent.objects.get()
    events.sweep(at=row.created_at + 2 * events.TRIED_FOR)
    row.refresh_from_db()
    assert row.judged_at is not None
    assert events.sweep(at=row.created_at + 2 * events.TRIED_FOR) == 0


def test_w9_a_storm_of_ten_thousand_events_has_one_effect_each(client):
    """4,999 messages' receipts twice over and out of order, a request to stop among them."""
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    delivery = sent(state="unknown", number="wamid.0")
    once = [status(f"wamid.{n}", "delivered") for n in range(4999)]
    storm = [whatsapp(statuses=[each]) for each in once] + [whatsapp(messages=[message("STOP")])]
    storm += storm
    random.Random(7).shuffle(storm)
    for start in range(0, len(storm), 1000):
        batch = storm[start : start + 1000]
        body = {**batch[0], "entry": [entry for each in batch for entry in each["entry"]]}
        assert call(client, body).status_code == 200
    assert ProviderEvent.objects.count() == 5000
    assert ProviderEvent.objects.filter(delivery__isnull=False).get().delivery == delivery
    delivery.refresh_from_db()
    person.refresh_from_db()
    assert (delivery.status, person.status) == ("sent", "desist")
    assert InboundMessage.objects.get().verdict == "stop"
    assert Contact.objects.filter(direction="in").count() == 1


# --- Mail providers ------------------------------------------------------------------------------


def postmark(client, name: str, body: dict, *, auth: str = "user:password"):
    import base64

    headers = {"Authorization": "Basic " + base64.b64encode(auth.encode()).decode()} if auth else {}
    return client.post(
        f"/webhooks/mail/postmark/{name}/",
        json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


BOUNCE = {
    "RecordType": "Bounce", "ID": 4323372036854775807, "Type": "HardBounce", "TypeCode": 1,
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "Description": "Unknown user",
    "Email": "ann@example.com", "BouncedAt": "2026-03-11T10:05:00Z", "Metadata": {},
}  # fmt: skip


@pytest.mark.parametrize("auth", ["", "user:wrong"])
def test_a_mail_provider_without_our_password_is_refused(client, auth):
    assert postmark(client, "tracking", BOUNCE, auth=auth).status_code == 401
    assert stored() == (0, 0, 0)


def test_a_mail_door_without_a_password_is_shut(client, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": []}
    assert postmark(client, "tracking", BOUNCE).status_code == 503


def test_a_mail_door_of_which_the_server_lacks_the_providers_own_key_is_shut(client):
    response = client.post(
        "/webhooks/mail/mailgun/tracking/", b"{}", content_type="application/json"
    )
    assert response.status_code == 503
    assert "MAILGUN" in response.content.decode()


@pytest.mark.parametrize(
    "raw", [b"{", b"[]", b"null", b'{"RecordType": []}', b'{"a":' * 5_000], ids=lambda raw: raw[:20]
)
def test_a_mail_providers_nonsense_is_answered_in_a_sentence(client, raw):
    response = client.post(
        "/webhooks/mail/postmark/tracking/",
        raw,
        content_type="application/json",
        headers={"Authorization": "Basic dXNlcjpwYXNzd29yZA=="},
    )
    assert response.status_code in (200, 400)
    assert not ProviderEvent.objects.exclude(kind="other").exists()


def test_a_bounce_at_the_provider_suppresses_and_proves_that_it_left(client):
    delivery = sent(channel="email", state="unknown", number=BOUNCE["MessageID"])
    for _ in range(2):
        assert postmark(client, "tracking", BOUNCE).status_code == 200
    delivery.refresh_from_db()
    address = delivery.approval.revision.address
    assert suppression.find(delivery.workspace, "email", address).reason == "bounce"
    assert delivery.status == "sent"
    assert ProviderEvent.objects.count() == 1


def test_a_complaint_at_the_provider_suppresses_as_a_complaint(client):
    delivery = sent(channel="email", number=BOUNCE["MessageID"])
    told = {**BOUNCE, "RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 512}
    assert postmark(client, "tracking", told).status_code == 200
    address = delivery.approval.revision.address
    assert suppression.find(delivery.workspace, "email", address).reason == "complaint"


def test_a_mail_brought_by_the_provider_is_heard(client):
    person = testing.make_person()
    address = person.addresses.get().normalised
    body = {
        "FromFull": {"Email": address, "Name": "Ann", "MailboxHash": ""}, "From": address,
        "ToFull": [{"Email": "out@example.org", "Name": "", "MailboxHash": ""}],
        "Subject": "Re: Minutes", "MessageID": "22c74902-a0c1-4511-804f2-341342852c90",
        "Date": "Wed, 11 Mar 2026 10:05:00 +0000", "TextBody": "Please stop emailing me.",
        "HtmlBody": "", "Headers": [{"Name": "Message-ID", "Value": "<x1@example.com>"}],
        "Attachments": [],
    }  # fmt: skip
    for _ in range(2):
        assert postmark(client, "inbound", body).status_code == 200
    person.refresh_from_db()
    row = InboundMessage.objects.get()
    assert (person.status, row.person, row.verdict) == ("desist", person, "stop")
    assert ProviderEvent.objects.get().payload == {}, "their words are kept once"
