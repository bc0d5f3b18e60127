"""Where everything of a network lies in its drawing."""

from __future__ import annotations

from graphgen.drawing.scene.drawn import scene
from graphgen.drawing.scene.parts import Box, Grid, Module, Scene, Wire

__all__ = ["Box", "Grid", "Module", "Scene", "Wire", "scene"]
