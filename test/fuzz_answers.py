"""A fuzzer of answers, guided by coverage: any bytes are a model or an ApiException, never another exception.

It plays a rule of ``test_any_answers`` for as long as it is let, and is no part of the test suite. It needs atheris,
which has wheels for some versions of Python only, beside what the tests need::

    pip install atheris -r test-requirements.txt
    python -m test.fuzz_answers -max_total_time=60

It ends with an error, and writes its bytes to a file ``crash-...``, when the rule is broken. Options are those of
libFuzzer; a folder given as an argument keeps what was found, for the next time.
"""

from __future__ import annotations

import sys
from typing import Any

import atheris  # type: ignore[import-untyped]  # pyright: ignore[reportMissingImports]

with atheris.instrument_imports(include=["squareconnect", "json"]):  # pyright: ignore[reportAttributeAccessIssue]
    from test import test_any_answers

if __name__ == "__main__":
    rule: Any = test_any_answers.test_any_bytes_are_a_model_or_a_decode_error
    atheris.Setup(sys.argv, rule.hypothesis.fuzz_one_input)
    atheris.Fuzz()
