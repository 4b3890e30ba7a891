"""SVG: drawn, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from modcli.errors import MissingExtraError, SourceError
from modcli.images import svg
from modcli.images.decoding import open_picture
from modcli.images.picture import Picture
from tests.images.drawing import saved, scene

pytest.importorskip("resvg_py")
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
USES = "".join(
    f'<g id="a{number}">' + f'<use xlink:href="#a{number - 1}"/>' * 10 + "</g>" for number in range(1, 9)
)


def drawn(text: str) -> Picture:
    return open_picture(text.encode(), name="x.svg")


def test_shapes() -> None:
    picture = drawn(f'{HEAD} width="200" height="100"><rect width="100" height="100" fill="red"/></svg>')
    assert (picture.format, picture.width, picture.height, picture.notes) == ("svg", 200, 100, ())
    assert picture.pixels.shape == (256, 512, 3)
    assert tuple(picture.pixels[128, 128]) == (255, 0, 0)
    assert tuple(picture.pixels[128, 400]) == (255, 255, 255)


@pytest.mark.parametrize(
    ("said", "size", "shape"),
    [
        ('width="1in" height="2in"', (96, 192), (512, 256)),
        ('viewBox="0 0 30 10"', (30, 10), (171, 512)),
        ('viewBox="0 0 30 10" width="60"', (60, 20), (171, 512)),
        ('width="100%" height="100%"', (300, 150), (256, 512)),
        ('width="-3" height="0"', (300, 150), (256, 512)),
        ('width="60000" height="60000"', (60_000, 60_000), (2_048, 2_048)),
        ('width="1e300" height="1"', (1_000_000, 1), (1, 16_384)),
    ],
)
def test_sizes(said: str, size: tuple[int, int], shape: tuple[int, int]) -> None:
    picture = drawn(f'{HEAD} {said}><rect width="1" height="1"/></svg>')
    assert (picture.width, picture.height) == size
    assert picture.pixels.shape[:2] == shape


def test_white_on_nothing_can_be_seen() -> None:
    picture = drawn(f'{HEAD} viewBox="0 0 9 9"><circle cx="4" cy="4" r="3" fill="white"/></svg>')
    assert picture.pixels.std() > 50


def test_nothing_outside_is_opened_and_what_is_inside_is_drawn(tmp_path: Path) -> None:
    import base64

    inside = base64.b64encode(saved(scene(1))).decode()
    secret = tmp_path / "secret.png"
    secret.write_bytes(saved(scene(1)))
    for reference in (
        str(secret),
        f"file://{secret}",
        "http://127.0.0.1/x.png",
        "secret.png",
        "data:image/svg+xml,&lt;svg/>",
    ):
        picture = drawn(
            f'{HEAD} width="90" height="90"><image xlink:href="{reference}" width="90" height="90"/></svg>'
        )
        assert picture.pixels.min() == 255, reference
        assert svg.OUTSIDE in picture.notes
    picture = drawn(
        f'{HEAD} width="90" height="90"><image href="data:image/png;base64,{inside}" width="90" height="90"/></svg>'
    )
    assert picture.pixels.min() < 100
    assert picture.notes == ()


def test_code_and_foreign_pages_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = []
    real = svg._drawn
    monkeypatch.setattr(
        svg, "_drawn", lambda text, name, fonts: (texts.append(text), real(text, name, fonts=fonts))[1]
    )
    drawn(
        f'{HEAD} onload="alert(1)" width="9" height="9"><script>alert(1)</script>'
        "<g><foreignObject><p/></foreignObject></g>"
        '<a href="javascript:alert(1)"><rect onclick="x()" width="9" height="9"/></a></svg>'
    )
    assert "rect" in texts[0]
    for word in ("script", "foreignObject", "onload", "onclick", "alert"):
        assert word not in texts[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD}><rect", "no XML"),
        (f"{HEAD}>" + "<g>" * 5_000 + "</g>" * 5_000 + "</svg>", "nests too deep"),
        (
            f'{HEAD}><g id="a0"><rect width="1" height="1"/></g>{USES}<use xlink:href="#a8"/></svg>',
            "cannot be drawn",
        ),
        (
            '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + HEAD + "><text>&a;</text></svg>",
            "no XML",
        ),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        drawn(text)
    assert caught.value.hint
    assert "root:" not in str(caught.value)


def test_entities_that_grow_are_refused() -> None:
    entities = '<!ENTITY a0 "aaaaaaaaaa">' + "".join(
        f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 9)
    )
    with pytest.raises(SourceError, match="no XML"):
        drawn(f"<!DOCTYPE svg [{entities}]>{HEAD}><text>&a8;</text></svg>")


def test_too_long_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg, "MOST_BYTES", 100)
    with pytest.raises(SourceError, match="more than 100 for an SVG"):
        drawn(f"{HEAD}>{' ' * 100}</svg>")


def test_a_drawing_that_is_never_finished_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(command: list[str], timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(svg.subprocess, "run", never)
    with pytest.raises(SourceError, match="not drawn within 10 seconds"):
        drawn(f"{HEAD}/>")


def test_the_limits_hold_in_the_process_that_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg, "MEMORY", 200 << 20)
    with pytest.raises(SourceError, match="cannot be drawn"):
        drawn(
            f'{HEAD} width="2000" height="2000"><filter id="f"><feGaussianBlur stdDeviation="9"/><feTurbulence/></filter>'
            + '<g filter="url(#f)">' * 40
            + '<rect width="2000" height="2000"/>'
            + "</g>" * 40
            + "</svg>"
        )


def test_text_is_drawn() -> None:
    picture = drawn(f'{HEAD} width="200" height="40"><text x="5" y="30" font-size="30">Hello</text></svg>')
    if not np.any(picture.pixels < 128):
        pytest.skip("no font on this machine")
    assert picture.pixels.mean() > 128


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingExtraError, match="resvg-py"):
        drawn(f"{HEAD}/>")
