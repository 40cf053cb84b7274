"""Import and export of whole directories of customers."""

from squareconnect.bulk.errors import BulkError as BulkError
from squareconnect.bulk.errors import InputError as InputError
from squareconnect.bulk.errors import JournalError as JournalError
from squareconnect.bulk.errors import JournalInUse as JournalInUse
from squareconnect.bulk.errors import Stopped as Stopped
from squareconnect.bulk.importing import import_customers as import_customers
from squareconnect.bulk.journal import Result as Result
from squareconnect.bulk.journal import Row as Row
from squareconnect.bulk.pace import AdaptivePace as AdaptivePace
from squareconnect.bulk.pace import Pace as Pace
from squareconnect.bulk.planning import Plan as Plan
from squareconnect.bulk.planning import RefusedRows as RefusedRows
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
