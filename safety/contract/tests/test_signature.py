"""Whose contact data stands below a word of parting: the writer's, or somebody else's."""

from __future__ import annotations

import pytest

from safety.contract.pii import find_pii
from safety.contract.signature import MOST_LINES, closings, signature
from safety.contract.tests.test_accounts import calls

MARIA = "Maria Lopez wants to talk: +44 7911 123457, maria.lopez@gmail.com"
TWO = ["phone", "email"]


def kinds(text: str) -> list[str]:
    return [leak.kind for leak in find_pii(text)]


@pytest.mark.parametrize(
    "text",
    [
        f"Hi Anna,\nthanks for your time today.\n{MARIA}",
        f"Hi Anna,\nthanks for your time today.\n\n{MARIA}. She lives near you.",
        f"Hi Anna,\nThanks,\n{MARIA}",
        "Hi Anna,\nBest would be to call Maria Lopez: +44 7911 123457, maria.lopez@gmail.com.",
        "Hi Anna,\nBest would be to call Maria Lopez:\n+44 7911 123457\nmaria.lopez@gmail.com",
        "Hi Anna,\nBest,\nCall Maria Lopez +44 7911 123457\nmaria.lopez@gmail.com",
        "Hi Anna,\nBest,\nMaria Lopez: +44 7911 123457\nmaria.lopez@gmail.com",
        "Hi Anna,\nthanks for your help.\nMaria Lopez, +44 7911 123457\nmaria.lopez@gmail.com",
        "Hi Anna,\nThanks for your time.\nMaria Lopez\n+44 7911 123457\nmaria.lopez@gmail.com\n\n"
        "Please call her tomorrow.",
        f"Hi Anna,\nKind regards to Maria.\n{MARIA}",
        "Hi Anna,\nBest,\nmy dear sister\n+44 7911 123457\nmaria.lopez@gmail.com",
        "Hi Anna,\nBest,\nTom\nmy sister\n+44 7911 123457\nmaria.lopez@gmail.com",
        "Hi Anna,\nBest, my sister\n+44 7911 123457\nmaria.lopez@gmail.com",
        "Hi Anna,\nBest,\nCall Maria\n+44 7911 123457\nmaria.lopez@gmail.com",
        "Hi Anna,\nsee the plan -- it is hers\nMaria Lopez\n+44 7911 123457\nmaria.lopez@gmail.com",
        "Hi Anna,\nThanks for asking. Her number is below.\nMaria Lopez\n+44 7911 123457\n"
        "maria.lopez@gmail.com",
        f"Hi Anna,\nMerci pour votre temps.\n{MARIA}",
        "Best,\nTom\n+44 7911 123457\ntom@firm.example",  # begins with it
        "\n \nBest,\nTom\n+44 7911 123457\ntom@firm.example",
        f"Hi Anna,\nsee below.\nBest,\nTom\n\nPS: {MARIA}",
        f"Hi Anna,\nsee below.\nBest,\nTom\n\n> {MARIA}",
        f"Hi Anna,\nsee below.\nBest,\nTom\n\nOn 12 May Bob wrote:\n{MARIA}",
    ],
)
def test_contact_data_below_a_sentence_is_somebody_elses(text: str) -> None:
    assert kinds(text) == TWO


SIGNATURES = [
    "Best,\nTom\n{}\n{}",
    "Best regards,\n\nTom Reed\nHead of Sales, Firm Ltd.\n12 High Street, London EC1A 1BB\n{}\n{}",
    "Kind regards\nTom Reed | Senior account manager\nt: {} | E: {}\nwww.firm.example",
    "Many thanks,\ntom reed\n{}\n{}",
    "Thanks for your time today.\nTom Reed\nTel.: {}\n{}",
    "Thank you and best wishes,\nTom\nMobile: {}, {}",
    "Thanks, and kind regards,\nTom O'Neill-Smith\n{} / {}",
    "Best from Berlin\nTom\n{}\n{}",
    "Regards, Tom Reed, {}, {}",
    "--\nTom Reed\nFirm GmbH\n{}\n{}",
    "-- \nTom Reed\n{}\n{}",
    "  --\n  Tom Reed\n  {}\n  {}",
    "THX for your time\nTom\n{}\n{}",
    "Cheers,\nCallum\nCallum Reed Ltd.\n{}\n{}",
    "Cheers,\nTom\nSpaceX\n{}\n{}",
    "Cheers!\nTom\nhe/him\n{}\n{}\n\nSent from my phone",
    "Best,\nTom\n{}\n{}\n\nPS: The plan is attached.",
    "Best,\nTom\n{}\n{}\n\nOn 12 May Anna wrote:\n> Please send the plan.",
    "Mit freundlichen Gr\u00fc\u00dfen\nTom Reed\nGesch\u00e4ftsf\u00fchrer\nTelefon: {}\n{}",
    "Viele Gr\u00fc\u00dfe aus K\u00f6ln\nTom\nMobil {}\nE-Mail: {}",
    "Un saludo,\nTom Reed\nDirectora de Marketing\nM\u00f3vil: {}\nCorreo: {}",
    "Saludos cordiales\nTom\n{}\n{}",
    "Bien cordialement,\nTom Reed\nResponsable commercial\nt\u00e9l. : {}\n{}",
    "Atenciosamente,\nTom\nTelem\u00f3vel: {}\n{}",
    "Abra\u00e7os\nTom\n{}\n{}",
    "Cordiali saluti\nTom Reed\nCell. {}\n{}",
    "\u6b64\u81f4\n\u738b\u5c0f\n\u9500\u552e\u603b\u76d1\n\u7535\u8bdd: {}\n\u90ae\u7bb1: {}",
]  # fmt: skip


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("number", ["+44 20 7946 0958", "(212) 736-5000", "+49 1511 2345678"])
def test_contact_data_in_the_writers_signature_is_no_leak(signature: str, number: str) -> None:
    signed = signature.format(number, "tom@firm.example")
    text = f"Hi Anna,\nthe plan is attached.\n\n{signed}"
    assert kinds(text) == []
    assert sorted(leak.kind for leak in find_pii(text, signature=False)) == ["email", "phone"]


TEN_WORDS = "Firm Ltd, 12 High Street, 4th Floor, London EC1A 1BB"
COMPANY = "\u5317\u4eac\u4e1c\u65b9\u79d1\u6280\u53d1\u5c55\u6709\u9650\u516c\u53f8"  # 12 signs


@pytest.mark.parametrize(
    ("line", "signed"),
    [
        (TEN_WORDS, True),
        (f"{TEN_WORDS} / +44 20 7946 0000", True),  # ways to reach somebody are no words
        (f"{TEN_WORDS}, UK", False),
        ("Firm".ljust(160, "m"), True),
        ("Firm".ljust(161, "m"), False),
        (COMPANY, True),
        (f"{COMPANY}\u603b", False),
    ],
)
def test_the_edges_of_a_line_are_exact(line: str, signed: bool) -> None:
    text = f"Hi Anna,\nBest,\nTom\n{line}\n+44 20 7946 0958\ntom@firm.example"
    assert ("email" not in kinds(text)) is signed


@pytest.mark.parametrize(("lines", "signed"), [(8, True), (9, False)])
def test_a_signature_has_eight_lines_at_most(lines: int, signed: bool) -> None:
    assert MOST_LINES == 8
    below = ["Tom Reed", *["12 High Street"] * (lines - 2), "tom@firm.example"]
    assert (kinds("\n\n".join(["Hi Anna,", "Best,", *below])) == []) is signed


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        ("Hi Anna,\n\nBest,\n\nTom\n", "Best,\n\nTom\n"),
        ("\u4f60\u597d\n\u6b64\u81f4\n\u738b", "\u6b64\u81f4\n\u738b"),  # a name of one sign
        ("Hi Anna,\nBest,\nTom\n\nPS: Call me.", "Best,\nTom\n\n"),
        ("Hi Anna,\nsee you.\nTom", ""),
    ],
)
def test_a_signature_goes_from_the_word_of_parting_to_its_end(text: str, signed: str) -> None:
    start, end = signature(text)
    assert text[start:end] == signed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The list.\nBest,\nAnna\nHead of Sales\n", ["Best,\nAnna\nHead of Sales\n"]),
        ("Best,\nanna miller\n\nThe list.", ["Best,\nanna miller\n"]),
        ("Best,\n\nanna\nHead of Sales\n\nNo more.", ["Best,\n\nanna\nHead of Sales\n"]),
        ("Best,\n\n\nAnna", ["Best,\n"]),  # too far below
        ("Best,\nAnna\n\nHead of Sales", ["Best,\nAnna\n"]),
        ("Best,\nAnna\nnobody reads the list\nHead of Sales", ["Best,\nAnna\n"]),
        ("Best,\nAnna\n\nAnd more.\n\nCheers,\nTom", ["Best,\nAnna\n", "Cheers,\nTom"]),
        ("We wish you all the best\nAnna", []),
        ("Best,\n" + "Firm\n" * 9, ["Best,\n" + "Firm\n" * 8]),
    ],
)
def test_a_parting_wherever_it_stands_ends_with_what_belongs_to_it(
    text: str, found: list[str]
) -> None:
    assert [text[start:end] for start, end in closings(text)] == found


def test_a_second_parting_word_does_not_hide_what_stands_above_it() -> None:
    text = f"Hi Anna,\nthanks for your time today.\n{MARIA}\n\nBest,\nTom\n+44 20 7946 0958"
    assert [leak.text for leak in find_pii(text)] == ["+44 7911 123457", "maria.lopez@gmail.com"]


@pytest.mark.parametrize(
    "piece", ["best\n", "a://", "Tom\nBest,\n", "\n", "Best,\nTom\n+44 20 7946 0958\n"]
)
def test_work_grows_no_faster_than_the_text(piece: str) -> None:
    short, long = ((piece * 25_000)[:length] for length in (6_250, 25_000))
    find_pii(long)
    assert calls(lambda: find_pii(long)) <= 4.2 * calls(lambda: find_pii(short)) + 1_000
