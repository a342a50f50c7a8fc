"""A greeting name is given only when there is no doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.core import names
from outreach.core.importing.seen import Seen
from outreach.core.importing.source import BadFile

GREETINGS = {
    "Nguyen": "",
    "Nguyễn Thị": "",
    "Thị Minh": "Thị Minh",
    "Anna": "Anna", "  ": "", "ANNA": "Anna", "anna": "Anna", "ben": "Ben",
    "Jean-Pierre": "Jean-Pierre",
    "JEAN-PIERRE": "Jean-Pierre", "María del Carmen": "María del Carmen", "D'Arcy": "D'Arcy",
    "Dr. Eve": "Eve", "Prof. Dr. Klaus-Dieter": "Klaus-Dieter", "Dr.": "", "Herr": "",
    "John F.": "John", "J.": "", "J. Robert": "", "J": "", "JP": "", "J.R.R.": "",
    "Robert (Bob)": "Robert", 'William "Bill"': "William", "🌱 Zoë 🚀": "Zoë", "❤️ Ann": "Ann",
    "Anna, MBA": "Anna", "Tom & Anna": "", "Tom/Anna": "", "anna@example.com": "", "4nna": "",
    "Sales": "", "Team Berlin": "", "Ольга": "Ольга", "محمد": "محمد", "अनन्या": "अनन्या",
    "Θεοδώρα": "Θεοδώρα", "伟": "", "太郎": "", "민준": "", "Wei (伟)": "Wei", "Wei 伟": "",
    "Ngọc Ánh": "Ngọc Ánh", "McKenzie": "McKenzie", "One Two Three Four": "",
    "=cmd()": "", "https://x.example": "",
    "Anna und Peter": "", "Anna y Pedro": "", "Ana e Pedro": "", "Tom and Ann": "", "Van": "",
    "El": "", "von Arx": "", "de la Cruz": "", "Vorname": "", "keine Angabe": "", "Ehepaar": "",
    "Deleted": "", "Familie": "", "Unbekannt": "", "FALSE": "", "Ben": "Ben", "Mac": "Mac",
    "Ana María": "Ana María", "Anna-Lena": "Anna-Lena", "Bo": "Bo", "Ed": "Ed", "Li": "Li",
    "Vanessa": "Vanessa", "Elena": "Elena", "Dalia": "Dalia", "Delia": "Delia", "Andrea": "Andrea",
    "Yusuf": "Yusuf", "Enrico": "Enrico", "Herrmann": "Herrmann", "Drew": "Drew", "Sirin": "Sirin",
    "Testa": "Testa", "Şebnem": "Şebnem", "Łukasz": "Łukasz", "Đorđe": "Đorđe", "Ülkü": "Ülkü",
    "Иван": "Иван", "Ελένη": "Ελένη", "דוד": "דוד", "فاطمة": "فاطمة", "გიორგი": "გიორგი",
    "Г-Н": "", "г-жа Ольга": "Ольга", "Д-р Иван": "Иван", "проф. Анна": "Анна",
    "Пані Олена": "Олена", "Δρ.": "", "δρ. Ελένη": "Ελένη", "κ. Γιώργος": "Γιώργος",
    "κα Μαρία": "Μαρία", "د. محمد": "محمد", "أ.د. فاطمة": "فاطمة",
    "الدكتورة فاطمة": "فاطمة", "السيد": "", "السيد أحمد": "", "دکتر رضا": "رضا", 'ד"ר': "",
    'ד"ר דוד': "דוד", "ד״ר דוד": "דוד", "גב' רחל": "רחל", "פרופ׳ רחל": "רחל",
    "מר דוד": "דוד", "श्री अमित": "अमित", "डॉ. अनन्या": "अनन्या", "ดร. สมชาย": "สมชาย",
    "คุณสมชาย": "คุณสมชาย", "Mgr. Jan": "Jan", "JUDr. Eva": "Eva", "Sayın Ayşe": "Ayşe",
    "Dott.ssa Giulia": "Giulia", "Gđa Ana": "Ana", "Bapak Budi": "Budi",
    "Ahmet Bey": "Ahmet Bey", "Иван Петрович": "Иван Петрович", "Пан": "", "Панас": "Панас",
    "Доктор": "", "Мартин": "Мартин", "Maria (Dr. Mia)": "Maria",
    "Արամ": "Արամ", "สมชาย": "สมชาย", "Nguyệt": "Nguyệt", "O'Neil": "O'Neil",
}  # fmt: skip
WHOLE = {
    "Anna Meier": ("Anna", "Meier", "Anna"),
    "Dr. Anna Meier": ("Anna", "Meier", "Anna"),
    "Meier, Anna": ("Anna", "Meier", "Anna"),
    "John Smith, PhD, MBA": ("John", "Smith", "John"),
    "John Smith, PhD": ("John", "Smith", "John"),
    "Maria da Silva": ("Maria", "da Silva", "Maria"),
    "Anna M. Meier": ("Anna", "M. Meier", "Anna"),
    "Nguyen Van An": ("Nguyen", "Van An", ""),
    "Kim Min-jun": ("Kim", "Min-jun", ""),
    "DUPONT Marie": ("DUPONT", "Marie", ""),
    "ACME GmbH": ("ACME", "GmbH", ""),
    "A B C D E F": ("A", "B C D E F", ""),
    "Cher": ("Cher", "", "Cher"),
    "John Smith Jr.": ("John", "Smith", "John"),
    "M. Jean Petit": ("Jean", "Petit", "Jean"),
    "Ma, Jack": ("Jack", "Ma", "Jack"),
    "MA, JACK": ("JACK", "MA", "Jack"),
    "ma, jack": ("jack", "ma", "Jack"),
    "Do, Anh": ("Anh", "Do", "Anh"),
    "Pe, Thein Win": ("Thein Win", "Pe", "Thein Win"),
    "Mba, Emeka": ("Emeka", "Mba", "Emeka"),
    "Ma, Jack, PhD": ("Jack", "Ma", "Jack"),
    "Ma Long": ("Ma", "Long", ""),
    "Do Anh Tuan": ("", "", ""),
    "MA Anna Meier": ("Anna", "Meier", "Anna"),
    "MBA, Anna Meier": ("Anna", "Meier", "Anna"),
    "Dr., Anna Meier": ("Anna", "Meier", "Anna"),
    "Anna Meier, Ma": ("Anna", "Meier", "Anna"),
    "Anna Meier, Ph. D.": ("Anna", "Meier", "Anna"),
    "Anna Meier, Ph D": ("Anna", "Meier", "Anna"),
    "Anna Meier Ph. D.": ("Anna", "Meier", "Anna"),
    "Ph. D. Anna Meier": ("Anna", "Meier", "Anna"),
    "Smith, J. D.": ("J. D.", "Smith", ""),
    "Anna Ph D'Arcy": ("Anna", "Ph D'Arcy", "Anna"),
    "Yo-Yo Ma": ("Yo-Yo", "Ma", "Yo-Yo"),
    "Herr Müller": ("", "Müller", ""),
    "Mr Smith": ("", "Smith", ""),
    "Dr. Meier": ("", "Meier", ""),
    "Müller, Herr": ("", "Müller", ""),
    "Herr Peter Müller": ("Peter", "Müller", "Peter"),
    "von Arx": ("", "", ""),
    "Van Dijk Peter": ("", "", ""),
    "El Khatib Omar": ("", "", ""),
    "Da Silva Maria": ("", "", ""),
    "de la Cruz Juan": ("", "", ""),
    "Peter van Dijk": ("Peter", "van Dijk", "Peter"),
    "Omar El Khatib": ("Omar", "El Khatib", "Omar"),
    "Ben Miller": ("Ben", "Miller", "Ben"),
    "Familie Müller": ("", "", ""),
    "Anna & Peter": ("", "", ""),
    "Anna und Peter Meier": ("", "", ""),
    "keine Angabe": ("", "", ""),
    "Иван Петров": ("Иван", "Петров", "Иван"),
    "г-н Петров": ("", "Петров", ""),
    "Д-р Иван Петров": ("Иван", "Петров", "Иван"),
    'ד"ר דוד כהן': ("דוד", "כהן", "דוד"),
    "د. محمد علي": ("محمد", "علي", "محمد"),
    "السيد أحمد علي": ("السيد", "أحمد علي", ""),
    "Петров Иван Сергеевич": ("Иван Сергеевич", "Петров", "Иван Сергеевич"),
    "ПЕТРОВА АННА ИЛЬИНИЧНА": ("АННА ИЛЬИНИЧНА", "ПЕТРОВА", "Анна Ильинична"),
    "Шевченко Олена Іванівна": ("Олена Іванівна", "Шевченко", "Олена Іванівна"),
    "Petrova Anna Sergeevna": ("Anna Sergeevna", "Petrova", "Anna Sergeevna"),
    "Иван Петрович Сидоров": ("Иван", "Петрович Сидоров", "Иван"),
    "Роман Аркадьевич Абрамович": ("Роман", "Аркадьевич Абрамович", "Роман"),
    "Anna Maria Popovich": ("Anna", "Maria Popovich", "Anna"),
    "Anna Maria Rovina": ("Anna", "Maria Rovina", "Anna"),
    "Chen, Ma": ("Ma", "Chen", ""),
    "Chen, MA": ("", "Chen", ""),
    "Meier, MBA": ("", "Meier", ""),
}


@pytest.mark.parametrize(("first", "greeting"), GREETINGS.items())
def test_a_given_name_is_greeted_or_not(first, greeting):
    assert names.greeting(first) == greeting


@pytest.mark.parametrize(("whole", "parts"), WHOLE.items())
def test_a_name_in_one_cell_is_split(whole, parts):
    found = names.of_person("", "", whole)
    assert (found.first, found.last, found.greeting) == parts


@pytest.mark.parametrize(
    ("whole", "compared"),
    [("Jack Y Ma", "Jack Y Ma"), ("Jack Y MA", "Jack Y"), ("JACK Y MA", "JACK Y MA"),
     ("г-н Иван Петров", "Иван Петров"), ("Dr. Anna Meier, MBA", "Anna Meier")],
)  # fmt: skip
def test_names_are_compared_without_titles_and_degrees(whole, compared):
    assert names.untitled(whole) == compared


def test_a_family_name_alone_greets_nobody():
    assert names.of_person("", "Meier") == names.Name("", "Meier", "Meier", "")


def test_cleaning_keeps_signs_and_drops_what_nobody_sees():
    assert names.clean(" Zoe\u0308\u200b  🚀\u202e\n\tB ") == "Zoë 🚀 B"
    assert names.clean_lines(" a \r\n\x00b\rc ") == "a\nb\nc"


@pytest.mark.parametrize("name", ["ACME® Inc.", "acme  inc", "Acme Inc,", " ACME™ INC"])
def test_one_company_has_one_key(name):
    assert names.company_key(name) == "acme inc"


def test_a_company_of_signs_only_still_has_a_key():
    assert names.company_key("™") == "™"


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_name_is_taken_and_cleaning_is_final(first, last):
    first, last = names.clean(first), names.clean(last)
    assert names.clean(first) == first
    found = names.of_person(first, last)
    assert "\n" not in found.greeting and len(found.greeting) <= 200
    assert found.full or not (first or last)


def test_seen_remembers_the_first_line_of_each_of_many_keys():
    seen = Seen()
    assert seen.find("x") == 0
    for line in range(1, 20_001):
        assert seen.first_line(("key", line), line) == line
    assert [seen.first_line(("key", line), 99_999) for line in (1, 777, 20_000)] == [1, 777, 20_000]
    assert seen.find(("key", 20_001)) == 0


def test_a_full_disk_is_said_and_not_thrown():
    seen = Seen()
    seen._kept.execute("PRAGMA max_page_count = 8")
    with pytest.raises(BadFile, match=r"has no room .* split the file"):
        for line in range(1, 100_000):
            seen.first_line(line, line)
