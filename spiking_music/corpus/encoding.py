"""Encode one recording of a corpus: what each worker does."""

import errno
import tempfile
import time
from dataclasses import replace
from functools import lru_cache

from runtime.audio.reading import opened_audio
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.errors import BundleError, OutputError, SpikingMusicError
from runtime.to_spk import header_of, to_spk
from spiking_music.corpus.listing import Item
from spiking_music.corpus.outcome import Outcome
from spiking_music.corpus.places import fetched, publish
from spiking_music.corpus.receipts import receipt, refuse_other, sha256, standing
from spiking_music.corpus.recipe import Recipe
from spiking_music.effort import codec_of

# If writing fails for these reasons, it fails for every file.
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def encode_item(recipe: Recipe, item: Item) -> Outcome:
    """Encode one recording unless its output already exists; a failure is returned, not raised.

    Raises only errors that every other file would have too: `BundleError` when the bundle does not
    run or has changed since the run began, `OutputError` when there is no space left, a plain
    `SpikingMusicError` when the bundle cannot do what was asked for.
    """
    start = time.thread_time()
    try:
        outcome = _outcome(recipe, item)
    except BundleError:
        raise
    except MemoryError:
        return Outcome(item, "failed", reason="not enough memory; use fewer --jobs")
    except Exception as error:  # stores raise errors of their own
        if type(error) is SpikingMusicError:
            raise
        refusal = _refusal(error)
        if refusal is not None:
            raise OutputError(
                f"{item.target}: {refusal.strerror}; free some space and run again to continue"
            ) from error
        return Outcome(item, "failed", reason=_line(error))
    return replace(outcome, cpu_seconds=time.thread_time() - start)


def _outcome(recipe: Recipe, item: Item) -> Outcome:
    codec, effort = _codec(recipe)
    model = codec.manifest
    with fetched(item.source) as path:
        source = receipt(item.name, sha256(path), recipe.storage)
        storage = replace(recipe.storage, source=source, effort=effort)
        found = None if recipe.force else standing(item.target, codec.code)
        if found is not None:
            refuse_other(
                found, item.target, header_of(model, None, storage, code=codec.code), source
            )
            return Outcome(item, "kept", found.samples / model.sample_rate, found.size)
        # A file without a name, so that nothing is left of it if this process is killed.
        with (
            tempfile.TemporaryFile() as file,
            opened_audio(path, model.sample_rate) as recording,
        ):
            stored = to_spk(codec, recording, recording.samples, file, storage)
            publish(file, item.target)
    seconds = stored.samples / model.sample_rate
    return Outcome(item, "encoded", seconds, stored.bytes, notes=recording.warnings)


@lru_cache(maxsize=1)
def _codec(recipe: Recipe) -> tuple[Codec, str | None]:
    bundle = open_bundle(recipe.bundle)
    model = bundle.manifest.model_hash
    if model != recipe.model:
        raise BundleError(
            f"{bundle.path}: holds model {model} now, the run began with {recipe.model}; "
            "restore it, or start again in another folder"
        )
    return codec_of(bundle, recipe.storage.effort)


def _refusal(error: BaseException | None) -> OSError | None:
    """Return the error of a full disk that caused this error, if any."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            return error
        error = error.__cause__
    return None


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return text if isinstance(error, SpikingMusicError) else f"{type(error).__name__}: {text}"
