"""A fuzzer of answers, guided by coverage: any bytes give a model or an ApiException, never another exception.

It checks a rule of ``test_any_answers`` until it is stopped, and is not part of the test suite. In addition to what the
tests need, it needs atheris, which has wheels only for some versions of Python::

    pip install atheris -r test-requirements.txt
    python -m test.fuzz_answers -max_total_time=60

When the rule is broken, it ends with an error, and writes the bytes to a file ``crash-...``. The options are those of
libFuzzer. A folder given as an argument keeps the inputs that were found, for the next run.
"""

from __future__ import annotations

import sys
from typing import Any

import atheris  # type: ignore[import-untyped]  # pyright: ignore[reportMissingImports]

with atheris.instrument_imports(include=["squareconnect", "json"]):  # pyright: ignore[reportAttributeAccessIssue]
    from test import test_any_answers

if __name__ == "__main__":
    rule: Any = test_any_answers.test_any_bytes_give_a_model_or_a_decode_error
    atheris.Setup(sys.argv, rule.hypothesis.fuzz_one_input)
    atheris.Fuzz()
