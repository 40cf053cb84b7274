"""The accounts of a run: their configurations, and how these reach the workers."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from distributed import WorkerPlugin, get_worker

from squareconnect.api_client import ApiClient
from squareconnect.apis import CustomersApi
from squareconnect.bulk.errors import InputError, Stopped
from squareconnect.configuration import Configuration

if TYPE_CHECKING:
    from distributed import Worker

Configurations: TypeAlias = Configuration | Mapping[Any, Configuration]


class Accounts:
    """The configurations of a run, and the hashes by which tasks refer to them.

    :param configuration: one, or a mapping from the names of accounts to one each.
    :raises InputError: if there is none, or if two names are written alike.
    """

    def __init__(self, configuration: Configurations) -> None:
        self.named = isinstance(configuration, Mapping)
        by_name = configuration if isinstance(configuration, Mapping) else {"": configuration}
        if not by_name:
            raise InputError("configuration must name at least one account: it is an empty mapping")
        for name, one in by_name.items():
            if not isinstance(one, Configuration):
                raise TypeError(f"configuration must be a Configuration for {name!r}, not {type(one).__name__}")
        self.run = uuid.uuid4().hex
        self.keys = {str(name): digest(f"{one.host} {one.access_token}") for name, one in by_name.items()}
        """The hash of each account's configuration, by the account's name, which is empty without a column."""
        if len(self.keys) < len(by_name):
            raise InputError("configuration has two accounts whose names are written alike: rename one")
        self.by_key = {self.keys[str(name)]: one for name, one in by_name.items()}


def digest(text: str) -> str:
    """Return 12 characters that identify a text without revealing it."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Memory(WorkerPlugin):
    """Brings configurations into the memory of every worker, including workers that start later.

    It also stops Dask's profiler while it is registered. The profiler asks CPython for the frames of all threads, and
    if a garbage collection then finalizes a connection, the process can freeze (gh-106883).

    :param run: the run's name.
    :param by_key: the configurations by their hashes.
    """

    def __init__(self, run: str, by_key: dict[str, Configuration]) -> None:
        self.name = _name_of(run)
        self.by_key = by_key

    def setup(self, worker: Worker) -> None:
        """Stop the profiler. It also prevents a new worker from starting it later."""
        self._profiler = worker.periodic_callbacks.pop("profile", None)
        if self._profiler is not None:
            self._profiler.stop()

    def teardown(self, worker: Worker) -> None:
        """Let the profiler continue."""
        if self._profiler is not None:
            worker.periodic_callbacks["profile"] = self._profiler
            self._profiler.start()


def _name_of(run: str) -> str:
    return f"squareconnect-{run}"


def api_of(run: str, key: str) -> CustomersApi:
    """Return the API of an account, in a task.

    :param run: the run's name.
    :param key: the hash of the account's configuration.
    :raises Stopped: if this worker does not have the accounts.
    """
    memory = cast("Memory | None", get_worker().plugins.get(_name_of(run)))
    if memory is None:
        raise Stopped("The workers have lost the accounts, because the scheduler was restarted: run the same again")
    return CustomersApi(ApiClient(memory.by_key[key]))
