"""What flows from where to where in a program: credentials to the network, downloads to an interpreter, and the like.

A value goes wherever an edge of the program leads. Order in time is not looked at, except that a name stands for what was
last given to it where its text matters. So a flow means that there is a way, not that it is taken on every run.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from modcli.skills.capabilities import (
    Capability,
    Fact,
    Flow,
    Kind,
    Sink,
    outside_path,
    persistent_path,
    secret_path,
)
from modcli.skills.capabilities_calls import Effect
from modcli.skills.capabilities_names import UNPACKED
from modcli.skills.code_bash import home
from modcli.skills.code_program import ALL, HOLE, Call, Program, Value

#: Which kinds matter in which sink.
MATTERS = {
    Sink.NETWORK: {Kind.CREDENTIAL, Kind.ENVIRONMENT, Kind.DOTENV, Kind.SECRET, Kind.USER_FILE},
    Sink.HEADER: {Kind.CREDENTIAL, Kind.ENVIRONMENT, Kind.DOTENV, Kind.SECRET, Kind.USER_FILE},
    Sink.CODE: {Kind.DOWNLOAD, Kind.DECODED},
    Sink.PERSISTED: {Kind.DOWNLOAD, Kind.DECODED},
}
#: Steps backwards from one sink to its sources, and from all sinks of a program. After that, `cut_line` says where.
MOST_STEPS = 20_000
MOST_STEPS_OF_ALL = 1_000_000
#: Flows of a kind into one sink: more say nothing new.
MOST_OF_A_KIND = 3
#: A longer way, in edges, is no way: in bundles of many modules, names that are alike lead from anywhere to anywhere.
LONGEST_WAY = 40
#: What is run from there is not of an archive that was unpacked a moment ago.
_OF_THE_MACHINE = re.compile(r"^[/$~]|venv/|bin/activate|^HTTP/")
_WIDER = re.compile(r"bypassPermissions|Bash\(\*\)|skipDangerous|enableAllProjectMcpServers|dangerously")
#: Where in a shell text a command stands that is not known.
_COMMAND_HOLE = re.compile(r"(^|[;&|\n(`{}]|\b(exec|sudo|nohup|then|do)\s)\s*\0")


@dataclass(slots=True)
class Source:
    """Where something comes from."""

    kind: Kind
    line: int
    told: str
    source: str


class Analysis:
    """Follows the values of one program. `effects` are those of its calls, in order."""

    def __init__(self, program: Program, effects: list[Effect]) -> None:
        self.program = program
        self.effects = effects
        self.facts: list[Fact] = []
        self.flows: list[Flow] = []
        self.runs: list[tuple[int, str, str]] = []
        self._sources: dict[int, list[Source]] = {}
        self._sinks: list[tuple[Sink, int, str, str, Call]] = []
        self.cut_line = 0
        self._steps = 0

    def run(self) -> None:
        """Finds facts and flows."""
        self.program.link()
        marked = self._marked_paths()
        for call, effect in zip(self.program.calls, self.effects, strict=True):
            self._join(call, effect, marked)
        self._follow()

    def _scope(self, call: Call) -> str:
        return self.program.scopes[call.scope][0]

    def _fact(self, call: Call, capability: Capability, told: str, target: str = "") -> None:
        told = told.replace(HOLE, "…")
        self.facts.append(Fact(capability, call.line, told, target, self._scope(call), call.last_line))

    def _marked_paths(self) -> dict[int, Kind | str]:
        """Where the names of private and of persistent files get to, for paths that are not written out on the spot."""
        marked: dict[int, Kind | str] = {}
        for literal in self.program.literals:
            text = home(literal.text or "")
            if not 3 < len(text) < 300 or "\n" in text:
                continue
            kind: Kind | str | None = secret_path(text) or ("persistent" if persistent_path(text) else None)
            if kind is not None and kind is not Kind.USER_FILE and literal.node not in marked:
                marked[literal.node] = kind
        todo = list(marked)
        while todo:
            node = todo.pop()
            for target in self.program.edges[node]:
                if target not in marked:
                    marked[target] = marked[node]
                    todo.append(target)
        return marked

    def _key(self, value: Value) -> str:
        """By what a file is known: its path, or the name of the variable that holds it."""
        if value.text is not None and value.text.strip(HOLE):
            return home(value.text).removeprefix("./")
        return f"${value.name}" if value.name else ""

    def _secret(self, value: Value, marked: dict[int, Kind | str]) -> tuple[Kind | None, str]:
        if value.text is not None and value.text.strip(HOLE):
            text = home(value.text)
            kind = secret_path(text)
            if kind is not None or HOLE not in text:
                return kind, text
        mark = marked.get(value.node)
        return (mark if isinstance(mark, Kind) else None), value.name or "a file whose name is put together"

    def _join(self, call: Call, effect: Effect, marked: dict[int, Kind | str]) -> None:
        """Adds the edges and sources and sinks of a call."""
        for capability, told, target in effect.facts:
            self._fact(call, capability, told, target)
        own = bool(self.program.local(call)) and not effect.facts
        given = [*call.values(), call.receiver, call.stdin] if effect.passes and not own else effect.passed
        for value in given:
            if value is not None:
                self.program.edge(value.node, call.node)
        if effect.produces is not None:
            source = Source(effect.produces, call.line, effect.source.replace(HOLE, "…"), effect.source)
            self._sources.setdefault(call.node, []).append(source)
        for path in effect.reads:
            self._read(call, path, call.node, marked)
        for sink, value, into, target in effect.sinks:
            if self._harmless(sink, value, effect):
                continue
            node = self._content(call, value, marked) if value.key == "file" else value.node
            self._sinks.append((sink, node, into, target, call))
        for path, contents in effect.writes:
            self._write(call, path, contents, marked)
        for path in effect.runs:
            key = self._key(path)
            if key:
                shown = home(path.text) if path.text else key
                self.runs.append((call.line, shown.replace(HOLE, "…"), call.name))
                self._sinks.append((Sink.CODE, self.program.file(f"code:{key}"), call.name, key, call))
                if UNPACKED in self.program.files and not _OF_THE_MACHINE.search(key):
                    unpacked = replace(call, inside=UNPACKED)
                    self._sinks.append((Sink.CODE, self.program.files[UNPACKED], call.name, key, unpacked))

    def _content(self, call: Call, value: Value, marked: dict[int, Kind | str]) -> int:
        node = self.program.node()
        self._read(call, value, node, marked)
        return node

    def _read(self, call: Call, path: Value, node: int, marked: dict[int, Kind | str]) -> None:
        """A file is read into a node."""
        key = self._key(path)
        if key:
            self.program.edge(self.program.file(key), node)
        kind, text = self._secret(path, marked)
        if kind is None:
            return
        text = text.replace(HOLE, "…")
        self._sources.setdefault(node, []).append(Source(kind, call.line, text, text))
        capability = Capability.USER_FILES if kind is Kind.USER_FILE else Capability.CREDENTIALS
        self._fact(call, capability, f"{call.name} reads {text}", text)

    def _write(
        self, call: Call, path: Value, contents: tuple[Value, ...], marked: dict[int, Kind | str]
    ) -> None:
        """A file is written."""
        key = self._key(path)
        if not key and path.node not in marked:
            return
        text = key.replace(HOLE, "…")
        lasting = persistent_path(key) or (not path.text and marked.get(path.node) == "persistent")
        if lasting:
            self._fact(
                call, Capability.PERSISTENCE, f"writes {text or 'a file that is run or read later'}", text
            )
        elif outside_path(key):
            self._fact(call, Capability.WRITES_OUTSIDE, f"writes {text}", text)
        for value in contents:
            if lasting:
                self._lasting(call, key, value)
            node = self._content(call, value, marked) if value.key == "file" else value.node
            if key:
                self.program.edge(node, self.program.file(key))
                if HOLE not in (value.text or "") or _COMMAND_HOLE.search(value.text or ""):
                    self.program.edge(node, self.program.file(f"code:{key}"))
            if lasting:
                self._sinks.append((Sink.PERSISTED, node, call.name, text, call))

    def _lasting(self, call: Call, path: str, value: Value) -> None:
        """What is written where it lasts, and opens a door by itself."""
        text = value.text or ""
        if path.endswith("authorized_keys") and re.search(r"(ssh-|ecdsa-)\S+ AAAA", text):
            self._fact(call, Capability.PRIVILEGE, "adds a login key that is written out", path)
        elif path.endswith(".json") and _WIDER.search(text):
            self._fact(call, Capability.PRIVILEGE, "widens what an agent may do unasked", path)
        elif "sudoers" in path:
            self._fact(call, Capability.PRIVILEGE, "changes who may act as root", path)

    def _follow(self) -> None:
        """From all sources forwards, then from each sink that is reached back to what reaches it."""
        tainted = set(self._sources)
        todo = list(tainted)
        back: dict[int, list[int]] = {}
        while todo:
            node = todo.pop()
            for target in self.program.edges[node]:
                back.setdefault(target, []).append(node)
                if target not in tainted:
                    tainted.add(target)
                    todo.append(target)
        seen: set[tuple[object, ...]] = set()
        for sink, node, into, into_what, call in self._sinks:
            if node not in tainted:
                continue
            count: Counter[Kind] = Counter()
            for source, variable, steps in self._reaching(node, back, call.line):
                kind, name = source.kind, source.source
                if variable not in ("", ALL) and kind in (Kind.ENVIRONMENT, Kind.DOTENV):
                    kind, name = Kind.SECRET, variable
                key = (kind, sink, name, call.line, source.line)
                if kind in MATTERS[sink] and key not in seen and count[kind] < MOST_OF_A_KIND:
                    seen.add(key)
                    count[kind] += 1
                    told, into = source.told.replace(HOLE, "…"), into.replace(HOLE, "…")
                    where, scope = into_what.replace(HOLE, "…"), self._scope(call)
                    lines = (source.line, call.line)
                    flow = Flow(kind, sink, *lines, told, into, where, name, scope, call.inside, steps)
                    self.flows.append(flow)

    @staticmethod
    def _harmless(sink: Sink, value: Value, effect: Effect) -> bool:
        """Whether a text of code has its unknown parts only where they are arguments, not where a statement begins."""
        shell = any(one is value for _, one in effect.code)
        return (
            sink is Sink.CODE
            and shell
            and HOLE in (value.text or "")
            and not _COMMAND_HOLE.search(value.text or "")
        )

    def _reaching(
        self, node: int, back: dict[int, list[int]], line: int
    ) -> Iterable[tuple[Source, str, int]]:
        """The sources that reach a node, nearest first, each with the name of the part that is taken, if it is one, and
        how many edges away it is."""
        todo = deque([(node, self.program.narrowed.get(node, ""), 0)])
        seen = {todo[0][:2]}
        for _ in range(min(MOST_STEPS, MOST_STEPS_OF_ALL - self._steps)):
            if not todo:
                return
            self._steps += 1
            at, name, away = todo.popleft()
            for source in self._sources.get(at, ()):
                yield source, name, away
            for before in back.get(at, ()) if away < LONGEST_WAY else ():
                step = (before, name or self.program.narrowed.get(before, ""))
                if step not in seen:
                    seen.add(step)
                    todo.append((*step, away + 1))
        self.cut_line = self.cut_line or line
