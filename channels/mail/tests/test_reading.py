"""From bytes to a letter, whatever the bytes."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime

import pytest

from channels.mail.reading import LARGEST, Unreadable, read


def mail(body: bytes = b"Hello", **headers: str) -> bytes:
    given = {"From": "Ann Lee <ann@example.com>", "Message-ID": "<m1@example.com>", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
    return lines.encode() + b"\r\n" + body


def test_a_plain_mail():
    letter = read(
        mail(
            To="Outreach <Out@Example.org>",
            Subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
            Date="Tue, 3 Mar 2026 10:00:00 +0100",
            In_Reply_To="<b@x>",
            References="<a@x>\r\n <b@x>",
        )
    )
    assert (letter.sender, letter.sender_name) == ("ann@example.com", "Ann Lee")
    assert (letter.subject, letter.text) == ("Grüße", "Hello")
    assert letter.answers == ("<b@x>", "<a@x>")
    assert letter.to == ("out@example.org",)
    assert letter.at == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("gb18030", "退订".encode("gb18030"), "退订"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("us-ascii", "Grüße".encode("cp1252"), "Grüße"),
        ("x-nobody-knows", "Grüße".encode(), "Grüße"),
        ("utf-8", b"a\xff\x81b", "aÿ\N{REPLACEMENT CHARACTER}b"),
        ("utf-8", b"a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        # What they declare and the larger charset that they write: one character undid the text.
        ("gb2312", "请不要再来信。王喆".encode("gb18030"), "请不要再来信。王喆"),
        ("gb2312", "请不要再来信。".encode(), "请不要再来信。"),
        ("x-gbk", "请不要再来信。王喆".encode("gbk"), "请不要再来信。王喆"),
        ("big5", "請不要再來信 €".encode("cp950"), "請不要再來信 €"),
        ("ks_c_5601-1987", "보내지 마세요 똠".encode("cp949"), "보내지 마세요 똠"),
        ("shift_jis", "送らないで。髙橋①".encode("cp932"), "送らないで。髙橋①"),
        ("iso-8859-1", "Don’t write to me.".encode("cp1252"), "Don’t write to me."),
        ("iso-8859-1", "Grüße".encode(), "Grüße"),
        ("utf8mb4", "Grüße".encode(), "Grüße"),
        ("utf-8", "退订退订".encode() + b"\xe9", "退订退订\N{REPLACEMENT CHARACTER}"),
        ("gb2312", "退订退订".encode("gb2312") + b"\xff!", "退订退订\N{REPLACEMENT CHARACTER}!"),
        ("idna", "Grüße".encode("cp1252"), "Grüße"),
        ("hex", b"Hello", "Hello"),
    ],
)
def test_charset_trouble_costs_a_character_at_most(charset, raw, text):
    assert read(mail(raw, Content_Type=f"text/plain; charset={charset}")).text == text


@pytest.mark.parametrize(
    "subject",
    ["=?x-nobody?q?abc?=", "=?utf-8?b?not base64!?=", "=?utf-8?q?=ZZ?=", "a\tb", "é" * 50],
)
def test_an_odd_subject_never_costs_the_mail(subject):
    assert read(mail(Subject=subject)).text == "Hello"


def test_a_subject_in_more_than_its_charset_is_read():
    coded = base64.b64encode("退订 王喆".encode("gbk")).decode()
    assert read(mail(Subject=f"=?gb2312?B?{coded}?=")).subject == "退订 王喆"


def test_a_page_that_names_its_charset_itself_is_read():
    page = '<html><meta http-equiv="Content-Type" content="text/html; charset=gb2312"><p>退订</p>'
    assert read(mail(page.encode("gbk"), Content_Type="text/html")).text.strip() == "退订"


@pytest.mark.parametrize(
    ("more", "sender"),
    [
        (
            {"X_Original_From": "Ann <ann@example.com>", "Reply_To": "b@x.example"},
            "ann@example.com",
        ),
        (
            {"List_Id": "<sales.example.org>", "Reply_To": "Ann <ann@example.com>"},
            "ann@example.com",
        ),
        ({"List_Id": "<sales.example.org>"}, "sales@example.org"),
        ({"Reply_To": "Ann <ann@example.com>"}, "sales@example.org"),
    ],
)
def test_who_wrote_to_a_group_that_puts_itself_in_their_place_is_known(more, sender):
    """A group that is our own address made each such mail one of ours, and nobody's."""
    letter = read(mail(From="'Ann' via Sales <sales@example.org>", **more))
    assert letter.sender == sender


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("=?utf-8?q?Ann_=40_Acme?= <ann@example.com>", "Ann @ Acme"),
        ("=?utf-8?b?YW5uQGFjbWUuY29t?= <ann@example.com>", "ann@acme.com"),
        ("=?utf-8?q?Lee=2C_eve=40example=2Ecom?= <ann@example.com>", "Lee, eve@example.com"),
        ("=?utf-8?q?Ann_=28Sales?= <ann@example.com>", "Ann (Sales"),
        ("=?utf-8?q?Ann_=22Sales?= <ann@example.com>", 'Ann "Sales'),
        ('"eve@example.com" <ann@example.com>', "eve@example.com"),
        ("Ann @ Acme <ann@example.com>", ""),
        ("Ann @ Bücher <ann@example.com>", ""),
        ("Ann (Sales <ann@example.com>", ""),
        ("Müller Ann <ann@example.com>", "Müller Ann"),
    ],
)
def test_no_sign_in_a_name_is_taken_for_the_address(line, name):
    letter = read(mail(From=line))
    assert (letter.sender, letter.sender_name) == ("ann@example.com", name)


def test_a_raw_subject_in_latin_1_is_read():
    raw = mail().replace(b"\r\n\r\n", b"\r\nSubject: Gr\xfc\xdfe\r\n\r\n", 1)
    assert read(raw).subject == "Grüße"


def test_of_two_forms_the_plain_one_is_read_and_html_only_where_there_is_no_other():
    html = "<p>Hi <b>there</b></p><script>x()</script><blockquote>old<br>words</blockquote>"
    same = several("alternative", plain="Hi there\n\n> old words", html=html)
    assert read(same).text.strip() == "Hi there\n\n> old words"
    only = read(mail(html.encode(), Content_Type="text/html"))
    assert only.text.split("\n") == ["Hi there", "", "> old", "> words"]


STUB = "This mail needs a program that shows HTML."


@pytest.mark.parametrize(
    ("kind", "parts", "text"),
    [
        ("alternative", {"plain": STUB, "html": "<p>STOP</p>"}, f"STOP\n{STUB}"),
        ("alternative", {"html": "<p>STOP</p>", "plain": STUB}, f"STOP\n{STUB}"),
        ("alternative", {"plain": "  \n", "html": "<p>STOP</p>"}, "STOP"),
        ("alternative", {"plain": "Please STOP", "html": "<p>Please <b>stop</b>"}, "Please STOP"),
        ("mixed", {"html": "<p>STOP</p>", "plain": "From a phone"}, "STOP\nFrom a phone"),
        ("mixed", {"plain": "First", "html": "<p>Then STOP</p>"}, "First\nThen STOP"),
        ("related", {"html": "<p>STOP</p>", "css": "p {}"}, "STOP"),
    ],
)  # fmt: skip
def test_no_part_that_is_shown_hides_another(kind, parts, text):
    """A plain part said "cannot show HTML", or was a footer, and the letter itself was not read."""
    assert read(several(kind, **parts)).text.strip() == text


def test_a_page_with_a_files_name_is_read_where_nothing_else_is():
    page = b'Content-Type: text/html; name="page.html"\r\n\r\n<p>STOP</p>\r\n'
    alone = several("mixed").replace(b"--b--", b"--b\r\n" + page + b"--b--")
    assert read(alone).text.strip() == "STOP"
    below = several("mixed", plain="See the page").replace(b"--b--", b"--b\r\n" + page + b"--b--")
    assert read(below).text.strip() == "See the page"


def several(kind: str, **parts: str) -> bytes:
    body = "".join(
        f"--b\r\nContent-Type: text/{name}\r\n\r\n{words}\r\n" for name, words in parts.items()
    )
    return mail(f"{body}--b--\r\n".encode(), Content_Type=f'multipart/{kind}; boundary="b"')


def test_attachments_are_named_and_never_read():
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nSee file\r\n--b\r\nContent-Type: text/plain\r\n"
        'Content-Disposition: attachment; filename="stop.txt"\r\n\r\nSTOP\r\n--b--\r\n'
    )
    letter = read(mail(body.encode(), Content_Type='multipart/mixed; boundary="b"'))
    assert (letter.text.strip(), letter.attachments) == ("See file", ("stop.txt",))


FILE = "Content-Disposition: attachment"


@pytest.mark.parametrize(
    ("kind", "head", "unread"),
    [
        ("text/plain", f'{FILE}; filename="reply.txt"', "reply.txt"),
        ("text/html", FILE, "text/html"),
        ("audio/ogg", "", "audio/ogg"),
        ("application/pkcs7-mime", "", "application/pkcs7-mime"),
        ("application/ms-tnef", f'{FILE}; filename="winmail.dat"', "winmail.dat"),
        ("image/png", FILE, ""),
        ("text/vcard", FILE, ""),
        ("text/plain", "Content-Disposition: inline", ""),
    ],
)
def test_a_part_that_may_hold_a_letter_is_named(kind, head, unread):
    body = f"--b\r\nContent-Type: {kind}\r\n{head or 'X-A: b'}\r\n\r\neA==\r\n--b--\r\n"
    assert read(mail(body.encode(), Content_Type='multipart/mixed; boundary="b"')).unread == unread
    sealed = read(mail(body.encode(), Content_Type='multipart/encrypted; boundary="b"'))
    assert sealed.unread == "multipart/encrypted"


def test_a_mail_without_an_id_gets_one_from_its_content():
    raw = b"From: ann@example.com\r\n\r\nHello"
    assert read(raw).message_id == read(raw).message_id
    assert read(raw).message_id != read(raw + b"!").message_id


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"  \r\n", "empty"),
        (b"\x00\x01\x02 no mail at all", "no sender"),
        (b"Subject: x\r\n\r\nHi", "no sender"),
        (b"From: nobody\r\n\r\nHi", "no sender"),
        (b"x" * (LARGEST + 1), "larger than 25 MB"),
    ],
    ids=["nothing", "blank", "binary", "no From", "no address", "huge"],
)
def test_what_is_no_mail_says_why(raw, reason):
    with pytest.raises(Unreadable, match=reason):
        read(raw)


def test_a_wrong_date_is_no_date():
    assert read(mail(Date="yesterday")).at is None
    assert read(mail(Date="Tue, 99 Foo 20261 99:99")).at is None


def test_parts_without_end_are_refused_or_read_but_never_crash():
    body = b""
    for number in range(2000):
        body += f'Content-Type: multipart/mixed; boundary="{number}"\r\n\r\n--{number}\r\n'.encode()
    try:
        read(b"From: ann@example.com\r\n" + body)
    except Unreadable as error:
        assert "nested" in str(error)


@pytest.mark.parametrize(
    "raw",
    [
        "".join(f"X-{number}: y\r\n" for number in range(20_000)).encode() + mail(b"STOP"),
        mail(b"STOP", Subject="=?utf-8?q?a?= " * 80_000),
    ],
    ids=["headers", "encoded words"],
)
def test_no_head_of_a_mail_takes_long(raw):
    began = time.process_time()
    assert read(raw).text == "STOP"
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b"> quoted\r\n" * 30_000 + b"\r\nSTOP"),
        ("text/html", b"<p>Hi<img src='data:image/png;base64," + b"A" * 900_000 + b"'></p><p>STOP"),
        ("multipart/mixed", b"STOP"),
        ("multipart/mixed; boundary=x", b"STOP"),
    ],
)
def test_the_end_of_a_long_mail_and_a_mail_without_its_parts_are_read(kind, body):
    assert read(mail(body, Content_Type=kind)).text.endswith("STOP")
