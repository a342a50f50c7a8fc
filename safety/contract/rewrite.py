"""The gentler text: what was found goes, greeting and sign-off stay, nothing is made up.

Notes are for the log and the reviewer; they never become part of the message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from safety.contract.content import Hit, find
from safety.contract.emphasis import MARKS
from safety.contract.signs import HELLO, footer_of

DEFAULT_SUBJECT = "Information you requested"
DEFAULT_TEXT = {"email": "Here's the information you asked about. Review when convenient."}
DEFAULT_CHAT = "Here's the information you asked about. Reply when convenient."
FEWEST_SUBJECT_WORDS = 2

# A row of marks is tried once, from its first: from each of them, a long row would take for ever.
_ENDS = re.compile(
    r"(?<![.!?…])[.!?…]++[\"')\]]*+(?=\s|$)|\n[ \t]*\n\s*|\n(?=[ \t]*(?:[-*•>]|\d+[.)]|$))"
)
_LINE = re.compile(r"\n")
_GREETING = re.compile(rf"\s*{HELLO}\b[^.!?\n]{{0,60}}[.!?,:]*\s*", re.I)
# "Anna," alone on its line, perhaps behind a cry.
_CALLED = re.compile(
    r"\s*(?:[*_~`]*[A-Z]{4,}[*_~`]*[,:!]+ )?[^\W\d_a-z][\w.'’-]*(?: [^\W\d_a-z][\w.'’-]*){0,3}"
    r"[,:!][ \t]*\n\s*"
)
# A cry for attention that says nothing by itself: before a sentence, or set off behind a comma.
_CRY = re.compile(
    r"(?:^[\s*_~`]*(?:(?i:(?:very|most|extremely|super) )?(?i:urgent)|IMPORTANT|ATTENTION)"
    r"|(?<=,)[ \t]*(?:URGENT|IMPORTANT|ATTENTION))"
    r"[*_~`]*(?:[ \t]*[,:;.!…]+|[ \t]+[-–—]+(?=\s)|(?=[ \t]*(?:\n|\Z)))[*_~`]*[ \t]*"
)
# A plea by itself, which begged for what went; and a greeting that greets nobody any more.
_PLEA = re.compile(r"[\W_]*(?:please|pls|plz)(?:[\W_]+(?:please|pls|plz)){0,3}[\W_]*", re.I)
_MARK = re.compile(r"[.!?…]")
_TO_NOBODY = re.compile(r"\s*dear[\W_]*", re.I)
_SOMETHING = re.compile(r"[^\W_]")
_GAP = re.compile(r"[ \t]+([.,;:!?])")
_PAIRED = {"(": ")", "[": "]", "“": "”", "«": "»", "„": "“", '"': '"'}
_LEAD = re.compile(r"\s*(?:[,:;]+|[-–—]+(?=\s))\s*")  # behind a word that went from the beginning
_SIGN_OFF = re.compile(
    r"\s*(?:(?:best|kind|warm|kindest|many|with|yours|sincerely|regards|cheers|thanks|thank you"
    r"|cordially|respectfully|take care|saludos|cordialement|gr[üu][ßs]se|atentamente|sent from"
    r"|mit freundlichen|un saludo|abra[çc]os|cordiali saluti)\b[^.!?\n]{0,40}[.!?,]*\s*){1,2}",
    re.I,
)
_EDGES = " :;,.!?-–—*|\t\"'"  # of a subject, once words are gone
_NAME = re.compile(r"\s*[-–—]*\s*[^\W\d_][\w.'’-]*(?:[ ,|]+[^\W\d_][\w.'’-]*){0,4}[.!]?\s*")
# What else stands below a name: a telephone, a mail address, a web address, a street or a town.
_CONTACT = re.compile(
    r"[^\n.!?]{0,20}(?:\+?\(?\d[\d ().\-/]{6,22}\d|\S+@\S+|(?:https?://|www\.)\S+)\s*"
    r"|\s*(?:\d{1,6}[a-z]?,? )?[A-Z\u00c0-\u00de][\w.'’-]*(?: [A-Z\u00c0-\u00de][\w.'’-]*){0,3}"
    r"(?: \d{1,6}[a-z]?)?,?\s*"
)
_MOST_CLOSING = 9  # lines: a word of parting, and as many below it as pii.py takes for a signature
_LONG_LINE = 45  # a longer line was broken by the mail program, not by its author


@dataclass(frozen=True, slots=True)
class Proposal:
    """The text proposed instead. `caution` is for the reviewer where the text claims a request;
    `why` is what the rules say of each thing that was taken out."""

    subject: str
    text: str
    notes: tuple[str, ...]
    caution: str
    why: tuple[str, ...] = ()

    def differs(self, subject: str, text: str) -> bool:
        return (self.subject, self.text) != (subject, text)


def rewrite(
    *,
    channel: str,
    subject: str,
    text: str,
    hits: Sequence[Hit] | None = None,
    answers_request: bool = False,
    extra: tuple[str, ...] = (),
    received: Sequence[str] = (),
) -> Proposal:
    """Propose a subject and a text without what was found; unchanged where nothing need go."""
    if hits is None:
        hits = find(channel=channel, subject=subject, text=text, extra=extra, received=received)
    new_subject = _new_subject(channel, subject, hits, extra)
    new_text, is_default = _new_text(channel, text, hits, extra, received)
    notes = []
    if new_subject != subject:
        notes.append(f'Subject: "{new_subject}"')
    if new_text != text:
        notes.append(f'Content: "{new_text}"')
    claims = (is_default or new_subject == DEFAULT_SUBJECT != subject) and not answers_request
    caution = "claims a request: check" if claims else ""
    why = dict.fromkeys(hit.rule.explanation for hit in hits if _changes(hit))
    return Proposal(new_subject, new_text, tuple(notes), caution, tuple(why))


def needs_rewrite(hits: Sequence[Hit]) -> bool:
    """Whether any finding takes something out of the text."""
    return any(_changes(hit) for hit in hits)


def _changes(hit: Hit) -> bool:
    return hit.status == "warn" and hit.rule.remedy != "none" and hit.field != "html"


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence begins and ends, with the white space behind it; together all of it."""
    cuts = {0, len(text)}
    for found in _ENDS.finditer(text):
        end = found.end()
        while end < len(text) and text[end].isspace():
            end += 1
        cuts.add(end)
    start = 0
    for found in _LINE.finditer(text):
        if found.start() - start < _LONG_LINE:
            cuts.add(found.end())
        start = found.end()
    return list(pairwise(sorted(cuts)))


def _new_subject(channel: str, subject: str, hits: Sequence[Hit], extra: tuple[str, ...]) -> str:
    found = [hit for hit in hits if hit.field == "subject" and _changes(hit)]
    if not found:
        return subject
    cut = _without(subject, [(hit.start, hit.end, hit.rule.replacement) for hit in found])
    cut = _without_cry(_tidy(cut).strip(_EDGES)).strip(_EDGES)
    cut = cut[:1].upper() + cut[1:]
    words = re.findall(r"[^\W\d_]{2,}", cut)
    again = find(channel=channel, subject=cut, text="", extra=extra)
    if len(words) < FEWEST_SUBJECT_WORDS or any(_changes(hit) for hit in again):
        return DEFAULT_SUBJECT
    return cut


def _new_text(
    channel: str,
    text: str,
    hits: Sequence[Hit],
    extra: tuple[str, ...],
    received: Sequence[str],
) -> tuple[str, bool]:
    found = [hit for hit in hits if hit.field == "text" and _changes(hit)]
    if not found:
        return text, False
    end = footer_of(text)  # the footer stays as it is, and is no message where nothing else is left
    text, foot = text[:end].rstrip(), text[len(text[:end].rstrip()) :]
    opening, middle, closing = _frame(text)
    kept = _soften(text, found, [*opening, *middle, *closing])
    body = _tidy("".join(kept[len(opening) : len(opening) + len(middle)]))
    if re.search(r"\w", body) and _is_clean(channel, body, extra, received):
        parts = ["".join(kept[: len(opening)]), body, "".join(kept[len(opening) + len(middle) :])]
        return _joined(parts) + foot, False
    default = DEFAULT_TEXT.get(channel, DEFAULT_CHAT)
    frame = ["".join(_without_cry(text[a:b]) for a, b in part) for part in (opening, closing)]
    if not _is_clean(channel, f"{frame[0]}\n\n{default}\n\n{frame[1]}", extra, received):
        frame = ["", ""]
    return _joined([frame[0], default, frame[1]]) + foot, True


def _is_clean(channel: str, text: str, extra: tuple[str, ...], received: Sequence[str]) -> bool:
    return not needs_rewrite(find(channel=channel, text=text, extra=extra, received=received))


def _frame(text: str) -> tuple[list[tuple[int, int]], ...]:
    """Split the sentences into greeting, message and sign-off."""
    parts = sentences(text)
    head = text[slice(*parts[0])] if parts else ""
    first = 1 if _GREETING.fullmatch(head) or _CALLED.fullmatch(head) else 0
    last = len(parts)
    for index in range(max(first, len(parts) - _MOST_CLOSING), len(parts)):
        if _SIGN_OFF.fullmatch(text[slice(*parts[index])]):
            rest = parts[index + 1 :]
            if all(_is_closing(text[a:b]) for a, b in rest):
                last = index
                break
    return parts[:first], parts[first:last], parts[last:]


def _is_closing(line: str) -> bool:
    return bool(_NAME.fullmatch(line) or _CONTACT.fullmatch(line))


def _soften(text: str, found: Sequence[Hit], parts: Sequence[tuple[int, int]]) -> list[str]:
    """Each sentence without its findings; empty where the whole sentence goes."""
    softened = []
    for start, end in parts:
        mine = [hit for hit in found if hit.start < end and hit.end > start]
        if any(hit.rule.remedy == "sentence" for hit in mine):
            softened.append(_break_after(text[start:end]))
            continue
        cuts = [
            (max(hit.start, start) - start, min(hit.end, end) - start, hit.rule.replacement)
            for hit in mine
        ]
        left = _without_cry(_without(text[start:end], cuts))
        left = _GAP.sub(r"\1", left) if mine else left
        if _says_nothing(left, was_cut=bool(mine)):
            softened.append(_break_after(text[start:end]))
            continue
        lead = None if _LEAD.match(text[start:end]) else _LEAD.match(left)
        softened.append(left[lead.end() :] if lead else left)
    return softened


def _says_nothing(sentence: str, *, was_cut: bool) -> bool:
    """Whether only marks, "Dear" or a plea are left of a sentence."""
    if _PLEA.fullmatch(sentence) and _MARK.search(sentence):
        return True
    return was_cut and (not _SOMETHING.search(sentence) or bool(_TO_NOBODY.fullmatch(sentence)))


def _without_cry(sentence: str) -> str:
    """What a cry led up to, without it: "URGENT, Anna," is no greeting."""
    found = _CRY.search(sentence)
    if found is None:
        return sentence
    before, rest = sentence[: found.start()], sentence[found.end() :]
    if before:
        return before + (f" {rest}" if rest[:1].strip() else rest)
    return rest[:1].upper() + rest[1:]


def _break_after(sentence: str) -> str:
    """What stays of a sentence that goes: the end of its line or paragraph, if it closed one."""
    return "\n" * sentence[len(sentence.rstrip()) :].count("\n")


def _without(text: str, cuts: Sequence[tuple[int, int, str]]) -> str:
    """Take stretches out, from the back; overlapping ones are taken out once."""
    taken = len(text)
    for first, last, instead in sorted(cuts, reverse=True):
        start, end = _with_marks(text, first, min(last, taken))
        if start < end:
            if not instead and _PAIRED.get(text[start - 1 : start]) == text[end : end + 1]:
                start, end = start - 1, end + 1  # nothing is left between them
            text = text[:start] + instead + text[end:]
            taken = start
    return text


def _with_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch with the marks of emphasis beside it that would stand for nothing without it."""
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    if before and before == after and before in MARKS:
        return start - 1, end + 1
    inside = text[start:end]
    if after and after in MARKS and inside.count(after) % 2:
        return start, end + 1
    if before and before in MARKS and inside.count(before) % 2:
        return start - 1, end
    return start, end


def _tidy(text: str) -> str:
    text = re.sub(r"[ \t]{2,}", " ", text)
    text = _GAP.sub(r"\1", text)
    text = re.sub(r"\n{3,}", "\n\n", text)
    return text.strip()


def _joined(parts: Sequence[str]) -> str:
    kept = [part.strip() for part in parts if part.strip()]
    return "\n\n".join(kept) if any("\n" in part for part in parts) else " ".join(kept)
