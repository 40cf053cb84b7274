import copy
import pickle

from squareconnect import NULL


def test_there_is_one_null_in_a_process() -> None:
    assert copy.copy(NULL) is NULL
    assert copy.deepcopy([NULL])[0] is NULL
    assert pickle.loads(pickle.dumps(NULL)) is NULL


def test_null_is_false_and_not_none() -> None:
    assert not NULL
    assert NULL is not None


def test_null_says_where_it_comes_from() -> None:
    assert repr(NULL) == "squareconnect.NULL"
