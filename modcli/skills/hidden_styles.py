"""Whether the style or the attributes of an element keep what is in it from being seen."""

from __future__ import annotations

import re
from collections.abc import Mapping

_RULE = re.compile(r"([^{}]{1,400})\{([^{}]{0,4000})\}")
_SIMPLE = re.compile(r"^(?:([a-z][a-z0-9]*)|([.#][\w-]+)|[a-z][a-z0-9]*([.#][\w-]+))$", re.IGNORECASE)
_COLOR_WORDS = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
}
_HEX = re.compile(r"^#([0-9a-f]{3,8})$")
_RGB = re.compile(r"^rgba?\(([^)]*)\)$")
_WHITE = (255, 255, 255)
#: In pixels, below which nobody reads a letter.
_SMALLEST_LETTER = 2.0
_AWAY = 900.0
_LENGTH = re.compile(r"(-?\d*\.?\d+)\s*(px|pt|em|rem|%|vw|vh|ex|ch|cm|mm|in)?")


def hidden_by(tag: str, attributes: Mapping[str, str], sheet: Mapping[str, str]) -> str:
    """Why nobody sees what is in an element, in a few words; empty where it is seen. `sheet` holds what the style sheets
    of the page hide: tag, .class or #id to the reason."""
    if "hidden" in attributes:
        return "the attribute hidden"
    for name in (
        tag,
        *("." + one for one in attributes.get("class", "").split()),
        "#" + attributes.get("id", ""),
    ):
        if name in sheet:
            return sheet[name]
    if tag == "font":
        color = _color(attributes.get("color", ""))
        if color and _too_light(color, _WHITE):
            return "white on white"
    return hidden_by_style(attributes.get("style", "")) if "style" in attributes else ""


def hidden_by_style(style: str) -> str:
    """Why declarations of CSS hide their element, in a few words; empty where they do not."""
    values: dict[str, str] = {}
    for declaration in re.sub(r"/\*.*?\*/", "", style[:4000], flags=re.DOTALL).split(";"):
        name, _, value = declaration.partition(":")
        values[name.strip().lower()] = value.lower().replace("!important", "").strip()
    for test in (_switched_off, _without_size, _out_of_sight, _like_its_ground):
        if why := test(values):
            return why
    return ""


def hidden_in_sheet(css: str) -> dict[str, str]:
    """What a style sheet hides: tag, .class or #id of each plain selector, to the reason."""
    found = {}
    for match in _RULE.finditer(css):
        if why := hidden_by_style(match[2]):
            for selector in match[1].split(","):
                if simple := _SIMPLE.match(selector.strip()):
                    found[simple[1] or simple[2] or simple[3]] = why
    return found


def _switched_off(values: Mapping[str, str]) -> str:
    if values.get("display") == "none":
        return "display: none"
    if values.get("visibility") in ("hidden", "collapse"):
        return "visibility: hidden"
    opacity = _number(values.get("opacity", ""))
    if opacity is not None and opacity <= 0.05:
        return "opacity: 0"
    return "content-visibility: hidden" if values.get("content-visibility") == "hidden" else ""


def _without_size(values: Mapping[str, str]) -> str:
    size = _pixels(values.get("font-size", ""))
    if size is not None and size < _SMALLEST_LETTER:
        return "letters without size"
    cut = values.get("overflow", values.get("overflow-y", "")) in ("hidden", "clip")
    for side in ("width", "height", "max-height", "max-width"):
        length = _pixels(values.get(side, ""))
        if length is not None and length <= 1 and (cut or (length == 0 and side.startswith("max"))):
            return "a box without size"
    shrunk = re.search(r"scale[xy3d]*\(\s*0*\.?0+\d?\s*[,)]", values.get("transform", ""))
    return "scaled to nothing" if shrunk else ""


def _out_of_sight(values: Mapping[str, str]) -> str:
    for side in ("left", "right", "top", "bottom", "text-indent", "margin-left", "margin-top"):
        length = _pixels(values.get(side, ""))
        if length is not None and abs(length) > _AWAY and (length < 0 or side != "text-indent"):
            return "moved out of sight"
    clip = values.get("clip", "") + values.get("clip-path", "")
    if re.search(
        r"rect\(\s*[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?\s*\)|inset\(\s*(?:50|100)%",
        clip,
    ):
        return "clipped away"
    return (
        "moved out of sight" if re.search(r"translate[xy3d]*\(\s*-\d{4}", values.get("transform", "")) else ""
    )


def _like_its_ground(values: Mapping[str, str]) -> str:
    written = values.get("color", "")
    if written == "transparent" or re.match(r"rgba\([^)]*,\s*0*\.?0+\s*\)$", written):
        return "transparent letters"
    color = _color(written)
    ground = values.get("background-color") or values.get("background", "")
    behind = _color(ground.split()[0] if ground else "")
    if color is None or (ground and behind is None):
        return ""
    return "letters in the color of what is behind them" if _too_light(color, behind or _WHITE) else ""


def _too_light(color: tuple[int, ...], ground: tuple[int, ...]) -> bool:
    return all(abs(one - other) <= 12 for one, other in zip(color, ground, strict=True))


def _color(text: str) -> tuple[int, ...] | None:
    text = text.strip().lower()
    if text in _COLOR_WORDS:
        return _COLOR_WORDS[text]
    if match := _HEX.match(text):
        digits = match[1] if len(match[1]) >= 6 else "".join(digit * 2 for digit in match[1])
        return tuple(int(digits[at : at + 2], 16) for at in (0, 2, 4))
    if match := _RGB.match(text):
        parts = [_number(part) for part in re.split(r"[\s,/]+", match[1].strip())[:3]]
        if len(parts) == 3 and None not in parts:
            return tuple(int(part or 0) for part in parts)
    return None


def _number(text: str) -> float | None:
    match = _LENGTH.match(text)
    if match is None:
        return None
    return float(match[1]) / (100 if match[2] == "%" else 1)


def _pixels(text: str) -> float | None:
    """A length in pixels, roughly: what counts is whether it is next to nothing or very far."""
    match = _LENGTH.match(text.strip())
    if match is None:
        return None
    return float(match[1]) * {"em": 16, "rem": 16, "pt": 1.33, "%": 0.16, "vw": 10, "vh": 8}.get(
        match[2] or "px", 1
    )
