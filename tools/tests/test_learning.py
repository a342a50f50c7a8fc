"""How examples are counted for learning; the packages that learn are stood in for."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from safety.contract.leaning import BASE
from tools import learn_leaning, learn_stops


@pytest.fixture(autouse=True)
def scipy(monkeypatch):
    """A matrix is what it would have been built from."""
    sparse = SimpleNamespace(csr_matrix=lambda built, shape: (*built, shape))
    monkeypatch.setitem(sys.modules, "scipy", SimpleNamespace(sparse=sparse))
    monkeypatch.setitem(sys.modules, "scipy.sparse", sparse)


def test_each_feature_counts_by_the_root_of_how_many_stand_beside_it():
    places, matrix = learn_stops.counted([{"b", "a"}, {"b", "a", "once", "only"}, set(), {"b"}])
    assert places == {"a": 0, "b": 1}
    half = pytest.approx(0.5**0.5)
    assert matrix == ([half, half, 0.5, 0.5, 1.0], [0, 1, 0, 1, 1], [0, 2, 4, 4, 5], (4, 2))


def test_whole_texts_are_learnt_by_one_thread_from_what_is_counted(monkeypatch):
    """Of more threads the last digits of the sums differ, and with them the weights."""
    threads = []

    @contextmanager
    def threadpool_limits(most):
        threads.append(most)
        yield
        threads.pop()

    class Model:
        def __init__(self, **_):
            self.coef_, self.intercept_ = [[0.8, -0.79, -2.004]], [0.5]

        def fit(self, matrix, leans):
            assert threads == [1] and leans == [True, False]
            assert matrix[-1] == (2, 3)  # "you", "owe" and "you owe" stand in both

    linear = SimpleNamespace(LogisticRegression=Model)
    monkeypatch.setitem(sys.modules, "sklearn", SimpleNamespace(linear_model=linear))
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", linear)
    stand_in = SimpleNamespace(threadpool_limits=threadpool_limits)
    monkeypatch.setitem(sys.modules, "threadpoolctl", stand_in)
    learnt = learn_leaning.learn([("you owe me", True), ("you owe him", False)])
    assert learnt == {BASE: 50, "owe": 80, "you owe": -200}
