import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runtime.audio.recordings import read_audio
from runtime.bundle import SHIPPED, Bundle, load_manifest
from runtime.codec import Codec
from runtime.errors import BundleError, OutputError
from runtime.spk.container import read_spk
from runtime.to_spk import Storage, to_spk
from spiking_music.corpus.encoding import encode_item
from spiking_music.corpus.listing import Item, listed
from spiking_music.corpus.recipe import Recipe
from spiking_music.corpus.run import encode_corpus
from spiking_music.corpus.window import Work

Outputs = Callable[[Path], dict[str, bytes]]
Write = Callable[[Path, int], None]


def test_outputs_are_what_the_codec_makes(
    music: Path, out: Path, recipe: Recipe, toy_bundle: Bundle
) -> None:
    listing = listed(str(music), str(out))
    encode_corpus(listing, recipe, 1)
    codec = Codec(toy_bundle)
    for item in listing.items:
        samples = read_audio(Path(item.source), 22_050).samples
        assert recipe.model == codec.manifest.model_hash
        stored = read_spk(Path(item.target))
        assert replace(stored, texts={}) == codec.encode(samples, 22_050)


def test_a_second_run_keeps_all_and_writes_nothing(
    music: Path, out: Path, recipe: Recipe, outputs: Outputs
) -> None:
    listing = listed(str(music), str(out))
    first = encode_corpus(listing, recipe, 1)
    before, times = outputs(out), [path.stat().st_mtime_ns for path in out.rglob("*.spk")]
    second = encode_corpus(listing, recipe, 1)
    assert (first["encoded"], first["kept"], first["failed"]) == (4, 0, 0)
    assert (second["encoded"], second["kept"], second["failed"]) == (0, 4, 0)
    assert outputs(out) == before
    assert [path.stat().st_mtime_ns for path in out.rglob("*.spk")] == times
    assert first["bytes"] == second["bytes"] == sum(map(len, before.values()))
    assert first["hours"] == second["hours"] == pytest.approx(13_512 / 22_050 / 3600)
    assert second["hours_an_hour"] is None


@pytest.mark.parametrize("cut", [0, 1, 60, -1])
def test_a_damaged_output_is_made_again(
    music: Path, out: Path, recipe: Recipe, outputs: Outputs, cut: int
) -> None:
    listing = listed(str(music), str(out))
    encode_corpus(listing, recipe, 1)
    before = outputs(out)
    (out / "a.spk").write_bytes(before["a.spk"][:cut])
    summary = encode_corpus(listing, recipe, 1)
    assert (summary["encoded"], summary["kept"]) == (1, 3)
    assert outputs(out) == before


def test_what_another_recording_model_or_coder_made_is_not_overwritten_unless_forced(
    music: Path, out: Path, work: Work, recipe: Recipe, noiseless_bundle: Bundle, write: Write
) -> None:
    item = Item(str(music / "a.wav"), str(out / "a.spk"), "a.wav")
    other_model = replace(
        recipe, bundle=noiseless_bundle.path, model=noiseless_bundle.manifest.model_hash
    )
    rice = replace(recipe, storage=Storage(coder="rice"))
    faint = replace(recipe, storage=Storage(kbps=1.0))
    assert work(item).status == "encoded"
    before = (out / "a.spk").read_bytes()
    for reason, other in (("model", other_model), ("coder", rice), ("rate", faint)):
        outcome = encode_item(other, item)
        assert outcome.status == "failed"
        assert reason in outcome.reason
        assert "--force" in outcome.reason
    write(music / "a.wav", 700)
    assert "with a different recording" in work(item).reason
    assert (out / "a.spk").read_bytes() == before
    assert encode_item(replace(recipe, force=True), item).status == "encoded"
    assert read_spk(out / "a.spk").samples == 700


def test_an_output_of_a_lapped_model_is_kept_and_one_of_another_step_is_not_overwritten(
    music: Path, out: Path, outputs: Outputs
) -> None:
    bundle, listing = SHIPPED / "lapped", listed(str(music), str(out))
    recipe = Recipe(bundle, load_manifest(bundle).model_hash, Storage(step=480))
    assert encode_corpus(listing, recipe, 1)["encoded"] == 4
    before = outputs(out)
    assert encode_corpus(listing, recipe, 1)["kept"] == 4
    told: list[str] = []
    other = replace(recipe, storage=Storage(step=640))
    assert encode_corpus(listing, other, 1, note=told.append)["failed"] == 4
    assert all("different recording or rate" in line for line in told)
    assert outputs(out) == before


def test_a_recording_that_was_renamed_is_the_same(music: Path, out: Path, work: Work) -> None:
    assert work(Item(str(music / "a.wav"), str(out / "a.spk"), "a.wav")).status == "encoded"
    (music / "a.wav").rename(music / "new.wav")
    assert work(Item(str(music / "new.wav"), str(out / "a.spk"), "new.wav")).status == "kept"


def test_failures_are_told_and_stop_nothing(
    music: Path, out: Path, recipe: Recipe, outputs: Outputs
) -> None:
    (music / "broken.wav").write_text("no sound")
    (music / "gone.wav").symlink_to(music / "nowhere.wav")
    names = music / "list.txt"
    names.write_text("a.wav\nbroken.wav\ngone.wav\nmissing.wav\nz.wav\n")
    notes: list[str] = []
    shares: list[float] = []
    listing = listed(str(names), str(out))
    summary = encode_corpus(listing, recipe, 1, tell=shares.append, note=notes.append)
    assert sorted(outputs(out)) == ["a.spk", "z.spk"]
    failed = [Path(failure["source"]).name for failure in summary["failures"]]
    assert failed == ["broken.wav", "gone.wav", "missing.wav"]
    assert len(notes) == 3
    assert all("\n" not in note for note in notes)
    assert shares == [0.2, 0.4, 0.6, 0.8, 1.0]
    json.dumps(summary, allow_nan=False)


def test_too_little_memory_for_one_recording_stops_no_other(
    music: Path, out: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starved(codec: Codec, blocks: object, samples: int, *rest: object) -> object:
        return np.zeros(2**50) if samples == 512 else to_spk(codec, blocks, samples, *rest)

    monkeypatch.setattr("spiking_music.corpus.encoding.to_spk", starved)
    summary = encode_corpus(listed(str(music), str(out)), recipe, 1)
    assert (summary["encoded"], summary["failed"]) == (3, 1)
    assert "not enough memory" in summary["failures"][0]["reason"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_ends_the_run_and_what_is_done_is_kept(
    music: Path,
    out: Path,
    recipe: Recipe,
    outputs: Outputs,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    listing = listed(str(music), str(out))
    encode_corpus(replace(listing, items=listing.items[:2]), recipe, 1)

    def full(source: object, target: object) -> None:
        raise OSError(number, "there is no room")

    with monkeypatch.context() as patch:
        patch.setattr("spiking_music.corpus.places.shutil.copyfileobj", full)
        with pytest.raises(OutputError, match="there is no room; free some space and run again"):
            encode_corpus(listing, recipe, 1)
    assert sorted(outputs(out)) == ["a.spk", "b.spk"]
    assert encode_corpus(listing, recipe, 1)["kept"] == 2


def test_a_bundle_that_is_swapped_ends_the_run(
    music: Path, out: Path, copy_of_toy: Callable[[], Path], recipe: Recipe
) -> None:
    swapped = replace(recipe, bundle=copy_of_toy(), model="0123456789abcdef")
    with pytest.raises(BundleError, match="the run began with 0123456789abcdef"):
        encode_corpus(listed(str(music), str(out)), swapped, 1)
    assert not out.exists()
