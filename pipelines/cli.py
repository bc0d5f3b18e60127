"""The command `gmn`: thin subcommands, each a call of one function of the packages."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import click

from pipelines.commands.barriers import barriers
from pipelines.commands.canonical import canonical
from pipelines.commands.card import card
from pipelines.commands.check import check
from pipelines.commands.code import code
from pipelines.commands.compare import compare
from pipelines.commands.compile import compile_
from pipelines.commands.completion import completion
from pipelines.commands.diff import diff
from pipelines.commands.doctor import doctor
from pipelines.commands.edit import edit
from pipelines.commands.evaluate import evaluate
from pipelines.commands.failures import Commands
from pipelines.commands.fit import fit
from pipelines.commands.flow import flow
from pipelines.commands.import_ import import_
from pipelines.commands.inrs import inrs
from pipelines.commands.layers import layers
from pipelines.commands.match import match
from pipelines.commands.merge import merge
from pipelines.commands.meta_test import meta_test
from pipelines.commands.meta_train import meta_train
from pipelines.commands.modules import with_import
from pipelines.commands.new import new
from pipelines.commands.predict import predict
from pipelines.commands.prune import prune
from pipelines.commands.quality import quality
from pipelines.commands.report import report
from pipelines.commands.sample import sample
from pipelines.commands.search import search
from pipelines.commands.symmetries import symmetries
from pipelines.commands.train import train
from pipelines.commands.union import union
from pipelines.commands.units import units
from pipelines.commands.view import view
from pipelines.commands.widen import widen
from pipelines.commands.zoo import zoo

SECTIONS = {
    "Your network": (
        check,
        view,
        import_,
        compile_,
        symmetries,
        canonical,
        match,
        diff,
        predict,
        layers,
    ),
    "Other networks from yours": (units, prune, widen, merge),
    "An experiment": (
        new,
        zoo,
        card,
        union,
        search,
        train,
        evaluate,
        report,
        compare,
        barriers,
        fit,
        code,
    ),
    "Signals that networks encode": (inrs, edit),
    "Generated weights and learned optimizers": (flow, sample, quality, meta_train, meta_test),
    "This installation": (doctor, completion),
}
"""The commands by what people want of them."""


class Sections(Commands):
    """A group that lists its commands by what people want of them."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        limit = formatter.width - 6 - max(map(len, self.commands))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(each.name or "", each.get_short_help_str(limit)) for each in commands]
                )


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="graph-metanetworks")
def gmn() -> None:
    """Graph metanetworks: networks that read other networks' weights."""


for commands in SECTIONS.values():
    for command in commands:
        gmn.add_command(with_import(command))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `gmn`, and return if it succeeds.

    What else can happen, and with which exit code, says `pipelines.commands.exits`; only a defect
    shows a traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file's name need not be text, nor a terminal show every letter.
            stream.reconfigure(errors="backslashreplace")
    try:
        gmn.main(arguments, prog_name="gmn")
    except SystemExit as stop:
        if stop.code:
            raise


if __name__ == "__main__":
    main()
