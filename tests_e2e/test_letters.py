"""Odd letters on the review page: each script as its readers read it, nothing out of the page."""

from __future__ import annotations

import pytest

from outreach import testing
from outreach.core.models import Account
from tests_e2e.making import SIDEWAYS, address, make, status

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HEBREW = "שלום יעל,\n\nמצורף הסיכום (Outreach 2.1), כפי שסוכם.\n\nBest regards,\nBob"
# Where the comma that ends the first line stands: true at the left of its words.
COMMA_LEFT = """(element) => {
    const text = [...element.childNodes].find((node) => node.nodeType === 3);
    const place = (from) => { const range = document.createRange();
        range.setStart(text, from); range.setEnd(text, from + 1);
        return range.getBoundingClientRect().x; };
    return place(text.data.indexOf(",")) < place(0);
}"""


def test_hebrew_and_arabic_are_shown_from_right_to_left(enter):
    testing.alice()
    item = make("יעל כהן", text=HEBREW)
    page = enter("alice")
    page.goto(address(item))
    assert page.evaluate(f"({COMMA_LEFT})(document.getElementById('message'))")
    direction = "(id) => getComputedStyle(document.getElementById(id)).unicodeBidi"
    assert page.evaluate(direction, "edit-text") == page.evaluate(direction, "message")


@pytest.mark.parametrize("width", [390, 1440])
def test_a_name_without_a_blank_stays_in_its_page(enter, width):
    testing.alice()
    item = make("X" * 150, subject="W" * 300)
    item.draft.person.account = Account.objects.create(
        workspace=item.workspace, name="Y" * 150, key="y"
    )
    item.draft.person.save()
    page = enter("alice", width=width)
    page.goto(address(item))
    assert page.evaluate(SIDEWAYS) <= 0


PLACES = ("#to", "#message", ".oc-bar", "[aria-label='Their message']")


@pytest.mark.parametrize("alert", ["", "complaint"])
def test_a_phone_shows_a_reply_before_what_it_answers_unless_that_is_an_alarm(enter, alert):
    testing.alice()
    item = make("Anna Berger")
    testing.make_inbound(item.draft.person, text="When?\n" * 40, alert=alert)
    page = enter("alice", width=390)
    page.goto(address(item))
    boxes = [page.locator(each).first.bounding_box() for each in PLACES]
    to, letter, bar, theirs = (box["y"] for box in boxes)
    assert to < theirs < letter if alert else to < letter < min(theirs, bar - 50)


def test_what_a_phone_scrolls_to_stands_above_the_bar_with_its_new_line(enter):
    testing.alice()
    text = "\n\n".join(f"Point {number} of the minutes, as agreed." for number in range(20))
    item = make("Anna Berger", text=text)
    page = enter("alice", width=390)
    page.goto(address(item))
    page.keyboard.press("a")
    page.get_by_text("Read it to the end, then approve it.").wait_for()
    end, bar = (page.locator(each).bounding_box() for each in ("#message-end", ".oc-bar"))
    assert end["y"] + end["height"] <= bar["y"]


@pytest.mark.parametrize("width", [390, 1440])
def test_an_html_part_that_says_something_else_is_in_sight_before_a_key_approves_it(enter, width):
    testing.alice()
    text = "\n\n".join(f"Point {number} of the minutes, as agreed." for number in range(20))
    item = make("Anna Berger", text=text, html="<p>The office in Bern closes on Friday.</p>")
    page = enter("alice", width=width)
    page.goto(address(item))
    warning, letter = (page.locator(each).bounding_box()["y"] for each in ("#unlike", "#message"))
    assert warning < letter
    page.keyboard.press("a")
    page.get_by_text("Read it to the end, then approve it.").wait_for()
    assert status(item) == "pending"
    frame, bar = (page.locator(each).bounding_box() for each in ("iframe", ".oc-bar"))
    assert frame["y"] + frame["height"] <= bar["y"]
    page.wait_for_timeout(500)  # a second press, not a double one
    page.keyboard.press("a")
    page.wait_for_url("**undo=*")
    assert status(item) == "approved"


def test_an_html_part_that_was_folded_away_unseen_is_opened_before_a_key_approves_it(enter):
    testing.alice()
    text = "\n\n".join(f"Point {number} of the minutes, as agreed." for number in range(20))
    item = make("Anna Berger", text=text, html="<p>The office in Bern closes on Friday.</p>")
    page = enter("alice")
    page.goto(address(item))
    # Without scrolling there, which would bring it in sight.
    page.locator("details:has(iframe) > summary").evaluate("(element) => element.click()")
    page.keyboard.press("a")
    page.get_by_text("Read it to the end, then approve it.").wait_for()
    assert status(item) == "pending" and page.locator("iframe").is_visible()
    page.wait_for_timeout(500)  # a second press, not a double one
    page.keyboard.press("a")
    page.wait_for_url("**undo=*")
    assert status(item) == "approved"


def test_an_html_part_that_says_the_same_stays_closed(enter):
    testing.alice()
    item = make("Anna Berger", text="Here are the minutes.", html="<p>Here are the minutes.</p>")
    page = enter("alice")
    page.goto(address(item))
    assert not page.locator("iframe").is_visible() and not page.locator("#unlike").count()


def test_a_phone_shows_whom_it_goes_to_and_how_the_letter_begins_at_once(enter):
    testing.alice()
    item = make("Anna Berger")
    page = enter("alice", width=390)
    page.goto(address(item))
    tops = [page.locator(each).bounding_box()["y"] for each in ("#to", "#message", ".oc-bar")]
    assert tops[0] < tops[1] < tops[2] - 100, tops
    aside, around = (page.locator(each) for each in (".oc-columns", ".oc-head__more"))
    assert around.bounding_box()["y"] > aside.bounding_box()["y"] + aside.bounding_box()["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


PRESS = """([key, code]) => document.body.dispatchEvent(
    new KeyboardEvent("keydown", {key, code, bubbles: true, cancelable: true}))"""


@pytest.mark.parametrize(
    ("key", "code", "opens"),
    [("ק", "KeyE", True), ("у", "KeyE", True), ("ε", "KeyE", True), ("e", "KeyD", True),
     ("لا", "KeyE", True), (".", "KeyE", False), ("é", "KeyE", False)],
)  # fmt: skip
def test_a_key_of_another_script_counts_as_the_letter_of_its_place(enter, key, code, opens):
    testing.alice()
    page = enter("alice")
    page.goto(address(make("Anna Berger")))
    page.evaluate(PRESS, [key, code])
    assert page.locator("#edit").evaluate("part => part.open") is opens


def test_an_approval_is_taken_back_by_the_key_in_another_script(enter):
    testing.alice()
    item, _ = make("Anna Berger"), make("Ben Cole")
    page = enter("alice")
    page.goto(address(item))
    page.evaluate(PRESS, ["ש", "KeyA"])
    page.wait_for_url("**undo=*")
    page.evaluate(PRESS, ["ו", "KeyU"])
    page.wait_for_url(lambda url: "undo=" not in url)
    assert item.draft.approvals.latest("pk").status == "pending"
