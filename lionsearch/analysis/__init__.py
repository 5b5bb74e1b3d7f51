"""What is known of a program without running it: kinds, liveness, fingerprint. No JAX."""

from lionsearch.analysis.fingerprint import fingerprint as fingerprint
from lionsearch.analysis.fingerprint import skeleton as skeleton
from lionsearch.analysis.kinds import KindError as KindError
from lionsearch.analysis.kinds import check_program as check_program
from lionsearch.analysis.kinds import infer_kinds as infer_kinds
from lionsearch.analysis.kinds import initial_kinds as initial_kinds
from lionsearch.analysis.liveness import Liveness as Liveness
from lionsearch.analysis.liveness import find_live as find_live
from lionsearch.analysis.liveness import remove_dead_code as remove_dead_code
from lionsearch.analysis.summary import Summary as Summary
from lionsearch.analysis.summary import summarize as summarize
