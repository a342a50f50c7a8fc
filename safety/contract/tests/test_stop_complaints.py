"""Complaints are heard by a rule, so that no learning anew makes one unheard."""

from __future__ import annotations

import pytest

from safety.contract.stop_request import by_rules, detect_stop


@pytest.mark.parametrize(
    "text",
    [
        # What it is.
        "That is plain harassment", "Dies ist eine Belästigung", "C'est vraiment du harcèlement",
        "Esto ya es acoso", "Isto já é assédio", "Queste mail sono moleste",
        "Dit is echt intimidatie",
        "Your mails are intrusive", "Ihre Mails sind aufdringlich",
        "Vos messages sont insupportables",
        # Whence they have it.
        "How did you people obtain our number?", "Wer hat Ihnen unsere Nummer verkauft?",
        "Comment avez-vous eu mes coordonnées ?", "¿De dónde han sacado mi teléfono?",
        "Como conseguiram os meus dados?", "Da dove avete preso i miei dati?",
        "Waar hebben jullie mijn nummer vandaan?",
        "Dazu habe ich nie eingewilligt", "Je n'ai jamais rien demandé", "Nunca lo solicité",
        "Non ho mai autorizzato niente",
        # How often they have said so.
        "How often must we repeat that we are out?", "Wie oft muss man euch das noch schreiben?",
        "Combien de fois faut-il vous le répéter ?", "¿Cuántas veces se lo tengo que repetir?",
        "Quantas vezes tenho de vos dizer?", "Quante volte ve lo devo ripetere?",
        "Hoe vaak moet ik dit nog herhalen?",
        "We opted out three times", "Ich habe mich bereits im Mai abgemeldet und trotzdem",
        "Je suis désinscrite depuis des mois, et déjà deux fois",
        "Trotz Kündigung kommt das weiter",
        "Nonostante la disiscrizione continuano", "Ondanks mijn afmelding komt er weer een",
        # That they are fed up.
        "We are fed up with these", "Mir reicht's mit Ihnen", "Ich habe die Nase voll",
        "J'en ai marre", "Estamos cansados de tantos avisos", "Estou farta destas mensagens",
        "Siamo stufi delle vostre telefonate", "Ik ben het zat",
    ],
)  # fmt: skip
def test_a_complaint_is_heard_by_a_rule(text: str) -> None:
    assert by_rules(text).kind != "none"
    assert detect_stop(text).kind != "none"


@pytest.mark.parametrize(
    "text",
    [
        "How often do you change the filter?", "Wie oft kommt der Techniker?",
        "Combien de fois par an livrez-vous ?", "¿Cuántas veces al mes hay mercado?",
        "Hoe vaak rijdt de bus?", "Where is my parcel?", "Wer bringt meine Bestellung?",
        "¿Dónde está mi paquete?", "Où est ma commande ?", "Chi porta il mio ordine?",
        "We registered twice by mistake", "Ich habe mich schon angemeldet",
        "Our training on harassment at work is on Monday", "Das ist eine gute Idee",
        "Trotz Regen war der Markt voll", "Ik ben blij met de monsters",
    ],
)  # fmt: skip
def test_what_is_asked_or_told_of_something_else_is_no_complaint(text: str) -> None:
    assert by_rules(text).kind == "none"
