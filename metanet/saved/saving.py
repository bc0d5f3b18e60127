"""Saving a model, and loading one by its name, its folder or its place on a hub: a line each."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphgen import GraphError
from graphgen.files import Kind, read_document, replacing, write_bytes, write_safetensors
from graphgen.files.document import peek
from metanet.errors import MetanetError
from metanet.options import nearest, shown
from metanet.predictor.predictor import AccuracyPredictor
from metanet.saved.card import card
from metanet.saved.folder import (
    CARD,
    EDITOR,
    METANET,
    PREDICTOR,
    RUN,
    SAVED,
    SETTINGS,
    WEIGHTS,
    path_of,
    read_state,
)
from metanet.saved.hub import HUB, downloaded
from metanet.saved.restore import State, restored

if TYPE_CHECKING:  # a predictor is loaded without all models being imported
    from torch import nn

    from metanet.models.editor import Editor
    from metanet.models.metanet import Metanet

    Model = Metanet | Editor | AccuracyPredictor
else:
    Model = Any
BOX = Path(__file__).parent / "box"
"""The models that come with the package, each a folder of its name."""
VERSIONS = ("graph-metanetworks", "numpy", "torch", "scikit-learn")


def save(
    model: Model,
    folder: str | Path,
    *,
    about: Mapping[str, Any] | None = None,
    replace: bool = False,
) -> None:
    """Save a model: parameters in safetensors, settings in JSON, and a card, README.md.

        metanet.save(model, "out/my-gmn", about={"what": "Predicts the accuracy of small CNNs."})
        model = metanet.load("out/my-gmn")

    Any metanet, editor or predictor of the package. `about` is for the card, as plain data: its
    `name`, `what` it is, its `data`, `scores`, `limits` and the `command` that made it. Raises
    `MetanetError` for anything else, and `GraphError` where the folder holds something and
    `replace` is false.
    """
    group, name, settings, fitted, arrays = parts_of_model(model)
    made = made_with()
    place = path_of(folder)
    if about is not None and not isinstance(about, Mapping):
        raise MetanetError(f"`about` is {shown(about)}, expected a mapping, as {{'what': ...}}")
    words = dict(about or {})
    content = {"class": group, "model": name, "settings": settings, "about": words, **fitted}
    title = str(words.get("name") or place.resolve().name)
    text = card(title, words, how_to_load(group), made)
    with replacing(place, SETTINGS, SAVED, replace, among=(WEIGHTS, CARD)) as new:
        new.add(WEIGHTS, lambda path: write_safetensors(path, arrays))
        new.add(CARD, lambda path: write_bytes(path, text.encode()))
        new.commit({**content, "made_with": made, "parts": new.parts})


def load(name: str | Path) -> Model:
    """Load a model: one of the package, a saved one, that of a training run, or one of a hub.

        predictor = metanet.load("accuracy")     # comes with the package
        model = metanet.load("out/my-gmn")       # of `metanet.save`, or a run of `gmn train`

    `hf://owner/name` is a model on the Hugging Face Hub, and needs `huggingface_hub`. No pickle is
    read, the hash of each file is compared, and a run of `gmn train` gives its metanet alone.
    Raises `MetanetError` for an unknown name and for settings that make no model, and `GraphError`
    for files that were changed.
    """
    folder = found(name)
    form = form_of(folder)
    settings = read_document(folder / SETTINGS, form)
    group = settings["class"] if form is SAVED else class_of_run(settings)
    if group == PREDICTOR:
        arrays = {key: tensor.numpy() for key, tensor in read_state(folder, settings).items()}
        try:
            return AccuracyPredictor.restore(
                settings["settings"], settings.get("fitted", {}), arrays
            )
        except MetanetError as error:
            raise MetanetError(f"{folder / SETTINGS}: {error}") from None
    from metanet.models.metanet import Metanet
    from metanet.models.registry import make_editor, make_metanet

    options = settings["settings"]

    def make(state: State) -> Any:
        own: Callable[..., nn.Module] = make_editor if group == EDITOR else make_metanet
        made = own(settings["model"], **options)
        if isinstance(made, Metanet):
            made.expect(state)
        return made

    inside = options.get("settings")
    state = read_state(folder, settings)
    return restored(folder, state, make, inside if isinstance(inside, dict) else options).eval()


def parts_of_model(
    model: Model,
) -> tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Give the class of a model, its name, its settings, what was fitted, and its arrays."""
    if isinstance(model, AccuracyPredictor):
        fitted, arrays = model.state()
        return PREDICTOR, "accuracy", model.get_params(), {"fitted": fitted}, arrays
    from metanet.models.registry import EDITORS, METANETS

    registries: list[tuple[str, Mapping[str, Any]]] = [(METANET, METANETS), (EDITOR, EDITORS)]
    for group, registry in registries:
        for name, kind in registry.items():
            if type(model) is kind:
                state = model.state_dict()
                arrays = {key: each.detach().cpu().numpy() for key, each in state.items()}
                return group, name, model.settings, {}, arrays
    raise MetanetError(
        f"`model` is {shown(model)}, expected a metanet, an editor or an AccuracyPredictor; "
        f"known: {', '.join(METANETS)}"
    )


def found(name: str | Path) -> Path:
    """Find the folder of a model by its name."""
    if not isinstance(name, str | Path):
        raise MetanetError(f"`name` is {shown(name)}, expected a name or a folder of a model")
    if str(name).startswith(HUB):
        return downloaded(str(name))
    try:
        if (Path(name) / SETTINGS).is_file():
            return Path(name)
        boxed = sorted(path.name for path in BOX.iterdir()) if BOX.is_dir() else []
    except (OSError, ValueError) as error:
        raise MetanetError(f"`name` is {shown(str(name))}: {error}") from None
    if str(name) in boxed:
        return BOX / str(name)
    raise MetanetError(
        f"{shown(str(name))} is neither a folder with a model ({SETTINGS}) nor the name of one of "
        f"the package; {nearest(str(name), boxed)}; of a hub: {HUB}owner/name"
    )


def form_of(folder: Path) -> Kind:
    """Say of which kind the settings in a folder are."""
    try:
        seen = peek(folder / SETTINGS)
    except GraphError:
        return SAVED  # reading it says what is wrong
    return RUN if isinstance(seen, dict) and seen.get("format") == RUN.format else SAVED


def class_of_run(settings: Mapping[str, Any]) -> str:
    """Say what a training run trained: of all tasks editing alone has editors."""
    return EDITOR if settings.get("task", {}).get("task") == "editing" else METANET


def how_to_load(group: str) -> str:
    """Give the lines that load a model and use it."""
    if group == PREDICTOR:
        return (
            "import metanet\n\npredictor = metanet.load(folder)\n"
            "predictor.predict(graphs), predictor.intervals(graphs)\n"
            "print(predictor.explain(graphs)[0])"
        )
    return "import metanet\n\nmodel = metanet.load(folder)\nmodel(graphs)"


def made_with() -> dict[str, str]:
    """Give the versions by which a model is made."""
    versions = {}
    for name in VERSIONS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
