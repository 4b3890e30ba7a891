"""Comments and strings of scripts, with their lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.skills.spoken import spoken_lines


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "a.py",
            '"""Doc\nmore."""\nx = f("s")  # c\n',
            [(1, '"""Doc'), (2, 'more."""'), (3, '"s"'), (3, "# c")],
        ),
        ("a.sh", "echo 'hi' \"you\" # c\n", [(1, "'hi'"), (1, '"you"'), (1, "# c")]),
        ("a.js", "// c\nf(`t ${1}`, 's')\n", [(1, "// c"), (2, "`t ${1}`"), (2, "'s'")]),
        ("run", "#!/usr/bin/env python3\nx = 1\n", [(1, "#!/usr/bin/env python3")]),
        ("a.rb", "puts 1\n# c", [(1, "puts 1"), (2, "# c")]),
        ("a.py", "x = 1\n", []),
        ("a.py", "def broken(:\n  'still read'\n", [(2, "'still read'")]),
    ],
)
def test_what_is_said(path: str, text: str, expected: list[tuple[int, str]]) -> None:
    assert list(spoken_lines(path, text)) == expected


@given(st.sampled_from(["a.py", "a.sh", "a.js"]), st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_read_without_an_error(path: str, text: str) -> None:
    count = text.count("\n") + 1
    assert all(1 <= line <= count for line, _ in spoken_lines(path, text))


def test_deep_nesting_is_no_recursion() -> None:
    assert list(spoken_lines("a.py", "(" * 5000 + "'s'" + ")" * 5000)) == [(1, "'s'")]
