"""What a tuned cascade promises, and what it costs: in words for a person, or as one JSON object a line."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from modcli.cascade.guarantee import CONFIDENCE, Promise
from modcli.cascade.tuned import TunedCascade
from modcli.reports.examination import print_indented
from modcli.reports.terminal_text import printable

#: The name of the last stage.
FULL = "full judge"


def as_records(tuned: TunedCascade, problems: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """JSON objects, each with a `kind`: the cascade, its stages, its promises and its categories. `problems` is why it no
    longer holds."""
    price = tuned.price
    seconds, shares = tuned.cost(price)
    whole = {
        "kind": "cascade",
        "holds": not problems,
        "problems": list(problems),
        "certified": tuned.guarantee.certified,
        "price": price,
        "judged": tuned.budget,
        "calibration": len(tuned.calibration.acted),
        "asked": tuned.asked,
        "seconds": seconds,
        "full_seconds": tuned.full_seconds,
        "speedup": round(speedup(tuned), 3),
    }
    taken = [*((stage.name, stage.seconds) for stage in tuned.stages), ("full", tuned.full_seconds)]
    stages = [
        {"kind": "stage", "stage": name, "share": round(share, 4), "seconds": each}
        for (name, each), share in zip(taken, shares, strict=True)
    ]
    promises = [
        {"kind": "promise", "promise": one.kind.value, "category": one.category, "target": one.target}
        | {"certified": one.certified, "confidence": one.confidence, "positives": one.positives}
        | {"items": one.items, "needed": one.needed, "missing": one.missing}
        | {"items_missing": one.items_missing, "best": round(one.best, 6)}
        | {"words": one.words(), "more": worth(one)}
        for one in tuned.guarantee.promises
    ]
    categories = []
    for name in tuned.categories:
        count, lost, bound = tuned.losses(price, name)
        categories.append(
            {"kind": "category", "category": name, "acted": count, "lost": lost, "recall": round(bound, 6)}
        )
    return [whole, *stages, *promises, *categories]


def print_cascade(console: Console, tuned: TunedCascade, problems: tuple[str, ...] = ()) -> None:
    """The stages as a table; the promises, and what more posts would buy, in sentences."""
    _, shares = tuned.cost(tuned.price)
    table = Table(box=None, pad_edge=False)
    for heading in ("STAGE", "DECIDES", "TAKES"):
        table.add_column(heading)
    taken = [*((stage.name, stage.seconds) for stage in tuned.stages), (FULL, tuned.full_seconds)]
    for (name, each), share in zip(taken, shares, strict=True):
        table.add_row(printable(name), f"{share:.1%}", duration(each))
    console.print()
    console.print(table)
    for line in lines(tuned, problems):
        print_indented(console, printable(line[0].upper() + line[1:]), 2, first="-")


def lines(tuned: TunedCascade, problems: tuple[str, ...] = ()) -> list[str]:
    """What is to be said of a cascade, a line each."""
    held = len(tuned.calibration.acted)
    told = [
        f"{_speed(tuned)} {tuned.budget:,} posts were judged in full for it, {held:,} of them for the promises."
    ]
    told += (
        [f"It no longer holds, and everything is judged in full: {', '.join(problems)}."] if problems else []
    )
    told += tuned.guarantee.words()
    told += [line for one in tuned.guarantee.promises if (line := worth(one))]
    if tuned.asked > 1:
        left = max(0.0, 1 - tuned.asked * (1 - CONFIDENCE))
        told.append(
            f"These are the promises number {tuned.asked} asked of the same posts. Were they kept because they came out "
            f"best, their confidence is {left:.0%} only."
        )
    return told + [line for name in tuned.categories if (line := _category(tuned, name))]


def worth(promise: Promise) -> str:
    """What more posts judged in full would buy."""
    if promise.certified:
        return promise.worth_of_labels()
    if promise.items_missing and promise.missing:
        # Half of what is judged is for the promises.
        budget = 2 * (promise.items + promise.items_missing)
        return (
            f"A --budget of about {_rounded_up(budget):,} may do for {promise.kind.value} {promise.target:g}."
        )
    return ""


def speedup(tuned: TunedCascade) -> float:
    """How many times as fast as the full judge alone."""
    seconds = tuned.cost(tuned.price)[0]
    return tuned.full_seconds / seconds if seconds > 0 else 1.0


def duration(seconds: float) -> str:
    """A time for a post, in a unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def _speed(tuned: TunedCascade) -> str:
    if tuned.price <= 0:
        return "Nothing is decided early: everything goes to the full judge."
    seconds, faster = tuned.cost(tuned.price)[0], speedup(tuned)
    against = f"{duration(seconds)} instead of {duration(tuned.full_seconds)}"
    if faster < 1.05:
        return f"A post takes {against}: no faster than the full judge."
    return f"A post takes {against} on average: {faster:.3g} times as fast as the full judge."


def _category(tuned: TunedCascade, name: str) -> str:
    count, lost, bound = tuned.losses(tuned.price, name)
    if tuned.price <= 0:
        return ""
    if not count:
        return f"As {name} the full judge acted on none of these posts, so nothing is known of it."
    return (
        f"Of what it acts on as {name}, {lost:,} of {count:,} were lost: a recall of about {100 * bound:.1f}% at least "
        f"(a guide, as the price was set with the same posts; --recall {name}=0.9 makes it a promise)."
    )


def _rounded_up(number: int) -> int:
    step = int(10 ** max(len(str(number)) - 2, 0))
    return -(-number // step) * step
