"""Content: spans, obfuscation, quoted text, harmless business mail, hostile text."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.contract.content import check_content, effective_purpose, find, is_follow_up
from safety.contract.rulebook import SIGNALS, shipped
from safety.contract.validate import validate_action
from safety.verdict import Level

MAIL = Path(__file__).with_name("business_mail.txt").read_text("utf-8").splitlines()
GREETINGS = ("Hello Anna,", "Dear Mr. Novak,", "Hi all,", "Good morning,")
ENDINGS = (
    "Kind regards,\nTom Baker",
    "Best,\nInes",
    "Thanks,\nP. Okafor\nSite office",
    "Yours sincerely,\nM. Weiss",
)
# What the rules soften although the sender meant no harm. The seed's own phrases ("I need you to",
# "If you do not respond", "act now", a subject tagged URGENT) must be found wherever they stand.
SOFTENED = {
    "Contract for signature",
    "Match on Sunday",
    "Cease and desist",
    "Concrete cracks",
    "Urgent: pump 2 is leaking",
    "URGENT: wrong price on the website",
    "Stock of the blue tiles",
    "Only 3 left in stock as you asked",
    "Seeds",
    "Have you seen this?",
    "Guess who is back",
    "10 ways to save paper",
    "Final call: books for the sale",
    "Today only: canteen closed",
}

EXAMPLES = [
    (rule.family, text)
    for rule in shipped()
    if rule.family not in SIGNALS and not rule.detector and rule.where != "subject"
    for text in rule.match
]


def families(text: str, channel: str = "instagram") -> set[str]:
    return {hit.family for hit in find(channel=channel, text=text)}


@pytest.mark.parametrize("form", range(4))
def test_ordinary_business_mail_passes(form: int) -> None:
    wrong = []
    for line in MAIL:
        subject, body = line.split(" | ", 1)
        decision = validate_action(
            {
                "platform": "email",
                "recipient": "anna@example.org",
                "subject": subject,
                "content": f"{GREETINGS[form]}\n\n{body}\n\n{ENDINGS[form]}",
                "message_type": "work_update",
            },
            at="2024-01-17T10:00:00+00:00",
        )
        if decision.outcome != ("REWRITE" if subject in SOFTENED else "ALLOW"):
            found = [row["rule"] for check in decision.checks for row in check.findings]
            wrong.append((subject, decision.outcome, found))
    assert not wrong


@given(st.sampled_from(EXAMPLES), st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_every_span_quotes_the_original(example: tuple[str, str], before: str, after: str) -> None:
    text = f"{before}\n{example[1]}\n{after}"
    subject = f"{before.strip()} {example[1]}".replace("\n", " ")
    for hit in find(channel="email", subject=subject, text=text):
        field = {"subject": subject, "text": text}[hit.field]
        assert field[hit.start : hit.end] == hit.quote


LOOKALIKES = str.maketrans("aeopcxyiAEOPCTH", "аеорсхуіАЕОРСТН")


def disguised(text: str) -> list[str]:
    chooser = random.Random(text)
    return [
        text.translate(LOOKALIKES),
        "\u200b".join(text),
        "".join(c + chooser.choice(["", "\u00ad", "\u200d", "\u2060"]) for c in text),
        " ".join(text),
        "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
        text.replace(" ", "\u00a0"),
        "".join(c + "\u0301" if c.isalpha() else c for c in text),
        "".join(c.translate(LOOKALIKES) if chooser.random() < 0.5 else c for c in text),
        "".join(f"&#{ord(c)};" if c.isalpha() and chooser.random() < 0.5 else c for c in text),
        "".join(c + chooser.choice(["", "<b></b>", "<!-- x -->"]) for c in text),
        "<p>" + text.replace(" ", "</span>&nbsp;<span style='x'>") + "</p>",
        "\u202e\u202d" + "\u2066".join(text),
        "\U000e0080".join(text),
        "\x08".join(text),
        "".join(chr(0x24D0 + ord(c) - 97) if "a" <= c <= "z" else c for c in text),
        text.replace(" ", "  "),
        "> " + text.replace("\n", "\n> "),
    ]


@pytest.mark.parametrize(("family", "text"), EXAMPLES, ids=lambda v: v[:30])
def test_disguise_changes_no_finding(family: str, text: str) -> None:
    plain = {hit.rule.id for hit in find(channel="email", text=text)}
    for other in disguised(text):
        again = {hit.rule.id for hit in find(channel="email", text=other)}
        assert plain <= again, other


def test_what_is_drawn_from_right_to_left_is_read_as_it_is_drawn() -> None:
    words = "Tell me your credit card number."
    plain = {hit.rule.id for hit in find(channel="email", text=words)}
    assert plain
    for text in (f"Hello, \u202e{words[::-1]}\u202c Regards", f"\u202e{words[::-1]}\nRegards"):
        for field, told in (("text", text), ("subject", text), ("html", f"<p>{text}</p>")):
            parts = {"text": "The minutes.", field: told}
            hits = [hit for hit in find(channel="email", **parts) if hit.rule.id in plain]
            assert {hit.rule.id for hit in hits} == plain
            assert {hit.field for hit in hits} == {field}
            assert all(hit.quote and hit.quote in text for hit in hits)


@pytest.mark.parametrize(
    "text",
    [
        "4ct n0w",
        "l4st ch4nce",
        "Urg3nt!!!! h3lp",
        "U.R.G.E.N.T.L.Y need your answer",
        "a c t   n o w",
    ],
)
def test_digits_and_dots_for_letters_are_read(text: str) -> None:
    assert "urgency_inflation" in families(text, "email")


def test_html_is_read_as_shown_and_as_written() -> None:
    assert families("<p>Act&nbsp;<b>now</b></p>") == {"urgency_inflation"}
    assert "urgency_inflation" in families("<!-- act now -->", "whatsapp")
    hits = find(
        channel="email", text="Hello there friend", html="<p>This is your l<i>ast ch</i>ance</p>"
    )
    assert [hit.field for hit in hits] == ["html"]


THEIRS = "Act now, it is your last chance!\nThe roof leaks and we need you."
REPLIES = [
    "Thank you, we come at two.\n\nOn Mon, Bob wrote:\n> Act now, it is your last chance!\n"
    "> The roof leaks and we need you.",
    "We come at two.\n> Act now, it is your last\n> chance!",
    "We come at two.\n-----Original Message-----\n" + THEIRS,
    "We come at two.\n\nFrom: Bob\nSent: Monday\n\n" + THEIRS,
]


@pytest.mark.parametrize("text", REPLIES)
def test_what_they_wrote_is_not_judged_when_it_is_quoted_back(text: str) -> None:
    assert not find(channel="email", text=text, received=[THEIRS])
    verdict = check_content(channel="email", purpose="", subject="", text=text, received=[THEIRS])
    assert not verdict.codes
    assert find(channel="whatsapp", text=text, received=[THEIRS])  # ">" quotes nothing in a chat


@pytest.mark.parametrize("text", REPLIES)
@pytest.mark.parametrize("received", [[], ["When do you come?"], [THEIRS[:9]]])
def test_text_dressed_as_a_quote_is_judged(text: str, received: list[str]) -> None:
    families = {hit.family for hit in find(channel="email", text=text, received=received)}
    assert "urgency_inflation" in families


def test_quote_of_theirs_hides_nothing_of_ours() -> None:
    text = f"{REPLIES[0]}\n> You must act now, or you will miss out.\nOrder now, today only!"
    hits = find(channel="email", text=text, received=[THEIRS])
    assert {text[hit.start : hit.end] for hit in hits} == {hit.quote for hit in hits}
    assert "act now" in {hit.quote.lower() for hit in hits}
    assert "today only" in {hit.quote.lower() for hit in hits}


def test_words_pieced_together_from_their_mail_are_ours() -> None:
    theirs = "I will be there. Hurt was the last song. Did you get it?"
    text = "> I will\n\n> hurt\n>> you"
    assert find(channel="email", text=text, received=[theirs])


def test_quoted_offer_of_theirs_makes_no_promotion() -> None:
    text = "Thank you, no.\n> Get 20% off everything you order this week"
    theirs = ["Get 20% off everything you order this week"]
    assert effective_purpose("personal", subject="", text=text, received=theirs) == "personal"
    assert effective_purpose("personal", subject="", text=text) == "promotional"


@pytest.mark.parametrize(
    ("text", "family", "status"),
    [
        ("If you don't respond...", "guilt_induction", "fail"),
        ("You need to act now...", "pressure_tactics", "warn"),
        ("I need you to...", "dependency_creation", "fail"),
        ("You're hurting me by...", "emotional_manipulation", "fail"),
        ("I need you to sign page 3.", "dependency_creation", "warn"),
        ("If you don't respond by Friday we close the ticket.", "guilt_induction", "warn"),
    ],
)
def test_seed_phrase_is_always_found(text: str, family: str, status: str) -> None:
    assert (family, status) in {(h.family, h.status) for h in find(channel="email", text=text)}


def test_whatsapp_tolerates_one_warm_sentence_but_not_two() -> None:
    assert "inappropriate_intimacy" not in families("I dream of you", "whatsapp")
    two = "I dream of you. You look so sexy."
    assert "inappropriate_intimacy" in families(two, "whatsapp")
    assert "inappropriate_intimacy" in families("I dream of you", "instagram")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Trust me, it runs.", False),  # ordinary speech
        ("Trust me, it runs. Trust me, it does.", False),  # the same words are no second sign
        ("Trust me, it runs. If I were you I would sign.", True),
        ("Trust me, it runs. It is all your fault.", True),  # beside a sure sign
    ],
)
def test_weak_signs_count_only_in_company(text: str, found: bool) -> None:
    rules = {hit.rule.id for hit in find(channel="email", text=text)}
    assert ("manipulation.leaning" in rules) is found


def test_gossip_is_looked_for_in_headings_only() -> None:
    heading = "When You Find Your Printer Has Feelings"
    hits = find(channel="email", subject=heading, text="Thank you.")
    assert {hit.family for hit in hits} == {"clickbait"}
    assert not find(channel="email", subject=heading.lower(), text="Thank you.")
    assert not find(channel="email", text=f"{heading} today")


def test_pressure_beside_a_threat_fails() -> None:
    text = "You'd be crazy not to join. I will ruin your career."
    status = {h.family: h.status for h in find(channel="email", text=text)}
    assert status == {"pressure_tactics": "fail", "harassment_or_threat": "fail"}


def test_gate_verdict_blocks_on_fail_and_asks_a_person_on_warn() -> None:
    def level(text: str) -> Level:
        return check_content(channel="email", purpose="personal", subject="", text=text).level

    assert level("The plan is attached.") is Level.ALLOW
    assert level("Act now, please.") is Level.REVIEW
    assert level("I will ruin your career.") is Level.BLOCK
    many = "Act now. Don't miss your chance. You won't believe it. I'm disappointed in you. WTF."
    assert level(many) is Level.BLOCK


def test_selling_words_make_a_message_promotional() -> None:
    assert effective_purpose("work_update", subject="", text="Get 20% off today") == "promotional"
    assert (
        effective_purpose("work_update", subject="", text="The plan is attached") == "work_update"
    )


def test_chasing_words_make_a_follow_up() -> None:
    assert is_follow_up("Just following up on my last mail")
    assert not is_follow_up("Here is the plan")


def test_feelings_that_rise_over_three_texts_are_noticed() -> None:
    past = ["The plan is attached.", "Please answer, I must know!"]
    hits = find(
        channel="email", text="I BEG you!! Never ignore this, I am desperate!", previous=past
    )
    assert "rising_intensity" in {hit.family for hit in hits}
    assert not find(channel="email", text="The plan is attached.", previous=past)


@pytest.mark.parametrize(
    "piece",
    [
        "act now last chance only left people are ",
        "u r g e n t ",
        "a\u200b",
        "<b ",
        "4ct n0w ",
        "!!! ",
        "If you ",
    ],
)
def test_hostile_text_takes_no_longer_than_its_length(piece: str) -> None:
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    find(channel="email", text=text[:5_000])
    start = time.process_time()
    find(channel="email", text=text)
    # `bench.content_safety` holds the goal of 50 ms; a pattern that explodes takes minutes.
    assert time.process_time() - start < 3


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_same_text_gives_the_same_findings(text: str) -> None:
    assert find(channel="email", text=text) == find(channel="email", text=text)
