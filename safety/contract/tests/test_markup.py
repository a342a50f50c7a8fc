"""HTML as its reader sees it: nothing hides in broken mark-up, and it is read in linear time."""

from __future__ import annotations

import time

import pytest

from safety.contract.markup import differ, to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>two<br>three</p>", "One\n\ntwo\nthree"),
        ("Act&nbsp;<b>n</b>ow &amp; here", "Act now & here"),
        ("&lt;b&gt; stays", "<b> stays"),
        ("<td>Buy</td><td>now</td>", "Buy now"),
        ("<blockquote>Theirs</blockquote>ours", "> Theirs\nours"),
        ("<head><title>T</title><style>p{}</style><p>Seen", "Seen"),
        ("<title>T<title></title>Seen", "Seen"),
        ("<script>x<!-- </script>Seen<!-- not -->", "Seen"),
        ("<!-->Seen<!--->too<!-- a --!> all -->", "Seentoo all -->"),
        ("<template>no</template>yes</template>", "yes"),
        ("a < b > c <3 you", "a < b > c <3 you"),
        ("<o:p>Word</o:p> <!doctype html><?xml?>", "Word"),
        ("", ""),
    ],
)
def test_the_words_a_reader_sees(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    "piece", ["<", "<a", "<a ", "<!--", "<!--a--", "<script>", "<script", "</p", "&lt;", '<a b="<']
)
def test_broken_mark_up_is_read_in_linear_time(piece: str) -> None:
    began = time.process_time()
    to_text(piece * (400_000 // len(piece)))
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("text", "shown", "apart"),
    [
        ("The minutes are attached.", "the MINUTES\nare attached", False),
        ("See https://example.org/a for the plan of Monday.", "See for the plan of Monday.", False),
        ("Yes, Monday works.", "No, Monday is cancelled.", True),
        ("word " * 300, "word " * 300 + "and this is a sentence more", True),
        ("word " * 300, "word " * 300 + "View in your browser", False),
        ("The minutes are attached.", "", True),
    ],
)
def test_a_few_words_more_are_no_difference(text: str, shown: str, apart: bool) -> None:
    assert differ(text, shown) is apart
    assert differ(shown, text) is apart
