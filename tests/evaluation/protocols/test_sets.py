from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modcli.errors import SourceError, UsageError
from modcli.evaluation.protocols.sets import draw, load_set, public_sets, rows_of
from modcli.profile import Profile, Shot, Task
from modcli.profiles.document import CATEGORY_NAME
from modcli.prompts.profile_prompt import ORDINARY, assemble


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def some(count: int, label: str = "toxic", word: str = "post") -> list[dict[str, Any]]:
    return [{"text": f"{word} {i}", "labels": [label] if i % 2 else []} for i in range(count)]


@pytest.mark.parametrize("name", list(public_sets()))
def test_every_set_makes_a_profile(name: str) -> None:
    one = public_sets()[name]
    assert one.source.startswith("https://")
    assert one.licence
    words = [category.label for category in one.categories]
    assert len({word.split()[0] for word in [*words, ORDINARY]}) == len(words) + 1
    for category in one.categories:
        assert CATEGORY_NAME.fullmatch(category.name)
        assert 5 <= len(category.definition.splitlines()) <= 12
    profile = Profile(name, tuple(c.category() for c in one.categories), task=Task.MULTI_LABEL)
    assert len(assemble(profile, profile.categories).questions) == len(words)


def test_levels_of_definition() -> None:
    only = public_sets()["sst2"].only
    assert only.category().definition == only.definition
    assert only.category(defined=False).definition == "negative"
    assert only.category(defined=False, examples=[Shot("x")]).definition == ""


def test_labels_are_mapped_and_texts_kept_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        "openai_moderation.dev",
        [
            {"text": "a", "labels": ["hate", "hate/threatening"], "unknown": ["sexual"]},
            {"text": "b", "labels": []},
            {"text": " a", "labels": []},
        ],
    )
    first, second = load_set(tmp_path, "openai_moderation", "dev")
    assert (first.labels, first.unknown) == ({"hate", "hate-threatening"}, {"sexual"})
    assert (second.item.text, second.labels) == ("b", frozenset())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a"}', "`labels` has to be a list"),
        ('{"text": "a", "labels": "toxic"}', "`labels` has to be a list"),
        ('{"text": "a", "labels": ["spam"]}', "paradetox has no label 'spam'"),
        ('{"labels": []}', "no field 'text'"),
        ("[1]", "not a JSON object"),
    ],
)
def test_a_row_that_is_not_as_expected_is_told_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "paradetox.dev.jsonl").write_text(f'{{"text": "fine", "labels": []}}\n{line}\n')
    with pytest.raises(SourceError, match=message) as caught:
        load_set(tmp_path, "paradetox", "dev")
    assert str(caught.value).startswith(f"{tmp_path}/paradetox.dev.jsonl:2: ")


def test_a_missing_file_is_told_with_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"sms_spam\.test\.jsonl: no such file") as caught:
        load_set(tmp_path, "sms_spam", "test")
    assert "https://archive.ics.uci.edu" in str(caught.value.hint)
    (tmp_path / "sms_spam.test.jsonl").write_text("\n")
    with pytest.raises(SourceError, match="no rows"):
        load_set(tmp_path, "sms_spam", "test")
    with pytest.raises(UsageError, match="no set 'imdb'"):
        load_set(tmp_path, "imdb", "dev")


def test_shots_come_from_train_and_none_is_reported(tmp_path: Path) -> None:
    write(tmp_path, "paradetox.train", [*some(10, word="train"), {"text": "dev  1", "labels": ["toxic"]}])
    write(tmp_path, "paradetox.dev", [*some(6, word="dev"), {"text": "dev  1", "labels": []}])
    found = rows_of(tmp_path, "paradetox", "dev")
    assert found.came_from == "train"
    assert len(found.pool) == 10
    assert len(found.reported) == 7
    with pytest.raises(UsageError, match="not reported"):
        rows_of(tmp_path, "paradetox", "train")


def test_without_train_they_come_from_dev_or_half_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, "paradetox.dev", some(40, word="dev"))
    half = rows_of(tmp_path, "paradetox", "dev")
    assert half.came_from == "half of dev"
    texts = {row.item.text for row in half.pool}
    assert not texts & {row.item.text for row in half.reported}
    assert len(half.pool) + len(half.reported) == 40
    assert min(len(half.pool), len(half.reported)) > 8
    write(tmp_path, "paradetox.test", some(9, word="test"))
    other = rows_of(tmp_path, "paradetox", "test")
    assert (other.came_from, len(other.pool), len(other.reported)) == ("dev", 40, 9)


def test_some_of_the_rows_are_reported_always_the_same(tmp_path: Path) -> None:
    write(tmp_path, "paradetox.train", some(4, word="train"))
    write(tmp_path, "paradetox.dev", some(30))
    ten = rows_of(tmp_path, "paradetox", "dev", most=10).reported
    assert ten == rows_of(tmp_path, "paradetox", "dev", most=10).reported
    assert len({row.item.text for row in ten}) == 10
    assert ten != rows_of(tmp_path, "paradetox", "dev", most=10, seed=1).reported


def test_draws_are_nested_and_of_the_right_side(tmp_path: Path) -> None:
    write(tmp_path, "paradetox.train", some(40))
    write(tmp_path, "paradetox.dev", some(2, word="dev"))
    pool = rows_of(tmp_path, "paradetox", "dev").pool
    small, large = (draw(pool, "toxicity", n, n, seed=3) for n in (2, 8))
    assert large.examples[:2] == small.examples
    assert large.counterexamples[:2] == small.counterexamples
    assert all(int(shot.text.split()[1]) % 2 == 1 for shot in large.examples)
    assert all(int(shot.text.split()[1]) % 2 == 0 for shot in large.counterexamples)
    assert draw(pool, "toxicity", 8, 8, seed=4) != large
    assert len(draw(pool, "toxicity", -1, 0, seed=0).examples) == 20
    with pytest.raises(UsageError, match="21 rows of toxicity are wanted, and the pool has 20"):
        draw(pool, "toxicity", 21, 0, seed=0)
    assert len(draw(pool, "toxicity", 21, 0, seed=0, fewer=True).examples) == 20


def test_what_is_unknown_is_no_counterexample_and_long_texts_are_no_shots(tmp_path: Path) -> None:
    write(
        tmp_path,
        "openai_moderation.dev",
        [
            {"text": "a", "labels": [], "unknown": ["sexual"]},
            {"text": "b " * 400, "labels": []},
            {"text": "c", "labels": ["hate"]},
        ],
    )
    pool = load_set(tmp_path, "openai_moderation", "dev")
    assert [shot.text for shot in draw(pool, "sexual", 0, -1, 0).counterexamples] == ["c"]
