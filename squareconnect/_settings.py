"""Classes of settings, each setting declared once in one statement.

For example::

    class Configuration(Settings):
        deadline: float = setting(120.0, checks.seconds, AT_EACH_CALL, "Seconds that a call may take in all.")

The constructor and its signature, the checks, ``repr``, pickling and the page under ``docs/`` are derived from that.
"""

from __future__ import annotations

import copy
import pickle
import re
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from squareconnect._text import Secret, conceal, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable
    from inspect import Signature

    from typing_extensions import Self, dataclass_transform

    from squareconnect._checks import Check
else:

    def dataclass_transform(**_):
        return lambda cls: cls


Shown = Literal["always", "never", "if accepted"]
"""When a value may be printed, in ``repr`` and in an error message."""

R = TypeVar("R")
G = TypeVar("G")


class Given(Generic[R, G]):
    """For type checkers: an attribute that is read as one type and set as another."""

    if TYPE_CHECKING:

        def __get__(self, instance: object, owner: type) -> R: ...
        def __set__(self, instance: object, value: G) -> None: ...


class _Declared(NamedTuple):
    default: Any
    check: Check
    read: str
    description: str
    shown: Shown
    otherwise: Callable[[], Any] | None


class Setting(NamedTuple):
    """One setting of a class."""

    name: str
    type: str
    """The type of the values that it accepts, from its annotation."""
    stored: bool
    """Whether it is an attribute, and not only an argument of the constructor."""
    declared: _Declared


def setting(
    default: Any,
    check: Check,
    read: str,
    description: str,
    *,
    shown: Shown = "always",
    otherwise: Callable[[], Any] | None = None,
) -> Any:
    """Declare a setting.

    :param default: its value if no other is passed.
    :param check: checks a value; see :mod:`squareconnect._checks`.
    :param read: when it takes effect.
    :param description: what it means, with its unit and limits.
    :param shown: when its value may be printed.
    :param otherwise: for a setting that may be None: a function that returns its value if neither its object nor
        :meth:`Settings._shared_value` has one. It is called when the object is made.
    """
    return _Declared(default, check, read, description, shown, otherwise)


def _setting(name: str, annotation: str, declared: _Declared) -> Setting:
    type_name = re.sub(r"^(?:InitVar\[(.*)\]|Given\[[^,]*, (.*)\])$", lambda match: match[1] or match[2], annotation)
    return Setting(name, type_name, not annotation.startswith("InitVar["), declared)


class _LazySignature:
    """The constructor's signature, created when the class is inspected."""

    def __get__(self, instance: object, owner: type[Settings]) -> Signature:
        from inspect import Parameter, Signature

        return Signature(
            [
                Parameter(each.name, Parameter.KEYWORD_ONLY, default=each.declared.default, annotation=each.type)
                for each in owner.settings.values()
            ]
        )


class _SettingWithFallback:
    """Reads a setting that is None in its object."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Settings, owner: type[Settings]) -> Any:
        shared = owner._shared_value(self.name)
        if shared is not None:
            return shared
        try:
            return instance.__dict__["_otherwise"][self.name]
        except (KeyError, AttributeError):
            raise AttributeError(f"{owner.__name__} has no {self.name} yet") from None


@dataclass_transform(kw_only_default=True)
class Settings:
    """The base class of settings. Each setting can be passed by keyword, and set as an attribute later.

    :raises ValueError: for an invalid value, also in a later assignment. The message names the setting.
    :raises TypeError: for an unknown name. A later assignment to one raises ``AttributeError``.
    """

    settings: ClassVar[dict[str, Setting]] = {}
    """The settings by name, in the order of their declaration."""

    def __init_subclass__(cls) -> None:
        own = {
            name: _setting(name, cls.__annotations__[name], declared)
            for name, declared in vars(cls).items()
            if isinstance(declared, _Declared)
        }
        cls.settings = cls.settings | own
        for name, each in own.items():
            if each.declared.otherwise:
                setattr(cls, name, _SettingWithFallback(name))
            else:
                delattr(cls, name)

    if not TYPE_CHECKING:  # A checker that saw this constructor would accept any argument.
        __signature__ = _LazySignature()

        def __init__(self, **values: Any) -> None:
            values = {name: self._concealed(name, value) for name, value in values.items()}
            for name in values:
                if name not in self.settings:
                    message = f"{type(self).__name__}.__init__() got an unexpected keyword argument '{name}'"
                    raise TypeError(message + did_you_mean(name, self.settings))
            self._prepare(values)
            self.__dict__["_otherwise"] = {}
            for each in self.settings.values():
                self._set_first(each, values.get(each.name, each.declared.default))

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in self.settings or not self.settings[name].stored:
                known = [each.name for each in self.settings.values() if each.stored]
                raise AttributeError(f"{type(self).__name__} has no setting '{name}'" + did_you_mean(name, known))
            value = self._concealed(name, value)
            self.__dict__[name] = self._checked(name, value)

    def _prepare(self, values: dict[str, Any]) -> None:
        """Change constructor arguments that depend on others."""

    def _set_first(self, each: Setting, value: Any) -> None:
        if each.declared.otherwise and value is None:
            found = self._concealed(each.name, each.declared.otherwise())
            self.__dict__["_otherwise"][each.name] = self._checked(each.name, found)
        elif each.stored:
            setattr(self, each.name, copy.copy(value))
        else:
            self._checked(each.name, value)

    def _concealed(self, name: str, value: Any) -> Any:
        """Return a value in a form that is safe in tracebacks, which may print local variables."""
        shown = self.settings[name].declared.shown if name in self.settings else "never"
        return conceal(value) if shown == "never" or (shown == "if accepted" and isinstance(value, str)) else value

    def _checked(self, name: str, value: Any) -> Any:
        return self.settings[name].declared.check(name, value)

    @classmethod
    def _shared_value(cls, name: str) -> Any:
        """Return the value that applies to every object without its own, or None."""

    def __repr__(self) -> str:
        shown = [f"{name}={self._shown(name)}" for name in self.settings if hasattr(self, name)]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        return repr(Secret("***") if value and self.settings[name].declared.shown == "never" else value)

    def _state(self) -> dict[str, Any]:
        """Return the state for a copy. Settings that are None keep their current value, also in another process."""
        given = {name: value for name, value in self.__dict__.items() if name in self.settings}
        left_open = {name: getattr(self, name) for name in self.settings if name not in given and hasattr(self, name)}
        return {"_otherwise": left_open, **given}

    def _restored(self, state: dict[str, Any]) -> Self:
        twin = type(self).__new__(type(self))
        twin.__setstate__(state)
        return twin

    def __copy__(self) -> Self:
        return self._restored(self._state())

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._restored(copy.deepcopy(self._state(), memo))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self._state().items() if not callable(value) or _is_picklable(value)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__["_otherwise"] = state.get("_otherwise", {})
        for name, each in self.settings.items():
            if name in state or (each.stored and not each.declared.otherwise):
                setattr(self, name, state.get(name, each.declared.default))


def _is_picklable(value: Any) -> bool:
    try:
        pickle.dumps(value)
    except (pickle.PicklingError, TypeError, AttributeError):
        return False
    return True
