# SPDX-License-Identifier: Apache-2.0
"""Everything that can end an export.

`ExportError` is the user's to mend and prints as ERROR, `InternalError` is ours and prints as BUG.
Each ExportError has a kind: the anchor of its section in docs/errors.md.
"""


class ExportError(Exception):
    """Something the user can mend.

    kind: the anchor of the section in docs/errors.md.
    what: what is wrong and where, expected and found; no trailing full stop.
    fix: what to do about it, most likely first.
    details: further lines (source lines, a list of names), printed indented below `what`.
    """

    exit_code = 1

    def __init__(self, kind: str, what: str, fix: str, details: tuple[str, ...] = ()):
        super().__init__(kind, what, fix, details)
        self.kind = kind
        self.what = what
        self.fix = fix
        self.details = details

    def render(self, where: str) -> str:
        lines = [f"ERROR(jax_embedded): {where}: {self.what}"]
        lines += [f"    {line}" for line in self.details]
        lines.append(f"  Fix: {self.fix}. See docs/errors.md#{self.kind}")
        return "\n".join(lines)


class InternalError(Exception):
    """A defect of jax_embedded: a broken invariant, or a library that failed where it must not.

    what: what was expected and found.
    details: further lines, printed indented below `what`.
    """

    exit_code = 3

    def __init__(self, what: str, details: tuple[str, ...] = ()):
        super().__init__(what, details)
        self.what = what
        self.details = details

    def render(self, where: str) -> str:
        lines = [f"BUG(jax_embedded): {where}: {self.what}"]
        lines += [f"    {line}" for line in self.details]
        lines.append("  Fix: please report this with the Python source. See docs/errors.md#bug")
        return "\n".join(lines)
