"""What ends a command early, as sentences for its user, and the exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from squareconnect.exceptions import (
    ApiException,
    ConnectionFailed,
    DecodeError,
    Forbidden,
    InvalidArgument,
    NotFound,
    PaymentMethodError,
    RateLimited,
    ServerError,
    Timeout,
    Unauthorized,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squareconnect.cli.target import Target
    from squareconnect.models import Error

DONE = 0
FAILED = 1
USAGE = 2
"""The command line cannot be used as it is; nothing was sent."""
ROWS_REFUSED = 3
NOT_AUTHORISED = 4
UNFINISHED = 75
"""Rows are left that the same command can finish (``EX_TEMPFAIL`` of sysexits.h)."""
INTERRUPTED = 130

TEMPORARY = (ConnectionFailed, Timeout, RateLimited, ServerError)
"""Failures that may not occur again when the command is run again."""


class Failure(Exception):  # noqa: N818 - it is not an error of the program
    """A failure that ends a command.

    :param sentence: what happened and what to do, for the user.
    :param exit_code: the code that the program ends with.
    """

    def __init__(self, sentence: str, exit_code: int = FAILED) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def misused(sentence: str) -> Failure:
    """Return the failure for a command line that cannot be used."""
    return Failure(sentence, USAGE)


def failure_of(error: ApiException, target: Target, repetition: str = "Run the same command again.") -> Failure:
    """Return what a failed call means to the user.

    :param error: the failed call.
    :param target: where it went.
    :param repetition: how to repeat the command safely after a call whose outcome is unknown.
    """
    if isinstance(error, InvalidArgument):
        return misused(f"{error}.")
    sentence = _sentence_of(error, target)
    if error.outcome_unknown:
        sentence += f" It is not known whether the change was made. {repetition}"
    return Failure(sentence, NOT_AUTHORISED if isinstance(error, (Unauthorized, Forbidden)) else FAILED)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what bulk work raises within the block into a `Failure`."""
    from squareconnect.bulk import BulkError, InputError, Stopped

    try:
        yield
    except BulkError as error:
        code = UNFINISHED if isinstance(error, Stopped) else USAGE if isinstance(error, InputError) else FAILED
        sentence = str(error)
        raise Failure(sentence if sentence.endswith((".", "?")) else f"{sentence}.", code) from None


def _sentence_of(error: ApiException, target: Target) -> str:
    where, told = target.title, "; ".join(_told(each) for each in error.errors[:5])
    because = f" ({told})" if told else ""
    answer = printable(" ".join(str(part) for part in (error.status, error.reason) if part))
    match error:
        case Unauthorized():
            return f"{where} did not accept the access token{because}: check {target.token_from} and the target."
        case Forbidden():
            return f"{where} does not let this access token do that{because}: use a token with that permission."
        case NotFound():
            return f"{where} does not have that customer or card{because}: check the id and the target."
        case PaymentMethodError():
            return f"{where} refused the card{because}: ask the buyer for another card and use its nonce."
        case RateLimited():
            return f"{where} asks for fewer requests{because}: wait a minute and run the command again."
        case ServerError():
            return f"{where} failed with {answer}{because}: run the command again later."
        case Timeout():
            return f"{where} did not answer in time ({answer}): run the command again later."
        case ConnectionFailed():
            return f"{where} cannot be reached ({answer}): check the network; 'squareconnect doctor' shows more."
        case DecodeError():
            return f"{where} answered with something that is not Square's ({answer}): check the target and the proxy."
        case _:
            return f"{where} refused the request ({told or answer}): change it as this says."


def _told(error: Error) -> str:
    code, field = printable(error.code or "no code"), error.field
    place = f" at --{printable(field.replace('_', '-'))}" if field else ""
    detail = printable(error.detail or "no detail given").rstrip(".")
    return f"{code}{place}: {detail}"


def exit_code_of(error: Exception) -> int:
    """Return the code that the program ends with after an error."""
    return error.exit_code if isinstance(error, Failure) else FAILED


def tell(error: Exception) -> None:
    """Print an error as one line on stderr."""
    say(f"squareconnect: {_words_of(error)}")


def _words_of(error: Exception) -> str:
    if isinstance(error, Failure):
        return str(error)
    if isinstance(error, OSError):
        place = f" {error.filename}" if error.filename else ""
        return f"cannot use{place or ' the output'}: {os.strerror(error.errno) if error.errno else error}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    fault = printable(f"{type(error).__name__}: {error}")
    return f"this is a bug in the program, please report it: {fault} ({frame.name}, line {frame.lineno})"


def say(text: str, end: str = "\n") -> None:
    """Print a text on stderr, if that is open: it must never mix with the data on stdout."""
    if sys.stderr is not None:
        try:
            print(text, file=sys.stderr, end=end, flush=True)
        except OSError:  # Nobody reads it.
            sys.stderr = None
