"""Runs the tests of libraries that are not ours, with all their functions tracked.

    python -m tests.transparency [NAME ...]

Downloads the sdists of toolz and more-itertools with pip, and runs the tests in them
twice, by the pytest of this environment: as they are, and with `@tracked` on each public
function of the library. Every test must end in the second run as it did in the first.
Prints a line a library, and every test that ended in another way; exit code 1 if there
is one. Takes a few minutes and a network, so it is no part of the ordinary tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from tests.transparency.wrapping import LIBRARY, WRAPPED

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]


class Library(NamedTuple):
    package: str
    tests: str


LIBRARIES = {
    "toolz": Library("toolz", "toolz"),
    "more-itertools": Library("more_itertools", "tests"),
}


class Outcome(NamedTuple):
    tests: dict[str, str]
    seconds: float

    def count(self, ending: str) -> int:
        return sum(one == ending for one in self.tests.values())

    def __str__(self) -> str:
        told = [f"{self.count(one)} {one}" for one in ("passed", "failed", "skipped")]
        return f"{', '.join(told)} in {self.seconds:.0f} s"


def unpacked(name: str, folder: Path) -> Path:
    """Download an sdist, and return the folder it holds."""
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
    options = ["--no-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*pip, *options, name], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        if sys.version_info >= (3, 12):
            content.extractall(folder, filter="data")
        else:
            content.extractall(folder)  # noqa: S202 -- of a library that pip would run
    return next(path for path in folder.iterdir() if path.is_dir())


def outcome(source: Path, library: Library, work: Path, *, is_tracked: bool) -> Outcome:
    """Run the library's own tests, and return how each has ended."""
    report = work / f"report-{is_tracked}.xml"
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith("NEXTMV_")},
        "PYTHONPATH": os.pathsep.join(map(str, (source, HERE, ROOT))),
        "NEXTMV_AUTOTRACK_DIRECTORY": str(work / "home"),
        "NEXTMV_AUTOTRACK_DESTINATION": "local",
        WRAPPED: str(work / "wrapped"),
    }
    plugin = []
    if is_tracked:
        environ[LIBRARY] = library.package
        plugin = ["-p", "wrapping"]  # their tests are called `tests`, too
    began = time.monotonic()
    done = subprocess.run(
        [*PYTEST, *plugin, f"--junitxml={report}", library.tests],
        cwd=source,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if not report.exists():
        sys.exit(f"the tests did not run:\n{done.stdout}")
    sys.stderr.write("" if done.returncode == 0 else done.stdout)
    return Outcome(_endings(report), time.monotonic() - began)


def _endings(report: Path) -> dict[str, str]:
    endings = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 -- pytest's own
        found = {child.tag for child in case} & {"failure", "error", "skipped"}
        ending = "skipped" if found == {"skipped"} else "failed" if found else "passed"
        endings[f"{case.get('classname')}.{case.get('name')}"] = ending
    return endings


def compare(name: str, library: Library) -> int:
    """Run the tests both ways, say what came of it, and return how many differ."""
    with tempfile.TemporaryDirectory(prefix="transparency-") as folder:
        work = Path(folder)
        (sdist := work / "sdist").mkdir()
        source = unpacked(name, sdist)
        plain = outcome(source, library, work, is_tracked=False)
        seen = outcome(source, library, work, is_tracked=True)
        wrapped = (work / "wrapped").read_text(encoding="utf-8")
    print(f"{source.name}: {plain}; with {wrapped} functions tracked: {seen}")
    names = sorted(plain.tests.keys() | seen.tests.keys())
    different = [one for one in names if plain.tests.get(one) != seen.tests.get(one)]
    for one in different:
        print(f"  {one}: {plain.tests.get(one)}, tracked: {seen.tests.get(one)}")
    return len(different)


def main(names: list[str]) -> int:
    chosen = names or list(LIBRARIES)
    different = [compare(name, LIBRARIES[name]) for name in chosen]
    return int(any(different))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
