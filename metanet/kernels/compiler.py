"""Compiling the kernels once, and finding what was compiled before.

A library lies in the user's cache folder under a name made of two hashes: of all that it depends on
(source, flags, compiler, processor), and of its content, so that a file that was damaged, or that
somebody else put there, is not loaded.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from graphgen.files.atomic import write_bytes
from metanet.kernels.functions import Library

SOURCE = Path(__file__).parent / "source"
FLAGS = (
    "-O3",
    "-std=gnu11",
    "-fPIC",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
)
THREADS = "-fopenmp"
ATTEMPTS = (("-march=native", THREADS), ("-march=native",), ("-mcpu=native",), ())
"""What is tried, the best first. Threads are torch's: its OpenMP is in the process already."""
SECONDS = 120
"""A compiler may take so long."""


class BuildError(Exception):
    """The kernels cannot be compiled here; says why."""


def build(real: str) -> Library:
    """Give the kernels for `float` or `double`, compiled now or before; raises `BuildError`."""
    said = os.environ.get("CC") or "cc"
    try:
        command = shlex.split(said)
    except ValueError as error:
        raise BuildError(f"CC is {said!r}, which is no command: {error}") from error
    compiler = shutil.which(command[0]) if command else None
    if compiler is None:
        raise BuildError(f"there is no C compiler {' '.join(command)!r} on the PATH")
    try:
        folder, text = cache_folder(), source()
    except (OSError, RuntimeError) as error:  # Path.home() raises the latter
        raise BuildError(f"there is no cache folder for the kernels: {error}") from error
    failure = ""
    for attempt in ATTEMPTS:
        flags = [*command[1:], *FLAGS, *attempt, f"-DREAL={real}", f"-DREAL_IS_{real.upper()}"]
        key = digest("\0".join([text, *flags, identity(compiler), processor()]).encode())
        try:
            library = load(folder, key, text)
            if library is None:
                content = compiled([compiler, *flags])
                write_bytes(folder / f"{key}-{digest(content)}.so", content)
                library = load(folder, key, text)
        except subprocess.TimeoutExpired:
            raise BuildError(f"{compiler} took more than {SECONDS} seconds") from None
        except (OSError, subprocess.SubprocessError) as error:
            failure = failure or getattr(error, "stderr", None) or str(error)
            continue
        if library is not None:
            return library
        failure = failure or "what was compiled cannot be loaded"
    raise BuildError(f"{compiler} did not compile the kernels: {failure.strip()}")


def load(folder: Path, key: str, text: str) -> Library | None:
    """Load the library of this key, if one is there that is whole and one's own."""
    for path in sorted(folder.glob(f"{key}-*.so")):
        if not path.is_symlink() and is_own(path) and path.stem == f"{key}-{digest_of(path)}":
            try:
                return Library(str(path), text)
            except (OSError, AttributeError):
                continue
        path.unlink(missing_ok=True)
    return None


def compiled(command: list[str]) -> bytes:
    """Compile all files as one, and give the library's bytes."""
    everything = "".join(f'#include "{path.name}"\n' for path in sorted(SOURCE.glob("*.c")))
    with tempfile.TemporaryDirectory() as folder:
        relocatable, result = Path(folder) / "kernels.o", Path(folder) / "kernels.so"
        run([*command, f"-I{SOURCE}", "-x", "c", "-c", "-", "-o", str(relocatable)], everything)
        # Linked without OpenMP: its functions are found among those that torch has loaded.
        linked = [word for word in command if word != THREADS]
        run([*linked, "-shared", str(relocatable), "-o", str(result), "-lm"], "")
        return result.read_bytes()


def run(command: list[str], text: str) -> None:
    """Run a compiler, with a source as its input."""
    subprocess.run(
        command,
        input=text,
        check=True,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=SECONDS,
    )


def cache_folder() -> Path:
    """Make the folder, for oneself alone; raises `OSError`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "graph-metanetworks" / "kernels"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not is_own(folder):
        raise PermissionError(f"{folder} belongs to another user, or others may write to it")
    folder.chmod(0o700)
    return folder


def is_own(path: Path) -> bool:
    """Say whether a path belongs to this user, and no one else may write to it."""
    status = path.stat()
    others = stat.S_IWGRP | stat.S_IWOTH
    if not hasattr(os, "getuid"):  # as on Windows, where the cache is in the user's own profile
        return True
    return status.st_uid == os.getuid() and (path.is_dir() or not status.st_mode & others)


def source() -> str:
    """Give the text of all files."""
    paths = sorted(SOURCE.iterdir())
    return "".join(
        path.read_text(encoding="utf-8") for path in paths if path.suffix in (".c", ".h")
    )


def identity(compiler: str) -> str:
    """Tell a compiler from others, and from itself after an update."""
    path = Path(compiler).resolve()
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def processor() -> str:
    """Tell the processor's kind, and what it can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    kinds = ("model name", "flags", "Features", "CPU part")
    return platform.machine() + "".join(sorted({x for x in lines if x.startswith(kinds)}))


def digest(data: bytes) -> str:
    """Give 128 bits that tell these data from others."""
    return hashlib.sha256(data).hexdigest()[:32]


def digest_of(path: Path) -> str:
    """Give the digest of a file's content."""
    return digest(path.read_bytes())
