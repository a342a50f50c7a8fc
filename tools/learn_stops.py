"""Learn the weights of requests to stop anew: `python -m tools.learn_stops`.

Needs `pip install -r requirements-learn.txt`. Learns from `bench/stop_replies.tsv`,
`bench/stop_text.tsv` and the examples of `rules/stops.toml`, from other text of ours, and from the
small talk of chatterbot-corpus; writes `rules/stop_weights.tsv`. The same input gives the same
file. The text we measure on (labelled public text, `bench/stop_held.tsv`) teaches nothing.

A text counts as the stretch of it that reads most like a request (`likeness.stretches`): a long
mail asks in one sentence. Which one is guessed, learnt from, and guessed again.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safety.contract.likeness import WEIGHTS, features, stretches
from safety.contract.rulebook import RULES_DIR
from safety.contract.stop_request import without_orders
from tools.steps import ROOT, say

OURS = (ROOT / "bench/stop_replies.tsv", ROOT / "bench/stop_text.tsv")
RULES = RULES_DIR / "stops.toml"
MAIL = ROOT / "safety/contract/tests/business_mail.txt"
TEXT = ROOT / "bench/own_text.tsv"
LANGUAGES = (
    "english", "spanish", "french", "german", "italian", "portuguese", "chinese",
    "traditionalchinese",
)  # fmt: skip
GUESSES = 3
BREAK = " ⏎ "  # the end of a line within an example
STRICTNESS = 30.0  # the inverse of scikit-learn's regularisation, chosen on a part of our examples
LEAST = 0.3  # smaller weights are left out: they change no answer and make half of the file

Example = tuple[str, bool]


def ours() -> list[Example]:
    """The examples in the repository: (text, whether it asks us to stop)."""
    lines = [line.split("\t") for path in OURS for line in path.read_text("utf-8").splitlines()]
    listed = tomllib.loads(RULES.read_text("utf-8"))["examples"]
    found = [(line[-1].replace(BREAK, "\n"), line[-2] == "stop") for line in lines]
    return found + [(text, kind == "stop") for kind in ("stop", "none") for text in listed[kind]]


def small_talk() -> Iterator[Example]:
    """Harmless sentences in each language."""
    import yaml

    found = find_spec("chatterbot_corpus")
    if found is None or found.origin is None:
        raise SystemExit("chatterbot-corpus is missing: pip install -r requirements-learn.txt")
    for language in LANGUAGES:
        for path in sorted((Path(found.origin).parent / "data" / language).glob("*.yml")):
            for talk in yaml.safe_load(path.read_text("utf-8")).get("conversations", []):
                yield from ((text, False) for text in talk if isinstance(text, str))


def ordinary() -> Iterator[Example]:
    """Business mail and other harmless or pushing text of ours: nobody in it asks us to stop."""
    for line in MAIL.read_text("utf-8").splitlines():
        yield line.split(" | ", 1)[-1], False
    for line in TEXT.read_text("utf-8").splitlines():
        yield line.split("\t")[-1], False


def learn(examples: list[Example]) -> dict[str, float]:
    """A weight for each feature that stands in two examples; "" is the intercept."""
    from sklearn.linear_model import LogisticRegression

    parts = [_parts(text) for text, _ in examples]
    seen = Counter(each for sets in parts for each in set().union(*sets))
    places = {each: at for at, each in enumerate(sorted(k for k, n in seen.items() if n > 1))}
    chosen = [sets[-1] for sets in parts]
    model = LogisticRegression(C=STRICTNESS, max_iter=1_000)
    for _ in range(GUESSES):
        rows, answers = [], []
        for sets, best, (_, asks) in zip(parts, chosen, examples, strict=True):
            rows += [best] if asks else sets
            answers += [asks] * (1 if asks else len(sets))
        model.fit(_matrix(rows, places), answers)
        for at, (sets, (_, asks)) in enumerate(zip(parts, examples, strict=True)):
            if asks and len(sets) > 1:
                chosen[at] = sets[int(model.decision_function(_matrix(sets, places)).argmax())]
    weights = {each: float(model.coef_[0][at]) for each, at in places.items()}
    return {"": float(model.intercept_[0]), **weights}


def _parts(text: str) -> list[set[str]]:
    folded = without_orders(text)
    sets = [features(folded[start:end]) for start, end in stretches(folded)]
    return [each for each in sets if each] or [set()]


def _matrix(rows: list[set[str]], places: dict[str, int]) -> Any:
    """One row for each set, as `likeness` counts: each feature by the root of their number."""
    from scipy.sparse import csr_matrix

    ends, columns, values = [0], [], []
    for row in rows:
        known = sorted(places[each] for each in row if each in places)
        columns += known
        values += [1 / max(1, len(row)) ** 0.5] * len(known)
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), shape=(len(rows), len(places)))


def told(weights: dict[str, float]) -> str:
    """The file: what it was learnt from, then a weight and its feature a line."""
    kept = {each: w for each, w in weights.items() if abs(w) >= LEAST or not each}
    lines = [f"{w:.2f}\t{each}" for each, w in sorted(kept.items())]
    return "\n".join([f"# learnt from {digest()}", *lines]) + "\n"


def digest() -> str:
    """What text of ours was learnt from, so that a test sees weights older than it."""
    files = (*OURS, RULES, MAIL, TEXT)
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def main() -> None:
    examples = [*ours(), *small_talk(), *ordinary()]
    examples = list(dict.fromkeys(examples))
    asking = sum(asks for _, asks in examples)
    say(f"{len(examples)} texts, {asking} of them ask us to stop")
    text = told(learn(examples))
    WEIGHTS.write_text(text, "utf-8")
    say(f"{WEIGHTS.relative_to(ROOT)}: {text.count(chr(10)) - 1} weights, {len(text) // 1024} kB")


if __name__ == "__main__":
    main()
