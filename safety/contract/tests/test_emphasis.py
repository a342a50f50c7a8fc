"""Italics, bold and words tied together hide nothing from a rule; names of things stay names."""

from __future__ import annotations

import time

import pytest

from safety.contract.content import find
from safety.contract.emphasis import MOST_NAMES, without_emphasis
from safety.contract.normalise import fold
from safety.contract.pii import find_pii
from safety.contract.rewrite import rewrite
from safety.contract.rulebook import Rule
from safety.contract.stop_request import detect_stop
from safety.contract.tests.test_rules import MUST, MUST_NOT, found_by

MARKS = ("_", "*", "~", "`", "__", "**", "~~", "_*")


def variants(text: str) -> list[str]:
    """The text set off as a whole and word by word, with each mark."""
    whole = [f"{mark}{text}{mark[::-1]}" for mark in MARKS]
    words = [" ".join(f"{mark}{word}{mark[::-1]}" for word in text.split(" ")) for mark in MARKS]
    return [*whole, *words]


@pytest.mark.parametrize("rule", sorted({rule.id: rule for rule, _ in MUST}.values(), key=str))
def test_no_emphasis_hides_an_example_of_a_rule(rule: Rule) -> None:
    texts = [text for owner, text in MUST if owner is rule and "_" not in text]
    missed = [each for text in texts for each in variants(text) if not found_by(rule, each)]
    assert not missed


@pytest.mark.parametrize("rule", sorted({rule.id: rule for rule, _ in MUST_NOT}.values(), key=str))
def test_no_emphasis_makes_a_finding_of_a_counter_example(rule: Rule) -> None:
    texts = [text for owner, text in MUST_NOT if owner is rule]
    wrong = [each for text in texts for each in variants(text) if found_by(rule, each)]
    assert not wrong


def test_a_mark_in_the_place_of_an_apostrophe_is_one() -> None:
    assert without_emphasis("I`ll `go`, don`T; rock`n roll") == "I'll  go , don'T; rock n roll"


@pytest.mark.parametrize(
    "text",
    [
        "You need_to_act_now", "You*need*to*act*now", "You~need~to~act~now", "Please _act now_!",
        "You need to _a_c_t_ _n_o_w_!", "You must a_c_t n_o_w", "It*is*your*l_a_s_t c_h_a_n_c_e",
        "Please a*c*t n*o*w", "Please _a*c*t_ n0w", "*n0w or never, act _n0w_",
        "Only _2_ seats left", "Only_2_seats_left", "Please act_now.Thanks",
        "#last_chance to join", "__Last chance__ to join",
    ],
)  # fmt: skip
def test_words_tied_together_are_read_apart(text: str) -> None:
    assert find(channel="whatsapp", text=text)


@pytest.mark.parametrize(
    "text",
    [
        "The file act_now.txt and last_chance_2024.pdf are in the folder.",
        "See https://example.org/a?utm_campaign=act_now_last_chance&x=*act*now* please.",
        "Write to act_now@example.org or to @act_now_shop, or see example.org/act_now/.",
        "The function send_password_reset() calls send_password() in __init__.py.",
        "We set the flag is_urgent and the column deadline_today to false.",
        "The `act_now` setting and the task `send_password` stay as they are.",
        "* the minutes\n* the plan\n** a part of it\n\n* * *\n\nPrice* and fee**\n\n* without tax",
        "The constant MAX_RETRY_COUNT is 5, user_id is 7, and 10_000 * 2 = 20_000.",
        "snake_case names and created_at, updated_at, file_name, first_name are fine.",
        "2 * 3 * 4, a*b, x_1, ~5 kg, `code` and ```more code``` are fine.",
        "Name: ________\nDate: ____\n~~~~~~\n*****",
    ],
)  # fmt: skip
def test_names_bullets_and_footnotes_are_no_findings(text: str) -> None:
    assert not find(channel="email", text=text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("plain", "plain"),
        ("_a_ *b* ~c~ `d`", " a   b   c   d "),
        ("Plan X or *plan XX*", "Plan X or  plan XX "),
        ("HTTPS://a.org?x_y=z_a www.a.org#b_c *ok*", "HTTPS://a.org?x_y=z_a www.a.org#b_c  ok "),
        ("see _https://a.org/x_y_ and a_b", "see  https://a.org/x_y_ and a b"),
        ("_ann_lee@a.org_ *@ann_lee* a_b.py", " ann_lee@a.org   @ann_lee  a_b.py"),
        ("synergy_1 and 1_synergy", "synergy_1 and 1 synergy"),
        ("yes * no", "yes * no"),
        ("ё_漢字_ é*é", "ё 漢字  é é"),
    ],
)
def test_a_mark_is_read_as_a_blank_outside_names(text: str, read: str) -> None:
    assert without_emphasis(text) == read


FILES = """
a_film.avi a_run.bat a_plan.bmp a_b.c a_b.cfg a_b.conf a_b.cpp A_b.cs a_b.css a_list.csv a_b.db
a_b.dll a_mail.doc a_mail.docx prod_1.env a_run.exe a_cat.gif a_b.go a_b.gz a_photo.heic a_page.htm
a_page.html a_date.ics a_b.ini a_book.ipynb A_b.java a_photo.jpg A_PHOTO.JPEG a_b.js a_b.json
a_b.log read_me.md a_film.mov a_song.mp3 a_film.mp4 a_mail.odt a_b.p7s act_now.pdf a_b.php
a_plan.png a_talk.ppt a_talk.pptx a_run.ps1 a_b.py a_b.rb a_b.rs a_mail.rtf a_run.sh a_b.sql
a_plan.svg a_b.tar a_paper.tex a_scan.tif a_scan.tiff a_b.toml a_b.ts a_list.tsv a_b.txt a_song.wav
a_b.xlsm a_sum.xls a_sum.xlsx a_b.xml a_b.yml a_b.yaml all_files.zip
"""
THINGS = """
attribute branch class column command constant database endpoint environment event field file flag
folder function index job key label method module option package param parameter property query
repo repository schema script setting table tag task template test variable view webhook
"""


def test_names_of_files_keep_their_marks() -> None:
    assert without_emphasis(FILES) == FILES


@pytest.mark.parametrize(
    "text",
    [
        "The {} act_now is new", "My {}s 'act_right_now' and x",
        "The act_now {} is new", "The 'act_right_now' {}s are new",
    ],
)  # fmt: skip
def test_a_name_beside_the_word_for_its_thing_keeps_its_marks(text: str) -> None:
    texts = [text.format(thing) for thing in THINGS.split()]
    assert [without_emphasis(each) for each in texts] == texts


def test_of_very_many_names_only_the_first_keep_their_marks() -> None:
    text = "a_b.py " * (MOST_NAMES + 1)
    assert MOST_NAMES == 2_000
    assert without_emphasis(text) == "a_b.py " * MOST_NAMES + "a b.py "


def test_a_finding_quotes_the_original() -> None:
    text = "Hello. Please *act* _now_, Ann."
    assert [hit.quote for hit in find(channel="email", text=text)] == ["act* _now"]
    assert [text[hit.start : hit.end] for hit in find(channel="email", text=text)] == ["act* _now"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("j_r@example.org", "j_r@example.org"),
        ("a.b.c.d_e@example.org", "a.b.c.d_e@example.org"),
        ("a_b.py and u_r_g", "a_b.py and urg"),
        ("u_r_g g*o*t a_b_c@x.org n_o", "urg got a_b_c@x.org n o"),
    ],
)
def test_letters_apart_are_not_closed_up_in_a_name(text: str, kept: str) -> None:
    assert fold(text).text == kept


@pytest.mark.parametrize("text", ["_STOP_", "*stop*", "~Stop~", "Please _stop_ messaging _me_"])
def test_a_request_to_stop_is_heard_in_italics(text: str) -> None:
    assert detect_stop(text).kind == "stop"


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("The card is _4111 1111 1111 1111_.", [("card", "4111 1111 1111 1111")]),
        ("The card is 4111_1111_1111_1111.", [("card", "4111_1111_1111_1111")]),
        ("Use sk_live_4eC39HqLyjWDarjtT1 here.", [("secret", "sk_live_4eC39HqLyjWDarjtT1")]),
        ("Use _sk_live_4eC39HqLyjWDarjtT1_ here.", [("secret", "_sk_live_4eC39HqLyjWDarjtT1")]),
        ("The *password*: Winter2024!", [("secret", "password*: Winter2024!")]),
        ("Ask _maria@example.org_ please", [("email", "maria@example.org")]),
        ("Ask j_r@example.org please", []),
    ],
)
def test_personal_data_is_found_in_italics_too(text: str, leaks: list[tuple[str, str]]) -> None:
    found = find_pii(text, allowed=["j_r@example.org"])
    assert [(leak.kind, leak.text) for leak in found] == leaks


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("I *need you to* sign page 3.", "Please sign page 3."),
        ("*I need you to* sign page 3.", "Please sign page 3."),
        ("*I* need you to _sign_ page 3.", "Please _sign_ page 3."),
        ("_I need you to sign page 3._", "_Please sign page 3._"),
        ("The plan is here. _Act now_. Yes.", "The plan is here. Yes."),
    ],
)
def test_what_is_taken_out_takes_its_marks_along(text: str, new: str) -> None:
    assert rewrite(channel="email", subject="", text=text).text == new


@pytest.mark.parametrize("piece", ["_", "a_b ", "a_", "* a * ", "a_b@c.de ", "act_now.py "])
def test_hostile_marks_cost_little(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    start = time.process_time()
    fold(text)
    assert time.process_time() - start < 3  # what explodes takes minutes
