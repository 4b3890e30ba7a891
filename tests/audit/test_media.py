"""The media of an audit: each judged once, in whole batches, and each that cannot be an error of its own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from modcli.audit import media
from modcli.audit.ingest import ingest
from modcli.audit.media import MISSING, MediaDone, judge_media, pending_media
from modcli.audit.media_listing import media_counts
from modcli.audit.outcomes import Outcome, Selection, outcomes
from modcli.audit.run import InProcess, Wish, judge_pending
from modcli.audit.schema import MEDIA
from modcli.audit.store import AuditStore, Judgement
from modcli.audit.totals import totals_of
from modcli.item import Item, Kind
from modcli.profile import Action
from modcli.sources.media import OUTSIDE, InFolder
from modcli.sources.post import Attached, Export, Post
from modcli.verdict import CategoryVerdict, Verdict
from tests.audit.test_ingest import Records, post
from tests.audit.test_run import Judge


class Looker:
    """Blocks pictures that begin with "bad", fails at "odd", and breaks off after so many batches."""

    def __init__(self, breaks_after: int = 10**9) -> None:
        self.asked: list[tuple[str, str]] = []
        self._left = breaks_after

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        self.asked += [(item.id, item.text) for item in items]
        assert all(item.kind is Kind.IMAGE for item in items)
        return [self._verdict(item) for item in items]

    def _verdict(self, item: Item) -> Verdict:
        data = item.metadata["data"]
        if data.startswith(b"odd"):
            return Verdict(item.id, Action.WARN, reason="could not be judged", error="it is damaged")
        action = Action.BLOCK if data.startswith(b"bad") else Action.ALLOW
        found = {"gore": CategoryVerdict(0.9 if action is Action.BLOCK else 0.1, 0.5, action)}
        picture = {"format": "png", "width": 4, "height": 3}
        return Verdict(item.id, action, found, "detector", "gore 0.90", "m", part="picture", picture=picture)


def shown(key: str, *names: str, text: str = "hello", **more: object) -> Post:
    attached = tuple(
        Attached(f"attachment {i}", name, **more)  # type: ignore[arg-type]
        for i, name in enumerate(names, start=1)
    )
    return replace(post(key, text) if text else post(key), media=len(names), attached=attached)


FILES = {"a.png": b"fine a", "bad.png": b"bad", "same.png": b"bad", "odd.png": b"odd", "v.mp4": b"fine v"}
POSTS = [
    shown("p1", "a.png", "bad.png"),
    shown("p2", "same.png"),
    shown("p3", "bad.png", text="another text"),
    shown("p4", "odd.png", "missing.png", "../out.png", text=""),
    shown("p5", "v.mp4", kind="video", text="you clown"),
    shown("p6", "song.ogg", kind="audio"),
    shown("p7", "far.png", remote=True),
    post("p8", "no picture"),
]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "BATCH", 2)
    monkeypatch.setattr(media, "_PAGE", 2)


@pytest.fixture
def files(tmp_path: Path) -> InFolder:
    folder = tmp_path / "export"
    folder.mkdir()
    (tmp_path / "out.png").write_bytes(b"secret")
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    return InFolder(folder)


def take(store: AuditStore, *found: Post, fingerprint: str = "1") -> None:
    ingest(store, Export("x", "a list", (Records(found),)), fingerprint=fingerprint)


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[tuple[AuditStore, Judgement]]:
    with AuditStore(tmp_path / "a.db", write=True) as store:
        take(store, *POSTS)
        with store.transaction():
            made = store.judgement(
                name="p", profile="{}", digest="d", model="m", model_name="M", method="1", depth="full"
            )
            store.set_fact("judgement", made.id)
        yield store, made


Audit = tuple[AuditStore, Judgement]


def go(audit: Audit, looker: Looker, files: InFolder, **wish: object) -> MediaDone:
    pending_media(*audit, Wish(**wish))  # type: ignore[arg-type]
    return judge_media(*audit, looker, files, on_error=Action.WARN, options={"profile": "p"})


def by_key(audit: Audit, **selection: object) -> dict[str, Outcome]:
    return {one.key: one for one in outcomes(*audit, Selection(**selection))}  # type: ignore[arg-type]


def test_each_is_judged_once(audit: Audit, files: InFolder) -> None:
    looker = Looker()
    done = go(audit, looker, files)
    assert (done.total, done.judged, done.failed, done.alike, done.absent) == (9, 8, 3, 1, 1)
    assert done.severities == {Action.ALLOW: 2, Action.BLOCK: 3}
    # What is the same in bytes and has the same text beside it is judged once.
    assert sorted(looker.asked) == [
        ("a.png", "hello"),
        ("bad.png", "another text"),
        ("bad.png", "hello"),
        ("odd.png", ""),
        ("v.mp4", "you clown"),
    ]
    again = Looker()
    assert go(audit, again, files).judged == 0
    assert again.asked == []
    assert [row[0] for row in audit[0].connection.execute("SELECT outcome FROM runs")] == ["complete"] * 2


def test_an_item_is_what_its_strictest_part_is(audit: Audit, files: InFolder) -> None:
    judge_pending(*audit, InProcess(Judge()), Wish(), options={})
    go(audit, Looker(), files)
    found = by_key(audit)
    first = found["p1"]
    assert (first.action, first.part, first.text_id) == (Action.BLOCK, "attachment 2: picture", 0)
    assert (first.category, first.p, first.reason) == ("gore", 0.9, "gore 0.90")
    assert first.scores == {"toxicity": 0.1}
    assert [one.severity for one in first.pictures] == [0, 2]
    assert found["p2"].spread
    assert (found["p5"].action, found["p5"].category) == (Action.BLOCK, "toxicity")
    assert found["p5"].pictures[0].path == "v.mp4"
    assert found["p6"].action is Action.ALLOW
    assert by_key(audit, severity=2).keys() == {"p1", "p2", "p3", "p5"}
    assert by_key(audit, category="gore", severity=1).keys() == {"p1", "p2", "p3"}
    flagged = audit[0].connection.execute("SELECT part FROM flagged WHERE category = 'gore'").fetchall()
    assert sorted(flagged) == [
        ("attachment 1: picture",),
        ("attachment 1: picture",),
        ("attachment 2: picture",),
    ]


def test_what_cannot_be_judged_is_an_error_each(audit: Audit, files: InFolder) -> None:
    go(audit, Looker(), files)
    failed = by_key(audit)["p4"]
    assert [one.error for one in failed.pictures] == ["it is damaged", MISSING, OUTSIDE]
    assert (failed.action, failed.error) == (Action.WARN, "it is damaged")
    counts = media_counts(audit[0], audit[1].id)
    assert (counts.listed, counts.judged, counts.failed, counts.acted, counts.sound) == (10, 8, 3, 6, 1)
    assert counts.waiting == 1
    totals = totals_of(*audit)
    assert totals.as_record()["media"] == {
        "listed": 10, "judged": 8, "acted_on": 6, "failed": 3, "not_judged": 2,
    }  # fmt: skip
    assert totals.actions == {Action.ALLOW: 1, Action.WARN: 1, Action.BLOCK: 3}
    unjudged = audit[0].connection.execute("SELECT key FROM not_judged").fetchall()
    assert unjudged == []
    looker = Looker()
    (files.folder / "odd.png").write_bytes(b"fine now")
    assert go(audit, looker, files, retry=True).judged == 3
    assert looker.asked == [("odd.png", "")]
    assert by_key(audit)["p4"].pictures[0].error is None


def test_what_was_broken_off_goes_on(audit: Audit, files: InFolder) -> None:
    first, second = Looker(breaks_after=2), Looker()
    with pytest.raises(KeyboardInterrupt):
        go(audit, first, files)
    assert audit[0].connection.execute("SELECT outcome FROM runs").fetchall() == [("interrupted",)]
    kept = media_counts(audit[0], audit[1].id).judged
    assert kept >= 2
    done = go(audit, second, files)
    assert kept + done.judged == 8
    assert not set(first.asked) & set(second.asked)


def test_some_of_the_items(audit: Audit, files: InFolder) -> None:
    looker = Looker()
    assert go(audit, looker, files, limit=2).judged == 3
    assert {name for name, _ in looker.asked} == {"a.png", "bad.png"}


def test_an_export_without_media_lacks_none(audit: Audit, tmp_path: Path) -> None:
    looker = Looker()
    done = go(audit, looker, InFolder(tmp_path / "empty", holds_any=False))
    # A path that leads out is an error whether there is a file or not.
    assert (done.judged, done.failed, done.absent) == (1, 1, 8)
    with AuditStore(tmp_path / "rows.db", write=True) as store:
        take(store, replace(post("r"), attached=(Attached("image", "x.png"),)))
        with store.transaction():
            made = store.judgement(
                name="p", profile="{}", digest="d", model="m", model_name="M", method="1", depth="full"
            )
        done = go((store, made), looker, InFolder(tmp_path / "empty", holds_any=False))
        assert (done.judged, done.failed) == (1, 1)
    assert looker.asked == []


def test_posts_that_come_again(audit: Audit, files: InFolder) -> None:
    go(audit, Looker(), files)
    take(audit[0], shown("p1", "bad.png", "new.png"), *POSTS[1:], fingerprint="2")
    (files.folder / "new.png").write_bytes(b"new")
    looker = Looker()
    go(audit, looker, files)
    assert looker.asked == [("new.png", "hello")]
    assert [(one.path, one.severity) for one in by_key(audit)["p1"].pictures] == [
        ("bad.png", 2),
        ("new.png", 0),
    ]
    orphans = "SELECT count(*) FROM media_verdicts WHERE media NOT IN (SELECT id FROM media)"
    assert audit[0].connection.execute(orphans).fetchone() == (0,)


def test_names_are_seen_from_the_file_of_the_record(tmp_path: Path) -> None:
    records = Records([shown("p", "media_attachments/a.png")], name="archive-1/outbox.json")
    with AuditStore(tmp_path / "b.db", write=True) as store:
        ingest(store, Export("x", "a list", (records,)), fingerprint="1")
        paths = store.connection.execute("SELECT path FROM media").fetchall()
    assert paths == [("archive-1/media_attachments/a.png",)]


def as_version_1(file: Path) -> None:
    """What a file of the first version was."""
    with sqlite3.connect(file) as connection:
        for name in ("flagged", "not_judged"):
            connection.execute(f"DROP VIEW {name}")
        for name in ("media_verdicts", "media"):
            connection.execute(f"DROP TABLE {name}")
        connection.execute("CREATE VIEW flagged AS SELECT 1 AS id")
        connection.execute("CREATE VIEW not_judged AS SELECT 1 AS id")
        connection.execute("DELETE FROM facts WHERE name = 'lists_media'")
        connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_audits_of_version_1(tmp_path: Path, files: InFolder) -> None:
    file = tmp_path / "old.db"
    with AuditStore(file, write=True) as store:
        take(store, *POSTS)
        with store.transaction():
            made = store.judgement(
                name="p", profile="{}", digest="d", model="m", model_name="M", method="1", depth="full"
            )
    as_version_1(file)
    with AuditStore(file) as store:
        assert len(by_key((store, made))) == 8
        assert totals_of(store, made).media.listed == 0
        assert store.connection.execute("PRAGMA user_version").fetchone() == (1,)
    with AuditStore(file, write=True) as store:
        assert store.connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert media_counts(store, made.id).listed == 0
        # Read again, though the export did not change: its media were not listed.
        take(store, *POSTS)
        assert media_counts(store, made.id).listed == 10
        assert go((store, made), Looker(), files).judged == 8
    with AuditStore(file) as store:
        assert by_key((store, made))["p1"].action is Action.BLOCK
        columns = [row[1] for row in store.connection.execute("PRAGMA table_info(flagged)")]
        assert "part" in columns
    assert "media_verdicts" in MEDIA


def test_details_hold_nothing_of_the_file(audit: Audit, files: InFolder) -> None:
    go(audit, Looker(), files)
    for (details,) in audit[0].connection.execute("SELECT details FROM media_verdicts WHERE error IS NULL"):
        assert json.loads(details) == {"format": "png", "width": 4, "height": 3}
