from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modcli.backends.base import Readout
from modcli.backends.scripted import Scripted
from modcli.profile import Action, Category, Profile, Task
from modcli.prompts.profile_prompt import assemble
from modcli.states.asker import Asker
from modcli.states.scores import ScoreStore

SPAM = Category("spam", Action.BLOCK, "Advertising.")
RUDE = Category("rude", Action.BLOCK, "Rude.", label="toxic")
PROMPT = assemble(Profile("p", (SPAM, RUDE)), (SPAM, RUDE))
TEXTS = ["spam spam", "toxic", "a swim", "spam spam"]


def asker(folder: Path | None = None) -> tuple[Asker, Scripted]:
    backend = Scripted()
    store = None if folder is None else ScoreStore(folder / "scores.db", model="m")
    return Asker(lambda: backend, store), backend


def test_leaves_out_the_questions_not_put() -> None:
    scores = asker()[0].scores(PROMPT, TEXTS, ["rude"])
    assert np.isnan(scores[:, 0]).all()
    assert scores[1, 1] > scores[0, 1]


def test_a_multi_class_task_is_one_question() -> None:
    profile = Profile("p", (SPAM, RUDE), task=Task.MULTI_CLASS)
    scores = asker()[0].scores(assemble(profile, profile.categories), ["spam spam", "toxic toxic"])
    assert scores[0, 0] > scores[0, 1]
    assert scores[1, 1] > scores[1, 0]


def test_nothing_to_ask() -> None:
    assert asker()[0].scores(PROMPT, []).shape == (0, 2)
    assert np.isnan(asker()[0].scores(PROMPT, TEXTS, [])).all()


def test_asks_only_what_is_not_kept(tmp_path: Path) -> None:
    first, backend = asker(tmp_path)
    some = first.scores(PROMPT, TEXTS[:2], ["rude"])
    assert backend.read_count == 2
    # Equal texts are asked once; of those known only the other question is put.
    every = first.scores(PROMPT, TEXTS)
    assert backend.read_count == 2 + 3
    np.testing.assert_array_equal(every[:2, 1], some[:, 1])
    np.testing.assert_array_equal(every[0], every[3])
    second, fresh = asker(tmp_path)
    np.testing.assert_array_equal(second.scores(PROMPT, TEXTS), every)
    assert fresh.read_count == 0
    assert second.tokens == 0


def test_what_would_be_asked_is_told_beforehand(tmp_path: Path) -> None:
    one, backend = asker(tmp_path)
    assert one.missing(PROMPT, TEXTS) == 3
    assert one.missing(PROMPT, []) == 0
    one.scores(PROMPT, TEXTS[:1])
    # One of its two questions alone is not all that there is to ask.
    one.scores(PROMPT, TEXTS[1:2], ["rude"])
    assert one.missing(PROMPT, TEXTS) == 2
    one.scores(PROMPT, TEXTS)
    assert one.missing(PROMPT, TEXTS) == 0
    assert backend.read_count == 4
    assert asker()[0].missing(PROMPT, TEXTS) == 3


def test_what_was_asked_before_an_interrupt_is_kept(tmp_path: Path) -> None:
    class Stopping(Scripted):
        def read(self, *arguments: Any, **more: Any) -> list[Readout]:
            if self.read_count:
                raise KeyboardInterrupt
            return super().read(*arguments, **more)

    stopping = Stopping()
    texts = [f"post {i}" for i in range(100)]
    with pytest.raises(KeyboardInterrupt):
        Asker(lambda: stopping, ScoreStore(tmp_path / "scores.db", model="m")).scores(PROMPT, texts)
    second, backend = asker(tmp_path)
    second.scores(PROMPT, texts)
    assert 0 < backend.read_count < 100


def test_another_prompt_is_another_answer(tmp_path: Path) -> None:
    first, backend = asker(tmp_path)
    first.scores(PROMPT, TEXTS)
    before = backend.read_count
    other = Category("spam", Action.BLOCK, "Adverts.")
    first.scores(assemble(Profile("p", (other, RUDE)), (other, RUDE)), TEXTS)
    assert backend.read_count > before


def test_goes_on_without_a_store_that_fails(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path / "scores.db", model="m")
    told: list[str] = []
    broken = Asker(Scripted, store, tell=told.append)
    store.close()
    assert np.isfinite(broken.scores(PROMPT, TEXTS)).all()
    assert len(told) == 1


def test_another_model_s_scores_are_not_taken(tmp_path: Path) -> None:
    asker(tmp_path)[0].scores(PROMPT, TEXTS)
    backend = Scripted()
    Asker(lambda: backend, ScoreStore(tmp_path / "scores.db", model="other")).scores(PROMPT, TEXTS)
    assert backend.read_count > 0


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "scores.db").write_bytes(b"no database at all, but long enough to be looked at" * 30)
    asker(tmp_path)[0].scores(PROMPT, TEXTS)
    assert sqlite3.connect(tmp_path / "scores.db").execute("SELECT COUNT(*) FROM scores").fetchone()[0] > 0
