"""Chips as data: what each one holds, what its operations cost, and the sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from neuromorphic.chips.figure import Figure, figure
from runtime.errors import ChipError
from runtime.untrusted import UntrustedError, read_toml

PACKAGE = "hardware_configs"
LIMITS = (
    "chips_per_board",
    "cores",
    "cores_per_tile",
    "neurons_per_core",
    "input_axons_per_core",
    "output_axons_per_core",
    "synapse_memory_per_core",
    "weight_bits",
    "weight_exponent",
    "payload_bits",
    "sum_max",
    "state_bits",
    "bias_mantissa",
    "bias_exponent",
    "threshold",
    "decay",
    "reset_by_subtraction",  # 1 if units can, 0 if they are set to 0 alone
)
ENERGIES = (
    "synaptic_event",
    "synaptic_event_all_in",
    "weight_fetch",
    "neuron_update",
    "neuron_update_driven",
    "neuron_update_idle",
    "message",
    "hop",
    "step",
    "mac",
    "weight_word",
    "fp32_mac",
    "fp32_accumulate",
    "fp32_arithmetic",
    "fp32_function",
    "fp32_byte",
    "link_bit",
)
POWERS = ("core", "chip", "management", "idle")
TIMES = ("step", "synaptic_event", "neuron_update", "host_message", "mac")
SECTIONS = {
    "limits": (LIMITS, ("count", "bit")),
    "energy": (ENERGIES, ("pJ", "nJ", "uJ", "mJ")),
    "power": (POWERS, ("uW", "mW", "W")),
    "time": (TIMES, ("ns", "us", "ms", "s")),
}
TEXTS = ("name", "title", "node", "covers")
ENERGY_SCOPES = ("dynamic", "all-in", "reference")

Figures = Mapping[str, Figure]


@dataclass(frozen=True)
class Chip:
    """A hardware description. An absent figure does not apply to the chip; null is unpublished.

    `limits` say what fits, `energy` prices operations, `power` is drawn over time, `time` is how
    long operations take; `covers` says in words what the prices include.

    `energy`: `step` is a time step of a whole chip (its barrier), `hop` a message's way from one
    tile to the next. `power`: `chip` and `core` are static; `management` is that of the processors
    beside the cores; `idle` is that of a processor whose price of a product includes everything
    else, while it waits. `time.host_message`: a message's way between host and chip.
    """

    name: str
    title: str
    node: str
    covers: str
    limits: Figures
    energy: Figures
    power: Figures
    time: Figures

    def allowed(self, limit: str) -> float | None:
        """Return the low end of a limit; None if it does not apply or is not published."""
        found = self.limits[limit].range() if limit in self.limits else None
        return found[0] if found else None

    @property
    def largest_board(self) -> int:
        """The most chips that a board is known to have; 1 if that is not published."""
        found = self.limits["chips_per_board"].range() if "chips_per_board" in self.limits else None
        return int(found[2]) if found else 1

    def idle_chips(self, used: int) -> tuple[int, int, int] | None:
        """Return how many chips are powered but idle beside so many used: (low, mid, high)."""
        found = self.limits["chips_per_board"].range() if "chips_per_board" in self.limits else None
        if found is None:
            return None
        low, middle, high = (-(-used // int(size)) * int(size) - used for size in found)
        return low, middle, high

    def planes(self, payload_bits: int) -> int:
        """Return how many axons an input takes: 1, or one per bit if spikes cannot carry them."""
        allowed = self.allowed("payload_bits")
        return 1 if allowed is None or allowed >= payload_bits else payload_bits


def chip_names() -> tuple[str, ...]:
    """Return the names of the chips that come with the package, sorted."""
    names = (item.name for item in files(PACKAGE).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_chip(name: str) -> Chip:
    """Return the chip called `name`, or described by the file at the path `name` (`*.toml`).

    Raises `ChipError` when there is no such chip, naming the available ones, or when its file is
    wrong, naming file, key and value.
    """
    if name in chip_names():
        return _load(files(PACKAGE) / f"{name}.toml", f"{name}.toml")
    if name.endswith(".toml") and Path(name).is_file():
        return _load(Path(name), name)
    raise ChipError(f"chip {name!r} is unknown; use one of {', '.join(chip_names())}")


def _load(file: Traversable, where: str) -> Chip:
    try:
        with as_file(file) as path:
            table = read_toml(path)
    except UntrustedError as error:
        raise ChipError(f"{where}: {error}; correct it") from error
    for key in table:
        if key not in TEXTS and key not in SECTIONS:
            raise ChipError(f"{where}: {key} is not a key; use {', '.join((*TEXTS, *SECTIONS))}")
    for key in TEXTS:
        if not isinstance(table.get(key), str) or not table[key].strip():
            raise ChipError(f"{where}: {key} is {table.get(key)!r}; a text is needed")
    if table["name"] != Path(where).stem:
        raise ChipError(f"{where}: name is {table['name']!r}; it must be {Path(where).stem!r}")
    sections = {key: _section(where, key, table.get(key, {})) for key in SECTIONS}
    for key, price in sections["energy"].items():
        if price.scope not in ENERGY_SCOPES:
            raise ChipError(
                f"{where}: energy.{key}.scope is {price.scope!r}; use {', '.join(ENERGY_SCOPES)}"
            )
    return Chip(table["name"], table["title"], table["node"], table["covers"], **sections)


def _section(where: str, section: str, table: object) -> Figures:
    if not isinstance(table, Mapping):
        raise ChipError(f"{where}: {section} is {table!r}; a table is needed")
    known, units = SECTIONS[section]
    found = {}
    for key, value in table.items():
        if key not in known:
            raise ChipError(f"{where}: {section}.{key} is not a key; use {', '.join(known)}")
        found[key] = figure(f"{where}: {section}.{key}", value, units, limit=section == "limits")
    return MappingProxyType(found)
