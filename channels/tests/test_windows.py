"""WhatsApp and Instagram through the one door: the window, the template, the words as approved."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest

from approvals import receipt, services
from approvals.models import Approval
from channels import envelopes, inbound, sending, simulate, windows
from channels.models import Delivery, PlatformTemplate
from channels.tests.http_sink import HttpSink, refusal
from outreach import testing
from outreach.core import consent
from outreach.core.models import Channel, Contact
from outreach.core.people import add_address
from outreach.core.placeholders import filled_in
from outreach.testing import WORKDAY

BODY = "Hello {{1}}, your visit is on {{2}}. Reply STOP to end."
TEXT = "Hello Ana, your visit is on Monday, 16 March. Reply STOP to end."

FITS = [
    ("Hello", "Hello", ()),
    ("Hello", "Hello!", None),
    (BODY, TEXT, ("Ana", "Monday, 16 March")),
    (BODY, TEXT + " x", None),
    (BODY, "Hello , your visit is on Monday. Reply STOP to end.", None),
    ("{{1}} and {{2}}", "a and b and c", ("a", "b and c")),
    ("{{2}} before {{1}}", "x before y", ("y", "x")),
    ("{{1}} is {{1}}", "x is x", ("x",)),
    ("{{1}} is {{1}}", "x is y", None),
    ("{{name}}: {{ total }}", "Ana: 5", ("Ana", "5")),
    ("a{{1}}a", "aa", None),
    ("a{{1}}a", "aXa", ("X",)),
    ("line\r\n{{1}}", "line\nx", ("x",)),
    ("{{1}}", "", None),
    ("x{{1}}.{{2}}", "x.a.b", (".a", "b")),
]


@pytest.mark.parametrize(("body", "text", "values"), FITS)
def test_a_text_is_a_filled_in_template_or_it_is_none(body, text, values):
    assert filled_in(body, text) == values


@pytest.fixture
def person(db):
    person = testing.make_person(name="Ana Bell")
    add_address(person.workspace, person, Channel.WHATSAPP, "+491511234567")
    consent.grant(
        person, "whatsapp", "opt_in", source="form", text_shown="WhatsApp from Us",
        by=testing.alice(), at=WORKDAY - timedelta(days=2),
    )  # fmt: skip
    return person


@pytest.fixture
def sink(settings):
    settings.WHATSAPP_TOKEN, settings.WHATSAPP_PHONE_NUMBER_ID = "t", "42"
    with HttpSink() as sink:
        settings.WHATSAPP_API_URL = sink.url
        yield sink


def make_approved(person, text=TEXT, **more) -> Approval:
    approval = testing.make_approved(person, channel="whatsapp", subject="", text=text, **more)
    return Approval.objects.select_related("draft", "revision", "workspace").get(pk=approval.pk)


def they_wrote(person, ago: timedelta) -> None:
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="whatsapp", direction="in",
        at=WORKDAY - ago, key=f"in:{ago}",
    )  # fmt: skip


def template(body=BODY, **more) -> PlatformTemplate:
    return PlatformTemplate.objects.create(
        workspace=testing.make_workspace(), name="visit", language="en_US", body=body, **more
    )


@pytest.mark.parametrize(
    ("ago", "answering"), [(timedelta(hours=23, minutes=59), True), (timedelta(hours=24), False)]
)
def test_their_message_opens_the_window_for_a_day(person, ago, answering):
    they_wrote(person, ago)
    envelope = envelopes.envelope_of(make_approved(person), token="t", at=WORKDAY)
    assert envelope.answering is answering


def test_a_template_is_looked_for_only_where_the_window_is_closed(person):
    template()
    approval = make_approved(person)
    outside = envelopes.envelope_of(approval, token="t", at=WORKDAY)
    assert outside.template.parameters == ("Ana", "Monday, 16 March")
    assert outside.text == TEXT
    they_wrote(person, timedelta(hours=1))
    assert envelopes.envelope_of(approval, token="t", at=WORKDAY).template is None


def test_a_template_of_another_workspace_or_switched_off_does_not_count(person):
    template(is_active=False)
    PlatformTemplate.objects.create(
        workspace=testing.make_workspace("other"), name="visit", language="en", body=BODY
    )
    envelope = envelopes.envelope_of(make_approved(person), token="t", at=WORKDAY)
    assert envelope.template is None


@pytest.mark.django_db(transaction=True)
def test_what_was_approved_as_one_template_does_not_leave_as_another(person, live, sink):
    """The same words, and at WhatsApp another message: with its own header, buttons and price."""
    first = template()
    given = make_approved(person)
    assert ("As the template", "“visit” (en_US)", False) in receipt.told(given)
    PlatformTemplate.objects.filter(pk=first.pk).update(is_active=False)
    PlatformTemplate.objects.create(
        workspace=person.workspace, name="visit_ad", language="en_US", body=BODY
    )
    assert sending.process(clock=lambda: WORKDAY).sent == 0
    assert sink.arrivals == []
    given.refresh_from_db()
    assert (given.status, given.closed_reason) == ("withdrawn", "template_changed")
    again = Approval.objects.get(status="pending")
    assert "as another template" in again.priority_reasons[-1]
    services.approve(again.pk, by=testing.alice(), at=WORKDAY, digest=again.digest, undo_seconds=0)
    assert sending.process(clock=lambda: WORKDAY).sent == 1
    assert sink.arrivals[0].json["template"]["name"] == "visit_ad"


@pytest.mark.django_db(transaction=True)
def test_a_receipt_that_names_no_template_holds_under_the_one_there_is(person, live, sink):
    template()
    given = make_approved(person)
    old = {k: v for k, v in given.receipt.items() if k not in ("seal", "template")}
    Approval.objects.filter(pk=given.pk).update(receipt={**old, "seal": receipt.seal(old)})
    assert sending.process(clock=lambda: WORKDAY).sent == 1


def test_only_a_persons_own_words_count_as_a_persons(person):
    assert envelopes.envelope_of(make_approved(person), token="t", at=WORKDAY).by_person
    agent = testing.make_agent(None, "drafts:write")
    other = testing.make_person(name="Cid Dole")
    add_address(other.workspace, other, Channel.WHATSAPP, "+491511234568")
    draft = testing.make_draft(other, by=agent, channel="whatsapp", subject="", text="Hello.")
    approval = Approval(
        draft=draft, revision=draft.current, workspace=draft.workspace, human=other,
        channel="whatsapp", status="approved", pk=1,
    )  # fmt: skip
    assert not envelopes.envelope_of(approval, token="t", at=WORKDAY).by_person


def test_an_email_asks_nothing_of_windows(person, django_assert_num_queries):
    approval = testing.make_approved(person)
    row = Approval.objects.select_related("draft", "revision", "workspace").get(pk=approval.pk)
    with django_assert_num_queries(0):
        assert envelopes.envelope_of(row, token="t", at=WORKDAY).answering


def test_dry_run_shows_the_template_that_would_be_used(person):
    template()
    make_approved(person)
    simulate.simulate_due(at=WORKDAY)
    shown = Delivery.objects.get().evidence["would_have_left"]
    assert shown.startswith("Template: visit (en_US)")
    assert TEXT in shown


@pytest.mark.django_db(transaction=True)
def test_a_conversation_template_reply_answer_stop(person, live, sink):
    """Send a template, hear a reply, answer freely within the day, hear STOP: nothing more goes."""
    template()
    make_approved(person)
    assert sending.process(clock=lambda: WORKDAY).sent == 1
    assert sink.arrivals[0].json["type"] == "template"

    later = WORKDAY + timedelta(hours=1)
    inbound.hear(person, "whatsapp", "Could it be Tuesday instead?", at=later, key="wamid.in1")
    answer = later + timedelta(minutes=5)
    make_approved(person, text="Yes, Tuesday it is.", at=answer)
    assert sending.process(clock=lambda: answer).sent == 1
    assert sink.arrivals[1].json["text"]["body"] == "Yes, Tuesday it is."
    assert sink.arrivals[1].token == str(Delivery.objects.latest("pk").token)

    make_approved(person, text="One more thing about Tuesday.", at=answer + timedelta(minutes=40))
    inbound.hear(person, "whatsapp", "STOP", at=answer + timedelta(minutes=41), key="wamid.in2")
    assert sending.process(clock=lambda: answer + timedelta(minutes=42)).sent == 0
    assert len(sink.arrivals) == 2


@pytest.mark.django_db(transaction=True)
def test_what_meta_refuses_for_good_goes_back_to_its_author(person, live, sink):
    they_wrote(person, timedelta(hours=1))
    make_approved(person)
    sink.script = {"post": refusal(400, 131026, "Message undeliverable")}
    assert sending.process(clock=lambda: WORKDAY).failed == 1
    assert "Message undeliverable" in Approval.objects.get().draft.status_reason
    assert sink.arrivals == []


def test_whoever_decides_reads_how_it_would_travel(person, client):
    lost = testing.make_pending(person, channel="whatsapp", subject="", text="Hello Ana.")
    client.force_login(testing.alice().user)
    page = f"/admin/approvals/approval/{lost.pk}/change/"
    for name, sentence in (("", "none is stored"), ("visit", "templates (“visit”)")):
        if name:
            PlatformTemplate.objects.create(workspace=person.workspace, name=name, body=BODY)
        way = windows.way_of(lost, at=WORKDAY)
        assert not way.may_leave and sentence in way.sentence
        assert way.sentence in html.unescape(client.get(page).content.decode())
    fit = testing.make_pending(person, channel="whatsapp", subject="", text=TEXT)
    way = windows.way_of(fit, at=WORKDAY)
    assert way.may_leave and "template “visit” (en)" in way.sentence
    inbound.hear(person, Channel.WHATSAPP, "And where?", at=WORKDAY, key="wamid.7")
    assert "As free text" in windows.way_of(lost, at=WORKDAY).sentence
    lost.scheduled_for = WORKDAY + timedelta(days=2)  # by then the window is shut
    assert not windows.way_of(lost, at=WORKDAY).may_leave
    assert windows.way_of(testing.make_pending(), at=WORKDAY) is None


@pytest.mark.parametrize("channel", ["whatsapp", "instagram"])
def test_whoever_decides_reads_that_a_channel_is_not_set_up(person, live, channel):
    add_address(person.workspace, person, Channel.INSTAGRAM, "@ana")
    inbound.hear(person, channel, "And where?", at=WORKDAY, key="id.7")
    waiting = testing.make_pending(person, channel=channel, subject="", text=TEXT)
    way = windows.way_of(waiting, at=WORKDAY)
    assert not way.may_leave and f"set {channel.upper()}_TOKEN and" in way.sentence
    live.ENVIRONMENT_BRAKES = {**live.ENVIRONMENT_BRAKES, "DRY_RUN": True}
    way = windows.way_of(waiting, at=WORKDAY)
    assert way is None or way.may_leave, "simulated all the same"


@pytest.mark.parametrize(
    ("channel", "text", "said"),
    [
        ("whatsapp", "a" * 4096, ""),
        ("whatsapp", "a" * 4097, "it has 4,097 characters, and WhatsApp takes 4,096"),
        ("instagram", "ü" * 500, ""),
        ("instagram", "ü" * 501, "it has 1,002 bytes (501 characters), and Instagram takes 1,000"),
    ],
)
def test_whoever_decides_reads_that_a_platform_takes_no_text_so_long(person, channel, text, said):
    """An approved one failed at sending: nobody may shorten what was approved."""
    add_address(person.workspace, person, Channel.INSTAGRAM, "@17841400000000000")
    inbound.hear(person, channel, "And where?", at=WORKDAY, key="id.9")
    waiting = testing.make_pending(person, channel=channel, subject="", text=text)
    way = windows.way_of(waiting, at=WORKDAY)
    assert said in (way.sentence if way else "")
    assert (way is None or way.may_leave) is (not said)


@pytest.mark.parametrize(
    ("size", "met", "said", "fits"),
    [
        (300, False, "", True),
        (301, False, "301 characters are too many for a connection note (300)", True),
        (301, True, "", True),
        (8000, True, "", True),
        (8001, True, "LinkedIn takes 8,000", False),
        (8001, False, "LinkedIn takes 8,000", False),
    ],
)
def test_whoever_decides_reads_that_linkedin_takes_no_text_so_long(person, size, met, said, fits):
    add_address(person.workspace, person, Channel.LINKEDIN, "linkedin.com/in/ana")
    if met:
        inbound.hear(person, Channel.LINKEDIN, "And where?", at=WORKDAY, key="id.8")
    text = ("Here are the minutes. " * 400)[:size].rstrip().ljust(size, ".")
    waiting = testing.make_pending(person, channel="linkedin", subject="", text=text)
    way = windows.way_of(waiting, at=WORKDAY)
    assert (way.sentence if way else "").count(said) and (way.may_leave if way else True) is fits
    assert bool(way) is bool(said)
