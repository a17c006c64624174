"""Every text can be read on its ground: WCAG 2.2, 1.4.3, in both palettes."""

from __future__ import annotations

import pytest

from longwatch_desktop.theme import DARK, LIGHT, Colors

LEAST = 4.5
PALETTES = {"light": LIGHT, "dark": DARK}

TEXTS = {
    # The texts of the table: on its ground, on a row under the mouse, on a selected one.
    **dict.fromkeys(("text", "muted", "danger", "warning"), ("base", "hover", "selection")),
    # What a window's ground carries: labels, headings, headers, the status bar.
    "accent": ("base", "window"),
    "on_accent": ("accent",),
    # The editor's, in a line that is the current one too.
    **dict.fromkeys(
        ("keyword", "string", "number", "comment", "function"), ("base", "current_line")
    ),
    "success": ("base", "window"),
}
MORE = [
    *(
        ("text", ground)
        for ground in ("window", "raised", "danger_ground", "current_line", "track")
    ),
    *(("muted", ground) for ground in ("window", "raised", "current_line")),
    ("danger", "danger_ground"),
    ("danger", "window"),
]
PAIRS = [(text, ground) for text, grounds in TEXTS.items() for ground in grounds] + MORE


def luminance(color: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_texts_on_their_grounds(palette: str, text: str, ground: str) -> None:
    colors = PALETTES[palette]
    ratio = contrast(getattr(colors, text), getattr(colors, ground))
    assert ratio >= LEAST, f"{text} on {ground}: {ratio:.2f}"


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("bar", ["bar", "warning"])
def test_bars_stand_out_from_their_track(palette: str, bar: str) -> None:
    """1.4.11: what carries meaning without being text, 3 : 1."""
    colors: Colors = PALETTES[palette]
    assert contrast(getattr(colors, bar), colors.track) >= 3


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize(
    ("sign", "ground"),
    [
        ("scroll", "base"),
        ("scroll", "window"),
        ("muted", "base"),
        ("accent", "base"),
        ("bar", "base"),
    ],
)
def test_signs_on_their_grounds(palette: str, sign: str, ground: str) -> None:
    """What is no text: WCAG 2.2, 1.4.11."""
    colors = PALETTES[palette]
    assert contrast(getattr(colors, sign), getattr(colors, ground)) >= 3.0
