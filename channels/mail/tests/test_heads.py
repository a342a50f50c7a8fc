"""What programs copy above a quoted mail, and what they add to a subject."""

from __future__ import annotations

import time

import pytest

from channels.mail.heads import ANSWERS, FORWARDS, beside, heads, without_marks
from channels.mail.quoting import split

SUBJECTS = ["Minutes of Monday"]
HEADS = [
    "From: Zoe May <zoe@minutes.example>\nSent: Monday, March 2, 2026 9:12\nTo: Ann <a@b.example>",
    "Von: Zoe May <zoe@minutes.example>\nGesendet: Montag, 2. März 2026 09:12\nAn: Ann Lee",
    "De : Zoe May <zoe@minutes.example>\nEnvoyé : lundi 2 mars 2026 09:12\nÀ : Ann Lee",
    "De: Zoe May\nEnviado el: lunes, 2 de marzo de 2026 9:12\nPara: Ann Lee\nCC: Tom Reid",
    "Da: Zoe May\nInviato: lunedì 2 marzo 2026 09:12\nA: Ann Lee <a@b.example>",
    "Gesendet: 2. März 2026 um 09:12 Uhr\nVon: \"Zoe May\" <zoe@minutes.example>\nAn: Ann",
    "*From:* Zoe May\n*Date:* 02/03/2026 09:12 (GMT+01:00)",
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    "subject", ["Subject: Minutes of Monday", "Betreff: AW: minutes of Monday"]
)
def test_what_a_program_copied_above_a_quote_is_no_word_of_theirs(head, subject):
    text = f"{head}\n{subject}"
    lines = text.split("\n")
    assert heads(lines, range(len(lines)), SUBJECTS) == set(range(len(lines)))
    assert split(f"Fine.\n\n{text}\n\nwhat we wrote", subjects=SUBJECTS).doubtful == "what we wrote"


@pytest.mark.parametrize(
    "line",
    [
        "Sent: the 2 of March 2026 at 9:12 am", "Date: Mar 2, 2026 9:12 pm (UTC)",
        "Gesendet: Mo, 2. März 2026 um 9:12 uhr", "Von: Ann von der Au und Tom van Dyk",
        "Inviato: lunedì 2 marzo 2026 alle ore 9:12", "Da: Sara da Riva di Sopra",
        "Envoyé : le 2 mars 2026 à 09:12", "À : Marie et Jean via Desk", "To: Ann and Tom",
        "Fecha: el 2 marzo 2026 9:12 a.m.", "Fecha: 2/3/2026 9:12 p.m.",
        "Para: Ana de los Montes y Juan de las Casas", "Date: 2 mars 2026 kl 09:12",
        "To: 李娜 <a@b.example>", "To   *  : Ann", "> To: Ann",
    ],
)  # fmt: skip
def test_names_days_and_what_stands_between_them_are_no_words_of_theirs(line):
    assert heads(["From: Zoe May <zoe@minutes.example>", line], [0, 1], ()) == {0, 1}
    assert heads([line, "Sent: 9:12"], [0, 1], ()) == {0, 1}


@pytest.mark.parametrize(
    "text",
    [
        "Subject: please stop writing to me",
        "To: whoever reads this, leave me alone",
        "From: somebody who has enough of it",
        "Date: never again at 10:00 please",
        "no head at all",
        "my subject: minutes of Monday",
        "enough. From: Zoe",
        "To: 1eave 9:12",
        "To: nobody 9:12",
        "To: summarise 9:12",
        "-----Original Message----- stop",
        "stop -----Original Message-----",
    ],
)
def test_what_may_ask_for_something_stays_in_doubt(text):
    lines = [*HEADS[0].split("\n"), text]
    assert len(lines) - 1 not in heads(lines, range(len(lines)), SUBJECTS)


TO_MANY = "To: " + ", ".join(f"Ann Lee <ann.lee.{number}@b.example>" for number in range(20))
LINE = f"{'Original Message':-^700}"


def test_a_long_line_is_read_to_its_end():
    lines = [*HEADS[0].split("\n"), TO_MANY, LINE]
    assert heads(lines, range(5), SUBJECTS) == {0, 1, 2, 3, 4}
    lines = [*HEADS[0].split("\n"), f"{TO_MANY}, stop it", f"{LINE} stop"]
    assert heads(lines, range(5), SUBJECTS) == {0, 1, 2}


def test_one_line_alone_is_no_head_nor_is_what_has_neither_address_nor_time():
    assert heads(["To: Ann <a@b.example>"], [0], SUBJECTS) == set()
    assert heads(["From: Zoe", "To: Ann"], [0, 1], SUBJECTS) == set()
    assert heads(["From: Zoe <z@b.example>", "", "To: Ann"], range(3), SUBJECTS) == set()


def test_the_line_above_a_head_is_the_programs():
    lines = [
        "-----Original Message-----",
        "-------- Ursprüngliche Nachricht --------",
        "-- stop --",
    ]
    assert heads(lines, range(3), ()) == {0, 1}


@pytest.mark.parametrize(
    ("subject", "rest"),
    [
        ("Re: Minutes of Monday", ""),
        ("FW: RE: minutes of monday", ""),
        ("[Desk 7] Re: Minutes of Monday", "[Desk 7] Re:"),
        ("Minutes of Monday - take me off", "- take me off"),
        ("SUP-214 Minutes of Monday", "SUP-214"),
        ("Minutes of Mondays", None),
        ("Take me off the minutes of Monday", None),
        ("Minutes of Monday are unwelcome here", None),
        ("Stop", None),
        ("- 7", None),
        ("7x Minutes of Monday", None),
        ("STRAẞE 5 Minutes of Monday", None),  # its small letters are more
        ("Minutes of Monday a1", None),
        ("Minutes of Monday2- x", None),
    ],
)
def test_what_a_subject_says_beside_ours(subject, rest):
    assert beside(subject, "Minutes of Monday") == rest
    assert beside(subject, "") is None


ANSWERED = ["Re:", "RE :", "AW:", "RV:", "SV:", "Antw:", "RES:", "Ris:", "R:",
            "回复", "回覆", "回复：", "回复:"]  # fmt: skip
FORWARDED = ["FW:", "Fwd:", "WG:", "TR:", "TR :", "ENC:", "I:", "Doorst:", "VS:",
             "转发", "轉寄", "转发："]  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "marks"),
    [*((each, ANSWERS) for each in ANSWERED), *((each, FORWARDS) for each in FORWARDED)],
)
def test_the_marks_that_programs_put_before_a_subject(mark, marks):
    assert without_marks(f"{mark} Hello", marks) == "Hello"
    assert without_marks(f"{mark}Hello", marks) == "Hello"
    assert beside(f"{mark} Hello", "Hello") == ""


def test_the_marks_of_a_forwarded_mail_are_no_answers():
    assert without_marks("Fwd: Hello") == "Fwd: Hello"
    assert without_marks("Fwd: Hello", FORWARDS) == "Hello"
    assert without_marks(" RE: re :  Aw:Hello re: you ") == "Hello re: you"
    assert without_marks("Are: you") == "Are: you" and without_marks("re:") == ""


@pytest.mark.parametrize(
    "evil", ["From: ", "To: a@", "A. ", "@", "9", " ", "-", "*", "re:", "转发"]
)
def test_hostile_lines_take_no_longer(evil):
    line = (evil * 50_000)[:50_000]
    begun = time.process_time()
    for lines in ([f"From: {line[:290]}"] * 200, [f"From {line} x"], [line],
                  ["Sent: 9:12", f"From: {line}"], ["Sent: 9:12", f"Subject: {line}"]):  # fmt: skip
        heads(lines, range(len(lines)), SUBJECTS)
    assert time.process_time() - begun < 2, "quadratic would be minutes"
