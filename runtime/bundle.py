"""A trained model as a folder: `manifest.json` and the files it names, each checked by its hash."""

import hashlib
import json
import stat
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from runtime.errors import BundleError
from runtime.files import replacing
from runtime.kinds import DECODERS, KINDS, LAPPED, LAPPED_DECODERS, SAMPLERS, SHIPPED
from runtime.sessions import Graph, open_graph
from runtime.untrusted import UntrustedError, read_json

FORMAT = 1
PAYLOAD_BITS = 8  # of a latent value; an int8 holds every payload of this project
MANIFEST = "manifest.json"
ENCODER, DECODER, DECODER_FAST = "encoder.onnx", "decoder.onnx", "decoder_fast.onnx"
EXACT, PORTABLE, NETX = "bottleneck.nir", "bottleneck.lif.nir", "bottleneck.net"
CERTIFICATE, PROBE = "certificate.json", "probe.npz"
TABLES = "coder.tables"  # of a LAPPED model
ENVELOPE, DIFFUSION = "envelope.onnx", "diffusion.onnx"  # of diffusion in short frames
EVIDENCE = (CERTIFICATE, PROBE)  # measurements of a model, not a part of it
DEFAULT = SHIPPED / "lapped"
PAPER = SHIPPED / "small"  # the default where only a model of the paper's kinds will do


@dataclass(frozen=True)
class Decoder:
    """How the bundle is decoded.

    `default`: diffusion or fast (for a LAPPED model listening, waveform or diffusion), whichever
    measured better; default `steps` of the `sampler` (see `decoders.samplers`);
    `residual_gain` and `spectrum` (dB, see `decoders.colour`), the level and colour of the
    residual; `context_frames` on each side of a window, where windows cross-fade.
    """

    default: str
    steps: int
    residual_gain: float
    spectrum: tuple[float, ...]
    context_frames: int
    sampler: str = "ddim"


@dataclass(frozen=True)
class Manifest:
    """The contents of `manifest.json`.

    `name`; `kind`, one of `KINDS`; `units` N (in a LAPPED model, 64 levels of each bin and sign);
    `latent` M; `hop` samples a frame; `sample_rate` Hz; `chunk_frames` and `context_frames` of the
    encoder's windows; `payload_bits` of one latent value; `decoder`; `licence`; `attribution`;
    `training`, `quality` and `operations` as measured; `files`, name to SHA-256 in hex; `forms`,
    the same for NIR and netx files that `export` makes of it, which need not be there.
    """

    name: str
    kind: str
    units: int
    latent: int
    hop: int
    sample_rate: int
    chunk_frames: int
    context_frames: int
    payload_bits: int
    decoder: Decoder
    licence: str
    attribution: str
    training: Mapping[str, Any]
    quality: Mapping[str, Any]
    operations: Mapping[str, Any]
    files: Mapping[str, str]
    forms: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_mu(self) -> bool:
        """Whether its rate can be chosen, by mu."""
        return self.kind == "MU_SPARSE"

    @property
    def lapped(self) -> bool:
        """Whether the model is LAPPED; its rate is then set by the step."""
        return self.kind == LAPPED

    @property
    def has_waveform(self) -> bool:
        """Whether it has the fast decoder."""
        return DECODER_FAST in self.files

    @property
    def has_unet(self) -> bool:
        """Whether its diffusion decoder is the paper's U-Net."""
        return DECODER in self.files

    @property
    def has_diffusion(self) -> bool:
        """Whether it has a diffusion decoder: the U-Net, or one of short frames."""
        return self.has_unet or DIFFUSION in self.files

    @property
    def decoders(self) -> tuple[str, ...]:
        """The names of the decoders that the bundle has."""
        if self.lapped:
            return (*LAPPED_DECODERS, "diffusion") if self.has_diffusion else LAPPED_DECODERS
        there = {"diffusion": self.has_diffusion, "fast": self.has_waveform}
        return tuple(name for name in DECODERS if there[name])

    @property
    def model_hash(self) -> str:
        """The name of the model: 16 hex digits of SHA-256 over the sorted `name:sha256` lines.

        Evidence is excluded, so that a model keeps its name when it is certified again.
        """
        names = sorted(name for name in self.files if name not in EVIDENCE)
        lines = "".join(f"{name}:{self.files[name]}\n" for name in names)
        return hashlib.sha256(lines.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Bundle:
    """A folder whose files have been checked against its manifest.

    `provider`, one of `runtime.providers.PROVIDERS`, computes its graphs.
    """

    path: Path
    manifest: Manifest
    provider: str = "cpu"

    def file(self, name: str) -> Path:
        """Return the path of one file; raises `BundleError` when the bundle does not have it."""
        if name not in self.manifest.files:
            raise BundleError(f"{self.path}: this bundle has no {name}")
        return self.path / name

    def graph(self, name: str, inputs: set[str], outputs: set[str]) -> Graph:
        """Load one ONNX file, see `open_graph`; its hash must still be that in the manifest.

        It runs in the thread that calls it, for several chunks are coded at once; only of the
        U-Net does one chunk follow another, so that it gets all cores.
        """
        path, digest = self.file(name), self.manifest.files[name]
        threads = None if name == DECODER else 1
        return open_graph(path, inputs, outputs, digest, self.provider, threads)


def open_bundle(path: Path | None = None, provider: str = "cpu") -> Bundle:
    """Open a bundle, by default the standard one, and check every file by its hash.

    A `path` that is not a folder, such as `small-mu`, names a shipped bundle.
    Raises `BundleError`, which names the folder, the file or the field that is wrong.
    """
    folder = DEFAULT if path is None else _found(Path(path))
    manifest = load_manifest(folder)
    made = {name: sha for name, sha in manifest.forms.items() if (folder / name).exists()}
    for name, expected in {**manifest.files, **made}.items():
        if sha256(folder / name) != expected:
            raise BundleError(f"{folder / name}: differs from {MANIFEST}; export or copy it again")
    return Bundle(folder, manifest, provider)


def is_bundle(path: Path) -> bool:
    """Return whether a path is a bundle's folder, or names a shipped one."""
    return (_found(path) / MANIFEST).is_file()


def _found(path: Path) -> Path:
    shipped = SHIPPED / path.name
    return shipped if not path.exists() and path == Path(path.name) and shipped.is_dir() else path


def shipped_model(model: str) -> Path | None:
    """Return the folder of the shipped bundle with this name or one that starts with it, if any."""
    for path in sorted(SHIPPED.glob(f"*/{MANIFEST}")):
        if load_manifest(path.parent).model_hash.startswith(model):
            return path.parent
    return None


def load_manifest(path: Path) -> Manifest:
    """Read and check the manifest of a bundle folder; raises `BundleError`."""
    file = Path(path) / MANIFEST
    if not Path(path).is_dir():
        raise BundleError(f"{path}: no such bundle folder")
    try:
        return _manifest(read_json(file))
    except UntrustedError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise BundleError(f"{path}: has no {MANIFEST}, so it is not a bundle") from error
        raise BundleError(f"{file}: {error}; export or copy it again") from error
    except BundleError as error:
        raise BundleError(f"{file}: {error}") from None


def write_manifest(folder: Path, data: Mapping[str, Any]) -> Manifest:
    """Write `manifest.json` for the files in `folder` and return it.

    `data` holds every field except `format` and `files`, which are added here (each file of the
    folder with its hash, but for `forms`). Raises `BundleError` for a missing or impossible field,
    `OutputError` when the file cannot be written.
    """
    folder = Path(folder)
    found = sorted(entry.name for entry in folder.iterdir() if _listed(entry))
    names = [name for name in found if name not in data.get("forms", {})]
    whole = {**data, "format": FORMAT, "files": {name: sha256(folder / name) for name in names}}
    manifest = _manifest(whole)
    with replacing(folder / MANIFEST, overwrite=True) as temporary:
        text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    return manifest


def _listed(entry: Path) -> bool:
    return entry.is_file() and entry.name != MANIFEST and not entry.name.startswith(".")


def _manifest(data: Any) -> Manifest:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BundleError(f"is not a manifest of format {FORMAT}")
    values = _typed(Manifest, data, {"decoder": Decoder})
    manifest = Manifest(**values)
    _check(manifest)
    return manifest


def _typed(kind: type, data: Mapping[str, Any], nested: Mapping[str, type]) -> dict[str, Any]:
    """Take the fields of a dataclass from `data`, each of the type that the class declares."""
    values: dict[str, Any] = {}
    for one in fields(kind):
        if one.name not in data:
            if one.default is not MISSING or one.default_factory is not MISSING:
                continue
            raise BundleError(f"field {one.name!r} is missing")
        value = data[one.name]
        if one.name in nested:
            inner = nested[one.name]
            value = inner(**_typed(inner, _object(one.name, value), {}))
        elif one.type is int:
            _expect(one.name, type(value) is int, value, "a whole number")
        elif one.type is float:
            _expect(one.name, type(value) in (int, float), value, "a number")
        elif one.type == tuple[float, ...]:
            numbers = isinstance(value, list | tuple) and all(
                type(v) in (int, float) for v in value
            )
            _expect(one.name, numbers, value, "a list of numbers")
            value = tuple(map(float, value))
        elif one.type is str:
            _expect(one.name, isinstance(value, str), value, "a text")
        else:
            value = _object(one.name, value)
        values[one.name] = value
    return values


def _object(name: str, value: Any) -> dict[str, Any]:
    _expect(name, isinstance(value, dict), value, "an object")
    return dict(value)


def _check(manifest: Manifest) -> None:
    _expect("kind", manifest.kind in KINDS, manifest.kind, f"one of {', '.join(KINDS)}")
    decoder = manifest.decoder
    for name, chosen, known in (
        ("decoder.default", decoder.default, manifest.decoders if manifest.lapped else DECODERS),
        ("decoder.sampler", decoder.sampler, SAMPLERS),
    ):
        _expect(name, chosen in known, chosen, " or ".join(known))
    # name, value, least, most, and the number that it must be a multiple of
    for name, value, least, most, multiple in (
        ("units", manifest.units, *((1024, 262_144, 1024) if manifest.lapped else (1, 65_535, 1))),
        ("latent", manifest.latent, 1, 65_535, 1),
        ("hop", manifest.hop, 8, 65_528, 8),
        ("sample_rate", manifest.sample_rate, 1, 1_000_000, 1),
        ("chunk_frames", manifest.chunk_frames, 4, 65_532, 4),
        ("context_frames", manifest.context_frames, 0, 4_096, 1),
        ("payload_bits", manifest.payload_bits, PAYLOAD_BITS, PAYLOAD_BITS, 1),
        ("decoder.steps", decoder.steps, 1, 1_000, 1),
        ("decoder.context_frames", decoder.context_frames, 0, manifest.chunk_frames // 4, 1),
    ):
        good = least <= value <= most and value % multiple == 0
        _expect(name, good, value, f"in {least}..{most} and a multiple of {multiple}")
    for key, listed in (("files", manifest.files), ("forms", manifest.forms)):
        for name, digest in listed.items():
            # A manifest may only name files in its own folder.
            plain = name == Path(name).name and name not in ("", "..")
            _expect(key, plain, name, "a plain file name")
            hexadecimal = isinstance(digest, str) and len(digest) == 64
            _expect(f"{key}[{name}]", hexadecimal, digest, "64 hex digits")


def _expect(name: str, good: bool, value: Any, wanted: str) -> None:
    if not good:
        raise BundleError(f"field {name!r} is {value!r}; it must be {wanted}")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a regular file in hex; raises `BundleError` for anything else."""
    try:
        # A link may lead anywhere, and reading a pipe could block forever.
        if not stat.S_ISREG(path.lstat().st_mode):
            raise BundleError(f"{path}: is not a regular file; export or copy the bundle again")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error})") from error
