"""Bad files are refused whole, in one sentence with the line and the remedy; nothing is stored."""

from __future__ import annotations

import io
import os
import time
import zipfile

import pytest
from openpyxl import Workbook

from outreach import testing
from outreach.core import importing
from outreach.core.importing import BadFile, read_file, source, table, workbook
from outreach.core.importing.candidates import Reader
from outreach.core.importing.choices import Choices
from outreach.core.models import Activity, Person

HEAD = b"Name,Email,Company\n"
ROW = b"A B,a@example.com,ACME\n"


def zipped(*names: str, text: str | bytes = "x" * 100) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, text)
    return made.getvalue()


def sheet(row: str) -> bytes:
    """A workbook that Excel wrote, but for its second row, which says it is that one."""
    made, changed = io.BytesIO(), io.BytesIO()
    book = Workbook()
    book.active.append(["Name", "Email"])
    book.active.append(["A B", "a@example.com"])
    book.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<row r="2"', f'<row r="{row}"'.encode()))
    return changed.getvalue()


BAD = {
    "row far below": (sheet("19999999"), "a row below 1,048,576, the last one"),
    "row below the last": (sheet("1048577"), "a row below 1,048,576, the last one"),
    "empty": (b"", "is empty"),
    "only blank lines": (b"\n \n\t\n", "only empty lines"),
    "only a mark": (b"\xef\xbb\xbf", "only empty lines"),
    "header only": (HEAD, r"header \(line 1\) and no rows"),
    "no known column": (b"Foo,Bar\n1,2\n", r"no column that says who.*Line 1 has: Foo, Bar"),
    "no header": (b"A B,8001\n", r"Line 1 has: A B, 8001\. .*say what a column is with --map"),
    "columns between ~": (
        b"First Name~Last Name~Email\nA~B~a@b.example\n",
        "Line 1 .* parts its columns with '~', which is not read. Put a comma",
    ),
    "columns between ::": (
        b"Our list\n\nName::Company\nA B::Acme\n",
        "Line 3 .* parts its columns with '::'",
    ),
    "columns between blanks": (
        b"Name         Email\nA B          a@b.example\n",
        "Line 1 .* parts its columns with blanks",
    ),
    "nobody's columns": (b"Company,Notes\nX,Y\n", "no column that says who"),
    "column twice": (b"Name,Company,company\nA,B,C\n", r"Line 1 .*'company' twice"),
    "unclosed quote": (
        HEAD + ROW + b'"C D,c@example.com,X\n' + ROW,
        r"quote \(\"\) opened in line 3",
    ),
    "quote closed too late": (
        HEAD + b'"C D,c@example.com,X\n"E F",e@example.com,Y\n',
        r"quote \(\"\) opened in line 2",
    ),
    "no text": (bytes(range(256)) * 8, "is no text, so not a list of people"),
    "nul": (HEAD + ROW + b"A\0B,c@example.com,X\n", "Line 3 .*NUL"),
    "over-long line": (HEAD + b"x" * 1_000_100 + b"\n", "Line 2 .*longer than 1,000,000"),
    "over-long cell": (HEAD + b'"' + b"x" * 200_000 + b'",a,b\n', "Line 2 .*131,072"),
    "zip without a list": (zipped("picture.png"), "ZIP archive without a list of people"),
    "zip with two lists": (zipped("a.csv", "b.csv"), r"holds 2 lists: a\.csv, b\.csv\. Unpack it"),
    "zip cut off": (zipped("a.csv")[:60], "is cut off or damaged"),
    "zip without its beginning": (
        zipped("a.csv")[:4] + zipped("a.csv")[24:],
        "is cut off or damaged",
    ),
    "zip in a zip": (zipped("a.csv", text=zipped("b.csv")), "archive in an archive"),
    "word": (zipped("[Content_Types].xml", "word/document.xml"), "is a Word document"),
    "ods": (zipped("mimetype", "META-INF/manifest.xml", "content.xml"), "is an OpenDocument file"),
    "no workbook": (zipped("[Content_Types].xml"), "cannot be read as an Excel workbook"),
    "locked xls": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        "protected by a password",
    ),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "old Excel"),
    "pdf": (b"%PDF-1.7\n", "is a PDF"),
    "gzip": (b"\x1f\x8b\x08\0\0\0", "compressed file"),
    "shell script": (b"#!/bin/sh\nmail ann@example.com < x\n", r"is a program \(a script\)"),
    "python script": (b"#! /usr/bin/env python3\nTO = 'ann@example.com'\n", "is a program"),
    "batch file": (b"@ECHO OFF\r\nrem ann@example.com\r\n", r"is a program \(a script\)"),
    "program": (b"\x7fELF\x02\x01\x01", "is a program, not a list of people"),
    "picture": (b"\x89PNG\r\n\x1a\n", "is a picture"),
    "page": (b"<!DOCTYPE html><html>", "is a web page"),
    "json": (b'[{"name": "A"}]', "is JSON"),
    "vcard cut off": (
        b"BEGIN:VCARD\nVERSION:3.0\nFN:A B\n",
        "begun in line 1 .*END:VCARD is missing",
    ),
    "half utf-16": ("Name,Email\nA,b@example.com\n".encode("utf-16")[:-1], "UTF-16: byte 0x"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_one_sentence(name):
    content, words = BAD[name]
    with pytest.raises(BadFile, match=words) as caught:
        read_file(content, name="people.csv")
    sentence = str(caught.value)
    assert "people.csv" in sentence and "\n" not in sentence
    assert sentence.endswith(".")


def test_a_missing_file_a_folder_and_an_unreadable_one_are_told_apart(tmp_path):
    with pytest.raises(BadFile, match=r"There is no file .*nobody\.csv"):
        read_file(tmp_path / "nobody.csv")
    with pytest.raises(BadFile, match="is a folder"):
        read_file(tmp_path)
    with pytest.raises(BadFile, match="cannot be opened"):
        read_file("a\0b.csv")
    with pytest.raises(BadFile, match="cannot be opened"):
        read_file("x" * 5_000)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_refused(tmp_path):
    path = tmp_path / "people.csv"
    path.write_bytes(HEAD + ROW)
    path.chmod(0)
    with pytest.raises(BadFile, match="may not be read"):
        read_file(path)


def test_what_is_no_list_at_all_ends_soon(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as handle:
        handle.truncate(source.MAX_BYTES + 1)  # sparse: takes no room
    with pytest.raises(BadFile, match=r"larger than 200 MB.*Split it"):
        read_file(path)


@pytest.mark.parametrize(
    "piece", ["a", " ", "a@", "a.", "1", "a@b.ch", "A ", "+1 ", "A, ", "1 / ", "-", "best "]
)
def test_a_cell_or_line_of_any_length_is_read_soon(piece):
    long = piece * (60_000 // len(piece)) + "x"
    people = f'Name,Email,Phone\nAnna,a@b.ch,+41446681800\nBob,"{long}","{long}"\n'
    lines = f"Anna Meier, Acme, anna@example.com\n{long}\nBob Hill, bob@example.com\n"
    began = time.process_time()
    found = read_file(people.encode(), name="a.csv")
    assert [record[1][0] for record in found.records()] == ["Anna", "Bob"]
    for record in found.records():
        Reader(found, Choices()).read(record)
    told = list(read_file(lines.encode(), name="a.txt").records())
    assert {"anna@example.com", "bob@example.com"} <= {cells[3] for _, cells in told}
    assert time.process_time() - began < 2


def test_a_sheet_of_broken_cells_is_looked_through_soon():
    began = time.process_time()
    for piece in (b'<c r="A1"', b'<c r="A1"><f', b'<c r="A1"><f>', b'<c r="A1"><f/>'):
        assert not workbook.UNCALCULATED.search(piece * 40_000)
    assert time.process_time() - began < 2
    assert workbook.UNCALCULATED.search(b'<c r="B2" s="1"><f t="a">1+1</f><v></v></c>')[1] == b"B2"


def test_the_last_row_of_a_sheet_is_read():
    assert [row for _, row in read_file(sheet("1048576")).records()] == [["A B", "a@example.com"]]


def test_a_line_without_a_name_costs_no_card():
    card = b'BEGIN:VCARD\nVERSION:3.0\n:x\n;:x\nFN:A B\n":\nEMAIL:a@example.com\nEND:VCARD\n'
    assert len(list(read_file(card).records())) == 1


def test_an_endless_stream_is_cut_off(monkeypatch):
    monkeypatch.setattr(source, "MAX_BYTES", 5 * source.CHUNK)

    class Endless:
        def read(self, size):
            return b"x" * size

    with pytest.raises(BadFile, match="larger than 5 MB"):
        read_file(Endless(), name="pipe")


def test_too_many_rows_are_refused_with_the_limit(monkeypatch):
    monkeypatch.setattr(table, "MAX_ROWS", 10)
    with pytest.raises(BadFile, match=r"more than 10 rows \(line 12\)"):
        read_file(HEAD + ROW * 11)


def test_a_linkedin_export_that_is_none_is_told_what_it_lacks():
    with pytest.raises(BadFile, match=r"lacks connected on, first name, last name; it has: Name"):
        read_file(HEAD + ROW, format="linkedin")


@pytest.mark.django_db
def test_nothing_is_stored_of_a_file_that_changes_half_way(tmp_path, monkeypatch):
    from outreach.core.importing import judging

    monkeypatch.setattr(judging, "BATCH", 1)
    path = tmp_path / "people.csv"
    path.write_bytes(HEAD + ROW + b"C D,c@example.com,X\n")
    table = read_file(path)
    path.write_bytes(HEAD + ROW)
    with pytest.raises(BadFile):
        importing.apply(testing.make_workspace(), table, by=testing.bob(), at=testing.WORKDAY)
    assert not Person.objects.exists()


@pytest.mark.django_db
def test_nothing_is_stored_when_the_last_batch_fails(monkeypatch):
    from outreach.core.importing import judging, store

    monkeypatch.setattr(judging, "BATCH", 1)
    calls = []
    whole = store.addresses

    def failing(*args):
        calls.append(args)
        if len(calls) == 2:
            raise RuntimeError("the power is gone")
        whole(*args)

    monkeypatch.setattr(store, "addresses", failing)
    table = read_file(HEAD + ROW + b"C D,c@example.com,X\n")
    with pytest.raises(RuntimeError):
        importing.apply(testing.make_workspace(), table, by=testing.bob(), at=testing.WORKDAY)
    assert not Person.objects.exists()
    assert not Activity.objects.exists()
