"""Charts as inline SVG: they need no script, print well, and follow light and dark. Pure.

Each has a title for who cannot see it; the numbers stand in a table beside it.
"""

from collections.abc import Sequence
from itertools import count, pairwise

from markupsafe import Markup

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 180, 48, 24, 8
MOST_LABELS = 8


def columns(title: str, points: Sequence[tuple[str, float]]) -> Markup:
    """A column for each point, in their order."""
    if not points:
        return Markup("")
    top = _round_up(max(value for _, value in points))
    step = (WIDTH - LEFT) / len(points)
    bars = [
        Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>').format(
            _n(LEFT + place * step + step * 0.1), _n(_y(value, top)), _n(step * 0.8), _n(_y(0, top) - _y(value, top)),
            label, _said(value),
        )
        for place, (label, value) in enumerate(points)
    ]  # fmt: skip
    every = max(1, -(-len(points) // MOST_LABELS))
    labels = [
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _n(LEFT + (place + 0.5) * step), HEIGHT - 6, label
        )
        for place, (label, _) in zip(count(0, every), points[::every], strict=False)
    ]
    return _chart(title, [*_grid(top), *bars, *labels])


def lines(title: str, points: Sequence[tuple[str, float]], top: float | None = None) -> Markup:
    """A line through the points, in their order."""
    if not points:
        return Markup("")
    top = top or _round_up(max(value for _, value in points))
    step = (WIDTH - LEFT) / max(1, len(points) - 1)
    spots = [(LEFT + place * step, _y(value, top)) for place, (_, value) in enumerate(points)]
    drawn = [
        Markup('<line class="line" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(_n(x), _n(y), _n(to), _n(at))
        for (x, y), (to, at) in pairwise(spots)
    ]
    dots = [
        Markup('<circle class="dot" cx="{}" cy="{}" r="3"><title>{}: {}</title></circle>').format(
            _n(x), _n(y), label, _said(value)
        )
        for (x, y), (label, value) in zip(spots, points, strict=True)
    ]
    ends = [points[0][0], points[-1][0]]
    labels = [
        Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(x, HEIGHT - 6, anchor, label)
        for x, anchor, label in ((LEFT, "start", ends[0]), (WIDTH, "end", ends[1]))
    ]
    return _chart(title, [*_grid(top), *drawn, *dots, *labels])


def _chart(title: str, parts: Sequence[Markup]) -> Markup:
    head = Markup('<svg class="chart" role="img" viewBox="0 0 {} {}" aria-label="{}">').format(WIDTH, HEIGHT, title)
    return head + Markup("").join(parts) + Markup("</svg>")


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
    """To 1, 2 or 5 times a power of ten, so that the middle of the axis is a number people read."""
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
