"""`modcli hashes`: lists of hashes, of pictures and of other lists."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from modcli.cli.app import app
from modcli.images.hashes_lists import HashList

pytest.importorskip("imagehash")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "sign.png"
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    Image.fromarray(pixels).resize((96, 96)).save(file)
    return file


def test_a_list_of_pictures_and_lists(picture: Path, tmp_path: Path) -> None:
    others = tmp_path / "others.txt"
    others.write_text("00ff00ff00ff00ff # theirs\n00ff00ff00ff00ff\n")
    ran = CliRunner().invoke(app, ["hashes", str(picture), str(others)])
    assert ran.exit_code == 0, ran.output
    rows = [row for row in csv.DictReader(io.StringIO(ran.stdout)) if row["algorithm"] == "phash"]
    assert [row["note"] for row in rows] == ["sign.png", "theirs"]
    assert "2 hashes" in ran.stderr or "3 hashes" in ran.stderr


def test_a_profile_blocks_by_the_list(picture: Path, tmp_path: Path) -> None:
    """The same picture, saved anew and smaller."""
    listed, again = tmp_path / "mine.json", tmp_path / "again.jpg"
    assert CliRunner().invoke(app, ["hashes", str(picture), "-o", str(listed), "--note", "x"]).exit_code == 0
    assert {row["note"] for row in json.loads(listed.read_text())} == {"x"}
    assert HashList.load(listed).hashes
    Image.open(picture).resize((70, 70)).save(again)
    profile = tmp_path / "p.yaml"
    profile.write_text(
        "images: {blocked_hashes: mine.json}\ncategories: {spam: {action: warn, definition: Ads.}}\n"
    )
    ran = CliRunner().invoke(
        app,
        ["check", "--backend", "scripted", "-p", str(profile), "--image", str(again), "--format", "jsonl"],
    )
    assert ran.exit_code == 1, ran.output
    assert json.loads(ran.stdout)["picture"]


def test_what_cannot_be_read_is_told_and_the_rest_listed(picture: Path, tmp_path: Path) -> None:
    plain, bad = tmp_path / "plain.png", tmp_path / "bad.txt"
    Image.new("RGB", (64, 64)).save(plain)
    bad.write_text("00ff00ff00ff00ff\nno hash\n")
    missing = tmp_path / "missing.png"
    ran = CliRunner().invoke(app, ["hashes", str(picture), str(plain), str(bad), str(missing)])
    assert ran.exit_code == 3
    assert "too plain" in ran.stderr
    assert "bad.txt:2" in ran.stderr
    assert "missing.png" in ran.stderr
    assert "00ff00ff00ff00ff" in ran.stdout


def test_nothing_to_list_is_an_error(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["hashes", str(tmp_path / "missing.png")])
    assert ran.exit_code == 2
    assert "no hash was made" in ran.stderr
