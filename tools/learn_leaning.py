"""Learn the weights of texts that work on their reader anew: `python -m tools.learn_leaning`.

Needs `pip install -r requirements-learn.txt`. Learns from `bench/leaning.tsv` (scenes and
messages), from the older scenes of `bench/own_text.tsv`, and from everyday English and business
mail of ours, where nobody is worked on; writes `rules/leaning_weights.tsv`. The same input gives
the same file. What we measure on (`bench/leaning_held.tsv`, labelled public text) teaches nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from safety.contract.leaning import BASE, WEIGHTS, features
from safety.contract.normalise import fold
from tools.learn_stops import BREAK, MAIL, OURS, TEXT, counted
from tools.steps import ROOT, say

SCENES = ROOT / "bench/leaning.tsv"
TEACH = ("a", "b", "c")  # of the older scenes; the others measure
STRICTNESS = 1 / 30
LEAST = 80  # hundredths; without the smaller weights as many are found

Example = tuple[str, bool]


def examples() -> list[Example]:
    """(text in small letters, whether it works on its reader), the same each time."""
    scenes = [line.split("\t") for line in SCENES.read_text("utf-8").splitlines()]
    found = [(text, label == "lean") for label, _, text in scenes]
    older = [line.split("\t") for line in TEXT.read_text("utf-8").splitlines()]
    found += [
        (text, family != "none")
        for where, family, kind, text in older
        if kind == "dialogue" and where in TEACH
    ]
    found += [(line.split(" | ", 1)[-1], False) for line in MAIL.read_text("utf-8").splitlines()]
    replies = [line.split("\t") for path in OURS for line in path.read_text("utf-8").splitlines()]
    found += [(row[-1].replace(BREAK, "\n"), False) for row in replies if row[-3] == "en"]
    return [(fold(text).cased.lower(), leans) for text, leans in dict.fromkeys(found)]


def learn(rows: list[Example]) -> dict[str, int]:
    """Weights in hundredths."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    places, matrix = counted([features(text) for text, _ in rows])
    model: Any = LogisticRegression(C=1 / STRICTNESS, max_iter=5_000)
    with threadpool_limits(1):  # of more threads the sums differ in their last digits
        model.fit(matrix, [leans for _, leans in rows])
    weights = {each: round(model.coef_[0][at] * 100) for each, at in places.items()}
    kept = {each: weight for each, weight in sorted(weights.items()) if abs(weight) >= LEAST}
    return {BASE: round(float(model.intercept_[0]) * 100), **kept}


def digest() -> str:
    """What text of ours was learnt from, so that a test sees weights older than it."""
    files = (SCENES, TEXT, MAIL, *OURS)
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def main() -> None:
    rows = examples()
    say(f"{len(rows)} texts, {sum(leans for _, leans in rows)} of them work on their reader")
    lines = [f"{each}\t{weight}" for each, weight in learn(rows).items()]
    WEIGHTS.write_text("\n".join([f"# learnt from {digest()}", *lines]) + "\n", "utf-8")
    size = WEIGHTS.stat().st_size // 1024
    say(f"{WEIGHTS.relative_to(ROOT)}: {len(lines) - 1} features, {size} kB")


if __name__ == "__main__":
    main()
