"""Which mails a machine wrote."""

from __future__ import annotations

import pytest

from channels.mail.automatic import automatic

MACHINES = [
    {"auto-submitted": "auto-replied"},
    {"auto-submitted": "auto-generated; type=x"},
    {"x-autoreply": "yes"},
    {"x-autorespond": "Away"},
    {"precedence": "auto_reply"},
    {"precedence": "bulk"},
    {"list-id": "<talk.example.org>"},
    {"return-path": "<>"},
    {"subject": "Automatic reply: Minutes"},
    {"subject": "Re: Out of Office: Minutes"},
    {"subject": "Abwesenheitsnotiz: Protokoll"},
    {"subject": "Automatische Antwort: Protokoll"},
    {"subject": "Réponse automatique : Compte rendu"},
    {"subject": "Respuesta automática: Acta"},
    {"subject": "Fuera de la oficina"},
    {"subject": "Resposta automática: Ata"},
    {"subject": "Risposta automatica: Verbale"},
    {"subject": "Fuori ufficio"},
    {"subject": "自动回复: 会议纪要"},
]
PEOPLE = [
    {},
    {"auto-submitted": "no"},
    {"x-autoreply": "no"},
    {"precedence": "first-class"},
    {"return-path": "<ann@example.org>"},
    {"subject": "Re: Minutes of Monday"},
    {"subject": "Out of office furniture: do you still sell it?"},
    {"subject": "Our office is moving"},
    {"subject": "A question about automatic replies"},
]


@pytest.mark.parametrize("headers", MACHINES, ids=str)
def test_a_machine_is_known(headers):
    assert automatic(headers)


@pytest.mark.parametrize("headers", PEOPLE, ids=str)
def test_a_person_is_not_taken_for_a_machine(headers):
    assert automatic(headers) == ""
