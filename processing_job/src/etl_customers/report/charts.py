"""The report's plots, as SVG that stands inside the page: no script, no network."""

from __future__ import annotations

from io import StringIO
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402  (the backend must be chosen first)
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

#: Okabe and Ito's palette: told apart by people who do not see red and green apart.
COLOURS = {"written": "#009E73", "duplicate": "#56B4E9", "stale": "#E69F00", "quarantined": "#D55E00"}
_INK = "#0072B2"


def outcomes_by_source(sources: dict[str, dict[str, Any]]) -> str:
    """Stacked bars: what became of each source's rows."""
    figure, axes = _figure(1.1 + 0.45 * len(sources))
    names = list(sources)
    left = [0] * len(names)
    for outcome, colour in COLOURS.items():
        rows = [sources[name][outcome] for name in names]
        axes.barh(names, rows, left=left, color=colour, label=outcome)
        left = [a + b for a, b in zip(left, rows)]
    axes.set_xlabel("rows")
    axes.legend(ncols=len(COLOURS), loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    return _svg(figure)


def bars(labels: list[str], values: list[float], xlabel: str) -> str:
    """Horizontal bars, the first on top."""
    figure, axes = _figure(0.9 + 0.28 * len(labels))
    axes.barh(labels[::-1], values[::-1], color=_INK)
    axes.set_xlabel(xlabel)
    return _svg(figure)


def line(labels: list[str], values: list[float], ylabel: str) -> str:
    """A line over months."""
    figure, axes = _figure(2.6)
    axes.plot(labels, values, color=_INK, marker="o", markersize=3)
    axes.set_ylabel(ylabel)
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", rotation=60)
    return _svg(figure)


def _figure(height: float) -> tuple[Figure, Axes]:
    pyplot.rcParams.update({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "etl-customers"})
    figure, axes = pyplot.subplots(figsize=(7.5, height), layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Figure) -> str:
    buffer = StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    pyplot.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]
