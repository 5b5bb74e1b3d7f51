"""Program text <-> `Program`. No JAX.

`parse` and `format_program` are inverse to each other; `OPERATIONS` is the table of everything a statement can do.
"""

from lionsearch.lang.operations import OPERATIONS as OPERATIONS
from lionsearch.lang.operations import PAPER_OPERATIONS as PAPER_OPERATIONS
from lionsearch.lang.operations import Kind as Kind
from lionsearch.lang.operations import Operation as Operation
from lionsearch.lang.operations import Space as Space
from lionsearch.lang.parsing import ParsedProgram as ParsedProgram
from lionsearch.lang.parsing import parse as parse
from lionsearch.lang.parsing import parse_with_locations as parse_with_locations
from lionsearch.lang.printing import format_program as format_program
from lionsearch.lang.printing import format_statement as format_statement
from lionsearch.lang.program import OPTIONAL_INPUTS as OPTIONAL_INPUTS
from lionsearch.lang.program import REQUIRED_INPUTS as REQUIRED_INPUTS
from lionsearch.lang.program import Argument as Argument
from lionsearch.lang.program import Program as Program
from lionsearch.lang.program import Statement as Statement
