import nir
import numpy as np

from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import graph_values
from neuromorphic.graphs.silence import remarks


def said(graph, x, dt):
    parsed = parse_graph(graph)
    return remarks(parsed, graph_values(parsed, x, dt), dt)


def test_silence_and_steps_that_do_not_suit_are_said(chain, lif):
    x = np.ones((5, 2))
    assert said(chain(lif(v_threshold=0.05)), x, 1e-4) == []
    assert said(chain(lif()), x, 1e-4) == ["node 'lif': none of its 2 units fires in 5 steps"]
    (far,) = said(chain(lif(tau=1, v_threshold=1e-9)), x, 1e-4)
    assert "every time constant 10000 steps or more; where they are in steps, --dt 1" in far


def test_an_integrator_at_a_short_step_is_told_of_its_r(chain):
    graph = chain(nir.IF(np.ones(2), np.ones(2), np.zeros(2)))
    first, second = said(graph, np.ones((5, 2)), 1e-4)
    assert first.startswith("node 'if': none")
    assert second.endswith("where r is for a step, --dt 1")
    assert said(graph, 2 * np.ones((5, 2)), 1.0) == []
