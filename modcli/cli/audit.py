"""`modcli audit`: judge an export, and what can be done with the file that it leaves."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from modcli.cli.audit_act import run_act
from modcli.cli.audit_certify import run_certify
from modcli.cli.audit_export import run_export
from modcli.cli.audit_rejudge import run_compare, run_rejudge
from modcli.cli.audit_run import run_audit, run_plan
from modcli.cli.audit_show import run_errors, run_query, run_show

#: What a first word that is no command stands for.
DEFAULT = "run"


class AuditGroup(TyperGroup):
    """`modcli audit SOURCE` is `modcli audit run SOURCE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command in front, where neither a command nor help is asked for."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="audit",
    cls=AuditGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Judge an export: a resumable audit in one file. `modcli audit SOURCE` is `modcli audit run SOURCE`.",
)
app.command("run")(run_audit)
app.command("plan")(run_plan)
app.command("show")(run_show)
app.command("query")(run_query)
app.command("errors")(run_errors)
app.command("rejudge")(run_rejudge)
app.command("compare")(run_compare)
app.command("certify")(run_certify)
app.command("export")(run_export)
app.command("act")(run_act)
