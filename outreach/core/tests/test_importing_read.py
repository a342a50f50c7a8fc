"""Files as they come are read by content: encodings, delimiters, preambles, headers, dates."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest

from outreach.core.importing import BadFile, dates, read_file
from outreach.core.importing.columns import read_header

FIXTURES = Path(__file__).parent / "fixtures"
SIMPLE = "Name,Email\nZoë Ångström,zoe@example.com\n"


def rows_of(content, **options):
    return [cells for _, cells in read_file(content, **options).records()]


@pytest.mark.parametrize(
    ("name", "rows", "header_line"),
    [
        ("linkedin_2024.csv", 5, 4),
        ("linkedin_2018_no_preamble.csv", 3, 1),
        ("linkedin_2020_long_preamble.csv", 2, 8),
        ("linkedin_german.csv", 2, 1),
    ],
)
def test_linkedin_exports_of_every_year_are_recognised(name, rows, header_line):
    table = read_file(FIXTURES / name)
    assert (table.format, table.rows, table.header_line) == ("linkedin", rows, header_line)
    assert {"first_name", "last_name", "email", "company", "connected_on"} <= set(table.columns)


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with mark"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_encodings_are_found_by_content(codec, label):
    table = read_file(SIMPLE.encode(codec))
    assert table.encoding.label == label
    assert next(table.records())[1] == ["Zoë Ångström", "zoe@example.com"]


@pytest.mark.parametrize(
    ("text", "codec"), [("Name;E-Mail\nMichał Żak;a@example.com\n", "cp1250"),
                        ("Name,Email\nОльга Мир,o@example.com\n", "cp1251"),
                        ("Name,Email\nRenée Müller,r@example.com\n", "mac-roman"),
                        ("Name,Email\n松田 弘,h@example.com\n", "shift-jis")],
)  # fmt: skip
def test_other_code_pages_are_not_guessed_but_read_when_named(text, codec):
    with pytest.raises(BadFile, match=r"byte 0x[0-9A-F]{2} at offset \d+ \(line 2\)\..*--encoding"):
        read_file(text.encode(codec))
    assert rows_of(text.encode(codec), encoding=codec)[0][0] == text.split("\n")[1][:-14].rstrip(
        ",;"
    )


def test_damaged_utf_8_is_not_taken_for_an_older_encoding():
    content = "Name,Email\nZoë,z@example.com\nJosé,j@example.com\n".encode() + b"\xff,x\n"
    with pytest.raises(BadFile, match=r"damaged UTF-8: byte 0xFF at offset \d+ \(line 4\)"):
        read_file(content)


def test_an_unknown_encoding_is_refused_with_those_offered():
    with pytest.raises(BadFile, match=r"'klingon' is no encoding known here\. Try utf-8"):
        read_file(SIMPLE.encode(), encoding="klingon")
    with pytest.raises(BadFile, match="no encoding known here"):
        read_file(SIMPLE.encode(), encoding="base64")


@pytest.mark.parametrize(("mark", "name"), [(",", ","), (";", ";"), ("\t", "\t")])
def test_delimiters_are_found(mark, name):
    table = read_file(SIMPLE.replace(",", mark).encode())
    assert (table.delimiter, table.rows) == (name, 1)


def test_excel_says_its_delimiter_in_a_first_line():
    table = read_file(b"sep=;\r\nName;Email\r\nA B;a@example.com\r\n")
    assert (table.delimiter, table.header_line, table.rows) == (";", 2, 1)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_ends_a_line(end):
    content = f"Name,Email{end}A B,a@example.com{end}C D,c@example.com"
    table = read_file(content.encode())
    assert [line for line, _ in table.records()] == [2, 3]


def test_quoted_cells_may_hold_line_ends_delimiters_and_quotes():
    content = 'Name,Company,Notes\nA B,"Meier, Söhne ""& Co""","two\nlines"\nC D,X,y\n'
    table = read_file(content.encode())
    assert list(table.records()) == [
        (2, ["A B", 'Meier, Söhne "& Co"', "two\nlines"]),
        (4, ["C D", "X", "y"]),
    ]


def test_a_quote_that_is_not_doubled_is_read_as_written_within_its_line():
    content = b'First Name,Last Name,Company\n"Bob" B,"Hill "The" Hill",X\nC,D,E\n'
    assert rows_of(content) == [["Bob B", 'Hill The" Hill"', "X"], ["C", "D", "E"]]


SWALLOWED = {
    "the people between": (
        'Name,Company,Email\nAnna,"Acme,anna@a.example\nBob,Beta,bob@b.example\n'
        'Carl,Gamma,carl@c.example\nDora,Delta",dora@d.example\n', 2, 5),
    "a neighbour": ('Name;Company;Email\nAnna;"Acme;a@a.example\nBob;Beta";b@b.example\n', 2, 3),
    "by address": ('Name,Email\nZ,z@a.example\nAnna,"a@a.example\nBob,b@b.example"\n', 3, 4),
    "in a cut row": ('Name,Company,Email\nAnna,"Acme\nBob,b@b.example\nC,D",c@c.example\n', 2, 4),
    "in notes": ('Name,Email,Notes\nAnna,a@a.example,"met\nBob,b@b.example,fine"\n', 2, 3),
    "without mail": ('First name,Last name,Phone,City\nA,"B,+4179,X\nC,D",+4178,Y\n', 2, 3),
}  # fmt: skip


@pytest.mark.parametrize("case", SWALLOWED)
def test_rows_swallowed_between_two_stray_quotes_are_refused(case):
    content, first, last = SWALLOWED[case]
    with pytest.raises(BadFile, match=rf"line {first} of .* and one in line {last} make one cell"):
        read_file(content.encode())


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Name,Email,Address", 'A,a@a.example,"Road 1, 3rd floor\nZürich, info@a.example"'),
        ("Name,Email,Notes", 'A,a@a.example,"Hello\nsee Meier, Carl, c@c.example"'),
        ("Name,Email,Notes", 'A,a@a.example,"one\ntwo, three"'),
        ("Name,Email", 'A,"a@a.example\nb@b.example, c@c.example"'),
        ("Name,Title,Email", 'A,"Head of Sales,\nMarketing",a@a.example'),
        ("Name,Company,Email", '"Meier,\nAnna","Hill & Sons,\nLondon",a@a.example'),
    ],
)
def test_cells_of_several_lines_stay_readable(header, row):
    assert len(rows_of(f"{header}\n{row}\nZ,z@z.example,x\n".encode())) == 2


def test_blank_lines_are_no_rows():
    table = read_file(b"\n\nName,Email\n\nA B,a@example.com\n\n\n")
    assert [line for line, _ in table.records()] == [5]


def test_a_stream_is_read_like_a_file():
    table = read_file(io.BytesIO(SIMPLE.encode()), name="standard input")
    assert (table.name, table.rows, len(list(table.records()))) == ("standard input", 1, 1)


def test_a_file_changed_meanwhile_is_refused(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(SIMPLE)
    table = read_file(path)
    path.write_text(SIMPLE * 2)
    with pytest.raises(BadFile, match="was changed while it was being read"):
        list(table.records())


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Vorname;Nachname;E-Mail-Adresse;Firma;Telefon", "first_name last_name email company phone"),  # noqa: E501
        ("Name;Vorname;E-Mail", "last_name first_name email"),
        ("Förnamn;Namn;E-post", "first_name last_name email"),
        ("first_name;full_name;Email", "first_name full_name email"),
        ("Vorname;Vollständiger Name;E-Mail", "first_name full_name email"),
        ("Vorname;Name;Kontakt;E-Mail", "first_name last_name full_name email"),
        ("Prénom;Nom;Adresse e-mail;Société;Fonction", "first_name last_name email company position"),  # noqa: E501
        ("Nom;Courriel", "full_name email"),
        ("Nombre;Apellidos;Correo electrónico;Empresa;Cargo", "first_name last_name email company position"),  # noqa: E501
        ("Nombre;Correo", "full_name email"),
        ("Nome;Cognome;Indirizzo e-mail;Azienda;Ruolo", "first_name last_name email company position"),  # noqa: E501
        ("Nome;Sobrenome;E-mail;Empresa;Telefone", "first_name last_name email company phone"),
        ("Vorname;Nachname;Firma;Mail (dienstl.);Tel. mobil", "first_name last_name company email phone"),  # noqa: E501
        ("Full Name;Job Title;LinkedIn URL;Time Zone;Country", "full_name position profile time_zone country"),  # noqa: E501
        ("FIRST_NAME;last-name;eMail;Mobile Phone;Notes", "first_name last_name email phone notes"),
    ],
)  # fmt: skip
def test_header_words_of_six_languages_are_understood(header, fields):
    cells = header.split(";")
    meant = {index: name for name, each in read_header(cells).columns.items() for index in each}
    assert " ".join(meant[index] for index in range(len(cells))) == fields


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("15 Nov 2023", date(2023, 11, 15)),
        ("11/15/23", date(2023, 11, 15)),
        ("11/4/18, 6:34 PM", date(2018, 11, 4)),
        ("15.11.2023", date(2023, 11, 15)),
        ("2023-11-15", date(2023, 11, 15)),
        ("2023-11-15T09:00:00Z", date(2023, 11, 15)),
        ("15 nov. 2023", date(2023, 11, 15)),
        ("1er févr. 2020", date(2020, 2, 1)),
        ("15. März 2021", date(2021, 3, 15)),
        ("15 de noviembre de 2023", date(2023, 11, 15)),
        ("Nov 15, 2023", date(2023, 11, 15)),
        ("15/11/2023", date(2023, 11, 15)),
        ("31 Feb 2020", None),
        ("soon", None),
        ("99/99/99", None),
        ("0/0/00", None),
        ("1 " * 500, None),
    ],
)
def test_dates_are_read_as_exports_write_them(text, day):
    assert dates.parse(text) == day


def test_one_date_that_can_only_be_day_first_settles_its_column():
    content = b"First Name,Last Name,Connected On\nA,B,04/11/2018\nC,D,25/11/2018\n"
    assert read_file(content).is_day_first
    assert dates.parse("04/11/2018", is_day_first=True) == date(2018, 11, 4)
