"""Each fault of the set-up has its id; a sound one has none."""

from __future__ import annotations

import os

import pytest
from django.core.checks import run_checks
from django.db import connection

from channels import liveness
from outreach import testing
from outreach.core import triggers
from outreach.edge import checks
from safety.models import SystemControl


def ids(found):
    return [each.id for each in found]


def test_as_shipped_nothing_is_wrong(settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
    assert checks.hosts() == checks.mail() == checks.platforms() == checks.senders() == []


def test_debug_is_refused_where_others_can_reach_it(settings):
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = ["localhost", "outreach.example.org"]
    assert ids(checks.hosts()) == ["outreach.E001"]
    settings.ALLOWED_HOSTS = ["localhost"]
    assert checks.hosts() == []


def test_any_host_is_warned_of(settings):
    settings.ALLOWED_HOSTS = ["*"]
    assert ids(checks.hosts()) == ["outreach.W003"]


@pytest.mark.parametrize(
    ("engine", "key", "expected"),
    [
        ("postgresql", "", ["outreach.W001"]),
        ("postgresql", "x" * 50, []),
        ("sqlite3", "", []),
    ],
)
def test_a_key_made_here_is_warned_of_on_postgresql(settings, monkeypatch, engine, key, expected):
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", f"django.db.backends.{engine}")
    monkeypatch.setenv("SECRET_KEY", key)
    assert ids(checks.secret_key()) == expected


@pytest.mark.parametrize("backend", ["console", "dummy", "locmem", "filebased"])
def test_live_mail_that_reaches_nobody_is_warned_of(settings, backend):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    settings.DRY_RUN = True
    assert checks.mail() == []
    settings.DRY_RUN, settings.BASE_URL = False, "https://outreach.example.org"
    assert ids(checks.mail()) == ["outreach.W002"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert checks.mail() == []


def test_live_mail_without_one_click_unsubscribe_is_warned_of(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.DRY_RUN, settings.BASE_URL = False, "http://localhost:8000"
    assert ids(checks.one_click()) == ["outreach.W007"]
    told = ids(run_checks())
    assert "outreach.W007" not in told, "each command runs these"
    assert "outreach.W007" in ids(run_checks(include_deployment_checks=True))
    settings.BASE_URL = "https://outreach.example.org"
    assert checks.one_click() == []


def test_a_silence_longer_than_the_deadline_is_warned_of(settings):
    settings.EMAIL_TIMEOUT, settings.SEND_DEADLINE_SECONDS = 30, 30
    assert ids(checks.mail()) == ["outreach.W004"]


@pytest.mark.parametrize("name", ["WHATSAPP_API_URL", "INSTAGRAM_API_URL"])
@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://graph.facebook.com/v24.0", False),
        ("http://127.0.0.1:9000/v24.0", False),
        ("http://localhost:9000", False),
        ("http://[::1]:9000", False),
        ("http://graph.facebook.com", True),
        ("http://127.0.0.1.example.org", True),
        ("http://localhost@example.org", True),
        ("graph.facebook.com", True),
        ("ftp://127.0.0.1", True),
        ("https://", True),
    ],
)
def test_a_token_in_clear_text_is_refused_outside_this_machine(settings, name, url, refused):
    setattr(settings, name, url)
    assert ids(checks.platforms()) == ["outreach.E008"] * refused


def test_a_platform_silent_longer_than_the_deadline_is_warned_of(settings):
    settings.HTTP_TIMEOUT, settings.SEND_DEADLINE_SECONDS = 30, 30
    assert ids(checks.platforms()) == ["outreach.W006"]


def test_a_folder_where_no_lock_can_be_held_is_refused(settings, tmp_path):
    (tmp_path / "senders").write_text("a file, not a folder")
    settings.DATA_DIR = tmp_path
    assert ids(checks.senders()) == ["outreach.E002"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(settings, tmp_path):
    (tmp_path / "senders").mkdir(mode=0o500)
    settings.DATA_DIR = tmp_path
    assert ids(checks.senders()) == ["outreach.E002"]


def test_a_network_file_system_is_refused(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(liveness, "network_filesystem", lambda directory: "nfs4")
    (found,) = checks.senders()
    assert found.id == "outreach.E003"
    assert "nfs4" in found.msg


def test_the_database_is_asked_only_when_it_is_meant():
    assert checks.database() == checks.database(databases=["other"]) == []


@pytest.mark.django_db
def test_a_sound_database_has_its_guards_and_its_controls():
    assert checks.guards(connection) == checks.control_rows(connection) == []


@pytest.mark.django_db(transaction=True)
def test_a_lost_guard_is_refused():
    testing.unguard()
    try:
        found = ids(checks.guards(connection))
    finally:
        testing.guard()
    assert found == ["outreach.E007"] * len(triggers.GUARDED)


@pytest.mark.django_db
def test_a_missing_control_is_warned_of_by_name():
    SystemControl.objects.filter(workspace=None, control_key="EMERGENCY_STOP").delete()
    (found,) = checks.control_rows(connection)
    assert found.id == "outreach.W005"
    assert "EMERGENCY_STOP" in found.msg


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own settings")
def test_a_postgresql_that_forgets_commits_is_refused():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    assert "outreach.E004" in ids(checks.postgresql_durability(connection))


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own settings")
def test_a_sqlite_that_forgets_commits_is_refused():
    # Tests run with synchronous=OFF for speed, which is exactly the fault.
    assert ids(checks.sqlite_durability(connection)) == ["outreach.E006"]


def test_a_sqlite_without_returning_is_refused():
    (found,) = checks.sqlite_age((3, 34, 1))
    assert found.id == "outreach.E011" and "3.34.1" in found.msg
    assert checks.sqlite_age((3, 35, 0)) == []


@pytest.mark.django_db
def test_a_database_without_tables_is_not_our_finding(monkeypatch):
    monkeypatch.setattr(connection.introspection, "table_names", lambda *_: [])
    monkeypatch.setattr(checks.triggers, "missing", lambda: list(triggers.GUARDED))
    assert checks.guards(connection) == checks.control_rows(connection) == []


def test_a_channel_in_use_needs_the_secret_of_its_webhook(settings):
    settings.META_APP_SECRET, settings.WHATSAPP_TOKEN = "", "t"
    assert [each.id for each in checks.webhooks()] == ["outreach.E009"]
    settings.META_APP_SECRET = "secret"
    assert checks.webhooks() == []
    settings.META_VERIFY_TOKEN = settings.SECRET_KEY
    assert [each.id for each in checks.webhooks()] == ["outreach.E010"]
