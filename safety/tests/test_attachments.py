"""Files by what they are: programs refused, disguises seen through, pictures left to a person."""

from __future__ import annotations

import mimetypes
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import gate
from safety.attachments import LIMITS, MB, check_attachments
from safety.file_kinds import KINDS, PROGRAM_ENDINGS, TYPES, UNKNOWN_TYPE, kind_of, type_of
from safety.gate import Moment
from safety.tests.test_gate import GOOD, NOON
from safety.verdict import Level

SHA = "a" * 64
PDF, PNG, JPG, EXE = b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n....", b"\xff\xd8\xff\xe0", b"MZ\x90\x00"
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP, MP4 = b"PK\x03\x04....", b"\x00\x00\x00\x18ftypmp42"


def file(name, head=None, type="", size=1000, **fields):
    item = {"name": name, "type": type, "size": size, "sha256": SHA, **fields}
    return item if head is None else {**item, "head": head}


CASES = [
    (file("offer.pdf", PDF, "application/pdf"), Level.ALLOW, "attachment"),
    (file("notes.txt", b"Minutes of Monday"), Level.ALLOW, "attachment"),
    (file("table.xlsx", ZIP), Level.ALLOW, "attachment"),
    (file("BMW prices.txt", b"BMW prices of this month"), Level.ALLOW, "attachment"),
    (file("offer.pdf"), Level.REVIEW, "attachment_unseen"),
    (file("offer.xyz", b"abc"), Level.REVIEW, "attachment_unknown"),
    (file("offer"), Level.REVIEW, "attachment_unknown"),
    (file("offer.pdf", b"\x01\x00\x02"), Level.REVIEW, "attachment_unknown"),
    (file("all.zip", ZIP), Level.REVIEW, "attachment_packed"),
    (file("team.png", PNG, "image/png"), Level.REVIEW, "attachment_media"),
    (file("team.JPG", JPG), Level.REVIEW, "attachment_media"),
    (file("team.png"), Level.REVIEW, "attachment_media"),
    (file("film.mp4", MP4, "video/mp4"), Level.REVIEW, "attachment_media"),
    (file("scan", PNG), Level.REVIEW, "attachment_media"),
    (file("x", None, "image/png"), Level.REVIEW, "attachment_media"),
    (file("setup.exe"), Level.BLOCK, "attachment_program"),
    (file("invoice.pdf.exe", PDF), Level.BLOCK, "attachment_program"),
    (file("invoice.pdf.EXE. "), Level.BLOCK, "attachment_program"),
    (file("invoice.pdf", EXE), Level.BLOCK, "attachment_program"),
    (file("run", b"#!/bin/sh\n"), Level.BLOCK, "attachment_program"),
    (file("macro.docm", ZIP), Level.BLOCK, "attachment_program"),
    (file("page.html", b"<html>"), Level.BLOCK, "attachment_program"),
    (file("drawing.svg", b"<svg>"), Level.BLOCK, "attachment_program"),
    (file("offer.pdf", PNG), Level.BLOCK, "attachment_disguised"),
    (file("team.png", PDF), Level.BLOCK, "attachment_disguised"),
    (file("strange", PDF, "image/png"), Level.BLOCK, "attachment_disguised"),
    (file("offer.pdf", PDF, "text/html"), Level.BLOCK, "attachment_program"),
    (file("image.txt", b"a", "application/javascript"), Level.BLOCK, "attachment_program"),
    (file("image.txt", b"a", "TEXT/JavaScript; charset=utf-8"), Level.BLOCK, "attachment_program"),
    (file("a.xml", b"<a/>", "application/xhtml+xml"), Level.BLOCK, "attachment_program"),
    (file("a.xml", b"<a/>", "image/svg+xml"), Level.BLOCK, "attachment_program"),
    (file("a.csv", b"a,b", "application/hta"), Level.BLOCK, "attachment_program"),
    (file("a.bcd", b"ab", "application/x-msdownload"), Level.BLOCK, "attachment_program"),
    (file("a.bcd", b"ab", "application/x-sh"), Level.BLOCK, "attachment_program"),
    (file("offer.pdf", PDF, "application/zip"), Level.BLOCK, "attachment_disguised"),
    (file("offer.pdf", None, "text/plain"), Level.BLOCK, "attachment_disguised"),
    (file("team.png", PNG, "image/jpeg"), Level.BLOCK, "attachment_disguised"),
    (file("list.csv", b"a,b", "application/pdf"), Level.BLOCK, "attachment_disguised"),
    (file("mail.eml", b"From: a", "message/rfc822"), Level.BLOCK, "attachment_disguised"),
    (file("offer.pdf", PDF, "application/octet-stream"), Level.ALLOW, "attachment"),
    (file("list.csv", b"a,b", "application/vnd.ms-excel"), Level.ALLOW, "attachment"),
    (file("list.csv", b"a,b", "Text/CSV; charset=utf-8"), Level.ALLOW, "attachment"),
    (file("notes.txt", b"<html><body>"), Level.REVIEW, "attachment_active"),
    (file("notes.txt", b"\xef\xbb\xbf\r\n <!DOCTYPE html>"), Level.REVIEW, "attachment_active"),
    (file("notes.csv", b"<svg xmlns="), Level.REVIEW, "attachment_active"),
    (file("notes.md", b"hello\n<ScRiPt src=//x>"), Level.REVIEW, "attachment_active"),
    (file("notes.txt", b"{\\rtf1\\ansi"), Level.REVIEW, "attachment_active"),
    (file("notes.txt", b"<?xml version='1.0'?>"), Level.REVIEW, "attachment_active"),
    (file("notes", b"<html>"), Level.REVIEW, "attachment_active"),
    (file("notes.txt", b"1 < 2, and a <b or c> 3"), Level.ALLOW, "attachment"),
    (file("offer.pdf", b"<html>"), Level.BLOCK, "attachment_disguised"),
    (file("data.xml", b"<?xml version='1.0'?>"), Level.REVIEW, "attachment_active"),
    (file("data.xml", b"hello", "text/xml"), Level.REVIEW, "attachment_active"),
    (file("letter.doc", OLD, "application/msword"), Level.REVIEW, "attachment_active"),
    (file("sums.XLS", OLD), Level.REVIEW, "attachment_active"),
    (file("talk.ppt", OLD), Level.REVIEW, "attachment_active"),
    (file("talk.msg", OLD), Level.REVIEW, "attachment_active"),
    (file("letter.rtf", b"{\\rtf1"), Level.REVIEW, "attachment_active"),
    (file("mail.eml", b"From: a@b.example"), Level.REVIEW, "attachment_active"),
    (file("letter.odt", ZIP), Level.REVIEW, "attachment_active"),
    (file("book.epub", ZIP), Level.REVIEW, "attachment_active"),
    (file("prices.txt", "MZ Motorräder - Preisliste".encode()), Level.ALLOW, "attachment"),
    (file("prices.txt", b"MZ Preise", "text/plain"), Level.ALLOW, "attachment"),
    (file("marks.txt", b"#! means not allowed"), Level.ALLOW, "attachment"),
    (file("marks.txt", b"ID3 tags of our records"), Level.ALLOW, "attachment"),
    (file("marks.txt", b"GIF89a and BZh are formats"), Level.ALLOW, "attachment"),
    (file("offer.pdf", b"\xef\xbb\xbf \r\n%PDF-1.7"), Level.ALLOW, "attachment"),
    (file("offer.txt", b"\n%PDF-1.7"), Level.BLOCK, "attachment_disguised"),
    (file("marks.txt", b"#! \t/bin/sh\n"), Level.BLOCK, "attachment_program"),
    (file("offer.pdf:x.exe", PDF), Level.BLOCK, "attachment_malformed"),
    (file("C:offer.pdf", PDF), Level.BLOCK, "attachment_malformed"),
    (file("nul", b"abc"), Level.BLOCK, "attachment_malformed"),
    (file("COM1.txt", b"abc"), Level.BLOCK, "attachment_malformed"),
    (file("Aux .tar.gz", b"\x1f\x8b"), Level.BLOCK, "attachment_malformed"),
    (file("lpt².pdf", PDF), Level.BLOCK, "attachment_malformed"),
    (file("console.txt", b"abc"), Level.ALLOW, "attachment"),
    (file("com10.txt", b"abc"), Level.ALLOW, "attachment"),
    (file("a\u202efdp.exe"), Level.BLOCK, "attachment_malformed"),
    (file("../etc/passwd"), Level.BLOCK, "attachment_malformed"),
    (file("a\x00b.pdf"), Level.BLOCK, "attachment_malformed"),
    (file(" "), Level.BLOCK, "attachment_malformed"),
    (file("a.pdf", PDF, size=0), Level.BLOCK, "attachment_malformed"),
    (file("a.pdf", PDF, size=True), Level.BLOCK, "attachment_malformed"),
    (file("a.pdf", PDF, size="12"), Level.BLOCK, "attachment_malformed"),
    (file("a.pdf", PDF, sha256="zz"), Level.BLOCK, "attachment_malformed"),
    ({}, Level.BLOCK, "attachment_malformed"),
    (file("a.pdf", PDF, size=10 * MB + 1), Level.BLOCK, "attachment_size"),
]


@pytest.mark.parametrize(("item", "level", "code"), CASES)
def test_one_file(item, level, code):
    verdict = check_attachments([item])
    assert verdict.level is level
    assert code in {finding.code for finding in verdict.findings}


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF\x00\x00\x00\x00WEBP", "image"),
        (b"RIFF\x00\x00\x00\x00AVI ", "video"),
        (b"RIFF\x00\x00\x00\x00WAVE", "audio"),
        (b"RIFF\x00\x00\x00\x00XXXX", ""),
        (b"\x00\x00\x00\x18ftypheic", "image"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio"),
        (b"BM\x00\x00\x00\x00\x00\x00\x00\x00", "image"),
        (b"\xff\xfb\x90\x00", "audio"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old office"),
        (b"\xca\xfe\xba\xbe", "program"),
        (b"L\x00\x00\x00\x01\x14\x02\x00", "program"),
        (b"MZ" + b"x" * 58 + b"\x80\x00\x00\x00", "program"),
        (b"MZ" + b"x" * 62, "text"),
        (b"dex\n035\x00", "program"),
        (b"dex\nis a word of three letters", "text"),
        (b"#!/bin/sh", "program"),
        (b"#!!", "text"),
        (b"ID3\x03\x00\x00", "audio"),
        (b"OggS\x00\x02", "audio"),
        (b"fLaC\x00\x00\x00\x22", "audio"),
        (b"GIF89a\x01\x00\x01\x00", "image"),
        (b"BZh91AY&SY\xc1\xc0", "archive"),
        (b"BZh9\x17rE8P\x90", "archive"),
        (b"\xef\xbb\xbf%PDF-", "pdf"),
        (b"\x00 \t%PDF-1.4\x00", "pdf"),
        (b"The word %PDF- in a text", "text"),
        (b" <p>", "markup"),
        (b"Hello", "text"),
        (b"\x01\x02\x00", ""),
    ],
)
def test_what_content_begins_so(head, kind):
    assert kind_of(head) == kind


@pytest.mark.parametrize(
    ("name", "declared", "said"),
    [
        ("offer.pdf", "text/csv", "declared as text/csv, which no .pdf is. Write application/pdf"),
        ("offer.pdf", "text/html", "can run as a program or script. Write application/pdf"),
        ("a.doc", "", "old office file can hold macros: look whether it asks to switch macros on"),
        ("a.eml", "", "a whole message is inside: look who wrote it, where its links lead"),
    ],
)
def test_the_sentence_says_what_to_write_or_to_look_for(name, declared, said):
    assert said in check_attachments([file(name, None, declared)]).findings[0].message


@pytest.mark.parametrize("ending", sorted(KINDS))
def test_what_we_call_a_file_and_what_python_calls_it_is_its_type(ending):
    name, head = f"a.{ending}", {"pdf": PDF, "text": b"a"}.get(KINDS[ending])
    ours, theirs = type_of(name), mimetypes.MimeTypes().guess_type(name)
    plain = file(name, head)
    for declared in {ours, UNKNOWN_TYPE, *TYPES[ending], *([theirs[0]] if not theirs[1] else [])}:
        if declared not in (None, "message/rfc822", "audio/3gpp"):
            told = check_attachments([{**plain, "type": declared}])
            assert told.level is check_attachments([plain]).level, declared
    assert ending not in PROGRAM_ENDINGS
    assert ours != UNKNOWN_TYPE or ending == "eml"


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.js", "a", "a.html.xyz", "pdf.", ""])
def test_no_file_is_called_a_page_or_a_script_by_us(name):
    assert type_of(name) in (UNKNOWN_TYPE, "application/pdf")


@given(st.sampled_from([item for item, _, _ in CASES if item]), st.sampled_from(
    ["text/html", "image/svg+xml", "application/x-msdownload", "text/x-python", "application/x-php",
     "application/vnd.ms-word.document.macroEnabled.12", "application/java-archive", "text/xsl"]
))  # fmt: skip
def test_a_type_that_runs_is_refused_whatever_the_name(item, declared):
    assert check_attachments([{**item, "type": declared}]).level is Level.BLOCK


@pytest.mark.parametrize("channel", [*LIMITS, "fax"])
def test_number_and_size_by_channel(channel):
    limit = LIMITS.get(channel)
    most = limit.most if limit else 0
    small = file("a.pdf", PDF)
    codes = {f.code for f in check_attachments([small] * (most + 1), channel=channel).blockers}
    assert codes & ({"attachment_count"} if most else {"attachment_channel"})
    if most:
        assert check_attachments([small] * most, channel=channel).level is Level.ALLOW
        share = file("a.pdf", PDF, size=limit.all // most + 1)
        big = check_attachments([share] * most, channel=channel)
        assert "attachment_size" in {f.code for f in big.blockers}


def test_no_file_says_nothing():
    assert check_attachments([]).findings == ()


ITEMS = st.sampled_from([item for item, _, _ in CASES])


@given(st.lists(ITEMS, max_size=4), ITEMS, st.sampled_from(sorted(LIMITS)))
def test_one_more_file_never_loosens(items, more, channel):
    before = check_attachments(items, channel=channel)
    assert check_attachments([*items, more], channel=channel).level >= before.level


def test_files_whose_bytes_are_not_stored_refuse_the_message_at_every_moment():
    facts = replace(GOOD, attachments=({**file("offer.pdf", PDF), "missing": True},))
    for moment in Moment:
        verdict = gate.judge_message(facts, moment, NOON)
        assert "attachment_missing" in {f.code for f in verdict.blockers}


@pytest.mark.parametrize("channel", ["whatsapp", "instagram", "linkedin", "phone"])
def test_a_channel_that_cannot_carry_files_says_so_before_anybody_approves(channel):
    facts = replace(GOOD, channel=channel, attachments=(file("offer.pdf", PDF),))
    verdict = gate.check_files(facts, Moment.SUBMISSION, NOON)
    assert "attachments_not_carried" in {f.code for f in verdict.blockers}
    assert "Send a link" in " ".join(f.message for f in verdict.blockers)
