"""How often promises, certificates, intervals and the drift test are wrong, and what they are worth, on made-up streams.

    python -m benchmarks.coverage [--runs 2000]

Run from the root of the repository. The cascade is the one of tests/cascade/simulated_cascade.py: two noisy proxies
before a full judge. No model is loaded.
"""

from __future__ import annotations

import argparse

import numpy as np

from modcli.cascade.certificate import Certificate, prevalence
from modcli.cascade.guarantee import Guarantee, Promise, PromiseKind, promise
from tests.cascade.simulated_cascade import Population, Stream, items_until_alarm

RECALL, RISK = PromiseKind.RECALL, PromiseKind.RISK
#: Prevalence, the separations of the two proxies, and rows of a calibration.
STREAMS = (
    (0.05, (2.0, 3.0), 2000),
    (0.02, (2.0, 3.0), 6000),
    (0.02, (1.0, 1.5), 6000),
    (0.01, (2.0, 3.0), 6000),
)
PROMISES = ((RECALL, 0.9), (RECALL, 0.95), (RISK, 0.01), (RISK, 0.005))
LIMIT = 0.01


def promised(population: Population, rows: np.ndarray, kind: PromiseKind, target: float) -> Promise:
    points = population.recall_points if kind is RECALL else population.risk_points
    return promise(kind, target, points[rows], population.acted[rows])


def report_promises(runs: int) -> None:
    print("| stream | rows | promise | certified | broken | the share lost | to the full judge |")
    print("|---|---|---|---|---|---|---|")
    for share, separations, size in STREAMS:
        stream = Stream(share, separations)
        population = Population.of(stream)
        some = stream.drawn(50_000, np.random.default_rng(1))
        columns: list[np.ndarray] = []
        names = [f"{kind} {target:g}" for kind, target in PROMISES]
        for kind, target in PROMISES:
            samples = population.samples(runs, size, seed=1)
            columns.append(
                np.array([Guarantee((promised(population, rows, kind, target),)).price for rows in samples])
            )
        # A price below all is what all of them jointly get.
        columns.append(np.min([columns[0], columns[2]], axis=0))
        names.append(f"{names[0]} and {names[2]}")
        for name, prices in zip(names, columns, strict=True):
            lost_recall, lost_risk = population.recall_lost(prices), population.risk_lost(prices)
            broken = np.zeros(runs, bool)
            for (kind, target), one in zip(PROMISES, names, strict=False):
                if one in name.split(" and "):
                    broken |= lost_recall > 1 - target if kind is RECALL else lost_risk > target
            kept = [(some.decided(price) == 0).mean() for price in prices[:: max(1, runs // 100)]]
            lost = np.median(lost_risk if name.startswith("risk") else lost_recall)
            print(
                f"| {share:.0%}, {separations[0]:g} and {separations[1]:g} sd | {size:,} | {name} "
                f"| {(prices > 0).mean():.1%} | {broken.mean():.2%} | {lost:.2%} | {np.mean(kept):.1%} |"
            )


def report_certificates(runs: int) -> None:
    print("\n| dismissed | missed | sample | bound, median | wrong |\n|---|---|---|---|---|")
    for dismissed, missed in ((20_000, 20), (20_000, 100), (2000, 40)):
        for sampled in (300, 1000):
            drawn = np.random.default_rng(1).hypergeometric(missed, dismissed - missed, sampled, runs)
            bounds = np.array(
                [Certificate.of_sample(dismissed, sampled, x, 0).missed for x in drawn.tolist()]
            )
            wrong = (bounds < missed).mean()
            print(f"| {dismissed:,} | {missed} | {sampled:,} | {np.median(bounds):.0f} | {wrong:.2%} |")


def report_prevalence(runs: int) -> None:
    print("\n| true share | sample of 5,000 | width, median | of verdicts alone | exact | wrong |")
    print("|---|---|---|---|---|---|")
    for share, sampled in ((0.01, 300), (0.02, 1000), (0.1, 1000)):
        items = Stream(share, (2.0, 2.5)).drawn(5000, np.random.default_rng(2))
        predicted, acted = items.probabilities[1], items.acted
        widths, plain, exact, wrong = [], [], [], []
        generator = np.random.default_rng(3)
        for _ in range(min(runs, 1000)):
            order = generator.permutation(len(acted))
            drawn, others = order[:sampled], order[sampled:]
            made = prevalence(predicted[drawn], acted[drawn], predicted[others])
            alone = prevalence(np.zeros(sampled), acted[drawn], np.zeros(len(others)))
            widths.append(made.high - made.low)
            plain.append(alone.high - alone.low)
            exact.append(made.exact)
            wrong.append(not made.low - 1e-12 <= acted.mean() <= made.high + 1e-12)
        print(
            f"| {acted.mean():.2%} | {sampled:,} | {np.median(widths):.2%} | {np.median(plain):.2%} "
            f"| {np.mean(exact):.0%} | {np.mean(wrong):.2%} |"
        )


def report_drift(runs: int) -> None:
    print("\n| share before | audited before | share after | false alarms | found in 4,000 | median | 90% |")
    print("|---|---|---|---|---|---|---|")
    generator = np.random.default_rng(4)
    for before, quiet, after in (
        (LIMIT, 5000, LIMIT),
        *((LIMIT / 2, quiet, after) for quiet in (0, 5000) for after in (0.02, 0.03, 0.05, 0.1, 0.2)),
    ):
        parts = [generator.random((quiet, runs)) < before, generator.random((4000, runs)) < after]
        delays = items_until_alarm(np.concatenate(parts), LIMIT) - quiet
        false = (delays > -quiet) & ((delays <= 0) | (after <= LIMIT))
        found = delays[delays > 0]
        middle = "" if after <= LIMIT else f"{np.median(found):.0f} | {np.quantile(found, 0.9):.0f}"
        share = "" if after <= LIMIT else f"{(delays > 0).mean():.1%}"
        print(
            f"| {before:.1%} | {quiet:,} | {after:.0%} | {false.mean():.2%} | {share} | {middle or ' | '} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=2000, help="repeats of each figure")
    runs = parser.parse_args().runs
    report_promises(runs)
    report_certificates(runs)
    report_prevalence(runs)
    report_drift(runs)


if __name__ == "__main__":
    main()
