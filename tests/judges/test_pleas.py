"""Pleas: what they are learned from, and that they are found again."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from modcli.evaluation.protocols.variations import requests
from modcli.judges.background import bank
from modcli.judges.pleas import PleaHead, fit_pleas, paired, pleading, pleas, pleas_digest


def test_the_wordings_are_many_different_and_none_that_is_measured_with() -> None:
    wordings = pleas()
    assert len(wordings) >= 40
    assert len(set(wordings)) == len(wordings)
    assert all(wording == wording.strip() and wording for wording in wordings)
    assert not {wording.lower() for wording in wordings} & {wording.lower() for wording in requests()}


def test_each_wording_stands_before_and_behind_posts() -> None:
    posts = bank()
    asking = pleading(posts, pleas())
    for wording in pleas():
        own = [text for text in asking if wording in text]
        assert {text.startswith(wording) for text in own} == {True, False}
    assert len(set(asking)) == len(asking)


def test_pairs_are_two_different_posts() -> None:
    posts = bank()
    pairs = paired(posts, 96)
    assert len(set(pairs)) == 96
    assert all(text not in posts for text in pairs)
    assert all(
        posts[i * 37 % 320] != text.removeprefix(posts[i * 37 % 320]).strip() for i, text in enumerate(pairs)
    )


@pytest.mark.parametrize("taps", [1, 2, 3])
def test_what_shows_at_the_deeper_taps_is_learned_and_kept(taps: int, tmp_path: Path) -> None:
    def drawn(seed: int, shift: float, rows: int = 150) -> np.ndarray:
        found = np.random.default_rng(seed).normal(size=(rows, taps, 32)).astype(np.float32)
        found[:, -1, :4] += shift
        return found

    head = fit_pleas(drawn(1, 2.0), drawn(2, 0.0, 400))
    assert head.weights.shape == (max(taps - 1, 1), 32)
    assert head.suspects(drawn(3, 2.0)).mean() > 0.9
    assert head.suspects(drawn(4, 0.0)).mean() < 0.1
    head.save(tmp_path / "head")
    assert (PleaHead.load(tmp_path / "head").suspects(drawn(3, 2.0)) == head.suspects(drawn(3, 2.0))).all()


def test_a_shallow_tap_among_others_has_no_say() -> None:
    rows = np.random.default_rng(1).normal(size=(80, 2, 8)).astype(np.float32)
    rows[:40, 0] += 5
    head = fit_pleas(rows[:40], rows[40:])
    moved = rows.copy()
    moved[:, 0] -= 9
    assert (head.suspects(moved) == head.suspects(rows)).all()


def test_nothing_is_suspected_of_nothing() -> None:
    assert PleaHead(np.ones((1, 4), np.float32), 0.0).suspects(np.empty((0, 3, 4), np.float32)).shape == (0,)
    blind = PleaHead(np.zeros((0, 4), np.float32), -np.inf)
    assert not blind.suspects(np.zeros((2, 0, 4), np.float32)).any()


def test_the_digest_is_of_the_wordings_and_the_version() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}\+\d+", pleas_digest())
