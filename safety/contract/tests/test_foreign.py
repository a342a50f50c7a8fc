"""What is in a language without stop rules, and what is not, however short or odd."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest

from safety.contract.foreign import LONGEST, foreign, split
from safety.contract.rulebook import RULES_DIR
from safety.contract.stop_request import detect_stop, examples

HERE = Path(__file__).parent
BENCH = HERE.parents[2] / "bench"


@pytest.mark.parametrize(
    "text",
    [
        "стоп", "отписаться", "Не пишите мне больше", "수신거부", "إلغاء الاشتراك", "Διαγραφή",
        "הסר אותי", "ยกเลิก", "सदस्यता रद्द करें", "配信停止をお願いします", "もう送らないで",
        "Uitschrijven", "Schrijf me uit a.u.b.", "Ik wil geen mails meer ontvangen",
        "Wypisz mnie", "Nie chcę więcej maili", "Dziękuję, nie", "Avregistrera mig",
        "Jag vill inte ha fler mejl", "Listeden çıkar lütfen", "Leiratkozás", "Odhlásit",
        "Dezabonare", "Hủy đăng ký", "meld meg av", "Peruuta", "Hello, отписаться пожалуйста",
        "Haal mij van de lijst", "Mijn naam van de lijst graag", "mujhe phone mat karo",
        "yeh mat bhejo", "Otpishite menya", "zażółć", "https://example.com стоп",
    ],
)  # fmt: skip
def test_a_language_without_rules_is_told_with_the_words_that_show_it(text):
    assert foreign(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "ok", "K", "👍", "OK 👍🏽", "42", "10:30?", "+44 20 7946 0123", "n/a", "TBD", "Ann",
        "Dan", "Meg", "Ann Meier", "Łukasz Nowak", "van der Berg", "Kind regards, Łukasz Dvořák",
        "Best, Søren", "Mit freundlichen Grüßen, Jürgen Žižek", "ann@example.com", "@ann_š",
        "https://example.ru/стоп", "www.example.com/är", "Ja", "Nein danke", "Vielen Dank",
        "Sì", "não", "Olá!", "¿Qué tal?", "Ça va", "Bon", "Buen día", "Bom dia", "Grazie mille",
        "Este jueves", "Anda", "Però no", "Nem sempre", "Tuesday suits me.", "谢谢", "好的，周二见",
        "We met Łukasz, Žižek and Ağaoğlu in Gdańsk and Škofja Loka.",
        "Our man in Moscow signs as Иван Петров; please send the contract to him on Monday.",
    ],
)  # fmt: skip
def test_what_the_rules_can_read_is_left_to_them(text):
    assert foreign(text) == ""


def test_no_sentence_of_the_six_languages_is_taken_for_another():
    lines = [
        line.rpartition("\t")[2]
        for path in (HERE / "business_mail.txt", BENCH / "own_text.tsv", BENCH / "stop_text.tsv")
        for line in path.read_text("utf-8").splitlines()
    ]
    lines += [text for texts in examples().values() for text in texts]
    assert len(lines) > 1200
    assert [line for line in lines if foreign(line) and detect_stop(line).kind == "none"] == []


@pytest.mark.parametrize("sign", ["я", "a", "\ud800\0", "@", ". "])
def test_a_long_or_odd_text_costs_no_more_than_its_beginning_and_never_breaks(sign):
    """Counted on this thread's own clock, the best of three: a busy machine moves neither."""
    longest, much_longer = (
        min(_cost(sign * length) for _ in range(3)) for length in (LONGEST, 8 * LONGEST)
    )
    assert longest < 1
    assert much_longer < 3 * longest + 0.01


def _cost(text):
    began = time.thread_time()
    foreign(text)
    return time.thread_time() - began


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" " * (LONGEST - 1) + "да", "д"),  # what stands further on is not read
        ("почта@пример.рф ok", ""),  # addresses are no words
        ("пример.рф/путь ok", ""),
        ("да ok", ""),  # half of the letters is not more than half
        ("дам okay", ""),
        ("дам oka", ""),
        ("дам ok", "дам"),
        ("да нет", "да нет"),
        ("а б в г д е ж", "а б в г д е"),  # six are enough to show
        ("please ç’regjistro that now", "ç'regjistro"),  # with either apostrophe
        ("köszönöm Anna Meier", "köszönöm"),  # of three words one is enough
        ("köszönöm Anna Meier Wien", ""),
        ("köszönöm kérem Anna Meier Wien", "köszönöm kérem"),
        ("köszönöm Anna Meier Wien Graz", ""),
        ("köszönöm kérem the team", "köszönöm kérem"),
        ("köszönöm kérem the and team", ""),  # not more of theirs than of ours
        ("het een niet voor zijn wij jullie", "het een niet voor zijn wij"),
    ],
)
def test_the_edges_of_what_shows_it(text, found):
    assert foreign(text) == found


def test_every_word_of_the_lists_is_written_as_words_are_compared():
    listed = tomllib.loads((RULES_DIR / "foreign.toml").read_text("utf-8"))
    words = {word for lines in listed.values() for line in lines for word in split(line)}
    assert {word for word in words if word != word.casefold().replace("’", "'")} == set()
