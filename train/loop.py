"""The training loop: each stage of a preset in turn, on one process or many.

Data, random draws and learning rate are functions of (seed, step), so a run that was killed and
resumed has the same losses as one that was not, and several processes the same as one.
"""

import copy
import dataclasses
import math
import time

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from runtime.audio.samples import Samples
from runtime.errors import TrainingError
from train import checkpoint as checkpoints
from train.adversary import Adversary
from train.checkpoint import Checkpoint
from train.collapse import collapse
from train.config import Config
from train.data.crops import ahead
from train.devices import launched
from train.interrupt import Interrupt, interruptible
from train.journal import Journal
from train.networks.model import Model
from train.objectives.sparsity import Price
from train.parallel import averaged
from train.run import Run, begun
from train.stages import (
    Batch,
    Network,
    Stage,
    code_losses,
    draw,
    learning_rate,
    sound_losses,
    stages_of,
    velocity_loss,
)
from train.statistics import follow, measured, norms, recalibrate, settle
from train.validation import activity, evaluate, health, sound_of, validation_mu
from train.warm_start import start_from

CLIP_NORM = 1.0
MOST_RELIEF = 8.0  # how often the price of events is halved before a collapse ends the run
BETAS = (0.8, 0.99)
BATCHES = 20  # to measure the statistics of a norm on; no more than the stage has steps


def train(run: Run, resume: bool = False) -> None:
    """Train a preset into a folder: checkpoint, log, learning curves, samples, TensorBoard.

    Under `torchrun` every process makes its share of each batch. Raises TrainingError when the
    folder already holds a run and `resume` is not set, or when the training collapses, and
    CheckpointError when the checkpoint is damaged or has other settings. Ctrl-C saves the step.
    """
    fabric = launched()
    start = begun(run, resume, fabric)
    model = Model(run.config)
    if start is not None:
        model.load_state_dict(start.part("model"))
    elif run.config.start_from:
        start_from(model, run.config.start_from)
    model.to(fabric.device)
    price = _price(run.config, start)
    todo = stages_of(run.config)
    first = 0 if start is None else [stage.name for stage in todo].index(start.stage)
    with (
        Journal(run.folder, run.config, shown=fabric.is_global_zero) as journal,
        interruptible(alone=fabric.world_size == 1) as interrupt,
    ):
        for stage in todo[first:]:
            _Trainer(model, price, stage, run, fabric, journal, start).train(interrupt)
            start = None


def _price(config: Config, start: Checkpoint[Config] | None) -> Price:
    """The price of events, which grows in the first stage that has one and then stays."""
    free = dataclasses.replace(config.sparsity, weight=0.0)
    # Groups that inhibit each other steer a price of their own.
    price = Price(config.sparsity if config.code.has_context else free)
    if start is not None:
        price.load_state_dict(start.part("price"))
    return price


class _Trainer:
    """One stage of a run: its networks, averages and optimisers, and the steps over them."""

    def __init__(
        self,
        model: Model,
        price: Price,
        stage: Stage,
        run: Run,
        fabric: Fabric,
        journal: Journal,
        start: Checkpoint[Config] | None,
    ) -> None:
        self.model, self.price, self.stage, self.run = model, price, stage, run
        self.fabric, self.journal = fabric, journal
        modules = {name: getattr(model, name) for name in stage.modules}
        self.trained = nn.ModuleDict({k: v for k, v in modules.items() if v is not None})
        model.eval().requires_grad_(False)
        self.trained.train().requires_grad_(True)
        self.average = copy.deepcopy(self.trained)
        self.optimiser = torch.optim.AdamW(
            self.trained.parameters(), stage.schedule.learning_rate, betas=BETAS, weight_decay=0.01
        )
        self.best_snr_db = -math.inf
        adversary = run.config.adversary
        playing = stage.name != "diffusion" and bool(adversary.windows)
        seed = run.config.seed
        self.adversary = Adversary(adversary, seed).to(fabric.device) if playing else None
        self.first = 0 if start is None else start.step
        if start is not None:
            self._restore(start)
        self.network = fabric.setup_module(Network(model, stage))
        batch = stage.schedule.batch
        if batch % fabric.world_size:
            raise TrainingError(
                f"a batch of {batch} cannot be divided evenly among {fabric.world_size} processes"
            )
        share = batch // fabric.world_size
        self.items = range(fabric.global_rank * share, (fabric.global_rank + 1) * share)
        self.crops = run.crops(stage)
        self.validation = torch.from_numpy(run.music.validation).unsqueeze(1).to(fabric.device)

    def train(self, interrupt: Interrupt) -> None:
        """Do all remaining steps; raises KeyboardInterrupt after Ctrl-C, once the step is saved."""
        schedule = self.stage.schedule
        crops = ahead(lambda step: self.crops(step, self.items), self.first, schedule.steps)
        self._train_from(self.first)
        spent = time.process_time()
        for step, audio in enumerate(crops, self.first):
            began = time.perf_counter()
            if step == schedule.settle and self.stage.trains_code:
                self._settle(step)
            figures = self._step(step, self._batch(step, audio))
            figures["seconds"] = time.perf_counter() - began
            before, spent = spent, time.process_time()
            figures["core_seconds"] = spent - before
            done = step + 1
            judged = done % self.run.every == 0 or done == schedule.steps
            if judged:
                figures |= self._judge(done)
            self.journal.write(self.stage, step, figures)
            if judged or interrupt.asked:  # last, since a saved step is not repeated
                self._save(done)
            if interrupt.asked:
                self.journal.say(f"step {done} of {self.stage.name} is saved; go on with --resume")
                raise KeyboardInterrupt

    def _step(self, step: int, batch: Batch) -> dict[str, float]:
        schedule = self.stage.schedule
        outputs = self.network(batch.audio, batch.mu, batch.sigma, batch.noise, batch.path)
        sound = sound_losses(batch, outputs)
        weight = self.price.weight(step)
        others = velocity_loss(outputs)
        if self.stage.trains_code:
            others |= code_losses(self.run.config, batch, outputs, weight)
        named = {name: loss.item() for name, loss in (sound | others).items()}
        figures = averaged({"loss": sum(named.values()), **named, **activity(outputs["events"])})
        if not math.isfinite(figures["loss"]):
            raise TrainingError(
                f"{self.stage.name} step {step}: the loss is {figures['loss']}; "
                "lower the learning rate"
            )
        if self.adversary is not None and step >= self.run.config.adversary.start:
            balanced, game = self.adversary.play(batch.audio, outputs["decoded"], sound)
            sound, figures = {"balanced": balanced}, figures | averaged(game)
        self.optimiser.zero_grad()
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(schedule, step)
        self.fabric.backward(sum((sound | others).values(), torch.zeros(())))
        norm = nn.utils.clip_grad_norm_(self.trained.parameters(), CLIP_NORM)
        self.optimiser.step()
        follow(self.average, self.trained, min(schedule.ema, (step + 1) / (step + 10)))
        if "density" in figures and self.stage.trains_code:
            self.price.follow(step, figures["density"])
            if weight:
                figures["price_weight"] = weight
        return figures | {"gradient": norm.item()}

    def _judge(self, done: int) -> dict[str, float]:
        """Evaluate the averaged weights, write samples, look for a collapse."""
        own = {name: tensor.clone() for name, tensor in self.trained.state_dict().items()}
        self._wear_average(done)
        config, stage = self.run.config, self.stage
        # All processes need the same figures to take the same decisions.
        figures = averaged(evaluate(self.model, self.validation, stage, config))
        if self.fabric.is_global_zero:
            clip, mu = self.validation[:1], validation_mu(config, 3)[1:2].to(self.fabric.device)
            decoded = sound_of(self.model, clip, mu, stage)
            self.journal.sound(stage, done, clip[0, 0].cpu().numpy(), decoded)
        finished = done == stage.schedule.steps
        if not finished:
            self.trained.load_state_dict(own)
            self._train_from(done)
        if stage.trains_code:
            self._look_for_collapse(figures, done)
            if finished:
                self.price.settle(done)
        return figures

    def _save(self, done: int) -> None:
        run = self.run
        if self.fabric.is_global_zero:
            saved = Checkpoint(run.config, run.data, self.stage.name, done, self.tensors())
            checkpoints.save(run.folder, saved)
        self.fabric.barrier()

    def _look_for_collapse(self, figures: dict[str, float], done: int) -> None:
        now = health(figures)
        fault = collapse(now, self.best_snr_db) if now else None
        self.best_snr_db = max(self.best_snr_db, figures.get("valid_snr_db", -math.inf))
        if fault is None:
            return
        if self.price.weight(done) > 0 and self.price.relief < MOST_RELIEF:
            self.price.relieve()
            self.journal.say(f"step {done}: {fault}; the price of events is halved")
        elif done >= 2 * self.run.every:  # before batch norm has settled, units die and revive
            raise TrainingError(
                f"{self.stage.name} step {done}: {fault}; lower sparsity.weight "
                "or the learning rate, and train again"
            )

    def _wear_average(self, done: int) -> None:
        """Put the averaged weights into the model, with statistics measured for them."""
        self.trained.load_state_dict(self.average.state_dict())
        self.trained.eval()
        if self.stage.trains_code and not self._settled(done):
            self._recalibrate()

    def _recalibrate(self) -> None:
        batches = min(BATCHES, self.stage.schedule.steps)
        recalibrate(self.model, self._unseen, batches)

    def _settle(self, step: int) -> None:
        """Measure the statistics that the code keeps, for the averaged weights, too.

        Those that a stage begins with do not change: the stages before were trained with them.
        """
        if step or not measured(self.model.bottleneck):
            self._recalibrate()
        settle(self.model.bottleneck, self.average["bottleneck"])
        self._train_from(step + 1)

    def _settled(self, step: int) -> bool:
        return step > self.stage.schedule.settle

    def _train_from(self, step: int) -> None:
        self.trained.train()
        if self._settled(step):
            for norm in norms(self.model.bottleneck):
                norm.eval()

    def _unseen(self, index: int) -> tuple[Tensor, Tensor]:
        """A batch that is never trained on."""
        step = self.stage.schedule.steps + index
        batch = self._batch(step, self.crops(step, self.items))
        return batch.audio, batch.mu

    def _batch(self, step: int, audio: Samples) -> Batch:
        """This process's share of a step."""
        sound = torch.from_numpy(audio).unsqueeze(1).to(self.fabric.device)
        whole, rank = self.stage.schedule.batch, self.fabric.global_rank
        return draw(sound, self.run.config, step, whole, rank)

    def tensors(self) -> dict[str, Tensor]:
        """Everything that the stage's next step depends on, by name."""
        tensors = {
            **checkpoints.named("model", self.model.state_dict()),
            **checkpoints.named("average", self.average.state_dict()),
            **checkpoints.named("optimiser", checkpoints.optimiser_tensors(self.optimiser)),
            **checkpoints.named("price", self.price.state_dict()),
            "best.snr_db": torch.tensor(self.best_snr_db),
        }
        if self.adversary is not None:
            tensors |= checkpoints.named("adversary", self.adversary.state())
        return tensors

    def _restore(self, start: Checkpoint[Config]) -> None:
        self.average.load_state_dict(start.part("average"))
        checkpoints.restore_optimiser(self.optimiser, start.part("optimiser"))
        self.best_snr_db = start.tensors["best.snr_db"].item()
        if self.adversary is not None:
            self.adversary.restore(start.part("adversary"))
