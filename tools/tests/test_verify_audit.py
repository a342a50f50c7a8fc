"""The stand-alone verifier finds every kind of tampering, and needs no package to do so."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import call_command

from outreach import testing
from outreach.core import activity, checkpoints
from outreach.tests import source
from tools import verify_audit

SCRIPT = verify_audit.__file__


# The verifier reads files; that what a database exports holds is asked on both.
pytestmark = pytest.mark.once


@pytest.fixture
def log(db, tmp_path):
    """Six entries with odd texts in them, exported as a file of lines."""
    place = testing.make_workspace()
    by = testing.dora(place)
    for number, word in enumerate(("plain", "Größe", "\u202eabc", "日本", 'quo"te', "a\\b")):
        entry = activity.entry("workspaces.changed", place, note=word, number=number)
        activity.record(entry, by=by, at=testing.WORKDAY)
    with (tmp_path / "log.jsonl").open("w") as file:
        call_command("audit", "export", "--as", testing.olaf().user.username, stdout=file)
    return (tmp_path / "log.jsonl").read_text().splitlines()


def run(lines, tmp_path, *more: str) -> int:
    file = tmp_path / "given.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return verify_audit.main([str(file), *more])


def changed(line: str, **fields) -> str:
    return json.dumps({**json.loads(line), **fields}, ensure_ascii=False)


def only_the_seal(line: str) -> str:
    """As an export tells an entry that is gone: its seal, and the number it had."""
    told = json.loads(line)
    return json.dumps({"seq": told["seq"], "hash": told["hash"], "id": told["seq"]})


@pytest.mark.both
def test_an_untouched_export_holds_without_any_package(log, tmp_path):
    file = tmp_path / "log.jsonl"
    done = subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    count, last = activity.head()
    assert f"{count} entries hold. The head is {count}:{last}" in done.stdout
    piped = subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, "-"], input=file.read_bytes(), capture_output=True,
        check=False,
    )  # fmt: skip
    assert (piped.returncode, piped.stdout.decode()) == (0, done.stdout)


def columns(line: str) -> list[str]:
    return [name for name in json.loads(line) if name not in verify_audit.SEAL]


@pytest.mark.both
def test_a_change_of_any_column_is_named(log, tmp_path, capsys):
    for name in columns(log[2]):
        value = json.loads(log[2])[name]
        other = value + 1 if isinstance(value, int) else "other"
        assert run([*log[:2], changed(log[2], **{name: other}), *log[3:]], tmp_path) == 1, name
        assert "line 3: entry 3" in capsys.readouterr().out, name


@pytest.mark.parametrize(
    "tamper, said",
    [(lambda rows: rows[:1] + rows[2:], "line 2: entry 2 is missing: 3 stands in its place"),
     (lambda rows: [rows[1], rows[0], *rows[2:]], "line 1: entry 1 is missing: 2 stands in"),
     (lambda rows: [*rows[:2], rows[1], *rows[2:]], "line 3: entry 2 is there a second time"),
     (lambda rows: [*rows[:3], changed(rows[1], seq=4), *rows[3:]], "line 4: entry 4 ('workspaces"),
     (lambda rows: [*rows, changed(rows[-1], by_id="7")], "is there a second time"),
     (lambda rows: [*rows[:2], only_the_seal(rows[2]), *rows[3:]],
      "line 3: activity 3 was removed: its seal 3 is there"),
     (lambda rows: [changed(rows[0], hash="0" * 64), *rows[1:]], "line 1: entry 1"),
     (lambda rows: rows[1:], "line 1: entry 1 is missing: 2 stands in its place")],
)  # fmt: skip
def test_what_is_taken_out_moved_or_put_in_is_named(tamper, said, log, tmp_path, capsys):
    assert run(tamper(log), tmp_path) == 1
    assert said in capsys.readouterr().out


def test_only_a_kept_head_shows_that_the_end_was_cut_off(log, tmp_path, capsys):
    count, last = activity.head()
    assert run(log[:-2], tmp_path) == 0
    assert run(log[:-2], tmp_path, "--head", f"{count}:{last}") == 1
    assert "the end was cut off" in capsys.readouterr().out
    assert run(log, tmp_path, "--head", f"{count}:{last}") == 0
    assert run(log, tmp_path, "--head", f"{count}:{'f' * 64}") == 1
    assert "another than the one kept" in capsys.readouterr().out


def test_a_whole_chain_forged_anew_is_another_than_the_kept_head(log, tmp_path, capsys):
    _, last = activity.head()
    previous, forged = verify_audit.GENESIS, []
    for line in log:
        entry = json.loads(line)
        seq = entry.pop("seq")
        del entry["hash"]
        entry["by_id"] = "somebody else"
        previous = verify_audit.link(previous, entry)
        forged.append(json.dumps({**entry, "seq": seq, "hash": previous}))
    assert run(forged, tmp_path) == 0
    assert run(forged, tmp_path, "--head", f"{len(log)}:{last}") == 1


@pytest.fixture
def kept(log, tmp_path):
    """A checkpoint of the log's head, and what it is signed with."""
    file = tmp_path / "checkpoints"
    call_command("audit", "checkpoint", "--to", str(file), stdout=StringIO())
    return file


@pytest.mark.both
def test_a_checkpoint_shows_that_the_end_was_cut_off(log, kept, tmp_path, capsys):
    assert run(log, tmp_path, "--checkpoint", str(kept)) == 0
    assert run(log[:-2], tmp_path, "--checkpoint", str(kept)) == 1
    assert "the end was cut off" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "\n"])
def test_a_file_without_a_checkpoint_proves_nothing(text, log, tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.write_text(text)
    assert run(log[:-2], tmp_path, "--checkpoint", str(empty)) == 2
    told = capsys.readouterr()
    assert "checkpoint" in told.err and "hold" not in told.out


def test_a_key_that_stands_twice_in_a_line_is_refused(log, kept, tmp_path, capsys):
    """Readers differ about which of the two counts, so what was sealed is not what all see."""
    twice = log[1].replace('"verb"', '"verb": "approvals.approved", "verb"', 1)
    assert run([log[0], twice, *log[2:]], tmp_path) == 2
    assert "line 2 is no plain JSON: a key stands in it twice" in capsys.readouterr().err
    nested = log[1].replace('"note"', '"note": "other", "note"', 1)
    assert nested != log[1] and run([log[0], nested, *log[2:]], tmp_path) == 2
    kept.write_text(kept.read_text().replace('"seq"', '"seq": 1, "seq"', 1))
    assert run(log, tmp_path, "--checkpoint", str(kept)) == 2


def test_it_says_when_signatures_were_not_checked(log, kept, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("AUDIT_KEY", raising=False)
    assert run(log, tmp_path, "--checkpoint", str(kept)) == 0
    assert "NOT checked: AUDIT_KEY is not set" in capsys.readouterr().out
    assert run(log, tmp_path) == 0
    assert "NOT checked" not in capsys.readouterr().out, "there are no signatures"
    monkeypatch.setenv("AUDIT_KEY", checkpoints.key().decode())
    assert run(log, tmp_path, "--checkpoint", str(kept)) == 0
    assert "NOT checked" not in capsys.readouterr().out


@pytest.mark.both
def test_the_line_of_the_runbook_checks_the_signatures(log, kept, tmp_path, settings):
    runbook = (source.ROOT / "docs/runbook.md").read_text()
    [line] = re.findall(r"`([^`]*tools/verify_audit\.py [^`]*)`", runbook)
    line = line.replace("FILE", str(kept)).replace("log.jsonl", str(tmp_path / "log.jsonl"))
    (tmp_path / "audit_key").write_text(checkpoints.key().decode() + "\n")
    env = {name: value for name, value in os.environ.items() if name != "AUDIT_KEY"}

    def shell() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-ec", line], cwd=source.ROOT, env={**env, "DATA_DIR": str(tmp_path)},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    done = shell()
    assert done.returncode == 0 and "NOT checked" not in done.stdout, done.stdout + done.stderr
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "signature": "forged"}) + "\n")
    assert shell().returncode == 1


def test_with_the_key_a_checkpoint_nobody_signed_is_found(log, kept, tmp_path, monkeypatch, capsys):
    told = json.loads(kept.read_text())
    kept.write_text(json.dumps({**told, "at": "2027-01-01T00:00:00+00:00"}) + "\n")
    assert run(log, tmp_path, "--checkpoint", str(kept)) == 0, "without the key it cannot tell"
    monkeypatch.setenv("AUDIT_KEY", checkpoints.key().decode())
    assert run(log, tmp_path, "--checkpoint", str(kept)) == 1
    assert "checkpoint 1 was changed" in capsys.readouterr().out
    kept.write_text(json.dumps(told) + "\n")
    assert run(log, tmp_path, "--checkpoint", str(kept)) == 0


def test_two_heads_that_differ_and_no_checkpoint_are_said(log, kept, tmp_path, capsys):
    told = json.loads(kept.read_text())
    other = ["--head", f"{told['seq']}:{'f' * 64}"]
    assert run(log, tmp_path, "--checkpoint", str(kept), *other) == 1
    for text in ("", "{", "[]", "{}", '{"seq": "x", "hash": 1, "signature": 2}'):
        kept.write_text(text + "\n")
        assert run(log, tmp_path, "--checkpoint", str(kept)) == 2, text


@pytest.mark.parametrize("text", ["{", "[]", '{"seq": 1}', "\ud800"])
def test_what_is_no_export_cannot_be_read(text, tmp_path, capsys):
    file = tmp_path / "given.jsonl"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert verify_audit.main([str(file)]) == 2
    assert "cannot be read" in capsys.readouterr().err


ODD = {
    "a number in quotes": ({"seq": "3"}, "line 3 is no entry of the log"),
    "a truth": ({"seq": True}, "line 3 is no entry"),
    "a fraction": ({"seq": 3.0}, "line 3 is no entry"),
    "beyond every number": ({"seq": float("inf")}, "line 3 is no entry"),
    "nothing": ({"seq": None}, "line 3 is no entry"),
    "a list": ({"seq": [3]}, "line 3 is no entry"),
    "no text as hash": ({"hash": 7}, "line 3 is no entry"),
    "a hash that is none": ({"hash": "Größe"}, "line 3: entry 3"),
    "an object as verb": ({"verb": {"a": [1]}}, "line 3: entry 3"),
    "half a character": ({"verb": "\ud800"}, "line 3: entry 3"),
    "a terminal's orders": ({"verb": "\x1b[2J\n6 entries hold."}, "line 3: entry 3"),
    "a very long verb": ({"verb": "x" * 5000}, "line 3: entry 3"),
}


@pytest.mark.parametrize(("fields", "said"), ODD.values(), ids=ODD)
def test_a_value_of_another_type_is_one_sentence(fields, said, log, tmp_path, capsys):
    lines = [*log[:2], json.dumps({**json.loads(log[2]), **fields}), *log[3:]]
    assert run(lines, tmp_path) in (1, 2)
    told = "".join(capsys.readouterr())
    assert said in told and told.isascii() and "\x1b" not in told
    assert told.count("\n") == 1 and len(told) < 400


RAW = {
    "empty": b"", "blank": b"\n \n", "binary": bytes(range(256)), "NUL": b"\0" * 1000,
    "with a BOM": b"\xef\xbb\xbf{}", "UTF-16": '{"seq": 1}'.encode("utf-16"),
    "an array": b"[]", "a text": b'"seq hash"', "a number": b"1" * 5000, "null": b"null",
    "deep": b"[" * 100_000, "deep in an entry": b'{"seq":1,"hash":"","a":' + b'{"a":' * 100_000,
    "just not too deep": b'{"seq":1,"hash":"","a":' + b"[" * 900 + b"]" * 900 + b"}",
    "a huge line": b'{"seq": 1, "hash": "' + b"x" * 10_000_000,
}  # fmt: skip


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_what_is_no_log_and_no_checkpoint_is_one_sentence(raw, log, tmp_path, capsys):
    (tmp_path / "raw").write_bytes(raw)
    given, file = str(tmp_path / "raw"), str(tmp_path / "log.jsonl")
    for words in ([given], [file, "--checkpoint", given]):
        assert verify_audit.main(words) in (1, 2)
        told = "".join(capsys.readouterr())
        assert told.startswith(("It cannot be read: ", "BAD: ")) and told.count("\n") == 1


@pytest.mark.parametrize("seq", ["1e999", "true", '"6"', "6.0", "[]", "-1", "0"])
def test_a_checkpoint_of_no_number_is_one_sentence(seq, log, kept, tmp_path, capsys):
    kept.write_text(re.sub(r'"seq":\d+', f'"seq":{seq}', kept.read_text()))
    assert run(log, tmp_path, "--checkpoint", str(kept)) in (1, 2)
    assert "".join(capsys.readouterr()).count("\n") == 1


def test_a_directory_and_a_closed_input_are_one_sentence(tmp_path):
    for words in (f'"{tmp_path}"', "- <&-", "'a\nb'"):
        done = subprocess.run(
            ["sh", "-c", f'"{sys.executable}" -I -S "{SCRIPT}" {words}'],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 2, words
        assert done.stderr.startswith("It cannot be read: ") and done.stderr.count("\n") == 1


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """One to three bytes of it changed, taken out, put in, or a piece copied elsewhere."""
    made = bytearray(raw)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at, to = sorted(chance.randrange(len(made)) for _ in range(2))
        odd = chance.choice(b'\0\t\n\r "\\{}[],:-.0189eEtfnu/\x7f\x80\xc3\xff')
        act = chance.randrange(5)
        if act == 0:
            made[at] ^= 1 << chance.randrange(8)
        elif act == 1:
            made[at] = odd
        elif act == 2:
            made.insert(at, odd)
        elif act == 3:
            del made[at : at + chance.choice((1, 1, 2, to - at + 1))]
        else:
            made[at:at] = made[to : to + chance.randrange(1, 40)]
    return bytes(made)


def values(raw: bytes) -> list[str]:
    """What a log says, whatever the blanks between its values."""
    return [
        json.dumps(json.loads(line), sort_keys=True) for line in raw.splitlines() if line.strip()
    ]


def test_no_change_of_bytes_is_called_valid_or_ends_in_a_traceback(log, kept, tmp_path, capsys):
    whole, point = (tmp_path / "log.jsonl").read_bytes(), kept.read_bytes()
    chance, found = random.Random(20260311), {0: 0, 1: 0, 2: 0}
    given, checkpoint = tmp_path / "given.jsonl", tmp_path / "point"
    for turn in range(1000):
        of_log = turn % 4 > 0
        given.write_bytes(mutated(whole, chance) if of_log else whole)
        checkpoint.write_bytes(point if of_log else mutated(point, chance))
        code = verify_audit.main([str(given), "--checkpoint", str(checkpoint)])
        told = "".join(capsys.readouterr())
        found[code] += 1
        if code == 0:
            assert values(given.read_bytes()) == values(whole), given.read_bytes()
        else:
            assert told.count("\n") == 1, told
    assert min(found.values()) > 20, found


def test_it_stays_short_enough_to_be_read_by_whoever_trusts_it():
    assert len((source.ROOT / "tools/verify_audit.py").read_text().splitlines()) < 150


def test_no_file_and_a_bad_head_are_said(tmp_path, capsys):
    assert verify_audit.main([str(tmp_path / "none")]) == 2
    with pytest.raises(SystemExit):
        verify_audit.main([str(tmp_path), "--head", "12"])
    assert "SEQ:HASH" in capsys.readouterr().err
