"""The ground gives way under a real sender: database, link, disk, clock. The sink is the judge."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.db import connection

from channels import sending
from channels.tests.link import Link
from channels.tests.plenty import make_plenty
from channels.tests.sink import SmtpSink
from channels.tests.test_crash import K, arrived, clock, everything_is_accounted_for, rows
from outreach.testing import WORKDAY

pytest_plugins = ["channels.tests.senders"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
served = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no link to cut")
in_a_file = pytest.mark.skipif(connection.vendor != "sqlite", reason="the server's disk is its own")
MESSAGES = 14


@pytest.fixture
def link():
    known = connection.settings_dict
    with Link(known["HOST"], int(known["PORT"] or 5432)) as link:
        yield link


def finish(sink: SmtpSink, mail) -> None:
    """What an undisturbed sender does afterwards."""
    mail(sink, K)
    assert sending.process(clock=clock).waiting == 0


def lose_a_commit(which, reached, link, start, mail) -> tuple[int, int]:
    make_plenty(MESSAGES)
    link.lose(which, reached=reached)
    with SmtpSink() as sink:
        start(sink, connections=K, database=link.database, no_wait=True).gone()
        assert link.lost == 1
        finish(sink, mail)
        unknown = everything_is_accounted_for(sink, most_unknown=0)
        return len(rows("sent")), len(unknown)


@served
@pytest.mark.parametrize(("which", "reached"), [(1, True), (2, True), (2, False), (4, True)])
def test_a_commit_whose_answer_is_lost_on_the_way_doubles_nothing(
    which, reached, link, start, mail
):
    lose_a_commit(which, reached, link, start, mail)


@served
@pytest.mark.torture
@pytest.mark.parametrize("reached", [True, False])
def test_the_answer_to_every_commit_is_lost_again_and_again(reached, start, mail, capsys):
    from outreach import testing

    known, runs, sent, unknown = connection.settings_dict, 0, 0, 0
    for which in [1, 2, 3, 4, 5] * 10:
        with Link(known["HOST"], int(known["PORT"] or 5432)) as link:
            counts = lose_a_commit(which, reached, link, start, mail)
        runs, sent, unknown = runs + 1, sent + counts[0], unknown + counts[1]
        testing.empty()
    with capsys.disabled():
        print(f"\nlost COMMITs: {runs} runs, {sent} sent, {unknown} unknown, 0 duplicates, 0 lost")
    assert sent + unknown == runs * MESSAGES


@served
def test_a_database_that_comes_back_in_time_gets_every_outcome(link, start, mail):
    make_plenty(MESSAGES)
    with SmtpSink() as sink:
        sender = start(sink, connections=K, freeze="transmitted", database=link.database).frozen()
        link.cut()
        sender.resume()
        link.refused()
        link.mend()
        assert sender.done()["sent"] == K
        finish(sink, mail)
        everything_is_accounted_for(sink, most_unknown=0)


@served
def test_a_database_that_stays_away_leaves_its_wave_to_a_person(link, start, mail):
    make_plenty(MESSAGES)
    with SmtpSink() as sink:
        sender = start(
            sink, connections=K, freeze="transmitted", database=link.database, no_wait=True
        ).frozen()
        link.cut()
        sender.resume()
        sender.gone()
        finish(sink, mail)
        unknown = everything_is_accounted_for(sink, most_unknown=K)
        assert len(unknown) == K
        assert unknown <= set(arrived(sink)), "they did arrive; a person will say so"


@in_a_file
@pytest.mark.parametrize(
    ("pragma", "point"),
    [("max_page_count=1", None), ("query_only=ON", "looked"), ("query_only=ON", "transmitted")],
)
def test_a_disk_that_is_full_or_read_only_loses_and_doubles_nothing(
    pragma, point, start, mail, tmp_path
):
    make_plenty(40)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # no free page is left inside the file
    with SmtpSink() as sink:
        bad = tmp_path / "bad"
        spec = {"connections": K, "no_wait": True, "pragma": pragma, "when": str(bad)}
        if point is None:
            bad.touch()
            sender = start(sink, **spec)
        else:
            sender = start(sink, freeze=point, **spec).frozen()
            bad.touch()
            sender.resume()
        sender.gone()
        assert len(sink.arrivals) < 40, "it went on sending without being able to write"
        finish(sink, mail)
        everything_is_accounted_for(sink, most_unknown=K)


def test_a_clock_that_jumps_by_hours_and_days_doubles_nothing(mail):
    make_plenty(MESSAGES)
    steps = itertools.cycle(
        timedelta(hours=hours) for hours in (0, 1, -1, 24, -24, 0, 3, -3, 24, 0)
    )
    with SmtpSink() as sink:
        mail(sink, K)
        for _ in range(4):
            sending.process(clock=lambda: clock() + next(steps), most=3)
        sending.process(clock=lambda: WORKDAY + timedelta(hours=27))
        everything_is_accounted_for(sink, most_unknown=0)
