"""Which texts the content rules can read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.contract import language
from safety.contract.language import ENGLISH as ENGLISH_WORDS
from safety.contract.language import LONGEST, is_read
from tools import learn_english

BENCH = Path(__file__).resolve().parents[3] / "bench"
MAIL = Path(__file__).with_name("business_mail.txt")
SIGNED = (
    "Please find the plan attached.\n\nBest regards,\nLucía de la Vega\n"
    "Calle de los Olmos de la Vega 5\n"
)
ENGLISH = (
    "The offer is attached, as we said on Monday. We would be glad to hear from you when you have "
    "read it."
)

FRAME = "The plan is here for you and for us all"


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
        f"{ENGLISH} Please ask नरेन्द्र कुमार about the samples.",
        f"{ENGLISH} Please ask สมชาย ใจดี about the samples.",
        f"{ENGLISH} Best wishes to محمد بن سلمان.",
        f"{ENGLISH} Best wishes to דוד בן גוריון.",
        f"{ENGLISH} The contract with 株式会社トヨタ is signed.",
        f"{ENGLISH} Our office is at г. Москва, ул. Тверская, д. 5.",
        f"{ENGLISH} Дитрих фон Бюлов will join us.",  # small words of a name
        f"{ENGLISH} Please ship it to Hämeenkatu 4, 33100 Tampere, care of Löyly Oy.",
        f"{ENGLISH} We had smørrebrød, köttbullar and kanelbullar.",
        f"{ENGLISH} Linen shirts, wool coats, leather belts.",
        "We don’t, won’t and can’t.",
        "See talo kirja is here ikkuna.",  # three strange words, and two that are not
        f"{FRAME}: talo kirja ikkuna puutarha, and then we go to see the saari with you.",
        f"{ENGLISH} Dear де ла Круз.",
        f"{ENGLISH} The word مع is Arabic.",
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
        "附件",
        "附件说 ok",
        f"{ENGLISH} WIR SIND NICHT DA.",
        "See talo kirja ikkuna.",
        "See talo kirja is here ikkuna puutarha.",
        f"{FRAME}: talo kirja ikkuna puutarha metsä, and then we go to see the saari with you.",
        f"{ENGLISH} кот ум.",
        f"{ENGLISH} مع أحمد",
        # No longer than a name, and yet none.
        f"{ENGLISH} Ответьте нам сегодня.",
        f"{ENGLISH} Приедем к тебе.",
        f"{ENGLISH} Θα έρθουμε αύριο.",
        f"{ENGLISH} أين تعمل الآن",
        f"{ENGLISH} אנחנו נבוא מחר",
        f"{ENGLISH} हम कल आएंगे",
        f"{ENGLISH} เราจะไปหา",
        f"{ENGLISH} 你别走",
        f"{ENGLISH} 明日行きます",
        f"{ENGLISH} 내일 갑니다",
        # Languages whose small words nobody listed.
        f"{ENGLISH} Tulemme sinun luoksesi huomenna.",
        f"{ENGLISH} Ngày mai chúng tôi sẽ tới nhà bạn.",
        f"{ENGLISH} Jutro wieczorem przyjedziemy razem.",
        f"{ENGLISH} Vi kommer hem till er imorgon kväll.",
        f"{ENGLISH} Kami akan datang ke rumahmu besok.",
        f"{ENGLISH[:-1]}, huomenna tulemme yhdessä sinun luoksesi kotiin, and that is all we want "
        "to say about it today.",
        "The plan is attached.\n\n--\nWir wissen, wo du wohnst, und wir kommen zu dir.\n"
        "If you would rather not hear from us, tell us.",
    ],
)
def test_another_language_is_not_even_in_one_sentence(text):
    assert not is_read(text)
    assert not is_read("The offer", text) and not is_read(text, "The offer is attached.")


def test_what_is_passed_over_in_a_signature_is_not_in_a_text():
    assert not is_read(SIGNED.replace("Best regards,", "See you there:"))


@pytest.mark.parametrize(
    "word",
    [
        "website's", "spoons", "lunches", "thumbed", "screaming", "signalling", "plainly",
        "painter", "planners", "kindest", "bakeries", "supplied", "mightn't", "marketing'll",
        "there're", "must've", "there'd", "enjoyment", "awareness", "reachable", "musically",
        "expectation", "foundations", "arranging", "hottest",
    ],
)  # fmt: skip
def test_a_known_word_with_an_english_ending_is_english(word):
    assert language._is_english(word)


@pytest.mark.parametrize(
    "word", ["wissen", "wohnst", "donde", "alors", "atter", "listas", "kommer"]
)
def test_an_unknown_one_is_not(word):
    assert not language._is_english(word)


def test_the_english_words_are_those_of_our_examples():
    """Else: `python -m tools.learn_english`."""
    assert learn_english.learn() == ENGLISH_WORDS.read_text("utf-8")


def test_what_few_wrote_in_english_is_read():
    """Replies and scenes from which no word was taken."""
    for name, kind in (("stop_ordinary.tsv", 0), ("leaning_held.tsv", None), ("stop_held.tsv", 0)):
        rows = [line.split("\t") for line in (BENCH / name).read_text("utf-8").split("\n")[:-1]]
        texts = [row[-1].replace(" ⏎ ", "\n") for row in rows if kind is None or row[kind] == "en"]
        assert len(texts) >= 180
        assert [text for text in texts if not is_read(text)] == []


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
    assert not is_read("The plan is attached. " * 400 + "Schmidt und Frei. " * 300)
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
