"""Certificates of a finished audit: a random sample of what it dismissed is judged in full, and what that proves is kept.

The unit is the distinct text. Which texts the full judge was asked about is known from their stages; what was let pass by
anything else is dismissed. The sample is drawn and kept as a whole before the first of it is judged, with all counts, so
that neither its size nor what it stands for can follow from what is found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from modcli.audit.run import Done, Engine, judge_texts
from modcli.audit.store import AuditStore, Judgement, now
from modcli.cascade.certificate import (
    Certificate,
    Prevalence,
    Stratum,
    counted,
    sample_for_recall,
    sample_needed,
)
from modcli.verdict import Verdict

#: How many are drawn where nobody says: 300 without a find show that at most 1% is missed.
USUAL_SAMPLE = 300
#: Stages of verdicts that a full judge gives, and of those that every judge gives alike.
_FULL, _ALIKE = frozenset(("reading", "prompt", "empty")), frozenset(("empty",))
#: The severity of a text that is drawn and not judged yet, and the certificate of one that was judged without a draw.
_WAITING, _NO_DRAW = -1, 0
#: The texts with a verdict, by what is known of the full judge's: for what was drawn before, that is what it said then.
_HELD = """
SELECT t.id AS text, t.digest AS digest,
       CASE WHEN s.text IS NULL THEN COALESCE(o.severity, r.severity) ELSE s.severity END AS severity,
       COALESCE(s.certificate > 0, 0) AS drawn,
       s.text IS NOT NULL OR (o.text IS NOT NULL AND o.stage IN ({known})) AS known
FROM texts t
LEFT JOIN verdicts o ON o.judgement = :judgement AND o.text = t.id
LEFT JOIN verdicts r ON r.judgement = :judgement AND r.text = t.representative AND o.text IS NULL
LEFT JOIN sampled s ON s.judgement = :judgement AND s.text = t.id AND s.certificate IS NOT NULL
WHERE (o.text IS NOT NULL AND o.error IS NULL) OR (r.text IS NOT NULL AND r.error IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """The texts that a judgement has verdicts on. Of some it is known what the full judge does: it acts on `acted`, and
    lets `passed` pass, of which `drawn` were dismissed and have been drawn for a certificate before. Something cheaper
    `dismissed` the others, or acts on them (`guessed`)."""

    acted: int
    passed: int
    drawn: int
    dismissed: int
    guessed: int


@dataclass(frozen=True, slots=True)
class Size:
    """What is asked for: a `sample` of so many, or one that shows that at most so many are `missed`, or this `recall`, if
    none that the full judge acts on turns up in it. Without any, USUAL_SAMPLE."""

    sample: int | None = None
    missed: int | None = None
    recall: float | None = None

    def of(self, counts: Counts) -> int:
        """How many are drawn. Raises ValueError for a recall outside of (0, 1)."""
        if self.missed is not None:
            return sample_needed(counts.dismissed, self.missed)
        if self.recall is not None:
            return sample_for_recall(counts.dismissed, counts.acted, self.recall)
        return min(self.sample or USUAL_SAMPLE, counts.dismissed)


@dataclass(frozen=True, slots=True)
class Design:
    """A sample as it was drawn: how many, out of what, to be judged by the full judge of which stage. `items` have a text
    that is dismissed."""

    size: int
    stage: str
    counts: Counts
    items: int
    made: str

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Design:
        """What was kept."""
        return cls(**{**record, "counts": Counts(**record["counts"])})


def stage_of(store: AuditStore, judgement: Judgement) -> str:
    """The `--stage` that a judgement was made with."""
    if judgement.depth != "full":
        return judgement.depth
    found = store.connection.execute(
        "SELECT json_extract(options, '$.stage') FROM runs WHERE judgement = ?"
        " AND json_extract(options, '$.stage') IS NOT NULL ORDER BY id LIMIT 1",
        (judgement.id,),
    ).fetchone()
    return str(found[0]) if found else "auto"


def known_stages(made: str, full: str) -> frozenset[str]:
    """The stages whose verdicts, in a judgement made with one `--stage`, are those of the full judge of another: where
    both are the same, and but for early stages and near-duplicates. A judge that asks the profile prompt of everything
    may say otherwise than one that asks it some questions, so of that nothing is known."""
    return _FULL if made == full else _ALIKE


def counts_of(store: AuditStore, judgement: Judgement, known: Collection[str]) -> Counts:
    """What is known of the full judge's verdicts; `known` are the stages whose verdicts are its own."""
    found = store.connection.execute(
        f"""
        SELECT COALESCE(sum(known AND severity > 0), 0), COALESCE(sum(known AND severity = 0), 0),
               COALESCE(sum(drawn AND severity = 0), 0), COALESCE(sum(NOT known AND severity = 0), 0),
               COALESCE(sum(NOT known AND severity > 0), 0)
        FROM ({_held(known)})
        """,
        {"judgement": judgement.id},
    ).fetchone()
    return Counts(*found)


def design_of(store: AuditStore, judgement: Judgement) -> Design | None:
    """The sample that is being judged; None where none is."""
    record = store.fact(_fact(judgement))
    return Design.from_record(record) if record is not None else None


def certificates_of(store: AuditStore, judgement: Judgement) -> list[dict[str, Any]]:
    """The records of its certificates, the oldest first."""
    rows = store.connection.execute(
        "SELECT record FROM certificates WHERE judgement = ? ORDER BY id", (judgement.id,)
    )
    return [json.loads(row[0]) for row in rows]


def draw(
    store: AuditStore, judgement: Judgement, counts: Counts, size: int, stage: str, known: Collection[str]
) -> Design:
    """Draw a sample of the dismissed, and keep it: uniform, without replacement, by the audit's salt, and independent of
    the samples before. Raises ValueError where one is being judged."""
    if design_of(store, judgement) is not None:
        raise ValueError("a sample is being judged")
    salt = b"\0".join(
        (
            store.salt,
            b"certificate",
            str(judgement.id).encode(),
            str(len(certificates_of(store, judgement))).encode(),
        )
    )
    store.connection.create_function(
        "lot", 1, lambda digest: hashlib.sha256(salt + digest).digest(), deterministic=True
    )
    values = {"judgement": judgement.id, "size": size}
    dismissed = f"FROM ({_held(known)}) WHERE NOT known AND severity = 0"
    items = store.connection.execute(
        f"SELECT count(DISTINCT item) FROM parts WHERE text IN (SELECT text {dismissed})", values
    ).fetchone()[0]
    design = Design(size, stage, counts, items, now())
    with store.transaction() as connection:
        connection.execute(
            f"INSERT INTO sampled SELECT :judgement, text, '', {_WAITING}, NULL {dismissed} ORDER BY lot(digest)"
            " LIMIT :size",
            values,
        )
        store.set_fact(_fact(judgement), asdict(design))
    return design


def judge_acted(
    store: AuditStore,
    judgement: Judgement,
    engine: Engine,
    known: Collection[str],
    *,
    done: Callable[[Done], None] = lambda _done: None,
) -> tuple[int, int]:
    """Judge in full all that something cheaper acts on, so that it counts. Its verdict is the full judge's from then on;
    what cannot be judged is left as it is. How many were judged, and how many of them it lets pass. Raises as
    `run.judge_pending`."""
    guessed = [
        row[0]
        for row in store.connection.execute(
            f"SELECT text FROM ({_held(known)}) WHERE NOT known AND severity > 0 ORDER BY text",
            {"judgement": judgement.id},
        )
    ]
    judged, passed = 0, 0

    def keep(verdicts: Mapping[int, Verdict]) -> None:
        nonlocal judged, passed
        found = {text: verdict for text, verdict in verdicts.items() if verdict.error is None}
        judged += len(found)
        passed += sum(not verdict.action.severity for verdict in found.values())
        store.connection.executemany(
            "INSERT INTO sampled VALUES (?, ?, ?, ?, ?)",
            ((judgement.id, text, v.stage, v.action.severity, _NO_DRAW) for text, v in found.items()),
        )
        store.put(judgement.id, found)

    if guessed:
        judge_texts(store, judgement, engine, guessed, keep=keep, options={"certificate": "acted"}, done=done)
    return judged, passed


def judge_sample(
    store: AuditStore,
    judgement: Judgement,
    engine: Engine,
    design: Design,
    *,
    done: Callable[[Done], None] = lambda _done: None,
) -> Done:
    """Judge what is left of the sample; what the full judge acts on has its verdict from then on. Raises as
    `run.judge_pending`; what was judged until then is kept."""
    waiting = [
        row[0]
        for row in store.connection.execute(
            "SELECT text FROM sampled WHERE judgement = ? AND certificate IS NULL AND severity = ? ORDER BY text",
            (judgement.id, _WAITING),
        )
    ]

    def keep(verdicts: Mapping[int, Verdict]) -> None:
        store.connection.executemany(
            "UPDATE sampled SET severity = ?, stage = ? WHERE judgement = ? AND text = ?",
            ((v.action.severity, v.stage, judgement.id, text) for text, v in verdicts.items()),
        )
        store.put(judgement.id, {text: v for text, v in verdicts.items() if v.action.severity})

    options = {"certificate": design.stage, "sample": design.size}
    return judge_texts(store, judgement, engine, waiting, keep=keep, options=options, done=done)


def certify(store: AuditStore, judgement: Judgement, design: Design) -> dict[str, Any]:
    """What a sample that was judged as a whole proves: the record of a new certificate, kept with it. Raises ValueError
    where some of it is not judged yet."""
    of_sample = "FROM sampled WHERE judgement = ? AND certificate IS NULL"
    sampled, waiting, found = store.connection.execute(
        f"SELECT count(*), COALESCE(sum(severity = {_WAITING}), 0), COALESCE(sum(severity > 0), 0) {of_sample}",
        (judgement.id,),
    ).fetchone()
    if waiting or sampled != design.size:
        raise ValueError(f"{waiting} of {sampled} are not judged yet; {design.size} were drawn")
    failed, items = (
        store.connection.execute(question, (judgement.id, judgement.id)).fetchone()[0]
        for question in (
            "SELECT count(error) FROM verdicts WHERE judgement = ?"
            f" AND text IN (SELECT text {of_sample} AND severity > 0)",
            "SELECT count(DISTINCT item) FROM parts WHERE ? > 0"
            f" AND text IN (SELECT text {of_sample} AND severity > 0)",
        )
    )
    counts = design.counts
    sample = Stratum(counts.dismissed, sampled, found)
    before = (Stratum(counts.drawn, counts.drawn, 0),) if counts.drawn else ()
    certificate = Certificate((*before, sample), counts.acted)
    record = certificate.as_record() | {"judgement": judgement.id, "stage": design.stage, "unit": "texts"}
    record |= {"drawn": design.made, "failed": failed, "guessed": counts.guessed}
    record |= {"items": {"dismissed": design.items, "found": items}}
    record["prevalence"] = prevalence_of(counts, sampled, found).as_record()
    with store.transaction() as connection:
        number = connection.execute(
            "INSERT INTO certificates (judgement, made, record) VALUES (?, ?, ?)",
            (judgement.id, now(), json.dumps(record)),
        ).lastrowid
        connection.execute(
            "UPDATE sampled SET certificate = ? WHERE judgement = ? AND certificate IS NULL",
            (number, judgement.id),
        )
        connection.execute("DELETE FROM facts WHERE name = ?", (_fact(judgement),))
    return record


def prevalence_of(counts: Counts, sampled: int, found: int) -> Prevalence:
    """The share of texts that the full judge acts on, from a sample of the dismissed. Its interval is exact: what was
    judged in full counts as it is, and of `guessed` all or none may be acted on; the estimate takes them at their word.
    Raises ValueError where there are no texts."""
    full = counts.acted + counts.passed
    groups = [Stratum(full, full, counts.acted), Stratum(counts.dismissed, sampled, found)]
    groups = [group for group in groups if group.dismissed]
    share = counted(groups) if groups or not counts.guessed else (0.0, 0.0, 0.0)
    known = full + counts.dismissed
    texts = known + counts.guessed
    value, low, high = (part * known for part in share)
    return Prevalence(
        value=(value + counts.guessed) / texts,
        low=low / texts,
        high=(high + counts.guessed) / texts,
        items=texts,
        sampled=full + sampled,
        exact=True,
    )


def _held(known: Collection[str]) -> str:
    return _HELD.format(known=", ".join(f"'{stage}'" for stage in sorted(known)))


def _fact(judgement: Judgement) -> str:
    return f"certifying {judgement.id}"
