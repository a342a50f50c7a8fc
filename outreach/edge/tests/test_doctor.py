"""`doctor` says what is set up and what is wrong, shows no secret, and exits by what it found."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from outreach import testing
from outreach.core import triggers
from outreach.core.models import Activity
from outreach.edge import checks

pytestmark = pytest.mark.django_db


@pytest.fixture
def sound(monkeypatch):
    """Test databases are set up for speed, which is a finding of its own."""
    monkeypatch.setattr(checks, "sqlite_durability", lambda connection: [])
    monkeypatch.setattr(checks, "postgresql_durability", lambda connection: [])


def report(capsys, **options):
    call_command("doctor", json=True, **options)
    return json.loads(capsys.readouterr().out)


def test_a_sound_deployment_in_words(sound, capsys):
    call_command("doctor")
    said = capsys.readouterr().out
    assert said.startswith("DRY RUN: Nothing leaves; sends are simulated.")
    assert "beat               has not ticked yet" in said


def test_the_same_for_programs(sound, capsys):
    said = report(capsys)
    assert said["badge"] == "DRY RUN"
    assert said["alive"]["database"] == "ok"
    assert said["configured"]["dry run"] == "on"
    assert not [each for each in said["findings"] if each["level"] == "ERROR"]


def test_no_secret_is_shown(sound, settings, capsys):
    settings.EMAIL_HOST_PASSWORD = "correct-horse-1"
    settings.CELERY_BROKER_URL = "redis://:correct-horse-2@broker.example.org/0"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    said = json.dumps(report(capsys)["configured"])
    assert "correct-horse" not in said
    assert settings.SECRET_KEY not in said
    assert "broker.example.org" in said


def test_an_error_is_named_with_its_remedy_and_exits_non_zero(sound, settings, capsys):
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["outreach.example.org"]
    with pytest.raises(CommandError, match="1 of these must be put right"):
        call_command("doctor")
    assert "ERROR outreach.E001" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_lost_guards_are_made_anew_by_an_operator_and_logged(sound, capsys):
    testing.olaf()
    testing.unguard()
    call_command("doctor", restore_guards=True, as_user="olaf")
    assert triggers.missing() == []
    told = Activity.objects.filter(verb="audit.guard_restored")
    assert sorted(told.values_list("object_id", flat=True)) == sorted(triggers.GUARDED)
    assert "Guards made anew: activity_timeline" in capsys.readouterr().err


def test_nobody_else_makes_guards_anew(sound):
    testing.alice()
    with pytest.raises(CommandError, match="operator"):
        call_command("doctor", restore_guards=True, as_user="alice")
