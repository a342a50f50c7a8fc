"""Setting up, claiming the port and the data folder, reading results: one sentence for a fault."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest

from tools import run, run_tests, setup, steps
from tools.healthy import site_name


def test_a_taken_port_is_one_sentence_with_another_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(steps.StepFailed, match=f"Port {port} is taken.*PORT="):
            run.claim_port("127.0.0.1", port)


def test_a_free_port_is_claimed_without_a_word():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run.claim_port("127.0.0.1", port)


def test_two_supervisors_on_one_data_folder_are_refused(tmp_path):
    first = run.claim_data_dir(tmp_path, 8000)
    try:
        with pytest.raises(steps.StepFailed, match=f"port 8000 .process {os.getpid()}."):
            run.claim_data_dir(tmp_path, 8001)
    finally:
        os.close(first)
    os.close(run.claim_data_dir(tmp_path, 8001))


def test_a_data_folder_that_cannot_be_written_is_one_sentence_with_the_remedy(
    tmp_path, monkeypatch
):
    (tmp_path / "run.lock").mkdir()  # refuses root as well
    with pytest.raises(steps.StepFailed) as no:
        run.claim_data_dir(tmp_path, 8000)
    assert "run.lock cannot be written (Is a directory)" in str(no.value)
    me = run.named(os.geteuid())
    assert f"{tmp_path} belongs to {me}, this is {me}: chmod -R u+rwX {tmp_path}" in str(no.value)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(steps.StepFailed) as no:
        run.claim_data_dir(tmp_path, 8000)
    assert f"belongs to {me}, this is 54321: sudo chown -R 54321 {tmp_path}" in str(no.value)


def test_a_stamp_counts_only_for_the_files_it_was_made_from(tmp_path, monkeypatch):
    for name in (*setup.SETS["dev"], "constraints.txt"):
        (tmp_path / name).write_text("django==5\n")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    before = setup.digest("runtime"), setup.digest("dev")
    (tmp_path / "requirements-dev.txt").write_text("pytest==9\n")
    assert setup.digest("runtime") == before[0]
    assert setup.digest("dev") != before[1]
    (tmp_path / "constraints.txt").write_text("django==6\n")
    assert setup.digest("runtime") != before[0]


@pytest.mark.parametrize("content", ["", "{half", '{"other": "x"}'])
def test_an_unreadable_stamp_means_install_again(tmp_path, monkeypatch, content):
    stamp = tmp_path / "stamp"
    stamp.write_text(content)
    monkeypatch.setattr(setup, "STAMP", stamp)
    assert setup._read_stamp() == {}


def installing(monkeypatch, tmp_path, *, config="", broken=()):
    """The programs that `install` starts, in order; those named as broken fail."""
    started = []

    def call(words, *, remedy, env=None):
        program = next(name for name in ("uv", "config", "pip") if name in map(str, words))
        started.append("pip uv" if words[-1] == "uv" else f"{program} {words[-1]}")
        assert (env or {}).get("UV_SYSTEM_CERTS") == ("true" if words[0] == "uv" else None)
        if started[-1].startswith(tuple(broken)):
            raise steps.StepFailed(f"{started[-1]} failed. {remedy}")
        return config

    (tmp_path / "bin").mkdir()
    for name in ("pip", "uv"):
        (tmp_path / "bin" / name).touch()
    monkeypatch.setattr(
        setup, "venv_program", lambda name: name if name == "uv" else tmp_path / "bin" / name
    )
    monkeypatch.setattr(setup, "call", call)
    return started


RUNTIME = steps.ROOT / "requirements.txt"


@pytest.mark.parametrize(
    ("config", "broken", "started"),
    [
        ("global.extra-index-url='https://x'", (), ["pip uv", f"uv {RUNTIME}"]),
        ("", ("pip uv",), ["pip uv", f"pip {RUNTIME}"]),
        ("", ("uv",), ["pip uv", f"uv {RUNTIME}", f"pip {RUNTIME}"]),
        ("global.index-url='https://mirror'", (), [f"pip {RUNTIME}"]),
        (":env:.no-index='1'", (), [f"pip {RUNTIME}"]),
    ],
)
def test_packages_come_by_uv_and_by_pip_where_uv_cannot(
    monkeypatch, tmp_path, config, broken, started
):
    found = installing(monkeypatch, tmp_path, config=config, broken=broken)
    setup.install("runtime")
    assert found == ["config list", *started]


def test_where_neither_can_install_pip_says_why(monkeypatch, tmp_path):
    installing(monkeypatch, tmp_path, broken=("uv", "pip /"))
    with pytest.raises(steps.StepFailed, match=r"^pip .*package index .pip config list"):
        setup.install("runtime")


def test_a_failed_command_shows_its_last_words_and_the_remedy():
    command = ["python3", "-c", "import sys; sys.exit('no such host')"]
    with pytest.raises(steps.StepFailed, match=r"no such host\n.*ended with 1\. Look again\."):
        steps.call(command, remedy="Look again.")


def test_a_step_shows_its_outcome(capsys):
    with steps.step("Packages"):
        raise steps.Done("unchanged")
    with pytest.raises(ValueError), steps.step("Database"):
        raise ValueError
    shown = capsys.readouterr().out
    assert "Packages ..." in shown
    assert "unchanged, 0.0 s" in shown
    assert "failed, 0.0 s" in shown
    with pytest.raises(KeyboardInterrupt), steps.step("Packages"):
        raise KeyboardInterrupt
    assert "interrupted, 0.0 s" in capsys.readouterr().out


def test_a_checkout_that_cannot_be_written_is_told_so_and_nothing_else(monkeypatch, tmp_path):
    def never(argv, **more):
        pytest.fail(f"{argv} was run")  # it would empty the environment that runs this test

    monkeypatch.setattr(setup, "call", never)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "_works", lambda: False)
    monkeypatch.setattr(setup.os, "access", lambda path, mode: False)
    with pytest.raises(steps.StepFailed, match="cannot be written by this user") as told:
        setup.environment()
    assert "apt-get" not in str(told.value)


def test_an_environment_that_is_a_link_is_made_here_and_not_emptied_there(monkeypatch, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/kept").touch()
    (tmp_path / ".venv").symlink_to(tmp_path / "theirs")
    asked = []
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "_works", lambda: False)
    monkeypatch.setattr(setup, "call", lambda words, **_: asked.append(words[-1]))
    setup.environment()
    assert asked == [tmp_path / ".venv"] and not asked[0].is_symlink()
    assert (tmp_path / "theirs/kept").exists()


def test_what_the_embedded_broker_holds_is_thrown_away(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    queue = tmp_path / "broker" / "queue"
    queue.mkdir(parents=True)
    (queue / "half.msg").write_text('{"half')
    run._empty_broker()
    assert queue.is_dir()
    assert not list(queue.iterdir())


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        (["outreach.example.org"], "outreach.example.org"),
        ([".example.org"], "example.org"),
        (["*"], "localhost"),
        ([], "localhost"),
    ],
)
def test_health_is_asked_by_a_name_the_site_answers_to(allowed, name):
    assert site_name(allowed) == name


def test_counts_are_read_from_the_report(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite tests="9" failures="1" errors="1" skipped="2"/></testsuites>'
    )
    assert run_tests.read(report) == (5, 2, 2)
    assert run_tests.read(tmp_path / "none.xml") == (0, 1, 0)


def test_tests_see_nothing_this_machine_is_set_up_for(monkeypatch, tmp_path):
    monkeypatch.setenv("DRY_RUN", "False")
    monkeypatch.setenv("EMAIL_URL", "smtp://real.example.org")
    seen = run_tests.environment(tmp_path, "")
    assert not {"DRY_RUN", "EMAIL_URL", "DATABASE_URL"} & set(seen)
    assert seen["ENV_FILE"] == os.devnull
    assert run_tests.environment(tmp_path, "postgres://x/y")["DATABASE_URL"] == "postgres://x/y"


@pytest.mark.parametrize(("names", "taken"), [("bare able", "able"), ("bare", "bare")])
def test_make_takes_a_python_that_can_make_a_venv_before_one_that_cannot(tmp_path, names, taken):
    """Debian's may come without; where there is no other, setting up says what to install."""
    for name in ("able", "bare", "python3"):
        refuses = "" if name == "able" else 'case "$2" in *ensurepip*) exit 1;; esac\n'
        (tmp_path / name).write_text(f"#!/bin/sh\n{refuses}exit 0\n")
        (tmp_path / name).chmod(0o755)
    said = subprocess.run(
        ["make", "-n", "setup", f"NAMES={names}"], cwd=steps.ROOT, capture_output=True, text=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True,
    ).stdout  # fmt: skip
    assert said.splitlines()[-1] == f"{taken} -m tools.setup"
