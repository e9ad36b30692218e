"""Write examples from a model in training: clips as FLAC, with their spectrograms."""

from pathlib import Path

import numpy as np
import soundfile

from runtime.audio.samples import Samples
from runtime.files import replacing
from train.config import SAMPLE_RATE


def write_samples(folder: Path, original: Samples, decoded: Samples) -> None:
    """Write `original.flac`, `decoded.flac` `(n,)` at 22 050 Hz, and both as `spectrogram.png`."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
    for panel, name, sound in zip(axes, ("original", "decoded"), (original, decoded), strict=True):
        with replacing(folder / f"{name}.flac", overwrite=True) as temporary:
            soundfile.write(temporary, np.clip(sound, -1, 1), SAMPLE_RATE, format="FLAC")
        with np.errstate(divide="ignore"):  # of silence
            panel.specgram(
                sound + 1e-6, NFFT=1024, Fs=SAMPLE_RATE, noverlap=768, vmin=-140, vmax=-40
            )
        panel.set(title=name, ylabel="Hz")
    with replacing(folder / "spectrogram.png", overwrite=True) as temporary:
        figure.savefig(temporary, dpi=80, format="png")
    pyplot.close(figure)
