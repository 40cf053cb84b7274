"""Import and export of whole directories of customers.

::

    source = open_source("people.csv", columns={"E-mail": "email_address"})
    print(plan(source))                                                   # sends nothing
    report = import_customers(source, api, journal="people.csv.journal")  # or dicts or models in place of the source
    write_errors(source, "people.csv.journal", "errors.csv")
    export_customers(api, "everyone.jsonl")

What an import promises
-----------------------
Each row makes one customer, or is refused with a reason, however often the import is stopped, killed and run again.
Nothing is sent before every row has been read and judged by the rules that the emulator judges requests by. Memory does
not grow with the input.

How that works
--------------
The *journal*, a SQLite file, first takes in all rows as they will be sent. From then on it has a state for each row:

- `pending`: never sent.
- `sent`: it may have been sent. This is on the disk before the first byte leaves. One commit serves all rows that are
  taken and settled in the meantime, and rows are taken ahead of the calls, so that no call waits for the disk.
- `done`: made, updated or skipped, with the customer's id.
- `refused`: by the rules, the server, or `on_match="fail"`, with code, field and detail.
- `unknown`: it was tried ten times, or for as long as its key is relied on, and no answer said what became of it.

Every try of a row carries the same *idempotency key*, a hash of the import's random name, which stands in the journal,
and the row's number. So a row whose state is `sent` or `unknown` is sent again in the next run, and Square answers with
the customer whom the first try made, if it made one. Square does not publish how long it remembers a key. After
`key_trust` seconds, or if the clock was set, the key is not relied on: the next run lists the customers made since then
first, and a row whose customer is among them is done. It is a row's customer if it says the same in every field and no
other row has made it.

A journal belongs to one input, read with the same options, and to one host. It is locked while an import works with it.

What leaves when is decided by a *pace* (`AdaptivePace`): see `squareconnect.bulk.pace`. The SDK's own retries are off,
so that the pace learns of every 429. What calls are made is decided by a *sender*, one function: `one_by_one`.

`squareconnect.bulk.engine` tells who does what while rows are sent.
"""

from squareconnect.bulk.errors import BulkError as BulkError
from squareconnect.bulk.errors import InputError as InputError
from squareconnect.bulk.errors import JournalError as JournalError
from squareconnect.bulk.errors import JournalInUse as JournalInUse
from squareconnect.bulk.errors import Stopped as Stopped
from squareconnect.bulk.exporting import export_customers as export_customers
from squareconnect.bulk.importing import import_customers as import_customers
from squareconnect.bulk.journal import Result as Result
from squareconnect.bulk.journal import Row as Row
from squareconnect.bulk.pace import AdaptivePace as AdaptivePace
from squareconnect.bulk.pace import Pace as Pace
from squareconnect.bulk.planning import Plan as Plan
from squareconnect.bulk.planning import RefusedRows as RefusedRows
from squareconnect.bulk.planning import check_errors_file as check_errors_file
from squareconnect.bulk.planning import journal_errors as journal_errors
from squareconnect.bulk.planning import journal_report as journal_report
from squareconnect.bulk.planning import journal_results as journal_results
from squareconnect.bulk.planning import plan as plan
from squareconnect.bulk.planning import write_errors as write_errors
from squareconnect.bulk.reports import ExportReport as ExportReport
from squareconnect.bulk.reports import ImportReport as ImportReport
from squareconnect.bulk.reports import Progress as Progress
from squareconnect.bulk.reports import Refusal as Refusal
from squareconnect.bulk.reports import RowError as RowError
from squareconnect.bulk.sending import one_by_one as one_by_one
from squareconnect.bulk.sending import one_by_one_async as one_by_one_async
from squareconnect.bulk.source import FileSource as FileSource
from squareconnect.bulk.source import open_source as open_source
