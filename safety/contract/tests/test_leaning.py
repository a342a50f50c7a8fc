"""What has been learnt about texts that work on their reader as a whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.contract import leaning as module
from safety.contract import signs
from safety.contract.content import check_content, find
from safety.contract.leaning import BASE, LEANS, LEAST, READ, features, heaviest, leaning, parse
from safety.contract.log import result_words
from safety.contract.validate import validate_action
from safety.verdict import Level
from tools import learn_leaning

BENCH = Path(__file__).resolve().parents[3] / "bench"
PAGE = Path(__file__).resolve().parents[3] / "docs/content-rules.md"
HELD = [
    line.split("\t") for line in (BENCH / "leaning_held.tsv").read_text("utf-8").splitlines()
]  # set, lean or none, scene or message, text: nothing was learnt from it
RULE = "leaning.whole"
LEANING = (
    "I gave up two weekends for your proposal and I never asked you for anything. I suppose that "
    "means nothing to you. I only thought you were somebody who keeps a promise."
)


REMAINDER = LEANING.partition("anything. ")[2]  # what a rewrite may leave


@pytest.fixture
def weights(monkeypatch):
    """`weights(base, {...})`: these in place of the learnt ones, in hundredths."""

    def use(base: int, words: dict[str, int]) -> None:
        monkeypatch.setattr(module, "_weights", lambda: {BASE: base, **words})

    return use


def test_features_are_words_marks_and_two_in_a_row():
    assert features("don't go! why?") == {
        "don't", "go", "!", "why", "?", "don't go", "go !", "! why", "why ?"
    }  # fmt: skip
    assert features("··· 12 …") == set() and features("a a") == {"a", "a a"}


def test_the_number_is_the_sum_over_the_root_of_how_many(weights):
    weights(-150, {"you": 300, "you owe": 1_000, "owe": -50, "elsewhere": 9_999})
    text = "you owe me a lot of it now"
    found = features(text)
    assert len(found) == 15
    assert leaning(text) == pytest.approx((-150 + 1_250 / 15**0.5) / 100)


def test_fewer_words_are_no_whole(weights):
    weights(9_000, {})
    assert LEAST == 8
    assert leaning("one two three four five six seven") == leaning("") == -100.0
    assert leaning("one two three four five six seven eight") == 90.0


def test_of_a_long_text_the_beginning_is_read(weights):
    weights(0, {"guilt": 100_000})
    assert READ == 3_000
    before = "word " * 598  # 2,990 characters
    assert leaning(f"{before} guilt") > 0
    assert leaning(f"{before}{before} guilt") == 0
    assert heaviest(before + ". " * 10 + "guilt.")[0] < READ


def test_the_heaviest_sentence_is_shown(weights):
    weights(0, {"owe": 500, "thanks": -900})
    text = "hello you. thanks, you owe me!\nyou owe me. bye"
    assert text[slice(*heaviest(text))] == "you owe me."
    assert heaviest("") == (0, 0)


@pytest.mark.parametrize("channel", ["email", "whatsapp", "linkedin"])
def test_a_text_that_leans_needs_a_person_and_is_not_blocked(channel):
    given = check_content(channel=channel, purpose="work_update", subject="Hello", text=LEANING)
    (found,) = [each for each in given.findings if each.rule == RULE]
    assert given.level == Level.REVIEW and found.status == "warn"
    first, last = found.span
    assert found.text == LEANING[first:last]
    assert found.text == "I only thought you were somebody who keeps a promise."
    assert found.family == "emotional_manipulation"


def test_the_threshold_itself_is_no_finding(weights):
    weights(round(LEANS * 100), {})
    assert not _is_found("One two three four five six seven eight.")
    weights(round(LEANS * 100) + 1, {})
    assert _is_found("One two three four five six seven eight.")


def test_what_they_wrote_and_a_subject_are_not_weighed():
    text = f"Thank you, I will look into it.\n\n> {LEANING}"
    assert not _is_found(text, received=(LEANING,))
    assert not [hit for hit in find(channel="email", subject=LEANING, text="Thank you.")
                if hit.rule.id == RULE]  # fmt: skip


SIGNED = "\n\nBest regards,\nMira Keller\nHead of Sales, Example Ltd"
FOOTER = (
    "\n\n-- \nMira Keller \u00b7 Example Ltd, 1 Example Street, Sampletown\n"
    "If you would rather not hear from us, reply \u201cstop\u201d and we will not write again."
)
WOULD = "would rather not hear from us"


@pytest.mark.parametrize("below", [SIGNED, FOOTER, SIGNED + FOOTER])
def test_signature_and_footer_do_not_water_it_down(below):
    given = [hit for hit in find(channel="email", text=LEANING + below) if hit.rule.id == RULE]
    alone = [hit for hit in find(channel="email", text=LEANING) if hit.rule.id == RULE]
    assert given == alone and len(alone) == 1


@pytest.mark.parametrize(
    "above",
    [
        "Hello Anna,\n\n", "\n  Hi there\n", "Dear Mr Li:\n", "good morning TEAM \u2013\r\n\r\n",
        "Hey!\n", "hello anna\n", "HELLO ANNA!\n", "Dear Mr. and Mrs. O'Brien-Smith,\n",
        "Hi Zo\u00eb & Bob \U0001f642\n", "Dear J. K. Rowling,\n", "Hello \u674e\u660e,\n",
        "Dear Sir or Madam,\n", "\u2014 Hi again, Anna.\n", "Greetings, my friends -\n",
        "Dear A B C D E,\n",
    ],
)  # fmt: skip
def test_a_greeting_on_a_line_of_its_own_does_not_water_it_down(weights, above):
    text = "You promised. We waited all evening in the rain, again."
    enough = int(LEANS * 100 * len(features(text.lower())) ** 0.5) + 1  # one feature more: too few
    weights(0, {"promised": enough})
    (alone,) = find(channel="email", text=text)
    (found,) = find(channel="email", text=above + text)
    assert (alone.rule.id, alone.quote) == (RULE, "You promised.")
    assert (found.rule.id, found.quote, found.start) == (RULE, "You promised.", len(above))


@pytest.mark.parametrize(
    "above",
    [
        "Hello Anna, you lied.\n", "HEY YOU LIED TO ME\n", "Hey, you lied\n", "Hello. You lied.\n",
        "Hi Anna. You Lied.\n", "Hello, lied?\n", "I lied, hello\n", "Hi A B C D E lied\n",
        "Hi Ann lied\n", "Himlied Anna,\n", "Hello lied ", "Hi lied9 Anna\n", "Hi AnnA lied\n",
        "Hi mrs lied\n", "Good lied,\n", "Hi, LieD Anna\n",
    ],
)  # fmt: skip
def test_a_sentence_above_the_text_is_weighed(weights, above):
    weights(0, {"lied": 9_000, "himlied": 9_000})
    text = "We waited all evening in the rain, again."
    assert _is_found(above + text) and not _is_found(text)


def test_no_word_of_a_greeting_or_signature_is_weighed(weights):
    weights(0, {"keller": 90_000})
    assert _is_found("We met Mira Keller at the fair last week, as you know.")
    assert not _is_found("We met at the fair last week, as you know." + SIGNED)
    assert not _is_found("Dear Mira Keller,\n\nWe met at the fair last week, as you know.")


def test_the_log_says_that_a_person_looks_first():
    payload = {"platform": "email", "recipient": "a@example.org", "subject": "Proposal"}
    said = []
    for text in (REMAINDER, "Thank you for the minutes of Monday, they are complete."):
        case = {**payload, "content": text, "message_type": "work_update"}
        said.append(result_words(validate_action(case, at="2024-01-17T10:00:00+00:00")))
    assert said[0] == "Message would be sent, once a person has looked at it"
    assert said[1] == "Message would be sent"


def test_the_footer_makes_no_text_long():
    """Two weak signs are enough in up to fifty words; the program's own below count for none."""
    weak = "Trust me, it is easy. If I were you I would sign it in March."
    long = FOOTER.replace("Street", "Street " + "and more " * 30)
    ours = [(hit.rule.id, hit.quote) for hit in find(channel="email", text=weak)]
    assert len(ours) == 2 and all(rule == "manipulation.leaning" for rule, _ in ours)
    assert ours == [(hit.rule.id, hit.quote) for hit in find(channel="email", text=weak + long)]
    assert not find(channel="email", text=weak + " We met on a bus." * 12)


@given(
    st.lists(
        st.sampled_from(["--", " -- \t", "x", "", " ", WOULD, f"We {WOULD} again"]), max_size=14
    )
)
def test_the_footer_is_found_where_its_pattern_finds_it(lines):
    """Only the last lines are looked through, so that a hundred thousand dashes cost nothing."""
    text = "\n".join(lines)
    found = signs.FOOTER.search(text)
    assert signs.footer_of(text) == (found.start() if found else len(text))


def test_a_text_without_a_line_of_dashes_has_no_footer():
    assert signs.footer_of(f"We {WOULD} again") == len(f"We {WOULD} again")


def test_disguised_letters_hide_nothing():
    assert _is_found(LEANING.replace("o", "\u043e").replace("e", "e\u200b"))


def test_each_line_is_a_number():
    assert parse("# said\nyou owe\t12\nBASE\t-5\n") == {"you owe": 12, "BASE": -5}


def test_the_weights_were_learnt_from_the_examples_that_are_here():
    first = module.WEIGHTS.read_text("utf-8").partition("\n")[0]
    assert first == f"# learnt from {learn_leaning.digest()}", (
        "python -m tools.learn_leaning (docs/content-rules.md)"
    )


def test_nothing_we_measure_on_was_learnt_from():
    taught = {text.lower() for text, _ in learn_leaning.examples()}
    assert not [text for *_, text in HELD if text.lower() in taught]


def test_the_page_tells_how_well_it_does():
    """Each set's row of docs/content-rules.md, to the text."""
    told: dict[tuple[str, str], Counter[str]] = {}
    for name, label, _, text in HELD:
        hits = find(channel="email", text=text)
        told.setdefault((name, label), Counter())["all"] += 1
        told[name, label]["whole"] += any(hit.rule.id == RULE for hit in hits)
        told[name, label]["any"] += bool(hits)
    page = PAGE.read_text("utf-8")
    for (name, label), count in told.items():
        row = f"| {name}, `{label}` | {count['all']} | {count['whole']} | {count['any']} |"
        assert row in page, row
    leaning = [text for _, label, kind, text in HELD if (label, kind) == ("lean", "message")]
    below = sum(_is_found(f"Hello Anna,\n\n{text}") for text in leaning)
    beside = sum(_is_found(f"Hello Anna, {text}") for text in leaning)
    assert f"of the {len(leaning)} messages that lean {below} are found" in page
    assert f"{beside} behind it" in page


def _is_found(text: str, *, received: tuple[str, ...] = ()) -> bool:
    return any(hit.rule.id == RULE for hit in find(channel="email", text=text, received=received))
