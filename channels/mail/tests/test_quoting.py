"""Their own words apart from what they quote, in the shapes mail programs really write."""

from __future__ import annotations

import time

import pytest

from channels.mail.quoting import split

REPLIES = [
    ("On Mon, 3 Mar 2026 at 10:00, Ann <a@b.c> wrote:\n> hi\n> unsubscribe here", "gmail, en"),
    ("El lun, 3 mar 2026 a las 10:00, Ann (<a@b.c>) escribió:\n> hi", "gmail, es"),
    ("El lun, 3 mar 2026 a las 10:00, Ann (<a@b.c>)\nescribió:\n\n> hi", "gmail, es, broken"),
    ("Le lun. 3 mars 2026 à 10:00, Ann <a@b.c> a écrit :\n\n> hi", "gmail, fr"),
    ("Am Mo., 3. März 2026 um 10:00 Uhr schrieb Ann <a@b.c>:\n\n> hi", "gmail, de"),
    ("Em seg., 3 de mar. de 2026 às 10:00, Ann <a@b.c>\nescreveu:\n\n> hi", "gmail, pt"),
    ("Il giorno lun 3 mar 2026 alle ore 10:00 Ann <a@b.c> ha scritto:\n\n> hi", "gmail, it"),
    ("Ann <a@b.c> 于2026年3月3日周一 10:00写道：\n\n> hi", "gmail, zh"),
    ("From: Ann\nSent: Monday, March 3, 2026\nTo: Bob\nSubject: Hi\n\nhi", "outlook, en"),
    ("Von: Ann\nGesendet: Montag, 3. März 2026\nAn: Bob\nBetreff: Hi\n\nhi", "outlook, de"),
    ("De : Ann\nEnvoyé : lundi 3 mars 2026\nÀ : Bob\nObjet : Hi\n\nhi", "outlook, fr"),
    ("De: Ann\nEnviado el: lunes, 3 de marzo\nPara: Bob\nAsunto: Hi\n\nhi", "outlook, es"),
    ("Da: Ann\nInviato: lunedì 3 marzo 2026\nA: Bob\nOggetto: Hi\n\nhi", "outlook, it"),
    ("________________________________\nDe: Ann\nEnviada: segunda\nPara: B\n\nhi", "outlook, pt"),
    ("-----Original Message-----\nFrom: Ann\n\nhi", "old outlook"),
    ("-----Ursprüngliche Nachricht-----\nVon: Ann\n\nhi", "old outlook, de"),
    ("> hi\n> there", "only marks"),
]


@pytest.mark.parametrize(("quote", "program"), REPLIES, ids=[name for _, name in REPLIES])
def test_what_is_quoted_is_taken_out(quote, program):
    parts = split(f"Tuesday suits me.\n\nThanks\n\n{quote}\n")
    assert parts.own == "Tuesday suits me.\n\nThanks"
    assert parts.quoted.split() == quote.split()


def test_answers_between_and_below_marked_quotes_are_their_own():
    text = "On 3 Mar 2026, Ann <a@b.c> wrote:\n> When?\nTuesday.\n> Where?\nAt yours.\n"
    assert split(text).own == "Tuesday.\nAt yours."


def test_a_wish_below_an_unmarked_quote_is_doubtful_and_not_lost():
    parts = split("On 3 March 2026 I wrote:\nplease stop writing to me")
    assert "please stop writing to me" in parts.doubtful


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        ("Hello,\n> please stop writing to me", "> please stop writing to me"),
        ("> please stop writing to me", "> please stop writing to me"),
        ("On 3 Mar 2026, Ann <a@b.c> wrote:\n> When?\nTuesday.\n> Where?", None),
        ("Fine.\n> Answer STOP to unsubscribe.", ""),
    ],
)
def test_marked_lines_that_nothing_introduces_may_be_theirs(text, doubtful):
    """Gmail moves a paragraph in by the element that others quote with."""
    parts = split(text, sent="Minutes.\nAnswer STOP to unsubscribe.")
    if doubtful is None:
        assert not any(line.startswith(">") for line in parts.doubtful.split("\n"))
    else:
        assert parts.doubtful == doubtful


def test_what_we_sent_ourselves_is_quoted_however_its_lines_were_broken():
    sent = "Hello Ann,\nhere are the minutes.\n\nTo unsubscribe answer with the word STOP."
    text = (
        "Fine.\n\nAnn via mail, yesterday\nhere are the\nminutes. To unsubscribe answer\n"
        "with the word STOP."
    )
    parts = split(text, sent=sent)
    assert "STOP" not in parts.own
    assert "STOP" not in parts.doubtful
    assert parts.own.startswith("Fine.")


def test_a_plain_message_is_all_their_own():
    assert split("STOP\n-- \nBob").own == "STOP\n-- \nBob"
    assert split("").own == ""


@pytest.mark.parametrize(
    "evil",
    ["On " * 7000, "\n" * 20_000, "> " * 10_000, "-" * 20_000, "_" * 20_000, "From: a\n" * 3000,
     "Am Mo, " * 3000, ("On " * 60 + "\n") * 300, "On 2026 wrote\n" * 3000, "De : a\n" * 9000],
    ids=range(10),
)  # fmt: skip
def test_no_text_takes_long(evil):
    """The library alone takes minutes for some of these; whoever writes to us chooses the text."""
    started = time.process_time()
    split(evil)
    assert time.process_time() - started < 5


OFFER = """Hello Ann,

Shall we meet on Tuesday? If not, just answer “no more mails, please” and I stop writing.

Best wishes, Zoe from Minutes Ltd"""


@pytest.mark.parametrize(
    ("text", "own", "doubtful"),
    [
        ("No more mails, please", "No more mails, please", ""),
        ("Hi Zoe,\n\nno more mails, please\n\nAnn", "Hi Zoe,\n\nno more mails, please\n\nAnn", ""),
        ("Hi Zoe,\nwe met on Monday.\nNo more mails, please", None, "No more mails, please"),
        ("Best wishes, Zoe from Minutes Ltd", "", "Best wishes, Zoe from Minutes Ltd"),
        ("Fine.\n\nSee you,\nA.\n\nBest wishes, Zoe from Minutes Ltd", None, ""),
        # Their program quotes without a word above it, and breaks our lines anew.
        ("Fine.\n\nShall we meet on Tuesday? If not, just answer “no more\nmails, please” and I "
         "stop writing.\n\nBest wishes, Zoe from Minutes Ltd", "Fine.", ""),
    ],
)  # fmt: skip
def test_who_answers_in_our_words_has_said_them(text, own, doubtful):
    """We tell people what to answer. It was taken for a quote, and they were written to again."""
    parts = split(text, sent=OFFER)
    assert parts.doubtful == doubtful
    assert own is None or parts.own == own


QUOTED_OFFER = """On Mon, 3 Mar 2026 at 10:00, Zoe <z@minutes.example> wrote:

> Hello Ann,
>
> Shall we meet on Tuesday? If not, just answer "no more
> mails, please" and I stop writing.
>
> Best wishes, *Zoe* from Minutes Ltd <https://minutes.example/>"""


@pytest.mark.parametrize(
    ("old", "new", "doubtful"),
    [
        ("", "", ""),
        ("Tuesday? If", "Tuesday?\n> Take me off your list.\n> If", "> Take me off your list."),
        # The word we told them to answer with is theirs where ours does not stand.
        ("writing.\n", "writing.\n> No more\n", "> No more"),
        ('> mails, please" and I stop writing.', '> mails, please" and I stop\n> writing.', ""),
        # What is marked twice is older, and a quote of somebody else's words is none of ours.
        ("writing.\n", "writing.\n>> Take me off your list.\n", ""),
        (
            "> Shall we meet",
            "> Who are you?\n> Whence my address?\n> Stop this.\n> But we meet",
            "",
        ),
    ],
)
def test_who_writes_between_our_quoted_lines_may_have_theirs_marked_as_well(old, new, doubtful):
    """Some programs move in what is typed within a quote; it was taken for ours."""
    text = f"{QUOTED_OFFER.replace(old, new, 1)}\n"
    introduction = QUOTED_OFFER.split("\n")[0]
    assert split(text, sent=OFFER).doubtful == f"{introduction}\n{doubtful}".strip()
    assert split(text).doubtful == introduction  # whose a line is only what we sent can tell
