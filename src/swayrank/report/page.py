"""A report as one page: no script, no request, no file beside it; light and dark, for phones, screens and paper.

Everything that is shown is escaped where it is written, by :func:`words_of` alone, and the page's own policy forbids
whatever could still be slipped in: scripts, frames, forms, fonts, images from elsewhere.
"""

from __future__ import annotations

import html

from swayrank._text import printable
from swayrank.report.document import (
    Between,
    Block,
    Card,
    Cell,
    Columns,
    Lead,
    Legend,
    Line,
    Map,
    Name,
    Number,
    Points,
    Range,
    Report,
    Section,
    Shade,
    Stack,
    Table,
    Text,
    Trend,
    parts_of,
)
from swayrank.report.svg import (
    COLOURS,
    MOST_LETTERS,
    columns_chart,
    map_picture,
    range_bar,
    stack_bar,
    swatch,
    trend_line,
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
LONGEST = 4000
_LONGEST_NAME = 120
_WHOLE_NAME = 16
"""Words of names up to so many letters are not broken between lines."""
SHADES, _STEPS = 6, 8
_NARROW = 2
"""So many columns have room on every screen; wider tables, which scroll on some, do so by the keyboard as well."""

LIGHT = {
    "paper": "#ffffff", "panel": "#f4f6f8", "ink": "#1b1f24", "soft": "#515963", "rule": "#c9d0d8",
    "link": "#0b5cad", "range": "#7d8fa3",
    "c0": "#0072b2", "c1": "#c14f00", "c2": "#00805d", "c3": "#8a4b8f", "c4": "#7f6000",
}  # fmt: skip
DARK = {
    "paper": "#14171b", "panel": "#1e2329", "ink": "#e8ebef", "soft": "#a9b3bf", "rule": "#3c4550",
    "link": "#82bdf5", "range": "#7b8a9b",
    "c0": "#56b4e9", "c1": "#f08a4b", "c2": "#2fc79b", "c3": "#d796c8", "c4": "#e0b84c",
}  # fmt: skip
"""Colours by their use; those for text stand out from `paper` and `panel` by 4.5 to 1, drawn ones by 3 to 1."""
PRINT = LIGHT | {"c0": "#004270", "c1": "#d4691f", "c2": "#007451", "c3": "#541f5b", "c4": "#a3821c"}
"""On paper: light, whatever the screen; neighbours are of different lightness, so that grey tells them apart."""
MOST_ON_PAPER = 12
"""Rows of a table behind a figure that is printed; and of those that are not cut by the end of a page."""


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def _shade(k: int) -> str:
    """The k-th of the shades, the strongest last; each lets the text on it be read."""
    return f".s{k}{{background:color-mix(in srgb,var(--c0) {10 * k}%,var(--paper))}}"


_CUT = f"tbody tr:nth-child({MOST_ON_PAPER + 1})"
_LONG, _SHORT = f"details:has({_CUT})", f".wide:not(:has({_CUT}))"

_STYLE = f"""
:root{{color-scheme:light dark;{_variables(LIGHT)}}}
@media (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}
@media print{{:root{{color-scheme:light;{_variables(PRINT)}}}}}
*{{box-sizing:border-box}}
html{{-webkit-text-size-adjust:100%;scroll-behavior:auto}}
body{{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}}
main,header,nav,footer{{max-width:66rem;margin:0 auto;padding:0 1.25rem}}
header{{padding-top:2rem}}
h1{{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem}}
h2{{font-size:1.35rem;line-height:1.25;margin:2.6rem 0 .8rem;padding-top:.8rem;border-top:1px solid var(--rule)}}
h3{{font-size:1.1rem;margin:0 0 .2rem}}
p,ul{{margin:.6rem 0}} ul{{padding-left:1.25rem}} li{{margin:.3rem 0}}
a{{color:var(--link)}} a:focus-visible,[tabindex]:focus-visible,summary:focus-visible{{outline:2px solid var(--link);
outline-offset:2px}}
.skip{{position:absolute;left:-99rem}} .skip:focus{{left:1rem;top:1rem;background:var(--paper);padding:.5rem}}
.soft{{color:var(--soft);margin-top:0}}
nav ul{{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem}} nav li{{margin:0}} nav a{{
display:inline-block;padding:.25rem 0}}
#short{{background:var(--panel);border-left:4px solid var(--c0);padding:.1rem 1.1rem .5rem;margin-top:1.2rem}}
#short h2{{border:0;margin:.6rem 0 .3rem;padding:0}}
.wide{{overflow-x:auto;margin:1rem 0}}
table{{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}}
caption{{text-align:left;color:var(--soft);padding:.2rem 0 .5rem}}
th,td{{padding:.35rem .45rem;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top;
overflow-wrap:normal}}
thead th{{border-bottom:2px solid var(--soft);vertical-align:bottom}}
tbody th{{font-weight:600}} td.n{{white-space:nowrap}} .n{{text-align:right}} .drawn{{min-width:5rem;width:18%}}
.name{{min-width:8rem}} .long{{overflow-wrap:anywhere}}
.stack{{max-width:32rem}} .bar{{display:block;overflow:visible;margin:.22rem 0}}
.card{{border:1px solid var(--rule);border-radius:.5rem;padding:1rem 1.1rem .5rem;margin:1.1rem 0;
background:var(--panel)}}
.legend{{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.9rem}}
.legend svg{{margin-right:.35rem;vertical-align:-.1rem}}
figure{{margin:1rem 0}} figcaption{{color:var(--soft);font-size:.9rem}} .axis{{text-align:center}}
summary{{cursor:pointer;color:var(--link);font-size:.9rem;padding:.25rem 0}}
.track,.grid{{stroke:var(--rule)}} .zero{{stroke:var(--ink)}} .range{{fill:var(--range)}} .empty{{fill:var(--paper);
stroke:var(--rule)}}
.dot{{fill:var(--c0);stroke:var(--paper);stroke-width:1}} .dot.pale{{fill:var(--soft)}}
.tick{{fill:var(--soft);font-size:12px}} .mark{{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:4 3}}
.chart{{display:block;overflow:visible}} .chart .tick{{paint-order:stroke;stroke:var(--paper);stroke-width:3px}}
{"".join(f".y{k}{{padding-left:{10 + 7 * k}px}}" for k in range(1, MOST_LETTERS + 1))}
.ends{{stroke:var(--range);stroke-width:3}} .trend{{stroke:var(--c0);stroke-width:2}}
.map{{display:block;height:auto;aspect-ratio:10/7;background:var(--panel);border-radius:.5rem}}
.arc{{fill:none;stroke:var(--soft);stroke-opacity:.22;stroke-width:.7;vector-effect:non-scaling-stroke}}
.arc.few{{stroke-opacity:.6}}
.map circle{{stroke:var(--panel);stroke-width:.6}}
.label{{fill:var(--ink);font-size:13px;font-weight:600;paint-order:stroke;stroke:var(--panel);stroke-width:4px;
stroke-linejoin:round}}
{"".join(_shade(k) for k in range(SHADES))}
{"".join(f".c{k}{{fill:var(--c{k})}}" for k in range(COLOURS))}
footer{{color:var(--soft);font-size:.9rem;padding-top:1rem;padding-bottom:2.5rem}}
@media (max-width:32rem){{main,header,nav,footer{{padding-left:.9rem;padding-right:.9rem}} h1{{font-size:1.5rem}}
.card{{padding:.8rem .8rem .3rem}} th,td{{padding:.3rem .4rem}} .drawn{{min-width:7rem}}
.far{{display:none}} .arc{{stroke-width:.25}} .label{{font-size:11px;stroke-width:3px}}
.card table{{font-size:.8rem}} .card th,.card td{{padding:.25rem .2rem}}}}
@page{{size:A4;margin:14mm}}
@media print{{html{{font-size:10pt}} body{{font-size:10pt}} main,header{{max-width:none;padding:0}}
nav,.skip,footer{{display:none}}
h2,h3,caption,thead,figcaption{{break-after:avoid}} h2{{margin-top:1.4rem}}
tr,li,p,figcaption,.chart,.map,.legend,{_SHORT}{{break-inside:avoid}}
.legend,p:has(+.legend),li:first-child{{break-after:avoid}} li:last-child{{break-before:avoid}}
.arc{{stroke-width:.3;stroke-opacity:.12}} .arc.few{{stroke-width:.6;stroke-opacity:.6}} .label{{font-size:9px}}
.card{{font-size:8pt;line-height:1.25}} .card li,.card p,.card ul{{margin:.05rem 0}} .card .bar{{margin:.1rem 0}}
.card caption{{display:none}} .card table{{font-size:7.5pt}} .card h3{{font-size:10pt}}
.card h3,.card h3+p{{display:inline}} .card h3{{margin-right:.6rem}} .card .stack{{max-width:none}}
.card .wide{{float:right;width:48%;margin:.1rem 0 .3rem .8rem}} .card::after{{content:"";display:block;clear:both}}
.card th,.card td{{padding:.05rem .25rem}}
.axis{{font-size:8pt}}
.card{{break-inside:avoid;padding:.3rem .7rem .15rem;margin:.4rem 0}} .wide{{overflow:visible}} table{{font-size:8pt}}
th,td{{padding:.15rem .25rem}} .drawn{{min-width:3rem;width:9%}}
#provenance table{{font-size:7.5pt}} #provenance th,#provenance td{{padding:.06rem .25rem}}
.name{{min-width:4rem;overflow-wrap:anywhere}} th.name{{overflow-wrap:normal}} tbody th.name{{overflow-wrap:anywhere}}
details::details-content{{content-visibility:visible;
block-size:auto}} summary,{_LONG}{{display:none}}
figure:has({_CUT})::after{{content:"The figures behind it are on the page itself.";font-size:8pt;color:var(--soft)}}
svg,.card,#short,td{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
a{{color:inherit;text-decoration:none}}}}
""".strip()


def as_page(report: Report) -> str:
    """The report as HTML."""
    title = words_of(report.title)
    links = "".join(f'<li><a href="#{one.key}">{words_of(one.title)}</a></li>' for one in report.sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>"
        '<a class="skip" href="#short">To the summary</a>\n'
        f'<header><h1>{title}</h1><p class="soft">{words_of(report.subtitle)}</p></header>\n'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n<main>\n'
        + "".join(_section(one) for one in report.sections)
        + "</main>\n<footer><p>Made by swayrank. This page holds all it shows and asks nothing of any server.</p>"
        "</footer>\n</body></html>\n"
    )


def words_of(text: str) -> str:
    """Text as HTML that can only be text; names are kept apart from the line's direction."""
    if isinstance(text, Name):
        return f"<bdi>{html.escape(printable(text, _LONGEST_NAME))}</bdi>"
    shown = html.escape(printable(text, LONGEST))
    return f"<strong>{shown}</strong>" if isinstance(text, Lead) else shown


def _line(line: Line) -> str:
    return "".join(map(words_of, parts_of(line)))


def _section(section: Section) -> str:
    blocks = "".join(map(_block, section.blocks))
    key = section.key
    return (
        f'<section id="{key}" aria-labelledby="{key}-title"><h2 id="{key}-title">{words_of(section.title)}</h2>\n'
        + (f"{blocks}</section>\n")
    )


def _block(block: Block) -> str:
    match block:
        case Text():
            return f"<p>{_line(block.line)}</p>\n"
        case Points():
            return f"<ul>{''.join(f'<li>{_line(line)}</li>' for line in block.lines)}</ul>\n"
        case Legend():
            return _legend(block)
        case Table():
            return _table(block)
        case Columns():
            return _chart(block)
        case Map():
            return _map(block)
        case Stack():
            return f'<p class="stack">{stack_bar(block)}</p>\n'
        case Card():
            return _card(block)


def _legend(legend: Legend) -> str:
    items = "".join(f"<li>{swatch(k)}{_line(word)}</li>" for k, word in enumerate(legend.words))
    items += f"<li>{swatch(-1)}{words_of(legend.rest)}</li>" if legend.rest else ""
    return f'<ul class="legend">{items}</ul>\n'


def _card(card: Card) -> str:
    blocks = "".join(map(_block, card.blocks))
    heading = f"{words_of(card.place)} {words_of(card.name)}"
    return f'<article class="card"><h3>{heading}</h3><p class="soft">{_line(card.line)}</p>\n{blocks}</article>\n'


def _chart(chart: Columns) -> str:
    return (
        f"<figure><figcaption>{words_of(chart.table.caption)}</figcaption>{columns_chart(chart)}"
        f'<p class="soft axis">{words_of(chart.axis)}</p>'
        f"<details><summary>The same as a table</summary>{_table(chart.table)}</details></figure>\n"
    )


def _map(shown: Map) -> str:
    return (
        f"<figure><figcaption>{_line(shown.line)}</figcaption>{map_picture(shown)}"
        f"<details><summary>The first of them as a table</summary>{_table(shown.table)}</details></figure>\n"
    )


def _table(table: Table) -> str:
    """A table that scrolls by itself where it is too wide."""
    named = _naming_column(table)
    kinds = [_kind(table, k) for k in range(len(table.headings))]
    head = "".join(
        f'<th scope="col"{kind}>{words_of(word)}</th>' for word, kind in zip(table.headings, kinds, strict=True)
    )
    rows = "".join(
        f"<tr>{''.join(_cell(cell, kinds[k], k == named) for k, cell in enumerate(row))}</tr>\n" for row in table.rows
    )
    caption = words_of(table.caption)
    scrolls = f' role="region" tabindex="0" aria-label="{caption}"' if len(table.headings) > _NARROW else ""
    return (
        f'<div class="wide"{scrolls}><table><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n"
    )


def _naming_column(table: Table) -> int:
    return next((k for k in range(len(table.headings)) if all(isinstance(row[k], str) for row in table.rows)), 0)


def _kind(table: Table, k: int) -> str:
    cells = [row[k] for row in table.rows]
    if any(isinstance(cell, Range | Stack | Trend) for cell in cells):
        return ' class="drawn"'
    if cells and all(isinstance(cell, Number | Between) for cell in cells):
        return ' class="n"'
    return ' class="name"' if any(isinstance(cell, Name) for cell in cells) else ""


def _cell(cell: Cell, kind: str, names_the_row: bool) -> str:
    match cell:
        case Range():
            shown = range_bar(cell)
        case Stack():
            shown = stack_bar(cell)
        case Trend():
            shown = trend_line(cell)
        case Shade() if cell.known:
            level = min(SHADES - 1, int(_STEPS * float(cell.value or 0.0)))
            return f'<td class="n s{level}">{html.escape(str(cell))}</td>'
        case Number() | Between():
            shown = html.escape(str(cell))
        case _:
            shown = _line(cell)
            if isinstance(cell, Name) and max(map(len, cell.split()), default=0) > _WHOLE_NAME:
                kind = kind.replace('"name"', '"name long"')
    return f'<th scope="row"{kind}>{shown}</th>' if names_the_row else f"<td{kind}>{shown}</td>"
