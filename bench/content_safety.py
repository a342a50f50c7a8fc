"""Score the content rules on labelled text beside a naive phrase list, and time decisions.

`python -m bench.content_safety [FOLDER]` (or CONTENT_DATA). Without data it says so and stops.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import content_cost
from safety.contract.content import find
from safety.contract.pii import find_pii
from safety.contract.stop_request import detect_stop
from safety.contract.validate import validate_action
from tools.learn_stops import BREAK

DEFAULT = "../shared/data/content"
BUSINESS = Path(__file__).resolve().parent.parent / "safety/contract/tests/business_mail.txt"
OWN = Path(__file__).resolve().parent / "own_text.tsv"  # set, family or none, kind, text
STOPS = Path(__file__).resolve().parent / "stop_text.tsv"  # set, language, stop or none, text
HELD = Path(__file__).resolve().parent / "stop_held.tsv"  # language, stop or none, text: not learnt
ANSWERS = Path(__file__).resolve().parent / "stop_answers.tsv"  # set, and as above: not learnt
LEANS = Path(__file__).resolve().parent / "leaning_held.tsv"  # set, lean or none, kind, text
LETTER = "Dear Mira,\n\n{}\n\nBest regards,\nAnna Miller"
ORDINARY = Path(__file__).resolve().parent / "stop_ordinary.tsv"  # the same, all of them none
LEANING = {
    "emotional_manipulation", "guilt_induction", "dependency_creation", "pressure_tactics",
    "harassment_or_threat",
}  # fmt: skip
AT = "2024-01-17T10:00:00+00:00"
OTHERS = ("sms_spam", "clickbait", "presidio_pii", "clinc_near_stop", "ec_darkpattern")
NAIVE = {
    "urgency_inflation": (
        "urgent|asap|immediately|hurry|act now|limited time|last chance|only \\d+ left|expires"
    ),
    "pressure_tactics": "act now|don't miss|miss out|you need to|you must|people are viewing",
    "guilt_induction": "if you don't|disappointed|after all i|you owe|no thanks, i",
    "clickbait": "you won't believe|shocking|this one trick|what happened next|amazing",
    "dependency_creation": "i need you|only you|can't live without",
}
PII = {
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "US_SSN": "national_id",
    "IP_ADDRESS": "ip",
}


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    path = folder / f"{name}.jsonl"
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def ours(text: str, channel: str, field: str) -> set[str]:
    fields = {"subject": text, "text": "Thank you."} if field == "subject" else {"text": text}
    return {hit.family for hit in find(channel=channel, **fields)}


def naive(text: str) -> set[str]:
    return {family for family, words in NAIVE.items() if re.search(rf"(?i)\b(?:{words})", text)}


def score(
    name: str, family: str, positive: list[str], negative: list[str], channel: str, field: str
) -> None:
    """One line per judge: precision, recall, and how many clean texts it flags."""
    if not positive or not negative:
        return
    judges: dict[str, Callable[[str], set[str]]] = {
        "ours": lambda text: ours(text, channel, field),
        "naive": naive,
    }
    for judge, find_families in judges.items():
        hit = sum(family in find_families(text) for text in positive)
        false = sum(family in find_families(text) for text in negative)
        precision = hit / (hit + false) if hit + false else 0.0
        print(
            f"{name:34} {judge:6} P {precision:.3f}  R {hit / len(positive):.3f}  "
            f"clean flagged {false / len(negative):.4f}  ({len(positive)}/{len(negative)})"
        )


def outcomes(name: str, messages: Iterator[tuple[str, str]], platform: str) -> None:
    """How many harmless messages would be rewritten or blocked."""
    counts: Counter[str] = Counter()
    recipients = {"email": "a@example.org", "whatsapp": "+1234567890"}
    for subject, text in messages:
        payload = {"platform": platform, "recipient": recipients[platform], "content": text}
        if subject:
            payload["subject"] = subject[:900]
        payload["message_type"] = "work_update"
        counts[validate_action(payload, at=AT).outcome] += 1
    total = sum(counts.values())
    if total:
        print(
            f"{name:34} {total} messages: BLOCK {counts['BLOCK'] / total:.4f}  "
            f"BLOCK or REWRITE {(counts['BLOCK'] + counts['REWRITE']) / total:.4f}"
        )


def business() -> Iterator[tuple[str, str]]:
    for line in BUSINESS.read_text("utf-8").splitlines():
        subject, body = line.split(" | ", 1)
        yield subject, f"Hello Anna,\n\n{body}\n\nKind regards,\nTom Baker"


def quality(folder: Path) -> None:
    shop = rows(folder, "ec_darkpattern")
    clean = [row["text"] for row in shop if row["negative"]]
    for family, kinds in (
        ("urgency_inflation", ("Scarcity", "Urgency")),
        ("pressure_tactics", ("Social Proof",)),
        ("guilt_induction", ("Misdirection",)),
    ):
        found = [row["text"] for row in shop if row["orig"] in kinds]
        score(f"shop copy: {family}", family, found, clean, "email", "text")
    heads = rows(folder, "clickbait")
    score(
        "headlines: clickbait",
        "clickbait",
        [row["text"] for row in heads if not row["negative"]],
        [row["text"] for row in heads if row["negative"]],
        "email",
        "subject",
    )
    ham = [row for row in rows(folder, "sms_spam") if row["negative"]]
    outcomes("SMS ham on WhatsApp", (("", row["text"]) for row in ham), "whatsapp")
    templates = rows(folder, "postmark_templates")
    outcomes("mail templates", (("", row["text"]) for row in templates), "email")
    outcomes("business mail (ours)", business(), "email")


def own_quality() -> None:
    """Subjects, shop copy and dialogues of our own, each set written before the rules saw it."""
    groups: dict[tuple[str, str], list[str]] = {}
    for line in OWN.read_text("utf-8").splitlines():
        _, family, kind, text = line.split("\t")
        groups.setdefault((kind, family), []).append(text)
    for (kind, family), texts in sorted(groups.items()):
        wanted = LEANING if kind == "dialogue" else {family}
        field = "subject" if kind == "subject" else "text"
        for name, judge in (("ours", lambda t, f=field: ours(t, "email", f)), ("naive", naive)):
            found = [judge(text) for text in texts]
            hit = sum(bool(f if family == "none" else f & wanted) for f in found)
            words = "clean flagged" if family == "none" else "R"
            label = f"own {kind}: {family}"
            print(f"{label:34} {name:6} {words} {hit / len(texts):.3f}  ({len(texts)})")


def leaning_quality() -> None:
    """Scenes and messages of ours that taught nothing: how many are flagged, and by what."""
    groups: dict[tuple[str, str, str], list[tuple[str, ...]]] = {}
    for line in LEANS.read_text("utf-8").splitlines():
        name, label, kind, text = line.split("\t")
        rules = tuple(hit.rule.id for hit in find(channel="email", text=text))
        groups.setdefault((name, kind, label), []).append(rules)
    for (name, kind, label), found in groups.items():
        whole = sum("leaning.whole" in rules for rules in found) / len(found)
        words = "clean flagged" if label == "none" else "R"
        some = sum(map(bool, found)) / len(found)
        title = f"{kind}s, set {name}: {label}"
        print(f"{title:34} ours   {words} {some:.3f}, as a whole {whole:.3f}  ({len(found)})")


def pii_quality(folder: Path) -> None:
    right = wanted = found = 0
    for row in rows(folder, "presidio_pii"):
        spans = [(a, b) for a, b, kind in json.loads(row["orig"]) if kind in PII]
        named = [(a, b) for a, b, kind in json.loads(row["orig"]) if kind == "US_DRIVER_LICENSE"]
        leaks = [  # a licence number is rightly found, but no pattern kind to be counted here
            leak
            for leak in find_pii(row["text"], signature=False)
            if not any(leak.start < b and a < leak.end for a, b in named)
        ]
        wanted += len(spans)
        found += len(leaks)
        right += sum(any(x.start < b and a < x.end for x in leaks) for a, b in spans)
    if wanted:
        figures = f"P {right / found:.3f}  R {right / wanted:.3f}"
        print(f"{'personal data, pattern kinds':34} ours   {figures}")


def stop_quality(folder: Path) -> None:
    for name in ("clinc_near_stop", "persuasion_for_good", "sms_spam"):
        near = [row for row in rows(folder, name) if row["negative"]]
        kinds = Counter(detect_stop(row["text"]).kind for row in near)
        if near:
            print(f"{'stop, on ' + name:34} {len(near)} texts: {dict(kinds)}")
    lines = ORDINARY.read_text("utf-8").splitlines()
    texts = [line.split("\t")[-1].replace(BREAK, "\n") for line in lines]
    for name, frame in (("ordinary replies of ours", "{}"), ("the same as letters", LETTER)):
        kinds = Counter(detect_stop(frame.format(text)).kind for text in texts)
        print(f"{'stop, on ' + name:34} {len(texts)} texts: {dict(kinds)}")


def own_stops(path: Path) -> None:
    """Recall and false alarms per language on requests to stop of our own."""
    kinds: dict[tuple[str, bool], Counter[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        language, wanted, text = line.split("\t")[-3:]
        counted = kinds.setdefault((language, wanted == "stop"), Counter())
        counted[detect_stop(text.replace(BREAK, "\n")).kind] += 1
    for language in dict.fromkeys(language for language, _ in kinds):
        asked, harmless = kinds[language, True], kinds[language, False]
        false, all_asked, all_harmless = harmless["stop"], asked.total(), harmless.total()
        print(
            f"{f'stop, {path.stem}: {language}':34} R {asked['stop'] / all_asked:.3f}  "
            f"heard as stop in vain {false} of {all_harmless}, "
            f"unclear {asked['unclear']} of {all_asked} and {harmless['unclear']} of {all_harmless}"
        )


def main() -> None:
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CONTENT_DATA", DEFAULT)
    folder = Path(given)
    if not folder.is_dir():
        print(f"content_safety: no labelled text at {folder}; give a folder or set CONTENT_DATA.")
        return
    quality(folder)
    own_quality()
    leaning_quality()
    pii_quality(folder)
    stop_quality(folder)
    own_stops(STOPS)
    own_stops(HELD)
    own_stops(ANSWERS)
    said = (row["text"] for row in rows(folder, "persuasion_for_good") if row["direction"] == "out")
    others = (row["text"] for kind in OTHERS for row in rows(folder, kind))
    content_cost.cost(content_cost.joined(said), content_cost.joined(others), naive)
    content_cost.hostile()


if __name__ == "__main__":
    main()
