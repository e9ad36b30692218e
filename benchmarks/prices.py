"""Derive the prices of Loihi 2 from what Intel's notebooks counted and measured, and check them.

The counters are read off the plots of lava-dl's PilotNet benchmark, to about 1 %, and are the same
in three sessions on boards of one chip, whose power differs by a factor of 2. One network cannot
tell synaptic events from updates: what follows is for several ratios of their prices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

from benchmarks.results import write_json
from neuromorphic.chips.catalogue import Chip, load_chip
from spiking_music.cli.terminal import show_rows
from spiking_music.report.joules import joules

RATIOS = (0.0, 1.0, 81 / 23.6, 10.0)  # of an update to a synaptic event; the third is Loihi 1's


@dataclass(frozen=True)
class Session:
    """A session of lava-dl's PilotNet benchmark: frames a second, and its dynamic power in W."""

    date: str
    commit: str
    frames: float
    dynamic: float


STEPS = 16  # a frame
EVENTS, UPDATES = 2.285e6, 158_509  # a step; an update is one of a neuron, of 2 to 2.4 passes
BUSIEST, STEP = 1.508e5, 152.8e-6  # synaptic events of the busiest core, and s, a step
SESSIONS = (
    Session("2022-10-25", "76c8fbb", 415.51, 0.2336),
    Session("2022-10-28", "baa23ad", 413.76, 0.4430),
    Session("2023-01-10", "b9e3691", 408.91, 0.4472),
)
VALUES = 66 * 200 * 3  # a frame of the sigma-delta net, which the host sends
FED = (15.29, 11.18, 16.87)  # frames a second of that net
STATIC = (
    0.1781, 0.3094, 0.2321, 0.168, 0.342, 0.282,  # lava-dl, six runs
    0.189, 0.208, 0.229, 0.266,  # vidurayashan/VPR_Loihi, a board of 8 chips over 8
    0.123, 0.097, 0.121,  # arXiv 2510.13757, twice, and 2511.01553: total less dynamic
)  # fmt: skip
# A sweep of 200 to 1200 leaky units, OzU-CAST/LoihiScalingEfficiency: least squares over 22 points.
WITHOUT_UNITS, PER_UNIT, SWEPT_STEP = (0.459, 0.50), 0.122e-3, 1.78e-6  # W, W, s
PEAK, PEAK_EVENTS = 2600.0, 380e12  # Hala Point: W at most, synapses a second
SPOKEN = {  # keyword spotting, arXiv 2510.13757: steps of 1.9 us, and dynamic J
    "keywords, feed-forward": (1.46e-3 / 1.9e-6, 0.28e-3),
    "keywords, recurrent": (1.54e-3 / 1.9e-6, 0.21e-3),
}


def measure() -> dict[str, Any]:
    """Return the prices of each session and ratio, those of the chip's file, and every check."""
    chip = load_chip("loihi2")
    return {
        "fits": [_fit(session, ratio) for session in SESSIONS for ratio in RATIOS],
        "derived": _derived(),
        "file": {name: _range(chip, name) for name in _derived()},
        "checks": _checks(chip),
    }


def write(found: Mapping[str, Any], path: Path | None) -> None:
    """Print the derivation and its checks; write them as JSON where a `path` is given."""
    print("PilotNet on Loihi 2: dynamic energy as synaptic events and updates")
    show_rows(
        [
            {
                "session": row["session"],
                "a frame": joules(row["frame_j"]),
                "update / event": f"{row['ratio']:.2f}",
                "synaptic event": joules(row["event_j"]),
                "update": joules(row["update_j"]),
            }
            for row in found["fits"]
        ]
    )
    print("\nWhat follows, and what hardware_configs/loihi2.toml says")
    rows = []
    for name, (low, middle, high) in found["derived"].items():
        stated = found["file"][name]
        rows.append(
            {
                "price": name,
                "low": f"{low:.3g}",
                "middle": f"{middle:.3g}",
                "high": f"{high:.3g}",
                "in the file": " .. ".join(f"{end:.3g}" for end in stated),
            }
        )
    show_rows(rows)
    print("\nChecks, at the middle prices of the file")
    show_rows(
        [
            {
                "network": row["network"],
                "predicted": f"{row['predicted']:.3g} {row['unit']}",
                "measured": f"{row['measured']:.3g} {row['unit']}",
                "off by": f"{row['predicted'] / row['measured'] - 1:+.0%}",
                "what it says": row["says"],
            }
            for row in found["checks"]
        ]
    )
    print("\nNo third network with both its synaptic operations and its joules is published.")
    write_json(found, path)


def _fit(session: Session, ratio: float) -> dict[str, Any]:
    frame = session.dynamic / session.frames
    event = frame / STEPS / (EVENTS + ratio * UPDATES)
    return {
        "session": f"{session.date} {session.commit}",
        "frame_j": frame,
        "ratio": ratio,
        "event_j": event,
        "update_j": ratio * event,
    }


def _derived() -> dict[str, tuple[float, float, float]]:
    """Return (low, middle, high) of what the published figures say of each price, J, W, s."""
    like_loihi1 = [_fit(session, RATIOS[2]) for session in SESSIONS]
    every = [_fit(session, ratio) for session in SESSIONS for ratio in RATIOS]
    dense_row = 3.2e-12  # the sweep's total spikes taken for copies that arrive at cores
    # In the middle the cheapest session, since Hala Point speaks for the cheap side: at its peak a
    # synapse costs at most 6.8 pJ with everything in it.
    low_update = min(row["update_j"] for row in every if row["ratio"])
    fed = sorted(1 / (VALUES * rate) for rate in FED)
    static = sorted(STATIC)
    started = [(watts - median(STATIC)) * SWEPT_STEP for watts in WITHOUT_UNITS]
    return {
        "energy.synaptic_event": (
            dense_row,
            min(row["event_j"] for row in like_loihi1),
            max(row["event_j"] for row in every if row["ratio"]),
        ),
        "energy.neuron_update": (
            low_update,
            geometric_mean((like_loihi1[0]["update_j"], like_loihi1[-1]["update_j"])),
            PER_UNIT * SWEPT_STEP,
        ),
        "energy.step": (
            (WITHOUT_UNITS[0] - static[-1]) * SWEPT_STEP,
            sum(started) / 2,
            (WITHOUT_UNITS[1] - static[0]) * SWEPT_STEP,
        ),
        "power.chip": (static[0], median(static), static[-1]),
        "time.synaptic_event": (1152 * 120 / PEAK_EVENTS, STEP / BUSIEST, STEP / BUSIEST),
        "time.host_message": (1 / 67e6, fed[1], fed[2]),
    }


def _range(chip: Chip, name: str) -> tuple[float, float, float]:
    section, key = name.split(".")
    return getattr(chip, section)[key].range() or (0.0, 0.0, 0.0)


def _checks(chip: Chip) -> list[dict[str, Any]]:
    price = {key: (figure.range() or (0.0,) * 3)[1] for key, figure in chip.energy.items()}
    per_event = {key: (figure.range() or (0.0,) * 3)[1] for key, figure in chip.time.items()}
    step = EVENTS * price["synaptic_event"] + UPDATES * price["neuron_update"] + price["step"]
    rows = [
        {
            "network": f"PilotNet, {session.date}",
            "predicted": STEPS * step * 1e3,
            "measured": session.dynamic / session.frames * 1e3,
            "unit": "mJ a frame",
            "says": "fitted to; the sessions differ by a factor of 2",
        }
        for session in SESSIONS
    ]
    rows += [
        {
            "network": name,
            "predicted": steps * price["step"] * 1e3,
            "measured": joule * 1e3,
            "unit": "mJ",
            "says": "by its steps alone; its operations are not published",
        }
        for name, (steps, joule) in SPOKEN.items()
    ]
    rows.append(
        {
            "network": "Hala Point at its peak",
            "predicted": PEAK_EVENTS * price["synaptic_event"] * 1e-3,
            "measured": PEAK * 1e-3,
            "unit": "kW at most",
            "says": "too dear for packed dense rows, hence the low end",
        }
    )
    rows.append(
        {
            "network": "PilotNet, time of a step",
            "predicted": BUSIEST * 0.66e-9 * 1e6,
            "measured": STEP * 1e6,
            "unit": "us",
            "says": f"by a script's 0.66 ns; the file has {per_event['synaptic_event'] * 1e9:.3g}",
        }
    )
    return rows
