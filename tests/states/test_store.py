from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from modcli.states.store import StateStore, content_key, normed, quantized, rounded

WIDTH = 48
KEYS = [content_key(f"text {i}") for i in range(2000)]


def store(folder: Path, *, model: str = "m", prompt: str = "p", width: int = WIDTH) -> StateStore:
    return StateStore(folder, model=model, prompt=prompt, width=width)


def some(count: int, *, seed: int = 0, width: int = WIDTH) -> NDArray[np.float32]:
    raw = np.random.default_rng(seed).normal(size=(count, width)) ** 3
    return normed(raw.astype(np.float32))


def data_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("states-*.i8"))


def test_gives_back_what_it_keeps_but_for_rounding(tmp_path: Path) -> None:
    kept, states = store(tmp_path), some(5)
    kept.put(KEYS[:5], 3, states)
    known, back = kept.get(KEYS[:5], [3])
    assert known.all()
    assert back.shape == (5, 1, WIDTH)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back[:, 0], rounded(states))
    assert (np.abs(back[:, 0] - states) <= quantized(states)[0] / 2 * 1.0001).all()


def test_what_is_not_known_is_zero(tmp_path: Path) -> None:
    kept, states = store(tmp_path), some(3)
    kept.put(KEYS[:3], 0, states)
    known, back = kept.get([KEYS[9], KEYS[2], KEYS[8], KEYS[0]], [0])
    assert known.tolist() == [False, True, False, True]
    np.testing.assert_array_equal(back[known, 0], rounded(states)[[2, 0]])
    assert not back[~known].any()


def test_several_taps(tmp_path: Path) -> None:
    """Known is what is known at all of them; each tap has its own states, in the order asked for."""
    kept = store(tmp_path)
    kept.put(KEYS[:4], 6, some(4, seed=6))
    kept.put(KEYS[2:6], 20, some(4, seed=20))
    known, back = kept.get(KEYS[:6], [20, 6])
    assert known.tolist() == [False, False, True, True, False, False]
    np.testing.assert_array_equal(back[2:4, 0], rounded(some(4, seed=20))[:2])
    np.testing.assert_array_equal(back[2:4, 1], rounded(some(4, seed=6))[2:])
    assert not back[~known].any()


def test_known_ones_are_left_as_they_are(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.put(KEYS[:2], 0, some(2, seed=1))
    size = data_files(tmp_path)[0].stat().st_size
    kept.put([*KEYS[:2], KEYS[5], KEYS[5]], 0, some(4, seed=2))
    known, back = kept.get(KEYS[:2], [0])
    assert known.all()
    np.testing.assert_array_equal(back[:, 0], rounded(some(2, seed=1)))
    assert data_files(tmp_path)[0].stat().st_size == size * 3 // 2


@pytest.mark.parametrize("count", [0, 1, 899, 900, 901, 2000])
def test_any_number_at_once(tmp_path: Path, count: int) -> None:
    kept = store(tmp_path)
    kept.put(KEYS[:count], 0, some(count))
    known, back = kept.get(KEYS[:count], [0])
    assert known.shape == (count,)
    assert known.all()
    np.testing.assert_array_equal(back[:, 0], rounded(some(count)))


def test_nothing_is_asked_for(tmp_path: Path) -> None:
    known, back = store(tmp_path).get([], [1, 2])
    assert (known.shape, back.shape) == ((0,), (0, 2, WIDTH))


@pytest.mark.parametrize("other", [{"model": "n"}, {"prompt": "q"}, {"width": WIDTH + 1}])
def test_models_prompts_and_widths_are_kept_apart(tmp_path: Path, other: dict[str, object]) -> None:
    store(tmp_path).put(KEYS[:2], 0, some(2))
    assert not store(tmp_path, **other).get(KEYS[:2], [0])[0].any()  # type: ignore[arg-type]


def test_outlives_its_process(tmp_path: Path) -> None:
    first = store(tmp_path)
    first.put(KEYS[:2], 0, some(2))
    first.close()
    assert store(tmp_path).get(KEYS[:3], [0])[0].tolist() == [True, True, False]


_WRITER = """
import sys
from pathlib import Path
from tests.states.test_store import KEYS, some, store
kept, own = store(Path(sys.argv[1])), int(sys.argv[2])
for start in range(own, 160, 8):
    # every writer writes some that the others write too
    rows = slice(start, start + 24)
    kept.put(KEYS[rows], 0, some(200)[rows])
"""


def test_several_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path), str(i)], cwd=Path(__file__).parents[2]
        )
        for i in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    known, back = store(tmp_path).get(KEYS[:176], [0])
    assert known.all()
    np.testing.assert_array_equal(back[:, 0], rounded(some(200)[:176]))
    assert data_files(tmp_path)[0].stat().st_size <= 200 * (WIDTH + 4)


@pytest.mark.parametrize("trouble", [OSError("disk full"), KeyboardInterrupt()])
def test_crash_between_data_and_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    """The bytes are there, the index does not name them: they are written over."""
    kept, write = store(tmp_path), StateStore._write

    def write_and_fail(*arguments: object) -> None:
        write(*arguments)  # type: ignore[arg-type]
        raise trouble

    with monkeypatch.context() as patched:
        patched.setattr(StateStore, "_write", write_and_fail)
        with pytest.raises(type(trouble)):
            kept.put(KEYS[:3], 0, some(3, seed=1))
    assert not kept.get(KEYS[:3], [0])[0].any()
    kept.put(KEYS[:2], 0, some(2, seed=2))
    store(tmp_path).put(KEYS[2:3], 0, some(1, seed=3))
    known, back = kept.get(KEYS[:3], [0])
    assert known.all()
    np.testing.assert_array_equal(back[:, 0], rounded(np.concatenate([some(2, seed=2), some(1, seed=3)])))


@pytest.mark.parametrize(
    ("left", "still_known"),
    [(0, 0), (1, 0), (WIDTH + 3, 0), (WIDTH + 4, 1), (3 * (WIDTH + 4) - 1, 2), (None, 0)],
)
def test_data_that_the_index_names_and_the_file_lost(
    tmp_path: Path, left: int | None, still_known: int
) -> None:
    """As after a power cut: those are not known, and are written again."""
    kept, states = store(tmp_path), some(5)
    kept.put(KEYS[:5], 0, states)
    (file,) = data_files(tmp_path)
    if left is None:
        file.unlink()
    else:
        os.truncate(file, left)
    known, back = kept.get(KEYS[:5], [0])
    assert known.tolist() == [i < still_known for i in range(5)]
    assert not back[~known].any()
    kept.put(KEYS[5:6], 0, some(1, seed=5))
    assert kept.get(KEYS[:6], [0])[0].tolist() == [*known.tolist(), True], "a hole in the file is no state"
    kept.put(KEYS[:5], 0, states)
    known, back = kept.get(KEYS[:5], [0])
    assert known.all()
    np.testing.assert_array_equal(back[:, 0], rounded(states))


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_index_is_set_aside(tmp_path: Path, content: bytes) -> None:
    """What was kept is forgotten; the data files of the old index are not touched."""
    first = store(tmp_path)
    first.put(KEYS[:2], 0, some(2, seed=1))
    first.close()
    (tmp_path / "states.db").write_bytes(content)
    kept = store(tmp_path)
    assert not kept.get(KEYS[:2], [0])[0].any()
    kept.put(KEYS[:2], 0, some(2, seed=2))
    np.testing.assert_array_equal(kept.get(KEYS[:2], [0])[1][:, 0], rounded(some(2, seed=2)))
    assert (tmp_path / "states.db.damaged").exists() == bool(content)
    assert len(data_files(tmp_path)) == 2


def test_cleared_beside_a_running_process(tmp_path: Path) -> None:
    """It goes on with its own index; what it writes never ends up between the new one's rows."""
    running = store(tmp_path)
    running.put(KEYS[:4], 0, some(4, seed=1))
    for file in tmp_path.iterdir():
        file.unlink()
    fresh = store(tmp_path)
    fresh.put(KEYS[10:16], 0, some(6, seed=2))
    running.put(KEYS[4:5], 0, some(1, seed=3))
    np.testing.assert_array_equal(fresh.get(KEYS[10:16], [0])[1][:, 0], rounded(some(6, seed=2)))
    known, back = running.get(KEYS[:5], [0])
    assert known.tolist() == [False] * 4 + [True]
    np.testing.assert_array_equal(back[4, 0], rounded(some(1, seed=3))[0])


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        store(tmp_path / "file" / "states")


def test_norm_is_one_and_zero_stays_zero() -> None:
    states = normed(np.array([[3.0, -4.0], [0.0, 0.0], [1e-30, 0.0], [1e30, 1e30]], np.float32))
    np.testing.assert_allclose(np.square(states[0]).mean(), 1, rtol=1e-6)
    assert states[1].tolist() == [0, 0]
    assert states[3].tolist() == [1, 1]
    assert rounded(states[1]).tolist() == [0, 0]


def test_content_key_takes_any_text() -> None:
    keys = {content_key(text) for text in ("", "a", "A", "a ", "\ud800")}
    assert {len(key) for key in keys} == {16}
    assert len(keys) == 5
