"""What frames a letter asks for nothing, and hides nothing that is asked for."""

from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.contract import courtesies as courtesies_module
from safety.contract.courtesies import NO_NAME, courtesies, notices, of_programs, signed
from safety.contract.normalise import fold
from safety.contract.stop_request import LONGEST, by_rules, detect_stop

KINDS = ("patterns", "lines", "above", "anywhere", "below")
ORDERS = frozenset(("stop", "unsubscribe", "baja"))
BODY = "the list of Monday is complete now."


def left(text: str) -> str:
    """What is judged of a text."""
    cased = fold(text, quotes=False).cased
    for start, end in courtesies(cased, ORDERS):
        cased = f"{cased[:start]}{' ' * (end - start)}{cased[end:]}"
    return " ".join(cased.split())


@pytest.mark.parametrize(
    "greeting",
    [
        "Dear Mira,", "Hi Jonas!", "Hello,", "Hey Tom", "Good morning Dr. Miller,",
        "Dear Sir or Madam,",
        "Dear all:", "Liebe Mira,", "Hallo zusammen,", "Sehr geehrte Frau Müller,",
        "Guten Tag Herr Frei,",
        "Bonjour Mme Dupont,", "Chère Chloé,", "Estimada Beatriz:", "Buenos días, José", "Hola:",
        "Gentile Dott. Rossi,", "Buongiorno Anna,", "Prezado Sr. Silva,", "Olá Ana,", "Beste Anna,",
        "  \n Dear Mary-Jane O'Neill,",
    ],
)  # fmt: skip
def test_a_greeting_on_its_own_line_is_not_judged(greeting):
    assert left(f"{greeting}\n\n{BODY}") == BODY
    assert left(f"{greeting}\n{BODY}") == BODY


@pytest.mark.parametrize(
    "parting",
    [
        "Best regards,\nAnna",
        "Kind regards\nAnna Miller\nHead of Purchasing\nAcme Ltd", "Thanks,\nTom",
        "Cheers,\nBen", "Viele Grüße\nAnna", "LG Anna", "Mit freundlichen Grüßen\nA. Schmidt",
        "Mit freundlichem Gruß\nUta Frey", "Br,\nTimo Laine", "Met vriendelijke groet,\nTess",
        "Cordialement,\nClaire", "Un saludo,\nJosé", "Cordiali saluti,\nGiulia Bianchi",
        "Um abraço,\nAna", "Anna", "Anna Maria Schmidt,",
    ],
)  # fmt: skip
def test_a_signature_is_not_judged(parting):
    assert left(f"{BODY}\n\n{parting}") == BODY
    assert left(f"Hi Mira,\n\n{BODY}\n\n{parting}\n") == BODY


@pytest.mark.parametrize(
    "text",
    [
        "Dear Mira, please leave me alone", "Dear all, Unsubscribe\n\nThe list",
        "Hi stop\n\nThe list",
        "Hello again from the north\n\nThe list", "The list\n\nDear Mira,\n\nis complete",
        "Dear Mira,", "Anna", "The list\nAnna", "The list is\n\nAnna\n\ncomplete",
        "The list\n\nBest, Stop", "The list\n\nUnsubscribe", "The list\n\nAnna Baja",
        "The list\n\nAnna will not write again",
    ],
)  # fmt: skip
def test_what_says_anything_else_is_judged(text):
    assert left(text) == " ".join(fold(text, quotes=False).cased.split())


@pytest.mark.parametrize("text", ["STOP", "Unsubscribe me", "please take me off your list", BODY])
@pytest.mark.parametrize("around", ["{}", "Dear Mira,\n\n{}", "{}\n\nBest regards,\nAnna Miller"])
def test_a_letter_is_heard_as_what_it_says(text, around):
    whole = detect_stop(around.format(text))
    assert whole.kind == detect_stop(text).kind
    assert whole.text == "" or whole.text.strip() in text


UNSIGNED = """
Kein Bedarf
Nie Wieder
Schluss Damit
Nothing Further
Not Again
Forget Me
Nunca Más
No Deseo
Plus Jamais
Parem
Deixem-me
Mai Più
Niente Più
Geen Mails Meer
别来了
到此为止
Scram
""".strip().splitlines()


@pytest.mark.parametrize("asked", UNSIGNED)
@pytest.mark.parametrize(
    "frame",
    [
        "Dear Mira,\n\n{}\n", "Hi {}\n", "Hello, {}.\n\nAnna", "Danke,\n{}",
        "Best,\n{}\nAnna Miller",
        "Thank you for your letter.\n\n{}\n", "Hello,\n\nthanks.\n\n-- \n{}\n",
    ],
)  # fmt: skip
def test_what_stands_where_a_name_does_and_asks_is_heard(asked, frame):
    assert detect_stop(asked).kind != "none"
    assert detect_stop(frame.format(asked)).kind != "none"
    assert detect_stop(frame.format(asked.lower())).kind != "none"


@pytest.mark.parametrize(
    "name", ["Olga", "Grace", "Anna", "Pieter van der Meer", "Thomas More", "Mai Nguyen", "李娜"]
)
def test_a_name_is_a_name(name):
    letter = f"Dear {name},\n\nThursday at 3 works for me.\n\nBest regards,\n{name}"
    assert detect_stop(letter).kind == "none"


@pytest.mark.parametrize("text", ["Hi Halt\n\nthe list", "the list\n\nBest,\nAnna Halt"])
def test_a_name_that_is_an_order_is_none(text):
    assert list(courtesies(text, frozenset(("halt",)))) == []
    assert len(list(courtesies(text, frozenset(("stop",))))) > 0


@pytest.mark.parametrize(("score", "named"), [(-3.0, True), (NO_NAME, True), (1.6, False)])
def test_how_much_a_name_may_read_like_a_request(monkeypatch, score, named):
    monkeypatch.setattr("safety.contract.courtesies.likeness", lambda text: (score, (0, 0)))
    greeting = list(courtesies("Hi Anna\n\nthe list", ORDERS))
    assert greeting == ([(0, len("Hi Anna"))] if named else [])


NOTICES = """
If you are not the named addressee you should not copy this e-mail. Please notify the sender if you have received it by mistake.
NOTICE: This message is for the sole use of the intended recipient(s). Any unauthorized review or distribution is prohibited.
This email is confidential. If you have received this email in error please notify the system manager and delete it.
Please consider the environment before printing this e-mail
Der Inhalt dieser E-Mail ist vertraulich. Sollten Sie diese Nachricht versehentlich erhalten haben, löschen Sie sie bitte.
Wenn Sie nicht der richtige Adressat sind, vernichten Sie diese E-Mail. Das unerlaubte Kopieren ist nicht gestattet.
Bitte denken Sie an die Umwelt, bevor Sie diese E-Mail drucken.
Si vous avez reçu ce message par erreur, merci de le détruire. Toute diffusion est interdite.
Si usted no es el destinatario, le rogamos que lo elimine. Queda prohibida su reproducción.
Antes de imprimir este correo piense en el medio ambiente.
Se avete ricevuto questo messaggio per errore, vi preghiamo di cancellarlo.
Si vous n'en êtes pas le destinataire, merci de le supprimer.
Si lo recibe por error, bórrelo, por favor.
Se não for o destinatário, por favor apague-a e informe o remetente.
Sent from my Samsung Galaxy smartphone.
Von meinem iPhone gesendet
Muster GmbH, Geschäftsführer: Max Muster, HRB 12345, Amtsgericht München
Acme Ltd is registered in England and Wales, VAT No. 123456789.
""".strip().splitlines()  # noqa: E501 - a notice stands on one line
ASKED = """
If you received my address in error, please delete it.
If you have received this message, I do not wish to be contacted any further.
All further distribution to us is prohibited.
Any distribution of marketing to me is forbidden
Please treat the above as confidential, and end all contact.
Diese Nachricht ist vertraulich: schreiben Sie mir nicht mehr.
Ce message est confidentiel, ne m'écrivez plus.
Bitte löschen Sie uns, Muster GmbH HRB 123
Sent with love, please stop
Antes de imprimir más publicidad, dejen de escribirme
If you are not the intended recipient of our orders, delete us from your list.
If it was sent to us by mistake, do not contact me.
Abmelden, Muster GmbH, HRB 12345
""".strip().splitlines()


@pytest.mark.parametrize("notice", NOTICES)
def test_a_notice_below_a_letter_asks_us_for_nothing(notice):
    letter = f"Thursday at 3 works for me.\n\nBest regards,\nAnna Miller\n\n{notice}"
    assert detect_stop(letter).kind == "none"


@pytest.mark.parametrize("text", ASKED)
def test_what_reads_like_a_notice_and_asks_for_something_is_heard(text):
    letter = f"Hi Mira,\n\n{text}\n\nBest regards,\nAnna Miller"
    assert detect_stop(text).kind != "none" and detect_stop(letter).kind != "none"


LETTER = "Thursday at 3 works for me.\n\nBest regards,\nAnna Miller"
ABOVE = """
[EXTERNAL] This message came from outside the firm. Do not open attachments you did not expect.
CAUTION: This email is from an external sender.
VORSICHT: Diese Nachricht kommt von einem externen Absender. Öffnen Sie keine Anhänge.
ATTENTION : ce courriel provient de l'extérieur. Ne cliquez pas sur les liens.
You don't often get email from mira@example.com. Learn why this is important
""".strip().splitlines()
BELOW = """
You received this message because you are subscribed to the group "buyers".
To unsubscribe from this group and stop receiving emails from it, send an email to b+unsubscribe@x.example.
Um keine E-Mails mehr von dieser Gruppe zu erhalten, senden Sie eine E-Mail an b+unsubscribe@x.example.
Acme Ltd | Leeds | Unsubscribe | Manage preferences
You have the right to access, rectify or erase your data and to object to its use: dpo@x.example.
Hinweise zum Datenschutz und zu Ihrem Widerspruchsrecht finden Sie unter www.x.example/ds
Ai sensi del GDPR La informiamo che i dati sono trattati per fini amministrativi.
This email has been scanned for viruses by a gateway.
Follow us on LinkedIn | Instagram
Tel. +44 117 496 0132 | anna@x.example
""".strip().splitlines()  # noqa: E501 - a notice stands on one line


@pytest.mark.parametrize("warning", ABOVE)
def test_a_warning_above_a_letter_asks_us_for_nothing(warning):
    assert detect_stop(f"{warning}\n\n{LETTER}").kind == "none"


@pytest.mark.parametrize("footer", BELOW)
def test_what_a_program_wrote_below_a_letter_asks_us_for_nothing(footer):
    assert detect_stop(f"{LETTER}\n\n{footer}").kind == "none"
    named = fold(f"Thursday at 3 works for me.\n\nAnna\n\n{footer}", quotes=False)
    assert list(of_programs(named.cased)) or list(notices(named.text))
    assert detect_stop(footer, beside=True).kind == "none"


@pytest.mark.parametrize(
    "text",
    [
        "##- Please type your reply above this line -##\n\nWhat does it cost for ten?",
        "You received a voice message from Anna.\n\nWhat does it cost for ten?",
        "And for ten?\n\nJoin the meeting now\nMeeting ID: 342 117 553\nDial in by phone",
        "Signed it.\n\nStop receiving this email\nReport this email or read how to decline",
        "And for ten?\n\nStop receiving this email <https://mail.example/u/1>",
    ],
)
def test_what_desks_and_meetings_add_asks_us_for_nothing(text):
    assert detect_stop(text).kind == "none"


REQUESTS = """
[EXTERNAL] Stop.
Attention: this address is to be taken off your list
You are receiving this message because you went on writing. Stop it.
To unsubscribe I send this to you, as told.
Unsubscribe: https://mail.example/u/1
Unsubscribe | Anna Miller
Stop receiving this email
Stop receiving this email, and report this email
anna@x.example | Unsubscribe
In accordance with the GDPR, erase this address.
Conformément au RGPD, supprimez cette adresse.
You have the right to know that I object. Take me off.
Type your reply above this line: unsubscribe me
Follow us no longer. Unsubscribe.
Tel. 0117 496 0132 is to be taken off your list
""".strip().splitlines()


@pytest.mark.parametrize("text", REQUESTS)
@pytest.mark.parametrize(
    "around", ["{}", "Dear Mira,\n\n{}\n\nBest regards,\nAnna", f"{LETTER}\n\n{{}}"]
)
def test_what_reads_like_a_program_and_asks_for_something_is_heard(text, around):
    assert detect_stop(around.format(text)).kind != "none"


@pytest.mark.parametrize("footer", BELOW)
def test_who_sends_nothing_but_how_to_leave_is_judged_by_it(footer):
    assert not list(of_programs(fold(footer, quotes=False).cased))


def test_below_a_signature_likeness_alone_is_not_sure():
    """Programs write there, and a stop suppresses for good; a person looks."""
    request = "kindly lose every trace of this inbox"
    assert detect_stop(request).kind == "stop" and by_rules(request).kind == "none"
    assert detect_stop(f"Hello Mira,\n\n{request}\n\nBest regards,\nAnna").kind == "stop"
    assert detect_stop(f"{LETTER}\n\n{request}").kind == "unclear"


def test_where_a_letter_is_signed():
    cased = "the list is complete\n\nBest regards,\nAnna\n\nmore"
    assert cased[signed(cased) :].startswith("Best")
    assert signed("the list") == len("the list") and signed("Best,\nAnna") == len("Best,\nAnna")
    assert signed("the list\n-=-=-=-=-\nmore") == len("the list")
    assert signed("- the list\n\nBest,\nAnna") == len("- the list\n\n")


@given(st.text(max_size=60), st.sampled_from(("Dear Mira,", "Hi\n", "")), st.text(max_size=30))
def test_the_rules_hear_what_they_heard(text, greeting, name):
    """What is left out is left out of what was learnt alone."""
    letter = f"{greeting}\n\n{text}\n\nBest regards,\n{name}"
    folded = fold(letter, quotes=False)
    for start, end in courtesies(folded.cased, ORDERS):
        assert 0 <= start < end <= len(folded.cased)
    if by_rules(letter).kind == "stop":
        assert detect_stop(letter).kind in ("stop", "unclear")


@pytest.mark.parametrize(
    "unit",
    ["\n", "\n \n", "Dear A ", "Anna\n\n", "Dear Anna, ", "Best,\n", "\nA  ", "Best,\n\n\n\n\n\n"],
)
def test_a_hostile_text_takes_no_longer_than_a_long_one(unit):
    cased = (unit * LONGEST)[:LONGEST]
    begun = time.perf_counter()
    list(courtesies(cased, ORDERS))
    list(courtesies(f"Hi\n\nBest{cased}Anna", ORDERS))
    list(notices(cased.lower()))
    list(of_programs(cased))
    assert time.perf_counter() - begun < 2, "quadratic would be minutes"


WARNING = "CAUTION: This email originated from outside the organization."
LEAVE = "To unsubscribe from this list, visit https://lists.example/leave"
DESK = "Please type your reply above this line"
SAID = "Thursday works."


def besides_programs(text: str, *, beside: bool = False) -> str:
    """What is left of a text without what programs wrote, in one line."""
    cased = fold(text, quotes=False).cased
    for start, end in of_programs(cased, beside=beside):
        cased = f"{cased[:start]}{' ' * (end - start)}{cased[end:]}"
    return " ".join(cased.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{WARNING}\n\n{SAID}", SAID),
        (f"{WARNING}\n{WARNING}\n\n{SAID}", SAID),
        (f"{DESK}\n{WARNING}\n\n{SAID}", SAID),
        (f"{SAID}\n\n{WARNING}", None),
        (f"- {SAID}\n\n{WARNING}", None),
        (f"{DESK}\n{DESK}\n{SAID}\n\n{WARNING}", f"{SAID} {WARNING}"),
        (f"{SAID}\n{DESK}", SAID),
        (f"{SAID}\n\nBest regards,\nAnna\n\n{LEAVE}", f"{SAID} Best regards, Anna"),
        (f"{SAID}\n\nAnna\n\n{LEAVE}", f"{SAID} Anna"),
        (f"{SAID}\n\n----------\n{LEAVE}", f"{SAID} ----------"),
        (f"{SAID}\n\n{LEAVE}", None),
        (f"{LEAVE}\n\n{SAID}\n\nBest regards,\nAnna", None),
        (f"{SAID}\n\nBest regards,\nAnna\n\nTo unsubscribe me, visit https://l.example/x", None),
        (WARNING, None), (DESK, None), (f"{WARNING}\n\n{DESK}", None), (LEAVE, None),
    ],
)  # fmt: skip
def test_what_programs_write_is_left_out_where_they_write_it(text, expected):
    """None: all of it is judged."""
    whole = " ".join(fold(text, quotes=False).cased.split())
    assert besides_programs(text) == (whole if expected is None else expected)


def test_beside_a_quote_whatever_a_program_wrote_is_left_out():
    assert besides_programs(LEAVE, beside=True) == ""
    assert besides_programs(f"{SAID}\n{LEAVE}", beside=True) == SAID


def test_a_letter_is_signed_where_it_is_signed_first():
    letter = f"{SAID}\n\nBest regards,\nAnna\n\n----------\nmore"
    assert signed(letter) == letter.index("Best")
    assert signed("  \nBest regards,\nAnna") == len("  \nBest regards,\nAnna")
    assert signed(SAID) == len(SAID)


def test_a_notice_is_none_wherever_in_it_a_request_stands():
    text = "if you have received this message in error, do not contact me"
    assert list(notices(text)) == []
    text = "if you have received this message in error, please tell us."
    assert set(notices(text)) == {(0, len(text))}
    letter = f"do not contact me.\n\n{text}"
    assert set(notices(letter)) == {(letter.index("if"), len(letter))}


def test_no_notice_costs_more_than_all_others_together(capfd):
    """One that could begin anywhere needed more states than RE2 keeps: it said so in the log, and
    went on at a tenth of its speed."""
    letters = Random(1).choices("abcdefghijklmnop qrstuvwxyz    ,'", k=LONGEST)
    text, spent = "".join(letters), []
    for pattern, _ in (each for kind in KINDS for each in courtesies_module._notices(kind)):
        begun = time.process_time()
        assert not list(pattern.finditer(text))
        spent.append(time.process_time() - begun)
    assert max(spent) < sum(spent) / 2
    assert capfd.readouterr().err == ""


def test_of_a_notice_the_sentence_is_left_out_and_no_other():
    text = (
        "we agree to it. any copying of this mail is prohibited. unauthorised disclosure by anyone "
        "else is forbidden. see you there"
    )
    assert [text[a:b] for a, b in notices(text)] == [
        "any copying of this mail is prohibited",
        "unauthorised disclosure by anyone else is forbidden",
    ]
    assert list(notices("please stop writing to us, any copying of our data is prohibited")) == []
