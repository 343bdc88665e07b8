# SPDX-License-Identifier: Apache-2.0
import ast
import re
from pathlib import Path

import pytest

SAID = set(re.findall(r"docs/errors\.md#([\w-]+)", Path("tests/messages/messages.txt").read_text()))
DOCUMENTED = set(re.findall(r"^## ([\w-]+)$", Path("docs/errors.md").read_text(), re.MULTILINE))
BY_RULES = {"inputs"}  # said by a rule: rules/tests
BY_ORACLE = {"float64"}  # py/jax_embedded/oracle/oracle_test.py


def raised() -> dict[str, str]:
    """Kind of error -> where a source raises it."""
    kinds = {"bug": "py/jax_embedded/errors.py"}
    for path in sorted(Path("py/jax_embedded").glob("**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ExportError":
                kind = node.args[0]
                assert isinstance(kind, ast.Constant), (
                    f"{path}:{node.lineno}: the kind is no literal"
                )
                kinds[str(kind.value)] = f"{path}:{node.lineno}"
    return kinds


RAISED = raised()


def test_sources_were_found():
    assert len(RAISED) > 15


@pytest.mark.parametrize("kind", sorted(RAISED))
def test_every_kind_is_seen_by_a_test(kind):
    assert kind in SAID | BY_RULES | BY_ORACLE, RAISED[kind]


@pytest.mark.parametrize("kind", sorted(RAISED.keys() | BY_RULES))
def test_every_kind_is_documented(kind):
    assert kind in DOCUMENTED, RAISED.get(kind)


@pytest.mark.parametrize("kind", sorted(DOCUMENTED))
def test_no_section_is_left_over(kind):
    assert kind in RAISED.keys() | BY_RULES
