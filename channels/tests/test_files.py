"""Files that go with a message: what was approved arrives byte for byte, or nothing does."""

from __future__ import annotations

import email
from datetime import timedelta
from email import policy

import pytest
from django.db import connection, transaction

from approvals import attaching, services, submission
from approvals.errors import Blocked, Refused
from approvals.models import Approval
from channels import sending
from channels.models import Delivery
from channels.tests.sink import SmtpSink
from outreach import testing
from outreach.core import drafts, files
from outreach.core.models import Activity, Draft, File
from outreach.testing import WORKDAY
from safety.models import SafetyEvent

pytest_plugins = ["channels.tests.senders"]
pytestmark = pytest.mark.django_db(transaction=True)
AT = WORKDAY + timedelta(minutes=1)
# Every byte there is, bare line ends, dots at the beginning of lines and a NUL.
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"\r\n.\r\n..\nFrom me\x00\r"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 50


def write(*uploads, channel="email", by=None):
    """A draft with these files, as (name, content) or (name, content, type)."""
    person, author = testing.make_person(), by or testing.bob()
    words = drafts.Text(subject="The offer", text="Here is the offer we spoke of.", confidence=85)
    given = [attaching.Upload(*each) for each in uploads]
    with transaction.atomic():
        words = attaching.put(words, person.workspace, channel, given, by=author, at=WORKDAY)
        return drafts.write(
            person.workspace, person, channel, words, by=author, at=WORKDAY, purpose="informational"
        )


def approve(draft):
    item = submission.submit(draft.pk, by=testing.bob(), at=WORKDAY).approval
    assert item is not None
    return services.approve(
        item.pk, by=testing.alice(), at=WORKDAY, digest=item.digest, undo_seconds=0
    )


def process():
    return sending.process(clock=lambda: AT)


def attached(arrival):
    message = email.message_from_bytes(arrival.data, policy=policy.default)
    return {
        part.get_filename(): (part.get_content_type(), part.get_payload(decode=True))
        for part in message.iter_attachments()
    }


def test_what_was_approved_arrives_byte_for_byte(live, mail):
    approve(write(("Offer für 2026.pdf", PDF), ("picture.png", PICTURE)))
    with SmtpSink() as sink:
        mail(sink)
        assert process().sent == 1
        (arrival,) = sink.arrivals
    assert attached(arrival) == {
        "Offer für 2026.pdf": ("application/pdf", PDF),
        "picture.png": ("image/png", PICTURE),
    }


def test_a_file_counts_in_the_digest_and_in_the_receipt(live):
    one, other = write(("a.pdf", PDF)), write(("a.pdf", PDF + b" "))
    without = write()
    assert len({row.current.digest for row in (one, other, without)}) == 3
    given = approve(one)
    assert given.receipt["message"] == given.digest == one.current.digest


@pytest.mark.parametrize(
    "spoil",
    [
        "DELETE FROM message_files",
        "UPDATE message_files SET content = head",
    ],
)
def test_bytes_that_are_gone_or_changed_since_the_approval_do_not_leave(live, mail, spoil):
    given = approve(write(("offer.pdf", PDF)))
    with connection.cursor() as cursor:
        cursor.execute(spoil)
    with SmtpSink() as sink:
        mail(sink)
        assert process().sent == 0
        assert sink.arrivals == []
    row = Delivery.objects.get(approval=given)
    assert row.status == "released"
    assert "offer.pdf" in row.reason
    assert Draft.objects.get(pk=given.draft_id).status == "draft"


def test_another_type_or_name_put_under_the_approval_does_not_leave(live, mail):
    given = approve(write(("offer.pdf", PDF)))
    testing.unguard()
    revision = given.revision
    revision.attachments = [{**revision.attachments[0], "name": "invoice.pdf"}]
    revision.save()
    testing.guard()
    with SmtpSink() as sink:
        mail(sink)
        process()
        assert sink.arrivals == []
    assert Approval.objects.get(status="pending")


def test_one_content_is_kept_once_for_each_workspace_and_told_without_its_name():
    write(("a.pdf", PDF))
    write(("b.pdf", PDF))
    assert File.objects.count() == 1
    told = Activity.objects.get(verb="drafts.file_kept")
    assert told.codes == {"size": len(PDF)}
    there = testing.make_workspace("there")
    with transaction.atomic():
        files.keep(there, PDF, by=testing.bob(there), at=WORKDAY)
    assert File.objects.count() == 2


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (("run.exe", b"MZ" + b"\0" * 80), "attachment_program"),
        (("offer.pdf", b"MZ" + b"\0" * 80), "attachment_program"),
        (("offer.pdf", PICTURE), "attachment_disguised"),
        (("../offer.pdf", PDF), "attachment_malformed"),
        (("offer.pdf:a.txt", PDF), "attachment_malformed"),
        (("offer.pdf", PDF, "text/html"), "attachment_program"),
        (("offer.pdf", PDF, "text/plain"), "attachment_disguised"),
        (("empty.pdf", b""), "attachment_malformed"),
        (("big.pdf", b"%PDF-" + b" " * (11 * 2**20)), "attachment_size"),
    ],
)
def test_what_the_rules_refuse_is_not_even_stored(upload, code):
    with pytest.raises(Blocked) as no:
        write(upload)
    assert code in {finding.code for finding in no.value.verdict.blockers}
    assert not File.objects.exists()
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("uploads", "code"),
    [
        ([("", PDF)], "attachment_name"),
        ([("x" * 256, PDF)], "attachment_name"),
        ([("a.pdf", PDF, "application")], "attachment_type"),
        ([("a.pdf", PDF, "a/b\r\nBcc: x")], "attachment_type"),
        ([("a.eml", PDF, "message/rfc822")], "attachment_type"),
        ([("a.pdf", b"%PDF-" + b" " * (21 * 2**20))], "attachment_size"),
        ([("a.pdf", PDF), ("A.PDF", PDF)], "attachment_twice"),
        ([("\u00e9.pdf", PDF), ("e\u0301.pdf", PDF)], "attachment_twice"),
    ],
)
def test_what_is_no_file_of_a_message_is_refused_in_a_sentence(uploads, code):
    with pytest.raises(Refused) as no:
        write(*uploads)
    assert no.value.code == code


@pytest.mark.parametrize("channel", ["whatsapp", "instagram", "linkedin"])
def test_a_channel_that_carries_no_files_is_told_at_once(channel):
    with pytest.raises(Blocked, match="no files can be sent"):
        write(("a.pdf", PDF), channel=channel)


def test_a_picture_always_goes_to_a_person(live):
    draft = write(("picture.png", PICTURE))
    item = submission.submit(draft.pk, by=testing.bob(), at=WORKDAY).approval
    codes = {finding["code"] for finding in item.decision["findings"]}
    assert "attachment_media" in codes
    assert item.status == "pending"


@pytest.mark.parametrize(
    ("name", "content", "type"),
    [
        ("mail.eml", b"From: a@b.example\n\nHello", "application/octet-stream"),
        ("list.csv.gz", b"\x1f\x8b\x08\x00", "application/gzip"),
        ("plan.dwg", b"AC1015\x00", "application/octet-stream"),
        ("list.csv", b"a,b", "text/csv"),
    ],
)
def test_a_file_of_no_declared_type_is_called_what_its_ending_is(name, content, type):
    assert [each["type"] for each in write((name, content)).current.attachments] == [type]


def test_a_pdf_whose_content_was_looked_at_needs_no_more_than_the_usual(live):
    item = submission.submit(write(("offer.pdf", PDF)).pk, by=testing.bob(), at=WORKDAY).approval
    found = {f["code"]: f["status"] for f in item.decision["findings"]}
    assert found["attachment"] == "pass"


def test_in_dry_run_the_files_are_named_in_what_would_have_left():
    given = approve(write(("offer.pdf", PDF)))
    assert process().simulated == 1
    row = Delivery.objects.get(approval=given)
    assert f"offer.pdf (application/pdf, {len(PDF)} bytes)" in row.evidence["would_have_left"]


def test_a_message_without_files_asks_nothing_about_them(live):
    given = testing.make_approved()
    with SmtpSink() as sink:
        from django.test.utils import CaptureQueriesContext

        live.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        live.EMAIL_HOST, live.EMAIL_PORT = sink.host, sink.port
        with CaptureQueriesContext(connection) as asked:
            assert process().sent == 1
    assert not [each for each in asked.captured_queries if "message_files" in each["sql"]]
    assert not SafetyEvent.objects.filter(draft=given.draft).exists()
