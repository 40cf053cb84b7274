import copy
import pickle

from squareconnect import NULL


def test_a_process_has_one_null() -> None:
    assert copy.copy(NULL) is NULL
    assert copy.deepcopy([NULL])[0] is NULL
    assert pickle.loads(pickle.dumps(NULL)) is NULL


def test_null_is_false_and_not_none() -> None:
    assert not NULL
    assert NULL is not None


def test_the_repr_of_null_names_its_package() -> None:
    assert repr(NULL) == "squareconnect.NULL"
