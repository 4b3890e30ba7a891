"""Takes in a generated Mastodon archive: records a second, peak memory, and how soon work goes on after a kill.

    python benchmarks/archive.py make ARCHIVE.zip --posts 1000000
    python benchmarks/archive.py take ARCHIVE.zip --out AUDIT.db [--kill-after SECONDS]

The archive has the real shape: HTML with mentions, links and hashtags, content warnings, polls, alt texts, boosts; an
eighth of its posts repeat others, and as many nearly do.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from modcli.audit.ingest import Taken, fingerprint_of, ingest
from modcli.audit.store import AuditStore
from modcli.sources.exports import open_export
from modcli.sources.post import Input

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
HOST, USER = "https://village.example", "https://village.example/users/ada"
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeio"]


def words(chance: random.Random, count: int) -> list[str]:
    return ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(count)]


def html(chance: random.Random) -> str:
    paragraphs = [" ".join(words(chance, chance.randint(5, 30))) for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.4:
        name = words(chance, 1)[0]
        paragraphs[0] = (
            f'<span class="h-card" translate="no"><a href="https://other.example/@{name}" class="u-url mention">'
            f"@<span>{name}</span></a></span> {paragraphs[0]}"
        )
    if chance.random() < 0.3:
        path = "/".join(words(chance, 4))
        hidden, shown = '<span class="invisible">', '<span class="ellipsis">'
        paragraphs[-1] += (
            f' <a href="https://www.news.example/{path}" target="_blank" rel="nofollow noopener" translate="no">'
            f"{hidden}https://www.</span>{shown}news.example/{path[:18]}</span>{hidden}{path[18:]}</span></a>"
        )
    if chance.random() < 0.3:
        tag = words(chance, 1)[0]
        paragraphs[-1] += (
            f' <a href="{HOST}/tags/{tag}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>'
        )
    return "".join(f"<p>{one}</p>" for one in paragraphs)


def note(number: int, content: str, when: str, chance: random.Random) -> dict[str, object]:
    address = f"{USER}/statuses/{number}"
    audience = ([PUBLIC], [f"{USER}/followers"]) if chance.random() < 0.8 else ([f"{USER}/followers"], [])
    found: dict[str, object] = {
        "id": address, "type": "Note", "summary": " ".join(words(chance, 3)) if chance.random() < 0.05 else None,
        "inReplyTo": f"{USER}/statuses/{number - 1}" if chance.random() < 0.3 else None, "published": when,
        "url": f"{HOST}/@ada/{number}", "attributedTo": USER, "to": audience[0], "cc": audience[1], "sensitive": False,
        "atomUri": address, "inReplyToAtomUri": None, "conversation": f"tag:village.example,2024:objectId={number // 4}",
        "content": content, "contentMap": {"en": content}, "attachment": [], "tag": [],
        "replies": {"id": f"{address}/replies", "type": "Collection", "first": {"type": "CollectionPage", "items": [],
            "next": f"{address}/replies?only_other_accounts=true&page=true", "partOf": f"{address}/replies"}},
        "likes": {"id": f"{address}/likes", "type": "Collection", "totalItems": 3},
        "shares": {"id": f"{address}/shares", "type": "Collection", "totalItems": 1},
    }  # fmt: skip
    if chance.random() < 0.1:
        found["attachment"] = [
            {"type": "Document", "mediaType": "image/png", "url": f"/media_attachments/files/{number}.png",
             "name": " ".join(words(chance, 8)), "blurhash": "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH", "width": 1200}
        ]  # fmt: skip
    if chance.random() < 0.02:
        found |= {"type": "Question", "oneOf": [{"type": "Note", "name": w} for w in words(chance, 3)]}
    return found


def activity(number: int, earlier: list[str], chance: random.Random) -> dict[str, object]:
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_600_000_000 + number * 120))
    common = {
        "id": f"{USER}/statuses/{number}/activity",
        "actor": USER,
        "published": when,
        "to": [PUBLIC],
        "cc": [],
    }
    if chance.random() < 0.15:
        return common | {"type": "Announce", "object": f"https://other.example/statuses/{number}"}
    draw = chance.random()
    if earlier and draw < 0.125:
        content = chance.choice(earlier)
    elif earlier and draw < 0.25:
        content = chance.choice(earlier).replace("</p>", f"{'!' * chance.randint(1, 9)}</p>")
    else:
        content = html(chance)
        earlier[chance.randrange(len(earlier)) if len(earlier) > 20_000 else len(earlier) :] = [content]
        del earlier[20_001:]
    return common | {"type": "Create", "object": note(number, content, when, chance)}


def make(file: Path, posts: int) -> None:
    chance, earlier = random.Random(1), list[str]()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("actor.json", json.dumps({"id": USER, "type": "Person", "preferredUsername": "ada",
            "name": "Ada", "summary": "<p>hello</p>", "webfinger": "ada@village.example"}))  # fmt: skip
        archive.writestr(
            "likes.json", json.dumps({"orderedItems": [f"https://o.example/{i}" for i in range(1000)]})
        )
        with archive.open("outbox.json", "w", force_zip64=True) as stream:
            head = '{"@context":"https://www.w3.org/ns/activitystreams","id":"outbox.json","type":"OrderedCollection",'
            stream.write(f'{head}"totalItems":{posts},"orderedItems":['.encode())
            for number in range(posts):
                stream.write(b"," * (number > 0) + json.dumps(activity(number, earlier, chance)).encode())
            stream.write(b"]}")


def take(file: Path, out: Path) -> None:
    start, first = time.perf_counter(), list[float]()
    export = open_export(file)

    def done(_input: Input, taken: Taken, _position: int) -> None:
        first[1:] = [time.perf_counter() - start]
        if taken.records % 100_000 == 0:
            print(f"{taken.records:>9,} records  {taken.records / first[-1]:>7,.0f}/s", flush=True)

    with AuditStore(out, write=True) as store:
        first.append(time.perf_counter() - start)
        begun = time.perf_counter()
        taken = ingest(store, export, fingerprint=fingerprint_of(file), done=done)
        seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(taken)
    print(
        f"{taken.records:,} records in {seconds:.1f} s: {taken.records / max(seconds, 1e-9):,.0f}/s; peak {peak:.0f} MB"
    )
    print(f"opened within {first[0]:.2f} s; {out.stat().st_size / 1e6:,.0f} MB")


def killed(file: Path, out: Path, after: float) -> None:
    """Begin, kill -9, and see how soon the next run has kept a batch."""
    command = [sys.executable, __file__, "take", str(file), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    start = time.perf_counter()
    with AuditStore(out, write=True) as store:
        known = store.connection.execute("SELECT count(*) FROM items").fetchone()[0]

        def done(_input: Input, _taken: Taken, _position: int) -> None:
            seconds = time.perf_counter() - start
            print(f"killed at {known:,} records; the next batch was kept {seconds:.1f} s after the start")
            raise SystemExit

        ingest(store, open_export(file), fingerprint=fingerprint_of(file), done=done)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["make", "take"])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=Path("audit.db"))
    parser.add_argument("--kill-after", type=float)
    given = parser.parse_args()
    if given.what == "make":
        make(given.archive, given.posts)
    elif given.kill_after:
        killed(given.archive, given.out, given.kill_after)
    else:
        take(given.archive, given.out)


if __name__ == "__main__":
    main()
