"""Checkpoints: what they show that the log itself cannot, and how `audit verify` says so."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from approvals import receipt as receipts
from approvals.models import Approval
from channels import rewound
from outreach import testing
from outreach.core import activity, checkpoints, drafts, own_keys
from outreach.core.models import Activity, Revision, Seal
from outreach.edge import tasks
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return settings.DATA_DIR


@pytest.fixture
def log():
    place = testing.make_workspace()
    by = testing.dora(place)
    for number in range(6):
        entry = activity.entry("workspaces.changed", place, number=number)
        activity.record(entry, by=by, at=WORKDAY)


@pytest.fixture
def kept(log, tmp_path) -> Path:
    file = tmp_path / "kept"
    call_command("audit", "checkpoint", "--to", str(file), stdout=StringIO())
    return file


def verify(file: Path) -> tuple[int, str]:
    """(exit code, what it says)"""
    out = StringIO()
    try:
        call_command("audit", "verify", "--checkpoint", str(file), stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


@contextmanager
def tampering() -> Iterator[None]:
    """Without the guards. PostgreSQL changes no table that has something left to check."""
    connection.check_constraints()
    testing.unguard()
    yield
    connection.check_constraints()
    testing.guard()


def go_back(entries: int) -> None:
    """The database as it was when the log had so many entries: an older backup."""
    ids = list(Seal.objects.filter(seq__gt=entries).values_list("activity_id", flat=True))
    with tampering():
        Seal.objects.filter(seq__gt=entries).delete()
        Activity.objects.filter(pk__in=ids).delete()


def test_a_checkpoint_is_one_line_that_names_the_head(kept):
    told = json.loads(kept.read_text())
    assert set(told) == checkpoints.FIELDS
    assert (told["seq"], told["hash"]) == activity.head()
    assert kept.read_text().count("\n") == 1 and kept.stat().st_mode & 0o077 == 0
    out = StringIO()
    call_command("audit", "checkpoint", stdout=out)
    assert json.loads(out.getvalue())["hash"] == told["hash"]


def test_the_head_is_that_of_all_entries_however_many_wait_to_be_sealed(log, monkeypatch):
    monkeypatch.setattr(activity, "seal", functools.partial(activity.seal, most=1))
    monkeypatch.setattr(activity, "BATCH", 1)
    assert checkpoints.make(at=WORKDAY)["seq"] == Activity.objects.count() > 1


def test_a_log_that_went_on_agrees_with_what_was_kept(kept):
    place = testing.make_workspace()
    activity.record(activity.entry("workspaces.changed", place), by=testing.dora(), at=WORKDAY)
    code, said = verify(kept)
    assert code == 0 and "1 checkpoints agree" in said


def test_a_restored_older_database_is_noticed(kept):
    last, _ = activity.head()
    go_back(last - 2)
    assert activity.verify().bad is None, "the log alone cannot tell"
    code, said = verify(kept)
    assert code == 5
    assert f"it ends with entry {last - 2}" in said and f"knows entry {last}" in said


def plain() -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("audit", "verify", stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_what_this_machine_has_seen_of_the_log_is_asked_without_any_file(log, folder):
    activity.seal_all()
    assert not rewound.check(clock=lambda: WORKDAY)
    last, _ = activity.head()
    assert plain()[0] == 0
    go_back(last - 2)
    code, said = plain()
    assert code == 5 and said.startswith("GONE BACK: "), said
    assert f"Entry {last} of the log, which this machine has seen, is not there" in said
    assert f"it ends with entry {last - 2}" in said and "keep a copy of the database" in said
    with pytest.raises(SystemExit):
        call_command("audit", "verify", "--json", stdout=(out := StringIO()))
    told = json.loads(out.getvalue())
    assert not told["ok"] and f"Entry {last}" in told["head_fault"]
    assert plain()[0] == 5, "to look changes nothing"


def test_a_log_that_went_another_way_than_this_machine_has_seen_is_broken(log, folder):
    activity.seal_all()
    rewound.check(clock=lambda: WORKDAY)
    (path,) = (folder / "heads").iterdir()
    last, _ = activity.head()
    path.write_text(f"{last} {'f' * 64}\n")
    code, said = plain()
    assert code == 4 and f"Entry {last} of the log" in said and "is another now" in said


def texts() -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("audit", "verify", "--texts", stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def forged(approval, **body: str) -> None:
    """The receipt and the digest as they would be had another letter been approved."""
    receipt = {**approval.receipt, **body}
    receipt["seal"] = receipts.seal({k: v for k, v in receipt.items() if k != "seal"})
    Approval.objects.filter(pk=approval.pk).update(receipt=receipt, digest=receipt["message"])


def test_a_text_changed_after_its_approval_is_noticed_where_it_is_asked_for():
    given = [testing.make_approved() for _ in range(3)]
    assert texts()[0] == 0
    with tampering():
        Revision.objects.filter(pk=given[1].revision_id).update(text="Something else.")
    assert plain()[0] == 0, "the chain of the log alone cannot tell"
    code, said = texts()
    assert code == 4 and f"approval {given[1].pk}: the text of revision" in said
    changed = Revision.objects.get(pk=given[1].revision_id)
    forged(given[1], message=drafts.digest_of(given[1].draft, changed))
    code, said = texts()
    assert code == 4 and f"approval {given[1].pk}: the log tells of another receipt" in said
    Approval.objects.filter(pk=given[0].pk).update(digest="0" * 64)
    code, said = texts()
    assert code == 4 and f"approval {given[0].pk}: its receipt was changed" in said
    Approval.objects.filter(pk=given[0].pk).update(receipt={})
    assert f"approval {given[0].pk}: its receipt is gone" in texts()[1]


def test_an_erased_text_is_no_changed_one():
    given = testing.make_approved()
    with tampering():
        Revision.objects.filter(pk=given.revision_id).update(text="", erased_at=WORKDAY)
    assert texts()[0] == 0


def test_one_that_has_gone_on_since_is_noticed_too(kept):
    last, _ = activity.head()
    go_back(last - 2)
    for _ in range(4):
        entry = activity.entry("workspaces.changed", testing.make_workspace(), other=1)
        activity.record(entry, by=testing.dora(), at=WORKDAY)
    code, said = verify(kept)
    assert code == 4 and f"entry {last} is another" in said


def test_a_chain_made_anew_from_its_first_entry_is_noticed(kept):
    with tampering():
        Activity.objects.filter(verb="workspaces.changed").update(by_id="somebody else")
        Seal.objects.all().delete()
    assert activity.verify().bad is None, "the log alone cannot tell"
    assert verify(kept)[0] == 4


def test_a_broken_chain_is_4_whatever_the_checkpoint_says(kept):
    with tampering():
        Activity.objects.filter(verb="workspaces.changed").update(by_id="somebody else")
    kept.write_text("")
    assert verify(kept)[0] == 4


@pytest.mark.parametrize("field", sorted(checkpoints.FIELDS - {"signature"}))
def test_a_checkpoint_that_was_changed_is_none(field, kept):
    told = json.loads(kept.read_text())
    value = told[field] + 1 if isinstance(told[field], int) else f"{told[field]}0"
    kept.write_text(json.dumps({**told, field: value}) + "\n")
    code, said = verify(kept)
    assert code == 5 and ("signature is wrong" in said or "another key" in said)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "There is no checkpoint in it"), ("\n\n", "There is no checkpoint in it"),
     ("{", "Line 1 is no checkpoint"), ("[]", "Line 1 is no checkpoint"),
     ('{"seq": 1}', "Line 1 is no checkpoint")],
)  # fmt: skip
def test_a_file_without_a_checkpoint_is_5(text, sentence, log, tmp_path):
    file = tmp_path / "kept"
    file.write_text(text)
    assert verify(file) == (5, f"NOT PROVEN by {file}: {sentence}.\n")
    assert verify(tmp_path / "none")[0] == 5
    file.write_bytes(b"\xff\xfe")
    assert verify(file)[0] == 5


def test_another_key_is_said(kept, monkeypatch):
    monkeypatch.setenv("AUDIT_KEY", "another key " + "z" * 40)
    code, said = verify(kept)
    assert code == 5 and "signed with another key" in said
    monkeypatch.setenv("AUDIT_KEY", "short")
    with pytest.raises(own_keys.ImproperlyConfigured, match="AUDIT_KEY is shorter than 32"):
        verify(kept)


def test_an_empty_log_has_nothing_to_keep(folder):
    with pytest.raises(CommandError, match="The log is empty"):
        call_command("audit", "checkpoint")
    assert checkpoints.keep(at=WORKDAY) is False


def test_one_a_day_is_appended_and_nothing_is_ever_taken_out(log, folder):
    file = folder / "checkpoints"
    for hours, due in ((0, True), (1, False), (13, False), (14, True), (15, False)):
        assert checkpoints.keep(at=WORKDAY + timedelta(hours=hours)) is due, hours
    first, second = file.read_text().splitlines()
    assert json.loads(first)["at"] < json.loads(second)["at"]
    assert verify(file)[0] == 0 and file.stat().st_mode & 0o077 == 0
    with file.open("a") as half:
        half.write('{"seq": ')
    assert checkpoints.keep(at=WORKDAY + timedelta(days=2)) is True
    *lines, half, last = file.read_text().splitlines()
    assert (lines, half) == ([first, second], '{"seq": ') and json.loads(last)["v"] == 1


def test_a_full_disk_leaves_the_file_as_it_was(log, folder, monkeypatch, caplog):
    checkpoints.keep(at=WORKDAY)
    before = (folder / "checkpoints").read_text()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints.os, "fsync", full)
    assert tasks.keep_checkpoint() is False
    assert "No space left on device" in caplog.text
    assert (folder / "checkpoints").read_text() == before


def test_the_log_is_taken_by_an_operator_into_a_new_file(log, tmp_path):
    file = tmp_path / "log.jsonl"
    out = StringIO()
    call_command(
        "audit", "export", "--to", str(file), "--as", testing.olaf().user.username, stdout=out
    )
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-1]["verb"] == "audit.exported" and lines[-1]["workspace"] is None
    assert lines[-1]["codes"] == {"entries": len(lines) - 1, "door": "command"}
    with pytest.raises(CommandError, match="is there already"):
        call_command("audit", "export", "--to", str(file), "--as", "olaf")
    testing.dora()
    with pytest.raises(CommandError, match="name an operator with --as olaf"):
        call_command("audit", "export", "--as", "dora", stdout=out)
    with pytest.raises(CommandError, match="takes no --workspace, and only an operator may"):
        call_command("audit", "export", "--as", "dora", "--workspace", "default", stdout=out)
