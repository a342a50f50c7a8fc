"""The pure parts: what a title says, how a person scores, when to reach them, a day in order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from outreach import testing
from outreach.core.models import Person, Workspace
from outreach.core.people import add_address
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from workflows import agenda, extracts, recipients, scoring, telling, todo, windows
from workflows.agenda import Task
from workflows.options import BadOptions
from workflows.roles import Role, classify
from workflows.scoring import WEIGHTS, Subject, Wanted
from workflows.shapes import Job
from workflows.steps import daily_plan


@pytest.mark.parametrize(
    ("title", "level", "field"),
    [
        ("CEO", "top", "leadership"), ("Chief Data Officer", "top", "data"),
        ("Co-Founder & CTO", "top", "engineering"), ("Geschäftsführerin", "top", "leadership"),
        ("Managing Partner", "top", "leadership"), ("Tax Partner", "top", "finance"),
        ("Vice President Sales", "head", "sales"), ("VP Engineering", "head", "engineering"),
        ("Head of People", "head", "people"), ("Leiterin Einkauf", "head", "operations"),
        ("Directeur Commercial", "head", "sales"), ("Marketing Manager", "manager", "marketing"),
        ("Product Owner", "manager", "product"), ("HR Business Partner", "staff", "people"),
        ("Partner Manager", "manager", "sales"), ("Senior Accountant", "senior", "finance"),
        ("Data Scientist", "staff", "data"), ("Assistant to the CEO", "junior", "leadership"),
        ("Werkstudent", "junior", ""), ("General Counsel", "senior", "legal"),
        ("Mechanic", "staff", ""), ("代表取締役", "staff", ""), ("", "", ""), ("---", "", ""),
    ],
)  # fmt: skip
def test_what_a_title_says(title, level, field):
    assert classify(title) == Role(level, field)


@pytest.mark.parametrize(
    ("level", "titles"),
    [
        ("top", "Geschäftsleitung|Mitglied der Geschäftsleitung|Vorstandsvorsitzende|Vorstand IT|"
         "Geschäftsführender Gesellschafter|PDG|Président|Présidente|Presidente|"
         "Consejera Delegada|Directora General|Directrice générale|Dueño|Propietaria"),
        ("head", "Vertriebsleiter|Verkaufsleiterin|Marketingleiterin|Personalleiter|Werkleiter|"
         "Leitung Marketing|Bereichsleitung|Pflegedienstleitung|Direktorin Einkauf|Chefärztin|"
         "Vice-président|Vicepresidenta de Ventas"),
        ("manager", "Projektleiter|Teamleitung Einkauf|Filialleiterin|Chef de projet|"
         "Cheffe de service|Prokuristin"),
        ("senior", "Oberarzt|Kundenberater|Steuerberaterin"),
        ("junior", "Assistent der Geschäftsleitung|Vorstandsassistentin|Assistante de direction|"
         "Assistentin des Vorstands"),
        ("staff", "Experte Halbleiter|Zugbegleiterin|Reiseleiter|Sachbearbeiter|"
         "Referent der Geschäftsführung|Geschäftsleitungsreferent"),
    ],
)  # fmt: skip
def test_a_rank_is_read_in_each_of_the_four_languages(level, titles):
    told = {title: classify(title).level for title in titles.split("|")}
    assert told == dict.fromkeys(told, level)


@pytest.mark.parametrize(
    ("title", "field"),
    [
        ("Verkaufsleiter", "sales"), ("Director Comercial", "sales"), ("Einkäufer", "operations"),
        ("Responsable des achats", "operations"), ("Jefa de compras", "operations"),
        ("Projektleiter", "operations"), ("Vorstand", "leadership"), ("PDG", "leadership"),
        ("Steuerberater", "finance"), ("Presidenta", "leadership"),
    ],
)  # fmt: skip
def test_a_field_is_read_in_each_of_the_four_languages(title, field):
    assert classify(title).field == field


BEST = Subject("Head of Data", Role("head", "data"), "Acme", date(2026, 3, 1), 3, they_wrote=1)
TODAY = date(2026, 3, 11)


def score(subject, *, roles=(), companies=(), weights=WEIGHTS):
    return scoring.judge(subject, Wanted(roles, companies), weights, today=TODAY)


def test_a_score_is_the_sum_of_its_explained_parts():
    found = score(BEST, roles=("data",), companies=("acme",))
    assert found.total == round(sum(part.points for part in found.parts)) == 98
    assert found.sentence == (
        "Head of Data matches “data”; Acme matches “acme”; leads a department; connected this "
        "month; has written to us before"
    )


@pytest.mark.parametrize(
    ("title", "word", "is_match"),
    [
        ("Managing Director", "CTO", False), ("CTO", "cto", True), ("CTO & Founder", "CTO", True),
        ("Vendor Relations", "end", False), ("Database Administrator", "data", True),
        ("Head of IT", "IT", True), ("Auditor", "IT", False), ("Metadata Librarian", "data", False),
    ],
)  # fmt: skip
def test_a_role_is_found_where_a_word_begins_and_a_short_one_as_a_whole(title, word, is_match):
    part = score(Subject(title, Role("top", ""), "", None), roles=(word,)).parts[0]
    assert (f"{title} matches “{word}”" == part.why) == is_match


def test_nothing_known_scores_almost_nothing_and_says_so():
    found = score(Subject("", Role(), "", None, unanswered=2))
    assert found.total == 3
    assert [part.why for part in found.parts][:2] == ["no position known", "no title known"]


@pytest.mark.parametrize("name", sorted(WEIGHTS))
def test_a_single_weight_is_the_whole_score(name):
    found = score(BEST, roles=("data",), weights={**dict.fromkeys(WEIGHTS, 0), name: 5})
    assert [part.name for part in found.parts] == [name]
    assert found.total == round(20 * found.parts[0].points)


@pytest.mark.parametrize(
    ("at", "zone", "begins", "ends"),
    [
        (WORKDAY, "America/New_York", datetime(2026, 3, 11, 13), datetime(2026, 3, 11, 22)),
        (WORKDAY, "Europe/Zurich", WORKDAY, datetime(2026, 3, 11, 17)),
        (WORKDAY, "Asia/Tokyo", datetime(2026, 3, 12, 0), datetime(2026, 3, 12, 9)),
        (WORKDAY + timedelta(days=3), "UTC", datetime(2026, 3, 16, 9), datetime(2026, 3, 16, 18)),
    ],
)
def test_when_somebody_can_be_reached(at, zone, begins, ends):
    found = windows.next_window(at, zone=zone)
    assert (found.begins, found.ends) == (
        begins.replace(tzinfo=UTC), ends.replace(tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("also", "begins", "ends"),
    [
        ([], 13, 22),
        (["+12124567890"], 13, 22),
        (["+4915112345678"], 13, 17),
        (["+4915112345678", "+81312345678"], 13, 22),  # no hour suits all: the one that is called
    ],
)
def test_of_several_numbers_every_one_is_in_business_hours(also, begins, ends):
    found = windows.next_window(WORKDAY, phone="+12124567890", also=also)
    assert (found.begins.hour, found.ends.hour) == (begins, ends)
    assert found.zone == "America/New_York"


@pytest.mark.django_db
def test_a_call_is_planned_by_every_number_of_every_record():
    one, other = testing.make_person(), testing.make_person()
    for person, channel, number in [
        (other, "phone", "+4915112345678"), (one, "whatsapp", "+12124567890"),
        (one, "phone", "+12125550100"), (one, "email", "a@b.example"),
    ]:  # fmt: skip
        add_address(one.workspace, person, channel, number)
    Person.objects.filter(pk=other.pk).update(merged_into=one)
    found = recipients.load([one.pk])[one.pk]
    assert found.numbers == ["+12124567890", "+12125550100", "+4915112345678"]
    assert (found.ways["phone"], found.ways["whatsapp"]) == ("+12125550100", "+12124567890")


def test_a_window_is_told_on_our_clock():
    found = windows.next_window(WORKDAY, zone="America/New_York", our_zone="Europe/Zurich")
    told = "14:00–23:00 our time (09:00–18:00 in America/New_York)"
    assert found.sentence("Europe/Zurich") == told


def at(hour, minute=0):
    return WORKDAY.replace(hour=hour, minute=minute)


def arrange(*tasks, capacity=600):
    return agenda.arrange(tasks, begins=at(9), ends=at(18), capacity=capacity)


def test_tasks_come_in_order_unless_nobody_can_be_reached_yet():
    late = Task("call", "late", 10, window=(at(14), at(18)))
    soon = Task("call", "soon", 10, window=(at(9), at(10)))
    found = arrange(late, Task("first", "any", 5), soon)
    assert [(when, task.title) for when, task in found.placed] == [
        (at(9), "any"), (at(9, 5), "soon"), (at(14), "late"),
    ]  # fmt: skip


def test_of_one_kind_the_shortest_window_comes_first():
    wide, narrow = (Task("call", name, 10, window=(at(9), at(until)))
                    for name, until in (("wide", 18), ("narrow", 10)))  # fmt: skip
    assert [task.title for _, task in arrange(wide, narrow).placed] == ["narrow", "wide"]


def test_what_finds_no_place_is_told_why():
    found = arrange(
        Task("first", "a", 50), Task("first", "b", 20), Task("first", "c", 5, not_today="quota"),
        Task("call", "d", 10, window=(at(19), at(20))), capacity=60,
    )  # fmt: skip
    assert {task.title: reason for reason, task in found.left} == {
        "b": "no time left in your capacity", "c": "quota",
        "d": "cannot be reached within your day",
    }  # fmt: skip
    assert found.minutes == 50


def test_a_day_is_that_of_the_workspace():
    late = datetime(2026, 3, 11, 23, 30, tzinfo=UTC)
    place = Workspace(time_zone="Europe/Zurich")
    job = Job(run_id=1, workspace=place, agent=Principal.system("x"), options={}, at=late)
    assert job.today == date(2026, 3, 12)


def test_why_somebody_is_left_out_is_told_in_words():
    for reason in ("unreachable", "no_way", "no_number"):
        [line] = telling.result_lines({"excluded": {reason: 2}})
        assert "_" not in line and not line.endswith(f"{reason.replace('_', ' ')} 2")


def test_a_day_that_ends_before_it_begins_names_the_field_as_the_form_does():
    with pytest.raises(BadOptions, match="an earlier “Hour your day begins”"):
        daily_plan.check(Workspace(), {"begins": 10, "ends": 9})


def test_counts_of_facts_and_tasks_are_told_in_words():
    """As a page names them elsewhere, not as the program's codes."""
    assert telling.result_lines({"known": {"about": 3, "connected_lately": 0}}) == [
        "facts, and of how many people: our work 3, new connection 0"
    ]
    kinds = dict.fromkeys(todo.MINUTES, 1)
    [line] = telling.result_lines({"found": kinds})
    assert line.startswith("tasks: settling outcomes 1, ") and "_" not in line
    assert set(telling.TASKS) == set(kinds)


def test_the_telling_sentences_of_a_pasted_text_are_picked_in_order():
    text = (
        "Welcome to our site and have a look around. Acme employs 2,300 people in seven countries. "
        "The weather was fine on that day. In May it opened a new site in Gdańsk."
    )
    assert extracts.picked(text, "Acme Ltd") == [
        {"about": "people", "text": "Acme employs 2,300 people in seven countries."},
        {"about": "growth", "text": "In May it opened a new site in Gdańsk."},
    ]
    told = extracts.picked("A recall of drives delayed deliveries. Orders grew in spring.", "Acme")
    assert [each["about"] for each in told] == ["trouble", "growth"]
    once = extracts.with_new([], text, "Acme", WORKDAY)
    assert extracts.with_new(once, text, "Acme", WORKDAY) == once
