"""Import and export on a cluster, with Dask.

::

    from distributed import Client
    from squareconnect.dask import import_customers

    client = Client("tls://scheduler:8786")
    import_customers("s3://lake/people/*.parquet", configuration, journal="/shared/people", rate=10)

The rules are those of `squareconnect.bulk`: what a row must say, how it is sent, when it is tried again, what a journal
remembers. This package decides which worker does what:

* The input is a number of *parts*: files, or partitions of a DataFrame or Bag. First, all parts are read, and each has
  its *journal* in a directory that all workers share. Nothing is sent before every row has been judged. (`parts`,
  `reading`)
* Then workers send what the journals have left, in *stints* of bounded length. A stint that runs again, because its
  worker was killed or Dask lost its result, goes on where the journal stands: the journal, not the task, has the keys.
  (`sending`, `stints`)
* The *crew* is the client's side: it keeps the workers busy with such tasks, and counts what came of them. (`crew`,
  `importing`, `exporting`)
* When a worker dies, the rows that it was sending are suspects. A row that was a suspect three times is sent alone, and
  if the worker dies again, that row is set aside: its state is `unknown`, and the next run tries it again. (`watch`)
* A *till* beside the scheduler hands out all requests of an account as grants, and learns of each 429. What a worker
  does not use it gives back; what it takes to its grave is at most a few hundredths of a second's. (`till`, `pace`)
* Configurations reach the workers in the memory of a plugin. Tasks, their keys and their results hold a hash.
  (`accounts`)
"""

try:
    import distributed as distributed
except ImportError as error:
    raise ImportError("squareconnect.dask needs Dask: install it with pip install 'squareconnect[dask]'") from error

from squareconnect.dask.exporting import export_customers as export_customers
from squareconnect.dask.importing import import_customers as import_customers

__all__ = ["export_customers", "import_customers"]
