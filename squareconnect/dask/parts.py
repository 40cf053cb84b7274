"""The parts of an input on the client's side: partitions, or the files that paths and globs name."""

from __future__ import annotations

import os
from itertools import count
from typing import Any

import fsspec

from squareconnect.bulk.errors import InputError
from squareconnect.dask.accounts import digest
from squareconnect.dask.folders import file_name
from squareconnect.dask.orders import Part


def parts_of(source: Any) -> list[Part]:
    """Return the parts of an input, in order.

    :param source: a Dask DataFrame, a Dask Bag of dicts, or one or more paths and globs.
    :raises InputError: if there is none.
    """
    if hasattr(source, "to_delayed"):
        names = (f"part-{number:05}" for number in count())
        return [Part(name, name, rows) for name, rows in zip(names, source.to_delayed(), strict=False)]
    given = [source] if isinstance(source, (str, os.PathLike)) else source
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, (str, os.PathLike)) for one in given):
        raise InputError(
            f"source must be a Dask DataFrame, a Dask Bag, or paths and globs, not {type(source).__name__}"
        )
    urls = dict.fromkeys(url for one in given for url in _urls(os.fspath(one)))
    if not urls:
        raise InputError("source must name at least one file: the list is empty")
    return [_file(url) for url in urls]


def _file(url: str) -> Part:
    title = url.rpartition("/")[2]
    return Part(f"{file_name(title)}{digest(url)}", title, url)


def _urls(pattern: str) -> list[str]:
    system, path = fsspec.core.url_to_fs(pattern)
    found = sorted(system.glob(path)) if set(path) & set("*?[") else [path]
    if not found:
        raise InputError(f"source: {pattern} matches no file")
    return [system.unstrip_protocol(one) for one in found]
