"""Packages that only some of the project needs: which extra brings one, and what else it lacks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

_PROJECT = "spiking-music"
_REQUIREMENT = re.compile(r"""([\w.-]+)(.*?)\s*;.*\bextra\s*==\s*["']([\w-]+)["']""")
_OF_FEW = ("norse", "sinabs", "spikingjelly", "bench", "dev")  # named where no other brings it
_OTHERWISE_NAMED = {"visqol": "visqol-python"}


@dataclass(frozen=True)
class _Needed:
    extra: str
    name: str
    text: str


def how_to_install(package: str, wanted: str | None = None) -> str | None:
    """Return what to do about a package that cannot be imported, all that its extra lacks at once.

    `wanted` is the extra of what is being done, which is named where it brings the package. None
    where no extra does. The command needs neither the repository nor a registry that has this
    project.
    """
    needed = list(_needed())
    name = _plain(_OTHERWISE_NAMED.get(package, package))
    extras = [each.extra for each in needed if _plain(each.name) == name]
    extras.sort(key=lambda extra: extra in _OF_FEW)
    if not extras:
        return None
    extra = wanted if wanted in extras else extras[0]
    lacking = [each for each in needed if each.extra == extra and not _installed(each.name)]
    texts = " ".join(f'"{each.text}"' for each in lacking)
    return f'{package} is not installed; all that "{extra}" lacks: pip install {texts or package}'


def _needed() -> Iterator[_Needed]:
    try:
        requirements = metadata.requires(_PROJECT)
    except metadata.PackageNotFoundError:  # the sources alone
        return
    for text in requirements or ():
        if found := _REQUIREMENT.fullmatch(text):
            name, version, extra = found.groups()
            yield _Needed(extra, name, f"{name}{version.replace(' ', '')}")


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _plain(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()
