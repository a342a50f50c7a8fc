"""Which texts the content rules can read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.contract.language import LONGEST, is_read

MAIL = Path(__file__).with_name("business_mail.txt")
SIGNED = (
    "Please find the plan attached.\n\nBest regards,\nLucía de la Vega\n"
    "Calle de los Olmos de la Vega 5\n"
)
ENGLISH = (
    "The offer is attached, as we said on Monday. We would be glad to hear from you when you have "
    "read it."
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12:30",
        "OK",
        "Dear Señora de la Cruz,\n\nthe report is attached.",
        "Hello Jürgen, here is the draft of the contract.",
        "We stay at the Hotel de la Paix in Rue du Lac.",
        "Our motto is “Vorsprung durch Technik”, as you know.",
        "Schmidt und Frei",
        f"{ENGLISH} Best wishes to Иван Сергеевич Петров.",
        f"{ENGLISH}\nИван Сергеевич Петров",
        f"{ENGLISH} Best wishes to Екатерина Александровна Ли.",  # as many letters as a name has
        f"{ENGLISH} Dear 山田太郎様.",
        f"{ENGLISH} Dear 山田太郎先生.",  # as many signs
        "The gaps are 5 μm, 6 μm, 7 μm and 8 μm wide.",  # Greek letters before Latin ones
        "да ok",  # half of the letters is not more than half
        SIGNED,
    ],
)
def test_english_is_read_whatever_names_and_addresses_stand_in_it(text):
    assert is_read(text)


@pytest.mark.parametrize(
    "text",
    [
        "Le envío la propuesta que me pidió.",
        "Si no firma hoy, iremos a su casa.",
        "Je vous envoie le devis.",
        "Anbei das Angebot, wie besprochen.",
        "Segue a proposta em anexo.",
        "In allegato il preventivo che ci ha chiesto.",
        "Hierbij de offerte, met dank voor het gesprek.",
        "Dziękuję za rozmowę, oferta jest w załączniku.",
        "wir grüßen Peter",  # two small words of three
        "wir danken Peter Frei",  # one of four
        "附件是报价单。",
        "Okay 附件是报价单。",
        "見積書を添付いたします。",
        "Во вложении наше предложение.",
        "مرفق العرض الذي طلبته.",
        "The offer is attached. Sie haben das nicht von mir, und wir kommen zu Ihnen nach Hause.",
        f"{SIGNED}\nPS: Te vamos a encontrar y te vas a arrepentir de todo lo que has hecho.",
        f"{ENGLISH} Мы знаем, где ты живёшь, и придём к тебе ночью.",
        f"{ENGLISH} 我们知道你住在哪里，今晚会去找你。",
        f"{ENGLISH[:-1]} — Мы знаем, где ты живёшь, и придём к тебе ночью.",
        f"{ENGLISH[:-1]} 我们知道你住在哪里，今晚会去找你。",
        f"{ENGLISH} نحن نعرف أين تسكن وسنأتي إليك الليلة.",
        f"{ENGLISH} เราจะไปหาคุณคืนนี้",
        f"{ENGLISH} Best wishes to Екатерина Александровна Лян.",
        f"{ENGLISH} Dear 山田健太郎先生.",
        f"{ENGLISH} Достопримечательность четырёхсотпятидесятилетняя",  # two long words
        "The plan is attached.\n\n--\nWir wissen, wo du wohnst, und wir kommen zu dir.\n"
        "If you would rather not hear from us, tell us.",
    ],
)
def test_another_language_is_not_even_in_one_sentence(text):
    assert not is_read(text)
    assert not is_read("The offer", text) and not is_read(text, "The offer is attached.")


def test_what_is_passed_over_in_a_signature_is_not_in_a_text():
    assert not is_read(SIGNED.replace("Best regards,", "See you there:"))


def test_every_mail_of_ours_is_read():
    lines = MAIL.read_text("utf-8").splitlines()
    assert [line for line in lines if not is_read(*line.split(" | ", 1))] == []


@given(st.text(max_size=300))
def test_any_text_has_an_answer(text):
    assert is_read(text) in (True, False)


@pytest.mark.parametrize("count", [150, 178, 180, 182, 400])
def test_a_long_text_is_read_to_its_end(count):
    english = "The plan is attached. " * count
    assert is_read(english)
    assert not is_read(english + "Wir sind nicht da und das ist nicht gut.")


def test_a_long_text_is_read_piece_by_piece():
    assert not is_read("The plan is attached. " * 400 + "План во вложении. " * 250)
    assert is_read("The plan is attached. " * 160 + "Schmidt und Frei, Weber und Lang")


def test_a_text_that_nobody_reads_to_its_end_is_not_read():
    longest = "The plan is on. " * 2_500
    assert len(longest) == LONGEST == 40_000
    assert is_read(longest) and not is_read(f"{longest}x")


@pytest.mark.parametrize("unit", ["a ", "la ", "\n", "-- \n", "Best,\n", "a@", "a/b.", ".", "a'"])
def test_a_hostile_text_takes_no_longer_than_a_long_one(unit):
    begun = time.perf_counter()
    is_read((unit * LONGEST)[:LONGEST])
    assert time.perf_counter() - begun < 2, "quadratic would be minutes"
