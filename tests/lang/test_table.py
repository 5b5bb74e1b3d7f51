from expectations import ELEMENTWISE, MATRIX_ROWS, OVER_TREE

from lionsearch.lang import OPERATIONS, PAPER_OPERATIONS
from lionsearch.lang.table import ALIASES, SYMBOLS

PAPER_NAMES = """
    get_pi get_e get_eps abs cos sin tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh exp exp2 exp10
    expm1 log log10 log2 log1p square sqrt cube cbrt sign reciprocal norm invert negative global_norm interp dot
    cosine_sim clip power add subtract multiply divide maximum minimum
""".split()  # noqa: SIM905 - a list of 45 lines reads worse


def test_paper_group_is_the_45_functions_of_the_paper():
    assert len(PAPER_NAMES) == 45
    assert sorted(PAPER_OPERATIONS) == sorted(PAPER_NAMES)
    assert [name for name, row in OPERATIONS.items() if row.group == "paper"] == [*PAPER_OPERATIONS]
    assert {row.group for row in OPERATIONS.values()} == {"paper", "extended", "matrix", "syntax"}
    assert [name for name, row in OPERATIONS.items() if row.group == "syntax"] == ["copy"]


def test_every_row_has_one_expectation_and_one_meaning():
    assert sorted([*ELEMENTWISE, *OVER_TREE, *MATRIX_ROWS]) == sorted(OPERATIONS)
    for name, row in OPERATIONS.items():
        assert (row.elementwise is not None) == (name in ELEMENTWISE)
        assert (row.over_tree is not None) == (name in OVER_TREE)
        assert (row.per_matrix is not None) == (row.signatures is not None) == (name in MATRIX_ROWS)
        assert (row.group == "matrix") == (name in MATRIX_ROWS)


def test_names_aliases_and_symbols_are_unique():
    names = [*OPERATIONS, *(alias for row in OPERATIONS.values() for alias in row.aliases)]
    assert len(names) == len(set(names))
    assert [row.symbol for row in OPERATIONS.values() if row.symbol] == [
        *("**", "+", "-", "*", "/"),
        *("<", "<=", ">", ">=", "==", "!=", "%"),
    ]
    assert all(name == row.name and name.isidentifier() and row.description for name, row in OPERATIONS.items())


def test_aliases_and_symbols_lead_to_their_rows():
    assert (ALIASES["max"], ALIASES["interpolate"], SYMBOLS["+"], SYMBOLS["%"]) == ("maximum", "interp", "add", "mod")
