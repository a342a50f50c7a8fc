"""The approval queue at two sizes: python -m bench.queue --rows 1000 1000000 [--database-url …]

Each size gets a database of its own on that PostgreSQL server, filled by SQL and dropped at the
end. Each page is asked for through Django's test client (URL, session, rights, template), once to
warm up, then --rounds times; the median counts. Beside it: Django's own admin over the same rows.
Goal: every page at the large size takes at most 1.5 times what it takes at the small one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[1]
GOAL = 1.5
LIST = "/admin/approvals/approval/"
# One in twenty is a Mary; the second name is found once.
NAME = "CASE WHEN n % 20 = 0 THEN 'Mary' ELSE 'Person' END || ' ' || md5(n::text)"
FILL = {
    "people": {"id": "n", "uuid": "gen_random_uuid()", "full_name": NAME},
    "message_drafts": {"id": "n", "uuid": "gen_random_uuid()", "person_id": "n", "current_id": "n"},
    "message_revisions": {"id": "n", "draft_id": "n"},
    "message_approvals": {
        "id": "n", "draft_id": "n", "revision_id": "n", "human_id": "n",
        "priority": "CASE WHEN n % 100 = 0 THEN 3 WHEN n % 10 = 0 THEN 2 ELSE n % 2 END",
        "created_at": "now() - n * interval '1 second'",
        "expires_at": "now() + interval '3 days'",
    },
}  # fmt: skip


def main() -> None:
    """Measure each size in a process of its own and print the table."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rows", type=int, nargs=2, default=[1000, 1_000_000])
    words.add_argument("--database-url", default=os.environ.get("BENCH_DATABASE_URL", ""))
    words.add_argument("--rounds", type=int, default=9)
    words.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.measure, asked.rounds)))
        return
    server = (asked.database_url or "postgres://postgres@127.0.0.1:5432").rpartition("/")
    base = server[0] if server[0].count("/") >= 2 else asked.database_url
    base = base or "postgres://postgres@127.0.0.1:5432"
    show([one_size(base, rows, asked.rounds) for rows in asked.rows], asked.rows)


def one_size(server: str, rows: int, rounds: int, module: str = "bench.queue") -> dict[str, Any]:
    """A scratch database with so many rows, measured by a child, and dropped."""
    name, folder = f"bench_queue_{uuid.uuid4().hex[:10]}", tempfile.mkdtemp()
    with psycopg.connect(f"{server}/postgres", autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}")
    env = {
        **os.environ, "ENV_FILE": os.devnull, "DATABASE_URL": f"{server}/{name}",
        "SECRET_KEY": "only-for-the-benchmark-" + "x" * 40, "DRY_RUN": "True",
        "LOG_LEVEL": "ERROR", "DJANGO_SETTINGS_MODULE": "outreach.settings", "DEBUG": "False",
        "ALLOWED_HOSTS": "testserver", "DATA_DIR": folder,
    }  # fmt: skip
    try:
        words = [sys.executable, "-m", module, "--measure", str(rows)]
        done = subprocess.run(
            [*words, "--rounds", str(rounds)], env=env, cwd=ROOT, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{rows} rows: {done.stderr[-2000:]}")
        print(done.stderr.strip(), file=sys.stderr)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with psycopg.connect(f"{server}/postgres", autocommit=True) as link:
            link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def fill(rows: int) -> None:
    """One real item, then its rows copied by SQL: as real as the first, without a minute each."""
    from django.db import connection
    from django.utils import timezone

    from approvals.models import Approval
    from outreach import testing
    from outreach.core.models import Draft, Person, Revision

    first = testing.make_pending(at=timezone.now())
    tables = (Person, first.human_id), (Draft, first.draft_id), (Revision, first.revision_id)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for model, pk in (*tables, (Approval, first.pk)):
            own = FILL[model._meta.db_table]
            columns = [str(field.column) for field in model._meta.concrete_fields]
            values = ", ".join(own.get(name, f"t.{name}") for name in columns)
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {values} "
                f"FROM {model._meta.db_table} t, generate_series(1000001, {1_000_000 + rows}) n "
                f"WHERE t.id = {int(pk)}"
            )
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")


def measure(rows: int, rounds: int) -> dict[str, Any]:
    """Fill this process's database and time every page."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from approvals import queue
    from approvals.models import Approval
    from outreach import testing

    call_command("migrate", verbosity=0)
    fill(rows)
    client = Client()
    client.force_login(testing.alice().user)  # type: ignore[arg-type]
    order = Approval.objects.filter(status="pending").order_by(*queue.ORDER)
    late = min(500, rows // 50)  # page 500, or the last but one of a short queue
    edge = order.values_list("pk", flat=True)[(late - 1) * 50 - 1]
    rare = Approval.objects.get(pk=1_000_000 + rows // 2).human.full_name.split()[1][:12]
    middle = order.values_list("pk", flat=True)[rows // 2]
    pages = {
        "first page": "", "priority filter": "?priority=2", "channel filter": "?channel=email",
        "search, one person": f"?q={rare}", "search, one in twenty": "?q=mary",
        "late page": f"?p={late}&after={edge}",
        "late page, counted": f"?p={late}",
        "groups": "groups/", "calendar": "calendar/", "review page": f"{middle}/change/",
    }  # fmt: skip
    ours = {
        name: timed(lambda query=query: client.get(LIST + query), rounds)
        for name, query in pages.items()
    }
    ours["overview"] = timed(lambda: client.get("/admin/"), rounds)
    print(f"{rows:,} rows measured, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return {"rows": rows, "ours": ours, "plain": plain(rare, late, middle, rounds)}


def plain(rare: str, late: int, middle: int, rounds: int) -> dict[str, Any]:
    """Django's own admin over the same model, as one writes it in ten lines."""
    from django.contrib.admin import AdminSite, ModelAdmin
    from django.test import RequestFactory

    from approvals.models import Approval
    from outreach import testing

    class Plain(ModelAdmin):  # type: ignore[type-arg]
        list_display = ("id", "draft", "priority", "channel", "created_at", "expires_at", "status")
        list_filter = ("status", "priority", "channel")
        search_fields = ("draft__person__full_name",)
        ordering = ("-priority", "created_at")
        list_per_page = 50

    user = testing.make_user("root", is_superuser=True)
    site = Plain(Approval, AdminSite())
    factory = RequestFactory()

    def ask(query: str) -> Any:
        request = factory.get(f"{LIST}?{query}")
        request.user = user
        return site.changelist_view(request).render()  # type: ignore[attr-defined]

    return {
        name: timed(lambda query=query: ask(query), max(3, rounds // 3))
        for name, query in (
            ("first page", "status__exact=pending"), ("priority filter", "priority__exact=2"),
            ("channel filter", "channel__exact=email"), ("search, one person", f"q={rare}"),
            ("search, one in twenty", "q=mary"), ("late page", f"p={late}"),
        )
    }  # fmt: skip


def timed(ask: Any, rounds: int) -> dict[str, float]:
    """Median milliseconds, those spent in the database, and the number of statements."""
    from django.db import connection

    seen: list[float] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            seen.append(time.perf_counter() - began)

    answer = ask()
    if answer.status_code != 200:
        raise SystemExit(f"A page answered {answer.status_code}.")
    whole, database = [], []
    for _ in range(rounds):
        seen.clear()
        with connection.execute_wrapper(watch):
            began = time.perf_counter()
            ask()
            whole.append(time.perf_counter() - began)
        database.append(sum(seen))
    return {
        "ms": statistics.median(whole) * 1000, "sql": statistics.median(database) * 1000,
        "statements": len(seen),
    }  # fmt: skip


def show(found: list[dict[str, Any]], rows: list[int]) -> None:
    """The table, and whether the goal is met."""
    small, large = found
    print(f"{'page':24}{rows[0]:>12,} {rows[1]:>14,} ms   ratio  sql ms  statements   plain admin")
    missed = []
    for name, big in large["ours"].items():
        less = small["ours"][name]
        ratio = big["ms"] / less["ms"]
        beside = [side["plain"].get(name, {}).get("ms") for side in found]
        other = f"{beside[0]:.0f} -> {beside[1]:.0f} ms" if all(beside) else "-"
        missed += [name] if ratio > GOAL else []
        print(
            f"{name:24}{less['ms']:12.1f} {big['ms']:14.1f}    {ratio:6.2f} {big['sql']:7.1f}"
            f"  {less['statements']:4.0f} {big['statements']:4.0f}    {other}"
        )
    print(f"Goal (at most {GOAL} times): {'missed by ' + ', '.join(missed) if missed else 'met'}.")


if __name__ == "__main__":
    main()
