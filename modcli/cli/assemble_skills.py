"""What judges the purpose of skills, on a model that is at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from modcli.cascade.moderator import Moderator, Stage
from modcli.cascade.workbench import Workbench
from modcli.cli.assemble import moderator_on
from modcli.errors import PrefixTooLong, ProfileError
from modcli.judges.tasks import as_judged, is_asked
from modcli.profile import Action, Profile
from modcli.settings import Settings
from modcli.skills.pooled import Pooled, pooled_categories, whether, which
from modcli.skills.purpose import Judging
from modcli.states.collected import Collected
from modcli.states.reader import Reader


def purpose_judging(
    bench: Workbench, settings: Settings, profile: Profile, *, on_error: Action, verdicts: bool = True
) -> tuple[Moderator, Judging]:
    """The moderator of a profile, and what judges by it: itself, or with all examples of the profile pooled, where
    the model's states can be read.

    Skills are judged by what is read of them, without the profile prompt: a prompt of twenty categories takes minutes
    to prepare, and asking it costs more than reading the skill. It is asked where a category has no example, as nothing
    else is known of that. Nor is a text looked at twice that may ask to be let through: skills are instructions, nearly
    all of them look so, and each would be read five times.
    """
    judged = as_judged(profile)
    done: Callable[[], object] = lambda: None  # noqa: E731
    if bench.store is None and bench.backend.facts.layers:
        # Three judges read the same: where nothing is kept on disk, it is held until they are through.
        held = Collected(bench.backend.facts.width)
        bench, done = replace(bench, reader=Reader(lambda: bench.backend, held, tell=bench.tell)), held.fetch
    blind = any(is_asked(judged, c) and not c.examples for c in judged.categories)
    reads = bool(bench.preparation(judged).judge.taps)
    if reads and not blind:
        settings = replace(settings, stage=Stage.READING.value)
    if not reads or not pooled_categories(judged):
        each = moderator_on(bench, settings, profile, on_error=on_error, verdicts=verdicts)
        return each, each
    reading = replace(settings, stage=Stage.READING.value)

    def made(wish: Profile, stage: Settings = reading) -> Moderator:
        return moderator_on(bench, stage, wish, on_error=on_error, verdicts=verdicts, wary=False)

    each, any_of = made(profile, settings), made(whether(judged))
    one_of = None
    try:
        if bench.preparation(which(judged)).judge.taps:
            one_of = made(which(judged))
    except (ProfileError, PrefixTooLong):
        # Label words that cannot be told apart in one question; the categories' own heads rank them then.
        one_of = None
    return each, Pooled(judged, each, any_of, one_of, done=done)
