"""What a run shows: its log, curves, sounds, TensorBoard, and a progress bar."""

import json
import time
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from torch.utils.tensorboard import SummaryWriter

from runtime.audio.samples import Samples
from runtime.errors import OutputError
from train.config import SAMPLE_RATE, Config, to_dict
from train.log import EVERY, LOG, append
from train.plot import plot
from train.samples import write_samples
from train.stages import Stage

SHOWN = {
    "loss": "loss {:.3f}",
    "valid_si_snr_db": "SI-SNR {:.1f} dB",
    "density": "ones {:.1%}",
    "kbps": "{:.2f} kbit/s",
}


class Journal:
    """Writes `log.jsonl`, `log.png`, `samples/` and `tensorboard/`; shows progress on stderr.

    If it is not `shown`, as on all processes but the first, it does nothing.
    """

    def __init__(self, folder: Path, config: Config, shown: bool) -> None:
        self.folder, self.shown = folder, shown
        self.known: dict[str, float] = {}
        self.tasks: dict[str, TaskID] = {}
        self.told = time.monotonic()
        if not shown:
            return
        self.tensorboard = SummaryWriter(str(folder / "tensorboard"))
        self.tensorboard.add_text("preset", f"```\n{json.dumps(to_dict(config), indent=2)}\n```")
        columns = ("{task.description:<10}", BarColumn(), "{task.completed}/{task.total}")
        self.console = Console(stderr=True)
        self.bar = Progress(
            *columns, TimeRemainingColumn(), TextColumn("{task.fields[now]}"), console=self.console
        )

    def __enter__(self) -> "Journal":
        if self.shown:
            self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.shown:
            return
        self.bar.stop()
        try:
            self.tensorboard.close()
            if (self.folder / LOG).exists():
                plot(self.folder)
        except (OSError, OutputError):
            if error is None:  # otherwise the first failure is reported
                raise

    def write(self, stage: Stage, step: int, figures: dict[str, float]) -> None:
        """Log the figures of a step."""
        if not self.shown:
            return
        append(self.folder, {"stage": stage.name, "step": step, **figures})
        for name, value in figures.items():
            self.tensorboard.add_scalar(f"{stage.name}/{name}", value, step)
        self.known |= figures
        now = "  ".join(text.format(self.known[k]) for k, text in SHOWN.items() if k in self.known)
        if stage.name not in self.tasks:
            total = stage.schedule.steps
            self.tasks[stage.name] = self.bar.add_task(stage.name, total=total, now="")
        self.bar.update(self.tasks[stage.name], completed=step + 1, now=now)
        if not self.console.is_terminal and time.monotonic() - self.told >= EVERY:
            self.told = time.monotonic()
            self.say(f"{stage.name} {step + 1}/{stage.schedule.steps}  {now}")

    def sound(self, stage: Stage, step: int, original: Samples, decoded: Samples) -> None:
        """Store how a clip `(n,)` sounds at a step."""
        if self.shown:
            write_samples(self.folder / "samples" / f"{stage.name}-{step:06}", original, decoded)
            sound = decoded.clip(-1, 1)
            self.tensorboard.add_audio(f"{stage.name}/decoded", sound, step, SAMPLE_RATE)

    def say(self, message: str) -> None:
        """Print a message above the bar."""
        if self.shown:
            self.console.print(message)
