"""What an installation brings: six names, and every file beside the code."""

import subprocess
import tomllib
from pathlib import Path

from setuptools import find_packages

ROOT = Path(__file__).parents[1]
TOLD = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
ROOMS = {"runtime", "neuromorphic", "train", "export", "hardware_configs", "spiking_music"}


def test_six_names_are_installed_with_every_file_that_lies_in_them() -> None:
    packages = find_packages(str(ROOT), include=TOLD["packages"]["find"]["include"])
    assert {package.partition(".")[0] for package in packages} == ROOMS
    found = {ROOT / package.replace(".", "/") for package in packages}
    code = {path for folder in found for path in folder.glob("*.py")}
    data = {
        path
        for package, patterns in TOLD["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package).glob(pattern)
    }
    listed = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, check=True)
    tracked = {ROOT / name for name in listed.stdout.decode().splitlines()}
    assert tracked - code - data == set()
