"""The tables of files against what others say of them: Gmail, Windows, IANA, Python itself."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import mimetypes
import sys
import tarfile
import wave
import zipfile
from pathlib import Path

import pytest

from safety.attachments import LIMITS, MB, NOTHING, Limit, check_attachments
from safety.file_kinds import (
    ACTIVE,
    KINDS,
    PACKED,
    PROGRAM_ENDINGS,
    TYPES,
    UNKNOWN_TYPE,
    ending_of,
    kind_of,
    runs,
    type_of,
)
from safety.tests.test_attachments import JPG, PDF, PNG, SHA, ZIP, file
from safety.verdict import Finding, Level, Verdict

# Endings that are refused, by who says that they run or are shown as pages.
THEIRS = {
    # support.google.com/mail/answer/6590: mail that carries one of these comes back.
    "Gmail": "ade adp apk appx appxbundle bat cab chm cmd com cpl diagcab diagcfg diagpkg dll dmg "
    "ex ex_ exe hta img ins iso isp jar jnlp js jse lib lnk mde mjs msc msi msix msixbundle msp "
    "mst nsh pif ps1 scr sct shb sys vb vbe vbs vhd vxd wsc wsf wsh xll",
    # The PATHEXT it comes with, and what it opens with the same.
    "Windows": "com exe bat cmd vbs vbe js jse wsf wsh msc ws psm1 reg inf url scf vhdx theme "
    "gadget",
    # IANA: application/vnd.ms-*.macroEnabled.12; and OneNote, which hides programs in pages.
    "Office": "docm dotm xlsm xltm xlam pptm potm ppam ppsm sldm one",
    "browsers": "html htm xhtml xht xhtm shtml svg svgz mht mhtml xsl xslt htc swf",
    "Unix": "sh bash zsh csh ksh tcl run command bin appimage deb rpm shar py pyc pyo pyw pyz pl "
    "rb php class wasm",
    "Apple": "app dmg pkg ipa command",
}


def test_what_others_run_or_refuse_is_refused_and_nothing_else():
    assert set(" ".join(THEIRS.values()).split()) == PROGRAM_ENDINGS


def test_no_ending_is_taken_whose_type_python_knows_to_run():
    """A printer's PostScript is refused only where it is declared as such."""
    known = mimetypes.MimeTypes().types_map[True]
    run = {ending[1:] for ending, declared in known.items() if runs(declared)}
    assert run - PROGRAM_ENDINGS == {"ps", "ai", "eps"}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("application/x-pie-executable", True),  # so `file` calls a program of today
        ("application/x-ms-dos-executable", True),
        ("application/x-debian-package", True),
        ("application/x-redhat-package-manager", True),
        ("application/vnd.appimage", True),
        ("application/x-sh", True),
        ("application/shf+xml", False),  # IANA: a file format of theatres
        ("application/vnd.oasis.opendocument.text", False),
    ],
)
def test_types_that_run(declared, expected):
    assert runs(declared) is expected


# --- What a file is -------------------------------------------------------------------------------


def made(how) -> bytes:
    """A file as Python's own module makes it."""
    held = io.BytesIO()
    how(held)
    return held.getvalue()[:64]


def zipped(*names):
    def make(held):
        with zipfile.ZipFile(held, "w") as whole:
            for name in names:
                whole.writestr(name, "x")

    return make


def tarred(held):
    with tarfile.open(fileobj=held, mode="w:gz") as whole:
        whole.addfile(tarfile.TarInfo("a"))


def sound(held):
    with wave.open(held, "wb") as whole:
        whole.setparams((1, 2, 8000, 0, "NONE", ""))
        whole.writeframes(bytes(8))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (made(zipped("a")), "zip"),
        (made(zipped()), "zip"),
        (made(tarred), "archive"),
        (gzip.compress(b"x"), "archive"),
        (bz2.compress(b"x"), "archive"),
        (lzma.compress(b"x"), "archive"),
        (b"Rar!\x1a\x07\x01\x00", "archive"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "archive"),
        (made(sound), "audio"),
        (b"\x7fELF\x02\x01\x01\x00", "program"),
        *((magic + bytes(8), "program") for magic in (
            b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")),
        (b"\x00asm\x01\x00\x00\x00", "program"),
        (b"GIF87a\x01\x00\x01\x00", "image"),
        (b"II*\x00\x08\x00\x00\x00", "image"),
        (b"MM\x00*\x00\x00\x00\x08", "image"),
        (b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00\x00\x00", "image"),
        *((b"\x00\x00\x00\x20ftyp" + brand + b"\x00\x00\x02\x00isom", kind) for brand, kind in (
            (b"heic", "image"), (b"heix", "image"), (b"avif", "image"), (b"mif1", "image"),
            (b"msf1", "image"), (b"M4A ", "audio"), (b"isom", "video"), (b"qt  ", "video"))),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", "video"),
        (b"\x00\x00\x01\xba\x44\x00", "video"),
        (b"\x1aE\xdf\xa3\x01\x00", "video"),
        (b"FLV\x01\x05\x00", "video"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # packers write the time
)  # fmt: skip
def test_what_a_file_is_whatever_it_is_called(head, kind):
    assert kind_of(head) == kind


@pytest.mark.skipif(sys.platform != "linux", reason="ELF is what Linux runs")
def test_the_program_that_runs_this_is_one():
    with Path(sys.executable).resolve().open("rb") as whole:
        assert kind_of(whole.read(64)) == "program"


# Endings whose type says nothing of their kind.
KIND_OF = {
    "zip": "docx xlsx pptx odt ods odp epub zip",
    "old office": "doc xls ppt msg",
    "text": "json xml eml rtf",
    "archive": "rar 7z gz tgz bz2 xz",
    "pdf": "pdf",
}


def test_the_kind_behind_an_ending_is_that_of_its_type():
    kinds = {ending: kind for kind, endings in KIND_OF.items() for ending in endings.split()}
    for ending, (first, *_) in TYPES.items():
        assert KINDS[ending] == kinds.get(ending, first.partition("/")[0])
    assert {ending for ending in kinds if KINDS[ending] == "archive"} | {"zip"} == PACKED


@pytest.mark.parametrize(
    ("name", "ending"),
    [("A.DOCX", "docx"), ("a.exe. .", "exe"), ("a.tar.gz", "gz"), ("a", "a"), ("x.", "x")],
)
def test_what_decides_which_program_opens_it(name, ending):
    assert ending_of(name) == ending
    assert type_of(name) == TYPES.get(ending, (UNKNOWN_TYPE,))[0]


# --- What is said of a file -----------------------------------------------------------------------

MACROS = "look whether it asks to switch macros on when it is opened, or send it as a PDF"
INSIDE = "look who wrote it, where its links lead and what hangs on it in turn"
OPENED = {
    **dict.fromkeys(("doc", "xls", "ppt"), f"an old office file can hold macros: {MACROS}"),
    **dict.fromkeys(("odt", "ods", "odp"), f"an OpenDocument can hold macros: {MACROS}"),
    **dict.fromkeys(("msg", "eml"), f"a whole message is inside: {INSIDE}"),
    "rtf": "RTF can hold other files: look for anything in it that asks for a click",
    "xml": "XML can hold script: look for <script>, a stylesheet or an <!ENTITY> in it",
    "epub": "a book is made of pages that can hold script: look where it comes from",
}
RUNS = "can run as a program or script"
FAIL, WARN = "fail", "warn"
SAID = [
    (file("a.exe"), FAIL, "attachment_program", f"a.exe {RUNS}. Leave it out"),
    (file("a.pdf", PDF, "text/html"), FAIL, "attachment_program",
     f"a.pdf is declared as text/html, which {RUNS}. Write application/pdf"),
    (file("a.pdf", b"\x7fELF"), FAIL, "attachment_program",
     "a.pdf is a program, whatever its name says"),
    (file("a.pdf", PNG), FAIL, "attachment_disguised", "a.pdf is named .pdf, its content is image"),
    *((file("a", PDF, declared), FAIL, "attachment_disguised",
       f"a says {declared}, its content is pdf")
      for declared in ("image/png", "image", "image/a/b", "video/mp4", "audio/mpeg")),
    (file("a.pdf", PDF, "text/csv"), FAIL, "attachment_disguised",
     "a.pdf is declared as text/csv, which no .pdf is. Write application/pdf"),
    (file(" "), FAIL, "attachment_malformed", "A file has no name"),
    *((file(name), FAIL, "attachment_malformed",
       f"The name {name!a} holds a path, or characters that hide what it is")
      for name in ("a/b", ".", "..", " .. ", "a\u2028b.pdf", "a\u2029b.pdf")),
    (file("a:b"), FAIL, "attachment_malformed",
     "a:b holds a colon, behind which Windows hides other content. Rename it"),
    (file("nul"), FAIL, "attachment_malformed",
     "nul is the name of a device in Windows. Rename it"),
    (file("a.pdf", PDF, size=0), FAIL, "attachment_malformed",
     "a.pdf is empty or does not say how big it is"),
    *((file("a.pdf", PDF, sha256=digest), FAIL, "attachment_malformed",
       "a.pdf has no SHA-256 of its content, so it cannot be bound to an approval")
      for digest in (SHA[1:], SHA + "a", SHA.upper(), None)),
    (file("a.pdf", PDF, size=10 * MB + MB // 2), FAIL, "attachment_size",
     "a.pdf has 10.5 MB; at most 10.0 MB go"),
    *((file(name, head, declared), WARN, "attachment_media",
       f"{name} is a picture or film: a person must look at it")
      for name, head, declared in (
          ("a.png", PNG, ""), ("a", JPG, ""), ("a.mp4", None, ""), ("a", None, "image"),
          ("a", None, "image/a/b"), ("a", None, "video/mp4"))),
    (file("a.zip", ZIP), WARN, "attachment_packed", "a.zip is packed: a person must look inside"),
    *((file(f"a.{ending}", {"zip": ZIP, "text": b"Hello"}.get(KINDS[ending])), WARN,
       "attachment_active", f"a.{ending}: {words}") for ending, words in OPENED.items()),
    (file("a.txt", b"<html>"), WARN, "attachment_active",
     "a.txt: its content is HTML, XML or RTF: look for script, forms and links in it"),
    *((file(name, head), WARN, "attachment_unknown",
       f"{name} is of a kind not known here: a person looks")
      for name, head in (("a.xyz", b"ab"), ("a.txt", b""), ("a.pdf", b"\x01\x00"))),
    (file("a.pdf"), WARN, "attachment_unseen",
     "a.pdf: its content was not looked at; a person looks"),
    (file("a.pdf", PDF, size=1), "pass", "attachment", "a.pdf: pdf"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "status", "code", "words"), SAID)
def test_a_file_is_told_word_for_word(item, status, code, words):
    level = {"fail": Level.BLOCK, "warn": Level.REVIEW, "pass": Level.ALLOW}[status]
    told = Finding("ATTACHMENT_CHECK", code, status, words)
    assert check_attachments([item]) == Verdict(level, None, (told,))


def test_every_kind_that_does_something_when_it_is_opened_says_what_to_look_for():
    assert ACTIVE == OPENED


# --- How many and how big -------------------------------------------------------------------------


def test_what_an_e_mail_carries_fits_in_25_mb_once_encoded():
    """Four letters for three bytes, and an end of line after 76 of them (RFC 2045)."""
    for size, fits in ((LIMITS["email"].all, True), (LIMITS["email"].all + MB, False)):
        assert (size * 4 / 3 * 78 / 76 <= 25 * MB) is fits


def test_what_each_channel_carries():
    """WhatsApp Cloud API and Instagram Messaging API: one file a message, 16 and 8 MB."""
    assert {
        "email": Limit(10, 10 * MB, 18 * MB),
        "whatsapp": Limit(1, 16 * MB, 16 * MB),
        "instagram": Limit(1, 8 * MB, 8 * MB),
        "linkedin": Limit(5, 20 * MB, 20 * MB),
        "phone": NOTHING,
    } == LIMITS
    assert Limit(0, 0, 0) == NOTHING


@pytest.mark.parametrize("channel", [channel for channel in LIMITS if channel != "phone"])
def test_the_last_byte_and_the_last_file_still_go(channel):
    limit = LIMITS[channel]

    def told(*sizes):
        items = [file("a.pdf", PDF, size=size) for size in sizes]
        found = check_attachments(items, channel=channel)
        return [finding.message for finding in found.blockers]

    assert told(limit.each) == []
    assert f"a.pdf has {limit.each / MB:.1f} MB; at most" in told(limit.each + 1)[-1]
    rest = [1] * (limit.most - 2)
    if limit.most > 1:
        half = limit.all // 2
        assert told(half, limit.all - half - len(rest), *rest) == []
        assert told(half + 1, limit.all - half - len(rest), *rest) == [
            f"The files have {limit.all / MB:.1f} MB together; at most {limit.all / MB:.1f} MB go"
        ]
    assert told(*[1] * (limit.most + 1)) == [
        f"{limit.most + 1} files; this channel carries at most {limit.most}"
    ]


@pytest.mark.parametrize("channel", ["phone", "fax"])
def test_a_channel_without_files_says_what_to_do_instead(channel):
    found = check_attachments([file("a.pdf", PDF)], channel=channel).blockers
    assert found[0].message == "This channel carries no files. Send a link instead"
