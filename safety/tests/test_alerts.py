"""What makes an inbound message critical, in the seven languages we hear requests to stop in."""

from __future__ import annotations

import pytest

from safety.alerts import detect_alert

ALERTS = [
    ("legal", "If this goes on you will hear from my lawyer."),
    ("legal", "I will report you to the data protection authority"),
    ("legal", "This is a violation of the GDPR."),
    ("legal", "Tomaré acciones legales"),
    ("legal", "Ceci est une mise en demeure."),
    ("legal", "Ich behalte mir rechtliche Schritte vor."),
    ("legal", "Vou falar com o meu advogado"),
    ("legal", "Procederò per vie legali."),
    ("legal", "我会起诉你"),
    ("distress", "My husband died last week, please understand."),
    ("distress", "I want to die"),
    ("distress", "Mi padre ha fallecido"),
    ("distress", "Je suis à l'hôpital"),
    ("distress", "Wegen eines Todesfalls bin ich nicht erreichbar."),
    ("distress", "Minha mãe faleceu ontem"),
    ("distress", "Mio padre è deceduto"),
    ("distress", "家父昨日去世"),
    ("complaint", "This is unacceptable. How dare you write to my private address?"),
    ("complaint", "Esto es una estafa"),
    ("complaint", "C'est du harcèlement"),
    ("complaint", "Das ist eine Frechheit"),
    ("complaint", "Isso é um golpe"),
    ("complaint", "È una truffa"),
    ("complaint", "我要投诉"),
]
CALM = [
    "Tuesday suits me. Could you send the agenda?",
    "Thanks, our team will sue-vey the offer",
    "We had a legal entity change, the new name is below.",
    "Kill two birds with one stone and bring the contract.",
    "Gracias, el martes me viene bien.",
    "Merci, mardi me convient.",
    "Danke, Dienstag passt mir.",
    "Obrigado, terça está ótimo.",
    "Grazie, martedì va bene.",
    "谢谢,星期二可以。",
]


@pytest.mark.parametrize(("kind", "text"), ALERTS)
def test_an_alert_is_found_and_quoted(kind, text):
    found = detect_alert(text)
    assert found.kind == kind
    assert found.text and found.text in text


@pytest.mark.parametrize("text", CALM)
def test_an_ordinary_message_alerts_nobody(text):
    assert detect_alert(text).kind == ""


def test_the_gravest_alert_is_named():
    assert detect_alert("Unacceptable! My lawyer will write to you.").kind == "legal"


def test_a_long_text_is_judged_at_once():
    assert detect_alert("my my my " * 100_000).kind == ""


def test_a_notice_below_a_letter_alerts_nobody():
    """A hold followed from what a legal department puts below every letter."""
    letter = "Thursday at 3 works for me.\n\nBest regards,\nAnna Miller\n\n"
    notice = "Any unauthorised use or disclosure is prohibited and may lead to legal action."
    assert detect_alert(letter + notice).kind == ""
    assert detect_alert(f"{letter}Be aware of fraud: our bank details never change.").kind == ""
    assert detect_alert(f"{letter}{notice} My lawyer will write to you.").kind == "legal"
