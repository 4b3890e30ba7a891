from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from modcli.reports.evaluation_html import MOST_CHARACTERS, evaluation_page
from modcli.reports.evaluation_report import Evaluation
from modcli.reports.evaluation_words import WORDS, figure
from tests.reports.evaluation_examples import double, predictions, single

VOID = {"meta"}
#: What could load or run something.
FORBIDDEN = {
    "script",
    "img",
    "link",
    "iframe",
    "object",
    "embed",
    "form",
    "input",
    "base",
    "a",
    "use",
    "image",
}


class Page(HTMLParser):
    """Checks that elements are closed in order; collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


ALL = {
    "one": single,
    "two": double,
    "two, multi-class": lambda: double(multi_class=True),
    "multi-class": lambda: single(predictions(multi_class=True)),
    "one category": lambda: single(predictions(categories=("sad",))),
    "one row": lambda: single(predictions(1)),
    "no row": lambda: single(predictions(0)),
}


@pytest.mark.parametrize("make", ALL.values(), ids=list(ALL))
def test_a_page_is_whole_and_asks_for_nothing(make: object) -> None:
    evaluation: Evaluation = make()  # type: ignore[operator]
    page = Page(evaluation_page(evaluation))
    assert not FORBIDDEN & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href")]
    assert not [value for _, value in page.attributes if "//" in value or "url(" in value]
    assert "@import" not in page.text
    assert "url(" not in page.text
    assert not re.search(r"\b(nan|inf|None|Undefined)\b", page.text + str(page.attributes))
    assert dict(page.attributes)["http-equiv"] == "Content-Security-Policy"


@pytest.mark.parametrize("make", [single, double])
def test_content_is_shown_and_does_nothing(make: object) -> None:
    written = evaluation_page(make())  # type: ignore[operator]
    assert "<b>[red]" not in written
    assert "&lt;b&gt;[red]:smile:" in written
    assert written.replace("\n", "").isprintable()
    # A mark that turns the direction of what follows is spelled out.
    assert "\\u202e" in written


def test_every_figure_stands_there() -> None:
    evaluation = single()
    page = Page(evaluation_page(evaluation))
    for one in evaluation.ways[0].measurement.categories:
        for interval in one.metrics.values():
            assert figure(interval) in page.text
    assert all(word.meaning in page.text for word in WORDS.values())
    assert "labels that nobody knows" in page.text
    assert "2026-01-31" in page.text


def test_curves_are_drawn_within_their_squares() -> None:
    page = evaluation_page(single())
    paths = re.findall(r'class="line w0" d="([^"]+)"', page)
    # Three categories and any harm, three charts each.
    assert len(paths) == 12
    numbers = [float(number) for path in paths for number in re.findall(r"[\d.]+", path)]
    assert min(numbers) == 0
    assert max(numbers) == 100
    labels = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert len(labels) == 12
    assert all("AUROC" in label or "AUPRC" in label or "Calibration error" in label for label in labels)


def test_two_ways_share_their_charts() -> None:
    page = evaluation_page(double())
    assert page.count('class="line w1" d="M') > page.count('<ul class="legend">') > 0
    assert "stage=reading against strict" in page
    assert "Only A has sad: not compared." in page
    evaluation = double()
    assert evaluation.comparison is not None
    for one in evaluation.comparison.categories:
        assert f'class="verdict {one.outcome.replace(" ", "-")}"' in page


def test_mistakes_are_listed_when_asked_for() -> None:
    assert evaluation_page(single(mistakes=5)).count("<blockquote>") == 5
    assert "<blockquote>" not in evaluation_page(single(mistakes=0))


def test_a_long_text_is_cut() -> None:
    evaluation = single(mistakes=1)
    mistake = replace(evaluation.ways[0].mistakes[0], text="x" * 100_000)
    way = replace(evaluation.ways[0], mistakes=(mistake,))
    page = evaluation_page(replace(evaluation, ways=(way,)))
    assert "x" * MOST_CHARACTERS + " …" in page
    assert "x" * (MOST_CHARACTERS + 1) not in page


@pytest.mark.parametrize("make", ALL.values(), ids=list(ALL))
def test_the_record_is_plain_json(make: object) -> None:
    evaluation: Evaluation = make()  # type: ignore[operator]
    record = json.loads(json.dumps(evaluation.as_record(curves=True), allow_nan=False))
    assert list(record) == ["modcli", "data", "map", "findings", "evaluations", "comparison"]
    assert len(record["evaluations"]) == (2 if record["comparison"] else 1)
