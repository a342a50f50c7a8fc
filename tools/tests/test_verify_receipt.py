"""The stand-alone verifier of a receipt names what was changed, and needs no package to do so."""

from __future__ import annotations

import copy
import io
import json
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from approvals import receipt
from approvals.models import Approval
from outreach import testing
from outreach.core.models import Activity
from tools import verify_receipt

# The verifier reads files; that what a database exports holds is asked on both.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
SCRIPT = verify_receipt.__file__


@pytest.fixture
def approval(db):
    return testing.make_approved(
        subject="Größe \u202eabc", text='Here are the "minutes" of 日本.\\ As agreed.'
    )


@pytest.fixture
def file(approval, tmp_path):
    """The receipt as the command prints it."""
    with (tmp_path / "receipt.json").open("w", encoding="utf-8") as out:
        call_command("review", "--receipt", str(approval.pk), stdout=out)
    return tmp_path / "receipt.json"


def run(file, given, *more: str) -> int:
    file.write_text(json.dumps(given), encoding="utf-8")
    return verify_receipt.main([str(file), *more])


def other(value):
    if isinstance(value, int):
        return value + 1
    return {str: "other", list: [{"name": "a", "type": "b", "size": 1, "sha256": "c"}],
            dict: {"other": 1}}[type(value)]  # fmt: skip


@pytest.mark.both
def test_an_untouched_receipt_holds_without_any_package(file, approval):
    done = subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        f"Approval {approval.pk} holds for exactly this letter ({approval.digest})" in done.stdout
    )
    assert approval.receipt["policy"] in done.stdout


def test_a_change_of_any_part_of_the_letter_is_named(file, approval, capsys):
    good = json.loads(file.read_text())
    assert set(good["letter"]) == set(verify_receipt.FIELDS)
    for name, value in good["letter"].items():
        bad = copy.deepcopy(good)
        bad["letter"][name] = other(value)
        assert run(file, bad) == 1, name
        assert f"the letter is not the one of approval {approval.pk}" in capsys.readouterr().out
    assert run(file, {**good, "letter": {**good["letter"], "more": "words"}}) == 1


def test_a_change_of_any_part_of_the_receipt_is_named(file, approval, capsys):
    good = json.loads(file.read_text())
    for name, value in good["receipt"].items():
        bad = copy.deepcopy(good)
        bad["receipt"][name] = other(value)
        assert run(file, bad) == 1, name
        assert "was changed: it does not match its seal" in capsys.readouterr().out, name
    bad = copy.deepcopy(good)
    bad["receipt"]["checks"][0]["status"] = "fail"
    assert run(file, bad) == 1


@pytest.mark.both
def test_a_forgery_of_both_is_found_by_the_log(file, approval, tmp_path, capsys):
    testing.olaf()
    log = tmp_path / "log.jsonl"
    with log.open("w") as out:
        call_command("audit", "export", stdout=out)
    good = json.loads(file.read_text())
    assert run(file, good, "--log", str(log)) == 0
    forged = copy.deepcopy(good)
    forged["letter"]["text"] = "Pay me."
    message = {name: forged["letter"][name] for name in verify_receipt.FIELDS}
    forged["receipt"]["message"] = "v1:" + verify_receipt.digest(verify_receipt.LETTER, message)
    body = {key: value for key, value in forged["receipt"].items() if key != "seal"}
    forged["receipt"]["seal"] = receipt.seal(body)
    assert run(file, forged) == 0
    assert run(file, forged, "--log", str(log)) == 1
    assert f"tells of approval {approval.pk} with another receipt" in capsys.readouterr().out
    log.write_text("")
    assert run(file, good, "--log", str(log)) == 1
    assert "does not tell" in capsys.readouterr().out


def test_a_key_that_stands_twice_is_refused(file, approval, tmp_path, capsys):
    """Readers differ about which of the two counts, so what was approved is not what all see."""
    testing.olaf()
    log = tmp_path / "log.jsonl"
    with log.open("w") as out:
        call_command("audit", "export", stdout=out)
    good, lines = file.read_text(), log.read_text()
    log.write_text(lines.replace('"receipt"', '"receipt": "other", "receipt"', 1))
    assert verify_receipt.main([str(file), "--log", str(log)]) == 2
    assert "a key stands in it twice" in capsys.readouterr().err
    file.write_text(good.replace('"text"', '"text": "Pay me.", "text"', 1))
    assert verify_receipt.main([str(file)]) == 2
    assert "a key stands in it twice" in capsys.readouterr().err


@pytest.mark.both
def test_the_log_tells_of_an_approval_with_its_seal(approval):
    told = Activity.objects.get(verb="approvals.approved")
    assert told.codes["receipt"] == approval.receipt["seal"]


def test_an_erased_letter_cannot_be_checked_and_is_not_called_whole(approval, file, capsys):
    approval.revision.erased_at = timezone.now()
    given = receipt.export(approval)
    assert given["letter"] is None
    assert run(file, given) == 2
    assert "its letter was erased" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"receipt": {}, "letter": {}}', "\ud800"])
def test_what_is_no_receipt_cannot_be_checked(text, tmp_path, capsys):
    file = tmp_path / "given.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert verify_receipt.main([str(file)]) == 2
    assert "cannot be checked" in capsys.readouterr().err
    assert verify_receipt.main([str(tmp_path / "none")]) == 2


def test_the_page_offers_what_the_command_prints(approval, file):
    client = Client()
    client.force_login(testing.carol().user)
    address = reverse("admin:approvals_approval_receipt", args=[approval.pk])
    page = client.get(reverse("admin:approvals_approval_change", args=[approval.pk]))
    assert f'href="{address}"' in page.content.decode()
    given = client.get(address)
    assert json.loads(given.content) == json.loads(file.read_text())
    assert f'filename="receipt-{approval.pk}.json"' in given["Content-Disposition"]


def test_what_nobody_approved_has_no_receipt():
    pending = testing.make_pending()
    client = Client()
    client.force_login(testing.carol().user)
    address = reverse("admin:approvals_approval_receipt", args=[pending.pk])
    assert client.get(address).status_code == 404
    with pytest.raises(CommandError, match="has no receipt"):
        call_command("review", "--receipt", str(pending.pk), stdout=io.StringIO())
    stranger = testing.make_approved(testing.make_person(testing.make_workspace("there")))
    assert Approval.objects.filter(pk=stranger.pk).exists()
    address = reverse("admin:approvals_approval_receipt", args=[stranger.pk])
    assert client.get(address).status_code == 404


def places(value, path=()):
    """Every place in a piece of JSON."""
    yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))


@pytest.mark.parametrize(
    "odd", [None, True, -1, 1e999, "\x1b[2J", "\ud800", [], {}, [[]], {"a": 1}]
)
def test_whatever_stands_anywhere_is_told_in_a_sentence(file, capsys, odd):
    whole = json.loads(file.read_text("utf-8"))
    for path in places(whole):
        given = copy.deepcopy(whole)
        place = given
        for key in path[:-1]:
            place = place[key]
        if path:
            place[path[-1]] = odd
        receipt = given["receipt"]
        if isinstance(receipt, dict) and path[-1:] != ("seal",):  # a forger makes the seal to fit
            inner = {name: value for name, value in receipt.items() if name != "seal"}
            receipt["seal"] = verify_receipt.digest(verify_receipt.RECEIPT, inner)
        assert run(file, given if path else odd) in (0, 1, 2), path
        told = capsys.readouterr()
        assert "\x1b" not in told.out + told.err and "\ud800" not in told.out + told.err


def test_what_is_nested_too_deeply_cannot_be_checked(file, capsys):
    file.write_text("[" * 100_000)
    assert verify_receipt.main([str(file)]) == 2
    assert "cannot be checked" in capsys.readouterr().err
