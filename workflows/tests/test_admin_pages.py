"""The pages that start, time and show: a POST calls one service, a GET changes nothing."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from approvals.models import Approval
from channels import merging
from outreach import testing
from outreach.core.models import Address, Draft, Person
from outreach.core.people import set_status
from outreach.testing import WORKDAY
from workflows import engine, options, pages, services, tasks
from workflows.models import Artifact, Experiment, ResearchSnapshot, Run, Schedule
from workflows.steps import drafting
from workflows.tests import making
from workflows.tests.making import ABOUT, ASKED, Clock

# What pages say and to whom; every workflow is run on both by test_reach and test_crash.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def place():
    where = making.place()
    making.reachable(where, making.people(where, 4))
    services.drafting_agent(where, by=testing.dora(where), at=WORKDAY)
    return where


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    found = []
    monkeypatch.setattr(tasks.current_app, "send_task", lambda *a, **k: found.append(a))
    return found


def browser(principal):
    client = Client()
    client.force_login(principal.user)
    return client


def start(name):
    return reverse("admin:workflows_start_one", args=[name])


@pytest.mark.parametrize("name", sorted(ASKED))
def test_each_workflow_starts_from_its_page_as_its_form_asks(place, woken, name):
    client = browser(testing.bob(place))
    page = client.get(start(name))
    assert page.status_code == 200
    form = {field["name"]: field["value"] for field in page.context["fields"]
            if field["kind"] not in ("flag", "weights")}  # fmt: skip
    form |= {key: value for key, value in ASKED[name].items() if value is not False}
    response = client.post(start(name), {**form, "act": "run"})
    run = Run.objects.get()
    assert response.url == reverse("admin:workflows_run_change", args=[run.pk])
    assert (run.name, run.by_label, run.status) == (name, "Bob", "waiting")
    assert woken == [("workflows.tasks.run",)]
    ended = engine.work(run.pk, clock=Clock())
    assert ended.status == "done", ended.error
    assert client.get(response.url).status_code == 200


def test_the_first_page_names_the_seven(place):
    text = browser(testing.bob(place)).get(reverse("admin:workflows_start")).content.decode()
    assert all(start(name) in text for name in ASKED)


def test_who_may_not_run_is_refused(place):
    client = browser(testing.carol(place))
    assert client.get(reverse("admin:workflows_start")).status_code == 403
    assert client.post(start("daily_plan"), {"act": "run"}).status_code == 403
    assert not Run.objects.exists()


def test_bad_input_is_told_and_what_was_typed_stays(place):
    client = browser(testing.bob(place))
    response = client.post(
        start("follow_up_sequence"), {"limit": "9", "gap": "99", "about": ABOUT, "act": "run"}
    )
    text = response.content.decode()
    assert response.status_code == 400
    assert "” must be a whole number from 2 to 30" in text and "gap must be" not in text
    bare = {"template": "introduction", "limit": "9", "about": "", "act": "run"}
    said = client.post(start("email_drafts"), bare).content.decode()
    assert "Give it with “A sentence about your work”, such as" in said
    assert ABOUT in text
    assert not Run.objects.exists()


def test_a_fault_is_told_in_the_words_of_the_form_or_of_the_body(place):
    client = browser(testing.bob(place))
    weights = {"weights:account_fit": "200", "act": "run"}
    said = client.post(start("prospect_shortlist"), weights).content.decode()
    assert (
        "weight “account fit” must be a whole number from 0" in said
        and "account_fit must" not in said
    )
    typed = {"template": "introduction", "about": "y" * 5000, "act": "run"}
    said = client.post(start("email_drafts"), typed).content.decode()
    assert "“A sentence about your work” has 5000 characters" in said
    for about, fault in (("y" * 5000, "about has 5000"), ("y\0", "about contains a NUL")):
        with pytest.raises(options.BadOptions, match=f"^{fault}"):
            options.complete((drafting.ABOUT,), {"about": about})


def test_weights_are_edited_in_the_form_and_remembered(place):
    client = browser(testing.bob(place))
    weights = {f"weights:{name}": "0" for name in ("role", "seniority", "account_fit", "replies")}
    client.post(start("prospect_shortlist"), {**weights, "weights:recency": "70", "act": "run"})
    assert Run.objects.get().options["weights"]["recency"] == 70
    again = client.get(start("prospect_shortlist")).content.decode()
    assert 'name="weights:recency" value="70"' in again


# --- Schedules -----------------------------------------------------------------------------------


@pytest.mark.both
def test_a_schedule_is_made_changed_and_removed(place):
    client = browser(testing.bob(place))
    form = {
        "capacity": "60", "weekday": ["0", "2", "9" * 5000], "time": "07:45", "act": "schedule",
    }  # fmt: skip
    client.post(start("daily_plan"), form)
    row = Schedule.objects.get()
    assert (row.weekdays, f"{row.time_of_day:%H:%M}", row.options["capacity"]) == (
        [0, 2], "07:45", 60,
    )  # fmt: skip
    assert not Run.objects.exists()
    page = reverse("admin:workflows_schedule_change", args=[row.pk])
    assert client.get(reverse("admin:workflows_schedule_changelist")).status_code == 200
    assert 'value="07:45"' in client.get(page).content.decode()
    client.post(page, {"capacity": "90", "weekday": ["4"], "time": "08:00", "act": "save"})
    row.refresh_from_db()
    assert (row.weekdays, row.options["capacity"], row.is_enabled) == ([4], 90, False)
    assert client.post(page, {"time": "late", "act": "save"}).status_code == 400
    assert browser(testing.carol(place)).post(page, {"act": "remove"}).status_code == 403
    client.post(page, {"act": "remove"})
    assert not Schedule.objects.exists()


# --- Results -------------------------------------------------------------------------------------


def walk(place, name):
    run = engine.work(making.run(place, name, **ASKED[name]).pk, clock=Clock())
    assert run.status == "done", run.error


def shown(client, row):
    address = f"admin:workflows_{row._meta.model_name}_change"
    response = client.get(reverse(address, args=[row.pk]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_page_of_a_run_tells_what_was_asked_in_the_words_of_the_form(place):
    run = making.run(place, "prospect_shortlist", roles="data", days=0)
    page = browser(testing.bob(place)).get(reverse("admin:workflows_run_change", args=[run.pk]))
    words = page.content.decode()
    assert "role 30, seniority 20" in words
    assert "Leave out whom we met in these days</dt><dd>0<" in words
    assert "{&#x27;" not in words


@pytest.mark.parametrize("name", ["email_drafts", "call_prep"])
def test_the_page_of_a_run_names_whom_it_was_pointed_at(place, name):
    """Who is gone since is told, and of very many how many more there are."""
    one, two = Person.objects.order_by("pk")[:2]
    asked = (
        {"people": f"{two.pk}, {one.pk}"} if name == "email_drafts" else {"person": str(one.uuid)}
    )
    run = making.run(place, name, **asked)
    client = browser(testing.bob(place))
    words = shown(client, run)
    links = [f'<a class="oc-link" href="{reverse("admin:core_person_change", args=[who.pk])}">'
             f"{who.full_name}</a>" for who in (two, one)]  # fmt: skip
    assert (", ".join(links) if name == "email_drafts" else links[1]) in words
    assert str(one.uuid) not in words and f"<dd>{two.pk}, {one.pk}</dd>" not in words
    if name == "email_drafts":
        many = ", ".join(map(str, [one.pk, *range(10_000, 10_000 + pages.SHOWN_PER_REASON + 2)]))
        Run.objects.filter(pk=run.pk).update(options={**run.options, "people": many})
        words = shown(client, run)
        assert links[1] in words and "an erased person" in words and "and 3 more<" in words


def test_a_step_that_had_nothing_to_do_is_shown_as_done(place):
    Address.objects.filter(channel="email").delete()
    run = making.run(place, "email_drafts", about=ABOUT)
    page = shown(browser(testing.bob(place)), run)
    assert 'max="100" value="0"' in page and 'value="100"' not in page
    assert engine.work(run.pk, clock=Clock()).status == "done"
    page = shown(browser(testing.bob(place)), run)
    assert "Done, 0 of 0" in page and 'max="100" value="0"' not in page


def test_the_pages_of_results_name_people_and_reasons(place):
    blocked = Person.objects.get(full_name="Name3 Test")
    set_status(blocked, "blocked", reason="x", by=testing.alice(place), at=WORKDAY)
    client = browser(testing.carol(place))
    for name in ("prospect_shortlist", "call_prep", "daily_plan", "account_research"):
        walk(place, name)
    shortlist = shown(client, Artifact.objects.get(kind="shortlist"))
    for words in ("Name1 Test", "Head of Data matches", "Blocked by us: 1", "Name3 Test"):
        assert words in shortlist
    script = shown(client, Artifact.objects.filter(kind="call_script").first())
    for words in ("this is Mira Keller.", "What not to say", "Questions", "I have no time."):
        assert words in script
    plan = shown(client, Artifact.objects.get(kind="daily_plan"))
    assert "Call</a>: <strong>Name" in plan
    research = shown(client, ResearchSnapshot.objects.get())
    for words in ("We know 4 people at Acme Ltd", "No time zone: all 4", "Connections.csv"):
        assert words in research


@pytest.mark.parametrize("is_merged", [False, True])
@pytest.mark.parametrize(
    ("status", "why"),
    [("desist", "They do not want to be written to"), ("blocked", "Person is blocked")],
)
def test_nobody_is_told_to_call_or_write_to_who_was_stopped_since(place, status, why, is_merged):
    who = Person.objects.get(addresses__normalised="+41446681800")
    for name in ("prospect_shortlist", "call_prep", "daily_plan"):
        walk(place, name)
    script = Artifact.objects.get(kind="call_script", person=who)
    client = browser(testing.carol(place))
    assert "+41446681800" in shown(client, script)
    assert "Do not" not in shown(client, Artifact.objects.get(kind="daily_plan"))
    human = who
    if is_merged:
        human = testing.make_person(place, "Name1 Elder")
        merging.merge(human, who, by=testing.dora(place), at=WORKDAY)
    set_status(human, status, reason="x", by=testing.alice(place), at=WORKDAY)
    page = shown(client, script)
    assert f"Do not call. {why}" in page
    assert "+41446681800" not in page and "this is Mira Keller." not in page
    assert why in shown(client, Artifact.objects.get(kind="daily_plan"))
    assert f"Do not write: {why}" in shown(client, Artifact.objects.get(kind="shortlist"))


def test_the_plan_speaks_of_drafts_whose_review_nobody_asked_for(place):
    engine.work(making.run(place).pk, clock=Clock())
    walk(place, "daily_plan")
    plan = Artifact.objects.get(kind="daily_plan")
    tasks = [*plan.data["placed"], *plan.data["left"]]
    task = next(each for each in tasks if each["kind"] == "submit")
    assert task["title"] == "Read 4 unsubmitted drafts and ask for their review"
    assert reverse("admin:core_draft_changelist") in shown(browser(testing.carol(place)), plan)


def test_an_erased_person_is_named_nowhere(place):
    walk(place, "prospect_shortlist")
    Person.objects.get(full_name="Name1 Test").delete()
    text = shown(browser(testing.carol(place)), Artifact.objects.get())
    assert "Name1" not in text
    assert "an erased person" in text


def test_a_sequence_is_shown_and_ended_by_who_may(place):
    walk(place, "follow_up_sequence")
    row = Artifact.objects.filter(kind="sequence").first()
    page = reverse("admin:workflows_artifact_change", args=[row.pk])
    assert "End the sequence" not in shown(browser(testing.carol(place)), row)
    browser(testing.carol(place)).post(page, {"act": "stop"})
    row.refresh_from_db()
    assert row.closed_at is None
    client = browser(testing.bob(place))
    assert "LinkedIn, planned for" in shown(client, row)
    client.post(page, {"act": "stop"})
    row.refresh_from_db()
    assert row.closed_reason == "Ended by Bob."
    ids = [touch["draft"] for touch in row.data["touches"]]
    assert set(Draft.objects.filter(pk__in=ids).values_list("status", flat=True)) == {"rejected"}


def test_what_workflows_made_has_the_name_of_the_menu_everywhere(place):
    walk(place, "prospect_shortlist")
    client = browser(testing.carol(place))
    listed = client.get(reverse("admin:workflows_artifact_changelist")).content.decode()
    for text in (listed, shown(client, Artifact.objects.get())):
        assert "plans and scripts" in text.lower() and "Artifacts" not in text


def test_results_of_other_workspaces_are_not_there(place):
    walk(place, "prospect_shortlist")
    client = browser(testing.bob(testing.make_workspace("north")))
    row = Artifact.objects.get()
    page = reverse("admin:workflows_artifact_change", args=[row.pk])
    assert client.get(page).status_code == 404
    listed = client.get(reverse("admin:workflows_artifact_changelist")).content.decode()
    assert row.title not in listed


# --- Experiments ---------------------------------------------------------------------------------


def test_an_experiment_is_begun_and_ended_by_an_admin(place):
    client = browser(testing.dora(place))
    add = reverse("admin:workflows_experiment_add")
    assert client.get(add).status_code == 200
    form = {"name": "Short", "planned": "50", "variant": ["email:introduction"]}
    assert client.post(add, form).status_code == 400
    form["variant"].append("email:introduction_short")
    client.post(add, form)
    row = Experiment.objects.get()
    assert row.variants == ["introduction", "introduction_short"]
    page = reverse("admin:workflows_experiment_change", args=[row.pk])
    assert "No claim yet: 50 messages of each variant" in client.get(page).content.decode()
    browser(testing.alice(place)).post(page)
    row.refresh_from_db()
    assert row.ended_at is None
    client.post(page)
    row.refresh_from_db()
    assert row.ended_at is not None


@pytest.mark.parametrize(("channel", "said"), [
    ("email", "room for 20 more messages<"), ("linkedin", "room for 19 more messages<"),
])  # fmt: skip
def test_of_what_was_approved_in_dry_run_the_plan_counts_what_a_hand_may_send(place, channel, said):
    who = testing.make_person(place, profile_url="https://www.linkedin.com/in/ana-bell")
    given = testing.make_approved(who)
    Approval.objects.filter(pk=given.pk).update(dry_run=True, channel=channel)
    walk(place, "daily_plan")
    plan = shown(browser(testing.carol(place)), Artifact.objects.get(kind="daily_plan"))
    assert said in plan and ("approved and due" in plan) == (channel == "linkedin")


@pytest.mark.parametrize(("approved", "said"), [
    (0, ("room for 20 more messages<", "Sent or perhaps sent: 0 of 20 today (0 %).<")),
    (1, ("room for 19 more messages<", "(0 %). 1 more is approved and due today.<")),
    (19, ("room for 1 more message<", "(0 %). 19 more are approved and due today.<")),
])  # fmt: skip
def test_the_plan_says_why_there_is_less_room_than_was_left(place, approved, said):
    for _ in range(approved):
        testing.make_approved(testing.make_person(place))
    Approval.objects.update(dry_run=False)
    walk(place, "daily_plan")
    plan = shown(browser(testing.carol(place)), Artifact.objects.get(kind="daily_plan"))
    for words in said:
        assert words in plan
