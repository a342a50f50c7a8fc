"""WhatsApp and Instagram against a local server that speaks Meta's formats: the sink judges."""

from __future__ import annotations

import threading

import pytest

from channels.adapters import instagram, whatsapp
from channels.base import ChannelUnavailable, Fault, Outcome, Template
from channels.http import Answer
from channels.meta import ERRORS, judge
from channels.tests.contract import AdapterContract, make_envelope, timed
from channels.tests.courier import wait_until
from channels.tests.http_sink import HttpSink, refusal
from channels.wire import Unsendable

NUMBER, SCOPED = "+491511234567", "@17841400000000001"


@pytest.fixture
def sink(settings):
    settings.WHATSAPP_TOKEN = settings.INSTAGRAM_TOKEN = "secret-token"
    settings.WHATSAPP_PHONE_NUMBER_ID = settings.INSTAGRAM_ACCOUNT_ID = "42"
    settings.HTTP_TIMEOUT = 0.3
    with HttpSink() as sink:
        settings.WHATSAPP_API_URL = settings.INSTAGRAM_API_URL = f"{sink.url}/v24.0"
        yield sink


class TestWhatsApp(AdapterContract):
    recipient = NUMBER

    @pytest.fixture
    def adapter(self, sink):
        return whatsapp.WhatsAppAdapter()

    @pytest.fixture
    def arrived(self, sink):
        return lambda: [posted.json["text"]["body"] for posted in sink.arrivals]


class TestInstagram(AdapterContract):
    recipient = SCOPED

    @pytest.fixture
    def adapter(self, sink):
        return instagram.InstagramAdapter()

    @pytest.fixture
    def arrived(self, sink):
        return lambda: [posted.json["message"]["text"] for posted in sink.arrivals]


def carry(sink, script=None, **changes):
    """One WhatsApp message under this script, which begins after the connection was proven."""
    connection = whatsapp.WhatsAppAdapter().connect()
    sink.script = script
    receipt = connection.carry(make_envelope(recipient=NUMBER, channel="whatsapp", **changes))
    connection.close()
    return receipt


# -- What is asked of Meta ------------------------------------------------------------------------


def test_what_is_posted_is_what_the_cloud_api_asks_for(sink):
    receipt = carry(sink, token="tok-1")
    [posted] = sink.arrivals
    assert posted.path == "/v24.0/42/messages"
    assert posted.headers["authorization"] == "Bearer secret-token"
    assert posted.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "491511234567",
        "biz_opaque_callback_data": "tok-1",
        "type": "text",
        "text": {"preview_url": False, "body": make_envelope().text},
    }
    assert receipt.provider_id.startswith("wamid.")


def test_outside_the_window_the_template_goes_with_its_parameters(sink):
    chosen = Template("visit_reminder", "en_US", ("Ana", "Monday"))
    assert carry(sink, answering=False, template=chosen).outcome is Outcome.SENT
    body = sink.arrivals[0].json
    assert body["type"] == "template" and "text" not in body
    assert body["template"] == {
        "name": "visit_reminder",
        "language": {"code": "en_US"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "Monday"}],
            }
        ],
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"answering": False},
        {"answering": False, "template": Template("t", "en", ("two\nlines",))},
        {"answering": False, "template": Template("t", "en", ("",))},
        {"attachments": (("a.pdf", "application/pdf", b"%PDF"),)},
        {"text": "x" * 4097},
        {"text": " "},
        {"text": "\ud800"},
        {"recipient": "ana@example.com"},
        {"recipient": "+49151;1"},
    ],
)
def test_what_whatsapp_would_not_take_whole_is_refused_before_a_byte(sink, changes):
    connection = whatsapp.WhatsAppAdapter().connect()
    receipt = connection.carry(make_envelope(**{"recipient": NUMBER, **changes}))
    assert (receipt.outcome, receipt.fault) == (Outcome.REFUSED, Fault.MESSAGE)
    assert sink.arrivals == []


def test_instagram_answers_within_a_day_and_by_a_persons_hand_within_seven():
    def message(**changes):
        return instagram.compose(make_envelope(recipient=SCOPED, text="Yes.", **changes))

    common = {"recipient": {"id": SCOPED[1:]}, "message": {"text": "Yes."}}
    assert message() == {**common, "messaging_type": "RESPONSE"}
    assert message(answering=False, by_person=True) == {
        **common, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT",
    }  # fmt: skip
    with pytest.raises(Unsendable, match="only what a person wrote"):
        message(answering=False)
    with pytest.raises(Unsendable, match="Instagram-scoped id"):
        instagram.compose(make_envelope(recipient="@ana.bakes"))
    with pytest.raises(Unsendable, match="1002 bytes"):
        instagram.compose(make_envelope(recipient=SCOPED, text="ä" * 501))


# -- What went wrong, and when --------------------------------------------------------------------

CERTAIN_BEFORE = ("drop", "reset", "hang")
FAULTS = [
    *(({"head": act}, Outcome.UNKNOWN) for act in CERTAIN_BEFORE),
    *(({"body": act}, Outcome.UNKNOWN) for act in CERTAIN_BEFORE),
    *(({"post": act}, Outcome.UNKNOWN) for act in CERTAIN_BEFORE),
    ({"post": "200 <html>welcome to the hotel</html>"}, Outcome.UNKNOWN),
    ({"post": '200 {"error": {}}'}, Outcome.UNKNOWN),
    ({"post": b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{}"}, Outcome.UNKNOWN),
    ({"post": b"\xff\x00 not http\r\n\r\n"}, Outcome.UNKNOWN),
    ({"post": "500 oops"}, Outcome.UNKNOWN),
    ({"post": "503 busy"}, Outcome.UNKNOWN),
    ({"post": refusal(500, 131000, "Something went wrong")}, Outcome.UNKNOWN),
    ({"post": refusal(503, 2, "Service temporarily unavailable")}, Outcome.UNKNOWN),
    ({"post": refusal(400, 999_999, "a code of next year")}, Outcome.UNKNOWN),
    ({"post": "302 http://127.0.0.1:9/elsewhere"}, Outcome.UNKNOWN),
    ({"post": "408 slow"}, Outcome.UNKNOWN),
    ({"post": "404 no such page"}, Outcome.TRY_LATER),
    ({"post": "429 too many"}, Outcome.TRY_LATER),
]


@pytest.mark.parametrize(("script", "outcome"), FAULTS, ids=str)
def test_a_receipt_never_lies(sink, script, outcome):
    receipt = carry(sink, script)
    assert receipt.outcome is outcome
    assert receipt.reply.isprintable() and "secret-token" not in receipt.reply
    if outcome is not Outcome.UNKNOWN:
        assert sink.arrivals == []


def test_a_server_that_is_not_there_costs_nothing(sink, settings):
    settings.WHATSAPP_API_URL = "http://127.0.0.1:9"
    with pytest.raises(ChannelUnavailable, match=r"127\.0\.0\.1:9, at connect"):
        whatsapp.WhatsAppAdapter().connect()


def test_a_connection_dropped_while_idle_is_opened_again_and_costs_no_unknown(sink):
    connection = whatsapp.WhatsAppAdapter().connect()
    sink.script = [{"get": "drop"}]
    connection._heard_at = 0.0
    assert connection.prove() is True
    assert sink.connections == 2
    assert connection.carry(make_envelope(recipient=NUMBER)).outcome is Outcome.SENT
    assert len(sink.arrivals) == 1


def test_a_redirect_is_never_followed(sink):
    with HttpSink() as other:
        receipt = carry(sink, {"post": f"307 {other.url}/v24.0/42/messages"})
        assert receipt.outcome is Outcome.UNKNOWN
        assert other.connections == 0


@pytest.mark.parametrize("act", ["drip 0.05", "hang"])
def test_the_deadline_ends_a_server_that_drips_or_is_silent(sink, settings, act):
    """Time-outs for each read never fire on a drip; shutting the socket does."""
    settings.HTTP_TIMEOUT = 30
    connection = whatsapp.WhatsAppAdapter().connect()
    sink.script = {"post": act}
    threading.Timer(0.3, connection.abort).start()
    receipt, seconds = timed(lambda: connection.carry(make_envelope(recipient=NUMBER)))
    assert receipt.outcome is Outcome.UNKNOWN
    assert receipt.stage == "answer"
    assert seconds < 5
    assert len(sink.arrivals) == 1


def test_a_thread_that_comes_late_transmits_nothing(sink, monkeypatch):
    """Cut off after the head was written: the body must not follow."""
    connection = whatsapp.WhatsAppAdapter().connect()
    trace = connection._trace

    def late(event, info):
        if event == "http11.send_request_headers.complete":
            connection._over = True
        trace(event, info)

    monkeypatch.setattr(connection, "_trace", late)
    assert connection.carry(make_envelope(recipient=NUMBER)).outcome is Outcome.TRY_LATER
    connection.close()
    wait_until(lambda: sink.heard("POST") == 1)
    assert sink.arrivals == []


def test_a_fault_while_the_body_is_being_written_is_unknown(sink, monkeypatch):
    connection = whatsapp.WhatsAppAdapter().connect()
    trace = connection._trace

    def breaks(event, info):
        trace(event, info)
        if event == "http11.send_request_body.complete":
            raise OSError("broken pipe")

    monkeypatch.setattr(connection, "_trace", breaks)
    receipt = connection.carry(make_envelope(recipient=NUMBER))
    assert (receipt.outcome, receipt.stage) == (Outcome.UNKNOWN, "body")


def test_closing_under_a_running_carry_cuts_it_off(sink, settings):
    settings.HTTP_TIMEOUT = 30
    connection = whatsapp.WhatsAppAdapter().connect()
    sink.script = {"post": "hang"}
    receipts: list = []
    thread = threading.Thread(
        target=lambda: receipts.append(connection.carry(make_envelope(recipient=NUMBER)))
    )
    thread.start()
    sink.wait_for(1)
    connection.close()
    thread.join(5)
    assert receipts[0].outcome is Outcome.UNKNOWN


def test_over_tls_the_server_must_be_who_it_says(sink, settings, certificate):
    with HttpSink(tls=certificate[0], tls_from_start=True) as stranger:
        settings.WHATSAPP_API_URL = stranger.url
        with pytest.raises(ChannelUnavailable, match="at tls"):
            whatsapp.WhatsAppAdapter().connect()
        assert stranger.commands == []


# -- What Meta's codes mean -----------------------------------------------------------------------

CODES = [
    (401, 190, None, Outcome.TRY_LATER, Fault.AUTH),
    (403, 10, None, Outcome.TRY_LATER, Fault.AUTH),
    (400, 100, 33, Outcome.TRY_LATER, Fault.AUTH),
    (400, 130429, None, Outcome.TRY_LATER, Fault.RATE),
    (429, 4, None, Outcome.TRY_LATER, Fault.RATE),
    (400, 613, None, Outcome.TRY_LATER, Fault.RATE),
    (400, 131056, None, Outcome.TRY_LATER, Fault.MESSAGE),
    (400, 131049, None, Outcome.TRY_LATER, Fault.MESSAGE),
    (400, 131048, None, Outcome.TRY_LATER, Fault.POLICY),
    (403, 368, None, Outcome.TRY_LATER, Fault.POLICY),
    (403, 131031, None, Outcome.TRY_LATER, Fault.POLICY),
    (400, 131047, None, Outcome.REFUSED, Fault.MESSAGE),
    (400, 131026, None, Outcome.REFUSED, Fault.MESSAGE),
    (400, 131050, None, Outcome.REFUSED, Fault.MESSAGE),
    (404, 132001, None, Outcome.REFUSED, Fault.MESSAGE),
    (400, 10, 2534022, Outcome.REFUSED, Fault.MESSAGE),
    (400, 100, 2534014, Outcome.REFUSED, Fault.MESSAGE),
    (401, 77_777, None, Outcome.TRY_LATER, Fault.AUTH),
    (429, 77_777, None, Outcome.TRY_LATER, Fault.RATE),
    (400, 77_777, None, Outcome.UNKNOWN, Fault.SERVICE),
    (500, 190, None, Outcome.UNKNOWN, Fault.SERVICE),
]


@pytest.mark.parametrize(("status", "code", "subcode", "outcome", "fault"), CODES)
def test_rate_policy_and_our_own_faults_are_told_apart(status, code, subcode, outcome, fault):
    error = {"code": code, "message": "no", "error_data": {"details": "because"}}
    if subcode:
        error["error_subcode"] = subcode
    receipt = judge(Answer(status, {"error": error}))
    assert (receipt.outcome, receipt.fault) == (outcome, fault)
    assert receipt.reply == f"{status} ({code}) no: because"


def test_what_the_server_asks_for_is_waited_and_a_day_where_it_names_none():
    limited = Answer(429, {"error": {"code": 130429}}, retry_after=90.0)
    assert judge(limited).retry_after == 90.0
    assert judge(Answer(400, {"error": {"code": 131049}})).retry_after == 86_400


def test_no_code_says_both_yes_and_no():
    for code, meaning in ERRORS.items():
        assert meaning.outcome in (Outcome.REFUSED, Outcome.TRY_LATER), code
        assert meaning.fault is not Fault.NONE, code
        assert (meaning.outcome is Outcome.REFUSED) <= (meaning.fault is Fault.MESSAGE), code


ODD = [
    *([], "x", None, 1, {"error": []}, {"error": {"code": "1"}}, {"error": {"code": None}}),
    *({"messages": []}, {"messages": ["x"]}, {"messages": [{"id": 7}]}, {"message_id": None}),
]


@pytest.mark.parametrize("status", [200, 201, 400, 500])
@pytest.mark.parametrize("said", ODD, ids=str)
def test_an_answer_of_any_shape_is_unknown_not_a_traceback(said, status):
    known = said if isinstance(said, dict) else {}
    assert judge(Answer(status, known, str(said))).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("code", [190, 368, 130429])
def test_who_does_not_let_us_in_is_told_before_any_claim(sink, code):
    sink.script = {"get": refusal(400, code, "Session has expired")}
    with pytest.raises(ChannelUnavailable, match="Session has expired") as found:
        whatsapp.WhatsAppAdapter().connect()
    assert found.value.fault is ERRORS[code].fault


@pytest.mark.parametrize("name", ["WHATSAPP_TOKEN", "WHATSAPP_PHONE_NUMBER_ID"])
def test_without_its_settings_it_says_which(sink, settings, name):
    setattr(settings, name, "")
    assert name in whatsapp.WhatsAppAdapter().configured()
    with pytest.raises(ChannelUnavailable, match=name):
        whatsapp.WhatsAppAdapter().connect()
