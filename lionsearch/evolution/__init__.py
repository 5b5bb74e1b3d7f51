"""Which program next: mutation and the search algorithms. Pure ask and tell: no JAX, Ray, I/O or clock."""

from lionsearch.evolution.algorithms import RandomSearch as RandomSearch
from lionsearch.evolution.algorithms import make_search as make_search
from lionsearch.evolution.candidate import Candidate as Candidate
from lionsearch.evolution.candidate import Immigrant as Immigrant
from lionsearch.evolution.candidate import Search as Search
from lionsearch.evolution.evolution import Evolution as Evolution
from lionsearch.evolution.mutation import MUTATIONS as MUTATIONS
from lionsearch.evolution.mutation import mutate as mutate
from lionsearch.evolution.mutation import random_program as random_program
from lionsearch.evolution.settings import MutationRates as MutationRates
from lionsearch.evolution.settings import MutationSettings as MutationSettings
from lionsearch.evolution.settings import RacingSettings as RacingSettings
from lionsearch.evolution.settings import SearchSettings as SearchSettings
