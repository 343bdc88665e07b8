# SPDX-License-Identifier: Apache-2.0
"""Bars as SVG."""

from collections.abc import Mapping, Sequence

NAMES, BARS, NUMBERS = 120, 480, 60
BAR, GAP, HEAD, FOOT = 11, 12, 64, 34
TITLE = "instructions, and cycles, of ours ÷ those of the best peer: shorter is better"
# Longer bars are cut.
MOST = 1.5

STYLE = """\
text { font: 12px sans-serif; fill: #1f2328; }
.small { font-size: 10px; stroke: #ffffff; stroke-width: 3px; paint-order: stroke; }
.back { fill: #ffffff; }
.grid { stroke: #d1d9e0; }
.one { stroke: #1f2328; stroke-width: 1.5; }
.c0 { fill: #8250df; } .c1 { fill: #0969da; } .c2 { fill: #1a7f37; } .c3 { fill: #bc4c00; }
.c4 { fill: #9a6700; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .small { stroke: #0d1117; }
  .back { fill: #0d1117; }
  .grid { stroke: #3d444d; }
  .one { stroke: #f0f6fc; }
  .c0 { fill: #ab7df8; } .c1 { fill: #4493f8; } .c2 { fill: #3fb950; } .c3 { fill: #f0883e; }
  .c4 { fill: #d29922; }
}
"""


def chart(bars: Mapping[str, Sequence[float]], kinds: Sequence[str]) -> str:
    """bars: for each workload one for each kind, in units of the best peer."""
    group = BAR * len(kinds) + GAP
    bottom = HEAD + group * len(bars)
    width, height = NAMES + BARS + NUMBERS, bottom + FOOT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}">',
        f"<style>\n{STYLE}</style>",
        f'<rect class="back" width="{width}" height="{height}"/>',
        f'<text x="{NAMES}" y="20">{TITLE}</text>',
    ]
    for i, kind in enumerate(kinds):
        x = NAMES + 70 * i
        lines.append(f'<rect class="c{i}" x="{x}" y="32" width="12" height="12"/>')
        lines.append(f'<text x="{x + 17}" y="42">{kind}</text>')
    for quarter in range(int(MOST * 4) + 1):
        x = _x(quarter / 4)
        kind = "one" if quarter == 4 else "grid"
        lines.append(f'<path class="{kind}" d="M{x:.1f} {HEAD - 6}V{bottom}"/>')
        lines.append(
            f'<text class="small" text-anchor="middle" x="{x:.1f}" y="{bottom + 16}">'
            f"{quarter / 4:g}</text>"
        )
    for row, (workload, values) in enumerate(bars.items()):
        top = HEAD + row * group
        middle = top + BAR * len(kinds) / 2 + 4
        lines.append(f'<text text-anchor="end" x="{NAMES - 8}" y="{middle:g}">{workload}</text>')
        for i, value in enumerate(values):
            y, end = top + i * BAR, _x(min(value, MOST))
            lines.append(
                f'<rect class="c{i}" x="{NAMES}" y="{y}" width="{end - NAMES:.1f}"'
                f' height="{BAR - 1}"/>'
            )
            lines.append(
                f'<text class="small" x="{end + 4:.1f}" y="{y + BAR - 2}">{value:.2f}</text>'
            )
    return "\n".join([*lines, "</svg>\n"])


def _x(value: float) -> float:
    return NAMES + BARS * value / MOST
