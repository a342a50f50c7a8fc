"""The rule book's own checks and a payload's faults, to the word."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from safety.contract import rulebook
from safety.contract.normalise import fold
from safety.contract.payload import PayloadError, parse_history, parse_instant, parse_payload
from safety.contract.rulebook import Rule, RuleError, own_word, rule_of

ROW = {
    "id": "x.y", "family": "tone", "severity": "warn", "explanation": "It says so.",
    "source": "a test", "patterns": ["a word"], "match": ["a word"],
}  # fmt: skip
MAIL = {"platform": "email", "recipient": "anna@example.org", "content": "Hi"}
DECLARED = {"category": "medical", "justification": "A recall", "declared_by": "Alice"}


# --- Rules ---------------------------------------------------------------------------------------


def test_a_row_becomes_a_rule() -> None:
    assert rule_of(ROW) == Rule(
        "x.y", "tone", "warn", "It says so.", "a test", patterns=("a word",), channels=(),
        where="any", remedy="sentence", replacement="", detector="", match=("a word",), no_match=(),
    )  # fmt: skip
    rule = rule_of({**ROW, "channels": ["email"], "no_match": ["b"]})
    assert (rule.channels, rule.no_match) == (("email",), ("b",))


@pytest.mark.parametrize(
    "wrong",
    [
        {"family": "nothing"}, {"severity": "grave"}, {"remedy": "magic"}, {"where": "html"},
        {"patterns": []}, {"detector": "empty"}, {"explanation": ""},
    ],
)  # fmt: skip
def test_a_row_that_makes_no_rule_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RuleError) as refused:
        rule_of({**ROW, **wrong})
    words = "rule x.y: unknown family, severity, remedy or place, or no pattern"
    assert str(refused.value) == words


@pytest.mark.parametrize(("row", "name"), [({**ROW, "colour": "red"}, "x.y"), ({}, "?")])
def test_a_row_of_another_shape_is_refused(row: dict[str, Any], name: str) -> None:
    with pytest.raises(RuleError, match=f"^rule \\{name}: Rule" if name == "?" else "^rule x.y: "):
        rule_of(row)


def test_rules_named_twice_are_refused(monkeypatch: Any, tmp_path: Path) -> None:
    rows = "\n".join(
        f'[[rule]]\nid = "{name}"\nfamily = "tone"\nseverity = "warn"\nexplanation = "So."\n'
        'source = "a test"\npatterns = ["a word"]'
        for name in ("x.b", "x.a", "x.b", "x.a", "x.c")
    )
    (tmp_path / "pieces.toml").write_text("[pieces]\n")
    (tmp_path / "some.toml").write_text(rows)
    monkeypatch.setattr(rulebook, "RULES_DIR", tmp_path)
    with pytest.raises(RuleError) as refused:
        rulebook.shipped.__wrapped__()
    assert str(refused.value) == "rules named twice: x.a, x.b"


def test_a_workspaces_own_word_is_a_rule_that_takes_it_out() -> None:
    assert own_word("  Red   KUMQUAT ") == Rule(
        id="workspace.red kumquat",
        family="tone",
        severity="warn",
        explanation="This workspace does not use these words.",
        source="workspace",
        patterns=(r"\bred\s+kumquat\b",),
        remedy="words",
    )
    assert own_word("x" * 41).id == f"workspace.{'x' * 40}"
    with pytest.raises(RuleError, match=r"^an empty word cannot be forbidden$"):
        own_word("  ")


@pytest.mark.parametrize(
    ("word", "edges"),
    [("plum", "bb"), ("c++", "bB"), (".net", "Bb"), ("(a)", "BB")],
)
def test_an_edge_of_an_own_word_takes_nothing_along(word: str, edges: str) -> None:
    (pattern,) = own_word(word).patterns
    assert (pattern[:2], pattern[-2:]) == (f"\\{edges[0]}", f"\\{edges[1]}")
    found = rulebook.compiled(pattern).search(f"A ,{word}; here")
    assert found and found.span() == (3, 3 + len(word))


@pytest.mark.parametrize(
    ("word", "patterns"),
    [
        ("订单", ("订单",)),
        ("%", (r"\%",)),
        ("\U0001f600", ("\U0001f600",)),
        ("4you", (r"\bayou\b", r"\b4you\b")),
    ],
)
def test_an_own_word_without_edges_or_with_digits(word: str, patterns: tuple[str, ...]) -> None:
    assert own_word(word).patterns == patterns


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("straße", "Siehe HAUPTSTRASSE, STRASSE und mehr"), ("Straße", "die Strasse"),
        ("STRASSE", "die Straße"), ("spaß", "Nur SPASS!"), ("Spass", "Nur Spaß!"),
    ],
)  # fmt: skip
def test_an_own_word_with_a_sharp_s_is_found_however_it_is_spelt(word: str, text: str) -> None:
    found = rulebook.Book([own_word(word)]).candidates(fold(text).text, "text")
    assert [row[0].source for row in found] == ["workspace"]
    beside = rulebook.Book([own_word(word)]).candidates(
        fold("Nebenstrasser Spaßvogel").text, "text"
    )
    assert beside == []


@pytest.mark.parametrize(("word", "read"), [("€", "e"), ("£", "l"), ("™", "tm"), ("℅", "c/o")])
def test_a_mark_that_is_read_as_letters_is_refused_as_an_own_word(word: str, read: str) -> None:
    with pytest.raises(RuleError, match=f"read as “{read}”.*write it out"):
        rulebook.check_own_word(word)
    assert own_word(word)  # what stands there already keeps its meaning


@pytest.mark.parametrize("word", ["50 €", "%", "straße", "c++", "e", "😀", "订单", "…"])
def test_other_words_may_be_forbidden(word: str) -> None:
    rulebook.check_own_word(word)


def test_signals_and_findings_are_two_books() -> None:
    finding = {rule.family for rule in rulebook.book().rules}
    signal = {rule.family for rule in rulebook.signals().rules}
    assert signal == rulebook.SIGNALS
    assert finding <= set(rulebook.CHECK_OF)


@pytest.mark.parametrize(
    ("where", "fields"),
    [
        ("any", {"subject", "text", "html"}),
        ("subject", {"subject"}),
        ("text", {"text"}),
        ("heading", {"subject"}),
    ],
)
def test_a_rule_looks_at_its_field_on_its_channels(where: str, fields: set[str]) -> None:
    row = {**ROW, "where": where}
    everywhere, mail = rule_of(row), rule_of({**row, "channels": ["email"]})
    for field in ("subject", "text", "html"):
        assert everywhere.applies("whatsapp", field) is (field in fields)
        assert mail.applies("email", field) is (field in fields)
        assert not mail.applies("whatsapp", field)


def test_every_rule_that_may_match_is_named_once_however_many_there_are() -> None:
    rules = [rule_of({**ROW, "id": f"x.{n}", "patterns": [f"word{n}\\b"]}) for n in range(100)]
    found = rulebook.Book(rules).candidates("word0 word41 word99", "text")
    assert [rule.id for rule, _, _ in found] == ["x.0", "x.41", "x.99"]


def test_rules_that_wait_for_a_second_word_are_found_beside_the_others() -> None:
    ways = ["one{n:02}", "one{n:02}[^.]{{0,9}}two", "one{n:02}\\w+", "one{n:02} .*two"]
    rules = [
        rule_of({**ROW, "id": f"x.{n}", "patterns": [ways[n % 4].format(n=n)]}) for n in range(100)
    ]
    text = "".join(f"one{n:02}a\none{n:02} two\n" for n in (0, 41, 82, 99))
    found = rulebook.Book(rules).candidates(text, "text")
    assert sorted(rule.id for rule, _, _ in found) == ["x.0", "x.41", "x.82", "x.99"]
    assert not rulebook.Book(rules).candidates("one99. Two", "text")


@pytest.mark.parametrize(
    ("pattern", "loose"),
    [
        ("a[^.]{0,60}?b", "a[^.]*?b"),
        (r"\d{1,2} (?:b ){1,3}", r"\d+ (?:b )+"),
        ("a{2,12}", "a{2,}"),
        ("a{10,12}", "a{10,}"),
        ("a{3}b{2,}c?", "a{3}b{2,}c?"),
    ],
)
def test_a_sieve_does_not_count_how_often(pattern: str, loose: str) -> None:
    assert rulebook.uncounted(pattern) == loose


@pytest.mark.parametrize(("between", "sells"), [(20, True), (31, False)])
def test_what_the_sieve_lets_through_is_still_counted(between: int, sells: bool) -> None:
    from safety.contract.content import is_promotional_text

    text = f"Use the code {'x' * between} to save."  # with four more characters: {0,30}
    assert rulebook.signals().candidates(text.lower(), "text")
    assert is_promotional_text(subject="", text=text) is sells


@pytest.mark.parametrize(
    ("check", "families"),
    [
        ("EMOTIONAL_CHECK", "urgency_inflation guilt_induction dependency_creation"
         " emotional_manipulation rising_intensity"),
        ("CONTENT_CHECK", "pressure_tactics clickbait inappropriate_intimacy tone empty_text"
         " harassment_or_threat personal_information_request age_inappropriate"),
        ("BOUNDARY_CHECK", "boundary_violation"),
    ],
)  # fmt: skip
def test_each_family_prints_under_its_check_and_in_its_order(check: str, families: str) -> None:
    assert [name for name, its in rulebook.CHECK_OF.items() if its == check] == families.split()


def test_a_sieve_that_cannot_look_is_an_error() -> None:
    sieve = rulebook.Sieve([])
    assert sieve.pick(b"") == sieve.pick(b"of several\nlines\n") == []
    sieve._set = SimpleNamespace(Match=lambda text: None)  # as RE2 answers when short of memory
    with pytest.raises(RuntimeError, match=r"^the rules could not be applied to this text$"):
        sieve.pick(b"a text")


@pytest.mark.parametrize(
    ("text", "there"),
    [("act now", True), ("act  \n now", True), ("actnow", True), ("act x now", False)],
)
def test_a_blank_with_a_question_mark_stands_for_any_gap(text: str, there: bool) -> None:
    import re

    assert bool(re.fullmatch(rulebook.expand("<verb> ?now", {"verb": "act"}), text)) is there


@pytest.mark.parametrize(
    ("pattern", "text", "there"),
    [
        (r"\b(?:go<stop>)\b", "so go! now", True),
        (r"\b(?:go<stop>)\b", "so go!", True),
        (r"\b(?:go!)\b", "so go! now", False),
        ("top[- ]level", "top-level", True),
        ("top[- ]level", "top - level", True),
        ("top[- ]level", "top \n level", True),
        ("top[- ]level", "toplevel", False),
        ("so *now", "sonow", True),
        ("so now", "so\n  now", True),
        ("<outer>", "so b now", True),
        ("<outer>", "so c now", False),
    ],
)
def test_pieces_and_gaps_of_a_pattern(pattern: str, text: str, there: bool) -> None:
    pieces = {"stop": "[!?]", "outer": "so <inner> now", "inner": "<letter>|x", "letter": "a|b"}
    assert bool(rulebook.compiled(rulebook.expand(pattern, pieces)).search(text)) is there


@pytest.mark.parametrize(
    ("field", "heading", "ids"),
    [
        ("subject", False, ["x.any", "x.subject"]),
        ("subject", True, ["x.any", "x.subject", "x.heading"]),
        ("text", False, ["x.any", "x.text"]),
        ("html", False, ["x.any", "x.text"]),
    ],
)
def test_a_book_answers_with_the_rules_of_the_field(
    field: str, heading: bool, ids: list[str]
) -> None:
    rows = [{**ROW, "id": f"x.{where}", "where": where} for where in rulebook.FIELDS]
    found = rulebook.Book(map(rule_of, rows)).candidates("Here is a word.", field, heading=heading)
    assert [rule.id for rule, _, _ in found] == ids
    assert all(pattern.search("Here is a word.").span() == (8, 14) for _, _, pattern in found)
    assert not rulebook.Book(map(rule_of, rows)).candidates("Here.", field, heading=heading)
    plain = rulebook.Book(map(rule_of, rows)).candidates("Here is a word.", field)
    assert "x.heading" not in [rule.id for rule, _, _ in plain]


def test_the_shipped_rules_read_anew_are_whole_and_of_one_kind_a_book() -> None:
    shipped = rulebook.shipped.__wrapped__()
    assert shipped == rulebook.shipped() and len(shipped) > 20
    assert not any("<stop>" in pattern or " " in pattern for r in shipped for pattern in r.patterns)
    rules = rulebook.book.__wrapped__(("plum", "pear")).rules
    assert [rule.id for rule in rules[-2:]] == ["workspace.plum", "workspace.pear"]
    signals = rulebook.signals.__wrapped__().rules
    assert {rule.family for rule in signals} == rulebook.SIGNALS
    assert sorted(r.id for r in (*rules[:-2], *signals)) == sorted(r.id for r in shipped)


def test_a_pattern_captures_nothing_reads_by_line_and_is_refused_in_silence(
    capfd: Any,
) -> None:
    assert rulebook.compiled("(a)(b)").groups == 0
    assert rulebook.compiled("^b$").search("a\nb\nc")
    with pytest.raises(Exception, match="missing"):
        rulebook.compiled("(a")
    assert capfd.readouterr().err == ""


# --- Payloads ------------------------------------------------------------------------------------


def faults(payload: Any) -> list[str]:
    try:
        parse_payload(payload)
    except PayloadError as error:
        assert str(error) == " ".join(error.faults)
        return list(error.faults)
    return []


FORM = {
    "email": ("anna", "one address such as anna@example.org"),
    "whatsapp": ("anna", "a phone number such as +44 20 7946 0958"),
    "instagram": ("a na", "a name such as @anna"),
    "linkedin": ("x" * 501, "a profile name or address"),
}


@pytest.mark.parametrize("platform", FORM)
def test_a_recipient_has_the_form_of_its_platform(platform: str) -> None:
    wrong, form = FORM[platform]
    told = faults({**MAIL, "platform": platform, "recipient": wrong})
    shown = f"'{wrong[:56]}..." if len(wrong) > 60 else f"'{wrong}'"
    assert told == [f"recipient {shown} has not the form of {form}."]


def nested(depth: int) -> Any:
    found: Any = "x"
    for _ in range(depth):
        found = [found] if depth % 2 else {"of": found}
    return found


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"recipient": "x anna@example.org y"},
         ["recipient 'x anna@example.org y' has not the form of one address such as"
          " anna@example.org."]),
        ({"recipient": " anna@example.org "}, []),
        ({"recipient": ""}, ["recipient is empty."]),
        ({"recipient": 7}, ["recipient is a number, not a text."]),
        ({"recipient": 7, "platform": "fax"},
         ["platform is 'fax'; it must be one of whatsapp, email, instagram, linkedin.",
          "recipient is a number, not a text."]),
        ({"content": "a\0"}, ["content contains a NUL character."]),
        ({"content": "ok \ud800"},
         ["content contains half a surrogate pair, which is no character."]),
        ({"subject": "a\rb"}, ["subject contains a line break."]),
        ({"subject": "a\nb"}, ["subject contains a line break."]),
        ({"subject": 7}, ["subject is a number, not a text."]),
        ({"subject": "a\0\nb"}, ["subject contains a NUL character."]),
        ({"subject": "x" * 999}, ["subject is longer than 998 characters."]),
        ({"subject": "x" * 998}, []),
        ({"message_type": "a\nb"}, ["message_type contains a line break."]),
        ({"attachments": "a.pdf"}, ["attachments is a text, not a list."]),
        ({"attachments": ["a.pdf", {}]}, []),
        ({"attachments": ["a.pdf", 7]},
         ["attachments: entry 2 is a number, not a file name or an object."]),
        *(({"attachments": ["a.pdf", {"name": nested(depth)}]},
           ["attachments: entry 2 is nested more than 32 levels deep."])
          for depth in (33, 400, 3_000, 100_000)),
        ({"attachments": [{"name": nested(30)}]}, []),
        ({"emergency": "yes"}, ["emergency is a text, not an object."]),
        ({"emergency": DECLARED}, []),
        *(({"emergency": {**DECLARED, "category": name}}, [])
          for name in ("security_breach", "safety_threat", "legal_requirement")),
        ({"emergency": {**DECLARED, "category": "fun"}},
         ["emergency.category is 'fun'; use medical, safety_threat, security_breach,"
          " legal_requirement."]),
        ({"emergency": {**DECLARED, "category": 7}},
         ["emergency.category is 7; use medical, safety_threat, security_breach,"
          " legal_requirement."]),
        ({"emergency": {**DECLARED, "justification": " "}}, ["emergency.justification is empty."]),
        ({"emergency": {**DECLARED, "declared_by": 7}},
         ["emergency.declared_by is a number, not a text."]),
        ({"emergency": {"category": "medical"}},
         ["emergency has no justification.", "emergency has no declared_by."]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_payload_is_said(more: dict[str, Any], told: list[str]) -> None:
    assert faults({**MAIL, **more}) == told


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"platform": "email", "at": "2024-01-16T10:00:00Z", "direction": "out"}, []),
        ({"at": "2024-01-16T10:00:00Z", "direction": "cooling_off",
          "until": "2024-01-17T10:00:00Z", "cause": "stop", "platform": "email"}, []),
        ({"at": "2024-01-16T10:00:00Z", "direction": "cooling_off"}, [" has no until."]),
        *(({"platform": name, "at": "2024-01-16T10:00:00Z", "direction": "out"},
           [f": platform is {name!r}; it must be one of whatsapp, email, instagram, linkedin,"
            " phone."]) for name in ("mail", "Email", " email", "sms")),
        ({"platform": ["email"], "at": "2024-01-16T10:00:00Z", "direction": "out"},
         [": platform is a list; it must be one of whatsapp, email, instagram, linkedin, phone."]),
        ({"platform": "phone", "at": "2024-01-16T10:00:00Z", "direction": "out"}, []),
        ({"platform": "email", "at": "2024-01-16T10:00:00Z"}, [" has no direction."]),
        ({"platform": "email", "at": "2024-01-16T10:00:00Z", "direction": "up"},
         [": direction is 'up'; use out, in, cooling_off."]),
        ({"platform": "", "at": "2024-01-16T10:00:00Z", "direction": "in", "cause": "a\nb",
          "content": 7, "until": 7},
         [": platform is ''; it must be one of whatsapp, email, instagram, linkedin, phone.",
          ": until is a number, not a time.",
          ": cause contains a line break.", ": content is a number, not a text."]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_history_is_said(entry: dict[str, Any], told: list[str]) -> None:
    found: tuple[str, ...] = ()
    try:
        parse_history([entry])
    except PayloadError as error:
        found = tuple(error.faults)
    assert list(found) == [f"History entry 1{words}" for words in told]


@pytest.mark.parametrize(
    ("year", "fits"), [(1970, False), (1971, True), (9000, True), (9001, False)]
)
def test_a_time_lies_between_1971_and_9000(year: int, fits: bool) -> None:
    if fits:
        assert parse_instant(f"{year}-06-01T00:00:00Z", "at").year == year
        return
    with pytest.raises(PayloadError, match="is outside the years 1971 to 9000"):
        parse_instant(f"{year}-06-01T00:00:00Z", "at")
