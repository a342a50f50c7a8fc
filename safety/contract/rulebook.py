"""The content rules as data: read from the rule files, checked, and compiled once.

A workspace may add words of its own; nothing can take a rule of ours away.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any
from unicodedata import category

import re2

from safety.contract.normalise import fold

RULES_DIR = Path(__file__).parent / "rules"

# In this order families are named, and each belongs to the check it prints under.
CHECK_OF = {
    "urgency_inflation": "EMOTIONAL_CHECK",
    "guilt_induction": "EMOTIONAL_CHECK",
    "dependency_creation": "EMOTIONAL_CHECK",
    "emotional_manipulation": "EMOTIONAL_CHECK",
    "rising_intensity": "EMOTIONAL_CHECK",
    "pressure_tactics": "CONTENT_CHECK",
    "clickbait": "CONTENT_CHECK",
    "inappropriate_intimacy": "CONTENT_CHECK",
    "tone": "CONTENT_CHECK",
    "empty_text": "CONTENT_CHECK",
    "harassment_or_threat": "CONTENT_CHECK",
    "personal_information_request": "CONTENT_CHECK",
    "age_inappropriate": "CONTENT_CHECK",
    "boundary_violation": "BOUNDARY_CHECK",
}
OWN_SOURCE = "workspace"
# Families that find nothing wrong but say what a text is.
SIGNALS = frozenset({"promotional", "follow_up"})
SEVERITIES = ("warn", "fail")
REMEDIES = ("sentence", "words", "none")
# A "heading" is a subject With Capitals On Nearly Every Word.
FIELDS = ("any", "subject", "text", "heading")


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for. `remedy` says what a rewrite takes away; with none a person looks."""

    id: str
    family: str
    severity: str
    explanation: str
    source: str
    patterns: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    where: str = "any"
    remedy: str = "sentence"
    replacement: str = ""
    detector: str = ""
    weak: bool = False  # ordinary speech by itself; counts only in company (see content.py)
    negatable: bool = False  # "never ..." before it makes it harmless (see negated.py)
    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()

    def applies(self, channel: str, where: str) -> bool:
        """Whether it looks at this field on this channel; a heading is always a subject."""
        here = self.where in ("any", where) or (self.where == "heading" and where == "subject")
        return here and (not self.channels or channel in self.channels)


# A sieve short of memory would answer "nothing found"; it must find the end of every text.
_END = r"\z"
# Patterns per sieve. In one big set the states multiply and new text costs ten times as much; with
# fewer to a sieve, known text costs more (bench/content_cost.py).
_GROUP = 20
_SHORTENED = re.compile(r"(?<=[a-z:|)])'(?=(?:t|re|ll|ve|d|m|s)(?![a-z]))")
_COUNT = re.compile(r"\{(\d+),\d+\}")

# A rule, its pattern, and the pattern compiled.
Owned = tuple["Rule", str, Any]


class RuleError(ValueError):
    """A rule file or a workspace's own word cannot be used."""


def rule_of(row: dict[str, Any]) -> Rule:
    """Check one row of a rule file."""
    listed = ("patterns", "channels", "match", "no_match")
    try:
        values: dict[str, Any] = {k: tuple(v) if k in listed else v for k, v in row.items()}
        rule = Rule(**values)
    except TypeError as error:
        raise RuleError(f"rule {row.get('id', '?')}: {error}") from None
    wrong = [
        rule.family not in CHECK_OF and rule.family not in SIGNALS,
        rule.severity not in SEVERITIES,
        rule.remedy not in REMEDIES,
        rule.where not in FIELDS,
        bool(rule.patterns) == bool(rule.detector),
        not rule.explanation,
    ]
    if any(wrong):
        raise RuleError(f"rule {rule.id}: unknown family, severity, remedy or place, or no pattern")
    return rule


def expand(pattern: str, words: dict[str, str]) -> str:
    """`<name>` stands for a named piece, a blank for any run of white space, ` ?` also for none."""
    if "<stop>" in pattern:  # which ends behind a mark, where no word can end
        pattern = pattern.replace(r")\b", r")(?:\b|\W|$)")
    for _ in range(3):
        pattern = re.sub(r"<(\w+)>", lambda m: f"(?:{words[m[1]]})", pattern)
    pattern = pattern.replace("[- ]", r"[-\s]+")
    pattern = re.sub(r" [?*]", lambda _: r"\s*", pattern)
    return pattern.replace(" ", r"\s+")


def without_apostrophes(pattern: str) -> str:
    """The same pattern that also finds "youre", "dont" and "ill": who writes in haste sets none."""
    return _SHORTENED.sub("'?", pattern)


@lru_cache(maxsize=1)
def shipped() -> tuple[Rule, ...]:
    """Every rule of ours, in the order of the files."""
    pieces = tomllib.loads((RULES_DIR / "pieces.toml").read_text("utf-8"))["pieces"]
    rules: list[Rule] = []
    for path in sorted(RULES_DIR.glob("*.toml")):
        for row in tomllib.loads(path.read_text("utf-8")).get("rule", ()):
            rule = rule_of(row)
            patterns = (without_apostrophes(expand(each, pieces)) for each in rule.patterns)
            rules.append(replace(rule, patterns=tuple(patterns)))
    ids = [rule.id for rule in rules]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise RuleError(f"rules named twice: {', '.join(twice)}")
    return tuple(rules)


class Sieve:
    """A few patterns asked at once: which of them may occur in a text, in linear time."""

    def __init__(self, owned: Sequence[Owned]) -> None:
        self._owned = owned
        self._end = [len(owned)]
        self._set = re2.Set.SearchSet(_options())
        for _, pattern, _ in owned:
            self._set.Add(uncounted(pattern))
        self._set.Add(_END)
        self._set.Compile()

    def pick(self, text: bytes) -> list[Owned]:
        """The patterns that may occur in UTF-8, which each itself has to say; all others do not.
        A sieve that could not look is an error, not "no"."""
        found = self._set.Match(text) or []
        if found == self._end:
            return []  # as nearly always
        found.sort()
        if found[-1:] != self._end:
            raise RuntimeError("the rules could not be applied to this text")
        return [self._owned[i] for i in found[:-1]]


class Book:
    """Rules compiled: sieves that say which patterns occur, and each pattern to say where."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self.detectors = tuple(rule for rule in self.rules if rule.detector)
        owned: dict[str, list[Owned]] = {field: [] for field in FIELDS}
        for rule in self.rules:
            for pattern in rule.patterns:
                line = f"(?m){pattern}"
                owned[rule.where].append((rule, line, compiled(pattern)))
        self._sieves = {field: _sieves(rows) for field, rows in owned.items()}

    def candidates(self, text: str, field: str, *, heading: bool = False) -> list[Owned]:
        """The rules for this field that may occur in the text, each with its compiled pattern to
        say whether and where."""
        encoded = text.encode()
        fields = ["any", "subject" if field == "subject" else "text"]
        fields += ["heading"] if heading else []
        sieves = chain.from_iterable(map(self._sieves.__getitem__, fields))
        return [row for sieve in sieves for row in sieve.pick(encoded)]


def _sieves(owned: Sequence[Owned]) -> list[Sieve]:
    return [Sieve(owned[i : i + _GROUP]) for i in range(0, len(owned), _GROUP)]


def uncounted(pattern: str) -> str:
    """A pattern that finds at least as much: its repetitions have no upper end. To count up to one
    takes a state for each number, beside whatever else is under way."""
    return _COUNT.sub(lambda m: {"0": "*", "1": "+"}.get(m[1], f"{{{m[1]},}}"), pattern)


def compiled(pattern: str) -> Any:
    """A pattern as every rule is read: line by line, nothing captured, in linear time."""
    return re2.compile(f"(?m){pattern}", _options())


def _options() -> Any:
    options = re2.Options()
    options.never_capture = True
    options.log_errors = False
    options.max_mem = 1 << 28
    return options


@lru_cache(maxsize=64)
def book(extra: tuple[str, ...] = ()) -> Book:
    """Our rules, and the words a workspace forbids in addition."""
    found = (rule for rule in shipped() if rule.family not in SIGNALS)
    return Book((*found, *(own_word(word) for word in extra)))


@lru_cache(maxsize=1)
def signals() -> Book:
    """The rules that only say what a text is for."""
    return Book(rule for rule in shipped() if rule.family in SIGNALS)


def own_word(word: str) -> Rule:
    """A workspace's own forbidden word or phrase as a rule; it warns and the word goes."""
    folded = fold(word)
    plain = " ".join(folded.text.split())
    if not plain:
        raise RuleError("an empty word cannot be forbidden")
    # Whether "4you" is read as a word with a digit in it depends on what stands beside it.
    read = (plain, " ".join(folded.cased.lower().split()))
    spelt = [(form, form.replace("ß", "ss"), form.replace("ss", "ß")) for form in read]
    forms = dict.fromkeys(form for forms in spelt for form in forms)
    return Rule(
        id=f"workspace.{plain[:40]}",
        family="tone",
        severity="warn",
        explanation="This workspace does not use these words.",
        source=OWN_SOURCE,
        patterns=tuple(_own_pattern(form) for form in forms),
        remedy="words",
    )


def check_own_word(word: str) -> None:
    """Raise RuleError for what nobody should begin to forbid."""
    own_word(word)
    plain = fold(word).text.strip()
    if plain[:1].isalpha() and not any(char.isalnum() for char in word):
        raise RuleError(
            f"it is read as “{plain}” and would be found wherever that stands alone; write it out, "
            "as people say it"
        )


def _own_pattern(plain: str) -> str:
    """An edge takes nothing along: of a letter it is \\b, of a mark (as in "c++") its contrary.

    Letters of scripts that know no capitals, most of which set no blanks, and marks without any
    letter ("%", a smiley) touch whatever stands beside them: there an edge asks nothing.
    """
    free = not any(char.isalnum() for char in plain)
    before, after = (
        r"\b" if re.match(r"\w", edge, re.A) else "" if free or category(edge) == "Lo" else r"\B"
        for edge in (plain[0], plain[-1])
    )
    return before + r"\s+".join(re2.escape(part) for part in plain.split(" ")) + after
