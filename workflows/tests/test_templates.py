"""Template engine: what is not known is not said, what a cell says is never obeyed, no holes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.core.models import Purpose
from workflows.drafting import facts as known
from workflows.drafting import templates
from workflows.drafting.base import CannotCompose, Fact
from workflows.drafting.templates import BadTemplate, parse
from workflows.shapes import BadOptions

ABOUT = {"purpose": "personal"}
ALL = {
    "greeting_name": "Anna",
    "company": "Acme",
    "position": "Head of Data",
    "connected_month": "May 2025",
    "sender_name": "Mira Keller",
    "about": "We keep records in order.",
}


def facts(**values):
    return {name: Fact(value, "test") for name, value in values.items()}


def body(text, **values):
    return templates.fill(parse("test", ABOUT, "Hello", text), facts(**values)).text


@pytest.mark.parametrize(
    ("words", "values", "said"),
    [
        ("One. {# a remark #}\n{# alone #}\nTwo.", {}, "One. Two."),
        ("At {{ company }}.\nAlways.", {}, "Always."),
        ("At {{ company }}.\nAlways.", {"company": "Acme"}, "At Acme. Always."),
        ("At {{ company }}.\n\nAlways.", {}, "Always."),
        ("Always.\n\nAt {{ company }}.\n\nTo the end.", {}, "Always.\n\nTo the end."),
        ("Hello {{ greeting_name }},\n/ Hello,", {"greeting_name": "Anna"}, "Hello Anna,"),
        ("Hello {{ greeting_name }},\n/ Hello,", {}, "Hello,"),
        ("A {{ company }}.\n/ B {{ position }}.\n/ C.", {}, "C."),
        ("A {{ company }}.\n/ B {{ position }}.\n/ C.", {"position": "CEO"}, "B CEO."),
        ("A {{ company }}.\n/ B {{ position }}.\n/ C.", {"company": "X", "position": "Y"}, "A X."),
        ("Best regards,\n| {{ sender_name }}", {"sender_name": "M K"}, "Best regards,\nM K"),
        ("{{ position|capfirst }} it is.", {"position": "founder"}, "Founder it is."),
        ("As {{ position }} at {{ company }}.\nYes.", {"company": "Acme"}, "Yes."),
        ("Tom & {{ company }}.", {"company": "Quay & Sons 'Ltd'"}, "Tom & Quay & Sons 'Ltd'."),
    ],
)
def test_a_sentence_that_needs_a_missing_fact_is_left_out(words, values, said):
    assert body(words, **values) == said


def test_a_subject_is_the_first_line_that_can_be_said():
    template = parse("test", ABOUT, "At {{ company }}?\nFor {{ greeting_name }}\nHello", "Text.")
    assert templates.fill(template, facts(greeting_name="Anna")).subject == "For Anna"
    assert templates.fill(template, facts()).subject == "Hello"


def test_what_was_said_missed_and_left_out_is_told():
    words = "At {{ company }}.\n/ As {{ position }}.\nIn {{ connected_month }}.\nFine."
    found = templates.fill(parse("test", ABOUT, "Hello", words), facts(position="CEO"))
    assert (found.said, found.missing) == (("position",), ("company", "connected_month"))
    assert found.left_out == 1


@pytest.mark.parametrize(
    "value", ["{{ sender_name }}", "{% debug %}", "{# no #}", "<b>x</b>", "a & b", "{{ 7|add:7 }}"]
)
def test_a_fact_is_put_in_as_it_is_and_never_read_as_a_template(value):
    """Even one that `facts` would have refused to say."""
    assert body("At {{ company }}.", company=value) == f"At {value}."


@pytest.mark.parametrize(
    "words",
    [
        "{% load static %}Hi.", "{% include 'admin/base.html' %}", "{% extends 'x' %}",
        "{% debug %}", "{% csrf_token %}", "{% now 'Y' %}", "{% url 'home' %}",
        "{% if company %}Hi{% endif %}", "{% for x in company %}{% endfor %}",
        "{{ company|safe }}", "{{ company|default:'you' }}", "{{ company.upper }}",
        "{{ settings }}", "{{ comapny }}", "{{ 'text' }}", "{{ 7 }}", "{{ }}", "{{ company",
    ],
)  # fmt: skip
def test_a_template_knows_no_tags_and_only_known_facts(words):
    if words == "{{ company":
        assert body(words) == words  # no template syntax at all, plain words
        return
    with pytest.raises(BadTemplate, match=r"Line 2 of test\.body\.txt"):
        parse("test", ABOUT, "Hello", f"One.\n{words}")


@pytest.mark.parametrize(
    ("about", "subject", "text", "says"),
    [
        ({"purpose": "spam"}, "S", "T", "purpose must be one of"),
        ({}, "S", "T", "purpose must be one of"),
        ({**ABOUT, "needs": ["wealth"]}, "S", "T", "needs must list known facts"),
        ({**ABOUT, "needs": "about"}, "S", "T", "needs must list known facts"),
        (ABOUT, "", "T", "needs a subject and a body"),
        (ABOUT, "S", "\n\n", "needs a subject and a body"),
    ],
)
def test_an_incomplete_template_is_refused_with_the_file(about, subject, text, says):
    with pytest.raises(BadTemplate, match=says):
        parse("test", about, subject, text)


def test_a_needed_fact_that_is_missing_makes_no_message():
    template = parse("test", {**ABOUT, "needs": ["about"]}, "S", "{{ about }}")
    with pytest.raises(CannotCompose, match="cannot do without: about"):
        templates.fill(template, facts())


def test_nothing_to_say_makes_no_message():
    with pytest.raises(CannotCompose, match="Nothing of the template"):
        body("At {{ company }}.")


@pytest.mark.parametrize("name", ["nope", "../secret", "Reconnect", "", "reconnect.body", "a/b"])
def test_an_unknown_template_is_refused_with_those_that_are_there(name):
    with pytest.raises(BadOptions, match="introduction, introduction_short, reconnect"):
        templates.load(name)


# --- The templates that are shipped --------------------------------------------------------------


@pytest.mark.parametrize("name", templates.names())
def test_shipped_templates_say_what_they_are_for(name):
    template = templates.load(name)
    assert template.purpose in Purpose.values
    assert len(template.about) > 30
    assert "--" not in template.about  # read in the form of the page, too
    assert "sender_name" in template.needs


@pytest.mark.parametrize("name", templates.names())
def test_shipped_templates_without_any_fact_are_still_whole(name):
    template = templates.load(name)
    only = {need: ALL[need] for need in template.needs}
    found = templates.fill(template, facts(**only))
    assert found.text.startswith("Hello,\n\n")
    assert found.text.endswith("regards,\nMira Keller")
    assert len(found.text.split("\n\n")) >= 4
    is_well_formed(found)


@pytest.mark.parametrize("name", templates.names())
def test_shipped_templates_are_short_and_pass_the_content_rules(name):
    from safety.contract import content

    found = templates.fill(templates.load(name), facts(**ALL))
    assert len(found.text) < 700
    assert found.text.startswith("Hello Anna,\n\n")
    assert content.find(channel="email", subject=found.subject, text=found.text) == ()
    purpose = content.effective_purpose(found.purpose, subject=found.subject, text=found.text)
    assert purpose == found.purpose, "the label tells the truth"


# --- No holes, whatever a file holds --------------------------------------------------------------

CELL = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "None", "null", "N/A", "-", "", " ", "{{ x }}", "{% debug %}", "<script>", "a\r\nb",
            "\u202eevil\u202c", "שלום בע״מ", "=cmd()", "Acme  Ltd", "\x00", "\ue000x\ue001", "🚀",
            "Head of Data", "Acme, Inc.", "D'Amico & Söhne", "CEO\n\n\nBcc: x@example.com",
        ]
    ),
)  # fmt: skip


@given(
    name=st.sampled_from(templates.names()),
    cells=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("greeting_name", "company", "position"), CELL)
    ),
    is_dated=st.booleans(),
)
def test_no_rendered_text_has_a_hole(name, cells, is_dated):
    values = {key: known.sayable(cell) for key, cell in cells.items()}
    values |= {"sender_name": "Mira Keller", "about": "We keep records in order."}
    values |= {"connected_month": "May 2025"} if is_dated else {}
    found = templates.fill(
        templates.load(name), facts(**{key: value for key, value in values.items() if value})
    )
    is_well_formed(found)


def is_well_formed(found):
    for text in (found.subject, found.text):
        assert not re.search(r"\bNone\b", text)
        assert not re.search(r"\{\{|\}\}|\{%|%\}|[\ue000-\uf8ff\u202a-\u202e\x00\r]", text)
        assert "  " not in text
        assert "\n\n\n" not in text
        assert text == text.strip()
    assert "\n" not in found.subject
    assert all(line == line.strip() for line in found.text.split("\n"))
