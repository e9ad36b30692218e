import shutil
from pathlib import Path

import pytest

from export.folder import bundle_folder
from runtime.bundle import Bundle
from runtime.errors import OutputError


def test_a_bundle_is_made_only_where_there_is_none_or_another(
    toy_bundle: Bundle, tmp_path: Path
) -> None:
    thesis, mixed, old = (tmp_path / name for name in ("thesis", "mixed", "old"))
    thesis.mkdir()
    (thesis / "thesis.tex").write_text("years of work")
    for folder in (mixed, old):
        shutil.copytree(toy_bundle.path, folder)
    (mixed / "notes.txt").write_text("mine")
    for folder, said in ((thesis, "not a bundle"), (mixed, r"notes\.txt")):
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(OutputError, match=said):
            bundle_folder(folder, overwrite=True).__enter__()
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    with pytest.raises(OutputError, match="exists already"):
        bundle_folder(old, overwrite=False).__enter__()
    with bundle_folder(old, overwrite=True) as made:
        assert (old / "manifest.json").exists()
        (made / "new").write_text("new")
    assert [path.name for path in old.iterdir()] == ["new"]
