"""Programs from programs: transforms that wrap any program, and the expressions that name them. No JAX."""

from lionsearch.compose.expressions import check_parentheses as check_parentheses
from lionsearch.compose.expressions import compose as compose
from lionsearch.compose.expressions import is_expression as is_expression
from lionsearch.compose.transforms import TRANSFORMS as TRANSFORMS
from lionsearch.compose.transforms import Transform as Transform
from lionsearch.compose.weaving import weave as weave
