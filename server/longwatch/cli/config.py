"""`longwatch config`: which settings a server would have, and where each comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from longwatch.cli.connection import data_dir_option
from longwatch.cli.exits import Exit, Failure


@click.command
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def config(data_dir: Path | None, as_json: bool) -> int:
    """Show the settings of the server over a data folder, and where each comes from.

    Arguments come before the environment, that before config.toml, and that before the defaults.
    Secrets are shown as ***. What is printed can stand in config.toml.
    """
    from longwatch.effective import effective, lines
    from longwatch.paths import default_data_dir
    from longwatch.settings import SettingsError

    origin = "default"
    if data_dir is not None:
        origin = "argument: --data-dir"
    elif os.environ.get("LONGWATCH_DATA_DIR"):
        origin = "environment: LONGWATCH_DATA_DIR"
    folder = (data_dir if data_dir is not None else default_data_dir()).expanduser().absolute()
    try:
        found = effective(folder, origin)
    except SettingsError as error:
        raise Failure(str(error), Exit.USAGE) from error
    if as_json:
        for one in found:
            told = {"name": one.name, "value": one.value, "origin": one.origin}
            click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for line in lines(found):
            click.echo(line)
    return Exit.SUCCEEDED
