"""Import and export on a cluster, with Dask.

::

    from distributed import Client
    from squareconnect.dask import import_customers

    client = Client("tls://scheduler:8786")
    import_customers("s3://lake/people/*.parquet", configuration, journal="/shared/people", rate=10)

The rules are those of `squareconnect.bulk`: what a row must contain, how it is sent, when it is tried again, what a
journal records. This package decides which worker does what:

* The input consists of *parts*: files, or partitions of a DataFrame or Bag. First, workers read all parts, and each
  part gets a *journal* in a directory that all workers share. Nothing is sent until every row has been checked.
  (`parts`, `reading`)
* Then workers send the rows that remain in the journals, in *stints* of limited length. If a stint runs again, because
  its worker was killed or Dask lost its result, it continues from the journal: the journal, not the task, has the keys.
  (`sending`, `stints`)
* The *crew* is the client's side: it keeps the workers busy with such tasks, and counts their results. (`crew`,
  `importing`, `exporting`)
* When a worker dies, the rows that it was sending become suspects. A row that was a suspect three times is sent alone.
  If the worker dies again, the row is set aside: its state is `unknown`, and the next run tries it again. (`watch`)
* A *till* on the scheduler hands out all requests of an account as grants, and records each 429. A worker returns what
  it does not use. If it dies, at most a few hundredths of a second's worth of requests are lost. (`till`, `pace`)
* Configurations reach the workers in the memory of a plugin. Tasks, their keys and their results contain only a hash.
  (`accounts`)
"""

try:
    import distributed as distributed
except ImportError as error:
    raise ImportError("squareconnect.dask needs Dask: install it with pip install 'squareconnect[dask]'") from error

from squareconnect.dask.exporting import export_customers as export_customers
from squareconnect.dask.importing import import_customers as import_customers

__all__ = ["export_customers", "import_customers"]
