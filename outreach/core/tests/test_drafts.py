"""Writing and revising: complete texts, digests bound to every byte, clear refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import testing
from outreach.core import drafts, footers
from outreach.core.digest import message_digest
from outreach.core.models import Draft
from outreach.core.models.drafts import TRANSITIONS, DraftStatus
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY

FIELDS = {
    "workspace_id": 1,
    "channel": "email",
    "address": "a@example.com",
    "subject": "Hello",
    "text": "Text",
    "html": "",
    "attachments": ({"name": "a.txt", "type": "text/plain", "size": 1, "sha256": "0" * 64},),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("workspace_id", 2),
        ("channel", "whatsapp"),
        ("address", "b@example.com"),
        ("subject", "Hello "),
        ("text", "Text\n"),
        ("html", "<p>"),
        ("attachments", ()),
        ("attachments", ({**FIELDS["attachments"][0], "sha256": "1" * 64},)),
    ],
)
def test_every_part_counts_in_the_digest(name, value):
    assert message_digest(**FIELDS) != message_digest(**{**FIELDS, name: value})


def test_the_digest_is_fixed_for_ever():
    assert message_digest(**FIELDS) == (
        "v1:e8355629d2c54edd2fb3e6a718a9e2b42a0df870745e70a2496060207c3ad23b"
    )


@given(st.text(), st.text())
def test_text_cannot_be_spliced_from_one_field_into_another(one, other):
    first = message_digest(**{**FIELDS, "subject": one, "text": other})
    second = message_digest(**{**FIELDS, "subject": one + other, "text": ""})
    assert first != second or (one, other) == (one + other, "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (drafts.Text(subject="s", text="   \n"), "empty"),
        (drafts.Text(subject="s", text="a\0b"), "NUL"),
        (drafts.Text(subject="s", text="\ud800"), "surrogate"),
        (drafts.Text(subject="a\nBcc: x@y.z", text="t"), "line break"),
        (drafts.Text(subject="", text="t"), "needs a subject"),
        (drafts.Text(subject="\u200b\ufeff", text="t"), "needs a subject"),
        (drafts.Text(subject="s", text="x" * 100_001), "at most"),
        (drafts.Text(subject="s" * 999, text="t"), "at most"),
        (drafts.Text(subject="s", text="t", confidence=101), "0 to 100"),
    ],
)
def test_what_no_channel_could_carry_is_refused(words, why):
    person = testing.make_person()
    with pytest.raises(drafts.TextRefused, match=why):
        drafts.write(person.workspace, person, "email", words, by=testing.bob(), at=WORKDAY)
    assert Draft.objects.count() == 0


@pytest.mark.django_db
def test_an_email_ends_with_who_writes_and_how_to_stop_it():
    testing.make_workspace(sender_name="Ada", postal_address="1 Main St")
    text = testing.make_draft().current.text
    assert text.endswith("reply “stop” and we will not write again.")
    assert "Ada · 1 Main St" in text


@pytest.mark.django_db
def test_viewers_and_strangers_cannot_write():
    with pytest.raises(NotAllowed):
        testing.make_draft(by=testing.carol())
    other = testing.make_person(testing.make_workspace("other"))
    with pytest.raises(drafts.TextRefused, match="another workspace"):
        drafts.write(
            testing.make_workspace(), other, "email", drafts.Text("s", "t"), by=testing.bob(),
            at=WORKDAY,
        )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("source", DraftStatus.values)
@pytest.mark.parametrize("target", DraftStatus.values)
def test_every_pair_of_states(source, target):
    draft = testing.make_draft()
    Draft.objects.filter(pk=draft.pk).update(status=source)
    moved = drafts.move([draft.pk], target)
    assert moved == (1 if target in TRANSITIONS[source] else 0)
    assert Draft.objects.get().status == (target if moved else source)


@pytest.mark.django_db
def test_a_footer_is_missed_line_by_line_and_put_back_whole():
    place = testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    old = "Dear Ann,\n\nNews." + footers.of(place, "email")
    assert not footers.lost(old, old.replace("News.", "Other news.").replace("-- ", "--"))
    assert not footers.lost(old, old.replace("\n", "\r\n"))
    assert not footers.lost("No footer here.", "Nor here.")
    for less in ("Other.", old.replace(footers.OPT_OUT, ""), old.replace("1 Sample", "2 Sample")):
        assert footers.lost(old, less)
        mended = footers.put_back(old, less)
        assert not footers.lost(old, mended) and mended.count(footers.OPT_OUT) == 1
    assert footers.put_back(old, "Other.") == "Other." + footers.of(place, "email")
    assert footers.put_back(old, old) == old
    foot = footers.of(place, "email")
    assert (
        footers.put_back(old, old + " PS from Rita") == f"Dear Ann,\n\nNews.\n\nPS from Rita{foot}"
    )
    altered = old.replace("we will not write again", "we stop")
    assert footers.put_back(old, altered) == old and footers.is_altered(old, altered)
    assert not footers.is_altered(old, "Dear Ann,\n\nNews.")


@pytest.mark.django_db
def test_a_programs_new_words_are_made_whole_once_in_text_and_html():
    place = testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    draft = testing.make_draft(testing.make_person(place))
    old = draft.current
    made = drafts.whole(drafts.Text(text="Other.", html="<p>Other.</p>"), draft, old)
    assert made.text == "Other." + footers.of(place, "email")
    assert made.html == "<p>Other.</p>" + footers.in_html(place, "email")
    assert drafts.whole(made, draft, old) == made
    assert drafts.whole(drafts.Text(text="Other."), draft, old).html == ""


@pytest.mark.django_db
@pytest.mark.parametrize("own", ["", " \n", "\u200b", "-- \n", "\n--\nMira · 1 Sample Street\n"])
def test_the_footer_is_no_word_of_the_authors(own):
    place = testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    person = testing.make_person(place)
    with pytest.raises(drafts.TextRefused, match="empty"):
        drafts.write(place, person, "email", drafts.Text("News", own), by=testing.bob(), at=WORKDAY)
    draft = testing.make_draft(person)
    words = drafts.edited(draft, draft.current, text=own)
    with pytest.raises(drafts.TextRefused, match="empty"):
        drafts.revise(draft, words, by=testing.bob(), at=WORKDAY)
    assert Draft.objects.get().current.no == 1
