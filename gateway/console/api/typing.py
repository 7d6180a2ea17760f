"""Types that several kinds of things have in common."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path
from pydantic import Field

Id = Annotated[str, Path(max_length=320, description="An id; where addresses lead to one, an address.")]
Name = Annotated[str, Field(max_length=200)]
Address = Annotated[str, Field(max_length=320, description="name@example.com")]
RequestKey = Annotated[
    str, Header(max_length=128, description="The same in a request that is sent again: it makes nothing twice.")
]
