"""Program text <-> `Program`. No JAX.

`parse` and `format_program` are inverse to each other; `OPERATIONS` is the table of everything a statement can do.
"""

from lionsearch.lang.facts import Scaling as Scaling
from lionsearch.lang.facts import Sign as Sign
from lionsearch.lang.inputs import GRADIENTS as GRADIENTS
from lionsearch.lang.inputs import INPUTS as INPUTS
from lionsearch.lang.inputs import OPTIONAL_INPUTS as OPTIONAL_INPUTS
from lionsearch.lang.inputs import REQUIRED_INPUTS as REQUIRED_INPUTS
from lionsearch.lang.kinds import JOIN as JOIN
from lionsearch.lang.kinds import MATRIX_KINDS as MATRIX_KINDS
from lionsearch.lang.kinds import Kind as Kind
from lionsearch.lang.kinds import matrix_shape as matrix_shape
from lionsearch.lang.kinds import shape_of as shape_of
from lionsearch.lang.operation import Operation as Operation
from lionsearch.lang.operation import Space as Space
from lionsearch.lang.parsing import ParsedProgram as ParsedProgram
from lionsearch.lang.parsing import parse as parse
from lionsearch.lang.parsing import parse_with_locations as parse_with_locations
from lionsearch.lang.printing import format_program as format_program
from lionsearch.lang.printing import format_statement as format_statement
from lionsearch.lang.program import Argument as Argument
from lionsearch.lang.program import Program as Program
from lionsearch.lang.program import Statement as Statement
from lionsearch.lang.table import ADD as ADD
from lionsearch.lang.table import COPY as COPY
from lionsearch.lang.table import DIVIDE as DIVIDE
from lionsearch.lang.table import INTERP as INTERP
from lionsearch.lang.table import MULTIPLY as MULTIPLY
from lionsearch.lang.table import OPERATIONS as OPERATIONS
from lionsearch.lang.table import PAPER_OPERATIONS as PAPER_OPERATIONS
from lionsearch.lang.table import POWER as POWER
from lionsearch.lang.table import SUBTRACT as SUBTRACT
