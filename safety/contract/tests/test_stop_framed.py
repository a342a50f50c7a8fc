"""What stands around a request: thanks before it, and a list's own way out in place of it."""

from __future__ import annotations

import pytest

from safety.contract import stop_request
from safety.contract.courtesies import without_thanks
from safety.contract.stop_request import detect_stop, without_orders


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for the newsletter, please do not write to me again.",
        "Many thanks for your note, please take us off your list.",
        "Hello Anna, thank you for the invitation, but please stop contacting us.",
        "Vielen Dank für Ihre Nachricht, bitte schreiben Sie mir nicht mehr.",
        "Herzlichen Dank für die Muster, bitte kontaktieren Sie uns nicht mehr.",
        "Danke für das Angebot - bitte keine Mails mehr.",
        "Merci pour votre message, ne m'écrivez plus.",
        "Je vous remercie de votre envoi, merci de ne plus me contacter.",
        "Muchas gracias por su mensaje, por favor no me escriba más.",
        "Le agradezco el envío, pero no me contacten más.",
        "Muito obrigado pela mensagem, por favor não me contacte mais.",
        "Agradeço a proposta, mas não me escrevam mais.",
        "Grazie mille per la proposta, per favore non mi scriva più.",
        "La ringrazio per l'invito, ma non mi contatti più.",
        "Hartelijk dank voor de folder, mail mij niet meer.",
        "Bedankt voor het aanbod, maar schrijf ons niet meer.",
    ],
)
def test_a_plain_request_behind_thanks_is_heard(text: str) -> None:
    assert detect_stop(text).kind == "stop"


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for the samples, please do not forget the invoice.",
        "Vielen Dank für die Muster, bitte vergessen Sie den Lieferschein nicht.",
        "Danke, bitte schreiben Sie mir nicht mehr an die alte Adresse, sondern an diese.",
        "Merci pour les photos, n'hésitez pas à m'en envoyer d'autres.",
        "Gracias por las fotos, no deje de mandarme más.",
        "Obrigado pela ajuda, não precisamos de mais cadeiras.",
        "Grazie per le foto, non serve altro per la fattura.",
        "Bedankt voor de foto's, vergeet de factuur niet.",
    ],
)
def test_an_answer_behind_thanks_is_no_stop(text: str) -> None:
    assert detect_stop(text).kind != "stop"


def test_thanks_are_left_out_where_a_clause_follows_and_nothing_else() -> None:
    for text in ("thank you for the plan", "no thanks. we pass", "send thanks to anna, please"):
        assert without_thanks(text) == text
    text = "hi. thank you for the plan, but we pass"
    assert without_thanks(text).split() == ["hi.", "we", "pass"]
    assert len(without_thanks(text)) == len(text)


WAYS_OUT = [
    "Stop receiving our mails", "Unsubscribe from these notifications",
    "Click here to unsubscribe from this newsletter", "Stop getting this digest.",
    "Unseren Newsletter abbestellen", "Von dieser Liste abmelden",
    "Diese Nachrichten nicht mehr erhalten", "Se désabonner de cette newsletter",
    "Ne plus recevoir nos offres", "Darse de baja de este boletín",
    "Dejar de recibir estas notificaciones", "Cancelar a subscrição desta newsletter",
    "Deixar de receber estas mensagens", "Disiscriviti da questa newsletter",
    "Non ricevere più le nostre comunicazioni", "Uitschrijven voor deze mailing",
    "Deze berichten niet meer ontvangen",
]  # fmt: skip


@pytest.mark.parametrize("line", WAYS_OUT)
def test_the_way_out_of_a_list_is_held_at_most(line: str) -> None:
    """It may be all that somebody forwards, or stand in what they quote without a mark."""
    assert detect_stop(line).kind == "unclear"
    assert detect_stop(f"Tuesday at ten is fine.\nPetra\n\n{line}").kind == "unclear"
    assert detect_stop(f"Please stop writing to me.\n\n{line}").kind == "stop"
    found = detect_stop(f"Tuesday is fine.\n{line}")
    assert found.text in line and found.text.split()[0] in line


@pytest.mark.parametrize(
    "text",
    [
        "Please unsubscribe me from this list", "Unsubscribe me from your mailing list",
        "Unsubscribe", "I want to stop receiving these mails", "Stop sending me this newsletter",
        "Abbestellen", "Newsletter abbestellen",
        "Je veux ne plus recevoir vos offres", "Quiero darme de baja de esta lista",
        "Unsubscribe from this list!!", "Stop", "Cancellatemi da questa lista",
    ],
)  # fmt: skip
def test_who_asks_to_be_let_out_of_a_list_is_heard(text: str) -> None:
    assert detect_stop(text).kind == "stop"


THANKS = "Many thanks for the plan, but "


@pytest.mark.parametrize(
    ("text", "whole", "plain", "kind"),
    [
        ("we dance today", 0.0, 3.0, "stop"),  # in doubt: its thanks had diluted it
        (
            "we dance today",
            0.0,
            -2.0,
            "unclear",
        ),  # what is less likely without them counts for none
        ("we dance today", -2.0, 3.0, "none"),  # no doubt, so nothing is read anew
        ("I am not interested", -2.0, 3.0, "stop"),  # of a doubt by rule as well
        ("I am not interested", -2.0, -2.0, "unclear"),
        ("please stop writing to me", -2.0, -2.0, "unclear"),
        ("please stop writing to me", -2.0, 3.0, "stop"),
        ("please stop writing to me", 3.0, -2.0, "stop"),
    ],
)
def test_what_is_in_doubt_is_read_once_more_without_its_thanks(
    monkeypatch, text, whole, plain, kind
):
    asked = []

    def likeness(given: str) -> tuple[float, tuple[int, int]]:
        asked.append(given)
        return (whole if given.startswith("many thanks") else plain), (30, len(given))

    monkeypatch.setattr(stop_request, "likeness", likeness)
    stop_request._detect.cache_clear()
    try:
        assert detect_stop(THANKS + text).kind == kind
    finally:
        stop_request._detect.cache_clear()
    assert len(asked) == (1 if whole == 3.0 or kind == "none" else 2)


@pytest.mark.parametrize(
    "text", ["don't stop writing. 没有", "没有don't stop writing", "没有. don't stop"]
)
def test_what_is_kept_elsewhere_keeps_no_order(text):
    """Only what an order itself says, with the sign before it, tells that it is meant."""
    assert "stop" not in without_orders(text)
    assert "没有" in without_orders(text)


def test_keywords_of_one_word_are_heard_in_a_greeting_or_a_signature():
    orders = stop_request._words().orders
    assert {"unsubscribe", "stop"} <= orders
    assert all(each.isalpha() for each in orders)
