"""What a NIR file leaves open and each framework assumes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_type_hints

from neuromorphic.graphs.graph import Graph
from runtime.errors import GraphError

Name = Literal["nir", "snntorch", "norse", "sinabs", "spikingjelly", "rockpool", "lava"]
NAMES: tuple[Name, ...] = get_args(Name)


@dataclass(frozen=True)
class Dialect:
    """How a framework runs a graph; `docs/nir.md` has the table with its sources.

    `step`: the usual time step in s. `decay`: a state decays by forward `euler`, by dt / tau, or by
    an `exponential`. `gain`: the factor of the input of LIF and IF, as `written` dt r / tau and
    dt r; with `leak` dt / tau and 1, whatever r is; with `one` 1. `reset`: a unit that fires is set
    to `v_reset` or to `zero`, or the threshold is subtracted; at once or, if `late`, in the next
    step. With `ties`, a unit fires at v = v_threshold too; with `many`, it may send several spikes
    in one step. `floor` keeps the v of an IF at -v_threshold or above. A run starts with v at
    `v_reset` or `zero`. `jumps`: a CubaLIF without a `w_in` adds its input unscaled, and before the
    decay if that is exponential.
    """

    name: Name
    step: float = 1e-4
    decay: Literal["euler", "exponential"] = "euler"
    gain: Literal["written", "leak", "one"] = "written"
    reset: Literal["v_reset", "zero", "subtract"] = "v_reset"
    late: bool = False
    ties: bool = False
    many: bool = False
    floor: bool = False
    start: Literal["zero", "v_reset"] = "zero"
    jumps: bool = False

    @property
    def is_lif(self) -> bool:
        """Whether units fire and are reset as Lava's LIF does it."""
        return self.reset != "subtract" and not (self.ties or self.many or self.floor)


HINT = "spiking_music_"  # before the keys of our metadata: `dialect` and `dt`
SWITCH = ("yes", "no")
FACTS: dict[str, tuple[str, ...]] = {
    fact: SWITCH if kind is bool else get_args(kind)
    for fact, kind in get_type_hints(Dialect).items()
    if fact not in ("name", "step")
}

NIR = Dialect("nir")
SNNTORCH = Dialect("snntorch", reset="subtract", late=True)
NORSE = Dialect("norse", step=1e-3, gain="leak", reset="zero", jumps=True)
SINABS = Dialect(
    "sinabs",
    step=1.0,
    decay="exponential",
    gain="one",
    reset="subtract",
    ties=True,
    many=True,
)
SPIKINGJELLY = Dialect("spikingjelly", ties=True, start="v_reset")
ROCKPOOL = Dialect(
    "rockpool",
    step=1e-3,
    decay="exponential",
    gain="one",
    reset="subtract",
    ties=True,
    many=True,
    jumps=True,
)
LAVA = Dialect("lava", reset="zero")

DIALECTS: Mapping[str, Dialect] = {
    one.name: one for one in (NIR, SNNTORCH, NORSE, SINABS, SPIKINGJELLY, ROCKPOOL, LAVA)
}


def dialect(said: str) -> Dialect:
    """Return a dialect by its name, with facts of its own: `sinabs` or `sinabs,reset=zero,floor`.

    Raises `GraphError` for an unknown name or fact.
    """
    name, *facts = said.split(",")
    if name not in DIALECTS:
        raise GraphError(f"dialect {name!r} is unknown; choose from {', '.join(DIALECTS)}")
    changes: dict[str, Any] = dict(_fact(fact) for fact in facts)
    return replace(DIALECTS[name], **changes)


def _fact(said: str) -> tuple[str, str | bool]:
    fact, _, value = said.partition("=")
    values = FACTS.get(fact)
    if values is None:
        raise GraphError(f"dialect: {fact!r} is no fact; choose from {', '.join(FACTS)}")
    if (value or "yes") not in values:
        raise GraphError(f"dialect: {fact} is {value!r}; choose from {', '.join(values)}")
    return fact, value if values != SWITCH else value != "no"


def written(spoken: Dialect) -> str:
    """Return a dialect as `dialect` reads it: `sinabs`, or `sinabs,floor` with what differs."""
    usual = DIALECTS[spoken.name]
    changed = {fact: getattr(spoken, fact) for fact in FACTS}
    changed = {fact: v for fact, v in changed.items() if v != getattr(usual, fact)}
    words = {True: "", False: "=no"}
    return ",".join([spoken.name, *(f + words.get(v, f"={v}") for f, v in changed.items())])


def proposed(graph: Graph) -> tuple[str, str] | None:
    """Return the dialect that the file suggests, and the evidence; it is never applied silently."""
    texts = {
        key: value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)
        for key, value in graph.metadata.items()
    }
    if (said := texts.get(key := f"{HINT}dialect")) is not None:
        return said, f"its metadata {key} = {said!r}"
    for key, said in texts.items():
        for name in NAMES[1:]:
            if name in said.lower():
                return name, f"its metadata {key} = {said!r}"
    for node in (stage.name for stage in graph.stages):
        if node.endswith("Torch"):
            return "rockpool", f"names such as {node!r}"
        if node.endswith(".w_rec"):
            return "snntorch", f"names such as {node!r}"
        if node == "input_1":
            return "spikingjelly", f"names such as {node!r}"
    return None
