"""Drafts a second, statements a draft and peak memory of `email_drafts`, beside bare inserts.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/wf .venv/bin/python -m bench.workflows
    .venv/bin/python -m bench.workflows --sizes 1000 10000          # SQLite

Makes and drops its own test database. Every measurement is a process of its own, so that peak
memory is its own too; rounds are interleaved and medians are printed. "insert" is the floor: one
Draft and one Revision by the ORM, without footer, digest, history, log or rules.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
WAYS = ("insert", "compose", "draft", "submit")
BATCH = 2000


def prepare(count: int) -> None:
    """People with an address, most with company and position, and a run's rights."""
    from outreach.core.models import Account, Address, Membership, Person, Role, User, Workspace

    workspace = Workspace.objects.get(slug="default")
    Workspace.objects.update(sender_name="Mira Keller", postal_address="1 Sample Street")
    user = User.objects.filter(username="bench").first() or User.objects.create_user("bench")
    Membership.objects.get_or_create(user=user, workspace=workspace, defaults={"role": Role.ADMIN})
    accounts = Account.objects.bulk_create(
        Account(workspace=workspace, name=f"Company {i}", key=f"company {i}") for i in range(100)
    )
    people = [
        Person(
            workspace=workspace, full_name=f"Name{i} Family{i}", first_name=f"Name{i}",
            greeting_name=f"Name{i}" if i % 7 else "", account=accounts[i % 100],
            position="Head of Data" if i % 3 else "",
            connected_on=date(2020, 1, 1) + timedelta(days=i % 2000), source="bench",
        )
        for i in range(count)
    ]  # fmt: skip
    Person.objects.bulk_create(people, batch_size=BATCH)
    Address.objects.bulk_create(
        (
            Address(workspace=workspace, person=person, channel="email",
                    normalised=f"name{i}@example.com", raw=f"name{i}@example.com")
            for i, person in enumerate(people)
        ),
        batch_size=BATCH,
    )  # fmt: skip


def insert(count: int) -> None:
    """The floor: two rows a draft, nothing else."""
    from django.db import transaction

    from outreach.core.models import Draft, Person, Revision, Workspace

    workspace = Workspace.objects.get(slug="default")
    ids = list(Person.objects.values_list("pk", flat=True)[:count])
    by = {"by_kind": "system", "by_id": "bench", "by_label": "bench"}
    for start in range(0, count, 50):
        with transaction.atomic():
            for pk in ids[start : start + 50]:
                draft = Draft.objects.create(workspace=workspace, person_id=pk, channel="email",
                                             **by)  # fmt: skip
                Revision.objects.create(draft=draft, no=1, text="x" * 400, digest="", **by)


def compose(count: int) -> None:
    """Facts and templates alone: no writing."""
    from django.utils import timezone

    from outreach.core.models import Person, Workspace
    from workflows.drafting import facts, templates
    from workflows.drafting.base import Brief

    workspace = Workspace.objects.get(slug="default")
    engine, today = templates.TemplateEngine(), timezone.now().date()
    for person in Person.objects.select_related("account").iterator(chunk_size=500):
        engine.compose(Brief("email", "reconnect", facts.of_person(person, workspace, today=today)))


def run(count: int, *, submit: bool) -> dict[str, Any]:
    """The whole workflow, as a worker does it."""
    from django.utils import timezone

    from outreach.core.models import User, Workspace
    from outreach.core.principal import Principal
    from workflows import engine, services

    workspace = Workspace.objects.get(slug="default")
    by = Principal.of_user(User.objects.get(username="bench"))
    asked = {"limit": count, "submit": submit}
    made = services.start("email_drafts", workspace, asked, by=by, at=datetime.now(UTC))
    ended = engine.work(made.pk, clock=timezone.now)
    assert ended.status == "done", ended.error
    assert ended.result["write_drafts"]["written"] == count
    return {
        step.name: (step.ended_at - step.started_at).total_seconds() for step in ended.steps.all()
    }


def peak_kb() -> int:
    """The most memory this program ever held; `ru_maxrss` would count its parent's before exec."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def measure(way: str, count: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.db import connection

    statements = 0

    def counting(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal statements
        statements += not sql.startswith(("SAVEPOINT", "RELEASE"))
        return execute(sql, params, many, context)

    from outreach.core.models import Person

    Person.objects.first()  # the connection is open before the clock starts
    before = peak_kb()
    steps: dict[str, Any] = {}
    with connection.execute_wrapper(counting):
        begun, cpu = time.perf_counter(), time.process_time()
        if way == "insert":
            insert(count)
        elif way == "compose":
            compose(count)
        else:
            steps = run(count, submit=way == "submit")
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {
        "seconds": seconds,
        "cpu": cpu,
        "statements": statements,
        "grown_mb": (peak_kb() - before) / 1024,
        "steps": steps,
    }


def in_its_own_process(way: str, count: int, database: str = "") -> dict[str, Any]:
    """One measurement: without `database` over fresh rows in a test database of its own."""
    words = [sys.executable, "-m", "bench.workflows", "--one", way, "--sizes", str(count)]
    with tempfile.TemporaryDirectory(prefix="bench-wf-") as data:
        environment = {**os.environ, "LOG_LEVEL": "ERROR", "ENV_FILE": os.devnull}
        environment.setdefault("DATABASE_URL", f"sqlite:///{data}/bench.sqlite3")
        environment["DATA_DIR"] = data
        if database:
            words.append("--measure")
            environment["DATABASE_URL"] = database
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def one(way: str, count: int) -> None:
    """Make a test database, fill it, let another process measure, and drop it."""
    import django

    django.setup()
    from django.db import connection

    old = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = f"{old}.test"  # a file, as in use
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        prepare(count)
        url = os.environ["DATABASE_URL"]
        place = "sqlite:///" if connection.vendor == "sqlite" else url.rsplit("/", 1)[0] + "/"
        print(json.dumps(in_its_own_process(way, count, f"{place}{name}")))
    finally:
        connection.creation.destroy_test_db(old, verbosity=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.one, given.sizes[0])))
        return
    if given.one:
        one(given.one, given.sizes[0])
        return
    where = os.environ.get("DATABASE_URL", "sqlite").partition("://")[0]
    for count in given.sizes:
        found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
        for _ in range(given.rounds):
            for way in WAYS:
                found[way].append(in_its_own_process(way, count))
        show(where, count, found)


def show(where: str, count: int, found: dict[str, list[dict[str, Any]]]) -> None:
    print(f"\n{count} drafts, {where}, medians of {len(found['draft'])}")
    print(f"{'':10}{'drafts/s':>10}{'x insert':>10}{'CPU s/1000':>12}{'statements':>12}{'MB':>8}")
    floor = statistics.median(each["seconds"] for each in found["insert"])
    for way, rows in found.items():
        seconds = statistics.median(row["seconds"] for row in rows)
        cpu = statistics.median(row["cpu"] for row in rows) / count * 1000
        memory = statistics.median(row["grown_mb"] for row in rows)
        each = rows[0]["statements"] / count
        print(f"{way:10}{count / seconds:10.0f}{floor / seconds:10.2f}{cpu:12.2f}{each:12.2f}"
              f"{memory:8.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
