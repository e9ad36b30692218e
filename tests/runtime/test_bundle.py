import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from runtime import bundle
from runtime.bundle import EVIDENCE, Bundle, load_manifest, open_bundle, write_manifest
from runtime.codec import Codec
from runtime.errors import BundleError

DECODER = {
    "default": "fast",
    "steps": 4,
    "residual_gain": 0.5,
    "spectrum": [],
    "context_frames": 4,
}


def change(folder: Path, **fields: object) -> None:
    file = folder / "manifest.json"
    data = json.loads(file.read_text())
    for name, value in fields.items():
        if value is None:
            del data[name]
        else:
            data[name] = value
    file.write_text(json.dumps(data))


def test_every_file_is_listed_with_its_hash(toy_bundle: Bundle) -> None:
    files = toy_bundle.manifest.files
    assert sorted(files) == ["decoder.onnx", "decoder_fast.onnx", "encoder.onnx"]
    for name, digest in files.items():
        assert hashlib.sha256((toy_bundle.path / name).read_bytes()).hexdigest() == digest


def test_the_model_hash_is_the_documented_one(toy_bundle: Bundle) -> None:
    lines = [f"{name}:{digest}\n" for name, digest in sorted(toy_bundle.manifest.files.items())]
    digest = hashlib.sha256("".join(lines).encode()).digest()
    assert toy_bundle.manifest.model_hash == digest[:8].hex()


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "decoder_fast.onnx"])
def test_a_changed_file_is_named(copy_of_toy: Callable[[], Path], name: str) -> None:
    folder = copy_of_toy()
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BundleError, match=f"{name}: differs"):
        open_bundle(folder)


def test_a_missing_file_is_named(copy_of_toy: Callable[[], Path]) -> None:
    folder = copy_of_toy()
    (folder / "encoder.onnx").unlink()
    with pytest.raises(BundleError, match=r"encoder\.onnx: cannot be read"):
        open_bundle(folder)


def test_a_graph_that_is_swapped_after_the_check_is_not_run(
    copy_of_toy: Callable[[], Path], noiseless_bundle: Bundle
) -> None:
    codec = Codec(open_bundle(copy_of_toy()))
    sound = np.random.default_rng(0).normal(0, 0.1, 9_999).astype(np.float32)
    piece = codec.encode(sound, 22050)  # the encoder is loaded, whatever becomes of its file
    for name in ("encoder.onnx", "decoder.onnx", "decoder_fast.onnx"):
        (codec.bundle.path / name).write_bytes(noiseless_bundle.file("decoder.onnx").read_bytes())
    assert codec.encode(sound, 22050) == piece
    for decoder in ("fast", "diffusion"):
        with pytest.raises(BundleError, match="has changed since it was opened"):
            codec.decode(piece, decoder)


def test_a_missing_bundle_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BundleError, match="no such bundle"):
        open_bundle(tmp_path / "nowhere")
    with pytest.raises(BundleError, match=r"no manifest\.json"):
        open_bundle(tmp_path)
    monkeypatch.setattr(bundle, "DEFAULT", tmp_path / "default")
    with pytest.raises(BundleError, match="default"):
        open_bundle()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"units": None}, "'units' is missing"),
        ({"units": 0}, "'units' is 0"),
        ({"units": "80"}, "whole number"),
        ({"units": True}, "whole number"),
        ({"name": 3}, "a text"),
        ({"kind": "free"}, "FREE"),
        ({"format": 2}, "format 1"),
        ({"hop": 500}, "multiple of 8"),
        ({"chunk_frames": 18}, "multiple of 4"),
        ({"payload_bits": 16}, "payload_bits"),
        ({"decoder": DECODER | {"context_frames": None}}, "whole number"),
        ({"decoder": {"steps": 4}}, "'default' is missing"),
        ({"decoder": DECODER | {"steps": 0}}, "steps"),
        ({"decoder": DECODER | {"residual_gain": "x"}}, "a number"),
        ({"decoder": DECODER | {"context_frames": 9}}, r"in 0\.\.4"),
        ({"decoder": DECODER | {"default": "slow"}}, "diffusion or fast"),
        ({"decoder": DECODER | {"spectrum": [1.0, "x"]}}, "a list of numbers"),
        ({"decoder": []}, "an object"),
        ({"files": {"../other": "0" * 64}}, "plain file name"),
        ({"files": {"encoder.onnx": "abc"}}, "64 hex digits"),
    ],
)
def test_a_wrong_field_is_named(
    copy_of_toy: Callable[[], Path], fields: dict[str, object], message: str
) -> None:
    folder = copy_of_toy()
    change(folder, **fields)
    with pytest.raises(BundleError, match=message) as caught:
        load_manifest(folder)
    assert "manifest.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"a"', "\xff"])
def test_what_is_no_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError, match=r"manifest\.json"):
        load_manifest(tmp_path)


def test_a_manifest_is_checked_before_it_is_written(toy_bundle: Bundle, tmp_path: Path) -> None:
    data = json.loads((toy_bundle.path / "manifest.json").read_text())
    with pytest.raises(BundleError, match="units"):
        write_manifest(tmp_path, {**data, "units": -1})
    assert not list(tmp_path.iterdir())


def test_a_file_the_bundle_lacks_is_named(toy_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match=r"no bottleneck\.nir"):
        toy_bundle.file("bottleneck.nir")


def test_evidence_is_checked_like_any_file_and_is_no_part_of_the_name(
    copy_of_toy: Callable[[], Path],
) -> None:
    folder = copy_of_toy()
    manifest = load_manifest(folder)
    for name in EVIDENCE:
        (folder / name).write_text("found")
    fields = {k: v for k, v in asdict(manifest).items() if k != "files"}
    again = write_manifest(folder, fields)
    assert again.files.keys() == manifest.files.keys() | set(EVIDENCE)
    assert again.model_hash == manifest.model_hash
    (folder / EVIDENCE[0]).write_text("forged")
    with pytest.raises(BundleError, match=r"certificate\.json: differs"):
        open_bundle(folder)


def test_forms_that_can_be_made_again_may_be_absent_but_not_other(
    copy_of_toy: Callable[[], Path],
) -> None:
    folder = copy_of_toy()
    manifest = load_manifest(folder)
    fields = {k: v for k, v in asdict(manifest).items() if k != "files"}
    made = hashlib.sha256(b"made").hexdigest()
    again = write_manifest(folder, fields | {"forms": {"bottleneck.net": made}})
    assert again.model_hash == manifest.model_hash
    assert open_bundle(folder).manifest.forms == {"bottleneck.net": made}
    (folder / "bottleneck.net").write_bytes(b"made")
    assert "bottleneck.net" not in write_manifest(folder, fields | {"forms": again.forms}).files
    assert open_bundle(folder).manifest.model_hash == manifest.model_hash
    (folder / "bottleneck.net").write_bytes(b"other")
    with pytest.raises(BundleError, match=r"bottleneck\.net: differs"):
        open_bundle(folder)
    with pytest.raises(BundleError, match=r"forms\[bottleneck.net\]"):
        write_manifest(folder, fields | {"forms": {"bottleneck.net": "0"}})


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_file_that_is_no_regular_one_is_named(copy_of_toy: Callable[[], Path], kind: str) -> None:
    folder = copy_of_toy()
    file = folder / "encoder.onnx"
    if kind == "pipe":
        file.unlink()
        os.mkfifo(file)
    else:
        file.rename(folder.parent / "elsewhere.onnx")
        file.symlink_to(folder.parent / "elsewhere.onnx")
    with pytest.raises(BundleError, match=r"encoder\.onnx: is not a regular file"):
        open_bundle(folder)
