"""Import and export of whole directories of customers.

::

    source = open_source("people.csv", columns={"E-mail": "email_address"})
    print(plan(source))                                                   # sends nothing
    report = import_customers(source, api, journal="people.csv.journal")  # or dicts or models in place of the source
    write_errors(source, "people.csv.journal", "errors.csv")
    export_customers(api, "everyone.jsonl")

What an import promises
-----------------------
Each row creates one customer or is refused with a reason, no matter how often the import is stopped, killed and run
again. Nothing is sent until every row has been read and checked against the rules that the emulator applies to
requests. Memory use does not grow with the input.

How that works
--------------
The *journal*, a SQLite file, first stores all rows as they will be sent. After that it keeps a state for each row:

- `pending`: never sent.
- `sent`: it may have been sent. This state is on disk before the first byte leaves. Rows are taken ahead of the calls,
  and one commit covers all rows taken and settled in the meantime, so no call waits for the disk.
- `done`: created, updated or skipped, with the customer's id.
- `refused`: by the rules, the server, or `on_match="fail"`, with code, field and detail.
- `unknown`: it was tried ten times, or for as long as its key is trusted, and no answer showed what became of it.

Every try of a row carries the same *idempotency key*: a hash of the row's number and the import's random name, which
the journal stores. A row whose state is `sent` or `unknown` is therefore sent again in the next run, and if an earlier
try created its customer, Square answers with that customer. Square does not publish how long it remembers a key. After
`key_trust` seconds, or if the clock was changed, the key is not trusted. The next run then first lists the customers
created since the row was sent, and marks the row as done if its customer is among them. A customer is the row's if it
has the same value in every field and no other row created it.

A journal belongs to one input, read with the same options, and to one host. It is locked while an import uses it.

A *pace* (`AdaptivePace`) decides when requests leave: see `squareconnect.bulk.pace`. The SDK's own retries are off, so
that the pace sees every 429. A *sender* function decides which calls are made: `one_by_one` by default.

`squareconnect.bulk.engine` describes the threads that share the work of sending.
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
