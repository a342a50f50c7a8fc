"""Letters of alphabets that hardly anybody reads are read as the letters they look like."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest

from safety.contract.content import find
from safety.contract.glyphs import _LOOKALIKES, _RARE, Folds
from safety.contract.normalise import fold
from safety.contract.stop_request import detect_stop


@pytest.mark.parametrize(
    ("alike", "plain"),
    [
        ("ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "abcdefghijklmnoprstuvwxyz"),  # Lisu
        ("ꞑꞓꞡꞧꞩꞣꞥꟈꞇꞃꝼꝩꝡꜰꝙꞟ", "ncgrskndtrfꝩwfqu"),  # medieval Latin
        ("ꬰꬳꬵꬶꬺꬻꭇꭎꭚꬲꬽꭆꭖ", "ꬰefgmnruyeorx"),  # Latin of dialects
        ("ꭺꮯꭰꭼꮐꮋꭵꭻꮶꮮꮇꮎꮲꮢꮪꭲꮜꮩꮃꭹꮓ", "acdeghijklmoprstuvwyz"),  # small Cherokee
        ("ᎪᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᎾᏢᏒᏚᎢᏌᏙᎳᎩᏃ", "acdeghijklmoprstuvwyz"),
        ("𐐛𐐕𐐬𐐽𐑈𐐠𐐪", "lcocssa"),  # Deseret
        ("ᗩᗷᑕᗪᕮᖴᘜᕼᒍᛕᒪᗰᑎᝪᑭᑫᖇᔕᑌᐯᗯ᙭ᘔ", "abcdefghjklmnᝪpqrsuvwxz"),  # Canadian syllabics
        ("ꍏꌃꉓꀸꍟꎇꁅꃅꀤꀭꀘ꒒ꂵꈤꂦꉣꆰꋪꌗ꓄ꀎꃴꅏꊼꌩꁴ", "abcdefghijklmnopqrstuvwxyz"),
        ("ᥲᥴძᥱᥣᥒ᥆⍴᥉ᥙ᥎ᥕ᥊ᥡ", "acdelnopsuvwxy"),  # Tai Le and its like
        ("𐌀𐌁𐌂𐌉𐌑𐌕𐌗𐊂𐊆𐊇𐊊𐊒𐊕𐊖𐊗", "𐌀bcimtxbefiopst"),  # Old Italic, Lycian
        ("ʌƏʎðⵔⵝ", "aeydox"),
    ],
)
def test_an_alphabet_is_read_as_it_looks(alike: str, plain: str) -> None:
    assert "".join(fold(char).text for char in alike) == plain


@pytest.mark.parametrize("block", [range(0xA720, 0xA800), range(0xAB30, 0xAB70)])
def test_a_latin_letter_with_anything_on_it_is_that_letter(block: range) -> None:
    table = Folds()
    for char in map(chr, block):
        name = re.fullmatch(r"LATIN .*\bLETTER (?:\w+ )?([A-Z]) WITH.*", unicodedata.name(char, ""))
        assert not name or table[ord(char)].lower() == name[1].lower(), char


@pytest.mark.parametrize(
    "signs",
    [(0x3041, 0x3097), (0x30A1, 0x30FB), (0x3400, 0x4DC0), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4),
     (0x17000, 0x17100), (0x20000, 0x20100)],
)  # fmt: skip
def test_signs_of_the_far_east_stay(signs: tuple[int, int]) -> None:
    text = "".join(map(chr, range(*signs)))
    assert text.translate(Folds()) == text


def test_no_look_alike_stands_under_two_letters() -> None:
    letters: dict[str, set[str]] = {}
    for plain, alike in (*_RARE.items(), *_LOOKALIKES.items()):
        for char in alike:
            letters.setdefault(char, set()).add(plain)
    assert not [char for char, plain in letters.items() if len(plain) > 1]


@pytest.mark.parametrize(
    "text",
    [
        "ꓬꓳꓴ ꓠꓰꓰꓓ ꓔꓳ ꓮꓚꓔ ꓠꓳꓪ.", "You ꞑeed to aꞓt ꞑow.", "Yoᑌ ᑎᕮᕮᗪ to ᗩᑕt ᑎoᗯ",
        "ꌩꂦꀎ ꈤꍟꍟꀸ ꓄ꂦ ꍏꉓ꓄ ꈤꂦꅏ", "You need to ꭺꮯꭲ now", "You need to 𐐪𐐽t now",
        "ᥡ᥆ᥙ ᥒᥱᥱძ to ᥲᥴt ᥒ᥆ᥕ",
    ],
)  # fmt: skip
def test_no_alphabet_hides_a_text(text: str) -> None:
    assert find(channel="whatsapp", text=text)


@pytest.mark.parametrize("text", ["ꓢꓔꓳꓑ", "ꓢTꓳP", "ᔕTOᑭ", "ꌗ꓄ꂦꉣ", "ꮪꭲꮎꮲ"])
def test_no_alphabet_hides_a_request_to_stop(text: str) -> None:
    assert detect_stop(text).kind == "stop"


def test_letters_drawn_in_another_way_are_told_by_their_names() -> None:
    table = Folds()
    assert [table[ord(char)] for char in "\u0189\ua762\uab83\u00aa"] == ["D", "Z", "w", "a"]


@pytest.mark.parametrize("block", [(0xA000, 0xABFF), (0x10000, 0x1F000), (0x1000, 0x2E80)])
def test_many_different_characters_cost_little(block: tuple[int, int]) -> None:
    text = "".join(map(chr, range(*block)))
    text = (text * (100_000 // len(text) + 1))[:100_000]
    start = time.process_time()
    text.translate(Folds())
    assert time.process_time() - start < 3  # what explodes takes minutes
