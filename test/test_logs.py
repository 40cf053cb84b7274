from __future__ import annotations

import gc
import logging
import os
import runpy
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from squareconnect import ApiClient, Configuration, logs
from test.servers import Server, api_for

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGERS = [logging.getLogger("squareconnect"), logging.getLogger("urllib3")]
State = list[tuple[list[logging.Handler], int, bool]]


def state() -> State:
    loggers = [*LOGGERS, logging.getLogger()]
    return [(list(logger.handlers), logger.level, logger.propagate) for logger in loggers]


@pytest.fixture(autouse=True)
def _logging_is_restored() -> Iterator[None]:
    gc.collect()
    before = state()
    yield
    gc.collect()
    assert state() == before


def handlers() -> list[logging.Handler]:
    """Return the handlers that were added to both loggers. urllib3 has its own handler, which does nothing."""
    first, second = ([each for each in logger.handlers if type(each) is not logging.NullHandler] for logger in LOGGERS)
    assert first == second
    return first


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_logging_is_not_changed_until_a_setting_asks_for_it() -> None:
    before = state()
    configuration = Configuration()
    ApiClient(configuration)
    configuration.debug = False
    configuration.logger_file = None

    assert state() == before
    assert configuration.logger_stream_handler is None
    assert configuration.logger_file_handler is None


def test_debug_prints_at_level_debug_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with Server() as server:
        api = api_for(server, debug=True)
        api.retrieve_customer("C1")
        api.api_client.configuration.debug = False
        api.retrieve_customer("C1")

    assert capsys.readouterr().err.count("GET /v2/customers/C1: 200 in ") == 1


def test_debug_can_be_switched_on_and_off() -> None:
    configuration = Configuration(debug=True)

    assert handlers() == [configuration.logger_stream_handler]
    assert [logger.level for logger in LOGGERS] == [logging.DEBUG] * 2
    configuration.debug = True
    assert len(handlers()) == 1
    configuration.debug = False
    assert handlers() == []
    assert configuration.logger_stream_handler is None


def test_a_file_can_be_set_changed_and_removed(tmp_path: Path) -> None:
    configuration = Configuration(logger_file=str(tmp_path / "a.log"))
    assert handlers() == [configuration.logger_file_handler]
    LOGGERS[0].warning("one")
    configuration.logger_file = str(tmp_path / "b.log")
    assert handlers() == [configuration.logger_file_handler]
    LOGGERS[1].warning("two")
    configuration.logger_file = None
    assert handlers() == []
    assert configuration.logger_file_handler is None

    assert (tmp_path / "a.log").read_text().endswith(" WARNING one\n")
    assert (tmp_path / "b.log").read_text().endswith(" WARNING two\n")


def test_configurations_with_the_same_file_share_its_handler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    first = Configuration(debug=True, logger_file=str(tmp_path / "a.log"))
    second = Configuration(debug=True, logger_file="a.log")
    LOGGERS[0].debug("once")
    first.debug, first.logger_file = False, None
    LOGGERS[0].debug("again")

    assert Path("a.log").read_text().count("once") == 1
    assert Path("a.log").read_text().count("again") == 1
    assert capsys.readouterr().err.count("again") == 1
    assert len(handlers()) == 2
    second.debug, second.logger_file = False, None
    assert handlers() == []


def test_the_format_can_be_set_before_and_after_the_file(tmp_path: Path) -> None:
    configuration = Configuration()
    configuration.logger_format = "1 %(message)s"
    configuration.logger_file = str(tmp_path / "a.log")
    LOGGERS[0].warning("one")
    configuration.logger_format = "2 %(message)s"
    LOGGERS[0].warning("two")
    configuration.logger_file = None

    assert (tmp_path / "a.log").read_text() == "1 one\n2 two\n"
    assert configuration.logger_formatter.format(logging.makeLogRecord({"msg": "x"})) == "2 x"


def test_levels_are_restored_unless_someone_changed_them_meanwhile() -> None:
    LOGGERS[0].setLevel(logging.ERROR)
    configuration = Configuration(debug=True)
    LOGGERS[1].setLevel(logging.INFO)
    configuration.debug = False

    assert [logger.level for logger in LOGGERS] == [logging.ERROR, logging.INFO]
    for logger in LOGGERS:
        logger.setLevel(logging.NOTSET)


def test_other_handlers_stay() -> None:
    other = logging.NullHandler()
    LOGGERS[0].addHandler(other)
    Configuration(debug=True).debug = False

    assert other in LOGGERS[0].handlers
    LOGGERS[0].removeHandler(other)


def test_handlers_are_removed_with_their_configuration(tmp_path: Path) -> None:
    gc.collect()  # Objects that other tests left are not counted.
    before = descriptors()
    for number in range(50):
        Configuration(debug=True, logger_file=str(tmp_path / f"{number}.log"))
    gc.collect()

    assert handlers() == []
    assert descriptors() <= before
    assert logs._requests == {}


def test_a_file_that_cannot_be_opened_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="logger_file cannot be opened"):
        Configuration(logger_file=str(tmp_path / "none" / "a.log"))
    configuration = Configuration(logger_file=str(tmp_path / "a.log"))
    with pytest.raises(ValueError, match="logger_file cannot be opened"):
        configuration.logger_file = str(tmp_path)

    assert configuration.logger_file == str(tmp_path / "a.log")
    assert handlers() == [configuration.logger_file_handler]


def test_threads_that_switch_logging_at_the_same_time_leave_no_handler(tmp_path: Path) -> None:
    def switch(number: int) -> None:
        for _ in range(50):
            configuration = Configuration(debug=True, logger_file=str(tmp_path / f"{number % 2}.log"))
            configuration.debug = False
            configuration.logger_file = None

    threads = [threading.Thread(target=switch, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert handlers() == []


class Dropping(logging.Formatter):
    """Drops a Configuration while handlers are being arranged, as the garbage collector may."""

    dropped: list[Configuration] = []  # noqa: RUF012

    def __init__(self, line_format: str) -> None:
        self.dropped.clear()
        super().__init__(line_format)


def test_a_configuration_may_be_collected_while_another_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Dropping.dropped.append(Configuration(debug=True, logger_file=str(tmp_path / "a.log")))
    monkeypatch.setattr(logging, "Formatter", Dropping)
    staying = Configuration(logger_file=str(tmp_path / "b.log"))

    assert handlers() == [staying.logger_file_handler]
    assert LOGGERS[0].level == logging.NOTSET


def test_the_module_loads_on_systems_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "register_at_fork")

    assert "follow" in runpy.run_path(str(logs.__file__))


def test_the_last_configuration_of_a_file_may_be_collected_while_another_thread_logs(tmp_path: Path) -> None:
    """A thread that holds a lock of logging and drops it must not wait for our lock: that could be a deadlock."""
    configuration: Configuration | None = Configuration(logger_file=str(tmp_path / "log"))
    arranging, handler = threading.Event(), logging.getLogger("squareconnect").handlers[0]

    def arrange() -> None:
        with logs._lock:
            arranging.set()
            handler.acquire()  # Adding or removing a handler would wait for this lock.
            handler.release()

    handler.acquire()
    try:
        thread = threading.Thread(target=arrange)
        thread.start()
        arranging.wait(5)
        configuration = None
    finally:
        handler.release()
    thread.join(5)

    assert not thread.is_alive()
    assert configuration is None
    Configuration(debug=True).debug = False
    assert logging.getLogger("squareconnect").handlers == []
