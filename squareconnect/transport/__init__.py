"""Send a request and get its answer: the rules of a call, and the two drivers that carry them out.

The rules do no I/O. The driver does all I/O and makes no decisions::

    exchange(rules, clock)          a generator: the rules               exchange.py
        yields Try(until)    ->     the driver sends the request once    threads.py, aio.py
        <- an answer, or Broken     the result of the try                answer.py
        yields Pause(seconds) ->    the driver waits
        returns the answer, or raises an ApiException

The bytes of the request and its route are decided before the first try (outgoing.py).

What the transport promises:

* **Each answer belongs to its request.** A connection is not reused if it holds a byte that belongs to no answer,
  whether in the kernel, in TLS, in TLS within a proxy's TLS, or in a buffer.
* **Nothing is done twice.** A request that may have reached the server is sent again only if that is harmless.
  ``outcome_unknown`` is False only if the request was certainly not carried out: no byte of it was sent, or the
  server refused it.
* **A call ends.** Its deadline covers the wait for a worker and for a connection, name lookup, connecting, proxies,
  TLS, every byte, and every pause.
* **The client survives interrupts.** A signal handler may raise an exception at any moment of a call. The client
  still works afterwards.
* **Nothing is bypassed.** Each try is one ``pool_manager.request`` on the classes that urllib3 has at that moment. A
  try of the asyncio driver uses the event loop's own methods.
"""

import urllib3

from squareconnect.transport.answer import Broken as Broken
from squareconnect.transport.answer import RESTResponse as RESTResponse
from squareconnect.transport.exchange import IDEMPOTENT_METHODS as IDEMPOTENT_METHODS
from squareconnect.transport.exchange import METHODS as METHODS
from squareconnect.transport.exchange import SAFE_METHODS as SAFE_METHODS
from squareconnect.transport.exchange import CallOptions as CallOptions
from squareconnect.transport.exchange import Clock as Clock
from squareconnect.transport.exchange import Pause as Pause
from squareconnect.transport.exchange import Request as Request
from squareconnect.transport.exchange import Rules as Rules
from squareconnect.transport.exchange import Try as Try
from squareconnect.transport.exchange import TryReport as TryReport
from squareconnect.transport.exchange import call_options as call_options
from squareconnect.transport.exchange import exchange as exchange

if hasattr(urllib3, "AsyncPoolManager"):
    raise ImportError(
        "urllib3-future is installed in place of urllib3 (niquests does that), and squareconnect does not run on "
        "it. To install both, run: pip uninstall -y urllib3-future urllib3; "
        "URLLIB3_NO_OVERRIDE=1 pip install --no-binary urllib3-future urllib3-future 'urllib3>=2.8,<3'"
    )
