"""Draws what `plots` has measured; run by an environment of its own, which has matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]
from matplotlib import pyplot as plt  # type: ignore[import-not-found,unused-ignore]

INK, FAINT, PAPER = "#24292f", "#8c959f", "#ffffff"
COLOURS = {
    "engine": "#bf8700",
    "command line": "#8250df",
    "first run": "#1a7f37",
    "repeat": "#0969da",
}
LEAST, MOST = 0.2, 5
"""Times the middle of the range, as far as it is drawn."""
NAMES = {
    "engine": "DuckDB's percentage",
    "command line": "DuckDB's command line",
    "first run": "Longwatch, first run",
    "repeat": "Longwatch, ran before",
}


def style() -> None:
    """One look for all of them, and the same file from the same figures."""
    mpl.rcParams.update(
        {
            "svg.hashsalt": "longwatch",
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            "font.size": 10,
            "axes.edgecolor": FAINT,
            "axes.labelcolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "legend.frameon": False,
            "figure.facecolor": PAPER,
            "axes.facecolor": PAPER,
        }
    )


def bars(runs: list[dict[str, Any]]) -> Any:
    """What bars show over the time: the truth is the diagonal."""
    columns = 3
    rows = -(-len(runs) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(9, 2.9 * rows), sharex=True, sharey=True, layout="constrained"
    )
    for axis, run in zip(axes.flat, runs, strict=False):
        axis.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        for name, colour in COLOURS.items():
            axis.step(
                run["at"], run[name], where="post", color=colour, linewidth=1.6, label=NAMES[name]
            )
        axis.set_title(f"{run['query']}, {run['duration_s']:.0f} s", fontsize=10, loc="left")
        axis.set_xlim(0, 1)
        axis.set_ylim(0, 1.02)
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
    figure.supxlabel("time that has passed", fontsize=10)
    figure.supylabel("what the bar shows", fontsize=10)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4)
    return figure


def errors(queries: dict[str, dict[str, float]]) -> Any:
    """The mean error of each bar, query by query."""
    names = sorted(queries, key=lambda name: queries[name]["engine"])
    figure, axis = plt.subplots(figsize=(9, 0.32 * len(names) + 1.4), layout="constrained")
    for place, name in enumerate(names):
        found = [100 * queries[name][one] for one in COLOURS if one in queries[name]]
        axis.plot([min(found), max(found)], [place, place], color="#d0d7de", linewidth=2, zorder=1)
    for one, colour in COLOURS.items():
        known = [
            (100 * queries[name][one], at) for at, name in enumerate(names) if one in queries[name]
        ]
        axis.scatter(*zip(*known, strict=True), color=colour, s=42, zorder=2, label=NAMES[one])
    axis.set_yticks(range(len(names)), names)
    axis.set_xlim(0)
    axis.set_xlabel("mean of |shown − passed|, percent of the whole time")
    axis.grid(axis="x", color="#eaeef2")
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    figure.legend(loc="outside upper left", ncols=4)
    return figure


def ranges(tenths: dict[str, list[list[float]]]) -> Any:
    """How the time left that was told compares with the true one, tenth by tenth of the run."""
    figure, axes = plt.subplots(
        1, len(tenths), figsize=(9, 3.2), sharey=True, squeeze=False, layout="constrained"
    )
    for axis, (name, bands) in zip(axes.flat, tenths.items(), strict=True):
        at = [(place + 0.5) / len(bands) for place in range(len(bands))]
        low, middle, high = (
            [min(max(one, LEAST), MOST) for one in line] for line in zip(*bands, strict=True)
        )
        colour = COLOURS[name]
        axis.fill_between(at, low, high, color=colour, alpha=0.2, linewidth=0)
        axis.plot(at, middle, color=colour, linewidth=1.8)
        axis.axhline(1, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        axis.set_yscale("log", base=2)
        axis.set_yticks([0.25, 0.5, 1, 2, 4], ["¼", "½", "1", "2", "4"])
        axis.set_ylim(LEAST, MOST)
        axis.set_xlim(0, 1)
        axis.set_title(NAMES[name], fontsize=10, loc="left")
        axis.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
    axes[0][0].set_ylabel("true time left / middle of the range")
    figure.supxlabel("time that has passed", fontsize=10)
    return figure


def main() -> None:
    """Figures on the standard input, a folder as the argument."""
    folder = Path(sys.argv[1])
    measured = json.load(sys.stdin)
    style()
    for name, draw in (("bars", bars), ("errors", errors), ("ranges", ranges)):
        figure = draw(measured[name])
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
