"""The names on the left side of an assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modcli.skills.code_program import text_of

if TYPE_CHECKING:
    from tree_sitter import Node


def targets(node: Node) -> list[tuple[str, bool]]:
    """The names that an assignment is to, and whether wholly."""
    found, todo = [], [node]
    while todo:
        one = todo.pop()
        if one.type in ("identifier", "shorthand_property_identifier_pattern"):
            found.append((text_of(one), True))
        elif one.type in ("attribute", "subscript", "member_expression", "subscript_expression"):
            text = text_of(one)
            own = one.type in ("attribute", "member_expression") and text.split(".")[0] in (
                "self",
                "this",
            )
            base = text.split("[")[0]
            if not own and base.startswith(("self.", "this.")):  # into what an object keeps
                found.append((".".join(base.split(".")[:2]), False))
            else:
                found.append((text, True) if own else (base.split(".")[0], False))
        elif one.type == "pair_pattern":
            todo += one.children[-1:]
        else:
            todo += reversed(one.named_children)
    return found
