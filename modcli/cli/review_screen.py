"""The screen of `modcli review`. What people wrote reaches it as styled text alone: nothing in it is read as markup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from modcli.audit.review import Reply
from modcli.cli.review_session import Session
from modcli.errors import ModcliError
from modcli.reports.audit_question import question_text
from modcli.reports.terminal_text import printable

#: How the screen is left.
QUIT, LEARN = "quit", "learn"

KEYS = "r right  w wrong  o other  s skip  u undo  p profile  q quit  ? help"
HELP = """\
r  right: the verdict is as it should be
w  wrong: what was blocked or warned of is fine; what was allowed belongs to the category nearest to its threshold
o  other: choose the categories that it belongs to
s  skip: it is asked about again, last, next time
u  undo the last answer, one of an earlier sitting too
p  make the answers examples and counterexamples of a profile; you see first what that changes
q  quit; the same command goes on from here
arrows, PgUp, PgDn  scroll

Each answer is on disk at once, and is for this item alone, even where others have the same text.

Any other key closes this."""
_SCROLLING = ("up", "down", "pageup", "pagedown", "home", "end")


class Help(ModalScreen[None]):
    """What the keys do."""

    def compose(self) -> ComposeResult:
        """One text, to be scrolled where there is little room."""
        with VerticalScroll():
            yield Static(HELP, markup=False)

    def on_key(self, event: Key) -> None:
        """Any key that does not scroll closes it."""
        if event.key not in _SCROLLING:
            event.stop()
            self.dismiss()


class Choice(ModalScreen[list[str] | None]):
    """Which categories an item belongs to; None where nobody says."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick"),
        Binding("enter", "take", priority=True),
        Binding("escape", "leave"),
    ]

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names
        self._ticked: set[str] = set()

    def compose(self) -> ComposeResult:
        """The categories, with boxes to tick."""
        yield Static("Which is it? Space ticks, Enter takes, Escape leaves.", markup=False)
        yield OptionList(*map(self._line, self._names))

    def action_tick(self) -> None:
        """Tick the one that is pointed at, or take its tick away."""
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            name = self._names[options.highlighted]
            self._ticked ^= {name}
            options.replace_option_prompt_at_index(options.highlighted, self._line(name))

    def action_take(self) -> None:
        """Take what is ticked or, where nothing is, the one that is pointed at."""
        options, ticked = self.query_one(OptionList), self._ticked
        if not ticked and options.highlighted is not None:
            ticked = {self._names[options.highlighted]}
        self.dismiss([name for name in self._names if name in ticked])

    def _line(self, name: str) -> Content:
        return Content(f"[{'x' if name in self._ticked else ' '}] {printable(name)}")

    def action_leave(self) -> None:
        """Answer nothing."""
        self.dismiss(None)


class ReviewScreen(App[str]):
    """Asks about one item after the other; returns how it was left."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #progress { height: auto; background: $panel; padding: 0 1; }
    #item { padding: 0 1; }
    #told { height: auto; color: $warning; padding: 0 1; }
    #keys { height: auto; background: $panel; padding: 0 1; }
    Help, Choice { align: center middle; }
    Help > VerticalScroll { width: 54; max-width: 100%; height: auto; max-height: 100%; padding: 1; background: $panel; }
    Choice > Static { width: 60; max-width: 100%; padding: 0 1; background: $panel; }
    Choice > OptionList { width: 60; max-width: 100%; height: auto; max-height: 80%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "give('right')"),
        Binding("w", "give('wrong')"),
        Binding("o", "other"),
        Binding("s", "give('skip')"),
        Binding("u", "undo"),
        Binding("p", "leave('learn')"),
        Binding("q", "leave('quit')"),
        Binding("question_mark", "help"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def compose(self) -> ComposeResult:
        """Progress, the item, what there is to say, the keys."""
        yield Static(id="progress", markup=False)
        with VerticalScroll(id="item"):
            yield Static(id="text", markup=False)
        yield Static(id="told", markup=False)
        yield Static(KEYS, id="keys", markup=False)

    def on_mount(self) -> None:
        """Show the first item."""
        self.query_one("#item").focus()
        self._show()

    def action_give(self, reply: str) -> None:
        """Answer, and go on."""
        self._do(lambda: self.session.answer(Reply(reply)))

    def action_other(self) -> None:
        """Ask for the categories."""
        if self.session.question() is not None:
            self.push_screen(Choice(list(self.session.profile.by_name)), self._other)

    def action_undo(self) -> None:
        """Take the last answer back."""
        self._do(self._undone)

    def action_leave(self, how: str) -> None:
        """Leave; what was answered is kept."""
        self.exit(how)

    def action_help(self) -> None:
        """What the keys do."""
        self.push_screen(Help())

    def _other(self, labels: list[str] | None) -> None:
        if labels:
            self._do(lambda: self.session.answer(Reply.OTHER, labels))

    def _undone(self) -> str:
        return "taken back" if self.session.undo() else "there is nothing to undo"

    def _do(self, what: Callable[[], str | None]) -> None:
        """Do it; an error is told, and the same item waits."""
        try:
            told = what() or ""
        except ModcliError as error:
            self._tell(f"{error}{f' ({error.hint})' if error.hint else ''}")
            return
        self._show()
        self._tell(told)

    def _tell(self, line: str) -> None:
        told = self.query_one("#told", Static)
        told.update(Text(printable(line)))
        told.display = bool(line)

    def _show(self) -> None:
        session = self.session
        question = session.question()
        where = f"{session.done + 1:,} of {session.total:,}"
        if question is None:
            progress, text = f"{session.total:,} of {session.total:,}", self._end()
        else:
            distance = question.asked.distance
            near = f"  {question.asked.nearest} is {distance:.2f} from its threshold" if distance < 1 else ""
            progress = f"{where}{printable(near)}"
            text = question_text(
                question.outcome,
                session.thresholds,
                session.actions,
                alike=question.alike,
                similar=question.similar,
            )
        self.query_one("#progress", Static).update(Text(progress))
        self.query_one("#text", Static).update(text)
        self.query_one("#item", VerticalScroll).scroll_home(animate=False)
        self._tell("")

    def _end(self) -> Text:
        told = "Nothing is left to ask about.\n\n" if not self.session.done else "That was the last one.\n\n"
        return Text(
            f"{told}p makes examples and counterexamples of the answers, u takes the last one back, q quits.\n"
        )
