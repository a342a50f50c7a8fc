"""Voices: what costs points and why, versions that only grow, and that each revision is scored."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from outreach import testing
from outreach.core import drafts, triggers, voice
from outreach.core.models import Draft, Revision, VoiceProfile
from outreach.core.permissions import NotAllowed
from outreach.core.voice_score import Voice, grade, judge
from outreach.testing import WORKDAY

PLAIN = "Hello Anna,\n\nHere are the minutes of Monday.\n\nBest regards\nBob"
LONG = "Here are the minutes " + "and the notes " * 12 + "of Monday."


@pytest.mark.parametrize(
    ("text", "asked", "reasons"),
    [
        (PLAIN, {}, []),
        (PLAIN, {"words_to_avoid": ("minutes",)}, [("words_to_avoid", 20)]),
        ("Minutely notes.", {"words_to_avoid": ("minute",)}, []),
        (PLAIN, {"words_to_avoid": ("minutes", "MONDAY")}, [("words_to_avoid", 40)]),
        (PLAIN, {"words_to_use": ("notes",)}, [("words_to_use", 5)]),
        (PLAIN, {"words_to_use": ("notes", "minutes")}, []),
        ("We can't, and it's late!", {"tone": "formal"}, [("tone", 10), ("tone", 10)]),
        ("Anna's notes came.", {"tone": "formal"}, []),
        ("Kindly be advised.", {"tone": "warm"}, [("tone", 10)]),
        ("Good! News!", {}, [("tone", 10)]),
        ("Good news!", {}, []),
        (LONG, {"reading_grade": 20}, [("sentence_length", 25)]),
        ("Hello 🙂.", {}, [("emoji", 10)]),
        ("Hello 🙂.", {"emoji": "sparing"}, []),
        ("Hello 🙂🙂.", {"emoji": "sparing"}, [("emoji", 10)]),
        ("Hello 🙂🙂.", {"emoji": "free"}, []),
        (PLAIN, {"sign_off": "Best regards,"}, []),
        (PLAIN, {"sign_off": "Yours"}, [("sign_off", 10)]),
        ("Interdepartmental organisational responsibilities necessitate collaboration. " * 3,
         {}, [("reading_level", 25)]),
        ("Interdepartmental organisational responsibilities.", {}, []),
        ("Fine words.\n> We can't!! 🙂", {"tone": "formal"}, []),
        ("Fine words.\n\n-- \nAcme! · Main Street!", {"tone": "formal"}, []),
        ("", {}, []),
        ("お世話になっております。資料をお送りします！！", {}, [("tone", 10)]),
        ("お世話になっております。", {"words_to_avoid": ("お世話",)}, [("words_to_avoid", 20)]),
        ("ご確認の上ご返信ください。" * 2, {"sentence_words": 5}, [("sentence_length", 4)]),
        ("Hello 👍🏽.", {"emoji": "sparing"}, []),
        ("Hello 👩‍👩‍👧 🇩🇪.", {"emoji": "sparing"}, [("emoji", 10)]),
    ],
)  # fmt: skip
def test_what_costs_points(text, asked, reasons):
    score = judge(text, Voice(**asked))
    assert [(each.name, each.points) for each in score.reasons] == reasons
    assert score.total == 100 - sum(points for _, points in reasons)


def test_a_score_is_never_below_zero_and_a_note_needs_no_sign_off():
    words = tuple("abcdefg")
    poor = judge(
        "a b c d!!! 🙂🙂🙂🙂 can't won't don't shan't",
        Voice("formal", (), words, 20, 10, "none", "Yours"),
    )
    assert poor.total == 0
    assert judge(PLAIN, Voice(sign_off="Yours"), is_letter=False).total == 100


GERMAN = (
    "Guten Tag Frau Müller,\n\nvielen Dank für die freundliche Unterstützung bei der Vorbereitung "
    "unserer Jahreshauptversammlung. Die Zusammenarbeit mit Ihrer Geschäftsführung war angenehm."
    "\n\nMit freundlichen Grüßen\nMira Keller"
)
SPANISH = (
    "Hola María:\n\nLe agradezco su colaboración durante la preparación de la documentación para "
    "la administración. Quedamos a su disposición para cualquier aclaración necesaria.\n\nSaludos"
)
FRENCH = (
    "Bonjour Chloé,\n\nNous vous remercions pour votre participation à la présentation des "
    "nouvelles fonctionnalités administratives de notre organisation.\n\nCordialement"
)
HINDI = "नमस्ते समीर,\n\nमैं आपको बैठक के कार्यवृत्त भेज रहा हूँ और आपके सुझावों की प्रतीक्षा करूँगा।"
RUSSIAN = "Здравствуйте, Ольга! Отправляю вам протокол нашего совещания и жду ваших предложений."


@pytest.mark.parametrize("text", [GERMAN, SPANISH, FRENCH, HINDI, RUSSIAN], ids=lambda x: x[:6])
def test_a_plain_letter_in_another_language_loses_nothing(text):
    assert judge(text, Voice()).reasons == ()


def test_an_english_letter_with_foreign_names_in_it_is_graded():
    words = "You organise the administrative responsibilities of the Hôpital de la Pitié, and "
    assert [each.name for each in judge(words * 2, Voice()).reasons][-1] == "reading_level"


def test_long_words_read_harder_than_short_ones():
    assert grade("The cat sat on the mat.") < 2 < 12 < grade("Constitutional considerations apply.")
    assert grade("") == 0


# --- Versions ------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def save(name="House voice", *, by=None, expected=None, **fields):
    who = by or testing.dora()
    return voice.save(testing.make_workspace(), name, fields, by=who, at=WORKDAY, expected=expected)


def test_each_change_is_a_version_and_no_change_is_none():
    assert save(tone="formal").version == 1
    assert save(tone="formal").version == 1
    second = save(tone="warm", words_to_avoid=["synergy"])
    assert (second.version, second.words_to_avoid) == (2, ["synergy"])
    assert VoiceProfile.objects.count() == 2
    assert voice.current(second.workspace_id) == second


@pytest.mark.parametrize(
    "fields",
    [
        {"tone": "loud"}, {"emoji": "many"}, {"sentence_words": 4}, {"sentence_words": True},
        {"reading_grade": 21}, {"words_to_use": ["x" * 61]}, {"words_to_avoid": ["x"] * 101},
        {"name": " "}, {"expected": 3},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_a_sentence(fields):
    with pytest.raises(voice.VoiceRefused, match=r"\.$"):
        save(**fields)
    assert not VoiceProfile.objects.exists()


def test_only_an_admin_sets_a_voice():
    for by in (testing.alice(), testing.bob(), testing.make_agent(None, "drafts:write")):
        with pytest.raises(NotAllowed):
            save(by=by)


# --- Scores --------------------------------------------------------------------------------------


def test_without_a_voice_nothing_has_a_score():
    revision = testing.make_draft().current
    assert (revision.voice, revision.voice_score, revision.voice_reasons) == (None, None, [])


def test_each_revision_is_scored_in_the_voice_of_its_author():
    house = save(words_to_avoid=["minutes"])
    own = save("Sales voice", sign_off="Cheers")
    draft = testing.make_draft()
    assert (draft.current.voice, draft.current.voice_score) == (house, 80)
    agent = testing.make_agent(voice="Sales voice")
    theirs = testing.make_draft(by=agent).current
    assert (theirs.voice, theirs.voice_score) == (own, 90)
    assert theirs.voice_reasons == [
        {"name": "sign_off", "points": 10, "why": "does not end with “Cheers”"}
    ]
    with transaction.atomic():
        words = drafts.Text(subject="Notes", text="Here are the notes.")
        drafts.revise(draft, words, by=testing.alice(), at=WORKDAY)
    assert Draft.objects.get(pk=draft.pk).current.voice_score == 100
    assert Revision.objects.get(draft=draft, no=1).voice_score == 80


def test_a_stored_score_cannot_be_raised():
    save(words_to_avoid=["minutes"])
    revision = testing.make_draft().current
    assert not triggers.missing()
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).update(voice_score=100)
