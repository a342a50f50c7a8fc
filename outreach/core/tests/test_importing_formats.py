"""Every export people bring is known by its content, whatever it is called."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from outreach.core.importing import BadFile, archive, read_file, source, spool, workbook
from outreach.core.importing import table as tables
from outreach.core.importing.candidates import Candidate, Reader, Skip
from outreach.core.importing.choices import Choices

FIXTURES = Path(__file__).parent / "fixtures"
ANNA = ["anna.meier@example.com", "anna@example.org"]


def people(content, **options):
    """The candidates of a file, and the reasons of the rows that are none."""
    table = read_file(content, name=options.pop("name", "upload"), **options)
    found = [Reader(table, Choices()).read(record) for record in table.records()]
    return (
        table,
        [row for row in found if isinstance(row, Candidate)],
        [row.code for row in found if isinstance(row, Skip)],
    )


def ways(row, channel="email"):
    return [way.normalised for way in row.ways if way.channel == channel]


@pytest.mark.parametrize(
    ("name", "kind", "company", "position", "phones"),
    [
        ("google_2024.csv", "csv", "Meier, Söhne & Co. KG™", "Head of Finance", 2),
        ("google_2015.csv", "csv", "Meier KG", "Head of Finance", 1),
        ("outlook_classic.csv", "csv", "Meier KG", "Head of Finance", 2),
        ("outlook_web.csv", "csv", "Meier KG", "Head of Finance", 2),
        ("hubspot.csv", "csv", "Meier KG", "Head of Finance", 1),
        ("pipedrive.csv", "csv", "Meier KG", "", 3),
        ("salesforce_report.csv", "csv", "Meier, Söhne & Co. KG", "Head of Finance", 1),
        ("salesforce_dataloader.csv", "csv", "Meier KG", "Head of Finance", 1),
        ("vcard_3_apple.vcf", "vcard", "Meier, Söhne & Co. KG", "Head of Finance", 1),
        ("pasted_lines.txt", "text", "Meier KG", "Head of Finance", 0),
        ("pasted_signature.txt", "text", "Meier, Söhne & Co. KG", "Head of Finance", 2),
        ("table_markdown.txt", "csv", "Meier KG", "", 0),
        ("table_web.txt", "csv", "", "Head of Finance", 0),
        ("linkedin_2025_french.csv", "linkedin", "Meier KG", "Directrice", 0),
    ],
)
def test_anna_comes_out_of_every_format(name, kind, company, position, phones):
    table, found, _ = people((FIXTURES / name).read_bytes())
    anna = found[0]
    assert (table.format, anna.name.first, anna.name.last) == (kind, "Anna", "Meier")
    assert anna.name.greeting == "Anna"
    assert (anna.company, anna.position) == (company, position)
    assert ways(anna)[0] == ANNA[0]
    assert len(ways(anna, "phone")) == phones
    assert not anna.problems


@pytest.mark.parametrize(
    "name",
    ["google_2024.csv", "google_2015.csv", "outlook_classic.csv", "outlook_web.csv",
     "pipedrive.csv", "vcard_3_apple.vcf"],
)  # fmt: skip
def test_several_addresses_of_one_person_are_kept(name):
    _, found, _ = people((FIXTURES / name).read_bytes())
    assert ways(found[0]) == ANNA


@pytest.mark.parametrize("name", ["google_2024.csv", "hubspot.csv", "vcard_3_apple.vcf"])
def test_a_profile_is_found_wherever_it_stands(name):
    _, found, _ = people((FIXTURES / name).read_bytes())
    assert found[0].profile_url == "https://www.linkedin.com/in/anna-meier"


@pytest.mark.parametrize(
    ("name", "first", "last", "greeting"),
    [
        ("linkedin_japanese.csv", "弘", "松田", ""),
        ("linkedin_arabic.csv", "ليلى", "حداد", "ليلى"),
        ("vcard_4.vcf", "弘", "松田", ""),
        ("vcard_21.vcf", "Jürgen", "Müller", "Jürgen"),
        ("outlook_german_1252.csv", "Anna", "Müller", "Anna"),
    ],
)
def test_any_script_and_old_encodings(name, first, last, greeting):
    _, found, _ = people((FIXTURES / name).read_bytes())
    assert (found[0].name.first, found[0].name.last) == (first, last)
    assert found[0].name.greeting == greeting


def test_a_report_s_footer_is_no_error():
    _, found, skipped = people((FIXTURES / "salesforce_report.csv").read_bytes())
    assert (len(found), skipped) == (2, ["footer"] * 3)


@pytest.mark.parametrize(
    ("name", "channels"),
    [("hubspot.csv", 5), ("pipedrive.csv", 5), ("salesforce_report.csv", 2)],
)
def test_who_opted_out_elsewhere_is_known(name, channels):
    _, (anna, bob, *_), _ = people((FIXTURES / name).read_bytes())
    assert not anna.refused
    assert len(bob.refused) == channels


def test_cards_of_groups_and_firms_are_left_out_and_counted():
    table, found, _ = people((FIXTURES / "vcard_3_apple.vcf").read_bytes())
    assert [row.name.full for row in found] == ["Dr. Anna Maria Meier", "Bob Hill"]
    assert [row.line for row in found] == [1, 29]
    assert len(table.notices) == 1
    assert table.notices[0].startswith("Left out, as groups and organisations: ")
    assert "(line " in table.notices[0]
    assert found[0].notes == "Met in Bern, likes tea.\nCall after lunch."


def test_a_vcard_in_utf_16_and_a_card_within_a_card():
    text = ("BEGIN:VCARD\r\nVERSION:2.1\r\nFN:Zoë B\r\nAGENT:\r\nBEGIN:VCARD\r\nFN:Other\r\n"
            "END:VCARD\r\nEMAIL:z@example.com\r\nEND:VCARD\r\n")  # fmt: skip
    _, (zoe,), _ = people(text.encode("utf-16"))
    assert (zoe.name.full, ways(zoe)) == ("Zoë B", ["z@example.com"])


def test_columns_can_be_named_by_hand():
    content = b"Kdnr;Wer;Wohin\n1;Anna Meier;anna@example.com\n"
    with pytest.raises(BadFile, match="Line 1 has: Kdnr, Wer, Wohin"):
        read_file(content)
    _, (anna,), _ = people(content, mapping={"wer": "full_name", "3": "email"})
    assert (anna.name.full, ways(anna)) == ("Anna Meier", ["anna@example.com"])
    with pytest.raises(BadFile, match="There is no column '9999"):
        read_file(content, mapping={"9" * 5000: "notes"})
    with pytest.raises(BadFile, match=r"no column 'Wann'.*There are: Kdnr, Wer, Wohin"):
        read_file(content, mapping={"Wann": "notes"})
    with pytest.raises(BadFile, match=r"'mail' is no field\. Use full_name"):
        read_file(content, mapping={"Wer": "mail"})


def test_a_column_can_be_left_unread_by_hand():
    table, (anna,), _ = people(b"Name,Email,Notes\nA B,a@example.com,x\n", mapping={"Notes": "-"})
    assert (anna.notes, table.unread) == ("", ("Notes",))


def test_a_list_of_addressees_and_a_bare_list_are_several_people():
    _, found, _ = people(b"Anna Meier <a@example.com>; Bob Hill <b@example.com>\n")
    assert [row.name.full for row in found] == ["Anna Meier", "Bob Hill"]
    _, found, _ = people(b"a@example.com, b@example.com\n")
    assert [ways(row) for row in found] == [["a@example.com"], ["b@example.com"]]
    _, found, _ = people(b"Anna Meier a@example.com, b@example.com\n")
    assert [ways(row) for row in found] == [["a@example.com", "b@example.com"]]


def test_names_alone_are_people_when_said_to_be_text():
    _, found, _ = people(b"Anna Meier\nBob Hill, ACME\n", format="text")
    assert [(row.name.full, row.position) for row in found] == [
        ("Anna Meier", ""), ("Bob Hill", "ACME"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Anna Meier anna@x.example, Bob Hill bob@y.example",
         [("Anna Meier", "anna@x.example"), ("Bob Hill", "bob@y.example")]),
        ("Anna <a@x.example>, Bob <b@y.example>, Acme AG",
         [("Anna", "a@x.example"), ("Bob", "b@y.example")]),
        ("Anna Meier, anna@x.example, privat: am@y.example", [("Anna Meier", "anna@x.example")]),
        ("Anna Meier a@x.example, +41 44 668 18 00, b@x.example", [("Anna Meier", "a@x.example")]),
        ("Anna Meier, CFO, a@x.example or b@x.example", [("Anna Meier", "a@x.example")]),
    ],
)  # fmt: skip
def test_two_mailboxes_with_a_name_between_them_are_two_people(line, found):
    _, rows, _ = people(line.encode() + b"\nCarl Long <carl@z.example>\n")
    assert [(row.name.full, row.ways[0].normalised) for row in rows[:-1]] == found


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Please contact Fritz at fritz@x.example", "Fritz"),
        ("Please write to Fritz Meier (fritz@x.example).", "Fritz Meier"),
        ("Please contact Ludwig van Beethoven at fritz@x.example", "Ludwig van Beethoven"),
        ("For questions ask Anna Meier at fritz@x.example", "Anna Meier"),
        ("Contact: Fritz Meier fritz@x.example", "Fritz Meier"),
        ("Kontakt: Fritz Meier, fritz@x.example", "Fritz Meier"),
        ("bitte an Fritz Meier unter fritz@x.example wenden", "Fritz Meier"),
        ("Bitte wenden Sie sich an Fritz Meier: fritz@x.example", "Fritz Meier"),
        ("Ansprechpartner ist Fritz Meier (fritz@x.example)", "Fritz Meier"),
        ("Veuillez contacter Anne Dupont à fritz@x.example", "Anne Dupont"),
        ("Fritz is at fritz@x.example", "Fritz"),
        ("Fritz at fritz@x.example", "Fritz"),
        ("I met Anna at fritz@x.example", "Anna"),
        ("Please contact fritz@x.example", ""),
        ("My address is fritz@x.example", ""),
        ("Please write to our team at fritz@x.example", ""),
        # No sentences: names that hold a word of one.
        ("Will Smith fritz@x.example", "Will Smith"),
        ("Ask Bjørnsen fritz@x.example", "Ask Bjørnsen"),
        ("Mark May, fritz@x.example", "Mark May"),
        ("ludwig van beethoven fritz@x.example", "ludwig van beethoven"),
        ("Nguyen An fritz@x.example", "Nguyen An"),
        ("Society for Science fritz@x.example", "Society for Science"),
    ],
)
def test_of_a_sentence_about_one_mailbox_only_the_name_is_the_name(line, name):
    _, rows, _ = people(line.encode() + b"\nCarl Long <carl@z.example>\n")
    told = name or "fritz@x.example"  # who has no name is called by the mailbox
    assert (rows[0].name.full, ways(rows[0])) == (told, ["fritz@x.example"])
    assert (rows[0].position, rows[0].company) == ("", "")


def test_a_sentence_about_two_people_is_skipped_and_says_so():
    line = "Please contact Fritz at fritz@x.example or his boss Gerd (gerd@x.example)"
    table, rows, left = people(line.encode() + b"\nCarl Long <carl@z.example>\n")
    assert [row.name.full for row in rows] == ["Carl Long"]
    assert left == ["several"]
    skip = Reader(table, Choices()).read(next(table.records()))
    assert (skip.line, skip.is_error, skip.reason.endswith("one person a line.")) == (1, True, True)


# --- Workbooks ------------------------------------------------------------------------------------


def sheet(*rows, title="Leads", before=()):
    book = Workbook()
    book.active.title = "About" if before else title
    for row in before:
        book.active.append(row)
    place = book.create_sheet(title) if before else book.active
    for row in rows:
        place.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


HEAD = ["First name", "Last name", "E-mail", "Phone", "Connected on"]


def test_a_workbook_is_read_from_the_sheet_that_has_people():
    content = sheet(
        ["Leads of 2024"], [], HEAD,
        ["Anna", "Meier", "anna@example.com", 41446681800, date(2023, 11, 15)],
        [], ["Bob", "Hill", "b@example.com", None, datetime(2023, 11, 16, 9, 30)],
        before=[["Read me"], ["Made by Carl"]],
    )  # fmt: skip
    table, found, _ = people(content, name="whatever.bin")
    assert (table.format, table.encoding.label, table.header_line) == ("linkedin", "sheet Leads", 3)
    assert [row.line for row in found] == [4, 6]
    assert [row.connected_on for row in found] == [date(2023, 11, 15), date(2023, 11, 16)]
    assert list(table.records()) == list(table.records())


def sheets(hidden=(), **rows):
    """A workbook of these sheets."""
    book = Workbook()
    book.remove(book.active)
    for title, each in rows.items():
        place = book.create_sheet(title)
        place.sheet_state = "hidden" if title in hidden else "visible"
        for row in each:
            place.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


MEIERS = [HEAD, ["Anna", "Meier", "anna@example.com"]]


def test_sheets_that_are_not_read_are_named_with_their_rows():
    rows = {"Terms": [["Price", "Date"], ["1", "2"]], "Gone": [[], [True]], "Nothing": [["  "], []]}
    table, found, _ = people(sheets(Customers=MEIERS, **rows), name="people.xlsx")
    assert [row.name.full for row in found] == ["Anna Meier"]
    assert table.notices == (
        "Only the sheet Customers was read. Not read, nor who opted out there: "
        "Terms (2 rows), Gone (1 row). Save each as a file of its own and import it too.",
    )


def test_every_sheet_with_people_is_read_by_its_own_header():
    leads = [["Our leads"], ["E-Mail", "Name"], ["b@example.com", "Bob Hill"], [], ["c@x.example"]]
    table = read_file(sheets(Read=[["me"]], Customers=MEIERS, Leads=leads, Empty=[HEAD]))
    assert (table.rows, table.sheet, [each.sheet for each in table.more]) == (
        3, "Customers", ["Leads"],
    )  # fmt: skip
    read = [
        [Reader(part, Choices()).read(record).ways[0].raw for record in part.records()]
        for part in table.parts
    ]
    assert read == [["anna@example.com"], ["b@example.com", "c@x.example"]]
    assert table.notices[0].startswith(
        "Only the sheets Customers, Leads were read. Not read, nor who opted out there: "
        "Read (1 row)."
    )


def test_a_hidden_sheet_is_read_only_where_no_other_has_people():
    one = read_file(sheets(Old=MEIERS, New=MEIERS, hidden=["Old"]))
    assert ([part.sheet for part in one.parts], "Old (hidden, 2 rows)" in one.notices[0]) == (
        ["New"], True,
    )  # fmt: skip
    other = read_file(sheets(Old=MEIERS, New=[["me"]], hidden=["Old"]))
    assert [part.sheet for part in other.parts] == ["Old"]


def test_a_further_sheet_with_a_faulty_header_keeps_nobody_out():
    leads = [["Company", "Company", "E-mail"], ["a", "b", "c@x.example"]]
    table = read_file(sheets(Customers=MEIERS, Leads=leads))
    assert ([part.sheet for part in table.parts], "Leads (2 rows)" in table.notices[0]) == (
        ["Customers"], True,
    )  # fmt: skip


def test_what_a_column_means_is_said_of_the_sheet_that_has_it():
    leads = [["E-mail", "Name", "Kürzel"], ["b@example.com", "Bob Hill", "CFO"]]
    content = sheets(Customers=MEIERS, Leads=leads)
    table = read_file(content, mapping={"Kürzel": "position", "5": "-"})
    assert "position" in table.more[0].columns
    assert "connected_on" not in table.columns
    with pytest.raises(BadFile, match="There is no column 'Town'"):
        read_file(content, mapping={"Town": "position"})


def test_the_limits_count_over_all_sheets(monkeypatch):
    content = sheets(One=MEIERS, Two=[HEAD, ["Bob", "Hill", "b@example.com"]])
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        sizes = [each.file_size for each in packed.infolist() if "worksheets/" in each.filename]
    with monkeypatch.context() as patch:
        patch.setattr(workbook, "MAX_SHEET", max(sizes))
        with pytest.raises(BadFile, match=r"The sheets of .* grow to"):
            read_file(content)
    with monkeypatch.context() as patch:
        patch.setattr(spool, "MAX_SPOOL", 70)
        with pytest.raises(BadFile, match="holds more text than one import takes"):
            read_file(content)
    monkeypatch.setattr(tables, "MAX_ROWS", 1)
    with pytest.raises(BadFile, match="has more than 1 rows"):
        read_file(content)


def test_a_formula_without_a_result_is_refused_with_its_cell():
    with pytest.raises(BadFile, match=r"Cell A2 of people\.xlsx is a formula without a stored"):
        read_file(sheet(HEAD, ["=1+1", "x", "a@example.com"]), name="people.xlsx")


def test_a_workbook_that_would_grow_too_large_is_refused_unopened(monkeypatch):
    monkeypatch.setattr(workbook, "MAX_STRINGS", 100)
    with pytest.raises(BadFile, match=r"grows to .* MB when unpacked; at most"):
        read_file(sheet(HEAD, ["A", "B", "a@example.com"]), name="people.xlsx")


def test_a_workbook_with_entities_is_refused():
    made = io.BytesIO()
    content = io.BytesIO(sheet(HEAD, ["A", "B", "c@example.com"]))
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            text = old.read(info)
            if info.filename == "xl/workbook.xml":
                bomb = b'<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;">]>'
                start = text.index(b"<workbook")
                text = text[:start] + bomb + text[start:]
            new.writestr(info.filename, text)
    with pytest.raises(BadFile, match="cannot be read as an Excel workbook"):
        read_file(made.getvalue(), name="people.xlsx")


# --- Archives -------------------------------------------------------------------------------------

CONNECTIONS = (FIXTURES / "linkedin_2025_french.csv").read_text("utf-8")
ME, SHE = "https://www.linkedin.com/in/me-myself", "https://www.linkedin.com/in/anna-meier"
MESSAGES = (
    "CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,"
    "SUBJECT,CONTENT,FOLDER\n"
    f'c1,,Me Myself,{ME},Anna Meier,{SHE},2026-03-01 08:00:00 UTC,,"Hello,\nAnna",INBOX\n'
    f"c1,,Anna Meier,{SHE},Me Myself,{ME},2026-03-02 09:30:00 UTC,,Hello,INBOX\n"
    f"c2,,Bob,https://www.linkedin.com/in/bob,Me Myself,{ME},2026-03-02 10:00:00 UTC,,x,INBOX\n"
    "c3,,LinkedIn Member,,Me Myself,,2026-03-02 10:00:00 UTC,,spam,INBOX\n"
)
INVITATIONS = (
    "From,To,Sent At,Message,Direction,inviterProfileUrl,inviteeProfileUrl\n"
    f'Me Myself,Anna Meier,"2/20/26, 7:15 PM",,OUTGOING,{ME},{SHE}\n'
    f'Carl Long,Me Myself,"2/21/26, 7:15 PM",,INCOMING,https://www.linkedin.com/in/carl,{ME}\n'
)


def zipped(**files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(f"Export/{name}.csv", text)
    return made.getvalue()


def test_a_linkedin_archive_brings_connections_and_what_passed():
    table = read_file(
        zipped(Connections=CONNECTIONS, messages=MESSAGES, Invitations=INVITATIONS), name="x.zip"
    )
    assert (table.name, table.format, table.rows) == ("x.zip", "linkedin", 1)
    assert [(row.profile.rsplit("/", 1)[1], row.is_ours, row.at) for row in table.history()] == [
        ("anna-meier", True, "2026-03-01T08:00:00+00:00"),
        ("anna-meier", False, "2026-03-02T09:30:00+00:00"),
        ("bob", False, "2026-03-02T10:00:00+00:00"),
        ("anna-meier", True, "2026-02-20T19:15:00+00:00"),
    ]
    assert len({row.key for row in table.history()}) == 4


def test_whose_archive_it_is_the_profile_says_where_messages_do_not():
    two = "\n".join(MESSAGES.splitlines()[:4]) + "\n"
    table = read_file(zipped(Connections=CONNECTIONS, messages=two))
    assert table.history is None
    assert "whose archive it is cannot be told" in table.notices[0]
    own = "First Name,Last Name\nMe,Myself\n"
    table = read_file(zipped(Connections=CONNECTIONS, messages=two, Profile=own))
    assert [row.is_ours for row in table.history()] == [True, False]


def test_messages_that_cannot_be_read_do_not_keep_the_people_out():
    table = read_file(zipped(Connections=CONNECTIONS, messages="x,y\n1,2\n"))
    assert table.rows == 1
    assert table.notices[0].startswith("Messages and invitations were left out: messages.csv in")


@pytest.mark.parametrize("wanted", ["vcard", "text", "auto"])
def test_what_has_no_columns_is_not_mapped(wanted):
    content = (FIXTURES / "vcard_4.vcf").read_bytes()
    with pytest.raises(BadFile, match=r"has no columns: leave --map away\.$"):
        read_file(content, format=wanted, mapping={"FN": "full_name"})


def test_a_whole_name_that_a_person_named_stays_one():
    content = b"First name,Name,Email\nAnn,Ann Smith,ann@example.com\n"
    _, (ann,), _ = people(content, mapping={"Name": "full_name"})
    assert (ann.name.first, ann.name.full) == ("Ann", "Ann Smith")


def test_one_list_in_a_zip_is_read_whatever_it_is():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("__MACOSX/._all.vcf", b"x")
        packed.writestr("Takeout/all.vcf", (FIXTURES / "vcard_4.vcf").read_bytes())
    table = read_file(made.getvalue(), name="takeout.zip")
    assert (table.format, table.rows, table.name) == ("vcard", 1, "all.vcf in takeout.zip")
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as packed:
        packed.writestr("people.xlsx", sheet(HEAD, ["A", "B", "c@example.com"]))
    assert read_file(book.getvalue()).rows == 1


def test_a_workbook_in_a_zip_is_known_by_all_of_it(monkeypatch):
    monkeypatch.setattr(source, "CHUNK", 1024)
    inner, book = sheet(HEAD, ["A", "B", "c@example.com"]), io.BytesIO()
    with zipfile.ZipFile(book, "w") as packed:
        packed.writestr("people.xlsx", inner)
    assert len(inner) > source.CHUNK
    table = read_file(book.getvalue())
    assert table.encoding.digest == hashlib.sha256(inner).hexdigest()


def test_an_archive_with_a_password_or_a_bomb_is_refused(monkeypatch):
    locked = bytearray(zipped(Connections=CONNECTIONS))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = locked.index(mark)
        locked[at + (6 if mark == b"PK\x03\x04" else 8)] |= 1
    with pytest.raises(BadFile, match="protected by a password"):
        read_file(bytes(locked), name="x.zip")
    monkeypatch.setattr(archive.source, "MAX_BYTES", 1_000)
    bomb = zipped(Connections="a" * 50_000)
    assert len(bomb) < 1_000
    with pytest.raises(BadFile, match="grows to"):
        read_file(bomb, name="x.zip")
