"""How frameworks and back ends read a graph, as rows of tables."""

from typing import Any

from export.graph_certificate import GraphCertificate


def reading_rows(found: GraphCertificate) -> list[dict[str, Any]]:
    """Return a row of text for each reader."""
    return [
        {
            "read as": row.dialect,
            "dt": f"{row.dt:g}",
            "spikes": _number(row.spikes),
            "differ": _number(row.differ),
            "from": "-" if row.node is None else f"{row.node}, step {row.step}",
            "importer": _importer(row.importer_wrong),
            "because": "; ".join([*row.facts, *([row.note] if row.note else [])]) or "-",
        }
        for row in found.readings
    ]


def pair_rows(found: GraphCertificate) -> list[dict[str, Any]]:
    """Return a square table: in how many outputs each reader differs from each other."""
    wrong = {frozenset(pair[:2]): pair[2] for pair in found.pairs}
    names = list(dict.fromkeys(name for pair in found.pairs for name in pair[:2]))
    return [
        {"": one}
        | {other: "-" if one == other else f"{wrong[frozenset((one, other))]:,}" for other in names}
        for one in names
    ]


def back_end_rows(found: GraphCertificate) -> list[dict[str, Any]]:
    """Return a row of text for each back end."""
    return [
        {
            "back end": row.name,
            "spikes": _number(row.spikes),
            "differ": _number(row.differ),
            "from integer": _number(row.wrong),
            "from": "-" if row.layer is None else f"{row.layer}, output step {row.step}",
            "because": row.note or "-",
        }
        for row in found.back_ends
    ]


def _importer(wrong: int | None) -> str:
    if wrong is None:
        return "not run"
    return "as said" if wrong == 0 else f"{wrong:,} wrong"


def _number(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"
