"""What stops, or shows what is stopped, is refused by nothing that is wrong with sending."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command, execute_from_command_line
from django.db import connection, transaction
from django.utils import timezone

from channels.models import Delivery
from outreach import testing
from outreach.core.models import Person
from outreach.core.patience import impatient
from outreach.edge import insisting
from outreach.edge.tests.test_mcp import child_environment
from outreach.environment import database
from outreach.stopping import stops_everything
from outreach.tests.source import ROOT
from safety.models import SystemControl

pytestmark = pytest.mark.django_db(transaction=True)


def stopped() -> bool:
    return SystemControl.objects.filter(
        control_key="EMERGENCY_STOP", workspace=None, enabled=True
    ).exists()


@pytest.mark.parametrize(
    "words",
    [
        ("control", "--emergency-stop"), ("control", "--status"), ("person", "--block"),
        ("safe_mode", "--on"), ("suppression", "add", "gone@example.com"), ("review", "--pending"),
    ],
)  # fmt: skip
def test_where_no_sender_can_hold_a_lock_people_can_still_stop(settings, tmp_path, words):
    (tmp_path / "senders").write_text("no folder")  # check E002, also for root
    settings.DATA_DIR = tmp_path
    settings.OUTREACH_USER = testing.olaf() and "olaf"
    if words[0] != "control":
        settings.OUTREACH_USER = testing.dora() and "dora"
    uuids = [str(testing.make_draft().person.uuid)] if words[0] == "person" else []
    execute_from_command_line(["manage.py", *words, *uuids])
    assert stopped() == ("--emergency-stop" in words)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's own time-out ends its wait")
@pytest.mark.parametrize("of_one", [False, True])
def test_a_stop_waits_for_no_row_that_somebody_holds_for_ever(monkeypatch, settings, of_one):
    """As whoever stands still while lifting, or while merging records, does: it hung in silence."""
    monkeypatch.setattr(insisting, "impatient", lambda: impatient("100ms"))
    monkeypatch.setattr(insisting, "PAUSE_SECONDS", 0)
    person = testing.make_person()
    words = ["control", "--emergency-stop"]
    settings.OUTREACH_USER = testing.olaf() and "olaf"
    if of_one:
        words = ["person", "--block", str(person.uuid)]
        settings.OUTREACH_USER = testing.dora() and "dora"
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list((Person if of_one else SystemControl).objects.select_for_update())
            held.set()
            done.wait(5)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        held.wait(5)
        with pytest.raises(insisting.NotStopped, match="lock timeout"):
            call_command(*words)
        done.set()
        holder.result()
    call_command(*words)
    person.refresh_from_db()
    assert (person.status == "blocked") if of_one else stopped()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",), "senders wait as before"


def stop(
    *, put: dict[str, str], word: str = "--emergency-stop"
) -> subprocess.CompletedProcess[str]:
    """The stop by command in a shell where something else is wrong."""
    clean = {name: os.environ[name] for name in ("PATH",)}
    given = child_environment()
    clean |= {name: given[name] for name in ("DATABASE_URL", "DATA_DIR")}
    return subprocess.run(
        [sys.executable, "manage.py", "control", "--reason", "in trouble", word],
        cwd=ROOT, env={**clean, "ENV_FILE": os.devnull, "OUTREACH_USER": "olaf", **put},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_settings_that_cannot_be_read_keep_no_stop_from_being_set(tmp_path):
    testing.olaf()
    (tmp_path / "env").write_text(
        "SECRET_KEY=short\nEMAIL_URL=pigeon://x\nMESSAGING_ENABLED=ture\n"
    )
    done = stop(put={"ENV_FILE": str(tmp_path / "env"), "LOG_LEVEL": "loud", "PORT": "http"})
    assert (done.returncode, stopped()) == (0, True), done.stderr
    assert "stopped" in done.stdout.splitlines()[-1]
    assert "Traceback" not in done.stderr and "Configuration error: SECRET_KEY" in done.stderr
    assert "with the database's address alone" in done.stderr


def test_a_stop_whose_word_is_cut_short_is_one_as_well():
    """Every command takes the beginning of an option for it."""
    testing.olaf()
    done = stop(put={"EMAIL_URL": "pigeon://x"}, word="--emerg")
    assert (done.returncode, stopped()) == (0, True), done.stderr


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        ("control --emergency-stop", True), ("control --as olaf --emergency", True),
        ("control --em", True), ("control --e", False), ("control --enable messaging", False),
        ("control --status", False), ("control --disable messaging --reason emergency", False),
        ("person --emergency-stop", False), ("", False),
    ],
)  # fmt: skip
def test_only_the_emergency_stop_is_taken_for_it(words, is_one):
    assert stops_everything(["manage.py", *words.split()]) is is_one


def test_a_data_folder_that_is_gone_keeps_no_stop_from_being_set(tmp_path):
    testing.olaf()
    (tmp_path / "file").write_text("no folder")
    done = stop(put={"DATA_DIR": str(tmp_path / "file" / "var")})
    assert (done.returncode, stopped()) == (0, True), done.stderr


def test_a_database_that_cannot_be_named_is_one_sentence_and_not_stopped():
    done = stop(put={"DATABASE_URL": "mysql://x"})
    assert (done.returncode, done.stdout) == (3, "")
    assert "NOT STOPPED: DATABASE_URL must begin with" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_takes_the_line_and_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"postgres://x@127.0.0.1:{mute.getsockname()[1]}/x?connect_timeout=2"
        done = stop(put={"DATABASE_URL": url})
    assert done.returncode == 3 and done.stderr.startswith("NOT STOPPED:"), done.stderr
    assert "timeout expired" in done.stderr and "kill the worker processes" in done.stderr
    assert database("postgres://x@127.0.0.1/x")["OPTIONS"]["connect_timeout"] == 10


def test_a_file_that_cannot_be_read_stops_the_database_that_is_named_beside_it_or_none(tmp_path):
    testing.olaf()
    (tmp_path / "env").write_bytes(b"\xff\xfe DATABASE_URL=postgres://elsewhere")
    unnamed = stop(put={"ENV_FILE": str(tmp_path / "env"), "DATABASE_URL": ""})
    assert (unnamed.returncode, unnamed.stdout, stopped()) == (3, "", False)
    assert "NOT STOPPED" in unnamed.stderr and "Save it as plain text" in unnamed.stderr
    assert "Traceback" not in unnamed.stderr
    named = stop(put={"ENV_FILE": str(tmp_path / "env")})
    assert (named.returncode, stopped()) == (0, True), named.stderr


def test_the_stop_by_command_starts_without_pages_and_tells_the_page_to_go_to():
    testing.olaf()
    approval = testing.make_approved()
    Delivery.objects.create(
        workspace=approval.workspace, approval=approval, human=approval.human, channel="email",
        status="sending", sender="00000000-0000-0000-0000-000000000001", place="elsewhere",
        boot_id="another", since=timezone.now(),
    )  # fmt: skip
    done = stop(put={"STOP_PATIENCE_SECONDS": "1", "PYTHONPROFILEIMPORTTIME": "1"})
    assert (done.returncode, stopped()) == (3, True), done.stderr
    assert f"Still open: approval #{approval.pk}" in done.stdout
    assert "NOT YET STOPPED" in done.stdout and "/admin/stop/" in done.stdout
    # Half of the time to the stop. The page is looked for afterwards, which reads the addresses.
    before = done.stderr[: done.stderr.index(" channels.drill\n")]
    assert " channels.settle\n" in before
    for part in ("outreach.edge.people_admin", "workflows.schedules", "channels.provider_mail"):
        assert part not in before
