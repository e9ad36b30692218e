"""How well the smallest preset learns one clip by heart: `python -m benchmarks overfit`.

The clip is 5.944 s (2^17 samples) from the middle of the first recording that ships with the
report. Every step sees all of it as it is, so that nothing but memory is measured. Of 600 steps
15 dB take some 350, and all of them four minutes of one core; they end at 19.9 dB.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.results import write_json
from runtime.audio.recordings import read_audio
from spiking_music.cli.terminal import show_rows
from spiking_music.report.demo import default_clip
from train.config import SAMPLE_RATE, load_preset
from train.data.sets import Music
from train.log import read_log
from train.loop import train
from train.run import MakeCrops, Run
from train.stages import Stage

SAMPLES = 2**17
LEARNING_RATE = 2e-3  # a clip by heart bears more than music at large
EVERY = 100  # steps


class OneClip(Run):
    """A run whose every crop is the clip that it is judged by."""

    def crops(self, stage: Stage) -> MakeCrops:
        """See `Run.crops`."""
        return lambda step, items: np.repeat(self.music.validation, len(items), axis=0)


def excerpt(path: Path) -> npt.NDArray[np.float32]:
    """The middle of a recording: `(131072,)` float32."""
    samples = read_audio(path, SAMPLE_RATE).samples
    start = (len(samples) - SAMPLES) // 2
    return samples[start : start + SAMPLES]


def measure(steps: int, folder: Path | None) -> dict[str, Any]:
    """Train; the figures of the averaged weights over the steps, and the time taken in all.

    The run is kept in `folder` where one is given.
    """
    clip = default_clip()
    settings = {
        "steps": steps,
        "settle": steps // 2,
        "batch": 1,
        "samples": SAMPLES,
        "learning_rate": LEARNING_RATE,
    }
    overrides = [f"codes_stage.{name}={value}" for name, value in settings.items()]
    config = load_preset("tiny", [*overrides, "diffusion_stage.steps=0"])
    music = Music([], excerpt(clip)[None])
    cpu = time.process_time()
    with tempfile.TemporaryDirectory() as temporary:
        run = OneClip(config, folder or Path(temporary), clip.name, music, EVERY)
        train(run)
        figures = read_log(run.folder)["codes"]
    rows = [
        {
            "step": step + 1,
            "si_snr_db": round(ratio, 2),
            "mel": round(figures["valid_mel"][step], 3),
            "density": round(figures["valid_density"][step], 3),
        }
        for step, ratio in figures["valid_si_snr_db"].items()
    ]
    return {"clip": clip.name, "cpu_s": round(time.process_time() - cpu), "rows": rows}


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the figures as a table, and write them as JSON where a `path` is given."""
    show_rows(figures["rows"])
    print(f"{figures['clip']}, {figures['cpu_s']} s of one core")
    write_json(figures, path)
