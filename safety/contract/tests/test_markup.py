"""HTML as its reader sees it: nothing hides in broken mark-up, and it is read in linear time."""

from __future__ import annotations

import time

import pytest

from safety.contract.markup import differ, draws, to_text
from safety.contract.tests.test_accounts import calls


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>two<br>three</p>", "One\n\ntwo\nthree"),
        ("Act&nbsp;<b>n</b>ow &amp; here", "Act now & here"),
        ("&lt;b&gt; stays", "<b> stays"),
        ("<td>Buy</td><td>now</td>", "Buy now"),
        ("<th>Buy</th>now", "Buy now"),
        ("Act<br/>now</br>here", "Act\nnow\nhere"),
        ("<p>Act\r\nnow</p>", "Act now"),
        ("<P>Act</P><STYLE>p{}</STYLE><!-- not\nseen -->now", "Act\nnow"),
        ("<p>Plan X</p>", "Plan X"),
        ("<blockquote>Theirs</blockquote>ours", "> Theirs\nours"),
        (
            "<blockquote>a<blockquote>b</blockquote>c</blockquote></blockquote>ours",
            "> a\n> b\n> c\n\nours",
        ),
        ("<head><title>T</title><style>p{}</style><p>Seen", "Seen"),
        ("<title>T<title></title>Seen", "Seen"),
        ("<script>x<!-- </script>Seen<!-- not -->", "Seen"),
        ("<!-->Seen<!--->too<!-- a --!> all -->", "Seentoo all -->"),
        ("<template>no</template>yes</template>", "yes"),
        ("a < b > c <3 you", "a < b > c <3 you"),
        ("<o:p>Word</o:p> <!doctype html><?xml?>", "Word"),
        # Each way in which it may be read stands below the others.
        ('<img alt="One" title=two>Seen', "Seen\nOne\ntwo"),
        ("<svg></svg>Seen", "Seen\n<svg></svg>Seen"),
        ("<style>p{content:'a'}</style>Seen", "Seen\np{content:'a'}</style>"),
        ("", ""),
    ],
)
def test_the_words_a_reader_sees(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        '<p title="<!--">Act now</p>', "<p title='<style>'>Act now</p>",
        '<p title="> <!-- ">Act now<p title=" -->">', "<p title=it's>Act now</p><p title=it's>",
        "<textarea><style></textarea><p>Act now", "<textarea><!--</textarea><p>Act now",
        "<xmp><style></xmp>Act now", "<plaintext><!-- Act now", "<iframe><style></iframe>Act now",
        "<svg><style><p>Act now", "<math><template><p>Act now", "<svg><title><b>Act now",
        "<noscript><style></noscript>Act now", "<select><style></select>Act now",
        "<textarea><Act now></textarea>", "<!--[if mso]><p>Act now</p><![endif]-->",
        "Act<!--[if mso]> now<![endif]-->", "<!--[if mso]><!-- x Act now<![endif]-->",
        "<!--[if mso]><style><![endif]--><p>Act now</p>", "<!--[if mso]>Act now",
        '<img alt="Act now" src=a>', "<img alt=Act&nbsp;now>", "<input value='Act now'>",
        "<input placeholder='Act now'>", '<a aria-label="Act now" href=b></a>',
        '<style>p::after{content:"Act now"}</style>', "<style>p{content: 'Act now'}</style>",
        '<style>p{c\\6fntent:"Act now"}</style>', '<style>p{content:"" "Act now"}</style>',
        'Act <span title="really">now</span>', "Act <!--[if mso]>x<![endif]-->now",
        "<svg></svg>Act <b>now</b>", "<svg></svg>Act <!--now-->",
        "<!--[IF mso]><p>Act\nnow</p><![ENDIF]-->",
    ],
)  # fmt: skip
def test_what_some_programs_show_is_seen(html: str) -> None:
    assert "Act now" in to_text(f"<p>Hello</p>{html}")


@pytest.mark.parametrize(
    "html",
    [
        "<style>p::before{content:''} i{content: none}</style>Seen",
        "<!--[if gte mso 9]><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml><![endif]-->Seen",
        "<!--[if mso]><table><tr><td><![endif]-->Seen<!--[if mso]></td></tr></table><![endif]-->",
        '<p style="font-family:\'Arial\'" class="a">Seen</p>',
        '<img alt="" src=a>Seen<!-- <img alt="Hidden"> -->',
    ],
)
def test_mark_up_without_words_says_none(html: str) -> None:
    assert to_text(html) == "Seen"


@pytest.mark.parametrize(
    ("html", "more"),
    [
        ("<p>Seen<img src=a>", True), ("<SVG></SVG>", True), ("<input>", True),
        ("<marquee>Seen</marquee>", True), ("<table background = 'a'>", True),
        ("<p style='background: url (a)'>", True), ("<style>@import 'a'</style>", True),
        ("<i style='unicode-bidi:bidi-override'>", True), ("<bdo dir=rtl>", True),
        ("<meta http-equiv=refresh content=0>", True), ("<meta charset=utf-8>Seen", False),
        ("<p>An image of the form in the background, to refresh</p>", False), ("", False),
    ],
)  # fmt: skip
def test_what_shows_more_than_words_is_known(html: str, more: bool) -> None:
    assert draws(html) is more


BLOCKS = "<p> <br> <div> <li> <tr> <h1> <h2> <h3> <h4> <h5> <h6> <table> <ul> <ol> <hr>"


def test_each_block_begins_a_line() -> None:
    assert {to_text(f"Act{block}now") for block in BLOCKS.split()} == {"Act\nnow"}


@pytest.mark.parametrize(("length", "once"), [(50_000, True), (50_001, False)])
def test_a_part_is_read_once_for_all_rules_unless_it_is_long(length: int, once: bool) -> None:
    html = "<p>Once</p>".ljust(length, ".")
    to_text(html)
    assert (calls(lambda: to_text(html)) < 5) is once


@pytest.mark.parametrize(
    "piece",
    [
        "<", "<a", "<a ", "<!--", "<!--a--", "<script>", "<script", "</p", "&lt;", '<a b="<',
        "<!--[if", "<!--[if a>", "<!--[if a>b-->", '<a b="', "<a title=", "content:", "content:''",
        "<style>", "<style>content:a</style>", "alt='",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "<a {}>", "<style>{}</style>"])
def test_broken_mark_up_is_read_in_linear_time(piece: str, around: str) -> None:
    began = time.process_time()
    to_text(around.format(piece * (400_000 // len(piece))))
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("text", "shown", "apart"),
    [
        ("The minutes are attached.", "the MINUTES\nare attached", False),
        ("See https://example.org/a for the plan of Monday.", "See for the plan of Monday.", False),
        ("See the plan: https://a.example, mailto:b@a.example", "See the plan:", False),
        ("Yes, Monday works.", "No, Monday is cancelled.", True),
        ("The minutes of May are attached, dear Ann.", "The minutes of May are attached.", False),
        ("The minutes of May are here.", "The minutes are here.", True),
        ("word " * 300, "word " * 300 + "and this is a sentence more", True),
        ("word " * 300, "word " * 300 + "View this in your browser", False),
        ("The minutes are attached.", "", True),
    ],
)
def test_a_few_words_more_are_no_difference(text: str, shown: str, apart: bool) -> None:
    assert differ(text, shown) is apart
    assert differ(shown, text) is apart
