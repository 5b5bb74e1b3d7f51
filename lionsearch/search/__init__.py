"""Which program next: mutation and the search algorithms. Pure ask and tell: no JAX, Ray, I/O or clock."""

from lionsearch.search.algorithms import RandomSearch as RandomSearch
from lionsearch.search.algorithms import make_search as make_search
from lionsearch.search.candidate import Candidate as Candidate
from lionsearch.search.candidate import Search as Search
from lionsearch.search.evolution import Evolution as Evolution
from lionsearch.search.mutation import MUTATIONS as MUTATIONS
from lionsearch.search.mutation import mutate as mutate
from lionsearch.search.mutation import random_program as random_program
from lionsearch.search.settings import MutationRates as MutationRates
from lionsearch.search.settings import MutationSettings as MutationSettings
from lionsearch.search.settings import RacingSettings as RacingSettings
from lionsearch.search.settings import SearchSettings as SearchSettings
