"""The pages around a review: together, stop, Safe Mode, what a viewer sees, and how all look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from approvals import services
from approvals.models import Approval, Recheck
from channels import manual
from outreach import testing
from outreach.core import activity, drafts
from outreach.core.activity import Entry
from outreach.core.models import Activity
from safety import events
from safety.models import SystemControl
from safety.verdict import Finding
from tests_e2e.making import LIST, LOOKS, SIDEWAYS, address, make, status
from workflows import services as workflows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BEYOND = "(one) => one.scrollWidth - one.parentElement.clientWidth"  # a list in its own frame
# The reader's own switch; and whether the page has come to rest in this theme and width.
SWITCH = "theme => { Alpine.$data(document.documentElement).adminTheme = theme }"
SETTLED = """([theme, width]) => document.documentElement.matches(".dark") === (theme === "dark")
    && innerWidth === width && document.fonts.status === "loaded"
    && !document.getAnimations().some((one) => one.playState === "running")"""


def test_bulk_approval_shows_each_text_and_tells_each_result(enter):
    testing.alice()
    low = [make(f"Low {number}", 95) for number in range(3)]
    Approval.objects.update(priority=0)
    high = make("High One", 50)
    page = enter("alice")
    page.goto(LIST)
    for box in page.query_selector_all("input.action-select"):
        box.check()
    page.wait_for_selector("text=4 of 4 selected")
    page.click("#bulk")
    page.wait_for_selector("#bulk-form")
    assert "its priority is high, not low" in page.inner_text("#content")
    assert page.inner_text("#content").count("minutes of Monday") == 3
    page.click("text=Approve the ticked ones")
    page.wait_for_selector("text=3 of 3 approved")
    assert {status(item) for item in low} == {"approved"} and status(high) == "pending"


def test_the_names_of_columns_stay_whole_on_a_phone(enter):
    with transaction.atomic():
        events.record_findings(
            [Finding("CONTENT_CHECK", "pressure", "fail", "It presses its reader. " * 20)],
            action="submit", draft=testing.make_draft(), by=testing.alice(), at=timezone.now(),
        )  # fmt: skip
    page = enter("alice", width=390)
    page.goto("/admin/safety/safetyevent/")
    width = (
        "parseFloat(getComputedStyle(document.querySelector('.field-reason'), '::before').width)"
    )
    assert page.evaluate(width) > 45  # "Reason" in one line
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_long_digest_and_the_buttons_fit_a_phone(enter):
    testing.alice()
    item = make("Long Digest")
    page = enter("alice", width=390)
    last = Activity.objects.filter(digest=item.digest).last()
    page.goto(f"/admin/core/activity/{last.pk}/change/")
    assert item.digest[:9] in page.inner_text("#content") and page.evaluate(SIDEWAYS) <= 0
    page.goto(address(item))
    assert page.eval_on_selector("#approve", "(one) => one.getBoundingClientRect().height") >= 44
    assert "a yes given now sends nothing later" in page.inner_text("#content")


@pytest.mark.parametrize("width", [1440, 390])
def test_what_has_no_blank_to_break_at_stays_within_the_list(enter, width):
    by, place = testing.dora(), testing.make_workspace()
    codes = {"path": "x" * 118}
    told = Entry("safety.controls_changed", "delivery", "1", place.pk, codes=codes)
    with transaction.atomic():
        activity.record(told, by=by, at=timezone.now())
    page = enter("dora", width=width)
    page.goto("/admin/core/activity/")
    assert page.eval_on_selector("#result_list", BEYOND) <= 0 and page.evaluate(SIDEWAYS) <= 0


@pytest.mark.parametrize("width", [1440, 390])
def test_one_long_word_widens_no_page_and_no_list(enter, width):
    by, now = testing.dora(), timezone.now()
    item, words = make("Long Word"), drafts.Text(subject="y" * 998, text="Here it is.")
    item = services.edit(item.pk, words, by=by, at=now, digest=item.digest)
    page = enter("dora", width=width)
    page.goto(address(item))
    assert page.locator("#diff ins.oc-ins").count() and page.evaluate(SIDEWAYS) <= 0
    services.approve(item.pk, digest=item.digest, by=by, at=now)
    manual.mark_sent(item.pk, by=by, at=now + timedelta(minutes=1))
    for address_of in (f"{LIST}?status=approved", "/admin/channels/delivery/"):
        page.goto(address_of)
        assert page.eval_on_selector("#result_list", BEYOND) <= 0 and page.evaluate(SIDEWAYS) <= 0
    stop = SystemControl.objects.filter(workspace=item.workspace, control_key="EMERGENCY_STOP")
    stop.update(enabled=True, reason="z" * 300)
    page.goto("/admin/controls/")
    page.click("text=Lift it, and switch on")
    page.fill("form:has([value=lift]) [name=reason]", "It is over")
    page.click("text=Lift the emergency stop")
    page.wait_for_selector("text=Lifted:")
    assert page.evaluate(SIDEWAYS) <= 0


def test_the_steps_of_a_run_stand_below_each_other_on_a_phone(enter):
    by, place = testing.dora(), testing.make_workspace()
    run = workflows.start("daily_plan", place, {}, by=by, at=timezone.now())
    page = enter("dora", width=390)
    page.goto(f"/admin/workflows/run/{run.pk}/change/")
    lefts = "(cells) => new Set(cells.map((one) => one.getBoundingClientRect().left)).size"
    assert page.eval_on_selector_all("#steps tbody tr:first-child > *", lefts) == 1


def test_the_emergency_button_stops_and_says_so(enter):
    testing.alice()
    given = testing.make_approved(at=timezone.now())
    page = enter("alice")
    page.goto("/admin/")
    page.click("#emergency-stop")
    page.fill("#stop-reason", "Odd replies come in")
    page.press("#stop-reason", "Enter")
    page.wait_for_selector("#stop-progress[data-stopped=yes]")
    assert "Nothing more leaves" in page.inner_text("#stop-sentence")
    assert page.inner_text("#left_meanwhile") == "None."
    assert status(given) == "withdrawn"
    page.goto("/admin/")
    assert "STOPPED" in page.inner_text(".oc-strip") and "Odd replies" in page.inner_text(
        ".oc-strip"
    )
    assert SystemControl.objects.filter(control_key="EMERGENCY_STOP", enabled=True).count() == 1


def test_safe_mode_off_with_an_unmet_preflight_needs_words_and_a_reason(enter):
    testing.dora()
    page = enter("dora")
    page.goto("/admin/safe-mode/")
    assert "unmet" in page.inner_text("#preflight")
    page.click("#switch-off")  # the browser itself asks for the words
    assert testing.make_workspace().safe_mode
    page.fill("#off-confirm", "Disable Safe Mode")
    page.click("#switch-off")
    page.wait_for_selector("text=Not everything is ready")
    assert testing.make_workspace().safe_mode
    page.fill("#off-reason", "A trial of a week, with a look at it every evening")
    assert page.input_value("#off-confirm") == "Disable Safe Mode"
    page.click("text=The team has been told")
    page.click("#switch-off")
    page.wait_for_selector("#safe-mode[data-on=no]")
    page.click("#switch-on")
    page.wait_for_selector("#safe-mode[data-on=yes]")
    assert testing.make_workspace().safe_mode


def test_a_viewer_looks_and_has_no_button_that_changes_anything(enter):
    testing.carol()
    item = make("Seen Only")
    page = enter("carol")
    page.goto("/admin/")
    page.wait_for_selector("#content")
    assert page.query_selector("#emergency-stop") is None
    page.goto(LIST)
    assert page.query_selector("#bulk") is None
    page.goto(address(item))
    assert "Deciding needs the role reviewer" in page.inner_text("#content")
    for key in "aercb":
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert page.query_selector(".oc-review form[method=post]") is None
    assert status(item) == "pending"
    for hidden in ("Workspaces", "Members", "Activity timeline"):
        assert hidden not in page.inner_text("#nav-sidebar")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_without_the_themes_colours_can_be_read(enter, theme):
    testing.alice()
    page = enter("alice", theme=theme)
    page.goto("/static/outreach/open.js")  # its own address would be a fault in the console
    page.set_content(Client().get("/nothing").content.decode(), wait_until="networkidle")
    assert "There is nothing here" in page.inner_text("h1")
    assert page.evaluate(LOOKS) == []


def test_pages_fit_and_text_can_be_read(enter):
    """Nothing sticks out sideways, every field has a name, and contrast is at least 4.5: in both
    widths and both themes. Each page comes once, to a dark machine; its width is changed as one
    turns a telephone, its theme as one switches it: the answer is the same for all four."""
    testing.dora()
    item = make("Ana Pérez de la Fuente-Montgomery y Compañía Internacional")
    given = testing.make_approved(testing.make_person(name="Approved By Rule"), at=timezone.now())
    Approval.objects.filter(pk=given.pk).update(status="auto_approved")
    Recheck.objects.create(workspace=given.workspace, approval=given, drawn_at=timezone.now())
    page = enter("dora")
    for place in ("/admin/", "/admin/look-again/", address(given), LIST, f"{LIST}groups/",
                  f"{LIST}calendar/", address(item), "/admin/stop/", "/admin/controls/",
                  "/admin/safe-mode/", f"/admin/core/person/{item.human_id}/change/"):  # fmt: skip
        page.emulate_media(color_scheme="dark")
        page.goto(place)
        page.wait_for_selector("#content")
        for theme, widths in (("dark", (1440, 390)), ("light", (390, 1440))):
            page.emulate_media(color_scheme=theme)
            if theme == "light":
                page.evaluate(SWITCH, theme)
            for width in widths:
                page.set_viewport_size({"width": width, "height": 1000})
                page.wait_for_function(SETTLED, arg=[theme, width])
                assert page.evaluate(SIDEWAYS) <= 0, (place, theme, width)
                assert page.evaluate(LOOKS) == [], (place, theme, width)
        page.evaluate(SWITCH, "auto")
