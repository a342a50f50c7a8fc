"""Words that were typed and not saved: whoever leaves the page is asked first, and only then."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from outreach import testing
from tests_e2e.making import LIST, address, at, make, status

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@contextmanager
def asked(page, *, go_on: bool):
    """The kinds of question that come up meanwhile, each answered the same."""
    kinds: list[str] = []

    def answer(dialog) -> None:
        kinds.append(dialog.type)
        dialog.accept() if go_on else dialog.dismiss()

    page.on("dialog", answer)
    try:
        yield kinds
    finally:
        page.remove_listener("dialog", answer)


def test_the_key_to_the_next_item_asks_before_an_edit_is_lost(enter):
    testing.alice()
    first, second = make("First One"), make("Second One")
    page = enter("alice")
    page.goto(address(first))
    with asked(page, go_on=True) as kinds:
        page.keyboard.press("j")  # nothing is typed
        at(page, second)
        page.keyboard.press("k")
        at(page, first)
    assert kinds == []
    page.keyboard.press("e")
    page.fill("#edit-text", "Words of half an hour.")
    page.keyboard.press("Escape")
    with asked(page, go_on=False) as kinds:
        page.keyboard.press("j")
        page.wait_for_timeout(300)
    assert kinds == ["beforeunload"]
    assert page.input_value("#edit-text") == "Words of half an hour."
    with asked(page, go_on=True) as kinds:
        page.keyboard.press("j")
        at(page, second)
    assert kinds == ["beforeunload"]


def test_what_is_saved_or_discarded_is_left_without_a_question(enter):
    testing.alice()
    item = make("Saved One")
    page = enter("alice")
    with asked(page, go_on=True) as kinds:
        page.goto(address(item))
        page.keyboard.press("e")
        page.fill("#edit-text", "Other words.")
        with page.expect_navigation():  # up to where its keys are heard
            page.click("#discard")
        assert page.input_value("#edit-text") != "Other words."
        page.keyboard.press("e")
        page.fill("#edit-text", "Words of half an hour.")
        with page.expect_navigation():
            page.click("text=Save, keep in the queue")
        page.goto(LIST)
    assert kinds == []
    item.refresh_from_db()
    assert item.revision.text == "Words of half an hour."


def test_another_decision_asks_before_it_takes_an_edit_with_it(enter):
    testing.alice()
    item = make("Both Typed")
    page = enter("alice")
    page.goto(address(item))
    page.keyboard.press("e")
    page.fill("#edit-text", "Words of half an hour.")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.fill("#reason", "Wrong person")
    with asked(page, go_on=False) as kinds:
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(300)
    assert kinds == ["confirm"] and status(item) == "pending"
    assert page.input_value("#edit-text") == "Words of half an hour."
    with asked(page, go_on=True) as kinds, page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert kinds == ["confirm"] and status(item) == "rejected"


def test_refused_words_and_a_half_typed_answer_are_not_left_in_silence(enter):
    testing.alice()
    item = make("Refused Reason")
    answer = testing.make_inbound(testing.make_person(name="Ina Answer"))
    page = enter("alice")
    page.goto(f"/admin/core/inboundmessage/{answer.pk}/change/")
    page.fill("#answer textarea", "Dear Ina, ")
    with asked(page, go_on=True) as kinds:
        page.goto(address(item))
    assert kinds == ["beforeunload"]
    page.evaluate("document.querySelector('#reject-form [name=digest]').value = 'another'")
    page.keyboard.press("r")
    page.fill("#reason", "Wrong person")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert page.input_value("#reason") == "Wrong person", page.inner_text("#content")
    page.keyboard.press("Escape")
    with asked(page, go_on=True) as kinds:
        page.goto(LIST)
    assert kinds == ["beforeunload"]


def test_a_changed_setting_asks_and_the_emergency_stop_never(enter):
    testing.dora()
    workspace = testing.make_workspace()
    page = enter("dora")
    place = f"/admin/core/workspace/{workspace.pk}/change/"
    page.goto(place)
    with asked(page, go_on=True) as kinds:
        page.click("#emergency-stop")
        page.wait_for_selector("#stop-form")
    assert kinds == []
    page.goto(place)
    page.check("input[name=four_eyes]")
    with asked(page, go_on=True) as kinds:
        page.click("#emergency-stop")
        page.wait_for_selector("#stop-form")
    assert kinds == []
    page.goto(place)
    page.check("input[name=four_eyes]")
    with asked(page, go_on=True) as kinds:
        page.goto(LIST)
    assert kinds == ["beforeunload"]
    page.goto(place)
    page.fill("input[name=approval_expiry_hours]", "0")
    with asked(page, go_on=True) as kinds:
        page.click("[name=_save]")
        page.wait_for_selector(".errorlist, .errornote, [role=alert]")
        assert kinds == []
        page.goto(LIST)
    assert kinds == ["beforeunload"]
