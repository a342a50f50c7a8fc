"""Not everybody reads the same, the same person always does, and every wording may be sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from safety.contract import content
from workflows.drafting import templates
from workflows.drafting.base import Fact
from workflows.drafting.templates import BadTemplate, parse

EVERY = [
    (channel, name)
    for channel in ("email", "linkedin", "whatsapp")
    for use in templates.USES
    for name in templates.names(channel, use)
]
NEEDED = {"sender_name": "Mira Keller", "about": "We keep the record of who approved what."}
WHO = {"greeting_name": "Anna", "company": "Acme", "role": "Head of Data"}
KNOWN = [
    {},
    {"greeting_name": "Anna"},
    {"greeting_name": "Anna", "company": "Acme"},
    {"greeting_name": "Anna", "company": "Acme", "field": "sales"},
    {**WHO, "connected_month": "May 2025"},
    {**WHO, "connected_month": "May 2025", "connected_lately": "recently"},
    {**WHO, "last_month": "May 2025", "connected_month": "May 2024"},
]


def facts(values):
    return {name: Fact(value, "test") for name, value in values.items()}


def worded(template, no):
    """The template with the wording of that number in every sentence."""

    def one(line):
        choices = (line.words, *line.ways)
        return replace(line, words=choices[no % len(choices)], ways=())

    body = tuple(tuple(one(line) for line in paragraph) for paragraph in template.body)
    return replace(template, body=body, subjects=tuple(one(line) for line in template.subjects))


@pytest.mark.parametrize(("channel", "name"), EVERY)
def test_every_wording_of_every_template_passes_the_content_rules(channel, name):
    template = templates.load(name, channel)
    for no in range(3):
        for values in KNOWN:
            found = templates.fill(worded(template, no), facts({**NEEDED, **values}))
            assert not content.find(channel=channel, subject=found.subject, text=found.text)
            purpose = content.effective_purpose(
                found.purpose, subject=found.subject, text=found.text
            )
            assert purpose == found.purpose, "the label tells the truth"
            assert "Mira Keller" in found.text
            assert "  " not in found.text


@pytest.mark.parametrize(("channel", "name"), [each for each in EVERY if "reply" not in each[1]])
def test_people_read_different_openings_and_one_person_always_the_same(channel, name):
    template = templates.load(name, channel)
    people = [
        facts({**NEEDED, **WHO, "company": f"Company {no}", "connected_month": "May 2025"})
        for no in range(40)
    ]
    said = [templates.fill(template, each).text for each in people]
    openings = {text.replace(f"Company {no}", "").split("\n\n")[0:2][-1]
                for no, text in enumerate(said)}  # fmt: skip
    bodies = {text.replace(f"Company {no}", "") for no, text in enumerate(said)}
    assert len(bodies) >= 2, "not one text for everybody"
    assert said == [templates.fill(template, each).text for each in people]
    if name in ("reconnect", "introduction"):
        assert len(openings) >= 2


def test_other_words_name_the_same_facts():
    with pytest.raises(BadTemplate, match=r"Line 2 of x\.body\.txt must name the same facts"):
        parse("x", {"purpose": "personal"}, "S", "At {{ company }}.\n* As {{ role }}.")
    with pytest.raises(BadTemplate, match="must name the same facts as the sentence above"):
        parse("x", {"purpose": "personal"}, "S", "* In other words.")


@pytest.mark.parametrize(
    ("values", "opening"),
    [
        ({"last_month": "May 2025", "connected_month": "May 2024"}, "May 2025"),
        ({"connected_lately": "recently", "connected_month": "June 2025"}, "recently"),
        ({"connected_month": "June 2025"}, "June 2025"),
    ],
)
def test_the_occasion_comes_first_and_nothing_rare_is_missed(values, opening):
    found = templates.fill(templates.load("reconnect"), facts({**NEEDED, **WHO, **values}))
    assert opening in found.text.split("\n\n")[1].split(".")[0]
    assert found.missing == ()
