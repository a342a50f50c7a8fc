"""REST lists at two sizes: python -m bench.lists --rows 1000 1000000 [--database-url …]

As `bench.queue`: a database of its own for each size, filled by SQL, dropped at the end. Each list
is asked for as a reviewer through Django's test client: its first page, its filters, and a page far
in, by the position of the row before it; and as an agent that may read its own alone, where it has
ten drafts and ten runs. The large one is asked for as many rows as the small one
has on that page: else what is compared is how many rows are shown. Goal: the same number of
statements, and at most 1.5 times the time, whatever the size. Exit 1 where one is missed.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
from typing import Any

from bench import queue

GOAL = 1.5
FULL = 50  # rows of a page
PAGES = "BENCH_PAGES"  # to the process of the large size: how many rows each small page had
FIRST, SLACK = 1_000_000, 2.0  # ms: below it a ratio tells of the clock
ASKED = {
    "people": ("", "order=oldest", "name={one}", "address={address}"),
    "accounts": ("", "name={company}"),
    "drafts": ("", "status=pending_approval", "person={person}"),
    "approvals": ("", "status=pending", "priority=critical", "status=pending&order=queue"),
    "deliveries": ("", "status=sent", "draft={draft}"),
    "inbound": ("", "status=wants_reply", "person={person}"),
    "safety-events": ("", "code=quiet_hours", "since={since}"),
    "activity": ("", "verb={verb}", "verb=exports.begun", "since={since}"),
    "workflow-runs": ("", "status=done"),
    "templates": ("", "name={template}"),
}
OWN = {"drafts": "drafts:write", "workflow-runs": "workflows:run"}  # each with its scope


def main() -> int:
    """Measure each size in a process of its own and print the table."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rows", type=int, nargs=2, default=[1000, 1_000_000])
    words.add_argument("--database-url", default="postgres://postgres@127.0.0.1:5432/postgres")
    words.add_argument("--rounds", type=int, default=15)
    words.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.measure:
        pages = json.loads(os.environ.get(PAGES, "{}"))
        print(json.dumps(measure(asked.measure, asked.rounds, pages)))
        return 0
    server, (few, many) = asked.database_url.rpartition("/")[0], sorted(asked.rows)
    small = queue.one_size(server, few, asked.rounds, module="bench.lists")
    os.environ[PAGES] = json.dumps({name: found["rows"] for name, found in small.items()})
    large = queue.one_size(server, many, asked.rounds, module="bench.lists")
    return show(small, large, [few, many])


def copy(row: Any, rows: int, named: tuple[str, ...] = ()) -> None:
    """So many copies of one row, with ids from FIRST on; what must be unique, or is `named`, is."""
    from django.db import connection, models

    model = type(row)
    unique = {name for each in model._meta.total_unique_constraints for name in each.fields}
    values = []
    for field in model._meta.concrete_fields:
        alone = field.unique or field.name in unique
        follows = field.is_relation and field.name in ("person", "draft", "approval", "human")
        if field.primary_key or follows:
            values.append("n")
        elif alone and isinstance(field, models.UUIDField):
            values.append("gen_random_uuid()")
        elif alone and isinstance(field, models.CharField) and not field.choices:
            values.append(f"left(t.{field.column}, 200) || n")
        elif field.name in named:
            values.append("md5(n::text)")
        elif isinstance(field, models.DateTimeField) and field.name in ("created_at", "at"):
            values.append(f"t.{field.column} - n * interval '1 second'")
        else:
            values.append(f"t.{field.column}")
    table, columns = model._meta.db_table, [field.column for field in model._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
            f"FROM {table} t, generate_series({FIRST + 1}, {FIRST + rows}) n WHERE t.id = {row.pk}"
        )
        cursor.execute("SET session_replication_role = DEFAULT")


def fill(rows: int, own: Any) -> dict[str, str]:
    """All lists with so many rows, each a copy of a real one; what the filters ask for.

    Of the drafts and the runs ten are `own`.
    """
    from django.db import connection, transaction
    from django.utils import timezone

    from approvals.models import Approval
    from channels.models import Delivery, PlatformTemplate
    from outreach import testing
    from outreach.core import activity
    from outreach.core.models import Account, Activity, Address, Draft, Person
    from safety.models import SafetyEvent
    from workflows.models import Run

    queue.fill(rows)
    now, place, by = timezone.now(), testing.make_workspace(), testing.dora().fields()
    person = Person.objects.get(pk=FIRST + rows // 2)
    approval = Approval.objects.get(pk=FIRST + rows // 2)
    common = {"workspace": place, "created_at": now}
    first = (
        Account.objects.create(workspace=place, name="Company ", key="company "),
        Address.objects.filter(channel="email").first(),
        Delivery.objects.create(
            workspace=place, approval=Approval.objects.order_by("pk").first(), human=person,
            channel="email", status="sent", since=now, ended_at=now,
        ),
        testing.make_inbound(person),
        SafetyEvent.objects.create(
            **common, **by, event_type="send", action_blocked="send", reason="x", code="quiet_hours"
        ),
        Activity.objects.order_by("pk").first(),
        PlatformTemplate.objects.create(workspace=place, name="t", body="Hello {{1}}, as agreed."),
        Run.objects.create(
            workspace=place, name="email_drafts", options={}, status="done", **by,
            agent=testing.make_agent(place).agent,
        ),
    )  # fmt: skip
    for row in first:
        copy(row, rows, ("name",) if isinstance(row, Account) else ())
    ten = range(FIRST + rows // 10, FIRST + rows + 1, rows // 10)
    for model in (Draft, Run):
        model.objects.filter(pk__in=ten).update(**own.fields())  # type: ignore[attr-defined]
    with transaction.atomic():
        activity.record(activity.entry("exports.begun", place), by=testing.dora(), at=now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    draft = Draft.objects.get(pk=approval.draft_id)
    address = Address.objects.filter(person=person).first()
    return {
        "one": person.full_name.split()[1][:12], "person": str(person.uuid),
        "address": address.normalised if address else "", "draft": str(draft.uuid),
        "company": Account.objects.get(pk=FIRST + rows // 2).name[:12], "verb": first[5].verb,
        "template": f"t{FIRST + rows // 2}", "since": f"{now:%Y-%m-%dT%H:%M:%S.%fZ}",
    }  # fmt: skip


def asked_for(words: dict[str, str], rows: int) -> dict[str, str]:
    """Each list by name: its address with a filter, and far in."""
    found = {}
    for name, queries in ASKED.items():
        for query in queries:
            found[f"{name} {query}"] = f"/api/{name}?{query.format(**words)}"
        found[f"{name}, far in"] = far_in(name, rows)
    return found


def measure(rows: int, rounds: int, pages: dict[str, int]) -> dict[str, Any]:
    """Fill this process's database and ask for every list; milliseconds and statements."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from outreach import testing
    from outreach.edge.api.throttling import PerCaller
    from outreach.edge.tests import api

    call_command("migrate", verbosity=0)
    own = testing.make_agent(None, *OWN.values())
    words = fill(rows, own)
    PerCaller.get_rate = lambda self: None  # what is measured is the list, not the brake on asking
    client = Client()
    client.force_login(testing.alice().user)  # type: ignore[arg-type]
    agent = api.Caller(api.key_of(own))
    asked = [(client, *each) for each in asked_for(words, rows).items()]
    asked += [(agent, f"{name}, an agent's", f"/api/{name}?order=newest") for name in OWN]
    found: dict[str, Any] = {}
    for asker, name, address in asked:
        one = f"{address}&page_size={pages.get(name) or FULL}"
        found[name] = queue.timed(lambda asker=asker, one=one: asker.get(one), rounds)
        found[name]["rows"] = len(asker.get(one).json()["results"])
    print(f"{rows:,} rows measured, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return found


def far_in(name: str, rows: int) -> str:
    """The page in the middle of the list, by the position of the row before it."""
    position = base64.urlsafe_b64encode(json.dumps([False, FIRST + rows // 2]).encode()).decode()
    return f"/api/{name}?order=newest&cursor={position}"


def show(small: dict[str, Any], large: dict[str, Any], rows: list[int]) -> int:
    """The table, and whether the goal is met; 1 if it is not."""
    print(f"{'list':44}{rows[0]:>10,} {rows[1]:>12,} ms   ratio   sql ms  statements  rows")
    missed = []
    for name, big in large.items():
        little = small[name]
        ratio = big["ms"] / little["ms"]
        print(
            f"{name:44}{little['ms']:>10.1f} {big['ms']:>12.1f}    {ratio:>7.2f} {big['sql']:>8.1f}"
            f"{little['statements']:>7} {big['statements']:>4} {little['rows']:>5} {big['rows']:>4}"
        )
        slower = ratio > GOAL and big["ms"] - little["ms"] > SLACK
        if slower or any(little[each] != big[each] for each in ("statements", "rows")):
            missed.append(name)
    print(
        f"MISSED: {', '.join(missed)}"
        if missed
        else f"met: at most {GOAL} x, same statements and rows"
    )
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
