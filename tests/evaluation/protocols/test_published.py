from __future__ import annotations

import tomllib
from importlib.resources import files

from modcli.evaluation.protocols.catalogue import PAPER, parts_of
from modcli.evaluation.protocols.measures import METRICS
from modcli.evaluation.protocols.published import PUBLISHED, SEVERAL, published
from modcli.evaluation.protocols.sets import public_sets

FIGURES = tomllib.loads(files("modcli.evaluation.protocols").joinpath("published.toml").read_text("utf-8"))[
    "figure"
]


def test_figures_are_of_known_parts_sets_and_metrics() -> None:
    for figure in FIGURES:
        assert set(figure["parts"]) <= set(parts_of(PAPER))
        assert figure["source"]
        metrics = figure.keys() - {"name", "source", "parts"}
        assert metrics <= {*METRICS, "recall", "still blocked"}
        for metric in metrics:
            assert figure[metric].keys() <= {*public_sets(), SEVERAL}
            assert all(0 < value < 1 for value in figure[metric].values())


def test_figures_of_a_set_and_of_several() -> None:
    of_spam = published("tasks", "binary", "sms_spam")
    assert "BERT" in of_spam[0].condition
    assert of_spam[0].condition.startswith(PUBLISHED)
    assert of_spam[0].metrics["f1"].mean == 0.985
    assert of_spam[0].source.startswith("arXiv 2511.05532")
    several = published("tasks", "multi-class", "sms_spam+sst2")
    assert [cell.metrics["class weighted f1"].mean for cell in several] == [0.938, 0.955]
    assert published("tasks", "reasons", "sms_spam") == []
