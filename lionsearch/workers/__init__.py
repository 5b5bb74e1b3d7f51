"""Where evaluations run: in this process, or on Ray actors."""

from lionsearch.workers.choice import Placement as Placement
from lionsearch.workers.choice import open_pool as open_pool
from lionsearch.workers.pool import LocalPool as LocalPool
from lionsearch.workers.pool import Pool as Pool
