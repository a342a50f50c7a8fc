"""One row for each message: a replay is known for one, and other words under its id for others."""

from __future__ import annotations

import json
import mailbox
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from io import StringIO

import pytest
from django.core.management import call_command

from channels.incoming import Incoming
from channels.mail.reading import read
from channels.mail.tests.test_reports import arf, dsn
from channels.models import ProviderEvent
from channels.receiving import take_in
from channels.tests.test_receiving import delivered, letter
from channels.tests.test_webhooks import postmark
from outreach import testing
from outreach.core.models import Contact, InboundMessage
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=5)
LIST = "\n_______________________________________________\nminutes mailing list\nTo unsubscribe: x"
STOP = "Please stop writing to me."


def again(first: Incoming, **changes) -> list[InboundMessage]:
    """What is stored once both mails are taken in."""
    for each in (first, replace(first, **changes)):
        take_in(each, at=LATER)
    return list(InboundMessage.objects.order_by("id"))


# --- Other words under a known id ----------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"text": STOP},
        {"text": f"Tuesday suits me.\n{STOP}"},
        {"text": f"Tuesday suits me.\n--\n{STOP}"},
        {"text": "", "subject": "Stop"},
        {"subject": STOP},
        {"text": f"Tuesday suits me.\n\n> {STOP}"},
    ],
)
def test_a_request_to_stop_under_a_known_id_is_heard(changes):
    ann = testing.make_person()
    rows = again(letter(ann, subject="Re: Minutes"), **changes)
    ann.refresh_from_db()
    assert len(rows) == 2
    assert ann.status == "desist" or not ann.automation_enabled
    assert rows[1].verdict in ("stop", "unclear")
    words = f"{rows[1].subject} {rows[1].text} {rows[1].quoted}"
    assert set("\n".join(changes.values()).split()) <= set(words.split()), "their words are kept"
    assert Contact.objects.filter(direction="in").count() == 2


def test_other_words_that_ask_for_nothing_are_kept_and_want_an_answer():
    rows = again(letter(testing.make_person()), text="No, Wednesday.")
    assert [row.text for row in rows] == ["Tuesday suits me.", "No, Wednesday."]
    assert [row.status for row in rows] == ["wants_reply", "wants_reply"]


def test_what_they_wrote_us_is_heard_where_a_lists_copy_of_it_was_first():
    ann = testing.make_person()
    of_list = letter(ann, f"{STOP}{LIST}", automatic="a mailing list sent it")
    rows = again(of_list, text=STOP, automatic="")
    ann.refresh_from_db()
    assert (len(rows), ann.status) == (2, "desist")


def test_a_voice_under_a_known_id_holds_everything():
    ann = testing.make_person()
    rows = again(letter(ann, ""), unread="voice.ogg")
    ann.refresh_from_db()
    assert (len(rows), ann.automation_enabled) == (2, False)


def test_another_report_under_a_known_id_counts():
    _, number = delivered()
    bounce = Incoming.of_letter(read(dsn("5.1.1", original=number)))
    complaint = Incoming.of_letter(read(arf(original=number)))
    rows = again(bounce, report=complaint.report)
    assert [row.kind for row in rows] == ["bounce", "complaint"]


def test_the_provider_brings_both(client, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": ["user:password"]}
    ann = testing.make_person()
    address = ann.addresses.get().normalised
    for text in ("Tuesday suits me.", STOP, STOP):
        body = {
            "FromFull": {"Email": address, "Name": "Ann", "MailboxHash": ""}, "From": address,
            "ToFull": [{"Email": "out@example.org", "Name": "", "MailboxHash": ""}],
            "Subject": "Re: Minutes", "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
            "Date": "Wed, 11 Mar 2026 10:05:00 +0000", "TextBody": text, "HtmlBody": "",
            "Headers": [{"Name": "Message-ID", "Value": "<x1@example.com>"}], "Attachments": [],
        }  # fmt: skip
        assert postmark(client, "inbound", body).status_code == 200
    ann.refresh_from_db()
    assert ann.status == "desist"
    assert InboundMessage.objects.count() == ProviderEvent.objects.count() == 2


def test_a_box_tells_both_as_new_and_as_known_the_second_time(tmp_path):
    testing.bob()
    box = mailbox.mbox(tmp_path / "in.mbox")
    for text in ("Tuesday suits me.", STOP):
        mail = EmailMessage()
        mail["From"], mail["Subject"], mail["Message-ID"] = "ann@example.com", "Hi", "<m@x.example>"
        mail.set_content(text)
        box.add(mail)
    box.close()
    counts = []
    for _ in range(2):
        out = StringIO()
        call_command("import_mailbox", box._path, "--as", "bob", "--json", stdout=out)
        told = json.loads(out.getvalue())
        counts.append((told["new"], told["known"]))
    assert counts == [(2, 0), (0, 2)]


# --- A replay ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"text": " Tuesday  suits me.\r\n\n"},
        {"text": "Tuesday suits me.\n\nOn Tue, 10 Mar 2026 at 09:00 Bob wrote:\n> Hello, and more"},
        {"text": f"Tuesday suits me.{LIST}", "automatic": "a mailing list sent it"},
        {"text": "Tuesday suits me.\n-- \nScanned by the relay of example.com"},
        {"automatic": "a mailing list sent it"},
        {"subject": "[EXTERNAL] Re: Minutes"},
        {"subject": "Minutes", "sender_name": "Ann", "at": LATER + timedelta(days=1)},
        {"attachments": ("left-out.txt",)},
    ],
)
def test_the_same_words_on_another_way_are_a_replay(changes):
    ann = testing.make_person()
    rows = again(letter(ann), **changes)
    ann.refresh_from_db()
    assert len(rows) == Contact.objects.filter(direction="in").count() == 1
    assert (rows[0].status, ann.automation_enabled) == ("wants_reply", True)


def test_the_second_of_two_is_known_as_well():
    ann = testing.make_person()
    for text in ("Tuesday suits me.", "No, Wednesday.", "No,  Wednesday.", "Tuesday suits me."):
        take_in(letter(ann, text), at=LATER)
    assert InboundMessage.objects.count() == 2


def test_a_quote_that_is_known_for_ours_by_now_makes_no_replay_another_message():
    """Which lines are ours depends on what we sent by then."""
    ann = testing.make_person()
    draft = testing.make_draft(ann, text="Shall we meet on Tuesday, in the morning?")
    first = letter(ann, "Shall we meet on Tuesday, in the morning?\nYes, that would suit me.")
    take_in(first, at=LATER)
    Contact.objects.create(
        workspace=ann.workspace, human=ann, channel="email", direction="out", at=LATER,
        key="delivery:x", draft=draft,
    )  # fmt: skip
    take_in(first, at=LATER)
    assert InboundMessage.objects.count() == 1
