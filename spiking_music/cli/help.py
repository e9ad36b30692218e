"""The layout of the help: plain text, verbs in groups, arguments without Python's types."""

import re
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup


class Verb(TyperCommand):
    """A verb whose help says `AUDIO` and `default: all`, not `{AUDIO} <str>` and `(all)`."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [
            piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)
        ]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        arguments, options = [], []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            name, text = record
            text = re.sub(r"\[default: \((.*?)\)", r"[default: \1", text)
            if isinstance(parameter, TyperArgument):
                arguments.append((parameter.display_name_raw, text))
            else:
                options.append((name, text))
        for title, rows in (("Arguments", arguments), ("Options", options)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


class Verbs(TyperGroup):
    """The verbs, listed in the help under the titles of their groups, in order of definition."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = max(map(len, self.commands))
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, verb in self.commands.items():
            title = getattr(verb, "rich_help_panel", None) or "Commands"
            row = (f"{name:<{width}}", verb.get_short_help_str(formatter.width - width - 6))
            groups.setdefault(title, []).append(row)
        for title, rows in groups.items():
            with formatter.section(title):
                formatter.write_dl(rows)
