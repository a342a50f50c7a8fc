"""What a list says against writing in a column nobody reads is asked before anything is stored."""

from __future__ import annotations

import pytest

from outreach import testing
from outreach.core import importing, suppression
from outreach.core.importing import BadFile, read_file
from outreach.core.importing.source import BadHeader
from outreach.core.importing.unheard import Unheard
from outreach.core.models import Address, Suppression
from outreach.core.tests.test_importing_formats import sheets

AT = testing.WORKDAY
KUNDEN = (
    "Name;E-Mail;Anrede;{column}\nUrs Frei;urs@haus.example;Herr;ja\n"
    "Eva Frei;eva@haus.example;Frau;nein\nUte Jung;ute@haus.example;Frau;abgemeldet\n"
)


def refused(text, **options):
    with pytest.raises(BadFile) as caught:
        read_file(text if isinstance(text, bytes) else text.encode(), name="k.csv", **options)
    return caught.value


def closed(workspace):
    held = suppression.suppressed_among(
        {(workspace.pk, *way) for way in Address.objects.values_list("channel", "normalised")}
    )
    return sorted(address.partition("@")[0] for _, _, address in held)


# One header of each language that the importer reads, and some of each kind.
ABOUT_AGREEING = [
    "Newsletter", "Newsletter (ja/nein)", "Newsletter-Status", "Newsletterempfänger",
    "Werbung erlaubt", "Einwilligung", "Zustimmung Werbung", "GDPR consent", "Marketing consent",
    "Subscription status", "Marketing status", "Double opt-in", "Abonné newsletter",
    "Consentement", "Suscripción al boletín", "Acepta publicidad", "Consenso marketing",
    "Consentimento de marketing", "Nieuwsbrief", "Toestemming", "Nyhetsbrev", "Samtykke",
    "Uutiskirje", "Markkinointilupa", "Zgoda marketingowa", "Souhlas", "Súhlas", "Hírlevél",
    "Abonat la newsletter", "E-bülten", "Рассылка", "Згода на розсилку", "Συγκατάθεση", "メルマガ",
    "수신동의", "النشرة البريدية", "订阅", "הסכמה", "Persetujuan", "Đồng ý nhận tin",
]  # fmt: skip
ABOUT_REFUSING = [
    "Newsletter abbestellt", "Abmeldedatum", "Werbewiderspruch", "Unsubscribed from newsletter",
    "DNC", "Blacklisted", "Désabonné le", "Date de désinscription", "Desuscrito", "Disiscrizione",
    "Descadastrado em", "Afgemeld", "Avregistrerad", "Avmeldt", "Afmeldt", "Markkinointikielto",
    "Wypisany", "Odhlášen", "Odhlásený", "Leiratkozott", "Dezabonat", "Abonelikten çıktı",
    "Отписан", "Відписаний", "Απεγγραφή", "配信停止", "수신거부", "إلغاء الاشتراك",
    "退订", "הסרה מרשימת תפוצה",
    "Berhenti berlangganan", "Hủy đăng ký",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("column", ABOUT_AGREEING)
def test_a_header_about_consent_is_read(column):
    workspace = testing.make_workspace()
    table = read_file(KUNDEN.format(column=column).encode("utf-8-sig"), name="kunden.csv")
    importing.apply(workspace, table, by=testing.bob(workspace), at=AT)
    assert closed(workspace) == ["eva", "ute"]


@pytest.mark.django_db
@pytest.mark.parametrize("column", ABOUT_REFUSING)
def test_a_header_about_refusing_is_read(column):
    workspace = testing.make_workspace()
    table = read_file(KUNDEN.format(column=column).encode("utf-8-sig"), name="kunden.csv")
    importing.apply(workspace, table, by=testing.bob(workspace), at=AT)
    assert closed(workspace) == ["urs", "ute"]


@pytest.mark.django_db
def test_a_no_under_a_status_of_subscription_is_no_leave():
    workspace = testing.make_workspace()
    text = "Name,Email,Subscription status\nUrs Frei,urs@haus.example,no\n"
    importing.apply(workspace, read_file(text.encode()), by=testing.bob(workspace), at=AT)
    assert Suppression.objects.count() == 1


def test_an_opt_out_in_a_column_nobody_reads_is_asked_with_its_line():
    error = refused(KUNDEN.format(column="Kundenstatus"))
    assert isinstance(error, BadHeader)
    assert error.line == 4
    assert str(error).startswith("Line 4 of k.csv says 'abgemeldet' in the column 'Kundenstatus', ")
    assert "Say with --map or on the import's page" in str(error)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("Status", "Unsubscribed"), ("Tags", "VIP; unsubscribed"), ("Merkmal", "Keine Werbung"),
        ("Info", "DÉSABONNÉ"), ("Notes", "abgemeldet"), ("Estado", "Dado de baja"),
        ("X", "отписан"), ("Newsletter flag 2", "no"), ("Consent (web)", "nein"),
        ("Unsub flag", "1"),
        ("Opt-out (Messe)", "3.5.2024"), ("", "do not contact"), ("Stav", "odhlášen"),
        ("Info", "Please do not contact anymore"), ("Notiz", "bitte nicht mehr anschreiben"),
        ("Notiz", "Keine Mails mehr, bitte"), ("Note", "non contattare più"),
        ("状態", "配信停止"), ("Stato", "disiscritta"), ("Reply", "STOP"),
    ],
)  # fmt: skip
def test_what_refuses_is_asked(column, cell):
    assert " says " in str(refused(f"Name,Email,{column}\nA B,a@b.example,{cell}\n"))


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("Active", "no"), ("Married", "nein"), ("Verheiratet", "nein"), ("Priorität", "hoch"),
        ("Last seen", "never"), ("Prioridad", "baja"), ("Kunde aktiv", "0"),
        ("Newsletter text", "7"),
        ("Notes", "He unsubscribed from the old list and came back, do not call before ten"),
        ("Newsletters opened", "0"), ("Subscription plan", "none"), ("Record", "archived"),
        ("Marketing contact status", "Non-marketing contact"), ("Newsletter (ja/nein)", "ja"),
        ("Consent text", "I agree"), ("Owner", "Bob"), ("Check-out", "out"),
        ("Mailing City", "Ulm"), ("Notes", "please"), ("Notes", "bitte bald anschreiben"),
    ],
)  # fmt: skip
def test_what_refuses_nothing_is_left_in_peace(column, cell):
    told = read_file(f'Name,Email,{column}\nA B,a@b.example,"{cell}"\n'.encode())
    assert not [each for each in told.notices if " says " in each]


def looked_at(column, *cells, mapping=None, columns=None):
    """What is found in a column beside the name, one cell a line from the second on."""
    unheard = Unheard(["Name", column], columns or {"full_name": (0,)}, mapping)
    for line, cell in enumerate(cells, 2):
        unheard.look(line, ["A B", cell])
    return unheard.found


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("Status", "unsubscribed", "'unsubscribed'"),
        (" Status ", " Unsubscribed ", "'Unsubscribed'"),
        ("Status", "VIP, unsubscribed", "'unsubscribed'"),
        ("Status", "VIP|unsubscribed", "'unsubscribed'"),
        ("Status", "VIP/unsubscribed", "'unsubscribed'"),
        ("Status", "VIP\nunsubscribed", "'unsubscribed'"),
        ("Status", "VIP - unsubscribed", None),
        ("Status", "2; unsubscribed", None),
        ("Status", "", None), ("Status", " ", None),
        ("Status", "no", None), ("Unsub flag", " ", None),
        ("Unsub flag", "no", None), ("Unsub flag", "☐", None), ("Unsub flag", "0", None),
        ("Unsub flag", "☑", "'☑'"), ("Unsub flag", "-", "something"), ("Unsub flag", "1", "'1'"),
        ("Unsub flag", "x" * 60, "something"), ("Unsub flag", "x" * 61, None),
        ("Date unsub", "3.5.2024", "something"), ("Marketing consent 2", "nein", "'nein'"),
        ("Newsletter flag 2", "nein", "'nein'"), ("Newsletter flag 2", "нет", "'нет'"),
        ("Newsletter flag 2", "ני", None), ("Newsletter flag 2", "n", None),
        ("Newsletter flag 2", "00", None), ("Newsletter flag 2", "off", None),
        ("Newsletter flag 2", "none", None), ("Newsletter flag 2", "[]", None),
        ("Newsletter flag 2", "否", "'否'"),
        ("Marketing contact status", "Non-marketing contact", None),
    ],
)  # fmt: skip
def test_a_cell_alone_is_told_by_its_column(column, cell, told):
    found = looked_at(column, cell)
    assert found == (told and (2, told, column.strip()))


def test_the_first_line_is_told_and_a_column_without_a_name_by_its_number():
    assert looked_at("", "VIP", "stop", "abgemeldet") == (3, "'stop'", "2")
    assert looked_at("Notes", "stop", columns={"full_name": (0,), "notes": (1,)}) is not None
    assert looked_at("Notes", "stop", columns={"full_name": (0,), "position": (1,)}) is None
    assert looked_at("Status", "stop", mapping={"2": "-"}) is None
    assert looked_at("Status", "stop", mapping={"3": "-"}) is not None


def test_a_short_row_is_looked_at_as_far_as_it_goes():
    header = ["Name", "Status", "Stand", "Opted out"]
    for cells in (["A B", "stop"], ["A B", "", "stop"], ["A B", "VIP", "stop", "no"]):
        unheard = Unheard(header, {"full_name": (0,), "opted_out": (3,)}, None)
        unheard.look(2, ["A B"])
        assert unheard.found is None and unheard.told() == ""
        unheard.look(3, cells)
        assert unheard.found == (3, "'stop'", header[cells.index("stop")])
    assert unheard.told() == (
        "Line 3 says 'stop' in 'Stand', which closes no address. If they want no more, suppress "
        "their addresses."
    )
    closed = Unheard(header, {"full_name": (0,), "opted_out": (3,)}, None)
    closed.look(2, ["A B", "stop", "", "yes"])
    assert closed.found is None


@pytest.mark.parametrize("field", ["-", "opted_out", "opted_in"])
@pytest.mark.parametrize("word", ["Kundenstatus", "4"])
def test_an_answer_lets_it_in(field, word):
    text = KUNDEN.format(column="Kundenstatus").encode()
    assert read_file(text, mapping={word: field}).rows == 3


def test_a_row_that_another_column_closes_asks_nothing():
    text = "Name,Email,Opted out,Reason\nA B,a@b.example,yes,unsubscribed\n"
    assert read_file(text.encode()).rows == 1
    assert refused(text.replace(",yes,", ",no,")).line == 2


def test_a_further_sheet_is_looked_through_too():
    one = [["Name", "Email"], ["Urs Frei", "urs@haus.example"]]
    two = [["Name", "Email", "Stand"], ["Eva Frei", "eva@haus.example", "unsubscribed"]]
    error = refused(sheets(One=one, Two=two))
    assert str(error).startswith("Line 2 of Two of k.csv says 'unsubscribed' in the column 'Stand'")
    assert read_file(sheets(One=one, Two=two), mapping={"Stand": "-"}).rows == 2


def test_of_a_card_it_is_told_above_all():
    card = (
        "BEGIN:VCARD\nVERSION:3.0\nFN:Urs Frei\nEMAIL:u@haus.example\nNOTE:abgemeldet\nEND:VCARD\n"
    )
    said = read_file(card.encode()).notices[0]
    assert said.startswith("Line 1 says 'abgemeldet' in ")
    assert "come in suppressed" in said
