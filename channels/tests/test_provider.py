"""A provider's API through django-anymail, against a local server that speaks Postmark's form."""

from __future__ import annotations

import json

import pytest

from channels.adapters.email import EmailAdapter
from channels.base import Fault, Outcome
from channels.tests.contract import AdapterContract, make_envelope
from channels.tests.http_sink import HttpSink


def postmark_says(posted, number: int) -> str:
    return "200 " + json.dumps(
        {"To": posted.json["To"], "ErrorCode": 0, "Message": "OK", "MessageID": f"pm-{number}"}
    )


@pytest.fixture
def sink(settings):
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    with HttpSink(friendly=postmark_says) as sink:
        settings.ANYMAIL = {
            "POSTMARK_SERVER_TOKEN": "secret-token",
            "POSTMARK_API_URL": sink.url,
            "REQUESTS_TIMEOUT": 0.5,
        }
        yield sink


def carry(sink, script=None, **changes):
    sink.script = script
    connection = EmailAdapter().connect()
    receipt = connection.carry(make_envelope(**changes))
    connection.close()
    return receipt


class TestPostmark(AdapterContract):
    @pytest.fixture
    def adapter(self, sink):
        return EmailAdapter()

    @pytest.fixture
    def arrived(self, sink):
        return lambda: [posted.json["TextBody"] for posted in sink.arrivals]


def test_what_was_approved_is_what_is_posted(sink):
    one_click = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    receipt = carry(
        sink,
        html="<p>Hello</p>",
        headers=(one_click,),
        attachments=(("plan.pdf", "application/pdf", b"%PDF"),),
    )
    [posted] = sink.arrivals
    assert posted.headers["x-postmark-server-token"] == "secret-token"
    body = posted.json
    assert (body["To"], body["Subject"]) == ("ana@example.com", "Your question")
    assert body["HtmlBody"] == "<p>Hello</p>"
    headers = {each["Name"]: each["Value"] for each in body["Headers"]}
    assert headers["Message-ID"] == "<d1.r2@example.org>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [each["Name"] for each in body["Attachments"]] == ["plan.pdf"]
    assert "Cc" not in body and "Bcc" not in body
    assert receipt.provider_id.startswith("pm-")


INVALID = '422 {"ErrorCode": 300, "Message": "Invalid request"}'
INACTIVE = "Found inactive addresses: ana@example.com. Inactive recipients are ones that bounced."
INACTIVE = "422 " + json.dumps({"ErrorCode": 406, "Message": INACTIVE})
VAGUE = '422 {"ErrorCode": 406, "Message": "You tried to send to somebody inactive"}'
ANSWERS = [
    (INVALID, Outcome.REFUSED, "message"),
    (INACTIVE, Outcome.REFUSED, "message"),
    (VAGUE, Outcome.UNKNOWN, None),  # anymail itself counts this one as sent
    ('401 {"ErrorCode": 10, "Message": "Bad token"}', Outcome.TRY_LATER, "auth"),
    ('429 {"ErrorCode": 0, "Message": "Slow down"}', Outcome.TRY_LATER, "rate"),
    ("500 oops", Outcome.UNKNOWN, "service"),
    ("503 busy", Outcome.UNKNOWN, "service"),
    ("200 <html>hello</html>", Outcome.UNKNOWN, None),
    ("drop", Outcome.UNKNOWN, None),
    ("hang", Outcome.UNKNOWN, None),
]  # fmt: skip


@pytest.mark.parametrize(("act", "outcome", "fault"), ANSWERS)
def test_a_receipt_never_lies(sink, act, outcome, fault):
    receipt = carry(sink, {"post": act})
    assert receipt.outcome is outcome
    assert fault is None or receipt.fault is Fault(fault)
    assert "secret-token" not in receipt.reply and receipt.reply.isprintable()


def test_the_providers_name_comes_from_the_environment(monkeypatch):
    """In a process of its own, as a deployment reads it."""
    import os
    import subprocess
    import sys

    code = "from django.conf import settings as s; print(s.EMAIL_BACKEND, s.ANYMAIL['X'])"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "outreach.settings",
             "EMAIL_URL": "anymail+postmark://", "ANYMAIL_SETTINGS": '{"X": "y"}'},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.split() == ["anymail.backends.postmark.EmailBackend", "y"]
