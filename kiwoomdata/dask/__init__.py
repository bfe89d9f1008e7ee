"""A lake on Dask: read as a Dask DataFrame, and filled by the workers of a cluster.

``pip install 'kiwoomdata[dask]'``. All workers see the lake's folder, as does who asks. What goes
to them is names: of tables, symbols and keys. The keys themselves each finds in its environment or keyring.
"""

from __future__ import annotations

try:
    from kiwoomdata.dask.filling import fetch
    from kiwoomdata.dask.reading import read
except ImportError as error:
    raise ImportError(f"kiwoomdata.dask needs {error.name}: pip install 'kiwoomdata[dask]'") from error

__all__ = ["fetch", "read"]
