"""The report's plots, as SVG that stands inside the page: no script, no network, the page's own colour of ink."""

from __future__ import annotations

from html import escape
from io import StringIO

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402  (the backend must be chosen first)
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from etl_customers.report.trends import Trend  # noqa: E402

#: Okabe and Ito's palette: told apart by people who do not see red and green apart.
COLOURS = {"written": "#009E73", "duplicate": "#56B4E9", "stale": "#E69F00", "quarantined": "#D55E00"}
_LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = "os^Dvx"
#: Stands for the page's ink, which dark mode changes; no plot uses it otherwise.
_INK = "#123456"
_LABELS = 12


def outcomes_by_source(sources: dict[str, dict[str, int]], title: str) -> str:
    """Stacked bars: what became of each source's rows."""
    figure, axes = _figure(1.1 + 0.45 * len(sources))
    names = list(sources)
    left = [0] * len(names)
    for outcome, colour in COLOURS.items():
        rows = [sources[name][outcome] for name in names]
        axes.barh(names, rows, left=left, color=colour, label=outcome)
        left = [a + b for a, b in zip(left, rows)]
    axes.invert_yaxis()
    axes.set_xlabel("rows")
    axes.legend(ncols=len(COLOURS), loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    return _svg(figure, title)


def bars(values: dict[str, float], xlabel: str, title: str) -> str:
    """Horizontal bars, the first on top."""
    figure, axes = _figure(0.9 + 0.28 * len(values))
    axes.barh(list(values)[::-1], list(values.values())[::-1], color=_LINES[0])
    axes.set_xlabel(xlabel)
    return _svg(figure, title)


def over_runs(trend: Trend, ylabel: str, title: str) -> str:
    """A line for each source, told apart by marker and colour; a single line needs no legend."""
    figure, axes = _figure(2.6)
    for number, (name, values) in enumerate(trend.values.items()):
        points = [(at, value) for at, value in enumerate(values) if value is not None]
        colour, marker = _LINES[number % len(_LINES)], _MARKERS[number % len(_MARKERS)]
        axes.plot(*zip(*points), color=colour, marker=marker, markersize=4, label=name or None)
    places = range(0, len(trend.labels), 1 + len(trend.labels) // _LABELS)
    axes.set_xticks(list(places), [trend.labels[place] for place in places], rotation=40, ha="right")
    axes.set_xlim(-0.5, max(len(trend.labels) - 0.5, 0.5))
    axes.set_ylabel(ylabel)
    axes.set_ylim(bottom=0)
    if any(trend.values):
        axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    return _svg(figure, title)


def _figure(height: float) -> tuple[Figure, Axes]:
    pyplot.rc("axes", labelcolor=_INK, edgecolor=_INK)
    for group in ("text", "xtick", "ytick"):
        pyplot.rc(group, color=_INK)
    pyplot.rcParams.update({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "etl-customers"})
    figure, axes = pyplot.subplots(figsize=(7.5, height), layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Figure, title: str) -> str:
    buffer = StringIO()
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    pyplot.close(figure)
    text = buffer.getvalue().replace(_INK, "currentColor")
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)
