"""What a decision costs, beside a naive phrase list, and what text made to hurt costs.

Part of `python -m bench.content_safety`.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterable, Sequence

from safety.contract.content import find
from safety.contract.pii import find_pii
from safety.contract.rulebook import shipped
from safety.contract.validate import validate_action

AT = "2024-01-17T10:00:00+00:00"
# How fast this machine is, told by what the goal was set beside: 60 searches by `re` over 400
# characters took 0.91 ms where a decision was to take 0.3.
WHOLE = "whole contract"
SEARCHES, SEARCHED, GOAL = 60, 400, 0.91 / 0.3


def cost(ours: Sequence[str], others: Sequence[str], naive: Callable[[str], object]) -> None:
    """Whole decisions with history over ordinary text of about 500 characters: of a process that
    has judged a hundred before, and of one that has judged two thousand of other kinds.

    RE2 makes its states as it meets new text, so a new process is dearer. The phrase list is timed
    beside each decision, since the speed of a machine changes.
    """
    third = len(ours) // 3
    timed(ours[:third], naive)
    for title, texts in (
        ("a hundred", ours[third : 2 * third]),
        ("two thousand", ours[2 * third :]),
    ):
        for name, times in timed(texts, naive).items():
            ordered = sorted(times)
            p99 = ordered[int(len(ordered) * 0.99)]
            median = statistics.median(ordered)
            print(f"{f'{name} after {title}':34} median {median:.3f} ms  p99 {p99:.3f} ms")
            if name == WHOLE:
                searched = searches(texts)
                print(
                    f"{f're, {SEARCHES} searches of such texts':34} median {searched:.3f} ms: "
                    f"{searched / median:.2f} times that (goal {GOAL:.2f})"
                )
        timed(others, naive)


def searches(texts: Iterable[str]) -> float:
    """Median milliseconds for as many of our patterns, one after the other, without a sieve."""
    patterns = [each for rule in shipped() for each in rule.patterns][:SEARCHES]
    each_of = [re.compile(each, re.IGNORECASE | re.MULTILINE) for each in patterns]
    took = []
    for text in texts:
        start = time.process_time()
        for each in each_of:
            each.search(text[:SEARCHED])
        took.append((time.process_time() - start) * 1000)
    return statistics.median(took)


def joined(texts: Iterable[str]) -> list[str]:
    """Texts of about 500 characters, of seven each that follow each other."""
    given = list(texts)
    return [" ".join(given[i : i + 7])[:500] for i in range(0, len(given) - 7, 3)]


def timed(texts: Iterable[str], naive: Callable[[str], object]) -> dict[str, list[float]]:
    """Milliseconds that each way takes for each text, one way after the other."""
    history = [
        {"platform": "email", "at": f"2024-01-16T{at}:00+00:00", "direction": way, "content": text}
        for at, way, text in (("09:00", "out", "Hi"), ("11:00", "in", "Ok"))
    ]
    payload = {"platform": "email", "recipient": "a@example.org"}
    ways: dict[str, Callable[[str], object]] = {
        WHOLE: lambda text: validate_action({**payload, "content": text}, at=AT, history=history),
        "content rules again": lambda text: find(channel="email", text=text),
        "naive list": naive,
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for text in texts:
        for name, run in ways.items():
            start = time.process_time()
            run(text)
            took[name].append((time.process_time() - start) * 1000)
    return took


def hostile() -> None:
    """100 kB made to hurt, one after the other, as a cold start sees it."""
    find_pii("+1 512 757 6000, 4111 1111 1111 1112")  # what the libraries read once
    words = "act now last chance only left you need to respond if you don't reply people are "
    for name, text in (
        ("words of the rules", words * 1250),
        ("one letter spaced", "u r g e n t " * 8400),
        ("letters tied", "u_r_g_e_n_t " * 8400),
        ("zero-width", "a\u200b" * 33000),
        ("unclosed tags", "<b " * 33000),
        ("digits for letters", "4ct n0w " * 12500),
        ("marks", "!!! " * 25000),
        ("capitals", "AB " * 33000 + "x!"),
        ("capitals tied", "I'" * 49000 + "!"),
        ("dashes", "--\n" * 33000),
        ("cards tied", "4111-" * 20000),
        ("cards spaced", "4111 " * 20000),
    ):
        times: list[float] = []
        for run in (lambda given: find(channel="email", text=given), find_pii):
            start = time.process_time()
            run(text[:100_000])
            times.append((time.process_time() - start) * 1000)
        told = f"{times[0]:.1f} ms, personal data {times[1]:.1f} ms"
        print(f"{'hostile 100 kB: ' + name:34} {told}")
