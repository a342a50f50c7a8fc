"""How well a text fits a voice: 100 less named deductions, each with its reason. Pure.

The reading grade is for English, whose syllables are counted by its spelling; texts in other
languages are not graded. What a text quotes, and the footer that the workspace adds, are not
judged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from outreach.core.plurals import plural


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SENTENCE_END = re.compile(r"[.!?…؟।]+(?=\s|$)|[。！？]+|\n{2,}")
# Written without spaces: two such letters count as a word.
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
SHOUT = re.compile("[!！]")
VOWELS = re.compile(r"[aeiouyäöüáéíóúàèâêîôû]+")
CONTRACTION = re.compile(
    r"\b\w+(?:n['’]t|['’](?:re|ll|ve|m|d))\b|\b(?:it|that|let|here)['’]s\b", re.I
)
STIFF = (
    "hereby", "herewith", "pursuant", "aforementioned", "kindly be advised", "please be advised",
    "as per", "utilize", "utilise", "endeavour to", "in respect of", "at your earliest",
)  # fmt: skip
# What is seen as one sign counts as one: a flag, a skin tone, a family joined of several.
_SIGN = "[\U0001f300-\U0001faff\u2600-\u27bf][\ufe0f\U0001f3fb-\U0001f3ff]*"
EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|{_SIGN}(?:\u200d{_SIGN})*")
# Small words by which a language is told. English is one of many that people write to each other.
ENGLISH = _words(
    "the and you your with that this from would what which they our not been as if to of is are "
    "we for i my it at have"
)
OTHERS = _words(
    "der die das und ist nicht ich sie wir mit für auf ein eine einen von dem den im zu uns "
    "le la les et est nous vous je pour avec une des dans que du au ne pas "
    "el los las es por para con una usted su se lo il che non di sono per un della "
    "os um uma com não você ao het een van ik niet op voor och att som inte med jag det "
    "og ikke jeg til av nie się jest na że w z do ve bir için"
)
FOOTER = "\n-- \n"
LEAST_TO_GRADE = 12  # words; below, one long word would decide


@dataclass(frozen=True, slots=True)
class Voice:
    """What is asked of a text; the fields of a profile's version."""

    tone: str = "neutral"
    words_to_use: tuple[str, ...] = ()
    words_to_avoid: tuple[str, ...] = ()
    sentence_words: int = 20
    reading_grade: int = 10
    emoji: str = "none"
    sign_off: str = ""


@dataclass(frozen=True, slots=True)
class Deduction:
    """Points a text loses, and why."""

    name: str
    points: int
    why: str

    def as_dict(self) -> dict[str, object]:
        return {"name": self.name, "points": self.points, "why": self.why}


@dataclass(frozen=True, slots=True)
class Score:
    """0–100, and what it lost points for; nothing to say means that it fits."""

    total: int
    reasons: tuple[Deduction, ...]


def judge(text: str, voice: Voice, *, is_letter: bool = True) -> Score:
    """The score of these words. A sign-off is asked of letters only, not of short notes."""
    body = own_words(text)
    found = [
        *_avoided(body, voice),
        *_wished_for(body, voice),
        *_tone(body, voice),
        *_sentences(body, voice),
        *_reading(body, voice),
        *_emoji(body, voice),
        *(_sign_off(body, voice) if is_letter else ()),
    ]
    return Score(max(0, 100 - sum(each.points for each in found)), tuple(found))


def own_words(text: str) -> str:
    """Without footer and quoted lines."""
    body = text.replace("\r\n", "\n").partition(FOOTER)[0]
    return "\n".join(line for line in body.split("\n") if not line.startswith(">")).strip()


def _avoided(body: str, voice: Voice) -> list[Deduction]:
    used = [word for word in voice.words_to_avoid if _has(body, word)]
    if not used:
        return []
    return [Deduction("words_to_avoid", min(60, 20 * len(used)), f"says {_quoted(used)}")]


def _wished_for(body: str, voice: Voice) -> list[Deduction]:
    if not voice.words_to_use or any(_has(body, word) for word in voice.words_to_use):
        return []
    return [Deduction("words_to_use", 5, f"says none of {_quoted(voice.words_to_use[:4])}")]


def _tone(body: str, voice: Voice) -> list[Deduction]:
    if voice.tone == "formal":
        loose = [found[0] for found in CONTRACTION.finditer(body)]
        lost = [Deduction("tone", min(20, 5 * len(loose)), f"contracts {_quoted(loose[:4])}")]
        marks = len(SHOUT.findall(body))
        shouts = [
            Deduction("tone", min(20, 10 * marks), f"has {plural(marks, 'exclamation mark')}")
        ]
        return [*(lost if loose else ()), *(shouts if marks else ())]
    if voice.tone == "warm":
        stiff = [word for word in STIFF if _has(body, word)]
        return (
            [Deduction("tone", min(30, 10 * len(stiff)), f"stiff: {_quoted(stiff)}")]
            if stiff
            else []
        )
    marks = len(SHOUT.findall(body))
    return (
        [Deduction("tone", min(20, 5 * marks), f"has {marks} exclamation marks")]
        if marks > 1
        else []
    )


def _sentences(body: str, voice: Voice) -> list[Deduction]:
    lengths = [count for part in SENTENCE_END.split(body) if (count := _length(part))]
    if not lengths:
        return []
    average = sum(lengths) / len(lengths)
    over, longest = average - voice.sentence_words, max(lengths)
    if over > 0:
        told = f"{average:.0f} words a sentence on average, {voice.sentence_words} are wanted"
        return [Deduction("sentence_length", min(25, 2 + round(2 * over)), told)]
    if longest > 2 * voice.sentence_words:
        return [Deduction("sentence_length", 5, f"one sentence has {longest} words")]
    return []


def _length(part: str) -> int:
    """Words in a sentence of any script."""
    spaced = sum(any(map(str.isalpha, token)) for token in UNSPACED.sub(" ", part).split())
    return spaced + (len(UNSPACED.findall(part)) + 1) // 2


def _reading(body: str, voice: Voice) -> list[Deduction]:
    words = WORD.findall(body)
    if len(words) < LEAST_TO_GRADE or not is_english(words):
        return []
    over = grade(body) - voice.reading_grade
    if over < 0.5:
        return []
    told = f"reads at grade {grade(body):.0f}, {voice.reading_grade} at most is wanted"
    return [Deduction("reading_level", min(25, round(4 * over)), told)]


def _emoji(body: str, voice: Voice) -> list[Deduction]:
    count = len(EMOJI.findall(body))
    allowed = {"none": 0, "sparing": 1}.get(voice.emoji, count)
    if count <= allowed:
        return []
    return [
        Deduction(
            "emoji", min(30, 10 * (count - allowed)), f"has {plural(count, 'emoji', 'emoji')}"
        )
    ]


def _sign_off(body: str, voice: Voice) -> list[Deduction]:
    wanted = voice.sign_off.strip(" ,")
    if not wanted or wanted.casefold() in "\n".join(body.split("\n")[-4:]).casefold():
        return []
    return [Deduction("sign_off", 10, f"does not end with “{wanted}”")]


def is_english(words: Sequence[str]) -> bool:
    """Whether they can be graded: Latin letters, and no other language's small words lead."""
    small = [word.casefold() for word in words]
    latin = sum(word[0] < "\u0250" for word in small)
    ours, theirs = (sum(word in known for word in small) for known in (ENGLISH, OTHERS))
    return 2 * latin > len(small) and ours >= theirs


def grade(body: str) -> float:
    """Flesch-Kincaid grade of an English text; 0 where there is nothing to read."""
    words = WORD.findall(body)
    sentences = sum(1 for part in SENTENCE_END.split(body) if WORD.search(part))
    if not words or not sentences:
        return 0.0
    beats = sum(map(_syllables, words))
    return 0.39 * len(words) / sentences + 11.8 * beats / len(words) - 15.59


@lru_cache(maxsize=20_000)
def _syllables(word: str) -> int:
    lower = word.casefold()
    count = len(VOWELS.findall(lower))
    silent = lower.endswith("e") and not lower.endswith(("le", "ee")) and count > 1
    return max(1, count - silent)


@lru_cache(maxsize=2_000)
def _finder(word: str) -> re.Pattern[str]:
    wanted = word.strip()
    before = "" if UNSPACED.match(wanted) else r"(?<!\w)"
    after = "" if UNSPACED.match(wanted[-1]) else r"(?!\w)"
    return re.compile(f"{before}{re.escape(wanted)}{after}", re.IGNORECASE)


def _has(body: str, word: str) -> bool:
    return bool(word.strip()) and bool(_finder(word).search(body))


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"“{word}”" for word in words)
