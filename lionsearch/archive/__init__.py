"""What has been seen: the run store. No JAX."""

from lionsearch.archive.store import CandidateRow as CandidateRow
from lionsearch.archive.store import RunStore as RunStore
from lionsearch.archive.store import ScoredProgram as ScoredProgram
