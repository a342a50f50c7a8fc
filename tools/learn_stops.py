"""Learn the weights of requests to stop anew: `python -m tools.learn_stops`.

Needs `pip install -r requirements-learn.txt`. Learns from `bench/stop_replies.tsv`,
`bench/stop_text.tsv` and the examples of `rules/stops.toml`, from other text of ours, and from the
small talk of chatterbot-corpus; writes `rules/stop_weights.tsv`. The text we measure on (labelled
public text, `bench/stop_held.tsv`, `stop_answers.tsv`) teaches nothing.

The same input gives the same file, whatever PYTHONHASHSEED, the number of threads and the
processor, with scikit-learn 1.8.0 too. requirements-learn.txt pins what the next version may
change, and the file's second line names it. One example more or less gives a model that begins
elsewhere, and holds other texts.

Each example is learnt from as a whole; they are about as long as the stretches that a long text is
read in (`likeness.stretches`).
"""

from __future__ import annotations

import hashlib
import tomllib
import warnings
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safety.contract.likeness import WEIGHTS, features
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
BREAK = " ⏎ "  # the end of a line within an example
# Of a single sum the texts of other writers are heard worse, more than two opinions of one model
# hear no more, and more rounds learn the examples by heart (decision 0019).
OPINIONS, ROUNDS, STRICTNESS, STEP, BATCH = 2, 6, 3e-4, 3e-3, 128
SEEDS = (4, 13, 9)  # a model each; what one hears or doubts by chance the others outvote
MADE_WITH = ("scikit-learn", "numpy", "scipy")
LEAST = 25  # hundredths; features without a larger weight change no answer

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


def learn(examples: list[Example]) -> Any:
    """(weights of each feature, what each opinion begins with, whether it counts for or against,
    what is added), in hundredths: the mean of what a model of each seed has learnt."""
    places, matrix = counted([features(without_orders(text)) for text, _ in examples])
    asked = [asks for _, asks in examples]
    models = [fitted(matrix, asked, seed) for seed in SEEDS]
    part = 100 / len(models)
    # An opinion that counts twice is the same as one with twice the weights: only a sign is left.
    lasts = [abs(model.coefs_[1][:, 0]) * part for model in models]
    firsts = [model.coefs_[0] * last for model, last in zip(models, lasts, strict=True)]
    begins = [model.intercepts_[0] * last for model, last in zip(models, lasts, strict=True)]
    counts = [1 if each > 0 else -1 for model in models for each in model.coefs_[1][:, 0]]
    words = {each: [round(w) for first in firsts for w in first[at]] for each, at in places.items()}
    base = sum(float(model.intercepts_[1][0]) for model in models) * part
    return words, [round(w) for begin in begins for w in begin], counts, round(base)


def fitted(matrix: Any, asked: list[bool], seed: int) -> Any:
    """A model of two opinions, learnt from rows of features and whether each asks us to stop."""
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    model = MLPClassifier(
        (OPINIONS,), alpha=STRICTNESS, max_iter=ROUNDS, random_state=seed, learning_rate_init=STEP,
        batch_size=BATCH,
    )  # fmt: skip
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would go on learning
        model.fit(matrix, asked)
    return model


def counted(rows: list[set[str]]) -> tuple[dict[str, int], Any]:
    """(the column of each feature, a row for each set), as `likeness` and `leaning` count: each
    feature by the root of their number. Features that stand in one set only are left out."""
    from scipy.sparse import csr_matrix

    seen = Counter(each for row in rows for each in row)
    places = {each: at for at, each in enumerate(sorted(k for k, n in seen.items() if n > 1))}
    ends, columns, values = [0], [], []
    for row in rows:
        known = sorted(places[each] for each in row if each in places)
        columns += known
        values += [1 / max(1, len(row)) ** 0.5] * len(known)
        ends.append(len(columns))
    return places, csr_matrix((values, columns, ends), shape=(len(rows), len(places)))


def told(learnt: Any, made_with: str) -> str:
    """The file: what it was learnt from and with, then a feature and its weights a line."""
    words, begin, counts, base = learnt
    rows = [("BEGIN", begin), ("COUNTS", counts), ("BASE", [base])]
    rows += [(each, w) for each, w in sorted(words.items()) if max(map(abs, w)) >= LEAST]
    lines = [f"{each}\t{' '.join(map(str, numbers))}" for each, numbers in rows]
    return "\n".join([f"# learnt from {digest()}", f"# with {made_with}", *lines]) + "\n"


def digest() -> str:
    """What text of ours was learnt from, so that a test sees weights older than it."""
    files = (*OURS, RULES, MAIL, TEXT)
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def main() -> None:
    examples = [*ours(), *small_talk(), *ordinary()]
    examples = list(dict.fromkeys(examples))
    asking = sum(asks for _, asks in examples)
    say(f"{len(examples)} texts, {asking} of them ask us to stop")
    made_with = ", ".join(f"{name} {version(name)}" for name in MADE_WITH)
    text = told(learn(examples), made_with)
    WEIGHTS.write_text(text, "utf-8")
    say(f"{WEIGHTS.relative_to(ROOT)}: {text.count(chr(10)) - 5} features, {len(text) // 1024} kB")


if __name__ == "__main__":
    main()
