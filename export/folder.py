"""The folder for a new bundle, which may replace another bundle but nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.bundle import MANIFEST, load_manifest
from runtime.errors import BundleError, OutputError
from runtime.files import replacing_folder


@contextmanager
def bundle_folder(folder: Path, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary folder, which replaces `folder` in one step on success.

    Raises OutputError if `folder` exists and `overwrite` is off, or if it is not a bundle.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with replacing_folder(folder, overwrite, _refuse_other) as made:
        yield made


def _refuse_other(folder: Path) -> None:
    """Raise OutputError unless a folder is a bundle and holds nothing else."""
    try:
        manifest = load_manifest(folder)
    except BundleError as error:
        raise OutputError(f"{folder}: not a bundle, so kept; choose another folder") from error
    for name in sorted(entry.name for entry in folder.iterdir()):
        if name not in (*manifest.files, *manifest.forms, MANIFEST):
            raise OutputError(
                f"{folder}: kept, since {name} in it does not belong to a bundle; move it away"
            )
