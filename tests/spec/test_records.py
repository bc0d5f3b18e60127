"""Records are what `dataclasses.dataclass(frozen=True)` makes of the same class."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import spec.layers  # noqa: F401
from spec.layer import LAYERS
from spec.primitives import PRIMITIVES
from spec.records import record

KINDS = [*LAYERS.values(), *PRIMITIVES]


def made_by_dataclass(kind: type) -> Any:
    """Make the dataclass of a record's fields."""
    fields = [
        (f.name, f.type, dataclasses.field(default=f.default, kw_only=f.kw_only))
        for f in dataclasses.fields(kind)
    ]
    return dataclasses.make_dataclass(kind.__qualname__, fields, frozen=True)


def outcome(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_record_behaves_as_the_dataclass_of_its_fields(kind: Any) -> None:
    other = made_by_dataclass(kind)
    assert kind.__match_args__ == other.__match_args__
    names = [field.name for field in dataclasses.fields(kind)]
    needed = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING]
    values = {name: (i, "value") for i, name in enumerate(names)}
    only_needed = {name: values[name] for name in needed}
    attempts: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((), values),
        ((), only_needed),
        ((), {}),
        ((), {**values, "unknown": 1}),
        ((), {**only_needed, "unknown": 1}),
        ((1,), {}),
        ((1,), {name: values[name] for name in names[1:]}),
        (tuple(values.values()), {}),
        ((*values.values(), 1), {}),
        ((1,), values),
    ]
    for args, named in attempts:
        shown = [outcome(lambda c=c, a=args, n=named: repr(c(*a, **n))) for c in (kind, other)]
        assert shown[0] == shown[1], (args, named)
    one, same = kind(**values), kind(**values)
    assert (one == same, one != same, hash(one) == hash(same)) == (True, False, True)
    assert one != other(**values), "equal only within a class"
    assert hash(one) == hash(other(**values))
    assert dataclasses.replace(one) == one
    assert dataclasses.asdict(one) == dataclasses.asdict(other(**values))
    assert list(vars(one)) == names
    for name in names:
        changed = dataclasses.replace(one, **{name: "changed"})
        assert changed != one
        assert getattr(changed, name) == "changed"
    for change in (lambda: setattr(one, "new", 1), lambda: delattr(one, "new")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert copy.deepcopy(one) == one
    assert kind.__dataclass_params__.frozen
    assert "_values" in vars(kind) or kind.__module__ == __name__, "its methods are those of all"


def test_records_pass_through_pickle() -> None:
    one = LAYERS["linear"](out_features=3)
    assert pickle.loads(pickle.dumps(one)) == one


def test_a_record_has_the_fields_of_those_above_it() -> None:
    @record(frozen=True)
    class Above:
        a: int
        b: int = 2

    @record(frozen=True)
    class Below(Above):
        c: int = 3

    assert Below(1) == Below(a=1, b=2, c=3)
    assert Below(1) != Above(1)
    assert repr(Below(1)).endswith("Below(a=1, b=2, c=3)")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Below(1).a = 2  # type: ignore[misc]


def test_methods_and_fields_of_one_s_own_count_as_in_a_dataclass() -> None:
    class Own:
        x: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    class Checked:
        x: int
        y: int = dataclasses.field(init=False, default=4)
        z: list[int] = dataclasses.field(default_factory=list)
        hidden: int = dataclasses.field(default=0, repr=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "y", self.x + 1)

    class Named:
        self: int = 1

    assert repr(record(frozen=True)(Own)(1)) == "own"
    assert record(frozen=True)(Named)(**{"self": 2}).self == 2
    assert record(frozen=True)(Checked)(1).y == 2
    assert hash(Own(1)) == 7  # type: ignore[call-arg]
    assert Own(1) == Own(2)  # type: ignore[call-arg]
    assert Checked(1).z is not Checked(1).z  # type: ignore[call-arg]

    @record(frozen=True)
    class Below(Checked):
        a: int = 5

    assert Below(1, hidden=1) == Below(1, hidden=2)  # type: ignore[call-arg]
    assert repr(Below(1)).endswith("Below(x=1, y=2, z=[], a=5)")  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_record_has_the_signature_of_its_fields(kind: Any) -> None:
    mine, other = inspect.signature(kind), inspect.signature(made_by_dataclass(kind))
    shown = [[(p.name, p.kind, p.default) for p in s.parameters.values()] for s in (mine, other)]
    assert shown[0] == shown[1]


def test_the_comparison_sees_what_a_record_would_lack() -> None:
    @dataclasses.dataclass(unsafe_hash=True)
    class Open:
        a: int = 1

    with pytest.raises(pytest.fail.Exception, match="FrozenInstanceError"):
        test_a_record_behaves_as_the_dataclass_of_its_fields(Open)
