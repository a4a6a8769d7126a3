"""A mapping file as TOML, before anybody asks what it says."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.errors import MappingInvalid


def tables_of(text: str, file_name: str) -> Mapping[str, Any]:
    """Return the tables of a mapping's text, to be read only: whoever reads it again shares them.

    Raises:
        MappingInvalid: It is no TOML.
    """
    try:
        return _read(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingInvalid(f"{file_name}: {error}.", "Correct the TOML at that place.") from error


@lru_cache(maxsize=8)
def _read(text: str) -> Mapping[str, Any]:
    """An edit reads the text it begins with, and the next edit the one it left."""
    return tomllib.loads(text)
