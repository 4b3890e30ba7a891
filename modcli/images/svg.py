"""SVG as pixels: nothing is fetched, opened or run, and a drawing that is never finished is given up."""

from __future__ import annotations

import io
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from xml.etree import ElementTree

from modcli.errors import MissingExtraError
from modcli.images.decoding_pixels import kept_size, pixels_of
from modcli.images.formats import refusal
from modcli.images.picture import Pixels

#: Limits: bytes of a file, its elements, how deep they nest; seconds and bytes of memory that drawing may take.
MOST_BYTES = 8 * 2**20
MOST_ELEMENTS = 200_000
MOST_DEPTH = 256
SECONDS = 10.0
MEMORY = 2 * 2**30
#: The longer side of what is drawn is at least so many pixels: an icon of 16 is a drawing all the same.
LEAST_SIDE = 512
OUTSIDE = "refers to files or addresses outside of it: left out"

#: What is not drawn, by local name: code, and what other programs would draw.
_DROPPED = {"script", "foreignObject", "iframe", "audio", "video", "object", "embed", "handler", "listener"}
#: What draws what its reference names.
_DRAWS = {"image", "feImage", "use"}
_EMBEDDED = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp)\s*[;,]", re.IGNORECASE)
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-zA-Z]*)\s*$")
#: Pixels of each unit of length (CSS Values 3, 6.2).
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
_DEFAULT_SIZE = (300.0, 150.0)  # of replaced elements (CSS 2.2, 10.3.2)
_FAILED, _REFUSED = 3, 4
#: Drawn by a process of its own, which may fail, run out of memory or be ended; it reads an SVG and writes a PNG.
_CHILD = f"""
import resource, sys
memory, seconds, fonts = (int(word) for word in sys.argv[1:4])
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
import resvg_py
text = sys.stdin.buffer.read().decode("utf-8")
try:
    drawn = resvg_py.svg_to_bytes(svg_string=text, skip_system_fonts=not fonts)
except ValueError:
    sys.exit({_REFUSED})
except BaseException:
    sys.exit({_FAILED})
sys.stdout.buffer.write(bytes(drawn))
"""


def render(data: bytes, name: str, kept: int) -> tuple[Pixels, tuple[int, int], tuple[str, ...]]:
    """An SVG as pixels, the size that it says it has, and what is odd about it.

    Raises SourceError where it is too large, no XML, or cannot be drawn in time; MissingExtraError without resvg-py.
    """
    try:
        import resvg_py  # noqa: F401  the process that draws needs it
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("SVG needs resvg-py", hint="pip install 'modcli[images]'") from error
    root, notes = _harmless(data, name)
    size = _size(root)
    text = ElementTree.tostring(root, encoding="unicode")
    drawn = _drawn(text, name, fonts=any(_local(each) == "text" for each in root.iter()))
    with Image.open(io.BytesIO(drawn), formats=["PNG"]) as image:
        image.load()
        pixels, told = pixels_of(image, kept=kept)
    return pixels, size, (*notes, *told)


def _harmless(data: bytes, name: str) -> tuple[ElementTree.Element, tuple[str, ...]]:
    """The drawing without code and without references to anything outside of it."""
    if len(data) > MOST_BYTES:
        raise refusal(
            name, f"it has {len(data):,} bytes, more than {MOST_BYTES:,} for an SVG", "leave it out"
        )
    try:
        # Entities from outside are never read; those inside may not grow it (expat's own limit, since 2.4.1).
        root = ElementTree.fromstring(data)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise refusal(
            name, f"it begins as svg, and is no XML: {error}", "it is damaged or cut short"
        ) from error
    outside = False
    for count, (element, depth) in enumerate(_walk(root)):
        if count > MOST_ELEMENTS or depth > MOST_DEPTH:
            raise refusal(name, "it has more elements than are drawn, or nests too deep", "leave it out")
        for child in [each for each in element if _local(each) in _DROPPED]:
            element.remove(child)
        outside |= _cut_references(element)
    return root, (OUTSIDE,) if outside else ()


def _walk(root: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, int]]:
    """All elements with their depth, each before its children are looked up."""
    waiting = [(root, 0)]
    while waiting:
        element, depth = waiting.pop()
        yield element, depth
        waiting += [(child, depth + 1) for child in element]


def _cut_references(element: ElementTree.Element) -> bool:
    """Takes away what refers to the outside; whether something drawn did."""
    found = False
    for key, value in list(element.attrib.items()):
        local = key.rpartition("}")[2]
        if local == "href":
            embedded = _local(element) in ("image", "feImage") and _EMBEDDED.match(value)
            if not value.strip().startswith("#") and not embedded:
                del element.attrib[key]
                found |= _local(element) in _DRAWS
        elif local.lower().startswith("on") or local == "base":
            del element.attrib[key]
    return found


def _local(element: ElementTree.Element) -> str:
    """Its name without the namespace; of a comment, nothing."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _size(root: ElementTree.Element) -> tuple[int, int]:
    """Its width and height in pixels; sets those at which it is to be drawn."""
    box = [_pixels(part) for part in re.split(r"[\s,]+", root.get("viewBox", "").strip())]
    whole = [part for part in box if part is not None]
    inner = (whole[2], whole[3]) if len(whole) == len(box) == 4 and min(whole[2:]) > 0 else None
    said = (_pixels(root.get(side, "")) for side in ("width", "height"))
    width, height = (side if side and side > 0 else None for side in said)
    ratio = inner[1] / inner[0] if inner else _DEFAULT_SIZE[1] / _DEFAULT_SIZE[0]
    if not width and not height:
        width, height = inner or _DEFAULT_SIZE
    width = width or (height or 1) / ratio
    height = height or width * ratio
    size = (max(1, min(round(width), 10**6)), max(1, min(round(height), 10**6)))
    if inner is None:
        root.set("viewBox", f"0 0 {width} {height}")
    factor = max(1.0, LEAST_SIDE / max(size))
    drawn = kept_size((max(1, round(size[0] * factor)), max(1, round(size[1] * factor))))
    root.set("width", str(drawn[0]))
    root.set("height", str(drawn[1]))
    return size


def _pixels(length: str) -> float | None:
    """A length in pixels; None where it is none, or a share of something else."""
    found = _NUMBER.match(length)
    if found is None or found[2].lower() not in _UNITS:
        return None
    value = float(found[1]) * _UNITS[found[2].lower()]
    return value if math.isfinite(value) else None


def _drawn(text: str, name: str, *, fonts: bool) -> bytes:
    command = [sys.executable, "-I", "-c", _CHILD, str(MEMORY), str(math.ceil(SECONDS)), str(int(fonts))]
    try:
        done = subprocess.run(
            command,
            input=text.encode("utf-8", "replace"),
            capture_output=True,
            timeout=SECONDS,
            cwd="/",
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise refusal(name, f"it was not drawn within {SECONDS:.0f} seconds", "leave it out") from error
    if done.returncode or not done.stdout:
        said = "it begins as svg, and cannot be drawn"
        if done.returncode not in (_FAILED, _REFUSED, 0):
            said += " within the limits of time and memory"
        raise refusal(name, said, "it is damaged, or made to be slow: leave it out")
    return done.stdout
