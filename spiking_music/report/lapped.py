"""What a recording becomes in a LAPPED model: a file, and its sound."""

import math
from pathlib import Path
from typing import Any

from runtime.audio.recordings import write_audio
from runtime.audio.samples import Samples
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.kinds import Stage
from runtime.metrics import si_snr
from runtime.spk.container import packed, read_spk, write_spk
from spiking_music.report.storage import rates

FILE, SOUND = "piece.spk", "decoded.wav"


def shown(
    bundle: Bundle,
    samples: Samples,
    out: Path,
    overwrite: bool,
    stage: Stage,
) -> tuple[dict[str, Any], Samples]:
    """Return the facts about `samples (n,)` in a LAPPED bundle, and the decoded sound `(n,)`.

    Writes `FILE` and `SOUND` into the folder `out`. Raises what coding and writing raise.
    """
    codec = Codec(bundle)
    model = codec.manifest
    with stage(f"{model.name}: encode and store") as progress:
        piece = codec.encode(samples, model.sample_rate, progress=progress)
        write_spk(out / FILE, piece, overwrite=overwrite)
    piece = read_spk(out / FILE)
    with stage(f"{model.name}: decode") as progress:
        sound = codec.decode(piece, progress=progress)
        waveform = codec.decode(piece, "waveform")
    write_audio(out / SOUND, sound, piece.sample_rate, overwrite)
    size, events = len(packed(piece)), piece.events
    facts = {
        "name": model.name,
        "bytes": size,
        "kbps": size * 8e-3 / piece.seconds,
        **rates(piece),
        "units": events.units,
        "events": events.count,
        "per_second": events.count / piece.seconds,
        "density": events.density,
        "si_snr_db": decibels(samples, sound),
        "waveform_si_snr_db": decibels(samples, waveform),
    }
    return facts, sound


def decibels(original: Samples, decoded: Samples) -> float | None:
    """Return the SI-SNR, None if it is infinite or not defined, since JSON has neither."""
    found = si_snr(original, decoded)
    return found if math.isfinite(found) else None
