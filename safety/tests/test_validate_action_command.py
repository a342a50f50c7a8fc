"""The command: the seed's logs through it, JSON, and every way a file can be wrong."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from safety.contract.tests.seed_logs import LOGS, SeedLog

ATTACHED = '{"platform": "email", "recipient": "a@b.c", "content": "Hi", "attachments": [%s]}'


def run(*args: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command("validate_action", *args, stdout=out, stderr=err, no_color=True)
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    return code, out.getvalue(), err.getvalue()


def write(path: Path, value: Any) -> str:
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return str(path)


@pytest.fixture
def good(tmp_path: Path) -> str:
    payload = {"platform": "email", "recipient": "a@b.org", "content": "The plan is attached."}
    return write(tmp_path / "good.json", payload)


@pytest.mark.parametrize("seed", LOGS, ids=lambda seed: seed.name)
def test_seed_log_comes_out_of_the_command(seed: SeedLog, tmp_path: Path) -> None:
    payload = write(tmp_path / "p.json", seed.payload)
    history = write(tmp_path / "h.json", seed.history)
    code, out, err = run(payload, "--at", seed.at, "--history", history)
    assert (code, err) == (0, "")
    assert out.endswith(f"\n\n{seed.log}{seed.would}\n")
    assert (
        json.loads(out.split("ACTION_PAYLOAD: ")[1].split("\n\nVALIDATION_LOG")[0]) == seed.payload
    )


@pytest.mark.parametrize("seed", LOGS, ids=lambda seed: seed.name)
def test_json_is_one_object_with_the_promised_keys(seed: SeedLog, tmp_path: Path) -> None:
    payload, history = (
        write(tmp_path / "p.json", seed.payload),
        write(tmp_path / "h.json", seed.history),
    )
    _, out, _ = run(payload, "--at", seed.at, "--history", history, "--json")
    shown = json.loads(out)
    assert {
        "outcome",
        "checks",
        "rewritten",
        "deliver_not_before",
        "block_reason",
        "cooling_off_until",
    } <= set(shown)
    for check in shown["checks"]:
        assert {"name", "status", "message", "rule", "span", "findings"} <= set(check)
        for finding in check["findings"]:
            if finding["span"]:
                field = seed.payload[finding["field"]]
                assert field[slice(*finding["span"])] == finding["text"]


def test_payload_may_come_from_standard_input(good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.TextIOWrapper(io.BytesIO(Path(good).read_bytes()))
    monkeypatch.setattr("sys.stdin", raw)
    code, out, _ = run("-")
    assert code == 0 and "DECISION:" in out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON at line 1"),
        ("[]", "a list, not an object"),
        ('{"platform": "email", "platform": "fax"}', "names a key twice"),
        ('{"platform": NaN}', "NaN"),
        ("[" * 100_000, "nested too deeply"),
        ('{"content": ' + "9" * 5000 + "}", "cannot be read"),
        ('{"platform": "email", "recipient": "a@b.c", "content": "\\ud800"}', "surrogate"),
        ('{"platform": "email", "recipient": "a@b.c", "content": "\\u0000"}', "NUL"),
        (ATTACHED % '"\\ud800"', "surrogate"),
        (ATTACHED % '{"name": "\\ud800"}', "surrogate"),
        (ATTACHED % '{"size": 1e999}', "too large a number"),
        (ATTACHED % ('{"a":' * 900 + "1" + "}" * 900), "levels deep"),
        (" " * (4 * 1024 * 1024 + 1), "larger than"),
    ],
)
def test_payload_that_cannot_be_judged_exits_two(content: str, words: str, tmp_path: Path) -> None:
    code, out, err = run(write(tmp_path / "p.json", content))
    assert (code, out) == (2, "")
    assert words in err and "Traceback" not in err


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(b'{"content": "\xff"}')
    assert "not UTF-8 at byte 13" in run(str(path))[2]


@pytest.mark.parametrize("name", ["no-such-file.json", "/", "a\0b"])
def test_missing_file_is_told(name: str) -> None:
    code, _, err = run(name)
    assert code == 2 and "cannot be read" in err


@pytest.mark.parametrize("at", ["2024-01-15T14:30:00", "soon", ""])
def test_time_without_offset_is_refused(good: str, at: str) -> None:
    code, _, err = run(good, "--at", at)
    assert (code == 2 and err.startswith("--at is")) or "--at" in err


def test_bad_history_is_told_with_the_bad_payload(tmp_path: Path) -> None:
    payload = write(tmp_path / "p.json", "{")
    history = write(tmp_path / "h.json", "{")
    _, _, err = run(payload, "--history", history)
    assert "The payload is not JSON" in err and "The history is not JSON" in err


def test_without_at_it_is_judged_now(good: str) -> None:
    assert run(good)[0] == 0


def test_a_key_twice_among_very_many_is_told_soon(tmp_path: Path) -> None:
    pairs = ",".join(f'"{number}":1' for number in range(60_000))
    path = tmp_path / "many.json"
    path.write_text(f'{{{pairs},"7":1}}')
    began = time.process_time()
    code, _, told = run(str(path))
    assert (code, told.strip()) == (2, "The payload names a key twice: '7'.")
    assert time.process_time() - began < 4
