"""What has been seen: the run store. No JAX."""

from lionsearch.archive.rows import CandidateRow as CandidateRow
from lionsearch.archive.rows import ConditionRow as ConditionRow
from lionsearch.archive.rows import ScoredProgram as ScoredProgram
from lionsearch.archive.rows import SearchedRow as SearchedRow
from lionsearch.archive.store import RunStore as RunStore
