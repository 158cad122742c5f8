"""Documents as PDF."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from troth.kernel.pdf import Document


def test_a_document_is_an_archival_pdf_that_says_what_it_was_given_and_runs_nothing() -> None:
    document = Document("Łódź & Ōsaka", under="1 March 2026", foot="Acme", language="de")
    document.heading('#panic("no")')
    document.text('One € = #read("/etc/passwd")\n\n$x$ *not bold* \\ @nobody')
    document.items(["- a", "= b"])
    document.facts([("Name", "]] #import"), ("Empty", "")])
    document.table(["A", "B"], [["1", "two\nlines"], ["#3", "`4`"]])
    made = document.as_pdf()
    assert made.startswith(b"%PDF-1.7")
    assert b"pdfaid" in made or b"OutputIntents" in made
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages)
    for said in ('#panic("no")', '#read("/etc/passwd")', "*not bold*", "Łódź & Ōsaka", "= b", "]] #import", "`4`", "€"):
        assert said in text, said


@pytest.mark.parametrize("text", ["", "\n\n", "a\n\n\n\nb"])
def test_empty_paragraphs_are_none(text: str) -> None:
    document = Document("Title")
    document.text(text)
    assert [block["text"] for block in document.blocks] == text.split()
