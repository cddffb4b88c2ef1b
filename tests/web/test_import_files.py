"""What is read from the files that a company has its questions and answers in."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from bot.web.importing import tables
from bot.web.importing.documents import html_rows
from bot.web.importing.reading import read_file, read_text
from bot.web.importing.rows import MAX_BYTES, MAX_ROWS, ChooseColumns, Unreadable, nests_too_deep, plain

FAQS = Path(__file__).parents[1] / "evaluation" / "faqs"
PAIRS = [("Hoe laat zijn jullie open?", "Tot € 18 uur; ’s zondags niet."), ("Waar?", "In Gent")]
LD = {
    "@context": "https://schema.org",
    "@type": "FAQPage",
    "mainEntity": [
        {"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": f"<p>{answer}</p>"}}
        for question, answer in PAIRS
    ],
}


def csv(delimiter: str, header: tuple[str, str] = ("Vraag", "Antwoord")) -> str:
    rows = [delimiter.join(f'"{cell}"' for cell in row) for row in (header, *PAIRS)]
    return "\r\n".join(rows)


def xlsx(rows: list[tuple[object, ...]]) -> bytes:
    workbook, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        workbook.active.append(row)
    workbook.save(file)
    return file.getvalue()


def microdata() -> str:
    return "".join(
        '<div itemscope itemprop="mainEntity" itemtype="http://schema.org/Question">'
        f'<h3 itemprop="name">{question}</h3><div itemprop="acceptedAnswer" itemscope '
        f'itemtype="http://schema.org/Answer"><div itemprop="text"><p>{answer}</p></div></div></div>'
        for question, answer in PAIRS
    )


def pairs(content: bytes, name: str) -> list[tuple[str, str]]:
    return [(row.question, row.answer) for row in read_file(content, name)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("faq.csv", csv(",").encode()),
        ("faq.csv", csv(";").encode("utf-8-sig")),
        ("faq.tsv", csv("\t").encode("utf-16")),
        ("faq.csv", csv("|").encode("utf-16-le")),
        ("faq.csv", csv(";").encode("windows-1252")),
        ("faq.csv", csv(",", ("Question", "ANSWER ")).encode()),
        ("faq.xlsx", xlsx([("Vraag", "Antwoord"), *PAIRS])),
        ("faq.xlsx", xlsx([(None, None), ("Nr", "Vraag:", "Antwoord:"), *((1, *pair) for pair in PAIRS)])),
        ("faq.json", json.dumps([{"question": q, "answer": a} for q, a in PAIRS]).encode()),
        ("faq.json", json.dumps({"data": {"items": [{"Vraag": q, "Antwoord": a} for q, a in PAIRS]}}).encode()),
        ("faq.json", json.dumps(dict(PAIRS)).encode()),
        ("faq.json", json.dumps({"@graph": [{"@type": "WebPage", "name": "x"}, LD]}).encode()),
        ("faq.html", f'<script type="application/ld+json">{json.dumps(LD)}</script>'.encode()),
        ("faq.html", f'<script type="application/ld+json">{{</script>{microdata()}'.encode()),
        (
            "page",
            "".join(f"<details><summary>{q}</summary><p>{a}</p></details>" for q, a in PAIRS)
            .join(["<p>", ""])
            .encode(),
        ),
        ("faq.txt2", "\n\n".join(f"{q}\n{a}" for q, a in PAIRS).encode()),
    ],
)
def test_every_kind_of_file_gives_the_same_questions(name: str, content: bytes) -> None:
    assert pairs(content, name) == PAIRS


@pytest.mark.parametrize(("file", "company"), [("faq.html", "fietsenwinkel"), ("faq.csv", "energie")])
def test_a_whole_faq_is_read(file: str, company: str) -> None:
    lines = (FAQS / company / "faq.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = [(row["question"], row["answer"]) for row in map(json.loads, lines)]
    assert len(wanted) == 40 and pairs((FAQS / company / file).read_bytes(), file) == wanted


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Eén</p><p>Twee</p>", "Eén\n\nTwee"),
        ("Kies:<ul><li>dit</li><li><p>dat</p></li></ul>", "Kies:\n- dit\n- dat"),
        ('Kijk <a href="https://winkel.nl/x">hier</a>.', "Kijk hier (https://winkel.nl/x)."),
        ('Kijk <a href="javascript:alert(1)">hier</a>.', "Kijk hier."),
        ("Ja<script>alert(1)</script><style>p{}</style>!", "Ja!"),
        ("a &amp; b<br>c", "a & b\nc"),
        ("1 < 2 en 3 > 2", "1 < 2 en 3 > 2"),
        ("nul\x00teken\u2028 \u200f\U0001f600", "nul teken \u200f\U0001f600"),
        ("<div>" * 5_000 + "diep", "diep"),
    ],
)
def test_an_answer_becomes_plain_text(markup: str, text: str) -> None:
    assert plain(markup) == text


def test_a_formula_is_what_it_came_to_and_never_what_it_says() -> None:
    rows = read_file(xlsx([("Vraag", "Antwoord"), ("Hoe?", '=HYPERLINK("https://kwaad.nl")'), PAIRS[1]]), "faq.xlsx")
    assert [row.answer for row in rows] == ["", "In Gent"]


def test_columns_without_names_are_asked_for_and_then_read() -> None:
    content = b"1;Hoe laat?;Om tien\n2;Waar?;Gent\n"
    with pytest.raises(ChooseColumns) as asked:
        read_file(content, "faq.csv")
    assert list(asked.value.rows[0]) == ["1", "Hoe laat?", "Om tien"]
    assert [row.question for row in read_file(content, "faq.csv", (1, 2))] == ["Hoe laat?", "Waar?"]


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (tables._MAX_UNPACKED_BYTES + 1))
    return file.getvalue()


def entities() -> bytes:
    """A workbook of which the sheet defines an entity, as a billion laughs does."""
    file, whole = io.BytesIO(), zipfile.ZipFile(io.BytesIO(xlsx([("Vraag", "Antwoord"), ("a?", "b")])))
    with zipfile.ZipFile(file, "w") as packed:
        for name in whole.namelist():
            content = whole.read(name)
            if name.endswith("sheet1.xml"):
                content = b'<!DOCTYPE x [<!ENTITY a "ha">]>' + content
            packed.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("faq.csv", b"", "leeg"),
        ("faq.csv", b"\xef\xbb\xbf \r\n", "niets|leeg|geen"),
        ("faq.pdf", b"%PDF-1.7", "PDF"),
        ("faq.csv", b"\x89PNG\r\n", "afbeelding"),
        ("faq.bin", b"abc\0\1\2", "geen tekst"),
        ("faq.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "wachtwoord"),
        ("faq.xlsx", b"PK\x03\x04rest", "geen XLSX"),
        ("faq.xlsx", bomb(), "te groot"),
        ("faq.xlsx", entities(), "geen XLSX"),
        ("faq.xlsx", xlsx([]), "niets"),
        ("faq.csv", b"Vraag\nHoe?", "één kolom"),
        ("faq.csv", ("a;" + "x" * 60_000).encode(), "CSV"),
        ("faq.csv", ("Vraag;Antwoord\n" + "a?;b\n" * (MAX_ROWS + 1)).encode(), "hoogstens 2000"),
        ("faq.csv", b"x" * (MAX_BYTES + 1), "5 MB"),
        ("faq.json", b'[{"question": ', "regel 1"),
        ("faq.json", b"[" * 100_000, "JSON"),
        ("faq.json", b'{"a": 1}', "geen vragen"),
        ("faq.html", b"<p>Niets</p>", "geen vragen"),
        ("faq.csv", b"Vraag;Antwoord\n;\n", "geen vragen"),
    ],
)
def test_what_can_not_be_read_is_refused_with_what_was_expected(name: str, content: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read_file(content, name)


def test_blocks_in_each_other_are_read_as_deep_as_pages_have_them() -> None:
    """Each is read with all that it holds: of thousands in each other that would never end."""
    groups = html_rows("<details><summary>Bezorgen</summary><details><summary>Hoe laat?</summary>Om negen uur.")
    assert [row.question for row in groups] == ["Bezorgen", "Hoe laat?"]
    assert len(html_rows("<details><summary>Hoe laat?</summary>Om negen uur." * 50)) == 6
    kinds = 'itemtype="https://schema.org/Question"><b itemprop="name">Hoe laat?</b>'
    answer = '<i itemprop="acceptedAnswer"><u itemprop="text">Om negen uur.</u></i>'
    assert len(html_rows(f"<div {kinds}{answer}" * 50)) == 6


def test_a_page_without_an_end_to_its_elements_is_refused_before_it_is_parsed() -> None:
    assert not nests_too_deep("<div>" * 1_000 + "<p>tekst<br><li>" * 5_000 + "<span>x</span>" * 5_000)
    with pytest.raises(Unreadable, match="te ingewikkeld"):
        html_rows("<details><summary>q</summary>" * 200_000)
    assert plain("<b>" * 5_000 + "Om negen uur.") == "Om negen uur."


def test_pasted_text_is_read_by_what_it_begins_with() -> None:
    assert [row.question for row in read_text("\n Waar?\nHier.\n\nEn de rest.\n\nHoe?\nZo.")] == ["Waar?", "Hoe?"]
    assert [row.question for row in read_text(microdata())] == [question for question, _ in PAIRS]
    for nothing in ("", " \n", "zomaar wat tekst"):
        with pytest.raises(Unreadable):
            read_text(nothing)
