"""Files of messages in the admin and by REST: brought, listed, given out to save, taken away."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from approvals.models import Approval
from outreach import testing
from outreach.core.models import Draft, File, Person
from outreach.core.principal import Principal
from outreach.edge.tests.api import agent, colleague
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n" + bytes(range(256))
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 50
EVIL = b"<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=True):
        yield


@pytest.fixture
def draft():
    return testing.make_draft()


@pytest.fixture
def bob():
    return enter(testing.bob())


def enter(who):
    client = Client()
    client.force_login(who.user)
    return client


def post(client, draft, action="save", uploads=(), **typed):
    revision = Draft.objects.get(pk=draft.pk).current
    form = {"digest": revision.digest, "subject": revision.subject, "text": revision.text}
    files = [SimpleUploadedFile(name, content) for name, content in uploads]
    return client.post(
        f"/admin/core/draft/{draft.pk}/change/", {**form, "action": action, "files": files, **typed}
    )


def words(response):
    return " ".join(str(message) for message in response.wsgi_request._messages)


def names(draft):
    return [each["name"] for each in Draft.objects.get(pk=draft.pk).current.attachments]


def fetch(client, draft, number=1):
    revision = Draft.objects.get(pk=draft.pk).current_id
    return client.get(f"/admin/core/draft/file/{revision}/?n={number}")


def test_files_are_brought_kept_over_an_edit_and_taken_away(bob, draft):
    first = Draft.objects.get(pk=draft.pk).current.digest
    post(bob, draft, uploads=[("offer.pdf", PDF), ("picture.png", PICTURE)])
    assert names(draft) == ["offer.pdf", "picture.png"]
    assert Draft.objects.get(pk=draft.pk).current.digest != first
    post(bob, draft, text="Other words, the same files.")
    assert names(draft) == ["offer.pdf", "picture.png"]
    post(bob, draft, without=["picture.png"], uploads=[("list.csv", b"a,b\n1,2\n")])
    assert names(draft) == ["offer.pdf", "list.csv"]
    page = bob.get(f"/admin/core/draft/{draft.pk}/change/").content.decode()
    assert 'enctype="multipart/form-data"' in page
    assert "offer.pdf" in page
    assert hashlib.sha256(PDF).hexdigest()[:12] in page


def test_a_refused_file_is_told_and_the_typed_words_come_back(bob, draft):
    answer = post(bob, draft, uploads=[("offer.pdf", b"MZ" + b"\0" * 80)], text="My new words.")
    assert "is a program, whatever its name says" in words(answer)
    assert "My new words." in answer.content.decode()
    assert names(draft) == []
    assert not File.objects.exists()


def test_what_the_browser_calls_a_file_is_not_asked(bob, draft):
    odd = SimpleUploadedFile("offer.pdf", PDF, "application/x-download")
    post(bob, draft, files=[odd])
    (kept,) = Draft.objects.get(pk=draft.pk).current.attachments
    assert kept["type"] == "application/pdf"


def test_the_reviewer_sees_the_files_and_gets_exactly_those_bytes(bob, draft):
    post(bob, draft, action="submit", uploads=[("offer.pdf", PDF), ("picture.png", PICTURE)])
    item = Approval.objects.get(draft=draft)
    alice = enter(testing.alice())
    page = alice.get(f"/admin/approvals/approval/{item.pk}/change/").content.decode()
    assert f"/admin/core/draft/file/{item.revision_id}/?n=2" in page
    assert "a person must look at it" in page
    assert fetch(alice, draft, 1).content == PDF
    assert fetch(alice, draft, 2).content == PICTURE


def test_a_file_is_given_to_save_and_never_to_open(bob, draft):
    post(bob, draft, uploads=[("notes.txt", EVIL), ('Müller\'s "list".txt', b"x")])
    answer = fetch(bob, draft, 1)
    assert answer.content == EVIL
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert "filename*=utf-8''M%C3%BCller" in fetch(bob, draft, 2)["Content-Disposition"]


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "", "99999999999999999999", "²"])
def test_a_file_that_is_not_there_is_not_there(bob, draft, number):
    post(bob, draft, uploads=[("offer.pdf", PDF)])
    assert fetch(bob, draft, number).status_code == 404


def test_bytes_that_are_not_those_approved_are_not_given_out(bob, draft):
    post(bob, draft, uploads=[("offer.pdf", PDF)])
    File.objects.update(content=b"%PDF-other")
    assert fetch(bob, draft).status_code == 404


def test_another_workspaces_file_is_not_there(bob, draft):
    post(bob, draft, uploads=[("offer.pdf", PDF)])
    there = testing.make_workspace("there")
    oscar = enter(Principal.of_user(testing.make_user("oscar", "admin", there)))
    assert fetch(oscar, draft).status_code == 404
    assert fetch(enter(testing.carol()), draft).status_code == 200


# --- REST ----------------------------------------------------------------------------------------


def propose(*attachments, caller=None, **more):
    person = Person.objects.first() or testing.make_person()
    body = {
        "person": str(person.uuid), "channel": "email", "purpose": "informational",
        "subject": "The offer", "text": "Here is the offer we spoke of.",
        "attachments": list(attachments), **more,
    }  # fmt: skip
    return (caller or agent("drafts:write")).post("/api/drafts", body, Idempotency_Key="one")


def file(name="offer.pdf", content=PDF, **more):
    return {"name": name, "content": base64.b64encode(content).decode(), **more}


def test_a_program_proposes_with_files():
    answer = propose(file(), file("picture.png", PICTURE, type="image/png"))
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["attachments"] == [
        {"name": "offer.pdf", "type": "application/pdf", "size": len(PDF),
         "sha256": hashlib.sha256(PDF).hexdigest()},
        {"name": "picture.png", "type": "image/png", "size": len(PICTURE),
         "sha256": hashlib.sha256(PICTURE).hexdigest()},
    ]  # fmt: skip
    assert "attachment_media" in {each["code"] for each in body["outcome"]["findings"]}
    assert Approval.objects.get().status == "pending"


def test_a_program_that_decides_reads_of_each_file_what_the_digest_is_about():
    propose(file(), file("picture.png", PICTURE))
    item, alice = Approval.objects.get(), colleague(testing.alice)
    proposed = item.revision.attachments
    assert [each["name"] for each in proposed] == ["offer.pdf", "picture.png"]
    one = alice.get(f"/api/approvals/{item.pk}").json()
    assert one["attachments"] == proposed
    for path in ("/api/approvals?status=pending", f"/api/workspaces/{item.workspace_id}/reviews"):
        assert alice.get(path).json()["results"][0]["attachments"] == proposed
    done = alice.post(f"/api/approvals/{item.pk}/approve", {"digest": one["digest"]})
    assert (done.status_code, done.json()["attachments"]) == (200, proposed)


def test_the_terminal_shows_the_files_that_a_yes_would_send():
    propose(file(), file("picture.png", PICTURE))
    item = Approval.objects.get()
    testing.alice()
    out = io.StringIO()
    call_command("review", "--show", str(item.pk), "--as", "alice", stdout=out)
    shown = "".join(line.strip("│ ") for line in out.getvalue().splitlines())
    for content, name in ((PDF, "offer.pdf"), (PICTURE, "picture.png")):
        assert name in shown
        assert hashlib.sha256(content).hexdigest() in shown.replace(" ", "")
    out = io.StringIO()
    call_command("review", "--show", str(item.pk), "--as", "alice", "--json", stdout=out)
    assert json.loads(out.getvalue())["attachments"] == item.revision.attachments


@pytest.mark.parametrize(
    ("attachment", "said"),
    [
        ({"name": "a.pdf", "content": "no base64!"}, "not base64"),
        ({"name": "a.pdf"}, "required"),
        ({"content": "QQ=="}, "required"),
        ({"name": "a.pdf", "content": "QQ==", "path": "/etc/passwd"}, "Unknown field"),
        (file("run.exe", b"MZ" + b"\0" * 9), "program"),
        (file("offer.pdf", PICTURE), "its content is image"),
        (file(type="message/rfc822"), "media type"),
        (file(type="text/plain"), "Write application/pdf"),
        (file("../a.pdf"), "holds a path"),
    ],
)
def test_what_is_no_file_is_refused_and_nothing_is_written(attachment, said):
    answer = propose(attachment)
    assert 400 <= answer.status_code < 500
    assert said in answer.content.decode()
    assert not Draft.objects.exists()
    assert not File.objects.exists()


def test_a_channel_without_files_is_told_at_once():
    answer = propose(file(), channel="linkedin")
    assert 400 <= answer.status_code < 500
    assert "no files can be sent" in answer.content.decode()


def test_the_same_words_with_another_file_are_another_request():
    caller = agent("drafts:write")
    assert propose(file(), caller=caller).status_code == 201
    assert propose(file(), caller=caller).status_code == 201, "the same is answered again"
    assert propose(file(content=PDF + b"x"), caller=caller).status_code == 422
    assert Draft.objects.count() == 1
