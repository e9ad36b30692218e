"""What each kind of code costs on chips, and where deltas pay: `python -m benchmarks energy`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.results import write_json
from neuromorphic.chips.catalogue import chip_names, load_chip
from neuromorphic.costs.codec_bill import DECODERS, system_report
from neuromorphic.costs.counts import Counts, count, total
from neuromorphic.costs.crossover import BASELINES, IDEAL
from neuromorphic.costs.ledger import bill, summed, term
from neuromorphic.costs.operations.system import count_system
from neuromorphic.costs.sigma_delta import SENDER_OPERATIONS, deltas, integrated
from neuromorphic.energy import energies
from neuromorphic.integers.network import run_network
from neuromorphic.opening import bundle_network
from runtime.audio.recordings import read_audio
from runtime.bundle import Bundle, open_bundle
from runtime.codec import Codec
from runtime.kinds import Progress
from runtime.piece import Piece
from runtime.spk.container import packed
from spiking_music.cli.terminal import show_rows
from spiking_music.report.joules import joules

Payload = npt.NDArray[np.int8]

THRESHOLDS = (0, 1, 2, 4, 8, 16, 32)
CHIP = "loihi1"
PRICE = load_chip(IDEAL).energy["fp32_arithmetic"]  # more than integers cost


def measure(
    bundles: Sequence[Path | None],
    recordings: Sequence[Path],
    mus: Sequence[int],
    progress: Progress,
) -> dict[str, Any]:
    """Price every recording in every bundle, a MU_SPARSE one at each of `mus`; J a second of sound.

    Raises what encoding raises.
    """
    opened = [open_bundle(path) for path in bundles]
    work = [
        (bundle, mu) for bundle in opened for mu in (mus if bundle.manifest.has_mu else (None,))
    ]
    rows, changes = [], []
    for index, (bundle, mu) in enumerate(work):
        codec, coded = Codec(bundle), []
        for place, path in enumerate(recordings):
            samples = read_audio(path, bundle.manifest.sample_rate).samples
            coded.append(codec.analyse(samples, mu=mu))
            progress((index + (place + 1) / len(recordings)) / len(work))
        name = bundle.manifest.kind if mu is None else f"{bundle.manifest.kind} mu {mu}"
        rows.append({"code": name, **_row(bundle, coded)})
        changes += [
            {"code": name, **row} for row in _changes(bundle, [payload for payload, _ in coded])
        ]
    return {"recordings": len(recordings), "codes": rows, "sigma_delta": changes}


def show(found: dict[str, Any]) -> None:
    """Print the tables."""
    print(f"A second of sound, mean over {found['recordings']} recordings: the whole codec")
    show_rows([_whole(row) for row in found["codes"]])
    print("\nThe bottleneck alone, a second of sound")
    show_rows([line for row in found["codes"] for line in _chips(row)])
    print(f"\nSigma-delta input: operations of the bottleneck on {CHIP} and of the sender")
    show_rows([_shown(row) for row in found["sigma_delta"]])


def write(found: dict[str, Any], path: Path | None) -> None:
    """Print the tables, and write the figures as JSON where a `path` is given."""
    write_json(found, path)
    show(found)


def _row(bundle: Bundle, coded: Sequence[tuple[Payload, Piece]]) -> dict[str, Any]:
    """The means of one code over its recordings, J a second of sound."""
    seconds = sum(piece.seconds for _, piece in coded)
    network, shares, sizes = bundle_network(bundle), [], []
    decoders: dict[str, float] = {}
    chips: dict[str, list[dict[str, Any]]] = {name: [] for name in chip_names()}
    for payload, piece in coded:
        events = piece.events
        sizes.append(len(packed(piece)))
        system = count_system(bundle, payload, events, sizes[-1])
        whole = system_report(bundle, system, load_chip(CHIP))
        for name, spent in whole["decoders"].items():
            decoders[name] = decoders.get(name, 0.0) + spent["mid_j"] / seconds
        shares.append(whole["spiking"]["joules_share"])
        for name, entry in energies(network, payload.T)["chips"].items():
            chips[name].append(entry)
    return {
        "density": float(np.mean([piece.events.density for _, piece in coded])),
        "kbps": sum(sizes) * 8e-3 / seconds,
        "decoders": decoders,
        "spiking_share": float(np.mean(shares)),
        "chips": {name: _mean(entries, seconds) for name, entries in chips.items()},
    }


def _mean(entries: Sequence[dict[str, Any]], seconds: float) -> dict[str, Any]:
    refused = next((entry["refused"] for entry in entries if entry["refused"]), None)
    operations = [entry["table"][0]["dynamic_j"] for entry in entries]
    if None in operations:
        return {"refused": refused}
    times = {
        name: float(np.mean([entry["baselines"][name]["times"] for entry in entries]))
        for name, compared in entries[0]["baselines"].items()
        if compared
    }
    found = {"operations_j": sum(operations) / seconds, "times": times}
    if refused:  # what is unpriced is static power alone
        return {"refused": refused, **found}
    fast = [entry["fast"]["mid_j"] for entry in entries]
    return {
        **found,
        "real_time_j": sum(entry["mid_j"] for entry in entries) / seconds,
        "full_speed_j": None if None in fast else sum(fast) / seconds,
    }


def _changes(bundle: Bundle, payloads: Sequence[Payload]) -> list[dict[str, Any]]:
    """A row for each threshold: what is sent, what it changes, what it costs beside no deltas."""
    network, chip = bundle_network(bundle).network, load_chip(CHIP)
    payload = np.concatenate(payloads, axis=1)
    bits = run_network(network, payload)
    plain = count(network, payload)
    usual = bill(chip, plain, 0.0).dynamic_j or 0.0
    rows = [_sent("none", total(plain.values()), payload.size, 0.0, usual, usual)]
    for threshold in THRESHOLDS:
        sent = deltas(payload, threshold)
        arrived = integrated(sent)
        counts = count(network, arrived, sent)
        sender = summed([term("sender", "integers", SENDER_OPERATIONS * payload.size, PRICE)])
        cost = (bill(chip, counts, 0.0).dynamic_j or 0.0) + (sender or (0.0,) * 3)[1]
        wrong = float((run_network(network, arrived) != bits).mean())
        rows.append(_sent(str(threshold), total(counts.values()), payload.size, wrong, cost, usual))
    return rows


def _sent(
    name: str, counts: Counts, size: int, wrong: float, cost: float, usual: float
) -> dict[str, Any]:
    return {
        "threshold": name,
        "events_a_latent": counts.input_words / size,
        "bits_a_latent": counts.plane_spikes / size,
        "wrong_share": wrong,
        "operations_j": cost,
        "times": cost / usual,
    }


def _shown(row: dict[str, Any]) -> dict[str, str]:
    return {
        "code": row["code"],
        "threshold": row["threshold"],
        "events a latent": f"{row['events_a_latent']:.3f}",
        "bits set a latent": f"{row['bits_a_latent']:.3f}",
        "wrong bits": f"{row['wrong_share']:.3%}",
        "operations": joules(row["operations_j"]),
        "of no deltas": f"{row['times']:.3f}x",
        "pays": "yes" if row["times"] < 1 else "no",
    }


def _whole(row: dict[str, Any]) -> dict[str, str]:
    return {
        "code": row["code"],
        "ones": f"{row['density']:.1%}",
        "kbit/s": f"{row['kbps']:.2f}",
        **{f"up to the {name}": joules(row["decoders"].get(name)) for name in DECODERS},
        "of it spikes": f"{row['spiking_share']:.2%}",
    }


def _chips(row: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "code": row["code"],
            "chip": name,
            "operations": joules(entry.get("operations_j")),
            "real time": joules(entry.get("real_time_j")),
            "fast": joules(entry.get("full_speed_j")),
            **{
                f"x {rival}": f"{entry['times'][rival]:.2g}" if entry.get("times") else "-"
                for rival in BASELINES
            },
            "refused": (entry.get("refused") or "").replace("_", " "),
        }
        for name, entry in row["chips"].items()
    ]
