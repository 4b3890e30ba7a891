"""A model, and all that is kept of what it read: on it any number of profiles can be tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modcli.backends.base import Backend
from modcli.cascade.auditing import Auditor
from modcli.cascade.cache import VerdictCache
from modcli.cascade.early import Early
from modcli.cascade.moderator import Moderator, Stage
from modcli.cascade.preparation import PROMPT_SHOTS, Preparation
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Profile
from modcli.states.asker import Asker
from modcli.states.reader import Reader
from modcli.states.store import StateStore


@dataclass(frozen=True)
class Workbench:
    """`reader` and `asker` compute what is not kept; `model` is the digest of the weights; `folder` is where fitted
    judges are kept."""

    backend: Backend
    reader: Reader
    asker: Asker
    store: StateStore | None
    model: str
    folder: Path | None = None
    tell: Callable[[str], None] = lambda _line: None

    def preparation(
        self,
        judged: Profile,
        *,
        shots: int = PROMPT_SHOTS,
        taps: Sequence[int] = (),
        sample: Sequence[str] = (),
        wary: bool = True,
    ) -> Preparation:
        """What is fitted to a profile as it is judged (`judges.tasks.as_judged`), with at most `shots` shots of each
        category in the profile prompt. `sample`, unlabelled posts, teaches what the label words
        say of them. One that is not `wary` suspects no text of asking to be let through."""
        return Preparation(
            judged,
            self.backend,
            self.reader,
            asker=self.asker,
            folder=self.folder,
            shots=shots,
            taps=taps,
            sample=sample,
            wary=wary,
            tell=self.tell,
        )

    def moderator(
        self,
        profile: Profile,
        *,
        stage: Stage = Stage.AUTO,
        shots: int = PROMPT_SHOTS,
        taps: Sequence[int] = (),
        sample: Sequence[str] = (),
        cache: VerdictCache | None = None,
        on_error: Action = Action.WARN,
        early: Early | None = None,
        auditor: Auditor | None = None,
        reader: Reader | None = None,
        wary: bool = True,
    ) -> Moderator:
        """A moderator that judges by a user's profile; another `reader` than the workbench's may read the items. Closing
        it closes the workbench's model."""
        judged = as_judged(profile)
        return Moderator(
            judged,
            self.backend,
            reader or self.reader,
            self.preparation(judged, shots=shots, taps=taps, sample=sample, wary=wary),
            digest=profile.digest,
            model=self.model,
            cache=cache,
            stage=stage,
            on_error=on_error,
            early=early,
            auditor=auditor,
            tell=self.tell,
        )

    def close(self) -> None:
        """Free the model."""
        self.backend.close()
