"""What this installation has: libraries, processors, GPUs and data sets."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipelines.extras import LIBRARIES, is_installed, to_install

PACKAGE = "graph-metanetworks"
DISTRIBUTIONS = {
    "torch_geometric": "torch-geometric",
    "lightning_fabric": "lightning-fabric",
    "sklearn": "scikit-learn",
}
"""Under which name a library is installed, where that is not its module's."""
CORE = ("numpy", "yaml", "jsonschema", "filelock", "ml_dtypes", "click", "onnx")
FOLDERS = {"mnist": "mnist", "fashion_mnist": "fashion-mnist", "cifar10": "cifar-10-batches-py"}
"""Where the files of each data set lie in the folder that GMN_DATA names."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what was found, and what to do where it is missing."""

    subject: str
    found: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at what is installed and at hand, without importing what is heavy unless it is there.

    for finding in examine():
        print(finding.subject, finding.found, finding.advice)
    """
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return [
        Finding(PACKAGE, version_of(PACKAGE) or "not installed", ""),
        Finding("Python", python),
        *(library(name) for name in CORE),
        *(library(name) for name in LIBRARIES),
        Finding("processors", f"{processors()} to use"),
        gpus(),
        *data_sets(),
    ]


def library(module: str) -> Finding:
    """Find a library by the name of its module."""
    if is_installed(module):
        name = DISTRIBUTIONS.get(module, "PyYAML" if module == "yaml" else module)
        return Finding(module, version_of(name) or "there")
    if module in LIBRARIES:
        return Finding(module, "not installed", to_install(module))
    extra = f"{PACKAGE}[onnx]" if module == "onnx" else PACKAGE
    return Finding(module, "not installed", f'pip install "{extra}"')


def version_of(name: str) -> str | None:
    """Give the version of an installed distribution."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpus() -> Finding:
    """Find the GPUs that PyTorch can compute on."""
    if not is_installed("torch"):
        return Finding("GPUs", "not known without torch")
    try:
        import torch
    except (ImportError, OSError) as error:  # a broken installation is what one asks a doctor about
        return Finding("GPUs", f"torch cannot be imported: {error}", to_install("torch"))
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    names += ["Apple GPU (mps)"] if torch.backends.mps.is_available() else []
    return Finding("GPUs", ", ".join(names) or f"none that PyTorch {torch.__version__} can use")


def data_sets() -> list[Finding]:
    """Find the files of data sets; those of digits come with scikit-learn."""
    place = os.environ.get("GMN_DATA", "")
    folders = [Path(place).expanduser()] if place else []
    if is_installed("pooch"):
        from pipelines.datasets.official import cache_folder

        folders.append(cache_folder())
    found = [Finding("GMN_DATA", place or "not set", missing_folder(place))]
    for name, inside in FOLDERS.items():
        there = [folder / inside for folder in folders if (folder / inside).is_dir()]
        advice = "" if there else "it is downloaded when it is first asked for"
        found.append(Finding(name, str(there[0]) if there else "not here", advice))
    return found


def missing_folder(place: str) -> str:
    """Say what to do about a folder of data that is named and not there."""
    if not place or Path(place).expanduser().is_dir():
        return ""
    return "this is no folder: name the one that holds the data sets, or unset it"


def plain(findings: list[Finding]) -> dict[str, dict[str, str]]:
    """Give findings as plain data, for JSON."""
    return {
        each.subject: {"found": each.found, "advice": each.advice} if each.advice
        else {"found": each.found}
        for each in findings
    }  # fmt: skip
