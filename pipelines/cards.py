"""Cards: a zoo on one page, whatever its networks are."""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.places import Source, folder_of


def card(
    zoo: Source,
    out: str | os.PathLike[str] | None = None,
    *,
    settings: str = "params.yaml",
    replace: bool = False,
) -> str:
    """Describe a zoo on one page, in Markdown; as `gmn card`.

        print(pipelines.card(zoo))

    With `out`, the page is written to that file, too; `GraphError` if it is there, unless
    `replace`. `settings` is the file that the page says to make the zoo by.
    """
    from pipelines.inrs import card as inrs
    from pipelines.published import card as published
    from pipelines.zoo import card as trained
    from pipelines.zoo.reading import open_zoo

    folder = folder_of(zoo, "zoo")
    index = open_zoo(folder)
    of_a_set = published.is_published(index)
    encoding = inrs.is_inr_zoo(index) and not of_a_set
    command = f"gmn {'inrs' if encoding else 'zoo'} {settings} --out {folder}"
    text = (published if of_a_set else inrs if encoding else trained).card(index, command)
    if out is not None:
        trained.write_page(folder, Path(out), text, replace)
    return text
