from __future__ import annotations

from modcli.backends.scripted import Scripted
from modcli.cascade.moderator import Stage
from modcli.cascade.workbench import Workbench
from modcli.errors import Location
from modcli.item import Item
from modcli.profile import Action, Category, Profile, Shot
from modcli.states.asker import Asker
from modcli.states.reader import Reader


def test_many_profiles_on_one_model() -> None:
    backend = Scripted()
    bench = Workbench(
        backend, Reader(lambda: backend, None), Asker(lambda: backend, None), store=None, model="m"
    )
    items = [
        Item("1", "win a prize now", Location("x", 1)),
        Item("2", "a swim in the lake", Location("x", 2)),
    ]
    found = {}
    for name in ("prize", "lake"):
        category = Category(
            name,
            Action.BLOCK,
            examples=(Shot(f"{name} {name}"),),
            counterexamples=(Shot("other words here"),),
        )
        moderator = bench.moderator(Profile(name, (category,)), stage=Stage.READING)
        found[name] = [verdict.categories[name].probability for verdict in moderator.judge(items)]
    assert found["prize"][0] > found["prize"][1]
    assert found["lake"][1] > found["lake"][0]
