"""What is known of a program without running it: SSA graph, kinds, liveness, fingerprint. No JAX."""

from lionsearch.graph.fingerprint import fingerprint as fingerprint
from lionsearch.graph.fingerprint import skeleton as skeleton
from lionsearch.graph.kind_inference import KindError as KindError
from lionsearch.graph.kind_inference import check_program as check_program
from lionsearch.graph.kind_inference import infer_kinds as infer_kinds
from lionsearch.graph.kind_inference import initial_kinds as initial_kinds
from lionsearch.graph.kind_inference import node_kinds as node_kinds
from lionsearch.graph.liveness import Liveness as Liveness
from lionsearch.graph.liveness import find_live as find_live
from lionsearch.graph.liveness import remove_dead_code as remove_dead_code
from lionsearch.graph.scheduling import to_program as to_program
from lionsearch.graph.ssa import Graph as Graph
from lionsearch.graph.ssa import Node as Node
from lionsearch.graph.ssa import Reference as Reference
from lionsearch.graph.ssa import find_live_nodes as find_live_nodes
from lionsearch.graph.ssa import prune as prune
from lionsearch.graph.ssa import replace_node as replace_node
from lionsearch.graph.ssa import to_graph as to_graph
