"""Charts as inline SVG: they need no script, print well, and follow light and dark. Pure.

Each has a title for who cannot see it; the numbers stand in a table beside it. What a part looks like, its page's
style sheet says by its class.
"""

from collections.abc import Mapping, Sequence
from itertools import count

from markupsafe import Markup

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 180, 48, 24, 8
MOST_LABELS = 8
ROW, NAMES, FULL, LONGEST_NAME = 34, 190, 500, 24
"""Of shares: the height of a row, where its bar begins, how wide the whole is, how many letters its name may have."""

Part = tuple[str, float]
"""A class, as `kept`, and how much."""


def columns(title: str, points: Sequence[tuple[str, float]]) -> Markup:
    """A column for each point, in their order."""
    return stacks(title, [(label, [("bar", value)]) for label, value in points], {"bar": ""})


def stacks(title: str, points: Sequence[tuple[str, Sequence[Part]]], words: Mapping[str, str]) -> Markup:
    """A column for each point, its parts on one another, the first lowest. `words`: what each class means."""
    if not points:
        return Markup("")
    top = _round_up(max(sum(value for _, value in parts) for _, parts in points))
    step = (WIDTH - LEFT) / len(points)
    bars = []
    for place, (label, parts) in enumerate(points):
        foot = 0.0
        for kind, value in parts:
            if value or len(parts) == 1:
                at = (LEFT + place * step + step * 0.1, _y(foot + value, top))
                size = (step * 0.8, _y(foot, top) - _y(foot + value, top))
                bars.append(_rect(kind, at, size, f"{label}: {_said(value)} {words[kind]}".rstrip()))
            foot += value
    every = max(1, -(-len(points) // MOST_LABELS))
    labels = [
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _n(LEFT + (place + 0.5) * step), HEIGHT - 6, label
        )
        for place, (label, _) in zip(count(0, every), points[::every], strict=False)
    ]
    return _chart(title, HEIGHT, [*_grid(top), *bars, *labels])


def shares(title: str, rows: Sequence[tuple[str, Sequence[Part], str]], words: Mapping[str, str]) -> Markup:
    """A bar for each row, all of the same width: how its parts share the whole. A row ends with its last words."""
    if not rows:
        return Markup("")
    drawn = []
    for place, (name, parts, said) in enumerate(rows):
        foot, whole, y = float(NAMES), sum(value for _, value in parts), ROW * place + 4
        shown = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
        drawn.append(Markup('<text x="0" y="{}">{}</text>').format(y + 18, shown))
        for kind, value in parts:
            wide = FULL * value / whole if whole else 0.0
            drawn.append(_rect(kind, (foot, y + 2), (wide, 22), f"{name}: {_said(value)} {words[kind]}"))
            foot += wide
        drawn.append(Markup('<text x="{}" y="{}">{}</text>').format(NAMES + FULL + 10, y + 18, said))
    return _chart(title, ROW * len(rows) + 6, drawn, wide=NAMES + FULL + 110)


def _chart(title: str, height: int, parts: Sequence[Markup], wide: int = WIDTH) -> Markup:
    head = Markup('<svg class="chart" role="img" viewBox="0 0 {} {}" aria-label="{}">').format(wide, height, title)
    return head + Markup("").join(parts) + Markup("</svg>")


def _rect(kind: str, at: tuple[float, float], size: tuple[float, float], title: str) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
        kind, *map(_n, at), *map(_n, size), title
    )


def _grid(top: float) -> list[Markup]:
    rows = []
    for share in (0.0, 0.5, 1.0):
        y = _n(_y(top * share, top))
        rows.append(Markup('<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(LEFT, y, WIDTH, y))
        rows.append(
            Markup('<text x="{}" y="{}" text-anchor="end" dominant-baseline="middle">{}</text>').format(
                LEFT - 6, y, _said(top * share)
            )
        )
    return rows


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value / top if top else 0))


def _round_up(value: float) -> float:
    """To 1, 2, 4 or 5 times a power of ten, so that the middle of the axis is a number people read."""
    if value <= 0:
        return 1
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * step for step in (1, 2, 4, 5, 10) if power * step >= value)


def _n(value: float) -> str:
    return f"{value:.1f}"


def _said(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0")
