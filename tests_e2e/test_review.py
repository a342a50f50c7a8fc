"""The morning round: fifty drafts by keyboard, nothing approved unread, nothing typed lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals import services
from approvals.models import Approval, Opened
from outreach import testing
from outreach.core import drafts
from outreach.core.models import Person
from tests_e2e.making import LIST, address, at, make, status

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_whole_round_by_keyboard_alone(enter):
    testing.alice()
    items = [make(f"Person {number}", 60 - number) for number in range(6)]
    page = enter("alice", by_form=True)
    page.goto(LIST)
    page.focus("#start-review")
    page.keyboard.press("Enter")
    at(page, items[0])
    page.keyboard.press("a")  # approve
    at(page, items[1])
    page.wait_for_function("document.activeElement.id === 'to'")  # whom the next one is to
    assert status(items[0]) == "approved"
    page.keyboard.press("s")  # skip
    at(page, items[2])
    page.keyboard.press("k")  # back
    at(page, items[1])
    page.keyboard.press("j")
    at(page, items[2])
    page.keyboard.press("e")  # edit: letters are typed, not obeyed
    page.wait_for_function("document.activeElement.id === 'edit-text'")
    page.keyboard.press("Control+A")
    page.keyboard.type("A rare bear: as asked.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # "Save and approve"
    at(page, items[3])
    assert status(items[2]) == "approved"
    items[2] = Approval.objects.select_related("revision").get(pk=items[2].pk)
    assert items[2].revision.text == "A rare bear: as asked."
    page.keyboard.press("r")
    page.wait_for_function("document.activeElement.id === 'reason'")
    page.keyboard.type("Wrong person")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at(page, items[4])
    assert status(items[3]) == "rejected"
    page.keyboard.press("c")
    page.wait_for_function("document.activeElement.id === 'feedback'")
    page.keyboard.type("Shorter, please")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at(page, items[5])
    assert status(items[4]) == "withdrawn"
    page.keyboard.press("b")
    page.wait_for_function("document.activeElement.id === 'block-reason'")
    page.keyboard.type("Rude")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at(page, items[1])  # the skipped one is what is left
    assert status(items[5]) == "rejected"
    assert Person.objects.get(pk=items[5].human_id).status == "blocked"


def test_the_last_approval_is_undone_by_its_key_on_the_list_too(enter):
    testing.alice()
    item = make("The Only One")
    page = enter("alice")
    page.goto(address(item))
    page.keyboard.press("a")
    page.wait_for_selector("text=The queue is clear.")
    page.focus("input[name=q]")
    page.keyboard.press("u")  # typed, not obeyed
    assert page.input_value("input[name=q]") == "u" and status(item) == "approved"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("u")
    page.wait_for_selector("#waiting")  # it stands here again, as a new round
    assert status(item) == "withdrawn"


@pytest.mark.parametrize("how", ["key", "button"])
def test_skipping_the_only_item_says_that_nothing_else_waits(enter, how):
    testing.alice()
    item = make("The Only One")
    page = enter("alice", width=390)
    page.goto(address(item))
    page.keyboard.press("s") if how == "key" else page.click("#skip")
    page.wait_for_selector("text=Nothing else waits in this list")
    assert status(item) == "pending" and page.url.endswith(address(item))


def test_undo_takes_an_approval_back_while_it_is_offered(enter, settings):
    settings.APPROVAL_UNDO_SECONDS = 60
    testing.alice()
    first, second = make("First", 50), make("Second", 60)
    page = enter("alice")
    page.goto(address(first))
    page.keyboard.press("a")
    at(page, second)
    page.wait_for_selector("#undo")
    page.keyboard.press("u")
    page.wait_for_selector("text=is taken back")
    assert status(first) == "withdrawn"
    assert Approval.objects.filter(draft=first.draft, status="pending").count() == 1


@pytest.mark.parametrize("how", ["key", "button", "double click"])
def test_a_text_out_of_sight_is_shown_before_it_is_approved(enter, how):
    testing.alice()
    item = make("Long Reader", 50, text="\n\n".join(f"Paragraph {n} of many." for n in range(80)))
    page = enter("alice", height=700)
    page.goto(address(item))
    press = {
        "key": lambda: page.keyboard.press("a"),
        "button": lambda: page.click("#approve"),
        "double click": lambda: page.dblclick("#approve"),
    }[how]
    press()
    page.wait_for_selector("text=Read it to the end, then approve it")
    page.wait_for_timeout(450)  # what comes sooner belongs to the same press
    assert status(item) == "pending"
    press()
    page.wait_for_url(f"**{LIST}?undo=*")
    assert status(item) == "approved"


def test_letters_of_an_ordinary_length_take_one_press_each(enter):
    """What stands above the letter leaves room for it; its footer is the same in every one."""
    testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    testing.alice()
    lines = ["Hello there,", "word " * 30, "word " * 20, "Best regards,\nMira"]
    items = [make(f"Person {n}", 60 - n, text="\n\n".join(lines)) for n in range(3)]
    page = enter("alice", height=900)
    page.goto(address(items[0]))
    for item in items[:2]:
        page.keyboard.press("a")
        page.wait_for_url(f"**?undo={item.pk}")
        assert status(item) == "approved"
    assert page.is_visible("#undo") and page.is_visible("#dry")


def test_a_stale_text_is_refused_and_shown_anew(enter):
    testing.alice()
    item = make("Mary Johnson")
    page = enter("alice")
    page.goto(address(item))
    services.edit(
        item.pk, drafts.Text(subject="New subject", text="Dora changed this."),
        by=testing.dora(), at=timezone.now(), digest=item.digest,
    )  # fmt: skip
    page.keyboard.press("a")
    page.wait_for_selector("text=changed since you opened it")
    assert status(item) == "pending"
    assert "Dora changed this." in page.inner_text("#message")
    page.keyboard.press("a")
    page.wait_for_url(f"**{LIST}?undo=*")
    assert status(item) == "approved"


def test_enter_in_a_field_decides_nothing_and_with_ctrl_it_sends_what_was_typed(enter):
    testing.alice()
    first, second, third = make("First", 50), make("Second", 55), make("Third", 60)
    page = enter("alice")
    page.goto(address(first))
    page.keyboard.press("e")
    page.fill("#edit-form [name=subject]", "A new subject")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert status(first) == "pending"
    page.keyboard.press("Control+Enter")
    at(page, second)
    first = Approval.objects.select_related("revision").get(pk=first.pk)
    assert (first.status, first.revision.subject) == ("approved", "A new subject")
    page.keyboard.press("r")
    page.wait_for_function("document.activeElement.id === 'reason'")
    page.keyboard.press("Control+Enter")  # without words the browser asks for them
    page.wait_for_timeout(300)
    assert status(second) == "pending"
    page.keyboard.type("Wrong person")
    page.keyboard.press("Control+Enter")
    at(page, third)
    assert status(second) == "rejected"


def test_the_page_says_when_skipping_has_come_round(enter):
    testing.alice()
    first, last = make("First", 50), make("Last", 60)
    page = enter("alice")
    page.goto(address(first))
    assert page.query_selector("#wraps") is None
    page.keyboard.press("s")
    at(page, last)
    assert "next is the first again" in page.inner_text("#wraps")


def test_enter_in_the_help_on_keys_closes_it_and_leaves_them_on(enter):
    testing.alice()
    item = make("Hasty Typist")
    page = enter("alice")
    page.goto(address(item))
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#keys", state="hidden")
    assert page.inner_text("#keys-state") == "on"


def test_keys_can_be_switched_off_and_stay_off(enter):
    testing.alice()
    item = make("Quiet Typist")
    page = enter("alice")
    page.goto(address(item))
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.click("#keys-switch")
    page.click("#keys-close")
    page.reload()
    assert page.inner_text("#keys-state") == "off"
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert status(item) == "pending"


def test_a_double_click_approves_once_and_leaves_the_next_alone(enter):
    testing.alice()
    first, second = make("First", 50), make("Second", 60)
    page = enter("alice")
    page.goto(address(first))
    page.dblclick("#approve")
    at(page, second)
    assert (status(first), status(second)) == ("approved", "pending")


def test_an_open_item_is_shown_to_the_others_and_free_when_it_is_left(enter):
    testing.alice()
    testing.dora()
    item = make("Wanted Twice")
    hers, mine = enter("alice"), enter("dora")
    with hers.expect_response("**/open/"):
        hers.goto(address(item))
    mine.goto(LIST)
    assert "Alice has just opened this" in mine.inner_text("#result_list")
    with mine.expect_response("**/open/"):
        mine.goto(address(item))
    assert mine.inner_text("#readers") == "Alice has just opened this."
    assert mine.is_enabled("#approve")
    hers.goto(LIST)
    assert "Dora has just opened this" in hers.inner_text("#result_list")
    mine.goto("/admin/")
    for _ in range(100):  # the page says good-bye by a beacon, which nobody answers
        if not Opened.objects.exists():
            break
        mine.wait_for_timeout(50)
    assert not Opened.objects.exists()


def test_a_button_gives_an_item_more_time(enter):
    testing.alice()
    item = make("Slow Decision")
    Approval.objects.update(expires_at=timezone.now() + timedelta(hours=2, minutes=5))
    page = enter("alice")
    page.goto(address(item))
    assert "expires in 2 h" in page.inner_text("#review")
    page.click("#extend")
    page.wait_for_selector("text=expires in 2 d")


def test_personal_data_is_masked_until_asked_and_never_approved_unread(enter):
    testing.alice()
    text = "The minutes, as asked. You can ring Peter at home: +44 20 7946 0958, any day."
    item, second = make("Masked One", 50, text=text), make("Masked Two", 60, text=text)
    page = enter("alice")
    page.goto(address(item))
    assert "7946" not in page.inner_text("#review")
    page.keyboard.press("a")
    page.wait_for_selector("text=Personal data was masked")
    assert "+44 20 7946 0958" in page.inner_text("#message")
    assert status(item) == "pending"
    page.wait_for_timeout(450)
    page.keyboard.press("a")
    at(page, second)
    assert status(item) == "approved"
    page.click(".oc-show")
    assert "+44 20 7946 0958" in page.inner_text("#message")
    page.click(".oc-show")
    assert "7946" not in page.inner_text("#message")
    page.click("#approve")
    page.wait_for_url(f"**{LIST}?undo=*")
    assert status(second) == "approved"
