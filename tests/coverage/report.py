# SPDX-License-Identifier: Apache-2.0
"""docs/coverage.md: written from outcomes, and read back."""

import re
from collections.abc import Iterator, Mapping, Sequence

from cell import COLUMNS, Cell
from judged import PASSES, Outcome

_HEAD = """\
# Coverage

Which functions of JAX can be exported, by dtype of their arrays. Made by running every cell of the
tables below:

```
./bazelw run //tests/coverage
```

A cell is one call of the function, on small arrays ([how](../tests/coverage), a line for each),
captured by JAX {version}, compiled for {targets}, run there (the cores
in qemu) with {draws} draws of inputs, and judged against stock JAX by the bound of
[numerics.md](numerics.md). 64-bit dtypes are with `x64`.

* `ok`: passes on all of them.
* blank: stock JAX itself refuses the dtype. Not counted.
* a number: the [message](#messages) of that number.

There is every public function of `jax.lax` but [those that are left out](#left-out), and of the
other modules what is commonly used; the rest is named below each table.
"""


def report(
    outcomes: Mapping[Cell, Outcome],
    excluded: Mapping[str, Mapping[str, str]],
    others: Mapping[str, Sequence[str]],
    version: str,
    draws: int,
    not_run: Sequence[str] = (),
) -> str:
    """The file's text. The same outcomes, the same bytes.

    excluded: module -> name -> why it is left out.
    others: module -> its other public functions.
    version: of jax.
    not_run: modules whose cells have not all been run.
    """
    targets = next(list(o.found) for o in outcomes.values() if o.found)
    numbers = _numbers(outcomes)
    head = _HEAD.format(version=version, draws=draws, targets=_listed(targets))
    blocks = [head, *_summary(outcomes, targets)]
    if not_run:
        blocks.append(f"Not run yet: {', '.join(f'`{module}`' for module in not_run)}.\n")
    modules = dict.fromkeys(cell.module for cell in outcomes)
    for module in modules:
        chosen = {cell: o for cell, o in outcomes.items() if cell.module == module}
        blocks += _module(module, chosen, numbers)
        if others.get(module):
            names = ", ".join(f"`{name}`" for name in others[module])
            blocks.append(f"Not in the table: {names}.\n")
    blocks.append("## Messages\n")
    blocks += [f"{number}. {_escaped(text)}" for text, number in numbers.items()]
    blocks.append("\n## Left out\n")
    for module, reasons in excluded.items():
        blocks += [f"`{module}`:\n", "| function | reason |\n|---|---|"]
        blocks += [f"| `{name}` | {reason} |" for name, reason in sorted(reasons.items())]
    return "\n".join(blocks) + "\n"


def text_of(outcome: Outcome) -> str:
    """ "" where JAX refuses, PASSES, or what the targets said that do not pass."""
    if outcome.found is None:
        return ""
    said = {name: text for name, text in outcome.found.items() if text != PASSES}
    if not said:
        return PASSES
    if len(said) == len(outcome.found) and len(set(said.values())) == 1:
        return next(iter(said.values()))
    names_by_text: dict[str, list[str]] = {}
    for name, text in said.items():
        names_by_text.setdefault(text, []).append(name)
    return "; ".join(f"{', '.join(names)}: {text}" for text, names in names_by_text.items())


def read_report(text: str) -> dict[tuple[str, str, str], str]:
    """What `text_of` said of a module, name and dtype."""
    messages = {
        number: _unescaped(said)
        for number, said in re.findall(r"^(\d+)\. (.*)$", text, re.MULTILINE)
    }
    found = {}
    module = ""
    for line in text.splitlines():
        if line.startswith("## "):
            module = line[3:].strip("`")
        row = re.fullmatch(r"\| `([^`]+)` \|(.*)\|", line)
        if not row or module in ("Summary", "Left out"):
            continue
        for dtype, value in zip(COLUMNS, row[2].split("|"), strict=True):
            found[module, row[1], dtype] = messages.get(value.strip(), value.strip())
    return found


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _numbers(outcomes: Mapping[Cell, Outcome]) -> dict[str, int]:
    texts = [text_of(outcome) for outcome in outcomes.values()]
    distinct = dict.fromkeys(text for text in texts if text not in ("", PASSES))
    return {text: number for number, text in enumerate(distinct, 1)}


def _summary(outcomes: Mapping[Cell, Outcome], targets: Sequence[str]) -> Iterator[str]:
    yield "## Summary\n"
    yield f"| module | functions | cells | pass | | {' | '.join(targets)} |"
    yield "|---|--:|--:|--:|--:|" + "--:|" * len(targets)
    for module in [*dict.fromkeys(cell.module for cell in outcomes), ""]:
        chosen = {c: o for c, o in outcomes.items() if module in ("", c.module)}
        rows = [o.found for o in chosen.values() if o.found]
        passed = [sum(row[target] == PASSES for row in rows) for target in targets]
        all_passed = sum(set(row.values()) == {PASSES} for row in rows)
        functions = len({(cell.module, cell.name) for cell in chosen})
        shares = " | ".join(_percent(n, len(rows)) for n in passed)
        name = f"`{module}`" if module else "all"
        yield (
            f"| {name} | {functions} | {len(rows)} | {all_passed}"
            f" | {_percent(all_passed, len(rows))} | {shares} |"
        )
    yield ""


def _percent(part: int, whole: int) -> str:
    """Rounded down: 100 % is all."""
    return f"{part * 1000 // whole / 10} %" if whole else ""


def _module(
    module: str, outcomes: Mapping[Cell, Outcome], numbers: Mapping[str, int]
) -> Iterator[str]:
    yield f"## `{module}`\n"
    yield f"| function | {' | '.join(COLUMNS)} |"
    yield "|---|" + "---|" * len(COLUMNS)
    rows: dict[str, dict[str, str]] = {}
    for cell, outcome in outcomes.items():
        text = text_of(outcome)
        rows.setdefault(cell.name, {})[cell.dtype] = str(numbers.get(text, text))
    for name, row in rows.items():
        yield f"| `{name}` | {' | '.join(row[dtype] for dtype in COLUMNS)} |"
    yield ""


def _escaped(text: str) -> str:
    return re.sub(r"([<*_`\[\\])", r"\\\1", text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
