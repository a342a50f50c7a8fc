"""Mail from files, through the command: every kind of box, bad mail named, twice harmless."""

from __future__ import annotations

import json
import mailbox
from contextlib import nullcontext
from email.message import EmailMessage
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from outreach import testing
from outreach.core.models import Contact, InboundMessage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def bob():
    testing.bob()


def mail(number: int, text: str = "Tuesday suits me.", sender: str = "ann@example.com") -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = sender, "Re: Minutes"
    message["Message-ID"] = f"<m{number}@example.com>"
    message["Date"] = "Wed, 11 Mar 2026 10:00:00 +0000"
    message.set_content(text)
    return message.as_bytes()


def run(path, *, fault: str = "") -> dict:
    """The report; `fault` is the sentence of a command that then ends non-zero."""
    out = StringIO()
    ending = pytest.raises(CommandError, match=fault) if fault else nullcontext()
    with ending:
        call_command("import_mailbox", str(path), "--as", "bob", "--json", stdout=out)
    return json.loads(out.getvalue())


def mbox(path):
    box = mailbox.mbox(path / "old.mbox")
    for number in range(3):
        box.add(mail(number))
    box.close()
    return path / "old.mbox"


def maildir(path):
    box = mailbox.Maildir(path / "Maildir")
    for number in range(3):
        box.add(mail(number))
    return path / "Maildir"


def folder(path):
    for number in range(3):
        place = path / "mails" / f"year{number}"
        place.mkdir(parents=True)
        (place / "m.eml").write_bytes(mail(number))
    (path / "mails" / "notes.txt").write_text("no mail")
    return path / "mails"


@pytest.mark.parametrize("make", [mbox, maildir, folder])
def test_every_kind_of_box_is_taken_in_once(make, tmp_path):
    path = make(tmp_path)
    first, second = run(path), run(path)
    assert (first["mails"], first["new"], first["known"]) == (3, 3, 0)
    assert (second["new"], second["known"]) == (0, 3)
    assert InboundMessage.objects.count() == 3


def test_one_mail_is_a_box_of_one(tmp_path):
    path = tmp_path / "one"
    path.write_bytes(mail(1))
    assert run(path)["new"] == 1


def test_the_report_says_what_the_mails_were(tmp_path):
    person = testing.make_person()
    sender = person.addresses.get().normalised
    box = mailbox.mbox(tmp_path / "in.mbox")
    box.add(mail(1, sender=sender))
    box.add(mail(2, "Unsubscribe", sender=sender))
    box.add(mail(3))
    box.add(mail(4, sender="outreach@localhost"))
    box.close()
    report = run(tmp_path / "in.mbox")
    assert report["judged"] == {
        "wants an answer": 1, "asked us to stop": 1, "from nobody we know": 1
    }  # fmt: skip
    assert report["ours"] == 1
    person.refresh_from_db()
    assert person.status == "desist"
    assert Contact.objects.filter(direction="in", human=person).count() == 2


@pytest.mark.parametrize("mark", ["", ">"])
@pytest.mark.parametrize(
    "begin",
    [
        "From ann@example.com Wed Mar 11 10:00:00 2026",
        "From - Wed Mar 11 10:00:00 2026",
        "From 16@xxx Wed Mar 11 10:00:00 +0000 2026",
        "From ann@example.com Wed, 11 Mar 2026 10:00:00 +0100",
    ],
)
def test_a_line_of_theirs_that_begins_with_from_ends_no_mail_of_an_mbox(tmp_path, begin, mark):
    person = testing.make_person()
    text = f"Hello Zoe,\n\n{mark}From today on, please stop writing to me."
    one, two = mail(1, text, sender=person.addresses.get().normalised), mail(2)
    path = tmp_path / "in.mbox"
    path.write_bytes(b"".join(f"{begin}\n".encode() + each + b"\n" for each in (one, two)))
    report = run(path)
    assert report["judged"] == {"asked us to stop": 1, "from nobody we know": 1}


def test_a_bad_mail_is_named_with_its_reason_and_stops_nothing(tmp_path):
    (tmp_path / "a.eml").write_bytes(b"")
    (tmp_path / "b.eml").write_bytes(b"\x00\xff\xfe no mail")
    (tmp_path / "c.eml").write_bytes(mail(1).replace(b"Tuesday", b"Tues\xffday"))
    report = run(tmp_path, fault="2 mails could not be read; all others are in")
    assert (report["unreadable"], report["new"]) == (2, 1)
    assert InboundMessage.objects.count() == 1
    assert report["unreadable_mails"] == [
        {"mail": "a.eml", "reason": "it is empty"},
        {"mail": "b.eml", "reason": "it has no sender's address (From)"},
    ]


def test_without_json_it_is_told_in_sentences(tmp_path):
    (tmp_path / "a.eml").write_bytes(b"")
    (tmp_path / "c.eml").write_bytes(mail(1))
    out = StringIO()
    with pytest.raises(CommandError, match=r"^1 mail could not be read; all others are in"):
        call_command("import_mailbox", str(tmp_path), "--as", "bob", stdout=out)
    told = out.getvalue()
    assert "folder, 2 mails" in told
    assert "1 new, 0 known, 0 ours, 1 unreadable." in told
    assert "cannot be read: a.eml: it is empty" in told
    (tmp_path / "a.eml").unlink()
    call_command("import_mailbox", str(tmp_path), "--as", "bob", stdout=out)
    assert "folder, 1 mail\n" in out.getvalue()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path / "nowhere", "There is no file or folder"),
        (lambda path: path, "no Maildir"),
        (lambda path: odd(path), "no line in it begins with 'From '"),
    ],
)
def test_what_is_no_box_is_refused_in_a_sentence(make, sentence, tmp_path):
    with pytest.raises(CommandError, match=sentence):
        run(make(tmp_path))
    assert not InboundMessage.objects.exists()


def odd(path):
    (path / "odd.mbox").write_text("Hello")
    return path / "odd.mbox"


def test_who_may_not_import_imports_nothing(tmp_path):
    testing.carol()
    with pytest.raises(CommandError, match="may not import"):
        call_command("import_mailbox", str(tmp_path), "--as", "carol")
