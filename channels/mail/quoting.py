"""Their own words apart from what they quote: a library first, rules of our own behind it.

Quoted text holds our own opt-out line, so it must not count as their wish; their wish must not
be taken for a quote either. Where the two readings differ the stretch between them is `doubtful`,
and a request found only there is for a person to look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from mailparser_reply import EmailReplyParser

from channels.mail.heads import heads

# The library's patterns take minutes for long lines and long gaps, so it never sees any.
MOST_LINES, LONGEST_LINE, WIDEST_GAP = 400, 300, 2
LEAST_COPIED = 12  # a line this long that we sent ourselves is quoted, not written
_DATE = r"(?=.*(?:\d{4}|\d{1,2}[.:/]\d{2}|@))"
_INTRODUCTION = re.compile(
    rf"[>\s*_-]*(?:{_DATE}.{{3,290}}(?:wrote|writes|schrieb(?:en)?|geschrieben|(?:a|avez) [ée]crit"
    r"|escribi[óo]|escribe|escreveu|ha scritto|scrisse|schreef|写道|寫道|來信|来信).{0,60}[:：]"
    r"|-{2,}\s*(?:original message|forwarded message|urspr[üu]ngliche nachricht|message d'origine"
    r"|message original|mensaje original|mensagem original|messaggio originale"
    r"|原始邮件|原始郵件|转发|轉寄).*"
    r"|begin forwarded message:)\s*",
    re.IGNORECASE,
)
_FROM = re.compile(r"[>\s*]*(?:from|von|de|da|发件人|寄件者)\s*\*?\s*[:：]\*?.*\S", re.IGNORECASE)
_THEN = re.compile(
    r"[>\s*]*(?:sent|date|to|subject|gesendet|datum|an|betreff|envoy[ée]|[àa]|objet|enviado(?: el)?"
    r"|para|asunto|fecha|enviada|data|assunto|inviato|a|oggetto|发送时间|收件人|主题|寄件日期|主旨)"
    r"\s*\*?\s*[:：]\*?.*",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*_{16,}\s*")
_MARKED_ONCE = re.compile(r"\s*>(?!\s*>)")
_LETTERS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Parts:
    """`own` is what they surely wrote. `quoted` is the rest, of which `doubtful` might be theirs:
    nothing marks it as a quote, and it is no text of ours."""

    own: str
    quoted: str = ""
    doubtful: str = ""


def split(text: str, *, sent: str = "", subjects: Iterable[str] = ()) -> Parts:
    """Take a mail's text apart; `sent` is what we wrote to this person, where that is known, and
    `subjects` stood above it."""
    lines = text.split("\n")
    known = _bare(sent)
    copied = {number for number, line in enumerate(lines) if _is_copied(line, known)}
    marked = {number for number, line in enumerate(lines) if line.lstrip().startswith(">")}
    introduced = _quoted_by_rule(lines)
    first = min(introduced, default=len(lines))
    said, repeated = _fragments(lines, {n for n in copied - marked if n < first}, sent)
    copied -= said | repeated
    ours = introduced | copied | marked | repeated
    theirs = _quoted_by_library(lines)
    end = len(lines) if theirs in ours else theirs
    own = [number for number in range(end) if number not in ours]
    rest = sorted(set(range(len(lines))) - set(own))
    # Mail programs mark with the same sign what somebody moved in; quotes have an introduction.
    quoted = copied | {n for n in marked if n > first} - _typed_within(lines, marked, first, sent)
    quoted |= heads(lines, rest, subjects)
    doubtful = [number for number in rest if number not in quoted]
    return Parts(*("\n".join(lines[n] for n in part).strip() for part in (own, rest, doubtful)))


def _bare(text: str) -> str:
    return " ".join(text.replace(">", " ").split()).casefold()


def _is_copied(line: str, known: str) -> bool:
    """Programs break lines anew, so that a line of ours is a stretch of what we sent."""
    bare = _bare(line) if known else ""
    return len(bare) >= LEAST_COPIED and bare in known


def _fragments(lines: list[str], copied: set[int], sent: str) -> tuple[set[int], set[int]]:
    """Of lines that stand in ours: those they wrote, and those they may have.

    We tell people what to answer, and they answer that: a stretch in which no whole line of ours
    stands is theirs where their mail begins, under a greeting at most. Further down it may be,
    and so may one whole line alone where it begins.
    """
    whole = [bare for line in sent.split("\n") if len(bare := _bare(line)) >= LEAST_COPIED]
    said: set[int] = set()
    repeated: set[int] = set()
    for run in _runs(lines, copied):
        text = " ".join(_bare(lines[number]) for number in run)
        is_whole = any(line in text for line in whole)
        begins = sum(1 for line in lines[: run[0]] if line.strip()) < 2
        if begins and not is_whole:
            said |= set(run)
        elif not is_whole or (begins and len(run) == 1):
            repeated |= set(run)
    return said, repeated


def _typed_within(lines: list[str], marked: set[int], first: int, sent: str) -> set[int]:
    """Of the lines marked once below an introduction: those that we did not send.

    Who writes between the lines of our mail may have their words marked as its lines are. That is
    told where the quote is ours for the most part. A short line is ours only beside another of
    ours: we name the word to answer with ourselves.
    """
    known = _letters(sent)
    below_it = [n for n in sorted(marked) if n > first and _MARKED_ONCE.match(lines[n])]
    once = [(number, letters) for number in below_it if (letters := _letters(lines[number]))]
    strange: set[int] = set()
    for place, (number, letters) in enumerate(once):
        above = once[place - 1][1] if place else ""
        below = once[place + 1][1] if place + 1 < len(once) else ""
        is_ours = letters in known and (
            len(letters) >= LEAST_COPIED
            or (above and f"{above}{letters}" in known)
            or (below and f"{letters}{below}" in known)
        )
        if not is_ours:
            strange.add(number)
    return strange if len(strange) * 2 <= len(once) else set()


def _letters(text: str) -> str:
    """Nothing but letters and digits, addresses apart: programs break, mark and link the rest."""
    words = [word for word in text.split() if not ("@" in word or "://" in word)]
    return "".join(_LETTERS.findall(" ".join(words))).casefold()


def _runs(lines: list[str], numbers: set[int]) -> list[list[int]]:
    """These lines, those together between which nothing else stands."""
    runs: list[list[int]] = []
    together = False
    for number, line in enumerate(lines):
        if number in numbers:
            runs = [*runs[:-1], [*runs[-1], number]] if together else [*runs, [number]]
        together = number in numbers or (together and not line.strip())
    return runs


def _quoted_by_rule(lines: list[str]) -> set[int]:
    """The numbers of the lines that our own rules take for quoted, `>` apart."""
    found: set[int] = set()
    for number, line in enumerate(lines):
        length = 0 if line.lstrip().startswith(">") else _introduction(lines, number)
        if not length:
            continue
        found |= set(range(number, number + length))
        after = next((each for each in lines[number + length :] if each.strip()), "")
        if not after.lstrip().startswith(">"):  # unmarked: everything below is the old mail
            return found | set(range(number, len(lines)))
    return found


def _introduction(lines: list[str], number: int) -> int:
    """How many lines from here introduce a quote; 0 for none. Programs break them in two."""
    line = lines[number][:LONGEST_LINE]
    if not line.strip():
        return 0
    if _INTRODUCTION.fullmatch(line):
        return 1
    following = lines[number + 1][:LONGEST_LINE] if number + 1 < len(lines) else ""
    if following.strip() and _INTRODUCTION.fullmatch(f"{line.rstrip()} {following.strip()}"):
        return 2
    if _FROM.fullmatch(line) and _THEN.fullmatch(following):
        return 2
    if _RULE.fullmatch(line) and any(
        _FROM.fullmatch(each) for each in lines[number + 1 : number + 4]
    ):
        return 1
    return 0


@lru_cache(maxsize=1)
def _library() -> EmailReplyParser:
    return EmailReplyParser(languages=["en", "de", "fr", "es", "it", "nl", "pl", "zh", "ja"])


def _quoted_by_library(lines: list[str]) -> int:
    """The number of the first line the library takes for quoted; past the end for none."""
    shown: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        short = line.strip()[:LONGEST_LINE]
        if short or any(each for _, each in shown[-WIDEST_GAP:]):
            shown.append((number, short))
        if len(shown) >= MOST_LINES:
            break
    text = "\n".join(line for _, line in shown)
    heads = [reply.headers for reply in _library().read(text).replies if reply.headers]
    if not heads:
        return len(lines)
    first = heads[0].split("\n")[0].strip()
    return next((number for number, line in shown if line == first), len(lines))
