"""What the rules hear: requests to stop in seven languages, and what only looks like one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from safety.contract.stop_request import StopRequest, by_rules, detect_stop, examples

BOTH = pytest.mark.parametrize("hear", [by_rules, detect_stop])
CASES = [(kind, text) for kind, texts in examples().items() for text in texts]
KEYWORDS = [
    "stop",
    "quit",
    "end",
    "revoke",
    "opt out",
    "cancel",
    "unsubscribe",
    "stopall",
    "optout",
]


@pytest.mark.parametrize(("kind", "text"), CASES)
def test_example_is_understood(kind: str, text: str) -> None:
    assert by_rules(text).kind == kind


@BOTH
@pytest.mark.parametrize("word", KEYWORDS)
@pytest.mark.parametrize(
    "form", ["{}", "{}.", " {}!! ", "'{}'", "({})", "{} please", "{}\nSent from my phone", "Hi, {}"]
)
def test_carrier_keyword_counts_in_any_case_and_punctuation(hear, word: str, form: str) -> None:
    for text in (form.format(word), form.format(word).upper(), form.format(word).title()):
        assert hear(text).kind == "stop", text


@BOTH
@pytest.mark.parametrize(
    "text",
    [
        "Thank you, see you on Friday.\n\nOn Mon, Bob wrote:\n> Reply STOP to unsubscribe",
        "Looks good.\n> please stop emailing me",
        "Great, thanks.\n-----Original Message-----\nTo unsubscribe reply STOP",
    ],
)
def test_quoted_text_is_no_request(hear, text: str) -> None:
    assert hear(text).kind == "none"


@BOTH
def test_span_quotes_the_original(hear) -> None:
    text = "Hello,\nplease  ＳＴＯＰ texting me."
    found = hear(text)
    assert found.kind == "stop" and found.span is not None
    assert text[slice(*found.span)] == found.text


@BOTH
@pytest.mark.parametrize(
    "text", ["ЅТОР", "s.t.o.p", "S\u200bT\u200bO\u200bP", "st0p texting me", "𝐒𝐓𝐎𝐏"]
)
def test_disguised_request_is_understood(hear, text: str) -> None:
    assert hear(text).kind == "stop"


@BOTH
@pytest.mark.parametrize("text", ["", "   ", "\n\n", "👍", "\x00", "?"])
def test_text_without_words_is_none(hear, text: str) -> None:
    assert hear(text).kind == "none"


@BOTH
@pytest.mark.parametrize(
    "piece", ["please stop ", "don't ", "no me ", "stop\n", "no ", "No escriban a Marco "]
)
def test_hostile_text_is_judged_quickly(hear, piece: str) -> None:
    text = (piece * 20_000)[:100_000]
    start = time.process_time()
    hear(text)
    assert time.process_time() - start < 1


OWN_TEXT = Path(__file__).resolve().parents[3] / "bench/stop_text.tsv"


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "pt", "it"])
def test_labelled_requests_are_heard_in_each_language(language: str) -> None:
    rows = [line.split("\t") for line in OWN_TEXT.read_text("utf-8").splitlines()]
    mine = [(wanted, by_rules(text).kind) for _, lang, wanted, text in rows if lang == language]
    asked = [kind for wanted, kind in mine if wanted == "stop"]
    harmless = [kind for wanted, kind in mine if wanted == "none"]
    assert len(asked) >= 15 and len(harmless) >= 10
    assert asked.count("stop") / len(asked) >= 0.9
    assert harmless.count("stop") <= 1


@pytest.mark.parametrize(
    ("text", "kind", "quote"),
    [
        ("Well, ; stop!", "stop", "stop!"),
        ("Well;stop!", "stop", "stop!"),
        ("QUIT quit Quit", "stop", "QUIT quit Quit"),
        ("I will stop by tomorrow, but take me off your list", "stop", "take me off your list"),
        ("please thanks sir hi hello ok quit", "stop", "please thanks sir hi hello ok quit"),
        ("please thanks sir hi hello ok now quit", "none", ""),
        ("Thank you\nquit\n--", "stop", "quit"),
        ("quit right now", "stop", "quit right now"),
        ("Please stop, this is my son's phone!", "stop", "Please stop, this is my son's phone"),
        ("ok stop it's a company line", "stop", "ok stop it's a company line"),
        ("Next to the bus stop this is our number 4", "none", ""),
        ("Stop this is a great idea", "none", ""),
    ],
)
def test_the_words_that_say_so_are_quoted_and_no_more(text: str, kind: str, quote: str) -> None:
    found = by_rules(text)
    assert (found.kind, found.text) == (kind, quote)


def test_a_request_is_heard_within_twenty_thousand_characters() -> None:
    before = "x" + "word " * 3997
    heard = by_rules(f"{before}lose my number")
    assert heard == StopRequest("stop", (19_986, 20_000), "lose my number")
    assert by_rules(f"{before} lose my number") == StopRequest("none")
    assert detect_stop(f"{'Thank you! ' * 1000}Take me off your list.").kind == "stop"
    assert detect_stop(f"{'Thank you! ' * 2000}Take me off your list.") == StopRequest("none")


@pytest.mark.parametrize("who", ["Marco", "Ésme", "Jo"])
def test_a_name_is_told_by_its_one_capital_letter(who: str) -> None:
    assert by_rules(f"No escriban a {who}").kind == "none"
    for other in (who.lower(), who.upper(), f"{who}@example.org", f"{who}.x@example.org"):
        assert by_rules(f"No escriban a {other}").kind == "stop", other
    assert by_rules(f"No escriban a {who}. Gracias").kind == "none"


@pytest.mark.parametrize("mark", [".", "!", "?", "\n"])
def test_only_the_sentence_about_somebody_else_is_taken_out(mark: str) -> None:
    order = "No escriban a Marco"
    assert (
        by_rules(f"Este correo es de mi casa{mark} {order}{mark} Saludos a mi jefe").kind == "none"
    )
    assert by_rules(f"{order}, es mi jefe").kind == "stop"
    heard = by_rules(f"{order}{mark} No me escriban{mark} {order}")
    assert (heard.kind, heard.text.rstrip(".!?\n")) == ("stop", "No me escriban")


def test_what_may_be_about_the_writer_is_quoted_for_a_person() -> None:
    text = "Guten Tag, bitte Marco nicht anrufen. Bitte Peter nicht anrufen. Danke"
    heard = by_rules(text)
    assert (heard.kind, heard.text) == ("unclear", "bitte Marco nicht anrufen")
    assert by_rules(f"{text} Mich bitte nicht mehr anrufen.").kind == "stop"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        # Who is meant is asked of the whole sentence, and of no other.
        ("A mi jefe: no escriban a Marco. Gracias.", "stop"),
        ("Mi amigo dice: no escriban a Marco", "stop"),
        ("Hola. Escriban aqui, no escriban a Marco.", "stop"),
        ("No escriban a Marco! Este es mi correo.", "none"),
        # Each order is judged by itself.
        ("Bitte Familie nicht anrufen. Bitte Marco nicht anrufen.", "unclear"),
        ("Bitte Marco nicht anrufen, sagt mir Anna. Bitte Peter nicht anrufen.", "unclear"),
        ("Please Do Not Contact Marco. Please never contact Peter.", "none"),
        # Where other words have capital letters too, they tell no name.
        ("No Escriban a Marco", "stop"),
        ("No escriban A Marco", "stop"),
    ],
)
def test_an_order_about_somebody_else_is_told_by_its_sentence(text: str, kind: str) -> None:
    assert by_rules(text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "We no longer use the old pump, only the new one.",
        "They have stopped making that part.",
        "Your reports stopped arriving last week, can you look?",
        "Os relatórios pararam de chegar, podem ver?",
        "Les alertes n'arrivent plus, pouvez-vous vérifier ?",
        "Non riceviamo più gli avvisi, potete controllare?",
        "Wir drucken keine Prospekte mehr.",
        "Nous avons cessé de vendre cette gamme.",
        "Please remove Dr. Hill from the list of guests.",
        "Retirez Mme Leroy de la copie.",
        "Streichen Sie Herrn Wolf von der Gästeliste.",
        "Quite al Sr. Ruiz de la copia, por favor.",
        "文件已经收到,不必再发",
        "不用再寄了,我已经拿到",
    ],
)
def test_what_is_told_of_others_of_programs_or_of_something_that_came_is_no_request(text) -> None:
    assert by_rules(text).kind == "none"
    assert detect_stop(text).kind != "stop"


@pytest.mark.parametrize(
    "text",
    [
        "We no longer use your product, please take us off your list.",
        "I no longer want this, stop writing to me.",
        "We stopped using it; don't contact us again.",
        "Please remove Dr. Hill from the list, and me as well.",
        "不用再发了",
        "不要再发邮件给我",
        "没有兴趣，不要再发邮件",
        "没有需要，不用再发了",
        "我们没有兴趣，别再发了",
        "别再发了，我收到太多了",
        "不要再发广告，我已经收到十封了",
        "Take Mrs Hill off your list.",
    ],
)
def test_a_request_beside_it_is_heard(text) -> None:
    assert detect_stop(text).kind == "stop"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        # Who wants more says it as others say that they want none.
        ("Sure, send me the details", "none"),
        ("Yes please send me more information", "none"),
        ("Please contact my colleague Anna instead", "none"),
        ("Sí, mándeme la tarifa", "none"),
        ("Oui, envoyez-moi le dossier", "none"),
        ("Ja, schicken Sie mir die Unterlagen", "none"),
        ("Sim, pode mandar a tabela", "none"),
        ("Certo, mi mandi il listino", "none"),
        ("Put me on your do-not-contact list", "stop"),
        ("Mail mij niet meer", "stop"),
        ("Haal ons adres uit de mailing", "stop"),
    ],
)
def test_who_asks_for_more_is_told_from_who_asks_for_none(text: str, kind: str) -> None:
    assert detect_stop(text).kind == kind


def test_who_has_quit_receiving_is_not_told_off_as_a_fault_of_mail() -> None:
    """ "Stopped arriving" happens to somebody; to quit is what they did themselves."""
    assert detect_stop("I have quit receiving marketing").kind != "none"
    assert detect_stop("We have stopped receiving your invoices").kind == "none"
