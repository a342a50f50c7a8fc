"""What was typed and not saved: no approval passes over it, and no key is a letter in it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from outreach import testing
from tests_e2e.conftest import PASSWORD
from tests_e2e.making import LIST, address, make, status

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_half_typed_edit_is_kept_from_the_button_too(enter):
    testing.alice()
    item = make("Half Typed")
    page = enter("alice")
    page.goto(address(item))
    page.keyboard.press("e")
    page.fill("#edit-text", "Other words")
    page.click("#approve")
    page.wait_for_selector("text=Your edit is not saved")
    assert status(item) == "pending"


@pytest.mark.parametrize("how", ["key", "button"])
def test_a_refused_edit_stands_open_and_is_not_passed_over_by_an_approval(enter, how):
    testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    testing.alice()
    item = make("Refused Edit", text="\n\n".join(f"Paragraph {n}." for n in range(30)))
    page = enter("alice")
    page.goto(address(item))
    page.keyboard.press("e")
    page.keyboard.press("Control+End")
    page.keyboard.type(" PS from Rita")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.wait_for_function("document.activeElement.id === 'edit-text'")
    seen = "(one) => one.getBoundingClientRect().y >= 0 && one.getBoundingClientRect().y < 800"
    assert page.eval_on_selector(".oc-refused", seen) and page.eval_on_selector("#edit-text", seen)
    page.keyboard.press("Escape")
    words = page.input_value("#edit-text")
    for _ in range(3):
        page.keyboard.press("a") if how == "key" else page.click("#approve")
        page.wait_for_timeout(450)
    assert "Your edit is not saved" in page.inner_text("#say")
    assert page.input_value("#edit-text") == words, "a hasty second press of the key is no letter"
    assert status(item) == "pending"
    page.click("#discard")
    page.wait_for_selector(".oc-refused", state="detached")
    for _ in range(4):  # the page may still load at the first press, and the next shows the end
        if status(item) == "pending":
            page.keyboard.press("a")
            page.wait_for_timeout(450)
    page.wait_for_url(f"**{LIST}?undo=*")
    assert status(item) == "approved"


@pytest.mark.parametrize("ended", ["session", "token"])
def test_what_was_typed_when_the_session_had_ended_is_back_after_the_log_in(enter, ended):
    """Also where a log-in in another tab made the form's token an old one."""
    testing.alice()
    item = make("Left Open")
    page = enter("alice", by_form=True)
    page.goto(address(item))
    page.keyboard.press("e")
    page.fill("#edit-text", "Words of half an hour.")
    page.context.clear_cookies(name="sessionid" if ended == "session" else "csrftoken")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    if ended == "session":
        assert "nothing of it was done" in page.inner_text("[role=alert]")
        page.fill("#id_username", "alice")
        page.fill("#id_password", PASSWORD)
        page.press("#id_password", "Enter")
    else:
        page.click("a:has-text('Open the page again')")
    page.wait_for_selector("text=Your words are back")
    assert page.input_value("#edit-text") == "Words of half an hour."
    assert status(item) == "pending"
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert (status(item), item.revision.text) == ("approved", "Words of half an hour.")
    assert page.evaluate("Object.keys(sessionStorage)") == [], "nothing stays in the browser"


@pytest.mark.parametrize(
    ("key", "field", "said"),
    [("r", "reason", "You typed why to reject it"),
     ("c", "feedback", "You typed what should change"),
     ("b", "block-reason", "You typed why to block them")],
)  # fmt: skip
def test_what_was_typed_for_another_decision_is_not_passed_over(enter, key, field, said):
    testing.alice()
    item = make("Second Thoughts")
    page = enter("alice")
    page.goto(address(item))
    page.keyboard.press(key)
    page.fill(f"#{field}", "Wrong person")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.wait_for_selector(f"text={said}")
    assert status(item) == "pending"


def test_an_edit_begins_behind_the_last_own_word(enter):
    testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    testing.alice()
    item = make("Caret Reader", text="Here are the minutes.")
    page = enter("alice")
    page.goto(address(item))
    page.keyboard.press("e")
    page.wait_for_function("document.activeElement.id === 'edit-text'")
    page.keyboard.type(" Best, Rita")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert status(item) == "approved"
    item.refresh_from_db()
    assert item.revision.text.startswith("Here are the minutes. Best, Rita\n\n-- \nMira")


def test_what_is_said_of_the_time_holds_for_an_edit_that_is_approved_too(enter):
    testing.alice()
    later = timezone.now() + timedelta(days=2)
    first, second = (make(name, scheduled_for=later) for name in ("Ann Early", "Ben Late"))
    page = enter("alice", width=390)
    for item, choose in (
        (first, lambda: page.check("[name=no_time]")),
        (second, lambda: page.fill("#approve-form [name=scheduled_for]", "2099-01-01T10:00")),
    ):
        page.goto(address(item))
        choose()
        page.click("#edit summary")
        page.fill("#edit-text", "The minutes, as asked.")
        page.click("text=Save and approve")
        page.wait_for_load_state("networkidle")
    first.refresh_from_db()
    assert (first.status, first.scheduled_for) == ("approved", None)
    page.wait_for_selector("text=a year from now")  # the other time was heard
    assert page.input_value("#approve-form [name=scheduled_for]") == "2099-01-01T10:00"
