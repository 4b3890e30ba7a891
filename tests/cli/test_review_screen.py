"""The screen of `modcli review`: keys in, rows of the log out; hostile texts stay text at every width."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import App
from textual.widgets import OptionList, Static

from modcli.audit.decisions import APPEAL, Fresh, log, write
from modcli.audit.ingest import ingest
from modcli.audit.outcomes import Selection, outcomes
from modcli.audit.review import to_ask
from modcli.audit.store import AuditStore
from modcli.cli.review_screen import Choice, Help, ReviewScreen
from modcli.cli.review_session import Session, asked_of, deciding
from modcli.errors import Location
from modcli.profile import Action, Category, Profile, Shot
from modcli.reports.audit_question import MOST, question_text
from modcli.sources.post import Account, Export, Link, Part, PartName, Post, RecordKind, Visibility
from modcli.verdict import CategoryVerdict, Verdict
from tests.audit.test_ingest import LONG, Records

HOSTILE = "[bold red]not markup[/] \x1b[2J\x1b]0;title\x07 \u202egnp.exe [@click=app.quit]press[/] \u200bend"
PROFILE = Profile(
    "p",
    (
        Category("spam", Action.BLOCK),
        Category("rude", Action.WARN, counterexamples=(Shot("not markup\x1b click=app.quit press end"),)),
        Category("sad", Action.ALLOW),
    ),
)
ADA = Account("ada@a.example", "https://a.example/@ada", "Ada [red]\x1b[1m")


def made(key: str, *parts: Part, **more: object) -> Post:
    return Post(
        key, RecordKind.POST, Location(f"x#{key}"), parts, ADA, url=f"https://a.example/{key}", **more
    )  # type: ignore[arg-type]


POSTS = (
    made(
        "hostile",
        Part(PartName.WARNING, "a warning"),
        Part(PartName.TEXT, HOSTILE),
        Part(PartName.ALT, "a picture"),
        visibility=Visibility.DIRECT,
        sensitive=True,
        media=2,
        disguised=(Link("bank.example", "https://evil.example/"),),
    ),
    made("long", Part(PartName.TEXT, LONG)),
    made("again", Part(PartName.TEXT, LONG.upper())),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AuditStore]:
    with AuditStore(tmp_path / "a.db", write=True) as opened:
        ingest(opened, Export("x", "a list", (Records(POSTS),)), fingerprint="1")
        with opened.transaction():
            judgement = opened.judgement(
                name="p", profile="{}", digest="d", model="m", model_name="M", method="1", depth="full"
            )
            opened.set_fact("judgement", judgement.id)
            for text, words in opened.connection.execute(
                "SELECT id, text FROM texts WHERE representative IS NULL"
            ).fetchall():
                spam, rude = (0.55, 0.0) if words == HOSTILE else (0.9, 0.2) if words == LONG else (0.1, 0.0)
                action = Action.BLOCK if spam > 0.5 else Action.ALLOW
                found = {
                    "spam": CategoryVerdict(spam, 0.5, action),
                    "rude": CategoryVerdict(rude, 0.5, Action.ALLOW),
                }
                opened.put(judgement.id, {text: Verdict("", action, found, "reading", f"spam {spam}")})
        yield opened


def session(store: AuditStore) -> Session:
    judgement = store.chosen()
    return Session(store, judgement, PROFILE, asked_of(store, judgement, PROFILE, Selection()))


def said(store: AuditStore) -> list[tuple[object, ...]]:
    return [(entry.item, entry.answer, *entry.labels) for entry in log(store)]


def shown(app: App[str], name: str) -> str:
    return str(app.query_one(f"#{name}", Static).content)


def press(store: AuditStore, *keys: str, size: tuple[int, int] = (80, 24)) -> tuple[ReviewScreen, str]:
    """The screen after these keys, and the item that it shows then."""
    app = ReviewScreen(session(store))

    async def play() -> str:
        async with app.run_test(size=size) as pilot:
            for key in keys:
                await pilot.press(key)
                await pilot.pause()
            return (
                f"{shown(app, 'progress')}\n{shown(app, 'text')}\n{shown(app, 'told')}"
                if app.is_running
                else ""
            )

    return app, asyncio.run(play())


def test_the_screen_shows_what_is_needed_to_decide(store: AuditStore) -> None:
    _, text = press(store)
    assert text.startswith("1 of 3  spam is 0.05 from its threshold\nBLOCKED  post 1\n")
    for told in (
        "@ada@a.example (Ada [red]\\x1b[1m)",
        "for: direct, marked sensitive, 2 attachments",
        "https://a.example/hostile",
        "a link that looks like bank.example leads to https://evil.example/",
        "content warning\na warning",
        "text  <- this decided",
        "alt text\na picture",
        "why: spam 0.55 (by reading)",
        "shares words with a counterexample of rude: not markup\\x1b click=app.quit press end",
        "spam block 0.55 from 0.50",
        "rude warn  0.00 from 0.50",
    ):
        assert told in text


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
def test_hostile_texts_neither_act_nor_style(store: AuditStore, size: tuple[int, int]) -> None:
    app = ReviewScreen(session(store))

    async def drawn() -> str:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            lines = app.screen._compositor.render_strips()
            return "\n".join(strip.text for strip in lines) + shown(app, "text")

    text = asyncio.run(drawn())
    assert (
        "[bold red]not markup[/] \\x1b[2J\\x1b]0;title\\x07 \\u202egnp.exe [@click=app.quit]press[/]" in text
    )
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_answers_are_rows_at_once_and_in_order(store: AuditStore) -> None:
    app, text = press(store, "r", "w")
    assert said(store) == [(1, "right", "spam"), (2, "wrong")]
    assert text.startswith("3 of 3")
    with sqlite3.connect(store.file) as other:
        assert other.execute("SELECT count(*) FROM decisions").fetchone()[0] == 2
    assert (app.session.answered, app.session.total) == (2, 3)


def test_it_goes_on_with_what_is_undecided(store: AuditStore) -> None:
    app, text = press(store, "s", "r", "q")
    assert (app.return_value, text) == ("quit", "")
    assert said(store) == [(1, "skip"), (2, "right", "spam")]
    _, text = press(store)
    assert text.startswith("1 of 2")
    # What was skipped comes last.
    assert "post 3" in text
    assert "post 1" in press(store, "s")[1]


def test_the_last_one(store: AuditStore) -> None:
    _, text = press(store, "r", "r", "r", "r", "o", "w")
    assert text.startswith("3 of 3\nThat was the last one.")
    assert len(said(store)) == 3
    assert press(store, "p")[0].return_value == "learn"


def test_other_categories_are_ticked(store: AuditStore) -> None:
    _, text = press(store, "o", "down", "space", "down", "space", "enter")
    assert said(store) == [(1, "other", "rude", "sad")]
    assert text.startswith("2 of 3")
    press(store, "o", "space", "space", "down", "enter")
    assert said(store)[1:] == [(2, "other", "rude")]
    press(store, "o", "space", "escape", "q")
    assert len(said(store)) == 2


def test_what_is_ticked_can_be_seen(store: AuditStore) -> None:
    app = ReviewScreen(session(store))

    async def play() -> list[str]:
        async with app.run_test(size=(40, 24)) as pilot:
            await pilot.press("o", "down", "space")
            options = app.screen.query_one(OptionList)
            return [str(options.get_option_at_index(i).prompt) for i in range(3)]

    assert asyncio.run(play()) == ["[ ] spam", "[x] rude", "[ ] sad"]


def test_an_undo_takes_back_and_asks_again(store: AuditStore) -> None:
    _, text = press(store, "r", "s", "u", "u")
    assert text.startswith("1 of 3")
    assert "taken back" in text
    assert said(store) == [(1, "right", "spam"), (2, "skip"), (2, "undo"), (1, "undo")]
    _, text = press(store, "u")
    assert "there is nothing to undo" in text
    assert len(said(store)) == 4


def test_an_undo_reaches_into_earlier_sittings(store: AuditStore) -> None:
    press(store, "r", "r", "r")
    app, _ = press(store, "u", "w")
    assert said(store)[3:] == [(3, "undo"), (3, "wrong")]
    assert app.session.total == 1


def test_help_answers_nothing_and_can_be_scrolled(store: AuditStore) -> None:
    app = ReviewScreen(session(store))

    async def play() -> tuple[bool, bool]:
        async with app.run_test(size=(40, 12)) as pilot:
            await pilot.press("question_mark", "down")
            opened = isinstance(app.screen, Help)
            await pilot.press("r")
            await pilot.pause()
            return opened, isinstance(app.screen, Help)

    assert asyncio.run(play()) == (True, False)
    assert said(store) == []


def test_keys_do_nothing_behind_the_choice(store: AuditStore) -> None:
    app = ReviewScreen(session(store))

    async def play() -> bool:
        async with app.run_test() as pilot:
            await pilot.press("o", "r", "w", "q")
            await pilot.pause()
            return isinstance(app.screen, Choice)

    assert asyncio.run(play())
    assert said(store) == []


def test_what_cannot_be_written_is_told_and_the_item_waits(
    store: AuditStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ReviewScreen(session(store))

    async def play() -> str:
        async with app.run_test() as pilot:
            store.connection.execute("PRAGMA query_only = ON")
            await pilot.press("r")
            await pilot.pause()
            return f"{shown(app, 'progress')} {shown(app, 'told')}"

    text = asyncio.run(play())
    assert text.startswith("1 of 3")
    assert "cannot be written" in text


def test_near_duplicates_are_said(store: AuditStore) -> None:
    assert (
        "1 other item has this text or nearly the same. An answer is for this item alone."
        in press(store, "r")[1]
    )


def test_an_appeal_is_shown_with_its_reason(store: AuditStore) -> None:
    write(store, store.chosen(), 1, Fresh(APPEAL, APPEAL, Action.BLOCK, why="it is\na quote\x1b"))
    assert "said before: appeal: it is a quote\\x1b" in press(store)[1]


def test_a_very_long_text_is_cut_and_that_is_said(store: AuditStore) -> None:
    one = next(outcomes(store, store.chosen(), Selection(ids=(1,))))
    piece = replace(one.pieces[0], name="text", text="x" * (MOST + 5))
    told = question_text(replace(one, pieces=(piece,)), {}, {})
    assert told.plain.count("x") < MOST + 20
    assert "(and 5 characters more)" in told.plain


@pytest.mark.parametrize("within", [0.0, 0.15, 0.35, 1.0])
def test_looking_at_texts_first_leaves_nothing_out(store: AuditStore, within: float) -> None:
    judgement = store.chosen()
    write(store, judgement, 3, Fresh(APPEAL, APPEAL, Action.ALLOW))
    every = to_ask(
        outcomes(store, judgement, Selection()), judgement.thresholds, deciding(PROFILE), within=within
    )
    assert asked_of(store, judgement, PROFILE, Selection(), within) == every
    assert asked_of(store, judgement, PROFILE, Selection(until="2000"), within) == []
