"""Which known optimizer a program is, and which it is near."""

from lionsearch.identification.identity import Identity as Identity
from lionsearch.identification.identity import identify as identify
