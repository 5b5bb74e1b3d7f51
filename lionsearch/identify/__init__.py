"""Which known optimizer a program is, and which it is near."""

from lionsearch.identify.identity import Identity as Identity
from lionsearch.identify.identity import identify as identify
