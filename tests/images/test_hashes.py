"""Perceptual hashes: the same picture written anew is known, another one is not, and lists survive being shared."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from modcli.errors import MissingExtraError, SourceError
from modcli.images import hashes
from modcli.images.decoding import open_picture
from modcli.images.hashes import (
    NEAR,
    SAME,
    Fingerprint,
    Groups,
    Hash,
    HashList,
    Index,
    group,
    hashes_of,
    near,
    pdq_installed,
)
from modcli.images.hashes_lists import joined
from modcli.images.picture import Picture
from tests.images.drawing import saved, scene

pytest.importorskip("imagehash")
PHASH, PDQ = "0123456789abcdef", "f8f8f0cce0f4a84d06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
OTHER = "ff" * 8


def picture(image: Image.Image, form: str = "PNG", **options: int) -> Picture:
    return open_picture(saved(image, form, **options))


def listed(image: Image.Image, name: str = "known") -> HashList:
    return HashList(name, hashes_of(picture(image).pixels))


@pytest.fixture
def photo() -> Image.Image:
    return scene(5, (640, 480))


def variants(photo: Image.Image) -> dict[str, Image.Image]:
    with_text = photo.copy()
    ImageDraw.Draw(with_text).text((20, 20), "hello", fill="white")
    return {
        "smaller": photo.resize((320, 240)),
        "darker": photo.point(lambda value: value * 0.8),
        "text": with_text,
    }


def test_the_same_picture_written_anew_is_known(photo: Image.Image) -> None:
    known = [listed(photo)]
    for name, variant in variants(photo).items():
        (found,) = near(picture(variant), known)
        assert found.source == "known", name
        assert not found.mirrored
        assert found.distance <= max(NEAR.values())
    (found,) = near(picture(photo, "JPEG", quality=30), known)
    assert found.distance <= 8


def test_another_picture_is_not_known(photo: Image.Image) -> None:
    for seed in range(6, 12):
        assert near(picture(scene(seed, (640, 480))), [listed(photo)]) == []


def test_the_mirrored_picture_is_known_as_such(photo: Image.Image) -> None:
    (found,) = near(picture(ImageOps.mirror(photo)), [listed(photo)])
    assert found.mirrored
    assert found.distance <= 4


def test_one_hash_of_each_list_the_nearest_first(photo: Image.Image) -> None:
    own = next(each for each in hashes_of(picture(photo).pixels, ["phash"]))
    off = Hash("phash", f"{int(own.value, 16) ^ 0b111:016x}")
    far = Hash("phash", f"{int(own.value, 16) ^ 0xFFFF:016x}")
    found = near(
        picture(photo), [HashList("a", (far, off)), HashList("b", (far, own)), HashList("c", (far,))]
    )
    assert [(known.source, known.distance) for known in found] == [("b", 0), ("a", 3)]
    assert near(picture(photo), [HashList("a", (off,))], SAME) == []
    assert near(picture(photo), []) == []
    assert Index([HashList("empty", ())]).near(picture(photo)) == []


def test_plain_pictures_have_no_hash_and_are_alone() -> None:
    plain = [picture(Image.new("RGB", (50, 50), colour)) for colour in ("white", "white", "black")]
    assert hashes_of(plain[0].pixels) == ()
    assert near(plain[0], [HashList("a", (Hash("phash", "8000000000000000"),))]) == []
    assert group(Fingerprint.of(each) for each in plain) == [0, 1, 2]


def test_phash_is_imagehash_s(photo: Image.Image) -> None:
    import imagehash

    assert hashes_of(np.asarray(photo), ["phash"]) == (Hash("phash", str(imagehash.phash(photo))),)


@pytest.mark.skipif(not pdq_installed(), reason="pdqhash is not installed")
def test_pdq_is_written_as_threatexchange_does() -> None:
    import pdqhash

    small = scene(5, (400, 300))
    bits, _ = pdqhash.compute(np.asarray(small))
    expected = f"{int(''.join(str(int(bit)) for bit in bits), 2):064x}"
    assert hashes_of(np.asarray(small), ["pdq"]) == (Hash("pdq", expected),)
    (found,) = near(picture(small), [HashList("a", (Hash("pdq", expected),))])
    assert (found.hash, found.distance) == (expected, 0)


def test_a_list_of_pdq_alone_needs_its_package(photo: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pdqhash", None)
    with pytest.raises(MissingExtraError, match="the hashes of known are PDQ") as caught:
        near(picture(photo), [HashList("known", (Hash("pdq", PDQ),))])
    assert caught.value.hint == "pip install 'modcli[pdq]'"
    both = HashList("both", (Hash("pdq", PDQ), *hashes_of(np.asarray(photo), ["phash"])))
    assert near(picture(photo), [both])[0].distance == 0


def test_without_the_extra(photo: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagehash", None)
    with pytest.raises(MissingExtraError, match="ImageHash"):
        hashes_of(np.asarray(photo))


def test_groups(photo: Image.Image) -> None:
    word = photo.copy()
    ImageDraw.Draw(word).text(
        (40, 40), "I hate you", fill="white", font_size=40, stroke_width=3, stroke_fill="black"
    )
    pictures = [
        *(picture(photo), picture(scene(6, (640, 480))), picture(photo, "JPEG", quality=60), picture(word)),
        *(picture(photo, "WEBP", quality=80), picture(word, "JPEG", quality=60)),
    ]
    assert group(Fingerprint.of(each) for each in pictures) == [0, 1, 0, 3, 0, 3], (
        "one word more is another picture"
    )


def test_many_groups() -> None:
    rng = np.random.default_rng(0)
    grey = bytes(64 * 64)
    prints = [Fingerprint(int(value), grey) for value in rng.integers(0, 2**63, 3_000)]
    assert group(prints) == list(range(3_000))
    groups = Groups()
    assert [groups.place(each) for each in [*prints, *prints]] == [*range(3_000), *range(3_000)]


def test_distances_without_numpy_2(monkeypatch: pytest.MonkeyPatch) -> None:
    words = np.array([[0, 0], [2**64 - 1, 1]], np.uint64)
    expected = [3, 62]
    own = np.array([7, 0], np.uint64)
    assert hashes._distances(words, own).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert hashes._distances(words, own).tolist() == expected


@pytest.mark.parametrize(
    "text",
    [
        f"{PHASH}\n{PDQ}\n",
        f"# ours\n{PHASH.upper()}  # a remark\n\nPDQ {PDQ}\n",
        f"phash,{PHASH}\npdq,{PDQ}\n",
        f"hash\n{PHASH}\n{PDQ}\n",
        f"algorithm,hash,note\nphash,{PHASH},x\npdq,{PDQ},\n",
        f"type,indicator\nHASH_PHASH,{PHASH}\nHASH_PDQ,{PDQ}\n",
        f"id,phash,pdq\n1,{PHASH},{PDQ}\n",
        json.dumps([PHASH, PDQ]),
        json.dumps([{"phash": PHASH, "pdq": PDQ}]),
        json.dumps(
            {"data": [{"indicator": PHASH, "type": "phash"}, {"indicator": PDQ, "type": "HASH_PDQ", "id": 7}]}
        ),
        json.dumps({"id": 1, "signals": {"phash": PHASH, "pdq": PDQ}}),
        "\n".join(
            json.dumps(row)
            for row in ({"signal_type": "phash", "signal": PHASH}, {"signal_type": "pdq", "signal": PDQ})
        ),
    ],
)
def test_lists_of_others(text: str) -> None:
    found = HashList.parse(text, name="x")
    assert [(each.algorithm, each.value) for each in found.hashes] == [("phash", PHASH), ("pdq", PDQ)]
    assert found.unread == 0


@pytest.mark.parametrize("form", ["csv", "json", "txt"])
def test_lists_are_read_as_they_were_written(form: str, tmp_path: Path) -> None:
    ours = HashList("ours", (Hash("phash", PHASH, 'a, note\nof "two" lines'), Hash("pdq", PDQ)))
    file = tmp_path / f"ours.{form}"
    file.write_text(ours.dump(form), "utf-8")
    found = HashList.load(file)
    notes = form != "txt"
    assert found.name == "ours"
    assert found.hashes == (ours.hashes if notes else (Hash("phash", PHASH), Hash("pdq", PDQ)))


def test_a_note_is_no_formula() -> None:
    text = HashList("x", (Hash("phash", PHASH, "=HYPERLINK(1)"),)).dump("csv")
    assert "'=HYPERLINK" in text


def test_what_is_no_hash_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{PHASH}\nnothing\n{'ab' * 16}\nmd5 {'ab' * 16}\n{OTHER}\n{OTHER}\n")
    found = HashList.load(file)
    assert [each.value for each in found.hashes] == [PHASH, OTHER]
    assert found.unread == 3
    assert found.skipped[0] == f"{file}:2: 'nothing' is no hash"
    assert found.skipped[1].startswith(f"{file}:3: ")
    assert "32 digits" in found.skipped[1]
    assert found.skipped[2] == f"{file}:4: 'md5' is no hash"
    rows = HashList.parse(f"type,hash\n# a remark\nmd5,{'ab' * 16}\nphash,{PHASH}\n", name="rows")
    assert rows.skipped == ("rows:3: hashes of the kind 'md5' are not compared",)


@pytest.mark.parametrize(
    "text", ["no hash at all", "[1, 2", '{"a": ', '[["x"]]', "[" * 100_000, "hash\nzz\n"]
)
def test_a_list_of_no_hash_is_an_error(text: str, tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text(text)
    with pytest.raises(SourceError) as caught:
        HashList.load(file)
    assert caught.value.hint


def test_lists_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SourceError, match="cannot be read"):
            HashList.load(path)
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(SourceError, match="not UTF-8"):
        HashList.load(tmp_path / "latin")


def test_lists_are_joined() -> None:
    one, other = (
        HashList("a", (Hash("phash", PHASH),)),
        HashList("b", (Hash("phash", PHASH), Hash("phash", OTHER))),
    )
    assert [each.value for each in joined([one, other], "c").hashes] == [PHASH, OTHER]


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=200)
    | st.sampled_from(["", "[", "{", "hash,type\n"]).flatmap(
        lambda start: st.text(max_size=60).map(start.__add__)
    )
)
def test_any_text_is_a_list_or_an_error(text: str) -> None:
    try:
        found = HashList.parse(text, name="x")
    except SourceError:
        return
    assert all(len(each.value) in (16, 64) for each in found.hashes)
