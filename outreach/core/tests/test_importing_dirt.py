"""What real exports hold beside their people: it is read as what it is, and nobody is made up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from outreach import testing
from outreach.core import importing, names
from outreach.core.importing import BadFile, dates, read_file
from outreach.core.importing.candidates import Candidate, Reader
from outreach.core.importing.choices import Choices
from outreach.core.models import Person

FIXTURES = Path(__file__).parent / "fixtures"


def rows_of(content, **chosen):
    """People and skipped rows of a fixture by name, or of a text."""
    held = (FIXTURES / content).read_bytes() if isinstance(content, Path) else content.encode()
    table = read_file(held, name="upload")
    found = [Reader(table, Choices.of(**chosen)).read(record) for record in table.records()]
    people = [row for row in found if isinstance(row, Candidate)]
    return people, [row for row in found if not isinstance(row, Candidate)]


def ways(row, channel="email"):
    return [way.normalised for way in row.ways if way.channel == channel]


def told(row):
    return row.name.full, row.name.greeting, row.position, row.company


def test_a_signature_with_empty_lines_is_one_person():
    (sabine,), skipped = rows_of(Path("pasted_signature_gaps.txt"))
    assert told(sabine) == (
        "Sabine Müller-Lüdenscheidt", "Sabine", "Leiterin Einkauf", "Muster & Partner GmbH",
    )  # fmt: skip
    assert ways(sabine) == ["s.mueller@example.de"]
    assert ways(sabine, "phone") == ["+49891234560"], "a fax is nobody's phone"
    assert [(row.code, row.name) for row in skipped] == [
        ("beside", "Geschäftsführer: Dr. Max Muster")
    ]


def test_the_company_and_the_role_may_stand_above_the_name():
    (yamada,), skipped = rows_of(Path("pasted_signature_japanese.txt"))
    assert told(yamada) == ("山田 太郎 (Taro Yamada)", "", "営業部 部長", "株式会社サンプル")
    assert ways(yamada, "phone") == ["+81312345678", "+819012345678"]
    assert not skipped


def test_signatures_below_each_other_stay_apart():
    text = (
        "Viele Grüße\nMax Huber\n\nVertrieb | Huber GmbH\nT +49 89 555555\nmax@example.de\n\n--\n"
        "Kind regards,\n\nSusan Hill, CPA\nDirector, Hill & Sons Ltd\nsusan@example.com\n"
    )
    people, skipped = rows_of(text)
    assert [told(row) for row in people] == [
        ("Max Huber", "Max", "Vertrieb", "Huber GmbH"),
        ("Susan Hill", "Susan", "Director", "Hill & Sons Ltd"),
    ]
    assert not skipped


def test_a_name_above_is_not_put_to_somebody_else_s_address():
    people, skipped = rows_of("Anna Meier\n\nBob Hill, bob@example.com\n")
    assert [(row.name.full, ways(row)) for row in people] == [("Bob Hill", ["bob@example.com"])]
    assert [row.name for row in skipped] == ["Anna Meier"]


@pytest.mark.parametrize(
    ("text", "person", "left_out"),
    [
        (
            "Ida Röhm <ida@example.com>, Köchin\nleider ohne Mail\nOtto at example.com\n;;\n<b>",
            ("Ida Röhm", "Ida", "Köchin", ""),
            [2, 3, 4, 5],
        ),
        ("noch offen\nIda Röhm <ida@example.com>\n!!", ("Ida Röhm", "Ida", "", ""), [1, 3]),
        ("Ida Röhm, +49 89 555555\nnoch offen", ("Ida Röhm", "Ida", "", ""), [2]),
        # What is a signature all the same.
        ("Ida Röhm <ida@example.com>\nRöhm\nT +49 89 555555", ("Ida Röhm", "Ida", "Röhm", ""), []),
        (
            "Ida Röhm <ida@example.com>\nDirector\nRöhm GmbH\nHofgasse 1\n***",
            ("Ida Röhm", "Ida", "Director", "Röhm GmbH"),
            [],
        ),
    ],
)
def test_lines_of_nobody_in_a_list_are_told_and_nobody_s_company(text, person, left_out):
    (found,), skipped = rows_of(text)
    assert told(found) == person
    assert [row.line for row in skipped] == left_out
    assert {(row.code, row.reason) for row in skipped} <= {
        ("beside", "No address in this line or beside it.")
    }


def test_a_line_without_an_address_among_people_is_nobody():
    text = "Ida Röhm <ida@example.com>\nleider ohne Mail\nOtto Maar <otto@example.com>\n;;\n"
    people, skipped = rows_of(text)
    assert [row.name.full for row in people] == ["Ida Röhm", "Otto Maar"]
    assert [(row.line, row.name) for row in skipped] == [(2, "leider ohne Mail"), (4, ";;")]


ADDRESSEES = [
    ("Jane Roe", ["jane@example.com"]),
    ("John Doe", ["john.doe@example.org"]),
    ("plain@example.net", ["plain@example.net"]),
    ("Jürgen K", ["jk@example.de"]),
    ("Susan Hill", ["susan@example.com"]),
    ("kim@example.kr", ["kim@example.kr"]),
]


def test_the_line_of_addressees_of_a_mail_is_a_person_each():
    people, _ = rows_of(Path("pasted_addressees.txt"))
    assert [(row.name.full, ways(row)) for row in people] == ADDRESSEES


@pytest.mark.django_db
def test_people_of_one_line_are_not_taken_for_each_other():
    workspace = testing.make_workspace()
    by, content = testing.bob(workspace), (FIXTURES / "pasted_addressees.txt").read_bytes()
    for _ in range(2):
        report = importing.apply(workspace, read_file(content), by=by, at=testing.WORKDAY)
    assert (report.new, report.counts["changed"], report.counts["unchanged"]) == (0, 0, 6)
    found = Person.objects.order_by("pk").prefetch_related("addresses")
    held = [(one.full_name, [way.normalised for way in one.addresses.all()]) for one in found]
    assert held == ADDRESSEES


def test_members_of_a_group_are_a_number_each():
    people, _ = rows_of("+49 170 1112233, +44 7911 123456, +55 11 91234-5678, Tina, You\n")
    assert [ways(row, "phone") for row in people] == [
        ["+491701112233"], ["+447911123456"], ["+5511912345678"],
    ]  # fmt: skip
    people, _ = rows_of("Anna Meier, +49 170 1112233, +49 30 1234567\n")
    assert [len(ways(row, "phone")) for row in people] == [2], "one person's two numbers"


def test_a_group_s_list_has_calling_codes_and_numbers_without_their_sign():
    people, skipped = rows_of(Path("whatsapp_group.csv"))
    assert [(row.name.full, row.name.greeting, row.country) for row in people] == [
        ("Tina", "Tina", "DE"), ("Harry 🏃", "Harry", "GB"), ("+55 11 91234-5678", "", "BR"),
    ]  # fmt: skip
    assert [ways(row, "phone") for row in people] == [
        ["+491701112233"], ["+447911123456"], ["+5511912345678"],
    ]  # fmt: skip
    assert not skipped


@pytest.mark.parametrize(
    ("cell", "country", "number"),
    [
        ("4917012345678", "", "+4917012345678"),
        ("4917012345678", "DE", "+4917012345678"),
        ("0170 12345678", "DE", "+4917012345678"),
        ("13512345678", "", None),  # China's own way, and a number in Massachusetts
    ],
)
def test_a_number_without_its_sign_is_read_only_beyond_doubt(cell, country, number):
    people, _ = rows_of(f"Name,Phone\nAnna Meier,{cell}\n", country=country)
    found = [form for row in people for form in ways(row, "phone")]
    assert found == ([number] if number else [])


def test_who_left_a_mailing_list_comes_in_stopped():
    (gone,), _ = rows_of(Path("mailchimp_unsubscribed.csv"))
    assert "email" in gone.refused


def test_only_a_line_after_the_last_proper_row_is_below_the_list():
    text = "Name,Email,Company\nAnn,a@example.com,X\nBen\nTotal,,2\nCy,c@example.com,Y\nShown\n"
    people, skipped = rows_of(text)
    assert [row.name.full for row in people] == ["Ann", "Cy"]
    assert [(row.code, row.is_error, row.reason[:26]) for row in skipped] == [
        ("ragged", True, "The row has 1 cell and the"),
        ("footer", False, "A sum or heading in the li"),
        ("footer", False, "A line below the list, not"),
    ]


def test_lines_below_a_report_are_nobody():
    people, skipped = rows_of(Path("salesforce_report_padded.csv"))
    assert [(row.name.full, row.company, len(row.ways)) for row in people] == [
        ("Rose Gonzalez", "", 1), ("Sean Forbes", "Edge", 1),
    ]  # fmt: skip
    assert not [problem for row in people for problem in row.problems]
    assert [row.code for row in skipped] == ["deleted", *["footer"] * 4]
    assert all(row.name for row in skipped)
    assert not any(row.is_error for row in skipped)


def test_people_called_like_a_sum_stay_people():
    people, _ = rows_of("First Name,Last Name,Email\nTotal,Smith,total@example.com\nCount,Basie,\n")
    assert [row.name.full for row in people] == ["Total Smith", "Count Basie"]


def test_a_fax_of_google_is_no_phone():
    head = "First Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value\n"
    (udo,), _ = rows_of(head + "Udo,Work Fax,+49 30 999999,Mobile,+49 170 1112233\n")
    assert ways(udo, "phone") == ["+491701112233"]


def test_several_values_and_escapes_of_google():
    head = "Name,Organization 1 - Name,Website 1 - Value\n"
    (paul,), _ = rows_of(head + "Paul Ott,New KG ::: Old KG,http\\://www.linkedin.com/in/paulott\n")
    assert (paul.company, paul.profile_url) == ("New KG", "https://www.linkedin.com/in/paulott")


def test_a_relation_of_notion_is_read_without_its_address():
    cell = "Ek AB (https://www.notion.so/Ek-AB-0123456789abcdef?pvs=21)"
    (asa,), _ = rows_of(f"Name,Company,Email\nÅsa Ek,{cell},asa@example.se\n")
    assert asa.company == "Ek AB"


def test_the_number_of_a_ticket_is_no_name():
    head = "Order #,First Name,Last Name,Email,Attendee #,Phone #\n"
    (rita,), _ = rows_of(head + "123,Rita,Book,rita@example.com,111,+1 617 555 0123\n")
    assert (rita.name.full, ways(rita, "phone")) == ("Rita Book", ["+16175550123"])


def test_contacts_that_linkedin_imported_have_their_company():
    head = "FirstName,LastName,Companies,Title,Emails,PhoneNumbers,CreatedAt\n"
    (dora,), _ = rows_of(head + 'Dora,Ek,Delta,Boss,"d@example.com,e@example.com",,1/2/18\n')
    assert told(dora) == ("Dora Ek", "Dora", "Boss", "Delta")
    assert ways(dora) == ["d@example.com", "e@example.com"]


@pytest.mark.parametrize(
    "text",
    ["15 mrt. 2023", "15 marca 2023", "15 maart 2023", "15 mars 2023", "15 Mart 2023",
     "15 марта 2023", "15. 3. 2023", "2023年3月15日", "2023. 3. 15.", "2023년 3월 15일"],
)  # fmt: skip
def test_march_in_many_languages(text):
    assert dates.parse(text) == date(2023, 3, 15)


@pytest.mark.parametrize(
    ("whole", "greeted"),
    [("Maier, Eva, Dr.", "Eva"), ("Maier, Eva", "Eva"), ("Eva Maier, MBA, PMP", "Eva"),
     ("Maier, Eva, Wien", ""), ("Maier, MBA", "")],
)  # fmt: skip
def test_titles_behind_a_name_are_not_the_name(whole, greeted):
    assert names.of_person("", "", whole).greeting == greeted


# --- Old code pages -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "label", "full", "country", "phones"),
    [
        ("polish_1250.csv", "Windows-1250", "Łukasz Żółć-Nowak", "PL", ["+48601234567"]),
        ("turkish_1254.csv", "Windows-1254", "İbrahim Işık", "TR", ["+905321234567"]),
        ("japanese_932.csv", "Shift_JIS", "太郎 山田", "JP", ["+819012345678"]),
        ("russian_1251.csv", "Windows-1251", "Пётр Иванов", "RU", ["+79161234567"]),
    ],
)
def test_an_old_code_page_is_proved_by_its_header(name, label, full, country, phones):
    content = (FIXTURES / name).read_bytes()
    assert read_file(content, name=name).encoding.label == label
    people, skipped = rows_of(Path(name))
    assert (people[0].name.full, people[0].country, ways(people[0], "phone")) == (
        full, country, phones,
    )  # fmt: skip
    assert len(people) == 2 and not skipped


def test_a_header_in_plain_letters_proves_no_code_page():
    """Names of another page below it are refused, as before, with the encodings to try."""
    content = "Name,Email,Company\nŁukasz Żółć,a@example.com,Żabka\n".encode("cp1250")
    with pytest.raises(BadFile, match="name its encoding with --encoding"):
        read_file(content, name="people.csv")


def test_what_a_spreadsheet_writes_for_a_failed_formula_is_an_empty_cell_and_told():
    head = "First Name,Last Name,Company,Title,Email\n"
    (hans,), _ = rows_of(head + '"=""Hans""",Huber,#REF!,#N/A,h@example.com\n')
    assert told(hans) == ("Hans Huber", "Hans", "", "")
    assert hans.problems == ["#REF!: an error of the spreadsheet, left out."]
    (rita,), _ = rows_of(head + "keine Angabe,Book,#BÜRO,(leer),r@example.com\n")
    assert (told(rita), rita.problems) == (("Book", "", "", "#BÜRO"), [])
    (udo,), _ = rows_of(head + "#NAME?,#WERT!,#1,,u@example.com\n")
    assert (told(udo), len(udo.problems)) == (("u@example.com", "", "", "#1"), 1)


def test_a_formula_is_nobody_s_name():
    head = "Name,Email,Company,Notes\n"
    (anna, bob), (skipped,) = rows_of(
        head
        + '"=HYPERLINK(""http://x.example"")",,Acme,\n'
        + "=cmd|x,anna@example.com,Acme,\n"
        + "Bob Hill,,=1+1,=> call him\n"
    )
    assert (skipped.code, skipped.is_error) == ("formula", True)
    assert skipped.reason.startswith("'=HYPERLINK(\"http://x.example\")' is a formula and no word")
    assert (anna.is_nameless, anna.company) == (True, "Acme"), "their address is who they are"
    assert anna.problems == ["'=cmd|x' is a formula and no word: left out. Write what it shows."]
    assert (bob.name.full, bob.company, bob.notes) == ("Bob Hill", "", "=> call him")


def test_a_cell_kept_as_text_is_no_formula():
    (anna,), _ = rows_of('Name,Email\n"=""Anna Meier""",anna@example.com\n')
    assert (anna.name.full, anna.problems) == ("Anna Meier", [])
