"""The JSON of records: one schema for each dataclass, with moments as RFC 3339."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model

T = TypeVar("T")


def _moment(at: object) -> object:
    """Epoch milliseconds, which pydantic would take for seconds where they are few."""
    return datetime.fromtimestamp(at / 1000, UTC) if isinstance(at, int) else at


Moment: TypeAlias = Annotated[datetime, BeforeValidator(_moment)]


class Shape(BaseModel):
    """What all schemas have in common."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Page(Shape, Generic[T]):
    """A part of a list. `next` is the cursor of the part behind it; null at the end."""

    items: Sequence[T]
    next: str | None


@cache
def shape(record: type) -> type[Shape]:
    """The schema of a dataclass: the same fields, integers of fields that are or end in "at" as moments."""
    hints = get_type_hints(record)
    given: dict[str, Any] = {f.name: (_typed(f.name, hints[f.name]), ...) for f in fields(record)}
    return create_model(record.__name__.removesuffix("Record"), __base__=Shape, __doc__=record.__doc__, **given)


def page_of(record: type) -> Any:  # Any: FastAPI's own word for a response's type
    """The schema of a part of a list of these."""
    return Page[shape(record)]  # type: ignore[misc]  # made at run time


def list_of(record: type) -> Any:  # Any: the same
    """The schema of all of them."""
    return Sequence[shape(record)]  # type: ignore[misc]  # made at run time


def _typed(name: str, hint: Any) -> Any:  # Any: whatever stands in an annotation
    if is_dataclass(hint) and isinstance(hint, type):
        return shape(hint)
    origin, inside = get_origin(hint), tuple(_typed(name, each) for each in get_args(hint))
    if origin in (Union, UnionType):
        return Union[inside]  # noqa: UP007 — made at run time
    if origin is not None and inside:
        return origin[inside]
    if hint is int and (name == "at" or name.endswith("_at")):
        return Moment
    return None if hint is NoneType else hint
