from identification.test_recording import SPEC

from lionsearch.catalog import load_program
from lionsearch.identification.identity import identify
from lionsearch.identification.neighbours import find_neighbours


def test_a_known_program_is_nearest_to_itself_with_its_own_constants():
    program = load_program("lion").with_hyperparameters({"b1": 0.42})
    found = find_neighbours(program, identify(program), SPEC, 2)
    assert [found[0].name, len(found)] == ["lion", 2]
    assert dict(found[0].hyperparameters)["b1"] == 0.42
    assert found[0].similarity > 0.9999
