"""What the environment says is read strictly; what cannot be read stops the program."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from outreach import environment
from outreach.tests.source import ROOT


@pytest.mark.parametrize("word", ["True", "true", " 1 ", "YES", "on"])
def test_words_that_mean_yes(monkeypatch, word):
    monkeypatch.setenv("DRY_RUN", word)
    assert environment.flag("DRY_RUN", default=False) is True


@pytest.mark.parametrize("word", ["False", "0", "no", "OFF"])
def test_words_that_mean_no(monkeypatch, word):
    monkeypatch.setenv("DRY_RUN", word)
    assert environment.flag("DRY_RUN", default=True) is False


@pytest.mark.parametrize("word", ["maybe", "", "Flase", "2", "None", "ture"])
def test_any_other_word_is_refused_by_name(monkeypatch, word):
    monkeypatch.setenv("DRY_RUN", word)
    with pytest.raises(ImproperlyConfigured, match=r"DRY_RUN.*neither true nor false"):
        environment.flag("DRY_RUN", default=True)


@pytest.mark.parametrize("word", ["zero", "1.5", "0", "65536", "-1"])
def test_numbers_out_of_range_or_unreadable_are_refused(monkeypatch, word):
    monkeypatch.setenv("PORT", word)
    with pytest.raises(ImproperlyConfigured, match="PORT="):
        environment.whole_number("PORT", default=8000, least=1, most=65535)


def test_a_short_key_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "short")
    with pytest.raises(ImproperlyConfigured, match="shorter than 32"):
        environment.secret_key(tmp_path)


def test_a_key_is_made_once_and_kept_to_its_owner(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY")
    first = environment.secret_key(tmp_path)
    assert len(first) >= 50
    assert environment.secret_key(tmp_path) == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_processes_that_start_together_agree_on_the_key(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY")
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: environment.secret_key(tmp_path), range(32)))
    assert len(keys) == 1


def test_an_unusable_key_file_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY")
    (tmp_path / "secret_key").write_text("cut off")
    with pytest.raises(ImproperlyConfigured, match=r"secret_key holds no usable key\. Delete it"):
        environment.secret_key(tmp_path)


def test_a_folder_that_cannot_be_made_names_the_setting(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ImproperlyConfigured, match="Set DATA_DIR"):
        environment.folder(tmp_path / "file" / "below")


def settings_with(tmp_path, code, **variables):
    """Load the settings in a process of their own and print something."""
    clean = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "-c", f"from outreach import settings; {code}"],
        cwd=ROOT, env={**clean, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_broker_that_takes_the_line_and_answers_nothing_is_given_up(tmp_path):
    """Else each look at /healthz would keep a thread of the web, until no page answers any more."""
    code = (
        "import signal; signal.alarm(30); from outreach.celery import app; "
        "from outreach.edge.health import broker_state; print(broker_state())"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        done = settings_with(
            tmp_path, f"import django; django.setup(); {code}", CELERY_BROKER_URL=url,
            DJANGO_SETTINGS_MODULE="outreach.settings",
        )  # fmt: skip
    assert "does not answer (OperationalError)" in done.stdout, done.stderr


def test_as_shipped_nothing_can_be_sent(tmp_path):
    code = "print(settings.DRY_RUN, settings.EMAIL_BACKEND, settings.DEBUG, settings.BIND)"
    done = settings_with(tmp_path, code)
    assert done.stdout.split() == [
        "True", "django.core.mail.backends.console.EmailBackend", "False", "127.0.0.1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("DRY_RUN", "maybe", "neither true nor false"),
        ("DATABASE_URL", "mysql://root@localhost/x", "must begin with postgres:// or sqlite://"),
        ("EMAIL_URL", "carrier-pigeon://x", "EMAIL_URL cannot be read"),
        ("PORT", "http", "not a whole number"),
        ("LOG_LEVEL", "loud", "none of DEBUG, INFO"),
        ("ANYMAIL_SETTINGS", "{", "no JSON object"),
        ("ANYMAIL_SETTINGS", "[1]", "no JSON object"),
    ],
)
def test_a_start_with_an_unreadable_value_is_one_sentence(tmp_path, variable, value, sentence):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path),
            variable: value,
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_environment_wins_over_the_file(tmp_path):
    file = tmp_path / "env"
    file.write_text("EMERGENCY_STOP=False\nOUTREACH_USER=alice\n")
    code = "print(settings.ENVIRONMENT_BRAKES['EMERGENCY_STOP'], settings.OUTREACH_USER)"
    done = settings_with(tmp_path, code, ENV_FILE=str(file), EMERGENCY_STOP="True")
    assert done.stdout.split() == ["True", "alice"]


@pytest.mark.django_db
@pytest.mark.once  # it is SQLite's own
@pytest.mark.skipif(connection.vendor != "sqlite", reason="another database has them")
def test_on_sqlite_nothing_is_said_of_covering_indexes(tmp_path):
    """Nothing to do about it; on another database the same warning would be news."""
    told = [each for each in run_checks(databases=["default"]) if each.id == "models.W040"]
    assert told and all(each.is_silenced() for each in told)
    code = "print(getattr(settings, 'SILENCED_SYSTEM_CHECKS', 'none'))"
    assert "models.W040" in settings_with(tmp_path, code).stdout
    elsewhere = settings_with(tmp_path, code, DATABASE_URL="postgres://x:y@127.0.0.1/z")
    assert elsewhere.stdout.split() == ["none"]
