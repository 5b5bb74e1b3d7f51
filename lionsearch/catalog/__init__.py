"""Names -> files: programs, proxy tasks and experiments; settings read from them. No JAX."""

from lionsearch.catalog.shelves import EXPERIMENTS as EXPERIMENTS
from lionsearch.catalog.shelves import PROGRAMS as PROGRAMS
from lionsearch.catalog.shelves import TASKS as TASKS
from lionsearch.catalog.shelves import Shelf as Shelf
from lionsearch.catalog.shelves import load_program as load_program
from lionsearch.catalog.shelves import read_text as read_text
